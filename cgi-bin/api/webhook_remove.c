/* SPDX-License-Identifier: ISC */
/*
 * webhook.remove: takes an endpoint away, and what was on its way to it.
 */
#include "actions.h"
#include "webhook_fields.h"

static enum rc
take_away(struct call *call)
{
	int64_t id = 0;
	enum rc rc;

	rc = webhook_field_id(call, &id);
	if (rc == RC_OK && (rc = db_begin(call->db, DB_WRITE)) == RC_OK)
		rc = db_end(call->db,
		    webhook_remove(call->db, &call->caller, id, &call->why));
	if (rc != RC_OK)
		return rc;
	return action_answer(call,
	    json_pack("{s:I, s:i}", "webhook", (json_int_t)id, "removed", 1));
}

const struct action action_webhook_remove = { "webhook.remove", NULL, NULL,
	take_away, DB_WRITE };
