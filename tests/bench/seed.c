/* SPDX-License-Identifier: ISC */
/*
 * Fills the database of a demo site with services and with orders of years,
 * as the programs would have left them: rows in the order of time, three
 * accounts between each other, most orders final, every one paid for, so
 * that "latchkey check" finds no fault.  Past all rules and without a
 * journal, which takes seconds instead of hours.
 *
 * Usage: seed DATABASE ORDERS SERVICES
 *
 * Prints 100 ids of account 1, spread evenly over its orders.
 */
#include <sqlite3.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger.h"
#include "order.h"
#include "secret.h"

enum {
	ACCOUNTS = 3, /* two of them made by latchkey demo */
	IDS = 100,
	STEP_S = 60, /* between orders */
	FIRST_SERVICE = 11,
	REQUEST_HASH_LEN = 16, /* as in order_place.c */
	STATEMENTS = 8
};

static const int64_t BEGIN_AT = 1700000000;             /* Unix seconds */
static const int64_t DEPOSIT_NANO = 100000000000000000; /* 1e8 units */

/* Half of the orders are account 1's. */
static const int64_t turns[] = { 1, 2, 1, 3 };

/* Out of a hundred orders: those before the last few are final. */
static const struct {
	int share;
	enum order_status status;
} final_states[] = {
	{ 85, ORDER_COMPLETED },
	{ 7, ORDER_PARTIAL },
	{ 8, ORDER_CANCELED },
};

enum statement {
	ADD_ACCOUNT,
	ADD_SERVICE,
	ADD_ORDER,
	ADD_MOVE,
	ADD_TXN,
	ADD_ENTRY,
	SET_BALANCE,
	NEXT_TXN
};

static const char *const sql[STATEMENTS] = {
	[ADD_ACCOUNT] = "INSERT INTO account (id, email, name, tier_id,"
			" created_at) VALUES ($1, 'third@example.test',"
			" 'Third', 1, $2)",
	[ADD_SERVICE] =
	    "INSERT INTO service (id, name, type, category, description,"
	    " rate_micro, min, max, refill, cancel, dripfeed) VALUES"
	    " ($1, 'Print job number ' || $1 || ', coloured', 'Default',"
	    " 'Category ' || ($1 % 40), 'Printed from the file behind the"
	    " link, by the piece, number ' || $1 || '.', $2, 10, 100000, 1, 1,"
	    " 0)",
	[ADD_ORDER] =
	    "INSERT INTO orders (id, account_id, service_id, status, link,"
	    " link_hash, quantity, remains, start_count, price_micro,"
	    " charge_nano, request_id, request_hash, created_at, updated_at)"
	    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13,"
	    " $14, $15)",
	[ADD_MOVE] = "INSERT INTO order_move (order_id, seq, moved_at,"
		     " from_status, to_status, actor)"
		     " VALUES ($1, $2, $3, $4, $5, 2)",
	[ADD_TXN] = "INSERT INTO txn (id, kind, order_id, posted_at)"
		    " VALUES ($1, $2, $3, $4)",
	[ADD_ENTRY] = "INSERT INTO entry (ledger_id, txn_id, amount_nano)"
		      " VALUES ($1, $2, $3)",
	[SET_BALANCE] = "UPDATE account SET balance_nano = balance_nano + $1"
			" WHERE id = $2",
	[NEXT_TXN] = "SELECT MAX((SELECT COALESCE(MAX(id), 0) FROM txn),"
		     " (SELECT COALESCE(MAX(id), 0) FROM orders))",
};

struct seed {
	sqlite3 *db;
	sqlite3_stmt *stmt[STATEMENTS];
	int64_t norders, nservices, txn_id;
	int64_t balance[ACCOUNTS + 1]; /* what is added, by id */
	int64_t nfirst;                /* orders of account 1 so far */
	int bad;
};

/* An order as it ended. */
struct past {
	int64_t id, account_id, price_micro, quantity, remains, at;
	enum order_status status;
};

/* Binds numbers in order; INT64_MIN stands for what is bound already. */
static void
run(struct seed *s, enum statement which, const int64_t *n, int count)
{
	sqlite3_stmt *stmt = s->stmt[which];
	int i;

	for (i = 0; i < count; i++)
		if (n[i] != INT64_MIN)
			(void)sqlite3_bind_int64(stmt, i + 1, n[i]);
	if (sqlite3_step(stmt) != SQLITE_DONE)
		s->bad = 1;
	(void)sqlite3_reset(stmt);
}

