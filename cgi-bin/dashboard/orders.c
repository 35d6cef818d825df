/* SPDX-License-Identifier: ISC */
/*
 * /dashboard/orders: the account's orders, newest first, by status and
 * service, or those of an id or a link.
 */
#include "order.h"
#include "order_list.h"
#include "order_model.h"
#include "order_search.h"
#include "page.h"

/* The statuses to choose from. */
static json_t *
statuses(int chosen)
{
	json_t *list = json_array();
	int status;

	for (status = ORDER_PENDING; status <= ORDER_CANCELED; status++)
		if (json_array_append_new(
			list, json_pack("{s:i, s:s, s:b}", "value", status,
				  "label", order_status_name(status), "chosen",
				  status == chosen)) != 0) {
			json_decref(list);
			return NULL;
		}
	return list;
}

/* Finds the orders, in one transaction. */
static enum rc
find(struct page_call *call, const struct order_search *search, json_t *list,
    struct order_list_ends *ends)
{
	struct why why = { 0 };
	enum rc rc;

	*ends = (struct order_list_ends){ 0 };
	rc = db_begin(call->db, DB_READ);
	if (rc != RC_OK)
		return rc;
	if (search->order_id == 0)
		rc = order_list(call->db, &call->caller, &search->filter,
		    order_model_append, list, ends);
	else
		rc = order_list_show(call->db, &call->caller, search->order_id,
		    order_model_append, list, &why);
	rc = db_end(call->db, rc);
	return rc == RC_NOT_FOUND ? RC_OK : rc;
}

/* The query string of a page next to this one; null without one. */
static json_t *
neighbour(const struct order_search *search, const char *name, int64_t id)
{
	struct query query = { 0 };

	if (id == 0)
		return json_null();
	order_search_query(search, &query);
	query_add_int(&query, name, id);
	return json_string(query.s);
}

static enum rc
set_search(struct page_call *call, const struct order_search *search)
{
	const struct order_list_filter *filter = &search->filter;
	struct query query = { 0 };
	json_t *model;

	order_search_query(search, &query);
	model = json_pack("{s:s?, s:o, s:I, s:s, s:b}", "q", search->q,
	    "statuses", statuses(filter->status), "service",
	    (json_int_t)filter->service_id, "query", query.s, "narrowed",
	    query.len > 0);
	return page_set(call, "search", model);
}

static enum rc
get(struct page_call *call)
{
	struct order_search search;
	struct order_list_ends ends;
	json_t *list = json_array();
	enum rc rc;

	rc = order_search_read(call->query, &search);
	if (rc == RC_OK)
		rc = find(call, &search, list, &ends);
	if (rc == RC_OK)
		rc = page_set(call, "has_orders",
		    json_boolean(json_array_size(list) > 0));
	if (rc == RC_OK)
		rc = page_set(call, "orders", json_incref(list));
	if (rc == RC_OK)
		rc = set_search(call, &search);
	if (rc == RC_OK)
		rc = page_set(call, "pages",
		    json_pack("{s:o, s:o, s:b}", "newer",
			neighbour(&search, "after", ends.newer), "older",
			neighbour(&search, "before", ends.older), "some",
			ends.newer != 0 || ends.older != 0));
	json_decref(list);
	return rc;
}

const struct page page_orders = {
	.name = "orders",
	.title = "Orders",
	.get = get,
};
