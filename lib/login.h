/* SPDX-License-Identifier: ISC */
/*
 * An account's credentials and what is done with them: logging in, asking
 * once more, changing them.  These functions make their own transactions, in
 * both databases where that is needed; none may be open when they are
 * called.  Each does all of its subject: counters of guesses, the security
 * history, new tokens and the end of other sessions.
 *
 * Unknown and known addresses take the same steps and the same time, and so
 * do accounts without a password.
 */
#ifndef LATCHKEY_LOGIN_H
#define LATCHKEY_LOGIN_H

#include <stddef.h>
#include <stdint.h>

#include "account.h"
#include "factor.h"
#include "mail_token.h"
#include "people.h"
#include "rc.h"
#include "session.h"
#include "text.h"
#include "zone.h"

enum {
	LOGIN_CODES = FACTOR_CODES,      /* recovery codes of an account */
	LOGIN_CODE_LEN = FACTOR_CODE_LEN /* NUL not included */
};

/* Where a request comes from, and when. */
struct login_from {
	const unsigned char *address; /* 16 bytes, of the network */
	const char *address_text;
	const char *agent; /* the browser's words, "" for none */
	int64_t now;
};

/* What a log-in or another question about credentials has led to. */
struct login_result {
	int64_t account_id; /* 0 unless the password was right */
	int needs_second;   /* session.stage is SESSION_PASSWORD */
	int64_t wait_s;     /* RC_LIMITED or RC_BUSY: for how long */
	const char *why;    /* RC_INVALID: in words (static text) */
	struct session session;
	struct session_token token; /* of the new session; "": none */
};

/*
 * Logs in by address and password.  RC_OK: a session has been started,
 * which is full unless needs_second.  RC_DENIED (not logged) for whatever
 * was wrong: address, password, no password yet.  RC_LIMITED: too many
 * guesses; RC_BUSY: too many hashes at once, or a lock; both with wait_s.
 * RC_FAIL (logged).  Whether the account is suspended or closed is the
 * page's to look at, as for every request.
 */
enum rc login_password(struct people *people, const char *email,
    const char *password, size_t len, const struct login_from *from,
    struct login_result *result);

/*
 * Completes a log-in of stage SESSION_PASSWORD by a one-time password or a
 * recovery code: the session becomes full and gets a new token.  RC_DENIED
 * if the code is wrong or was used, or the session has gone; RC_LIMITED,
 * RC_BUSY, RC_FAIL as above.
 */
enum rc login_second(struct people *people, const struct session *session,
    const char *code, size_t len, const struct login_from *from,
    struct login_result *result);

/*
 * Asks the holder of a full session once more: for the password and, where
 * the second factor is on, for a one-time password or a recovery code (code
 * may be NULL where it is off).  RC_DENIED if either is wrong, without
 * telling which.  Nothing changes but counters, the last step of the code
 * and the history.  RC_LIMITED, RC_BUSY, RC_FAIL as above.
 */
enum rc login_again(struct people *people, const struct session *session,
    const char *password, size_t password_len, const char *code,
    size_t code_len, const struct login_from *from,
    struct login_result *result);

/* What is on, for pages. */
struct login_state {
	int has_password;
	int64_t password_at;
	int second_on;
	int64_t second_at;
	int64_t codes_left;
	char time_zone[ZONE_NAME_MAX + 1];
};

/* Makes its own read transaction.  RC_BUSY, RC_FAIL (logged). */
enum rc login_state(struct people *people, const struct caller *caller,
    struct login_state *state);

/*
 * Sets another password after login_again: the session gets a new token, all
 * others end, tokens that were mailed are good for nothing.  RC_INVALID with
 * result->why if it cannot be one; RC_DENIED if the session has gone.
 */
enum rc login_change_password(struct people *people,
    const struct session *session, const char *password, size_t len,
    const struct login_from *from, struct login_result *result);

/*
 * Sign-up: makes a token to be mailed to an address.  *text is empty and
 * RC_OK given if the address has an account: then a mail that says so is sent
 * instead, and the answer to the browser is the same.  The password is chosen
 * on the page that the mail leads to, so that nobody can prepare an account
 * with a password of his own for somebody else's address.  RC_INVALID with
 * result->why for a bad address or name; RC_LIMITED (too many mails),
 * RC_BUSY, RC_FAIL as above.
 */
enum rc login_sign_up(struct people *people, const char *email,
    const char *name, const struct login_from *from,
    struct mail_token_text *text, struct login_result *result);

/*
 * Completes a sign-up: makes the account with a password and starts a full
 * session.  RC_DENIED if the token is good for nothing, RC_INVALID with
 * result->why for the password.  An account that the operator has made for
 * that address in between, or a killed process before, and that has no
 * password yet is taken; one that has is RC_DENIED.
 */
