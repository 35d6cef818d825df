/* SPDX-License-Identifier: ISC */
/*
 * What every page does, whatever it is about: through the real Apache, by
 * pages that are made for this.  This program is also theirs: under another
 * name than its own it is the page of that name.
 */
#include "page.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "browser.h"
#include "cgi.h"
#include "harness.h"
#include "log.h"
#include "suite.h"
#include "template.h"

enum { PATH_LEN = SITE_PATH_LEN + 128, THREADS = 8, SLOW_S = 3 };

#define SECRET "never-to-be-seen-again"
#define STRANGE "<script>alert(1)</script>\"'&amp;"

/* --- memory that runs out ------------------------------------------------- */

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t size);
FILE *__real_open_memstream(char **text, size_t *len);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t size);
FILE *__wrap_open_memstream(char **text, size_t *len);

/* Which allocation of a page's program fails, and how many there were. */
#define FAIL_AT "FAIL_AT"
static long fail_at, allocations;

static int
fails(void)
{
	return fail_at > 0 && ++allocations == fail_at;
}

void *
__wrap_malloc(size_t size)
{
	return fails() ? NULL : __real_malloc(size);
}

void *
__wrap_calloc(size_t n, size_t size)
{
	return fails() ? NULL : __real_calloc(n, size);
}

void *
__wrap_realloc(void *p, size_t size)
{
	return fails() ? NULL : __real_realloc(p, size);
}

FILE *
__wrap_open_memstream(char **out, size_t *len)
{
	return fails() ? NULL : __real_open_memstream(out, len);
}

/* --- the pages ------------------------------------------------------------ */

/* Notes in the data directory that something has taken effect. */
static enum rc
take_effect(const struct page_call *call)
{
	char path[CONFIG_PATH_MAX];
	int fd;
	enum rc rc = RC_FAIL;

	if (config_data_path(call->config, "effects", path) != RC_OK)
		return RC_FAIL;
	fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	if (fd >= 0 && write(fd, "x", 1) == 1)
		rc = RC_OK;
	if (fd >= 0)
		(void)close(fd);
	return rc;
}

static enum rc
get(struct page_call *call)
{
	const char *what = page_query(call, "as");
	FILE *out;

	if (what != NULL && strcmp(what, "file") == 0) {
		out = page_output(call, "text/csv; charset=utf-8", "list.csv");
		return out != NULL && fputs("a,b\n", out) >= 0 ? RC_OK
							       : RC_FAIL;
	}
	if (what != NULL && strcmp(what, "missing") == 0)
		return RC_NOT_FOUND;
	return page_set(call, "strange", json_string(STRANGE));
}

static enum rc
act(struct page_call *call)
{
	enum rc rc = take_effect(call);

	return rc == RC_OK ? page_done(call, NULL, "It is <done>.") : rc;
}

/* Ends as the field says. */
static enum rc
end(struct page_call *call)
{
	static const struct {
		const char *name;
		enum rc rc;
	} ends[] = { { "invalid", RC_INVALID }, { "denied", RC_DENIED },
		{ "unknown", RC_NOT_FOUND }, { "limited", RC_LIMITED },
		{ "busy", RC_BUSY }, { "fail", RC_FAIL } };
	const char *name = page_field(call, "end");
	size_t i;

	call->retry_s = 77;
	for (i = 0; name != NULL && i < sizeof(ends) / sizeof(ends[0]); i++)
		if (strcmp(ends[i].name, name) == 0)
			return ends[i].rc;
	return act(call);
}

static enum rc
correct(struct page_call *call)
{
	enum rc rc;

	(void)page_error(call, "label", "It is <wrong>.");
	rc = page_error(call, NULL, "as a whole, too");
	return rc;
}

static enum rc
show(struct page_call *call)
{
	enum rc rc = take_effect(call);

	if (rc == RC_OK)
		rc = page_set(call, "secret", json_string(SECRET));
	return rc == RC_OK ? page_show(call) : rc;
}

static enum rc
mail(struct page_call *call)
{
	const char *to = page_field(call, "to");
	enum rc rc;

	rc = page_mail_text(call, to, "A word from ", page_brand(call),
	    "The words of %s.\n", "the text");
	return rc == RC_OK ? page_done(call, "open?sent=1", NULL) : rc;
}

static enum rc
go(struct page_call *call)
{
	return page_done(call, page_field(call, "to"), NULL);
}

static const char *const keep[] = { "label", NULL };
static const struct page_form forms[] = {
	{ .name = "act", .run = act },
	{ .name = "once", .run = end, .flags = PAGE_ONCE },
	{ .name = "once_more", .run = act, .flags = PAGE_ONCE },
	{ .name = "end", .run = end },
	{ .name = "correct", .run = correct, .keep = keep },
	{ .name = "show", .run = show, .flags = PAGE_ONCE },
	{ .name = "open", .run = act, .flags = PAGE_SUSPENDED },
	{ .name = "mail", .run = mail },
	{ .name = "go", .run = go },
	{ .name = NULL },
};

static enum rc
style(struct page_call *call)
{
	FILE *out = page_output(call, "text/css; charset=utf-8", NULL);

	page_cache(call, "public, max-age=300");
	return out != NULL && fputs("a{}\n", out) >= 0 ? RC_OK : RC_FAIL;
}

static const struct page pages[] = {
	{ .name = "probe", .title = "Probe", .get = get, .forms = forms },
	{ .name = "half",
	    .title = "Half",
	    .access = PAGE_HALF,
	    .get = get,
	    .forms = forms },
	{ .name = "visit",
	    .title = "Visit",
	    .access = PAGE_VISITOR,
	    .get = get,
	    .forms = forms },
	{ .name = "open",
	    .title = "Open",
	    .access = PAGE_ANYBODY,
	    .get = get,
	    .forms = forms },
	{ .name = "bare", .title = "Bare", .access = PAGE_ANYBODY },
	{ .name = "fixed",
	    .title = "Fixed",
	    .access = PAGE_CONSTANT,
	    .get = style },
};

static const char text[] =
    "{{> head}}<h1>{{page.title}}</h1>{{> wrong}}"
    "<p id=\"strange\">{{strange}}</p><p>who:{{account.email}}.</p>"
    "<p>value:{{value.label}}.</p><p>why:{{error.label}}.</p>"
    "<p>secret:{{secret}}.</p>"
    "{{#form.act}}<form>{{> form}}</form>{{/form.act}}"
    "{{#form.once}}<form>{{> form}}</form>{{/form.once}}"
    "{{#form.once_more}}<form>{{> form}}</form>{{/form.once_more}}"
    "{{#form.end}}<form>{{> form}}</form>{{/form.end}}"
    "{{#form.correct}}<form>{{> form}}</form>{{/form.correct}}"
    "{{#form.show}}<form>{{> form}}</form>{{/form.show}}"
    "{{#form.open}}<form>{{> form}}</form>{{/form.open}}"
    "{{#form.mail}}<form>{{> form}}</form>{{/form.mail}}"
    "{{#form.go}}<form>{{> form}}</form>{{/form.go}}"
    "{{> foot}}";
