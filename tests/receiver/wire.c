/* SPDX-License-Identifier: ISC */
/*
 * Reading and writing without blocking.  The callers are single loops over
 * epoll that watch for input; a handshake never fills a fresh socket's
 * buffer, so that nobody waits to send during one.
 */
#include "wire.h"

#include <errno.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

int
wire_tls(struct wire *wire, SSL_CTX *ctx, int is_server)
{
	wire->ssl = SSL_new(ctx);
	if (wire->ssl == NULL || SSL_set_fd(wire->ssl, wire->fd) != 1)
		return WIRE_FAILED;
	if (is_server)
		SSL_set_accept_state(wire->ssl);
	else
		SSL_set_connect_state(wire->ssl);
	return 1;
}

/* What a call of OpenSSL that did not succeed means. */
static int
trouble(const struct wire *wire, int result)
{
	switch (SSL_get_error(wire->ssl, result)) {
	case SSL_ERROR_WANT_READ:
	case SSL_ERROR_WANT_WRITE:
		return WIRE_AGAIN;
	case SSL_ERROR_ZERO_RETURN:
		return WIRE_END;
	default:
		return WIRE_FAILED;
	}
}

static ssize_t
of_kernel(ssize_t n)
{
	if (n >= 0)
		return n;
	return errno == EAGAIN || errno == EINTR ? WIRE_AGAIN : WIRE_FAILED;
}

static int
bounded(size_t len)
{
	return len < INT_MAX ? (int)len : INT_MAX;
}

int
wire_shake(struct wire *wire)
{
	int n;

	ERR_clear_error();
	n = SSL_do_handshake(wire->ssl);
	if (n == 1)
		return 1;
	return trouble(wire, n) == WIRE_AGAIN ? WIRE_AGAIN : WIRE_FAILED;
}

ssize_t
wire_read(struct wire *wire, void *bytes, size_t len)
{
	int n;

	if (wire->ssl == NULL)
		return of_kernel(recv(wire->fd, bytes, len, 0));
	ERR_clear_error();
	n = SSL_read(wire->ssl, bytes, bounded(len));
	return n > 0 ? n : trouble(wire, n);
}

ssize_t
wire_write(struct wire *wire, const void *bytes, size_t len)
{
	int n;

	if (wire->ssl == NULL)
		return of_kernel(send(wire->fd, bytes, len, MSG_NOSIGNAL));
	ERR_clear_error();
	n = SSL_write(wire->ssl, bytes, bounded(len));
	return n > 0 ? n : trouble(wire, n);
}

int
wire_pending(const struct wire *wire)
{
	return wire->ssl != NULL && SSL_has_pending(wire->ssl);
}

void
wire_end(struct wire *wire)
{
	ERR_clear_error();
	if (wire->ssl != NULL)
		(void)SSL_shutdown(wire->ssl);
	(void)shutdown(wire->fd, SHUT_WR);
}

void
wire_close(struct wire *wire, int reset)
{
	const struct linger at_once = { 1, 0 };

	SSL_free(wire->ssl);
	wire->ssl = NULL;
	if (wire->fd < 0)
		return;
	if (reset)
		(void)setsockopt(
		    wire->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	(void)close(wire->fd);
	wire->fd = -1;
}
