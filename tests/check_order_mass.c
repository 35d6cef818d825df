/* SPDX-License-Identifier: ISC */
/*
 * lib/order_mass: how lines are read, that each ends as it would alone, and
 * that a text sent twice makes its orders once.
 */
#include "order_mass.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"
#include "suite.h"

enum { SEEN_LEN = 16384 };

/* What was called for each line, as text. */
struct seen {
	char text[SEEN_LEN];
	size_t len;
	int stop_at; /* line to end at; 0: none */
};

static enum rc
see(void *arg, const struct order_mass_line *line)
{
	struct seen *seen = arg;

	seen->len += (size_t)snprintf(seen->text + seen->len,
	    sizeof(seen->text) - seen->len, "%d:", line->number);
	if (line->rc != RC_OK)
		seen->len += (size_t)snprintf(seen->text + seen->len,
		    sizeof(seen->text) - seen->len, " %s; ",
		    fixture_error(line->rc, &line->why));
	else if (line->id != 0)
		seen->len += (size_t)snprintf(seen->text + seen->len,
		    sizeof(seen->text) - seen->len, " order %lld; ",
		    (long long)line->id);
	else
		seen->len += (size_t)snprintf(seen->text + seen->len,
		    sizeof(seen->text) - seen->len, " %lld x %lld = %lld; ",
		    (long long)line->quote.service_id,
		    (long long)line->quote.quantity,
		    (long long)line->quote.charge_nano);
	return line->number == seen->stop_at ? RC_BUSY : RC_OK;
}

static enum rc
quote(const struct caller *caller, const char *text, struct seen *seen)
{
	*seen = (struct seen){ 0 };
	return order_mass_quote(fx.db, caller, text, see, seen);
}

static enum rc
place(const struct caller *caller, const char *text, const char *name,
    struct seen *seen)
{
	int stop_at = seen->stop_at;

	*seen = (struct seen){ .stop_at = stop_at };
	return order_mass_place(
	    fx.db, caller, text, name, FIXTURE_NOW, see, seen);
}

static void
teardown(void)
{
	ck_assert_str_eq(fixture_faults(), "");
	fixture_teardown();
}

#define GOOD "1: 1 x 100 = 27777700; "

static const struct {
	const char *text, *seen;
} lines[] = {
	{ "1|https://e.test/|100", GOOD },
	{ "  1 | https://e.test/ |\t100  \r\n", GOOD },
	{ "1,https://e.test/,100", GOOD },
	{ "1, https://e.test/a,b,c , 100", GOOD },
	{ "1;https://e.test/,x;100", GOOD },
	{ "1\thttps://e.test/;x,y\t100", GOOD },
	{ "1|https://e.test/;,|100", GOOD },
	{ "\n \t\r\n\n1|https://e.test/|100\n\n", "4: 1 x 100 = 27777700; " },
	{ "2|https://e.test/", "1: 2 x 1 = 277777000; " },
	{ "2|https://e.test/|7", "1: 2 x 1 = 277777000; " },
	{ "1", "1: Bad link; " },
	{ "1|https://e.test/", "1: Missing required parameter: quantity; " },
	{ "1|https://e.test/|", "1: Missing required parameter: quantity; " },
	{ "1||100", "1: Bad link; " },
	{ "|https://e.test/|100", "1: Missing required parameter: service; " },
	{ "one|https://e.test/|100", "1: Incorrect service ID; " },
	{ "104|https://e.test/|100", "1: Incorrect service ID; " },
	{ "1|https://e.test/|1", "1: Quantity less than minimal 2; " },
	{ "1|https://e.test/|1e3", "1: Incorrect quantity; " },
	{ "3|https://e.test/|100",
	    "1: Missing required parameter: comments; " },
};

START_TEST(a_line_is_service_link_and_quantity)
{
	struct seen seen;

	ck_assert_int_eq(quote(&fx.one, lines[_i].text, &seen), RC_OK);
	ck_assert_str_eq(seen.text, lines[_i].seen);
	ck_assert_int_eq(fixture_int("SELECT COUNT(*) FROM orders"), 0);
}
END_TEST

START_TEST(each_line_ends_as_it_would_alone)
{
	static const char text[] = "1|https://e.test/1|100\n"
				   "1|https://e.test/2|1\n"
				   "9999|https://e.test/3|100\n"
				   "1|https://e.test/1|100\n"
				   "102|https://e.test/1|100\n";
	struct seen seen = { 0 };

	ck_assert_int_eq(quote(&fx.one, text, &seen), RC_OK);
	ck_assert_str_eq(seen.text,
	    "1: 1 x 100 = 27777700; 2: Quantity less than minimal 2; "
	    "3: Incorrect service ID; "
	    "4: You have active order with this link. Please wait until order "
	    "being completed.; 5: 102 x 100 = 27777700; ");
	ck_assert_int_eq(place(&fx.one, text, "t", &seen), RC_OK);
	ck_assert_str_eq(seen.text,
	    "1: order 1; 2: Quantity less than minimal 2; "
	    "3: Incorrect service ID; "
	    "4: You have active order with this link. Please wait until order "
	    "being completed.; 5: order 2; ");
	ck_assert_int_eq(
	    fixture_balance(&fx.one), FIXTURE_BALANCE - 2 * INT64_C(27777700));
	ck_assert_int_eq(
	    fixture_int("SELECT COUNT(*) FROM orders WHERE account_id = 1"), 2);
}
END_TEST

