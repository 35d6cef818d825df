/* SPDX-License-Identifier: ISC */
/*
 * Making, rotating and revoking API keys.  A rotated key stays the same row,
 * so whatever points to the row outlives its value.
 */
#include "api_key_admin.h"

#include <stddef.h>
#include <string.h>

#include "log.h"
#include "text.h"
#include "webhook.h"

void
api_key_admin_wipe(struct api_key_text *key)
{
	secret_wipe(key, sizeof(*key));
}

/* operator: any account; a public id is unique over all */
static const char SQL_TAKEN[] =
    "SELECT COUNT(*) FROM api_key WHERE public_id = $1";

/*
 * Draws a key with a public id that no row has, inside a write transaction.
 * 62^8 ids make a second round a rarity and a fourth one a broken source.
 */
static enum rc
draw(struct db *db, const struct pepper *pepper, struct api_key_text *key,
    char public_id[API_KEY_ID_LEN + 1], unsigned char mac[SECRET_HASH_LEN])
{
	enum { ROUNDS = 4, BODY = API_KEY_LEN - API_KEY_CHECK_LEN };
	int64_t taken = 1;
	enum rc rc = RC_OK;
	int i;

	memset(key, 0, sizeof(*key));
	memcpy(key->s, API_KEY_PREFIX, API_KEY_PREFIX_LEN);
	for (i = 0; i < ROUNDS && rc == RC_OK && taken != 0; i++) {
		rc = secret_random_base62(public_id, API_KEY_ID_LEN);
		if (rc == RC_OK)
			rc = db_one(
			    db, SQL_TAKEN, DB_ARGS(DB_TEXT(public_id)), &taken);
	}
	if (rc == RC_OK && taken != 0) {
		log_err("cannot draw a key: every id is taken");
		rc = RC_FAIL;
	}
	if (rc != RC_OK)
		goto out;
	memcpy(key->s + API_KEY_PREFIX_LEN, public_id, API_KEY_ID_LEN);
	rc = secret_random_base62(
	    key->s + API_KEY_PREFIX_LEN + API_KEY_ID_LEN, API_KEY_SECRET_LEN);
	if (rc != RC_OK)
		goto out;
	api_key_checksum(key->s, BODY, key->s + BODY);
	key->s[API_KEY_LEN] = '\0';
	rc = secret_hmac(pepper, key->s, API_KEY_LEN, mac);
out:
	if (rc != RC_OK)
		api_key_admin_wipe(key);
	return rc;
}

/* Closing an account has revoked its keys: none is made after that. */
static const char SQL_OPEN[] = "SELECT id FROM account"
			       " WHERE id = $1 AND closed_at IS NULL";

static const char SQL_ACTIVE[] =
    "SELECT COUNT(*) FROM api_key"
    " WHERE account_id = $1 AND revoked_at IS NULL";

static const char SQL_CREATE[] =
    "INSERT INTO api_key (account_id, public_id, mac, label, created_at)"
    " VALUES ($1, $2, $3, $4, $5)";

enum rc
api_key_admin_create(struct db *db, const struct pepper *pepper,
    const struct caller *caller, const char *label, int64_t now,
    struct api_key_text *key)
{
	unsigned char mac[SECRET_HASH_LEN];
	char public_id[API_KEY_ID_LEN + 1];
	int64_t n = 0;
	enum rc rc;

	api_key_admin_wipe(key);
	if (!text_is_line(label, TEXT_NAME_MAX))
		return RC_INVALID;
	rc = db_one(db, SQL_OPEN, DB_ARGS(DB_INT(caller->account_id)), &n);
	if (rc != RC_OK)
		return rc;
	rc = db_one(db, SQL_ACTIVE, DB_ARGS(DB_INT(caller->account_id)), &n);
	if (rc != RC_OK)
		return rc;
	if (n >= API_KEY_ACTIVE_MAX)
		return RC_LIMITED;
	if ((rc = draw(db, pepper, key, public_id, mac)) != RC_OK)
		return rc;
	rc = db_run(db, SQL_CREATE,
	    DB_ARGS(DB_INT(caller->account_id), DB_TEXT(public_id),
		DB_BLOB(mac, sizeof(mac)), DB_TEXT(label), DB_INT(now)));
	if (rc != RC_OK)
		api_key_admin_wipe(key);
	return rc;
}

/* operator: any account */
static const char SQL_FIND[] = "SELECT id, account_id FROM api_key"
			       " WHERE public_id = $1 AND revoked_at IS NULL";

enum rc
api_key_admin_find(struct db *db, const char *public_id, struct caller *caller)
{
	struct db_rows *rows = NULL;
	enum rc rc;

	memset(caller, 0, sizeof(*caller));
	rc = db_query(db, SQL_FIND, DB_ARGS(DB_TEXT(public_id)), &rows);
	if (rc != RC_OK || (rc = db_next(rows)) != RC_OK)
		goto out;
	caller->key_id = db_int(rows, 0);
	caller->account_id = db_int(rows, 1);
out:
	db_done(&rows);
	return rc;
}

static const char SQL_ROTATE[] =
    "UPDATE api_key SET public_id = $1, mac = $2, created_at = $3,"
    " last_used_at = NULL"
    " WHERE account_id = $4 AND id = $5 AND revoked_at IS NULL";

