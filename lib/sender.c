/* SPDX-License-Identifier: ISC */
/*
 * One thread and libcurl's multi interface.  Each round writes what has
 * ended and claims what is next in one transaction, starts as much as the
 * bounds allow, going round the endpoints, and lets libcurl work.
 *
 * What was sent but not written down yet counts as under way: a sender that
 * is killed repeats no more than SENDER_MAX deliveries.
 */
#include "sender.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "log.h"
#include "mail.h"
#include "sender_http.h"

enum {
	PREFETCH = DELIVERY_CLAIM_MAX,
	HUNGRY = PREFETCH / 4,  /* so few are left that more are claimed */
	QUEUE_BYTES = 4 << 20,  /* of all that is claimed */
	BATCH = SENDER_MAX / 2, /* results that are written at once */
	BATCH_MS = 20,          /* or so long after the first, or as long as
				 * the last transaction took */
	LOOK_MS = 25,           /* between looks for a change, lingering */
	POLL_MS = 1000,         /* between looks at the queue, without one */
	SWEEP_ROUNDS = 20
};

/* An endpoint that there is work for. */
struct endpoint {
	struct endpoint *next; /* by id */
	struct delivery_endpoint is;
	struct delivery *queue[PREFETCH]; /* a ring */
	size_t first, n;
	size_t under_way;
	int held; /* what is claimed goes back: it failed for all of them */
	int more; /* it had more due than could be claimed */
};

struct run {
	struct sender *sender;
	struct http http;
	struct endpoint *endpoints;
	int64_t turn;  /* id of the one that last started one */
	int64_t after; /* id where the next claim goes on */
	size_t queued, queued_bytes, under_way;
	struct delivery_result results[SENDER_MAX];
	size_t nresults;
	int64_t first_result_ms;
	int64_t took_ms;         /* the last transaction */
	int64_t begun_ms, begun; /* monotonic, and Unix seconds */
	int64_t looked_ms;       /* at the queue */
	int may_be_due;
	struct stat seen; /* the database's file after our last look */
};

static int64_t
now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int64_t
elapsed_s(const struct run *run)
{
	return (now_ms() - run->begun_ms) / 1000;
}

/* --- endpoints ------------------------------------------------------------ */

/* The endpoint of that id, made if it is new; NULL (logged). */
static struct endpoint *
find_endpoint(struct run *run, int64_t id)
{
	struct endpoint **p = &run->endpoints, *made;

	while (*p != NULL && (*p)->is.id < id)
		p = &(*p)->next;
	if (*p != NULL && (*p)->is.id == id)
		return *p;
	made = calloc(1, sizeof(*made));
	if (made == NULL) {
		log_err("cannot deliver: out of memory");
		return NULL;
	}
	made->next = *p;
	*p = made;
	return made;
}

/* Drops those that nothing is left to do for. */
static void
forget_endpoints(struct run *run)
{
	struct endpoint **p = &run->endpoints, *e;

	while ((e = *p) != NULL) {
		if (e->n > 0 || e->under_way > 0) {
			p = &e->next;
			continue;
		}
		*p = e->next;
		secret_wipe(&e->is.secrets, sizeof(e->is.secrets));
		free(e);
	}
}

static struct delivery *
take_first(struct run *run, struct endpoint *e)
{
	struct delivery *d = e->queue[e->first];

	e->first = (e->first + 1) % PREFETCH;
	e->n--;
	run->queued--;
	run->queued_bytes -= d->len;
	return d;
}

/* --- the queue ------------------------------------------------------------ */

/* Who takes what is claimed. */
struct taker {
	struct run *run;
	struct endpoint *endpoint;
};

static void
take(void *arg, struct delivery *d)
{
	const struct taker *taker = arg;
	struct endpoint *e = taker->endpoint;

	e->queue[(e->first + e->n) % PREFETCH] = d;
	e->n++;
	taker->run->queued++;
	taker->run->queued_bytes += d->len;
}

