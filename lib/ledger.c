/* SPDX-License-Identifier: ISC */
/*
 * The price of orders: taken and given back.  The debit is one conditional
 * UPDATE; the two entries of a transaction are written beside it.
 */
#include "ledger.h"

/* No account: it is the entries that belong to one. */
static const char SQL_TXN[] =
    "INSERT INTO txn (kind, order_id, posted_at, note)"
    " VALUES ($1, $2, $3, $4)";
static const char SQL_ENTRY[] =
    "INSERT INTO entry (ledger_id, txn_id, amount_nano)"
    " VALUES ($1, $2, $3)";

enum rc
ledger_post(struct db *db, const struct caller *caller, enum ledger_kind kind,
    int house, int64_t order_id, int64_t amount_nano, const char *note,
    int64_t now)
{
	int64_t txn_id;
	enum rc rc;

	rc = db_run(db, SQL_TXN,
	    DB_ARGS(DB_INT(kind), order_id != 0 ? DB_INT(order_id) : DB_NULL,
		DB_INT(now), DB_TEXT(note)));
	if (rc != RC_OK)
		return rc;
	txn_id = db_last_id(db);
	rc = db_run(db, SQL_ENTRY,
	    DB_ARGS(DB_INT(caller->account_id), DB_INT(txn_id),
		DB_INT(amount_nano)));
	if (rc != RC_OK)
		return rc;
	return db_run(db, SQL_ENTRY,
	    DB_ARGS(DB_INT(house), DB_INT(txn_id), DB_INT(-amount_nano)));
}

static const char SQL_DEBIT[] =
    "UPDATE account SET balance_nano = balance_nano - $1"
    " WHERE id = $2 AND balance_nano >= $1";

enum rc
ledger_charge(struct db *db, const struct caller *caller, int64_t order_id,
    int64_t amount_nano, int64_t now, struct why *why)
{
	enum rc rc;

	rc = db_run(db, SQL_DEBIT,
	    DB_ARGS(DB_INT(amount_nano), DB_INT(caller->account_id)));
	if (rc != RC_OK)
		return rc;
	if (db_changes(db) != 1)
		return error_set(why, ERROR_FUNDS, NULL);
	return ledger_post(db, caller, LEDGER_ORDER, LEDGER_REVENUE, order_id,
	    -amount_nano, NULL, now);
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
	    amount_nano, NULL, now);
}
