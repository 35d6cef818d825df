/* SPDX-License-Identifier: ISC */
/*
 * Base64: three bytes are four characters.
 */
#include "base64.h"

#include <string.h>

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

enum rc
base64_decode_bare(
    const char *text, size_t len, void *bytes, size_t max, size_t *n)
{
	unsigned char *p = bytes;
	unsigned int bits = 0, held = 0;
	const char *digit;
	size_t i, done = 0;

	*n = 0;
	for (i = 0; i < len; i++) {
		digit = memchr(ALPHABET, text[i], sizeof(ALPHABET) - 1);
		if (digit == NULL)
			return RC_INVALID;
		bits = bits << 6 | (unsigned int)(digit - ALPHABET);
		held += 6;
		if (held < 8)
			continue;
		if (done == max)
			return RC_INVALID;
		held -= 8;
		p[done++] = (unsigned char)(bits >> held);
		bits &= (1u << held) - 1;
	}
	/* One character is no byte, and what is left over is zero. */
	if (held == 6 || bits != 0)
		return RC_INVALID;
	*n = done;
	return RC_OK;
}
