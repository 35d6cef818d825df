/* SPDX-License-Identifier: ISC */
/*
 * A page in two steps: all the templates that it takes are found and read,
 * and only then is anything written, into memory.  So a broken override is
 * known in time, and a page is whole or not there.
 */
#include "template.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "template_file.h"
#include "template_parse.h"

enum {
	LOADED_MAX = TEMPLATE_PARTIALS_MAX + 1,
	LAYOUT_NAME_MAX = TEMPLATE_NAME_MAX + sizeof("layout/"),
	NUMBER_LEN = 32
};

/* The slot of a partial that is nowhere. */
static const size_t NO_SLOT = SIZE_MAX;

/* A template that the page takes. */
struct loaded {
	char name[LAYOUT_NAME_MAX];
	char *text;     /* of an override, owned */
	int is_missing; /* there is none of that name, or none that is good */
	struct template_nodes nodes;
};

/* All of them; the first is the page's own. */
struct page {
	const struct templates *templates;
	int dir; /* of overrides; -1: none are looked for */
	int has_overrides;
	const char *why; /* a limit that was met */
	size_t n;
	struct loaded loaded[LOADED_MAX];
};

/* --- finding -------------------------------------------------------------- */

static const struct template *
find_layout(const struct page *page, const char *name)
{
	const struct template *const *layout;

	for (layout = page->templates->layout; *layout != NULL; layout++)
		if (strcmp((*layout)->name, name) == 0)
			return *layout;
	return NULL;
}

static void
log_override(const char *name, const struct template_fault *fault)
{
	if (fault->line > 0)
		log_err("pass over the template %s.html of the site: line %d: "
			"%s",
		    name, fault->line, fault->why);
	else
		log_err("pass over the template %s.html of the site: %s", name,
		    fault->why);
}

static void
forget(struct loaded *loaded)
{
	template_nodes_free(&loaded->nodes);
	free(loaded->text);
	loaded->text = NULL;
}

static enum rc load(struct page *page, const char *name,
    const struct template *builtin, size_t *slot);

/* Finds the partials that a template names. */
static enum rc
load_partials(
    struct page *page, struct loaded *loaded, struct template_fault *fault)
{
	char name[LAYOUT_NAME_MAX];
	struct template_node *node;
	enum rc rc = RC_OK;
	size_t i;

	for (i = 0; rc == RC_OK && i < loaded->nodes.n; i++) {
		node = &loaded->nodes.list[i];
		if (node->kind != TEMPLATE_PARTIAL)
			continue;
		(void)snprintf(name, sizeof(name), "layout/%.*s",
		    (int)node->len, node->text);
		rc = load(page, name, find_layout(page, name), &node->slot);
		if (rc != RC_NOT_FOUND)
			continue;
		node->slot = NO_SLOT;
		(void)template_fault(
		    fault, node->line, "there is no %s.html", name);
		/* What is built in was tested; what was added may be gone. */
		rc = loaded->text != NULL ? RC_INVALID : RC_OK;
	}
	return rc;
}

/* Loads the operator's template.  RC_NOT_FOUND if it is not there or bad. */
static enum rc
load_override(struct page *page, struct loaded *loaded)
{
	struct template template = { loaded->name, NULL, 0 };
	struct template_fault fault = { 0 };
	enum rc rc;

	if (page->dir < 0)
		return RC_NOT_FOUND;
	rc = template_file_read(page->dir, loaded->name, &loaded->text, &fault);
	if (rc == RC_OK) {
		page->has_overrides = 1;
		template.text = loaded->text;
		template.len = strlen(loaded->text);
		rc = template_parse(&template, &loaded->nodes, &fault);
	}
	if (rc == RC_OK)
		rc = template_html(&loaded->nodes, &fault);
	if (rc == RC_OK)
		rc = load_partials(page, loaded, &fault);
	if (rc == RC_INVALID)
		log_override(loaded->name, &fault);
	if (rc != RC_OK)
		forget(loaded);
	return rc == RC_INVALID ? RC_NOT_FOUND : rc;
}

static enum rc
load_builtin(
    struct page *page, struct loaded *loaded, const struct template *builtin)
{
	struct template_fault fault = { 0 };
	enum rc rc;

	rc = template_parse(builtin, &loaded->nodes, &fault);
	if (rc == RC_INVALID)
		log_err("cannot read the template %s: line %d: %s",
		    builtin->name, fault.line, fault.why);
	if (rc == RC_OK)
		rc = load_partials(page, loaded, &fault);
	return rc == RC_INVALID ? RC_FAIL : rc;
}

