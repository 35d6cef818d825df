/* SPDX-License-Identifier: ISC */
/*
 * The web server's side of FastCGI, written from the specification apart
 * from the library's: requests into a stream, answers from a socket.
 */
#ifndef LATCHKEY_TESTS_FCGI_H
#define LATCHKEY_TESTS_FCGI_H

#include <stddef.h>
#include <stdio.h>

/* Types of records, section 8. */
enum fcgi_type {
	FCGI_BEGIN = 1,
	FCGI_ABORT = 2,
	FCGI_END = 3,
	FCGI_PARAMS = 4,
	FCGI_STDIN = 5,
	FCGI_STDOUT = 6,
	FCGI_STDERR = 7,
	FCGI_DATA = 8,
	FCGI_GET_VALUES = 9,
	FCGI_GET_VALUES_RESULT = 10,
	FCGI_UNKNOWN = 11
};

enum { FCGI_ID = 1, FCGI_PIECE = 200 };

/* Adds a record of request id 1 (0 for GET_VALUES and unknown types). */
void fcgi_put(FILE *f, int type, const void *content, size_t len);

/* The same of another request. */
void fcgi_put_id(FILE *f, int type, int id, const void *content, size_t len);

/* Adds the begin of a request of the role "responder". */
void fcgi_put_begin(FILE *f, int keep);

/* Adds "NAME=value" as a stream of parameters, in records of 200 bytes. */
void fcgi_put_params(FILE *f, const char *const vars[]);

/* Adds a body, all of it, and its end. */
void fcgi_put_body(FILE *f, const void *body, size_t len);

/* Writes all of it; -1 if the reader has gone. */
int fcgi_write(int fd, const void *bytes, size_t len);

/* How an answer ended. */
enum fcgi_end {
	FCGI_WHOLE,   /* with status 0 */
	FCGI_REFUSED, /* with another status */
	FCGI_CUT      /* not at all, or with something that is no record */
};

/*
 * Reads the records of one answer; what it says and what is for the log go
 * to the streams.  *protocol (may be NULL) is the status of the protocol.
 */
enum fcgi_end fcgi_read(int fd, FILE *out, FILE *err, int *protocol);

#endif
