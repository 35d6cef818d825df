/* SPDX-License-Identifier: ISC */
/*
 * Verifies API keys.  The id is looked up, the HMAC of the whole key is
 * compared in constant time; for an unknown id it is compared with nothing,
 * at the same cost.
 */
#include "api_key.h"

#include <string.h>

static const char BASE62[] =
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

void
api_key_checksum(const char *s, size_t len, char check[API_KEY_CHECK_LEN])
{
	uint32_t crc = 0xffffffff;
	size_t i;
	int bit;

	for (i = 0; i < len; i++) {
		crc ^= (unsigned char)s[i];
		for (bit = 0; bit < 8; bit++)
			crc = (crc >> 1) ^ (0xedb88320 & (0 - (crc & 1)));
	}
	crc = ~crc;
	for (i = API_KEY_CHECK_LEN; i-- > 0; crc /= 62)
		check[i] = BASE62[crc % 62];
}

static int
is_base62(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
	       (c >= 'a' && c <= 'z');
}

int
api_key_well_formed(const char *key, size_t len)
{
	char check[API_KEY_CHECK_LEN];
	size_t i;

	if (len != API_KEY_LEN ||
	    memcmp(key, API_KEY_PREFIX, API_KEY_PREFIX_LEN) != 0)
		return 0;
	for (i = API_KEY_PREFIX_LEN; i < len; i++)
		if (!is_base62(key[i]))
			return 0;
	len -= API_KEY_CHECK_LEN;
	api_key_checksum(key, len, check);
	return memcmp(check, key + len, sizeof(check)) == 0;
}

/* No account_id: this is what finds the account. */
static const char SQL_FIND[] =
    "SELECT k.id, k.mac, k.account_id, k.last_used_at, a.suspended_at,"
    " t.calls_per_minute"
    " FROM api_key k"
    " JOIN account a ON a.id = k.account_id"
    " JOIN tier t ON t.id = a.tier_id"
    " WHERE k.public_id = $1 AND k.revoked_at IS NULL";

/* Reads the row of a key's id, if there is one, into caller and mac. */
static enum rc
find(struct db *db, const char *key, int64_t now, struct caller *caller,
    unsigned char mac[SECRET_HASH_LEN], int *touch)
{
	char public_id[API_KEY_ID_LEN + 1];
	struct db_rows *rows = NULL;
	const void *stored;
	size_t len;
	enum rc rc;

	memcpy(public_id, key + API_KEY_PREFIX_LEN, API_KEY_ID_LEN);
	public_id[API_KEY_ID_LEN] = '\0';
	rc = db_query(db, SQL_FIND, DB_ARGS(DB_TEXT(public_id)), &rows);
	if (rc == RC_OK)
		rc = db_next(rows);
	if (rc != RC_OK)
		goto out;
	stored = db_blob(rows, 1, &len);
	if (stored == NULL || len != SECRET_HASH_LEN) {
		rc = RC_NOT_FOUND;
		goto out;
	}
	memcpy(mac, stored, len);
	caller->key_id = db_int(rows, 0);
	caller->account_id = db_int(rows, 2);
	caller->suspended = !db_is_null(rows, 4);
	caller->tier_limit = db_int(rows, 5);
	/* A last use in the future is a clock that was set back. */
	*touch = db_is_null(rows, 3) || db_int(rows, 3) > now ||
		 db_int(rows, 3) <= now - API_KEY_TOUCH_S;
out:
	db_done(&rows);
	return rc;
}

enum rc
api_key_verify(struct db *db, const struct pepper *pepper, const char *key,
    size_t len, int64_t now, struct caller *caller, int *touch)
{
	unsigned char mac[SECRET_HASH_LEN], stored[SECRET_HASH_LEN] = { 0 };
	struct caller found = { 0 };
	enum rc rc;
	int same;

	memset(caller, 0, sizeof(*caller));
	*touch = 0;
	if (!api_key_well_formed(key, len))
		return RC_DENIED;
	rc = secret_hmac(pepper, key, len, mac);
	if (rc != RC_OK)
		return rc;
	rc = find(db, key, now, &found, stored, touch);
	if (rc != RC_OK && rc != RC_NOT_FOUND)
		return rc;
	same = secret_equal(mac, stored, sizeof(mac));
	if (rc == RC_NOT_FOUND || !same) {
		*touch = 0;
		return RC_DENIED;
	}
	*caller = found;
	return RC_OK;
}

static const char SQL_TOUCH[] = "UPDATE api_key SET last_used_at = $1"
				" WHERE account_id = $2 AND id = $3";

enum rc
api_key_touch(struct db *db, const struct caller *caller, int64_t now)
{
	return db_run(db, SQL_TOUCH,
	    DB_ARGS(DB_INT(now), DB_INT(caller->account_id),
		DB_INT(caller->key_id)));
}
