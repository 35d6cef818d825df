/* SPDX-License-Identifier: ISC */
/*
 * Money from one account to another.  The sender names the receiver by its
 * e-mail address and its transfer code, which the receiver reads on a page of
 * its own and gives to whom it wants: so no answer tells whether an address
 * has an account, and no slip of the finger pays a stranger.
 *
 * Programs of the API never link this.
 */
#ifndef LATCHKEY_TRANSFER_H
#define LATCHKEY_TRANSFER_H

#include <stdint.h>

#include "account.h"
#include "db.h"
#include "rc.h"
#include "secret.h"

/* Eight characters of Crockford's base 32 and a hyphen: "7K3M-X9QT". */
enum { TRANSFER_CODE_LEN = 9 };

/* What is to be sent; texts as people type them. */
struct transfer {
	const char *email;
	const char *code; /* in any case, hyphens and spaces do not count */
	int64_t amount_nano;
	const char *note; /* one line, both can read it; NULL: none */
};

/*
 * The code of the caller's account: 40 bits of an HMAC under the pepper, the
 * same for as long as the account lives.  RC_FAIL (logged).
 */
enum rc transfer_code(const struct pepper *pepper, const struct caller *caller,
    char code[TRANSFER_CODE_LEN + 1]);

/*
 * Sends, inside a write transaction: one conditional debit, one credit, one
 * entry for each.  *balance_nano is what the sender has left.
 *
 * RC_NOT_FOUND if no active account has this address and this code, whatever
 * of it is wrong; RC_INVALID for what cannot be sent, or to oneself;
 * RC_LIMITED if the balance is less, or the receiver's would be too large;
 * RC_DENIED if the sender is suspended.  *what then says so in a few words
 * (static text), and the transaction is to be rolled back.  RC_BUSY and
 * RC_FAIL are logged.
 */
enum rc transfer_send(struct db *db, const struct pepper *pepper,
    const struct caller *caller, const struct transfer *transfer, int64_t now,
    int64_t *balance_nano, const char **what);

#endif
