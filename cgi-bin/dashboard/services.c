/* SPDX-License-Identifier: ISC */
/*
 * /dashboard/services: the catalogue in pages, by category, by words of a
 * name, or the favourites alone.
 */
#include <stdio.h>
#include <string.h>

#include "catalog.h"
#include "favourite.h"
#include "money.h"
#include "number.h"
#include "order_model.h"
#include "page.h"
#include "query.h"
#include "text.h"

/* What is asked for, in the URL or in a form that was sent from there. */
struct search {
	struct catalog_filter filter; /* texts are borrowed */
	int is_favourites;
};

/* A list on its way. */
struct list {
	json_t *services;
	const struct favourites *favourites;
};

static const char *
field(const struct page_call *call, const char *name)
{
	return call->form != NULL ? page_field(call, name)
				  : page_query(call, name);
}

static enum rc
read_place(const struct page_call *call, const char *name, int64_t *id)
{
	const char *value = field(call, name);

	*id = 0;
	if (value == NULL)
		return RC_OK;
	return number_parse(value, strlen(value), 1, INT64_MAX, id) == RC_OK
		   ? RC_OK
		   : RC_INVALID;
}

static enum rc
read_search(const struct page_call *call, struct search *search)
{
	struct catalog_filter *filter = &search->filter;

	*search = (struct search){ 0 };
	filter->category = field(call, "category");
	filter->text = field(call, "q");
	search->is_favourites = field(call, "favourites") != NULL;
	if ((filter->category != NULL &&
		strlen(filter->category) > TEXT_NAME_MAX) ||
	    (filter->text != NULL && strlen(filter->text) > TEXT_NAME_MAX))
		return RC_INVALID;
	if (read_place(call, "after", &filter->after) != RC_OK)
		return RC_INVALID;
	return read_place(call, "before", &filter->before);
}

static void
make_query(const struct search *search, struct query *query)
{
	query_add(query, "category", search->filter.category);
	query_add(query, "q", search->filter.text);
	query_add_int(query, "favourites", search->is_favourites);
}

static enum rc
add_service(void *arg, const struct service *s)
{
	struct list *list = arg;
	char price[MONEY_TEXT_LEN];

	return order_model_add(list->services,
	    json_pack("{s:I, s:s, s:s, s:s, s:s, s:s, s:b, s:I, s:I, s:b, s:b,"
		      " s:b, s:b}",
		"id", (json_int_t)s->id, "name", s->name, "category",
		s->category, "description", s->description, "type",
		s->type->name, "price", money_format_rate(s->rate_micro, price),
		"is_package", s->type->quantity == QUANTITY_PACKAGE, "min",
		(json_int_t)s->min, "max", (json_int_t)s->max, "refill",
		s->refill, "cancel", s->cancel, "dripfeed", s->dripfeed, "kept",
		favourite_has(list->favourites, s->id)));
}

/* The favourites that are on sale. */
static enum rc
find_favourites(struct db *db, struct list *list)
{
	enum rc rc = RC_OK;
	size_t i;

	for (i = 0; rc == RC_OK && i < list->favourites->n; i++) {
		rc = catalog_show(
		    db, list->favourites->id[i], add_service, list);
		if (rc == RC_NOT_FOUND)
			rc = RC_OK;
	}
	return rc;
}

/* The category that is chosen is marked in each of the list. */
struct categories {
	json_t *list;
	const char *chosen;
};

static enum rc
add_category(void *arg, const char *category)
{
	struct categories *categories = arg;

	return order_model_add(categories->list,
	    json_pack("{s:s, s:b}", "name", category, "chosen",
		categories->chosen != NULL &&
		    strcmp(categories->chosen, category) == 0));
}

/* Reads the page, in one transaction. */
static enum rc
find(struct page_call *call, const struct search *search, struct list *list,
    struct categories *categories, struct catalog_ends *ends)
{
	enum rc rc;

	rc = db_begin(call->db, DB_READ);
	if (rc != RC_OK)
		return rc;
	if (search->is_favourites)
		rc = find_favourites(call->db, list);
	else
		rc = catalog_search(
		    call->db, &search->filter, add_service, list, ends);
	if (rc == RC_OK)
		rc = catalog_categories(call->db, add_category, categories);
	return db_end(call->db, rc);
}

