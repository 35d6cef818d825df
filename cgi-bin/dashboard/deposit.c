/* SPDX-License-Identifier: ISC */
/*
 * /dashboard/deposit: tells the operator of money that is on its way in.
 */
#include "money_form.h"
#include "money_request.h"
#include "page.h"

static enum rc
get(struct page_call *call)
{
	return page_set(
	    call, "deposit_text", json_string(call->config->deposit_text));
}

static enum rc
ask(struct page_call *call)
{
	const char *how = page_field(call, "how"), *what = "";
	int64_t amount = 0, id = 0;
	enum rc rc;

	if ((rc = money_form_amount(call, &amount)) != RC_OK)
		return rc;
	if (how == NULL)
		return page_error(call, "how", "Say how you pay.");
	if ((rc = db_begin(call->db, DB_WRITE)) == RC_OK)
		rc = db_end(
		    call->db, money_request_deposit(call->db, &call->caller,
				  amount, how, call->now, &id, &what));
	if (rc != RC_OK)
		return money_form_refused(call, NULL, rc, what);
	return page_done(call, "funds",
	    "The operator knows. The amount is on your balance when the money "
	    "has come.");
}

static const char *const keep[] = { "amount", "how", NULL };

static const struct page_form forms[] = {
	{ .name = "ask", .run = ask, .flags = PAGE_ONCE, .keep = keep },
	{ .name = NULL },
};

const struct page page_deposit = {
	.name = "deposit",
	.title = "Pay in",
	.menu = "funds",
	.get = get,
	.forms = forms,
};
