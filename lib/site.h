/* SPDX-License-Identifier: ISC */
/*
 * The whole site at once: is all that is stored consistent, and a copy of
 * it that is.
 */
#ifndef LATCHKEY_SITE_H
#define LATCHKEY_SITE_H

#include <stdint.h>

#include "db.h"
#include "rc.h"

/* Faults of one check that are told; the others are only counted. */
enum { SITE_FAULTS_TOLD = 20 };

/* Something that is wrong; texts are borrowed for the call. */
struct site_fault {
	const char *check; /* "ledger", "balance", "order", ... */
	int64_t id;        /* of what it is wrong with; 0: of nothing */
	const char *what;  /* in words */
};

/*
 * Runs all checks: SQLite's own of the file and of the references, every
 * transaction sums to zero, every balance is its wallet's sum, every order
 * has one debit of its price and refunds that lead to its charge, every
 * request to pay in or out has moved the money that its status says, events
 * tell what has happened and go to endpoints that are there.  Each check is
 * a read transaction of its own, so that writers wait for one at most.
 * Calls found for faults and counts them all in *nfaults.  A damaged file is
 * a fault, not a failure.  RC_BUSY, RC_FAIL (logged) if it could not look.
 */
enum rc site_check(struct db *db,
    void (*found)(void *arg, const struct site_fault *fault), void *arg,
    int64_t *nfaults);

/*
 * The same for the people's database: the file, that each row is one that
 * the programs write, and that every account in it is in the main database.
 * *nfaults is added to.
 */
enum rc site_check_people(struct db *people, struct db *db,
    void (*found)(void *arg, const struct site_fault *fault), void *arg,
    int64_t *nfaults);

/*
 * The same for copies of the databases, made by site_backup: nobody waits.
 * That of the people's (site_people_path) is looked at if it is there.
 * RC_NOT_FOUND (logged) if there is no such file.
 */
enum rc site_check_copy(const char *path, int64_t busy_ms,
    void (*found)(void *arg, const struct site_fault *fault), void *arg,
    int64_t *nfaults);

/*
 * Copies a database to a new file at path and verifies the copy; a bad one
 * is removed.  No transaction may be open.  RC_INVALID if path exists,
 * RC_BUSY, RC_FAIL (logged).
 */
enum rc site_backup(struct db *db, const char *path, int64_t busy_ms);

/*
 * Where the copy of the people's database lies beside one of the main one:
 * "a.db" has "a.people.db", and "a" has "a.people".  RC_INVALID (logged) if
 * the path is too long.
 */
enum { SITE_COPY_PATH_LEN = 1100 };
enum rc site_people_path(const char *path, char people[SITE_COPY_PATH_LEN]);

/*
 * Both: the people's first, for accounts are never deleted, so that each one
 * in its copy is in that of the main one.  people may be NULL.  If one cannot
 * be made none is left.
 */
enum rc site_backup_both(
    struct db *db, struct db *people, const char *path, int64_t busy_ms);

#endif
