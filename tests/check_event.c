/* SPDX-License-Identifier: ISC */
/*
 * lib/event and who calls it: every change queues exactly the events that
 * tell of it, with exactly these bytes, in its own transaction; and where
 * nobody wants them, nothing is written.
 */
#include "event.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "account_admin.h"
#include "fixture.h"
#include "funds.h"
#include "ledger.h"
#include "order.h"
#include "order_admin.h"
#include "refill.h"
#include "refill_admin.h"
#include "suite.h"
#include "webhook.h"

enum { DAY = 86400, LATER = FIXTURE_NOW + 5 };

#define UNIT INT64_C(1000000000)
#define ENDPOINT_URL "https://hooks.example.com/"

static const struct order_change nothing = { .start_count = -1, .remains = -1 };

static void
teardown(void)
{
	ck_assert_str_eq(fixture_faults(), "");
	fixture_teardown();
}

/* --- endpoints ------------------------------------------------------------ */

/* Adds an endpoint, with a key of its own, so that there may be many. */
static int64_t
add_endpoint(const struct caller *caller, int64_t events)
{
	static int64_t nkeys;
	const struct seal_key key = { { 7 } };
	struct caller owner = *caller;
	struct webhook_secret secret;
	struct why why = { 0 };
	int64_t id;

	owner.key_id = ++nkeys;
	fixture_begin();
	ck_assert_int_eq(webhook_add(fx.db, &owner, &key, ENDPOINT_URL, events,
			     FIXTURE_NOW, &id, &secret, &why),
	    RC_OK);
	fixture_commit();
	return id;
}

static void
set_endpoint(int64_t id, int status)
{
	const struct webhook_change change = { .status = status };
	struct why why = { 0 };

	fixture_begin();
	ck_assert_int_eq(
	    webhook_update(fx.db, &fx.one, id, &change, &why), RC_OK);
	fixture_commit();
}

static int64_t
bit(enum event_type type)
{
	return INT64_C(1) << type;
}

/* --- what was queued ------------------------------------------------------ */

static int64_t
last_event(void)
{
	return fixture_int("SELECT COALESCE(MAX(id), 0) FROM event");
}

/* The types of the events since that id, in the order queued. */
static void
must_have_told(int64_t since, const char *types)
{
	char *told =
	    fixture_text("SELECT group_concat(type, ' ') FROM"
			 " (SELECT json_extract(body, '$.type') AS type"
			 "  FROM event WHERE id > %lld ORDER BY id)",
		(long long)since);

	ck_assert_str_eq(told, types);
	free(told);
}

static int64_t
count_deliveries(int64_t webhook_id)
{
	return fixture_int("SELECT COUNT(*) FROM delivery"
			   " WHERE webhook_id = %lld",
	    (long long)webhook_id);
}

/* How many there are of all that an event writes. */
static int64_t
count_rows(void)
{
	return fixture_int("SELECT (SELECT COUNT(*) FROM event)"
			   " + (SELECT COUNT(*) FROM delivery)");
}

/* What is kept in the file must be these bytes. */
static void
must_be_unchanged(const char *before, size_t len)
{
	size_t len_after;
	char *after = fixture_read(fx.path, &len_after);

	ck_assert_uint_eq(len, len_after);
	ck_assert_mem_eq(before, after, len);
	free(after);
}

/* --- orders --------------------------------------------------------------- */

static int64_t
seq_of(int64_t order)
{
	return fixture_int(
	    "SELECT event_seq FROM orders WHERE id = %lld", (long long)order);
}

static enum rc
try_to_move(int64_t id, const struct order_change *change)
{
	const char *what;
	enum rc rc;

	fixture_begin();
	rc = order_admin_set(fx.db, id, change, FIXTURE_CURRENCY, LATER, &what);
	return db_end(fx.db, rc);
}

/* The operator's move, with 40 pieces that remain. */
static void
move(int64_t id, enum order_status to)
{
	struct order_change change = nothing;

	change.status = (int)to;
	change.remains = 40;
	ck_assert_int_eq(try_to_move(id, &change), RC_OK);
}

/* The customer cancels, or asks for it. */
static void
cancel(int64_t id)
{
	struct why why = { 0 };

	fixture_begin();
	ck_assert_int_eq(order_cancel(fx.db, &fx.one, id, LATER, &why), RC_OK);
	fixture_commit();
}

