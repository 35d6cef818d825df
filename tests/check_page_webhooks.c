/* SPDX-License-Identifier: ISC */
/*
 * /dashboard/webhooks and /dashboard/webhook through the real Apache:
 * everything that the API has for endpoints, and another account's are
 * unknown to every form.
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
	dashboard_make(&d, "webhook_local = yes");
	dashboard_log_in(&d, &b, DASHBOARD_ONE);
}

static void
teardown(void)
{
	browser_close(&b);
	dashboard_remove(&d);
}

/* Adds an endpoint for order.completed; gives its id. */
static int64_t
add(void)
{
	browser_get(&b, "webhooks");
	browser_submit(&b, "add",
	    "url=https%%3A%%2F%%2Fshop.example%%2Fhook&key=1&events=%s",
	    "order.completed");
	ck_assert_msg(b.answer.status == 200, "%s", b.answer.body);
	return site_sql_int(&d.site, "SELECT MAX(id) FROM webhook");
}

/* Sends a form of the endpoint's page; its answer must be of that status. */
static void
submit(const char *form, const char *fields, int status)
{
	browser_get(&b, "webhook?id=1");
	ck_assert_int_eq(b.answer.status, 200);
	browser_submit_to(&b, "webhook?id=1", form, "%s", fields);
	ck_assert_msg(b.answer.status == status, "%s: %d: %s", form,
	    b.answer.status, b.answer.body);
}

static char *
secret(void)
{
	char *text = dashboard_between(&b, "<code id=\"secret\">", "</code>");

	ck_assert_int_eq(strncmp(text, "whsec_", 6), 0);
	ck_assert_str_eq(answer_header(&b.answer, "Cache-Control"), "no-store");
	return text;
}

START_TEST(an_endpoint_is_added_and_its_secret_shown_once)
{
	char *text;

	(void)add();
	text = secret();
	browser_get(&b, "webhooks");
	ck_assert(browser_sees(&b, "https://shop.example/hook"));
	ck_assert(!browser_sees(&b, text));
	browser_get(&b, "webhook?id=1");
	ck_assert(!browser_sees(&b, text));
	ck_assert(browser_sees(&b, "value=\"order.completed\" checked"));
	ck_assert(!browser_sees(&b, "value=\"order.created\" checked"));
	free(text);
}
END_TEST

START_TEST(a_form_sent_again_adds_no_second_endpoint)
{
	char hidden[BROWSER_HIDDEN_LEN], body[1024];

	browser_get(&b, "webhooks");
	ck_assert(browser_hidden(&b, "add", hidden));
	(void)snprintf(body, sizeof(body),
	    "%s&key=1&events=order.created&url=https%%3A%%2F%%2Fa.example",
	    hidden);
	browser_send(&b, "webhooks", body);
	ck_assert_int_eq(b.answer.status, 200);
	browser_send(&b, "webhooks", body);
	ck_assert_int_eq(b.answer.status, 303);
	ck_assert_int_eq(
	    site_sql_int(&d.site, "SELECT COUNT(*) FROM webhook"), 1);
}
END_TEST

/* What is refused, and the words that say so. */
static const struct {
	const char *fields, *words;
} refused[] = {
	{ "key=1&events=order.created", "Give the endpoint&#39;s URL" },
	{ "key=1&events=order.created&url=ftp%3A%2F%2Fshop.example",
	    "Webhook URL must be https" },
	{ "key=1&events=order.created&url=https%3A%2F%2F10.0.0.1%2F",
	    "Webhook URL must be public" },
	{ "key=1&url=https%3A%2F%2Fshop.example", "at least one event" },
	{ "key=1&events=no.such&url=https%3A%2F%2Fshop.example",
	    "There is no such event" },
	{ "events=order.created&url=https%3A%2F%2Fshop.example",
	    "Choose a key" },
};

START_TEST(what_cannot_be_an_endpoint_is_refused)
{
	size_t i;

	for (i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		browser_get(&b, "webhooks");
		browser_submit(&b, "add", "%s", refused[i].fields);
		ck_assert_msg(b.answer.status == 422, "%s: %d",
		    refused[i].fields, b.answer.status);
		ck_assert_msg(browser_sees(&b, refused[i].words), "%s: %s",
		    refused[i].fields, b.answer.body);
	}
	ck_assert_int_eq(
	    site_sql_int(&d.site, "SELECT COUNT(*) FROM webhook"), 0);
}
END_TEST

