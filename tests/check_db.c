/* SPDX-License-Identifier: ISC */
/*
 * lib/db: transactions behind the gate, the statements that are kept, and
 * the copy.  Who must wait and who need not is decided by a second process
 * that holds the gate; nothing here looks at a clock.
 */
#include "db.h"

#include <check.h>
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "fixture.h"
#include "harness.h"
#include "schema_version.h"
#include "site.h"
#include "suite.h"

enum { SHORT_MS = 50, STATEMENTS_KEPT = 64, COPIES = 10 };

static const char SQL_TIERS[] = "SELECT COUNT(*) FROM tier";
static const char SQL_ADD_TIER[] =
    "INSERT INTO tier (name, calls_per_minute) VALUES ($1, $2)";

static int64_t
tiers(struct db *db)
{
	int64_t n = -1;

	ck_assert_int_eq(db_begin(db, DB_READ), RC_OK);
	ck_assert_int_eq(db_one(db, SQL_TIERS, DB_NO_ARGS, &n), RC_OK);
	ck_assert_int_eq(db_end(db, RC_OK), RC_OK);
	return n;
}

static enum rc
add_tier(struct db *db, const char *name)
{
	return db_run(db, SQL_ADD_TIER, DB_ARGS(DB_TEXT(name), DB_INT(7)));
}

static struct db *
open_again(int64_t busy_ms)
{
	struct db *db;

	ck_assert_int_eq(db_open(fx.path, 0, busy_ms, &db), RC_OK);
	return db;
}

static const char *
gate(void)
{
	static char path[sizeof(fx.path) + 8];

	(void)snprintf(path, sizeof(path), "%s.gate", fx.path);
	return path;
}

/* --- transactions --------------------------------------------------------- */

START_TEST(what_is_committed_stays)
{
	struct db *other = open_again(SHORT_MS);

	fixture_begin();
	ck_assert_int_eq(add_tier(fx.db, "Kept"), RC_OK);
	ck_assert_int_eq(db_changes(fx.db), 1);
	ck_assert_int_eq(db_last_id(fx.db), 4);
	fixture_commit();
	ck_assert_int_eq(tiers(other), 4);
	db_close(other);
}
END_TEST

START_TEST(what_is_rolled_back_is_gone)
{
	fixture_begin();
	ck_assert_int_eq(add_tier(fx.db, "Gone"), RC_OK);
	db_rollback(fx.db);
	ck_assert_int_eq(tiers(fx.db), 3);
	/* Nothing is open: no harm. */
	db_rollback(fx.db);
	ck_assert_int_eq(tiers(fx.db), 3);
}
END_TEST

START_TEST(end_commits_success_alone)
{
	static const enum rc failures[] = { RC_INVALID, RC_DENIED, RC_NOT_FOUND,
		RC_LIMITED, RC_BUSY, RC_FAIL };
	int i;

	for (i = 0; i < ROWS(failures); i++) {
		fixture_begin();
		ck_assert_int_eq(add_tier(fx.db, "Gone"), RC_OK);
		ck_assert_int_eq(db_end(fx.db, failures[i]), failures[i]);
		ck_assert_int_eq(tiers(fx.db), 3);
	}
	fixture_begin();
	ck_assert_int_eq(add_tier(fx.db, "Kept"), RC_OK);
	ck_assert_int_eq(db_end(fx.db, RC_OK), RC_OK);
	ck_assert_int_eq(tiers(fx.db), 4);
}
END_TEST

START_TEST(close_rolls_back)
{
	struct db *other = open_again(SHORT_MS);

	ck_assert_int_eq(db_begin(other, DB_WRITE), RC_OK);
	ck_assert_int_eq(add_tier(other, "Gone"), RC_OK);
	db_close(other);
	ck_assert_int_eq(tiers(fx.db), 3);
	db_close(NULL);
}
END_TEST

START_TEST(transactions_do_not_nest)
{
	fixture_begin();
	ck_assert_int_eq(add_tier(fx.db, "Kept"), RC_OK);
	ck_assert_int_eq(db_begin(fx.db, DB_WRITE), RC_FAIL);
	ck_assert_int_eq(db_begin(fx.db, DB_READ), RC_FAIL);
	fixture_commit();
	ck_assert_int_eq(tiers(fx.db), 4);
}
END_TEST

START_TEST(a_rollback_ends_open_queries)
{
	struct db_rows *rows;

	fixture_begin();
	ck_assert_int_eq(add_tier(fx.db, "Gone"), RC_OK);
	ck_assert_int_eq(
	    db_query(fx.db, "SELECT name FROM tier", DB_NO_ARGS, &rows), RC_OK);
	ck_assert_int_eq(db_next(rows), RC_OK);
	db_rollback(fx.db);
	db_done(&rows);
	ck_assert_int_eq(tiers(fx.db), 3);
}
END_TEST

START_TEST(a_refused_statement_leaves_the_transaction_usable)
{
	fixture_begin();
	ck_assert_int_eq(add_tier(fx.db, "Kept"), RC_OK);
	ck_assert_int_eq(add_tier(fx.db, "Kept"), RC_FAIL);
	ck_assert(!db_is_damaged(fx.db));
	ck_assert_int_eq(add_tier(fx.db, "Kept too"), RC_OK);
	fixture_commit();
	ck_assert_int_eq(tiers(fx.db), 5);
}
END_TEST

/* --- opening -------------------------------------------------------------- */

START_TEST(a_missing_file_is_not_found_and_not_made)
{
	struct db *db = fx.db;

	ck_assert_int_eq(
	    db_open(fixture_path("none.db"), 0, SHORT_MS, &db), RC_NOT_FOUND);
	ck_assert_ptr_null(db);
	ck_assert_int_ne(access(fixture_path("none.db"), F_OK), 0);
}
END_TEST

START_TEST(a_path_too_long_is_refused)
{
	char path[2048];
	struct db *db;

	memset(path, 'x', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	ck_assert_int_eq(db_open(path, DB_CREATE, SHORT_MS, &db), RC_FAIL);
	ck_assert_ptr_null(db);
}
END_TEST

START_TEST(files_are_closed_to_others)
{
	struct stat st;

	(void)tiers(fx.db);
	ck_assert_int_eq(stat(fx.path, &st), 0);
	ck_assert_int_eq(st.st_mode & 0777, 0600);
	ck_assert_int_eq(stat(gate(), &st), 0);
	ck_assert_int_eq(st.st_mode & 0777, 0600);
}
END_TEST

START_TEST(a_read_only_one_reads)
{
	struct db *db;

	ck_assert_int_eq(db_open(fx.path, DB_READONLY, SHORT_MS, &db), RC_OK);
	ck_assert_int_eq(tiers(db), 3);
	if (db_begin(db, DB_WRITE) == RC_OK)
		ck_assert_int_eq(add_tier(db, "None"), RC_FAIL);
	db_close(db);
	ck_assert_int_eq(tiers(fx.db), 3);
}
END_TEST

START_TEST(a_file_is_empty_until_the_first_commit)
{
	struct db *db = NULL;

	ck_assert_int_eq(
	    db_open(fixture_path("new"), DB_CREATE, FIXTURE_BUSY_MS, &db),
	    RC_OK);
	ck_assert_int_eq(db_begin(db, DB_WRITE), RC_OK);
	ck_assert_int_ne(db_is_empty(db), 0);
	ck_assert_int_eq(db_script(db, "CREATE TABLE t (x)"), RC_OK);
	ck_assert_int_eq(db_commit(db), RC_OK);
	ck_assert_int_eq(db_is_empty(db), 0);
	db_close(db);
	ck_assert_int_eq(db_is_empty(fx.db), 0);
}
END_TEST

START_TEST(garbage_is_damage)
{
	char bytes[8192];
	struct db *db;
	int64_t n;

	memset(bytes, 'g', sizeof(bytes));
	fixture_write(fixture_path("garbage.db"), bytes, sizeof(bytes));
	ck_assert_int_eq(
	    db_open(fixture_path("garbage.db"), 0, SHORT_MS, &db), RC_OK);
	if (db_begin(db, DB_READ) == RC_OK)
		ck_assert_int_eq(
		    db_one(db, SQL_TIERS, DB_NO_ARGS, &n), RC_FAIL);
	ck_assert(db_is_damaged(db));
	db_close(db);
}
END_TEST

static void
must_be(struct db *db, const char *pragma, const char *value)
{
	struct db_rows *rows;

	ck_assert_int_eq(db_query(db, pragma, DB_NO_ARGS, &rows), RC_OK);
	ck_assert_int_eq(db_next(rows), RC_OK);
	ck_assert_str_eq(db_text(rows, 0), value);
	db_done(&rows);
}

START_TEST(settings_are_the_measured_ones)
{
	struct db *scratch;

	fixture_begin();
	must_be(fx.db, "PRAGMA journal_mode", "truncate");
	must_be(fx.db, "PRAGMA synchronous", "2");
	must_be(fx.db, "PRAGMA foreign_keys", "1");
	must_be(fx.db, "PRAGMA trusted_schema", "0");
	/* Defensive: the schema cannot be scribbled on. */
	(void)db_script(fx.db, "PRAGMA writable_schema = ON");
	ck_assert_int_ne(
	    db_script(fx.db, "UPDATE sqlite_schema SET sql = ''"), RC_OK);
	db_rollback(fx.db);

	ck_assert_int_eq(db_open(fixture_path("scratch.db"),
			     DB_CREATE | DB_SCRATCH, SHORT_MS, &scratch),
	    RC_OK);
	ck_assert_int_eq(db_begin(scratch, DB_WRITE), RC_OK);
	must_be(scratch, "PRAGMA journal_mode", "memory");
	db_close(scratch);
}
END_TEST

/* --- what is read before the gate ----------------------------------------- */

/* Makes a scratch database with a value. */
static void
make_scratch(const char *name, int value)
{
	char path[sizeof(fx.path)];
	struct db *db;

	(void)snprintf(path, sizeof(path), "%s", fixture_path(name));
	ck_assert_int_eq(
	    db_open(path, DB_CREATE | DB_SCRATCH, SHORT_MS, &db), RC_OK);
	ck_assert_int_eq(db_begin(db, DB_WRITE), RC_OK);
	ck_assert_int_eq(
	    db_script(db, "CREATE TABLE thing (value INTEGER)"), RC_OK);
	ck_assert_int_eq(db_run(db, "INSERT INTO thing (value) VALUES ($1)",
			     DB_ARGS(DB_INT(value))),
	    RC_OK);
	ck_assert_int_eq(db_end(db, RC_OK), RC_OK);
	db_close(db);
}

/* A process that has read what it can while the gate is held, and waits. */
static pid_t
wait_for_value(const char *path)
{
	pid_t pid = fork();
	int64_t value = 99;
	struct db *db;

	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		if (db_open(path, DB_CREATE | DB_SCRATCH, FIXTURE_BUSY_MS,
			&db) != RC_OK ||
		    db_begin(db, DB_WRITE) != RC_OK ||
		    db_one(db, "SELECT value FROM thing", DB_NO_ARGS, &value) !=
			RC_OK)
			_exit(99);
		must_be(db, "PRAGMA journal_mode", "memory");
		_exit((int)value);
	}
	ck_assert(lock_has_waiter(path));
	return pid;
}

