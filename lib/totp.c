/* SPDX-License-Identifier: ISC */
/*
 * One-time passwords.  SHA-1 is what apps understand; its weakness against
 * collisions is none of an HMAC's (RFC 6238 is silent on it, RFC 6151 says
 * so of the weaker MD5).
 */
#include "totp.h"

#include <stdio.h>
#include <string.h>

#include "secret.h"

enum { CODES = 1000000 }; /* 10 ^ TOTP_DIGITS */

enum rc
totp_code(const unsigned char secret[TOTP_SECRET_LEN], int64_t step,
    char code[TOTP_DIGITS + 1])
{
	unsigned char mac[SECRET_SHA1_LEN], counter[8];
	uint32_t n;
	size_t i, at;
	enum rc rc;

	code[0] = '\0';
	for (i = 0; i < sizeof(counter); i++)
		counter[i] = (unsigned char)((uint64_t)step >> (56 - 8 * i));
	rc = secret_hmac_sha1(
	    secret, TOTP_SECRET_LEN, counter, sizeof(counter), mac);
	if (rc != RC_OK)
		return rc;
	/* RFC 4226, section 5.3: four bytes from where the last one says. */
	at = mac[SECRET_SHA1_LEN - 1] & 0xf;
	n = (uint32_t)(mac[at] & 0x7f) << 24 | (uint32_t)mac[at + 1] << 16 |
	    (uint32_t)mac[at + 2] << 8 | mac[at + 3];
	(void)snprintf(code, TOTP_DIGITS + 1, "%0*u", TOTP_DIGITS, n % CODES);
	secret_wipe(mac, sizeof(mac));
	return RC_OK;
}

/* Takes spaces out; false if what is left is not as many digits. */
static int
read_code(const char *text, size_t len, char code[TOTP_DIGITS + 1])
{
	size_t i, n = 0;

	for (i = 0; i < len; i++) {
		if (text[i] == ' ')
			continue;
		if (text[i] < '0' || text[i] > '9' || n == TOTP_DIGITS)
			return 0;
		code[n++] = text[i];
	}
	code[n] = '\0';
	return n == TOTP_DIGITS;
}

enum rc
totp_verify(const unsigned char secret[TOTP_SECRET_LEN], const char *text,
    size_t len, int64_t last_step, int64_t now, int64_t *step)
{
	char given[TOTP_DIGITS + 1], wanted[TOTP_DIGITS + 1];
	int64_t newest = now / TOTP_STEP, i;
	enum rc rc = RC_DENIED;

	*step = 0;
	if (!read_code(text, len, given))
		return RC_DENIED;
	for (i = newest - 1; i <= newest; i++) {
		if (totp_code(secret, i, wanted) != RC_OK) {
			rc = RC_FAIL;
			break;
		}
		if (secret_equal(given, wanted, TOTP_DIGITS) && i > last_step) {
			*step = i;
			rc = RC_OK;
		}
	}
	secret_wipe(given, sizeof(given));
	secret_wipe(wanted, sizeof(wanted));
	return rc;
}

void
totp_base32(
    const unsigned char secret[TOTP_SECRET_LEN], char text[TOTP_BASE32_LEN + 1])
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
	size_t i, bit;
	uint32_t two;

	/* Five bits each; 20 bytes are 32 of them, and need no padding. */
	for (i = 0; i < TOTP_BASE32_LEN; i++) {
		bit = i * 5;
		two = (uint32_t)secret[bit / 8] << 8;
		if (bit / 8 + 1 < TOTP_SECRET_LEN)
			two |= secret[bit / 8 + 1];
		text[i] = digits[two >> (11 - bit % 8) & 31];
	}
	text[i] = '\0';
}

/* Writes s behind what is there; false if there is no room. */
static int
append(char uri[TOTP_URI_LEN], const char *s)
{
	size_t len = strlen(uri), n = strlen(s);

	if (n >= TOTP_URI_LEN - len)
		return 0;
	memcpy(uri + len, s, n + 1);
	return 1;
}

/* The same of a part that may have any bytes (RFC 3986, section 2.3). */
static int
append_escaped(char uri[TOTP_URI_LEN], const char *s)
{
	char one[4];

	for (; *s != '\0'; s++) {
		unsigned char c = (unsigned char)*s;

		if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
		    (c >= 'a' && c <= 'z') || strchr("-._~", c) != NULL)
			(void)snprintf(one, sizeof(one), "%c", c);
		else
			(void)snprintf(one, sizeof(one), "%%%02X", c);
		if (!append(uri, one))
			return 0;
	}
	return 1;
}

enum rc
totp_uri(const unsigned char secret[TOTP_SECRET_LEN], const char *issuer,
    const char *account, char uri[TOTP_URI_LEN])
{
	char text[TOTP_BASE32_LEN + 1];
	enum rc rc = RC_INVALID;

	uri[0] = '\0';
	totp_base32(secret, text);
	if (append(uri, "otpauth://totp/") && append_escaped(uri, issuer) &&
	    append(uri, ":") && append_escaped(uri, account) &&
	    append(uri, "?secret=") && append(uri, text) &&
	    append(uri, "&issuer=") && append_escaped(uri, issuer))
		rc = RC_OK;
	secret_wipe(text, sizeof(text));
	if (rc != RC_OK)
		secret_wipe(uri, TOTP_URI_LEN);
	return rc;
}
