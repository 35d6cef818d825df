/* SPDX-License-Identifier: ISC */
/*
 * Closing an account, by its owner's hand.  Programs of the API never link
 * this: a key cannot close what it belongs to.
 *
 * A closed account is suspended too, so that all that refuses one refuses
 * the other; account_admin_unsuspend opens it again, without its keys.
 */
#ifndef LATCHKEY_ACCOUNT_CLOSE_H
#define LATCHKEY_ACCOUNT_CLOSE_H

#include <stdint.h>

#include "account.h"
#include "db.h"
#include "rc.h"

/* What closing an account would leave behind. */
struct account_left {
	int64_t balance_nano;
	int64_t open_orders;   /* that may still give back money */
	int64_t open_requests; /* of deposits and withdrawals, likewise */
	int64_t active_keys;
	int64_t webhooks;
};

/*
 * Tells what closing would leave behind, inside a transaction.
 * RC_NOT_FOUND without such an account, or for one that is closed.
 */
enum rc account_close_look(
    struct db *db, const struct caller *caller, struct account_left *left);

/*
 * Closes the caller's account, inside a write transaction: suspended, every
 * key revoked, every webhook removed with what was on its way.  What is in
 * the wallet stays there for the operator to pay out.  RC_LIMITED, with
 * nothing changed, while there are open orders or requests, or a balance
 * that is not exactly leave_nano: the owner has to name what is left, and
 * may not have seen what came in meanwhile.  *left tells why.  RC_NOT_FOUND
 * likewise.
 */
enum rc account_close(struct db *db, const struct caller *caller,
    int64_t leave_nano, int64_t now, struct account_left *left);

#endif
