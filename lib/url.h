/* SPDX-License-Identifier: ISC */
/*
 * http and https URLs, read strictly: what is not plainly one of them is
 * refused, so that no two programs can read it differently.
 */
#ifndef LATCHKEY_URL_H
#define LATCHKEY_URL_H

#include <stddef.h>

#include "rc.h"

enum {
	URL_MAX = 2000,    /* bytes of a URL */
	URL_HOST_MAX = 253 /* bytes of a host name (RFC 1035, 2.3.4) */
};

enum url_host { URL_NAME, URL_IPV4, URL_IPV6 };

struct url {
	int is_https; /* told by the scheme alone, even if url_parse refuses */
	enum url_host kind;
	char host[URL_HOST_MAX + 1]; /* lower case, no brackets, no last dot */
	unsigned char address[16];   /* of an IP literal; IPv4 has 4 bytes */
};

/*
 * Reads scheme and host; checks port, path and query for form alone.  An
 * IPv4 literal is whatever inet_aton(3) takes for one (decimal, octal, hex,
 * fewer parts), because clients do.  RC_INVALID for anything else than
 * http(s), for more than URL_MAX bytes, a user name, a fragment, a scope
 * id, an empty or impossible host, a dot behind an address, bytes outside of
 * printable ASCII.
 */
enum rc url_parse(const char *s, struct url *url);

#endif
