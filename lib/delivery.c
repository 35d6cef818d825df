/* SPDX-License-Identifier: ISC */
/*
 * The queue of deliveries.  It belongs to the operator's sender, which works
 * for all accounts: what statements here are bound to is an endpoint.
 */
#include "delivery.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "attempt.h"
#include "log.h"
#include "secret.h"

enum {
	MINUTE = 60,
	HOUR = 3600,
	DAY = 86400,
	WARN_S = 3 * DAY,    /* of nothing but failures: the owner is told */
	DISABLE_S = 5 * DAY, /* likewise: the endpoint is disabled */
	BLOCK_S = DAY,       /* of addresses that are not public */
	OURS_S = 30,         /* until we try again after a fault of ours */
	FAR_S = 30 * HOUR,   /* further off than any schedule puts it */
	SWEEP_ROWS = 500     /* of one kind in one transaction */
};

/* Waits before the second attempt, the third, ... */
static const int64_t delays[] = { 1 * MINUTE, 5 * MINUTE, 30 * MINUTE, 2 * HOUR,
	5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR };

int64_t
delivery_delay(int64_t n)
{
	const int64_t ndelays = sizeof(delays) / sizeof(delays[0]);
	int64_t delay = delays[n < 1 ? 0 : n > ndelays ? ndelays - 1 : n - 1];
	uint32_t chance = 0;

	/* So that those that failed together do not come again together. */
	(void)secret_random(&chance, sizeof(chance));
	return delay + (int64_t)(chance % (uint32_t)(delay / 5 + 1));
}

static const char SQL_RECOVER[] =
    "UPDATE delivery SET leased = 0, next_at = $1"
    " WHERE status = 1 AND (leased = 1 OR next_at > $2)";

/* sender: any account */
static const char SQL_HOLDS[] =
    "UPDATE webhook SET not_before = 0 WHERE not_before > $1";

enum rc
delivery_recover(struct db *db, int64_t now)
{
	enum rc rc;

	rc = db_run(db, SQL_RECOVER, DB_ARGS(DB_INT(now), DB_INT(now + FAR_S)));
	if (rc == RC_OK)
		rc = db_run(db, SQL_HOLDS, DB_ARGS(DB_INT(now + FAR_S)));
	return rc;
}

/* --- claiming ------------------------------------------------------------- */

static const char SQL_NEXT[] =
    "SELECT webhook_id FROM delivery WHERE status = 1 AND webhook_id > $1"
    " ORDER BY webhook_id LIMIT 1";

/* sender: any account */
static const char SQL_ENDPOINT[] =
    "SELECT url, secret, CASE WHEN old_until > $1 THEN old_secret END"
    " FROM webhook WHERE id = $2 AND status = 1 AND not_before <= $1"
    " AND EXISTS (SELECT 1 FROM delivery WHERE webhook_id = $2"
    "  AND delivery.status = 1 AND next_at <= $1)";

/* Unseals column i into the endpoint's next place, if there is one. */
static enum rc
read_secret(struct db_rows *rows, int i, const struct seal_key *key,
    struct delivery_endpoint *endpoint)
{
	const void *sealed;
	size_t len;
	enum rc rc;

	if (db_is_null(rows, i))
		return RC_OK;
	sealed = db_blob(rows, i, &len);
	rc = webhook_unseal(key, endpoint->id, sealed, len,
	    endpoint->secrets[endpoint->nsecrets]);
	if (rc == RC_OK)
		endpoint->nsecrets++;
	return rc;
}

/* Reads an endpoint if something is due for it; otherwise RC_NOT_FOUND. */
static enum rc
read_endpoint(struct db *db, const struct seal_key *key, int64_t now,
    struct delivery_endpoint *endpoint)
{
	struct db_rows *rows = NULL;
	enum rc rc;
	int n;

	rc = db_query(db, SQL_ENDPOINT,
	    DB_ARGS(DB_INT(now), DB_INT(endpoint->id)), &rows);
	if (rc == RC_OK)
		rc = db_next(rows);
	if (rc != RC_OK)
		goto out;
	n = snprintf(
	    endpoint->url, sizeof(endpoint->url), "%s", db_text(rows, 0));
	endpoint->nsecrets = 0;
	/* Already logged; the others must not wait for this one. */
	if (n < 0 || (size_t)n >= sizeof(endpoint->url) ||
	    read_secret(rows, 1, key, endpoint) != RC_OK ||
	    read_secret(rows, 2, key, endpoint) != RC_OK)
		rc = RC_NOT_FOUND;
out:
	db_done(&rows);
	return rc;
}

