/* SPDX-License-Identifier: ISC */
/*
 * /dashboard/place: a new order, in three steps that need no script: choose
 * a service, fill in what its type takes, see the price and confirm.  The
 * last one takes effect once, however often it is sent.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "catalog.h"
#include "favourite.h"
#include "money.h"
#include "number.h"
#include "order.h"
#include "order_list.h"
#include "order_model.h"
#include "page.h"

enum { CHOICES_MAX = 500 /* services that are offered in one list */ };

/* What people read beside a field of service_type.c. */
static const struct {
	const char *name, *label, *hint;
} labels[] = {
	{ "link", "Link",
	    "The page that it is for, with http:// or https://." },
	{ "quantity", "Quantity", NULL },
	{ "comments", "Comments", "One a line." },
	{ "usernames", "User names", "One a line." },
	{ "hashtags", "Hashtags", "One a line." },
	{ "keywords", "Keywords", "One a line." },
	{ "groups", "Groups", "One a line." },
	{ "username", "User name", NULL },
	{ "hashtag", "Hashtag", NULL },
	{ "media", "Media", "The link to the media." },
	{ "answer_number", "Number of the answer", NULL },
	{ "country", "Country", NULL },
	{ "device", "Device", NULL },
	{ "type_of_traffic", "Type of traffic",
	    "1 from a search, 2 from a page, 3 direct." },
	{ "google_keyword", "Search words", "For traffic from a search." },
	{ "referring_url", "Referring page", "For traffic from a page." },
	{ "runs", "Runs",
	    "Deliver this quantity so many times; empty for "
	    "once." },
	{ "interval", "Minutes between runs", NULL },
	{ "min", "Quantity at least", NULL },
	{ "max", "Quantity at most", NULL },
	{ "posts", "New posts", NULL },
	{ "old_posts", "Old posts", NULL },
	{ "delay", "Delay in minutes", NULL },
	{ "expiry", "Ends on", "Day/month/year." },
};

/* A service of the catalogue that outlives its row. */
struct offer {
	struct service service; /* its texts are in the model */
	json_t *model;          /* owned */
};

static size_t
label_of(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(labels) / sizeof(labels[0]) - 1; i++)
		if (strcmp(labels[i].name, name) == 0)
			break;
	return i;
}

/* --- the service ---------------------------------------------------------- */

static enum rc
keep_service(void *arg, const struct service *s)
{
	struct offer *offer = arg;
	char price[MONEY_TEXT_LEN];

	offer->service = *s;
	offer->model = json_pack("{s:I, s:s, s:s, s:s, s:s, s:s, s:b, s:I, s:I,"
				 " s:I, s:b}",
	    "id", (json_int_t)s->id, "name", s->name, "category", s->category,
	    "description", s->description, "type", s->type->name, "price",
	    money_format_rate(s->rate_micro, price), "is_package",
	    s->type->quantity == QUANTITY_PACKAGE, "min", (json_int_t)s->min,
	    "max", (json_int_t)s->max, "rate_micro", (json_int_t)s->rate_micro,
	    "is_simple", s->type->quantity == QUANTITY_FIELD && !s->dripfeed);
	return offer->model != NULL ? RC_OK : RC_FAIL;
}

static enum rc
find_service(struct page_call *call, int64_t id, struct offer *offer)
{
	enum rc rc;

	rc = db_begin(call->db, DB_READ);
	if (rc == RC_OK)
		rc = db_end(
		    call->db, catalog_show(call->db, id, keep_service, offer));
	return rc;
}

/* --- the fields ----------------------------------------------------------- */

/*
 * The field that a refusal is about; NULL: the order as a whole.  The
 * quantity of some types is the number of lines of another field.
 */
