/* SPDX-License-Identifier: ISC */
/*
 * Calls several services in turn, each for a short round at a time, so that
 * whatever else the machine does meets all of them, and tells of each what
 * its calls took: time, processor and memory.  Every call has a connection
 * of its own, as the clients of resellers make them.
 *
 * Usage: measure CLIENTS ROUNDS MS BODY FIRST
 *                {NAME PORT PATH ANSWER CALLS PID,PID...[:COMM]}...
 *
 * A round takes MS milliseconds, or more where ROUNDS rounds have to make
 * CALLS calls.  Eight @ in a row in the file BODY stand for a number that
 * starts at FIRST and is another one in each call.  Every answer must have
 * status 200 and the contents of the file ANSWER, or be an order if that is
 * "-".  A service is what descends from the PIDs, has the name COMM if there
 * is one, and is no web server.
 *
 * Prints a line for each service: its name, requests a second (the median of
 * the rounds), the median, the 99th percentile and the longest of the times
 * of a call (microseconds), calls, errors, processor time a call of the
 * service, of its web server and of the whole machine but for this program
 * (microseconds), memory of the service in its worst moment (KiB), and all
 * calls with the right answer, also those of rounds that warm up or are for
 * memory.
 */
#include <arpa/inet.h>
#include <dirent.h>
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
	ARGS = 5,
	SERVICE_ARGS = 6,
	SERVICES_MAX = 32,
	CLIENTS_MAX = 64,
	ROUNDS_MAX = 100,
	WARM_UPS = 2,
	ROOTS_MAX = 32,
	PROCESSES_MAX = 8192,
	TREE_MAX = 512,
	BODY_MAX = 8000,
	REQUEST_MAX = 9000,
	ANSWER_MAX = 512 * 1024,
	MARK_LEN = 8,
	WAIT_MS = 20000,
	ERRORS_SHOWN = 3
};

static const double SAMPLE_S = 0.01; /* between looks at the memory */

struct service {
	const char *name, *path;
	int port;
	size_t min_calls;
	char *answer; /* NULL: an order */
	size_t answer_len;
	pid_t roots[ROOTS_MAX];
	size_t nroots;
	const char *comm; /* NULL: any */

	char request[REQUEST_MAX];
	size_t request_len;
	char *mark; /* in the request; NULL: none */

	double rate[ROUNDS_MAX];
	uint32_t *times; /* of the calls, in microseconds */
	size_t ntimes, times_room;
	size_t ncalls, nerrors, naccepted;
	double service_us, server_us, machine_us; /* processor time */
	long memory_kb;
};

struct client {
	char answer[ANSWER_MAX + 1];
	size_t len;
	double begin;
};

enum purpose { WARM_UP, TIMED, MEMORY };

/* A round as far as it has come. */
struct round {
	enum purpose purpose;
	size_t enough; /* calls */
	size_t nbegun, nopen;
	double begin, sampled; /* seconds */
};

struct measure {
	size_t nclients, nrounds, nservices;
	double round_s;
	unsigned long number;
	char body[BODY_MAX + 1];
	struct service services[SERVICES_MAX];
	struct client clients[CLIENTS_MAX];
	struct pollfd sockets[CLIENTS_MAX];
};

static int
fail(const char *what, const char *why)
{
	(void)fprintf(stderr, "measure: %s: %s\n", what, why);
	return -1;
}

static double
now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* --- processes ------------------------------------------------------------ */

struct process {
	pid_t pid, parent;
	char comm[16]; /* all that the kernel keeps of a name */
	int is_server;
	double own_us, children_us;
};