static const struct {
	enum order_status from, to;
	enum order_actor by;
	int requested; /* the customer has asked to cancel it */
	const char *told;
} moves[] = {
	{ ORDER_PENDING, ORDER_IN_PROGRESS, ORDER_BY_OPERATOR, 0,
	    "order.in_progress" },
	{ ORDER_PENDING, ORDER_PROCESSING, ORDER_BY_OPERATOR, 0, "" },
	{ ORDER_PENDING, ORDER_COMPLETED, ORDER_BY_OPERATOR, 0,
	    "order.completed" },
	{ ORDER_PENDING, ORDER_PARTIAL, ORDER_BY_OPERATOR, 0,
	    "order.partial order.refunded" },
	{ ORDER_PENDING, ORDER_CANCELED, ORDER_BY_OPERATOR, 0,
	    "order.failed order.refunded" },
	{ ORDER_PENDING, ORDER_CANCELED, ORDER_BY_CUSTOMER, 0,
	    "order.canceled order.refunded" },
	{ ORDER_IN_PROGRESS, ORDER_PROCESSING, ORDER_BY_OPERATOR, 0, "" },
	{ ORDER_IN_PROGRESS, ORDER_COMPLETED, ORDER_BY_OPERATOR, 0,
	    "order.completed" },
	{ ORDER_IN_PROGRESS, ORDER_PARTIAL, ORDER_BY_OPERATOR, 0,
	    "order.partial order.refunded" },
	{ ORDER_IN_PROGRESS, ORDER_CANCELED, ORDER_BY_OPERATOR, 0,
	    "order.failed order.refunded" },
	{ ORDER_PROCESSING, ORDER_IN_PROGRESS, ORDER_BY_OPERATOR, 0,
	    "order.in_progress" },
	{ ORDER_PROCESSING, ORDER_COMPLETED, ORDER_BY_OPERATOR, 0,
	    "order.completed" },
	{ ORDER_PROCESSING, ORDER_PARTIAL, ORDER_BY_OPERATOR, 0,
	    "order.partial order.refunded" },
	{ ORDER_PROCESSING, ORDER_CANCELED, ORDER_BY_OPERATOR, 0,
	    "order.failed order.refunded" },
	/* Who grants a request cancels for the customer. */
	{ ORDER_IN_PROGRESS, ORDER_CANCELED, ORDER_BY_OPERATOR, 1,
	    "order.canceled order.refunded" },
	{ ORDER_PROCESSING, ORDER_CANCELED, ORDER_BY_OPERATOR, 1,
	    "order.canceled order.refunded" },
	/* A request that is not granted changes nothing. */
	{ ORDER_IN_PROGRESS, ORDER_PROCESSING, ORDER_BY_OPERATOR, 1, "" },
	{ ORDER_IN_PROGRESS, ORDER_COMPLETED, ORDER_BY_OPERATOR, 1,
	    "order.completed" },
	{ ORDER_IN_PROGRESS, ORDER_PARTIAL, ORDER_BY_OPERATOR, 1,
	    "order.partial order.refunded" },
	{ ORDER_PROCESSING, ORDER_IN_PROGRESS, ORDER_BY_OPERATOR, 1,
	    "order.in_progress" },
};

START_TEST(every_move_is_in_the_table)
{
	int from, to, by, allowed = 0, rows = 0, i;

	for (from = ORDER_PENDING; from <= ORDER_CANCELED; from++)
		for (to = ORDER_PENDING; to <= ORDER_CANCELED; to++)
			for (by = ORDER_BY_CUSTOMER; by <= ORDER_BY_OPERATOR;
			     by++)
				allowed +=
				    order_may_move((enum order_status)from,
					(enum order_status)to,
					(enum order_actor)by);
	for (i = 0; i < ROWS(moves); i++) {
		ck_assert(
		    order_may_move(moves[i].from, moves[i].to, moves[i].by));
		rows += !moves[i].requested;
	}
	ck_assert_int_eq(rows, allowed);
}
END_TEST

/* What a move wrote of events about one order. */
static void
must_be_numbered(int64_t since, int64_t order, int64_t first, int64_t last)
{
	/* Each number once, in the subject and in the body alike. */
	ck_assert_int_eq(
	    fixture_int("SELECT COUNT(*) FROM event WHERE id > %lld"
			" AND json_extract(body, '$.data.order') = %lld"
			" AND json_extract(body, '$.data.seq')"
			"  BETWEEN %lld AND %lld AND subject ="
			"  'order:%lld:' || json_extract(body, '$.data.seq')",
		(long long)since, (long long)order, (long long)first,
		(long long)last, (long long)order),
	    last - first + 1);
	ck_assert_int_eq(fixture_int("SELECT COUNT(*) FROM event"
				     " WHERE id > %lld",
			     (long long)since),
	    last - first + 1);
}

START_TEST(a_move_queues_exactly_its_events)
{
	int64_t hook = add_endpoint(&fx.one, EVENT_ALL), since, seq;
	int64_t id = fixture_any_order();

	if (moves[_i].from != ORDER_PENDING)
		move(id, moves[_i].from);
	since = last_event();
	if (moves[_i].requested)
		cancel(id);
	must_have_told(since, "");
	seq = seq_of(id);
	if (moves[_i].by == ORDER_BY_CUSTOMER)
		cancel(id);
	else
		move(id, moves[_i].to);
	must_have_told(since, moves[_i].told);
	must_be_numbered(since, id, seq + 1, seq_of(id));
	/* All go to the endpoint, in the order's own order, at once. */
	ck_assert_int_eq(
	    fixture_int("SELECT COUNT(*) FROM event"
			" JOIN delivery ON event_id = event.id"
			" WHERE webhook_id = %lld AND order_id = %lld"
			" AND account_id = %lld AND status = 1"
			" AND attempts = 0 AND leased = 0"
			" AND next_at = created_at AND done_at IS NULL",
		(long long)hook, (long long)id, (long long)fx.one.account_id),
	    seq_of(id));
	ck_assert_int_eq(count_rows(), 2 * seq_of(id));
}
END_TEST

/* The table once more: what costs nothing gives nothing back. */
START_TEST(nothing_paid_is_not_refunded)
{
	int64_t since, id;
	char told[64];

	(void)add_endpoint(&fx.one, EVENT_ALL);
	id = fixture_order("service=103&quantity=100&link=https://e.test/");
	if (moves[_i].from != ORDER_PENDING)
		move(id, moves[_i].from);
	if (moves[_i].requested)
		cancel(id);
	since = last_event();
	if (moves[_i].by == ORDER_BY_CUSTOMER)
		cancel(id);
	else
		move(id, moves[_i].to);
	(void)snprintf(told, sizeof(told), "%.*s",
	    (int)strcspn(moves[_i].told, " "), moves[_i].told);
	must_have_told(since, told);
	ck_assert_int_eq(fixture_int("SELECT COUNT(*) FROM event"), seq_of(id));
}
END_TEST

START_TEST(a_declined_request_leaves_the_operator_to_cancel)
{
	struct order_change change = nothing;
	int64_t id = fixture_any_order(), since;

	(void)add_endpoint(&fx.one, EVENT_ALL);
	move(id, ORDER_IN_PROGRESS);
	cancel(id);
	since = last_event();
	change.decline_cancel = 1;
	ck_assert_int_eq(try_to_move(id, &change), RC_OK);
	must_have_told(since, "");
	move(id, ORDER_CANCELED);
	must_have_told(since, "order.failed order.refunded");
}
END_TEST