enum { HEADER_BYTES = 100 };

static void
overwrite(const char *path, const void *bytes)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(pwrite(fd, bytes, HEADER_BYTES, 0), HEADER_BYTES);
	(void)close(fd);
}

/*
 * Whatever another process does to the file meanwhile: its commit, also one
 * that is under way when this process reads; another schema; another file.
 */
START_TEST(what_is_read_ahead_is_looked_at_again)
{
	static const char nothing[HEADER_BYTES];
	char path[sizeof(fx.path)], other[sizeof(fx.path)], *bytes;
	struct stat before, after;
	int fd, status;
	size_t len;
	pid_t pid;

	make_scratch("other.db", 3);
	(void)snprintf(other, sizeof(other), "%s", fixture_path("other.db"));
	make_scratch("scratch.db", 1);
	(void)snprintf(path, sizeof(path), "%s", fixture_path("scratch.db"));
	bytes = fixture_read(path, &len);
	fx.sql_path = path;
	ck_assert_int_eq(stat(path, &before), 0);
	fd = open(path, O_RDWR | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(flock(fd, LOCK_EX), 0);
	if (_i == 1)
		overwrite(path, nothing);
	pid = wait_for_value(path);
	if (_i == 1)
		overwrite(path, bytes);
	if (_i < 2)
		fixture_sql("UPDATE thing SET value = 3");
	if (_i == 2)
		fixture_sql("DROP TABLE thing; CREATE TABLE more (x);"
			    "CREATE TABLE thing (other INTEGER, value INTEGER);"
			    "INSERT INTO thing (other, value) VALUES (4, 3)");
	if (_i == 3)
		ck_assert_int_eq(rename(other, path), 0);
	ck_assert_int_eq(flock(fd, LOCK_UN), 0);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(WEXITSTATUS(status), 3);
	/* Nobody took it for damaged. */
	ck_assert_int_eq(stat(path, &after), 0);
	ck_assert_int_eq(before.st_ino == after.st_ino, _i != 3);
	(void)close(fd);
	free(bytes);
}
END_TEST

/* --- values --------------------------------------------------------------- */

START_TEST(values_come_back_as_they_went)
{
	static const char text[] = "it's; DROP TABLE tier -- \xc3\xa9 $1";
	static const unsigned char bytes[] = { 0, 1, 0, 255 };
	struct db_rows *rows;
	const void *blob;
	size_t len;

	ck_assert_int_eq(db_begin(fx.db, DB_READ), RC_OK);
	ck_assert_int_eq(
	    db_query(fx.db, "SELECT $1, $2, $3, $4, $5",
		DB_ARGS(DB_INT(INT64_MIN), DB_TEXT(text),
		    DB_BLOB(bytes, sizeof(bytes)), DB_NULL, DB_TEXT(NULL)),
		&rows),
	    RC_OK);
	ck_assert_int_eq(db_next(rows), RC_OK);
	ck_assert(db_int(rows, 0) == INT64_MIN);
	ck_assert_str_eq(db_text(rows, 1), text);
	blob = db_blob(rows, 2, &len);
	ck_assert_mem_eq(blob, bytes, sizeof(bytes));
	ck_assert_uint_eq(len, sizeof(bytes));
	ck_assert(!db_is_null(rows, 0));
	ck_assert(db_is_null(rows, 3));
	ck_assert(db_is_null(rows, 4));
	ck_assert_int_eq(db_int(rows, 3), 0);
	ck_assert_ptr_null(db_text(rows, 3));
	ck_assert_int_eq(db_next(rows), RC_NOT_FOUND);
	db_done(&rows);
	ck_assert_ptr_null(rows);
	db_done(&rows);
	db_rollback(fx.db);
}
END_TEST

START_TEST(one_without_a_row_is_not_found)
{
	int64_t n = 5;

	ck_assert_int_eq(db_begin(fx.db, DB_READ), RC_OK);
	ck_assert_int_eq(db_one(fx.db, "SELECT id FROM tier WHERE id = $1",
			     DB_ARGS(DB_INT(99)), &n),
	    RC_NOT_FOUND);
	ck_assert_int_eq(n, 0);
	db_rollback(fx.db);
}
END_TEST

/* Adds up what a query gives; behind the row last, rc becomes give. */
static enum rc
loop(const char *sql, int64_t last, enum rc give, int64_t *sum)
{
	struct db_rows *rows = NULL;
	enum rc rc;

	*sum = 0;
	rc = db_query(fx.db, sql, DB_NO_ARGS, &rows);
	while (db_more(rows, &rc)) {
		*sum += db_int(rows, 0);
		if (db_int(rows, 0) == last)
			rc = give;
	}
	db_done(&rows);
	return rc;
}

START_TEST(a_loop_over_rows_tells_why_it_has_ended)
{
	static const char sql[] =
	    "SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3";
	int64_t sum;

	ck_assert_int_eq(db_begin(fx.db, DB_READ), RC_OK);
	ck_assert_int_eq(loop(sql, 0, RC_OK, &sum), RC_OK);
	ck_assert_int_eq(sum, 6);
	ck_assert_int_eq(loop("SELECT 1 WHERE 0", 0, RC_OK, &sum), RC_OK);
	ck_assert_int_eq(sum, 0);
	ck_assert_int_eq(loop(sql, 2, RC_DENIED, &sum), RC_DENIED);
	ck_assert_int_eq(sum, 3);
	/* Not to be taken for the end of the rows. */
	ck_assert_int_eq(loop(sql, 1, RC_NOT_FOUND, &sum), RC_NOT_FOUND);
	ck_assert_int_eq(sum, 1);
	ck_assert_int_eq(loop("SELECT nothing", 0, RC_OK, &sum), RC_FAIL);
	ck_assert_int_eq(sum, 0);
	/* What fails on the way, behind the first row. */
	ck_assert_int_eq(loop("SELECT 1 UNION ALL"
			      " SELECT abs(-9223372036854775807 - 1)",
			     0, RC_OK, &sum),
	    RC_FAIL);
	ck_assert_int_eq(sum, 1);
	db_rollback(fx.db);
}
END_TEST

START_TEST(bad_sql_fails_and_leaves_no_rows)
{
	struct db_rows *rows = NULL;

	ck_assert_int_eq(db_begin(fx.db, DB_READ), RC_OK);
	ck_assert_int_eq(
	    db_query(fx.db, "SELECT nothing", DB_NO_ARGS, &rows), RC_FAIL);
	ck_assert_ptr_null(rows);
	/* More arguments than the statement has. */
	ck_assert_int_eq(
	    db_query(fx.db, SQL_TIERS, DB_ARGS(DB_INT(1)), &rows), RC_FAIL);
	ck_assert_ptr_null(rows);
	db_rollback(fx.db);
	ck_assert_int_eq(tiers(fx.db), 3);
}
END_TEST

/* --- kept statements ------------------------------------------------------ */

START_TEST(a_kept_statement_forgets_its_arguments)
{
	static const char SQL[] = "SELECT $1 IS NULL";
	int64_t n;

	ck_assert_int_eq(db_begin(fx.db, DB_READ), RC_OK);
	ck_assert_int_eq(db_one(fx.db, SQL, DB_ARGS(DB_INT(1)), &n), RC_OK);
	ck_assert_int_eq(n, 0);
	ck_assert_int_eq(db_one(fx.db, SQL, DB_NO_ARGS, &n), RC_OK);
	ck_assert_int_eq(n, 1);
	db_rollback(fx.db);
}
END_TEST

START_TEST(a_statement_may_run_inside_itself)
{
	struct db_rows *outer, *inner;
	static const char SQL[] = "SELECT id FROM tier ORDER BY id";

	ck_assert_int_eq(db_begin(fx.db, DB_READ), RC_OK);
	ck_assert_int_eq(db_query(fx.db, SQL, DB_NO_ARGS, &outer), RC_OK);
	ck_assert_int_eq(db_next(outer), RC_OK);
	ck_assert_int_eq(db_query(fx.db, SQL, DB_NO_ARGS, &inner), RC_OK);
	ck_assert_ptr_ne(outer, inner);
	ck_assert_int_eq(db_next(inner), RC_OK);
	ck_assert_int_eq(db_next(inner), RC_OK);
	ck_assert_int_eq(db_int(inner, 0), 2);
	ck_assert_int_eq(db_int(outer, 0), 1);
	db_done(&inner);
	ck_assert_int_eq(db_next(outer), RC_OK);
	ck_assert_int_eq(db_int(outer, 0), 2);
	db_done(&outer);
	db_rollback(fx.db);
}
END_TEST

START_TEST(any_number_of_statements_run_one_after_another)
{
	char sql[3 * STATEMENTS_KEPT][32];
	int64_t n;
	int i, round;

	for (i = 0; i < ROWS(sql); i++)
		(void)snprintf(sql[i], sizeof(sql[i]), "SELECT %d", i);
	ck_assert_int_eq(db_begin(fx.db, DB_READ), RC_OK);
	for (round = 0; round < 3; round++) {
		for (i = 0; i < ROWS(sql); i++) {
			ck_assert_int_eq(
			    db_one(fx.db, sql[i], DB_NO_ARGS, &n), RC_OK);
			ck_assert_int_eq(n, i);
		}
	}
	db_rollback(fx.db);
}
END_TEST

START_TEST(too_many_statements_at_once_fail_and_recover)
{
	struct db_rows *rows[STATEMENTS_KEPT], *more;
	char sql[STATEMENTS_KEPT][32];
	int i, opened = 0;

	/* BEGIN itself is kept, but idle. */
	ck_assert_int_eq(db_begin(fx.db, DB_READ), RC_OK);
	for (i = 0; i < ROWS(rows); i++) {
		(void)snprintf(sql[i], sizeof(sql[i]), "SELECT %d", i);
		ck_assert_int_eq(
		    db_query(fx.db, sql[i], DB_NO_ARGS, &rows[i]), RC_OK);
		opened++;
	}
	ck_assert_int_eq(
	    db_query(fx.db, SQL_TIERS, DB_NO_ARGS, &more), RC_FAIL);
	ck_assert_ptr_null(more);
	for (i = 0; i < opened; i++)
		db_done(&rows[i]);
	db_rollback(fx.db);
	ck_assert_int_eq(tiers(fx.db), 3);
}
END_TEST

/* --- the gate ------------------------------------------------------------- */

START_TEST(a_gate_held_past_the_budget_is_busy)
{
	struct db *db = open_again(SHORT_MS);
	struct holder holder;

	fixture_hold(&holder, gate(), LOCK_EX, 0);
	ck_assert_int_eq(db_begin(db, DB_WRITE), RC_BUSY);
	ck_assert_int_eq(db_begin(db, DB_READ), RC_BUSY);
	fixture_let_go(&holder);
	/* And is nothing to remember. */
	ck_assert_int_eq(tiers(db), 3);
	ck_assert_int_eq(db_begin(db, DB_WRITE), RC_OK);
	db_close(db);
}
END_TEST

START_TEST(a_gate_freed_within_the_budget_is_waited_for)
{
	struct holder holder;

	fixture_hold(&holder, gate(), LOCK_EX, 1);
	ck_assert_int_eq(db_begin(fx.db, DB_WRITE), RC_OK);
	fixture_let_go(&holder);
	db_rollback(fx.db);
	fixture_hold(&holder, gate(), LOCK_EX, 1);
	ck_assert_int_eq(db_begin(fx.db, DB_READ), RC_OK);
	fixture_let_go(&holder);
	db_rollback(fx.db);
}
END_TEST

START_TEST(readers_share_the_gate_and_keep_writers_out)
{
	struct db *db = open_again(SHORT_MS);
	struct holder holder;

	fixture_hold(&holder, gate(), LOCK_SH, 0);
	ck_assert_int_eq(tiers(db), 3);
	ck_assert_int_eq(db_begin(db, DB_WRITE), RC_BUSY);
	fixture_let_go(&holder);
	ck_assert_int_eq(db_begin(db, DB_WRITE), RC_OK);
	db_close(db);
}
END_TEST

/* Otherwise it would keep out nobody but those who have it open too. */
START_TEST(a_gate_that_was_deleted_is_made_anew)
{
	struct holder holder;

	ck_assert_int_eq(tiers(fx.db), 3);
	ck_assert_int_eq(unlink(gate()), 0);
	ck_assert_int_eq(db_begin(fx.db, DB_WRITE), RC_OK);
	db_rollback(fx.db);
	fixture_hold(&holder, gate(), LOCK_EX, 1);
	ck_assert_int_eq(db_begin(fx.db, DB_WRITE), RC_OK);
	fixture_let_go(&holder);
	db_rollback(fx.db);
}
END_TEST

START_TEST(another_version_than_the_expected_one_is_busy)
{
	struct db *db = open_again(SHORT_MS), *other = open_again(SHORT_MS);

	db_expect(db, SCHEMA_VERSION);
	ck_assert_int_eq(tiers(db), 3);
	ck_assert(!db_is_outdated(db));
	fixture_sql("PRAGMA user_version = %d", SCHEMA_VERSION + 1);
	ck_assert_int_eq(db_begin(db, DB_READ), RC_BUSY);
	ck_assert(db_is_outdated(db));
	ck_assert_int_eq(db_begin(db, DB_WRITE), RC_BUSY);
	/* Nobody is kept out by that. */
	ck_assert_int_eq(db_begin(other, DB_WRITE), RC_OK);
	db_rollback(other);
	fixture_sql("PRAGMA user_version = %d", SCHEMA_VERSION);
	ck_assert_int_eq(tiers(db), 3);
	ck_assert(!db_is_outdated(db));
	db_close(other);
	db_close(db);
}
END_TEST

START_TEST(a_reader_who_comes_later_waits_behind_a_writer)
{
	struct db *db = open_again(SHORT_MS), *writer;
	struct holder holder;
	int status, start[2];
	pid_t pid;
	char go;

	/* Before there is a holder, whose pipe it would keep open. */
	ck_assert_int_eq(pipe(start), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		(void)close(start[1]);
		(void)!read(start[0], &go, 1);
		writer = open_again(FIXTURE_BUSY_MS);
		_exit(db_begin(writer, DB_WRITE) == RC_OK ? 0 : 1);
	}
	fixture_hold(&holder, gate(), LOCK_SH, 0);
	ck_assert_int_eq(write(start[1], "", 1), 1);
	ck_assert(lock_has_waiter(gate()));
	/* The gate itself would let it in. */
	ck_assert_int_eq(db_begin(db, DB_READ), RC_BUSY);
	fixture_let_go(&holder);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	(void)close(start[0]);
	(void)close(start[1]);
	ck_assert_int_eq(db_begin(db, DB_READ), RC_OK);
	db_close(db);
}
END_TEST

START_TEST(who_does_not_wait_is_turned_away_at_once)
{
	/* Who waited would do so past the test's time. */
	struct db *db = open_again(3600 * 1000);
	struct holder holder;

	fixture_hold(&holder, gate(), LOCK_SH, 0);
	ck_assert_int_eq(db_begin(db, DB_WRITE_NOW), RC_BUSY);
	fixture_let_go(&holder);
	ck_assert_int_eq(db_begin(db, DB_WRITE_NOW), RC_OK);
	db_close(db);
}
END_TEST

START_TEST(a_writer_keeps_everybody_out)
{
	struct db *db = open_again(SHORT_MS);

	fixture_begin();
	ck_assert_int_eq(db_begin(db, DB_READ), RC_BUSY);
	ck_assert_int_eq(db_begin(db, DB_WRITE), RC_BUSY);
	fixture_commit();
	ck_assert_int_eq(tiers(db), 3);
	db_close(db);
}
END_TEST

START_TEST(a_lock_past_the_gate_is_busy_too)
{
	struct db *db = open_again(SHORT_MS);
	pid_t pid;
	int status, say[2], hear[2];
	char c;

	/* Another program, such as sqlite3(1), knows nothing of the gate. */
	ck_assert_int_eq(pipe(say), 0);
	ck_assert_int_eq(pipe(hear), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		struct db *mine;

		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		(void)close(say[1]);
		if (db_open(fx.path, 0, SHORT_MS, &mine) != RC_OK ||
		    db_script(mine, "BEGIN EXCLUSIVE") != RC_OK ||
		    write(hear[1], "x", 1) != 1)
			_exit(1);
		_exit(read(say[0], &c, 1) == 0 ? 0 : 1);
	}
	(void)close(hear[1]);
	ck_assert_int_eq(read(hear[0], &c, 1), 1);
	ck_assert_int_eq(db_begin(db, DB_WRITE), RC_BUSY);
	(void)close(say[1]);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	ck_assert_int_eq(tiers(db), 3);
	db_close(db);
}
END_TEST

/* --- the copy ------------------------------------------------------------- */

/* --- a paused transaction ------------------------------------------------- */

/* True if another process may write at once. */
static int
others_may_write(void)
{
	pid_t pid = fork();
	int status = -1;

	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		struct db *mine = open_again(SHORT_MS);

		_exit(db_begin(mine, DB_WRITE_NOW) == RC_OK ? 0 : 1);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return status == 0;
}

START_TEST(a_paused_transaction_is_gone_on_in)
{
	int64_t n = -1;

	ck_assert_int_eq(db_begin(fx.db, DB_READ), RC_OK);
	ck_assert_int_eq(db_one(fx.db, SQL_TIERS, DB_NO_ARGS, &n), RC_OK);
	ck_assert_int_eq(n, 3);
	db_pause(fx.db);
	ck_assert(!others_may_write());
	ck_assert_int_eq(db_begin(fx.db, DB_READ), RC_OK);
	/* It is one like any other. */
	ck_assert_int_eq(db_begin(fx.db, DB_READ), RC_FAIL);
	ck_assert_int_eq(db_one(fx.db, SQL_TIERS, DB_NO_ARGS, &n), RC_OK);
	ck_assert(!others_may_write());
	ck_assert_int_eq(db_end(fx.db, RC_OK), RC_OK);
	ck_assert(others_may_write());
}
END_TEST

START_TEST(a_paused_transaction_ends_before_one_that_writes)
{
	int i;

	for (i = 0; i < 2; i++) {
		ck_assert_int_eq(db_begin(fx.db, DB_READ), RC_OK);
		db_pause(fx.db);
		/* Looked at where one begins. */
		db_expect(fx.db, SCHEMA_VERSION + 1);
		ck_assert_int_eq(db_begin(fx.db, DB_WRITE), RC_BUSY);
		db_expect(fx.db, SCHEMA_VERSION);
		ck_assert_int_eq(db_begin(fx.db, DB_WRITE), RC_OK);
		ck_assert_int_eq(add_tier(fx.db, i == 0 ? "A" : "B"), RC_OK);
		ck_assert_int_eq(db_commit(fx.db), RC_OK);
		ck_assert(others_may_write());
		ck_assert_int_eq(tiers(fx.db), 4 + i);
	}
}
END_TEST

START_TEST(a_paused_transaction_can_be_ended)
{
	ck_assert_int_eq(db_begin(fx.db, DB_READ), RC_OK);
	db_pause(fx.db);
	db_rollback(fx.db);
	ck_assert(others_may_write());
	/* Nothing is paused where nothing is open. */
	db_pause(fx.db);
	ck_assert(others_may_write());
	ck_assert_int_eq(tiers(fx.db), 3);
}
END_TEST

/* --- states --------------------------------------------------------------- */

static void
note(struct db_state *state)
{
	ck_assert_int_eq(db_begin(fx.db, DB_READ), RC_OK);
	db_note_state(fx.db, state);
	ck_assert_int_eq(db_end(fx.db, RC_OK), RC_OK);
}

START_TEST(a_commit_by_whomever_makes_another_state)
{
	static const char *const commits[] = {
		"UPDATE tier SET calls_per_minute = 1 + calls_per_minute",
		"CREATE TABLE another (x)",
		"PRAGMA user_version = 99",
		"VACUUM",
	};
	struct db_state state = { 0 };
	int i;

	ck_assert(!db_is_as(fx.db, &state));
	note(&state);
	for (i = 0; i < ROWS(commits); i++) {
		ck_assert(db_is_as(fx.db, &state));
		fixture_sql("%s", commits[i]);
		ck_assert_msg(!db_is_as(fx.db, &state), "%s", commits[i]);
		note(&state);
	}
	fixture_begin();
	ck_assert_int_eq(add_tier(fx.db, "Mine"), RC_OK);
	fixture_commit();
	ck_assert(!db_is_as(fx.db, &state));
}
END_TEST

START_TEST(what_is_not_committed_makes_no_other_state)
{
	struct db_state state;

	note(&state);
	ck_assert_int_eq(tiers(fx.db), 3);
	fixture_begin();
	ck_assert_int_eq(add_tier(fx.db, "Gone"), RC_OK);
	ck_assert(db_is_as(fx.db, &state));
	db_rollback(fx.db);
	ck_assert(db_is_as(fx.db, &state));
	fixture_sql("BEGIN; UPDATE tier SET calls_per_minute = 1; ROLLBACK");
	ck_assert(db_is_as(fx.db, &state));
}
END_TEST

/* Runs statements; those that must not be committed are left as they are. */
static void
run_apart(const char *path, const char *sql, int commit)
{
	pid_t pid = fork();
	sqlite3 *handle;
	int status;

	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		if (sqlite3_open(path, &handle) == SQLITE_OK &&
		    sqlite3_exec(handle, "BEGIN IMMEDIATE", NULL, NULL, NULL) ==
			SQLITE_OK &&
		    sqlite3_exec(handle, sql, NULL, NULL, NULL) == SQLITE_OK &&
		    sqlite3_db_cacheflush(handle) == SQLITE_OK &&
		    (!commit || sqlite3_exec(handle, "COMMIT", NULL, NULL,
				    NULL) == SQLITE_OK))
			_exit(0);
		_exit(1);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
}

/*
 * Leaves what a process leaves that is killed before its journal is cut: the
 * header, which is written last, is that of a copy in which it was not.
 */
static void
die_while_committing(const char *sql)
{
	enum { HEADER_LEN = 100 };
	char copy[600], *bytes;
	size_t len;
	int fd;

	(void)snprintf(copy, sizeof(copy), "%s.copy", fx.path);
	bytes = fixture_read(fx.path, &len);
	fixture_write(copy, bytes, len);
	free(bytes);
	run_apart(copy, sql, 1);
	run_apart(fx.path, sql, 0);
	bytes = fixture_read(copy, &len);
	fd = open(fx.path, O_WRONLY | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(pwrite(fd, bytes, HEADER_LEN, 0), HEADER_LEN);
	(void)close(fd);
	free(bytes);
}

/*
 * The commit that was never one and the next have the same number; what was
 * read in between is not what the next one leaves.
 */
START_TEST(a_killed_commit_and_the_next_are_two_states)
{
	struct db_state before, state;

	note(&before);
	die_while_committing("CREATE TABLE another (x)");
	/* It is in the file, until the next one reads. */
	ck_assert(!db_is_as(fx.db, &before));
	note(&state);
	ck_assert(db_is_as(fx.db, &before));
	fixture_sql("CREATE TABLE another (x)");
	ck_assert(!db_is_as(fx.db, &before));
	ck_assert(!db_is_as(fx.db, &state));
}
END_TEST

/* --- a write-ahead log ---------------------------------------------------- */

/* Gives the database a log; the connection at hand has read it. */
static void
use_log(void)
{
	int changed;

	ck_assert_int_eq(
	    db_set_journal(fx.db, DB_JOURNAL_WAL, &changed), RC_OK);
	ck_assert(changed);
	ck_assert(db_has_log(fx.db));
	ck_assert_int_eq(tiers(fx.db), 3);
}

START_TEST(a_journal_is_changed_once)
{
	char *mode;
	int changed;

	use_log();
	mode = fixture_text("PRAGMA journal_mode");
	ck_assert_str_eq(mode, "wal");
	free(mode);
	ck_assert_int_eq(
	    db_set_journal(fx.db, DB_JOURNAL_WAL, &changed), RC_OK);
	ck_assert(!changed);
	fixture_begin();
	ck_assert_int_eq(add_tier(fx.db, "Kept"), RC_OK);
	fixture_commit();
	ck_assert_int_eq(
	    db_set_journal(fx.db, DB_JOURNAL_TRUNCATE, &changed), RC_OK);
	ck_assert(changed && !db_has_log(fx.db));
	mode = fixture_text("PRAGMA journal_mode");
	ck_assert_str_eq(mode, "delete"); /* a connection's first */
	free(mode);
	ck_assert_int_eq(access(fixture_path("latchkey.db-wal"), F_OK), -1);
	ck_assert_int_eq(tiers(fx.db), 4);
	/* Not in a transaction. */
	fixture_begin();
	ck_assert_int_eq(
	    db_set_journal(fx.db, DB_JOURNAL_WAL, &changed), RC_FAIL);
	db_rollback(fx.db);
}
END_TEST

START_TEST(a_log_that_others_use_stays)
{
	struct db *db = open_again(SHORT_MS);
	int changed;

	use_log();
	ck_assert_int_eq(tiers(db), 3);
	ck_assert_int_eq(
	    db_set_journal(db, DB_JOURNAL_TRUNCATE, &changed), RC_BUSY);
	ck_assert(db_has_log(db));
	fixture_begin();
	ck_assert_int_eq(add_tier(fx.db, "Kept"), RC_OK);
	fixture_commit();
	ck_assert_int_eq(tiers(db), 4);
	db_close(fx.db);
	fx.db = NULL;
	ck_assert_int_eq(
	    db_set_journal(db, DB_JOURNAL_TRUNCATE, &changed), RC_OK);
	ck_assert(changed);
	ck_assert_int_eq(tiers(db), 4);
	db_close(db);
}
END_TEST

/* What was open before goes on with the log. */
START_TEST(a_connection_learns_of_a_log)
{
	struct db *db = open_again(SHORT_MS);
	struct db_state state;

	ck_assert_int_eq(tiers(db), 3);
	use_log();
	ck_assert_int_eq(tiers(db), 3);
	ck_assert(!db_has_log(db));
	/* By writing, ... */
	ck_assert_int_eq(db_begin(db, DB_WRITE), RC_OK);
	ck_assert(db_has_log(db));
	ck_assert_int_eq(add_tier(db, "Kept"), RC_OK);
	ck_assert_int_eq(db_commit(db), RC_OK);
	ck_assert_int_eq(tiers(fx.db), 4);
	db_close(db);
	/* ... or by noting what it reads. */
	ck_assert_int_eq(
	    db_set_journal(fx.db, DB_JOURNAL_TRUNCATE, &(int){ 0 }), RC_OK);
	db = open_again(SHORT_MS);
	ck_assert_int_eq(tiers(db), 4);
	ck_assert_int_eq(
	    db_set_journal(fx.db, DB_JOURNAL_WAL, &(int){ 0 }), RC_OK);
	ck_assert_int_eq(db_begin(db, DB_READ), RC_OK);
	db_note_state(db, &state);
	ck_assert_int_eq(db_commit(db), RC_OK);
	ck_assert(!state.known);
	ck_assert(db_has_log(db));
	db_close(db);
}
END_TEST

/*
 * To read a mark must not drop the lock by which a log is kept while somebody
 * has it open, be it that it is newer than the connection.
 */
START_TEST(a_mark_is_not_read_past_a_log)
{
	struct db *db = open_again(SHORT_MS);
	struct db_mark mark;
	int status, go[2];
	pid_t pid;

	ck_assert_int_eq(pipe(go), 0);
	/* Before there are locks, of which SQLite has its own count. */
	pid = fork();
	if (pid == 0) {
		enum rc rc = RC_FAIL;
		struct db *other;

		(void)close(go[1]);
		while (read(go[0], &status, sizeof(status)) < 0)
			;
		other = open_again(SHORT_MS);
		rc = db_begin(other, DB_WRITE);
		rc = db_end(other, rc != RC_OK ? rc : add_tier(other, "His"));
		db_close(other);
		_exit(rc != RC_OK);
	}
	ck_assert_int_eq(tiers(db), 3);
	ck_assert_int_eq(db_read_mark(db, &mark), RC_OK);
	use_log();
	db_close(fx.db);
	fx.db = NULL;
	ck_assert_int_eq(tiers(db), 3);
	ck_assert_int_eq(db_read_mark(db, &mark), RC_NOT_FOUND);
	(void)close(go[0]);
	(void)close(go[1]);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	ck_assert_int_eq(access(fixture_path("latchkey.db-wal"), F_OK), 0);
	ck_assert_int_eq(tiers(db), 4);
	ck_assert_int_eq(db_begin(db, DB_WRITE), RC_OK);
	ck_assert_int_eq(add_tier(db, "Mine"), RC_OK);
	ck_assert_int_eq(db_commit(db), RC_OK);
	ck_assert_int_eq(fixture_int("SELECT COUNT(*) FROM tier"), 5);
	db_close(db);
}
END_TEST

/*
 * What a process leaves that is killed while it gives the file a log: page 1
 * says so already, and the journal takes that back.  (The SQLite database file
 * format, section 3.)
 */
static void
leave_half_a_log(void)
{
	enum { PAGE = 1024, SECTOR = 512, STEP = 200, JOURNAL_AT = 18 };
	static const unsigned char magic[] = { 0xd9, 0xd5, 0x05, 0xf9, 0x20,
		0xa1, 0x63, 0xd7, 0, 0, 0, 1 };
	unsigned char journal[SECTOR + 4 + PAGE + 4] = { 0 };
	unsigned char *page = journal + SECTOR + 4;
	const unsigned char sizes[] = { 0, 0, 2, 0, 0, 0, 4, 0 };
	unsigned sum = 0;
	int fd, i;

	fd = open(fx.path, O_RDWR);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(pread(fd, page, PAGE, 0), PAGE);
	ck_assert_int_eq(page[16] << 8 | page[17], PAGE);
	ck_assert_int_eq(pwrite(fd, "\2\2", 2, JOURNAL_AT), 2);
	(void)close(fd);
	for (i = PAGE - STEP; i > 0; i -= STEP)
		sum += page[i];
	memcpy(journal, magic, sizeof(magic));
	memcpy(journal + 16, page + 28, 4); /* pages of the file */
	memcpy(journal + 20, sizes, sizeof(sizes));
	journal[SECTOR + 3] = 1;
	page[PAGE + 2] = (unsigned char)(sum >> 8);
	page[PAGE + 3] = (unsigned char)sum;
	fd =
	    open(fixture_path("latchkey.db-journal"), O_WRONLY | O_CREAT, 0600);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, journal, sizeof(journal)), sizeof(journal));
	(void)close(fd);
}

