/* SPDX-License-Identifier: ISC */
/*
 * From sign-up to log-out: the pages that nobody is logged in for, through
 * the real Apache, with mail that goes to a file.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "browser.h"
#include "config.h"
#include "db.h"
#include "harness.h"
#include "login.h"
#include "password.h"
#include "people.h"
#include "suite.h"
#include "totp.h"

enum {
	PATH_LEN = SITE_PATH_LEN + 128,
	FAILURES = 5,
	FLOOD = 24, /* browsers at once */
	FLOOD_TRIES = 4
};

#define KNOWN "one@customer.example"
#define UNKNOWN "nobody@customer.example"
#define PASSWORD "seven green bottles"
#define OTHER "eleven blue tables"
/* The same in a form. */
#define PASSWORD_SENT "seven+green+bottles"
#define OTHER_SENT "eleven+blue+tables"
#define MAIL_END "%%END\n"

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

/* The site's databases and keys, past all rules. */
struct door {
	struct config config;
	struct db *main;
	struct people people;
};

static void
open_door(struct door *door)
{
	door->main = NULL;
	ck_assert_int_eq(
	    config_load(in_site("latchkey.conf"), &door->config), RC_OK);
	ck_assert_int_eq(db_open(in_site("data/" DB_NAME), 0,
			     door->config.busy_ms, &door->main),
	    RC_OK);
	ck_assert_int_eq(
	    people_open(&door->config, door->main, &door->people), RC_OK);
}

static void
close_door(struct door *door)
{
	people_close(&door->people);
	db_close(door->main);
}

static void
set_password(const char *password)
{
	struct door door;
	const char *why;

	open_door(&door);
	ck_assert_int_eq(login_admin_password(&door.people, account, password,
			     strlen(password), 0, (int64_t)time(NULL), &why),
	    RC_OK);
	close_door(&door);
}

static int64_t
people_int(const char *sql)
{
	struct door door;
	int64_t n = -1;

	open_door(&door);
	ck_assert_int_eq(db_begin(door.people.db, DB_READ), RC_OK);
	ck_assert_int_eq(
	    db_end(door.people.db, db_one(door.people.db, sql, DB_NO_ARGS, &n)),
	    RC_OK);
	close_door(&door);
	return n;
}

static void
setup(const char *config_lines)
{
	char lines[PATH_LEN];
	FILE *out;

	site_make(&site, config_lines);
	out = fopen(in_site("sendmail"), "we");
	ck_assert_ptr_nonnull(out);
	(void)fputs("#!/bin/sh\nm=$(cat)\n"
		    "printf '%s\\n%%%%END\\n' \"$m\" >>\"$0.mails\"\n",
	    out);
	ck_assert_int_eq(fclose(out), 0);
	ck_assert_int_eq(chmod(in_site("sendmail"), 0755), 0);
	(void)snprintf(lines, sizeof(lines), "%s", in_site("latchkey.conf"));
	out = fopen(lines, "ae");
	ck_assert_ptr_nonnull(out);
	(void)fprintf(out, "\nsendmail = %s\n", in_site("sendmail"));
	ck_assert_int_eq(fclose(out), 0);
	account = site_account(&site, KNOWN);
	set_password(PASSWORD);
	site_start(&site);
	browser_open(&browser, &site);
}

static void
setup_usual(void)
{
	setup(NULL);
}

static void
setup_closed(void)
{
	setup("signup = closed");
}

/* Where everybody can say where he comes from. */
static void
setup_proxy(void)
{
	setup("proxies = 127.0.0.1\nrate_ip = 1000000");
}

static void
teardown(void)
{
	browser_close(&browser);
	site_remove(&site);
}

/* --- mails ---------------------------------------------------------------- */

/* All mails so far; to be freed. */
static char *
mails(void)
{
	FILE *in = fopen(in_site("sendmail.mails"), "re"), *out;
	char *all = NULL, buf[4096];
	size_t len, n;

	out = open_memstream(&all, &len);
	ck_assert_ptr_nonnull(out);
	while (in != NULL && (n = fread(buf, 1, sizeof(buf), in)) > 0)
		(void)fwrite(buf, 1, n, out);
	if (in != NULL)
		(void)fclose(in);
	ck_assert_int_eq(fclose(out), 0);
	return all;
}

static int
count_of(const char *all, const char *wanted)
{
	int n = 0;

	while ((all = strstr(all, wanted)) != NULL) {
		n++;
		all += strlen(wanted);
	}
	return n;
}

/* Waits up to 20 s until there are n mails; gives all of them. */
static char *
await_mails(int n)
{
	static const struct timespec pause = { 0, 20000000 };
	char *all;
	int i;

	for (i = 0; i < 1000; i++) {
		all = mails();
		if (count_of(all, MAIL_END) >= n)
			return all;
		free(all);
		(void)nanosleep(&pause, NULL);
	}
	ck_abort_msg("there are no %d mails", n);
	return NULL;
}

/* The page that the last link of a mail leads to, as "reset?token=...". */
static void
link_of(const char *mail, char page[BROWSER_PATH_LEN])
{
	static const char begin[] = "http://127.0.0.1/dashboard/";
	const char *found = NULL, *p = mail;

	while ((p = strstr(p, begin)) != NULL) {
		p += sizeof(begin) - 1;
		found = p;
	}
	ck_assert_msg(found != NULL, "no link in %s", mail);
	(void)snprintf(page, BROWSER_PATH_LEN, "%.*s",
	    (int)strcspn(found, "\r\n \t"), found);
}

