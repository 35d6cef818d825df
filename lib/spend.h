/* SPDX-License-Identifier: ISC */
/*
 * Orders and spend of an account by day, and what of it needs attention.
 *
 * Days are counted from the ledger, whose transactions never change; what
 * has been counted is kept in the people's database, so that looking again
 * counts only what is new, and looking for the first time at an account
 * with a million orders does not take long either: one look counts
 * SPEND_STEP transactions at most.
 *
 * Every function runs inside the caller's transaction; RC_BUSY and RC_FAIL
 * are logged.
 */
#ifndef LATCHKEY_SPEND_H
#define LATCHKEY_SPEND_H

#include <stdint.h>

#include "account.h"
#include "db.h"
#include "rc.h"

enum {
	SPEND_DAYS = 30,
	SPEND_DAY_S = 86400,
	SPEND_STEP = 20000, /* transactions that one look counts */
	SPEND_SAVE = 200,   /* so many new ones are worth a write */
	SPEND_LOOK = 500,   /* latest transactions that attention looks at */
	SPEND_REFUNDS = 5,  /* of these, the latest refunds */
	SPEND_COUNT_MAX = 100
};

/* A day, by UTC. */
struct spend_day {
	int64_t orders; /* that were placed */
	int64_t charged_nano;
	int64_t refunded_nano; /* that day, of whichever orders */
};

struct spend {
	int64_t today;                     /* days since 1970 */
	struct spend_day days[SPEND_DAYS]; /* oldest first, today last */
	int64_t txn_id;    /* counted up to this one; 0: nothing yet */
	int64_t posted_at; /* when that was; 0: likewise */
	int64_t nnew;      /* counted since it was loaded */
	int is_behind;     /* there is more to count */
};

/* Reads what has been counted, from the people's database. */
enum rc spend_load(struct db *people, const struct caller *caller, int64_t now,
    struct spend *spend);

/*
 * Counts on, from the main database.  What was counted from a ledger that
 * is no longer there (a backup was put back) is counted anew.
 */
enum rc spend_count(
    struct db *db, const struct caller *caller, struct spend *spend);

/* True if enough is new to be kept. */
int spend_is_new(const struct spend *spend);

/* Keeps what was counted, in the people's database. */
enum rc spend_save(
    struct db *people, const struct caller *caller, const struct spend *spend);

/* A refund of an order that was canceled or delivered in part. */
struct spend_refund {
	int64_t order_id;
	int status; /* enum order_status, as it is now */
	int64_t amount_nano;
	int64_t at;
};

/* What an account holder should look at. */
struct spend_attention {
	int64_t balance_nano;
	int64_t low_nano;        /* the threshold; 0: there is none */
	int64_t cancel_requests; /* unanswered; at most SPEND_COUNT_MAX */
	int64_t webhooks;        /* that fail, are held up or were disabled */
	int nrefunds;
	struct spend_refund refunds[SPEND_REFUNDS]; /* latest first */
};

/*
 * Finds that, refunds since a time and among the latest SPEND_LOOK
 * transactions.
 */
enum rc spend_attention(struct db *db, const struct caller *caller,
    int64_t since, struct spend_attention *attention);

#endif
