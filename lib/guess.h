/* SPDX-License-Identifier: ISC */
/*
 * What may not be tried as often as one likes.  A counter has some tries for
 * nothing; after that each failure makes the next try wait, twice as long as
 * the one before, up to its longest delay and never for good.  What comes
 * too early is refused and counts as nothing.
 *
 * A try is counted as a failure before its outcome is known, so that many at
 * once are no way round the delay, and given back when it was none.  Each
 * function runs inside the caller's write transaction of the people's
 * database.
 */
#ifndef LATCHKEY_GUESS_H
#define LATCHKEY_GUESS_H

#include <stddef.h>
#include <stdint.h>

#include "account.h"
#include "db.h"
#include "rc.h"
#include "secret.h"

/* Who is counted at what.  The numbers stand in the database. */
enum guess_kind {
	GUESS_PASSWORD = 1, /* of an e-mail address, known or not */
	GUESS_ADDRESS,      /* all that an address of the network logs in to */
	GUESS_SECOND,       /* an account's second factor at log-in */
	GUESS_AGAIN,        /* an account's password and factor, once more */
	GUESS_MAIL_TO,      /* mails that anybody can have sent to one */
	GUESS_MAIL_FROM,    /* the same, by address of the network */
	GUESS_TRANSFER, /* an account's receivers of money, and their codes */
	GUESS_KINDS
};

enum {
	GUESS_FREE = 5,        /* failures of an account before a delay */
	GUESS_DELAY_MAX = 900, /* seconds, of whatever is guessed */
	GUESS_KEEP = 3600, /* seconds without a failure, and it is forgotten */
	GUESS_MAX = 4      /* counters of one try */
};

/* One counter. */
struct guess {
	enum guess_kind kind;
	unsigned char subject[16];
	size_t subject_len;
	int64_t failures_before; /* set by guess_admit, for guess_undo */
	int64_t failed_before;
	int64_t failed_at;
};

/*
 * Name a counter: by an e-mail address in lower case (kept as an HMAC), an
 * account, an address of the network (all of an IPv4 one, the /64 of an IPv6
 * one).
 */
enum rc guess_email(struct guess *guess, enum guess_kind kind,
    const struct pepper *pepper, const char *email);
void guess_account(
    struct guess *guess, enum guess_kind kind, const struct caller *caller);
void guess_address(
    struct guess *guess, enum guess_kind kind, const unsigned char address[16]);

/*
 * May this be tried?  Counts a failure in all n counters, or in none:
 * RC_LIMITED, and *wait_s is for how long.  A clock that is set back makes a
 * delay longer by no more than PEOPLE_CLOCK_SLACK.
 */
enum rc guess_admit(struct db *people, struct guess *guesses, size_t n,
    int64_t now, int64_t *wait_s);

/*
 * It was right: an account's counter starts anew, an address of the network
 * gets back this one try alone, or whoever has one account could guess at
 * all others between his own log-ins.
 */
enum rc guess_right(struct db *people, const struct guess *guesses, size_t n);

/* It was not tried after all: each counter is as if it had not been. */
enum rc guess_undo(struct db *people, const struct guess *guesses, size_t n);

/* Forgets a counter: a new password was set by mail or by the operator. */
enum rc guess_forget(struct db *people, const struct guess *guess);

#endif
