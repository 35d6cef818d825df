/* SPDX-License-Identifier: ISC */
/*
 * /dashboard/account through the real Apache: settings, and closing the
 * account, after which nothing of it works.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dashboard.h"
#include "suite.h"

static struct dashboard d;
static struct browser b;

static void
setup(void)
{
	dashboard_make(&d, NULL);
	dashboard_log_in(&d, &b, DASHBOARD_ONE);
	browser_get(&b, "account");
	ck_assert_int_eq(b.answer.status, 200);
}

static void
teardown(void)
{
	browser_close(&b);
	dashboard_remove(&d);
}

START_TEST(name_and_time_zone_are_changed)
{
	browser_submit(&b, "profile", "name=%s&time_zone=Europe%%2FVienna",
	    "%3Cb%3EOtters%3C%2Fb%3E+%26+Sons");
	browser_follow(&b);
	ck_assert(browser_sees(&b, "&lt;b&gt;Otters&lt;/b&gt; &amp; Sons"));
	ck_assert(!browser_sees(&b, "<b>Otters"));
	ck_assert(browser_sees(&b, "value=\"Europe/Vienna\""));
	ck_assert_int_eq(
	    site_sql_int(&d.site, "SELECT COUNT(*) FROM account"
				  " WHERE name = '<b>Otters</b> & Sons'"),
	    1);
}
END_TEST

START_TEST(what_is_no_name_or_zone_is_refused_and_shown_again)
{
	browser_submit(&b, "profile", "name=%s&time_zone=UTC", "a%0Ab");
	ck_assert_int_eq(b.answer.status, 422);
	browser_submit(&b, "profile", "name=Kept&time_zone=%s",
	    "..%2F..%2Fetc%2Fpasswd%00");
	ck_assert(b.answer.status == 422 || b.answer.status == 400);
	browser_get(&b, "account");
	browser_submit(&b, "profile", "name=Kept&time_zone=%s", "no+zone!");
	ck_assert_int_eq(b.answer.status, 422);
	ck_assert(browser_sees(&b, "value=\"Kept\""));
	ck_assert(browser_sees(&b, "value=\"no zone!\""));
	ck_assert_int_eq(
	    site_sql_int(
		&d.site, "SELECT COUNT(*) FROM account WHERE name = 'Kept'"),
	    0);
}
END_TEST

/* Rows with times, all of them the first moment of 2026. */
static const char PAST[] =
    "INSERT INTO service (id, name, type, category, description, rate_micro,"
    " min, max, refill, cancel, dripfeed, active) VALUES"
    " (11, 'Flyers', 'Default', 'Print', '', 1000000, 1, 100, 1, 1, 0, 1);"
    "UPDATE api_key SET created_at = 1767225600";

/* Pages with times, and what stands in one of them. */
static const char *const pages[] = {
	"overview",
	"orders",
	"order?id=1",
	"funds",
	"api",
	"webhooks",
	"webhook?id=1",
	"security",
};

/* True if a time is shown that ends with the zone. */
static int
tells_times_in(const struct browser *browser, const char *zone)
{
	char end[32];

	(void)snprintf(end, sizeof(end), " %s</time>", zone);
	return browser_sees(browser, end);
}

START_TEST(times_are_those_of_the_accounts_zone)
{
	struct browser other;
	struct answer answer;
	size_t i;

	site_credit(&d.site, DASHBOARD_ONE, "10");
	site_sql(&d.site, PAST);
	ck_assert_int_eq(api_number(&d.site, "order",
			     "key=%s&action=add&service=11&quantity=1"
			     "&link=https%%3A%%2F%%2Fexample.test%%2F",
			     d.key_one),
	    1);
	api_call(&d.site, &answer,
	    "key=%s&action=webhook.add&events=order.completed"
	    "&url=https%%3A%%2F%%2Fshop.example%%2Fhook",
	    d.key_one);
	ck_assert_msg(
	    strstr(answer.body, "\"webhook\"") != NULL, "%s", answer.body);
	answer_clear(&answer);
	site_sql(&d.site, "UPDATE orders SET created_at = 1767225600;"
			  "UPDATE webhook SET last_success_at = 1767225600");
	browser_submit(&b, "profile", "name=One&time_zone=%s", "Asia%2FTokyo");
	browser_follow(&b);
	ck_assert(!browser_sees(&b, "does not know"));
	/* Whom the same processes answer in between. */
	dashboard_log_in(&d, &other, DASHBOARD_TWO);
	for (i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
		browser_get(&b, pages[i]);
		ck_assert_msg(tells_times_in(&b, "JST") &&
				  !tells_times_in(&b, "UTC") &&
				  !browser_sees(&b, "Z</time>"),
		    "%s: %.2000s", pages[i], b.answer.body);
		browser_get(&other, pages[i]);
		ck_assert_msg(!tells_times_in(&other, "JST"), "%s: %.2000s",
		    pages[i], other.answer.body);
	}
	browser_get(&b, "api");
	ck_assert(browser_sees(&b, "<time datetime=\"2026-01-01T00:00:00Z\">"
				   "2026-01-01 09:00:00 JST</time>"));
	browser_get(&other, "api");
	ck_assert(
	    browser_sees(&other, "<time datetime=\"2026-01-01T00:00:00Z\">"
				 "2026-01-01 00:00:00 UTC</time>"));
	browser_get(&b, "orders_csv");
	ck_assert(browser_sees(&b, "2026-01-01T00:00:00Z"));
	browser_close(&other);
}
END_TEST

