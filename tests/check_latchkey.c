/* SPDX-License-Identifier: ISC */
/*
 * bin/latchkey: the operator's command, end to end, through its exit status,
 * its JSON and the files that it leaves.  A table of good and bad calls goes
 * over every command; what takes several steps has tests of its own.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "config.h"
#include "fixture.h"
#include "harness.h"
#include "login.h"
#include "migrate.h"
#include "people.h"
#include "schema_version.h"
#include "suite.h"

enum { DONE = 0, REFUSED = 1, USAGE = 2, WRONG = 3, OURS = 70, LATER = 75 };

static struct site site;

static void
setup(void)
{
	(void)umask(077);
	site_make(&site, "busy_ms = 60");
}

static void
teardown(void)
{
	site_remove(&site);
}

/* A path in the site; borrowed until the fourth call from now. */
static const char *
in_site(const char *name)
{
	static char paths[4][SITE_PATH_LEN + 256];
	static int n;
	char *path = paths[n++ % 4];

	(void)snprintf(path, sizeof(paths[0]), "%s/%s", site.dir, name);
	return path;
}

enum { WORDS = 20 };

/* Runs latchkey with the words of a line; 'quoted ones' are one. */
static void
run(struct output *output, const char *line)
{
	char *copy = strdup(line), *p = copy;
	const char *w[WORDS + 1] = { NULL };
	int n = 0;

	while (*p != '\0') {
		char end = ' ';

		if (*p == ' ') {
			p++;
			continue;
		}
		if (*p == '\'') {
			end = '\'';
			p++;
		}
		ck_assert_int_lt(n, WORDS);
		w[n++] = p;
		while (*p != '\0' && *p != end)
			p++;
		if (*p != '\0')
			*p++ = '\0';
	}
	site_latchkey(&site, output, w[0], w[1], w[2], w[3], w[4], w[5], w[6],
	    w[7], w[8], w[9], w[10], w[11], w[12], w[13], w[14], w[15], w[16],
	    w[17], w[18], w[19], NULL);
	free(copy);
}

