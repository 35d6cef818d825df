/* SPDX-License-Identifier: ISC */
/*
 * API keys: "lk_", 8 base62 of public id, 32 base62 of secret, 6 base62 of
 * CRC-32 over all before.  Stored as HMAC-SHA-256 under the pepper.  This
 * module verifies; api_key_admin makes, rotates and revokes.
 */
#ifndef LATCHKEY_API_KEY_H
#define LATCHKEY_API_KEY_H

#include <stddef.h>
#include <stdint.h>

#include "account.h"
#include "db.h"
#include "rc.h"
#include "secret.h"

#define API_KEY_PREFIX "lk_"

enum {
	API_KEY_PREFIX_LEN = 3,
	API_KEY_ID_LEN = 8,
	API_KEY_SECRET_LEN = 32,
	API_KEY_CHECK_LEN = 6,
	API_KEY_LEN = 49,      /* the sum */
	API_KEY_TOUCH_S = 300, /* last use is written at most so often */
	API_KEY_KNOWN = 128    /* that a process remembers */
};

/* True if it has the form of a key and its checksum is right. */
int api_key_well_formed(const char *key, size_t len);

/*
 * Writes the six digits of the checksum: CRC-32 (the polynomial of ISO
 * 3309 and zip, 0xedb88320 reflected) of len bytes, base62, most
 * significant digit first.
 */
void api_key_checksum(const char *s, size_t len, char check[API_KEY_CHECK_LEN]);

/*
 * Who was found for keys, in one state of the database; all zero at first.
 * A key is told by its MAC, and all of that is compared, so that nobody gets
 * what was found for another one.
 */
struct api_key_known {
	struct db_state state;
	struct api_key_found {
		int is_used;
		unsigned char mac[SECRET_HASH_LEN];
		struct caller caller;
		int64_t last_used_at; /* 0: never */
	} rows[API_KEY_KNOWN];
};

/*
 * Finds who a key belongs to, inside a transaction.  RC_DENIED if it is
 * malformed, unknown or revoked, at the same cost for the latter two.  A
 * suspended account is found, and caller->suspended set.  *touch is set when
 * the last use is due to be written.  What is found is added to known (may
 * be NULL).
 */
enum rc api_key_verify(struct db *db, const struct pepper *pepper,
    const char *key, size_t len, int64_t now, struct api_key_known *known,
    struct caller *caller, int *touch);

/*
 * The same from memory, outside of a transaction: the answer is what
 * api_key_verify would give now.  RC_NOT_FOUND if that has to be asked: the
 * key is not known here, or something has been committed since.
 */
enum rc api_key_recall(struct db *db, const struct pepper *pepper,
    const char *key, size_t len, int64_t now, const struct api_key_known *known,
    struct caller *caller, int *touch);

/* Gives what was found, and whether the last use is due to be written. */
void api_key_give(const struct api_key_found *found, int64_t now,
    struct caller *caller, int *touch);

/* Writes the time of the last use; inside a write transaction. */
enum rc api_key_touch(struct db *db, const struct caller *caller, int64_t now);

#endif
