/* SPDX-License-Identifier: ISC */
/*
 * lib/spend: days counted from the ledger, at once or bit by bit, and what
 * needs attention.
 */
#include "spend.h"

#include <check.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"
#include "migrate.h"
#include "order.h"
#include "suite.h"

enum { DAY = SPEND_DAY_S, TODAY = FIXTURE_NOW / DAY, LAST = SPEND_DAYS - 1 };

/* An order of a hundred pieces. */
#define CHARGE INT64_C(27777700)

static struct db *people;

static void
setup(void)
{
	int64_t from, to;

	fixture_setup();
	ck_assert_int_eq(db_open(fixture_path("people.db"), DB_CREATE,
			     FIXTURE_BUSY_MS, &people),
	    RC_OK);
	ck_assert_int_eq(migrate(people, people_migrations, &from, &to), RC_OK);
}

static void
teardown(void)
{
	db_close(people);
	fixture_teardown();
}

/* Places an order at a time, in a way that no rule forbids. */
static int64_t
place(const struct caller *caller, int64_t at)
{
	char body[128];
	struct why why;
	static int n;
	int64_t id;

	(void)snprintf(body, sizeof(body),
	    "service=1&quantity=100&link=https://example.test/%d", ++n);
	ck_assert_int_eq(fixture_place(caller, body, at, &id, &why), RC_OK);
	return id;
}

static void
move(int64_t id, enum order_status to, int64_t remains, int64_t at)
{
	struct order order;
	struct why why;

	fixture_begin();
	ck_assert_int_eq(order_find(fx.db, &fx.one, id, &order, &why), RC_OK);
	order.remains = remains;
	ck_assert_int_eq(order_move(fx.db, &fx.one, &order, to,
			     ORDER_BY_OPERATOR, NULL, at, &why),
	    RC_OK);
	fixture_commit();
}

/* One look; kept if there is much that is new, or always. */
static struct spend
look(const struct caller *caller, int64_t now, int keep)
{
	struct spend spend;

	ck_assert_int_eq(db_begin(people, DB_READ), RC_OK);
	ck_assert_int_eq(spend_load(people, caller, now, &spend), RC_OK);
	ck_assert_int_eq(db_commit(people), RC_OK);
	ck_assert_int_eq(db_begin(fx.db, DB_READ), RC_OK);
	ck_assert_int_eq(spend_count(fx.db, caller, &spend), RC_OK);
	fixture_commit();
	if (keep || spend_is_new(&spend)) {
		ck_assert_int_eq(db_begin(people, DB_WRITE), RC_OK);
		ck_assert_int_eq(spend_save(people, caller, &spend), RC_OK);
		ck_assert_int_eq(db_commit(people), RC_OK);
	}
	return spend;
}

static void
must_be(const struct spend *spend, int day, int64_t orders, int64_t charged,
    int64_t refunded)
{
	ck_assert_int_eq(spend->days[day].orders, orders);
	ck_assert_int_eq(spend->days[day].charged_nano, charged);
	ck_assert_int_eq(spend->days[day].refunded_nano, refunded);
}

static int64_t
all_orders(const struct spend *spend)
{
	int64_t n = 0;
	int i;

	for (i = 0; i < SPEND_DAYS; i++)
		n += spend->days[i].orders;
	return n;
}

START_TEST(orders_and_refunds_are_counted_on_their_days)
{
	struct spend spend;
	int64_t id;

	/* The first moment of the first day, and the last before it. */
	(void)place(&fx.one, (int64_t)(TODAY - LAST) * DAY - 1);
	(void)place(&fx.one, (int64_t)(TODAY - LAST) * DAY);
	id = place(&fx.one, FIXTURE_NOW - DAY);
	(void)place(&fx.two, FIXTURE_NOW - DAY);
	(void)place(&fx.one, FIXTURE_NOW);
	(void)place(&fx.one, FIXTURE_NOW);
	move(id, ORDER_PARTIAL, 25, FIXTURE_NOW);
	spend = look(&fx.one, FIXTURE_NOW, 0);
	ck_assert(!spend.is_behind);
	ck_assert_int_eq(all_orders(&spend), 4);
	must_be(&spend, 0, 1, CHARGE, 0);
	must_be(&spend, LAST - 1, 1, CHARGE, 0);
	must_be(&spend, LAST, 2, 2 * CHARGE, CHARGE / 4);
	spend = look(&fx.two, FIXTURE_NOW, 0);
	ck_assert_int_eq(all_orders(&spend), 1);
	must_be(&spend, LAST - 1, 1, CHARGE, 0);
}
END_TEST

