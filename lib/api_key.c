/* SPDX-License-Identifier: ISC */
/*
 * Verifies API keys.  The id is looked up, the HMAC of the whole key is
 * compared in constant time; for an unknown id it is compared with nothing,
 * at the same cost.  A process of many calls remembers whom it has found
 * until the next commit, whatever that changes: a key that is revoked is
 * refused from then on.
 */
#include "api_key.h"

#include <string.h>

static const char BASE62[] =
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

void
api_key_checksum(const char *s, size_t len, char check[API_KEY_CHECK_LEN])
{
	/* What four bits become: each call has a key to look at. */
	static const uint32_t table[16] = { 0x00000000, 0x1db71064, 0x3b6e20c8,
		0x26d930ac, 0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
		0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c, 0x9b64c2b0,
		0x86d3d2d4, 0xa00ae278, 0xbdbdf21c };
	uint32_t crc = 0xffffffff;
	size_t i;

	for (i = 0; i < len; i++) {
		crc ^= (unsigned char)s[i];
		crc = (crc >> 4) ^ table[crc & 15];
		crc = (crc >> 4) ^ table[crc & 15];
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
    " t.calls_per_minute, a.balance_nano"
    " FROM api_key k"
    " JOIN account a ON a.id = k.account_id"
    " JOIN tier t ON t.id = a.tier_id"
    " WHERE k.public_id = $1 AND k.revoked_at IS NULL";

/* Reads the row of a key's id, if there is one. */
static enum rc
find(struct db *db, const char *key, struct api_key_found *row)
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
	memcpy(row->mac, stored, len);
	row->is_used = 1;
	row->caller.key_id = db_int(rows, 0);
	row->caller.account_id = db_int(rows, 2);
	row->caller.suspended = !db_is_null(rows, 4);
	row->caller.tier_limit = db_int(rows, 5);
	row->caller.balance_nano = db_int(rows, 6);
	row->last_used_at = db_int(rows, 3);
out:
	db_done(&rows);
	return rc;
}

void
api_key_give(const struct api_key_found *found, int64_t now,
    struct caller *caller, int *touch)
{
	*caller = found->caller;
	/* A last use ahead is a clock that was set back. */
	*touch = found->last_used_at == 0 || found->last_used_at > now ||
		 found->last_used_at <= now - API_KEY_TOUCH_S;
}

/* Where a key is remembered; a MAC's bits are as good as random. */
static size_t
place(const unsigned char mac[SECRET_HASH_LEN])
{
	return mac[0] % API_KEY_KNOWN;
}

enum rc
api_key_verify(struct db *db, const struct pepper *pepper, const char *key,
    size_t len, int64_t now, struct api_key_known *known, struct caller *caller,
    int *touch)
{
	unsigned char mac[SECRET_HASH_LEN];
	struct api_key_found row = { 0 };
	enum rc rc;
	int same;

	memset(caller, 0, sizeof(*caller));
	*touch = 0;
	if (!api_key_well_formed(key, len))
		return RC_DENIED;
	rc = secret_hmac(pepper, key, len, mac);
	if (rc != RC_OK)
		return rc;
	rc = find(db, key, &row);
	if (rc != RC_OK && rc != RC_NOT_FOUND)
		return rc;
	same = secret_equal(mac, row.mac, sizeof(mac));
	if (rc == RC_NOT_FOUND || !same)
		return RC_DENIED;
	api_key_give(&row, now, caller, touch);
	if (known == NULL)
		return RC_OK;
	/* What was found in another state is of no use in this one. */
	if (!db_is_as(db, &known->state)) {
		memset(known, 0, sizeof(*known));
		db_note_state(db, &known->state);
	}
	known->rows[place(mac)] = row;
	return RC_OK;
}

enum rc
api_key_recall(struct db *db, const struct pepper *pepper, const char *key,
    size_t len, int64_t now, const struct api_key_known *known,
    struct caller *caller, int *touch)
{
	unsigned char mac[SECRET_HASH_LEN];
	const struct api_key_found *row;
	enum rc rc;

	memset(caller, 0, sizeof(*caller));
	*touch = 0;
	/* First, since most that come here in vain come after a commit. */
	if (!db_is_as(db, &known->state) || !api_key_well_formed(key, len))
		return RC_NOT_FOUND;
	rc = secret_hmac(pepper, key, len, mac);
	if (rc != RC_OK)
		return rc;
	row = &known->rows[place(mac)];
	if (!row->is_used || !secret_equal(mac, row->mac, sizeof(mac)))
		return RC_NOT_FOUND;
	api_key_give(row, now, caller, touch);
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
