/* SPDX-License-Identifier: ISC */
/*
 * A browser as tests need one.
 */
#include "browser.h"

#include <check.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { REDIRECTS_MAX = 5, HEADERS_MAX = 12, BODY_MAX = 1 << 17 };

void
browser_open(struct browser *b, struct site *site)
{
	memset(b, 0, sizeof(*b));
	b->site = site;
}

void
browser_close(struct browser *b)
{
	answer_clear(&b->answer);
}

const char *
browser_cookie(const struct browser *b, const char *name)
{
	size_t i;

	for (i = 0; i < BROWSER_COOKIES; i++)
		if (strcmp(b->cookies[i].name, name) == 0)
			return b->cookies[i].value;
	return NULL;
}

static void
set_cookie(struct browser *b, const char *name, size_t name_len,
    const char *value, size_t len)
{
	size_t i, slot = BROWSER_COOKIES;

	ck_assert_uint_lt(name_len, BROWSER_NAME_LEN);
	ck_assert_uint_lt(len, BROWSER_VALUE_LEN);
	for (i = BROWSER_COOKIES; i-- > 0;)
		if (b->cookies[i].name[0] == '\0')
			slot = i;
	for (i = 0; i < BROWSER_COOKIES; i++)
		if (strncmp(b->cookies[i].name, name, name_len) == 0 &&
		    b->cookies[i].name[name_len] == '\0')
			slot = i;
	ck_assert_uint_lt(slot, BROWSER_COOKIES);
	b->cookies[slot].name[0] = '\0';
	if (value == NULL)
		return;
	memcpy(b->cookies[slot].name, name, name_len);
	b->cookies[slot].name[name_len] = '\0';
	memcpy(b->cookies[slot].value, value, len);
	b->cookies[slot].value[len] = '\0';
}

void
browser_set_cookie(struct browser *b, const char *name, const char *value)
{
	set_cookie(
	    b, name, strlen(name), value, value != NULL ? strlen(value) : 0);
}

/* Keeps what the answer sets, and forgets what it takes away. */
static void
keep_cookies(struct browser *b)
{
	static const char header[] = "Set-Cookie: ";
	size_t i;

	for (i = 0; i < b->answer.nheaders; i++) {
		const char *p = b->answer.headers[i], *equals, *end;

		if (strncasecmp(p, header, sizeof(header) - 1) != 0)
			continue;
		p += sizeof(header) - 1;
		equals = strchr(p, '=');
		ck_assert_ptr_nonnull(equals);
		end = equals + strcspn(equals, ";");
		set_cookie(b, p, (size_t)(equals - p),
		    strstr(end, "Max-Age=0") != NULL ? NULL : equals + 1,
		    (size_t)(end - equals - 1));
	}
}

static void
call(struct browser *b, const char *method, const char *page, const char *body)
{
	char cookies[BROWSER_COOKIES * (BROWSER_NAME_LEN + BROWSER_VALUE_LEN)];
	char path[BROWSER_PATH_LEN + 16];
	const char *headers[HEADERS_MAX + 2];
	struct http_call http = { .method = method,
		.path = path,
		.content_type = body != NULL ? NULL : "",
		.headers = headers,
		.body = body };
	size_t n = 0, i, len;

	len = (size_t)snprintf(cookies, sizeof(cookies), "Cookie: ");
	for (i = 0; i < BROWSER_COOKIES; i++)
		if (b->cookies[i].name[0] != '\0')
			len += (size_t)snprintf(cookies + len,
			    sizeof(cookies) - len, "%s%s=%s",
			    len > 8 ? "; " : "", b->cookies[i].name,
			    b->cookies[i].value);
	if (len > 8)
		headers[n++] = cookies;
	for (i = 0; b->headers != NULL && b->headers[i] != NULL; i++) {
		ck_assert_uint_lt(n, HEADERS_MAX);
		headers[n++] = b->headers[i];
	}
	if (b->headers == NULL)
		headers[n++] = "Sec-Fetch-Site: same-origin";
	headers[n] = NULL;
	(void)snprintf(path, sizeof(path), "/dashboard/%s", page);
	answer_clear(&b->answer);
	http_run(b->site, &http, &b->answer);
	ck_assert_msg(b->answer.status != 0, "%s: %s", path, b->answer.why);
	keep_cookies(b);
	(void)snprintf(b->page, sizeof(b->page), "%s", page);
}

