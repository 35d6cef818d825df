/* SPDX-License-Identifier: ISC */
/*
 * What a program does to itself before anything else, and a process of many
 * calls before each.
 */
#ifndef LATCHKEY_PROCESS_H
#define LATCHKEY_PROCESS_H

#include "rc.h"

/*
 * Opens descriptors 0-2 where they are closed, sets umask 077, switches core
 * dumps off, ignores SIGPIPE and SIGXFSZ (their errors are handled where
 * they occur), makes tables of pointers read-only where the start of the
 * program has not, and, in a program of the web server, bounds processor
 * time, memory and file size.  RC_FAIL if descriptors cannot be opened or
 * tables not be protected.
 */
enum rc process_harden(int web);

/*
 * Gives the next call of a process as much processor time as process_harden
 * gave the first.  False if its hard limit leaves too little: the process
 * must end soon.
 */
int process_renew(void);

/* Resident memory that a process of many calls may have, KiB. */
enum { PROCESS_MEMORY_MAX = 64 << 10 };

/* True if it has more. */
int process_has_grown(void);

/*
 * Starts the program at path in this process's place, with the same
 * environment: open stays what has no FD_CLOEXEC, all else is as for a new
 * process.  Returns if it cannot (logged).
 */
void process_restart(const char *path);

/*
 * Run by root: becomes the owner of the file or directory for good, so that
 * root neither leaves files of its own among the owner's nor follows what
 * the owner wrote.  What belongs to root must be out of everybody else's
 * reach, and so must the links and directories on the way there.  RC_FAIL
 * (logged) otherwise.
 */
enum rc process_become_owner(const char *path);

#endif
