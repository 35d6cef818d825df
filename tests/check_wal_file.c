/* SPDX-License-Identifier: ISC */
/*
 * lib/wal_file: a commit is one write of the log, others find it there at
 * once, however it is synchronized, and nothing is lost or torn whatever is
 * written, read again, rolled back, refused or killed in between.
 */
#include "wal_file.h"

#include <check.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "scratch.h"
#include "suite.h"

enum { ROWS_MANY = 400, FAULTS_MAX = 1000, LONG_BYTES = 60000 };

/* Writes of logs so far, and the one that fails, with all after it. */
static int nwrites, fails_at;

/* Reads that came to the system's file. */
static int nreads;

static sqlite3_vfs *system_vfs;
static sqlite3_io_methods counting;
static int (*system_write)(sqlite3_file *, const void *, int, sqlite3_int64 at);
static int (*system_read)(sqlite3_file *, void *, int, sqlite3_int64 at);

static int
counting_write(sqlite3_file *file, const void *bytes, int len, sqlite3_int64 at)
{
	if (fails_at > 0 && ++nwrites >= fails_at)
		return SQLITE_FULL;
	nwrites += fails_at == 0;
	return system_write(file, bytes, len, at);
}

static int
counting_read(sqlite3_file *file, void *bytes, int len, sqlite3_int64 at)
{
	nreads++;
	return system_read(file, bytes, len, at);
}

/* Below what is tested: the system's file, whose uses are counted. */
static int
open_counting(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags,
    int *out_flags)
{
	int code = system_vfs->xOpen(system_vfs, name, file, flags, out_flags);

	(void)vfs;
	if (code != SQLITE_OK)
		return code;
	counting = *file->pMethods;
	system_write = counting.xWrite;
	system_read = counting.xRead;
	counting.xWrite = counting_write;
	counting.xRead = counting_read;
	file->pMethods = &counting;
	return code;
}

static int
open_tested(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags,
    int *out_flags)
{
	static sqlite3_vfs below;

	(void)vfs;
	below = *system_vfs;
	below.xOpen = open_counting;
	if ((flags & SQLITE_OPEN_WAL) != 0)
		return wal_file_open(&below, name, file, flags, out_flags);
	return system_vfs->xOpen(system_vfs, name, file, flags, out_flags);
}

static sqlite3_mem_methods memory;
static int is_short; /* of memory for what is gathered */

static void *
allocate(int n)
{
	return is_short && n >= LONG_BYTES ? NULL : memory.xMalloc(n);
}

static void
setup(void)
{
	static sqlite3_mem_methods tested_memory;
	static sqlite3_vfs tested;

	scratch_make();
	is_short = 0;
	ck_assert_int_eq(
	    sqlite3_config(SQLITE_CONFIG_GETMALLOC, &memory), SQLITE_OK);
	tested_memory = memory;
	tested_memory.xMalloc = allocate;
	ck_assert_int_eq(
	    sqlite3_config(SQLITE_CONFIG_MALLOC, &tested_memory), SQLITE_OK);
	nwrites = fails_at = 0;
	system_vfs = sqlite3_vfs_find("unix");
	ck_assert_ptr_nonnull(system_vfs);
	tested = *system_vfs;
	tested.zName = "tested";
	tested.szOsFile = wal_file_size(system_vfs);
	tested.xOpen = open_tested;
	ck_assert_int_eq(sqlite3_vfs_register(&tested, 0), SQLITE_OK);
}

/* Runs SQL that must give a result; the first number of its rows, or -1. */
static int
first_number(void *arg, int n, char **values, char **names)
{
	int *number = arg;

	(void)names;
	if (*number == -1 && n > 0 && values[0] != NULL)
		*number = (int)strtol(values[0], NULL, 10);
	return 0;
}

static int
run(sqlite3 *db, const char *sql, int expected)
{
	int number = -1;

	ck_assert_int_eq(
	    sqlite3_exec(db, sql, first_number, &number, NULL), expected);
	return number;
}

static sqlite3 *
open_by(const char *vfs)
{
	char path[SCRATCH_PATH_LEN];
	sqlite3 *db = NULL;

	scratch_path("x.db", path);
	ck_assert_int_eq(sqlite3_open_v2(path, &db,
			     SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, vfs),
	    SQLITE_OK);
	run(db,
	    "PRAGMA page_size = 1024; PRAGMA journal_mode = WAL;"
	    "PRAGMA synchronous = FULL; PRAGMA busy_timeout = 10000",
	    SQLITE_OK);
	return db;
}

