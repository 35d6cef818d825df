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

#endif
