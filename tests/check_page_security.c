/* SPDX-License-Identifier: ISC */
/*
 * /dashboard/security and /dashboard/email through the real Apache: each
 * change of a credential is asked for again, told, and ends other sessions;
 * codes are shown once; nothing of another account can be touched.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "dashboard.h"
#include "login.h"
#include "suite.h"
#include "totp.h"

#define NEW_PASSWORD_SENT "four+louder+otters"

static struct dashboard d;
static struct browser b, other;

static void
setup(void)
{
	dashboard_make(&d, NULL);
	dashboard_log_in(&d, &b, DASHBOARD_ONE);
	browser_open(&other, &d.site);
}

static void
teardown(void)
{
	browser_close(&b);
	browser_close(&other);
	dashboard_remove(&d);
}

/* Is a browser still logged in? */
static int
is_in(struct browser *browser)
{
	browser_get(browser, "account");
	return strcmp(browser->page, "account") == 0;
}

static void
mail_must_say(const char *to, int n, const char *words)
{
	char *mail = dashboard_mail(&d, to, n);

	ck_assert_msg(mail != NULL, "no mail %d to %s", n, to);
	ck_assert_msg(strstr(mail, words) != NULL, "%s", mail);
	free(mail);
}

/* Tries to log in anew with a password. */
static int
logs_in(const char *email, const char *password)
{
	struct browser fresh;
	int good;

	browser_open(&fresh, &d.site);
	browser_get(&fresh, "login");
	browser_submit(
	    &fresh, "login", "email=%s&password=%s", email, password);
	good = fresh.answer.status == 303;
	browser_close(&fresh);
	return good;
}

START_TEST(a_new_password_ends_other_sessions_and_is_told)
{
	const char *before;
	char token[64];

	dashboard_log_in(&d, &other, DASHBOARD_ONE);
	before = browser_cookie(&b, "latchkey_session");
	ck_assert_ptr_nonnull(before);
	(void)snprintf(token, sizeof(token), "%s", before);
	browser_get(&b, "security?do=password");
	browser_submit_to(&b, "security?do=password", "password",
	    "password=%s&new_password=%s&repeat=%s", DASHBOARD_PASSWORD_SENT,
	    NEW_PASSWORD_SENT, NEW_PASSWORD_SENT);
	browser_follow(&b);
	ck_assert(browser_sees(&b, "The password is changed"));
	ck_assert_str_ne(browser_cookie(&b, "latchkey_session"), token);
	ck_assert(is_in(&b));
	ck_assert(!is_in(&other));
	/* The token of before is dead. */
	browser_set_cookie(&other, "latchkey_session", token);
	ck_assert(!is_in(&other));
	ck_assert(!logs_in(DASHBOARD_ONE, DASHBOARD_PASSWORD_SENT));
	ck_assert(logs_in(DASHBOARD_ONE, NEW_PASSWORD_SENT));
	ck_assert(logs_in(DASHBOARD_TWO, DASHBOARD_PASSWORD_SENT));
	mail_must_say(DASHBOARD_ONE, 1, "Subject: Your password was changed");
}
END_TEST

START_TEST(a_password_is_not_changed_for_nothing)
{
	static const char *const bad[] = {
		/* Not asked again, or wrongly. */
		"new_password=four+louder+otters&repeat=four+louder+otters",
		"password=no&new_password=four+louder+otters"
		"&repeat=four+louder+otters",
		/* Not the same twice, too short, a common one. */
		"password=three+quiet+otters&new_password=four+louder+otters"
		"&repeat=four+louder+otter",
		"password=three+quiet+otters&new_password=123456789"
		"&repeat=123456789",
		"password=three+quiet+otters&new_password=password123"
		"&repeat=password123",
		"password=three+quiet+otters",
	};
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		browser_get(&b, "security?do=password");
		browser_submit_to(
		    &b, "security?do=password", "password", "%s", bad[i]);
		ck_assert_msg(
		    b.answer.status == 422, "%s: %d", bad[i], b.answer.status);
		ck_assert(browser_sees(&b, "value=\"password\""));
		ck_assert(!browser_sees(&b, "louder"));
	}
	ck_assert(logs_in(DASHBOARD_ONE, DASHBOARD_PASSWORD_SENT));
}
END_TEST

