/* SPDX-License-Identifier: ISC */
/*
 * What goes by way of a mail: signing up, a forgotten password, another
 * address.  Where both databases are concerned the main one comes first and
 * the token is used up last: whoever was interrupted follows his link again,
 * and finds done what was done.
 */
#include "login.h"

#include <string.h>

#include "account_admin.h"
#include "audit.h"
#include "guess.h"
#include "login_part.h"
#include "password.h"

/* Mails that anybody can have sent: counted by address and by sender. */
static enum rc
name_guesses(struct people *people, const char *email,
    const struct login_from *from, struct guess guesses[2])
{
	guess_address(&guesses[1], GUESS_MAIL_FROM, from->address);
	return guess_email(&guesses[0], GUESS_MAIL_TO, &people->pepper, email);
}

/*
 * Makes a token and, unless it is wanted, takes it back: with an account and
 * without one the same is done and the same is written.
 */
static enum rc
make_token(struct people *people, const struct mail_token *token, int is_wanted,
    const struct login_from *from, struct mail_token_text *text)
{
	struct mail_token made;
	enum rc rc;

	rc = mail_token_make(people->db, token->kind, token->account_id,
	    token->email, token->name[0] != '\0' ? token->name : NULL,
	    from->now, text);
	if (rc != RC_OK || is_wanted)
		return rc;
	rc = mail_token_use(
	    people->db, token->kind, text->s, MAIL_TOKEN_LEN, from->now, &made);
	mail_token_wipe(text);
	return rc;
}

/* Counts a mail and makes what it is to carry, in one transaction. */
static enum rc
ask(struct people *people, const struct mail_token *token, int is_wanted,
    const struct login_from *from, struct mail_token_text *text,
    struct login_result *result)
{
	struct caller caller = { .account_id = token->account_id };
	struct guess guesses[2];
	enum rc rc;

	rc = name_guesses(people, token->email, from, guesses);
	if (rc == RC_OK)
		rc = db_begin(people->db, DB_WRITE);
	if (rc != RC_OK)
		return rc;
	rc = guess_admit(people->db, guesses, 2, from->now, &result->wait_s);
	if (rc == RC_OK)
		rc = make_token(people, token, is_wanted, from, text);
	if (rc == RC_OK && token->kind == MAIL_TOKEN_EMAIL)
		rc = audit_add(people->db, &caller, AUDIT_EMAIL_ASKED,
		    from->address_text, token->email, from->now);
	rc = db_end(people->db, rc);
	if (rc != RC_OK)
		mail_token_wipe(text);
	return rc;
}

static const char NO_ADDRESS[] = "this is no e-mail address";

enum rc
login_sign_up(struct people *people, const char *email, const char *name,
    const struct login_from *from, struct mail_token_text *text,
    struct login_result *result)
{
	struct mail_token token = { .kind = MAIL_TOKEN_SIGN_UP };
	int64_t id = 0;
	enum rc rc = RC_INVALID;

	login_begin(result);
	text->s[0] = '\0';
	if (!text_email(email, token.email))
		result->why = NO_ADDRESS;
	else if (!text_is_line(name, TEXT_NAME_MAX))
		result->why = "the name must be one line of at most 200 bytes";
	else
		rc = login_find_account(people, token.email, &id);
	if (rc == RC_OK) {
		text_clean(name, TEXT_NAME_MAX, token.name);
		rc = ask(people, &token, id == 0, from, text, result);
	}
	return login_end(rc, 0, result);
}

enum rc
login_forgot(struct people *people, const char *email,
    const struct login_from *from, struct mail_token_text *text,
    struct login_result *result)
{
	struct mail_token token = { .kind = MAIL_TOKEN_RESET };
	enum rc rc = RC_INVALID;

	login_begin(result);
	text->s[0] = '\0';
	if (!text_email(email, token.email))
		result->why = NO_ADDRESS;
	else
		rc = login_find_account(people, token.email, &token.account_id);
	if (rc == RC_OK)
		rc = ask(
		    people, &token, token.account_id != 0, from, text, result);
	return login_end(rc, 0, result);
}

/* Looks at a token in a transaction of its own. */
static enum rc
find_token(struct people *people, enum mail_token_kind kind, const char *text,
    size_t len, const struct login_from *from, struct mail_token *token)
{
	enum rc rc;

	memset(token, 0, sizeof(*token));
	if ((rc = db_begin(people->db, DB_READ)) != RC_OK)
		return rc;
	return db_end(people->db,
	    mail_token_find(people->db, kind, text, len, from->now, token));
}

