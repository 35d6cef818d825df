/* SPDX-License-Identifier: ISC */
/*
 * Programs of the API that answer many calls a process: the protocol, what a
 * call leaves for the next one (nothing), what they notice of a change on
 * disk, and how they end.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "api_key.h"
#include "cgi.h"
#include "fcgi.h"
#include "form.h"
#include "harness.h"
#include "suite.h"

enum { VARS_MAX = 400 };

static struct site site;
static char key[KEY_TEXT_LEN];

static const char CONFIG[] = "busy_ms = 10000\nrate_ip = 1000000000\n"
			     "rate_key = 1000000000\n";

#define BALANCE "{\"balance\":\"100.00\",\"currency\":\"USD\"}"

static void
make_site(const char *config)
{
	char lines[512];

	(void)snprintf(lines, sizeof(lines), "%s%s\n", CONFIG, config);
	site_make(&site, lines);
	free(site_latchkey_ok(
	    &site, "tier", "set", "Standard", "1000000", NULL));
	free(site_latchkey_ok(&site, "service", "add", "--name", "A", "--type",
	    "Default", "--category", "C", "--rate", "1", "--min", "1", "--max",
	    "1000", "--cancel", NULL));
	(void)site_account(&site, "a@example.com");
	site_credit(&site, "a@example.com", "100");
	site_key(&site, "a@example.com", key);
}

static void
setup(void)
{
	make_site("");
}

static void
teardown(void)
{
	site_remove(&site);
}

/* A path in the site; borrowed until the eighth call from now. */
static const char *
in_site(const char *name)
{
	static char paths[8][SITE_PATH_LEN + 64];
	static int n;
	char *path = paths[n++ % 8];

	(void)snprintf(path, sizeof(paths[0]), "%s/%s", site.dir, name);
	return path;
}