/* Reads a line of /proc; 0 if the process has gone. */
static int
read_process(const char *pid, struct process *p)
{
	char path[64], line[1024];
	unsigned long user, system;
	long children_user, children_system;
	double tick_us = 1e6 / (double)sysconf(_SC_CLK_TCK);
	char *name, *rest;
	ssize_t n = -1;
	int fd, parent;

	(void)snprintf(path, sizeof(path), "/proc/%.20s/stat", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		n = read(fd, line, sizeof(line) - 1);
		(void)close(fd);
	}
	if (n <= 0)
		return 0;
	line[n] = '\0';
	/* The name is in brackets and may have any characters. */
	name = strchr(line, '(');
	rest = strrchr(line, ')');
	if (name == NULL || rest == NULL ||
	    sscanf(rest + 1,
		" %*c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu %ld %ld",
		&parent, &user, &system, &children_user, &children_system) != 5)
		return 0;
	*rest = '\0';
	(void)snprintf(p->comm, sizeof(p->comm), "%s", name + 1);
	p->pid = (pid_t)strtol(pid, NULL, 10);
	p->parent = parent;
	p->is_server =
	    strcmp(name + 1, "apache2") == 0 || strcmp(name + 1, "nginx") == 0;
	p->own_us = (double)(user + system) * tick_us;
	p->children_us = (double)(children_user + children_system) * tick_us;
	return 1;
}

static int
is_root(const struct service *s, pid_t pid)
{
	size_t i;

	for (i = 0; i < s->nroots; i++)
		if (s->roots[i] == pid)
			return 1;
	return 0;
}

/* The service's processes and its web server's; how many there are. */
static size_t
find_tree(const struct service *s, struct process tree[TREE_MAX])
{
	static struct process all[PROCESSES_MAX];
	size_t nall = 0, n = 0, i, j;
	struct dirent *entry;
	DIR *dir = opendir("/proc");

	while (dir != NULL && nall < PROCESSES_MAX &&
	       (entry = readdir(dir)) != NULL)
		if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9')
			nall += (size_t)read_process(entry->d_name, &all[nall]);
	if (dir != NULL)
		(void)closedir(dir);
	for (i = 0; i < nall && n < TREE_MAX; i++)
		if (is_root(s, all[i].pid))
			tree[n++] = all[i];
	/* Children of those that are there, until none comes any more. */
	for (j = 0; j < n; j++)
		for (i = 0; i < nall && n < TREE_MAX; i++)
			if (all[i].parent == tree[j].pid &&
			    !is_root(s, all[i].pid))
				tree[n++] = all[i];
	return n;
}

/*
 * What all but this process has used so far.  mod_cgid does not wait for its
 * programs, so that their time is told nowhere else.
 */
static double
machine_us(void)
{
	unsigned long user, nice, system, irq, softirq;
	double tick_us = 1e6 / (double)sysconf(_SC_CLK_TCK);
	FILE *in = fopen("/proc/stat", "re");
	struct timespec own = { 0 };
	int n = 0;

	if (in != NULL) {
		n = fscanf(in, "cpu %lu %lu %lu %*u %*u %lu %lu", &user, &nice,
		    &system, &irq, &softirq);
		(void)fclose(in);
	}
	if (n != 5)
		return 0;
	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &own);
	return (double)(user + nice + system + irq + softirq) * tick_us -
	       (double)own.tv_sec * 1e6 - (double)own.tv_nsec / 1e3;
}

/*
 * Adds sign times what the processes have used so far.  What a web server's
 * children used that are gone was used by programs: its own processes stay.
 */
static void
add_processor(struct service *s, double sign)
{
	static struct process tree[TREE_MAX];
	size_t n = find_tree(s, tree), i;

	s->machine_us += sign * machine_us();
	for (i = 0; i < n; i++) {
		double *own =
		    tree[i].is_server ? &s->server_us : &s->service_us;

		*own += sign * tree[i].own_us;
		s->service_us += sign * tree[i].children_us;
	}
}

/*
 * The share of memory that is the process's, in KiB.  Where it is not ours
 * to know, all that it has mapped, which is more.
 */