/* One with a table and an index, of which commits change several pages. */
static sqlite3 *
open_tested_db(void)
{
	sqlite3 *db = open_by("tested");

	run(db,
	    "CREATE TABLE IF NOT EXISTS t (id INTEGER PRIMARY KEY,"
	    " v INTEGER CHECK (v >= 0), s TEXT); CREATE INDEX IF NOT EXISTS i "
	    "ON t (v, s)",
	    SQLITE_OK);
	return db;
}

static int
rows(sqlite3 *db)
{
	return run(db, "SELECT COUNT(*) FROM t", SQLITE_OK);
}

static void
add(sqlite3 *db, int n)
{
	char sql[256];

	(void)snprintf(sql, sizeof(sql),
	    "INSERT INTO t (v, s) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL"
	    " SELECT i + 1 FROM n WHERE i < %d) SELECT i * 7919 %% 1000,"
	    " hex(randomblob(40)) FROM n",
	    n);
	run(db, sql, SQLITE_OK);
}

static void
must_be_sound(sqlite3 *db)
{
	/* "ok" is no number. */
	ck_assert_int_eq(run(db, "PRAGMA integrity_check", SQLITE_OK), 0);
	ck_assert_int_eq(
	    run(db,
		"SELECT (SELECT COUNT(*) FROM t NOT INDEXED) ="
		" (SELECT COUNT(*) FROM t INDEXED BY i WHERE v >= 0)",
		SQLITE_OK),
	    1);
}

static const char *const levels[] = { "OFF", "NORMAL", "FULL", "EXTRA" };

/* The test's number is how commits are synchronized. */
START_TEST(a_commit_is_one_write_that_others_find)
{
	sqlite3 *db = open_tested_db(), *other = open_by("unix");
	char sql[64];
	int i, before;

	(void)snprintf(sql, sizeof(sql), "PRAGMA synchronous = %s", levels[_i]);
	run(db, sql, SQLITE_OK);
	for (i = 1; i <= 50; i++) {
		before = nwrites;
		add(db, 1);
		ck_assert_int_eq(nwrites, before + 1);
		ck_assert_int_eq(rows(other), i);
	}
	must_be_sound(other);
	ck_assert_int_eq(sqlite3_close(other), SQLITE_OK);
	ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
}
END_TEST

/* Then each piece is a write of its own. */
START_TEST(a_commit_without_memory_to_gather_is_good)
{
	sqlite3 *db = open_tested_db(), *other = open_by("unix");
	int before;

	is_short = 1;
	ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
	db = open_tested_db();
	before = nwrites;
	add(db, 10);
	ck_assert_int_gt(nwrites, before + 3);
	ck_assert_int_eq(rows(other), 10);
	must_be_sound(other);
	ck_assert_int_eq(sqlite3_close(other), SQLITE_OK);
	ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
}
END_TEST

/* More than there is room for: a few writes, and not one a page. */
START_TEST(a_long_commit_is_a_few_writes)
{
	sqlite3 *db = open_tested_db(), *other = open_by("unix");
	int before;

	run(db, "PRAGMA cache_size = 10000", SQLITE_OK);
	before = nwrites;
	add(db, 5000);
	ck_assert_int_eq(rows(other), 5000);
	ck_assert_int_gt(nwrites, before + 2);
	ck_assert_int_lt(nwrites, before + 60);
	must_be_sound(other);
	ck_assert_int_eq(sqlite3_close(other), SQLITE_OK);
	ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
}
END_TEST

/*
 * With no room for pages in memory they are written before the commit, read
 * again and written over, which gives later frames other checksums.
 */
