/* SPDX-License-Identifier: ISC */
/*
 * lib/rate: three layers of counters.  Time is an argument here, so that
 * windows pass without waiting; what can happen to the file of the counters
 * is done to it.
 */
#include "rate.h"

#include <arpa/inet.h>
#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "fixture.h"
#include "harness.h"
#include "scratch.h"
#include "suite.h"

enum { T = 1700000000, PLENTY = 1000, SHORT_MS = 50 };

static struct rate *rate;
static char path[512];

static void
setup(void)
{
	fixture_setup();
	(void)snprintf(path, sizeof(path), "%s", fixture_path(RATE_NAME));
	ck_assert_int_eq(rate_open(path, SHORT_MS, &rate), RC_OK);
}

static void
teardown(void)
{
	rate_close(rate);
	rate = NULL;
	fixture_teardown();
}

static void
reopen(void)
{
	rate_close(rate);
	ck_assert_int_eq(rate_open(path, SHORT_MS, &rate), RC_OK);
}

static void
count_address(struct rate_count *c, const char *text, int64_t limit)
{
	unsigned char address[16] = { [10] = 0xff, [11] = 0xff };

	if (inet_pton(AF_INET, text, address + 12) != 1)
		ck_assert_int_eq(inet_pton(AF_INET6, text, address), 1);
	rate_count_ip(c, address, limit);
}

/* The three layers of one caller. */
static void
layers(struct rate_count c[RATE_LAYERS], int64_t ip, int64_t key, int64_t tier)
{
	count_address(&c[RATE_IP], "192.0.2.1", ip);
	rate_count_id(&c[RATE_KEY], RATE_KEY, 7, key);
	rate_count_id(&c[RATE_TIER], RATE_TIER, 3, tier);
}

/* One call of an address; what it gives. */
static enum rc
call(const char *address, int64_t limit, int64_t now)
{
	struct rate_count c;
	size_t denied;

	count_address(&c, address, limit);
	return rate_admit(rate, &c, 1, now, &denied);
}

/* What an address has left. */
static int64_t
left(const char *address, int64_t limit, int64_t now)
{
	struct rate_count c;
	enum rc rc;

	count_address(&c, address, limit);
	rc = rate_peek(rate, &c, now);
	ck_assert(rc == RC_OK || rc == RC_LIMITED);
	ck_assert_int_eq(rc == RC_LIMITED, c.remaining == 0);
	return c.remaining;
}

/* --- layers --------------------------------------------------------------- */

START_TEST(a_denied_call_still_tells_what_the_other_layers_have_left)
{
	struct rate_count c[RATE_LAYERS];
	size_t denied;

	layers(c, 9, 1, 5);
	ck_assert_int_eq(rate_admit(rate, c, RATE_LAYERS, T, &denied), RC_OK);
	layers(c, 9, 1, 5);
	ck_assert_int_eq(
	    rate_admit(rate, c, RATE_LAYERS, T, &denied), RC_LIMITED);
	ck_assert_uint_eq(denied, RATE_KEY);
	ck_assert_int_eq(c[RATE_IP].remaining, 8);
	ck_assert_int_eq(c[RATE_KEY].remaining, 0);
	ck_assert_int_eq(c[RATE_TIER].remaining, 4);
}
END_TEST

START_TEST(the_first_layer_to_run_out_denies)
{
	static const struct {
		int64_t limit[RATE_LAYERS];
		size_t denied;
	} rows[] = {
		{ { 3, 5, 5 }, RATE_IP },
		{ { 5, 3, 5 }, RATE_KEY },
		{ { 5, 5, 3 }, RATE_TIER },
		{ { 3, 3, 3 }, RATE_IP },
		{ { 5, 3, 3 }, RATE_KEY },
	};
	struct rate_count c[RATE_LAYERS];
	size_t denied = 99;
	int n, row = _i;

	for (n = 0; n < 3; n++) {
		layers(c, rows[row].limit[0], rows[row].limit[1],
		    rows[row].limit[2]);
		ck_assert_int_eq(
		    rate_admit(rate, c, RATE_LAYERS, T + n, &denied), RC_OK);
		ck_assert_int_eq(
		    c[RATE_KEY].remaining, rows[row].limit[1] - n - 1);
		ck_assert_int_eq(c[RATE_KEY].reset, T + RATE_WINDOW);
	}
	ck_assert_int_eq(
	    rate_admit(rate, c, RATE_LAYERS, T + 3, &denied), RC_LIMITED);
	ck_assert_uint_eq(denied, rows[row].denied);
	ck_assert_int_eq(c[denied].remaining, 0);
	ck_assert_int_eq(c[denied].reset, T + RATE_WINDOW);
}
END_TEST

START_TEST(a_denied_call_consumes_nothing_elsewhere)
{
	struct rate_count c[RATE_LAYERS];
	size_t denied;
	int n;

	for (n = 0; n < 10; n++) {
		layers(c, PLENTY, 2, PLENTY);
		ck_assert_int_eq(rate_admit(rate, c, RATE_LAYERS, T, &denied),
		    n < 2 ? RC_OK : RC_LIMITED);
	}
	/* With the key's limit out of the way the others show. */
	layers(c, PLENTY, PLENTY, PLENTY);
	ck_assert_int_eq(rate_admit(rate, c, RATE_LAYERS, T, &denied), RC_OK);
	ck_assert_int_eq(c[RATE_IP].remaining, PLENTY - 3);
	ck_assert_int_eq(c[RATE_KEY].remaining, PLENTY - 3);
	ck_assert_int_eq(c[RATE_TIER].remaining, PLENTY - 3);
}
END_TEST

