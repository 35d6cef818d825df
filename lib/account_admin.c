/* SPDX-License-Identifier: ISC */
/*
 * The operator's side of accounts.  Statements without an account_id of a
 * caller are marked: the operator works on any account.
 */
#include "account_admin.h"

#include <stddef.h>
#include <string.h>

#include "number.h"
#include "text.h"

static const char SQL_TIER_ID[] = "SELECT id FROM tier WHERE name = $1";

static enum rc
tier_id(struct db *db, const char *tier, int64_t *id)
{
	return db_one(db, SQL_TIER_ID, DB_ARGS(DB_TEXT(tier)), id);
}

/* operator: any account */
static const char SQL_BY_EMAIL[] = "SELECT id FROM account WHERE email = $1";

static enum rc
find_email(struct db *db, const char *email, int64_t *id)
{
	return db_one(db, SQL_BY_EMAIL, DB_ARGS(DB_TEXT(email)), id);
}

/* operator: any account */
static const char SQL_CREATE[] =
    "INSERT INTO account (email, name, tier_id, created_at)"
    " VALUES ($1, $2, $3, $4)";

enum rc
account_admin_create(struct db *db, const char *email, const char *name,
    const char *tier, int64_t now, int64_t *id, const char **what)
{
	char address[TEXT_EMAIL_MAX + 1];
	int64_t tier_row = 0, other = 0;
	enum rc rc;

	*id = 0;
	*what = "";
	if (!text_email(email, address)) {
		*what = "this is no e-mail address";
		return RC_INVALID;
	}
	if (!text_is_line(name, TEXT_NAME_MAX)) {
		*what = "the name must be one line of at most 200 bytes";
		return RC_INVALID;
	}
	if ((rc = tier_id(db, tier, &tier_row)) != RC_OK) {
		*what = "no such tier";
		return rc;
	}
	rc = find_email(db, address, &other);
	if (rc == RC_OK) {
		*what = "this address has an account already";
		return RC_LIMITED;
	}
	if (rc != RC_NOT_FOUND)
		return rc;
	rc = db_run(db, SQL_CREATE,
	    DB_ARGS(DB_TEXT(address), DB_TEXT(name), DB_INT(tier_row),
		DB_INT(now)));
	if (rc == RC_OK)
		*id = db_last_id(db);
	return rc;
}

/* operator: any account */
static const char SQL_BY_ID[] = "SELECT id FROM account WHERE id = $1";

enum rc
account_admin_find(struct db *db, const char *who, int64_t *id)
{
	char address[TEXT_EMAIL_MAX + 1];
	int64_t n = 0;

	*id = 0;
	if (number_parse(who, strlen(who), 1, INT64_MAX, &n) == RC_OK)
		return db_one(db, SQL_BY_ID, DB_ARGS(DB_INT(n)), id);
	if (!text_email(who, address))
		return RC_NOT_FOUND;
	return find_email(db, address, id);
}

/* operator: any account */
static const char SQL_LIST[] =
    "SELECT account.id, account.email, account.name, tier.name,"
    " tier.calls_per_minute, account.balance_nano,"
    " account.low_balance_nano,"
    " (SELECT COUNT(*) FROM api_key"
    "  WHERE api_key.account_id = account.id AND revoked_at IS NULL),"
    " account.suspended_at, account.created_at"
    " FROM account JOIN tier ON tier.id = account.tier_id"
    " ORDER BY account.id";

enum rc
account_admin_list(struct db *db,
    enum rc (*each)(void *arg, const struct account_row *row), void *arg)
{
	struct db_rows *rows = NULL;
	struct account_row row;
	enum rc rc;

	rc = db_query(db, SQL_LIST, DB_NO_ARGS, &rows);
	while (db_more(rows, &rc)) {
		row = (struct account_row){
			.id = db_int(rows, 0),
			.email = db_text(rows, 1),
			.name = db_text(rows, 2),
			.tier = db_text(rows, 3),
			.calls_per_minute = db_int(rows, 4),
			.balance_nano = db_int(rows, 5),
			.low_nano = db_int(rows, 6),
			.active_keys = db_int(rows, 7),
			.suspended_at = db_int(rows, 8),
			.created_at = db_int(rows, 9),
		};
		rc = each(arg, &row);
	}
	db_done(&rows);
	return rc;
}

/* RC_NOT_FOUND where the last statement met no row. */
static enum rc
met(struct db *db, enum rc rc)
{
	if (rc == RC_OK && db_changes(db) == 0)
		return RC_NOT_FOUND;
	return rc;
}

/* operator: any account */
static const char SQL_SUSPEND[] =
    "UPDATE account SET suspended_at = COALESCE(suspended_at, $1)"
    " WHERE id = $2";

enum rc
account_admin_suspend(struct db *db, int64_t id, int64_t now)
{
	return met(
	    db, db_run(db, SQL_SUSPEND, DB_ARGS(DB_INT(now), DB_INT(id))));
}

/* operator: any account */
static const char SQL_UNSUSPEND[] =
    "UPDATE account SET suspended_at = NULL, closed_at = NULL WHERE id = $1";

enum rc
account_admin_unsuspend(struct db *db, int64_t id)
{
	return met(db, db_run(db, SQL_UNSUSPEND, DB_ARGS(DB_INT(id))));
}

/* operator: any account */
static const char SQL_SET_TIER[] =
    "UPDATE account SET tier_id = $1 WHERE id = $2";

enum rc
account_admin_set_tier(struct db *db, int64_t id, const char *tier)
{
	int64_t row = 0;
	enum rc rc;

	if ((rc = tier_id(db, tier, &row)) != RC_OK)
		return rc;
	return met(
	    db, db_run(db, SQL_SET_TIER, DB_ARGS(DB_INT(row), DB_INT(id))));
}

/* operator: any account */
static const char SQL_SET_LOW[] =
    "UPDATE account SET low_balance_nano = $1 WHERE id = $2";

enum rc
account_admin_set_low(struct db *db, int64_t id, int64_t low_nano)
{
	return met(
	    db, db_run(db, SQL_SET_LOW, DB_ARGS(DB_INT(low_nano), DB_INT(id))));
}

/* operator: any account */
static const char SQL_TIERS[] =
    "SELECT tier.name, tier.calls_per_minute,"
    " (SELECT COUNT(*) FROM account WHERE account.tier_id = tier.id)"
    " FROM tier ORDER BY tier.id";

enum rc
account_admin_tiers(struct db *db,
    enum rc (*each)(void *arg, const struct tier_row *row), void *arg)
{
	struct db_rows *rows = NULL;
	struct tier_row row;
	enum rc rc;

	rc = db_query(db, SQL_TIERS, DB_NO_ARGS, &rows);
	while (db_more(rows, &rc)) {
		row = (struct tier_row){
			.name = db_text(rows, 0),
			.calls_per_minute = db_int(rows, 1),
			.accounts = db_int(rows, 2),
		};
		rc = each(arg, &row);
	}
	db_done(&rows);
	return rc;
}

static const char SQL_SET_CALLS[] =
    "UPDATE tier SET calls_per_minute = $1 WHERE name = $2";

enum rc
account_admin_set_calls(
    struct db *db, const char *tier, int64_t calls_per_minute)
{
	if (calls_per_minute < 1 || calls_per_minute > ACCOUNT_ADMIN_CALLS_MAX)
		return RC_INVALID;
	return met(db, db_run(db, SQL_SET_CALLS,
			   DB_ARGS(DB_INT(calls_per_minute), DB_TEXT(tier))));
}