START_TEST(a_log_that_never_was_is_none)
{
	char *mode;

	leave_half_a_log();
	fixture_begin();
	ck_assert(!db_has_log(fx.db));
	ck_assert_int_eq(add_tier(fx.db, "Kept"), RC_OK);
	fixture_commit();
	/* Nothing was made for it, that would be there with the next one. */
	ck_assert_int_ne(access(fixture_path("latchkey.db-shm"), F_OK), 0);
	ck_assert_int_eq(tiers(fx.db), 4);
	mode = fixture_text("PRAGMA journal_mode");
	ck_assert_str_eq(mode, "delete"); /* a connection's first */
	free(mode);
}
END_TEST

START_TEST(a_log_lets_readers_pass)
{
	struct db *db = open_again(SHORT_MS);
	struct holder holder;
	int64_t n;

	use_log();
	ck_assert_int_eq(tiers(db), 3);
	fixture_begin();
	ck_assert_int_eq(add_tier(fx.db, "Mine"), RC_OK);
	ck_assert_int_eq(tiers(db), 3);
	fixture_commit();
	ck_assert_int_eq(tiers(db), 4);
	/* Nor does a writer wait for who reads, and goes on to see the same. */
	ck_assert_int_eq(db_begin(db, DB_READ), RC_OK);
	ck_assert_int_eq(db_one(db, SQL_TIERS, DB_NO_ARGS, &n), RC_OK);
	fixture_begin();
	ck_assert_int_eq(add_tier(fx.db, "Another"), RC_OK);
	fixture_commit();
	ck_assert_int_eq(db_one(db, SQL_TIERS, DB_NO_ARGS, &n), RC_OK);
	ck_assert_int_eq(n, 4);
	ck_assert_int_eq(db_commit(db), RC_OK);
	ck_assert_int_eq(tiers(db), 5);
	/* Writers queue at the gate as ever. */
	fixture_hold(&holder, gate(), LOCK_EX, 0);
	ck_assert_int_eq(tiers(db), 5);
	ck_assert_int_eq(db_begin(db, DB_WRITE), RC_BUSY);
	fixture_let_go(&holder);
	db_close(db);
}
END_TEST

