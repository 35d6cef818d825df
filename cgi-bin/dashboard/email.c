/* SPDX-License-Identifier: ISC */
/*
 * /dashboard/email: where the link leads that confirms a new address.  The
 * address changes by the page's form, since programs that look into mails
 * follow links.
 */
#include <string.h>

#include "login.h"
#include "owner_mail.h"
#include "page.h"
#include "text.h"

static enum rc
get(struct page_call *call)
{
	const char *token = page_query(call, "token");

	if (token == NULL && call->form != NULL)
		token = page_field(call, "mailed");
	if (token == NULL)
		return RC_NOT_FOUND;
	return page_set(call, "mailed", json_string(token));
}

/* The browser's session, if it is of that account, gets a new token. */
static enum rc
renew(struct page_call *call, int64_t account_id)
{
	struct db *people = call->people->db;
	struct session_token token = { "" };
	enum rc rc;

	if (call->session.id == 0 || call->session.account_id != account_id)
		return page_done(
		    call, "login", "The address is changed.  Log in with it.");
	if ((rc = db_begin(people, DB_WRITE)) == RC_OK)
		rc = db_end(people, session_renew(people, call->session.stage,
					call->now, &call->session, &token));
	if (rc == RC_OK)
		page_set_session(call, &token);
	session_wipe(&token);
	return page_done(call, "security", "The address is changed.");
}

static enum rc
change(struct page_call *call)
{
	const char *token = page_field(call, "mailed");
	struct login_result result = { 0 };
	char old[TEXT_EMAIL_MAX + 1] = "";
	enum rc rc;

	if (token == NULL)
		return RC_NOT_FOUND;
	rc = login_email_change(call->people, token, strlen(token),
	    call->session.id, &call->from, old, &result);
	call->retry_s = result.wait_s;
	if (rc == RC_DENIED)
		return page_error(call, NULL,
		    "This link is good for nothing: it was used, it is older "
		    "than a day, or the address belongs to another account.  "
		    "Ask for the change once more.");
	if (rc != RC_OK)
		return rc;
	/* What the history has now is told to the old address as well. */
	(void)owner_mail(call, old, AUDIT_EMAIL, NULL);
	return renew(call, result.account_id);
}

static const struct page_form forms[] = {
	{ .name = "change", .run = change, .flags = PAGE_SUSPENDED },
	{ .name = NULL },
};

const struct page page_email = {
	.name = "email",
	.title = "Confirm an address",
	.menu = "security",
	.access = PAGE_ANYBODY,
	.get = get,
	.forms = forms,
};
