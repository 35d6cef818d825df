/* SPDX-License-Identifier: ISC */
/*
 * The operator's side of requests to pay in or out: listing, showing, and
 * saying what became of them.  Only the operator's command links this.
 *
 * Every function runs inside the caller's transaction, a write transaction
 * where it changes something.  RC_BUSY and RC_FAIL are logged.
 */
#ifndef LATCHKEY_MONEY_REQUEST_ADMIN_H
#define LATCHKEY_MONEY_REQUEST_ADMIN_H

#include <stdint.h>

#include "db.h"
#include "money_request.h"
#include "rc.h"

enum { MONEY_REQUEST_ADMIN_LIMIT = 50, MONEY_REQUEST_ADMIN_LIMIT_MAX = 10000 };

/* Which requests a list has; all zeros for the newest of all. */
struct money_request_filter {
	int64_t account_id; /* 0: of any account */
	int kind;           /* enum money_request_kind; 0: any */
	int status;         /* enum money_request_status; 0: any */
	int64_t before;     /* only ids below; 0: from the newest */
	int64_t limit;      /* how many; 0: MONEY_REQUEST_ADMIN_LIMIT */
};

/* A request as the operator sees it; texts are borrowed for the call. */
struct money_request_row {
	struct money_request request;
	int64_t account_id;
	const char *email;
	int64_t txn_id;     /* of the wallet; 0: none yet */
	int64_t end_txn_id; /* that ended the holding; 0: none */
};

/*
 * The status of that name, of either kind ("confirmed" and "paid" are the
 * same); 0 if there is none.
 */
int money_request_admin_status(const char *name);

/*
 * Calls each for the requests of the filter, newest first, until one does
 * not give RC_OK; gives that.
 */
enum rc money_request_admin_list(struct db *db,
    const struct money_request_filter *filter,
    enum rc (*each)(void *arg, const struct money_request_row *row), void *arg);

/* Calls show once, for the request of that id.  RC_NOT_FOUND. */
enum rc money_request_admin_show(struct db *db, int64_t id,
    enum rc (*show)(void *arg, const struct money_request_row *row), void *arg);

/*
 * Ends a request.  With MONEY_REQUEST_DONE the money of a deposit has come
 * and goes into the wallet, or what was held for a withdrawal has been paid
 * out; with MONEY_REQUEST_REJECTED what was held goes back.  note, one line
 * of at most 500 bytes, is shown to the owner and may be NULL unless it is
 * rejected; currency is the panel's.  RC_NOT_FOUND without such a request;
 * RC_INVALID, RC_LIMITED (the balance would be too large) with *what saying
 * why in a few words (static text).
 */
enum rc money_request_admin_end(struct db *db, int64_t id,
    enum money_request_status to, const char *note, const char *currency,
    int64_t now, const char **what);

#endif
