/* SPDX-License-Identifier: ISC */
/*
 * lib/site: every kind of damage, made by hand through SQLite past all
 * rules, is found and named; what is in order is not complained about.
 */
#include "site.h"

#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fixture.h"
#include "funds.h"
#include "money_request_admin.h"
#include "order.h"
#include "order_admin.h"
#include "refill.h"
#include "suite.h"
#include "transfer.h"
#include "webhook.h"

/* Webhook 1, of the first account, is told everything. */
static void
add_webhook(void)
{
	const struct seal_key key = { { 7 } };
	struct webhook_secret secret;
	struct why why;
	int64_t id;

	fixture_begin();
	ck_assert_int_eq(
	    webhook_add(fx.db, &fx.one, &key, "https://hooks.example.com/",
		EVENT_ALL, FIXTURE_NOW, &id, &secret, &why),
	    RC_OK);
	fixture_commit();
	ck_assert_int_eq(id, 1);
}

enum { TRANSFERRED = 9 };

/*
 * Requests 1 and 2 to pay in, the second confirmed; 3 to 5 to pay out, the
 * fourth paid and the fifth rejected; and a transfer, the last transaction.
 */
static void
make_requests(void)
{
	struct transfer transfer = { "two@example.test", NULL, TRANSFERRED,
		NULL };
	char code[TRANSFER_CODE_LEN + 1];
	int64_t id, balance;
	const char *what;

	fixture_begin();
	for (id = 0; id < 2;)
		ck_assert_int_eq(money_request_deposit(fx.db, &fx.one, 5, "x",
				     FIXTURE_NOW, &id, &what),
		    RC_OK);
	for (; id < 5;)
		ck_assert_int_eq(money_request_withdraw(fx.db, &fx.one, 7, "x",
				     FIXTURE_NOW, &id, &balance, &what),
		    RC_OK);
	for (id = 2; id <= 5; id++)
		if (id != 3)
			ck_assert_int_eq(
			    money_request_admin_end(fx.db, id,
				id == 5 ? MONEY_REQUEST_REJECTED
					: MONEY_REQUEST_DONE,
				"n", FIXTURE_CURRENCY, FIXTURE_NOW, &what),
			    RC_OK);
	ck_assert_int_eq(transfer_code(&fx.pepper, &fx.two, code), RC_OK);
	transfer.code = code;
	ck_assert_int_eq(transfer_send(fx.db, &fx.pepper, &fx.one, &transfer,
			     FIXTURE_NOW, &balance, &what),
	    RC_OK);
	fixture_commit();
}

/*
 * Orders 1 to 6 stand in status 1 to 6; refill 1 is of order 4.  All of it
 * is on its way to the webhook 1.
 */
static void
setup(void)
{
	int status;

	fixture_setup();
	add_webhook();
	for (status = 1; status <= 6; status++) {
		struct order_change change = { .status = status,
			.start_count = 10,
			.remains = 30,
			.note = "moved" };
		int64_t id = fixture_any_order();
		const char *what;

		ck_assert_int_eq(id, status);
		fixture_begin();
		if (status > 1)
			ck_assert_int_eq(
			    order_admin_set(fx.db, id, &change,
				FIXTURE_CURRENCY, FIXTURE_NOW, &what),
			    RC_OK);
		fixture_commit();
	}
	make_requests();
	fixture_sql("INSERT INTO refill (id, order_id, account_id, status,"
		    " created_at, updated_at) VALUES (1, 4, 1, 1, 1, 1)");
	/* So that statements may do what the damage needs. */
	fixture_sql("DROP TRIGGER txn_fixed; DROP TRIGGER txn_kept;"
		    "DROP TRIGGER entry_fixed; DROP TRIGGER entry_kept");
}

START_TEST(a_site_in_order_has_no_fault)
{
	ck_assert_str_eq(fixture_faults(), "");
}
END_TEST

