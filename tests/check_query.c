/* SPDX-License-Identifier: ISC */
/*
 * lib/query: what is added comes out of form_parse_query as it was.
 */
#include "query.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "form.h"
#include "suite.h"

START_TEST(fields_are_joined_and_encoded)
{
	struct query query = { 0 };

	ck_assert_str_eq(query.s, "");
	query_add(&query, "none", NULL);
	query_add(&query, "empty", "");
	query_add_int(&query, "zero", 0);
	ck_assert_str_eq(query.s, "");
	query_add_int(&query, "status", 4);
	query_add(&query, "q", "a b&c=d\"<'>%+\xc3\xbc~._-");
	ck_assert_str_eq(
	    query.s, "status=4&q=a%20b%26c%3Dd%22%3C%27%3E%25%2B%C3%BC~._-");
}
END_TEST

START_TEST(every_byte_comes_back)
{
	struct query query = { 0 };
	struct form *form;
	const char *what;
	char text[128];
	int has_key, c;

	for (c = 1; c < 128; c++)
		text[c - 1] = (char)c;
	/* A form trims what is around a value. */
	text[0] = text[126] = 'x';
	text[127] = '\0';
	query_add(&query, "q", text);
	ck_assert_int_eq(form_new(&form), RC_OK);
	ck_assert_int_eq(
	    form_parse_query(form, query.s, query.len, &has_key, &what), RC_OK);
	ck_assert_str_eq(form_get(form, "q"), text);
	form_free(form);
}
END_TEST

START_TEST(what_does_not_fit_is_left_out)
{
	struct query query = { 0 };
	char text[QUERY_MAX];
	size_t len;

	query_add(&query, "a", "1");
	for (len = QUERY_MAX - 16; len < QUERY_MAX; len++) {
		memset(text, 'x', len);
		text[len] = '\0';
		query.len = 3;
		query.s[3] = '\0';
		query_add(&query, "b", text);
		ck_assert_uint_eq(strlen(query.s), query.len);
		ck_assert_uint_lt(query.len, QUERY_MAX);
		if (query.len == 3)
			break;
		ck_assert_uint_eq(query.len, 3 + 3 + len);
	}
	ck_assert_uint_lt(len, QUERY_MAX - 1);
	ck_assert_str_eq(query.s, "a=1");
	query_add(&query, "c", "2");
	ck_assert_str_eq(query.s, "a=1&c=2");
}
END_TEST

static Suite *
make_suite(void)
{
	Suite *suite = suite_create("query");
	TCase *tc = tcase_create("query");

	tcase_add_test(tc, fields_are_joined_and_encoded);
	tcase_add_test(tc, every_byte_comes_back);
	tcase_add_test(tc, what_does_not_fit_is_left_out);
	suite_add_tcase(suite, tc);
	return suite;
}

SUITE_MAIN(make_suite)
