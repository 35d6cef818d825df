/* SPDX-License-Identifier: ISC */
/*
 * webhook.add: a new endpoint, and the only sight of its secret.
 */
#include "actions.h"
#include "webhook_fields.h"

static enum rc
add(struct call *call)
{
	struct webhook_secret secret;
	struct seal_key key;
	const char *url = NULL;
	json_t *names;
	int64_t id, events = 0;
	enum rc rc;

	rc = webhook_field_url(call, &url);
	if (rc == RC_OK && url == NULL)
		rc = error_set(&call->why, ERROR_MISSING, "url");
	if (rc == RC_OK)
		rc = webhook_field_events(call, &events);
	if (rc == RC_OK)
		rc = webhook_field_key(call, &key);
	if (rc != RC_OK)
		return rc;
	if (events == 0)
		events = EVENT_ALL;
	if ((rc = db_begin(call->db, DB_WRITE)) == RC_OK)
		rc = db_end(
		    call->db, webhook_add(call->db, &call->caller, &key, url,
				  events, call->now, &id, &secret, &call->why));
	secret_wipe(&key, sizeof(key));
	if (rc == RC_OK) {
		names = webhook_field_names(events);
		rc = action_answer(
		    call, json_pack("{s:I, s:s, s:o, s:s, s:s}", "webhook",
			      (json_int_t)id, "url", url, "events", names,
			      "secret", secret.s, "status",
			      webhook_status_name(WEBHOOK_ACTIVE)));
	}
	/* It is there even if the commit failed. */
	secret_wipe(&secret, sizeof(secret));
	return rc;
}

const struct action action_webhook_add = { "webhook.add", NULL, NULL, add,
	DB_WRITE };