START_TEST(money_that_is_no_order_is_not_counted)
{
	struct spend spend = look(&fx.one, FIXTURE_NOW, 0);

	/* There is a deposit. */
	ck_assert_int_eq(spend.nnew, 1);
	must_be(&spend, LAST, 0, 0, 0);
}
END_TEST

START_TEST(looking_again_counts_what_is_new)
{
	struct spend spend;

	(void)place(&fx.one, FIXTURE_NOW - DAY);
	(void)place(&fx.one, FIXTURE_NOW);
	(void)look(&fx.one, FIXTURE_NOW, 1);
	spend = look(&fx.one, FIXTURE_NOW, 0);
	ck_assert_int_eq(spend.nnew, 0);
	must_be(&spend, LAST, 1, CHARGE, 0);
	(void)place(&fx.one, FIXTURE_NOW);
	(void)place(&fx.two, FIXTURE_NOW);
	spend = look(&fx.one, FIXTURE_NOW, 1);
	ck_assert_int_eq(spend.nnew, 1);
	must_be(&spend, LAST - 1, 1, CHARGE, 0);
	must_be(&spend, LAST, 2, 2 * CHARGE, 0);
	/* Tomorrow all of it is a day older. */
	(void)place(&fx.one, FIXTURE_NOW + DAY);
	spend = look(&fx.one, FIXTURE_NOW + DAY, 1);
	ck_assert_int_eq(spend.nnew, 1);
	must_be(&spend, LAST - 2, 1, CHARGE, 0);
	must_be(&spend, LAST - 1, 2, 2 * CHARGE, 0);
	must_be(&spend, LAST, 1, CHARGE, 0);
	/* In two months it is no longer seen. */
	spend = look(&fx.one, FIXTURE_NOW + 60 * DAY, 1);
	ck_assert_int_eq(all_orders(&spend), 0);
	(void)place(&fx.one, FIXTURE_NOW + 60 * DAY);
	spend = look(&fx.one, FIXTURE_NOW + 60 * DAY, 0);
	ck_assert_int_eq(all_orders(&spend), 1);
}
END_TEST

START_TEST(a_quiet_account_is_not_written_for_each_look)
{
	struct spend spend;

	(void)place(&fx.one, FIXTURE_NOW);
	spend = look(&fx.one, FIXTURE_NOW, 0);
	ck_assert(!spend_is_new(&spend));
	spend = look(&fx.one, FIXTURE_NOW + 90 * DAY, 0);
	ck_assert(!spend_is_new(&spend));
}
END_TEST

/* n orders a minute apart, the last just before a time, past all rules. */
static void
fill(int n, int64_t before)
{
	fixture_sql("WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL"
		    " SELECT i + 1 FROM n WHERE i < %d)"
		    " INSERT INTO txn (id, kind, posted_at)"
		    " SELECT 100 + i, 1, %lld - (%d - i) * 60 FROM n;"
		    "INSERT INTO entry (ledger_id, txn_id, amount_nano)"
		    " SELECT 1, id, -5 FROM txn WHERE id > 100;"
		    "INSERT INTO entry (ledger_id, txn_id, amount_nano)"
		    " SELECT -1, id, 5 FROM txn WHERE id > 100",
	    n, (long long)before, n);
}

START_TEST(many_orders_are_counted_in_steps)
{
	enum { N = 50000 };
	struct spend spend;
	int64_t want[SPEND_DAYS] = { 0 }, sum = 0;
	int looks = 0, i;

	fill(N, FIXTURE_NOW);
	do {
		spend = look(&fx.one, FIXTURE_NOW, 0);
		ck_assert_int_le(spend.nnew, SPEND_STEP);
		ck_assert_int_eq(spend.days[0].orders > 0, 1);
	} while (spend.is_behind && ++looks < 10);
	ck_assert_int_eq(looks, 2);
	for (i = 0; i < SPEND_DAYS; i++) {
		want[i] = fixture_int("SELECT COUNT(*) FROM txn WHERE kind = 1"
				      " AND posted_at / 86400 = %d",
		    TODAY - LAST + i);
		must_be(&spend, i, want[i], want[i] * 5, 0);
		sum += want[i];
	}
	/* Others lie before those days. */
	ck_assert_int_gt(sum, 42000);
	ck_assert_int_lt(sum, 44000);
	spend = look(&fx.one, FIXTURE_NOW, 0);
	ck_assert_int_eq(spend.nnew, 0);
	ck_assert_int_eq(all_orders(&spend), sum);
}
END_TEST

