/* SPDX-License-Identifier: ISC */
/*
 * refill: asks for a refill of an order, or of up to 100, in one
 * transaction.
 */
#include <stdio.h>

#include "actions.h"
#include "refill.h"

static enum rc
refill_one(struct call *call, const struct action_id *order, int64_t *id,
    struct why *why)
{
	return refill_request(call->db, &call->caller, order->id,
	    call->config->refill_limit, call->now, id, why);
}

static enum rc
refill_all(struct call *call, json_t *model)
{
	struct why why;
	json_t *result;
	int64_t id;
	enum rc rc;
	size_t i;

	for (i = 0; i < call->nids; i++) {
		why = (struct why){ 0 };
		rc = refill_one(call, &call->ids[i], &id, &why);
		if (rc != RC_OK && !action_is_item_error(rc))
			return rc;
		result =
		    rc == RC_OK ? json_integer(id) : action_error(rc, &why);
		if (json_array_append_new(model,
			json_pack("{s:o, s:o}", "order",
			    action_id_json(&call->ids[i]), "refill", result)) !=
		    0)
			return RC_FAIL;
	}
	return RC_OK;
}

static enum rc
refill(struct call *call)
{
	json_t *model = NULL;
	char text[24];
	int64_t id;
	enum rc rc;

	rc = db_begin(call->db, DB_WRITE);
	if (rc != RC_OK)
		return rc;
	if (call->is_list) {
		model = json_array();
		rc = refill_all(call, model);
	} else {
		rc = refill_one(call, &call->ids[0], &id, &call->why);
		/* A string here, a number in lists: as clients know it. */
		(void)snprintf(text, sizeof(text), "%lld", (long long)id);
		if (rc == RC_OK)
			model = json_pack("{s:s}", "refill", text);
	}
	rc = db_end(call->db, rc);
	if (rc == RC_OK)
		return action_answer(call, model);
	json_decref(model);
	return rc;
}

const struct action action_refill = { "refill", "order", "orders", refill };