START_TEST(counts_alone_are_not_told)
{
	struct order_change change = nothing;
	int64_t id = fixture_any_order(), since;

	(void)add_endpoint(&fx.one, EVENT_ALL);
	since = last_event();
	change.start_count = 3572;
	change.remains = 40;
	ck_assert_int_eq(try_to_move(id, &change), RC_OK);
	must_have_told(since, "");
	ck_assert_int_eq(seq_of(id), 1);
}
END_TEST

START_TEST(a_move_that_is_refused_is_not_told)
{
	struct order_change change = nothing;
	int64_t id = fixture_any_order(), since;
	struct why why = { 0 };

	(void)add_endpoint(&fx.one, EVENT_ALL);
	move(id, ORDER_COMPLETED);
	since = last_event();
	change.status = ORDER_CANCELED;
	ck_assert_int_eq(try_to_move(id, &change), RC_INVALID);
	fixture_begin();
	ck_assert_int_eq(
	    db_end(fx.db, order_cancel(fx.db, &fx.one, id, LATER, &why)),
	    RC_INVALID);
	must_have_told(since, "");
	ck_assert_int_eq(seq_of(id), 2);
}
END_TEST

/* --- the bytes ------------------------------------------------------------ */

#define CREATED_AT "\"timestamp\":\"2023-11-14T22:13:20Z\""
#define MOVED_AT "\"timestamp\":\"2023-11-14T22:13:25Z\""

static const char *const bodies[] = {
	"{\"type\":\"order.created\"," CREATED_AT ",\"data\":{\"order\":1,"
	"\"status\":\"Pending\",\"charge\":\"0.0277777\","
	"\"start_count\":\"0\",\"remains\":\"100\",\"currency\":\"USD\","
	"\"seq\":1}}",
	"{\"type\":\"order.in_progress\"," MOVED_AT ",\"data\":{\"order\":1,"
	"\"status\":\"In progress\",\"charge\":\"0.0277777\","
	"\"start_count\":\"3572\",\"remains\":\"100\",\"currency\":\"USD\","
	"\"seq\":2}}",
	"{\"type\":\"order.partial\"," MOVED_AT ",\"data\":{\"order\":1,"
	"\"status\":\"Partial\",\"charge\":\"0.01666662\","
	"\"start_count\":\"3572\",\"remains\":\"40\",\"currency\":\"USD\","
	"\"seq\":3}}",
	"{\"type\":\"order.refunded\"," MOVED_AT ",\"data\":{\"order\":1,"
	"\"status\":\"Partial\",\"charge\":\"0.01666662\","
	"\"start_count\":\"3572\",\"remains\":\"40\","
	"\"refund\":\"0.01111108\",\"currency\":\"USD\",\"seq\":4}}",
	"{\"type\":\"order.created\"," CREATED_AT ",\"data\":{\"order\":2,"
	"\"status\":\"Pending\",\"charge\":\"0.0277777\","
	"\"start_count\":\"0\",\"remains\":\"100\",\"currency\":\"USD\","
	"\"seq\":1}}",
	"{\"type\":\"order.completed\"," MOVED_AT ",\"data\":{\"order\":2,"
	"\"status\":\"Completed\",\"charge\":\"0.0277777\","
	"\"start_count\":\"0\",\"remains\":\"0\",\"currency\":\"USD\","
	"\"seq\":2}}",
	"{\"type\":\"order.created\"," CREATED_AT ",\"data\":{\"order\":3,"
	"\"status\":\"Pending\",\"charge\":\"0.0277777\","
	"\"start_count\":\"0\",\"remains\":\"100\",\"currency\":\"USD\","
	"\"seq\":1}}",
	"{\"type\":\"order.canceled\"," MOVED_AT ",\"data\":{\"order\":3,"
	"\"status\":\"Canceled\",\"charge\":\"0.00\",\"start_count\":\"0\","
	"\"remains\":\"100\",\"currency\":\"USD\",\"seq\":2}}",
	"{\"type\":\"order.refunded\"," MOVED_AT ",\"data\":{\"order\":3,"
	"\"status\":\"Canceled\",\"charge\":\"0.00\",\"start_count\":\"0\","
	"\"remains\":\"100\",\"refund\":\"0.0277777\",\"currency\":\"USD\","
	"\"seq\":3}}",
	"{\"type\":\"order.created\"," CREATED_AT ",\"data\":{\"order\":4,"
	"\"status\":\"Pending\",\"charge\":\"0.0277777\","
	"\"start_count\":\"0\",\"remains\":\"100\",\"currency\":\"USD\","
	"\"seq\":1}}",
	"{\"type\":\"order.failed\"," MOVED_AT ",\"data\":{\"order\":4,"
	"\"status\":\"Canceled\",\"charge\":\"0.00\",\"start_count\":\"0\","
	"\"remains\":\"40\",\"currency\":\"USD\",\"seq\":2}}",
	"{\"type\":\"order.refunded\"," MOVED_AT ",\"data\":{\"order\":4,"
	"\"status\":\"Canceled\",\"charge\":\"0.00\",\"start_count\":\"0\","
	"\"remains\":\"40\",\"refund\":\"0.0277777\",\"currency\":\"USD\","
	"\"seq\":3}}",
	"{\"type\":\"refill.rejected\"," MOVED_AT ",\"data\":{\"refill\":1,"
	"\"order\":2,\"status\":\"Rejected\",\"seq\":3}}",
	"{\"type\":\"refill.completed\"," MOVED_AT ",\"data\":{\"refill\":2,"
	"\"order\":2,\"status\":\"Completed\",\"seq\":4}}",
	"{\"type\":\"balance.low\"," MOVED_AT ",\"data\":{"
	"\"balance\":\"12.50\",\"threshold\":\"100.00\","
	"\"currency\":\"USD\"}}",
	"{\"type\":\"webhook.test\"," MOVED_AT ",\"data\":{\"webhook\":1}}",
};

