/* SPDX-License-Identifier: ISC */
/*
 * Parsing a request, from its first byte each time more of it has come.
 * What a good sender never sends (chunks, a length told twice, a folded
 * line) is refused, so that a test sees it.
 */
#include "request.h"

#include <string.h>
#include <strings.h>

#include "number.h"

enum { BAD = 400, BODY_TOO_LARGE = 413, HEAD_TOO_LARGE = 431, UNKNOWN = 501 };

int
span_is(struct span span, const char *text)
{
	return span.len == strlen(text) &&
	       strncasecmp(span.at, text, span.len) == 0;
}

/* Takes what stands before the text off the front; all if it is not there. */
static struct span
cut(struct span *from, const char *text)
{
	const char *end = memmem(from->at, from->len, text, strlen(text));
	struct span part = *from;
	size_t taken = from->len;

	if (end != NULL) {
		part.len = (size_t)(end - from->at);
		taken = part.len + strlen(text);
	}
	from->at += taken;
	from->len -= taken;
	return part;
}

static struct span
trim(struct span span)
{
	while (span.len > 0 && (span.at[0] == ' ' || span.at[0] == '\t')) {
		span.at++;
		span.len--;
	}
	while (span.len > 0 &&
	       (span.at[span.len - 1] == ' ' || span.at[span.len - 1] == '\t'))
		span.len--;
	return span;
}

/* NULs and line ends in a line are nobody's. */
static int
is_clean(struct span line)
{
	return memchr(line.at, '\0', line.len) == NULL &&
	       memchr(line.at, '\r', line.len) == NULL &&
	       memchr(line.at, '\n', line.len) == NULL;
}

static int
parse_line(struct request *request, struct span line)
{
	struct span target;

	if (!is_clean(line))
		return BAD;
	request->method = cut(&line, " ");
	target = cut(&line, " ");
	request->keep = span_is(line, "HTTP/1.1");
	if (request->method.len == 0 || target.len == 0 ||
	    target.at[0] != '/' ||
	    (!request->keep && !span_is(line, "HTTP/1.0")))
		return BAD;
	request->path = cut(&target, "?");
	request->query = target;
	return 1;
}

static int
parse_length(struct request *request, struct span value)
{
	int64_t n;
	enum rc rc = number_parse(value.at, value.len, 0, REQUEST_BODY_MAX, &n);

	/* Not NULL: a length has been told before. */
	if (request->body.at != NULL || rc == RC_INVALID)
		return BAD;
	request->body.at = value.at;
	request->body.len = (size_t)n;
	return rc == RC_OK ? 1 : BODY_TOO_LARGE;
}

static int
add_webhook(struct request *request, struct span name, struct span value)
{
	if (request->nwebhook == REQUEST_WEBHOOK_MAX)
		return HEAD_TOO_LARGE;
	request->webhook[request->nwebhook].name = name;
	request->webhook[request->nwebhook++].value = value;
	return 1;
}

static int
parse_header(struct request *request, struct span line)
{
	struct span name, value;

	if (!is_clean(line) || memchr(line.at, ':', line.len) == NULL)
		return BAD;
	name = cut(&line, ":");
	value = trim(line);
	if (name.len == 0 || trim(name).len != name.len)
		return BAD;
	if (span_is(name, "Content-Length"))
		return parse_length(request, value);
	if (span_is(name, "Transfer-Encoding"))
		return UNKNOWN;
	if (name.len > 8 && strncasecmp(name.at, "webhook-", 8) == 0)
		return add_webhook(request, name, value);
	if (span_is(name, "Host"))
		request->host = value;
	else if (span_is(name, "Content-Type"))
		request->type = value;
	else if (span_is(name, "User-Agent"))
		request->agent = value;
	else if (span_is(name, "Connection") && span_is(value, "close"))
		request->keep = 0;
	return 1;
}

int
request_parse(struct request *request, const char *bytes, size_t len)
{
	struct span rest = { bytes, len }, head;
	int status;

	memset(request, 0, sizeof(*request));
	if (memmem(bytes, len, "\r\n\r\n", 4) == NULL)
		return len < REQUEST_HEAD_MAX ? 0 : HEAD_TOO_LARGE;
	head = cut(&rest, "\r\n\r\n");
	if (head.len + 4 > REQUEST_HEAD_MAX)
		return HEAD_TOO_LARGE;
	status = parse_line(request, cut(&head, "\r\n"));
	while (status == 1 && head.len > 0)
		status = parse_header(request, cut(&head, "\r\n"));
	if (status != 1)
		return status;
	request->body.at = rest.at;
	request->len = (size_t)(rest.at - bytes) + request->body.len;
	return request->len <= len;
}
