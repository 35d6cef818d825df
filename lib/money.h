/* SPDX-License-Identifier: ISC */
/*
 * Exact amounts.  An amount is an int64 of nano-units (1e-9) of the panel's
 * one currency, a rate an int64 of micro-units (1e-6) for 1000 pieces, so
 * that rate times quantity is the charge in nano-units, exactly.
 */
#ifndef LATCHKEY_MONEY_H
#define LATCHKEY_MONEY_H

#include <stddef.h>
#include <stdint.h>

#include "rc.h"

#define MONEY_UNIT INT64_C(1000000000) /* nano-units in one unit */
#define MONEY_MAX (INT64_C(1000000000) * MONEY_UNIT)

/* Enough for any amount as text, sign and NUL included. */
enum { MONEY_TEXT_LEN = 48 };

/*
 * The charge for quantity pieces at rate_micro for 1000; RC_LIMITED if it
 * would exceed MONEY_MAX, RC_INVALID for a negative argument.
 */
enum rc money_charge(
    int64_t rate_micro, int64_t quantity, int64_t *amount_nano);

/*
 * Writes an amount as an exact decimal with at least two places and no
 * needless zeros after them: 0.90, 0.27819, 8.00, -1.50.  Gives buf.
 */
char *money_format(int64_t amount_nano, char buf[MONEY_TEXT_LEN]);

/* The same for a rate in micro-units. */
char *money_format_rate(int64_t rate_micro, char buf[MONEY_TEXT_LEN]);

/*
 * Reads a decimal (digits, at most one point, digits on both of its sides,
 * at most nine places that are not zero) of len bytes, not negative and at
 * most MONEY_MAX.  RC_INVALID otherwise.
 */
enum rc money_parse(const char *s, size_t len, int64_t *amount_nano);

/* The same for a rate: at most six places that are not zero. */
enum rc money_parse_rate(const char *s, size_t len, int64_t *rate_micro);

#endif
