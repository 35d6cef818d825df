/* SPDX-License-Identifier: ISC */
/*
 * lib/scratch_row: what is found in the file is what SQLite finds, what is
 * changed there is what SQLite reads, and no page, whatever is in it, leads
 * astray.
 */
#include "scratch_row.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "db.h"
#include "scratch.h"
#include "suite.h"

enum { BUSY_MS = 10000, KEPT = 8, PAGE = 1024, KEY_LEN = 9, NUMBERS = 2 };

static const char SQL_CREATE[] =
    "CREATE TABLE other (id INTEGER PRIMARY KEY, n INTEGER);"
    "CREATE TABLE t (k BLOB PRIMARY KEY, a INTEGER NOT NULL,"
    " b INTEGER NOT NULL) STRICT, WITHOUT ROWID";
static const char SQL_ADD[] = "INSERT INTO t (k, a, b) VALUES ($1, $2, $3)";
static const char SQL_B[] = "SELECT b FROM t WHERE k = $1";
static const char SQL_CHECK[] = "PRAGMA integrity_check(1)";

static char path[SCRATCH_PATH_LEN];
static struct db *db;

/* xorshift64 (Marsaglia 2003) */
static uint64_t
draw(void)
{
	static uint64_t state = UINT64_C(0x9e3779b97f4a7c15);

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

static struct db *
open_kept(void)
{
	struct db *kept = NULL;
	int i;

	ck_assert_int_eq(
	    db_open(path, DB_CREATE | DB_SCRATCH, BUSY_MS, &kept), RC_OK);
	for (i = 0; i < KEPT; i++) {
		ck_assert_int_eq(db_begin(kept, DB_WRITE), RC_OK);
		ck_assert_int_eq(db_end(kept, RC_OK), RC_OK);
	}
	return kept;
}

static void
learn(struct db *kept)
{
	ck_assert_int_eq(db_begin(kept, DB_READ), RC_OK);
	ck_assert_int_eq(db_learn_table(kept, "t"), RC_OK);
	ck_assert_int_eq(db_end(kept, RC_OK), RC_OK);
}

static void
setup(void)
{
	scratch_make();
	scratch_path("scratch.db", path);
	db = open_kept();
	ck_assert_int_eq(db_begin(db, DB_WRITE), RC_OK);
	ck_assert_int_eq(db_script(db, SQL_CREATE), RC_OK);
	ck_assert_int_eq(db_end(db, RC_OK), RC_OK);
	learn(db);
}

static void
teardown(void)
{
	db_close(db);
	scratch_remove();
}

/* Keys of two lengths, in no order. */
static struct db_value
key_of(uint64_t n, unsigned char key[KEY_LEN])
{
	uint64_t bits = n * UINT64_C(0x9e3779b97f4a7c15);

	memset(key, 0, KEY_LEN);
	key[0] = (unsigned char)(n % 3);
	memcpy(key + 1, &bits, sizeof(bits));
	return DB_BLOB(key, n % 3 == 0 ? 5 : KEY_LEN);
}

static void
add(uint64_t n, int64_t a, int64_t b)
{
	unsigned char key[KEY_LEN];

	ck_assert_int_eq(db_begin(db, DB_WRITE), RC_OK);
	ck_assert_int_eq(
	    db_run(db, SQL_ADD, DB_ARGS(key_of(n, key), DB_INT(a), DB_INT(b))),
	    RC_OK);
	ck_assert_int_eq(db_end(db, RC_OK), RC_OK);
}

static enum rc
find(uint64_t n, struct scratch_number row[NUMBERS])
{
	unsigned char key[KEY_LEN];
	struct db_value value = key_of(n, key);
	enum rc rc;

	ck_assert_int_eq(db_enter(db), RC_OK);
	rc = db_find_numbers(db, &value, row, NUMBERS);
	db_leave(db);
	return rc;
}

static enum rc
change(uint64_t n, int64_t b)
{
	unsigned char key[KEY_LEN];
	struct db_value value = key_of(n, key);
	struct scratch_number row[NUMBERS];
	enum rc rc;

	ck_assert_int_eq(db_enter(db), RC_OK);
	rc = db_find_numbers(db, &value, row, NUMBERS);
	if (rc == RC_OK && !scratch_row_fits(&row[1], b))
		rc = RC_NOT_FOUND;
	row[1].value = b;
	if (rc == RC_OK)
		rc = db_change_numbers(db, &row[1], 1);
	db_leave(db);
	return rc;
}

/* What a connection reads by a query; its pages may be from before. */
static int64_t
read_b(struct db *by, uint64_t n)
{
	unsigned char key[KEY_LEN];
	int64_t b = -1;

	ck_assert_int_eq(db_begin(by, DB_READ), RC_OK);
	ck_assert_int_eq(db_one(by, SQL_B, DB_ARGS(key_of(n, key)), &b), RC_OK);
	ck_assert_int_eq(db_end(by, RC_OK), RC_OK);
	return b;
}

static void
must_be_sound(void)
{
	struct db_rows *rows = NULL;

	ck_assert_int_eq(db_begin(db, DB_READ), RC_OK);
	ck_assert_int_eq(db_query(db, SQL_CHECK, DB_NO_ARGS, &rows), RC_OK);
	ck_assert_int_eq(db_next(rows), RC_OK);
	ck_assert_str_eq(db_text(rows, 0), "ok");
	db_done(&rows);
	ck_assert_int_eq(db_end(db, RC_OK), RC_OK);
}

/* Through all that a tree becomes while it grows to three levels. */
START_TEST(what_is_there_is_found_and_nothing_else)
{
	enum { N = 1500, LOOK_EVERY = 100 };
	struct scratch_number row[NUMBERS];
	uint64_t n, i;

	ck_assert_int_eq(find(0, row), RC_NOT_FOUND);
	for (n = 0; n < N; n++) {
		add(n, (int64_t)(n * n), (int64_t)n);
		for (i = n % LOOK_EVERY == 0 ? 0 : n; i <= n; i++) {
			ck_assert_int_eq(find(i, row), RC_OK);
			ck_assert_int_eq(row[0].value, (int64_t)(i * i));
			ck_assert_int_eq(row[1].value, (int64_t)i);
		}
		ck_assert_int_eq(find(n + 1, row), RC_NOT_FOUND);
	}
	for (i = 0; i < N; i++)
		if (change(i, (int64_t)i + 1) == RC_OK)
			ck_assert_int_eq(read_b(db, i), (int64_t)i + 1);
	must_be_sound();
}
END_TEST

static const int64_t edges[] = { 0, 1, 2, 126, 127, 128, 255, 256, 32767, 32768,
	8388607, 8388608, INT64_C(2147483647), INT64_C(2147483648),
	INT64_C(140737488355327), INT64_C(140737488355328), INT64_MAX };

/* To the next number, and to each of those. */
START_TEST(a_number_changes_where_it_takes_as_many_bytes)
{
	struct scratch_number row[NUMBERS];
	struct db *other = open_kept();
	int from, to;

	for (from = 0; from < ROWS(edges); from++) {
		const uint64_t n = (uint64_t)from;

		add(n, -1 - from, edges[from]);
		ck_assert_int_eq(find(n, row), RC_OK);
		ck_assert_int_eq(row[0].value, -1 - from);
		ck_assert_int_eq(row[1].value, edges[from]);
		for (to = 0; to < ROWS(edges); to++) {
			enum rc rc = change(n, edges[to]);

			ck_assert_int_eq(find(n, row), RC_OK);
			ck_assert_int_eq(row[0].value, -1 - from);
			if (rc == RC_OK)
				ck_assert_int_eq(row[1].value, edges[to]);
			ck_assert_int_eq(read_b(db, n), row[1].value);
			ck_assert_int_eq(read_b(other, n), row[1].value);
		}
		must_be_sound();
	}
	db_close(other);
}
END_TEST

/* Lengths are those that SQLite would have chosen. */
START_TEST(a_number_fits_as_sqlite_would_write_it)
{
	struct scratch_number before[NUMBERS], after[NUMBERS];
	uint64_t n = 0;
	int i;

	for (i = 0; i < ROWS(edges); i++) {
		int64_t next = edges[i] < INT64_MAX ? edges[i] + 1 : edges[i];

		add(n, 0, edges[i]);
		add(n + 1, 0, next);
		ck_assert_int_eq(find(n, before), RC_OK);
		ck_assert_int_eq(find(n + 1, after), RC_OK);
		ck_assert_int_eq(scratch_row_fits(&before[1], next),
		    before[1].len > 0 && before[1].len == after[1].len);
		ck_assert_int_eq(scratch_row_fits(&before[1], -1), 0);
		n += 2;
	}
}
END_TEST

START_TEST(what_is_not_mapped_is_not_found)
{
	unsigned char key[KEY_LEN];
	struct scratch_number row[NUMBERS];
	struct db_value value = key_of(1, key);
	struct db *fresh = NULL;

	add(1, 2, 3);
	ck_assert_int_eq(db_open(path, DB_SCRATCH, BUSY_MS, &fresh), RC_OK);
	learn(fresh);
	ck_assert_int_eq(db_enter(fresh), RC_OK);
	ck_assert_int_eq(
	    db_find_numbers(fresh, &value, row, NUMBERS), RC_NOT_FOUND);
	db_leave(fresh);
	db_close(fresh);
	/* Nor what has another shape. */
	ck_assert_int_eq(db_enter(db), RC_OK);
	ck_assert_int_eq(db_find_numbers(db, &value, row, 1), RC_NOT_FOUND);
	ck_assert_int_eq(db_find_numbers(db, &value, row, NUMBERS), RC_OK);
	db_leave(db);
}
END_TEST

/* What a killed writer leaves, pages of another size, a log. */
START_TEST(a_file_that_is_not_ours_is_not_changed)
{
	static const struct {
		off_t at;
		const char *bytes;
		size_t len;
	} harms[] = { { 0, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16 },
		{ 0, "\0", 1 }, { 16, "\x10\0", 2 }, { 18, "\2\2", 2 } };
	unsigned char before[PAGE], after[PAGE];
	int fd = open(path, O_RDWR | O_CLOEXEC);

	add(1, 2, 30);
	ck_assert_int_eq(change(1, 31), RC_OK);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(
	    pwrite(fd, harms[_i].bytes, harms[_i].len, harms[_i].at),
	    (ssize_t)harms[_i].len);
	ck_assert_int_eq(pread(fd, before, PAGE, 0), PAGE);
	ck_assert_int_eq(change(1, 32), RC_NOT_FOUND);
	ck_assert_int_eq(pread(fd, after, PAGE, 0), PAGE);
	ck_assert_mem_eq(before, after, PAGE);
	(void)close(fd);
}
END_TEST

START_TEST(a_transaction_goes_on_behind_the_gate)
{
	struct scratch_number row[NUMBERS];
	unsigned char key[KEY_LEN];
	struct db_value value = key_of(1, key);

	add(1, 2, 30);
	ck_assert_int_eq(db_enter(db), RC_OK);
	ck_assert_int_eq(db_find_numbers(db, &value, row, NUMBERS), RC_OK);
	row[1].value = 31;
	ck_assert_int_eq(db_change_numbers(db, &row[1], 1), RC_OK);
	ck_assert_int_eq(db_begin(db, DB_WRITE), RC_OK);
	ck_assert_int_eq(
	    db_run(db, "UPDATE t SET b = b + 1", DB_NO_ARGS), RC_OK);
	/* Not while a transaction is open. */
	ck_assert_int_eq(db_enter(db), RC_FAIL);
	ck_assert_int_eq(db_end(db, RC_OK), RC_OK);
	ck_assert_int_eq(read_b(db, 1), 32);
	db_leave(db);
}
END_TEST

/* Pages of random bytes in place of good ones: nothing but a wrong answer. */
START_TEST(no_page_leads_astray)
{
	enum { N = 400, ROUNDS = 20000, BYTES = 3 };
	struct scratch_number row[NUMBERS];
	unsigned char page[PAGE], bad[PAGE];
	int fd = open(path, O_RDWR | O_CLOEXEC), i, b;
	off_t size, at;
	uint64_t n;

	ck_assert_int_ge(fd, 0);
	for (n = 0; n < N; n++)
		add(n, 7, (int64_t)n);
	size = lseek(fd, 0, SEEK_END);
	ck_assert_int_gt(size, 8 * PAGE);
	for (i = 0; i < ROUNDS; i++) {
		at = (off_t)(draw() % (uint64_t)(size / PAGE - 1) + 1) * PAGE;
		ck_assert_int_eq(pread(fd, page, PAGE, at), PAGE);
		memcpy(bad, page, PAGE);
		for (b = 0; b < BYTES; b++)
			bad[draw() % (i % 2 == 0 ? PAGE : 40)] =
			    (unsigned char)draw();
		ck_assert_int_eq(pwrite(fd, bad, PAGE, at), PAGE);
		for (n = 0; n < 4; n++)
			if (find(draw() % N, row) == RC_OK) {
				ck_assert_int_lt(row[1].at, size);
				ck_assert_int_ge(row[1].at, PAGE);
				ck_assert_int_le(row[1].len, 8);
			}
		ck_assert_int_eq(pwrite(fd, page, PAGE, at), PAGE);
	}
	(void)close(fd);
	must_be_sound();
}
END_TEST

static Suite *
make_suite(void)
{
	Suite *s = suite_create("scratch_row");
	TCase *tc = tcase_create("scratch_row");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, what_is_there_is_found_and_nothing_else);
	tcase_add_test(tc, a_number_changes_where_it_takes_as_many_bytes);
	tcase_add_test(tc, a_number_fits_as_sqlite_would_write_it);
	tcase_add_test(tc, what_is_not_mapped_is_not_found);
	tcase_add_loop_test(tc, a_file_that_is_not_ours_is_not_changed, 0, 4);
	tcase_add_test(tc, a_transaction_goes_on_behind_the_gate);
	tcase_add_test(tc, no_page_leads_astray);
	suite_add_tcase(s, tc);
	return s;
}

SUITE_MAIN(make_suite)
