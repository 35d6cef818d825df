/* SPDX-License-Identifier: ISC */
/*
 * A layer between SQLite and its file system for databases whose contents
 * may be lost and that nobody but us opens, one connection at a time: whoever
 * begins a transaction holds the gate.  So there are no locks, no journals on
 * disk, no waiting for it, and no look at what others may have left behind.
 *
 * A process may be killed at any moment.  What it was about to commit is then
 * in the file or not, or the file is no database any more, which is what the
 * next one is told (SQLITE_NOTADB).  It is never a database that is wrong.
 */
#ifndef LATCHKEY_SCRATCH_VFS_H
#define LATCHKEY_SCRATCH_VFS_H

#include <stddef.h>
#include <stdint.h>

#include "rc.h"

struct sqlite3;
struct sqlite3_vfs;

/* The name to open such a database with. */
#define SCRATCH_VFS "latchkey-scratch"

/*
 * Makes the layer known to SQLite, on top of the one below, which stays
 * borrowed.  Connections need a journal in memory (journal_mode = MEMORY).
 * Gives a result of SQLite.
 */
int scratch_vfs_register(struct sqlite3_vfs *below);

/*
 * Tells a connection the size of its file, before each transaction and behind
 * the gate.  Where fd is not -1 the file may be mapped by it, which saves all
 * system calls but costs more to begin with: for connections that are kept,
 * of files on this machine's own disks.  Others may read and write the same
 * file at the same time.
 */
void scratch_vfs_enter(struct sqlite3 *handle, int64_t size, int fd);

/*
 * Reads len bytes of a file that is mapped, behind the gate.  RC_NOT_FOUND
 * (not logged) if it is not, or not so far.
 */
enum rc scratch_vfs_read(
    struct sqlite3 *handle, int64_t at, void *buf, size_t len);

/* A few bytes that take the place of others, behind the file's header. */
struct scratch_edit {
	int64_t at;
	int len;
	unsigned char bytes[8];
};

enum { SCRATCH_EDITS = 8 };

/*
 * Commits edits to a file that is mapped, behind the gate and with no
 * transaction of SQLite's: for it that is somebody else's commit.
 * RC_NOT_FOUND (not logged) if that cannot be done; the file is then as it
 * was, or no database.
 */
enum rc scratch_vfs_commit(
    struct sqlite3 *handle, const struct scratch_edit *edits, size_t n);

#endif
