/* SPDX-License-Identifier: ISC */
/*
 * /dashboard/api: the account's API keys.  A key is shown once, on the very
 * answer that made it; no other page has it, and sending the form again makes
 * no second one.
 */
#include <stdio.h>
#include <string.h>

#include "api_key_admin.h"
#include "owner_mail.h"
#include "page.h"
#include "page_json.h"
#include "text.h"

/* What lists show of a key: its beginning, which is no secret. */
enum { PREFIX_LEN = API_KEY_PREFIX_LEN + API_KEY_ID_LEN };

/* "lk_AbCdEfGh, Shop": of which key the history and mails tell. */
enum { NOTE_LEN = PREFIX_LEN + 2 + TEXT_NAME_MAX + 1 };

/* Appends a key to a list: for the functions of api_key_admin. */
static enum rc
add_key(void *list, const struct api_key_row *row)
{
	char prefix[PREFIX_LEN + 1];

	(void)snprintf(
	    prefix, sizeof(prefix), API_KEY_PREFIX "%s", row->public_id);
	return page_json_append(list,
	    json_pack("{s:I, s:s, s:s, s:o, s:o, s:o, s:s?}", "id",
		(json_int_t)row->id, "label", row->label, "prefix", prefix,
		"created", page_json_time(row->created_at), "last_used",
		page_json_time(row->last_used_at), "revoked_at",
		page_json_time(row->revoked_at), "why", row->revoked_why));
}

/*
 * One key, which has a form to itself ("api?rotate=7"), in place of the form
 * for a new one.
 */
static enum rc
set_one(struct page_call *call, const char *query, const char *name)
{
	struct caller caller = call->caller;
	json_t *list = NULL;
	enum rc rc;

	if (page_query(call, query) == NULL)
		return RC_OK;
	rc = page_query_id(call, query, &caller.key_id);
	if (rc == RC_OK && (list = json_array()) == NULL)
		rc = RC_FAIL;
	if (rc == RC_OK)
		rc = api_key_admin_one(call->db, &caller, add_key, list);
	if (rc == RC_OK)
		rc = page_set(call, name, json_incref(json_array_get(list, 0)));
	if (rc == RC_OK)
		rc = page_set(call, "one", json_true());
	json_decref(list);
	return rc;
}

/* The lists, inside a transaction. */
static enum rc
set_keys(struct page_call *call)
{
	json_t *active = json_array(), *revoked = json_array();
	size_t nactive, nrevoked;
	int64_t before = 0;
	enum rc rc = RC_FAIL;

	if (active == NULL || revoked == NULL)
		goto out;
	if (page_query(call, "before") != NULL &&
	    (rc = page_query_id(call, "before", &before)) != RC_OK)
		goto out;
	rc = api_key_admin_active(call->db, &call->caller, add_key, active);
	if (rc == RC_OK)
		rc = api_key_admin_revoked(
		    call->db, &call->caller, before, add_key, revoked);
	if (rc != RC_OK)
		goto out;
	nactive = json_array_size(active);
	nrevoked = json_array_size(revoked);
	if (nrevoked == API_KEY_REVOKED_LIMIT)
		rc = page_set(call, "older",
		    json_incref(json_object_get(
			json_array_get(revoked, nrevoked - 1), "id")));
	if (rc == RC_OK)
		rc = page_set(
		    call, "full", json_boolean(nactive >= API_KEY_ACTIVE_MAX));
	if (rc == RC_OK)
		rc = page_set(call, "has_keys", json_boolean(nactive > 0));
	if (rc == RC_OK)
		rc = page_set(call, "keys", json_incref(active));
	if (rc == RC_OK)
		rc = page_set(call, "has_revoked", json_boolean(nrevoked > 0));
	if (rc == RC_OK)
		rc = page_set(call, "revoked", json_incref(revoked));
out:
	json_decref(active);
	json_decref(revoked);
	return rc;
}

static enum rc
get(struct page_call *call)
{
	const struct config *config = call->config;
	enum rc rc;

	if ((rc = page_set_reauth(call)) != RC_OK)
		return rc;
	rc = page_set(call, "limit",
	    json_pack("{s:i, s:I, s:I}", "active", API_KEY_ACTIVE_MAX, "key",
		(json_int_t)config->rate_key, "account",
		(json_int_t)call->caller.tier_limit));
	if (rc == RC_OK)
		rc = page_set(
		    call, "api_url", json_sprintf("%s/api/v2", config->url));
	if (rc == RC_OK)
		rc = db_begin(call->db, DB_READ);
	if (rc != RC_OK)
		return rc;
	rc = set_keys(call);
	if (rc == RC_OK)
		rc = set_one(call, "rotate", "rotating");
	if (rc == RC_OK)
		rc = set_one(call, "revoke", "revoking");
	return db_end(call->db, rc);
}

