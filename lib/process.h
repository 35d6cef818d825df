/* SPDX-License-Identifier: ISC */
/*
 * What a program does to itself before anything else.
 */
#ifndef LATCHKEY_PROCESS_H
#define LATCHKEY_PROCESS_H

#include "rc.h"

/*
 * Opens descriptors 0-2 where they are closed, sets umask 077, switches core
 * dumps off, ignores SIGPIPE and SIGXFSZ (their errors are handled where
 * they occur) and, in a program of the web server, bounds processor time,
 * memory and file size.  RC_FAIL if descriptors cannot be opened.
 */
enum rc process_harden(int web);

/*
 * Run by root: becomes the owner of the directory for good, so that no file
 * of root's is left among the owner's.  RC_FAIL (logged) if it cannot.
 */
enum rc process_become_owner(const char *dir);

#endif
