/* SPDX-License-Identifier: ISC */
/*
 * lib/catalog: searching what is on sale, a page after the other.
 */
#include "catalog.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

#include "fixture.h"
#include "suite.h"

static void
setup(void)
{
	fixture_setup();
	fixture_sql(
	    "DELETE FROM service;"
	    "INSERT INTO service (id, name, type, category, description,"
	    " rate_micro, min, max, refill, cancel, dripfeed, active) VALUES"
	    " (1, 'Flyers', 'Default', 'Print', 'On paper', 1, 1, 9, 0, 0, 0,"
	    "  1),"
	    " (2, 'Posters 100%%', 'Default', 'Print', '', 1, 1, 9, 0, 0, 0, "
	    "1),"
	    " (3, 'Old flyers', 'Default', 'Print', '', 1, 1, 9, 0, 0, 0, 0),"
	    " (4, 'Words', 'Default', 'Text', 'flyers of words', 1, 1, 9, 0, 0,"
	    "  0, 1),"
	    " (5, 'Caf\xc3\xa9', 'Default', 'Food', '', 1, 1, 9, 0, 0, 0, 1),"
	    " (6, 'Off', 'Default', 'Closed', '', 1, 1, 9, 0, 0, 0, 0)");
}

struct seen {
	char text[512];
	enum rc give;
};

static enum rc
note(void *arg, const struct service *service)
{
	struct seen *seen = arg;
	size_t len = strlen(seen->text);

	ck_assert_str_ne(service->name, "");
	ck_assert_ptr_nonnull(service->description);
	(void)snprintf(seen->text + len, sizeof(seen->text) - len, "%s%lld",
	    len > 0 ? " " : "", (long long)service->id);
	return seen->give;
}

static enum rc
note_category(void *arg, const char *category, int64_t n)
{
	struct seen *seen = arg;
	size_t len = strlen(seen->text);

	(void)snprintf(seen->text + len, sizeof(seen->text) - len, "%s%s:%lld",
	    len > 0 ? " " : "", category, (long long)n);
	return seen->give;
}

static const struct {
	struct catalog_filter filter;
	const char *ids;
} searches[] = {
	{ { NULL, NULL, 0, 99 }, "5 1 2 4" },
	{ { "", "", 0, 99 }, "5 1 2 4" },
	{ { "Print", NULL, 0, 99 }, "1 2" },
	{ { "print", NULL, 0, 99 }, "" },
	{ { "Closed", NULL, 0, 99 }, "" },
	{ { NULL, "FLYERS", 0, 99 }, "1 4" },
	{ { "Text", "flyers", 0, 99 }, "4" },
	{ { NULL, "2", 0, 99 }, "2" },
	{ { NULL, "3", 0, 99 }, "" },
	/* No character of a search means anything else. */
	{ { NULL, "%", 0, 99 }, "2" },
	{ { NULL, "_", 0, 99 }, "" },
	{ { NULL, "' OR 1 = 1 --", 0, 99 }, "" },
	{ { NULL, "caf\xc3\xa9", 0, 99 }, "5" },
	{ { NULL, NULL, 0, 2 }, "5 1" },
	{ { NULL, NULL, 1, 2 }, "2 4" },
	{ { NULL, NULL, 2, 2 }, "4" },
	{ { NULL, NULL, 4, 2 }, "" },
	/* After one that has gone off sale meanwhile, and after nothing. */
	{ { NULL, NULL, 3, 9 }, "4" },
	{ { NULL, NULL, 99, 9 }, "" },
	{ { "Print", NULL, 1, 9 }, "2" },
};

START_TEST(a_search_finds_what_is_on_sale_in_order)
{
	struct seen seen = { "", RC_OK };

	ck_assert_int_eq(db_begin(fx.db, DB_READ), RC_OK);
	ck_assert_int_eq(
	    catalog_search(fx.db, &searches[_i].filter, note, &seen), RC_OK);
	fixture_commit();
	ck_assert_str_eq(seen.text, searches[_i].ids);
}
END_TEST

START_TEST(categories_are_those_with_something_on_sale)
{
	struct seen seen = { "", RC_OK };

	ck_assert_int_eq(db_begin(fx.db, DB_READ), RC_OK);
	ck_assert_int_eq(
	    catalog_categories(fx.db, note_category, &seen), RC_OK);
	fixture_commit();
	ck_assert_str_eq(seen.text, "Food:1 Print:2 Text:1");
}
END_TEST

START_TEST(a_callback_that_fails_ends_it)
{
	const struct catalog_filter all = { .limit = 99 };
	struct seen seen = { "", RC_BUSY };

	ck_assert_int_eq(db_begin(fx.db, DB_READ), RC_OK);
	ck_assert_int_eq(catalog_search(fx.db, &all, note, &seen), RC_BUSY);
	ck_assert_str_eq(seen.text, "5");
	seen.text[0] = '\0';
	ck_assert_int_eq(
	    catalog_categories(fx.db, note_category, &seen), RC_BUSY);
	ck_assert_str_eq(seen.text, "Food:1");
	seen.text[0] = '\0';
	ck_assert_int_eq(catalog_each(fx.db, 1, note, &seen), RC_BUSY);
	ck_assert_str_eq(seen.text, "6");
	fixture_commit();
}
END_TEST

static Suite *
make_suite(void)
{
	Suite *suite = suite_create("catalog");
	TCase *tc = tcase_create("catalog");

	tcase_add_checked_fixture(tc, setup, fixture_teardown);
	tcase_add_loop_test(
	    tc, a_search_finds_what_is_on_sale_in_order, 0, ROWS(searches));
	tcase_add_test(tc, categories_are_those_with_something_on_sale);
	tcase_add_test(tc, a_callback_that_fails_ends_it);
	suite_add_tcase(suite, tc);
	return suite;
}

SUITE_MAIN(make_suite)
