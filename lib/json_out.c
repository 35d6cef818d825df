/* SPDX-License-Identifier: ISC */
/*
 * Strings are gone through byte by byte: most are shorter than a call that
 * would find the next one to escape.
 */
#include "json_out.h"

enum { ESCAPED_MAX = 6 }; /* bytes that one becomes */

void
json_out_begin(struct json_out *out, FILE *stream)
{
	out->stream = stream;
	out->len = 0;
}

void
json_out_flush(struct json_out *out)
{
	(void)fwrite(out->text, 1, out->len, out->stream);
	out->len = 0;
}

void
json_out_raw(struct json_out *out, const char *json, size_t len)
{
	if (sizeof(out->text) - out->len < len)
		json_out_flush(out);
	if (sizeof(out->text) < len) {
		(void)fwrite(json, 1, len, out->stream);
		return;
	}
	memcpy(out->text + out->len, json, len);
	out->len += len;
}

/* Writes one byte that must not stand in a string; gives where it ends. */
static char *
escape(char *p, unsigned char c)
{
	static const char special[] = "\"\\\b\f\n\r\t", letters[] = "\"\\bfnrt";
	static const char digits[] = "0123456789ABCDEF";
	const char *found = c != '\0' ? strchr(special, c) : NULL;

	*p++ = '\\';
	if (found != NULL) {
		*p++ = letters[found - special];
		return p;
	}
	*p++ = 'u';
	*p++ = '0';
	*p++ = '0';
	*p++ = digits[c >> 4];
	*p++ = digits[c & 15];
	return p;
}

void
json_out_string(struct json_out *out, const char *s, size_t len)
{
	const char *const end = s + len;
	const char *const full = out->text + sizeof(out->text) - ESCAPED_MAX;
	char *p;

	json_out_raw(out, "\"", 1);
	p = out->text + out->len;
	for (; s < end; s++) {
		const unsigned char c = (unsigned char)*s;

		if (p > full) {
			out->len = (size_t)(p - out->text);
			json_out_flush(out);
			p = out->text;
		}
		if (c >= 0x20 && c != '"' && c != '\\')
			*p++ = *s;
		else
			p = escape(p, c);
	}
	out->len = (size_t)(p - out->text);
	json_out_raw(out, "\"", 1);
}
