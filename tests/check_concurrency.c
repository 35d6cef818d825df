/* SPDX-License-Identifier: ISC */
/*
 * Many at once: orders on one balance, moves and their events, calls on one
 * limit, keys and webhooks of one account, and a rotation among calls under
 * way.  What is counted must be
 * exact; no test looks at a clock.
 */
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include "api_key.h"
#include "harness.h"
#include "suite.h"

enum {
	THREADS = 8,
	CALLS = 12,
	ALL = THREADS * CALLS,
	CREATORS = 16,
	CREDITS = 30
};

static struct site site;
static char key[KEY_TEXT_LEN];

/* What came back, counted by all threads. */
static struct {
	atomic_int placed;
	atomic_int without_funds;
	atomic_int admitted;
	atomic_int limited;
	atomic_int other;
} seen;
static char other[512]; /* one of the other answers */

/* The work of one thread, and its number. */
struct worker {
	pthread_t thread;
	int number;
};

static void
run_threads(void *(*work)(void *))
{
	struct worker workers[THREADS];
	int i;

	memset(&seen, 0, sizeof(seen));
	for (i = 0; i < THREADS; i++) {
		workers[i].number = i;
		ck_assert_int_eq(
		    pthread_create(&workers[i].thread, NULL, work, &workers[i]),
		    0);
	}
	for (i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_join(workers[i].thread, NULL), 0);
	ck_assert_msg(
	    seen.other == 0, "%d other answers, as: %s", seen.other, other);
}

static void
count_answer(const struct answer *answer)
{
	if (strncmp(answer->body, "{\"order\":", 9) == 0)
		seen.placed++;
	else if (strstr(answer->body, "Not enough funds") != NULL)
		seen.without_funds++;
	else if (answer->status == 200 &&
		 strncmp(answer->body, "{\"balance\":", 11) == 0)
		seen.admitted++;
	else if (answer->status == 429)
		seen.limited++;
	else if (seen.other++ == 0)
		(void)snprintf(other, sizeof(other), "%d %s%s", answer->status,
		    answer->body, answer->why);
}

static void
make_site(const char *config, const char *credit)
{
	site_make(&site, config);
	free(site_latchkey_ok(
	    &site, "tier", "set", "Standard", "1000000", NULL));
	free(site_latchkey_ok(&site, "service", "add", "--name", "A", "--type",
	    "Default", "--category", "C", "--rate", "1", "--min", "1", "--max",
	    "1000", "--cancel", NULL));
	(void)site_account(&site, "a@example.com");
	site_credit(&site, "a@example.com", credit);
	site_key(&site, "a@example.com", key);
}

static const char UNLIMITED[] = "rate_ip = 1000000000\n"
				"rate_key = 1000000000\n"
				"busy_ms = 60000";

/* --- one balance ------------------------------------------------------- */

static void *
place_orders(void *arg)
{
	const struct worker *worker = arg;
	struct answer answer;
	int i;

	for (i = 0; i < CALLS; i++) {
		api_call(&site, &answer,
		    "key=%s&action=add&service=1&quantity=1000"
		    "&link=https://example.com/%d-%d",
		    key, worker->number, i);
		count_answer(&answer);
		answer_clear(&answer);
	}
	return NULL;
}

START_TEST(balance_pays_for_what_it_pays_for)
{
	struct answer answer;

	make_site(UNLIMITED, "37.999");
	site_start(&site);
	run_threads(place_orders);
	ck_assert_int_eq(seen.placed, 37);
	ck_assert_int_eq(seen.without_funds, ALL - 37);
	api_call(&site, &answer, "key=%s&action=balance", key);
	ck_assert_str_eq(
	    answer.body, "{\"balance\":\"0.999\",\"currency\":\"USD\"}");
	answer_clear(&answer);
	ck_assert_int_eq(
	    site_sql_int(&site, "SELECT COUNT(*) FROM orders"), 37);
	site_must_check(&site);
	site_remove(&site);
}
END_TEST

static void *
place_one_request(void *arg)
{
	struct answer answer;
	int i;

	(void)arg;
	for (i = 0; i < CALLS; i++) {
		api_call(&site, &answer,
		    "key=%s&action=add&service=1&quantity=1000"
		    "&link=https://example.com&request_id=once",
		    key);
		count_answer(&answer);
		answer_clear(&answer);
	}
	return NULL;
}

