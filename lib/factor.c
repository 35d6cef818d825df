/* SPDX-License-Identifier: ISC */
/*
 * The second factor.  The secret must be read again and is sealed under its
 * account, so that who can write the database cannot give one account the
 * secret of another; a recovery code need not, and only its HMAC is kept.
 */
#include "factor.h"

#include <stdio.h>
#include <string.h>

#include "log.h"

enum {
	SEALED_LEN = TOTP_SECRET_LEN + SECRET_SEAL_EXTRA,
	PLACE_LEN = 48,
	CODE_CHARS = FACTOR_CODE_LEN - 1
};

/* Without what looks alike: no i, l, o, 0, 1. */
static const char CODE_DIGITS[] = "abcdefghjkmnpqrstuvwxyz23456789";

/* What is stored of a secret. */
struct stored {
	unsigned char secret[TOTP_SECRET_LEN];
	int64_t last_step;
	int64_t confirmed_at; /* 0: not yet */
};

/* The place that a secret is sealed for. */
static const char *
place(const struct caller *caller, char buf[PLACE_LEN])
{
	(void)snprintf(buf, PLACE_LEN, "second_factor:%lld",
	    (long long)caller->account_id);
	return buf;
}

static const char SQL_GET[] =
    "SELECT secret, last_step, confirmed_at FROM second_factor"
    " WHERE account_id = $1";

/* Reads and unseals what is stored; RC_NOT_FOUND. */
static enum rc
get(struct people *people, const struct caller *caller, struct stored *stored)
{
	struct db_rows *rows = NULL;
	char where[PLACE_LEN];
	const void *sealed;
	size_t len;
	enum rc rc;

	memset(stored, 0, sizeof(*stored));
	rc = db_query(
	    people->db, SQL_GET, DB_ARGS(DB_INT(caller->account_id)), &rows);
	if (rc == RC_OK)
		rc = db_next(rows);
	if (rc != RC_OK)
		goto out;
	stored->last_step = db_int(rows, 1);
	stored->confirmed_at = db_int(rows, 2);
	sealed = db_blob(rows, 0, &len);
	rc = RC_DENIED;
	if (len == SEALED_LEN)
		rc = secret_unseal(&people->seal_key, place(caller, where),
		    sealed, len, stored->secret);
	if (rc == RC_DENIED) {
		log_err("cannot unseal the second factor of account %lld: it "
			"was sealed with another key",
		    (long long)caller->account_id);
		rc = RC_FAIL;
	}
out:
	db_done(&rows);
	return rc;
}

static const char SQL_STATE[] =
    "SELECT confirmed_at FROM second_factor"
    " WHERE account_id = $1 AND confirmed_at IS NOT NULL";
static const char SQL_CODES_LEFT[] = "SELECT COUNT(*) FROM recovery_code"
				     " WHERE account_id = $1";

enum rc
factor_state(struct people *people, const struct caller *caller,
    struct factor_state *state)
{
	enum rc rc;

	memset(state, 0, sizeof(*state));
	rc = db_one(people->db, SQL_STATE, DB_ARGS(DB_INT(caller->account_id)),
	    &state->since);
	if (rc == RC_NOT_FOUND)
		return RC_OK;
	state->is_on = rc == RC_OK;
	if (rc == RC_OK)
		rc = db_one(people->db, SQL_CODES_LEFT,
		    DB_ARGS(DB_INT(caller->account_id)), &state->codes_left);
	return rc;
}

static const char SQL_DROP_UNCONFIRMED[] =
    "DELETE FROM second_factor WHERE account_id = $1 AND confirmed_at IS NULL";

/* Nothing happens where one is on. */
static const char SQL_START[] =
    "INSERT INTO second_factor (account_id, secret, created_at)"
    " VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";

