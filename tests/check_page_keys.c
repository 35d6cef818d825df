/* SPDX-License-Identifier: ISC */
/*
 * /dashboard/api through the real Apache: a key is shown once and made once,
 * each change is asked for again and told, and another account's keys are
 * unknown.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "api_key_admin.h"
#include "dashboard.h"
#include "suite.h"

static struct dashboard d;
static struct browser b;

static void
setup(void)
{
	dashboard_make(&d, NULL);
	dashboard_log_in(&d, &b, DASHBOARD_ONE);
	browser_get(&b, "api");
	ck_assert_int_eq(b.answer.status, 200);
}

static void
teardown(void)
{
	browser_close(&b);
	dashboard_remove(&d);
}

static int64_t
keys(void)
{
	return site_sql_int(&d.site, "SELECT COUNT(*) FROM api_key");
}

/* Copies the key that the page shows. */
static void
shown_key(char key[KEY_TEXT_LEN])
{
	char *text = dashboard_between(&b, "<code id=\"key\">", "</code>");

	ck_assert_uint_eq(strlen(text), API_KEY_LEN);
	(void)snprintf(key, KEY_TEXT_LEN, "%s", text);
	free(text);
}

static void
create(const char *label)
{
	browser_get(&b, "api");
	browser_submit(&b, "create", "label=%s&password=%s", label,
	    DASHBOARD_PASSWORD_SENT);
}

/* What a call with the key is answered. */
static void
call_must_say(const char *key, const char *text)
{
	struct answer answer = { 0 };

	api_call(&d.site, &answer, "key=%s&action=balance", key);
	ck_assert_ptr_nonnull(answer.body);
	ck_assert_msg(strstr(answer.body, text) != NULL, "%s", answer.body);
	answer_clear(&answer);
}

START_TEST(a_key_is_shown_on_the_answer_that_made_it_alone)
{
	char key[KEY_TEXT_LEN], *mail, *note;

	create("Shop");
	ck_assert_int_eq(b.answer.status, 200);
	ck_assert_str_eq(answer_header(&b.answer, "Cache-Control"), "no-store");
	ck_assert_ptr_null(answer_header(&b.answer, "Location"));
	shown_key(key);
	call_must_say(key, "\"balance\"");
	browser_get(&b, "api");
	ck_assert(!browser_sees(&b, key));
	ck_assert(browser_sees(&b, "Shop"));
	/* The owner is told of which one, and not what it is. */
	mail = dashboard_mail(&d, DASHBOARD_ONE, 1);
	ck_assert_ptr_nonnull(mail);
	ck_assert_ptr_nonnull(strstr(mail, "Subject: An API key was created"));
	ck_assert_ptr_null(strstr(mail, key));
	key[API_KEY_PREFIX_LEN + API_KEY_ID_LEN] = '\0';
	ck_assert_ptr_nonnull(strstr(mail, key));
	free(mail);
	note = dashboard_people_text(
	    &d, "SELECT note FROM audit ORDER BY happened_at DESC, seq DESC");
	ck_assert_ptr_nonnull(strstr(note, key));
	ck_assert_ptr_nonnull(strstr(note, "Shop"));
	free(note);
}
END_TEST

START_TEST(a_form_sent_again_makes_no_second_key)
{
	char hidden[BROWSER_HIDDEN_LEN], body[1024];
	int64_t before = keys();
	int i;

	ck_assert(browser_hidden(&b, "create", hidden));
	(void)snprintf(body, sizeof(body), "%s&label=Shop&password=%s", hidden,
	    DASHBOARD_PASSWORD_SENT);
	browser_send(&b, "api", body);
	ck_assert_int_eq(b.answer.status, 200);
	for (i = 0; i < 3; i++) {
		browser_send(&b, "api", body);
		ck_assert_int_eq(b.answer.status, 303);
		ck_assert(!browser_sees(&b, "id=\"key\""));
	}
	ck_assert_int_eq(keys(), before + 1);
}
END_TEST

