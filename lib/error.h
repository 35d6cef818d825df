/* SPDX-License-Identifier: ISC */
/*
 * Every error that the API can answer, as one table: the text that clients
 * match, the result it belongs to, and its HTTP status in both modes.
 */
#ifndef LATCHKEY_ERROR_H
#define LATCHKEY_ERROR_H

#include <stddef.h>

#include "rc.h"

enum error {
	ERROR_NONE = 0,
	ERROR_KEY,
	ERROR_KEY_PLACE,
	ERROR_SUSPENDED,
	ERROR_REQUEST,
	ERROR_BODY,
	ERROR_MISSING,
	ERROR_PARAMETER,
	ERROR_SERVICE,
	ERROR_LESS,
	ERROR_MORE,
	ERROR_QUANTITY,
	ERROR_FUNDS,
	ERROR_LINK,
	ERROR_LINK_ACTIVE,
	ERROR_REQUEST_ID,
	ERROR_ORDER,
	ERROR_REFILL,
	ERROR_REFILL_OFF,
	ERROR_REFILL_STATE,
	ERROR_REFILL_SOON,
	ERROR_REFILL_CAP,
	ERROR_CANCEL,
	ERROR_TOO_MANY,
	ERROR_WEBHOOK,
	ERROR_WEBHOOK_LIMIT,
	ERROR_WEBHOOK_HTTPS,
	ERROR_WEBHOOK_PUBLIC,
	ERROR_WEBHOOK_INACTIVE,
	ERROR_EVENT_TYPE,
	ERROR_EVENT,
	ERROR_RATE,
	ERROR_METHOD,
	ERROR_SIZE,
	ERROR_TYPE,
	ERROR_BUSY,
	ERROR_INTERNAL,
	ERROR_COUNT
};

/* One row of the table. */
struct error_row {
	enum rc rc;       /* what a function that meets it returns */
	int http;         /* status by default */
	int strict;       /* status with http_status = strict */
	const char *text; /* an argument follows after a space */
};

/* Why a call failed: a row of the table and its argument, "" for none. */
struct why {
	enum error error;
	char arg[64];
};

/* Enough for any text with its argument, NUL included. */
enum { ERROR_TEXT_LEN = 192 };

/* The row of an error; ERROR_INTERNAL's for a value out of range. */
const struct error_row *error_row(enum error);

/*
 * Notes in why (which may be NULL) that the call failed with the error;
 * arg may be NULL and is cut to fit.  Gives the error's rc, so that a
 * failure reads "return error_set(why, ERROR_LINK, NULL)".
 */
enum rc error_set(struct why *why, enum error error, const char *arg);

/*
 * The error to answer for rc: the one noted in why if it belongs to rc,
 * otherwise the general one (busy, internal, rate limit).
 */
enum error error_of(enum rc rc, const struct why *why);

/* Writes the text of an error with its argument (NULL for none) to buf. */
void error_text(enum error error, const char *arg, char buf[ERROR_TEXT_LEN]);

#endif