/* --- logging in ----------------------------------------------------------- */

static void
try_to_log_in(const char *email, const char *password)
{
	browser_ask(&browser, "login");
	browser_submit(
	    &browser, "login", "email=%s&password=%s", email, password);
}

static void
log_in(void)
{
	try_to_log_in(KNOWN, PASSWORD_SENT);
	ck_assert_int_eq(browser.answer.status, 303);
	ck_assert_str_eq(
	    answer_header(&browser.answer, "Location"), "overview");
}

/* True if the browser is logged in: the page of log-in is not for it then. */
static int
is_logged_in(struct browser *b)
{
	browser_ask(b, "login");
	return b->answer.status == 303;
}

/* A page without what is different each time. */
static char *
without_tokens(const struct answer *answer)
{
	char *copy = strdup(answer->body), *p = copy;

	ck_assert_ptr_nonnull(copy);
	while ((p = strstr(p, "name=\"token\" value=\"")) != NULL) {
		p += strlen("name=\"token\" value=\"");
		memset(p, 'x', strcspn(p, "\""));
	}
	return copy;
}

START_TEST(the_right_password_logs_in)
{
	log_in();
	ck_assert(is_logged_in(&browser));
	ck_assert_ptr_nonnull(browser_cookie(&browser, "latchkey_session"));
}
END_TEST

/* As the operator's command keeps them. */
START_TEST(a_password_keeps_its_spaces)
{
	set_password(" " PASSWORD " ");
	try_to_log_in(KNOWN, PASSWORD_SENT);
	ck_assert_int_eq(browser.answer.status, 422);
	try_to_log_in(KNOWN, "+" PASSWORD_SENT "+");
	ck_assert_int_eq(browser.answer.status, 303);
	/* So it is when asked for once more, and when it is changed. */
	browser_get(&browser, "security?do=password");
	browser_submit_to(&browser, "security?do=password", "password",
	    "password=%s&new_password=%s&repeat=%s", PASSWORD_SENT,
	    "+" OTHER_SENT, "+" OTHER_SENT);
	ck_assert_int_eq(browser.answer.status, 422);
	browser_submit_to(&browser, "security?do=password", "password",
	    "password=%s&new_password=%s&repeat=%s", "+" PASSWORD_SENT "+",
	    "+" OTHER_SENT, OTHER_SENT);
	ck_assert_int_eq(browser.answer.status, 422);
	browser_submit_to(&browser, "security?do=password", "password",
	    "password=%s&new_password=%s&repeat=%s", "+" PASSWORD_SENT "+",
	    "+" OTHER_SENT, "+" OTHER_SENT);
	ck_assert_int_eq(browser.answer.status, 303);
	browser_close(&browser);
	browser_open(&browser, &site);
	try_to_log_in(KNOWN, OTHER_SENT);
	ck_assert_int_eq(browser.answer.status, 422);
	try_to_log_in(KNOWN, "+" OTHER_SENT);
	ck_assert_int_eq(browser.answer.status, 303);
}
END_TEST

START_TEST(addresses_are_taken_in_any_case)
{
	try_to_log_in("ONE@Customer.Example", PASSWORD_SENT);
	ck_assert_int_eq(browser.answer.status, 303);
}
END_TEST

START_TEST(nobody_learns_what_was_wrong)
{
	char *pages[4];
	int i;

	try_to_log_in(KNOWN, OTHER_SENT);
	ck_assert_int_eq(browser.answer.status, 422);
	ck_assert_ptr_null(browser_cookie(&browser, "latchkey_session"));
	browser_ask(&browser, "login");
	browser_submit(&browser, "login", "email=%s&password=%s",
	    "xxx@customer.example", OTHER_SENT);
	pages[0] = without_tokens(&browser.answer);
	/* As long as the one above, so that the pages can be compared. */
	site_account(&site, "yyy@customer.example");
	browser_submit(&browser, "login", "email=%s&password=%s",
	    "xxx@customer.example", PASSWORD_SENT);
	pages[1] = without_tokens(&browser.answer);
	browser_submit(&browser, "login", "email=%s&password=%s",
	    "yyy@customer.example", PASSWORD_SENT);
	memcpy(strstr(browser.answer.body, "yyy@"), "xxx@", 4);
	pages[2] = without_tokens(&browser.answer);
	browser_submit(
	    &browser, "login", "email=%s&password=", "xxx@customer.example");
	pages[3] = without_tokens(&browser.answer);
	for (i = 1; i < 4; i++)
		ck_assert_str_eq(pages[i], pages[0]);
	for (i = 0; i < 4; i++)
		free(pages[i]);
}
END_TEST

