/* SPDX-License-Identifier: ISC */
/*
 * The FastCGI protocol.  Records are read through one buffer and their
 * contents taken out as they come; an answer leaves in one call to the
 * kernel, whatever its length.  libfcgi was tried first: a tenth slower,
 * without any limit of time, and it leaves bodies in freed memory.
 */
#include "fastcgi.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "log.h"
#include "number.h"
#include "secret.h"

enum {
	IN_LEN = 16384,    /* bytes of input at once */
	PARAMS_LEN = 4096, /* of parameters, at first */
	INDEX_MAX = 64,    /* parameters that are found without a search */
	READY_MAX = 8,     /* that are looked at together */
	HEAD_SECONDS = 10, /* for the parameters to arrive */
	SEND_SECONDS = 120 /* for an answer to be taken */
};

/* Section 3.3: the header of a record, and what is in it. */
enum {
	HEADER_LEN = 8,
	VERSION = 1,
	CONTENT_MAX = 65528, /* the most that needs no padding */
	BEGIN_LEN = 8,
	END_LEN = 8
};

enum record_type {
	BEGIN_REQUEST = 1,
	ABORT_REQUEST = 2,
	END_REQUEST = 3,
	PARAMS = 4,
	STDIN = 5,
	STDOUT = 6,
	STDERR = 7,
	DATA = 8,
	GET_VALUES = 9,
	GET_VALUES_RESULT = 10,
	UNKNOWN_TYPE = 11
};

enum { RESPONDER = 1, KEEP_CONN = 1 };

/* Section 5.5: how a request ended. */
enum end { COMPLETE = 0, CANNOT_MULTIPLEX = 1, UNKNOWN_ROLE = 3 };

/* The header of the record whose content is being read. */
struct record {
	unsigned int type, id;
	size_t left; /* bytes of content */
	size_t padding;
};

struct fastcgi {
	int listener; /* -1: no more requests */
	int events;   /* epoll's */
	int signals;
	int is_lost;   /* the listener cannot be waited for any more */
	int is_ending; /* a signal has come */
	unsigned int turn;
	int kept[FASTCGI_KEPT_MAX]; /* between requests, and that at hand */
	int nkept;
	int fd;     /* of the connection at hand; -1: none */
	int known;  /* that one is among the kept */
	int broken; /* nothing more can be read from it */

	unsigned int id; /* of the request; 0: none */
	int keep;        /* the connection, after it */
	int body_ended;
	int answered;

	struct record record;
	size_t begin, end; /* of what is unread in in */
	unsigned char in[IN_LEN];

	char *params; /* as they came; then "name\0value\0" each */
	size_t params_len, params_room;
	/* The first of them: a call asks for many that it does not have. */
	struct {
		const char *name, *value;
		size_t name_len;
	} index[INDEX_MAX];
	size_t nindex;
	const char *others; /* behind those */
};

static time_t
seconds(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

int
fastcgi_is_listener(int fd)
{
	int listens = 0;
	socklen_t len = sizeof(listens);

	return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &len) == 0 &&
	       listens;
}

/* --- what is waited for --------------------------------------------------- */

static int
watch(const struct fastcgi *f, int fd, uint32_t events)
{
	struct epoll_event event = { .events = events, .data = { .fd = fd } };

	return epoll_ctl(f->events, EPOLL_CTL_ADD, fd, &event);
}

/*
 * The socket is shared with other processes: of those that wait one wakes
 * up, and whoever comes too late must not wait in accept, deaf to signals.
 */
static int
watch_listener(const struct fastcgi *f)
{
	if (watch(f, f->listener, EPOLLIN | EPOLLEXCLUSIVE) == 0)
		return 0;
	/* Linux before 4.5 wakes all of them. */
	return errno == EINVAL ? watch(f, f->listener, EPOLLIN) : -1;
}

static int
open_listener(const struct fastcgi *f)
{
	int flags = fcntl(f->listener, F_GETFL);

	if (flags < 0 || fcntl(f->listener, F_SETFL, flags | O_NONBLOCK) != 0)
		return -1;
	return watch_listener(f);
}

/*
 * Goes to the end of those who wait at the socket, which the kernel wakes in
 * the order in which they came.  A process that keeps no connection is to take
 * the next one, since a call on one that is kept would have to wait for that.
 */