enum rc login_confirm(struct people *people, const char *token,
    size_t token_len, const char *password, size_t len,
    const struct login_from *from, struct login_result *result);

/*
 * A forgotten password: makes a token to be mailed.  *text is empty and RC_OK
 * given if there is no such account: the answer to the browser is the same,
 * and leaves before a mail is sent, or it would take longer where there is
 * one.  RC_INVALID if this is no address, RC_LIMITED, RC_BUSY, RC_FAIL as
 * above.
 */
enum rc login_forgot(struct people *people, const char *email,
    const struct login_from *from, struct mail_token_text *text,
    struct login_result *result);

/*
 * Sets a password by such a token: all sessions end, the counter of guesses
 * at the password starts anew, the second factor stays on.  No session is
 * started: the log-in comes next.  RC_DENIED, RC_INVALID as above.
 */
enum rc login_reset(struct people *people, const char *token, size_t token_len,
    const char *password, size_t len, const struct login_from *from,
    struct login_result *result);

/*
 * Asks for another address, after login_again: makes a token to be mailed to
 * the new one.  *text is empty and RC_OK given if that has an account: then
 * a mail that says so is sent there instead.  RC_INVALID with result->why
 * for what is no address, or the one it has.
 */
enum rc login_email_ask(struct people *people, const struct session *session,
    const char *email, const struct login_from *from,
    struct mail_token_text *text, struct login_result *result);

/*
 * Changes the address by such a token; old is the one before, to be told.
 * All sessions end but keep_id (0: all): that of the browser, if it is logged
 * in to the same account.  The caller then gives it a new token
 * (session_renew).  RC_DENIED, also if somebody has
 * taken the address in between.
 */
enum rc login_email_change(struct people *people, const char *token,
    size_t token_len, int64_t keep_id, const struct login_from *from,
    char old[TEXT_EMAIL_MAX + 1], struct login_result *result);

/*
 * The second factor: draws a secret, which is off until it is confirmed, in
 * place of one that was never confirmed.  RC_INVALID if one is on.  The
 * secret is shown until then: login_second_secret gives it again, RC_NOT_FOUND
 * if there is none to be confirmed.  Whoever holds it wipes it.
 */
enum rc login_second_start(struct people *people, const struct caller *caller,
    int64_t now, unsigned char secret[TOTP_SECRET_LEN]);
enum rc login_second_secret(struct people *people, const struct caller *caller,
    unsigned char secret[TOTP_SECRET_LEN]);

/* Recovery codes as text; their only copy.  Whoever holds them wipes them. */
struct login_codes {
	char code[LOGIN_CODES][LOGIN_CODE_LEN + 1];
};

/*
 * Turns it on with a code that shows that the app has it, after login_again:
 * gives recovery codes, the session gets a new token and all others end.
 * RC_DENIED for a wrong code, RC_INVALID if none is to be confirmed.
 */
enum rc login_second_on(struct people *people, const struct session *session,
    const char *code, size_t len, const struct login_from *from,
    struct login_codes *codes, struct login_result *result);

/* Turns it off, after login_again, with the same consequences. */
enum rc login_second_off(struct people *people, const struct session *session,
    const struct login_from *from, struct login_result *result);

/*
 * Ten new codes in place of the old ones, after login_again, with the same
 * consequences.  RC_INVALID if the second factor is off.
 */
enum rc login_codes_new(struct people *people, const struct session *session,
    const struct login_from *from, struct login_codes *codes,
    struct login_result *result);

/* Wipes codes. */
void login_codes_wipe(struct login_codes *codes);

/* Logs out: the session ends.  RC_NOT_FOUND if it has already. */
enum rc login_out(struct people *people, const struct session *session,
    const struct login_from *from);

/*
 * Takes all credentials, sessions and tokens of an account that was closed:
 * nobody logs in to it any more.  The history stays.
 */
enum rc login_close(struct people *people, const struct caller *caller,
    const struct login_from *from);

/*
 * Sets the time zone, of which session_find tells from then on: any name that
 * zone_is_name (RC_INVALID otherwise), since the host's rules may come and go.
 * RC_BUSY, RC_FAIL (logged).
 */
enum rc login_set_time_zone(
    struct people *people, const struct caller *caller, const char *zone);

/* Wipes the token of a result. */
void login_wipe(struct login_result *result);

/*
 * The operator sets a password, and with second_off turns the second factor
 * off: all sessions end and the counters of guesses start anew.  RC_INVALID
 * with *why, RC_NOT_FOUND without such an account.
 */
enum rc login_admin_password(struct people *people, int64_t account_id,
    const char *password, size_t len, int second_off, int64_t now,
    const char **why);

#endif
