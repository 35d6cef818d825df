/* SPDX-License-Identifier: ISC */
/*
 * What is broken on the host: the configuration, the data directory, the
 * database, the disk.  Every fault has its designed answer, which is JSON,
 * says nothing of the cause and has its line in the log; nothing is left
 * half-written.
 */
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "harness.h"
#include "suite.h"

enum { PAGE = 4096, LIMIT_MAX = 64 };

static struct site site;
static char key[KEY_TEXT_LEN];

/* A path in the site; for the length of a statement. */
struct path {
	char text[SITE_PATH_LEN + 64];
};

static struct path
in_site(const char *name)
{
	struct path path;

	(void)snprintf(path.text, sizeof(path.text), "%s/%s", site.dir, name);
	return path;
}

static void
make_site(void)
{
	/* What harms a file shows where no log stands before it. */
	site_make(&site, "busy_ms = 200\nrate_key = 1000\nrate_ip = 1000\n"
			 "journal = truncate");
	free(site_latchkey_ok(&site, "service", "add", "--name", "A", "--type",
	    "Default", "--category", "C", "--rate", "1", "--min", "1", "--max",
	    "1000", "--cancel", NULL));
	(void)site_account(&site, "a@example.com");
	site_credit(&site, "a@example.com", "100");
	site_key(&site, "a@example.com", key);
	(void)api_number(&site, "order",
	    "key=%s&action=add&service=1&quantity=100"
	    "&link=https://example.com/0",
	    key);
}

static void
end_site(void)
{
	site_remove(&site);
}

