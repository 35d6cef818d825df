/* SPDX-License-Identifier: ISC */
/*
 * /dashboard/funds: what is there, the statement of the wallet with its
 * filter, the same as CSV, and what was asked for.
 */
#include <stdio.h>
#include <string.h>

#include "csv_writer.h"
#include "money.h"
#include "money_form.h"
#include "money_request.h"
#include "page.h"
#include "page_json.h"
#include "statement.h"
#include "timestamp.h"
#include "transfer.h"

enum {
	PAGE_ENTRIES = 50,
	CSV_ENTRIES = 100000, /* of one file */
	CSV_BATCH = 1000,     /* in one transaction */
	DAY = 86400,
	DATE_LEN = 10 /* "2026-01-31" */
};

/* What people call the kinds of entries. */
static const struct {
	int kind;
	const char *label;
} labels[] = {
	{ LEDGER_ORDER, "Orders" },
	{ LEDGER_REFUND, "Refunds" },
	{ LEDGER_DEPOSIT, "Deposits" },
	{ LEDGER_WITHDRAWAL, "Withdrawals" },
	{ LEDGER_RETURN, "Withdrawals that came back" },
	{ LEDGER_TRANSFER, "Transfers" },
	{ LEDGER_ADJUSTMENT, "Corrections" },
};

/* --- the filter ----------------------------------------------------------- */

/* A day of the URL as Unix seconds; stays 0 without one. */
static enum rc
read_day(const struct page_call *call, const char *name, int64_t *seconds)
{
	const char *day = page_query(call, name);
	char text[TIMESTAMP_LEN];

	*seconds = 0;
	if (day == NULL)
		return RC_OK;
	if (strlen(day) != DATE_LEN)
		return RC_INVALID;
	(void)snprintf(text, sizeof(text), "%sT00:00:00Z", day);
	return timestamp_parse(text, seconds);
}

/* The URL's last day is a part of it. */
static enum rc
read_filter(const struct page_call *call, struct statement_filter *filter)
{
	const char *kind = page_query(call, "kind");

	*filter = (struct statement_filter){ 0 };
	if (kind != NULL && (filter->kind = statement_kind_find(kind)) == 0)
		return RC_INVALID;
	if (read_day(call, "since", &filter->since) != RC_OK ||
	    read_day(call, "until", &filter->until) != RC_OK)
		return RC_INVALID;
	if (filter->until != 0)
		filter->until += DAY;
	return RC_OK;
}

/* Kinds to choose from, and what was chosen. */
static enum rc
set_filter(struct page_call *call, const struct statement_filter *filter)
{
	const char *since = page_query(call, "since");
	const char *until = page_query(call, "until");
	json_t *kinds = json_array();
	size_t i;

	for (i = 0; i < sizeof(labels) / sizeof(labels[0]); i++)
		if (json_array_append_new(
			kinds, json_pack("{s:s, s:s, s:b}", "name",
				   statement_kind_name(labels[i].kind), "label",
				   labels[i].label, "chosen",
				   filter->kind == labels[i].kind)) != 0)
			break;
	return page_set(call, "filter",
	    json_pack("{s:o, s:s, s:s, s:s, s:b}", "kinds", kinds, "kind",
		filter->kind != 0 ? statement_kind_name(filter->kind) : "",
		"since", since != NULL ? since : "", "until",
		until != NULL ? until : "", "active",
		filter->kind != 0 || filter->since != 0 || filter->until != 0));
}

/* --- the statement -------------------------------------------------------- */

/* One entry, as a person reads it. */
static const char *
label_of(const struct statement_entry *e)
{
	switch (e->kind) {
	case LEDGER_ORDER:
		return "Order";
	case LEDGER_REFUND:
		return "Refund of order";
	case LEDGER_DEPOSIT:
		return "Deposit";
	case LEDGER_WITHDRAWAL:
		return "Withdrawal";
	case LEDGER_RETURN:
		return "Withdrawal came back";
	case LEDGER_TRANSFER:
		return e->amount_nano < 0 ? "Transfer out" : "Transfer in";
	default:
		return "Correction";
	}
}

