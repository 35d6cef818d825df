/* SPDX-License-Identifier: ISC */
/*
 * Refills: asked for by the customer under the rules below, moved by the
 * operator.
 */
#include "refill.h"

#include <stddef.h>

#include "order.h"

static const char *const names[] = {
	[REFILL_PENDING] = "Pending",
	[REFILL_IN_PROGRESS] = "In progress",
	[REFILL_COMPLETED] = "Completed",
	[REFILL_REJECTED] = "Rejected",
	[REFILL_ERROR] = "Error",
};

const char *
refill_status_name(int status)
{
	if (status < REFILL_PENDING || status > REFILL_ERROR)
		return NULL;
	return names[status];
}

int
refill_may_move(enum refill_status from, enum refill_status to)
{
	/* From Pending to all, from In progress to the final ones. */
	return (from == REFILL_PENDING || from == REFILL_IN_PROGRESS) &&
	       to > from;
}

/* Rejected and failed ones do not count against the limit. */
static const char SQL_PAST[] =
    "SELECT COUNT(*) FILTER (WHERE status < 3),"
    " COUNT(*) FILTER (WHERE status < 4), COALESCE(MAX(created_at), 0)"
    " FROM refill WHERE account_id = $1 AND order_id = $2";

/* Checks the rules that look at the order's earlier refills. */
static enum rc
check_past(struct db *db, const struct caller *caller,
    const struct order *order, int64_t limit, int64_t now, struct why *why)
{
	struct db_rows *rows = NULL;
	int64_t in_flight = 0, counted = 0, last = 0;
	enum rc rc;

	rc = db_query(db, SQL_PAST,
	    DB_ARGS(DB_INT(caller->account_id), DB_INT(order->id)), &rows);
	if (rc == RC_OK)
		rc = db_next(rows);
	if (rc == RC_OK) {
		in_flight = db_int(rows, 0);
		counted = db_int(rows, 1);
		last = db_int(rows, 2);
	}
	db_done(&rows);
	if (rc != RC_OK)
		return rc;
	if (in_flight > 0)
		return error_set(why, ERROR_REFILL_SOON, NULL);
	if (counted >= limit)
		return error_set(why, ERROR_REFILL_CAP, NULL);
	if (last < order->updated_at)
		last = order->updated_at;
	if (now - last < REFILL_WAIT_S)
		return error_set(why, ERROR_REFILL_SOON, NULL);
	return RC_OK;
}

static const char SQL_INSERT[] =
    "INSERT INTO refill (order_id, account_id, status, created_at, updated_at)"
    " VALUES ($1, $2, $3, $4, $4)";

enum rc
refill_request(struct db *db, const struct caller *caller, int64_t order_id,
    int64_t limit, int64_t now, int64_t *id, struct why *why)
{
	struct order order;
	enum rc rc;

	*id = 0;
	rc = order_find(db, caller, order_id, &order, why);
	if (rc != RC_OK)
		return rc;
	if (!order.can_refill)
		return error_set(why, ERROR_REFILL_OFF, NULL);
	if (order.status == ORDER_CANCELED ||
	    (order.status == ORDER_PARTIAL && order.remains == order.quantity))
		return error_set(why, ERROR_REFILL_STATE, NULL);
	if (order.status != ORDER_COMPLETED && order.status != ORDER_PARTIAL)
		return error_set(why, ERROR_REFILL_SOON, NULL);
	rc = check_past(db, caller, &order, limit, now, why);
	if (rc != RC_OK)
		return rc;
	rc = db_run(db, SQL_INSERT,
	    DB_ARGS(DB_INT(order_id), DB_INT(caller->account_id),
		DB_INT(REFILL_PENDING), DB_INT(now)));
	if (rc == RC_OK)
		*id = db_last_id(db);
	return rc;
}

static const char SQL_FIND[] = "SELECT status FROM refill"
			       " WHERE account_id = $1 AND id = $2";

enum rc
refill_find(struct db *db, const struct caller *caller, int64_t id,
    enum refill_status *status, struct why *why)
{
	int64_t value;
	enum rc rc;

	rc = db_one(db, SQL_FIND,
	    DB_ARGS(DB_INT(caller->account_id), DB_INT(id)), &value);
	if (rc == RC_NOT_FOUND)
		return error_set(why, ERROR_REFILL, NULL);
	*status = rc == RC_OK ? (enum refill_status)value : REFILL_ERROR;
	return rc;
}
