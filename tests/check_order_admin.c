/* SPDX-License-Identifier: ISC */
/*
 * lib/order_admin: what the operator sees of orders and does to them.  The
 * moves themselves are check_order's subject.
 */
#include "order_admin.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"
#include "suite.h"

static const struct order_change nothing = { .start_count = -1, .remains = -1 };

static void
teardown(void)
{
	ck_assert_str_eq(fixture_faults(), "");
	fixture_teardown();
}

static enum rc
set(int64_t id, const struct order_change *change, const char **what)
{
	enum rc rc;

	fixture_begin();
	rc = order_admin_set(
	    fx.db, id, change, FIXTURE_CURRENCY, FIXTURE_NOW + 5, what);
	return db_end(fx.db, rc);
}

static void
move(int64_t id, enum order_status status)
{
	struct order_change change = nothing;
	const char *what;

	change.status = status;
	ck_assert_int_eq(set(id, &change, &what), RC_OK);
}

START_TEST(a_status_is_read_in_any_case)
{
	ck_assert_int_eq(order_admin_status("in PROGRESS"), ORDER_IN_PROGRESS);
	ck_assert_int_eq(order_admin_status("Canceled"), ORDER_CANCELED);
	ck_assert_int_eq(order_admin_status("Cancelled"), 0);
	ck_assert_int_eq(order_admin_status(""), 0);
	ck_assert_int_eq(order_admin_status("Pending "), 0);
}
END_TEST

START_TEST(counts_are_set_without_a_move)
{
	int64_t id = fixture_any_order();
	struct order_change change = nothing;
	const char *what;

	change.start_count = 3572;
	ck_assert_int_eq(set(id, &change, &what), RC_OK);
	change = nothing;
	change.remains = 40;
	ck_assert_int_eq(set(id, &change, &what), RC_OK);
	ck_assert_int_eq(fixture_int("SELECT COUNT(*) FROM orders WHERE"
				     " start_count = 3572 AND remains = 40"
				     " AND status = 1"),
	    1);
	ck_assert_int_eq(fixture_int("SELECT COUNT(*) FROM order_move"), 0);
	change.remains = 0;
	change.start_count = 0;
	ck_assert_int_eq(set(id, &change, &what), RC_OK);
	ck_assert_int_eq(fixture_int("SELECT COUNT(*) FROM orders WHERE"
				     " start_count = 0 AND remains = 0"),
	    1);
}
END_TEST

START_TEST(a_move_takes_counts_and_a_note_along)
{
	int64_t before = fixture_balance(&fx.one), id = fixture_any_order();
	struct order_change change = { .status = ORDER_PARTIAL,
		.start_count = 7,
		.remains = 40,
		.note = "only sixty" };
	const char *what;

	ck_assert_int_eq(set(id, &change, &what), RC_OK);
	ck_assert_int_eq(fixture_int("SELECT COUNT(*) FROM orders WHERE"
				     " start_count = 7 AND remains = 40"
				     " AND status = 5 AND updated_at = %d",
			     FIXTURE_NOW + 5),
	    1);
	ck_assert_int_eq(
	    fixture_balance(&fx.one), before - INT64_C(60) * FIXTURE_RATE);
	ck_assert_int_eq(fixture_int("SELECT COUNT(*) FROM order_move"
				     " WHERE note = 'only sixty'"
				     " AND actor = 2"),
	    1);
}
END_TEST

START_TEST(what_cannot_be_set_is_refused_and_nothing_changes)
{
	static char longest[502];
	const struct order_change rows[] = {
		{ .status = ORDER_PENDING, .start_count = -1, .remains = -1 },
		{ .status = 7, .start_count = -1, .remains = -1 },
		{ .status = -1, .start_count = -1, .remains = -1 },
		{ .start_count = -1, .remains = 101 },
		{ .start_count = -1, .remains = INT64_MAX },
		{ .start_count = INT64_C(2147483648), .remains = -1 },
		{ .start_count = INT64_MAX, .remains = -1 },
		{ .status = ORDER_PARTIAL, .start_count = -1, .remains = 0 },
		{ .start_count = 5, .remains = -1, .note = "alone" },
		{ .status = ORDER_COMPLETED,
		    .start_count = -1,
		    .remains = -1,
		    .note = "" },
		{ .status = ORDER_COMPLETED,
		    .start_count = -1,
		    .remains = -1,
		    .note = "a\nb" },
		{ .status = ORDER_COMPLETED,
		    .start_count = -1,
		    .remains = -1,
		    .note = longest },
		{ .start_count = -1, .remains = -1, .decline_cancel = 1 },
	};
	int64_t id = fixture_any_order();
	const char *what;
	char *before, *after;
	int i;

	memset(longest, 'x', sizeof(longest) - 1);
	before = fixture_text("SELECT status || ' ' || remains || ' ' ||"
			      " start_count || ' ' || charge_nano FROM orders");
	for (i = 0; i < ROWS(rows); i++) {
		what = NULL;
		ck_assert_msg(
		    set(id, &rows[i], &what) == RC_INVALID, "row %d", i);
		ck_assert_ptr_nonnull(what);
		ck_assert_str_ne(what, "");
	}
	after = fixture_text("SELECT status || ' ' || remains || ' ' ||"
			     " start_count || ' ' || charge_nano FROM orders");
	ck_assert_str_eq(before, after);
	ck_assert_int_eq(fixture_int("SELECT COUNT(*) FROM order_move"), 0);
	free(before);
	free(after);
	ck_assert_int_eq(set(999, &nothing, &what), RC_NOT_FOUND);
}
END_TEST

