/* SPDX-License-Identifier: ISC */
/*
 * Money on the dashboard: the statement, deposits, withdrawals and transfers,
 * and what cannot be done there; the front page and the prices.
 */
#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "browser.h"
#include "csv.h"
#include "fixture.h"
#include "funds.h"
#include "login.h"
#include "money.h"
#include "money_request.h"
#include "people.h"
#include "session.h"
#include "statement.h"
#include "suite.h"
#include "totp.h"
#include "transfer.h"

#define PASSWORD "correct-horse-battery"
#define SCRIPT "<script>alert(1)</script>"
#define SCRIPT_SENT "%3Cscript%3Ealert(1)%3C/script%3E"
#define SCRIPT_SEEN "&lt;script&gt;alert(1)&lt;/script&gt;"

enum { PATH_LEN = SITE_PATH_LEN + 64 };

static struct site site;
static struct config config;
static struct db *db;
static struct people people;
static struct browser one, two; /* of the accounts 1 and 2 */
static char code_one[TRANSFER_CODE_LEN + 1], code_two[TRANSFER_CODE_LEN + 1];

static const struct caller caller_one = { .account_id = 1, .currency = "USD" };
static const struct caller caller_two = { .account_id = 2, .currency = "USD" };

static const char *
in_site(const char *name)
{
	static char paths[4][PATH_LEN];
	static int n;
	char *path = paths[n++ % 4];

	(void)snprintf(path, PATH_LEN, "%s/%s", site.dir, name);
	return path;
}

/* Every message goes to a file of its own, "mail.PID". */
static void
make_sendmail(void)
{
	static const char text[] = "#!/bin/sh\nexec cat >\"${0%/*}/mail.$$\"\n";

	fixture_write(in_site("sendmail"), text, strlen(text));
	ck_assert_int_eq(chmod(in_site("sendmail"), 0700), 0);
}

/* Adds to the configuration. */
static void
configure(const char *line)
{
	FILE *file = fopen(in_site("latchkey.conf"), "ae");

	ck_assert_ptr_nonnull(file);
	ck_assert_int_ge(fprintf(file, "%s\n", line), 0);
	ck_assert_int_eq(fclose(file), 0);
}

/* A browser that has logged in: how is not the subject here. */
static void
log_in(struct browser *b, const struct caller *caller)
{
	struct session session;
	struct session_token token;

	browser_open(b, &site);
	ck_assert_int_eq(db_begin(people.db, DB_WRITE), RC_OK);
	ck_assert_int_eq(
	    db_end(people.db, session_start(people.db, caller->account_id,
				  SESSION_FULL, "127.0.0.1", "test",
				  (int64_t)time(NULL), &session, &token)),
	    RC_OK);
	browser_set_cookie(b, "latchkey_session", token.s);
}

/* The same with a password, which ends all other sessions. */
static void
log_in_with_password(struct browser *b, const struct caller *caller)
{
	const char *why = "";

	ck_assert_int_eq(
	    login_admin_password(&people, caller->account_id, PASSWORD,
		strlen(PASSWORD), 0, (int64_t)time(NULL), &why),
	    RC_OK);
	browser_close(b);
	log_in(b, caller);
}

static void
setup(void)
{
	char line[PATH_LEN + 16];

	site_make(&site, "rate_ip = 1000000");
	make_sendmail();
	(void)snprintf(
	    line, sizeof(line), "sendmail = %s", in_site("sendmail"));
	configure(line);
	(void)site_account(&site, "one@example.test");
	(void)site_account(&site, "two@example.test");
	site_credit(&site, "one@example.test", "100");
	ck_assert_int_eq(config_load(in_site("latchkey.conf"), &config), RC_OK);
	ck_assert_int_eq(secret_init(), RC_OK);
	ck_assert_int_eq(
	    db_open(in_site("data/" DB_NAME), 0, FIXTURE_BUSY_MS, &db), RC_OK);
	ck_assert_int_eq(people_open(&config, db, &people), RC_OK);
	ck_assert_int_eq(
	    transfer_code(&people.pepper, &caller_one, code_one), RC_OK);
	ck_assert_int_eq(
	    transfer_code(&people.pepper, &caller_two, code_two), RC_OK);
	site_start(&site);
	log_in(&one, &caller_one);
	log_in(&two, &caller_two);
}

static void
teardown(void)
{
	browser_close(&one);
	browser_close(&two);
	people_close(&people);
	db_close(db);
	site_must_check(&site);
	site_remove(&site);
}

static void
must_be(const struct browser *b, int status)
{
	ck_assert_msg(b->answer.status == status, "%s: %d, not %d: %.200s",
	    b->page, b->answer.status, status, b->answer.body);
}

static void
must_see(const struct browser *b, const char *text)
{
	ck_assert_msg(browser_sees(b, text), "%s (%d) has no %s: %.200s",
	    b->page, b->answer.status, text, b->answer.body);
}

static void
must_not_see(const struct browser *b, const char *text)
{
	ck_assert_msg(!browser_sees(b, text), "%s (%d) has %s: %.200s", b->page,
	    b->answer.status, text, b->answer.body);
}

/* In nano-units. */
static int64_t
balance(int id)
{
	char sql[96];

	(void)snprintf(sql, sizeof(sql),
	    "SELECT balance_nano FROM account WHERE id = %d", id);
	return site_sql_int(&site, sql);
}

static int64_t
count(const char *sql)
{
	return site_sql_int(&site, sql);
}

