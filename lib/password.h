/* SPDX-License-Identifier: ISC */
/*
 * Passwords: which are taken, and how they are kept.
 *
 * Kept is a PHC string, "$argon2id$v=19$m=19456,t=2,p=1$salt$hash" (the
 * parameters are those of OWASP's Password Storage Cheat Sheet), over
 * HMAC-SHA-256(pepper, "latchkey password" NUL password): who has the
 * database and not the pepper's file cannot even begin to guess.  Argon2
 * (RFC 9106) takes 22 MB and tens of milliseconds, so that no more than
 * PASSWORD_AT_ONCE run at a time on the whole host; others are told to come
 * again.  Never call these inside a transaction.
 */
#ifndef LATCHKEY_PASSWORD_H
#define LATCHKEY_PASSWORD_H

#include <stddef.h>

#include "config.h"
#include "rc.h"
#include "secret.h"

enum {
	PASSWORD_MIN = 10,   /* characters */
	PASSWORD_MAX = 1000, /* bytes */
	PASSWORD_AT_ONCE = 4,
	PASSWORD_RETRY_S = 2,  /* Retry-After where RC_BUSY is a 503 */
	PASSWORD_PHC_LEN = 128 /* of what is kept, NUL included */
};

/* Lock files in the data directory, one a hash that runs: "hash.0" ... */
#define PASSWORD_SLOT_NAME "hash."

/* What is kept of a password. */
struct password_phc {
	char s[PASSWORD_PHC_LEN];
};

/*
 * May this be a password?  RC_INVALID if not; *why then says so in words to
 * its owner (static text): too long, no valid UTF-8, or, without the spaces
 * around it, too short, a common one, or hardly more than the e-mail address,
 * the name or the panel's name (each may be NULL).
 */
enum rc password_check(const char *password, size_t len, const char *email,
    const char *name, const char *panel, const char **why);

/*
 * Makes what is kept, with a fresh salt.  RC_BUSY (not logged) if too many
 * hashes run, RC_INVALID past PASSWORD_MAX, RC_FAIL (logged).  On failure
 * *kept is empty.
 */
enum rc password_hash(const struct config *config, const struct pepper *pepper,
    const char *password, size_t len, struct password_phc *kept);

/*
 * Compares with what is kept.  NULL, "" or what is no PHC string of ours (the
 * latter is logged) is a password that nobody has: it takes the same time.
 * *outdated is true if it was right and is to be hashed anew, because the
 * parameters have changed.  RC_DENIED if it is wrong, RC_BUSY (not logged) if
 * too many hashes run, RC_FAIL (logged).
 */
enum rc password_verify(const struct config *config,
    const struct pepper *pepper, const char *password, size_t len,
    const char *kept, int *outdated);

#endif