START_TEST(a_ledger_that_was_put_back_is_counted_anew)
{
	struct spend spend;

	(void)place(&fx.one, FIXTURE_NOW);
	(void)place(&fx.one, FIXTURE_NOW);
	(void)look(&fx.one, FIXTURE_NOW, 1);
	/* The last one is lost, and another account has its number. */
	fixture_sql("DROP TRIGGER entry_kept; DELETE FROM entry"
		    " WHERE ledger_id = 1 AND txn_id ="
		    " (SELECT MAX(id) FROM txn)");
	spend = look(&fx.one, FIXTURE_NOW, 0);
	must_be(&spend, LAST, 1, CHARGE, 0);
	spend = look(&fx.one, FIXTURE_NOW, 0);
	ck_assert_int_eq(spend.nnew, 0);
	/* Even where nothing is left, once is enough. */
	fixture_sql("DELETE FROM entry WHERE ledger_id = 1");
	spend = look(&fx.one, FIXTURE_NOW, 0);
	ck_assert_int_eq(all_orders(&spend), 0);
	spend = look(&fx.one, FIXTURE_NOW, 0);
	ck_assert(!spend_is_new(&spend));
}
END_TEST

static struct spend_attention
attention(const struct caller *caller, int64_t since)
{
	struct spend_attention found;

	ck_assert_int_eq(db_begin(fx.db, DB_READ), RC_OK);
	ck_assert_int_eq(spend_attention(fx.db, caller, since, &found), RC_OK);
	fixture_commit();
	return found;
}

START_TEST(refunds_need_attention_for_a_while)
{
	struct spend_attention found;
	int64_t id[SPEND_REFUNDS + 2];
	int i;

	for (i = 0; i < SPEND_REFUNDS + 2; i++)
		id[i] = place(&fx.one, FIXTURE_NOW);
	ck_assert_int_eq(attention(&fx.one, 0).nrefunds, 0);
	move(id[3], ORDER_PARTIAL, 50, FIXTURE_NOW + 10);
	move(id[1], ORDER_CANCELED, 100, FIXTURE_NOW + 20);
	move(id[2], ORDER_COMPLETED, 0, FIXTURE_NOW + 30);
	found = attention(&fx.one, FIXTURE_NOW + 10);
	ck_assert_int_eq(found.nrefunds, 2);
	ck_assert_int_eq(found.refunds[0].order_id, id[1]);
	ck_assert_int_eq(found.refunds[0].status, ORDER_CANCELED);
	ck_assert_int_eq(found.refunds[0].amount_nano, CHARGE);
	ck_assert_int_eq(found.refunds[0].at, FIXTURE_NOW + 20);
	ck_assert_int_eq(found.refunds[1].order_id, id[3]);
	ck_assert_int_eq(found.refunds[1].status, ORDER_PARTIAL);
	ck_assert_int_eq(found.refunds[1].amount_nano, CHARGE / 2);
	ck_assert_int_eq(attention(&fx.one, FIXTURE_NOW + 11).nrefunds, 1);
	ck_assert_int_eq(attention(&fx.two, 0).nrefunds, 0);
	for (i = 0; i < SPEND_REFUNDS + 2; i++)
		if (i < 1 || i > 3)
			move(id[i], ORDER_CANCELED, 100, FIXTURE_NOW + 40);
	ck_assert_int_eq(attention(&fx.one, 0).nrefunds, SPEND_REFUNDS);
}
END_TEST