static void
requeue(struct fastcgi *f)
{
	if (epoll_ctl(f->events, EPOLL_CTL_DEL, f->listener, NULL) == 0 &&
	    watch_listener(f) == 0)
		return;
	log_err("cannot wait for connections: %s", strerror(errno));
	f->is_lost = 1;
}

/* --- kept connections ----------------------------------------------------- */

/* Keeps a connection, unless there are too many. */
static int
keep(struct fastcgi *f, int fd)
{
	if (f->nkept == FASTCGI_KEPT_MAX || watch(f, fd, EPOLLIN) != 0)
		return 0;
	f->kept[f->nkept++] = fd;
	return 1;
}

/* Closes a connection that was kept; epoll forgets it by itself. */
static void
drop(struct fastcgi *f, int fd)
{
	int i = 0;

	while (f->kept[i] != fd)
		i++;
	f->kept[i] = f->kept[--f->nkept];
	(void)close(fd);
}

/*
 * Keeps what is a connection, and not whatever else has its number.  One that
 * the web server has reset has no peer any more: its end is read, as ever.
 */
static void
inherit(struct fastcgi *f, int fd)
{
	int listens = 0;
	socklen_t len = sizeof(listens);

	if (fd <= STDERR_FILENO ||
	    getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &len) != 0 ||
	    listens)
		return;
	if (fcntl(fd, F_SETFD, FD_CLOEXEC) != 0 || !keep(f, fd))
		(void)close(fd);
}

void
fastcgi_take_over(struct fastcgi *f, const char *kept)
{
	const char *p = kept;
	int64_t fd;
	size_t len;

	while (*p != '\0') {
		len = strcspn(p, " ");
		if (number_parse(p, len, 0, INT_MAX, &fd) == RC_OK)
			inherit(f, (int)fd);
		p += len;
		p += *p == ' ';
	}
}

/* Lets all that is kept live on in the next program, or end with this one. */
static enum rc
mark_kept(const struct fastcgi *f, int flag)
{
	int i;

	for (i = 0; i < f->nkept; i++)
		if (fcntl(f->kept[i], F_SETFD, flag) != 0)
			return RC_FAIL;
	return RC_OK;
}

enum rc
fastcgi_hand_over(struct fastcgi *f, char kept[FASTCGI_KEPT_LEN])
{
	char *end = kept;
	int i, n;

	if (f->fd >= 0)
		return RC_BUSY;
	for (i = 0; i < f->nkept; i++) {
		/* The first come first there: not always the same. */
		n = ((int)(f->turn % FASTCGI_KEPT_MAX) + i) % f->nkept;
		end += strlen(number_format(f->kept[n], end));
		*end++ = ' ';
	}
	*end = '\0';
	if (mark_kept(f, 0) == RC_OK)
		return RC_OK;
	log_err("cannot hand connections over: %s", strerror(errno));
	fastcgi_take_back(f);
	return RC_FAIL;
}

void
fastcgi_take_back(struct fastcgi *f)
{
	(void)mark_kept(f, FD_CLOEXEC);
}

/* --- opening and closing -------------------------------------------------- */

enum rc
fastcgi_open(int listener, struct fastcgi **out)
{
	struct fastcgi *f = calloc(1, sizeof(*f));
	struct timespec now;
	sigset_t signals;

	*out = NULL;
	if (f == NULL) {
		log_err("cannot serve FastCGI: out of memory");
		return RC_FAIL;
	}
	f->listener = listener;
	f->fd = -1;
	/* One that starts anew after few calls must not begin with the same. */
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	f->turn = (unsigned int)now.tv_nsec;
	/* Blocked, they wait for the end of the call at hand. */
	(void)sigemptyset(&signals);
	(void)sigaddset(&signals, SIGTERM);
	(void)sigaddset(&signals, SIGUSR1);
	(void)sigprocmask(SIG_BLOCK, &signals, NULL);
	f->signals = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
	f->events = epoll_create1(EPOLL_CLOEXEC);
	f->params_room = PARAMS_LEN;
	f->params = malloc(f->params_room);
	if (f->signals < 0 || f->events < 0 || f->params == NULL ||
	    watch(f, f->signals, EPOLLIN) != 0 || open_listener(f) != 0) {
		log_err("cannot serve FastCGI: %s", strerror(errno));
		fastcgi_close(f);
		return RC_FAIL;
	}
	*out = f;
	return RC_OK;
}

