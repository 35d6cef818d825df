/* SPDX-License-Identifier: ISC */
/*
 * Lists of an account's orders.  The indexes are in the order of ids within
 * one status, so a page is found by one short query for each status, merged
 * here; then its rows are read by their ids.
 */
#include "order_list.h"

#include <stdlib.h>

#include "order.h"

/* One more than a page has tells that there is a further one. */
enum { IDS_MAX = ORDER_CANCELED * (ORDER_LIST_MAX + 1) };

struct ids {
	size_t n;
	int64_t id[IDS_MAX];
};

/* Where to look: for ids above one, or below. */
struct search {
	const struct order_list_filter *filter;
	int64_t link_hash;
	int up;
	int64_t from;
	size_t limit;
};

/* --- ids ------------------------------------------------------------------ */

#define BELOW                                                         \
	"SELECT id FROM orders WHERE account_id = $1 AND status = $2" \
	" AND id < $3"
#define ABOVE                                                         \
	"SELECT id FROM orders WHERE account_id = $1 AND status = $2" \
	" AND id > $3"

static const char SQL_BELOW[] = BELOW " ORDER BY id DESC LIMIT $4";
static const char SQL_ABOVE[] = ABOVE " ORDER BY id LIMIT $4";

#define OF_SERVICE " AND service_id = $4"

static const char SQL_BELOW_SERVICE[] =
    BELOW OF_SERVICE " ORDER BY id DESC LIMIT $5";
static const char SQL_ABOVE_SERVICE[] =
    ABOVE OF_SERVICE " ORDER BY id LIMIT $5";

/* The plus keeps SQLite to the link's index: a link has few orders. */
#define OF_LINK                                                        \
	" AND link_hash = $4 AND link = $5 AND ($6 = 0 OR +service_id" \
	" = $6)"

static const char SQL_BELOW_LINK[] = BELOW OF_LINK " ORDER BY id DESC LIMIT $7";
static const char SQL_ABOVE_LINK[] = ABOVE OF_LINK " ORDER BY id LIMIT $7";

/* Starts the query for one status. */
static enum rc
query_ids(struct db *db, const struct caller *caller,
    const struct search *search, int status, struct db_rows **rows)
{
	const struct order_list_filter *filter = search->filter;
	int64_t limit = (int64_t)search->limit;

	if (filter->link != NULL)
		return db_query(db,
		    search->up ? SQL_ABOVE_LINK : SQL_BELOW_LINK,
		    DB_ARGS(DB_INT(caller->account_id), DB_INT(status),
			DB_INT(search->from), DB_INT(search->link_hash),
			DB_TEXT(filter->link), DB_INT(filter->service_id),
			DB_INT(limit)),
		    rows);
	if (filter->service_id != 0)
		return db_query(db,
		    search->up ? SQL_ABOVE_SERVICE : SQL_BELOW_SERVICE,
		    DB_ARGS(DB_INT(caller->account_id), DB_INT(status),
			DB_INT(search->from), DB_INT(filter->service_id),
			DB_INT(limit)),
		    rows);
	return db_query(db, search->up ? SQL_ABOVE : SQL_BELOW,
	    DB_ARGS(DB_INT(caller->account_id), DB_INT(status),
		DB_INT(search->from), DB_INT(limit)),
	    rows);
}

