/* SPDX-License-Identifier: ISC */
/*
 * lib/account_close: what stands in the way, what is left behind, and that
 * nothing of the account works afterwards while others' things do.
 */
#include "account_close.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "account_admin.h"
#include "api_key_admin.h"
#include "event.h"
#include "fixture.h"
#include "ledger.h"
#include "suite.h"
#include "webhook.h"

static enum rc
look(const struct caller *caller, struct account_left *left)
{
	ck_assert_int_eq(db_begin(fx.db, DB_READ), RC_OK);
	return db_end(fx.db, account_close_look(fx.db, caller, left));
}

static enum rc
close_leaving(
    const struct caller *caller, int64_t leave_nano, struct account_left *left)
{
	fixture_begin();
	return db_end(fx.db,
	    account_close(fx.db, caller, leave_nano, FIXTURE_NOW + 5, left));
}

/* Makes a key and, with it, an endpoint. */
static void
make_key(struct caller caller, struct api_key_text *key)
{
	static const struct seal_key seal = { { 7 } };
	struct webhook_secret secret;
	struct why why = { 0 };
	int64_t id;

	fixture_begin();
	ck_assert_int_eq(api_key_admin_create(fx.db, &fx.pepper, &caller,
			     "Shop", FIXTURE_NOW, key),
	    RC_OK);
	caller.key_id = db_last_id(fx.db);
	ck_assert_int_eq(
	    webhook_add(fx.db, &caller, &seal, "https://shop.example/hook",
		EVENT_ALL, FIXTURE_NOW, &id, &secret, &why),
	    RC_OK);
	fixture_commit();
}

static enum rc
verify(const struct api_key_text *key)
{
	struct caller caller;
	enum rc rc;
	int touch;

	ck_assert_int_eq(db_begin(fx.db, DB_READ), RC_OK);
	rc = api_key_verify(fx.db, &fx.pepper, key->s, strlen(key->s),
	    FIXTURE_NOW, NULL, &caller, &touch);
	fixture_commit();
	return rc;
}

START_TEST(nothing_of_a_closed_account_works)
{
	struct api_key_text one[2], two;
	struct account_left left;
	struct account account;

	make_key(fx.one, &one[0]);
	make_key(fx.one, &one[1]);
	make_key(fx.two, &two);
	ck_assert_int_eq(close_leaving(&fx.one, FIXTURE_BALANCE, &left), RC_OK);
	ck_assert_int_eq(left.balance_nano, FIXTURE_BALANCE);
	ck_assert_int_eq(left.open_orders, 0);
	ck_assert_int_eq(left.active_keys, 2);
	ck_assert_int_eq(left.webhooks, 2);

	ck_assert_int_eq(verify(&one[0]), RC_DENIED);
	ck_assert_int_eq(verify(&one[1]), RC_DENIED);
	ck_assert_int_eq(
	    fixture_int("SELECT COUNT(*) FROM api_key WHERE revoked_at = %d"
			" AND revoked_why = 'the account was closed'",
		FIXTURE_NOW + 5),
	    2);
	ck_assert_int_eq(
	    fixture_int("SELECT COUNT(*) FROM webhook WHERE account_id = %lld"
			" AND status = 4 AND url = '' AND secret = x''",
		(long long)fx.one.account_id),
	    2);
	ck_assert_int_eq(
	    fixture_int("SELECT suspended_at = closed_at AND closed_at = %d"
			" FROM account WHERE id = %lld",
		FIXTURE_NOW + 5, (long long)fx.one.account_id),
	    1);
	ck_assert_int_eq(db_begin(fx.db, DB_READ), RC_OK);
	ck_assert_int_eq(account_find(fx.db, &fx.one, &account), RC_NOT_FOUND);
	ck_assert_int_eq(account.id, 0);
	fixture_commit();
	/* The money is where it was, and the books are in order. */
	ck_assert_int_eq(fixture_balance(&fx.one), FIXTURE_BALANCE);
	ck_assert_str_eq(fixture_faults(), "");
	/* Nothing of another account has changed. */
	ck_assert_int_eq(verify(&two), RC_OK);
	ck_assert_int_eq(look(&fx.two, &left), RC_OK);
	ck_assert_int_eq(left.balance_nano, FIXTURE_BALANCE_2);
	ck_assert_int_eq(left.active_keys, 1);
	ck_assert_int_eq(left.webhooks, 1);
}
END_TEST

