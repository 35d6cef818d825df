/* SPDX-License-Identifier: ISC */
/*
 * latchkey request: what the operator sees of requests, what becomes of them,
 * and what their owners are told.  Requests are made as pages make them, by
 * the library, in the site's own database.
 */
#include <check.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "db.h"
#include "fixture.h"
#include "harness.h"
#include "money.h"
#include "money_request.h"
#include "suite.h"

static struct site site;

/* Keeps the last message in the site's directory. */
static void
make_sendmail(void)
{
	char path[SITE_PATH_LEN + 16], text[SITE_PATH_LEN + 64];

	(void)snprintf(path, sizeof(path), "%s/sendmail", site.dir);
	(void)snprintf(
	    text, sizeof(text), "#!/bin/sh\nexec cat >'%s/mail'\n", site.dir);
	fixture_write(path, text, strlen(text));
	ck_assert_int_eq(chmod(path, 0700), 0);
}

static void
setup(void)
{
	char line[SITE_PATH_LEN + 32], path[SITE_PATH_LEN];
	FILE *config;

	site_make(&site, NULL);
	make_sendmail();
	(void)snprintf(path, sizeof(path), "%.480s/latchkey.conf", site.dir);
	config = fopen(path, "ae");
	ck_assert_ptr_nonnull(config);
	(void)snprintf(
	    line, sizeof(line), "sendmail = %s/sendmail\n", site.dir);
	ck_assert_int_ge(fputs(line, config), 0);
	ck_assert_int_eq(fclose(config), 0);
	(void)site_account(&site, "one@example.test");
	(void)site_account(&site, "two@example.test");
	site_credit(&site, "one@example.test", "100");
}

static void
teardown(void)
{
	site_must_check(&site);
	site_remove(&site);
}

/* A request of account one; gives its id. */
static int64_t
ask(enum money_request_kind kind, const char *how)
{
	const struct caller caller = { .account_id = 1, .currency = "USD" };
	char path[SITE_PATH_LEN + 32];
	struct db *db = NULL;
	int64_t id = 0, balance;
	const char *what = "";
	enum rc rc;

	(void)snprintf(path, sizeof(path), "%s/data/" DB_NAME, site.dir);
	ck_assert_int_eq(db_open(path, 0, FIXTURE_BUSY_MS, &db), RC_OK);
	ck_assert_int_eq(db_begin(db, DB_WRITE), RC_OK);
	rc = kind == MONEY_REQUEST_DEPOSIT
		 ? money_request_deposit(db, &caller, 25 * MONEY_UNIT, how,
		       (int64_t)time(NULL), &id, &what)
		 : money_request_withdraw(db, &caller, 25 * MONEY_UNIT, how,
		       (int64_t)time(NULL), &id, &balance, &what);
	ck_assert_msg(db_end(db, rc) == RC_OK, "%d %s", rc, what);
	db_close(db);
	return id;
}

/* Ends a request; gives the exit status and checks the message. */
static int
end(const char *verb, int64_t id, const char *note, const char *says)
{
	struct output output;
	char number[24];
	int code;

	(void)snprintf(number, sizeof(number), "%lld", (long long)id);
	site_latchkey(&site, &output, "request", verb, number,
	    note != NULL ? "--note" : NULL, note, NULL);
	ck_assert_msg(strstr(output.err, says) != NULL, "%s", output.err);
	ck_assert_str_eq(output.out, "");
	code = output.code;
	output_clear(&output);
	return code;
}

/* The balance of account one, in whole units. */
static int64_t
balance(void)
{
	return site_sql_int(&site, "SELECT balance_nano / 1000000000"
				   " FROM account WHERE id = 1");
}

/* The message that was sent last has these words; it is then forgotten. */
static void
mail_has(const char *const words[])
{
	char path[SITE_PATH_LEN + 16], *mail;
	size_t len;

	(void)snprintf(path, sizeof(path), "%s/mail", site.dir);
	mail = fixture_read(path, &len);
	for (; *words != NULL; words++)
		ck_assert_msg(
		    strstr(mail, *words) != NULL, "%s: %s", *words, mail);
	free(mail);
	ck_assert_int_eq(remove(path), 0);
}

START_TEST(a_confirmed_deposit_is_in_the_wallet_and_its_owner_told)
{
	static const char *const words[] = { "To: <one@example.test>",
		"Your request 1 to pay in 25.00 USD\nwas confirmed",
		"With these words: thank you\n", "/dashboard/funds\n", NULL };
	int64_t id = ask(MONEY_REQUEST_DEPOSIT, "bank transfer");

	ck_assert_int_eq(end("confirm", id, "thank you", ""), 0);
	ck_assert_int_eq(balance(), 125);
	mail_has(words);
	ck_assert_int_eq(
	    end("confirm", id, NULL,
		"cannot confirm the request 1: it is no longer open"),
	    1);
	ck_assert_int_eq(balance(), 125);
}
END_TEST

