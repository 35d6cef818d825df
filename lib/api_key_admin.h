/* SPDX-License-Identifier: ISC */
/*
 * Making, rotating, revoking and listing API keys.  Programs of the API
 * never link this: a key cannot make or change keys.
 *
 * Every function runs inside the caller's transaction, a write transaction
 * where it changes something.  RC_BUSY and RC_FAIL are logged.
 */
#ifndef LATCHKEY_API_KEY_ADMIN_H
#define LATCHKEY_API_KEY_ADMIN_H

#include <stdint.h>

#include "account.h"
#include "api_key.h"
#include "db.h"
#include "rc.h"
#include "secret.h"

enum {
	API_KEY_ACTIVE_MAX = 10,   /* active keys of an account */
	API_KEY_REVOKED_LIMIT = 20 /* of one list */
};

/* A key as text and its NUL; whoever holds one wipes it. */
struct api_key_text {
	char s[API_KEY_LEN + 1];
};

/* One row of the list; texts are borrowed for the call. */
struct api_key_row {
	int64_t id;
	int64_t account_id;
	const char *email; /* NULL where its owner looks */
	const char *public_id;
	const char *label;
	int64_t created_at;
	int64_t last_used_at; /* 0: never */
	int64_t revoked_at;   /* 0: active */
	const char *revoked_why;
};

/*
 * Makes a key for the caller's account; *key is its only copy.  RC_LIMITED
 * if the account has API_KEY_ACTIVE_MAX active ones (counted in this
 * transaction), RC_INVALID if the label is not one line of at most 200
 * bytes, RC_NOT_FOUND without such an account.  On failure *key is empty.
 */
enum rc api_key_admin_create(struct db *db, const struct pepper *pepper,
    const struct caller *caller, const char *label, int64_t now,
    struct api_key_text *key);

/*
 * Finds a key that is not revoked by its public id, for the operator: whose
 * it is (caller->account_id) and its row's id (caller->key_id), all that the
 * next two functions need.  RC_NOT_FOUND.
 */
enum rc api_key_admin_find(
    struct db *db, const char *public_id, struct caller *caller);

/*
 * Gives the key caller->key_id a new value: the old one is dead when the
 * transaction commits, and all that belongs to the row stays with the new
 * one.  RC_NOT_FOUND if it is not the account's, or revoked.
 */
enum rc api_key_admin_rotate(struct db *db, const struct pepper *pepper,
    const struct caller *caller, int64_t now, struct api_key_text *key);

/*
 * Revokes the key caller->key_id, for good, and pauses its webhooks; why is
 * noted.  RC_NOT_FOUND likewise; RC_INVALID if why is not one line of at most
 * 500 bytes.
 */
enum rc api_key_admin_revoke(
    struct db *db, const struct caller *caller, const char *why, int64_t now);

/*
 * Calls each for the keys of one account, or of all for 0, by id until one
 * does not give RC_OK; gives that.
 */
enum rc api_key_admin_list(struct db *db, int64_t account_id,
    enum rc (*each)(void *arg, const struct api_key_row *row), void *arg);

/*
 * The same for the caller's: those that are active by id, and of those that
 * are revoked the API_KEY_REVOKED_LIMIT newest before an id (0: from the
 * newest).
 */
enum rc api_key_admin_active(struct db *db, const struct caller *caller,
    enum rc (*each)(void *arg, const struct api_key_row *row), void *arg);
enum rc api_key_admin_revoked(struct db *db, const struct caller *caller,
    int64_t before, enum rc (*each)(void *arg, const struct api_key_row *row),
    void *arg);

/*
 * Calls each for the key caller->key_id.  RC_NOT_FOUND if it is not the
 * account's, or revoked.
 */
enum rc api_key_admin_one(struct db *db, const struct caller *caller,
    enum rc (*each)(void *arg, const struct api_key_row *row), void *arg);

/* Wipes a key. */
void api_key_admin_wipe(struct api_key_text *key);

#endif
