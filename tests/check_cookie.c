/* SPDX-License-Identifier: ISC */
/*
 * Cookies: what is found in a header, what is believed, and what is set.
 */
#include "cookie.h"

#include <stdlib.h>
#include <string.h>

#include "suite.h"

enum { MIN = 3, MAX = 5 };

static const struct {
	const char *header, *value;
	enum rc rc;
} rows[] = {
	{ "a=abc", "abc", RC_OK },
	{ "a=abcde", "abcde", RC_OK },
	{ "b=x; a=abc; c=y", "abc", RC_OK },
	{ "b=x;a=abc;c=y", "abc", RC_OK },
	{ "  a=abc  ; b=x", "abc", RC_OK },
	{ ";;; a=abc;", "abc", RC_OK },
	{ "b=\"a=xyz\"; a=abc", "abc", RC_OK },
	{ "b; a=abc", "abc", RC_OK },
	{ "=x; a=abc", "abc", RC_OK },
	{ "aa=xxx; a=abc", "abc", RC_OK },
	{ "xa=xxx; a=abc", "abc", RC_OK },
	{ "A=xxx; a=abc", "abc", RC_OK },
	{ "", "", RC_NOT_FOUND },
	{ ";", "", RC_NOT_FOUND },
	{ "a", "", RC_NOT_FOUND },
	{ "b=a=abc", "", RC_NOT_FOUND },
	{ "A=abc", "", RC_NOT_FOUND },
	{ "a =abc", "", RC_NOT_FOUND },
	{ "a=", "", RC_INVALID },
	{ "a=ab", "", RC_INVALID },
	{ "a=abcdef", "", RC_INVALID },
	{ "a=\"abc\"", "", RC_INVALID },
	{ "a=ab%63", "", RC_INVALID },
	{ "a=ab c", "", RC_INVALID },
	{ "a=abc,b", "", RC_INVALID },
	{ "a= abc", "", RC_INVALID },
	{ "a=ab\xc3\xa4", "", RC_INVALID },
	{ "a=a\x01ynx", "", RC_INVALID },
	{ "a=abc; a=abc", "", RC_INVALID },
	{ "a=abc; a=xyz", "", RC_INVALID },
	{ "a=xyz; b=x; a=abc", "", RC_INVALID },
	{ "a=; a=abc", "", RC_INVALID },
};

START_TEST(a_cookie_is_found_and_read_strictly)
{
	char value[MAX + 1];

	memset(value, 'z', sizeof(value));
	ck_assert_msg(
	    cookie_find(rows[_i].header, "a", MIN, MAX, value) == rows[_i].rc,
	    "%s", rows[_i].header);
	ck_assert_str_eq(value, rows[_i].value);
}
END_TEST

START_TEST(a_header_that_is_too_long_has_none)
{
	char value[MAX + 1];
	char *header = malloc(COOKIE_HEADER_MAX + 2);

	ck_assert_ptr_nonnull(header);
	memset(header, 'x', COOKIE_HEADER_MAX + 1);
	memcpy(header, "a=abc;", 6);
	header[COOKIE_HEADER_MAX] = '\0';
	ck_assert_int_eq(cookie_find(header, "a", MIN, MAX, value), RC_OK);
	header[COOKIE_HEADER_MAX] = 'x';
	header[COOKIE_HEADER_MAX + 1] = '\0';
	ck_assert_int_eq(cookie_find(header, "a", MIN, MAX, value), RC_INVALID);
	ck_assert_str_eq(value, "");
	free(header);
}
END_TEST

START_TEST(a_cookie_is_set_for_all_of_the_host_and_no_script)
{
	char text[COOKIE_TEXT_LEN];

	ck_assert_int_eq(cookie_make(text, "__Host-a", "abc", 0, 1), RC_OK);
	ck_assert_str_eq(
	    text, "__Host-a=abc; Path=/; HttpOnly; SameSite=Lax; Secure");
	ck_assert_int_eq(cookie_make(text, "a", "abc", 60, 0), RC_OK);
	ck_assert_str_eq(
	    text, "a=abc; Path=/; HttpOnly; SameSite=Lax; Max-Age=60");
	ck_assert_int_eq(cookie_make(text, "a", "", -1, 0), RC_OK);
	ck_assert_str_eq(text, "a=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0");
}
END_TEST

START_TEST(a_cookie_that_does_not_fit_is_not_set)
{
	char text[COOKIE_TEXT_LEN], value[COOKIE_TEXT_LEN];

	memset(value, 'x', sizeof(value) - 1);
	value[COOKIE_VALUE_MAX] = '\0';
	ck_assert_int_eq(cookie_make(text, "a", value, 60, 1), RC_OK);
	value[COOKIE_VALUE_MAX] = 'x';
	value[sizeof(value) - 1] = '\0';
	ck_assert_int_eq(cookie_make(text, "a", value, 60, 1), RC_FAIL);
}
END_TEST

static Suite *
make_suite(void)
{
	Suite *s = suite_create("cookie");
	TCase *tc = tcase_create("cookies");

	tcase_add_loop_test(
	    tc, a_cookie_is_found_and_read_strictly, 0, ROWS(rows));
	tcase_add_test(tc, a_header_that_is_too_long_has_none);
	tcase_add_test(tc, a_cookie_is_set_for_all_of_the_host_and_no_script);
	tcase_add_test(tc, a_cookie_that_does_not_fit_is_not_set);
	suite_add_tcase(s, tc);
	return s;
}

SUITE_MAIN(make_suite)
