/* SPDX-License-Identifier: ISC */
/*
 * Double entry.  A transaction is one row of txn and two entries that sum to
 * zero: a customer's wallet (the account's id) against an account of the
 * house (a negative number) or, for a transfer, another wallet.  Rows are
 * never changed; a correction is a new transaction.  The wallet's sum is
 * cached as account.balance_nano.
 *
 * This module takes and gives back the price of orders; funds, transfer and
 * money_request move money in and out.
 */
#ifndef LATCHKEY_LEDGER_H
#define LATCHKEY_LEDGER_H

#include <stdint.h>

#include "account.h"
#include "db.h"
#include "error.h"
#include "rc.h"

/* Accounts of the house: entry.ledger_id. */
enum {
	LEDGER_REVENUE = -1,
	LEDGER_DEPOSITS = -2,
	LEDGER_REFUNDS = -3,
	LEDGER_ADJUSTMENTS = -4,
	LEDGER_HOLDING = -5, /* of withdrawals that are asked for */
	LEDGER_PAYOUTS = -6
};

/* What a transaction is: txn.kind. */
enum ledger_kind {
	LEDGER_ORDER = 1,
	LEDGER_REFUND = 2,
	LEDGER_DEPOSIT = 3,
	LEDGER_ADJUSTMENT = 4,
	LEDGER_WITHDRAWAL = 5, /* asked for: wallet to holding */
	LEDGER_RETURN = 6,     /* rejected: holding to wallet */
	LEDGER_PAYOUT = 7,     /* paid: holding to payouts */
	LEDGER_TRANSFER = 8    /* wallet to wallet */
};

/*
 * Takes amount_nano (>= 0) for an order from the caller's wallet, inside a
 * write transaction.  RC_INVALID with ERROR_FUNDS if the balance is less, or
 * if the account is closed.
 */
enum rc ledger_charge(struct db *db, const struct caller *caller,
    int64_t order_id, int64_t amount_nano, int64_t now, struct why *why);

/*
 * Queues balance.low if the balance went from low_nano, the account's
 * threshold, or above to below it; inside the transaction that posted it.
 * Used by this module and those that move money alone.
 */
enum rc ledger_tell(struct db *db, const struct caller *caller,
    int64_t before_nano, int64_t after_nano, int64_t low_nano, int64_t now);

/* Gives amount_nano (>= 0) of an order back; nothing is written for 0. */
enum rc ledger_refund(struct db *db, const struct caller *caller,
    int64_t order_id, int64_t amount_nano, int64_t now);

/*
 * Writes the rows of one transaction: amount_nano onto the wallet and off
 * the other account, of the house or a wallet; *txn_id, if not NULL, is its
 * id.  Cached balances are the caller's business.  Used by this module and
 * those that move money alone.
 */
enum rc ledger_post(struct db *db, const struct caller *caller,
    enum ledger_kind kind, int64_t other, int64_t order_id, int64_t amount_nano,
    const char *note, int64_t now, int64_t *txn_id);

#endif
