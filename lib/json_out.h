/* SPDX-License-Identifier: ISC */
/*
 * JSON that is written as it comes, for answers of many alike: a model of
 * each costs several times what it says.  The text is what jansson writes.
 */
#ifndef LATCHKEY_JSON_OUT_H
#define LATCHKEY_JSON_OUT_H

#include <stddef.h>
#include <stdio.h>

/* Writes len bytes of UTF-8 as a string (RFC 8259, section 7). */
void json_out_string(FILE *out, const char *text, size_t len);

/* Writes a member whose value is text, after '{' or ','. */
void json_out_member(
    FILE *out, char before, const char *name, const char *text);

#endif
