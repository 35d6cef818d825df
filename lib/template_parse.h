/* SPDX-License-Identifier: ISC */
/*
 * From a template's text to a list of nodes: tags recognized, lines with
 * nothing but a tag taken out, sections paired.  For the modules of template
 * alone.
 */
#ifndef LATCHKEY_TEMPLATE_PARSE_H
#define LATCHKEY_TEMPLATE_PARSE_H

#include <stddef.h>

#include "rc.h"
#include "template.h"

enum template_kind {
	TEMPLATE_TEXT,
	TEMPLATE_VARIABLE,
	TEMPLATE_SECTION,
	TEMPLATE_INVERTED,
	TEMPLATE_END, /* of either */
	TEMPLATE_PARTIAL
};

struct template_node {
	enum template_kind kind;
	int line;         /* where it begins, from 1 */
	const char *text; /* a text itself, or a tag's name; of the template */
	size_t len;
	int begins_line;    /* a text that may be indented */
	size_t end;         /* of a section: the number of its end's node */
	const char *indent; /* of a partial: for each of its lines */
	size_t indent_len;
	int is_alone; /* a partial with a line of its own */
	size_t slot;  /* of a partial: for who renders it */
};

struct template_nodes {
	struct template_node *list;
	size_t n, room;
};

/*
 * Reads a template, whose text the nodes refer to.  RC_INVALID (fault is
 * set), RC_FAIL (logged) if memory has run out; nodes are then empty.
 */
enum rc template_parse(const struct template *template,
    struct template_nodes *nodes, struct template_fault *fault);

/* Frees the list; twice is fine. */
void template_nodes_free(struct template_nodes *nodes);

/* Sets a fault; gives RC_INVALID. */
enum rc template_fault(struct template_fault *fault, int line, const char *fmt,
    ...) __attribute__((format(printf, 3, 4)));

/*
 * Looks at where the variables, sections and partials of a parsed template
 * stand in its HTML, as template_check says.  RC_INVALID (fault is set).
 */
enum rc template_html(
    const struct template_nodes *nodes, struct template_fault *fault);

#endif
