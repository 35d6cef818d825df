/* SPDX-License-Identifier: ISC */
/*
 * What the receiver does with a request, as its path says.  The paths are
 * one table in reply.c; each may be followed by more components, which name
 * an endpoint:
 *
 *   /ok /204 /410 /N            that status
 *   /status/N                   the same
 *   /status/N/retry/TEXT        with "Retry-After: TEXT"
 *   /status/N/date/SECONDS      with a date that many seconds ahead (or,
 *                               with "-", back)
 *   /redirect?to=URL            301 with that Location; /redirect/N?to=URL
 *                               with another status
 *   /wait/MS                    200 after that time
 *   /flaky/N                    500 at the first N requests of a webhook-id
 *                               to this path, then 200; what follows N may
 *                               be /status/... to fail with
 *   /last                       200, and that the connection ends
 *   /hang-up                    200, and the connection ends without a word
 *   /never                      nothing, ever
 *   /close                      the connection is closed instead
 *   /reset                      the connection is reset instead
 *   /drip                       a byte a second; /drip/MS a byte each MS
 *   /drip-body                  the head at once, then a byte a second;
 *                               /drip-body/MS likewise
 *   /gigabyte                   200 and a body without an end
 *   /chunked                    200 and a body in chunks
 *   /truncated                  200 and half of the body it announces
 *   /garbage                    what is no HTTP
 *   /big-headers                200 with 1 MB of headers
 */
#ifndef LATCHKEY_TESTS_REPLY_H
#define LATCHKEY_TESTS_REPLY_H

#include <stddef.h>

#include "request.h"
#include "tally.h"

enum { REPLY_HEAD_MAX = 4096 };

enum reply_end { REPLY_KEEP, REPLY_CLOSE, REPLY_RESET };

struct reply {
	int status;       /* 0: none will be told */
	int wait_ms;      /* before the first byte; -1: for ever */
	int drip_ms;      /* between two bytes; 0: as fast as it goes */
	size_t drip_from; /* bytes before those that drip */
	char head[REPLY_HEAD_MAX];
	size_t head_len;
	const char *tail; /* static; follows the head */
	size_t tail_len;
	int endless; /* the tail again and again */
	enum reply_end end;
};

/* Makes the reply to a request; flaky keeps count for /flaky. */
void reply_make(
    struct reply *reply, const struct request *request, struct tallies *flaky);

/* Makes the reply that refuses what is no request. */
void reply_refuse(struct reply *reply, int status);

#endif
