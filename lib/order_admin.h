/* SPDX-License-Identifier: ISC */
/*
 * The operator's side of orders: listing, showing, moving, and answering
 * requests to cancel.  Programs of the API never link this.
 *
 * Every function runs inside the caller's transaction, a write transaction
 * where it changes something.  RC_BUSY and RC_FAIL are logged.
 */
#ifndef LATCHKEY_ORDER_ADMIN_H
#define LATCHKEY_ORDER_ADMIN_H

#include <stdint.h>

#include "db.h"
#include "order.h"
#include "rc.h"

/* Which orders a list has; all zeros for the newest of all. */
struct order_filter {
	int64_t account_id;   /* 0: of any account */
	int status;           /* enum order_status; 0: any */
	int cancel_requested; /* only unfinished ones with a request */
	int64_t before;       /* only ids below; 0: from the newest */
	int64_t limit;        /* how many; 0: ORDER_ADMIN_LIMIT */
};

enum {
	ORDER_ADMIN_LIMIT = 50,
	ORDER_ADMIN_LIMIT_MAX = 10000,
	ORDER_ADMIN_COUNT_MAX = 2147483647 /* of start_count */
};

/* An order as an operator sees it; texts are borrowed for the call. */
struct order_row {
	int64_t id;
	int64_t account_id;
	const char *email;
	int64_t service_id;
	const char *service;
	int status;       /* enum order_status */
	const char *link; /* NULL: the type has none */
	int64_t quantity;
	int64_t remains;
	int64_t start_count;
	int64_t price_micro;
	int64_t charge_nano;
	const char *details;    /* JSON, or NULL */
	const char *request_id; /* NULL: none */
	int64_t created_at;
	int64_t updated_at;
	int64_t cancel_requested_at; /* 0: not */
};

/* One row of an order's history. */
struct order_move_row {
	int64_t moved_at;
	int from;         /* enum order_status */
	int to;           /* likewise */
	int actor;        /* enum order_actor */
	const char *note; /* NULL: none; borrowed for the call */
};

/* What to change. */
struct order_change {
	int status;          /* enum order_status; 0: stays */
	int64_t start_count; /* -1: stays */
	int64_t remains;     /* -1: stays */
	const char *note;    /* for the history of a move; NULL: none */
	int decline_cancel;  /* takes the request to cancel away */
};

/* The status of that name on the wire, in any case; 0 if there is none. */
int order_admin_status(const char *name);

/*
 * Calls each for the orders of the filter, newest first, until one does not
 * give RC_OK; gives that.
 */
enum rc order_admin_list(struct db *db, const struct order_filter *filter,
    enum rc (*each)(void *arg, const struct order_row *row), void *arg);

/* Calls show once, for the order of that id.  RC_NOT_FOUND. */
enum rc order_admin_show(struct db *db, int64_t id,
    enum rc (*show)(void *arg, const struct order_row *row), void *arg);

/* Calls each for the moves of an order, oldest first, like the list. */
enum rc order_admin_history(struct db *db, int64_t id,
    enum rc (*each)(void *arg, const struct order_move_row *row), void *arg);

/*
 * Changes an order; a new status goes through order_move, with its history,
 * its refund and its events, for which currency is the panel's.
 * RC_NOT_FOUND without such an order; RC_INVALID, with *what saying why in a
 * few words (static text), for a finished order, a move that the table of
 * order.c does not have, a Partial without pieces that remain, numbers out of
 * range, a note without a status, and a request to decline that is not there.
 */
enum rc order_admin_set(struct db *db, int64_t id,
    const struct order_change *change, const char *currency, int64_t now,
    const char **what);

#endif
