/* SPDX-License-Identifier: ISC */
/*
 * Short texts: every character of Unicode and every sequence of up to three
 * bytes against the grammar of RFC 3629, the bounds, and what can be an
 * address of mail.
 */
#include "text.h"

#include <stdint.h>
#include <string.h>

#include "suite.h"

/* --- UTF-8 ---------------------------------------------------------------- */

/* UTF8-2 to UTF8-4 of RFC 3629, section 4: least and greatest of each byte. */
static const unsigned char grammar[][4][2] = {
	{ { 0xc2, 0xdf }, { 0x80, 0xbf } },
	{ { 0xe0, 0xe0 }, { 0xa0, 0xbf }, { 0x80, 0xbf } },
	{ { 0xe1, 0xec }, { 0x80, 0xbf }, { 0x80, 0xbf } },
	{ { 0xed, 0xed }, { 0x80, 0x9f }, { 0x80, 0xbf } },
	{ { 0xee, 0xef }, { 0x80, 0xbf }, { 0x80, 0xbf } },
	{ { 0xf0, 0xf0 }, { 0x90, 0xbf }, { 0x80, 0xbf }, { 0x80, 0xbf } },
	{ { 0xf1, 0xf3 }, { 0x80, 0xbf }, { 0x80, 0xbf }, { 0x80, 0xbf } },
	{ { 0xf4, 0xf4 }, { 0x80, 0x8f }, { 0x80, 0xbf }, { 0x80, 0xbf } },
};

/* The bytes of the character at s, by the grammar; 0 if there is none. */
static size_t
char_len(const unsigned char *s)
{
	size_t row, i;

	if (s[0] < 0x80)
		return 1;
	for (row = 0; row < sizeof(grammar) / sizeof(grammar[0]); row++)
		for (i = 0; i <= 4; i++) {
			if (i == 4 || grammar[row][i][1] == 0)
				return i;
			if (s[i] < grammar[row][i][0] ||
			    s[i] > grammar[row][i][1])
				break;
		}
	return 0;
}

/* What text_is_line should say of bytes without a space. */
static int
expected(const unsigned char *s)
{
	size_t n;

	if (s[0] == '\0')
		return 0;
	for (; s[0] != '\0'; s += n) {
		if ((n = char_len(s)) == 0)
			return 0;
		if (s[0] < ' ' || s[0] == 0x7f || (s[0] == 0xc2 && s[1] < 0xa0))
			return 0;
	}
	return 1;
}

static void
must_agree(const unsigned char *s)
{
	if (text_is_line((const char *)s, TEXT_NAME_MAX) != expected(s))
		ck_abort_msg("%02x %02x %02x %02x %02x: should be %d", s[0],
		    s[1], s[2], s[3], s[4], expected(s));
}

START_TEST(every_character_is_judged_by_the_grammar)
{
	unsigned char s[6];
	uint32_t c;

	for (c = 0x80; c < 0x120000; c++) {
		memset(s, 0, sizeof(s));
		if (c < 0x800) {
			s[0] = (unsigned char)(0xc0 | c >> 6);
		} else if (c < 0x10000) {
			s[0] = (unsigned char)(0xe0 | c >> 12);
			s[1] = (unsigned char)(0x80 | (c >> 6 & 0x3f));
		} else {
			s[0] = (unsigned char)(0xf0 | c >> 18);
			s[1] = (unsigned char)(0x80 | (c >> 12 & 0x3f));
			s[2] = (unsigned char)(0x80 | (c >> 6 & 0x3f));
		}
		s[strlen((char *)s)] = (unsigned char)(0x80 | (c & 0x3f));
		must_agree(s);
		ck_assert_int_eq(expected(s),
		    c >= 0xa0 && c <= 0x10ffff && (c < 0xd800 || c > 0xdfff));
	}
}
END_TEST

START_TEST(every_sequence_of_three_bytes_is_judged_by_the_grammar)
{
	unsigned char s[6] = { 0 };
	unsigned int n;

	/* Two from 0x7f up before any third one: all that is no plain ASCII. */
	for (n = 0; n < 1u << 24; n++) {
		s[0] = (unsigned char)(n >> 16);
		s[1] = (unsigned char)(n >> 8);
		s[2] = (unsigned char)n;
		if (s[0] < 0x7f || s[0] == ' ' || s[1] == ' ' || s[2] == ' ')
			continue;
		must_agree(s);
	}
}
END_TEST

/* The last byte of each is missing, or something else. */
START_TEST(a_character_cut_short_is_none)
{
	static const char *const cut[] = { "\xc3", "a\xc3",
		"\xc3"
		"a",
		"\xe2\x82", "\xe2\x82x", "\xf0\x9f\x98", "\xf0\x9f\x98x",
		"\xf0\x9f", "\xf0", "\x80", "\xbf", "x\x80",
		"\xf8\x88\x80\x80"
		"\x80",
		"\xfc\x84\x80\x80\x80\x80", "\xfe", "\xff", "\xc0\x80",
		"\xc1\xbf", "\xe0\x80\xaf", "\xf0\x80\x80\xaf",
		"\xed\xa0\xbd\xed\xb8\x80" };
	int i;

	for (i = 0; i < ROWS(cut); i++) {
		ck_assert_msg(!text_is_line(cut[i], 100), "line %d", i);
		ck_assert_msg(!text_is_block(cut[i], 100), "block %d", i);
	}
}
END_TEST

