/* SPDX-License-Identifier: ISC */
/*
 * How many deliveries a second the tests' receiver takes: a client that does
 * as little as it can for each, so that the receiver is measured and not
 * the sender.  Each request is as large as a usual webhook; each answer must
 * be 2xx.
 *
 * Usage: hammer [--tls] [--new] [--resume] PORT CONNECTIONS REQUESTS PATH
 *
 * With --tls over TLS, trusting whatever certificate comes; with --new every
 * request has a connection of its own, and with --resume these resume the
 * TLS session of the one before.  Prints "REQUESTS SECONDS RATE".
 */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>

#include "receiver/wire.h"

enum {
	CLIENTS_MAX = 1000,
	REQUEST_MAX = 4000,
	ANSWER_MAX = 8000,
	EVENTS_MAX = 256,
	WAIT_MS = 20000
};

enum state { CONNECTING, SHAKING, SENDING, RECEIVING };

struct client {
	struct wire wire;
	enum state state;
	SSL_SESSION *session; /* to be resumed */
	size_t sent, len;
	char answer[ANSWER_MAX + 1];
};

struct hammer {
	int port, tls, is_new, resume, epoll;
	const char *path;
	SSL_CTX *ctx;
	size_t nclients, nrequests, nbegun, nanswered;
	char request[REQUEST_MAX];
	size_t len;
	struct client clients[CLIENTS_MAX];
};

static int
fail(const char *what, const char *why)
{
	(void)fprintf(stderr, "hammer: %s: %s\n", what, why);
	return -1;
}

static int
open_one(struct hammer *h, struct client *c)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	struct epoll_event event = { .events = EPOLLIN | EPOLLOUT | EPOLLET };
	int on = 1;

	address.sin_port = htons((uint16_t)h->port);
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	event.data.ptr = c;
	c->state = CONNECTING;
	c->wire.fd =
	    socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (c->wire.fd < 0 ||
	    setsockopt(c->wire.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) !=
		0 ||
	    (connect(c->wire.fd, (struct sockaddr *)&address,
		 sizeof(address)) != 0 &&
		errno != EINPROGRESS) ||
	    epoll_ctl(h->epoll, EPOLL_CTL_ADD, c->wire.fd, &event) != 0)
		return fail("cannot connect", strerror(errno));
	if (h->ctx == NULL)
		return 0;
	if (wire_tls(&c->wire, h->ctx, 0) != 1 ||
	    SSL_set_tlsext_host_name(c->wire.ssl, "localhost") != 1 ||
	    (c->session != NULL &&
		SSL_set_session(c->wire.ssl, c->session) != 1))
		return fail("cannot connect", "TLS");
	return 0;
}

static void
close_one(struct hammer *h, struct client *c)
{
	if (h->resume && c->wire.ssl != NULL) {
		SSL_SESSION_free(c->session);
		c->session = SSL_get1_session(c->wire.ssl);
	}
	if (c->wire.fd >= 0)
		wire_end(&c->wire);
	wire_close(&c->wire, 0);
}

/* 1 if the answer is there and good, 0 if more of it must come. */
static int
is_whole(struct client *c)
{
	const char *end, *length;

	c->answer[c->len] = '\0';
	end = strstr(c->answer, "\r\n\r\n");
	if (end == NULL)
		return c->len < ANSWER_MAX ? 0 : fail("a long answer", "");
	length = strcasestr(c->answer, "\r\nContent-Length:");
	if (length == NULL || length > end ||
	    strncmp(c->answer, "HTTP/1.1 2", 10) != 0)
		return fail("a bad answer", c->answer);
	return c->len >=
	       (size_t)(end + 4 - c->answer) + strtoul(length + 17, NULL, 10);
}

/* Sends the rest of the request; 1 if all is sent. */
static int
send_some(struct hammer *h, struct client *c)
{
	ssize_t n =
	    wire_write(&c->wire, h->request + c->sent, h->len - c->sent);

	if (n == WIRE_AGAIN)
		return 0;
	if (n <= 0)
		return fail("cannot send", "the connection was closed");
	c->sent += (size_t)n;
	return c->sent == h->len;
}

/* Receives what is there; 1 if that is all of a good answer. */
static int
receive_some(struct client *c)
{
	ssize_t n;
	int whole;

	do {
		n = wire_read(
		    &c->wire, c->answer + c->len, ANSWER_MAX - c->len);
		if (n == WIRE_AGAIN)
			return 0;
		if (n <= 0)
			return fail("no answer", "the connection was closed");
		c->len += (size_t)n;
		whole = is_whole(c);
	} while (whole == 0 && wire_pending(&c->wire));
	return whole;
}

/* Begins the next request, if there is one left. */
static int
begin(struct hammer *h, struct client *c)
{
	if (h->nbegun == h->nrequests) {
		close_one(h, c);
		return 0;
	}
	h->nbegun++;
	c->sent = c->len = 0;
	if (h->is_new && c->wire.fd >= 0)
		close_one(h, c);
	if (c->wire.fd < 0)
		return open_one(h, c);
	c->state = SENDING;
	return 1;
}

