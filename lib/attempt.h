/* SPDX-License-Identifier: ISC */
/*
 * What became of deliveries, as the owner of an endpoint sees it: the
 * attempts that were made, and sending again what was given up.
 *
 * Every function runs inside the caller's transaction, a write transaction
 * where it changes something.
 */
#ifndef LATCHKEY_ATTEMPT_H
#define LATCHKEY_ATTEMPT_H

#include <stdint.h>

#include "account.h"
#include "db.h"
#include "error.h"
#include "rc.h"

/* attempt.outcome */
enum attempt_outcome {
	ATTEMPT_DELIVERED = 1,
	ATTEMPT_FAILED = 2,
	ATTEMPT_BLOCKED = 3 /* an address that is not public */
};

enum {
	ATTEMPT_LIMIT = 50,    /* of a list */
	ATTEMPT_RESEND = 10000 /* events that one call sends again */
};

/* One attempt; texts are borrowed for the call. */
struct attempt {
	int64_t seq;       /* counts within the endpoint */
	const char *event; /* its id on the wire; NULL: swept by now */
	int type;          /* enum event_type; -1: likewise */
	int outcome;       /* enum attempt_outcome */
	int64_t attempted_at;
	int64_t duration_ms;
	int64_t http_status; /* 0: no answer */
	const char *error;   /* in words; NULL: none */
	const char *answer;  /* how it began; NULL: none */
	int64_t next_at;     /* 0: no further one */
};

/* "delivered", "failed", "blocked"; NULL for another number. */
const char *attempt_outcome_name(int outcome);

/*
 * Calls each for the newest ATTEMPT_LIMIT attempts at an endpoint of the
 * caller's, of that outcome (0: of any) and before that seq (0: from the
 * newest), until it does not give RC_OK; gives that.
 */
enum rc attempt_each(struct db *db, const struct caller *caller,
    int64_t webhook_id, int outcome, int64_t before,
    enum rc (*each)(void *arg, const struct attempt *attempt), void *arg);

/*
 * Sends one event again to an endpoint of the caller's, whatever became of
 * it.  RC_NOT_FOUND with ERROR_EVENT if it was never for that endpoint, or
 * was swept.
 */
enum rc attempt_resend_event(struct db *db, const struct caller *caller,
    int64_t webhook_id, const char *event, int64_t now, struct why *why);

/*
 * Sends again, to an endpoint of the caller's, what was given up since a
 * time (Unix seconds): the oldest ATTEMPT_RESEND of it.  *n tells how many.
 */
enum rc attempt_resend_since(struct db *db, const struct caller *caller,
    int64_t webhook_id, int64_t since, int64_t now, int64_t *n);

#endif
