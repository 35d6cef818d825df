/* SPDX-License-Identifier: ISC */
/*
 * The checks are one table: a query that names what is wrong, and what to
 * say of it.  They look at everybody's rows; no customer is behind them.
 */
#include "site.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log.h"

/* operator: any account, in all of the statements here */
static const char SQL_FILE[] = "PRAGMA integrity_check(20)";
static const char SQL_REFERENCES[] = "PRAGMA foreign_key_check";

/* Every transaction has two entries that cancel each other out. */
static const char SQL_LEDGER[] =
    "SELECT txn.id FROM txn LEFT JOIN"
    " (SELECT txn_id, COUNT(*) AS n, SUM(amount_nano) AS total"
    "  FROM entry GROUP BY txn_id) AS e ON e.txn_id = txn.id"
    " WHERE e.n IS NULL OR e.n <> 2 OR e.total <> 0 ORDER BY txn.id";

/*
 * A transaction is between the accounts that belong to its kind (enum
 * ledger_kind): a wallet and one of the house, or one of the house and
 * another (7), or two wallets (8).
 */
static const char SQL_ACCOUNTS[] =
    "SELECT txn.id FROM txn JOIN"
    " (SELECT txn_id, MIN(ledger_id) AS low, MAX(ledger_id) AS high"
    "  FROM entry GROUP BY txn_id) AS e ON e.txn_id = txn.id"
    " WHERE CASE txn.kind WHEN 7 THEN e.low <> -6 OR e.high <> -5"
    "  WHEN 8 THEN e.low <= 0"
    "  ELSE e.high <= 0 OR e.low <> CASE txn.kind WHEN 1 THEN -1"
    "   WHEN 2 THEN -3 WHEN 3 THEN -2 WHEN 4 THEN -4 WHEN 5 THEN -5"
    "   WHEN 6 THEN -5 ELSE 0 END END"
    " ORDER BY txn.id";

/* operator: any account */
static const char SQL_BALANCE[] =
    "SELECT account.id FROM account LEFT JOIN"
    " (SELECT ledger_id, SUM(amount_nano) AS total"
    "  FROM entry WHERE ledger_id > 0 GROUP BY ledger_id) AS e"
    " ON e.ledger_id = account.id"
    " WHERE account.balance_nano <> COALESCE(e.total, 0)"
    " ORDER BY account.id";

/* Wallets that have entries but no account. */
static const char SQL_WALLET[] =
    "SELECT DISTINCT ledger_id FROM entry"
    " WHERE ledger_id > 0 AND ledger_id NOT IN (SELECT id FROM account)"
    " ORDER BY ledger_id";

/*
 * What the wallet of its account paid for an order (kind 1) and got back
 * (kind 2).
 */
#define ORDER_MONEY                                                     \
	"SELECT orders.id FROM orders LEFT JOIN"                        \
	" (SELECT txn.order_id AS order_id, entry.ledger_id AS wallet," \
	"  SUM(CASE WHEN txn.kind = 1 THEN 1 ELSE 0 END) AS debits,"    \
	"  SUM(CASE WHEN txn.kind = 1 THEN -entry.amount_nano"          \
	"   ELSE 0 END) AS paid,"                                       \
	"  SUM(CASE WHEN txn.kind = 2 THEN entry.amount_nano"           \
	"   ELSE 0 END) AS refunded"                                    \
	"  FROM entry JOIN txn ON txn.id = entry.txn_id"                \
	"  WHERE entry.ledger_id > 0 AND txn.order_id IS NOT NULL"      \
	"  GROUP BY txn.order_id, entry.ledger_id) AS m"                \
	" ON m.order_id = orders.id AND m.wallet = orders.account_id"

/* operator: any account */
static const char SQL_DEBIT[] =
    ORDER_MONEY " WHERE m.debits IS NULL OR m.debits <> 1"
		" OR m.paid <> orders.price_micro * orders.quantity"
		" ORDER BY orders.id";

