/* SPDX-License-Identifier: ISC */
/*
 * Every page template with models made for it: each name that it uses has a
 * value that attacks, and each section is there or not, in several ways.  No
 * value adds markup.  What the pages are to a parser of HTML is looked at by
 * check_html, for which they are written where $PAGES says.
 */
#include <check.h>
#include <jansson.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "suite.h"
#include "template.h"
#include "template_parse.h"
#include "templates.h"

enum { WAYS = 8, PARTIALS_DEEP = 8, NAME_LEN = TEMPLATE_NAME_MAX + 1 };

/* Takes the place of an attack; both are in pages as often. */
static const char GOOD[] = "benign";

static const char *const attacks[] = {
	"\"><script>alert(1)</script>",
	"' onmouseover='alert(1)' x='",
	"javascript:alert(1)",
	"</title></textarea></script></style>--><!--",
	"'; DROP TABLE orders; --",
	"{{brand.name}} {{> head}} {{{x}}}",
	"&lt;b&gt; &amp;amp; &#x3c; &quot",
	"\xe2\x80\xae\xef\xbb\xbf\xc2\xa0<\xf0\x9f\x92\xa9>",
};

/* A template and its names. */
struct subject {
	const struct template *template;
	struct template_nodes nodes;
	json_t *values;     /* paths of variables */
	json_t *prefixes;   /* of dotted paths */
	json_t *attributes; /* paths of sections in a tag */
	json_t *model;      /* that is being made */
	const char *text;   /* the value */
	int way;
};

static const struct template *
layout_of(const struct template_node *node)
{
	char name[NAME_LEN + 16];
	size_t i;

	(void)snprintf(
	    name, sizeof(name), "layout/%.*s", (int)node->len, node->text);
	for (i = 0; template_layout[i] != NULL; i++)
		if (strcmp(template_layout[i]->name, name) == 0)
			return template_layout[i];
	ck_abort_msg("there is no %s.html", name);
	return NULL;
}

static void
parse(const struct template *template, struct template_nodes *nodes)
{
	struct template_fault fault = { 0 };

	ck_assert_msg(template_parse(template, nodes, &fault) == RC_OK,
	    "%s line %d: %s", template->name, fault.line, fault.why);
}

static void
name_of(const struct template_node *node, char name[NAME_LEN])
{
	(void)snprintf(name, NAME_LEN, "%.*s", (int)node->len, node->text);
}

/* True if a tag of Mustache stands in one of HTML. */
static int
is_in_tag(const struct template_nodes *nodes, const struct template_node *node)
{
	const char *c = node->text;

	while (c > nodes->list[0].text && *c != '<' && *c != '>')
		c--;
	return *c == '<';
}

/* Notes what kinds of names there are. */
static void
collect(struct subject *s, const struct template_nodes *nodes, int depth)
{
	struct template_nodes inner;
	char name[NAME_LEN], *dot;
	size_t i;

	for (i = 0; i < nodes->n; i++) {
		const struct template_node *node = &nodes->list[i];

		if (node->kind == TEMPLATE_PARTIAL && depth < PARTIALS_DEEP) {
			parse(layout_of(node), &inner);
			collect(s, &inner, depth + 1);
			template_nodes_free(&inner);
		}
		if (node->kind != TEMPLATE_VARIABLE &&
		    node->kind != TEMPLATE_SECTION &&
		    node->kind != TEMPLATE_INVERTED)
			continue;
		name_of(node, name);
		if (node->kind == TEMPLATE_VARIABLE)
			json_object_set_new(s->values, name, json_true());
		/* An attribute comes once. */
		else if (is_in_tag(nodes, node))
			json_object_set_new(s->attributes, name, json_true());
		while ((dot = strrchr(name, '.')) != NULL && dot != name) {
			*dot = '\0';
			json_object_set_new(s->prefixes, name, json_true());
		}
	}
}

/* The object that has the last part of a path; it and others are made. */
static json_t *
holder_of(json_t *object, char **name)
{
	char *dot;
	json_t *inner;

	while ((dot = strchr(*name, '.')) != NULL) {
		*dot = '\0';
		inner = json_object_get(object, *name);
		if (!json_is_object(inner)) {
			inner = json_object();
			ck_assert_int_eq(
			    json_object_set_new(object, *name, inner), 0);
		}
		object = inner;
		*name = dot + 1;
	}
	return object;
}