static const struct template template = { "dashboard/probe", text,
	sizeof(text) - 1 };

/* The program that has a page's name is that page. */
static int
run_page(const char *name, int *code)
{
	const char *at = getenv(FAIL_AT);
	size_t i;

	for (i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
		if (strcmp(pages[i].name, name) != 0)
			continue;
		json_set_alloc_funcs(__wrap_malloc, free);
		fail_at = at != NULL ? strtol(at, NULL, 10) : 0;
		*code = page_main(&pages[i],
		    pages[i].access == PAGE_CONSTANT ? NULL : &template);
		if (fail_at > allocations)
			(void)fputs("nothing has failed\n", stderr);
		return 1;
	}
	return 0;
}

/* --- the site ------------------------------------------------------------- */

static struct site site;
static struct browser browser;
static int64_t account;

/* A path in the site; borrowed until the fourth call from now. */
static const char *
in_site(const char *name)
{
	static char paths[4][PATH_LEN];
	static int n;
	char *path = paths[n++ % 4];

	(void)snprintf(path, sizeof(paths[0]), "%s/%s", site.dir, name);
	return path;
}

static void
copy_self(const char *to)
{
	FILE *in = fopen("/proc/self/exe", "re"), *out = fopen(to, "we");
	char buf[65536];
	size_t n;

	ck_assert_ptr_nonnull(in);
	ck_assert_msg(out != NULL, "%s: %s", to, strerror(errno));
	while ((n = fread(buf, 1, sizeof(buf), in)) > 0)
		ck_assert_uint_eq(fwrite(buf, 1, n, out), n);
	(void)fclose(in);
	ck_assert_int_eq(fclose(out), 0);
	ck_assert_int_eq(chmod(to, 0755), 0);
}

static void
setup(const char *config_lines)
{
	char path[PATH_LEN];
	size_t i;

	site_make(&site, config_lines);
	(void)snprintf(path, sizeof(path), "%s",
	    in_site("public_html/cgi-bin/dashboard/probe"));
	copy_self(path);
	for (i = 1; i < sizeof(pages) / sizeof(pages[0]); i++) {
		char name[PATH_LEN];

		(void)snprintf(name, sizeof(name),
		    "%s/public_html/cgi-bin/dashboard/%s", site.dir,
		    pages[i].name);
		ck_assert_int_eq(link(path, name), 0);
	}
	account = site_account(&site, "one@customer.example");
	site_start(&site);
	browser_open(&browser, &site);
}

static void
setup_usual(void)
{
	setup("rate_ip = 1000000");
}

static void
teardown(void)
{
	browser_close(&browser);
	site_remove(&site);
}

/* Opens the people's database, past all rules; *main is to be closed too. */
static void
open_people(struct config *config, struct db **main, struct people *people)
{
	ck_assert_int_eq(config_load(in_site("latchkey.conf"), config), RC_OK);
	ck_assert_int_eq(
	    db_open(in_site("data/" DB_NAME), 0, config->busy_ms, main), RC_OK);
	ck_assert_int_eq(people_open(config, *main, people), RC_OK);
}

/* Gives a browser a session that was started some seconds ago. */
static void
start_session_ago(struct browser *b, int64_t account_id,
    enum session_stage stage, int64_t ago_s)
{
	struct config config;
	struct people people;
	struct db *main = NULL;
	struct session session;
	struct session_token token;

	open_people(&config, &main, &people);
	ck_assert_int_eq(db_begin(people.db, DB_WRITE), RC_OK);
	ck_assert_int_eq(
	    db_end(people.db,
		session_start(people.db, account_id, stage, "127.0.0.1", "",
		    (int64_t)time(NULL) - ago_s, &session, &token)),
	    RC_OK);
	browser_set_cookie(b, "latchkey_session", token.s);
	people_close(&people);
	db_close(main);
}

static void
start_session(struct browser *b, int64_t account_id)
{
	start_session_ago(b, account_id, SESSION_FULL, 0);
}

/* What has taken effect so far. */
static int
effects(void)
{
	struct stat st;

	return stat(in_site("data/effects"), &st) == 0 ? (int)st.st_size : 0;
}

/* --- headers -------------------------------------------------------------- */

static void
must_have_headers(const struct answer *answer)
{
	static const struct {
		const char *name, *value;
	} headers[] = {
		{ "Content-Security-Policy",
		    "default-src 'none'; style-src 'self'; script-src 'self'; "
		    "img-src 'self'; connect-src 'self'; form-action 'self'; "
		    "base-uri 'none'; frame-ancestors 'none'" },
		{ "X-Content-Type-Options", "nosniff" },
		{ "X-Frame-Options", "DENY" },
		{ "Referrer-Policy", "no-referrer" },
		{ "Cross-Origin-Opener-Policy", "same-origin" },
		{ "Cross-Origin-Resource-Policy", "same-origin" },
	};
	int i;

	for (i = 0; i < ROWS(headers); i++) {
		ck_assert_msg(answer_count(answer, headers[i].name) == 1,
		    "%d: %zu of %s", answer->status,
		    answer_count(answer, headers[i].name), headers[i].name);
		ck_assert_str_eq(
		    answer_header(answer, headers[i].name), headers[i].value);
	}
}

START_TEST(every_answer_has_the_security_headers_once)
{
	static const struct {
		const char *page;
		int status;
	} asked[] = { { "probe", 200 }, { "probe?as=file", 200 },
		{ "probe?as=missing", 404 }, { "open", 200 }, { "bare", 200 },
		{ "fixed", 200 }, { "visit", 303 }, { "half", 303 },
		{ "open?%00", 400 } };
	int i;

	start_session(&browser, account);
	for (i = 0; i < ROWS(asked); i++) {
		browser_ask(&browser, asked[i].page);
		ck_assert_msg(browser.answer.status == asked[i].status,
		    "%s: %d", asked[i].page, browser.answer.status);
		must_have_headers(&browser.answer);
		ck_assert_uint_eq(
		    answer_count(&browser.answer, "Cache-Control"), 1);
		ck_assert_str_eq(
		    answer_header(&browser.answer, "Cache-Control"),
		    strcmp(asked[i].page, "fixed") == 0 ? "public, max-age=300"
							: "no-store");
	}
	browser_send(&browser, "bare", "a=b");
	ck_assert_int_eq(browser.answer.status, 405);
	must_have_headers(&browser.answer);
}
END_TEST