/* Claims for all endpoints in turn; *claimed tells if there was anything. */
static enum rc
claim(struct run *run, int64_t now, int *claimed)
{
	struct sender *sender = run->sender;
	struct delivery_endpoint found;
	struct taker taker = { .run = run };
	size_t before = run->queued;
	enum rc rc = RC_OK;

	while (run->queued_bytes < QUEUE_BYTES) {
		rc = delivery_next_endpoint(
		    sender->db, sender->key, run->after, now, &found);
		if (rc != RC_OK)
			break;
		run->after = found.id;
		taker.endpoint = find_endpoint(run, found.id);
		if (taker.endpoint == NULL)
			return RC_FAIL;
		taker.endpoint->is = found;
		taker.endpoint->held = 0;
		rc = delivery_claim(sender->db, found.id,
		    PREFETCH - taker.endpoint->n, now, take, &taker);
		if (rc != RC_OK)
			break;
		taker.endpoint->more = taker.endpoint->n == PREFETCH;
	}
	secret_wipe(&found, sizeof(found));
	*claimed = run->queued != before;
	if (rc != RC_NOT_FOUND)
		return rc;
	run->after = 0;
	return RC_OK;
}

/* Gives back what is claimed for endpoints that do not want it now. */
static enum rc
give_back_held(struct run *run, int all)
{
	struct sender *sender = run->sender;
	int64_t now = (int64_t)time(NULL);
	struct endpoint *e;
	enum rc rc = RC_OK;

	for (e = run->endpoints; e != NULL; e = e->next) {
		while ((e->held || all) && e->n > 0 && rc == RC_OK) {
			struct delivery *d = take_first(run, e);

			rc = delivery_release(
			    sender->db, d->event_id, d->webhook_id, now);
			free(d);
		}
	}
	return rc;
}

/* Forgets what is claimed and not sent: leases end by themselves. */
static void
drop_queue(struct run *run)
{
	struct endpoint *e;

	for (e = run->endpoints; e != NULL; e = e->next)
		while (e->n > 0)
			free(take_first(run, e));
}

/*
 * Writes what has ended and claims what is next.  On failure the results
 * stay, to be written later; what was claimed is dropped.
 */
static enum rc
write_and_claim(struct run *run, int taking)
{
	struct sender *sender = run->sender;
	int64_t now = sender->once ? run->begun : (int64_t)time(NULL);
	int64_t begun_ms = now_ms();
	int claimed = 0;
	enum rc rc;
	size_t i;

	rc = db_begin(sender->db, DB_WRITE);
	if (rc != RC_OK)
		return rc;
	for (i = 0; i < run->nresults && rc == RC_OK; i++)
		rc = delivery_finish(sender->db, &run->results[i]);
	if (rc == RC_OK)
		rc = give_back_held(run, !taking);
	if (rc == RC_OK && taking)
		rc = claim(run, now, &claimed);
	rc = db_end(sender->db, rc);
	run->looked_ms = now_ms();
	run->took_ms = run->looked_ms - begun_ms;
	(void)stat(run->http.watched, &run->seen);
	if (rc != RC_OK) {
		drop_queue(run);
		run->after = 0;
		return rc;
	}
	run->may_be_due = claimed;
	run->nresults = 0;
	forget_endpoints(run);
	return RC_OK;
}

/* True if somebody has written to the database since our last look. */
static int
has_changed(const struct run *run)
{
	struct stat st;

	return stat(run->http.watched, &st) == 0 &&
	       (st.st_mtim.tv_sec != run->seen.st_mtim.tv_sec ||
		   st.st_mtim.tv_nsec != run->seen.st_mtim.tv_nsec ||
		   st.st_ino != run->seen.st_ino);
}

/* --- sending -------------------------------------------------------------- */

/* Notes how a transfer ended; it is written with the next transaction. */
static void
finish(struct run *run, struct transfer *t)
{
	struct delivery_result *r = &run->results[run->nresults++];
	struct sender *sender = run->sender;
	struct endpoint *e = t->endpoint;

	http_finish(&run->http, t, r);
	if (run->nresults == 1)
		run->first_result_ms = now_ms();
	run->under_way--;
	e->under_way--;
	sender->delivered += r->end == DELIVERY_DONE;
	sender->failed += r->end == DELIVERY_FAILED || r->end == DELIVERY_GONE;
	sender->blocked += r->end == DELIVERY_BLOCKED;
	sender->postponed += r->end == DELIVERY_OURS;
	if (r->end == DELIVERY_GONE || r->end == DELIVERY_BLOCKED ||
	    r->hold_s > 0)
		e->held = 1;
	if (sender->tell != NULL)
		sender->tell(sender->arg, t->delivery->name, e->is.url, r);
	free(t->delivery);
	t->delivery = NULL;
}

