/* SPDX-License-Identifier: ISC */
/*
 * One connection: request after request, each answered before the next is
 * looked at.  A request is under way from its last byte to the last byte of
 * its answer, or until the client goes; the client's end is always watched
 * for, so that what it has given up is not counted any more.  A client that
 * has ended is gone, but what it sent before counts as come.
 */
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>

#include "reply.h"
#include "server.h"
#include "wire.h"

enum {
	IN_MIN = 4096, /* enough for most requests */
	IN_MAX = REQUEST_HEAD_MAX + REQUEST_BODY_MAX
};

enum state {
	SHAKING,  /* hands, for TLS */
	READING,  /* a request */
	WAITING,  /* with the next bytes, or for ever */
	WRITING,  /* the reply */
	DRAINING, /* nothing more is said; until the client ends, too */
};

struct connection {
	struct source source; /* first */
	struct wire wire;
	enum state state;
	int wants_out; /* epoll watches for room to write, too */
	int64_t number, nrequests;
	int64_t due_ms; /* in the list of those that wait; 0: in none */
	TAILQ_ENTRY(connection) link, link_open;
	struct tally *path; /* of the request under way; NULL: none is */
	char *in;
	size_t in_len, in_size;
	struct reply reply;
	size_t sent; /* of the reply */
};

static void
die(const char *what)
{
	perror(what);
	exit(EXIT_FAILURE);
}

/* --- what is watched for -------------------------------------------------- */

static void
watch(struct server *server, struct connection *c, int operation)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLRDHUP };

	if (c->wants_out)
		event.events |= EPOLLOUT;
	event.data.ptr = &c->source;
	if (epoll_ctl(server->epoll, operation, c->wire.fd, &event) != 0)
		die("receiver: epoll_ctl");
}

static void
want_out(struct server *server, struct connection *c, int wanted)
{
	if (c->wants_out == wanted)
		return;
	c->wants_out = wanted;
	watch(server, c, EPOLL_CTL_MOD);
}

static int64_t
now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void
wait_no_more(struct server *server, struct connection *c)
{
	if (c->due_ms == 0)
		return;
	TAILQ_REMOVE(&server->waiting, c, link);
	c->due_ms = 0;
}

/* From the end, since most wait for as long as those before them. */
static void
wait_for(struct server *server, struct connection *c, int ms)
{
	struct connection *before;

	c->state = WAITING;
	c->due_ms = now_ms() + ms + 1;
	before = TAILQ_LAST(&server->waiting, connections);
	while (before != NULL && before->due_ms > c->due_ms)
		before = TAILQ_PREV(before, connections, link);
	if (before != NULL)
		TAILQ_INSERT_AFTER(&server->waiting, before, c, link);
	else
		TAILQ_INSERT_HEAD(&server->waiting, c, link);
}

/* --- requests ------------------------------------------------------------- */

