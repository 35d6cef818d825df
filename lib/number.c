/* SPDX-License-Identifier: ISC */
/*
 * Whole numbers.  One too long for 64 bits is still a number: it is out of
 * range, not malformed.  Text is made by hand since answers are full of
 * numbers, and printf takes ten times as long.
 */
#include "number.h"

#include <string.h>

enum rc
number_parse(const char *s, size_t len, int64_t min, int64_t max, int64_t *n)
{
	int64_t value = 0;
	int beyond = 0; /* more than 64 bits */
	size_t i;

	*n = 0;
	if (len == 0)
		return RC_INVALID;
	for (i = 0; i < len; i++) {
		int digit = s[i] - '0';

		if (digit < 0 || digit > 9)
			return RC_INVALID;
		if (value > (INT64_MAX - digit) / 10)
			beyond = 1;
		else
			value = value * 10 + digit;
	}
	if (beyond || value < min || value > max) {
		*n = !beyond && value < min ? min : max;
		return RC_LIMITED;
	}
	*n = value;
	return RC_OK;
}

char *
number_format(int64_t n, char buf[NUMBER_TEXT_LEN])
{
	uint64_t rest = n < 0 ? 0 - (uint64_t)n : (uint64_t)n;
	char *p = &buf[NUMBER_TEXT_LEN - 1];

	*p = '\0';
	do {
		*--p = (char)('0' + rest % 10);
		rest /= 10;
	} while (rest != 0);
	if (n < 0)
		*--p = '-';
	return memmove(buf, p, (size_t)(buf + NUMBER_TEXT_LEN - p));
}