/* By calls that had begun before. */
START_TEST(a_closed_account_gets_nothing_new)
{
	struct account_left left;
	struct api_key_text key;
	struct why why = { 0 };

	ck_assert_int_eq(close_leaving(&fx.one, FIXTURE_BALANCE, &left), RC_OK);
	fixture_begin();
	ck_assert_int_eq(api_key_admin_create(fx.db, &fx.pepper, &fx.one,
			     "Shop", FIXTURE_NOW + 5, &key),
	    RC_NOT_FOUND);
	ck_assert_str_eq(key.s, "");
	ck_assert_int_eq(
	    ledger_charge(fx.db, &fx.one, 1, 1, FIXTURE_NOW + 5, &why),
	    RC_DENIED);
	ck_assert_int_eq(why.error, ERROR_SUSPENDED);
	fixture_commit();
	ck_assert_int_eq(fixture_balance(&fx.one), FIXTURE_BALANCE);
	ck_assert_int_eq(fixture_int("SELECT COUNT(*) FROM api_key"), 0);
}
END_TEST

START_TEST(open_orders_stand_in_the_way)
{
	struct account_left left;
	struct api_key_text key;
	int status;

	make_key(fx.one, &key);
	(void)fixture_any_order();
	for (status = 1; status <= 3; status++) {
		fixture_sql("UPDATE orders SET status = %d", status);
		ck_assert_int_eq(
		    close_leaving(&fx.one, fixture_balance(&fx.one), &left),
		    RC_LIMITED);
		ck_assert_int_eq(left.open_orders, 1);
		ck_assert_int_eq(verify(&key), RC_OK);
	}
	fixture_sql("UPDATE orders SET status = 4");
	ck_assert_int_eq(
	    close_leaving(&fx.one, fixture_balance(&fx.one), &left), RC_OK);
	/* Those of others do not. */
	ck_assert_int_eq(
	    close_leaving(&fx.two, FIXTURE_BALANCE_2, &left), RC_OK);
}
END_TEST

/* A call that was let in before, or one of a suspended account likewise. */
START_TEST(an_order_under_way_comes_too_late)
{
	static const char order[] =
	    "service=1&quantity=1000&link=https://example.com/a";
	struct account_left left;
	struct why why;
	int64_t id = -1;

	if (_i == 0) {
		ck_assert_int_eq(
		    close_leaving(&fx.one, FIXTURE_BALANCE, &left), RC_OK);
	} else {
		fixture_begin();
		ck_assert_int_eq(account_admin_suspend(
				     fx.db, fx.one.account_id, FIXTURE_NOW),
		    RC_OK);
		fixture_commit();
	}
	ck_assert_int_eq(
	    fixture_place(&fx.one, order, FIXTURE_NOW, &id, &why), RC_DENIED);
	ck_assert_int_eq(id, 0);
	ck_assert_int_eq((int)why.error, ERROR_SUSPENDED);
	ck_assert_int_eq(fixture_int("SELECT COUNT(*) FROM orders"), 0);
	ck_assert_int_eq(fixture_balance(&fx.one), FIXTURE_BALANCE);
	ck_assert_str_eq(fixture_faults(), "");
}
END_TEST

START_TEST(requests_without_an_answer_stand_in_the_way)
{
	struct account_left left;

	fixture_sql("INSERT INTO money_request (account_id, kind, status,"
		    " amount_nano, how, created_at, updated_at)"
		    " VALUES (%lld, 2, 1, 5, 'x', 1, 1)",
	    (long long)fx.one.account_id);
	ck_assert_int_eq(
	    close_leaving(&fx.one, FIXTURE_BALANCE, &left), RC_LIMITED);
	ck_assert_int_eq(left.open_requests, 1);
	ck_assert_int_eq(
	    close_leaving(&fx.two, FIXTURE_BALANCE_2, &left), RC_OK);
	fixture_sql("UPDATE money_request SET status = 3");
	ck_assert_int_eq(close_leaving(&fx.one, FIXTURE_BALANCE, &left), RC_OK);
}
END_TEST

