/* SPDX-License-Identifier: ISC */
/*
 * Lines of JSON, written by hand because this runs at every request of a
 * benchmark.  A line leaves in one write, before its request is answered:
 * whoever has the answer finds the line.
 */
#include "record.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "text.h"

/* A byte of the head takes up to 6, one of the body up to 2. */
enum { RECORD_MAX = REQUEST_HEAD_MAX * 6 + REQUEST_BODY_MAX * 2 + 4096 };

struct line {
	char bytes[RECORD_MAX];
	size_t len;
};

static const char digits[] = "0123456789abcdef";

static void
put(struct line *line, const char *bytes, size_t len)
{
	if (len > sizeof(line->bytes) - line->len)
		abort(); /* RECORD_MAX is too small */
	memcpy(line->bytes + line->len, bytes, len);
	line->len += len;
}

static void
put_text(struct line *line, const char *text)
{
	put(line, text, strlen(text));
}

static void
put_number(struct line *line, const char *before, int64_t number)
{
	char text[32];
	int n = snprintf(text, sizeof(text), "%lld", (long long)number);

	put_text(line, before);
	put(line, text, (size_t)n);
}

static void
put_truth(struct line *line, const char *before, int truth)
{
	put_text(line, before);
	put_text(line, truth ? "true" : "false");
}

/* What stands for a byte in a string; gives its length. */
static size_t
escape(unsigned char c, char escaped[6])
{
	static const char plain[] = "\"\\\n\t", letter[] = "\"\\nt";
	const char *found = c != 0 ? strchr(plain, c) : NULL;

	if (found != NULL) {
		escaped[0] = '\\';
		escaped[1] = letter[found - plain];
		return 2;
	}
	memcpy(escaped, "\\u00", 4);
	escaped[4] = digits[c >> 4];
	escaped[5] = digits[c & 15];
	return 6;
}

/* A string; what is not ASCII is taken for UTF-8 or else for Latin-1. */
static void
put_string(struct line *line, struct span span, int utf8)
{
	char escaped[6];
	size_t i, from = 0;

	put(line, "\"", 1);
	for (i = 0; i < span.len; i++) {
		unsigned char c = (unsigned char)span.at[i];

		if (c >= 0x20 && c != '"' && c != '\\' && (c < 0x7f || utf8))
			continue;
		put(line, span.at + from, i - from);
		put(line, escaped, escape(c, escaped));
		from = i + 1;
	}
	put(line, span.at + from, span.len - from);
	put(line, "\"", 1);
}

/* A member of the head, if it was there. */
static void
put_header(struct line *line, const char *name, struct span value)
{
	if (value.at == NULL)
		return;
	put_text(line, name);
	put_string(line, value, 0);
}

static void
put_webhook(struct line *line, const struct request *request)
{
	char name[REQUEST_HEAD_MAX];
	size_t i, k;

	for (i = 0; i < request->nwebhook; i++) {
		struct span from = request->webhook[i].name;

		for (k = 0; k < from.len; k++)
			name[k] = from.at[k] >= 'A' && from.at[k] <= 'Z'
				      ? (char)(from.at[k] - 'A' + 'a')
				      : from.at[k];
		put_text(line, ",");
		put_string(line, (struct span){ name, from.len }, 0);
		put_header(line, ":", request->webhook[i].value);
	}
}

/* What is no text of one or many lines is told in hexadecimal digits. */
static void
put_body(struct line *line, struct span body)
{
	static char text[REQUEST_BODY_MAX + 1];
	size_t i;

	memcpy(text, body.at, body.len);
	text[body.len] = '\0';
	if (strlen(text) == body.len && text_is_block(text, body.len)) {
		put_text(line, ",\"body\":");
		put_string(line, body, 1);
		return;
	}
	put_text(line, ",\"body_hex\":\"");
	for (i = 0; i < body.len; i++) {
		unsigned char c = (unsigned char)text[i];

		put(line, &digits[c >> 4], 1);
		put(line, &digits[c & 15], 1);
	}
	put_text(line, "\"");
}

/* In one piece; false if it cannot. */
static int
write_line(int fd, struct line *line)
{
	size_t len = line->len;

	line->len = 0;
	return write(fd, line->bytes, len) == (ssize_t)len;
}

void
record_request(
    int fd, const struct request *request, const struct arrival *arrival)
{
	static struct line line;

	put_number(&line, "{\"at\":", arrival->at_us);
	put_number(&line, ",\"connection\":", arrival->connection);
	put_truth(&line, ",\"reused\":", arrival->reused);
	put_truth(&line, ",\"tls\":", arrival->tls);
	put_truth(&line, ",\"resumed\":", arrival->resumed);
	if (arrival->sni != NULL)
		put_header(&line, ",\"sni\":",
		    (struct span){ arrival->sni, strlen(arrival->sni) });
	put_number(&line, ",\"in_flight\":", arrival->in_flight);
	put_number(&line, ",\"status\":", arrival->status);
	put_header(&line, ",\"method\":", request->method);
	put_header(&line, ",\"path\":", request->path);
	put_header(&line, ",\"query\":", request->query);
	put_header(&line, ",\"host\":", request->host);
	put_header(&line, ",\"content-type\":", request->type);
	put_header(&line, ",\"user-agent\":", request->agent);
	put_webhook(&line, request);
	put_body(&line, request->body);
	put_text(&line, "}\n");
	if (!write_line(fd, &line)) {
		(void)fprintf(stderr, "receiver: cannot record a request: %s\n",
		    strerror(errno));
		exit(EXIT_FAILURE);
	}
}

static int64_t
cpu_us(void)
{
	struct rusage used;

	(void)getrusage(RUSAGE_SELF, &used);
	return ((int64_t)used.ru_utime.tv_sec + used.ru_stime.tv_sec) *
		   1000000 +
	       used.ru_utime.tv_usec + used.ru_stime.tv_usec;
}

void
record_statistics(
    int fd, const struct statistics *s, const struct tallies *paths)
{
	static struct line line;
	const struct tally *tally;
	const char *comma = "";
	size_t i;

	put_number(&line, "{\"requests\":", s->requests);
	put_number(&line, ",\"refused\":", s->refused);
	put_number(&line, ",\"connections\":", s->connections);
	put_number(&line, ",\"open\":", s->open);
	put_number(&line, ",\"handshakes\":", s->handshakes);
	put_number(&line, ",\"resumed\":", s->resumed);
	put_number(&line, ",\"handshakes_failed\":", s->handshakes_failed);
	put_number(&line, ",\"in_flight\":", s->in_flight);
	put_number(&line, ",\"max_in_flight\":", s->max_in_flight);
	put_number(&line, ",\"first\":", s->first_us);
	put_number(&line, ",\"last\":", s->last_us);
	put_number(&line, ",\"cpu_us\":", cpu_us());
	put_text(&line, ",\"paths\":{");
	for (i = 0; i < TALLY_BUCKETS; i++)
		for (tally = paths->buckets[i]; tally != NULL;
		     tally = tally->next) {
			put_text(&line, comma);
			put_string(
			    &line, (struct span){ tally->name, tally->len }, 0);
			put_number(&line, ":{\"requests\":", tally->count);
			put_number(&line, ",\"in_flight\":", tally->now);
			put_number(&line, ",\"max_in_flight\":", tally->most);
			put_text(&line, "}");
			comma = ",";
			/* Room for the next name, however long. */
			if (line.len < sizeof(line.bytes) / 2)
				continue;
			(void)write_line(fd, &line);
		}
	put_text(&line, "}}\n");
	(void)write_line(fd, &line);
}
