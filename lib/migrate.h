/* SPDX-License-Identifier: ISC */
/*
 * The numbered files of schema/ and schema/people/, built in: one set of
 * migrations for each of the two databases.
 */
#ifndef LATCHKEY_MIGRATE_H
#define LATCHKEY_MIGRATE_H

#include "db.h"
#include "rc.h"

struct migration {
	int version;      /* from 1, without gaps */
	const char *name; /* the file's, without ".sql" */
	const char *sql;  /* comments taken out */
};

/* Sets of them in order, each ends with a version of 0. */
extern const struct migration migrations[];        /* of the main database */
extern const struct migration people_migrations[]; /* of the people's */

/* schema/demo.sql: the catalogue that "latchkey demo" sells. */
extern const char migrate_demo_sql[];

/*
 * Brings the database to the newest version of a set, one transaction a
 * migration.  *from and *to tell the versions before and after.  RC_INVALID
 * (logged) if the database is newer than this program.
 */
enum rc migrate(
    struct db *db, const struct migration *set, int64_t *from, int64_t *to);

#endif
