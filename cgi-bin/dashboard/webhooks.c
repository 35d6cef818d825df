/* SPDX-License-Identifier: ISC */
/*
 * /dashboard/webhooks: the account's endpoints, and adding one.  As with
 * keys, the secret is on the answer that made it and nowhere else.
 */
#include <stdio.h>

#include "api_key_admin.h"
#include "page.h"
#include "page_json.h"
#include "webhook.h"
#include "webhook_fields.h"
#include "webhook_form.h"

static enum rc
add_key(void *arg, const struct api_key_row *row)
{
	json_t *list = arg;

	return page_json_append(
	    list, json_pack("{s:I, s:s, s:s}", "id", (json_int_t)row->id,
		      "label", row->label, "public_id", row->public_id));
}

/* Marks the key that was chosen, if the form was refused. */
static void
mark_chosen(const struct page_call *call, json_t *keys)
{
	int64_t chosen = 0;
	json_t *key;
	size_t i;

	if (call->form == NULL || page_field_id(call, "key", &chosen) != RC_OK)
		return;
	json_array_foreach(keys, i, key) if (json_integer_value(json_object_get(
						 key, "id")) == chosen)(void)
	    json_object_set_new(key, "chosen", json_true());
}

static enum rc
get(struct page_call *call)
{
	json_t *list = json_array(), *keys = json_array();
	enum rc rc;

	rc = list != NULL && keys != NULL ? db_begin(call->db, DB_READ)
					  : RC_FAIL;
	if (rc != RC_OK)
		goto out;
	rc = webhook_each(
	    call->db, &call->caller, 0, webhook_form_describe, list, NULL);
	if (rc == RC_OK)
		rc = api_key_admin_active(
		    call->db, &call->caller, add_key, keys);
	if ((rc = db_end(call->db, rc)) != RC_OK)
		goto out;
	mark_chosen(call, keys);
	rc = page_set(
	    call, "has_webhooks", json_boolean(json_array_size(list) > 0));
	if (rc == RC_OK)
		rc = page_set(call, "webhooks", json_incref(list));
	if (rc == RC_OK)
		rc = page_set(
		    call, "has_keys", json_boolean(json_array_size(keys) > 0));
	if (rc == RC_OK)
		rc = page_set(call, "keys", json_incref(keys));
	if (rc == RC_OK)
		rc = webhook_form_set_events(call, "add", EVENT_ALL);
	if (rc == RC_OK)
		rc = page_set(
		    call, "of_key_max", json_integer(WEBHOOK_OF_KEY_MAX));
out:
	json_decref(list);
	json_decref(keys);
	return rc;
}

/* That it is the account's and active is all that is asked of a key. */
static enum rc
accept_key(void *arg, const struct api_key_row *row)
{
	(void)arg;
	(void)row;
	return RC_OK;
}

static enum rc
add(struct page_call *call)
{
	struct caller caller = call->caller;
	struct webhook_secret secret = { "" };
	struct why why = { 0 };
	const char *url = NULL;
	int64_t events = 0, id = 0;
	enum rc rc;

	if (page_field(call, "key") == NULL)
		return page_error(call, "key", "Choose a key.");
	if ((rc = page_field_id(call, "key", &caller.key_id)) != RC_OK ||
	    (rc = webhook_form_url(call, &url)) != RC_OK ||
	    (rc = webhook_form_events(call, &events)) != RC_OK ||
	    (rc = db_begin(call->db, DB_WRITE)) != RC_OK)
		return rc;
	rc = api_key_admin_one(call->db, &caller, accept_key, &caller);
	if (rc == RC_OK)
		rc = webhook_add(call->db, &caller, &call->people->seal_key,
		    url, events, call->now, &id, &secret, &why);
	rc = db_end(call->db, rc);
	if (rc == RC_OK)
		rc = page_set(call, "made",
		    json_pack("{s:I, s:s, s:s}", "webhook", (json_int_t)id,
			"url", url, "secret", secret.s));
	else if (rc == RC_INVALID)
		rc = page_why(call, NULL, rc, &why);
	/* It is there even if the commit failed. */
	secret_wipe(&secret, sizeof(secret));
	return rc == RC_OK ? page_show(call) : rc;
}

static const char *const keep_url[] = { "url", NULL };

static const struct page_form forms[] = {
	{ .name = "add", .run = add, .flags = PAGE_ONCE, .keep = keep_url },
	{ .name = NULL },
};

const struct page page_webhooks = {
	.name = "webhooks",
	.title = "Webhooks",
	.get = get,
	.forms = forms,
};
