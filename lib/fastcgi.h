/* SPDX-License-Identifier: ISC */
/*
 * The FastCGI protocol (specification 1.0 of 1996) from the side of a
 * program that answers: a listening socket, one request at a time, the role
 * "responder".  Connections that the web server wants to keep are kept.
 * What a request means is not known here.
 */
#ifndef LATCHKEY_FASTCGI_H
#define LATCHKEY_FASTCGI_H

#include <stddef.h>
#include <sys/types.h>
#include <time.h>

#include "number.h"
#include "rc.h"

/* Bytes of a request's parameters; a web server's own limits are lower. */
enum { FASTCGI_PARAMS_MAX = 1 << 20 };

/* Connections that are kept at once, and bytes of all their names. */
enum {
	FASTCGI_KEPT_MAX = 256,
	FASTCGI_KEPT_LEN = FASTCGI_KEPT_MAX * NUMBER_TEXT_LEN + 1
};

struct fastcgi;

/* True if the descriptor is a listening socket: a CGI program has none. */
int fastcgi_is_listener(int fd);

/*
 * Makes ready to take requests from the socket.  From here on SIGTERM and
 * SIGUSR1 do not end the process, but make fastcgi_next say that it is time
 * to.  RC_FAIL (logged) without memory or descriptors.
 */
enum rc fastcgi_open(int listener, struct fastcgi **fastcgi);

/* Closes all connections; NULL is fine.  The signals stay blocked. */
void fastcgi_close(struct fastcgi *f);

/*
 * Waits for the next request, the one before having been left, and reads its
 * parameters.  RC_NOT_FOUND if the process is to end instead: by a signal,
 * once those are answered that had come on connections that are kept, or
 * after fastcgi_stop.  RC_FAIL (logged) if the socket cannot be used any more.
 * Connections that send something else than a request are closed, logged and
 * passed over.
 */
enum rc fastcgi_next(struct fastcgi *f);

/* A parameter of the request, NULL if it has none of that name. */
const char *fastcgi_param(const struct fastcgi *f, const char *name);

/*
 * Reads up to len bytes of the request's body as soon as there are some.  0
 * at its end, -1 if nothing comes until the deadline (seconds of
 * CLOCK_MONOTONIC), the web server has gone or it gives the request up.
 */
ssize_t fastcgi_read(struct fastcgi *f, void *buf, size_t len, time_t deadline);

/*
 * Tells the web server a line for its log, at once.  False if there is no
 * request, or it would have to wait.
 */
int fastcgi_log(struct fastcgi *f, const char *line, size_t len);

/*
 * Answers with head and body, all of it, and says that this was the answer.
 * RC_FAIL if the web server has gone or does not take it within two minutes.
 */
enum rc fastcgi_send(struct fastcgi *f, const char *head, size_t head_len,
    const char *body, size_t len);

/*
 * Leaves the request, and the connection unless it is kept; what came with
 * it is wiped.  A web server that is not told by fastcgi_send that it has
 * its answer takes this for a failure.
 */
void fastcgi_leave(struct fastcgi *f);

/*
 * Lets kept connections live on in the program that this process becomes by
 * execve(2), whose fastcgi_take_over gets their names: the web server may be
 * sending a request at this moment, which would be lost with them.  Between
 * requests alone: RC_BUSY if a part of the next one has been read.  RC_FAIL
 * (logged) if that cannot be.  If execve fails, fastcgi_take_back undoes it.
 */
enum rc fastcgi_hand_over(struct fastcgi *f, char kept[FASTCGI_KEPT_LEN]);
void fastcgi_take_back(struct fastcgi *f);

/*
 * Keeps the connections of these names.  What is none is passed over, what
 * is one too many is closed.
 */
void fastcgi_take_over(struct fastcgi *f, const char *kept);

/*
 * Takes no more requests.  Called before the answer leaves, it keeps a web
 * server from handing one to a process that is about to end.
 */
void fastcgi_stop(struct fastcgi *f);

#endif
