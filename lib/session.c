/* SPDX-License-Identifier: ISC */
/*
 * Sessions.  A token is as good as a password for as long as it lives, so
 * that only its hash is stored: a copy of the database logs nobody in.  The
 * hash needs no salt, for nobody guesses 256 bits.
 */
#include "session.h"

#include <stdio.h>
#include <string.h>

#include "people.h"
#include "text.h"

/* Draws a token, and its hash. */
static enum rc
draw(struct session_token *token, unsigned char hash[SECRET_HASH_LEN])
{
	enum rc rc = secret_random_base62(token->s, SESSION_TOKEN_LEN);

	if (rc == RC_OK)
		rc = secret_sha256(token->s, SESSION_TOKEN_LEN, hash);
	return rc;
}

void
session_wipe(struct session_token *token)
{
	secret_wipe(token, sizeof(*token));
}

/*
 * True if it is over.  What claims to be from later than now was written
 * before the clock was set back: its age is unknown, so it is over, too.
 */
static int
is_over(const struct session *session, int64_t now)
{
	int64_t max =
	    session->stage == SESSION_FULL ? SESSION_MAX : SESSION_SECOND_MAX;

	return now - session->created_at >= max ||
	       now - session->seen_at >= SESSION_IDLE ||
	       session->seen_at > now + PEOPLE_CLOCK_SLACK;
}

static const char SQL_START[] =
    "INSERT INTO session (account_id, hash, stage, address, agent,"
    " created_at, seen_at) VALUES ($1, $2, $3, $4, $5, $6, $6)";

/*
 * The sessions of an account that are more than it may have, of each stage:
 * who has but the password, and starts many that stay halves, ends no whole
 * one of the owner's.
 */
static const char SQL_TRIM[] =
    "DELETE FROM session WHERE account_id = $1 AND id IN"
    " (SELECT id FROM session WHERE account_id = $1 AND stage = $2"
    "  ORDER BY id DESC LIMIT -1 OFFSET $3)";

enum rc
session_start(struct db *people, int64_t account_id, enum session_stage stage,
    const char *address, const char *agent, int64_t now,
    struct session *session, struct session_token *token)
{
	char words[SESSION_AGENT_MAX + 1];
	enum rc rc;

	memset(session, 0, sizeof(*session));
	rc = draw(token, session->hash);
	text_clean(agent, SESSION_AGENT_MAX, words);
	if (rc == RC_OK)
		rc = db_run(people, SQL_START,
		    DB_ARGS(DB_INT(account_id),
			DB_BLOB(session->hash, sizeof(session->hash)),
			DB_INT(stage), DB_TEXT(address), DB_TEXT(words),
			DB_INT(now)));
	if (rc == RC_OK) {
		session->id = db_last_id(people);
		rc = db_run(people, SQL_TRIM,
		    DB_ARGS(DB_INT(account_id), DB_INT(stage),
			DB_INT(SESSION_LIST_MAX)));
	}
	if (rc == RC_OK) {
		session->account_id = account_id;
		session->stage = stage;
		session->created_at = session->seen_at = now;
		return RC_OK;
	}
	session_wipe(token);
	memset(session, 0, sizeof(*session));
	return rc;
}

/*
 * The token says whose it is: there is no account yet to look for.  With what
 * every page needs, or that would cost a transaction of its own.
 */
static const char SQL_FIND[] =
    "SELECT session.id, session.account_id, stage, created_at, seen_at,"
    " COALESCE(time_zone, '')"
    " FROM session LEFT JOIN person"
    " ON person.account_id = session.account_id"
    " WHERE hash = $1";

/* Reads the session of session->hash; RC_NOT_FOUND. */
static enum rc
read_session(struct db *people, struct session *session)
{
	struct db_rows *rows = NULL;
	enum rc rc;

	rc = db_query(people, SQL_FIND,
	    DB_ARGS(DB_BLOB(session->hash, sizeof(session->hash))), &rows);
	if (rc == RC_OK)
		rc = db_next(rows);
	if (rc == RC_OK) {
		session->id = db_int(rows, 0);
		session->account_id = db_int(rows, 1);
		session->stage = (enum session_stage)db_int(rows, 2);
		session->created_at = db_int(rows, 3);
		session->seen_at = db_int(rows, 4);
		(void)snprintf(session->time_zone, sizeof(session->time_zone),
		    "%s", db_text(rows, 5));
	}
	db_done(&rows);
	return rc;
}

/* Never back: another process may have seen it later. */
static const char SQL_SEEN[] =
    "UPDATE session SET seen_at = $1"
    " WHERE account_id = $2 AND id = $3 AND seen_at < $1";

static enum rc
note_seen(struct db *people, struct session *session, int64_t now)
{
	enum rc rc;

	if ((rc = db_begin(people, DB_WRITE)) != RC_OK)
		return rc;
	rc = db_run(people, SQL_SEEN,
	    DB_ARGS(
		DB_INT(now), DB_INT(session->account_id), DB_INT(session->id)));
	rc = db_end(people, rc);
	if (rc == RC_OK)
		session->seen_at = now;
	return rc;
}