static char *text(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

/* A text to be freed. */
static char *
text(const char *format, ...)
{
	va_list ap;
	char *s;

	va_start(ap, format);
	if (vasprintf(&s, format, ap) < 0)
		abort();
	va_end(ap);
	return s;
}

/* --- requests by hand ----------------------------------------------------- */

/* The bytes of a request. */
struct request {
	char *bytes;
	size_t len;
};

/* Starts one; f takes its records. */
static FILE *
begin_request(struct request *r)
{
	FILE *f = open_memstream(&r->bytes, &r->len);

	ck_assert_ptr_nonnull(f);
	return f;
}

/*
 * Adds what a web server tells of a POST; extra, which ends with NULL, goes
 * before the rest, and the first of a name counts.
 */
static void
put_params(FILE *f, const char *length, const char *const extra[])
{
	char variable[64], root[SITE_PATH_LEN + 64];
	const char *const usual[] = { "REQUEST_METHOD=POST",
		"CONTENT_TYPE=application/x-www-form-urlencoded",
		"REMOTE_ADDR=127.0.0.1", "QUERY_STRING=", variable, root };
	const char *vars[VARS_MAX];
	size_t n = 0;
	int i;

	(void)snprintf(variable, sizeof(variable), "CONTENT_LENGTH=%s", length);
	(void)snprintf(
	    root, sizeof(root), "DOCUMENT_ROOT=%s/public_html", site.dir);
	while (extra != NULL && *extra != NULL)
		vars[n++] = *extra++;
	for (i = 0; i < ROWS(usual); i++)
		vars[n++] = usual[i];
	ck_assert_uint_lt(n, VARS_MAX);
	vars[n] = NULL;
	fcgi_put_params(f, vars);
}

/* The usual call, whole. */
static void
make_request(struct request *r, const char *body, int keep)
{
	FILE *f = begin_request(r);
	char length[24];

	(void)snprintf(length, sizeof(length), "%zu", strlen(body));
	fcgi_put_begin(f, keep);
	put_params(f, length, NULL);
	fcgi_put_body(f, body, strlen(body));
	ck_assert_int_eq(fclose(f), 0);
}

static void
make_balance(struct request *r, int keep)
{
	char *body = text("key=%s&action=balance", key);

	make_request(r, body, keep);
	free(body);
}

static void
clear_request(struct request *r)
{
	free(r->bytes);
	r->bytes = NULL;
}

/* Sends it, if it is one, and frees it. */
static void
send_request(int fd, struct request *r)
{
	ck_assert_int_eq(fcgi_write(fd, r->bytes, r->len), 0);
	clear_request(r);
}

static int
connect_v2(void)
{
	int fd = cgi_connect(&site, "v2", NULL);

	ck_assert_int_ge(fd, 0);
	return fd;
}

static pid_t
pid_of_v2(void)
{
	pid_t pid = 0;
	int fd = cgi_connect(&site, "v2", &pid);

	ck_assert_int_ge(fd, 0);
	(void)close(fd);
	return pid;
}

/* The file that takes what the program writes to stdout and stderr. */
static int
log_of(const char *program)
{
	int i;

	for (i = 0; strcmp(site.residents[i].program, program) != 0; i++)
		ck_assert_int_lt(i, RESIDENTS_MAX - 1);
	return site.residents[i].err;
}

/* What came back; out and err are to be freed. */
struct reply {
	enum fcgi_end end;
	int protocol;
	char *out, *err;
	size_t out_len, err_len;
};

static void
get_reply(int fd, struct reply *reply)
{
	FILE *out = open_memstream(&reply->out, &reply->out_len);
	FILE *err = open_memstream(&reply->err, &reply->err_len);

	ck_assert_ptr_nonnull(out);
	ck_assert_ptr_nonnull(err);
	reply->protocol = -1;
	reply->end = fcgi_read(fd, out, err, &reply->protocol);
	(void)fclose(out);
	(void)fclose(err);
}

static void
clear_reply(struct reply *reply)
{
	free(reply->out);
	free(reply->err);
}

/* The answer is whole, has nothing for the log, and ends like this. */
static void
must_reply(int fd, const char *body)
{
	struct reply reply;
	const char *end;

	get_reply(fd, &reply);
	ck_assert_msg(reply.end == FCGI_WHOLE, "%d: %s%s", (int)reply.end,
	    reply.out, reply.err);
	ck_assert_str_eq(reply.err, "");
	end = strstr(reply.out, "\r\n\r\n");
	ck_assert_ptr_nonnull(end);
	ck_assert_str_eq(end + 4, body);
	clear_reply(&reply);
}

static void
must_be_closed(int fd)
{
	char c;
	ssize_t n = read(fd, &c, 1);

	ck_assert_msg(
	    n == 0 || (n < 0 && errno == ECONNRESET), "%zd: not closed", n);
	(void)close(fd);
}

/* The program answers, and is the same process as before. */
static void
must_work(pid_t pid)
{
	struct request request;
	pid_t now;
	int fd = cgi_connect(&site, "v2", &now);

	ck_assert_int_ge(fd, 0);
	make_balance(&request, 0);
	send_request(fd, &request);
	must_reply(fd, BALANCE);
	must_be_closed(fd);
	ck_assert_int_eq(now, pid);
}

/* --- the protocol --------------------------------------------------------- */

START_TEST(a_connection_is_kept_if_that_is_wanted)
{
	struct request request;
	int fd[3], i, round;

	/* More connections than processes: each is served in its turn. */
	for (i = 0; i < ROWS(fd); i++)
		fd[i] = connect_v2();
	for (round = 0; round < 5; round++) {
		for (i = 0; i < ROWS(fd); i++) {
			make_balance(&request, 1);
			send_request(fd[i], &request);
			must_reply(fd[i], BALANCE);
		}
		must_work(pid_of_v2());
	}
	make_balance(&request, 0);
	send_request(fd[0], &request);
	must_reply(fd[0], BALANCE);
	must_be_closed(fd[0]);
	(void)close(fd[1]);
	must_work(pid_of_v2());
	make_balance(&request, 1);
	send_request(fd[2], &request);
	must_reply(fd[2], BALANCE);
	(void)close(fd[2]);
}
END_TEST

START_TEST(more_connections_than_can_be_kept_are_closed)
{
	enum { MANY = 300 };
	pid_t pid = pid_of_v2();
	struct request request;
	int fd[MANY], i, n = 0;
	char c;

	for (i = 0; i < MANY; i++) {
		fd[i] = connect_v2();
		make_balance(&request, 1);
		send_request(fd[i], &request);
		must_reply(fd[i], BALANCE);
	}
	must_work(pid);
	for (i = 0; i < MANY; i++) {
		n += recv(fd[i], &c, 1, MSG_DONTWAIT) == 0;
		(void)close(fd[i]);
	}
	ck_assert_int_eq(n, MANY - 256);
	must_work(pid);
}
END_TEST

START_TEST(a_request_may_come_byte_by_byte)
{
	struct request request;
	int fd = connect_v2();
	size_t i;

	make_balance(&request, 0);
	for (i = 0; i < request.len; i++)
		ck_assert_int_eq(fcgi_write(fd, request.bytes + i, 1), 0);
	must_reply(fd, BALANCE);
	must_be_closed(fd);
	clear_request(&request);
}
END_TEST

/* Gives each record of a request so many bytes of padding. */
static void
pad(struct request *r, unsigned char n)
{
	static const char padding[UCHAR_MAX];
	struct request plain = *r;
	FILE *f = begin_request(r);
	const char *at = plain.bytes, *const end = at + plain.len;
	size_t len;

	for (; at < end; at += len) {
		len = 8 + ((size_t)(unsigned char)at[4] << 8 |
			      (unsigned char)at[5]);
		(void)fwrite(at, 1, 6, f);
		(void)fprintf(f, "%c%c", n, 0);
		(void)fwrite(at + 8, 1, len - 8, f);
		(void)fwrite(padding, 1, n, f);
	}
	ck_assert_int_eq(fclose(f), 0);
	clear_request(&plain);
}

/* That of the last one is no part of the next request, nor waited for as. */
START_TEST(padding_is_passed_over)
{
	static const unsigned char rows[] = { 1, 7, 8, UCHAR_MAX };
	pid_t pid = pid_of_v2();
	struct request request;
	int fd = connect_v2(), i;

	for (i = 0; i < ROWS(rows); i++) {
		make_balance(&request, 1);
		pad(&request, rows[i]);
		send_request(fd, &request);
		must_reply(fd, BALANCE);
		must_work(pid);
	}
	(void)close(fd);
}
END_TEST

/* A web server that has its answer need not wait for anything. */
START_TEST(the_next_request_may_be_there_already)
{
	enum { AT_ONCE = 20 };
	struct request request;
	int fd = connect_v2(), i;

	for (i = 0; i < AT_ONCE; i++) {
		make_balance(&request, 1);
		send_request(fd, &request);
	}
	for (i = 0; i < AT_ONCE; i++)
		must_reply(fd, BALANCE);
	make_balance(&request, 0);
	send_request(fd, &request);
	must_reply(fd, BALANCE);
	must_be_closed(fd);
}
END_TEST

/* A web server, or the client behind it, that goes away at any moment. */
START_TEST(a_request_that_is_cut_harms_nobody)
{
	pid_t pid = pid_of_v2();
	struct request request;
	size_t n;
	int fd;

	make_balance(&request, 0);
	for (n = 0; n <= request.len; n++) {
		fd = connect_v2();
		ck_assert_int_eq(fcgi_write(fd, request.bytes, n), 0);
		(void)close(fd);
	}
	clear_request(&request);
	must_work(pid);
}
END_TEST

/* A body that its sender gives up: by closing, or with a word. */
START_TEST(a_body_that_breaks_off_harms_nobody)
{
	pid_t pid = pid_of_v2();
	struct request request;
	FILE *f;
	int fd, i;

	for (i = 0; i < 40; i++) {
		f = begin_request(&request);
		fcgi_put_begin(f, 1);
		put_params(f, "1000", NULL);
		fcgi_put(f, FCGI_STDIN, "key=", 4);
		if (i % 2 == 0)
			fcgi_put(f, FCGI_ABORT, "", 0);
		ck_assert_int_eq(fclose(f), 0);
		fd = connect_v2();
		send_request(fd, &request);
		if (i % 2 == 0)
			must_be_closed(fd);
		else
			(void)close(fd);
	}
	must_work(pid);
}
END_TEST

START_TEST(a_reader_that_has_gone_harms_nobody)
{
	pid_t pid;
	struct request request;
	char *body;
	int fd, i;

	/* Far more than a socket takes at once. */
	site_sql(&site,
	    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n"
	    " WHERE i < 3000) INSERT INTO service (name, type, category,"
	    " rate_micro, min, max, refill, cancel, dripfeed, description,"
	    " active) SELECT 'x', type, 'c', 1, 1, 2, 0, 0, 0,"
	    " 'A description that is not short, so that it fills up.', 1"
	    " FROM n, service WHERE service.id = 1");
	pid = pid_of_v2();
	body = text("key=%s&action=services", key);
	for (i = 0; i < 20; i++) {
		fd = connect_v2();
		make_request(&request, body, 0);
		send_request(fd, &request);
		if (i % 2 == 0) {
			char some[1000];

			ck_assert_int_gt(read(fd, some, sizeof(some)), 0);
		}
		(void)close(fd);
	}
	free(body);
	must_work(pid);
}
END_TEST

/* Records that are no request: the connection is closed, no more. */
static void
put_nonsense(FILE *f, int i)
{
	static const char begin[8] = { 0, 1, 1 }, bad_version[8] = { 2, 1 };
	char *much;

	switch (i) {
	case 0:
		(void)fputs("GET / HTTP/1.1\r\nHost: x\r\n\r\n", f);
		break;
	case 1:
		(void)fwrite(bad_version, 1, sizeof(bad_version), f);
		break;
	case 2:
		fcgi_put(f, FCGI_BEGIN, begin, 7);
		break;
	case 3:
		fcgi_put(f, FCGI_BEGIN, begin, 8);
		fcgi_put(f, FCGI_STDIN, "x", 1);
		break;
	case 4: /* longer than there is */
		fcgi_put(f, FCGI_BEGIN, begin, 8);
		fcgi_put(f, FCGI_PARAMS, "\4\4NAMEval", 9);
		fcgi_put(f, FCGI_PARAMS, "", 0);
		break;
	case 5:
		fcgi_put(f, FCGI_BEGIN, begin, 8);
		fcgi_put(
		    f, FCGI_PARAMS, "\377\377\377\377\377\377\377\377x", 9);
		fcgi_put(f, FCGI_PARAMS, "", 0);
		break;
	case 6: /* a length that is cut off */
		fcgi_put(f, FCGI_BEGIN, begin, 8);
		fcgi_put(f, FCGI_PARAMS, "\4\200\0\0", 4);
		fcgi_put(f, FCGI_PARAMS, "", 0);
		break;
	case 7: /* a name with a NUL */
		fcgi_put(f, FCGI_BEGIN, begin, 8);
		fcgi_put(f, FCGI_PARAMS, "\4\1NA\0Ex", 7);
		fcgi_put(f, FCGI_PARAMS, "", 0);
		break;
	case 8: /* more than a megabyte, all of it well-formed */
		fcgi_put(f, FCGI_BEGIN, begin, 8);
		much = text("HTTP_X=%0*d", 1 << 20, 0);
		fcgi_put_params(f, (const char *const[]){ much, NULL });
		fcgi_put_body(f, "", 0);
		free(much);
		break;
	default:
		break;
	}
}

/* Around the number that is found without a search. */
static const int fillers[] = { 1, 50, 57, 58, 59, 63, 64, 65, 66, 300 };

START_TEST(parameters_are_found_behind_many_others)
{
	const char *extra[VARS_MAX] = { NULL };
	char *body = text("key=%s&action=balance", key), length[24];
	pid_t pid = pid_of_v2();
	int fd = connect_v2(), round, i;

	(void)snprintf(length, sizeof(length), "%zu", strlen(body));
	for (i = 0; i < fillers[_i]; i++)
		extra[i] = text("HTTP_X_%d=%d", i, i);
	/* The next request has nothing of the one before. */
	for (round = 0; round < 3; round++) {
		struct request request;
		FILE *f = begin_request(&request);

		fcgi_put_begin(f, 1);
		put_params(f, length, round == 1 ? NULL : extra);
		fcgi_put_body(f, body, strlen(body));
		ck_assert_int_eq(fclose(f), 0);
		send_request(fd, &request);
		must_reply(fd, BALANCE);
	}
	(void)close(fd);
	must_work(pid);
	for (i = 0; i < fillers[_i]; i++)
		free((char *)(uintptr_t)extra[i]);
	free(body);
}
END_TEST

START_TEST(what_is_no_request_is_refused)
{
	pid_t pid = pid_of_v2();
	struct request request;
	FILE *f = begin_request(&request);
	int fd = connect_v2();

	put_nonsense(f, _i);
	ck_assert_int_eq(fclose(f), 0);
	/* It may be refused before all of it is sent. */
	(void)fcgi_write(fd, request.bytes, request.len);
	must_be_closed(fd);
	clear_request(&request);
	must_work(pid);
}
END_TEST

START_TEST(questions_are_answered)
{
	static const char asked[] = "\17\0FCGI_MPXS_CONNS\4\0NAME"
				    "\15\0FCGI_MAX_REQS";
	static const char told[] = "\17\1FCGI_MPXS_CONNS0"
				   "\15\1FCGI_MAX_REQS1";
	static const char header[8] = { 1, FCGI_GET_VALUES_RESULT, 0, 0, 0,
		sizeof(told) - 1 };
	static const char unknown[16] = { 1, FCGI_UNKNOWN, 0, 0, 0, 8, 0, 0,
		77 };
	struct request request;
	char answer[64];
	FILE *f = begin_request(&request);
	int fd = connect_v2();

	fcgi_put(f, FCGI_GET_VALUES, asked, sizeof(asked) - 1);
	ck_assert_int_eq(fclose(f), 0);
	send_request(fd, &request);
	ck_assert_int_eq(
	    recv(fd, answer, sizeof(header) + sizeof(told) - 1, MSG_WAITALL),
	    sizeof(header) + sizeof(told) - 1);
	ck_assert_mem_eq(answer, header, sizeof(header));
	ck_assert_mem_eq(answer + 8, told, sizeof(told) - 1);
	/* And what nobody knows, and then a call on the same connection. */
	f = begin_request(&request);
	fcgi_put(f, 77, "x", 1);
	ck_assert_int_eq(fclose(f), 0);
	send_request(fd, &request);
	ck_assert_int_eq(
	    recv(fd, answer, sizeof(unknown), MSG_WAITALL), sizeof(unknown));
	ck_assert_mem_eq(answer, unknown, sizeof(unknown));
	make_balance(&request, 0);
	send_request(fd, &request);
	must_reply(fd, BALANCE);
	(void)close(fd);
}
END_TEST

START_TEST(another_role_is_refused)
{
	static const char authorizer[8] = { 0, 2, 1 };
	struct request request;
	struct reply reply;
	FILE *f = begin_request(&request);
	int fd = connect_v2();

	fcgi_put(f, FCGI_BEGIN, authorizer, sizeof(authorizer));
	put_params(f, "0", NULL);
	ck_assert_int_eq(fclose(f), 0);
	send_request(fd, &request);
	get_reply(fd, &reply);
	ck_assert_int_eq(reply.end, FCGI_REFUSED);
	ck_assert_int_eq(reply.protocol, 3);
	clear_reply(&reply);
	make_balance(&request, 0);
	send_request(fd, &request);
	must_reply(fd, BALANCE);
	(void)close(fd);
}
END_TEST

START_TEST(a_second_request_at_once_is_refused)
{
	static const char begin[8] = { 0, 1, 1 };
	char *body = text("key=%s&action=balance", key), length[24];
	struct request request;
	struct reply reply;
	FILE *f = begin_request(&request);
	int fd = connect_v2();

	(void)snprintf(length, sizeof(length), "%zu", strlen(body));
	fcgi_put_begin(f, 1);
	put_params(f, length, NULL);
	fcgi_put_id(f, FCGI_BEGIN, 300, begin, sizeof(begin));
	fcgi_put_id(f, FCGI_PARAMS, 300, "", 0);
	fcgi_put_id(f, FCGI_STDIN, 300, "key=x", 5);
	fcgi_put(f, FCGI_DATA, "nobody asked for it", 19);
	fcgi_put_body(f, body, strlen(body));
	ck_assert_int_eq(fclose(f), 0);
	send_request(fd, &request);
	get_reply(fd, &reply);
	ck_assert_int_eq(reply.end, FCGI_REFUSED);
	ck_assert_int_eq(reply.protocol, 1);
	clear_reply(&reply);
	must_reply(fd, BALANCE);
	free(body);
	(void)close(fd);
}
END_TEST

static const struct {
	const char *length; /* CONTENT_LENGTH */
	const char *tail;   /* after the call's body */
	size_t pad;         /* bytes that make it up */
	const char *answer;
} lengths[] = {
	{ "68", "&action=nonsense", 0, BALANCE },
	{ "", "", 0, BALANCE },
	{ "1000", "", 0, "{\"error\":\"Malformed request body: incomplete\"}" },
	{ "-1", "", 0, "{\"error\":\"Malformed request body: incomplete\"}" },
	{ "65537", "", 0, "{\"error\":\"Request body too large\"}" },
	{ "", "&x=", 70000, "{\"error\":\"Request body too large\"}" },
	{ "5000000", "&x=", 5000000, "{\"error\":\"Request body too large\"}" },
	{ "68", "&x=", 5000000, BALANCE },
};

/* Whatever a call says of its body, the next one on its connection is whole. */
START_TEST(a_length_that_lies_does_not_reach_the_next_call)
{
	char *pad = calloc(1, lengths[_i].pad + 1), *body;
	struct request request;
	FILE *f = begin_request(&request);
	int fd = connect_v2(), i;

	ck_assert_ptr_nonnull(pad);
	memset(pad, 'x', lengths[_i].pad);
	body = text("key=%s&action=balance%s%s", key, lengths[_i].tail, pad);
	free(pad);
	fcgi_put_begin(f, 1);
	put_params(f, lengths[_i].length, NULL);
	fcgi_put_body(f, body, strlen(body));
	ck_assert_int_eq(fclose(f), 0);
	for (i = 0; i < 3; i++) {
		struct request balance;

		ck_assert_int_eq(fcgi_write(fd, request.bytes, request.len), 0);
		must_reply(fd, lengths[_i].answer);
		make_balance(&balance, 1);
		send_request(fd, &balance);
		must_reply(fd, BALANCE);
	}
	clear_request(&request);
	free(body);
	(void)close(fd);
}
END_TEST

/* What web servers let through by default, all in one request. */
START_TEST(headers_may_be_long)
{
	enum { LONG = 100000 };
	const char *names[] = { "HTTP_COOKIE", "HTTP_USER_AGENT",
		"HTTP_X_FORWARDED_FOR", "HTTP_REFERER" };
	char *body = text("key=%s&action=balance", key), length[24];
	char *extra[ROWS(names) + 1] = { NULL };
	struct request request;
	FILE *f;
	int fd, i, with_key;

	for (with_key = 0; with_key < 2; with_key++) {
		for (i = 0; i < ROWS(names); i++) {
			extra[i] = text("%s=%0*d%s", names[i], LONG, 0,
			    with_key && i == 0 ? key : "");
		}
		(void)snprintf(length, sizeof(length), "%zu", strlen(body));
		f = begin_request(&request);
		fcgi_put_begin(f, 0);
		put_params(f, length, (const char *const *)extra);
		fcgi_put_body(f, body, strlen(body));
		ck_assert_int_eq(fclose(f), 0);
		fd = connect_v2();
		send_request(fd, &request);
		must_reply(fd, with_key ? "{\"error\":\"The API key belongs in "
					  "the request body, in the field "
					  "key\"}"
					: BALANCE);
		(void)close(fd);
		for (i = 0; i < ROWS(names); i++)
			free(extra[i]);
	}
	free(body);
}
END_TEST

/* Ten seconds for all of a head; nobody else waits longer than that. */
START_TEST(a_web_server_that_stalls_is_left)
{
	pid_t pid = pid_of_v2();
	struct request request;
	int fd = connect_v2();

	make_balance(&request, 0);
	ck_assert_int_eq(fcgi_write(fd, request.bytes, 100), 0);
	clear_request(&request);
	must_work(pid);
	must_be_closed(fd);
}
END_TEST

/* --- one call and the next ------------------------------------------------ */

/* Each row is sent after the one before it, to the same process. */
static const struct {
	const char *method, *type, *query, *body;
	const char *env;
	int status;
	const char *answer;
	const char *header; /* that it has and the others have not */
} calls[] = {
	{ NULL, NULL, "", "key=$&action=balance", NULL, 200, BALANCE,
	    "X-RateLimit-Remaining" },
	{ NULL, NULL, "", "action=balance", NULL, 200,
	    "{\"error\":\"Invalid API key\"}", NULL },
	{ "GET", NULL, "", "key=$&action=balance", NULL, 405,
	    "{\"error\":\"Method not allowed, use POST\"}", "Allow" },
	{ NULL, NULL, "", "key=$", NULL, 200,
	    "{\"error\":\"Incorrect request\"}", "X-RateLimit-Remaining" },
	{ NULL, NULL, "action=balance", "key=$", NULL, 200, BALANCE,
	    "X-RateLimit-Remaining" },
	{ NULL, NULL, "", "key=$", NULL, 200,
	    "{\"error\":\"Incorrect request\"}", "X-RateLimit-Remaining" },
	{ NULL, NULL, "", "key=$&action=balance", "HTTP_COOKIE=$", 200,
	    "{\"error\":\"The API key belongs in the request body, in the "
	    "field key\"}",
	    NULL },
	{ NULL, NULL, "key=$", "action=balance", NULL, 200,
	    "{\"error\":\"The API key belongs in the request body, in the "
	    "field key\"}",
	    NULL },
	{ NULL, NULL, "", "action=balance", NULL, 200,
	    "{\"error\":\"Invalid API key\"}", NULL },
	{ NULL, "application/json", "",
	    "{\"key\":\"$\",\"action\":\"balance\"}", NULL, 200, BALANCE,
	    "X-RateLimit-Remaining" },
	{ NULL, NULL, "", "{\"key\":\"$\",\"action\":\"balance\"}", NULL, 200,
	    "{\"error\":\"Invalid API key\"}", NULL },
	{ NULL, "text/plain", "", "key=$&action=balance", NULL, 415,
	    "{\"error\":\"Unsupported content type\"}", NULL },
	{ NULL, NULL, "", "key=$&action=status&orders=1,2,x", NULL, 200,
	    "{\"1\":{\"error\":\"Incorrect order ID\"},\"2\":{\"error\":"
	    "\"Incorrect order ID\"},\"x\":{\"error\":\"Incorrect order "
	    "ID\"}}",
	    "X-RateLimit-Remaining" },
	{ NULL, NULL, "", "key=$&action=status", NULL, 200,
	    "{\"error\":\"Incorrect request\"}", "X-RateLimit-Remaining" },
	{ NULL, NULL, "", "key=$&action=add&service=1&quantity=1&link=x", NULL,
	    200, "{\"error\":\"Bad link\"}", "X-RateLimit-Remaining" },
	{ NULL, NULL, "", "key=$&action=add&service=1", NULL, 200,
	    "{\"error\":\"Bad link\"}", "X-RateLimit-Remaining" },
	{ NULL, NULL, "", NULL, NULL, 200, "{\"error\":\"Invalid API key\"}",
	    NULL },
	{ NULL, NULL, "", "key=$&action=balance", NULL, 200, BALANCE,
	    "X-RateLimit-Remaining" },
};

/* The text with the key for every $; to be freed. */
static char *
with_key(const char *s)
{
	const char *dollar;

	if (s == NULL)
		return NULL;
	dollar = strchr(s, '$');
	return dollar == NULL
		   ? strdup(s)
		   : text("%.*s%s%s", (int)(dollar - s), s, key, dollar + 1);
}

START_TEST(nothing_of_a_call_reaches_the_next)
{
	static const char *const headers[] = { "Allow", "X-RateLimit-Remaining",
		"X-RateLimit-DeniedBy", "Retry-After", "X-Incident" };
	struct answer answer;
	int i, h;

	for (i = 0; i < ROWS(calls); i++) {
		char *body = with_key(calls[i].body);
		char *query = with_key(calls[i].query);
		char *variable = with_key(calls[i].env);
		const char *env[] = { variable, NULL };

		cgi_run(&site,
		    &(struct cgi_call){ .method = calls[i].method,
			.content_type = calls[i].type,
			.query = query,
			.body = body,
			.env = env },
		    &answer);
		ck_assert_msg(answer.status == calls[i].status &&
				  strcmp(answer.body, calls[i].answer) == 0 &&
				  answer.err[0] == '\0',
		    "call %d: %d %s %s", i, answer.status, answer.body,
		    answer.err);
		for (h = 0; h < ROWS(headers); h++)
			ck_assert_msg(
			    (answer_header(&answer, headers[h]) != NULL) ==
				(calls[i].header != NULL &&
				    strcmp(headers[h], calls[i].header) == 0),
			    "call %d: %s", i, headers[h]);
		answer_clear(&answer);
		free(body);
		free(query);
		free(variable);
	}
}
END_TEST

/* A process may serve several sites: data that one of them would publish. */
START_TEST(every_document_root_is_looked_at)
{
	const char *roots[] = { NULL, site.dir, NULL, in_site("data"),
		"/nowhere", site.dir };
	static const int good[] = { 1, 0, 1, 0, 1, 0 };
	char *body = text("key=%s&action=balance", key), length[24];
	struct request request;
	struct reply reply;
	int fd, i;

	(void)snprintf(length, sizeof(length), "%zu", strlen(body));
	for (i = 0; i < ROWS(roots); i++) {
		char *root = text("DOCUMENT_ROOT=%s",
		    roots[i] != NULL ? roots[i] : in_site("public_html"));
		FILE *f = begin_request(&request);

		fcgi_put_begin(f, 0);
		put_params(f, length, (const char *const[]){ root, NULL });
		fcgi_put_body(f, body, strlen(body));
		ck_assert_int_eq(fclose(f), 0);
		fd = connect_v2();
		send_request(fd, &request);
		get_reply(fd, &reply);
		ck_assert_msg((strstr(reply.out, BALANCE) != NULL) == good[i] &&
				  (strncmp(reply.out, "Status: 500", 11) ==
				      0) == !good[i],
		    "%s: %s", root, reply.out);
		clear_reply(&reply);
		(void)close(fd);
		free(root);
	}
	free(body);
}
END_TEST

/* The log is the web server's, and each call's own. */
START_TEST(a_failure_is_told_with_an_incident_of_its_own)
{
	struct request request;
	struct reply reply[3];
	const char *incident[3];
	struct stat st;
	int i, fd;

	must_work(pid_of_v2());
	ck_assert_int_eq(
	    rename(in_site("latchkey.conf"), in_site("aside.conf")), 0);
	/* After the first the program starts anew. */
	for (i = 0; i < 3; i++) {
		fd = connect_v2();
		make_balance(&request, 0);
		send_request(fd, &request);
		get_reply(fd, &reply[i]);
		(void)close(fd);
		ck_assert_int_eq(reply[i].end, FCGI_WHOLE);
		ck_assert_int_eq(strncmp(reply[i].out, "Status: 500", 11), 0);
		incident[i] = strstr(reply[i].out, "X-Incident: ");
		ck_assert_ptr_nonnull(incident[i]);
		incident[i] += 12;
		ck_assert_int_eq(strncmp(reply[i].err, "latchkey v2[", 12), 0);
		ck_assert_int_eq(
		    strncmp(reply[i].err + 12, incident[i], 16), 0);
		/* One line. */
		ck_assert_ptr_eq(strchr(reply[i].err, '\n'),
		    reply[i].err + reply[i].err_len - 1);
	}
	ck_assert_int_ne(strncmp(incident[0], incident[1], 16), 0);
	ck_assert_int_ne(strncmp(incident[1], incident[2], 16), 0);
	/* To stderr went nothing. */
	ck_assert_int_eq(fstat(log_of("v2"), &st), 0);
	ck_assert_int_eq(st.st_size, 0);
	for (i = 0; i < 3; i++)
		clear_reply(&reply[i]);
	ck_assert_int_eq(
	    rename(in_site("aside.conf"), in_site("latchkey.conf")), 0);
	must_work(pid_of_v2());
}
END_TEST

#if !defined(__SANITIZE_ADDRESS__)
/*
 * What was sent, written so that it is nowhere in this program: each byte
 * has its lowest bit turned.
 */
static const char turned[] = "Ro`v<cs0o/Nve(Rdbsdu";

/* How often it is in memory that this process can write to. */
static int
count_secrets(void)
{
	const size_t len = sizeof(turned) - 1;
	unsigned long from, to;
	char line[512], mode[8];
	FILE *maps = fopen("/proc/self/maps", "re");
	const char *p;
	size_t i;
	int n = 0;

	if (maps == NULL)
		return -1;
	while (fgets(line, sizeof(line), maps) != NULL) {
		if (sscanf(line, "%lx-%lx %7s", &from, &to, mode) != 3 ||
		    strncmp(mode, "rw", 2) != 0)
			continue;
		for (p = (const char *)from; p + len <= (const char *)to; p++) {
			for (i = 0; i < len && (p[i] ^ 1) == turned[i]; i++)
				;
			n += i == len;
		}
	}
	(void)fclose(maps);
	return n;
}

/* Answers one call and counts what is left of it. */
static int
serve_and_count(int listener)
{
	static struct config config;
	struct cgi_answer answer = { .status = 200 };
	struct cgi_request request;
	struct form *form = NULL;
	const char *what;
	struct cgi cgi;
	int query_key, during;

	if (dup2(listener, STDIN_FILENO) < 0 || cgi_open(&cgi) != RC_OK ||
	    cgi.fastcgi == NULL || cgi_next(&cgi) != RC_OK)
		return 100;
	cgi_request_read(&cgi, &config, &request);
	if (cgi_body_read(&cgi, &request) != RC_OK ||
	    form_new(&form) != RC_OK ||
	    form_parse(form, request.content_type, request.body,
		request.body_len, &what) != RC_OK ||
	    form_parse_query(form, request.query, strlen(request.query),
		&query_key, &what) != RC_OK)
		return 101;
	during = count_secrets();
	if (cgi_send(&cgi, &answer, "application/json", "{}", 2) != RC_OK)
		return 102;
	cgi_end(&cgi, &request);
	form_free(form);
	cgi_request_clear(&request);
	/* Body, form, query, cookie: it would be found. */
	return during < 4 ? 103 : count_secrets();
}

START_TEST(nothing_of_a_call_is_left_in_memory)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), fd;
	char secret[sizeof(turned)], *body, *extra[3] = { NULL }, length[24];
	struct request request;
	int status;
	size_t i;
	pid_t pid;
	FILE *f;

	(void)snprintf(
	    address.sun_path, sizeof(address.sun_path), "%s", in_site("s"));
	ck_assert_int_eq(
	    bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
	ck_assert_int_eq(listen(listener, 1), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		_exit(serve_and_count(listener));
	}
	for (i = 0; i < sizeof(secret) - 1; i++)
		secret[i] = turned[i] ^ 1;
	secret[i] = '\0';
	body = text("a=%s&b=1", secret);
	extra[0] = text("QUERY_STRING=c=%s", secret);
	extra[1] = text("HTTP_COOKIE=d=%s", secret);
	(void)snprintf(length, sizeof(length), "%zu", strlen(body));
	f = begin_request(&request);
	fcgi_put_begin(f, 0);
	fcgi_put_params(
	    f, (const char *const[]){ "REQUEST_METHOD=POST", extra[0], extra[1],
		   "CONTENT_TYPE=application/x-www-form-urlencoded", NULL });
	fcgi_put_body(f, body, strlen(body));
	ck_assert_int_eq(fclose(f), 0);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(
	    connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	send_request(fd, &request);
	must_reply(fd, "{}");
	(void)close(fd);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_msg(status == 0, "left %d times", WEXITSTATUS(status));
	(void)close(listener);
	free(body);
	free(extra[0]);
	free(extra[1]);
}
END_TEST

#endif

/* --- changes on disk ------------------------------------------------------ */

/*
 * Counts how often the program has been started: its file is opened, and
 * then read, which keeps the kernel from making one event of two.
 */
struct watch {
	int fd;
	int starts;
};

static void
watch_starts(struct watch *watch, const char *path)
{
	watch->starts = 0;
	watch->fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	ck_assert_int_ge(watch->fd, 0);
	ck_assert_int_ge(
	    inotify_add_watch(watch->fd, path, IN_OPEN | IN_ACCESS), 0);
}

/* So many times since it is watched. */
static void
must_have_started(struct watch *watch, int times)
{
	/* An inotify_event of a file has no name behind it. */
	struct {
		int wd;
		uint32_t mask, cookie, len;
	} events[64];
	ssize_t n, i;

	while ((n = read(watch->fd, events, sizeof(events))) > 0)
		for (i = 0; i < n / (ssize_t)sizeof(events[0]); i++)
			watch->starts += (events[i].mask & IN_OPEN) != 0;
	ck_assert_int_eq(watch->starts, times);
}

#define V2 in_site("public_html/cgi-bin/v2")

/* A call by api_call, which waits until the process is ready for the next. */
static void
must_answer(const char *fields, int status, const char *body)
{
	struct answer answer;

	api_call(&site, &answer, "key=%s&%s", key, fields);
	ck_assert_msg(answer.status == status && strcmp(answer.body, body) == 0,
	    "%s: %d %s%s", fields, answer.status, answer.body, answer.err);
	answer_clear(&answer);
}

static void
must_balance(void)
{
	must_answer("action=balance", 200, BALANCE);
}

#define BUSY "{\"error\":\"Service temporarily unavailable\"}"
#define INTERNAL "{\"error\":\"Internal error\"}"

START_TEST(a_program_starts_anew_after_its_calls)
{
	static const struct {
		const char *config;
		int calls, starts;
	} rows[] = {
		{ "fastcgi_calls = 3", 9, 4 },
		{ "fastcgi_calls = 3", 8, 3 },
		{ "fastcgi_calls = 1", 4, 5 },
		{ "fastcgi_calls = 0", 20, 1 },
		{ "", 20, 1 },
	};
	struct watch watch;
	pid_t pid;
	int i;

	make_site(rows[_i].config);
	watch_starts(&watch, V2);
	pid = pid_of_v2();
	for (i = 0; i < rows[_i].calls; i++)
		must_balance();
	must_have_started(&watch, rows[_i].starts);
	ck_assert_int_eq(pid_of_v2(), pid);
	(void)close(watch.fd);
}
END_TEST

/* Restarts cost no call, not even of those that wait at the socket. */
START_TEST(a_restart_loses_no_call)
{
	enum { ROUNDS = 20, AT_ONCE = 8 };
	struct request request;
	int fd[AT_ONCE], i, round;

	make_site("fastcgi_calls = 2");
	for (round = 0; round < ROUNDS; round++) {
		for (i = 0; i < AT_ONCE; i++) {
			fd[i] = connect_v2();
			make_balance(&request, 0);
			send_request(fd[i], &request);
		}
		for (i = 0; i < AT_ONCE; i++) {
			must_reply(fd[i], BALANCE);
			must_be_closed(fd[i]);
		}
	}
}
END_TEST

/* A call on a connection that is kept, which stays so. */
static void
must_balance_on(int fd)
{
	struct request request;

	make_balance(&request, 1);
	send_request(fd, &request);
	must_reply(fd, BALANCE);
}

/* Nor does one close a connection on which the next call may be coming. */
START_TEST(a_restart_keeps_connections)
{
	enum { ROUNDS = 20 };
	struct watch watch;
	int fd[3], i, round;
	pid_t pid;

	make_site("fastcgi_calls = 2");
	pid = pid_of_v2();
	must_balance();
	watch_starts(&watch, V2);
	for (i = 0; i < ROWS(fd); i++)
		fd[i] = connect_v2();
	for (round = 0; round < ROUNDS; round++)
		for (i = 0; i < ROWS(fd); i++)
			must_balance_on(fd[i]);
	/* Waits for the end of the last one. */
	must_balance();
	must_have_started(&watch, (ROUNDS * ROWS(fd) + 2) / 2);
	ck_assert_int_eq(pid_of_v2(), pid);
	/* One that the web server has closed is not missed. */
	(void)close(fd[0]);
	for (i = 1; i < ROWS(fd); i++) {
		must_balance_on(fd[i]);
		must_balance_on(fd[i]);
		(void)close(fd[i]);
	}
	must_balance();
	(void)close(watch.fd);
}
END_TEST

/*
 * All have a call that waits, at all times, and one comes on a new connection:
 * each has its turn, though turns begin anew with the program.
 */
START_TEST(a_restart_makes_nobody_wait_for_good)
{
	enum { CONNECTIONS = 20, TURNS = 500 };
	struct pollfd call[CONNECTIONS];
	struct request request;
	int replies[CONNECTIONS] = { 0 }, i, turns = 0, waiting = CONNECTIONS;

	make_site("fastcgi_calls = 1");
	for (i = 0; i < CONNECTIONS; i++) {
		call[i] =
		    (struct pollfd){ .fd = connect_v2(), .events = POLLIN };
		if (i < CONNECTIONS - 1)
			must_balance_on(call[i].fd);
	}
	for (i = 0; i < CONNECTIONS; i++) {
		make_balance(&request, 1);
		send_request(call[i].fd, &request);
	}
	while (waiting > 0 && turns < TURNS) {
		ck_assert_int_gt(poll(call, CONNECTIONS, 10000), 0);
		for (i = 0; i < CONNECTIONS; i++) {
			if (call[i].revents == 0)
				continue;
			must_reply(call[i].fd, BALANCE);
			make_balance(&request, 1);
			send_request(call[i].fd, &request);
			waiting -= replies[i]++ == 0;
			turns++;
		}
	}
	ck_assert_int_eq(waiting, 0);
	for (i = 0; i < CONNECTIONS; i++) {
		must_reply(call[i].fd, BALANCE);
		(void)close(call[i].fd);
	}
}
END_TEST

/* What has been read of the next request would be lost: it comes first. */
START_TEST(a_restart_waits_for_a_request_that_is_there)
{
	enum { AT_ONCE = 20 };
	struct request request;
	struct watch watch;
	char *bytes;
	size_t len;
	FILE *all;
	int fd, i;

	make_site("fastcgi_calls = 1");
	fd = connect_v2();
	must_balance_on(fd);
	must_balance_on(fd);
	watch_starts(&watch, V2);
	all = open_memstream(&bytes, &len);
	ck_assert_ptr_nonnull(all);
	for (i = 0; i < AT_ONCE; i++) {
		make_balance(&request, 1);
		(void)fwrite(request.bytes, 1, request.len, all);
		clear_request(&request);
	}
	ck_assert_int_eq(fclose(all), 0);
	ck_assert_int_eq(fcgi_write(fd, bytes, len), 0);
	free(bytes);
	for (i = 0; i < AT_ONCE; i++)
		must_reply(fd, BALANCE);
	must_balance_on(fd);
	(void)close(fd);
	must_balance();
	/* Those of a buffer together. */
	must_have_started(&watch, 4);
	(void)close(watch.fd);
}
END_TEST

/* A program that does something, and then becomes v2. */
static void
wrap_v2(const char *name, const char *command, const char *redirections)
{
	char *path = text("%s/public_html/cgi-bin/%s", site.dir, name);
	FILE *f = fopen(path, "w");

	ck_assert_ptr_nonnull(f);
	(void)fprintf(f, "#!/bin/sh\n%s\ncd \"${0%%/*}\" && exec ./v2 %s\n",
	    command, redirections);
	ck_assert_int_eq(fclose(f), 0);
	ck_assert_int_eq(chmod(path, 0700), 0);
	free(path);
}

/* Numbers of what is no connection, and of what is no number. */
START_TEST(nothing_but_a_connection_is_taken_over)
{
	static const char numbers[] =
	    "export LATCHKEY_CONNECTIONS='0 1 2 7 8  x -3 2147483647 "
	    "4294967296 99999999999999999999 7'";
	struct answer answer;
	char *body;
	int i;

	make_site("");
	wrap_v2("confused", numbers, "7</dev/null 8<&0");
	body = text("key=%s&action=balance", key);
	for (i = 0; i < 3; i++) {
		cgi_run(&site,
		    &(struct cgi_call){ .program = "confused", .body = body },
		    &answer);
		ck_assert_str_eq(answer.body, BALANCE);
		ck_assert_str_eq(answer.err, "");
		answer_clear(&answer);
	}
	free(body);
}
END_TEST

/* True if there is a socket of the local family with that inode. */
static int
has_socket(ino_t inode)
{
	FILE *f = fopen("/proc/net/unix", "r");
	char line[512];
	unsigned long n;
	int found = 0;

	ck_assert_ptr_nonnull(f);
	while (!found && fgets(line, sizeof(line), f) != NULL)
		found = sscanf(line, "%*s %*s %*s %*s %*s %*s %lu", &n) == 1 &&
			n == inode;
	(void)fclose(f);
	return found;
}

/* A connection that its peer has reset is as one that never had any. */
START_TEST(what_was_a_connection_is_closed)
{
	const int dead = socket(AF_UNIX, SOCK_STREAM, 0);
	struct stat st;
	char *number;
	int fd, i;

	make_site("");
	ck_assert_int_eq(fstat(dead, &st), 0);
	ck_assert(has_socket(st.st_ino));
	number = text("export LATCHKEY_CONNECTIONS=%d", dead);
	wrap_v2("restarted", number, "");
	free(number);
	fd = cgi_connect(&site, "restarted", NULL);
	ck_assert_int_ge(fd, 0);
	(void)close(dead);
	/* Connections take turns. */
	for (i = 0; i < 10; i++)
		must_balance_on(fd);
	ck_assert(!has_socket(st.st_ino));
	(void)close(fd);
}
END_TEST

START_TEST(a_changed_configuration_holds_from_the_next_call_on)
{
	struct watch watch;
	FILE *config;

	watch_starts(&watch, V2);
	must_balance();
	must_answer("action=x", 200, "{\"error\":\"Incorrect request\"}");
	config = fopen(in_site("latchkey.conf"), "a");
	ck_assert_ptr_nonnull(config);
	(void)fputs("http_status = strict\n", config);
	ck_assert_int_eq(fclose(config), 0);
	must_have_started(&watch, 1);
	must_answer("action=x", 400, "{\"error\":\"Incorrect request\"}");
	must_have_started(&watch, 2);
	must_answer("action=x", 400, "{\"error\":\"Incorrect request\"}");
	must_have_started(&watch, 2);
	(void)close(watch.fd);
}
END_TEST

START_TEST(a_program_that_starts_with_a_fault_goes_on_when_it_is_gone)
{
	struct watch watch;
	pid_t pid;
	int i;

	ck_assert_int_eq(
	    rename(in_site("latchkey.conf"), in_site("aside.conf")), 0);
	watch_starts(&watch, V2);
	pid = pid_of_v2();
	for (i = 0; i < 3; i++)
		must_answer("action=balance", 500, INTERNAL);
	ck_assert_int_eq(
	    rename(in_site("aside.conf"), in_site("latchkey.conf")), 0);
	for (i = 0; i < 3; i++)
		must_balance();
	ck_assert_int_eq(pid_of_v2(), pid);
	must_have_started(&watch, 1);
	(void)close(watch.fd);
}
END_TEST

/* Puts a copy of another program in v2's place, as an upgrade does. */
static void
replace_v2(const char *by)
{
	char *command = text(
	    "cp '%s' '%s.new' && mv '%s.new' '%s'", in_site(by), V2, V2, V2);

	ck_assert_int_eq(system(command), 0);
	free(command);
}

START_TEST(a_replaced_program_runs_after_the_next_call)
{
	pid_t pid = pid_of_v2();

	must_answer(
	    "action=status&order=1", 200, "{\"error\":\"Incorrect order ID\"}");
	replace_v2("public_html/cgi-bin/balance");
	must_answer(
	    "action=status&order=1", 200, "{\"error\":\"Incorrect order ID\"}");
	must_answer(
	    "action=status&order=1", 200, "{\"error\":\"Incorrect request\"}");
	must_balance();
	ck_assert_int_eq(pid_of_v2(), pid);
}
END_TEST

/* For a moment of an upgrade it is not there, or cannot be run. */
START_TEST(a_missing_program_goes_on)
{
	int i, fd = connect_v2();

	must_balance_on(fd);
	ck_assert_int_eq(rename(V2, in_site("aside")), 0);
	for (i = 0; i < 3; i++)
		must_balance();
	ck_assert_int_eq(mkdir(V2, 0700), 0);
	must_balance();
	ck_assert_int_eq(rmdir(V2), 0);
	ck_assert_int_eq(rename(in_site("aside"), V2), 0);
	replace_v2("public_html/cgi-bin/balance");
	must_balance();
	must_answer(
	    "action=status&order=1", 200, "{\"error\":\"Incorrect request\"}");
	must_balance_on(fd);
	(void)close(fd);
}
END_TEST

/* INSTALL's way to restore a backup, calls going on or not. */
START_TEST(a_restored_database_is_seen_by_the_next_call)
{
	struct watch watch;
	int round;

	watch_starts(&watch, V2);
	must_balance();
	free(site_latchkey_ok(&site, "backup", in_site("b.db"), NULL));
	must_answer("action=add&service=1&quantity=1000"
		    "&link=https://example.com/1",
	    200, "{\"order\":1}");
	must_answer("action=balance", 200,
	    "{\"balance\":\"99.00\",\"currency\":\"USD\"}");
	must_have_started(&watch, 1);
	for (round = 1; round <= 2; round++) {
		char *command = text(
		    "mkdir '%s.%d' && mv '%s/'latchkey.db* '%s.%d' &&"
		    " cp '%s' '%s/latchkey.db'",
		    in_site("aside"), round, in_site("data"), in_site("aside"),
		    round, in_site("b.db"), in_site("data"));

		ck_assert_int_eq(system(command), 0);
		free(command);
		must_balance();
		must_have_started(&watch, 1 + round);
		must_answer("action=add&service=1&quantity=1000"
			    "&link=https://example.com/2",
		    200, "{\"order\":1}");
		must_have_started(&watch, 1 + round);
	}
	site_must_check(&site);
	(void)close(watch.fd);
}
END_TEST

START_TEST(a_pepper_that_was_put_back_is_used)
{
	must_balance();
	ck_assert_int_eq(
	    rename(in_site("data/pepper"), in_site("data/aside")), 0);
	must_answer("action=balance", 500, INTERNAL);
	ck_assert_int_eq(
	    rename(in_site("data/aside"), in_site("data/pepper")), 0);
	must_balance();
}
END_TEST

/* What is repaired is seen, also where it is not looked at. */
START_TEST(a_failure_is_not_kept)
{
	int i;

	must_balance();
	ck_assert_int_eq(chmod(in_site("data/rate.db"), 0400), 0);
	site_end_programs(&site);
	if (geteuid() == 0)
		return;
	for (i = 0; i < 2; i++)
		must_answer("action=balance", 500, INTERNAL);
	ck_assert_int_eq(chmod(in_site("data/rate.db"), 0600), 0);
	for (i = 0; i < 2; i++)
		must_balance();
}
END_TEST

/* One start looks whether there is a program that fits; no more do. */
START_TEST(a_migrated_schema_is_busy_and_starts_the_program_anew_once)
{
	struct watch watch;
	int64_t version = site_sql_int(&site, "PRAGMA user_version");
	char sql[64];
	int i;

	watch_starts(&watch, V2);
	must_balance();
	(void)snprintf(
	    sql, sizeof(sql), "PRAGMA user_version = %d", (int)version + 1);
	site_sql(&site, sql);
	for (i = 0; i < 3; i++) {
		must_answer("action=balance", 503, BUSY);
		must_have_started(&watch, 2);
	}
	(void)snprintf(
	    sql, sizeof(sql), "PRAGMA user_version = %d", (int)version);
	site_sql(&site, sql);
	for (i = 0; i < 3; i++)
		must_balance();
	must_have_started(&watch, 2);
	(void)close(watch.fd);
}
END_TEST

/* --- the end of a process ------------------------------------------------- */

/* Waits for the end of the process, which must be a good one. */
static void
must_end(pid_t pid)
{
	int status = -1;

	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_msg(status == 0, "ended with %#x", status);
	memset(site.residents, 0, sizeof(site.residents));
}

static const int signals[] = { SIGTERM, SIGUSR1 };

START_TEST(a_signal_ends_a_program_between_calls)
{
	pid_t pid = pid_of_v2();
	int fd = -1;

	must_work(pid);
	if (_i >= ROWS(signals)) {
		struct request request;

		/* With a connection that is kept for the next call. */
		fd = connect_v2();
		make_balance(&request, 1);
		send_request(fd, &request);
		must_reply(fd, BALANCE);
	}
	ck_assert_int_eq(kill(pid, signals[_i % ROWS(signals)]), 0);
	must_end(pid);
	if (fd >= 0)
		must_be_closed(fd);
}
END_TEST

START_TEST(a_signal_lets_a_call_under_way_finish)
{
	char *body = text("key=%s&action=add&service=1&quantity=1000"
			  "&link=https://example.com/1",
	    key);
	const char *path = in_site("data/latchkey.db.gate");
	struct request request;
	pid_t pid = pid_of_v2();
	int gate, fd, late;

	must_work(pid);
	gate = open(path, O_RDWR | O_CLOEXEC);
	ck_assert_int_ge(gate, 0);
	ck_assert_int_eq(flock(gate, LOCK_EX), 0);
	fd = connect_v2();
	make_request(&request, body, 1);
	send_request(fd, &request);
	ck_assert(lock_has_waiter(path));
	/* This one comes too late, or another process would take it. */
	late = connect_v2();
	make_balance(&request, 0);
	send_request(late, &request);
	ck_assert_int_eq(kill(pid, signals[_i]), 0);
	ck_assert_int_eq(flock(gate, LOCK_UN), 0);
	must_reply(fd, "{\"order\":1}");
	must_be_closed(fd);
	must_be_closed(late);
	must_end(pid);
	ck_assert_int_eq(site_sql_int(&site, "SELECT COUNT(*) FROM orders"), 1);
	site_must_check(&site);
	(void)close(gate);
	free(body);
}
END_TEST

/* A web server does not send a call again that has gone. */
START_TEST(a_signal_comes_after_calls_that_are_here)
{
	enum { KEPT = 12 };
	struct request request, half;
	int fd[KEPT], busy, idle, i;
	pid_t pid = pid_of_v2();

	for (i = 0; i < KEPT; i++) {
		fd[i] = connect_v2();
		must_balance_on(fd[i]);
	}
	idle = connect_v2();
	must_balance_on(idle);
	busy = connect_v2();
	make_balance(&half, 1);
	ck_assert_int_eq(fcgi_write(busy, half.bytes, half.len / 2), 0);
	for (i = 0; i < KEPT; i++) {
		make_balance(&request, 1);
		send_request(fd[i], &request);
	}
	ck_assert_int_eq(kill(pid, signals[_i]), 0);
	ck_assert_int_eq(fcgi_write(busy, half.bytes + half.len / 2,
			     half.len - half.len / 2),
	    0);
	clear_request(&half);
	for (i = 0; i < KEPT; i++) {
		must_reply(fd[i], BALANCE);
		must_be_closed(fd[i]);
	}
	must_be_closed(idle);
	must_end(pid);
	(void)close(busy);
}
END_TEST

#if !defined(__SANITIZE_ADDRESS__)
/* Processor time that is nearly used up ends it, and not in a call. */
START_TEST(a_hard_limit_of_processor_time_costs_no_call)
{
	char *body;
	struct answer answer;
	struct stat st;
	pid_t pid;
	int i, fd, log, status;

	/* It is to start anew as well, but there is no time for that. */
	make_site("fastcgi_calls = 1");
	wrap_v2("bounded", "ulimit -t 10", "");
	body = text("key=%s&action=balance", key);
	for (i = 0; i < 3; i++) {
		fd = cgi_connect(&site, "bounded", &pid);
		ck_assert_int_ge(fd, 0);
		(void)close(fd);
		log = dup(log_of("bounded"));
		cgi_run(&site,
		    &(struct cgi_call){ .program = "bounded", .body = body },
		    &answer);
		ck_assert_str_eq(answer.body, BALANCE);
		answer_clear(&answer);
		/* The next call is another process's. */
		ck_assert_int_eq(waitpid(pid, &status, 0), pid);
		ck_assert_int_eq(status, 0);
		ck_assert_int_eq(fstat(log, &st), 0);
		ck_assert_int_eq(st.st_size, 0);
		(void)close(log);
	}
	memset(site.residents, 0, sizeof(site.residents));
	free(body);
}
END_TEST
#endif

/* Two processes, one socket. */
struct pair {
	struct sockaddr_un address;
	int listener;
	pid_t pid[2];
};

static void
start_pair(struct pair *pair)
{
	int i;

	pair->address = (struct sockaddr_un){ .sun_family = AF_UNIX };
	pair->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	(void)snprintf(pair->address.sun_path, sizeof(pair->address.sun_path),
	    "%s", in_site("s"));
	ck_assert_int_eq(bind(pair->listener, (struct sockaddr *)&pair->address,
			     sizeof(pair->address)),
	    0);
	ck_assert_int_eq(listen(pair->listener, 64), 0);
	for (i = 0; i < 2; i++) {
		pair->pid[i] = fork();
		ck_assert_int_ge(pair->pid[i], 0);
		if (pair->pid[i] == 0) {
			(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
			if (dup2(pair->listener, STDIN_FILENO) >= 0)
				(void)execl(V2, V2, (char *)NULL);
			_exit(127);
		}
	}
}

static int
connect_pair(const struct pair *pair)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_eq(connect(fd, (const struct sockaddr *)&pair->address,
			     sizeof(pair->address)),
	    0);
	return fd;
}

static void
end_one(struct pair *pair, int i)
{
	int status;

	ck_assert_int_eq(kill(pair->pid[i], SIGTERM), 0);
	ck_assert_int_eq(waitpid(pair->pid[i], &status, 0), pair->pid[i]);
	ck_assert_int_eq(status, 0);
}

enum { HALF = 30 }; /* bytes that are missing */

static void
send_half(int fd, struct request *half)
{
	make_balance(half, 0);
	ck_assert_int_eq(fcgi_write(fd, half->bytes, half->len - HALF), 0);
}

static void
send_rest(int fd, struct request *half)
{
	ck_assert_int_eq(
	    fcgi_write(fd, half->bytes + half->len - HALF, HALF), 0);
	clear_request(half);
}

START_TEST(two_processes_share_a_socket)
{
	struct request request, half;
	struct pair pair;
	int i, n, fd[2];

	start_pair(&pair);
	for (n = 0; n < 20; n++) {
		for (i = 0; i < 2; i++)
			fd[i] = connect_pair(&pair);
		/* Half a call keeps one of them, and only that, busy. */
		send_half(fd[0], &half);
		make_balance(&request, 0);
		send_request(fd[1], &request);
		must_reply(fd[1], BALANCE);
		send_rest(fd[0], &half);
		must_reply(fd[0], BALANCE);
		(void)close(fd[0]);
		(void)close(fd[1]);
	}
	/* One ends; the other goes on. */
	end_one(&pair, 0);
	for (n = 0; n < 10; n++) {
		fd[0] = connect_pair(&pair);
		make_balance(&request, 0);
		send_request(fd[0], &request);
		must_reply(fd[0], BALANCE);
		(void)close(fd[0]);
	}
	end_one(&pair, 1);
	(void)close(pair.listener);
}
END_TEST

/*
 * A call on a connection that is kept does not wait for one on a new
 * connection, since another process takes that; unless it is late itself.
 */
START_TEST(a_process_without_connections_takes_the_next)
{
	enum { ROUNDS = 40, WAIT_MS = 200 };
	struct request half, request;
	struct pollfd reply;
	struct pair pair;
	int kept, fd, n, at_once = 0;

	start_pair(&pair);
	for (n = 0; n < ROUNDS; n++) {
		kept = connect_pair(&pair);
		must_balance_on(kept);
		fd = connect_pair(&pair);
		send_half(fd, &half);
		make_balance(&request, 1);
		send_request(kept, &request);
		reply = (struct pollfd){ .fd = kept, .events = POLLIN };
		at_once += poll(&reply, 1, WAIT_MS);
		send_rest(fd, &half);
		must_reply(fd, BALANCE);
		must_reply(kept, BALANCE);
		(void)close(kept);
		(void)close(fd);
	}
	ck_assert_int_gt(at_once, ROUNDS * 3 / 4);
	end_one(&pair, 0);
	end_one(&pair, 1);
	(void)close(pair.listener);
}
END_TEST

/* --- suite ---------------------------------------------------------------- */

static Suite *
make_suite(void)
{
	Suite *suite = suite_create("fastcgi");
	TCase *tc = tcase_create("protocol");

	(void)setenv("FASTCGI", "1", 1);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_connection_is_kept_if_that_is_wanted);
	tcase_add_test(tc, more_connections_than_can_be_kept_are_closed);
	tcase_add_test(tc, a_request_may_come_byte_by_byte);
	tcase_add_test(tc, padding_is_passed_over);
	tcase_add_test(tc, the_next_request_may_be_there_already);
	tcase_add_test(tc, a_request_that_is_cut_harms_nobody);
	tcase_add_test(tc, a_body_that_breaks_off_harms_nobody);
	tcase_add_test(tc, a_reader_that_has_gone_harms_nobody);
	tcase_add_loop_test(
	    tc, parameters_are_found_behind_many_others, 0, ROWS(fillers));
	tcase_add_loop_test(tc, what_is_no_request_is_refused, 0, 9);
	tcase_add_test(tc, questions_are_answered);
	tcase_add_test(tc, another_role_is_refused);
	tcase_add_test(tc, a_second_request_at_once_is_refused);
	tcase_add_loop_test(tc, a_length_that_lies_does_not_reach_the_next_call,
	    0, ROWS(lengths));
	tcase_add_test(tc, headers_may_be_long);
	tcase_add_test(tc, a_web_server_that_stalls_is_left);
	suite_add_tcase(suite, tc);

	tc = tcase_create("next");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, nothing_of_a_call_reaches_the_next);
	tcase_add_test(tc, every_document_root_is_looked_at);
	tcase_add_test(tc, a_failure_is_told_with_an_incident_of_its_own);