/* operator: any account */
static const char SQL_REFUND[] = ORDER_MONEY
    " WHERE m.paid IS NOT NULL AND m.paid - m.refunded <> orders.charge_nano"
    " ORDER BY orders.id";

/* What is left to pay: all, nothing (Canceled), or what came (Partial). */
static const char SQL_CHARGE[] =
    "SELECT id FROM orders"
    " WHERE charge_nano <> CASE status WHEN 6 THEN 0"
    " WHEN 5 THEN price_micro * (quantity - remains)"
    " ELSE price_micro * quantity END"
    " ORDER BY id";

/*
 * Moves are numbered from 1, each starts where the one before it ended, and
 * the last one ends at the order's status.
 */
static const char SQL_HISTORY[] =
    "SELECT m.order_id FROM order_move AS m"
    " LEFT JOIN order_move AS p ON p.order_id = m.order_id"
    " AND p.seq = m.seq - 1"
    " WHERE m.from_status <> COALESCE(p.to_status, 1)"
    " OR (p.seq IS NULL AND m.seq <> 1)"
    " UNION"
    " SELECT orders.id FROM orders"
    " WHERE orders.status <> COALESCE((SELECT to_status FROM order_move"
    "  WHERE order_id = orders.id ORDER BY seq DESC LIMIT 1), 1)"
    " ORDER BY 1";

/*
 * A deposit (kind 1) is in the wallet if it is done (status 2), and only
 * then.  A withdrawal (kind 2) was taken from the wallet and is held while it
 * is open (status 1); then it was paid out, or has gone back if it was
 * rejected (status 3).
 *
 * operator: any account
 */
static const char SQL_REQUEST[] =
    "SELECT r.id FROM money_request AS r"
    " LEFT JOIN txn AS t ON t.id = r.txn_id"
    " LEFT JOIN entry AS e ON e.ledger_id = r.account_id"
    "  AND e.txn_id = r.txn_id"
    " LEFT JOIN txn AS u ON u.id = r.end_txn_id"
    " LEFT JOIN entry AS h ON h.ledger_id = -5 AND h.txn_id = r.end_txn_id"
    " LEFT JOIN entry AS b ON b.ledger_id = r.account_id"
    "  AND b.txn_id = r.end_txn_id"
    " WHERE CASE r.kind WHEN 1 THEN r.end_txn_id IS NOT NULL"
    "   OR (r.status = 2) <> (r.txn_id IS NOT NULL)"
    "   OR (r.status = 2 AND (t.kind IS NOT 3"
    "    OR e.amount_nano IS NOT r.amount_nano))"
    "  WHEN 2 THEN t.kind IS NOT 5 OR e.amount_nano IS NOT -r.amount_nano"
    "   OR r.status = 4 OR (r.status = 1) <> (r.end_txn_id IS NULL)"
    "   OR (r.status = 2 AND u.kind IS NOT 7)"
    "   OR (r.status = 3 AND (u.kind IS NOT 6"
    "    OR b.amount_nano IS NOT r.amount_nano))"
    "   OR (r.status <> 1 AND h.amount_nano IS NOT -r.amount_nano)"
    "  ELSE 1 END OR r.status NOT BETWEEN 1 AND 4"
    " ORDER BY r.id";

/*
 * What is held is held for one request, and no money for two: with the check
 * above the house holds exactly what open withdrawals come to.
 *
 * operator: any account
 */
static const char SQL_HOLDING[] =
    "SELECT id FROM"
    " (SELECT txn_id AS id FROM money_request"
    "  UNION ALL SELECT end_txn_id FROM money_request) AS used"
    " WHERE id IS NOT NULL GROUP BY id HAVING COUNT(*) > 1"
    " UNION"
    " SELECT txn_id FROM entry WHERE ledger_id = -5 AND txn_id NOT IN"
    "  (SELECT txn_id FROM money_request WHERE kind = 2"
    "   AND txn_id IS NOT NULL"
    "   UNION SELECT end_txn_id FROM money_request"
    "   WHERE kind = 2 AND end_txn_id IS NOT NULL)"
    " ORDER BY 1";