/* --- lines and blocks ----------------------------------------------------- */

static const struct {
	const char *text;
	int line, block;
} texts[] = {
	{ "", 0, 1 },
	{ "x", 1, 1 },
	{ " ", 0, 1 },
	{ " x", 0, 1 },
	{ "x ", 0, 1 },
	{ "x y", 1, 1 },
	{ "\n", 0, 1 },
	{ "x\ny", 0, 1 },
	{ "x\ty", 0, 1 },
	{ "x\ry", 0, 0 },
	{ "x\r\ny", 0, 0 },
	{ "x\x1b[31m", 0, 0 },
	{ "x\x7fy", 0, 0 },
	{ "x\x01", 0, 0 },
	{ "x\xc2\x85y", 0, 0 },
	{ "x\xc2\x9by", 0, 0 },
	{ "x\xc2\xa0y", 1, 1 },
	{ "\xe2\x82\xac", 1, 1 },
	{ "\xf0\x9f\x98\x80", 1, 1 },
	{ "<a href=\"x\">&amp;'", 1, 1 },
};

START_TEST(a_line_is_one_and_a_block_has_some)
{
	ck_assert_int_eq(text_is_line(texts[_i].text, 100), texts[_i].line);
	ck_assert_int_eq(text_is_block(texts[_i].text, 100), texts[_i].block);
}
END_TEST

START_TEST(the_bound_counts_bytes)
{
	static const char euro[] = "\xe2\x82\xac";

	ck_assert_int_eq(text_is_line("abc", 3), 1);
	ck_assert_int_eq(text_is_line("abcd", 3), 0);
	ck_assert_int_eq(text_is_block("abc", 3), 1);
	ck_assert_int_eq(text_is_block("abcd", 3), 0);
	ck_assert_int_eq(text_is_block("", 0), 1);
	ck_assert_int_eq(text_is_block("a", 0), 0);
	ck_assert_int_eq(text_is_line(euro, 3), 1);
	ck_assert_int_eq(text_is_line(euro, 2), 0);
	ck_assert_int_eq(text_is_block(euro, 2), 0);
}
END_TEST

/* --- addresses of mail ---------------------------------------------------- */

#define X10 "xxxxxxxxxx"
#define X60 X10 X10 X10 X10 X10 X10
#define X240 X60 X60 X60 X60

static const struct {
	const char *given, *written; /* NULL: as it is given */
} good_emails[] = {
	{ "a@b", NULL },
	{ "one@example.test", NULL },
	{ "One@Example.TEST", "one@example.test" },
	{ "AZ@AZ", "az@az" },
	{ "o'neil+tag@b-c.example", NULL },
	{ "first.last@example.test", NULL },
	{ "a-@b", NULL },
	{ "a.-b@c", NULL },
	{ "_@b", NULL },
	{ "1@2", NULL },
	{ "!#$%&'*+-/=?^_`{|}~@b", NULL },
	{ "a@xn--bcher-kva.example", NULL },
	{ "a@b--c", NULL },
	{ "a@1.2.3.4", NULL },
	{ "a@" X240 X10 "xx", NULL },
	{ X240 X10 "xx@b", NULL },
};

START_TEST(an_address_is_written_in_lower_case)
{
	const char *given = good_emails[_i].given;
	char out[TEXT_EMAIL_MAX + 1];

	ck_assert_msg(text_email(given, out), "%s was refused", given);
	ck_assert_str_eq(out,
	    good_emails[_i].written != NULL ? good_emails[_i].written : given);
}
END_TEST

static const char *const bad_emails[] = {
	"",
	"x",
	"@",
	"x@",
	"@x",
	"a@b@c",
	"a@@b",
	"a b@c",
	"a@b c",
	" a@b",
	"a@b ",
	"a@\tb",
	"a\n@b",
	"a@b\n",
	"a@b\r",
	"a@b\nBcc: c@d",
	"a@b\r\nBcc: c@d",
	"\"a\"@b",
	"\"a b\"@c",
	"a\\@b",
	"<a@b>",
	"A <a@b>",
	"a@b (c)",
	"(c)a@b",
	"a,b@c",
	"a@b,c",
	"a@b,c@d",
	"a;b@c",
	"a@b;c",
	"a:b@c",
	"a@b:25",
	"mailto:a@b",
	"a@[1.2.3.4]",
	"a@[IPv6:::1]",
	"a@b/c",
	"a@b_c",
	"a@.b",
	"a@b.",
	"a@-b",
	"a@b-",
	"a@.",
	"a@-",
	"-a@b",
	"-oQ/tmp@b",
	"--@b",
	"a\x7f@b",
	"a\x01@b",
	"\xc3\xa9@b",
	"a@b\xc3\xa9",
	"a@\xff",
	"a@" X240 X10 "xxx",
	X240 X10 "xxx@b",
	X240 X60 "@b",
};