/* Whose turn it is, round all endpoints; NULL if none may start one. */
static struct endpoint *
next_turn(struct run *run)
{
	struct endpoint *e;
	int around;

	for (around = 0; around < 2; around++) {
		for (e = run->endpoints; e != NULL; e = e->next) {
			if ((e->is.id > run->turn) == around || e->n == 0 ||
			    e->held || e->under_way >= SENDER_ENDPOINT_MAX)
				continue;
			run->turn = e->is.id;
			return e;
		}
	}
	return NULL;
}

static enum rc
start_all(struct run *run)
{
	struct endpoint *e;
	enum rc rc;

	while (run->under_way + run->nresults < SENDER_MAX &&
	       (e = next_turn(run)) != NULL) {
		struct delivery *d = take_first(run, e);

		e->under_way++;
		run->under_way++;
		rc = http_start(&run->http, &e->is, e, d);
		if (rc == RC_OK)
			continue;
		/* Its lease will end. */
		e->under_way--;
		run->under_way--;
		free(d);
		return rc;
	}
	return RC_OK;
}

/* --- the loop ------------------------------------------------------------- */

/* Is what is claimed running out, while there is more? */
static int
is_hungry(const struct run *run)
{
	const struct endpoint *e;

	if (run->after != 0)
		return run->queued_bytes < QUEUE_BYTES / 2;
	for (e = run->endpoints; e != NULL; e = e->next)
		if (e->more && e->n < HUNGRY)
			return 1;
	return 0;
}

/*
 * Is there a reason for a transaction now?  Each claims as well, so that
 * what waited for the one before it in its order comes at once.
 */
static int
is_write_due(const struct run *run, int taking)
{
	int64_t now = now_ms();

	if (run->nresults >= BATCH ||
	    (run->nresults > 0 &&
		(run->under_way == 0 ||
		    now - run->first_result_ms >=
			(run->took_ms > BATCH_MS ? run->took_ms : BATCH_MS))))
		return 1;
	if (!taking)
		return run->queued > 0;
	if (now - run->looked_ms >= POLL_MS)
		return 1;
	return is_hungry(run) ||
	       (now - run->looked_ms >= LOOK_MS && has_changed(run));
}

/* How long libcurl may wait for something to happen. */
static int
wait_ms(const struct run *run)
{
	if (run->nresults > 0)
		return BATCH_MS;
	return run->sender->linger_s > 0 || run->queued > 0 ? LOOK_MS : POLL_MS;
}

/* One round; *done when there is nothing left to do. */
static enum rc
round_once(struct run *run, int *done)
{
	const struct sender *sender = run->sender;
	int64_t limit = sender->linger_s > 0 ? sender->linger_s : SENDER_TAKE_S;
	int taking = elapsed_s(run) < limit;
	struct transfer *t;
	enum rc rc = RC_OK;

	if (is_write_due(run, taking))
		rc = write_and_claim(run, taking);
	if (rc == RC_OK && taking)
		rc = start_all(run);
	if (rc != RC_OK)
		return rc;
	*done = run->under_way + run->queued + run->nresults == 0 &&
		(!taking || (sender->linger_s == 0 && !run->may_be_due));
	if (*done)
		return RC_OK;
	rc = http_work(&run->http, wait_ms(run));
	while (rc == RC_OK && (t = http_ended(&run->http)) != NULL)
		finish(run, t);
	return rc;
}

/*
 * At the very end: what is still under way was not tried, as far as anybody
 * will know, and its lease is given back.
 */
static enum rc
end(struct run *run)
{
	struct sender *sender = run->sender;
	struct transfer *t;
	enum rc rc;
	size_t i;

	while ((t = http_any(&run->http)) != NULL) {
		t->result = CURLE_ABORTED_BY_CALLBACK;
		finish(run, t);
	}
	rc = db_begin(sender->db, DB_WRITE);
	for (i = 0; i < run->nresults && rc == RC_OK; i++)
		rc = delivery_finish(sender->db, &run->results[i]);
	if (rc == RC_OK)
		rc = give_back_held(run, 1);
	return db_end(sender->db, rc);
}