enum rc
delivery_next_endpoint(struct db *db, const struct seal_key *key, int64_t after,
    int64_t now, struct delivery_endpoint *endpoint)
{
	enum rc rc;

	endpoint->id = after;
	for (;;) {
		rc = db_one(
		    db, SQL_NEXT, DB_ARGS(DB_INT(endpoint->id)), &endpoint->id);
		if (rc != RC_OK)
			return rc;
		rc = read_endpoint(db, key, now, endpoint);
		if (rc != RC_NOT_FOUND)
			return rc;
	}
}

/* sender: any account */
static const char SQL_DUE[] =
    "SELECT d.event_id, d.attempts, e.type, e.name, e.body"
    " FROM delivery d JOIN event e ON e.id = d.event_id"
    " WHERE d.webhook_id = $1 AND d.status = 1 AND d.next_at <= $2"
    " AND (d.order_id IS NULL OR NOT EXISTS (SELECT 1 FROM delivery p"
    "  WHERE p.webhook_id = $1 AND p.order_id = d.order_id"
    "  AND p.status = 1 AND p.event_id < d.event_id))"
    " ORDER BY d.next_at LIMIT $3";
static const char SQL_LEASE[] = "UPDATE delivery SET leased = 1, next_at = $1"
				" WHERE event_id = $2 AND webhook_id = $3";

/* The row as a delivery of its own; NULL without memory. */
static struct delivery *
read_delivery(struct db_rows *rows, int64_t webhook_id)
{
	const char *name = db_text(rows, 3), *body = db_text(rows, 4);
	size_t len = body != NULL ? strlen(body) : 0;
	struct delivery *d = malloc(sizeof(*d) + len + 1);

	if (d == NULL)
		return NULL;
	*d = (struct delivery){ .event_id = db_int(rows, 0),
		.webhook_id = webhook_id,
		.attempts = db_int(rows, 1),
		.type = (int)db_int(rows, 2),
		.len = len };
	(void)snprintf(
	    d->name, sizeof(d->name), "%s", name != NULL ? name : "");
	memcpy(d->body, body != NULL ? body : "", len + 1);
	return d;
}

enum rc
delivery_claim(struct db *db, int64_t webhook_id, size_t max, int64_t now,
    void (*take)(void *arg, struct delivery *delivery), void *arg)
{
	struct delivery *claimed[DELIVERY_CLAIM_MAX] = { NULL };
	struct db_rows *rows = NULL;
	size_t n = 0, i;
	enum rc rc;

	if (max > DELIVERY_CLAIM_MAX)
		max = DELIVERY_CLAIM_MAX;
	rc = db_query(db, SQL_DUE,
	    DB_ARGS(DB_INT(webhook_id), DB_INT(now), DB_INT((int64_t)max)),
	    &rows);
	while (n < max && db_more(rows, &rc)) {
		claimed[n] = read_delivery(rows, webhook_id);
		if (claimed[n] == NULL) {
			log_err("cannot claim a delivery: out of memory");
			rc = RC_FAIL;
			break;
		}
		n++;
	}
	/* Not before: the lease changes the index that is read. */
	db_done(&rows);
	for (i = 0; i < n && rc == RC_OK; i++)
		rc = db_run(db, SQL_LEASE,
		    DB_ARGS(DB_INT(now + DELIVERY_LEASE_S),
			DB_INT(claimed[i]->event_id), DB_INT(webhook_id)));
	for (i = 0; i < n; i++) {
		if (rc == RC_OK)
			take(arg, claimed[i]);
		else
			free(claimed[i]);
	}
	return rc;
}

static const char SQL_RELEASE[] = "UPDATE delivery SET leased = 0, next_at = $1"
				  " WHERE event_id = $2 AND webhook_id = $3";

enum rc
delivery_release(
    struct db *db, int64_t event_id, int64_t webhook_id, int64_t next_at)
{
	return db_run(db, SQL_RELEASE,
	    DB_ARGS(DB_INT(next_at), DB_INT(event_id), DB_INT(webhook_id)));
}

