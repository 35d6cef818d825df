/* SPDX-License-Identifier: ISC */
/*
 * Query strings of links, made field by field: "status=1&q=a%20b".
 */
#ifndef LATCHKEY_QUERY_H
#define LATCHKEY_QUERY_H

#include <stddef.h>
#include <stdint.h>

enum { QUERY_MAX = 4096 }; /* bytes, NUL included */

/* One that is made; all zeros is an empty one. */
struct query {
	char s[QUERY_MAX];
	size_t len;
};

/*
 * Adds a field, its value percent-encoded (RFC 3986, 2.1); nothing for NULL
 * and "", nor where it does not fit.
 */
void query_add(struct query *query, const char *name, const char *value);

/* The same for a number; nothing for 0. */
void query_add_int(struct query *query, const char *name, int64_t value);

#endif