enum rc
api_key_admin_rotate(struct db *db, const struct pepper *pepper,
    const struct caller *caller, int64_t now, struct api_key_text *key)
{
	unsigned char mac[SECRET_HASH_LEN];
	char public_id[API_KEY_ID_LEN + 1];
	enum rc rc;

	if ((rc = draw(db, pepper, key, public_id, mac)) != RC_OK)
		return rc;
	rc = db_run(db, SQL_ROTATE,
	    DB_ARGS(DB_TEXT(public_id), DB_BLOB(mac, sizeof(mac)), DB_INT(now),
		DB_INT(caller->account_id), DB_INT(caller->key_id)));
	if (rc == RC_OK && db_changes(db) == 0)
		rc = RC_NOT_FOUND;
	if (rc != RC_OK)
		api_key_admin_wipe(key);
	return rc;
}

static const char SQL_REVOKE[] =
    "UPDATE api_key SET revoked_at = $1, revoked_why = $2"
    " WHERE account_id = $3 AND id = $4 AND revoked_at IS NULL";

enum rc
api_key_admin_revoke(
    struct db *db, const struct caller *caller, const char *why, int64_t now)
{
	enum rc rc;

	if (!text_is_line(why, TEXT_TITLE_MAX))
		return RC_INVALID;
	rc = db_run(db, SQL_REVOKE,
	    DB_ARGS(DB_INT(now), DB_TEXT(why), DB_INT(caller->account_id),
		DB_INT(caller->key_id)));
	if (rc == RC_OK && db_changes(db) == 0)
		rc = RC_NOT_FOUND;
	return rc == RC_OK ? webhook_pause_of_key(db, caller) : rc;
}

/* operator: any account; $1 is 0 for all of them */
static const char SQL_LIST[] =
    "SELECT api_key.id, api_key.account_id, account.email,"
    " api_key.public_id, api_key.label, api_key.created_at,"
    " api_key.last_used_at, api_key.revoked_at, api_key.revoked_why"
    " FROM api_key JOIN account ON account.id = api_key.account_id"
    " WHERE $1 = 0 OR api_key.account_id = $1 ORDER BY api_key.id";

/* Calls each for the rows of a query, *n of them. */
static enum rc
walk(struct db *db, const char *sql, const struct db_value *args, size_t nargs,
    enum rc (*each)(void *arg, const struct api_key_row *row), void *arg,
    size_t *n)
{
	struct db_rows *rows = NULL;
	struct api_key_row row;
	enum rc rc;

	*n = 0;
	rc = db_query(db, sql, args, nargs, &rows);
	while (db_more(rows, &rc)) {
		row = (struct api_key_row){
			.id = db_int(rows, 0),
			.account_id = db_int(rows, 1),
			.email = db_text(rows, 2),
			.public_id = db_text(rows, 3),
			.label = db_text(rows, 4),
			.created_at = db_int(rows, 5),
			.last_used_at = db_int(rows, 6),
			.revoked_at = db_int(rows, 7),
			.revoked_why = db_text(rows, 8),
		};
		++*n;
		rc = each(arg, &row);
	}
	db_done(&rows);
	return rc;
}

enum rc
api_key_admin_list(struct db *db, int64_t account_id,
    enum rc (*each)(void *arg, const struct api_key_row *row), void *arg)
{
	size_t n;

	return walk(db, SQL_LIST, DB_ARGS(DB_INT(account_id)), each, arg, &n);
}

static const char SQL_LIST_ACTIVE[] =
    "SELECT id, account_id, NULL, public_id, label, created_at, last_used_at,"
    " revoked_at, revoked_why FROM api_key"
    " WHERE account_id = $1 AND revoked_at IS NULL ORDER BY id";

enum rc
api_key_admin_active(struct db *db, const struct caller *caller,
    enum rc (*each)(void *arg, const struct api_key_row *row), void *arg)
{
	size_t n;

	return walk(db, SQL_LIST_ACTIVE, DB_ARGS(DB_INT(caller->account_id)),
	    each, arg, &n);
}

static const char SQL_LIST_REVOKED[] =
    "SELECT id, account_id, NULL, public_id, label, created_at, last_used_at,"
    " revoked_at, revoked_why FROM api_key"
    " WHERE account_id = $1 AND ($2 = 0 OR id < $2)"
    " AND revoked_at IS NOT NULL ORDER BY id DESC LIMIT $3";

enum rc
api_key_admin_revoked(struct db *db, const struct caller *caller,
    int64_t before, enum rc (*each)(void *arg, const struct api_key_row *row),
    void *arg)
{
	size_t n;

	return walk(db, SQL_LIST_REVOKED,
	    DB_ARGS(DB_INT(caller->account_id), DB_INT(before),
		DB_INT(API_KEY_REVOKED_LIMIT)),
	    each, arg, &n);
}

static const char SQL_ONE[] =
    "SELECT id, account_id, NULL, public_id, label, created_at, last_used_at,"
    " revoked_at, revoked_why FROM api_key"
    " WHERE account_id = $1 AND id = $2 AND revoked_at IS NULL";

enum rc
api_key_admin_one(struct db *db, const struct caller *caller,
    enum rc (*each)(void *arg, const struct api_key_row *row), void *arg)
{
	size_t n;
	enum rc rc;

	rc = walk(db, SQL_ONE,
	    DB_ARGS(DB_INT(caller->account_id), DB_INT(caller->key_id)), each,
	    arg, &n);
	return rc == RC_OK && n == 0 ? RC_NOT_FOUND : rc;
}
