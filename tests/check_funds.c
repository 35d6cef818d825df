/* SPDX-License-Identifier: ISC */
/*
 * lib/funds and lib/ledger: money into and out of wallets, and the price of
 * orders.  After every test all transactions sum to zero.
 */
#include "funds.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"
#include "ledger.h"
#include "money.h"
#include "suite.h"

static void
teardown(void)
{
	/* Not over all entries: SUM would pass 2^63 on its way to zero. */
	ck_assert_int_eq(
	    fixture_int("SELECT COUNT(*) FROM (SELECT 1 FROM entry"
			" GROUP BY txn_id HAVING SUM(amount_nano) <> 0)"),
	    0);
	fixture_teardown();
}

static enum rc
credit(const struct caller *caller, enum ledger_kind kind, int64_t amount,
    const char *note, int64_t *balance)
{
	const char *what = NULL;
	enum rc rc;

	fixture_begin();
	rc = funds_credit(
	    fx.db, caller, kind, amount, note, FIXTURE_NOW, balance, &what);
	ck_assert_ptr_nonnull(what);
	if (rc == RC_OK || rc == RC_NOT_FOUND)
		ck_assert_str_eq(what, "");
	else
		ck_assert_str_ne(what, "");
	if (rc != RC_OK)
		ck_assert_int_eq(*balance, 0);
	return db_end(fx.db, rc);
}

static int64_t
sum(int64_t ledger_id)
{
	return fixture_int("SELECT COALESCE(SUM(amount_nano), 0) FROM entry"
			   " WHERE ledger_id = %lld",
	    (long long)ledger_id);
}

START_TEST(a_deposit_is_booked_against_deposits)
{
	int64_t balance, before = sum(LEDGER_DEPOSITS);
	char *text;

	ck_assert_int_eq(
	    credit(&fx.one, LEDGER_DEPOSIT, 1, "invoice 17", &balance), RC_OK);
	ck_assert_int_eq(balance, FIXTURE_BALANCE + 1);
	ck_assert_int_eq(fixture_balance(&fx.one), FIXTURE_BALANCE + 1);
	ck_assert_int_eq(sum(fx.one.account_id), FIXTURE_BALANCE + 1);
	ck_assert_int_eq(sum(LEDGER_DEPOSITS), before - 1);
	text = fixture_text("SELECT kind || ' ' || posted_at || ' ' || note"
			    " || ' ' || (order_id IS NULL) FROM txn"
			    " ORDER BY id DESC LIMIT 1");
	ck_assert_str_eq(text, "3 1700000000 invoice 17 1");
	free(text);
	ck_assert_str_eq(fixture_faults(), "");
}
END_TEST

START_TEST(an_adjustment_goes_both_ways_but_not_below_zero)
{
	int64_t balance;

	ck_assert_int_eq(
	    credit(&fx.two, LEDGER_ADJUSTMENT, 5, NULL, &balance), RC_OK);
	ck_assert_int_eq(balance, FIXTURE_BALANCE_2 + 5);
	ck_assert_int_eq(credit(&fx.two, LEDGER_ADJUSTMENT,
			     -FIXTURE_BALANCE_2 - 6, NULL, &balance),
	    RC_LIMITED);
	ck_assert_int_eq(fixture_balance(&fx.two), FIXTURE_BALANCE_2 + 5);
	ck_assert_int_eq(credit(&fx.two, LEDGER_ADJUSTMENT,
			     -FIXTURE_BALANCE_2 - 5, NULL, &balance),
	    RC_OK);
	ck_assert_int_eq(balance, 0);
	ck_assert_int_eq(
	    credit(&fx.two, LEDGER_ADJUSTMENT, -1, NULL, &balance), RC_LIMITED);
	ck_assert_int_eq(sum(LEDGER_ADJUSTMENTS), FIXTURE_BALANCE_2);
	ck_assert_str_eq(fixture_faults(), "");
}
END_TEST