START_TEST(the_page_that_was_wanted_comes_after)
{
	static const struct {
		const char *asked, *to;
	} rows[] = {
		{ "login?to=orders", "orders" },
		{ "login?to=//evil.example", "overview" },
		{ "login?to=https:evil", "overview" },
		{ "login?to=..", "overview" },
		{ "login?to=orders%0d%0aX:y", "overview" },
		{ "login?to="
		  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
		    "overview" },
		{ "login", "overview" },
	};
	int i;

	for (i = 0; i < ROWS(rows); i++) {
		char to[128];
		const char *p;

		browser_ask(&browser, rows[i].asked);
		p = strstr(browser.answer.body, "name=\"to\" value=\"");
		ck_assert_ptr_nonnull(p);
		p += strlen("name=\"to\" value=\"");
		(void)snprintf(
		    to, sizeof(to), "%.*s", (int)strcspn(p, "\""), p);
		ck_assert_str_eq(to, rows[i].to);
		browser_submit(&browser, "login", "email=%s&password=%s&to=%s",
		    KNOWN, PASSWORD_SENT,
		    strchr(rows[i].asked, '=') != NULL
			? strchr(rows[i].asked, '=') + 1
			: "");
		ck_assert_str_eq(
		    answer_header(&browser.answer, "Location"), rows[i].to);
		browser_set_cookie(&browser, "latchkey_session", NULL);
	}
}
END_TEST

/* Whoever gives somebody a session cookie does not share his session. */
START_TEST(a_session_that_was_there_before_is_not_the_one)
{
	static const char planted[] =
	    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
	struct browser thief;
	char visitor[BROWSER_VALUE_LEN];

	browser_set_cookie(&browser, "latchkey_session", planted);
	log_in();
	ck_assert_str_ne(browser_cookie(&browser, "latchkey_session"), planted);
	browser_open(&thief, &site);
	browser_set_cookie(&thief, "latchkey_session", planted);
	ck_assert(!is_logged_in(&thief));
	/* Nor by the cookie that forms were bound to before. */
	(void)snprintf(visitor, sizeof(visitor), "%s",
	    browser_cookie(&browser, "latchkey_visitor"));
	browser_set_cookie(&thief, "latchkey_session", visitor);
	ck_assert(!is_logged_in(&thief));
	browser_close(&thief);
}
END_TEST

START_TEST(every_log_in_is_a_session_of_its_own)
{
	char first[BROWSER_VALUE_LEN];

	log_in();
	(void)snprintf(first, sizeof(first), "%s",
	    browser_cookie(&browser, "latchkey_session"));
	browser_set_cookie(&browser, "latchkey_session", NULL);
	log_in();
	ck_assert_str_ne(browser_cookie(&browser, "latchkey_session"), first);
	ck_assert_int_eq(people_int("SELECT count(*) FROM session"), 2);
}
END_TEST

START_TEST(a_form_of_another_browser_logs_nobody_in)
{
	struct browser other;
	char hidden[BROWSER_HIDDEN_LEN], body[BROWSER_HIDDEN_LEN + 256];

	browser_open(&other, &site);
	browser_ask(&other, "login");
	ck_assert(browser_hidden(&other, "login", hidden));
	browser_close(&other);
	(void)snprintf(body, sizeof(body), "%s&email=%s&password=%s", hidden,
	    KNOWN, PASSWORD_SENT);
	browser_ask(&browser, "login");
	browser_send(&browser, "login", body);
	ck_assert_int_eq(browser.answer.status, 403);
	ck_assert_ptr_null(browser_cookie(&browser, "latchkey_session"));
}
END_TEST

static const char *const guessed[] = { KNOWN, UNKNOWN };

START_TEST(who_guesses_has_to_wait_whoever_is_meant)
{
	const char *retry;
	int i;

	for (i = 0; i < FAILURES; i++) {
		try_to_log_in(guessed[_i], OTHER_SENT);
		ck_assert_int_eq(browser.answer.status, 422);
	}
	/* The right one, too: otherwise waiting would tell it. */
	try_to_log_in(guessed[_i], PASSWORD_SENT);
	ck_assert_int_eq(browser.answer.status, 429);
	retry = answer_header(&browser.answer, "Retry-After");
	ck_assert_ptr_nonnull(retry);
	ck_assert_int_gt(strtol(retry, NULL, 10), 0);
	ck_assert_int_le(strtol(retry, NULL, 10), 900);
	ck_assert_ptr_null(browser_cookie(&browser, "latchkey_session"));
}
END_TEST