/* A refill of an order, as the operator leaves it. */
static int64_t
set_refill(int64_t order, enum refill_status to)
{
	struct why why = { 0 };
	int64_t id;

	fixture_sql("UPDATE refill SET created_at = created_at - %d,"
		    " updated_at = updated_at - %d",
	    DAY, DAY);
	fixture_begin();
	ck_assert_int_eq(
	    refill_request(fx.db, &fx.one, order, 3, LATER + DAY, &id, &why),
	    RC_OK);
	ck_assert_int_eq(refill_admin_set(fx.db, id, to, LATER), RC_OK);
	fixture_commit();
	return id;
}

/* Sets the balance of the first account, as an adjustment. */
static void
adjust_to(int64_t balance_nano)
{
	int64_t now_nano = fixture_balance(&fx.one), after;
	const char *what;

	if (balance_nano == now_nano)
		return;
	fixture_begin();
	ck_assert_int_eq(
	    funds_credit(fx.db, &fx.one, LEDGER_ADJUSTMENT,
		balance_nano - now_nano, NULL, LATER, &after, &what),
	    RC_OK);
	fixture_commit();
	ck_assert_int_eq(after, balance_nano);
}

static void
set_threshold(int64_t low_nano)
{
	fixture_begin();
	ck_assert_int_eq(
	    account_admin_set_low(fx.db, fx.one.account_id, low_nano), RC_OK);
	fixture_commit();
}

START_TEST(bodies_are_exactly_these_bytes)
{
	struct order_change start = nothing;
	char name[EVENT_NAME_LEN + 1];
	struct why why = { 0 };
	int64_t hook = add_endpoint(&fx.one, EVENT_ALL), id;
	char *body;
	int i;

	id = fixture_any_order();
	start.status = ORDER_IN_PROGRESS;
	start.start_count = 3572;
	ck_assert_int_eq(try_to_move(id, &start), RC_OK);
	move(id, ORDER_PARTIAL);
	id = fixture_any_order();
	move(id, ORDER_COMPLETED);
	cancel(fixture_any_order());
	move(fixture_any_order(), ORDER_CANCELED);
	(void)set_refill(id, REFILL_REJECTED);
	(void)set_refill(id, REFILL_COMPLETED);
	set_threshold(100 * UNIT);
	adjust_to(12 * UNIT + UNIT / 2);
	fixture_begin();
	ck_assert_int_eq(
	    webhook_test(fx.db, &fx.one, hook, LATER, name, &why), RC_OK);
	fixture_commit();

	ck_assert_int_eq(
	    fixture_int("SELECT COUNT(*) FROM event"), ROWS(bodies));
	for (i = 0; i < ROWS(bodies); i++) {
		body = fixture_text("SELECT body FROM event ORDER BY id"
				    " LIMIT 1 OFFSET %d",
		    i);
		ck_assert_str_eq(body, bodies[i]);
		free(body);
	}
	/* The row's other columns are the body's. */
	ck_assert_int_eq(
	    fixture_int("SELECT COUNT(*) FROM event WHERE strftime("
			"'%%Y-%%m-%%dT%%H:%%M:%%SZ', created_at, 'unixepoch')"
			" = json_extract(body, '$.timestamp')"),
	    ROWS(bodies));
	ck_assert_int_eq(
	    fixture_int("SELECT COUNT(*) FROM event WHERE length(name) = %d"
			" AND name GLOB 'evt_*'"
			" AND substr(name, 5) NOT GLOB '*[^0-9A-Za-z]*'",
		EVENT_NAME_LEN),
	    ROWS(bodies));
	body = fixture_text(
	    "SELECT name FROM event WHERE type = %d", EVENT_WEBHOOK_TEST);
	ck_assert_str_eq(body, name);
	free(body);
}
END_TEST

START_TEST(a_type_is_its_name_and_back)
{
	int type;

	for (type = 0; type < EVENT_TYPES; type++) {
		const char *name = event_type_name(type);

		ck_assert_int_eq(event_type_find(name, strlen(name)), type);
		ck_assert_int_eq(
		    event_type_find(name, strlen(name) - 1), EVENT_TYPES);
	}
	ck_assert_ptr_null(event_type_name(-1));
	ck_assert_ptr_null(event_type_name(EVENT_TYPES));
	ck_assert_int_eq(event_type_find("order.Created", 13), EVENT_TYPES);
	ck_assert_int_eq(event_type_find("", 0), EVENT_TYPES);
}
END_TEST

/* Queues an event whose body has len bytes. */
static enum rc
queue_of(size_t len, const char *subject, char name[EVENT_NAME_LEN + 1])
{
	static const char rest[] =
	    "{\"type\":\"webhook.test\"," CREATED_AT ",\"data\":\"\"}";
	struct event event = { .type = EVENT_WEBHOOK_TEST };
	char *text = malloc(len);
	enum rc rc;

	ck_assert_ptr_nonnull(text);
	ck_assert_uint_ge(len, sizeof(rest));
	memset(text, 'x', len);
	text[len - (sizeof(rest) - 1)] = '\0';
	(void)snprintf(event.subject, sizeof(event.subject), "%s", subject);
	fixture_begin();
	rc = db_end(fx.db, event_queue(fx.db, &fx.one, &event,
			       json_string(text), FIXTURE_NOW, name));
	free(text);
	return rc;
}

START_TEST(a_body_has_at_most_16_kib)
{
	char name[EVENT_NAME_LEN + 1];

	(void)add_endpoint(&fx.one, EVENT_ALL);
	ck_assert_int_eq(EVENT_BODY_MAX, 16384);
	ck_assert_int_eq(queue_of(EVENT_BODY_MAX, "a", name), RC_OK);
	ck_assert_int_eq(fixture_int("SELECT length(body) FROM event"), 16384);
	ck_assert_int_eq(queue_of(EVENT_BODY_MAX + 1, "b", name), RC_FAIL);
	ck_assert_str_eq(name, "");
	ck_assert_int_eq(count_rows(), 2);
}
END_TEST

