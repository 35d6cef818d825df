/* SPDX-License-Identifier: ISC */
/*
 * The receiver that other suites trust: each of its behaviours as a client
 * sees it, what it records, what it refuses, and how it ends.
 */
#include "receiver.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <errno.h>
#include <netinet/in.h>
#include <openssl/x509_vfy.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "scratch.h"
#include "suite.h"

enum {
	PATIENCE_MS = 20000,
	TICK_MS = 5,
	BODY_MAX = 65536,
	ANSWER_MAX = 2 << 20,
	HOST_LEN = 64
};

static struct receiver receiver;

static void
setup(void)
{
	scratch_make();
	receiver_start(&receiver);
}

static void
teardown(void)
{
	receiver_stop(&receiver);
	scratch_remove();
}

/* --- a client that is libcurl --------------------------------------------- */

struct call {
	enum receiver_port port;
	const char *path;
	const char *host; /* NULL: 127.0.0.1 */
	const char *headers[4];
	const char *body;  /* NULL: GET */
	size_t body_len;   /* 0: up to its NUL */
	long timeout_ms;   /* 0: PATIENCE_MS */
	size_t stop_after; /* bytes of the answer's body; 0: never */
	int trusting;      /* looks at no certificate */
	int is_new;        /* on a new connection */
};

struct result {
	CURLcode code;
	long status, verify;
	curl_off_t connect_us, total_us;
	size_t head_len, body_len, stop_after;
	char head[2048], body[256]; /* as much as fits, NUL at their ends */
};

static int64_t
now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void
tick(void)
{
	static const struct timespec pause = { 0, TICK_MS * 1000000L };

	(void)nanosleep(&pause, NULL);
}

/* Keeps the first bytes of what comes. */
static void
keep(char *to, size_t size, size_t at, const char *from, size_t len)
{
	size_t n = at < size - 1 ? size - 1 - at : 0;

	if (n > len)
		n = len;
	memcpy(to + (at < size ? at : 0), from, n);
}

static size_t
take_head(char *data, size_t size, size_t n, void *arg)
{
	struct result *result = arg;

	keep(result->head, sizeof(result->head), result->head_len, data,
	    size * n);
	result->head_len += size * n;
	return size * n;
}

static size_t
take_body(char *data, size_t size, size_t n, void *arg)
{
	struct result *result = arg;

	keep(result->body, sizeof(result->body), result->body_len, data,
	    size * n);
	result->body_len += size * n;
	if (result->stop_after > 0 && result->body_len > result->stop_after)
		return 0;
	return size * n;
}

/* The port is reached whatever the host's name is. */
static struct curl_slist *
set_url(CURL *curl, const struct call *call)
{
	struct curl_slist *to;
	char url[RECEIVER_URL_LEN], named[RECEIVER_URL_LEN], text[64];
	const char *end;

	(void)receiver_url(&receiver, call->port, call->path, url);
	if (call->host == NULL) {
		curl_easy_setopt(curl, CURLOPT_URL, url);
		return NULL;
	}
	end = strstr(url, "127.0.0.1");
	ck_assert_ptr_nonnull(end);
	(void)snprintf(named, sizeof(named), "%.*s%.64s%.2000s",
	    (int)(end - url), url, call->host, end + strlen("127.0.0.1"));
	(void)snprintf(
	    text, sizeof(text), "::127.0.0.1:%d", receiver.ports[call->port]);
	to = curl_slist_append(NULL, text);
	ck_assert_ptr_nonnull(to);
	curl_easy_setopt(curl, CURLOPT_URL, named);
	curl_easy_setopt(curl, CURLOPT_CONNECT_TO, to);
	return to;
}

/* Makes a call on a handle, which keeps its connection. */
static struct result
call_on(CURL *curl, const struct call *call)
{
	struct result result = { .stop_after = call->stop_after };
	struct curl_slist *headers = NULL, *to;
	size_t i;

	curl_easy_reset(curl);
	to = set_url(curl, call);
	for (i = 0; i < 4 && call->headers[i] != NULL; i++)
		headers = curl_slist_append(headers, call->headers[i]);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_CAINFO, receiver.ca);
	curl_easy_setopt(curl, CURLOPT_CAPATH, NULL);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS,
	    call->timeout_ms > 0 ? call->timeout_ms : (long)PATIENCE_MS);
	curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_head);
	curl_easy_setopt(curl, CURLOPT_HEADERDATA, &result);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, &result);
	if (call->trusting) {
		curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 0L);
		curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 0L);
	}
	if (call->is_new)
		curl_easy_setopt(curl, CURLOPT_FRESH_CONNECT, 1L);
	if (call->body != NULL) {
		curl_easy_setopt(curl, CURLOPT_POSTFIELDS, call->body);
		curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE,
		    (long)(call->body_len > 0 ? call->body_len
					      : strlen(call->body)));
	}
	result.code = curl_easy_perform(curl);
	(void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &result.status);
	(void)curl_easy_getinfo(
	    curl, CURLINFO_SSL_VERIFYRESULT, &result.verify);
	(void)curl_easy_getinfo(
	    curl, CURLINFO_CONNECT_TIME_T, &result.connect_us);
	(void)curl_easy_getinfo(curl, CURLINFO_TOTAL_TIME_T, &result.total_us);
	curl_slist_free_all(headers);
	curl_slist_free_all(to);
	return result;
}

/* The same on a connection of its own, which is closed. */
static struct result
call_once(const struct call *call)
{
	CURL *curl = curl_easy_init();
	struct result result;

	ck_assert_ptr_nonnull(curl);
	result = call_on(curl, call);
	curl_easy_cleanup(curl);
	return result;
}

static struct result
get(enum receiver_port port, const char *path)
{
	return call_once(&(struct call){ .port = port, .path = path });
}

/* A header of the answer, to the end of its line; borrowed, "" if none. */
static const char *
header(struct result *result, const char *name)
{
	static char value[1024];
	const char *line = result->head;
	size_t len = strlen(name);

	while ((line = strchr(line, '\n')) != NULL) {
		line++;
		if (strncasecmp(line, name, len) != 0 || line[len] != ':')
			continue;
		(void)snprintf(value, sizeof(value), "%.*s",
		    (int)strcspn(line + len + 2, "\r\n"), line + len + 2);
		return value;
	}
	return "";
}

/* --- a client that is a socket -------------------------------------------- */

/* Connects to the port for plain requests. */
static int
dial(const char *address, int port)
{
	struct sockaddr_in to = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_ge(fd, 0);
	to.sin_port = htons((uint16_t)port);
	ck_assert_int_eq(inet_pton(AF_INET, address, &to.sin_addr), 1);
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0)
		return fd;
	(void)close(fd);
	return -1;
}

static void
say(int fd, const char *bytes, size_t len)
{
	ck_assert_int_eq(send(fd, bytes, len, MSG_NOSIGNAL), (ssize_t)len);
}

/* Dials and sends this request. */
static int ask(const char *format, ...) __attribute__((format(printf, 1, 2)));

static int
ask(const char *format, ...)
{
	int fd = dial("127.0.0.1", receiver.ports[RECEIVER_HTTP]), n;
	char text[4096];
	va_list ap;

	ck_assert_int_ge(fd, 0);
	va_start(ap, format);
	n = vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	ck_assert_int_lt(n, (int)sizeof(text));
	say(fd, text, (size_t)n);
	return fd;
}

