/* SPDX-License-Identifier: ISC */
/*
 * What a caller may ask of its own account.
 */
#include "account.h"

static const char SQL_BALANCE[] = "SELECT balance_nano FROM account"
				  " WHERE id = $1";

enum rc
account_balance(
    struct db *db, const struct caller *caller, int64_t *balance_nano)
{
	return db_one(
	    db, SQL_BALANCE, DB_ARGS(DB_INT(caller->account_id)), balance_nano);
}