static long
memory_of(pid_t pid)
{
	char path[64], line[256];
	long kb = -1, pages = 0;
	FILE *in;

	(void)snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", (int)pid);
	in = fopen(path, "re");
	while (in != NULL && kb < 0 && fgets(line, sizeof(line), in) != NULL)
		if (strncmp(line, "Pss:", 4) == 0)
			kb = strtol(line + 4, NULL, 10);
	if (in != NULL)
		(void)fclose(in);
	if (kb >= 0)
		return kb;
	(void)snprintf(path, sizeof(path), "/proc/%d/statm", (int)pid);
	in = fopen(path, "re");
	if (in == NULL)
		return 0;
	if (fscanf(in, "%*d %ld", &pages) != 1)
		pages = 0;
	(void)fclose(in);
	return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

static void
sample_memory(struct service *s)
{
	static struct process tree[TREE_MAX];
	size_t n = find_tree(s, tree), i;
	long kb = 0;

	for (i = 0; i < n; i++)
		if (!tree[i].is_server &&
		    (s->comm == NULL || strcmp(s->comm, tree[i].comm) == 0))
			kb += memory_of(tree[i].pid);
	if (kb > s->memory_kb)
		s->memory_kb = kb;
}

/* --- calls ---------------------------------------------------------------- */

static int
connect_to(const struct service *s)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

	address.sin_port = htons((uint16_t)s->port);
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
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

static int
begin_call(struct measure *m, struct service *s, size_t i)
{
	struct client *c = &m->clients[i];
	struct pollfd *p = &m->sockets[i];
	char number[MARK_LEN + 1];

	if (s->mark != NULL) {
		(void)snprintf(
		    number, sizeof(number), "%08lu", m->number++ % 100000000);
		memcpy(s->mark, number, MARK_LEN);
	}
	c->len = 0;
	c->begin = now();
	p->fd = connect_to(s);
	p->events = POLLIN;
	if (p->fd < 0)
		return -1;
	/* Far less than a socket's buffer: all or nothing. */
	if (send(p->fd, s->request, s->request_len, MSG_NOSIGNAL) !=
	    (ssize_t)s->request_len)
		return fail(s->name, "cannot send");
	return 0;
}

static int
is_order(const char *body, size_t len)
{
	static const char begin[] = "{\"order\":";
	size_t at = sizeof(begin) - 1;

	if (len < at + 2 || memcmp(body, begin, at) != 0)
		return 0;
	while (at < len && body[at] >= '0' && body[at] <= '9')
		at++;
	return at == len - 1 && at > sizeof(begin) - 1 && body[at] == '}';
}

/* 1 if all of the answer is there; *good if it is the right one. */
static int
is_whole(const struct service *s, const struct client *c, int *good)
{
	const char *end = strstr(c->answer, "\r\n\r\n");
	const char *length;
	size_t head, len;

	*good = 0;
	if (end == NULL)
		return 0;
	length = strcasestr(c->answer, "\r\nContent-Length:");
	if (length == NULL || length > end)
		return 1;
	head = (size_t)(end + 4 - c->answer);
	len = strtoul(length + 17, NULL, 10);
	if (c->len < head + len)
		return 0;
	if (strncmp(c->answer, "HTTP/1.1 200 ", 13) == 0 &&
	    c->len == head + len)
		*good = s->answer == NULL
			    ? is_order(c->answer + head, len)
			    : len == s->answer_len &&
				  memcmp(c->answer + head, s->answer, len) == 0;
	return 1;
}

static int
note_time(struct service *s, double seconds)
{
	uint32_t *times;

	if (s->ntimes == s->times_room) {
		s->times_room = s->times_room == 0 ? 65536 : s->times_room * 2;
		times = realloc(s->times, s->times_room * sizeof(*times));
		if (times == NULL)
			return fail(s->name, "out of memory");
		s->times = times;
	}
	s->times[s->ntimes++] = (uint32_t)(seconds * 1e6);
	return 0;
}

static void
show_error(const struct service *s, const struct client *c)
{
	if (s->nerrors <= ERRORS_SHOWN)
		(void)fprintf(stderr, "measure: %s: a bad answer: %.400s\n",
		    s->name, c->answer);
}

/* Reads what has come; 1 if the call has ended. */
static int
go_on(struct measure *m, struct service *s, size_t i, enum purpose purpose)
{
	struct client *c = &m->clients[i];
	int good = 0;
	ssize_t n =
	    read(m->sockets[i].fd, c->answer + c->len, ANSWER_MAX - c->len);

	if (n < 0 && errno == EINTR)
		return 0;
	if (n > 0) {
		c->len += (size_t)n;
		c->answer[c->len] = '\0';
		if (!is_whole(s, c, &good) && c->len < ANSWER_MAX)
			return 0;
	}
	s->naccepted += (size_t)good;
	s->nerrors += !good;
	if (!good)
		show_error(s, c);
	(void)close(m->sockets[i].fd);
	m->sockets[i].fd = -1;
	if (purpose == TIMED) {
		s->ncalls++;
		if (note_time(s, now() - c->begin) != 0)
			return -1;
	}
	return 1;
}

/* True until the time is over and every client and the round had enough. */
static int
is_going_on(const struct measure *m, const struct round *r)
{
	return r->nbegun < r->enough || r->nbegun < m->nclients ||
	       now() - r->begin < m->round_s;
}

static int
begin_calls(struct measure *m, struct service *s, struct round *r)
{
	size_t i;

	for (i = 0; i < m->nclients && is_going_on(m, r); i++) {
		if (m->sockets[i].fd >= 0)
			continue;
		if (begin_call(m, s, i) != 0)
			return -1;
		r->nbegun++;
		r->nopen++;
	}
	return 0;
}

static int
wait_for_answers(struct measure *m, struct service *s, struct round *r)
{
	size_t i;
	int ended;

	if (poll(m->sockets, m->nclients, WAIT_MS) <= 0)
		return fail(s->name, "no answer in time");
	for (i = 0; i < m->nclients; i++) {
		if (m->sockets[i].fd < 0 || m->sockets[i].revents == 0)
			continue;
		ended = go_on(m, s, i, r->purpose);
		if (ended < 0)
			return -1;
		r->nopen -= (size_t)ended;
	}
	return 0;
}

static int
run_round(
    struct measure *m, struct service *s, enum purpose purpose, size_t number)
{
	struct round r = { .purpose = purpose, .begin = now() };
	struct timespec pause = { 0 };

	if (purpose == TIMED)
		r.enough = (s->min_calls + m->nrounds - 1) / m->nrounds;
	for (;;) {
		if (begin_calls(m, s, &r) != 0)
			return -1;
		if (r.nopen == 0)
			break;
		if (purpose == MEMORY && now() - r.sampled > SAMPLE_S) {
			/* While calls are under way, at one moment or other. */
			pause.tv_nsec = (pause.tv_nsec + 370000) % 3000000;
			(void)nanosleep(&pause, NULL);
			sample_memory(s);
			r.sampled = now();
		}
		if (wait_for_answers(m, s, &r) != 0)
			return -1;
	}
	if (purpose == TIMED)
		s->rate[number] = (double)r.nbegun / (now() - r.begin);
	return 0;
}

static int
run(struct measure *m)
{
	size_t round, i;
	int done = 0;

	for (i = 0; i < m->nclients; i++)
		m->sockets[i].fd = -1;
	for (round = 0; round < WARM_UPS; round++)
		for (i = 0; i < m->nservices && done == 0; i++)
			done = run_round(m, &m->services[i], WARM_UP, 0);
	for (round = 0; round < m->nrounds && done == 0; round++)
		for (i = 0; i < m->nservices && done == 0; i++) {
			struct service *s =
			    &m->services[(i + round) % m->nservices];

			add_processor(s, -1);
			done = run_round(m, s, TIMED, round);
			add_processor(s, 1);
		}
	for (i = 0; i < m->nservices && done == 0; i++)
		done = run_round(m, &m->services[i], MEMORY, 0);
	return done;
}

/* --- results -------------------------------------------------------------- */

static int
compare_rates(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static int
compare_times(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void
report(const struct measure *m, struct service *s)
{
	double ncalls = (double)s->ncalls;

	qsort(s->rate, m->nrounds, sizeof(s->rate[0]), compare_rates);
	qsort(s->times, s->ntimes, sizeof(s->times[0]), compare_times);
	(void)printf("%s,%.1f,%u,%u,%u,%zu,%zu,%.1f,%.1f,%.1f,%ld,%zu\n",
	    s->name, s->rate[m->nrounds / 2], s->times[s->ntimes / 2],
	    s->times[s->ntimes * 99 / 100], s->times[s->ntimes - 1], s->ncalls,
	    s->nerrors, s->service_us / ncalls, s->server_us / ncalls,
	    s->machine_us / ncalls, s->memory_kb, s->naccepted);
}

/* --- arguments ------------------------------------------------------------ */

static char *
read_file(const char *name, size_t max, size_t *len)
{
	int fd = open(name, O_RDONLY | O_CLOEXEC);
	char *text = malloc(max + 1);
	ssize_t n = fd >= 0 && text != NULL ? read(fd, text, max) : -1;

	if (fd >= 0)
		(void)close(fd);
	if (n < 0 || (size_t)n == max) {
		(void)fail("cannot read", name);
		free(text);
		return NULL;
	}
	text[n] = '\0';
	*len = (size_t)n;
	return text;
}

static int
make_request(const struct measure *m, struct service *s)
{
	int n = snprintf(s->request, sizeof(s->request),
	    "POST %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n"
	    "User-Agent: measure\r\nAccept: */*\r\n"
	    "Content-Type: application/x-www-form-urlencoded\r\n"
	    "Content-Length: %zu\r\n\r\n%s",
	    s->path, s->port, strlen(m->body), m->body);

	if (n < 0 || (size_t)n >= sizeof(s->request))
		return fail(s->name, "the request is too long");
	s->request_len = (size_t)n;
	s->mark = strstr(s->request, "@@@@@@@@");
	return 0;
}

static int
read_service(struct measure *m, char *argv[])
{
	struct service *s = &m->services[m->nservices++];
	char *pid, *rest = argv[5], *comm = strchr(rest, ':');

	s->name = argv[0];
	s->port = (int)strtol(argv[1], NULL, 10);
	s->path = argv[2];
	if (strcmp(argv[3], "-") != 0) {
		s->answer = read_file(argv[3], ANSWER_MAX, &s->answer_len);
		if (s->answer == NULL)
			return -1;
	}
	s->min_calls = strtoul(argv[4], NULL, 10);
	if (comm != NULL) {
		*comm = '\0';
		s->comm = comm + 1;
	}
	while ((pid = strsep(&rest, ",")) != NULL && s->nroots < ROOTS_MAX)
		if (*pid != '\0')
			s->roots[s->nroots++] = (pid_t)strtol(pid, NULL, 10);
	return make_request(m, s);
}

static int
read_arguments(struct measure *m, int argc, char *argv[])
{
	char *body;
	size_t len;
	int i;

	m->nclients = strtoul(argv[0], NULL, 10);
	m->nrounds = strtoul(argv[1], NULL, 10);
	m->round_s = (double)strtoul(argv[2], NULL, 10) / 1000;
	m->number = strtoul(argv[4], NULL, 10);
	if (m->nclients < 1 || m->nclients > CLIENTS_MAX || m->nrounds < 1 ||
	    m->nrounds > ROUNDS_MAX)
		return fail("bad argument", "clients or rounds");
	body = read_file(argv[3], BODY_MAX, &len);
	if (body == NULL)
		return -1;
	memcpy(m->body, body, len + 1);
	free(body);
	for (i = ARGS; i < argc; i += SERVICE_ARGS)
		if (read_service(m, argv + i) != 0)
			return -1;
	return 0;
}

int
main(int argc, char *argv[])
{
	static struct measure m;
	size_t i;

	argc--, argv++;
	if (argc < ARGS + SERVICE_ARGS || (argc - ARGS) % SERVICE_ARGS != 0 ||
	    argc > ARGS + SERVICES_MAX * SERVICE_ARGS) {
		(void)fprintf(stderr,
		    "usage: measure CLIENTS ROUNDS MS BODY FIRST"
		    " {NAME PORT PATH ANSWER CALLS PID,PID...}...\n");
		return 2;
	}
	if (read_arguments(&m, argc, argv) != 0 || run(&m) != 0)
		return EXIT_FAILURE;
	for (i = 0; i < m.nservices; i++)
		report(&m, &m.services[i]);
	for (i = 0; i < m.nservices; i++) {
		free(m.services[i].times);
		free(m.services[i].answer);
	}
	return EXIT_SUCCESS;
}
