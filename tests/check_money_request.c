/* SPDX-License-Identifier: ISC */
/*
 * lib/money_request and lib/money_request_admin: what is asked for, what is
 * held meanwhile, and where the money is after each move.  After every test
 * the whole site is in order.
 */
#include "money_request.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "account_admin.h"
#include "event.h"
#include "fixture.h"
#include "funds.h"
#include "money.h"
#include "money_request_admin.h"
#include "suite.h"

#define UNIT MONEY_UNIT

static void
teardown(void)
{
	ck_assert_str_eq(fixture_faults(), "");
	fixture_teardown();
}

static const char *what;

static enum rc
deposit(const struct caller *caller, int64_t amount, const char *how,
    int64_t now, int64_t *id)
{
	enum rc rc;

	fixture_begin();
	rc = money_request_deposit(fx.db, caller, amount, how, now, id, &what);
	return db_end(fx.db, rc);
}

static enum rc
withdraw(const struct caller *caller, int64_t amount, const char *how,
    int64_t now, int64_t *id, int64_t *balance)
{
	enum rc rc;

	fixture_begin();
	rc = money_request_withdraw(
	    fx.db, caller, amount, how, now, id, balance, &what);
	return db_end(fx.db, rc);
}

static enum rc
cancel(const struct caller *caller, int64_t id)
{
	enum rc rc;

	fixture_begin();
	rc = money_request_cancel(fx.db, caller, id, FIXTURE_NOW + 5, &what);
	return db_end(fx.db, rc);
}

static enum rc
end(int64_t id, enum money_request_status to, const char *note)
{
	enum rc rc;

	fixture_begin();
	rc = money_request_admin_end(
	    fx.db, id, to, note, FIXTURE_CURRENCY, FIXTURE_NOW + 9, &what);
	return db_end(fx.db, rc);
}

/* One that must succeed. */
static int64_t
asked(enum money_request_kind kind, int64_t amount)
{
	int64_t id = 0, balance;

	ck_assert_int_eq(
	    kind == MONEY_REQUEST_DEPOSIT
		? deposit(&fx.one, amount, "by bank transfer", FIXTURE_NOW, &id)
		: withdraw(&fx.one, amount, "to my bank", FIXTURE_NOW, &id,
		      &balance),
	    RC_OK);
	ck_assert_str_eq(what, "");
	ck_assert_int_gt(id, 0);
	return id;
}

static int64_t
sum(int64_t ledger_id)
{
	return fixture_int("SELECT COALESCE(SUM(amount_nano), 0) FROM entry"
			   " WHERE ledger_id = %lld",
	    (long long)ledger_id);
}

static int
status_of(int64_t id)
{
	return (int)fixture_int(
	    "SELECT status FROM money_request WHERE id = %lld", (long long)id);
}

/* The kind and note of the last transaction. */
static void
last_txn_is(const char *want)
{
	char *text = fixture_text("SELECT kind || ' ' || posted_at || ' ' ||"
				  " COALESCE(note, '-') FROM txn"
				  " ORDER BY id DESC LIMIT 1");

	ck_assert_str_eq(text, want);
	free(text);
}

/* --- names and moves ------------------------------------------------------ */

START_TEST(kinds_and_states_have_names)
{
	int kind, status;

	ck_assert_str_eq(
	    money_request_kind_name(MONEY_REQUEST_DEPOSIT), "deposit");
	ck_assert_str_eq(
	    money_request_kind_name(MONEY_REQUEST_WITHDRAWAL), "withdrawal");
	ck_assert_ptr_null(money_request_kind_name(0));
	ck_assert_ptr_null(money_request_kind_name(3));
	ck_assert_int_eq(money_request_kind_find("withdrawal"), 2);
	ck_assert_int_eq(money_request_kind_find(""), 0);
	ck_assert_int_eq(money_request_kind_find("Deposit"), 0);
	for (kind = 1; kind <= 2; kind++)
		for (status = 1; status <= 4; status++)
			ck_assert_int_eq(
			    money_request_admin_status(
				money_request_status_name(kind, status)),
			    status);
	ck_assert_str_eq(money_request_status_name(1, 2), "confirmed");
	ck_assert_str_eq(money_request_status_name(2, 2), "paid");
	ck_assert_ptr_null(money_request_status_name(0, 1));
	ck_assert_ptr_null(money_request_status_name(1, 0));
	ck_assert_ptr_null(money_request_status_name(1, 5));
	ck_assert_int_eq(money_request_admin_status("none"), 0);
}
END_TEST

