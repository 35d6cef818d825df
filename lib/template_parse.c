/* SPDX-License-Identifier: ISC */
/*
 * The tags of Mustache.  What the specification calls standalone is a line
 * that has only white space beside one tag that writes nothing itself: such
 * a line leaves nothing behind, not even its end.
 */
#include "template_parse.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"

enum { NODES_INITIAL = 64 };

struct parser {
	const char *begin, *end; /* of the text */
	const char *line_begin;  /* of the line that is being read */
	int line;
	struct template_nodes *nodes;
	size_t open[TEMPLATE_DEPTH_MAX]; /* sections without end so far */
	size_t nopen;
	struct template_fault *fault;
};

struct tag {
	char sigil; /* 0: a variable */
	int line;
	const char *begin, *end; /* with its braces */
	const char *name;
	size_t len;
};

enum rc
template_fault(struct template_fault *fault, int line, const char *fmt, ...)
{
	va_list ap;

	fault->line = line;
	va_start(ap, fmt);
	(void)vsnprintf(fault->why, sizeof(fault->why), fmt, ap);
	va_end(ap);
	return RC_INVALID;
}

void
template_nodes_free(struct template_nodes *nodes)
{
	free(nodes->list);
	memset(nodes, 0, sizeof(*nodes));
}

/* Appends a node; NULL with *rc set. */
static struct template_node *
add(struct parser *p, enum template_kind kind, int line, enum rc *rc)
{
	struct template_nodes *nodes = p->nodes;
	struct template_node *node;
	size_t room = nodes->room > 0 ? 2 * nodes->room : NODES_INITIAL;

	if (nodes->n == TEMPLATE_NODES_MAX) {
		*rc = template_fault(p->fault, line,
		    "more than %d tags and texts", TEMPLATE_NODES_MAX);
		return NULL;
	}
	if (nodes->n == nodes->room) {
		node = realloc(nodes->list, room * sizeof(*node));
		if (node == NULL) {
			log_err("cannot read a template: out of memory");
			*rc = RC_FAIL;
			return NULL;
		}
		nodes->list = node;
		nodes->room = room;
	}
	node = &nodes->list[nodes->n++];
	memset(node, 0, sizeof(*node));
	node->kind = kind;
	node->line = line;
	*rc = RC_OK;
	return node;
}

static enum rc
add_text(struct parser *p, const char *begin, const char *end, int begins_line)
{
	struct template_node *node;
	enum rc rc = RC_OK;

	if (begin == end && !begins_line)
		return RC_OK;
	node = add(p, TEMPLATE_TEXT, p->line, &rc);
	if (node == NULL)
		return rc;
	node->text = begin;
	node->len = (size_t)(end - begin);
	node->begins_line = begins_line;
	return RC_OK;
}

/* Goes over text up to end: counts lines. */
static void
pass(struct parser *p, const char *from, const char *end)
{
	const char *feed;

	while ((feed = memchr(from, '\n', (size_t)(end - from))) != NULL) {
		p->line++;
		from = p->line_begin = feed + 1;
	}
}

static int
is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Names of the specification's tests and of jansson's models. */
static int
is_name_character(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || c == '_';
}

/* Letters, digits and underscores; where dotted, with single dots between. */
static int
is_name(const char *name, size_t len, int dotted)
{
	size_t i;

	if (len == 0 || len > TEMPLATE_NAME_MAX || name[len - 1] == '.')
		return 0;
	for (i = 0; i < len; i++)
		if (!is_name_character(name[i]) &&
		    (!dotted || name[i] != '.' || i == 0 || name[i - 1] == '.'))
			return 0;
	return 1;
}

static enum rc
check_name(struct parser *p, const struct tag *tag)
{
	if (tag->sigil == '!')
		return RC_OK;
	if (tag->sigil == '>' ? is_name(tag->name, tag->len, 0)
			      : (tag->len == 1 && tag->name[0] == '.') ||
				    is_name(tag->name, tag->len, 1))
		return RC_OK;
	return template_fault(p->fault, tag->line,
	    "a tag whose name is not letters, digits and underscores");
}

/* Reads the tag that begins at begin. */
static enum rc
read_tag(struct parser *p, const char *begin, struct tag *tag)
{
	const char *s = begin + 2, *end;

	memset(tag, 0, sizeof(*tag));
	tag->line = p->line;
	tag->begin = begin;
	end = memmem(s, (size_t)(p->end - s), "}}", 2);
	if (end == NULL)
		return template_fault(
		    p->fault, tag->line, "a tag without end: }} is missing");
	tag->end = end + 2;
	while (s < end && is_space(*s))
		s++;
	if (s < end && *s != '\0' && strchr("#^/>!{&=", *s) != NULL)
		tag->sigil = *s++;
	if (tag->sigil == '{' || tag->sigil == '&')
		return template_fault(p->fault, tag->line,
		    "{{%c: a variable is always escaped", tag->sigil);
	if (tag->sigil == '=')
		return template_fault(
		    p->fault, tag->line, "{{=: tags are always in {{ }}");
	while (s < end && is_space(*s))
		s++;
	while (end > s && is_space(end[-1]))
		end--;
	tag->name = s;
	tag->len = (size_t)(end - s);
	return check_name(p, tag);
}

