/* SPDX-License-Identifier: ISC */
/*
 * What is sold.  catalog_admin changes it.
 */
#ifndef LATCHKEY_CATALOG_H
#define LATCHKEY_CATALOG_H

#include <stdint.h>

#include "db.h"
#include "rc.h"
#include "service_type.h"

struct service {
	int64_t id;
	const char *name; /* borrowed from the row */
	const char *category;
	const char *description;
	const struct service_type *type;
	int64_t rate_micro;
	int64_t min;
	int64_t max;
	int refill;
	int cancel;
	int dripfeed;
	int active;
};

/*
 * Finds a service that is active, inside a transaction.  Its texts are not
 * filled.  RC_NOT_FOUND.
 */
enum rc catalog_find(struct db *db, int64_t id, struct service *service);

/*
 * Calls each for every service in the catalogue's order (category, then
 * id), inside a transaction, until one does not give RC_OK; gives that.
 * The texts are borrowed for the call.  Inactive ones only if all is true.
 */
enum rc catalog_each(struct db *db, int all,
    enum rc (*each)(void *arg, const struct service *service), void *arg);

/* What a search of the catalogue is for; NULL or "" for anything. */
struct catalog_filter {
	const char *category; /* exactly */
	const char *text;     /* in the name or the description, or an id */
	int64_t after;        /* only what follows that service; 0: all */
	int64_t limit;
};

/*
 * Calls each for the first filter->limit services that are on sale and are
 * searched for, in the catalogue's order, like catalog_each.  An after that
 * is no service gives none.
 */
enum rc catalog_search(struct db *db, const struct catalog_filter *filter,
    enum rc (*each)(void *arg, const struct service *service), void *arg);

/*
 * Calls each for the first CATALOG_CATEGORIES categories that have something
 * on sale, with how many services that is, like catalog_each.
 */
enum { CATALOG_CATEGORIES = 500 };
enum rc catalog_categories(struct db *db,
    enum rc (*each)(void *arg, const char *category, int64_t n), void *arg);

#endif
