/* SPDX-License-Identifier: ISC */
/*
 * Measures webhooks on a site: fills its queue through the library, runs
 * bin/deliver-webhooks, and tells how fast the last endpoint was served.
 *
 * Usage: deliver LABEL SITE EVENTS ENDPOINTS DEAD BOUND KIB URL [DEAD_URL]
 *        deliver -o SITE ORDERS BOUND URL
 *
 * Queues EVENTS for ENDPOINTS at URL/1, URL/2, ...; the first DEAD of them
 * are at DEAD_URL, and what is told is the rate of the others' deliveries.
 * BOUND is the least rate and KIB the most memory, or "-".  With -o it places
 * ORDERS for two accounts in turn, of which one has five endpoints, and tells
 * what these add to an order; BOUND is in microseconds.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "config.h"
#include "db.h"
#include "event.h"
#include "form.h"
#include "order.h"
#include "secret.h"
#include "webhook.h"

enum { OF_KEY = 5, ORDERS_MAX = 10000, LINE_LEN = 4096 };

struct bench {
	struct config config;
	struct db *db;
	struct seal_key key;
	char site[CONFIG_PATH_MAX];
};

static int
fail(const char *what)
{
	(void)fprintf(stderr, "deliver: cannot %s: %s\n", what,
	    errno != 0 ? strerror(errno) : "see above");
	return -1;
}

static int64_t
now_us(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static int64_t
number(const char *s)
{
	return (int64_t)strtoll(s, NULL, 10);
}

static int
open_site(struct bench *b, const char *site)
{
	char path[CONFIG_PATH_MAX];

	(void)snprintf(b->site, sizeof(b->site), "%s", site);
	(void)snprintf(path, sizeof(path), "%.900s/latchkey.conf", site);
	if (config_load(path, &b->config) != RC_OK || secret_init() != RC_OK ||
	    config_data_path(&b->config, SECRET_SEAL_KEY_NAME, path) != RC_OK ||
	    secret_seal_key_load(path, &b->key) != RC_OK ||
	    config_data_path(&b->config, DB_NAME, path) != RC_OK ||
	    db_open(path, 0, b->config.busy_ms, &b->db) != RC_OK)
		return fail("open the site");
	return 0;
}

/* All that the one before left behind. */
static const char CLEAR[] = "DELETE FROM attempt; DELETE FROM delivery;"
			    "DELETE FROM event; DELETE FROM webhook";

/* Endpoints 1 to n; the first dead of them at another URL. */
static enum rc
add_endpoints(struct bench *b, int64_t n, int64_t dead, const char *url,
    const char *dead_url)
{
	struct caller caller = { .account_id = 1 };
	struct webhook_secret secret;
	char full[LINE_LEN];
	enum rc rc = RC_OK;
	struct why why;
	int64_t i, id;

	for (i = 1; i <= n && rc == RC_OK; i++) {
		caller.key_id = 1 + i / OF_KEY;
		(void)snprintf(full, sizeof(full), "%.2000s/%lld",
		    i <= dead ? dead_url : url, (long long)i);
		rc = webhook_add(b->db, &caller, &b->key, full, EVENT_ALL,
		    (int64_t)time(NULL), &id, &secret, &why);
	}
	return rc;
}

/* Event i goes to one endpoint; the dead ones get four each. */
static enum rc
add_events(struct bench *b, int64_t n, int64_t endpoints, int64_t dead)
{
	const struct caller caller = { .account_id = 1, .currency = "USD" };
	struct event event = { .type = EVENT_ORDER_COMPLETED };
	enum rc rc = RC_OK;
	int64_t i;

	for (i = 0; i < dead * 4 + n && rc == RC_OK; i++) {
		event.webhook_id = i < dead * 4
				       ? 1 + i % dead
				       : 1 + dead + i % (endpoints - dead);
		(void)snprintf(event.subject, sizeof(event.subject),
		    "bench:%lld", (long long)i);
		rc = event_queue(b->db, &caller, &event,
		    json_pack("{s:I, s:s, s:s, s:s, s:s, s:s, s:i}", "order",
			(json_int_t)(23501 + i), "status", "Completed",
			"charge", "0.27819", "start_count", "3572", "remains",
			"0", "currency", "USD", "seq", 7),
		    (int64_t)time(NULL), NULL);
	}
	return rc;
}

static int
fill(struct bench *b, int64_t n, int64_t endpoints, int64_t dead,
    const char *url, const char *dead_url)
{
	enum rc rc = db_begin(b->db, DB_WRITE);

	if (rc == RC_OK)
		rc = db_script(b->db, CLEAR);
	if (rc == RC_OK)
		rc = add_endpoints(b, endpoints, dead, url, dead_url);
	if (rc == RC_OK)
		rc = add_events(b, n, endpoints, dead);
	return db_end(b->db, rc) == RC_OK ? 0 : fail("fill the queue");
}

