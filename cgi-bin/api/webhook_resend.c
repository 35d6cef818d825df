/* SPDX-License-Identifier: ISC */
/*
 * webhook.resend: one event again, or all that were given up since a time.
 */
#include "actions.h"
#include "attempt.h"
#include "timestamp.h"
#include "webhook_fields.h"

static enum rc
resend(struct call *call)
{
	const char *event = form_get(call->form, "event");
	const char *since = form_get(call->form, "since");
	int64_t id = 0, time = 0, n = 1;
	enum rc rc;

	rc = webhook_field_id(call, &id);
	if (rc == RC_OK && event == NULL && since == NULL)
		rc = error_set(&call->why, ERROR_MISSING, "event");
	if (rc == RC_OK && event == NULL &&
	    timestamp_parse(since, &time) != RC_OK)
		rc = error_set(&call->why, ERROR_PARAMETER, "since");
	if (rc == RC_OK && (rc = db_begin(call->db, DB_WRITE)) == RC_OK) {
		rc = webhook_each(
		    call->db, &call->caller, id, NULL, NULL, &call->why);
		if (rc == RC_OK && event != NULL)
			rc = attempt_resend_event(call->db, &call->caller, id,
			    event, call->now, &call->why);
		else if (rc == RC_OK)
			rc = attempt_resend_since(
			    call->db, &call->caller, id, time, call->now, &n);
		rc = db_end(call->db, rc);
	}
	if (rc != RC_OK)
		return rc;
	return action_answer(
	    call, json_pack("{s:I, s:I}", "webhook", (json_int_t)id, "queued",
		      (json_int_t)n));
}

const struct action action_webhook_resend = { "webhook.resend", NULL, NULL,
	resend, DB_WRITE };
