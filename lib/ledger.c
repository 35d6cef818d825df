/* SPDX-License-Identifier: ISC */
/*
 * The price of orders: taken and given back.  The debit is one conditional
 * UPDATE; the two entries of a transaction are written beside it.
 */
#include "ledger.h"

#include <stdio.h>

#include "event.h"
#include "money.h"

/* No account: it is the entries that belong to one. */
static const char SQL_TXN[] =
    "INSERT INTO txn (kind, order_id, posted_at, note)"
    " VALUES ($1, $2, $3, $4)";
static const char SQL_ENTRY[] =
    "INSERT INTO entry (ledger_id, txn_id, amount_nano)"
    " VALUES ($1, $2, $3)";

enum rc
ledger_post(struct db *db, const struct caller *caller, enum ledger_kind kind,
    int64_t other, int64_t order_id, int64_t amount_nano, const char *note,
    int64_t now, int64_t *txn_id)
{
	int64_t id;
	enum rc rc;

	rc = db_run(db, SQL_TXN,
	    DB_ARGS(DB_INT(kind), order_id != 0 ? DB_INT(order_id) : DB_NULL,
		DB_INT(now), DB_TEXT(note)));
	if (rc != RC_OK)
		return rc;
	id = db_last_id(db);
	if (txn_id != NULL)
		*txn_id = id;
	rc = db_run(db, SQL_ENTRY,
	    DB_ARGS(
		DB_INT(caller->account_id), DB_INT(id), DB_INT(amount_nano)));
	if (rc != RC_OK)
		return rc;
	return db_run(db, SQL_ENTRY,
	    DB_ARGS(DB_INT(other), DB_INT(id), DB_INT(-amount_nano)));
}

/* The last transaction of a wallet: each is told of once. */
static const char SQL_LAST[] =
    "SELECT MAX(txn_id) FROM entry WHERE ledger_id = $1";

enum rc
ledger_tell(struct db *db, const struct caller *caller, int64_t before_nano,
    int64_t after_nano, int64_t low_nano, int64_t now)
{
	char balance[MONEY_TEXT_LEN], threshold[MONEY_TEXT_LEN];
	struct event event = { .type = EVENT_BALANCE_LOW };
	int is_wanted = 0;
	int64_t last = 0;
	enum rc rc;

	if (before_nano < low_nano || after_nano >= low_nano)
		return RC_OK;
	rc = event_is_wanted(db, caller, event.type, &is_wanted);
	if (rc == RC_OK && is_wanted)
		rc = db_one(
		    db, SQL_LAST, DB_ARGS(DB_INT(caller->account_id)), &last);
	if (rc != RC_OK || !is_wanted)
		return rc;
	(void)snprintf(event.subject, sizeof(event.subject), "balance:%lld",
	    (long long)last);
	return event_queue(db, caller, &event,
	    json_pack("{s:s, s:s, s:s}", "balance",
		money_format(after_nano, balance), "threshold",
		money_format(low_nano, threshold), "currency",
		caller->currency),
	    now, NULL);
}

/*
 * It may have been suspended, or closed, since the call began.  What is left
 * is asked for apart: RETURNING makes a table of it, at twice the cost.
 */
static const char SQL_DEBIT[] =
    "UPDATE account SET balance_nano = balance_nano - $1"
    " WHERE id = $2 AND balance_nano >= $1 AND suspended_at IS NULL";
static const char SQL_LEFT[] =
    "SELECT balance_nano, low_balance_nano FROM account WHERE id = $1";

static const char SQL_IS_SUSPENDED[] =
    "SELECT suspended_at IS NOT NULL FROM account WHERE id = $1";

/* Why an account could not be charged. */
static enum rc
refuse(struct db *db, const struct caller *caller, struct why *why)
{
	int64_t suspended = 0;
	enum rc rc;

	rc = db_one(db, SQL_IS_SUSPENDED, DB_ARGS(DB_INT(caller->account_id)),
	    &suspended);
	if (rc != RC_OK && rc != RC_NOT_FOUND)
		return rc;
	return error_set(why, suspended ? ERROR_SUSPENDED : ERROR_FUNDS, NULL);
}

/* What is in a wallet, and the amount below which its owner is told. */
static enum rc
left(struct db *db, const struct caller *caller, int64_t *balance_nano,
    int64_t *low_nano)
{
	struct db_rows *rows = NULL;
	enum rc rc;

	rc = db_query(db, SQL_LEFT, DB_ARGS(DB_INT(caller->account_id)), &rows);
	if (rc == RC_OK)
		rc = db_next(rows);
	if (rc == RC_OK) {
		*balance_nano = db_int(rows, 0);
		*low_nano = db_int(rows, 1);
	}
	db_done(&rows);
	return rc;
}

enum rc
ledger_charge(struct db *db, const struct caller *caller, int64_t order_id,
    int64_t amount_nano, int64_t now, struct why *why)
{
	int64_t after = 0, low = 0;
	enum rc rc;

	rc = db_run(db, SQL_DEBIT,
	    DB_ARGS(DB_INT(amount_nano), DB_INT(caller->account_id)));
	if (rc == RC_OK && db_changes(db) == 0)
		return refuse(db, caller, why);
	if (rc == RC_OK)
		rc = left(db, caller, &after, &low);
	if (rc == RC_OK)
		rc = ledger_post(db, caller, LEDGER_ORDER, LEDGER_REVENUE,
		    order_id, -amount_nano, NULL, now, NULL);
	if (rc == RC_OK)
		rc = ledger_tell(
		    db, caller, after + amount_nano, after, low, now);
	return rc;
}

static const char SQL_CREDIT[] =
    "UPDATE account SET balance_nano = balance_nano + $1 WHERE id = $2";

enum rc
ledger_refund(struct db *db, const struct caller *caller, int64_t order_id,
    int64_t amount_nano, int64_t now)
{
	enum rc rc;

	if (amount_nano == 0)
		return RC_OK;
	rc = db_run(db, SQL_CREDIT,
	    DB_ARGS(DB_INT(amount_nano), DB_INT(caller->account_id)));
	if (rc != RC_OK)
		return rc;
	return ledger_post(db, caller, LEDGER_REFUND, LEDGER_REFUNDS, order_id,
	    amount_nano, NULL, now, NULL);
}
