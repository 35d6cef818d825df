/* SPDX-License-Identifier: ISC */
/*
 * What an account's owner may change of the account itself, by hand.
 * Programs of the API never link this.
 *
 * Every function runs inside the caller's transaction, a write transaction
 * where it changes something.  RC_NOT_FOUND without such an account, or for
 * one that is closed.
 */
#ifndef LATCHKEY_ACCOUNT_SETTINGS_H
#define LATCHKEY_ACCOUNT_SETTINGS_H

#include <stdint.h>

#include "account.h"
#include "db.h"
#include "rc.h"

/* The balance below which balance.low is queued; 0: never. */
enum rc account_settings_low(
    struct db *db, const struct caller *caller, int64_t *low_nano);
enum rc account_settings_set_low(
    struct db *db, const struct caller *caller, int64_t low_nano);

/*
 * The name, as operators see it.  RC_INVALID if it is not one line of at
 * most TEXT_NAME_MAX bytes.
 */
enum rc account_settings_set_name(
    struct db *db, const struct caller *caller, const char *name);

#endif