START_TEST(pages_have_neither_inline_styles_nor_scripts)
{
	start_session(&browser, account);
	browser_ask(&browser, "probe");
	ck_assert_ptr_null(strstr(browser.answer.body, " style="));
	ck_assert_ptr_null(strstr(browser.answer.body, "<style"));
	ck_assert_ptr_null(strstr(browser.answer.body, "<script>"));
	ck_assert_ptr_null(strstr(browser.answer.body, " onclick="));
	ck_assert(browser_sees(&browser,
	    "<p id=\"strange\">&lt;script&gt;alert(1)&lt;/script&gt;"));
}
END_TEST

START_TEST(what_is_no_page_is_a_file_to_be_saved)
{
	start_session(&browser, account);
	browser_ask(&browser, "probe?as=file");
	ck_assert_str_eq(answer_header(&browser.answer, "Content-Type"),
	    "text/csv; charset=utf-8");
	ck_assert_str_eq(answer_header(&browser.answer, "Content-Disposition"),
	    "attachment; filename=\"list.csv\"");
	ck_assert_str_eq(browser.answer.body, "a,b\n");
}
END_TEST

/* --- who is there --------------------------------------------------------- */

START_TEST(who_is_not_logged_in_is_sent_to_log_in)
{
	browser_ask(&browser, "probe");
	ck_assert_int_eq(browser.answer.status, 303);
	ck_assert_str_eq(
	    answer_header(&browser.answer, "Location"), "login?to=probe");
	browser_ask(&browser, "half");
	ck_assert_str_eq(answer_header(&browser.answer, "Location"), "login");
	browser_ask(&browser, "visit");
	ck_assert_int_eq(browser.answer.status, 200);
	browser_ask(&browser, "open");
	ck_assert_int_eq(browser.answer.status, 200);
	ck_assert(browser_sees(&browser, "who:."));
}
END_TEST

START_TEST(before_the_second_factor_nobody_is_logged_in)
{
	start_session_ago(&browser, account, SESSION_PASSWORD, 0);
	browser_ask(&browser, "probe");
	ck_assert_str_eq(answer_header(&browser.answer, "Location"), "second");
	browser_ask(&browser, "half");
	ck_assert_int_eq(browser.answer.status, 200);
	ck_assert(browser_sees(&browser, "who:."));
	browser_ask(&browser, "visit");
	ck_assert_int_eq(browser.answer.status, 200);
	browser_ask(&browser, "open");
	ck_assert(browser_sees(&browser, "who:."));
}
END_TEST

START_TEST(who_is_logged_in_sees_his_pages)
{
	start_session(&browser, account);
	browser_ask(&browser, "probe");
	ck_assert_int_eq(browser.answer.status, 200);
	ck_assert(browser_sees(&browser, "who:one@customer.example."));
	ck_assert(browser_sees(&browser, "action=\"logout\""));
	browser_ask(&browser, "open");
	ck_assert(browser_sees(&browser, "who:one@customer.example."));
	browser_ask(&browser, "visit");
	ck_assert_str_eq(
	    answer_header(&browser.answer, "Location"), "overview");
	browser_ask(&browser, "half");
	ck_assert_str_eq(
	    answer_header(&browser.answer, "Location"), "overview");
}
END_TEST

/* Nobody is logged in by it. */
static void
must_be_nobody(const char *cookie)
{
	browser_set_cookie(&browser, "latchkey_session", cookie);
	browser_ask(&browser, "probe");
	ck_assert_msg(browser.answer.status == 303, "%s: %d", cookie,
	    browser.answer.status);
}

START_TEST(a_session_cookie_is_read_strictly)
{
	char token[SESSION_TOKEN_LEN + 2], bad[256];

	start_session(&browser, account);
	(void)snprintf(token, sizeof(token), "%s",
	    browser_cookie(&browser, "latchkey_session"));
	browser_ask(&browser, "probe");
	ck_assert_int_eq(browser.answer.status, 200);
	must_be_nobody("x");
	(void)snprintf(bad, sizeof(bad), "%sA", token);
	must_be_nobody(bad);
	(void)snprintf(bad, sizeof(bad), "%.*s", SESSION_TOKEN_LEN - 1, token);
	must_be_nobody(bad);
	(void)snprintf(bad, sizeof(bad), "\"%s\"", token);
	must_be_nobody(bad);
	(void)snprintf(bad, sizeof(bad), "%.*s'", SESSION_TOKEN_LEN - 1, token);
	must_be_nobody(bad);
	/* Who has set one beside ours is not believed, nor are we. */
	(void)snprintf(
	    bad, sizeof(bad), "%s; latchkey_session=%s", token, token);
	must_be_nobody(bad);
	must_be_nobody("0000000000000000000000000000000000000000000");
	browser_set_cookie(&browser, "latchkey_session", token);
	browser_ask(&browser, "probe");
	ck_assert_int_eq(browser.answer.status, 200);
}
END_TEST

START_TEST(many_cookies_are_no_session_but_a_page)
{
	static char many[20000];
	const char *const headers[] = { many, NULL };
	size_t len;

	len = (size_t)snprintf(many, sizeof(many), "Cookie: a=");
	memset(many + len, 'x', 6000);
	start_session(&browser, account);
	browser.headers = headers;
	browser_ask(&browser, "open");
	ck_assert_int_eq(browser.answer.status, 200);
}
END_TEST

START_TEST(a_session_that_is_over_is_told_and_taken_away)
{
	static const int64_t ago[] = { SESSION_IDLE + 1, SESSION_MAX + 1 };
	int i;

	for (i = 0; i < ROWS(ago); i++) {
		start_session_ago(&browser, account, SESSION_FULL, ago[i]);
		browser_ask(&browser, "probe");
		ck_assert_str_eq(answer_header(&browser.answer, "Location"),
		    "login?to=probe");
		ck_assert_ptr_null(
		    browser_cookie(&browser, "latchkey_session"));
		browser_get(&browser, "open");
		ck_assert(browser_sees(&browser, "You have been logged out."));
		browser_get(&browser, "open");
		ck_assert(!browser_sees(&browser, "You have been logged out."));
	}
}
END_TEST

START_TEST(a_session_without_its_account_is_none)
{
	start_session(&browser, account + 1);
	browser_ask(&browser, "probe");
	ck_assert_int_eq(browser.answer.status, 303);
	browser_ask(&browser, "open");
	ck_assert(browser_sees(&browser, "who:."));
}
END_TEST

START_TEST(a_suspended_account_looks_but_does_not_act)
{
	start_session(&browser, account);
	free(site_latchkey_ok(
	    &site, "account", "suspend", "one@customer.example", NULL));
	browser_ask(&browser, "probe");
	ck_assert_int_eq(browser.answer.status, 200);
	ck_assert(browser_sees(&browser, "This account is suspended"));
	browser_submit(&browser, "act", "a=b");
	ck_assert_int_eq(browser.answer.status, 403);
	ck_assert(browser_sees(&browser, "This account is suspended"));
	ck_assert_int_eq(effects(), 0);
	browser_ask(&browser, "probe");
	browser_submit(&browser, "open", "a=b");
	ck_assert_int_eq(browser.answer.status, 303);
	ck_assert_int_eq(effects(), 1);
}
END_TEST

