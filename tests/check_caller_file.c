/* SPDX-License-Identifier: ISC */
/*
 * lib/caller_file: who a key belongs to, as an earlier process has left it.
 * A connection that has opened nothing yet stands for a process that starts.
 */
#include <check.h>
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "api_key_admin.h"
#include "caller_file.h"
#include "fixture.h"
#include "suite.h"

static struct api_key_text key;
static char path[sizeof(fx.path) + 16];
static struct api_key_known known;

static void
touch_at(const struct caller *caller, int64_t now)
{
	fixture_begin();
	ck_assert_int_eq(api_key_touch(fx.db, caller, now), RC_OK);
	fixture_commit();
}

static void
make_key(const struct caller *account, struct api_key_text *made)
{
	fixture_begin();
	ck_assert_int_eq(api_key_admin_create(fx.db, &fx.pepper, account,
			     "Shop", FIXTURE_NOW, made),
	    RC_OK);
	fixture_commit();
}

static void
setup(void)
{
	struct caller caller;

	fixture_setup();
	(void)snprintf(path, sizeof(path), "%s.callers", fx.path);
	make_key(&fx.one, &key);
	caller = fx.one;
	caller.key_id = fixture_int("SELECT id FROM api_key");
	touch_at(&caller, FIXTURE_NOW);
	memset(&known, 0, sizeof(known));
}

static enum rc
find(const char *s, struct caller *caller)
{
	int touch;
	enum rc rc;

	memset(&known, 0, sizeof(known));
	ck_assert_int_eq(db_begin(fx.db, DB_READ), RC_OK);
	rc = api_key_verify(fx.db, &fx.pepper, s, strlen(s), FIXTURE_NOW,
	    &known, caller, &touch);
	fixture_commit();
	return rc;
}

static void
leave(const char *s, const struct caller *caller)
{
	caller_file_leave(
	    path, fx.db, &fx.pepper, s, strlen(s), caller, &known);
}

/* What a process does that has to ask. */
static void
find_and_leave(const char *s)
{
	struct caller caller;

	ck_assert_int_eq(find(s, &caller), RC_OK);
	leave(s, &caller);
}

/* What the next one does at its start. */
static enum rc
recall_at(const char *s, int64_t now, struct caller *caller, int *touch)
{
	struct db *db;
	enum rc rc;

	ck_assert_int_eq(
	    db_open(fx.path, DB_LATE, FIXTURE_BUSY_MS, &db), RC_OK);
	rc = caller_file_recall(
	    path, db, &fx.pepper, s, strlen(s), now, caller, touch);
	db_close(db);
	if (rc != RC_OK) {
		ck_assert_int_eq(rc, RC_NOT_FOUND);
		ck_assert_int_eq(caller->account_id, 0);
		ck_assert_int_eq(caller->key_id, 0);
		ck_assert_int_eq(*touch, 0);
	}
	return rc;
}

static enum rc
recall(const char *s)
{
	struct caller caller = { .account_id = 99 };
	int touch = 99;

	return recall_at(s, FIXTURE_NOW, &caller, &touch);
}

/* --- what is left --------------------------------------------------------- */

START_TEST(a_caller_is_recalled_as_it_was_found)
{
	struct caller found, recalled;
	int touch;

	ck_assert_int_eq(recall(key.s), RC_NOT_FOUND);
	ck_assert_int_eq(find(key.s, &found), RC_OK);
	ck_assert_int_eq(found.balance_nano, fixture_balance(&fx.one));
	leave(key.s, &found);
	ck_assert_int_eq(
	    recall_at(key.s, FIXTURE_NOW, &recalled, &touch), RC_OK);
	ck_assert_mem_eq(&recalled, &found, sizeof(found));
	ck_assert_int_eq(touch, 0);
}
END_TEST

START_TEST(that_an_account_is_suspended_is_recalled)
{
	struct caller caller;
	int touch;

	fixture_sql("UPDATE account SET suspended_at = 1");
	find_and_leave(key.s);
	ck_assert_int_eq(recall_at(key.s, FIXTURE_NOW, &caller, &touch), RC_OK);
	ck_assert_int_eq(caller.suspended, 1);
}
END_TEST

