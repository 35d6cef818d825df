/* SPDX-License-Identifier: ISC */
/*
 * latchkey demo: a catalogue, two accounts with money and keys, a password
 * for the first, and orders in several states, so that a newcomer has
 * something to look at.
 */
#include "cmd.h"

#include <stdio.h>

#include "account_admin.h"
#include "api_key_admin.h"
#include "form.h"
#include "funds.h"
#include "ledger.h"
#include "login.h"
#include "migrate.h"
#include "money.h"
#include "order.h"
#include "order_admin.h"
#include "refill.h"

enum { DAY = 86400, ACCOUNTS = 2, PASSWORD_LEN = 20 };

static const struct {
	const char *email, *name, *tier;
	int64_t balance_nano;
	const char *variable; /* of the shell, for the key */
} demo_accounts[ACCOUNTS] = {
	{ "demo@example.test", "Demo reseller", "Reseller", 100 * MONEY_UNIT,
	    "API_KEY" },
	{ "demo2@example.test", "Second demo reseller", "Standard",
	    50 * MONEY_UNIT, "API_KEY_2" },
};

/* Orders of the past; each is placed, set at work, and then moved. */
static const struct {
	size_t account;
	const char *service, *link, *quantity, *comments;
	int64_t age;        /* seconds since it was placed */
	int status;         /* enum order_status, where it ends */
	int64_t remains;    /* -1: as it comes */
	int cancel, refill; /* what its owner then asks for */
} demo_orders[] = {
	{ 0, "1", "https://files.example.test/flyer.pdf", "100", NULL, 5 * DAY,
	    ORDER_COMPLETED, -1, 0, 1 },
	{ 0, "5", "https://files.example.test/manual.txt", "200", NULL, 4 * DAY,
	    ORDER_PARTIAL, 40, 0, 0 },
	{ 0, "3", "https://files.example.test/card.pdf", NULL, NULL, 3 * DAY,
	    ORDER_IN_PROGRESS, -1, 0, 0 },
	{ 0, "2", "https://files.example.test/sticker.svg", "100", NULL,
	    2 * DAY, ORDER_CANCELED, -1, 0, 0 },
	{ 0, "10", "https://files.example.test/thesis.odt", "400", NULL, DAY,
	    ORDER_PROCESSING, 250, 1, 0 },
	{ 0, "4", "https://files.example.test/badge.svg", NULL,
	    "Ada\nGrace\nKatherine", DAY / 24, ORDER_PENDING, -1, 0, 0 },
	{ 1, "7", "https://files.example.test/talk.ogg", "10", NULL, 2 * DAY,
	    ORDER_COMPLETED, -1, 0, 0 },
	{ 1, "1", "https://files.example.test/poster.pdf", "60", NULL, DAY / 2,
	    ORDER_PENDING, -1, 0, 0 },
};

static const char SQL_ACCOUNTS[] = "SELECT COUNT(*) FROM account";
static const char SQL_SERVICES[] = "SELECT COUNT(*) FROM service";

/* RC_LIMITED if the site is in use. */
static enum rc
check_empty(struct db *db)
{
	int64_t accounts = 0, services = 0;
	enum rc rc;

	if ((rc = db_one(db, SQL_ACCOUNTS, DB_NO_ARGS, &accounts)) != RC_OK ||
	    (rc = db_one(db, SQL_SERVICES, DB_NO_ARGS, &services)) != RC_OK)
		return rc;
	return accounts + services == 0 ? RC_OK : RC_LIMITED;
}

static enum rc
add_account(struct cmd_call *call, const struct pepper *pepper, size_t i,
    struct caller *caller, struct api_key_text *key)
{
	int64_t then = call->now - 6 * DAY, balance = 0;
	const char *what;
	enum rc rc;

	caller->currency = call->config.currency;
	rc = account_admin_create(call->db, demo_accounts[i].email,
	    demo_accounts[i].name, demo_accounts[i].tier, then,
	    &caller->account_id, &what);
	if (rc == RC_OK)
		rc = funds_credit(call->db, caller, LEDGER_DEPOSIT,
		    demo_accounts[i].balance_nano, "demo", then, &balance,
		    &what);
	if (rc == RC_OK)
		rc = api_key_admin_create(
		    call->db, pepper, caller, "Demo", call->now, key);
	return rc;
}

/* Catalogue, accounts, money and keys: all of it or nothing. */
static enum rc
add_accounts(struct cmd_call *call, const struct pepper *pepper,
    struct caller callers[ACCOUNTS], struct api_key_text keys[ACCOUNTS])
{
	enum rc rc;
	size_t i;

	if ((rc = db_begin(call->db, DB_WRITE)) != RC_OK)
		return rc;
	rc = check_empty(call->db);
	if (rc == RC_OK)
		rc = db_script(call->db, migrate_demo_sql);
	for (i = 0; i < ACCOUNTS && rc == RC_OK; i++)
		rc = add_account(call, pepper, i, &callers[i], &keys[i]);
	return db_end(call->db, rc);
}

