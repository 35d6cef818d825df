/* SPDX-License-Identifier: ISC */
/*
 * Amounts: their text in both directions, every bound, and random charges
 * against the compiler's own 128-bit arithmetic.  The texts are those of the
 * API's contract: at least two places, no needless zeros after them.
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "money.h"
#include "suite.h"

__extension__ typedef __int128 wide;

enum { RANDOM_AMOUNTS = 200000 };

static const struct {
	int64_t nano;
	const char *text;
} amounts[] = {
	{ 0, "0.00" },
	{ 1, "0.000000001" },
	{ 10, "0.00000001" },
	{ 999999999, "0.999999999" },
	{ 9999999, "0.009999999" },
	{ 10000000, "0.01" },
	{ 100000000, "0.10" },
	{ 900000000, "0.90" },
	{ 278190000, "0.27819" },
	{ 100000001, "0.100000001" },
	{ 1001000000, "1.001" },
	{ 1000000000, "1.00" },
	{ 8000000000, "8.00" },
	{ 100842920000, "100.84292" },
	{ 999999999999, "999.999999999" },
	{ MONEY_MAX - 1, "999999999.999999999" },
	{ MONEY_MAX, "1000000000.00" },
};

START_TEST(an_amount_has_one_text)
{
	char buf[MONEY_TEXT_LEN];
	int64_t nano = -1;

	ck_assert_ptr_eq(money_format(amounts[_i].nano, buf), buf);
	ck_assert_str_eq(buf, amounts[_i].text);
	ck_assert_int_eq(money_parse(buf, strlen(buf), &nano), RC_OK);
	ck_assert_int_eq(nano, amounts[_i].nano);
}
END_TEST

START_TEST(a_debt_has_a_minus_in_front)
{
	char buf[MONEY_TEXT_LEN], expected[MONEY_TEXT_LEN];
	int64_t nano;

	if (amounts[_i].nano == 0)
		return;
	(void)snprintf(expected, sizeof(expected), "-%s", amounts[_i].text);
	ck_assert_str_eq(money_format(-amounts[_i].nano, buf), expected);
	/* Nobody types one in: parse is for what is paid and charged. */
	ck_assert_int_eq(money_parse(buf, strlen(buf), &nano), RC_INVALID);
	ck_assert_int_eq(nano, 0);
}
END_TEST

START_TEST(the_ends_of_64_bits_have_a_text)
{
	char buf[MONEY_TEXT_LEN];

	ck_assert_str_eq(money_format(INT64_MAX, buf), "9223372036.854775807");
	ck_assert_str_eq(money_format(INT64_MIN, buf), "-9223372036.854775808");
	ck_assert_str_eq(
	    money_format_rate(INT64_MAX, buf), "9223372036854.775807");
	ck_assert_str_eq(
	    money_format_rate(INT64_MIN, buf), "-9223372036854.775808");
}
END_TEST

static const struct {
	int64_t micro;
	const char *text;
} rates[] = {
	{ 0, "0.00" },
	{ 1, "0.000001" },
	{ 10000, "0.01" },
	{ 900000, "0.90" },
	{ 900001, "0.900001" },
	{ 8000000, "8.00" },
	{ 1234567, "1.234567" },
	{ INT64_C(1000000000) * 1000000, "1000000000.00" },
};

START_TEST(a_rate_has_one_text)
{
	char buf[MONEY_TEXT_LEN];
	int64_t micro = -1;

	ck_assert_ptr_eq(money_format_rate(rates[_i].micro, buf), buf);
	ck_assert_str_eq(buf, rates[_i].text);
	ck_assert_int_eq(money_parse_rate(buf, strlen(buf), &micro), RC_OK);
	ck_assert_int_eq(micro, rates[_i].micro);
}
END_TEST

