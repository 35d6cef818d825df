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

#endif