START_TEST(too_many_hashes_at_once_mean_come_again)
{
	int fds[PASSWORD_AT_ONCE], i;

	for (i = 0; i < PASSWORD_AT_ONCE; i++) {
		char name[64];

		(void)snprintf(
		    name, sizeof(name), "data/" PASSWORD_SLOT_NAME "%d", i);
		fds[i] =
		    open(in_site(name), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
		ck_assert_int_ge(fds[i], 0);
		ck_assert_int_eq(flock(fds[i], LOCK_EX), 0);
	}
	try_to_log_in(KNOWN, PASSWORD_SENT);
	ck_assert_int_eq(browser.answer.status, 503);
	ck_assert_ptr_nonnull(answer_header(&browser.answer, "Retry-After"));
	for (i = 0; i < PASSWORD_AT_ONCE; i++)
		(void)close(fds[i]);
	log_in();
}
END_TEST

START_TEST(a_suspended_account_can_look)
{
	free(site_latchkey_ok(&site, "account", "suspend", KNOWN, NULL));
	log_in();
	browser_ask(&browser, "logout");
	ck_assert_int_eq(browser.answer.status, 200);
	ck_assert(browser_sees(&browser, "This account is suspended"));
	browser_submit(&browser, "out", "a=b");
	ck_assert_int_eq(browser.answer.status, 303);
	ck_assert(!is_logged_in(&browser));
}
END_TEST

/* --- logging out ---------------------------------------------------------- */

START_TEST(log_out_ends_the_session_by_a_form_alone)
{
	char token[BROWSER_VALUE_LEN];

	log_in();
	(void)snprintf(token, sizeof(token), "%s",
	    browser_cookie(&browser, "latchkey_session"));
	browser_ask(&browser, "logout");
	ck_assert_int_eq(browser.answer.status, 200);
	ck_assert(is_logged_in(&browser));
	browser_ask(&browser, "logout");
	browser_submit(&browser, "out", "a=b");
	ck_assert_str_eq(answer_header(&browser.answer, "Location"), "login");
	ck_assert_ptr_null(browser_cookie(&browser, "latchkey_session"));
	browser_follow(&browser);
	ck_assert(browser_sees(&browser, "You are logged out."));
	/* Who has kept the cookie has nothing. */
	browser_set_cookie(&browser, "latchkey_session", token);
	ck_assert(!is_logged_in(&browser));
	ck_assert_int_eq(people_int("SELECT count(*) FROM session"), 0);
}
END_TEST

START_TEST(log_out_without_a_session_is_no_fault)
{
	browser_ask(&browser, "logout");
	browser_submit(&browser, "out", "a=b");
	ck_assert_int_eq(browser.answer.status, 303);
}
END_TEST

/* --- signing up ----------------------------------------------------------- */

static void
sign_up(const char *email, const char *name)
{
	browser_ask(&browser, "signup");
	ck_assert_int_eq(browser.answer.status, 200);
	browser_submit(&browser, "ask", "email=%s&name=%s", email, name);
}

START_TEST(from_sign_up_to_an_account)
{
	char page[BROWSER_PATH_LEN];
	char *mail;

	sign_up("New@Customer.Example", "Ann+%3CB%3E");
	ck_assert_int_eq(browser.answer.status, 303);
	browser_follow(&browser);
	ck_assert(browser_sees(&browser, "A mail is on its way"));
	mail = await_mails(1);
	ck_assert_ptr_nonnull(strstr(mail, "To: <new@customer.example>\n"));
	/* Nobody sends words of his own with it. */
	ck_assert_ptr_null(strstr(mail, "Ann"));
	link_of(mail, page);
	free(mail);
	ck_assert_int_eq(
	    site_sql_int(&site, "SELECT count(*) FROM account"), 1);
	/* Looking at it does nothing, as often as it may happen. */
	browser_ask(&browser, page);
	browser_ask(&browser, page);
	ck_assert_int_eq(browser.answer.status, 200);
	ck_assert(browser_sees(&browser, "new@customer.example"));
	browser_submit(&browser, "confirm", "link=%s&new_password=short",
	    strchr(page, '=') + 1);
	ck_assert_int_eq(browser.answer.status, 422);
	ck_assert(browser_sees(&browser, "The password is too short"));
	ck_assert(browser_sees(&browser, "new@customer.example"));
	ck_assert_int_eq(
	    site_sql_int(&site, "SELECT count(*) FROM account"), 1);
	browser_submit(&browser, "confirm", "link=%s&new_password=%s",
	    strchr(page, '=') + 1, OTHER_SENT);
	ck_assert_int_eq(browser.answer.status, 303);
	ck_assert_str_eq(
	    answer_header(&browser.answer, "Location"), "overview");
	ck_assert(is_logged_in(&browser));
	ck_assert_int_eq(
	    site_sql_int(&site,
		"SELECT count(*) FROM account"
		" WHERE email = 'new@customer.example' AND name = 'Ann <B>'"),
	    1);
	site_must_check(&site);
	/* The link is good once. */
	browser_ask(&browser, page);
	ck_assert(browser_sees(&browser, "good for nothing any more"));
	/* And the password logs in. */
	browser_set_cookie(&browser, "latchkey_session", NULL);
	try_to_log_in("new@customer.example", OTHER_SENT);
	ck_assert_int_eq(browser.answer.status, 303);
}
END_TEST

START_TEST(nobody_learns_who_has_an_account_by_signing_up)
{
	char *first, *second, *all;

	sign_up(UNKNOWN, "Ann");
	ck_assert_int_eq(browser.answer.status, 303);
	browser_follow(&browser);
	first = without_tokens(&browser.answer);
	sign_up(KNOWN, "Ann");
	ck_assert_int_eq(browser.answer.status, 303);
	browser_follow(&browser);
	second = without_tokens(&browser.answer);
	ck_assert_str_eq(first, second);
	free(first);
	free(second);
	all = await_mails(2);
	ck_assert_int_eq(count_of(all, "To: <" UNKNOWN ">\n"), 1);
	ck_assert_int_eq(count_of(all, "To: <" KNOWN ">\n"), 1);
	ck_assert_int_eq(count_of(all, "/dashboard/confirm?token="), 1);
	ck_assert_int_eq(count_of(all, "which has one already"), 1);
	free(all);
	ck_assert_int_eq(
	    site_sql_int(&site, "SELECT count(*) FROM account"), 1);
}
END_TEST

START_TEST(what_cannot_be_is_refused_at_sign_up)
{
	static const struct {
		const char *email, *name;
	} rows[] = {
		{ "", "Ann" },
		{ "ann", "Ann" },
		{ "a@b.example%0ABcc%3A+c%40d.example", "Ann" },
		{ "a@b.example%0D%0A%0D%0Ahello", "Ann" },
		{ "-oQ%2Ftmp@b.example", "Ann" },
		{ "a@b.example", "" },
		{ "a@b.example", "A%0AB" },
		{ "a@b.example%2Cc@d.example", "Ann" },
	};
	char *all;
	int i;

	for (i = 0; i < ROWS(rows); i++) {
		sign_up(rows[i].email, rows[i].name);
		ck_assert_msg(browser.answer.status == 422, "%s, %s: %d",
		    rows[i].email, rows[i].name, browser.answer.status);
		ck_assert(browser_sees(&browser, "role=\"alert\""));
	}
	all = mails();
	ck_assert_str_eq(all, "");
	free(all);
}
END_TEST

START_TEST(sign_up_can_be_closed)
{
	struct browser other;
	char hidden[BROWSER_HIDDEN_LEN], body[BROWSER_HIDDEN_LEN + 128];

	browser_open(&other, &site);
	browser_ask(&browser, "signup");
	ck_assert_int_eq(browser.answer.status, 200);
	ck_assert(browser_sees(&browser, "by the operator alone"));
	ck_assert(!browser_hidden(&browser, "ask", hidden));
	browser_ask(&browser, "login");
	ck_assert(!browser_sees(&browser, "signup"));
	/* Nor by a form that was loaded while it was open. */
	browser_ask(&browser, "forgot");
	ck_assert(browser_hidden(&browser, "ask", hidden));
	(void)snprintf(
	    body, sizeof(body), "%s&email=%s&name=Ann", hidden, UNKNOWN);
	browser_send(&browser, "signup", body);
	ck_assert_int_eq(browser.answer.status, 403);
	browser_close(&other);
}
END_TEST

START_TEST(a_link_that_is_none_is_told)
{
	static const char *const links[] = { "confirm",
		"confirm?token=", "confirm?token=x", "reset",
		"reset?token=%3Cscript%3E",
		"confirm?token=0000000000000000000000000000000000000000000",
		"reset?token=0000000000000000000000000000000000000000000" };
	int i;

	for (i = 0; i < ROWS(links); i++) {
		browser_ask(&browser, links[i]);
		ck_assert_int_eq(browser.answer.status, 200);
		ck_assert_msg(
		    browser_sees(&browser, "good for nothing any more"), "%s",
		    links[i]);
		ck_assert(!browser_sees(&browser, "<script>"));
	}
}
END_TEST

/* --- a forgotten password ------------------------------------------------- */

static void
forget(const char *email)
{
	browser_ask(&browser, "forgot");
	ck_assert_int_eq(browser.answer.status, 200);
	browser_submit(&browser, "ask", "email=%s", email);
}

START_TEST(a_forgotten_password_is_set_anew)
{
	struct browser other;
	char page[BROWSER_PATH_LEN];
	char *mail;

	browser_open(&other, &site);
	log_in();
	memcpy(other.cookies, browser.cookies, sizeof(other.cookies));
	ck_assert(is_logged_in(&other));
	browser_set_cookie(&browser, "latchkey_session", NULL);
	forget(KNOWN);
	ck_assert_int_eq(browser.answer.status, 303);
	mail = await_mails(1);
	ck_assert_ptr_nonnull(strstr(mail, "To: <" KNOWN ">\n"));
	link_of(mail, page);
	free(mail);
	browser_ask(&browser, page);
	browser_ask(&browser, page);
	browser_submit(&browser, "reset", "link=%s&new_password=%s",
	    strchr(page, '=') + 1, "password123");
	ck_assert_int_eq(browser.answer.status, 422);
	ck_assert(is_logged_in(&other));
	browser_submit(&browser, "reset", "link=%s&new_password=%s",
	    strchr(page, '=') + 1, OTHER_SENT);
	ck_assert_int_eq(browser.answer.status, 303);
	browser_follow(&browser);
	ck_assert_str_eq(browser.page, "login");
	ck_assert(browser_sees(&browser, "The new password is set"));
	/* All sessions are over. */
	ck_assert(!is_logged_in(&other));
	browser_close(&other);
	browser_ask(&browser, page);
	ck_assert(browser_sees(&browser, "good for nothing any more"));
	try_to_log_in(KNOWN, PASSWORD_SENT);
	ck_assert_int_eq(browser.answer.status, 422);
	try_to_log_in(KNOWN, OTHER_SENT);
	ck_assert_int_eq(browser.answer.status, 303);
}
END_TEST

START_TEST(nobody_learns_who_has_forgotten)
{
	char *first, *second, *all;

	forget(UNKNOWN);
	ck_assert_int_eq(browser.answer.status, 303);
	browser_follow(&browser);
	first = without_tokens(&browser.answer);
	forget(KNOWN);
	ck_assert_int_eq(browser.answer.status, 303);
	browser_follow(&browser);
	second = without_tokens(&browser.answer);
	ck_assert_str_eq(first, second);
	free(first);
	free(second);
	all = await_mails(1);
	ck_assert_int_eq(count_of(all, MAIL_END), 1);
	ck_assert_ptr_null(strstr(all, UNKNOWN));
	free(all);
}
END_TEST

START_TEST(nobody_is_mailed_without_end)
{
	char *all;
	int i;

	for (i = 0; i < 2 * FAILURES; i++) {
		forget(KNOWN);
		if (browser.answer.status == 429)
			break;
		ck_assert_int_eq(browser.answer.status, 303);
	}
	ck_assert_int_eq(browser.answer.status, 429);
	ck_assert_ptr_nonnull(answer_header(&browser.answer, "Retry-After"));
	all = await_mails(i);
	ck_assert_int_eq(count_of(all, MAIL_END), i);
	free(all);
}
END_TEST

/* --- the second factor ---------------------------------------------------- */

/* Turns it on; gives the secret and the codes. */
static void
turn_on(unsigned char secret[TOTP_SECRET_LEN], struct login_codes *codes)
{
	static const unsigned char address[16] = {
		[10] = 0xff, [11] = 0xff, [12] = 127, [15] = 1
	};
	struct login_from from = { address, "127.0.0.1", "", 0 };
	struct caller caller = { .account_id = account };
	struct login_result result;
	struct session session;
	char code[TOTP_DIGITS + 1];
	struct door door;

	open_door(&door);
	from.now = (int64_t)time(NULL);
	ck_assert_int_eq(login_password(&door.people, KNOWN, PASSWORD,
			     strlen(PASSWORD), &from, &result),
	    RC_OK);
	session = result.session;
	ck_assert_int_eq(
	    login_second_start(&door.people, &caller, from.now, secret), RC_OK);
	/* A step ago: the current one is still to be used. */
	ck_assert_int_eq(
	    totp_code(secret, from.now / TOTP_STEP - 1, code), RC_OK);
	ck_assert_int_eq(login_second_on(&door.people, &session, code,
			     strlen(code), &from, codes, &result),
	    RC_OK);
	close_door(&door);
}

START_TEST(the_second_factor_is_asked_for)
{
	unsigned char secret[TOTP_SECRET_LEN];
	struct login_codes codes;
	char code[TOTP_DIGITS + 1], half[BROWSER_VALUE_LEN];

	turn_on(secret, &codes);
	browser_ask(&browser, "login?to=orders");
	browser_submit(&browser, "login", "email=%s&password=%s&to=orders",
	    KNOWN, PASSWORD_SENT);
	ck_assert_str_eq(
	    answer_header(&browser.answer, "Location"), "second?to=orders");
	(void)snprintf(half, sizeof(half), "%s",
	    browser_cookie(&browser, "latchkey_session"));
	/* Not yet: the page of log-in is still for him. */
	ck_assert(!is_logged_in(&browser));
	browser_ask(&browser, "second?to=orders");
	ck_assert_int_eq(browser.answer.status, 200);
	ck_assert(!browser_sees(&browser, KNOWN));
	browser_submit(&browser, "second", "code=000000&to=orders");
	ck_assert_int_eq(browser.answer.status, 422);
	ck_assert(browser_sees(&browser, "This code is wrong"));
	ck_assert_int_eq(
	    totp_code(secret, (int64_t)time(NULL) / TOTP_STEP, code), RC_OK);
	browser_submit(&browser, "second", "code=%s&to=orders", code);
	ck_assert_int_eq(browser.answer.status, 303);
	ck_assert_str_eq(answer_header(&browser.answer, "Location"), "orders");
	ck_assert_str_ne(browser_cookie(&browser, "latchkey_session"), half);
	ck_assert(is_logged_in(&browser));
	browser_ask(&browser, "second");
	ck_assert_str_eq(
	    answer_header(&browser.answer, "Location"), "overview");
	/* The token from before is dead, and the code is used. */
	browser_set_cookie(&browser, "latchkey_session", half);
	browser_ask(&browser, "second");
	ck_assert_str_eq(answer_header(&browser.answer, "Location"), "login");
	try_to_log_in(KNOWN, PASSWORD_SENT);
	browser_follow(&browser);
	browser_submit(&browser, "second", "code=%s", code);
	ck_assert_int_eq(browser.answer.status, 422);
}
END_TEST

START_TEST(a_recovery_code_is_good_once)
{
	unsigned char secret[TOTP_SECRET_LEN];
	struct login_codes codes;

	turn_on(secret, &codes);
	try_to_log_in(KNOWN, PASSWORD_SENT);
	browser_follow(&browser);
	browser_submit(&browser, "second", "code=%s", codes.code[3]);
	ck_assert_int_eq(browser.answer.status, 303);
	ck_assert(is_logged_in(&browser));
	browser_set_cookie(&browser, "latchkey_session", NULL);
	try_to_log_in(KNOWN, PASSWORD_SENT);
	browser_follow(&browser);
	browser_submit(&browser, "second", "code=%s", codes.code[3]);
	ck_assert_int_eq(browser.answer.status, 422);
	browser_submit(&browser, "second", "code=%s", codes.code[4]);
	ck_assert_int_eq(browser.answer.status, 303);
}
END_TEST

START_TEST(a_good_password_does_not_buy_more_codes)
{
	unsigned char secret[TOTP_SECRET_LEN];
	struct login_codes codes;
	int i;

	turn_on(secret, &codes);
	for (i = 0; i < FAILURES; i++) {
		browser_set_cookie(&browser, "latchkey_session", NULL);
		try_to_log_in(KNOWN, PASSWORD_SENT);
		browser_follow(&browser);
		browser_submit(&browser, "second", "code=000000");
		ck_assert_int_eq(browser.answer.status, 422);
	}
	browser_set_cookie(&browser, "latchkey_session", NULL);
	try_to_log_in(KNOWN, PASSWORD_SENT);
	browser_follow(&browser);
	browser_submit(&browser, "second", "code=%s", codes.code[0]);
	ck_assert_int_eq(browser.answer.status, 429);
}
END_TEST

START_TEST(who_has_no_factor_can_start_again)
{
	unsigned char secret[TOTP_SECRET_LEN];
	struct login_codes codes;

	turn_on(secret, &codes);
	try_to_log_in(KNOWN, PASSWORD_SENT);
	browser_follow(&browser);
	browser_ask(&browser, "logout");
	browser_submit(&browser, "out", "a=b");
	ck_assert_str_eq(answer_header(&browser.answer, "Location"), "login");
	browser_ask(&browser, "second");
	ck_assert_str_eq(answer_header(&browser.answer, "Location"), "login");
}
END_TEST

/* --- attacks -------------------------------------------------------------- */

/* Bytes of its own that a process has; 0 if it has gone. */
static int64_t
own_memory(const char *pid)
{
	char path[512], text[256] = "";
	long long size, resident = 0, shared = 0;
	FILE *in;

	(void)snprintf(path, sizeof(path), "/proc/%s/statm", pid);
	in = fopen(path, "re");
	if (in == NULL)
		return 0;
	if (fgets(text, sizeof(text), in) == NULL ||
	    sscanf(text, "%lld %lld %lld", &size, &resident, &shared) != 3)
		resident = shared = 0;
	(void)fclose(in);
	return (resident - shared) * sysconf(_SC_PAGESIZE);
}

/* True if a process runs a program of the site. */
static int
is_ours(const char *pid)
{
	char path[512], name[PATH_LEN] = "";
	FILE *in;

	(void)snprintf(path, sizeof(path), "/proc/%s/cmdline", pid);
	in = fopen(path, "re");
	if (in == NULL)
		return 0;
	(void)!fread(name, 1, sizeof(name) - 1, in);
	(void)fclose(in);
	return strncmp(name, site.dir, strlen(site.dir)) == 0;
}

/* What all programs of the site have together. */
static int64_t
all_memory(void)
{
	DIR *dir = opendir("/proc");
	struct dirent *entry;
	int64_t sum = 0;

	ck_assert_ptr_nonnull(dir);
	while ((entry = readdir(dir)) != NULL)
		if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9' &&
		    is_ours(entry->d_name))
			sum += own_memory(entry->d_name);
	(void)closedir(dir);
	return sum;
}

