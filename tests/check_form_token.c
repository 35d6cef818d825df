/* SPDX-License-Identifier: ISC */
/*
 * Tokens of forms: what each is bound to.
 */
#include "form_token.h"

#include <string.h>

#include "suite.h"

static const struct pepper pepper = { .bytes = { 1, 2, 3 } };
static const struct form_token what = { { 4, 5, 6 }, "orders", "cancel",
	"0123" };

static void
make(const struct pepper *with, const struct form_token *of,
    char token[FORM_TOKEN_LEN + 1])
{
	ck_assert_int_eq(form_token_make(with, of, token), RC_OK);
	ck_assert_uint_eq(strlen(token), FORM_TOKEN_LEN);
	ck_assert_uint_eq(strspn(token, "0123456789abcdef"), FORM_TOKEN_LEN);
}

START_TEST(a_token_is_good_for_what_it_was_made_for)
{
	char token[FORM_TOKEN_LEN + 1], again[FORM_TOKEN_LEN + 1];

	make(&pepper, &what, token);
	make(&pepper, &what, again);
	ck_assert_str_eq(token, again);
	ck_assert_int_eq(form_token_verify(&pepper, &what, token), RC_OK);
}
END_TEST

START_TEST(a_token_is_good_for_nothing_else)
{
	/* The last two: no name runs over into the next. */
	static const struct form_token others[] = {
		{ { 4, 5, 7 }, "orders", "cancel", "0123" },
		{ { 4, 5, 6 }, "order", "cancel", "0123" },
		{ { 4, 5, 6 }, "orders", "refill", "0123" },
		{ { 4, 5, 6 }, "orders", "cancel", "0124" },
		{ { 4, 5, 6 }, "orders", "cancel", "" },
		{ { 4, 5, 6 }, "orderscancel", "", "0123" },
		{ { 4, 5, 6 }, "orders", "cancel0123", "" },
	};
	struct pepper other = pepper;
	char token[FORM_TOKEN_LEN + 1];
	int i;

	make(&pepper, &what, token);
	for (i = 0; i < ROWS(others); i++)
		ck_assert_msg(
		    form_token_verify(&pepper, &others[i], token) == RC_DENIED,
		    "%d", i);
	other.bytes[31] = 1;
	ck_assert_int_eq(form_token_verify(&other, &what, token), RC_DENIED);
}
END_TEST

START_TEST(a_changed_token_is_none)
{
	char token[FORM_TOKEN_LEN + 2];
	size_t i;

	make(&pepper, &what, token);
	for (i = 0; i < FORM_TOKEN_LEN; i++) {
		char good = token[i];

		token[i] = good == '0' ? '1' : '0';
		ck_assert_int_eq(
		    form_token_verify(&pepper, &what, token), RC_DENIED);
		token[i] = '\0';
		ck_assert_int_eq(
		    form_token_verify(&pepper, &what, token), RC_DENIED);
		token[i] = good;
	}
	token[FORM_TOKEN_LEN] = '0';
	token[FORM_TOKEN_LEN + 1] = '\0';
	ck_assert_int_eq(form_token_verify(&pepper, &what, token), RC_DENIED);
	ck_assert_int_eq(form_token_verify(&pepper, &what, NULL), RC_DENIED);
	ck_assert_int_eq(form_token_verify(&pepper, &what, ""), RC_DENIED);
}
END_TEST

START_TEST(a_name_that_is_too_long_has_no_token)
{
	char name[400], token[FORM_TOKEN_LEN + 1];
	struct form_token long_one = what;

	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	long_one.form = name;
	ck_assert_int_eq(form_token_make(&pepper, &long_one, token), RC_FAIL);
	ck_assert_str_eq(token, "");
	ck_assert_int_eq(form_token_verify(&pepper, &long_one, ""), RC_FAIL);
}
END_TEST

static void
setup(void)
{
	ck_assert_int_eq(secret_init(), RC_OK);
}

static Suite *
make_suite(void)
{
	Suite *s = suite_create("form_token");
	TCase *tc = tcase_create("tokens");

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, a_token_is_good_for_what_it_was_made_for);
	tcase_add_test(tc, a_token_is_good_for_nothing_else);
	tcase_add_test(tc, a_changed_token_is_none);
	tcase_add_test(tc, a_name_that_is_too_long_has_no_token);
	suite_add_tcase(s, tc);
	return s;
}

SUITE_MAIN(make_suite)
