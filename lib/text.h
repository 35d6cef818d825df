/* SPDX-License-Identifier: ISC */
/*
 * Short texts that people give: names, labels, notes, descriptions.  What
 * passes here can stand in JSON, in a page and on a terminal as it is.
 */
#ifndef LATCHKEY_TEXT_H
#define LATCHKEY_TEXT_H

#include <stddef.h>

/* Longest texts, in bytes, NUL not included. */
enum {
	TEXT_NAME_MAX = 200,   /* of an account, a category, a label */
	TEXT_EMAIL_MAX = 254,  /* RFC 5321, section 4.5.3.1.3 */
	TEXT_TITLE_MAX = 500,  /* name of a service; a note */
	TEXT_BLOCK_MAX = 10000 /* a description */
};

/*
 * True if s is valid UTF-8 (RFC 3629) of 1 to max bytes on one line: no
 * control characters (C0, DEL, C1), no space at either end.
 */
int text_is_line(const char *s, size_t max);

/*
 * True if s is valid UTF-8 of 0 to max bytes without control characters
 * except line feed and tab.
 */
int text_is_block(const char *s, size_t max);

/*
 * How much of len bytes of UTF-8 to take so that they are at most max and end
 * no character in its middle.
 */
size_t text_cut(const char *s, size_t len, size_t max);

/*
 * Counts the characters of len bytes.  False (*n is then 0) if they are not
 * valid UTF-8 or one of them is NUL.
 */
int text_count(const char *s, size_t len, size_t *n);

/*
 * Makes of s, whatever it is, one line of at most max bytes that text_is_line
 * takes, or nothing: each byte that cannot stand there becomes '?', spaces at
 * the ends go.  out takes max + 1 bytes.
 */
void text_clean(const char *s, size_t max, char *out);

/*
 * Writes an e-mail address in lower case to out if it can be one: a part
 * without spaces or quotes and no hyphen first before the one @, letters,
 * digits, dots and hyphens after it.  Mail to it tells the rest.  False if
 * it cannot; out is then undefined.
 */
int text_email(const char *s, char out[TEXT_EMAIL_MAX + 1]);

#endif
