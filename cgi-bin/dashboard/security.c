/* SPDX-License-Identifier: ISC */
/*
 * /dashboard/security: password, e-mail address, second factor, sessions and
 * the security history.  What changes a credential has the page to itself
 * ("security?do=password") and asks who is there first; all of its
 * consequences are the business of login.h.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit.h"
#include "login.h"
#include "mail_token.h"
#include "owner_mail.h"
#include "page.h"
#include "page_json.h"
#include "qr.h"
#include "session.h"
#include "text.h"
#include "totp.h"

enum { MAIL_MAX = 2048, NOTICE_LEN = 80 };

/* --- looking -------------------------------------------------------------- */

/*
 * A second factor that is to be confirmed: its secret as text and, where it
 * fits into one, as a QR code.
 */
static enum rc
set_pending(struct page_call *call)
{
	unsigned char secret[TOTP_SECRET_LEN];
	char text[TOTP_BASE32_LEN + 1] = "", uri[TOTP_URI_LEN] = "";
	char *path = NULL;
	int size = 0;
	enum rc rc;

	rc = login_second_secret(call->people, &call->caller, secret);
	if (rc == RC_NOT_FOUND)
		return RC_OK;
	if (rc != RC_OK)
		return rc;
	totp_base32(secret, text);
	rc = totp_uri(secret, page_brand(call), call->account.email, uri);
	if (rc == RC_OK)
		rc = qr_path(uri, &path, &size);
	if (rc == RC_OK || rc == RC_INVALID)
		rc = page_set(call, "pending",
		    json_pack("{s:s, s:i, s:s?}", "secret", text, "size", size,
			"path", path));
	if (path != NULL)
		secret_wipe(path, strlen(path));
	free(path);
	secret_wipe(secret, sizeof(secret));
	secret_wipe(text, sizeof(text));
	secret_wipe(uri, sizeof(uri));
	return rc;
}

/* Lists on their way into the model. */
struct lists {
	json_t *sessions, *history;
	int64_t own_id; /* the session that looks */
	int64_t last_seq;
};

static enum rc
add_session(void *arg, const struct session_row *row)
{
	struct lists *lists = arg;

	return page_json_append(lists->sessions,
	    json_pack("{s:I, s:s, s:s, s:o, s:o, s:b}", "id",
		(json_int_t)row->id, "address", row->address, "agent",
		row->agent, "created", page_json_time(row->created_at), "seen",
		page_json_time(row->seen_at), "own", row->id == lists->own_id));
}

static enum rc
add_history(void *arg, const struct audit_row *row)
{
	struct lists *lists = arg;

	lists->last_seq = row->seq;
	return page_json_append(
	    lists->history, json_pack("{s:o, s:s, s:s, s:s}", "at",
				page_json_time(row->happened_at), "what",
				audit_words((int)row->what), "address",
				row->address, "note", row->note));
}

static enum rc
set_lists(struct page_call *call)
{
	struct db *people = call->people->db;
	struct lists lists = { json_array(), json_array(), call->session.id,
		0 };
	int64_t before = 0;
	enum rc rc = RC_FAIL;

	if (lists.sessions == NULL || lists.history == NULL)
		goto out;
	if (page_query(call, "before") != NULL &&
	    (rc = page_query_id(call, "before", &before)) != RC_OK)
		goto out;
	if ((rc = db_begin(people, DB_READ)) != RC_OK)
		goto out;
	rc =
	    session_each(people, &call->caller, call->now, add_session, &lists);
	if (rc == RC_OK)
		rc = audit_each(
		    people, &call->caller, before, add_history, &lists);
	rc = db_end(people, rc);
	if (rc == RC_OK)
		rc = page_set(call, "sessions", json_incref(lists.sessions));
	if (rc == RC_OK)
		rc = page_set(call, "others",
		    json_boolean(json_array_size(lists.sessions) > 1));
	if (rc == RC_OK)
		rc = page_set(call, "history", json_incref(lists.history));
	if (rc == RC_OK && json_array_size(lists.history) == AUDIT_LIST_MAX)
		rc = page_set(call, "older", json_integer(lists.last_seq));
out:
	json_decref(lists.sessions);
	json_decref(lists.history);
	return rc;
}

/* What has the page to itself: "doing" has its name. */
static enum rc
set_doing(struct page_call *call)
{
	static const char *const names[] = { "password", "email", "second",
		"off", "codes" };
	const char *name = page_query(call, "do");
	size_t i;

	if (name == NULL)
		return RC_OK;
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(name, names[i]) == 0)
			return page_set(
			    call, "doing", json_pack("{s:b}", names[i], 1));
	return RC_NOT_FOUND;
}

