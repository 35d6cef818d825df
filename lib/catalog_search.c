/* SPDX-License-Identifier: ISC */
/*
 * The catalogue in pages, for those who look for something in it.  Pages go
 * by id, so that one that has been reached is found by a step down the
 * table.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "catalog.h"
#include "log.h"
#include "text.h"

/* Calls with the columns of SQL_SHOW. */
static enum rc
call_each(struct db_rows *rows,
    enum rc (*each)(void *arg, const struct service *service), void *arg)
{
	struct service service = {
		.id = db_int(rows, 0),
		.type = service_type_find(db_text(rows, 1)),
		.rate_micro = db_int(rows, 2),
		.min = db_int(rows, 3),
		.max = db_int(rows, 4),
		.refill = db_int(rows, 5) != 0,
		.cancel = db_int(rows, 6) != 0,
		.dripfeed = db_int(rows, 7) != 0,
		.active = 1,
		.name = db_text(rows, 8),
		.category = db_text(rows, 9),
		.description = db_text(rows, 10),
	};

	if (service.type != NULL)
		return each(arg, &service);
	log_err(
	    "cannot sell service %lld: unknown type", (long long)service.id);
	return RC_FAIL;
}

/*
 * By name alone, or within a category, which an index has in the order of
 * ids; $1 is only there for both to have the same arguments.
 */
#define NAMED " AND ($2 IS NULL OR INSTR(LOWER(name), LOWER($2)) > 0)"

static const char SQL_LATER[] =
    "SELECT id FROM service WHERE active = 1 AND $1 IS NULL" NAMED
    " AND id > $3 ORDER BY id LIMIT $4";
static const char SQL_EARLIER[] =
    "SELECT id FROM service WHERE active = 1 AND $1 IS NULL" NAMED
    " AND id < $3 ORDER BY id DESC LIMIT $4";
static const char SQL_LATER_OF_CATEGORY[] =
    "SELECT id FROM service WHERE active = 1 AND category = $1" NAMED
    " AND id > $3 ORDER BY id LIMIT $4";
static const char SQL_EARLIER_OF_CATEGORY[] =
    "SELECT id FROM service WHERE active = 1 AND category = $1" NAMED
    " AND id < $3 ORDER BY id DESC LIMIT $4";

static const char *
statement(const struct catalog_filter *filter, int is_later)
{
	if (filter->category == NULL)
		return is_later ? SQL_LATER : SQL_EARLIER;
	return is_later ? SQL_LATER_OF_CATEGORY : SQL_EARLIER_OF_CATEGORY;
}

struct ids {
	size_t n;
	int64_t id[CATALOG_PAGE + 1];
};

/* Finds up to limit ids, the nearest to from first. */
static enum rc
find(struct db *db, const struct catalog_filter *filter, int is_later,
    int64_t from, int64_t limit, struct ids *ids)
{
	struct db_rows *rows = NULL;
	enum rc rc;

	ids->n = 0;
	rc = db_query(db, statement(filter, is_later),
	    DB_ARGS(DB_TEXT(filter->category), DB_TEXT(filter->text),
		DB_INT(from), DB_INT(limit)),
	    &rows);
	while (db_more(rows, &rc))
		ids->id[ids->n++] = db_int(rows, 0);
	db_done(&rows);
	return rc;
}

static void
turn_round(struct ids *ids)
{
	size_t i;

	for (i = 0; i < ids->n / 2; i++) {
		int64_t id = ids->id[i];

		ids->id[i] = ids->id[ids->n - 1 - i];
		ids->id[ids->n - 1 - i] = id;
	}
}

/* Finds the ids of a page in their order, and what lies beyond. */
static enum rc
find_page(struct db *db, const struct catalog_filter *filter, struct ids *ids,
    struct catalog_ends *ends)
{
	int is_later = filter->before == 0, is_more;
	struct ids other;
	enum rc rc;

	rc = find(db, filter, is_later,
	    is_later ? filter->after : filter->before, CATALOG_PAGE + 1, ids);
	if (rc != RC_OK || ids->n == 0)
		return rc;
	is_more = ids->n > CATALOG_PAGE;
	if (is_more)
		ids->n = CATALOG_PAGE;
	if (!is_later)
		turn_round(ids);
	/* Is there something on the side that was come from? */
	rc = find(db, filter, !is_later,
	    is_later ? ids->id[0] : ids->id[ids->n - 1], 1, &other);
	if (rc != RC_OK)
		return rc;
	if (is_later ? other.n > 0 : is_more)
		ends->earlier = ids->id[0];
	if (is_later ? is_more : other.n > 0)
		ends->later = ids->id[ids->n - 1];
	return RC_OK;
}

enum rc
catalog_search(struct db *db, const struct catalog_filter *filter,
    enum rc (*each)(void *arg, const struct service *service), void *arg,
    struct catalog_ends *ends)
{
	struct ids ids;
	enum rc rc;
	size_t i;

	*ends = (struct catalog_ends){ 0 };
	rc = find_page(db, filter, &ids, ends);
	for (i = 0; rc == RC_OK && i < ids.n; i++)
		rc = catalog_show(db, ids.id[i], each, arg);
	return rc;
}

static const char SQL_SHOW[] =
    "SELECT id, type, rate_micro, min, max, refill, cancel, dripfeed, name,"
    " category, description FROM service WHERE active = 1 AND id = $1";

enum rc
catalog_show(struct db *db, int64_t id,
    enum rc (*show)(void *arg, const struct service *service), void *arg)
{
	struct db_rows *rows = NULL;
	enum rc rc;

	rc = db_query(db, SQL_SHOW, DB_ARGS(DB_INT(id)), &rows);
	if (rc == RC_OK)
		rc = db_next(rows);
	if (rc == RC_OK)
		rc = call_each(rows, show, arg);
	db_done(&rows);
	return rc;
}

static const char SQL_COUNT[] =
    "SELECT COUNT(*) FROM"
    " (SELECT 1 FROM service WHERE active = 1 LIMIT $1)";

enum rc
catalog_count(struct db *db, int64_t max, int64_t *n)
{
	struct db_rows *rows = NULL;
	enum rc rc;

	*n = 0;
	rc = db_query(db, SQL_COUNT, DB_ARGS(DB_INT(max)), &rows);
	if (rc == RC_OK)
		rc = db_next(rows);
	if (rc == RC_OK)
		*n = db_int(rows, 0);
	db_done(&rows);
	return rc;
}

/*
 * From each category to the next by the index: grouping would go through all
 * services.
 */
static const char SQL_CATEGORIES[] =
    "WITH RECURSIVE categories (name) AS ("
    "SELECT MIN(category) FROM service WHERE active = 1"
    " UNION ALL SELECT (SELECT MIN(category) FROM service"
    " WHERE active = 1 AND category > categories.name) FROM categories"
    " WHERE name IS NOT NULL)"
    " SELECT name FROM categories WHERE name IS NOT NULL LIMIT $1";

enum rc
catalog_categories(
    struct db *db, enum rc (*each)(void *arg, const char *category), void *arg)
{
	struct db_rows *rows = NULL;
	enum rc rc;

	rc = db_query(
	    db, SQL_CATEGORIES, DB_ARGS(DB_INT(CATALOG_CATEGORIES_MAX)), &rows);
	while (db_more(rows, &rc))
		rc = each(arg, db_text(rows, 0));
	db_done(&rows);
	return rc;
}