static const char SQL_LEFT[] = "SELECT COUNT(*) FROM delivery WHERE status = 1";

enum rc
delivery_left(struct db *db, int64_t *n)
{
	return db_one(db, SQL_LEFT, DB_NO_ARGS, n);
}

/* --- finishing ------------------------------------------------------------ */

static const char SQL_ATTEMPTS[] =
    "SELECT attempts FROM delivery WHERE event_id = $1 AND webhook_id = $2";
static const char SQL_FINISH[] =
    "UPDATE delivery SET status = $1, attempts = $2, next_at = $3, leased = 0,"
    " done_at = $4 WHERE event_id = $5 AND webhook_id = $6";
static const char SQL_ATTEMPT[] =
    "INSERT INTO attempt (webhook_id, seq, event_id, outcome, attempted_at,"
    " duration_ms, http_status, error, answer, next_at)"
    " SELECT $1, COALESCE(MAX(seq), 0) + 1, $2, $3, $4, $5, $6, $7, $8, $9"
    " FROM attempt WHERE webhook_id = $1";

static struct db_value
text_or_null(const char *s)
{
	return s[0] != '\0' ? DB_TEXT(s) : DB_NULL;
}

/* Writes the attempt and where the delivery now stands. */
static enum rc
write_attempt(struct db *db, const struct delivery_result *r,
    enum attempt_outcome outcome, enum delivery_status status, int64_t attempts,
    int64_t next_at)
{
	int pending = status == DELIVERY_PENDING;
	enum rc rc;

	rc = db_run(db, SQL_FINISH,
	    DB_ARGS(DB_INT(status), DB_INT(attempts), DB_INT(next_at),
		DB_INT(r->at), DB_INT(r->event_id), DB_INT(r->webhook_id)));
	if (rc != RC_OK)
		return rc;
	return db_run(db, SQL_ATTEMPT,
	    DB_ARGS(DB_INT(r->webhook_id), DB_INT(r->event_id), DB_INT(outcome),
		DB_INT(r->at), DB_INT(r->duration_ms),
		r->http_status != 0 ? DB_INT(r->http_status) : DB_NULL,
		text_or_null(r->error), text_or_null(r->answer),
		pending ? DB_INT(next_at) : DB_NULL));
}

/* sender: any account, in all of the statements down to the next part */
static const char SQL_SUCCEEDED[] =
    "UPDATE webhook SET last_success_at = $1, failing_since = NULL,"
    " blocked_since = NULL, notice = CASE WHEN notice IN (1, 3) THEN 0"
    "  ELSE notice END"
    " WHERE id = $2 AND (last_success_at IS NULL OR last_success_at <> $1"
    "  OR failing_since IS NOT NULL OR blocked_since IS NOT NULL)";

/* sender: any account; a warning is given once */
static const char SQL_HAS_FAILED[] =
    "UPDATE webhook SET last_failure_at = $1,"
    " failing_since = COALESCE(failing_since, $1), blocked_since = NULL,"
    " not_before = MAX(not_before, $2),"
    " notice = CASE WHEN notice = 0 AND failing_since <= $1 - $3 THEN 1"
    "  ELSE notice END WHERE id = $4 AND status <> 4";

/* sender: any account */
static const char SQL_IS_BLOCKED[] =
    "UPDATE webhook SET last_failure_at = $1,"
    " blocked_since = COALESCE(blocked_since, $1), not_before = $2"
    " WHERE id = $3 AND status <> 4";

/* sender: any account; those since one of two times ($3 and $4; 0: never) */
static const char SQL_DISABLE[] =
    "UPDATE webhook SET status = 3, reason = $1, notice = 2"
    " WHERE id = $2 AND status = 1 AND ($3 = 0 OR failing_since <= $3)"
    " AND ($4 = 0 OR blocked_since <= $4)";

static enum rc
disable(struct db *db, const struct delivery_result *r, const char *reason,
    int64_t failing_since, int64_t blocked_since)
{
	return db_run(db, SQL_DISABLE,
	    DB_ARGS(DB_TEXT(reason), DB_INT(r->webhook_id),
		DB_INT(failing_since), DB_INT(blocked_since)));
}

