/* SPDX-License-Identifier: ISC */
/*
 * The least FastCGI program: it takes a request to its end, looks at nothing
 * in it and gives the short answer of the empty CGI program.  What it
 * answers in a second is the most that a program behind that web server can.
 */
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

/* Types of records and flags, sections 3.3, 5.1 and 8 of the protocol. */
enum { BEGIN = 1, END = 3, INPUT = 5, OUTPUT = 6 };
enum { HEADER_LEN = 8, END_LEN = 8, KEEP_CONN = 1 };

static const char answer[] = "Status: 200 OK\r\n"
			     "Content-Type: application/json\r\n"
			     "Content-Length: 2\r\n\r\n{}";
enum { ANSWER_LEN = sizeof(answer) - 1 };

/* What has been read of a connection. */
struct input {
	int fd;
	size_t begin, end;
	unsigned char bytes[65536 + 1024];
};

/* Reads until len bytes are there; NULL at the connection's end. */
static const unsigned char *
need(struct input *in, size_t len)
{
	if (in->begin > 0) {
		memmove(in->bytes, in->bytes + in->begin, in->end - in->begin);
		in->end -= in->begin;
		in->begin = 0;
	}
	while (in->end < len) {
		ssize_t n = read(
		    in->fd, in->bytes + in->end, sizeof(in->bytes) - in->end);

		if (n <= 0)
			return NULL;
		in->end += (size_t)n;
	}
	in->begin = len;
	return in->bytes;
}

/* Takes a request; 1 if the connection is to be kept, 0 if not, -1: none. */
static int
take_request(struct input *in)
{
	const unsigned char *p;
	unsigned int type, content, padding;
	int keep = 0;

	do {
		p = need(in, HEADER_LEN);
		if (p == NULL)
			return -1;
		type = p[1];
		content = (unsigned int)p[4] << 8 | p[5];
		padding = p[6];
		p = need(in, content + padding);
		if (p == NULL)
			return -1;
		if (type == BEGIN)
			keep = p[2] & KEEP_CONN;
	} while (type != INPUT || content > 0);
	return keep;
}

/* The request's id is 1, as with every server that does not multiplex. */
static int
send_answer(int fd)
{
	unsigned char out[3 * HEADER_LEN + ANSWER_LEN + END_LEN] = { 0 };
	const unsigned char output[] = { 1, OUTPUT, 0, 1, 0, ANSWER_LEN, 0, 0 };
	const unsigned char last[] = { 1, OUTPUT, 0, 1, 0, 0, 0, 0 };
	const unsigned char end[] = { 1, END, 0, 1, 0, END_LEN, 0, 0 };
	unsigned char *p = out;

	memcpy(p, output, sizeof(output));
	p += sizeof(output);
	memcpy(p, answer, ANSWER_LEN);
	p += ANSWER_LEN;
	memcpy(p, last, sizeof(last));
	p += sizeof(last);
	memcpy(p, end, sizeof(end));
	return send(fd, out, sizeof(out), MSG_NOSIGNAL) == sizeof(out);
}

static int
watch(int events, int fd, unsigned int what)
{
	struct epoll_event event = { .events = what, .data = { .fd = fd } };

	return epoll_ctl(events, EPOLL_CTL_ADD, fd, &event);
}

/* Takes what there is to read on a connection, and keeps that if wanted. */
static void
serve(int events, int fd, int is_new)
{
	static struct input in;
	int keep;

	in.fd = fd;
	in.begin = in.end = 0;
	keep = take_request(&in);
	if (keep >= 0 && !send_answer(fd))
		keep = 0;
	if (keep <= 0 || (is_new && watch(events, fd, EPOLLIN) != 0))
		(void)close(fd);
}

int
main(void)
{
	struct epoll_event event;
	int events = epoll_create1(0), fd;

	/* Another process may have taken the connection by then. */
	if (fcntl(STDIN_FILENO, F_SETFL, O_NONBLOCK) != 0 ||
	    watch(events, STDIN_FILENO, EPOLLIN | EPOLLEXCLUSIVE) != 0)
		return 1;
	while (epoll_wait(events, &event, 1, -1) == 1) {
		if (event.data.fd != STDIN_FILENO)
			serve(events, event.data.fd, 0);
		else if ((fd = accept(STDIN_FILENO, NULL, NULL)) >= 0)
			serve(events, fd, 1);
	}
	return 1;
}