START_TEST(an_empty_site_has_no_fault)
{
	fixture_sql("DELETE FROM refill; DELETE FROM order_move;"
		    "DELETE FROM entry; DELETE FROM txn; DELETE FROM orders;"
		    "DELETE FROM delivery; DELETE FROM event;"
		    "DELETE FROM webhook; DELETE FROM money_request;"
		    "DELETE FROM account; DELETE FROM service");
	ck_assert_str_eq(fixture_faults(), "");
}
END_TEST

/* Damage, and a fault that must be among those found. */
static const struct {
	const char *sql, *fault;
} damages[] = {
	/* References */
	{ "UPDATE refill SET order_id = 99", "reference:" },
	{ "UPDATE orders SET service_id = 99 WHERE id = 2", "reference:2" },
	{ "UPDATE account SET tier_id = 99 WHERE id = 2", "reference:2" },
	{ "INSERT INTO api_key (account_id, public_id, mac, label,"
	  " created_at) VALUES (99, 'x', x'00', 'x', 1)",
	    "reference:1" },
	{ "DELETE FROM service WHERE id = 1", "reference:" },
	{ "UPDATE txn SET order_id = 99 WHERE order_id = 3", "reference:" },
	/* The ledger */
	{ "UPDATE entry SET amount_nano = amount_nano + 1 WHERE txn_id = 1"
	  " AND ledger_id < 0",
	    "ledger:1" },
	{ "UPDATE entry SET amount_nano = -amount_nano WHERE txn_id = 1"
	  " AND ledger_id < 0",
	    "ledger:1" },
	{ "DELETE FROM entry WHERE txn_id = 1", "ledger:1" },
	{ "DELETE FROM entry WHERE txn_id = 1 AND ledger_id < 0", "ledger:1" },
	{ "INSERT INTO entry (ledger_id, txn_id, amount_nano)"
	  " VALUES (-4, 1, 0)",
	    "ledger:1" },
	{ "INSERT INTO txn (id, kind, posted_at) VALUES (50, 3, 1)",
	    "ledger:50" },
	{ "INSERT INTO entry (ledger_id, txn_id, amount_nano)"
	  " VALUES (-1, 77, 5), (-2, 77, -5)",
	    "reference:" },
	/* Balances */
	{ "UPDATE account SET balance_nano = balance_nano + 1 WHERE id = 1",
	    "balance:1" },
	{ "UPDATE account SET balance_nano = 0 WHERE id = 2", "balance:2" },
	{ "INSERT INTO txn (id, kind, posted_at) VALUES (50, 3, 1);"
	  "INSERT INTO entry (ledger_id, txn_id, amount_nano)"
	  " VALUES (2, 50, 5), (-2, 50, -5)",
	    "balance:2" },
	{ "INSERT INTO txn (id, kind, posted_at) VALUES (50, 3, 1);"
	  "INSERT INTO entry (ledger_id, txn_id, amount_nano)"
	  " VALUES (99, 50, 5), (-2, 50, -5)",
	    "wallet:99" },
	{ "INSERT INTO account (id, email, name, tier_id, balance_nano,"
	  " created_at) VALUES (9, 'x@y', 'x', 1, 5, 1)",
	    "balance:9" },
	/* Accounts of a transaction */
	{ "UPDATE entry SET ledger_id = -2 WHERE ledger_id = -1",
	    "accounts:3" },
	{ "UPDATE txn SET kind = 9 WHERE id = 1", "accounts:1" },
	{ "UPDATE txn SET kind = 8 WHERE id = 1", "accounts:1" },
	{ "UPDATE txn SET kind = 7 WHERE id = 1", "accounts:1" },
	{ "UPDATE txn SET kind = 4 WHERE id = (SELECT MAX(id) FROM txn)",
	    "accounts:" },
	{ "UPDATE entry SET ledger_id = -5 WHERE ledger_id = 1 AND txn_id = 1",
	    "accounts:1" },
	/* Requests */
	{ "UPDATE money_request SET status = 2 WHERE id = 1", "request:1" },
	{ "UPDATE money_request SET status = 1 WHERE id = 2", "request:2" },
	{ "UPDATE money_request SET status = 5 WHERE id = 1", "request:1" },
	{ "UPDATE money_request SET kind = 3 WHERE id = 1", "request:1" },
	{ "UPDATE money_request SET amount_nano = 6 WHERE id = 2",
	    "request:2" },
	{ "UPDATE money_request SET account_id = 2 WHERE id = 2", "request:2" },
	{ "UPDATE money_request SET txn_id = NULL WHERE id = 2", "request:2" },
	{ "UPDATE money_request SET txn_id = 3 WHERE id = 2", "request:2" },
	{ "UPDATE money_request SET end_txn_id = 1 WHERE id = 2", "request:2" },
	{ "UPDATE money_request SET status = 2 WHERE id = 3", "request:3" },
	{ "UPDATE money_request SET status = 4 WHERE id = 3", "request:3" },
	{ "UPDATE money_request SET amount_nano = 8 WHERE id = 3",
	    "request:3" },
	{ "UPDATE money_request SET txn_id = NULL WHERE id = 3", "request:3" },
	{ "UPDATE money_request SET account_id = 2 WHERE id = 3", "request:3" },
	{ "UPDATE money_request SET status = 3 WHERE id = 4", "request:4" },
	{ "UPDATE money_request SET status = 1 WHERE id = 4", "request:4" },
	{ "UPDATE money_request SET end_txn_id = NULL WHERE id = 4",
	    "request:4" },
	{ "UPDATE money_request SET end_txn_id = txn_id WHERE id = 4",
	    "request:4" },
	{ "UPDATE money_request SET status = 2 WHERE id = 5", "request:5" },
	{ "UPDATE money_request SET end_txn_id ="
	  " (SELECT end_txn_id FROM money_request WHERE id = 4) WHERE id = 5",
	    "request:5" },
	{ "UPDATE money_request SET txn_id ="
	  " (SELECT txn_id FROM money_request WHERE id = 4) WHERE id = 3",
	    "holding:" },
	{ "DELETE FROM money_request WHERE id = 3", "holding:" },
	{ "DELETE FROM money_request WHERE id = 5", "holding:" },
	{ "INSERT INTO money_request SELECT 9, account_id, kind, status,"
	  " amount_nano, how, note, txn_id, end_txn_id, 1, 1"
	  " FROM money_request WHERE id = 2",
	    "holding:" },
	/* Debits */
	{ "INSERT INTO orders (id, account_id, service_id, status, quantity,"
	  " remains, price_micro, charge_nano, created_at, updated_at)"
	  " VALUES (70, 1, 1, 1, 1, 1, 5, 5, 1, 1)",
	    "debit:70" },
	{ "UPDATE txn SET order_id = NULL WHERE order_id = 1", "debit:1" },
	{ "UPDATE txn SET order_id = 2 WHERE order_id = 1", "debit:2" },
	{ "UPDATE txn SET kind = 4 WHERE order_id = 1 AND kind = 1",
	    "debit:1" },
	{ "UPDATE orders SET quantity = quantity + 1 WHERE id = 1", "debit:1" },
	{ "UPDATE orders SET price_micro = price_micro + 1 WHERE id = 1",
	    "debit:1" },
	{ "UPDATE orders SET account_id = 2 WHERE id = 1", "debit:1" },
	/* Refunds and charges */
	{ "UPDATE orders SET charge_nano = charge_nano + 1 WHERE id = 1",
	    "refund:1" },
	{ "UPDATE orders SET charge_nano = 0 WHERE id = 4", "refund:4" },
	{ "UPDATE txn SET order_id = 4 WHERE order_id = 6 AND kind = 2",
	    "refund:6" },
	{ "UPDATE txn SET kind = 3, order_id = NULL WHERE kind = 2"
	  " AND order_id = 5",
	    "refund:5" },
	{ "UPDATE orders SET charge_nano = charge_nano + 1 WHERE id = 5",
	    "charge:5" },
	{ "UPDATE orders SET remains = remains + 1 WHERE id = 5", "charge:5" },
	{ "UPDATE orders SET charge_nano = 1 WHERE id = 6", "charge:6" },
	/* Status and history */
	{ "UPDATE orders SET status = 6 WHERE id = 4", "charge:4" },
	{ "UPDATE orders SET status = 6 WHERE id = 4", "history:4" },
	{ "UPDATE orders SET status = 1 WHERE id = 2", "history:2" },
	{ "UPDATE orders SET status = 2 WHERE id = 1", "history:1" },
	{ "DELETE FROM order_move WHERE order_id = 3", "history:3" },
	{ "UPDATE order_move SET to_status = 2 WHERE order_id = 4",
	    "history:4" },
	{ "INSERT INTO order_move (order_id, seq, moved_at, from_status,"
	  " to_status, actor) VALUES (1, 1, 1, 1, 2, 2)",
	    "history:1" },
	/* Webhooks */
	{ "UPDATE webhook SET account_id = 99", "reference:1" },
	{ "UPDATE webhook SET url = ''", "webhook:1" },
	{ "UPDATE webhook SET secret = x''", "webhook:1" },
	{ "UPDATE webhook SET secret = substr(secret, 2)", "webhook:1" },
	{ "UPDATE webhook SET hint = ''", "webhook:1" },
	{ "UPDATE webhook SET old_secret = secret", "webhook:1" },
	{ "UPDATE webhook SET old_until = 5", "webhook:1" },
	{ "UPDATE webhook SET old_secret = x'00', old_until = 5", "webhook:1" },
	{ "UPDATE webhook SET status = 0", "webhook:1" },
	{ "UPDATE webhook SET status = 5", "webhook:1" },
	{ "UPDATE webhook SET status = 4, secret = x''", "webhook:1" },
	{ "UPDATE webhook SET status = 4, url = ''", "webhook:1" },
	{ "UPDATE webhook SET status = 4, url = '', old_secret = secret,"
	  " secret = x''",
	    "webhook:1" },
	/* Events */
	{ "UPDATE orders SET event_seq = 0 WHERE id = 1", "event:1" },
	{ "UPDATE orders SET event_seq = 1 WHERE id = 4", "event:4" },
	{ "UPDATE orders SET event_seq = 2 WHERE id = 6", "event:6" },
	{ "INSERT INTO event (account_id, name, subject, type, body,"
	  " created_at) VALUES (1, 'evt_x', 'order:5:12', 3, '{}', 1)",
	    "event:5" },
	{ "UPDATE event SET account_id = 2 WHERE subject = 'order:3:1'",
	    "event:3" },
	{ "UPDATE event SET account_id = 99 WHERE id = 1", "reference:1" },
	/* Deliveries */
	{ "DELETE FROM event WHERE id = 1", "reference:" },
	{ "DELETE FROM webhook", "delivery:1" },
	{ "UPDATE delivery SET webhook_id = 2 WHERE event_id = 4",
	    "delivery:4" },
	{ "UPDATE webhook SET account_id = 2", "delivery:1" },
	{ "UPDATE delivery SET order_id = 99 WHERE event_id = 4",
	    "delivery:4" },
	{ "UPDATE event SET account_id = 2 WHERE id = 4", "delivery:4" },
	{ "UPDATE webhook SET account_id = 2; UPDATE event SET account_id = 2",
	    "delivery:1" },
	/* Attempts */
	{ "INSERT INTO attempt (webhook_id, seq, event_id, outcome,"
	  " attempted_at, duration_ms) VALUES (2, 1, 1, 1, 1, 1)",
	    "attempt:2" },
};