START_TEST(one_request_id_is_one_order)
{
	make_site(UNLIMITED, "100");
	site_start(&site);
	run_threads(place_one_request);
	ck_assert_int_eq(seen.placed, ALL);
	ck_assert_int_eq(site_sql_int(&site, "SELECT COUNT(*) FROM orders"), 1);
	ck_assert_int_eq(site_sql_int(&site,
			     "SELECT balance_nano / 1000000000 FROM account"),
	    99);
	site_must_check(&site);
	site_remove(&site);
}
END_TEST

static void *
cancel_order(void *arg)
{
	struct answer answer;
	int i;

	(void)arg;
	for (i = 0; i < CALLS; i++) {
		api_call(&site, &answer, "key=%s&action=cancel&order=1", key);
		if (strcmp(answer.body, "{\"order\":1,\"cancel\":1}") == 0)
			seen.placed++;
		else if (strstr(answer.body, "cannot be canceled") != NULL)
			seen.without_funds++;
		else
			count_answer(&answer);
		answer_clear(&answer);
	}
	return NULL;
}

START_TEST(order_is_canceled_once)
{
	make_site(UNLIMITED, "100");
	(void)api_number(&site, "order",
	    "key=%s&action=add&service=1&quantity=1000"
	    "&link=https://example.com",
	    key);
	site_start(&site);
	run_threads(cancel_order);
	ck_assert_int_eq(seen.placed, 1);
	ck_assert_int_eq(seen.without_funds, ALL - 1);
	ck_assert_int_eq(site_sql_int(&site,
			     "SELECT balance_nano / 1000000000 FROM account"),
	    100);
	site_must_check(&site);
	site_remove(&site);
}
END_TEST

/* --- events ------------------------------------------------------------ */

/* Tries to move every order, in another way than the other threads do. */
static void *
move_orders(void *arg)
{
	static const char *const statuses[] = { "In progress", "Processing",
		"Completed", "Canceled" };
	const struct worker *worker = arg;
	struct output output;
	struct answer answer;
	char id[16];
	int i;

	for (i = 0; i < ALL; i++) {
		int order = (i + worker->number * CALLS) % ALL + 1;
		int way = (i + worker->number) % 5;

		(void)snprintf(id, sizeof(id), "%d", order);
		if (way == 4) {
			api_call(&site, &answer,
			    "key=%s&action=cancel&order=%d", key, order);
			if (strstr(answer.body, "cancel") == NULL)
				count_answer(&answer);
			answer_clear(&answer);
			continue;
		}
		site_latchkey(&site, &output, "order", "set", id, "--status",
		    statuses[way], NULL);
		if (output.code != 0 && output.code != 1 && seen.other++ == 0)
			(void)snprintf(other, sizeof(other), "%d %s%s",
			    output.code, output.out, output.err);
		seen.placed += output.code == 0;
		output_clear(&output);
	}
	return NULL;
}

static int64_t
count_events(const char *type)
{
	char sql[128];

	(void)snprintf(sql, sizeof(sql),
	    "SELECT COUNT(*) FROM event"
	    " WHERE json_extract(body, '$.type') = '%s'",
	    type);
	return site_sql_int(&site, sql);
}

static int64_t
count_moves(int to)
{
	char sql[128];

	(void)snprintf(sql, sizeof(sql),
	    "SELECT COUNT(*) FROM order_move WHERE to_status = %d", to);
	return site_sql_int(&site, sql);
}

/* Every change is told once, and numbered without a gap. */
START_TEST(events_are_the_changes)
{
	make_site(UNLIMITED, "1000");
	free(site_latchkey_ok(
	    &site, "account", "threshold", "a@example.com", "950", NULL));
	(void)api_number(&site, "webhook",
	    "key=%s&action=webhook.add&url=https://example.com", key);
	(void)api_number(&site, "webhook",
	    "key=%s&action=webhook.add&url=https://example.com"
	    "&events=order.completed",
	    key);
	site_start(&site);
	run_threads(place_orders);
	ck_assert_int_eq(seen.placed, ALL);
	ck_assert_int_eq(count_events("order.created"), ALL);
	ck_assert_int_eq(count_events("balance.low"), 1);
	run_threads(move_orders);
	ck_assert_int_gt(seen.placed, 0);

	ck_assert_int_eq(count_events("order.in_progress"), count_moves(2));
	ck_assert_int_eq(count_events("order.completed"), count_moves(4));
	ck_assert_int_eq(
	    count_events("order.canceled") + count_events("order.failed"),
	    count_moves(6));
	ck_assert_int_eq(count_events("order.refunded"), count_moves(6));
	ck_assert_int_gt(count_moves(2), 0);
	ck_assert_int_gt(count_moves(4), 0);
	ck_assert_int_gt(count_moves(6), 0);
	/* No number is left out; the site checks that none is above. */
	ck_assert_int_eq(
	    site_sql_int(&site,
		"SELECT COUNT(*) FROM orders WHERE event_seq <>"
		" (SELECT COUNT(*) FROM event WHERE"
		"  json_extract(body, '$.data.order') = orders.id AND subject ="
		"  'order:' || orders.id || ':' ||"
		"  json_extract(body, '$.data.seq'))"),
	    0);
	ck_assert_int_eq(
	    site_sql_int(
		&site, "SELECT COUNT(*) FROM delivery WHERE webhook_id = 1"),
	    site_sql_int(&site, "SELECT COUNT(*) FROM event"));
	ck_assert_int_eq(
	    site_sql_int(
		&site, "SELECT COUNT(*) FROM delivery WHERE webhook_id = 2"),
	    count_moves(4));
	site_must_check(&site);
	site_remove(&site);
}
END_TEST