/* All of 2 kinds, 4 x 4 states, 2 actors: these five and no others. */
START_TEST(only_an_open_request_moves)
{
	int kind, from, to, actor, n = 0;

	for (kind = 0; kind <= 3; kind++)
		for (from = 1; from <= 4; from++)
			for (to = 1; to <= 4; to++)
				for (actor = 1; actor <= 2; actor++) {
					if (!money_request_may_move(kind,
						(enum money_request_status)from,
						(enum money_request_status)to,
						(enum money_request_actor)
						    actor))
						continue;
					n++;
					ck_assert_int_eq(
					    from, MONEY_REQUEST_OPEN);
					ck_assert_int_eq(actor,
					    to == MONEY_REQUEST_CANCELED
						? MONEY_REQUEST_BY_OWNER
						: MONEY_REQUEST_BY_OPERATOR);
					ck_assert(kind == 1 ||
						  to != MONEY_REQUEST_CANCELED);
				}
	ck_assert_int_eq(n, 5);
}
END_TEST

/* --- deposits ------------------------------------------------------------- */

START_TEST(a_deposit_that_is_asked_for_moves_nothing)
{
	int64_t txns = fixture_int("SELECT COUNT(*) FROM txn");
	int64_t id = asked(MONEY_REQUEST_DEPOSIT, 5 * UNIT);

	ck_assert_int_eq(fixture_balance(&fx.one), FIXTURE_BALANCE);
	ck_assert_int_eq(fixture_int("SELECT COUNT(*) FROM txn"), txns);
	ck_assert_int_eq(status_of(id), MONEY_REQUEST_OPEN);
}
END_TEST

START_TEST(a_deposit_that_is_confirmed_is_in_the_wallet_once)
{
	int64_t id = asked(MONEY_REQUEST_DEPOSIT, 5 * UNIT);
	int64_t deposits = sum(LEDGER_DEPOSITS);

	ck_assert_int_eq(end(id, MONEY_REQUEST_DONE, "came on Monday"), RC_OK);
	ck_assert_int_eq(fixture_balance(&fx.one), FIXTURE_BALANCE + 5 * UNIT);
	ck_assert_int_eq(sum(LEDGER_DEPOSITS), deposits - 5 * UNIT);
	last_txn_is("3 1700000009 came on Monday");
	ck_assert_int_eq(end(id, MONEY_REQUEST_DONE, NULL), RC_INVALID);
	ck_assert_str_eq(what, "it is no longer open");
	ck_assert_int_eq(end(id, MONEY_REQUEST_REJECTED, "no"), RC_INVALID);
	ck_assert_int_eq(cancel(&fx.one, id), RC_INVALID);
	ck_assert_int_eq(fixture_balance(&fx.one), FIXTURE_BALANCE + 5 * UNIT);
}
END_TEST