START_TEST(damage_is_found_and_named)
{
	const char *faults;

	fixture_sql("%s", damages[_i].sql);
	faults = fixture_faults();
	ck_assert_msg(strstr(faults, damages[_i].fault) != NULL,
	    "%s: %s is not among: %s", damages[_i].sql, damages[_i].fault,
	    faults);
}
END_TEST

/* What the sender and the owners of webhooks leave is in order, too. */
static const char *const leftovers[] = {
	/* A secret that was rotated. */
	"UPDATE webhook SET old_secret = secret, old_until = 5",
	"UPDATE webhook SET status = 2, reason = 'x'",
	"UPDATE webhook SET status = 3, reason = 'x'",
	/* Removed, before and after its deliveries were swept. */
	"UPDATE webhook SET status = 4, url = '', secret = x'', hint = ''",
	"UPDATE webhook SET status = 4, url = '', secret = x'', hint = '';"
	"DELETE FROM delivery",
	/* Told long ago. */
	"UPDATE delivery SET status = 2, done_at = 1; DELETE FROM webhook",
	"UPDATE delivery SET status = 3, done_at = 1; DELETE FROM webhook",
	"DELETE FROM delivery; DELETE FROM event",
	"DELETE FROM delivery WHERE event_id < 5; DELETE FROM event"
	" WHERE id < 5",
	"INSERT INTO attempt (webhook_id, seq, event_id, outcome,"
	" attempted_at, duration_ms) VALUES (1, 1, 99, 1, 1, 1)",
	/* What belongs to no order, and to an order with a longer number. */
	"INSERT INTO event (account_id, name, subject, type, body, created_at)"
	" VALUES (1, 'evt_x', 'test:1', 10, '{}', 1)",
	"INSERT INTO event (account_id, name, subject, type, body, created_at)"
	" VALUES (1, 'evt_x', 'order:10:99', 3, '{}', 1)",
};