static void
put(json_t *object, const char *path, json_t *value)
{
	char name[NAME_LEN], *last = name;

	(void)snprintf(name, sizeof(name), "%s", path);
	object = holder_of(object, &last);
	/* An object stays one: it has what others need. */
	if (json_is_object(json_object_get(object, last)))
		json_decref(value);
	else
		ck_assert_int_eq(json_object_set_new(object, last, value), 0);
}

/* Whether a section is there: first all, then none, then some. */
static int
is_there(const struct subject *s, const char *name)
{
	uint32_t hash = (uint32_t)s->way * 2654435761u;

	if (s->way < 2)
		return s->way == 0;
	for (; *name != '\0'; name++)
		hash = (hash ^ (unsigned char)*name) * 16777619u;
	return hash >> 16 & 1;
}

static void fill(struct subject *s, json_t *object,
    const struct template_nodes *nodes, size_t from, size_t to, int depth);

/* True if "." stands in a section itself. */
static int
has_dot(const struct template_nodes *nodes, size_t from, size_t to)
{
	for (; from < to; from++) {
		if (nodes->list[from].kind == TEMPLATE_VARIABLE &&
		    nodes->list[from].len == 1 &&
		    nodes->list[from].text[0] == '.')
			return 1;
		if (nodes->list[from].kind == TEMPLATE_SECTION)
			from = nodes->list[from].end;
	}
	return 0;
}

/*
 * A section of a name that is a variable too has a text, of one whose parts
 * are named an object, in a tag the value true, of "." texts, and of any other
 * a list.
 */
static void
fill_section(struct subject *s, json_t *object,
    const struct template_nodes *nodes, size_t at, int depth)
{
	const struct template_node *node = &nodes->list[at];
	char name[NAME_LEN];
	json_t *item;

	name_of(node, name);
	if (!is_there(s, name)) {
		fill(s, object, nodes, at + 1, node->end, depth);
		return;
	}
	if (json_object_get(s->prefixes, name) != NULL) {
		item = json_object();
		put(object, name, item);
		fill(s, object, nodes, at + 1, node->end, depth);
	} else if (json_object_get(s->values, name) != NULL) {
		put(object, name, json_string(s->text));
		fill(s, object, nodes, at + 1, node->end, depth);
	} else if (json_object_get(s->attributes, name) != NULL) {
		put(object, name, json_true());
		fill(s, object, nodes, at + 1, node->end, depth);
	} else if (has_dot(nodes, at + 1, node->end)) {
		put(object, name, json_pack("[s,s]", s->text, s->text));
		fill(s, object, nodes, at + 1, node->end, depth);
	} else {
		item = json_object();
		fill(s, item, nodes, at + 1, node->end, depth);
		put(object, name, json_pack("[O,o]", item, item));
	}
}

/* Gives an object all that a template asks of it. */
static void
fill(struct subject *s, json_t *object, const struct template_nodes *nodes,
    size_t from, size_t to, int depth)
{
	struct template_nodes inner;
	char name[NAME_LEN];
	size_t i;

	for (i = from; i < to; i++) {
		const struct template_node *node = &nodes->list[i];

		name_of(node, name);
		if (node->kind == TEMPLATE_VARIABLE && strcmp(name, ".") != 0) {
			/* A section that is left out stays so. */
			if (json_object_get(s->prefixes, name) == NULL &&
			    is_there(s, name))
				put(object, name, json_string(s->text));
		} else if (node->kind == TEMPLATE_SECTION) {
			fill_section(s, object, nodes, i, depth);
			i = node->end;
		} else if (node->kind == TEMPLATE_PARTIAL &&
			   depth < PARTIALS_DEEP) {
			parse(layout_of(node), &inner);
			fill(s, object, &inner, 0, inner.n, depth + 1);
			template_nodes_free(&inner);
		}
	}
}

