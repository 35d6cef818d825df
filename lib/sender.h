/* SPDX-License-Identifier: ISC */
/*
 * The delivery loop: takes due deliveries from the queue, many at once,
 * sends them over libcurl, and writes down what became of each.  Linked by
 * bin/deliver_webhooks alone.
 */
#ifndef LATCHKEY_SENDER_H
#define LATCHKEY_SENDER_H

#include <stdint.h>

#include "config.h"
#include "db.h"
#include "delivery.h"
#include "rc.h"
#include "secret.h"

enum {
	SENDER_TAKE_S = 50,      /* after that no more work is taken */
	SENDER_CONNECT_S = 5,    /* for a connection, TLS included */
	SENDER_TOTAL_S = 15,     /* for a delivery */
	SENDER_ENDPOINT_MAX = 4, /* at once to one endpoint */
	SENDER_MAX = 256,        /* at once in all */
	SENDER_ANSWER_MAX = 4096 /* bytes of an answer's body that are read */
};

/* What a run is given, and what it counts. */
struct sender {
	const struct config *config;
	struct db *db;
	const struct seal_key *key;
	const char *agent; /* User-Agent */
	int once;          /* nothing that comes due under way */
	int64_t linger_s;  /* looks for new events so long; 0: not */
	/* Called for each attempt, before it is written down; may be NULL. */
	void (*tell)(void *arg, const char *event, const char *url,
	    const struct delivery_result *result);
	void *arg;
	int64_t delivered, failed, blocked, postponed;
};

/*
 * Delivers what is due, and with linger_s what comes due within that time
 * (at most SENDER_TAKE_S), mails owners what they are to be told, and sweeps
 * what is too old.  Only one may run.  RC_BUSY, RC_FAIL (logged) if results
 * could not be written: those deliveries will be repeated.
 */
enum rc sender_run(struct sender *sender);

#endif
