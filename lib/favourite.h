/* SPDX-License-Identifier: ISC */
/*
 * Services that an account holder keeps at hand, in the people's database.
 *
 * Every function runs inside the caller's transaction there, a write
 * transaction where it changes something.  RC_BUSY and RC_FAIL are logged.
 */
#ifndef LATCHKEY_FAVOURITE_H
#define LATCHKEY_FAVOURITE_H

#include <stddef.h>
#include <stdint.h>

#include "account.h"
#include "db.h"
#include "rc.h"

enum { FAVOURITE_MAX = 100 };

/* Ids of services, in their order. */
struct favourites {
	size_t n;
	int64_t id[FAVOURITE_MAX];
};

/* Reads them. */
enum rc favourite_list(
    struct db *people, const struct caller *caller, struct favourites *list);

/* True if the service is one of them. */
int favourite_has(const struct favourites *list, int64_t service_id);

/*
 * Keeps a service, or no longer; twice is once.  RC_LIMITED if there are
 * FAVOURITE_MAX.  Whether there is such a service is not looked at.
 */
enum rc favourite_set(struct db *people, const struct caller *caller,
    int64_t service_id, int is_kept);

#endif