START_TEST(a_finished_order_takes_no_change)
{
	int64_t id = fixture_any_order();
	struct order_change change = nothing;
	const char *what;
	int status;

	if (_i == ORDER_PARTIAL) {
		change.remains = 5;
		ck_assert_int_eq(set(id, &change, &what), RC_OK);
	}
	move(id, (enum order_status)_i);
	change = nothing;
	change.start_count = 5;
	ck_assert_int_eq(set(id, &change, &what), RC_INVALID);
	change = nothing;
	change.remains = 1;
	ck_assert_int_eq(set(id, &change, &what), RC_INVALID);
	for (status = 1; status <= 6; status++) {
		change = nothing;
		change.status = status;
		ck_assert_int_eq(set(id, &change, &what), RC_INVALID);
	}
}
END_TEST

START_TEST(a_request_to_cancel_is_granted_or_declined)
{
	int64_t id = fixture_any_order();
	struct order_change change = nothing;
	struct why why;
	const char *what;

	move(id, ORDER_IN_PROGRESS);
	fixture_begin();
	ck_assert_int_eq(
	    order_cancel(fx.db, &fx.one, id, FIXTURE_NOW, &why), RC_OK);
	fixture_commit();
	change.decline_cancel = 1;
	change.status = ORDER_CANCELED;
	ck_assert_int_eq(set(id, &change, &what), RC_INVALID);
	change.status = 0;
	ck_assert_int_eq(set(id, &change, &what), RC_OK);
	ck_assert_int_eq(
	    fixture_int("SELECT cancel_requested_at IS NULL FROM orders"), 1);
	ck_assert_int_eq(set(id, &change, &what), RC_INVALID);
	/* Asked again, and granted. */
	fixture_begin();
	ck_assert_int_eq(
	    order_cancel(fx.db, &fx.one, id, FIXTURE_NOW, &why), RC_OK);
	fixture_commit();
	move(id, ORDER_CANCELED);
	ck_assert_int_eq(
	    fixture_int("SELECT cancel_requested_at IS NULL FROM orders"), 1);
	ck_assert_int_eq(fixture_balance(&fx.one), FIXTURE_BALANCE);
}
END_TEST

struct listing {
	char text[1024];
	enum rc end;
};

static enum rc
note(void *arg, const struct order_row *row)
{
	struct listing *listing = arg;
	size_t len = strlen(listing->text);

	(void)snprintf(listing->text + len, sizeof(listing->text) - len,
	    "%lld ", (long long)row->id);
	return listing->end;
}

static const char *
list(const struct order_filter *filter)
{
	static struct listing listing;

	listing.text[0] = '\0';
	listing.end = RC_OK;
	ck_assert_int_eq(db_begin(fx.db, DB_READ), RC_OK);
	ck_assert_int_eq(
	    order_admin_list(fx.db, filter, note, &listing), RC_OK);
	fixture_commit();
	return listing.text;
}

START_TEST(a_list_has_what_its_filter_lets_through)
{
	struct why why;
	int64_t other;

	(void)fixture_any_order();
	(void)fixture_any_order();
	(void)fixture_any_order();
	ck_assert_int_eq(
	    fixture_place(&fx.two, "service=1&quantity=2&link=http://l.test",
		FIXTURE_NOW, &other, &why),
	    RC_OK);
	ck_assert_str_eq(list(&(struct order_filter){ 0 }), "4 3 2 1 ");
	ck_assert_str_eq(
	    list(&(struct order_filter){ .account_id = 1 }), "3 2 1 ");
	ck_assert_str_eq(list(&(struct order_filter){ .account_id = 2 }), "4 ");
	ck_assert_str_eq(list(&(struct order_filter){ .account_id = 9 }), "");
	ck_assert_str_eq(list(&(struct order_filter){ .limit = 2 }), "4 3 ");
	ck_assert_str_eq(
	    list(&(struct order_filter){ .before = 4, .limit = 2 }), "3 2 ");
	move(2, ORDER_PROCESSING);
	ck_assert_str_eq(
	    list(&(struct order_filter){ .status = ORDER_PROCESSING }), "2 ");
	ck_assert_str_eq(list(&(struct order_filter){
			     .status = ORDER_PENDING, .account_id = 1 }),
	    "3 1 ");
	fixture_begin();
	ck_assert_int_eq(
	    order_cancel(fx.db, &fx.one, 2, FIXTURE_NOW, &why), RC_OK);
	fixture_commit();
	ck_assert_str_eq(
	    list(&(struct order_filter){ .cancel_requested = 1 }), "2 ");
	move(2, ORDER_COMPLETED);
	ck_assert_str_eq(
	    list(&(struct order_filter){ .cancel_requested = 1 }), "");
}
END_TEST

