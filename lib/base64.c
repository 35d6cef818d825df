/* SPDX-License-Identifier: ISC */
/*
 * Base64: three bytes are four characters.
 */
#include "base64.h"

static const char ALPHABET[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void
base64_encode(const void *bytes, size_t len, char *text)
{
	const unsigned char *p = bytes;
	unsigned int bits;
	size_t i, n;

	for (i = 0; i < len; i += 3) {
		n = len - i < 3 ? len - i : 3;
		bits = (unsigned int)p[i] << 16;
		if (n > 1)
			bits |= (unsigned int)p[i + 1] << 8;
		if (n > 2)
			bits |= p[i + 2];
		*text++ = ALPHABET[bits >> 18];
		*text++ = ALPHABET[bits >> 12 & 63];
		*text++ = n > 1 ? ALPHABET[bits >> 6 & 63] : '=';
		*text++ = n > 2 ? ALPHABET[bits & 63] : '=';
	}
	*text = '\0';
}
