/* SPDX-License-Identifier: ISC */
/*
 * lib/watch: whatever a process of many calls has to know of a file is told
 * at once, and ordinary work on the database is not.
 */
#include "watch.h"

#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fixture.h"
#include "suite.h"

static struct watch watch;
static char dir[512], inside[600], aside[600];

static void
setup(void)
{
	fixture_setup();
	(void)snprintf(dir, sizeof(dir), "%s", fixture_path("watched"));
	(void)snprintf(inside, sizeof(inside), "%s/file", dir);
	(void)snprintf(aside, sizeof(aside), "%s/aside", fx.dir);
	ck_assert_int_eq(mkdir(dir, 0700), 0);
	fixture_write(inside, "1", 1);
}

static void
teardown(void)
{
	watch_close(&watch);
	fixture_teardown();
}

static void
rewrite(void)
{
	int fd = open(inside, O_WRONLY);

	ck_assert_int_eq(write(fd, "2", 1), 1);
	(void)close(fd);
}

static void
change_mode(void)
{
	ck_assert_int_eq(chmod(inside, 0640), 0);
}

static void
move_away(void)
{
	ck_assert_int_eq(rename(inside, aside), 0);
}

static void
replace(void)
{
	fixture_write(aside, "3", 1);
	ck_assert_int_eq(rename(aside, inside), 0);
}

static void delete (void)
{
	ck_assert_int_eq(unlink(inside), 0);
}

static void
move_directory(void)
{
	ck_assert_int_eq(rename(dir, aside), 0);
}

static void
open_directory(void)
{
	ck_assert_int_eq(chmod(dir, 0755), 0);
}

static void
add_another(void)
{
	char other[600];

	(void)snprintf(other, sizeof(other), "%s/other", dir);
	fixture_write(other, "4", 1);
}

/* What is watched, what happens, and whether that is told. */
static const struct {
	enum watch_what what;
	void (*happens)(void);
	int told;
} rows[] = {
	{ WATCH_FILE, rewrite, 1 },
	{ WATCH_FILE, change_mode, 1 },
	{ WATCH_FILE, move_away, 1 },
	{ WATCH_FILE, replace, 1 },
	{ WATCH_FILE, delete, 1 },
	{ WATCH_FILE, add_another, 0 },
	{ WATCH_DATABASE, rewrite, 0 },
	{ WATCH_DATABASE, change_mode, 1 },
	{ WATCH_DATABASE, move_away, 1 },
	{ WATCH_DATABASE, replace, 1 },
	{ WATCH_DATABASE, delete, 1 },
	{ WATCH_DIRECTORY, rewrite, 0 },
	{ WATCH_DIRECTORY, change_mode, 1 },
	{ WATCH_DIRECTORY, move_away, 1 },
	{ WATCH_DIRECTORY, replace, 1 },
	{ WATCH_DIRECTORY, delete, 1 },
	{ WATCH_DIRECTORY, move_directory, 1 },
	{ WATCH_DIRECTORY, open_directory, 1 },
	{ WATCH_DIRECTORY, add_another, 1 },
};

START_TEST(what_happens_to_a_file_is_told_once)
{
	int i;

	watch_add(&watch, rows[_i].what,
	    rows[_i].what == WATCH_DIRECTORY ? dir : inside);
	for (i = 0; i < 3; i++)
		ck_assert(watch_is_quiet(&watch));
	rows[_i].happens();
	ck_assert_int_eq(!watch_is_quiet(&watch), rows[_i].told);
	ck_assert(watch_is_quiet(&watch));
}
END_TEST

/* The main database at work: an order's worth of commits, by two. */
START_TEST(a_database_at_work_is_quiet)
{
	int i;

	/* The first commit makes the journal. */
	fixture_sql("UPDATE tier SET calls_per_minute = 1");
	fixture_begin();
	ck_assert_int_eq(
	    db_run(fx.db, "UPDATE tier SET calls_per_minute = 2", DB_NO_ARGS),
	    RC_OK);
	fixture_commit();
	watch_add(&watch, WATCH_DIRECTORY, fx.dir);
	watch_add(&watch, WATCH_DATABASE, fx.path);
	for (i = 0; i < 5; i++) {
		fixture_begin();
		ck_assert_int_eq(
		    db_run(fx.db, "UPDATE tier SET calls_per_minute = $1",
			DB_ARGS(DB_INT(i + 3))),
		    RC_OK);
		fixture_commit();
	}
	ck_assert(watch_is_quiet(&watch));
}
END_TEST

START_TEST(who_cannot_tell_is_never_quiet)
{
	ck_assert(!watch_is_quiet(&watch));
	watch_add(&watch, WATCH_FILE, aside);
	ck_assert(!watch_is_quiet(&watch));
	/* Not of the others either. */
	watch_add(&watch, WATCH_FILE, inside);
	ck_assert(!watch_is_quiet(&watch));
	watch_close(&watch);
	watch_add(&watch, WATCH_FILE, inside);
	ck_assert(watch_is_quiet(&watch));
	watch_close(&watch);
	watch_close(&watch);
	ck_assert(!watch_is_quiet(&watch));
}
END_TEST

static Suite *
make_suite(void)
{
	Suite *suite = suite_create("watch");
	TCase *tc = tcase_create("watch");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(
	    tc, what_happens_to_a_file_is_told_once, 0, ROWS(rows));
	tcase_add_test(tc, a_database_at_work_is_quiet);
	tcase_add_test(tc, who_cannot_tell_is_never_quiet);
	suite_add_tcase(suite, tc);
	return suite;
}

SUITE_MAIN(make_suite)
