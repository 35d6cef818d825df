/* SPDX-License-Identifier: ISC */
/*
 * lib/statement: every entry of a wallet once, each with the balance that it
 * left, however the statement is cut into pages and whatever is posted
 * meanwhile.
 */
#include "statement.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"
#include "funds.h"
#include "money.h"
#include "suite.h"

enum { DAY = 86400, SEEN_MAX = 64 };

static void
credit(const struct caller *caller, int64_t amount, int64_t now)
{
	const char *what;
	int64_t balance;

	fixture_begin();
	ck_assert_int_eq(funds_credit(fx.db, caller,
			     amount > 0 ? LEDGER_DEPOSIT : LEDGER_ADJUSTMENT,
			     amount, "n", now, &balance, &what),
	    RC_OK);
	fixture_commit();
}

/* What a statement has shown: ids, amounts and balances. */
struct seen {
	int n;
	int64_t id[SEEN_MAX], amount[SEEN_MAX], balance[SEEN_MAX];
	int kind[SEEN_MAX];
	enum rc give; /* after each */
};

static enum rc
keep(void *arg, const struct statement_entry *e)
{
	struct seen *seen = arg;

	ck_assert_int_lt(seen->n, SEEN_MAX);
	seen->id[seen->n] = e->txn_id;
	seen->amount[seen->n] = e->amount_nano;
	seen->balance[seen->n] = e->balance_nano;
	seen->kind[seen->n++] = e->kind;
	return seen->give;
}

static void
begin(const struct caller *caller, const struct statement_filter *filter,
    struct statement_place *place)
{
	ck_assert_int_eq(db_begin(fx.db, DB_READ), RC_OK);
	ck_assert_int_eq(statement_begin(fx.db, caller, filter, place), RC_OK);
	fixture_commit();
}

static void
read_page(const struct caller *caller, const struct statement_filter *filter,
    int64_t limit, struct statement_place *place, struct seen *seen)
{
	ck_assert_int_eq(db_begin(fx.db, DB_READ), RC_OK);
	ck_assert_int_eq(
	    statement_each(fx.db, caller, filter, limit, place, keep, seen),
	    RC_OK);
	fixture_commit();
}

/* All of a statement, in pages of limit. */
static void
read_all(const struct caller *caller, const struct statement_filter *filter,
    int64_t limit, struct seen *seen)
{
	struct statement_place place;
	int before;

	*seen = (struct seen){ 0 };
	begin(caller, filter, &place);
	while (place.before != 0) {
		before = seen->n;
		read_page(caller, filter, limit, &place, seen);
		/* No page is empty but the only one. */
		ck_assert(seen->n > before || before == 0);
	}
}

/* Each balance is the sum of all entries up to it. */
static void
check_balances(const struct caller *caller, const struct seen *seen)
{
	int i;

	for (i = 0; i < seen->n; i++)
		ck_assert_int_eq(seen->balance[i],
		    fixture_int("SELECT SUM(amount_nano) FROM entry"
				" WHERE ledger_id = %lld AND txn_id <= %lld",
			(long long)caller->account_id, (long long)seen->id[i]));
}

/* A wallet of 20 entries more, one a day, with others' between them. */
static void
make_wallet(void)
{
	int i;

	for (i = 1; i <= 20; i++) {
		credit(
		    &fx.one, i % 3 == 0 ? -i : i * 10, FIXTURE_NOW + i * DAY);
		credit(&fx.two, i, FIXTURE_NOW + i * DAY);
	}
}

START_TEST(a_wallet_is_read_backwards_with_its_balances)
{
	const struct statement_filter all = { 0 };
	int64_t limit;
	struct seen seen;
	int i;

	make_wallet();
	for (limit = 1; limit <= 22; limit++) {
		read_all(&fx.one, &all, limit, &seen);
		ck_assert_int_eq(seen.n, 21);
		ck_assert_int_eq(seen.balance[0], fixture_balance(&fx.one));
		ck_assert_int_eq(seen.balance[20], FIXTURE_BALANCE);
		ck_assert_int_eq(seen.amount[20], FIXTURE_BALANCE);
		for (i = 1; i < seen.n; i++)
			ck_assert_int_lt(seen.id[i], seen.id[i - 1]);
		check_balances(&fx.one, &seen);
	}
}
END_TEST

