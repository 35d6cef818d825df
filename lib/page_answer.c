/* SPDX-License-Identifier: ISC */
/*
 * The answer: a page, where to go on, or the page that says why there is none.
 */
#include "page_way.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "templates.h"

enum {
	RETRY_S = 2,  /* Retry-After unless somebody knows better */
	WAIT_LEN = 32 /* of a time to wait, NUL included */
};

enum rc
page_refuse(struct page_way *way, int status, const char *why)
{
	way->status = status;
	way->why = why;
	return RC_INVALID;
}

static int
status_of(enum rc rc)
{
	switch (rc) {
	case RC_OK:
		return 200;
	case RC_INVALID:
		return 400;
	case RC_DENIED:
		return 403;
	case RC_NOT_FOUND:
		return 404;
	case RC_LIMITED:
		return 429;
	case RC_BUSY:
		return 503;
	case RC_FAIL:
		break;
	}
	return 500;
}

/* What is said where nobody knows better. */
static const struct refusal {
	int status;
	const char *title, *text;
} refusals[] = {
	{ 400, "This cannot be read",
	    "The request is not one that this page understands." },
	{ 403, "This is not allowed", "This account cannot do that." },
	{ 404, "Not found", "There is nothing here, or it is not yours." },
	{ 405, "Not in this way",
	    "This page cannot be asked in the way that it was." },
	{ 413, "Too large", "What was sent is too large for this page." },
	{ 415, "Not a form", "This page takes forms of a browser alone." },
	{ 429, "Too many tries",
	    "That was tried too often. Wait, then try again." },
	{ 503, "Busy",
	    "The panel is busy or under maintenance. Try again in a moment." },
	{ 500, "Something went wrong",
	    "That is our fault and has been noted. If it happens again, tell "
	    "the operator this number:" },
};

static const struct refusal *
refusal_of(int status)
{
	size_t i, last = sizeof(refusals) / sizeof(refusals[0]) - 1;

	for (i = 0; i < last; i++)
		if (refusals[i].status == status)
			break;
	return &refusals[i];
}

enum rc
page_render(struct page_way *way, const struct template *template)
{
	const struct templates templates = { template_layout,
		way->call.config->templates };

	if (page_output(&way->call, "text/html; charset=utf-8", NULL) == NULL)
		return RC_FAIL;
	return template_render(&templates, template, way->call.model, way->out);
}

void
page_drop_output(struct page_way *way)
{
	if (way->out != NULL)
		(void)fclose(way->out);
	way->out = NULL;
	if (way->body != NULL)
		secret_wipe(way->body, way->body_len);
	free(way->body);
	way->body = NULL;
	way->body_len = 0;
}

/* How long to wait, in words; NULL where nothing is said about it. */
static const char *
wait_words(const struct page_way *way, char words[WAIT_LEN])
{
	int64_t s = way->call.retry_s;

	if (way->status != 429 || s <= 0)
		return NULL;
	if (s < 120)
		(void)snprintf(words, WAIT_LEN, "%lld seconds", (long long)s);
	else
		(void)snprintf(
		    words, WAIT_LEN, "%lld minutes", (long long)(s + 59) / 60);
	return words;
}

/* The page that says why there is none. */
static enum rc
make_refusal(struct page_way *way, enum rc rc)
{
	struct page_call *call = &way->call;
	const struct refusal *refusal;
	char words[WAIT_LEN];

	if (way->status < 400)
		way->status = status_of(rc);
	refusal = refusal_of(way->status);
	page_drop_output(way);
	(void)json_object_clear(call->model);
	way->notice[0] = way->to[0] = '\0';
	way->answer.cache = NULL;
	if (way->status == 500)
		cgi_header(&way->answer, "X-Incident", log_incident());
	if (way->status == 503 || way->status == 429)
		cgi_header_int(&way->answer, "Retry-After",
		    call->retry_s > 0 ? call->retry_s : RETRY_S);
	rc = page_set_frame(way, refusal->title);
	if (rc == RC_OK)
		rc = page_set(call, "refusal",
		    json_pack("{s:i, s:s, s:s?, s:s?}", "status", way->status,
			"text", way->why != NULL ? way->why : refusal->text,
			"wait", wait_words(way, words), "incident",
			way->status == 500 ? log_incident() : NULL));
	return rc == RC_OK ? page_render(way, &template_layout_refusal) : rc;
}

void
page_set_headers(struct page_way *way)
{
	static const struct {
		const char *name, *value;
	} headers[] = {
		{ "Content-Security-Policy",
		    "default-src 'none'; style-src 'self'; script-src 'self'; "
		    "img-src 'self'; connect-src 'self'; form-action 'self'; "
		    "base-uri 'none'; frame-ancestors 'none'" },
		{ "X-Frame-Options", "DENY" },
		{ "Referrer-Policy", "no-referrer" },
		{ "Cross-Origin-Opener-Policy", "same-origin" },
		{ "Cross-Origin-Resource-Policy", "same-origin" },
	};
	size_t i;

	for (i = 0; i < sizeof(headers) / sizeof(headers[0]); i++)
		cgi_header(&way->answer, headers[i].name, headers[i].value);
}

enum rc
page_send(struct page_way *way, enum rc rc)
{
	static const char plain[] = "The panel cannot answer now.\n";
	struct cgi *cgi = &way->server->cgi;
	struct cgi_answer *a = &way->answer;
	char text[PAGE_TO_LEN + 32];

	if (way->out != NULL && rc == RC_OK &&
	    (fflush(way->out) != 0 || ferror(way->out)))
		rc = page_no_memory();
	if (rc == RC_OK && way->to[0] != '\0') {
		a->status = 303;
		cgi_header(a, "Location", way->to);
		page_send_notice(way);
		return cgi_send(cgi, a, "text/plain", "", 0);
	}
	if (rc == RC_OK && way->out == NULL)
		rc = RC_FAIL;
	if (rc != RC_OK)
		rc = make_refusal(way, rc);
	a->status = way->status != 0 ? way->status : 200;
	if (way->out != NULL && fclose(way->out) != 0 && rc == RC_OK)
		rc = page_no_memory();
	way->out = NULL;
	if (rc != RC_OK) {
		a->status = way->status >= 400 ? way->status : 500;
		return cgi_send(cgi, a, "text/plain", plain, sizeof(plain) - 1);
	}
	if (way->filename != NULL) {
		(void)snprintf(text, sizeof(text),
		    "attachment; filename=\"%s\"", way->filename);
		cgi_header(a, "Content-Disposition", text);
	}
	return cgi_send(cgi, a, way->type, way->body, way->body_len);
}