/* Receives up to size - 1 bytes or the end; NUL follows them. */
static size_t
hear(int fd, char *text, size_t size)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	size_t len = 0;
	ssize_t n;

	while (len < size - 1) {
		ck_assert_int_eq(poll(&p, 1, PATIENCE_MS), 1);
		n = recv(fd, text + len, size - 1 - len, 0);
		ck_assert_int_ge(n, 0);
		if (n == 0)
			break;
		len += (size_t)n;
	}
	text[len] = '\0';
	return len;
}

/* --- records and statistics ----------------------------------------------- */

static json_t *
record(size_t i)
{
	json_t *found = json_array_get(receiver_records(&receiver), i);

	ck_assert_msg(found != NULL, "no record %zu", i);
	return found;
}

static const char *
text_of(json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text != NULL ? text : "(none)";
}

static int64_t
number_of(json_t *object, const char *name)
{
	json_t *value = json_object_get(object, name);

	ck_assert_msg(json_is_integer(value), "no number %s", name);
	return json_integer_value(value);
}

static int
truth_of(json_t *object, const char *name)
{
	json_t *value = json_object_get(object, name);

	ck_assert_msg(json_is_boolean(value), "no truth %s", name);
	return json_is_true(value);
}

/* A number of the statistics; with a path, one of that path's. */
static int64_t
statistic(const char *path, const char *name)
{
	json_t *all = receiver_statistics(&receiver), *of = all;
	int64_t n;

	if (path != NULL)
		of = json_object_get(json_object_get(all, "paths"), path);
	n = number_of(of, name);
	json_decref(all);
	return n;
}

/* Waits until it is n. */
static void
statistic_becomes(const char *path, const char *name, int64_t n)
{
	int64_t begun = now_ms();

	while (statistic(path, name) != n) {
		ck_assert_msg(now_ms() - begun < PATIENCE_MS,
		    "%s %s is not %lld", path != NULL ? path : "", name,
		    (long long)n);
		tick();
	}
}

/* --- answers -------------------------------------------------------------- */

static const struct {
	const char *path;
	int status;
} statuses[] = {
	{ "/ok", 200 },
	{ "/ok/ep7", 200 },
	{ "/ok/ep7/more", 200 },
	{ "/ok?query", 200 },
	{ "/204", 204 },
	{ "/410", 410 },
	{ "/410/ep7", 410 },
	{ "/599", 599 },
	{ "/status/200", 200 },
	{ "/status/503", 503 },
	{ "/status/503/ep7", 503 },
	{ "/status/304", 304 },
	{ "/status/199", 404 },
	{ "/status/600", 404 },
	{ "/status/5x", 404 },
	{ "/status/-1", 404 },
	{ "/status", 404 },
	{ "/100", 404 },
	{ "/wait/x", 404 },
	{ "/flaky", 404 },
	{ "/okay", 404 },
	{ "/", 404 },
	{ "//ok", 404 },
};

START_TEST(the_path_says_the_status)
{
	struct result result = get(
	    _i % 2 != 0 ? RECEIVER_HTTPS : RECEIVER_HTTP, statuses[_i].path);

	ck_assert_int_eq(result.code, CURLE_OK);
	ck_assert_int_eq(result.status, statuses[_i].status);
	ck_assert_uint_eq(result.body_len,
	    result.status == 204 || result.status == 304 ? 0 : 4);
	ck_assert_int_eq(number_of(record(0), "status"), result.status);
}
END_TEST

static const struct {
	const char *path, *value;
} retries[] = {
	{ "/status/503/retry/120", "120" },
	{ "/status/429/retry/0/ep7", "0" },
	{ "/status/429/retry/-5", "-5" },
	{ "/status/503/retry/99999999999999999999", "99999999999999999999" },
	{ "/status/503/retry/soon%20enough", "soon enough" },
	{ "/status/503/retry/1%0d%0aX:%20y", "" },
	{ "/status/503", "" },
	{ "/status/503/date/x", "" },
};

START_TEST(retry_after_is_told_as_it_stands)
{
	struct result result = get(RECEIVER_HTTP, retries[_i].path);

	ck_assert_int_eq(result.code, CURLE_OK);
	ck_assert_int_eq(result.status,
	    strtol(retries[_i].path + strlen("/status/"), NULL, 10));
	ck_assert_str_eq(header(&result, "Retry-After"), retries[_i].value);
	ck_assert_str_eq(header(&result, "X"), "");
}
END_TEST

static const long dates[] = { 0, 1, 90, 86400, 40 * 86400L, -90, -40 * 86400L };

START_TEST(retry_after_is_told_as_a_date)
{
	struct result result;
	char path[64], again[64];
	const char *value;
	time_t before = time(NULL), at;
	struct tm tm;

	(void)snprintf(
	    path, sizeof(path), "/status/429/date/%ld/ep7", dates[_i]);
	result = get(RECEIVER_HTTP, path);
	ck_assert_int_eq(result.status, 429);
	value = header(&result, "Retry-After");
	at = curl_getdate(value, NULL);
	ck_assert_int_ge(at, before + dates[_i]);
	ck_assert_int_le(at, time(NULL) + dates[_i]);
	/* And it is written as RFC 9110 wants it. */
	ck_assert_ptr_nonnull(gmtime_r(&at, &tm));
	ck_assert_uint_gt(
	    strftime(again, sizeof(again), "%a, %d %b %Y %H:%M:%S GMT", &tm),
	    0);
	ck_assert_str_eq(value, again);
}
END_TEST

static const struct {
	const char *path;
	int status;
	const char *location;
} redirects[] = {
	{ "/redirect?to=http://127.0.0.1:1/x?y=z", 301,
	    "http://127.0.0.1:1/x?y=z" },
	{ "/redirect/ep7?to=https%3A%2F%2F[::1]%2f%41", 301,
	    "https://[::1]/A" },
	{ "/redirect/308?to=/ok", 308, "/ok" },
	{ "/redirect/302/ep7?to=100%", 302, "100%" },
	{ "/redirect/200?to=/ok", 301, "/ok" },
	{ "/redirect?to=/%0d%0aX:%20y", 400, "" },
	{ "/redirect", 400, "" },
	{ "/redirect?from=/", 400, "" },
};

START_TEST(a_redirect_names_its_target)
{
	struct result result = get(RECEIVER_HTTPS, redirects[_i].path);

	ck_assert_int_eq(result.code, CURLE_OK);
	ck_assert_int_eq(result.status, redirects[_i].status);
	ck_assert_str_eq(header(&result, "Location"), redirects[_i].location);
	ck_assert_str_eq(header(&result, "X"), "");
}
END_TEST

static struct result
deliver(const char *path, const char *id)
{
	char line[64];

	(void)snprintf(line, sizeof(line), "Webhook-Id: %s", id);
	return call_once(
	    &(struct call){ .path = path, .headers = { line }, .body = "{}" });
}

