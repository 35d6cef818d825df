/* SPDX-License-Identifier: ISC */
/*
 * Pages: Mustache (the specification at github.com/mustache/spec, 1.4) with
 * variables, sections, inverted sections, partials and comments.  A variable
 * is always escaped: {{{raw}}}, {{&raw}}, set delimiters and lambdas are
 * refused.
 *
 * Templates are files of cgi-bin/, built into the library as one object each
 * (template_dashboard_orders is cgi-bin/dashboard/orders.html), so that a
 * program has those that it names.  A partial is a file of cgi-bin/layout/:
 * {{> head}} is layout/head.html.  An operator may have a directory with
 * files of the same names, which take their place.
 */
#ifndef LATCHKEY_TEMPLATE_H
#define LATCHKEY_TEMPLATE_H

#include <stddef.h>
#include <stdio.h>

#include <jansson.h>

#include "rc.h"

enum {
	TEMPLATE_SIZE_MAX = 262144,    /* bytes of one template */
	TEMPLATE_NODES_MAX = 16384,    /* tags and texts in one */
	TEMPLATE_NAME_MAX = 64,        /* bytes of a name, a dotted one too */
	TEMPLATE_DEPTH_MAX = 64,       /* sections and partials in each other */
	TEMPLATE_PARTIALS_MAX = 32,    /* different ones in one page */
	TEMPLATE_STEPS_MAX = 4000000,  /* nodes and rounds of one page */
	TEMPLATE_OUTPUT_MAX = 4194304, /* bytes of one page */
	TEMPLATE_WHY_LEN = 160
};

/* A template's text; <templates.h> declares those that are built in. */
struct template
{
	const char *name; /* "dashboard/orders", "layout/head" */
	const char *text; /* need not end with a NUL */
	size_t len;
};

/* Where the templates of a page come from. */
struct templates {
	const struct template *const *layout; /* partials; NULL ends the list */
	const char *dir; /* of overrides; NULL or "": there are none */
};

/* What is wrong with a template, and where. */
struct template_fault {
	int line;                   /* from 1 */
	char why[TEMPLATE_WHY_LEN]; /* lower case, no full stop */
};

/*
 * Writes the page that a template makes of a model (borrowed).  In the
 * template's sections and variables:
 *
 *   missing, null, false, 0, "", an empty list: the section is left out, and
 *   its inverted one is written;
 *   a list: the section is written for each of its items;
 *   all else: the section is written once, with the value as its context.
 *
 * Variables that are text or numbers are written with & < > " ' escaped and
 * control characters replaced, true and false as words, and null, missing
 * ones, lists and objects as nothing.
 *
 * An override that cannot be read or is not in order (template_check), or
 * with which the page would break a limit, is as if it were not there, and
 * one line of log says so.  RC_FAIL (logged) if the page cannot be made
 * without it either, or memory has run out: then nothing has been written
 * to out.
 */
enum rc template_render(const struct templates *templates,
    const struct template *template, const json_t *model, FILE *out);

/*
 * Reads a template and looks at each of its tags: that all sections end, and
 * that each variable stands where escaping is enough, which is in text or in
 * a quoted attribute; not in the name of an element or of an attribute, a
 * script, a style, an event handler or at the start of a URL.  So that this
 * can be known, a section begins and ends at like places (both in text, or
 * in the same tag or attribute), and a partial is named in text.  RC_INVALID
 * (fault is set), RC_FAIL (logged) if memory has run out.
 */
enum rc template_check(
    const struct template *template, struct template_fault *fault);

/*
 * Calls found with the name and the line of each partial in a template that
 * is in order; the name is no longer there when found returns.
 */
enum rc template_partials(const struct template *template,
    enum rc (*found)(void *arg, const char *name, int line), void *arg);

#endif
