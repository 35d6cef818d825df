/* SPDX-License-Identifier: ISC */
/*
 * A hash table that only grows: a test has few names.
 */
#include "tally.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* FNV-1a. */
static uint32_t
hash(const char *name, size_t len)
{
	uint32_t h = 2166136261U;
	size_t i;

	for (i = 0; i < len; i++)
		h = (h ^ (unsigned char)name[i]) * 16777619U;
	return h;
}

struct tally *
tally_of(struct tallies *tallies, const char *name, size_t len)
{
	struct tally **bucket =
	    &tallies->buckets[hash(name, len) % TALLY_BUCKETS];
	struct tally *tally;

	for (tally = *bucket; tally != NULL; tally = tally->next)
		if (tally->len == len && memcmp(tally->name, name, len) == 0)
			return tally;
	tally = calloc(1, sizeof(*tally) + len + 1);
	if (tally == NULL) {
		(void)fprintf(stderr, "receiver: out of memory\n");
		exit(EXIT_FAILURE);
	}
	tally->len = len;
	memcpy(tally->name, name, len);
	tally->next = *bucket;
	*bucket = tally;
	return tally;
}

void
tally_clear(struct tallies *tallies)
{
	size_t i;

	for (i = 0; i < TALLY_BUCKETS; i++)
		while (tallies->buckets[i] != NULL) {
			struct tally *tally = tallies->buckets[i];

			tallies->buckets[i] = tally->next;
			free(tally);
		}
}
