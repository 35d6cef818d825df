/* SPDX-License-Identifier: ISC */
/*
 * Tokens that are mailed to prove that somebody reads an address.  Stored is
 * the SHA-256; each is good once and for a while.  A link in a mail only
 * opens a page: programs that look into mails follow links, so that only the
 * POST of that page uses the token.
 *
 * Every function runs inside the caller's transaction of the people's
 * database, a write transaction where it changes something.  RC_BUSY and
 * RC_FAIL are logged.
 */
#ifndef LATCHKEY_MAIL_TOKEN_H
#define LATCHKEY_MAIL_TOKEN_H

#include <stddef.h>
#include <stdint.h>

#include "account.h"
#include "db.h"
#include "rc.h"
#include "text.h"

enum {
	MAIL_TOKEN_LEN = 43, /* 62^43 > 2^256; NUL not included */
	MAIL_TOKEN_OPEN = 3  /* of a kind for an address; the oldest goes */
};

/* What a token is good for.  The numbers stand in the database. */
enum mail_token_kind {
	MAIL_TOKEN_SIGN_UP = 1, /* for 24 hours */
	MAIL_TOKEN_RESET = 2,   /* a forgotten password, for one hour */
	MAIL_TOKEN_EMAIL = 3    /* a new address, for 24 hours */
};

/* A token as text and its NUL; whoever holds one wipes it. */
struct mail_token_text {
	char s[MAIL_TOKEN_LEN + 1];
};

struct mail_token {
	enum mail_token_kind kind;
	int64_t account_id; /* 0 for a sign-up */
	int64_t created_at, expires_at;
	char email[TEXT_EMAIL_MAX + 1]; /* where it was sent */
	/* Of a sign-up; with MAIL_TOKEN_EMAIL the address before. */
	char name[TEXT_EMAIL_MAX + 1];
};

/*
 * Makes a token for an address in lower case that text_email takes; name is
 * that of a sign-up or the address before (one line), otherwise NULL, and
 * account_id 0 for a sign-up.  *text is its only copy.  RC_INVALID if address
 * or name cannot be one.  On failure *text is empty.
 */
enum rc mail_token_make(struct db *people, enum mail_token_kind kind,
    int64_t account_id, const char *email, const char *name, int64_t now,
    struct mail_token_text *text);

/*
 * Looks at a token from outside without using it.  RC_DENIED (not logged) if
 * it is unknown, used, expired or good for something else: *token is then
 * all zero.
 */
enum rc mail_token_find(struct db *people, enum mail_token_kind kind,
    const char *text, size_t len, int64_t now, struct mail_token *token);

/* Uses it: the same, and it is good for nothing from then on. */
enum rc mail_token_use(struct db *people, enum mail_token_kind kind,
    const char *text, size_t len, int64_t now, struct mail_token *token);

/* Takes all of an account's that are not used; its password has changed. */
enum rc mail_token_drop(struct db *people, const struct caller *caller);

/* Takes all sign-ups of an address: it has an account now. */
enum rc mail_token_drop_sign_ups(struct db *people, const char *email);

/* Wipes a token. */
void mail_token_wipe(struct mail_token_text *text);

#endif