static const char *
field_of(const struct service_type *type, const struct why *why)
{
	switch ((int)why->error) {
	case ERROR_LINK:
	case ERROR_LINK_ACTIVE:
		return "link";
	case ERROR_MISSING:
	case ERROR_PARAMETER:
		return why->arg;
	case ERROR_LESS:
	case ERROR_MORE:
		if (type->quantity == QUANTITY_POSTS)
			return why->error == ERROR_LESS ? "min" : "max";
		return type->quantity == QUANTITY_LINES ? type->lines
							: "quantity";
	case ERROR_QUANTITY:
		return "quantity";
	default:
		return NULL;
	}
}

/* A refusal in a sentence of ours. */
static void
sentence(const struct service_type *type, enum rc rc, const struct why *why,
    char text[ERROR_TEXT_LEN])
{
	const char *what =
	    type->quantity == QUANTITY_LINES ? "lines" : "pieces";

	switch ((int)why->error) {
	case ERROR_LINK:
		(void)snprintf(text, ERROR_TEXT_LEN,
		    "Give a link that begins with http:// or https://.");
		break;
	case ERROR_LINK_ACTIVE:
		(void)snprintf(text, ERROR_TEXT_LEN,
		    "There is an unfinished order of this service for this "
		    "link: wait for its end.");
		break;
	case ERROR_MISSING:
		(void)snprintf(text, ERROR_TEXT_LEN, "This is needed.");
		break;
	case ERROR_PARAMETER:
		(void)snprintf(text, ERROR_TEXT_LEN, "This cannot be used.");
		break;
	case ERROR_LESS:
		(void)snprintf(
		    text, ERROR_TEXT_LEN, "At least %s %s.", why->arg, what);
		break;
	case ERROR_MORE:
		(void)snprintf(text, ERROR_TEXT_LEN, "At most %s %s%s.",
		    why->arg, what,
		    type->dripfeed ? " in all runs together" : "");
		break;
	case ERROR_QUANTITY:
		(void)snprintf(text, ERROR_TEXT_LEN, "Give a whole number.");
		break;
	case ERROR_FUNDS:
		(void)snprintf(text, ERROR_TEXT_LEN,
		    "The balance does not cover this order.");
		break;
	default:
		error_text(error_of(rc, why), why->arg, text);
		break;
	}
}

static enum field_kind
kind_of(const char *name)
{
	const struct service_field *field = service_fields;

	while (field->name != NULL && strcmp(field->name, name) != 0)
		field++;
	return field->kind;
}

/* The value of a field: as it was sent, or as the order had it. */
static const char *
value_of(const struct page_call *call, const json_t *again, const char *name)
{
	const char *value;

	if (call->form != NULL)
		value = page_field(call, name);
	else
		value = json_string_value(json_object_get(again, name));
	return value != NULL ? value : "";
}

static json_t *
field_model(struct page_call *call, const struct service_type_field *rule,
    const json_t *again)
{
	size_t i = label_of(rule->name);
	const json_t *problem = json_object_get(call->model, "problem");
	const char *wrong =
	    json_string_value(json_object_get(problem, "field"));
	enum field_kind kind = kind_of(rule->name);

	if (wrong != NULL && strcmp(wrong, rule->name) == 0)
		wrong = json_string_value(json_object_get(problem, "text"));
	else
		wrong = NULL;
	return json_pack("{s:s, s:s, s:s?, s:s, s:b, s:b, s:b, s:b, s:s?}",
	    "name", rule->name, "label", labels[i].label, "hint",
	    labels[i].hint, "value", value_of(call, again, rule->name),
	    "needed", !rule->optional, "is_link", kind == FIELD_LINK, "is_text",
	    kind == FIELD_TEXT, "is_number", kind == FIELD_NUMBER, "why",
	    wrong);
}

/* Fields that the service does not take are not shown. */
static int
is_shown(const struct offer *offer, const struct service_type_field *rule)
{
	return offer->service.dripfeed ||
	       (strcmp(rule->name, "runs") != 0 &&
		   strcmp(rule->name, "interval") != 0);
}

