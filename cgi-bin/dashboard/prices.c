/* SPDX-License-Identifier: ISC */
/*
 * /dashboard/prices: what is sold, and for how much, for everybody where the
 * operator says so (price_list = public), otherwise for who is logged in.
 */
#include <stdio.h>
#include <string.h>

#include "catalog.h"
#include "money.h"
#include "number.h"
#include "page.h"
#include "query.h"
#include "text.h"

enum { DESCRIPTION_MAX = 300 /* bytes that are shown of one */ };

static enum rc
put(void *list, const struct service *s)
{
	char rate[MONEY_TEXT_LEN], text[DESCRIPTION_MAX + 1];
	size_t len = strlen(s->description);
	json_t *item;

	(void)snprintf(text, sizeof(text), "%.*s",
	    (int)text_cut(s->description, len, DESCRIPTION_MAX),
	    s->description);
	item = json_pack("{s:I, s:s, s:s, s:s, s:b, s:s, s:b, s:I, s:I, s:b,"
			 " s:b}",
	    "id", (json_int_t)s->id, "name", s->name, "category", s->category,
	    "description", text, "cut", len > DESCRIPTION_MAX, "rate",
	    money_format_rate(s->rate_micro, rate), "package",
	    s->type->quantity == QUANTITY_PACKAGE, "min", (json_int_t)s->min,
	    "max", (json_int_t)s->max, "refill", s->refill, "cancel",
	    s->cancel);
	return json_array_append_new(list, item) == 0 ? RC_OK : RC_FAIL;
}

/* Categories to choose from. */
struct choice {
	json_t *list;
	const char *chosen;
};

static enum rc
offer(void *arg, const char *category)
{
	struct choice *choice = arg;
	int chosen =
	    choice->chosen != NULL && strcmp(choice->chosen, category) == 0;

	return json_array_append_new(
		   choice->list, json_pack("{s:s, s:b}", "name", category,
				     "chosen", chosen)) == 0
		   ? RC_OK
		   : RC_FAIL;
}

/* A place in the list; stays 0 without one. */
static enum rc
read_place(const struct page_call *call, const char *name, int64_t *id)
{
	const char *value = page_query(call, name);

	*id = 0;
	if (value == NULL)
		return RC_OK;
	return number_parse(value, strlen(value), 1, INT64_MAX, id) == RC_OK
		   ? RC_OK
		   : RC_INVALID;
}

/* What the URL asks for. */
static enum rc
read_filter(const struct page_call *call, struct catalog_filter *filter)
{
	const char *category = page_query(call, "category");
	const char *text = page_query(call, "q");

	*filter = (struct catalog_filter){ .category = category, .text = text };
	if ((category != NULL && strlen(category) > TEXT_NAME_MAX) ||
	    (text != NULL && strlen(text) > TEXT_NAME_MAX) ||
	    read_place(call, "after", &filter->after) != RC_OK)
		return RC_INVALID;
	return read_place(call, "before", &filter->before);
}

/* The query string of a page next to this one; null without one. */
static json_t *
neighbour(const struct catalog_filter *filter, const char *name, int64_t id)
{
	struct query query = { 0 };

	if (id == 0)
		return json_null();
	query_add(&query, "category", filter->category);
	query_add(&query, "q", filter->text);
	query_add_int(&query, name, id);
	return json_string(query.s);
}

static enum rc
set_model(struct page_call *call, const struct catalog_filter *filter,
    const struct catalog_ends *ends)
{
	enum rc rc;

	rc = page_set(call, "currency", json_string(call->config->currency));
	if (rc == RC_OK)
		rc = page_set(call, "q",
		    json_string(filter->text != NULL ? filter->text : ""));
	if (rc != RC_OK)
		return rc;
	return page_set(call, "pages",
	    json_pack("{s:o, s:o}", "earlier",
		neighbour(filter, "before", ends->earlier), "later",
		neighbour(filter, "after", ends->later)));
}

static enum rc
get(struct page_call *call)
{
	struct choice choice = { .chosen = page_query(call, "category") };
	json_t *services = NULL;
	struct catalog_filter filter;
	struct catalog_ends ends = { 0 };
	enum rc rc;

	if (!call->config->has_public_prices && call->account.id == 0)
		return RC_NOT_FOUND;
	if ((rc = read_filter(call, &filter)) != RC_OK)
		return rc;
	services = json_array();
	choice.list = json_array();
	if ((rc = db_begin(call->db, DB_READ)) == RC_OK) {
		rc = catalog_search(call->db, &filter, put, services, &ends);
		if (rc == RC_OK)
			rc = catalog_categories(call->db, offer, &choice);
		rc = db_end(call->db, rc);
	}
	if (rc == RC_OK)
		rc = page_set(call, "has_services",
		    json_boolean(json_array_size(services) > 0));
	if (rc == RC_OK)
		rc = page_set(call, "services", json_incref(services));
	if (rc == RC_OK)
		rc = page_set(call, "categories", json_incref(choice.list));
	if (rc == RC_OK)
		rc = set_model(call, &filter, &ends);
	json_decref(services);
	json_decref(choice.list);
	return rc;
}

const struct page page_prices = {
	.name = "prices",
	.title = "Prices",
	.menu = "services",
	.access = PAGE_ANYBODY,
	.get = get,
};
