/* SPDX-License-Identifier: ISC */
/*
 * Many orders at once: a text with one a line, each "service | link |
 * quantity" or the same with tabs, semicolons or commas.  Each line is an
 * order of its own and ends as it would alone.
 */
#ifndef LATCHKEY_ORDER_MASS_H
#define LATCHKEY_ORDER_MASS_H

#include <stddef.h>
#include <stdint.h>

#include "account.h"
#include "db.h"
#include "error.h"
#include "order.h"
#include "rc.h"

enum {
	ORDER_MASS_MAX = 100,       /* lines that are not empty */
	ORDER_MASS_LINE_MAX = 1200, /* bytes; a link has 1000 */
	ORDER_MASS_ID_MAX = 100     /* bytes of what names a text */
};

/* What came of a line. */
struct order_mass_line {
	int number;       /* in the text, from 1 */
	const char *text; /* borrowed for the call; no NUL ends it */
	size_t len;
	enum rc rc;               /* RC_OK, RC_INVALID or RC_NOT_FOUND */
	struct why why;           /* why not */
	struct order_quote quote; /* of a good one, by order_mass_quote */
	int64_t id;               /* of the order, by order_mass_place */
};

/*
 * Prices every line and calls each for it, in one read transaction of its
 * own; places nothing.  RC_LIMITED if there are more than ORDER_MASS_MAX,
 * before anything is called; RC_INVALID if there is none; otherwise what
 * each or the database has come to.  Of two lines of the same service and
 * link the second is refused, as it will be when they are placed.
 */
enum rc order_mass_quote(struct db *db, const struct caller *caller,
    const char *text,
    enum rc (*each)(void *arg, const struct order_mass_line *line), void *arg);

/*
 * Places every line, in a transaction of its own, and calls each for it.
 * name (of up to ORDER_MASS_ID_MAX bytes) is the text's own: the same text
 * sent with it once more gives the orders that it has made, and places what
 * it has not.  RC_BUSY and RC_FAIL end it; what was placed stays.
 */
enum rc order_mass_place(struct db *db, const struct caller *caller,
    const char *text, const char *name, int64_t now,
    enum rc (*each)(void *arg, const struct order_mass_line *line), void *arg);

#endif
