/* SPDX-License-Identifier: ISC */
/*
 * Fuzzes what is typed for a one-time password: it is taken if and only if
 * it has the digits of one of two codes, in order, and else only spaces.  And
 * any bytes stand in a URI without breaking out of their part.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "secret.h"
#include "totp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const unsigned char SECRET[TOTP_SECRET_LEN] = "12345678901234567890";

/* RFC 6238's second 59: the codes of steps 0 and 1 (RFC 4226, appendix D). */
static const char *const codes[] = { "755224", "287082" };

static void
must(int condition)
{
	if (!condition)
		abort();
}

/* True if the bytes are this code and spaces. */
static int
is_code(const uint8_t *data, size_t size, const char *code)
{
	size_t i, n = 0;

	for (i = 0; i < size; i++) {
		if (data[i] == ' ')
			continue;
		if (n == TOTP_DIGITS || data[i] != (uint8_t)code[n])
			return 0;
		n++;
	}
	return n == TOTP_DIGITS;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char uri[TOTP_URI_LEN], text[256];
	size_t len = size < sizeof(text) - 1 ? size : sizeof(text) - 1;
	int64_t step = -1;
	enum rc rc;

	must(secret_init() == RC_OK);
	rc = totp_verify(SECRET, (const char *)data, size, -1, 59, &step);
	must((rc == RC_OK) ==
	     (is_code(data, size, codes[0]) || is_code(data, size, codes[1])));
	must(rc != RC_OK || is_code(data, size, codes[step]));
	/* After the newer one neither is good. */
	must(totp_verify(SECRET, (const char *)data, size, 1, 59, &step) ==
	     RC_DENIED);

	memcpy(text, data, len);
	text[len] = '\0';
	must(totp_uri(SECRET, text, text, uri) == RC_OK);
	must(strspn(uri, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
			 "0123456789-._~%:/?&=") == strlen(uri));
	must(strchr(strchr(uri, '?') + 1, '?') == NULL);
	return 0;
}