/* --- numbers -------------------------------------------------------------- */

/* An order's whole life, with two refills. */
static int64_t
live(void)
{
	int64_t id = fixture_any_order();

	move(id, ORDER_IN_PROGRESS);
	move(id, ORDER_PROCESSING);
	move(id, ORDER_IN_PROGRESS);
	move(id, ORDER_COMPLETED);
	(void)set_refill(id, REFILL_REJECTED);
	(void)set_refill(id, REFILL_COMPLETED);
	return id;
}

START_TEST(numbers_are_dense_when_all_is_told)
{
	int64_t id;

	(void)add_endpoint(&fx.one, EVENT_ALL);
	(void)fixture_any_order();
	id = live();
	ck_assert_int_eq(seq_of(id), 6);
	must_be_numbered(1, id, 1, 6);
}
END_TEST

/* Who comes later, or wants less, sees by the gaps that he missed some. */
START_TEST(numbers_count_what_nobody_wanted)
{
	char *seqs;
	int64_t id;

	(void)add_endpoint(
	    &fx.one, bit(EVENT_ORDER_COMPLETED) | bit(EVENT_REFILL_COMPLETED));
	id = live();
	ck_assert_int_eq(seq_of(id), 6);
	must_have_told(0, "order.completed refill.completed");
	seqs = fixture_text("SELECT group_concat(subject, ' ') FROM"
			    " (SELECT subject FROM event ORDER BY id)");
	ck_assert_str_eq(seqs, "order:1:4 order:1:6");
	free(seqs);
}
END_TEST

START_TEST(numbers_count_on_while_nobody_is_there)
{
	int64_t id = fixture_any_order(), hook;

	move(id, ORDER_IN_PROGRESS);
	ck_assert_int_eq(count_rows(), 0);
	hook = add_endpoint(&fx.one, EVENT_ALL);
	move(id, ORDER_PROCESSING);
	move(id, ORDER_IN_PROGRESS);
	set_endpoint(hook, WEBHOOK_PAUSED);
	move(id, ORDER_PARTIAL);
	set_endpoint(hook, WEBHOOK_ACTIVE);
	fixture_sql("UPDATE orders SET updated_at = updated_at - %d", DAY);
	(void)set_refill(id, REFILL_COMPLETED);
	must_have_told(0, "order.in_progress refill.completed");
	ck_assert_int_eq(fixture_int("SELECT COUNT(*) FROM event WHERE"
				     " subject IN ('order:1:3', 'order:1:6')"),
	    2);
	ck_assert_int_eq(seq_of(id), 6);
}
END_TEST

/* --- refills -------------------------------------------------------------- */

START_TEST(a_refills_end_is_told)
{
	static const struct {
		enum refill_status to;
		const char *told;
	} ends[] = {
		{ REFILL_IN_PROGRESS, "" },
		{ REFILL_COMPLETED, "refill.completed" },
		{ REFILL_REJECTED, "refill.rejected" },
		{ REFILL_ERROR, "" },
	};
	int64_t id = fixture_any_order(), since, seq;

	(void)add_endpoint(&fx.one, EVENT_ALL);
	move(id, ORDER_COMPLETED);
	since = last_event();
	seq = seq_of(id);
	(void)set_refill(id, ends[_i].to);
	must_have_told(since, ends[_i].told);
	must_be_numbered(since, id, seq + 1, seq_of(id));
	/* It stands in the order's own order. */
	ck_assert_int_eq(
	    fixture_int("SELECT COUNT(*) FROM delivery"
			" WHERE order_id = %lld AND event_id > %lld",
		(long long)id, (long long)since),
	    ends[_i].told[0] != '\0');
}
END_TEST

START_TEST(a_refill_that_is_refused_is_not_told)
{
	int64_t id = fixture_any_order(), refill, since;

	(void)add_endpoint(&fx.one, EVENT_ALL);
	move(id, ORDER_COMPLETED);
	refill = set_refill(id, REFILL_COMPLETED);
	since = last_event();
	fixture_begin();
	ck_assert_int_eq(db_end(fx.db, refill_admin_set(fx.db, refill,
					   REFILL_REJECTED, LATER)),
	    RC_INVALID);
	must_have_told(since, "");
	ck_assert_int_eq(seq_of(id), 3);
}
END_TEST

/* --- the balance ---------------------------------------------------------- */

static const struct {
	int64_t threshold, before, after;
	int told;
} crossings[] = {
	{ 100 * UNIT, 101 * UNIT, 99 * UNIT, 1 },
	{ 100 * UNIT, 100 * UNIT, 100 * UNIT - 1, 1 },
	{ 100 * UNIT, 100 * UNIT + 1, 100 * UNIT - 1, 1 },
	{ 100 * UNIT, 101 * UNIT, 0, 1 },
	{ 1, 1, 0, 1 },
	/* At the threshold it is not below it. */
	{ 100 * UNIT, 101 * UNIT, 100 * UNIT, 0 },
	{ 100 * UNIT, 200 * UNIT, 150 * UNIT, 0 },
	/* It was below before. */
	{ 100 * UNIT, 99 * UNIT, 98 * UNIT, 0 },
	{ 100 * UNIT, 100 * UNIT - 1, 0, 0 },
	/* Upward. */
	{ 100 * UNIT, 99 * UNIT, 101 * UNIT, 0 },
	{ 100 * UNIT, 100 * UNIT, 101 * UNIT, 0 },
	/* Never. */
	{ 0, 101 * UNIT, 0, 0 },
	{ 0, 1, 0, 0 },
};

