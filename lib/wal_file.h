/* SPDX-License-Identifier: ISC */
/*
 * A layer between SQLite and the file of a write-ahead log.  SQLite writes a
 * commit by two calls for each of its pages; here these become one call,
 * before anybody else is told of the commit, however it is synchronized.
 */
#ifndef LATCHKEY_WAL_FILE_H
#define LATCHKEY_WAL_FILE_H

struct sqlite3_file;
struct sqlite3_vfs;

/* The size of a file (szOsFile) of a file system that uses this. */
int wal_file_size(const struct sqlite3_vfs *below);

/*
 * Opens a log (SQLITE_OPEN_WAL), as xOpen of the file system below does; file
 * has room for wal_file_size.  Gives a result of SQLite.
 */
int wal_file_open(struct sqlite3_vfs *below, const char *name,
    struct sqlite3_file *file, int flags, int *out_flags);

/*
 * Forgets what is gathered: of a transaction that has been rolled back, whose
 * place in the log is anybody's.  A file of another kind is left as it is.
 */
void wal_file_forget(struct sqlite3_file *file);

#endif
