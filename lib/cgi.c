/* SPDX-License-Identifier: ISC */
/*
 * Requests of the Common Gateway Interface and their answers.  FastCGI has
 * the same variables, body and answer, but no environment and no stdin: the
 * few functions that differ are variable, read_input, write_parts and
 * cgi_end.
 */
#include "cgi.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "api_key.h"
#include "fastcgi.h"
#include "log.h"
#include "number.h"
#include "process.h"
#include "secret.h"

enum {
	BODY_SECONDS = 30, /* for all of a body to arrive */
	DRAIN_SECONDS = 5,
	DRAIN_MAX = 16 << 20 /* bytes */
};

/* --- calls ---------------------------------------------------------------- */

/* Gives a line of the log to the web server; false if it cannot take it. */
static int
log_to_server(void *arg, const char *line, size_t len)
{
	return fastcgi_log(arg, line, len);
}

/* Names the connections that this program has from the one before it. */
#define KEPT_NAME "LATCHKEY_CONNECTIONS"

enum rc
cgi_open(struct cgi *cgi)
{
	const char *kept = getenv(KEPT_NAME);
	enum rc rc;

	memset(cgi, 0, sizeof(*cgi));
	if (!fastcgi_is_listener(STDIN_FILENO))
		return RC_OK;
	rc = fastcgi_open(STDIN_FILENO, &cgi->fastcgi);
	if (rc == RC_OK && kept != NULL)
		fastcgi_take_over(cgi->fastcgi, kept);
	return rc;
}

void
cgi_close(struct cgi *cgi)
{
	fastcgi_close(cgi->fastcgi);
	cgi->fastcgi = NULL;
}

enum rc
cgi_next(struct cgi *cgi)
{
	enum rc rc;

	if (cgi->is_last)
		return RC_NOT_FOUND;
	log_incident_new();
	if (cgi->fastcgi == NULL) {
		cgi->is_last = 1;
		return RC_OK;
	}
	rc = fastcgi_next(cgi->fastcgi);
	if (rc == RC_OK)
		log_to(log_to_server, cgi->fastcgi);
	return rc;
}

void
cgi_stop(struct cgi *cgi)
{
	cgi->is_last = 1;
	if (cgi->fastcgi != NULL)
		fastcgi_stop(cgi->fastcgi);
}

void
cgi_restart(struct cgi *cgi, const char *path)
{
	char kept[FASTCGI_KEPT_LEN];

	if (cgi->fastcgi == NULL ||
	    fastcgi_hand_over(cgi->fastcgi, kept) != RC_OK)
		return;
	if (setenv(KEPT_NAME, kept, 1) == 0)
		process_restart(path);
	else
		log_err("cannot start %s anew: %s", path, strerror(errno));
	fastcgi_take_back(cgi->fastcgi);
}

/* --- requests ------------------------------------------------------------- */

/* NULL if there is none of that name. */
static const char *
variable(const struct cgi *cgi, const char *name)
{
	if (cgi->fastcgi != NULL)
		return fastcgi_param(cgi->fastcgi, name);
	return getenv(name);
}

const char *
cgi_variable(const struct cgi *cgi, const char *name)
{
	const char *value = variable(cgi, name);

	return value != NULL ? value : "";
}

/* Reads an address of either family; IPv4 is mapped (RFC 4291, 2.5.5.2). */
static int
parse_address(const char *text, unsigned char address[16])
{
	memset(address, 0, 10);
	memset(address + 10, 0xff, 2);
	if (inet_pton(AF_INET, text, address + 12) == 1)
		return 1;
	return inet_pton(AF_INET6, text, address) == 1;
}

static int
is_proxy(const struct config *config, const unsigned char address[16])
{
	unsigned char proxy[16];
	size_t i;

	for (i = 0; i < config->nproxies; i++)
		if (parse_address(config->proxies[i], proxy) &&
		    memcmp(proxy, address, sizeof(proxy)) == 0)
			return 1;
	return 0;
}

/* Cuts the port off "1.2.3.4:5", "[2001:db8::1]:5" and the brackets. */
static char *
without_port(char *item)
{
	char *colon = strchr(item, ':');

	if (item[0] == '[') {
		item++;
		item[strcspn(item, "]")] = '\0';
	} else if (colon != NULL && strchr(colon + 1, ':') == NULL) {
		*colon = '\0';
	}
	return item;
}

/*
 * Finds the caller's address.  Behind a trusted proxy the list is read from
 * the right, since everything left of what our own proxies wrote may be
 * invented by the caller.
 */
