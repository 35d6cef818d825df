/* SPDX-License-Identifier: ISC */
/*
 * webhook.test: queues an event for one endpoint, to see it arrive.
 */
#include "actions.h"
#include "webhook_fields.h"

static enum rc
test(struct call *call)
{
	char event[EVENT_NAME_LEN + 1];
	int64_t id = 0;
	enum rc rc;

	rc = webhook_field_id(call, &id);
	if (rc == RC_OK && (rc = db_begin(call->db, DB_WRITE)) == RC_OK)
		rc = db_end(call->db, webhook_test(call->db, &call->caller, id,
					  call->now, event, &call->why));
	if (rc != RC_OK)
		return rc;
	return action_answer(call,
	    json_pack("{s:I, s:s}", "webhook", (json_int_t)id, "event", event));
}

const struct action action_webhook_test = { "webhook.test", NULL, NULL, test,
	DB_WRITE };