START_TEST(a_zone_that_the_host_does_not_know_is_utc)
{
	browser_submit(
	    &b, "profile", "name=One&time_zone=%s", "Europe%2FNowhere");
	browser_follow(&b);
	ck_assert(browser_sees(&b, "does not know Europe/Nowhere"));
	browser_get(&b, "api");
	ck_assert(tells_times_in(&b, "UTC"));
}
END_TEST

START_TEST(the_threshold_is_an_amount)
{
	static const char *const bad[] = { "", "-1", "x", "1e3", "1.2.3",
		"1000000000000" };
	size_t i;

	browser_submit(&b, "threshold", "threshold=12.5");
	browser_follow(&b);
	ck_assert(browser_sees(&b, "value=\"12.50\""));
	ck_assert_int_eq(
	    site_sql_int(&d.site, "SELECT low_balance_nano FROM account"
				  " WHERE id = 1"),
	    12500000000);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		browser_get(&b, "account");
		browser_submit(&b, "threshold", "threshold=%s", bad[i]);
		ck_assert_int_eq(b.answer.status, 422);
	}
	ck_assert_int_eq(
	    site_sql_int(&d.site, "SELECT SUM(low_balance_nano) FROM account"),
	    12500000000);
}
END_TEST

static void
call_must_say(const char *key, const char *text)
{
	struct answer answer = { 0 };

	api_call(&d.site, &answer, "key=%s&action=balance", key);
	ck_assert_ptr_nonnull(answer.body);
	ck_assert_msg(strstr(answer.body, text) != NULL, "%s", answer.body);
	answer_clear(&answer);
}

START_TEST(a_closed_account_is_gone_for_browsers_and_keys)
{
	struct browser other;
	char *mail;

	dashboard_log_in(&d, &other, DASHBOARD_ONE);
	browser_submit(
	    &b, "close", "balance=0.00&password=%s", DASHBOARD_PASSWORD_SENT);
	ck_assert_int_eq(b.answer.status, 303);
	ck_assert_str_eq(answer_header(&b.answer, "Location"), "login");
	browser_follow(&b);
	ck_assert(browser_sees(&b, "The account is closed"));
	call_must_say(d.key_one, "Invalid API key");
	call_must_say(d.key_two, "\"balance\"");
	/* No session of it, and no new one. */
	browser_get(&other, "api");
	ck_assert_str_eq(other.page, "login?to=api");
	browser_submit(&other, "login", "email=%s&password=%s", DASHBOARD_ONE,
	    DASHBOARD_PASSWORD_SENT);
	browser_get(&other, "api");
	ck_assert(!browser_sees(&other, "Active keys"));
	mail = dashboard_mail(&d, DASHBOARD_ONE, 1);
	ck_assert_ptr_nonnull(mail);
	ck_assert_ptr_nonnull(strstr(mail, "Subject: Your account was closed"));
	free(mail);
	site_must_check(&d.site);
	browser_close(&other);
}
END_TEST

START_TEST(an_account_that_is_opened_again_gets_a_new_password_by_mail)
{
	char page[256], *mail, *start;

	browser_submit(
	    &b, "close", "balance=0.00&password=%s", DASHBOARD_PASSWORD_SENT);
	ck_assert_int_eq(b.answer.status, 303);
	free(site_latchkey_ok(
	    &d.site, "account", "unsuspend", DASHBOARD_ONE, NULL));
	/* Neither the key nor the password of before. */
	call_must_say(d.key_one, "Invalid API key");
	browser_get(&b, "login");
	browser_submit(&b, "login", "email=%s&password=%s", DASHBOARD_ONE,
	    DASHBOARD_PASSWORD_SENT);
	ck_assert_int_eq(b.answer.status, 422);
	browser_get(&b, "forgot");
	browser_submit(&b, "ask", "email=%s", DASHBOARD_ONE);
	mail = dashboard_mail(&d, DASHBOARD_ONE, 2);
	ck_assert_ptr_nonnull(mail);
	start = strstr(mail, "/dashboard/reset?");
	ck_assert_msg(start != NULL, "%s", mail);
	start += strlen("/dashboard/");
	(void)snprintf(
	    page, sizeof(page), "%.*s", (int)strcspn(start, " \r\n"), start);
	free(mail);
	browser_get(&b, page);
	browser_submit(&b, "reset", "link=%s&new_password=%s",
	    strchr(page, '=') + 1, "four+louder+otters");
	ck_assert_int_eq(b.answer.status, 303);
	browser_log_in(&b, DASHBOARD_ONE, "four+louder+otters");
	browser_get(&b, "api");
	ck_assert(browser_sees(&b, "the account was closed"));
}
END_TEST

