/* SPDX-License-Identifier: ISC */
/*
 * Strings are written in stretches of what needs no escape.  That a stream
 * has failed is seen when it is closed.
 */
#include "json_out.h"

#include <string.h>

/* Writes one byte that must not stand in a string. */
static void
escape(FILE *out, unsigned char c)
{
	static const char special[] = "\"\\\b\f\n\r\t", letters[] = "\"\\bfnrt";
	const char *found = c != '\0' ? strchr(special, c) : NULL;

	if (found != NULL)
		(void)fprintf(out, "\\%c", letters[found - special]);
	else
		(void)fprintf(out, "\\u%04X", c);
}

void
json_out_string(FILE *out, const char *text, size_t len)
{
	size_t begin = 0, i;

	(void)fputc('"', out);
	for (i = 0; i < len; i++) {
		const unsigned char c = (unsigned char)text[i];

		if (c >= 0x20 && c != '"' && c != '\\')
			continue;
		(void)fwrite(text + begin, 1, i - begin, out);
		escape(out, c);
		begin = i + 1;
	}
	(void)fwrite(text + begin, 1, len - begin, out);
	(void)fputc('"', out);
}

void
json_out_member(FILE *out, char before, const char *name, const char *text)
{
	(void)fputc(before, out);
	json_out_string(out, name, strlen(name));
	(void)fputc(':', out);
	json_out_string(out, text, strlen(text));
}
