/* SPDX-License-Identifier: ISC */
/*
 * latchkey account, tier and credit: people, what they may call, and their
 * money.
 */
#include "cmd.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "account_admin.h"
#include "funds.h"
#include "ledger.h"
#include "login.h"
#include "money.h"
#include "password.h"

enum cmd_exit
cmd_account_add(struct cmd_call *call)
{
	const char *email = call->operand[0];
	const char *name = cmd_value(call, "name");
	const char *tier = cmd_value(call, "tier");
	const char *why = NULL;
	int64_t id = 0;
	enum rc rc;

	if ((rc = db_begin(call->db, DB_WRITE)) == RC_OK)
		rc = db_end(
		    call->db, account_admin_create(call->db, email,
				  name != NULL ? name : email,
				  tier != NULL ? tier : ACCOUNT_ADMIN_TIER,
				  call->now, &id, &why));
	if (rc == RC_OK)
		(void)printf("%" PRId64 "\n", id);
	return cmd_end(rc, why, "add the account %s", email);
}

static enum rc
add_account(void *list, const struct account_row *row)
{
	return cmd_append(list,
	    json_pack("{s:I, s:o, s:o, s:o, s:I, s:o, s:o, s:I, s:b, s:o, s:o}",
		"id", (json_int_t)row->id, "email", cmd_json_text(row->email),
		"name", cmd_json_text(row->name), "tier",
		cmd_json_text(row->tier), "calls_per_minute",
		(json_int_t)row->calls_per_minute, "balance",
		cmd_json_amount(row->balance_nano), "threshold",
		cmd_json_amount(row->low_nano), "active_keys",
		(json_int_t)row->active_keys, "suspended",
		row->suspended_at != 0, "suspended_at",
		cmd_json_time(row->suspended_at), "created_at",
		cmd_json_time(row->created_at)));
}

enum cmd_exit
cmd_account_list(struct cmd_call *call)
{
	static const struct cmd_column columns[] = {
		{ "id", "ID", 1 },
		{ "email", "EMAIL", 0 },
		{ "name", "NAME", 0 },
		{ "tier", "TIER", 0 },
		{ "balance", "BALANCE", 1 },
		{ "active_keys", "KEYS", 1 },
		{ "suspended", "SUSPENDED", 0 },
		{ "created_at", "CREATED", 0 },
		{ NULL, NULL, 0 },
	};
	json_t *list = json_array();
	enum rc rc;

	if ((rc = db_begin(call->db, DB_READ)) == RC_OK)
		rc = db_end(
		    call->db, account_admin_list(call->db, add_account, list));
	if (rc == RC_OK)
		return cmd_print_list(call, list, columns);
	json_decref(list);
	return cmd_end(rc, NULL, "list the accounts");
}

/* Suspends or unsuspends the account of the first operand. */
static enum cmd_exit
set_suspended(struct cmd_call *call, int suspended)
{
	const char *why = NULL;
	int64_t id = 0;
	enum rc rc;

	if ((rc = db_begin(call->db, DB_WRITE)) == RC_OK) {
		rc = cmd_account(call, call->operand[0], &id, &why);
		if (rc == RC_OK)
			rc = suspended ? account_admin_suspend(
					     call->db, id, call->now)
				       : account_admin_unsuspend(call->db, id);
		rc = db_end(call->db, rc);
	}
	return cmd_end(rc, why, "%s %s", suspended ? "suspend" : "unsuspend",
	    call->operand[0]);
}

enum cmd_exit
cmd_account_suspend(struct cmd_call *call)
{
	return set_suspended(call, 1);
}

enum cmd_exit
cmd_account_unsuspend(struct cmd_call *call)
{
	return set_suspended(call, 0);
}

enum cmd_exit
cmd_account_tier(struct cmd_call *call)
{
	const char *why = NULL;
	int64_t id = 0;
	enum rc rc;

	if ((rc = db_begin(call->db, DB_WRITE)) == RC_OK) {
		rc = cmd_account(call, call->operand[0], &id, &why);
		if (rc == RC_OK) {
			why = "no such tier";
			rc = account_admin_set_tier(
			    call->db, id, call->operand[1]);
		}
		rc = db_end(call->db, rc);
	}
	return cmd_end(rc, why, "put %s into the tier %s", call->operand[0],
	    call->operand[1]);
}

enum cmd_exit
cmd_account_threshold(struct cmd_call *call)
{
	const char *text = call->operand[1], *why = NULL;
	int64_t id = 0, low = 0;
	enum rc rc;

	if (money_parse(text, strlen(text), &low) != RC_OK)
		return cmd_refuse("cannot use %s: an amount is a decimal with "
				  "at most nine places",
		    text);
	if ((rc = db_begin(call->db, DB_WRITE)) == RC_OK) {
		rc = cmd_account(call, call->operand[0], &id, &why);
		if (rc == RC_OK)
			rc = account_admin_set_low(call->db, id, low);
		rc = db_end(call->db, rc);
	}
	return cmd_end(rc, why, "set the threshold of %s", call->operand[0]);
}