START_TEST(the_last_use_is_due_from_the_file_too)
{
	struct caller caller;
	int touch;

	find_and_leave(key.s);
	ck_assert_int_eq(recall_at(key.s, FIXTURE_NOW + API_KEY_TOUCH_S - 1,
			     &caller, &touch),
	    RC_OK);
	ck_assert_int_eq(touch, 0);
	ck_assert_int_eq(
	    recall_at(key.s, FIXTURE_NOW + API_KEY_TOUCH_S, &caller, &touch),
	    RC_OK);
	ck_assert_int_eq(touch, 1);
	/* A clock that was set back. */
	ck_assert_int_eq(
	    recall_at(key.s, FIXTURE_NOW - 1, &caller, &touch), RC_OK);
	ck_assert_int_eq(touch, 1);
}
END_TEST

/* Adds a key with a number for an id. */
static void
add_key(int number, struct api_key_text *made)
{
	static const char sql[] =
	    "INSERT INTO api_key (account_id, public_id, mac, label,"
	    " created_at, last_used_at) VALUES ($1, $2, $3, 'x', $4, $4)";
	const size_t sum = API_KEY_LEN - API_KEY_CHECK_LEN;
	unsigned char mac[SECRET_HASH_LEN];
	char id[16];

	(void)snprintf(id, sizeof(id), "%08d", number);
	(void)snprintf(made->s, sizeof(made->s), "lk_%.8s%032d", id, number);
	api_key_checksum(made->s, sum, made->s + sum);
	made->s[API_KEY_LEN] = '\0';
	ck_assert_int_eq(
	    secret_hmac(&fx.pepper, made->s, API_KEY_LEN, mac), RC_OK);
	ck_assert_int_eq(
	    db_run(fx.db, sql,
		DB_ARGS(DB_INT(number % 2 == 0 ? fx.one.account_id
					       : fx.two.account_id),
		    DB_TEXT(id), DB_BLOB(mac, sizeof(mac)),
		    DB_INT(FIXTURE_NOW))),
	    RC_OK);
}

START_TEST(more_keys_than_places_are_never_mixed_up)
{
	enum { KEYS = 1200 };
	static struct api_key_text keys[KEYS];
	struct caller caller;
	int i, n = 0, touch;
	struct stat st;

	fixture_begin();
	for (i = 0; i < KEYS; i++)
		add_key(i, &keys[i]);
	fixture_commit();
	for (i = 0; i < KEYS; i++) {
		find_and_leave(keys[i].s);
		ck_assert_int_eq(recall(keys[i].s), RC_OK);
	}
	for (i = 0; i < KEYS; i++) {
		if (recall_at(keys[i].s, FIXTURE_NOW, &caller, &touch) != RC_OK)
			continue;
		n++;
		ck_assert_int_eq(caller.account_id,
		    i % 2 == 0 ? fx.one.account_id : fx.two.account_id);
		ck_assert_int_eq(caller.balance_nano,
		    i % 2 == 0 ? FIXTURE_BALANCE : FIXTURE_BALANCE_2);
	}
	ck_assert_int_ge(n, KEYS / 3);
	ck_assert_int_lt(n, KEYS);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_le(st.st_size, 150000);
	ck_assert_int_eq(st.st_mode & 0777, 0600);
}
END_TEST

/* --- commits -------------------------------------------------------------- */

/* Whatever is committed, and by whom: nothing stale is answered. */
START_TEST(nothing_is_recalled_after_a_commit)
{
	static const char *const commits[] = {
		"UPDATE api_key SET revoked_at = 1, revoked_why = 'x'",
		"UPDATE account SET suspended_at = 1",
		"UPDATE account SET balance_nano = balance_nano + 1",
		"UPDATE tier SET calls_per_minute = 1",
		"DELETE FROM api_key",
		"UPDATE tier SET name = name || 'x'",
		"PRAGMA user_version = 99",
		"VACUUM",
		"PRAGMA journal_mode = WAL",
	};

	find_and_leave(key.s);
	ck_assert_int_eq(recall(key.s), RC_OK);
	fixture_sql("%s", commits[_i]);
	ck_assert_int_eq(recall(key.s), RC_NOT_FOUND);
}
END_TEST

