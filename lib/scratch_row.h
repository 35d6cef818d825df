/* SPDX-License-Identifier: ISC */
/*
 * A row of a scratch database that is mapped, found and changed where it lies
 * in the file: what SQLite's statements do for a few numbers takes twenty
 * times as long.  Only what is there already can be changed so, and only to
 * numbers that take as many bytes; the rest is SQLite's.
 */
#ifndef LATCHKEY_SCRATCH_ROW_H
#define LATCHKEY_SCRATCH_ROW_H

#include <stddef.h>
#include <stdint.h>

#include "rc.h"

struct sqlite3;

/* An integer of a row, and where its bytes are. */
struct scratch_number {
	int64_t value;
	int64_t at; /* in the file */
	int len;    /* bytes, big-endian; 0: none, it cannot be changed */
};

/*
 * Finds the row of a table that is WITHOUT ROWID and has, in this order, one
 * blob for its primary key and n integers, whose tree begins with page root.
 * Behind the gate.  RC_NOT_FOUND if there is no such row, if the file is not
 * mapped, or if anything is not as expected.
 */
enum rc scratch_row_find(struct sqlite3 *handle, int64_t root, const void *key,
    size_t len, struct scratch_number *numbers, size_t n);

/* True if the number could be changed to that value. */
int scratch_row_fits(const struct scratch_number *number, int64_t value);

/*
 * Changes n numbers, SCRATCH_EDITS at most, to the values that they have now,
 * in one commit, as whole as any other.  RC_NOT_FOUND (not logged) if that
 * cannot be done: see scratch_vfs_commit.
 */
enum rc scratch_row_change(
    struct sqlite3 *handle, const struct scratch_number *numbers, size_t n);

#endif
