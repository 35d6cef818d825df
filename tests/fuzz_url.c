/* SPDX-License-Identifier: ISC */
/*
 * Fuzzes URLs: any text, as it is and behind each scheme.  Whatever is taken
 * libcurl, which makes the connection, takes as well, and it reads the same
 * host: the same name, which nobody can take for an address, or the same
 * address.
 */
#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { TEXT_MAX = URL_MAX + 100 };

static void
must(int condition)
{
	if (!condition)
		abort();
}

/* A part that no URL of ours has. */
static void
must_lack(CURLU *curl, CURLUPart part)
{
	char *value = NULL;

	must(curl_url_get(curl, part, &value, 0) != CURLUE_OK);
	curl_free(value);
}

/* libcurl's host has the brackets of RFC 3986, but no last dot is ours. */
static void
must_be_host(const char *theirs, const struct url *url)
{
	unsigned char address[16];
	size_t len = strlen(theirs);
	char host[URL_HOST_MAX + 1];
	struct in_addr v4;

	switch (url->kind) {
	case URL_NAME:
		if (theirs[len - 1] == '.')
			len--;
		must(len == strlen(url->host));
		must(strncasecmp(theirs, url->host, len) == 0);
		must(inet_aton(url->host, &v4) == 0);
		must(inet_pton(AF_INET6, url->host, address) == 0);
		return;
	case URL_IPV4:
		must(inet_pton(AF_INET, theirs, address) == 1);
		must(memcmp(address, url->address, 4) == 0);
		return;
	case URL_IPV6:
		must(len > 2 && len < sizeof(host));
		must(theirs[0] == '[' && theirs[len - 1] == ']');
		memcpy(host, theirs + 1, len - 2);
		host[len - 2] = '\0';
		must(inet_pton(AF_INET6, host, address) == 1);
		must(memcmp(address, url->address, 16) == 0);
		return;
	}
	abort();
}

static void
must_agree(const char *text, const struct url *url)
{
	CURLU *curl = curl_url();
	char *host = NULL, *scheme = NULL;

	must(curl != NULL);
	must(curl_url_set(curl, CURLUPART_URL, text, 0) == CURLUE_OK);
	must(curl_url_get(curl, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK);
	must(strcmp(scheme, url->is_https ? "https" : "http") == 0);
	must(curl_url_get(curl, CURLUPART_HOST, &host, 0) == CURLUE_OK);
	must_be_host(host, url);
	must_lack(curl, CURLUPART_USER);
	must_lack(curl, CURLUPART_PASSWORD);
	must_lack(curl, CURLUPART_OPTIONS);
	must_lack(curl, CURLUPART_ZONEID);
	must_lack(curl, CURLUPART_FRAGMENT);
	curl_free(host);
	curl_free(scheme);
	curl_url_cleanup(curl);
}

static void
look_at(const char *text)
{
	struct url url;
	size_t i, len;

	memset(&url, 0x5a, sizeof(url));
	if (url_parse(text, &url) != RC_OK) {
		must(url.host[0] == '\0');
		return;
	}
	len = strlen(url.host);
	must(len > 0 && len <= URL_HOST_MAX);
	must(strlen(text) <= URL_MAX);
	for (i = 0; i < len; i++)
		must(url.host[i] > ' ' && url.host[i] < 0x7f &&
		     !(url.host[i] >= 'A' && url.host[i] <= 'Z') &&
		     strchr("/?#@%[]\\", url.host[i]) == NULL);
	must_agree(text, &url);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const schemes[] = { "", "https://", "http://" };
	char text[TEXT_MAX + 1];
	size_t i, n;

	for (i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
		n = strlen(schemes[i]);
		memcpy(text, schemes[i], n);
		if (size > TEXT_MAX - n)
			return 0;
		memcpy(text + n, data, size);
		text[n + size] = '\0';
		look_at(text);
	}
	return 0;
}
