/* SPDX-License-Identifier: ISC */
/*
 * lib/attempt: what an owner sees of the attempts at an endpoint, page by
 * page, and what is sent again: of one event and since a time, by the
 * endpoint's own account alone.
 */
#include "attempt.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "event.h"
#include "fixture.h"
#include "suite.h"
#include "webhook.h"

enum {
	LATER = FIXTURE_NOW + 1000000,
	/* Endpoints: two of the first account's, one of the second's. */
	MINE = 1,
	MINE_2 = 2,
	THEIRS = 3
};

static void
setup(void)
{
	fixture_setup();
	fixture_sql(
	    "INSERT INTO webhook (id, account_id, api_key_id, url,"
	    " events, status, secret, hint, created_at) VALUES"
	    " (1, %" PRId64 ", 1, 'https://a.example', 1, 1, x'', '', 0),"
	    " (2, %" PRId64 ", 1, 'https://b.example', 1, 1, x'', '', 0),"
	    " (3, %" PRId64 ", 2, 'https://c.example', 1, 1, x'', '', 0)",
	    fx.one.account_id, fx.one.account_id, fx.two.account_id);
}

/* An event of the account with that id, named evt_ID. */
static void
add_event(const struct caller *caller, int64_t id)
{
	fixture_sql("INSERT INTO event (id, account_id, name, subject, type,"
		    " body, created_at) VALUES (%" PRId64 ", %" PRId64
		    ", 'evt_%" PRId64 "', 'test:%" PRId64 "', %d, '{}', 0)",
	    id, caller->account_id, id, id, EVENT_ORDER_COMPLETED);
}

/* Where it stands: status, attempts, next_at, leased, done_at. */
static void
add_delivery(int64_t event_id, int64_t webhook_id, const char *values)
{
	fixture_sql("INSERT INTO delivery (event_id, webhook_id, status,"
		    " attempts, next_at, leased, done_at)"
		    " VALUES (%" PRId64 ", %" PRId64 ", %s)",
	    event_id, webhook_id, values);
}

/* A delivery as add_delivery has it. */
static void
must_stand(int64_t event_id, int64_t webhook_id, const char *expected)
{
	char *row = fixture_text(
	    "SELECT status || ', ' || attempts || ', ' || next_at || ', ' ||"
	    " leased || ', ' || COALESCE(done_at, 'NULL') FROM delivery"
	    " WHERE event_id = %" PRId64 " AND webhook_id = %" PRId64,
	    event_id, webhook_id);

	ck_assert_str_eq(row, expected);
	free(row);
}

/* --- listing -------------------------------------------------------------- */

/* The list as text, and a countdown to a failure. */
struct lines {
	char text[8192];
	int n, left;
	enum rc rc;
};

static enum rc
note(void *arg, const struct attempt *a)
{
	struct lines *lines = arg;
	size_t len = strlen(lines->text);

	(void)snprintf(lines->text + len, sizeof(lines->text) - len,
	    "%" PRId64 " %s %d %s %" PRId64 " %" PRId64 " %" PRId64
	    " %s %s %" PRId64 ";",
	    a->seq, a->event != NULL ? a->event : "-", a->type,
	    attempt_outcome_name(a->outcome), a->attempted_at, a->duration_ms,
	    a->http_status, a->error != NULL ? a->error : "-",
	    a->answer != NULL ? a->answer : "-", a->next_at);
	lines->n++;
	return --lines->left == 0 ? lines->rc : RC_OK;
}

static enum rc
list(const struct caller *caller, int64_t webhook_id, int outcome,
    int64_t before, struct lines *lines)
{
	enum rc rc;

	lines->text[0] = '\0';
	lines->n = 0;
	ck_assert_int_eq(db_begin(fx.db, DB_READ), RC_OK);
	rc = attempt_each(
	    fx.db, caller, webhook_id, outcome, before, note, lines);
	return db_end(fx.db, rc);
}