START_TEST(a_rejected_deposit_moves_nothing)
{
	static const char *const words[] = { "was rejected.\n",
		"With these words: nothing came\n", NULL };
	int64_t id = ask(MONEY_REQUEST_DEPOSIT, "bank transfer");

	ck_assert_int_eq(end("reject", id, NULL, "--note is missing"), 2);
	ck_assert_int_eq(end("reject", id, "nothing came", ""), 0);
	ck_assert_int_eq(balance(), 100);
	mail_has(words);
}
END_TEST

START_TEST(a_withdrawal_is_paid_or_comes_back)
{
	static const char *const paid[] = { "to pay out 25.00 USD\nwas paid.\n",
		NULL };
	static const char *const back[] = {
		"was rejected: the amount is back on your balance.\n", NULL
	};
	int64_t one = ask(MONEY_REQUEST_WITHDRAWAL, "to my bank");
	int64_t two = ask(MONEY_REQUEST_WITHDRAWAL, "to my bank");

	ck_assert_int_eq(balance(), 50);
	site_must_check(&site);
	ck_assert_int_eq(end("confirm", one, NULL, ""), 0);
	ck_assert_int_eq(balance(), 50);
	mail_has(paid);
	ck_assert_int_eq(end("reject", two, "no such bank", ""), 0);
	ck_assert_int_eq(balance(), 75);
	mail_has(back);
}
END_TEST

START_TEST(a_mail_that_cannot_be_sent_undoes_nothing)
{
	char path[SITE_PATH_LEN + 16];
	int64_t id = ask(MONEY_REQUEST_DEPOSIT, "bank transfer");

	(void)snprintf(path, sizeof(path), "%s/sendmail", site.dir);
	ck_assert_int_eq(remove(path), 0);
	ck_assert_int_eq(end("confirm", id, NULL, "cannot send mail"), 0);
	ck_assert_int_eq(balance(), 125);
}
END_TEST

START_TEST(requests_are_listed_and_shown)
{
	static const char *const names[] = { "id", "account", "email", "kind",
		"status", "amount", "how", "note", "transaction",
		"end_transaction", "created_at", "updated_at" };
	json_t *list, *item;
	json_error_t where;
	char *out;
	int i;

	(void)ask(MONEY_REQUEST_DEPOSIT, "<b>=1+1</b>");
	(void)ask(MONEY_REQUEST_WITHDRAWAL, "to my bank");
	ck_assert_int_eq(end("confirm", 2, NULL, ""), 0);
	out = site_latchkey_ok(&site, "request", "list", "--json", NULL);
	list = json_loads(out, 0, &where);
	ck_assert_uint_eq(json_array_size(list), 2);
	item = json_array_get(list, 0);
	ck_assert_uint_eq(json_object_size(item), ROWS(names));
	for (i = 0; i < ROWS(names); i++)
		ck_assert_ptr_nonnull(json_object_get(item, names[i]));
	ck_assert_str_eq(
	    json_string_value(json_object_get(item, "status")), "paid");
	ck_assert_str_eq(
	    json_string_value(json_object_get(item, "amount")), "25.00");
	json_decref(list);
	free(out);
	out = site_latchkey_ok(
	    &site, "request", "list", "--status", "open", NULL);
	ck_assert_ptr_nonnull(strstr(out, "<b>=1+1</b>"));
	ck_assert_ptr_null(strstr(out, "to my bank"));
	free(out);
	out = site_latchkey_ok(&site, "request", "show", "2", "--json", NULL);
	item = json_loads(out, 0, &where);
	ck_assert_str_eq(
	    json_string_value(json_object_get(item, "how")), "to my bank");
	ck_assert(json_is_integer(json_object_get(item, "end_transaction")));
	json_decref(item);
	free(out);
	out = site_latchkey_ok(&site, "request", "show", "1", NULL);
	ck_assert_ptr_nonnull(strstr(out, "deposit"));
	free(out);
}
END_TEST

static Suite *
make_suite(void)
{
	Suite *suite = suite_create("request");
	TCase *tc = tcase_create("request");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(
	    tc, a_confirmed_deposit_is_in_the_wallet_and_its_owner_told);
	tcase_add_test(tc, a_rejected_deposit_moves_nothing);
	tcase_add_test(tc, a_withdrawal_is_paid_or_comes_back);
	tcase_add_test(tc, a_mail_that_cannot_be_sent_undoes_nothing);
	tcase_add_test(tc, requests_are_listed_and_shown);
	suite_add_tcase(suite, tc);
	return suite;
}

SUITE_MAIN(make_suite)
