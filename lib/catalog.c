/* SPDX-License-Identifier: ISC */
/*
 * Reads the catalogue.
 */
#include "catalog.h"

#include <string.h>

#include "log.h"

/* The columns of both statements, in the order that fill() reads. */
#define COLUMNS \
	"id, type, rate_micro, min, max, refill, cancel, dripfeed, active"

static enum rc
fill(struct db_rows *rows, struct service *service)
{
	memset(service, 0, sizeof(*service));
	service->id = db_int(rows, 0);
	service->type = service_type_find(db_text(rows, 1));
	service->rate_micro = db_int(rows, 2);
	service->min = db_int(rows, 3);
	service->max = db_int(rows, 4);
	service->refill = db_int(rows, 5) != 0;
	service->cancel = db_int(rows, 6) != 0;
	service->dripfeed = db_int(rows, 7) != 0;
	service->active = db_int(rows, 8) != 0;
	if (service->type != NULL)
		return RC_OK;
	log_err(
	    "cannot sell service %lld: unknown type", (long long)service->id);
	return RC_FAIL;
}

static const char SQL_FIND[] = "SELECT " COLUMNS " FROM service"
			       " WHERE id = $1 AND active = 1";

enum rc
catalog_find(struct db *db, int64_t id, struct service *service)
{
	struct db_rows *rows = NULL;
	enum rc rc;

	rc = db_query(db, SQL_FIND, DB_ARGS(DB_INT(id)), &rows);
	if (rc == RC_OK)
		rc = db_next(rows);
	if (rc == RC_OK)
		rc = fill(rows, service);
	db_done(&rows);
	return rc;
}

static const char SQL_EACH[] =
    "SELECT " COLUMNS ", name, category, description FROM service"
    " WHERE active = 1 OR $1"
    " ORDER BY category, id";

enum rc
catalog_each(struct db *db, int all,
    enum rc (*each)(void *arg, const struct service *service), void *arg)
{
	struct db_rows *rows = NULL;
	struct service service;
	enum rc rc;

	rc = db_query(db, SQL_EACH, DB_ARGS(DB_INT(all != 0)), &rows);
	while (db_more(rows, &rc)) {
		if ((rc = fill(rows, &service)) != RC_OK)
			break;
		service.name = db_text(rows, 9);
		service.category = db_text(rows, 10);
		service.description = db_text(rows, 11);
		rc = each(arg, &service);
	}
	db_done(&rows);
	return rc;
}