START_TEST(creating_and_rotating_ask_for_the_password)
{
	static const char *const wrong[] = { "",
		"password=", "password=three+quiet+otter",
		"password=three+quiet++otters", "password=THREE+QUIET+OTTERS" };
	int64_t before = keys();
	size_t i;

	for (i = 0; i < 2; i++) {
		browser_get(&b, "api");
		browser_submit(&b, "create", "label=Shop&%s", wrong[i]);
		ck_assert_int_eq(b.answer.status, 422);
		ck_assert(browser_sees(&b, "value=\"Shop\""));
		browser_get(&b, "api?rotate=1");
		browser_submit_to(
		    &b, "api?rotate=1", "rotate", "key=1&%s", wrong[i + 2]);
		ck_assert_int_eq(b.answer.status, 422);
		/* The form is shown again, not that of a new key. */
		ck_assert(browser_sees(&b, "value=\"rotate\""));
		ck_assert(!browser_sees(&b, "value=\"create\""));
	}
	ck_assert_int_eq(keys(), before);
	call_must_say(d.key_one, "\"balance\"");
}
END_TEST

START_TEST(ten_keys_are_all)
{
	int i;

	for (i = 1; i < API_KEY_ACTIVE_MAX; i++) {
		create("Shop");
		ck_assert_int_eq(b.answer.status, 200);
	}
	browser_get(&b, "api");
	ck_assert(!browser_sees(&b, "value=\"create\""));
	browser_get(&b, "api?revoke=1");
	browser_submit(&b, "revoke", "key=1");
	ck_assert_int_eq(b.answer.status, 303);
	create("Shop");
	ck_assert_int_eq(b.answer.status, 200);
	ck_assert_int_eq(site_sql_int(&d.site, "SELECT COUNT(*) FROM api_key"
					       " WHERE account_id = 1"
					       " AND revoked_at IS NULL"),
	    API_KEY_ACTIVE_MAX);
}
END_TEST

START_TEST(a_rotated_key_has_another_value_at_once)
{
	char key[KEY_TEXT_LEN], *mail;

	browser_get(&b, "api?rotate=1");
	browser_submit_to(&b, "api?rotate=1", "rotate", "key=1&password=%s",
	    DASHBOARD_PASSWORD_SENT);
	ck_assert_int_eq(b.answer.status, 200);
	ck_assert_str_eq(answer_header(&b.answer, "Cache-Control"), "no-store");
	shown_key(key);
	call_must_say(d.key_one, "Invalid API key");
	call_must_say(key, "\"balance\"");
	mail = dashboard_mail(&d, DASHBOARD_ONE, 1);
	ck_assert_ptr_nonnull(mail);
	ck_assert_ptr_nonnull(strstr(mail, "Subject: An API key was rotated"));
	free(mail);
}
END_TEST

START_TEST(a_revoked_key_opens_nothing)
{
	char *mail;

	browser_get(&b, "api?revoke=1");
	browser_submit(&b, "revoke", "key=1");
	browser_follow(&b);
	ck_assert(browser_sees(&b, "The key is revoked"));
	ck_assert(browser_sees(&b, "by its owner"));
	call_must_say(d.key_one, "Invalid API key");
	mail = dashboard_mail(&d, DASHBOARD_ONE, 1);
	ck_assert_ptr_nonnull(mail);
	ck_assert_ptr_nonnull(strstr(mail, "Subject: An API key was revoked"));
	free(mail);
	/* Once is enough. */
	browser_get(&b, "api");
	browser_submit(&b, "create", "label=");
	ck_assert_int_eq(b.answer.status, 422);
	browser_get(&b, "api?revoke=1");
	ck_assert_int_eq(b.answer.status, 404);
}
END_TEST

START_TEST(another_accounts_keys_are_unknown)
{
	static const char *const ids[] = { "2", "99", "0", "-1", "x", "1x", "",
		"9223372036854775808" };
	char page[64];
	size_t i;

	for (i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		if (ids[i][0] != '\0') {
			(void)snprintf(
			    page, sizeof(page), "api?rotate=%s", ids[i]);
			browser_get(&b, page);
			ck_assert_int_eq(b.answer.status, 404);
			(void)snprintf(
			    page, sizeof(page), "api?revoke=%s", ids[i]);
			browser_get(&b, page);
			ck_assert_int_eq(b.answer.status, 404);
		}
		browser_get(&b, "api?rotate=1");
		browser_submit(&b, "rotate", "key=%s&password=%s", ids[i],
		    DASHBOARD_PASSWORD_SENT);
		ck_assert_int_eq(b.answer.status, 404);
		browser_get(&b, "api?revoke=1");
		browser_submit(&b, "revoke", "key=%s", ids[i]);
		ck_assert_int_eq(b.answer.status, 404);
	}
	call_must_say(d.key_two, "\"balance\"");
	browser_get(&b, "api");
	d.key_two[API_KEY_PREFIX_LEN + API_KEY_ID_LEN] = '\0';
	ck_assert(!browser_sees(&b, d.key_two));
}
END_TEST