enum rc
factor_start(struct people *people, const struct caller *caller, int64_t now,
    unsigned char secret[TOTP_SECRET_LEN])
{
	unsigned char sealed[SEALED_LEN];
	char where[PLACE_LEN];
	enum rc rc;

	rc = secret_random(secret, TOTP_SECRET_LEN);
	if (rc == RC_OK)
		rc = secret_seal(&people->seal_key, place(caller, where),
		    secret, TOTP_SECRET_LEN, sealed);
	if (rc == RC_OK)
		rc = db_run(people->db, SQL_DROP_UNCONFIRMED,
		    DB_ARGS(DB_INT(caller->account_id)));
	if (rc == RC_OK)
		rc = db_run(people->db, SQL_START,
		    DB_ARGS(DB_INT(caller->account_id),
			DB_BLOB(sealed, sizeof(sealed)), DB_INT(now)));
	if (rc == RC_OK && db_changes(people->db) == 0)
		rc = RC_INVALID;
	if (rc != RC_OK)
		secret_wipe(secret, TOTP_SECRET_LEN);
	return rc;
}

enum rc
factor_secret(struct people *people, const struct caller *caller,
    unsigned char secret[TOTP_SECRET_LEN])
{
	struct stored stored;
	enum rc rc = get(people, caller, &stored);

	if (rc == RC_OK && stored.confirmed_at != 0)
		rc = RC_NOT_FOUND;
	memset(secret, 0, TOTP_SECRET_LEN);
	if (rc == RC_OK)
		memcpy(secret, stored.secret, TOTP_SECRET_LEN);
	secret_wipe(&stored, sizeof(stored));
	return rc;
}

static const char SQL_CONFIRM[] =
    "UPDATE second_factor SET confirmed_at = $1, last_step = $2"
    " WHERE account_id = $3 AND confirmed_at IS NULL";

enum rc
factor_confirm(struct people *people, const struct caller *caller,
    const char *code, size_t len, int64_t now)
{
	struct stored stored;
	int64_t step = 0;
	enum rc rc;

	rc = get(people, caller, &stored);
	if (rc == RC_OK && stored.confirmed_at != 0)
		rc = RC_NOT_FOUND;
	if (rc == RC_OK)
		rc = totp_verify(stored.secret, code, len, 0, now, &step);
	if (rc == RC_OK)
		rc = db_run(people->db, SQL_CONFIRM,
		    DB_ARGS(
			DB_INT(now), DB_INT(step), DB_INT(caller->account_id)));
	secret_wipe(&stored, sizeof(stored));
	return rc;
}

/* Only forward: of two processes with one code one finds it taken. */
static const char SQL_STEP[] =
    "UPDATE second_factor SET last_step = $1"
    " WHERE account_id = $2 AND confirmed_at IS NOT NULL AND last_step < $1";

static enum rc
verify_totp(struct people *people, const struct caller *caller,
    const char *code, size_t len, int64_t now)
{
	struct stored stored;
	int64_t step = 0;
	enum rc rc;

	rc = get(people, caller, &stored);
	if (rc == RC_NOT_FOUND || (rc == RC_OK && stored.confirmed_at == 0))
		rc = RC_DENIED;
	if (rc == RC_OK)
		rc = totp_verify(
		    stored.secret, code, len, stored.last_step, now, &step);
	if (rc == RC_OK)
		rc = db_run(people->db, SQL_STEP,
		    DB_ARGS(DB_INT(step), DB_INT(caller->account_id)));
	if (rc == RC_OK && db_changes(people->db) == 0)
		rc = RC_DENIED;
	secret_wipe(&stored, sizeof(stored));
	return rc;
}

/*
 * Writes the digits of a code to out: in lower case, without what people put
 * between.  False if it can be none.
 */
static int
read_code(const char *code, size_t len, char out[CODE_CHARS])
{
	size_t i, n = 0;
	char c;

	for (i = 0; i < len; i++) {
		c = code[i];
		if (c >= 'A' && c <= 'Z')
			c = (char)(c - 'A' + 'a');
		if (c == ' ' || c == '-')
			continue;
		if (n == CODE_CHARS ||
		    memchr(CODE_DIGITS, c, sizeof(CODE_DIGITS) - 1) == NULL)
			return 0;
		out[n++] = c;
	}
	return n == CODE_CHARS;
}

