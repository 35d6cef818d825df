/* SPDX-License-Identifier: ISC */
/*
 * Brings a database to the newest schema, one transaction a migration.
 */
#include "migrate.h"

#include <stdio.h>

#include "log.h"

/*
 * A small page keeps an order's writes small: an order changes one row in
 * each of many B-trees, and each changed page is written twice (journal and
 * file).  Takes effect on an empty database alone.
 */
static const char SQL_PAGE_SIZE[] = "PRAGMA page_size = 1024";

static enum rc
migrate_one(struct db *db, const struct migration *m)
{
	/* A PRAGMA takes no parameter; the number is ours. */
	char version[48];
	enum rc rc;

	(void)snprintf(
	    version, sizeof(version), "PRAGMA user_version = %d", m->version);
	rc = db_script(db, m->sql);
	if (rc == RC_OK)
		rc = db_script(db, version);
	if (rc != RC_OK)
		log_err("cannot run the migration %s", m->name);
	return rc;
}

/* Runs the next migration that is missing; RC_NOT_FOUND if none is. */
static enum rc
migrate_next(
    struct db *db, const struct migration *set, int64_t *from, int64_t *to)
{
	const struct migration *m;
	int64_t version;
	enum rc rc;

	rc = db_begin(db, DB_WRITE);
	if (rc != RC_OK)
		return rc;
	rc = db_version(db, &version);
	if (rc == RC_OK && *from < 0)
		*from = version;
	*to = version;
	for (m = set; m->version != 0 && m->version <= version; m++)
		;
	if (rc == RC_OK && m->version == 0) {
		rc = RC_NOT_FOUND;
		if (m > set && version > m[-1].version) {
			log_err("cannot migrate: the database has version %lld "
				"and is newer than this program",
			    (long long)version);
			rc = RC_INVALID;
		}
	}
	if (rc == RC_OK)
		rc = migrate_one(db, m);
	rc = db_end(db, rc);
	if (rc == RC_OK)
		*to = m->version;
	return rc;
}

enum rc
migrate(struct db *db, const struct migration *set, int64_t *from, int64_t *to)
{
	enum rc rc;

	*from = -1;
	*to = 0;
	rc = db_script(db, SQL_PAGE_SIZE);
	while (rc == RC_OK)
		rc = migrate_next(db, set, from, to);
	return rc == RC_NOT_FOUND ? RC_OK : rc;
}
