/* SPDX-License-Identifier: ISC */
/*
 * JSON that is written as it comes, for answers of many alike: a model of
 * each costs several times what it says.  The text is what jansson writes.
 */
#ifndef LATCHKEY_JSON_OUT_H
#define LATCHKEY_JSON_OUT_H

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "number.h"

/*
 * Text on its way to a stream, whose functions cost more than the few bytes
 * that each piece has.  That the stream has failed is seen when it is closed.
 */
struct json_out {
	FILE *stream;
	size_t len;
	char text[1000];
};

/* Begins to write to a stream, which is borrowed until json_out_flush. */
void json_out_begin(struct json_out *out, FILE *stream);

/* Gives the stream all that has been written. */
void json_out_flush(struct json_out *out);

/* Writes what is JSON already: punctuation, names, numbers, true, false. */
void json_out_raw(struct json_out *out, const char *json, size_t len);

/* Writes len bytes of UTF-8 as a string (RFC 8259, section 7). */
void json_out_string(struct json_out *out, const char *s, size_t len);

/*
 * Writes a name, after '{' or ',': a constant without anything to escape.
 * Here, so that its length is known when a program is compiled.
 */
static inline void
json_out_name(struct json_out *out, char before, const char *name)
{
	const size_t len = strlen(name);
	char *p;

	if (sizeof(out->text) - out->len < len + 4)
		json_out_flush(out);
	if (sizeof(out->text) < len + 4)
		return;
	p = out->text + out->len;
	p[0] = before;
	p[1] = '"';
	memcpy(p + 2, name, len + 1);
	p[len + 2] = '"'; /* where its NUL was */
	p[len + 3] = ':';
	out->len += len + 4;
}

/* Writes a member whose value is a string. */
static inline void
json_out_member(
    struct json_out *out, char before, const char *name, const char *value)
{
	json_out_name(out, before, name);
	json_out_string(out, value, strlen(value));
}

/* Writes a member whose value is a whole number. */
static inline void
json_out_int(struct json_out *out, char before, const char *name, int64_t n)
{
	char text[NUMBER_TEXT_LEN];

	json_out_name(out, before, name);
	(void)number_format(n, text);
	json_out_raw(out, text, strlen(text));
}

/* Writes a member whose value is true or false. */
static inline void
json_out_flag(struct json_out *out, char before, const char *name, int value)
{
	json_out_name(out, before, name);
	json_out_raw(out, value ? "true" : "false", value ? 4 : 5);
}

#endif