START_TEST(a_deposit_that_is_rejected_or_canceled_moves_nothing)
{
	int64_t rejected = asked(MONEY_REQUEST_DEPOSIT, 5 * UNIT);
	int64_t canceled = asked(MONEY_REQUEST_DEPOSIT, 6 * UNIT);

	ck_assert_int_eq(
	    end(rejected, MONEY_REQUEST_REJECTED, "nothing came"), RC_OK);
	ck_assert_int_eq(cancel(&fx.one, canceled), RC_OK);
	ck_assert_int_eq(status_of(rejected), MONEY_REQUEST_REJECTED);
	ck_assert_int_eq(status_of(canceled), MONEY_REQUEST_CANCELED);
	ck_assert_int_eq(end(rejected, MONEY_REQUEST_DONE, NULL), RC_INVALID);
	ck_assert_int_eq(end(canceled, MONEY_REQUEST_DONE, NULL), RC_INVALID);
	ck_assert_int_eq(cancel(&fx.one, canceled), RC_INVALID);
	ck_assert_int_eq(fixture_balance(&fx.one), FIXTURE_BALANCE);
}
END_TEST

/* --- withdrawals ---------------------------------------------------------- */

START_TEST(a_withdrawal_is_held_at_once)
{
	int64_t id = asked(MONEY_REQUEST_WITHDRAWAL, 7 * UNIT), n, amount;

	ck_assert_int_eq(fixture_balance(&fx.one), FIXTURE_BALANCE - 7 * UNIT);
	ck_assert_int_eq(sum(LEDGER_HOLDING), 7 * UNIT);
	last_txn_is("5 1700000000 to my bank");
	ck_assert_int_eq(status_of(id), MONEY_REQUEST_OPEN);
	(void)asked(MONEY_REQUEST_WITHDRAWAL, 2 * UNIT);
	ck_assert_int_eq(db_begin(fx.db, DB_READ), RC_OK);
	ck_assert_int_eq(money_request_open(fx.db, &fx.one,
			     MONEY_REQUEST_WITHDRAWAL, &n, &amount),
	    RC_OK);
	fixture_commit();
	ck_assert_int_eq(n, 2);
	ck_assert_int_eq(amount, 9 * UNIT);
}
END_TEST

START_TEST(a_withdrawal_that_is_paid_leaves_the_house)
{
	int64_t id = asked(MONEY_REQUEST_WITHDRAWAL, 7 * UNIT);

	ck_assert_int_eq(end(id, MONEY_REQUEST_DONE, NULL), RC_OK);
	ck_assert_int_eq(status_of(id), MONEY_REQUEST_DONE);
	ck_assert_int_eq(fixture_balance(&fx.one), FIXTURE_BALANCE - 7 * UNIT);
	ck_assert_int_eq(sum(LEDGER_HOLDING), 0);
	ck_assert_int_eq(sum(LEDGER_PAYOUTS), 7 * UNIT);
	last_txn_is("7 1700000009 -");
	ck_assert_int_eq(end(id, MONEY_REQUEST_REJECTED, "no"), RC_INVALID);
	ck_assert_int_eq(end(id, MONEY_REQUEST_DONE, NULL), RC_INVALID);
	ck_assert_int_eq(sum(LEDGER_PAYOUTS), 7 * UNIT);
}
END_TEST

START_TEST(a_withdrawal_that_is_rejected_comes_back)
{
	int64_t id = asked(MONEY_REQUEST_WITHDRAWAL, 7 * UNIT);

	ck_assert_int_eq(end(id, MONEY_REQUEST_REJECTED, NULL), RC_INVALID);
	ck_assert_str_eq(what, "the owner must be told why");
	ck_assert_int_eq(
	    end(id, MONEY_REQUEST_REJECTED, "no such bank"), RC_OK);
	ck_assert_int_eq(fixture_balance(&fx.one), FIXTURE_BALANCE);
	ck_assert_int_eq(sum(LEDGER_HOLDING), 0);
	ck_assert_int_eq(sum(LEDGER_PAYOUTS), 0);
	last_txn_is("6 1700000009 no such bank");
	ck_assert_int_eq(end(id, MONEY_REQUEST_DONE, NULL), RC_INVALID);
}
END_TEST

START_TEST(a_withdrawal_is_not_taken_back_by_its_owner)
{
	int64_t id = asked(MONEY_REQUEST_WITHDRAWAL, 7 * UNIT);

	ck_assert_int_eq(cancel(&fx.one, id), RC_INVALID);
	ck_assert_str_eq(what, "it can no longer be taken back");
	ck_assert_int_eq(sum(LEDGER_HOLDING), 7 * UNIT);
}
END_TEST