/* True if it is as long as a token is, and made of the same characters. */
static int
is_token(const char *token, size_t len)
{
	size_t i;

	if (len != SESSION_TOKEN_LEN)
		return 0;
	for (i = 0; i < len; i++)
		if (!((token[i] >= '0' && token[i] <= '9') ||
			(token[i] >= 'A' && token[i] <= 'Z') ||
			(token[i] >= 'a' && token[i] <= 'z')))
			return 0;
	return 1;
}

enum rc
session_find(struct db *people, const char *token, size_t len, int64_t now,
    struct session *session)
{
	enum rc rc = RC_DENIED;

	memset(session, 0, sizeof(*session));
	if (!is_token(token, len))
		return RC_DENIED;
	rc = secret_sha256(token, len, session->hash);
	if (rc == RC_OK)
		rc = db_begin(people, DB_READ);
	if (rc == RC_OK)
		rc = db_end(people, read_session(people, session));
	if (rc == RC_NOT_FOUND || (rc == RC_OK && is_over(session, now)))
		rc = RC_DENIED;
	if (rc == RC_OK && now - session->seen_at >= SESSION_SEEN_EVERY)
		rc = note_seen(people, session, now);
	if (rc != RC_OK)
		memset(session, 0, sizeof(*session));
	return rc;
}

/* Compares with the hash that it was found by, and sets the new one. */
static const char SQL_RENEW[] =
    "UPDATE session SET hash = $1, stage = $2, seen_at = max(seen_at, $3)"
    " WHERE account_id = $4 AND id = $5 AND hash = $6";

enum rc
session_renew(struct db *people, enum session_stage stage, int64_t now,
    struct session *session, struct session_token *token)
{
	unsigned char hash[SECRET_HASH_LEN];
	enum rc rc;

	rc = draw(token, hash);
	if (rc == RC_OK)
		rc = db_run(people, SQL_RENEW,
		    DB_ARGS(DB_BLOB(hash, sizeof(hash)), DB_INT(stage),
			DB_INT(now), DB_INT(session->account_id),
			DB_INT(session->id),
			DB_BLOB(session->hash, sizeof(session->hash))));
	if (rc == RC_OK && db_changes(people) == 0)
		rc = RC_DENIED;
	if (rc != RC_OK) {
		session_wipe(token);
		return rc;
	}
	memcpy(session->hash, hash, sizeof(hash));
	session->stage = stage;
	return RC_OK;
}

static const char SQL_END[] = "DELETE FROM session"
			      " WHERE account_id = $1 AND id = $2";

enum rc
session_end(struct db *people, const struct caller *caller, int64_t id)
{
	enum rc rc;

	rc = db_run(
	    people, SQL_END, DB_ARGS(DB_INT(caller->account_id), DB_INT(id)));
	if (rc == RC_OK && db_changes(people) == 0)
		return RC_NOT_FOUND;
	return rc;
}

static const char SQL_END_OTHERS[] = "DELETE FROM session"
				     " WHERE account_id = $1 AND id <> $2";

enum rc
session_end_others(
    struct db *people, const struct caller *caller, int64_t keep_id, int64_t *n)
{
	enum rc rc;

	*n = 0;
	rc = db_run(people, SQL_END_OTHERS,
	    DB_ARGS(DB_INT(caller->account_id), DB_INT(keep_id)));
	if (rc == RC_OK)
		*n = db_changes(people);
	return rc;
}

static const char SQL_EACH[] =
    "SELECT id, account_id, stage, created_at, seen_at, address, agent"
    " FROM session WHERE account_id = $1 AND stage = $2"
    " ORDER BY seen_at DESC, id DESC LIMIT $3";

enum rc
session_each(struct db *people, const struct caller *caller, int64_t now,
    enum rc (*each)(void *arg, const struct session_row *row), void *arg)
{
	struct db_rows *rows = NULL;
	struct session session;
	struct session_row row;
	enum rc rc;

	memset(&session, 0, sizeof(session));
	rc = db_query(people, SQL_EACH,
	    DB_ARGS(DB_INT(caller->account_id), DB_INT(SESSION_FULL),
		DB_INT(SESSION_LIST_MAX)),
	    &rows);
	while (db_more(rows, &rc)) {
		session.stage = (enum session_stage)db_int(rows, 2);
		row.id = db_int(rows, 0);
		row.created_at = session.created_at = db_int(rows, 3);
		row.seen_at = session.seen_at = db_int(rows, 4);
		row.address = db_text(rows, 5);
		row.agent = db_text(rows, 6);
		if (!is_over(&session, now))
			rc = each(arg, &row);
	}
	db_done(&rows);
	return rc;
}