START_TEST(what_is_rolled_back_changes_nothing)
{
	find_and_leave(key.s);
	fixture_begin();
	ck_assert_int_eq(
	    db_run(fx.db, "UPDATE tier SET calls_per_minute = 1", DB_NO_ARGS),
	    RC_OK);
	ck_assert_int_eq(recall(key.s), RC_OK);
	db_rollback(fx.db);
	ck_assert_int_eq(recall(key.s), RC_OK);
}
END_TEST

START_TEST(what_a_commit_made_old_is_not_left)
{
	struct caller caller;

	ck_assert_int_eq(find(key.s, &caller), RC_OK);
	touch_at(&caller, FIXTURE_NOW + 1);
	leave(key.s, &caller);
	ck_assert_int_ne(access(path, F_OK), 0);
}
END_TEST

START_TEST(nothing_is_left_of_a_database_with_a_log)
{
	fixture_sql("PRAGMA journal_mode = WAL");
	find_and_leave(key.s);
	ck_assert_int_ne(access(path, F_OK), 0);
}
END_TEST

/* Else the locks of the transaction would be gone. */
START_TEST(no_mark_is_read_in_a_transaction)
{
	struct db_mark mark;

	ck_assert_int_eq(db_read_mark(fx.db, &mark), RC_OK);
	ck_assert_int_eq(db_begin(fx.db, DB_READ), RC_OK);
	ck_assert_int_eq(db_read_mark(fx.db, &mark), RC_NOT_FOUND);
	db_pause(fx.db);
	ck_assert_int_eq(db_read_mark(fx.db, &mark), RC_NOT_FOUND);
	db_rollback(fx.db);
	ck_assert_int_eq(db_read_mark(fx.db, &mark), RC_OK);
}
END_TEST

/* --- writers that die ----------------------------------------------------- */

/*
 * A process that writes its pages and is killed before it cuts its journal;
 * with header, after it has written that too.
 */
static void
die_while_writing(const char *sql, int header)
{
	static const unsigned char one[] = { 1 };
	pid_t pid = fork();
	sqlite3 *handle;
	int status, fd;

	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		if (sqlite3_open(fx.path, &handle) == SQLITE_OK &&
		    sqlite3_exec(handle, "BEGIN IMMEDIATE", NULL, NULL, NULL) ==
			SQLITE_OK &&
		    sqlite3_exec(handle, sql, NULL, NULL, NULL) == SQLITE_OK &&
		    sqlite3_db_cacheflush(handle) == SQLITE_OK)
			(void)kill(getpid(), SIGKILL);
		_exit(1);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFSIGNALED(status));
	if (!header)
		return;
	/* The count of changes: in any commit another one. */
	fd = open(fx.path, O_WRONLY | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(pwrite(fd, one, 1, 24), 1);
	(void)close(fd);
}

START_TEST(a_killed_writer_has_committed_nothing)
{
	struct caller caller;
	int touch, header;

	for (header = 0; header < 2; header++) {
		find_and_leave(key.s);
		die_while_writing(
		    "UPDATE account SET balance_nano = 1;"
		    "UPDATE tier SET calls_per_minute = 1;"
		    "UPDATE api_key SET revoked_at = 1, revoked_why = 'x'",
		    header);
		/* By the file alone, all but the end of a commit is none. */
		if (recall_at(key.s, FIXTURE_NOW, &caller, &touch) == RC_OK)
			ck_assert_int_eq(caller.balance_nano, FIXTURE_BALANCE);
		if (header)
			ck_assert_int_eq(recall(key.s), RC_NOT_FOUND);
		/* Who asks plays the journal back. */
		ck_assert_int_eq(find(key.s, &caller), RC_OK);
		ck_assert_int_eq(caller.balance_nano, FIXTURE_BALANCE);
		leave(key.s, &caller);
		ck_assert_int_eq(recall(key.s), RC_OK);
	}
}
END_TEST

