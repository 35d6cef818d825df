/* SPDX-License-Identifier: ISC */
/*
 * PHC strings.  Read strictly: no other order of parameters, no leading
 * zeros, no padding, so that there is one string for one hash.
 */
#include "phc.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base64.h"
#include "number.h"

enum rc
phc_format(const struct phc *phc, char *text, size_t len)
{
	char salt[BASE64_LEN(SECRET_ARGON2_SALT_MAX)];
	char hash[BASE64_LEN(SECRET_ARGON2_HASH_MAX)];
	int n;

	base64_encode(phc->salt, phc->salt_len, salt);
	base64_encode(phc->hash, phc->hash_len, hash);
	n = snprintf(text, len, "$argon2id$v=19$m=%lld,t=%lld,p=%lld$%.*s$%.*s",
	    (long long)phc->cost.memory_kib, (long long)phc->cost.passes,
	    (long long)phc->cost.lanes, (int)strcspn(salt, "="), salt,
	    (int)strcspn(hash, "="), hash);
	return n > 0 && (size_t)n < len ? RC_OK : RC_FAIL;
}

/* Goes past a text that must stand there. */
static int
skip(const char **s, const char *text)
{
	size_t n = strlen(text);

	if (strncmp(*s, text, n) != 0)
		return 0;
	*s += n;
	return 1;
}

/* Reads a number up to what ends it. */
static int
read_number(const char **s, const char *end, int64_t *n)
{
	size_t len = strcspn(*s, end);

	if (len > 1 && **s == '0')
		return 0;
	if (number_parse(*s, len, 0, UINT32_MAX, n) != RC_OK)
		return 0;
	*s += len;
	return 1;
}

/* Reads bytes up to a dollar sign or the end. */
static int
read_bytes(const char **s, unsigned char *bytes, size_t max, size_t *n)
{
	size_t len = strcspn(*s, "$");

	if (base64_decode_bare(*s, len, bytes, max, n) != RC_OK)
		return 0;
	*s += len;
	return 1;
}

enum rc
phc_parse(const char *text, struct phc *phc)
{
	const char *s = text;

	memset(phc, 0, sizeof(*phc));
	if (strnlen(s, PHC_LEN) < PHC_LEN && skip(&s, "$argon2id$v=19$m=") &&
	    read_number(&s, ",", &phc->cost.memory_kib) && skip(&s, ",t=") &&
	    read_number(&s, ",", &phc->cost.passes) && skip(&s, ",p=") &&
	    read_number(&s, "$", &phc->cost.lanes) && skip(&s, "$") &&
	    read_bytes(&s, phc->salt, sizeof(phc->salt), &phc->salt_len) &&
	    skip(&s, "$") &&
	    read_bytes(&s, phc->hash, sizeof(phc->hash), &phc->hash_len) &&
	    *s == '\0' &&
	    secret_argon2_is_possible(&phc->cost, phc->salt_len, phc->hash_len))
		return RC_OK;
	return RC_INVALID;
}