static void *
place_and_change_webhooks(void *arg)
{
	const struct worker *worker = arg;
	struct answer answer;
	int i;

	if (worker->number % 2 == 0)
		return place_orders(arg);
	for (i = 0; i < CALLS; i++) {
		api_call(&site, &answer,
		    "key=%s&action=webhook.add&url=https://example.com", key);
		if (strncmp(answer.body, "{\"webhook\":", 11) == 0)
			seen.admitted++;
		else if (strstr(answer.body, "Webhook limit") != NULL)
			seen.limited++;
		else
			count_answer(&answer);
		answer_clear(&answer);
	}
	return NULL;
}

/* However many try at once, while events are queued. */
START_TEST(there_is_never_a_sixth_webhook)
{
	make_site(UNLIMITED, "1000");
	site_start(&site);
	run_threads(place_and_change_webhooks);
	ck_assert_int_eq(seen.admitted, 5);
	ck_assert_int_eq(seen.limited, ALL / 2 - 5);
	ck_assert_int_eq(seen.placed, ALL / 2);
	ck_assert_int_eq(
	    site_sql_int(&site, "SELECT COUNT(*) FROM webhook"), 5);
	/* An event goes to those that were there, the first ones. */
	ck_assert_int_eq(
	    site_sql_int(&site,
		"SELECT COUNT(*) FROM (SELECT COUNT(*) AS n,"
		" MAX(webhook_id) AS last FROM delivery GROUP BY event_id)"
		" WHERE n <> last"),
	    0);
	site_must_check(&site);
	site_remove(&site);
}
END_TEST

/* --- one limit --------------------------------------------------------- */

static void *
ask_for_balance(void *arg)
{
	struct answer answer;
	int i;

	(void)arg;
	for (i = 0; i < CALLS; i++) {
		api_call(&site, &answer, "key=%s&action=balance", key);
		count_answer(&answer);
		answer_clear(&answer);
	}
	return NULL;
}

static const struct {
	const char *config;
	const char *tier;
	int calls;
} limits[] = {
	{ "rate_ip = 1000\nrate_key = 31", "1000000", 31 },
	{ "rate_ip = 29\nrate_key = 1000", "1000000", 29 },
	{ "rate_ip = 1000\nrate_key = 1000", "23", 23 },
};

START_TEST(limit_admits_exactly_its_calls)
{
	make_site(limits[_i].config, "1");
	free(site_latchkey_ok(
	    &site, "tier", "set", "Standard", limits[_i].tier, NULL));
	site_start(&site);
	run_threads(ask_for_balance);
	ck_assert_int_eq(seen.admitted, limits[_i].calls);
	ck_assert_int_eq(seen.limited, ALL - limits[_i].calls);
	site_remove(&site);
}
END_TEST

/* --- keys -------------------------------------------------------------- */

static void *
create_key(void *arg)
{
	struct output output;
	int i;

	(void)arg;
	for (i = 0; i < CREATORS / THREADS; i++) {
		site_latchkey(
		    &site, &output, "key", "create", "a@example.com", NULL);
		if (output.code == 0 && strstr(output.out, "lk_") != NULL)
			seen.placed++;
		else if (output.code == 1 && output.out_len == 0)
			seen.limited++;
		else if (seen.other++ == 0)
			(void)snprintf(other, sizeof(other), "%d %s%s",
			    output.code, output.out, output.err);
		output_clear(&output);
	}
	return NULL;
}

