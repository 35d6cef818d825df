/* SPDX-License-Identifier: ISC */
/*
 * lib/refill and lib/refill_admin: when a refill may be asked for, and how
 * one moves along.  Time is an argument; LIMIT refills an order may have.
 */
#include "refill.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"
#include "order.h"
#include "refill_admin.h"
#include "suite.h"

enum { LIMIT = 3, DAY = 86400 };

static void
teardown(void)
{
	ck_assert_str_eq(fixture_faults(), "");
	fixture_teardown();
}

/* Moves an order at a time; with pieces that remain. */
static void
move(int64_t id, enum order_status to, int64_t at)
{
	struct order order;
	struct why why;

	fixture_begin();
	ck_assert_int_eq(order_find(fx.db, &fx.one, id, &order, &why), RC_OK);
	order.remains = 30;
	ck_assert_int_eq(order_move(fx.db, &fx.one, &order, to,
			     ORDER_BY_OPERATOR, NULL, at, &why),
	    RC_OK);
	fixture_commit();
}

/* An order that was completed at FIXTURE_NOW. */
static int64_t
completed(void)
{
	int64_t id = fixture_any_order();

	move(id, ORDER_COMPLETED, FIXTURE_NOW);
	return id;
}

/* How a request is answered: "" for a new refill. */
static const char *
ask(const struct caller *caller, int64_t order, int64_t at, int64_t *id)
{
	struct why why = { 0 };
	enum rc rc;

	fixture_begin();
	rc = refill_request(fx.db, caller, order, LIMIT, at, id, &why);
	ck_assert_int_eq(rc == RC_OK, *id != 0);
	rc = db_end(fx.db, rc);
	return rc == RC_OK ? "" : fixture_error(rc, &why);
}

static enum rc
set(int64_t id, enum refill_status to, int64_t at)
{
	enum rc rc;

	fixture_begin();
	rc = refill_admin_set(fx.db, id, to, at);
	return db_end(fx.db, rc);
}

#define SOON                                                         \
	"The order was completed or refill was requested less than " \
	"24 hours ago"
#define CAP "Refill limit reached for this order"
#define OFF "Refill is disabled for this service"
#define STATE "Order cannot be refilled"
#define UNKNOWN "Incorrect order ID"

START_TEST(a_day_after_completion_a_refill_may_be_asked_for)
{
	int64_t order = completed(), id;

	ck_assert_str_eq(ask(&fx.one, order, FIXTURE_NOW, &id), SOON);
	ck_assert_str_eq(ask(&fx.one, order, FIXTURE_NOW + DAY - 1, &id), SOON);
	ck_assert_int_eq(fixture_int("SELECT COUNT(*) FROM refill"), 0);
	ck_assert_str_eq(ask(&fx.one, order, FIXTURE_NOW + DAY, &id), "");
	ck_assert_int_eq(
	    fixture_int("SELECT COUNT(*) FROM refill WHERE id = %lld"
			" AND order_id = %lld AND account_id = 1"
			" AND status = 1 AND created_at = %d"
			" AND updated_at = created_at",
		(long long)id, (long long)order, FIXTURE_NOW + DAY),
	    1);
}
END_TEST

START_TEST(a_clock_set_back_makes_no_refill_early)
{
	int64_t order = completed(), id;

	ck_assert_str_eq(
	    ask(&fx.one, order, FIXTURE_NOW - 10 * DAY, &id), SOON);
}
END_TEST

START_TEST(one_in_flight_keeps_the_next_away)
{
	int64_t order = completed(), id, other, at = FIXTURE_NOW + DAY;

	ck_assert_str_eq(ask(&fx.one, order, at, &id), "");
	ck_assert_str_eq(ask(&fx.one, order, at + 9 * DAY, &other), SOON);
	ck_assert_int_eq(set(id, REFILL_IN_PROGRESS, at), RC_OK);
	ck_assert_str_eq(ask(&fx.one, order, at + 9 * DAY, &other), SOON);
	ck_assert_int_eq(set(id, REFILL_COMPLETED, at), RC_OK);
	/* And a day lies between two requests. */
	ck_assert_str_eq(ask(&fx.one, order, at + DAY - 1, &other), SOON);
	ck_assert_str_eq(ask(&fx.one, order, at + DAY, &other), "");
}
END_TEST

START_TEST(an_order_has_so_many_refills)
{
	int64_t order = completed(), other, id, at = FIXTURE_NOW;
	int i;

	for (i = 0; i < LIMIT; i++) {
		at += DAY;
		ck_assert_str_eq(ask(&fx.one, order, at, &id), "");
		ck_assert_int_eq(set(id, REFILL_COMPLETED, at), RC_OK);
	}
	ck_assert_str_eq(ask(&fx.one, order, at + 9 * DAY, &id), CAP);
	/* Each order has its own. */
	other = completed();
	ck_assert_str_eq(ask(&fx.one, other, at + 9 * DAY, &id), "");
}
END_TEST