struct flood {
	int i;             /* which of the flood's browsers */
	int statuses[600]; /* how often each was answered */
};

/* Tries to log in as people who are not there, each time from elsewhere. */
static void *
flood(void *arg)
{
	struct flood *f = arg;
	struct browser b;
	char from[64];
	const char *const headers[] = { from, "Sec-Fetch-Site: same-origin",
		NULL };
	int i;

	browser_open(&b, &site);
	b.headers = headers;
	for (i = 0; i < FLOOD_TRIES; i++) {
		(void)snprintf(
		    from, sizeof(from), "X-Forwarded-For: 10.0.%d.%d", f->i, i);
		browser_ask(&b, "login");
		browser_submit(&b, "login",
		    "email=x%d-%d@customer.example&password=%s", f->i, i,
		    OTHER_SENT);
		if (b.answer.status > 0 && b.answer.status < 600)
			f->statuses[b.answer.status]++;
	}
	browser_close(&b);
	return NULL;
}

START_TEST(a_flood_leaves_memory_and_the_api)
{
	static struct flood floods[FLOOD];
	static const struct timespec pause = { 0, 5000000 };
	pthread_t threads[FLOOD];
	char key[KEY_TEXT_LEN];
	int64_t most = 0, idle, now;
	int i, tried = 0, busy = 0;

	site_key(&site, KNOWN, key);
	idle = all_memory();
	for (i = 0; i < FLOOD; i++) {
		floods[i].i = i;
		ck_assert_int_eq(
		    pthread_create(&threads[i], NULL, flood, &floods[i]), 0);
	}
	for (i = 0; i < FLOOD; i++) {
		struct answer answer;
		int j;

		api_call(&site, &answer, "key=%s&action=balance", key);
		ck_assert_int_eq(answer.status, 200);
		ck_assert_ptr_nonnull(strstr(answer.body, "\"balance\""));
		answer_clear(&answer);
		for (j = 0; j < 4; j++) {
			now = all_memory();
			if (now > most)
				most = now;
			(void)nanosleep(&pause, NULL);
		}
	}
	for (i = 0; i < FLOOD; i++) {
		ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
		tried += floods[i].statuses[422];
		busy += floods[i].statuses[503];
	}
	/* Nothing else was answered, and at least one was looked at. */
	ck_assert_int_eq(tried + busy, FLOOD * FLOOD_TRIES);
	ck_assert_int_gt(tried, 0);
	/* The looks met one that was under way, wherever in its 19 MiB. */
	ck_assert_int_gt(most, idle + (INT64_C(8) << 20));
#if !defined(__SANITIZE_ADDRESS__) /* which takes more for itself */
	ck_assert_msg(
	    most <= INT64_C(150) << 20, "%lld bytes", (long long)most);
#endif
}
END_TEST