/* Makes the account of a sign-up, or finds the one that is there. */
static enum rc
make_account(struct people *people, const struct mail_token *token,
    const struct login_from *from, int64_t *id)
{
	const char *what;
	enum rc rc;

	if ((rc = db_begin(people->main, DB_WRITE)) != RC_OK)
		return rc;
	rc = account_admin_create(people->main, token->email, token->name,
	    ACCOUNT_ADMIN_TIER, from->now, id, &what);
	if (rc == RC_LIMITED)
		rc = account_admin_find(people->main, token->email, id);
	return db_end(people->main, rc);
}

/* The second half of a sign-up: the account is there. */
static enum rc
confirm(struct people *people, const struct caller *caller, const char *text,
    size_t len, const struct password_phc *kept, const struct login_from *from,
    struct login_result *result)
{
	struct password_phc current;
	struct mail_token token;
	enum rc rc;

	if ((rc = db_begin(people->db, DB_WRITE)) != RC_OK)
		return rc;
	rc = mail_token_use(
	    people->db, MAIL_TOKEN_SIGN_UP, text, len, from->now, &token);
	if (rc == RC_OK)
		rc = login_read_kept(people, caller, &current);
	/* Who has a password has an account; this is not the way to it. */
	if (rc == RC_OK && current.s[0] != '\0')
		rc = RC_DENIED;
	if (rc == RC_OK)
		rc = login_set_password(people, caller, kept, from->now);
	if (rc == RC_OK)
		rc = mail_token_drop_sign_ups(people->db, token.email);
	if (rc == RC_OK)
		rc = audit_add(people->db, caller, AUDIT_SIGN_UP,
		    from->address_text, token.email, from->now);
	if (rc == RC_OK)
		rc = login_start_session(people, caller, from, result);
	return db_end(people->db, rc);
}

enum rc
login_confirm(struct people *people, const char *text, size_t text_len,
    const char *password, size_t len, const struct login_from *from,
    struct login_result *result)
{
	struct caller caller = { .account_id = 0 };
	struct password_phc kept = { "" };
	struct login_holder holder;
	struct mail_token token;
	enum rc rc;

	login_begin(result);
	rc = find_token(
	    people, MAIL_TOKEN_SIGN_UP, text, text_len, from, &token);
	if (rc == RC_OK) {
		text_clean(token.email, TEXT_EMAIL_MAX, holder.email);
		text_clean(token.name, TEXT_NAME_MAX, holder.name);
		rc = login_new_password(
		    people, &holder, password, len, &kept, &result->why);
	}
	/*
	 * Killed after this, there is an account without a password, and a
	 * token that is still good for it.
	 */
	if (rc == RC_OK)
		rc = make_account(people, &token, from, &caller.account_id);
	if (rc == RC_OK)
		rc = confirm(
		    people, &caller, text, text_len, &kept, from, result);
	secret_wipe(&kept, sizeof(kept));
	return login_end(rc, caller.account_id, result);
}

/* Sets a password by a token, in a transaction. */
static enum rc
reset(struct people *people, const struct caller *caller, const char *text,
    size_t len, const struct password_phc *kept, const struct login_from *from)
{
	struct mail_token token;
	struct guess guess;
	int64_t n;
	enum rc rc;

	rc = mail_token_use(
	    people->db, MAIL_TOKEN_RESET, text, len, from->now, &token);
	if (rc == RC_OK)
		rc = guess_email(
		    &guess, GUESS_PASSWORD, &people->pepper, token.email);
	if (rc == RC_OK)
		rc = guess_forget(people->db, &guess);
	if (rc == RC_OK)
		rc = login_set_password(people, caller, kept, from->now);
	if (rc == RC_OK)
		rc = session_end_others(people->db, caller, 0, &n);
	if (rc == RC_OK)
		rc = audit_add(people->db, caller, AUDIT_PASSWORD_RESET,
		    from->address_text, NULL, from->now);
	return rc;
}

enum rc
login_reset(struct people *people, const char *text, size_t text_len,
    const char *password, size_t len, const struct login_from *from,
    struct login_result *result)
{
	struct caller caller = { .account_id = 0 };
	struct password_phc kept = { "" };
	struct login_holder holder;
	struct mail_token token;
	enum rc rc;

