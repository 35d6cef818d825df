/* SPDX-License-Identifier: ISC */
/*
 * Cookies (RFC 6265), read strictly: a value of ours is of a known alphabet
 * and length, whatever else the browser sends is passed over.
 */
#ifndef LATCHKEY_COOKIE_H
#define LATCHKEY_COOKIE_H

#include <stddef.h>

#include "rc.h"

enum {
	COOKIE_HEADER_MAX = 16384, /* bytes of a Cookie header that are read */
	COOKIE_VALUE_MAX = 1024,   /* bytes of a value */
	COOKIE_TEXT_LEN = 1280     /* of a Set-Cookie header, NUL included */
};

/*
 * Finds the cookie of that name in a Cookie header, which has no more than
 * COOKIE_HEADER_MAX bytes, and copies its value, which is of 0-9A-Za-z and
 * of min to max bytes (value takes max + 1).  RC_NOT_FOUND if there is none,
 * RC_INVALID if it is another or there are several: somebody else has set
 * one beside ours.  On failure value is empty.
 */
enum rc cookie_find(
    const char *header, const char *name, size_t min, size_t max, char *value);

/*
 * Writes the value of a Set-Cookie header for all of the host, out of reach
 * of scripts and not sent along by other sites' forms (SameSite=Lax).  Kept
 * for max_age_s seconds; 0: until the browser is closed; below: it is
 * deleted.  secure: by https alone; name then begins with "__Host-", so that
 * no other host of the domain can set it.  RC_FAIL if it does not fit.
 */
enum rc cookie_make(char text[COOKIE_TEXT_LEN], const char *name,
    const char *value, int max_age_s, int secure);

#endif