/* Takes a client one step on: 1 if the next one may follow at once. */
static int
step(struct hammer *h, struct client *c)
{
	int n;

	switch (c->state) {
	case CONNECTING:
		c->state = c->wire.ssl != NULL ? SHAKING : SENDING;
		return 1;
	case SHAKING:
		n = wire_shake(&c->wire);
		if (n == 1)
			c->state = SENDING;
		else if (n != WIRE_AGAIN)
			return fail("no TLS", "the handshake failed");
		return n == 1;
	case SENDING:
		n = send_some(h, c);
		if (n == 1)
			c->state = RECEIVING;
		/* epoll tells of the answer. */
		return n < 0 ? n : 0;
	case RECEIVING:
		n = receive_some(c);
		if (n != 1)
			return n;
		h->nanswered++;
		return begin(h, c);
	}
	return -1;
}

static int
run(struct hammer *h)
{
	struct epoll_event events[EVENTS_MAX];
	size_t i;
	int k, n, more;

	for (i = 0; i < h->nclients; i++) {
		h->clients[i].wire.fd = -1;
		if (begin(h, &h->clients[i]) != 0)
			return -1;
	}
	while (h->nanswered < h->nrequests) {
		n = epoll_wait(h->epoll, events, EVENTS_MAX, WAIT_MS);
		if (n <= 0)
			return fail("no answer", "not in time");
		for (k = 0; k < n; k++) {
			struct client *c = events[k].data.ptr;

			if (c->state == CONNECTING &&
			    (events[k].events & EPOLLOUT) == 0)
				continue;
			do
				more = step(h, c);
			while (more == 1);
			if (more < 0)
				return -1;
		}
	}
	return 0;
}

static int
make_request(struct hammer *h)
{
	static const char body[] =
	    "{\"type\":\"order.completed\",\"timestamp\":"
	    "\"2026-01-01T00:00:00Z\",\"data\":{\"order\":23501,"
	    "\"status\":\"Completed\",\"charge\":\"0.27819\","
	    "\"start_count\":\"3572\",\"remains\":\"0\","
	    "\"currency\":\"USD\",\"seq\":7}}";
	int n = snprintf(h->request, sizeof(h->request),
	    "POST %s HTTP/1.1\r\nHost: localhost:%d\r\n"
	    "User-Agent: hammer\r\nAccept: */*\r\n"
	    "Content-Type: application/json\r\n"
	    "webhook-id: evt_0123456789abcdef01234567\r\n"
	    "webhook-timestamp: 1767225600\r\nwebhook-signature: "
	    "v1,AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n"
	    "Content-Length: %zu\r\n\r\n%s",
	    h->path, h->port, sizeof(body) - 1, body);

	if (n < 0 || (size_t)n >= sizeof(h->request))
		return fail("too long a path", h->path);
	h->len = (size_t)n;
	return 0;
}

static int
make_context(struct hammer *h)
{
	if (!h->tls)
		return 0;
	h->ctx = SSL_CTX_new(TLS_client_method());
	if (h->ctx == NULL)
		return fail("no TLS", "out of memory");
	SSL_CTX_set_verify(h->ctx, SSL_VERIFY_NONE, NULL);
	SSL_CTX_set_read_ahead(h->ctx, 1);
	return 0;
}

static int
read_arguments(struct hammer *h, int argc, char *argv[])
{
	static const struct option known[] = {
		{ "tls", no_argument, NULL, 't' },
		{ "new", no_argument, NULL, 'n' },
		{ "resume", no_argument, NULL, 'r' },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "", known, NULL)) != -1) {
		if (c == 't')
			h->tls = 1;
		else if (c == 'n')
			h->is_new = 1;
		else if (c == 'r')
			h->resume = 1;
		else
			return -1;
	}
	if (argc - optind != 4)
		return -1;
	h->port = (int)strtol(argv[optind], NULL, 10);
	h->nclients = strtoul(argv[optind + 1], NULL, 10);
	h->nrequests = strtoul(argv[optind + 2], NULL, 10);
	h->path = argv[optind + 3];
	return h->nclients >= 1 && h->nclients <= CLIENTS_MAX &&
		       h->nrequests >= h->nclients
		   ? 0
		   : -1;
}

static double
now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int
main(int argc, char *argv[])
{
	static struct hammer hammer;
	double begun, seconds;

	if (read_arguments(&hammer, argc, argv) != 0) {
		(void)fprintf(stderr,
		    "usage: hammer [--tls] [--new] [--resume] "
		    "PORT CONNECTIONS REQUESTS PATH\n");
		return 2;
	}
	hammer.epoll = epoll_create1(EPOLL_CLOEXEC);
	if (hammer.epoll < 0 || make_request(&hammer) != 0 ||
	    make_context(&hammer) != 0)
		return EXIT_FAILURE;
	begun = now();
	if (run(&hammer) != 0)
		return EXIT_FAILURE;
	seconds = now() - begun;
	(void)printf("%zu %.3f %.0f\n", hammer.nrequests, seconds,
	    (double)hammer.nrequests / seconds);
	return EXIT_SUCCESS;
}
