/* SPDX-License-Identifier: ISC */
/*
 * Base64 (RFC 4648, section 4), with padding: what Standard Webhooks writes
 * secrets and signatures in.
 */
#ifndef LATCHKEY_BASE64_H
#define LATCHKEY_BASE64_H

#include <stddef.h>

/* Characters of n bytes, NUL included. */
#define BASE64_LEN(n) (((n) + 2) / 3 * 4 + 1)

/* Writes len bytes to text, which takes BASE64_LEN(len) bytes. */
void base64_encode(const void *bytes, size_t len, char *text);

#endif
