/* SPDX-License-Identifier: ISC */
/*
 * Time-based one-time passwords (RFC 6238) as every authenticator app makes
 * them: HMAC-SHA-1, six digits, a step of thirty seconds.
 */
#ifndef LATCHKEY_TOTP_H
#define LATCHKEY_TOTP_H

#include <stddef.h>
#include <stdint.h>

#include "rc.h"

enum {
	TOTP_SECRET_LEN = 20, /* bytes; RFC 4226, section 4 */
	TOTP_STEP = 30,       /* seconds */
	TOTP_DIGITS = 6,
	TOTP_BASE32_LEN = 32, /* of a secret as text (RFC 4648), no NUL */
	TOTP_URI_LEN = 2400   /* of a URI, NUL included */
};

/*
 * The code of a step (Unix time / TOTP_STEP) as digits and NUL.  RC_FAIL
 * (logged).
 */
enum rc totp_code(const unsigned char secret[TOTP_SECRET_LEN], int64_t step,
    char code[TOTP_DIGITS + 1]);

/*
 * Is this the code of the current or the previous step, and of one after
 * last_step?  Spaces in the text are passed over, as apps show them.  *step
 * is then the step, to be kept as the next last_step.  All comparisons are
 * made, each in constant time.  RC_DENIED otherwise.
 */
enum rc totp_verify(const unsigned char secret[TOTP_SECRET_LEN],
    const char *text, size_t len, int64_t last_step, int64_t now,
    int64_t *step);

/* The secret in base32, for those who type it. */
void totp_base32(const unsigned char secret[TOTP_SECRET_LEN],
    char text[TOTP_BASE32_LEN + 1]);

/*
 * The otpauth: URI that a QR code shows: issuer is the panel's name, account
 * the address.  RC_INVALID if it does not fit.
 */
enum rc totp_uri(const unsigned char secret[TOTP_SECRET_LEN],
    const char *issuer, const char *account, char uri[TOTP_URI_LEN]);

#endif