/* The one message that was sent has these words; it is then forgotten. */
static void
mail_has(const char *const words[])
{
	char command[PATH_LEN + 64], *mail;
	size_t len;
	int i;

	(void)snprintf(command, sizeof(command), "cat '%s'/mail.* >'%s'",
	    site.dir, in_site("mails"));
	/* It is sent after the answer. */
	for (i = 0; system(command) != 0; i++) {
		ck_assert_int_lt(i, 200);
		(void)usleep(50000);
	}
	/* Nor is it there before all of it is. */
	for (i = 0;; i++) {
		mail = fixture_read(in_site("mails"), &len);
		if (strstr(mail, "/dashboard/funds") != NULL)
			break;
		free(mail);
		ck_assert_int_lt(i, 200);
		(void)usleep(50000);
		ck_assert_int_eq(system(command), 0);
	}
	for (; *words != NULL; words++)
		ck_assert_msg(
		    strstr(mail, *words) != NULL, "%s: %s", *words, mail);
	free(mail);
	(void)snprintf(command, sizeof(command), "rm -f '%s'/mail.*", site.dir);
	ck_assert_int_eq(system(command), 0);
}

/* --- who may come in ------------------------------------------------------ */

static const char *const pages[] = { "funds", "deposit", "withdraw",
	"transfer" };

START_TEST(nobody_sees_money_without_logging_in)
{
	struct browser b;
	int i;

	browser_open(&b, &site);
	for (i = 0; i < ROWS(pages); i++) {
		browser_ask(&b, pages[i]);
		must_be(&b, 303);
		must_not_see(&b, "100.00");
		browser_send(&b, pages[i], "form=ask&amount=1&how=x");
		ck_assert_int_ne(b.answer.status, 200);
	}
	browser_close(&b);
	ck_assert_int_eq(count("SELECT COUNT(*) FROM money_request"), 0);
}
END_TEST

START_TEST(pages_of_money_are_never_kept_and_run_nothing)
{
	int i;

	for (i = 0; i < ROWS(pages); i++) {
		const char *policy;

		browser_ask(&one, pages[i]);
		must_be(&one, 200);
		must_see(&one, "100.00");
		ck_assert_ptr_nonnull(strstr(
		    answer_header(&one.answer, "Cache-Control"), "no-store"));
		policy = answer_header(&one.answer, "Content-Security-Policy");
		ck_assert_ptr_nonnull(policy);
		ck_assert_ptr_nonnull(strstr(policy, "frame-ancestors 'none'"));
		ck_assert_ptr_null(strstr(policy, "unsafe"));
		ck_assert_uint_eq(
		    answer_count(&one.answer, "Content-Security-Policy"), 1);
		must_not_see(&one, " style=");
		must_not_see(&one, " onclick=");
	}
}
END_TEST

/* --- the statement -------------------------------------------------------- */

/* Deposits of 1, 2, 3 ... nano-units, each with words. */
static void
deposits(const struct caller *caller, int n, const char *note)
{
	const char *what = "";
	int64_t after;
	int i;

	ck_assert_int_eq(db_begin(db, DB_WRITE), RC_OK);
	for (i = 1; i <= n; i++)
		ck_assert_int_eq(funds_credit(db, caller, LEDGER_DEPOSIT, i,
				     note, (int64_t)time(NULL), &after, &what),
		    RC_OK);
	ck_assert_int_eq(db_commit(db), RC_OK);
}

/* The link to older entries, "" without one. */
static void
older(const struct browser *b, char link[BROWSER_PATH_LEN])
{
	const char *p = strstr(b->answer.body, "rel=\"next\" href=\"");
	size_t n = 0;

	link[0] = '\0';
	if (p == NULL)
		return;
	for (p += 17; *p != '"' && n < BROWSER_PATH_LEN - 1; p++) {
		link[n++] = *p;
		if (strncmp(p, "&amp;", 5) == 0)
			p += 4;
	}
	link[n] = '\0';
}

START_TEST(a_statement_goes_on_to_its_first_entry)
{
	char link[BROWSER_PATH_LEN], seen[64], text[MONEY_TEXT_LEN];
	int64_t left = 100 * MONEY_UNIT + 120 * 121 / 2;
	int i, n = 120, page;

	deposits(&caller_one, 120, "words");
	browser_ask(&one, "funds");
	for (page = 1; page <= 3; page++) {
		must_be(&one, 200);
		for (i = 0; i < 50 && n > 0; i++, left -= n--) {
			(void)snprintf(seen, sizeof(seen),
			    "data-label=\"Balance\" class=\"num\">%s</td>",
			    money_format(left, text));
			must_see(&one, seen);
		}
		older(&one, link);
		ck_assert_int_eq(link[0] == '\0', page == 3);
		if (page < 3)
			browser_ask(&one, link);
		/* What comes meanwhile changes nothing there. */
		deposits(&caller_one, 1, "meanwhile");
		must_not_see(&one, "meanwhile");
	}
	must_see(&one, "class=\"num\">+100.00</td>");
	must_see(&one, "Newest entries");
}
END_TEST

START_TEST(a_statement_is_filtered)
{
	char today[16], path[64];
	time_t now = time(NULL);
	struct tm tm;

	deposits(&caller_one, 3, SCRIPT);
	free(site_latchkey_ok(
	    &site, "credit", "1", "-7", "--adjust", "--note", "a slip", NULL));
	browser_ask(&one, "funds");
	must_see(&one, SCRIPT_SEEN);
	must_not_see(&one, SCRIPT);
	must_see(&one, "a slip");
	browser_ask(&one, "funds?kind=adjustment");
	must_see(&one, "a slip");
	must_see(&one, "<option value=\"adjustment\" selected>");
	must_not_see(&one, SCRIPT_SEEN);
	browser_ask(&one, "funds?kind=transfer");
	must_see(&one, "There are no such entries.");
	/* Forms send what was left empty, too. */
	browser_ask(&one, "funds?kind=&since=&until=");
	must_see(&one, "a slip");
	ck_assert_ptr_nonnull(gmtime_r(&now, &tm));
	ck_assert_uint_gt(strftime(today, sizeof(today), "%Y-%m-%d", &tm), 0);
	(void)snprintf(path, sizeof(path), "funds?since=%s", today);
	browser_ask(&one, path);
	must_see(&one, "a slip");
	(void)snprintf(path, sizeof(path), "funds?until=%s", today);
	browser_ask(&one, path);
	must_see(&one, "a slip");
	browser_ask(&one, "funds?until=2020-01-31");
	must_see(&one, "There are no such entries.");
}
END_TEST

