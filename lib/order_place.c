/* SPDX-License-Identifier: ISC */
/*
 * Placing an order: the fields that its service's type takes are checked
 * against one table, priced, and written with their debit in one
 * transaction.
 */
#include <ctype.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "catalog.h"
#include "ledger.h"
#include "log.h"
#include "money.h"
#include "number.h"
#include "order.h"
#include "secret.h"

enum {
	LINK_MAX = 1000,       /* characters */
	WORD_MAX = 500,        /* bytes */
	REQUEST_ID_MAX = 128,  /* characters */
	REQUEST_HASH_LEN = 16, /* bytes that are kept of a SHA-256 */
	NUMBER_MAX = 1000000000
};

/* An order on its way into the database. */
struct draft {
	struct service service;
	const char *link; /* NULL: the type has none */
	int64_t link_hash;
	int64_t quantity;
	int64_t price_micro;
	int64_t charge_nano;
	json_t *details; /* the type's other fields */
	const char *request_id;
	unsigned char request_hash[SECRET_HASH_LEN];
};

/* Characters of valid UTF-8: bytes that do not continue a sequence. */
static size_t
characters(const char *s)
{
	size_t n = 0;

	for (; *s != '\0'; s++)
		n += ((unsigned char)*s & 0xc0) != 0x80;
	return n;
}

static int
has_control(const char *s)
{
	for (; *s != '\0'; s++)
		if (iscntrl((unsigned char)*s))
			return 1;
	return 0;
}

/* True for http:// or https:// with a host and without white space. */
static int
is_link(const char *s)
{
	const char *host = NULL;

	if (strncasecmp(s, "http://", 7) == 0)
		host = s + 7;
	if (strncasecmp(s, "https://", 8) == 0)
		host = s + 8;
	return host != NULL && host[0] != '\0' &&
	       strchr("/?#:@", host[0]) == NULL && strchr(s, ' ') == NULL &&
	       !has_control(s) && characters(s) <= LINK_MAX;
}

/* A number that ends at the given byte; *s moves behind that byte. */
static int
date_part(const char **s, char end, size_t max_len, int64_t max, int64_t *n)
{
	const char *stop = strchr(*s, end);
	size_t len;

	if (stop == NULL)
		return 0;
	len = (size_t)(stop - *s);
	if (len > max_len || number_parse(*s, len, 1, max, n) != RC_OK)
		return 0;
	*s = stop + 1;
	return 1;
}

/* True for d/m/Y, a day of the Gregorian calendar. */
static int
is_date(const char *s)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30,
		31 };
	int64_t day, month, year;
	int leap;

	if (!date_part(&s, '/', 2, 31, &day) ||
	    !date_part(&s, '/', 2, 12, &month) ||
	    !date_part(&s, '\0', 4, 9999, &year) || year < 1970)
		return 0;
	leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
	return day <= days[month - 1] + (month == 2 && leap);
}

static enum rc
number_field(const char *name, const char *value, int64_t min, int64_t *n,
    struct why *why)
{
	if (number_parse(value, strlen(value), min, NUMBER_MAX, n) == RC_OK)
		return RC_OK;
	return error_set(why, ERROR_PARAMETER, name);
}

/* Checks the value of a field by its kind; quantity has errors of its own. */
static enum rc
check_value(
    const struct service_field *field, const char *value, struct why *why)
{
	int64_t n;
	int good = 1;

	switch (field->kind) {
	case FIELD_LINK:
		return is_link(value) ? RC_OK
				      : error_set(why, ERROR_LINK, NULL);
	case FIELD_WORD:
		good = strlen(value) <= WORD_MAX && !has_control(value);
		break;
	case FIELD_TEXT:
		break;
	case FIELD_NUMBER:
		if (strcmp(field->name, "quantity") == 0)
			return RC_OK;
		return number_field(field->name, value, 0, &n, why);
	case FIELD_DATE:
		good = is_date(value);
		break;
	}
	return good ? RC_OK : error_set(why, ERROR_PARAMETER, field->name);
}