void
fastcgi_close(struct fastcgi *f)
{
	if (f == NULL)
		return;
	/* Kept connections end with the process. */
	if (f->fd >= 0)
		(void)close(f->fd);
	if (f->events >= 0)
		(void)close(f->events);
	if (f->signals >= 0)
		(void)close(f->signals);
	free(f->params);
	free(f);
}

void
fastcgi_stop(struct fastcgi *f)
{
	int nowhere;

	if (f->listener < 0)
		return;
	/* Its number stays in use: no other file may get it. */
	(void)epoll_ctl(f->events, EPOLL_CTL_DEL, f->listener, NULL);
	nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (nowhere >= 0) {
		(void)dup2(nowhere, f->listener);
		(void)close(nowhere);
	}
	f->listener = -1;
}

/* --- records that leave --------------------------------------------------- */

static void
put_header(unsigned char header[HEADER_LEN], enum record_type type,
    unsigned int id, size_t len)
{
	memset(header, 0, HEADER_LEN);
	header[0] = VERSION;
	header[1] = (unsigned char)type;
	header[2] = (unsigned char)(id >> 8);
	header[3] = (unsigned char)id;
	header[4] = (unsigned char)(len >> 8);
	header[5] = (unsigned char)len;
}

static void
put_end(
    unsigned char record[HEADER_LEN + END_LEN], unsigned int id, enum end how)
{
	put_header(record, END_REQUEST, id, END_LEN);
	/* The exit status of four bytes is 0. */
	memset(record + HEADER_LEN, 0, END_LEN);
	record[HEADER_LEN + 4] = (unsigned char)how;
}

/* Waits until the connection is ready; false past the deadline. */
static int
is_ready(const struct fastcgi *f, short events, time_t deadline)
{
	struct pollfd connection = { .fd = f->fd, .events = events };
	time_t now;
	int n;

	do {
		now = seconds();
		if (now >= deadline)
			return 0;
		n = poll(&connection, 1, (int)(deadline - now) * 1000);
	} while (n < 0 && errno == EINTR);
	return n > 0;
}

/* Takes n bytes off the front of the parts. */
static void
advance(struct iovec **parts, size_t *nparts, size_t n)
{
	while (*nparts > 0 && n >= (*parts)->iov_len) {
		n -= (*parts)->iov_len;
		(*parts)++;
		(*nparts)--;
	}
	if (*nparts > 0) {
		(*parts)->iov_base = (char *)(*parts)->iov_base + n;
		(*parts)->iov_len -= n;
	}
}

/* Sends all parts; they are used up. */
static enum rc
send_all(struct fastcgi *f, struct iovec *parts, size_t nparts, time_t deadline)
{
	struct msghdr message;
	ssize_t n;

	while (nparts > 0) {
		/* A few; the field is an int (POSIX) or a size_t (glibc). */
		message = (struct msghdr){ .msg_iov = parts,
			.msg_iovlen = (unsigned short)nparts };
		n = sendmsg(f->fd, &message, MSG_NOSIGNAL);
		if (n >= 0) {
			advance(&parts, &nparts, (size_t)n);
			continue;
		}
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN || !is_ready(f, POLLOUT, deadline)) {
			f->broken = 1;
			return RC_FAIL;
		}
	}
	return RC_OK;
}

static enum rc
send_record(struct fastcgi *f, unsigned char *record, size_t len)
{
	struct iovec part = { record, len };

	return send_all(f, &part, 1, seconds() + HEAD_SECONDS);
}

static enum rc
send_end(struct fastcgi *f, unsigned int id, enum end how)
{
	unsigned char record[HEADER_LEN + END_LEN];

	put_end(record, id, how);
	return send_record(f, record, sizeof(record));
}