START_TEST(flaky_fails_some_times_for_each_webhook_and_path)
{
	static const char path[] = "/flaky/2/ep1";

	ck_assert_int_eq(deliver(path, "evt_1").status, 500);
	ck_assert_int_eq(deliver(path, "evt_2").status, 500);
	ck_assert_int_eq(deliver(path, "evt_1").status, 500);
	ck_assert_int_eq(deliver(path, "evt_1").status, 200);
	ck_assert_int_eq(deliver(path, "evt_1").status, 200);
	ck_assert_int_eq(deliver("/flaky/2/ep2", "evt_1").status, 500);
	ck_assert_int_eq(deliver(path, "evt_2").status, 500);
	ck_assert_int_eq(deliver(path, "evt_2").status, 200);
	ck_assert_int_eq(deliver("/flaky/0", "evt_2").status, 200);
}
END_TEST

START_TEST(flaky_may_fail_with_any_status)
{
	static const char path[] = "/flaky/1/status/429/retry/7/ep1";
	struct result result = deliver(path, "evt_1");

	ck_assert_int_eq(result.status, 429);
	ck_assert_str_eq(header(&result, "Retry-After"), "7");
	result = deliver(path, "evt_1");
	ck_assert_int_eq(result.status, 200);
	ck_assert_str_eq(header(&result, "Retry-After"), "");
}
END_TEST

START_TEST(chunks_are_sent)
{
	struct result result = get(RECEIVER_HTTP, "/chunked");

	ck_assert_int_eq(result.code, CURLE_OK);
	ck_assert_str_eq(header(&result, "Transfer-Encoding"), "chunked");
	ck_assert_str_eq(result.body, "in chunks\n");
}
END_TEST

/* --- answers that are late or bad ----------------------------------------- */

static const int waits[] = { 0, 1, 30, 200 };

START_TEST(an_answer_waits)
{
	struct result result;
	char path[32];

	(void)snprintf(path, sizeof(path), "/wait/%d", waits[_i]);
	result = get(RECEIVER_HTTP, path);
	ck_assert_int_eq(result.code, CURLE_OK);
	ck_assert_int_eq(result.status, 200);
	ck_assert_int_ge(result.total_us, waits[_i] * 1000);
}
END_TEST

START_TEST(answers_wait_beside_each_other)
{
	static const int ms[] = { 800, 500, 700, 600, 500 };
	int fds[ROWS(ms)], i, at[] = { 1, 4, 3, 2, 0 };
	int64_t begun = now_ms();
	char text[16];

	for (i = 0; i < ROWS(ms); i++)
		fds[i] = ask("GET /wait/%d/ep%d HTTP/1.1\r\n\r\n", ms[i], i);
	for (i = 0; i < ROWS(ms); i++) {
		(void)hear(fds[at[i]], text, 13);
		ck_assert_str_eq(text, "HTTP/1.1 200");
		ck_assert_int_ge(now_ms() - begun, ms[at[i]]);
		(void)close(fds[at[i]]);
	}
	ck_assert_int_eq(statistic(NULL, "max_in_flight"), ROWS(ms));
}
END_TEST

START_TEST(a_short_wait_does_not_wait_for_a_long_one)
{
	static const int ms[] = { 3 * PATIENCE_MS, 10, 2 * PATIENCE_MS, 5, 0 };
	int fds[ROWS(ms)], i;
	char text[16];

	for (i = 0; i < ROWS(ms); i++)
		fds[i] = ask("GET /wait/%d HTTP/1.1\r\n\r\n", ms[i]);
	for (i = 0; i < ROWS(ms); i++) {
		if (ms[i] < PATIENCE_MS)
			(void)hear(fds[i], text, 13);
		(void)close(fds[i]);
	}
}
END_TEST

START_TEST(never_is_never)
{
	struct result result = call_once(&(struct call){
	    .port = _i, .path = "/never/ep7", .timeout_ms = 1000 });

	ck_assert_int_eq(result.code, CURLE_OPERATION_TIMEDOUT);
	ck_assert_uint_eq(result.head_len, 0);
	ck_assert_int_eq(number_of(record(0), "status"), 0);
	statistic_becomes("/never/ep7", "in_flight", 0);
}
END_TEST

START_TEST(a_drip_is_a_byte_a_second)
{
	int64_t begun = now_ms();
	int fd = ask("GET /drip HTTP/1.1\r\n\r\n");
	char text[3];

	ck_assert_uint_eq(hear(fd, text, 2), 1);
	ck_assert_str_eq(text, "H");
	ck_assert_uint_eq(hear(fd, text, 3), 2);
	ck_assert_str_eq(text, "TT");
	ck_assert_int_ge(now_ms() - begun, 2000);
	(void)close(fd);
}
END_TEST

START_TEST(a_drip_ends)
{
	struct result result = get(_i, "/drip/5");

	ck_assert_int_eq(result.code, CURLE_OK);
	ck_assert_int_eq(result.status, 200);
	ck_assert_str_eq(result.body, "200\n");
	ck_assert_int_ge(result.total_us,
	    (curl_off_t)(result.head_len + result.body_len - 1) * 5000);
}
END_TEST

START_TEST(a_body_drips)
{
	struct result result = get(RECEIVER_HTTP, "/drip-body/300/ep7");

	ck_assert_int_eq(result.code, CURLE_OK);
	ck_assert_str_eq(result.body, "200\n");
	ck_assert_int_ge(result.total_us, 3 * 300000);
	/* As long as the head alone would have taken. */
	ck_assert_int_lt(result.total_us, (curl_off_t)result.head_len * 300000);
}
END_TEST

START_TEST(a_gigabyte_does_not_end)
{
	struct result result = call_once(&(struct call){
	    .port = _i, .path = "/gigabyte", .stop_after = 64 << 20 });

	ck_assert_int_eq(result.code, CURLE_WRITE_ERROR);
	ck_assert_int_eq(result.status, 200);
	ck_assert_uint_gt(result.body_len, 64 << 20);
	statistic_becomes("/gigabyte", "in_flight", 0);
	ck_assert_int_eq(get(_i, "/ok").status, 200);
}
END_TEST

START_TEST(a_connection_is_reset)
{
	struct result result = get(_i, "/reset");
	int fd = ask("GET /reset HTTP/1.1\r\n\r\n");
	struct pollfd p = { .fd = fd, .events = POLLIN };
	char byte;

	ck_assert_int_eq(result.code, CURLE_RECV_ERROR);
	ck_assert_int_eq(poll(&p, 1, PATIENCE_MS), 1);
	ck_assert_int_eq(recv(fd, &byte, 1, 0), -1);
	ck_assert_int_eq(errno, ECONNRESET);
	(void)close(fd);
}
END_TEST

START_TEST(a_connection_is_closed)
{
	struct result result = get(_i, "/close");
	int fd = ask("GET /close HTTP/1.1\r\n\r\n");
	char byte[2];

	ck_assert_int_eq(result.code, CURLE_GOT_NOTHING);
	ck_assert_uint_eq(hear(fd, byte, sizeof(byte)), 0);
	(void)close(fd);
}
END_TEST

static const struct {
	const char *path;
	int told;
} ends[] = { { "/last/ep7", 1 }, { "/hang-up/ep7", 0 } };

