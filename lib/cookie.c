/* SPDX-License-Identifier: ISC */
/*
 * Cookies are what a browser tells, and what others may have told it: none
 * is believed for being there.
 */
#include "cookie.h"

#include <stdio.h>
#include <string.h>

/* The characters of base62, which no reader of cookies quotes or cuts. */
static const char alphabet[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			       "abcdefghijklmnopqrstuvwxyz";

enum rc
cookie_find(
    const char *header, const char *name, size_t min, size_t max, char *value)
{
	size_t left = strnlen(header, COOKIE_HEADER_MAX + 1);
	size_t name_len = strlen(name);
	const char *found = NULL, *p = header;
	size_t found_len = 0, nfound = 0;

	value[0] = '\0';
	if (left > COOKIE_HEADER_MAX)
		return RC_INVALID;
	while (*p != '\0') {
		size_t len;

		p += strspn(p, "; \t");
		len = strcspn(p, ";");
		if (len > name_len && p[name_len] == '=' &&
		    memcmp(p, name, name_len) == 0) {
			found = p + name_len + 1;
			found_len = len - name_len - 1;
			nfound++;
		}
		p += len;
	}
	if (nfound == 0)
		return RC_NOT_FOUND;
	/* RFC 6265, 4.2.1: no white space belongs to a value. */
	while (found_len > 0 && strchr(" \t", found[found_len - 1]) != NULL)
		found_len--;
	if (nfound > 1 || found_len < min || found_len > max ||
	    strspn(found, alphabet) < found_len)
		return RC_INVALID;
	memcpy(value, found, found_len);
	value[found_len] = '\0';
	return RC_OK;
}

enum rc
cookie_make(char text[COOKIE_TEXT_LEN], const char *name, const char *value,
    int max_age_s, int secure)
{
	char age[32] = "";
	int n;

	if (max_age_s != 0)
		(void)snprintf(age, sizeof(age), "; Max-Age=%d",
		    max_age_s > 0 ? max_age_s : 0);
	n = snprintf(text, COOKIE_TEXT_LEN,
	    "%s=%s; Path=/; HttpOnly; SameSite=Lax%s%s", name, value,
	    secure ? "; Secure" : "", age);
	return n > 0 && n < COOKIE_TEXT_LEN ? RC_OK : RC_FAIL;
}
