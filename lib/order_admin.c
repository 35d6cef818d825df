/* SPDX-License-Identifier: ISC */
/*
 * The operator's side of orders.  Reading goes over all accounts; changing
 * first learns whose the order is and then goes through the same
 * account-scoped functions as the API.
 */
#include "order_admin.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "text.h"

int
order_admin_status(const char *name)
{
	int status;

	for (status = ORDER_PENDING; status <= ORDER_CANCELED; status++)
		if (strcasecmp(order_status_name(status), name) == 0)
			return status;
	return 0;
}

/* The columns that read_row takes, in its order. */
#define ORDER_COLUMNS                                                   \
	"SELECT orders.id, orders.account_id, account.email,"           \
	" orders.service_id, service.name, orders.status, orders.link," \
	" orders.quantity, orders.remains, orders.start_count,"         \
	" orders.price_micro, orders.charge_nano, orders.details,"      \
	" orders.request_id, orders.created_at, orders.updated_at,"     \
	" orders.cancel_requested_at"                                   \
	" FROM orders JOIN account ON account.id = orders.account_id"   \
	" JOIN service ON service.id = orders.service_id"

static struct order_row
read_row(struct db_rows *rows)
{
	return (struct order_row){
		.id = db_int(rows, 0),
		.account_id = db_int(rows, 1),
		.email = db_text(rows, 2),
		.service_id = db_int(rows, 3),
		.service = db_text(rows, 4),
		.status = (int)db_int(rows, 5),
		.link = db_text(rows, 6),
		.quantity = db_int(rows, 7),
		.remains = db_int(rows, 8),
		.start_count = db_int(rows, 9),
		.price_micro = db_int(rows, 10),
		.charge_nano = db_int(rows, 11),
		.details = db_text(rows, 12),
		.request_id = db_text(rows, 13),
		.created_at = db_int(rows, 14),
		.updated_at = db_int(rows, 15),
		.cancel_requested_at = db_int(rows, 16),
	};
}

#define ORDER_FILTER                                         \
	" AND ($2 = 0 OR o.status = $2)"                     \
	" AND ($3 = 0 OR (o.cancel_requested_at IS NOT NULL" \
	"  AND o.status < 4))"                               \
	" AND ($4 = 0 OR o.id < $4) ORDER BY o.id DESC LIMIT $5"

/* An index has an account's ids in order within one status: six are merged. */
static const char SQL_LIST_ACCOUNT[] = ORDER_COLUMNS
    " JOIN (VALUES (1), (2), (3), (4), (5), (6)) AS s"
    " WHERE orders.id IN (SELECT o.id FROM orders AS o"
    " WHERE o.account_id = $1 AND o.status = s.column1" ORDER_FILTER ")"
    " ORDER BY orders.id DESC LIMIT $5";

/* operator: any account; $1 keeps the places of both alike */
static const char SQL_LIST[] =
    ORDER_COLUMNS " WHERE orders.id IN (SELECT o.id FROM orders AS o"
		  " WHERE $1 = 0" ORDER_FILTER ") ORDER BY orders.id DESC";

enum rc
order_admin_list(struct db *db, const struct order_filter *filter,
    enum rc (*each)(void *arg, const struct order_row *row), void *arg)
{
	int64_t limit = filter->limit > 0 ? filter->limit : ORDER_ADMIN_LIMIT;
	struct db_rows *rows = NULL;
	struct order_row row;
	enum rc rc;

	rc = db_query(db, filter->account_id != 0 ? SQL_LIST_ACCOUNT : SQL_LIST,
	    DB_ARGS(DB_INT(filter->account_id), DB_INT(filter->status),
		DB_INT(filter->cancel_requested != 0), DB_INT(filter->before),
		DB_INT(limit)),
	    &rows);
	while (db_more(rows, &rc)) {
		row = read_row(rows);
		rc = each(arg, &row);
	}
	db_done(&rows);
	return rc;
}

/* operator: any account */
static const char SQL_SHOW[] = ORDER_COLUMNS " WHERE orders.id = $1";

enum rc
order_admin_show(struct db *db, int64_t id,
    enum rc (*show)(void *arg, const struct order_row *row), void *arg)
{
	struct db_rows *rows = NULL;
	struct order_row row;
	enum rc rc;

