/* SPDX-License-Identifier: ISC */
/*
 * Forms: bound to a browser, counted, found, and run, those that take effect
 * once only once.
 */
#include "page_way.h"

#include <string.h>

#include "rate.h"

enum rc
page_bind_forms(struct page_way *way)
{
	const struct page_call *call = &way->call;
	char visitor[SESSION_TOKEN_LEN + 1];
	enum rc rc;

	way->token.page = call->page->name;
	way->is_stable = 1;
	if (call->session.id != 0 && call->page->access != PAGE_VISITOR) {
		memcpy(way->token.browser, call->session.hash,
		    sizeof(way->token.browser));
		return RC_OK;
	}
	if (call->page->forms == NULL)
		return RC_OK;
	rc = page_get_cookie(way, PAGE_VISITOR_COOKIE, SESSION_TOKEN_LEN,
	    SESSION_TOKEN_LEN, visitor);
	if (rc != RC_OK) {
		way->is_stable = 0;
		rc = secret_random_base62(visitor, SESSION_TOKEN_LEN);
		if (rc == RC_OK)
			page_set_cookie(way, PAGE_VISITOR_COOKIE, visitor, 0);
	}
	if (rc == RC_OK)
		rc = secret_sha256(
		    visitor, SESSION_TOKEN_LEN, way->token.browser);
	return rc;
}

/* Finds the form that was sent, and believes that it is ours. */
static enum rc
find_form(struct page_way *way)
{
	const struct page_form *form = way->call.page->forms;
	const char *name = form_get(way->form, "form"), *once;
	enum rc rc;

	if (name == NULL)
		return page_refuse(way, 400, NULL);
	while (form->name != NULL && strcmp(form->name, name) != 0)
		form++;
	if (form->name == NULL)
		return page_refuse(way, 400, NULL);
	if ((form->flags & PAGE_ONCE) != 0) {
		once = form_get(way->form, "once");
		if (once == NULL || strlen(once) != FORM_ONCE_LEN)
			return page_refuse(way, 400, NULL);
		memcpy(way->once, once, FORM_ONCE_LEN + 1);
	}
	way->token.form = form->name;
	way->token.once = way->once;
	rc = form_token_verify(
	    &way->server->pepper, &way->token, form_get(way->form, "token"));
	if (rc == RC_DENIED || !way->is_stable)
		return page_refuse(way, 403,
		    "This form is out of date. Go back, load the page anew "
		    "and send it again. If that does not help, see that your "
		    "browser takes cookies of this site.");
	if (rc == RC_OK && way->call.caller.suspended &&
	    way->call.page->access == PAGE_ACCOUNT &&
	    (form->flags & PAGE_SUSPENDED) == 0)
		return page_refuse(way, 403,
		    "This account is suspended: it can look at everything, "
		    "but change nothing. Ask the operator.");
	way->sent = form;
	return rc;
}

static const char SQL_USE[] =
    "INSERT INTO form_used (account_id, id, used_at) VALUES ($1, $2, $3)"
    " ON CONFLICT DO NOTHING";

/*
 * Before a form takes effect in the other database it is written down that
 * it has: a process killed in between leaves a form that is good for
 * nothing, and what it asked for undone, never done twice.  RC_NOT_FOUND if
 * it was sent before.
 */
static enum rc
use_form(struct page_way *way)
{
	struct db *db = way->people->db;
	enum rc rc;

	rc = db_begin(db, DB_WRITE);
	if (rc != RC_OK)
		return rc;
	rc = db_run(db, SQL_USE,
	    DB_ARGS(DB_INT(way->call.caller.account_id),
		DB_BLOB(way->once, FORM_ONCE_LEN), DB_INT(way->call.now)));
	if (rc == RC_OK && db_changes(db) == 0)
		rc = RC_NOT_FOUND;
	return db_end(db, rc);
}

static const char SQL_UNUSE[] =
    "DELETE FROM form_used WHERE account_id = $1 AND id = $2";

/* It took no effect: it can be sent again. */
static enum rc
unuse_form(struct page_way *way)
{
	struct db *db = way->people->db;
	enum rc rc;

	rc = db_begin(db, DB_WRITE);
	if (rc != RC_OK)
		return rc;
	return db_end(db, db_run(db, SQL_UNUSE,
			      DB_ARGS(DB_INT(way->call.caller.account_id),
				  DB_BLOB(way->once, FORM_ONCE_LEN))));
}

static enum rc
count(struct page_way *way)
{
	struct rate_count c;
	size_t denied;
	enum rc rc;

	rate_count_ip(&c, way->request.address, way->server->config.rate_ip);
	rc = rate_admit(way->server->rate, &c, 1, way->call.now, &denied);
	if (rc == RC_LIMITED && c.reset > way->call.now)
		way->call.retry_s = c.reset - way->call.now;
	return rc;
}

/* What failed half-way has nothing open; a constant page has no database. */
void
page_close_transactions(struct page_call *call)
{
	if (call->people == NULL)
		return;
	db_rollback(call->db);
	db_rollback(call->people->db);
}

enum rc
page_run_form(struct page_way *way)
{
	struct page_call *call = &way->call;
	int once;
	enum rc rc;

	rc = count(way);
	if (rc == RC_OK)
		rc = find_form(way);
	if (rc != RC_OK)
		return rc;
	once = (way->sent->flags & PAGE_ONCE) != 0;
	if (once) {
		rc = use_form(way);
		if (rc == RC_NOT_FOUND)
			return page_done(call, NULL,
			    "This form was sent before, and has not been "
			    "carried out again.");
		if (rc != RC_OK)
			return rc;
	}
	call->form = way->form;
	rc = way->sent->run(call);
	page_close_transactions(call);
	if (once && rc != RC_OK)
		(void)unuse_form(way);
	if (rc == RC_OK && !way->is_shown && way->to[0] == '\0')
		rc = page_done(call, NULL, NULL);
	/* Shown once more, with what is wrong. */
	if (rc == RC_INVALID && way->status == 0 && way->errors != NULL) {
		way->status = 422;
		rc = RC_OK;
	}
	return rc;
}