START_TEST(what_is_posted_meanwhile_changes_no_older_page)
{
	const struct statement_filter all = { 0 };
	struct statement_place place, again;
	struct seen seen = { 0 };

	make_wallet();
	begin(&fx.one, &all, &place);
	read_page(&fx.one, &all, 5, &place, &seen);
	again = place;
	credit(&fx.one, 12345, FIXTURE_NOW + 30 * DAY);
	(void)fixture_any_order();
	read_page(&fx.one, &all, 50, &place, &seen);
	ck_assert_int_eq(seen.n, 21);
	ck_assert_int_eq(place.before, 0);
	check_balances(&fx.one, &seen);
	seen.n = 0;
	read_page(&fx.one, &all, 50, &again, &seen);
	ck_assert_int_eq(seen.n, 16);
	check_balances(&fx.one, &seen);
}
END_TEST

START_TEST(a_wallet_without_entries_has_an_empty_statement)
{
	const struct caller nobody = { .account_id = 99 };
	const struct statement_filter all = { 0 };
	struct statement_place place;
	struct seen seen;

	fixture_sql("INSERT INTO account (id, email, name, tier_id,"
		    " created_at) VALUES (99, 'x@example.test', 'x', 1, 1)");
	read_all(&nobody, &all, 10, &seen);
	ck_assert_int_eq(seen.n, 0);
	fixture_sql("DELETE FROM account WHERE id = 99");
	ck_assert_int_eq(db_begin(fx.db, DB_READ), RC_OK);
	ck_assert_int_eq(
	    statement_begin(fx.db, &nobody, &all, &place), RC_NOT_FOUND);
	fixture_commit();
}
END_TEST

/* Days from the first and how many of the 20 are in them. */
static const struct {
	int kind, since, until, n;
} filters[] = {
	{ 0, 1, 0, 20 },
	{ 0, 5, 0, 16 },
	{ 0, 20, 0, 1 },
	{ 0, 21, 0, 0 },
	{ 0, 0, 21, 21 },
	{ 0, 0, 20, 20 },
	{ 0, 0, 5, 5 },
	{ 0, 0, 1, 1 },
	{ 0, 5, 8, 3 },
	{ 0, 5, 5, 0 },
	{ 0, 8, 5, 0 },
	{ LEDGER_ADJUSTMENT, 0, 0, 6 },
	{ LEDGER_DEPOSIT, 0, 0, 15 },
	{ LEDGER_ADJUSTMENT, 7, 12, 1 },
	{ LEDGER_ORDER, 0, 0, 0 },
};

START_TEST(a_filter_keeps_the_balances)
{
	const struct statement_filter filter = { filters[_i].kind,
		filters[_i].since ? FIXTURE_NOW + filters[_i].since * DAY : 0,
		filters[_i].until ? FIXTURE_NOW + filters[_i].until * DAY : 0 };
	int64_t limit;
	struct seen seen;
	int i;

	make_wallet();
	for (limit = 1; limit <= 22; limit += 3) {
		read_all(&fx.one, &filter, limit, &seen);
		ck_assert_int_eq(seen.n, filters[_i].n);
		check_balances(&fx.one, &seen);
		for (i = 0; i < seen.n; i++)
			ck_assert(
			    filter.kind == 0 || seen.kind[i] == filter.kind);
	}
}
END_TEST

