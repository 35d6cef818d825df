/* SPDX-License-Identifier: ISC */
/*
 * Counters of what may not be tried as often as one likes.  Those of people
 * are by account, or by an HMAC of an address that may belong to nobody: a
 * delay tells nothing.  Whoever makes somebody else wait, by failing in his
 * name, cannot keep him out: the first try after each delay is anybody's,
 * and a password set by mail starts the counter anew.
 */
#include "guess.h"

#include <string.h>

#include "people.h"

/* A byte of enum guess_kind, then whom it is about. */
enum { SUBJECT_LEN = 17 };

/* What each kind has for nothing, and its delays in seconds. */
static const struct {
	int64_t free, first, max;
	int is_shared; /* by people who do not know each other */
} kinds[GUESS_KINDS] = {
	[GUESS_PASSWORD] = { GUESS_FREE, 15, GUESS_DELAY_MAX, 0 },
	/* A house with one address for all its people mistypes more. */
	[GUESS_ADDRESS] = { 30, 15, GUESS_DELAY_MAX, 1 },
	[GUESS_SECOND] = { GUESS_FREE, 15, GUESS_DELAY_MAX, 0 },
	[GUESS_AGAIN] = { GUESS_FREE, 15, GUESS_DELAY_MAX, 0 },
	[GUESS_MAIL_TO] = { 3, 60, GUESS_KEEP - 1, 0 },
	[GUESS_MAIL_FROM] = { 20, 15, GUESS_DELAY_MAX, 1 },
	[GUESS_TRANSFER] = { GUESS_FREE, 15, GUESS_DELAY_MAX, 0 },
};

enum rc
guess_email(struct guess *guess, enum guess_kind kind,
    const struct pepper *pepper, const char *email)
{
	unsigned char mac[SECRET_HASH_LEN];
	enum rc rc;

	memset(guess, 0, sizeof(*guess));
	guess->kind = kind;
	rc = secret_hmac(pepper, email, strlen(email), mac);
	if (rc == RC_OK) {
		guess->subject_len = sizeof(guess->subject);
		memcpy(guess->subject, mac, sizeof(guess->subject));
	}
	return rc;
}

void
guess_account(
    struct guess *guess, enum guess_kind kind, const struct caller *caller)
{
	memset(guess, 0, sizeof(*guess));
	guess->kind = kind;
	guess->subject_len = sizeof(caller->account_id);
	memcpy(guess->subject, &caller->account_id, sizeof(caller->account_id));
}

void
guess_address(
    struct guess *guess, enum guess_kind kind, const unsigned char address[16])
{
	static const unsigned char mapped[12] = { [10] = 0xff, [11] = 0xff };

	memset(guess, 0, sizeof(*guess));
	guess->kind = kind;
	if (memcmp(address, mapped, sizeof(mapped)) == 0) {
		guess->subject_len = 4;
		memcpy(guess->subject, address + sizeof(mapped), 4);
	} else {
		guess->subject_len = 8;
		memcpy(guess->subject, address, 8);
	}
}

static struct db_value
subject(const struct guess *guess, unsigned char buf[SUBJECT_LEN])
{
	buf[0] = (unsigned char)guess->kind;
	memcpy(buf + 1, guess->subject, guess->subject_len);
	return DB_BLOB(buf, guess->subject_len + 1);
}

/* How long the next try has to wait after so many failures. */
static int64_t
delay(enum guess_kind kind, int64_t failures)
{
	int64_t wait = kinds[kind].first;

	if (failures < kinds[kind].free)
		return 0;
	for (; failures > kinds[kind].free && wait < kinds[kind].max;
	     failures--)
		wait *= 2;
	return wait < kinds[kind].max ? wait : kinds[kind].max;
}

static const char SQL_GET[] = "SELECT failures, failed_at FROM guess"
			      " WHERE subject = $1";