START_TEST(what_can_be_no_address_is_refused)
{
	char out[TEXT_EMAIL_MAX + 1];

	ck_assert_msg(
	    !text_email(bad_emails[_i], out), "%s was taken", bad_emails[_i]);
}
END_TEST

/* Nothing that a header, a shell or sendmail(8) gives a meaning to. */
START_TEST(a_byte_that_means_something_elsewhere_is_in_none)
{
	char text[] = "a?b@c?d", out[TEXT_EMAIL_MAX + 1];
	int c;

	for (c = 1; c < 256; c++) {
		text[1] = (char)c;
		text[5] = 'x';
		ck_assert_msg(text_email(text, out) ==
				  (c > ' ' && c < 0x7f &&
				      strchr("\"(),:;<>@[\\]", c) == NULL),
		    "%d before the @", c);
		text[1] = 'x';
		text[5] = (char)c;
		ck_assert_msg(
		    text_email(text, out) ==
			((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			    (c >= '0' && c <= '9') || c == '.' || c == '-'),
		    "%d after the @", c);
	}
}
END_TEST

START_TEST(characters_are_counted_not_bytes)
{
	static const struct {
		const char *text;
		size_t len;
		int valid;
		size_t n;
	} cases[] = {
		{ "", 0, 1, 0 },
		{ "abc", 3, 1, 3 },
		{ "\xc3\xa4\xe2\x82\xac\xf0\x9f\x90\xb1", 9, 1, 3 },
		{ "\n\t\x7f", 3, 1, 3 }, /* characters, too */
		{ "a\0b", 3, 0, 0 },
		{ "\xc3", 1, 0, 0 },
		{ "\xc3\xa4", 1, 0, 0 }, /* the end cuts it */
		{ "abc\xe2\x82\xac", 5, 0, 0 },
		{ "abc\xf0\x9f\x90\xb1", 6, 0, 0 },
		{ "\xed\xa0\x80", 3, 0, 0 },
		{ "\xff", 1, 0, 0 },
		{ "\xc0\x80", 2, 0, 0 },
	};
	size_t n;
	int i;

	for (i = 0; i < ROWS(cases); i++) {
		n = 99;
		ck_assert_msg(text_count(cases[i].text, cases[i].len, &n) ==
				  cases[i].valid,
		    "case %d", i);
		ck_assert_uint_eq(n, cases[i].n);
	}
}
END_TEST

START_TEST(whatever_it_is_becomes_a_line_or_nothing)
{
	static const struct {
		const char *text;
		size_t max;
		const char *line;
	} cases[] = {
		{ "", 10, "" },
		{ "   ", 10, "" },
		{ "abc", 10, "abc" },
		{ "abc", 3, "abc" },
		{ "abc", 2, "ab" },
		{ "abc", 0, "" },
		{ "  a b  ", 10, "a b" },
		{ "a bcd", 2, "a" }, /* a space at the cut goes */
		{ "a\r\nb", 10, "a??b" },
		{ "\x1b[2J", 10, "?[2J" },
		{ "\xc2\x85", 10, "?" }, /* C1 */
		{ "a\xff"
		  "b",
		    10, "a?b" },
		{ "\xc3\xa4\xc3\xa4", 3, "\xc3\xa4" },
		{ "\xc3\xa4", 1, "" },
		{ "\xc3", 10, "?" },
	};
	char line[11];
	int i;

	for (i = 0; i < ROWS(cases); i++) {
		memset(line, 'x', sizeof(line));
		text_clean(cases[i].text, cases[i].max, line);
		ck_assert_str_eq(line, cases[i].line);
		ck_assert(line[0] == '\0' || text_is_line(line, 10));
	}
}
END_TEST

static Suite *
text_suite(void)
{
	Suite *s = suite_create("text");
	TCase *tc = tcase_create("text");

	tcase_add_test(tc, every_character_is_judged_by_the_grammar);
	tcase_add_test(
	    tc, every_sequence_of_three_bytes_is_judged_by_the_grammar);
	tcase_add_test(tc, a_character_cut_short_is_none);
	tcase_add_loop_test(
	    tc, a_line_is_one_and_a_block_has_some, 0, ROWS(texts));
	tcase_add_test(tc, the_bound_counts_bytes);
	tcase_add_test(tc, characters_are_counted_not_bytes);
	tcase_add_test(tc, whatever_it_is_becomes_a_line_or_nothing);
	suite_add_tcase(s, tc);

	tc = tcase_create("email");
	tcase_add_loop_test(
	    tc, an_address_is_written_in_lower_case, 0, ROWS(good_emails));
	tcase_add_loop_test(
	    tc, what_can_be_no_address_is_refused, 0, ROWS(bad_emails));
	tcase_add_test(tc, a_byte_that_means_something_elsewhere_is_in_none);
	suite_add_tcase(s, tc);
	return s;
}

SUITE_MAIN(text_suite)