START_TEST(a_failed_authentication_touches_the_address_alone)
{
	struct rate_count c[RATE_LAYERS];
	size_t denied;

	layers(c, PLENTY, PLENTY, PLENTY);
	ck_assert_int_eq(rate_admit(rate, c, 1, T, &denied), RC_OK);
	layers(c, PLENTY, PLENTY, PLENTY);
	ck_assert_int_eq(rate_admit(rate, c, RATE_LAYERS, T, &denied), RC_OK);
	ck_assert_int_eq(c[RATE_IP].remaining, PLENTY - 2);
	ck_assert_int_eq(c[RATE_KEY].remaining, PLENTY - 1);
	ck_assert_int_eq(c[RATE_TIER].remaining, PLENTY - 1);
}
END_TEST

START_TEST(a_look_counts_nothing)
{
	int n;

	for (n = 0; n < 5; n++)
		ck_assert_int_eq(left("192.0.2.1", 2, T), 2);
	ck_assert_int_eq(call("192.0.2.1", 2, T), RC_OK);
	ck_assert_int_eq(left("192.0.2.1", 2, T), 1);
	ck_assert_int_eq(call("192.0.2.1", 2, T), RC_OK);
	ck_assert_int_eq(left("192.0.2.1", 2, T), 0);
}
END_TEST

/* Counts an address down and asks whether that is remembered. */
static int
has_denied(const char *address, int64_t now)
{
	struct rate_count c;

	count_address(&c, address, 1);
	return rate_has_denied(rate, &c, now);
}

START_TEST(who_was_denied_is_remembered_until_the_window_ends)
{
	ck_assert(!has_denied("192.0.2.1", T));
	ck_assert_int_eq(call("192.0.2.1", 1, T), RC_OK);
	ck_assert(!has_denied("192.0.2.1", T));
	if (_i == 0)
		ck_assert_int_eq(call("192.0.2.1", 1, T + 5), RC_LIMITED);
	else
		ck_assert_int_eq(left("192.0.2.1", 1, T + 5), 0);
	ck_assert(has_denied("192.0.2.1", T + RATE_WINDOW - 1));
	ck_assert(!has_denied("192.0.2.2", T + 6));
	ck_assert(!has_denied("192.0.2.1", T + RATE_WINDOW));
	/* By this connection: others find out themselves. */
	reopen();
	ck_assert(!has_denied("192.0.2.1", T + 6));
}
END_TEST

START_TEST(the_last_few_who_were_denied_are_remembered)
{
	char address[32];
	int n;

	for (n = 0; n < 100; n++) {
		(void)snprintf(address, sizeof(address), "10.0.0.%d", n);
		ck_assert_int_eq(call(address, 1, T), RC_OK);
		ck_assert_int_eq(call(address, 1, T), RC_LIMITED);
		ck_assert_int_eq(call(address, 1, T), RC_LIMITED);
		ck_assert(has_denied(address, T));
	}
	for (n = 90; n < 100; n++) {
		(void)snprintf(address, sizeof(address), "10.0.0.%d", n);
		ck_assert(has_denied(address, T));
	}
	ck_assert(!has_denied("10.0.0.0", T));
}
END_TEST

START_TEST(the_same_id_in_two_layers_is_two_subjects)
{
	struct rate_count c[2];
	size_t denied;

	rate_count_id(&c[0], RATE_KEY, 1, 1);
	rate_count_id(&c[1], RATE_TIER, 1, 1);
	ck_assert_int_eq(rate_admit(rate, c, 2, T, &denied), RC_OK);
	ck_assert_int_eq(rate_admit(rate, c, 2, T, &denied), RC_LIMITED);
	ck_assert_uint_eq(denied, 0);
}
END_TEST

START_TEST(more_layers_than_there_are_fail)
{
	struct rate_count c[RATE_LAYERS + 1];
	size_t denied;

	memset(c, 0, sizeof(c));
	ck_assert_int_eq(
	    rate_admit(rate, c, RATE_LAYERS + 1, T, &denied), RC_FAIL);
}
END_TEST

/* --- windows -------------------------------------------------------------- */

START_TEST(a_window_starts_with_the_first_call)
{
	ck_assert_int_eq(call("192.0.2.1", 2, T), RC_OK);
	ck_assert_int_eq(call("192.0.2.1", 2, T + 59), RC_OK);
	ck_assert_int_eq(call("192.0.2.1", 2, T + 59), RC_LIMITED);
	ck_assert_int_eq(call("192.0.2.1", 2, T + 60), RC_OK);
	ck_assert_int_eq(left("192.0.2.1", 2, T + 60), 1);
	/* The new one lasts from then on. */
	ck_assert_int_eq(call("192.0.2.1", 2, T + 61), RC_OK);
	ck_assert_int_eq(call("192.0.2.1", 2, T + 119), RC_LIMITED);
	ck_assert_int_eq(call("192.0.2.1", 2, T + 120), RC_OK);
}
END_TEST

START_TEST(a_lower_limit_holds_at_once)
{
	int n;

	for (n = 0; n < 5; n++)
		ck_assert_int_eq(call("192.0.2.1", 10, T), RC_OK);
	ck_assert_int_eq(left("192.0.2.1", 3, T), 0);
	ck_assert_int_eq(call("192.0.2.1", 3, T), RC_LIMITED);
	ck_assert_int_eq(left("192.0.2.1", 10, T), 5);
}
END_TEST

