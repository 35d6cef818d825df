/* SPDX-License-Identifier: ISC */
/*
 * The queue of deliveries, as the sender sees it: over all accounts.  A row
 * is claimed under a lease, so that a sender that was killed holds it up no
 * longer than DELIVERY_LEASE_S.  Programs of the API never link this.
 *
 * Functions on the database run inside the caller's transaction, a write
 * transaction where they change something; RC_BUSY and RC_FAIL are logged.
 */
#ifndef LATCHKEY_DELIVERY_H
#define LATCHKEY_DELIVERY_H

#include <stddef.h>
#include <stdint.h>

#include "db.h"
#include "event.h"
#include "rc.h"
#include "webhook.h"

enum {
	DELIVERY_ATTEMPTS = 10, /* then it is given up */
	DELIVERY_LEASE_S = 90,
	DELIVERY_CLAIM_MAX = 256,    /* for one endpoint at once */
	DELIVERY_HOLD_MAX_S = 86400, /* of what Retry-After may ask for */
	DELIVERY_BLOCKED_S = 3600,   /* until an address is looked at again */
	DELIVERY_ANSWER_MAX = 1024,  /* bytes of an answer that are kept */
	DELIVERY_BODY_DAYS = 30,
	DELIVERY_ATTEMPT_DAYS = 14
};

/* An endpoint that something is due for. */
struct delivery_endpoint {
	int64_t id;
	char url[2001];
	size_t nsecrets; /* the newer one first */
	unsigned char secrets[2][WEBHOOK_SECRET_LEN];
};

/* A claimed delivery. */
struct delivery {
	int64_t event_id;
	int64_t webhook_id;
	int64_t attempts; /* that failed */
	int type;         /* enum event_type */
	char name[EVENT_NAME_LEN + 1];
	size_t len;
	char body[]; /* NUL after its end */
};

/* How a delivery ended this time. */
enum delivery_end {
	DELIVERY_DONE,    /* 2xx */
	DELIVERY_FAILED,  /* tried again by the schedule */
	DELIVERY_GONE,    /* 410: the endpoint is disabled */
	DELIVERY_BLOCKED, /* not a public address */
	DELIVERY_OURS     /* our own fault: as if it had not been tried */
};

struct delivery_result {
	int64_t event_id;
	int64_t webhook_id;
	enum delivery_end end;
	int64_t at; /* Unix seconds */
	int64_t duration_ms;
	int64_t http_status; /* 0: no answer */
	int64_t hold_s;      /* of Retry-After; 0: none */
	char error[128];     /* in words; "": none */
	char answer[DELIVERY_ANSWER_MAX + 1];
};

/*
 * Frees what a sender had in its hands that is no more, and brings back what
 * a clock that was set back has put far off; for the start of the only one.
 */
enum rc delivery_recover(struct db *db, int64_t now);

/*
 * Finds the next active endpoint above the id after that has a delivery due.
 * RC_NOT_FOUND past the last.  An endpoint whose secret cannot be unsealed
 * (logged) is passed over.
 */
enum rc delivery_next_endpoint(struct db *db, const struct seal_key *key,
    int64_t after, int64_t now, struct delivery_endpoint *endpoint);

/*
 * Claims up to max due deliveries of an endpoint (at most
 * DELIVERY_CLAIM_MAX), oldest first, none whose order has an earlier one on
 * its way.  Gives them to take, which owns and frees them.  RC_FAIL (logged)
 * without memory.
 */
enum rc delivery_claim(struct db *db, int64_t webhook_id, size_t max,
    int64_t now, void (*take)(void *arg, struct delivery *delivery), void *arg);

/*
 * Writes what became of a claimed delivery: the attempt, when the next one
 * is, and what it means for the endpoint.
 */
enum rc delivery_finish(struct db *db, const struct delivery_result *result);

/* Gives back a claimed delivery that was not tried. */
enum rc delivery_release(
    struct db *db, int64_t event_id, int64_t webhook_id, int64_t next_at);

/* How many are on their way in all, now or later. */
enum rc delivery_left(struct db *db, int64_t *n);

/* The seconds to wait after n failed attempts, up to 20 % more by chance. */
int64_t delivery_delay(int64_t n);

/* What an owner is to be told; texts are borrowed for the call. */
struct delivery_notice {
	int64_t webhook_id;
	int kind; /* enum webhook_notice */
	const char *email;
	const char *url;
	const char *reason; /* NULL: none */
};

/* Calls each for every notice that is due. */
enum rc delivery_notices(struct db *db,
    enum rc (*each)(void *arg, const struct delivery_notice *notice),
    void *arg);

/* Notes that a notice of that kind has been told. */
enum rc delivery_told(struct db *db, int64_t webhook_id, int kind);

/*
 * Sweeps some hundred rows whose time is over: attempts, events with their
 * deliveries, removed endpoints.  *n tells how many; 0 if nothing is left.
 */
enum rc delivery_sweep(struct db *db, int64_t now, int64_t *n);

#endif
