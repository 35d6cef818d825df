/* SPDX-License-Identifier: ISC */
/*
 * Fuzzes the judgement of passwords: the input is a password, a NUL, and an
 * address.  Whatever is taken is long enough and text; and what is taken
 * beside an address is taken without one.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "password.h"
#include "text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(int condition)
{
	if (!condition)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *end = memchr(data, '\0', size);
	size_t len = end != NULL ? (size_t)(end - data) : size, chars = 0;
	size_t rest = end != NULL ? size - len - 1 : 0;
	const char *password = (const char *)data, *why = NULL;
	char email[300];
	enum rc alone, beside;

	if (rest > sizeof(email) - 1)
		rest = sizeof(email) - 1;
	if (rest > 0)
		memcpy(email, end + 1, rest);
	email[rest] = '\0';
	alone = password_check(password, len, NULL, NULL, NULL, &why);
	must(why != NULL && (alone == RC_OK) == (why[0] == '\0'));
	if (alone == RC_OK) {
		must(text_count(password, len, &chars));
		must(chars >= PASSWORD_MIN && len <= PASSWORD_MAX);
	}
	beside = password_check(password, len, email, email, email, &why);
	must((beside == RC_OK) == (why[0] == '\0'));
	must(beside != RC_OK || alone == RC_OK);
	/* A NUL is in none. */
	must(end == NULL || password_check(password, size, NULL, NULL, NULL,
				&why) == RC_INVALID);
	return 0;
}