/*
 * An endpoint has where to send and a sealed secret (version, nonce, 32
 * bytes, tag) to sign with; a removed one (status 4) has neither.
 *
 * operator: any account
 */
static const char SQL_WEBHOOK[] =
    "SELECT id FROM webhook"
    " WHERE CASE WHEN status = 4 THEN url <> '' OR length(secret) <> 0"
    "   OR old_secret IS NOT NULL"
    "  ELSE url = '' OR length(secret) <> 61 OR length(hint) <> 4"
    "   OR (old_secret IS NULL) <> (old_until IS NULL)"
    "   OR length(old_secret) <> 61 END"
    " OR status NOT BETWEEN 1 AND 4 ORDER BY id";

/*
 * Orders that tell of more than has happened to them: the next change would
 * find its number taken, and nobody would hear of it.  The subject is
 * "order:ID:NUMBER"; ';' is the character after ':'.
 *
 * operator: any account
 */
static const char SQL_EVENT[] =
    "SELECT DISTINCT orders.id FROM orders JOIN event"
    " ON event.subject > 'order:' || orders.id || ':'"
    " AND event.subject < 'order:' || orders.id || ';'"
    " WHERE event.account_id <> orders.account_id OR orders.event_seq <"
    " CAST(substr(event.subject, length('order:' || orders.id || ':') + 1)"
    "  AS INTEGER)"
    " ORDER BY orders.id";

/*
 * What is on its way goes to an endpoint that is there.  What has arrived or
 * was given up may outlive it.
 *
 * operator: any account
 */
static const char SQL_DELIVERY[] =
    "SELECT DISTINCT d.event_id FROM delivery AS d"
    " JOIN event AS e ON e.id = d.event_id"
    " LEFT JOIN webhook AS w ON w.id = d.webhook_id"
    " LEFT JOIN orders AS o ON o.id = d.order_id"
    " WHERE (d.status = 1 AND w.id IS NULL) OR w.account_id <> e.account_id"
    " OR (d.order_id IS NOT NULL AND o.id IS NULL)"
    " OR o.account_id <> e.account_id ORDER BY d.event_id";

/* Attempts go before their endpoint does. */
static const char SQL_ATTEMPT[] =
    "SELECT DISTINCT attempt.webhook_id FROM attempt"
    " LEFT JOIN webhook ON webhook.id = attempt.webhook_id"
    " WHERE webhook.id IS NULL ORDER BY attempt.webhook_id";

enum column { COLUMN_ID, COLUMN_TEXT, COLUMN_REFERENCE };

static const struct check {
	const char *name;
	const char *sql;
	enum column column; /* what the query's first column is */
	const char *what;
} checks[] = {
	{ "file", SQL_FILE, COLUMN_TEXT, NULL },
	{ "reference", SQL_REFERENCES, COLUMN_REFERENCE,
	    "a row refers to one that is not there, in table" },
	{ "ledger", SQL_LEDGER, COLUMN_ID,
	    "the transaction does not sum to zero" },
	{ "accounts", SQL_ACCOUNTS, COLUMN_ID,
	    "the transaction is between accounts that do not fit its kind" },
	{ "balance", SQL_BALANCE, COLUMN_ID,
	    "the account's balance is not the sum of its entries" },
	{ "wallet", SQL_WALLET, COLUMN_ID,
	    "entries belong to an account that is not there" },
	{ "debit", SQL_DEBIT, COLUMN_ID,
	    "the order was not paid once with price times quantity" },
	{ "refund", SQL_REFUND, COLUMN_ID,
	    "the order's charge is not what was paid less refunds" },
	{ "charge", SQL_CHARGE, COLUMN_ID,
	    "the order's charge does not belong to its status" },
	{ "history", SQL_HISTORY, COLUMN_ID,
	    "the order's status is not where its history ended" },
	{ "request", SQL_REQUEST, COLUMN_ID,
	    "the request's money is not where its status says" },
	{ "holding", SQL_HOLDING, COLUMN_ID,
	    "the transaction does not belong to exactly one request" },
	{ "webhook", SQL_WEBHOOK, COLUMN_ID,
	    "the webhook has no address or secret, or one too many" },
	{ "event", SQL_EVENT, COLUMN_ID,
	    "an event tells what has not happened to the order" },
	{ "delivery", SQL_DELIVERY, COLUMN_ID,
	    "the event is on its way to no webhook of its account" },
	{ "attempt", SQL_ATTEMPT, COLUMN_ID,
	    "there were attempts at a webhook that is not there" },
};