START_TEST(five_of_a_key_are_all)
{
	int i;

	for (i = 0; i < 5; i++)
		(void)add();
	browser_get(&b, "webhooks");
	browser_submit(&b, "add",
	    "url=https%%3A%%2F%%2Fshop.example&key=1&events=%s",
	    "order.completed");
	ck_assert_int_eq(b.answer.status, 422);
	ck_assert(browser_sees(&b, "Webhook limit reached"));
}
END_TEST

START_TEST(an_endpoint_is_changed_paused_and_set_active)
{
	(void)add();
	submit("update",
	    "url=https%3A%2F%2Fother.example&events=order.created"
	    "&events=balance.low",
	    303);
	browser_follow(&b);
	ck_assert(browser_sees(&b, "https://other.example"));
	ck_assert(browser_sees(&b, "value=\"order.created\" checked"));
	ck_assert(browser_sees(&b, "value=\"balance.low\" checked"));
	ck_assert(!browser_sees(&b, "value=\"order.completed\" checked"));
	submit("update", "url=https%3A%2F%2Fother.example", 422);
	submit("pause", "", 303);
	ck_assert_int_eq(
	    site_sql_int(&d.site, "SELECT status FROM webhook"), 2);
	submit("activate", "", 303);
	ck_assert_int_eq(
	    site_sql_int(&d.site, "SELECT status FROM webhook"), 1);
}
END_TEST

START_TEST(a_rotated_secret_is_shown_once)
{
	char *first, *second;

	(void)add();
	first = secret();
	submit("rotate", "overlap=24", 200);
	second = secret();
	ck_assert_str_ne(first, second);
	ck_assert_int_eq(
	    site_sql_int(&d.site,
		"SELECT old_until > 0 AND old_secret IS NOT NULL FROM webhook"),
	    1);
	submit("rotate", "overlap=0", 200);
	ck_assert_int_eq(
	    site_sql_int(&d.site, "SELECT old_secret IS NULL FROM webhook"), 1);
	submit("rotate", "overlap=169", 422);
	submit("rotate", "overlap=-1", 422);
	submit("rotate", "overlap=", 422);
	free(first);
	free(second);
}
END_TEST

START_TEST(a_test_event_is_queued_for_active_endpoints_alone)
{
	(void)add();
	submit("test", "", 303);
	browser_follow(&b);
	ck_assert(browser_sees(&b, "A test event, evt_"));
	ck_assert_int_eq(
	    site_sql_int(&d.site, "SELECT COUNT(*) FROM delivery"), 1);
	site_sql(&d.site, "UPDATE webhook SET status = 3");
	browser_get(&b, "webhook?id=1");
	ck_assert(!browser_sees(&b, "value=\"test\""));
}
END_TEST

START_TEST(attempts_are_shown_with_their_reasons_and_sent_again)
{
	(void)add();
	submit("test", "", 303);
	site_sql(&d.site,
	    "UPDATE delivery SET status = 3, attempts = 10, done_at = 99;"
	    "INSERT INTO attempt (webhook_id, seq, event_id, outcome,"
	    " attempted_at, duration_ms, http_status, error, answer)"
	    " VALUES (1, 1, 1, 2, 1700000000, 250, 500, 'the answer was no',"
	    " '<b>Oops</b>'), (1, 2, 1, 3, 1700000001, 3, NULL,"
	    " '10.0.0.1 is not public', NULL)");
	browser_get(&b, "webhook?id=1");
	ck_assert(browser_sees(&b, "the answer was no"));
	ck_assert(browser_sees(&b, "HTTP 500"));
	ck_assert(browser_sees(&b, "&lt;b&gt;Oops"));
	ck_assert(browser_sees(&b, "10.0.0.1 is not public"));
	browser_get(&b, "webhook?id=1&status=blocked");
	ck_assert(browser_sees(&b, "10.0.0.1 is not public"));
	ck_assert(!browser_sees(&b, "the answer was no"));
	browser_get(&b, "webhook?id=1&status=lost");
	ck_assert_int_eq(b.answer.status, 404);
	browser_get(&b, "webhook?id=1&before=2");
	ck_assert(!browser_sees(&b, "10.0.0.1 is not public"));
	submit("resend_failed", "hours=24", 303);
	browser_follow(&b);
	ck_assert(browser_sees(&b, "0 events are sent"));
	site_sql(&d.site, "UPDATE delivery SET done_at = unixepoch()");
	submit("resend_failed", "hours=24", 303);
	browser_follow(&b);
	ck_assert(browser_sees(&b, "1 event is sent"));
	site_sql(&d.site, "UPDATE delivery SET status = 2");
	{
		char *event = site_sql_text(
		    &d.site, "SELECT 'event=' || name FROM event");

		submit("resend", event, 303);
		free(event);
	}
	ck_assert_int_eq(
	    site_sql_int(&d.site, "SELECT status FROM delivery"), 1);
	submit("resend", "event=evt_nothing", 404);
}
END_TEST