/* The HMAC of an account's code; another account's is another one. */
static enum rc
hash_code(const struct people *people, const struct caller *caller,
    const char digits[CODE_CHARS], unsigned char mac[SECRET_HASH_LEN])
{
	char text[PLACE_LEN + CODE_CHARS];
	enum rc rc;
	int n;

	n = snprintf(text, sizeof(text), "recovery:%lld:%.*s",
	    (long long)caller->account_id, CODE_CHARS, digits);
	rc = secret_hmac(&people->pepper, text, (size_t)n, mac);
	secret_wipe(text, sizeof(text));
	return rc;
}

static const char SQL_USE_CODE[] = "DELETE FROM recovery_code"
				   " WHERE account_id = $1 AND mac = $2";

static enum rc
verify_recovery(struct people *people, const struct caller *caller,
    const char digits[CODE_CHARS])
{
	unsigned char mac[SECRET_HASH_LEN];
	enum rc rc = hash_code(people, caller, digits, mac);

	if (rc == RC_OK)
		rc = db_run(people->db, SQL_USE_CODE,
		    DB_ARGS(
			DB_INT(caller->account_id), DB_BLOB(mac, sizeof(mac))));
	if (rc == RC_OK && db_changes(people->db) == 0)
		rc = RC_DENIED;
	return rc;
}

enum rc
factor_verify(struct people *people, const struct caller *caller,
    const char *code, size_t len, int64_t now, int *was_recovery)
{
	char digits[CODE_CHARS];
	enum rc rc;

	*was_recovery = read_code(code, len, digits);
	rc = *was_recovery ? verify_recovery(people, caller, digits)
			   : verify_totp(people, caller, code, len, now);
	secret_wipe(digits, sizeof(digits));
	return rc;
}

/* Draws a code, each digit equally likely. */
static enum rc
draw_code(char code[FACTOR_CODE_LEN + 1], char digits[CODE_CHARS])
{
	/* The largest multiple of 31 that fits a byte: no bias above it. */
	enum { DIGITS = sizeof(CODE_DIGITS) - 1, FAIR = 256 / DIGITS * DIGITS };
	unsigned char byte;
	size_t n = 0;

	while (n < CODE_CHARS) {
		if (secret_random(&byte, 1) != RC_OK)
			return RC_FAIL;
		if (byte < FAIR)
			digits[n++] = CODE_DIGITS[byte % DIGITS];
	}
	(void)snprintf(code, FACTOR_CODE_LEN + 1, "%.5s-%.5s", digits,
	    digits + CODE_CHARS / 2);
	return RC_OK;
}

static const char SQL_DROP_CODES[] = "DELETE FROM recovery_code"
				     " WHERE account_id = $1";
static const char SQL_ADD_CODE[] =
    "INSERT INTO recovery_code (account_id, mac) VALUES ($1, $2)";

enum rc
factor_codes(struct people *people, const struct caller *caller,
    char codes[FACTOR_CODES][FACTOR_CODE_LEN + 1])
{
	unsigned char mac[SECRET_HASH_LEN];
	char digits[CODE_CHARS];
	enum rc rc;
	size_t i;

	rc = db_run(
	    people->db, SQL_DROP_CODES, DB_ARGS(DB_INT(caller->account_id)));
	for (i = 0; rc == RC_OK && i < FACTOR_CODES; i++) {
		rc = draw_code(codes[i], digits);
		if (rc == RC_OK)
			rc = hash_code(people, caller, digits, mac);
		if (rc == RC_OK)
			rc = db_run(people->db, SQL_ADD_CODE,
			    DB_ARGS(DB_INT(caller->account_id),
				DB_BLOB(mac, sizeof(mac))));
	}
	secret_wipe(digits, sizeof(digits));
	if (rc != RC_OK)
		secret_wipe(codes, FACTOR_CODES * sizeof(codes[0]));
	return rc;
}

static const char SQL_OFF[] = "DELETE FROM second_factor"
			      " WHERE account_id = $1";

enum rc
factor_off(struct people *people, const struct caller *caller)
{
	enum rc rc;

	rc = db_run(people->db, SQL_OFF, DB_ARGS(DB_INT(caller->account_id)));
	if (rc == RC_OK)
		rc = db_run(people->db, SQL_DROP_CODES,
		    DB_ARGS(DB_INT(caller->account_id)));
	return rc;
}
