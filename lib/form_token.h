/* SPDX-License-Identifier: ISC */
/*
 * Tokens of forms: a page of another site can make a browser send a form,
 * but cannot read the token that ours have in a hidden field.  A token is an
 * HMAC under the pepper over what identifies the browser, the page and the
 * form; nothing is stored.
 */
#ifndef LATCHKEY_FORM_TOKEN_H
#define LATCHKEY_FORM_TOKEN_H

#include "rc.h"
#include "secret.h"

enum {
	FORM_TOKEN_LEN = 2 * SECRET_HASH_LEN, /* hex digits, no NUL */
	FORM_ONCE_LEN = 32                    /* of a form's own id, no NUL */
};

/* What a token is for. */
struct form_token {
	/* Hash of the session's token, or of the visitor's cookie. */
	unsigned char browser[SECRET_HASH_LEN];
	const char *page, *form;
	const char *once; /* a form's own id; "": it has none */
};

/* Writes the token.  RC_FAIL (logged). */
enum rc form_token_make(const struct pepper *pepper,
    const struct form_token *what, char token[FORM_TOKEN_LEN + 1]);

/*
 * Compares in constant time.  token may be NULL.  RC_DENIED if it is not the
 * one, RC_FAIL (logged).
 */
enum rc form_token_verify(const struct pepper *pepper,
    const struct form_token *what, const char *token);

#endif
