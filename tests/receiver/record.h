/* SPDX-License-Identifier: ISC */
/*
 * What the receiver tells of what came: a line of JSON for every whole
 * request, and a line of statistics.
 */
#ifndef LATCHKEY_TESTS_RECORD_H
#define LATCHKEY_TESTS_RECORD_H

#include <stdint.h>

#include "request.h"
#include "tally.h"

/* How a request came. */
struct arrival {
	int64_t at_us;      /* CLOCK_REALTIME, when its last byte was there */
	int64_t connection; /* number of its connection, from 1 */
	int reused;         /* not the connection's first */
	int tls, resumed;
	const char *sni;   /* the name that the client asked TLS for, or NULL */
	int64_t in_flight; /* requests to this path under way, itself too */
	int status;        /* of the answer; 0: none will be told */
};

struct statistics {
	int64_t requests, refused, connections, open;
	int64_t handshakes, resumed, handshakes_failed;
	int64_t in_flight, max_in_flight; /* whatever the path */
	int64_t first_us, last_us;        /* arrivals */
};

/* Appends the line of a request to a file; ends if it cannot. */
void record_request(
    int fd, const struct request *request, const struct arrival *arrival);

/* Writes the statistics to a file, whether somebody reads them or not. */
void record_statistics(
    int fd, const struct statistics *s, const struct tallies *paths);

#endif