START_TEST(a_clock_set_back_a_little_gives_no_calls_back)
{
	ck_assert_int_eq(call("192.0.2.1", 2, T), RC_OK);
	ck_assert_int_eq(call("192.0.2.1", 2, T - RATE_WINDOW), RC_OK);
	ck_assert_int_eq(call("192.0.2.1", 2, T - RATE_WINDOW), RC_LIMITED);
	ck_assert_int_eq(call("192.0.2.1", 2, T + RATE_WINDOW - 1), RC_LIMITED);
	ck_assert_int_eq(call("192.0.2.1", 2, T + RATE_WINDOW), RC_OK);
}
END_TEST

START_TEST(a_clock_set_back_far_starts_a_new_window)
{
	struct rate_count c;
	int64_t back = T - 5000;
	size_t denied;

	count_address(&c, "192.0.2.1", 1);
	ck_assert_int_eq(rate_admit(rate, &c, 1, T, &denied), RC_OK);
	ck_assert_int_eq(rate_peek(rate, &c, back), RC_OK);
	ck_assert_int_eq(rate_admit(rate, &c, 1, back, &denied), RC_OK);
	ck_assert_int_eq(c.reset, back + RATE_WINDOW);
	/* That window lasts a minute, for whoever looks or calls. */
	ck_assert_int_eq(rate_peek(rate, &c, back + 30), RC_LIMITED);
	ck_assert_int_eq(
	    rate_admit(rate, &c, 1, back + 59, &denied), RC_LIMITED);
	ck_assert_int_eq(c.reset, back + RATE_WINDOW);
	ck_assert_int_eq(
	    rate_admit(rate, &c, 1, back + RATE_WINDOW, &denied), RC_OK);
}
END_TEST

/* --- subjects ------------------------------------------------------------- */

START_TEST(addresses_are_told_apart_as_designed)
{
	static const struct {
		const char *a, *b;
		int same;
	} rows[] = {
		{ "192.0.2.1", "192.0.2.1", 1 },
		{ "192.0.2.1", "192.0.2.2", 0 },
		{ "192.0.2.1", "::ffff:192.0.2.1", 1 },
		{ "192.0.2.1", "::ffff:192.0.2.2", 0 },
		{ "2001:db8:1:2::1", "2001:db8:1:2::2", 1 },
		{ "2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff", 1 },
		{ "2001:db8:1:2::1", "2001:db8:1:3::1", 0 },
		{ "2001:db8:1:2::1", "2001:db8:2:2::1", 0 },
		{ "::1", "192.0.2.1", 0 },
		{ "::", "0.0.0.0", 0 },
	};

	ck_assert_int_eq(call(rows[_i].a, 1, T), RC_OK);
	ck_assert_msg(
	    call(rows[_i].b, 1, T) == (rows[_i].same ? RC_LIMITED : RC_OK),
	    "%s and %s", rows[_i].a, rows[_i].b);
}
END_TEST

/* --- the table stays small ------------------------------------------------ */

static int64_t
counters(void)
{
	struct db *db;
	int64_t n = -1;

	ck_assert_int_eq(db_open(path, DB_READONLY, 1000, &db), RC_OK);
	ck_assert_int_eq(db_begin(db, DB_READ), RC_OK);
	ck_assert_int_eq(
	    db_one(db, "SELECT COUNT(*) FROM counter", DB_NO_ARGS, &n), RC_OK);
	db_close(db);
	return n;
}

START_TEST(old_counters_are_pruned)
{
	enum { MINUTES = 6, A_MINUTE = 150 };
	char address[32];
	int minute, n;

	for (minute = 0; minute < MINUTES; minute++) {
		for (n = 0; n < A_MINUTE; n++) {
			(void)snprintf(address, sizeof(address), "10.%d.%d.%d",
			    minute, n / 250, n % 250);
			ck_assert_int_eq(
			    call(address, 5, T + minute * 60), RC_OK);
		}
	}
	/* Those of this minute, and at most as many old ones. */
	ck_assert_int_le(counters(), 2 * A_MINUTE);
	ck_assert_int_ge(counters(), A_MINUTE);
	/* None of a running window was taken. */
	ck_assert_int_eq(left("10.5.0.0", 5, T + (MINUTES - 1) * 60), 4);
}
END_TEST

/* --- the file ------------------------------------------------------------- */

START_TEST(counters_outlive_the_process)
{
	ck_assert_int_eq(call("192.0.2.1", 1, T), RC_OK);
	reopen();
	ck_assert_int_eq(call("192.0.2.1", 1, T), RC_LIMITED);
}
END_TEST

START_TEST(a_lost_file_is_made_anew)
{
	ck_assert_int_eq(call("192.0.2.1", 1, T), RC_OK);
	rate_close(rate);
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(rate_open(path, SHORT_MS, &rate), RC_OK);
	ck_assert_int_eq(left("192.0.2.1", 1, T), 1);
	ck_assert_int_eq(call("192.0.2.1", 1, T), RC_OK);
	ck_assert_int_eq(call("192.0.2.1", 1, T), RC_LIMITED);
}
END_TEST

