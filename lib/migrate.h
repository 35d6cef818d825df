/* SPDX-License-Identifier: ISC */
/*
 * The numbered files of schema/, built in.
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

/* All of them in order; ends with a version of 0. */
extern const struct migration migrations[];

/* schema/demo.sql: the catalogue that "latchkey demo" sells. */
extern const char migrate_demo_sql[];

/*
 * Brings the database to the newest version, one transaction a migration.
 * *from and *to tell the versions before and after.  RC_INVALID (logged) if
 * the database is newer than this program.
 */
enum rc migrate(struct db *db, int64_t *from, int64_t *to);

#endif
