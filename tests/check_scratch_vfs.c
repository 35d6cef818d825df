/* SPDX-License-Identifier: ISC */
/*
 * lib/scratch_vfs through lib/db: a connection that is kept works in memory,
 * one that is not by reading and writing, both on the same file.  A writer is
 * run one instruction at a time: whenever it is killed, the file is a whole
 * commit or no database.
 */
#include "scratch_vfs.h"

#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "db.h"
#include "scratch.h"
#include "scratch_row.h"
#include "suite.h"

enum {
	BUSY_MS = 10000,
	KEPT = 8,    /* transactions that make a connection a kept one */
	ROWS_N = 12, /* of about a third of a page each */
	HEADER_LEN = 100,
	COUNT_AT = 24, /* what SQLite compares to keep its pages, and ... */
	COUNT_LEN = 16,
	MAGIC_LEN = 16,
	WATCHED_ROWS = 3,
	SIZE_MAX_LEN = 1 << 20
};

static const char MAGIC[MAGIC_LEN] = "SQLite format 3";

static const char SQL_CREATE[] =
    "CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER, pad BLOB);"
    "CREATE TABLE w (k BLOB PRIMARY KEY, n INTEGER NOT NULL)"
    " STRICT, WITHOUT ROWID;"
    "INSERT INTO w (k, n) VALUES (X'01', 255), (X'02', 255), (X'03', 255)";
static const char SQL_ADD[] =
    "INSERT INTO t (n, pad) VALUES ($1, ZEROBLOB(300))";
static const char SQL_ONE[] = "UPDATE t SET n = n + 1 WHERE id = 1";
static const char SQL_ALL[] = "UPDATE t SET n = n + 1 WHERE id <= 12";
static const char SQL_SUM[] = "SELECT SUM(n) FROM t";
static const char SQL_SUM_W[] = "SELECT SUM(n) FROM w";

static char path[SCRATCH_PATH_LEN], copy[SCRATCH_PATH_LEN];

static struct db *
open_file(void)
{
	struct db *db = NULL;

	ck_assert_int_eq(
	    db_open(path, DB_CREATE | DB_SCRATCH, BUSY_MS, &db), RC_OK);
	return db;
}

/* A transaction that reads; -1 if it fails. */
static int64_t
read_one(struct db *db, const char *sql)
{
	int64_t n = -1;
	enum rc rc = db_begin(db, DB_READ);

	if (rc == RC_OK)
		rc = db_one(db, sql, DB_NO_ARGS, &n);
	return db_end(db, rc) == RC_OK ? n : -1;
}

static int64_t
sum(struct db *db)
{
	return read_one(db, SQL_SUM);
}

static enum rc
change(struct db *db, const char *sql)
{
	enum rc rc = db_begin(db, DB_WRITE);

	if (rc == RC_OK)
		rc = db_run(db, sql, DB_NO_ARGS);
	return db_end(db, rc);
}

/* From now on it is mapped, or never. */
static void
keep(struct db *db)
{
	int i;

	for (i = 0; i < KEPT; i++)
		ck_assert_int_ge(sum(db), 0);
}

static void
setup(void)
{
	struct db *db;
	int i;

	scratch_make();
	scratch_path("scratch.db", path);
	scratch_path("copy.db", copy);
	db = open_file();
	ck_assert_int_eq(db_begin(db, DB_WRITE), RC_OK);
	ck_assert_int_eq(db_script(db, SQL_CREATE), RC_OK);
	for (i = 0; i < ROWS_N; i++)
		ck_assert_int_eq(
		    db_run(db, SQL_ADD, DB_ARGS(DB_INT(0))), RC_OK);
	ck_assert_int_eq(db_end(db, RC_OK), RC_OK);
	db_close(db);
}

static void
teardown(void)
{
	scratch_remove();
}

START_TEST(a_kept_connection_works_in_memory)
{
	struct db *db = open_file();
	long long before, after;
	enum rc rc = RC_OK;
	int i;

	keep(db);
	before = scratch_bytes_written();
	for (i = 0; i < 10 && rc == RC_OK; i++)
		rc = change(db, SQL_ALL);
	after = scratch_bytes_written();
	ck_assert_int_eq(rc, RC_OK);
	ck_assert_int_ge(before, 0);
	ck_assert_int_eq(after - before, 0);
	ck_assert_int_eq(sum(db), 10 * ROWS_N);
	db_close(db);
	db = open_file();
	ck_assert_int_eq(sum(db), 10 * ROWS_N);
	db_close(db);
}
END_TEST