static void
find_address(const struct cgi *cgi, const struct config *config,
    unsigned char address[16])
{
	const char *list = cgi_variable(cgi, "HTTP_X_FORWARDED_FOR");
	size_t end = strlen(list);

	if (!parse_address(cgi_variable(cgi, "REMOTE_ADDR"), address))
		memset(address, 0, 16);
	while (is_proxy(config, address) && end > 0) {
		unsigned char next[16];
		char item[64];
		size_t begin = end, len;

		while (begin > 0 && list[begin - 1] != ',')
			begin--;
		len = end - begin;
		end = begin > 0 ? begin - 1 : 0;
		while (len > 0 && strchr(" \t", list[begin]) != NULL)
			begin++, len--;
		while (len > 0 && strchr(" \t", list[begin + len - 1]) != NULL)
			len--;
		if (len == 0 || len >= sizeof(item))
			return;
		memcpy(item, list + begin, len);
		item[len] = '\0';
		if (!parse_address(without_port(item), next))
			return;
		memcpy(address, next, sizeof(next));
	}
}

/* True if a text has something of the form of a key in it. */
static int
has_key(const char *text)
{
	const char *p = text;

	while ((p = strstr(p, API_KEY_PREFIX)) != NULL) {
		if (api_key_well_formed(p, strnlen(p, API_KEY_LEN)))
			return 1;
		p += API_KEY_PREFIX_LEN;
	}
	return 0;
}

/* True if a header that clients use for keys, or a cookie, has one of ours. */
static int
has_key_elsewhere(const struct cgi *cgi)
{
	static const char *const names[] = { "HTTP_AUTHORIZATION",
		"REDIRECT_HTTP_AUTHORIZATION", "HTTP_X_API_KEY", "HTTP_API_KEY",
		"HTTP_KEY", "HTTP_COOKIE" };
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (has_key(cgi_variable(cgi, names[i])))
			return 1;
	return 0;
}

void
cgi_request_read(
    const struct cgi *cgi, const struct config *config, struct cgi_request *req)
{
	memset(req, 0, sizeof(*req));
	req->method = cgi_variable(cgi, "REQUEST_METHOD");
	req->content_type = cgi_variable(cgi, "CONTENT_TYPE");
	req->query = cgi_variable(cgi, "QUERY_STRING");
	req->document_root = variable(cgi, "DOCUMENT_ROOT");
	req->key_elsewhere = has_key_elsewhere(cgi);
	find_address(cgi, config, req->address);
}

