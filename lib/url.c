/* SPDX-License-Identifier: ISC */
/*
 * URLs (RFC 3986), the strict part of them that webhooks need.
 */
#include "url.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "number.h"

enum { LABEL_MAX = 63 };

/* Printable ASCII without what clients and servers disagree about. */
static int
is_plain(const char *s)
{
	for (; *s != '\0'; s++)
		if (*s <= ' ' || *s > '~' || strchr("\"<>\\^`{|}#", *s) != NULL)
			return 0;
	return 1;
}

/* Letters, digits, hyphens and underscores in labels of 1 to 63. */
static int
is_name(const char *host)
{
	size_t n;

	for (;;) {
		n = strspn(host, "abcdefghijklmnopqrstuvwxyz0123456789-_");
		if (n == 0 || n > LABEL_MAX)
			return 0;
		if (host[n] == '\0')
			return 1;
		if (host[n] != '.')
			return 0;
		host += n + 1;
	}
}

/* True if the last label is a number: then the host is no name. */
static int
ends_in_number(const char *host)
{
	const char *dot = strrchr(host, '.');
	const char *last = dot != NULL ? dot + 1 : host;

	if (last[0] == '0' && last[1] == 'x')
		return last[2 + strspn(last + 2, "0123456789abcdef")] == '\0';
	return last[strspn(last, "0123456789")] == '\0';
}

/* Reads len bytes of host, of an IPv6 literal without its brackets. */
static enum rc
read_host(const char *s, size_t len, int brackets, struct url *url)
{
	int rooted = !brackets && len > 0 && s[len - 1] == '.';
	struct in_addr v4;
	size_t i;

	if (rooted)
		len--;
	if (len == 0 || len > URL_HOST_MAX)
		return RC_INVALID;
	for (i = 0; i < len; i++)
		url->host[i] = (char)tolower((unsigned char)s[i]);
	url->host[len] = '\0';
	if (brackets) {
		url->kind = URL_IPV6;
		return inet_pton(AF_INET6, url->host, url->address) == 1
			   ? RC_OK
			   : RC_INVALID;
	}
	if (!is_name(url->host))
		return RC_INVALID;
	url->kind = URL_NAME;
	if (!ends_in_number(url->host))
		return RC_OK;
	/* With a last dot it is an address to some and a name to others. */
	if (rooted || inet_aton(url->host, &v4) != 1)
		return RC_INVALID;
	url->kind = URL_IPV4;
	memcpy(url->address, &v4, sizeof(v4));
	return RC_OK;
}

/* Reads host and port. */
static enum rc
read_authority(const char *s, size_t len, struct url *url)
{
	int brackets = len > 0 && s[0] == '[';
	const char *colon;
	const char *end = s + len;
	int64_t port;
	enum rc rc;

	if (brackets) {
		const char *close = memchr(s, ']', len);

		if (close == NULL)
			return RC_INVALID;
		rc = read_host(s + 1, (size_t)(close - s) - 1, 1, url);
		colon = close + 1;
	} else {
		colon = memchr(s, ':', len);
		if (colon == NULL)
			colon = end;
		rc = read_host(s, (size_t)(colon - s), 0, url);
	}
	if (rc != RC_OK || colon == end)
		return rc;
	if (*colon != ':')
		return RC_INVALID;
	return number_parse(colon + 1, (size_t)(end - colon) - 1, 1, 65535,
		   &port) == RC_OK
		   ? RC_OK
		   : RC_INVALID;
}

enum rc
url_parse(const char *s, struct url *url)
{
	const struct url none = { .is_https =
				      strncasecmp(s, "https://", 8) == 0 };
	enum rc rc;

	*url = none;
	if (strnlen(s, URL_MAX + 1) > URL_MAX || !is_plain(s))
		return RC_INVALID;
	if (!url->is_https && strncasecmp(s, "http://", 7) != 0)
		return RC_INVALID;
	s += url->is_https ? 8 : 7;
	rc = read_authority(s, strcspn(s, "/?"), url);
	if (rc != RC_OK)
		*url = none;
	return rc;
}
