/* SPDX-License-Identifier: ISC */
/*
 * lib/people: opening the people's database, and what keeps it shut.  What
 * the schema makes is looked at from outside, through another connection.
 */
#include "people.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fixture.h"
#include "schema_version.h"
#include "scratch.h"
#include "suite.h"

static void
setup(void)
{
	scratch_make();
	fixture_people_setup();
}

static void
teardown(void)
{
	fixture_teardown();
	scratch_remove();
}

/* Opens it a second time, which must end so and with one line in the log. */
static void
open_must_fail(enum rc wanted, const char *words)
{
	struct people people;
	char *log;
	enum rc rc;

	memset(&people, 0xff, sizeof(people));
	scratch_log_start();
	rc = people_open(&fx.config, fx.db, &people);
	log = scratch_log_end(NULL);
	ck_assert_int_eq(rc, wanted);
	scratch_log_must_be(log, words);
	free(log);
	/* Nothing is left of the keys, and closing it does no harm. */
	ck_assert_ptr_null(people.db);
	ck_assert_int_eq(people.pepper.bytes[0], 0);
	ck_assert_int_eq(people.seal_key.bytes[0], 0);
	people_close(&people);
}

START_TEST(it_has_the_keys_and_the_two_databases)
{
	ck_assert_ptr_nonnull(fx.people.db);
	ck_assert_ptr_eq(fx.people.main, fx.db);
	ck_assert_ptr_eq(fx.people.config, &fx.config);
	ck_assert_mem_eq(
	    fx.people.pepper.bytes, fx.pepper.bytes, sizeof(fx.pepper.bytes));
	ck_assert_int_eq(fx.people.seal_key.bytes[0], 0x3c);
}
END_TEST

START_TEST(closing_wipes_the_keys_and_may_be_done_twice)
{
	static const struct people none;

	people_close(&fx.people);
	ck_assert_mem_eq(&fx.people, &none, sizeof(none));
	people_close(&fx.people);
}
END_TEST

START_TEST(without_a_database_it_says_how_to_make_one)
{
	people_close(&fx.people);
	ck_assert_int_eq(unlink(fx.people_path), 0);
	open_must_fail(RC_FAIL, "run latchkey migrate");
	/* It was looked for, not made. */
	ck_assert_int_ne(access(fx.people_path, F_OK), 0);
}
END_TEST

START_TEST(without_a_key_it_stays_shut)
{
	static const char *const names[] = { SECRET_PEPPER_NAME,
		SECRET_SEAL_KEY_NAME };

	ck_assert_int_eq(unlink(fixture_path(names[_i])), 0);
	open_must_fail(RC_FAIL, names[_i]);
}
END_TEST

START_TEST(a_key_that_others_can_read_is_refused)
{
	ck_assert_int_eq(chmod(fixture_path(SECRET_SEAL_KEY_NAME), 0644), 0);
	open_must_fail(RC_FAIL, "refuse the sealing key");
}
END_TEST

START_TEST(another_version_is_busy_until_it_is_migrated)
{
	char *log;

	fixture_sql("PRAGMA user_version = %d", PEOPLE_SCHEMA_VERSION + 1);
	scratch_log_start();
	ck_assert_int_eq(db_begin(fx.people.db, DB_READ), RC_BUSY);
	log = scratch_log_end(NULL);
	scratch_log_must_be(log, "run latchkey migrate");
	free(log);
	fixture_sql("PRAGMA user_version = %d", PEOPLE_SCHEMA_VERSION);
	ck_assert_int_eq(db_begin(fx.people.db, DB_READ), RC_OK);
	db_rollback(fx.people.db);
}
END_TEST

START_TEST(every_table_is_strict)
{
	ck_assert_int_ge(fixture_int("SELECT COUNT(*) FROM pragma_table_list"
				     " WHERE strict = 1"),
	    9);
	ck_assert_int_eq(
	    fixture_int("SELECT COUNT(*) FROM pragma_table_list"
			" WHERE strict = 0 AND name NOT LIKE 'sqlite_%%'"),
	    0);
	ck_assert_int_eq(
	    fixture_int("SELECT COUNT(*) FROM sqlite_schema"
			" WHERE sql LIKE '%%--%%' OR sql LIKE '%%/*%%'"),
	    0);
}
END_TEST

START_TEST(the_two_databases_have_no_gate_in_common)
{
	ck_assert_int_eq(db_begin(fx.db, DB_WRITE), RC_OK);
	ck_assert_int_eq(db_begin(fx.people.db, DB_WRITE_NOW), RC_OK);
	db_rollback(fx.people.db);
	db_rollback(fx.db);
}
END_TEST

static Suite *
make_suite(void)
{
	Suite *suite = suite_create("people");
	TCase *tc = tcase_create("people");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, it_has_the_keys_and_the_two_databases);
	tcase_add_test(tc, closing_wipes_the_keys_and_may_be_done_twice);
	tcase_add_test(tc, without_a_database_it_says_how_to_make_one);
	tcase_add_loop_test(tc, without_a_key_it_stays_shut, 0, 2);
	tcase_add_test(tc, a_key_that_others_can_read_is_refused);
	tcase_add_test(tc, another_version_is_busy_until_it_is_migrated);
	tcase_add_test(tc, every_table_is_strict);
	tcase_add_test(tc, the_two_databases_have_no_gate_in_common);
	suite_add_tcase(suite, tc);
	return suite;
}

SUITE_MAIN(make_suite)