/* The same from a printf format, and its exit status must be this one. */
static void must_end(int code, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void
must_end(int code, const char *format, ...)
{
	struct output output;
	va_list ap;
	char *line;

	va_start(ap, format);
	if (vasprintf(&line, format, ap) < 0)
		abort();
	va_end(ap);
	run(&output, line);
	ck_assert_msg(output.code == code,
	    "latchkey %s: %d instead of %d: %s%s", line, output.code, code,
	    output.out, output.err);
	/* Who fails says why, in lines that name a program. */
	if (code != DONE)
		ck_assert_msg(strncmp(output.err, "latchkey", 8) == 0,
		    "latchkey %s: %s", line, output.err);
	if (code == USAGE)
		ck_assert_msg(strstr(output.err, "--help") != NULL,
		    "latchkey %s: %s", line, output.err);
	if (code != DONE && code != WRONG)
		ck_assert_msg(
		    output.out_len == 0, "latchkey %s: %s", line, output.out);
	output_clear(&output);
	free(line);
}

/* The JSON that a command prints; it must succeed.  To be dropped. */
static json_t *
json_of(const char *line)
{
	struct output output;
	json_error_t where;
	json_t *model;

	run(&output, line);
	ck_assert_msg(output.code == DONE || output.code == WRONG,
	    "latchkey %s: %d: %s", line, output.code, output.err);
	model = json_loads(output.out, JSON_REJECT_DUPLICATES, &where);
	ck_assert_msg(
	    model != NULL, "latchkey %s: %s: %s", line, where.text, output.out);
	output_clear(&output);
	return model;
}

/* One value of JSON, by "name" or by "index.name", as compact JSON text. */
static void
must_have(const char *line, const char *where, const char *expected)
{
	json_t *model = json_of(line), *value = model;
	const char *dot = strchr(where, '.');
	char *text;

	if (dot != NULL)
		value = json_array_get(model, (size_t)strtoul(where, NULL, 10));
	value = json_object_get(value, dot != NULL ? dot + 1 : where);
	text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
	ck_assert_msg(text != NULL && strcmp(text, expected) == 0,
	    "latchkey %s: %s is %s, not %s", line, where,
	    text != NULL ? text : "missing", expected);
	free(text);
	json_decref(model);
}

static size_t
length_of(const char *line)
{
	json_t *model = json_of(line);
	size_t n;

	ck_assert(json_is_array(model));
	n = json_array_size(model);
	json_decref(model);
	return n;
}

/* The public id of the key that a command prints. */
static void
key_of(const char *line, char key[KEY_TEXT_LEN], char public_id[9])
{
	struct output output;

	run(&output, line);
	ck_assert_msg(output.code == DONE, "latchkey %s: %s", line, output.err);
	/* The key and nothing else. */
	ck_assert_uint_eq(output.out_len, 50);
	ck_assert_mem_eq(output.out, "lk_", 3);
	(void)snprintf(key, KEY_TEXT_LEN, "%.49s", output.out);
	(void)snprintf(public_id, 9, "%.8s", output.out + 3);
	output_clear(&output);
}

#define SERVICE                                                      \
	"service add --name Flyers --type Default --category Print " \
	"--rate 1.5 --min 10 --max 1000 --refill --cancel"

/* Two accounts, a service, a key of the first and two orders of it. */
static void
fill(char key[KEY_TEXT_LEN])
{
	char public_id[9];
	int n;

	must_end(DONE, "account add one@example.test");
	must_end(DONE, "account add two@example.test --name Two");
	must_end(DONE, "credit one@example.test 100");
	must_end(DONE, SERVICE);
	key_of("key create 1", key, public_id);
	for (n = 0; n < 2; n++)
		(void)api_number(&site, "order",
		    "key=%s&action=add&service=1&quantity=100"
		    "&link=https://l.test/%d",
		    key, n);
}

/* --- words, options and help ---------------------------------------------- */

static const char *const commands[] = { "init", "migrate", "account add",
	"account list", "account suspend", "account unsuspend", "account tier",
	"account threshold", "account password", "tier list", "tier set",
	"key create", "key list", "key rotate", "key revoke", "service add",
	"service edit", "service list", "service import", "order list",
	"order show", "order set", "refill list", "refill set", "credit",
	"request list", "request show", "request confirm", "request reject",
	"check", "backup", "sweep", "templates check", "templates export",
	"demo" };

START_TEST(help_is_everywhere)
{
	struct output output, all;
	char line[128];
	int i;

	run(&all, "--help");
	ck_assert_int_eq(all.code, DONE);
	ck_assert_str_eq(all.err, "");
	for (i = 0; i < ROWS(commands); i++) {
		ck_assert_msg(strstr(all.out, commands[i]) != NULL,
		    "--help misses %s", commands[i]);
		(void)snprintf(line, sizeof(line), "%s --help", commands[i]);
		run(&output, line);
		ck_assert_msg(output.code == DONE, "%s: %d %s", line,
		    output.code, output.err);
		ck_assert_msg(strncmp(output.out, "usage: latchkey", 15) == 0 &&
				  strstr(output.out, commands[i]) != NULL,
		    "%s: %s", line, output.out);
		ck_assert_str_eq(output.err, "");
		output_clear(&output);
	}
	output_clear(&all);
}
END_TEST

START_TEST(help_needs_no_site)
{
	ck_assert_int_eq(unlink(in_site("latchkey.conf")), 0);
	help_is_everywhere_fn(0);
	must_end(DONE, "--version");
}
END_TEST

START_TEST(every_line_of_help_fits_a_terminal)
{
	struct output output;
	char line[128], *at;
	size_t len;
	int i;

	for (i = -1; i < ROWS(commands); i++) {
		(void)snprintf(
		    line, sizeof(line), "%s --help", i < 0 ? "" : commands[i]);
		run(&output, line);
		for (at = output.out; *at != '\0'; at += len + 1) {
			len = strcspn(at, "\n");
			ck_assert_msg(
			    len <= 80, "%s: %.*s", line, (int)len, at);
			ck_assert_int_eq(at[len], '\n');
		}
		output_clear(&output);
	}
}
END_TEST

START_TEST(unknown_words_and_options_are_misuse)
{
	char line[128];
	int i;

	must_end(USAGE, "%s", "");
	must_end(USAGE, "nothing");
	must_end(USAGE, "account");
	must_end(USAGE, "account nothing");
	must_end(USAGE, "Check");
	must_end(USAGE, "--nothing");
	must_end(USAGE, "-x check");
	must_end(USAGE, "-c");
	must_end(USAGE, "''");
	for (i = 0; i < ROWS(commands); i++) {
		(void)snprintf(line, sizeof(line), "%s --nothing", commands[i]);
		must_end(USAGE, "%s", line);
		(void)snprintf(line, sizeof(line), "%s -z", commands[i]);
		must_end(USAGE, "%s", line);
		(void)snprintf(line, sizeof(line), "%s --jso", commands[i]);
		must_end(USAGE, "%s", line);
		(void)snprintf(line, sizeof(line), "%s a b c d", commands[i]);
		must_end(USAGE, "%s", line);
	}
}
END_TEST

/* Calls on a site with two accounts, a service, two orders and a key. */
static const struct {
	int code;
	const char *line;
} calls[] = {
	{ DONE, "account list" },
	{ DONE, "account list --json" },
	{ USAGE, "account list --json=yes" },
	{ USAGE, "account list one@example.test" },
	{ USAGE, "account add" },
	{ REFUSED, "account add ''" },
	{ REFUSED, "account add nobody" },
	{ REFUSED, "account add one@example.test" },
	{ REFUSED, "account add ONE@example.test" },
	{ REFUSED, "account add a@b --tier Gold" },
	{ REFUSED, "account add a@b --name ''" },
	{ USAGE, "account add a@b --name" },
	{ DONE, "account add a@b --name 'Jo Doe' --tier Agency" },
	{ DONE, "account add --name=Jo --tier=Reseller a@b" },
	{ DONE, "account add -- a@b" },
	{ USAGE, "account suspend" },
	{ REFUSED, "account suspend 99" },
	{ REFUSED, "account suspend none@example.test" },
	{ DONE, "account suspend 1" },
	{ DONE, "account unsuspend ONE@example.test" },
	{ REFUSED, "account unsuspend 99" },
	{ DONE, "account tier 1 Agency" },
	{ REFUSED, "account tier 1 agency" },
	{ REFUSED, "account tier 99 Agency" },
	{ USAGE, "account tier 1" },
	{ DONE, "account threshold 1 100" },
	{ DONE, "account threshold ONE@example.test 0.000000001" },
	{ DONE, "account threshold 2 0" },
	{ REFUSED, "account threshold 99 5" },
	{ REFUSED, "account threshold none@example.test 5" },
	{ REFUSED, "account threshold 1 x" },
	{ REFUSED, "account threshold 1 ''" },
	{ REFUSED, "account threshold 1 -5" },
	{ REFUSED, "account threshold 1 1,5" },
	{ REFUSED, "account threshold 1 1e3" },
	{ REFUSED, "account threshold 1 0.0000000001" },
	{ REFUSED, "account threshold 1 99999999999999999999" },
	{ USAGE, "account threshold 1" },
	{ USAGE, "account threshold" },
	{ DONE, "tier list" },
	{ DONE, "tier set Reseller 601" },
	{ DONE, "tier set Reseller 1000000" },
	{ REFUSED, "tier set Reseller 0" },
	{ REFUSED, "tier set Reseller -1" },
	{ REFUSED, "tier set Reseller 1000001" },
	{ REFUSED, "tier set Reseller 1e3" },
	{ REFUSED, "tier set Gold 5" },
	{ USAGE, "tier set Reseller" },
	{ DONE, "key list" },
	{ DONE, "key list 2" },
	{ REFUSED, "key list 99" },
	{ USAGE, "key create" },
	{ REFUSED, "key create 99" },
	{ REFUSED, "key create 1 --label ''" },
	{ REFUSED, "key create 1 --label ' x'" },
	{ DONE, "key create 1 --label 'My shop'" },
	{ USAGE, "key rotate" },
	{ REFUSED, "key rotate 00000000" },
	{ REFUSED, "key rotate ''" },
	{ USAGE, "key revoke" },
	{ REFUSED, "key revoke 00000000" },
	{ DONE, SERVICE },
	{ DONE, SERVICE " --no-dripfeed --inactive --desc ''" },
	{ USAGE, SERVICE " --no-refill" },
	{ USAGE, SERVICE " --active --inactive" },
	{ USAGE, SERVICE " --rate" },
	{ USAGE, SERVICE " more" },
	{ REFUSED, SERVICE " --rate x" },
	{ REFUSED, SERVICE " --rate -1" },
	{ REFUSED, SERVICE " --rate 0.0000001" },
	{ REFUSED, SERVICE " --min 0" },
	{ REFUSED, SERVICE " --max 9" },
	{ REFUSED, SERVICE " --max 99999999999999999999" },
	{ REFUSED, SERVICE " --type default" },
	{ REFUSED, SERVICE " --name ''" },
	{ REFUSED, "service add" },
	{ REFUSED, "service add --name x" },
	{ DONE, "service add --name P --type Package --category C --rate 9" },
	{ DONE, "service edit 1 --rate 2" },
	{ DONE, "service edit 1 --inactive" },
	{ USAGE, "service edit" },
	{ USAGE, "service edit 1" },
	{ REFUSED, "service edit 0 --rate 2" },
	{ REFUSED, "service edit x --rate 2" },
	{ REFUSED, "service edit 99 --rate 2" },
	{ REFUSED, "service edit 1 --min 1001" },
	{ REFUSED, "service edit 1 --type Package" },
	{ DONE, "service list" },
	{ USAGE, "service import" },
	{ REFUSED, "service import /nonexistent/file.csv" },
	{ REFUSED, "service import /" },
	{ REFUSED, "service import /dev/null" },
	{ DONE, "order list" },
	{ DONE, "order list --account 1 --status in-progress --limit 5" },
	{ DONE, "order list --status IN_PROGRESS --cancel-requested" },
	{ DONE, "order list --status 'In progress' --before 2" },
	{ REFUSED, "order list --status nothing" },
	{ REFUSED, "order list --status ''" },
	{ REFUSED, "order list --account 99" },
	{ REFUSED, "order list --limit 0" },
	{ REFUSED, "order list --limit 10001" },
	{ REFUSED, "order list --limit -5" },
	{ REFUSED, "order list --before 1x" },
	{ DONE, "order show 1" },
	{ DONE, "order show 1 --json" },
	{ USAGE, "order show" },
	{ REFUSED, "order show 99" },
	{ REFUSED, "order show 0" },
	{ REFUSED, "order show -1" },
	{ REFUSED, "order show 1e0" },
	{ REFUSED, "order show 99999999999999999999" },
	{ DONE, "order set 1 --start-count 5" },
	{ DONE, "order set 1 --remains 5" },
	{ DONE, "order set 1 --status processing --note 'as told'" },
	{ DONE, "order set 1 --status partial --remains 5" },
	{ DONE, "order set 1 --status canceled" },
	{ USAGE, "order set" },
	{ USAGE, "order set 1" },
	{ USAGE, "order set 1 --note x" },
	{ REFUSED, "order set 99 --status completed" },
	{ REFUSED, "order set 1 --status pending" },
	{ REFUSED, "order set 1 --status done" },
	{ REFUSED, "order set 1 --status partial --remains 0" },
	{ REFUSED, "order set 1 --remains 101" },
	{ REFUSED, "order set 1 --remains -1" },
	{ REFUSED, "order set 1 --start-count -1" },
	{ REFUSED, "order set 1 --start-count 2147483648" },
	{ REFUSED, "order set 1 --start-count 5 --note x" },
	{ REFUSED, "order set 1 --decline-cancel" },
	{ DONE, "refill list" },
	{ DONE, "refill list --account 1 --status rejected --json" },
	{ REFUSED, "refill list --status canceled" },
	{ REFUSED, "refill list --account 99" },
	{ REFUSED, "refill set 1 completed" },
	{ REFUSED, "refill set x completed" },
	{ REFUSED, "refill set 1 done" },
	{ USAGE, "refill set 1" },
	{ DONE, "credit 1 0.000000001" },
	{ DONE, "credit 1 5 --note 'invoice 17'" },
	{ DONE, "credit 1 -5 --adjust" },
	{ DONE, "credit --adjust 1 -0.5" },
	{ USAGE, "credit 1" },
	{ REFUSED, "credit 1 0" },
	{ REFUSED, "credit 1 -5" },
	{ REFUSED, "credit 1 x" },
	{ REFUSED, "credit 1 1,5" },
	{ REFUSED, "credit 1 1e3" },
	{ REFUSED, "credit 1 .5" },
	{ REFUSED, "credit 1 --5 --adjust" },
	{ REFUSED, "credit 1 0.0000000001" },
	{ REFUSED, "credit 1 1000000001" },
	{ REFUSED, "credit 1 99999999999999999999" },
	{ REFUSED, "credit 1 -101 --adjust" },
	{ REFUSED, "credit 99 5" },
	{ REFUSED, "credit 1 5 --note ''" },
	{ DONE, "request list" },
	{ DONE, "request list --account 1 --kind deposit --status open" },
	{ DONE, "request list --status paid --limit 1 --before 9 --json" },
	{ REFUSED, "request list --kind transfer" },
	{ REFUSED, "request list --status done" },
	{ REFUSED, "request list --limit 0" },
	{ REFUSED, "request list --limit 10001" },
	{ REFUSED, "request list --before x" },
	{ REFUSED, "request list --account 99" },
	{ USAGE, "request" },
	{ USAGE, "request list 1" },
	{ REFUSED, "request show 1" },
	{ REFUSED, "request show x" },
	{ USAGE, "request show" },
	{ REFUSED, "request confirm 1" },
	{ REFUSED, "request confirm 0" },
	{ USAGE, "request confirm" },
	{ REFUSED, "request reject 1 --note no" },
	{ USAGE, "request reject 1" },
	{ DONE, "check" },
	{ DONE, "check --json" },
	{ REFUSED, "check /nonexistent/copy.db" },
	{ DONE, "migrate" },
	{ USAGE, "backup" },
	{ REFUSED, "backup /dev/null" },
	{ DONE, "sweep" },
	{ DONE, "sweep --verbose" },
	{ DONE, "sweep -v" },
	{ USAGE, "sweep now" },
	{ USAGE, "account password" },
	{ USAGE, "account password 1 secret" },
	{ REFUSED, "account password 99" },
	{ REFUSED, "account password 1" }, /* there is no input */
	{ DONE, "templates check" },
	{ DONE, "templates check --json" },
	{ WRONG, "templates check /nonexistent" },
	{ USAGE, "templates check a b" },
	{ USAGE, "templates export" },
	{ USAGE, "templates export a b c" },
	{ REFUSED, "templates export /nonexistent/templates" },
	{ REFUSED, "templates export /tmp layout/nothing" },
	{ REFUSED, "demo" },
	{ REFUSED, "-c /nonexistent check" },
	{ REFUSED, "init" },
};

START_TEST(a_call_ends_as_told)
{
	char key[KEY_TEXT_LEN];
	const char *line = calls[_i].line;

	fill(key);
	/* "--" ahead of amounts is for options; "--5" is one. */
	must_end(
	    strstr(line, "--5") != NULL ? USAGE : calls[_i].code, "%s", line);
	free(site_latchkey_ok(&site, "check", NULL));
}
END_TEST

START_TEST(control_characters_do_not_reach_the_terminal)
{
	static const char *const lines[] = { "'\x1b[31mred\x07'",
		"account add '\x1b[31mred\x07'", "order show '\x1b[31mred'",
		"--\x1b[31m", "-c '\x1b[2J' check", "credit '\x1b[31m' 5" };
	struct output output;
	int i;

	for (i = 0; i < ROWS(lines); i++) {
		run(&output, lines[i]);
		ck_assert_int_ne(output.code, DONE);
		ck_assert_ptr_null(strchr(output.err, '\x1b'));
		ck_assert_ptr_null(strchr(output.err, '\x07'));
		output_clear(&output);
	}
}
END_TEST

START_TEST(output_that_cannot_be_written_is_a_failure)
{
	char *line;
	int status;

	if (access("/dev/full", W_OK) != 0)
		return;
	must_end(DONE, "account add one@example.test");
	if (asprintf(&line, "'%s/bin/latchkey' account list >/dev/full 2>&1",
		site.dir) < 0)
		abort();
	status = system(line);
	ck_assert(WIFEXITED(status));
	ck_assert_int_eq(WEXITSTATUS(status), OURS);
	free(line);
	if (asprintf(&line, "'%s/bin/latchkey' account list >&- 2>&- <&-",
		site.dir) < 0)
		abort();
	status = system(line);
	ck_assert(WIFEXITED(status));
	free(line);
}
END_TEST

/* --- what is printed ------------------------------------------------------ */

START_TEST(json_has_what_tables_have)
{
	char key[KEY_TEXT_LEN];

	fill(key);
	ck_assert_uint_eq(length_of("account list --json"), 2);
	must_have("account list --json", "0.id", "1");
	must_have("account list --json", "0.email", "\"one@example.test\"");
	must_have("account list --json", "0.name", "\"one@example.test\"");
	must_have("account list --json", "1.name", "\"Two\"");
	must_have("account list --json", "0.balance", "\"99.70\"");
	must_have("account list --json", "0.threshold", "\"0.00\"");
	must_have("account list --json", "0.active_keys", "1");
	must_have("account list --json", "0.suspended", "false");
	must_have("account list --json", "0.suspended_at", "null");
	must_have("account list --json", "0.tier", "\"Standard\"");
	must_have("account list --json", "0.calls_per_minute", "200");
	ck_assert_uint_eq(length_of("tier list --json"), 3);
	must_have("tier list --json", "0.accounts", "2");
	ck_assert_uint_eq(length_of("key list --json"), 1);
	ck_assert_uint_eq(length_of("key list 2 --json"), 0);
	must_have("key list --json", "0.label", "\"API key\"");
	must_have("key list --json", "0.active", "true");
	must_have("key list --json", "0.revoked_why", "null");
	ck_assert_uint_eq(length_of("service list --json"), 1);
	must_have("service list --json", "0.rate", "\"1.50\"");
	must_have("service list --json", "0.refill", "true");
	must_have("service list --json", "0.dripfeed", "false");
	must_have("service list --json", "0.desc", "\"\"");
	ck_assert_uint_eq(length_of("order list --json"), 2);
	must_have("order list --json", "0.id", "2");
	must_have("order show 1 --json", "status", "\"Pending\"");
	must_have("order show 1 --json", "charge", "\"0.15\"");
	must_have("order show 1 --json", "history", "[]");
	must_have("order show 1 --json", "request_id", "null");
	ck_assert_uint_eq(length_of("refill list --json"), 0);
	ck_assert_uint_eq(length_of("check --json"), 0);
}
END_TEST

START_TEST(a_new_things_id_is_all_that_is_printed)
{
	static const struct {
		const char *line, *out;
	} rows[] = {
		{ "account add one@example.test", "1\n" },
		{ "account add two@example.test", "2\n" },
		{ SERVICE, "1\n" },
		{ SERVICE, "2\n" },
		{ "credit 1 5.5", "5.50\n" },
		{ "credit 1 0.000000001", "5.500000001\n" },
		{ "credit 1 -5.5 --adjust", "0.000000001\n" },
		{ "account suspend 1", "" },
		{ "tier set Agency 5", "" },
		{ "account threshold 1 5", "" },
	};
	struct output output;
	int i;

	for (i = 0; i < ROWS(rows); i++) {
		run(&output, rows[i].line);
		ck_assert_int_eq(output.code, DONE);
		ck_assert_str_eq(output.out, rows[i].out);
		ck_assert_str_eq(output.err, "");
		output_clear(&output);
	}
}
END_TEST

/* --- keys ----------------------------------------------------------------- */

static int
key_works(const char *key)
{
	struct answer answer;
	int works;

	api_call(&site, &answer, "key=%s&action=balance", key);
	works = strstr(answer.body, "\"balance\"") != NULL;
	answer_clear(&answer);
	return works;
}

START_TEST(a_key_lives_until_it_is_rotated_or_revoked)
{
	char first[KEY_TEXT_LEN], second[KEY_TEXT_LEN], id[9], line[64];

	must_end(DONE, "account add one@example.test");
	key_of("key create 1 --label Shop", first, id);
	ck_assert(key_works(first));
	(void)snprintf(line, sizeof(line), "key rotate %s", id);
	key_of(line, second, id);
	ck_assert(!key_works(first));
	ck_assert(key_works(second));
	must_end(REFUSED, "%s", line);
	ck_assert_uint_eq(length_of("key list --json"), 1);
	must_have("key list --json", "0.label", "\"Shop\"");
	must_end(REFUSED, "key revoke %s --why ''", id);
	ck_assert(key_works(second));
	must_end(DONE, "key revoke %s --why 'laptop lost'", id);
	ck_assert(!key_works(second));
	must_end(REFUSED, "key revoke %s", id);
	must_have("key list --json", "0.revoked_why", "\"laptop lost\"");
	must_have("key list --json", "0.active", "false");
}
END_TEST

START_TEST(an_account_has_ten_keys)
{
	char key[KEY_TEXT_LEN], id[9];
	int i;

	must_end(DONE, "account add one@example.test");
	for (i = 0; i < 10; i++)
		key_of("key create 1", key, id);
	must_end(REFUSED, "key create 1");
	must_end(DONE, "key revoke %s", id);
	key_of("key create 1", key, id);
	must_end(REFUSED, "key create 1");
}
END_TEST

START_TEST(a_suspended_account_is_refused_until_it_is_not)
{
	char key[KEY_TEXT_LEN];
	struct answer answer;

	fill(key);
	must_end(DONE, "account suspend 1");
	api_call(&site, &answer, "key=%s&action=balance", key);
	ck_assert_str_eq(answer.body, "{\"error\":\"Account suspended\"}");
	answer_clear(&answer);
	must_end(DONE, "account unsuspend 1");
	ck_assert(key_works(key));
}
END_TEST

START_TEST(a_key_is_never_made_under_a_bad_pepper)
{
	must_end(DONE, "account add one@example.test");
	ck_assert_int_eq(chmod(in_site("data/pepper"), 0644), 0);
	must_end(OURS, "key create 1");
	ck_assert_int_eq(unlink(in_site("data/pepper")), 0);
	must_end(OURS, "key create 1");
	ck_assert_uint_eq(length_of("key list --json"), 0);
}
END_TEST

/* --- orders --------------------------------------------------------------- */

START_TEST(an_order_is_moved_refunded_and_refilled)
{
	char key[KEY_TEXT_LEN];
	struct answer answer;

	fill(key);
	must_end(DONE, "order set 1 --status in-progress --start-count 7");
	api_call(&site, &answer, "key=%s&action=cancel&order=1", key);
	answer_clear(&answer);
	ck_assert_uint_eq(length_of("order list --cancel-requested --json"), 1);
	must_end(DONE, "order set 1 --decline-cancel");
	ck_assert_uint_eq(length_of("order list --cancel-requested --json"), 0);
	must_end(DONE, "order set 1 --status Partial --remains 40 "
		       "--note 'no more to be had'");
	must_have("order show 1 --json", "charge", "\"0.09\"");
	must_have("order show 1 --json", "remains", "40");
	must_have("order show 1 --json", "start_count", "7");
	must_have("account list --json", "0.balance", "\"99.76\"");
	must_end(REFUSED, "order set 1 --status completed");
	must_end(DONE, "order set 2 --status canceled");
	must_have("account list --json", "0.balance", "\"99.91\"");
	/* A day later a refill can be asked for. */
	site_sql(&site, "UPDATE orders SET updated_at = updated_at - 90000");
	ck_assert_int_eq(
	    api_number(&site, "refill", "key=%s&action=refill&order=1", key),
	    1);
	must_end(DONE, "refill set 1 in-progress");
	must_end(REFUSED, "refill set 1 pending");
	must_end(DONE, "refill set 1 completed");
	must_end(REFUSED, "refill set 1 rejected");
	must_have("refill list --json", "0.status", "\"Completed\"");
	site_must_check(&site);
}
END_TEST

/* --- webhooks ------------------------------------------------------------- */

/* Adds a webhook that is told everything; its id. */
static int64_t
add_webhook(const char *key)
{
	return api_number(&site, "webhook",
	    "key=%s&action=webhook.add&url=https://hooks.test/", key);
}

/* What a query gives as text. */
static void
must_be(const char *sql, const char *expected)
{
	char *text = site_sql_text(&site, sql);

	ck_assert_msg(
	    strcmp(text, expected) == 0, "%s: %s, not %s", sql, text, expected);
	free(text);
}

/* Another value for the one that latchkey.conf has. */
static void
configure(const char *line, const char *other)
{
	size_t len, at;
	char *text = fixture_read(in_site("latchkey.conf"), &len), *found;
	FILE *out;

	found = strstr(text, line);
	ck_assert_ptr_nonnull(found);
	at = (size_t)(found - text);
	out = fopen(in_site("latchkey.conf"), "we");
	ck_assert_ptr_nonnull(out);
	(void)fprintf(
	    out, "%.*s%s%s", (int)at, text, other, found + strlen(line));
	ck_assert_int_eq(fclose(out), 0);
	free(text);
}

START_TEST(what_the_operator_does_is_told_in_the_sites_currency)
{
	char key[KEY_TEXT_LEN];

	configure("currency = USD", "currency = EUR");
	fill(key);
	(void)add_webhook(key);
	must_end(DONE, "account threshold 1 50");
	must_have("account list --json", "0.threshold", "\"50.00\"");
	must_have("account list --json", "1.threshold", "\"0.00\"");
	must_end(DONE, "order set 1 --status partial --remains 40");
	must_end(DONE, "credit 1 -49.76 --adjust");
	must_end(DONE, "credit 1 -0.000000001 --adjust");
	must_end(DONE, "credit 1 5");
	must_end(DONE, "account threshold 1 0");
	must_end(DONE, "credit 1 -50 --adjust");
	must_be("SELECT group_concat(json_extract(body, '$.type') || ' '"
		" || json_extract(body, '$.data.currency'), ', ') FROM event",
	    "order.partial EUR, order.refunded EUR, balance.low EUR");
	must_be("SELECT json_extract(body, '$.data.balance') FROM event"
		" WHERE subject LIKE 'balance:%'",
	    "49.999999999");
	site_must_check(&site);
}
END_TEST

START_TEST(a_revoked_keys_webhooks_are_paused)
{
	char first[KEY_TEXT_LEN], second[KEY_TEXT_LEN], id[9], other[9];
	int64_t hook;

	must_end(DONE, "account add one@example.test");
	key_of("key create 1", first, id);
	key_of("key create 1", second, other);
	hook = add_webhook(first);
	(void)add_webhook(first);
	site_sql(&site, "UPDATE webhook SET status = 3 WHERE id = 2");
	(void)add_webhook(second);
	(void)add_webhook(first);
	ck_assert_int_eq(api_number(&site, "removed",
			     "key=%s&action=webhook.remove&webhook=4", first),
	    1);
	must_end(DONE, "key revoke %s --why 'laptop lost'", id);
	must_be("SELECT group_concat(status || ':'"
		" || COALESCE(reason, ''), ', ') FROM webhook",
	    "2:its key was revoked, 2:its key was revoked, 1:, 4:");
	/* The account's other keys go on with them. */
	ck_assert_int_eq(
	    api_number(&site, "webhook",
		"key=%s&action=webhook.update&webhook=%lld&status=active",
		second, (long long)hook),
	    hook);
	must_be("SELECT status || COALESCE(reason, '') FROM webhook"
		" WHERE id = 1",
	    "1");
	site_must_check(&site);
}
END_TEST

START_TEST(a_rotated_key_keeps_its_webhooks)
{
	char first[KEY_TEXT_LEN], second[KEY_TEXT_LEN], id[9], line[64];
	struct answer answer;
	int i;

	must_end(DONE, "account add one@example.test");
	key_of("key create 1", first, id);
	for (i = 0; i < 4; i++)
		(void)add_webhook(first);
	(void)snprintf(line, sizeof(line), "key rotate %s", id);
	key_of(line, second, id);
	must_be("SELECT group_concat(DISTINCT status) FROM webhook", "1");
	/* They still count, ... */
	(void)add_webhook(second);
	api_call(&site, &answer,
	    "key=%s&action=webhook.add&url=https://hooks.test/", second);
	ck_assert_str_eq(answer.body, "{\"error\":\"Webhook limit reached\"}");
	answer_clear(&answer);
	/* ... and end with the new value. */
	must_end(DONE, "key revoke %s", id);
	must_be("SELECT group_concat(DISTINCT status) FROM webhook", "2");
}
END_TEST

/* --- importing ------------------------------------------------------------ */

static void
import_end(int code, const char *csv, const char *said)
{
	struct output output;

	fixture_write(in_site("services.csv"), csv, strlen(csv));
	site_latchkey(
	    &site, &output, "service", "import", in_site("services.csv"), NULL);
	ck_assert_msg(output.code == code, "%d: %s%s", output.code, output.out,
	    output.err);
	ck_assert_msg(
	    strstr(code == DONE ? output.out : output.err, said) != NULL,
	    "%s%s does not say %s", output.out, output.err, said);
	output_clear(&output);
}

#define HEAD "name,type,category,rate,min,max\n"
#define ROW "A,Default,C,1,1,2\n"

START_TEST(an_import_is_whole_or_names_its_line)
{
	import_end(DONE, HEAD ROW ROW, "2 added, 0 changed");
	import_end(DONE, "id,rate\n1,3\n2,4.5\n", "0 added, 2 changed");
	must_have("service list --json", "1.rate", "\"4.50\"");
	import_end(REFUSED, HEAD ROW "B,Default,C,x,1,2\n", "line 3");
	import_end(REFUSED, HEAD ROW "B,Default,C,x,1,2\n", "rate");
	import_end(REFUSED, HEAD "\"a\nb\",Default,C,1,1,2\n", "line 2");
	import_end(REFUSED, HEAD ROW ROW "B,Default\n", "line 4");
	import_end(REFUSED, HEAD "\"B,Default\n", "line 2");
	import_end(REFUSED, "name,colour\n", "line 1");
	import_end(REFUSED, "", "empty");
	ck_assert_uint_eq(length_of("service list --json"), 2);
	import_end(DONE, HEAD, "0 added, 0 changed");
}
END_TEST

START_TEST(an_import_may_come_from_a_pipe)
{
	char *line;
	int status;

	if (asprintf(&line,
		"printf "
		"'name,type,category,rate,min,max\\nA,Default,C,1,1,2\\n'"
		" | '%s/bin/latchkey' service import - >/dev/null",
		site.dir) < 0)
		abort();
	status = system(line);
	ck_assert_int_eq(status, 0);
	free(line);
	ck_assert_uint_eq(length_of("service list --json"), 1);
}
END_TEST

START_TEST(an_import_has_a_largest_size)
{
	FILE *out = fopen(in_site("big.csv"), "we");
	int i;

	ck_assert_ptr_nonnull(out);
	(void)fputs(HEAD, out);
	for (i = 0; i < 1000000; i++)
		(void)fputs(ROW, out);
	ck_assert_int_eq(fclose(out), 0);
	must_end(REFUSED, "service import %s", in_site("big.csv"));
	ck_assert_uint_eq(length_of("service list --json"), 0);
}
END_TEST

/* --- people -------------------------------------------------------------- */

static void
people_sql(const char *sql)
{
	sqlite3 *db;

	ck_assert_int_eq(sqlite3_open_v2(in_site("data/" PEOPLE_NAME), &db,
			     SQLITE_OPEN_READWRITE, NULL),
	    SQLITE_OK);
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		ck_abort_msg("%s: %s", sql, sqlite3_errmsg(db));
	(void)sqlite3_close(db);
}

/* What a page would do with that address and password. */
static enum rc
log_in(const char *email, const char *password)
{
	static const unsigned char address[16] = { [15] = 1 };
	const struct login_from from = { address, "::1", "test", time(NULL) };
	struct login_result result;
	struct config config;
	struct people people;
	struct db *db;
	enum rc rc;

	ck_assert_int_eq(config_load(in_site("latchkey.conf"), &config), RC_OK);
	ck_assert_int_eq(secret_init(), RC_OK);
	ck_assert_int_eq(
	    db_open(in_site("data/" DB_NAME), 0, 10000, &db), RC_OK);
	ck_assert_int_eq(people_open(&config, db, &people), RC_OK);
	rc = login_password(
	    &people, email, password, strlen(password), &from, &result);
	people_close(&people);
	db_close(db);
	return rc;
}

/* Runs "account password" with these bytes as its input. */
static int
set_password(const char *who, const char *input, size_t len)
{
	char command[2048];
	FILE *to;

	(void)snprintf(command, sizeof(command),
	    "exec %s -c %s account password %s 2>/dev/null",
	    in_site("bin/latchkey"), in_site("latchkey.conf"), who);
	to = popen(command, "w");
	ck_assert_ptr_nonnull(to);
	(void)signal(SIGPIPE, SIG_IGN);
	(void)fwrite(input, 1, len, to);
	return WEXITSTATUS(pclose(to));
}

START_TEST(a_password_is_read_from_the_standard_input)
{
	static const struct {
		const char *input;
		int code;
	} inputs[] = {
		{ "correct horse battery\n", DONE },
		{ "correct horse battery", DONE },
		{ "correct horse battery\r\n", DONE },
		{ "correct horse battery\nanother line\n", DONE },
		{ "", REFUSED },
		{ "\n", REFUSED },
		{ "x7Kq9!mZ2\n", REFUSED },
		{ "password123\n", REFUSED },
		{ "one@example.test\n", REFUSED },
	};
	char key[KEY_TEXT_LEN], *large = malloc(100000);
	int i;

	fill(key);
	for (i = 0; i < ROWS(inputs); i++) {
		ck_assert_msg(set_password("one@example.test", inputs[i].input,
				  strlen(inputs[i].input)) == inputs[i].code,
		    "%s", inputs[i].input);
		/* What is refused changes nothing. */
		ck_assert_int_eq(
		    log_in("one@example.test", "correct horse battery"), RC_OK);
	}
	memset(large, 'x', 100000);
	ck_assert_int_eq(set_password("1", large, 100000), REFUSED);
	free(large);
	ck_assert_int_eq(set_password("1", "a new one it is\n", 16), DONE);
	ck_assert_int_eq(
	    log_in("one@example.test", "correct horse battery"), RC_DENIED);
	ck_assert_int_eq(log_in("ONE@example.test", "a new one it is"), RC_OK);
	site_must_check(&site);
}
END_TEST

START_TEST(the_sweep_takes_what_is_over)
{
	struct output output;
	char key[KEY_TEXT_LEN];

	fill(key);
	people_sql("INSERT INTO guess VALUES (x'01', 1, 1);"
		   "INSERT INTO audit VALUES (1, 1, 1, 1, '', '')");
	run(&output, "sweep -v");
	ck_assert_int_eq(output.code, DONE);
	ck_assert_str_eq(output.out,
	    "sessions 0, mailed tokens 0, counters 1, forms 0,"
	    " second factors 0, history 1\n");
	output_clear(&output);
	/* From cron it says nothing. */
	run(&output, "sweep");
	ck_assert_int_eq(output.code, DONE);
	ck_assert_str_eq(output.out, "");
	ck_assert_str_eq(output.err, "");
	output_clear(&output);
}
END_TEST

/* --- check, backup, demo -------------------------------------------------- */

START_TEST(check_finds_damage)
{
	char key[KEY_TEXT_LEN];

	fill(key);
	site_sql(&site,
	    "UPDATE account SET balance_nano = balance_nano + 1 WHERE id = 1");
	must_end(WRONG, "check");
	must_end(WRONG, "check --json");
	must_have("check --json", "0.check", "\"balance\"");
	must_have("check --json", "0.id", "1");
	site_sql(&site,
	    "UPDATE account SET balance_nano = balance_nano - 1 WHERE id = 1");
	must_end(DONE, "check");
}
END_TEST

START_TEST(check_tells_a_damaged_file)
{
	size_t len;
	char key[KEY_TEXT_LEN], *bytes;

	fill(key);
	bytes = fixture_read(in_site("data/" DB_NAME), &len);
	if (_i == 0)
		memset(bytes, 'x', 4096);
	else if (_i == 1)
		memset(bytes + 2048, 0xa5, len - 2048);
	else
		len = 5000;
	fixture_write(in_site("data/" DB_NAME), bytes, len);
	free(bytes);
	must_end(WRONG, "check");
}
END_TEST

/* What belongs to a database that is no longer there. */
static void
remove_journals(void)
{
	static const char *const names[] = { "data/" DB_NAME "-journal",
		"data/" DB_NAME "-wal", "data/" DB_NAME "-shm" };
	int i;

	for (i = 0; i < ROWS(names); i++)
		(void)unlink(in_site(names[i]));
}

START_TEST(a_backup_is_verified_and_can_be_restored)
{
	char key[KEY_TEXT_LEN];
	struct stat st;

	fill(key);
	must_end(DONE, "backup %s", in_site("copy.db"));
	ck_assert_int_eq(stat(in_site("copy.db"), &st), 0);
	ck_assert_int_eq(st.st_mode & 0777, 0600);
	ck_assert_int_ne(access(in_site("copy.db.gate"), F_OK), 0);
	must_end(DONE, "check %s", in_site("copy.db"));
	must_end(REFUSED, "backup %s", in_site("copy.db"));
	/* The people's lies beside it, and neither is overwritten. */
	ck_assert_int_eq(stat(in_site("copy.people.db"), &st), 0);
	ck_assert_int_eq(st.st_mode & 0777, 0600);
	fixture_write(in_site("other.people.db"), "x", 1);
	must_end(REFUSED, "backup %s", in_site("other.db"));
	ck_assert_int_ne(access(in_site("other.db"), F_OK), 0);
	/* What happens afterwards is gone with the restored copy. */
	must_end(DONE, "account add later@example.test");
	must_end(DONE, "order set 1 --status canceled");
	remove_journals();
	ck_assert_int_eq(
	    rename(in_site("copy.db"), in_site("data/" DB_NAME)), 0);
	site_must_check(&site);
	ck_assert_uint_eq(length_of("account list --json"), 2);
	must_have("order show 1 --json", "status", "\"Pending\"");
	ck_assert(key_works(key));
}
END_TEST

START_TEST(a_backup_that_fails_leaves_nothing)
{
	size_t len;
	char *bytes;

	ck_assert_int_ne(access(in_site("no/such/place.db"), F_OK), 0);
	must_end(OURS, "backup %s", in_site("no/such/place.db"));
	bytes = fixture_read(in_site("data/" DB_NAME), &len);
	memset(bytes + 4 * 2048, 0xa5, 2048);
	fixture_write(in_site("data/" DB_NAME), bytes, len);
	free(bytes);
	must_end(OURS, "backup %s", in_site("copy.db"));
	ck_assert_int_ne(access(in_site("copy.db"), F_OK), 0);
	/* Nor the people's copy, which is none without the other. */
	ck_assert_int_ne(access(in_site("copy.people.db"), F_OK), 0);
}
END_TEST

START_TEST(check_looks_at_people_too)
{
	char key[KEY_TEXT_LEN];

	fill(key);
	must_end(DONE, "backup %s", in_site("good.db"));
	people_sql("INSERT INTO person (account_id) VALUES (99)");
	must_end(WRONG, "check");
	must_have("check --json", "0.check", "\"people\"");
	must_have("check --json", "0.id", "99");
	must_end(DONE, "backup %s", in_site("bad.db"));
	must_end(WRONG, "check %s", in_site("bad.db"));
	must_end(DONE, "check %s", in_site("good.db"));
	/* A copy from before there was one has none. */
	ck_assert_int_eq(unlink(in_site("bad.people.db")), 0);
	must_end(DONE, "check %s", in_site("bad.db"));
	people_sql("DELETE FROM person");
	must_end(DONE, "check");
}
END_TEST

START_TEST(without_the_peoples_database_migrate_is_named)
{
	static const char *const lines[] = { "check", "sweep", "demo",
		"account password 1", "backup " };
	char key[KEY_TEXT_LEN], line[512];
	struct output output;
	int i;

	fill(key);
	if (_i == 0)
		ck_assert_int_eq(unlink(in_site("data/" PEOPLE_NAME)), 0);
	else
		people_sql("PRAGMA user_version = 0");
	/* An old one can still be checked and copied. */
	for (i = _i; i < ROWS(lines) - _i; i++) {
		(void)snprintf(line, sizeof(line), "%s%s", lines[i],
		    strcmp(lines[i], "backup ") == 0 ? in_site("copy.db") : "");
		run(&output, line);
		ck_assert_msg(output.code != DONE, "%s", line);
		ck_assert_msg(
		    strstr(output.out, "run latchkey migrate") != NULL ||
			strstr(output.err, "run latchkey migrate") != NULL,
		    "%s: %s", line, output.err);
		output_clear(&output);
	}
}
END_TEST

START_TEST(demo_fills_an_empty_site_once)
{
	char key[KEY_TEXT_LEN], password[32];
	struct output output;

	run(&output, "demo");
	ck_assert_int_eq(output.code, DONE);
	ck_assert_str_eq(output.err, "");
	ck_assert_int_eq(
	    sscanf(output.out, "API_KEY='%49[^']'\nAPI_KEY_2='", key), 1);
	ck_assert_int_eq(sscanf(strstr(output.out, "CUSTOMER_EMAIL"),
			     "CUSTOMER_EMAIL='demo@example.test'\n"
			     "CUSTOMER_PASSWORD='%20[0-9A-Za-z]'\n",
			     password),
	    1);
	ck_assert_uint_eq(
	    output.out_len, strlen("API_KEY=''\nAPI_KEY_2=''\n"
				   "CUSTOMER_EMAIL='demo@example.test'\n"
				   "CUSTOMER_PASSWORD=''\n") +
				(size_t)2 * 49 + 20);
	ck_assert_int_eq(log_in("demo@example.test", password), RC_OK);
	output_clear(&output);
	ck_assert(key_works(key));
	site_must_check(&site);
	ck_assert_uint_ge(length_of("service list --json"), 5);
	ck_assert_uint_ge(length_of("order list --json"), 5);
	ck_assert_uint_ge(length_of("refill list --json"), 1);
	must_end(REFUSED, "demo");
}
END_TEST

START_TEST(demo_keeps_out_of_a_site_in_use)
{
	must_end(
	    DONE, "%s", _i == 0 ? "account add one@example.test" : SERVICE);
	must_end(REFUSED, "demo");
	site_must_check(&site);
}
END_TEST

/* --- making a site -------------------------------------------------------- */

static int
mode_of(const char *name)
{
	struct stat st;

	return stat(in_site(name), &st) == 0 ? (int)(st.st_mode & 0777) : -1;
}

START_TEST(init_makes_what_is_closed_to_others)
{
	must_end(
	    DONE, "init --dir %s --url https://panel.example/", in_site("new"));
	ck_assert_int_eq(mode_of("new/latchkey.conf"), 0600);
	ck_assert_int_eq(mode_of("new/data"), 0700);
	ck_assert_int_eq(mode_of("new/data/pepper"), 0600);
	ck_assert_int_eq(mode_of("new/data/seal.key"), 0600);
	ck_assert_int_eq(mode_of("new/data/" DB_NAME), 0600);
	ck_assert_int_eq(mode_of("new/latchkey.conf.new"), -1);
	must_end(DONE, "-c %s check", in_site("new/latchkey.conf"));
	/* Never over what is there. */
	must_end(REFUSED, "init --dir %s", in_site("new"));
	must_end(DONE, "-c %s check", in_site("new/latchkey.conf"));
}
END_TEST

START_TEST(init_refuses_what_cannot_be)
{
	must_end(REFUSED, "init --dir %s --url ftp://x", in_site("new"));
	ck_assert_int_eq(mode_of("new/latchkey.conf"), -1);
	ck_assert_int_eq(mode_of("new/latchkey.conf.new"), -1);
	must_end(REFUSED, "init --dir %s", in_site("no/such/dir"));
	must_end(REFUSED, "init --dir /dev/null");
	must_end(USAGE, "-c x init --dir %s", in_site("new"));
	must_end(USAGE, "init --dir");
	if (geteuid() != 0)
		must_end(REFUSED, "init --dir %s --owner root", in_site("new"));
}
END_TEST

START_TEST(an_interrupted_init_is_run_again)
{
	char *pepper, *again;
	size_t len, again_len;

	must_end(DONE, "init --dir %s", in_site("new"));
	pepper = fixture_read(in_site("new/data/pepper"), &len);
	/* As if it had ended before each of its steps, the last one first. */
	ck_assert_int_eq(rename(in_site("new/latchkey.conf"),
			     in_site("new/latchkey.conf.new")),
	    0);
	must_end(DONE, "init --dir %s", in_site("new"));
	ck_assert_int_eq(mode_of("new/latchkey.conf.new"), -1);
	/* The keys that may exist by now live on. */
	again = fixture_read(in_site("new/data/pepper"), &again_len);
	ck_assert_uint_eq(again_len, len);
	ck_assert_mem_eq(pepper, again, len);
	free(again);
	free(pepper);
	ck_assert_int_eq(unlink(in_site("new/latchkey.conf")), 0);
	ck_assert_int_eq(unlink(in_site("new/data/" DB_NAME)), 0);
	must_end(DONE, "init --dir %s", in_site("new"));
	/* A pepper that was cut short, before there was a database. */
	ck_assert_int_eq(unlink(in_site("new/latchkey.conf")), 0);
	ck_assert_int_eq(unlink(in_site("new/data/" DB_NAME)), 0);
	fixture_write(in_site("new/data/pepper"), "short", 5);
	must_end(DONE, "init --dir %s", in_site("new"));
	pepper = fixture_read(in_site("new/data/pepper"), &len);
	ck_assert_uint_eq(len, 32);
	free(pepper);
	/* A database whose pepper is gone is not given another. */
	ck_assert_int_eq(unlink(in_site("new/latchkey.conf")), 0);
	ck_assert_int_eq(unlink(in_site("new/data/pepper")), 0);
	must_end(REFUSED, "init --dir %s", in_site("new"));
	ck_assert_int_eq(mode_of("new/data/pepper"), -1);
	/* A directory whose data others can read is refused, not opened. */
	ck_assert_int_eq(chmod(in_site("new/data"), 0755), 0);
	must_end(OURS, "init --dir %s", in_site("new"));
	ck_assert_int_eq(chmod(in_site("new/data"), 0700), 0);
}
END_TEST

/* The sealing key: 32 bytes, or as many as a file has. */
static char *
read_seal_key(size_t expected)
{
	size_t len;
	char *bytes = fixture_read(in_site("data/seal.key"), &len);

	ck_assert_uint_eq(len, expected);
	ck_assert_int_eq(mode_of("data/seal.key"), 0600);
	return bytes;
}

/* Migrates, or makes the site as if init had been killed at its end. */
static void
make_again(int by_init, int code)
{
	if (!by_init) {
		must_end(code, "migrate");
		return;
	}
	ck_assert_int_eq(
	    rename(in_site("latchkey.conf"), in_site("latchkey.off")), 0);
	must_end(code, "init --dir %s", in_site(""));
	ck_assert_int_eq(
	    rename(in_site("latchkey.off"), in_site("latchkey.conf")), 0);
}

START_TEST(a_sealing_key_is_kept)
{
	char *before = read_seal_key(32), *after;

	make_again(_i, DONE);
	after = read_seal_key(32);
	ck_assert_mem_eq(before, after, 32);
	free(before);
	free(after);
}
END_TEST

START_TEST(a_sealing_key_is_made_where_nothing_is_sealed)
{
	char key[KEY_TEXT_LEN], *before = read_seal_key(32), *after;

	fill(key);
	ck_assert_int_eq(unlink(in_site("data/seal.key")), 0);
	make_again(_i, DONE);
	after = read_seal_key(32);
	ck_assert(memcmp(before, after, 32) != 0);
	free(after);
	/* One that was cut short. */
	fixture_write(in_site("data/seal.key"), before, 31);
	make_again(_i, DONE);
	after = read_seal_key(32);
	ck_assert(memcmp(before, after, 31) != 0);
	free(after);
	free(before);
	/* One that others can read is refused, not replaced. */
	if (fixture_is_bound()) {
		ck_assert_int_eq(chmod(in_site("data/seal.key"), 0644), 0);
		make_again(_i, OURS);
		ck_assert_int_eq(chmod(in_site("data/seal.key"), 0600), 0);
	}
	(void)add_webhook(key);
}
END_TEST

/* Another key would hide that the secrets are lost. */
START_TEST(a_sealing_key_that_is_gone_is_not_replaced)
{
	char key[KEY_TEXT_LEN], *before = read_seal_key(32), *after;

	fill(key);
	ck_assert_int_eq(add_webhook(key), 1);
	ck_assert_int_eq(unlink(in_site("data/seal.key")), 0);
	make_again(_i, REFUSED);
	ck_assert_int_eq(mode_of("data/seal.key"), -1);
	fixture_write(in_site("data/seal.key"), before, 31);
	make_again(_i, REFUSED);
	free(read_seal_key(31));
	/* The old one is put back, ... */
	fixture_write(in_site("data/seal.key"), before, 32);
	make_again(_i, DONE);
	after = read_seal_key(32);
	ck_assert_mem_eq(before, after, 32);
	free(after);
	/* ... or nothing needs it any more. */
	ck_assert_int_eq(unlink(in_site("data/seal.key")), 0);
	ck_assert_int_eq(api_number(&site, "removed",
			     "key=%s&action=webhook.remove&webhook=1", key),
	    1);
	make_again(_i, DONE);
	after = read_seal_key(32);
	ck_assert(memcmp(before, after, 32) != 0);
	free(after);
	free(before);
	site_must_check(&site);
}
END_TEST

/* Makes of the site's data what the first version had, without webhooks. */
static void
make_old(void)
{
	char sql[4096], *tables, *table, *rest, *columns;

	site_sql(&site, "PRAGMA wal_checkpoint(TRUNCATE)");
	ck_assert_int_eq(
	    rename(in_site("data/" DB_NAME), in_site("data/new.db")), 0);
	remove_journals();
	ck_assert_int_eq(unlink(in_site("data/seal.key")), 0);
	fixture_write(in_site("data/" DB_NAME), "", 0);
	ck_assert_int_eq(migrations[0].version, 1);
	site_sql(&site, "PRAGMA page_size = 1024; PRAGMA user_version = 1");
	site_sql(&site, migrations[0].sql);
	tables = rest =
	    site_sql_text(&site, "SELECT group_concat(name) FROM sqlite_schema"
				 " WHERE type = 'table'");
	while ((table = strsep(&rest, ",")) != NULL) {
		(void)snprintf(sql, sizeof(sql),
		    "SELECT group_concat(name) FROM pragma_table_info('%s')",
		    table);
		columns = site_sql_text(&site, sql);
		(void)snprintf(sql, sizeof(sql),
		    "ATTACH '%s' AS new; DELETE FROM main.%s;"
		    "INSERT INTO main.%s (%s) SELECT %s FROM new.%s",
		    in_site("data/new.db"), table, table, columns, columns,
		    table);
		site_sql(&site, sql);
		free(columns);
	}
	free(tables);
	ck_assert_int_eq(unlink(in_site("data/new.db")), 0);
	/* Nor was there anybody who logs in. */
	ck_assert_int_eq(unlink(in_site("data/" PEOPLE_NAME)), 0);
}

START_TEST(an_older_site_gets_webhooks_by_migrating)
{
	char key[KEY_TEXT_LEN], want[128];
	struct answer answer;
	struct output output;

	fill(key);
	must_end(DONE, "order set 2 --status in-progress");
	make_old();
	/* Until then it waits. */
	api_call(&site, &answer, "key=%s&action=balance", key);
	ck_assert_int_eq(answer.status, 503);
	answer_clear(&answer);
	ck_assert_int_eq(mode_of("data/seal.key"), -1);
	run(&output, "migrate");
	ck_assert_int_eq(output.code, DONE);
	(void)snprintf(want, sizeof(want),
	    "migrated the database from version 1 to %d\n"
	    "made the people's database, version %d\n%s",
	    SCHEMA_VERSION, PEOPLE_SCHEMA_VERSION,
	    is_fastcgi() ? "the journal is wal now\n" : "");
	ck_assert_str_eq(output.out, want);
	output_clear(&output);
	free(read_seal_key(32));
	site_must_check(&site);
	ck_assert(key_works(key));
	must_have("account list --json", "0.threshold", "\"0.00\"");
	/* Orders from before are told of from now on. */
	(void)add_webhook(key);
	must_end(DONE, "order set 2 --status completed");
	must_be("SELECT group_concat(subject) FROM event", "order:2:2");
	site_must_check(&site);
}
END_TEST

START_TEST(migrate_says_what_it_did)
{
	struct output output;
	char want[160];

	run(&output, "migrate");
	ck_assert_int_eq(output.code, DONE);
	(void)snprintf(want, sizeof(want),
	    "nothing to do for the database: version %d\n"
	    "nothing to do for the people's database: version %d\n",
	    SCHEMA_VERSION, PEOPLE_SCHEMA_VERSION);
	ck_assert_str_eq(output.out, want);
	output_clear(&output);
	site_sql(&site, "PRAGMA user_version = 999");
	must_end(REFUSED, "migrate");
	must_end(REFUSED, "account list");
	must_end(REFUSED, "check");
	/* A site without a database has one to be made by hand. */
	site_sql(&site, "PRAGMA user_version = 0");
	must_end(REFUSED, "account list");
}
END_TEST

/* The journal of the database, as its file has it. */
static int
has_log(void)
{
	char *text = site_sql_text(&site, "PRAGMA journal_mode");
	int log = strcmp(text, "wal") == 0;

	free(text);
	return log;
}

/* Ends well, and says that at its end. */
static void
migrate_must_say(const char *end)
{
	struct output output;
	const char *last;

	run(&output, "migrate");
	ck_assert_int_eq(output.code, DONE);
	last = strstr(output.out, "the journal");
	ck_assert_str_eq(last != NULL ? last : "", end);
	output_clear(&output);
}

START_TEST(migrate_gives_orders_their_journal)
{
	struct db *db;

	if (is_fastcgi()) {
		configure("journal = wal", "journal = truncate");
		migrate_must_say("the journal is truncate now\n");
	}
	ck_assert(!has_log());
	configure("journal = truncate", "journal = wal");
	must_end(DONE, "check");
	ck_assert(!has_log());
	migrate_must_say("the journal is wal now\n");
	ck_assert(has_log());
	migrate_must_say("");
	must_end(DONE, "account add one@example.test");
	must_end(DONE, "check");
	/* It cannot end while somebody has it open. */
	configure("journal = wal", "journal = truncate");
	ck_assert_int_eq(
	    db_open(in_site("data/" DB_NAME), 0, 1000, &db), RC_OK);
	ck_assert_int_eq(db_begin(db, DB_WRITE), RC_OK);
	db_rollback(db);
	must_end(LATER, "migrate");
	ck_assert(has_log());
	db_close(db);
	migrate_must_say("the journal is truncate now\n");
	ck_assert(!has_log());
	must_have("account list --json", "0.email", "\"one@example.test\"");
}
END_TEST

/* --- trouble -------------------------------------------------------------- */

START_TEST(a_locked_database_is_for_later)
{
	struct holder holder;
	char *path = strdup(in_site("data/" DB_NAME ".gate"));

	must_end(DONE, "account add one@example.test");
	fixture_hold(&holder, path, LOCK_EX, 0);
	must_end(LATER, "account list");
	must_end(LATER, "account add two@example.test");
	must_end(LATER, "check");
	must_end(LATER, "backup %s", in_site("copy.db"));
	fixture_let_go(&holder);
	free(path);
	ck_assert_int_ne(access(in_site("copy.db"), F_OK), 0);
	ck_assert_uint_eq(length_of("account list --json"), 1);
}
END_TEST

START_TEST(a_full_disk_is_for_later_and_changes_nothing)
{
	struct stat st;
	char *line;
	int n, status = 0, refused = 0;

	must_end(DONE, "account add one@example.test");
	ck_assert_int_eq(stat(in_site("data/" DB_NAME), &st), 0);
	for (n = 0; n < 300 && refused < 5; n++) {
		if (asprintf(&line,
			"ulimit -f %lld; '%s/bin/latchkey' account add "
			"a%d@example.test --name %0199d >/dev/null 2>&1",
			(long long)(st.st_size + 2048) / 512, site.dir, n,
			n) < 0)
			abort();
		status = system(line);
		free(line);
		ck_assert(WIFEXITED(status));
		ck_assert_msg(
		    WEXITSTATUS(status) == DONE || WEXITSTATUS(status) == LATER,
		    "ended with %d", WEXITSTATUS(status));
		refused += WEXITSTATUS(status) == LATER;
	}
	ck_assert_int_eq(refused, 5);
	site_must_check(&site);
	ck_assert_uint_eq(
	    length_of("account list --json"), (size_t)(n - refused + 1));
}
END_TEST

START_TEST(what_the_api_refuses_to_use_latchkey_does_too)
{
	if (!fixture_is_bound())
		return;
	ck_assert_int_eq(chmod(in_site("data"), 0755), 0);
	must_end(OURS, "account list");
	ck_assert_int_eq(chmod(in_site("data"), 0700), 0);
	ck_assert_int_eq(chmod(in_site("latchkey.conf"), 0666), 0);
	must_end(OURS, "account list");
	ck_assert_int_eq(chmod(in_site("latchkey.conf"), 0600), 0);
	must_end(DONE, "account list");
	fixture_write(in_site("bad.conf"), "nonsense\n", 9);
	must_end(OURS, "-c %s account list", in_site("bad.conf"));
	ck_assert_int_eq(unlink(in_site("data/" DB_NAME)), 0);
	must_end(REFUSED, "account list");
	ck_assert_int_eq(unlink(in_site("latchkey.conf")), 0);
	must_end(REFUSED, "account list");
}
END_TEST

static Suite *
make_suite(void)
{
	Suite *suite = suite_create("latchkey");
	TCase *tc = tcase_create("latchkey");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, help_is_everywhere);
	tcase_add_test(tc, help_needs_no_site);
	tcase_add_test(tc, every_line_of_help_fits_a_terminal);
	tcase_add_test(tc, unknown_words_and_options_are_misuse);
	tcase_add_loop_test(tc, a_call_ends_as_told, 0, ROWS(calls));
	tcase_add_test(tc, control_characters_do_not_reach_the_terminal);
	tcase_add_test(tc, output_that_cannot_be_written_is_a_failure);
	tcase_add_test(tc, json_has_what_tables_have);
	tcase_add_test(tc, a_new_things_id_is_all_that_is_printed);
	tcase_add_test(tc, a_key_lives_until_it_is_rotated_or_revoked);
	tcase_add_test(tc, an_account_has_ten_keys);
	tcase_add_test(tc, a_suspended_account_is_refused_until_it_is_not);
	tcase_add_test(tc, a_key_is_never_made_under_a_bad_pepper);
	tcase_add_test(tc, an_order_is_moved_refunded_and_refilled);
	tcase_add_test(
	    tc, what_the_operator_does_is_told_in_the_sites_currency);
	tcase_add_test(tc, a_revoked_keys_webhooks_are_paused);
	tcase_add_test(tc, a_rotated_key_keeps_its_webhooks);
	tcase_add_test(tc, an_import_is_whole_or_names_its_line);
	tcase_add_test(tc, an_import_may_come_from_a_pipe);
	tcase_add_test(tc, an_import_has_a_largest_size);
	tcase_add_test(tc, check_finds_damage);
	tcase_add_loop_test(tc, check_tells_a_damaged_file, 0, 3);
	tcase_add_test(tc, a_backup_is_verified_and_can_be_restored);
	tcase_add_test(tc, a_backup_that_fails_leaves_nothing);
	tcase_add_test(tc, check_looks_at_people_too);
	tcase_add_loop_test(
	    tc, without_the_peoples_database_migrate_is_named, 0, 2);
	tcase_add_test(tc, a_password_is_read_from_the_standard_input);
	tcase_add_test(tc, the_sweep_takes_what_is_over);
	tcase_add_test(tc, demo_fills_an_empty_site_once);
	tcase_add_loop_test(tc, demo_keeps_out_of_a_site_in_use, 0, 2);
	tcase_add_test(tc, init_makes_what_is_closed_to_others);
	tcase_add_test(tc, init_refuses_what_cannot_be);
	tcase_add_test(tc, an_interrupted_init_is_run_again);
	tcase_add_loop_test(tc, a_sealing_key_is_kept, 0, 2);
	tcase_add_loop_test(
	    tc, a_sealing_key_is_made_where_nothing_is_sealed, 0, 2);
	tcase_add_loop_test(
	    tc, a_sealing_key_that_is_gone_is_not_replaced, 0, 2);
	tcase_add_test(tc, an_older_site_gets_webhooks_by_migrating);
	tcase_add_test(tc, migrate_says_what_it_did);
	tcase_add_test(tc, migrate_gives_orders_their_journal);
	tcase_add_test(tc, a_locked_database_is_for_later);
	tcase_add_test(tc, a_full_disk_is_for_later_and_changes_nothing);
	tcase_add_test(tc, what_the_api_refuses_to_use_latchkey_does_too);
	suite_add_tcase(suite, tc);
	return suite;
}

SUITE_MAIN(make_suite)