/* Gives the seqs of a list as "3 2 1"; borrowed until the next call. */
static const char *
seqs(const struct caller *caller, int64_t webhook_id, int outcome,
    int64_t before)
{
	static char text[1024];
	struct lines lines = { .left = 0 };
	char *line, *rest = lines.text;
	size_t len = 0;

	ck_assert_int_eq(
	    list(caller, webhook_id, outcome, before, &lines), RC_OK);
	text[0] = '\0';
	while ((line = strsep(&rest, ";")) != NULL && line[0] != '\0')
		len +=
		    (size_t)snprintf(text + len, sizeof(text) - len, "%s%.*s",
			len > 0 ? " " : "", (int)strcspn(line, " "), line);
	return text;
}

/* "last ... first", each by step. */
static const char *
down(int last, int first, int step)
{
	static char text[1024];
	size_t len = 0;
	int i;

	text[0] = '\0';
	for (i = last; i >= first; i -= step)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%d",
		    len > 0 ? " " : "", i);
	return text;
}

/* n attempts at an endpoint; every third is blocked, every third failed. */
static void
add_attempts(int64_t webhook_id, int n)
{
	fixture_sql("WITH RECURSIVE n (i) AS"
		    " (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d)"
		    " INSERT INTO attempt (webhook_id, seq, event_id, outcome,"
		    " attempted_at, duration_ms)"
		    " SELECT %" PRId64 ", i, 1, 1 + i %% 3, i, 0 FROM n",
	    n, webhook_id);
}

START_TEST(an_attempt_is_shown_with_all_that_is_known)
{
	struct lines lines = { .left = 0 };

	add_event(&fx.one, 7);
	fixture_sql(
	    "INSERT INTO attempt (webhook_id, seq, event_id, outcome,"
	    " attempted_at, duration_ms, http_status, error, answer,"
	    " next_at) VALUES"
	    " (1, 1, 7, 2, 100, 15, 500, 'it said 500', 'oops', 160),"
	    " (1, 2, 7, 3, 160, 1, NULL, 'not public', NULL, 3760),"
	    " (1, 3, 7, 1, 3760, 20, 204, NULL, NULL, NULL),"
	    " (1, 4, 99, 2, 4000, 5000, NULL, 'no answer', NULL, NULL)");
	ck_assert_int_eq(list(&fx.one, MINE, 0, 0, &lines), RC_OK);
	/* The event of the newest has been swept. */
	ck_assert_str_eq(lines.text,
	    "4 - -1 failed 4000 5000 0 no answer - 0;"
	    "3 evt_7 2 delivered 3760 20 204 - - 0;"
	    "2 evt_7 2 blocked 160 1 0 not public - 3760;"
	    "1 evt_7 2 failed 100 15 500 it said 500 oops 160;");
}
END_TEST

START_TEST(the_newest_fifty_come_first_and_the_rest_before_them)
{
	add_attempts(MINE, 120);
	ck_assert_int_eq(ATTEMPT_LIMIT, 50);
	ck_assert_str_eq(seqs(&fx.one, MINE, 0, 0), down(120, 71, 1));
	ck_assert_str_eq(seqs(&fx.one, MINE, 0, 71), down(70, 21, 1));
	ck_assert_str_eq(seqs(&fx.one, MINE, 0, 21), down(20, 1, 1));
	ck_assert_str_eq(seqs(&fx.one, MINE, 0, 2), "1");
	ck_assert_str_eq(seqs(&fx.one, MINE, 0, 1), "");
	ck_assert_str_eq(seqs(&fx.one, MINE, 0, 121), down(120, 71, 1));
	ck_assert_str_eq(seqs(&fx.one, MINE, 0, INT64_MAX), down(120, 71, 1));
}
END_TEST

