/* SPDX-License-Identifier: ISC */
/*
 * lib/transfer: money between two accounts, and what those learn who do not
 * know the receiver's code.  After every test the whole site is in order.
 */
#include "transfer.h"

#include <check.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "account_admin.h"
#include "fixture.h"
#include "funds.h"
#include "money.h"
#include "money_request_admin.h"
#include "suite.h"

static char code_one[TRANSFER_CODE_LEN + 1], code_two[TRANSFER_CODE_LEN + 1];

static void
setup(void)
{
	fixture_setup();
	ck_assert_int_eq(transfer_code(&fx.pepper, &fx.one, code_one), RC_OK);
	ck_assert_int_eq(transfer_code(&fx.pepper, &fx.two, code_two), RC_OK);
}

static void
teardown(void)
{
	ck_assert_str_eq(fixture_faults(), "");
	ck_assert_int_eq(fixture_int("SELECT SUM(balance_nano) FROM account"),
	    FIXTURE_BALANCE + FIXTURE_BALANCE_2);
	fixture_teardown();
}

static const char *what;

static enum rc
transfer(const struct caller *caller, const char *email, const char *code,
    int64_t amount, const char *note, int64_t *balance)
{
	const struct transfer t = { email, code, amount, note };
	enum rc rc;

	fixture_begin();
	rc = transfer_send(
	    fx.db, &fx.pepper, caller, &t, FIXTURE_NOW, balance, &what);
	if (rc == RC_OK)
		ck_assert_str_eq(what, "");
	else
		ck_assert_int_eq(*balance, 0);
	return db_end(fx.db, rc);
}

START_TEST(a_transfer_is_one_entry_for_each)
{
	int64_t balance;
	char *text;

	ck_assert_int_eq(transfer(&fx.one, "Two@Example.test", code_two, 7,
			     "for lunch", &balance),
	    RC_OK);
	ck_assert_int_eq(balance, FIXTURE_BALANCE - 7);
	ck_assert_int_eq(fixture_balance(&fx.one), FIXTURE_BALANCE - 7);
	ck_assert_int_eq(fixture_balance(&fx.two), FIXTURE_BALANCE_2 + 7);
	text = fixture_text(
	    "SELECT t.kind || ' ' || t.note || ' ' ||"
	    " (SELECT group_concat(ledger_id || ':' || amount_nano, ' ')"
	    "  FROM entry WHERE txn_id = t.id)"
	    " FROM txn AS t ORDER BY id DESC LIMIT 1");
	ck_assert_str_eq(text, "8 from one@example.test to two@example.test:"
			       " for lunch 1:-7 2:7");
	free(text);
	ck_assert_int_eq(
	    transfer(&fx.two, "one@example.test", code_one, 7, NULL, &balance),
	    RC_OK);
	ck_assert_int_eq(balance, FIXTURE_BALANCE_2);
	text = fixture_text("SELECT note FROM txn ORDER BY id DESC LIMIT 1");
	ck_assert_str_eq(text, "from two@example.test to one@example.test");
	free(text);
}
END_TEST

START_TEST(a_code_is_of_one_account_and_one_installation)
{
	struct pepper other = fx.pepper;
	char code[TRANSFER_CODE_LEN + 1];

	ck_assert_str_ne(code_one, code_two);
	ck_assert_uint_eq(strlen(code_one), TRANSFER_CODE_LEN);
	ck_assert_int_eq(code_one[4], '-');
	ck_assert_uint_eq(strspn(code_one, "0123456789ABCDEFGHJKMNPQRSTVWXYZ-"),
	    TRANSFER_CODE_LEN);
	ck_assert_int_eq(transfer_code(&fx.pepper, &fx.one, code), RC_OK);
	ck_assert_str_eq(code, code_one);
	other.bytes[0] ^= 1;
	ck_assert_int_eq(transfer_code(&other, &fx.one, code), RC_OK);
	ck_assert_str_ne(code, code_one);
}
END_TEST