/* Asks for another address; gives the path that the mail to it has. */
static void
ask_for_address(const char *address, char page[256])
{
	char *mail, *start;

	browser_get(&b, "security?do=email");
	browser_submit_to(&b, "security?do=email", "email",
	    "email=%s&password=%s", address, DASHBOARD_PASSWORD_SENT);
	browser_follow(&b);
	ck_assert(browser_sees(&b, "A mail to the new address"));
	mail = dashboard_mail(&d, address, 1);
	ck_assert_ptr_nonnull(mail);
	start = strstr(mail, "/dashboard/email?");
	ck_assert_ptr_nonnull(start);
	start += strlen("/dashboard/");
	(void)snprintf(page, 256, "%.*s", (int)strcspn(start, " \r\n"), start);
	free(mail);
}

START_TEST(an_address_changes_when_the_new_one_confirms)
{
	char page[256];

	dashboard_log_in(&d, &other, DASHBOARD_ONE);
	ask_for_address("new@example.test", page);
	mail_must_say(DASHBOARD_ONE, 1,
	    "Subject: A change of your e-mail address was asked for");
	mail_must_say(DASHBOARD_ONE, 1, "new@example.test");
	/* Looking at the page changes nothing. */
	browser_get(&b, page);
	ck_assert_int_eq(b.answer.status, 200);
	ck_assert(logs_in(DASHBOARD_ONE, DASHBOARD_PASSWORD_SENT));
	browser_get(&b, page);
	browser_submit(&b, "change", "mailed=%s", strstr(page, "token=") + 6);
	browser_follow(&b);
	ck_assert_str_eq(b.page, "security");
	ck_assert(browser_sees(&b, "new@example.test"));
	ck_assert(is_in(&b));
	ck_assert(!is_in(&other));
	ck_assert(!logs_in(DASHBOARD_ONE, DASHBOARD_PASSWORD_SENT));
	ck_assert(logs_in("new@example.test", DASHBOARD_PASSWORD_SENT));
	mail_must_say(DASHBOARD_ONE, 2, "Subject: Your e-mail address was");
	/* A link is good once. */
	browser_get(&b, page);
	browser_submit(&b, "change", "mailed=%s", strstr(page, "token=") + 6);
	ck_assert_int_eq(b.answer.status, 422);
}
END_TEST

START_TEST(a_link_works_in_a_browser_that_is_not_logged_in)
{
	char page[256];

	ask_for_address("new@example.test", page);
	browser_get(&other, page);
	browser_submit(
	    &other, "change", "mailed=%s", strstr(page, "token=") + 6);
	browser_follow(&other);
	ck_assert_str_eq(other.page, "login");
	ck_assert(!is_in(&other));
	ck_assert(!is_in(&b));
	ck_assert(logs_in("new@example.test", DASHBOARD_PASSWORD_SENT));
}
END_TEST

START_TEST(an_address_that_is_taken_changes_nothing_and_tells_nothing)
{
	char *mail;

	browser_get(&b, "security?do=email");
	browser_submit_to(&b, "security?do=email", "email",
	    "email=%s&password=%s", DASHBOARD_TWO, DASHBOARD_PASSWORD_SENT);
	browser_follow(&b);
	ck_assert(browser_sees(&b, "A mail to the new address"));
	mail = dashboard_mail(&d, DASHBOARD_TWO, 1);
	ck_assert_ptr_nonnull(mail);
	ck_assert_ptr_null(strstr(mail, "token="));
	free(mail);
	ck_assert(logs_in(DASHBOARD_ONE, DASHBOARD_PASSWORD_SENT));
	ck_assert(logs_in(DASHBOARD_TWO, DASHBOARD_PASSWORD_SENT));
}
END_TEST

