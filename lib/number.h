/* SPDX-License-Identifier: ISC */
/*
 * Whole numbers: the one strict parser, and their text.
 */
#ifndef LATCHKEY_NUMBER_H
#define LATCHKEY_NUMBER_H

#include <stddef.h>
#include <stdint.h>

#include "rc.h"

/*
 * Reads len bytes as a whole number: ASCII digits, all of them, nothing
 * else.  No sign, no space, no exponent.  RC_INVALID if it is not one (*n is
 * then 0), RC_LIMITED if it is one but outside min...max (*n is then min or
 * max); min is not negative.
 */
enum rc number_parse(
    const char *s, size_t len, int64_t min, int64_t max, int64_t *n);

/* Enough for any int64_t as text, sign and NUL included. */
enum { NUMBER_TEXT_LEN = 21 };

/*
 * Writes a number as decimal digits, after a '-' if it is negative.  Gives
 * buf.
 */
char *number_format(int64_t n, char buf[NUMBER_TEXT_LEN]);

#endif
