/* SPDX-License-Identifier: ISC */
/*
 * A browser as tests need one: it keeps cookies, follows 303s and fills in
 * the hidden fields of forms.  What it gets is in answer; that no transport
 * failed is checked, all else is the test's to look at.
 */
#ifndef LATCHKEY_TESTS_BROWSER_H
#define LATCHKEY_TESTS_BROWSER_H

#include <stddef.h>

#include "harness.h"

enum {
	BROWSER_COOKIES = 8,
	BROWSER_NAME_LEN = 64,
	BROWSER_VALUE_LEN = 1024,
	BROWSER_PATH_LEN = 512,
	BROWSER_HIDDEN_LEN = 256
};

/* With a url of http:// in latchkey.conf cookies have their plain names. */
struct browser {
	struct site *site;
	struct {
		char name[BROWSER_NAME_LEN]; /* "": no cookie */
		char value[BROWSER_VALUE_LEN];
	} cookies[BROWSER_COOKIES];
	/* More "Name: value", NULL at the end; NULL: what a browser says. */
	const char *const *headers;
	char page[BROWSER_PATH_LEN]; /* that the answer is of: "orders?a=b" */
	struct answer answer;        /* the last one */
};

/* Starts without cookies; site is one that site_start has started. */
void browser_open(struct browser *b, struct site *site);

/* Frees the answer; twice is fine. */
void browser_close(struct browser *b);

/* The value of a cookie, NULL if there is none of that name. */
const char *browser_cookie(const struct browser *b, const char *name);

/* Sets one, past all rules; value NULL: takes it away. */
void browser_set_cookie(struct browser *b, const char *name, const char *value);

/* Asks for a page of the dashboard once, whatever comes. */
void browser_ask(struct browser *b, const char *page);

/* The same, and goes where 303s lead, at most five times. */
void browser_get(struct browser *b, const char *page);

/*
 * Writes the urlencoded hidden fields of a form of the page at hand: form,
 * token and once.  False if it has no such form.
 */
int browser_hidden(
    const struct browser *b, const char *form, char out[BROWSER_HIDDEN_LEN]);

/* Sends an urlencoded body to a page once, whatever comes. */
void browser_send(struct browser *b, const char *page, const char *body);

/*
 * Fills a form of the page at hand in, with more fields made from a printf
 * format (already urlencoded), and sends it to the page; the test ends if
 * there is no such form.  303s are not followed.
 */
void browser_submit(struct browser *b, const char *form, const char *format,
    ...) __attribute__((format(printf, 3, 4)));

/* The same, sent to a page that it names: "webhook?id=7". */
void browser_submit_to(struct browser *b, const char *page, const char *form,
    const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Follows the 303 that the last answer is; the test ends if it is none. */
void browser_follow(struct browser *b);

/* Logs in and ends on the overview; the test ends if that fails. */
void browser_log_in(struct browser *b, const char *email, const char *password);

/* True if the answer is a page that has the text. */
int browser_sees(const struct browser *b, const char *text);

#endif