/* The code as typed: lower case, spaced, look-alikes. */
START_TEST(a_code_is_read_as_people_type_it)
{
	char typed[64], *p;
	int64_t balance;
	size_t i;

	for (i = 0; i <= TRANSFER_CODE_LEN; i++)
		typed[i] = code_two[i] >= 'A' && code_two[i] <= 'Z'
			       ? (char)(code_two[i] - 'A' + 'a')
			       : code_two[i];
	ck_assert_int_eq(
	    transfer(&fx.one, "two@example.test", typed, 1, NULL, &balance),
	    RC_OK);
	(void)snprintf(typed, sizeof(typed), " %.2s %.2s%.2s--%.2s ", code_two,
	    code_two + 2, code_two + 5, code_two + 7);
	ck_assert_int_eq(
	    transfer(&fx.one, "two@example.test", typed, 1, NULL, &balance),
	    RC_OK);
	(void)snprintf(typed, sizeof(typed), "%s", code_two);
	for (p = typed; *p != '\0'; p++)
		*p = *p == '0' ? 'o' : *p == '1' ? 'L' : *p;
	ck_assert_int_eq(
	    transfer(&fx.one, "two@example.test", typed, 1, NULL, &balance),
	    RC_OK);
	ck_assert_int_eq(
	    transfer(&fx.two, "one@example.test", code_one, 3, NULL, &balance),
	    RC_OK);
}
END_TEST

