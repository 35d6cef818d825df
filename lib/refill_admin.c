/* SPDX-License-Identifier: ISC */
/*
 * The operator's side of refills.
 */
#include "refill_admin.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

int
refill_admin_status(const char *name)
{
	int status;

	for (status = REFILL_PENDING; status <= REFILL_ERROR; status++)
		if (strcasecmp(refill_status_name(status), name) == 0)
			return status;
	return 0;
}

/* operator: any account; $1 is 0 for all of them */
static const char SQL_LIST[] =
    "SELECT refill.id, refill.order_id, refill.account_id, account.email,"
    " service.name, orders.link, refill.status, refill.created_at,"
    " refill.updated_at"
    " FROM refill JOIN account ON account.id = refill.account_id"
    " JOIN orders ON orders.id = refill.order_id"
    " JOIN service ON service.id = orders.service_id"
    " WHERE ($1 = 0 OR refill.account_id = $1)"
    " AND ($2 = 0 OR refill.status = $2)"
    " AND ($3 = 0 OR refill.id < $3)"
    " ORDER BY refill.id DESC LIMIT $4";

enum rc
refill_admin_list(struct db *db, const struct refill_filter *filter,
    enum rc (*each)(void *arg, const struct refill_row *row), void *arg)
{
	int64_t limit = filter->limit > 0 ? filter->limit : REFILL_ADMIN_LIMIT;
	struct db_rows *rows = NULL;
	struct refill_row row;
	enum rc rc;

	rc = db_query(db, SQL_LIST,
	    DB_ARGS(DB_INT(filter->account_id), DB_INT(filter->status),
		DB_INT(filter->before), DB_INT(limit)),
	    &rows);
	if (rc != RC_OK)
		goto out;
	while ((rc = db_next(rows)) == RC_OK) {
		row = (struct refill_row){
			.id = db_int(rows, 0),
			.order_id = db_int(rows, 1),
			.account_id = db_int(rows, 2),
			.email = db_text(rows, 3),
			.service = db_text(rows, 4),
			.link = db_text(rows, 5),
			.status = (int)db_int(rows, 6),
			.created_at = db_int(rows, 7),
			.updated_at = db_int(rows, 8),
		};
		if ((rc = each(arg, &row)) != RC_OK)
			goto out;
	}
	if (rc == RC_NOT_FOUND)
		rc = RC_OK;
out:
	db_done(&rows);
	return rc;
}

/* operator: any account */
static const char SQL_STATUS[] = "SELECT status FROM refill WHERE id = $1";

/* operator: any account */
static const char SQL_SET[] = "UPDATE refill SET status = $1, updated_at = $2"
			      " WHERE id = $3 AND status = $4";

enum rc
refill_admin_set(struct db *db, int64_t id, enum refill_status to, int64_t now)
{
	int64_t from = 0;
	enum rc rc;

	rc = db_one(db, SQL_STATUS, DB_ARGS(DB_INT(id)), &from);
	if (rc != RC_OK)
		return rc;
	if (!refill_may_move((enum refill_status)from, to))
		return RC_INVALID;
	return db_run(db, SQL_SET,
	    DB_ARGS(DB_INT(to), DB_INT(now), DB_INT(id), DB_INT(from)));
}