/* Filtered first, counted then. */
START_TEST(an_outcome_is_filtered_before_fifty_are_counted)
{
	add_attempts(MINE, 180);
	ck_assert_str_eq(
	    seqs(&fx.one, MINE, ATTEMPT_DELIVERED, 0), down(180, 33, 3));
	ck_assert_str_eq(
	    seqs(&fx.one, MINE, ATTEMPT_DELIVERED, 33), down(30, 3, 3));
	ck_assert_str_eq(
	    seqs(&fx.one, MINE, ATTEMPT_FAILED, 0), down(178, 31, 3));
	ck_assert_str_eq(
	    seqs(&fx.one, MINE, ATTEMPT_BLOCKED, 20), down(17, 2, 3));
	ck_assert_str_eq(seqs(&fx.one, MINE, 4, 0), "");
}
END_TEST

START_TEST(an_endpoint_has_attempts_of_its_own)
{
	add_attempts(MINE, 3);
	add_attempts(MINE_2, 2);
	ck_assert_str_eq(seqs(&fx.one, MINE, 0, 0), "3 2 1");
	ck_assert_str_eq(seqs(&fx.one, MINE_2, 0, 0), "2 1");
	ck_assert_str_eq(seqs(&fx.one, 99, 0, 0), "");
	ck_assert_str_eq(seqs(&fx.one, 0, 0, 0), "");
}
END_TEST

START_TEST(another_account_sees_no_attempt)
{
	add_attempts(MINE, 3);
	add_attempts(THEIRS, 1);
	ck_assert_str_eq(seqs(&fx.two, MINE, 0, 0), "");
	ck_assert_str_eq(seqs(&fx.two, MINE, ATTEMPT_FAILED, 100), "");
	ck_assert_str_eq(seqs(&fx.one, THEIRS, 0, 0), "");
	ck_assert_str_eq(seqs(&fx.two, THEIRS, 0, 0), "1");
}
END_TEST

START_TEST(a_removed_endpoint_has_no_attempts)
{
	struct why why;

	add_attempts(MINE, 3);
	fixture_begin();
	ck_assert_int_eq(webhook_remove(fx.db, &fx.one, MINE, &why), RC_OK);
	fixture_commit();
	ck_assert_str_eq(seqs(&fx.one, MINE, 0, 0), "");
}
END_TEST

START_TEST(a_list_ends_when_it_is_told_to)
{
	static const enum rc rcs[] = { RC_FAIL, RC_BUSY, RC_INVALID,
		RC_NOT_FOUND };
	struct lines lines = { .left = 2, .rc = rcs[_i] };

	add_attempts(MINE, 5);
	ck_assert_int_eq(list(&fx.one, MINE, 0, 0, &lines), rcs[_i]);
	ck_assert_int_eq(lines.n, 2);
}
END_TEST

START_TEST(an_outcome_has_a_name)
{
	ck_assert_str_eq(attempt_outcome_name(ATTEMPT_DELIVERED), "delivered");
	ck_assert_str_eq(attempt_outcome_name(ATTEMPT_FAILED), "failed");
	ck_assert_str_eq(attempt_outcome_name(ATTEMPT_BLOCKED), "blocked");
	ck_assert_ptr_null(attempt_outcome_name(0));
	ck_assert_ptr_null(attempt_outcome_name(-1));
	ck_assert_ptr_null(attempt_outcome_name(4));
}
END_TEST

/* --- one event again ------------------------------------------------------ */

static enum rc
resend(const struct caller *caller, int64_t webhook_id, const char *event,
    struct why *why)
{
	*why = (struct why){ 0 };
	fixture_begin();
	return db_end(fx.db,
	    attempt_resend_event(fx.db, caller, webhook_id, event, LATER, why));
}

