/* SPDX-License-Identifier: ISC */
/*
 * lib/favourite: services that an account holder keeps at hand.
 */
#include "favourite.h"

#include <check.h>
#include <stdlib.h>

#include "fixture.h"
#include "migrate.h"
#include "suite.h"

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

static enum rc
set(const struct caller *caller, int64_t id, int is_kept)
{
	ck_assert_int_eq(db_begin(people, DB_WRITE), RC_OK);
	return db_end(people, favourite_set(people, caller, id, is_kept));
}

static struct favourites
get(const struct caller *caller)
{
	struct favourites list;

	ck_assert_int_eq(db_begin(people, DB_READ), RC_OK);
	ck_assert_int_eq(favourite_list(people, caller, &list), RC_OK);
	ck_assert_int_eq(db_commit(people), RC_OK);
	return list;
}

START_TEST(a_favourite_is_kept_once_until_it_is_not)
{
	struct favourites list;

	ck_assert_uint_eq(get(&fx.one).n, 0);
	ck_assert_int_eq(set(&fx.one, 7, 1), RC_OK);
	ck_assert_int_eq(set(&fx.one, 3, 1), RC_OK);
	ck_assert_int_eq(set(&fx.one, 7, 1), RC_OK);
	list = get(&fx.one);
	ck_assert_uint_eq(list.n, 2);
	ck_assert_int_eq(list.id[0], 3);
	ck_assert_int_eq(list.id[1], 7);
	ck_assert(favourite_has(&list, 3));
	ck_assert(favourite_has(&list, 7));
	ck_assert(!favourite_has(&list, 5));
	ck_assert_int_eq(set(&fx.one, 3, 0), RC_OK);
	ck_assert_int_eq(set(&fx.one, 3, 0), RC_OK);
	list = get(&fx.one);
	ck_assert_uint_eq(list.n, 1);
	ck_assert(!favourite_has(&list, 3));
}
END_TEST

START_TEST(favourites_are_an_accounts_own)
{
	ck_assert_int_eq(set(&fx.one, 7, 1), RC_OK);
	ck_assert_uint_eq(get(&fx.two).n, 0);
	ck_assert_int_eq(set(&fx.two, 7, 0), RC_OK);
	ck_assert_uint_eq(get(&fx.one).n, 1);
}
END_TEST

START_TEST(there_are_so_many_at_most)
{
	int64_t id;

	for (id = 1; id <= FAVOURITE_MAX; id++)
		ck_assert_int_eq(set(&fx.one, id, 1), RC_OK);
	ck_assert_int_eq(set(&fx.one, id, 1), RC_LIMITED);
	/* One that is there already is no further one. */
	ck_assert_int_eq(set(&fx.one, 1, 1), RC_OK);
	ck_assert_uint_eq(get(&fx.one).n, FAVOURITE_MAX);
	ck_assert_int_eq(set(&fx.one, 1, 0), RC_OK);
	ck_assert_int_eq(set(&fx.one, id, 1), RC_OK);
	/* Those of others do not count. */
	ck_assert_int_eq(set(&fx.two, id, 1), RC_OK);
}
END_TEST

static Suite *
make_suite(void)
{
	Suite *suite = suite_create("favourite");
	TCase *tc = tcase_create("favourite");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_favourite_is_kept_once_until_it_is_not);
	tcase_add_test(tc, favourites_are_an_accounts_own);
	tcase_add_test(tc, there_are_so_many_at_most);
	suite_add_tcase(suite, tc);
	return suite;
}

SUITE_MAIN(make_suite)