START_TEST(what_no_statement_can_be_of_is_refused)
{
	static const char *const bad[] = { "funds?kind=payout", "funds?kind=x",
		"funds?since=2026-02-30", "funds?since=1", "funds?until=x",
		"funds?until=99999-01-01", "funds?from=1-1-1",
		"funds?from=" SCRIPT_SENT };
	struct statement_place place = { 2, 0 };
	char text[STATEMENT_PLACE_TEXT], path[STATEMENT_PLACE_TEXT + 16];
	int i;

	for (i = 0; i < ROWS(bad); i++) {
		browser_ask(&one, bad[i]);
		must_be(&one, 400);
		must_not_see(&one, SCRIPT);
	}
	/* A place in another account's statement is none in this one's. */
	ck_assert_int_eq(
	    statement_place_format(&people.pepper, &caller_two, &place, text),
	    RC_OK);
	(void)snprintf(path, sizeof(path), "funds?from=%s", text);
	browser_ask(&one, path);
	must_be(&one, 400);
	browser_ask(&two, path);
	must_be(&two, 200);
}
END_TEST

START_TEST(a_statement_is_a_table_for_spreadsheets)
{
	struct csv *csv = NULL;
	int64_t left = 100 * MONEY_UNIT + 1500 * 1501 / 2, n = 1500, nano;
	FILE *in;

	deposits(&caller_one, 1500, "=HYPERLINK(\"https://evil.test\")");
	deposits(&caller_two, 5, "not mine");
	browser_ask(&one, "funds?csv=1&kind=&since=&until=");
	must_be(&one, 200);
	ck_assert_str_eq(answer_header(&one.answer, "Content-Type"),
	    "text/csv; charset=utf-8");
	ck_assert_ptr_nonnull(
	    strstr(answer_header(&one.answer, "Content-Disposition"),
		"statement.csv"));
	must_not_see(&one, "not mine");
	in = fmemopen(one.answer.body, one.answer.body_len, "r");
	ck_assert_ptr_nonnull(in);
	ck_assert_int_eq(csv_new(in, &csv), RC_OK);
	ck_assert_int_eq(csv_next(csv), RC_OK);
	ck_assert_uint_eq(csv_count(csv), 7);
	ck_assert_str_eq(csv_field(csv, 5), "balance");
	for (; n > 0; left -= n--) {
		ck_assert_int_eq(csv_next(csv), RC_OK);
		ck_assert_str_eq(csv_field(csv, 2), "deposit");
		ck_assert_int_eq(money_parse(csv_field(csv, 5),
				     strlen(csv_field(csv, 5)), &nano),
		    RC_OK);
		ck_assert_int_eq(nano, left);
		ck_assert_str_eq(
		    csv_field(csv, 6), "'=HYPERLINK(\"https://evil.test\")");
	}
	ck_assert_int_eq(csv_next(csv), RC_OK);
	ck_assert_str_eq(csv_field(csv, 4), "100.00");
	ck_assert_int_eq(csv_next(csv), RC_NOT_FOUND);
	csv_free(csv);
	(void)fclose(in);
}
END_TEST

/* --- deposits ------------------------------------------------------------- */

START_TEST(a_deposit_is_asked_for_confirmed_and_seen)
{
	char hidden[BROWSER_HIDDEN_LEN], again[512];

	browser_ask(&one, "deposit");
	ck_assert(browser_hidden(&one, "ask", hidden));
	(void)snprintf(
	    again, sizeof(again), "%s&amount=25.5&how=%s", hidden, SCRIPT_SENT);
	browser_send(&one, "deposit", again);
	browser_follow(&one);
	must_be(&one, 200);
	must_see(&one, "The operator knows.");
	must_see(&one, SCRIPT_SEEN);
	must_not_see(&one, SCRIPT);
	must_see(&one, "25.50");
	/* Sent again by a reload or a double click. */
	browser_send(&one, "deposit", again);
	ck_assert_int_eq(count("SELECT COUNT(*) FROM money_request"), 1);
	ck_assert_int_eq(balance(1), 100 * MONEY_UNIT);
	free(site_latchkey_ok(
	    &site, "request", "confirm", "1", "--note", "it came", NULL));
	browser_ask(&one, "funds");
	must_see(&one, "125.50");
	must_see(&one, "it came");
	must_see(&one, ">confirmed<");
}
END_TEST

START_TEST(the_operator_says_where_to_pay_in)
{
	static const char own[] = "<p>Pay <b>cash</b>, {{account.email}}.</p>";

	browser_get(&one, "deposit");
	ck_assert(browser_sees(&one, "agreed with the operator"));
	configure("deposit_text = IBAN <AT1> & \"name\"");
	browser_get(&one, "deposit");
	ck_assert(browser_sees(
	    &one, "<p>IBAN &lt;AT1&gt; &amp; &quot;name&quot;</p>"));
	ck_assert(!browser_sees(&one, "agreed with the operator"));
	/* A refused form shows it too. */
	browser_submit(&one, "ask", "amount=x&how=y");
	ck_assert_int_eq(one.answer.status, 422);
	ck_assert(browser_sees(&one, "IBAN &lt;AT1&gt;"));
	/* And his template has the place to itself. */
	ck_assert_int_eq(mkdir(in_site("own"), 0700), 0);
	ck_assert_int_eq(mkdir(in_site("own/layout"), 0700), 0);
	fixture_write(in_site("own/layout/pay.html"), own, strlen(own));
	ck_assert_int_eq(chmod(in_site("own/layout/pay.html"), 0600), 0);
	configure("templates = own");
	browser_get(&one, "deposit");
	ck_assert(browser_sees(&one, "<p>Pay <b>cash</b>, "));
	ck_assert(!browser_sees(&one, "IBAN"));
}
END_TEST