/*
 * Makes a template ready; *slot says where it is.  builtin may be NULL.
 * RC_NOT_FOUND if there is none, RC_LIMITED if there are too many, RC_FAIL
 * (logged).
 */
static enum rc
load(struct page *page, const char *name, const struct template *builtin,
    size_t *slot)
{
	struct loaded *loaded;
	enum rc rc;
	size_t i;

	for (i = 0; i < page->n; i++) {
		if (strcmp(page->loaded[i].name, name) == 0) {
			*slot = i;
			return page->loaded[i].is_missing ? RC_NOT_FOUND
							  : RC_OK;
		}
	}
	if (page->n == LOADED_MAX) {
		page->why = "it has too many partials";
		return RC_LIMITED;
	}
	/* It has its slot first, so that it may name itself. */
	*slot = page->n++;
	loaded = &page->loaded[*slot];
	memset(loaded, 0, sizeof(*loaded));
	(void)snprintf(loaded->name, sizeof(loaded->name), "%s", name);
	rc = load_override(page, loaded);
	if (rc == RC_NOT_FOUND && builtin != NULL)
		rc = load_builtin(page, loaded, builtin);
	loaded->is_missing = rc == RC_NOT_FOUND;
	return rc;
}

/* --- writing -------------------------------------------------------------- */

/* White space before the lines of a partial, and of what it stands in. */
struct indent {
	const char *text;
	size_t len;
	const struct indent *outer;
};

struct writer {
	struct page *page;
	const json_t *context[TEMPLATE_DEPTH_MAX + 1];
	size_t ncontexts;
	size_t depth; /* of sections and partials */
	size_t nsteps, written;
	FILE *out;
};

static void
put(struct writer *w, const char *s, size_t len)
{
	w->written += len;
	if (w->written <= TEMPLATE_OUTPUT_MAX)
		(void)fwrite(s, 1, len, w->out);
}

/* What stands for a character; NULL: it stands for itself. */
static const char *
escape_of(unsigned char c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	case '\t':
	case '\n':
	case '\r':
		return NULL;
	default:
		/* U+FFFD for what HTML does not have. */
		return c < ' ' || c == 0x7f ? "\xef\xbf\xbd" : NULL;
	}
}

static void
put_escaped(struct writer *w, const char *s, size_t len)
{
	const char *escape;
	size_t i, from = 0;

	for (i = 0; i < len; i++) {
		escape = escape_of((unsigned char)s[i]);
		if (escape == NULL)
			continue;
		put(w, s + from, i - from);
		put(w, escape, strlen(escape));
		from = i + 1;
	}
	put(w, s + from, len - from);
}

static void
put_indent(struct writer *w, const struct indent *indent)
{
	if (indent == NULL)
		return;
	put_indent(w, indent->outer);
	put(w, indent->text, indent->len);
}

static void
put_text(struct writer *w, const struct template_node *node,
    const struct indent *indent)
{
	const char *s = node->text, *end = s + node->len, *feed;

	if (indent == NULL) {
		put(w, s, node->len);
		return;
	}
	if (node->begins_line)
		put_indent(w, indent);
	while ((feed = memchr(s, '\n', (size_t)(end - s))) != NULL) {
		put(w, s, (size_t)(feed + 1 - s));
		s = feed + 1;
		if (s < end)
			put_indent(w, indent);
	}
	put(w, s, (size_t)(end - s));
}

/* The value of a name, by the innermost context that has its first part. */
static const json_t *
find(const struct writer *w, const char *name, size_t len)
{
	const char *end = name + len, *dot = memchr(name, '.', len);
	const json_t *value = NULL;
	size_t i;

	if (len == 1 && dot == name)
		return w->context[w->ncontexts - 1];
	for (i = w->ncontexts; value == NULL && i > 0; i--)
		value = json_object_getn(w->context[i - 1], name,
		    (size_t)((dot != NULL ? dot : end) - name));
	while (dot != NULL && value != NULL) {
		name = dot + 1;
		dot = memchr(name, '.', (size_t)(end - name));
		value = json_object_getn(
		    value, name, (size_t)((dot != NULL ? dot : end) - name));
	}
	return value;
}