int
fastcgi_log(struct fastcgi *f, const char *line, size_t len)
{
	unsigned char header[HEADER_LEN];
	struct iovec parts[] = { { header, sizeof(header) },
		{ (char *)(uintptr_t)line, len } };
	struct msghdr message = { .msg_iov = parts, .msg_iovlen = 2 };
	ssize_t n;

	if (f->id == 0 || f->answered || f->broken || len > CONTENT_MAX)
		return 0;
	put_header(header, STDERR, f->id, len);
	n = sendmsg(f->fd, &message, MSG_NOSIGNAL);
	if (n == (ssize_t)(sizeof(header) + len))
		return 1;
	/* Half a record cannot be taken back. */
	if (n >= 0 || errno != EAGAIN)
		f->broken = 1;
	return 0;
}

enum rc
fastcgi_send(struct fastcgi *f, const char *head, size_t head_len,
    const char *body, size_t len)
{
	const time_t deadline = seconds() + SEND_SECONDS;
	unsigned char header[HEADER_LEN], end[2 * HEADER_LEN + END_LEN];
	struct iovec parts[4];
	enum rc rc = RC_OK;
	size_t n, part;
	int last;

	if (f->id == 0 || f->answered || f->broken ||
	    head_len > CONTENT_MAX / 2)
		return RC_FAIL;
	put_header(end, STDOUT, f->id, 0);
	put_end(end + HEADER_LEN, f->id, COMPLETE);
	do {
		n = 0;
		part = CONTENT_MAX - head_len;
		part = len < part ? len : part;
		last = part == len;
		put_header(header, STDOUT, f->id, head_len + part);
		/* An empty record would be the end of it. */
		if (head_len + part > 0)
			parts[n++] = (struct iovec){ header, sizeof(header) };
		parts[n++] =
		    (struct iovec){ (char *)(uintptr_t)head, head_len };
		parts[n++] = (struct iovec){ (char *)(uintptr_t)body, part };
		if (last)
			parts[n++] = (struct iovec){ end, sizeof(end) };
		rc = send_all(f, parts, n, deadline);
		head_len = 0;
		body += part;
		len -= part;
	} while (rc == RC_OK && !last);
	f->answered = rc == RC_OK;
	return rc;
}

/* --- records that come ---------------------------------------------------- */

/* Reads more input behind what is unread; false at its end. */
static int
fill(struct fastcgi *f, time_t deadline)
{
	ssize_t n;

	if (f->broken)
		return 0;
	if (f->begin > 0) {
		memmove(f->in, f->in + f->begin, f->end - f->begin);
		f->end -= f->begin;
		f->begin = 0;
	}
	do {
		n = read(f->fd, f->in + f->end, sizeof(f->in) - f->end);
		if (n < 0 && errno == EAGAIN && !is_ready(f, POLLIN, deadline))
			break;
	} while (n < 0 && (errno == EINTR || errno == EAGAIN));
	if (n <= 0) {
		f->broken = 1;
		return 0;
	}
	f->end += (size_t)n;
	return 1;
}

/* Has n bytes unread, fewer than the buffer has. */
static int
need(struct fastcgi *f, size_t n, time_t deadline)
{
	while (f->end - f->begin < n)
		if (!fill(f, deadline))
			return 0;
	return 1;
}

/*
 * Takes up to len bytes of the record's content; buf may be NULL.  0 if
 * there is nothing left of it, or of the input.
 */
static size_t
take(struct fastcgi *f, void *buf, size_t len, time_t deadline)
{
	size_t n = f->record.left;

	if (n == 0 || !need(f, 1, deadline))
		return 0;
	if (n > f->end - f->begin)
		n = f->end - f->begin;
	if (n > len)
		n = len;
	if (buf != NULL)
		memcpy(buf, f->in + f->begin, n);
	secret_wipe(f->in + f->begin, n);
	f->begin += n;
	f->record.left -= n;
	return n;
}

/* Passes over what is left of a record. */
static int
skip(struct fastcgi *f, time_t deadline)
{
	f->record.left += f->record.padding;
	f->record.padding = 0;
	while (f->record.left > 0)
		if (take(f, NULL, f->record.left, deadline) == 0)
			return 0;
	return 1;
}

