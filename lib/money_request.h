/* SPDX-License-Identifier: ISC */
/*
 * What account holders ask for that a person has to do outside the panel:
 * money paid in, and money paid out.  A deposit that is asked for changes
 * nothing until the operator has the money; a withdrawal takes its amount
 * from the wallet at once and holds it, so that it cannot be spent again.
 * money_request_admin has the operator's side.
 *
 * Programs of the API never link this.  Every function runs inside the
 * caller's transaction, a write transaction where it changes something.
 * RC_BUSY and RC_FAIL are logged.
 */
#ifndef LATCHKEY_MONEY_REQUEST_H
#define LATCHKEY_MONEY_REQUEST_H

#include <stdint.h>

#include "account.h"
#include "db.h"
#include "rc.h"

/* money_request.kind */
enum money_request_kind {
	MONEY_REQUEST_DEPOSIT = 1,
	MONEY_REQUEST_WITHDRAWAL = 2
};

/* money_request.status; all but the first are final. */
enum money_request_status {
	MONEY_REQUEST_OPEN = 1,
	MONEY_REQUEST_DONE = 2,     /* money came, or was paid out */
	MONEY_REQUEST_REJECTED = 3, /* by the operator */
	MONEY_REQUEST_CANCELED = 4  /* by the owner */
};

enum money_request_actor {
	MONEY_REQUEST_BY_OWNER = 1,
	MONEY_REQUEST_BY_OPERATOR = 2
};

enum {
	MONEY_REQUEST_OPEN_MAX = 10, /* open ones of an account */
	MONEY_REQUEST_DAY_MAX = 50,  /* made by an account in 24 hours */
	MONEY_REQUEST_LIMIT = 20     /* of a list */
};

/* One request, as its owner sees it; texts are borrowed for the call. */
struct money_request {
	int64_t id;
	int kind;   /* enum money_request_kind */
	int status; /* enum money_request_status */
	int64_t amount_nano;
	const char *how;  /* the owner's words */
	const char *note; /* the operator's; NULL: none */
	int64_t created_at;
	int64_t updated_at; /* of the last move */
};

/* "deposit", "withdrawal"; NULL for another number. */
const char *money_request_kind_name(int kind);

/* The kind of that name; 0 if there is none. */
int money_request_kind_find(const char *name);

/*
 * "open", "confirmed" (a deposit), "paid" (a withdrawal), "rejected",
 * "canceled"; NULL for other numbers.
 */
const char *money_request_status_name(int kind, int status);

/* True if the table lets actor move a request of that kind. */
int money_request_may_move(int kind, enum money_request_status from,
    enum money_request_status to, enum money_request_actor actor);

/*
 * Asks the operator to book amount_nano that the owner pays in; how, one line
 * of at most 500 bytes, tells by what.  RC_INVALID for what cannot be asked
 * for, RC_LIMITED over a limit, RC_DENIED for an account that is suspended;
 * *what then says so in a few words (static text).
 */
enum rc money_request_deposit(struct db *db, const struct caller *caller,
    int64_t amount_nano, const char *how, int64_t now, int64_t *id,
    const char **what);

/*
 * Takes amount_nano from the wallet, by one conditional debit, and asks the
 * operator to pay it out; how tells where to.  *balance_nano is what is left.
 * Fails like money_request_deposit; RC_LIMITED also if the balance is less.
 */
enum rc money_request_withdraw(struct db *db, const struct caller *caller,
    int64_t amount_nano, const char *how, int64_t now, int64_t *id,
    int64_t *balance_nano, const char **what);

/*
 * Takes one of the caller's requests back.  Not a withdrawal: the operator
 * may be paying it at this moment.  RC_NOT_FOUND, RC_INVALID with *what.
 */
enum rc money_request_cancel(struct db *db, const struct caller *caller,
    int64_t id, int64_t now, const char **what);

/*
 * Calls each for the newest MONEY_REQUEST_LIMIT of the caller's requests with
 * ids below before (0: from the newest), until one does not give RC_OK;
 * gives that.
 */
enum rc money_request_each(struct db *db, const struct caller *caller,
    int64_t before,
    enum rc (*each)(void *arg, const struct money_request *request), void *arg);

/*
 * How many open requests of that kind the caller has, and what they come to;
 * an amount too large for a number is INT64_MAX.
 */
enum rc money_request_open(struct db *db, const struct caller *caller,
    enum money_request_kind kind, int64_t *n, int64_t *amount_nano);

#endif