/* Whatever is wrong with the receiver, the answer is the same. */
START_TEST(without_address_and_code_nobody_is_found)
{
	char longer[80], shorter[16], changed[16], longest[300];
	const struct {
		const char *email, *code;
	} rows[] = {
		{ "two@example.test", code_one },
		{ "two@example.test", "" },
		{ "two@example.test", "--------" },
		{ "two@example.test", longer },
		{ "two@example.test", shorter },
		{ "two@example.test", changed },
		{ "nobody@example.test", code_two },
		{ "nobody@example.test", "" },
		{ "", code_two },
		{ "two", code_two },
		{ "two@example.test' OR 1 = 1 --", code_two },
		{ longest, code_two },
		{ "two@example.test", longest },
		/* Nobody's code, which stands in for that of an unknown one. */
		{ "nobody@example.test", NULL },
	};
	const struct caller nobody = { .account_id = 0 };
	char code_nobody[TRANSFER_CODE_LEN + 1];
	int64_t balance;
	int i;

	(void)snprintf(longer, sizeof(longer), "%sX", code_two);
	(void)snprintf(shorter, sizeof(shorter), "%.8s", code_two);
	(void)snprintf(changed, sizeof(changed), "%s", code_two);
	changed[8] = changed[8] == 'A' ? 'B' : 'A';
	memset(longest, 'a', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	ck_assert_int_eq(
	    transfer_code(&fx.pepper, &nobody, code_nobody), RC_OK);
	for (i = 0; i < ROWS(rows); i++) {
		ck_assert_int_eq(
		    transfer(&fx.one, rows[i].email,
			rows[i].code != NULL ? rows[i].code : code_nobody, 1,
			NULL, &balance),
		    RC_NOT_FOUND);
		ck_assert_str_eq(
		    what, "no account has this address and this code");
	}
	ck_assert_int_eq(fixture_balance(&fx.one), FIXTURE_BALANCE);
}
END_TEST

START_TEST(a_suspended_account_is_no_receiver_and_no_sender)
{
	int64_t balance;

	fixture_begin();
	ck_assert_int_eq(
	    account_admin_suspend(fx.db, fx.two.account_id, FIXTURE_NOW),
	    RC_OK);
	fixture_commit();
	ck_assert_int_eq(
	    transfer(&fx.one, "two@example.test", code_two, 1, NULL, &balance),
	    RC_NOT_FOUND);
	ck_assert_str_eq(what, "no account has this address and this code");
	ck_assert_int_eq(
	    transfer(&fx.two, "one@example.test", code_one, 1, NULL, &balance),
	    RC_DENIED);
	ck_assert_str_eq(what, "the account is suspended");
}
END_TEST

START_TEST(nobody_sends_to_himself)
{
	int64_t balance;

	ck_assert_int_eq(
	    transfer(&fx.one, "one@example.test", code_one, 1, NULL, &balance),
	    RC_INVALID);
	ck_assert_str_eq(what, "this is the account it comes from");
}
END_TEST

START_TEST(an_unknown_sender_is_not_found)
{
	const struct caller nobody = { .account_id = 99 };
	int64_t balance;

	ck_assert_int_eq(
	    transfer(&nobody, "one@example.test", code_one, 1, NULL, &balance),
	    RC_NOT_FOUND);
}
END_TEST

START_TEST(what_cannot_be_sent_is_refused)
{
	char longest[202];
	const struct {
		int64_t amount;
		const char *note;
	} rows[] = {
		{ 0, NULL },
		{ -1, NULL },
		{ INT64_MIN, NULL },
		{ MONEY_MAX + 1, NULL },
		{ INT64_MAX, NULL },
		{ 1, "" },
		{ 1, "a\nb" },
		{ 1, "\xc3" },
		{ 1, longest },
	};
	int64_t balance;
	int i;

	memset(longest, 'x', 201);
	longest[201] = '\0';
	for (i = 0; i < ROWS(rows); i++) {
		ck_assert_int_eq(transfer(&fx.one, "two@example.test", code_two,
				     rows[i].amount, rows[i].note, &balance),
		    RC_INVALID);
		ck_assert_str_ne(what, "");
	}
	ck_assert_int_eq(fixture_balance(&fx.one), FIXTURE_BALANCE);
}
END_TEST

START_TEST(a_balance_is_spent_down_to_the_last_nano)
{
	int64_t balance;

	ck_assert_int_eq(transfer(&fx.two, "one@example.test", code_one,
			     FIXTURE_BALANCE_2 + 1, NULL, &balance),
	    RC_LIMITED);
	ck_assert_str_eq(what, "the amount is more than the balance");
	ck_assert_int_eq(transfer(&fx.two, "one@example.test", code_one,
			     FIXTURE_BALANCE_2, NULL, &balance),
	    RC_OK);
	ck_assert_int_eq(balance, 0);
	ck_assert_int_eq(
	    transfer(&fx.two, "one@example.test", code_one, 1, NULL, &balance),
	    RC_LIMITED);
}
END_TEST

START_TEST(what_does_not_fit_is_not_sent)
{
	int64_t balance, room;

	room = MONEY_MAX - FIXTURE_BALANCE;
	fixture_begin();
	ck_assert_int_eq(funds_credit(fx.db, &fx.one, LEDGER_ADJUSTMENT, room,
			     NULL, FIXTURE_NOW, &balance, &what),
	    RC_OK);
	fixture_commit();
	ck_assert_int_eq(
	    transfer(&fx.two, "one@example.test", code_one, 1, NULL, &balance),
	    RC_LIMITED);
	ck_assert_str_eq(what, "the other account cannot take so much");
	ck_assert_int_eq(fixture_balance(&fx.two), FIXTURE_BALANCE_2);
	fixture_begin();
	ck_assert_int_eq(funds_credit(fx.db, &fx.one, LEDGER_ADJUSTMENT, -room,
			     NULL, FIXTURE_NOW, &balance, &what),
	    RC_OK);
	fixture_commit();
}
END_TEST

/* --- many at once --------------------------------------------------------- */

enum { PROCESSES = 8, TRIES = 40 };

/* One process that tries again and again; its exit status counts. */
static void
spend(int number)
{
	const struct transfer t = { "two@example.test", code_two,
		FIXTURE_BALANCE / 100, NULL };
	struct db *db = NULL;
	int64_t id, balance;
	int i, done = 0;
	enum rc rc;

	if (db_open(fx.path, 0, FIXTURE_BUSY_MS, &db) != RC_OK)
		_exit(255);
	for (i = 0; i < TRIES; i++) {
		if (db_begin(db, DB_WRITE) != RC_OK)
			_exit(255);
		rc = number % 2 == 0
			 ? transfer_send(db, &fx.pepper, &fx.one, &t,
			       FIXTURE_NOW, &balance, &what)
			 : money_request_withdraw(db, &fx.one, t.amount_nano,
			       "x", FIXTURE_NOW, &id, &balance, &what);
		rc = db_end(db, rc);
		if (rc != RC_OK && rc != RC_LIMITED)
			_exit(255);
		done += rc == RC_OK;
	}
	db_close(db);
	_exit(done);
}

START_TEST(a_balance_pays_exactly_for_what_it_pays_for)
{
	pid_t pids[PROCESSES];
	int i, status, done = 0;
	int64_t held;

	for (i = 0; i < PROCESSES; i++) {
		pids[i] = fork();
		ck_assert_int_ge(pids[i], 0);
		if (pids[i] == 0)
			spend(i);
	}
	for (i = 0; i < PROCESSES; i++) {
		ck_assert_int_eq(waitpid(pids[i], &status, 0), pids[i]);
		ck_assert(WIFEXITED(status));
		ck_assert_int_ne(WEXITSTATUS(status), 255);
		done += WEXITSTATUS(status);
	}
	/* 320 tries, of which the balance pays for 100. */
	ck_assert_int_eq(done, 100);
	ck_assert_int_eq(fixture_balance(&fx.one), 0);
	held = fixture_int("SELECT COALESCE(SUM(amount_nano), 0) FROM"
			   " money_request WHERE status = 1");
	ck_assert_int_eq(
	    fixture_int("SELECT COALESCE(SUM(amount_nano), 0) FROM entry"
			" WHERE ledger_id = %d",
		LEDGER_HOLDING),
	    held);
	ck_assert_int_eq(fixture_balance(&fx.two),
	    FIXTURE_BALANCE + FIXTURE_BALANCE_2 - held);
	ck_assert_int_le(fixture_int("SELECT COUNT(*) FROM money_request"),
	    MONEY_REQUEST_OPEN_MAX);
	ck_assert_str_eq(fixture_faults(), "");
	/* What is held is in no wallet; teardown looks at those. */
	fixture_begin();
	ck_assert_int_eq(funds_credit(fx.db, &fx.two, LEDGER_ADJUSTMENT, held,
			     NULL, FIXTURE_NOW, &held, &what),
	    held != 0 ? RC_OK : RC_INVALID);
	fixture_commit();
}
END_TEST

/* --- SIGKILL -------------------------------------------------------------- */

enum { KILLS = 60, ROUNDS_MAX = 1000, SPAN_NS = 4000000 };

/* xorshift64 (Marsaglia 2003). */
static uint64_t
random_number(void)
{
	static uint64_t state = UINT64_C(0x9e3779b97f4a7c15);

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

/*
 * Money out by transfers, requests and what becomes of them, for ever; a
 * request a day from that time on.
 */
static void
move_on(int64_t day)
{
	const struct transfer there = { "two@example.test", code_two, 3, NULL };
	const struct transfer back = { "one@example.test", code_one, 3, NULL };
	struct db *db = NULL;
	int64_t id, balance;
	int i;
	enum rc rc;

	if (db_open(fx.path, 0, FIXTURE_BUSY_MS, &db) != RC_OK)
		_exit(1);
	for (i = 0;; i++, day += 86400) {
		if (db_begin(db, DB_WRITE) != RC_OK)
			_exit(1);
		rc = transfer_send(db, &fx.pepper, &fx.one, &there, FIXTURE_NOW,
		    &balance, &what);
		if (rc == RC_OK)
			rc = money_request_withdraw(
			    db, &fx.two, 5, "x", day, &id, &balance, &what);
		if (db_end(db, rc) != RC_OK || db_begin(db, DB_WRITE) != RC_OK)
			_exit(1);
		rc = money_request_admin_end(db, id,
		    i % 2 == 0 ? MONEY_REQUEST_DONE : MONEY_REQUEST_REJECTED,
		    "n", FIXTURE_CURRENCY, FIXTURE_NOW, &what);
		if (rc == RC_OK)
			rc = transfer_send(db, &fx.pepper, &fx.two, &back,
			    FIXTURE_NOW, &balance, &what);
		if (db_end(db, rc) != RC_OK)
			_exit(1);
	}
}

/* What all wallets, the holding and what was paid out come to. */
static int64_t
all_money(void)
{
	return fixture_int("SELECT (SELECT SUM(balance_nano) FROM account)"
			   " + (SELECT COALESCE(SUM(amount_nano), 0)"
			   "  FROM entry WHERE ledger_id IN (%d, %d))",
	    LEDGER_HOLDING, LEDGER_PAYOUTS);
}

START_TEST(what_is_killed_has_moved_all_of_it_or_nothing)
{
	int i, status, killed = 0;
	int64_t all = all_money(), span_ns = SPAN_NS, txns = 0, n, last, day;
	struct timespec pause = { 0 };
	pid_t pid;

	last = fixture_int("SELECT COUNT(*) FROM txn");
	for (i = 0; i < ROUNDS_MAX && killed < KILLS; i++) {
		day = fixture_int("SELECT COALESCE(MAX(created_at), %d)"
				  " + 86400 FROM money_request",
		    FIXTURE_NOW);
		pid = fork();
		ck_assert_int_ge(pid, 0);
		if (pid == 0)
			move_on(day);
		pause.tv_nsec = (long)(random_number() % (uint64_t)span_ns);
		while (nanosleep(&pause, &pause) != 0 && errno == EINTR)
			;
		ck_assert_int_eq(kill(pid, SIGKILL), 0);
		ck_assert_int_eq(waitpid(pid, &status, 0), pid);
		ck_assert(WIFSIGNALED(status));
		n = fixture_int("SELECT COUNT(*) FROM txn");
		txns += n - last;
		/* One that has done something; others get more time. */
		if (n > last)
			killed++;
		else if (span_ns < SPAN_NS * 50)
			span_ns += SPAN_NS / 10;
		last = n;
		/* What one has left open is paid, so that the next may ask. */
		if ((n = fixture_int("SELECT COALESCE(MAX(id), 0) FROM"
				     " money_request WHERE status = 1")) != 0) {
			fixture_begin();
			ck_assert_int_eq(
			    money_request_admin_end(fx.db, n,
				MONEY_REQUEST_REJECTED, "n", FIXTURE_CURRENCY,
				FIXTURE_NOW, &what),
			    RC_OK);
			fixture_commit();
			last = fixture_int("SELECT COUNT(*) FROM txn");
		}
		ck_assert_int_eq(all_money(), all);
		if (i % 10 == 9)
			ck_assert_str_eq(fixture_faults(), "");
	}
	ck_assert_int_ge(killed, KILLS);
	ck_assert_int_gt(txns, KILLS);
	ck_assert_str_eq(fixture_faults(), "");
	n = fixture_int("SELECT COALESCE(SUM(amount_nano), 0) FROM entry"
			" WHERE ledger_id = %d",
	    LEDGER_PAYOUTS);
	/* What was paid is in no wallet; teardown looks at those. */
	fixture_begin();
	ck_assert_int_eq(funds_credit(fx.db, &fx.two, LEDGER_ADJUSTMENT, n,
			     NULL, FIXTURE_NOW, &n, &what),
	    RC_OK);
	fixture_commit();
}
END_TEST

static Suite *
make_suite(void)
{
	Suite *suite = suite_create("transfer");
	TCase *tc = tcase_create("transfer");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_transfer_is_one_entry_for_each);
	tcase_add_test(tc, a_code_is_of_one_account_and_one_installation);
	tcase_add_test(tc, a_code_is_read_as_people_type_it);
	tcase_add_test(tc, without_address_and_code_nobody_is_found);
	tcase_add_test(tc, a_suspended_account_is_no_receiver_and_no_sender);
	tcase_add_test(tc, nobody_sends_to_himself);
	tcase_add_test(tc, an_unknown_sender_is_not_found);
	tcase_add_test(tc, what_cannot_be_sent_is_refused);
	tcase_add_test(tc, a_balance_is_spent_down_to_the_last_nano);
	tcase_add_test(tc, what_does_not_fit_is_not_sent);
	tcase_add_test(tc, a_balance_pays_exactly_for_what_it_pays_for);
	tcase_add_test(tc, what_is_killed_has_moved_all_of_it_or_nothing);
	suite_add_tcase(suite, tc);
	return suite;
}

SUITE_MAIN(make_suite)
