/* SPDX-License-Identifier: ISC */
/*
 * Sites to test against: a directory with the installed programs and fresh
 * data, the real Apache on a port of its own, and the three ways to talk to
 * it: the operator's command, a program of cgi-bin started by hand, and HTTP.
 *
 * With FASTCGI=1 in the environment Apache runs the programs by mod_fcgid,
 * and by hand each is started as a FastCGI program, once for many calls; the
 * database has a write-ahead log.  All else, and what tests see of it, is the
 * same.
 *
 * Functions that set a site up end the test when they fail.  Those that
 * start programs and make calls do not, so that threads can use them: they
 * say so in their result.
 */
#ifndef LATCHKEY_TESTS_HARNESS_H
#define LATCHKEY_TESTS_HARNESS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum {
	SITE_PATH_LEN = 512,
	KEY_TEXT_LEN = 64, /* a key and its NUL, with room */
	ANSWER_HEADERS = 40,
	RESIDENTS_MAX = 8
};

/* A FastCGI program that has been started. */
struct resident {
	char program[32]; /* "": none */
	char path[108];   /* of its socket */
	pid_t pid, parent;
	int err; /* file that takes its stderr */
};

struct site {
	char dir[SITE_PATH_LEN]; /* has bin, public_html, data */
	int port;                /* 0: not started */
	pid_t apache;            /* or another; 0: not started */
	struct resident residents[RESIDENTS_MAX];
};

/* True with FASTCGI=1. */
int is_fastcgi(void);

/*
 * Makes a site in a new temporary directory from the one that $SITE names,
 * with fresh data; config_lines (may be NULL) are added to latchkey.conf.
 * With FASTCGI=1 they may say "journal = truncate" to go without a log.
 */
void site_make(struct site *site, const char *config_lines);

/* Gives the site's database a write-ahead log. */
void site_use_log(struct site *site);

/* Starts Apache on a free port of 127.0.0.1 and waits until it answers. */
void site_start(struct site *site);

/*
 * Starts another web server: configure writes what it needs to know, with
 * site->port, and argv keeps it in the foreground.
 */
void site_start_other(struct site *site,
    void (*configure)(const struct site *site), char *const argv[]);

/* Stops the web server, if it runs. */
void site_stop(struct site *site);

/*
 * Ends FastCGI programs that were started by hand, which must end well; the
 * next call starts one anew, with the limits that are then in force.  For
 * CGI nothing happens.
 */
void site_end_programs(struct site *site);

/* Stops Apache, ends programs and removes the site. */
void site_remove(struct site *site);

/* Runs SQL on the site's database, past all rules; to travel in time. */
void site_sql(struct site *site, const char *sql);

/* The first number that a query on the site's database gives. */
int64_t site_sql_int(struct site *site, const char *sql);

/* The first text that a query gives, "" for NULL; to be freed. */
char *site_sql_text(struct site *site, const char *sql);

/* How a program ended, and what it wrote. */
struct output {
	int code;  /* exit status; 128 + signal; -1: it could not be run */
	char *out; /* owned, NUL at its end */
	size_t out_len;
	char *err; /* owned, likewise */
};

/* NULL and twice are fine. */
void output_clear(struct output *output);

/* A program that has been started. */
struct child {
	pid_t pid; /* -1: it could not be started */
	int out;   /* files that take its output */
	int err;
	int call;         /* FastCGI: the connection; -1: none */
	off_t err_before; /* what err had in it already */
	struct resident *resident;
};

/* Runs bin/latchkey with the arguments, which end with NULL. */
void site_latchkey(struct site *site, struct output *output, ...)
    __attribute__((sentinel));

/* Starts it with the arguments, and waits for its end. */
void site_latchkey_start(struct site *site, struct child *child, ...)
    __attribute__((sentinel));
void site_latchkey_finish(struct child *child, struct output *output);

/*
 * The same, and it must succeed.  Gives what it wrote, to be freed.
 */
