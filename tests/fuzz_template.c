/* SPDX-License-Identifier: ISC */
/*
 * Fuzzes templates: a page, a partial p and a model in JSON, with NUL bytes
 * between them.  Whatever the template, values add no character that HTML
 * gives a meaning; and of one that is found to be in order, no value changes
 * the skeleton.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "skeleton.h"
#include "template.h"

enum { INPUT_MAX = 4096 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(int condition)
{
	if (!condition)
		abort();
}

static int
drop_line(void *arg, const char *line, size_t len)
{
	(void)arg;
	must(len > 1 && line[len - 1] == '\n');
	return 1;
}

/* The text up to the next NUL, and what follows it. */
static struct template next_text(
    const char *name, const char **from, size_t *left)
{
	const char *nul = memchr(*from, '\0', *left);
	struct template template = { name, *from, *left };

	if (nul == NULL) {
		*from += *left;
		*left = 0;
		return template;
	}
	template.len = (size_t)(nul - *from);
	*left -= template.len + 1;
	*from = nul + 1;
	return template;
}

/* Makes a page; NULL if that fails, and then nothing was written. */
static char *
make(const struct template *page, const struct template *partial,
    const json_t *model)
{
	const struct template *const layout[] = { partial, NULL };
	const struct templates templates = { layout, NULL };
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	enum rc rc;

	must(out != NULL);
	rc = template_render(&templates, page, model, out);
	must(fclose(out) == 0);
	must(len <= TEMPLATE_OUTPUT_MAX);
	if (rc == RC_OK)
		return text;
	must(rc == RC_FAIL && len == 0);
	free(text);
	return NULL;
}

/* How many characters of a text mean something to HTML. */
static size_t
count(const char *text)
{
	size_t n = 0;

	for (; *text != '\0'; text++)
		n += strchr("<>\"'", *text) != NULL;
	return n;
}

/* A model in which every name that a template may use has that text. */
static json_t *
model_of(const char *text)
{
	return json_pack("{s:s, s:[s,{s:s,s:s}], s:{s:s,s:[s,s]}, s:b}", "a",
	    text, "l", text, "a", text, "b", text, "o", "a", text, "l", text,
	    text, "t", 1);
}

static void
must_have_same_skeleton(const char *one, const char *two)
{
	char *first = skeleton_of(one), *second = skeleton_of(two);

	must(strcmp(first, second) == 0);
	free(first);
	free(second);
}

/* A text that attacks adds no more to a page than one that does not. */
static void
compare(const struct template *page, const struct template *partial,
    int is_in_order, const char *attack)
{
	json_t *good = model_of("good"), *bad = model_of(attack);
	char *one = make(page, partial, good), *two;

	must(good != NULL && bad != NULL);
	two = make(page, partial, bad);
	/* The longer one may be too long. */
	if (one != NULL && two != NULL)
		must(count(one) == count(two));
	if (one != NULL && two != NULL && is_in_order)
		must_have_same_skeleton(one, two);
	free(one);
	free(two);
	json_decref(good);
	json_decref(bad);
}

static enum rc
look_at_partial(void *arg, const char *name, int line)
{
	size_t *n = arg;

	must(line >= 1 && name[0] != '\0' && strlen(name) <= TEMPLATE_NAME_MAX);
	must(strpbrk(name, "./") == NULL);
	++*n;
	return RC_OK;
}

/* True if it is in order. */
static int
look_at(const struct template *template)
{
	struct template_fault fault = { 0 };
	size_t n = 0;
	enum rc rc = template_check(template, &fault);

	must(rc == RC_OK || rc == RC_INVALID);
	if (rc == RC_OK)
		must(template_partials(template, look_at_partial, &n) == RC_OK);
	else
		must(fault.line >= 1 && fault.why[0] != '\0');
	return rc == RC_OK;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const attacks[] = { "\"'><script>&", "javascript:x",
		"ript:x", ":x", "/x", "//x", "\\x", "\t/x", "x onclick=x ",
		"-->", "s" };
	const char *text = (const char *)data;
	struct template page, partial;
	int is_in_order;
	json_t *model;
	size_t i;

	if (size > INPUT_MAX)
		return 0;
	log_to(drop_line, NULL);
	page = next_text("dashboard/x", &text, &size);
	partial = next_text("layout/p", &text, &size);
	is_in_order = look_at(&page) & look_at(&partial);
	for (i = 0; i < sizeof(attacks) / sizeof(attacks[0]); i++)
		if (i == 0 || is_in_order)
			compare(&page, &partial, is_in_order, attacks[i]);
	model = json_loadb(text, size, JSON_DECODE_ANY, NULL);
	if (model != NULL) {
		free(make(&page, &partial, model));
		json_decref(model);
	}
	return 0;
}