/* Who is told. */
struct listener {
	void (*found)(void *arg, const struct site_fault *fault);
	void *arg;
	int64_t nfaults;
};

static void
tell(struct listener *to, const struct check *check, int64_t n, int64_t id,
    const char *what)
{
	struct site_fault fault = { check->name, id, what };

	to->nfaults++;
	if (n < SITE_FAULTS_TOLD)
		to->found(to->arg, &fault);
}

static void
tell_row(struct listener *to, const struct check *check, int64_t n,
    struct db_rows *rows)
{
	const char *text;
	char what[160];

	switch (check->column) {
	case COLUMN_ID:
		tell(to, check, n, db_int(rows, 0), check->what);
		break;
	case COLUMN_TEXT:
		text = db_text(rows, 0);
		if (text == NULL || strcmp(text, "ok") != 0)
			tell(to, check, n, 0, text != NULL ? text : "");
		break;
	case COLUMN_REFERENCE:
		text = db_text(rows, 0);
		(void)snprintf(what, sizeof(what), "%s %s", check->what,
		    text != NULL ? text : "?");
		tell(to, check, n, db_int(rows, 1), what);
		break;
	}
}

static enum rc
run(struct db *db, const struct check *check, struct listener *to)
{
	struct db_rows *rows = NULL;
	int64_t n = 0;
	enum rc rc;

	if ((rc = db_begin(db, DB_READ)) != RC_OK)
		return rc;
	rc = db_query(db, check->sql, DB_NO_ARGS, &rows);
	while (db_more(rows, &rc))
		tell_row(to, check, n++, rows);
	db_done(&rows);
	return db_end(db, rc);
}

static enum rc
run_all(struct db *db, const struct check *table, size_t n, struct listener *to)
{
	enum rc rc = RC_OK;
	size_t i;

	for (i = 0; rc == RC_OK && i < n; i++)
		rc = run(db, &table[i], to);
	if (rc != RC_FAIL || !db_is_damaged(db))
		return rc;
	/* Nothing further can be believed. */
	tell(to, &table[i - 1], 0, 0, "the file is damaged");
	return RC_OK;
}

enum rc
site_check(struct db *db,
    void (*found)(void *arg, const struct site_fault *fault), void *arg,
    int64_t *nfaults)
{
	struct listener to = { found, arg, 0 };
	enum rc rc;

	rc = run_all(db, checks, sizeof(checks) / sizeof(checks[0]), &to);
	*nfaults = to.nfaults;
	return rc;
}

static const struct check file_check = { "file", SQL_FILE, COLUMN_TEXT, NULL };

/* A password stands beside when it was set. */
static const char SQL_PERSON[] =
    "SELECT account_id FROM person"
    " WHERE (password IS NULL) <> (password_at IS NULL)"
    " OR password NOT LIKE '$argon2id$%' OR time_zone = ''"
    " ORDER BY account_id";

/* operator: any account; sealed: version, nonce, 20 bytes, tag */
static const char SQL_FACTOR[] =
    "SELECT account_id FROM second_factor WHERE length(secret) <> 49"
    " ORDER BY account_id";
static const char SQL_CODE[] =
    "SELECT account_id FROM recovery_code WHERE length(mac) <> 32"
    " OR account_id NOT IN (SELECT account_id FROM second_factor"
    "  WHERE confirmed_at IS NOT NULL)"
    " OR account_id IN (SELECT account_id FROM recovery_code"
    "  GROUP BY account_id HAVING COUNT(*) > 10)"
    " GROUP BY account_id ORDER BY account_id";
