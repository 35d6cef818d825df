/* SPDX-License-Identifier: ISC */
/*
 * RFC 4180, written so that it is safe to open.  Quotes alone do not help:
 * spreadsheets take them off before they look for a formula, and one that
 * splits at another character never sees them as quotes.
 */
#include "csv_writer.h"

#include <inttypes.h>
#include <string.h>

/* Ends a cell and goes on to the next one, for some program. */
static int
is_separator(char c)
{
	return c == ';' || c == '\t' || c == '\n' || c == '\r';
}

/* True if a cell that begins with these bytes could be a formula. */
static int
is_formula(const char *s)
{
	static const char *const begins[] = {
		"=",
		"+",
		"-",
		"@",
		/* U+FF1D, U+FF0B, U+FF0D, U+FF20: East Asian versions. */
		"\xef\xbc\x9d",
		"\xef\xbc\x8b",
		"\xef\xbc\x8d",
		"\xef\xbc\xa0",
	};
	size_t i;

	for (i = 0; i < sizeof(begins) / sizeof(begins[0]); i++)
		if (strncmp(s, begins[i], strlen(begins[i])) == 0)
			return 1;
	return 0;
}

/* Writes the comma before every cell of a record but the first. */
static FILE *
begin_cell(struct csv_writer *csv)
{
	if (csv->in_record)
		(void)fputc(',', csv->out);
	csv->in_record = 1;
	return csv->out;
}

void
csv_writer_begin(struct csv_writer *csv, FILE *out, const char *const columns[])
{
	*csv = (struct csv_writer){ .out = out };
	(void)fputs("\xef\xbb\xbf", out);
	for (; *columns != NULL; columns++)
		csv_writer_plain(csv, *columns);
	csv_writer_end(csv);
}

void
csv_writer_text(struct csv_writer *csv, const char *text)
{
	FILE *out = begin_cell(csv);
	int at_begin = 1;

	if (text == NULL || text[0] == '\0')
		return;
	(void)fputc('"', out);
	for (; *text != '\0'; text++) {
		if (at_begin && is_formula(text))
			(void)fputc('\'', out);
		/* Spaces and quotes do not keep a formula from being one. */
		if (is_separator(*text))
			at_begin = 1;
		else if (*text != ' ' && *text != '"')
			at_begin = 0;
		if (*text == '"')
			(void)fputc('"', out);
		(void)fputc(*text, out);
	}
	(void)fputc('"', out);
}

void
csv_writer_plain(struct csv_writer *csv, const char *text)
{
	FILE *out = begin_cell(csv);

	if (text != NULL)
		(void)fputs(text, out);
}

void
csv_writer_int(struct csv_writer *csv, int64_t n)
{
	(void)fprintf(begin_cell(csv), "%" PRId64, n);
}

void
csv_writer_end(struct csv_writer *csv)
{
	(void)fputs("\r\n", csv->out);
	csv->in_record = 0;
}