START_TEST(a_connection_ends_after_an_answer)
{
	int fd = ask("GET %s HTTP/1.1\r\n\r\n", ends[_i].path);
	char text[512];

	(void)hear(fd, text, sizeof(text));
	(void)close(fd);
	ck_assert_int_eq(strncmp(text, "HTTP/1.1 200 ", 13), 0);
	ck_assert_int_eq(
	    strstr(text, "\r\nConnection: close\r\n") != NULL, ends[_i].told);
	ck_assert_ptr_nonnull(strstr(text, "\r\n\r\n200\n"));
}
END_TEST

START_TEST(half_a_body_is_sent)
{
	struct result result = get(_i, "/truncated");

	ck_assert_int_eq(result.code, CURLE_PARTIAL_FILE);
	ck_assert_int_eq(result.status, 200);
	ck_assert_uint_eq(result.body_len, 500);
}
END_TEST

START_TEST(garbage_is_no_http)
{
	struct result result = get(_i, "/garbage");

	ck_assert_int_eq(result.code, CURLE_UNSUPPORTED_PROTOCOL);
	ck_assert_int_eq(result.status, 0);
	ck_assert_int_eq(number_of(record(0), "status"), 0);
}
END_TEST

START_TEST(headers_are_big)
{
	static char text[ANSWER_MAX];
	int fd = ask("GET /big-headers HTTP/1.1\r\nConnection: close\r\n\r\n");
	size_t len = hear(fd, text, sizeof(text)), lines = 0;
	const char *at = text;

	ck_assert_uint_gt(len, 1 << 20);
	ck_assert_int_eq(strncmp(text, "HTTP/1.1 200 ", 13), 0);
	ck_assert_str_eq(text + len - 4, "\r\n\r\n");
	ck_assert_ptr_eq(strstr(text, "\r\n\r\n"), text + len - 4);
	while ((at = strstr(at, "\r\nX-Big-")) != NULL) {
		lines++;
		at++;
	}
	ck_assert_uint_eq(lines, 1024);
	(void)close(fd);
}
END_TEST

/* --- TLS ------------------------------------------------------------------ */

static const struct {
	const char *host;
	int good;
} hosts[] = {
	{ "127.0.0.1", 1 },
	{ "[::1]", 1 },
	{ "localhost", 1 },
	{ "hook1.test", 1 },
	{ "hook8.test", 1 },
	{ "a.hooks.test", 1 },
	{ "b.hooks.localhost", 1 },
	{ "127.0.0.2", 0 },
	{ "hook9.test", 0 },
	{ "hooks.test", 0 },
	{ "a.b.hooks.test", 0 },
	{ "another.test", 0 },
};

START_TEST(a_certificate_is_for_its_names)
{
	struct result result = call_once(&(struct call){
	    .port = RECEIVER_HTTPS, .path = "/ok", .host = hosts[_i].host });
	int is_name = strpbrk(hosts[_i].host, "abcdefghijklm") != NULL;

	ck_assert_int_eq(result.code,
	    hosts[_i].good ? CURLE_OK : CURLE_PEER_FAILED_VERIFICATION);
	if (!hosts[_i].good)
		return;
	ck_assert_int_eq(result.status, 200);
	ck_assert(truth_of(record(0), "tls"));
	ck_assert_str_eq(
	    text_of(record(0), "sni"), is_name ? hosts[_i].host : "(none)");
}
END_TEST

static const struct {
	enum receiver_port port;
	long verify;
} bad[] = {
	{ RECEIVER_SELF_SIGNED, X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT },
	{ RECEIVER_EXPIRED, X509_V_ERR_CERT_HAS_EXPIRED },
	{ RECEIVER_NOT_YET, X509_V_ERR_CERT_NOT_YET_VALID },
	/* Its name is looked at first, the rest not any more. */
	{ RECEIVER_WRONG_NAME, X509_V_ERR_UNSPECIFIED },
};

START_TEST(a_bad_certificate_is_bad_in_one_way)
{
	struct call call = { .port = bad[_i].port, .path = "/ok" };
	struct result result = call_once(&call);

	ck_assert_int_eq(result.code, CURLE_PEER_FAILED_VERIFICATION);
	ck_assert_int_eq(result.verify, bad[_i].verify);
	ck_assert_uint_eq(json_array_size(receiver_records(&receiver)), 0);
	call.trusting = 1;
	ck_assert_int_eq(call_once(&call).status, 200);
	call.trusting = 0;
	call.host = "another.test";
	ck_assert_int_eq(
	    call_once(&call).code, bad[_i].port == RECEIVER_WRONG_NAME
				       ? CURLE_OK
				       : CURLE_PEER_FAILED_VERIFICATION);
}
END_TEST

/* A client that trusts the system's authorities does not trust ours. */
START_TEST(the_authority_is_nobody_elses)
{
	struct receiver other;
	struct result result;
	char ca[RECEIVER_PATH_LEN];

	receiver_start(&other);
	memcpy(ca, receiver.ca, sizeof(ca));
	memcpy(receiver.ca, other.ca, sizeof(ca));
	result = get(RECEIVER_HTTPS, "/ok");
	memcpy(receiver.ca, ca, sizeof(ca));
	receiver_stop(&other);
	ck_assert_int_eq(result.code, CURLE_PEER_FAILED_VERIFICATION);
	ck_assert_int_eq(get(RECEIVER_HTTPS, "/ok").code, CURLE_OK);
}
END_TEST

START_TEST(a_session_is_resumed)
{
	struct call call = { .port = RECEIVER_HTTPS, .path = "/ok" };
	CURL *curl = curl_easy_init();

	ck_assert_ptr_nonnull(curl);
	call.is_new = 1;
	ck_assert_int_eq(call_on(curl, &call).status, 200);
	ck_assert_int_eq(call_on(curl, &call).status, 200);
	curl_easy_cleanup(curl);
	ck_assert_int_eq(call_once(&call).status, 200);
	ck_assert(!truth_of(record(0), "resumed"));
	ck_assert(truth_of(record(1), "resumed"));
	ck_assert(!truth_of(record(2), "resumed"));
	ck_assert_int_eq(statistic(NULL, "handshakes"), 3);
	ck_assert_int_eq(statistic(NULL, "resumed"), 1);
	ck_assert_int_eq(statistic(NULL, "handshakes_failed"), 0);
}
END_TEST

START_TEST(a_failed_handshake_is_counted)
{
	ck_assert_int_eq(
	    get(RECEIVER_EXPIRED, "/ok").code, CURLE_PEER_FAILED_VERIFICATION);
	statistic_becomes(NULL, "open", 0);
	ck_assert_int_eq(statistic(NULL, "connections"), 1);
	ck_assert_int_eq(statistic(NULL, "requests"), 0);
	/* In TLS 1.3 the client is the last to speak, in 1.2 the server. */
	ck_assert_int_eq(statistic(NULL, "handshakes") +
			     statistic(NULL, "handshakes_failed"),
	    1);
}
END_TEST

/* --- dead ports ----------------------------------------------------------- */

static const struct {
	enum receiver_port port;
	CURLcode code;
	int connects;
} dead[] = {
	{ RECEIVER_REFUSED, CURLE_COULDNT_CONNECT, 0 },
	{ RECEIVER_STALLED, CURLE_OPERATION_TIMEDOUT, 1 },
	{ RECEIVER_BLACKHOLE, CURLE_OPERATION_TIMEDOUT, 0 },
};