static enum rc
deliver(struct run *run)
{
	enum { LAST_S = SENDER_TAKE_S + SENDER_TOTAL_S + 2 };
	enum rc rc, ended;
	int done = 0;

	rc = db_begin(run->sender->db, DB_WRITE);
	if (rc == RC_OK)
		rc = db_end(run->sender->db,
		    delivery_recover(run->sender->db, run->begun));
	if (rc != RC_OK)
		return rc;
	while (!done && elapsed_s(run) < LAST_S) {
		rc = round_once(run, &done);
		/*
		 * A database that is busy or full may be so no longer soon;
		 * only what was sent is worth the wait.
		 */
		if (rc == RC_BUSY && run->under_way + run->nresults > 0)
			(void)http_work(&run->http, POLL_MS);
		else if (rc != RC_OK)
			break;
	}
	if (done)
		return RC_OK;
	ended = end(run);
	return rc != RC_OK ? rc : ended;
}

/* --- afterwards ----------------------------------------------------------- */

/* Notices are copied: no mail is sent inside a transaction. */
struct letters {
	const struct config *config;
	size_t n;
	struct letter {
		int64_t webhook_id;
		int kind;
		char email[256];
		char text[4096];
	} letter[8];
};

static enum rc
write_letter(void *arg, const struct delivery_notice *notice)
{
	struct letters *letters = arg;
	struct letter *l = &letters->letter[letters->n];
	int disabled = notice->kind == WEBHOOK_NOTICE_DISABLED;

	/* The rest comes with the next run. */
	if (letters->n == sizeof(letters->letter) / sizeof(letters->letter[0]))
		return RC_OK;
	l->webhook_id = notice->webhook_id;
	l->kind = notice->kind;
	(void)snprintf(l->email, sizeof(l->email), "%s", notice->email);
	(void)snprintf(l->text, sizeof(l->text),
	    "The webhook %lld of your account at %s,\n\n  %s\n\n%s%s%s\n\n%s\n",
	    (long long)notice->webhook_id, letters->config->url, notice->url,
	    disabled ? "was disabled: "
		     : "has only failed for three days.  After five days it "
		       "will be disabled",
	    disabled && notice->reason != NULL ? notice->reason : "", ".",
	    disabled ? "Events are no longer queued for it.  Once it works, "
		       "set it active again."
		     : "Its attempts, and why they failed, are listed by "
		       "webhook.deliveries.");
	letters->n++;
	return RC_OK;
}

/* Mails what is to be told; what could not be sent stays for the next run. */
static enum rc
tell_owners(const struct sender *sender)
{
	struct letters *letters = calloc(1, sizeof(*letters));
	enum rc rc, sent;
	size_t i;

	if (letters == NULL) {
		log_err("cannot tell owners: out of memory");
		return RC_FAIL;
	}
	letters->config = sender->config;
	rc = db_begin(sender->db, DB_READ);
	if (rc == RC_OK)
		rc = db_end(sender->db,
		    delivery_notices(sender->db, write_letter, letters));
	for (i = 0; i < letters->n && rc == RC_OK; i++) {
		const struct letter *l = &letters->letter[i];

		sent = mail_send(sender->config, l->email,
		    l->kind == WEBHOOK_NOTICE_DISABLED
			? "A webhook was disabled"
			: "A webhook is failing",
		    l->text);
		if (sent == RC_BUSY)
			continue;
		if ((rc = db_begin(sender->db, DB_WRITE)) == RC_OK)
			rc = db_end(sender->db,
			    delivery_told(sender->db, l->webhook_id, l->kind));
	}
	free(letters);
	return rc;
}

static enum rc
sweep(const struct sender *sender, int64_t now)
{
	int64_t n = 1;
	enum rc rc = RC_OK;
	int i;

	for (i = 0; i < SWEEP_ROUNDS && n > 0 && rc == RC_OK; i++)
		if ((rc = db_begin(sender->db, DB_WRITE)) == RC_OK)
			rc = db_end(
			    sender->db, delivery_sweep(sender->db, now, &n));
	return rc;
}

enum rc
sender_run(struct sender *sender)
{
	struct run *run = calloc(1, sizeof(*run));
	enum rc rc = RC_FAIL;

	if (run == NULL) {
		log_err("cannot deliver: out of memory");
		return RC_FAIL;
	}
	run->sender = sender;
	run->begun = (int64_t)time(NULL);
	run->begun_ms = now_ms();
	run->may_be_due = 1;
	rc = http_open(&run->http, sender->config, sender->agent);
	if (rc == RC_OK)
		rc = deliver(run);
	if (rc == RC_OK)
		rc = tell_owners(sender);
	if (rc == RC_OK)
		rc = sweep(sender, run->begun);
	/*
	 * libcurl is not cleaned up, and so the run is not freed: that may
	 * wait for a resolver, and the process ends now.
	 */
	return rc;
}