/* A row with len 0 has the length of its text; -1: refused. */
static const struct {
	const char *text;
	size_t len;
	int64_t nano;
} texts[] = {
	{ "1", 0, 1000000000 },
	{ "1.5", 0, 1500000000 },
	{ "01.50", 0, 1500000000 },
	{ "1.5000000000000000000000000", 0, 1500000000 },
	{ "0.000000001000", 0, 1 },
	{ "0000000000000000000000000000001.0", 0, 1000000000 },
	{ "1000000000", 0, MONEY_MAX },
	{ "1000000000.000000000000", 0, MONEY_MAX },
	{ "1.99", 3, 1900000000 },
	{ "1000000000.000000001", 0, -1 },
	{ "1000000001", 0, -1 },
	{ "9223372036.854775807", 0, -1 },
	{ "9223372036.854775808", 0, -1 },
	{ "9223372037", 0, -1 },
	{ "18446744073.709551617", 0, -1 },
	{ "18446744073709551617", 0, -1 },
	{ "99999999999999999999999999", 0, -1 },
	{ "0.0000000001", 0, -1 },
	{ "0.0000000010001", 0, -1 },
	{ "", 0, -1 },
	{ ".", 0, -1 },
	{ ".5", 0, -1 },
	{ "5.", 0, -1 },
	{ "1.2.3", 0, -1 },
	{ "1..2", 0, -1 },
	{ "1,5", 0, -1 },
	{ "1,000.00", 0, -1 },
	{ "-1", 0, -1 },
	{ "-0", 0, -1 },
	{ "+1", 0, -1 },
	{ " 1", 0, -1 },
	{ "1 ", 0, -1 },
	{ "1\n", 0, -1 },
	{ "1e3", 0, -1 },
	{ "0x10", 0, -1 },
	{ "$1", 0, -1 },
	{ "1.5USD", 0, -1 },
	{ "NaN", 0, -1 },
	{ "Infinity", 0, -1 },
	{ "1\0", 2, -1 },
	{ "\0", 1, -1 },
	{ "\xd9\xa1", 0, -1 },
};

START_TEST(each_text_is_an_amount_or_refused)
{
	size_t len =
	    texts[_i].len != 0 ? texts[_i].len : strlen(texts[_i].text);
	int64_t nano = -77;

	if (texts[_i].nano < 0) {
		ck_assert_int_eq(
		    money_parse(texts[_i].text, len, &nano), RC_INVALID);
		ck_assert_int_eq(nano, 0);
		return;
	}
	ck_assert_int_eq(money_parse(texts[_i].text, len, &nano), RC_OK);
	ck_assert_int_eq(nano, texts[_i].nano);
}
END_TEST

START_TEST(a_rate_finer_than_a_micro_unit_is_refused)
{
	static const char *const fine[] = { "0.0000001", "1.0000009",
		"0.123456789", "1000000001", "-1", "", "." };
	int64_t micro = -77;

	ck_assert_int_eq(
	    money_parse_rate(fine[_i], strlen(fine[_i]), &micro), RC_INVALID);
	ck_assert_int_eq(micro, 0);
}
END_TEST

static const struct {
	int64_t rate_micro, quantity;
	enum rc rc;
	int64_t nano;
} charges[] = {
	{ 0, 0, RC_OK, 0 },
	{ 0, INT64_MAX, RC_OK, 0 },
	{ INT64_MAX, 0, RC_OK, 0 },
	{ 900000, 1000, RC_OK, 900000000 }, /* 0.90 for 1000 */
	{ 900000, 1, RC_OK, 900000 },       /* a thousandth of that */
	{ 1, 1, RC_OK, 1 },
	{ 1, MONEY_MAX, RC_OK, MONEY_MAX },
	{ MONEY_MAX, 1, RC_OK, MONEY_MAX },
	{ 1000000000, 1000000000, RC_OK, MONEY_MAX },
	{ 1, MONEY_MAX + 1, RC_LIMITED, 0 },
	{ MONEY_MAX + 1, 1, RC_LIMITED, 0 },
	{ 1000000001, 1000000000, RC_LIMITED, 0 },
	{ INT64_MAX, 1, RC_LIMITED, 0 },
	{ INT64_MAX, 2, RC_LIMITED, 0 },
	{ INT64_MAX, INT64_MAX, RC_LIMITED, 0 },
	{ INT64_C(1) << 32, INT64_C(1) << 32, RC_LIMITED, 0 }, /* 2^64 */
	{ -1, 1, RC_INVALID, 0 },
	{ 1, -1, RC_INVALID, 0 },
	{ -1, -1, RC_INVALID, 0 },
	{ INT64_MIN, INT64_MIN, RC_INVALID, 0 },
	{ INT64_MIN, 0, RC_INVALID, 0 },
};