static enum rc
set_fields(
    struct page_call *call, const struct offer *offer, const json_t *again)
{
	const struct service_type_field *rule;
	json_t *list = json_array();
	enum rc rc = RC_OK;

	for (rule = offer->service.type->fields;
	     rc == RC_OK && rule->name != NULL; rule++)
		if (is_shown(offer, rule))
			rc = order_model_add(
			    list, field_model(call, rule, again));
	if (rc == RC_OK)
		return page_set(call, "fields", list);
	json_decref(list);
	return rc;
}

/* --- an order again ------------------------------------------------------- */

/* What an order was placed with. */
struct past {
	int64_t service_id;
	json_t *fields; /* owned */
};

static enum rc
keep_past(void *arg, const struct order_item *order)
{
	struct past *past = arg;
	const char *runs;
	char quantity[24];
	int64_t nruns = 1;

	past->service_id = order->service_id;
	past->fields = order->details != NULL
			   ? json_loads(order->details, 0, NULL)
			   : json_object();
	if (!json_is_object(past->fields))
		return RC_FAIL;
	/* The quantity of an order is that of all runs. */
	runs = json_string_value(json_object_get(past->fields, "runs"));
	if (runs == NULL ||
	    number_parse(runs, strlen(runs), 1, INT64_MAX, &nruns) != RC_OK)
		nruns = 1;
	(void)snprintf(quantity, sizeof(quantity), "%lld",
	    (long long)(order->quantity / nruns));
	if (json_object_set_new(
		past->fields, "quantity", json_string(quantity)) != 0 ||
	    (order->link != NULL && json_object_set_new(past->fields, "link",
					json_string(order->link)) != 0))
		return RC_FAIL;
	return RC_OK;
}

static enum rc
find_past(struct page_call *call, int64_t id, struct past *past)
{
	struct why why = { 0 };
	enum rc rc;

	rc = db_begin(call->db, DB_READ);
	if (rc == RC_OK)
		rc = db_end(call->db, order_list_show(call->db, &call->caller,
					  id, keep_past, past, &why));
	return rc;
}

/* --- the page ------------------------------------------------------------- */

static enum rc
add_choice(void *arg, const struct service *s)
{
	char price[MONEY_TEXT_LEN];

	return order_model_add(arg,
	    json_pack("{s:I, s:s, s:s}", "id", (json_int_t)s->id, "name",
		s->name, "price", money_format_rate(s->rate_micro, price)));
}

/* One more of the list; services of a category follow each other. */
static enum rc
add_grouped(void *groups, const struct service *s)
{
	json_t *group = json_array_get(groups, json_array_size(groups) - 1);
	const char *last =
	    json_string_value(json_object_get(group, "category"));
	enum rc rc = RC_OK;

	if (last == NULL || strcmp(last, s->category) != 0) {
		group = json_pack(
		    "{s:s, s:[]}", "category", s->category, "services");
		rc = order_model_add(groups, group);
	}
	return rc == RC_OK ? add_choice(json_object_get(group, "services"), s)
			   : rc;
}

/* The whole catalogue by category, unless that is more than one looks at. */
static enum rc
set_groups(struct page_call *call)
{
	json_t *groups = json_array();
	int64_t n = 0;
	enum rc rc;

	if ((rc = db_begin(call->db, DB_READ)) == RC_OK) {
		rc = catalog_count(call->db, CHOICES_MAX + 1, &n);
		if (rc == RC_OK && n <= CHOICES_MAX)
			rc = catalog_each(call->db, 0, add_grouped, groups);
		rc = db_end(call->db, rc);
	}
	if (rc == RC_OK)
		rc = page_set(call, "has_groups",
		    json_boolean(json_array_size(groups) > 0));
	if (rc == RC_OK)
		rc = page_set(call, "groups", json_incref(groups));
	json_decref(groups);
	return rc;
}

