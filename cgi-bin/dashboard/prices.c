/* SPDX-License-Identifier: ISC */
/*
 * /dashboard/prices: what is sold, and for how much, for everybody where the
 * operator says so (price_list = public), otherwise for who is logged in.
 */
#include <stdio.h>
#include <string.h>

#include "catalog.h"
#include "money.h"
#include "page.h"
#include "text.h"

enum {
	PAGE_SERVICES = 50,
	DESCRIPTION_MAX = 300, /* bytes that are shown of one */
	SEARCH_MAX = 100       /* bytes */
};

/* Services under their category, as they come. */
struct shelf {
	json_t *groups; /* of {category, services} */
	json_t *services;
	int64_t last; /* id of the one that was put last */
	int64_t left; /* how many more go on the page */
	int is_more;
};

/* Begins a group if the service is of another category than the last. */
static enum rc
begin_group(struct shelf *shelf, const char *category)
{
	size_t n = json_array_size(shelf->groups);
	json_t *group = n > 0 ? json_array_get(shelf->groups, n - 1) : NULL;

	if (group != NULL &&
	    strcmp(json_string_value(json_object_get(group, "category")),
		category) == 0)
		return RC_OK;
	group = json_pack("{s:s, s:[]}", "category", category, "services");
	if (json_array_append_new(shelf->groups, group) != 0)
		return RC_FAIL;
	shelf->services = json_object_get(group, "services");
	return RC_OK;
}

static enum rc
put(void *arg, const struct service *s)
{
	char rate[MONEY_TEXT_LEN], text[DESCRIPTION_MAX + 1];
	struct shelf *shelf = arg;
	size_t len = strlen(s->description);
	json_t *item;

	if (shelf->left-- == 0) {
		shelf->is_more = 1;
		return RC_OK;
	}
	if (begin_group(shelf, s->category) != RC_OK)
		return RC_FAIL;
	(void)snprintf(text, sizeof(text), "%.*s",
	    (int)text_cut(s->description, len, DESCRIPTION_MAX),
	    s->description);
	item = json_pack("{s:I, s:s, s:s, s:b, s:s, s:b, s:I, s:I, s:b, s:b}",
	    "id", (json_int_t)s->id, "name", s->name, "description", text,
	    "cut", len > DESCRIPTION_MAX, "rate",
	    money_format_rate(s->rate_micro, rate), "package",
	    s->type->quantity == QUANTITY_PACKAGE, "min", (json_int_t)s->min,
	    "max", (json_int_t)s->max, "refill", s->refill, "cancel",
	    s->cancel);
	shelf->last = s->id;
	return json_array_append_new(shelf->services, item) == 0 ? RC_OK
								 : RC_FAIL;
}

/* Categories to choose from. */
struct choice {
	json_t *list;
	const char *chosen;
};

static enum rc
offer(void *arg, const char *category, int64_t n)
{
	struct choice *choice = arg;
	int chosen =
	    choice->chosen != NULL && strcmp(choice->chosen, category) == 0;

	return json_array_append_new(
		   choice->list, json_pack("{s:s, s:I, s:b}", "name", category,
				     "n", (json_int_t)n, "chosen", chosen)) == 0
		   ? RC_OK
		   : RC_FAIL;
}

/* What the URL asks for. */
static enum rc
read_filter(const struct page_call *call, struct catalog_filter *filter)
{
	*filter = (struct catalog_filter){
		.category = page_query(call, "category"),
		.text = page_query(call, "q"),
		.limit = PAGE_SERVICES + 1,
	};
	if (filter->text != NULL && strlen(filter->text) > SEARCH_MAX)
		return RC_INVALID;
	if (page_query(call, "after") == NULL)
		return RC_OK;
	return page_query_id(call, "after", &filter->after);
}

static enum rc
set_model(struct page_call *call, const struct catalog_filter *filter,
    const struct shelf *shelf, const struct choice *choice)
{
	enum rc rc;

	rc = page_set(call, "groups", json_incref(shelf->groups));
	if (rc == RC_OK)
		rc = page_set(call, "categories", json_incref(choice->list));
	if (rc == RC_OK)
		rc = page_set(
		    call, "currency", json_string(call->config->currency));
	if (rc == RC_OK)
		rc = page_set(call, "filter",
		    json_pack("{s:s, s:s, s:b}", "category",
			filter->category != NULL ? filter->category : "", "q",
			filter->text != NULL ? filter->text : "", "later",
			filter->after != 0));
	if (rc == RC_OK && shelf->is_more)
		rc = page_set(call, "after", json_integer(shelf->last));
	return rc;
}

static enum rc
get(struct page_call *call)
{
	struct shelf shelf = { .left = PAGE_SERVICES };
	struct choice choice = { .chosen = page_query(call, "category") };
	struct catalog_filter filter;
	enum rc rc;

	if (!call->config->has_public_prices && call->account.id == 0)
		return RC_NOT_FOUND;
	if ((rc = read_filter(call, &filter)) != RC_OK)
		return rc;
	shelf.groups = json_array();
	choice.list = json_array();
	if ((rc = db_begin(call->db, DB_READ)) == RC_OK) {
		rc = catalog_search(call->db, &filter, put, &shelf);
		if (rc == RC_OK)
			rc = catalog_categories(call->db, offer, &choice);
		rc = db_end(call->db, rc);
	}
	if (rc == RC_OK)
		rc = set_model(call, &filter, &shelf, &choice);
	json_decref(shelf.groups);
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