/* One of them kept, the other new each time; and the file grows by both. */
START_TEST(both_ways_share_a_file)
{
	struct db *kept = open_file(), *db, *writer;
	struct stat st;
	int64_t i;

	keep(kept);
	for (i = 1; i <= 200; i++) {
		db = open_file();
		ck_assert_int_eq(change(kept, SQL_ALL), RC_OK);
		ck_assert_int_eq(change(db, SQL_ALL), RC_OK);
		ck_assert_int_eq(sum(kept), 2 * i * ROWS_N);
		ck_assert_int_eq(sum(db), 2 * i * ROWS_N);
		writer = i % 2 == 0 ? kept : db;
		ck_assert_int_eq(db_begin(writer, DB_WRITE), RC_OK);
		ck_assert_int_eq(
		    db_run(writer, SQL_ADD, DB_ARGS(DB_INT(0))), RC_OK);
		ck_assert_int_eq(db_end(writer, RC_OK), RC_OK);
		db_close(db);
	}
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_gt(st.st_size, 200 * 300);
	db_close(kept);
}
END_TEST

START_TEST(what_is_rolled_back_was_never_there)
{
	struct db *kept = open_file(), *other = open_file();

	keep(kept);
	ck_assert_int_eq(change(kept, SQL_ALL), RC_OK);
	ck_assert_int_eq(db_begin(kept, DB_WRITE), RC_OK);
	ck_assert_int_eq(db_run(kept, SQL_ALL, DB_NO_ARGS), RC_OK);
	db_rollback(kept);
	ck_assert_int_eq(sum(other), ROWS_N);
	ck_assert_int_eq(sum(kept), ROWS_N);
	db_close(other);
	db_close(kept);
}
END_TEST

/* More than a cache holds goes to the file before it is committed. */
START_TEST(what_has_spilled_and_is_rolled_back_was_never_there)
{
	struct db *kept = open_file(), *other = open_file();
	int i;

	keep(kept);
	ck_assert_int_eq(change(kept, SQL_ALL), RC_OK);
	ck_assert_int_eq(db_begin(kept, DB_WRITE), RC_OK);
	ck_assert_int_eq(db_script(kept, "PRAGMA cache_size = 4"), RC_OK);
	ck_assert_int_eq(db_run(kept, SQL_ALL, DB_NO_ARGS), RC_OK);
	for (i = 0; i < 200; i++)
		ck_assert_int_eq(
		    db_run(kept, SQL_ADD, DB_ARGS(DB_INT(7))), RC_OK);
	db_rollback(kept);
	ck_assert_int_eq(sum(other), ROWS_N);
	ck_assert_int_eq(sum(kept), ROWS_N);
	ck_assert_int_eq(change(kept, SQL_ONE), RC_OK);
	ck_assert_int_eq(sum(other), ROWS_N + 1);
	db_close(other);
	db_close(kept);
}
END_TEST

/*
 * Between the look at its size and the first byte that is read; what a kept
 * connection is told then it could as well be told by reading.
 */
START_TEST(a_file_that_is_cut_off_is_a_failure)
{
	struct db *kept = open_file();
	int64_t n;
	enum rc rc;

	keep(kept);
	ck_assert_int_eq(db_begin(kept, DB_WRITE), RC_OK);
	ck_assert_int_eq(truncate(path, 0), 0);
	rc = db_run(kept, SQL_ALL, DB_NO_ARGS);
	rc = db_end(kept, rc);
	ck_assert(rc == RC_FAIL || rc == RC_BUSY);
	rc = db_begin(kept, DB_READ);
	if (rc == RC_OK)
		rc = db_one(kept, SQL_SUM, DB_NO_ARGS, &n);
	ck_assert_int_eq(db_end(kept, rc), RC_FAIL);
	ck_assert(db_is_damaged(kept));
	ck_assert_int_eq(db_renew(kept), RC_OK);
	ck_assert_int_eq(db_begin(kept, DB_WRITE), RC_OK);
	ck_assert(db_is_empty(kept));
	ck_assert_int_eq(db_script(kept, SQL_CREATE), RC_OK);
	ck_assert_int_eq(db_run(kept, SQL_ADD, DB_ARGS(DB_INT(5))), RC_OK);
	ck_assert_int_eq(db_end(kept, RC_OK), RC_OK);
	ck_assert_int_eq(sum(kept), 5);
	db_close(kept);
}
END_TEST