/* Without a service: the favourites to choose from, and all there are. */
static enum rc
set_choices(struct page_call *call)
{
	struct db *people = call->people->db;
	struct favourites favourites;
	json_t *list = json_array();
	enum rc rc;
	size_t i;

	rc = db_begin(people, DB_READ);
	if (rc == RC_OK)
		rc = db_end(
		    people, favourite_list(people, &call->caller, &favourites));
	if (rc == RC_OK && (rc = db_begin(call->db, DB_READ)) == RC_OK) {
		for (i = 0; rc == RC_OK && i < favourites.n; i++) {
			rc = catalog_show(
			    call->db, favourites.id[i], add_choice, list);
			if (rc == RC_NOT_FOUND)
				rc = RC_OK;
		}
		rc = db_end(call->db, rc);
	}
	if (rc == RC_OK)
		rc = page_set(call, "has_choices",
		    json_boolean(json_array_size(list) > 0));
	if (rc == RC_OK)
		rc = page_set(call, "choices", json_incref(list));
	json_decref(list);
	return rc == RC_OK ? set_groups(call) : rc;
}

static enum rc
set_service(struct page_call *call, int64_t id, const json_t *again)
{
	struct offer offer = { 0 };
	enum rc rc;

	rc = find_service(call, id, &offer);
	if (rc == RC_OK)
		rc = set_fields(call, &offer, again);
	if (rc == RC_OK)
		rc = page_set(call, "service", json_incref(offer.model));
	json_decref(offer.model);
	if (rc == RC_NOT_FOUND) {
		rc = page_set(call, "unknown", json_true());
		return rc == RC_OK ? set_choices(call) : rc;
	}
	return rc;
}

static enum rc
get(struct page_call *call)
{
	struct past past = { 0 };
	int64_t id;
	enum rc rc;

	if (call->form != NULL) {
		rc = page_field_id(call, "service", &id);
		return rc == RC_OK ? set_service(call, id, NULL) : rc;
	}
	if (page_query(call, "again") != NULL) {
		rc = page_query_id(call, "again", &id);
		if (rc == RC_OK)
			rc = find_past(call, id, &past);
		if (rc == RC_OK)
			rc = set_service(call, past.service_id, past.fields);
		json_decref(past.fields);
		return rc;
	}
	if (page_query(call, "service") == NULL)
		return set_choices(call);
	/* Typed by hand: what is no number is no service. */
	if (page_query_id(call, "service", &id) != RC_OK)
		id = 0;
	return set_service(call, id, NULL);
}

/* --- the forms ------------------------------------------------------------ */

/* Notes why the order cannot be: beside its field, and for the page. */
static enum rc
refuse(struct page_call *call, const struct service_type *type, enum rc rc,
    const struct why *why)
{
	char text[ERROR_TEXT_LEN];
	const char *field;

	if (type == NULL || (rc != RC_INVALID && rc != RC_NOT_FOUND))
		return rc;
	field = field_of(type, why);
	sentence(type, rc, why, text);
	if (field == NULL)
		return page_error(call, NULL, text);
	rc = page_set(call, "problem",
	    json_pack("{s:s, s:s}", "field", field, "text", text));
	return rc == RC_OK ? page_error(call, field, text) : rc;
}

/* Reads the service that a form is for; one that is gone is told as such. */
static enum rc
begin(struct page_call *call, struct offer *offer)
{
	int64_t id;
	enum rc rc;

	rc = page_field_id(call, "service", &id);
	if (rc == RC_OK)
		rc = find_service(call, id, offer);
	if (rc == RC_NOT_FOUND)
		return page_error(call, NULL, "There is no such service.");
	return rc;
}

static enum rc
quote(struct page_call *call, const struct offer *offer,
    struct order_quote *price)
{
	struct why why = { 0 };
	enum rc rc;

	rc = db_begin(call->db, DB_READ);
	if (rc == RC_OK)
		rc = db_end(call->db, order_quote(call->db, &call->caller,
					  call->form, price, &why));
	return rc == RC_OK ? rc : refuse(call, offer->service.type, rc, &why);
}