/* --- methods and bodies --------------------------------------------------- */

static void
call_as(const char *method, const char *path, const char *type,
    const char *body, size_t len, struct answer *answer)
{
	struct http_call call = { .method = method,
		.path = path,
		.content_type = type,
		.body = body,
		.body_len = len };

	http_run(&site, &call, answer);
}

START_TEST(other_methods_are_refused)
{
	static const struct {
		const char *method, *path, *allow;
	} rows[] = {
		{ "PUT", "/dashboard/open", "GET, HEAD, POST" },
		{ "DELETE", "/dashboard/open", "GET, HEAD, POST" },
		{ "post", "/dashboard/open", "GET, HEAD, POST" },
		{ "PATCH", "/dashboard/bare", "GET, HEAD" },
		{ "POST", "/dashboard/bare", "GET, HEAD" },
		{ "POST", "/dashboard/fixed", "GET, HEAD" },
	};
	struct answer answer;
	int i;

	for (i = 0; i < ROWS(rows); i++) {
		call_as(rows[i].method, rows[i].path, NULL, "a=b", 0, &answer);
		ck_assert_msg(answer.status == 405, "%s %s: %d", rows[i].method,
		    rows[i].path, answer.status);
		ck_assert_str_eq(
		    answer_header(&answer, "Allow"), rows[i].allow);
		answer_clear(&answer);
	}
}
END_TEST

START_TEST(head_is_get_without_a_body)
{
	struct answer answer;

	call_as("HEAD", "/dashboard/open", "", NULL, 0, &answer);
	ck_assert_int_eq(answer.status, 200);
	ck_assert_uint_eq(answer.body_len, 0);
	answer_clear(&answer);
}
END_TEST

START_TEST(bodies_that_are_no_form_are_refused)
{
	static char large[CGI_BODY_MAX + 2];
	static const struct {
		const char *type, *body;
		int status;
	} rows[] = {
		{ "application/json", "{\"form\":\"act\"}", 415 },
		{ "text/plain", "form=act", 415 },
		{ "", "form=act", 415 },
		{ NULL, "form=%zz", 400 },
		{ NULL, "form=%00", 400 },
		{ NULL, "form=%ff", 400 },
		{ NULL, "", 400 },
		{ NULL, "a=b", 400 },
		{ NULL, "form=unknown&token=x", 400 },
		{ NULL, "form=act", 403 },
		{ NULL, "form=once&token=x", 400 },
		{ "multipart/form-data", "form=act", 400 },
		{ NULL, large, 413 },
	};
	struct answer answer;
	int i;

	memset(large, 'a', sizeof(large) - 1);
	for (i = 0; i < ROWS(rows); i++) {
		call_as("POST", "/dashboard/open", rows[i].type, rows[i].body,
		    0, &answer);
		ck_assert_msg(answer.status == rows[i].status, "%d: %d: %s", i,
		    answer.status, answer.body);
		answer_clear(&answer);
	}
	ck_assert_int_eq(effects(), 0);
}
END_TEST

START_TEST(multipart_forms_are_taken_too)
{
	char hidden[BROWSER_HIDDEN_LEN], body[1024], cookie[256];
	const char *token;
	const char *const headers[] = { cookie, NULL };
	struct answer answer;
	struct http_call call = { .path = "/dashboard/open",
		.content_type = "multipart/form-data; boundary=b",
		.headers = headers,
		.body = body };

	browser_ask(&browser, "open");
	ck_assert(browser_hidden(&browser, "act", hidden));
	token = strstr(hidden, "token=");
	ck_assert_ptr_nonnull(token);
	(void)snprintf(body, sizeof(body),
	    "--b\r\nContent-Disposition: form-data; name=\"form\"\r\n\r\nact"
	    "\r\n--b\r\nContent-Disposition: form-data; name=\"token\"\r\n\r\n"
	    "%s\r\n--b--\r\n",
	    token + 6);
	(void)snprintf(cookie, sizeof(cookie), "Cookie: latchkey_visitor=%s",
	    browser_cookie(&browser, "latchkey_visitor"));
	http_run(&site, &call, &answer);
	ck_assert_int_eq(answer.status, 303);
	ck_assert_int_eq(effects(), 1);
	answer_clear(&answer);
}
END_TEST

/* --- forms from elsewhere ------------------------------------------------- */

/* The url in latchkey.conf is http://127.0.0.1, or https://127.0.0.1. */
static const struct {
	const char *site, *origin;
	int http, https;
} origins[] = {
	{ "Sec-Fetch-Site: same-origin", NULL, 303, 303 },
	{ "Sec-Fetch-Site: same-origin", "Origin: null", 303, 303 },
	{ "Sec-Fetch-Site: same-origin", "Origin: http://127.0.0.1", 303, 403 },
	{ "Sec-Fetch-Site: same-origin", "Origin: https://127.0.0.1", 403,
	    303 },
	{ "Sec-Fetch-Site: same-origin", "Origin: https://evil.example", 403,
	    403 },
	{ "Sec-Fetch-Site: cross-site", NULL, 403, 403 },
	{ "Sec-Fetch-Site: cross-site", "Origin: http://127.0.0.1", 403, 403 },
	{ "Sec-Fetch-Site: same-site", NULL, 403, 403 },
	{ "Sec-Fetch-Site: none", NULL, 403, 403 },
	{ "Sec-Fetch-Site: SAME-ORIGIN", NULL, 403, 403 },
	{ NULL, "Origin: http://127.0.0.1", 303, 403 },
	{ NULL, "Origin: https://127.0.0.1", 403, 303 },
	{ NULL, "Origin: http://127.0.0.1:80", 403, 403 },
	{ NULL, "Origin: http://127.0.0.1.evil.example", 403, 403 },
	{ NULL, "Origin: http://127.0.0.1/", 403, 403 },
	{ NULL, "Origin: http://127.0.0.", 403, 403 },
	{ NULL, "Origin: https://evil.example", 403, 403 },
	{ NULL, "Origin: null", 303, 403 },
	{ NULL, NULL, 303, 403 },
};

/* What is said where the browser says nothing. */
static const char untold[] = "does not tell where this form comes from";

static void
send_from(int row, int expected)
{
	const char *headers[3] = { NULL, NULL, NULL };
	int before = effects();
	size_t n = 0;

	if (origins[row].site != NULL)
		headers[n++] = origins[row].site;
	if (origins[row].origin != NULL)
		headers[n++] = origins[row].origin;
	browser.headers = headers;
	browser_ask(&browser, "open");
	browser_submit(&browser, "act", "a=b");
	ck_assert_msg(browser.answer.status == expected, "%s, %s: %d",
	    headers[0] != NULL ? headers[0] : "-",
	    headers[1] != NULL ? headers[1] : "-", browser.answer.status);
	ck_assert_int_eq(effects() - before, expected == 303);
	ck_assert_int_eq(browser_sees(&browser, untold) != 0,
	    expected == 403 && origins[row].site == NULL &&
		(origins[row].origin == NULL ||
		    strcmp(origins[row].origin, "Origin: null") == 0));
}

