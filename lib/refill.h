/* SPDX-License-Identifier: ISC */
/*
 * Refills of finished orders.
 */
#ifndef LATCHKEY_REFILL_H
#define LATCHKEY_REFILL_H

#include <stdint.h>

#include "account.h"
#include "db.h"
#include "error.h"
#include "rc.h"

/* refill.status */
enum refill_status {
	REFILL_PENDING = 1,
	REFILL_IN_PROGRESS = 2,
	REFILL_COMPLETED = 3,
	REFILL_REJECTED = 4,
	REFILL_ERROR = 5
};

enum { REFILL_WAIT_S = 86400 }; /* after completion, and between two */

/* The wire's spelling of a status; NULL if there is no such status. */
const char *refill_status_name(int status);

/* True if a refill may go from one to the other. */
int refill_may_move(enum refill_status from, enum refill_status to);

/*
 * Asks for a refill of one of the caller's orders, inside a write
 * transaction.  Refused (why says which rule): not the caller's, a service
 * without refill, an order that delivered nothing, too soon or one in
 * flight, and the limit-th refill that was not rejected.
 */
enum rc refill_request(struct db *db, const struct caller *caller,
    int64_t order_id, int64_t limit, int64_t now, int64_t *id, struct why *why);

/* The status of one of the caller's refills, inside a transaction. */
enum rc refill_find(struct db *db, const struct caller *caller, int64_t id,
    enum refill_status *status, struct why *why);

#endif
