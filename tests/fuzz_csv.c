/* SPDX-License-Identifier: ISC */
/*
 * Fuzzes the reader of comma-separated values.  What it read is written
 * again, every field in quotes, and must then be read as the same.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "csv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(int condition)
{
	if (!condition)
		abort();
}

static FILE *
open_bytes(const void *bytes, size_t len)
{
	FILE *in = fmemopen(NULL, len + 1, "w+");

	must(in != NULL);
	must(fwrite(bytes, 1, len, in) == len);
	must(fflush(in) == 0);
	rewind(in);
	return in;
}

/* Writes the record, every field in quotes. */
static void
write_record(const struct csv *csv, FILE *out)
{
	const char *p;
	size_t i;

	for (i = 0; i < csv_count(csv); i++) {
		(void)fputs(i > 0 ? ",\"" : "\"", out);
		for (p = csv_field(csv, i); *p != '\0'; p++) {
			if (*p == '"')
				(void)putc('"', out);
			(void)putc(*p, out);
		}
		(void)putc('"', out);
	}
	(void)putc('\n', out);
}

/* Reads all that is good and writes it again; gives the last result. */
static enum rc
copy(const void *bytes, size_t len, char **text, size_t *text_len)
{
	FILE *in = open_bytes(bytes, len);
	FILE *out = open_memstream(text, text_len);
	int64_t line = 0;
	size_t width = 0;
	struct csv *csv = NULL;
	enum rc rc;

	must(out != NULL && csv_new(in, &csv) == RC_OK);
	while ((rc = csv_next(csv)) == RC_OK) {
		must(csv_count(csv) > 0);
		must(csv_count(csv) <= CSV_FIELDS_MAX);
		must(width == 0 || csv_count(csv) == width);
		width = csv_count(csv);
		must(csv_line(csv) > line);
		line = csv_line(csv);
		must(csv_what(csv)[0] == '\0');
		write_record(csv, out);
	}
	must(rc == RC_NOT_FOUND || rc == RC_INVALID);
	must((rc == RC_INVALID) == (csv_what(csv)[0] != '\0'));
	must(csv_count(csv) == 0);
	must(csv_next(csv) == rc);
	csv_free(csv);
	(void)fclose(in);
	must(fclose(out) == 0);
	return rc;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *first = NULL, *second = NULL;
	size_t first_len = 0, second_len = 0;

	(void)copy(data, size, &first, &first_len);
	must(copy(first, first_len, &second, &second_len) == RC_NOT_FOUND);
	must(first_len == second_len);
	must(memcmp(first, second, first_len) == 0);
	free(first);
	free(second);
	return 0;
}
