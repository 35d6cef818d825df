/* SPDX-License-Identifier: ISC */
/*
 * Who was found for keys, in a file beside the database: what a process of
 * one call has of those before it.  It is good until the next commit, whatever
 * that changes, and may be lost, damaged or deleted at any time.
 */
#ifndef LATCHKEY_CALLER_FILE_H
#define LATCHKEY_CALLER_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "account.h"
#include "api_key.h"
#include "db.h"
#include "rc.h"
#include "secret.h"

/* In the data directory; it grows to 150 kB at most. */
#define CALLER_FILE_NAME DB_NAME ".callers"

/*
 * Finds who a key belongs to, outside of a transaction: the answer is what
 * api_key_verify would give now.  RC_NOT_FOUND if that has to be asked: the
 * file has nothing of this key or is damaged, or something has been committed
 * since.  RC_FAIL (logged).
 */
enum rc caller_file_recall(const char *path, struct db *db,
    const struct pepper *pepper, const char *key, size_t len, int64_t now,
    struct caller *caller, int *touch);

/*
 * Leaves for the processes to come what api_key_verify has found for a key
 * and added to known, outside of a transaction and unless something has been
 * committed since.  A failure is logged: it costs them time alone.
 */
void caller_file_leave(const char *path, struct db *db,
    const struct pepper *pepper, const char *key, size_t len,
    const struct caller *caller, const struct api_key_known *known);

#endif
