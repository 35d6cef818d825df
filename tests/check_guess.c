/* SPDX-License-Identifier: ISC */
/*
 * lib/guess: counters of what may not be tried as often as one likes.  Time
 * is an argument, so that delays pass without waiting.
 */
#include "guess.h"

#include <arpa/inet.h>
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fixture.h"
#include "suite.h"

enum { T = FIXTURE_NOW };

static enum rc
admit_all(struct guess *guesses, size_t n, int64_t now, int64_t *wait_s)
{
	fixture_people_begin();
	return db_end(
	    fx.people.db, guess_admit(fx.people.db, guesses, n, now, wait_s));
}

/* One try; gives how long it has to wait, 0 if it was counted. */
static int64_t
try(struct guess *guess, int64_t now)
{
	int64_t wait_s = -1;
	enum rc rc = admit_all(guess, 1, now, &wait_s);

	ck_assert_int_eq(rc, wait_s > 0 ? RC_LIMITED : RC_OK);
	ck_assert_int_ge(wait_s, 0);
	return wait_s;
}

static void
right(struct guess *guesses, size_t n)
{
	fixture_people_begin();
	ck_assert_int_eq(guess_right(fx.people.db, guesses, n), RC_OK);
	fixture_people_commit();
}

static void
undo(struct guess *guesses, size_t n)
{
	fixture_people_begin();
	ck_assert_int_eq(guess_undo(fx.people.db, guesses, n), RC_OK);
	fixture_people_commit();
}

static void
name(struct guess *guess, enum guess_kind kind, const char *email)
{
	ck_assert_int_eq(guess_email(guess, kind, &fx.pepper, email), RC_OK);
}

static void
name_address(struct guess *guess, enum guess_kind kind, const char *text)
{
	unsigned char address[16] = { [10] = 0xff, [11] = 0xff };

	if (inet_pton(AF_INET, text, address + 12) != 1)
		ck_assert_int_eq(inet_pton(AF_INET6, text, address), 1);
	guess_address(guess, kind, address);
}

/* Fails n times in the same second. */
static void
miss(struct guess *guess, int n, int64_t now)
{
	for (; n > 0; n--)
		ck_assert_int_eq(try(guess, now), 0);
}

START_TEST(the_delay_grows_after_five_failures_to_fifteen_minutes)
{
	static const int64_t delays[] = { 15, 30, 60, 120, 240, 480, 900, 900,
		900 };
	static const enum guess_kind tried[] = { GUESS_PASSWORD, GUESS_SECOND,
		GUESS_AGAIN };
	struct guess guess;
	int64_t now = T;
	int i;

	name(&guess, tried[_i], "one@example.test");
	miss(&guess, GUESS_FREE, now);
	for (i = 0; i < ROWS(delays); i++) {
		ck_assert_int_eq(try(&guess, now), delays[i]);
		ck_assert_int_eq(try(&guess, now + delays[i] - 1), 1);
		/* Never for good: past the delay there is a try. */
		now += delays[i];
		ck_assert_int_eq(try(&guess, now), 0);
	}
}
END_TEST

START_TEST(what_comes_too_early_counts_as_nothing)
{
	struct guess guess;
	int i;

	name(&guess, GUESS_PASSWORD, "one@example.test");
	miss(&guess, GUESS_FREE, T);
	for (i = 0; i < 15; i++)
		ck_assert_int_eq(try(&guess, T + i), 15 - i);
	ck_assert_int_eq(try(&guess, T + 15), 0);
	ck_assert_int_eq(
	    fixture_int("SELECT failures FROM guess"), GUESS_FREE + 1);
}
END_TEST

START_TEST(an_hour_without_a_failure_forgets_it)
{
	struct guess guess;

	name(&guess, GUESS_PASSWORD, "one@example.test");
	miss(&guess, GUESS_FREE, T);
	ck_assert_int_eq(try(&guess, T + GUESS_KEEP - 1), 0);
	ck_assert_int_eq(try(&guess, T + GUESS_KEEP - 1), 30);
	miss(&guess, GUESS_FREE, T + 2 * GUESS_KEEP);
	ck_assert_int_eq(try(&guess, T + 2 * GUESS_KEEP), 15);
}
END_TEST

START_TEST(a_right_one_starts_it_anew)
{
	struct guess guess;

	name(&guess, GUESS_PASSWORD, "one@example.test");
	miss(&guess, GUESS_FREE, T);
	right(&guess, 1);
	ck_assert_int_eq(fixture_int("SELECT COUNT(*) FROM guess"), 0);
	miss(&guess, GUESS_FREE, T);
	ck_assert_int_eq(try(&guess, T), 15);
}
END_TEST

