/* SPDX-License-Identifier: ISC */
/*
 * What a browser keeps for us: cookies, and in one of them the notice for the
 * page after this one.
 */
#include "page_way.h"

#include <stdio.h>
#include <string.h>

#include "cookie.h"

enum {
	NOTICE_MAC = 16,    /* bytes */
	NOTICE_SECONDS = 60 /* until the browser follows a 303 */
};

#define NOTICE_COOKIE "__Host-latchkey_notice"

int
page_is_https(const struct page_way *way)
{
	return strncmp(way->server->config.url, "https:", 6) == 0;
}

/*
 * The name that a cookie has here: browsers take the prefix by https alone
 * (RFC 6265bis, 4.1.3.2).
 */
static const char *
cookie_name(const struct page_way *way, const char *name)
{
	return page_is_https(way) ? name : name + strlen("__Host-");
}

void
page_set_cookie(
    struct page_way *way, const char *name, const char *value, int age)
{
	char text[COOKIE_TEXT_LEN];

	if (cookie_make(text, cookie_name(way, name), value, age,
		page_is_https(way)) == RC_OK)
		cgi_header(&way->answer, "Set-Cookie", text);
	secret_wipe(text, sizeof(text));
}

enum rc
page_get_cookie(const struct page_way *way, const char *name, size_t min,
    size_t max, char *value)
{
	return cookie_find(cgi_variable(&way->server->cgi, "HTTP_COOKIE"),
	    cookie_name(way, name), min, max, value);
}

void
page_set_session(struct page_call *call, const struct session_token *token)
{
	struct page_way *way = call->way;

	if (token == NULL || token->s[0] == '\0') {
		page_set_cookie(way, PAGE_SESSION_COOKIE, "", -1);
		return;
	}
	page_set_cookie(way, PAGE_SESSION_COOKIE, token->s, 0);
	/* Forms that this answer has are bound to the new one. */
	if (secret_sha256(token->s, strlen(token->s), call->session.hash) ==
		RC_OK &&
	    call->page->access != PAGE_VISITOR)
		memcpy(way->token.browser, call->session.hash,
		    sizeof(way->token.browser));
}

/*
 * A notice travels with the browser, so that nothing is stored for it: its
 * MAC and text in hex.
 */
enum { NOTICE_LEN = 2 * (NOTICE_MAC + PAGE_NOTICE_MAX) };

static enum rc
notice_mac(const struct page_way *way, const char *notice,
    unsigned char mac[SECRET_HASH_LEN])
{
	char text[PAGE_NOTICE_MAX + 32];
	int n =
	    snprintf(text, sizeof(text), "latchkey notice%c%s", '\0', notice);

	if (n < 0 || (size_t)n >= sizeof(text))
		return RC_FAIL;
	return secret_hmac(&way->server->pepper, text, (size_t)n, mac);
}

void
page_send_notice(struct page_way *way)
{
	unsigned char mac[SECRET_HASH_LEN];
	char value[NOTICE_LEN + 1], *p = value;
	size_t i;

	if (way->notice[0] == '\0' ||
	    notice_mac(way, way->notice, mac) != RC_OK)
		return;
	for (i = 0; i < NOTICE_MAC; i++, p += 2)
		(void)snprintf(p, 3, "%02x", mac[i]);
	for (i = 0; way->notice[i] != '\0'; i++, p += 2)
		(void)snprintf(p, 3, "%02x", (unsigned char)way->notice[i]);
	page_set_cookie(way, NOTICE_COOKIE, value, NOTICE_SECONDS);
}

/* One byte of hex, lower case; -1 if it is none. */
static int
unhex(const char *p)
{
	static const char digits[] = "0123456789abcdef";
	const char *high = strchr(digits, p[0]), *low = strchr(digits, p[1]);

	if (p[0] == '\0' || p[1] == '\0' || high == NULL || low == NULL)
		return -1;
	return (int)((high - digits) << 4 | (low - digits));
}

void
page_take_notice(struct page_way *way)
{
	unsigned char bytes[NOTICE_MAC + PAGE_NOTICE_MAX + 1] = { 0 };
	unsigned char mac[SECRET_HASH_LEN];
	const char *notice = (const char *)bytes + NOTICE_MAC;
	char value[NOTICE_LEN + 1];
	size_t i, n;

	if (page_get_cookie(
		way, NOTICE_COOKIE, 2 * NOTICE_MAC, NOTICE_LEN, value) != RC_OK)
		return;
	page_set_cookie(way, NOTICE_COOKIE, "", -1);
	n = strlen(value) / 2;
	for (i = 0; i < n; i++) {
		int byte = unhex(value + 2 * i);

		if (byte < 0)
			return;
		bytes[i] = (unsigned char)byte;
	}
	if (notice_mac(way, notice, mac) == RC_OK &&
	    secret_equal(bytes, mac, NOTICE_MAC))
		(void)snprintf(way->notice, sizeof(way->notice), "%s", notice);
}
