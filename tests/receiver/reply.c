/* SPDX-License-Identifier: ISC */
/*
 * Replies, good and bad.  A reply is a head of its own and a tail that many
 * share, so that the largest costs no more to make than the smallest.
 */
#include "reply.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "number.h"

enum {
	DRIP_MS = 1000,
	MS_MAX = 3600 * 1000,
	TRUNCATED_LEN = 1000, /* announced */
	BIG_LINES = 1024,
	BIG_LINE_LEN = 1024,
	ENDLESS_LEN = 65536,
	VALUE_MAX = 3000 /* of a header that the request chooses */
};

/* A request on its way through its own path. */
struct asked {
	const struct request *request;
	struct span rest; /* of the path: empty, or from a slash */
	struct tallies *flaky;
};

/* --- the path ------------------------------------------------------------- */

/* The next component, which stays where it is. */
static struct span
peek(const struct asked *asked)
{
	struct span part = { "", 0 };
	size_t i;

	if (asked->rest.len == 0)
		return part;
	part.at = asked->rest.at + 1;
	for (i = 1; i < asked->rest.len && asked->rest.at[i] != '/'; i++)
		part.len++;
	return part;
}

static struct span
next(struct asked *asked)
{
	struct span part = peek(asked);

	if (asked->rest.len > 0) {
		asked->rest.at += 1 + part.len;
		asked->rest.len -= 1 + part.len;
	}
	return part;
}

/* Takes the next component if it is a number in range. */
static int
next_number(struct asked *asked, int min, int max, int *number)
{
	struct span part = peek(asked);
	int64_t n;

	if (number_parse(part.at, part.len, min, max, &n) != RC_OK)
		return 0;
	(void)next(asked);
	*number = (int)n;
	return 1;
}

static int
hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Decodes %XX; false if it is too long or cannot stand in a header. */
static int
decode(struct span from, char to[VALUE_MAX])
{
	size_t i, n = 0;

	for (i = 0; i < from.len && n < VALUE_MAX - 1; i++) {
		char c = from.at[i];

		if (c == '%' && i + 2 < from.len && hex(from.at[i + 1]) >= 0 &&
		    hex(from.at[i + 2]) >= 0) {
			c = (char)(hex(from.at[i + 1]) * 16 +
				   hex(from.at[i + 2]));
			i += 2;
		}
		if ((unsigned char)c < 0x20 || c == 0x7f)
			return 0;
		to[n++] = c;
	}
	to[n] = '\0';
	return i == from.len;
}

/* --- parts of a reply ----------------------------------------------------- */

