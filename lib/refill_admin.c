/* SPDX-License-Identifier: ISC */
/*
 * The operator's side of refills.
 */
#include "refill_admin.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "event.h"

int
refill_admin_status(const char *name)
{
	int status;

	for (status = REFILL_PENDING; status <= REFILL_ERROR; status++)
		if (strcasecmp(refill_status_name(status), name) == 0)
			return status;
	return 0;
}

/* operator: any account; $1 is 0 for all of them */
static const char SQL_LIST[] =
    "SELECT refill.id, refill.order_id, refill.account_id, account.email,"
    " service.name, orders.link, refill.status, refill.created_at,"
    " refill.updated_at"
    " FROM refill JOIN account ON account.id = refill.account_id"
    " JOIN orders ON orders.id = refill.order_id"
    " JOIN service ON service.id = orders.service_id"
    " WHERE ($1 = 0 OR refill.account_id = $1)"
    " AND ($2 = 0 OR refill.status = $2)"
    " AND ($3 = 0 OR refill.id < $3)"
    " ORDER BY refill.id DESC LIMIT $4";

enum rc
refill_admin_list(struct db *db, const struct refill_filter *filter,
    enum rc (*each)(void *arg, const struct refill_row *row), void *arg)
{
	int64_t limit = filter->limit > 0 ? filter->limit : REFILL_ADMIN_LIMIT;
	struct db_rows *rows = NULL;
	struct refill_row row;
	enum rc rc;

	rc = db_query(db, SQL_LIST,
	    DB_ARGS(DB_INT(filter->account_id), DB_INT(filter->status),
		DB_INT(filter->before), DB_INT(limit)),
	    &rows);
	while (db_more(rows, &rc)) {
		row = (struct refill_row){
			.id = db_int(rows, 0),
			.order_id = db_int(rows, 1),
			.account_id = db_int(rows, 2),
			.email = db_text(rows, 3),
			.service = db_text(rows, 4),
			.link = db_text(rows, 5),
			.status = (int)db_int(rows, 6),
			.created_at = db_int(rows, 7),
			.updated_at = db_int(rows, 8),
		};
		rc = each(arg, &row);
	}
	db_done(&rows);
	return rc;
}

/* The event that tells of a refill's status; EVENT_TYPES if none does. */
static enum event_type
event_of(enum refill_status status)
{
	switch (status) {
	case REFILL_COMPLETED:
		return EVENT_REFILL_COMPLETED;
	case REFILL_REJECTED:
		return EVENT_REFILL_REJECTED;
	case REFILL_PENDING:
	case REFILL_IN_PROGRESS:
	case REFILL_ERROR:
		break;
	}
	return EVENT_TYPES;
}

static const char SQL_COUNT[] = "UPDATE orders SET event_seq = event_seq + 1"
				" WHERE account_id = $1 AND id = $2";
static const char SQL_SEQ[] = "SELECT event_seq FROM orders"
			      " WHERE account_id = $1 AND id = $2";

/* Tells of a refill's end, as an event about its order. */
static enum rc
tell(struct db *db, const struct caller *caller, int64_t order_id, int64_t id,
    enum refill_status status, int64_t now)
{
	struct event event = { .type = event_of(status), .order_id = order_id };
	int is_wanted = 0;
	int64_t seq = 0;
	enum rc rc;

	if (event.type == EVENT_TYPES)
		return RC_OK;
	rc = db_run(db, SQL_COUNT,
	    DB_ARGS(DB_INT(caller->account_id), DB_INT(order_id)));
	if (rc == RC_OK)
		rc = event_is_wanted(db, caller, event.type, &is_wanted);
	if (rc != RC_OK || !is_wanted)
		return rc;
	rc = db_one(db, SQL_SEQ,
	    DB_ARGS(DB_INT(caller->account_id), DB_INT(order_id)), &seq);
	if (rc != RC_OK)
		return rc;
	(void)snprintf(event.subject, sizeof(event.subject), "order:%lld:%lld",
	    (long long)order_id, (long long)seq);
	return event_queue(db, caller, &event,
	    json_pack("{s:I, s:I, s:s, s:I}", "refill", (json_int_t)id, "order",
		(json_int_t)order_id, "status", refill_status_name((int)status),
		"seq", (json_int_t)seq),
	    now, NULL);
}

/* operator: any account */
static const char SQL_WHAT[] =
    "SELECT status, account_id, order_id FROM refill WHERE id = $1";

static const char SQL_SET[] = "UPDATE refill SET status = $1, updated_at = $2"
			      " WHERE account_id = $3 AND id = $4";

enum rc
refill_admin_set(struct db *db, int64_t id, enum refill_status to, int64_t now)
{
	enum refill_status from = REFILL_ERROR;
	struct db_rows *rows = NULL;
	struct caller caller = { 0 };
	int64_t order_id = 0;
	enum rc rc;

	rc = db_query(db, SQL_WHAT, DB_ARGS(DB_INT(id)), &rows);
	if (rc == RC_OK)
		rc = db_next(rows);
	if (rc == RC_OK) {
		from = (enum refill_status)db_int(rows, 0);
		caller.account_id = db_int(rows, 1);
		order_id = db_int(rows, 2);
	}
	db_done(&rows);
	if (rc != RC_OK)
		return rc;
	if (!refill_may_move(from, to))
		return RC_INVALID;
	rc = db_run(db, SQL_SET,
	    DB_ARGS(DB_INT(to), DB_INT(now), DB_INT(caller.account_id),
		DB_INT(id)));
	return rc == RC_OK ? tell(db, &caller, order_id, id, to, now) : rc;
}
