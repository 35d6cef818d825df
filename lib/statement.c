/* SPDX-License-Identifier: ISC */
/*
 * Reads a wallet backwards.  The clock may have been set back while entries
 * were posted, so times are only nearly in their order: what looks for a time
 * looks a bit further.
 */
#include "statement.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "number.h"

enum {
	SLACK = 3600, /* seconds by which times may be out of order */
	MAC_LEN = 16, /* bytes of the signature */
	PLACE_LEN = 2 * 20 + 2 * MAC_LEN + 3
};

_Static_assert((int)PLACE_LEN <= (int)STATEMENT_PLACE_TEXT, "a place has room");

static const char *const names[] = {
	[LEDGER_ORDER] = "order",
	[LEDGER_REFUND] = "refund",
	[LEDGER_DEPOSIT] = "deposit",
	[LEDGER_ADJUSTMENT] = "adjustment",
	[LEDGER_WITHDRAWAL] = "withdrawal",
	[LEDGER_RETURN] = "return",
	[LEDGER_PAYOUT] = NULL, /* of the house alone */
	[LEDGER_TRANSFER] = "transfer",
};

enum { NAMES = sizeof(names) / sizeof(names[0]) };

const char *
statement_kind_name(int kind)
{
	return kind > 0 && kind < NAMES ? names[kind] : NULL;
}

int
statement_kind_find(const char *name)
{
	int kind;

	for (kind = 1; kind < NAMES; kind++)
		if (names[kind] != NULL && strcmp(names[kind], name) == 0)
			return kind;
	return 0;
}

/* --- where it begins ------------------------------------------------------ */

/* The first entry at or after an id. */
static const char SQL_AT[] = "SELECT e.txn_id, t.posted_at FROM entry AS e"
			     " JOIN txn AS t ON t.id = e.txn_id"
			     " WHERE e.ledger_id = $1 AND e.txn_id >= $2"
			     " ORDER BY e.txn_id LIMIT 1";

/* RC_NOT_FOUND past the last. */
static enum rc
entry_at(struct db *db, const struct caller *caller, int64_t from, int64_t *id,
    int64_t *posted_at)
{
	struct db_rows *rows = NULL;
	enum rc rc;

	rc = db_query(db, SQL_AT,
	    DB_ARGS(DB_INT(caller->account_id), DB_INT(from)), &rows);
	if (rc == RC_OK)
		rc = db_next(rows);
	if (rc == RC_OK) {
		*id = db_int(rows, 0);
		*posted_at = db_int(rows, 1);
	}
	db_done(&rows);
	return rc;
}

static const char SQL_LAST[] =
    "SELECT COALESCE(MAX(txn_id), 0) FROM entry WHERE ledger_id = $1";

/*
 * An id from which on all entries are later than until: the first such one,
 * if times are in order.
 */
static enum rc
find_until(struct db *db, const struct caller *caller, int64_t until,
    int64_t last, int64_t *before)
{
	int64_t low = 1, high = last + 1, id = 0, posted_at = 0;
	enum rc rc = RC_OK;

	while (low < high) {
		rc = entry_at(
		    db, caller, low + (high - low) / 2, &id, &posted_at);
		if (rc == RC_NOT_FOUND || (rc == RC_OK && posted_at >= until))
			high = low + (high - low) / 2;
		else if (rc == RC_OK)
			low = id + 1;
		else
			return rc;
	}
	*before = low;
	return RC_OK;
}

/* Balances on the way are sums of these, so none is too large. */
static const char SQL_SUM_BELOW[] =
    "SELECT COALESCE(SUM(amount_nano), 0) FROM entry"
    " WHERE ledger_id = $1 AND txn_id < $2";
static const char SQL_SUM_FROM[] =
    "SELECT COALESCE(SUM(amount_nano), 0) FROM entry"
    " WHERE ledger_id = $1 AND txn_id >= $2";

enum rc
statement_begin(struct db *db, const struct caller *caller,
    const struct statement_filter *filter, struct statement_place *place)
{
	int64_t now = 0, last = 0, sum = 0;
	int is_late;
	enum rc rc;

	*place = (struct statement_place){ 0 };
	rc = account_balance(db, caller, &now);
	if (rc == RC_OK)
		rc = db_one(
		    db, SQL_LAST, DB_ARGS(DB_INT(caller->account_id)), &last);
	if (rc != RC_OK)
		return rc;
	place->before = last + 1;
	place->balance_nano = now;
	if (filter->until == 0)
		return RC_OK;
	rc =
	    find_until(db, caller, filter->until + SLACK, last, &place->before);
	if (rc != RC_OK)
		return rc;
	is_late = place->before > last / 2;
	rc = db_one(db, is_late ? SQL_SUM_FROM : SQL_SUM_BELOW,
	    DB_ARGS(DB_INT(caller->account_id), DB_INT(place->before)), &sum);
	if (rc == RC_OK)
		place->balance_nano = is_late ? now - sum : sum;
	return rc;
}