START_TEST(links_that_nobody_mailed_are_good_for_nothing)
{
	static const char *const tokens[] = { "x",
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "%3Cscript%3E" };
	char page[256];
	size_t i;

	for (i = 0; i < sizeof(tokens) / sizeof(tokens[0]); i++) {
		(void)snprintf(page, sizeof(page), "email?token=%s", tokens[i]);
		browser_get(&b, page);
		ck_assert(!browser_sees(&b, "<script>\""));
		browser_submit(&b, "change", "mailed=%s", tokens[i]);
		ck_assert_int_eq(b.answer.status, 422);
	}
	browser_get(&b, "email");
	ck_assert_int_eq(b.answer.status, 404);
}
END_TEST

/* Writes the code of a step that the page's secret has. */
static void
code_of(const char *base32, int64_t step, char code[TOTP_DIGITS + 1])
{
	unsigned char secret[TOTP_SECRET_LEN] = { 0 };
	const char *alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", *at;
	size_t i, bit;

	ck_assert_uint_eq(strlen(base32), TOTP_BASE32_LEN);
	for (i = 0; i < TOTP_BASE32_LEN; i++) {
		at = strchr(alphabet, base32[i]);
		ck_assert_ptr_nonnull(at);
		for (bit = 0; bit < 5; bit++)
			if (((at - alphabet) >> (4 - bit) & 1) != 0)
				secret[(5 * i + bit) / 8] |=
				    (unsigned char)(0x80 >> (5 * i + bit) % 8);
	}
	ck_assert_int_eq(totp_code(secret, step, code), RC_OK);
}

/*
 * Turns the second factor on; copies its secret.  The code is that of the
 * step before, so that the current one is still good.
 */
static void
turn_on(char base32[TOTP_BASE32_LEN + 1])
{
	char code[TOTP_DIGITS + 1], *text;

	browser_get(&b, "security");
	browser_submit(&b, "second_start", "%s", "");
	browser_follow(&b);
	ck_assert(browser_sees(&b, "<path class=\"dark\" d=\"M"));
	text = dashboard_between(&b, "<code id=\"secret\">", "</code>");
	(void)snprintf(base32, TOTP_BASE32_LEN + 1, "%s", text);
	free(text);
	code_of(base32, time(NULL) / TOTP_STEP - 1, code);
	browser_submit_to(&b, "security?do=second", "second_on",
	    "totp=%s&password=%s", code, DASHBOARD_PASSWORD_SENT);
	ck_assert_msg(b.answer.status == 200, "%s", b.answer.body);
}

START_TEST(the_second_factor_is_on_with_a_code_of_the_app)
{
	char base32[TOTP_BASE32_LEN + 1], code[TOTP_DIGITS + 1];
	char *first;

	dashboard_log_in(&d, &other, DASHBOARD_ONE);
	turn_on(base32);
	ck_assert_str_eq(answer_header(&b.answer, "Cache-Control"), "no-store");
	first = dashboard_between(&b, "<li><code>", "</code>");
	ck_assert_uint_eq(strlen(first), LOGIN_CODE_LEN);
	ck_assert(is_in(&b));
	ck_assert(!is_in(&other));
	browser_get(&b, "security");
	ck_assert(!browser_sees(&b, first));
	ck_assert(!browser_sees(&b, base32));
	mail_must_say(
	    DASHBOARD_ONE, 1, "Subject: The second factor was turned");
	/* From now on the password alone changes nothing. */
	browser_get(&b, "api");
	browser_submit(
	    &b, "create", "label=Shop&password=%s", DASHBOARD_PASSWORD_SENT);
	ck_assert_int_eq(b.answer.status, 422);
	code_of(base32, time(NULL) / TOTP_STEP, code);
	browser_submit(&b, "create", "label=Shop&password=%s&code=%s",
	    DASHBOARD_PASSWORD_SENT, code);
	ck_assert_int_eq(b.answer.status, 200);
	/* No code twice. */
	browser_get(&b, "api");
	browser_submit(&b, "create", "label=Shop&password=%s&code=%s",
	    DASHBOARD_PASSWORD_SENT, code);
	ck_assert_int_eq(b.answer.status, 422);
	free(first);
}
END_TEST

