/* SPDX-License-Identifier: ISC */
/*
 * What became of requests.  Statements without an account_id of a caller are
 * marked: the operator works on any account.
 */
#include "money_request_admin.h"

#include <stddef.h>
#include <string.h>

#include "funds.h"
#include "ledger.h"
#include "money.h"
#include "text.h"

int
money_request_admin_status(const char *name)
{
	int kind, status;

	for (kind = MONEY_REQUEST_DEPOSIT; kind <= MONEY_REQUEST_WITHDRAWAL;
	     kind++)
		for (status = MONEY_REQUEST_OPEN;
		     status <= MONEY_REQUEST_CANCELED; status++)
			if (strcmp(name,
				money_request_status_name(kind, status)) == 0)
				return status;
	return 0;
}

/* --- looking -------------------------------------------------------------- */

#define COLUMNS                                                    \
	"SELECT r.id, r.kind, r.status, r.amount_nano, r.how,"     \
	" r.note, r.created_at, r.updated_at, r.account_id,"       \
	" a.email, r.txn_id, r.end_txn_id FROM money_request AS r" \
	" JOIN account AS a ON a.id = r.account_id"

/* operator: any account */
static const char SQL_LIST[] =
    COLUMNS " WHERE ($1 = 0 OR r.account_id = $1)"
	    " AND ($2 = 0 OR r.kind = $2) AND ($3 = 0 OR r.status = $3)"
	    " AND r.id < $4 ORDER BY r.id DESC LIMIT $5";

/* operator: any account; the same by the index of open ones, or one's own */
static const char SQL_LIST_OPEN[] =
    COLUMNS " WHERE r.status = 1 AND ($1 = 0 OR r.account_id = $1)"
	    " AND ($2 = 0 OR r.kind = $2) AND r.id < $3"
	    " ORDER BY r.id DESC LIMIT $4";

static void
fill(struct db_rows *rows, struct money_request_row *row)
{
	*row = (struct money_request_row){
		.request = {
			.id = db_int(rows, 0),
			.kind = (int)db_int(rows, 1),
			.status = (int)db_int(rows, 2),
			.amount_nano = db_int(rows, 3),
			.how = db_text(rows, 4),
			.note = db_text(rows, 5),
			.created_at = db_int(rows, 6),
			.updated_at = db_int(rows, 7),
		},
		.account_id = db_int(rows, 8),
		.email = db_text(rows, 9),
		.txn_id = db_int(rows, 10),
		.end_txn_id = db_int(rows, 11),
	};
}

/* Starts the query of a filter. */
static enum rc
query_list(struct db *db, const struct money_request_filter *filter,
    struct db_rows **rows)
{
	int64_t before = filter->before != 0 ? filter->before : INT64_MAX;
	int64_t limit =
	    filter->limit != 0 ? filter->limit : MONEY_REQUEST_ADMIN_LIMIT;

	if (filter->status == MONEY_REQUEST_OPEN)
		return db_query(db, SQL_LIST_OPEN,
		    DB_ARGS(DB_INT(filter->account_id), DB_INT(filter->kind),
			DB_INT(before), DB_INT(limit)),
		    rows);
	return db_query(db, SQL_LIST,
	    DB_ARGS(DB_INT(filter->account_id), DB_INT(filter->kind),
		DB_INT(filter->status), DB_INT(before), DB_INT(limit)),
	    rows);
}

enum rc
money_request_admin_list(struct db *db,
    const struct money_request_filter *filter,
    enum rc (*each)(void *arg, const struct money_request_row *row), void *arg)
{
	struct db_rows *rows = NULL;
	struct money_request_row row;
	enum rc rc;

	rc = query_list(db, filter, &rows);
	while (db_more(rows, &rc)) {
		fill(rows, &row);
		rc = each(arg, &row);
	}
	db_done(&rows);
	return rc;
}

/* operator: any account */
static const char SQL_SHOW[] = COLUMNS " WHERE r.id = $1";

