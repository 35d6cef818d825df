/* SPDX-License-Identifier: ISC */
/*
 * lib/json_out: its text is jansson's, byte for byte, whatever is in it.
 */
#include "json_out.h"

#include <check.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "suite.h"

/* Writes a string both ways. */
static void
must_agree(const char *text, size_t len)
{
	char *ours = NULL, *theirs;
	size_t ours_len = 0;
	FILE *stream = open_memstream(&ours, &ours_len);
	json_t *value = json_stringn(text, len);
	struct json_out out;

	ck_assert_ptr_nonnull(stream);
	ck_assert_ptr_nonnull(value);
	json_out_begin(&out, stream);
	json_out_string(&out, text, len);
	json_out_flush(&out);
	ck_assert_int_eq(fclose(stream), 0);
	theirs = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
	ck_assert_str_eq(ours, theirs);
	json_decref(value);
	free(theirs);
	free(ours);
}

START_TEST(every_character_is_written_as_jansson_does)
{
	char text[8];
	int c;

	for (c = 0; c < 0x80; c++) {
		memset(text, 'x', sizeof(text));
		text[0] = text[3] = text[4] = text[7] = (char)c;
		must_agree(text, sizeof(text));
		must_agree(text, 1);
	}
	must_agree("", 0);
	must_agree("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", 9);
	must_agree("</script>\xe2\x80\xa8", 12);
}
END_TEST

START_TEST(texts_that_are_put_together_are_written_as_jansson_does)
{
	static const char *const parts[] = { "\"", "\\", "\n", "\x01", "a", "",
		"order", "\xc3\xa9", "\x7f", "\\u0041" };
	char text[64];
	int i, k, m;

	for (i = 0; i < ROWS(parts); i++)
		for (k = 0; k < ROWS(parts); k++)
			for (m = 0; m < ROWS(parts); m++) {
				(void)snprintf(text, sizeof(text), "%s%s%s",
				    parts[i], parts[k], parts[m]);
				must_agree(text, strlen(text));
			}
}
END_TEST

/* Around every length at which what is gathered is given on. */
START_TEST(long_texts_are_written_as_jansson_does)
{
	enum { LENGTH = sizeof(((struct json_out *)NULL)->text) };
	char text[3 * LENGTH];
	size_t len, i;

	for (len = LENGTH - 12; len < LENGTH + 4; len++) {
		memset(text, 'x', len);
		must_agree(text, len);
		for (i = LENGTH - 12; i < len; i++)
			text[i] = i % 2 == 0 ? '\x01' : '"';
		must_agree(text, len);
	}
	for (i = 0; i < sizeof(text); i++)
		text[i] = (char)(i % 0x80);
	must_agree(text, sizeof(text));
}
END_TEST

START_TEST(members_make_an_object)
{
	struct json_out out;
	char *text = NULL;
	size_t len = 0;
	FILE *stream = open_memstream(&text, &len);
	json_t *value;

	ck_assert_ptr_nonnull(stream);
	json_out_begin(&out, stream);
	json_out_member(&out, '{', "a", "1\"");
	json_out_member(&out, ',', "", "\t");
	json_out_flag(&out, ',', "b", 2);
	json_out_flag(&out, ',', "c", 0);
	json_out_name(&out, ',', "d");
	json_out_raw(&out, "17}", 3);
	json_out_flush(&out);
	ck_assert_int_eq(fclose(stream), 0);
	ck_assert_str_eq(text,
	    "{\"a\":\"1\\\"\",\"\":\"\\t\",\"b\":true,\"c\":false,"
	    "\"d\":17}");
	value = json_loadb(text, len, 0, NULL);
	ck_assert_ptr_nonnull(value);
	json_decref(value);
	free(text);
}
END_TEST

/*
 * Every length of what is there already, so that each piece is the one that
 * finds no room.
 */
START_TEST(pieces_keep_their_order)
{
	static const char object[] =
	    "{\"name\":\"value\",\"flag\":false,\"n\":123456789}";
	enum { ROOM = sizeof(((struct json_out *)NULL)->text) };
	char before[ROOM + 1], *text;
	struct json_out out;
	size_t len, i;
	FILE *stream;

	memset(before, ' ', sizeof(before));
	for (i = ROOM - sizeof(object); i < sizeof(before); i++) {
		text = NULL;
		stream = open_memstream(&text, &len);
		ck_assert_ptr_nonnull(stream);
		json_out_begin(&out, stream);
		json_out_raw(&out, before, i);
		json_out_member(&out, '{', "name", "value");
		json_out_flag(&out, ',', "flag", 0);
		json_out_name(&out, ',', "n");
		json_out_raw(&out, "123456789", 9);
		json_out_raw(&out, "}", 1);
		json_out_flush(&out);
		ck_assert_int_eq(fclose(stream), 0);
		ck_assert_uint_eq(len, i + sizeof(object) - 1);
		ck_assert_str_eq(text + i, object);
		free(text);
	}
}
END_TEST

static Suite *
make_suite(void)
{
	Suite *suite = suite_create("json_out");
	TCase *tc = tcase_create("json_out");

	tcase_add_test(tc, every_character_is_written_as_jansson_does);
	tcase_add_test(
	    tc, texts_that_are_put_together_are_written_as_jansson_does);
	tcase_add_test(tc, long_texts_are_written_as_jansson_does);
	tcase_add_test(tc, members_make_an_object);
	tcase_add_test(tc, pieces_keep_their_order);
	suite_add_tcase(suite, tc);
	return suite;
}

SUITE_MAIN(make_suite)