START_TEST(a_label_is_text_wherever_it_is_shown)
{
	char *mail;

	create("%3Cscript%3Ealert(1)%3C%2Fscript%3E%22%27%26");
	ck_assert_int_eq(b.answer.status, 200);
	ck_assert(!browser_sees(&b, "<script>alert"));
	ck_assert(browser_sees(&b, "&lt;script&gt;alert(1)"));
	browser_get(&b, "api");
	ck_assert(!browser_sees(&b, "<script>alert"));
	ck_assert(browser_sees(&b, "&lt;script&gt;alert(1)"));
	browser_get(&b, "security");
	ck_assert(!browser_sees(&b, "<script>alert"));
	/* Not one more line of a mail's header. */
	browser_get(&b, "api");
	browser_submit(&b, "create",
	    "label=Shop%%0ABcc%%3A+evil%%40example.test&password=%s",
	    DASHBOARD_PASSWORD_SENT);
	ck_assert_int_eq(b.answer.status, 422);
	create("Shop%27%29%3B+DROP+TABLE+api_key%3B--");
	ck_assert_int_eq(b.answer.status, 200);
	ck_assert_int_eq(keys(), 4);
	mail = dashboard_mail(&d, DASHBOARD_ONE, 2);
	ck_assert_ptr_nonnull(mail);
	ck_assert_ptr_null(strstr(mail, "Bcc"));
	free(mail);
}
END_TEST

START_TEST(who_is_suspended_may_revoke_and_nothing_else)
{
	int64_t before = keys();

	site_sql(&d.site, "UPDATE account SET suspended_at = 1 WHERE id = 1");
	browser_get(&b, "api");
	ck_assert_int_eq(b.answer.status, 200);
	browser_submit(
	    &b, "create", "label=Shop&password=%s", DASHBOARD_PASSWORD_SENT);
	ck_assert_int_eq(b.answer.status, 403);
	browser_get(&b, "api?rotate=1");
	browser_submit(
	    &b, "rotate", "key=1&password=%s", DASHBOARD_PASSWORD_SENT);
	ck_assert_int_eq(b.answer.status, 403);
	ck_assert_int_eq(keys(), before);
	browser_get(&b, "api?revoke=1");
	browser_submit(&b, "revoke", "key=1");
	ck_assert_int_eq(b.answer.status, 303);
	call_must_say(d.key_one, "Invalid API key");
}
END_TEST

/* Written after the answer, when a web server thinks a program is done. */
START_TEST(when_a_key_was_used_last_is_shown)
{
	static const struct timespec step = { 0, 20000000 };
	int64_t used = 0;
	int tries;

	ck_assert(browser_sees(&b, "never"));
	call_must_say(d.key_one, "\"balance\"");
	for (tries = 0; used == 0 && tries < 250; tries++) {
		(void)nanosleep(&step, NULL);
		used = site_sql_int(
		    &d.site, "SELECT last_used_at FROM api_key WHERE id = 1");
	}
	ck_assert_int_gt(used, 0);
	browser_get(&b, "api");
	ck_assert(!browser_sees(&b, "never"));
}
END_TEST

static Suite *
make_suite(void)
{
	Suite *suite = suite_create("page_keys");
	TCase *tc = tcase_create("page_keys");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_key_is_shown_on_the_answer_that_made_it_alone);
	tcase_add_test(tc, a_form_sent_again_makes_no_second_key);
	tcase_add_test(tc, creating_and_rotating_ask_for_the_password);
	tcase_add_test(tc, ten_keys_are_all);
	tcase_add_test(tc, a_rotated_key_has_another_value_at_once);
	tcase_add_test(tc, a_revoked_key_opens_nothing);
	tcase_add_test(tc, another_accounts_keys_are_unknown);
	tcase_add_test(tc, a_label_is_text_wherever_it_is_shown);
	tcase_add_test(tc, who_is_suspended_may_revoke_and_nothing_else);
	tcase_add_test(tc, when_a_key_was_used_last_is_shown);
	suite_add_tcase(suite, tc);
	return suite;
}

SUITE_MAIN(make_suite)
