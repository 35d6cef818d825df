/* SPDX-License-Identifier: ISC */
/*
 * The gate of a database: a lock file that makes processes queue in the
 * kernel instead of polling.  Many may be inside to read, or one to write.
 * A second file, the queue, is held by whoever waits at the gate, so that
 * readers who keep coming do not starve a writer.  Who knows of none may pass
 * it by, which spares two waits: see has_queue.
 */
#ifndef LATCHKEY_GATE_H
#define LATCHKEY_GATE_H

#include <stdint.h>
#include <sys/types.h>

#include "rc.h"

enum { GATE_PATH_LEN = 1100 };

enum gate_mode {
	GATE_SHARED,
	GATE_ALONE,
	GATE_ALONE_NOW /* not waiting at all */
};

struct gate {
	int fd, queue_fd; /* -1: not open */
	int is_held;
	int is_file;   /* the database's own file is the gate */
	int has_queue; /* not where nobody enters to read */
	dev_t device;  /* inside such a gate: that file, ... */
	ino_t inode;
	off_t size;     /* ... and its size */
	int64_t looked; /* at its path, in seconds of CLOCK_MONOTONIC */
	char path[GATE_PATH_LEN];
	char queue_path[GATE_PATH_LEN];
};

/*
 * Names the gate's files after a database's: "path.gate", "path.queue".
 * Nothing is opened yet.  RC_FAIL (logged) if the path is too long.
 */
enum rc gate_init(struct gate *gate, const char *path);

/*
 * The same with the database's file itself for a gate, without a queue: one
 * at a time may be inside, whatever the mode.  Whoever is inside has locked
 * the file that has the path at that moment, and made it where there was
 * none; a file that somebody moves is left within a second.  For databases on
 * which SQLite's own locks are not used.
 */
enum rc gate_init_file(struct gate *gate, const char *path);

/*
 * Waits at most wait_ms to get in.  RC_BUSY past that (logged, except for
 * GATE_ALONE_NOW), RC_FAIL (logged) if the files cannot be used.
 */
enum rc gate_enter(struct gate *gate, enum gate_mode mode, int64_t wait_ms);

/*
 * Opens such a file, unless it is open, to be looked at from outside; false
 * if there is none or it cannot be opened (not logged).
 */
int gate_look(struct gate *gate);

/* Leaves; harmless outside, and no system call there. */
void gate_leave(struct gate *gate);

/* Closes the files. */
void gate_close(struct gate *gate);

#endif
