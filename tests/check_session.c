/* SPDX-License-Identifier: ISC */
/*
 * lib/session: tokens, how long they are good, and whose they are.
 */
#include "session.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fixture.h"
#include "login.h"
#include "suite.h"

enum { T = FIXTURE_NOW };

static struct session_token token;
static struct session session;

/* Starts one in a transaction of its own. */
static void
start(const struct caller *caller, enum session_stage stage, int64_t now)
{
	fixture_people_begin();
	ck_assert_int_eq(session_start(fx.people.db, caller->account_id, stage,
			     "192.0.2.1", "Browser/1.0", now, &session, &token),
	    RC_OK);
	fixture_people_commit();
}

/* Finds what a token stands for. */
static enum rc
find(const char *text, int64_t now, struct session *found)
{
	return session_find(fx.people.db, text, strlen(text), now, found);
}

static enum rc
renew(struct session *old, enum session_stage stage, int64_t now,
    struct session_token *new_token)
{
	fixture_people_begin();
	return db_end(fx.people.db,
	    session_renew(fx.people.db, stage, now, old, new_token));
}

START_TEST(a_token_finds_its_session)
{
	struct session found;

	start(&fx.one, SESSION_FULL, T);
	ck_assert_uint_eq(strlen(token.s), SESSION_TOKEN_LEN);
	ck_assert_int_eq(find(token.s, T, &found), RC_OK);
	ck_assert_int_eq(found.id, session.id);
	ck_assert_int_eq(found.account_id, fx.one.account_id);
	ck_assert_int_eq(found.stage, SESSION_FULL);
	ck_assert_int_eq(found.created_at, T);
	ck_assert_mem_eq(found.hash, session.hash, SECRET_HASH_LEN);
}
END_TEST

START_TEST(it_tells_the_time_zone_of_its_owner)
{
	struct session found;

	start(&fx.one, SESSION_FULL, T);
	ck_assert_int_eq(find(token.s, T, &found), RC_OK);
	ck_assert_str_eq(found.time_zone, "");
	ck_assert_int_eq(
	    login_set_time_zone(&fx.people, &fx.one, "Asia/Tokyo"), RC_OK);
	ck_assert_int_eq(find(token.s, T, &found), RC_OK);
	ck_assert_str_eq(found.time_zone, "Asia/Tokyo");
	start(&fx.two, SESSION_FULL, T);
	ck_assert_int_eq(find(token.s, T, &found), RC_OK);
	ck_assert_str_eq(found.time_zone, "");
}
END_TEST

START_TEST(only_its_hash_is_stored)
{
	unsigned char hash[SECRET_HASH_LEN];
	char *file;
	size_t len;

	start(&fx.one, SESSION_FULL, T);
	ck_assert_int_eq(
	    secret_sha256(token.s, SESSION_TOKEN_LEN, hash), RC_OK);
	file = fixture_read(fx.people_path, &len);
	ck_assert_ptr_null(memmem(file, len, token.s, SESSION_TOKEN_LEN));
	ck_assert_ptr_nonnull(memmem(file, len, hash, sizeof(hash)));
	free(file);
}
END_TEST

START_TEST(tokens_differ)
{
	struct session_token first;

	start(&fx.one, SESSION_FULL, T);
	first = token;
	start(&fx.one, SESSION_FULL, T);
	ck_assert_str_ne(first.s, token.s);
}
END_TEST

START_TEST(what_is_no_token_finds_nothing)
{
	static const struct session none;
	struct session found;
	char text[128];
	int i;

	start(&fx.one, SESSION_FULL, T);
	/* One character another, at each place; missing; too many. */
	for (i = 0; i < SESSION_TOKEN_LEN; i++) {
		memcpy(text, token.s, sizeof(token.s));
		text[i] = text[i] == 'a' ? 'b' : 'a';
		ck_assert_int_eq(find(text, T, &found), RC_DENIED);
		text[i] = '\0';
		ck_assert_int_eq(find(text, T, &found), RC_DENIED);
		text[i] = '-';
		ck_assert_int_eq(find(text, T, &found), RC_DENIED);
	}
	(void)snprintf(text, sizeof(text), "%sa", token.s);
	ck_assert_int_eq(find(text, T, &found), RC_DENIED);
	ck_assert_int_eq(find("", T, &found), RC_DENIED);
	ck_assert_mem_eq(&found, &none, sizeof(none));
}
END_TEST

