/* SPDX-License-Identifier: ISC */
/*
 * A list's query string, read.
 */
#include "order_search.h"

#include <string.h>

#include "number.h"
#include "order.h"

/* Reads an optional number; it stays 0 without one. */
static enum rc
read_number(const struct form *query, const char *name, int64_t max, int64_t *n)
{
	const char *value = form_get(query, name);

	*n = 0;
	if (value == NULL || strcmp(value, "0") == 0)
		return RC_OK;
	return number_parse(value, strlen(value), 1, max, n) == RC_OK
		   ? RC_OK
		   : RC_INVALID;
}

enum rc
order_search_read(const struct form *query, struct order_search *search)
{
	struct order_list_filter *filter = &search->filter;
	int64_t status = 0;

	*search = (struct order_search){ .q = form_get(query, "q") };
	if (read_number(query, "status", ORDER_CANCELED, &status) != RC_OK ||
	    read_number(query, "service", INT64_MAX, &filter->service_id) !=
		RC_OK ||
	    read_number(query, "before", INT64_MAX, &filter->before) != RC_OK ||
	    read_number(query, "after", INT64_MAX, &filter->after) != RC_OK)
		return RC_INVALID;
	filter->status = (int)status;
	if (search->q == NULL)
		return RC_OK;
	if (strlen(search->q) > ORDER_SEARCH_MAX)
		return RC_INVALID;
	/* No link consists of digits. */
	if (number_parse(search->q, strlen(search->q), 1, INT64_MAX,
		&search->order_id) != RC_OK) {
		search->order_id = 0;
		filter->link = search->q;
	}
	return RC_OK;
}

void
order_search_query(const struct order_search *search, struct query *query)
{
	query_add_int(query, "status", search->filter.status);
	query_add_int(query, "service", search->filter.service_id);
	query_add(query, "q", search->q);
}