START_TEST(leftovers_are_no_faults)
{
	fixture_sql("%s", leftovers[_i]);
	ck_assert_str_eq(fixture_faults(), "");
}
END_TEST

/* Damage that a history has inside, its end being right. */
static const char *const broken_histories[] = {
	"UPDATE order_move SET from_status = 3 WHERE order_id = 4",
	"INSERT INTO order_move (order_id, seq, moved_at, from_status,"
	" to_status, actor) VALUES (4, 0, 1, 5, 6, 2)",
	"UPDATE order_move SET order_id = 5 , seq = 0 WHERE order_id = 6;"
	"DELETE FROM order_move WHERE order_id = 99",
};

START_TEST(a_history_that_does_not_hang_together_is_found)
{
	fixture_sql("%s", broken_histories[_i]);
	ck_assert_ptr_nonnull(strstr(fixture_faults(), "history:"));
}
END_TEST

START_TEST(an_index_that_misses_a_row_is_found)
{
	/* Rows that came while SQLite did not know of the index. */
	fixture_sql("PRAGMA writable_schema = ON;"
		    "CREATE TABLE was AS SELECT * FROM sqlite_schema"
		    " WHERE name = 'orders_status';"
		    "DELETE FROM sqlite_schema WHERE name = 'orders_status'");
	fixture_sql("UPDATE orders SET account_id = 2 WHERE id = 3;"
		    "PRAGMA writable_schema = ON;"
		    "INSERT INTO sqlite_schema SELECT * FROM was;"
		    "PRAGMA writable_schema = RESET; DROP TABLE was");
	db_close(fx.db);
	ck_assert_int_eq(db_open(fx.path, 0, FIXTURE_BUSY_MS, &fx.db), RC_OK);
	ck_assert_ptr_nonnull(strstr(fixture_faults(), "file:"));
}
END_TEST