/* One that is deleted is left at once, one that is moved within a second. */
START_TEST(a_file_that_was_replaced_is_left)
{
	static const struct timespec second = { 1, 0 };
	struct rate *other = NULL;
	struct rate_count c;
	char aside[600];
	size_t denied;
	int n;

	(void)snprintf(aside, sizeof(aside), "%s.aside", path);
	ck_assert_int_eq(call("192.0.2.1", 3, T), RC_OK);
	for (n = 0; n < 3; n++) {
		if (_i == 0) {
			ck_assert_int_eq(rename(path, aside), 0);
			(void)nanosleep(&second, NULL);
		} else {
			ck_assert_int_eq(unlink(path), 0);
		}
		ck_assert_int_eq(call("192.0.2.1", 3, T), RC_OK);
		ck_assert_int_eq(rate_open(path, SHORT_MS, &other), RC_OK);
		count_address(&c, "192.0.2.1", 3);
		ck_assert_int_eq(rate_admit(other, &c, 1, T, &denied), RC_OK);
		ck_assert_int_eq(c.remaining, 1);
		rate_close(other);
		ck_assert_int_eq(left("192.0.2.1", 3, T), 1);
	}
}
END_TEST

/* What is done to the file; each must be survived. */
enum harm {
	EMPTY,
	GARBAGE,
	SHORT_GARBAGE,
	HALF,
	ONE_PAGE,
	HEAD_ONLY,
	HEADLESS,
	MIDDLE,
	HARMS
};

static void
do_harm(enum harm harm)
{
	char garbage[4096];
	size_t len;
	char *bytes = fixture_read(path, &len);

	memset(garbage, 'x', sizeof(garbage));
	switch (harm) {
	case EMPTY:
		fixture_write(path, "", 0);
		break;
	case GARBAGE:
		fixture_write(path, garbage, sizeof(garbage));
		break;
	case SHORT_GARBAGE:
		fixture_write(path, garbage, 7);
		break;
	case HALF:
		fixture_write(path, bytes, len / 2);
		break;
	case ONE_PAGE:
		fixture_write(path, bytes, 1024);
		break;
	case HEAD_ONLY:
		fixture_write(path, bytes, 100);
		break;
	case HEADLESS:
		memset(bytes, 0, 100);
		fixture_write(path, bytes, len);
		break;
	case MIDDLE:
		memset(bytes + 1024, 0xff, len - 1024);
		fixture_write(path, bytes, len);
		break;
	case HARMS:
		break;
	}
	free(bytes);
}

/* Of those who wait for the same file only the first makes it anew. */
START_TEST(a_damaged_file_is_made_anew_once)
{
	enum { PROCESSES = 8, LIMIT = 5, ROUNDS = 10 };
	pid_t pids[PROCESSES];
	int i, n, status, admitted, fd;

	ck_assert_int_eq(call("192.0.2.1", LIMIT, T), RC_OK);
	for (n = 0; n < ROUNDS; n++) {
		do_harm(n % 2 == 0 ? GARBAGE : HEADLESS);
		fd = open(path, O_RDWR | O_CLOEXEC);
		ck_assert_int_ge(fd, 0);
		ck_assert_int_eq(flock(fd, LOCK_EX), 0);
		for (i = 0; i < PROCESSES; i++) {
			pids[i] = fork();
			ck_assert_int_ge(pids[i], 0);
			if (pids[i] == 0 &&
			    (rate_open(path, 30000, &rate) != RC_OK))
				_exit(3);
			if (pids[i] == 0)
				_exit(call("192.0.2.1", LIMIT, T));
		}
		ck_assert(lock_has_waiters(path, PROCESSES));
		ck_assert_int_eq(flock(fd, LOCK_UN), 0);
		(void)close(fd);
		for (i = 0, admitted = 0; i < PROCESSES; i++) {
			ck_assert_int_eq(waitpid(pids[i], &status, 0), pids[i]);
			ck_assert(WIFEXITED(status));
			admitted += WEXITSTATUS(status) == RC_OK;
			if (WEXITSTATUS(status) != RC_OK)
				ck_assert_int_eq(
				    WEXITSTATUS(status), RC_LIMITED);
		}
		ck_assert_int_eq(admitted, LIMIT);
	}
}
END_TEST

/* Counting works as if new, twice, whether a look comes first or not. */
static void
must_count(int look_first)
{
	if (look_first)
		ck_assert_int_ge(left("192.0.2.9", 1, T), 1);
	ck_assert_int_eq(call("192.0.2.9", 1, T), RC_OK);
	ck_assert_int_eq(call("192.0.2.9", 1, T), RC_LIMITED);
	reopen();
	ck_assert_int_eq(left("192.0.2.9", 1, T), 0);
	ck_assert_int_eq(call("192.0.2.8", 1, T), RC_OK);
}

START_TEST(a_damaged_file_is_made_anew)
{
	int n;

	for (n = 0; n < 100; n++) {
		char address[32];

		(void)snprintf(address, sizeof(address), "10.0.0.%d", n);
		ck_assert_int_eq(call(address, 1, T), RC_OK);
	}
	rate_close(rate);
	do_harm((enum harm)(_i / 2));
	ck_assert_int_eq(rate_open(path, SHORT_MS, &rate), RC_OK);
	must_count(_i % 2);
}
END_TEST

START_TEST(a_file_damaged_while_it_is_open_is_made_anew)
{
	ck_assert_int_eq(call("192.0.2.1", 5, T), RC_OK);
	do_harm(GARBAGE);
	must_count(_i);
}
END_TEST