/* --- entries -------------------------------------------------------------- */

static const char SQL_EACH[] =
    "SELECT e.txn_id, e.amount_nano, t.kind, t.order_id, t.posted_at, t.note"
    " FROM entry AS e JOIN txn AS t ON t.id = e.txn_id"
    " WHERE e.ledger_id = $1 AND e.txn_id < $2"
    " ORDER BY e.txn_id DESC LIMIT $3";

static int
is_wanted(
    const struct statement_filter *filter, const struct statement_entry *entry)
{
	return (filter->kind == 0 || filter->kind == entry->kind) &&
	       (filter->since == 0 || entry->posted_at >= filter->since) &&
	       (filter->until == 0 || entry->posted_at < filter->until);
}

enum rc
statement_each(struct db *db, const struct caller *caller,
    const struct statement_filter *filter, int64_t limit,
    struct statement_place *place,
    enum rc (*each)(void *arg, const struct statement_entry *entry), void *arg)
{
	struct statement_place next = *place;
	struct statement_entry entry;
	struct db_rows *rows = NULL;
	int64_t seen, given = 0;
	enum rc rc;
	int wanted;

	rc = db_query(db, SQL_EACH,
	    DB_ARGS(DB_INT(caller->account_id), DB_INT(place->before),
		DB_INT(STATEMENT_SCAN)),
	    &rows);
	for (seen = 0; rc == RC_OK; seen++) {
		rc = db_next(rows);
		if (rc == RC_NOT_FOUND) {
			rc = RC_OK;
			if (seen < STATEMENT_SCAN)
				next.before = 0;
			break;
		}
		if (rc != RC_OK)
			break;
		entry = (struct statement_entry){
			.txn_id = db_int(rows, 0),
			.amount_nano = db_int(rows, 1),
			.kind = (int)db_int(rows, 2),
			.order_id = db_int(rows, 3),
			.posted_at = db_int(rows, 4),
			.note = db_text(rows, 5),
			.balance_nano = next.balance_nano,
		};
		if (entry.posted_at < filter->since - SLACK) {
			next.before = 0;
			break;
		}
		wanted = is_wanted(filter, &entry);
		/* Going on to the next wanted one tells if there is one. */
		if (wanted && given == limit)
			break;
		next.before = entry.txn_id;
		next.balance_nano -= entry.amount_nano;
		if (!wanted)
			continue;
		given++;
		rc = each(arg, &entry);
	}
	db_done(&rows);
	if (rc == RC_OK)
		*place = next;
	return rc;
}

/* --- places as text ------------------------------------------------------- */

static const char digits[] = "0123456789abcdef";

/* The signature of a place, in hexadecimal. */
static enum rc
sign(const struct pepper *pepper, const struct caller *caller,
    const struct statement_place *place, char hex[2 * MAC_LEN + 1])
{
	unsigned char mac[SECRET_HASH_LEN];
	char text[96];
	enum rc rc;
	int n, i;

	n = snprintf(text, sizeof(text),
	    "statement %" PRId64 " %" PRId64 " %" PRId64, caller->account_id,
	    place->before, place->balance_nano);
	rc = secret_hmac(pepper, text, (size_t)n, mac);
	for (i = 0; i < MAC_LEN; i++) {
		hex[2 * i] = digits[mac[i] >> 4];
		hex[2 * i + 1] = digits[mac[i] & 15];
	}
	hex[2 * MAC_LEN] = '\0';
	return rc;
}

enum rc
statement_place_format(const struct pepper *pepper, const struct caller *caller,
    const struct statement_place *place, char text[STATEMENT_PLACE_TEXT])
{
	char hex[2 * MAC_LEN + 1];
	enum rc rc = sign(pepper, caller, place, hex);

	(void)snprintf(text, STATEMENT_PLACE_TEXT, "%" PRId64 "-%" PRId64 "-%s",
	    place->before, place->balance_nano, hex);
	return rc;
}

enum rc
statement_place_parse(const struct pepper *pepper, const struct caller *caller,
    const char *text, struct statement_place *place)
{
	struct statement_place read = { 0 };
	char hex[2 * MAC_LEN + 1];
	const char *balance, *mac;
	enum rc rc;

	*place = read;
	balance = strchr(text, '-');
	mac = balance != NULL ? strchr(balance + 1, '-') : NULL;
	if (mac == NULL || strlen(mac + 1) != 2 * MAC_LEN ||
	    number_parse(text, (size_t)(balance - text), 1, INT64_MAX,
		&read.before) != RC_OK ||
	    number_parse(balance + 1, (size_t)(mac - balance - 1), 0, INT64_MAX,
		&read.balance_nano) != RC_OK)
		return RC_INVALID;
	if ((rc = sign(pepper, caller, &read, hex)) != RC_OK)
		return rc;
	if (!secret_equal(hex, mac + 1, 2 * MAC_LEN))
		return RC_INVALID;
	*place = read;
	return RC_OK;
}
