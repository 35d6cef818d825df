/* SPDX-License-Identifier: ISC */
/*
 * lib/mail_token: tokens that are mailed, each good once and for a while.
 */
#include "mail_token.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fixture.h"
#include "suite.h"

enum { T = FIXTURE_NOW };

static const char ADDRESS[] = "new@example.test";

static struct mail_token_text text;

static enum rc
make(enum mail_token_kind kind, int64_t account_id, const char *email,
    const char *name, int64_t now)
{
	fixture_people_begin();
	return db_end(fx.people.db, mail_token_make(fx.people.db, kind,
					account_id, email, name, now, &text));
}

static enum rc
find(enum mail_token_kind kind, const char *s, int64_t now,
    struct mail_token *token)
{
	ck_assert_int_eq(db_begin(fx.people.db, DB_READ), RC_OK);
	return db_end(fx.people.db,
	    mail_token_find(fx.people.db, kind, s, strlen(s), now, token));
}

static enum rc
use(enum mail_token_kind kind, const char *s, int64_t now,
    struct mail_token *token)
{
	fixture_people_begin();
	return db_end(fx.people.db,
	    mail_token_use(fx.people.db, kind, s, strlen(s), now, token));
}

START_TEST(a_token_tells_what_it_is_for)
{
	struct mail_token token;

	ck_assert_int_eq(make(MAIL_TOKEN_SIGN_UP, 0, ADDRESS, "Jo", T), RC_OK);
	ck_assert_uint_eq(strlen(text.s), MAIL_TOKEN_LEN);
	ck_assert_int_eq(
	    find(MAIL_TOKEN_SIGN_UP, text.s, T + 1, &token), RC_OK);
	ck_assert_int_eq(token.kind, MAIL_TOKEN_SIGN_UP);
	ck_assert_int_eq(token.account_id, 0);
	ck_assert_str_eq(token.email, ADDRESS);
	ck_assert_str_eq(token.name, "Jo");
	ck_assert_int_eq(token.created_at, T);
	ck_assert_int_eq(make(MAIL_TOKEN_RESET, fx.one.account_id,
			     "one@example.test", NULL, T),
	    RC_OK);
	ck_assert_int_eq(find(MAIL_TOKEN_RESET, text.s, T + 1, &token), RC_OK);
	ck_assert_int_eq(token.account_id, fx.one.account_id);
	ck_assert_str_eq(token.name, "");
}
END_TEST

START_TEST(it_is_good_for_a_while)
{
	static const struct {
		enum mail_token_kind kind;
		int64_t life;
	} cases[] = {
		{ MAIL_TOKEN_SIGN_UP, 86400 },
		{ MAIL_TOKEN_RESET, 3600 },
		{ MAIL_TOKEN_EMAIL, 86400 },
	};
	int64_t life = cases[_i].life;
	struct mail_token token;

	ck_assert_int_eq(make(cases[_i].kind, 1, ADDRESS, NULL, T), RC_OK);
	ck_assert_int_eq(
	    find(cases[_i].kind, text.s, T + life - 1, &token), RC_OK);
	ck_assert_int_eq(
	    find(cases[_i].kind, text.s, T + life, &token), RC_DENIED);
	ck_assert_int_eq(
	    use(cases[_i].kind, text.s, T + life, &token), RC_DENIED);
	/* A clock that is set back makes it live no longer. */
	ck_assert_int_eq(
	    find(cases[_i].kind, text.s, T - PEOPLE_CLOCK_SLACK, &token),
	    RC_OK);
	ck_assert_int_eq(
	    find(cases[_i].kind, text.s, T - PEOPLE_CLOCK_SLACK - 1, &token),
	    RC_DENIED);
}
END_TEST