START_TEST(a_deposit_can_be_taken_back_by_its_owner_alone)
{
	char hidden[BROWSER_HIDDEN_LEN], body[512];

	browser_ask(&one, "deposit");
	browser_submit(&one, "ask", "amount=1&how=x");
	browser_ask(&two, "deposit");
	browser_submit(&two, "ask", "amount=1&how=x");
	browser_follow(&two);
	/* Another's, and one that there is not. */
	ck_assert(browser_hidden(&two, "cancel", hidden));
	(void)snprintf(body, sizeof(body), "%s&id=1", hidden);
	browser_send(&two, "funds", body);
	must_be(&two, 404);
	(void)snprintf(body, sizeof(body), "%s&id=99", hidden);
	browser_send(&two, "funds", body);
	must_be(&two, 404);
	(void)snprintf(body, sizeof(body), "%s&id=x", hidden);
	browser_send(&two, "funds", body);
	must_be(&two, 404);
	(void)snprintf(body, sizeof(body), "%s&id=2", hidden);
	browser_send(&two, "funds", body);
	browser_follow(&two);
	must_see(&two, "The request is taken back.");
	must_see(&two, ">canceled<");
	browser_send(&two, "funds", body);
	must_be(&two, 422);
	must_see(&two, "It can no longer be taken back.");
	ck_assert_int_eq(
	    count("SELECT status FROM money_request WHERE id = 1"), 1);
}
END_TEST

static const struct {
	const char *fields, *says;
} bad_deposits[] = {
	{ "how=x", "Give an amount." },
	{ "amount=&how=x", "Give an amount." },
	{ "amount=0&how=x", "Give an amount like 25.00" },
	{ "amount=-1&how=x", "Give an amount like 25.00" },
	{ "amount=1e3&how=x", "Give an amount like 25.00" },
	{ "amount=1,5&how=x", "Give an amount like 25.00" },
	{ "amount=0.0000000001&how=x", "Give an amount like 25.00" },
	{ "amount=1000000001&how=x", "Give an amount like 25.00" },
	{ "amount=99999999999999999999&how=x", "Give an amount like 25.00" },
	{ "amount=" SCRIPT_SENT "&how=x", "value=\"" SCRIPT_SEEN "\"" },
	{ "amount=5", "Say how you pay." },
	{ "amount=5&how=a%0Ab", "one line of at most 500 bytes" },
};

START_TEST(a_deposit_that_cannot_be_is_refused_beside_its_field)
{
	int i;

	for (i = 0; i < ROWS(bad_deposits); i++) {
		browser_ask(&one, "deposit");
		browser_submit(&one, "ask", "%s", bad_deposits[i].fields);
		must_be(&one, 422);
		must_see(&one, bad_deposits[i].says);
		must_not_see(&one, SCRIPT);
	}
	ck_assert_int_eq(count("SELECT COUNT(*) FROM money_request"), 0);
}
END_TEST

/* --- withdrawals ---------------------------------------------------------- */

START_TEST(a_withdrawal_asks_for_the_password)
{
	log_in_with_password(&one, &caller_one);
	browser_ask(&one, "withdraw");
	browser_submit(&one, "ask", "amount=30&how=bank");
	must_be(&one, 422);
	must_see(&one, "Give your password once more.");
	browser_submit(&one, "ask", "amount=30&how=bank&password=not-the-one");
	must_be(&one, 422);
	must_see(&one, "value=\"bank\"");
	must_not_see(&one, "not-the-one");
	ck_assert_int_eq(balance(1), 100 * MONEY_UNIT);
	ck_assert_int_eq(count("SELECT COUNT(*) FROM money_request"), 0);
}
END_TEST

START_TEST(a_withdrawal_is_held_at_once_and_its_owner_told)
{
	static const char *const words[] = { "To: <one@example.test>",
		"Withdrawal at ", "30.00 USD", "bank", NULL };
	char hidden[BROWSER_HIDDEN_LEN], body[512];

	log_in_with_password(&one, &caller_one);
	browser_ask(&one, "withdraw");
	ck_assert(browser_hidden(&one, "ask", hidden));
	(void)snprintf(body, sizeof(body),
	    "%s&amount=30&how=bank&password=" PASSWORD, hidden);
	browser_send(&one, "withdraw", body);
	browser_follow(&one);
	must_see(&one, "The operator knows.");
	must_see(&one, "70.00 USD");
	must_see(&one, "Held for withdrawals");
	ck_assert_int_eq(balance(1), 70 * MONEY_UNIT);
	mail_has(words);
	/* Sent again it takes nothing more. */
	browser_send(&one, "withdraw", body);
	ck_assert_int_eq(balance(1), 70 * MONEY_UNIT);
	site_must_check(&site);
	/* It is the operator's to end. */
	browser_ask(&one, "funds");
	must_not_see(&one, "Take back");
	free(site_latchkey_ok(
	    &site, "request", "reject", "1", "--note", "no bank", NULL));
	ck_assert_int_eq(balance(1), 100 * MONEY_UNIT);
	browser_ask(&one, "funds");
	must_see(&one, "Operator: no bank");
	must_see(&one, "Withdrawal came back");
}
END_TEST

/* Turns the second factor of account one on; gives two recovery codes. */
static void
turn_second_on(char first[LOGIN_CODE_LEN + 1], char next[LOGIN_CODE_LEN + 1])
{
	static const unsigned char address[16] = { 0 };
	const int64_t now = (int64_t)time(NULL);
	const struct login_from from = { .address = address,
		.address_text = "::",
		.agent = "",
		.now = now };
	unsigned char secret[TOTP_SECRET_LEN];
	struct login_result result = { 0 };
	char code[TOTP_DIGITS + 1];
	struct login_codes codes;
	struct session session;

	log_in_with_password(&one, &caller_one);
	ck_assert_int_eq(
	    session_find(people.db, browser_cookie(&one, "latchkey_session"),
		SESSION_TOKEN_LEN, now, &session),
	    RC_OK);
	ck_assert_int_eq(
	    login_second_start(&people, &caller_one, now, secret), RC_OK);
	ck_assert_int_eq(totp_code(secret, now / TOTP_STEP, code), RC_OK);
	ck_assert_int_eq(login_second_on(&people, &session, code, TOTP_DIGITS,
			     &from, &codes, &result),
	    RC_OK);
	browser_set_cookie(&one, "latchkey_session", result.token.s);
	(void)snprintf(first, LOGIN_CODE_LEN + 1, "%s", codes.code[0]);
	(void)snprintf(next, LOGIN_CODE_LEN + 1, "%s", codes.code[1]);
}