START_TEST(there_is_never_an_eleventh_key)
{
	make_site(UNLIMITED, "1");
	run_threads(create_key);
	/* One was there. */
	ck_assert_int_eq(seen.placed, 9);
	ck_assert_int_eq(seen.limited, CREATORS - 9);
	ck_assert_int_eq(site_sql_int(&site, "SELECT COUNT(*) FROM api_key"
					     " WHERE revoked_at IS NULL"),
	    10);
	site_remove(&site);
}
END_TEST

static void
rotate(char new_key[KEY_TEXT_LEN])
{
	char id[API_KEY_ID_LEN + 1];
	char *out;

	(void)snprintf(
	    id, sizeof(id), "%.*s", API_KEY_ID_LEN, key + API_KEY_PREFIX_LEN);
	out = site_latchkey_ok(&site, "key", "rotate", id, NULL);
	(void)snprintf(
	    new_key, KEY_TEXT_LEN, "%.*s", API_KEY_LEN, strstr(out, "lk_"));
	free(out);
}

/*
 * A call that has been authenticated waits for the gate, which the test
 * holds, and the rotation waits behind it.  The call finishes; one that
 * starts after the rotation fails.
 */
START_TEST(rotation_lets_calls_under_way_finish)
{
	enum { WAITING = 1 };
	char gate_path[SITE_PATH_LEN + 32], queue_path[SITE_PATH_LEN + 32];
	char body[512], id[16];
	struct child children[WAITING];
	struct answer answer;
	struct output output;
	pid_t rotator;
	int gate, i, status;

	make_site(UNLIMITED, "100");
	(void)snprintf(
	    gate_path, sizeof(gate_path), "%s/data/latchkey.db.gate", site.dir);
	gate = open(gate_path, O_RDWR | O_CLOEXEC);
	ck_assert_int_ge(gate, 0);
	ck_assert_int_eq(flock(gate, LOCK_SH), 0);
	for (i = 0; i < WAITING; i++) {
		(void)snprintf(body, sizeof(body),
		    "key=%s&action=add&service=1&quantity=1000"
		    "&link=https://example.com/%d",
		    key, i);
		cgi_start(
		    &site, &(struct cgi_call){ .body = body }, &children[i]);
	}
	ck_assert(lock_has_waiter(gate_path));
	(void)snprintf(
	    id, sizeof(id), "%.*s", API_KEY_ID_LEN, key + API_KEY_PREFIX_LEN);
	rotator = fork();
	ck_assert_int_ge(rotator, 0);
	if (rotator == 0) {
		(void)close(gate);
		site_latchkey(&site, &output, "key", "rotate", id, NULL);
		_exit(output.code);
	}
	(void)snprintf(queue_path, sizeof(queue_path),
	    "%s/data/latchkey.db.queue", site.dir);
	/* With a log there is no queue: both wait at the gate. */
	ck_assert(is_fastcgi() ? lock_has_waiters(gate_path, WAITING + 1)
			       : lock_has_waiter(queue_path));
	ck_assert_int_eq(flock(gate, LOCK_UN), 0);
	ck_assert_int_eq(waitpid(rotator, &status, 0), rotator);
	ck_assert_int_eq(status, 0);

	api_call(&site, &answer, "key=%s&action=balance", key);
	ck_assert_str_eq(answer.body, "{\"error\":\"Invalid API key\"}");
	answer_clear(&answer);
	for (i = 0; i < WAITING; i++) {
		cgi_finish(&children[i], &answer);
		ck_assert_msg(strncmp(answer.body, "{\"order\":", 9) == 0,
		    "%d: %s%s", i, answer.body, answer.err);
		answer_clear(&answer);
	}
	(void)close(gate);
	ck_assert_int_eq(
	    site_sql_int(
		&site, "SELECT COUNT(*) FROM api_key WHERE revoked_at IS NULL"),
	    1);
	site_must_check(&site);
	site_remove(&site);
}
END_TEST

static atomic_int rotation; /* 0: not begun, 1: under way, 2: done */

/*
 * A call is judged by what was so all the time that it took: with the old
 * key before the rotation began it succeeds, after it ended it fails.
 */