static const char SQL_SESSION[] =
    "SELECT id FROM session WHERE length(hash) <> 32"
    " OR seen_at < created_at ORDER BY id";
static const char SQL_TOKEN[] =
    "SELECT account_id FROM mail_token WHERE length(hash) <> 32"
    " OR (kind = 1) <> (account_id = 0) OR expires_at <= created_at"
    " ORDER BY account_id";

static const struct check people_checks[] = {
	{ "people file", SQL_FILE, COLUMN_TEXT, NULL },
	{ "person", SQL_PERSON, COLUMN_ID,
	    "the account's password is no hash, or has no date" },
	{ "second factor", SQL_FACTOR, COLUMN_ID,
	    "the account's second factor is not sealed" },
	{ "recovery code", SQL_CODE, COLUMN_ID,
	    "the account has recovery codes without a second factor, or too "
	    "many" },
	{ "session", SQL_SESSION, COLUMN_ID,
	    "the session has no token, or was seen before it began" },
	{ "mail token", SQL_TOKEN, COLUMN_ID,
	    "a mailed token of the account is not whole" },
};

/* everybody's: accounts that the people's database speaks of */
static const char SQL_SPOKEN_OF[] =
    "SELECT account_id FROM person UNION"
    " SELECT account_id FROM second_factor UNION"
    " SELECT account_id FROM recovery_code UNION"
    " SELECT account_id FROM session UNION"
    " SELECT account_id FROM mail_token WHERE account_id <> 0 UNION"
    " SELECT account_id FROM audit WHERE account_id <> 0 UNION"
    " SELECT account_id FROM form_used UNION"
    " SELECT account_id FROM favourite ORDER BY 1";

/* Accounts, one after the other. */
struct ids {
	int64_t *id;
	size_t n, room;
};

static enum rc
add_id(struct ids *ids, int64_t id)
{
	size_t room = ids->room == 0 ? 1024 : ids->room * 2;
	int64_t *more;

	if (ids->n == ids->room) {
		more = reallocarray(ids->id, room, sizeof(*more));
		if (more == NULL) {
			log_err("cannot check accounts: out of memory");
			return RC_FAIL;
		}
		ids->id = more;
		ids->room = room;
	}
	ids->id[ids->n++] = id;
	return RC_OK;
}

static enum rc
read_ids(struct db *people, struct ids *ids)
{
	struct db_rows *rows = NULL;
	enum rc rc;

	if ((rc = db_begin(people, DB_READ)) != RC_OK)
		return rc;
	rc = db_query(people, SQL_SPOKEN_OF, DB_NO_ARGS, &rows);
	while (db_more(rows, &rc))
		rc = add_id(ids, db_int(rows, 0));
	db_done(&rows);
	return db_end(people, rc);
}

static const char SQL_ACCOUNT[] = "SELECT id FROM account WHERE id = $1";

/* Never are both databases inside a transaction: first one, then the other. */
static enum rc
check_accounts(struct db *people, struct db *db, struct listener *to)
{
	static const struct check check = { "people", NULL, COLUMN_ID,
		"the people's database has an account that is not there" };
	struct ids ids = { NULL, 0, 0 };
	int64_t id, n = 0;
	enum rc rc;
	size_t i;

	rc = read_ids(people, &ids);
	if (rc == RC_OK)
		rc = db_begin(db, DB_READ);
	if (rc != RC_OK)
		goto out;
	for (i = 0; rc == RC_OK && i < ids.n; i++) {
		rc = db_one(db, SQL_ACCOUNT, DB_ARGS(DB_INT(ids.id[i])), &id);
		if (rc != RC_NOT_FOUND)
			continue;
		tell(to, &check, n++, ids.id[i], check.what);
		rc = RC_OK;
	}
	rc = db_end(db, rc);
out:
	free(ids.id);
	return rc;
}