/* Overwrites bytes of a file, or appends with offset -1. */
static void
scribble(const char *name, off_t offset, const char *text, size_t len)
{
	int fd = open(in_site(name).text, O_WRONLY | O_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	if (offset < 0)
		offset = lseek(fd, 0, SEEK_END);
	ck_assert_int_eq(pwrite(fd, text, len, offset), (ssize_t)len);
	ck_assert_int_eq(close(fd), 0);
}

static void
fill_with_garbage(const char *name)
{
	char garbage[PAGE];
	struct stat st;
	off_t at;

	ck_assert_int_eq(stat(in_site(name).text, &st), 0);
	memset(garbage, 0x5a, sizeof(garbage));
	for (at = 0; at < st.st_size; at += PAGE)
		scribble(name, at, garbage, sizeof(garbage));
}

/* --- faults that last -------------------------------------------------- */

static void
no_configuration(void)
{
	ck_assert_int_eq(unlink(in_site("latchkey.conf").text), 0);
}

static void
unreadable_configuration(void)
{
	ck_assert_int_eq(chmod(in_site("latchkey.conf").text, 0), 0);
}

static void
configuration_others_can_write(void)
{
	ck_assert_int_eq(chmod(in_site("latchkey.conf").text, 0666), 0);
}

static void
configuration_with_an_unknown_name(void)
{
	scribble("latchkey.conf", -1, "colour = red\n", 13);
}

static void
configuration_with_a_bad_value(void)
{
	scribble("latchkey.conf", -1, "busy_ms = soon\n", 15);
}

static void
data_that_others_can_read(void)
{
	ck_assert_int_eq(chmod(in_site("data").text, 0755), 0);
}

static void
data_in_the_document_root(void)
{
	static const char line[] = "data_dir = public_html/data\n";

	ck_assert_int_eq(
	    rename(in_site("data").text, in_site("public_html/data").text), 0);
	scribble("latchkey.conf", -1, line, sizeof(line) - 1);
}

static void
data_linked_into_the_document_root(void)
{
	ck_assert_int_eq(
	    rename(in_site("data").text, in_site("public_html/data").text), 0);
	ck_assert_int_eq(symlink("public_html/data", in_site("data").text), 0);
}

static void
no_data(void)
{
	ck_assert_int_eq(rename(in_site("data").text, in_site("gone").text), 0);
}

static void
no_pepper(void)
{
	ck_assert_int_eq(unlink(in_site("data/pepper").text), 0);
}

static void
short_pepper(void)
{
	ck_assert_int_eq(truncate(in_site("data/pepper").text, 31), 0);
}

static void
pepper_that_others_can_read(void)
{
	ck_assert_int_eq(chmod(in_site("data/pepper").text, 0644), 0);
}

static void
no_database(void)
{
	ck_assert_int_eq(unlink(in_site("data/latchkey.db").text), 0);
}

static void
database_of_garbage(void)
{
	fill_with_garbage("data/latchkey.db");
}

static void
database_cut_short(void)
{
	ck_assert_int_eq(truncate(in_site("data/latchkey.db").text, 5000), 0);
}

static void
database_without_tables(void)
{
	ck_assert_int_eq(truncate(in_site("data/latchkey.db").text, 0), 0);
}

static void
unreadable_database(void)
{
	ck_assert_int_eq(chmod(in_site("data/latchkey.db").text, 0), 0);
}

static void
older_database(void)
{
	site_sql(&site, "PRAGMA user_version = 0");
}

static void
newer_database(void)
{
	site_sql(&site, "PRAGMA user_version = 1000");
}

static const struct {
	const char *fact;
	void (*break_it)(void);
	int status;
} faults[] = {
	{ "no configuration", no_configuration, 500 },
	{ "unreadable configuration", unreadable_configuration, 500 },
	{ "configuration others can write", configuration_others_can_write,
	    500 },
	{ "unknown name", configuration_with_an_unknown_name, 500 },
	{ "bad value", configuration_with_a_bad_value, 500 },
	{ "data that others can read", data_that_others_can_read, 500 },
	{ "data in the document root", data_in_the_document_root, 500 },
	{ "data linked into the document root",
	    data_linked_into_the_document_root, 500 },
	{ "no data", no_data, 500 },
	{ "no pepper", no_pepper, 500 },
	{ "short pepper", short_pepper, 500 },
	{ "pepper that others can read", pepper_that_others_can_read, 500 },
	{ "no database", no_database, 500 },
	{ "database of garbage", database_of_garbage, 500 },
	{ "database cut short", database_cut_short, 500 },
	{ "database without tables", database_without_tables, 503 },
	{ "unreadable database", unreadable_database, 500 },
	{ "older database", older_database, 503 },
	{ "newer database", newer_database, 503 },
};

static size_t
lines(const char *text)
{
	size_t n = 0;

	for (; *text != '\0'; text++)
		n += *text == '\n';
	return n;
}

/* The designed answer to a fault of ours. */
static void
check_answer(const char *fact, const struct answer *answer, int status)
{
	ck_assert_msg(answer->status == status, "%s: status %d, not %d: %s%s",
	    fact, answer->status, status, answer->body, answer->err);
	ck_assert_str_eq(answer->body,
	    status == 500 ? "{\"error\":\"Internal error\"}"
			  : "{\"error\":\"Service temporarily unavailable\"}");
	ck_assert_str_eq(
	    answer_header(answer, "Content-Type"), "application/json");
	ck_assert_msg(
	    (answer_header(answer, "Retry-After") != NULL) == (status == 503),
	    "%s: Retry-After", fact);
	ck_assert_msg(
	    (answer_header(answer, "X-Incident") != NULL) == (status == 500),
	    "%s: X-Incident", fact);
	if (status == 500)
		ck_assert_msg(strstr(answer->err,
				  answer_header(answer, "X-Incident")) != NULL,
		    "%s: the log has not this incident: %s", fact, answer->err);
	ck_assert_msg(
	    lines(answer->err) == 1, "%s: not one line: %s", fact, answer->err);
	ck_assert_msg(strstr(answer->err, key) == NULL,
	    "%s: the key is in the log", fact);
	ck_assert_msg(
	    answer->code == 0, "%s: ended with %d", fact, answer->code);
}

START_TEST(fault_has_its_answer)
{
	struct answer answer;

	faults[_i].break_it();
	api_call(&site, &answer,
	    "key=%s&action=add&service=1&quantity=100"
	    "&link=https://example.com/1",
	    key);
	check_answer(faults[_i].fact, &answer, faults[_i].status);
	answer_clear(&answer);
	(void)chmod(in_site("latchkey.conf").text, 0600);
	(void)chmod(in_site("data/latchkey.db").text, 0600);
}
END_TEST

/* --- locks ------------------------------------------------------------- */

static const char *const gates[] = { "data/latchkey.db.gate", "data/rate.db" };

START_TEST(held_gate_is_a_503)
{
	int gate = open(in_site(gates[_i]).text, O_RDWR | O_CLOEXEC);
	struct answer answer;

	ck_assert_int_ge(gate, 0);
	ck_assert_int_eq(flock(gate, LOCK_EX), 0);
	api_call(&site, &answer, "key=%s&action=balance", key);
	check_answer(gates[_i], &answer, 503);
	answer_clear(&answer);
	ck_assert_int_eq(flock(gate, LOCK_UN), 0);
	api_call(&site, &answer, "key=%s&action=balance", key);
	ck_assert_int_eq(answer.status, 200);
	answer_clear(&answer);
	(void)close(gate);
}
END_TEST

static void
balance_is(const char *fact, const char *body)
{
	struct answer answer;

	api_call(&site, &answer, "key=%s&action=balance", key);
	ck_assert_msg(strcmp(answer.body, body) == 0, "%s: %s%s", fact,
	    answer.body, answer.err);
	ck_assert_str_eq(answer.err, "");
	answer_clear(&answer);
}

/*
 * Who called before needs not be asked for, and so waits for nobody, until
 * something is committed: then nothing of what was so is so any more.
 */
START_TEST(a_known_caller_waits_for_no_gate)
{
	char balance[] = "{\"balance\":\"99.90\",\"currency\":\"USD\"}";
	struct answer answer;
	char id[16];
	int gate;

	/* The first writes when the key was used last. */
	balance_is("first", balance);
	balance_is("second", balance);
	gate = open(in_site("data/latchkey.db.gate").text, O_RDWR | O_CLOEXEC);
	ck_assert_int_ge(gate, 0);
	ck_assert_int_eq(flock(gate, LOCK_EX), 0);
	balance_is("gate held", balance);
	api_call(&site, &answer,
	    "key=%s&action=add&service=1&quantity=100"
	    "&link=https://example.com/1",
	    key);
	check_answer("add", &answer, 503);
	answer_clear(&answer);
	ck_assert_int_eq(flock(gate, LOCK_UN), 0);
	(void)close(gate);

	site_credit(&site, "a@example.com", "1");
	balance_is("more", "{\"balance\":\"100.90\",\"currency\":\"USD\"}");
	balance_is("again", "{\"balance\":\"100.90\",\"currency\":\"USD\"}");
	free(site_latchkey_ok(
	    &site, "account", "suspend", "a@example.com", NULL));
	balance_is("suspended", "{\"error\":\"Account suspended\"}");
	balance_is("still", "{\"error\":\"Account suspended\"}");
	free(site_latchkey_ok(
	    &site, "account", "unsuspend", "a@example.com", NULL));
	balance_is("resumed", "{\"balance\":\"100.90\",\"currency\":\"USD\"}");
	(void)snprintf(id, sizeof(id), "%.8s", key + sizeof("lk_") - 1);
	free(site_latchkey_ok(&site, "key", "revoke", id, NULL));
	balance_is("revoked", "{\"error\":\"Invalid API key\"}");
}
END_TEST

/* A tool of somebody else's that knows nothing of the gate. */
START_TEST(locked_database_is_a_503)
{
	struct answer answer;
	sqlite3 *db;

	ck_assert_int_eq(
	    sqlite3_open(in_site("data/latchkey.db").text, &db), SQLITE_OK);
	ck_assert_int_eq(
	    sqlite3_exec(db, "BEGIN EXCLUSIVE", NULL, NULL, NULL), SQLITE_OK);
	api_call(&site, &answer,
	    "key=%s&action=add&service=1&quantity=100"
	    "&link=https://example.com/1",
	    key);
	check_answer("locked", &answer, 503);
	answer_clear(&answer);
	ck_assert_int_eq(
	    sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
	(void)sqlite3_close(db);
	site_must_check(&site);
}
END_TEST

/* A reader of that kind keeps writers out, and only them. */
START_TEST(read_locked_database_is_a_503_to_writers)
{
	struct answer answer;
	sqlite3 *db;

	api_call(&site, &answer, "key=%s&action=balance", key);
	answer_clear(&answer);
	ck_assert_int_eq(
	    sqlite3_open(in_site("data/latchkey.db").text, &db), SQLITE_OK);
	ck_assert_int_eq(
	    sqlite3_exec(db, "BEGIN; SELECT * FROM account", NULL, NULL, NULL),
	    SQLITE_OK);
	api_call(&site, &answer, "key=%s&action=balance", key);
	ck_assert_int_eq(answer.status, 200);
	answer_clear(&answer);
	api_call(&site, &answer,
	    "key=%s&action=add&service=1&quantity=100"
	    "&link=https://example.com/1",
	    key);
	check_answer("read-locked", &answer, 503);
	answer_clear(&answer);
	(void)sqlite3_close(db);
	site_must_check(&site);
	ck_assert_int_eq(site_sql_int(&site, "SELECT COUNT(*) FROM orders"), 1);
}
END_TEST

START_TEST(read_only_database_takes_no_orders)
{
	struct answer answer;

	ck_assert_int_eq(chmod(in_site("data/latchkey.db").text, 0400), 0);
	api_call(&site, &answer,
	    "key=%s&action=add&service=1&quantity=100"
	    "&link=https://example.com/1",
	    key);
	check_answer("read-only", &answer, 500);
	answer_clear(&answer);
	ck_assert_int_eq(chmod(in_site("data/latchkey.db").text, 0600), 0);
	site_must_check(&site);
	ck_assert_int_eq(site_sql_int(&site, "SELECT COUNT(*) FROM orders"), 1);
}
END_TEST

/* --- counters ---------------------------------------------------------- */

static void
no_counters(void)
{
	ck_assert_int_eq(unlink(in_site("data/rate.db").text), 0);
}

static void
counters_of_garbage(void)
{
	fill_with_garbage("data/rate.db");
}

static void
counters_cut_short(void)
{
	ck_assert_int_eq(truncate(in_site("data/rate.db").text, 700), 0);
}

static void
empty_counters(void)
{
	ck_assert_int_eq(truncate(in_site("data/rate.db").text, 0), 0);
}

static void
counters_with_a_bad_page(void)
{
	char garbage[64];

	/* Behind the header of the first page: its schema. */
	memset(garbage, 0x5a, sizeof(garbage));
	scribble("data/rate.db", 100, garbage, sizeof(garbage));
}

static void (*const losses[])(void) = { no_counters, counters_of_garbage,
	counters_cut_short, empty_counters, counters_with_a_bad_page };

/* Counters may be lost, so they are no reason to refuse a call. */
START_TEST(lost_counters_are_made_anew)
{
	struct answer answer;
	int i;

	losses[_i]();
	for (i = 0; i < 3; i++) {
		api_call(&site, &answer, "key=%s&action=balance", key);
		ck_assert_msg(answer.status == 200, "loss %d, call %d: %d %s%s",
		    _i, i, answer.status, answer.body, answer.err);
		ck_assert_ptr_nonnull(
		    answer_header(&answer, "X-RateLimit-Remaining"));
		answer_clear(&answer);
	}
}
END_TEST

/* --- a full disk ------------------------------------------------------- */

/*
 * A limit on the size of files, at every page: some write fails, first or
 * last.  SQLite takes it for a full disk or an I/O error.
 */
START_TEST(full_disk_leaves_nothing_half_written)
{
	struct rlimit before, limit;
	struct answer answer;
	int64_t orders, placed = 0;
	int i;

	orders = site_sql_int(&site, "SELECT COUNT(*) FROM orders");
	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &before), 0);
	for (i = 1; i <= LIMIT_MAX; i++) {
		limit = before;
		limit.rlim_cur = (rlim_t)i * PAGE / 2;
		ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
		/* Those that run have their limit from before. */
		site_end_programs(&site);
		api_call(&site, &answer,
		    "key=%s&action=add&service=1&quantity=1"
		    "&link=https://example.com/%d",
		    key, i);
		ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &before), 0);
		ck_assert_msg(answer.status == 200 || answer.status == 500 ||
				  answer.status == 503,
		    "at %d: %d %s%s%s", i, answer.status, answer.body,
		    answer.why, answer.err);
		if (strncmp(answer.body, "{\"order\":", 9) == 0)
			placed++;
		else
			ck_assert_msg(
			    strncmp(answer.body, "{\"error\":", 9) == 0,
			    "at %d: %s", i, answer.body);
		answer_clear(&answer);
		ck_assert_int_eq(
		    site_sql_int(&site, "SELECT COUNT(*) FROM orders"),
		    orders + placed);
		site_must_check(&site);
	}
	ck_assert_int_gt(placed, 0);
	ck_assert_int_lt(placed, LIMIT_MAX);
}
END_TEST

