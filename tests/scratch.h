/* SPDX-License-Identifier: ISC */
/*
 * What suites of the library need around a call: a directory of their own
 * with files of any mode, and what the call wrote to stderr.  All of it ends
 * the test if it fails.
 */
#ifndef LATCHKEY_TESTS_SCRATCH_H
#define LATCHKEY_TESTS_SCRATCH_H

#include <stddef.h>
#include <sys/types.h>

enum { SCRATCH_PATH_LEN = 512 };

/* Makes a new directory, mode 0700: a fixture's setup. */
void scratch_make(void);

/* Removes it and all that is in it: a fixture's teardown. */
void scratch_remove(void);

/* Writes the path of a name in the directory ("" for itself) to path. */
void scratch_path(const char *name, char path[SCRATCH_PATH_LEN]);

/* Writes a file of that mode, whatever the umask, and its path to path. */
void scratch_write(const char *name, const void *bytes, size_t len, mode_t mode,
    char path[SCRATCH_PATH_LEN]);

/* Makes a directory of that mode, likewise. */
void scratch_mkdir(const char *name, mode_t mode, char path[SCRATCH_PATH_LEN]);

/* Reads a whole file; gives it with a NUL at its end, to be freed. */
char *scratch_read(const char *path, size_t *len);

/*
 * Bytes that this process has asked the kernel to write so far, by whatever
 * call: not what it writes to memory that it shares with a file.  -1 if the
 * kernel does not tell.  Assertions write, too.
 */
long long scratch_bytes_written(void);

/* From here on what goes to stderr is kept. */
void scratch_log_start(void);

/*
 * Lets stderr go where it went before; gives what was kept, to be freed.
 * len may be NULL.
 */
char *scratch_log_end(size_t *len);

/* Ends the test unless the log is one line that has the words. */
void scratch_log_must_be(const char *log, const char *words);

#endif
