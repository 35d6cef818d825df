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
	FILE *out = open_memstream(&ours, &ours_len);
	json_t *value = json_stringn(text, len);

	ck_assert_ptr_nonnull(out);
	ck_assert_ptr_nonnull(value);
	json_out_string(out, text, len);
	ck_assert_int_eq(fclose(out), 0);
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

START_TEST(members_make_an_object)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	json_t *value;

	ck_assert_ptr_nonnull(out);
	json_out_member(out, '{', "a\"b", "1");
	json_out_member(out, ',', "c", "\t");
	(void)fputc('}', out);
	ck_assert_int_eq(fclose(out), 0);
	ck_assert_str_eq(text, "{\"a\\\"b\":\"1\",\"c\":\"\\t\"}");
	value = json_loadb(text, len, 0, NULL);
	ck_assert_ptr_nonnull(value);
	json_decref(value);
	free(text);
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
	tcase_add_test(tc, members_make_an_object);
	suite_add_tcase(suite, tc);
	return suite;
}

SUITE_MAIN(make_suite)
