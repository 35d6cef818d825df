/* SPDX-License-Identifier: ISC */
/*
 * The one strict parser of whole numbers.  A number too long for 64 bits is
 * still a number: it is out of range, not malformed.
 */
#include "number.h"

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