START_TEST(a_withdrawal_goes_down_to_the_last_nano_and_no_further)
{
	int64_t id, balance;

	ck_assert_int_eq(withdraw(&fx.one, FIXTURE_BALANCE + 1, "x",
			     FIXTURE_NOW, &id, &balance),
	    RC_LIMITED);
	ck_assert_str_eq(what, "the amount is more than the balance");
	ck_assert_int_eq(id, 0);
	ck_assert_int_eq(
	    withdraw(&fx.one, FIXTURE_BALANCE, "x", FIXTURE_NOW, &id, &balance),
	    RC_OK);
	ck_assert_int_eq(balance, 0);
	ck_assert_int_eq(
	    withdraw(&fx.one, 1, "x", FIXTURE_NOW, &id, &balance), RC_LIMITED);
	ck_assert_int_eq(fixture_int("SELECT COUNT(*) FROM money_request"), 1);
}
END_TEST

START_TEST(what_comes_back_must_fit_into_the_wallet)
{
	int64_t id = asked(MONEY_REQUEST_WITHDRAWAL, 7 * UNIT), after;

	fixture_begin();
	ck_assert_int_eq(funds_credit(fx.db, &fx.one, LEDGER_DEPOSIT,
			     MONEY_MAX - FIXTURE_BALANCE + 1, NULL, FIXTURE_NOW,
			     &after, &what),
	    RC_OK);
	fixture_commit();
	ck_assert_int_eq(end(id, MONEY_REQUEST_REJECTED, "no"), RC_LIMITED);
	ck_assert_str_eq(what, "the balance would be too large");
	ck_assert_int_eq(status_of(id), MONEY_REQUEST_OPEN);
	ck_assert_int_eq(sum(LEDGER_HOLDING), 7 * UNIT);
	ck_assert_int_eq(end(id, MONEY_REQUEST_DONE, NULL), RC_OK);
}
END_TEST

START_TEST(the_house_holds_and_pays_out_more_than_a_number_holds)
{
	const char *why;
	int64_t after;
	int i;

	for (i = 0; i < 12; i++) {
		fixture_begin();
		ck_assert_int_eq(funds_credit(fx.db, &fx.one, LEDGER_DEPOSIT,
				     MONEY_MAX - (i == 0 ? FIXTURE_BALANCE : 0),
				     NULL, FIXTURE_NOW, &after, &why),
		    RC_OK);
		fixture_commit();
		ck_assert_int_eq(end(asked(MONEY_REQUEST_WITHDRAWAL, MONEY_MAX),
				     MONEY_REQUEST_DONE, NULL),
		    RC_OK);
	}
	ck_assert_int_eq(fixture_balance(&fx.one), 0);
}
END_TEST

START_TEST(falling_below_the_threshold_is_told)
{
	fixture_sql("UPDATE account SET low_balance_nano = %lld WHERE id = 1;"
		    "INSERT INTO webhook (account_id, api_key_id, url, events,"
		    " status, secret, hint, created_at) VALUES"
		    " (1, 1, 'https://example.test/', 1 << %d, 1,"
		    "  zeroblob(61), 'abcd', 1)",
	    (long long)FIXTURE_BALANCE, EVENT_BALANCE_LOW);
	(void)asked(MONEY_REQUEST_WITHDRAWAL, 1);
	ck_assert_int_eq(fixture_int("SELECT COUNT(*) FROM event"), 1);
}
END_TEST

/* --- what cannot be asked for --------------------------------------------- */