/* Reads the header of the next record; false at the end of input. */
static int
read_header(struct fastcgi *f, time_t deadline)
{
	const unsigned char *h;

	if (!skip(f, deadline) || !need(f, HEADER_LEN, deadline))
		return 0;
	h = f->in + f->begin;
	f->begin += HEADER_LEN;
	if (h[0] != VERSION) {
		log_err("refuse a connection: it is not FastCGI");
		f->broken = 1;
		return 0;
	}
	f->record = (struct record){ .type = h[1],
		.id = (unsigned int)(h[2] << 8 | h[3]),
		.left = (size_t)(h[4] << 8 | h[5]),
		.padding = h[6] };
	return 1;
}

/*
 * Reads the length of a name or value (section 3.4) before limit; false if
 * it is cut off.
 */
static int
get_length(const unsigned char **p, const unsigned char *limit, size_t *len)
{
	const unsigned char *b = *p;
	size_t n = b < limit && (b[0] & 0x80) != 0 ? 4 : 1;

	if ((size_t)(limit - b) < n)
		return 0;
	*len = b[0];
	if (n == 4)
		*len = (size_t)(b[0] & 0x7f) << 24 | (size_t)b[1] << 16 |
		       (size_t)b[2] << 8 | b[3];
	*p += n;
	return 1;
}

/* What web servers ask before they send a request (section 4.1). */
static const struct {
	const char *name, *value;
} values[] = {
	{ "FCGI_MAX_CONNS", "1" },
	{ "FCGI_MAX_REQS", "1" },
	{ "FCGI_MPXS_CONNS", "0" },
};

/* Adds what is known of one name to the answer; there is room for each. */
static size_t
put_value(unsigned char *to, const unsigned char *name, size_t len)
{
	size_t i, value_len;

	for (i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		if (strlen(values[i].name) != len ||
		    memcmp(values[i].name, name, len) != 0)
			continue;
		value_len = strlen(values[i].value);
		to[0] = (unsigned char)len;
		to[1] = (unsigned char)value_len;
		memcpy(to + 2, name, len);
		memcpy(to + 2 + len, values[i].value, value_len);
		return 2 + len + value_len;
	}
	return 0;
}

/* Answers a record that belongs to no request. */
static int
manage(struct fastcgi *f, time_t deadline)
{
	unsigned char out[HEADER_LEN + 512] = { 0 };
	const unsigned char *p, *limit;
	size_t name_len, value_len, len = 0;

	if (f->record.type != GET_VALUES) {
		put_header(out, UNKNOWN_TYPE, 0, 8);
		out[HEADER_LEN] = (unsigned char)f->record.type;
		return send_record(f, out, HEADER_LEN + 8) == RC_OK;
	}
	if (f->record.left > 512 || !need(f, f->record.left, deadline))
		return 0;
	p = f->in + f->begin;
	limit = p + f->record.left;
	while (p < limit && get_length(&p, limit, &name_len) &&
	       get_length(&p, limit, &value_len) &&
	       name_len <= (size_t)(limit - p) &&
	       value_len <= (size_t)(limit - p) - name_len) {
		/* One asked for again and again outgrows the question. */
		if (len + 64 > 512)
			return 0;
		len += put_value(out + HEADER_LEN + len, p, name_len);
		p += name_len + value_len;
	}
	put_header(out, GET_VALUES_RESULT, 0, len);
	return send_record(f, out, HEADER_LEN + len) == RC_OK;
}

/* Begins a request, or refuses to. */
static int
begin_request(struct fastcgi *f, time_t deadline)
{
	const unsigned char *b;

	if (f->record.left != BEGIN_LEN || !need(f, BEGIN_LEN, deadline))
		return 0;
	if (f->id != 0)
		return send_end(f, f->record.id, CANNOT_MULTIPLEX) == RC_OK;
	b = f->in + f->begin;
	f->keep = (b[2] & KEEP_CONN) != 0;
	if ((b[0] << 8 | b[1]) != RESPONDER)
		return send_end(f, f->record.id, UNKNOWN_ROLE) == RC_OK &&
		       f->keep;
	f->id = f->record.id;
	return 1;
}

/*
 * Goes to the next record of the request; others are dealt with.  False at
 * the end of input, and of the request.
 */