START_TEST(a_balance_is_low_when_it_falls_below_the_threshold)
{
	(void)add_endpoint(&fx.one, EVENT_ALL);
	adjust_to(crossings[_i].before);
	set_threshold(crossings[_i].threshold);
	must_have_told(0, "");
	adjust_to(crossings[_i].after);
	must_have_told(0, crossings[_i].told ? "balance.low" : "");
	ck_assert_int_eq(count_rows(), 2 * crossings[_i].told);
	ck_assert_int_eq(fixture_int("SELECT COUNT(*) FROM delivery"
				     " WHERE order_id IS NOT NULL"),
	    0);
}
END_TEST

START_TEST(a_balance_is_low_again_after_a_deposit)
{
	const char *what;
	int64_t after;
	int i;

	(void)add_endpoint(&fx.one, EVENT_ALL);
	set_threshold(100 * UNIT);
	for (i = 0; i < 3; i++) {
		adjust_to(50 * UNIT);
		adjust_to(40 * UNIT);
		/* Up to the threshold is enough. */
		fixture_begin();
		ck_assert_int_eq(funds_credit(fx.db, &fx.one, LEDGER_DEPOSIT,
				     60 * UNIT, NULL, LATER, &after, &what),
		    RC_OK);
		fixture_commit();
	}
	must_have_told(0, "balance.low balance.low balance.low");
	/* Not one that ends below it. */
	adjust_to(50 * UNIT);
	adjust_to(99 * UNIT);
	adjust_to(50 * UNIT);
	must_have_told(0, "balance.low balance.low balance.low balance.low");
}
END_TEST

START_TEST(a_threshold_above_the_balance_tells_nothing_by_itself)
{
	(void)add_endpoint(&fx.one, EVENT_ALL);
	set_threshold(2000 * UNIT);
	(void)fixture_any_order();
	must_have_told(0, "order.created");
}
END_TEST

START_TEST(an_order_can_make_the_balance_low)
{
	int64_t id;
	char *body;

	(void)add_endpoint(&fx.one, EVENT_ALL);
	adjust_to(UNIT);
	set_threshold(UNIT);
	id = fixture_any_order();
	must_have_told(0, "balance.low order.created");
	body = fixture_text(
	    "SELECT body FROM event WHERE type = %d", EVENT_BALANCE_LOW);
	ck_assert_str_eq(body,
	    "{\"type\":\"balance.low\"," CREATED_AT ",\"data\":{"
	    "\"balance\":\"0.9722223\",\"threshold\":\"1.00\","
	    "\"currency\":\"USD\"}}");
	free(body);
	/* A refund may bring it back above. */
	cancel(id);
	(void)fixture_any_order();
	must_have_told(0,
	    "balance.low order.created order.canceled order.refunded"
	    " balance.low order.created");
	/* The next is placed below it. */
	(void)fixture_any_order();
	ck_assert_int_eq(fixture_int("SELECT COUNT(*) FROM event"
				     " WHERE type = %d",
			     EVENT_BALANCE_LOW),
	    2);
}
END_TEST

/* --- for whom ------------------------------------------------------------- */

/* All that there is to tell of. */
static void
do_everything(void)
{
	int64_t id = live();

	cancel(fixture_any_order());
	move(fixture_any_order(), ORDER_CANCELED);
	move(fixture_any_order(), ORDER_PARTIAL);
	set_threshold(100 * UNIT);
	adjust_to(99 * UNIT);
	ck_assert_int_eq(seq_of(id), 6);
}

START_TEST(where_nobody_is_nothing_is_written)
{
	do_everything();
	ck_assert_int_eq(count_rows(), 0);
}
END_TEST

START_TEST(who_is_not_active_gets_nothing)
{
	int64_t paused = add_endpoint(&fx.one, EVENT_ALL);
	int64_t disabled = add_endpoint(&fx.one, EVENT_ALL);
	int64_t removed = add_endpoint(&fx.one, EVENT_ALL);
	struct why why = { 0 };

	set_endpoint(paused, WEBHOOK_PAUSED);
	fixture_sql("UPDATE webhook SET status = 3 WHERE id = %lld",
	    (long long)disabled);
	fixture_begin();
	ck_assert_int_eq(webhook_remove(fx.db, &fx.one, removed, &why), RC_OK);
	fixture_commit();
	do_everything();
	ck_assert_int_eq(count_rows(), 0);
	/* Beside one that is. */
	(void)add_endpoint(&fx.one, EVENT_ALL);
	(void)fixture_any_order();
	ck_assert_int_eq(count_rows(), 2);
	/* And once it is so again. */
	set_endpoint(paused, WEBHOOK_ACTIVE);
	set_endpoint(disabled, WEBHOOK_ACTIVE);
	(void)fixture_any_order();
	ck_assert_int_eq(count_rows(), 2 + 4);
}
END_TEST

START_TEST(another_account_is_told_nothing)
{
	int64_t theirs = add_endpoint(&fx.two, EVENT_ALL), mine;

	do_everything();
	ck_assert_int_eq(count_rows(), 0);
	mine = add_endpoint(&fx.one, EVENT_ALL);
	do_everything();
	ck_assert_int_eq(count_deliveries(theirs), 0);
	ck_assert_int_eq(count_deliveries(mine),
	    fixture_int("SELECT COUNT(*) FROM event WHERE account_id = %lld",
		(long long)fx.one.account_id));
	ck_assert_int_eq(count_rows(), 2 * count_deliveries(mine));
}
END_TEST

START_TEST(one_type_is_told_alone)
{
	int64_t hook = add_endpoint(&fx.one, bit((enum event_type)_i));
	int64_t told;

	do_everything();
	told = fixture_int("SELECT COUNT(*) FROM event WHERE type = %d", _i);
	ck_assert_int_eq(told > 0, _i != EVENT_WEBHOOK_TEST);
	ck_assert_int_eq(count_deliveries(hook), told);
	ck_assert_int_eq(count_rows(), 2 * told);
}
END_TEST

