/* SPDX-License-Identifier: ISC */
/*
 * The catalogue in pages: catalog_search, catalog_show, catalog_categories.
 */
#include "catalog.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"
#include "suite.h"

enum { TEXT_LEN = 8192, EVERY = 7, MANY = 400 };

struct seen {
	char text[TEXT_LEN];
	size_t len;
	int n;
};

static enum rc
see(void *arg, const struct service *service)
{
	struct seen *seen = arg;

	seen->len += (size_t)snprintf(seen->text + seen->len,
	    sizeof(seen->text) - seen->len, "%s%lld", seen->n > 0 ? "," : "",
	    (long long)service->id);
	seen->n++;
	return RC_OK;
}

static enum rc
see_category(void *arg, const char *category)
{
	struct seen *seen = arg;

	seen->len += (size_t)snprintf(seen->text + seen->len,
	    sizeof(seen->text) - seen->len, "%s; ", category);
	seen->n++;
	return RC_OK;
}

static struct catalog_ends
search(const struct catalog_filter *filter, struct seen *seen)
{
	struct catalog_ends ends;

	*seen = (struct seen){ 0 };
	ck_assert_int_eq(db_begin(fx.db, DB_READ), RC_OK);
	ck_assert_int_eq(
	    catalog_search(fx.db, filter, see, seen, &ends), RC_OK);
	fixture_commit();
	return ends;
}

/* Services of three categories; every seventh is off. */
static void
fill(void)
{
	fixture_sql("DELETE FROM service;"
		    "WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL"
		    " SELECT i + 1 FROM n WHERE i < %d)"
		    " INSERT INTO service (id, name, type, category,"
		    " description, rate_micro, min, max, refill, cancel,"
		    " dripfeed, active) SELECT i * 2, 'Print Job ' || i ||"
		    " CASE i %% 3 WHEN 0 THEN ', 100%%_' ELSE '' END,"
		    " 'Default', 'C' || (i %% 3), 'd', i, 1, 2, 0, 1, 0,"
		    " i %% %d <> 0 FROM n",
	    MANY, EVERY);
}

static const struct {
	struct catalog_filter filter;
	const char *where;
} searches[] = {
	{ { 0 }, "1" },
	{ { .category = "C1" }, "category = 'C1'" },
	{ { .category = "c1" }, "0" },
	{ { .text = "JOB 1" }, "name LIKE '%job 1%'" },
	{ { .text = "100%_" }, "id / 2 % 3 = 0" },
	{ { .text = "0%_", .category = "C0" }, "id / 2 % 3 = 0" },
	{ { .text = "%" }, "id / 2 % 3 = 0" },
	{ { .text = "'; DROP" }, "0" },
};

START_TEST(pages_go_through_all_there_and_back)
{
	struct catalog_filter filter = searches[_i].filter;
	struct catalog_ends ends;
	struct seen seen;
	char all[2 * TEXT_LEN] = "", *want;
	size_t len = 0;
	int pages = 0, down = 0, up;

	for (;;) {
		ends = search(&filter, &seen);
		len += (size_t)snprintf(all + len, sizeof(all) - len, "%s%s",
		    pages > 0 ? "," : "", seen.text);
		ck_assert_uint_lt(len, TEXT_LEN);
		down += seen.n;
		ck_assert_int_eq(ends.earlier != 0, pages > 0);
		ck_assert_int_lt(pages++, MANY);
		if (ends.later == 0)
			break;
		ck_assert_int_eq(seen.n, CATALOG_PAGE);
		filter.after = ends.later;
	}
	want = fixture_text("SELECT group_concat(id) FROM (SELECT id FROM"
			    " service WHERE active = 1 AND %s ORDER BY id)",
	    searches[_i].where);
	ck_assert_str_eq(all, want);
	free(want);
	for (up = seen.n; ends.earlier != 0; up += seen.n) {
		filter.before = ends.earlier;
		ends = search(&filter, &seen);
		ck_assert_int_eq(seen.n, CATALOG_PAGE);
		ck_assert_int_ne(ends.later, 0);
	}
	ck_assert_int_eq(up, down);
}
END_TEST

static enum rc
write_service(void *arg, const struct service *s)
{
	(void)snprintf(arg, TEXT_LEN, "%lld %s %s %s %s %lld %lld-%lld %d%d%d",
	    (long long)s->id, s->type->name, s->name, s->category,
	    s->description, (long long)s->rate_micro, (long long)s->min,
	    (long long)s->max, s->refill, s->cancel, s->dripfeed);
	return RC_OK;
}

START_TEST(a_service_on_sale_is_shown)
{
	char text[TEXT_LEN];

	ck_assert_int_eq(db_begin(fx.db, DB_READ), RC_OK);
	ck_assert_int_eq(catalog_show(fx.db, 8, write_service, text), RC_OK);
	ck_assert_str_eq(text, "8 Default Print Job 4 C1 d 4 1-2 010");
	ck_assert_int_eq(
	    catalog_show(fx.db, 14, write_service, text), RC_NOT_FOUND);
	ck_assert_int_eq(
	    catalog_show(fx.db, 9, write_service, text), RC_NOT_FOUND);
	fixture_commit();
}
END_TEST

START_TEST(categories_are_those_of_services_on_sale)
{
	struct seen seen = { 0 };

	fixture_sql("UPDATE service SET active = 0 WHERE category = 'C1';"
		    "UPDATE service SET category = 'B' WHERE id = 4");
	ck_assert_int_eq(db_begin(fx.db, DB_READ), RC_OK);
	ck_assert_int_eq(catalog_categories(fx.db, see_category, &seen), RC_OK);
	fixture_commit();
	ck_assert_str_eq(seen.text, "B; C0; C2; ");
}
END_TEST

START_TEST(so_many_categories_are_listed)
{
	struct seen seen = { 0 };

	fixture_sql("WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL"
		    " SELECT i + 1 FROM n WHERE i < 600)"
		    " INSERT INTO service (id, name, type, category,"
		    " rate_micro, min, max, refill, cancel, dripfeed)"
		    " SELECT 1000 + i, 'n', 'Default', i, 1, 1, 1, 0, 0, 0"
		    " FROM n");
	ck_assert_int_eq(db_begin(fx.db, DB_READ), RC_OK);
	ck_assert_int_eq(catalog_categories(fx.db, see_category, &seen), RC_OK);
	fixture_commit();
	ck_assert_int_eq(seen.n, CATALOG_CATEGORIES_MAX);
}
END_TEST

static void
setup(void)
{
	fixture_setup();
	fill();
}

static Suite *
make_suite(void)
{
	Suite *suite = suite_create("catalog_search");
	TCase *tc = tcase_create("catalog_search");

	tcase_add_checked_fixture(tc, setup, fixture_teardown);
	tcase_add_loop_test(
	    tc, pages_go_through_all_there_and_back, 0, ROWS(searches));
	tcase_add_test(tc, a_service_on_sale_is_shown);
	tcase_add_test(tc, categories_are_those_of_services_on_sale);
	tcase_add_test(tc, so_many_categories_are_listed);
	suite_add_tcase(suite, tc);
	return suite;
}

SUITE_MAIN(make_suite)
