/* SPDX-License-Identifier: ISC */
/*
 * second: the second factor at log-in, a code of an app or a recovery code.
 */
#include <string.h>

#include "page.h"

static enum rc
get(struct page_call *call)
{
	return page_set(call, "to", json_string(page_wanted(call)));
}

static enum rc
give(struct page_call *call)
{
	const char *code = page_field(call, "code");
	struct login_result result = { 0 };
	enum rc rc;

	if (code == NULL)
		return page_error(call, "code", "Give a code.");
	rc = login_second(call->people, &call->session, code, strlen(code),
	    &call->from, &result);
	call->retry_s = result.wait_s;
	if (rc == RC_DENIED)
		return page_error(call, "code",
		    "This code is wrong, or it was used before. Wait for the "
		    "next one.");
	if (rc != RC_OK)
		return rc;
	page_set_session(call, &result.token);
	session_wipe(&result.token);
	return page_done(call, page_wanted(call), NULL);
}

static const struct page_form forms[] = {
	{ .name = "second", .run = give },
	{ .name = NULL },
};

const struct page page_second = { .name = "second",
	.title = "Second factor",
	.access = PAGE_HALF,
	.get = get,
	.forms = forms };