/* The clock was set back by half an hour, again and again. */
START_TEST(times_out_of_order_lose_no_entry)
{
	struct statement_filter filter = { 0 };
	int64_t start = FIXTURE_NOW + DAY, i, j;
	struct seen seen;

	for (i = 0; i < 24; i++)
		credit(&fx.one, 1, start + i * 600 - (i % 4) * 1100);
	for (i = -4; i <= 30; i++)
		for (j = i; j <= 30; j += 3) {
			filter.since = start + i * 600;
			filter.until = start + j * 600;
			read_all(&fx.one, &filter, 7, &seen);
			ck_assert_int_eq(seen.n,
			    fixture_int(
				"SELECT COUNT(*) FROM entry JOIN txn"
				" ON id = txn_id WHERE ledger_id = %lld"
				" AND posted_at >= %lld AND posted_at < %lld",
				(long long)fx.one.account_id,
				(long long)filter.since,
				(long long)filter.until));
			check_balances(&fx.one, &seen);
		}
}
END_TEST

START_TEST(one_call_looks_at_a_bounded_number_of_entries)
{
	struct statement_filter filter = { .kind = LEDGER_ADJUSTMENT };
	struct statement_place place;
	struct seen seen = { 0 };
	int64_t id;

	credit(&fx.one, -1, FIXTURE_NOW);
	id = fixture_int("SELECT MAX(id) FROM txn");
	fixture_sql(
	    "WITH RECURSIVE n (i) AS (SELECT %lld UNION ALL SELECT i + 1"
	    " FROM n WHERE i < %lld)"
	    " INSERT INTO txn (id, kind, posted_at)"
	    " SELECT i, 3, %d FROM n;"
	    "INSERT INTO entry (ledger_id, txn_id, amount_nano)"
	    " SELECT %lld, id, 1 FROM txn WHERE id > %lld;"
	    "INSERT INTO entry (ledger_id, txn_id, amount_nano)"
	    " SELECT -2, id, -1 FROM txn WHERE id > %lld;"
	    "UPDATE account SET balance_nano = balance_nano + %d"
	    " WHERE id = %lld",
	    (long long)(id + 1), (long long)(id + STATEMENT_SCAN), FIXTURE_NOW,
	    (long long)fx.one.account_id, (long long)id, (long long)id,
	    STATEMENT_SCAN, (long long)fx.one.account_id);
	ck_assert_str_eq(fixture_faults(), "");
	begin(&fx.one, &filter, &place);
	read_page(&fx.one, &filter, 10, &place, &seen);
	ck_assert_int_eq(seen.n, 0);
	ck_assert_int_eq(place.before, id + 1);
	read_page(&fx.one, &filter, 10, &place, &seen);
	ck_assert_int_eq(seen.n, 1);
	ck_assert_int_eq(seen.id[0], id);
	check_balances(&fx.one, &seen);
	ck_assert_int_eq(place.before, 0);
}
END_TEST

START_TEST(a_callback_that_fails_ends_it)
{
	const struct statement_filter all = { 0 };
	struct statement_place place, before;
	struct seen seen = { .give = RC_BUSY };

	make_wallet();
	begin(&fx.one, &all, &place);
	before = place;
	ck_assert_int_eq(db_begin(fx.db, DB_READ), RC_OK);
	ck_assert_int_eq(
	    statement_each(fx.db, &fx.one, &all, 5, &place, keep, &seen),
	    RC_BUSY);
	fixture_commit();
	ck_assert_int_eq(seen.n, 1);
	ck_assert_int_eq(place.before, before.before);
	ck_assert_int_eq(place.balance_nano, before.balance_nano);
}
END_TEST

START_TEST(kinds_have_names)
{
	int kind;

	for (kind = LEDGER_ORDER; kind <= LEDGER_TRANSFER; kind++) {
		if (kind == LEDGER_PAYOUT) {
			ck_assert_ptr_null(statement_kind_name(kind));
			continue;
		}
		ck_assert_int_eq(
		    statement_kind_find(statement_kind_name(kind)), kind);
	}
	ck_assert_ptr_null(statement_kind_name(0));
	ck_assert_ptr_null(statement_kind_name(-1));
	ck_assert_ptr_null(statement_kind_name(9));
	ck_assert_int_eq(statement_kind_find(""), 0);
	ck_assert_int_eq(statement_kind_find("payout"), 0);
}
END_TEST