START_TEST(a_balance_that_was_not_named_stands_in_the_way)
{
	static const int64_t off[] = { -FIXTURE_BALANCE, -1, 1 };
	struct account_left left;
	size_t i;

	for (i = 0; i < sizeof(off) / sizeof(off[0]); i++) {
		ck_assert_int_eq(
		    close_leaving(&fx.one, FIXTURE_BALANCE + off[i], &left),
		    RC_LIMITED);
		ck_assert_int_eq(left.balance_nano, FIXTURE_BALANCE);
	}
	ck_assert_int_eq(
	    fixture_int("SELECT COUNT(*) FROM account"
			" WHERE closed_at IS NOT NULL OR suspended_at > 0"),
	    0);
}
END_TEST

START_TEST(closing_is_done_once)
{
	struct account_left left;
	struct caller nobody = { .account_id = 4711 };

	ck_assert_int_eq(look(&nobody, &left), RC_NOT_FOUND);
	ck_assert_int_eq(close_leaving(&nobody, 0, &left), RC_NOT_FOUND);
	ck_assert_int_eq(close_leaving(&fx.one, FIXTURE_BALANCE, &left), RC_OK);
	ck_assert_int_eq(
	    close_leaving(&fx.one, FIXTURE_BALANCE, &left), RC_NOT_FOUND);
	ck_assert_int_eq(look(&fx.one, &left), RC_NOT_FOUND);
	ck_assert_int_eq(left.balance_nano, 0);
}
END_TEST

START_TEST(the_operator_opens_it_again_without_keys)
{
	struct account_left left;
	struct api_key_text key;

	make_key(fx.one, &key);
	ck_assert_int_eq(close_leaving(&fx.one, FIXTURE_BALANCE, &left), RC_OK);
	fixture_begin();
	ck_assert_int_eq(
	    account_admin_unsuspend(fx.db, fx.one.account_id), RC_OK);
	fixture_commit();
	ck_assert_int_eq(look(&fx.one, &left), RC_OK);
	ck_assert_int_eq(left.active_keys, 0);
	ck_assert_int_eq(left.webhooks, 0);
	ck_assert_int_eq(verify(&key), RC_DENIED);
}
END_TEST

START_TEST(when_it_was_suspended_before_is_kept)
{
	struct account_left left;

	fixture_sql("UPDATE account SET suspended_at = 17 WHERE id = %lld",
	    (long long)fx.one.account_id);
	ck_assert_int_eq(close_leaving(&fx.one, FIXTURE_BALANCE, &left), RC_OK);
	ck_assert_int_eq(
	    fixture_int("SELECT suspended_at FROM account WHERE id = %lld",
		(long long)fx.one.account_id),
	    17);
}
END_TEST

static Suite *
make_suite(void)
{
	Suite *suite = suite_create("account_close");
	TCase *tc = tcase_create("account_close");

	tcase_add_checked_fixture(tc, fixture_setup, fixture_teardown);
	tcase_add_test(tc, nothing_of_a_closed_account_works);
	tcase_add_test(tc, a_closed_account_gets_nothing_new);
	tcase_add_test(tc, open_orders_stand_in_the_way);
	tcase_add_loop_test(tc, an_order_under_way_comes_too_late, 0, 2);
	tcase_add_test(tc, requests_without_an_answer_stand_in_the_way);
	tcase_add_test(tc, a_balance_that_was_not_named_stands_in_the_way);
	tcase_add_test(tc, closing_is_done_once);
	tcase_add_test(tc, the_operator_opens_it_again_without_keys);
	tcase_add_test(tc, when_it_was_suspended_before_is_kept);
	suite_add_tcase(suite, tc);
	return suite;
}

SUITE_MAIN(make_suite)