START_TEST(what_else_needs_attention_is_counted)
{
	struct spend_attention found;
	int64_t id = place(&fx.one, FIXTURE_NOW);
	int i;

	found = attention(&fx.one, 0);
	ck_assert_int_eq(found.balance_nano, FIXTURE_BALANCE - CHARGE);
	ck_assert_int_eq(found.low_nano, 0);
	ck_assert_int_eq(found.cancel_requests, 0);
	ck_assert_int_eq(found.webhooks, 0);
	fixture_sql("UPDATE account SET low_balance_nano = 12 WHERE id = 1;"
		    "UPDATE orders SET cancel_requested_at = 1 WHERE id = %lld",
	    (long long)id);
	for (i = 1; i <= 6; i++)
		fixture_sql("INSERT INTO webhook (account_id, api_key_id, url,"
			    " events, status, secret, hint, failing_since,"
			    " blocked_since, created_at) VALUES (1, 1,"
			    " 'https://e.test/', 1, %d, x'00', '', %s, %s, 1)",
		    i < 4    ? 1
		    : i == 4 ? 3
		    : i == 5 ? 2
			     : 4,
		    i == 2 || i > 4 ? "5" : "NULL", i == 3 ? "5" : "NULL");
	found = attention(&fx.one, 0);
	ck_assert_int_eq(found.low_nano, 12);
	ck_assert_int_eq(found.cancel_requests, 1);
	/* Failing, held up, disabled; paused and removed ones are not. */
	ck_assert_int_eq(found.webhooks, 3);
	found = attention(&fx.two, 0);
	ck_assert_int_eq(found.balance_nano, FIXTURE_BALANCE_2);
	ck_assert_int_eq(found.cancel_requests, 0);
	ck_assert_int_eq(found.webhooks, 0);
}
END_TEST

/* Steps of SQLite's machine that statements took. */
static int64_t nsteps;

static int
count_steps(unsigned event, void *arg, void *stmt, void *ns)
{
	(void)event, (void)arg, (void)ns;
	nsteps += sqlite3_stmt_status(stmt, SQLITE_STMTSTATUS_VM_STEP, 1);
	return 0;
}

/* Called by SQLite for every connection that is opened. */
static int
watch(sqlite3 *db, const char **what, const struct sqlite3_api_routines *api)
{
	(void)what, (void)api;
	return sqlite3_trace_v2(db, SQLITE_TRACE_PROFILE, count_steps, NULL);
}

START_TEST(many_orders_are_no_more_work)
{
	enum { N = 60000 };
	int64_t few, many;

	ck_assert_int_eq(
	    sqlite3_auto_extension((void (*)(void))watch), SQLITE_OK);
	db_close(fx.db);
	ck_assert_int_eq(db_open(fx.path, 0, FIXTURE_BUSY_MS, &fx.db), RC_OK);
	fill(2 * SPEND_LOOK, FIXTURE_NOW - 60 * DAY);
	nsteps = 0;
	(void)attention(&fx.one, 0);
	(void)look(&fx.one, FIXTURE_NOW, 0);
	few = nsteps;
	fixture_sql("DROP TRIGGER entry_kept; DROP TRIGGER txn_kept;"
		    "DELETE FROM entry; DELETE FROM txn");
	fill(N, FIXTURE_NOW - 60 * DAY);
	fixture_sql("WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL"
		    " SELECT i + 1 FROM n WHERE i < %d)"
		    " INSERT INTO orders (account_id, service_id, status,"
		    " link_hash, quantity, remains, price_micro, charge_nano,"
		    " created_at, updated_at, cancel_requested_at)"
		    " SELECT 1, 1 + i %% 3, 1 + i %% 6, i %% 7, 1, 1, 1, 1, 1,"
		    " 1, CASE i WHEN 9 THEN 1 END FROM n",
	    N);
	nsteps = 0;
	ck_assert_int_eq(attention(&fx.one, 0).cancel_requests, 1);
	(void)look(&fx.one, FIXTURE_NOW, 0);
	many = nsteps;
	ck_assert_int_gt(few, 0);
	/* Halving takes a few more steps. */
	ck_assert_int_le(many, few + few / 3);
}
END_TEST

static Suite *
make_suite(void)
{
	Suite *suite = suite_create("spend");
	TCase *tc = tcase_create("spend");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, orders_and_refunds_are_counted_on_their_days);
	tcase_add_test(tc, money_that_is_no_order_is_not_counted);
	tcase_add_test(tc, looking_again_counts_what_is_new);
	tcase_add_test(tc, a_quiet_account_is_not_written_for_each_look);
	tcase_add_test(tc, many_orders_are_counted_in_steps);
	tcase_add_test(tc, a_ledger_that_was_put_back_is_counted_anew);
	tcase_add_test(tc, refunds_need_attention_for_a_while);
	tcase_add_test(tc, what_else_needs_attention_is_counted);
	tcase_add_test(tc, many_orders_are_no_more_work);
	suite_add_tcase(suite, tc);
	return suite;
}

SUITE_MAIN(make_suite)
