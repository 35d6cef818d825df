/* SPDX-License-Identifier: ISC */
/*
 * Turning the second factor on and off, by the holder of a session.
 */
#include "login.h"

#include "audit.h"
#include "login_part.h"

enum rc
login_second_start(struct people *people, const struct caller *caller,
    int64_t now, unsigned char secret[TOTP_SECRET_LEN])
{
	enum rc rc;

	if ((rc = db_begin(people->db, DB_WRITE)) != RC_OK)
		return rc;
	rc = db_end(people->db, factor_start(people, caller, now, secret));
	if (rc != RC_OK)
		secret_wipe(secret, TOTP_SECRET_LEN);
	return rc;
}

enum rc
login_second_secret(struct people *people, const struct caller *caller,
    unsigned char secret[TOTP_SECRET_LEN])
{
	enum rc rc;

	if ((rc = db_begin(people->db, DB_READ)) != RC_OK)
		return rc;
	return db_end(people->db, factor_secret(people, caller, secret));
}

/* Ends a change that gives codes: without the change there are none. */
static enum rc
end_codes(struct people *people, const struct session *session, enum rc rc,
    struct login_codes *codes, struct login_result *result)
{
	rc = db_end(people->db, rc);
	if (rc != RC_OK)
		login_codes_wipe(codes);
	return login_end(rc, session->account_id, result);
}

enum rc
login_second_on(struct people *people, const struct session *session,
    const char *code, size_t len, const struct login_from *from,
    struct login_codes *codes, struct login_result *result)
{
	struct caller caller = { .account_id = session->account_id };
	enum rc rc;

	login_begin(result);
	if ((rc = db_begin(people->db, DB_WRITE)) != RC_OK)
		return login_end(rc, 0, result);
	rc = login_secure(people, session, AUDIT_SECOND_ON, NULL, from, result);
	if (rc == RC_OK)
		rc = factor_confirm(people, &caller, code, len, from->now);
	if (rc == RC_NOT_FOUND)
		rc = RC_INVALID;
	if (rc == RC_OK)
		rc = factor_codes(people, &caller, codes->code);
	return end_codes(people, session, rc, codes, result);
}

enum rc
login_second_off(struct people *people, const struct session *session,
    const struct login_from *from, struct login_result *result)
{
	struct caller caller = { .account_id = session->account_id };
	enum rc rc;

	login_begin(result);
	if ((rc = db_begin(people->db, DB_WRITE)) != RC_OK)
		return login_end(rc, 0, result);
	rc =
	    login_secure(people, session, AUDIT_SECOND_OFF, NULL, from, result);
	if (rc == RC_OK)
		rc = factor_off(people, &caller);
	return login_end(db_end(people->db, rc), caller.account_id, result);
}

enum rc
login_codes_new(struct people *people, const struct session *session,
    const struct login_from *from, struct login_codes *codes,
    struct login_result *result)
{
	struct caller caller = { .account_id = session->account_id };
	struct factor_state factor;
	enum rc rc;

	login_begin(result);
	if ((rc = db_begin(people->db, DB_WRITE)) != RC_OK)
		return login_end(rc, 0, result);
	rc = factor_state(people, &caller, &factor);
	if (rc == RC_OK && !factor.is_on)
		rc = RC_INVALID;
	if (rc == RC_OK)
		rc = login_secure(
		    people, session, AUDIT_RECOVERY_MADE, NULL, from, result);
	if (rc == RC_OK)
		rc = factor_codes(people, &caller, codes->code);
	return end_codes(people, session, rc, codes, result);
}