/* --- other files ---------------------------------------------------------- */

/* Waits until a change of a file gets another time than the last one had. */
static void
wait_for_another_time(void)
{
	struct stat before, st;
	char other[sizeof(path) + 8];
	int fd;

	(void)snprintf(other, sizeof(other), "%s.clock", path);
	ck_assert_int_eq(stat(fx.path, &before), 0);
	do {
		fd = open(other, O_WRONLY | O_CREAT | O_TRUNC, 0600);
		ck_assert_int_ge(fd, 0);
		ck_assert_int_eq(fstat(fd, &st), 0);
		(void)close(fd);
		(void)unlink(other);
	} while (st.st_ctim.tv_sec == before.st_ctim.tv_sec &&
		 st.st_ctim.tv_nsec == before.st_ctim.tv_nsec);
}

/*
 * A backup that is put back goes on counting where it was: after as many
 * commits the file looks like what was in its place.
 */
START_TEST(a_database_put_back_is_another)
{
	static const char revoke[] =
	    "UPDATE api_key SET revoked_at = 1, revoked_why = 'x'";
	char backup[sizeof(path) + 8], *bytes;
	struct db_mark before, after;
	size_t len;

	(void)snprintf(backup, sizeof(backup), "%s.new", fx.path);
	bytes = fixture_read(fx.path, &len);
	fixture_sql("UPDATE tier SET calls_per_minute = 1000");
	find_and_leave(key.s);
	ck_assert_int_eq(recall(key.s), RC_OK);
	ck_assert_int_eq(db_read_mark(fx.db, &before), RC_OK);
	wait_for_another_time();
	if (_i == 0) {
		fixture_write(fx.path, bytes, len);
	} else {
		fixture_write(backup, bytes, len);
		ck_assert_int_eq(rename(backup, fx.path), 0);
	}
	fixture_sql("%s", revoke);
	free(bytes);
	ck_assert_int_eq(recall(key.s), RC_NOT_FOUND);
	/* Else this would show nothing. */
	db_close(fx.db);
	ck_assert_int_eq(db_open(fx.path, 0, FIXTURE_BUSY_MS, &fx.db), RC_OK);
	ck_assert_int_eq(db_read_mark(fx.db, &after), RC_OK);
	ck_assert_mem_eq(before.bytes, after.bytes, sizeof(after.bytes));
}
END_TEST

/* What is read from one file is not left for another of the same count. */
START_TEST(nothing_is_left_for_a_file_that_was_not_asked)
{
	char other[sizeof(path) + 8], *bytes;
	struct caller caller;
	size_t len;

	(void)snprintf(other, sizeof(other), "%s.new", fx.path);
	ck_assert_int_eq(find(key.s, &caller), RC_OK);
	bytes = fixture_read(fx.path, &len);
	fixture_write(other, bytes, len);
	free(bytes);
	ck_assert_int_eq(rename(other, fx.path), 0);
	leave(key.s, &caller);
	ck_assert_int_ne(access(path, F_OK), 0);
}
END_TEST

/* --- other keys, and damage ----------------------------------------------- */

START_TEST(a_wrong_secret_with_the_right_id_is_not_recalled)
{
	size_t i = API_KEY_PREFIX_LEN + API_KEY_ID_LEN;
	const size_t sum = API_KEY_LEN - API_KEY_CHECK_LEN;
	struct api_key_text bad;

	find_and_leave(key.s);
	for (; i < sum; i++) {
		bad = key;
		bad.s[i] = bad.s[i] == 'a' ? 'b' : 'a';
		ck_assert_int_eq(recall(bad.s), RC_NOT_FOUND);
		api_key_checksum(bad.s, sum, bad.s + sum);
		ck_assert_int_eq(recall(bad.s), RC_NOT_FOUND);
	}
	ck_assert_int_eq(recall(""), RC_NOT_FOUND);
	ck_assert_int_eq(recall(key.s), RC_OK);
	fx.pepper.bytes[0] ^= 1;
	ck_assert_int_eq(recall(key.s), RC_NOT_FOUND);
}
END_TEST