static int
ascending(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static int
descending(const void *a, const void *b)
{
	return ascending(b, a);
}

/* Finds up to search->limit ids, the nearest to search->from first. */
static enum rc
find_ids(struct db *db, const struct caller *caller,
    const struct search *search, struct ids *ids)
{
	const struct order_list_filter *filter = search->filter;
	struct db_rows *rows = NULL;
	enum rc rc = RC_OK;
	int status;

	ids->n = 0;
	for (status = ORDER_PENDING; status <= ORDER_CANCELED; status++) {
		if (filter->status != 0 && filter->status != status)
			continue;
		rc = query_ids(db, caller, search, status, &rows);
		while (db_more(rows, &rc))
			ids->id[ids->n++] = db_int(rows, 0);
		db_done(&rows);
		if (rc != RC_OK)
			return rc;
	}
	qsort(ids->id, ids->n, sizeof(ids->id[0]),
	    search->up ? ascending : descending);
	if (ids->n > search->limit)
		ids->n = search->limit;
	return rc;
}

/* Finds the ids of a page, newest first, and what lies beyond. */
static enum rc
find_page(struct db *db, const struct caller *caller,
    const struct order_list_filter *filter, struct ids *ids,
    struct order_list_ends *ends)
{
	size_t limit = filter->limit != 0 ? filter->limit : ORDER_LIST_PAGE;
	struct search search = { .filter = filter };
	struct ids other;
	int is_more;
	enum rc rc;

	if (limit > ORDER_LIST_MAX)
		limit = ORDER_LIST_MAX;
	if (filter->link != NULL) {
		rc = order_link_hash(filter->link, &search.link_hash);
		if (rc != RC_OK)
			return rc;
	}
	search.up = filter->after > 0;
	search.from = search.up             ? filter->after
		      : filter->before != 0 ? filter->before
					    : INT64_MAX;
	search.limit = limit + 1;
	rc = find_ids(db, caller, &search, ids);
	if (rc != RC_OK || ids->n == 0)
		return rc;
	is_more = ids->n > limit;
	if (is_more)
		ids->n = limit;
	qsort(ids->id, ids->n, sizeof(ids->id[0]), descending);
	/* Is there something on the side that was come from? */
	search.up = !search.up;
	search.from = search.up ? ids->id[0] : ids->id[ids->n - 1];
	search.limit = 1;
	rc = find_ids(db, caller, &search, &other);
	if (rc != RC_OK)
		return rc;
	if (search.up ? other.n > 0 : is_more)
		ends->newer = ids->id[0];
	if (search.up ? is_more : other.n > 0)
		ends->older = ids->id[ids->n - 1];
	return RC_OK;
}

/* --- rows ----------------------------------------------------------------- */

static const char SQL_ROW[] =
    "SELECT o.id, o.service_id, s.name, s.category, o.status, o.link,"
    " o.quantity, o.remains, o.start_count, o.price_micro, o.charge_nano,"
    " o.details, o.created_at, o.updated_at, o.cancel_requested_at, s.cancel,"
    " s.refill, s.active FROM orders o JOIN service s ON s.id = o.service_id"
    " WHERE o.account_id = $1 AND o.id = $2";

/* Reads the row of an order and shows it; RC_NOT_FOUND. */
static enum rc
show(struct db *db, const struct caller *caller, int64_t id,
    enum rc (*each)(void *arg, const struct order_item *order), void *arg)
{
	struct order_item order = { 0 };
	struct db_rows *rows = NULL;
	enum rc rc;

	rc = db_query(db, SQL_ROW,
	    DB_ARGS(DB_INT(caller->account_id), DB_INT(id)), &rows);
	if (rc == RC_OK)
		rc = db_next(rows);
	if (rc != RC_OK)
		goto out;
	order.id = db_int(rows, 0);
	order.service_id = db_int(rows, 1);
	order.service = db_text(rows, 2);
	order.category = db_text(rows, 3);
	order.status = (int)db_int(rows, 4);
	order.link = db_text(rows, 5);
	order.quantity = db_int(rows, 6);
	order.remains = db_int(rows, 7);
	order.start_count = db_int(rows, 8);
	order.price_micro = db_int(rows, 9);
	order.charge_nano = db_int(rows, 10);
	order.details = db_text(rows, 11);
	order.created_at = db_int(rows, 12);
	order.updated_at = db_int(rows, 13);
	order.cancel_requested_at = db_int(rows, 14);
	order.can_cancel = db_int(rows, 15) != 0;
	order.can_refill = db_int(rows, 16) != 0;
	order.on_sale = db_int(rows, 17) != 0;
	rc = each(arg, &order);
out:
	db_done(&rows);
	return rc;
}

enum rc
order_list(struct db *db, const struct caller *caller,
    const struct order_list_filter *filter,
    enum rc (*each)(void *arg, const struct order_item *order), void *arg,
    struct order_list_ends *ends)
{
	struct ids ids;
	size_t i;
	enum rc rc;

	*ends = (struct order_list_ends){ 0 };
	rc = find_page(db, caller, filter, &ids, ends);
	for (i = 0; rc == RC_OK && i < ids.n; i++)
		rc = show(db, caller, ids.id[i], each, arg);
	return rc;
}

enum rc
order_list_show(struct db *db, const struct caller *caller, int64_t id,
    enum rc (*each)(void *arg, const struct order_item *order), void *arg,
    struct why *why)
{
	enum rc rc = show(db, caller, id, each, arg);

	return rc == RC_NOT_FOUND ? error_set(why, ERROR_ORDER, NULL) : rc;
}

static const char SQL_HISTORY[] =
    "SELECT m.moved_at, m.from_status, m.to_status, m.actor, m.note"
    " FROM orders o JOIN order_move m ON m.order_id = o.id"
    " WHERE o.account_id = $1 AND o.id = $2 ORDER BY m.seq DESC LIMIT $3";

enum rc
order_list_history(struct db *db, const struct caller *caller, int64_t id,
    enum rc (*each)(void *arg, const struct order_step *step), void *arg)
{
	struct db_rows *rows = NULL;
	struct order_step step;
	enum rc rc;

	rc = db_query(db, SQL_HISTORY,
	    DB_ARGS(DB_INT(caller->account_id), DB_INT(id),
		DB_INT(ORDER_LIST_STEPS)),
	    &rows);
	while (db_more(rows, &rc)) {
		step.moved_at = db_int(rows, 0);
		step.from = (int)db_int(rows, 1);
		step.to = (int)db_int(rows, 2);
		step.actor = (int)db_int(rows, 3);
		step.note = db_text(rows, 4);
		rc = each(arg, &step);
	}
	db_done(&rows);
	return rc;
}

static const char SQL_REFILLS[] =
    "SELECT id, status, created_at, updated_at FROM refill"
    " WHERE account_id = $1 AND order_id = $2 ORDER BY id DESC LIMIT $3";

enum rc
order_list_refills(struct db *db, const struct caller *caller, int64_t id,
    enum rc (*each)(void *arg, const struct order_refill *refill), void *arg)
{
	struct order_refill refill;
	struct db_rows *rows = NULL;
	enum rc rc;

	rc = db_query(db, SQL_REFILLS,
	    DB_ARGS(DB_INT(caller->account_id), DB_INT(id),
		DB_INT(ORDER_LIST_STEPS)),
	    &rows);
	while (db_more(rows, &rc)) {
		refill.id = db_int(rows, 0);
		refill.status = (int)db_int(rows, 1);
		refill.created_at = db_int(rows, 2);
		refill.updated_at = db_int(rows, 3);
		rc = each(arg, &refill);
	}
	db_done(&rows);
	return rc;
}