START_TEST(thirty_minutes_idle_end_it)
{
	struct session found;

	start(&fx.one, SESSION_FULL, T);
	ck_assert_int_eq(find(token.s, T + SESSION_IDLE - 1, &found), RC_OK);
	/* That was seen. */
	ck_assert_int_eq(
	    find(token.s, T + 2 * (SESSION_IDLE - 1), &found), RC_OK);
	ck_assert_int_eq(
	    find(token.s, T + 3 * SESSION_IDLE - 2, &found), RC_DENIED);
}
END_TEST

START_TEST(twelve_hours_end_it_however_busy)
{
	struct session found;
	int64_t now;

	start(&fx.one, SESSION_FULL, T);
	for (now = T; now < T + SESSION_MAX; now += 1000)
		ck_assert_int_eq(find(token.s, now, &found), RC_OK);
	ck_assert_int_eq(find(token.s, T + SESSION_MAX - 1, &found), RC_OK);
	ck_assert_int_eq(find(token.s, T + SESSION_MAX, &found), RC_DENIED);
	/* A new token makes it no younger. */
	ck_assert_int_eq(find(token.s, T + SESSION_MAX - 1, &found), RC_OK);
	ck_assert_int_eq(
	    renew(&found, SESSION_FULL, T + SESSION_MAX - 1, &token), RC_OK);
	ck_assert_int_eq(find(token.s, T + SESSION_MAX, &found), RC_DENIED);
}
END_TEST

START_TEST(half_a_log_in_is_over_after_ten_minutes)
{
	struct session found;

	start(&fx.one, SESSION_PASSWORD, T);
	ck_assert_int_eq(
	    find(token.s, T + SESSION_SECOND_MAX - 1, &found), RC_OK);
	ck_assert_int_eq(found.stage, SESSION_PASSWORD);
	ck_assert_int_eq(
	    find(token.s, T + SESSION_SECOND_MAX, &found), RC_DENIED);
}
END_TEST

START_TEST(being_seen_is_written_once_a_minute)
{
	struct session found;
	struct stat before, after;

	start(&fx.one, SESSION_FULL, T);
	ck_assert_int_eq(stat(fx.people_path, &before), 0);
	ck_assert_int_eq(
	    find(token.s, T + SESSION_SEEN_EVERY - 1, &found), RC_OK);
	ck_assert_int_eq(stat(fx.people_path, &after), 0);
	ck_assert_int_eq(after.st_mtim.tv_sec, before.st_mtim.tv_sec);
	ck_assert_int_eq(after.st_mtim.tv_nsec, before.st_mtim.tv_nsec);
	ck_assert_int_eq(fixture_int("SELECT seen_at FROM session"), T);
	ck_assert_int_eq(find(token.s, T + SESSION_SEEN_EVERY, &found), RC_OK);
	ck_assert_int_eq(found.seen_at, T + SESSION_SEEN_EVERY);
	ck_assert_int_eq(
	    fixture_int("SELECT seen_at FROM session"), T + SESSION_SEEN_EVERY);
}
END_TEST

START_TEST(a_clock_set_back_makes_no_session_live_longer)
{
	struct session found;

	start(&fx.one, SESSION_FULL, T);
	/* A little is taken for now. */
	ck_assert_int_eq(find(token.s, T - 300, &found), RC_OK);
	ck_assert_int_eq(find(token.s, T - 301, &found), RC_DENIED);
	/* And what was seen later stays so. */
	ck_assert_int_eq(find(token.s, T + 600, &found), RC_OK);
	ck_assert_int_eq(find(token.s, T + 301, &found), RC_OK);
	ck_assert_int_eq(fixture_int("SELECT seen_at FROM session"), T + 600);
	ck_assert_int_eq(find(token.s, T + 200, &found), RC_DENIED);
}
END_TEST

START_TEST(a_new_token_kills_the_old_one)
{
	struct session_token new_token;
	struct session found, stale;

	start(&fx.one, SESSION_PASSWORD, T);
	stale = session;
	ck_assert_int_eq(
	    renew(&session, SESSION_FULL, T + 1, &new_token), RC_OK);
	ck_assert_str_ne(new_token.s, token.s);
	ck_assert_int_eq(find(token.s, T + 1, &found), RC_DENIED);
	ck_assert_int_eq(find(new_token.s, T + 1, &found), RC_OK);
	ck_assert_int_eq(found.id, session.id);
	ck_assert_int_eq(found.stage, SESSION_FULL);
	ck_assert_mem_eq(found.hash, session.hash, SECRET_HASH_LEN);
	/* Whoever comes with what it was before gets nothing. */
	ck_assert_int_eq(
	    renew(&stale, SESSION_FULL, T + 1, &new_token), RC_DENIED);
	ck_assert_str_eq(new_token.s, "");
}
END_TEST