/*
 * Reads the first line of the standard input, where nobody sees it in a list
 * of processes; *len is what it is without its end, one more than
 * PASSWORD_MAX if it is longer.
 */
static enum rc
read_password(char password[PASSWORD_MAX + 2], size_t *len)
{
	int c;

	*len = 0;
	while (*len <= PASSWORD_MAX && (c = getchar()) != EOF && c != '\n')
		password[(*len)++] = (char)c;
	if (*len > 0 && password[*len - 1] == '\r')
		--*len;
	return ferror(stdin) ? RC_FAIL : RC_OK;
}

enum cmd_exit
cmd_account_password(struct cmd_call *call)
{
	const char *who = call->operand[0], *why = NULL;
	char password[PASSWORD_MAX + 2];
	struct people people;
	enum cmd_exit status;
	int64_t id = 0;
	size_t len = 0;
	enum rc rc;

	if ((status = cmd_people(call, &people)) != CMD_DONE)
		return status;
	/* The standard's own buffer would keep a copy. */
	(void)setvbuf(stdin, NULL, _IONBF, 0);
	rc = db_begin(call->db, DB_READ);
	if (rc == RC_OK)
		rc = db_end(call->db, cmd_account(call, who, &id, &why));
	if (rc == RC_OK)
		rc = read_password(password, &len);
	if (rc == RC_OK)
		rc = login_admin_password(&people, id, password, len,
		    cmd_value(call, "no-second-factor") != NULL, call->now,
		    &why);
	secret_wipe(password, sizeof(password));
	people_close(&people);
	return cmd_end(rc, why, "set the password of %s", who);
}

static enum rc
add_tier(void *list, const struct tier_row *row)
{
	return cmd_append(
	    list, json_pack("{s:o, s:I, s:I}", "name", cmd_json_text(row->name),
		      "calls_per_minute", (json_int_t)row->calls_per_minute,
		      "accounts", (json_int_t)row->accounts));
}

enum cmd_exit
cmd_tier_list(struct cmd_call *call)
{
	static const struct cmd_column columns[] = {
		{ "name", "NAME", 0 },
		{ "calls_per_minute", "CALLS/MIN", 1 },
		{ "accounts", "ACCOUNTS", 1 },
		{ NULL, NULL, 0 },
	};
	json_t *list = json_array();
	enum rc rc;

	if ((rc = db_begin(call->db, DB_READ)) == RC_OK)
		rc = db_end(
		    call->db, account_admin_tiers(call->db, add_tier, list));
	if (rc == RC_OK)
		return cmd_print_list(call, list, columns);
	json_decref(list);
	return cmd_end(rc, NULL, "list the tiers");
}

enum cmd_exit
cmd_tier_set(struct cmd_call *call)
{
	enum cmd_exit status;
	int64_t calls = 0;
	enum rc rc;

	status = cmd_number(call->operand[1], "the number of calls", 1,
	    ACCOUNT_ADMIN_CALLS_MAX, &calls);
	if (status != CMD_DONE)
		return status;
	if ((rc = db_begin(call->db, DB_WRITE)) == RC_OK)
		rc = db_end(call->db,
		    account_admin_set_calls(call->db, call->operand[0], calls));
	return cmd_end(rc, "no such tier", "set the tier %s", call->operand[0]);
}

enum cmd_exit
cmd_credit(struct cmd_call *call)
{
	const char *text = call->operand[1], *why = NULL;
	int adjust = cmd_value(call, "adjust") != NULL;
	int negative = text[0] == '-';
	struct caller caller = { .currency = call->config.currency };
	int64_t amount = 0, balance = 0;
	char buf[MONEY_TEXT_LEN];
	enum rc rc;

	if (money_parse(text + negative, strlen(text + negative), &amount) !=
	    RC_OK)
		return cmd_refuse(
		    "cannot credit %s: an amount is a decimal with at most "
		    "nine places",
		    text);
	if (negative && !adjust)
		return cmd_refuse("cannot credit %s: only --adjust takes a "
				  "negative amount",
		    text);
	if (negative)
		amount = -amount;
	if ((rc = db_begin(call->db, DB_WRITE)) == RC_OK) {
		rc = cmd_account(
		    call, call->operand[0], &caller.account_id, &why);
		if (rc == RC_OK)
			rc = funds_credit(call->db, &caller,
			    adjust ? LEDGER_ADJUSTMENT : LEDGER_DEPOSIT, amount,
			    cmd_value(call, "note"), call->now, &balance, &why);
		rc = db_end(call->db, rc);
	}
	if (rc == RC_OK)
		(void)puts(money_format(balance, buf));
	return cmd_end(rc, why, "credit %s to %s", text, call->operand[0]);
}