static void *
call_during_rotation(void *arg)
{
	struct answer answer;
	int i, after = 0, begin, end, good, bad;

	(void)arg;
	for (i = 0; i < 10000 && after < 5; i++) {
		begin = rotation;
		api_call(&site, &answer, "key=%s&action=balance", key);
		end = rotation;
		good = strncmp(answer.body, "{\"balance\":", 11) == 0;
		bad =
		    strcmp(answer.body, "{\"error\":\"Invalid API key\"}") == 0;
		if ((!good && !bad) || (end == 0 && !good) ||
		    (begin == 2 && !bad)) {
			if (seen.other++ == 0)
				(void)snprintf(other, sizeof(other),
				    "%d to %d: %s%s", begin, end, answer.body,
				    answer.why);
		} else {
			seen.admitted += good;
			seen.limited += bad;
		}
		after += begin == 2;
		answer_clear(&answer);
	}
	return NULL;
}

START_TEST(rotation_ends_the_old_key_at_once)
{
	struct worker workers[THREADS];
	char new_key[KEY_TEXT_LEN];
	struct answer answer;
	int i;

	make_site(UNLIMITED, "1");
	site_start(&site);
	rotation = 0;
	memset(&seen, 0, sizeof(seen));
	for (i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_create(&workers[i].thread, NULL,
				     call_during_rotation, NULL),
		    0);
	while (seen.admitted < THREADS && seen.other == 0)
		(void)sched_yield();
	rotation = 1;
	rotate(new_key);
	rotation = 2;
	for (i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_join(workers[i].thread, NULL), 0);
	ck_assert_msg(seen.other == 0, "%d answers, as: %s", seen.other, other);
	ck_assert_int_ge(seen.limited, THREADS);
	api_call(&site, &answer, "key=%s&action=balance", new_key);
	ck_assert_ptr_nonnull(strstr(answer.body, "balance"));
	answer_clear(&answer);
	site_remove(&site);
}
END_TEST

static atomic_int credits_begun, credits_done;

/*
 * Callers are remembered from call to call, but never past a commit: a
 * balance has all that was credited before the call began, and nothing that
 * was not begun before it ended.
 */
static void *
call_during_credits(void *arg)
{
	struct answer answer;
	int i, low, high, n;

	(void)arg;
	for (i = 0; i < 10000 && credits_done < CREDITS; i++) {
		low = credits_done;
		api_call(&site, &answer, "key=%s&action=balance", key);
		high = credits_begun;
		if (sscanf(answer.body, "{\"balance\":\"%d.00\"", &n) == 1 &&
		    n >= low + 1 && n <= high + 1)
			seen.admitted++;
		else if (seen.other++ == 0)
			(void)snprintf(other, sizeof(other), "%d to %d: %s%s",
			    low + 1, high + 1, answer.body, answer.why);
		answer_clear(&answer);
	}
	return NULL;
}

START_TEST(a_balance_is_none_of_before_the_call)
{
	struct worker workers[THREADS];
	int i, admitted;

	make_site(UNLIMITED, "1");
	site_start(&site);
	credits_begun = credits_done = 0;
	memset(&seen, 0, sizeof(seen));
	for (i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_create(&workers[i].thread, NULL,
				     call_during_credits, NULL),
		    0);
	for (i = 1; i <= CREDITS; i++) {
		/* Enough for most to be found where others have left it. */
		admitted = seen.admitted;
		while (
		    seen.admitted < admitted + 4 * THREADS && seen.other == 0)
			(void)sched_yield();
		credits_begun = i;
		site_credit(&site, "a@example.com", "1");
		credits_done = i;
	}
	for (i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_join(workers[i].thread, NULL), 0);
	ck_assert_msg(seen.other == 0, "%d answers, as: %s", seen.other, other);
	site_remove(&site);
}
END_TEST

static Suite *
make_suite(void)
{
	Suite *suite = suite_create("concurrency");
	TCase *tcase = tcase_create("many at once");

	tcase_add_test(tcase, balance_pays_for_what_it_pays_for);
	tcase_add_test(tcase, one_request_id_is_one_order);
	tcase_add_test(tcase, order_is_canceled_once);
	tcase_add_test(tcase, events_are_the_changes);
	tcase_add_test(tcase, there_is_never_a_sixth_webhook);
	tcase_add_loop_test(
	    tcase, limit_admits_exactly_its_calls, 0, ROWS(limits));
	tcase_add_test(tcase, there_is_never_an_eleventh_key);
	tcase_add_test(tcase, rotation_lets_calls_under_way_finish);
	tcase_add_test(tcase, rotation_ends_the_old_key_at_once);
	tcase_add_test(tcase, a_balance_is_none_of_before_the_call);
	suite_add_tcase(suite, tcase);
	return suite;
}

SUITE_MAIN(make_suite)
