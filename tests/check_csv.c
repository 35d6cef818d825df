/* SPDX-License-Identifier: ISC */
/*
 * Comma-separated values: what RFC 4180 says, what it leaves open and is
 * refused here, every bound, input in pieces and input that breaks off.
 */
#include "csv.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>

#include "scratch.h"
#include "suite.h"

/* A text of a constant and its length, which may have NULs inside. */
#define BYTES(text) (text), sizeof(text) - 1

/* Input that gives piece bytes at a time and may fail at its end. */
struct source {
	const char *bytes;
	size_t len, piece;
	int fails;
};

static ssize_t
read_source(void *cookie, char *buf, size_t size)
{
	struct source *source = cookie;
	size_t n = size < source->piece ? size : source->piece;

	if (n > source->len)
		n = source->len;
	if (n == 0 && source->fails) {
		errno = EIO;
		return -1;
	}
	memcpy(buf, source->bytes, n);
	source->bytes += n;
	source->len -= n;
	return (ssize_t)n;
}

static FILE *
open_source(struct source *source)
{
	const cookie_io_functions_t io = { .read = read_source };
	FILE *in = fopencookie(source, "r", io);

	ck_assert_ptr_nonnull(in);
	return in;
}

/*
 * Reads all records to text: fields with '|' between, each record ended by
 * '/', preceded by its line.  Gives the result of the last csv_next.
 */
static enum rc
read_all(FILE *in, char *text, size_t size, struct csv **csv)
{
	size_t i, len = 0;
	enum rc rc;
	int n;

	text[0] = '\0';
	ck_assert_int_eq(csv_new(in, csv), RC_OK);
	while ((rc = csv_next(*csv)) == RC_OK) {
		for (i = 0; i < csv_count(*csv); i++) {
			n = i == 0
				? snprintf(text + len, size - len, "%d:%s",
				      (int)csv_line(*csv), csv_field(*csv, 0))
				: snprintf(text + len, size - len, "|%s",
				      csv_field(*csv, i));
			ck_assert_int_ge(n, 0);
			len += (size_t)n;
			ck_assert_uint_lt(len + 1, size);
		}
		ck_assert_str_eq(csv_field(*csv, i), "");
		ck_assert_str_eq(csv_field(*csv, SIZE_MAX), "");
		ck_assert_str_eq(csv_what(*csv), "");
		text[len++] = '/';
		text[len] = '\0';
	}
	ck_assert_uint_eq(csv_count(*csv), 0);
	ck_assert_str_eq(csv_field(*csv, 0), "");
	return rc;
}