START_TEST(a_dead_port_is_dead)
{
	int i;

	/* Not only for the first. */
	for (i = 0; i < 3; i++) {
		struct result result = call_once(&(struct call){
		    .port = dead[_i].port, .path = "/ok", .timeout_ms = 300 });

		ck_assert_int_eq(result.code, dead[_i].code);
		ck_assert_int_eq(result.connect_us > 0, dead[_i].connects);
	}
}
END_TEST

START_TEST(only_one_address_is_listened_on)
{
	int i;

	for (i = 0; i < RECEIVER_REFUSED; i++) {
		int fd = dial("127.0.0.1", receiver.ports[i]);

		ck_assert_int_ge(fd, 0);
		(void)close(fd);
		ck_assert_int_eq(dial("127.0.0.2", receiver.ports[i]), -1);
	}
}
END_TEST

/* --- records -------------------------------------------------------------- */

START_TEST(a_request_is_recorded)
{
	struct timespec before, after;
	json_t *r;
	int64_t at;

	(void)clock_gettime(CLOCK_REALTIME, &before);
	ck_assert_int_eq(
	    call_once(
		&(struct call){ .port = _i,
		    .path = "/status/503/ep7?a=b",
		    .headers = { "Content-Type: application/json",
			"User-Agent: a \"quoted\" \\ name", "WEBHOOK-ID: evt_1",
			"webhook-signature: v1,abc= v1,def=" },
		    .body = "{\"a\":\"\xc3\xa9\\n\"}\n\t" })
		.status,
	    503);
	(void)clock_gettime(CLOCK_REALTIME, &after);
	ck_assert_uint_eq(json_array_size(receiver_records(&receiver)), 1);
	r = record(0);
	at = number_of(r, "at");
	ck_assert_int_ge(
	    at, (int64_t)before.tv_sec * 1000000 + before.tv_nsec / 1000);
	ck_assert_int_le(
	    at, (int64_t)after.tv_sec * 1000000 + after.tv_nsec / 1000);
	ck_assert_int_eq(number_of(r, "connection"), 1);
	ck_assert(!truth_of(r, "reused"));
	ck_assert_int_eq(truth_of(r, "tls"), _i == RECEIVER_HTTPS);
	ck_assert_int_eq(number_of(r, "in_flight"), 1);
	ck_assert_int_eq(number_of(r, "status"), 503);
	ck_assert_str_eq(text_of(r, "method"), "POST");
	ck_assert_str_eq(text_of(r, "path"), "/status/503/ep7");
	ck_assert_str_eq(text_of(r, "query"), "a=b");
	ck_assert_int_eq(
	    strncmp(text_of(r, "host"), "127.0.0.1:", strlen("127.0.0.1:")), 0);
	ck_assert_str_eq(text_of(r, "content-type"), "application/json");
	ck_assert_str_eq(text_of(r, "user-agent"), "a \"quoted\" \\ name");
	ck_assert_str_eq(text_of(r, "webhook-id"), "evt_1");
	ck_assert_str_eq(text_of(r, "webhook-signature"), "v1,abc= v1,def=");
	ck_assert_str_eq(text_of(r, "webhook-timestamp"), "(none)");
	ck_assert_str_eq(text_of(r, "body"), "{\"a\":\"\xc3\xa9\\n\"}\n\t");
}
END_TEST

/* Whichever of the two it is must be all of a body of n bytes c. */
static void
must_be_body(json_t *r, unsigned char c, size_t n)
{
	const char *text = json_string_value(json_object_get(r, "body"));
	char unit[3] = { (char)c, '\0', '\0' };
	size_t i, len;

	ck_assert_int_ne(text == NULL, json_object_get(r, "body_hex") == NULL);
	if (text == NULL) {
		text = text_of(r, "body_hex");
		(void)snprintf(unit, sizeof(unit), "%02x", (unsigned)c);
	}
	len = unit[1] != '\0' ? 2 : 1;
	ck_assert_uint_eq(strlen(text), n * len);
	for (i = 0; i < n; i++)
		if (memcmp(text + i * len, unit, len) != 0)
			ck_abort_msg(
			    "byte %zu of %zu is not %02x", i, n, (unsigned)c);
}

/* Bodies of one byte that repeats, as large as they may be. */
START_TEST(every_byte_of_a_body_is_recorded)
{
	static char body[BODY_MAX];
	static const size_t lengths[] = { 1, BODY_MAX };
	CURL *curl = curl_easy_init();
	size_t i;
	int c;

	ck_assert_ptr_nonnull(curl);
	for (c = 0; c < 256; c++) {
		memset(body, c, sizeof(body));
		for (i = 0; i < 2; i++) {
			ck_assert_int_eq(
			    call_on(curl, &(struct call){ .path = "/ok",
					      .body = body,
					      .body_len = lengths[i] })
				.status,
			    200);
			must_be_body(record(0), (unsigned char)c, lengths[i]);
			receiver_forget(&receiver);
		}
	}
	curl_easy_cleanup(curl);
}
END_TEST

/* As Latin-1, since nobody knows better. */
START_TEST(every_byte_of_a_header_is_recorded)
{
	char expected[5], text[16];
	size_t n = 0;
	int c;

	for (c = 1; c < 256; c++) {
		int fd;

		if (c == '\r' || c == '\n')
			continue;
		fd = ask("GET /ok HTTP/1.1\r\nUser-Agent: x%cx\r\n\r\n", c);
		(void)hear(fd, text, 13);
		(void)close(fd);
		ck_assert_str_eq(text, "HTTP/1.1 200");
		if (c < 0x80)
			(void)snprintf(expected, sizeof(expected), "x%cx", c);
		else
			(void)snprintf(expected, sizeof(expected), "x%c%cx",
			    0xc0 | c >> 6, 0x80 | (c & 0x3f));
		ck_assert_str_eq(text_of(record(n++), "user-agent"), expected);
	}
}
END_TEST

START_TEST(a_connection_is_used_again)
{
	struct call call = { .port = _i, .path = "/ok", .body = "{}" };
	CURL *curl = curl_easy_init();
	int i;

	ck_assert_ptr_nonnull(curl);
	for (i = 0; i < 3; i++)
		ck_assert_int_eq(call_on(curl, &call).status, 200);
	ck_assert_int_eq(call_once(&call).status, 200);
	curl_easy_cleanup(curl);
	for (i = 0; i < 4; i++) {
		ck_assert_int_eq(
		    number_of(record((size_t)i), "connection"), i < 3 ? 1 : 2);
		ck_assert_int_eq(
		    truth_of(record((size_t)i), "reused"), i == 1 || i == 2);
	}
	ck_assert_int_eq(statistic(NULL, "connections"), 2);
	statistic_becomes(NULL, "open", 0);
}
END_TEST

