/* SPDX-License-Identifier: ISC */
/*
 * Counting from the ledger.  Ids of transactions grow with time, apart from
 * calls that overtake each other within a second or two, so the first of the
 * last days is found by halving.
 */
#include "spend.h"

#include <string.h>

#include "ledger.h"
#include "webhook.h"

/* --- kept ----------------------------------------------------------------- */

static const char SQL_COUNTED[] =
    "SELECT txn_id, posted_at FROM spend_counted WHERE account_id = $1";
static const char SQL_DAYS[] =
    "SELECT day, orders, charged_nano, refunded_nano FROM spend"
    " WHERE account_id = $1 AND day > $2 AND day <= $3";

enum rc
spend_load(struct db *people, const struct caller *caller, int64_t now,
    struct spend *spend)
{
	struct db_rows *rows = NULL;
	struct spend_day *day;
	enum rc rc;

	*spend = (struct spend){ .today = now / SPEND_DAY_S };
	rc = db_query(
	    people, SQL_COUNTED, DB_ARGS(DB_INT(caller->account_id)), &rows);
	if (rc == RC_OK)
		rc = db_next(rows);
	if (rc == RC_OK) {
		spend->txn_id = db_int(rows, 0);
		spend->posted_at = db_int(rows, 1);
	}
	db_done(&rows);
	if (rc != RC_OK)
		return rc == RC_NOT_FOUND ? RC_OK : rc;
	rc = db_query(people, SQL_DAYS,
	    DB_ARGS(DB_INT(caller->account_id),
		DB_INT(spend->today - SPEND_DAYS), DB_INT(spend->today)),
	    &rows);
	while (db_more(rows, &rc)) {
		day = &spend->days[db_int(rows, 0) - spend->today + SPEND_DAYS -
				   1];
		day->orders = db_int(rows, 1);
		day->charged_nano = db_int(rows, 2);
		day->refunded_nano = db_int(rows, 3);
	}
	db_done(&rows);
	return rc;
}

int
spend_is_new(const struct spend *spend)
{
	return spend->nnew >= SPEND_SAVE;
}

static const char SQL_FORGET[] = "DELETE FROM spend WHERE account_id = $1";
static const char SQL_KEEP[] =
    "INSERT INTO spend (account_id, day, orders, charged_nano, refunded_nano)"
    " VALUES ($1, $2, $3, $4, $5)";
static const char SQL_KEEP_COUNTED[] =
    "INSERT OR REPLACE INTO spend_counted (account_id, txn_id, posted_at)"
    " VALUES ($1, $2, $3)";

enum rc
spend_save(
    struct db *people, const struct caller *caller, const struct spend *spend)
{
	const struct spend_day *day;
	enum rc rc;
	int i;

	/* All of it, so that two who look at once leave what one has seen. */
	rc = db_run(people, SQL_FORGET, DB_ARGS(DB_INT(caller->account_id)));
	for (i = 0; rc == RC_OK && i < SPEND_DAYS; i++) {
		day = &spend->days[i];
		if (day->orders == 0 && day->refunded_nano == 0)
			continue;
		rc = db_run(people, SQL_KEEP,
		    DB_ARGS(DB_INT(caller->account_id),
			DB_INT(spend->today - SPEND_DAYS + 1 + i),
			DB_INT(day->orders), DB_INT(day->charged_nano),
			DB_INT(day->refunded_nano)));
	}
	if (rc != RC_OK)
		return rc;
	return db_run(people, SQL_KEEP_COUNTED,
	    DB_ARGS(DB_INT(caller->account_id), DB_INT(spend->txn_id),
		DB_INT(spend->posted_at)));
}

/* --- counted -------------------------------------------------------------- */

static const char SQL_FROM[] =
    "SELECT e.txn_id, t.posted_at FROM entry e JOIN txn t ON t.id = e.txn_id"
    " WHERE e.ledger_id = $1 AND e.txn_id >= $2 ORDER BY e.txn_id LIMIT 1";
