/* SPDX-License-Identifier: ISC */
/*
 * The receiver's one loop and what hangs on it.
 */
#ifndef LATCHKEY_TESTS_SERVER_H
#define LATCHKEY_TESTS_SERVER_H

#include <stdint.h>
#include <sys/queue.h>

#include "record.h"
#include "tally.h"

struct server;
struct ssl_ctx_st;

/* What epoll tells of; the first member of whatever has a descriptor. */
struct source {
	void (*ready)(
	    struct server *server, struct source *source, uint32_t events);
	int is_busy; /* a request of it is under way */
};

TAILQ_HEAD(connections, connection);

struct server {
	int epoll, log; /* log: -1: none is kept */
	int over;       /* told to end */
	struct statistics statistics;
	struct tallies paths, flaky;
	struct connections open;
	struct connections waiting; /* by the time they wait for */
};

/* Takes a connection over; ctx is NULL without TLS.  Ends if it cannot. */
void connection_open(struct server *server, int fd, struct ssl_ctx_st *ctx);

/* Closes all that are open. */
void connection_close_all(struct server *server);

/* Goes on with those whose time has come. */
void connection_run_due(struct server *server);

/* How long epoll may wait for the next one: -1 if none waits. */
int connection_timeout_ms(const struct server *server);

#endif