START_TEST(what_cannot_be_posted_is_refused)
{
	char longest[502];
	const struct {
		enum ledger_kind kind;
		int64_t amount;
		const char *note;
	} rows[] = {
		{ LEDGER_DEPOSIT, 0, NULL },
		{ LEDGER_DEPOSIT, -1, NULL },
		{ LEDGER_DEPOSIT, MONEY_MAX + 1, NULL },
		{ LEDGER_DEPOSIT, INT64_MAX, NULL },
		{ LEDGER_DEPOSIT, INT64_MIN, NULL },
		{ LEDGER_ADJUSTMENT, 0, NULL },
		{ LEDGER_ADJUSTMENT, -MONEY_MAX - 1, NULL },
		{ LEDGER_ADJUSTMENT, INT64_MIN, NULL },
		{ LEDGER_ORDER, 1, NULL },
		{ LEDGER_REFUND, 1, NULL },
		{ (enum ledger_kind)0, 1, NULL },
		{ (enum ledger_kind)9, 1, NULL },
		{ LEDGER_DEPOSIT, 1, "" },
		{ LEDGER_DEPOSIT, 1, "a\nb" },
		{ LEDGER_DEPOSIT, 1, longest },
	};
	int64_t txns = fixture_int("SELECT COUNT(*) FROM txn"), balance;
	int i;

	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	for (i = 0; i < ROWS(rows); i++)
		ck_assert_msg(credit(&fx.one, rows[i].kind, rows[i].amount,
				  rows[i].note, &balance) == RC_INVALID,
		    "row %d", i);
	ck_assert_int_eq(fixture_int("SELECT COUNT(*) FROM txn"), txns);
	longest[500] = '\0';
	ck_assert_int_eq(
	    credit(&fx.one, LEDGER_DEPOSIT, 1, longest, &balance), RC_OK);
}
END_TEST

START_TEST(a_balance_has_a_largest_value)
{
	int64_t balance;

	ck_assert_int_eq(
	    credit(&fx.one, LEDGER_DEPOSIT, MONEY_MAX, NULL, &balance),
	    RC_LIMITED);
	ck_assert_int_eq(credit(&fx.one, LEDGER_DEPOSIT,
			     MONEY_MAX - FIXTURE_BALANCE, NULL, &balance),
	    RC_OK);
	ck_assert(balance == MONEY_MAX);
	ck_assert_int_eq(
	    credit(&fx.one, LEDGER_DEPOSIT, 1, NULL, &balance), RC_LIMITED);
	ck_assert_int_eq(
	    credit(&fx.one, LEDGER_ADJUSTMENT, -MONEY_MAX, NULL, &balance),
	    RC_OK);
	ck_assert_int_eq(balance, 0);
	ck_assert_str_eq(fixture_faults(), "");
}
END_TEST

START_TEST(the_house_may_turn_over_more_than_a_number_holds)
{
	const struct caller *const callers[] = { &fx.one, &fx.two };
	int64_t balance;
	int i;

	/* Ten times the largest balance in and out: over 2^63 in all. */
	for (i = 0; i < 24; i++) {
		int64_t start = i < 2 ? fixture_balance(callers[i % 2]) : 0;

		ck_assert_int_eq(credit(callers[i % 2], LEDGER_DEPOSIT,
				     MONEY_MAX - start, NULL, &balance),
		    RC_OK);
		ck_assert_int_eq(credit(callers[i % 2], LEDGER_ADJUSTMENT,
				     -MONEY_MAX, NULL, &balance),
		    RC_OK);
	}
	ck_assert_str_eq(fixture_faults(), "");
}
END_TEST

START_TEST(an_unknown_account_is_not_found)
{
	const struct caller nobody = { .account_id = 99 };
	int64_t balance;

	ck_assert_int_eq(
	    credit(&nobody, LEDGER_DEPOSIT, 1, NULL, &balance), RC_NOT_FOUND);
	ck_assert_str_eq(fixture_faults(), "");
}
END_TEST

/* --- the price of orders -------------------------------------------------- */

static enum rc
charge(
    const struct caller *caller, int64_t order, int64_t amount, struct why *why)
{
	enum rc rc;

	*why = (struct why){ 0 };
	fixture_begin();
	rc = ledger_charge(fx.db, caller, order, amount, FIXTURE_NOW, why);
	return db_end(fx.db, rc);
}