/* --- places as text ------------------------------------------------------- */

START_TEST(a_place_is_read_as_it_was_written)
{
	static const struct statement_place places[] = {
		{ 1, 0 },
		{ INT64_MAX, MONEY_MAX },
		{ 1234567, 987654321 },
	};
	char text[STATEMENT_PLACE_TEXT];
	struct statement_place place;
	int i;

	for (i = 0; i < ROWS(places); i++) {
		ck_assert_int_eq(statement_place_format(
				     &fx.pepper, &fx.one, &places[i], text),
		    RC_OK);
		ck_assert_uint_lt(strlen(text), sizeof(text) - 1);
		ck_assert_int_eq(
		    statement_place_parse(&fx.pepper, &fx.one, text, &place),
		    RC_OK);
		ck_assert_int_eq(place.before, places[i].before);
		ck_assert_int_eq(place.balance_nano, places[i].balance_nano);
		/* Nobody else's. */
		ck_assert_int_eq(
		    statement_place_parse(&fx.pepper, &fx.two, text, &place),
		    RC_INVALID);
		ck_assert_int_eq(place.before, 0);
	}
}
END_TEST

START_TEST(a_place_that_was_changed_is_refused)
{
	const struct statement_place written = { 17, 2500 };
	static const char *const bad[] = { "", "-", "--", "17", "17-2500",
		"17-2500-", "17-2500-00000000000000000000000000000000",
		"-1-2500-00000000000000000000000000000000",
		"17--1-00000000000000000000000000000000",
		"99999999999999999999-0-00000000000000000000000000000000" };
	char text[STATEMENT_PLACE_TEXT], changed[STATEMENT_PLACE_TEXT + 1];
	struct pepper other = fx.pepper;
	struct statement_place place;
	size_t i, len;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_int_eq(
		    statement_place_parse(&fx.pepper, &fx.one, bad[i], &place),
		    RC_INVALID);
	ck_assert_int_eq(
	    statement_place_format(&fx.pepper, &fx.one, &written, text), RC_OK);
	len = strlen(text);
	for (i = 0; i < len; i++) {
		(void)snprintf(changed, sizeof(changed), "%s", text);
		changed[i] = changed[i] == '1' ? '2' : '1';
		ck_assert_int_eq(
		    statement_place_parse(&fx.pepper, &fx.one, changed, &place),
		    RC_INVALID);
	}
	(void)snprintf(changed, sizeof(changed), "%s0", text);
	ck_assert_int_eq(
	    statement_place_parse(&fx.pepper, &fx.one, changed, &place),
	    RC_INVALID);
	other.bytes[31] ^= 1;
	ck_assert_int_eq(
	    statement_place_parse(&other, &fx.one, text, &place), RC_INVALID);
}
END_TEST

static Suite *
make_suite(void)
{
	Suite *suite = suite_create("statement");
	TCase *tc = tcase_create("statement");

	tcase_add_checked_fixture(tc, fixture_setup, fixture_teardown);
	tcase_add_test(tc, a_wallet_is_read_backwards_with_its_balances);
	tcase_add_test(tc, what_is_posted_meanwhile_changes_no_older_page);
	tcase_add_test(tc, a_wallet_without_entries_has_an_empty_statement);
	tcase_add_loop_test(tc, a_filter_keeps_the_balances, 0, ROWS(filters));
	tcase_add_test(tc, times_out_of_order_lose_no_entry);
	tcase_add_test(tc, one_call_looks_at_a_bounded_number_of_entries);
	tcase_add_test(tc, a_callback_that_fails_ends_it);
	tcase_add_test(tc, kinds_have_names);
	tcase_add_test(tc, a_place_is_read_as_it_was_written);
	tcase_add_test(tc, a_place_that_was_changed_is_refused);
	suite_add_tcase(suite, tc);
	return suite;
}

SUITE_MAIN(make_suite)
