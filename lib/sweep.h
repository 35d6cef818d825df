/* SPDX-License-Identifier: ISC */
/*
 * Sweeping out of the people's database what is over.  It is refused
 * wherever it is used: the sweep saves room, and nothing depends on it.
 */
#ifndef LATCHKEY_SWEEP_H
#define LATCHKEY_SWEEP_H

#include <stdint.h>

#include "db.h"
#include "rc.h"

enum { SWEEP_ROWS = 500 }; /* of one transaction */

/* How much was deleted. */
struct swept {
	int64_t sessions, mail_tokens, guesses, forms, audits, second_factors;
};

/*
 * Deletes sessions, mailed tokens, counters of guesses and used forms that
 * are over, second factors that were never confirmed and, unless audit_days
 * is 0, the security history before that many days.  Makes its own
 * transactions; none may be open.  RC_BUSY, RC_FAIL (logged): *swept tells
 * what was done before.
 */
enum rc sweep_people(
    struct db *people, int64_t audit_days, int64_t now, struct swept *swept);

#endif
