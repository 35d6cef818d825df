/* SPDX-License-Identifier: ISC */
/*
 * RFC 4180, a byte at a time.  What it leaves open is refused: a quote
 * inside a bare field, text after a closing quote, a lone CR, a NUL.
 */
#include "csv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"

struct csv {
	FILE *in;
	const char *what;
	int64_t line;  /* of the byte that is read next */
	int64_t began; /* line of the record */
	size_t width;  /* fields of the first record; 0 before it */
	size_t nfields;
	size_t start[CSV_FIELDS_MAX];
	size_t len;
	char text[CSV_RECORD_MAX];
};

enum rc
csv_new(FILE *in, struct csv **csv)
{
	*csv = calloc(1, sizeof(**csv));
	if (*csv == NULL) {
		log_err("cannot read CSV: out of memory");
		return RC_FAIL;
	}
	(*csv)->in = in;
	(*csv)->line = 1;
	return RC_OK;
}

void
csv_free(struct csv *csv)
{
	free(csv);
}

static enum rc
malformed(struct csv *csv, const char *what)
{
	csv->what = what;
	return RC_INVALID;
}

/* The next byte; EOF at the end or on an error. */
static int
next_byte(struct csv *csv)
{
	int c = getc(csv->in);

	if (c == '\n')
		csv->line++;
	return c;
}

static enum rc
put(struct csv *csv, int c)
{
	if (c == '\0')
		return malformed(csv, "a NUL byte");
	if (csv->len + 1 >= sizeof(csv->text))
		return malformed(csv, "a record that is too long");
	csv->text[csv->len++] = (char)c;
	return RC_OK;
}

/* Begins a field at the end of the text so far. */
static enum rc
begin_field(struct csv *csv)
{
	if (csv->nfields == CSV_FIELDS_MAX)
		return malformed(csv, "too many fields");
	csv->start[csv->nfields++] = csv->len;
	return RC_OK;
}

static enum rc
end_field(struct csv *csv)
{
	/* put() keeps a byte free, end_field uses it. */
	if (csv->len >= sizeof(csv->text))
		return malformed(csv, "a record that is too long");
	csv->text[csv->len++] = '\0';
	return RC_OK;
}

/*
 * Reads a field after its opening quote; *c becomes the byte that ends it.
 */
static enum rc
quoted(struct csv *csv, int *c)
{
	enum rc rc;

	for (;;) {
		*c = next_byte(csv);
		if (*c == EOF)
			return malformed(csv, "a quote that is not closed");
		if (*c == '"' && (*c = next_byte(csv)) != '"')
			return RC_OK;
		if ((rc = put(csv, *c)) != RC_OK)
			return rc;
	}
}

/* Reads a field without quotes from *c on, likewise. */
static enum rc
bare(struct csv *csv, int *c)
{
	enum rc rc;

	for (; *c != EOF && *c != ',' && *c != '\n' && *c != '\r';
	     *c = next_byte(csv)) {
		if (*c == '"')
			return malformed(csv, "a quote inside a bare field");
		if ((rc = put(csv, *c)) != RC_OK)
			return rc;
	}
	return RC_OK;
}

/* Reads one field; *c is its first byte, then the one that ended it. */
static enum rc
field(struct csv *csv, int *c)
{
	enum rc rc;

	if ((rc = begin_field(csv)) != RC_OK)
		return rc;
	rc = *c == '"' ? quoted(csv, c) : bare(csv, c);
	if (rc != RC_OK)
		return rc;
	if (*c == '\r' && (*c = next_byte(csv)) != '\n')
		return malformed(csv, "a CR without LF");
	if (*c != ',' && *c != '\n' && *c != EOF)
		return malformed(csv, "text after a closing quote");
	return end_field(csv);
}

/* Passes over a byte order mark. */
static enum rc
skip_mark(struct csv *csv, int *c)
{
	if (*c != 0xef)
		return RC_OK;
	if (next_byte(csv) != 0xbb || next_byte(csv) != 0xbf)
		return malformed(csv, "no UTF-8");
	*c = next_byte(csv);
	return RC_OK;
}

enum rc
csv_next(struct csv *csv)
{
	enum rc rc;
	int c;

	if (csv->what != NULL)
		return RC_INVALID;
	csv->nfields = csv->len = 0;
	csv->began = csv->line;
	c = next_byte(csv);
	if (csv->width == 0 && (rc = skip_mark(csv, &c)) != RC_OK)
		return rc;
	if (c == EOF && !ferror(csv->in))
		return RC_NOT_FOUND;
	while ((rc = field(csv, &c)) == RC_OK && c == ',')
		c = next_byte(csv);
	if (ferror(csv->in)) {
		log_err("cannot read CSV: %s", strerror(errno));
		csv->what = "a read error";
		csv->nfields = 0;
		return RC_FAIL;
	}
	if (rc == RC_OK && csv->width == 0)
		csv->width = csv->nfields;
	if (rc == RC_OK && csv->nfields != csv->width)
		rc = malformed(csv, csv->nfields < csv->width
					? "fewer fields than the header"
					: "more fields than the header");
	if (rc != RC_OK)
		csv->nfields = 0;
	return rc;
}

size_t
csv_count(const struct csv *csv)
{
	return csv->nfields;
}

const char *
csv_field(const struct csv *csv, size_t i)
{
	return i < csv->nfields ? csv->text + csv->start[i] : "";
}

int64_t
csv_line(const struct csv *csv)
{
	return csv->began;
}

const char *
csv_what(const struct csv *csv)
{
	return csv->what != NULL ? csv->what : "";
}