static enum rc
finish_failed(struct db *db, const struct delivery_result *r)
{
	int64_t attempts = 0, next_at, hold = r->hold_s;
	int exhausted;
	enum rc rc;

	if (hold > DELIVERY_HOLD_MAX_S)
		hold = DELIVERY_HOLD_MAX_S;
	rc = db_one(db, SQL_ATTEMPTS,
	    DB_ARGS(DB_INT(r->event_id), DB_INT(r->webhook_id)), &attempts);
	if (rc != RC_OK) /* swept meanwhile */
		return rc == RC_NOT_FOUND ? RC_OK : rc;
	attempts++;
	exhausted = attempts >= DELIVERY_ATTEMPTS || r->end == DELIVERY_GONE;
	next_at = r->at + delivery_delay(attempts);
	if (next_at < r->at + hold)
		next_at = r->at + hold;
	rc = write_attempt(db, r, ATTEMPT_FAILED,
	    exhausted ? DELIVERY_EXHAUSTED : DELIVERY_PENDING, attempts,
	    next_at);
	if (rc == RC_OK)
		rc = db_run(db, SQL_HAS_FAILED,
		    DB_ARGS(DB_INT(r->at), DB_INT(hold > 0 ? r->at + hold : 0),
			DB_INT(WARN_S), DB_INT(r->webhook_id)));
	if (rc == RC_OK && r->end == DELIVERY_GONE)
		rc = disable(db, r, "it answered 410 Gone", 0, 0);
	else if (rc == RC_OK)
		rc = disable(db, r, "it has only failed for five days",
		    r->at - DISABLE_S, 0);
	return rc;
}

static enum rc
finish_blocked(struct db *db, const struct delivery_result *r)
{
	int64_t next_at = r->at + DELIVERY_BLOCKED_S, attempts = 0;
	enum rc rc;

	rc = db_one(db, SQL_ATTEMPTS,
	    DB_ARGS(DB_INT(r->event_id), DB_INT(r->webhook_id)), &attempts);
	if (rc != RC_OK)
		return rc == RC_NOT_FOUND ? RC_OK : rc;
	rc = write_attempt(
	    db, r, ATTEMPT_BLOCKED, DELIVERY_PENDING, attempts, next_at);
	if (rc == RC_OK)
		rc = db_run(db, SQL_IS_BLOCKED,
		    DB_ARGS(
			DB_INT(r->at), DB_INT(next_at), DB_INT(r->webhook_id)));
	if (rc == RC_OK)
		rc = disable(
		    db, r, "its address is not public", 0, r->at - BLOCK_S);
	return rc;
}

enum rc
delivery_finish(struct db *db, const struct delivery_result *r)
{
	enum rc rc;

	switch (r->end) {
	case DELIVERY_DONE:
		rc = write_attempt(
		    db, r, ATTEMPT_DELIVERED, DELIVERY_DELIVERED, 0, r->at);
		if (rc != RC_OK)
			return rc;
		return db_run(db, SQL_SUCCEEDED,
		    DB_ARGS(DB_INT(r->at), DB_INT(r->webhook_id)));
	case DELIVERY_FAILED:
	case DELIVERY_GONE:
		return finish_failed(db, r);
	case DELIVERY_BLOCKED:
		return finish_blocked(db, r);
	case DELIVERY_OURS:
		break;
	}
	return delivery_release(db, r->event_id, r->webhook_id, r->at + OURS_S);
}

/* --- notices -------------------------------------------------------------- */

/* sender: any account */
static const char SQL_NOTICES[] =
    "SELECT w.id, w.notice, a.email, w.url, w.reason"
    " FROM webhook w JOIN account a ON a.id = w.account_id"
    " WHERE w.notice IN (1, 2)";

enum rc
delivery_notices(struct db *db,
    enum rc (*each)(void *arg, const struct delivery_notice *notice), void *arg)
{
	struct db_rows *rows = NULL;
	struct delivery_notice notice;
	enum rc rc;

	rc = db_query(db, SQL_NOTICES, DB_NO_ARGS, &rows);
	while (db_more(rows, &rc)) {
		notice = (struct delivery_notice){
			.webhook_id = db_int(rows, 0),
			.kind = (int)db_int(rows, 1),
			.email = db_text(rows, 2),
			.url = db_text(rows, 3),
			.reason = db_text(rows, 4),
		};
		rc = each(arg, &notice);
	}
	db_done(&rows);
	return rc;
}

