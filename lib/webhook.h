/* SPDX-License-Identifier: ISC */
/*
 * Endpoints of webhooks: who is told, of what, signed with which secret.
 *
 * Every function runs inside the caller's transaction, a write transaction
 * where it changes something.  RC_NOT_FOUND and RC_INVALID say why; RC_BUSY
 * and RC_FAIL are logged.
 */
#ifndef LATCHKEY_WEBHOOK_H
#define LATCHKEY_WEBHOOK_H

#include <stdint.h>

#include "account.h"
#include "db.h"
#include "error.h"
#include "event.h"
#include "rc.h"
#include "secret.h"

/* webhook.status */
enum webhook_status {
	WEBHOOK_ACTIVE = 1,
	WEBHOOK_PAUSED = 2,
	WEBHOOK_DISABLED = 3, /* by the sender, after failures */
	WEBHOOK_REMOVED = 4   /* until the sender has swept its rows */
};

/* webhook.notice: what its owner is to be mailed. */
enum webhook_notice {
	WEBHOOK_NOTICE_NONE = 0,
	WEBHOOK_NOTICE_WARNING = 1,
	WEBHOOK_NOTICE_DISABLED = 2,
	WEBHOOK_NOTICE_WARNED = 3 /* the warning has been mailed */
};

enum {
	WEBHOOK_OF_KEY_MAX = 5,
	WEBHOOK_SECRET_LEN = 32, /* bytes */
	WEBHOOK_SEALED_LEN = WEBHOOK_SECRET_LEN + SECRET_SEAL_EXTRA,
	WEBHOOK_SECRET_TEXT_LEN = 6 + 44, /* "whsec_" and base64 */
	WEBHOOK_OVERLAP_MAX = 168         /* hours */
};

/* A secret as text and its NUL; whoever holds one wipes it. */
struct webhook_secret {
	char s[WEBHOOK_SECRET_TEXT_LEN + 1];
};

/* An endpoint as its owner sees it; texts are borrowed for the call. */
struct webhook {
	int64_t id;
	const char *url;
	int64_t events;     /* sum of 1 << enum event_type */
	int status;         /* enum webhook_status */
	const char *reason; /* NULL: none */
	const char *hint;   /* the secret's last characters */
	int64_t created_at;
	int64_t last_success_at; /* 0: never */
	int64_t last_failure_at; /* 0: never */
	int64_t pending;         /* events on their way */
	int64_t key_id;          /* paused when that is revoked */
};

/* What to change; NULL and 0 stay. */
struct webhook_change {
	const char *url;
	int64_t events;
	int status; /* WEBHOOK_ACTIVE or WEBHOOK_PAUSED */
};

/* "active", "paused", "disabled"; NULL for another number. */
const char *webhook_status_name(int status);

/*
 * Checks that a URL may be an endpoint's: https (http too with allow_local),
 * of URL_MAX bytes at most, with a host that is not plainly internal (with
 * allow_local it may be the host itself).  What a name resolves to is not
 * looked at: it could change, so the sender looks at each connection.
 */
enum rc webhook_check_url(const char *url, int allow_local, struct why *why);

/*
 * Adds an active endpoint to the key caller->key_id; *secret is the only
 * copy of its secret as text.  The URL has been checked.  RC_INVALID with
 * ERROR_WEBHOOK_LIMIT if the key has WEBHOOK_OF_KEY_MAX.
 */
enum rc webhook_add(struct db *db, const struct caller *caller,
    const struct seal_key *key, const char *url, int64_t events, int64_t now,
    int64_t *id, struct webhook_secret *secret, struct why *why);

/*
 * Calls each (which may be NULL) for the account's endpoint of that id, or
 * for all of them by id for 0, until it does not give RC_OK; gives that.
 * RC_NOT_FOUND if there is none of that id.
 */
enum rc webhook_each(struct db *db, const struct caller *caller, int64_t id,
    enum rc (*each)(void *arg, const struct webhook *webhook), void *arg,
    struct why *why);

/*
 * Changes an endpoint.  Set active, it starts anew: no failures, nothing
 * held back.
 */
enum rc webhook_update(struct db *db, const struct caller *caller, int64_t id,
    const struct webhook_change *change, struct why *why);

/* Removes an endpoint and drops what was on its way. */
enum rc webhook_remove(
    struct db *db, const struct caller *caller, int64_t id, struct why *why);

/*
 * Gives an endpoint a new secret; the old one signs as well for overlap
 * hours (0 to WEBHOOK_OVERLAP_MAX).
 */
enum rc webhook_rotate(struct db *db, const struct caller *caller,
    const struct seal_key *key, int64_t id, int64_t overlap, int64_t now,
    struct webhook_secret *secret, struct why *why);

/* Queues a webhook.test event for an active endpoint alone. */
enum rc webhook_test(struct db *db, const struct caller *caller, int64_t id,
    int64_t now, char event[EVENT_NAME_LEN + 1], struct why *why);

/* Pauses the endpoints of the key caller->key_id, which is revoked. */
enum rc webhook_pause_of_key(struct db *db, const struct caller *caller);

/*
 * Unseals a secret of the endpoint: WEBHOOK_SECRET_LEN bytes.  RC_FAIL
 * (logged) if it is not one; they are then 0.
 */
enum rc webhook_unseal(const struct seal_key *key, int64_t id,
    const void *sealed, size_t len, unsigned char secret[WEBHOOK_SECRET_LEN]);

#endif
