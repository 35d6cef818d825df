/* SPDX-License-Identifier: ISC */
/*
 * Base64 (RFC 4648, section 4), with padding: what Standard Webhooks writes
 * secrets and signatures in; and without, as PHC strings have it.
 */
#ifndef LATCHKEY_BASE64_H
#define LATCHKEY_BASE64_H

#include <stddef.h>

#include "rc.h"

/* Characters of n bytes, NUL included. */
#define BASE64_LEN(n) (((n) + 2) / 3 * 4 + 1)

/* Writes len bytes to text, which takes BASE64_LEN(len) bytes. */
void base64_encode(const void *bytes, size_t len, char *text);

/*
 * Reads len characters without padding into at most max bytes; *n tells how
 * many.  RC_INVALID for what base64_encode would write in another way, or
 * for more: *n is then 0.
 */
enum rc base64_decode_bare(
    const char *text, size_t len, void *bytes, size_t max, size_t *n);

#endif
