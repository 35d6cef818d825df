/* SPDX-License-Identifier: ISC */
/*
 * What a program of the API does with bad requests, on a bad site and in bad
 * circumstances: one JSON answer with the designed status, a line in the log
 * that carries the incident's id where it was not the caller's mistake, no
 * key in that log, no signal, and nothing half-written.
 *
 * Programs are run by hand; where they need limits or closed descriptors, by
 * a script that sets these and becomes the program.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cgi.h"
#include "fixture.h"
#include "harness.h"
#include "schema_version.h"
#include "suite.h"

static struct site site;
static char key[KEY_TEXT_LEN];

#define BUSY "Service temporarily unavailable"
#define INTERNAL "Internal error"
#define NO_KEY "Invalid API key"
#define BODY "Malformed request body: "

static void
setup(void)
{
	(void)umask(077);
	/* What harms a file shows where no log stands before it. */
	site_make(&site, "busy_ms = 60\nrate_ip = 100000\nrate_key = 100000\n"
			 "journal = truncate");
	(void)site_account(&site, "one@example.test");
	site_key(&site, "one@example.test", key);
	site_credit(&site, "one@example.test", "100");
	free(
	    site_latchkey_ok(&site, "tier", "set", "Standard", "100000", NULL));
	free(site_latchkey_ok(&site, "service", "add", "--name", "Flyers",
	    "--type", "Default", "--category", "Print", "--rate", "1", "--min",
	    "1", "--max", "1000", "--cancel", "--refill", NULL));
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
	static char paths[4][SITE_PATH_LEN + 64];
	static int n;
	char *path = paths[n++ % 4];

	(void)snprintf(path, sizeof(paths[0]), "%s/%s", site.dir, name);
	return path;
}

