/* SPDX-License-Identifier: ISC */
/*
 * Orders as models.
 */
#include "order_model.h"

#include "log.h"
#include "money.h"
#include "order.h"
#include "page_json.h"

enum rc
order_model_add(json_t *list, json_t *item)
{
	if (json_array_append_new(list, item) == 0)
		return RC_OK;
	log_err("cannot make a page: out of memory");
	return RC_FAIL;
}

/* How a status is shown: the class of its tag. */
static const char *const tones[] = {
	[ORDER_PENDING] = "off",
	[ORDER_IN_PROGRESS] = "",
	[ORDER_PROCESSING] = "",
	[ORDER_COMPLETED] = "good",
	[ORDER_PARTIAL] = "warn",
	[ORDER_CANCELED] = "bad",
};

/* The fields that order_place has kept as JSON, as a list. */
static json_t *
details(const char *text)
{
	json_t *list = json_array(), *object = NULL, *value;
	const char *name;

	if (text != NULL)
		object = json_loads(text, 0, NULL);
	json_object_foreach(object, name, value)
	{
		if (json_array_append_new(list, json_pack("{s:s, s:O}", "name",
						    name, "value", value)) !=
		    0) {
			json_decref(list);
			list = NULL;
			break;
		}
	}
	json_decref(object);
	return list;
}

/* How much of an order is there, in per cent; all of it only if it is. */
static int64_t
percent(const struct order_item *order)
{
	if (order->quantity <= 0)
		return 0;
	return (order->quantity - order->remains) * 100 / order->quantity;
}

json_t *
order_model(const struct order_item *order)
{
	char price[MONEY_TEXT_LEN], charge[MONEY_TEXT_LEN];
	int64_t price_nano = 0;
	int is_open = order->status < ORDER_COMPLETED;
	int is_done =
	    order->status == ORDER_COMPLETED || order->status == ORDER_PARTIAL;
	json_t *model;

	/* It fitted when the order was placed. */
	(void)money_charge(order->price_micro, order->quantity, &price_nano);
	model = json_pack("{s:I, s:I, s:s, s:s, s:s, s:s, s:s?, s:I, s:I, s:I,"
			  " s:I, s:I, s:s, s:s, s:o, s:o, s:o, s:b, s:b, s:b,"
			  " s:b, s:o}",
	    "id", (json_int_t)order->id, "service_id",
	    (json_int_t)order->service_id, "service", order->service,
	    "category", order->category, "status",
	    order_status_name(order->status), "tone", tones[order->status],
	    "link", order->link, "quantity", (json_int_t)order->quantity,
	    "remains", (json_int_t)order->remains, "delivered",
	    (json_int_t)(order->quantity - order->remains), "percent",
	    (json_int_t)percent(order), "start_count",
	    (json_int_t)order->start_count, "price",
	    money_format(price_nano, price), "charge",
	    money_format(order->charge_nano, charge), "created",
	    page_json_time(order->created_at), "updated",
	    page_json_time(order->updated_at), "cancel_requested",
	    page_json_time(order->cancel_requested_at), "is_open", is_open,
	    "may_cancel",
	    is_open && order->can_cancel && order->cancel_requested_at == 0,
	    "may_refill", is_done && order->can_refill, "on_sale",
	    order->on_sale, "details", details(order->details));
	if (model == NULL)
		log_err("cannot make a page: out of memory");
	return model;
}

enum rc
order_model_append(void *arg, const struct order_item *order)
{
	return order_model_add(arg, order_model(order));
}
