/* SPDX-License-Identifier: ISC */
/*
 * Logging in.  A password is hashed outside of all transactions: the try is
 * counted before, as a failure, and what has changed since is looked at
 * after.
 */
#include "login.h"

#include <string.h>

#include "account_admin.h"
#include "audit.h"
#include "guess.h"
#include "login_part.h"
#include "password.h"

void
login_begin(struct login_result *result)
{
	memset(result, 0, sizeof(*result));
	result->why = "";
}

enum rc
login_end(enum rc rc, int64_t account_id, struct login_result *result)
{
	if (rc == RC_OK)
		result->account_id = account_id;
	else
		login_wipe(result);
	if (rc == RC_BUSY && result->wait_s == 0)
		result->wait_s = PASSWORD_RETRY_S;
	return rc;
}

/* What is kept of an account's password, "" for none. */
static const char SQL_KEPT[] = "SELECT COALESCE(password, '') FROM person"
			       " WHERE account_id = $1";

enum rc
login_read_kept(struct people *people, const struct caller *caller,
    struct password_phc *kept)
{
	struct db_rows *rows = NULL;
	enum rc rc;

	kept->s[0] = '\0';
	rc = db_query(
	    people->db, SQL_KEPT, DB_ARGS(DB_INT(caller->account_id)), &rows);
	if (rc == RC_OK)
		rc = db_next(rows);
	if (rc == RC_OK)
		text_clean(db_text(rows, 0), sizeof(kept->s) - 1, kept->s);
	db_done(&rows);
	return rc == RC_NOT_FOUND ? RC_OK : rc;
}

static enum rc
find_kept(struct people *people, const struct caller *caller,
    struct password_phc *kept)
{
	enum rc rc = db_begin(people->db, DB_READ);

	if (rc != RC_OK)
		return rc;
	return db_end(people->db, login_read_kept(people, caller, kept));
}

enum rc
login_find_account(struct people *people, const char *email, int64_t *id)
{
	enum rc rc;

	*id = 0;
	if ((rc = db_begin(people->main, DB_READ)) != RC_OK)
		return rc;
	rc = account_admin_find(people->main, email, id);
	return db_end(people->main, rc == RC_NOT_FOUND ? RC_OK : rc);
}

enum rc
login_admit(struct people *people, struct guess *guesses, size_t n,
    const struct login_from *from, struct login_result *result)
{
	enum rc rc;

	if ((rc = db_begin(people->db, DB_WRITE)) != RC_OK)
		return rc;
	return db_end(people->db,
	    guess_admit(people->db, guesses, n, from->now, &result->wait_s));
}

/* Too many hashes at once: the try was none. */
static enum rc
turned_away(struct people *people, const struct guess *guesses, size_t n,
    struct login_result *result)
{
	enum rc rc;

	result->wait_s = PASSWORD_RETRY_S;
	rc = db_begin(people->db, DB_WRITE);
	if (rc == RC_OK)
		rc = db_end(people->db, guess_undo(people->db, guesses, n));
	return rc == RC_OK ? RC_BUSY : rc;
}

static const char SQL_DROP_NOBODYS[] = "DELETE FROM audit"
				       " WHERE account_id = $1";

/*
 * Notes a wrong password, which is RC_DENIED.  Where there is no such account
 * it is noted as nobody's, of whom the last row alone stays: an answer that
 * comes sooner, without a write, would tell that there is none.
 */
static enum rc
note_failure(struct people *people, const struct caller *caller,
    const struct login_from *from)
{
	enum rc rc;

	if ((rc = db_begin(people->db, DB_WRITE)) != RC_OK)
		return rc;
	if (caller->account_id == 0)
		rc = db_run(people->db, SQL_DROP_NOBODYS, DB_ARGS(DB_INT(0)));
	if (rc == RC_OK)
		rc = audit_add(people->db, caller, AUDIT_LOGIN_FAILED,
		    from->address_text, NULL, from->now);
	rc = db_end(people->db, rc);
	return rc == RC_OK ? RC_DENIED : rc;
}