START_TEST(a_right_one_gives_an_address_one_try_back_and_no_more)
{
	struct guess guesses[2];
	int64_t wait_s;
	int i;

	name(&guesses[0], GUESS_PASSWORD, "mine@example.test");
	name_address(&guesses[1], GUESS_ADDRESS, "192.0.2.1");
	/* Failures at others, and between them log-ins of his own. */
	for (i = 0; i < 30; i++) {
		ck_assert_int_eq(try(&guesses[1], T), 0);
		if (i == 29)
			break;
		ck_assert_int_eq(admit_all(guesses, 2, T, &wait_s), RC_OK);
		right(guesses, 2);
	}
	ck_assert_int_eq(admit_all(guesses, 2, T, &wait_s), RC_LIMITED);
	ck_assert_int_eq(wait_s, 15);
}
END_TEST

START_TEST(each_kind_has_its_own_counter)
{
	struct guess guess[3];
	int i, j;

	guess_account(&guess[0], GUESS_SECOND, &fx.one);
	guess_account(&guess[1], GUESS_AGAIN, &fx.one);
	guess_account(&guess[2], GUESS_SECOND, &fx.two);
	for (i = 0; i < 3; i++) {
		miss(&guess[i], GUESS_FREE, T);
		for (j = 0; j <= i; j++)
			ck_assert_int_eq(try(&guess[j], T), 15);
	}
	/* And a good password clears neither of the others. */
	right(&guess[1], 1);
	ck_assert_int_eq(try(&guess[0], T), 15);
	ck_assert_int_eq(try(&guess[1], T), 0);
	ck_assert_int_eq(try(&guess[2], T), 15);
}
END_TEST

START_TEST(many_counters_are_counted_all_or_none)
{
	struct guess guesses[2];
	int64_t wait_s;

	name(&guesses[0], GUESS_PASSWORD, "one@example.test");
	name_address(&guesses[1], GUESS_ADDRESS, "192.0.2.1");
	miss(&guesses[0], GUESS_FREE, T);
	ck_assert_int_eq(admit_all(guesses, 2, T, &wait_s), RC_LIMITED);
	ck_assert_int_eq(wait_s, 15);
	ck_assert_int_eq(fixture_int("SELECT COUNT(*) FROM guess"), 1);
	ck_assert_int_eq(admit_all(guesses, 2, T + 15, &wait_s), RC_OK);
	ck_assert_int_eq(fixture_int("SELECT COUNT(*) FROM guess"), 2);
}
END_TEST

START_TEST(an_undone_try_leaves_all_as_it_was)
{
	struct guess guess;

	name(&guess, GUESS_PASSWORD, "one@example.test");
	ck_assert_int_eq(try(&guess, T), 0);
	undo(&guess, 1);
	ck_assert_int_eq(fixture_int("SELECT COUNT(*) FROM guess"), 0);
	miss(&guess, GUESS_FREE, T);
	/* Past the delay a try that came to nothing delays nobody. */
	ck_assert_int_eq(try(&guess, T + 15), 0);
	undo(&guess, 1);
	ck_assert_int_eq(try(&guess, T + 15), 0);
	ck_assert_int_eq(
	    fixture_int("SELECT failures FROM guess"), GUESS_FREE + 1);
	/* Another one's failure in between stays. */
	ck_assert_int_eq(try(&guess, T + 45), 0);
	fixture_sql("UPDATE guess SET failures = failures + 1,"
		    " failed_at = failed_at + 7");
	undo(&guess, 1);
	ck_assert_int_eq(
	    fixture_int("SELECT failures FROM guess"), GUESS_FREE + 2);
	ck_assert_int_eq(
	    fixture_int("SELECT failed_at FROM guess"), T + 45 + 7);
}
END_TEST

START_TEST(a_clock_set_back_locks_nobody_out)
{
	struct guess guess;
	int64_t wait_s;

	name(&guess, GUESS_PASSWORD, "one@example.test");
	miss(&guess, GUESS_FREE, T);
	/* A little: the delay is as much longer. */
	wait_s = try(&guess, T - PEOPLE_CLOCK_SLACK);
	ck_assert_int_eq(wait_s, 15 + PEOPLE_CLOCK_SLACK);
	/* A lot: one try is free, and the counter goes on from there. */
	ck_assert_int_eq(try(&guess, T - 86400), 0);
	ck_assert_int_eq(try(&guess, T - 86400), 30);
	ck_assert_int_eq(try(&guess, T - 86400 + 30), 0);
}
END_TEST

START_TEST(forgetting_one_leaves_the_others)
{
	struct guess one, two;

	name(&one, GUESS_PASSWORD, "one@example.test");
	name(&two, GUESS_PASSWORD, "two@example.test");
	miss(&one, GUESS_FREE, T);
	miss(&two, GUESS_FREE, T);
	fixture_people_begin();
	ck_assert_int_eq(guess_forget(fx.people.db, &one), RC_OK);
	fixture_people_commit();
	ck_assert_int_eq(try(&one, T), 0);
	ck_assert_int_eq(try(&two, T), 15);
}
END_TEST