START_TEST(what_cannot_be_asked_for_is_refused)
{
	char longest[502];
	const struct {
		int64_t amount;
		const char *how;
	} rows[] = {
		{ 0, "x" },
		{ -1, "x" },
		{ INT64_MIN, "x" },
		{ MONEY_MAX + 1, "x" },
		{ INT64_MAX, "x" },
		{ 1, "" },
		{ 1, " x" },
		{ 1, "a\nb" },
		{ 1, "\xff" },
		{ 1, longest },
	};
	int64_t id, balance;
	int i;

	memset(longest, 'x', 501);
	longest[501] = '\0';
	for (i = 0; i < ROWS(rows); i++) {
		ck_assert_int_eq(deposit(&fx.one, rows[i].amount, rows[i].how,
				     FIXTURE_NOW, &id),
		    RC_INVALID);
		ck_assert_str_ne(what, "");
		ck_assert_int_eq(withdraw(&fx.one, rows[i].amount, rows[i].how,
				     FIXTURE_NOW, &id, &balance),
		    RC_INVALID);
		ck_assert_str_ne(what, "");
	}
	ck_assert_int_eq(fixture_int("SELECT COUNT(*) FROM money_request"), 0);
	longest[500] = '\0';
	ck_assert_int_eq(
	    deposit(&fx.one, MONEY_MAX, longest, FIXTURE_NOW, &id), RC_OK);
}
END_TEST

START_TEST(open_requests_are_bounded)
{
	int64_t id = 0, balance;
	int i;

	for (i = 0; i < MONEY_REQUEST_OPEN_MAX; i++)
		id = asked(i % 2 == 0 ? MONEY_REQUEST_DEPOSIT
				      : MONEY_REQUEST_WITHDRAWAL,
		    UNIT);
	ck_assert_int_eq(
	    deposit(&fx.one, 1, "x", FIXTURE_NOW, &id), RC_LIMITED);
	ck_assert_str_eq(what, "there are ten open requests already");
	ck_assert_int_eq(
	    withdraw(&fx.one, 1, "x", FIXTURE_NOW, &id, &balance), RC_LIMITED);
	/* Another account has its own. */
	ck_assert_int_eq(deposit(&fx.two, 1, "x", FIXTURE_NOW, &id), RC_OK);
	ck_assert_int_eq(end(2, MONEY_REQUEST_DONE, NULL), RC_OK);
	ck_assert_int_eq(deposit(&fx.one, 1, "x", FIXTURE_NOW, &id), RC_OK);
}
END_TEST

START_TEST(requests_of_a_day_are_bounded)
{
	int64_t id;
	int i;

	for (i = 0; i < MONEY_REQUEST_DAY_MAX; i++) {
		ck_assert_int_eq(
		    deposit(&fx.one, 1, "x", FIXTURE_NOW + i, &id), RC_OK);
		ck_assert_int_eq(cancel(&fx.one, id), RC_OK);
	}
	ck_assert_int_eq(
	    deposit(&fx.one, 1, "x", FIXTURE_NOW + 86399, &id), RC_LIMITED);
	ck_assert_str_eq(what, "there were 50 requests in 24 hours");
	ck_assert_int_eq(
	    deposit(&fx.one, 1, "x", FIXTURE_NOW + 86400, &id), RC_OK);
}
END_TEST

START_TEST(a_suspended_account_asks_for_nothing_but_is_answered)
{
	int64_t open = asked(MONEY_REQUEST_WITHDRAWAL, UNIT), id, balance;

	fixture_begin();
	ck_assert_int_eq(
	    account_admin_suspend(fx.db, fx.one.account_id, FIXTURE_NOW),
	    RC_OK);
	fixture_commit();
	ck_assert_int_eq(deposit(&fx.one, 1, "x", FIXTURE_NOW, &id), RC_DENIED);
	ck_assert_str_eq(what, "the account is suspended");
	ck_assert_int_eq(
	    withdraw(&fx.one, 1, "x", FIXTURE_NOW, &id, &balance), RC_DENIED);
	ck_assert_int_eq(end(open, MONEY_REQUEST_REJECTED, "no"), RC_OK);
	ck_assert_int_eq(fixture_balance(&fx.one), FIXTURE_BALANCE);
}
END_TEST