static enum rc
get(struct page_call *call)
{
	struct login_state state;
	enum rc rc;

	rc = set_doing(call);
	if (rc == RC_OK)
		rc = login_state(call->people, &call->caller, &state);
	if (rc == RC_OK)
		rc = page_set(call, "reauth",
		    json_pack("{s:b}", "second", state.second_on));
	if (rc == RC_OK)
		rc = page_set(call, "state",
		    json_pack("{s:o, s:b, s:o, s:I}", "password_at",
			page_json_time(state.password_at), "second_on",
			state.second_on, "second_at",
			page_json_time(state.second_at), "codes_left",
			(json_int_t)state.codes_left));
	if (rc == RC_OK && !state.second_on)
		rc = set_pending(call);
	return rc == RC_OK ? set_lists(call) : rc;
}

/* --- changing credentials ------------------------------------------------- */

/*
 * What a function of login.h has come to: the browser gets the new token of
 * its session, or the form what was wrong with the field.
 */
static enum rc
settle(struct page_call *call, enum rc rc, const char *field,
    struct login_result *result)
{
	call->retry_s = result->wait_s;
	if (rc == RC_OK && result->token.s[0] != '\0') {
		page_set_session(call, &result->token);
		call->session = result->session;
	}
	session_wipe(&result->token);
	if (rc != RC_INVALID)
		return rc;
	/* The form is one of before the factor was turned on or off. */
	if (result->why[0] == '\0')
		return page_error(call, NULL,
		    "The second factor was turned on or off meanwhile.  Look "
		    "at it again.");
	return page_error(call, field, result->why);
}

static enum rc
password(struct page_call *call)
{
	const char *new = page_password(call, "new_password");
	const char *repeat = page_password(call, "repeat");
	struct login_result result = { 0 };
	enum rc rc;

	if (new == NULL)
		return page_error(call, "new_password", "Choose a password.");
	if (repeat == NULL || strcmp(new, repeat) != 0)
		return page_error(
		    call, "repeat", "This is not the same as above.");
	if ((rc = page_reauthenticate(call)) != RC_OK)
		return rc;
	rc = login_change_password(call->people, &call->session, new,
	    strlen(new), &call->from, &result);
	if ((rc = settle(call, rc, "new_password", &result)) != RC_OK)
		return rc;
	(void)owner_mail(call, call->account.email, AUDIT_PASSWORD, NULL);
	return page_done(call, NULL,
	    "The password is changed, and all other sessions have ended.");
}

/* What is mailed to an address that is to be confirmed. */
static enum rc
mail_link(
    struct page_call *call, const char *to, const struct mail_token_text *token)
{
	const char *url = call->config->url;
	char text[MAIL_MAX];
	enum rc rc;

	(void)snprintf(text, sizeof(text),
	    "At %s somebody, most likely you, asked to log in with this\n"
	    "address from now on.  To confirm it, open this page within a day "
	    "and press\n"
	    "its button:\n\n"
	    "  %s/dashboard/email?token=%s\n\n"
	    "If it was not you, there is nothing to do.\n",
	    url, url, token->s);
	rc = page_mail(call, to, "Confirm your new e-mail address", text);
	secret_wipe(text, sizeof(text));
	return rc;
}

/* What is mailed to an address that has an account of its own. */
static enum rc
mail_taken(struct page_call *call, const char *to)
{
	char text[MAIL_MAX];

	(void)snprintf(text, sizeof(text),
	    "At %s somebody asked to use this address for an account, but it\n"
	    "has one already.  Nothing was changed.\n",
	    call->config->url);
	return page_mail(call, to, "This address has an account", text);
}

static enum rc
email(struct page_call *call)
{
	const char *sent = page_field(call, "email");
	struct mail_token_text token = { "" };
	struct login_result result = { 0 };
	char address[TEXT_EMAIL_MAX + 1];
	enum rc rc;

	if (sent == NULL || !text_email(sent, address))
		return page_error(call, "email", "This is no e-mail address.");
	if ((rc = page_reauthenticate(call)) != RC_OK)
		return rc;
	rc = login_email_ask(call->people, &call->session, address, &call->from,
	    &token, &result);
	rc = settle(call, rc, "email", &result);
	if (rc == RC_OK)
		rc = token.s[0] != '\0' ? mail_link(call, address, &token)
					: mail_taken(call, address);
	mail_token_wipe(&token);
	if (rc != RC_OK)
		return rc;
	/* The old address is told, also where the new one is not to be had. */
	(void)owner_mail(call, call->account.email, AUDIT_EMAIL_ASKED, address);
	return page_done(
	    call, NULL, "A mail to the new address has what comes next.");
}

/* --- the second factor ---------------------------------------------------- */

static enum rc
second_start(struct page_call *call)
{
	unsigned char secret[TOTP_SECRET_LEN];
	enum rc rc;

	rc = login_second_start(call->people, &call->caller, call->now, secret);
	secret_wipe(secret, sizeof(secret));
	if (rc == RC_INVALID)
		return page_done(call, NULL, "It is on already.");
	return rc == RC_OK ? page_done(call, "security?do=second", NULL) : rc;
}

