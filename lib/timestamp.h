/* SPDX-License-Identifier: ISC */
/*
 * Times as people and clients read them: UTC, ISO 8601.
 */
#ifndef LATCHKEY_TIMESTAMP_H
#define LATCHKEY_TIMESTAMP_H

#include <stddef.h>
#include <stdint.h>

#include "rc.h"

enum { TIMESTAMP_LEN = 32 }; /* any time as text, NUL included */

/* Writes Unix seconds as "2026-01-31T23:59:59Z"; gives buf. */
char *timestamp_format(int64_t seconds, char buf[TIMESTAMP_LEN]);

/*
 * Reads Unix seconds in digits, or a time as timestamp_format writes it (a
 * date of the Gregorian calendar from 1970 to 9999).  RC_INVALID otherwise,
 * *seconds is then 0.
 */
enum rc timestamp_parse(const char *s, int64_t *seconds);

#endif