START_TEST(a_damaged_page_is_a_fault_and_no_failure)
{
	char *bytes;
	size_t len;

	/* Page _i + 1; the first one has the schema. */
	db_close(fx.db);
	bytes = fixture_read(fx.path, &len);
	ck_assert_uint_gt(len, (size_t)(_i + 1) * 2048);
	memset(bytes + (size_t)_i * 2048 + (_i == 0 ? 100 : 0), 0xa5,
	    (size_t)2048 - 100);
	fixture_write(fx.path, bytes, len);
	free(bytes);
	ck_assert_int_eq(db_open(fx.path, 0, FIXTURE_BUSY_MS, &fx.db), RC_OK);
	ck_assert_str_ne(fixture_faults(), "");
}
END_TEST

START_TEST(a_cut_file_is_a_fault)
{
	char *bytes;
	size_t len;

	db_close(fx.db);
	bytes = fixture_read(fx.path, &len);
	fixture_write(fx.path, bytes, len / 2);
	free(bytes);
	ck_assert_int_eq(db_open(fx.path, 0, FIXTURE_BUSY_MS, &fx.db), RC_OK);
	ck_assert_str_ne(fixture_faults(), "");
}
END_TEST

static void
count_fault(void *arg, const struct site_fault *fault)
{
	ck_assert_str_ne(fault->check, "");
	ck_assert_str_ne(fault->what, "");
	++*(int64_t *)arg;
}

