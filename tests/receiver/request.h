/* SPDX-License-Identifier: ISC */
/*
 * A request of HTTP/1.1 as a sender of webhooks makes it: a head of bounded
 * size and a body of known length.
 */
#ifndef LATCHKEY_TESTS_REQUEST_H
#define LATCHKEY_TESTS_REQUEST_H

#include <stddef.h>

enum {
	REQUEST_HEAD_MAX = 16384, /* its empty line included */
	REQUEST_BODY_MAX = 65536,
	REQUEST_WEBHOOK_MAX = 16
};

/* Bytes that belong to somebody else; no NUL at their end. */
struct span {
	const char *at;
	size_t len;
};

/* True if a span is this text, whatever its case. */
int span_is(struct span span, const char *text);

/* All spans are into the bytes that were parsed. */
struct request {
	struct span method, path, query, host, type, agent, body;
	struct {
		struct span name, value;
	} webhook[REQUEST_WEBHOOK_MAX]; /* headers webhook-* */
	size_t nwebhook;
	int keep;   /* the connection stays */
	size_t len; /* of all of it */
};

/*
 * Parses what has come so far: 1 if a whole request stands at its beginning,
 * 0 if more must come, otherwise the status to refuse it with.
 */
int request_parse(struct request *request, const char *bytes, size_t len);

#endif