static const struct service_field *
find_field(const char *name)
{
	const struct service_field *field;

	for (field = service_fields; field->name != NULL; field++)
		if (strcmp(field->name, name) == 0)
			return field;
	return NULL;
}

/* True if an order of this form must have the field. */
static int
is_needed(const struct service_type_field *rule, const struct form *form)
{
	const char *other;

	if (rule->needed_if.field == NULL)
		return !rule->optional;
	other = form_get(form, rule->needed_if.field);
	return other != NULL && strcmp(other, rule->needed_if.value) == 0;
}

/* True for a field that this order cannot use. */
static int
is_unused(const struct draft *draft, const struct service_type_field *rule,
    const struct form *form)
{
	if (rule->needed_if.field != NULL)
		return !is_needed(rule, form);
	return !draft->service.dripfeed &&
	       (strcmp(rule->name, "runs") == 0 ||
		   strcmp(rule->name, "interval") == 0);
}

/* Checks one field and puts it into its place in the draft. */
static enum rc
take_field(struct draft *draft, const struct service_type_field *rule,
    const struct form *form, struct why *why)
{
	const struct service_field *field = find_field(rule->name);
	const char *value = form_get(form, rule->name);
	enum rc rc;

	if (field == NULL || is_unused(draft, rule, form))
		return RC_OK;
	if (value == NULL && is_needed(rule, form))
		return field->kind == FIELD_LINK
			   ? error_set(why, ERROR_LINK, NULL)
			   : error_set(why, ERROR_MISSING, rule->name);
	if (value == NULL)
		return RC_OK;
	rc = check_value(field, value, why);
	if (rc != RC_OK)
		return rc;
	if (field->kind == FIELD_LINK) {
		draft->link = value;
		return RC_OK;
	}
	if (strcmp(rule->name, "quantity") == 0)
		return RC_OK;
	if (json_object_set_new(
		draft->details, rule->name, json_string(value)) != 0) {
		log_err("cannot place an order: out of memory");
		return RC_FAIL;
	}
	return RC_OK;
}

static enum rc
bound_error(struct why *why, enum error error, int64_t bound)
{
	char text[24];

	(void)snprintf(text, sizeof(text), "%lld", (long long)bound);
	return error_set(why, error, text);
}

static enum rc
check_bounds(
    const struct service *service, int64_t least, int64_t most, struct why *why)
{
	if (least < service->min)
		return bound_error(why, ERROR_LESS, service->min);
	if (most > service->max)
		return bound_error(why, ERROR_MORE, service->max);
	return RC_OK;
}

static enum rc
quantity_of_field(struct draft *draft, const struct form *form, struct why *why)
{
	const char *value = form_get(form, "quantity");
	const char *runs = form_get(form, "runs");
	const char *interval = form_get(form, "interval");
	int64_t quantity, nruns = 1, minutes;
	enum rc rc;

	if (value == NULL)
		return error_set(why, ERROR_MISSING, "quantity");
	rc = number_parse(value, strlen(value), 0, NUMBER_MAX, &quantity);
	if (rc == RC_LIMITED)
		return bound_error(why, ERROR_MORE, draft->service.max);
	if (rc != RC_OK)
		return error_set(why, ERROR_QUANTITY, NULL);
	if (draft->service.dripfeed && draft->service.type->dripfeed &&
	    runs != NULL) {
		rc = number_field("runs", runs, 0, &nruns, why);
		if (rc != RC_OK)
			return rc;
	}
	if (nruns == 0) /* what some clients send for "none" */
		nruns = 1;
	else if (nruns > 1) {
		if (interval == NULL)
			return error_set(why, ERROR_MISSING, "interval");
		rc = number_field("interval", interval, 1, &minutes, why);
		if (rc != RC_OK)
			return rc;
	}
	draft->quantity = quantity * nruns;
	return check_bounds(&draft->service, quantity, draft->quantity, why);
}

