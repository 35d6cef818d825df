/* SPDX-License-Identifier: ISC */
/*
 * refill_status: where one refill stands, or up to 100.
 */
#include "actions.h"
#include "refill.h"

static enum rc
describe_all(struct call *call, json_t *model)
{
	enum refill_status status;
	struct why why;
	json_t *result;
	enum rc rc;
	size_t i;

	for (i = 0; i < call->nids; i++) {
		why = (struct why){ 0 };
		rc = refill_find(
		    call->db, &call->caller, call->ids[i].id, &status, &why);
		if (rc != RC_OK && !action_is_item_error(rc))
			return rc;
		result = rc == RC_OK
			     ? json_string(refill_status_name((int)status))
			     : action_error(rc, &why);
		if (json_array_append_new(model,
			json_pack("{s:o, s:o}", "refill",
			    action_id_json(&call->ids[i]), "status", result)) !=
		    0)
			return RC_FAIL;
	}
	return RC_OK;
}

static enum rc
refill_status(struct call *call)
{
	enum refill_status status;
	json_t *model = NULL;
	enum rc rc;

	rc = db_begin(call->db, DB_READ);
	if (rc != RC_OK)
		return rc;
	if (call->is_list) {
		model = json_array();
		rc = describe_all(call, model);
	} else {
		rc = refill_find(call->db, &call->caller, call->ids[0].id,
		    &status, &call->why);
		if (rc == RC_OK)
			model = json_pack(
			    "{s:s}", "status", refill_status_name((int)status));
	}
	rc = db_end(call->db, rc);
	if (rc == RC_OK)
		return action_answer(call, model);
	json_decref(model);
	return rc;
}

const struct action action_refill_status = { "refill_status", "refill",
	"refills", refill_status };
