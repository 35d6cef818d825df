/* SPDX-License-Identifier: ISC */
/*
 * The life of an order after it was placed.
 */
#include "order.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "ledger.h"
#include "money.h"

static const char *const names[] = {
	[ORDER_PENDING] = "Pending",
	[ORDER_IN_PROGRESS] = "In progress",
	[ORDER_PROCESSING] = "Processing",
	[ORDER_COMPLETED] = "Completed",
	[ORDER_PARTIAL] = "Partial",
	[ORDER_CANCELED] = "Canceled",
};

const char *
order_status_name(int status)
{
	if (status < ORDER_PENDING || status > ORDER_CANCELED)
		return NULL;
	return names[status];
}

enum { CUSTOMER = 1 << ORDER_BY_CUSTOMER, OPERATOR = 1 << ORDER_BY_OPERATOR };

/* The allowed moves and who may make them; a final status has none. */
static const struct {
	enum order_status from, to;
	int actors;
} moves[] = {
	{ ORDER_PENDING, ORDER_IN_PROGRESS, OPERATOR },
	{ ORDER_PENDING, ORDER_PROCESSING, OPERATOR },
	{ ORDER_PENDING, ORDER_COMPLETED, OPERATOR },
	{ ORDER_PENDING, ORDER_PARTIAL, OPERATOR },
	{ ORDER_PENDING, ORDER_CANCELED, OPERATOR | CUSTOMER },
	{ ORDER_IN_PROGRESS, ORDER_PROCESSING, OPERATOR },
	{ ORDER_IN_PROGRESS, ORDER_COMPLETED, OPERATOR },
	{ ORDER_IN_PROGRESS, ORDER_PARTIAL, OPERATOR },
	{ ORDER_IN_PROGRESS, ORDER_CANCELED, OPERATOR },
	{ ORDER_PROCESSING, ORDER_IN_PROGRESS, OPERATOR },
	{ ORDER_PROCESSING, ORDER_COMPLETED, OPERATOR },
	{ ORDER_PROCESSING, ORDER_PARTIAL, OPERATOR },
	{ ORDER_PROCESSING, ORDER_CANCELED, OPERATOR },
};

int
order_may_move(
    enum order_status from, enum order_status to, enum order_actor actor)
{
	size_t i;

	for (i = 0; i < sizeof(moves) / sizeof(moves[0]); i++)
		if (moves[i].from == from && moves[i].to == to)
			return (moves[i].actors & 1 << actor) != 0;
	return 0;
}

static const char SQL_FIND[] =
    "SELECT o.account_id, o.service_id, o.status, o.quantity, o.remains,"
    " o.start_count, o.price_micro, o.charge_nano, o.cancel_requested_at,"
    " o.updated_at, s.cancel, s.refill, o.event_seq"
    " FROM orders o JOIN service s ON s.id = o.service_id"
    " WHERE o.account_id = $1 AND o.id = $2";

enum rc
order_find(struct db *db, const struct caller *caller, int64_t id,
    struct order *order, struct why *why)
{
	struct db_rows *rows = NULL;
	enum rc rc;

	*order = (struct order){ .id = id };
	rc = db_query(db, SQL_FIND,
	    DB_ARGS(DB_INT(caller->account_id), DB_INT(id)), &rows);
	if (rc == RC_OK)
		rc = db_next(rows);
	if (rc != RC_OK)
		goto out;
	order->account_id = db_int(rows, 0);
	order->service_id = db_int(rows, 1);
	order->status = (enum order_status)db_int(rows, 2);
	order->quantity = db_int(rows, 3);
	order->remains = db_int(rows, 4);
	order->start_count = db_int(rows, 5);
	order->price_micro = db_int(rows, 6);
	order->charge_nano = db_int(rows, 7);
	order->cancel_requested_at = db_int(rows, 8);
	order->updated_at = db_int(rows, 9);
	order->can_cancel = db_int(rows, 10) != 0;
	order->can_refill = db_int(rows, 11) != 0;
	order->event_seq = db_int(rows, 12);
out:
	db_done(&rows);
	if (rc == RC_NOT_FOUND)
		return error_set(why, ERROR_ORDER, NULL);
	return rc;
}

#define STANDING \
	"SELECT o.id, o.status, o.remains, o.start_count, o.charge_nano"
static const char SQL_STANDING[] =
    STANDING " FROM orders AS o WHERE o.id = $1 AND o.account_id = $2";

/*
 * Eight at a time: a statement that is run costs as much as two look-ups, and
 * a longer one takes longer to prepare than it saves a process of one call.
 * A list of values is gone through as it is, where IN makes a table first.
 */