static enum rc
quantity_of_lines(struct draft *draft, const struct form *form, struct why *why)
{
	const char *p = form_get(form, draft->service.type->lines);

	/* A line of white space is an empty one. */
	while (p != NULL && *p != '\0') {
		size_t len = strcspn(p, "\n");

		if (strspn(p, " \t\r") < len)
			draft->quantity++;
		p += len + (p[len] != '\0');
	}
	return check_bounds(
	    &draft->service, draft->quantity, draft->quantity, why);
}

static enum rc
quantity_of_posts(struct draft *draft, const struct form *form, struct why *why)
{
	const char *posts = form_get(form, "posts");
	const char *old_posts = form_get(form, "old_posts");
	int64_t least, most, fresh = 1, old = 0;
	enum rc rc;

	rc = number_field("min", form_get(form, "min"), 1, &least, why);
	if (rc == RC_OK)
		rc = number_field("max", form_get(form, "max"), 1, &most, why);
	if (rc == RC_OK && posts != NULL)
		rc = number_field("posts", posts, 0, &fresh, why);
	if (rc == RC_OK && old_posts != NULL)
		rc = number_field("old_posts", old_posts, 0, &old, why);
	if (rc != RC_OK)
		return rc;
	if (fresh + old == 0)
		return error_set(why, ERROR_PARAMETER, "posts");
	if (least > most)
		return error_set(why, ERROR_PARAMETER, "min");
	draft->quantity = most * (fresh + old);
	return check_bounds(&draft->service, least, most, why);
}

/* Finds the quantity and the price of a draft whose fields are checked. */
static enum rc
price(struct draft *draft, const struct form *form, struct why *why)
{
	enum rc rc = RC_OK;

	draft->price_micro = draft->service.rate_micro;
	switch (draft->service.type->quantity) {
	case QUANTITY_FIELD:
		rc = quantity_of_field(draft, form, why);
		break;
	case QUANTITY_PACKAGE:
		/* The rate of one is that of a thousand, a thousand times. */
		draft->quantity = 1;
		rc =
		    money_charge(draft->price_micro, 1000, &draft->price_micro);
		break;
	case QUANTITY_LINES:
		rc = quantity_of_lines(draft, form, why);
		break;
	case QUANTITY_POSTS:
		rc = quantity_of_posts(draft, form, why);
		break;
	}
	if (rc == RC_OK)
		rc = money_charge(
		    draft->price_micro, draft->quantity, &draft->charge_nano);
	if (rc == RC_LIMITED)
		return error_set(why, ERROR_QUANTITY, NULL);
	return rc;
}

static enum rc
check_fields(struct draft *draft, const struct form *form, struct why *why)
{
	const struct service_type *type = draft->service.type;
	const struct service_type_field *rule;
	enum rc rc;

	if (type == NULL)
		return RC_FAIL;
	for (rule = type->fields; rule->name != NULL; rule++) {
		rc = take_field(draft, rule, form, why);
		if (rc != RC_OK)
			return rc;
	}
	return price(draft, form, why);
}

static enum rc
find_service(struct draft *draft, struct db *db, const struct form *form,
    struct why *why)
{
	const char *value = form_get(form, "service");
	enum rc rc;
	int64_t id;

	if (value == NULL)
		return error_set(why, ERROR_MISSING, "service");
	if (number_parse(value, strlen(value), 1, INT64_MAX, &id) != RC_OK)
		return error_set(why, ERROR_SERVICE, NULL);
	rc = catalog_find(db, id, &draft->service);
	return rc == RC_NOT_FOUND ? error_set(why, ERROR_SERVICE, NULL) : rc;
}

static const char SQL_FIND_REQUEST[] =
    "SELECT id, request_hash FROM orders"
    " WHERE account_id = $1 AND request_id = $2";