static int64_t
realtime_us(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void
request_begins(
    struct server *server, struct connection *c, const struct request *request)
{
	struct statistics *s = &server->statistics;
	struct arrival arrival = { .at_us = realtime_us() };

	c->path = tally_of(&server->paths, request->path.at, request->path.len);
	c->source.is_busy = 1;
	c->path->count++;
	if (++c->path->now > c->path->most)
		c->path->most = c->path->now;
	if (++s->in_flight > s->max_in_flight)
		s->max_in_flight = s->in_flight;
	if (s->requests++ == 0)
		s->first_us = arrival.at_us;
	s->last_us = arrival.at_us;
	c->nrequests++;
	if (server->log < 0)
		return;
	arrival.connection = c->number;
	arrival.reused = c->nrequests > 1;
	if (c->wire.ssl != NULL) {
		arrival.tls = 1;
		arrival.resumed = SSL_session_reused(c->wire.ssl);
		arrival.sni =
		    SSL_get_servername(c->wire.ssl, TLSEXT_NAMETYPE_host_name);
	}
	arrival.in_flight = c->path->now;
	arrival.status = c->reply.status;
	record_request(server->log, request, &arrival);
}

static void
request_ends(struct server *server, struct connection *c)
{
	if (c->path == NULL)
		return;
	c->path->now--;
	c->path = NULL;
	c->source.is_busy = 0;
	server->statistics.in_flight--;
}

static void
close_it(struct server *server, struct connection *c)
{
	request_ends(server, c);
	wait_no_more(server, c);
	wire_close(&c->wire, c->reply.end == REPLY_RESET);
	server->statistics.open--;
	TAILQ_REMOVE(&server->open, c, link_open);
	free(c->in);
	free(c);
}

/* True if there was a request, or something to refuse, in what has come. */
static int
next_request(struct server *server, struct connection *c)
{
	struct request request;
	int status = request_parse(&request, c->in, c->in_len);

	if (status == 0)
		return 0;
	c->sent = 0;
	c->state = WRITING;
	if (status != 1) {
		server->statistics.refused++;
		reply_refuse(&c->reply, status);
		return 1;
	}
	reply_make(&c->reply, &request, &server->flaky);
	request_begins(server, c, &request);
	c->in_len -= request.len;
	memmove(c->in, c->in + request.len, c->in_len);
	if (c->reply.wait_ms > 0)
		wait_for(server, c, c->reply.wait_ms);
	else if (c->reply.wait_ms < 0)
		c->state = WAITING;
	return 1;
}

/* --- replies -------------------------------------------------------------- */

/* What is to be sent next, no more than may be sent at once. */
static struct span
next_bytes(const struct connection *c)
{
	const struct reply *reply = &c->reply;
	struct span part = { reply->head + c->sent, 0 };
	size_t at;

	if (c->sent < reply->head_len) {
		part.len = reply->head_len - c->sent;
	} else if (reply->tail_len > 0) {
		at = c->sent - reply->head_len;
		if (reply->endless)
			at %= reply->tail_len;
		part.at = reply->tail + at;
		part.len = reply->tail_len - at;
	}
	if (reply->drip_ms == 0 || part.len == 0)
		return part;
	part.len = c->sent < reply->drip_from ? reply->drip_from - c->sent : 1;
	return part;
}

/* The reply has been sent; false if the connection is gone. */
static int
reply_ends(struct server *server, struct connection *c)
{
	request_ends(server, c);
	if (c->reply.end == REPLY_RESET) {
		close_it(server, c);
		return 0;
	}
	c->state = READING;
	if (c->reply.end == REPLY_CLOSE) {
		/* To close at once could reset what is under way. */
		wire_end(&c->wire);
		c->state = DRAINING;
	}
	want_out(server, c, 0);
	return 1;
}

/* Sends some; false if the connection is gone. */
static int
send_some(struct server *server, struct connection *c)
{
	struct span part = next_bytes(c);
	ssize_t n;

	if (part.len == 0)
		return reply_ends(server, c);
	n = wire_write(&c->wire, part.at, part.len);
	if (n <= 0 && n != WIRE_AGAIN) {
		close_it(server, c);
		return 0;
	}
	if (n > 0)
		c->sent += (size_t)n;
	if (n != (ssize_t)part.len) {
		want_out(server, c, 1);
	} else if (c->reply.drip_ms > 0 && c->sent >= c->reply.drip_from &&
		   next_bytes(c).len > 0) {
		want_out(server, c, 0);
		wait_for(server, c, c->reply.drip_ms);
	} else if (c->reply.endless) {
		want_out(server, c, 1); /* others' turn */
	} else {
		return send_some(server, c);
	}
	return 1;
}

/* --- the way on ----------------------------------------------------------- */

/* Makes room for more of a request; false if it has as much as it may. */
static int
make_room(struct connection *c)
{
	size_t size = c->in_size == 0 ? IN_MIN : c->in_size * 2;

	if (c->in_len < c->in_size)
		return 1;
	if (c->in_size == IN_MAX)
		return 0;
	if (size > IN_MAX)
		size = IN_MAX;
	c->in = realloc(c->in, size);
	if (c->in == NULL)
		die("receiver: out of memory");
	c->in_size = size;
	return 1;
}

/*
 * Reads what is there, and with to_end all of it; false if the client has
 * ended.
 */
static int
read_some(struct connection *c, int to_end)
{
	static char unwanted[IN_MAX];
	ssize_t n;

	if (c->state == DRAINING) {
		/* Past TLS, which has ended. */
		struct wire raw = { c->wire.fd, NULL };

		n = wire_read(&raw, unwanted, sizeof(unwanted));
		return n > 0 || n == WIRE_AGAIN;
	}
	do {
		if (!make_room(c))
			return 0;
		n = wire_read(
		    &c->wire, c->in + c->in_len, c->in_size - c->in_len);
		if (n == WIRE_AGAIN)
			return 1;
		if (n <= 0)
			return 0;
		c->in_len += (size_t)n;
	} while (to_end || wire_pending(&c->wire));
	return 1;
}

/* True when hands are shaken; the connection may be gone if not. */
static int
shake(struct server *server, struct connection *c)
{
	int n = wire_shake(&c->wire);

	if (n == 1) {
		c->state = READING;
		server->statistics.handshakes++;
		server->statistics.resumed += SSL_session_reused(c->wire.ssl);
	} else if (n != WIRE_AGAIN) {
		server->statistics.handshakes_failed++;
		close_it(server, c);
	}
	return n == 1;
}

/* False if the connection is gone. */
static int
go_on(struct server *server, struct connection *c)
{
	while (c->state == WRITING || (c->state == READING && c->in_len > 0)) {
		if (c->state == READING && !next_request(server, c))
			return 1;
		if (c->state != WRITING)
			return 1;
		if (!send_some(server, c))
			return 0;
		if (c->wants_out)
			return 1;
	}
	return 1;
}

static void
connection_ready(struct server *server, struct source *source, uint32_t events)
{
	struct connection *c = (struct connection *)source;
	int ended = 0;

	if (c->state == SHAKING && !shake(server, c))
		return;
	/* TLS may have read the first request with the last of its own. */
	if ((events & ~(uint32_t)EPOLLOUT) != 0)
		ended = !read_some(c, (events & EPOLLRDHUP) != 0);
	if (go_on(server, c) && ended)
		close_it(server, c);
}

void
connection_open(struct server *server, int fd, SSL_CTX *ctx)
{
	struct connection *c = calloc(1, sizeof(*c));

	if (c == NULL)
		die("receiver: out of memory");
	c->source.ready = connection_ready;
	c->wire.fd = fd;
	c->number = ++server->statistics.connections;
	server->statistics.open++;
	TAILQ_INSERT_TAIL(&server->open, c, link_open);
	c->state = READING;
	if (ctx != NULL) {
		c->state = SHAKING;
		if (wire_tls(&c->wire, ctx, 1) != 1)
			die("receiver: TLS");
	}
	watch(server, c, EPOLL_CTL_ADD);
}

void
connection_close_all(struct server *server)
{
	struct connection *c;

	while ((c = TAILQ_FIRST(&server->open)) != NULL)
		close_it(server, c);
}

void
connection_run_due(struct server *server)
{
	struct connection *c;
	int64_t now = now_ms();

	for (;;) {
		c = TAILQ_FIRST(&server->waiting);
		if (c == NULL || c->due_ms > now)
			return;
		wait_no_more(server, c);
		c->state = WRITING;
		(void)go_on(server, c);
	}
}

int
connection_timeout_ms(const struct server *server)
{
	const struct connection *c = TAILQ_FIRST(&server->waiting);
	int64_t left;

	if (c == NULL)
		return -1;
	left = c->due_ms - now_ms();
	return left > 0 ? (int)left : 0;
}