/* Databases, but not ours. */
static const char *const foreign[] = {
	"CREATE TABLE mine (x)",
	"CREATE TABLE mine (x); PRAGMA user_version = 1",
	"CREATE TABLE counter (x); PRAGMA user_version = 1",
	"CREATE TABLE counter (x)",
	"CREATE TABLE counter (subject BLOB PRIMARY KEY, window_start INTEGER,"
	" used INTEGER); PRAGMA user_version = 2",
	"PRAGMA journal_mode = WAL; CREATE TABLE mine (x)",
};

START_TEST(a_foreign_file_is_made_anew)
{
	struct db *db;

	rate_close(rate);
	(void)unlink(path);
	ck_assert_int_eq(db_open(path, DB_CREATE, 1000, &db), RC_OK);
	ck_assert_int_eq(db_script(db, foreign[_i / 2]), RC_OK);
	db_close(db);
	ck_assert_int_eq(rate_open(path, SHORT_MS, &rate), RC_OK);
	must_count(_i % 2);
}
END_TEST

START_TEST(a_journal_left_behind_does_no_harm)
{
	char name[600], bytes[2048];

	ck_assert_int_eq(call("192.0.2.1", 1, T), RC_OK);
	rate_close(rate);
	memset(bytes, 0xd9, sizeof(bytes));
	(void)snprintf(name, sizeof(name), "%s-journal", path);
	fixture_write(name, bytes, sizeof(bytes));
	ck_assert_int_eq(rate_open(path, SHORT_MS, &rate), RC_OK);
	must_count(0);
}
END_TEST

START_TEST(a_directory_where_nothing_can_be_made_fails)
{
	struct rate *none = NULL;
	struct rate_count c;
	char dir[512], file[600];
	size_t denied;
	enum rc rc;

	if (!fixture_is_bound())
		return;
	(void)snprintf(dir, sizeof(dir), "%s", fixture_path("closed"));
	(void)snprintf(file, sizeof(file), "%s/" RATE_NAME, dir);
	ck_assert_int_eq(mkdir(dir, 0500), 0);
	count_address(&c, "192.0.2.1", 5);
	rc = rate_open(file, SHORT_MS, &none);
	if (rc == RC_OK)
		rc = rate_admit(none, &c, 1, T, &denied);
	ck_assert_int_eq(rc, RC_FAIL);
	rate_close(none);
	/* As soon as it can, it does. */
	ck_assert_int_eq(chmod(dir, 0700), 0);
	ck_assert_int_eq(rate_open(file, SHORT_MS, &none), RC_OK);
	ck_assert_int_eq(rate_admit(none, &c, 1, T, &denied), RC_OK);
	rate_close(none);
}
END_TEST

START_TEST(a_file_that_cannot_be_written_fails)
{
	struct rate_count c;
	size_t denied;

	if (!fixture_is_bound())
		return;
	ck_assert_int_eq(call("192.0.2.1", 5, T), RC_OK);
	rate_close(rate);
	rate = NULL;
	ck_assert_int_eq(chmod(path, 0400), 0);
	ck_assert_int_eq(rate_open(path, SHORT_MS, &rate), RC_OK);
	count_address(&c, "192.0.2.1", 5);
	ck_assert_int_eq(rate_admit(rate, &c, 1, T, &denied), RC_FAIL);
}
END_TEST

START_TEST(a_held_file_is_busy)
{
	struct holder holder;
	struct rate_count c;
	size_t denied;

	ck_assert_int_eq(call("192.0.2.1", 5, T), RC_OK);
	fixture_hold(&holder, path, LOCK_EX, 0);
	count_address(&c, "192.0.2.1", 5);
	ck_assert_int_eq(rate_admit(rate, &c, 1, T, &denied), RC_BUSY);
	ck_assert_int_eq(rate_peek(rate, &c, T), RC_BUSY);
	fixture_let_go(&holder);
	ck_assert_int_eq(left("192.0.2.1", 5, T), 4);
}
END_TEST

static int
open_files(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int n = 0;

	ck_assert_ptr_nonnull(dir);
	while (readdir(dir) != NULL)
		n++;
	(void)closedir(dir);
	return n;
}

START_TEST(no_file_stays_open_that_was_left)
{
	enum { ROUNDS = 50 };
	struct holder holder;
	int n, files;

	ck_assert_int_eq(call("192.0.2.1", PLENTY, T), RC_OK);
	files = open_files();
	for (n = 0; n < ROUNDS; n++) {
		do_harm((enum harm)(n % HARMS));
		ck_assert_int_ge(left("192.0.2.1", PLENTY, T), 1);
		ck_assert_int_eq(call("192.0.2.1", PLENTY, T), RC_OK);
		ck_assert_int_eq(unlink(path), 0);
		ck_assert_int_eq(call("192.0.2.1", PLENTY, T), RC_OK);
		ck_assert_int_eq(open_files(), files);
	}
	fixture_hold(&holder, path, LOCK_EX, 0);
	ck_assert_int_eq(call("192.0.2.1", PLENTY, T), RC_BUSY);
	fixture_let_go(&holder);
	ck_assert_int_eq(open_files(), files);
}
END_TEST

/*
 * The same calls, by a connection that is kept and counts in memory, and by
 * one that is new each time and runs statements.
 */