static void
put_variable(struct writer *w, const json_t *value)
{
	char number[NUMBER_LEN];

	switch (value != NULL ? json_typeof(value) : JSON_NULL) {
	case JSON_STRING:
		put_escaped(
		    w, json_string_value(value), json_string_length(value));
		break;
	case JSON_INTEGER:
		(void)snprintf(number, sizeof(number), "%lld",
		    (long long)json_integer_value(value));
		put(w, number, strlen(number));
		break;
	case JSON_REAL:
		(void)snprintf(
		    number, sizeof(number), "%.15g", json_real_value(value));
		put(w, number, strlen(number));
		break;
	case JSON_TRUE:
		put(w, "true", 4);
		break;
	case JSON_FALSE:
		put(w, "false", 5);
		break;
	case JSON_NULL:
	case JSON_OBJECT:
	case JSON_ARRAY:
	default:
		break;
	}
}

/* False: a section of it is left out. */
static int
is_truthy(const json_t *value)
{
	switch (value != NULL ? json_typeof(value) : JSON_NULL) {
	case JSON_NULL:
	case JSON_FALSE:
	default:
		return 0;
	case JSON_STRING:
		return json_string_length(value) > 0;
	case JSON_INTEGER:
		return json_integer_value(value) != 0;
	case JSON_REAL:
		return json_real_value(value) < 0 || json_real_value(value) > 0;
	case JSON_ARRAY:
		return json_array_size(value) > 0;
	case JSON_TRUE:
	case JSON_OBJECT:
		return 1;
	}
}

/* The nodes of a template from one to another. */
struct span {
	const struct template_node *list;
	size_t from, to;
	const struct indent *indent;
};

static enum rc put_span(struct writer *w, const struct span *span);

/* Counts a node or a round of a section.  RC_LIMITED. */
static enum rc
count_step(struct writer *w)
{
	if (++w->nsteps <= TEMPLATE_STEPS_MAX &&
	    w->written <= TEMPLATE_OUTPUT_MAX)
		return RC_OK;
	w->page->why = "it is too long";
	return RC_LIMITED;
}

/* Goes one step deeper, with a context of its own unless that is NULL. */
static enum rc
put_inner(struct writer *w, const struct span *span, const json_t *context)
{
	enum rc rc;

	if (w->depth == TEMPLATE_DEPTH_MAX) {
		w->page->why = "sections and partials are too deep";
		return RC_LIMITED;
	}
	if ((rc = count_step(w)) != RC_OK)
		return rc;
	w->depth++;
	if (context != NULL)
		w->context[w->ncontexts++] = context;
	rc = put_span(w, span);
	if (context != NULL)
		w->ncontexts--;
	w->depth--;
	return rc;
}

static enum rc
put_section(
    struct writer *w, const struct span *span, const struct template_node *node)
{
	const struct span inner = { span->list, (size_t)(node - span->list) + 1,
		node->end, span->indent };
	const json_t *value = find(w, node->text, node->len);
	enum rc rc = RC_OK;
	size_t i;

	if (node->kind == TEMPLATE_INVERTED)
		return is_truthy(value) ? RC_OK : put_inner(w, &inner, NULL);
	if (!is_truthy(value))
		return RC_OK;
	if (!json_is_array(value))
		return put_inner(w, &inner, value);
	for (i = 0; rc == RC_OK && i < json_array_size(value); i++)
		rc = put_inner(w, &inner, json_array_get(value, i));
	return rc;
}

static enum rc
put_partial(
    struct writer *w, const struct span *span, const struct template_node *node)
{
	const struct indent indent = { node->indent, node->indent_len,
		span->indent };
	struct span inner = { 0 };

	if (node->slot == NO_SLOT)
		return RC_OK;
	inner.list = w->page->loaded[node->slot].nodes.list;
	inner.to = w->page->loaded[node->slot].nodes.n;
	if (node->is_alone)
		inner.indent = node->indent_len > 0 ? &indent : span->indent;
	return put_inner(w, &inner, NULL);
}

static enum rc
put_span(struct writer *w, const struct span *span)
{
	const struct template_node *node;
	enum rc rc = RC_OK;
	size_t i;

	for (i = span->from; rc == RC_OK && i < span->to; i++) {
		node = &span->list[i];
		if ((rc = count_step(w)) != RC_OK)
			break;
		switch (node->kind) {
		case TEMPLATE_TEXT:
			put_text(w, node, span->indent);
			break;
		case TEMPLATE_VARIABLE:
			put_variable(w, find(w, node->text, node->len));
			break;
		case TEMPLATE_SECTION:
		case TEMPLATE_INVERTED:
			rc = put_section(w, span, node);
			i = node->end;
			break;
		case TEMPLATE_PARTIAL:
			rc = put_partial(w, span, node);
			break;
		case TEMPLATE_END:
			break;
		}
	}
	return rc;
}

