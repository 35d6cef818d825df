/* SPDX-License-Identifier: ISC */
/*
 * /dashboard/account: name, time zone, low-balance threshold, and closing.
 */
#include <stdio.h>
#include <string.h>

#include "account_close.h"
#include "account_settings.h"
#include "login.h"
#include "money.h"
#include "owner_mail.h"
#include "page.h"
#include "text.h"
#include "zone.h"

/* What the main database has, inside a transaction. */
static enum rc
read_account(
    struct page_call *call, int64_t *low_nano, struct account_left *left)
{
	enum rc rc;

	rc = account_settings_low(call->db, &call->caller, low_nano);
	return rc == RC_OK ? account_close_look(call->db, &call->caller, left)
			   : rc;
}

static enum rc
get(struct page_call *call)
{
	char low[MONEY_TEXT_LEN], balance[MONEY_TEXT_LEN];
	struct account_left left = { 0 };
	struct login_state state;
	struct zone zone;
	int64_t low_nano = 0;
	enum rc rc;

	if ((rc = login_state(call->people, &call->caller, &state)) != RC_OK ||
	    (rc = db_begin(call->db, DB_READ)) != RC_OK)
		return rc;
	rc = db_end(call->db, read_account(call, &low_nano, &left));
	if (rc == RC_OK)
		rc = page_set(call, "reauth",
		    json_pack("{s:b}", "second", state.second_on));
	if (rc == RC_OK)
		rc = page_set(call, "time_zone", json_string(state.time_zone));
	if (rc == RC_OK && zone_find(state.time_zone, &zone) != RC_OK)
		rc = page_set(call, "zone_unknown", json_true());
	if (rc == RC_OK)
		rc = page_set(call, "threshold",
		    json_string(money_format(low_nano, low)));
	if (rc == RC_OK)
		rc = page_set(call, "left",
		    json_pack("{s:s, s:b, s:I, s:I, s:I, s:I}", "balance",
			money_format(left.balance_nano, balance), "has_balance",
			left.balance_nano > 0, "orders",
			(json_int_t)left.open_orders, "requests",
			(json_int_t)left.open_requests, "keys",
			(json_int_t)left.active_keys, "webhooks",
			(json_int_t)left.webhooks));
	return rc;
}

/*
 * The zone first: if what follows fails, the next try repeats it and nothing
 * is lost.
 */
static enum rc
profile(struct page_call *call)
{
	const char *name = page_field(call, "name");
	const char *zone = page_field(call, "time_zone");
	enum rc rc;

	if (name == NULL || !text_is_line(name, TEXT_NAME_MAX))
		return page_error(
		    call, "name", "A name is one line of at most 200 bytes.");
	rc = login_set_time_zone(
	    call->people, &call->caller, zone != NULL ? zone : "");
	if (rc == RC_INVALID)
		return page_error(call, "time_zone",
		    "A time zone has a name like Europe/Vienna or UTC.");
	if (rc != RC_OK || (rc = db_begin(call->db, DB_WRITE)) != RC_OK)
		return rc;
	rc = db_end(
	    call->db, account_settings_set_name(call->db, &call->caller, name));
	return rc == RC_OK ? page_done(call, NULL, "It is changed.") : rc;
}

static enum rc
threshold(struct page_call *call)
{
	const char *text = page_field(call, "threshold");
	int64_t low_nano = 0;
	enum rc rc;

	if (text == NULL || money_parse(text, strlen(text), &low_nano) != RC_OK)
		return page_error(call, "threshold",
		    "Give an amount like 25.00, or 0 for never.");
	if ((rc = db_begin(call->db, DB_WRITE)) != RC_OK)
		return rc;
	rc = db_end(call->db,
	    account_settings_set_low(call->db, &call->caller, low_nano));
	return rc == RC_OK ? page_done(call, NULL, "It is changed.") : rc;
}

/* Says why the account was not closed. */
static enum rc
refuse(struct page_call *call, const struct account_left *left)
{
	if (left->open_orders > 0)
		return page_error(call, "close",
		    "There are orders that are not finished.  Wait for them, "
		    "or cancel them first.");
	if (left->open_requests > 0)
		return page_error(call, "close",
		    "There are requests that the operator has not answered.  "
		    "Wait for them, or cancel them first.");
	return page_error(call, "leave",
	    "The balance has changed meanwhile.  Look at it again.");
}

/*
 * The main database first: once the account is closed there, no session of
 * it is good for anything, also if this process ends before they are ended.
 */
static enum rc
close_account(struct page_call *call)
{
	const char *balance = page_field(call, "balance");
	struct account_left left;
	int64_t leave_nano = 0;
	enum rc rc;

	if (balance == NULL ||
	    money_parse(balance, strlen(balance), &leave_nano) != RC_OK)
		return page_error(call, "close", "The form is not complete.");
	if (leave_nano > 0 && page_field(call, "leave") == NULL)
		return page_error(call, "leave",
		    "Say that you leave the balance behind, or use it or "
		    "withdraw it first.");
	if ((rc = page_reauthenticate(call)) != RC_OK ||
	    (rc = db_begin(call->db, DB_WRITE)) != RC_OK)
		return rc;
	rc = db_end(call->db, account_close(call->db, &call->caller, leave_nano,
				  call->now, &left));
	if (rc == RC_LIMITED)
		return refuse(call, &left);
	if (rc != RC_OK)
		return rc;
	(void)login_close(call->people, &call->caller, &call->from);
	(void)owner_mail(call, call->account.email, AUDIT_CLOSED, NULL);
	page_set_session(call, NULL);
	return page_done(call, "login", "The account is closed.");
}

static const char *const keep_profile[] = { "name", "time_zone", NULL };
static const char *const keep_threshold[] = { "threshold", NULL };

static const struct page_form forms[] = {
	{ .name = "profile", .run = profile, .keep = keep_profile },
	{ .name = "threshold", .run = threshold, .keep = keep_threshold },
	{ .name = "close", .run = close_account },
	{ .name = NULL },
};

const struct page page_account = {
	.name = "account",
	.title = "Account",
	.get = get,
	.forms = forms,
};
