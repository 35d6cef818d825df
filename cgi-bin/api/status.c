/* SPDX-License-Identifier: ISC */
/*
 * status: where one order stands, or up to 100.
 */
#include <stdio.h>
#include <string.h>

#include "actions.h"
#include "log.h"
#include "money.h"
#include "order.h"

/* The answer for one order. */
static json_t *
describe(const struct call *call, const struct order *order)
{
	char charge[MONEY_TEXT_LEN], start_count[24], remains[24];

	(void)snprintf(start_count, sizeof(start_count), "%lld",
	    (long long)order->start_count);
	(void)snprintf(
	    remains, sizeof(remains), "%lld", (long long)order->remains);
	return json_pack("{s:s, s:s, s:s, s:s, s:s}", "charge",
	    money_format(order->charge_nano, charge), "start_count",
	    start_count, "status", order_status_name(order->status), "remains",
	    remains, "currency", call->config->currency);
}

/* Garbage that would make a success look like a failed call is left out. */
static int
is_error_key(const struct action_id *id)
{
	static const char ERROR_KEY_NAME[] = "error";

	return id->len == sizeof(ERROR_KEY_NAME) - 1 &&
	       memcmp(id->text, ERROR_KEY_NAME, id->len) == 0;
}

/* Describes every id of the call, each under its text as it was sent. */
static enum rc
describe_all(struct call *call, json_t *model)
{
	struct order order;
	struct why why;
	json_t *item;
	enum rc rc;
	size_t i;

	for (i = 0; i < call->nids; i++) {
		why = (struct why){ 0 };
		if (is_error_key(&call->ids[i]))
			continue;
		rc = order_find(
		    call->db, &call->caller, call->ids[i].id, &order, &why);
		if (rc == RC_OK)
			item = describe(call, &order);
		else if (action_is_item_error(rc))
			item = action_error(rc, &why);
		else
			return rc;
		if (json_object_setn_new(model, call->ids[i].text,
			call->ids[i].len, item) != 0) {
			log_err("cannot write an answer: out of memory");
			return RC_FAIL;
		}
	}
	return RC_OK;
}

static enum rc
status(struct call *call)
{
	json_t *model = NULL;
	struct order order;
	enum rc rc;

	rc = db_begin(call->db, DB_READ);
	if (rc != RC_OK)
		return rc;
	if (call->is_list) {
		model = json_object();
		rc = describe_all(call, model);
	} else {
		rc = order_find(call->db, &call->caller, call->ids[0].id,
		    &order, &call->why);
		if (rc == RC_OK)
			model = describe(call, &order);
	}
	rc = db_end(call->db, rc);
	if (rc == RC_OK)
		return action_answer(call, model);
	json_decref(model);
	return rc;
}

const struct action action_status = { "status", "order", "orders", status };