START_TEST(nothing_that_is_sent_becomes_markup_or_sql)
{
	static const struct {
		const char *page, *form, *fields[4];
	} rows[] = {
		{ "login", "login", { "email", "password", "to", NULL } },
		{ "signup", "ask", { "email", "name", NULL } },
		{ "forgot", "ask", { "email", NULL } },
		{ "confirm", "confirm", { "link", "new_password", NULL } },
		{ "reset", "reset", { "link", "new_password", NULL } },
	};
	static const char *const strings[] = {
		"%3Cscript%3Ealert(1)%3C%2Fscript%3E",
		"%22%3E%3Cimg+src%3Dx+onerror%3Dalert(1)%3E",
		"'+OR+1%3D1+--+",
		"');DROP+TABLE+account;--",
		"%7B%7B%7Bx%7D%7D%7D%7B%7B%3E+head%7D%7D",
		"%F0%9F%94%91%E2%80%AE",
		"%25s%25n%25s",
	};
	char hidden[BROWSER_HIDDEN_LEN], body[2048];
	size_t len;
	int i, j, k;

	for (i = 0; i < ROWS(rows); i++)
		for (j = 0; j < ROWS(strings); j++) {
			/* Any page has the token of a form it shows. */
			browser_ask(&browser, rows[i].page);
			ck_assert_int_eq(browser.answer.status, 200);
			if (!browser_hidden(&browser, rows[i].form, hidden))
				continue;
			len =
			    (size_t)snprintf(body, sizeof(body), "%s", hidden);
			for (k = 0; rows[i].fields[k] != NULL; k++)
				len += (size_t)snprintf(body + len,
				    sizeof(body) - len, "&%s=%s",
				    rows[i].fields[k], strings[j]);
			browser_send(&browser, rows[i].page, body);
			ck_assert_msg(browser.answer.status == 422 ||
					  browser.answer.status == 429,
			    "%s %s: %d", rows[i].page, strings[j],
			    browser.answer.status);
			ck_assert(!browser_sees(&browser, "<script>"));
			ck_assert(!browser_sees(&browser, "<img src=x"));
		}
	ck_assert_int_eq(
	    site_sql_int(&site, "SELECT count(*) FROM account"), 1);
	log_in();
}
END_TEST

