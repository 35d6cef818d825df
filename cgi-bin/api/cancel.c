/* SPDX-License-Identifier: ISC */
/*
 * cancel: cancels an order, or up to 100, in one transaction.
 */
#include "actions.h"
#include "order.h"

static enum rc
cancel_one(struct call *call, int64_t id, json_t **value, struct why *why)
{
	enum rc rc;

	rc = order_cancel(call->db, &call->caller, id, call->now, why);
	if (rc == RC_OK)
		*value = json_integer(1);
	return rc;
}

static json_t *
answer_one(int64_t id, json_t *value)
{
	return json_pack(
	    "{s:I, s:o}", "order", (json_int_t)id, "cancel", value);
}

static enum rc
cancel(struct call *call)
{
	static const struct action_items items = { DB_WRITE, "order", "cancel",
		cancel_one, answer_one };

	return action_for_ids(call, &items);
}

const struct action action_cancel = { "cancel", "order", "orders", cancel,
	DB_WRITE };