START_TEST(requests_under_way_are_counted_by_path)
{
	static const char one[] = "GET /never/a HTTP/1.1\r\n\r\n";
	int fds[6], i;

	for (i = 0; i < 5; i++) {
		fds[i] = ask("%s", one);
		(void)receiver_wait(&receiver, (size_t)i + 1);
		ck_assert_int_eq(
		    number_of(record((size_t)i), "in_flight"), i + 1);
	}
	/* Another path, and one that is answered. */
	fds[5] = ask("GET /never/b?x HTTP/1.1\r\n\r\n");
	(void)receiver_wait(&receiver, 6);
	ck_assert_int_eq(number_of(record(5), "in_flight"), 1);
	ck_assert_int_eq(get(RECEIVER_HTTP, "/ok").status, 200);
	ck_assert_int_eq(statistic(NULL, "in_flight"), 6);
	ck_assert_int_eq(statistic(NULL, "max_in_flight"), 7);
	/* What is given up is not under way: at once, not in a while. */
	(void)close(fds[0]);
	(void)close(fds[3]);
	fds[0] = ask("%s", one);
	(void)receiver_wait(&receiver, 8);
	ck_assert_int_eq(number_of(record(7), "in_flight"), 4);
	ck_assert_int_eq(statistic("/never/a", "in_flight"), 4);
	ck_assert_int_eq(statistic("/never/a", "max_in_flight"), 5);
	ck_assert_int_eq(statistic("/never/a", "requests"), 6);
	ck_assert_int_eq(statistic("/never/b", "max_in_flight"), 1);
	ck_assert_int_eq(statistic("/ok", "in_flight"), 0);
	for (i = 0; i < 6; i++)
		if (i != 3)
			(void)close(fds[i]);
	statistic_becomes(NULL, "in_flight", 0);
}
END_TEST

/* Makes it late, so that all of what follows is there at once. */
static void
pause_it(void)
{
	siginfo_t info;

	ck_assert_int_eq(kill(receiver.pid, SIGSTOP), 0);
	ck_assert_int_eq(waitid(P_PID, (id_t)receiver.pid, &info, WSTOPPED), 0);
}

static void
resume_it(void)
{
	ck_assert_int_eq(kill(receiver.pid, SIGCONT), 0);
}

/* Never more than 4 at a time, which a late receiver must see, too. */
START_TEST(clients_that_are_gone_are_not_under_way)
{
	enum { ROUNDS = 50, AT_ONCE = 4 };
	int fds[AT_ONCE], i, k;

	pause_it();
	for (i = 0; i < ROUNDS; i++)
		for (k = 0; k < AT_ONCE; k++) {
			if (i > 0)
				(void)close(fds[k]);
			fds[k] = ask("GET /never/a HTTP/1.1\r\n\r\n");
		}
	resume_it();
	(void)receiver_wait(&receiver, (size_t)(ROUNDS * AT_ONCE));
	statistic_becomes("/never/a", "in_flight", AT_ONCE);
	ck_assert_int_eq(statistic("/never/a", "max_in_flight"), AT_ONCE);
	for (k = 0; k < AT_ONCE; k++)
		(void)close(fds[k]);
}
END_TEST

/*
 * One gives up, then another begins, and may be gone as well: whatever their
 * order was before.
 */
START_TEST(who_gives_up_makes_room_for_the_next)
{
	static const char ok[] = "GET /ok HTTP/1.1\r\n\r\n";
	static const char never[] = "GET /never/a HTTP/1.1\r\n\r\n";
	int fds[2], i, first = _i % 2, gone = _i / 2 % 2;
	char text[13];

	for (i = 0; i < 2; i++) {
		fds[i] = ask("%s", ok);
		(void)hear(fds[i], text, sizeof(text));
	}
	say(fds[first], never, strlen(never));
	(void)receiver_wait(&receiver, 3);
	pause_it();
	(void)close(fds[first]);
	say(fds[!first], never, strlen(never));
	if (gone)
		(void)close(fds[!first]);
	resume_it();
	(void)receiver_wait(&receiver, 4);
	ck_assert_int_eq(number_of(record(3), "in_flight"), 1);
	if (!gone)
		(void)close(fds[!first]);
}
END_TEST

/* A sender that is killed has sent what it has sent. */
START_TEST(what_was_sent_before_the_end_is_recorded)
{
	static const char request[] =
	    "POST /wait/1000 HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}";
	char url[RECEIVER_URL_LEN];
	CURL *curl = curl_easy_init();
	size_t n;

	ck_assert_ptr_nonnull(curl);
	curl_easy_setopt(
	    curl, CURLOPT_URL, receiver_url(&receiver, _i, "/", url));
	curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
	curl_easy_setopt(curl, CURLOPT_CAINFO, receiver.ca);
	curl_easy_setopt(curl, CURLOPT_CONNECT_ONLY, 1L);
	ck_assert_int_eq(curl_easy_perform(curl), CURLE_OK);
	pause_it();
	ck_assert_int_eq(
	    curl_easy_send(curl, request, sizeof(request) - 1, &n), CURLE_OK);
	ck_assert_uint_eq(n, sizeof(request) - 1);
	curl_easy_cleanup(curl);
	resume_it();
	(void)receiver_wait(&receiver, 1);
	ck_assert_str_eq(text_of(record(0), "body"), "{}");
	statistic_becomes(NULL, "open", 0);
	ck_assert_int_eq(statistic(NULL, "in_flight"), 0);
}
END_TEST

START_TEST(records_can_be_forgotten)
{
	ck_assert_int_eq(get(RECEIVER_HTTP, "/ok/1").status, 200);
	receiver_forget(&receiver);
	ck_assert_uint_eq(json_array_size(receiver_records(&receiver)), 0);
	ck_assert_int_eq(get(RECEIVER_HTTP, "/ok/2").status, 200);
	ck_assert_uint_eq(json_array_size(receiver_wait(&receiver, 1)), 1);
	ck_assert_str_eq(text_of(record(0), "path"), "/ok/2");
	ck_assert_int_eq(statistic(NULL, "requests"), 2);
}
END_TEST

/* --- requests ------------------------------------------------------------- */

#define POST "POST /ok HTTP/1.1\r\n"