START_TEST(an_unknown_account_is_not_found)
{
	const struct caller nobody = { .account_id = 99 };
	int64_t id, balance;

	ck_assert_int_eq(
	    deposit(&nobody, 1, "x", FIXTURE_NOW, &id), RC_NOT_FOUND);
	ck_assert_int_eq(withdraw(&nobody, 1, "x", FIXTURE_NOW, &id, &balance),
	    RC_NOT_FOUND);
	ck_assert_int_eq(end(1, MONEY_REQUEST_DONE, NULL), RC_NOT_FOUND);
}
END_TEST

START_TEST(another_accounts_request_is_not_found)
{
	int64_t id = asked(MONEY_REQUEST_DEPOSIT, UNIT);

	ck_assert_int_eq(cancel(&fx.two, id), RC_NOT_FOUND);
	ck_assert_str_eq(what, "");
	ck_assert_int_eq(cancel(&fx.two, id + 1), RC_NOT_FOUND);
	ck_assert_int_eq(status_of(id), MONEY_REQUEST_OPEN);
}
END_TEST

/* --- lists ---------------------------------------------------------------- */

struct seen {
	char text[2048];
	int stop_after; /* 0: never */
};

static enum rc
note(void *arg, const struct money_request *r)
{
	struct seen *seen = arg;
	size_t len = strlen(seen->text);

	(void)snprintf(seen->text + len, sizeof(seen->text) - len,
	    "%s%lld:%s:%s", len > 0 ? " " : "", (long long)r->id,
	    money_request_kind_name(r->kind),
	    money_request_status_name(r->kind, r->status));
	return seen->stop_after > 0 && --seen->stop_after == 0 ? RC_BUSY
							       : RC_OK;
}

static enum rc
note_row(void *arg, const struct money_request_row *row)
{
	ck_assert_str_eq(row->email, row->account_id == fx.one.account_id
					 ? "one@example.test"
					 : "two@example.test");
	return note(arg, &row->request);
}

static const char *
list(const struct caller *caller, int64_t before)
{
	static struct seen seen;

	seen = (struct seen){ "", 0 };
	ck_assert_int_eq(db_begin(fx.db, DB_READ), RC_OK);
	ck_assert_int_eq(
	    money_request_each(fx.db, caller, before, note, &seen), RC_OK);
	fixture_commit();
	return seen.text;
}

static const char *
list_all(const struct money_request_filter *filter)
{
	static struct seen seen;

	seen = (struct seen){ "", 0 };
	ck_assert_int_eq(db_begin(fx.db, DB_READ), RC_OK);
	ck_assert_int_eq(
	    money_request_admin_list(fx.db, filter, note_row, &seen), RC_OK);
	fixture_commit();
	return seen.text;
}

static void
make_list(void)
{
	int64_t id, balance;

	(void)asked(MONEY_REQUEST_DEPOSIT, UNIT);
	(void)asked(MONEY_REQUEST_WITHDRAWAL, UNIT);
	ck_assert_int_eq(deposit(&fx.two, 1, "x", FIXTURE_NOW, &id), RC_OK);
	ck_assert_int_eq(
	    withdraw(&fx.two, 1, "x", FIXTURE_NOW, &id, &balance), RC_OK);
	ck_assert_int_eq(end(1, MONEY_REQUEST_DONE, NULL), RC_OK);
	ck_assert_int_eq(end(4, MONEY_REQUEST_DONE, NULL), RC_OK);
	ck_assert_int_eq(cancel(&fx.two, 3), RC_OK);
}