START_TEST(many_faults_are_counted_and_some_told)
{
	int64_t told = 0, n = 0;

	fixture_sql("WITH RECURSIVE n(i) AS (SELECT 100 UNION ALL"
		    " SELECT i + 1 FROM n WHERE i < 199)"
		    "INSERT INTO account (id, email, name, tier_id,"
		    " balance_nano, created_at)"
		    " SELECT i, i, 'x', 1, 5, 1 FROM n");
	ck_assert_int_eq(site_check(fx.db, count_fault, &told, &n), RC_OK);
	ck_assert_int_eq(n, 100);
	ck_assert_int_eq(told, SITE_FAULTS_TOLD);
}
END_TEST

START_TEST(a_busy_database_is_no_fault)
{
	struct holder holder;
	int64_t told = 0, n;
	char gate[512];
	struct db *db;

	(void)snprintf(gate, sizeof(gate), "%s.gate", fx.path);
	ck_assert_int_eq(db_open(fx.path, 0, 50, &db), RC_OK);
	fixture_hold(&holder, gate, LOCK_EX, 0);
	ck_assert_int_eq(site_check(db, count_fault, &told, &n), RC_BUSY);
	ck_assert_int_eq(told, 0);
	fixture_let_go(&holder);
	ck_assert_int_eq(site_check(db, count_fault, &told, &n), RC_OK);
	ck_assert_int_eq(n, 0);
	db_close(db);
}
END_TEST

/* --- the backup ----------------------------------------------------------- */

START_TEST(a_backup_is_the_whole_site)
{
	char *path = strdup(fixture_path("backup.db"));
	int64_t told = 0, n = -1;

	ck_assert_int_eq(site_backup(fx.db, path, 1000), RC_OK);
	/* Only the file itself is left. */
	ck_assert_int_ne(access(fixture_path("backup.db.gate"), F_OK), 0);
	ck_assert_int_ne(access(fixture_path("backup.db-journal"), F_OK), 0);
	ck_assert_int_eq(
	    site_check_copy(path, 1000, count_fault, &told, &n), RC_OK);
	ck_assert_int_eq(n, 0);
	ck_assert_int_ne(access(fixture_path("backup.db.gate"), F_OK), 0);
	db_close(fx.db);
	ck_assert_int_eq(db_open(path, 0, FIXTURE_BUSY_MS, &fx.db), RC_OK);
	ck_assert_str_eq(fixture_faults(), "");
	ck_assert_int_eq(
	    fixture_balance(&fx.two), FIXTURE_BALANCE_2 + TRANSFERRED);
	free(path);
}
END_TEST

START_TEST(a_backup_never_overwrites)
{
	char *path = strdup(fixture_path("backup.db")), *bytes;
	size_t len;

	fixture_write(path, "mine", 4);
	ck_assert_int_eq(site_backup(fx.db, path, 1000), RC_INVALID);
	bytes = fixture_read(path, &len);
	ck_assert_str_eq(bytes, "mine");
	free(bytes);
	free(path);
}
END_TEST