/* How it stood and what is left of that: all, or done_at. */
static const struct {
	const char *was;
	const char *done_at; /* NULL: it stays as it is */
} resent[] = {
	/* delivered */
	{ "2, 0, 50, 0, 50", "50" },
	/* given up */
	{ "3, 10, 60, 0, 40", "40" },
	/* waiting for its next attempt: now, and as if for the first time */
	{ "1, 4, 2000000000, 0, 30", "30" },
	/* not yet tried */
	{ "1, 0, 10, 0, NULL", "NULL" },
	/* in a sender's hands: it stays there, and arrives */
	{ "1, 4, 1700000090, 1, 30", NULL },
	{ "1, 0, 1700000090, 1, NULL", NULL },
};

START_TEST(an_event_is_sent_again_whatever_became_of_it)
{
	char expected[64];
	struct why why;

	add_event(&fx.one, 7);
	add_event(&fx.one, 8);
	add_delivery(7, MINE, resent[_i].was);
	add_delivery(7, MINE_2, resent[_i].was);
	add_delivery(8, MINE, resent[_i].was);
	ck_assert_int_eq(resend(&fx.one, MINE, "evt_7", &why), RC_OK);
	ck_assert_int_eq(why.error, ERROR_NONE);
	(void)snprintf(expected, sizeof(expected), "1, 0, %d, 0, %s", LATER,
	    resent[_i].done_at != NULL ? resent[_i].done_at : "");
	must_stand(
	    7, MINE, resent[_i].done_at != NULL ? expected : resent[_i].was);
	/* Nothing else is. */
	must_stand(7, MINE_2, resent[_i].was);
	must_stand(8, MINE, resent[_i].was);
}
END_TEST

static void
must_be_unknown(
    const struct caller *caller, int64_t webhook_id, const char *event)
{
	struct why why;

	ck_assert_int_eq(resend(caller, webhook_id, event, &why), RC_NOT_FOUND);
	ck_assert_int_eq(why.error, ERROR_EVENT);
}

START_TEST(an_event_that_is_not_the_endpoints_is_not_found)
{
	static const char stood[] = "3, 10, 60, 0, 40";
	static const char leased[] = "1, 1, 60, 1, 40";

	add_event(&fx.one, 7);
	add_event(&fx.two, 8);
	add_event(&fx.one, 9);
	add_delivery(7, MINE, stood);
	add_delivery(8, THEIRS, stood);
	add_delivery(9, MINE, leased);
	must_be_unknown(&fx.one, MINE, "");
	must_be_unknown(&fx.one, MINE, "evt_");
	must_be_unknown(&fx.one, MINE, "7");
	must_be_unknown(&fx.one, MINE, "EVT_7");
	must_be_unknown(&fx.one, MINE, "evt_7 ");
	must_be_unknown(&fx.one, MINE, "evt_%");
	must_be_unknown(&fx.one, MINE, "evt_1000");
	/* It went to another endpoint of the account. */
	must_be_unknown(&fx.one, MINE_2, "evt_7");
	must_be_unknown(&fx.one, MINE_2, "evt_9");
	must_be_unknown(&fx.one, 0, "evt_7");
	must_be_unknown(&fx.one, 99, "evt_7");
	/* It is another account's, or the endpoint is, or both are. */
	must_be_unknown(&fx.one, THEIRS, "evt_8");
	must_be_unknown(&fx.one, MINE, "evt_8");
	must_be_unknown(&fx.one, THEIRS, "evt_7");
	must_be_unknown(&fx.two, MINE, "evt_7");
	must_be_unknown(&fx.two, MINE, "evt_9");
	must_be_unknown(&fx.two, THEIRS, "evt_7");
	must_stand(7, MINE, stood);
	must_stand(8, THEIRS, stood);
	must_stand(9, MINE, leased);
}
END_TEST

/* Even if rows say that another account's event is for this endpoint. */
START_TEST(another_accounts_event_is_not_found_at_ones_own_endpoint)
{
	static const char stood[] = "3, 10, 60, 0, 40";

	add_event(&fx.two, 8);
	add_delivery(8, MINE, stood);
	must_be_unknown(&fx.one, MINE, "evt_8");
	must_be_unknown(&fx.two, MINE, "evt_8");
	must_stand(8, MINE, stood);
}
END_TEST