/* Apache's mod_cgid ends a program as soon as it has its answer. */
START_TEST(last_use_is_written_after_the_answer)
{
	const struct timespec nap = { 0, 10000000 };
	struct answer answer;
	int tries;

	site_sql(&site, "UPDATE api_key SET last_used_at = NULL");
	site_start(&site);
	api_call(&site, &answer, "key=%s&action=balance", key);
	ck_assert_int_eq(answer.status, 200);
	answer_clear(&answer);
	for (tries = 0; tries < 500; tries++) {
		if (site_sql_int(
			&site, "SELECT COUNT(last_used_at) FROM api_key") == 1)
			break;
		(void)nanosleep(&nap, NULL);
	}
	ck_assert_int_lt(tries, 500);
}
END_TEST

static Suite *
make_suite(void)
{
	Suite *suite = suite_create("host");
	TCase *tcase = tcase_create("faults");

	tcase_add_checked_fixture(tcase, make_site, end_site);
	tcase_add_loop_test(tcase, fault_has_its_answer, 0, ROWS(faults));
	tcase_add_loop_test(tcase, held_gate_is_a_503, 0, ROWS(gates));
	tcase_add_test(tcase, a_known_caller_waits_for_no_gate);
	tcase_add_test(tcase, locked_database_is_a_503);
	tcase_add_test(tcase, read_locked_database_is_a_503_to_writers);
	tcase_add_test(tcase, read_only_database_takes_no_orders);
	tcase_add_loop_test(
	    tcase, lost_counters_are_made_anew, 0, ROWS(losses));
	tcase_add_test(tcase, full_disk_leaves_nothing_half_written);
	tcase_add_test(tcase, last_use_is_written_after_the_answer);
	suite_add_tcase(suite, tcase);
	return suite;
}

SUITE_MAIN(make_suite)