static int
next_record(struct fastcgi *f, time_t deadline)
{
	for (;;) {
		int good = 1;

		if (!read_header(f, deadline))
			return 0;
		if (f->record.id == 0)
			good = manage(f, deadline);
		else if (f->record.type == BEGIN_REQUEST)
			good = begin_request(f, deadline);
		else if (f->id == 0 || f->record.id != f->id)
			; /* of one that was refused */
		else if (f->record.type == ABORT_REQUEST)
			good = 0;
		else if (f->record.type != DATA)
			return 1;
		if (!good) {
			f->broken = 1;
			return 0;
		}
	}
}

/* Has room for n more bytes of parameters. */
static int
grow(struct fastcgi *f, size_t n)
{
	size_t room = f->params_room;
	char *grown;

	while (room < f->params_len + n)
		room *= 2;
	if (room == f->params_room)
		return 1;
	if (room > FASTCGI_PARAMS_MAX) {
		log_err("refuse a request: its parameters are too long");
		return 0;
	}
	grown = malloc(room);
	if (grown == NULL) {
		log_err("cannot read a request: out of memory");
		return 0;
	}
	memcpy(grown, f->params, f->params_len);
	secret_wipe(f->params, f->params_len);
	free(f->params);
	f->params = grown;
	f->params_room = room;
	return 1;
}

/*
 * Turns pairs with lengths into strings, in place: two lengths have two
 * bytes at least, which is what two NULs need.
 */
static int
split_params(struct fastcgi *f)
{
	const unsigned char *p = (unsigned char *)f->params;
	const unsigned char *limit = p + f->params_len;
	char *to = f->params;
	size_t name_len, value_len;

	f->others = f->params;
	f->nindex = 0;
	while (p < limit) {
		if (!get_length(&p, limit, &name_len) ||
		    !get_length(&p, limit, &value_len) ||
		    name_len > (size_t)(limit - p) ||
		    value_len > (size_t)(limit - p) - name_len ||
		    memchr(p, '\0', name_len + value_len) != NULL)
			return 0;
		memmove(to, p, name_len);
		if (f->nindex < INDEX_MAX) {
			f->index[f->nindex].name = to;
			f->index[f->nindex].name_len = name_len;
			f->index[f->nindex++].value = to + name_len + 1;
			f->others = to + name_len + 1 + value_len + 1;
		}
		to += name_len;
		*to++ = '\0';
		memmove(to, p + name_len, value_len);
		to += value_len;
		*to++ = '\0';
		p += name_len + value_len;
	}
	f->params_len = (size_t)(to - f->params);
	return 1;
}

/* Reads a request up to its body. */
static int
read_head(struct fastcgi *f)
{
	const time_t deadline = seconds() + HEAD_SECONDS;
	size_t n;

	for (;;) {
		if (!next_record(f, deadline))
			return 0;
		if (f->record.type != PARAMS)
			break;
		if (f->record.left == 0 && split_params(f))
			return 1;
		if (f->record.left == 0)
			break;
		if (!grow(f, f->record.left))
			return 0;
		while ((n = take(f, f->params + f->params_len, f->record.left,
			    deadline)) > 0)
			f->params_len += n;
		if (f->record.left > 0)
			return 0;
	}
	log_err("refuse a request: its parameters are malformed");
	return 0;
}

const char *
fastcgi_param(const struct fastcgi *f, const char *name)
{
	const char *limit = f->params + f->params_len, *p, *value;
	const size_t len = strlen(name);
	size_t i;

	for (i = 0; i < f->nindex; i++)
		if (f->index[i].name_len == len &&
		    memcmp(f->index[i].name, name, len) == 0)
			return f->index[i].value;
	if (i < INDEX_MAX)
		return NULL;
	for (p = f->others; p < limit; p = value + strlen(value) + 1) {
		value = p + strlen(p) + 1;
		if (strcmp(p, name) == 0)
			return value;
	}
	return NULL;
}

ssize_t
fastcgi_read(struct fastcgi *f, void *buf, size_t len, time_t deadline)
{
	size_t n;

	if (len == 0 || f->body_ended)
		return 0;
	while (f->record.type != STDIN || f->record.left == 0) {
		if (!next_record(f, deadline))
			return -1;
		if (f->record.type == STDIN && f->record.left == 0) {
			/* The next request begins behind its padding. */
			f->body_ended = skip(f, deadline);
			return f->body_ended ? 0 : -1;
		}
	}
	n = take(f, buf, len, deadline);
	return n > 0 ? (ssize_t)n : -1;
}

