/* SPDX-License-Identifier: ISC */
/*
 * webhook.rotate: a new secret; for a while the old one signs as well.
 */
#include <string.h>

#include "actions.h"
#include "number.h"
#include "timestamp.h"
#include "webhook_fields.h"

enum { OVERLAP = 24 }; /* hours, where none are given */

static enum rc
read_overlap(struct call *call, int64_t *overlap)
{
	const char *value = form_get(call->form, "overlap");

	*overlap = OVERLAP;
	if (value == NULL || number_parse(value, strlen(value), 0,
				 WEBHOOK_OVERLAP_MAX, overlap) == RC_OK)
		return RC_OK;
	return error_set(&call->why, ERROR_PARAMETER, "overlap");
}

static enum rc
rotate(struct call *call)
{
	struct webhook_secret secret;
	char until[TIMESTAMP_LEN];
	const char *end = NULL;
	int64_t id = 0, overlap = 0;
	struct seal_key key;
	enum rc rc;

	rc = webhook_field_id(call, &id);
	if (rc == RC_OK)
		rc = read_overlap(call, &overlap);
	if (rc == RC_OK)
		rc = webhook_field_key(call, &key);
	if (rc != RC_OK)
		return rc;
	if ((rc = db_begin(call->db, DB_WRITE)) == RC_OK)
		rc = db_end(
		    call->db, webhook_rotate(call->db, &call->caller, &key, id,
				  overlap, call->now, &secret, &call->why));
	secret_wipe(&key, sizeof(key));
	if (rc == RC_OK && overlap > 0)
		end = timestamp_format(call->now + overlap * 3600, until);
	if (rc == RC_OK)
		rc = action_answer(call,
		    json_pack("{s:I, s:s, s:s*}", "webhook", (json_int_t)id,
			"secret", secret.s, "old_secret_until", end));
	/* It is there even if the commit failed. */
	secret_wipe(&secret, sizeof(secret));
	return rc;
}

const struct action action_webhook_rotate = { "webhook.rotate", NULL, NULL,
	rotate, DB_WRITE };
