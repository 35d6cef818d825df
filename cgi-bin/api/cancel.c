/* SPDX-License-Identifier: ISC */
/*
 * cancel: cancels an order, or up to 100, in one transaction.
 */
#include "actions.h"
#include "order.h"

static enum rc
cancel_one(struct call *call, const struct action_id *id, struct why *why)
{
	return order_cancel(call->db, &call->caller, id->id, call->now, why);
}

static enum rc
cancel_all(struct call *call, json_t *model)
{
	struct why why;
	json_t *result;
	enum rc rc;
	size_t i;

	for (i = 0; i < call->nids; i++) {
		why = (struct why){ 0 };
		rc = cancel_one(call, &call->ids[i], &why);
		if (rc != RC_OK && !action_is_item_error(rc))
			return rc;
		result = rc == RC_OK ? json_integer(1) : action_error(rc, &why);
		if (json_array_append_new(model,
			json_pack("{s:o, s:o}", "order",
			    action_id_json(&call->ids[i]), "cancel", result)) !=
		    0)
			return RC_FAIL;
	}
	return RC_OK;
}

static enum rc
cancel(struct call *call)
{
	json_t *model = NULL;
	enum rc rc;

	rc = db_begin(call->db, DB_WRITE);
	if (rc != RC_OK)
		return rc;
	if (call->is_list) {
		model = json_array();
		rc = cancel_all(call, model);
	} else {
		rc = cancel_one(call, &call->ids[0], &call->why);
		if (rc == RC_OK)
			model = json_pack("{s:I, s:i}", "order",
			    (json_int_t)call->ids[0].id, "cancel", 1);
	}
	rc = db_end(call->db, rc);
	if (rc == RC_OK)
		return action_answer(call, model);
	json_decref(model);
	return rc;
}

const struct action action_cancel = { "cancel", "order", "orders", cancel };
