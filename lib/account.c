/* SPDX-License-Identifier: ISC */
/*
 * What a caller may ask of its own account.
 */
#include "account.h"

#include <stdio.h>
#include <string.h>

static const char SQL_BALANCE[] = "SELECT balance_nano FROM account"
				  " WHERE id = $1";

enum rc
account_balance(
    struct db *db, const struct caller *caller, int64_t *balance_nano)
{
	return db_one(
	    db, SQL_BALANCE, DB_ARGS(DB_INT(caller->account_id)), balance_nano);
}

/* by the account's id, though it is called account.id */
static const char SQL_FIND[] =
    "SELECT email, name, balance_nano, created_at, suspended_at IS NOT NULL,"
    " (SELECT calls_per_minute FROM tier WHERE tier.id = tier_id)"
    " FROM account WHERE id = $1 AND closed_at IS NULL";

enum rc
account_find(struct db *db, struct caller *caller, struct account *account)
{
	struct db_rows *rows = NULL;
	enum rc rc;

	memset(account, 0, sizeof(*account));
	rc = db_query(db, SQL_FIND, DB_ARGS(DB_INT(caller->account_id)), &rows);
	if (rc == RC_OK)
		rc = db_next(rows);
	if (rc != RC_OK)
		goto out;
	account->id = caller->account_id;
	(void)snprintf(
	    account->email, sizeof(account->email), "%s", db_text(rows, 0));
	(void)snprintf(
	    account->name, sizeof(account->name), "%s", db_text(rows, 1));
	account->balance_nano = db_int(rows, 2);
	account->created_at = db_int(rows, 3);
	caller->suspended = (int)db_int(rows, 4);
	caller->tier_limit = db_int(rows, 5);
out:
	db_done(&rows);
	return rc;
}
