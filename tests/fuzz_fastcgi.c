/* SPDX-License-Identifier: ISC */
/*
 * Fuzz target: a connection of FastCGI that says anything.  Whatever it is,
 * a parameter is a string, a body ends, and the next connection's request is
 * read and answered as if nothing had been.
 */
#include "fastcgi.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "log.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A request of one parameter, "Q=1", and no body. */
static const char plain[] = "\1\1\0\1\0\10\0\0\0\1\0\0\0\0\0\0"
			    "\1\4\0\1\0\4\0\0\1\1Q1"
			    "\1\4\0\1\0\0\0\0"
			    "\1\5\0\1\0\0\0\0";
/* How its answer ends. */
static const char ended[] = "\1\6\0\1\0\0\0\0\1\3\0\1\0\10\0\0\0\0\0\0\0\0\0";

static struct fastcgi *f;
static struct sockaddr_un address = { .sun_family = AF_UNIX };
static socklen_t address_len = sizeof(sa_family_t);

/* Lines about every connection tell nothing here. */
static int
forget(void *arg, const char *line, size_t len)
{
	(void)arg, (void)line, (void)len;
	return 1;
}

static void
start(void)
{
	int listener = socket(AF_UNIX, SOCK_STREAM, 0);

	/* A name of the kernel's choice, in no directory. */
	if (listener < 0 ||
	    bind(listener, (struct sockaddr *)&address, address_len) != 0 ||
	    listen(listener, 8) != 0)
		abort();
	address_len = sizeof(address);
	if (getsockname(listener, (struct sockaddr *)&address, &address_len) !=
		0 ||
	    !fastcgi_is_listener(listener) ||
	    fastcgi_open(listener, &f) != RC_OK)
		abort();
	log_to(forget, NULL);
}

/* Opens a connection and says all that it will ever say. */
static int
say(const void *bytes, size_t len)
{
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	if (fd < 0 ||
	    connect(fd, (struct sockaddr *)&address, address_len) != 0)
		abort();
	if (len > 0 && send(fd, bytes, len, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		abort();
	if (shutdown(fd, SHUT_WR) != 0)
		abort();
	return fd;
}

/* Takes a request; true if it is the plain one. */
static int
take(void)
{
	char buf[100];
	const char *q;
	ssize_t n;
	size_t len = 0;

	if (fastcgi_next(f) != RC_OK)
		abort();
	q = fastcgi_param(f, "Q");
	if (q != NULL && strlen(q) > FASTCGI_PARAMS_MAX)
		abort();
	if (fastcgi_param(f, "no such name, said nobody") != NULL)
		abort();
	do {
		n = fastcgi_read(f, buf, sizeof(buf), INT32_MAX);
		len += n > 0 ? (size_t)n : 0;
	} while (n > 0);
	(void)fastcgi_log(f, "line\n", 5);
	(void)fastcgi_send(f, "head", 4, buf, 0);
	fastcgi_leave(f);
	return q != NULL && strcmp(q, "1") == 0 && n == 0 && len == 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char answer[256];
	ssize_t n, got = 0;
	int first, second;

	if (f == NULL)
		start();
	if (size > 100000)
		return 0;
	first = say(data, size);
	second = say(plain, sizeof(plain) - 1);
	/* The first may be plain too; the second's answer is what counts. */
	do
		(void)take();
	while ((n = recv(second, answer, sizeof(answer), MSG_DONTWAIT)) < 0);
	for (; n > 0;
	     n = recv(second, answer + got, sizeof(answer) - (size_t)got, 0))
		got += n;
	if (n < 0 || (size_t)got < sizeof(ended) ||
	    memcmp(answer + got - sizeof(ended), ended, sizeof(ended)) != 0)
		abort();
	(void)close(first);
	(void)close(second);
	return 0;
}