/* Shows the price, and a form that confirms it. */
static enum rc
set_quote(struct page_call *call, const struct order_quote *price)
{
	const int64_t balance = call->account.balance_nano;
	char charge[MONEY_TEXT_LEN], after[MONEY_TEXT_LEN];

	return page_set(call, "quote",
	    json_pack("{s:I, s:s, s:s, s:b}", "quantity",
		(json_int_t)price->quantity, "charge",
		money_format(price->charge_nano, charge), "after",
		money_format(balance - price->charge_nano, after), "covered",
		balance >= price->charge_nano));
}

static enum rc
check(struct page_call *call)
{
	struct offer offer = { 0 };
	struct order_quote price = { 0 };
	enum rc rc;

	rc = begin(call, &offer);
	if (rc == RC_OK)
		rc = quote(call, &offer, &price);
	if (rc == RC_OK)
		rc = set_quote(call, &price);
	json_decref(offer.model);
	return rc == RC_OK ? page_show(call) : rc;
}

/* The fields of an order alone, with a name that makes it the only one. */
static enum rc
make_form(const struct page_call *call, struct form **form)
{
	const struct service_field *field = service_fields;
	const char *value = page_field(call, "service");
	enum rc rc;

	rc = form_new(form);
	if (rc == RC_OK && value != NULL)
		rc = form_add(*form, "service", value);
	for (; rc == RC_OK && field->name != NULL; field++) {
		value = page_field(call, field->name);
		if (value != NULL)
			rc = form_add(*form, field->name, value);
	}
	if (rc == RC_OK)
		rc = form_add(*form, "request_id", page_once(call));
	return rc;
}

static enum rc
run_place(struct page_call *call, const struct offer *offer, int64_t *id)
{
	struct form *form = NULL;
	struct why why = { 0 };
	enum rc rc;

	rc = make_form(call, &form);
	if (rc == RC_OK)
		rc = order_place(
		    call->db, &call->caller, form, call->now, id, &why);
	form_free(form);
	return rc == RC_OK ? rc : refuse(call, offer->service.type, rc, &why);
}

/*
 * True if the price is still the one that was shown.  Between this and the
 * order's own transaction the operator would have to change it, within
 * microseconds; what is charged is on the order's page.
 */
static int
is_as_shown(const struct page_call *call, const struct order_quote *price)
{
	const char *shown = page_field(call, "charge");
	char charge[MONEY_TEXT_LEN];

	return shown != NULL &&
	       strcmp(shown, money_format(price->charge_nano, charge)) == 0;
}

static enum rc
place(struct page_call *call)
{
	struct offer offer = { 0 };
	struct order_quote price = { 0 };
	char to[40], notice[64];
	int64_t id = 0;
	enum rc rc;

	rc = begin(call, &offer);
	if (rc == RC_OK)
		rc = quote(call, &offer, &price);
	if (rc == RC_OK && !is_as_shown(call, &price)) {
		rc = set_quote(call, &price);
		if (rc == RC_OK)
			rc = page_error(call, NULL,
			    "The price has changed meanwhile: look at it "
			    "again.");
	} else if (rc == RC_OK) {
		rc = run_place(call, &offer, &id);
	}
	json_decref(offer.model);
	if (rc != RC_OK)
		return rc;
	(void)snprintf(to, sizeof(to), "order?id=%lld", (long long)id);
	(void)snprintf(
	    notice, sizeof(notice), "Order %lld is placed.", (long long)id);
	return page_done(call, to, notice);
}

static const struct page_form forms[] = {
	{ .name = "check", .run = check },
	{ .name = "place", .run = place, .flags = PAGE_ONCE },
	{ .name = NULL },
};

const struct page page_place = {
	.name = "place",
	.title = "New order",
	.get = get,
	.forms = forms,
};