static const char SQL_LAST[] =
    "SELECT COALESCE(MAX(txn_id), 0) FROM entry WHERE ledger_id = $1";

/* The account's first transaction from an id on; RC_NOT_FOUND. */
static enum rc
find_from(struct db *db, const struct caller *caller, int64_t from,
    int64_t *txn_id, int64_t *posted_at)
{
	struct db_rows *rows = NULL;
	enum rc rc;

	*txn_id = *posted_at = 0;
	rc = db_query(db, SQL_FROM,
	    DB_ARGS(DB_INT(caller->account_id), DB_INT(from)), &rows);
	if (rc == RC_OK)
		rc = db_next(rows);
	if (rc == RC_OK) {
		*txn_id = db_int(rows, 0);
		*posted_at = db_int(rows, 1);
	}
	db_done(&rows);
	return rc;
}

/* The greatest id before which all transactions are older than a time. */
static enum rc
find_since(
    struct db *db, const struct caller *caller, int64_t since, int64_t *first)
{
	int64_t low = 1, high, middle, id, at;
	enum rc rc;

	*first = low;
	rc = db_one(db, SQL_LAST, DB_ARGS(DB_INT(caller->account_id)), &high);
	if (rc != RC_OK)
		return rc;
	for (high++; low < high;) {
		middle = low + (high - low) / 2;
		rc = find_from(db, caller, middle, &id, &at);
		if (rc != RC_OK && rc != RC_NOT_FOUND)
			return rc;
		if (rc == RC_OK && at < since)
			low = id + 1;
		else
			high = middle;
	}
	*first = low;
	return RC_OK;
}

/* Finds where to count on. */
static enum rc
begin(struct db *db, const struct caller *caller, struct spend *spend)
{
	int64_t since = (spend->today - SPEND_DAYS + 1) * SPEND_DAY_S;
	int64_t first, id, at;
	enum rc rc;

	if (spend->txn_id != 0) {
		rc = find_from(db, caller, spend->txn_id, &id, &at);
		if (rc != RC_OK && rc != RC_NOT_FOUND)
			return rc;
		if (id != spend->txn_id || at != spend->posted_at) {
			memset(spend->days, 0, sizeof(spend->days));
			spend->txn_id = spend->posted_at = 0;
			spend->nnew = SPEND_SAVE;
		}
	}
	if (spend->posted_at >= since)
		return RC_OK;
	rc = find_since(db, caller, since, &first);
	if (rc == RC_OK && first - 1 > spend->txn_id)
		spend->txn_id = first - 1;
	return rc;
}

static const char SQL_NEXT[] =
    "SELECT e.txn_id, t.posted_at, t.kind, e.amount_nano"
    " FROM entry e JOIN txn t ON t.id = e.txn_id"
    " WHERE e.ledger_id = $1 AND e.txn_id > $2 ORDER BY e.txn_id LIMIT $3";

/* Adds a transaction to its day. */
static void
add(struct spend *spend, int64_t kind, int64_t amount_nano)
{
	int64_t i =
	    spend->posted_at / SPEND_DAY_S - spend->today + SPEND_DAYS - 1;

	if (i < 0 || i >= SPEND_DAYS)
		return;
	if (kind == LEDGER_ORDER) {
		spend->days[i].orders++;
		spend->days[i].charged_nano -= amount_nano;
	}
	if (kind == LEDGER_REFUND)
		spend->days[i].refunded_nano += amount_nano;
}

enum rc
spend_count(struct db *db, const struct caller *caller, struct spend *spend)
{
	struct db_rows *rows = NULL;
	int64_t n = 0;
	enum rc rc;

	rc = begin(db, caller, spend);
	if (rc == RC_OK)
		rc = db_query(db, SQL_NEXT,
		    DB_ARGS(DB_INT(caller->account_id), DB_INT(spend->txn_id),
			DB_INT(SPEND_STEP + 1)),
		    &rows);
	while (rc == RC_OK && n < SPEND_STEP && (rc = db_next(rows)) == RC_OK) {
		spend->txn_id = db_int(rows, 0);
		spend->posted_at = db_int(rows, 1);
		add(spend, db_int(rows, 2), db_int(rows, 3));
		n++;
	}
	if (rc == RC_OK)
		rc = db_next(rows);
	spend->is_behind = rc == RC_OK;
	spend->nnew += n;
	if (spend->posted_at == 0)
		spend->txn_id = 0;
	db_done(&rows);
	return rc == RC_NOT_FOUND ? RC_OK : rc;
}