	rc = db_query(db, SQL_SHOW, DB_ARGS(DB_INT(id)), &rows);
	if (rc != RC_OK || (rc = db_next(rows)) != RC_OK)
		goto out;
	row = read_row(rows);
	rc = show(arg, &row);
out:
	db_done(&rows);
	return rc;
}

/* operator: any account */
static const char SQL_HISTORY[] =
    "SELECT moved_at, from_status, to_status, actor, note FROM order_move"
    " WHERE order_id = $1 ORDER BY seq";

enum rc
order_admin_history(struct db *db, int64_t id,
    enum rc (*each)(void *arg, const struct order_move_row *row), void *arg)
{
	struct db_rows *rows = NULL;
	struct order_move_row row;
	enum rc rc;

	rc = db_query(db, SQL_HISTORY, DB_ARGS(DB_INT(id)), &rows);
	while (db_more(rows, &rc)) {
		row = (struct order_move_row){
			.moved_at = db_int(rows, 0),
			.from = (int)db_int(rows, 1),
			.to = (int)db_int(rows, 2),
			.actor = (int)db_int(rows, 3),
			.note = db_text(rows, 4),
		};
		rc = each(arg, &row);
	}
	db_done(&rows);
	return rc;
}

/* True if the change can be made; otherwise says why not. */
static int
is_possible(const struct order *order, const struct order_change *change,
    const char **what)
{
	int64_t remains =
	    change->remains >= 0 ? change->remains : order->remains;

	if (order->status >= ORDER_COMPLETED)
		*what = "the order is finished";
	else if (change->note != NULL && change->status == 0)
		*what = "a note needs a status to go with";
	else if (change->note != NULL &&
		 !text_is_line(change->note, TEXT_TITLE_MAX))
		*what = "the note must be one line of at most 500 bytes";
	else if (change->start_count > ORDER_ADMIN_COUNT_MAX)
		*what = "the start count is too large";
	else if (remains > order->quantity)
		*what = "more would remain than was ordered";
	else if (change->status != 0 &&
		 !order_may_move(order->status,
		     (enum order_status)change->status, ORDER_BY_OPERATOR))
		*what = "its status may not change to this one";
	else if (change->status == ORDER_PARTIAL && remains == 0)
		*what = "Partial needs the pieces that remain";
	else if (change->decline_cancel && order->cancel_requested_at == 0)
		*what = "nobody asked to cancel it";
	else if (change->decline_cancel && change->status == ORDER_CANCELED)
		*what = "it cannot be canceled and the request declined";
	else
		return 1;
	return 0;
}

/* operator: any account */
static const char SQL_WHOSE[] = "SELECT account_id FROM orders WHERE id = $1";

static const char SQL_SET[] =
    "UPDATE orders SET start_count = $1, remains = $2,"
    " cancel_requested_at ="
    " CASE WHEN $3 = 1 THEN NULL ELSE cancel_requested_at END"
    " WHERE account_id = $4 AND id = $5";

enum rc
order_admin_set(struct db *db, int64_t id, const struct order_change *change,
    const char *currency, int64_t now, const char **what)
{
	struct caller caller = { .currency = currency };
	struct why why = { 0 };
	struct order order;
	enum rc rc;

	*what = "";
	rc = db_one(db, SQL_WHOSE, DB_ARGS(DB_INT(id)), &caller.account_id);
	if (rc != RC_OK)
		return rc;
	if ((rc = order_find(db, &caller, id, &order, &why)) != RC_OK)
		return rc;
	if (!is_possible(&order, change, what))
		return RC_INVALID;
	if (change->start_count >= 0)
		order.start_count = change->start_count;
	if (change->remains >= 0)
		order.remains = change->remains;
	rc = db_run(db, SQL_SET,
	    DB_ARGS(DB_INT(order.start_count), DB_INT(order.remains),
		DB_INT(change->decline_cancel != 0), DB_INT(caller.account_id),
		DB_INT(id)));
	if (rc != RC_OK || change->status == 0)
		return rc;
	return order_move(db, &caller, &order,
	    (enum order_status)change->status, ORDER_BY_OPERATOR, change->note,
	    now, &why);
}