/* what NULL: it is read to its end. */
static const struct {
	const char *bytes;
	size_t len;
	const char *text;
	const char *what;
	int64_t line; /* of the record that is malformed */
} files[] = {
	{ BYTES(""), "", NULL, 0 },
	{ BYTES("a"), "1:a/", NULL, 0 },
	{ BYTES("a\n"), "1:a/", NULL, 0 },
	{ BYTES("a\r\n"), "1:a/", NULL, 0 },
	{ BYTES("a,b\n1,2\n"), "1:a|b/2:1|2/", NULL, 0 },
	{ BYTES("a,b\r\n1,2\r\n"), "1:a|b/2:1|2/", NULL, 0 },
	{ BYTES("a,b\r\n1,2"), "1:a|b/2:1|2/", NULL, 0 },
	{ BYTES(",\n,\n"), "1:|/2:|/", NULL, 0 },
	{ BYTES(","), "1:|/", NULL, 0 },
	{ BYTES(",,"), "1:||/", NULL, 0 },
	{ BYTES("a,\n,b\n"), "1:a|/2:|b/", NULL, 0 },
	{ BYTES(" a , b "), "1: a | b /", NULL, 0 },
	{ BYTES("\"a\",\"b\"\n"), "1:a|b/", NULL, 0 },
	{ BYTES("\"\",\"\"\n"), "1:|/", NULL, 0 },
	{ BYTES("\"\""), "1:/", NULL, 0 },
	{ BYTES("\"a,b\",c\n"), "1:a,b|c/", NULL, 0 },
	{ BYTES("\"a\"\"b\",c\n"), "1:a\"b|c/", NULL, 0 },
	{ BYTES("\"\"\"\"\n"), "1:\"/", NULL, 0 },
	{ BYTES("\"\"\"\"\"\"\n"), "1:\"\"/", NULL, 0 },
	{ BYTES("\"a\nb\",c\nd,e\n"), "1:a\nb|c/3:d|e/", NULL, 0 },
	{ BYTES("\"a\r\nb\"\n"), "1:a\r\nb/", NULL, 0 },
	{ BYTES("\"a\rb\"\n"), "1:a\rb/", NULL, 0 },
	{ BYTES("\"\n\n\n\"\nx\n"), "1:\n\n\n/5:x/", NULL, 0 },
	{ BYTES("a'b;c\td\n"), "1:a'b;c\td/", NULL, 0 },
	{ BYTES("\n"), "1:/", NULL, 0 },
	{ BYTES("\n\n"), "1:/2:/", NULL, 0 },
	{ BYTES("\xe2\x82\xac,\xff\n"), "1:\xe2\x82\xac|\xff/", NULL, 0 },
	/* a byte order mark */
	{ BYTES("\xef\xbb\xbf"
		"a,b\n"),
	    "1:a|b/", NULL, 0 },
	{ BYTES("\xef\xbb\xbf\"a\",b\n"), "1:a|b/", NULL, 0 },
	{ BYTES("\xef\xbb\xbf"), "", NULL, 0 },
	{ BYTES("\xef\xbb\xbf\n"), "1:/", NULL, 0 },
	{ BYTES("a\n\xef\xbb\xbf"
		"b\n"),
	    "1:a/2:\xef\xbb\xbf"
	    "b/",
	    NULL, 0 },
	{ BYTES("\xef\xbb"), "", "no UTF-8", 1 },
	{ BYTES("\xef"), "", "no UTF-8", 1 },
	{ BYTES("\xef\xbb"
		"a"),
	    "", "no UTF-8", 1 },
	/* malformed */
	{ BYTES("\""), "", "a quote that is not closed", 1 },
	{ BYTES("\"a"), "", "a quote that is not closed", 1 },
	{ BYTES("\"a\nb\nc"), "", "a quote that is not closed", 1 },
	{ BYTES("\"a\"\""), "", "a quote that is not closed", 1 },
	{ BYTES("x\ny\n\"a\n"), "1:x/2:y/", "a quote that is not closed", 3 },
	{ BYTES("a\"b\n"), "", "a quote inside a bare field", 1 },
	{ BYTES("a\"\n"), "", "a quote inside a bare field", 1 },
	{ BYTES(" \"a\"\n"), "", "a quote inside a bare field", 1 },
	{ BYTES("x\na\"b\"\n"), "1:x/", "a quote inside a bare field", 2 },
	{ BYTES("\"a\"b\n"), "", "text after a closing quote", 1 },
	{ BYTES("\"a\" \n"), "", "text after a closing quote", 1 },
	{ BYTES("\"a\" ,b\n"), "", "text after a closing quote", 1 },
	{ BYTES("a\rb\n"), "", "a CR without LF", 1 },
	{ BYTES("a\r"), "", "a CR without LF", 1 },
	{ BYTES("a\r\r\n"), "", "a CR without LF", 1 },
	{ BYTES("\"a\"\r"), "", "a CR without LF", 1 },
	{ BYTES("\r"), "", "a CR without LF", 1 },
	{ BYTES("\0"), "", "a NUL byte", 1 },
	{ BYTES("a\0b\n"), "", "a NUL byte", 1 },
	{ BYTES("\"a\0b\"\n"), "", "a NUL byte", 1 },
	{ BYTES("\"a\"\0\n"), "", "text after a closing quote", 1 },
	{ BYTES("a,b\n1\n"), "1:a|b/", "fewer fields than the header", 2 },
	{ BYTES("a,b\n\n"), "1:a|b/", "fewer fields than the header", 2 },
	{ BYTES("a,b\n1,2\n\n"), "1:a|b/2:1|2/", "fewer fields than the header",
	    3 },
	{ BYTES("a,b\n1,2,3\n"), "1:a|b/", "more fields than the header", 2 },
	{ BYTES("a\n\"x\ny\"\n1,\n"), "1:a/2:x\ny/",
	    "more fields than the header", 4 },
};