START_TEST(money_out_takes_the_second_factor_too)
{
	char first[LOGIN_CODE_LEN + 1], next[LOGIN_CODE_LEN + 1];

	turn_second_on(first, next);
	browser_ask(&one, "withdraw");
	must_see(&one, "Code of the second factor");
	browser_submit(&one, "ask", "amount=1&how=x&password=" PASSWORD);
	must_be(&one, 422);
	browser_submit(
	    &one, "ask", "amount=1&how=x&password=" PASSWORD "&code=000000");
	must_be(&one, 422);
	browser_submit(
	    &one, "ask", "amount=1&how=x&password=not-the-one&code=%s", first);
	must_be(&one, 422);
	ck_assert_int_eq(balance(1), 100 * MONEY_UNIT);
	browser_ask(&one, "withdraw");
	browser_submit(
	    &one, "ask", "amount=1&how=x&password=" PASSWORD "&code=%s", next);
	must_be(&one, 303);
	ck_assert_int_eq(balance(1), 99 * MONEY_UNIT);
	/* A code is good for one. */
	browser_ask(&one, "transfer");
	must_see(&one, "Code of the second factor");
	browser_submit(&one, "send",
	    "email=two@example.test&receiver_code=%s&amount=1"
	    "&password=" PASSWORD "&code=%s",
	    code_two, next);
	ck_assert_int_ne(one.answer.status, 303);
	ck_assert_int_eq(balance(2), 0);
}
END_TEST

START_TEST(more_than_the_balance_is_not_paid_out)
{
	log_in_with_password(&one, &caller_one);
	browser_ask(&one, "withdraw");
	browser_submit(
	    &one, "ask", "amount=100.000000001&how=bank&password=" PASSWORD);
	must_be(&one, 422);
	must_see(&one, "The amount is more than the balance.");
	browser_submit(&one, "ask", "amount=100&how=bank&password=" PASSWORD);
	must_be(&one, 303);
	ck_assert_int_eq(balance(1), 0);
}
END_TEST

/* --- transfers ------------------------------------------------------------ */

START_TEST(a_transfer_arrives_once_and_its_sender_is_told)
{
	static const char *const words[] = { "To: <one@example.test>",
		"Transfer at ", "12.50 USD", "to two@example.test", NULL };
	char hidden[BROWSER_HIDDEN_LEN], body[512];

	log_in_with_password(&one, &caller_one);
	browser_ask(&two, "funds");
	must_see(&two, code_two);
	browser_ask(&one, "transfer");
	must_see(&one, code_one);
	ck_assert(browser_hidden(&one, "send", hidden));
	(void)snprintf(body, sizeof(body),
	    "%s&email=two@example.test&receiver_code=%s&amount=12.5"
	    "&note=%s&password=" PASSWORD,
	    hidden, code_two, SCRIPT_SENT);
	browser_send(&one, "transfer", body);
	browser_follow(&one);
	must_see(&one, "The amount is sent.");
	must_see(&one, "Transfer out");
	must_see(&one, "to two@example.test: " SCRIPT_SEEN);
	must_not_see(&one, SCRIPT);
	mail_has(words);
	browser_send(&one, "transfer", body);
	ck_assert_int_eq(balance(1), 87 * MONEY_UNIT + MONEY_UNIT / 2);
	ck_assert_int_eq(balance(2), 12 * MONEY_UNIT + MONEY_UNIT / 2);
	browser_ask(&two, "funds");
	must_see(&two, "Transfer in");
	must_see(&two, "+12.50");
	must_see(&two, "from one@example.test");
}
END_TEST

/* Nothing tells an address without an account from one with another code. */
START_TEST(guesses_at_receivers_are_alike_and_have_to_wait)
{
	static const char *const emails[] = { "two@example.test",
		"nobody@example.test", "two@example.test",
		"nobody@example.test", "two@example.test" };
	int i;

	log_in_with_password(&one, &caller_one);
	for (i = 0; i < ROWS(emails); i++) {
		browser_ask(&one, "transfer");
		browser_submit(&one, "send",
		    "email=%s&receiver_code=%s&amount=1&password=" PASSWORD,
		    emails[i], code_one);
		must_be(&one, 422);
		must_see(&one, "No account has this address and this code.");
	}
	browser_ask(&one, "transfer");
	browser_submit(&one, "send",
	    "email=two@example.test&receiver_code=%s&amount=1"
	    "&password=" PASSWORD,
	    code_two);
	must_be(&one, 429);
	ck_assert_ptr_nonnull(answer_header(&one.answer, "Retry-After"));
	ck_assert_int_eq(balance(1), 100 * MONEY_UNIT);
	/* Another account is not made to wait. */
	log_in_with_password(&two, &caller_two);
	site_credit(&site, "two@example.test", "1");
	browser_ask(&two, "transfer");
	browser_submit(&two, "send",
	    "email=one@example.test&receiver_code=%s&amount=1"
	    "&password=" PASSWORD,
	    code_one);
	must_be(&two, 303);
}
END_TEST

static const struct {
	const char *fields, *says;
} bad_transfers[] = {
	{ "receiver_code=x&amount=1",
	    "Give the receiver&#39;s e-mail address." },
	{ "email=two@example.test&amount=1", "Give the receiver&#39;s code." },
	{ "email=two@example.test&receiver_code=x", "Give an amount." },
	{ "email=two@example.test&receiver_code=x&amount=0",
	    "Give an amount like 25.00" },
	{ "email=two@example.test&receiver_code=x&amount=1",
	    "Give your password once more." },
	{ "email=" SCRIPT_SENT "&receiver_code=" SCRIPT_SENT
	  "&amount=1&note=" SCRIPT_SENT,
	    "value=\"" SCRIPT_SEEN "\"" },
};