static int64_t
sum(struct db *db)
{
	int64_t n = -1;

	ck_assert_int_eq(db_begin(db, DB_READ), RC_OK);
	ck_assert_int_eq(
	    db_one(db, "SELECT SUM(n) FROM t", DB_NO_ARGS, &n), RC_OK);
	ck_assert_int_eq(db_end(db, RC_OK), RC_OK);
	return n;
}

/*
 * With no room for pages in memory some are written before the end: what is
 * rolled back must not come after what another one commits in its place.
 */
START_TEST(what_is_rolled_back_writes_over_nothing)
{
	struct db *db;
	char sql[64], *found;
	int i;

	fixture_sql("CREATE TABLE t (id INTEGER PRIMARY KEY, n, s);"
		    "INSERT INTO t (n, s) WITH RECURSIVE i (i) AS (SELECT 1"
		    " UNION ALL SELECT i + 1 FROM i WHERE i < 400)"
		    " SELECT 1, hex(zeroblob(50)) FROM i");
	use_log();
	db = open_again(SHORT_MS);
	for (i = 1; i <= 20; i++) {
		/* Each time another number of pages is left over. */
		(void)snprintf(sql, sizeof(sql), "PRAGMA cache_size = %d", i);
		ck_assert_int_eq(db_script(fx.db, sql), RC_OK);
		fixture_begin();
		ck_assert_int_eq(
		    db_script(fx.db, "UPDATE t SET n = 999"), RC_OK);
		db_rollback(fx.db);
		ck_assert_int_eq(db_begin(db, DB_WRITE), RC_OK);
		ck_assert_int_eq(
		    db_script(db, "UPDATE t SET n = n + 1 WHERE id % 40 = 7"),
		    RC_OK);
		ck_assert_int_eq(db_commit(db), RC_OK);
		ck_assert_int_eq(sum(fx.db), 400 + 10 * i);
		ck_assert_int_eq(
		    fixture_int("SELECT SUM(n) FROM t"), 400 + 10 * i);
		found = fixture_text("PRAGMA integrity_check");
		ck_assert_str_eq(found, "ok");
		free(found);
	}
	db_close(db);
}
END_TEST