START_TEST(it_counts_the_same_whether_in_memory_or_not)
{
	enum { CALLS = 6000, SUBJECTS = 4, STEP = 9 };
	struct rate_count a[RATE_LAYERS], b[RATE_LAYERS];
	size_t denied_a, denied_b, n, k;
	int64_t now = T, limits[RATE_LAYERS];
	char other[sizeof(path) + 8], address[32];
	struct rate *fresh = NULL;
	uint64_t bits = UINT64_C(0x9e3779b97f4a7c15);
	int i, denied = 0, admitted = 0;
	enum rc rc;

	(void)snprintf(other, sizeof(other), "%s.2", path);
	for (i = 0; i < CALLS; i++) {
		bits ^= bits << 13;
		bits ^= bits >> 7;
		bits ^= bits << 17;
		/* Minutes pass; seldom the clock is set back. */
		if (bits % STEP == 0)
			now += (int64_t)(bits >> 8) % 5;
		if (bits % 997 == 0)
			now -= (int64_t)(bits >> 8) % 100;
		for (k = 0; k < RATE_LAYERS; k++)
			limits[k] = 40 + (int64_t)(bits >> (8 * k)) % 300;
		(void)snprintf(address, sizeof(address), "10.0.0.%d",
		    (int)(bits >> 32) % SUBJECTS & 3);
		count_address(&a[0], address, limits[0]);
		rate_count_id(&a[1], RATE_KEY, (int64_t)(bits >> 40) % SUBJECTS,
		    limits[1]);
		rate_count_id(&a[2], RATE_TIER,
		    (int64_t)(bits >> 48) % SUBJECTS, limits[2]);
		memcpy(b, a, sizeof(b));
		n = bits % 7 == 0 ? 1 : RATE_LAYERS;
		rc = rate_admit(rate, a, n, now, &denied_a);
		ck_assert_int_eq(rate_open(other, SHORT_MS, &fresh), RC_OK);
		ck_assert_int_eq(rate_admit(fresh, b, n, now, &denied_b), rc);
		rate_close(fresh);
		admitted += rc == RC_OK;
		denied += rc == RC_LIMITED;
		ck_assert_uint_eq(denied_a, denied_b);
		for (k = 0; k < n; k++) {
			ck_assert_int_eq(a[k].remaining, b[k].remaining);
			ck_assert_int_eq(a[k].reset, b[k].reset);
		}
	}
	ck_assert_int_eq(admitted + denied, CALLS);
	ck_assert_int_gt(admitted, CALLS / 10);
	ck_assert_int_gt(denied, CALLS / 10);
}
END_TEST

/* By turns, and both ways of counting on one file. */
START_TEST(new_and_kept_connections_share_a_limit_exactly)
{
	enum { LIMIT = 400 };
	struct rate *kept = rate;
	int i, admitted = 0;

	for (i = 0; i < 2 * LIMIT; i++) {
		rate = kept;
		if (i % 3 == 0)
			ck_assert_int_eq(
			    rate_open(path, SHORT_MS, &rate), RC_OK);
		admitted += call("192.0.2.1", LIMIT, T) == RC_OK;
		if (rate != kept)
			rate_close(rate);
	}
	rate = kept;
	ck_assert_int_eq(admitted, LIMIT);
}
END_TEST

START_TEST(processes_share_a_limit_exactly)
{
	enum { PROCESSES = 6, CALLS = 40, LIMIT = 100 };
	pid_t pids[PROCESSES];
	int i, n, status, admitted = 0;

	rate_close(rate);
	rate = NULL;
	for (i = 0; i < PROCESSES; i++) {
		pids[i] = fork();
		ck_assert_int_ge(pids[i], 0);
		if (pids[i] != 0)
			continue;
		if (rate_open(path, 30000, &rate) != RC_OK)
			_exit(255);
		for (n = 0, status = 0; n < CALLS; n++)
			status += call("192.0.2.1", LIMIT, T) == RC_OK;
		_exit(status);
	}
	for (i = 0; i < PROCESSES; i++) {
		ck_assert_int_eq(waitpid(pids[i], &status, 0), pids[i]);
		ck_assert(WIFEXITED(status));
		admitted += WEXITSTATUS(status);
	}
	ck_assert_int_eq(admitted, LIMIT);
}
END_TEST

/* --- refusals ------------------------------------------------------------- */

static int64_t
refusals(enum rate_layer layer, int64_t id, int64_t now)
{
	struct rate_count c;
	int64_t n = -1;

	rate_count_id(&c, layer, id, PLENTY);
	ck_assert_int_eq(rate_refusals(rate, &c, now, &n), RC_OK);
	return n;
}

/* SQL on the file of the counters, which nobody has open. */
static void
file_sql(const char *sql)
{
	sqlite3 *db;

	ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		ck_abort_msg("%s: %s", sql, sqlite3_errmsg(db));
	(void)sqlite3_close(db);
}

static int64_t
file_int(const char *sql)
{
	sqlite3_stmt *stmt = NULL;
	sqlite3 *db;
	int64_t n;

	ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
	if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) != SQLITE_OK ||
	    sqlite3_step(stmt) != SQLITE_ROW)
		ck_abort_msg("%s: %s", sql, sqlite3_errmsg(db));
	n = sqlite3_column_int64(stmt, 0);
	(void)sqlite3_finalize(stmt);
	(void)sqlite3_close(db);
	return n;
}