/* --- requests ------------------------------------------------------------- */

void
fastcgi_leave(struct fastcgi *f)
{
	const int wanted = f->keep && f->answered && f->body_ended &&
			   !f->broken && f->listener >= 0 && !f->is_ending;

	if (f->fd < 0)
		return;
	secret_wipe(f->params, f->params_len);
	f->params_len = f->nindex = 0;
	f->record = (struct record){ 0 };
	f->id = 0;
	f->keep = f->body_ended = f->answered = f->broken = 0;
	/* Its next request may be here already. */
	if (wanted && f->begin < f->end)
		return;
	secret_wipe(f->in + f->begin, f->end - f->begin);
	f->begin = f->end = 0;
	if (f->known && !wanted)
		drop(f, f->fd);
	else if (!f->known && wanted && keep(f, f->fd))
		requeue(f);
	else if (!f->known)
		(void)close(f->fd);
	f->fd = -1;
	f->known = 0;
}

/* Takes a new connection; RC_NOT_FOUND if another process has it. */
static enum rc
take_connection(struct fastcgi *f)
{
	f->fd = accept4(f->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (f->fd >= 0)
		return RC_OK;
	switch (errno) {
	case EBADF:
	case EINVAL:
	case EMFILE:
	case ENFILE:
	case ENOBUFS:
	case ENOMEM:
	case ENOTSOCK:
		log_err("cannot take a connection: %s", strerror(errno));
		return RC_FAIL;
	default:
		return RC_NOT_FOUND; /* it is gone */
	}
}

/*
 * Takes no more connections.  What has come on those that are kept would be
 * lost with the process: each of them is left when that is answered.
 */
static void
begin_end(struct fastcgi *f)
{
	f->is_ending = 1;
	(void)epoll_ctl(f->events, EPOLL_CTL_DEL, f->listener, NULL);
	/* The signal stays, for the program that this may become. */
	(void)epoll_ctl(f->events, EPOLL_CTL_DEL, f->signals, NULL);
}

/*
 * Waits until there is something to read; *fd is where.  Of several they
 * take turns, but a signal comes before all of them: after that what is there
 * already is all that there is.
 */
static enum rc
wait_for_event(struct fastcgi *f, int *fd)
{
	struct epoll_event ready[READY_MAX];
	int i, n;

	for (;;) {
		do
			n = epoll_wait(
			    f->events, ready, READY_MAX, f->is_ending ? 0 : -1);
		while (n < 0 && errno == EINTR);
		if (n < 0) {
			log_err("cannot wait for a call: %s", strerror(errno));
			return RC_FAIL;
		}
		if (n == 0) {
			/* Before anything that takes longer. */
			while (f->nkept > 0)
				drop(f, f->kept[0]);
			return RC_NOT_FOUND;
		}
		for (i = 0; i < n; i++)
			if (ready[i].data.fd == f->signals)
				break;
		if (i == n)
			break;
		begin_end(f);
	}
	*fd = ready[f->turn++ % (unsigned int)n].data.fd;
	return RC_OK;
}

/* Goes to a connection that has something to read. */
static enum rc
find_connection(struct fastcgi *f)
{
	int fd = -1;
	enum rc rc;

	do {
		rc = wait_for_event(f, &fd);
		if (rc != RC_OK)
			return rc;
		f->known = fd != f->listener;
		if (f->known) {
			f->fd = fd;
			return RC_OK;
		}
		rc = take_connection(f);
	} while (rc == RC_NOT_FOUND);
	return rc;
}

enum rc
fastcgi_next(struct fastcgi *f)
{
	enum rc rc;

	while (f->listener >= 0) {
		if (f->is_lost)
			return RC_FAIL;
		rc = f->fd >= 0 ? RC_OK : find_connection(f);
		if (rc != RC_OK)
			return rc;
		if (read_head(f))
			return RC_OK;
		fastcgi_leave(f);
	}
	return RC_NOT_FOUND;
}
