/* SPDX-License-Identifier: ISC */
/*
 * Templates of the operator: files of a directory that are named as the
 * built-in ones are.  Whoever can write them writes the pages of everybody,
 * so that only the user's and root's own are read.
 */
#ifndef LATCHKEY_TEMPLATE_FILE_H
#define LATCHKEY_TEMPLATE_FILE_H

#include "rc.h"
#include "template.h"

/*
 * Opens the directory; *fd is then to be closed.  RC_NOT_FOUND if there is
 * none, RC_INVALID if it is no directory, belongs to somebody else (neither
 * the user nor root) or can be written by others.  Either sets fault->why
 * and a line of 0.
 */
enum rc template_file_open(
    const char *dir, int *fd, struct template_fault *fault);

/*
 * Reads the file of a template ("layout/head": layout/head.html) of an open
 * directory; links are not followed.  *text is owned and ends with a NUL,
 * lines end with a line feed alone.  RC_NOT_FOUND if there is none,
 * RC_INVALID (fault is set, with a line of 0) if it cannot be read, is too
 * large or no text in UTF-8, or belongs to somebody else or can be written
 * by others; RC_FAIL (logged) if memory has run out.
 */
enum rc template_file_read(
    int dir, const char *name, char **text, struct template_fault *fault);

#endif