/* RC_OK and *id if the request was answered before, RC_NOT_FOUND if not. */
static enum rc
find_request(struct db *db, const struct caller *caller,
    const struct draft *draft, int64_t *id, struct why *why)
{
	struct db_rows *rows = NULL;
	const void *hash;
	size_t len;
	enum rc rc;

	rc = db_query(db, SQL_FIND_REQUEST,
	    DB_ARGS(DB_INT(caller->account_id), DB_TEXT(draft->request_id)),
	    &rows);
	if (rc == RC_OK)
		rc = db_next(rows);
	if (rc == RC_OK) {
		hash = db_blob(rows, 1, &len);
		if (len == REQUEST_HASH_LEN &&
		    memcmp(hash, draft->request_hash, len) == 0)
			*id = db_int(rows, 0);
		else
			rc = error_set(why, ERROR_REQUEST_ID, NULL);
	}
	db_done(&rows);
	return rc;
}

/*
 * One of a service at most is unfinished for a link; the plus keeps SQLite
 * from the index of the service, of which many may be.
 */
static const char SQL_FIND_OPEN[] =
    "SELECT id FROM orders WHERE account_id = $1 AND link_hash = $2"
    " AND status < 4 AND link = $3 AND +service_id = $4 LIMIT 1";

enum rc
order_link_hash(const char *link, int64_t *link_hash)
{
	unsigned char hash[SECRET_HASH_LEN];
	enum rc rc;

	*link_hash = 0;
	rc = secret_sha256(link, strlen(link), hash);
	if (rc == RC_OK)
		memcpy(link_hash, hash, sizeof(*link_hash));
	return rc;
}

/* Refuses a second unfinished order of the same service for one link. */
static enum rc
check_link(struct db *db, const struct caller *caller, struct draft *draft,
    struct why *why)
{
	int64_t other;
	enum rc rc;

	if (draft->link == NULL)
		return RC_OK;
	rc = order_link_hash(draft->link, &draft->link_hash);
	if (rc != RC_OK)
		return rc;
	rc = db_one(db, SQL_FIND_OPEN,
	    DB_ARGS(DB_INT(caller->account_id), DB_INT(draft->link_hash),
		DB_TEXT(draft->link), DB_INT(draft->service.id)),
	    &other);
	if (rc == RC_NOT_FOUND)
		return RC_OK;
	return rc == RC_OK ? error_set(why, ERROR_LINK_ACTIVE, NULL) : rc;
}

/* Fills a draft from a form, and its price. */
static enum rc
check(struct db *db, const struct caller *caller, struct draft *draft,
    const struct form *form, struct why *why)
{
	enum rc rc;

	rc = find_service(draft, db, form, why);
	if (rc == RC_OK)
		rc = check_fields(draft, form, why);
	if (rc == RC_OK)
		rc = check_link(db, caller, draft, why);
	return rc;
}

static const char SQL_INSERT[] =
    "INSERT INTO orders (account_id, service_id, status, link, link_hash,"
    " quantity, remains, price_micro, charge_nano, details, request_id,"
    " request_hash, created_at, updated_at)"
    " VALUES ($1, $2, $3, $4, $5, $6, $6, $7, $8, $9, $10, $11, $12, $12)";

static enum rc
insert(struct db *db, const struct caller *caller, const struct draft *draft,
    int64_t now, int64_t *id)
{
	char *details = NULL;
	enum rc rc;

	if (json_object_size(draft->details) > 0) {
		details = json_dumps(draft->details, JSON_COMPACT);
		if (details == NULL) {
			log_err("cannot place an order: out of memory");
			return RC_FAIL;
		}
	}
	rc = db_run(db, SQL_INSERT,
	    DB_ARGS(DB_INT(caller->account_id), DB_INT(draft->service.id),
		DB_INT(ORDER_PENDING), DB_TEXT(draft->link),
		draft->link != NULL ? DB_INT(draft->link_hash) : DB_NULL,
		DB_INT(draft->quantity), DB_INT(draft->price_micro),
		DB_INT(draft->charge_nano), DB_TEXT(details),
		DB_TEXT(draft->request_id),
		draft->request_id != NULL
		    ? DB_BLOB(draft->request_hash, REQUEST_HASH_LEN)
		    : DB_NULL,
		DB_INT(now)));
	free(details);
	if (rc == RC_OK)
		*id = db_last_id(db);
	return rc;
}

