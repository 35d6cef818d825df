/* SPDX-License-Identifier: ISC */
/*
 * A small load generator: short rounds of requests, each over a connection of
 * its own, one path after another in turn, and the medians of their requests
 * a second.  Every answer must have status 200 and name no error.
 *
 * Usage: load PORT CLIENTS ROUNDS CALLS BODY {LABEL PATH BOUND}...
 *        load              (prints a free port of 127.0.0.1)
 *
 * BODY is a file that is POSTed, or "-" to GET; then COOKIE in the
 * environment is sent, if there is one.
 *
 * BOUND is the least share of the first path's requests a second in per
 * cent, or "-".
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
	PATHS_MAX = 8,
	PATH_ARGS = 3,
	CLIENTS_MAX = 64,
	ROUNDS_MAX = 100,
	BODY_MAX = 2000,
	REQUEST_MAX = 4000,
	ANSWER_MAX = 100000,
	WAIT_MS = 20000
};

struct path {
	const char *label, *bound;
	char request[REQUEST_MAX];
	size_t len;
	double rate[ROUNDS_MAX]; /* requests a second of each round */
};

struct client {
	char answer[ANSWER_MAX + 1];
	size_t len;
};

struct load {
	int port, is_get;
	size_t nclients, nrounds, ncalls, npaths;
	char body[BODY_MAX + 1];
	struct path paths[PATHS_MAX];
	struct client clients[CLIENTS_MAX];
	struct pollfd sockets[CLIENTS_MAX];
	size_t nsent, nanswered; /* of a round */
};

static int
fail(const char *what, const char *why)
{
	(void)fprintf(stderr, "load: %s: %s\n", what, why);
	return -1;
}

static struct sockaddr_in
loopback(int port)
{
	struct sockaddr_in address = { .sin_family = AF_INET };

	address.sin_port = htons((uint16_t)port);
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return address;
}

static int
print_free_port(void)
{
	struct sockaddr_in address = loopback(0);
	socklen_t len = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int found = -1;

	if (fd < 0 ||
	    bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0 ||
	    getsockname(fd, (struct sockaddr *)&address, &len) != 0)
		(void)fail("cannot find a free port", strerror(errno));
	else
		found = printf("%d\n", ntohs(address.sin_port)) < 0;
	if (fd >= 0)
		(void)close(fd);
	return found;
}

