/* SPDX-License-Identifier: ISC */
/*
 * Whole numbers: what is one and what is none, every bound, and random
 * digits against the compiler's own 128-bit arithmetic.
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "number.h"
#include "suite.h"

__extension__ typedef __int128 wide;

enum { RANDOM_NUMBERS = 200000, DIGITS_MAX = 40 };

/* A row with len 0 has the length of its text. */
static const struct {
	const char *text;
	size_t len;
	int64_t min, max;
	enum rc rc;
	int64_t n;
} numbers[] = {
	{ "0", 0, 0, 10, RC_OK, 0 },
	{ "00", 0, 0, 10, RC_OK, 0 },
	{ "007", 0, 0, 10, RC_OK, 7 },
	{ "10", 0, 0, 10, RC_OK, 10 },
	{ "10", 0, 10, 10, RC_OK, 10 },
	{ "11", 0, 0, 10, RC_LIMITED, 10 },
	{ "9", 0, 10, 20, RC_LIMITED, 10 },
	{ "0", 0, 1, INT64_MAX, RC_LIMITED, 1 },
	{ "1", 0, 1, INT64_MAX, RC_OK, 1 },
	{ "2147483648", 0, 0, INT64_MAX, RC_OK, INT64_C(2147483648) },
	{ "4294967297", 0, 0, 10, RC_LIMITED, 10 },
	{ "9223372036854775806", 0, 0, INT64_MAX, RC_OK, INT64_MAX - 1 },
	{ "9223372036854775807", 0, 0, INT64_MAX, RC_OK, INT64_MAX },
	{ "9223372036854775807", 0, 0, INT64_MAX - 1, RC_LIMITED,
	    INT64_MAX - 1 },
	{ "9223372036854775808", 0, 0, INT64_MAX - 1, RC_LIMITED,
	    INT64_MAX - 1 },
	{ "18446744073709551617", 0, 0, 10, RC_LIMITED, 10 },
	{ "99999999999999999999", 0, 1, 1000, RC_LIMITED, 1000 },
	{ "000000000000000000000000000000012", 0, 0, 100, RC_OK, 12 },
	{ "123", 2, 0, 1000, RC_OK, 12 },
	{ "12\0", 3, 0, 1000, RC_INVALID, 0 },
	{ "\0", 1, 0, 1000, RC_INVALID, 0 },
	{ "", 0, 0, 10, RC_INVALID, 0 },
	{ " ", 0, 0, 10, RC_INVALID, 0 },
	{ " 1", 0, 0, 10, RC_INVALID, 0 },
	{ "1 ", 0, 0, 10, RC_INVALID, 0 },
	{ "\t1", 0, 0, 10, RC_INVALID, 0 },
	{ "1\n", 0, 0, 10, RC_INVALID, 0 },
	{ "-1", 0, 0, 10, RC_INVALID, 0 },
	{ "-0", 0, 0, 10, RC_INVALID, 0 },
	{ "+1", 0, 0, 10, RC_INVALID, 0 },
	{ "1.0", 0, 0, 10, RC_INVALID, 0 },
	{ "1,0", 0, 0, 10, RC_INVALID, 0 },
	{ "1e1", 0, 0, 10, RC_INVALID, 0 },
	{ "0x1", 0, 0, 10, RC_INVALID, 0 },
	{ "1x", 0, 0, 10, RC_INVALID, 0 },
	{ "1;DROP", 0, 0, 10, RC_INVALID, 0 },
	{ "1'", 0, 0, 10, RC_INVALID, 0 },
	{ "99999999999999999999x", 0, 0, 10, RC_INVALID, 0 },
	{ "\xd9\xa1", 0, 0, 10, RC_INVALID, 0 },     /* Arabic-Indic one */
	{ "\xef\xbc\x91", 0, 0, 10, RC_INVALID, 0 }, /* full-width one */
	{ "NaN", 0, 0, 10, RC_INVALID, 0 },
	{ "inf", 0, 0, 10, RC_INVALID, 0 },
};

START_TEST(each_text_has_its_number)
{
	size_t len =
	    numbers[_i].len != 0 ? numbers[_i].len : strlen(numbers[_i].text);
	int64_t n = -77;

	ck_assert_int_eq(number_parse(numbers[_i].text, len, numbers[_i].min,
			     numbers[_i].max, &n),
	    numbers[_i].rc);
	ck_assert_int_eq(n, numbers[_i].n);
}
END_TEST