START_TEST(nothing_is_sent_again_to_a_removed_endpoint)
{
	static const char stood[] = "3, 10, 60, 0, 40";
	static const char leased[] = "1, 1, 60, 1, 40";
	struct why why;
	int64_t n = -1;

	add_event(&fx.one, 7);
	add_event(&fx.one, 8);
	add_delivery(7, MINE, stood);
	add_delivery(8, MINE, leased);
	fixture_begin();
	ck_assert_int_eq(webhook_remove(fx.db, &fx.one, MINE, &why), RC_OK);
	fixture_commit();
	must_be_unknown(&fx.one, MINE, "evt_7");
	must_be_unknown(&fx.one, MINE, "evt_8");
	fixture_begin();
	ck_assert_int_eq(
	    attempt_resend_since(fx.db, &fx.one, MINE, 0, LATER, &n), RC_OK);
	fixture_commit();
	ck_assert_int_eq(n, 0);
	must_stand(7, MINE, stood);
	must_stand(8, MINE, leased);
}
END_TEST

/* --- all since a time ----------------------------------------------------- */

static int64_t
resend_since(const struct caller *caller, int64_t webhook_id, int64_t since)
{
	int64_t n = -1;

	fixture_begin();
	ck_assert_int_eq(
	    attempt_resend_since(fx.db, caller, webhook_id, since, LATER, &n),
	    RC_OK);
	fixture_commit();
	return n;
}

START_TEST(what_was_given_up_since_a_time_is_sent_again)
{
	char again[64];

	add_event(&fx.one, 1);
	add_event(&fx.one, 2);
	add_event(&fx.one, 3);
	add_event(&fx.one, 4);
	add_event(&fx.one, 5);
	add_delivery(1, MINE, "3, 10, 60, 0, 999");
	add_delivery(2, MINE, "3, 10, 60, 0, 1000");
	add_delivery(3, MINE, "3, 1, 60, 0, 1001");
	/* Delivered, and on its way: those stay. */
	add_delivery(4, MINE, "2, 0, 60, 0, 2000");
	add_delivery(5, MINE, "1, 3, 60, 0, 2000");
	add_delivery(2, MINE_2, "3, 10, 60, 0, 2000");
	ck_assert_int_eq(resend_since(&fx.one, MINE, 1002), 0);
	ck_assert_int_eq(resend_since(&fx.one, MINE, 1000), 2);
	must_stand(1, MINE, "3, 10, 60, 0, 999");
	(void)snprintf(again, sizeof(again), "1, 0, %d, 0, 1000", LATER);
	must_stand(2, MINE, again);
	(void)snprintf(again, sizeof(again), "1, 0, %d, 0, 1001", LATER);
	must_stand(3, MINE, again);
	must_stand(4, MINE, "2, 0, 60, 0, 2000");
	must_stand(5, MINE, "1, 3, 60, 0, 2000");
	must_stand(2, MINE_2, "3, 10, 60, 0, 2000");
	/* They are on their way now. */
	ck_assert_int_eq(resend_since(&fx.one, MINE, 1000), 0);
	ck_assert_int_eq(resend_since(&fx.one, MINE, 0), 1);
	ck_assert_int_eq(resend_since(&fx.one, MINE, INT64_MAX), 0);
}
END_TEST