/* As an operator would, or a crash of the host. */
START_TEST(a_file_damaged_under_a_kept_connection_is_made_anew)
{
	int i, h;

	for (h = 0; h <= HARMS; h++) {
		for (i = 0; i < 20; i++)
			ck_assert_int_eq(call("192.0.2.1", PLENTY, T), RC_OK);
		if (h < HARMS)
			do_harm((enum harm)h);
		else
			file_sql("DROP TABLE counter");
		/* Counted, whether anew or further on. */
		ck_assert_int_eq(call("192.0.2.1", PLENTY, T), RC_OK);
		ck_assert_int_eq(
		    call("192.0.2.7", 2, T + h * RATE_WINDOW * 2), RC_OK);
		ck_assert_int_eq(
		    call("192.0.2.7", 2, T + h * RATE_WINDOW * 2), RC_OK);
		ck_assert_int_eq(
		    call("192.0.2.7", 2, T + h * RATE_WINDOW * 2), RC_LIMITED);
	}
}
END_TEST

/* A call of the one caller. */
static enum rc
call_layers(int64_t ip, int64_t key, int64_t tier, int64_t now)
{
	struct rate_count c[RATE_LAYERS];
	size_t denied;

	layers(c, ip, key, tier);
	return rate_admit(rate, c, RATE_LAYERS, now, &denied);
}

/* What follows on them is in memory. */
START_TEST(the_first_calls_write_the_page_of_their_counters_and_the_first)
{
	enum { CALLS = 3, PAGE = 1024 };
	long long before, after;
	int i, admitted = 0;

	ck_assert_int_eq(call_layers(PLENTY, PLENTY, PLENTY, T), RC_OK);
	before = scratch_bytes_written();
	for (i = 0; i < CALLS; i++)
		admitted += call_layers(PLENTY, PLENTY, PLENTY, T) == RC_OK;
	after = scratch_bytes_written();
	ck_assert_int_eq(admitted, CALLS);
	ck_assert_int_gt(before, 0);
	ck_assert_int_eq(after - before, CALLS * 2 * PAGE);
}
END_TEST

START_TEST(windows_with_refusals_are_counted_by_layer)
{
	enum { DAY = 86400 };

	ck_assert_int_eq(refusals(RATE_KEY, 7, T), 0);
	ck_assert_int_eq(call_layers(9, 1, 5, T), RC_OK);
	ck_assert_int_eq(refusals(RATE_KEY, 7, T), 0);
	ck_assert_int_eq(call_layers(9, 1, 5, T), RC_LIMITED);
	ck_assert_int_eq(call_layers(9, 1, 5, T + 1), RC_LIMITED);
	ck_assert_int_eq(refusals(RATE_KEY, 7, T), 1);
	ck_assert_int_eq(refusals(RATE_TIER, 3, T), 0);
	ck_assert_int_eq(refusals(RATE_KEY, 8, T), 0);
	/* The next window, in which the tier runs out. */
	ck_assert_int_eq(call_layers(9, 5, 1, T + RATE_WINDOW), RC_OK);
	ck_assert_int_eq(call_layers(9, 5, 1, T + RATE_WINDOW), RC_LIMITED);
	ck_assert_int_eq(refusals(RATE_KEY, 7, T), 1);
	ck_assert_int_eq(refusals(RATE_TIER, 3, T), 1);
	/* Days later. */
	ck_assert_int_eq(call_layers(9, 1, 5, T + DAY), RC_OK);
	ck_assert_int_eq(call_layers(9, 1, 5, T + DAY), RC_LIMITED);
	ck_assert_int_eq(refusals(RATE_KEY, 7, T + DAY), 2);
	ck_assert_int_eq(refusals(RATE_KEY, 7, T + RATE_REFUSAL_DAYS * DAY), 1);
	ck_assert_int_eq(
	    refusals(RATE_KEY, 7, T + (RATE_REFUSAL_DAYS + 1) * DAY), 0);
}
END_TEST

START_TEST(a_refusal_that_is_noted_leaves_the_counters_as_they_are)
{
	ck_assert_int_eq(call_layers(9, 2, 5, T), RC_OK);
	ck_assert_int_eq(call_layers(9, 2, 5, T), RC_OK);
	ck_assert_int_eq(call_layers(9, 2, 5, T), RC_LIMITED);
	ck_assert_int_eq(left("192.0.2.1", 9, T), 7);
	ck_assert_int_eq(call_layers(9, 2, 5, T + RATE_WINDOW - 1), RC_LIMITED);
	ck_assert_int_eq(call_layers(9, 2, 5, T + RATE_WINDOW), RC_OK);
}
END_TEST

START_TEST(only_the_first_refusal_of_a_window_is_written)
{
	char *before, *after;
	size_t len, len_after;
	int i;

	ck_assert_int_eq(call_layers(9, 1, 5, T), RC_OK);
	ck_assert_int_eq(call_layers(9, 1, 5, T), RC_LIMITED);
	before = fixture_read(path, &len);
	for (i = 0; i < 20; i++)
		ck_assert_int_eq(call_layers(9, 1, 5, T + i), RC_LIMITED);
	after = fixture_read(path, &len_after);
	ck_assert_uint_eq(len, len_after);
	ck_assert_mem_eq(before, after, len);
	free(before);
	free(after);
}
END_TEST

START_TEST(refusals_of_an_address_are_not_written)
{
	char *before, *after;
	size_t len, len_after;

	ck_assert_int_eq(call_layers(1, 5, 5, T), RC_OK);
	before = fixture_read(path, &len);
	ck_assert_int_eq(call_layers(1, 5, 5, T), RC_LIMITED);
	after = fixture_read(path, &len_after);
	ck_assert_uint_eq(len, len_after);
	ck_assert_mem_eq(before, after, len);
	free(before);
	free(after);
}
END_TEST