/* Somebody has moved the one that is made anew out of the way already. */
START_TEST(what_took_the_place_of_a_file_is_kept)
{
	struct db *kept = open_file(), *other;

	ck_assert_int_eq(sum(kept), 0);
	ck_assert_int_eq(rename(path, copy), 0);
	other = open_file();
	ck_assert_int_eq(db_begin(other, DB_WRITE), RC_OK);
	ck_assert_int_eq(db_script(other, SQL_CREATE), RC_OK);
	ck_assert_int_eq(db_run(other, SQL_ADD, DB_ARGS(DB_INT(7))), RC_OK);
	ck_assert_int_eq(db_end(other, RC_OK), RC_OK);
	ck_assert_int_eq(db_renew(kept), RC_OK);
	ck_assert_int_eq(sum(kept), 7);
	db_close(other);
	db_close(kept);
}
END_TEST

/* --- kills ---------------------------------------------------------------- */

/* The file as it is, seen by somebody else. */
static struct {
	const unsigned char *map;
	size_t size;
	unsigned char before[SIZE_MAX_LEN], now[SIZE_MAX_LEN];
	const char *sql;
	int64_t sum; /* what that gives, before */
	int nstates, ntorn, nwhole;
} seen;

/* The sum of a copy, and that nothing else is wrong with it. */
static int64_t
sum_of_copy(void)
{
	sqlite3_stmt *stmt = NULL;
	sqlite3 *db = NULL;
	int64_t n;
	int fd = open(copy, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, seen.now, seen.size), (ssize_t)seen.size);
	ck_assert_int_eq(close(fd), 0);
	ck_assert_int_eq(sqlite3_open(copy, &db), SQLITE_OK);
	ck_assert_int_eq(
	    sqlite3_prepare_v2(db, "PRAGMA integrity_check", -1, &stmt, NULL),
	    SQLITE_OK);
	ck_assert_int_eq(sqlite3_step(stmt), SQLITE_ROW);
	ck_assert_str_eq((const char *)sqlite3_column_text(stmt, 0), "ok");
	(void)sqlite3_finalize(stmt);
	ck_assert_int_eq(
	    sqlite3_prepare_v2(db, seen.sql, -1, &stmt, NULL), SQLITE_OK);
	ck_assert_int_eq(sqlite3_step(stmt), SQLITE_ROW);
	n = sqlite3_column_int64(stmt, 0);
	(void)sqlite3_finalize(stmt);
	(void)sqlite3_close(db);
	return n;
}

/*
 * A state that a kill would leave.  One that is no database must also be seen
 * by connections that have it open: by the count of commits, unless nothing
 * has changed so far that they have.
 */
static void
must_be_good(int64_t after)
{
	int64_t n;

	seen.nstates++;
	if (memcmp(seen.now, MAGIC, MAGIC_LEN) == 0) {
		n = sum_of_copy();
		ck_assert(n == seen.sum || n == after);
		seen.nwhole += n == after;
		return;
	}
	seen.ntorn++;
	if (memcmp(seen.now + HEADER_LEN, seen.before + HEADER_LEN,
		seen.size - HEADER_LEN) != 0)
		ck_assert_mem_ne(
		    seen.now + COUNT_AT, seen.before + COUNT_AT, COUNT_LEN);
}

/* Counts three rows on, where they lie. */
static enum rc
count_in_place(struct db *db, struct scratch_number numbers[WATCHED_ROWS])
{
	unsigned char key;
	struct db_value value = DB_BLOB(&key, 1);
	enum rc rc = RC_OK;
	size_t i;

	for (i = 0; rc == RC_OK && i < WATCHED_ROWS; i++) {
		key = (unsigned char)(1 + i);
		rc = db_find_numbers(db, &value, &numbers[i], 1);
		numbers[i].value++;
	}
	return rc;
}

static enum rc
begin_to_change(struct db *db, const char *sql, struct scratch_number *numbers)
{
	enum rc rc = db_begin(db, DB_WRITE);

	if (rc == RC_OK)
		rc = sql != NULL ? db_run(db, sql, DB_NO_ARGS)
				 : db_learn_table(db, "w");
	if (sql != NULL)
		return rc;
	rc = db_end(db, rc);
	if (rc == RC_OK)
		rc = db_enter(db);
	return rc == RC_OK ? count_in_place(db, numbers) : rc;
}

/* Changes the file between two stops. */
static void
be_watched(const char *sql, int is_kept)
{
	struct scratch_number numbers[WATCHED_ROWS];
	struct db *db = open_file();
	enum rc rc;

	if (is_kept)
		keep(db);
	/* It has its pages, its statements and its journal. */
	if (change(db, "UPDATE t SET n = n WHERE id = 1") != RC_OK ||
	    begin_to_change(db, sql, numbers) != RC_OK ||
	    ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0)
		_exit(1);
	(void)raise(SIGSTOP);
	rc = sql != NULL ? db_end(db, RC_OK)
			 : db_change_numbers(db, numbers, WATCHED_ROWS);
	if (rc != RC_OK)
		_exit(2);
	(void)raise(SIGSTOP);
	_exit(0);
}