START_TEST(it_is_good_once)
{
	static const struct mail_token none;
	struct mail_token token;

	ck_assert_int_eq(make(MAIL_TOKEN_RESET, 1, ADDRESS, NULL, T), RC_OK);
	/* Looking at it does not use it. */
	ck_assert_int_eq(find(MAIL_TOKEN_RESET, text.s, T, &token), RC_OK);
	ck_assert_int_eq(find(MAIL_TOKEN_RESET, text.s, T, &token), RC_OK);
	ck_assert_int_eq(use(MAIL_TOKEN_RESET, text.s, T, &token), RC_OK);
	ck_assert_str_eq(token.email, ADDRESS);
	ck_assert_int_eq(find(MAIL_TOKEN_RESET, text.s, T, &token), RC_DENIED);
	ck_assert_int_eq(use(MAIL_TOKEN_RESET, text.s, T, &token), RC_DENIED);
	ck_assert_mem_eq(&token, &none, sizeof(none));
}
END_TEST

START_TEST(it_is_good_for_its_kind_alone)
{
	struct mail_token token;
	int made, asked;

	for (made = MAIL_TOKEN_SIGN_UP; made <= MAIL_TOKEN_EMAIL; made++) {
		ck_assert_int_eq(
		    make((enum mail_token_kind)made, 1, ADDRESS, NULL, T),
		    RC_OK);
		for (asked = MAIL_TOKEN_SIGN_UP; asked <= MAIL_TOKEN_EMAIL;
		     asked++)
			ck_assert_int_eq(find((enum mail_token_kind)asked,
					     text.s, T, &token),
			    asked == made ? RC_OK : RC_DENIED);
	}
}
END_TEST

START_TEST(two_at_once_use_it_once)
{
	struct mail_token token;
	struct people people;
	int i, status, won = 0;
	pid_t pid;

	ck_assert_int_eq(make(MAIL_TOKEN_RESET, 1, ADDRESS, NULL, T), RC_OK);
	for (i = 0; i < 4; i++) {
		if ((pid = fork()) != 0) {
			ck_assert_int_gt(pid, 0);
			continue;
		}
		if (people_open(&fx.config, NULL, &people) != RC_OK ||
		    db_begin(people.db, DB_WRITE) != RC_OK)
			_exit(2);
		_exit(db_end(people.db,
			  mail_token_use(people.db, MAIL_TOKEN_RESET, text.s,
			      MAIL_TOKEN_LEN, T, &token)) == RC_OK);
	}
	for (i = 0; i < 4; i++) {
		ck_assert_int_gt(wait(&status), 0);
		ck_assert(WIFEXITED(status) && WEXITSTATUS(status) < 2);
		won += WEXITSTATUS(status);
	}
	ck_assert_int_eq(won, 1);
}
END_TEST

START_TEST(what_is_no_token_is_denied)
{
	struct mail_token token;
	char other[128];
	int i;

	ck_assert_int_eq(make(MAIL_TOKEN_RESET, 1, ADDRESS, NULL, T), RC_OK);
	for (i = 0; i < MAIL_TOKEN_LEN; i++) {
		memcpy(other, text.s, sizeof(text.s));
		other[i] ^= 1;
		ck_assert_int_eq(
		    use(MAIL_TOKEN_RESET, other, T, &token), RC_DENIED);
		other[i] = '\0';
		ck_assert_int_eq(
		    use(MAIL_TOKEN_RESET, other, T, &token), RC_DENIED);
	}
	(void)snprintf(other, sizeof(other), "%s0", text.s);
	ck_assert_int_eq(use(MAIL_TOKEN_RESET, other, T, &token), RC_DENIED);
}
END_TEST

START_TEST(only_its_hash_is_stored)
{
	char *file;
	size_t len;

	ck_assert_int_eq(make(MAIL_TOKEN_RESET, 1, ADDRESS, NULL, T), RC_OK);
	file = fixture_read(fx.people_path, &len);
	ck_assert_ptr_null(memmem(file, len, text.s, MAIL_TOKEN_LEN));
	ck_assert_ptr_nonnull(memmem(file, len, ADDRESS, strlen(ADDRESS)));
	free(file);
}
END_TEST

START_TEST(what_can_be_no_address_or_name_is_refused)
{
	static const struct {
		const char *email, *name;
	} cases[] = {
		{ "", "Jo" },
		{ "new", "Jo" },
		{ "New@example.test", "Jo" }, /* not in lower case */
		{ "new@example.test\r\nBcc: a@b.example", "Jo" },
		{ "new@example.test", "" },
		{ "new@example.test", "Jo\r\nBcc: a@b.example" },
		{ "new@example.test", "\xff" },
	};

	ck_assert_int_eq(
	    make(MAIL_TOKEN_SIGN_UP, 0, cases[_i].email, cases[_i].name, T),
	    RC_INVALID);
	ck_assert_str_eq(text.s, "");
	ck_assert_int_eq(fixture_int("SELECT COUNT(*) FROM mail_token"), 0);
}
END_TEST

