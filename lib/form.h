/* SPDX-License-Identifier: ISC */
/*
 * Bodies and query strings as one list of fields.  Bodies are
 * application/x-www-form-urlencoded (the WHATWG URL standard's decoding, but
 * strict), multipart/form-data (RFC 7578, plain fields) and one flat
 * application/json object (RFC 8259).
 */
#ifndef LATCHKEY_FORM_H
#define LATCHKEY_FORM_H

#include <stddef.h>

#include "rc.h"

enum { FORM_FIELDS_MAX = 1000 };

enum form_type { FORM_URLENCODED, FORM_MULTIPART, FORM_JSON };

struct form;

/* Makes an empty form.  RC_FAIL (logged) without memory. */
enum rc form_new(struct form **form);

/* Wipes every value and frees; NULL is fine. */
void form_free(struct form *form);

/*
 * The type of a Content-Type header's value.  RC_INVALID if it is none of
 * ours.
 */
enum rc form_type(const char *content_type, enum form_type *type);

/*
 * Adds the fields of a body.  content_type is the whole header value (for
 * multipart's boundary).  RC_INVALID for what is malformed, has a NUL or
 * invalid UTF-8 (RFC 3629) after decoding, or too many fields; *what then
 * says in a few words what is wrong (static text).  RC_FAIL without memory.
 */
enum rc form_parse(struct form *form, const char *content_type,
    const char *body, size_t len, const char **what);

/*
 * Adds the fields of a query string that the form does not have yet.
 * has_key tells whether it carried a field named "key" (which is never
 * added).
 */
enum rc form_parse_query(struct form *form, const char *query, size_t len,
    int *has_key, const char **what);

/*
 * The value of the last field of that name, NUL-terminated, without white
 * space around it; NULL if there is none or if it is absent in the
 * contract's sense: empty, "undefined", "null" or "NaN".  Borrowed from the
 * form.
 */
const char *form_get(const struct form *form, const char *name);

/*
 * The same with the white space around it, and with the words that stand for
 * nothing elsewhere: of a password every character counts.  NULL if there is
 * none, or if it is empty.
 */
const char *form_get_sent(const struct form *form, const char *name);

/* How many fields have exactly that name, absent ones included. */
size_t form_count(const struct form *form, const char *name);

/*
 * The values of a list: of "name", "name[]" and "name[0]" in the order sent,
 * each cut at its commas and trimmed; absent values are left out.  Calls
 * each(arg, value, len) for at most max of them, where len bytes at value
 * are borrowed from the form and no NUL ends them, and gives how many there
 * are in all.  each may be NULL.
 */
size_t form_list(const struct form *form, const char *name, size_t max,
    void (*each)(void *arg, const char *value, size_t len), void *arg);

/*
 * Adds one field; both strings are copied.  For callers that make a form
 * themselves.  RC_INVALID if there are too many, RC_FAIL without memory.
 */
enum rc form_add(struct form *form, const char *name, const char *value);

#endif