START_TEST(each_of_several_endpoints_gets_its_own_delivery)
{
	int64_t all = add_endpoint(&fx.one, EVENT_ALL);
	int64_t some = add_endpoint(
	    &fx.one, bit(EVENT_ORDER_CREATED) | bit(EVENT_ORDER_REFUNDED));
	int64_t other = add_endpoint(&fx.one, bit(EVENT_ORDER_REFUNDED));

	cancel(fixture_any_order());
	must_have_told(0, "order.created order.canceled order.refunded");
	ck_assert_int_eq(count_deliveries(all), 3);
	ck_assert_int_eq(count_deliveries(some), 2);
	ck_assert_int_eq(count_deliveries(other), 1);
	ck_assert_int_eq(fixture_int("SELECT COUNT(*) FROM delivery"
				     " JOIN event ON event.id = event_id"
				     " WHERE webhook_id = %lld AND type = %d",
			     (long long)other, EVENT_ORDER_REFUNDED),
	    1);
}
END_TEST

START_TEST(a_test_goes_to_one_endpoint_whatever_it_wants)
{
	int64_t all = add_endpoint(&fx.one, EVENT_ALL);
	int64_t one = add_endpoint(&fx.one, bit(EVENT_ORDER_CREATED));
	char name[EVENT_NAME_LEN + 1], *before;
	struct why why = { 0 };
	size_t len;

	fixture_begin();
	ck_assert_int_eq(
	    webhook_test(fx.db, &fx.one, one, LATER, name, &why), RC_OK);
	fixture_commit();
	ck_assert_int_eq(count_deliveries(all), 0);
	ck_assert_int_eq(count_deliveries(one), 1);
	/* None to one that is not active, or another account's. */
	set_endpoint(one, WEBHOOK_PAUSED);
	before = fixture_read(fx.path, &len);
	fixture_begin();
	ck_assert_int_eq(
	    webhook_test(fx.db, &fx.one, one, LATER, name, &why), RC_INVALID);
	ck_assert_int_eq(why.error, ERROR_WEBHOOK_INACTIVE);
	ck_assert_int_eq(
	    webhook_test(fx.db, &fx.two, all, LATER, name, &why), RC_NOT_FOUND);
	ck_assert_int_eq(why.error, ERROR_WEBHOOK);
	fixture_commit();
	must_be_unchanged(before, len);
	free(before);
}
END_TEST

/* The file itself: a transaction that has nothing to tell writes nothing. */
START_TEST(telling_nobody_leaves_the_file_alone)
{
	struct order order;
	struct why why = { 0 };
	int64_t id = fixture_any_order();
	char *before;
	size_t len;

	(void)add_endpoint(&fx.two, EVENT_ALL);
	(void)add_endpoint(&fx.one, bit(EVENT_ORDER_COMPLETED));
	before = fixture_read(fx.path, &len);
	fixture_begin();
	ck_assert_int_eq(order_find(fx.db, &fx.one, id, &order, &why), RC_OK);
	ck_assert_int_eq(order_tell(fx.db, &fx.one, &order, EVENT_ORDER_PARTIAL,
			     2, 0, LATER),
	    RC_OK);
	ck_assert_int_eq(
	    ledger_tell(fx.db, &fx.one, 5 * UNIT, UNIT, 2 * UNIT, LATER),
	    RC_OK);
	fixture_commit();
	must_be_unchanged(before, len);
	/* The same with somebody there. */
	fixture_begin();
	ck_assert_int_eq(order_tell(fx.db, &fx.one, &order,
			     EVENT_ORDER_COMPLETED, 2, 0, LATER),
	    RC_OK);
	fixture_commit();
	ck_assert_int_eq(count_rows(), 2);
	fixture_sql("DELETE FROM delivery; DELETE FROM event");
	free(before);
}
END_TEST

/* --- once, and with the change or not at all ------------------------------ */

START_TEST(a_subject_is_queued_once)
{
	char first[EVENT_NAME_LEN + 1], again[EVENT_NAME_LEN + 1], *before;
	size_t len;

	(void)add_endpoint(&fx.one, EVENT_ALL);
	(void)add_endpoint(&fx.one, EVENT_ALL);
	ck_assert_int_eq(queue_of(200, "the same", first), RC_OK);
	ck_assert_uint_eq(strlen(first), EVENT_NAME_LEN);
	ck_assert_int_eq(count_rows(), 3);
	/* Nor is it for who came later. */
	(void)add_endpoint(&fx.one, EVENT_ALL);
	before = fixture_read(fx.path, &len);
	ck_assert_int_eq(queue_of(300, "the same", again), RC_OK);
	ck_assert_str_eq(again, "");
	must_be_unchanged(before, len);
	free(before);
	ck_assert_int_eq(queue_of(200, "another", again), RC_OK);
	ck_assert_str_ne(again, first);
}
END_TEST

START_TEST(a_request_id_sent_again_is_told_once)
{
	static const char body[] = "service=1&quantity=100&request_id=r"
				   "&link=https://example.test/";
	int64_t first, again;
	struct why why;

	(void)add_endpoint(&fx.one, EVENT_ALL);
	first = fixture_order(body);
	ck_assert_int_eq(
	    fixture_place(&fx.one, body, LATER, &again, &why), RC_OK);
	ck_assert_int_eq(first, again);
	must_have_told(0, "order.created");
	move(first, ORDER_COMPLETED);
	ck_assert_int_eq(
	    fixture_place(&fx.one, body, LATER, &again, &why), RC_OK);
	must_have_told(0, "order.created order.completed");
	ck_assert_int_eq(seq_of(first), 2);
}
END_TEST

