/* SPDX-License-Identifier: ISC */
/*
 * SIGKILL at random moments of add, cancel and the operator's moves.  However
 * often a program dies, everything that is stored stays consistent, what was
 * answered has happened, and what was not answered has happened wholly or not
 * at all: with the events that tell of it.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "harness.h"
#include "suite.h"

enum {
	KILLS = 120,       /* programs that must have died */
	ROUNDS_MAX = 2000, /* programs that are started for that */
	CHECK_EVERY = 40   /* rounds */
};

static struct site site;
static char key[KEY_TEXT_LEN];

/* xorshift64 (Marsaglia 2003): the same moments in every run, as far as
 * that goes. */
static uint64_t
random_number(void)
{
	static uint64_t state = UINT64_C(0x9e3779b97f4a7c15);

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

static int64_t
now_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/*
 * How long the program takes, from starts that were left alone: only to aim
 * at it, the tests do not depend on it.
 */
static int64_t run_ns = 3000000;

/* When a program was started, and whether it may live. */
struct target {
	struct child child;
	int64_t begin;
	int spare;
};

/* Before the start: every tenth is spared. */
static struct target
aim(void)
{
	return (struct target){ .begin = now_ns(),
		.spare = random_number() % 10 == 0 };
}

static void
kill_program(struct child *child)
{
	(void)kill(child->pid, SIGKILL);
}

/* Kills it at some moment of its run. */
static void
hit(struct target *target, void (*kill_it)(struct child *child))
{
	const int64_t wait = (int64_t)(random_number() % (uint64_t)run_ns);
	struct timespec pause = { 0, (long)(wait % 1000000000) };

	ck_assert_int_gt(target->child.pid, 0);
	if (target->spare)
		return;
	while (nanosleep(&pause, &pause) != 0 && errno == EINTR)
		;
	kill_it(&target->child);
}

/* After its end; true if it was killed. */
static int
note(const struct target *target, int code)
{
	if (target->spare)
		run_ns = (run_ns * 3 + (now_ns() - target->begin)) / 4;
	return code == 128 + SIGKILL;
}

/* Runs one call and kills it.  Unless this is true it has answered. */
static int
run_and_kill(const char *program, const char *body, struct answer *answer)
{
	struct target target = aim();

	cgi_start(&site, &(struct cgi_call){ .program = program, .body = body },
	    &target.child);
	hit(&target, cgi_kill);
	cgi_finish(&target.child, answer);
	return note(&target, answer->code);
}

/* The same for the operator's "order set". */
static int
set_and_kill(const char *id, const char *status, struct output *output)
{
	struct target target = aim();

	site_latchkey_start(&site, &target.child, "order", "set", id,
	    "--status", status, "--remains", "40", NULL);
	hit(&target, kill_program);
	site_latchkey_finish(&target.child, output);
	return note(&target, output->code);
}

static void
make_site(void)
{
	site_make(&site, "rate_ip = 1000000000\nrate_key = 1000000000\n"
			 "busy_ms = 10000");
	free(site_latchkey_ok(
	    &site, "tier", "set", "Standard", "1000000", NULL));
	free(site_latchkey_ok(&site, "service", "add", "--name", "A", "--type",
	    "Default", "--category", "C", "--rate", "1", "--min", "1", "--max",
	    "1000", "--cancel", NULL));
	(void)site_account(&site, "a@example.com");
	site_credit(&site, "a@example.com", "10000");
	site_key(&site, "a@example.com", key);
	(void)api_number(&site, "webhook",
	    "key=%s&action=webhook.add&url=https://example.com", key);
}

/*
 * The balance is what the orders leave of it, to the last unit, and what the
 * orders have been through is what was queued for the webhook.
 */
static void
check_site(void)
{
	site_must_check(&site);
	ck_assert_int_eq(
	    site_sql_int(&site,
		"SELECT COUNT(*) FROM orders WHERE event_seq <>"
		" (SELECT COUNT(*) FROM event JOIN delivery"
		"  ON event_id = event.id WHERE order_id = orders.id"
		"  AND subject = 'order:' || orders.id || ':' ||"
		"  json_extract(body, '$.data.seq'))"),
	    0);
	ck_assert_int_eq(site_sql_int(&site, "SELECT COUNT(*) FROM delivery"),
	    site_sql_int(&site, "SELECT COUNT(*) FROM event"));
	/* One when it was placed, two for Partial and Canceled, else one. */
	ck_assert_int_eq(site_sql_int(&site, "SELECT COUNT(*) FROM event"),
	    site_sql_int(&site,
		"SELECT (SELECT COUNT(*) FROM orders) +"
		" COALESCE(SUM(CASE WHEN to_status IN (5, 6) THEN 2"
		" ELSE 1 END), 0) FROM order_move"));
	ck_assert_int_eq(
	    site_sql_int(&site, "SELECT balance_nano FROM account"),
	    site_sql_int(&site,
		"SELECT 10000 * 1000000000 - COALESCE(SUM(charge_nano), 0)"
		" FROM orders"));
}

/* The id in an answer to add that is whole; 0 if it is none. */
static int64_t
order_in(const struct answer *answer)
{
	long long id;
	int end = 0;

	if (sscanf(answer->body, "{\"order\":%lld}%n", &id, &end) == 1 &&
	    end > 0 && (size_t)end == answer->body_len)
		return id;
	return 0;
}

START_TEST(add_is_all_or_nothing)
{
	struct answer answer;
	char body[512], sql[128];
	int killed = 0, i;
	int64_t id;

	make_site();
	for (i = 0; i < ROUNDS_MAX && killed < KILLS; i++) {
		(void)snprintf(body, sizeof(body),
		    "key=%s&service=1&quantity=100"
		    "&link=https://example.com/%d&request_id=r%d",
		    key, i, i);
		killed += run_and_kill("add", body, &answer);
		id = order_in(&answer);
		if (id > 0) {
			(void)snprintf(sql, sizeof(sql),
			    "SELECT COUNT(*) FROM orders WHERE id = %lld"
			    " AND request_id = 'r%d'",
			    (long long)id, i);
			ck_assert_msg(site_sql_int(&site, sql) == 1,
			    "order %lld was answered, but is lost",
			    (long long)id);
		} else {
			ck_assert_msg(answer.code == 128 + SIGKILL,
			    "not killed, but: %s%s", answer.body, answer.err);
		}
		answer_clear(&answer);
		if (i % CHECK_EVERY == CHECK_EVERY - 1)
			check_site();
	}
	ck_assert_int_ge(killed, KILLS);
	check_site();
	/* What a client then does: ask again.  Nothing is placed twice. */
	for (i--; i >= 0; i--) {
		ck_assert_int_gt(
		    api_number(&site, "order",
			"key=%s&action=add&service=1&quantity=100"
			"&link=https://example.com/%d&request_id=r%d",
			key, i, i),
		    0);
	}
	ck_assert_int_eq(
	    site_sql_int(&site, "SELECT COUNT(*) - COUNT(DISTINCT request_id)"
				" FROM orders"),
	    0);
	check_site();
	site_remove(&site);
}
END_TEST

START_TEST(cancel_is_all_or_nothing)
{
	struct answer answer;
	char body[512], sql[128];
	int killed = 0, canceled, i;
	int64_t id;

	make_site();
	for (i = 0; i < ROUNDS_MAX && killed < KILLS; i++) {
		id = api_number(&site, "order",
		    "key=%s&action=add&service=1&quantity=100"
		    "&link=https://example.com/%d",
		    key, i);
		(void)snprintf(body, sizeof(body), "key=%s&order=%lld", key,
		    (long long)id);
		killed += run_and_kill("cancel", body, &answer);
		(void)snprintf(sql, sizeof(sql),
		    "SELECT status = 6 AND charge_nano = 0 FROM orders"
		    " WHERE id = %lld",
		    (long long)id);
		canceled = site_sql_int(&site, sql) == 1;
		if (strstr(answer.body, "\"cancel\":1}") != NULL)
			ck_assert_msg(canceled,
			    "the cancel of %lld was answered, but is lost",
			    (long long)id);
		else
			ck_assert_msg(answer.code == 128 + SIGKILL,
			    "not killed, but: %s%s", answer.body, answer.err);
		answer_clear(&answer);
		/* If it did not happen, it can still happen. */
		api_call(&site, &answer, "key=%s&action=cancel&order=%lld", key,
		    (long long)id);
		ck_assert_msg(
		    strstr(answer.body, canceled ? "cannot be canceled"
						 : "\"cancel\":1}") != NULL,
		    "%s", answer.body);
		answer_clear(&answer);
		if (i % CHECK_EVERY == CHECK_EVERY - 1)
			check_site();
	}
	ck_assert_int_ge(killed, KILLS);
	check_site();
	ck_assert_int_eq(
	    site_sql_int(
		&site, "SELECT balance_nano = 10000 * 1000000000 FROM account"),
	    1);
	site_remove(&site);
}
END_TEST

/* Each order goes on until it has arrived, however often that is cut off. */
START_TEST(an_operators_move_is_all_or_nothing)
{
	static const struct {
		const char *name;
		int status;
	} steps[] = { { "In progress", 2 }, { "Partial", 5 } };
	struct output output;
	char id[24], sql[128];
	int killed = 0, moved, i, step;

	make_site();
	for (i = 0; i < ROUNDS_MAX && killed < KILLS; i++) {
		(void)snprintf(id, sizeof(id), "%lld",
		    (long long)api_number(&site, "order",
			"key=%s&action=add&service=1&quantity=100"
			"&link=https://example.com/%d",
			key, i));
		for (step = 0; step < ROWS(steps); step++) {
			killed += set_and_kill(id, steps[step].name, &output);
			(void)snprintf(sql, sizeof(sql),
			    "SELECT status = %d FROM orders WHERE id = %s",
			    steps[step].status, id);
			moved = site_sql_int(&site, sql) == 1;
			ck_assert_msg(output.code == 128 + SIGKILL ||
					  (output.code == 0 && moved),
			    "order set %s: %d: %s", id, output.code,
			    output.err);
			output_clear(&output);
			if (!moved)
				free(site_latchkey_ok(&site, "order", "set", id,
				    "--status", steps[step].name, "--remains",
				    "40", NULL));
		}
		if (i % CHECK_EVERY == CHECK_EVERY - 1)
			check_site();
	}
	ck_assert_int_ge(killed, KILLS);
	check_site();
	site_remove(&site);
}
END_TEST

static Suite *
make_suite(void)
{
	Suite *suite = suite_create("kill");
	TCase *tcase = tcase_create("SIGKILL");

	tcase_add_test(tcase, add_is_all_or_nothing);
	tcase_add_test(tcase, cancel_is_all_or_nothing);
	tcase_add_test(tcase, an_operators_move_is_all_or_nothing);
	suite_add_tcase(suite, tcase);
	return suite;
}

SUITE_MAIN(make_suite)
