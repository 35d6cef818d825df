/* SPDX-License-Identifier: ISC */
/*
 * Money into and out of wallets.  The bounds of the balance stand in the one
 * UPDATE that changes it.
 */
#include "funds.h"

#include <stddef.h>

#include "money.h"
#include "text.h"

static const char SQL_CREDIT[] =
    "UPDATE account SET balance_nano = balance_nano + $1"
    " WHERE id = $2 AND balance_nano + $1 >= 0 AND balance_nano + $1 <= $3"
    " RETURNING balance_nano, low_balance_nano";

/*
 * Changes the cached balance.  RC_NOT_FOUND without such an account,
 * RC_LIMITED if it would leave its bounds.
 */
static enum rc
add(struct db *db, const struct caller *caller, int64_t amount_nano,
    int64_t *balance_nano, int64_t *low_nano)
{
	struct db_rows *rows = NULL;
	int64_t before = 0;
	enum rc rc;

	rc = db_query(db, SQL_CREDIT,
	    DB_ARGS(DB_INT(amount_nano), DB_INT(caller->account_id),
		DB_INT(MONEY_MAX)),
	    &rows);
	if (rc == RC_OK)
		rc = db_next(rows);
	if (rc == RC_OK) {
		*balance_nano = db_int(rows, 0);
		*low_nano = db_int(rows, 1);
	}
	db_done(&rows);
	if (rc == RC_NOT_FOUND &&
	    (rc = account_balance(db, caller, &before)) == RC_OK)
		rc = RC_LIMITED;
	return rc;
}

enum rc
funds_post(struct db *db, const struct caller *caller, enum ledger_kind kind,
    int64_t other, int64_t amount_nano, const char *note, int64_t now,
    int64_t *balance_nano, int64_t *txn_id)
{
	int64_t after = 0, low = 0;
	enum rc rc;

	*balance_nano = *txn_id = 0;
	rc = add(db, caller, amount_nano, &after, &low);
	if (rc == RC_OK)
		rc = ledger_post(
		    db, caller, kind, other, 0, amount_nano, note, now, txn_id);
	if (rc == RC_OK)
		rc = ledger_tell(
		    db, caller, after - amount_nano, after, low, now);
	if (rc == RC_OK)
		*balance_nano = after;
	return rc;
}

enum rc
funds_receive(struct db *db, const struct caller *caller, int64_t amount_nano)
{
	int64_t after = 0, low = 0;

	return add(db, caller, amount_nano, &after, &low);
}

enum rc
funds_credit(struct db *db, const struct caller *caller, enum ledger_kind kind,
    int64_t amount_nano, const char *note, int64_t now, int64_t *balance_nano,
    const char **what)
{
	int house =
	    kind == LEDGER_DEPOSIT ? LEDGER_DEPOSITS : LEDGER_ADJUSTMENTS;
	int64_t txn_id = 0;
	enum rc rc;

	*balance_nano = 0;
	*what = "";
	if (kind != LEDGER_DEPOSIT && kind != LEDGER_ADJUSTMENT)
		*what = "this is neither a deposit nor an adjustment";
	else if (amount_nano == 0)
		*what = "the amount is zero";
	else if (kind == LEDGER_DEPOSIT && amount_nano < 0)
		*what = "a deposit is more than zero";
	else if (amount_nano < -MONEY_MAX || amount_nano > MONEY_MAX)
		*what = "the amount is too large";
	else if (note != NULL && !text_is_line(note, TEXT_TITLE_MAX))
		*what = "the note must be one line of at most 500 bytes";
	if ((*what)[0] != '\0')
		return RC_INVALID;
	rc = funds_post(db, caller, kind, house, amount_nano, note, now,
	    balance_nano, &txn_id);
	if (rc == RC_LIMITED)
		*what = amount_nano < 0 ? "the balance would be below zero"
					: "the balance would be too large";
	return rc;
}
