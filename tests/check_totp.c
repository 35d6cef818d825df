/* SPDX-License-Identifier: ISC */
/*
 * lib/totp: one-time passwords.  The codes are those of RFC 6238, appendix
 * B, cut to six digits, and of RFC 4226, appendix D; both know the secret
 * "12345678901234567890".
 */
#include "totp.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "secret.h"
#include "suite.h"

static const unsigned char SECRET[TOTP_SECRET_LEN] = "12345678901234567890";

static void
setup(void)
{
	ck_assert_int_eq(secret_init(), RC_OK);
}

static const struct {
	int64_t now;
	const char *code; /* the last six of eight digits */
} rfc6238[] = {
	{ 59, "287082" },
	{ 1111111109, "081804" },
	{ 1111111111, "050471" },
	{ 1234567890, "005924" },
	{ 2000000000, "279037" },
	{ 20000000000, "353130" },
};

START_TEST(codes_agree_with_rfc_6238)
{
	char code[TOTP_DIGITS + 1];
	int64_t now = rfc6238[_i].now, step;

	ck_assert_int_eq(totp_code(SECRET, now / TOTP_STEP, code), RC_OK);
	ck_assert_str_eq(code, rfc6238[_i].code);
	ck_assert_int_eq(
	    totp_verify(SECRET, code, TOTP_DIGITS, 0, now, &step), RC_OK);
	ck_assert_int_eq(step, now / TOTP_STEP);
}
END_TEST

START_TEST(codes_agree_with_rfc_4226)
{
	static const char *const codes[] = { "755224", "287082", "359152",
		"969429", "338314", "254676", "287922", "162583", "399871",
		"520489" };
	char code[TOTP_DIGITS + 1];
	int i;

	for (i = 0; i < ROWS(codes); i++) {
		ck_assert_int_eq(totp_code(SECRET, i, code), RC_OK);
		ck_assert_str_eq(code, codes[i]);
	}
}
END_TEST

START_TEST(the_current_and_the_previous_step_are_taken)
{
	int64_t at = INT64_C(1700000010) / TOTP_STEP, step;
	char code[TOTP_DIGITS + 1];
	int64_t i;

	for (i = -3; i <= 3; i++) {
		ck_assert_int_eq(totp_code(SECRET, at + i, code), RC_OK);
		ck_assert_int_eq(totp_verify(SECRET, code, TOTP_DIGITS, 0,
				     at * TOTP_STEP, &step),
		    i == 0 || i == -1 ? RC_OK : RC_DENIED);
		ck_assert_int_eq(step, i == 0 || i == -1 ? at + i : 0);
		/* To the last second of the step. */
		ck_assert_int_eq(totp_verify(SECRET, code, TOTP_DIGITS, 0,
				     at * TOTP_STEP + TOTP_STEP - 1, &step),
		    i == 0 || i == -1 ? RC_OK : RC_DENIED);
	}
}
END_TEST

START_TEST(no_code_is_taken_twice)
{
	int64_t at = INT64_C(1700000010) / TOTP_STEP, step;
	char now[TOTP_DIGITS + 1], before[TOTP_DIGITS + 1];

	ck_assert_int_eq(totp_code(SECRET, at, now), RC_OK);
	ck_assert_int_eq(totp_code(SECRET, at - 1, before), RC_OK);
	ck_assert_int_eq(totp_verify(SECRET, before, TOTP_DIGITS, at - 1,
			     at * TOTP_STEP, &step),
	    RC_DENIED);
	ck_assert_int_eq(totp_verify(SECRET, now, TOTP_DIGITS, at - 1,
			     at * TOTP_STEP, &step),
	    RC_OK);
	ck_assert_int_eq(
	    totp_verify(SECRET, now, TOTP_DIGITS, at, at * TOTP_STEP, &step),
	    RC_DENIED);
	/* Nor one from before the last. */
	ck_assert_int_eq(
	    totp_verify(SECRET, before, TOTP_DIGITS, at, at * TOTP_STEP, &step),
	    RC_DENIED);
}
END_TEST