/*
 * Shows a key that was made, its only copy, and tells the account's owner;
 * wipes it.
 */
static enum rc
show(struct page_call *call, enum audit_what what, struct api_key_text *key,
    const char *label)
{
	char note[NOTE_LEN];
	enum rc rc;

	(void)snprintf(
	    note, sizeof(note), "%.*s, %s", PREFIX_LEN, key->s, label);
	owner_tell(call, what, note);
	rc = page_set(call, "made",
	    json_pack("{s:s, s:s, s:b}", "key", key->s, "label", label,
		"is_rotated", what == AUDIT_KEY_ROTATED));
	api_key_admin_wipe(key);
	return rc == RC_OK ? page_show(call) : rc;
}

static enum rc
create(struct page_call *call)
{
	const char *label = page_field(call, "label");
	struct api_key_text key = { "" };
	enum rc rc;

	if (label == NULL || !text_is_line(label, TEXT_NAME_MAX))
		return page_error(call, "label",
		    "Give the key a name of at most 200 bytes, so that you "
		    "know it again.");
	if ((rc = page_reauthenticate(call)) != RC_OK)
		return rc;
	if ((rc = db_begin(call->db, DB_WRITE)) != RC_OK)
		return rc;
	rc = db_end(
	    call->db, api_key_admin_create(call->db, &call->people->pepper,
			  &call->caller, label, call->now, &key));
	if (rc == RC_LIMITED)
		return page_error(call, NULL,
		    "You have 10 active keys, which is all that an account may "
		    "have.  Revoke one first.");
	return rc == RC_OK ? show(call, AUDIT_KEY_CREATED, &key, label) : rc;
}

/* Copies a key's label, and what is shown of the key. */
struct which {
	char label[TEXT_NAME_MAX + 1];
	char note[NOTE_LEN];
};

static enum rc
copy_which(void *arg, const struct api_key_row *row)
{
	struct which *which = arg;

	(void)snprintf(which->label, sizeof(which->label), "%s", row->label);
	(void)snprintf(which->note, sizeof(which->note),
	    API_KEY_PREFIX "%s, %s", row->public_id, row->label);
	return RC_OK;
}

static enum rc
rotate(struct page_call *call)
{
	struct caller caller = call->caller;
	struct api_key_text key = { "" };
	struct which which = { "", "" };
	enum rc rc;

	if ((rc = page_field_id(call, "key", &caller.key_id)) != RC_OK ||
	    (rc = page_reauthenticate(call)) != RC_OK ||
	    (rc = db_begin(call->db, DB_WRITE)) != RC_OK)
		return rc;
	rc = api_key_admin_one(call->db, &caller, copy_which, &which);
	if (rc == RC_OK)
		rc = api_key_admin_rotate(
		    call->db, &call->people->pepper, &caller, call->now, &key);
	rc = db_end(call->db, rc);
	if (rc != RC_OK) {
		api_key_admin_wipe(&key);
		return rc;
	}
	return show(call, AUDIT_KEY_ROTATED, &key, which.label);
}

static enum rc
revoke(struct page_call *call)
{
	struct caller caller = call->caller;
	struct which which = { "", "" };
	enum rc rc;

	if ((rc = page_field_id(call, "key", &caller.key_id)) != RC_OK ||
	    (rc = db_begin(call->db, DB_WRITE)) != RC_OK)
		return rc;
	rc = api_key_admin_one(call->db, &caller, copy_which, &which);
	if (rc == RC_OK)
		rc = api_key_admin_revoke(
		    call->db, &caller, "by its owner", call->now);
	if ((rc = db_end(call->db, rc)) != RC_OK)
		return rc;
	owner_tell(call, AUDIT_KEY_REVOKED, which.note);
	return page_done(call, NULL, "The key is revoked: it opens nothing.");
}

static const char *const keep_label[] = { "label", NULL };

static const struct page_form forms[] = {
	{ .name = "create",
	    .run = create,
	    .flags = PAGE_ONCE,
	    .keep = keep_label },
	{ .name = "rotate", .run = rotate, .flags = PAGE_ONCE },
	/* A key that has leaked is revoked whatever the account's state. */
	{ .name = "revoke", .run = revoke, .flags = PAGE_SUSPENDED },
	{ .name = NULL },
};

const struct page page_api = {
	.name = "api",
	.title = "API keys",
	.get = get,
	.forms = forms,
};