static Suite *
make_suite(void)
{
	Suite *s = suite_create("login");
	TCase *tc = tcase_create("login");
	TCase *closed = tcase_create("closed");
	TCase *proxy = tcase_create("proxy");

	tcase_add_checked_fixture(tc, setup_usual, teardown);
	tcase_add_test(tc, the_right_password_logs_in);
	tcase_add_test(tc, a_password_keeps_its_spaces);
	tcase_add_test(tc, addresses_are_taken_in_any_case);
	tcase_add_test(tc, nobody_learns_what_was_wrong);
	tcase_add_test(tc, the_page_that_was_wanted_comes_after);
	tcase_add_test(tc, a_session_that_was_there_before_is_not_the_one);
	tcase_add_test(tc, every_log_in_is_a_session_of_its_own);
	tcase_add_test(tc, a_form_of_another_browser_logs_nobody_in);
	tcase_add_loop_test(
	    tc, who_guesses_has_to_wait_whoever_is_meant, 0, ROWS(guessed));
	tcase_add_test(tc, too_many_hashes_at_once_mean_come_again);
	tcase_add_test(tc, a_suspended_account_can_look);
	tcase_add_test(tc, log_out_ends_the_session_by_a_form_alone);
	tcase_add_test(tc, log_out_without_a_session_is_no_fault);
	tcase_add_test(tc, from_sign_up_to_an_account);
	tcase_add_test(tc, nobody_learns_who_has_an_account_by_signing_up);
	tcase_add_test(tc, what_cannot_be_is_refused_at_sign_up);
	tcase_add_test(tc, a_link_that_is_none_is_told);
	tcase_add_test(tc, a_forgotten_password_is_set_anew);
	tcase_add_test(tc, nobody_learns_who_has_forgotten);
	tcase_add_test(tc, nobody_is_mailed_without_end);
	tcase_add_test(tc, the_second_factor_is_asked_for);
	tcase_add_test(tc, a_recovery_code_is_good_once);
	tcase_add_test(tc, a_good_password_does_not_buy_more_codes);
	tcase_add_test(tc, who_has_no_factor_can_start_again);
	tcase_add_test(tc, nothing_that_is_sent_becomes_markup_or_sql);
	suite_add_tcase(s, tc);
	tcase_add_checked_fixture(closed, setup_closed, teardown);
	tcase_add_test(closed, sign_up_can_be_closed);
	suite_add_tcase(s, closed);
	tcase_add_checked_fixture(proxy, setup_proxy, teardown);
	tcase_add_test(proxy, a_flood_leaves_memory_and_the_api);
	suite_add_tcase(s, proxy);
	return s;
}

SUITE_MAIN(make_suite)