START_TEST(two_at_once_get_one_new_token)
{
	struct session_token new_token;
	struct people people;
	int i, status, won = 0;
	pid_t pid;

	start(&fx.one, SESSION_PASSWORD, T);
	for (i = 0; i < 4; i++) {
		if ((pid = fork()) != 0) {
			ck_assert_int_gt(pid, 0);
			continue;
		}
		if (people_open(&fx.config, NULL, &people) != RC_OK ||
		    db_begin(people.db, DB_WRITE) != RC_OK)
			_exit(2);
		_exit(db_end(people.db, session_renew(people.db, SESSION_FULL,
					    T, &session, &new_token)) == RC_OK);
	}
	for (i = 0; i < 4; i++) {
		ck_assert_int_gt(wait(&status), 0);
		ck_assert(WIFEXITED(status) && WEXITSTATUS(status) < 2);
		won += WEXITSTATUS(status);
	}
	ck_assert_int_eq(won, 1);
}
END_TEST

static enum rc
end(const struct caller *caller, int64_t id)
{
	fixture_people_begin();
	return db_end(fx.people.db, session_end(fx.people.db, caller, id));
}

START_TEST(another_accounts_session_is_not_found)
{
	struct session found;

	start(&fx.one, SESSION_FULL, T);
	ck_assert_int_eq(end(&fx.two, session.id), RC_NOT_FOUND);
	ck_assert_int_eq(find(token.s, T, &found), RC_OK);
	ck_assert_int_eq(end(&fx.one, session.id), RC_OK);
	ck_assert_int_eq(find(token.s, T, &found), RC_DENIED);
	ck_assert_int_eq(end(&fx.one, session.id), RC_NOT_FOUND);
}
END_TEST

START_TEST(ending_all_others_keeps_one_and_everybody_elses)
{
	struct session_token keep, others;
	struct session found;
	int64_t keep_id, n = -1;

	start(&fx.two, SESSION_FULL, T);
	others = token;
	start(&fx.one, SESSION_FULL, T);
	keep = token;
	keep_id = session.id;
	start(&fx.one, SESSION_FULL, T);
	start(&fx.one, SESSION_PASSWORD, T);
	fixture_people_begin();
	ck_assert_int_eq(
	    session_end_others(fx.people.db, &fx.one, keep_id, &n), RC_OK);
	fixture_people_commit();
	ck_assert_int_eq(n, 2);
	ck_assert_int_eq(find(token.s, T, &found), RC_DENIED);
	ck_assert_int_eq(find(keep.s, T, &found), RC_OK);
	ck_assert_int_eq(find(others.s, T, &found), RC_OK);
	/* With 0 none stays. */
	fixture_people_begin();
	ck_assert_int_eq(
	    session_end_others(fx.people.db, &fx.one, 0, &n), RC_OK);
	fixture_people_commit();
	ck_assert_int_eq(n, 1);
	ck_assert_int_eq(find(keep.s, T, &found), RC_DENIED);
	ck_assert_int_eq(find(others.s, T, &found), RC_OK);
}
END_TEST

/* Writes down a list: "id@seen ". */
static enum rc
write_row(void *arg, const struct session_row *row)
{
	char *list = arg;
	size_t len = strlen(list);

	ck_assert_str_eq(row->address, "192.0.2.1");
	ck_assert_str_eq(row->agent, "Browser/1.0");
	(void)snprintf(list + len, 256 - len, "%lld@%lld ", (long long)row->id,
	    (long long)(row->seen_at - T));
	return RC_OK;
}

START_TEST(the_list_has_ones_own_that_are_not_over)
{
	struct session found;
	char list[256] = "";

	start(&fx.one, SESSION_FULL, T);           /* 1, over by then */
	start(&fx.one, SESSION_FULL, T + 100);     /* 2 */
	start(&fx.one, SESSION_PASSWORD, T + 100); /* 3, half */
	start(&fx.two, SESSION_FULL, T + 100);     /* 4, not ours */
	start(&fx.one, SESSION_FULL, T + 200);     /* 5 */
	ck_assert_int_eq(find(token.s, T + 300, &found), RC_OK);
	ck_assert_int_eq(db_begin(fx.people.db, DB_READ), RC_OK);
	ck_assert_int_eq(session_each(fx.people.db, &fx.one, T + SESSION_IDLE,
			     write_row, list),
	    RC_OK);
	db_rollback(fx.people.db);
	ck_assert_str_eq(list, "5@300 2@100 ");
}
END_TEST

static enum rc
stop(void *arg, const struct session_row *row)
{
	(void)row;
	++*(int *)arg;
	return RC_LIMITED;
}

