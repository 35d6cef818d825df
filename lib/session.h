/* SPDX-License-Identifier: ISC */
/*
 * Sessions of account holders.  A token is 256 random bits in base62; stored
 * is its SHA-256.  Idle for SESSION_IDLE seconds or SESSION_MAX after the
 * log-in a session is over.
 *
 * Unless its comment says otherwise a function runs inside the caller's
 * transaction of the people's database, a write transaction where it changes
 * something.
 */
#ifndef LATCHKEY_SESSION_H
#define LATCHKEY_SESSION_H

#include <stddef.h>
#include <stdint.h>

#include "account.h"
#include "db.h"
#include "rc.h"
#include "secret.h"
#include "zone.h"

enum {
	SESSION_TOKEN_LEN = 43,   /* 62^43 > 2^256; NUL not included */
	SESSION_IDLE = 1800,      /* seconds */
	SESSION_MAX = 43200,      /* seconds */
	SESSION_SECOND_MAX = 600, /* seconds for the second factor */
	SESSION_SEEN_EVERY = 60,  /* seconds; written no more often */
	SESSION_AGENT_MAX = 200,  /* bytes kept of the browser's words */
	SESSION_LIST_MAX = 100    /* of an account and stage; older ones end */
};

/* How far a log-in has come.  The numbers stand in the database. */
enum session_stage {
	SESSION_PASSWORD = 1, /* the second factor is still to be given */
	SESSION_FULL = 2
};

struct session {
	int64_t id;
	int64_t account_id;
	enum session_stage stage;
	int64_t created_at, seen_at;
	/* SHA-256 of its token: what a form's token is bound to. */
	unsigned char hash[SECRET_HASH_LEN];
	/* Of its owner, for who shows a page; "" where session_find was not. */
	char time_zone[ZONE_NAME_MAX + 1];
};

/* A token as text and its NUL; whoever holds one wipes it. */
struct session_token {
	char s[SESSION_TOKEN_LEN + 1];
};

/* One row of the list; texts are borrowed for the call. */
struct session_row {
	int64_t id;
	const char *address, *agent;
	int64_t created_at, seen_at;
};

/*
 * Starts a session of an account; address and agent are told to its owner
 * (the agent is cut and what is not printable taken out).  *token is its only
 * copy.  RC_FAIL, RC_BUSY (logged): *token is then empty.
 */
enum rc session_start(struct db *people, int64_t account_id,
    enum session_stage stage, const char *address, const char *agent,
    int64_t now, struct session *session, struct session_token *token);

/*
 * Finds the session of a token that came from outside and notes that it was
 * seen, at most once a minute.  Makes its own transactions; none may be
 * open.  RC_DENIED (not logged) if there is none or it is over: *session is
 * then all zero.  RC_BUSY, RC_FAIL (logged).
 */
enum rc session_find(struct db *people, const char *token, size_t len,
    int64_t now, struct session *session);

/*
 * Gives the session another stage and a new token: the old one is dead when
 * the transaction commits.  Every change of rights does this.  RC_DENIED if
 * the session is not there any more with the token that it was found by.
 */
enum rc session_renew(struct db *people, enum session_stage stage, int64_t now,
    struct session *session, struct session_token *token);

/* Ends one of the caller's.  RC_NOT_FOUND. */
enum rc session_end(struct db *people, const struct caller *caller, int64_t id);

/* Ends all of the caller's but that one (0: all); *n tells how many. */
enum rc session_end_others(struct db *people, const struct caller *caller,
    int64_t keep_id, int64_t *n);

/*
 * Calls each for the caller's full sessions that are not over, the one seen
 * last first, until it does not give RC_OK; gives that.
 */
enum rc session_each(struct db *people, const struct caller *caller,
    int64_t now, enum rc (*each)(void *arg, const struct session_row *row),
    void *arg);

/* Wipes a token. */
void session_wipe(struct session_token *token);

#endif
