/* SPDX-License-Identifier: ISC */
/*
 * Names are told apart by the NUL between them, and from all else that is
 * authenticated under the pepper by the words before.
 */
#include "form_token.h"

#include <stdio.h>
#include <string.h>

#include "log.h"

enum { TEXT_MAX = 256 };

enum rc
form_token_make(const struct pepper *pepper, const struct form_token *what,
    char token[FORM_TOKEN_LEN + 1])
{
	unsigned char text[SECRET_HASH_LEN + TEXT_MAX], mac[SECRET_HASH_LEN];
	size_t i;
	int n;

	token[0] = '\0';
	memcpy(text, what->browser, SECRET_HASH_LEN);
	n = snprintf((char *)text + SECRET_HASH_LEN, TEXT_MAX,
	    "latchkey form%c%s%c%s%c%s", '\0', what->page, '\0', what->form,
	    '\0', what->once);
	if (n < 0 || n >= TEXT_MAX) {
		log_err("cannot make a form's token: its name is too long");
		return RC_FAIL;
	}
	if (secret_hmac(pepper, text, SECRET_HASH_LEN + (size_t)n, mac) !=
	    RC_OK)
		return RC_FAIL;
	for (i = 0; i < sizeof(mac); i++)
		(void)snprintf(token + 2 * i, 3, "%02x", mac[i]);
	return RC_OK;
}

enum rc
form_token_verify(const struct pepper *pepper, const struct form_token *what,
    const char *token)
{
	char good[FORM_TOKEN_LEN + 1];

	if (form_token_make(pepper, what, good) != RC_OK)
		return RC_FAIL;
	if (token == NULL || strnlen(token, sizeof(good)) != FORM_TOKEN_LEN)
		return RC_DENIED;
	return secret_equal(token, good, FORM_TOKEN_LEN) ? RC_OK : RC_DENIED;
}
