/* SPDX-License-Identifier: ISC */
/*
 * Query strings: everything but unreserved characters is encoded.
 */
#include "query.h"

#include <stdio.h>
#include <string.h>

static int
is_unreserved(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') ||
	       (c != '\0' && strchr("-._~", c) != NULL);
}

void
query_add(struct query *query, const char *name, const char *value)
{
	char *end = query->s + sizeof(query->s), *p = query->s + query->len;
	int n;

	if (value == NULL || value[0] == '\0')
		return;
	n = snprintf(
	    p, (size_t)(end - p), "%s%s=", query->len > 0 ? "&" : "", name);
	if (n < 0 || n >= end - p)
		goto out;
	for (p += n; *value != '\0'; value++) {
		if (end - p < 4)
			goto out;
		if (is_unreserved(*value))
			*p++ = *value;
		else
			p += snprintf(p, 4, "%%%02X", (unsigned char)*value);
	}
	query->len = (size_t)(p - query->s);
out:
	query->s[query->len] = '\0';
}

void
query_add_int(struct query *query, const char *name, int64_t value)
{
	char text[24];

	if (value == 0)
		return;
	(void)snprintf(text, sizeof(text), "%lld", (long long)value);
	query_add(query, name, text);
}