START_TEST(another_account_sends_nothing_again)
{
	static const char stood[] = "3, 10, 60, 0, 40";

	add_event(&fx.one, 7);
	add_event(&fx.two, 8);
	add_delivery(7, MINE, stood);
	add_delivery(8, THEIRS, stood);
	ck_assert_int_eq(resend_since(&fx.two, MINE, 0), 0);
	ck_assert_int_eq(resend_since(&fx.one, THEIRS, 0), 0);
	ck_assert_int_eq(resend_since(&fx.one, MINE_2, 0), 0);
	ck_assert_int_eq(resend_since(&fx.one, 99, 0), 0);
	ck_assert_int_eq(resend_since(&fx.one, 0, 0), 0);
	must_stand(7, MINE, stood);
	must_stand(8, THEIRS, stood);
	ck_assert_int_eq(resend_since(&fx.two, THEIRS, 0), 1);
	must_stand(7, MINE, stood);
}
END_TEST

/* The oldest ten thousand at once, so that no call holds the lock for long. */
START_TEST(ten_thousand_at_once_the_oldest_first)
{
	enum { MORE = 5 };

	add_event(&fx.one, 1);
	fixture_sql("WITH RECURSIVE n (i) AS"
		    " (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d)"
		    " INSERT INTO event (id, account_id, name, subject, type,"
		    " body, created_at) SELECT i + 1, %" PRId64 ", 'e' || i,"
		    " 's' || i, 1, '{}', 0 FROM n",
	    ATTEMPT_RESEND + MORE, fx.one.account_id);
	/* Given up in the other order. */
	fixture_sql("INSERT INTO delivery (event_id, webhook_id, status,"
		    " attempts, next_at, done_at)"
		    " SELECT id, 1, 3, 10, 0, 100000 - id FROM event"
		    " WHERE id > 1");
	ck_assert_int_eq(resend_since(&fx.one, MINE, 0), ATTEMPT_RESEND);
	ck_assert_int_eq(
	    fixture_int("SELECT MAX(event_id) FROM delivery WHERE status = 1"),
	    ATTEMPT_RESEND + 1);
	ck_assert_int_eq(resend_since(&fx.one, MINE, 0), MORE);
	ck_assert_int_eq(resend_since(&fx.one, MINE, 0), 0);
	ck_assert_int_eq(
	    fixture_int("SELECT COUNT(*) FROM delivery WHERE status = 1"
			" AND attempts = 0 AND next_at = %d",
		LATER),
	    ATTEMPT_RESEND + MORE);
}
END_TEST

static Suite *
attempt_suite(void)
{
	Suite *s = suite_create("attempt");
	TCase *tc = tcase_create("list");

	tcase_add_checked_fixture(tc, setup, fixture_teardown);
	tcase_add_test(tc, an_attempt_is_shown_with_all_that_is_known);
	tcase_add_test(
	    tc, the_newest_fifty_come_first_and_the_rest_before_them);
	tcase_add_test(tc, an_outcome_is_filtered_before_fifty_are_counted);
	tcase_add_test(tc, an_endpoint_has_attempts_of_its_own);
	tcase_add_test(tc, another_account_sees_no_attempt);
	tcase_add_test(tc, a_removed_endpoint_has_no_attempts);
	tcase_add_loop_test(tc, a_list_ends_when_it_is_told_to, 0, 4);
	tcase_add_test(tc, an_outcome_has_a_name);
	suite_add_tcase(s, tc);

	tc = tcase_create("again");
	tcase_add_checked_fixture(tc, setup, fixture_teardown);
	tcase_add_loop_test(
	    tc, an_event_is_sent_again_whatever_became_of_it, 0, ROWS(resent));
	tcase_add_test(tc, an_event_that_is_not_the_endpoints_is_not_found);
	tcase_add_test(
	    tc, another_accounts_event_is_not_found_at_ones_own_endpoint);
	tcase_add_test(tc, nothing_is_sent_again_to_a_removed_endpoint);
	tcase_add_test(tc, what_was_given_up_since_a_time_is_sent_again);
	tcase_add_test(tc, another_account_sends_nothing_again);
	tcase_add_test(tc, ten_thousand_at_once_the_oldest_first);
	suite_add_tcase(s, tc);
	return s;
}

SUITE_MAIN(attempt_suite)