static void
write_at(const void *bytes, size_t len, size_t at)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(pwrite(fd, bytes, len, (off_t)at), (ssize_t)len);
	(void)close(fd);
}

START_TEST(what_is_damaged_is_not_recalled)
{
	size_t len, i, begin = 0;
	char *bytes, byte;

	find_and_leave(key.s);
	bytes = fixture_read(path, &len);
	/* Before the place there is a hole. */
	while (begin < len && bytes[begin] == '\0')
		begin++;
	ck_assert_uint_ge(len - begin, 100);
	for (i = begin; i < len; i++) {
		byte = bytes[i] ^ 0x10;
		write_at(&byte, 1, i);
		ck_assert_msg(recall(key.s) == RC_NOT_FOUND, "byte %zu of %zu",
		    i - begin, len - begin);
		write_at(&bytes[i], 1, i);
	}
	ck_assert_int_eq(recall(key.s), RC_OK);
	for (i = len; i-- > begin;) {
		ck_assert_int_eq(truncate(path, (off_t)i), 0);
		ck_assert_int_eq(recall(key.s), RC_NOT_FOUND);
	}
	fixture_write(path, "", 0);
	ck_assert_int_eq(recall(key.s), RC_NOT_FOUND);
	fixture_write(path, bytes, len);
	ck_assert_int_eq(recall(key.s), RC_OK);
	free(bytes);
}
END_TEST

/* What cannot be written costs time, and no answer. */
START_TEST(a_file_that_cannot_be_written_is_none)
{
	const struct rlimit none = { 0, RLIM_INFINITY };

	if (_i == 0) {
		ck_assert_int_eq(mkdir(path, 0700), 0);
		find_and_leave(key.s);
	} else {
		(void)signal(SIGXFSZ, SIG_IGN);
		ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &none), 0);
		find_and_leave(key.s);
		ck_assert_int_eq(
		    setrlimit(RLIMIT_FSIZE,
			&(struct rlimit){ RLIM_INFINITY, RLIM_INFINITY }),
		    0);
	}
	ck_assert_int_eq(recall(key.s), RC_NOT_FOUND);
}
END_TEST

static Suite *
make_suite(void)
{
	Suite *suite = suite_create("caller_file");
	TCase *tc = tcase_create("caller_file");

	tcase_add_checked_fixture(tc, setup, fixture_teardown);
	tcase_add_test(tc, a_caller_is_recalled_as_it_was_found);
	tcase_add_test(tc, that_an_account_is_suspended_is_recalled);
	tcase_add_test(tc, the_last_use_is_due_from_the_file_too);
	tcase_add_test(tc, more_keys_than_places_are_never_mixed_up);
	tcase_add_loop_test(tc, nothing_is_recalled_after_a_commit, 0, 9);
	tcase_add_test(tc, what_is_rolled_back_changes_nothing);
	tcase_add_test(tc, what_a_commit_made_old_is_not_left);
	tcase_add_test(tc, nothing_is_left_of_a_database_with_a_log);
	tcase_add_test(tc, no_mark_is_read_in_a_transaction);
	tcase_add_test(tc, a_killed_writer_has_committed_nothing);
	tcase_add_loop_test(tc, a_database_put_back_is_another, 0, 2);
	tcase_add_test(tc, nothing_is_left_for_a_file_that_was_not_asked);
	tcase_add_test(tc, a_wrong_secret_with_the_right_id_is_not_recalled);
	tcase_add_test(tc, what_is_damaged_is_not_recalled);
	tcase_add_loop_test(tc, a_file_that_cannot_be_written_is_none, 0, 2);
	suite_add_tcase(suite, tc);
	return suite;
}

SUITE_MAIN(make_suite)