void
browser_ask(struct browser *b, const char *page)
{
	char copy[BROWSER_PATH_LEN];

	(void)snprintf(copy, sizeof(copy), "%s", page);
	call(b, "GET", copy, NULL);
}

void
browser_follow(struct browser *b)
{
	char to[BROWSER_PATH_LEN];
	const char *location = answer_header(&b->answer, "Location");

	ck_assert_msg(b->answer.status == 303 && location != NULL,
	    "%s: %d, not a 303: %s", b->page, b->answer.status, b->answer.body);
	(void)snprintf(to, sizeof(to), "%s", location);
	browser_ask(b, to);
}

void
browser_get(struct browser *b, const char *page)
{
	int i;

	browser_ask(b, page);
	for (i = 0; b->answer.status == 303; i++) {
		ck_assert_int_lt(i, REDIRECTS_MAX);
		browser_follow(b);
	}
}

/* Appends "&name=value" of the first such hidden field of a form's text. */
static int
hidden_field(const char *form, const char *name, char *out, size_t size)
{
	char wanted[64];
	const char *p, *end = strstr(form, "</form>");
	size_t len = strlen(out), n;

	(void)snprintf(wanted, sizeof(wanted), "name=\"%s\" value=\"", name);
	p = strstr(form, wanted);
	if (p == NULL || (end != NULL && p > end))
		return 0;
	p += strlen(wanted);
	n = strcspn(p, "\"");
	ck_assert_uint_lt(len + strlen(name) + n + 3, size);
	(void)snprintf(out + len, size - len, "%s%s=%.*s", len > 0 ? "&" : "",
	    name, (int)n, p);
	return 1;
}

int
browser_hidden(
    const struct browser *b, const char *form, char out[BROWSER_HIDDEN_LEN])
{
	char wanted[128];
	const char *p;

	out[0] = '\0';
	(void)snprintf(
	    wanted, sizeof(wanted), "name=\"form\" value=\"%s\"", form);
	p = strstr(b->answer.body, wanted);
	if (p == NULL)
		return 0;
	(void)hidden_field(p, "form", out, BROWSER_HIDDEN_LEN);
	if (!hidden_field(p, "token", out, BROWSER_HIDDEN_LEN))
		return 0;
	(void)hidden_field(p, "once", out, BROWSER_HIDDEN_LEN);
	return 1;
}

void
browser_send(struct browser *b, const char *page, const char *body)
{
	char copy[BROWSER_PATH_LEN];

	(void)snprintf(copy, sizeof(copy), "%s", page);
	call(b, "POST", copy, body);
}

static void
submit(struct browser *b, const char *page, const char *form,
    const char *format, va_list ap)
{
	static _Thread_local char body[BODY_MAX];
	char hidden[BROWSER_HIDDEN_LEN];
	size_t len;
	int n;

	ck_assert_msg(browser_hidden(b, form, hidden),
	    "%s (%d) has no form %s: %s", b->page, b->answer.status, form,
	    b->answer.body);
	len = (size_t)snprintf(body, sizeof(body), "%s&", hidden);
	n = vsnprintf(body + len, sizeof(body) - len, format, ap);
	ck_assert_int_ge(n, 0);
	ck_assert_uint_lt((size_t)n, sizeof(body) - len);
	call(b, "POST", page, body);
}

void
browser_submit(struct browser *b, const char *form, const char *format, ...)
{
	char page[BROWSER_PATH_LEN];
	va_list ap;

	(void)snprintf(
	    page, sizeof(page), "%.*s", (int)strcspn(b->page, "?"), b->page);
	va_start(ap, format);
	submit(b, page, form, format, ap);
	va_end(ap);
}

void
browser_submit_to(struct browser *b, const char *page, const char *form,
    const char *format, ...)
{
	char copy[BROWSER_PATH_LEN];
	va_list ap;

	(void)snprintf(copy, sizeof(copy), "%s", page);
	va_start(ap, format);
	submit(b, copy, form, format, ap);
	va_end(ap);
}

void
browser_log_in(struct browser *b, const char *email, const char *password)
{
	browser_get(b, "login");
	browser_submit(b, "login", "email=%s&password=%s", email, password);
	browser_follow(b);
	ck_assert_msg(
	    b->answer.status == 200 && strcmp(b->page, "overview") == 0,
	    "%s: %d: %s", b->page, b->answer.status, b->answer.body);
}

int
browser_sees(const struct browser *b, const char *text)
{
	return b->answer.body != NULL && strstr(b->answer.body, text) != NULL;
}