static const char SQL_REHASH[] =
    "UPDATE person SET password = $1 WHERE account_id = $2 AND password = $3";

enum rc
login_start_session(struct people *people, const struct caller *caller,
    const struct login_from *from, struct login_result *result)
{
	struct factor_state factor;
	enum rc rc;

	rc = factor_state(people, caller, &factor);
	if (rc != RC_OK)
		return rc;
	result->needs_second = factor.is_on;
	rc = session_start(people->db, caller->account_id,
	    factor.is_on ? SESSION_PASSWORD : SESSION_FULL, from->address_text,
	    from->agent, from->now, &result->session, &result->token);
	if (rc == RC_OK && !factor.is_on)
		rc = audit_add(people->db, caller, AUDIT_LOGIN,
		    from->address_text, NULL, from->now);
	return rc;
}

/* The password was right: the counters, a newer hash, the session. */
static enum rc
let_in(struct people *people, const struct caller *caller,
    const struct guess *guesses, size_t n, const struct password_phc *kept,
    const struct password_phc *anew, const struct login_from *from,
    struct login_result *result)
{
	struct password_phc current;
	enum rc rc;

	if ((rc = db_begin(people->db, DB_WRITE)) != RC_OK)
		return rc;
	rc = login_read_kept(people, caller, &current);
	/* It was changed while this one was hashed. */
	if (rc == RC_OK && strcmp(current.s, kept->s) != 0)
		rc = RC_DENIED;
	if (rc == RC_OK)
		rc = guess_right(people->db, guesses, n);
	if (rc == RC_OK && anew->s[0] != '\0')
		rc = db_run(people->db, SQL_REHASH,
		    DB_ARGS(DB_TEXT(anew->s), DB_INT(caller->account_id),
			DB_TEXT(kept->s)));
	if (rc == RC_OK)
		rc = login_start_session(people, caller, from, result);
	rc = db_end(people->db, rc);
	secret_wipe(&current, sizeof(current));
	return rc;
}

/* Checks the password of an account, or of nobody, and lets it in. */
static enum rc
check_password(struct people *people, const struct caller *caller,
    const char *password, size_t len, const struct guess *guesses, size_t n,
    const struct login_from *from, struct login_result *result)
{
	struct password_phc kept, anew = { "" };
	int outdated = 0;
	enum rc rc;

	rc = find_kept(people, caller, &kept);
	if (rc == RC_OK)
		rc = password_verify(people->config, &people->pepper, password,
		    len, kept.s, &outdated);
	/* If that does not work now, it will another time. */
	if (rc == RC_OK && outdated)
		(void)password_hash(
		    people->config, &people->pepper, password, len, &anew);
	if (rc == RC_OK)
		rc = let_in(
		    people, caller, guesses, n, &kept, &anew, from, result);
	else if (rc == RC_BUSY)
		rc = turned_away(people, guesses, n, result);
	else if (rc == RC_DENIED)
		rc = note_failure(people, caller, from);
	secret_wipe(&kept, sizeof(kept));
	secret_wipe(&anew, sizeof(anew));
	return rc;
}

enum rc
login_password(struct people *people, const char *email, const char *password,
    size_t len, const struct login_from *from, struct login_result *result)
{
	struct caller caller = { .account_id = 0 };
	char address[TEXT_EMAIL_MAX + 1];
	struct guess guesses[2];
	enum rc rc;

	login_begin(result);
	/* What can be no address is nobody's, and no secret. */
	if (!text_email(email, address))
		return RC_DENIED;
	guess_address(&guesses[1], GUESS_ADDRESS, from->address);
	rc = guess_email(&guesses[0], GUESS_PASSWORD, &people->pepper, address);
	if (rc == RC_OK)
		rc = login_admit(people, guesses, 2, from, result);
	if (rc == RC_OK)
		rc = login_find_account(people, address, &caller.account_id);
	if (rc == RC_OK)
		rc = check_password(
		    people, &caller, password, len, guesses, 2, from, result);
	return login_end(rc, caller.account_id, result);
}

/* --- the second factor, and once more ------------------------------------ */