static void add(struct reply *reply, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void
add(struct reply *reply, const char *format, ...)
{
	size_t room = sizeof(reply->head) - reply->head_len;
	va_list ap;
	int n;

	va_start(ap, format);
	n = vsnprintf(reply->head + reply->head_len, room, format, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= room)
		abort(); /* VALUE_MAX is too large */
	reply->head_len += (size_t)n;
}

static void
add_status(struct reply *reply, int status)
{
	reply->status = status;
	add(reply, "HTTP/1.1 %d %s\r\n", status,
	    status == 200 ? "OK" : "As Asked");
}

/* The rest of a reply without frills. */
static void
add_body(struct reply *reply)
{
	if (reply->end == REPLY_CLOSE)
		add(reply, "Connection: close\r\n");
	if (reply->status == 204 || reply->status == 304)
		add(reply, "\r\n");
	else
		add(reply,
		    "Content-Type: text/plain\r\nContent-Length: 4\r\n\r\n%d\n",
		    reply->status);
}

static void
plain(struct reply *reply, int status)
{
	add_status(reply, status);
	add_body(reply);
}

/* --- behaviours ----------------------------------------------------------- */

static void
make_ok(struct reply *reply, struct asked *asked)
{
	(void)asked;
	plain(reply, 200);
}

/* IMF-fixdate of RFC 9110, whatever the locale. */
static void
add_date(struct reply *reply, int64_t seconds)
{
	static const char days[] = "SunMonTueWedThuFriSat";
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	time_t at = time(NULL) + (time_t)seconds;
	struct tm tm;

	if (gmtime_r(&at, &tm) == NULL)
		return;
	add(reply, "Retry-After: %.3s, %02d %.3s %04d %02d:%02d:%02d GMT\r\n",
	    days + tm.tm_wday * 3, tm.tm_mday, months + tm.tm_mon * 3,
	    tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

static void
add_retry(struct reply *reply, struct asked *asked)
{
	struct span how = peek(asked), text;
	char value[VALUE_MAX];
	int64_t seconds;
	int back;

	if (span_is(how, "retry")) {
		(void)next(asked);
		if (decode(next(asked), value))
			add(reply, "Retry-After: %s\r\n", value);
	} else if (span_is(how, "date")) {
		(void)next(asked);
		text = next(asked);
		back = text.len > 0 && text.at[0] == '-';
		if (number_parse(text.at + back, text.len - (size_t)back, 0,
			INT32_MAX, &seconds) == RC_OK)
			add_date(reply, back ? -seconds : seconds);
	}
}

static void
make_status(struct reply *reply, struct asked *asked)
{
	int status;

	if (!next_number(asked, 200, 599, &status)) {
		plain(reply, 404);
		return;
	}
	add_status(reply, status);
	add_retry(reply, asked);
	add_body(reply);
}

static void
make_redirect(struct reply *reply, struct asked *asked)
{
	struct span query = asked->request->query;
	char url[VALUE_MAX];
	int status = 301;

	(void)next_number(asked, 300, 399, &status);
	if (query.len < 3 || memcmp(query.at, "to=", 3) != 0 ||
	    !decode((struct span){ query.at + 3, query.len - 3 }, url)) {
		plain(reply, 400);
		return;
	}
	add_status(reply, status);
	add(reply, "Location: %s\r\n", url);
	add_body(reply);
}

static void
make_wait(struct reply *reply, struct asked *asked)
{
	if (next_number(asked, 0, MS_MAX, &reply->wait_ms))
		plain(reply, 200);
	else
		plain(reply, 404);
}

static struct span
webhook_id(const struct request *request)
{
	size_t i;

	for (i = 0; i < request->nwebhook; i++)
		if (span_is(request->webhook[i].name, "webhook-id"))
			return request->webhook[i].value;
	return (struct span){ "", 0 };
}

static void
make_flaky(struct reply *reply, struct asked *asked)
{
	const struct request *request = asked->request;
	struct span id = webhook_id(request);
	char name[REQUEST_HEAD_MAX];
	struct tally *failures;
	int n, wanted;

	if (!next_number(asked, 0, INT32_MAX, &wanted)) {
		plain(reply, 404);
		return;
	}
	/* An event may go to several endpoints. */
	n = snprintf(name, sizeof(name), "%.*s %.*s", (int)request->path.len,
	    request->path.at, (int)id.len, id.at);
	failures = tally_of(asked->flaky, name, (size_t)n);
	if (failures->count >= wanted) {
		plain(reply, 200);
		return;
	}
	failures->count++;
	if (!span_is(peek(asked), "status")) {
		plain(reply, 500);
		return;
	}
	(void)next(asked);
	make_status(reply, asked);
}

static void
make_never(struct reply *reply, struct asked *asked)
{
	(void)asked;
	reply->wait_ms = -1;
}

static void
make_last(struct reply *reply, struct asked *asked)
{
	(void)asked;
	reply->end = REPLY_CLOSE;
	plain(reply, 200);
}

static void
make_hang_up(struct reply *reply, struct asked *asked)
{
	(void)asked;
	reply->end = REPLY_KEEP;
	plain(reply, 200);
	reply->end = REPLY_CLOSE;
}

static void
make_close(struct reply *reply, struct asked *asked)
{
	(void)asked;
	reply->end = REPLY_CLOSE;
}

static void
make_reset(struct reply *reply, struct asked *asked)
{
	(void)asked;
	reply->end = REPLY_RESET;
}

static void
make_drip(struct reply *reply, struct asked *asked)
{
	reply->drip_ms = DRIP_MS;
	(void)next_number(asked, 1, MS_MAX, &reply->drip_ms);
	plain(reply, 200);
}

static void
make_drip_body(struct reply *reply, struct asked *asked)
{
	make_drip(reply, asked);
	reply->drip_from = reply->head_len - 4;
}

static void
make_gigabyte(struct reply *reply, struct asked *asked)
{
	static char bytes[ENDLESS_LEN];

	(void)asked;
	memset(bytes, 'x', sizeof(bytes));
	add_status(reply, 200);
	add(reply, "Content-Type: text/plain\r\nConnection: close\r\n\r\n");
	reply->tail = bytes;
	reply->tail_len = sizeof(bytes);
	reply->endless = 1;
	reply->end = REPLY_CLOSE;
}

static void
make_chunked(struct reply *reply, struct asked *asked)
{
	(void)asked;
	add_status(reply, 200);
	add(reply, "Content-Type: text/plain\r\n"
		   "Transfer-Encoding: chunked\r\n\r\n"
		   "3\r\nin \r\n7\r\nchunks\n\r\n0\r\n\r\n");
}

static void
make_truncated(struct reply *reply, struct asked *asked)
{
	static const char half[TRUNCATED_LEN / 2];

	(void)asked;
	add_status(reply, 200);
	add(reply, "Content-Type: text/plain\r\nContent-Length: %d\r\n\r\n",
	    TRUNCATED_LEN);
	reply->tail = half;
	reply->tail_len = sizeof(half);
	reply->end = REPLY_CLOSE;
}

static void
make_garbage(struct reply *reply, struct asked *asked)
{
	static const char bytes[] = "\x16\x03\x01 220 this is no HTTP\r\n\r\n";

	(void)asked;
	reply->tail = bytes;
	reply->tail_len = sizeof(bytes) - 1;
	reply->end = REPLY_CLOSE;
}

static void
make_big_headers(struct reply *reply, struct asked *asked)
{
	static const char end[] = "Content-Length: 0\r\n\r\n";
	static char bytes[BIG_LINES * BIG_LINE_LEN + sizeof(end)];
	char *line = bytes;
	int i, n;

	(void)asked;
	for (i = 0; i < BIG_LINES; i++) {
		memset(line, 'x', BIG_LINE_LEN);
		n = snprintf(line, BIG_LINE_LEN, "X-Big-%04d: ", i);
		line[n] = 'x';
		line += BIG_LINE_LEN;
		line[-2] = '\r';
		line[-1] = '\n';
	}
	memcpy(line, end, sizeof(end));
	add_status(reply, 200);
	reply->tail = bytes;
	reply->tail_len = sizeof(bytes) - 1;
}

static const struct {
	const char *name;
	void (*make)(struct reply *, struct asked *);
} behaviours[] = {
	{ "ok", make_ok },
	{ "status", make_status },
	{ "redirect", make_redirect },
	{ "wait", make_wait },
	{ "flaky", make_flaky },
	{ "last", make_last },
	{ "hang-up", make_hang_up },
	{ "never", make_never },
	{ "close", make_close },
	{ "reset", make_reset },
	{ "drip", make_drip },
	{ "drip-body", make_drip_body },
	{ "gigabyte", make_gigabyte },
	{ "chunked", make_chunked },
	{ "truncated", make_truncated },
	{ "garbage", make_garbage },
	{ "big-headers", make_big_headers },
};

static void
clear(struct reply *reply)
{
	/* The head is large and need not be cleared. */
	reply->status = reply->wait_ms = reply->drip_ms = reply->endless = 0;
	reply->drip_from = reply->head_len = reply->tail_len = 0;
	reply->tail = NULL;
	reply->end = REPLY_KEEP;
}

void
reply_make(
    struct reply *reply, const struct request *request, struct tallies *flaky)
{
	struct asked asked = { request, request->path, flaky };
	size_t i;
	int status = 404;

	clear(reply);
	if (!request->keep)
		reply->end = REPLY_CLOSE;
	if (next_number(&asked, 200, 599, &status)) {
		plain(reply, status);
		return;
	}
	for (i = 0; i < sizeof(behaviours) / sizeof(behaviours[0]); i++)
		if (span_is(peek(&asked), behaviours[i].name)) {
			(void)next(&asked);
			behaviours[i].make(reply, &asked);
			return;
		}
	plain(reply, status);
}

void
reply_refuse(struct reply *reply, int status)
{
	clear(reply);
	reply->end = REPLY_CLOSE;
	plain(reply, status);
}