/* Reads a counter; *wait_s is how long it makes the try at hand wait. */
static enum rc
get(struct db *people, struct guess *guess, int64_t now, int64_t *wait_s)
{
	unsigned char buf[SUBJECT_LEN];
	struct db_rows *rows = NULL;
	int64_t wait;
	enum rc rc;

	*wait_s = guess->failures_before = guess->failed_before = 0;
	rc = db_query(people, SQL_GET, DB_ARGS(subject(guess, buf)), &rows);
	if (rc == RC_OK)
		rc = db_next(rows);
	if (rc == RC_OK) {
		guess->failures_before = db_int(rows, 0);
		guess->failed_before = db_int(rows, 1);
	}
	db_done(&rows);
	if (rc != RC_OK)
		return rc == RC_NOT_FOUND ? RC_OK : rc;
	if (now - guess->failed_before >= GUESS_KEEP) {
		guess->failures_before = 0;
		return RC_OK;
	}
	/* The clock was set back: this try dates the counter anew. */
	if (guess->failed_before > now + PEOPLE_CLOCK_SLACK)
		return RC_OK;
	wait = delay(guess->kind, guess->failures_before);
	if (guess->failed_before + wait > now)
		*wait_s = guess->failed_before + wait - now;
	return RC_OK;
}

static const char SQL_PUT[] =
    "INSERT OR REPLACE INTO guess (subject, failures, failed_at)"
    " VALUES ($1, $2, $3)";

static enum rc
put(struct db *people, const struct guess *guess, int64_t failures,
    int64_t failed_at)
{
	unsigned char buf[SUBJECT_LEN];

	return db_run(people, SQL_PUT,
	    DB_ARGS(subject(guess, buf), DB_INT(failures), DB_INT(failed_at)));
}

enum rc
guess_admit(struct db *people, struct guess *guesses, size_t n, int64_t now,
    int64_t *wait_s)
{
	enum rc rc = RC_OK;
	int64_t wait;
	size_t i;

	*wait_s = 0;
	for (i = 0; rc == RC_OK && i < n; i++) {
		rc = get(people, &guesses[i], now, &wait);
		if (rc == RC_OK && wait > *wait_s)
			*wait_s = wait;
	}
	if (rc == RC_OK && *wait_s > 0)
		rc = RC_LIMITED;
	for (i = 0; rc == RC_OK && i < n; i++) {
		guesses[i].failed_at = now;
		rc = put(
		    people, &guesses[i], guesses[i].failures_before + 1, now);
	}
	return rc;
}

static const char SQL_FORGET[] = "DELETE FROM guess WHERE subject = $1";

enum rc
guess_forget(struct db *people, const struct guess *guess)
{
	unsigned char buf[SUBJECT_LEN];

	return db_run(people, SQL_FORGET, DB_ARGS(subject(guess, buf)));
}

/*
 * Others may have failed since: the count goes down by one, and the time of
 * the last failure goes back only if it is still that of this try.
 */
static const char SQL_UNDO[] =
    "UPDATE guess SET failures = failures - 1,"
    " failed_at = CASE failed_at WHEN $1 THEN $2 ELSE failed_at END"
    " WHERE subject = $3 AND failures > 1";
static const char SQL_UNDO_LAST[] =
    "DELETE FROM guess WHERE subject = $1 AND failures <= 1";

static enum rc
undo(struct db *people, const struct guess *guess)
{
	unsigned char buf[SUBJECT_LEN];
	enum rc rc;

	rc = db_run(people, SQL_UNDO_LAST, DB_ARGS(subject(guess, buf)));
	if (rc == RC_OK && db_changes(people) == 0)
		rc = db_run(people, SQL_UNDO,
		    DB_ARGS(DB_INT(guess->failed_at),
			DB_INT(guess->failed_before), subject(guess, buf)));
	return rc;
}

enum rc
guess_undo(struct db *people, const struct guess *guesses, size_t n)
{
	enum rc rc = RC_OK;
	size_t i;

	for (i = 0; rc == RC_OK && i < n; i++)
		rc = undo(people, &guesses[i]);
	return rc;
}

enum rc
guess_right(struct db *people, const struct guess *guesses, size_t n)
{
	enum rc rc = RC_OK;
	size_t i;

	for (i = 0; rc == RC_OK && i < n; i++)
		rc = kinds[guesses[i].kind].is_shared
			 ? undo(people, &guesses[i])
			 : guess_forget(people, &guesses[i]);
	return rc;
}