START_TEST(what_is_written_before_a_commit_is_read_and_written_again)
{
	sqlite3 *db = open_tested_db(), *other = open_by("unix");
	char sql[64];
	int round;

	(void)snprintf(sql, sizeof(sql), "PRAGMA synchronous = %s", levels[_i]);
	run(db, sql, SQLITE_OK);
	run(db, "PRAGMA cache_size = 1", SQLITE_OK);
	add(db, 10);
	for (round = 0; round < 5; round++) {
		int before = rows(other);

		run(db, "BEGIN", SQLITE_OK);
		add(db, ROWS_MANY);
		run(db, "UPDATE t SET v = v + 1, s = s || 'x'", SQLITE_OK);
		run(db, "SAVEPOINT a", SQLITE_OK);
		run(db, "UPDATE t SET v = v + 7, s = 'y' || s", SQLITE_OK);
		run(db, "DELETE FROM t WHERE id % 3 = 0", SQLITE_OK);
		must_be_sound(db);
		run(db, "ROLLBACK TO a", SQLITE_OK);
		run(db, "UPDATE t SET v = v + 1 WHERE id % 7 = 0", SQLITE_OK);
		must_be_sound(db);
		ck_assert_int_eq(rows(db), before + ROWS_MANY);
		ck_assert_int_eq(rows(other), before);
		run(db, round == 2 ? "ROLLBACK" : "COMMIT", SQLITE_OK);
		before += round == 2 ? 0 : ROWS_MANY;
		ck_assert_int_eq(rows(other), before);
		must_be_sound(other);
		if (round == 3)
			run(other, "PRAGMA wal_checkpoint(RESTART)", SQLITE_OK);
	}
	ck_assert_int_eq(sqlite3_close(other), SQLITE_OK);
	ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
}
END_TEST

/* Two that write in turn, one with what is tested and one without. */
START_TEST(others_write_in_between)
{
	sqlite3 *db = open_tested_db(), *other = open_by("unix");
	int i;

	for (i = 1; i <= 60; i++) {
		add(i % 3 == 0 ? other : db, 3);
		ck_assert_int_eq(rows(db), 3 * i);
		ck_assert_int_eq(rows(other), 3 * i);
		if (i % 20 == 0)
			run(i % 40 == 0 ? db : other,
			    "PRAGMA wal_checkpoint(TRUNCATE)", SQLITE_OK);
	}
	must_be_sound(db);
	ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
	must_be_sound(other);
	ck_assert_int_eq(sqlite3_close(other), SQLITE_OK);
}
END_TEST

/*
 * A disk that becomes full at each write in turn: the commit fails, nothing
 * of it is there, and once there is room the next one is good.  As the second
 * test what failed is not rolled back but gone on with, if SQLite lets that.
 */
START_TEST(a_write_that_fails_fails_its_commit)
{
	static const char work[] =
	    "BEGIN IMMEDIATE; UPDATE t SET v = v + 1 WHERE id % 8 = 1;"
	    "UPDATE t SET v = v + 1 WHERE id % 8 = 3;"
	    "UPDATE t SET v = v + 1 WHERE id % 8 = 5;"
	    "UPDATE t SET v = v + 1, s = s || 'x';"
	    "DELETE FROM t WHERE id % 5 = 0;"
	    "INSERT INTO t (v, s) SELECT v, s FROM t;"
	    "UPDATE t SET v = v + 1; COMMIT";
	sqlite3 *db = open_tested_db(), *other = open_by("unix");
	int k, code = SQLITE_FULL, sum, ngone_on = 0;

	run(db, "PRAGMA cache_size = 1", SQLITE_OK);
	for (k = 1; code != SQLITE_OK && k < FAULTS_MAX; k++) {
		add(db, 40);
		/* So that pages are read past the log. */
		run(db, "PRAGMA wal_checkpoint(RESTART)", SQLITE_OK);
		sum = run(other, "SELECT SUM(v) FROM t", SQLITE_OK);
		nwrites = 0;
		fails_at = k;
		code = sqlite3_exec(db, work, NULL, NULL, NULL);
		fails_at = 0;
		if (code != SQLITE_OK) {
			ck_assert_int_eq(code, SQLITE_FULL);
			ck_assert_int_eq(
			    run(other, "SELECT SUM(v) FROM t", SQLITE_OK), sum);
		}
		if (!sqlite3_get_autocommit(db)) {
			ngone_on++;
			run(db, _i == 0 ? "ROLLBACK" : "COMMIT", SQLITE_OK);
		}
		must_be_sound(db);
		must_be_sound(other);
		run(db, "DELETE FROM t", SQLITE_OK);
		must_be_sound(other);
	}
	ck_assert_int_eq(code, SQLITE_OK);
	ck_assert_int_gt(k, 5);
	ck_assert_int_gt(ngone_on, 0);
	ck_assert_int_eq(sqlite3_close(other), SQLITE_OK);
	ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
}
END_TEST