static enum rc
add_entry(void *list, const struct statement_entry *e)
{
	char amount[MONEY_TEXT_LEN], balance[MONEY_TEXT_LEN];
	json_t *item;

	item = json_pack("{s:I, s:o, s:s, s:I, s:s, s:s, s:b, s:s}", "id",
	    (json_int_t)e->txn_id, "at", page_json_time(e->posted_at), "label",
	    label_of(e), "order", (json_int_t)e->order_id, "note",
	    e->note != NULL ? e->note : "", "amount",
	    money_format(e->amount_nano, amount), "out", e->amount_nano < 0,
	    "balance", money_format(e->balance_nano, balance));
	return json_array_append_new(list, item) == 0 ? RC_OK : RC_FAIL;
}

/* Where the page begins: where the URL says, or at the newest. */
static enum rc
find_place(struct page_call *call, const struct statement_filter *filter,
    struct statement_place *place)
{
	const char *from = page_query(call, "from");

	if (from != NULL)
		return statement_place_parse(
		    &call->people->pepper, &call->caller, from, place);
	return statement_begin(call->db, &call->caller, filter, place);
}

static enum rc
set_statement(struct page_call *call, const struct statement_filter *filter)
{
	struct statement_place place = { 0 };
	char older[STATEMENT_PLACE_TEXT] = "";
	json_t *list = json_array();
	enum rc rc;

	if ((rc = db_begin(call->db, DB_READ)) == RC_OK) {
		rc = find_place(call, filter, &place);
		if (rc == RC_OK)
			rc = statement_each(call->db, &call->caller, filter,
			    PAGE_ENTRIES, &place, add_entry, list);
		rc = db_end(call->db, rc);
	}
	if (rc == RC_OK && place.before != 0)
		rc = statement_place_format(
		    &call->people->pepper, &call->caller, &place, older);
	if (rc == RC_OK)
		rc = page_set(call, "has_entries",
		    json_boolean(json_array_size(list) > 0));
	if (rc == RC_OK)
		rc = page_set(call, "older", json_string(older));
	if (rc == RC_OK)
		rc = page_set(call, "later",
		    json_boolean(page_query(call, "from") != NULL));
	if (rc == RC_OK)
		rc = page_set(call, "entries", json_incref(list));
	json_decref(list);
	return rc;
}

/* --- as CSV --------------------------------------------------------------- */

static enum rc
write_entry(void *arg, const struct statement_entry *e)
{
	struct csv_writer *csv = arg;
	char text[MONEY_TEXT_LEN];

	csv_writer_plain(csv, timestamp_format(e->posted_at, text));
	csv_writer_int(csv, e->txn_id);
	csv_writer_plain(csv, statement_kind_name(e->kind));
	if (e->order_id != 0)
		csv_writer_int(csv, e->order_id);
	else
		csv_writer_plain(csv, NULL);
	csv_writer_plain(csv, money_format(e->amount_nano, text));
	csv_writer_plain(csv, money_format(e->balance_nano, text));
	csv_writer_text(csv, e->note);
	csv_writer_end(csv);
	return RC_OK;
}

/*
 * In many short transactions, so that no writer waits for all of it: what is
 * before a place in a statement never changes.
 */
static enum rc
write_csv(struct page_call *call, const struct statement_filter *filter)
{
	static const char *const columns[] = { "time", "transaction", "kind",
		"order", "amount", "balance", "note", NULL };
	struct statement_place place = { 0 };
	struct csv_writer csv;
	int64_t written;
	FILE *out;
	enum rc rc;

	out = page_output(call, "text/csv; charset=utf-8", "statement.csv");
	if (out == NULL)
		return RC_FAIL;
	csv_writer_begin(&csv, out, columns);
	if ((rc = db_begin(call->db, DB_READ)) == RC_OK)
		rc = db_end(call->db,
		    statement_begin(call->db, &call->caller, filter, &place));
	for (written = 0;
	     rc == RC_OK && place.before != 0 && written < CSV_ENTRIES;
	     written += CSV_BATCH)
		if ((rc = db_begin(call->db, DB_READ)) == RC_OK)
			rc = db_end(call->db,
			    statement_each(call->db, &call->caller, filter,
				CSV_BATCH, &place, write_entry, &csv));
	/* Nobody is to take a part for all of it. */
	if (rc == RC_OK && place.before != 0) {
		csv_writer_text(
		    &csv, "Older entries are not in this file: choose days.");
		for (written = 0; written < 6; written++)
			csv_writer_plain(&csv, NULL);
		csv_writer_end(&csv);
	}
	return rc;
}