START_TEST(each_charge_is_exact_or_refused)
{
	int64_t nano = -77;

	ck_assert_int_eq(
	    money_charge(charges[_i].rate_micro, charges[_i].quantity, &nano),
	    charges[_i].rc);
	ck_assert_int_eq(nano, charges[_i].nano);
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

START_TEST(random_charges_agree_with_128_bits)
{
	uint64_t state = UINT64_C(0x2545f4914f6cdd1d);
	int round;

	for (round = 0; round < RANDOM_AMOUNTS; round++) {
		/* Of every size from 1 to 63 bits. */
		int64_t rate = (int64_t)(draw(&state) >> (1 + round % 63));
		int64_t quantity =
		    (int64_t)(draw(&state) >> (1 + round / 63 % 63));
		wide expected = (wide)rate * quantity;
		int64_t nano;
		enum rc rc = money_charge(rate, quantity, &nano);

		ck_assert_int_eq(rc, expected > MONEY_MAX ? RC_LIMITED : RC_OK);
		ck_assert_int_eq(
		    nano, expected > MONEY_MAX ? 0 : (int64_t)expected);
	}
}
END_TEST

/* 1 if the text is a decimal as the contract wants it. */
static int
is_canonical(const char *text)
{
	const char *point = strchr(text, '.');
	size_t places;

	if (point == NULL || point == text ||
	    (text[0] == '0' && point > text + 1))
		return 0;
	places = strspn(point + 1, "0123456789");
	if (strspn(text, "0123456789") != (size_t)(point - text) ||
	    point[1 + places] != '\0' || places < 2 || places > 9)
		return 0;
	return places == 2 || point[places] != '0';
}

START_TEST(random_amounts_come_back_from_their_text)
{
	uint64_t state = UINT64_C(0x9e3779b97f4a7c15);
	char buf[MONEY_TEXT_LEN];
	int round;

	for (round = 0; round < RANDOM_AMOUNTS; round++) {
		int64_t nano = (int64_t)(draw(&state) >> (1 + round % 63)) %
			       (MONEY_MAX + 1);
		int64_t again = -1;

		/* Round numbers too. */
		if (round % 3 == 0)
			nano -= nano % (round % 2 == 0 ? 1000000 : 1000000000);
		money_format(nano, buf);
		ck_assert_msg(is_canonical(buf), "%s", buf);
		ck_assert_int_eq(money_parse(buf, strlen(buf), &again), RC_OK);
		ck_assert_int_eq(again, nano);
		nano /= 1000;
		money_format_rate(nano, buf);
		ck_assert_msg(is_canonical(buf), "%s", buf);
		ck_assert_int_eq(
		    money_parse_rate(buf, strlen(buf), &again), RC_OK);
		ck_assert_int_eq(again, nano);
	}
}
END_TEST

static Suite *
money_suite(void)
{
	Suite *s = suite_create("money");
	TCase *tc = tcase_create("money");

	tcase_add_loop_test(tc, an_amount_has_one_text, 0, ROWS(amounts));
	tcase_add_loop_test(tc, a_debt_has_a_minus_in_front, 0, ROWS(amounts));
	tcase_add_test(tc, the_ends_of_64_bits_have_a_text);
	tcase_add_loop_test(tc, a_rate_has_one_text, 0, ROWS(rates));
	tcase_add_loop_test(
	    tc, each_text_is_an_amount_or_refused, 0, ROWS(texts));
	tcase_add_loop_test(
	    tc, a_rate_finer_than_a_micro_unit_is_refused, 0, 7);
	tcase_add_loop_test(
	    tc, each_charge_is_exact_or_refused, 0, ROWS(charges));
	tcase_add_test(tc, random_charges_agree_with_128_bits);
	tcase_add_test(tc, random_amounts_come_back_from_their_text);
	suite_add_tcase(s, tc);
	return s;
}

SUITE_MAIN(money_suite)