START_TEST(a_charge_goes_to_revenue_down_to_the_last_nano)
{
	int64_t order = fixture_any_order(), before, revenue;
	struct why why;

	before = fixture_balance(&fx.one);
	revenue = sum(LEDGER_REVENUE);
	ck_assert_int_eq(charge(&fx.one, order, before + 1, &why), RC_INVALID);
	ck_assert_int_eq(why.error, ERROR_FUNDS);
	ck_assert_int_eq(fixture_balance(&fx.one), before);
	ck_assert_int_eq(charge(&fx.one, order, before, &why), RC_OK);
	ck_assert_int_eq(fixture_balance(&fx.one), 0);
	ck_assert_int_eq(sum(LEDGER_REVENUE), revenue + before);
	ck_assert_int_eq(charge(&fx.one, order, 1, &why), RC_INVALID);
	/* Nothing costs nothing, and is noted. */
	ck_assert_int_eq(charge(&fx.one, order, 0, &why), RC_OK);
}
END_TEST

START_TEST(a_refund_comes_from_refunds)
{
	int64_t order = fixture_any_order(), txns;
	int64_t before = fixture_balance(&fx.one);

	fixture_begin();
	ck_assert_int_eq(
	    ledger_refund(fx.db, &fx.one, order, 7, FIXTURE_NOW), RC_OK);
	fixture_commit();
	ck_assert_int_eq(fixture_balance(&fx.one), before + 7);
	ck_assert_int_eq(sum(LEDGER_REFUNDS), -7);
	txns = fixture_int("SELECT COUNT(*) FROM txn");
	fixture_begin();
	ck_assert_int_eq(
	    ledger_refund(fx.db, &fx.one, order, 0, FIXTURE_NOW), RC_OK);
	fixture_commit();
	ck_assert_int_eq(fixture_int("SELECT COUNT(*) FROM txn"), txns);
}
END_TEST

START_TEST(a_charge_rolled_back_leaves_no_trace)
{
	int64_t order = fixture_any_order();
	int64_t before = fixture_balance(&fx.one), txns;
	struct why why = { 0 };

	txns = fixture_int("SELECT COUNT(*) FROM txn");
	fixture_begin();
	ck_assert_int_eq(
	    ledger_charge(fx.db, &fx.one, order, 5, 1, &why), RC_OK);
	db_rollback(fx.db);
	ck_assert_int_eq(fixture_balance(&fx.one), before);
	ck_assert_int_eq(fixture_int("SELECT COUNT(*) FROM txn"), txns);
	ck_assert_str_eq(fixture_faults(), "");
}
END_TEST

START_TEST(a_balance_below_zero_cannot_be_stored)
{
	fixture_begin();
	ck_assert_int_eq(
	    db_run(fx.db, "UPDATE account SET balance_nano = -1", DB_NO_ARGS),
	    RC_FAIL);
	db_rollback(fx.db);
}
END_TEST

static Suite *
make_suite(void)
{
	Suite *suite = suite_create("funds");
	TCase *tc = tcase_create("funds");

	tcase_add_checked_fixture(tc, fixture_setup, teardown);
	tcase_add_test(tc, a_deposit_is_booked_against_deposits);
	tcase_add_test(tc, an_adjustment_goes_both_ways_but_not_below_zero);
	tcase_add_test(tc, what_cannot_be_posted_is_refused);
	tcase_add_test(tc, a_balance_has_a_largest_value);
	tcase_add_test(tc, the_house_may_turn_over_more_than_a_number_holds);
	tcase_add_test(tc, an_unknown_account_is_not_found);
	tcase_add_test(tc, a_charge_goes_to_revenue_down_to_the_last_nano);
	tcase_add_test(tc, a_refund_comes_from_refunds);
	tcase_add_test(tc, a_charge_rolled_back_leaves_no_trace);
	tcase_add_test(tc, a_balance_below_zero_cannot_be_stored);
	suite_add_tcase(suite, tc);
	return suite;
}

SUITE_MAIN(make_suite)
