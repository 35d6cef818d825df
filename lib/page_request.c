/* SPDX-License-Identifier: ISC */
/*
 * What a browser has sent, as far as no database is needed: method, origin,
 * fields.
 */
#include "page_way.h"

#include <string.h>
#include <strings.h>

int
page_is_post(const struct page_way *way)
{
	return strcmp(way->request.method, "POST") == 0;
}

/* True if an Origin header names the panel's own. */
static int
is_own_origin(const struct page_way *way, const char *origin)
{
	const char *url = way->server->config.url;
	const char *host = strstr(url, "://");
	size_t len;

	if (host == NULL)
		return 0;
	len = (size_t)(host - url) + 3;
	len += strcspn(url + len, "/");
	return strlen(origin) == len && strncasecmp(origin, url, len) == 0;
}

/*
 * Refuses what a page of another site has sent.  Browsers that tell where a
 * request comes from do so to https alone; and to pages that ask for no
 * referrer, as ours do, the Origin of a form is "null" (Fetch standard,
 * "append a request Origin header").  By http the form's token has to do
 * where neither tells anything; by https there are two locks or none: a
 * browser of before 2023 that has neither is no place for money, and
 * "null" is also what a page in somebody else's frame sends.
 */
static enum rc
check_origin(struct page_way *way)
{
	static const char elsewhere[] =
	    "This form was not sent by a page of this panel. Open the panel "
	    "at its own address and try again.";
	static const char untold[] =
	    "Your browser does not tell where this form comes from, so it "
	    "could be one of another site. Use a browser of this or the last "
	    "years; if yours is, something on the way or in it takes away the "
	    "header Sec-Fetch-Site: switch that off for this panel.";
	const struct cgi *cgi = &way->server->cgi;
	const char *site = cgi_variable(cgi, "HTTP_SEC_FETCH_SITE");
	const char *origin = cgi_variable(cgi, "HTTP_ORIGIN");
	int has_origin = origin[0] != '\0' && strcmp(origin, "null") != 0;

	if (site[0] != '\0' && strcmp(site, "same-origin") != 0)
		return page_refuse(way, 403, elsewhere);
	if (has_origin && !is_own_origin(way, origin))
		return page_refuse(way, 403, elsewhere);
	if (site[0] == '\0' && !has_origin && page_is_https(way))
		return page_refuse(way, 403, untold);
	return RC_OK;
}

static enum rc
read_form(struct page_way *way)
{
	struct cgi_request *req = &way->request;
	const char *what = NULL;
	enum form_type type;
	enum rc rc;

	if (form_type(req->content_type, &type) != RC_OK || type == FORM_JSON)
		return page_refuse(way, 415, NULL);
	rc = cgi_body_read(&way->server->cgi, req);
	if (rc == RC_LIMITED)
		return page_refuse(way, 413, NULL);
	if (rc == RC_INVALID)
		return page_refuse(
		    way, 400, "The form did not arrive completely.");
	if (rc == RC_OK)
		rc = form_new(&way->form);
	if (rc == RC_OK)
		rc = form_parse(way->form, req->content_type, req->body,
		    req->body_len, &what);
	return rc == RC_INVALID ? page_refuse(way, 400, NULL) : rc;
}

enum rc
page_read_request(struct page_way *way)
{
	struct cgi_request *req = &way->request;
	const struct page *page = way->call.page;
	const char *what = NULL;
	int has_key;
	enum rc rc;

	if (strcmp(req->method, "GET") != 0 &&
	    strcmp(req->method, "HEAD") != 0 &&
	    (page->forms == NULL || !page_is_post(way))) {
		cgi_header(&way->answer, "Allow",
		    page->forms != NULL ? "GET, HEAD, POST" : "GET, HEAD");
		return page_refuse(way, 405, NULL);
	}
	rc = form_new(&way->query);
	if (rc == RC_OK)
		rc = form_parse_query(way->query, req->query,
		    strlen(req->query), &has_key, &what);
	if (rc == RC_INVALID)
		return page_refuse(way, 400, NULL);
	way->call.query = way->query;
	if (rc != RC_OK || !page_is_post(way))
		return rc;
	rc = check_origin(way);
	return rc == RC_OK ? read_form(way) : rc;
}