static const char SQL_STANDINGS[] = STANDING
    " FROM (VALUES ($1), ($2), ($3), ($4), ($5), ($6), ($7), ($8)) AS wanted"
    " CROSS JOIN orders AS o"
    " WHERE o.id = wanted.column1 AND o.account_id = $9";

enum { STANDINGS = 8 };

/* Starts the look-up of at most STANDINGS orders. */
static enum rc
query_standings(struct db *db, const struct caller *caller, const int64_t *ids,
    size_t n, struct db_rows **rows)
{
	const struct db_value account = DB_INT(caller->account_id);
	struct db_value args[STANDINGS + 1];
	size_t i;

	if (n == 1)
		return db_query(
		    db, SQL_STANDING, DB_ARGS(DB_INT(ids[0]), account), rows);
	for (i = 0; i < STANDINGS; i++)
		args[i] = i < n ? DB_INT(ids[i]) : DB_NULL;
	args[STANDINGS] = account;
	return db_query(db, SQL_STANDINGS, args, STANDINGS + 1, rows);
}

/* Finds at most STANDINGS orders. */
static enum rc
find_standings(struct db *db, const struct caller *caller, const int64_t *ids,
    size_t n, struct order_standing *standings)
{
	struct order_standing standing;
	struct db_rows *rows = NULL;
	enum rc rc;
	size_t i;

	memset(standings, 0, n * sizeof(*standings));
	rc = query_standings(db, caller, ids, n, &rows);
	while (rc == RC_OK && (rc = db_next(rows)) == RC_OK) {
		standing.id = db_int(rows, 0);
		standing.status = (enum order_status)db_int(rows, 1);
		standing.remains = db_int(rows, 2);
		standing.start_count = db_int(rows, 3);
		standing.charge_nano = db_int(rows, 4);
		/* Rows come in any order. */
		for (i = 0; i < n; i++)
			if (ids[i] == standing.id)
				standings[i] = standing;
	}
	db_done(&rows);
	return rc == RC_NOT_FOUND ? RC_OK : rc;
}

enum rc
order_standings(struct db *db, const struct caller *caller, const int64_t *ids,
    size_t n, struct order_standing *standings)
{
	size_t done, some;
	enum rc rc = RC_OK;

	for (done = 0; rc == RC_OK && done < n; done += some) {
		some = n - done < STANDINGS ? n - done : STANDINGS;
		rc = find_standings(
		    db, caller, ids + done, some, standings + done);
	}
	return rc;
}

/* What a move gives back. */
static enum rc
refund_of(const struct order *order, enum order_status to, int64_t *refund)
{
	*refund = 0;
	if (to == ORDER_CANCELED)
		*refund = order->charge_nano;
	if (to != ORDER_PARTIAL)
		return RC_OK;
	return money_charge(order->price_micro, order->remains, refund);
}

enum rc
order_tell(struct db *db, const struct caller *caller,
    const struct order *order, enum event_type type, int64_t seq,
    int64_t refund_nano, int64_t now)
{
	struct event event = { .type = type, .order_id = order->id };
	char charge[MONEY_TEXT_LEN], refund[MONEY_TEXT_LEN];
	char start_count[24], remains[24];
	int is_wanted;
	enum rc rc;

	rc = event_is_wanted(db, caller, type, &is_wanted);
	if (rc != RC_OK || !is_wanted)
		return rc;
	(void)snprintf(event.subject, sizeof(event.subject), "order:%lld:%lld",
	    (long long)order->id, (long long)seq);
	(void)snprintf(start_count, sizeof(start_count), "%lld",
	    (long long)order->start_count);
	(void)snprintf(
	    remains, sizeof(remains), "%lld", (long long)order->remains);
	return event_queue(db, caller, &event,
	    json_pack("{s:I, s:s, s:s, s:s, s:s, s:s*, s:s, s:I}", "order",
		(json_int_t)order->id, "status",
		order_status_name((int)order->status), "charge",
		money_format(order->charge_nano, charge), "start_count",
		start_count, "remains", remains, "refund",
		refund_nano != 0 ? money_format(refund_nano, refund) : NULL,
		"currency", caller->currency, "seq", (json_int_t)seq),
	    now, NULL);
}

