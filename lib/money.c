/* SPDX-License-Identifier: ISC */
/*
 * Exact amounts: integers all the way, text only at the edges, and made without
 * printf: answers are full of amounts.
 */
#include "money.h"

#include <string.h>

enum { NANO_PLACES = 9, MICRO_PLACES = 6 };

enum rc
money_charge(int64_t rate_micro, int64_t quantity, int64_t *amount_nano)
{
	int64_t amount;

	*amount_nano = 0;
	if (rate_micro < 0 || quantity < 0)
		return RC_INVALID;
	if (__builtin_mul_overflow(rate_micro, quantity, &amount) ||
	    amount > MONEY_MAX)
		return RC_LIMITED;
	*amount_nano = amount;
	return RC_OK;
}

/* Writes value / 10^places with at least two places, from the last one on. */
static char *
format(int64_t value, int places, char buf[MONEY_TEXT_LEN])
{
	uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
	char *p = &buf[MONEY_TEXT_LEN - 1];

	*p = '\0';
	for (; places > 2 && rest % 10 == 0; places--)
		rest /= 10;
	for (; places > 0; places--, rest /= 10)
		*--p = (char)('0' + rest % 10);
	*--p = '.';
	do {
		*--p = (char)('0' + rest % 10);
		rest /= 10;
	} while (rest != 0);
	if (value < 0)
		*--p = '-';
	return memmove(buf, p, (size_t)(buf + MONEY_TEXT_LEN - p));
}

char *
money_format(int64_t amount_nano, char buf[MONEY_TEXT_LEN])
{
	return format(amount_nano, NANO_PLACES, buf);
}

char *
money_format_rate(int64_t rate_micro, char buf[MONEY_TEXT_LEN])
{
	return format(rate_micro, MICRO_PLACES, buf);
}

enum rc
money_parse(const char *s, size_t len, int64_t *amount_nano)
{
	int64_t value = 0;
	int places = -1; /* -1: before the point */
	size_t i;

	*amount_nano = 0;
	if (len == 0 || s[0] == '.' || s[len - 1] == '.')
		return RC_INVALID;
	for (i = 0; i < len; i++) {
		int digit = s[i] - '0';

		if (s[i] == '.' && places < 0) {
			places = 0;
			continue;
		}
		if (digit < 0 || digit > 9)
			return RC_INVALID;
		if (places == NANO_PLACES) {
			if (digit != 0)
				return RC_INVALID;
			continue;
		}
		if (value > (INT64_MAX - digit) / 10)
			return RC_INVALID;
		value = value * 10 + digit;
		if (places >= 0)
			places++;
	}
	for (places = places < 0 ? 0 : places; places < NANO_PLACES; places++)
		if (__builtin_mul_overflow(value, 10, &value))
			return RC_INVALID;
	if (value > MONEY_MAX)
		return RC_INVALID;
	*amount_nano = value;
	return RC_OK;
}

enum rc
money_parse_rate(const char *s, size_t len, int64_t *rate_micro)
{
	int64_t nano;

	*rate_micro = 0;
	if (money_parse(s, len, &nano) != RC_OK || nano % 1000 != 0)
		return RC_INVALID;
	*rate_micro = nano / 1000;
	return RC_OK;
}
