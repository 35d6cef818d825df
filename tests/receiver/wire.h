/* SPDX-License-Identifier: ISC */
/*
 * A non-blocking stream, with TLS or without, for both ends of the tests'
 * connections: the receiver and what measures it.
 */
#ifndef LATCHKEY_TESTS_WIRE_H
#define LATCHKEY_TESTS_WIRE_H

#include <stddef.h>
#include <sys/types.h>

struct ssl_st;
struct ssl_ctx_st;

struct wire {
	int fd;
	struct ssl_st *ssl; /* NULL: no TLS */
};

/* What is no number of bytes. */
enum {
	WIRE_END = 0,     /* the peer has ended its side */
	WIRE_AGAIN = -1,  /* not now */
	WIRE_FAILED = -2, /* the connection is lost */
};

/* Puts TLS on a connection, as its server or its client. */
int wire_tls(struct wire *wire, struct ssl_ctx_st *ctx, int is_server);

/* Goes on with the handshake: 1 when it is done. */
int wire_shake(struct wire *wire);

/*
 * Reads or writes up to len bytes.  After less than a whole len wire_pending
 * tells whether TLS holds bytes that the kernel will not tell of.
 */
ssize_t wire_read(struct wire *wire, void *bytes, size_t len);
ssize_t wire_write(struct wire *wire, const void *bytes, size_t len);
int wire_pending(const struct wire *wire);

/* Ends our side in good form; the peer may go on. */
void wire_end(struct wire *wire);

/* Closes it as it is; with reset the peer gets an RST.  Twice is fine. */
void wire_close(struct wire *wire, int reset);

#endif