/* Looks at the file after each instruction of a commit. */
static void
watch(pid_t pid, int64_t after)
{
	int status, nstops = 0;

	while (nstops < 2) {
		ck_assert_int_eq(waitpid(pid, &status, 0), pid);
		ck_assert_msg(WIFSTOPPED(status), "ended with %d", status);
		nstops += WSTOPSIG(status) == SIGSTOP;
		if (nstops == 0)
			ck_abort_msg("stopped by %d", WSTOPSIG(status));
		if (memcmp(seen.now, seen.map, seen.size) != 0) {
			memcpy(seen.now, seen.map, seen.size);
			must_be_good(after);
		}
		if (nstops < 2)
			ck_assert_int_eq(
			    ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL), 0);
	}
	(void)kill(pid, SIGKILL);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
}

static const struct {
	const char *sql; /* NULL: without SQLite */
	int nrows;
	int is_kept;
} commits[] = { { SQL_ONE, 1, 0 }, { SQL_ONE, 1, 1 }, { SQL_ALL, ROWS_N, 0 },
	{ SQL_ALL, ROWS_N, 1 }, { NULL, WATCHED_ROWS, 1 } };

START_TEST(a_killed_commit_is_whole_or_no_database)
{
	const int64_t nrows = commits[_i].nrows;
	const int may_tear = commits[_i].is_kept || nrows > 1;
	struct db *db = open_file();
	struct stat st;
	pid_t pid;
	int fd;

	ck_assert_int_eq(change(db, SQL_ALL), RC_OK);
	seen.sql = commits[_i].sql != NULL ? SQL_SUM : SQL_SUM_W;
	seen.sum = read_one(db, seen.sql);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(fstat(fd, &st), 0);
	seen.size = (size_t)st.st_size;
	ck_assert_uint_le(seen.size, SIZE_MAX_LEN);
	seen.map = mmap(NULL, seen.size, PROT_READ, MAP_SHARED, fd, 0);
	ck_assert_ptr_ne(seen.map, MAP_FAILED);
	memcpy(seen.before, seen.map, seen.size);
	memcpy(seen.now, seen.map, seen.size);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0)
		be_watched(commits[_i].sql, commits[_i].is_kept);
	watch(pid, seen.sum + nrows);
	/* It came to its end; of two pages any order does. */
	ck_assert_int_eq(seen.nwhole, may_tear ? 1 : 2);
	ck_assert_int_eq(seen.ntorn > 0, may_tear);
	ck_assert_int_eq(read_one(db, seen.sql), seen.sum + nrows);
	db_close(db);
}
END_TEST

/* A process that is about to commit and is killed. */
START_TEST(who_finds_no_database_is_told_so)
{
	static const unsigned char nothing[HEADER_LEN];
	struct db *kept = open_file(), *db = open_file();
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	keep(kept);
	ck_assert_int_eq(change(kept, SQL_ALL), RC_OK);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(pwrite(fd, nothing, sizeof(nothing), 0), HEADER_LEN);
	ck_assert_int_eq(close(fd), 0);
	ck_assert_int_eq(sum(kept), -1);
	ck_assert(db_is_damaged(kept));
	ck_assert_int_eq(sum(db), -1);
	ck_assert(db_is_damaged(db));
	db_close(db);
	db_close(kept);
}
END_TEST

static Suite *
make_suite(void)
{
	Suite *s = suite_create("scratch_vfs");
	TCase *tc = tcase_create("scratch_vfs");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_kept_connection_works_in_memory);
	tcase_add_test(tc, both_ways_share_a_file);
	tcase_add_test(tc, what_is_rolled_back_was_never_there);
	tcase_add_test(tc, what_has_spilled_and_is_rolled_back_was_never_there);
	tcase_add_test(tc, a_file_that_is_cut_off_is_a_failure);
	tcase_add_test(tc, what_took_the_place_of_a_file_is_kept);
	tcase_add_loop_test(
	    tc, a_killed_commit_is_whole_or_no_database, 0, ROWS(commits));
	tcase_add_test(tc, who_finds_no_database_is_told_so);
	suite_add_tcase(s, tc);
	return s;
}

SUITE_MAIN(make_suite)