/* --- what was asked for --------------------------------------------------- */

static enum rc
add_request(void *list, const struct money_request *r)
{
	char amount[MONEY_TEXT_LEN];
	json_t *item;

	item = json_pack("{s:I, s:s, s:s, s:b, s:b, s:s, s:s, s:s, s:o, s:o}",
	    "id", (json_int_t)r->id, "kind", money_request_kind_name(r->kind),
	    "status", money_request_status_name(r->kind, r->status), "open",
	    r->status == MONEY_REQUEST_OPEN, "may_cancel",
	    money_request_may_move(r->kind,
		(enum money_request_status)r->status, MONEY_REQUEST_CANCELED,
		MONEY_REQUEST_BY_OWNER),
	    "amount", money_format(r->amount_nano, amount), "how", r->how,
	    "words", r->note != NULL ? r->note : "", "created",
	    page_json_time(r->created_at), "updated",
	    page_json_time(r->updated_at));
	return json_array_append_new(list, item) == 0 ? RC_OK : RC_FAIL;
}

/* The newest requests, and how much is held for those that are open. */
static enum rc
set_requests(struct page_call *call)
{
	char held[MONEY_TEXT_LEN], code[TRANSFER_CODE_LEN + 1];
	int64_t n = 0, amount = 0;
	json_t *list = json_array();
	enum rc rc;

	if ((rc = db_begin(call->db, DB_READ)) == RC_OK) {
		rc = money_request_each(
		    call->db, &call->caller, 0, add_request, list);
		if (rc == RC_OK)
			rc = money_request_open(call->db, &call->caller,
			    MONEY_REQUEST_WITHDRAWAL, &n, &amount);
		rc = db_end(call->db, rc);
	}
	if (rc == RC_OK)
		rc = transfer_code(&call->people->pepper, &call->caller, code);
	if (rc == RC_OK)
		rc = page_set(call, "code", json_string(code));
	if (rc == RC_OK && n > 0)
		rc = page_set(
		    call, "held", json_string(money_format(amount, held)));
	if (rc == RC_OK)
		rc = page_set(call, "has_requests",
		    json_boolean(json_array_size(list) > 0));
	if (rc == RC_OK)
		rc = page_set(call, "requests", json_incref(list));
	json_decref(list);
	return rc;
}

static enum rc
get(struct page_call *call)
{
	struct statement_filter filter;
	enum rc rc;

	if ((rc = read_filter(call, &filter)) != RC_OK)
		return rc;
	if (page_query(call, "csv") != NULL)
		return write_csv(call, &filter);
	if ((rc = set_filter(call, &filter)) == RC_OK)
		rc = set_statement(call, &filter);
	return rc == RC_OK ? set_requests(call) : rc;
}

/* Takes a request back. */
static enum rc
cancel(struct page_call *call)
{
	const char *what = "";
	int64_t id = 0;
	enum rc rc;

	if ((rc = page_field_id(call, "id", &id)) == RC_OK &&
	    (rc = db_begin(call->db, DB_WRITE)) == RC_OK)
		rc = db_end(call->db, money_request_cancel(call->db,
					  &call->caller, id, call->now, &what));
	if (rc != RC_OK)
		return money_form_refused(call, NULL, rc, what);
	return page_done(call, NULL, "The request is taken back.");
}

static const struct page_form forms[] = {
	{ .name = "cancel", .run = cancel },
	{ .name = NULL },
};

const struct page page_funds = {
	.name = "funds",
	.title = "Funds",
	.get = get,
	.forms = forms,
};