START_TEST(old_refusals_are_forgotten)
{
	enum { DAY = 86400, SUBJECTS = 6 };
	struct rate_count c;
	size_t denied;
	int64_t n;
	int i, day;

	for (day = 0; day < 20; day++)
		for (i = 0; i < SUBJECTS; i++) {
			rate_count_id(&c, RATE_KEY, i, 1);
			ck_assert_int_eq(
			    rate_admit(rate, &c, 1, T + day * DAY, &denied),
			    RC_OK);
			ck_assert_int_eq(
			    rate_admit(rate, &c, 1, T + day * DAY, &denied),
			    RC_LIMITED);
		}
	for (i = 0; i < SUBJECTS; i++)
		ck_assert_int_eq(
		    refusals(RATE_KEY, i, T + 19 * DAY), RATE_REFUSAL_DAYS);
	rate_close(rate);
	rate = NULL;
	n = file_int("SELECT COUNT(*) FROM refusal");
	ck_assert_int_eq(n, SUBJECTS * RATE_REFUSAL_DAYS);
}
END_TEST

START_TEST(counters_of_an_older_version_are_made_anew)
{
	rate_close(rate);
	rate = NULL;
	ck_assert_int_eq(unlink(path) == 0 || errno == ENOENT, 1);
	file_sql("CREATE TABLE counter (subject BLOB PRIMARY KEY,"
		 " window_start INTEGER NOT NULL, used INTEGER NOT NULL)"
		 " STRICT, WITHOUT ROWID;"
		 "CREATE INDEX counter_age ON counter (window_start)");
	ck_assert_int_eq(rate_open(path, SHORT_MS, &rate), RC_OK);
	ck_assert_int_eq(refusals(RATE_KEY, 7, T), 0);
	ck_assert_int_eq(call_layers(9, 1, 5, T), RC_OK);
	ck_assert_int_eq(call_layers(9, 1, 5, T), RC_LIMITED);
	ck_assert_int_eq(refusals(RATE_KEY, 7, T), 1);
}
END_TEST

static Suite *
make_suite(void)
{
	Suite *suite = suite_create("rate");
	TCase *tc = tcase_create("rate");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(
	    tc, a_denied_call_still_tells_what_the_other_layers_have_left);
	tcase_add_loop_test(tc, the_first_layer_to_run_out_denies, 0, 5);
	tcase_add_test(tc, a_denied_call_consumes_nothing_elsewhere);
	tcase_add_test(tc, a_failed_authentication_touches_the_address_alone);
	tcase_add_test(tc, a_look_counts_nothing);
	tcase_add_loop_test(
	    tc, who_was_denied_is_remembered_until_the_window_ends, 0, 2);
	tcase_add_test(tc, the_last_few_who_were_denied_are_remembered);
	tcase_add_test(tc, the_same_id_in_two_layers_is_two_subjects);
	tcase_add_test(tc, more_layers_than_there_are_fail);
	tcase_add_test(tc, a_window_starts_with_the_first_call);
	tcase_add_test(tc, a_lower_limit_holds_at_once);
	tcase_add_test(tc, a_clock_set_back_a_little_gives_no_calls_back);
	tcase_add_test(tc, a_clock_set_back_far_starts_a_new_window);
	tcase_add_loop_test(tc, addresses_are_told_apart_as_designed, 0, 10);
	tcase_add_test(
	    tc, the_first_calls_write_the_page_of_their_counters_and_the_first);
	tcase_add_test(tc, windows_with_refusals_are_counted_by_layer);
	tcase_add_test(
	    tc, a_refusal_that_is_noted_leaves_the_counters_as_they_are);
	tcase_add_test(tc, only_the_first_refusal_of_a_window_is_written);
	tcase_add_test(tc, refusals_of_an_address_are_not_written);
	tcase_add_test(tc, old_refusals_are_forgotten);
	tcase_add_test(tc, counters_of_an_older_version_are_made_anew);
	tcase_add_test(tc, old_counters_are_pruned);
	tcase_add_test(tc, counters_outlive_the_process);
	tcase_add_test(tc, a_lost_file_is_made_anew);
	tcase_add_loop_test(tc, a_file_that_was_replaced_is_left, 0, 2);
	tcase_add_test(tc, a_damaged_file_is_made_anew_once);
	tcase_add_loop_test(tc, a_damaged_file_is_made_anew, 0, 2 * HARMS);
	tcase_add_loop_test(
	    tc, a_file_damaged_while_it_is_open_is_made_anew, 0, 2);
	tcase_add_loop_test(
	    tc, a_foreign_file_is_made_anew, 0, 2 * ROWS(foreign));
	tcase_add_test(tc, a_journal_left_behind_does_no_harm);
	tcase_add_test(tc, a_directory_where_nothing_can_be_made_fails);
	tcase_add_test(tc, a_file_that_cannot_be_written_fails);
	tcase_add_test(tc, a_held_file_is_busy);
	tcase_add_test(tc, no_file_stays_open_that_was_left);
	tcase_add_test(tc, it_counts_the_same_whether_in_memory_or_not);
	tcase_add_test(tc, new_and_kept_connections_share_a_limit_exactly);
	tcase_add_test(tc, a_file_damaged_under_a_kept_connection_is_made_anew);
	tcase_add_test(tc, processes_share_a_limit_exactly);
	suite_add_tcase(suite, tc);
	return suite;
}

SUITE_MAIN(make_suite)