static void
check_file(int i, size_t piece)
{
	struct source source = { files[i].bytes, files[i].len, piece, 0 };
	FILE *in = open_source(&source);
	char text[512];
	struct csv *csv;
	enum rc rc = read_all(in, text, sizeof(text), &csv);

	ck_assert_str_eq(text, files[i].text);
	if (files[i].what == NULL) {
		ck_assert_int_eq(rc, RC_NOT_FOUND);
		ck_assert_int_eq(csv_next(csv), RC_NOT_FOUND);
		ck_assert_str_eq(csv_what(csv), "");
	} else {
		ck_assert_int_eq(rc, RC_INVALID);
		ck_assert_str_eq(csv_what(csv), files[i].what);
		ck_assert_int_eq(csv_line(csv), files[i].line);
		/* It has ended, even if good records follow. */
		ck_assert_int_eq(csv_next(csv), RC_INVALID);
		ck_assert_str_eq(csv_what(csv), files[i].what);
	}
	csv_free(csv);
	(void)fclose(in);
}

START_TEST(a_file_has_its_records)
{
	check_file(_i, 4096);
}
END_TEST

START_TEST(pieces_of_any_size_make_the_same_records)
{
	size_t piece;

	for (piece = 1; piece <= 5; piece++)
		check_file(_i, piece);
}
END_TEST

/* --- bounds --------------------------------------------------------------- */

/* Reads one record; what must be the reason, NULL for none. */
static void
check_record(const char *bytes, size_t len, size_t fields, const char *what)
{
	struct source source = { bytes, len, 4096, 0 };
	FILE *in = open_source(&source);
	struct csv *csv;

	ck_assert_int_eq(csv_new(in, &csv), RC_OK);
	ck_assert_int_eq(csv_next(csv), what == NULL ? RC_OK : RC_INVALID);
	ck_assert_uint_eq(csv_count(csv), what == NULL ? fields : 0);
	if (what != NULL)
		ck_assert_str_eq(csv_what(csv), what);
	csv_free(csv);
	(void)fclose(in);
}

START_TEST(a_record_has_at_most_64_fields)
{
	char commas[CSV_FIELDS_MAX + 1];

	memset(commas, ',', sizeof(commas));
	check_record(commas, CSV_FIELDS_MAX - 1, CSV_FIELDS_MAX, NULL);
	check_record(commas, CSV_FIELDS_MAX, 0, "too many fields");
	check_record(commas, CSV_FIELDS_MAX + 1, 0, "too many fields");
}
END_TEST

/* _i: 0 a bare field, 1 a quoted one, 2 two fields. */
START_TEST(a_record_has_at_most_65536_bytes)
{
	static const char *const what = "a record that is too long";
	const size_t max = CSV_RECORD_MAX - 1; /* and its NUL */
	char *text = malloc(CSV_RECORD_MAX + 8), *p = text;
	size_t len;

	ck_assert_ptr_nonnull(text);
	memset(text, 'x', CSV_RECORD_MAX + 8);
	if (_i == 1)
		*p = '"';
	for (len = max - 2; len <= max + 2; len++) {
		size_t all = len + (_i == 1 ? 2 : 0);

		if (_i == 1)
			text[all - 1] = '"';
		if (_i == 2) /* the comma's place is the first one's NUL */
			text[100] = ',';
		check_record(
		    text, all, _i == 2 ? 2 : 1, len <= max ? NULL : what);
		if (_i == 1)
			text[all - 1] = 'x';
	}
	free(text);
}
END_TEST

/* --- input that breaks off ----------------------------------------------- */

