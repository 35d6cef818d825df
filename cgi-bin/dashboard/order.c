/* SPDX-License-Identifier: ISC */
/*
 * /dashboard/order: one order, what has happened to it, and what can be
 * done: cancel, refill, order again.
 */
#include "order.h"

#include <stdio.h>

#include "order_list.h"
#include "order_model.h"
#include "page.h"
#include "page_json.h"
#include "refill.h"

static enum rc
add_step(void *list, const struct order_step *step)
{
	return order_model_add(
	    list, json_pack("{s:o, s:s, s:s, s:b, s:s?}", "at",
		      page_json_time(step->moved_at), "from",
		      order_status_name(step->from), "to",
		      order_status_name(step->to), "by_you",
		      step->actor == ORDER_BY_CUSTOMER, "note", step->note));
}

static enum rc
add_refill(void *list, const struct order_refill *refill)
{
	return order_model_add(list,
	    json_pack("{s:I, s:s, s:o, s:o}", "id", (json_int_t)refill->id,
		"status", refill_status_name(refill->status), "created",
		page_json_time(refill->created_at), "updated",
		page_json_time(refill->updated_at)));
}

static enum rc
keep_order(void *arg, const struct order_item *order)
{
	json_t **model = arg;

	*model = order_model(order);
	return *model != NULL ? RC_OK : RC_FAIL;
}

/* Reads the order and its past, in one transaction. */
static enum rc
find(struct page_call *call, int64_t id, json_t **order, json_t *steps,
    json_t *refills)
{
	struct why why = { 0 };
	enum rc rc;

	rc = db_begin(call->db, DB_READ);
	if (rc != RC_OK)
		return rc;
	rc = order_list_show(
	    call->db, &call->caller, id, keep_order, order, &why);
	if (rc == RC_OK)
		rc = order_list_history(
		    call->db, &call->caller, id, add_step, steps);
	if (rc == RC_OK)
		rc = order_list_refills(
		    call->db, &call->caller, id, add_refill, refills);
	return db_end(call->db, rc);
}

/* The id of a form that was sent, or of the URL. */
static enum rc
read_id(const struct page_call *call, int64_t *id)
{
	return call->form != NULL ? page_field_id(call, "id", id)
				  : page_query_id(call, "id", id);
}

static enum rc
get(struct page_call *call)
{
	json_t *order = NULL, *steps = json_array(), *refills = json_array();
	int64_t id;
	enum rc rc;

	rc = read_id(call, &id);
	if (rc == RC_OK)
		rc = find(call, id, &order, steps, refills);
	if (rc == RC_OK)
		rc = page_set(call, "order", json_incref(order));
	if (rc == RC_OK)
		rc = page_set(call, "steps", json_incref(steps));
	if (rc == RC_OK)
		rc = page_set(call, "refills", json_incref(refills));
	if (rc == RC_OK)
		rc = page_set(call, "has_refills",
		    json_boolean(json_array_size(refills) > 0));
	json_decref(order);
	json_decref(steps);
	json_decref(refills);
	return rc;
}

/* Shows the order again, with a notice. */
static enum rc
done(struct page_call *call, int64_t id, const char *notice)
{
	char to[40];

	(void)snprintf(to, sizeof(to), "order?id=%lld", (long long)id);
	return page_done(call, to, notice);
}

/* What a form has come to; another account's order stays unknown. */
static enum rc
end(struct page_call *call, enum rc rc, const struct why *why)
{
	return rc == RC_NOT_FOUND ? rc : page_why(call, NULL, rc, why);
}

static enum rc
cancel(struct page_call *call)
{
	struct order order = { 0 };
	struct why why = { 0 };
	int64_t id;
	enum rc rc;

	rc = page_field_id(call, "id", &id);
	if (rc == RC_OK)
		rc = db_begin(call->db, DB_WRITE);
	if (rc != RC_OK)
		return rc;
	rc = order_cancel(call->db, &call->caller, id, call->now, &why);
	if (rc == RC_OK)
		rc = order_find(call->db, &call->caller, id, &order, &why);
	rc = db_end(call->db, rc);
	if (rc != RC_OK)
		return end(call, rc, &why);
	return done(call, id,
	    order.status == ORDER_CANCELED
		? "The order is canceled, and its price is back on your "
		  "balance."
		: "The operator is asked to cancel it.");
}

static enum rc
refill(struct page_call *call)
{
	struct why why = { 0 };
	int64_t id, refill_id;
	enum rc rc;

	rc = page_field_id(call, "id", &id);
	if (rc == RC_OK)
		rc = db_begin(call->db, DB_WRITE);
	if (rc != RC_OK)
		return rc;
	rc = refill_request(call->db, &call->caller, id,
	    call->config->refill_limit, call->now, &refill_id, &why);
	rc = db_end(call->db, rc);
	return rc == RC_OK ? done(call, id, "The refill is asked for.")
			   : end(call, rc, &why);
}

static const struct page_form forms[] = {
	{ .name = "cancel", .run = cancel },
	{ .name = "refill", .run = refill },
	{ .name = NULL },
};

const struct page page_order = {
	.name = "order",
	.title = "Order",
	.menu = "orders",
	.get = get,
	.forms = forms,
};