START_TEST(a_number_beyond_64_bits_is_above_every_maximum)
{
	static const char *const texts[] = { "9223372036854775808",
		"9223372036854775810", "18446744073709551616",
		"99999999999999999999", "100000000000000000000000000000000" };
	int64_t n;

	ck_assert_int_eq(
	    number_parse(texts[_i], strlen(texts[_i]), 0, INT64_MAX, &n),
	    RC_LIMITED);
	ck_assert_int_eq(n, INT64_MAX);
}
END_TEST

/* The digits are at places that no row above has. */
START_TEST(only_ten_bytes_are_digits)
{
	int place;

	for (place = 0; place < 3; place++) {
		char text[] = { '1', '2', '3' };
		int digit = _i >= '0' && _i <= '9';
		int64_t n;

		text[place] = (char)_i;
		ck_assert_int_eq(
		    number_parse(text, sizeof(text), 0, 999, &n) == RC_OK,
		    digit);
	}
}
END_TEST

/* Reads nothing past len: valgrind and AddressSanitizer see it if it does. */
START_TEST(nothing_past_the_length_is_read)
{
	char *text = malloc(3);
	int64_t n;

	ck_assert_ptr_nonnull(text);
	memcpy(text, "421", 3);
	ck_assert_int_eq(number_parse(text, 3, 0, 1000, &n), RC_OK);
	ck_assert_int_eq(n, 421);
	ck_assert_int_eq(number_parse(text + 3, 0, 0, 1000, &n), RC_INVALID);
	ck_assert_int_eq(n, 0);
	free(text);
}
END_TEST

/* A small generator (xorshift64, Marsaglia 2003): the same every time. */
static uint64_t
draw(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

START_TEST(random_digits_agree_with_128_bits)
{
	uint64_t state = UINT64_C(0x9e3779b97f4a7c15);
	int round;

	for (round = 0; round < RANDOM_NUMBERS; round++) {
		/* Up to 36 digits fit 128 bits. */
		size_t len = 1 + draw(&state) % 36, i;
		int64_t min = (int64_t)(draw(&state) >> (1 + round % 60));
		int64_t max = INT64_MAX - 1 - (int64_t)(draw(&state) >> 3);
		char text[DIGITS_MAX];
		enum rc expected;
		wide value = 0;
		int64_t n;

		if (max < min)
			max = min;
		for (i = 0; i < len; i++) {
			int digit = (int)(draw(&state) % 10);

			text[i] = (char)('0' + digit);
			value = value * 10 + digit;
		}
		expected = value < min || value > max ? RC_LIMITED : RC_OK;
		ck_assert_int_eq(
		    number_parse(text, len, min, max, &n), expected);
		if (value < min)
			ck_assert_int_eq(n, min);
		else if (value > max)
			ck_assert_int_eq(n, max);
		else
			ck_assert_int_eq(n, (int64_t)value);
	}
}
END_TEST

/* With as many bits as it is the round's turn, of either sign. */
START_TEST(the_text_of_a_number_is_printfs)
{
	static const int64_t edges[] = { 0, 1, -1, 9, 10, -10, 99, 100,
		INT64_MAX, INT64_MIN, INT64_MIN + 1 };
	uint64_t state = UINT64_C(0x9e3779b97f4a7c15);
	char buf[NUMBER_TEXT_LEN], expected[32];
	int round;

	for (round = 0; round < RANDOM_NUMBERS; round++) {
		int64_t n = (int64_t)(draw(&state) >> round % 64);

		if (round < ROWS(edges))
			n = edges[round];
		else if (n > 0 && round % 2 == 0)
			n = -n;
		(void)snprintf(
		    expected, sizeof(expected), "%lld", (long long)n);
		ck_assert_ptr_eq(number_format(n, buf), buf);
		ck_assert_str_eq(buf, expected);
	}
}
END_TEST

static Suite *
number_suite(void)
{
	Suite *s = suite_create("number");
	TCase *tc = tcase_create("number");

	tcase_add_loop_test(tc, each_text_has_its_number, 0, ROWS(numbers));
	tcase_add_loop_test(
	    tc, a_number_beyond_64_bits_is_above_every_maximum, 0, 5);
	tcase_add_loop_test(tc, only_ten_bytes_are_digits, 0, 256);
	tcase_add_test(tc, nothing_past_the_length_is_read);
	tcase_add_test(tc, random_digits_agree_with_128_bits);
	tcase_add_test(tc, the_text_of_a_number_is_printfs);
	suite_add_tcase(s, tc);
	return s;
}

SUITE_MAIN(number_suite)