START_TEST(an_order_that_is_not_paid_is_not_told)
{
	struct why why;
	int64_t id;

	(void)add_endpoint(&fx.two, EVENT_ALL);
	fixture_begin();
	ck_assert_int_eq(
	    account_admin_set_low(fx.db, fx.two.account_id, FIXTURE_BALANCE_2),
	    RC_OK);
	fixture_commit();
	ck_assert_int_eq(
	    fixture_place(&fx.two,
		"service=1&quantity=1000&link=https://example.test/",
		FIXTURE_NOW, &id, &why),
	    RC_INVALID);
	ck_assert_int_eq(why.error, ERROR_FUNDS);
	ck_assert_int_eq(count_rows(), 0);
	ck_assert_int_eq(fixture_int("SELECT COUNT(*) FROM orders"), 0);
}
END_TEST

START_TEST(what_is_rolled_back_is_not_told)
{
	int64_t id = fixture_any_order();
	const char *what;
	struct order_change change = nothing;

	(void)add_endpoint(&fx.one, EVENT_ALL);
	change.status = ORDER_PARTIAL;
	change.remains = 40;
	fixture_begin();
	ck_assert_int_eq(
	    order_admin_set(fx.db, id, &change, FIXTURE_CURRENCY, LATER, &what),
	    RC_OK);
	db_rollback(fx.db);
	ck_assert_int_eq(count_rows(), 0);
	ck_assert_int_eq(seq_of(id), 1);
	/* Nor does a number get lost by it. */
	move(id, ORDER_PARTIAL);
	must_be_numbered(0, id, 2, 3);
}
END_TEST

/* Tables that refuse rows, one after the other. */
START_TEST(what_cannot_be_told_is_not_done)
{
	static const char *const tables[] = { "event", "delivery" };
	int64_t id = fixture_any_order(), balance = fixture_balance(&fx.one);
	int64_t after;
	struct order_change change = nothing;
	const char *what;
	struct why why;

	(void)add_endpoint(&fx.one, EVENT_ALL);
	set_threshold(900 * UNIT);
	fixture_sql("CREATE TRIGGER full BEFORE INSERT ON %s"
		    " BEGIN SELECT RAISE (ABORT, 'full'); END",
	    tables[_i]);
	ck_assert_int_eq(
	    fixture_place(&fx.one,
		"service=1&quantity=100&link=https://example.test/",
		FIXTURE_NOW, &after, &why),
	    RC_FAIL);
	change.status = ORDER_CANCELED;
	ck_assert_int_eq(try_to_move(id, &change), RC_FAIL);
	fixture_begin();
	ck_assert_int_eq(
	    db_end(fx.db, order_cancel(fx.db, &fx.one, id, LATER, &why)),
	    RC_FAIL);
	fixture_begin();
	ck_assert_int_eq(
	    db_end(fx.db, funds_credit(fx.db, &fx.one, LEDGER_ADJUSTMENT,
			      -200 * UNIT, NULL, LATER, &after, &what)),
	    RC_FAIL);
	ck_assert_int_eq(after, 0);
	ck_assert_int_eq(count_rows(), 0);
	ck_assert_int_eq(fixture_int("SELECT COUNT(*) FROM orders"), 1);
	ck_assert_int_eq(fixture_int("SELECT status FROM orders"), 1);
	ck_assert_int_eq(seq_of(id), 1);
	ck_assert_int_eq(fixture_balance(&fx.one), balance);
	fixture_sql("DROP TRIGGER full");
}
END_TEST

static Suite *
make_suite(void)
{
	Suite *suite = suite_create("event");
	TCase *tc = tcase_create("outbox");

	tcase_add_checked_fixture(tc, fixture_setup, teardown);
	tcase_add_test(tc, every_move_is_in_the_table);
	tcase_add_loop_test(
	    tc, a_move_queues_exactly_its_events, 0, ROWS(moves));
	tcase_add_loop_test(tc, nothing_paid_is_not_refunded, 0, ROWS(moves));
	tcase_add_test(tc, a_declined_request_leaves_the_operator_to_cancel);
	tcase_add_test(tc, counts_alone_are_not_told);
	tcase_add_test(tc, a_move_that_is_refused_is_not_told);
	tcase_add_test(tc, bodies_are_exactly_these_bytes);
	tcase_add_test(tc, a_type_is_its_name_and_back);
	tcase_add_test(tc, a_body_has_at_most_16_kib);
	tcase_add_test(tc, numbers_are_dense_when_all_is_told);
	tcase_add_test(tc, numbers_count_what_nobody_wanted);
	tcase_add_test(tc, numbers_count_on_while_nobody_is_there);
	tcase_add_loop_test(tc, a_refills_end_is_told, 0, 4);
	tcase_add_test(tc, a_refill_that_is_refused_is_not_told);
	tcase_add_loop_test(tc,
	    a_balance_is_low_when_it_falls_below_the_threshold, 0,
	    ROWS(crossings));
	tcase_add_test(tc, a_balance_is_low_again_after_a_deposit);
	tcase_add_test(
	    tc, a_threshold_above_the_balance_tells_nothing_by_itself);
	tcase_add_test(tc, an_order_can_make_the_balance_low);
	tcase_add_test(tc, where_nobody_is_nothing_is_written);
	tcase_add_test(tc, who_is_not_active_gets_nothing);
	tcase_add_test(tc, another_account_is_told_nothing);
	tcase_add_loop_test(tc, one_type_is_told_alone, 0, EVENT_TYPES);
	tcase_add_test(tc, each_of_several_endpoints_gets_its_own_delivery);
	tcase_add_test(tc, a_test_goes_to_one_endpoint_whatever_it_wants);
	tcase_add_test(tc, telling_nobody_leaves_the_file_alone);
	tcase_add_test(tc, a_subject_is_queued_once);
	tcase_add_test(tc, a_request_id_sent_again_is_told_once);
	tcase_add_test(tc, an_order_that_is_not_paid_is_not_told);
	tcase_add_test(tc, what_is_rolled_back_is_not_told);
	tcase_add_loop_test(tc, what_cannot_be_told_is_not_done, 0, 2);
	suite_add_tcase(suite, tc);
	return suite;
}

SUITE_MAIN(make_suite)
