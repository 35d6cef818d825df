/* SPDX-License-Identifier: ISC */
/*
 * Attempts at deliveries and their second chance.
 */
#include "attempt.h"

#include <stddef.h>

static const char *const names[] = {
	[ATTEMPT_DELIVERED] = "delivered",
	[ATTEMPT_FAILED] = "failed",
	[ATTEMPT_BLOCKED] = "blocked",
};

const char *
attempt_outcome_name(int outcome)
{
	if (outcome < ATTEMPT_DELIVERED || outcome > ATTEMPT_BLOCKED)
		return NULL;
	return names[outcome];
}

static const char SQL_EACH[] =
    "SELECT a.seq, e.name, COALESCE(e.type, -1), a.outcome, a.attempted_at,"
    " a.duration_ms, a.http_status, a.error, a.answer, a.next_at"
    " FROM webhook w JOIN attempt a ON a.webhook_id = w.id"
    " LEFT JOIN event e ON e.id = a.event_id"
    " WHERE w.account_id = $1 AND w.id = $2 AND w.status <> 4"
    " AND ($3 = 0 OR a.outcome = $3)"
    " AND ($4 = 0 OR a.seq < $4) ORDER BY a.seq DESC LIMIT $5";

enum rc
attempt_each(struct db *db, const struct caller *caller, int64_t webhook_id,
    int outcome, int64_t before,
    enum rc (*each)(void *arg, const struct attempt *attempt), void *arg)
{
	struct db_rows *rows = NULL;
	struct attempt a;
	enum rc rc;

	rc = db_query(db, SQL_EACH,
	    DB_ARGS(DB_INT(caller->account_id), DB_INT(webhook_id),
		DB_INT(outcome), DB_INT(before), DB_INT(ATTEMPT_LIMIT)),
	    &rows);
	while (db_more(rows, &rc)) {
		a = (struct attempt){
			.seq = db_int(rows, 0),
			.event = db_text(rows, 1),
			.type = (int)db_int(rows, 2),
			.outcome = (int)db_int(rows, 3),
			.attempted_at = db_int(rows, 4),
			.duration_ms = db_int(rows, 5),
			.http_status = db_int(rows, 6),
			.error = db_text(rows, 7),
			.answer = db_text(rows, 8),
			.next_at = db_int(rows, 9),
		};
		rc = each(arg, &a);
	}
	db_done(&rows);
	return rc;
}

/* What a sender has in its hands right now stays there. */
static const char SQL_RESEND_EVENT[] =
    "UPDATE delivery SET status = 1, attempts = 0, next_at = $1"
    " WHERE leased = 0"
    " AND webhook_id = (SELECT id FROM webhook"
    "  WHERE account_id = $2 AND id = $3 AND status <> 4)"
    " AND event_id = (SELECT id FROM event"
    "  WHERE account_id = $2 AND name = $4)";
static const char SQL_IS_LEASED[] =
    "SELECT 1 FROM delivery d JOIN event e ON e.id = d.event_id"
    " JOIN webhook w ON w.id = d.webhook_id"
    " WHERE e.account_id = $1 AND w.account_id = $1 AND w.id = $2"
    " AND w.status <> 4 AND e.name = $3";

enum rc
attempt_resend_event(struct db *db, const struct caller *caller,
    int64_t webhook_id, const char *event, int64_t now, struct why *why)
{
	int64_t one;
	enum rc rc;

	rc = db_run(db, SQL_RESEND_EVENT,
	    DB_ARGS(DB_INT(now), DB_INT(caller->account_id), DB_INT(webhook_id),
		DB_TEXT(event)));
	if (rc != RC_OK || db_changes(db) > 0)
		return rc;
	rc = db_one(db, SQL_IS_LEASED,
	    DB_ARGS(
		DB_INT(caller->account_id), DB_INT(webhook_id), DB_TEXT(event)),
	    &one);
	return rc == RC_NOT_FOUND ? error_set(why, ERROR_EVENT, NULL) : rc;
}

static const char SQL_RESEND_SINCE[] =
    "UPDATE delivery SET status = 1, attempts = 0, next_at = $1"
    " WHERE webhook_id = $2 AND event_id IN"
    " (SELECT d.event_id FROM webhook w"
    "  JOIN delivery d ON d.webhook_id = w.id"
    "  WHERE w.account_id = $3 AND w.id = $2 AND w.status <> 4"
    "  AND d.status = 3 AND d.done_at >= $4"
    "  ORDER BY d.event_id LIMIT $5)";

enum rc
attempt_resend_since(struct db *db, const struct caller *caller,
    int64_t webhook_id, int64_t since, int64_t now, int64_t *n)
{
	enum rc rc;

	rc = db_run(db, SQL_RESEND_SINCE,
	    DB_ARGS(DB_INT(now), DB_INT(webhook_id), DB_INT(caller->account_id),
		DB_INT(since), DB_INT(ATTEMPT_RESEND)));
	*n = rc == RC_OK ? db_changes(db) : 0;
	return rc;
}
