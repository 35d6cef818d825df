/* SPDX-License-Identifier: ISC */
/*
 * An account's wallet, newest entry first, with the balance that each left.
 *
 * The balance after an entry is what there is now less all that came later.
 * Entries are never changed, so what stood before one is the same for ever:
 * a place in the statement is an entry and that balance, and to go on from
 * there costs the same at the first page and at the last.  A place that a
 * browser carries is signed, since its balance is believed.
 */
#ifndef LATCHKEY_STATEMENT_H
#define LATCHKEY_STATEMENT_H

#include <stdint.h>

#include "account.h"
#include "db.h"
#include "ledger.h"
#include "rc.h"
#include "secret.h"

enum {
	STATEMENT_SCAN = 50000,   /* entries that one call looks at */
	STATEMENT_PLACE_TEXT = 80 /* a place as text, NUL included */
};

/* A place: before an entry, and what the balance was there. */
struct statement_place {
	int64_t before; /* txn_id; 0: nothing is left */
	int64_t balance_nano;
};

/* Which entries; all zeros for all. */
struct statement_filter {
	int kind;      /* enum ledger_kind; 0: any */
	int64_t since; /* Unix seconds; 0: from the first */
	int64_t until; /* not including; 0: to the newest */
};

/* One entry; note is borrowed for the call. */
struct statement_entry {
	int64_t txn_id;
	int kind;         /* enum ledger_kind */
	int64_t order_id; /* 0: not about an order */
	int64_t posted_at;
	const char *note;     /* NULL: none */
	int64_t amount_nano;  /* negative: taken */
	int64_t balance_nano; /* afterwards */
};

/* "order", "deposit", ...; NULL for a number that is no kind of a wallet. */
const char *statement_kind_name(int kind);

/* The kind of that name; 0 if there is none. */
int statement_kind_find(const char *name);

/*
 * The place where a statement begins, inside a transaction: that of the
 * newest entry, or with filter->until about there, which is found by
 * bisection and costs one sum over the shorter side.
 */
enum rc statement_begin(struct db *db, const struct caller *caller,
    const struct statement_filter *filter, struct statement_place *place);

/*
 * Calls each for at most limit entries of the filter from place on, inside a
 * transaction, until one does not give RC_OK; gives that.  Looks at no more
 * than STATEMENT_SCAN entries, so there may be fewer, or none, although more
 * follow.  *place becomes where to go on, its before 0 when nothing is left.
 */
enum rc statement_each(struct db *db, const struct caller *caller,
    const struct statement_filter *filter, int64_t limit,
    struct statement_place *place,
    enum rc (*each)(void *arg, const struct statement_entry *entry), void *arg);

/*
 * Writes a place of the caller's statement as text of letters, digits and
 * hyphens, signed under the pepper.  RC_FAIL (logged).
 */
enum rc statement_place_format(const struct pepper *pepper,
    const struct caller *caller, const struct statement_place *place,
    char text[STATEMENT_PLACE_TEXT]);

/*
 * Reads it back.  RC_INVALID if it was never written for this account.
 */
enum rc statement_place_parse(const struct pepper *pepper,
    const struct caller *caller, const char *text,
    struct statement_place *place);

#endif
