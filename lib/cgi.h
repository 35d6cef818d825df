/* SPDX-License-Identifier: ISC */
/*
 * Requests of the Common Gateway Interface (RFC 3875) and their answers: the
 * one of a CGI program, or one after the other where a FastCGI server has
 * started it.  Only this module reads stdin and the environment and writes
 * stdout.
 */
#ifndef LATCHKEY_CGI_H
#define LATCHKEY_CGI_H

#include <stddef.h>
#include <stdint.h>

#include "config.h"
#include "rc.h"

enum {
	CGI_BODY_MAX = 65536,   /* bytes of a body */
	CGI_HEADERS_MAX = 2048, /* bytes of headers that an answer adds */
	CGI_ADDRESS_LEN = 46,   /* of an address as text, NUL included */
	CGI_JOB_MAX = 1 << 20   /* bytes of a job's text */
};

struct fastcgi;

/* The way to the web server, for all calls of a process. */
struct cgi {
	struct fastcgi *fastcgi; /* owned; NULL: CGI */
	int is_last;             /* no call comes after the one at hand */
};

struct cgi_request {
	const char *method;        /* "" if there is none */
	const char *content_type;  /* "" if there is none */
	const char *query;         /* "" if there is none */
	const char *document_root; /* NULL if there is none */
	char *body;                /* owned, NUL after its end */
	size_t body_len;
	int body_read;             /* nothing of it is left to read */
	unsigned char address[16]; /* IPv6, or IPv4 mapped into it */
	int key_elsewhere;         /* a header or cookie has a key */
};

/* An answer: headers that were added so far, the body is the caller's. */
struct cgi_answer {
	int status;
	const char *cache; /* Cache-Control; NULL: no-store */
	char headers[CGI_HEADERS_MAX];
	size_t headers_len;
};

/*
 * Finds out by what the process was started: a listening socket for stdin
 * means FastCGI.  RC_FAIL (logged) if that cannot be served.
 */
enum rc cgi_open(struct cgi *cgi);

/* Closes what cgi_open opened; may be called twice. */
void cgi_close(struct cgi *cgi);

/*
 * Waits for the next call, with an incident id of its own; from here to
 * cgi_end a FastCGI server gets the lines of the log.  RC_NOT_FOUND if there
 * is none to come, RC_FAIL (logged) if none can come.
 */
enum rc cgi_next(struct cgi *cgi);

/*
 * Takes no more calls after the one at hand; before cgi_send, so that the
 * web server does not send one into the void.
 */
void cgi_stop(struct cgi *cgi);

/*
 * Starts the program of that path in place of this one, between two calls:
 * no call is lost, neither one that waits for a process nor one on a
 * connection that is kept.  Returns if it cannot be (logged) or the next
 * call is here already.
 */
void cgi_restart(struct cgi *cgi, const char *path);

/*
 * Reads the request's line and headers.  Strings are borrowed until cgi_end.
 * The caller's address is REMOTE_ADDR or, behind one of config's proxies,
 * the right-most address of X-Forwarded-For that is not one of them.
 */
void cgi_request_read(const struct cgi *cgi, const struct config *config,
    struct cgi_request *req);

/*
 * Reads the body: CONTENT_LENGTH bytes, or to the end of input where there
 * is no length.  RC_LIMITED over CGI_BODY_MAX, RC_INVALID if the length is
 * no number or the body ends before it or takes longer than 30 seconds,
 * RC_FAIL without memory.
 */
enum rc cgi_body_read(struct cgi *cgi, struct cgi_request *req);

/*
 * A variable of the request as the web server names it ("HTTP_COOKIE"); ""
 * if there is none.  Borrowed until cgi_end.
 */
const char *cgi_variable(const struct cgi *cgi, const char *name);

/* An address as people write it. */
void cgi_address_text(
    const unsigned char address[16], char text[CGI_ADDRESS_LEN]);

/* Wipes and frees the body. */
void cgi_request_clear(struct cgi_request *req);

/* Adds a header; one that does not fit is left out and logged. */
void cgi_header(struct cgi_answer *answer, const char *name, const char *value);
void cgi_header_int(struct cgi_answer *answer, const char *name, int64_t n);

/*
 * Writes status, headers, Content-Length and body, all of it.  RC_FAIL if
 * the reader has gone.
 */
enum rc cgi_send(struct cgi *cgi, const struct cgi_answer *answer,
    const char *content_type, const char *body, size_t len);

/*
 * Ends the call's input and output: the web server has all of the answer and
 * sends it on, while this process still cleans up.  What is left of the body
 * is read and thrown away first, up to 16 MiB and five seconds: web servers
 * lose the answer of a program that leaves input unread.
 */
void cgi_end(struct cgi *cgi, struct cgi_request *req);

/*
 * Starts this program once more, for work that nobody is to wait for: in a
 * session of its own, which the web server does not end with the request,
 * with text to be read by cgi_job_read and nothing else.  Its
 * log goes where this process's does, unless somebody reads that to its end:
 * then to the file.  Not waited for.  RC_FAIL (logged).
 */
enum rc cgi_job_start(const char *text, size_t len, const char *log_path);

/*
 * The text of the job that this process was started for; owned by the
 * caller.  RC_NOT_FOUND if it was started for calls, RC_FAIL if it cannot be
 * read.
 */
enum rc cgi_job_read(char **text, size_t *len);

#endif
