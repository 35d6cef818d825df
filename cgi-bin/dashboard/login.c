/* SPDX-License-Identifier: ISC */
/*
 * login: by e-mail address and password.  Where the second factor is on,
 * page "second" asks for it next.
 */
#include <stdio.h>
#include <string.h>

#include "page.h"

/* What is said whatever was wrong, so that nobody learns who is known. */
static const char denied[] = "The e-mail address or the password is wrong.";

static enum rc
get(struct page_call *call)
{
	enum rc rc;

	rc = page_set(call, "to", json_string(page_wanted(call)));
	if (rc == RC_OK)
		rc = page_set(
		    call, "sign_up", json_boolean(call->config->sign_up));
	return rc;
}

static enum rc
log_in(struct page_call *call)
{
	const char *email = page_field(call, "email");
	const char *password = page_password(call, "password");
	struct login_result result = { 0 };
	char second[PAGE_TO_LEN];
	enum rc rc;

	if (email == NULL || password == NULL)
		return page_error(call, NULL, denied);
	rc = login_password(call->people, email, password, strlen(password),
	    &call->from, &result);
	call->retry_s = result.wait_s;
	if (rc == RC_DENIED)
		return page_error(call, NULL, denied);
	if (rc != RC_OK)
		return rc;
	page_set_session(call, &result.token);
	session_wipe(&result.token);
	if (!result.needs_second)
		return page_done(call, page_wanted(call), NULL);
	(void)snprintf(
	    second, sizeof(second), "second?to=%s", page_wanted(call));
	return page_done(call, second, NULL);
}

static const char *const keep[] = { "email", NULL };
static const struct page_form forms[] = {
	{ .name = "login", .run = log_in, .keep = keep },
	{ .name = NULL },
};

const struct page page_login = { .name = "login",
	.title = "Log in",
	.access = PAGE_VISITOR,
	.get = get,
	.forms = forms };
