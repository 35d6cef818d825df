/* SPDX-License-Identifier: ISC */
/*
 * Changing the catalogue: one service from an operator's words, or many from
 * a file.  Both go through the same columns, parsers and checks.
 *
 * Functions run inside the caller's write transaction unless they say
 * otherwise.  RC_BUSY and RC_FAIL are logged.
 */
#ifndef LATCHKEY_CATALOG_ADMIN_H
#define LATCHKEY_CATALOG_ADMIN_H

#include <stdint.h>
#include <stdio.h>

#include "db.h"
#include "rc.h"

enum { CATALOG_PIECES_MAX = 1000000000 }; /* largest maximum of an order */

/* What can be said of a service; also the columns of a file. */
enum catalog_column {
	CATALOG_ID,
	CATALOG_NAME,
	CATALOG_TYPE, /* the wire's name of the type */
	CATALOG_CATEGORY,
	CATALOG_RATE, /* decimal, for 1000 pieces; of one for packages */
	CATALOG_MIN,
	CATALOG_MAX,
	CATALOG_REFILL, /* flags: 1, 0, true, false, yes, no */
	CATALOG_CANCEL,
	CATALOG_DRIPFEED,
	CATALOG_DESC,
	CATALOG_ACTIVE,
	CATALOG_COLUMNS
};

/* A service in the operator's words: borrowed texts, NULL for not said. */
struct catalog_words {
	const char *column[CATALOG_COLUMNS];
};

/* What is wrong with words or with a file. */
struct catalog_fault {
	int64_t line;       /* of a file, from 1; 0: not from a file */
	const char *column; /* its name, or NULL (static text) */
	const char *what;   /* in a few words (static text) */
};

/* The name of a column, as in a file's header line. */
const char *catalog_admin_column(enum catalog_column column);

/*
 * Adds a service.  Name, type, category and rate must be said; minimum and
 * maximum too, except for packages (1 and 1).  Flags not said are off, but
 * the service is on sale.  With an id (1 to 2^31 - 1) it gets that one.
 * RC_INVALID with *fault; RC_LIMITED if the id is taken.
 */
enum rc catalog_admin_add(struct db *db, const struct catalog_words *words,
    int64_t *id, struct catalog_fault *fault);

/*
 * Changes what is said of the service with that id.  Orders keep the price
 * at which they were placed.  RC_NOT_FOUND; RC_INVALID with *fault.
 */
enum rc catalog_admin_edit(struct db *db, int64_t id,
    const struct catalog_words *words, struct catalog_fault *fault);

/*
 * Adds or, by id, changes the services of a CSV file, which should be in
 * memory (others wait for this transaction).  Its first line names
 * the columns, in any order; an empty cell is not said, but an empty
 * description is.  A row with an id that does not exist adds it.  *added and
 * *changed count rows.  RC_INVALID with *fault, and RC_BUSY, RC_FAIL: the
 * caller must roll back, so that all rows are taken or none.
 */
enum rc catalog_admin_import(struct db *db, FILE *in, int64_t *added,
    int64_t *changed, struct catalog_fault *fault);

#endif
