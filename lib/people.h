/* SPDX-License-Identifier: ISC */
/*
 * The people's database: credentials, sessions, tokens, counters of guesses
 * and the security history, beside the main database and behind a gate of
 * its own.  Programs of the API never link this.
 *
 * Never is a transaction open in both databases at once: whoever waits for
 * one gate while it holds the other can wait for ever.  Where something
 * concerns both, the steps are ordered so that a process killed between two
 * leaves what the next try completes.
 */
#ifndef LATCHKEY_PEOPLE_H
#define LATCHKEY_PEOPLE_H

#include <stdint.h>

#include "config.h"
#include "db.h"
#include "rc.h"
#include "secret.h"

/* The people's database and its gate, in the data directory. */
#define PEOPLE_NAME "people.db"

/*
 * Of a clock that is set back: a time at most this many seconds ahead is
 * taken for now; what claims to be from later is not believed.
 */
enum { PEOPLE_CLOCK_SLACK = 300 };

/* What logging in takes. */
struct people {
	struct db *db;               /* the people's database */
	struct db *main;             /* the main one; borrowed */
	const struct config *config; /* borrowed */
	struct pepper pepper;
	struct seal_key seal_key;
};

/*
 * Opens the people's database and reads the pepper and the sealing key;
 * config and main are kept, not copied.  Every transaction then begins with
 * a look at the schema's version.  RC_FAIL (logged), also if there is no
 * database: "latchkey migrate" makes it on an older site.
 */
enum rc people_open(
    const struct config *config, struct db *main, struct people *people);

/* Closes and wipes; may be called twice, and on what was all zero. */
void people_close(struct people *people);

/* What people_sweep has deleted. */
struct people_swept {
	int64_t sessions, mail_tokens, guesses, forms, audits, second_factors;
};

/*
 * Deletes what has expired: sessions, mailed tokens, counters of guesses,
 * used forms, second factors that were never confirmed and, unless
 * audit_days is 0, the security history before that many days.  In
 * transactions of at most PEOPLE_SWEEP_ROWS rows, so that nobody waits long;
 * none may be open.  RC_BUSY, RC_FAIL (logged): *swept tells what was done
 * before.
 */
enum { PEOPLE_SWEEP_ROWS = 500 };
enum rc people_sweep(
    struct db *db, int64_t audit_days, int64_t now, struct people_swept *swept);

#endif