/* Takes a code inside a transaction and notes what became of it. */
static enum rc
take_code(struct people *people, const struct caller *caller, const char *code,
    size_t len, enum audit_what failure, const struct login_from *from)
{
	int was_recovery = 0;
	enum rc rc, noted = RC_OK;

	rc = factor_verify(people, caller, code, len, from->now, &was_recovery);
	if (rc == RC_DENIED)
		noted = audit_add(people->db, caller, failure,
		    from->address_text, NULL, from->now);
	else if (rc == RC_OK && was_recovery)
		noted = audit_add(people->db, caller, AUDIT_RECOVERY_USED,
		    from->address_text, NULL, from->now);
	return noted == RC_OK ? rc : noted;
}

/*
 * Ends a transaction in which a wrong answer is a result: what was noted of
 * it stays, and so does the count.
 */
static enum rc
end_counted(struct people *people, enum rc rc)
{
	enum rc ended;

	ended = db_end(people->db, rc == RC_DENIED ? RC_OK : rc);
	return ended == RC_OK ? rc : ended;
}

/* Is the session still there with the token that it was found by? */
static const char SQL_IS_THERE[] =
    "SELECT 1 FROM session WHERE account_id = $1 AND id = $2 AND hash = $3";

static enum rc
check_session(struct people *people, const struct session *session)
{
	int64_t one;
	enum rc rc;

	rc = db_one(people->db, SQL_IS_THERE,
	    DB_ARGS(DB_INT(session->account_id), DB_INT(session->id),
		DB_BLOB(session->hash, sizeof(session->hash))),
	    &one);
	return rc == RC_NOT_FOUND ? RC_DENIED : rc;
}

/* The code was right: the session becomes full. */
static enum rc
complete(struct people *people, const struct caller *caller,
    const struct guess *guesses, size_t n, const struct session *session,
    const struct login_from *from, struct login_result *result)
{
	enum rc rc;

	result->session = *session;
	rc = guess_right(people->db, guesses, n);
	if (rc == RC_OK)
		rc = session_renew(people->db, SESSION_FULL, from->now,
		    &result->session, &result->token);
	if (rc == RC_OK)
		rc = audit_add(people->db, caller, AUDIT_LOGIN,
		    from->address_text, NULL, from->now);
	return rc;
}

enum rc
login_second(struct people *people, const struct session *session,
    const char *code, size_t len, const struct login_from *from,
    struct login_result *result)
{
	struct caller caller = { .account_id = session->account_id };
	struct guess guesses[2];
	enum rc rc;

	login_begin(result);
	if (session->stage != SESSION_PASSWORD)
		return RC_DENIED;
	guess_account(&guesses[0], GUESS_SECOND, &caller);
	guess_address(&guesses[1], GUESS_ADDRESS, from->address);
	/* Nothing here takes long: one transaction has it all. */
	if ((rc = db_begin(people->db, DB_WRITE)) != RC_OK)
		return login_end(rc, 0, result);
	rc = check_session(people, session);
	if (rc == RC_OK)
		rc = guess_admit(
		    people->db, guesses, 2, from->now, &result->wait_s);
	if (rc == RC_OK)
		rc = take_code(
		    people, &caller, code, len, AUDIT_SECOND_FAILED, from);
	if (rc == RC_OK)
		rc = complete(
		    people, &caller, guesses, 2, session, from, result);
	rc = end_counted(people, rc);
	return login_end(rc, caller.account_id, result);
}