/* Nor what there was no room for when it was to be committed. */
START_TEST(a_commit_that_failed_writes_over_nothing)
{
	struct rlimit limit = { 0, RLIM_INFINITY };
	struct db *db;
	struct stat st;
	int64_t n;

	use_log();
	db = open_again(SHORT_MS);
	ck_assert_int_eq(db_begin(db, DB_WRITE), RC_OK);
	ck_assert_int_eq(add_tier(db, "First"), RC_OK);
	ck_assert_int_eq(db_commit(db), RC_OK);
	(void)signal(SIGXFSZ, SIG_IGN);
	ck_assert_int_eq(stat(fixture_path("latchkey.db-wal"), &st), 0);
	limit.rlim_cur = (rlim_t)st.st_size;
	fixture_begin();
	ck_assert_int_eq(add_tier(fx.db, "Gone"), RC_OK);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	ck_assert_int_eq(db_commit(fx.db), RC_BUSY);
	limit.rlim_cur = RLIM_INFINITY;
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	ck_assert_int_eq(db_begin(db, DB_WRITE), RC_OK);
	ck_assert_int_eq(
	    db_script(db, "UPDATE tier SET calls_per_minute = 9"), RC_OK);
	ck_assert_int_eq(db_commit(db), RC_OK);
	ck_assert_int_eq(tiers(fx.db), 4);
	n = fixture_int("SELECT SUM(calls_per_minute) FROM tier");
	ck_assert_int_eq(n, 36);
	db_close(db);
}
END_TEST