/* The first event about an order. */
static enum rc
tell(struct db *db, const struct caller *caller, const struct draft *draft,
    int64_t now, int64_t id)
{
	const struct order order = { .id = id,
		.status = ORDER_PENDING,
		.remains = draft->quantity,
		.charge_nano = draft->charge_nano };

	return order_tell(db, caller, &order, EVENT_ORDER_CREATED, 1, 0, now);
}

/* The order's transaction. */
static enum rc
place(struct db *db, const struct caller *caller, struct draft *draft,
    const struct form *form, int64_t now, int64_t *id, struct why *why)
{
	enum rc rc = RC_NOT_FOUND;

	if (draft->request_id != NULL)
		rc = find_request(db, caller, draft, id, why);
	if (rc != RC_NOT_FOUND)
		return rc;
	rc = check(db, caller, draft, form, why);
	if (rc == RC_OK)
		rc = insert(db, caller, draft, now, id);
	if (rc == RC_OK)
		rc = ledger_charge(
		    db, caller, *id, draft->charge_nano, now, why);
	if (rc == RC_OK)
		rc = tell(db, caller, draft, now, *id);
	return rc;
}

/* Hashes every field that an order may have, in the table's order. */
static enum rc
hash_request(struct draft *draft, const struct form *form)
{
	const struct service_field *field;
	const char *value;
	char *text = NULL;
	enum rc rc = RC_FAIL;
	size_t len = 0;
	FILE *out;

	out = open_memstream(&text, &len);
	if (out == NULL)
		goto out;
	value = form_get(form, "service");
	(void)fprintf(out, "service=%s%c", value != NULL ? value : "", 0);
	for (field = service_fields; field->name != NULL; field++) {
		value = form_get(form, field->name);
		if (value != NULL)
			(void)fprintf(out, "%s=%s%c", field->name, value, 0);
	}
	if (fclose(out) == 0)
		rc = secret_sha256(text, len, draft->request_hash);
out:
	if (rc != RC_OK)
		log_err("cannot hash a request: out of memory");
	free(text);
	return rc;
}

static enum rc
begin(struct draft *draft)
{
	draft->details = json_object();
	if (draft->details != NULL)
		return RC_OK;
	log_err("cannot place an order: out of memory");
	return RC_FAIL;
}

enum rc
order_quote(struct db *db, const struct caller *caller, const struct form *form,
    struct order_quote *quote, struct why *why)
{
	struct draft draft = { 0 };
	enum rc rc;

	*quote = (struct order_quote){ 0 };
	rc = begin(&draft);
	if (rc == RC_OK)
		rc = check(db, caller, &draft, form, why);
	if (rc == RC_OK) {
		quote->service_id = draft.service.id;
		quote->quantity = draft.quantity;
		quote->price_micro = draft.price_micro;
		quote->charge_nano = draft.charge_nano;
	}
	json_decref(draft.details);
	return rc;
}

enum rc
order_place(struct db *db, const struct caller *caller, const struct form *form,
    int64_t now, int64_t *id, struct why *why)
{
	struct draft draft = { .request_id = form_get(form, "request_id") };
	enum rc rc = RC_FAIL;

	*id = 0;
	if (draft.request_id != NULL) {
		if (characters(draft.request_id) > REQUEST_ID_MAX)
			return error_set(why, ERROR_PARAMETER, "request_id");
		if (hash_request(&draft, form) != RC_OK)
			return RC_FAIL;
	}
	rc = begin(&draft);
	if (rc != RC_OK)
		return rc;
	rc = db_begin(db, DB_WRITE);
	if (rc == RC_OK) {
		rc = place(db, caller, &draft, form, now, id, why);
		rc = db_end(db, rc);
	}
	if (rc != RC_OK)
		*id = 0;
	json_decref(draft.details);
	return rc;
}
