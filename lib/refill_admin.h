/* SPDX-License-Identifier: ISC */
/*
 * The operator's side of refills: listing them and moving them along.
 * Programs of the API never link this.
 *
 * Every function runs inside the caller's transaction, a write transaction
 * where it changes something.  RC_BUSY and RC_FAIL are logged.
 */
#ifndef LATCHKEY_REFILL_ADMIN_H
#define LATCHKEY_REFILL_ADMIN_H

#include <stdint.h>

#include "db.h"
#include "rc.h"
#include "refill.h"

/* Which refills a list has; all zeros for the newest of all. */
struct refill_filter {
	int64_t account_id; /* 0: of any account */
	int status;         /* enum refill_status; 0: any */
	int64_t before;     /* only ids below; 0: from the newest */
	int64_t limit;      /* how many; 0: REFILL_ADMIN_LIMIT */
};

enum { REFILL_ADMIN_LIMIT = 50, REFILL_ADMIN_LIMIT_MAX = 10000 };

/* One row of the list; texts are borrowed for the call. */
struct refill_row {
	int64_t id;
	int64_t order_id;
	int64_t account_id;
	const char *email;
	const char *service;
	const char *link; /* NULL: the type has none */
	int status;       /* enum refill_status */
	int64_t created_at;
	int64_t updated_at;
};

/* The status of that name on the wire, in any case; 0 if there is none. */
int refill_admin_status(const char *name);

/*
 * Calls each for the refills of the filter, newest first, until one does not
 * give RC_OK; gives that.
 */
enum rc refill_admin_list(struct db *db, const struct refill_filter *filter,
    enum rc (*each)(void *arg, const struct refill_row *row), void *arg);

/*
 * Moves a refill along the table of refill.c and tells of its end.
 * RC_NOT_FOUND without such a refill, RC_INVALID without such an edge.
 */
enum rc refill_admin_set(
    struct db *db, int64_t id, enum refill_status to, int64_t now);

#endif