START_TEST(forms_of_other_sites_are_refused)
{
	int i;

	for (i = 0; i < ROWS(origins); i++)
		send_from(i, origins[i].http);
}
END_TEST

START_TEST(forms_of_other_sites_are_refused_by_https)
{
	int i;

	for (i = 0; i < ROWS(origins); i++)
		send_from(i, origins[i].https);
}
END_TEST

START_TEST(cookies_are_bound_to_the_host_by_https)
{
	const char *cookie;

	browser_ask(&browser, "open");
	cookie = answer_header(&browser.answer, "Set-Cookie");
	ck_assert_ptr_nonnull(cookie);
	ck_assert_int_eq(strncmp(cookie, "__Host-latchkey_visitor=", 24), 0);
	ck_assert_str_eq(
	    strchr(cookie, ';'), "; Path=/; HttpOnly; SameSite=Lax; Secure");
	ck_assert_ptr_nonnull(
	    browser_cookie(&browser, "__Host-latchkey_visitor"));
	/* A name that another host can set is not looked at. */
	start_session(&browser, account);
	browser_ask(&browser, "probe");
	ck_assert_int_eq(browser.answer.status, 303);
	browser_set_cookie(&browser, "__Host-latchkey_session",
	    browser_cookie(&browser, "latchkey_session"));
	browser_ask(&browser, "probe");
	ck_assert_int_eq(browser.answer.status, 200);
}
END_TEST

/* Sends a token to a form of "probe", which must not believe it. */
static void
must_be_foreign(const char *what, const char *body)
{
	browser_send(&browser, "probe", body);
	ck_assert_msg(browser.answer.status == 403, "%s: %d: %s", what,
	    browser.answer.status, browser.answer.body);
	ck_assert_ptr_nonnull(strstr(browser.answer.body, "out of date"));
	ck_assert_int_eq(effects(), 0);
}

START_TEST(a_token_is_good_for_its_browser_page_and_form_alone)
{
	struct browser other;
	char hidden[BROWSER_HIDDEN_LEN], body[BROWSER_HIDDEN_LEN + 64];
	char *token;

	start_session(&browser, account);
	must_be_foreign("none", "form=act");
	must_be_foreign("empty", "form=act&token=");
	must_be_foreign("short", "form=act&token=00");
	/* Another form. */
	browser_ask(&browser, "probe");
	ck_assert(browser_hidden(&browser, "open", hidden));
	token = strstr(hidden, "token=");
	(void)snprintf(body, sizeof(body), "form=act&%s", token);
	must_be_foreign("another form", body);
	/* The right one, changed. */
	browser_ask(&browser, "probe");
	ck_assert(browser_hidden(&browser, "act", hidden));
	token = strstr(hidden, "token=") + 6;
	token[0] = token[0] == '0' ? '1' : '0';
	must_be_foreign("changed", hidden);
	/* Another page. */
	browser_ask(&browser, "open");
	ck_assert(browser_hidden(&browser, "act", hidden));
	must_be_foreign("another page", hidden);
	/* Another session of the same account. */
	browser_open(&other, &site);
	start_session(&other, account);
	browser_ask(&other, "probe");
	ck_assert(browser_hidden(&other, "act", hidden));
	must_be_foreign("another session", hidden);
	/* Of somebody who is not logged in. */
	browser_set_cookie(&other, "latchkey_session", NULL);
	browser_ask(&other, "open");
	ck_assert(browser_hidden(&other, "act", hidden));
	must_be_foreign("a visitor", hidden);
	browser_close(&other);
	/* And its own. */
	browser_ask(&browser, "probe");
	browser_submit(&browser, "act", "a=b");
	ck_assert_int_eq(browser.answer.status, 303);
	ck_assert_int_eq(effects(), 1);
}
END_TEST

START_TEST(a_visitor_without_his_cookie_is_nobody_known)
{
	char hidden[BROWSER_HIDDEN_LEN];

	browser_ask(&browser, "visit");
	ck_assert(browser_hidden(&browser, "act", hidden));
	browser_set_cookie(&browser, "latchkey_visitor", NULL);
	browser_send(&browser, "visit", hidden);
	ck_assert_int_eq(browser.answer.status, 403);
	ck_assert_int_eq(effects(), 0);
	/* He has a new one now. */
	browser_ask(&browser, "visit");
	browser_submit(&browser, "act", "a=b");
	ck_assert_int_eq(browser.answer.status, 303);
}
END_TEST

/* --- what becomes of forms ------------------------------------------------ */

START_TEST(a_form_that_is_done_leads_to_a_page_with_a_notice)
{
	start_session(&browser, account);
	browser_ask(&browser, "probe");
	browser_submit(&browser, "act", "a=b");
	ck_assert_int_eq(browser.answer.status, 303);
	ck_assert_uint_eq(browser.answer.body_len, 0);
	ck_assert_str_eq(answer_header(&browser.answer, "Location"), "probe");
	browser_follow(&browser);
	ck_assert(browser_sees(&browser, "It is &lt;done&gt;."));
	browser_ask(&browser, "probe");
	ck_assert(!browser_sees(&browser, "It is &lt;done&gt;."));
}
END_TEST

START_TEST(a_notice_of_somebody_else_is_not_shown)
{
	char value[BROWSER_VALUE_LEN];

	browser_ask(&browser, "open");
	browser_submit(&browser, "act", "a=b");
	(void)snprintf(value, sizeof(value), "%s",
	    browser_cookie(&browser, "latchkey_notice"));
	value[strlen(value) - 1] ^= 1;
	browser_set_cookie(&browser, "latchkey_notice", value);
	browser_ask(&browser, "open");
	ck_assert_int_eq(browser.answer.status, 200);
	ck_assert(!browser_sees(&browser, "It is"));
	browser_set_cookie(&browser, "latchkey_notice",
	    "00000000000000000000000000000000414243");
	browser_ask(&browser, "open");
	ck_assert(!browser_sees(&browser, "ABC"));
}
END_TEST

START_TEST(a_refused_form_is_shown_again_without_secrets)
{
	start_session(&browser, account);
	browser_ask(&browser, "probe");
	browser_submit(&browser, "correct",
	    "label=%%3Cb%%3E%%22&password=my-own-secret&token_=x");
	ck_assert_int_eq(browser.answer.status, 422);
	ck_assert(browser_sees(&browser, "value:&lt;b&gt;&quot;."));
	ck_assert(browser_sees(&browser, "why:It is &lt;wrong&gt;.."));
	ck_assert(browser_sees(&browser, "As a whole, too."));
	ck_assert(!browser_sees(&browser, "my-own-secret"));
	must_have_headers(&browser.answer);
	/* It can be sent again from there. */
	browser_submit(&browser, "act", "a=b");
	ck_assert_int_eq(browser.answer.status, 303);
}
END_TEST