START_TEST(a_backup_of_a_damaged_site_is_not_kept)
{
	char *path = strdup(fixture_path("backup.db")), *bytes;
	size_t len;

	db_close(fx.db);
	bytes = fixture_read(fx.path, &len);
	memset(bytes + len - 2048, 0xa5, 2048);
	memset(bytes + 3 * 2048, 0xa5, 2048);
	fixture_write(fx.path, bytes, len);
	free(bytes);
	ck_assert_int_eq(db_open(fx.path, 0, FIXTURE_BUSY_MS, &fx.db), RC_OK);
	ck_assert_int_eq(site_backup(fx.db, path, 1000), RC_FAIL);
	ck_assert_int_ne(access(path, F_OK), 0);
	ck_assert_int_ne(access(fixture_path("backup.db.gate"), F_OK), 0);
	free(path);
}
END_TEST

START_TEST(faults_of_a_copy_are_found)
{
	char *path = strdup(fixture_path("backup.db"));
	int64_t told = 0, n = -1;

	fixture_sql("UPDATE account SET balance_nano = 7 WHERE id = 2");
	ck_assert_int_eq(site_backup(fx.db, path, 1000), RC_OK);
	ck_assert_int_eq(
	    site_check_copy(path, 1000, count_fault, &told, &n), RC_OK);
	ck_assert_int_eq(n, 1);
	ck_assert_int_eq(told, 1);
	ck_assert_int_eq(site_check_copy(fixture_path("none.db"), 1000,
			     count_fault, &told, &n),
	    RC_NOT_FOUND);
	free(path);
}
END_TEST

START_TEST(a_check_of_the_live_file_as_a_copy_leaves_its_gate)
{
	int64_t told = 0, n = -1;
	struct stat before, after;
	char gate[512];

	(void)snprintf(gate, sizeof(gate), "%s.gate", fx.path);
	ck_assert_int_eq(stat(gate, &before), 0);
	ck_assert_int_eq(
	    site_check_copy(fx.path, 1000, count_fault, &told, &n), RC_OK);
	/* Whoever queues there must queue at the same file as the next. */
	ck_assert_int_eq(stat(gate, &after), 0);
	ck_assert_uint_eq(before.st_ino, after.st_ino);
}
END_TEST

static Suite *
make_suite(void)
{
	Suite *suite = suite_create("site");
	TCase *tc = tcase_create("site");

	tcase_add_checked_fixture(tc, setup, fixture_teardown);
	tcase_add_test(tc, a_site_in_order_has_no_fault);
	tcase_add_test(tc, an_empty_site_has_no_fault);
	tcase_add_loop_test(tc, damage_is_found_and_named, 0, ROWS(damages));
	tcase_add_loop_test(tc, leftovers_are_no_faults, 0, ROWS(leftovers));
	tcase_add_loop_test(tc, a_history_that_does_not_hang_together_is_found,
	    0, ROWS(broken_histories));
	tcase_add_test(tc, an_index_that_misses_a_row_is_found);
	tcase_add_loop_test(
	    tc, a_damaged_page_is_a_fault_and_no_failure, 0, 12);
	tcase_add_test(tc, a_cut_file_is_a_fault);
	tcase_add_test(tc, many_faults_are_counted_and_some_told);
	tcase_add_test(tc, a_busy_database_is_no_fault);
	tcase_add_test(tc, a_backup_is_the_whole_site);
	tcase_add_test(tc, a_backup_never_overwrites);
	tcase_add_test(tc, a_backup_of_a_damaged_site_is_not_kept);
	tcase_add_test(tc, faults_of_a_copy_are_found);
	tcase_add_test(tc, a_check_of_the_live_file_as_a_copy_leaves_its_gate);
	suite_add_tcase(suite, tc);
	return suite;
}

SUITE_MAIN(make_suite)
