/* SPDX-License-Identifier: ISC */
/*
 * Sweeping out of the people's database what is over.  Each statement takes
 * some rows only: who logs in meanwhile waits for one of them at most.
 */
#include "sweep.h"

#include <stddef.h>
#include <string.h>

#include "guess.h"
#include "session.h"

enum { DAY = 86400 };

/* everybody's: what is over is over for all, in all statements here */
static const char SQL_SESSIONS[] =
    "DELETE FROM session WHERE id IN (SELECT id FROM session"
    " WHERE seen_at <= $1 LIMIT $2)";
static const char SQL_OLD_SESSIONS[] =
    "DELETE FROM session WHERE id IN (SELECT id FROM session"
    " WHERE created_at <= $1 LIMIT $2)";
static const char SQL_MAIL_TOKENS[] =
    "DELETE FROM mail_token WHERE hash IN (SELECT hash FROM mail_token"
    " WHERE expires_at <= $1 LIMIT $2)";
static const char SQL_GUESSES[] =
    "DELETE FROM guess WHERE subject IN (SELECT subject FROM guess"
    " WHERE failed_at <= $1 LIMIT $2)";
static const char SQL_FORMS[] =
    "DELETE FROM form_used WHERE (account_id, id) IN"
    " (SELECT account_id, id FROM form_used WHERE used_at <= $1 LIMIT $2)";
static const char SQL_SECOND_FACTORS[] =
    "DELETE FROM second_factor WHERE account_id IN"
    " (SELECT account_id FROM second_factor"
    "  WHERE confirmed_at IS NULL AND created_at <= $1 LIMIT $2)";
static const char SQL_AUDITS[] =
    "DELETE FROM audit WHERE (account_id, seq) IN"
    " (SELECT account_id, seq FROM audit WHERE happened_at <= $1 LIMIT $2)";

/* Deletes what is from before a time, some rows at a time; adds them up. */
static enum rc
sweep(struct db *people, const char *sql, int64_t before, int64_t *n)
{
	int64_t rows = SWEEP_ROWS;
	enum rc rc = RC_OK;

	while (rc == RC_OK && rows == SWEEP_ROWS) {
		if ((rc = db_begin(people, DB_WRITE)) != RC_OK)
			break;
		rc = db_run(
		    people, sql, DB_ARGS(DB_INT(before), DB_INT(SWEEP_ROWS)));
		rows = db_changes(people);
		rc = db_end(people, rc);
		if (rc == RC_OK)
			*n += rows;
	}
	return rc;
}

enum rc
sweep_people(
    struct db *people, int64_t audit_days, int64_t now, struct swept *swept)
{
	const struct {
		const char *sql;
		int64_t before;
		int64_t *n;
	} steps[] = {
		{ SQL_SESSIONS, now - SESSION_IDLE, &swept->sessions },
		{ SQL_OLD_SESSIONS, now - SESSION_MAX, &swept->sessions },
		{ SQL_MAIL_TOKENS, now, &swept->mail_tokens },
		{ SQL_GUESSES, now - GUESS_KEEP, &swept->guesses },
		{ SQL_FORMS, now - DAY, &swept->forms },
		{ SQL_SECOND_FACTORS, now - DAY, &swept->second_factors },
		/* The last: it has its number only by configuration. */
		{ SQL_AUDITS, now - audit_days * DAY, &swept->audits },
	};
	size_t n = sizeof(steps) / sizeof(steps[0]) - (audit_days == 0);
	enum rc rc = RC_OK;
	size_t i;

	memset(swept, 0, sizeof(*swept));
	for (i = 0; rc == RC_OK && i < n; i++)
		rc = sweep(people, steps[i].sql, steps[i].before, steps[i].n);
	return rc;
}
