/* SPDX-License-Identifier: ISC */
/*
 * A receiver of webhooks for tests and benchmarks, on 127.0.0.1 only: one
 * loop, plain HTTP and TLS, good and bad in every way that reply.h and tls.h
 * list.
 *
 * Usage: receiver [--quiet] --dir DIR
 *
 * Writes DIR/ca.pem, the authority to trust, and DIR/requests, a line of
 * JSON for each request (not with --quiet).  Prints "NAME PORT" for every
 * port that it has taken and then "ready"; a line of statistics follows at
 * SIGUSR1 and at the end.  Ends at SIGTERM and SIGINT, and when its input
 * ends, if that is a pipe, a socket or a terminal.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server.h"
#include "tls.h"

enum {
	BACKLOG = 4096,
	ACCEPT_MAX = 64, /* before it is others' turn */
	EVENTS_MAX = 4096,
	PATH_LEN = 4096,
	RANKS = 3,
	FILLERS = 4 /* connections, more than a backlog of 0 takes */
};

/* Ports that are served; -1: without TLS. */
static const struct {
	const char *name;
	int cert;
} ports[] = {
	{ "http", -1 },
	{ "https", TLS_GOOD },
	{ "https-self-signed", TLS_SELF_SIGNED },
	{ "https-expired", TLS_EXPIRED },
	{ "https-not-yet", TLS_NOT_YET },
	{ "https-wrong-name", TLS_WRONG_NAME },
};

enum { PORTS = sizeof(ports) / sizeof(ports[0]) };

struct listener {
	struct source source; /* first */
	int fd;
	SSL_CTX *ctx;
};

struct options {
	const char *dir;
	int quiet;
};

static int
fail(const char *what)
{
	(void)fprintf(stderr, "receiver: %s: %s\n", what, strerror(errno));
	return -1;
}

/* --- ports ---------------------------------------------------------------- */

/* Binds a socket to a free port and tells of it. */
static int
bind_one(const char *name)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	socklen_t len = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int on = 1;

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 ||
	    bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0 ||
	    getsockname(fd, (struct sockaddr *)&address, &len) != 0 ||
	    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) != 0)
		return fail(name);
	(void)printf("%s %d\n", name, ntohs(address.sin_port));
	return fd;
}

/*
 * Ports that are as dead as ports can be.  "refused" is bound, so that
 * nobody else can take it; "stalled" takes connections and never reads;
 * in "blackhole" even connecting takes for ever, because its backlog is full.
 */
static int
make_dead(void)
{
	int refused = bind_one("refused"), stalled = bind_one("stalled");
	int blackhole = bind_one("blackhole"), i, fd;
	struct sockaddr_in address;
	socklen_t len = sizeof(address);

	if (refused < 0 || stalled < 0 || blackhole < 0 ||
	    listen(stalled, BACKLOG) != 0 || listen(blackhole, 0) != 0 ||
	    getsockname(blackhole, (struct sockaddr *)&address, &len) != 0)
		return fail("cannot make dead ports");
	for (i = 0; i < FILLERS; i++) {
		fd = socket(
		    AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		if (fd < 0 ||
		    (connect(fd, (struct sockaddr *)&address, len) != 0 &&
			errno != EINPROGRESS))
			return fail("cannot fill a backlog");
	}
	return 0;
}

static void
listener_ready(struct server *server, struct source *source, uint32_t events)
{
	const struct listener *listener = (struct listener *)source;
	int i, fd;

	(void)events;
	for (i = 0; i < ACCEPT_MAX; i++) {
		fd = accept4(
		    listener->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		/*
		 * Not read yet: what others' clients have done before must
		 * be seen before.
		 */
		if (fd >= 0)
			connection_open(server, fd, listener->ctx);
		else if (errno == EAGAIN)
			return;
		else if (errno != ECONNABORTED && errno != EINTR)
			server->over = fail("accept");
	}
}

static int
watch(struct server *server, int fd, struct source *source)
{
	struct epoll_event event = { .events = EPOLLIN };

	event.data.ptr = source;
	return epoll_ctl(server->epoll, EPOLL_CTL_ADD, fd, &event);
}

static int
listen_all(struct server *server, struct listener listeners[PORTS],
    SSL_CTX *ctx[TLS_CERTS])
{
	size_t i;

	for (i = 0; i < PORTS; i++) {
		struct listener *l = &listeners[i];

		l->source.ready = listener_ready;
		l->ctx = ports[i].cert < 0 ? NULL : ctx[ports[i].cert];
		l->fd = bind_one(ports[i].name);
		if (l->fd < 0 || listen(l->fd, BACKLOG) != 0 ||
		    watch(server, l->fd, &l->source) != 0)
			return fail(ports[i].name);
	}
	return make_dead();
}

/* --- what it is told ------------------------------------------------------ */

struct signals {
	struct source source; /* first */
	int fd;
};

static void
signals_ready(struct server *server, struct source *source, uint32_t events)
{
	struct signals *signals = (struct signals *)source;
	struct signalfd_siginfo info;

	(void)events;
	while (read(signals->fd, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo != SIGUSR1)
			server->over = 1;
		else
			record_statistics(
			    STDOUT_FILENO, &server->statistics, &server->paths);
	}
}

static int
watch_signals(struct server *server, struct signals *signals)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGUSR1);
	(void)signal(SIGPIPE, SIG_IGN);
	signals->source.ready = signals_ready;
	signals->fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	if (sigprocmask(SIG_BLOCK, &set, NULL) != 0 || signals->fd < 0 ||
	    watch(server, signals->fd, &signals->source) != 0)
		return fail("cannot wait for signals");
	return 0;
}

