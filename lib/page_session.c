/* SPDX-License-Identifier: ISC */
/*
 * Who is there, and who belongs to another page.
 */
#include "page_way.h"

#include <stdio.h>
#include <string.h>

static void
forget_session(struct page_call *call)
{
	memset(&call->session, 0, sizeof(call->session));
	memset(&call->account, 0, sizeof(call->account));
	memset(&call->caller, 0, sizeof(call->caller));
	call->caller.currency = call->config->currency;
}

enum rc
page_find_session(struct page_way *way)
{
	struct page_call *call = &way->call;
	struct session_token token;
	enum rc rc;

	forget_session(call);
	rc = page_get_cookie(way, PAGE_SESSION_COOKIE, SESSION_TOKEN_LEN,
	    SESSION_TOKEN_LEN, token.s);
	if (rc != RC_OK) /* none, or none of ours */
		return RC_OK;
	rc = session_find(call->people->db, token.s, SESSION_TOKEN_LEN,
	    call->now, &call->session);
	session_wipe(&token);
	if (rc == RC_OK) {
		call->caller.account_id = call->session.account_id;
		rc = db_begin(call->db, DB_READ);
		if (rc == RC_OK)
			rc = db_end(
			    call->db, account_find(call->db, &call->caller,
					  &call->account));
		else
			forget_session(call);
	}
	if (rc == RC_DENIED || rc == RC_NOT_FOUND) {
		forget_session(call);
		page_set_cookie(way, PAGE_SESSION_COOKIE, "", -1);
		way->is_over = 1;
		rc = RC_OK;
	}
	/* Nobody acts for an account before both factors are given. */
	if (rc == RC_OK && call->session.stage != SESSION_FULL) {
		memset(&call->account, 0, sizeof(call->account));
		call->caller.account_id = 0;
	}
	return rc;
}

/* A 303 of the framework's own. */
static enum rc
go_to(struct page_way *way, const char *to)
{
	(void)snprintf(way->to, sizeof(way->to), "%s", to);
	return RC_OK;
}

enum rc
page_check_access(struct page_way *way)
{
	static const char over[] = "You have been logged out. Log in again.";
	const struct page_call *call = &way->call;
	const struct session *session = &call->session;
	char to[PAGE_TO_LEN];

	switch (call->page->access) {
	case PAGE_ACCOUNT:
		if (session->id != 0 && session->stage == SESSION_FULL)
			return RC_OK;
		if (session->id != 0)
			return go_to(way, "second");
		if (way->is_over)
			(void)snprintf(
			    way->notice, sizeof(way->notice), "%s", over);
		(void)snprintf(to, sizeof(to), "login?to=%s", call->page->name);
		return go_to(way, to);
	case PAGE_HALF:
		if (session->id != 0 && session->stage != SESSION_FULL)
			return RC_OK;
		return go_to(way, session->id != 0 ? "overview" : "login");
	case PAGE_VISITOR:
		if (session->id == 0 || session->stage != SESSION_FULL)
			return RC_OK;
		return go_to(way, "overview");
	case PAGE_ANYBODY:
	case PAGE_CONSTANT:
		break;
	}
	return RC_OK;
}
