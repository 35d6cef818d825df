/* SPDX-License-Identifier: ISC */
/*
 * Money into and out of wallets: by the operator's hand, and for requests
 * and transfers.  Programs of the API never link this: a key cannot move
 * money other than by an order.
 */
#ifndef LATCHKEY_FUNDS_H
#define LATCHKEY_FUNDS_H

#include <stdint.h>

#include "account.h"
#include "db.h"
#include "ledger.h"
#include "rc.h"

/*
 * Puts amount_nano into the caller's wallet, inside a write transaction:
 * kind is LEDGER_DEPOSIT (more than zero) or LEDGER_ADJUSTMENT (either sign,
 * not zero; the balance never goes below zero).  note, one line of at most
 * 500 bytes, may be NULL.  *balance_nano is the balance afterwards.
 * RC_NOT_FOUND without such an account; RC_INVALID for what cannot be
 * posted, RC_LIMITED if the balance would leave 0 to MONEY_MAX; *what then
 * says so in a few words (static text).
 */
enum rc funds_credit(struct db *db, const struct caller *caller,
    enum ledger_kind kind, int64_t amount_nano, const char *note, int64_t now,
    int64_t *balance_nano, const char **what);

/*
 * Adds amount_nano, of either sign, to the caller's wallet against another
 * account, as ledger_post does, with the cached balance and balance.low; for
 * modules that know what they post.  RC_NOT_FOUND without such an account,
 * RC_LIMITED if the balance would leave 0 to MONEY_MAX; nothing is then
 * changed.
 */
enum rc funds_post(struct db *db, const struct caller *caller,
    enum ledger_kind kind, int64_t other, int64_t amount_nano, const char *note,
    int64_t now, int64_t *balance_nano, int64_t *txn_id);

/*
 * Only adds to the balance, against a wallet whose funds_post wrote both
 * entries.  Fails like funds_post.
 */
enum rc funds_receive(
    struct db *db, const struct caller *caller, int64_t amount_nano);

#endif
