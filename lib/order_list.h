/* SPDX-License-Identifier: ISC */
/*
 * An account's orders as it sees them: in pages, filtered, or one with its
 * history.  Pages go by id, so that the thousandth costs what the first
 * does, and whatever the filter, no more rows are read than are shown.
 *
 * Every function runs inside the caller's transaction.  RC_BUSY and RC_FAIL
 * are logged.
 */
#ifndef LATCHKEY_ORDER_LIST_H
#define LATCHKEY_ORDER_LIST_H

#include <stddef.h>
#include <stdint.h>

#include "account.h"
#include "db.h"
#include "error.h"
#include "rc.h"

enum {
	ORDER_LIST_PAGE = 50,  /* orders, by default */
	ORDER_LIST_MAX = 500,  /* at most */
	ORDER_LIST_STEPS = 100 /* of a history */
};

/* Which orders a page has; all zeros for the newest of all. */
struct order_list_filter {
	int status;         /* enum order_status; 0: any */
	int64_t service_id; /* 0: any */
	const char *link;   /* exactly this one; NULL: any */
	int64_t before;     /* ids below this one; 0: from the newest */
	int64_t after;      /* the nearest ids above; before is then unused */
	size_t limit;       /* 0: ORDER_LIST_PAGE */
};

/* An order as its account sees it; texts are borrowed for the call. */
struct order_item {
	int64_t id;
	int64_t service_id;
	const char *service; /* its name */
	const char *category;
	int status;       /* enum order_status */
	const char *link; /* NULL: the type has none */
	int64_t quantity;
	int64_t remains;
	int64_t start_count;
	int64_t price_micro; /* for 1000 pieces */
	int64_t charge_nano; /* after refunds */
	const char *details; /* JSON of the type's other fields, or NULL */
	int64_t created_at;
	int64_t updated_at;          /* of the last move */
	int64_t cancel_requested_at; /* 0: not */
	int can_cancel;              /* its service allows it */
	int can_refill;
	int on_sale; /* its service */
};

/* What lies beyond a page. */
struct order_list_ends {
	int64_t newer; /* the filter's next "after"; 0: nothing newer */
	int64_t older; /* the filter's next "before"; 0: nothing older */
};

/* A step of an order's history. */
struct order_step {
	int64_t moved_at;
	int from; /* enum order_status */
	int to;
	int actor;        /* enum order_actor */
	const char *note; /* NULL: none; borrowed for the call */
};

/* A refill of an order. */
struct order_refill {
	int64_t id;
	int status; /* enum refill_status */
	int64_t created_at;
	int64_t updated_at;
};

/*
 * Calls each for the orders of a page, newest first, until it does not give
 * RC_OK; gives that.  Then *ends tells what is beyond.
 */
enum rc order_list(struct db *db, const struct caller *caller,
    const struct order_list_filter *filter,
    enum rc (*each)(void *arg, const struct order_item *order), void *arg,
    struct order_list_ends *ends);

/* Calls each for one of the caller's orders.  RC_NOT_FOUND says why. */
enum rc order_list_show(struct db *db, const struct caller *caller, int64_t id,
    enum rc (*each)(void *arg, const struct order_item *order), void *arg,
    struct why *why);

/*
 * Calls each for the last ORDER_LIST_STEPS moves of one of the caller's
 * orders, newest first, like the list; an order that is not the caller's has
 * none.
 */
enum rc order_list_history(struct db *db, const struct caller *caller,
    int64_t id, enum rc (*each)(void *arg, const struct order_step *step),
    void *arg);

/* The same for its refills. */
enum rc order_list_refills(struct db *db, const struct caller *caller,
    int64_t id, enum rc (*each)(void *arg, const struct order_refill *refill),
    void *arg);

#endif