static const struct {
	const char *end, *retry;
	int status;
} ends[] = {
	{ "invalid", NULL, 400 },
	{ "denied", NULL, 403 },
	{ "unknown", NULL, 404 },
	{ "limited", "77", 429 },
	{ "busy", "77", 503 },
	{ "fail", NULL, 500 },
};

START_TEST(a_form_that_fails_is_answered_by_a_page)
{
	const char *retry;
	int i;

	start_session(&browser, account);
	for (i = 0; i < ROWS(ends); i++) {
		browser_ask(&browser, "probe");
		browser_submit(&browser, "end", "end=%s", ends[i].end);
		ck_assert_int_eq(browser.answer.status, ends[i].status);
		must_have_headers(&browser.answer);
		ck_assert(browser_sees(&browser, "<h1>"));
		retry = answer_header(&browser.answer, "Retry-After");
		if (ends[i].retry != NULL)
			ck_assert_str_eq(retry, ends[i].retry);
		else
			ck_assert_ptr_null(retry);
		ck_assert_int_eq(
		    browser_sees(&browser, "possible in 77 seconds."),
		    ends[i].status == 429);
		ck_assert_int_eq(
		    answer_header(&browser.answer, "X-Incident") != NULL,
		    ends[i].status == 500);
		if (ends[i].status == 500)
			ck_assert(browser_sees(&browser,
			    answer_header(&browser.answer, "X-Incident")));
	}
	ck_assert_int_eq(effects(), 0);
}
END_TEST

START_TEST(a_form_takes_effect_once)
{
	char hidden[BROWSER_HIDDEN_LEN];

	start_session(&browser, account);
	browser_ask(&browser, "probe");
	ck_assert(browser_hidden(&browser, "once", hidden));
	browser_send(&browser, "probe", hidden);
	ck_assert_int_eq(browser.answer.status, 303);
	ck_assert_int_eq(effects(), 1);
	browser_send(&browser, "probe", hidden);
	ck_assert_int_eq(browser.answer.status, 303);
	browser_follow(&browser);
	ck_assert(browser_sees(&browser, "This form was sent before"));
	ck_assert_int_eq(effects(), 1);
	/* A fresh one works. */
	browser_submit(&browser, "once", "a=b");
	ck_assert_int_eq(effects(), 2);
}
END_TEST

START_TEST(a_form_that_failed_can_be_sent_again)
{
	char hidden[BROWSER_HIDDEN_LEN], body[BROWSER_HIDDEN_LEN + 64];
	int i;

	start_session(&browser, account);
	for (i = 0; i < ROWS(ends); i++) {
		browser_ask(&browser, "probe");
		ck_assert(browser_hidden(&browser, "once", hidden));
		(void)snprintf(
		    body, sizeof(body), "%s&end=%s", hidden, ends[i].end);
		browser_send(&browser, "probe", body);
		ck_assert_int_eq(browser.answer.status, ends[i].status);
		browser_send(&browser, "probe", hidden);
		ck_assert_int_eq(browser.answer.status, 303);
		ck_assert_int_eq(effects(), i + 1);
	}
}
END_TEST

START_TEST(the_id_of_a_form_is_ours_and_its_own)
{
	char hidden[BROWSER_HIDDEN_LEN];
	char *once;

	start_session(&browser, account);
	browser_ask(&browser, "probe");
	ck_assert(browser_hidden(&browser, "once", hidden));

	once = strstr(hidden, "&once=") + 6;
	once[0] = once[0] == 'a' ? 'b' : 'a';
	browser_send(&browser, "probe", hidden);
	ck_assert_int_eq(browser.answer.status, 403);
	ck_assert_int_eq(effects(), 0);
}
END_TEST

static void *
send_hidden(void *arg)
{
	struct browser own = browser;

	memset(&own.answer, 0, sizeof(own.answer));
	browser_send(&own, "probe", arg);
	browser_close(&own);
	return NULL;
}

