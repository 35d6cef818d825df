/* SPDX-License-Identifier: ISC */
/*
 * A receiver of webhooks to test against, which is a program of its own: it
 * does what the path of a URL says, good or bad (the list is in
 * receiver/reply.h), and keeps a record of every request.  All functions end
 * the test when they fail.
 *
 * A record is an object: "at" (microseconds since 1970, when the request was
 * whole), "connection" (a number from 1), "reused" (not the connection's
 * first), "tls", "resumed", "sni", "in_flight" (requests to this path under
 * way, itself too), "status" (of the answer; 0: none is told), "method",
 * "path", "query", "host", "content-type", "user-agent", every "webhook-..."
 * header in lower case, and "body", or "body_hex" if that is no text.  What
 * was not there is left out.
 */
#ifndef LATCHKEY_TESTS_RECEIVER_H
#define LATCHKEY_TESTS_RECEIVER_H

#include <jansson.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/types.h>

enum { RECEIVER_PATH_LEN = 512, RECEIVER_URL_LEN = 4096 };

enum receiver_port {
	RECEIVER_HTTP,
	RECEIVER_HTTPS,       /* a good certificate by the authority */
	RECEIVER_SELF_SIGNED, /* bad ones, over https */
	RECEIVER_EXPIRED,
	RECEIVER_NOT_YET,
	RECEIVER_WRONG_NAME,
	RECEIVER_REFUSED,   /* nobody listens, nor will */
	RECEIVER_STALLED,   /* connects and does nothing more */
	RECEIVER_BLACKHOLE, /* does not even connect */
	RECEIVER_PORTS
};

struct receiver {
	pid_t pid; /* 0: none */
	int in;    /* its input, which it ends with */
	FILE *out; /* what it prints */
	int ports[RECEIVER_PORTS];
	char dir[RECEIVER_PATH_LEN];
	char ca[RECEIVER_PATH_LEN]; /* PEM file of the authority to trust */
	json_t *records;            /* read so far */
	off_t read_to;              /* in its file of records */
};

/* Starts one on free ports, with a new directory and a new authority. */
void receiver_start(struct receiver *receiver);

/*
 * Ends it, sees that it ends well, and removes the directory.  Twice is
 * fine, and so is one of zeros.
 */
void receiver_stop(struct receiver *receiver);

/*
 * Writes the URL of a path at 127.0.0.1 to url and gives it.  The scheme is
 * that of the port, http for those that are dead.
 */
const char *receiver_url(const struct receiver *receiver,
    enum receiver_port port, const char *path, char url[RECEIVER_URL_LEN]);

/*
 * The array of records, in order of arrival; borrowed.  A request that has
 * been answered is in it.
 */
json_t *receiver_records(struct receiver *receiver);

/* The same, once there are n of them or more; waits up to 20 s. */
json_t *receiver_wait(struct receiver *receiver, size_t n);

/* Forgets the records so far: from here on they count from 0. */
void receiver_forget(struct receiver *receiver);

/*
 * Its statistics since it was started, to be freed: "requests", "refused"
 * (no HTTP, or too large), "connections", "open", "handshakes", "resumed",
 * "handshakes_failed", "in_flight", "max_in_flight", "first" and "last"
 * (arrivals, like "at"), "cpu_us", and "paths", an object that has for each
 * path "requests", "in_flight" and "max_in_flight".
 */
json_t *receiver_statistics(struct receiver *receiver);

#endif
