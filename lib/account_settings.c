/* SPDX-License-Identifier: ISC */
/*
 * Settings of an account.
 */
#include "account_settings.h"

#include "text.h"

static const char SQL_LOW[] = "SELECT low_balance_nano FROM account"
			      " WHERE id = $1 AND closed_at IS NULL";

enum rc
account_settings_low(
    struct db *db, const struct caller *caller, int64_t *low_nano)
{
	return db_one(
	    db, SQL_LOW, DB_ARGS(DB_INT(caller->account_id)), low_nano);
}

/* RC_NOT_FOUND where the last statement met no row. */
static enum rc
met(struct db *db, enum rc rc)
{
	return rc == RC_OK && db_changes(db) == 0 ? RC_NOT_FOUND : rc;
}

static const char SQL_SET_LOW[] = "UPDATE account SET low_balance_nano = $1"
				  " WHERE id = $2 AND closed_at IS NULL";

enum rc
account_settings_set_low(
    struct db *db, const struct caller *caller, int64_t low_nano)
{
	return met(
	    db, db_run(db, SQL_SET_LOW,
		    DB_ARGS(DB_INT(low_nano), DB_INT(caller->account_id))));
}

static const char SQL_SET_NAME[] =
    "UPDATE account SET name = $1 WHERE id = $2 AND closed_at IS NULL";

enum rc
account_settings_set_name(
    struct db *db, const struct caller *caller, const char *name)
{
	if (!text_is_line(name, TEXT_NAME_MAX))
		return RC_INVALID;
	return met(db, db_run(db, SQL_SET_NAME,
			   DB_ARGS(DB_TEXT(name), DB_INT(caller->account_id))));
}
