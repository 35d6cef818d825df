/* SPDX-License-Identifier: ISC */
/*
 * lib/sweep: what is over goes, what is not stays, and nobody waits long.
 */
#include "sweep.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>

#include "fixture.h"
#include "guess.h"
#include "scratch.h"
#include "session.h"
#include "suite.h"

enum { T = FIXTURE_NOW, DAY = 86400 };

static struct swept swept;

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

static void
sweep(int64_t audit_days)
{
	ck_assert_int_eq(
	    sweep_people(fx.people.db, audit_days, T, &swept), RC_OK);
}

static int64_t
count(const char *table)
{
	return fixture_int("SELECT COUNT(*) FROM %s", table);
}

/* Each row is one second past its end; one second younger it stays. */
START_TEST(what_is_over_goes_and_what_is_not_stays)
{
	int64_t young = 1 - _i;

	fixture_sql("INSERT INTO session (account_id, hash, stage, address,"
		    " agent, created_at, seen_at) VALUES"
		    " (1, randomblob(32), 2, '', '', %lld, %lld),"
		    " (1, randomblob(32), 2, '', '', %lld, %lld)",
	    (long long)(T - SESSION_IDLE),
	    (long long)(T - SESSION_IDLE + young),
	    (long long)(T - SESSION_MAX + young), (long long)(T - 1));
	fixture_sql("INSERT INTO mail_token VALUES"
		    " (randomblob(32), 1, 0, 'a@b.example', 'a', 1, %lld)",
	    (long long)(T + young));
	fixture_sql("INSERT INTO guess VALUES (x'01', 5, %lld)",
	    (long long)(T - GUESS_KEEP + young));
	fixture_sql("INSERT INTO form_used VALUES (1, x'01', %lld)",
	    (long long)(T - DAY + young));
	fixture_sql("INSERT INTO second_factor (account_id, secret, created_at)"
		    " VALUES (1, randomblob(49), %lld)",
	    (long long)(T - DAY + young));
	fixture_sql("INSERT INTO audit VALUES (1, 1, %lld, 1, '', '')",
	    (long long)(T - 30 * DAY + young));
	sweep(30);
	ck_assert_int_eq(count("session"), young * 2);
	ck_assert_int_eq(count("mail_token"), young);
	ck_assert_int_eq(count("guess"), young);
	ck_assert_int_eq(count("form_used"), young);
	ck_assert_int_eq(count("second_factor"), young);
	ck_assert_int_eq(count("audit"), young);
	/* And it says so. */
	ck_assert_int_eq(swept.sessions, 2 * (1 - young));
	ck_assert_int_eq(swept.mail_tokens, 1 - young);
	ck_assert_int_eq(swept.guesses, 1 - young);
	ck_assert_int_eq(swept.forms, 1 - young);
	ck_assert_int_eq(swept.second_factors, 1 - young);
	ck_assert_int_eq(swept.audits, 1 - young);
}
END_TEST

START_TEST(what_is_kept_for_good_stays)
{
	fixture_sql("INSERT INTO person (account_id) VALUES (1);"
		    "INSERT INTO second_factor VALUES"
		    " (1, randomblob(49), 1, 1, 1);"
		    "INSERT INTO recovery_code VALUES (1, randomblob(32));"
		    "INSERT INTO favourite VALUES (1, 1);"
		    "INSERT INTO audit VALUES (1, 1, 1, 1, '', '')");
	sweep(0);
	ck_assert_int_eq(count("person"), 1);
	ck_assert_int_eq(count("second_factor"), 1);
	ck_assert_int_eq(count("recovery_code"), 1);
	ck_assert_int_eq(count("favourite"), 1);
	/* 0: the history is kept for ever. */
	ck_assert_int_eq(count("audit"), 1);
	sweep(36500);
	ck_assert_int_eq(count("audit"), 1);
	sweep(1);
	ck_assert_int_eq(count("audit"), 0);
}
END_TEST

START_TEST(however_much_it_is_all_goes)
{
	enum { MANY = 2 * SWEEP_ROWS + 7 };

	fixture_sql("WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL"
		    " SELECT i + 1 FROM n WHERE i < %d)"
		    " INSERT INTO guess SELECT CAST(i AS BLOB), 1, 1 FROM n",
	    MANY);
	sweep(0);
	ck_assert_int_eq(swept.guesses, MANY);
	ck_assert_int_eq(count("guess"), 0);
}
END_TEST

/* At its transactions' ends others get in: here to see that there are some. */
START_TEST(it_goes_in_small_transactions)
{
	enum { MANY = 2 * SWEEP_ROWS + 7 };
	char *log;

	fixture_sql("WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL"
		    " SELECT i + 1 FROM n WHERE i < %d)"
		    " INSERT INTO guess SELECT CAST(i AS BLOB), 1, i FROM n",
	    MANY);
	/* One row of the third transaction refuses to go. */
	fixture_sql("CREATE TRIGGER refuse BEFORE DELETE ON guess"
		    " WHEN old.failed_at = %d BEGIN"
		    " SELECT RAISE(ABORT, 'not this one'); END",
	    MANY);
	scratch_log_start();
	ck_assert_int_eq(sweep_people(fx.people.db, 0, T, &swept), RC_FAIL);
	log = scratch_log_end(NULL);
	scratch_log_must_be(log, "not this one");
	free(log);
	/* What was done before stays done, and is told. */
	ck_assert_int_eq(swept.guesses, 2 * SWEEP_ROWS);
	ck_assert_int_eq(count("guess"), 7);
	fixture_sql("DROP TRIGGER refuse");
	sweep(0);
	ck_assert_int_eq(swept.guesses, 7);
}
END_TEST

START_TEST(where_nothing_is_over_nothing_is_written)
{
	char *before, *after;
	size_t len, len_after;

	fixture_sql("INSERT INTO person (account_id) VALUES (1)");
	before = fixture_read(fx.people_path, &len);
	sweep(30);
	after = fixture_read(fx.people_path, &len_after);
	ck_assert_uint_eq(len, len_after);
	ck_assert_mem_eq(before, after, len);
	free(before);
	free(after);
}
END_TEST

START_TEST(a_busy_database_is_busy)
{
	struct people people;
	struct holder holder;
	char path[512], *log;

	fx.config.busy_ms = 30;
	ck_assert_int_eq(people_open(&fx.config, NULL, &people), RC_OK);
	(void)snprintf(path, sizeof(path), "%s.gate", fx.people_path);
	fixture_hold(&holder, path, LOCK_EX, 0);
	scratch_log_start();
	ck_assert_int_eq(sweep_people(people.db, 0, T, &swept), RC_BUSY);
	log = scratch_log_end(NULL);
	scratch_log_must_be(log, "busy for too long");
	free(log);
	fixture_let_go(&holder);
	people_close(&people);
}
END_TEST

static Suite *
make_suite(void)
{
	Suite *suite = suite_create("sweep");
	TCase *tc = tcase_create("sweep");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, what_is_over_goes_and_what_is_not_stays, 0, 2);
	tcase_add_test(tc, what_is_kept_for_good_stays);
	tcase_add_test(tc, however_much_it_is_all_goes);
	tcase_add_test(tc, it_goes_in_small_transactions);
	tcase_add_test(tc, where_nothing_is_over_nothing_is_written);
	tcase_add_test(tc, a_busy_database_is_busy);
	suite_add_tcase(suite, tc);
	return suite;
}

SUITE_MAIN(make_suite)
