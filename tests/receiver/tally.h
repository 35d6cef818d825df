/* SPDX-License-Identifier: ISC */
/*
 * Counts by name: requests of a path, failures of a webhook's id.
 */
#ifndef LATCHKEY_TESTS_TALLY_H
#define LATCHKEY_TESTS_TALLY_H

#include <stddef.h>
#include <stdint.h>

struct tally {
	struct tally *next; /* of the same bucket */
	int64_t count, now, most;
	size_t len;
	char name[]; /* NUL at its end */
};

enum { TALLY_BUCKETS = 4096 };

struct tallies {
	struct tally *buckets[TALLY_BUCKETS];
};

/* The tally of a name, made with zeros if it is new; ends if out of memory. */
struct tally *tally_of(struct tallies *tallies, const char *name, size_t len);

/* Frees all of them. */
void tally_clear(struct tallies *tallies);

#endif
