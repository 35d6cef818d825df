/* SPDX-License-Identifier: ISC */
/*
 * The second factor of an account: a secret for one-time passwords, sealed
 * at rest, and recovery codes, each good once in place of one.
 *
 * Every function runs inside the caller's transaction of the people's
 * database, a write transaction where it changes something.  Who logs in and
 * how often he may guess is the business of login.h, which calls these.
 */
#ifndef LATCHKEY_FACTOR_H
#define LATCHKEY_FACTOR_H

#include <stddef.h>
#include <stdint.h>

#include "account.h"
#include "people.h"
#include "rc.h"
#include "totp.h"

enum {
	FACTOR_CODES = 10,   /* recovery codes of an account */
	FACTOR_CODE_LEN = 11 /* "abcde-fghjk": 31^10 > 2^49; no NUL */
};

/* What is on. */
struct factor_state {
	int is_on;
	int64_t since; /* 0 unless it is on */
	int64_t codes_left;
};

/* Tells it.  RC_BUSY, RC_FAIL (logged). */
enum rc factor_state(struct people *people, const struct caller *caller,
    struct factor_state *state);

/*
 * Draws a secret, which is off until it is confirmed, in place of one that
 * never was.  RC_INVALID if one is on.  Whoever holds it wipes it.
 */
enum rc factor_start(struct people *people, const struct caller *caller,
    int64_t now, unsigned char secret[TOTP_SECRET_LEN]);

/* The secret that is to be confirmed, once more.  RC_NOT_FOUND. */
enum rc factor_secret(struct people *people, const struct caller *caller,
    unsigned char secret[TOTP_SECRET_LEN]);

/*
 * Turns it on by a code that shows that the app has the secret.  RC_NOT_FOUND
 * if none is to be confirmed, RC_DENIED for another code.
 */
enum rc factor_confirm(struct people *people, const struct caller *caller,
    const char *code, size_t len, int64_t now);

/*
 * Takes a one-time password or a recovery code; neither is good again.
 * *was_recovery tells which it was.  RC_DENIED, also if none is on.
 */
enum rc factor_verify(struct people *people, const struct caller *caller,
    const char *code, size_t len, int64_t now, int *was_recovery);

/*
 * Ten new recovery codes in place of all old ones: their only copy.  Whoever
 * holds them wipes them; on failure they are.
 */
enum rc factor_codes(struct people *people, const struct caller *caller,
    char codes[FACTOR_CODES][FACTOR_CODE_LEN + 1]);

/* Deletes secret and codes. */
enum rc factor_off(struct people *people, const struct caller *caller);

#endif