/* The second half of login_again: the password was right or wrong. */
static enum rc
again(struct people *people, const struct session *session, int was_right,
    const struct password_phc *kept, const char *code, size_t len,
    const struct guess *guess, const struct login_from *from)
{
	struct caller caller = { .account_id = session->account_id };
	struct factor_state factor = { 0 };
	struct password_phc current;
	enum rc rc;

	if ((rc = db_begin(people->db, DB_WRITE)) != RC_OK)
		return rc;
	rc = login_read_kept(people, &caller, &current);
	if (rc == RC_OK)
		rc = factor_state(people, &caller, &factor);
	if (rc == RC_OK)
		rc = check_session(people, session);
	/* A wrong password uses no code up. */
	if (rc == RC_OK && was_right && strcmp(current.s, kept->s) == 0) {
		if (factor.is_on)
			rc = take_code(people, &caller, code, len,
			    AUDIT_AGAIN_FAILED, from);
		if (rc == RC_OK)
			rc = guess_right(people->db, guess, 1);
	} else if (rc == RC_OK) {
		rc = audit_add(people->db, &caller, AUDIT_AGAIN_FAILED,
		    from->address_text, NULL, from->now);
		if (rc == RC_OK)
			rc = RC_DENIED;
	}
	secret_wipe(&current, sizeof(current));
	return end_counted(people, rc);
}

enum rc
login_again(struct people *people, const struct session *session,
    const char *password, size_t password_len, const char *code,
    size_t code_len, const struct login_from *from, struct login_result *result)
{
	struct caller caller = { .account_id = session->account_id };
	struct password_phc kept = { "" };
	struct guess guess;
	int outdated;
	enum rc rc;

	login_begin(result);
	if (session->stage != SESSION_FULL)
		return RC_DENIED;
	guess_account(&guess, GUESS_AGAIN, &caller);
	rc = login_admit(people, &guess, 1, from, result);
	if (rc == RC_OK)
		rc = find_kept(people, &caller, &kept);
	if (rc != RC_OK)
		return login_end(rc, 0, result);
	rc = password_verify(people->config, &people->pepper, password,
	    password_len, kept.s, &outdated);
	if (rc == RC_BUSY)
		rc = turned_away(people, &guess, 1, result);
	else if (rc == RC_OK || rc == RC_DENIED)
		rc = again(people, session, rc == RC_OK, &kept,
		    code != NULL ? code : "", code != NULL ? code_len : 0,
		    &guess, from);
	secret_wipe(&kept, sizeof(kept));
	return login_end(rc, caller.account_id, result);
}

static const char SQL_STATE[] =
    "SELECT password IS NOT NULL, password_at, time_zone FROM person"
    " WHERE account_id = $1";

enum rc
login_state(struct people *people, const struct caller *caller,
    struct login_state *state)
{
	struct db_rows *rows = NULL;
	struct factor_state factor = { 0 };
	enum rc rc;

	memset(state, 0, sizeof(*state));
	text_clean("UTC", ZONE_NAME_MAX, state->time_zone);
	if ((rc = db_begin(people->db, DB_READ)) != RC_OK)
		return rc;
	rc = db_query(
	    people->db, SQL_STATE, DB_ARGS(DB_INT(caller->account_id)), &rows);
	if (rc == RC_OK)
		rc = db_next(rows);
	if (rc == RC_OK) {
		state->has_password = db_int(rows, 0) != 0;
		state->password_at = db_int(rows, 1);
		text_clean(db_text(rows, 2), ZONE_NAME_MAX, state->time_zone);
	}
	db_done(&rows);
	if (rc == RC_OK || rc == RC_NOT_FOUND)
		rc = factor_state(people, caller, &factor);
	state->second_on = factor.is_on;
	state->second_at = factor.since;
	state->codes_left = factor.codes_left;
	return db_end(people->db, rc);
}

enum rc
login_out(struct people *people, const struct session *session,
    const struct login_from *from)
{
	struct caller caller = { .account_id = session->account_id };
	enum rc rc;

	if ((rc = db_begin(people->db, DB_WRITE)) != RC_OK)
		return rc;
	rc = session_end(people->db, &caller, session->id);
	if (rc == RC_OK)
		rc = audit_add(people->db, &caller, AUDIT_LOGOUT,
		    from->address_text, NULL, from->now);
	return db_end(people->db, rc);
}

void
login_wipe(struct login_result *result)
{
	session_wipe(&result->token);
	memset(&result->session, 0, sizeof(result->session));
}

void
login_codes_wipe(struct login_codes *codes)
{
	secret_wipe(codes, sizeof(*codes));
}