/* The event that tells of a move; EVENT_TYPES if none does. */
static enum event_type
event_of(const struct order *order, enum order_status to, enum order_actor by)
{
	switch (to) {
	case ORDER_IN_PROGRESS:
		return EVENT_ORDER_IN_PROGRESS;
	case ORDER_COMPLETED:
		return EVENT_ORDER_COMPLETED;
	case ORDER_PARTIAL:
		return EVENT_ORDER_PARTIAL;
	case ORDER_CANCELED:
		/* Who grants a request cancels for the customer. */
		return by == ORDER_BY_CUSTOMER ||
			       order->cancel_requested_at != 0
			   ? EVENT_ORDER_CANCELED
			   : EVENT_ORDER_FAILED;
	case ORDER_PENDING:
	case ORDER_PROCESSING:
		break;
	}
	return EVENT_TYPES;
}

/* Tells of a move that was made, and of what it gave back. */
static enum rc
tell_move(struct db *db, const struct caller *caller, struct order *order,
    enum event_type type, int64_t refund_nano, int64_t now)
{
	int64_t seq = order->event_seq;
	enum rc rc = RC_OK;

	if (type != EVENT_TYPES)
		rc = order_tell(db, caller, order, type, seq, 0, now);
	if (rc == RC_OK && refund_nano > 0)
		rc = order_tell(db, caller, order, EVENT_ORDER_REFUNDED,
		    seq + 1, refund_nano, now);
	return rc;
}

/* A final status answers a request to cancel; another one keeps it. */
static const char SQL_MOVE[] =
    "UPDATE orders SET status = $1, remains = $2, charge_nano = $3,"
    " updated_at = $4, cancel_requested_at = CASE WHEN $1 < 4"
    " THEN cancel_requested_at END, event_seq = $5"
    " WHERE account_id = $6 AND id = $7";
static const char SQL_HISTORY[] =
    "INSERT INTO order_move (order_id, seq, moved_at, from_status, to_status,"
    " actor, note)"
    " SELECT $1, COALESCE(MAX(seq), 0) + 1, $2, $3, $4, $5, $6"
    " FROM order_move WHERE order_id = $1";

enum rc
order_move(struct db *db, const struct caller *caller, struct order *order,
    enum order_status to, enum order_actor actor, const char *note, int64_t now,
    struct why *why)
{
	enum event_type type = event_of(order, to, actor);
	int64_t refund, seq = order->event_seq + (type != EVENT_TYPES);
	enum rc rc;

	if (!order_may_move(order->status, to, actor))
		return error_set(why, ERROR_CANCEL, NULL);
	rc = refund_of(order, to, &refund);
	if (rc != RC_OK)
		return rc;
	if (to == ORDER_COMPLETED)
		order->remains = 0;
	order->charge_nano -= refund;
	rc = ledger_refund(db, caller, order->id, refund, now);
	if (rc != RC_OK)
		return rc;
	rc = db_run(db, SQL_MOVE,
	    DB_ARGS(DB_INT(to), DB_INT(order->remains),
		DB_INT(order->charge_nano), DB_INT(now),
		DB_INT(seq + (refund > 0)), DB_INT(caller->account_id),
		DB_INT(order->id)));
	if (rc != RC_OK)
		return rc;
	rc = db_run(db, SQL_HISTORY,
	    DB_ARGS(DB_INT(order->id), DB_INT(now), DB_INT(order->status),
		DB_INT(to), DB_INT(actor), DB_TEXT(note)));
	if (rc != RC_OK)
		return rc;
	order->status = to;
	order->updated_at = now;
	order->event_seq = seq;
	if (to >= ORDER_COMPLETED)
		order->cancel_requested_at = 0;
	rc = tell_move(db, caller, order, type, refund, now);
	order->event_seq += refund > 0;
	return rc;
}

static const char SQL_REQUEST_CANCEL[] =
    "UPDATE orders SET cancel_requested_at = $1"
    " WHERE account_id = $2 AND id = $3 AND cancel_requested_at IS NULL";

enum rc
order_cancel(struct db *db, const struct caller *caller, int64_t id,
    int64_t now, struct why *why)
{
	struct order order;
	enum rc rc;

	rc = order_find(db, caller, id, &order, why);
	if (rc != RC_OK)
		return rc;
	if (!order.can_cancel || order.status >= ORDER_COMPLETED)
		return error_set(why, ERROR_CANCEL, NULL);
	if (order.status == ORDER_PENDING)
		return order_move(db, caller, &order, ORDER_CANCELED,
		    ORDER_BY_CUSTOMER, NULL, now, why);
	return db_run(db, SQL_REQUEST_CANCEL,
	    DB_ARGS(DB_INT(now), DB_INT(caller->account_id), DB_INT(id)));
}
