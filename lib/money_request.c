/* SPDX-License-Identifier: ISC */
/*
 * Requests, as their owners make them.
 */
#include "money_request.h"

#include <stddef.h>
#include <string.h>

#include "funds.h"
#include "ledger.h"
#include "money.h"
#include "text.h"

enum { DAY = 86400 };

static const char *const kinds[] = {
	[MONEY_REQUEST_DEPOSIT] = "deposit",
	[MONEY_REQUEST_WITHDRAWAL] = "withdrawal",
};

const char *
money_request_kind_name(int kind)
{
	if (kind < MONEY_REQUEST_DEPOSIT || kind > MONEY_REQUEST_WITHDRAWAL)
		return NULL;
	return kinds[kind];
}

int
money_request_kind_find(const char *name)
{
	int kind;

	for (kind = MONEY_REQUEST_DEPOSIT; kind <= MONEY_REQUEST_WITHDRAWAL;
	     kind++)
		if (strcmp(kinds[kind], name) == 0)
			return kind;
	return 0;
}

const char *
money_request_status_name(int kind, int status)
{
	if (money_request_kind_name(kind) == NULL)
		return NULL;
	switch (status) {
	case MONEY_REQUEST_OPEN:
		return "open";
	case MONEY_REQUEST_DONE:
		return kind == MONEY_REQUEST_DEPOSIT ? "confirmed" : "paid";
	case MONEY_REQUEST_REJECTED:
		return "rejected";
	case MONEY_REQUEST_CANCELED:
		return "canceled";
	default:
		return NULL;
	}
}

/* The allowed moves and who makes them; a final status has none. */
static const struct {
	enum money_request_kind kind;
	enum money_request_status from, to;
	enum money_request_actor actor;
} moves[] = {
	{ MONEY_REQUEST_DEPOSIT, MONEY_REQUEST_OPEN, MONEY_REQUEST_DONE,
	    MONEY_REQUEST_BY_OPERATOR },
	{ MONEY_REQUEST_DEPOSIT, MONEY_REQUEST_OPEN, MONEY_REQUEST_REJECTED,
	    MONEY_REQUEST_BY_OPERATOR },
	{ MONEY_REQUEST_DEPOSIT, MONEY_REQUEST_OPEN, MONEY_REQUEST_CANCELED,
	    MONEY_REQUEST_BY_OWNER },
	{ MONEY_REQUEST_WITHDRAWAL, MONEY_REQUEST_OPEN, MONEY_REQUEST_DONE,
	    MONEY_REQUEST_BY_OPERATOR },
	{ MONEY_REQUEST_WITHDRAWAL, MONEY_REQUEST_OPEN, MONEY_REQUEST_REJECTED,
	    MONEY_REQUEST_BY_OPERATOR },
};

int
money_request_may_move(int kind, enum money_request_status from,
    enum money_request_status to, enum money_request_actor actor)
{
	size_t i;

	for (i = 0; i < sizeof(moves) / sizeof(moves[0]); i++)
		if ((int)moves[i].kind == kind && moves[i].from == from &&
		    moves[i].to == to && moves[i].actor == actor)
			return 1;
	return 0;
}

/* --- making them ---------------------------------------------------------- */

static const char SQL_OPEN_ALL[] = "SELECT COUNT(*) FROM money_request"
				   " WHERE account_id = $1 AND status = 1";

/* The one that was made so many requests ago. */
static const char SQL_NTH[] = "SELECT created_at FROM money_request"
			      " WHERE account_id = $1"
			      " ORDER BY id DESC LIMIT 1 OFFSET $2";

/* RC_LIMITED if the caller has asked for enough. */
static enum rc
check_limits(
    struct db *db, const struct caller *caller, int64_t now, const char **what)
{
	int64_t open = 0, nth = 0;
	enum rc rc;

	rc = db_one(
	    db, SQL_OPEN_ALL, DB_ARGS(DB_INT(caller->account_id)), &open);
	if (rc == RC_OK && open >= MONEY_REQUEST_OPEN_MAX) {
		*what = "there are ten open requests already";
		return RC_LIMITED;
	}
	if (rc == RC_OK)
		rc = db_one(db, SQL_NTH,
		    DB_ARGS(DB_INT(caller->account_id),
			DB_INT(MONEY_REQUEST_DAY_MAX - 1)),
		    &nth);
	if (rc == RC_NOT_FOUND)
		return RC_OK;
	if (rc == RC_OK && nth > now - DAY) {
		*what = "there were 50 requests in 24 hours";
		return RC_LIMITED;
	}
	return rc;
}

/* What both kinds have to be. */
static enum rc
check(struct db *db, const struct caller *caller, int64_t amount_nano,
    const char *how, int64_t now, const char **what)
{
	struct caller owner = *caller;
	struct account account;
	enum rc rc;

	*what = "";
	if (amount_nano <= 0)
		*what = "the amount must be more than zero";
	else if (amount_nano > MONEY_MAX)
		*what = "the amount is too large";
	else if (!text_is_line(how, TEXT_TITLE_MAX))
		*what = "how it is paid must be one line of at most 500 bytes";
	if ((*what)[0] != '\0')
		return RC_INVALID;
	rc = account_find(db, &owner, &account);
	if (rc == RC_OK && owner.suspended) {
		*what = "the account is suspended";
		return RC_DENIED;
	}
	return rc == RC_OK ? check_limits(db, caller, now, what) : rc;
}

static const char SQL_ADD[] =
    "INSERT INTO money_request"
    " (account_id, kind, status, amount_nano, how, txn_id, created_at,"
    " updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $7)";

