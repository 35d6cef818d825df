/* SPDX-License-Identifier: ISC */
/*
 * A file in memory, shared with whoever else maps, reads or writes it on the
 * same machine.  To touch a byte that the file does not have any more, or
 * that the disk has no room for, raises a signal where reading and writing
 * would fail.  Here it fails, too.
 */
#ifndef LATCHKEY_FILE_MAP_H
#define LATCHKEY_FILE_MAP_H

#include <stddef.h>

#include "rc.h"

struct file_map {
	unsigned char *bytes; /* NULL: nothing is mapped */
	size_t len;
};

/*
 * Maps the first len bytes, which may be more than the file has now.  From
 * here on the process handles SIGBUS; one that is not caused by the functions
 * below ends it as ever.  RC_FAIL (not logged) if that cannot be done: then
 * nothing is mapped.
 */
enum rc file_map_open(struct file_map *map, int fd, size_t len);

/* Unmaps; may be called twice, and with nothing mapped. */
void file_map_close(struct file_map *map);

/*
 * Copy len bytes that are mapped, from or to the place at.  RC_FAIL (not
 * logged) if the file does not have them, or the disk no room for them; some
 * may have been copied.  For writers in one thread, behind a lock.
 */
enum rc file_map_read(
    const struct file_map *map, size_t at, void *buf, size_t len);
enum rc file_map_write(
    const struct file_map *map, size_t at, const void *buf, size_t len);

#endif