/* The next line's begin if there is only the tag on its line; or NULL. */
static const char *
next_line(const struct parser *p, const struct tag *tag)
{
	const char *s;

	if (tag->sigil == 0)
		return NULL;
	for (s = p->line_begin; s < tag->begin; s++)
		if (*s != ' ' && *s != '\t')
			return NULL;
	for (s = tag->end; s < p->end && (*s == ' ' || *s == '\t');)
		s++;
	if (s < p->end && *s == '\r')
		s++;
	if (s == p->end)
		return s[-1] != '\r' ? s : NULL;
	return *s == '\n' ? s + 1 : NULL;
}

static enum rc
open_section(struct parser *p, const struct tag *tag)
{
	if (p->nopen == TEMPLATE_DEPTH_MAX)
		return template_fault(p->fault, tag->line,
		    "more than %d sections in each other", TEMPLATE_DEPTH_MAX);
	p->open[p->nopen++] = p->nodes->n - 1;
	return RC_OK;
}

static enum rc
close_section(struct parser *p, const struct tag *tag)
{
	struct template_node *open;

	if (p->nopen == 0)
		return template_fault(p->fault, tag->line,
		    "{{/%.*s}} ends no section", (int)tag->len, tag->name);
	open = &p->nodes->list[p->open[--p->nopen]];
	if (open->len != tag->len ||
	    memcmp(open->text, tag->name, tag->len) != 0)
		return template_fault(p->fault, tag->line,
		    "{{/%.*s}} ends the section %.*s of line %d", (int)tag->len,
		    tag->name, (int)open->len, open->text, open->line);
	open->end = p->nodes->n - 1;
	return RC_OK;
}

static enum rc
add_tag(struct parser *p, const struct tag *tag, int is_alone)
{
	static const struct {
		char sigil;
		enum template_kind kind;
	} kinds[] = { { 0, TEMPLATE_VARIABLE }, { '#', TEMPLATE_SECTION },
		{ '^', TEMPLATE_INVERTED }, { '/', TEMPLATE_END },
		{ '>', TEMPLATE_PARTIAL } };
	struct template_node *node;
	enum rc rc = RC_OK;
	size_t i = 0;

	if (tag->sigil == '!')
		return RC_OK;
	while (kinds[i].sigil != tag->sigil)
		i++;
	node = add(p, kinds[i].kind, tag->line, &rc);
	if (node == NULL)
		return rc;
	node->text = tag->name;
	node->len = tag->len;
	if (tag->sigil == '>' && is_alone) {
		node->is_alone = 1;
		node->indent = p->line_begin;
		node->indent_len = (size_t)(tag->begin - p->line_begin);
	}
	if (tag->sigil == '#' || tag->sigil == '^')
		return open_section(p, tag);
	return tag->sigil == '/' ? close_section(p, tag) : RC_OK;
}

/* Reads text from s on and the tag behind it; *next is behind both. */
static enum rc
read_part(struct parser *p, const char *s, const char **next)
{
	const char *open = memmem(s, (size_t)(p->end - s), "{{", 2);
	int begins_line = s == p->line_begin && s < p->end;
	const char *line;
	struct tag tag;
	int first_line = p->line;
	enum rc rc;

	*next = p->end;
	if (open == NULL)
		return add_text(p, s, p->end, begins_line);
	pass(p, s, open);
	if ((rc = read_tag(p, open, &tag)) != RC_OK)
		return rc;
	line = next_line(p, &tag);
	*next = line != NULL ? line : tag.end;
	p->line = first_line;
	rc = add_text(p, s, line != NULL ? p->line_begin : open,
	    begins_line && (line == NULL || s < p->line_begin));
	p->line = tag.line;
	/* A line that begins with a tag may be indented as well. */
	if (rc == RC_OK && line == NULL && open == p->line_begin && open > s)
		rc = add_text(p, open, open, 1);
	if (rc == RC_OK)
		rc = add_tag(p, &tag, line != NULL);
	pass(p, open, *next);
	return rc;
}

enum rc
template_parse(const struct template *template, struct template_nodes *nodes,
    struct template_fault *fault)
{
	struct parser p = { .begin = template->text,
		.end = template->text + template->len,
		.line_begin = template->text,
		.line = 1,
		.nodes = nodes,
		.fault = fault };
	const char *s = p.begin;
	enum rc rc = RC_OK;

	memset(nodes, 0, sizeof(*nodes));
	if (template->len > TEMPLATE_SIZE_MAX)
		return template_fault(
		    fault, 1, "more than %d bytes", TEMPLATE_SIZE_MAX);
	while (rc == RC_OK && s < p.end)
		rc = read_part(&p, s, &s);
	if (rc == RC_OK && p.nopen > 0) {
		const struct template_node *open =
		    &nodes->list[p.open[p.nopen - 1]];

		rc = template_fault(fault, open->line,
		    "the section %.*s does not end", (int)open->len,
		    open->text);
	}
	if (rc != RC_OK)
		template_nodes_free(nodes);
	return rc;
}