START_TEST(a_transfer_that_cannot_be_is_refused_beside_its_field)
{
	int i;

	for (i = 0; i < ROWS(bad_transfers); i++) {
		browser_ask(&one, "transfer");
		browser_submit(&one, "send", "%s", bad_transfers[i].fields);
		must_be(&one, 422);
		must_see(&one, bad_transfers[i].says);
		must_not_see(&one, SCRIPT);
	}
	ck_assert_int_eq(balance(1), 100 * MONEY_UNIT);
}
END_TEST

/* --- what cannot be done -------------------------------------------------- */

/* Sends a form of one that would take effect, with other headers. */
static void
send_as(const char *const headers[], const char *page, const char *form,
    const char *fields, int with_token)
{
	char hidden[BROWSER_HIDDEN_LEN], body[768];

	browser_ask(&one, page);
	ck_assert(browser_hidden(&one, form, hidden));
	(void)snprintf(body, sizeof(body), "%s%s&%s",
	    with_token ? hidden : "form=", with_token ? "" : form, fields);
	one.headers = headers;
	browser_send(&one, page, body);
	one.headers = NULL;
}

START_TEST(another_site_cannot_move_money)
{
	static const char *const cross[] = { "Sec-Fetch-Site: cross-site",
		NULL };
	static const char *const origin[] = { "Origin: https://evil.test",
		NULL };
	static const char *const same[] = { "Sec-Fetch-Site: same-origin",
		NULL };
	const struct {
		const char *page, *form, *fields;
	} rows[] = {
		{ "deposit", "ask", "amount=1&how=x" },
		{ "withdraw", "ask", "amount=1&how=x&password=" PASSWORD },
		{ "transfer", "send",
		    "email=two@example.test&amount=1&password=" PASSWORD },
	};
	char fields[256];
	int i;

	log_in_with_password(&one, &caller_one);
	for (i = 0; i < ROWS(rows); i++) {
		(void)snprintf(fields, sizeof(fields), "%s&receiver_code=%s",
		    rows[i].fields, code_two);
		send_as(cross, rows[i].page, rows[i].form, fields, 1);
		must_be(&one, 403);
		send_as(origin, rows[i].page, rows[i].form, fields, 1);
		must_be(&one, 403);
		send_as(same, rows[i].page, rows[i].form, fields, 0);
		ck_assert_int_ge(one.answer.status, 400);
	}
	ck_assert_int_eq(count("SELECT COUNT(*) FROM money_request"), 0);
	ck_assert_int_eq(balance(1), 100 * MONEY_UNIT);
}
END_TEST

START_TEST(another_accounts_form_moves_nothing)
{
	char hidden[BROWSER_HIDDEN_LEN], body[512];

	log_in_with_password(&one, &caller_one);
	browser_ask(&two, "withdraw");
	ck_assert(browser_hidden(&two, "ask", hidden));
	(void)snprintf(
	    body, sizeof(body), "%s&amount=1&how=x&password=" PASSWORD, hidden);
	browser_send(&one, "withdraw", body);
	ck_assert_int_ge(one.answer.status, 400);
	ck_assert_int_eq(balance(1), 100 * MONEY_UNIT);
}
END_TEST

START_TEST(a_suspended_account_looks_but_moves_nothing)
{
	log_in_with_password(&one, &caller_one);
	browser_ask(&one, "withdraw");
	free(site_latchkey_ok(&site, "account", "suspend", "1", NULL));
	browser_submit(&one, "ask", "amount=1&how=x&password=" PASSWORD);
	must_be(&one, 403);
	browser_ask(&one, "deposit");
	browser_submit(&one, "ask", "amount=1&how=x");
	must_be(&one, 403);
	browser_ask(&one, "funds");
	must_be(&one, 200);
	must_see(&one, "100.00");
	ck_assert_int_eq(balance(1), 100 * MONEY_UNIT);
	ck_assert_int_eq(count("SELECT COUNT(*) FROM money_request"), 0);
}
END_TEST

/*
 * A valid key, wherever a key or a session can be given, opens none of these
 * pages and none of these doings.
 */
START_TEST(a_key_moves_no_money_out)
{
	static const char *const actions[] = { "withdraw", "transfer",
		"deposit", "funds", "credit", "request", "money_request",
		"dashboard/withdraw", "../dashboard/transfer", "send", "ask",
		"cancel_request", "statement" };
	char key[KEY_TEXT_LEN], cookie[KEY_TEXT_LEN + 32];
	char bearer[KEY_TEXT_LEN + 32], body[512];
	const char *headers[] = { "Sec-Fetch-Site: same-origin", cookie, bearer,
		NULL };
	struct answer answer;
	struct browser b;
	int i;

	site_key(&site, "one@example.test", key);
	for (i = 0; i < ROWS(actions); i++) {
		api_call(&site, &answer,
		    "key=%s&action=%s&amount=1&email=two@example.test"
		    "&code=%s&receiver_code=%s&how=x&form=ask",
		    key, actions[i], code_two, code_two);
		ck_assert_msg(strstr(answer.body, "\"error\"") != NULL,
		    "%s: %s", actions[i], answer.body);
		answer_clear(&answer);
	}
	browser_open(&b, &site);
	b.headers = headers;
	(void)snprintf(
	    cookie, sizeof(cookie), "Cookie: latchkey_session=%s", key);
	(void)snprintf(bearer, sizeof(bearer), "Authorization: Bearer %s", key);
	for (i = 0; i < ROWS(pages); i++) {
		(void)snprintf(body, sizeof(body),
		    "key=%s&form=ask&amount=1&how=x&email=two@example.test"
		    "&receiver_code=%s&password=%s",
		    key, code_two, key);
		browser_send(&b, pages[i], body);
		ck_assert_int_ne(b.answer.status, 200);
		must_not_see(&b, "100.00");
		(void)snprintf(body, sizeof(body), "%s?key=%s", pages[i], key);
		browser_ask(&b, body);
		ck_assert_int_ne(b.answer.status, 200);
		must_not_see(&b, "100.00");
	}
	browser_close(&b);
	ck_assert_int_eq(count("SELECT COUNT(*) FROM money_request"), 0);
	ck_assert_int_eq(count("SELECT COUNT(*) FROM txn"), 1);
	ck_assert_int_eq(balance(1), 100 * MONEY_UNIT);
}
END_TEST

