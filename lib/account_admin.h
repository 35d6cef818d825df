/* SPDX-License-Identifier: ISC */
/*
 * The operator's side of accounts: making, finding, listing, suspending, and
 * the rate tiers.  Programs of the API never link this.
 *
 * Every function runs inside the caller's transaction, a write transaction
 * where it changes something.  RC_BUSY and RC_FAIL are logged.
 */
#ifndef LATCHKEY_ACCOUNT_ADMIN_H
#define LATCHKEY_ACCOUNT_ADMIN_H

#include <stdint.h>

#include "db.h"
#include "rc.h"

/* What an account gets where nothing else is asked for. */
#define ACCOUNT_ADMIN_TIER "Standard"

enum {
	ACCOUNT_ADMIN_CALLS_MAX = 1000000 /* of a tier, in a minute */
};

/* One row of the list; texts are borrowed for the call. */
struct account_row {
	int64_t id;
	const char *email;
	const char *name;
	const char *tier;
	int64_t calls_per_minute;
	int64_t balance_nano;
	int64_t low_nano; /* balance.low; 0: never */
	int64_t active_keys;
	int64_t suspended_at; /* 0: active */
	int64_t created_at;
};

struct tier_row {
	const char *name; /* borrowed for the call */
	int64_t calls_per_minute;
	int64_t accounts; /* how many are in it */
};

/*
 * Makes an account with a balance of zero; the address is stored in lower
 * case.  RC_INVALID if the address or the name cannot be one, RC_NOT_FOUND
 * if there is no such tier, RC_LIMITED if the address has an account
 * already; *what then says so in a few words (static text).
 */
enum rc account_admin_create(struct db *db, const char *email, const char *name,
    const char *tier, int64_t now, int64_t *id, const char **what);

/*
 * Finds an account by its id in digits or its address in any case.
 * RC_NOT_FOUND.
 */
enum rc account_admin_find(struct db *db, const char *who, int64_t *id);

/*
 * Calls each for every account by id until one does not give RC_OK; gives
 * that.
 */
enum rc account_admin_list(struct db *db,
    enum rc (*each)(void *arg, const struct account_row *row), void *arg);

/*
 * Suspends or unsuspends; doing it twice changes nothing (the first time
 * stays).  Unsuspended, an account that its owner has closed is open again.
 * RC_NOT_FOUND.
 */
enum rc account_admin_suspend(struct db *db, int64_t id, int64_t now);
enum rc account_admin_unsuspend(struct db *db, int64_t id);

/* Puts an account into a tier.  RC_NOT_FOUND if either is unknown. */
enum rc account_admin_set_tier(struct db *db, int64_t id, const char *tier);

/*
 * Sets the balance below which balance.low is queued; 0: never.  RC_NOT_FOUND.
 */
enum rc account_admin_set_low(struct db *db, int64_t id, int64_t low_nano);

/* Calls each for every tier by id, like account_admin_list. */
enum rc account_admin_tiers(struct db *db,
    enum rc (*each)(void *arg, const struct tier_row *row), void *arg);

/*
 * Sets what a tier may call (1 to 1,000,000 a minute).  RC_NOT_FOUND,
 * RC_INVALID.
 */
enum rc account_admin_set_calls(
    struct db *db, const char *tier, int64_t calls_per_minute);

#endif
