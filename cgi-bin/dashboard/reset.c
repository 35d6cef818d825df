/* SPDX-License-Identifier: ISC */
/*
 * reset: where the mail of a forgotten password leads to.  Looking at the
 * page does nothing, since programs that look into mails follow links; its
 * form sets the password.
 */
#include <string.h>

#include "page.h"

static enum rc
get(struct page_call *call)
{
	return page_set_link(call, MAIL_TOKEN_RESET);
}

static enum rc
reset(struct page_call *call)
{
	const char *token = page_link(call);
	const char *password = page_password(call, "new_password");
	struct login_result result = { 0 };
	enum rc rc;

	if (password == NULL)
		return page_error(call, "new_password", "Choose a password.");
	rc = login_reset(call->people, token, strlen(token), password,
	    strlen(password), &call->from, &result);
	call->retry_s = result.wait_s;
	if (rc == RC_INVALID)
		return page_error(call, "new_password", result.why);
	if (rc == RC_DENIED)
		return page_error(call, NULL,
		    "The link of this mail is good for nothing any more.");
	if (rc != RC_OK)
		return rc;
	/* Whoever is logged in on this browser: the log-in comes next. */
	page_set_session(call, NULL);
	return page_done(call, "login",
	    "The new password is set, and all sessions have ended. Log in.");
}

static const struct page_form forms[] = {
	{ .name = "reset", .run = reset },
	{ .name = NULL },
};

const struct page page_reset = { .name = "reset",
	.title = "Set a new password",
	.access = PAGE_ANYBODY,
	.get = get,
	.forms = forms };