enum rc
money_request_admin_show(struct db *db, int64_t id,
    enum rc (*show)(void *arg, const struct money_request_row *row), void *arg)
{
	struct db_rows *rows = NULL;
	struct money_request_row row;
	enum rc rc;

	rc = db_query(db, SQL_SHOW, DB_ARGS(DB_INT(id)), &rows);
	if (rc == RC_OK)
		rc = db_next(rows);
	if (rc == RC_OK) {
		fill(rows, &row);
		rc = show(arg, &row);
	}
	db_done(&rows);
	return rc;
}

/* --- ending --------------------------------------------------------------- */

/* What ending a request needs of it. */
struct state {
	int64_t id;
	int64_t account_id;
	int kind;
	int status;
	int64_t amount_nano;
	int64_t txn_id;
	int64_t end_txn_id;
};

static enum rc
keep_state(void *arg, const struct money_request_row *row)
{
	*(struct state *)arg = (struct state){
		.id = row->request.id,
		.account_id = row->account_id,
		.kind = row->request.kind,
		.status = row->request.status,
		.amount_nano = row->request.amount_nano,
		.txn_id = row->txn_id,
		.end_txn_id = row->end_txn_id,
	};
	return RC_OK;
}

/* Moves the money that belongs to a move. */
static enum rc
move_money(struct db *db, struct state *state, enum money_request_status to,
    const char *note, const char *currency, int64_t now)
{
	struct caller owner = { .account_id = state->account_id,
		.currency = currency };
	struct caller holding = { .account_id = LEDGER_HOLDING };
	int64_t balance = 0;

	if (state->kind == MONEY_REQUEST_WITHDRAWAL)
		return to == MONEY_REQUEST_DONE
			   ? ledger_post(db, &holding, LEDGER_PAYOUT,
				 LEDGER_PAYOUTS, 0, -state->amount_nano, note,
				 now, &state->end_txn_id)
			   : funds_post(db, &owner, LEDGER_RETURN,
				 LEDGER_HOLDING, state->amount_nano, note, now,
				 &balance, &state->end_txn_id);
	if (to != MONEY_REQUEST_DONE)
		return RC_OK;
	return funds_post(db, &owner, LEDGER_DEPOSIT, LEDGER_DEPOSITS,
	    state->amount_nano, note, now, &balance, &state->txn_id);
}

static const char SQL_END[] =
    "UPDATE money_request SET status = $1, note = $2, txn_id = $3,"
    " end_txn_id = $4, updated_at = $5"
    " WHERE account_id = $6 AND id = $7";

enum rc
money_request_admin_end(struct db *db, int64_t id, enum money_request_status to,
    const char *note, const char *currency, int64_t now, const char **what)
{
	struct state state = { 0 };
	enum rc rc;

	*what = "";
	if (note != NULL && !text_is_line(note, TEXT_TITLE_MAX))
		*what = "the note must be one line of at most 500 bytes";
	else if (note == NULL && to == MONEY_REQUEST_REJECTED)
		*what = "the owner must be told why";
	if ((*what)[0] != '\0')
		return RC_INVALID;
	rc = money_request_admin_show(db, id, keep_state, &state);
	if (rc != RC_OK)
		return rc;
	if (!money_request_may_move(state.kind,
		(enum money_request_status)state.status, to,
		MONEY_REQUEST_BY_OPERATOR)) {
		*what = "it is no longer open";
		return RC_INVALID;
	}
	rc = move_money(db, &state, to, note, currency, now);
	if (rc == RC_LIMITED)
		*what = "the balance would be too large";
	if (rc != RC_OK)
		return rc;
	return db_run(db, SQL_END,
	    DB_ARGS(DB_INT(to), DB_TEXT(note),
		state.txn_id != 0 ? DB_INT(state.txn_id) : DB_NULL,
		state.end_txn_id != 0 ? DB_INT(state.end_txn_id) : DB_NULL,
		DB_INT(now), DB_INT(state.account_id), DB_INT(id)));
}
