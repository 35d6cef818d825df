/* SPDX-License-Identifier: ISC */
/*
 * /dashboard/withdraw: asks the operator to pay out.  The amount is taken at
 * once; password and second factor are asked for again.
 *
 * A process that is killed between the steps leaves either nothing, or the
 * request without its line in the security history: the statement has it.
 */
#include <stdio.h>

#include "audit.h"
#include "money.h"
#include "money_form.h"
#include "money_request.h"
#include "page.h"

enum { NOTE_LEN = 128 };

static enum rc
get(struct page_call *call)
{
	return page_set_reauth(call);
}

/* The owner's mail: whoever else has got in cannot hide it. */
static enum rc
tell(struct page_call *call, int64_t id, int64_t amount_nano, const char *how)
{
	char amount[MONEY_TEXT_LEN], url[PAGE_URL_LEN];
	const char *brand = page_brand(call);

	if (page_url(call, "funds", url) != RC_OK)
		return RC_FAIL;
	return page_mail_text(call, call->account.email, "Withdrawal at ",
	    brand,
	    "Somebody, probably you, has asked %s to pay out\n\n"
	    "    %s %s\n    %s\n\n"
	    "from the network address %s. This is request %lld; the amount\n"
	    "has been taken from your balance.\n\n"
	    "If it was not you, tell the operator at once and change your\n"
	    "password.\n\n%s\n",
	    brand, money_format(amount_nano, amount), call->config->currency,
	    how, call->from.address_text, (long long)id, url);
}

/* The security history.  What has been asked for stays asked for. */
static void
note(struct page_call *call, int64_t amount_nano)
{
	char amount[MONEY_TEXT_LEN], text[NOTE_LEN];

	(void)snprintf(text, sizeof(text), "%s %s",
	    money_format(amount_nano, amount), call->config->currency);
	if (db_begin(call->people->db, DB_WRITE) == RC_OK)
		(void)db_end(call->people->db,
		    audit_add(call->people->db, &call->caller, AUDIT_WITHDRAWAL,
			call->from.address_text, text, call->now));
}

static enum rc
ask(struct page_call *call)
{
	const char *how = page_field(call, "how"), *what = "";
	int64_t amount = 0, id = 0, balance = 0;
	enum rc rc;

	if ((rc = money_form_amount(call, &amount)) != RC_OK)
		return rc;
	if (how == NULL)
		return page_error(call, "how", "Say where it is to be paid.");
	if ((rc = page_reauthenticate(call)) != RC_OK)
		return rc;
	if ((rc = db_begin(call->db, DB_WRITE)) == RC_OK)
		rc = db_end(call->db,
		    money_request_withdraw(call->db, &call->caller, amount, how,
			call->now, &id, &balance, &what));
	if (rc != RC_OK)
		return money_form_refused(call, NULL, rc, what);
	note(call, amount);
	/* A mail that cannot be made undoes nothing, and is in the log. */
	(void)tell(call, id, amount, how);
	return page_done(call, "funds",
	    "The operator knows. The amount is held until it is paid out.");
}

static const char *const keep[] = { "amount", "how", NULL };

static const struct page_form forms[] = {
	{ .name = "ask", .run = ask, .flags = PAGE_ONCE, .keep = keep },
	{ .name = NULL },
};

const struct page page_withdraw = {
	.name = "withdraw",
	.title = "Have money paid out",
	.menu = "funds",
	.get = get,
	.forms = forms,
};
