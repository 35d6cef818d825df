/* SPDX-License-Identifier: ISC */
/*
 * The templates of the site beside those that are built in: written out for
 * the operator to change, and looked at before pages are made of them.  For
 * the operator's command; it links all templates.
 */
#ifndef LATCHKEY_TEMPLATE_SITE_H
#define LATCHKEY_TEMPLATE_SITE_H

#include <stddef.h>

#include "rc.h"
#include "template.h"

/* What is wrong with one of them. */
struct template_site_fault {
	const char *name; /* "layout/head"; "": with the directory */
	int line;         /* 0: with the file as a whole */
	const char *why;
};

/*
 * Looks at each template of the directory as a page would, and at whether
 * anything uses it; calls found for what is wrong.  *nfiles is how many there
 * are.  RC_FAIL (logged) if memory has run out.
 */
enum rc template_site_check(const char *dir,
    void (*found)(void *arg, const struct template_site_fault *fault),
    void *arg, size_t *nfiles);

/* The same for those that are built in. */
enum rc template_site_check_builtin(
    void (*found)(void *arg, const struct template_site_fault *fault),
    void *arg, size_t *nfiles);

/*
 * Writes the built-in template of that name, or with NULL all of them, to
 * files of the directory, which is made if it is not there.  A file that is
 * there is left alone, and each is whole or not there at all.  *nfiles is how
 * many were written, *nkept how many were there and are different.
 * RC_NOT_FOUND if no template has that name, RC_INVALID if something cannot
 * be written: what then names it, and errno tells why.
 */
enum rc template_site_export(const char *dir, const char *name, size_t *nfiles,
    size_t *nkept, char *what, size_t size);

#endif