#define RUN(s, which, ...)                              \
	run(s, which, (const int64_t[]){ __VA_ARGS__ }, \
	    (int)(sizeof((const int64_t[]){ __VA_ARGS__ }) / sizeof(int64_t)))

static void
post(struct seed *s, enum ledger_kind kind, int house, int64_t account_id,
    int64_t order_id, int64_t amount_nano, int64_t at)
{
	s->txn_id++;
	(void)sqlite3_clear_bindings(s->stmt[ADD_TXN]);
	RUN(s, ADD_TXN, s->txn_id, kind, order_id != 0 ? order_id : INT64_MIN,
	    at);
	RUN(s, ADD_ENTRY, account_id, s->txn_id, amount_nano);
	RUN(s, ADD_ENTRY, house, s->txn_id, -amount_nano);
	s->balance[account_id] += amount_nano;
}

static void
post_order(struct seed *s, const struct past *o, int64_t charge_nano)
{
	int64_t all = o->price_micro * o->quantity;

	post(
	    s, LEDGER_ORDER, LEDGER_REVENUE, o->account_id, o->id, -all, o->at);
	if (charge_nano != all)
		post(s, LEDGER_REFUND, LEDGER_REFUNDS, o->account_id, o->id,
		    all - charge_nano, o->at + STEP_S);
}

static void
add_moves(struct seed *s, const struct past *o)
{
	int64_t at = o->at + STEP_S;

	if (o->status == ORDER_PENDING)
		return;
	if (o->status == ORDER_IN_PROGRESS || o->status == ORDER_CANCELED) {
		RUN(s, ADD_MOVE, o->id, 1, at, ORDER_PENDING, o->status);
		return;
	}
	RUN(s, ADD_MOVE, o->id, 1, at, ORDER_PENDING, ORDER_IN_PROGRESS);
	RUN(s, ADD_MOVE, o->id, 2, at, ORDER_IN_PROGRESS, o->status);
}

static int64_t
charge(const struct past *o)
{
	if (o->status == ORDER_CANCELED)
		return 0;
	if (o->status == ORDER_PARTIAL)
		return o->price_micro * (o->quantity - o->remains);
	return o->price_micro * o->quantity;
}

/* A number that looks like no other, but is the same in every run. */
static uint64_t
mix(uint64_t n)
{
	n = (n ^ (n >> 30)) * 0xbf58476d1ce4e5b9;
	n = (n ^ (n >> 27)) * 0x94d049bb133111eb;
	return n ^ (n >> 31);
}

/* Binds the texts and hashes of an order. */
static int64_t
bind_link(struct seed *s, const struct past *o, uint64_t random)
{
	sqlite3_stmt *stmt = s->stmt[ADD_ORDER];
	unsigned char hash[SECRET_HASH_LEN];
	char link[100], request[40];
	int64_t link_hash = 0;
	int len;

	/* 44 to 80 bytes. */
	len = snprintf(link, sizeof(link),
	    "https://files.example.test/%016llx/%.*s",
	    (unsigned long long)random, (int)(random % 37),
	    "annual-report-with-figures-and-tables.pdf");
	if (len < 0 || secret_sha256(link, (size_t)len, hash) != RC_OK)
		s->bad = 1;
	memcpy(&link_hash, hash, sizeof(link_hash));
	(void)sqlite3_clear_bindings(stmt);
	(void)sqlite3_bind_text(stmt, 5, link, len, SQLITE_TRANSIENT);
	if (random % 4 != 0)
		return link_hash;
	len = snprintf(request, sizeof(request), "order-%012llx",
	    (unsigned long long)o->id * 7919);
	(void)sqlite3_bind_text(stmt, 12, request, len, SQLITE_TRANSIENT);
	(void)sqlite3_bind_blob(
	    stmt, 13, hash, REQUEST_HASH_LEN, SQLITE_TRANSIENT);
	return link_hash;
}

/* Half a per cent are under way. */
static enum order_status
status_of(const struct seed *s, int64_t i, uint64_t random)
{
	int at = (int)(random % 100);
	size_t k = 0;

	if (i >= s->norders - s->norders / 200)
		return (enum order_status)(random % 3 + ORDER_PENDING);
	while (at >= final_states[k].share)
		at -= final_states[k++].share;
	return final_states[k].status;
}