static enum rc
add(struct db *db, const struct caller *caller, enum money_request_kind kind,
    int64_t amount_nano, const char *how, int64_t txn_id, int64_t now,
    int64_t *id)
{
	enum rc rc;

	rc = db_run(db, SQL_ADD,
	    DB_ARGS(DB_INT(caller->account_id), DB_INT(kind),
		DB_INT(MONEY_REQUEST_OPEN), DB_INT(amount_nano), DB_TEXT(how),
		txn_id != 0 ? DB_INT(txn_id) : DB_NULL, DB_INT(now)));
	if (rc == RC_OK)
		*id = db_last_id(db);
	return rc;
}

enum rc
money_request_deposit(struct db *db, const struct caller *caller,
    int64_t amount_nano, const char *how, int64_t now, int64_t *id,
    const char **what)
{
	enum rc rc;

	*id = 0;
	rc = check(db, caller, amount_nano, how, now, what);
	if (rc != RC_OK)
		return rc;
	return add(
	    db, caller, MONEY_REQUEST_DEPOSIT, amount_nano, how, 0, now, id);
}

enum rc
money_request_withdraw(struct db *db, const struct caller *caller,
    int64_t amount_nano, const char *how, int64_t now, int64_t *id,
    int64_t *balance_nano, const char **what)
{
	int64_t txn_id = 0;
	enum rc rc;

	*id = *balance_nano = 0;
	rc = check(db, caller, amount_nano, how, now, what);
	if (rc != RC_OK)
		return rc;
	rc = funds_post(db, caller, LEDGER_WITHDRAWAL, LEDGER_HOLDING,
	    -amount_nano, how, now, balance_nano, &txn_id);
	if (rc == RC_LIMITED)
		*what = "the amount is more than the balance";
	if (rc == RC_OK)
		rc = add(db, caller, MONEY_REQUEST_WITHDRAWAL, amount_nano, how,
		    txn_id, now, id);
	return rc;
}

/* --- what became of them -------------------------------------------------- */

static const char SQL_STATE[] = "SELECT kind, status FROM money_request"
				" WHERE account_id = $1 AND id = $2";
static const char SQL_CANCEL[] =
    "UPDATE money_request SET status = $1, updated_at = $2"
    " WHERE account_id = $3 AND id = $4";

enum rc
money_request_cancel(struct db *db, const struct caller *caller, int64_t id,
    int64_t now, const char **what)
{
	struct db_rows *rows = NULL;
	int kind = 0, status = 0;
	enum rc rc;

	*what = "";
	rc = db_query(db, SQL_STATE,
	    DB_ARGS(DB_INT(caller->account_id), DB_INT(id)), &rows);
	if (rc == RC_OK)
		rc = db_next(rows);
	if (rc == RC_OK) {
		kind = (int)db_int(rows, 0);
		status = (int)db_int(rows, 1);
	}
	db_done(&rows);
	if (rc != RC_OK)
		return rc;
	if (!money_request_may_move(kind, (enum money_request_status)status,
		MONEY_REQUEST_CANCELED, MONEY_REQUEST_BY_OWNER)) {
		*what = "it can no longer be taken back";
		return RC_INVALID;
	}
	return db_run(db, SQL_CANCEL,
	    DB_ARGS(DB_INT(MONEY_REQUEST_CANCELED), DB_INT(now),
		DB_INT(caller->account_id), DB_INT(id)));
}

static const char SQL_EACH[] =
    "SELECT id, kind, status, amount_nano, how, note, created_at, updated_at"
    " FROM money_request WHERE account_id = $1 AND id < $2"
    " ORDER BY id DESC LIMIT $3";

enum rc
money_request_each(struct db *db, const struct caller *caller, int64_t before,
    enum rc (*each)(void *arg, const struct money_request *request), void *arg)
{
	struct db_rows *rows = NULL;
	struct money_request request;
	enum rc rc;

	rc = db_query(db, SQL_EACH,
	    DB_ARGS(DB_INT(caller->account_id),
		DB_INT(before > 0 ? before : INT64_MAX),
		DB_INT(MONEY_REQUEST_LIMIT)),
	    &rows);
	while (db_more(rows, &rc)) {
		request = (struct money_request){
			.id = db_int(rows, 0),
			.kind = (int)db_int(rows, 1),
			.status = (int)db_int(rows, 2),
			.amount_nano = db_int(rows, 3),
			.how = db_text(rows, 4),
			.note = db_text(rows, 5),
			.created_at = db_int(rows, 6),
			.updated_at = db_int(rows, 7),
		};
		rc = each(arg, &request);
	}
	db_done(&rows);
	return rc;
}

static const char SQL_OPEN[] =
    "SELECT amount_nano FROM money_request"
    " WHERE account_id = $1 AND status = 1 AND kind = $2";

enum rc
money_request_open(struct db *db, const struct caller *caller,
    enum money_request_kind kind, int64_t *n, int64_t *amount_nano)
{
	struct db_rows *rows = NULL;
	enum rc rc;

	*n = *amount_nano = 0;
	rc = db_query(db, SQL_OPEN,
	    DB_ARGS(DB_INT(caller->account_id), DB_INT(kind)), &rows);
	while (db_more(rows, &rc)) {
		(*n)++;
		if (__builtin_add_overflow(
			*amount_nano, db_int(rows, 0), amount_nano))
			*amount_nano = INT64_MAX;
	}
	db_done(&rows);
	return rc;
}