/* With a log who reads writes, too: the index. */
START_TEST(no_room_for_the_index_of_a_log_is_busy)
{
	struct rlimit limit = { 4096, RLIM_INFINITY };

	use_log();
	db_close(fx.db);
	ck_assert_int_eq(db_open(fx.path, 0, SHORT_MS, &fx.db), RC_OK);
	(void)signal(SIGXFSZ, SIG_IGN);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	db_expect(fx.db, SCHEMA_VERSION);
	ck_assert_int_eq(db_begin(fx.db, DB_READ), RC_BUSY);
	ck_assert_int_eq(db_begin(fx.db, DB_WRITE), RC_BUSY);
	limit.rlim_cur = RLIM_INFINITY;
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	ck_assert_int_eq(tiers(fx.db), 3);
}
END_TEST

START_TEST(a_log_tells_states_apart)
{
	static const char *const commits[] = {
		"UPDATE tier SET calls_per_minute = 1 + calls_per_minute",
		"PRAGMA user_version = 99",
		"CREATE TABLE another (x)",
		"VACUUM",
	};
	struct db_state state;
	int i;

	use_log();
	/* What the first transaction saw before it, nobody looked at. */
	note(&state);
	ck_assert(!state.known);
	note(&state);
	for (i = 0; i < ROWS(commits); i++) {
		ck_assert(db_is_as(fx.db, &state));
		/* What is in the log goes into the file: no change. */
		fixture_sql("PRAGMA wal_checkpoint(PASSIVE)");
		ck_assert(db_is_as(fx.db, &state));
		fixture_sql("%s", commits[i]);
		ck_assert_msg(!db_is_as(fx.db, &state), "%s", commits[i]);
		note(&state);
	}
	fixture_begin();
	ck_assert_int_eq(add_tier(fx.db, "Gone"), RC_OK);
	ck_assert(db_is_as(fx.db, &state));
	db_rollback(fx.db);
	ck_assert(db_is_as(fx.db, &state));
	fixture_begin();
	ck_assert_int_eq(add_tier(fx.db, "Mine"), RC_OK);
	fixture_commit();
	ck_assert(!db_is_as(fx.db, &state));
}
END_TEST

/*
 * With a log others commit while one reads: what was read is then of a state
 * that has gone, and must not be noted as the one that stands.
 */
START_TEST(a_state_that_has_gone_is_not_noted)
{
	struct db_state state;
	int64_t n;

	use_log();
	note(&state);
	ck_assert_int_eq(db_begin(fx.db, DB_READ), RC_OK);
	ck_assert_int_eq(db_one(fx.db, SQL_TIERS, DB_NO_ARGS, &n), RC_OK);
	fixture_sql("INSERT INTO tier (name, calls_per_minute)"
		    " VALUES ('Theirs', 1)");
	ck_assert_int_eq(db_one(fx.db, SQL_TIERS, DB_NO_ARGS, &n), RC_OK);
	ck_assert_int_eq(n, 3);
	db_note_state(fx.db, &state);
	ck_assert(!state.known);
	ck_assert(!db_is_as(fx.db, &state));
	/* Nor does a pause make it good. */
	db_pause(fx.db);
	ck_assert_int_eq(db_begin(fx.db, DB_READ), RC_OK);
	db_note_state(fx.db, &state);
	ck_assert(!state.known);
	ck_assert_int_eq(db_commit(fx.db), RC_OK);
	/* Between the beginning and the first read it is the same. */
	ck_assert_int_eq(db_begin(fx.db, DB_READ), RC_OK);
	fixture_sql("INSERT INTO tier (name, calls_per_minute)"
		    " VALUES ('Others', 1)");
	ck_assert_int_eq(db_one(fx.db, SQL_TIERS, DB_NO_ARGS, &n), RC_OK);
	ck_assert_int_eq(n, 5);
	db_note_state(fx.db, &state);
	ck_assert(!state.known);
	ck_assert_int_eq(db_commit(fx.db), RC_OK);
	note(&state);
	ck_assert(db_is_as(fx.db, &state));
}
END_TEST

/* --- writing in a paused transaction -------------------------------------- */

/* Pauses one that reads, in a connection that has written to its log. */
static void
pause_with_log(struct db *db)
{
	int64_t n;

	ck_assert_int_eq(db_begin(db, DB_WRITE), RC_OK);
	ck_assert_int_eq(add_tier(db, "Before"), RC_OK);
	ck_assert_int_eq(db_commit(db), RC_OK);
	ck_assert_int_eq(db_begin(db, DB_READ), RC_OK);
	ck_assert_int_eq(db_one(db, SQL_TIERS, DB_NO_ARGS, &n), RC_OK);
	ck_assert_int_eq(n, 4);
	db_pause(db);
}

START_TEST(with_a_log_a_paused_transaction_is_written_in)
{
	int64_t n;

	use_log();
	pause_with_log(fx.db);
	ck_assert(others_may_write());
	/* Where one begins, and there alone, this would be looked at. */
	db_expect(fx.db, SCHEMA_VERSION + 1);
	ck_assert_int_eq(db_begin(fx.db, DB_WRITE), RC_OK);
	db_expect(fx.db, 0);
	/* It is one like any other. */
	ck_assert(!others_may_write());
	ck_assert_int_eq(db_begin(fx.db, DB_WRITE), RC_FAIL);
	ck_assert_int_eq(db_one(fx.db, SQL_TIERS, DB_NO_ARGS, &n), RC_OK);
	ck_assert_int_eq(n, 4);
	ck_assert_int_eq(add_tier(fx.db, "Gone"), RC_OK);
	db_rollback(fx.db);
	ck_assert(others_may_write());
	ck_assert_int_eq(tiers(fx.db), 4);
	ck_assert_int_eq(db_begin(fx.db, DB_READ), RC_OK);
	ck_assert_int_eq(db_one(fx.db, SQL_TIERS, DB_NO_ARGS, &n), RC_OK);
	db_pause(fx.db);
	ck_assert_int_eq(db_begin(fx.db, DB_WRITE), RC_OK);
	ck_assert_int_eq(add_tier(fx.db, "Kept"), RC_OK);
	ck_assert_int_eq(db_commit(fx.db), RC_OK);
	ck_assert(others_may_write());
	ck_assert_int_eq(fixture_int("SELECT COUNT(*) FROM tier"), 5);
}
END_TEST

