/* SPDX-License-Identifier: ISC */
/*
 * /dashboard/orders_csv: what a list of orders finds, as a file for
 * spreadsheets.  Orders are read in pages, each in a transaction of its own,
 * so that writers wait for one page at most; one that moves meanwhile is
 * there once all the same, since its id stays.
 */
#include "csv_writer.h"
#include "money.h"
#include "order.h"
#include "order_list.h"
#include "order_search.h"
#include "page.h"
#include "timestamp.h"

enum { ROWS_MAX = 50000 }; /* of one file: 10 MB */

/* A file that is being written. */
struct export
{
	struct csv_writer csv;
	int64_t n;
};

static enum rc
write_row(void *arg, const struct order_item *order)
{
	struct export *export = arg;
	struct csv_writer *csv = &export->csv;
	char amount[MONEY_TEXT_LEN], at[TIMESTAMP_LEN];

	csv_writer_int(csv, order->id);
	csv_writer_plain(csv, timestamp_format(order->created_at, at));
	csv_writer_int(csv, order->service_id);
	csv_writer_text(csv, order->service);
	csv_writer_text(csv, order->link);
	csv_writer_int(csv, order->quantity);
	csv_writer_int(csv, order->start_count);
	csv_writer_int(csv, order->remains);
	csv_writer_plain(csv, order_status_name(order->status));
	csv_writer_plain(csv, money_format(order->charge_nano, amount));
	csv_writer_plain(csv, timestamp_format(order->updated_at, at));
	csv_writer_text(csv, order->details);
	csv_writer_end(csv);
	export->n++;
	return RC_OK;
}

/* Writes one order, or a page of them; *older is where the next one begins. */
static enum rc
write_page(struct page_call *call, const struct order_search *search,
    struct export *export, int64_t *older)
{
	struct order_list_ends ends = { 0 };
	struct why why = { 0 };
	enum rc rc;

	rc = db_begin(call->db, DB_READ);
	if (rc != RC_OK)
		return rc;
	if (search->order_id != 0)
		rc = order_list_show(call->db, &call->caller, search->order_id,
		    write_row, export, &why);
	else
		rc = order_list(call->db, &call->caller, &search->filter,
		    write_row, export, &ends);
	rc = db_end(call->db, rc);
	*older = ends.older;
	return rc == RC_NOT_FOUND ? RC_OK : rc;
}

static enum rc
get(struct page_call *call)
{
	static const char *const columns[] = { "order", "created", "service",
		"service name", "link", "quantity", "start count", "remains",
		"status", "charge", "updated", "details", NULL };
	struct order_search search;
	struct export export = { 0 };
	int64_t older = 0;
	FILE *out;
	enum rc rc;

	rc = order_search_read(call->query, &search);
	if (rc != RC_OK)
		return rc;
	out = page_output(call, "text/csv; charset=utf-8", "orders.csv");
	if (out == NULL)
		return RC_FAIL;
	csv_writer_begin(&export.csv, out, columns);
	search.filter.limit = ORDER_LIST_MAX;
	search.filter.after = 0;
	do {
		rc = write_page(call, &search, &export, &older);
		search.filter.before = older;
	} while (rc == RC_OK && older != 0 && export.n < ROWS_MAX);
	return rc;
}

const struct page page_orders_csv = {
	.name = "orders_csv",
	.title = "Orders",
	.menu = "orders",
	.get = get,
};