START_TEST(an_endpoint_is_removed)
{
	(void)add();
	submit("remove", "", 303);
	browser_follow(&b);
	ck_assert(browser_sees(&b, "The endpoint is removed"));
	ck_assert(!browser_sees(&b, "shop.example"));
	browser_get(&b, "webhook?id=1");
	ck_assert_int_eq(b.answer.status, 404);
}
END_TEST

START_TEST(another_accounts_endpoint_and_key_are_unknown)
{
	static const char *const forms[] = { "update", "pause", "rotate",
		"remove", "test", "resend", "resend_failed" };
	struct browser other;
	char *before, *after;
	size_t i;

	(void)add();
	submit("test", "", 303);
	before = site_sql_text(&d.site,
	    "SELECT group_concat(id || url || status || hex(secret))"
	    " || (SELECT COUNT(*) FROM delivery) FROM webhook");
	dashboard_log_in(&d, &other, DASHBOARD_TWO);
	browser_get(&other, "webhook?id=1");
	ck_assert_int_eq(other.answer.status, 404);
	browser_get(&other, "webhooks");
	ck_assert(!browser_sees(&other, "shop.example"));
	/* Its forms are those of an endpoint of its own, sent to this one. */
	browser_submit(&other, "add",
	    "url=https%%3A%%2F%%2Ftwo.example&key=2&events=%s",
	    "order.completed");
	ck_assert_int_eq(other.answer.status, 200);
	for (i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		browser_get(&other, "webhook?id=2");
		if (strcmp(forms[i], "resend") == 0)
			continue;
		browser_submit_to(&other, "webhook?id=1", forms[i],
		    "url=https%%3A%%2F%%2Fevil.example&events=order.created"
		    "&overlap=0&hours=24&event=%s",
		    "evt_x");
		ck_assert_msg(other.answer.status == 404, "%s: %d", forms[i],
		    other.answer.status);
	}
	browser_get(&other, "webhooks");
	browser_submit(&other, "add",
	    "url=https%%3A%%2F%%2Ftwo.example&key=1&events=%s",
	    "order.completed");
	ck_assert_int_eq(other.answer.status, 404);
	site_sql(&d.site, "DELETE FROM webhook WHERE id = 2");
	after = site_sql_text(&d.site,
	    "SELECT group_concat(id || url || status || hex(secret))"
	    " || (SELECT COUNT(*) FROM delivery) FROM webhook");
	ck_assert_str_eq(before, after);
	free(before);
	free(after);
	browser_close(&other);
}
END_TEST

START_TEST(without_a_key_there_is_no_form)
{
	site_sql(&d.site, "UPDATE api_key SET revoked_at = 1");
	browser_get(&b, "webhooks");
	ck_assert(!browser_sees(&b, "value=\"add\""));
	ck_assert(browser_sees(&b, "Make a key"));
}
END_TEST

static Suite *
make_suite(void)
{
	Suite *suite = suite_create("page_webhooks");
	TCase *tc = tcase_create("page_webhooks");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, an_endpoint_is_added_and_its_secret_shown_once);
	tcase_add_test(tc, a_form_sent_again_adds_no_second_endpoint);
	tcase_add_test(tc, what_cannot_be_an_endpoint_is_refused);
	tcase_add_test(tc, five_of_a_key_are_all);
	tcase_add_test(tc, an_endpoint_is_changed_paused_and_set_active);
	tcase_add_test(tc, a_rotated_secret_is_shown_once);
	tcase_add_test(tc, a_test_event_is_queued_for_active_endpoints_alone);
	tcase_add_test(
	    tc, attempts_are_shown_with_their_reasons_and_sent_again);
	tcase_add_test(tc, an_endpoint_is_removed);
	tcase_add_test(tc, another_accounts_endpoint_and_key_are_unknown);
	tcase_add_test(tc, without_a_key_there_is_no_form);
	suite_add_tcase(suite, tc);
	return suite;
}

SUITE_MAIN(make_suite)