START_TEST(an_owner_sees_its_own_newest_first)
{
	struct seen seen = { "", 1 };

	make_list();
	ck_assert_str_eq(
	    list(&fx.one, 0), "2:withdrawal:open 1:deposit:confirmed");
	ck_assert_str_eq(list(&fx.one, 2), "1:deposit:confirmed");
	ck_assert_str_eq(list(&fx.one, 1), "");
	ck_assert_str_eq(
	    list(&fx.two, 0), "4:withdrawal:paid 3:deposit:canceled");
	ck_assert_int_eq(db_begin(fx.db, DB_READ), RC_OK);
	ck_assert_int_eq(
	    money_request_each(fx.db, &fx.one, 0, note, &seen), RC_BUSY);
	fixture_commit();
	ck_assert_str_eq(seen.text, "2:withdrawal:open");
}
END_TEST

START_TEST(an_operator_sees_what_the_filter_says)
{
	const struct {
		struct money_request_filter filter;
		const char *ids;
	} rows[] = {
		{ { 0 }, "4:withdrawal:paid 3:deposit:canceled"
			 " 2:withdrawal:open 1:deposit:confirmed" },
		{ { .limit = 1 }, "4:withdrawal:paid" },
		{ { .before = 2 }, "1:deposit:confirmed" },
		{ { .kind = MONEY_REQUEST_WITHDRAWAL },
		    "4:withdrawal:paid 2:withdrawal:open" },
		{ { .status = MONEY_REQUEST_OPEN }, "2:withdrawal:open" },
		{ { .status = MONEY_REQUEST_OPEN, .before = 2 }, "" },
		{ { .status = MONEY_REQUEST_OPEN, .kind = 1 }, "" },
		{ { .status = MONEY_REQUEST_OPEN,
		      .account_id = fx.two.account_id },
		    "" },
		{ { .status = MONEY_REQUEST_DONE, .limit = 10 },
		    "4:withdrawal:paid 1:deposit:confirmed" },
		{ { .account_id = fx.two.account_id, .kind = 1 },
		    "3:deposit:canceled" },
		{ { .account_id = 99 }, "" },
	};
	int i;

	make_list();
	for (i = 0; i < ROWS(rows); i++)
		ck_assert_str_eq(list_all(&rows[i].filter), rows[i].ids);
}
END_TEST

static Suite *
make_suite(void)
{
	Suite *suite = suite_create("money_request");
	TCase *tc = tcase_create("money_request");

	tcase_add_checked_fixture(tc, fixture_setup, teardown);
	tcase_add_test(tc, kinds_and_states_have_names);
	tcase_add_test(tc, only_an_open_request_moves);
	tcase_add_test(tc, a_deposit_that_is_asked_for_moves_nothing);
	tcase_add_test(tc, a_deposit_that_is_confirmed_is_in_the_wallet_once);
	tcase_add_test(
	    tc, a_deposit_that_is_rejected_or_canceled_moves_nothing);
	tcase_add_test(tc, a_withdrawal_is_held_at_once);
	tcase_add_test(tc, a_withdrawal_that_is_paid_leaves_the_house);
	tcase_add_test(tc, a_withdrawal_that_is_rejected_comes_back);
	tcase_add_test(tc, a_withdrawal_is_not_taken_back_by_its_owner);
	tcase_add_test(
	    tc, a_withdrawal_goes_down_to_the_last_nano_and_no_further);
	tcase_add_test(tc, what_comes_back_must_fit_into_the_wallet);
	tcase_add_test(
	    tc, the_house_holds_and_pays_out_more_than_a_number_holds);
	tcase_add_test(tc, falling_below_the_threshold_is_told);
	tcase_add_test(tc, what_cannot_be_asked_for_is_refused);
	tcase_add_test(tc, open_requests_are_bounded);
	tcase_add_test(tc, requests_of_a_day_are_bounded);
	tcase_add_test(
	    tc, a_suspended_account_asks_for_nothing_but_is_answered);
	tcase_add_test(tc, an_unknown_account_is_not_found);
	tcase_add_test(tc, another_accounts_request_is_not_found);
	tcase_add_test(tc, an_owner_sees_its_own_newest_first);
	tcase_add_test(tc, an_operator_sees_what_the_filter_says);
	suite_add_tcase(suite, tc);
	return suite;
}

SUITE_MAIN(make_suite)