/* The page of a way with one value for all names; to be freed. */
static char *
page_of(struct subject *s, int way, const char *text)
{
	const struct templates templates = { template_layout, NULL };
	char *page = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&page, &len);

	s->way = way;
	s->text = text;
	s->model = json_object();
	fill(s, s->model, &s->nodes, 0, s->nodes.n, 0);
	ck_assert_int_eq(
	    template_render(&templates, s->template, s->model, out), RC_OK);
	ck_assert_int_eq(fclose(out), 0);
	json_decref(s->model);
	return page;
}

static void
open_subject(struct subject *s, const struct template *template)
{
	memset(s, 0, sizeof(*s));
	s->template = template;
	parse(template, &s->nodes);
	s->values = json_object();
	s->prefixes = json_object();
	s->attributes = json_object();
	collect(s, &s->nodes, 0);
}

static void
close_subject(struct subject *s)
{
	template_nodes_free(&s->nodes);
	json_decref(s->values);
	json_decref(s->prefixes);
	json_decref(s->attributes);
}

static size_t
count(const char *page, const char *what)
{
	size_t n = 0;

	for (; (page = strstr(page, what)) != NULL; page += strlen(what))
		n++;
	return n;
}

/* For check_html: NAME.WAY.good.html and NAME.WAY.bad.html. */
static void
keep(const struct template *template, int way, const char *kind,
    const char *page)
{
	const char *dir = getenv("PAGES"), *name = template->name;
	char path[512];
	FILE *out;

	/* What is a whole page. */
	if (dir == NULL || (strncmp(name, "dashboard/", 10) != 0 &&
			       strcmp(name, "layout/refusal") != 0))
		return;
	(void)mkdir(dir, 0755);
	(void)snprintf(path, sizeof(path), "%s/%s.%d.%s.html", dir,
	    strchr(name, '/') + 1, way, kind);
	out = fopen(path, "we");
	ck_assert_ptr_nonnull(out);
	(void)fputs(page, out);
	ck_assert_int_eq(fclose(out), 0);
}

/* All of them in one, for pages that are kept. */
static void
all_attacks(char text[1024])
{
	size_t i;

	text[0] = '\0';
	for (i = 0; i < sizeof(attacks) / sizeof(attacks[0]); i++)
		(void)snprintf(text + strlen(text), 1024 - strlen(text), "%s|",
		    attacks[i]);
}

START_TEST(no_value_adds_markup_to_a_page)
{
	static const char *const marks[] = { "<", ">", "\"", "'" };
	struct subject s;
	char all[1024];
	int way, i, mark;

	all_attacks(all);
	open_subject(&s, template_all[_i]);
	for (way = 0; way < WAYS; way++) {
		char *good = page_of(&s, way, GOOD), *bad;

		for (i = 0; i <= ROWS(attacks); i++) {
			bad = page_of(
			    &s, way, i < ROWS(attacks) ? attacks[i] : all);
			for (mark = 0; mark < ROWS(marks); mark++)
				ck_assert_msg(count(good, marks[mark]) ==
						  count(bad, marks[mark]),
				    "%s, way %d, attack %d", s.template->name,
				    way, i);
			if (i == ROWS(attacks))
				keep(s.template, way, "bad", bad);
			free(bad);
		}
		keep(s.template, way, "good", good);
		free(good);
	}
	close_subject(&s);
}
END_TEST

/* The models do what they are for: somewhere a value is shown. */
START_TEST(a_page_shows_what_its_model_has)
{
	struct subject s;
	size_t shown = 0;
	int way;

	open_subject(&s, template_all[_i]);
	for (way = 0; way < WAYS; way++) {
		char *page = page_of(&s, way, GOOD);

		shown += count(page, GOOD);
		free(page);
	}
	ck_assert_msg(shown > 0 || json_object_size(s.values) == 0, "%s",
	    s.template->name);
	close_subject(&s);
}
END_TEST

static Suite *
markup_suite(void)
{
	Suite *s = suite_create("markup");
	TCase *tc = tcase_create("markup");
	int n = 0;

	while (template_all[n] != NULL)
		n++;
	tcase_add_loop_test(tc, no_value_adds_markup_to_a_page, 0, n);
	tcase_add_loop_test(tc, a_page_shows_what_its_model_has, 0, n);
	suite_add_tcase(s, tc);
	return s;
}

SUITE_MAIN(markup_suite)