static const struct {
	const char *text;
	int status;
} refused[] = {
	{ "\r\n\r\n", 400 },
	{ "GET\r\n\r\n", 400 },
	{ "GET /ok\r\n\r\n", 400 },
	{ "GET  /ok HTTP/1.1\r\n\r\n", 400 },
	{ "GET /ok HTTP/1.1 \r\n\r\n", 400 },
	{ "GET /ok HTTP/2.0\r\n\r\n", 400 },
	{ "GET ok HTTP/1.1\r\n\r\n", 400 },
	{ "GET http://127.0.0.1/ok HTTP/1.1\r\n\r\n", 400 },
	{ "GET /o\nk HTTP/1.1\r\n\r\n", 400 },
	{ "GET /ok HTTP/1.1\r\nnothing\r\n\r\n", 400 },
	{ "GET /ok HTTP/1.1\r\n: nothing\r\n\r\n", 400 },
	{ "GET /ok HTTP/1.1\r\nA : b\r\n\r\n", 400 },
	{ "GET /ok HTTP/1.1\r\nA: b\r\n folded: c\r\n\r\n", 400 },
	{ "GET /ok HTTP/1.1\r\nA: b\nC: d\r\n\r\n", 400 },
	{ "\x16\x03\x01\x02\r\n\r\n", 400 },
	{ POST "Content-Length: -1\r\n\r\n", 400 },
	{ POST "Content-Length: +1\r\n\r\nx", 400 },
	{ POST "Content-Length: 1x\r\n\r\nx", 400 },
	{ POST "Content-Length:\r\n\r\n", 400 },
	{ POST "Content-Length: 0\r\nContent-Length: 0\r\n\r\n", 400 },
	{ POST "Content-Length: 65537\r\n\r\n", 413 },
	{ POST "Content-Length: 99999999999999999999\r\n\r\n", 413 },
	{ POST "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 501 },
};

START_TEST(what_is_no_request_is_refused)
{
	char text[512];
	int fd = ask("%s", refused[_i].text);

	(void)hear(fd, text, sizeof(text));
	(void)close(fd);
	ck_assert_int_eq(strncmp(text, "HTTP/1.1 ", 9), 0);
	ck_assert_int_eq(strtol(text + 9, NULL, 10), refused[_i].status);
	ck_assert_ptr_nonnull(strstr(text, "\r\nConnection: close\r\n"));
	ck_assert_int_eq(statistic(NULL, "refused"), 1);
	ck_assert_int_eq(statistic(NULL, "requests"), 0);
	ck_assert_uint_eq(json_array_size(receiver_records(&receiver)), 0);
	ck_assert_int_eq(get(RECEIVER_HTTP, "/ok").status, 200);
}
END_TEST

/* _i bytes beyond what is allowed. */
START_TEST(a_head_is_bounded)
{
	enum { HEAD_MAX = 16384 };
	static const char begin[] = "GET /ok HTTP/1.1\r\nUser-Agent: ";
	static char head[HEAD_MAX + 2], text[512];
	size_t len = (size_t)(HEAD_MAX + _i);
	int fd = dial("127.0.0.1", receiver.ports[RECEIVER_HTTP]);

	ck_assert_int_ge(fd, 0);
	memset(head, 'x', len);
	memcpy(head, begin, strlen(begin));
	memcpy(head + len - 4, "\r\n\r\n", 4);
	say(fd, head, len);
	(void)hear(fd, text, 13);
	(void)close(fd);
	ck_assert_str_eq(text, _i == 0 ? "HTTP/1.1 200" : "HTTP/1.1 431");
	if (_i > 0)
		return;
	ck_assert_uint_eq(
	    strlen(text_of(record(0), "user-agent")), len - strlen(begin) - 4);
}
END_TEST

START_TEST(a_request_may_come_byte_by_byte)
{
	static const char request[] =
	    "POST /ok HTTP/1.1\r\nContent-Length: 5\r\n"
	    "Connection: close\r\n\r\nhello";
	int fd = dial("127.0.0.1", receiver.ports[RECEIVER_HTTP]);
	char text[512];
	size_t i;

	ck_assert_int_ge(fd, 0);
	for (i = 0; i < sizeof(request) - 1; i++)
		say(fd, request + i, 1);
	(void)hear(fd, text, sizeof(text));
	(void)close(fd);
	ck_assert_int_eq(strncmp(text, "HTTP/1.1 200 ", 13), 0);
	ck_assert_str_eq(text_of(record(0), "body"), "hello");
}
END_TEST

START_TEST(requests_in_one_piece_are_answered_in_turn)
{
	int fd = ask("GET /wait/50 HTTP/1.1\r\n\r\n"
		     "POST /410 HTTP/1.1\r\nContent-Length: 1\r\n\r\nx"
		     "GET /503 HTTP/1.1\r\nConnection: close\r\n\r\n");
	char text[1024];
	const char *at[3];

	(void)hear(fd, text, sizeof(text));
	(void)close(fd);
	at[0] = strstr(text, "HTTP/1.1 200 ");
	at[1] = strstr(text, "HTTP/1.1 410 ");
	at[2] = strstr(text, "HTTP/1.1 503 ");
	ck_assert_ptr_eq(at[0], text);
	ck_assert_ptr_nonnull(at[1]);
	ck_assert_ptr_nonnull(at[2]);
	ck_assert(at[0] < at[1] && at[1] < at[2]);
	ck_assert_uint_eq(json_array_size(receiver_records(&receiver)), 3);
}
END_TEST

/* More than it keeps while it answers. */
START_TEST(who_floods_is_cut_off)
{
	static char much[1 << 20];
	int fd = ask("GET /never HTTP/1.1\r\n\r\n");
	ssize_t n;
	int i;

	for (i = 0; i < 100; i++) {
		n = send(fd, much, sizeof(much), MSG_NOSIGNAL);
		if (n < 0)
			break;
	}
	ck_assert_int_lt(i, 100);
	(void)close(fd);
	statistic_becomes(NULL, "open", 0);
	statistic_becomes(NULL, "in_flight", 0);
}
END_TEST

static const char *const closing[] = { "HTTP/1.1\r\nConnection: close",
	"HTTP/1.1\r\nconnection:CLOSE ", "HTTP/1.0" };

START_TEST(a_connection_ends_when_the_client_wants_it)
{
	int fd = ask("GET /ok %s\r\n\r\n", closing[_i]);
	char text[512];

	/* To the end, not to a time-out. */
	(void)hear(fd, text, sizeof(text));
	ck_assert_ptr_nonnull(strstr(text, "\r\nConnection: close\r\n"));
	(void)close(fd);
}
END_TEST

/* --- start and end -------------------------------------------------------- */

static const int signals[] = { SIGTERM, SIGINT };

START_TEST(a_signal_ends_it)
{
	ck_assert_int_eq(get(RECEIVER_HTTP, "/ok").status, 200);
	ck_assert_int_eq(kill(receiver.pid, signals[_i]), 0);
	/* Its input is open, so that only the signal can. */
	while (getc(receiver.out) != EOF)
		;
	receiver_stop(&receiver);
}
END_TEST

/* With connections in all states. */
START_TEST(the_end_of_its_input_ends_it)
{
	int fds[5], i;

	fds[0] = ask("GET /never HTTP/1.1\r\n\r\n");
	fds[1] = ask("GET /wait/10000 HTTP/1.1\r\n\r\n");
	fds[2] = ask("GET /gigabyte HTTP/1.1\r\n\r\n");
	fds[3] = ask("GET /o");
	fds[4] = dial("127.0.0.1", receiver.ports[RECEIVER_HTTPS]);
	ck_assert_int_ge(fds[4], 0);
	(void)receiver_wait(&receiver, 3);
	receiver_stop(&receiver);
	ck_assert_int_eq(dial("127.0.0.1", receiver.ports[RECEIVER_HTTP]), -1);
	for (i = 0; i < 5; i++)
		(void)close(fds[i]);
}
END_TEST

/* Runs the receiver by a shell: its input is a pipe to us. */
static FILE *
start_by_hand(const char *options, char out[SCRATCH_PATH_LEN])
{
	char program[RECEIVER_PATH_LEN], command[2048], dir[SCRATCH_PATH_LEN];
	ssize_t n = readlink("/proc/self/exe", program, sizeof(program) - 16);
	FILE *in;

	ck_assert_int_gt(n, 0);
	program[n] = '\0';
	(void)snprintf(strrchr(program, '/'), 16, "/receiver");
	scratch_path("out", out);
	scratch_path("", dir);
	(void)snprintf(command, sizeof(command), "exec %s %s %s >%s 2>&1",
	    program, options, dir, out);
	in = popen(command, "w");
	ck_assert_ptr_nonnull(in);
	return in;
}

START_TEST(the_quiet_one_only_counts)
{
	char out[SCRATCH_PATH_LEN], requests[SCRATCH_PATH_LEN], *text = NULL;
	struct receiver loud = receiver;
	FILE *in = start_by_hand("--quiet --dir", out);
	int64_t begun = now_ms();

	do {
		free(text);
		tick();
		text = scratch_read(out, NULL);
		ck_assert_int_lt(now_ms() - begun, PATIENCE_MS);
	} while (strstr(text, "ready\n") == NULL);
	ck_assert_int_eq(
	    sscanf(text, "http %d", &receiver.ports[RECEIVER_HTTP]), 1);
	free(text);
	ck_assert_int_eq(get(RECEIVER_HTTP, "/ok").status, 200);
	ck_assert_int_eq(get(RECEIVER_HTTP, "/ok").status, 200);
	receiver = loud;
	ck_assert_int_eq(pclose(in), 0);
	text = scratch_read(out, NULL);
	ck_assert_ptr_nonnull(strstr(text, "ready\n{\"requests\":2,"));
	ck_assert_ptr_nonnull(strstr(text, "\"/ok\":{\"requests\":2,"));
	free(text);
	scratch_path("requests", requests);
	ck_assert_int_eq(access(requests, F_OK), -1);
}
END_TEST

static const struct {
	const char *options, *said;
	int code;
} wrong[] = {
	{ "", "usage: receiver ", 2 },
	{ "--dir", "receiver: cannot make ", 1 },
	{ "--loud --dir", "usage: receiver ", 2 },
	{ "--dir x", "usage: receiver ", 2 },
};

START_TEST(it_says_what_it_needs)
{
	char out[SCRATCH_PATH_LEN], dir[SCRATCH_PATH_LEN], *text;
	FILE *in;
	int status;

	/* Where ca.pem should be is a directory. */
	if (wrong[_i].code == 1)
		scratch_mkdir("ca.pem", 0700, dir);
	in = start_by_hand(wrong[_i].options, out);
	status = pclose(in);
	text = scratch_read(out, NULL);
	ck_assert_int_eq(WEXITSTATUS(status), wrong[_i].code);
	ck_assert_msg(strstr(text, wrong[_i].said) != NULL, "%s", text);
	free(text);
}
END_TEST

static Suite *
receiver_suite(void)
{
	Suite *s = suite_create("receiver");
	TCase *tc = tcase_create("receiver");

	(void)curl_global_init(CURL_GLOBAL_DEFAULT);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, the_path_says_the_status, 0, ROWS(statuses));
	tcase_add_loop_test(
	    tc, retry_after_is_told_as_it_stands, 0, ROWS(retries));
	tcase_add_loop_test(tc, retry_after_is_told_as_a_date, 0, ROWS(dates));
	tcase_add_loop_test(
	    tc, a_redirect_names_its_target, 0, ROWS(redirects));
	tcase_add_test(tc, flaky_fails_some_times_for_each_webhook_and_path);
	tcase_add_test(tc, flaky_may_fail_with_any_status);
	tcase_add_test(tc, chunks_are_sent);
	tcase_add_loop_test(tc, an_answer_waits, 0, ROWS(waits));
	tcase_add_test(tc, answers_wait_beside_each_other);
	tcase_add_test(tc, a_short_wait_does_not_wait_for_a_long_one);
	tcase_add_loop_test(
	    tc, never_is_never, RECEIVER_HTTP, RECEIVER_HTTPS + 1);
	tcase_add_test(tc, a_drip_is_a_byte_a_second);
	tcase_add_loop_test(tc, a_drip_ends, RECEIVER_HTTP, RECEIVER_HTTPS + 1);
	tcase_add_test(tc, a_body_drips);
	tcase_add_loop_test(
	    tc, a_gigabyte_does_not_end, RECEIVER_HTTP, RECEIVER_HTTPS + 1);
	tcase_add_loop_test(
	    tc, a_connection_is_reset, RECEIVER_HTTP, RECEIVER_HTTPS + 1);
	tcase_add_loop_test(
	    tc, a_connection_is_closed, RECEIVER_HTTP, RECEIVER_HTTPS + 1);
	tcase_add_loop_test(
	    tc, a_connection_ends_after_an_answer, 0, ROWS(ends));
	tcase_add_loop_test(
	    tc, half_a_body_is_sent, RECEIVER_HTTP, RECEIVER_HTTPS + 1);
	tcase_add_loop_test(
	    tc, garbage_is_no_http, RECEIVER_HTTP, RECEIVER_HTTPS + 1);
	tcase_add_test(tc, headers_are_big);
	tcase_add_loop_test(tc, a_certificate_is_for_its_names, 0, ROWS(hosts));
	tcase_add_loop_test(
	    tc, a_bad_certificate_is_bad_in_one_way, 0, ROWS(bad));
	tcase_add_test(tc, the_authority_is_nobody_elses);
	tcase_add_test(tc, a_session_is_resumed);
	tcase_add_test(tc, a_failed_handshake_is_counted);
	tcase_add_loop_test(tc, a_dead_port_is_dead, 0, ROWS(dead));
	tcase_add_test(tc, only_one_address_is_listened_on);
	tcase_add_loop_test(
	    tc, a_request_is_recorded, RECEIVER_HTTP, RECEIVER_HTTPS + 1);
	tcase_add_test(tc, every_byte_of_a_body_is_recorded);
	tcase_add_test(tc, every_byte_of_a_header_is_recorded);
	tcase_add_loop_test(
	    tc, a_connection_is_used_again, RECEIVER_HTTP, RECEIVER_HTTPS + 1);
	tcase_add_test(tc, requests_under_way_are_counted_by_path);
	tcase_add_test(tc, clients_that_are_gone_are_not_under_way);
	tcase_add_loop_test(tc, who_gives_up_makes_room_for_the_next, 0, 8);
	tcase_add_loop_test(tc, what_was_sent_before_the_end_is_recorded,
	    RECEIVER_HTTP, RECEIVER_HTTPS + 1);
	tcase_add_test(tc, records_can_be_forgotten);
	tcase_add_loop_test(
	    tc, what_is_no_request_is_refused, 0, ROWS(refused));
	tcase_add_loop_test(tc, a_head_is_bounded, 0, 2);
	tcase_add_test(tc, a_request_may_come_byte_by_byte);
	tcase_add_test(tc, requests_in_one_piece_are_answered_in_turn);
	tcase_add_test(tc, who_floods_is_cut_off);
	tcase_add_loop_test(
	    tc, a_connection_ends_when_the_client_wants_it, 0, ROWS(closing));
	tcase_add_loop_test(tc, a_signal_ends_it, 0, ROWS(signals));
	tcase_add_test(tc, the_end_of_its_input_ends_it);
	tcase_add_test(tc, the_quiet_one_only_counts);
	tcase_add_loop_test(tc, it_says_what_it_needs, 0, ROWS(wrong));
	suite_add_tcase(s, tc);
	return s;
}

SUITE_MAIN(receiver_suite)