char *site_latchkey_ok(struct site *site, ...) __attribute__((sentinel));

/* Starts bin/deliver-webhooks with the arguments, which end with NULL. */
void site_sender_start(struct site *site, struct child *child, ...)
    __attribute__((sentinel));

/* Waits for the end of a program and reads what it wrote. */
void child_wait(struct child *child, struct output *output);

/* Makes an account; gives its id. */
int64_t site_account(struct site *site, const char *email);

/* Makes a key for an account. */
void site_key(struct site *site, const char *email, char key[KEY_TEXT_LEN]);

/* Gives an account credit; an amount like "100.50". */
void site_credit(struct site *site, const char *email, const char *amount);

/* "latchkey check" finds no fault. */
void site_must_check(struct site *site);

/* An answer, from a CGI program or over HTTP. */
struct answer {
	int status;    /* of HTTP; 0: there was none, and why says why */
	char why[320]; /* in words */
	size_t nheaders;
	char *headers[ANSWER_HEADERS]; /* "Name: value", owned by head */
	char *head;                    /* owned */
	char *body;                    /* owned, NUL at its end */
	size_t body_len;
	int code;  /* a CGI program's exit status, as in struct output */
	char *err; /* what it wrote to stderr, owned */
};

/* NULL and twice are fine. */
void answer_clear(struct answer *answer);

/* The value of a header; NULL if there is none. */
const char *answer_header(const struct answer *answer, const char *name);

/* How many headers of that name there are. */
size_t answer_count(const struct answer *answer, const char *name);

/* A program of cgi-bin to be run with an environment and a body. */
struct cgi_call {
	const char *program;      /* NULL: "v2" */
	const char *method;       /* NULL: "POST" */
	const char *content_type; /* NULL: urlencoded; "": none */
	const char *query;        /* NULL: "" */
	const char *length;       /* NULL: body_len; "": none */
	const char *body;         /* may be NULL */
	size_t body_len;          /* 0: up to body's NUL */
	size_t piece;             /* bytes of one write; 0: all */
	const char *const *env;   /* more "NAME=value", NULL at the end */
};

/* Starts the program and gives it the body. */
void cgi_start(
    struct site *site, const struct cgi_call *call, struct child *child);

/* Ends it at once, by SIGKILL. */
void cgi_kill(struct child *child);

/* Waits for its end, or that of the call, and reads the answer. */
void cgi_finish(struct child *child, struct answer *answer);

/* Both. */
void cgi_run(
    struct site *site, const struct cgi_call *call, struct answer *answer);

/*
 * With FASTCGI=1: a connection to a program by hand, which is started if it
 * is not there; -1 if it cannot be.  *pid (may be NULL) is its process.
 */
int cgi_connect(struct site *site, const char *program, pid_t *pid);

/* A request over HTTP. */
struct http_call {
	const char *method;         /* NULL: "POST" */
	const char *path;           /* NULL: "/api/v2" */
	const char *content_type;   /* NULL: urlencoded; "": none */
	const char *const *headers; /* more "Name: value", NULL at the end */
	const char *body;           /* may be NULL */
	size_t body_len;            /* 0: up to body's NUL */
	int chunked;                /* without Content-Length */
	int http10;
	int expect; /* Expect: 100-continue */
};

/* Sends it to the site's Apache.  Redirects are not followed. */
void http_run(
    struct site *site, const struct http_call *call, struct answer *answer);

/*
 * The usual call: POSTs an urlencoded body made from a printf format to the
 * API; over HTTP if Apache runs, otherwise to v2 by hand.
 */
void api_call(struct site *site, struct answer *answer, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/*
 * The same, but the call must be answered with a JSON object that has that
 * number or numeric string; gives it.
 */
int64_t api_number(struct site *site, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Waits up to 20 s until n processes wait for flock(2) on path. */
int lock_has_waiters(const char *path, int n);

/* The same for one. */
int lock_has_waiter(const char *path);

#endif
