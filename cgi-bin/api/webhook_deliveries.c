/* SPDX-License-Identifier: ISC */
/*
 * webhook.deliveries: the newest attempts at an endpoint, and what became of
 * them.
 */
#include <string.h>

#include "actions.h"
#include "attempt.h"
#include "number.h"
#include "timestamp.h"
#include "webhook_fields.h"

static enum rc
describe(void *list, const struct attempt *a)
{
	char at[TIMESTAMP_LEN], next[TIMESTAMP_LEN];
	json_t *item;

	item = json_pack("{s:I, s:s*, s:s*, s:s, s:s, s:I, s:s*, s:s*, s:s*}",
	    "attempt", (json_int_t)a->seq, "event", a->event, "type",
	    event_type_name(a->type), "status",
	    attempt_outcome_name(a->outcome), "attempted",
	    timestamp_format(a->attempted_at, at), "ms",
	    (json_int_t)a->duration_ms, "error", a->error, "answer", a->answer,
	    "next",
	    a->next_at != 0 ? timestamp_format(a->next_at, next) : NULL);
	if (item != NULL && a->http_status != 0)
		(void)json_object_set_new(
		    item, "code", json_integer(a->http_status));
	return webhook_field_append(list, item);
}

/* The filter; 0 stands for all. */
static enum rc
read_filter(struct call *call, int *outcome, int64_t *before)
{
	const char *status = form_get(call->form, "status");
	const char *value = form_get(call->form, "before");
	int i;

	*outcome = 0;
	*before = 0;
	for (i = ATTEMPT_DELIVERED; status != NULL && i <= ATTEMPT_BLOCKED; i++)
		if (strcmp(status, attempt_outcome_name(i)) == 0)
			*outcome = i;
	if (status != NULL && *outcome == 0)
		return error_set(&call->why, ERROR_PARAMETER, "status");
	if (value != NULL &&
	    number_parse(value, strlen(value), 1, INT64_MAX, before) != RC_OK)
		return error_set(&call->why, ERROR_PARAMETER, "before");
	return RC_OK;
}

static enum rc
deliveries(struct call *call)
{
	json_t *list = json_array();
	int64_t id = 0, before;
	int outcome;
	enum rc rc;

	rc = webhook_field_id(call, &id);
	if (rc == RC_OK)
		rc = read_filter(call, &outcome, &before);
	if (rc == RC_OK && (rc = db_begin(call->db, DB_READ)) == RC_OK) {
		rc = webhook_each(
		    call->db, &call->caller, id, NULL, NULL, &call->why);
		if (rc == RC_OK)
			rc = attempt_each(call->db, &call->caller, id, outcome,
			    before, describe, list);
		rc = db_end(call->db, rc);
	}
	if (rc == RC_OK)
		return action_answer(call, list);
	json_decref(list);
	return rc;
}

const struct action action_webhook_deliveries = { "webhook.deliveries", NULL,
	NULL, deliveries, DB_READ };
