/* SPDX-License-Identifier: ISC */
/*
 * Tokens that are mailed.  Like a session's they are stored as hashes: who
 * can read the database cannot take over accounts.
 */
#include "mail_token.h"

#include <string.h>

#include "people.h"
#include "secret.h"

/* How long each kind is good, in seconds. */
static const int64_t lives[] = {
	[MAIL_TOKEN_SIGN_UP] = 86400,
	[MAIL_TOKEN_RESET] = 3600,
	[MAIL_TOKEN_EMAIL] = 86400,
};

void
mail_token_wipe(struct mail_token_text *text)
{
	secret_wipe(text, sizeof(*text));
}

static const char SQL_MAKE[] =
    "INSERT INTO mail_token (hash, kind, account_id, email, name,"
    " created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7)";

/*
 * Only the newest ones stay: whoever asks again and again takes no room, and
 * has at most that many to find in his mail.
 */
static const char SQL_TRIM[] =
    "DELETE FROM mail_token WHERE hash IN"
    " (SELECT hash FROM mail_token"
    "  WHERE email = $1 AND kind = $2 AND account_id = $3"
    "  ORDER BY created_at DESC, hash LIMIT -1 OFFSET $4)";

enum rc
mail_token_make(struct db *people, enum mail_token_kind kind,
    int64_t account_id, const char *email, const char *name, int64_t now,
    struct mail_token_text *text)
{
	unsigned char hash[SECRET_HASH_LEN];
	char address[TEXT_EMAIL_MAX + 1];
	enum rc rc;

	text->s[0] = '\0';
	if (!text_email(email, address) || strcmp(email, address) != 0 ||
	    (name != NULL && !text_is_line(name, TEXT_EMAIL_MAX)))
		return RC_INVALID;
	rc = db_run(people, SQL_TRIM,
	    DB_ARGS(DB_TEXT(email), DB_INT(kind), DB_INT(account_id),
		DB_INT(MAIL_TOKEN_OPEN - 1)));
	if (rc == RC_OK)
		rc = secret_random_base62(text->s, MAIL_TOKEN_LEN);
	if (rc == RC_OK)
		rc = secret_sha256(text->s, MAIL_TOKEN_LEN, hash);
	if (rc == RC_OK)
		rc = db_run(people, SQL_MAKE,
		    DB_ARGS(DB_BLOB(hash, sizeof(hash)), DB_INT(kind),
			DB_INT(account_id), DB_TEXT(email),
			DB_TEXT(name != NULL ? name : ""), DB_INT(now),
			DB_INT(now + lives[kind])));
	if (rc != RC_OK)
		mail_token_wipe(text);
	return rc;
}

/* The token says whose it is: there is no account yet to look for. */
static const char SQL_FIND[] =
    "SELECT account_id, email, name, created_at, expires_at FROM mail_token"
    " WHERE hash = $1 AND kind = $2";

/* Reads the one of a hash; RC_NOT_FOUND. */
static enum rc
read_token(struct db *people, const unsigned char hash[SECRET_HASH_LEN],
    struct mail_token *token)
{
	struct db_rows *rows = NULL;
	enum rc rc;

	rc = db_query(people, SQL_FIND,
	    DB_ARGS(DB_BLOB(hash, SECRET_HASH_LEN), DB_INT(token->kind)),
	    &rows);
	if (rc == RC_OK)
		rc = db_next(rows);
	if (rc == RC_OK) {
		token->account_id = db_int(rows, 0);
		/* Both were checked when the token was made. */
		text_clean(db_text(rows, 1), TEXT_EMAIL_MAX, token->email);
		text_clean(db_text(rows, 2), TEXT_EMAIL_MAX, token->name);
		token->created_at = db_int(rows, 3);
		token->expires_at = db_int(rows, 4);
	}
	db_done(&rows);
	return rc;
}

/* Finds a token, and its hash. */
static enum rc
find(struct db *people, const char *text, size_t len, int64_t now,
    struct mail_token *token, unsigned char hash[SECRET_HASH_LEN])
{
	enum rc rc;

	if (len != MAIL_TOKEN_LEN)
		return RC_DENIED;
	rc = secret_sha256(text, len, hash);
	if (rc == RC_OK)
		rc = read_token(people, hash, token);
	if (rc == RC_NOT_FOUND)
		return RC_DENIED;
	/* The clock was set back: its age is unknown. */
	if (rc == RC_OK && (token->expires_at <= now ||
			       token->created_at > now + PEOPLE_CLOCK_SLACK))
		return RC_DENIED;
	return rc;
}

enum rc
mail_token_find(struct db *people, enum mail_token_kind kind, const char *text,
    size_t len, int64_t now, struct mail_token *token)
{
	unsigned char hash[SECRET_HASH_LEN];
	enum rc rc;

	memset(token, 0, sizeof(*token));
	token->kind = kind;
	rc = find(people, text, len, now, token, hash);
	if (rc != RC_OK)
		memset(token, 0, sizeof(*token));
	return rc;
}

/* One that is used was found just before, in the same transaction. */
static const char SQL_USE[] = "DELETE FROM mail_token"
			      " WHERE hash = $1 AND account_id = $2";

enum rc
mail_token_use(struct db *people, enum mail_token_kind kind, const char *text,
    size_t len, int64_t now, struct mail_token *token)
{
	unsigned char hash[SECRET_HASH_LEN];
	enum rc rc;

	memset(token, 0, sizeof(*token));
	token->kind = kind;
	rc = find(people, text, len, now, token, hash);
	if (rc == RC_OK)
		rc = db_run(people, SQL_USE,
		    DB_ARGS(DB_BLOB(hash, sizeof(hash)),
			DB_INT(token->account_id)));
	if (rc != RC_OK)
		memset(token, 0, sizeof(*token));
	return rc;
}

static const char SQL_DROP[] = "DELETE FROM mail_token WHERE account_id = $1";

enum rc
mail_token_drop(struct db *people, const struct caller *caller)
{
	return db_run(people, SQL_DROP, DB_ARGS(DB_INT(caller->account_id)));
}

/* Nobody's yet: a sign-up has no account. */
static const char SQL_DROP_SIGN_UPS[] =
    "DELETE FROM mail_token WHERE email = $1 AND kind = $2";

enum rc
mail_token_drop_sign_ups(struct db *people, const char *email)
{
	return db_run(people, SQL_DROP_SIGN_UPS,
	    DB_ARGS(DB_TEXT(email), DB_INT(MAIL_TOKEN_SIGN_UP)));
}
