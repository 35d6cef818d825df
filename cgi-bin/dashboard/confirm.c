/* SPDX-License-Identifier: ISC */
/*
 * confirm: where the mail of a sign-up leads to.  Looking at the page does
 * nothing, since programs that look into mails follow links; its form takes
 * the password and makes the account.
 */
#include <string.h>

#include "page.h"

static enum rc
get(struct page_call *call)
{
	return page_set_link(call, MAIL_TOKEN_SIGN_UP);
}

static enum rc
confirm(struct page_call *call)
{
	const char *token = page_link(call);
	const char *password = page_password(call, "new_password");
	struct login_result result = { 0 };
	enum rc rc;

	if (password == NULL)
		return page_error(call, "new_password", "Choose a password.");
	rc = login_confirm(call->people, token, strlen(token), password,
	    strlen(password), &call->from, &result);
	call->retry_s = result.wait_s;
	if (rc == RC_INVALID)
		return page_error(call, "new_password", result.why);
	if (rc == RC_DENIED)
		return page_error(call, NULL,
		    "The link of this mail is good for nothing any more.");
	if (rc != RC_OK)
		return rc;
	page_set_session(call, &result.token);
	session_wipe(&result.token);
	return page_done(call, "overview", "Welcome: the account is yours.");
}

static const struct page_form forms[] = {
	{ .name = "confirm", .run = confirm },
	{ .name = NULL },
};

const struct page page_confirm = { .name = "confirm",
	.title = "Choose a password",
	.access = PAGE_ANYBODY,
	.get = get,
	.forms = forms };