static enum rc
place(struct cmd_call *call, const struct caller *caller, size_t i, int64_t *id)
{
	struct form *form = NULL;
	struct why why = { 0 };
	enum rc rc;

	if ((rc = form_new(&form)) != RC_OK ||
	    (rc = form_add(form, "service", demo_orders[i].service)) != RC_OK ||
	    (rc = form_add(form, "link", demo_orders[i].link)) != RC_OK)
		goto out;
	if (demo_orders[i].quantity != NULL)
		rc = form_add(form, "quantity", demo_orders[i].quantity);
	if (rc == RC_OK && demo_orders[i].comments != NULL)
		rc = form_add(form, "comments", demo_orders[i].comments);
	if (rc == RC_OK)
		rc = order_place(call->db, caller, form,
		    call->now - demo_orders[i].age, id, &why);
out:
	form_free(form);
	return rc;
}

/* Moves a placed order to where it ends, in steps of three hours. */
static enum rc
move(struct cmd_call *call, const struct caller *caller, size_t i, int64_t id)
{
	struct order_change change = { .start_count = 0, .remains = -1 };
	int64_t then = call->now - demo_orders[i].age, refill = 0;
	struct why why = { 0 };
	const char *what;
	enum rc rc = RC_OK;

	if (demo_orders[i].status == ORDER_PENDING)
		return RC_OK;
	if (demo_orders[i].status != ORDER_CANCELED) {
		change.status = ORDER_IN_PROGRESS;
		rc = order_admin_set(call->db, id, &change,
		    call->config.currency, then += 3 * 3600, &what);
	}
	change.status = demo_orders[i].status;
	change.remains = demo_orders[i].remains;
	change.note = "demo";
	if (rc == RC_OK && demo_orders[i].status != ORDER_IN_PROGRESS)
		rc = order_admin_set(call->db, id, &change,
		    call->config.currency, then + 3 * 3600, &what);
	if (rc == RC_OK && demo_orders[i].cancel)
		rc = order_cancel(call->db, caller, id, call->now, &why);
	if (rc == RC_OK && demo_orders[i].refill)
		rc = refill_request(call->db, caller, id,
		    call->config.refill_limit, call->now, &refill, &why);
	return rc;
}

static enum rc
add_orders(struct cmd_call *call, const struct caller callers[ACCOUNTS])
{
	const struct caller *caller;
	enum rc rc = RC_OK;
	int64_t id = 0;
	size_t i;

	for (i = 0; i < sizeof(demo_orders) / sizeof(demo_orders[0]); i++) {
		caller = &callers[demo_orders[i].account];
		if ((rc = place(call, caller, i, &id)) != RC_OK ||
		    (rc = db_begin(call->db, DB_WRITE)) != RC_OK)
			break;
		rc = db_end(call->db, move(call, caller, i, id));
		if (rc != RC_OK)
			break;
	}
	return rc;
}

/* Gives the first account a random password, and prints it. */
static enum cmd_exit
add_password(
    struct cmd_call *call, struct people *people, const struct caller *caller)
{
	char password[PASSWORD_LEN + 1];
	const char *why = NULL;
	enum rc rc;

	rc = secret_random_base62(password, PASSWORD_LEN);
	if (rc == RC_OK)
		rc = login_admin_password(people, caller->account_id, password,
		    PASSWORD_LEN, 0, call->now, &why);
	if (rc == RC_OK)
		(void)printf("CUSTOMER_EMAIL='%s'\nCUSTOMER_PASSWORD='%s'\n",
		    demo_accounts[0].email, password);
	secret_wipe(password, sizeof(password));
	return cmd_end(rc, why, "set a demo password");
}

/* Fills the site and prints what opens it. */
static enum cmd_exit
fill(struct cmd_call *call, struct people *people)
{
	struct api_key_text keys[ACCOUNTS] = { { "" } };
	struct caller callers[ACCOUNTS] = { { 0 } };
	enum cmd_exit status;
	enum rc rc;
	size_t i;

	rc = add_accounts(call, &people->pepper, callers, keys);
	for (i = 0; i < ACCOUNTS && rc == RC_OK; i++)
		(void)printf("%s='%s'\n", demo_accounts[i].variable, keys[i].s);
	for (i = 0; i < ACCOUNTS; i++)
		api_key_admin_wipe(&keys[i]);
	if (rc != RC_OK)
		return cmd_end(rc,
		    rc == RC_LIMITED ? "the site is in use" : NULL,
		    "fill the site");
	status = add_password(call, people, &callers[0]);
	if (status != CMD_DONE)
		return status;
	return cmd_end(add_orders(call, callers), NULL, "place demo orders");
}

enum cmd_exit
cmd_demo(struct cmd_call *call)
{
	struct people people;
	enum cmd_exit status;

	if ((status = cmd_people(call, &people)) != CMD_DONE)
		return status;
	status = fill(call, &people);
	people_close(&people);
	return status;
}
