/* SPDX-License-Identifier: ISC */
/*
 * The outbox: events are queued in the transaction of the change that they
 * tell of, one delivery for each active endpoint that wants them.  Where no
 * endpoint does, nothing is written.
 */
#ifndef LATCHKEY_EVENT_H
#define LATCHKEY_EVENT_H

#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "account.h"
#include "db.h"
#include "rc.h"

/* event.type; webhook.events has a bit for each. */
enum event_type {
	EVENT_ORDER_CREATED,
	EVENT_ORDER_IN_PROGRESS,
	EVENT_ORDER_COMPLETED,
	EVENT_ORDER_PARTIAL,
	EVENT_ORDER_CANCELED, /* by the customer */
	EVENT_ORDER_FAILED,   /* by the operator or a provider */
	EVENT_ORDER_REFUNDED,
	EVENT_REFILL_COMPLETED,
	EVENT_REFILL_REJECTED,
	EVENT_BALANCE_LOW,
	EVENT_WEBHOOK_TEST,
	EVENT_TYPES
};

enum {
	EVENT_ALL = (1 << EVENT_TYPES) - 1, /* of webhook.events */
	EVENT_BODY_MAX = 16384,             /* bytes */
	/* "evt_" and 130 bits in base62, so that no two are ever alike. */
	EVENT_NAME_LEN = 4 + 22
};

/* delivery.status */
enum delivery_status {
	DELIVERY_PENDING = 1,
	DELIVERY_DELIVERED = 2,
	DELIVERY_EXHAUSTED = 3 /* given up; can be resent */
};

/* What is to be told, and to whom. */
struct event {
	enum event_type type;
	int64_t order_id;   /* in whose order it goes; 0: of none */
	int64_t webhook_id; /* for this endpoint alone; 0: all that want it */
	/*
	 * What it tells of, unique over all events: queued again, nothing
	 * happens.  "order:23501:7"
	 */
	char subject[64];
};

/* The wire's name of a type; NULL if there is no such type. */
const char *event_type_name(int type);

/* The type of len bytes of name; EVENT_TYPES if there is none. */
enum event_type event_type_find(const char *name, size_t len);

/*
 * Inside a transaction: does an active endpoint of the caller's account want
 * the type?  Spares making an event that nobody gets.
 */
enum rc event_is_wanted(struct db *db, const struct caller *caller,
    enum event_type type, int *is_wanted);

/*
 * Queues an event, inside the write transaction of the change it tells of.
 * Takes over data, the payload's "data" (NULL: memory has run out).  name,
 * which may be NULL, gets the event's id on the wire and a NUL, "" if it was
 * queued before.  RC_FAIL (logged), RC_BUSY.
 */
enum rc event_queue(struct db *db, const struct caller *caller,
    const struct event *event, json_t *data, int64_t now,
    char name[EVENT_NAME_LEN + 1]);

#endif
