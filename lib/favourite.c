/* SPDX-License-Identifier: ISC */
/*
 * Favourites of an account holder.
 */
#include "favourite.h"

#include <stdlib.h>

static const char SQL_LIST[] =
    "SELECT service_id FROM favourite WHERE account_id = $1"
    " ORDER BY service_id LIMIT $2";

enum rc
favourite_list(
    struct db *people, const struct caller *caller, struct favourites *list)
{
	struct db_rows *rows = NULL;
	enum rc rc;

	list->n = 0;
	rc = db_query(people, SQL_LIST,
	    DB_ARGS(DB_INT(caller->account_id), DB_INT(FAVOURITE_MAX)), &rows);
	while (db_more(rows, &rc))
		list->id[list->n++] = db_int(rows, 0);
	db_done(&rows);
	return rc;
}

static int
compare(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

int
favourite_has(const struct favourites *list, int64_t service_id)
{
	return bsearch(&service_id, list->id, list->n, sizeof(list->id[0]),
		   compare) != NULL;
}

static const char SQL_ADD[] =
    "INSERT INTO favourite (account_id, service_id) SELECT $1, $2"
    " WHERE (SELECT COUNT(*) FROM favourite WHERE account_id = $1) < $3"
    " ON CONFLICT DO NOTHING";
static const char SQL_HAS[] =
    "SELECT COUNT(*) FROM favourite WHERE account_id = $1"
    " AND service_id = $2";
static const char SQL_REMOVE[] =
    "DELETE FROM favourite WHERE account_id = $1 AND service_id = $2";

enum rc
favourite_set(struct db *people, const struct caller *caller,
    int64_t service_id, int is_kept)
{
	int64_t n = 0;
	enum rc rc;

	if (!is_kept)
		return db_run(people, SQL_REMOVE,
		    DB_ARGS(DB_INT(caller->account_id), DB_INT(service_id)));
	rc = db_run(people, SQL_ADD,
	    DB_ARGS(DB_INT(caller->account_id), DB_INT(service_id),
		DB_INT(FAVOURITE_MAX)));
	if (rc == RC_OK)
		rc = db_one(people, SQL_HAS,
		    DB_ARGS(DB_INT(caller->account_id), DB_INT(service_id)),
		    &n);
	return rc == RC_OK && n == 0 ? RC_LIMITED : rc;
}