static void
add_order(struct seed *s, int64_t first_id, int64_t i)
{
	uint64_t random = mix((uint64_t)i + 1);
	struct past o = { .id = first_id + i };
	int64_t link_hash, service_id;

	service_id =
	    FIRST_SERVICE + (int64_t)(random % (uint64_t)(s->nservices));
	o.account_id = turns[i % 4];
	o.at = BEGIN_AT + i * STEP_S;
	o.price_micro = (int64_t)(random >> 20 & 0x3ffffff) + 1000000;
	o.quantity = (int64_t)(random >> 50 & 0x3ff) + 50;
	o.status = status_of(s, i, random >> 8);
	if (o.status != ORDER_COMPLETED)
		o.remains = o.quantity;
	if (o.status == ORDER_PARTIAL)
		o.remains /= 3;
	link_hash = bind_link(s, &o, random);
	RUN(s, ADD_ORDER, o.id, o.account_id, service_id, o.status, INT64_MIN,
	    link_hash, o.quantity, o.remains, (int64_t)(random % 5000),
	    o.price_micro, charge(&o), INT64_MIN, INT64_MIN, o.at,
	    o.at + STEP_S);
	post_order(s, &o, charge(&o));
	add_moves(s, &o);
	/* An id at the start of each hundredth. */
	if (o.account_id == 1 && s->nfirst++ * IDS % (s->norders / 2) < IDS)
		(void)printf(
		    "%s%lld", s->nfirst == 1 ? "" : ",", (long long)o.id);
}

static int
fill(struct seed *s)
{
	int64_t first_id, i;

	if (sqlite3_step(s->stmt[NEXT_TXN]) != SQLITE_ROW)
		return -1;
	s->txn_id = sqlite3_column_int64(s->stmt[NEXT_TXN], 0);
	first_id = s->txn_id + 1;
	(void)sqlite3_reset(s->stmt[NEXT_TXN]);
	RUN(s, ADD_ACCOUNT, ACCOUNTS, BEGIN_AT);
	for (i = 0; i < s->nservices; i++)
		RUN(s, ADD_SERVICE, FIRST_SERVICE + i,
		    (int64_t)(mix((uint64_t)i) % 90000000));
	for (i = 1; i <= ACCOUNTS; i++)
		post(s, LEDGER_DEPOSIT, LEDGER_DEPOSITS, i, 0, DEPOSIT_NANO,
		    BEGIN_AT);
	for (i = 0; i < s->norders && !s->bad; i++)
		add_order(s, first_id, i);
	for (i = 1; i <= ACCOUNTS; i++)
		RUN(s, SET_BALANCE, s->balance[i], i);
	(void)printf("\n");
	return s->bad ? -1 : 0;
}

static int
seed(struct seed *s, const char *path)
{
	size_t i;

	if (sqlite3_open_v2(path, &s->db, SQLITE_OPEN_READWRITE, NULL) !=
		SQLITE_OK ||
	    sqlite3_exec(s->db,
		"PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;"
		"PRAGMA cache_size = -400000; PRAGMA foreign_keys = OFF;"
		"BEGIN",
		NULL, NULL, NULL) != SQLITE_OK)
		return -1;
	for (i = 0; i < STATEMENTS; i++)
		if (sqlite3_prepare_v2(s->db, sql[i], -1, &s->stmt[i], NULL) !=
		    SQLITE_OK)
			return -1;
	if (fill(s) != 0)
		return -1;
	return sqlite3_exec(s->db, "COMMIT", NULL, NULL, NULL) == SQLITE_OK
		   ? 0
		   : -1;
}

int
main(int argc, char *argv[])
{
	struct seed s = { 0 };
	int done;
	size_t i;

	if (argc == 4) {
		s.norders = strtoll(argv[2], NULL, 10);
		s.nservices = strtoll(argv[3], NULL, 10);
	}
	if (s.norders < 2 * IDS || s.nservices < 1) {
		(void)fprintf(stderr, "usage: seed DATABASE ORDERS SERVICES\n");
		return 2;
	}
	done = secret_init() == RC_OK ? seed(&s, argv[1]) : -1;
	if (done != 0)
		(void)fprintf(stderr, "seed: cannot fill %s: %s\n", argv[1],
		    s.db != NULL ? sqlite3_errmsg(s.db) : "");
	for (i = 0; i < STATEMENTS; i++)
		(void)sqlite3_finalize(s.stmt[i]);
	(void)sqlite3_close(s.db);
	return done == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