START_TEST(the_list_stops_when_it_is_told_to)
{
	int n = 0;

	start(&fx.one, SESSION_FULL, T);
	start(&fx.one, SESSION_FULL, T);
	ck_assert_int_eq(db_begin(fx.people.db, DB_READ), RC_OK);
	ck_assert_int_eq(
	    session_each(fx.people.db, &fx.one, T, stop, &n), RC_LIMITED);
	db_rollback(fx.people.db);
	ck_assert_int_eq(n, 1);
}
END_TEST

START_TEST(an_account_has_a_hundred_and_no_more)
{
	struct session_token first, others;
	struct session found;
	int i;

	start(&fx.two, SESSION_FULL, T);
	others = token;
	start(&fx.one, SESSION_FULL, T);
	first = token;
	for (i = 1; i < SESSION_LIST_MAX; i++)
		start(&fx.one, SESSION_FULL, T);
	ck_assert_int_eq(find(first.s, T, &found), RC_OK);
	start(&fx.one, SESSION_FULL, T);
	ck_assert_int_eq(find(first.s, T, &found), RC_DENIED);
	ck_assert_int_eq(find(others.s, T, &found), RC_OK);
}
END_TEST

START_TEST(many_halves_end_no_whole_one)
{
	struct session_token whole, half;
	struct session found;
	int i;

	start(&fx.one, SESSION_FULL, T);
	whole = token;
	start(&fx.one, SESSION_PASSWORD, T);
	half = token;
	for (i = 0; i < SESSION_LIST_MAX; i++)
		start(&fx.one, SESSION_PASSWORD, T);
	ck_assert_int_eq(find(half.s, T, &found), RC_DENIED);
	ck_assert_int_eq(find(whole.s, T, &found), RC_OK);
}
END_TEST

START_TEST(the_browsers_words_become_one_short_line)
{
	char agent[1000], *kept;

	memset(agent, 'x', sizeof(agent) - 1);
	memcpy(agent, "<b>\r\n\x1b[2J", 9);
	agent[sizeof(agent) - 1] = '\0';
	fixture_people_begin();
	ck_assert_int_eq(
	    session_start(fx.people.db, fx.one.account_id, SESSION_FULL,
		"192.0.2.1", agent, T, &session, &token),
	    RC_OK);
	fixture_people_commit();
	kept = fixture_text("SELECT agent FROM session");
	ck_assert_uint_eq(strlen(kept), SESSION_AGENT_MAX);
	ck_assert_int_eq(strncmp(kept, "<b>???[2Jxxx", 12), 0);
	free(kept);
}
END_TEST

START_TEST(a_number_is_never_used_again)
{
	int64_t id;

	start(&fx.one, SESSION_FULL, T);
	id = session.id;
	ck_assert_int_eq(end(&fx.one, id), RC_OK);
	start(&fx.one, SESSION_FULL, T);
	ck_assert_int_gt(session.id, id);
}
END_TEST

static Suite *
make_suite(void)
{
	Suite *suite = suite_create("session");
	TCase *tc = tcase_create("session");

	tcase_add_checked_fixture(tc, fixture_people_setup, fixture_teardown);
	tcase_add_test(tc, a_token_finds_its_session);
	tcase_add_test(tc, it_tells_the_time_zone_of_its_owner);
	tcase_add_test(tc, only_its_hash_is_stored);
	tcase_add_test(tc, tokens_differ);
	tcase_add_test(tc, what_is_no_token_finds_nothing);
	tcase_add_test(tc, thirty_minutes_idle_end_it);
	tcase_add_test(tc, twelve_hours_end_it_however_busy);
	tcase_add_test(tc, half_a_log_in_is_over_after_ten_minutes);
	tcase_add_test(tc, being_seen_is_written_once_a_minute);
	tcase_add_test(tc, a_clock_set_back_makes_no_session_live_longer);
	tcase_add_test(tc, a_new_token_kills_the_old_one);
	tcase_add_test(tc, two_at_once_get_one_new_token);
	tcase_add_test(tc, another_accounts_session_is_not_found);
	tcase_add_test(tc, ending_all_others_keeps_one_and_everybody_elses);
	tcase_add_test(tc, the_list_has_ones_own_that_are_not_over);
	tcase_add_test(tc, the_list_stops_when_it_is_told_to);
	tcase_add_test(tc, an_account_has_a_hundred_and_no_more);
	tcase_add_test(tc, many_halves_end_no_whole_one);
	tcase_add_test(tc, the_browsers_words_become_one_short_line);
	tcase_add_test(tc, a_number_is_never_used_again);
	suite_add_tcase(suite, tc);
	return suite;
}

SUITE_MAIN(make_suite)
