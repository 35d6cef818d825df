/* SPDX-License-Identifier: ISC */
/*
 * Fuzzes numbers and amounts: what is parsed is what 128-bit arithmetic
 * says, and an amount's text is read as that amount again.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "money.h"
#include "number.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

__extension__ typedef __int128 wide;

static void
must(int condition)
{
	if (!condition)
		abort();
}

/*
 * Reads a decimal with nine places; gives -1 if it is none, has more that
 * are not zero, or is above MONEY_MAX.
 */
static wide
decimal(const char *s, size_t len)
{
	wide value = 0;
	size_t i, places = 0;
	int point = 0;

	if (len == 0 || s[0] == '.' || s[len - 1] == '.')
		return -1;
	for (i = 0; i < len; i++) {
		if (s[i] == '.' && !point) {
			point = 1;
			continue;
		}
		if (s[i] < '0' || s[i] > '9')
			return -1;
		if (point && ++places > 9) {
			if (s[i] != '0')
				return -1;
			continue;
		}
		/* Far beyond any amount it may stay where it is. */
		if (value <= MONEY_MAX)
			value = value * 10 + (s[i] - '0');
	}
	for (; places < 9; places++)
		if (value <= MONEY_MAX)
			value *= 10;
	return value <= MONEY_MAX ? value : -1;
}

static void
look_at_number(const char *s, size_t len, int64_t min, int64_t max)
{
	const wide beyond = (wide)INT64_MAX + 1;
	int is_number = len > 0;
	wide value = 0;
	enum rc rc;
	int64_t n;
	size_t i;

	for (i = 0; i < len; i++) {
		if (s[i] < '0' || s[i] > '9')
			is_number = 0;
		value = value * 10 + (s[i] - '0');
		if (value > beyond || value < 0)
			value = beyond;
	}
	rc = number_parse(s, len, min, max, &n);
	if (!is_number)
		must(rc == RC_INVALID && n == 0);
	else if (value < min)
		must(rc == RC_LIMITED && n == min);
	else if (value > max)
		must(rc == RC_LIMITED && n == max);
	else
		must(rc == RC_OK && n == (int64_t)value);
}

static void
look_at_amount(int64_t nano)
{
	char buf[MONEY_TEXT_LEN];
	int64_t again;
	size_t len;

	money_format(nano, buf);
	len = strlen(buf);
	must(len < sizeof(buf) && strchr(buf, '.') != NULL);
	must((buf[0] == '-') == (nano < 0));
	if (nano >= 0 && nano <= MONEY_MAX) {
		must(money_parse(buf, len, &again) == RC_OK);
		must(again == nano);
	} else {
		must(money_parse(buf, len, &again) == RC_INVALID);
		must(again == 0);
	}
	money_format_rate(nano, buf);
	if (nano >= 0 && nano <= MONEY_MAX / 1000) {
		must(money_parse_rate(buf, strlen(buf), &again) == RC_OK);
		must(again == nano);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	int64_t a, b, nano, micro;
	enum rc rc;
	wide value = decimal(text, size);

	rc = money_parse(text, size, &nano);
	must(rc == (value < 0 ? RC_INVALID : RC_OK));
	must(nano == (value < 0 ? 0 : (int64_t)value));
	rc = money_parse_rate(text, size, &micro);
	must((rc == RC_OK) == (value >= 0 && value % 1000 == 0));
	must(micro == (rc == RC_OK ? (int64_t)(value / 1000) : 0));
	look_at_number(text, size, 0, INT64_MAX);
	look_at_number(text, size, 1, INT64_MAX);
	look_at_number(text, size, 50, 10000);
	look_at_number(text, size, 0, INT64_MAX - 1);
	if (size < 16)
		return 0;
	memcpy(&a, data, 8);
	memcpy(&b, data + 8, 8);
	look_at_amount(a);
	look_at_amount((int64_t)((uint64_t)a >> 1) % (MONEY_MAX + 1));
	value = (wide)a * b;
	rc = money_charge(a, b, &nano);
	if (a < 0 || b < 0)
		must(rc == RC_INVALID && nano == 0);
	else if (value > MONEY_MAX)
		must(rc == RC_LIMITED && nano == 0);
	else
		must(rc == RC_OK && nano == (int64_t)value);
	return 0;
}