	login_begin(result);
	rc = find_token(people, MAIL_TOKEN_RESET, text, text_len, from, &token);
	caller.account_id = token.account_id;
	if (rc == RC_OK)
		rc = login_holder(people, &caller, &holder);
	/* It went to an address that the account no longer has. */
	if (rc == RC_NOT_FOUND ||
	    (rc == RC_OK && strcmp(holder.email, token.email) != 0))
		rc = RC_DENIED;
	if (rc == RC_OK)
		rc = login_new_password(
		    people, &holder, password, len, &kept, &result->why);
	if (rc == RC_OK)
		rc = db_begin(people->db, DB_WRITE);
	if (rc == RC_OK)
		rc = db_end(people->db,
		    reset(people, &caller, text, text_len, &kept, from));
	secret_wipe(&kept, sizeof(kept));
	return login_end(rc, caller.account_id, result);
}

enum rc
login_email_ask(struct people *people, const struct session *session,
    const char *email, const struct login_from *from,
    struct mail_token_text *text, struct login_result *result)
{
	struct caller caller = { .account_id = session->account_id };
	struct mail_token token = { .kind = MAIL_TOKEN_EMAIL,
		.account_id = session->account_id };
	struct login_holder holder;
	int64_t id = 0;
	enum rc rc;

	login_begin(result);
	text->s[0] = '\0';
	if (session->stage != SESSION_FULL)
		return RC_DENIED;
	if (!text_email(email, token.email)) {
		result->why = NO_ADDRESS;
		return RC_INVALID;
	}
	rc = login_holder(people, &caller, &holder);
	if (rc == RC_OK && strcmp(holder.email, token.email) == 0) {
		result->why = "this is the address that the account has";
		return RC_INVALID;
	}
	if (rc == RC_OK)
		rc = login_find_account(people, token.email, &id);
	/* The token remembers the address that is to be told. */
	if (rc == RC_OK) {
		text_clean(holder.email, TEXT_EMAIL_MAX, token.name);
		rc = ask(people, &token, id == 0, from, text, result);
	}
	return login_end(rc, session->account_id, result);
}

/* Once more is no harm: an interrupted change is completed. */
static const char SQL_SET_EMAIL[] =
    "UPDATE account SET email = $1 WHERE id = $2 AND email IN ($1, $3)";

/* Changes the address; RC_DENIED if it is taken, or the old one changed. */
static enum rc
set_email(struct people *people, const struct mail_token *token)
{
	int64_t other = 0;
	enum rc rc;

	if ((rc = db_begin(people->main, DB_WRITE)) != RC_OK)
		return rc;
	rc = account_admin_find(people->main, token->email, &other);
	if (rc == RC_NOT_FOUND)
		rc = RC_OK;
	else if (rc == RC_OK && other != token->account_id)
		rc = RC_DENIED;
	if (rc == RC_OK)
		rc = db_run(people->main, SQL_SET_EMAIL,
		    DB_ARGS(DB_TEXT(token->email), DB_INT(token->account_id),
			DB_TEXT(token->name)));
	if (rc == RC_OK && db_changes(people->main) == 0)
		rc = RC_DENIED;
	return db_end(people->main, rc);
}

/* The address has changed: sessions, tokens and history, in a transaction. */
static enum rc
email_changed(struct people *people, const char *text, size_t len,
    int64_t keep_id, const struct login_from *from)
{
	struct caller caller = { .account_id = 0 };
	struct mail_token token;
	int64_t n;
	enum rc rc;

	rc = mail_token_use(
	    people->db, MAIL_TOKEN_EMAIL, text, len, from->now, &token);
	caller.account_id = token.account_id;
	if (rc == RC_OK)
		rc = mail_token_drop(people->db, &caller);
	if (rc == RC_OK)
		rc = session_end_others(people->db, &caller, keep_id, &n);
	if (rc == RC_OK)
		rc = audit_add(people->db, &caller, AUDIT_EMAIL,
		    from->address_text, token.email, from->now);
	return rc;
}

enum rc
login_email_change(struct people *people, const char *text, size_t text_len,
    int64_t keep_id, const struct login_from *from,
    char old[TEXT_EMAIL_MAX + 1], struct login_result *result)
{
	struct mail_token token;
	enum rc rc;

	login_begin(result);
	old[0] = '\0';
	rc = find_token(people, MAIL_TOKEN_EMAIL, text, text_len, from, &token);
	/*
	 * Killed after this, the account has its new address, and the token
	 * is still good to do the rest.
	 */
	if (rc == RC_OK)
		rc = set_email(people, &token);
	if (rc == RC_OK)
		rc = db_begin(people->db, DB_WRITE);
	if (rc == RC_OK)
		rc = db_end(people->db,
		    email_changed(people, text, text_len, keep_id, from));
	if (rc == RC_OK)
		text_clean(token.name, TEXT_EMAIL_MAX, old);
	return login_end(rc, token.account_id, result);
}
