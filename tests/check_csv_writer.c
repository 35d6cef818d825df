/* SPDX-License-Identifier: ISC */
/*
 * lib/csv_writer: what is written is read back by lib/csv, and no cell is a
 * formula, whatever the program that opens it splits at.
 */
#include "csv_writer.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "csv.h"
#include "suite.h"

/* One record of these texts, as a string to be freed. */
static char *
write_record(const char *const texts[], int n)
{
	struct csv_writer csv = { 0 };
	size_t len;
	char *all;
	FILE *out = open_memstream(&all, &len);
	int i;

	ck_assert_ptr_nonnull(out);
	csv.out = out;
	for (i = 0; i < n; i++)
		csv_writer_text(&csv, texts[i]);
	csv_writer_end(&csv);
	ck_assert_int_eq(fclose(out), 0);
	return all;
}

START_TEST(a_file_begins_with_a_mark_and_its_columns)
{
	static const char *const columns[] = { "time", "amount", NULL };
	struct csv_writer csv;
	size_t len;
	char *all;
	FILE *out = open_memstream(&all, &len);

	ck_assert_ptr_nonnull(out);
	csv_writer_begin(&csv, out, columns);
	csv_writer_plain(&csv, "2026-01-31T23:59:59Z");
	csv_writer_plain(&csv, "-1.50");
	csv_writer_end(&csv);
	csv_writer_int(&csv, INT64_MIN);
	csv_writer_plain(&csv, NULL);
	csv_writer_end(&csv);
	ck_assert_int_eq(fclose(out), 0);
	ck_assert_str_eq(all, "\xef\xbb\xbf"
			      "time,amount\r\n"
			      "2026-01-31T23:59:59Z,-1.50\r\n"
			      "-9223372036854775808,\r\n");
	free(all);
}
END_TEST

static const struct {
	const char *text;
	const char *cell; /* between commas */
} cells[] = {
	{ NULL, "" }, { "", "" }, { "plain", "\"plain\"" },
	{ "a,b", "\"a,b\"" }, { "a\"b", "\"a\"\"b\"" },
	{ "a\r\nb", "\"a\r\nb\"" },
	{ "gr\xc3\xbc\xc3\x9f", "\"gr\xc3\xbc\xc3\x9f\"" },
	{ "https://example.test/a-b?c=d&e=@f", NULL }, { "=1+1", "\"'=1+1\"" },
	{ "+1", "\"'+1\"" }, { "-1", "\"'-1\"" },
	{ "@SUM(A1)", "\"'@SUM(A1)\"" }, { "'=1", NULL }, { " =1", "\" '=1\"" },
	{ "\"=1", "\"\"\"'=1\"" }, { "\" \"=1", "\"\"\" \"\"'=1\"" },
	{ "\t=1", "\"\t'=1\"" }, { "\r=1", "\"\r'=1\"" },
	{ "\n=1", "\"\n'=1\"" }, { "a\n=1", "\"a\n'=1\"" },
	{ "a;=1", "\"a;'=1\"" }, { "a; \"=1\"", "\"a; \"\"'=1\"\"\"" },
	{ "a\t@b", "\"a\t'@b\"" }, { "a;b=c", NULL }, { "a =1", NULL },
	{ "==", "\"'==\"" }, { ";;-", "\";;'-\"" },
	{ "\xef\xbc\x9d"
	  "1",
	    "\"'\xef\xbc\x9d"
	    "1\"" },
	{ "\xef\xbc\x8b", "\"'\xef\xbc\x8b\"" },
	{ "\xef\xbc\x8d", "\"'\xef\xbc\x8d\"" },
	{ "\xef\xbc\xa0", "\"'\xef\xbc\xa0\"" },
	{ "\xef\xbc\x9c", NULL }, /* U+FF1C is harmless */
	{ "\xef\xbc", NULL },     /* cut off */
};

START_TEST(a_text_is_quoted_and_defused)
{
	const char *text = cells[_i].text;
	char *all = write_record(&text, 1), want[128];

	if (cells[_i].cell != NULL)
		(void)snprintf(want, sizeof(want), "%s\r\n", cells[_i].cell);
	else
		(void)snprintf(want, sizeof(want), "\"%s\"\r\n", text);
	ck_assert_str_eq(all, want);
	free(all);
}
END_TEST

/*
 * The first formula that a program sees which splits at commas outside
 * quotes (RFC 4180), or, knowing nothing of quotes in the middle of a cell,
 * at one separator: spaces and quotes at a cell's beginning are passed over.
 */
static int
has_formula(const char *all, char separator)
{
	const char *p;
	int at_begin = 1;

	for (p = all; *p != '\0'; p++) {
		if (*p == separator || *p == '\n' || *p == '\r') {
			at_begin = 1;
			continue;
		}
		if (at_begin && strchr("=+-@", *p) != NULL)
			return 1;
		if (*p != ' ' && *p != '"')
			at_begin = 0;
	}
	return 0;
}

/* All texts of up to five of these characters: 9^5 and fewer. */
START_TEST(no_text_of_all_short_ones_is_a_formula_or_changes_the_table)
{
	static const char from[] = "=-a,;\t\n\" ";
	enum { N = sizeof(from) - 1, LEN = 5 };
	char text[LEN + 1], *all;
	const char *record[3] = { "x", text, "y" };
	struct csv *csv;
	FILE *in;
	int n, code, i, len, total = 1;

	for (len = 1; len <= LEN; len++) {
		total *= N;
		for (n = 0; n < total; n++) {
			for (code = n, i = 0; i < len; i++, code /= N)
				text[i] = from[code % N];
			text[len] = '\0';
			all = write_record(record, 3);
			ck_assert_msg(!has_formula(all, ';'), "%s", all);
			ck_assert_msg(!has_formula(all, '\t'), "%s", all);
			/* Reading all of them back takes too long. */
			if (n % 7 == 0) {
				in = fmemopen(all, strlen(all), "r");
				ck_assert_ptr_nonnull(in);
				ck_assert_int_eq(csv_new(in, &csv), RC_OK);
				ck_assert_int_eq(csv_next(csv), RC_OK);
				ck_assert_uint_eq(csv_count(csv), 3);
				ck_assert_str_eq(csv_field(csv, 2), "y");
				ck_assert_msg(
				    !has_formula(csv_field(csv, 1), '\n'), "%s",
				    all);
				ck_assert_int_eq(csv_next(csv), RC_NOT_FOUND);
				csv_free(csv);
				(void)fclose(in);
			}
			free(all);
		}
	}
}
END_TEST

static Suite *
make_suite(void)
{
	Suite *suite = suite_create("csv_writer");
	TCase *tc = tcase_create("csv_writer");

	tcase_add_test(tc, a_file_begins_with_a_mark_and_its_columns);
	tcase_add_loop_test(tc, a_text_is_quoted_and_defused, 0, ROWS(cells));
	tcase_add_test(
	    tc, no_text_of_all_short_ones_is_a_formula_or_changes_the_table);
	suite_add_tcase(suite, tc);
	return suite;
}

SUITE_MAIN(make_suite)