static void
input_ready(struct server *server, struct source *source, uint32_t events)
{
	char bytes[512];

	(void)source, (void)events;
	if (read(STDIN_FILENO, bytes, sizeof(bytes)) <= 0)
		server->over = 1;
}

/* EPERM: a file, such as /dev/null, which a shell gives to its jobs. */
static int
watch_input(struct server *server, struct source *source)
{
	source->ready = input_ready;
	if (watch(server, STDIN_FILENO, source) != 0 && errno != EPERM)
		return fail("cannot watch the input");
	return 0;
}

/* --- all of it ------------------------------------------------------------ */

/* Many clients stay connected. */
static void
raise_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &limit);
	}
}

static int
open_files(struct server *server, const struct options *options,
    SSL_CTX *ctx[TLS_CERTS])
{
	char path[PATH_LEN];
	int n = snprintf(path, sizeof(path), "%s/ca.pem", options->dir);

	if (n < 0 || (size_t)n >= sizeof(path) - sizeof("requests")) {
		errno = ENAMETOOLONG;
		return fail(options->dir);
	}
	if (tls_make(path, ctx) != 0)
		return -1;
	if (options->quiet)
		return 0;
	(void)snprintf(path, sizeof(path), "%s/requests", options->dir);
	server->log = open(
	    path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
	return server->log >= 0 ? 0 : fail(path);
}

/*
 * What comes first of all that was ready at once, whose order epoll does not
 * tell: clients that have given up, then those that have come and gone, so
 * that never more requests are seen under way than there were.
 */
static int
rank(const struct epoll_event *event)
{
	const struct source *source = event->data.ptr;

	if ((event->events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) == 0)
		return RANKS - 1;
	return source->is_busy ? 0 : 1;
}

static void
run_ready(struct server *server, struct epoll_event *events, int n)
{
	struct source *source;
	int r, i;

	for (r = 0; r < RANKS; r++)
		for (i = 0; i < n; i++) {
			source = events[i].data.ptr;
			if (source == NULL || rank(&events[i]) != r)
				continue;
			/* It may be gone after this. */
			events[i].data.ptr = NULL;
			source->ready(server, source, events[i].events);
		}
}

static int
loop(struct server *server)
{
	static struct epoll_event events[EVENTS_MAX];
	int n;

	while (!server->over) {
		n = epoll_wait(server->epoll, events, EVENTS_MAX,
		    connection_timeout_ms(server));
		if (n < 0 && errno != EINTR)
			return fail("epoll_wait");
		run_ready(server, events, n);
		connection_run_due(server);
	}
	return server->over < 0 ? -1 : 0;
}

static int
serve(struct server *server, const struct options *options)
{
	static struct listener listeners[PORTS];
	static struct signals signals;
	static struct source input;
	SSL_CTX *ctx[TLS_CERTS] = { NULL };
	int result = -1, i;

	TAILQ_INIT(&server->open);
	TAILQ_INIT(&server->waiting);
	server->log = -1;
	server->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (server->epoll < 0)
		return fail("epoll_create1");
	if (open_files(server, options, ctx) == 0 &&
	    listen_all(server, listeners, ctx) == 0 &&
	    watch_signals(server, &signals) == 0 &&
	    watch_input(server, &input) == 0 && printf("ready\n") > 0 &&
	    fflush(stdout) == 0)
		result = loop(server);
	record_statistics(STDOUT_FILENO, &server->statistics, &server->paths);
	connection_close_all(server);
	for (i = 0; i < TLS_CERTS; i++)
		SSL_CTX_free(ctx[i]);
	tally_clear(&server->paths);
	tally_clear(&server->flaky);
	return result;
}

static int
read_options(struct options *options, int argc, char *argv[])
{
	static const struct option known[] = {
		{ "dir", required_argument, NULL, 'd' },
		{ "quiet", no_argument, NULL, 'q' },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "", known, NULL)) != -1) {
		if (c == 'd')
			options->dir = optarg;
		else if (c == 'q')
			options->quiet = 1;
		else
			return -1;
	}
	return optind == argc && options->dir != NULL ? 0 : -1;
}

int
main(int argc, char *argv[])
{
	static struct server server;
	struct options options = { NULL, 0 };

	if (read_options(&options, argc, argv) != 0) {
		(void)fprintf(stderr, "usage: receiver [--quiet] --dir DIR\n");
		return 2;
	}
	raise_limit();
	return serve(&server, &options) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