static char *text(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

/* A text to be freed. */
static char *
text(const char *format, ...)
{
	va_list ap;
	char *s;

	va_start(ap, format);
	if (vasprintf(&s, format, ap) < 0)
		abort();
	va_end(ap);
	return s;
}

/* --- answers -------------------------------------------------------------- */

/* The text of an answer's one error, NULL for a success; to be freed. */
static char *
error_of_answer(const struct answer *answer)
{
	json_error_t where;
	json_t *model = json_loadb(
	    answer->body, answer->body_len, JSON_REJECT_DUPLICATES, &where);
	const char *error;
	char *copy = NULL;

	if (model == NULL)
		ck_abort_msg("no JSON: %s: %s", where.text, answer->body);
	error = json_string_value(json_object_get(model, "error"));
	if (error != NULL) {
		ck_assert_uint_eq(json_object_size(model), 1);
		copy = strdup(error);
	} else {
		ck_assert_ptr_null(json_object_get(model, "error"));
	}
	json_decref(model);
	return copy;
}

/* True for lines of the log alone, each with that incident. */
static int
is_log_of(const char *log, const char *incident)
{
	const char *line = log;
	char tag[32];

	(void)snprintf(tag, sizeof(tag), "[%s]: ", incident);
	for (; *line != '\0'; line = strchr(line, '\n') + 1) {
		const char *at = strstr(line, tag);

		if (strchr(line, '\n') == NULL || at == NULL ||
		    at > strchr(line, '\n') ||
		    strncmp(line, "latchkey ", 9) != 0)
			return 0;
	}
	return 1;
}

/* What every answer is, whatever was asked. */
static void
must_be_sound(const struct answer *answer)
{
	const char *length = answer_header(answer, "Content-Length");
	const char *type = answer_header(answer, "Content-Type");
	const char *incident = answer_header(answer, "X-Incident");
	char *error;

	ck_assert_msg(answer->status != 0, "no answer (%s), code %d: %s",
	    answer->why, answer->code, answer->err);
	ck_assert_msg(
	    answer->code == 0, "exit status %d: %s", answer->code, answer->err);
	ck_assert_str_eq(type != NULL ? type : "", "application/json");
	ck_assert_uint_eq(answer_count(answer, "Content-Type"), 1);
	ck_assert_uint_eq(answer_count(answer, "Status"), 1);
	ck_assert_ptr_nonnull(length);
	ck_assert_uint_eq(strtoul(length, NULL, 10), answer->body_len);
	ck_assert_ptr_null(answer_header(answer, "Location"));
	error = error_of_answer(answer);
	ck_assert(error != NULL || answer->status == 200);
	free(error);
	/* The whole key and its secret stay out of log and answer. */
	ck_assert_ptr_null(strstr(answer->err, key));
	ck_assert_ptr_null(strstr(answer->err, key + 11));
	ck_assert_ptr_null(strstr(answer->body, key));
	if (answer->status == 500) {
		ck_assert_ptr_nonnull(incident);
		ck_assert_uint_eq(strlen(incident), 16);
		ck_assert_uint_eq(strspn(incident, "0123456789abcdef"), 16);
		ck_assert_msg(
		    is_log_of(answer->err, incident) && answer->err[0] != '\0',
		    "incident %s, log: %s", incident, answer->err);
	} else {
		ck_assert_ptr_null(incident);
	}
	if (answer->status == 503) {
		ck_assert_ptr_nonnull(answer_header(answer, "Retry-After"));
		ck_assert_str_ne(answer->err, "");
	}
}

/* The answer has this status and error; NULL: a success. */
static void
must_answer(const struct answer *answer, int status, const char *expected)
{
	char *error;

	must_be_sound(answer);
	error = error_of_answer(answer);
	ck_assert_msg(answer->status == status &&
			  strcmp(error != NULL ? error : "",
			      expected != NULL ? expected : "") == 0,
	    "%d %s instead of %d %s; log: %s", answer->status, answer->body,
	    status, expected != NULL ? expected : "success", answer->err);
	free(error);
}

static void
run(const struct cgi_call *call, int status, const char *expected)
{
	struct answer answer;

	cgi_run(&site, call, &answer);
	must_answer(&answer, status, expected);
	answer_clear(&answer);
}

/* Balance, or an order of its own, with the account's key. */
static char *
balance_body(void)
{
	return text("key=%s&action=balance", key);
}

static char *
add_body(void)
{
	static int n;

	return text("key=%s&action=add&service=1&quantity=10"
		    "&link=https://bad.example.test/%d",
	    key, ++n);
}

/* Runs the body, which is freed. */
static void
run_body(char *body, int status, const char *expected)
{
	run(&(struct cgi_call){ .body = body }, status, expected);
	free(body);
}

/* The site works, and all that it has stored is consistent. */
static void
must_work(void)
{
	run_body(balance_body(), 200, NULL);
	run_body(add_body(), 200, NULL);
	site_must_check(&site);
}

/* --- lengths and bodies --------------------------------------------------- */

START_TEST(the_plain_call_works)
{
	must_work();
}
END_TEST

START_TEST(a_length_that_is_no_number_is_an_error)
{
	static const char *const lengths[] = { "-1", "-0", "+5", "1x", "x",
		"0x20", "1e3", "5.0", "5 5", " 5", "5 ", "5,5", ";", "\t",
		"-99999999999999999999" };
	char *body = balance_body();
	int i;

	for (i = 0; i < ROWS(lengths); i++)
		run(&(struct cgi_call){ .body = body, .length = lengths[i] },
		    200, BODY "incomplete");
	free(body);
}
END_TEST

START_TEST(a_huge_length_is_refused_unread)
{
	static const char *const lengths[] = { "65537", "1000000", "2147483648",
		"4294967296", "9223372036854775807", "9223372036854775808",
		"18446744073709551616", "99999999999999999999" };
	char *body = balance_body();
	int i;

	for (i = 0; i < ROWS(lengths); i++)
		run(&(struct cgi_call){ .body = body, .length = lengths[i] },
		    413, "Request body too large");
	free(body);
}
END_TEST

START_TEST(a_body_that_ends_early_is_an_error)
{
	char *body = balance_body(), *length;
	size_t more;

	for (more = 1; more < 70000; more *= 7) {
		length = text("%zu", strlen(body) + more);
		if (strlen(body) + more > CGI_BODY_MAX) {
			free(length);
			break;
		}
		run(&(struct cgi_call){ .body = body, .length = length }, 200,
		    BODY "incomplete");
		free(length);
	}
	run(&(struct cgi_call){ .body = NULL, .length = "1" }, 200,
	    BODY "incomplete");
	run(&(struct cgi_call){ .body = NULL, .length = "65536" }, 200,
	    BODY "incomplete");
	free(body);
}
END_TEST

START_TEST(what_comes_after_the_length_is_not_read)
{
	char *body = text("key=%s&action=balance&key=lk_x", key);
	char *length = text("%zu", strlen(body) - strlen("&key=lk_x"));

	run(&(struct cgi_call){ .body = body, .length = length }, 200, NULL);
	free(length);
	length = text("%zu", strlen(body) - strlen("e&key=lk_x"));
	run(&(struct cgi_call){ .body = body, .length = length }, 200,
	    "Incorrect request");
	free(length);
	run(&(struct cgi_call){ .body = body, .length = "0" }, 200, NO_KEY);
	run(&(struct cgi_call){ .body = body, .length = "000" }, 200, NO_KEY);
	run(&(struct cgi_call){ .body = body, .length = "20" }, 200, NO_KEY);
	free(body);
}
END_TEST

START_TEST(a_body_without_a_length_is_read_to_its_end)
{
	static const char *const empty[] = { "CONTENT_LENGTH=", NULL };
	char *body = balance_body();

	run(&(struct cgi_call){ .body = body, .length = "" }, 200, NULL);
	run(&(struct cgi_call){ .body = body, .length = "", .env = empty }, 200,
	    NULL);
	run(&(struct cgi_call){ .body = NULL, .length = "" }, 200, NO_KEY);
	free(body);
}
END_TEST

START_TEST(a_body_may_come_in_small_pieces)
{
	const struct {
		const char *type;
		char *body;
	} rows[] = {
		{ NULL, balance_body() },
		{ "application/json",
		    text("{\"key\":\"%s\",\"action\":\"balance\"}", key) },
		{ "multipart/form-data; boundary=xYz",
		    text("--xYz\r\nContent-Disposition: form-data; "
			 "name=\"key\"\r\n\r\n%s\r\n--xYz\r\n"
			 "Content-Disposition: form-data; name=\"action\""
			 "\r\n\r\nbalance\r\n--xYz--\r\n",
			key) },
	};
	size_t piece;
	int i;

	for (i = 0; i < ROWS(rows); i++) {
		for (piece = 1; piece <= 5; piece++) {
			run(&(struct cgi_call){ .content_type = rows[i].type,
				.body = rows[i].body,
				.piece = piece },
			    200, NULL);
			run(&(struct cgi_call){ .content_type = rows[i].type,
				.body = rows[i].body,
				.length = "",
				.piece = piece },
			    200, NULL);
		}
		free(rows[i].body);
	}
}
END_TEST

/* A body of that many bytes. */
static char *
body_of(size_t len)
{
	char *body = malloc(len + 1);
	int n;

	ck_assert_ptr_nonnull(body);
	n = snprintf(body, len + 1, "key=%s&action=balance&pad=", key);
	memset(body + n, 'x', len - (size_t)n);
	body[len] = '\0';
	return body;
}

START_TEST(a_body_has_at_most_64_kib)
{
	static const struct {
		size_t len;
		int status;
		const char *error;
	} rows[] = {
		{ CGI_BODY_MAX - 1, 200, NULL },
		{ CGI_BODY_MAX, 200, NULL },
		{ CGI_BODY_MAX + 1, 413, "Request body too large" },
		{ 1 << 20, 413, "Request body too large" },
	};
	char *body;
	int i;

	for (i = 0; i < ROWS(rows); i++) {
		body = body_of(rows[i].len);
		run(&(struct cgi_call){ .body = body }, rows[i].status,
		    rows[i].error);
		run(&(struct cgi_call){ .body = body, .length = "" },
		    rows[i].status, rows[i].error);
		run(&(struct cgi_call){ .body = body, .piece = 4096 },
		    rows[i].status, rows[i].error);
		free(body);
	}
}
END_TEST

START_TEST(ten_thousand_fields_are_too_many)
{
	static const struct {
		const char *type, *head, *field, *tail;
	} rows[] = {
		{ NULL, "", "a=1&", "" },
		{ NULL, "", "&", "" },
		{ NULL, "", "a&", "" },
		{ NULL, "", "=&", "" },
		{ "application/json", "{\"a\":1", ",\"a\":1", "}" },
		{ "application/json", "{\"a\":[1", ",1", "]}" },
	};
	struct answer answer;
	char *body, *at;
	int i, n;

	for (i = 0; i < ROWS(rows); i++) {
		body = malloc(10000 * strlen(rows[i].field) + 64);
		ck_assert_ptr_nonnull(body);
		at = stpcpy(body, rows[i].head);
		for (n = 0; n < 9000; n++)
			at = stpcpy(at, rows[i].field);
		(void)stpcpy(at, rows[i].tail);
		cgi_run(&site,
		    &(struct cgi_call){
			.content_type = rows[i].type, .body = body },
		    &answer);
		/* Too many, too large or without a key: told, not done. */
		must_be_sound(&answer);
		ck_assert(answer.status == 200 || answer.status == 413);
		ck_assert_ptr_nonnull(strstr(answer.body, "\"error\""));
		answer_clear(&answer);
		free(body);
	}
	body = malloc(10000 * 4 + 128);
	ck_assert_ptr_nonnull(body);
	at = body + sprintf(body, "key=%s&action=balance", key);
	for (n = 0; n < 10000; n++)
		at = stpcpy(at, "&a=1");
	run_body(body, 200, BODY "too many fields");
}
END_TEST

START_TEST(a_malformed_body_is_told_so)
{
	static const struct {
		const char *type, *body;
	} rows[] = {
		{ NULL, "key=%" },
		{ NULL, "key=%4" },
		{ NULL, "key=%zz" },
		{ NULL, "%=x" },
		{ NULL, "key=%00" },
		{ NULL, "key=%ff" },
		{ NULL, "key=%c3" },
		{ NULL, "key=%ed%a0%80" },
		{ NULL, "\xff=1" },
		{ "application/json", "" },
		{ "application/json", "{" },
		{ "application/json", "[]" },
		{ "application/json", "null" },
		{ "application/json", "{\"key\":{}}" },
		{ "application/json", "{\"key\":\"\\u0000\"}" },
		{ "application/json", "{\"key\":\"\\ud800\"}" },
		{ "application/json", "{\"key\":\"x\"} x" },
		{ "application/json", "{\"key\":\"x\"" },
		{ "multipart/form-data", "x" },
		{ "multipart/form-data; boundary=", "x" },
		{ "multipart/form-data; boundary=x", "x" },
		{ "multipart/form-data; boundary=x", "--x\r\n" },
		{ "multipart/form-data; boundary=x", "--x\r\n\r\n" },
		{ "multipart/form-data; boundary=x", "--x--" },
		{ "multipart/form-data; boundary=x",
		    "--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n"
		    "b" },
	};
	struct answer answer;
	int i;

	for (i = 0; i < ROWS(rows); i++) {
		cgi_run(&site,
		    &(struct cgi_call){ .content_type = rows[i].type,
			.body = rows[i].body,
			.body_len = strlen(rows[i].body) },
		    &answer);
		must_be_sound(&answer);
		ck_assert_int_eq(answer.status, 200);
		ck_assert_ptr_nonnull(strstr(answer.body, "\"error\""));
		answer_clear(&answer);
	}
}
END_TEST

START_TEST(every_cut_of_a_body_is_answered)
{
	char *bodies[] = {
		text("{\"key\":\"%s\",\"action\":\"balance\"}", key),
		text("--xYz\r\nContent-Disposition: form-data; name=\"key\""
		     "\r\n\r\n%s\r\n--xYz\r\nContent-Disposition: form-data;"
		     " name=\"action\"\r\n\r\nbalance\r\n--xYz--\r\n",
		    key),
		text("action=balance&x=%%C3%%A9&key=%s", key),
	};
	static const char *const types[] = { "application/json",
		"multipart/form-data; boundary=xYz", NULL };
	struct answer answer;
	size_t len;
	char *length;
	int i;

	for (i = 0; i < ROWS(bodies); i++) {
		for (len = 0; len <= strlen(bodies[i]); len++) {
			length = text("%zu", len);
			cgi_run(&site,
			    &(struct cgi_call){ .content_type = types[i],
				.body = bodies[i],
				.length = length },
			    &answer);
			must_be_sound(&answer);
			ck_assert_int_eq(answer.status, 200);
			answer_clear(&answer);
			free(length);
		}
		free(bodies[i]);
	}
}
END_TEST

START_TEST(only_post_is_a_call)
{
	static const char *const methods[] = { "", "GET", "HEAD", "PUT",
		"DELETE", "OPTIONS", "post", "POST ", " POST", "POSTX" };
	char *body = balance_body();
	struct answer answer;
	int i;

	for (i = 0; i < ROWS(methods); i++) {
		cgi_run(&site,
		    &(struct cgi_call){ .method = methods[i], .body = body },
		    &answer);
		must_answer(&answer, 405, "Method not allowed, use POST");
		ck_assert_str_eq(answer_header(&answer, "Allow"), "POST");
		answer_clear(&answer);
	}
	free(body);
}
END_TEST

START_TEST(only_known_types_are_read)
{
	static const char *const types[] = { "", "text/plain", "text/html",
		"application/xml", "application/jsonx",
		"application/x-www-form-urlencodedx", "multipart/mixed", ";",
		"application" };
	char *body = balance_body();
	int i;

	for (i = 0; i < ROWS(types); i++)
		run(&(struct cgi_call){ .content_type = types[i],
			.body = body },
		    415, "Unsupported content type");
	free(body);
}
END_TEST

/* --- ids ------------------------------------------------------------------ */

START_TEST(an_id_that_is_none_is_unknown)
{
	static const char *const ids[] = { "-1", "0", "1e3", "1.5", "0x1",
		"99999999999999999999", "9223372036854775807",
		"9223372036854775808", "1;DROP%20TABLE%20orders",
		"1'%20OR%20'1'='1", "1%20OR%201=1", "1--", "%EF%BC%91",
		"%C2%B2", "one", "1/2", "(1)", "1%0A1" };
	static const struct {
		const char *action, *one, *many, *error;
	} rows[] = {
		{ "status", "order", "orders", "Incorrect order ID" },
		{ "cancel", "order", "orders", "Incorrect order ID" },
		{ "refill", "order", "orders", "Incorrect order ID" },
		{ "refill_status", "refill", "refills", "Refill not found" },
	};
	struct answer answer;
	char *body;
	int i, j;

	run_body(add_body(), 200, NULL);
	for (i = 0; i < ROWS(rows); i++) {
		for (j = 0; j < ROWS(ids); j++) {
			run_body(text("key=%s&action=%s&%s=%s", key,
				     rows[i].action, rows[i].one, ids[j]),
			    200, rows[i].error);
			/* In a list it is the item's fault alone. */
			body = text("key=%s&action=%s&%s=%s,999", key,
			    rows[i].action, rows[i].many, ids[j]);
			cgi_run(
			    &site, &(struct cgi_call){ .body = body }, &answer);
			must_answer(&answer, 200, NULL);
			ck_assert_ptr_nonnull(
			    strstr(answer.body, rows[i].error));
			answer_clear(&answer);
			free(body);
		}
	}
	must_work();
	ck_assert_int_eq(site_sql_int(&site, "SELECT COUNT(*) FROM orders"), 2);
}
END_TEST

START_TEST(a_bad_service_or_quantity_places_nothing)
{
	static const char *const values[] = { "-1", "1e3",
		"99999999999999999999", "1;DROP%20TABLE%20service", "0x1",
		"1.0", "%D9%A1" };
	struct answer answer;
	char *body;
	int i, j;

	for (i = 0; i < ROWS(values); i++) {
		for (j = 0; j < 2; j++) {
			body = text("key=%s&action=add&service=%s&quantity=%s"
				    "&link=https://v.example.test/",
			    key, j ? "1" : values[i], j ? values[i] : "5");
			cgi_run(
			    &site, &(struct cgi_call){ .body = body }, &answer);
			must_be_sound(&answer);
			ck_assert_int_eq(answer.status, 200);
			ck_assert_ptr_nonnull(strstr(answer.body, "error"));
			answer_clear(&answer);
			free(body);
		}
	}
	ck_assert_int_eq(site_sql_int(&site, "SELECT COUNT(*) FROM orders"), 0);
	must_work();
}
END_TEST

/* --- the configuration ---------------------------------------------------- */

static void
write_conf(const char *bytes, size_t len)
{
	fixture_write(in_site("latchkey.conf"), bytes, len);
}

static void
conf_missing(void)
{
	ck_assert_int_eq(unlink(in_site("latchkey.conf")), 0);
}

static void
conf_unreadable(void)
{
	ck_assert_int_eq(chmod(in_site("latchkey.conf"), 0), 0);
}

static void
conf_writable(void)
{
	ck_assert_int_eq(chmod(in_site("latchkey.conf"), 0620), 0);
}

static void
conf_directory(void)
{
	conf_missing();
	ck_assert_int_eq(mkdir(in_site("latchkey.conf"), 0700), 0);
}

static void
conf_dangling(void)
{
	conf_missing();
	ck_assert_int_eq(symlink("nowhere", in_site("latchkey.conf")), 0);
}

static void
conf_garbage(void)
{
	char bytes[4096];
	size_t i;

	for (i = 0; i < sizeof(bytes); i++)
		bytes[i] = (char)(i * 37 + 128);
	write_conf(bytes, sizeof(bytes));
}

static void
conf_without_equals(void)
{
	write_conf("busy_ms 60\n", 11);
}

static void
conf_unknown_name(void)
{
	write_conf("busy = 60\n", 10);
}

static void
conf_bad_value(void)
{
	write_conf("busy_ms = -1\n", 13);
}

static void
conf_bad_path(void)
{
	write_conf("data_dir =\n", 11);
}

static void
conf_too_long(void)
{
	char bytes[20000];

	memset(bytes, '#', sizeof(bytes));
	write_conf(bytes, sizeof(bytes));
}

static void
conf_one_long_line(void)
{
	char bytes[16000];

	memset(bytes, 'x', sizeof(bytes));
	memcpy(bytes, "data_dir = /", 12);
	write_conf(bytes, sizeof(bytes));
}

/* --- the data directory --------------------------------------------------- */

static void
data_open(void)
{
	ck_assert_int_eq(chmod(in_site("data"), 0755), 0);
}

static void
data_group(void)
{
	ck_assert_int_eq(chmod(in_site("data"), 0750), 0);
}

static void
data_missing(void)
{
	ck_assert_int_eq(rename(in_site("data"), in_site("gone")), 0);
}

static void
data_file(void)
{
	data_missing();
	fixture_write(in_site("data"), "x", 1);
	ck_assert_int_eq(chmod(in_site("data"), 0700), 0);
}

static void
data_published(void)
{
	ck_assert_int_eq(
	    rename(in_site("data"), in_site("public_html/data")), 0);
	write_conf("data_dir = public_html/data\n", 28);
}

static void
data_linked(void)
{
	ck_assert_int_eq(
	    rename(in_site("data"), in_site("public_html/data")), 0);
	ck_assert_int_eq(symlink("public_html/data", in_site("data")), 0);
}

static void
data_read_only(void)
{
	ck_assert_int_eq(chmod(in_site("data"), 0500), 0);
}

static void
data_closed(void)
{
	ck_assert_int_eq(chmod(in_site("data"), 0), 0);
}

/* --- the pepper ----------------------------------------------------------- */

static void
pepper_missing(void)
{
	ck_assert_int_eq(unlink(in_site("data/pepper")), 0);
}

static void
pepper_empty(void)
{
	fixture_write(in_site("data/pepper"), "", 0);
}

static void
pepper_short(void)
{
	fixture_write(
	    in_site("data/pepper"), "0123456789012345678901234567890", 31);
}

static void
pepper_long(void)
{
	fixture_write(
	    in_site("data/pepper"), "012345678901234567890123456789012", 33);
}

static void
pepper_readable(void)
{
	ck_assert_int_eq(chmod(in_site("data/pepper"), 0644), 0);
}

static void
pepper_unreadable(void)
{
	ck_assert_int_eq(chmod(in_site("data/pepper"), 0), 0);
}

static void
pepper_linked(void)
{
	ck_assert_int_eq(
	    rename(in_site("data/pepper"), in_site("data/other")), 0);
	ck_assert_int_eq(symlink("other", in_site("data/pepper")), 0);
}

/* --- the database --------------------------------------------------------- */

#define DATABASE in_site("data/" DB_NAME)

static void
db_missing(void)
{
	ck_assert_int_eq(unlink(DATABASE), 0);
}

static void
db_empty(void)
{
	fixture_write(DATABASE, "", 0);
}

static void
db_garbage(void)
{
	char bytes[10000];

	memset(bytes, 'g', sizeof(bytes));
	fixture_write(DATABASE, bytes, sizeof(bytes));
}

/* All pages but the first. */
static void
db_pages_lost(void)
{
	size_t len;
	char *bytes = fixture_read(DATABASE, &len);

	memset(bytes + 2048, 0xa5, len - 2048);
	fixture_write(DATABASE, bytes, len);
	free(bytes);
}

static void
db_cut(void)
{
	size_t len;
	char *bytes = fixture_read(DATABASE, &len);

	fixture_write(DATABASE, bytes, 4096);
	free(bytes);
}

static void
db_one_byte(void)
{
	fixture_write(DATABASE, "x", 1);
}

static void
db_directory(void)
{
	db_missing();
	ck_assert_int_eq(mkdir(DATABASE, 0700), 0);
}

static void
db_unreadable(void)
{
	ck_assert_int_eq(chmod(DATABASE, 0), 0);
}

static void
db_older(void)
{
	char sql[64];

	(void)snprintf(
	    sql, sizeof(sql), "PRAGMA user_version = %d", SCHEMA_VERSION - 1);
	site_sql(&site, sql);
}

static void
db_newer(void)
{
	char sql[64];

	(void)snprintf(
	    sql, sizeof(sql), "PRAGMA user_version = %d", SCHEMA_VERSION + 1);
	site_sql(&site, sql);
}

static void
db_without_table(void)
{
	site_sql(&site, "DROP TABLE orders; DROP TABLE account");
}

static void
gate_directory(void)
{
	(void)unlink(in_site("data/" DB_NAME ".gate"));
	ck_assert_int_eq(mkdir(in_site("data/" DB_NAME ".gate"), 0700), 0);
}

static void
gate_unwritable(void)
{
	ck_assert_int_eq(chmod(in_site("data/" DB_NAME ".gate"), 0), 0);
}

/* --- the counters --------------------------------------------------------- */

#define COUNTERS in_site("data/rate.db")

static void
rate_lost(void)
{
	(void)unlink(COUNTERS);
}

static void
rate_garbage(void)
{
	char bytes[3000];

	memset(bytes, 'g', sizeof(bytes));
	fixture_write(COUNTERS, bytes, sizeof(bytes));
}

static void
rate_empty(void)
{
	fixture_write(COUNTERS, "", 0);
}

static void
rate_cut(void)
{
	size_t len;
	char *bytes;

	run_body(balance_body(), 200, NULL);
	bytes = fixture_read(COUNTERS, &len);
	fixture_write(COUNTERS, bytes, len / 2);
	free(bytes);
}

static void
rate_read_only(void)
{
	run_body(balance_body(), 200, NULL);
	ck_assert_int_eq(chmod(COUNTERS, 0400), 0);
}

static void
rate_directory(void)
{
	(void)unlink(COUNTERS);
	ck_assert_int_eq(mkdir(COUNTERS, 0700), 0);
}

/* What has been done to the site, and the answer. */
static const struct {
	const char *name;
	void (*harm)(void);
	int status;
	int works;  /* an order can be placed all the same */
	int intact; /* what is stored is whole; "check" says so */
	int kept;   /* who has it open already goes on */
} harms[] = {
#define HARM(harm, status, works, intact) #harm, harm, status, works, intact, 0
#define KEPT(harm, intact) #harm, harm, 500, 0, intact, 1
	{ HARM(conf_missing, 500, 0, 0) },
	{ HARM(conf_unreadable, 500, 0, 0) },
	{ HARM(conf_writable, 500, 0, 0) },
	{ HARM(conf_directory, 500, 0, 0) },
	{ HARM(conf_dangling, 500, 0, 0) },
	{ HARM(conf_garbage, 500, 0, 0) },
	{ HARM(conf_without_equals, 500, 0, 0) },
	{ HARM(conf_unknown_name, 500, 0, 0) },
	{ HARM(conf_bad_value, 500, 0, 0) },
	{ HARM(conf_bad_path, 500, 0, 0) },
	{ HARM(conf_too_long, 500, 0, 0) },
	{ HARM(conf_one_long_line, 500, 0, 0) },
	{ HARM(data_open, 500, 0, 0) },
	{ HARM(data_group, 500, 0, 0) },
	{ HARM(data_missing, 500, 0, 0) },
	{ HARM(data_file, 500, 0, 0) },
	{ HARM(data_published, 500, 0, 0) },
	{ HARM(data_linked, 500, 0, 0) },
	{ HARM(data_read_only, 200, 1, 1) },
	{ HARM(data_closed, 500, 0, 0) },
	{ HARM(pepper_missing, 500, 0, 1) },
	{ HARM(pepper_empty, 500, 0, 1) },
	{ HARM(pepper_short, 500, 0, 1) },
	{ HARM(pepper_long, 500, 0, 1) },
	{ HARM(pepper_readable, 500, 0, 1) },
	{ HARM(pepper_unreadable, 500, 0, 1) },
	{ HARM(pepper_linked, 500, 0, 1) },
	{ HARM(db_missing, 500, 0, 0) },
	{ HARM(db_empty, 503, 0, 0) },
	{ HARM(db_garbage, 500, 0, 0) },
	{ HARM(db_pages_lost, 500, 0, 0) },
	{ HARM(db_cut, 500, 0, 0) },
	{ HARM(db_one_byte, 503, 0, 0) },
	{ HARM(db_directory, 500, 0, 0) },
	{ HARM(db_unreadable, 500, 0, 0) },
	{ HARM(db_older, 503, 0, 0) },
	{ HARM(db_newer, 503, 0, 0) },
	{ HARM(db_without_table, 500, 0, 0) },
	{ HARM(gate_directory, 500, 0, 0) },
	{ KEPT(gate_unwritable, 0) },
	{ HARM(rate_lost, 200, 1, 1) },
	{ HARM(rate_garbage, 200, 1, 1) },
	{ HARM(rate_empty, 200, 1, 1) },
	{ HARM(rate_cut, 200, 1, 1) },
	{ KEPT(rate_read_only, 1) },
	{ HARM(rate_directory, 500, 0, 1) },
};

/* Programs whose answers are looked at. */
static const char *const programs[] = { "v2", "balance" };

START_TEST(a_site_that_was_harmed_answers_as_designed)
{
	const int kept = harms[_i].kept && is_fastcgi();
	const int status = kept ? 200 : harms[_i].status;
	const char *expected = status == 500   ? INTERNAL
			       : status == 503 ? BUSY
					       : NULL;
	struct answer answer;
	char *body;
	int i;

	if (!fixture_is_bound())
		return;
	for (i = 0; i < ROWS(programs); i++) {
		body = balance_body();
		run(&(struct cgi_call){ .program = programs[i], .body = body },
		    200, NULL);
		free(body);
	}
	run_body(add_body(), 200, NULL);
	harms[_i].harm();
	/* To who has read the pages they are not lost. */
	if (harms[_i].harm == db_pages_lost)
		site_end_programs(&site);
	for (i = 0; i < ROWS(programs); i++) {
		body = balance_body();
		cgi_run(&site,
		    &(struct cgi_call){ .program = programs[i], .body = body },
		    &answer);
		must_answer(&answer, status, expected);
		answer_clear(&answer);
		free(body);
	}
	run_body(add_body(), status, expected);
	if (strcmp(harms[_i].name, "data_read_only") == 0)
		ck_assert_int_eq(chmod(in_site("data"), 0700), 0);
	if (harms[_i].intact)
		site_must_check(&site);
	if (harms[_i].works)
		must_work();
}
END_TEST

START_TEST(a_read_only_database_can_be_read)
{
	struct answer answer;
	char *body = balance_body();

	if (!fixture_is_bound())
		return;
	run_body(add_body(), 200, NULL);
	ck_assert_int_eq(chmod(DATABASE, 0400), 0);
	cgi_run(&site, &(struct cgi_call){ .body = body }, &answer);
	must_answer(&answer, 200, NULL);
	answer_clear(&answer);
	run_body(add_body(), 500, INTERNAL);
	run_body(text("key=%s&action=cancel&order=1", key), 500, INTERNAL);
	ck_assert_int_eq(chmod(DATABASE, 0600), 0);
	free(body);
	must_work();
}
END_TEST

START_TEST(a_database_locked_past_the_budget_is_busy)
{
	static const char *const gates[] = { "data/" DB_NAME ".gate",
		"data/rate.db" };
	struct holder holder;
	char *path;

	run_body(add_body(), 200, NULL);
	path = strdup(in_site(gates[_i]));
	fixture_hold(&holder, path, LOCK_EX, 0);
	run_body(balance_body(), 503, BUSY);
	run_body(add_body(), 503, BUSY);
	run_body(text("key=%s&action=status&order=1", key), 503, BUSY);
	fixture_let_go(&holder);
	free(path);
	must_work();
	ck_assert_int_eq(site_sql_int(&site, "SELECT COUNT(*) FROM orders"), 2);
}
END_TEST

START_TEST(a_reader_that_stays_makes_writers_busy_alone)
{
	struct holder holder;
	char *path = strdup(in_site("data/" DB_NAME ".gate"));

	/* The key's first use would be written. */
	run_body(balance_body(), 200, NULL);
	fixture_hold(&holder, path, LOCK_SH, 0);
	run_body(balance_body(), 200, NULL);
	run_body(add_body(), 503, BUSY);
	fixture_let_go(&holder);
	free(path);
	must_work();
}
END_TEST

/* --- circumstances -------------------------------------------------------- */

/* Makes a program that runs shell commands and then becomes v2. */
static void
make_wrapper(const char *commands)
{
	char *script = text("#!/bin/sh\n%s\n", commands);
	const char *path = in_site("public_html/cgi-bin/wrapped");

	(void)unlink(path);
	fixture_write(path, script, strlen(script));
	ck_assert_int_eq(chmod(path, 0700), 0);
	free(script);
	/* One that still runs has the limits of the script before. */
	site_end_programs(&site);
}

/* Runs it with a body, which is freed. */
static void
run_wrapped(char *body, struct answer *answer)
{
	cgi_run(&site, &(struct cgi_call){ .program = "wrapped", .body = body },
	    answer);
	free(body);
}

/* The scripts find the program beside themselves. */
#define BECOME "cd \"$(dirname \"$0\")\" && exec ./v2"

/* _i: with a log */
START_TEST(a_file_that_may_not_grow_is_busy)
{
	struct answer answer;
	int64_t orders = 0, blocks;
	struct stat st;
	char *commands;
	int busy = 0, done = 0;

	if (_i)
		site_use_log(&site);
	/* In blocks of 512 bytes, around the size of both databases. */
	run_body(add_body(), 200, NULL);
	orders++;
	ck_assert_int_eq(stat(DATABASE, &st), 0);
	for (blocks = 2; blocks < st.st_size / 512 + 60; blocks += 2) {
		commands = text("ulimit -f %lld\n" BECOME, (long long)blocks);
		make_wrapper(commands);
		free(commands);
		run_wrapped(add_body(), &answer);
		must_be_sound(&answer);
		ck_assert_msg(answer.status == 200 || answer.status == 503,
		    "%lld blocks of %lld: %d %s; log: %s", (long long)blocks,
		    (long long)st.st_size / 512, answer.status, answer.body,
		    answer.err);
		if (answer.status == 200) {
			ck_assert_ptr_nonnull(strstr(answer.body, "\"order\""));
			done++;
		} else {
			busy++;
		}
		answer_clear(&answer);
		ck_assert_int_eq(
		    site_sql_int(&site, "SELECT COUNT(*) FROM orders"),
		    orders + done);
	}
	ck_assert_int_gt(busy, 0);
	ck_assert_int_gt(done, 0);
	site_must_check(&site);
	must_work();
}
END_TEST

START_TEST(orders_past_the_quota_are_busy_and_leave_no_trace)
{
	int64_t orders = 0;
	struct answer answer;
	struct stat st;
	char *commands;
	int n, refused = 0;

	/* The limit stays; the file grows until it is reached. */
	run_body(add_body(), 200, NULL);
	ck_assert_int_eq(stat(DATABASE, &st), 0);
	commands = text("ulimit -f %lld\n" BECOME,
	    (long long)(st.st_size + 4 * 2048) / 512);
	make_wrapper(commands);
	free(commands);
	for (n = 0; n < 400 && refused < 20; n++) {
		orders = site_sql_int(&site, "SELECT COUNT(*) FROM orders");
		run_wrapped(add_body(), &answer);
		must_be_sound(&answer);
		if (answer.status == 200) {
			must_answer(&answer, 200, NULL);
			orders++;
		} else {
			must_answer(&answer, 503, BUSY);
			refused++;
		}
		answer_clear(&answer);
		ck_assert_int_eq(
		    site_sql_int(&site, "SELECT COUNT(*) FROM orders"), orders);
	}
	ck_assert_int_eq(refused, 20);
	site_must_check(&site);
	must_work();
}
END_TEST

#if !defined(__SANITIZE_ADDRESS__)
START_TEST(a_program_that_starts_answers_however_little_memory_it_has)
{
	struct answer answer;
	int kib, started = 0, worked = 0;
	char *commands;

	for (kib = 512; kib <= 24 * 1024; kib += kib < 8192 ? 64 : 512) {
		commands = text("ulimit -v %d\n" BECOME, kib);
		make_wrapper(commands);
		free(commands);
		run_wrapped(add_body(), &answer);
		/* Less than the program itself: the kernel ends it. */
		if (!started && answer.status == 0) {
			answer_clear(&answer);
			continue;
		}
		started = 1;
		must_be_sound(&answer);
		ck_assert_msg(answer.status == 200 || answer.status == 500,
		    "%d KiB: %d %s", kib, answer.status, answer.body);
		worked += answer.status == 200;
		answer_clear(&answer);
	}
	ck_assert_int_gt(worked, 0);
	ck_assert_int_eq(
	    site_sql_int(&site, "SELECT COUNT(*) FROM orders"), worked);
	site_must_check(&site);
	must_work();
}
END_TEST
#endif

START_TEST(closed_descriptors_do_no_harm)
{
	static const char *const closed[] = { "<&-", ">&-", "2>&-", "<&- >&-",
		"<&- 2>&-", ">&- 2>&-", "<&- >&- 2>&-" };
	struct answer answer;
	char *commands;

	/* FastCGI's listening socket is what makes it FastCGI. */
	if (is_fastcgi() && closed[_i][0] == '<')
		return;
	commands = text(BECOME " %s", closed[_i]);
	make_wrapper(commands);
	free(commands);
	run_wrapped(add_body(), &answer);
	/* No signal; without stdout there is nobody to be answered. */
	ck_assert_msg(
	    answer.code >= 0 && answer.code < 2, "code %d", answer.code);
	if (is_fastcgi() || strchr(closed[_i], '>') == NULL ||
	    strcmp(closed[_i], "2>&-") == 0 ||
	    strcmp(closed[_i], "<&- 2>&-") == 0)
		must_be_sound(&answer);
	else
		ck_assert_int_eq(answer.status, 0);
	answer_clear(&answer);
	site_must_check(&site);
	must_work();
}
END_TEST

START_TEST(a_reader_that_has_gone_does_no_harm)
{
	struct answer answer;

	/* FastCGI tells of a call in another way: see check_fastcgi. */
	if (is_fastcgi())
		return;

	/* A pipe: written to until its other end is closed. */
	make_wrapper("body=$(cat)\ntrap '' PIPE\n"
		     "{ while printf x 2>/dev/null; do :; done; "
		     "printf %s \"$body\" | CONTENT_LENGTH=${#body} "
		     "\"${0%/*}/v2\"; echo $? >&2; } | true");
	run_wrapped(add_body(), &answer);
	ck_assert_ptr_nonnull(strchr("01", answer.err[strlen(answer.err) - 2]));
	answer_clear(&answer);
	site_must_check(&site);
	must_work();
}
END_TEST

START_TEST(an_empty_environment_is_answered)
{
	struct answer answer;

	/* FastCGI tells of a call in another way: see check_fastcgi. */
	if (is_fastcgi())
		return;

	make_wrapper("exec env -i \"${0%/*}/v2\"");
	run_wrapped(add_body(), &answer);
	must_answer(&answer, 405, "Method not allowed, use POST");
	answer_clear(&answer);
	make_wrapper("exec env -i REQUEST_METHOD=POST \"${0%/*}/v2\"");
	run_wrapped(NULL, &answer);
	must_answer(&answer, 200, NO_KEY);
	answer_clear(&answer);
}
END_TEST

START_TEST(a_hostile_environment_is_answered)
{
	static const char *const commands[] = {
		/* Long headers, and a query of ten thousand fields. */
		"x=$(head -c 100000 /dev/zero | tr '\\0' x)\n"
		"export HTTP_COOKIE=$x HTTP_USER_AGENT=$x REMOTE_ADDR=$x "
		"HTTP_X_FORWARDED_FOR=$x DOCUMENT_ROOT=$x\n",
		"QUERY_STRING=$(head -c 10000 /dev/zero | sed 's/./a\\&/g')\n",
		"QUERY_STRING=$(head -c 100000 /dev/zero | tr '\\0' '%')\n",
		"export REMOTE_ADDR=\n",
		"export REMOTE_ADDR=999.999.999.999 HTTP_X_FORWARDED_FOR=,,,\n",
		"export CONTENT_TYPE=$(head -c 100000 /dev/zero | tr '\\0' "
		"x)\n",
		"export CONTENT_TYPE='multipart/form-data; boundary=\"'\n",
		"export REQUEST_METHOD=$(head -c 100000 /dev/zero | tr '\\0' "
		"x)\n",
		"export CONTENT_LENGTH=$(head -c 100000 /dev/zero | tr '\\0' "
		"9)\n",
		/* Nothing of this is asked. */
		"export HOME=/nonexistent TMPDIR=/nonexistent PWD=x\ncd /\n",
		"export LD_PRELOAD=/nonexistent.so\n",
	};
	struct answer answer;
	char *script;

	if (is_fastcgi())
		return;
	script = text("here=${0%%/*}\n%sexport QUERY_STRING\n"
		      "exec \"$here/v2\"",
	    commands[_i]);
	make_wrapper(script);
	free(script);
	run_wrapped(add_body(), &answer);
	/* The dynamic loader of a sanitized build complains of LD_PRELOAD. */
	must_be_sound(&answer);
	ck_assert_int_lt(answer.status, 500);
	answer_clear(&answer);
	site_must_check(&site);
	must_work();
}
END_TEST

enum { HOSTILE = 11, CLOSED = 7 };

static Suite *
make_suite(void)
{
	Suite *suite = suite_create("bad_input");
	TCase *tc = tcase_create("requests");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, the_plain_call_works);
	tcase_add_test(tc, a_length_that_is_no_number_is_an_error);
	tcase_add_test(tc, a_huge_length_is_refused_unread);
	tcase_add_test(tc, a_body_that_ends_early_is_an_error);
	tcase_add_test(tc, what_comes_after_the_length_is_not_read);
	tcase_add_test(tc, a_body_without_a_length_is_read_to_its_end);
	tcase_add_test(tc, a_body_may_come_in_small_pieces);
	tcase_add_test(tc, a_body_has_at_most_64_kib);
	tcase_add_test(tc, ten_thousand_fields_are_too_many);
	tcase_add_test(tc, a_malformed_body_is_told_so);
	tcase_add_test(tc, every_cut_of_a_body_is_answered);
	tcase_add_test(tc, only_post_is_a_call);
	tcase_add_test(tc, only_known_types_are_read);
	tcase_add_test(tc, an_id_that_is_none_is_unknown);
	tcase_add_test(tc, a_bad_service_or_quantity_places_nothing);
	suite_add_tcase(suite, tc);

	tc = tcase_create("site");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(
	    tc, a_site_that_was_harmed_answers_as_designed, 0, ROWS(harms));
	tcase_add_test(tc, a_read_only_database_can_be_read);
	tcase_add_loop_test(
	    tc, a_database_locked_past_the_budget_is_busy, 0, 2);
	tcase_add_test(tc, a_reader_that_stays_makes_writers_busy_alone);
	suite_add_tcase(suite, tc);

	tc = tcase_create("circumstances");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, a_file_that_may_not_grow_is_busy, 0, 2);
	tcase_add_test(tc, orders_past_the_quota_are_busy_and_leave_no_trace);
#if !defined(__SANITIZE_ADDRESS__)
	tcase_add_test(
	    tc, a_program_that_starts_answers_however_little_memory_it_has);
#endif
	tcase_add_loop_test(tc, closed_descriptors_do_no_harm, 0, CLOSED);
	tcase_add_test(tc, a_reader_that_has_gone_does_no_harm);
	tcase_add_test(tc, an_empty_environment_is_answered);
	tcase_add_loop_test(tc, a_hostile_environment_is_answered, 0, HOSTILE);
	suite_add_tcase(suite, tc);
	return suite;
}

SUITE_MAIN(make_suite)