/* Writes the page to memory.  RC_LIMITED, RC_FAIL (logged). */
static enum rc
write_page(struct page *page, const json_t *model, char **text, size_t *len)
{
	struct writer w = { .page = page };
	const struct span all = { page->loaded[0].nodes.list, 0,
		page->loaded[0].nodes.n, NULL };
	int has_failed;
	enum rc rc;

	w.context[w.ncontexts++] = model;
	w.out = open_memstream(text, len);
	if (w.out == NULL) {
		log_err("cannot make a page: out of memory");
		return RC_FAIL;
	}
	rc = put_span(&w, &all);
	if (rc == RC_OK && w.written > TEMPLATE_OUTPUT_MAX) {
		page->why = "it is too long";
		rc = RC_LIMITED;
	}
	has_failed = ferror(w.out);
	if (fclose(w.out) != 0 || has_failed) {
		log_err("cannot make a page: out of memory");
		rc = RC_FAIL;
	}
	return rc;
}

/* Opens the directory of overrides; without one there are none. */
static int
open_overrides(const struct templates *templates)
{
	struct template_fault fault = { 0 };
	int dir = -1;

	if (templates->dir != NULL && templates->dir[0] != '\0' &&
	    template_file_open(templates->dir, &dir, &fault) != RC_OK)
		log_err("pass over the templates of the site in %s: %s",
		    templates->dir, fault.why);
	return dir;
}

static void
page_clear(struct page *page)
{
	while (page->n > 0)
		forget(&page->loaded[--page->n]);
	if (page->dir >= 0)
		(void)close(page->dir);
	page->dir = -1;
}

static enum rc
make_page(struct page *page, const struct template *template,
    const json_t *model, char **text, size_t *len)
{
	size_t slot = 0;
	enum rc rc = load(page, template->name, template, &slot);

	return rc == RC_OK ? write_page(page, model, text, len) : rc;
}

enum rc
template_render(const struct templates *templates,
    const struct template *template, const json_t *model, FILE *out)
{
	struct page page = { .templates = templates,
		.dir = open_overrides(templates) };
	char *text = NULL;
	size_t len = 0;
	enum rc rc;

	rc = make_page(&page, template, model, &text, &len);
	if (rc == RC_LIMITED && page.has_overrides) {
		log_err("pass over the templates of the site for %s: %s",
		    template->name, page.why);
		free(text);
		text = NULL;
		len = 0;
		page_clear(&page);
		rc = make_page(&page, template, model, &text, &len);
	}
	if (rc == RC_LIMITED)
		log_err(
		    "cannot make the page %s: %s", template->name, page.why);
	if (rc == RC_OK && fwrite(text, 1, len, out) != len) {
		log_err(
		    "cannot make the page %s: out of memory", template->name);
		rc = RC_FAIL;
	}
	/* A new key is shown on a page. */
	if (text != NULL)
		explicit_bzero(text, len);
	free(text);
	page_clear(&page);
	return rc == RC_OK ? RC_OK : RC_FAIL;
}

/* --- looking -------------------------------------------------------------- */

enum rc
template_check(const struct template *template, struct template_fault *fault)
{
	struct template_nodes nodes;
	enum rc rc = template_parse(template, &nodes, fault);

	if (rc == RC_OK)
		rc = template_html(&nodes, fault);
	template_nodes_free(&nodes);
	return rc;
}

enum rc
template_partials(const struct template *template,
    enum rc (*found)(void *arg, const char *name, int line), void *arg)
{
	char name[TEMPLATE_NAME_MAX + 1];
	struct template_fault fault;
	struct template_nodes nodes;
	enum rc rc = template_parse(template, &nodes, &fault);
	size_t i;

	for (i = 0; rc == RC_OK && i < nodes.n; i++) {
		if (nodes.list[i].kind != TEMPLATE_PARTIAL)
			continue;
		(void)snprintf(name, sizeof(name), "%.*s",
		    (int)nodes.list[i].len, nodes.list[i].text);
		rc = found(arg, name, nodes.list[i].line);
	}
	template_nodes_free(&nodes);
	return rc;
}