static enum rc
read_favourites(struct page_call *call, struct favourites *favourites)
{
	struct db *people = call->people->db;
	enum rc rc;

	rc = db_begin(people, DB_READ);
	if (rc == RC_OK)
		rc = db_end(
		    people, favourite_list(people, &call->caller, favourites));
	return rc;
}

/* The query string of a page next to this one; null without one. */
static json_t *
neighbour(const struct search *search, const char *name, int64_t id)
{
	struct query query = { 0 };

	if (id == 0)
		return json_null();
	make_query(search, &query);
	query_add_int(&query, name, id);
	return json_string(query.s);
}

static enum rc
set_search(struct page_call *call, const struct search *search,
    const struct catalog_ends *ends)
{
	const struct catalog_filter *filter = &search->filter;
	struct query query = { 0 };
	enum rc rc;

	make_query(search, &query);
	rc = page_set(call, "search",
	    json_pack("{s:s?, s:s?, s:b, s:I, s:I, s:b}", "q", filter->text,
		"category", filter->category, "favourites",
		search->is_favourites, "after", (json_int_t)filter->after,
		"before", (json_int_t)filter->before, "narrowed",
		query.len > 0));
	if (rc != RC_OK)
		return rc;
	return page_set(call, "pages",
	    json_pack("{s:o, s:o, s:b}", "earlier",
		neighbour(search, "before", ends->earlier), "later",
		neighbour(search, "after", ends->later), "some",
		ends->earlier != 0 || ends->later != 0));
}

static enum rc
get(struct page_call *call)
{
	json_t *services = json_array(), *names = json_array();
	struct favourites favourites;
	struct list list = { services, &favourites };
	struct categories categories = { .list = names };
	struct catalog_ends ends = { 0 };
	struct search search;
	enum rc rc;

	rc = read_search(call, &search);
	if (rc == RC_OK)
		rc = read_favourites(call, &favourites);
	categories.chosen = search.filter.category;
	if (rc == RC_OK)
		rc = find(call, &search, &list, &categories, &ends);
	if (rc == RC_OK)
		rc = page_set(call, "has_services",
		    json_boolean(json_array_size(services) > 0));
	if (rc == RC_OK)
		rc = page_set(call, "services", json_incref(services));
	if (rc == RC_OK)
		rc = page_set(call, "categories", json_incref(names));
	if (rc == RC_OK)
		rc = set_search(call, &search, &ends);
	json_decref(services);
	json_decref(names);
	return rc;
}

/* Keeps a service or no longer, and goes back to where that was said. */
static enum rc
set(struct page_call *call, int is_kept)
{
	struct db *people = call->people->db;
	struct query query = { 0 };
	struct search search;
	char to[sizeof(query.s) + 16];
	int64_t id;
	enum rc rc;

	rc = page_field_id(call, "service", &id);
	if (rc == RC_OK)
		rc = read_search(call, &search);
	if (rc == RC_OK)
		rc = db_begin(people, DB_WRITE);
	if (rc == RC_OK)
		rc = db_end(
		    people, favourite_set(people, &call->caller, id, is_kept));
	if (rc == RC_LIMITED)
		return page_error(call, NULL,
		    "There is no room for a further favourite: take one "
		    "away first.");
	if (rc != RC_OK)
		return rc;
	make_query(&search, &query);
	query_add_int(&query, "after", search.filter.after);
	query_add_int(&query, "before", search.filter.before);
	(void)snprintf(
	    to, sizeof(to), "services%s%s", query.len > 0 ? "?" : "", query.s);
	/* A search that is too long for a header begins anew. */
	return page_done(call, strlen(to) < 500 ? to : NULL,
	    is_kept ? "It is one of your favourites now."
		    : "It is no favourite any more.");
}

static enum rc
keep(struct page_call *call)
{
	return set(call, 1);
}

static enum rc
drop(struct page_call *call)
{
	return set(call, 0);
}

static const struct page_form forms[] = {
	{ .name = "keep", .run = keep, .flags = PAGE_SUSPENDED },
	{ .name = "drop", .run = drop, .flags = PAGE_SUSPENDED },
	{ .name = NULL },
};

const struct page page_services = {
	.name = "services",
	.title = "Services",
	.get = get,
	.forms = forms,
};