START_TEST(a_form_sent_many_times_at_once_takes_effect_once)
{
	char hidden[BROWSER_HIDDEN_LEN];
	pthread_t threads[THREADS];
	int i;

	start_session(&browser, account);
	browser_ask(&browser, "probe");
	ck_assert(browser_hidden(&browser, "once", hidden));
	for (i = 0; i < THREADS; i++)
		ck_assert_int_eq(
		    pthread_create(&threads[i], NULL, send_hidden, hidden), 0);
	for (i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
	ck_assert_int_eq(effects(), 1);
}
END_TEST

START_TEST(what_is_shown_once_is_never_fetched_again)
{
	char hidden[BROWSER_HIDDEN_LEN];

	start_session(&browser, account);
	browser_ask(&browser, "probe");
	ck_assert(browser_hidden(&browser, "show", hidden));
	browser_send(&browser, "probe", hidden);
	ck_assert_int_eq(browser.answer.status, 200);
	ck_assert(browser_sees(&browser, "secret:" SECRET "."));
	ck_assert_str_eq(
	    answer_header(&browser.answer, "Cache-Control"), "no-store");
	/* The reload of that answer. */
	browser_send(&browser, "probe", hidden);
	ck_assert_int_eq(browser.answer.status, 303);
	browser_follow(&browser);
	ck_assert(!browser_sees(&browser, SECRET));
	ck_assert_int_eq(effects(), 1);
}
END_TEST

START_TEST(a_form_leads_nowhere_else)
{
	static const struct {
		const char *to;
		int status;
	} rows[] = {
		{ "orders%3Fstatus%3D1", 303 },
		{ "..%2F", 303 },
		{ "%2F%2Fevil.example", 500 },
		{ "https%3A%2F%2Fevil.example", 500 },
		{ "..%2F..%2Fx", 500 },
		{ "orders%3Fa%3D%0D%0ASet-Cookie%3A%20x%3Dy", 500 },
		{ "orders%3Fa%3D%C3%A4", 500 },
		{ "%3Fx", 500 },
	};

	int i;

	for (i = 0; i < ROWS(rows); i++) {
		browser_ask(&browser, "open");
		browser_submit(&browser, "go", "to=%s", rows[i].to);
		ck_assert_msg(browser.answer.status == rows[i].status, "%s: %d",
		    rows[i].to, browser.answer.status);
	}
}
END_TEST

START_TEST(an_address_that_sends_too_much_has_to_wait)
{
	int i;

	browser_ask(&browser, "open");
	for (i = 0; i < 3; i++) {
		browser_ask(&browser, "open");
		browser_submit(&browser, "act", "a=b");
		ck_assert_int_eq(browser.answer.status, 303);
	}
	browser_ask(&browser, "open");
	ck_assert_int_eq(browser.answer.status, 200);
	browser_submit(&browser, "act", "a=b");
	ck_assert_int_eq(browser.answer.status, 429);
	ck_assert_ptr_nonnull(answer_header(&browser.answer, "Retry-After"));
	ck_assert_int_eq(effects(), 3);
}
END_TEST

/* --- mails ---------------------------------------------------------------- */

/* Puts a program in sendmail's place. */
static void
write_sendmail(const char *script)
{
	char path[PATH_LEN];
	FILE *out;

	(void)snprintf(path, sizeof(path), "%s", in_site("sendmail"));
	out = fopen(path, "we");
	ck_assert_ptr_nonnull(out);
	(void)fprintf(out, "#!/bin/sh\n%s\n", script);
	ck_assert_int_eq(fclose(out), 0);
	ck_assert_int_eq(chmod(path, 0755), 0);
	(void)snprintf(path, sizeof(path), "%s", in_site("latchkey.conf"));
	out = fopen(path, "ae");
	ck_assert_ptr_nonnull(out);
	(void)fprintf(out, "\nsendmail = %s\n", in_site("sendmail"));
	ck_assert_int_eq(fclose(out), 0);
}

/* Waits up to 20 s for a file to have the text; gives all of it. */
static char *
await_text(const char *name, const char *wanted)
{
	static const struct timespec pause = { 0, 20000000 };
	char *all = NULL, buf[4096];
	FILE *in;
	size_t len, n;
	int i;

	for (i = 0; i < 1000; i++) {
		FILE *out;

		free(all);
		all = NULL;
		out = open_memstream(&all, &len);
		ck_assert_ptr_nonnull(out);
		in = fopen(in_site(name), "re");
		while (in != NULL && (n = fread(buf, 1, sizeof(buf), in)) > 0)
			(void)fwrite(buf, 1, n, out);
		if (in != NULL)
			(void)fclose(in);
		ck_assert_int_eq(fclose(out), 0);
		if (strstr(all, wanted) != NULL)
			return all;
		(void)nanosleep(&pause, NULL);
	}
	ck_abort_msg("%s has not in it \"%s\", but: %s", name, wanted, all);
	return NULL;
}

START_TEST(a_mail_is_sent_after_the_answer)
{
	char *mail_text;

	write_sendmail("cat >\"$(dirname \"$0\")/mail.new\" && "
		       "mv \"$(dirname \"$0\")/mail.new\" "
		       "\"$(dirname \"$0\")/mail\"");
	browser_ask(&browser, "open");
	browser_submit(&browser, "mail", "to=two%%40customer.example");
	ck_assert_int_eq(browser.answer.status, 303);
	mail_text = await_text("mail", "The words of");
	ck_assert_ptr_nonnull(
	    strstr(mail_text, "To: <two@customer.example>\n"));
	ck_assert_ptr_nonnull(
	    strstr(mail_text, "Subject: A word from Latchkey\n"));
	ck_assert_ptr_nonnull(
	    strstr(mail_text, "\n\nThe words of the text.\n"));
	free(mail_text);
}
END_TEST

START_TEST(a_slow_sendmail_holds_nobody)
{
	struct timespec before, after;
	char script[64];
	double s;
	int i;

	(void)snprintf(script, sizeof(script),
	    "sleep %d; echo done >>\"$0.done\"", SLOW_S);
	write_sendmail(script);
	browser_ask(&browser, "open");
	(void)clock_gettime(CLOCK_MONOTONIC, &before);
	for (i = 0; i < 3; i++) {
		browser_submit(&browser, "mail", "to=two%%40customer.example");
		ck_assert_int_eq(browser.answer.status, 303);
		browser_ask(&browser, "open");
	}
	(void)clock_gettime(CLOCK_MONOTONIC, &after);
	s = (double)(after.tv_sec - before.tv_sec) +
	    (double)(after.tv_nsec - before.tv_nsec) / 1e9;
	ck_assert_msg(s < SLOW_S, "%f s", s);
	free(await_text("sendmail.done", "done\ndone\ndone\n"));
}
END_TEST

/* The log has a line, the browser has his answer, and nothing is left. */
START_TEST(a_mail_that_cannot_be_sent_is_logged)
{
	write_sendmail("exit 1");
	browser_ask(&browser, "open");
	browser_submit(&browser, "mail", "to=two%%40customer.example");
	ck_assert_int_eq(browser.answer.status, 303);
	free(await_text("logs/error.log", "cannot send mail: sendmail failed"));
}
END_TEST

/* No request can make a process believe that it is a job. */
START_TEST(no_request_is_taken_for_a_job)
{
	static const char *const headers[] = { "LATCHKEY_JOB: 1",
		"Latchkey-Job: 1", NULL };
	struct http_call call = { .method = "GET",
		.path = "/dashboard/open?LATCHKEY_JOB",
		.content_type = "",
		.headers = headers };
	struct answer answer;

	http_run(&site, &call, &answer);
	ck_assert_int_eq(answer.status, 200);
	answer_clear(&answer);
}
END_TEST

/* --- all else that can go wrong ------------------------------------------- */

START_TEST(a_site_that_is_not_in_order_answers_with_an_incident)
{
	char from[PATH_LEN], to[PATH_LEN];

	(void)snprintf(from, sizeof(from), "%s", in_site("data/people.db"));
	(void)snprintf(to, sizeof(to), "%s", in_site("data/elsewhere.db"));
	ck_assert_int_eq(rename(from, to), 0);
	browser_ask(&browser, "open");
	ck_assert_int_eq(browser.answer.status, 500);
	must_have_headers(&browser.answer);
	ck_assert(browser_sees(
	    &browser, answer_header(&browser.answer, "X-Incident")));
	/* What needs no database is there. */
	browser_ask(&browser, "fixed");
	ck_assert_int_eq(browser.answer.status, 200);
	/* And so is all else, as soon as it is in order again. */
	ck_assert_int_eq(rename(to, from), 0);
	browser_ask(&browser, "open");
	ck_assert_int_eq(browser.answer.status, 200);
}
END_TEST

START_TEST(a_broken_configuration_is_answered_too)
{
	FILE *out = fopen(in_site("latchkey.conf"), "ae");

	ck_assert_ptr_nonnull(out);
	(void)fputs("\nnonsense\n", out);
	ck_assert_int_eq(fclose(out), 0);
	browser_ask(&browser, "open");
	ck_assert_int_eq(browser.answer.status, 500);
	must_have_headers(&browser.answer);
}
END_TEST

START_TEST(another_schema_means_come_again)
{
	struct config config;
	struct people people;
	struct db *main = NULL;

	start_session(&browser, account);
	open_people(&config, &main, &people);
	ck_assert_int_eq(db_begin(people.db, DB_WRITE), RC_OK);
	ck_assert_int_eq(
	    db_end(people.db,
		db_run(people.db, "PRAGMA user_version = 99", DB_NO_ARGS)),
	    RC_OK);
	people_close(&people);
	db_close(main);
	browser_ask(&browser, "probe");
	ck_assert_int_eq(browser.answer.status, 503);
	ck_assert_ptr_nonnull(answer_header(&browser.answer, "Retry-After"));
}
END_TEST

/* A page without memory, wherever it runs out, is one that says so. */
static void
walk(const char *method, const char *body, int status)
{
	char at[32], cookie[256];
	const char *const env[] = { at, cookie, NULL };
	const struct cgi_call call = { .program = "dashboard/probe",
		.method = method,
		.body = body,
		.env = env };
	struct answer answer;
	int n, done = 0, failed = 0;

	(void)snprintf(cookie, sizeof(cookie),
	    "HTTP_COOKIE=latchkey_session=%s",
	    browser_cookie(&browser, "latchkey_session"));
	for (n = 1; !done; n++) {
		ck_assert_int_lt(n, 5000);
		(void)snprintf(at, sizeof(at), FAIL_AT "=%d", n);
		cgi_run(&site, &call, &answer);
		ck_assert_msg(answer.code == 0, "%s: %d: %s", at, answer.code,
		    answer.err);
		must_have_headers(&answer);
		done = strstr(answer.err, "nothing has failed") != NULL;
		if (answer.status == status && status != 303)
			ck_assert_ptr_nonnull(strstr(answer.body, "</html>"));
		else if (answer.status != status)
			ck_assert_msg(
			    answer.status == 500 || answer.status == 503,
			    "%s: %d", at, answer.status);
		failed += answer.status != status;
		if (done)
			ck_assert_int_eq(answer.status, status);
		answer_clear(&answer);
	}
	ck_assert_int_gt(failed, 10);
}

START_TEST(a_page_without_memory_says_so)
{
	char hidden[BROWSER_HIDDEN_LEN], body[BROWSER_HIDDEN_LEN + 32];

	/* Each needs a program of its own, which FastCGI does not start. */
	if (is_fastcgi())
		return;
	start_session(&browser, account);
	walk("GET", "", 200);
	browser_ask(&browser, "probe");
	ck_assert(browser_hidden(&browser, "correct", hidden));
	(void)snprintf(body, sizeof(body), "%s&label=x", hidden);
	walk("POST", body, 422);
	ck_assert_int_eq(effects(), 0);
	ck_assert(browser_hidden(&browser, "act", hidden));
	walk("POST", hidden, 303);
}
END_TEST

static void
setup_https(void)
{
	setup("url = https://127.0.0.1");
}

static void
setup_slow(void)
{
	setup("rate_ip = 3");
}

static Suite *
make_suite(void)
{
	Suite *s = suite_create("page");
	TCase *tc = tcase_create("page");
	TCase *https = tcase_create("https");
	TCase *slow = tcase_create("slow");

	tcase_add_checked_fixture(tc, setup_usual, teardown);
	tcase_add_test(tc, every_answer_has_the_security_headers_once);
	tcase_add_test(tc, pages_have_neither_inline_styles_nor_scripts);
	tcase_add_test(tc, what_is_no_page_is_a_file_to_be_saved);
	tcase_add_test(tc, who_is_not_logged_in_is_sent_to_log_in);
	tcase_add_test(tc, before_the_second_factor_nobody_is_logged_in);
	tcase_add_test(tc, who_is_logged_in_sees_his_pages);
	tcase_add_test(tc, a_session_cookie_is_read_strictly);
	tcase_add_test(tc, many_cookies_are_no_session_but_a_page);
	tcase_add_test(tc, a_session_that_is_over_is_told_and_taken_away);
	tcase_add_test(tc, a_session_without_its_account_is_none);
	tcase_add_test(tc, a_suspended_account_looks_but_does_not_act);
	tcase_add_test(tc, other_methods_are_refused);
	tcase_add_test(tc, head_is_get_without_a_body);
	tcase_add_test(tc, bodies_that_are_no_form_are_refused);
	tcase_add_test(tc, multipart_forms_are_taken_too);
	tcase_add_test(tc, forms_of_other_sites_are_refused);
	tcase_add_test(tc, a_token_is_good_for_its_browser_page_and_form_alone);
	tcase_add_test(tc, a_visitor_without_his_cookie_is_nobody_known);
	tcase_add_test(tc, a_form_that_is_done_leads_to_a_page_with_a_notice);
	tcase_add_test(tc, a_notice_of_somebody_else_is_not_shown);
	tcase_add_test(tc, a_refused_form_is_shown_again_without_secrets);
	tcase_add_test(tc, a_form_that_fails_is_answered_by_a_page);
	tcase_add_test(tc, a_form_takes_effect_once);
	tcase_add_test(tc, a_form_that_failed_can_be_sent_again);
	tcase_add_test(tc, the_id_of_a_form_is_ours_and_its_own);
	tcase_add_test(tc, a_form_sent_many_times_at_once_takes_effect_once);
	tcase_add_test(tc, what_is_shown_once_is_never_fetched_again);
	tcase_add_test(tc, a_form_leads_nowhere_else);
	tcase_add_test(tc, a_mail_is_sent_after_the_answer);
	tcase_add_test(tc, a_slow_sendmail_holds_nobody);
	tcase_add_test(tc, a_mail_that_cannot_be_sent_is_logged);
	tcase_add_test(tc, no_request_is_taken_for_a_job);
	tcase_add_test(
	    tc, a_site_that_is_not_in_order_answers_with_an_incident);
	tcase_add_test(tc, a_broken_configuration_is_answered_too);
	tcase_add_test(tc, another_schema_means_come_again);
	tcase_add_test(tc, a_page_without_memory_says_so);
	suite_add_tcase(s, tc);
	tcase_add_checked_fixture(https, setup_https, teardown);
	tcase_add_test(https, forms_of_other_sites_are_refused_by_https);
	tcase_add_test(https, cookies_are_bound_to_the_host_by_https);
	suite_add_tcase(s, https);
	tcase_add_checked_fixture(slow, setup_slow, teardown);
	tcase_add_test(slow, an_address_that_sends_too_much_has_to_wait);
	suite_add_tcase(s, slow);
	return s;
}

int
main(int argc, char *argv[])
{
	char self[PATH_LEN];
	const char *name;
	SRunner *runner;
	ssize_t n;
	int code;

	(void)argc, (void)argv;
	n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	self[n > 0 ? n : 0] = '\0';
	name = strrchr(self, '/');
	if (name != NULL && run_page(name + 1, &code))
		return code;
	runner = srunner_create(make_suite());
	srunner_run_all(runner, CK_ENV);
	code = srunner_ntests_failed(runner) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
	srunner_free(runner);
	return code;
}
