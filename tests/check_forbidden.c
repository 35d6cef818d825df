/* SPDX-License-Identifier: ISC */
/*
 * What a key must never do: move money out, change credentials, make keys,
 * administer.  Everything of that is tried with a valid key, by the API and
 * on every page of the dashboard, with the key in every place where somebody
 * could put it; afterwards both databases are as they were.
 */
#include <check.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dashboard.h"
#include "suite.h"

enum { PAGES_MAX = 64, BODY_LEN = 4096 };

static struct dashboard d;

/* Programs of the dashboard that are installed. */
static char *pages[PAGES_MAX];
static int npages;

static int
is_page(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static void
list_pages(void)
{
	struct dirent **entries = NULL;
	char dir[SITE_PATH_LEN + 64];
	int n, i;

	(void)snprintf(
	    dir, sizeof(dir), "%s/public_html/cgi-bin/dashboard", d.site.dir);
	n = scandir(dir, &entries, is_page, alphasort);
	ck_assert_int_ge(n, 6);
	ck_assert_int_le(n, PAGES_MAX);
	for (i = 0; i < n; i++) {
		pages[i] = strdup(entries[i]->d_name);
		ck_assert_ptr_nonnull(pages[i]);
		free(entries[i]);
	}
	free(entries);
	npages = n;
}

static void
setup(void)
{
	dashboard_make(&d, "rate_key = 100000");
	site_credit(&d.site, DASHBOARD_ONE, "100");
	site_sql(&d.site, "UPDATE tier SET calls_per_minute = 1000000");
	list_pages();
}

static void
teardown(void)
{
	while (npages > 0)
		free(pages[--npages]);
	dashboard_remove(&d);
}

/*
 * What must not change, as one text each; when a key was used last may.
 * SQLite's schema names the tables, so that none can be forgotten.
 */
static char *
state(char *(*text)(struct dashboard *, const char *))
{
	char *sql, *result;

	sql =
	    text(&d, "SELECT 'SELECT ' || group_concat('(SELECT ''' || name ||"
		     " '='' || COUNT(*) FROM ' || name || ')', ' || '' '' || ')"
		     " FROM sqlite_schema WHERE type = 'table'"
		     " AND name NOT LIKE 'sqlite_%'"
		     " AND name NOT IN ('guess', 'audit')");
	result = text(&d, sql);
	free(sql);
	return result;
}

static char *
main_text(struct dashboard *dashboard, const char *sql)
{
	return site_sql_text(&dashboard->site, sql);
}

/* Rows' contents where a change would not change their number. */
static char *
contents(void)
{
	return site_sql_text(&d.site,
	    "SELECT (SELECT group_concat(id || email || name || tier_id ||"
	    " balance_nano || low_balance_nano || IFNULL(suspended_at, '-') ||"
	    " IFNULL(closed_at, '-')) FROM account) || (SELECT"
	    " group_concat(id || public_id || hex(mac) || label ||"
	    " IFNULL(revoked_at, '-')) FROM api_key) || (SELECT"
	    " group_concat(id || calls_per_minute) FROM tier)");
}

static char *
people_contents(void)
{
	return dashboard_people_text(&d,
	    "SELECT group_concat(account_id || password || time_zone)"
	    " FROM person");
}

struct before {
	char *main, *people, *contents, *people_contents;
};

static void
remember(struct before *before)
{
	before->main = state(main_text);
	before->people = state(dashboard_people_text);
	before->contents = contents();
	before->people_contents = people_contents();
	ck_assert_ptr_nonnull(strstr(before->main, "api_key=2"));
	ck_assert_ptr_nonnull(strstr(before->people, "person=2"));
}

/* Everything is as it was, and the key still does what it may. */
static void
compare(struct before *before)
{
	struct before now;

	remember(&now);
	ck_assert_str_eq(before->main, now.main);
	ck_assert_str_eq(before->people, now.people);
	ck_assert_str_eq(before->contents, now.contents);
	ck_assert_str_eq(before->people_contents, now.people_contents);
	free(before->main);
	free(before->people);
	free(before->contents);
	free(before->people_contents);
	free(now.main);
	free(now.people);
	free(now.contents);
	free(now.people_contents);
	ck_assert_int_eq(
	    api_number(&d.site, "balance", "key=%s&action=balance", d.key_one),
	    100);
}

/* Names that a client, or somebody else, could try. */
static const char *const actions[] = { "key", "keys", "key.create", "key.add",
	"key.list", "key.rotate", "key.revoke", "key_create", "key_rotate",
	"api_key.create", "create_key", "rotate", "create", "withdraw",
	"withdrawal", "payout", "transfer", "funds.transfer", "funds.withdraw",
	"credit", "debit", "adjust", "deposit", "add_funds", "addfunds",
	"payments", "password", "change_password", "email", "login", "session",
	"second_factor", "totp", "account", "account.close", "account.add",
	"account.list", "account_close", "close", "suspend", "unsuspend",
	"tier", "tier.set", "service.add", "service.import", "service.set",
	"services.import", "order.set", "order_status", "refill.set",
	"setorder", "admin", "user", "users", "balance.set", "balance_set",
	"backup", "check", "migrate", "sweep", "templates", "config",
	"overview", "profile", "threshold" };

/* Fields that such an action would want. */
static const char wanted[] =
    "label=x&name=x&password=three+quiet+otters&new_password=a+b+c+d+e+f+g"
    "&repeat=a+b+c+d+e+f+g&email=evil%40example.test&to=two%40example.test"
    "&account=2&id=1&key_id=1&order=1&service=1&amount=5&balance=100.00"
    "&leave=yes&threshold=1&time_zone=UTC&tier=Agency&calls=1&status=active"
    "&session=1&url=https%3A%2F%2Fevil.example&events=order.created&hours=1";

START_TEST(no_action_of_the_api_does_it)
{
	struct before before;
	struct answer answer = { 0 };
	size_t i;

	remember(&before);
	for (i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
		api_call(&d.site, &answer, "key=%s&action=%s&%s", d.key_one,
		    actions[i], wanted);
		ck_assert_ptr_nonnull(answer.body);
		ck_assert_msg(strcmp(answer.body,
				  "{\"error\":\"Incorrect request\"}") == 0,
		    "%s: %s", actions[i], answer.body);
		answer_clear(&answer);
	}
	compare(&before);
}
END_TEST

/* Places for a key in a request for a page; %s is the key. */
static const char *const places[] = {
	"Authorization: Bearer %s",
	"Authorization: Basic %s",
	"X-API-Key: %s",
	"X-Api-Token: %s",
	"Cookie: latchkey_session=%s",
	"Cookie: __Host-latchkey_session=%s",
	"Cookie: key=%s",
	"Cookie: session=%s; latchkey_session=%s",
	"X-Session: %s",
};

/* Names of forms of all pages, and some that there are not. */
static const char *const forms[] = { "create", "rotate", "revoke", "add",
	"update", "pause", "activate", "remove", "test", "resend",
	"resend_failed", "password", "email", "second_start", "second_on",
	"second_off", "codes_new", "end_session", "end_others", "profile",
	"threshold", "close", "change", "out", "deposit", "transfer",
	"withdraw", "place", "mass", "refill", "cancel", "favourite", "x" };

/* Nobody is logged in by it. */
static void
must_be_nobody(const struct answer *answer, const char *what)
{
	size_t i;

	ck_assert_msg(answer->status != 0, "%s: %s", what, answer->why);
	ck_assert_msg(answer->status < 500, "%s: %d", what, answer->status);
	for (i = 0; i < answer->nheaders; i++)
		ck_assert_msg(
		    strstr(answer->headers[i], "latchkey_session=") == NULL ||
			strstr(answer->headers[i], "Max-Age=0") != NULL,
		    "%s: %s", what, answer->headers[i]);
	ck_assert_msg(strstr(answer->body, "one@example.test") == NULL &&
			  strstr(answer->body, "class=\"who\"") == NULL,
	    "%s: %s", what, answer->body);
}

START_TEST(a_key_opens_no_page)
{
	char header[256], path[256], what[512];
	const char *headers[] = { header, "Sec-Fetch-Site: same-origin", NULL };
	struct http_call call = { .method = "GET",
		.path = path,
		.content_type = "",
		.headers = headers };
	struct answer answer = { 0 };
	struct before before;
	size_t i;
	int p;

	remember(&before);
	for (p = 0; p < npages; p++)
		for (i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
/* The formats are those of the table. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
			(void)snprintf(header, sizeof(header), places[i],
			    d.key_one, d.key_one);
#pragma GCC diagnostic pop
			(void)snprintf(path, sizeof(path),
			    "/dashboard/%s?key=%s&api_key=%s&id=1", pages[p],
			    d.key_one, d.key_one);
			(void)snprintf(what, sizeof(what), "%s by %s", pages[p],
			    places[i]);
			http_run(&d.site, &call, &answer);
			must_be_nobody(&answer, what);
			answer_clear(&answer);
		}
	compare(&before);
}
END_TEST

START_TEST(a_key_sends_no_form)
{
	char cookie[256], bearer[256], path[128], body[BODY_LEN], what[256];
	const char *headers[] = { cookie, bearer, "Sec-Fetch-Site: same-origin",
		NULL };
	struct http_call call = {
		.path = path, .headers = headers, .body = body
	};
	struct answer answer = { 0 };
	struct before before;
	size_t i;
	int p;

	remember(&before);
	(void)snprintf(cookie, sizeof(cookie),
	    "Cookie: latchkey_session=%s; latchkey_visitor=%s", d.key_one,
	    d.key_one);
	(void)snprintf(
	    bearer, sizeof(bearer), "Authorization: Bearer %s", d.key_one);
	for (p = 0; p < npages; p++)
		for (i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
			(void)snprintf(
			    path, sizeof(path), "/dashboard/%s", pages[p]);
			(void)snprintf(body, sizeof(body),
			    "form=%s&token=%s&once=%s&key=%s&api_key=%s&%s",
			    forms[i], d.key_one, d.key_one, d.key_one,
			    d.key_one, wanted);
			(void)snprintf(
			    what, sizeof(what), "%s of %s", forms[i], pages[p]);
			http_run(&d.site, &call, &answer);
			must_be_nobody(&answer, what);
			answer_clear(&answer);
		}
	compare(&before);
}
END_TEST

START_TEST(another_accounts_key_changes_nothing_in_ones_own_session)
{
	struct before before;
	struct browser b;
	char hidden[BROWSER_HIDDEN_LEN], body[BODY_LEN];
	char count[64];
	char *text;

	/* Who is logged in as two is two, whatever key is sent. */
	dashboard_log_in(&d, &b, DASHBOARD_TWO);
	remember(&before);
	browser_get(&b, "account");
	ck_assert(browser_hidden(&b, "threshold", hidden));
	(void)snprintf(body, sizeof(body),
	    "%s&key=%s&account=1&account_id=1&threshold=77", hidden, d.key_one);
	browser_send(&b, "account", body);
	ck_assert_int_eq(b.answer.status, 303);
	text = site_sql_text(&d.site,
	    "SELECT group_concat(id || ':' || low_balance_nano) FROM account");
	(void)snprintf(count, sizeof(count), "1:0,2:77000000000");
	ck_assert_str_eq(text, count);
	free(text);
	site_sql(&d.site, "UPDATE account SET low_balance_nano = 0");
	compare(&before);
	browser_close(&b);
}
END_TEST

static Suite *
make_suite(void)
{
	Suite *suite = suite_create("forbidden");
	TCase *tc = tcase_create("forbidden");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, no_action_of_the_api_does_it);
	tcase_add_test(tc, a_key_opens_no_page);
	tcase_add_test(tc, a_key_sends_no_form);
	tcase_add_test(
	    tc, another_accounts_key_changes_nothing_in_ones_own_session);
	suite_add_tcase(suite, tc);
	return suite;
}

SUITE_MAIN(make_suite)
