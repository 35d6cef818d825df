/* SPDX-License-Identifier: ISC */
/*
 * Changing credentials.  Each change ends the sessions of whoever else is
 * logged in, in the transaction that makes it: there is no moment in which
 * a thief's session outlives the password that he stole.
 */
#include "login.h"

#include <string.h>

#include "account_admin.h"
#include "audit.h"
#include "guess.h"
#include "login_part.h"
#include "password.h"

static const char SQL_HOLDER[] = "SELECT email, name FROM account"
				 " WHERE id = $1";

enum rc
login_holder(struct people *people, const struct caller *caller,
    struct login_holder *holder)
{
	struct db_rows *rows = NULL;
	enum rc rc;

	memset(holder, 0, sizeof(*holder));
	if ((rc = db_begin(people->main, DB_READ)) != RC_OK)
		return rc;
	rc = db_query(people->main, SQL_HOLDER,
	    DB_ARGS(DB_INT(caller->account_id)), &rows);
	if (rc == RC_OK)
		rc = db_next(rows);
	if (rc == RC_OK) {
		text_clean(db_text(rows, 0), TEXT_EMAIL_MAX, holder->email);
		text_clean(db_text(rows, 1), TEXT_NAME_MAX, holder->name);
	}
	db_done(&rows);
	return db_end(people->main, rc);
}

enum rc
login_new_password(struct people *people, const struct login_holder *holder,
    const char *password, size_t len, struct password_phc *kept,
    const char **why)
{
	enum rc rc;

	kept->s[0] = '\0';
	rc = password_check(
	    password, len, holder->email, holder->name, NULL, why);
	if (rc == RC_OK)
		rc = password_hash(
		    people->config, &people->pepper, password, len, kept);
	return rc;
}

static const char SQL_SET_PASSWORD[] =
    "INSERT INTO person (account_id, password, password_at)"
    " VALUES ($1, $2, $3) ON CONFLICT (account_id) DO UPDATE"
    " SET password = excluded.password, password_at = excluded.password_at";

enum rc
login_set_password(struct people *people, const struct caller *caller,
    const struct password_phc *kept, int64_t now)
{
	enum rc rc;

	rc = db_run(people->db, SQL_SET_PASSWORD,
	    DB_ARGS(DB_INT(caller->account_id), DB_TEXT(kept->s), DB_INT(now)));
	/* What was mailed before is good for nothing now. */
	return rc == RC_OK ? mail_token_drop(people->db, caller) : rc;
}

enum rc
login_secure(struct people *people, const struct session *session,
    enum audit_what what, const char *note, const struct login_from *from,
    struct login_result *result)
{
	struct caller caller = { .account_id = session->account_id };
	int64_t n;
	enum rc rc;

	result->session = *session;
	if (session->stage != SESSION_FULL)
		return RC_DENIED;
	rc = session_renew(people->db, SESSION_FULL, from->now,
	    &result->session, &result->token);
	if (rc == RC_OK)
		rc = session_end_others(people->db, &caller, session->id, &n);
	if (rc == RC_OK)
		rc = audit_add(people->db, &caller, what, from->address_text,
		    note, from->now);
	return rc;
}

enum rc
login_change_password(struct people *people, const struct session *session,
    const char *password, size_t len, const struct login_from *from,
    struct login_result *result)
{
	struct caller caller = { .account_id = session->account_id };
	struct password_phc kept = { "" };
	struct login_holder holder;
	enum rc rc;

	login_begin(result);
	rc = login_holder(people, &caller, &holder);
	if (rc == RC_OK)
		rc = login_new_password(
		    people, &holder, password, len, &kept, &result->why);
	if (rc == RC_OK)
		rc = db_begin(people->db, DB_WRITE);
	if (rc != RC_OK)
		goto out;
	rc = login_secure(people, session, AUDIT_PASSWORD, NULL, from, result);
	if (rc == RC_OK)
		rc = login_set_password(people, &caller, &kept, from->now);
	rc = db_end(people->db, rc);
out:
	secret_wipe(&kept, sizeof(kept));
	return login_end(rc, caller.account_id, result);
}

