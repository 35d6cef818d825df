/* SPDX-License-Identifier: ISC */
/*
 * Who calls: an account, seen through the key it called with.
 */
#ifndef LATCHKEY_ACCOUNT_H
#define LATCHKEY_ACCOUNT_H

#include <stdint.h>

#include "db.h"
#include "rc.h"
#include "text.h"

/* Every function on an account's rows takes one of these. */
struct caller {
	int64_t account_id;
	int64_t key_id;     /* 0: not by a key */
	int64_t tier_limit; /* calls a minute */
	int suspended;
	int64_t balance_nano; /* when the key was verified */
	const char *currency; /* the panel's, for events */
};

/* The account's balance, in nano-units; inside a transaction. */
enum rc account_balance(
    struct db *db, const struct caller *caller, int64_t *balance_nano);

/* An account, as its holder sees it. */
struct account {
	int64_t id;
	char email[TEXT_EMAIL_MAX + 1];
	char name[TEXT_NAME_MAX + 1];
	int64_t balance_nano;
	int64_t created_at; /* Unix seconds */
};

/*
 * Reads the caller's account, and into the caller whether it is suspended
 * and what its tier may call; inside a transaction.  RC_NOT_FOUND if there
 * is none, or it is closed: *account is then all zero.
 */
enum rc account_find(
    struct db *db, struct caller *caller, struct account *account);

#endif