static int
connect_one(const struct load *load)
{
	struct sockaddr_in address = loopback(load->port);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

	if (fd >= 0 &&
	    connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0) {
		(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		return fd;
	}
	(void)fail("cannot connect", strerror(errno));
	if (fd >= 0)
		(void)close(fd);
	return -1;
}

/* Sends the next request, if the round has one left. */
static int
send_next(struct load *load, const struct path *path, size_t i)
{
	struct pollfd *s = &load->sockets[i];

	load->clients[i].len = 0;
	s->events = 0;
	if (load->nsent == load->ncalls)
		return 0;
	load->nsent++;
	/*
	 * A new connection: on a kept one the next request waits up to 10 ms
	 * for mod_cgid, which sleeps until the program before it is gone.
	 */
	if (s->fd >= 0)
		(void)close(s->fd);
	s->fd = connect_one(load);
	if (s->fd < 0)
		return -1;
	s->events = POLLIN;
	/* Far less than a socket's buffer: all or nothing. */
	if (send(s->fd, path->request, path->len, MSG_NOSIGNAL) !=
	    (ssize_t)path->len)
		return fail(path->label, "cannot send");
	return 0;
}

/* 1 if the answer is there and good, 0 if more of it must come. */
static int
is_whole(const struct path *path, const struct client *c)
{
	const char *end = strstr(c->answer, "\r\n\r\n");
	const char *length = strcasestr(c->answer, "\r\nContent-Length:");

	if (end == NULL)
		return 0;
	if (length == NULL || length > end ||
	    strncmp(c->answer, "HTTP/1.1 200 ", 13) != 0)
		return fail(path->label, c->answer);
	if (c->len <
	    (size_t)(end + 4 - c->answer) + strtoul(length + 17, NULL, 10))
		return 0;
	return strstr(end, "\"error\"") == NULL ? 1 : fail(path->label, end);
}

static int
receive(struct load *load, const struct path *path, size_t i)
{
	struct client *c = &load->clients[i];
	ssize_t n = read(load->sockets[i].fd, c->answer + c->len,
	    sizeof(c->answer) - 1 - c->len);
	int whole;

	if (n <= 0)
		return fail(path->label, "the connection was closed");
	c->len += (size_t)n;
	c->answer[c->len] = '\0';
	whole = is_whole(path, c);
	if (whole <= 0)
		return whole;
	load->nanswered++;
	return send_next(load, path, i);
}

static double
now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int
run_round(struct load *load, struct path *path, size_t round)
{
	double begin = now();
	size_t i;

	load->nsent = load->nanswered = 0;
	for (i = 0; i < load->nclients; i++)
		if (send_next(load, path, i) != 0)
			return -1;
	while (load->nanswered < load->ncalls) {
		if (poll(load->sockets, load->nclients, WAIT_MS) <= 0)
			return fail(path->label, "no answer in time");
		for (i = 0; i < load->nclients; i++)
			if (load->sockets[i].revents != 0 &&
			    receive(load, path, i) != 0)
				return -1;
	}
	path->rate[round] = (double)load->ncalls / (now() - begin);
	return 0;
}

static int
run(struct load *load)
{
	size_t round, i;

	for (i = 0; i < load->nclients; i++)
		load->sockets[i].fd = -1;
	/* The first of each warms up; then the order turns round by round. */
	for (i = 0; i < load->npaths; i++)
		if (run_round(load, &load->paths[i], 0) != 0)
			return -1;
	for (round = 0; round < load->nrounds; round++)
		for (i = 0; i < load->npaths; i++)
			if (run_round(load,
				&load->paths[(i + round) % load->npaths],
				round) != 0)
				return -1;
	return 0;
}

static int
compare(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static double
median(struct load *load, struct path *path)
{
	qsort(path->rate, load->nrounds, sizeof(path->rate[0]), compare);
	return path->rate[load->nrounds / 2];
}

static void
report(struct load *load)
{
	double first = median(load, &load->paths[0]);
	size_t i;

	for (i = 0; i < load->npaths; i++) {
		struct path *path = &load->paths[i];
		double rate = median(load, path), share = rate / first * 100;

		(void)printf("%s, %zu client%s\t%.0f /s\t", path->label,
		    load->nclients, load->nclients == 1 ? "" : "s", rate);
		if (i == 0)
			(void)printf("-\t-\t-\t\n");
		else if (strcmp(path->bound, "-") == 0)
			(void)printf("%.0f /s\t%.0f %%\t-\t\n", first, share);
		else
			(void)printf("%.0f /s\t%.0f %%\t>= %s %%\t%s\n", first,
			    share, path->bound,
			    share >= strtod(path->bound, NULL) ? "ok"
							       : "MISSED");
	}
}

static int
read_body(struct load *load, const char *name)
{
	int fd = open(name, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? read(fd, load->body, BODY_MAX) : -1;

	if (fd >= 0)
		(void)close(fd);
	if (n < 0 || n == BODY_MAX)
		return fail("cannot read the body", name);
	load->body[n] = '\0';
	return 0;
}

/* Gives what snprintf does. */
static int
write_request(const struct load *load, struct path *path, const char *to)
{
	const char *cookie = getenv("COOKIE");

	if (load->is_get)
		return snprintf(path->request, sizeof(path->request),
		    "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n"
		    "Cookie: %s\r\n\r\n",
		    to, load->port, cookie != NULL ? cookie : "");
	return snprintf(path->request, sizeof(path->request),
	    "POST %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n"
	    "Content-Type: application/x-www-form-urlencoded\r\n"
	    "Content-Length: %zu\r\n\r\n%s",
	    to, load->port, strlen(load->body), load->body);
}

static int
read_arguments(struct load *load, int argc, char *argv[])
{
	int i;

	load->port = (int)strtol(argv[0], NULL, 10);
	load->nclients = strtoul(argv[1], NULL, 10);
	load->nrounds = strtoul(argv[2], NULL, 10);
	load->ncalls = strtoul(argv[3], NULL, 10);
	if (load->nclients < 1 || load->nclients > CLIENTS_MAX ||
	    load->nrounds < 1 || load->nrounds > ROUNDS_MAX ||
	    load->ncalls < load->nclients)
		return fail("bad argument", "clients, rounds or calls");
	load->is_get = strcmp(argv[4], "-") == 0;
	if (!load->is_get && read_body(load, argv[4]) != 0)
		return -1;
	for (i = 5; i < argc; i += PATH_ARGS) {
		struct path *path = &load->paths[load->npaths++];
		int n;

		path->label = argv[i];
		path->bound = argv[i + 2];
		n = write_request(load, path, argv[i + 1]);
		if (n < 0 || (size_t)n >= sizeof(path->request))
			return fail(path->label, "the request is too long");
		path->len = (size_t)n;
	}
	return 0;
}

int
main(int argc, char *argv[])
{
	static struct load load;

	if (argc == 1)
		return print_free_port() == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
	if (argc < 6 + PATH_ARGS || (argc - 6) % PATH_ARGS != 0 ||
	    argc - 6 > PATHS_MAX * PATH_ARGS) {
		(void)fprintf(stderr,
		    "usage: load PORT CLIENTS ROUNDS CALLS BODY "
		    "{LABEL PATH BOUND}...\n");
		return 2;
	}
	if (read_arguments(&load, argc - 1, argv + 1) != 0 || run(&load) != 0)
		return EXIT_FAILURE;
	report(&load);
	return EXIT_SUCCESS;
}