#if !defined(__SANITIZE_ADDRESS__)
	tcase_add_test(tc, nothing_of_a_call_is_left_in_memory);
#endif
	suite_add_tcase(suite, tc);

	tc = tcase_create("changes");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_changed_configuration_holds_from_the_next_call_on);
	tcase_add_test(
	    tc, a_program_that_starts_with_a_fault_goes_on_when_it_is_gone);
	tcase_add_test(tc, a_replaced_program_runs_after_the_next_call);
	tcase_add_test(tc, a_missing_program_goes_on);
	tcase_add_test(tc, a_restored_database_is_seen_by_the_next_call);
	tcase_add_test(tc, a_pepper_that_was_put_back_is_used);
	tcase_add_test(tc, a_failure_is_not_kept);
	tcase_add_test(
	    tc, a_migrated_schema_is_busy_and_starts_the_program_anew_once);
	suite_add_tcase(suite, tc);

	tc = tcase_create("end");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(
	    tc, a_signal_ends_a_program_between_calls, 0, 2 * ROWS(signals));
	tcase_add_loop_test(
	    tc, a_signal_lets_a_call_under_way_finish, 0, ROWS(signals));
	tcase_add_loop_test(
	    tc, a_signal_comes_after_calls_that_are_here, 0, ROWS(signals));
	tcase_add_test(tc, two_processes_share_a_socket);
	tcase_add_test(tc, a_process_without_connections_takes_the_next);
	suite_add_tcase(suite, tc);

	tc = tcase_create("many");
	tcase_add_checked_fixture(tc, NULL, teardown);
	tcase_add_loop_test(tc, a_program_starts_anew_after_its_calls, 0, 5);
	tcase_add_test(tc, a_restart_loses_no_call);
	tcase_add_test(tc, a_restart_keeps_connections);
	tcase_add_test(tc, a_restart_makes_nobody_wait_for_good);
	tcase_add_test(tc, a_restart_waits_for_a_request_that_is_there);
	tcase_add_test(tc, nothing_but_a_connection_is_taken_over);
	tcase_add_test(tc, what_was_a_connection_is_closed);
#if !defined(__SANITIZE_ADDRESS__)
	tcase_add_test(tc, a_hard_limit_of_processor_time_costs_no_call);
#endif
	suite_add_tcase(suite, tc);
	return suite;
}

SUITE_MAIN(make_suite)