START_TEST(a_balance_pays_for_the_lines_it_covers)
{
	struct seen seen = { 0 };

	/* A tenth of a unit covers three of them. */
	ck_assert_int_eq(place(&fx.two,
			     "1|https://e.test/1|100\n1|https://e.test/2|100\n"
			     "1|https://e.test/3|100\n1|https://e.test/4|100\n"
			     "1|https://e.test/5|10\n",
			     "t", &seen),
	    RC_OK);
	ck_assert_str_eq(seen.text,
	    "1: order 1; 2: order 2; 3: order 3; "
	    "4: Not enough funds on balance; 5: order 4; ");
}
END_TEST

START_TEST(a_text_sent_twice_makes_its_orders_once)
{
	static const char text[] = "1|https://e.test/1|100\n"
				   "1|https://e.test/2|100\n"
				   "1|https://e.test/3|100\n";
	struct seen seen = { .stop_at = 2 };

	/* As if the process had been killed. */
	ck_assert_int_eq(place(&fx.one, text, "t", &seen), RC_BUSY);
	ck_assert_int_eq(fixture_int("SELECT COUNT(*) FROM orders"), 2);
	seen.stop_at = 0;
	ck_assert_int_eq(place(&fx.one, text, "t", &seen), RC_OK);
	ck_assert_str_eq(seen.text, "1: order 1; 2: order 2; 3: order 3; ");
	ck_assert_int_eq(place(&fx.one, text, "t", &seen), RC_OK);
	ck_assert_str_eq(seen.text, "1: order 1; 2: order 2; 3: order 3; ");
	ck_assert_int_eq(fixture_int("SELECT COUNT(*) FROM orders"), 3);
	/* A name is the account's own. */
	ck_assert_int_eq(place(&fx.two, text, "t", &seen), RC_OK);
	ck_assert_str_eq(seen.text, "1: order 4; 2: order 5; 3: order 6; ");
}
END_TEST

/* n lines of 24 bytes and more; to be freed. */
static char *
lines_of(int n)
{
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	int i;

	ck_assert_ptr_nonnull(out);
	for (i = 0; i < n; i++)
		(void)fprintf(out, "1|https://e.test/%d|10\n\n", i);
	ck_assert_int_eq(fclose(out), 0);
	return text;
}

START_TEST(there_are_so_many_lines_at_most)
{
	char *text = lines_of(ORDER_MASS_MAX), *more;
	struct seen seen = { 0 };

	ck_assert_int_eq(quote(&fx.one, text, &seen), RC_OK);
	ck_assert_ptr_nonnull(strstr(seen.text, "199: 1 x 10 = "));
	more = lines_of(ORDER_MASS_MAX + 1);
	ck_assert_int_eq(quote(&fx.one, more, &seen), RC_LIMITED);
	ck_assert_str_eq(seen.text, "");
	ck_assert_int_eq(place(&fx.one, more, "t", &seen), RC_LIMITED);
	ck_assert_int_eq(fixture_int("SELECT COUNT(*) FROM orders"), 0);
	ck_assert_int_eq(quote(&fx.one, " \n\r\n", &seen), RC_INVALID);
	ck_assert_int_eq(quote(&fx.one, "", &seen), RC_INVALID);
	free(text);
	free(more);
}
END_TEST

START_TEST(a_line_that_is_too_long_is_refused_alone)
{
	char text[2 * ORDER_MASS_LINE_MAX];
	struct seen seen;

	memset(text, 'x', sizeof(text));
	(void)memcpy(text, "1|https://", 10);
	(void)snprintf(
	    text + ORDER_MASS_LINE_MAX + 1, 100, "\n1|https://e.test/|100\n");
	ck_assert_int_eq(quote(&fx.one, text, &seen), RC_OK);
	ck_assert_str_eq(seen.text, "1: Bad link; 2: 1 x 100 = 27777700; ");
}
END_TEST

START_TEST(a_reader_that_fails_ends_it)
{
	struct seen seen = { .stop_at = 1 };

	ck_assert_int_eq(
	    order_mass_quote(fx.db, &fx.one,
		"1|https://e.test/1|9\n1|https://e.test/2|9", see, &seen),
	    RC_BUSY);
	ck_assert_ptr_null(strstr(seen.text, "2:"));
}
END_TEST

static Suite *
make_suite(void)
{
	Suite *suite = suite_create("order_mass");
	TCase *tc = tcase_create("order_mass");

	tcase_add_checked_fixture(tc, fixture_setup, teardown);
	tcase_add_loop_test(
	    tc, a_line_is_service_link_and_quantity, 0, ROWS(lines));
	tcase_add_test(tc, each_line_ends_as_it_would_alone);
	tcase_add_test(tc, a_balance_pays_for_the_lines_it_covers);
	tcase_add_test(tc, a_text_sent_twice_makes_its_orders_once);
	tcase_add_test(tc, there_are_so_many_lines_at_most);
	tcase_add_test(tc, a_line_that_is_too_long_is_refused_alone);
	tcase_add_test(tc, a_reader_that_fails_ends_it);
	suite_add_tcase(suite, tc);
	return suite;
}

SUITE_MAIN(make_suite)
