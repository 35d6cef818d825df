/* SPDX-License-Identifier: ISC */
/*
 * logout: ends the session, by a form alone, so that no link or picture can
 * log anybody out.
 */
#include "page.h"

static enum rc
log_out(struct page_call *call)
{
	enum rc rc = RC_OK;

	if (call->session.id != 0)
		rc = login_out(call->people, &call->session, &call->from);
	if (rc != RC_OK && rc != RC_DENIED && rc != RC_NOT_FOUND)
		return rc;
	page_set_session(call, NULL);
	return page_done(call, "login", "You are logged out.");
}

static const struct page_form forms[] = {
	{ .name = "out", .run = log_out },
	{ .name = NULL },
};

const struct page page_logout = { .name = "logout",
	.title = "Log out",
	.access = PAGE_ANYBODY,
	.forms = forms };