START_TEST(a_code_is_six_digits_and_spaces_between)
{
	static const struct {
		const char *text;
		enum rc rc;
	} cases[] = {
		{ "287082", RC_OK },
		{ "287 082", RC_OK },
		{ " 28 70 82 ", RC_OK },
		{ "287083", RC_DENIED },
		{ "28708", RC_DENIED },
		{ "2870820", RC_DENIED },
		{ "0287082", RC_DENIED },
		{ "287082a", RC_DENIED },
		{ "a287082", RC_DENIED },
		{ "287-082", RC_DENIED },
		{ "+287082", RC_DENIED },
		{ "287082\n", RC_DENIED },
		{ "287\t082", RC_DENIED },
		{ "\xd9\xa2"
		  "87082",
		    RC_DENIED }, /* an Arabic digit */
		{ "      ", RC_DENIED },
		{ "", RC_DENIED },
	};
	int64_t step;
	int i;

	for (i = 0; i < ROWS(cases); i++)
		ck_assert_msg(
		    totp_verify(SECRET, cases[i].text, strlen(cases[i].text), 0,
			59, &step) == cases[i].rc,
		    "%s", cases[i].text);
	/* A NUL ends nothing. */
	ck_assert_int_eq(
	    totp_verify(SECRET, "287082\0", 7, 0, 59, &step), RC_DENIED);
}
END_TEST

START_TEST(another_secret_has_other_codes)
{
	unsigned char other[TOTP_SECRET_LEN];
	int64_t step;
	int i;

	for (i = 0; i < TOTP_SECRET_LEN; i++) {
		memcpy(other, SECRET, sizeof(other));
		other[i] ^= 1;
		ck_assert_int_eq(
		    totp_verify(other, "287082", TOTP_DIGITS, 0, 59, &step),
		    RC_DENIED);
	}
}
END_TEST

START_TEST(the_secret_is_base32_of_rfc_4648)
{
	static const struct {
		unsigned char secret[TOTP_SECRET_LEN];
		const char *text;
	} cases[] = {
		{ "12345678901234567890", "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ" },
		{ { 0 }, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" },
		{ { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		      0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		      0xff },
		    "77777777777777777777777777777777" },
		{ { [19] = 1 }, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB" },
		{ { 0x80 }, "QAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" },
	};
	char text[TOTP_BASE32_LEN + 1];

	totp_base32(cases[_i].secret, text);
	ck_assert_str_eq(text, cases[_i].text);
}
END_TEST

START_TEST(the_uri_is_what_apps_read)
{
	char uri[TOTP_URI_LEN], long_name[1200];

	ck_assert_int_eq(
	    totp_uri(SECRET, "Jo's Panel", "jo+x@example.test", uri), RC_OK);
	ck_assert_str_eq(uri,
	    "otpauth://totp/Jo%27s%20Panel:jo%2Bx%40example.test"
	    "?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
	    "&issuer=Jo%27s%20Panel");
	ck_assert_int_eq(
	    totp_uri(SECRET, "a&secret=b:\xc3\xbc", "%", uri), RC_OK);
	ck_assert_str_eq(uri, "otpauth://totp/a%26secret%3Db%3A%C3%BC:%25"
			      "?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
			      "&issuer=a%26secret%3Db%3A%C3%BC");
	memset(long_name, '/', sizeof(long_name) - 1);
	long_name[sizeof(long_name) - 1] = '\0';
	ck_assert_int_eq(totp_uri(SECRET, long_name, "jo", uri), RC_INVALID);
	ck_assert_str_eq(uri, "");
	/* The longest name and address that there can be do fit. */
	long_name[255] = '\0';
	ck_assert_int_eq(
	    totp_uri(SECRET, long_name, long_name + 1, uri), RC_OK);
}
END_TEST

static Suite *
make_suite(void)
{
	Suite *suite = suite_create("totp");
	TCase *tc = tcase_create("totp");

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_loop_test(tc, codes_agree_with_rfc_6238, 0, ROWS(rfc6238));
	tcase_add_test(tc, codes_agree_with_rfc_4226);
	tcase_add_test(tc, the_current_and_the_previous_step_are_taken);
	tcase_add_test(tc, no_code_is_taken_twice);
	tcase_add_test(tc, a_code_is_six_digits_and_spaces_between);
	tcase_add_test(tc, another_secret_has_other_codes);
	tcase_add_loop_test(tc, the_secret_is_base32_of_rfc_4648, 0, 5);
	tcase_add_test(tc, the_uri_is_what_apps_read);
	suite_add_tcase(suite, tc);
	return suite;
}

SUITE_MAIN(make_suite)
