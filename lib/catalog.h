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

/* Which services a page of the catalogue has; all zeros for the first ones. */
struct catalog_filter {
	const char *category; /* exactly this one; NULL: any */
	const char *text;     /* in a name, in any case (of ASCII); NULL: any */
	int64_t after;        /* ids above this one */
	int64_t before;       /* the nearest ids below; after is then unused */
};

enum {
	CATALOG_PAGE = 50,
	CATALOG_CATEGORIES_MAX = 500 /* that are listed */
};

/* What lies beyond a page. */
struct catalog_ends {
	int64_t earlier; /* the filter's next "before"; 0: there is nothing */
	int64_t later;   /* the filter's next "after"; 0: there is nothing */
};

/*
 * Calls each for the active services of a page by id, with all of their
 * texts, inside a transaction, until one does not give RC_OK; gives that.
 */
enum rc catalog_search(struct db *db, const struct catalog_filter *filter,
    enum rc (*each)(void *arg, const struct service *service), void *arg,
    struct catalog_ends *ends);

/* How many services are active, counted up to max; inside a transaction. */
enum rc catalog_count(struct db *db, int64_t max, int64_t *n);

/* Calls show for an active service, with its texts.  RC_NOT_FOUND. */
enum rc catalog_show(struct db *db, int64_t id,
    enum rc (*show)(void *arg, const struct service *service), void *arg);

/*
 * Calls each for the categories of active services, by name, for
 * CATALOG_CATEGORIES_MAX of them at most, inside a transaction, until one
 * does not give RC_OK; gives that.
 */
enum rc catalog_categories(
    struct db *db, enum rc (*each)(void *arg, const char *category), void *arg);

#endif