/* Starts the sender; *in reads what it says. */
static pid_t
start_sender(const struct bench *b, FILE **in)
{
	char path[CONFIG_PATH_MAX];
	int fds[2];
	pid_t pid;

	(void)snprintf(
	    path, sizeof(path), "%.900s/bin/deliver-webhooks", b->site);
	if (pipe(fds) != 0 || (pid = fork()) < 0)
		return -1;
	if (pid == 0) {
		(void)dup2(fds[1], STDOUT_FILENO);
		(void)close(fds[0]);
		(void)close(fds[1]);
		(void)execl(path, path, "-v", "--once", (char *)NULL);
		_exit(127);
	}
	(void)close(fds[1]);
	*in = fdopen(fds[0], "r");
	return *in != NULL ? pid : -1;
}

/* Runs the sender: how many it delivered, and when the last one was. */
static int
run_sender(const struct bench *b, int64_t *n, int64_t *us, int64_t *kib)
{
	char line[LINE_LEN];
	struct rusage usage;
	int64_t begin = now_us();
	int status = -1;
	FILE *in = NULL;
	pid_t pid = start_sender(b, &in);

	if (pid < 0)
		return fail("start the sender");
	*n = *us = 0;
	while (fgets(line, sizeof(line), in) != NULL) {
		/* Not the summary, "delivered N, ...". */
		if (strncmp(line, "delivered evt_", 14) != 0)
			continue;
		*us = now_us() - begin;
		++*n;
	}
	(void)fclose(in);
	if (wait4(pid, &status, 0, &usage) != pid || status != 0)
		return fail("run the sender");
	*kib = usage.ru_maxrss;
	return 0;
}

static int
deliver(struct bench *b, char *argv[])
{
	const char *label = argv[0], *bound = argv[5], *most = argv[6];
	int64_t events = number(argv[2]), n, us, kib;
	double rate;

	if (open_site(b, argv[1]) != 0 ||
	    fill(b, events, number(argv[3]), number(argv[4]), argv[7],
		argv[8]) != 0 ||
	    run_sender(b, &n, &us, &kib) != 0)
		return -1;
	errno = 0;
	if (n != events)
		return fail("deliver everything");
	rate = (double)n * 1e6 / (double)us;
	(void)printf("webhooks, %s\t%.0f /s\t-\t-\t", label, rate);
	if (strcmp(bound, "-") == 0)
		(void)printf("-\t\n");
	else
		(void)printf(">= %s /s\t%s\n", bound,
		    rate >= strtod(bound, NULL) ? "ok" : "MISSED");
	if (strcmp(most, "-") != 0)
		(void)printf("webhooks, %s, memory\t%lld KiB\t-\t-\t"
			     "<= %s KiB\t%s\n",
		    label, (long long)kib, most,
		    kib <= number(most) ? "ok" : "MISSED");
	return 0;
}

static int
compare(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* Places one order; gives what that took, or -1. */
static int64_t
place(struct bench *b, int64_t account, int64_t i)
{
	const struct caller caller = { .account_id = account,
		.currency = "USD" };
	struct form *form = NULL;
	char link[128];
	struct why why = { 0 };
	int64_t begin, id, took = -1;

	(void)snprintf(link, sizeof(link), "https://bench.example/%lld/%lld",
	    (long long)getpid(), (long long)i);
	if (form_new(&form) == RC_OK &&
	    form_add(form, "service", "1") == RC_OK &&
	    form_add(form, "link", link) == RC_OK &&
	    form_add(form, "quantity", "50") == RC_OK) {
		begin = now_us();
		if (order_place(b->db, &caller, form, (int64_t)time(NULL), &id,
			&why) == RC_OK)
			took = now_us() - begin;
	}
	form_free(form);
	return took;
}

static int
orders(struct bench *b, char *argv[])
{
	static int64_t took[2][ORDERS_MAX];
	int64_t n = number(argv[1]), bound = number(argv[2]), i, more;

	if (n < 1 || n > ORDERS_MAX || open_site(b, argv[0]) != 0 ||
	    fill(b, 0, OF_KEY, 0, argv[3], "") != 0)
		return fail("prepare orders");
	for (i = 0; i < n; i++) {
		took[0][i] = place(b, 1, i);
		took[1][i] = place(b, 2, i);
		if (took[0][i] < 0 || took[1][i] < 0)
			return fail("place orders");
	}
	qsort(took[0], (size_t)n, sizeof(int64_t), compare);
	qsort(took[1], (size_t)n, sizeof(int64_t), compare);
	more = took[0][n / 2] - took[1][n / 2];
	(void)printf("order, an event for 5 endpoints adds\t%lld us\t%lld us\t"
		     "%.2f\t<= %lld us\t%s\n",
	    (long long)more, (long long)took[1][n / 2],
	    (double)took[0][n / 2] / (double)took[1][n / 2], (long long)bound,
	    more <= bound ? "ok" : "MISSED");
	return 0;
}

int
main(int argc, char *argv[])
{
	static struct bench b;
	int failed;

	if (argc == 6 && strcmp(argv[1], "-o") == 0)
		failed = orders(&b, argv + 2);
	else if (argc == 9 || argc == 10)
		failed = deliver(&b, argv + 1);
	else
		return 2;
	db_close(b.db);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