/* Shows recovery codes, their only copy, and wipes them. */
static enum rc
show_codes(struct page_call *call, struct login_codes *codes)
{
	json_t *list = json_array();
	enum rc rc = RC_OK;
	int i;

	for (i = 0; i < LOGIN_CODES && rc == RC_OK; i++)
		rc = page_json_append(list, json_string(codes->code[i]));
	login_codes_wipe(codes);
	if (rc == RC_OK)
		rc = page_set(call, "codes", json_incref(list));
	json_decref(list);
	if (rc == RC_OK)
		rc = page_set(call, "has_codes", json_true());
	return rc == RC_OK ? page_show(call) : rc;
}

static enum rc
second_on(struct page_call *call)
{
	const char *code = page_field(call, "totp");
	struct login_result result = { 0 };
	struct login_codes codes = { 0 };
	enum rc rc;

	if (code == NULL)
		return page_error(
		    call, "totp", "Give the code that the app shows.");
	if ((rc = page_reauthenticate(call)) != RC_OK)
		return rc;
	rc = login_second_on(call->people, &call->session, code, strlen(code),
	    &call->from, &codes, &result);
	if (rc == RC_DENIED)
		return page_error(call, "totp",
		    "This is not the code.  Take the one that the app shows "
		    "now, and see that your clock is right.");
	if ((rc = settle(call, rc, "totp", &result)) != RC_OK)
		return rc;
	(void)owner_mail(call, call->account.email, AUDIT_SECOND_ON, NULL);
	return show_codes(call, &codes);
}

static enum rc
second_off(struct page_call *call)
{
	struct login_result result = { 0 };
	enum rc rc;

	if ((rc = page_reauthenticate(call)) != RC_OK)
		return rc;
	rc = login_second_off(
	    call->people, &call->session, &call->from, &result);
	if ((rc = settle(call, rc, NULL, &result)) != RC_OK)
		return rc;
	(void)owner_mail(call, call->account.email, AUDIT_SECOND_OFF, NULL);
	return page_done(call, NULL, "The second factor is off.");
}

static enum rc
codes_new(struct page_call *call)
{
	struct login_result result = { 0 };
	struct login_codes codes = { 0 };
	enum rc rc;

	if ((rc = page_reauthenticate(call)) != RC_OK)
		return rc;
	rc = login_codes_new(
	    call->people, &call->session, &call->from, &codes, &result);
	if ((rc = settle(call, rc, NULL, &result)) != RC_OK)
		return rc;
	(void)owner_mail(call, call->account.email, AUDIT_RECOVERY_MADE, NULL);
	return show_codes(call, &codes);
}

/* --- sessions ------------------------------------------------------------- */

static enum rc
end_session(struct page_call *call)
{
	struct db *people = call->people->db;
	int64_t id = 0;
	enum rc rc;

	if ((rc = page_field_id(call, "session", &id)) != RC_OK)
		return rc;
	/* One's own ends by logging out. */
	if (id == call->session.id)
		return RC_NOT_FOUND;
	if ((rc = db_begin(people, DB_WRITE)) != RC_OK)
		return rc;
	rc = session_end(people, &call->caller, id);
	if (rc == RC_OK)
		rc = audit_add(people, &call->caller, AUDIT_SESSION_ENDED,
		    call->from.address_text, NULL, call->now);
	rc = db_end(people, rc);
	return rc == RC_OK ? page_done(call, NULL, "The session has ended.")
			   : rc;
}

static enum rc
end_others(struct page_call *call)
{
	struct db *people = call->people->db;
	char note[NOTICE_LEN];
	int64_t n = 0;
	enum rc rc;

	if ((rc = db_begin(people, DB_WRITE)) != RC_OK)
		return rc;
	rc = session_end_others(people, &call->caller, call->session.id, &n);
	(void)snprintf(note, sizeof(note), "%lld", (long long)n);
	if (rc == RC_OK && n > 0)
		rc = audit_add(people, &call->caller, AUDIT_SESSIONS_ENDED,
		    call->from.address_text, note, call->now);
	rc = db_end(people, rc);
	return rc == RC_OK
		   ? page_done(call, NULL, "All other sessions have ended.")
		   : rc;
}

static const char *const keep_email[] = { "email", NULL };

/* Who is suspended can still keep others out. */
static const struct page_form forms[] = {
	{ .name = "password", .run = password, .flags = PAGE_SUSPENDED },
	{ .name = "email", .run = email, .keep = keep_email },
	{ .name = "second_start", .run = second_start },
	{ .name = "second_on", .run = second_on, .flags = PAGE_ONCE },
	{ .name = "second_off", .run = second_off },
	{ .name = "codes_new", .run = codes_new, .flags = PAGE_ONCE },
	{ .name = "end_session", .run = end_session, .flags = PAGE_SUSPENDED },
	{ .name = "end_others", .run = end_others, .flags = PAGE_SUSPENDED },
	{ .name = NULL },
};

const struct page page_security = {
	.name = "security",
	.title = "Security",
	.get = get,
	.forms = forms,
};