/* The settings of those who write are made first. */
START_TEST(a_first_paused_transaction_is_not_written_in)
{
	struct db *db = open_again(SHORT_MS);
	int64_t n;

	use_log();
	ck_assert_int_eq(tiers(db), 3);
	ck_assert(db_has_log(db));
	ck_assert_int_eq(db_begin(db, DB_READ), RC_OK);
	db_pause(db);
	ck_assert_int_eq(db_begin(db, DB_WRITE), RC_OK);
	ck_assert_int_eq(
	    db_one(db, "PRAGMA recursive_triggers", DB_NO_ARGS, &n), RC_OK);
	ck_assert_int_eq(n, 1);
	db_close(db);
}
END_TEST

/* Otherwise the other's commit would be taken for the one that failed. */
START_TEST(a_failed_commit_of_a_paused_transaction_is_told_from_others)
{
	struct rlimit limit = { 0, RLIM_INFINITY };
	struct stat st;
	int64_t n;

	use_log();
	pause_with_log(fx.db);
	db_rollback(fx.db);
	ck_assert_int_eq(db_begin(fx.db, DB_READ), RC_OK);
	fixture_sql("INSERT INTO tier (name, calls_per_minute)"
		    " VALUES ('Theirs', 1)");
	ck_assert_int_eq(db_one(fx.db, SQL_TIERS, DB_NO_ARGS, &n), RC_OK);
	ck_assert_int_eq(n, 5);
	db_pause(fx.db);
	ck_assert_int_eq(db_begin(fx.db, DB_WRITE), RC_OK);
	ck_assert_int_eq(add_tier(fx.db, "Gone"), RC_OK);
	(void)signal(SIGXFSZ, SIG_IGN);
	ck_assert_int_eq(stat(fixture_path("latchkey.db-wal"), &st), 0);
	limit.rlim_cur = (rlim_t)st.st_size;
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	ck_assert_int_eq(db_commit(fx.db), RC_BUSY);
	ck_assert_int_eq(tiers(fx.db), 5);
}
END_TEST

/* What it would not see it must not write over. */
START_TEST(an_old_paused_transaction_is_not_written_in)
{
	int64_t n;

	use_log();
	pause_with_log(fx.db);
	fixture_sql("INSERT INTO tier (name, calls_per_minute)"
		    " VALUES ('Theirs', 1)");
	ck_assert_int_eq(db_begin(fx.db, DB_WRITE), RC_OK);
	ck_assert_int_eq(db_one(fx.db, SQL_TIERS, DB_NO_ARGS, &n), RC_OK);
	ck_assert_int_eq(n, 5);
	ck_assert_int_eq(add_tier(fx.db, "Kept"), RC_OK);
	ck_assert_int_eq(db_commit(fx.db), RC_OK);
	ck_assert(others_may_write());
	ck_assert_int_eq(fixture_int("SELECT COUNT(*) FROM tier"), 6);
}
END_TEST

/* Somebody writes who does not come by the gate: he is waited for, too. */
START_TEST(a_paused_transaction_waits_for_a_lock_past_the_gate)
{
	struct db *db = open_again(SHORT_MS);
	struct db *other = open_again(SHORT_MS);

	use_log();
	pause_with_log(db);
	ck_assert_int_eq(db_script(other, "BEGIN IMMEDIATE"), RC_OK);
	ck_assert_int_eq(db_begin(db, DB_WRITE), RC_BUSY);
	ck_assert_int_eq(db_script(other, "ROLLBACK"), RC_OK);
	ck_assert_int_eq(db_begin(db, DB_WRITE), RC_OK);
	ck_assert_int_eq(add_tier(db, "Kept"), RC_OK);
	ck_assert_int_eq(db_commit(db), RC_OK);
	ck_assert_int_eq(tiers(other), 5);
	db_close(other);
	db_close(db);
}
END_TEST

/*
 * True if another process reads the log, by its locks ("WAL-mode File
 * Format", 2.3): 120 is for who writes, from 123 on they are for readers.
 */
static int
is_read(int fd)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	lock.l_start = 123;
	lock.l_len = 5;
	return fcntl(fd, F_GETLK, &lock) != 0 || lock.l_type != F_UNLCK;
}

/* Says that somebody reads, and waits until nobody does; false in vain. */
static int
is_read_no_more(int say)
{
	static const struct timespec pause = { .tv_nsec = 10000000 };
	int fd = open(fixture_path("latchkey.db-shm"), O_RDWR), i;

	if (fd < 0 || !is_read(fd) || write(say, "x", 1) != 1)
		return 0;
	for (i = 0; i < 300 && is_read(fd); i++)
		(void)nanosleep(&pause, NULL);
	return !is_read(fd);
}

/* The log would grow for as long as there is always somebody who waits. */
START_TEST(nobody_waits_at_the_gate_in_a_transaction)
{
	struct db *db = open_again(20000);
	int fd = open(gate(), O_RDWR | O_CLOEXEC), status, hear[2];
	pid_t pid;
	char c;

	use_log();
	pause_with_log(db);
	ck_assert_int_eq(flock(fd, LOCK_EX), 0);
	ck_assert_int_eq(pipe(hear), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		_exit(is_read_no_more(hear[1]) ? 0 : 1);
	}
	/* The lock is the child's now. */
	(void)close(fd);
	(void)close(hear[1]);
	ck_assert_int_eq(read(hear[0], &c, 1), 1);
	(void)close(hear[0]);
	ck_assert_int_eq(db_begin(db, DB_WRITE), RC_OK);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	ck_assert_int_eq(add_tier(db, "Kept"), RC_OK);
	ck_assert_int_eq(db_commit(db), RC_OK);
	ck_assert_int_eq(tiers(db), 5);
	db_close(db);
}
END_TEST

/* --- copies --------------------------------------------------------------- */

START_TEST(a_copy_is_complete_and_closed_to_others)
{
	struct db *copy;
	struct stat st;
	size_t len, copy_len;
	char *bytes, *copied;

	ck_assert_int_eq(db_copy(fx.db, fixture_path("copy.db")), RC_OK);
	bytes = fixture_read(fx.path, &len);
	copied = fixture_read(fixture_path("copy.db"), &copy_len);
	ck_assert_uint_eq(len, copy_len);
	ck_assert_mem_eq(bytes, copied, len);
	free(bytes);
	free(copied);
	ck_assert_int_eq(stat(fixture_path("copy.db"), &st), 0);
	ck_assert_int_eq(st.st_mode & 0777, 0600);
	ck_assert_int_eq(
	    db_open(fixture_path("copy.db"), 0, SHORT_MS, &copy), RC_OK);
	ck_assert_int_eq(tiers(copy), 3);
	db_close(copy);
}
END_TEST

START_TEST(a_copy_has_what_is_in_the_log)
{
	struct db *copy;
	char *path = strdup(fixture_path("copy.db"));
	int64_t n;

	use_log();
	fixture_begin();
	ck_assert_int_eq(add_tier(fx.db, "Mine"), RC_OK);
	fixture_commit();
	ck_assert_int_eq(db_copy(fx.db, path), RC_OK);
	/* Nobody makes a log for it, not even one who may not write. */
	ck_assert_int_eq(db_open(path, DB_READONLY, SHORT_MS, &copy), RC_OK);
	ck_assert_int_eq(tiers(copy), 4);
	ck_assert_int_eq(access(fixture_path("copy.db-wal"), F_OK), -1);
	ck_assert_int_eq(access(fixture_path("copy.db-shm"), F_OK), -1);
	db_close(copy);
	ck_assert_int_eq(db_begin(fx.db, DB_READ), RC_OK); /* it is as it was */
	ck_assert(db_has_log(fx.db));
	ck_assert_int_eq(db_one(fx.db, SQL_TIERS, DB_NO_ARGS, &n), RC_OK);
	ck_assert_int_eq(n, 4);
	ck_assert_int_eq(db_commit(fx.db), RC_OK);
	free(path);
}
END_TEST

/* The file cannot have what a reader must not see yet. */
START_TEST(a_copy_waits_for_readers_of_the_past)
{
	struct db *db = open_again(SHORT_MS);
	struct db *reader = open_again(SHORT_MS);
	int64_t n;

	use_log();
	fixture_begin();
	ck_assert_int_eq(add_tier(fx.db, "Seen"), RC_OK);
	fixture_commit();
	/* It learns of the log behind the gate. */
	ck_assert_int_eq(tiers(reader), 4);
	ck_assert_int_eq(db_begin(reader, DB_READ), RC_OK);
	ck_assert_int_eq(db_one(reader, SQL_TIERS, DB_NO_ARGS, &n), RC_OK);
	fixture_begin();
	ck_assert_int_eq(add_tier(fx.db, "Not seen"), RC_OK);
	fixture_commit();
	ck_assert_int_eq(db_copy(db, fixture_path("a.db")), RC_BUSY);
	ck_assert_int_eq(access(fixture_path("a.db"), F_OK), -1);
	ck_assert_int_eq(db_commit(reader), RC_OK);
	ck_assert_int_eq(db_copy(db, fixture_path("a.db")), RC_OK);
	db_close(reader);
	db_close(db);
}
END_TEST