static time_t
monotonic_seconds(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

/*
 * Reads up to len bytes as soon as there are some.  0 at the end of input,
 * -1 if nothing comes until the deadline or reading fails.
 */
static ssize_t
read_input(struct cgi *cgi, char *buf, size_t len, time_t deadline)
{
	struct pollfd input = { .fd = STDIN_FILENO, .events = POLLIN };
	time_t now;
	ssize_t n;

	if (cgi->fastcgi != NULL)
		return fastcgi_read(cgi->fastcgi, buf, len, deadline);
	do {
		now = monotonic_seconds();
		if (now >= deadline ||
		    poll(&input, 1, (int)(deadline - now) * 1000) == 0)
			return -1;
		n = read(STDIN_FILENO, buf, len);
	} while (n < 0 && errno == EINTR);
	return n;
}

enum rc
cgi_body_read(struct cgi *cgi, struct cgi_request *req)
{
	const char *length = cgi_variable(cgi, "CONTENT_LENGTH");
	int64_t wanted = CGI_BODY_MAX + 1; /* one more tells "too large" */
	time_t deadline = monotonic_seconds() + BODY_SECONDS;
	enum rc rc;

	if (length[0] != '\0') {
		rc = number_parse(
		    length, strlen(length), 0, CGI_BODY_MAX, &wanted);
		if (rc != RC_OK)
			return rc;
	}
	req->body = malloc((size_t)wanted + 1);
	if (req->body == NULL) {
		log_err("cannot read the body: out of memory");
		return RC_FAIL;
	}
	while (req->body_len < (size_t)wanted) {
		ssize_t n = read_input(cgi, req->body + req->body_len,
		    (size_t)wanted - req->body_len, deadline);

		if (n < 0)
			return RC_INVALID;
		if (n == 0)
			break;
		req->body_len += (size_t)n;
	}
	req->body[req->body_len] = '\0';
	if (req->body_len > CGI_BODY_MAX)
		return RC_LIMITED;
	req->body_read = 1;
	if (length[0] != '\0' && req->body_len < (size_t)wanted)
		return RC_INVALID;
	return RC_OK;
}

void
cgi_request_clear(struct cgi_request *req)
{
	if (req->body != NULL)
		secret_wipe(req->body, req->body_len);
	free(req->body);
	req->body = NULL;
	req->body_len = 0;
}

void
cgi_address_text(const unsigned char address[16], char text[CGI_ADDRESS_LEN])
{
	static const unsigned char mapped[12] = { [10] = 0xff, [11] = 0xff };
	int is_mapped = memcmp(address, mapped, sizeof(mapped)) == 0;

	if (inet_ntop(is_mapped ? AF_INET : AF_INET6,
		address + (is_mapped ? sizeof(mapped) : 0), text,
		CGI_ADDRESS_LEN) == NULL)
		text[0] = '\0';
}

/* --- answers -------------------------------------------------------------- */

/*
 * Text on its way into a buffer: every answer has ten headers, and printf
 * would take longer for those than the rest of a short call.
 */
struct text {
	char *bytes;
	size_t len, room;
	int is_cut; /* not all of it had room */
};

static void
put_bytes(struct text *text, const char *bytes, size_t len)
{
	if (len > text->room - text->len) {
		text->is_cut = 1;
		return;
	}
	memcpy(text->bytes + text->len, bytes, len);
	text->len += len;
}

static void
put(struct text *text, const char *s)
{
	put_bytes(text, s, strlen(s));
}

static void
put_header(struct text *text, const char *name, const char *value)
{
	put(text, name);
	put(text, ": ");
	put(text, value);
	put(text, "\r\n");
}

void
cgi_header(struct cgi_answer *answer, const char *name, const char *value)
{
	struct text text = { answer->headers, answer->headers_len,
		sizeof(answer->headers), 0 };

	put_header(&text, name, value);
	if (text.is_cut)
		log_err("cannot add the header %s: no room", name);
	else
		answer->headers_len = text.len;
}

void
cgi_header_int(struct cgi_answer *answer, const char *name, int64_t n)
{
	char text[NUMBER_TEXT_LEN];

	cgi_header(answer, name, number_format(n, text));
}

static const char *
reason(int status)
{
	switch (status) {
	case 200:
		return "OK";
	case 301:
		return "Moved Permanently";
	case 303:
		return "See Other";
	case 400:
		return "Bad Request";
	case 401:
		return "Unauthorized";
	case 403:
		return "Forbidden";
	case 404:
		return "Not Found";
	case 405:
		return "Method Not Allowed";
	case 413:
		return "Content Too Large";
	case 415:
		return "Unsupported Media Type";
	case 422:
		return "Unprocessable Content";
	case 429:
		return "Too Many Requests";
	case 503:
		return "Service Unavailable";
	default:
		return "Internal Server Error";
	}
}

/* Writes all of a buffer to stdout. */
static enum rc
write_all(const char *bytes, size_t len)
{
	while (len > 0) {
		ssize_t n = write(STDOUT_FILENO, bytes, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return RC_FAIL;
		bytes += n;
		len -= (size_t)n;
	}
	return RC_OK;
}

/* Writes the head, with room for more behind it, and the body. */
static enum rc
write_answer(char *head, size_t used, size_t size, const char *body, size_t len)
{
	/* A short body leaves in the same write. */
	if (len <= size - used) {
		memcpy(head + used, body, len);
		return write_all(head, used + len);
	}
	if (write_all(head, used) != RC_OK)
		return RC_FAIL;
	return write_all(body, len);
}

enum rc
cgi_send(struct cgi *cgi, const struct cgi_answer *answer,
    const char *content_type, const char *body, size_t len)
{
	char head[CGI_HEADERS_MAX + 4096], number[NUMBER_TEXT_LEN];
	struct text text = { head, 0, sizeof(head), 0 };

	put(&text, "Status: ");
	put(&text, number_format(answer->status, number));
	put(&text, " ");
	put(&text, reason(answer->status));
	put(&text, "\r\n");
	put_header(&text, "Content-Type", content_type);
	put_header(
	    &text, "Content-Length", number_format((int64_t)len, number));
	put_header(&text, "Cache-Control",
	    answer->cache != NULL ? answer->cache : "no-store");
	put_header(&text, "X-Content-Type-Options", "nosniff");
	put_bytes(&text, answer->headers, answer->headers_len);
	put(&text, "\r\n");
	if (text.is_cut)
		return RC_FAIL;
	if (cgi->fastcgi != NULL)
		return fastcgi_send(cgi->fastcgi, head, text.len, body, len);
	return write_answer(head, text.len, sizeof(head), body, len);
}

/* Apart, so that its buffer costs nothing where nothing is left. */
static __attribute__((noinline)) void
drain(struct cgi *cgi)
{
	time_t deadline = monotonic_seconds() + DRAIN_SECONDS;
	char buf[16384];
	size_t left, most = 0;
	ssize_t n = 1;

	for (left = DRAIN_MAX; n > 0 && left >= sizeof(buf);
	     left -= n > 0 ? (size_t)n : 0) {
		n = read_input(cgi, buf, sizeof(buf), deadline);
		if (n > 0 && (size_t)n > most)
			most = (size_t)n;
	}
	/* Of most calls nothing is left. */
	secret_wipe(buf, most);
}

/* Lets stdin and stdout lead nowhere. */
static void
end_output(void)
{
	/*
	 * mod_cgid's socket is both stdin and stdout.  They are not closed:
	 * the next file to be opened must not become one of them.
	 */
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return;
	(void)dup2(fd, STDIN_FILENO);
	(void)dup2(fd, STDOUT_FILENO);
	(void)close(fd);
}

static void
go_on(int signal)
{
	(void)signal;
}

/*
 * Apache ends a program (SIGTERM, three seconds later SIGKILL) as soon as it
 * has all of the answer, though when a key was used may still have to be
 * written, or a job to be started.  Handled, not ignored: what is started
 * from here would inherit that.
 */
static void
outlive_answer(void)
{
	struct sigaction action = { .sa_handler = go_on,
		.sa_flags = SA_RESTART };

	(void)sigemptyset(&action.sa_mask);
	(void)sigaction(SIGTERM, &action, NULL);
}

void
cgi_end(struct cgi *cgi, struct cgi_request *req)
{
	/* FastCGI tells the end of a body even where there is a length. */
	if (!req->body_read || cgi->fastcgi != NULL)
		drain(cgi);
	req->body_read = 1;
	if (cgi->fastcgi == NULL) {
		outlive_answer();
		end_output();
		return;
	}
	log_to(NULL, NULL);
	fastcgi_leave(cgi->fastcgi);
}

/* --- jobs ----------------------------------------------------------------- */

/* In the environment of a job; no header becomes a variable of this name. */
#define JOB_NAME "LATCHKEY_JOB"

/*
 * A web server that reads a program's stderr to its end would wait for the
 * job: then it writes to the file instead.
 */
static int
is_read_to_its_end(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 &&
	       (S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode));
}

/* A file without a name that has the text; -1 (errno) if it cannot be. */
static int
file_of(const char *text, size_t len)
{
	int fd = memfd_create("job", MFD_CLOEXEC);

	while (fd >= 0 && len > 0) {
		ssize_t n = write(fd, text, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			(void)close(fd);
			return -1;
		}
		text += n;
		len -= (size_t)n;
	}
	if (fd >= 0)
		(void)lseek(fd, 0, SEEK_SET);
	return fd;
}

enum rc
cgi_job_start(const char *text, size_t len, const char *log_path)
{
	static char self[] = "/proc/self/exe", name[] = JOB_NAME "=1";
	char *const argv[] = { self, NULL }, *const envp[] = { name, NULL };
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	sigset_t none;
	int fd, error;
	pid_t pid;

	/* Those that have ended since. */
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
	fd = file_of(text, len);
	if (fd < 0) {
		log_err("cannot start a job: %s", strerror(errno));
		return RC_FAIL;
	}
	(void)sigemptyset(&none);
	(void)posix_spawnattr_init(&attr);
	(void)posix_spawnattr_setsigmask(&attr, &none);
	/* The web server ends its request's processes by their group. */
	(void)posix_spawnattr_setflags(
	    &attr, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK);
	(void)posix_spawn_file_actions_init(&actions);
	(void)posix_spawn_file_actions_adddup2(&actions, fd, STDIN_FILENO);
	(void)posix_spawn_file_actions_addopen(
	    &actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	if (is_read_to_its_end(STDERR_FILENO))
		(void)posix_spawn_file_actions_addopen(&actions, STDERR_FILENO,
		    log_path, O_WRONLY | O_APPEND | O_CREAT, 0600);
	error = posix_spawn(&pid, self, &actions, &attr, argv, envp);
	(void)posix_spawn_file_actions_destroy(&actions);
	(void)posix_spawnattr_destroy(&attr);
	(void)close(fd);
	if (error == 0)
		return RC_OK;
	log_err("cannot start a job: %s", strerror(error));
	return RC_FAIL;
}

enum rc
cgi_job_read(char **text, size_t *len)
{
	struct stat st;
	ssize_t n;

	*text = NULL;
	*len = 0;
	if (getenv(JOB_NAME) == NULL)
		return RC_NOT_FOUND;
	if (fstat(STDIN_FILENO, &st) != 0 || st.st_size > CGI_JOB_MAX ||
	    (*text = malloc((size_t)st.st_size + 1)) == NULL)
		return RC_FAIL;
	n = read(STDIN_FILENO, *text, (size_t)st.st_size);
	*len = n > 0 ? (size_t)n : 0;
	(*text)[*len] = '\0';
	return n == (ssize_t)st.st_size ? RC_OK : RC_FAIL;
}
