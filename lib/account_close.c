/* SPDX-License-Identifier: ISC */
/*
 * Closing an account.  Its rows stay: money that has been moved, and orders
 * that it was moved for, are kept for as long as the operator has to.
 */
#include "account_close.h"

#include <string.h>

static const char SQL_LOOK[] =
    "SELECT balance_nano,"
    " (SELECT COUNT(*) FROM orders"
    "  WHERE account_id = $1 AND status < 4),"
    " (SELECT COUNT(*) FROM money_request"
    "  WHERE account_id = $1 AND status = 1),"
    " (SELECT COUNT(*) FROM api_key"
    "  WHERE account_id = $1 AND revoked_at IS NULL),"
    " (SELECT COUNT(*) FROM webhook"
    "  WHERE account_id = $1 AND status <> 4)"
    " FROM account WHERE id = $1 AND closed_at IS NULL";

enum rc
account_close_look(
    struct db *db, const struct caller *caller, struct account_left *left)
{
	struct db_rows *rows = NULL;
	enum rc rc;

	memset(left, 0, sizeof(*left));
	rc = db_query(db, SQL_LOOK, DB_ARGS(DB_INT(caller->account_id)), &rows);
	if (rc != RC_OK || (rc = db_next(rows)) != RC_OK)
		goto out;
	left->balance_nano = db_int(rows, 0);
	left->open_orders = db_int(rows, 1);
	left->open_requests = db_int(rows, 2);
	left->active_keys = db_int(rows, 3);
	left->webhooks = db_int(rows, 4);
out:
	db_done(&rows);
	return rc;
}

static const char SQL_CLOSE[] = "UPDATE account SET closed_at = $1,"
				" suspended_at = COALESCE(suspended_at, $1)"
				" WHERE id = $2 AND closed_at IS NULL";

static const char SQL_REVOKE[] =
    "UPDATE api_key SET revoked_at = $1, revoked_why = 'the account was closed'"
    " WHERE account_id = $2 AND revoked_at IS NULL";

/* As webhook_remove leaves them: deliveries are swept by the sender. */
static const char SQL_REMOVE[] =
    "UPDATE webhook SET status = 4, url = '', secret = x'', hint = '',"
    " old_secret = NULL, old_until = NULL, reason = NULL, notice = 0"
    " WHERE account_id = $1 AND status <> 4";

enum rc
account_close(struct db *db, const struct caller *caller, int64_t leave_nano,
    int64_t now, struct account_left *left)
{
	struct db_value account = DB_INT(caller->account_id);
	enum rc rc;

	rc = account_close_look(db, caller, left);
	if (rc == RC_OK && (left->open_orders > 0 || left->open_requests > 0 ||
			       left->balance_nano != leave_nano))
		rc = RC_LIMITED;
	if (rc == RC_OK)
		rc = db_run(db, SQL_CLOSE, DB_ARGS(DB_INT(now), account));
	if (rc == RC_OK)
		rc = db_run(db, SQL_REVOKE, DB_ARGS(DB_INT(now), account));
	if (rc == RC_OK)
		rc = db_run(db, SQL_REMOVE, DB_ARGS(account));
	return rc;
}