START_TEST(rejected_and_failed_ones_do_not_count)
{
	int64_t order = completed(), id, at = FIXTURE_NOW;
	int i;

	for (i = 0; i < 2 * LIMIT; i++) {
		at += DAY;
		ck_assert_str_eq(ask(&fx.one, order, at, &id), "");
		ck_assert_int_eq(
		    set(id, i % 2 ? REFILL_REJECTED : REFILL_ERROR, at), RC_OK);
		/* The day counts all the same. */
		ck_assert_str_eq(ask(&fx.one, order, at + 1, &id), SOON);
	}
	for (i = 0; i < LIMIT; i++) {
		at += DAY;
		ck_assert_str_eq(ask(&fx.one, order, at, &id), "");
		ck_assert_int_eq(set(id, REFILL_COMPLETED, at), RC_OK);
	}
	ck_assert_str_eq(ask(&fx.one, order, at + DAY, &id), CAP);
}
END_TEST

START_TEST(a_limit_of_none_allows_none)
{
	int64_t order = completed(), id;
	struct why why = { 0 };

	fixture_begin();
	ck_assert_int_eq(refill_request(fx.db, &fx.one, order, 0,
			     FIXTURE_NOW + DAY, &id, &why),
	    RC_INVALID);
	ck_assert_int_eq(why.error, ERROR_REFILL_CAP);
	db_rollback(fx.db);
}
END_TEST

START_TEST(the_status_of_the_order_decides)
{
	static const struct {
		enum order_status status;
		const char *answer;
	} rows[] = {
		{ ORDER_PENDING, SOON },
		{ ORDER_IN_PROGRESS, SOON },
		{ ORDER_PROCESSING, SOON },
		{ ORDER_COMPLETED, "" },
		{ ORDER_PARTIAL, "" },
		{ ORDER_CANCELED, STATE },
	};
	int64_t order = fixture_any_order(), id;

	if (rows[_i].status != ORDER_PENDING)
		move(order, rows[_i].status, FIXTURE_NOW);
	ck_assert_str_eq(
	    ask(&fx.one, order, FIXTURE_NOW + 9 * DAY, &id), rows[_i].answer);
	ck_assert_int_eq(fixture_int("SELECT COUNT(*) FROM refill"),
	    rows[_i].answer[0] == '\0');
}
END_TEST

START_TEST(a_service_without_refill_gives_none)
{
	int64_t order =
		    fixture_order("service=102&quantity=9&link=http://n.test"),
		id;

	move(order, ORDER_COMPLETED, FIXTURE_NOW);
	ck_assert_str_eq(ask(&fx.one, order, FIXTURE_NOW + DAY, &id), OFF);
}
END_TEST

START_TEST(what_is_not_ones_own_is_unknown)
{
	static const int64_t unknown[] = { 0, -1, 999, INT64_MAX, INT64_MIN };
	enum refill_status status;
	int64_t order = completed(), id, other;
	struct why why;
	int i;

	ck_assert_str_eq(ask(&fx.two, order, FIXTURE_NOW + DAY, &id), UNKNOWN);
	ck_assert_str_eq(ask(&fx.one, order, FIXTURE_NOW + DAY, &id), "");
	ck_assert_int_eq(db_begin(fx.db, DB_READ), RC_OK);
	ck_assert_int_eq(refill_find(fx.db, &fx.one, id, &status, &why), RC_OK);
	ck_assert_int_eq((int)status, REFILL_PENDING);
	ck_assert_int_eq(
	    refill_find(fx.db, &fx.two, id, &status, &why), RC_NOT_FOUND);
	ck_assert_int_eq(why.error, ERROR_REFILL);
	fixture_commit();
	for (i = 0; i < ROWS(unknown); i++) {
		ck_assert_str_eq(
		    ask(&fx.one, unknown[i], FIXTURE_NOW + DAY, &other),
		    UNKNOWN);
		ck_assert_int_eq(db_begin(fx.db, DB_READ), RC_OK);
		ck_assert_int_eq(
		    refill_find(fx.db, &fx.one, unknown[i], &status, &why),
		    RC_NOT_FOUND);
		fixture_commit();
	}
}
END_TEST