/* sender: any account */
static const char SQL_TOLD[] =
    "UPDATE webhook SET notice = CASE WHEN notice = 1 THEN 3 ELSE 0 END"
    " WHERE id = $1 AND notice = $2";

enum rc
delivery_told(struct db *db, int64_t webhook_id, int kind)
{
	return db_run(db, SQL_TOLD, DB_ARGS(DB_INT(webhook_id), DB_INT(kind)));
}

/* --- sweeping ------------------------------------------------------------- */

/* sender: any account, in all of the statements from here on */
static const char SQL_SWEEP_REMOVED[] =
    "DELETE FROM delivery WHERE (event_id, webhook_id) IN"
    " (SELECT d.event_id, d.webhook_id FROM webhook w"
    "  JOIN delivery d ON d.webhook_id = w.id AND d.status = 1"
    "  WHERE w.status = 4 LIMIT $1)";

/* sender: any account; an endpoint's attempts are in the order of time */
static const char SQL_SWEEP_ATTEMPTS[] =
    "DELETE FROM attempt WHERE (webhook_id, seq) IN"
    " (SELECT a.webhook_id, a.seq FROM webhook w JOIN attempt a"
    "  ON a.webhook_id = w.id AND a.seq <"
    "   (SELECT MIN(seq) FROM attempt WHERE webhook_id = w.id) + $1"
    "  WHERE a.attempted_at < $2 OR w.status = 4 LIMIT $1)";

/* The oldest events, and how far they may go. */
static const char SQL_SWEEP_UNTIL[] =
    "SELECT COALESCE(MAX(id), 0) FROM"
    " (SELECT id, created_at FROM event ORDER BY id LIMIT $1)"
    " WHERE created_at < $2";
static const char SQL_SWEEP_DELIVERIES[] =
    "DELETE FROM delivery WHERE event_id <= $1";

/* sender: any account */
static const char SQL_SWEEP_EVENTS[] = "DELETE FROM event WHERE id <= $1";

/* sender: any account; its id must not come again while rows name it */
static const char SQL_SWEEP_ENDPOINTS[] =
    "DELETE FROM webhook WHERE status = 4 AND id <"
    " (SELECT MAX(id) FROM webhook)"
    " AND NOT EXISTS (SELECT 1 FROM attempt WHERE webhook_id = webhook.id)"
    " AND NOT EXISTS (SELECT 1 FROM delivery"
    "  WHERE webhook_id = webhook.id AND delivery.status = 1)";

static enum rc
sweep(struct db *db, const char *sql, const struct db_value *args, size_t nargs,
    int64_t *n)
{
	enum rc rc = db_run(db, sql, args, nargs);

	if (rc == RC_OK)
		*n += db_changes(db);
	return rc;
}

enum rc
delivery_sweep(struct db *db, int64_t now, int64_t *n)
{
	int64_t until = 0;
	enum rc rc;

	*n = 0;
	rc = sweep(db, SQL_SWEEP_REMOVED, DB_ARGS(DB_INT(SWEEP_ROWS)), n);
	if (rc == RC_OK)
		rc = sweep(db, SQL_SWEEP_ATTEMPTS,
		    DB_ARGS(DB_INT(SWEEP_ROWS),
			DB_INT(now - (int64_t)DELIVERY_ATTEMPT_DAYS * DAY)),
		    n);
	if (rc == RC_OK)
		rc = db_one(db, SQL_SWEEP_UNTIL,
		    DB_ARGS(DB_INT(SWEEP_ROWS),
			DB_INT(now - (int64_t)DELIVERY_BODY_DAYS * DAY)),
		    &until);
	if (rc == RC_OK && until > 0)
		rc = sweep(db, SQL_SWEEP_DELIVERIES, DB_ARGS(DB_INT(until)), n);
	if (rc == RC_OK && until > 0)
		rc = sweep(db, SQL_SWEEP_EVENTS, DB_ARGS(DB_INT(until)), n);
	if (rc == RC_OK)
		rc = sweep(db, SQL_SWEEP_ENDPOINTS, DB_NO_ARGS, n);
	return rc;
}