START_TEST(a_list_ends_when_it_is_told_to)
{
	struct listing listing = { "", RC_LIMITED };
	int i;

	for (i = 0; i < ORDER_ADMIN_LIMIT + 5; i++)
		(void)fixture_any_order();
	ck_assert_int_eq(db_begin(fx.db, DB_READ), RC_OK);
	ck_assert_int_eq(order_admin_list(fx.db, &(struct order_filter){ 0 },
			     note, &listing),
	    RC_LIMITED);
	ck_assert_str_eq(listing.text, "55 ");
	fixture_commit();
	/* Fifty where nobody says how many. */
	ck_assert_ptr_nonnull(strstr(list(&(struct order_filter){ 0 }), " 6 "));
	ck_assert_ptr_null(strstr(list(&(struct order_filter){ 0 }), " 5 "));
}
END_TEST

static enum rc
look(void *arg, const struct order_row *row)
{
	ck_assert_str_eq(row->email, "one@example.test");
	ck_assert_str_eq(row->service, "Poll");
	ck_assert_str_eq(row->link, "http://l.test");
	ck_assert_str_eq(row->details, "{\"answer_number\":\"2\"}");
	ck_assert_str_eq(row->request_id, "r");
	ck_assert_int_eq(row->quantity, 5);
	ck_assert_int_eq(row->price_micro, FIXTURE_RATE);
	ck_assert_int_eq(row->charge_nano, 5 * FIXTURE_RATE);
	ck_assert_int_eq(row->cancel_requested_at, 0);
	++*(int *)arg;
	return RC_OK;
}

static enum rc
note_move(void *arg, const struct order_move_row *row)
{
	struct listing *listing = arg;
	size_t len = strlen(listing->text);

	(void)snprintf(listing->text + len, sizeof(listing->text) - len,
	    "%d>%d by %d %s;", row->from, row->to, row->actor,
	    row->note != NULL ? row->note : "-");
	return listing->end;
}

START_TEST(an_order_is_shown_with_its_history)
{
	struct order_change change = nothing;
	struct listing listing = { "", RC_OK };
	const char *what;
	int shown = 0;
	int64_t id = fixture_order("service=13&quantity=5&link=http://l.test"
				   "&answer_number=2&request_id=r");

	ck_assert_int_eq(db_begin(fx.db, DB_READ), RC_OK);
	ck_assert_int_eq(order_admin_show(fx.db, id, look, &shown), RC_OK);
	ck_assert_int_eq(shown, 1);
	ck_assert_int_eq(
	    order_admin_show(fx.db, 999, look, &shown), RC_NOT_FOUND);
	ck_assert_int_eq(shown, 1);
	fixture_commit();
	move(id, ORDER_PROCESSING);
	move(id, ORDER_IN_PROGRESS);
	change.status = ORDER_COMPLETED;
	change.note = "done";
	ck_assert_int_eq(set(id, &change, &what), RC_OK);
	ck_assert_int_eq(db_begin(fx.db, DB_READ), RC_OK);
	ck_assert_int_eq(
	    order_admin_history(fx.db, id, note_move, &listing), RC_OK);
	ck_assert_str_eq(listing.text, "1>3 by 2 -;3>2 by 2 -;2>4 by 2 done;");
	fixture_commit();
}
END_TEST

static Suite *
make_suite(void)
{
	Suite *suite = suite_create("order_admin");
	TCase *tc = tcase_create("order_admin");

	tcase_add_checked_fixture(tc, fixture_setup, teardown);
	tcase_add_test(tc, a_status_is_read_in_any_case);
	tcase_add_test(tc, counts_are_set_without_a_move);
	tcase_add_test(tc, a_move_takes_counts_and_a_note_along);
	tcase_add_test(tc, what_cannot_be_set_is_refused_and_nothing_changes);
	tcase_add_loop_test(tc, a_finished_order_takes_no_change,
	    ORDER_COMPLETED, ORDER_CANCELED + 1);
	tcase_add_test(tc, a_request_to_cancel_is_granted_or_declined);
	tcase_add_test(tc, a_list_has_what_its_filter_lets_through);
	tcase_add_test(tc, a_list_ends_when_it_is_told_to);
	tcase_add_test(tc, an_order_is_shown_with_its_history);
	suite_add_tcase(suite, tc);
	return suite;
}

SUITE_MAIN(make_suite)