START_TEST(a_copy_never_overwrites)
{
	char *bytes;
	size_t len;

	fixture_write(fixture_path("copy.db"), "mine", 4);
	ck_assert_int_eq(db_copy(fx.db, fixture_path("copy.db")), RC_INVALID);
	bytes = fixture_read(fixture_path("copy.db"), &len);
	ck_assert_str_eq(bytes, "mine");
	free(bytes);
	/* Nor follows a link, even one that leads nowhere. */
	ck_assert_int_eq(symlink("nowhere", fixture_path("link.db")), 0);
	ck_assert_int_eq(db_copy(fx.db, fixture_path("link.db")), RC_INVALID);
	ck_assert_int_ne(access(fixture_path("nowhere"), F_OK), 0);
}
END_TEST

START_TEST(a_copy_that_fails_leaves_nothing)
{
	struct db *db = open_again(SHORT_MS);
	struct holder holder;

	ck_assert_int_eq(
	    db_copy(fx.db, fixture_path("no/such/place.db")), RC_FAIL);
	fixture_begin();
	ck_assert_int_eq(db_copy(fx.db, fixture_path("a.db")), RC_FAIL);
	db_rollback(fx.db);
	ck_assert_int_ne(access(fixture_path("a.db"), F_OK), 0);
	fixture_hold(&holder, gate(), LOCK_EX, 0);
	ck_assert_int_eq(db_copy(db, fixture_path("b.db")), RC_BUSY);
	fixture_let_go(&holder);
	ck_assert_int_ne(access(fixture_path("b.db"), F_OK), 0);
	ck_assert_int_eq(db_copy(db, fixture_path("b.db")), RC_OK);
	db_close(db);
}
END_TEST

static void
ignore_fault(void *arg, const struct site_fault *fault)
{
	(void)arg, (void)fault;
}

/* Places orders until told to stop: always the whole of one or none. */
static void
write_until_told(int say, int hear)
{
	struct db *db;
	char body[64], c;
	struct why why;
	int64_t id;
	int i;

	/* A connection is not carried across fork(2). */
	if (db_open(fx.path, 0, FIXTURE_BUSY_MS, &db) != RC_OK)
		_exit(1);
	fx.db = db;
	for (i = 0; i < 100000; i++) {
		(void)snprintf(body, sizeof(body),
		    "service=1&quantity=2&link=http://w.test/%d", i);
		if (fixture_place(&fx.one, body, FIXTURE_NOW, &id, &why) !=
			RC_OK ||
		    (i == 0 && write(hear, "x", 1) != 1))
			_exit(2);
		if (read(say, &c, 1) == 0)
			_exit(0);
	}
	_exit(3);
}

/* _i: with a log */
START_TEST(a_copy_made_while_others_write_is_consistent)
{
	char name[32], c, *path;
	struct db *copy;
	pid_t pid;
	int status, say[2], hear[2], i;
	int64_t nfaults, orders, before = -1;

	if (_i)
		use_log();
	db_close(fx.db);
	fx.db = NULL;
	/* Reading an open pipe gives EAGAIN, a closed one 0. */
	ck_assert_int_eq(pipe2(say, O_NONBLOCK), 0);
	ck_assert_int_eq(pipe(hear), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		(void)close(say[1]);
		write_until_told(say[0], hear[1]);
	}
	(void)close(say[0]);
	(void)close(hear[1]);
	ck_assert_int_eq(read(hear[0], &c, 1), 1);
	fx.db = open_again(FIXTURE_BUSY_MS);
	for (i = 0; i < COPIES; i++) {
		(void)snprintf(name, sizeof(name), "copy%d.db", i);
		path = strdup(fixture_path(name));
		ck_assert_int_eq(db_copy(fx.db, path), RC_OK);
		ck_assert_int_eq(db_open(path, 0, SHORT_MS, &copy), RC_OK);
		ck_assert_int_eq(
		    site_check(copy, ignore_fault, NULL, &nfaults), RC_OK);
		ck_assert_int_eq(nfaults, 0);
		ck_assert_int_eq(db_begin(copy, DB_READ), RC_OK);
		ck_assert_int_eq(db_one(copy, "SELECT COUNT(*) FROM orders",
				     DB_NO_ARGS, &orders),
		    RC_OK);
		ck_assert_int_ge(orders, before);
		before = orders;
		db_close(copy);
		free(path);
	}
	ck_assert_int_gt(before, 0);
	(void)close(say[1]);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	ck_assert_str_eq(fixture_faults(), "");
}
END_TEST

static Suite *
make_suite(void)
{
	Suite *suite = suite_create("db");
	TCase *tc = tcase_create("db");

	tcase_add_checked_fixture(tc, fixture_setup, fixture_teardown);
	tcase_add_test(tc, what_is_committed_stays);
	tcase_add_test(tc, what_is_rolled_back_is_gone);
	tcase_add_test(tc, end_commits_success_alone);
	tcase_add_test(tc, close_rolls_back);
	tcase_add_test(tc, transactions_do_not_nest);
	tcase_add_test(tc, a_rollback_ends_open_queries);
	tcase_add_test(tc, a_refused_statement_leaves_the_transaction_usable);
	tcase_add_test(tc, a_missing_file_is_not_found_and_not_made);
	tcase_add_test(tc, a_path_too_long_is_refused);
	tcase_add_test(tc, files_are_closed_to_others);
	tcase_add_test(tc, a_read_only_one_reads);
	tcase_add_test(tc, a_file_is_empty_until_the_first_commit);
	tcase_add_test(tc, garbage_is_damage);
	tcase_add_test(tc, settings_are_the_measured_ones);
	tcase_add_test(tc, values_come_back_as_they_went);
	tcase_add_test(tc, one_without_a_row_is_not_found);
	tcase_add_test(tc, a_loop_over_rows_tells_why_it_has_ended);
	tcase_add_test(tc, bad_sql_fails_and_leaves_no_rows);
	tcase_add_loop_test(tc, what_is_read_ahead_is_looked_at_again, 0, 4);
	tcase_add_test(tc, a_kept_statement_forgets_its_arguments);
	tcase_add_test(tc, a_statement_may_run_inside_itself);
	tcase_add_test(tc, any_number_of_statements_run_one_after_another);
	tcase_add_test(tc, too_many_statements_at_once_fail_and_recover);
	tcase_add_test(tc, a_gate_held_past_the_budget_is_busy);
	tcase_add_test(tc, a_gate_freed_within_the_budget_is_waited_for);
	tcase_add_test(tc, readers_share_the_gate_and_keep_writers_out);
	tcase_add_test(tc, a_gate_that_was_deleted_is_made_anew);
	tcase_add_test(tc, another_version_than_the_expected_one_is_busy);
	tcase_add_test(tc, a_reader_who_comes_later_waits_behind_a_writer);
	tcase_add_test(tc, who_does_not_wait_is_turned_away_at_once);
	tcase_add_test(tc, a_writer_keeps_everybody_out);
	tcase_add_test(tc, a_lock_past_the_gate_is_busy_too);
	tcase_add_test(tc, a_paused_transaction_is_gone_on_in);
	tcase_add_test(tc, a_paused_transaction_ends_before_one_that_writes);
	tcase_add_test(tc, a_paused_transaction_can_be_ended);
	tcase_add_test(tc, a_commit_by_whomever_makes_another_state);
	tcase_add_test(tc, what_is_not_committed_makes_no_other_state);
	tcase_add_test(tc, a_killed_commit_and_the_next_are_two_states);
	tcase_add_test(tc, a_journal_is_changed_once);
	tcase_add_test(tc, a_log_that_others_use_stays);
	tcase_add_test(tc, a_connection_learns_of_a_log);
	tcase_add_test(tc, a_mark_is_not_read_past_a_log);
	tcase_add_test(tc, a_log_that_never_was_is_none);
	tcase_add_test(tc, a_log_lets_readers_pass);
	tcase_add_test(tc, what_is_rolled_back_writes_over_nothing);
	tcase_add_test(tc, a_commit_that_failed_writes_over_nothing);
	tcase_add_test(tc, no_room_for_the_index_of_a_log_is_busy);
	tcase_add_test(tc, a_log_tells_states_apart);
	tcase_add_test(tc, a_state_that_has_gone_is_not_noted);
	tcase_add_test(tc, with_a_log_a_paused_transaction_is_written_in);
	tcase_add_test(tc, a_first_paused_transaction_is_not_written_in);
	tcase_add_test(
	    tc, a_failed_commit_of_a_paused_transaction_is_told_from_others);
	tcase_add_test(tc, an_old_paused_transaction_is_not_written_in);
	tcase_add_test(tc, a_paused_transaction_waits_for_a_lock_past_the_gate);
	tcase_add_test(tc, nobody_waits_at_the_gate_in_a_transaction);
	tcase_add_test(tc, a_copy_has_what_is_in_the_log);
	tcase_add_test(tc, a_copy_waits_for_readers_of_the_past);
	tcase_add_test(tc, a_copy_is_complete_and_closed_to_others);
	tcase_add_test(tc, a_copy_never_overwrites);
	tcase_add_test(tc, a_copy_that_fails_leaves_nothing);
	tcase_add_loop_test(
	    tc, a_copy_made_while_others_write_is_consistent, 0, 2);
	suite_add_tcase(suite, tc);
	return suite;
}

SUITE_MAIN(make_suite)