START_TEST(a_wrong_code_does_not_turn_it_on)
{
	static const char *const bad[] = { "000000", "12345", "abcdef", "" };
	size_t i;

	browser_get(&b, "security");
	browser_submit(&b, "second_start", "%s", "");
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		browser_get(&b, "security?do=second");
		browser_submit_to(&b, "security?do=second", "second_on",
		    "totp=%s&password=%s", bad[i], DASHBOARD_PASSWORD_SENT);
		ck_assert_int_eq(b.answer.status, 422);
		ck_assert(browser_sees(&b, "value=\"second_on\""));
	}
	browser_get(&b, "security");
	ck_assert(browser_sees(&b, ">off<"));
	ck_assert_int_eq(
	    dashboard_people_int(&d, "SELECT COUNT(*) FROM second_factor"
				     " WHERE confirmed_at IS NOT NULL"),
	    0);
}
END_TEST

START_TEST(without_a_second_factor_there_are_no_codes)
{
	browser_get(&b, "security?do=codes");
	browser_submit_to(&b, "security?do=codes", "codes_new", "password=%s",
	    DASHBOARD_PASSWORD_SENT);
	ck_assert_int_eq(b.answer.status, 422);
	ck_assert(browser_sees(&b, "was turned on or off meanwhile"));
	ck_assert_int_eq(
	    dashboard_people_int(&d, "SELECT COUNT(*) FROM recovery_code"), 0);
}
END_TEST

START_TEST(it_is_turned_off_with_a_recovery_code)
{
	char base32[TOTP_BASE32_LEN + 1], *first;

	turn_on(base32);
	first = dashboard_between(&b, "<li><code>", "</code>");
	browser_get(&b, "security?do=off");
	browser_submit_to(&b, "security?do=off", "second_off", "password=%s",
	    DASHBOARD_PASSWORD_SENT);
	ck_assert_int_eq(b.answer.status, 422);
	browser_submit_to(&b, "security?do=off", "second_off",
	    "password=%s&code=%s", DASHBOARD_PASSWORD_SENT, first);
	browser_follow(&b);
	ck_assert(browser_sees(&b, "The second factor is off"));
	ck_assert_int_eq(
	    dashboard_people_int(&d, "SELECT COUNT(*) FROM second_factor") +
		dashboard_people_int(&d, "SELECT COUNT(*) FROM recovery_code"),
	    0);
	mail_must_say(
	    DASHBOARD_ONE, 2, "Subject: The second factor was turned");
	free(first);
}
END_TEST

START_TEST(new_recovery_codes_replace_the_old_ones)
{
	char base32[TOTP_BASE32_LEN + 1], code[TOTP_DIGITS + 1];
	char *old, *new;

	turn_on(base32);
	old = dashboard_between(&b, "<li><code>", "</code>");
	code_of(base32, time(NULL) / TOTP_STEP, code);
	browser_get(&b, "security?do=codes");
	browser_submit_to(&b, "security?do=codes", "codes_new",
	    "password=%s&code=%s", DASHBOARD_PASSWORD_SENT, code);
	ck_assert_int_eq(b.answer.status, 200);
	new = dashboard_between(&b, "<li><code>", "</code>");
	ck_assert_str_ne(old, new);
	browser_get(&b, "api");
	browser_submit(&b, "create", "label=Shop&password=%s&code=%s",
	    DASHBOARD_PASSWORD_SENT, old);
	ck_assert_int_eq(b.answer.status, 422);
	browser_submit(&b, "create", "label=Shop&password=%s&code=%s",
	    DASHBOARD_PASSWORD_SENT, new);
	ck_assert_int_eq(b.answer.status, 200);
	free(old);
	free(new);
}
END_TEST

