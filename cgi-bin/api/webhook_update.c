/* SPDX-License-Identifier: ISC */
/*
 * webhook.update: another URL, other events, paused or active.
 */
#include <string.h>

#include "actions.h"
#include "webhook_fields.h"

static enum rc
read_change(struct call *call, struct webhook_change *change)
{
	const char *status = form_get(call->form, "status");
	enum rc rc;

	rc = webhook_field_url(call, &change->url);
	if (rc == RC_OK)
		rc = webhook_field_events(call, &change->events);
	if (rc != RC_OK)
		return rc;
	if (status == NULL && change->url == NULL && change->events == 0)
		return error_set(&call->why, ERROR_REQUEST, NULL);
	if (status == NULL)
		return RC_OK;
	if (strcmp(status, webhook_status_name(WEBHOOK_ACTIVE)) == 0)
		change->status = WEBHOOK_ACTIVE;
	else if (strcmp(status, webhook_status_name(WEBHOOK_PAUSED)) == 0)
		change->status = WEBHOOK_PAUSED;
	else
		return error_set(&call->why, ERROR_PARAMETER, "status");
	return RC_OK;
}

static enum rc
update(struct call *call)
{
	struct webhook_change change = { 0 };
	json_t *list = json_array();
	int64_t id = 0;
	enum rc rc;

	rc = webhook_field_id(call, &id);
	if (rc == RC_OK)
		rc = read_change(call, &change);
	if (rc == RC_OK && (rc = db_begin(call->db, DB_WRITE)) == RC_OK) {
		rc = webhook_update(
		    call->db, &call->caller, id, &change, &call->why);
		if (rc == RC_OK)
			rc = webhook_each(call->db, &call->caller, id,
			    webhook_field_describe, list, &call->why);
		rc = db_end(call->db, rc);
	}
	if (rc == RC_OK)
		rc = action_answer(call, json_incref(json_array_get(list, 0)));
	json_decref(list);
	return rc;
}

const struct action action_webhook_update = { "webhook.update", NULL, NULL,
	update, DB_WRITE };