enum rc
site_check_people(struct db *people, struct db *db,
    void (*found)(void *arg, const struct site_fault *fault), void *arg,
    int64_t *nfaults)
{
	struct listener to = { found, arg, 0 };
	enum rc rc;

	rc = run_all(people, people_checks,
	    sizeof(people_checks) / sizeof(people_checks[0]), &to);
	if (rc == RC_OK && to.nfaults == 0)
		rc = check_accounts(people, db, &to);
	*nfaults += to.nfaults;
	return rc;
}

/* Opens a copy of a database to look through it. */
static enum rc
open_copy(const char *path, int64_t busy_ms, struct db **copy)
{
	enum rc rc = db_open(path, DB_READONLY, busy_ms, copy);

	if (rc == RC_NOT_FOUND)
		log_err("cannot find %s", path);
	return rc;
}

enum rc
site_check_copy(const char *path, int64_t busy_ms,
    void (*found)(void *arg, const struct site_fault *fault), void *arg,
    int64_t *nfaults)
{
	char beside[SITE_COPY_PATH_LEN];
	struct db *copy = NULL, *people = NULL;
	enum rc rc;

	*nfaults = 0;
	rc = open_copy(path, busy_ms, &copy);
	if (rc == RC_OK)
		rc = site_check(copy, found, arg, nfaults);
	if (rc == RC_OK)
		rc = site_people_path(path, beside);
	if (rc == RC_OK) {
		/* Copies that are older than the dashboard have none. */
		rc = db_open(beside, DB_READONLY, busy_ms, &people);
		if (rc == RC_OK)
			rc = site_check_people(
			    people, copy, found, arg, nfaults);
		if (rc == RC_NOT_FOUND)
			rc = RC_OK;
	}
	db_close(people);
	db_close(copy);
	return rc;
}

static void
log_fault(void *arg, const struct site_fault *fault)
{
	(void)arg;
	log_err("cannot trust the copy: %s", fault->what);
}

/* Looks through a copy that was just made. */
static enum rc
verify(const char *path, int64_t busy_ms)
{
	struct listener to = { log_fault, NULL, 0 };
	struct db *copy = NULL;
	enum rc rc;

	rc = open_copy(path, busy_ms, &copy);
	if (rc == RC_OK)
		rc = run(copy, &file_check, &to);
	if (rc == RC_OK && to.nfaults > 0)
		rc = RC_FAIL;
	db_close(copy);
	return rc;
}

enum rc
site_backup(struct db *db, const char *path, int64_t busy_ms)
{
	enum rc rc;

	if ((rc = db_copy(db, path)) != RC_OK)
		return rc;
	rc = verify(path, busy_ms);
	if (rc != RC_OK) {
		(void)unlink(path);
		return rc == RC_BUSY ? RC_BUSY : RC_FAIL;
	}
	return RC_OK;
}

enum rc
site_people_path(const char *path, char people[SITE_COPY_PATH_LEN])
{
	static const char suffix[] = ".db";
	size_t len = strlen(path), end = sizeof(suffix) - 1, stem;
	int n;

	stem = len > end && strcmp(path + len - end, suffix) == 0 ? len - end
								  : len;
	n = snprintf(people, SITE_COPY_PATH_LEN, "%.*s.people%s", (int)stem,
	    path, path + stem);
	if (n > 0 && n < SITE_COPY_PATH_LEN)
		return RC_OK;
	log_err("cannot use %s: the path is too long", path);
	return RC_INVALID;
}

enum rc
site_backup_both(
    struct db *db, struct db *people, const char *path, int64_t busy_ms)
{
	char beside[SITE_COPY_PATH_LEN];
	enum rc rc;

	if ((rc = site_people_path(path, beside)) != RC_OK)
		return rc;
	if (people != NULL)
		rc = site_backup(people, beside, busy_ms);
	if (rc != RC_OK)
		return rc;
	rc = site_backup(db, path, busy_ms);
	if (rc != RC_OK && people != NULL)
		(void)unlink(beside);
	return rc;
}