static const char SQL_FORGET_PASSWORD[] =
    "UPDATE person SET password = NULL, password_at = NULL"
    " WHERE account_id = $1";

enum rc
login_close(struct people *people, const struct caller *caller,
    const struct login_from *from)
{
	int64_t n;
	enum rc rc;

	if ((rc = db_begin(people->db, DB_WRITE)) != RC_OK)
		return rc;
	rc = session_end_others(people->db, caller, 0, &n);
	if (rc == RC_OK)
		rc = mail_token_drop(people->db, caller);
	if (rc == RC_OK)
		rc = factor_off(people, caller);
	if (rc == RC_OK)
		rc = db_run(people->db, SQL_FORGET_PASSWORD,
		    DB_ARGS(DB_INT(caller->account_id)));
	if (rc == RC_OK)
		rc = audit_add(people->db, caller, AUDIT_CLOSED,
		    from->address_text, NULL, from->now);
	return db_end(people->db, rc);
}

static const char SQL_SET_TIME_ZONE[] =
    "INSERT INTO person (account_id, time_zone) VALUES ($1, $2)"
    " ON CONFLICT (account_id) DO UPDATE SET time_zone = excluded.time_zone";

enum rc
login_set_time_zone(
    struct people *people, const struct caller *caller, const char *zone)
{
	enum rc rc;

	if (!zone_is_name(zone))
		return RC_INVALID;
	if ((rc = db_begin(people->db, DB_WRITE)) != RC_OK)
		return rc;
	return db_end(people->db,
	    db_run(people->db, SQL_SET_TIME_ZONE,
		DB_ARGS(DB_INT(caller->account_id), DB_TEXT(zone))));
}

/* The operator has set a password: all that stood against it goes. */
static enum rc
forget_guesses(struct people *people, const struct caller *caller,
    const struct login_holder *holder)
{
	struct guess guesses[3];
	enum rc rc;
	size_t i;

	guess_account(&guesses[0], GUESS_SECOND, caller);
	guess_account(&guesses[1], GUESS_AGAIN, caller);
	rc = guess_email(
	    &guesses[2], GUESS_PASSWORD, &people->pepper, holder->email);
	for (i = 0; rc == RC_OK && i < 3; i++)
		rc = guess_forget(people->db, &guesses[i]);
	return rc;
}

/* Sets a password, in a transaction. */
static enum rc
admin_set(struct people *people, const struct caller *caller,
    const struct login_holder *holder, const struct password_phc *kept,
    int second_off, int64_t now)
{
	int64_t n;
	enum rc rc;

	rc = login_set_password(people, caller, kept, now);
	if (rc == RC_OK)
		rc = session_end_others(people->db, caller, 0, &n);
	if (rc == RC_OK)
		rc = forget_guesses(people, caller, holder);
	if (rc == RC_OK)
		rc = audit_add(
		    people->db, caller, AUDIT_PASSWORD_SET, NULL, NULL, now);
	if (rc == RC_OK && second_off)
		rc = factor_off(people, caller);
	if (rc == RC_OK && second_off)
		rc = audit_add(
		    people->db, caller, AUDIT_SECOND_OFF, NULL, NULL, now);
	return rc;
}

enum rc
login_admin_password(struct people *people, int64_t account_id,
    const char *password, size_t len, int second_off, int64_t now,
    const char **why)
{
	struct caller caller = { .account_id = account_id };
	struct password_phc kept = { "" };
	struct login_holder holder;
	enum rc rc;

	*why = "";
	rc = login_holder(people, &caller, &holder);
	if (rc == RC_OK)
		rc = login_new_password(
		    people, &holder, password, len, &kept, why);
	if (rc == RC_OK)
		rc = db_begin(people->db, DB_WRITE);
	if (rc == RC_OK)
		rc = db_end(people->db, admin_set(people, &caller, &holder,
					    &kept, second_off, now));
	secret_wipe(&kept, sizeof(kept));
	return rc;
}