START_TEST(of_many_the_newest_three_are_good)
{
	struct mail_token_text made[5];
	struct mail_token token;
	int i;

	for (i = 0; i < 5; i++) {
		ck_assert_int_eq(
		    make(MAIL_TOKEN_RESET, 1, ADDRESS, NULL, T + i), RC_OK);
		made[i] = text;
	}
	for (i = 0; i < 5; i++)
		ck_assert_int_eq(
		    find(MAIL_TOKEN_RESET, made[i].s, T + 5, &token),
		    i < 2 ? RC_DENIED : RC_OK);
	/* Another kind, and another address, are none of them. */
	ck_assert_int_eq(make(MAIL_TOKEN_EMAIL, 1, ADDRESS, NULL, T), RC_OK);
	ck_assert_int_eq(
	    make(MAIL_TOKEN_RESET, 2, "other@example.test", NULL, T), RC_OK);
	ck_assert_int_eq(fixture_int("SELECT COUNT(*) FROM mail_token"), 5);
}
END_TEST

START_TEST(dropping_takes_an_accounts_and_nobody_elses)
{
	ck_assert_int_eq(
	    make(MAIL_TOKEN_RESET, fx.one.account_id, ADDRESS, NULL, T), RC_OK);
	ck_assert_int_eq(
	    make(MAIL_TOKEN_EMAIL, fx.one.account_id, ADDRESS, NULL, T), RC_OK);
	ck_assert_int_eq(
	    make(MAIL_TOKEN_RESET, fx.two.account_id, ADDRESS, NULL, T), RC_OK);
	ck_assert_int_eq(make(MAIL_TOKEN_SIGN_UP, 0, ADDRESS, "Jo", T), RC_OK);
	ck_assert_int_eq(
	    make(MAIL_TOKEN_SIGN_UP, 0, "b@example.test", "Bo", T), RC_OK);
	fixture_people_begin();
	ck_assert_int_eq(mail_token_drop(fx.people.db, &fx.one), RC_OK);
	fixture_people_commit();
	ck_assert_int_eq(fixture_int("SELECT COUNT(*) FROM mail_token"), 3);
	ck_assert_int_eq(fixture_int("SELECT COUNT(*) FROM mail_token"
				     " WHERE account_id = %lld",
			     (long long)fx.one.account_id),
	    0);
	fixture_people_begin();
	ck_assert_int_eq(
	    mail_token_drop_sign_ups(fx.people.db, ADDRESS), RC_OK);
	fixture_people_commit();
	ck_assert_int_eq(fixture_int("SELECT COUNT(*) FROM mail_token"), 2);
	ck_assert_int_eq(fixture_int("SELECT COUNT(*) FROM mail_token"
				     " WHERE email = 'b@example.test'"),
	    1);
}
END_TEST

static Suite *
make_suite(void)
{
	Suite *suite = suite_create("mail_token");
	TCase *tc = tcase_create("mail_token");

	tcase_add_checked_fixture(tc, fixture_people_setup, fixture_teardown);
	tcase_add_test(tc, a_token_tells_what_it_is_for);
	tcase_add_loop_test(tc, it_is_good_for_a_while, 0, 3);
	tcase_add_test(tc, it_is_good_once);
	tcase_add_test(tc, it_is_good_for_its_kind_alone);
	tcase_add_test(tc, two_at_once_use_it_once);
	tcase_add_test(tc, what_is_no_token_is_denied);
	tcase_add_test(tc, only_its_hash_is_stored);
	tcase_add_loop_test(
	    tc, what_can_be_no_address_or_name_is_refused, 0, 7);
	tcase_add_test(tc, of_many_the_newest_three_are_good);
	tcase_add_test(tc, dropping_takes_an_accounts_and_nobody_elses);
	suite_add_tcase(suite, tc);
	return suite;
}

SUITE_MAIN(make_suite)
