/* SPDX-License-Identifier: ISC */
/*
 * Fuzzes the body parsers and the query string: the first byte picks the
 * encoding, the rest is the body.  Whatever was parsed keeps form.h's word:
 * values are trimmed UTF-8 text, items of lists have no comma and are there.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "form.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const types[] = { "application/x-www-form-urlencoded",
	"multipart/form-data; boundary=b", "application/json" };

/* What clients send, and "a" and "" for what the fuzzer makes. */
static const char *const names[] = { "key", "action", "order", "orders", "a",
	"b", "" };

static void
must(int condition)
{
	if (!condition)
		abort();
}

static void
look_at_item(void *arg, const char *value, size_t len)
{
	size_t *calls = arg;

	must(len > 0);
	must(memchr(value, ',', len) == NULL);
	must(memchr(value, '\0', len) == NULL);
	must(strchr(" \t\r\n", value[0]) == NULL);
	must(strchr(" \t\r\n", value[len - 1]) == NULL);
	++*calls;
}

static void
look_at(const struct form *form)
{
	size_t i, len, n, calls, all = 0;
	const char *value;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		n = form_count(form, names[i]);
		all += n;
		value = form_get(form, names[i]);
		if (value != NULL) {
			must(n > 0);
			len = strlen(value);
			must(len > 0);
			must(strchr(" \t\r\n", value[0]) == NULL);
			must(strchr(" \t\r\n", value[len - 1]) == NULL);
			must(strcmp(value, "null") != 0);
		}
		calls = 0;
		n = form_list(form, names[i], 100, look_at_item, &calls);
		must(calls == (n < 100 ? n : 100));
		must(n == form_list(form, names[i], 0, NULL, NULL));
	}
	must(all <= FORM_FIELDS_MAX);
}

/* A body with a Content-Type of its own: up to the first line feed. */
static enum rc
parse_typed(struct form *form, const char *text, size_t len, const char **what)
{
	const char *end = memchr(text, '\n', len);
	char *type;
	enum rc rc;

	if (end == NULL)
		end = text + len;
	type = strndup(text, (size_t)(end - text));
	must(type != NULL);
	if (end < text + len)
		end++;
	rc = form_parse(form, type, end, len - (size_t)(end - text), what);
	free(type);
	return rc;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data + 1, *what = NULL;
	struct form *form;
	int has_key = 0;
	size_t keys;
	enum rc rc;

	if (size == 0)
		return 0;
	must(form_new(&form) == RC_OK);
	switch (data[0] % 5) {
	case 3:
		must(form_add(form, "a", "1") == RC_OK);
		must(form_add(form, "key", "1") == RC_OK);
		rc = form_parse_query(form, text, size - 1, &has_key, &what);
		must(form_count(form, "a") == 1);
		keys = form_count(form, "key");
		must(keys == 1);
		break;
	case 4:
		rc = parse_typed(form, text, size - 1, &what);
		break;
	default:
		rc =
		    form_parse(form, types[data[0] % 5], text, size - 1, &what);
		break;
	}
	must(rc == RC_OK || rc == RC_INVALID);
	must(rc == RC_OK || what != NULL);
	look_at(form);
	form_free(form);
	return 0;
}
