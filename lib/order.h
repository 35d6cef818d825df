/* SPDX-License-Identifier: ISC */
/*
 * Orders: placing, finding, moving.  A status moves only along the edges of
 * one table; each move writes its history and its money in the caller's
 * transaction.
 */
#ifndef LATCHKEY_ORDER_H
#define LATCHKEY_ORDER_H

#include <stddef.h>
#include <stdint.h>

#include "account.h"
#include "db.h"
#include "error.h"
#include "event.h"
#include "form.h"
#include "rc.h"

/* orders.status; those below ORDER_COMPLETED are unfinished. */
enum order_status {
	ORDER_PENDING = 1,
	ORDER_IN_PROGRESS = 2,
	ORDER_PROCESSING = 3,
	ORDER_COMPLETED = 4,
	ORDER_PARTIAL = 5,
	ORDER_CANCELED = 6
};

/* Who moved an order: order_move.actor. */
enum order_actor { ORDER_BY_CUSTOMER = 1, ORDER_BY_OPERATOR = 2 };

/* What status and moves need of an order. */
struct order {
	int64_t id;
	int64_t account_id;
	int64_t service_id;
	enum order_status status;
	int64_t quantity;
	int64_t remains;
	int64_t start_count;
	int64_t price_micro;         /* for 1000 pieces */
	int64_t charge_nano;         /* after refunds */
	int64_t cancel_requested_at; /* 0: not */
	int64_t updated_at;          /* of the last move */
	int can_cancel;              /* its service allows it */
	int can_refill;
	int64_t event_seq; /* events about it so far */
};

/* The wire's spelling of a status; NULL if there is no such status. */
const char *order_status_name(int status);

/* True if the table lets actor move an order from one to the other. */
int order_may_move(
    enum order_status from, enum order_status to, enum order_actor actor);

/*
 * Places an order of the form's fields (service, the type's fields,
 * request_id) in one write transaction of its own: *id is the new order or,
 * for a request_id seen before with the same fields, the first one.
 * RC_INVALID and RC_NOT_FOUND say why, RC_DENIED if the account has been
 * suspended or closed meanwhile.
 */
enum rc order_place(struct db *db, const struct caller *caller,
    const struct form *form, int64_t now, int64_t *id, struct why *why);

/* What an order of a form would be. */
struct order_quote {
	int64_t service_id;
	int64_t quantity;    /* pieces, all runs */
	int64_t price_micro; /* for 1000 pieces */
	int64_t charge_nano;
};

/*
 * Checks the form as order_place does, inside a transaction, and gives the
 * price; places nothing and does not look at the balance.  RC_INVALID and
 * RC_NOT_FOUND say why.
 */
enum rc order_quote(struct db *db, const struct caller *caller,
    const struct form *form, struct order_quote *quote, struct why *why);

/* The number that an order's link is found by.  RC_FAIL (logged). */
enum rc order_link_hash(const char *link, int64_t *link_hash);

/* Finds one of the caller's orders, inside a transaction.  RC_NOT_FOUND. */
enum rc order_find(struct db *db, const struct caller *caller, int64_t id,
    struct order *order, struct why *why);

/* What callers ask for most: where an order stands. */
struct order_standing {
	int64_t id; /* 0: the caller has no such order */
	enum order_status status;
	int64_t remains;
	int64_t start_count;
	int64_t charge_nano; /* after refunds */
};

/*
 * Finds n of the caller's orders by their ids, inside a transaction: each id
 * may be any number, also one that was there before, and what comes of it is
 * found under the same index.
 */
enum rc order_standings(struct db *db, const struct caller *caller,
    const int64_t *ids, size_t n, struct order_standing *standings);

/*
 * Moves one of the caller's orders, inside a write transaction: history,
 * refund (all of the charge for Canceled, the price of what remains for
 * Partial, and order->remains set by the caller before), and the events that
 * tell of it.  RC_INVALID with ERROR_CANCEL if the table has no such edge.
 * note may be NULL.
 */
enum rc order_move(struct db *db, const struct caller *caller,
    struct order *order, enum order_status to, enum order_actor actor,
    const char *note, int64_t now, struct why *why);

/*
 * Queues an event about one of the caller's orders as it now stands, with
 * the given number within the order, in the transaction of what it tells of.
 * refund_nano is told if it is not 0.
 */
enum rc order_tell(struct db *db, const struct caller *caller,
    const struct order *order, enum event_type type, int64_t seq,
    int64_t refund_nano, int64_t now);

/*
 * Cancels one of the caller's orders, inside a write transaction: a pending
 * one at once, a running one as a request to the operator (asking again
 * changes nothing).
 */
enum rc order_cancel(struct db *db, const struct caller *caller, int64_t id,
    int64_t now, struct why *why);

#endif