/* --- attention ------------------------------------------------------------ */

static const char SQL_BALANCE[] =
    "SELECT balance_nano, low_balance_nano FROM account WHERE id = $1";
/* The comparison makes SQLite choose the index that has these alone. */
static const char SQL_CANCEL_REQUESTS[] =
    "SELECT COUNT(*) FROM (SELECT id FROM orders WHERE account_id = $1"
    " AND cancel_requested_at > 0 LIMIT $2)";
static const char SQL_WEBHOOKS[] =
    "SELECT COUNT(*) FROM webhook WHERE account_id = $1 AND (status = $2 OR"
    " (status = $3 AND (failing_since IS NOT NULL OR"
    " blocked_since IS NOT NULL)))";
static const char SQL_REFUNDS[] =
    "SELECT o.id, o.status, e.amount_nano, t.posted_at FROM (SELECT txn_id,"
    " amount_nano FROM entry WHERE ledger_id = $1 ORDER BY txn_id DESC"
    " LIMIT $2) AS e JOIN txn AS t ON t.id = e.txn_id"
    " JOIN orders AS o ON o.id = t.order_id"
    " WHERE o.account_id = $1 AND t.kind = $3 AND t.posted_at >= $4"
    " ORDER BY e.txn_id DESC LIMIT $5";

static enum rc
find_balance(struct db *db, const struct caller *caller,
    struct spend_attention *attention)
{
	struct db_rows *rows = NULL;
	enum rc rc;

	rc = db_query(
	    db, SQL_BALANCE, DB_ARGS(DB_INT(caller->account_id)), &rows);
	if (rc == RC_OK)
		rc = db_next(rows);
	if (rc == RC_OK) {
		attention->balance_nano = db_int(rows, 0);
		attention->low_nano = db_int(rows, 1);
	}
	db_done(&rows);
	return rc;
}

static enum rc
find_refunds(struct db *db, const struct caller *caller, int64_t since,
    struct spend_attention *attention)
{
	struct db_rows *rows = NULL;
	struct spend_refund *refund;
	enum rc rc;

	rc = db_query(db, SQL_REFUNDS,
	    DB_ARGS(DB_INT(caller->account_id), DB_INT(SPEND_LOOK),
		DB_INT(LEDGER_REFUND), DB_INT(since), DB_INT(SPEND_REFUNDS)),
	    &rows);
	while (db_more(rows, &rc)) {
		refund = &attention->refunds[attention->nrefunds++];
		refund->order_id = db_int(rows, 0);
		refund->status = (int)db_int(rows, 1);
		refund->amount_nano = db_int(rows, 2);
		refund->at = db_int(rows, 3);
	}
	db_done(&rows);
	return rc;
}

enum rc
spend_attention(struct db *db, const struct caller *caller, int64_t since,
    struct spend_attention *attention)
{
	enum rc rc;

	*attention = (struct spend_attention){ 0 };
	rc = find_balance(db, caller, attention);
	if (rc == RC_OK)
		rc = db_one(db, SQL_CANCEL_REQUESTS,
		    DB_ARGS(
			DB_INT(caller->account_id), DB_INT(SPEND_COUNT_MAX)),
		    &attention->cancel_requests);
	if (rc == RC_OK)
		rc = db_one(db, SQL_WEBHOOKS,
		    DB_ARGS(DB_INT(caller->account_id),
			DB_INT(WEBHOOK_DISABLED), DB_INT(WEBHOOK_ACTIVE)),
		    &attention->webhooks);
	if (rc == RC_OK)
		rc = find_refunds(db, caller, since, attention);
	return rc;
}
