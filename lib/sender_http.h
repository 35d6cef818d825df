/* SPDX-License-Identifier: ISC */
/*
 * One delivery over HTTP: the signed request, the guard at its connection,
 * and what its end means.  Used by sender alone.
 */
#ifndef LATCHKEY_SENDER_HTTP_H
#define LATCHKEY_SENDER_HTTP_H

#include <stddef.h>
#include <stdint.h>

#include "config.h"
#include "delivery.h"
#include "rc.h"

struct curl_slist;
struct probe;

/* A delivery under way, or a place for one. */
struct transfer {
	struct http *http;
	struct transfer *next, *previous;
	void *easy;                /* libcurl's handle */
	struct curl_slist *header; /* of the request */
	void *endpoint;            /* the caller's */
	struct delivery *delivery;
	int64_t begun_ms;    /* monotonic */
	int64_t begun;       /* Unix seconds */
	int result;          /* CURLcode, once it has ended */
	int refused;         /* addresses that the guard refused */
	int admitted;        /* addresses that it let through */
	struct probe *probe; /* asks the resolver again */
	size_t body_len;     /* bytes of the answer's body that came */
	size_t answer_len;
	char answer[DELIVERY_ANSWER_MAX + 1];
};

struct http {
	const struct config *config;
	const char *agent;
	const char *watched; /* path of the database */
	char watched_path[CONFIG_PATH_MAX];
	void *multi, *share;
	struct transfer *running; /* a list */
	size_t nrunning;
	struct transfer *idle;   /* likewise, to be used again */
	struct transfer *asking; /* ended, but the resolver is asked why */
	char text[EVENT_BODY_MAX + 128]; /* that is signed */
};

/* Starts libcurl.  RC_FAIL (logged). */
enum rc http_open(
    struct http *http, const struct config *config, const char *agent);

/*
 * Signs a delivery and starts it.  It is borrowed until http_finish, the
 * endpoint only for this call.  RC_FAIL (logged) without memory.
 */
enum rc http_start(struct http *http, const struct delivery_endpoint *to,
    void *endpoint, struct delivery *delivery);

/* Lets libcurl work; waits at most wait_ms for something to do. */
enum rc http_work(struct http *http, int wait_ms);

/* A transfer that has ended, to be given to http_finish; NULL: none. */
struct transfer *http_ended(struct http *http);

/* Any transfer that has not ended, which ends it; NULL: none. */
struct transfer *http_any(struct http *http);

/* Says what an ended transfer came to; its place is free then. */
void http_finish(
    struct http *http, struct transfer *t, struct delivery_result *result);

#endif
