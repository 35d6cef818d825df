/* SPDX-License-Identifier: ISC */
/*
 * latchkey key: making, listing, rotating and revoking API keys.  A key goes
 * to stdout once and is wiped; it is never an argument.
 */
#include "cmd.h"

#include <stdio.h>

#include "api_key_admin.h"

/* Prints the key of a change that was committed, and wipes it. */
static enum cmd_exit
print_key(enum rc rc, const char *why, struct api_key_text *key,
    const char *doing, const char *what)
{
	if (rc == RC_OK)
		(void)puts(key->s);
	api_key_admin_wipe(key);
	return cmd_end(rc, why, "%s %s", doing, what);
}

enum cmd_exit
cmd_key_create(struct cmd_call *call)
{
	const char *label = cmd_value(call, "label"), *why = NULL;
	struct caller caller = { 0 };
	struct api_key_text key = { "" };
	struct pepper pepper;
	enum rc rc;

	if ((rc = cmd_pepper(call, &pepper)) == RC_OK)
		rc = db_begin(call->db, DB_WRITE);
	if (rc == RC_OK) {
		rc = cmd_account(
		    call, call->operand[0], &caller.account_id, &why);
		if (rc == RC_OK)
			rc = api_key_admin_create(call->db, &pepper, &caller,
			    label != NULL ? label : "API key", call->now, &key);
		if (rc == RC_LIMITED)
			why = "it has 10 active keys already";
		if (rc == RC_INVALID)
			why = "the label must be one line of at most 200 bytes";
		rc = db_end(call->db, rc);
	}
	secret_wipe(&pepper, sizeof(pepper));
	return print_key(rc, why, &key, "make a key for", call->operand[0]);
}

enum cmd_exit
cmd_key_rotate(struct cmd_call *call)
{
	struct caller caller = { 0 };
	struct api_key_text key = { "" };
	struct pepper pepper;
	enum rc rc;

	if ((rc = cmd_pepper(call, &pepper)) == RC_OK)
		rc = db_begin(call->db, DB_WRITE);
	if (rc == RC_OK) {
		rc = api_key_admin_find(call->db, call->operand[0], &caller);
		if (rc == RC_OK)
			rc = api_key_admin_rotate(
			    call->db, &pepper, &caller, call->now, &key);
		rc = db_end(call->db, rc);
	}
	secret_wipe(&pepper, sizeof(pepper));
	return print_key(
	    rc, "no such active key", &key, "rotate the key", call->operand[0]);
}

enum cmd_exit
cmd_key_revoke(struct cmd_call *call)
{
	const char *note = cmd_value(call, "why"), *why = NULL;
	struct caller caller = { 0 };
	enum rc rc;

	if ((rc = db_begin(call->db, DB_WRITE)) == RC_OK) {
		rc = api_key_admin_find(call->db, call->operand[0], &caller);
		if (rc == RC_OK)
			rc = api_key_admin_revoke(call->db, &caller,
			    note != NULL ? note : "by the operator", call->now);
		rc = db_end(call->db, rc);
	}
	if (rc == RC_NOT_FOUND)
		why = "no such active key";
	if (rc == RC_INVALID)
		why = "the reason must be one line of at most 500 bytes";
	return cmd_end(rc, why, "revoke the key %s", call->operand[0]);
}

static enum rc
add_key(void *list, const struct api_key_row *row)
{
	return cmd_append(list,
	    json_pack("{s:I, s:I, s:o, s:o, s:o, s:b, s:o, s:o, s:o, s:o}",
		"id", (json_int_t)row->id, "account",
		(json_int_t)row->account_id, "email", cmd_json_text(row->email),
		"public_id", cmd_json_text(row->public_id), "label",
		cmd_json_text(row->label), "active", row->revoked_at == 0,
		"created_at", cmd_json_time(row->created_at), "last_used_at",
		cmd_json_time(row->last_used_at), "revoked_at",
		cmd_json_time(row->revoked_at), "revoked_why",
		cmd_json_text(row->revoked_why)));
}

enum cmd_exit
cmd_key_list(struct cmd_call *call)
{
	static const struct cmd_column columns[] = {
		{ "public_id", "PUBLIC ID", 0 },
		{ "email", "ACCOUNT", 0 },
		{ "label", "LABEL", 0 },
		{ "active", "ACTIVE", 0 },
		{ "created_at", "CREATED", 0 },
		{ "last_used_at", "LAST USED", 0 },
		{ "revoked_why", "REVOKED", 0 },
		{ NULL, NULL, 0 },
	};
	const char *why = NULL;
	json_t *list = json_array();
	int64_t id = 0;
	enum rc rc;

	if ((rc = db_begin(call->db, DB_READ)) == RC_OK) {
		if (call->operand[0] != NULL)
			rc = cmd_account(call, call->operand[0], &id, &why);
		if (rc == RC_OK)
			rc = api_key_admin_list(call->db, id, add_key, list);
		rc = db_end(call->db, rc);
	}
	if (rc == RC_OK)
		return cmd_print_list(call, list, columns);
	json_decref(list);
	return cmd_end(rc, why, "list the keys");
}