/* --- many at once --------------------------------------------------------- */

enum { THREADS = 4, EACH = 5 };

static struct {
	char cookie[SESSION_TOKEN_LEN + 1];
	char body[512]; /* the one form that all send; "": each its own */
	atomic_int done, again, refused, other;
} many;

#define FIELDS "&amount=15&how=x&password=" PASSWORD

static void *
withdraw_again(void *arg)
{
	char hidden[BROWSER_HIDDEN_LEN], body[512];
	struct browser b;
	int i;

	(void)arg;
	browser_open(&b, &site);
	browser_set_cookie(&b, "latchkey_session", many.cookie);
	for (i = 0; i < EACH; i++) {
		if (many.body[0] != '\0') {
			browser_send(&b, "withdraw", many.body);
		} else {
			browser_ask(&b, "withdraw");
			(void)browser_hidden(&b, "ask", hidden);
			(void)snprintf(body, sizeof(body), "%s" FIELDS, hidden);
			browser_send(&b, "withdraw", body);
		}
		if (b.answer.status == 303 &&
		    strcmp(answer_header(&b.answer, "Location"), "funds") == 0)
			many.done++;
		else if (b.answer.status == 303)
			many.again++;
		else if (b.answer.status == 422)
			many.refused++;
		else
			many.other++;
	}
	browser_close(&b);
	return NULL;
}