START_TEST(an_address_is_all_of_ipv4_and_half_of_ipv6)
{
	static const struct {
		const char *one, *other;
		int same;
	} cases[] = {
		{ "192.0.2.1", "192.0.2.1", 1 },
		{ "192.0.2.1", "192.0.2.2", 0 },
		{ "2001:db8::1", "2001:db8::ffff:1", 1 },
		{ "2001:db8::1", "2001:db8:0:1::1", 0 },
	};
	struct guess one, other;

	name_address(&one, GUESS_ADDRESS, cases[_i].one);
	name_address(&other, GUESS_ADDRESS, cases[_i].other);
	miss(&one, 30, T);
	ck_assert_int_eq(try(&one, T), 15);
	ck_assert_int_eq(try(&other, T), cases[_i].same ? 15 : 0);
}
END_TEST

START_TEST(addresses_of_people_are_not_kept)
{
	struct guess guess;

	name(&guess, GUESS_PASSWORD, "one@example.test");
	miss(&guess, 1, T);
	ck_assert_int_eq(fixture_int("SELECT COUNT(*) FROM guess WHERE"
				     " instr(CAST(subject AS TEXT), 'one')"
				     " > 0 OR length(subject) <> 17"),
	    0);
	/* Nor can they be found out without the pepper. */
	memset(fx.pepper.bytes, 1, sizeof(fx.pepper.bytes));
	name(&guess, GUESS_PASSWORD, "one@example.test");
	miss(&guess, 1, T);
	ck_assert_int_eq(fixture_int("SELECT COUNT(*) FROM guess"), 2);
}
END_TEST

START_TEST(mails_to_one_address_are_few)
{
	struct guess guess;
	int64_t now = T, end = T + 86400;
	int n = 0;

	/* Whoever asks as often as he may, all day. */
	name(&guess, GUESS_MAIL_TO, "one@example.test");
	while (now < end) {
		int64_t wait_s = try(&guess, now);

		n += wait_s == 0;
		now += wait_s;
	}
	ck_assert_int_ge(n, 24);
	ck_assert_int_le(n, 40);
}
END_TEST

START_TEST(many_at_once_get_no_more_tries_than_one)
{
	enum { CHILDREN = 8, TRIES = 5 };
	struct people people;
	struct guess guess;
	int64_t wait_s;
	int i, j, status;
	pid_t pid;

	for (i = 0; i < CHILDREN; i++) {
		if ((pid = fork()) != 0) {
			ck_assert_int_gt(pid, 0);
			continue;
		}
		/* A connection of its own. */
		if (people_open(&fx.config, NULL, &people) != RC_OK ||
		    guess_email(&guess, GUESS_PASSWORD, &fx.pepper,
			"one@example.test") != RC_OK)
			_exit(100);
		for (j = 0, status = 0; j < TRIES; j++) {
			if (db_begin(people.db, DB_WRITE) != RC_OK)
				_exit(101);
			status +=
			    db_end(people.db, guess_admit(people.db, &guess, 1,
						  T, &wait_s)) == RC_OK;
		}
		_exit(status);
	}
	for (i = 0, j = 0; i < CHILDREN; i++) {
		ck_assert_int_gt(wait(&status), 0);
		ck_assert(WIFEXITED(status));
		ck_assert_int_lt(WEXITSTATUS(status), 100);
		j += WEXITSTATUS(status);
	}
	ck_assert_int_eq(j, GUESS_FREE);
}
END_TEST

static Suite *
make_suite(void)
{
	Suite *suite = suite_create("guess");
	TCase *tc = tcase_create("guess");

	tcase_add_checked_fixture(tc, fixture_people_setup, fixture_teardown);
	tcase_add_loop_test(
	    tc, the_delay_grows_after_five_failures_to_fifteen_minutes, 0, 3);
	tcase_add_test(tc, what_comes_too_early_counts_as_nothing);
	tcase_add_test(tc, an_hour_without_a_failure_forgets_it);
	tcase_add_test(tc, a_right_one_starts_it_anew);
	tcase_add_test(
	    tc, a_right_one_gives_an_address_one_try_back_and_no_more);
	tcase_add_test(tc, each_kind_has_its_own_counter);
	tcase_add_test(tc, many_counters_are_counted_all_or_none);
	tcase_add_test(tc, an_undone_try_leaves_all_as_it_was);
	tcase_add_test(tc, a_clock_set_back_locks_nobody_out);
	tcase_add_test(tc, forgetting_one_leaves_the_others);
	tcase_add_loop_test(
	    tc, an_address_is_all_of_ipv4_and_half_of_ipv6, 0, 4);
	tcase_add_test(tc, addresses_of_people_are_not_kept);
	tcase_add_test(tc, mails_to_one_address_are_few);
	tcase_add_test(tc, many_at_once_get_no_more_tries_than_one);
	suite_add_tcase(suite, tc);
	return suite;
}

SUITE_MAIN(make_suite)