START_TEST(input_that_breaks_off_is_our_fault)
{
	static const struct {
		const char *bytes;
		const char *text;
	} rows[] = {
		{ "", "" },
		{ "a,b", "" },
		{ "a,b\n", "1:a|b/" },
		{ "a,b\n1,", "1:a|b/" },
		{ "a,b\n1,\"2", "1:a|b/" },
		{ "\xef\xbb\xbf", "" },
	};
	struct source source = { rows[_i].bytes, strlen(rows[_i].bytes), 4096,
		1 };
	FILE *in = open_source(&source);
	char text[64], *log;
	struct csv *csv;
	enum rc rc;

	scratch_log_start();
	rc = read_all(in, text, sizeof(text), &csv);
	log = scratch_log_end(NULL);
	ck_assert_int_eq(rc, RC_FAIL);
	ck_assert_str_eq(text, rows[_i].text);
	scratch_log_must_be(log, "cannot read CSV");
	free(log);
	csv_free(csv);
	(void)fclose(in);
}
END_TEST

START_TEST(no_reader_is_freed_too)
{
	csv_free(NULL);
}
END_TEST

/* --- random records ------------------------------------------------------ */

/* A small generator (xorshift64, Marsaglia 2003): the same every time. */
static uint64_t
draw(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

START_TEST(what_is_written_in_quotes_is_read_again)
{
	enum { FILES = 500, RECORDS = 8, LEN = 12 };
	static const char bytes[] = ",\"\n\r a\xe2\x82\xac;'";
	uint64_t state = UINT64_C(0x9e3779b97f4a7c15);
	char fields[RECORDS][CSV_FIELDS_MAX][LEN + 1];
	int round, r;

	for (round = 0; round < FILES; round++) {
		struct source source = { NULL, 0, 1 + draw(&state) % 70, 0 };
		size_t width = 1 + draw(&state) % CSV_FIELDS_MAX, i, j;
		char *text = NULL;
		size_t len = 0;
		FILE *out = open_memstream(&text, &len), *in;
		struct csv *csv;

		ck_assert_ptr_nonnull(out);
		for (r = 0; r < RECORDS; r++)
			for (i = 0; i < width; i++) {
				char *field = fields[r][i];
				size_t n = draw(&state) % LEN;

				(void)fputs(i > 0 ? ",\"" : "\"", out);
				for (j = 0; j < n; j++) {
					field[j] = bytes[draw(&state) %
							 (sizeof(bytes) - 1)];
					if (field[j] == '"')
						(void)putc('"', out);
					(void)putc(field[j], out);
				}
				field[n] = '\0';
				(void)fputs(i + 1 < width ? "\"" : "\"\n", out);
			}
		ck_assert_int_eq(fclose(out), 0);
		source.bytes = text;
		source.len = len;
		in = open_source(&source);
		ck_assert_int_eq(csv_new(in, &csv), RC_OK);
		for (r = 0; r < RECORDS; r++) {
			ck_assert_int_eq(csv_next(csv), RC_OK);
			ck_assert_uint_eq(csv_count(csv), width);
			for (i = 0; i < width; i++)
				ck_assert_str_eq(
				    csv_field(csv, i), fields[r][i]);
		}
		ck_assert_int_eq(csv_next(csv), RC_NOT_FOUND);
		csv_free(csv);
		(void)fclose(in);
		free(text);
	}
}
END_TEST

static Suite *
csv_suite(void)
{
	Suite *s = suite_create("csv");
	TCase *tc = tcase_create("records");

	tcase_add_checked_fixture(tc, scratch_make, scratch_remove);
	tcase_add_loop_test(tc, a_file_has_its_records, 0, ROWS(files));
	tcase_add_loop_test(
	    tc, pieces_of_any_size_make_the_same_records, 0, ROWS(files));
	tcase_add_test(tc, a_record_has_at_most_64_fields);
	tcase_add_loop_test(tc, a_record_has_at_most_65536_bytes, 0, 3);
	tcase_add_loop_test(tc, input_that_breaks_off_is_our_fault, 0, 6);
	tcase_add_test(tc, no_reader_is_freed_too);
	tcase_add_test(tc, what_is_written_in_quotes_is_read_again);
	suite_add_tcase(s, tc);
	return s;
}

SUITE_MAIN(csv_suite)