START_TEST(closing_asks_for_the_password)
{
	browser_submit(&b, "close", "balance=0.00&password=%s", "wrong+one");
	ck_assert_int_eq(b.answer.status, 422);
	browser_submit(&b, "close", "balance=0.00");
	ck_assert_int_eq(b.answer.status, 422);
	call_must_say(d.key_one, "\"balance\"");
	browser_get(&b, "account");
	ck_assert_int_eq(b.answer.status, 200);
}
END_TEST

START_TEST(a_balance_is_left_only_if_its_owner_says_so)
{
	site_credit(&d.site, DASHBOARD_ONE, "12.34");
	browser_get(&b, "account");
	ck_assert(browser_sees(&b, "12.34"));
	browser_submit(
	    &b, "close", "balance=12.34&password=%s", DASHBOARD_PASSWORD_SENT);
	ck_assert_int_eq(b.answer.status, 422);
	/* What was seen is not what there is. */
	browser_submit(
	    &b, "close", "balance=0.00&password=%s", DASHBOARD_PASSWORD_SENT);
	ck_assert_int_eq(b.answer.status, 422);
	browser_submit(&b, "close", "balance=12.33&leave=yes&password=%s",
	    DASHBOARD_PASSWORD_SENT);
	ck_assert_int_eq(b.answer.status, 422);
	call_must_say(d.key_one, "\"balance\"");
	browser_submit(&b, "close", "balance=12.34&leave=yes&password=%s",
	    DASHBOARD_PASSWORD_SENT);
	ck_assert_int_eq(b.answer.status, 303);
	ck_assert_int_eq(site_sql_int(&d.site,
			     "SELECT balance_nano FROM account WHERE id = 1"),
	    12340000000);
	site_must_check(&d.site);
}
END_TEST

START_TEST(open_orders_keep_an_account_open)
{
	char hidden[BROWSER_HIDDEN_LEN], body[512];

	ck_assert(browser_hidden(&b, "close", hidden));
	site_sql(&d.site,
	    "INSERT INTO service (id, name, type, category, rate_micro, min,"
	    " max, refill, cancel, dripfeed) VALUES"
	    " (1, 'A', 'Default', 'B', 0, 1, 9, 0, 0, 0)");
	(void)api_number(&d.site, "order",
	    "key=%s&action=add&service=1&quantity=2&link=https://a.example/",
	    d.key_one);
	browser_get(&b, "account");
	ck_assert(!browser_sees(&b, "value=\"close\""));
	(void)snprintf(body, sizeof(body), "%s&balance=0.00&password=%s",
	    hidden, DASHBOARD_PASSWORD_SENT);
	browser_send(&b, "account", body);
	ck_assert_int_eq(b.answer.status, 422);
	ck_assert(browser_sees(&b, "orders that are not finished"));
	call_must_say(d.key_one, "\"balance\"");
}
END_TEST

START_TEST(a_sent_form_of_another_session_is_refused)
{
	struct browser other;
	char hidden[BROWSER_HIDDEN_LEN], body[512];

	dashboard_log_in(&d, &other, DASHBOARD_TWO);
	browser_get(&other, "account");
	ck_assert(browser_hidden(&other, "close", hidden));
	(void)snprintf(body, sizeof(body), "%s&balance=0.00&password=%s",
	    hidden, DASHBOARD_PASSWORD_SENT);
	browser_send(&b, "account", body);
	ck_assert_int_eq(b.answer.status, 403);
	call_must_say(d.key_one, "\"balance\"");
	call_must_say(d.key_two, "\"balance\"");
	browser_close(&other);
}
END_TEST

static Suite *
make_suite(void)
{
	Suite *suite = suite_create("page_account");
	TCase *tc = tcase_create("page_account");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, name_and_time_zone_are_changed);
	tcase_add_test(tc, what_is_no_name_or_zone_is_refused_and_shown_again);
	tcase_add_test(tc, times_are_those_of_the_accounts_zone);
	tcase_add_test(tc, a_zone_that_the_host_does_not_know_is_utc);
	tcase_add_test(tc, the_threshold_is_an_amount);
	tcase_add_test(tc, a_closed_account_is_gone_for_browsers_and_keys);
	tcase_add_test(
	    tc, an_account_that_is_opened_again_gets_a_new_password_by_mail);
	tcase_add_test(tc, closing_asks_for_the_password);
	tcase_add_test(tc, a_balance_is_left_only_if_its_owner_says_so);
	tcase_add_test(tc, open_orders_keep_an_account_open);
	tcase_add_test(tc, a_sent_form_of_another_session_is_refused);
	suite_add_tcase(suite, tc);
	return suite;
}

SUITE_MAIN(make_suite)