START_TEST(refills_move_along_the_table)
{
	int from = _i / 5 + 1, to = _i % 5 + 1;
	int may = (from == REFILL_PENDING && to > from) ||
		  (from == REFILL_IN_PROGRESS && to > from);
	int64_t order = completed(), id;

	ck_assert_int_eq(refill_may_move((enum refill_status)from,
			     (enum refill_status)to) != 0,
	    may);
	ck_assert_str_eq(ask(&fx.one, order, FIXTURE_NOW + DAY, &id), "");
	if (from != REFILL_PENDING)
		ck_assert_int_eq(
		    set(id, (enum refill_status)from, FIXTURE_NOW + DAY),
		    RC_OK);
	ck_assert_int_eq(set(id, (enum refill_status)to, FIXTURE_NOW + 2 * DAY),
	    may ? RC_OK : RC_INVALID);
	ck_assert_int_eq(
	    fixture_int("SELECT status FROM refill"), may ? to : from);
	ck_assert_int_eq(fixture_int("SELECT updated_at FROM refill"),
	    FIXTURE_NOW + (may ? 2 : 1) * DAY);
	ck_assert_int_eq(
	    set(id + 1, (enum refill_status)to, FIXTURE_NOW), RC_NOT_FOUND);
}
END_TEST

START_TEST(statuses_are_spelled_as_on_the_wire)
{
	static const char *const names[] = { "Pending", "In progress",
		"Completed", "Rejected", "Error" };
	int i;

	for (i = 0; i < ROWS(names); i++) {
		ck_assert_str_eq(refill_status_name(i + 1), names[i]);
		ck_assert_int_eq(refill_admin_status(names[i]), i + 1);
	}
	ck_assert_ptr_null(refill_status_name(0));
	ck_assert_ptr_null(refill_status_name(6));
	ck_assert_int_eq(refill_admin_status("IN PROGRESS"), 2);
	ck_assert_int_eq(refill_admin_status("Canceled"), 0);
}
END_TEST

static enum rc
note(void *arg, const struct refill_row *row)
{
	char *text = arg;
	size_t len = strlen(text);

	(void)snprintf(text + len, 256 - len, "%lld:%s ", (long long)row->id,
	    refill_status_name(row->status));
	return RC_OK;
}

static const char *
list(const struct refill_filter *filter)
{
	static char text[256];

	text[0] = '\0';
	ck_assert_int_eq(db_begin(fx.db, DB_READ), RC_OK);
	ck_assert_int_eq(refill_admin_list(fx.db, filter, note, text), RC_OK);
	fixture_commit();
	return text;
}

START_TEST(a_list_has_what_its_filter_lets_through)
{
	int64_t id;

	ck_assert_str_eq(ask(&fx.one, completed(), FIXTURE_NOW + DAY, &id), "");
	ck_assert_str_eq(ask(&fx.one, completed(), FIXTURE_NOW + DAY, &id), "");
	ck_assert_int_eq(set(1, REFILL_REJECTED, FIXTURE_NOW), RC_OK);
	ck_assert_str_eq(
	    list(&(struct refill_filter){ 0 }), "2:Pending 1:Rejected ");
	ck_assert_str_eq(list(&(struct refill_filter){ .account_id = 2 }), "");
	ck_assert_str_eq(
	    list(&(struct refill_filter){ .status = REFILL_REJECTED }),
	    "1:Rejected ");
	ck_assert_str_eq(
	    list(&(struct refill_filter){ .before = 2 }), "1:Rejected ");
	ck_assert_str_eq(
	    list(&(struct refill_filter){ .limit = 1 }), "2:Pending ");
}
END_TEST

static Suite *
make_suite(void)
{
	Suite *suite = suite_create("refill");
	TCase *tc = tcase_create("refill");

	tcase_add_checked_fixture(tc, fixture_setup, teardown);
	tcase_add_test(tc, a_day_after_completion_a_refill_may_be_asked_for);
	tcase_add_test(tc, a_clock_set_back_makes_no_refill_early);
	tcase_add_test(tc, one_in_flight_keeps_the_next_away);
	tcase_add_test(tc, an_order_has_so_many_refills);
	tcase_add_test(tc, rejected_and_failed_ones_do_not_count);
	tcase_add_test(tc, a_limit_of_none_allows_none);
	tcase_add_loop_test(tc, the_status_of_the_order_decides, 0, 6);
	tcase_add_test(tc, a_service_without_refill_gives_none);
	tcase_add_test(tc, what_is_not_ones_own_is_unknown);
	tcase_add_loop_test(tc, refills_move_along_the_table, 0, 25);
	tcase_add_test(tc, statuses_are_spelled_as_on_the_wire);
	tcase_add_test(tc, a_list_has_what_its_filter_lets_through);
	suite_add_tcase(suite, tc);
	return suite;
}

SUITE_MAIN(make_suite)