START_TEST(sessions_are_ended_one_by_one_or_all_others)
{
	struct browser third;
	char sql[128];
	int64_t id;

	dashboard_log_in(&d, &other, DASHBOARD_ONE);
	id = dashboard_people_int(&d, "SELECT MAX(id) FROM session");
	browser_get(&b, "security");
	browser_submit(&b, "end_session", "session=%lld", (long long)id);
	browser_follow(&b);
	ck_assert(browser_sees(&b, "The session has ended"));
	ck_assert(!is_in(&other));
	ck_assert(is_in(&b));
	/* Neither one's own nor another account's. */
	dashboard_log_in(&d, &third, DASHBOARD_TWO);
	(void)snprintf(sql, sizeof(sql),
	    "SELECT id FROM session WHERE account_id = %lld", (long long)d.two);
	id = dashboard_people_int(&d, sql);
	browser_close(&other);
	dashboard_log_in(&d, &other, DASHBOARD_ONE);
	browser_get(&b, "security");
	browser_submit(&b, "end_session", "session=%lld", (long long)id);
	ck_assert_int_eq(b.answer.status, 404);
	(void)snprintf(sql, sizeof(sql),
	    "SELECT MIN(id) FROM session WHERE account_id = %lld",
	    (long long)d.one);
	id = dashboard_people_int(&d, sql);
	browser_get(&b, "security");
	browser_submit(&b, "end_session", "session=%lld", (long long)id);
	ck_assert_int_eq(b.answer.status, 404);
	browser_get(&b, "security");
	browser_submit(&b, "end_others", "%s", "");
	browser_follow(&b);
	ck_assert(is_in(&b));
	ck_assert(!is_in(&other));
	ck_assert(is_in(&third));
	browser_close(&third);
}
END_TEST

START_TEST(the_history_is_the_accounts_own)
{
	dashboard_people_sql(&d,
	    "INSERT INTO audit (account_id, seq, happened_at, what, address,"
	    " note) VALUES (2, 1000, 1, 17, '192.0.2.7', 'of the other')");
	dashboard_people_sql(&d,
	    "INSERT INTO audit (account_id, seq, happened_at, what, address,"
	    " note) VALUES (1, 1000, 1, 17, '192.0.2.8', '<b>mine</b>')");
	browser_get(&b, "security");
	ck_assert(browser_sees(&b, "&lt;b&gt;mine"));
	ck_assert(browser_sees(&b, "192.0.2.8"));
	ck_assert(!browser_sees(&b, "of the other"));
	browser_get(&b, "security?before=1000");
	ck_assert(!browser_sees(&b, "192.0.2.8"));
	browser_get(&b, "security?before=x");
	ck_assert_int_eq(b.answer.status, 404);
	browser_get(&b, "security?do=nothing");
	ck_assert_int_eq(b.answer.status, 404);
}
END_TEST

static Suite *
make_suite(void)
{
	Suite *suite = suite_create("page_security");
	TCase *tc = tcase_create("page_security");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_new_password_ends_other_sessions_and_is_told);
	tcase_add_test(tc, a_password_is_not_changed_for_nothing);
	tcase_add_test(tc, an_address_changes_when_the_new_one_confirms);
	tcase_add_test(tc, a_link_works_in_a_browser_that_is_not_logged_in);
	tcase_add_test(
	    tc, an_address_that_is_taken_changes_nothing_and_tells_nothing);
	tcase_add_test(tc, links_that_nobody_mailed_are_good_for_nothing);
	tcase_add_test(tc, the_second_factor_is_on_with_a_code_of_the_app);
	tcase_add_test(tc, a_wrong_code_does_not_turn_it_on);
	tcase_add_test(tc, without_a_second_factor_there_are_no_codes);
	tcase_add_test(tc, it_is_turned_off_with_a_recovery_code);
	tcase_add_test(tc, new_recovery_codes_replace_the_old_ones);
	tcase_add_test(tc, sessions_are_ended_one_by_one_or_all_others);
	tcase_add_test(tc, the_history_is_the_accounts_own);
	suite_add_tcase(suite, tc);
	return suite;
}

SUITE_MAIN(make_suite)