/* The child ends in the middle of its work, or after it, and closes nothing. */
START_TEST(what_a_killed_process_has_committed_is_there)
{
	const int commits = _i % 2;
	char sql[64];
	sqlite3 *db;
	pid_t pid;
	int status;

	db = open_tested_db();
	add(db, 20);
	ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		db = open_tested_db();
		(void)snprintf(sql, sizeof(sql),
		    "PRAGMA synchronous = %s; PRAGMA cache_size = 1",
		    levels[_i / 2]);
		run(db, sql, SQLITE_OK);
		run(db, "BEGIN", SQLITE_OK);
		add(db, ROWS_MANY);
		run(db, "UPDATE t SET v = v + 1", SQLITE_OK);
		if (commits)
			run(db, "COMMIT", SQLITE_OK);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	db = open_by("unix");
	ck_assert_int_eq(rows(db), commits ? 20 + ROWS_MANY : 20);
	must_be_sound(db);
	ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
}
END_TEST

/* Who stays shares the file's memory, whatever others do to the file. */
START_TEST(a_log_that_is_read_often_is_read_from_memory)
{
	sqlite3 *db = open_tested_db(), *other = open_by("unix");
	char path[SCRATCH_PATH_LEN];
	int i, before;

	for (i = 1; i <= 300; i++) {
		add(other, 1);
		ck_assert_int_eq(rows(db), i);
	}
	before = nreads;
	add(other, 1);
	ck_assert_int_eq(rows(db), i);
	ck_assert_int_eq(nreads, before);
	must_be_sound(db);
	/* The file is cut off, and grows again. */
	run(other, "PRAGMA wal_checkpoint(TRUNCATE)", SQLITE_OK);
	ck_assert_int_eq(rows(db), i);
	add(other, 100);
	ck_assert_int_eq(rows(db), i + 100);
	add(db, 1);
	ck_assert_int_eq(rows(other), i + 101);
	must_be_sound(db);
	must_be_sound(other);
	/* By somebody who may not: that fails, and ends no process. */
	add(other, 1);
	scratch_path("x.db-wal", path);
	ck_assert_int_eq(truncate(path, 0), 0);
	before = nreads;
	ck_assert_int_ne(
	    sqlite3_exec(db, "SELECT COUNT(*) FROM t", NULL, NULL, NULL),
	    SQLITE_OK);
	ck_assert_int_gt(nreads, before);
	(void)sqlite3_close(other);
	(void)sqlite3_close(db);
}
END_TEST

/* A database that is restored has another log of the same name. */
START_TEST(another_log_of_that_name_is_not_read)
{
	char path[SCRATCH_PATH_LEN], aside[SCRATCH_PATH_LEN];
	sqlite3 *db = open_tested_db();
	int i;

	add(db, ROWS_MANY);
	run(db, "PRAGMA cache_size = 1", SQLITE_OK);
	scratch_path("x.db-wal", path);
	scratch_path("aside", aside);
	ck_assert_int_eq(rename(path, aside), 0);
	i = open(path, O_RDWR | O_CREAT, 0600);
	ck_assert_int_ge(i, 0);
	ck_assert_int_eq(ftruncate(i, 1 << 20), 0);
	(void)close(i);
	for (i = 0; i < 20; i++) {
		ck_assert_int_eq(rows(db), ROWS_MANY);
		must_be_sound(db);
	}
	(void)sqlite3_close(db);
}
END_TEST

static Suite *
make_suite(void)
{
	Suite *suite = suite_create("wal_file");
	TCase *tc = tcase_create("wal_file");

	tcase_add_checked_fixture(tc, setup, scratch_remove);
	tcase_add_loop_test(
	    tc, a_commit_is_one_write_that_others_find, 0, ROWS(levels));
	tcase_add_test(tc, a_commit_without_memory_to_gather_is_good);
	tcase_add_test(tc, a_long_commit_is_a_few_writes);
	tcase_add_loop_test(tc,
	    what_is_written_before_a_commit_is_read_and_written_again, 0,
	    ROWS(levels));
	tcase_add_test(tc, others_write_in_between);
	tcase_add_test(tc, a_log_that_is_read_often_is_read_from_memory);
	tcase_add_test(tc, another_log_of_that_name_is_not_read);
	tcase_add_loop_test(tc, a_write_that_fails_fails_its_commit, 0, 2);
	tcase_add_loop_test(tc, what_a_killed_process_has_committed_is_there, 0,
	    2 * ROWS(levels));
	suite_add_tcase(suite, tc);
	return suite;
}

SUITE_MAIN(make_suite)