static void
withdraw_at_once(void)
{
	pthread_t threads[THREADS];
	int i;

	(void)snprintf(many.cookie, sizeof(many.cookie), "%s",
	    browser_cookie(&one, "latchkey_session"));
	many.done = many.again = many.refused = many.other = 0;
	for (i = 0; i < THREADS; i++)
		ck_assert_int_eq(
		    pthread_create(&threads[i], NULL, withdraw_again, NULL), 0);
	for (i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
	ck_assert_int_eq(many.other, 0);
}

START_TEST(many_withdrawals_at_once_take_what_there_is)
{
	log_in_with_password(&one, &caller_one);
	many.body[0] = '\0';
	withdraw_at_once();
	/* 20 tries of 15; 100 pays for six. */
	ck_assert_int_eq(many.done, 6);
	ck_assert_int_eq(many.refused, THREADS * EACH - 6);
	ck_assert_int_eq(balance(1), 10 * MONEY_UNIT);
	ck_assert_int_eq(count("SELECT COUNT(*) FROM money_request"), 6);
}
END_TEST

START_TEST(one_form_sent_at_once_takes_effect_once)
{
	char hidden[BROWSER_HIDDEN_LEN];

	log_in_with_password(&one, &caller_one);
	browser_ask(&one, "withdraw");
	ck_assert(browser_hidden(&one, "ask", hidden));
	(void)snprintf(many.body, sizeof(many.body), "%s" FIELDS, hidden);
	withdraw_at_once();
	ck_assert_int_eq(many.done, 1);
	ck_assert_int_eq(many.again, THREADS * EACH - 1);
	ck_assert_int_eq(balance(1), 85 * MONEY_UNIT);
	ck_assert_int_eq(count("SELECT COUNT(*) FROM money_request"), 1);
}
END_TEST

/* --- the front page and the prices ---------------------------------------- */

static void
get_path(struct answer *answer, const char *path)
{
	http_run(&site,
	    &(struct http_call){
		.method = "GET", .path = path, .content_type = "" },
	    answer);
	ck_assert_msg(answer->status != 0, "%s: %s", path, answer->why);
}

START_TEST(the_front_page_is_ours_unless_there_is_another)
{
	static const char own[] = "<!DOCTYPE html><title>mine</title>";
	struct answer answer;

	get_path(&answer, "/");
	ck_assert_int_eq(answer.status, 200);
	ck_assert_ptr_nonnull(strstr(answer.body, "How to begin"));
	ck_assert_ptr_nonnull(strstr(answer.body, "href=\"dashboard/login\""));
	ck_assert_ptr_nonnull(strstr(answer.body, "http://127.0.0.1/api/v2"));
	ck_assert_ptr_null(strstr(answer.body, "dashboard/prices"));
	ck_assert_uint_eq(answer_count(&answer, "Content-Security-Policy"), 1);
	ck_assert_uint_eq(answer_count(&answer, "X-Content-Type-Options"), 1);
	answer_clear(&answer);
	/* Its links lead nowhere from elsewhere. */
	get_path(&answer, "/dashboard/front");
	ck_assert_int_eq(answer.status, 404);
	answer_clear(&answer);
	fixture_write(in_site("public_html/index.html"), own, strlen(own));
	ck_assert_int_eq(chmod(in_site("public_html/index.html"), 0644), 0);
	get_path(&answer, "/");
	ck_assert_str_eq(answer.body, own);
	answer_clear(&answer);
}
END_TEST

static const struct {
	const char *path;
	int status;
} paths[] = { { "/", 200 }, { "/dashboard", 301 }, { "/dashboard/", 303 },
	{ "/dashboard/login", 200 }, { "/dashboard/colors", 200 },
	{ "/dashboard/none", 404 }, { "/dashboard/Login", 404 },
	{ "/cgi-bin/dashboard/login", 200 }, { "/cgi-bin/", 403 },
	{ "/.htaccess", 403 }, { "/developers/", 200 }, { "/style.css", 200 },
	{ "/icon.svg", 200 } };

/* Pages have their own policy, all else has that of the .htaccess. */
START_TEST(every_path_has_one_content_security_policy)
{
	struct answer answer;
	const char *policy;

	get_path(&answer, paths[_i].path);
	ck_assert_int_eq(answer.status, paths[_i].status);
	ck_assert_uint_eq(answer_count(&answer, "Content-Security-Policy"), 1);
	policy = answer_header(&answer, "Content-Security-Policy");
	ck_assert_ptr_nonnull(strstr(policy, "default-src 'none'"));
	ck_assert_ptr_nonnull(strstr(policy, "frame-ancestors 'none'"));
	ck_assert_ptr_null(strstr(policy, "unsafe"));
	ck_assert_uint_eq(answer_count(&answer, "X-Content-Type-Options"), 1);
	answer_clear(&answer);
}
END_TEST

/* 60 services of two categories, one of them strange. */
static void
make_services(void)
{
	site_sql(&site,
	    "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n"
	    " WHERE i < 60) INSERT INTO service (id, name, type, category,"
	    " description, rate_micro, min, max, refill, cancel, dripfeed)"
	    " SELECT i, 'Service ' || i, 'Default',"
	    " CASE WHEN i <= 55 THEN 'Print & <b>' ELSE 'Words' END,"
	    " CASE WHEN i = 7 THEN '" SCRIPT "' ELSE '' END,"
	    " 1500000 + i, 10, 1000, 0, 1, 0 FROM n");
}

START_TEST(prices_are_not_for_everybody_by_default)
{
	struct browser b;

	make_services();
	browser_open(&b, &site);
	browser_ask(&b, "prices");
	must_be(&b, 404);
	must_not_see(&b, "Service 1");
	browser_close(&b);
	browser_ask(&one, "prices");
	must_be(&one, 200);
	must_see(&one, "Service 1");
}
END_TEST

START_TEST(public_prices_are_searched_and_paged)
{
	struct answer answer;
	struct browser b;

	make_services();
	configure("price_list = public");
	site_end_programs(&site);
	browser_open(&b, &site);
	browser_ask(&b, "prices");
	must_be(&b, 200);
	must_see(&b, "Service 1 <");
	must_see(&b, "1.500001 for 1000");
	must_see(&b, "data-label=\"Category\">Print &amp; &lt;b&gt;<");
	must_see(&b, SCRIPT_SEEN);
	must_not_see(&b, SCRIPT);
	must_not_see(&b, "Service 51");
	must_see(&b, "prices?after=50");
	browser_ask(&b, "prices?q=&category=&after=50");
	must_see(&b, "Service 51");
	must_see(&b, "Service 60");
	must_see(&b, ">Words<");
	must_not_see(&b, "rel=\"next\"");
	must_see(&b, "rel=\"prev\"");
	browser_ask(&b, "prices?category=Words");
	must_see(&b, "Service 56");
	must_not_see(&b, "Service 55");
	must_see(&b, "<option value=\"Words\" selected>");
	browser_ask(&b, "prices?q=SERVICE%2042");
	must_see(&b, "Service 42");
	must_not_see(&b, "Service 41");
	browser_ask(&b, "prices?q=" SCRIPT_SENT);
	must_not_see(&b, SCRIPT "\"");
	must_see(&b, "value=\"" SCRIPT_SEEN "\"");
	browser_ask(&b, "prices?q='%20OR%201=1%20--");
	ck_assert_int_lt(b.answer.status, 500);
	browser_ask(&b, "prices?after=x");
	must_be(&b, 400);
	browser_close(&b);
	get_path(&answer, "/");
	ck_assert_ptr_nonnull(strstr(answer.body, "dashboard/prices"));
	answer_clear(&answer);
}
END_TEST

static Suite *
make_suite(void)
{
	Suite *suite = suite_create("page_funds");
	TCase *tc = tcase_create("page_funds"),
	      *at_once = tcase_create("at once");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, the_operator_says_where_to_pay_in);
	tcase_add_test(tc, nobody_sees_money_without_logging_in);
	tcase_add_test(tc, pages_of_money_are_never_kept_and_run_nothing);
	tcase_add_test(tc, a_statement_goes_on_to_its_first_entry);
	tcase_add_test(tc, a_statement_is_filtered);
	tcase_add_test(tc, what_no_statement_can_be_of_is_refused);
	tcase_add_test(tc, a_statement_is_a_table_for_spreadsheets);
	tcase_add_test(tc, a_deposit_is_asked_for_confirmed_and_seen);
	tcase_add_test(tc, a_deposit_can_be_taken_back_by_its_owner_alone);
	tcase_add_test(
	    tc, a_deposit_that_cannot_be_is_refused_beside_its_field);
	tcase_add_test(tc, a_withdrawal_asks_for_the_password);
	tcase_add_test(tc, a_withdrawal_is_held_at_once_and_its_owner_told);
	tcase_add_test(tc, money_out_takes_the_second_factor_too);
	tcase_add_test(tc, more_than_the_balance_is_not_paid_out);
	tcase_add_test(tc, a_transfer_arrives_once_and_its_sender_is_told);
	tcase_add_test(tc, guesses_at_receivers_are_alike_and_have_to_wait);
	tcase_add_test(
	    tc, a_transfer_that_cannot_be_is_refused_beside_its_field);
	tcase_add_test(tc, another_site_cannot_move_money);
	tcase_add_test(tc, another_accounts_form_moves_nothing);
	tcase_add_test(tc, a_suspended_account_looks_but_moves_nothing);
	tcase_add_test(tc, a_key_moves_no_money_out);
	tcase_add_test(tc, the_front_page_is_ours_unless_there_is_another);
	tcase_add_loop_test(
	    tc, every_path_has_one_content_security_policy, 0, ROWS(paths));
	tcase_add_test(tc, prices_are_not_for_everybody_by_default);
	tcase_add_test(tc, public_prices_are_searched_and_paged);
	tcase_add_checked_fixture(at_once, setup, teardown);
	tcase_add_test(at_once, many_withdrawals_at_once_take_what_there_is);
	tcase_add_test(at_once, one_form_sent_at_once_takes_effect_once);
	suite_add_tcase(suite, tc);
	suite_add_tcase(suite, at_once);
	return suite;
}

SUITE_MAIN(make_suite)
