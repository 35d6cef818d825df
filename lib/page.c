/* SPDX-License-Identifier: ISC */
/*
 * The way of a page: request, session, account, form, model, template.  As
 * for a call of the API the first step that is not RC_OK becomes the answer,
 * and nothing leaves before the work is done.
 */
#include "page.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "brand.h"
#include "cgi.h"
#include "cookie.h"
#include "form_token.h"
#include "log.h"
#include "mail.h"
#include "money.h"
#include "number.h"
#include "page_json.h"
#include "rate.h"
#include "server.h"
#include "template.h"
#include "templates.h"

enum {
	RETRY_S = 2,        /* Retry-After unless somebody knows better */
	WANTED_MAX = 32,    /* bytes of a page's name */
	WAIT_LEN = 32,      /* of a time to wait, NUL included */
	NOTICE_MAX = 200,   /* bytes */
	NOTICE_MAC = 16,    /* bytes */
	NOTICE_SECONDS = 60 /* until the browser follows a 303 */
};

/* Of which names of pages are. */
static const char page_letters[] = "abcdefghijklmnopqrstuvwxyz_";

#define SESSION_COOKIE "__Host-latchkey_session"
#define VISITOR_COOKIE "__Host-latchkey_visitor"
#define NOTICE_COOKIE "__Host-latchkey_notice"

/* The menu of those who are logged in. */
static const struct {
	const char *name, *label;
} menu[] = {
	{ "overview", "Overview" },
	{ "place", "New order" },
	{ "orders", "Orders" },
	{ "services", "Services" },
	{ "funds", "Funds" },
	{ "api", "API keys" },
	{ "webhooks", "Webhooks" },
	{ "security", "Security" },
	{ "account", "Account" },
};

/* A call and what belongs to the way around it. */
struct page_way {
	struct server *server;
	struct people *people;
	const struct template *template;
	struct cgi_request request;
	struct cgi_answer answer;
	char address[CGI_ADDRESS_LEN];
	struct form *query, *form;
	const struct page_form *sent; /* the form that was sent; NULL: none */
	struct form_token token;      /* browser and page of all forms */
	char once[FORM_ONCE_LEN + 1]; /* of the form that was sent */
	char notice[NOTICE_MAX + 1];  /* of the page before */
	int is_over;                  /* the browser's session is */
	int is_stable;                /* forms can be bound to the browser */
	int is_shown;                 /* page_show */
	int status;                   /* of the answer; 0: rc tells */
	const char *why;              /* of a refusal; NULL: the usual */
	char to[PAGE_TO_LEN];         /* of a 303; "": none */
	json_t *errors;               /* owned */
	json_t *mails;                /* owned */
	FILE *out;                    /* of page_output; owned */
	char *body;                   /* likewise */
	size_t body_len;
	const char *type;
	const char *filename;
	struct page_call call;
};

/* --- what a page asks for ------------------------------------------------- */

static enum rc
no_memory(void)
{
	log_err("cannot make a page: out of memory");
	return RC_FAIL;
}

enum rc
page_set(struct page_call *call, const char *name, json_t *value)
{
	if (json_object_set_new(call->model, name, value) == 0)
		return RC_OK;
	return no_memory();
}

const char *
page_field(const struct page_call *call, const char *name)
{
	return call->form != NULL ? form_get(call->form, name) : NULL;
}

const char *
page_password(const struct page_call *call, const char *name)
{
	return call->form != NULL ? form_get_sent(call->form, name) : NULL;
}

const char *
page_query(const struct page_call *call, const char *name)
{
	return form_get(call->query, name);
}

static enum rc
read_id(const char *text, int64_t *id)
{
	*id = 0;
	if (text != NULL &&
	    number_parse(text, strlen(text), 1, INT64_MAX, id) == RC_OK)
		return RC_OK;
	*id = 0;
	return RC_NOT_FOUND;
}

enum rc
page_field_id(const struct page_call *call, const char *name, int64_t *id)
{
	return read_id(page_field(call, name), id);
}

enum rc
page_query_id(const struct page_call *call, const char *name, int64_t *id)
{
	return read_id(page_query(call, name), id);
}

enum rc
page_error(struct page_call *call, const char *field, const char *text)
{
	struct page_way *way = call->way;
	size_t len = strlen(text);
	int is_sentence = len > 0 && strchr(".?!", text[len - 1]) != NULL;
	char first = len > 0 ? text[0] : ' ';

	if (first >= 'a' && first <= 'z')
		first = (char)(first - 'a' + 'A');
	if (way->errors == NULL)
		way->errors = json_object();
	if (json_object_set_new(way->errors, field != NULL ? field : "form",
		json_sprintf("%c%s%s", first, len > 0 ? text + 1 : "",
		    is_sentence ? "" : ".")) != 0)
		return no_memory();
	return RC_INVALID;
}

enum rc
page_why(struct page_call *call, const char *field, enum rc rc,
    const struct why *why)
{
	enum error error = error_of(rc, why);
	char text[ERROR_TEXT_LEN];

	if (rc == RC_OK || rc == RC_BUSY || rc == RC_FAIL ||
	    error == ERROR_INTERNAL)
		return rc;
	error_text(error, error == why->error ? why->arg : NULL, text);
	return page_error(call, field, text);
}

/* True if it can stand in a Location header, and leads to this panel. */
static int
is_own_path(const char *to)
{
	size_t name = strspn(to, page_letters);
	const char *p;

	if (strncmp(to, "../", 3) == 0)
		return to[3] == '\0';
	if (name == 0 || (to[name] != '\0' && to[name] != '?'))
		return 0;
	for (p = to; *p != '\0'; p++)
		if (*p <= ' ' || *p > '~')
			return 0;
	return 1;
}

enum rc
page_done(struct page_call *call, const char *to, const char *notice)
{
	struct page_way *way = call->way;
	int n;

	if (to == NULL)
		to = call->page->name;
	n = snprintf(way->to, sizeof(way->to), "%s", to);
	if (n < 0 || (size_t)n >= sizeof(way->to) || !is_own_path(to)) {
		log_err("cannot go on to another page: not possible: %s", to);
		return RC_FAIL;
	}
	way->notice[0] = '\0';
	if (notice != NULL)
		(void)snprintf(way->notice, sizeof(way->notice), "%.*s",
		    (int)text_cut(notice, strlen(notice), NOTICE_MAX), notice);
	return RC_OK;
}

enum rc
page_show(struct page_call *call)
{
	call->way->is_shown = 1;
	return RC_OK;
}

FILE *
page_output(struct page_call *call, const char *type, const char *filename)
{
	struct page_way *way = call->way;

	way->type = type;
	way->filename = filename;
	if (way->out == NULL)
		way->out = open_memstream(&way->body, &way->body_len);
	if (way->out == NULL)
		(void)no_memory();
	return way->out;
}

void
page_cache(struct page_call *call, const char *cache)
{
	call->way->answer.cache = cache;
}

enum rc
page_url(const struct page_call *call, const char *to, char url[PAGE_URL_LEN])
{
	int n = snprintf(
	    url, PAGE_URL_LEN, "%s/dashboard/%s", call->config->url, to);

	if (n > 0 && n < PAGE_URL_LEN)
		return RC_OK;
	log_err("cannot make the URL of a page: too long");
	return RC_FAIL;
}

enum rc
page_reauthenticate(struct page_call *call)
{
	struct login_result result = { 0 };
	const char *password = page_password(call, "password");
	const char *code = page_field(call, "code");
	enum rc rc;

	if (password == NULL)
		return page_error(
		    call, "password", "Give your password once more.");
	rc = login_again(call->people, &call->session, password,
	    strlen(password), code, code != NULL ? strlen(code) : 0,
	    &call->from, &result);
	if (rc == RC_DENIED)
		return page_error(call, "password",
		    "The password is wrong, or the code of the second "
		    "factor.");
	call->retry_s = result.wait_s;
	return rc;
}

enum rc
page_set_reauth(struct page_call *call)
{
	struct login_state state;
	enum rc rc = login_state(call->people, &call->caller, &state);

	if (rc != RC_OK)
		return rc;
	return page_set(
	    call, "reauth", json_pack("{s:b}", "second", state.second_on));
}

enum rc
page_set_link(struct page_call *call, enum mail_token_kind kind)
{
	struct db *db = call->people->db;
	const char *text = page_link(call);
	struct mail_token token;
	enum rc rc;

	rc = db_begin(db, DB_READ);
	if (rc != RC_OK)
		return rc;
	rc = mail_token_find(db, kind, text, strlen(text), call->now, &token);
	rc = db_end(db, rc);
	if (rc == RC_DENIED)
		return RC_OK; /* the page says so */
	if (rc == RC_OK)
		rc = page_set(call, "link", json_string(text));
	return rc == RC_OK ? page_set(call, "email", json_string(token.email))
			   : rc;
}

const char *
page_link(const struct page_call *call)
{
	const char *text = page_field(call, "link");

	if (text == NULL)
		text = page_query(call, "token");
	return text != NULL ? text : "";
}

const char *
page_wanted(const struct page_call *call)
{
	const char *to = page_field(call, "to");

	if (to == NULL)
		to = page_query(call, "to");
	if (to == NULL || strlen(to) > WANTED_MAX ||
	    to[strspn(to, page_letters)] != '\0')
		return "overview";
	return to;
}

const char *
page_once(const struct page_call *call)
{
	return call->way->once;
}

enum rc
page_mail(struct page_call *call, const char *to, const char *subject,
    const char *text)
{
	struct page_way *way = call->way;
	json_t *mail = to != NULL ? json_pack("{s:s, s:s, s:s}", "to", to,
					"subject", subject, "text", text)
				  : json_object();

	if (way->mails == NULL)
		way->mails = json_array();
	if (mail == NULL || json_array_append_new(way->mails, mail) != 0)
		return no_memory();
	return RC_OK;
}

enum rc
page_mail_text(struct page_call *call, const char *to, const char *subject,
    const char *name, const char *format, ...)
{
	char line[CONFIG_TEXT_MAX + 64];
	char *text = NULL;
	enum rc rc;
	va_list ap;
	int n;

	(void)snprintf(line, sizeof(line), "%s%s", subject, name);
	va_start(ap, format);
	n = vasprintf(&text, format, ap);
	va_end(ap);
	if (n < 0)
		return no_memory();
	rc = page_mail(call, to, line, text);
	secret_wipe(text, (size_t)n);
	free(text);
	return rc;
}

const char *
page_brand(const struct page_call *call)
{
	return call->config->brand_name;
}

/* --- cookies -------------------------------------------------------------- */

static int
is_https(const struct page_way *way)
{
	return strncmp(way->server->config.url, "https:", 6) == 0;
}

/*
 * The name that a cookie has here: browsers take the prefix by https alone
 * (RFC 6265bis, 4.1.3.2).
 */
static const char *
cookie_name(const struct page_way *way, const char *name)
{
	return is_https(way) ? name : name + strlen("__Host-");
}

static void
set_cookie(struct page_way *way, const char *name, const char *value, int age)
{
	char text[COOKIE_TEXT_LEN];

	if (cookie_make(text, cookie_name(way, name), value, age,
		is_https(way)) == RC_OK)
		cgi_header(&way->answer, "Set-Cookie", text);
	secret_wipe(text, sizeof(text));
}

static enum rc
get_cookie(const struct page_way *way, const char *name, size_t min, size_t max,
    char *value)
{
	return cookie_find(cgi_variable(&way->server->cgi, "HTTP_COOKIE"),
	    cookie_name(way, name), min, max, value);
}

void
page_set_session(struct page_call *call, const struct session_token *token)
{
	struct page_way *way = call->way;

	if (token == NULL || token->s[0] == '\0') {
		set_cookie(way, SESSION_COOKIE, "", -1);
		return;
	}
	set_cookie(way, SESSION_COOKIE, token->s, 0);
	/* Forms that this answer has are bound to the new one. */
	if (secret_sha256(token->s, strlen(token->s), call->session.hash) ==
		RC_OK &&
	    call->page->access != PAGE_VISITOR)
		memcpy(way->token.browser, call->session.hash,
		    sizeof(way->token.browser));
}

/* --- notices -------------------------------------------------------------- */

/*
 * A notice travels with the browser, so that nothing is stored for it: its
 * MAC and text in hex.
 */
enum { NOTICE_LEN = 2 * (NOTICE_MAC + NOTICE_MAX) };

static enum rc
notice_mac(const struct page_way *way, const char *notice,
    unsigned char mac[SECRET_HASH_LEN])
{
	char text[NOTICE_MAX + 32];
	int n =
	    snprintf(text, sizeof(text), "latchkey notice%c%s", '\0', notice);

	if (n < 0 || (size_t)n >= sizeof(text))
		return RC_FAIL;
	return secret_hmac(&way->server->pepper, text, (size_t)n, mac);
}

static void
send_notice(struct page_way *way)
{
	unsigned char mac[SECRET_HASH_LEN];
	char value[NOTICE_LEN + 1], *p = value;
	size_t i;

	if (way->notice[0] == '\0' ||
	    notice_mac(way, way->notice, mac) != RC_OK)
		return;
	for (i = 0; i < NOTICE_MAC; i++, p += 2)
		(void)snprintf(p, 3, "%02x", mac[i]);
	for (i = 0; way->notice[i] != '\0'; i++, p += 2)
		(void)snprintf(p, 3, "%02x", (unsigned char)way->notice[i]);
	set_cookie(way, NOTICE_COOKIE, value, NOTICE_SECONDS);
}

/* One byte of hex, lower case; -1 if it is none. */
static int
unhex(const char *p)
{
	static const char digits[] = "0123456789abcdef";
	const char *high = strchr(digits, p[0]), *low = strchr(digits, p[1]);

	if (p[0] == '\0' || p[1] == '\0' || high == NULL || low == NULL)
		return -1;
	return (int)((high - digits) << 4 | (low - digits));
}

/* Takes the notice of the page before from the browser. */
static void
take_notice(struct page_way *way)
{
	unsigned char bytes[NOTICE_MAC + NOTICE_MAX + 1] = { 0 };
	unsigned char mac[SECRET_HASH_LEN];
	const char *notice = (const char *)bytes + NOTICE_MAC;
	char value[NOTICE_LEN + 1];
	size_t i, n;

	if (get_cookie(way, NOTICE_COOKIE, 2 * NOTICE_MAC, NOTICE_LEN, value) !=
	    RC_OK)
		return;
	set_cookie(way, NOTICE_COOKIE, "", -1);
	n = strlen(value) / 2;
	for (i = 0; i < n; i++) {
		int byte = unhex(value + 2 * i);

		if (byte < 0)
			return;
		bytes[i] = (unsigned char)byte;
	}
	if (notice_mac(way, notice, mac) == RC_OK &&
	    secret_equal(bytes, mac, NOTICE_MAC))
		(void)snprintf(way->notice, sizeof(way->notice), "%s", notice);
}

/* --- refusals ------------------------------------------------------------- */

/* A refusal that rc alone does not tell; why is static text. */
static enum rc
refuse(struct page_way *way, int status, const char *why)
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

/* --- the request ---------------------------------------------------------- */

static int
is_post(const struct page_way *way)
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
		return refuse(way, 403, elsewhere);
	if (has_origin && !is_own_origin(way, origin))
		return refuse(way, 403, elsewhere);
	if (site[0] == '\0' && !has_origin && is_https(way))
		return refuse(way, 403, untold);
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
		return refuse(way, 415, NULL);
	rc = cgi_body_read(&way->server->cgi, req);
	if (rc == RC_LIMITED)
		return refuse(way, 413, NULL);
	if (rc == RC_INVALID)
		return refuse(way, 400, "The form did not arrive completely.");
	if (rc == RC_OK)
		rc = form_new(&way->form);
	if (rc == RC_OK)
		rc = form_parse(way->form, req->content_type, req->body,
		    req->body_len, &what);
	return rc == RC_INVALID ? refuse(way, 400, NULL) : rc;
}

/* Method, origin, fields: all that needs no database. */
static enum rc
read_request(struct page_way *way)
{
	struct cgi_request *req = &way->request;
	const struct page *page = way->call.page;
	const char *what = NULL;
	int has_key;
	enum rc rc;

	if (strcmp(req->method, "GET") != 0 &&
	    strcmp(req->method, "HEAD") != 0 &&
	    (page->forms == NULL || !is_post(way))) {
		cgi_header(&way->answer, "Allow",
		    page->forms != NULL ? "GET, HEAD, POST" : "GET, HEAD");
		return refuse(way, 405, NULL);
	}
	rc = form_new(&way->query);
	if (rc == RC_OK)
		rc = form_parse_query(way->query, req->query,
		    strlen(req->query), &has_key, &what);
	if (rc == RC_INVALID)
		return refuse(way, 400, NULL);
	way->call.query = way->query;
	if (rc != RC_OK || !is_post(way))
		return rc;
	rc = check_origin(way);
	return rc == RC_OK ? read_form(way) : rc;
}

/* --- who is there --------------------------------------------------------- */

static void
forget_session(struct page_call *call)
{
	memset(&call->session, 0, sizeof(call->session));
	memset(&call->account, 0, sizeof(call->account));
	memset(&call->caller, 0, sizeof(call->caller));
	call->caller.currency = call->config->currency;
}

/* The session of the browser's cookie, and its account. */
static enum rc
find_session(struct page_way *way)
{
	struct page_call *call = &way->call;
	struct session_token token;
	enum rc rc;

	forget_session(call);
	rc = get_cookie(
	    way, SESSION_COOKIE, SESSION_TOKEN_LEN, SESSION_TOKEN_LEN, token.s);
	if (rc != RC_OK) /* none, or none of ours */
		return RC_OK;
	rc = session_find(call->people->db, token.s, SESSION_TOKEN_LEN,
	    call->now, &call->session);
	session_wipe(&token);
	if (rc == RC_OK) {
		call->caller.account_id = call->session.account_id;
		rc = db_begin(call->db, DB_READ);
		if (rc == RC_OK)
			rc = db_end(
			    call->db, account_find(call->db, &call->caller,
					  &call->account));
		else
			forget_session(call);
	}
	if (rc == RC_DENIED || rc == RC_NOT_FOUND) {
		forget_session(call);
		set_cookie(way, SESSION_COOKIE, "", -1);
		way->is_over = 1;
		rc = RC_OK;
	}
	/* Nobody acts for an account before both factors are given. */
	if (rc == RC_OK && call->session.stage != SESSION_FULL) {
		memset(&call->account, 0, sizeof(call->account));
		call->caller.account_id = 0;
	}
	return rc;
}

/* A 303 of the framework's own. */
static enum rc
go_to(struct page_way *way, const char *to)
{
	(void)snprintf(way->to, sizeof(way->to), "%s", to);
	return RC_OK;
}

/*
 * Sends whom the page is not for where he belongs: way->to is then set.  Who
 * wanted a page comes back to it after log-in.
 */
static enum rc
check_access(struct page_way *way)
{
	static const char over[] = "You have been logged out. Log in again.";
	const struct page_call *call = &way->call;
	const struct session *session = &call->session;
	char to[PAGE_TO_LEN];

	switch (call->page->access) {
	case PAGE_ACCOUNT:
		if (session->id != 0 && session->stage == SESSION_FULL)
			return RC_OK;
		if (session->id != 0)
			return go_to(way, "second");
		if (way->is_over)
			(void)snprintf(
			    way->notice, sizeof(way->notice), "%s", over);
		(void)snprintf(to, sizeof(to), "login?to=%s", call->page->name);
		return go_to(way, to);
	case PAGE_HALF:
		if (session->id != 0 && session->stage != SESSION_FULL)
			return RC_OK;
		return go_to(way, session->id != 0 ? "overview" : "login");
	case PAGE_VISITOR:
		if (session->id == 0 || session->stage != SESSION_FULL)
			return RC_OK;
		return go_to(way, "overview");
	case PAGE_ANYBODY:
	case PAGE_CONSTANT:
		break;
	}
	return RC_OK;
}

/* --- forms ---------------------------------------------------------------- */

/*
 * What forms are bound to: the session, or before there is one a cookie of
 * the visitor, which is made where it is missing.
 */
static enum rc
bind_forms(struct page_way *way)
{
	const struct page_call *call = &way->call;
	char visitor[SESSION_TOKEN_LEN + 1];
	enum rc rc;

	way->token.page = call->page->name;
	way->is_stable = 1;
	if (call->session.id != 0 && call->page->access != PAGE_VISITOR) {
		memcpy(way->token.browser, call->session.hash,
		    sizeof(way->token.browser));
		return RC_OK;
	}
	if (call->page->forms == NULL)
		return RC_OK;
	rc = get_cookie(
	    way, VISITOR_COOKIE, SESSION_TOKEN_LEN, SESSION_TOKEN_LEN, visitor);
	if (rc != RC_OK) {
		way->is_stable = 0;
		rc = secret_random_base62(visitor, SESSION_TOKEN_LEN);
		if (rc == RC_OK)
			set_cookie(way, VISITOR_COOKIE, visitor, 0);
	}
	if (rc == RC_OK)
		rc = secret_sha256(
		    visitor, SESSION_TOKEN_LEN, way->token.browser);
	return rc;
}

/* Finds the form that was sent, and believes that it is ours. */
static enum rc
find_form(struct page_way *way)
{
	const struct page_form *form = way->call.page->forms;
	const char *name = form_get(way->form, "form"), *once;
	enum rc rc;

	if (name == NULL)
		return refuse(way, 400, NULL);
	while (form->name != NULL && strcmp(form->name, name) != 0)
		form++;
	if (form->name == NULL)
		return refuse(way, 400, NULL);
	if ((form->flags & PAGE_ONCE) != 0) {
		once = form_get(way->form, "once");
		if (once == NULL || strlen(once) != FORM_ONCE_LEN)
			return refuse(way, 400, NULL);
		memcpy(way->once, once, FORM_ONCE_LEN + 1);
	}
	way->token.form = form->name;
	way->token.once = way->once;
	rc = form_token_verify(
	    &way->server->pepper, &way->token, form_get(way->form, "token"));
	if (rc == RC_DENIED || !way->is_stable)
		return refuse(way, 403,
		    "This form is out of date. Go back, load the page anew "
		    "and send it again. If that does not help, see that your "
		    "browser takes cookies of this site.");
	if (rc == RC_OK && way->call.caller.suspended &&
	    way->call.page->access == PAGE_ACCOUNT &&
	    (form->flags & PAGE_SUSPENDED) == 0)
		return refuse(way, 403,
		    "This account is suspended: it can look at everything, "
		    "but change nothing. Ask the operator.");
	way->sent = form;
	return rc;
}

static const char SQL_USE[] =
    "INSERT INTO form_used (account_id, id, used_at) VALUES ($1, $2, $3)"
    " ON CONFLICT DO NOTHING";

/*
 * Before a form takes effect in the other database it is written down that
 * it has: a process killed in between leaves a form that is good for
 * nothing, and what it asked for undone, never done twice.  RC_NOT_FOUND if
 * it was sent before.
 */
static enum rc
use_form(struct page_way *way)
{
	struct db *db = way->people->db;
	enum rc rc;

	rc = db_begin(db, DB_WRITE);
	if (rc != RC_OK)
		return rc;
	rc = db_run(db, SQL_USE,
	    DB_ARGS(DB_INT(way->call.caller.account_id),
		DB_BLOB(way->once, FORM_ONCE_LEN), DB_INT(way->call.now)));
	if (rc == RC_OK && db_changes(db) == 0)
		rc = RC_NOT_FOUND;
	return db_end(db, rc);
}

static const char SQL_UNUSE[] =
    "DELETE FROM form_used WHERE account_id = $1 AND id = $2";

/* It took no effect: it can be sent again. */
static enum rc
unuse_form(struct page_way *way)
{
	struct db *db = way->people->db;
	enum rc rc;

	rc = db_begin(db, DB_WRITE);
	if (rc != RC_OK)
		return rc;
	return db_end(db, db_run(db, SQL_UNUSE,
			      DB_ARGS(DB_INT(way->call.caller.account_id),
				  DB_BLOB(way->once, FORM_ONCE_LEN))));
}

static enum rc
count(struct page_way *way)
{
	struct rate_count c;
	size_t denied;
	enum rc rc;

	rate_count_ip(&c, way->request.address, way->server->config.rate_ip);
	rc = rate_admit(way->server->rate, &c, 1, way->call.now, &denied);
	if (rc == RC_LIMITED && c.reset > way->call.now)
		way->call.retry_s = c.reset - way->call.now;
	return rc;
}

/* What failed half-way has nothing open; a constant page has no database. */
static void
close_transactions(struct page_call *call)
{
	if (call->people == NULL)
		return;
	db_rollback(call->db);
	db_rollback(call->people->db);
}

/* Does what the form that was sent asks for. */
static enum rc
run_form(struct page_way *way)
{
	struct page_call *call = &way->call;
	int once;
	enum rc rc;

	rc = count(way);
	if (rc == RC_OK)
		rc = find_form(way);
	if (rc != RC_OK)
		return rc;
	once = (way->sent->flags & PAGE_ONCE) != 0;
	if (once) {
		rc = use_form(way);
		if (rc == RC_NOT_FOUND)
			return page_done(call, NULL,
			    "This form was sent before, and has not been "
			    "carried out again.");
		if (rc != RC_OK)
			return rc;
	}
	call->form = way->form;
	rc = way->sent->run(call);
	close_transactions(call);
	if (once && rc != RC_OK)
		(void)unuse_form(way);
	if (rc == RC_OK && !way->is_shown && way->to[0] == '\0')
		rc = page_done(call, NULL, NULL);
	/* Shown once more, with what is wrong. */
	if (rc == RC_INVALID && way->status == 0 && way->errors != NULL) {
		way->status = 422;
		rc = RC_OK;
	}
	return rc;
}

/* --- the model ------------------------------------------------------------ */

/* "name", "token" and "once" of a form. */
static json_t *
form_model(
    const struct page_way *way, const char *page, const char *name, int is_once)
{
	struct form_token what = way->token;
	char token[FORM_TOKEN_LEN + 1], once[FORM_ONCE_LEN + 1] = "";

	what.page = page;
	what.form = name;
	what.once = once;
	if ((is_once && secret_random_base62(once, FORM_ONCE_LEN) != RC_OK) ||
	    form_token_make(&way->server->pepper, &what, token) != RC_OK)
		return NULL;
	if (is_once)
		return json_pack("{s:s, s:s, s:s}", "name", name, "token",
		    token, "once", once);
	return json_pack(
	    "{s:s, s:s, s:b}", "name", name, "token", token, "once", 0);
}

static enum rc
set_forms(struct page_way *way)
{
	const struct page_form *form = way->call.page->forms;
	json_t *all = json_object();

	for (; form != NULL && form->name != NULL; form++)
		if (json_object_set_new(all, form->name,
			form_model(way, way->call.page->name, form->name,
			    (form->flags & PAGE_ONCE) != 0)) != 0) {
			json_decref(all);
			return no_memory();
		}
	return page_set(&way->call, "form", all);
}

static enum rc
set_menu(struct page_way *way)
{
	const struct page *page = way->call.page;
	const char *current = page->menu != NULL ? page->menu : page->name;
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < sizeof(menu) / sizeof(menu[0]); i++)
		if (json_array_append_new(
			list, json_pack("{s:s, s:s, s:b}", "name", menu[i].name,
				  "label", menu[i].label, "current",
				  strcmp(menu[i].name, current) == 0)) != 0) {
			json_decref(list);
			return no_memory();
		}
	return page_set(&way->call, "menu", list);
}

static enum rc
set_account(struct page_way *way)
{
	struct page_call *call = &way->call;
	const struct account *account = &call->account;
	char balance[MONEY_TEXT_LEN];
	enum rc rc;

	rc = page_set(call, "account",
	    json_pack("{s:I, s:s, s:s, s:s, s:s, s:b}", "id",
		(json_int_t)account->id, "email", account->email, "name",
		account->name, "balance",
		money_format(account->balance_nano, balance), "currency",
		call->config->currency, "suspended", call->caller.suspended));
	return rc == RC_OK ? set_menu(way) : rc;
}

static enum rc
set_brand(struct page_way *way)
{
	return page_set(&way->call, "brand", brand_model(way->call.config));
}

/* What every page has, whoever is there. */
static enum rc
set_frame(struct page_way *way, const char *title)
{
	struct page_call *call = &way->call;
	enum rc rc;

	rc = page_set(call, "page",
	    json_pack("{s:s, s:s}", "name", call->page->name, "title", title));
	if (rc == RC_OK)
		rc = set_brand(way);
	if (rc == RC_OK && call->account.id != 0)
		rc = set_account(way);
	if (rc == RC_OK && call->session.id != 0 && way->is_stable)
		rc = page_set(
		    call, "logout", form_model(way, "logout", "out", 0));
	if (rc == RC_OK)
		rc = page_set(
		    call, "visitor", json_boolean(call->account.id == 0));
	if (rc == RC_OK && way->notice[0] != '\0' && way->to[0] == '\0')
		rc = page_set(call, "notice", json_string(way->notice));
	return rc;
}

/* What was sent is shown again, beside what is wrong with it. */
static enum rc
set_refused(struct page_way *way)
{
	struct page_call *call = &way->call;
	json_t *values = json_object_get(call->model, "value");
	const char *const *name = way->sent->keep;

	if (page_set(call, "error", json_incref(way->errors)) != RC_OK ||
	    page_set(call, "wrong", json_true()) != RC_OK)
		return RC_FAIL;
	if (values == NULL) {
		if (page_set(call, "value", json_object()) != RC_OK)
			return RC_FAIL;
		values = json_object_get(call->model, "value");
	}
	for (; name != NULL && *name != NULL; name++) {
		const char *value = form_get(way->form, *name);

		if (json_object_set_new(values, *name,
			json_string(value != NULL ? value : "")) != 0)
			return no_memory();
	}
	return RC_OK;
}

/* Times as they are called where the account's owner is; UTC otherwise. */
static enum rc
set_times(struct page_way *way)
{
	struct page_call *call = &way->call;
	struct zone zone;

	(void)zone_find(
	    call->caller.account_id != 0 ? call->session.time_zone : "UTC",
	    &zone);
	return page_json_tell_times(call->model, &zone);
}

static enum rc
make_model(struct page_way *way)
{
	struct page_call *call = &way->call;
	enum rc rc = RC_OK;

	/* Before get, which may look at it. */
	call->form = way->sent != NULL ? way->form : NULL;
	if (call->page->get != NULL) {
		rc = call->page->get(call);
		close_transactions(call);
	}
	if (rc != RC_OK || way->out != NULL)
		return rc;
	rc = set_times(way);
	if (rc == RC_OK)
		rc = set_frame(way, call->page->title);
	if (rc == RC_OK)
		rc = set_forms(way);
	if (rc == RC_OK && way->errors != NULL && way->sent != NULL)
		rc = set_refused(way);
	return rc;
}

/* --- the answer ----------------------------------------------------------- */

static enum rc
render(struct page_way *way, const struct template *template)
{
	const struct templates templates = { template_layout,
		way->call.config->templates };

	if (page_output(&way->call, "text/html; charset=utf-8", NULL) == NULL)
		return RC_FAIL;
	return template_render(&templates, template, way->call.model, way->out);
}

/* From the request to the model; way->to or way->out may be set instead. */
static enum rc
answer(struct page_way *way)
{
	struct server *server = way->server;
	struct page_call *call = &way->call;
	enum rc rc;

	cgi_request_read(&server->cgi, &server->config, &way->request);
	cgi_address_text(way->request.address, way->address);
	rc = read_request(way);
	/* Not before: a body may take its time. */
	call->now = (int64_t)time(NULL);
	call->config = &server->config;
	call->from = (struct login_from){ .address = way->request.address,
		.address_text = way->address,
		.agent = cgi_variable(&server->cgi, "HTTP_USER_AGENT"),
		.now = call->now };
	if (rc != RC_OK)
		return rc;
	if (call->page->access != PAGE_CONSTANT) {
		rc = server_open_data(server, way->request.document_root);
		if (rc != RC_OK)
			return rc;
		call->db = server->db;
		call->people = way->people;
		rc = find_session(way);
		if (rc == RC_OK)
			rc = check_access(way);
		if (rc != RC_OK || way->to[0] != '\0')
			return rc;
		rc = bind_forms(way);
	}
	if (rc == RC_OK && is_post(way))
		rc = run_form(way);
	if (rc != RC_OK || way->to[0] != '\0')
		return rc;
	if (way->template != NULL)
		take_notice(way);
	rc = make_model(way);
	if (rc == RC_OK && way->out == NULL && way->template != NULL)
		rc = render(way, way->template);
	return rc;
}

/* Throws away what was written for an answer that is none. */
static void
drop_output(struct page_way *way)
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
	drop_output(way);
	(void)json_object_clear(call->model);
	way->notice[0] = way->to[0] = '\0';
	way->answer.cache = NULL;
	if (way->status == 500)
		cgi_header(&way->answer, "X-Incident", log_incident());
	if (way->status == 503 || way->status == 429)
		cgi_header_int(&way->answer, "Retry-After",
		    call->retry_s > 0 ? call->retry_s : RETRY_S);
	rc = set_frame(way, refusal->title);
	if (rc == RC_OK)
		rc = page_set(call, "refusal",
		    json_pack("{s:i, s:s, s:s?, s:s?}", "status", way->status,
			"text", way->why != NULL ? way->why : refusal->text,
			"wait", wait_words(way, words), "incident",
			way->status == 500 ? log_incident() : NULL));
	return rc == RC_OK ? render(way, &template_layout_refusal) : rc;
}

static void
set_headers(struct page_way *way)
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

/* Sends what there is: a page, where to go on, or why there is none. */
static enum rc
send(struct page_way *way, enum rc rc)
{
	static const char plain[] = "The panel cannot answer now.\n";
	struct cgi *cgi = &way->server->cgi;
	struct cgi_answer *a = &way->answer;
	char text[PAGE_TO_LEN + 32];

	if (way->out != NULL && rc == RC_OK &&
	    (fflush(way->out) != 0 || ferror(way->out)))
		rc = no_memory();
	if (rc == RC_OK && way->to[0] != '\0') {
		a->status = 303;
		cgi_header(a, "Location", way->to);
		send_notice(way);
		return cgi_send(cgi, a, "text/plain", "", 0);
	}
	if (rc == RC_OK && way->out == NULL)
		rc = RC_FAIL;
	if (rc != RC_OK)
		rc = make_refusal(way, rc);
	a->status = way->status != 0 ? way->status : 200;
	if (way->out != NULL && fclose(way->out) != 0 && rc == RC_OK)
		rc = no_memory();
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

/* --- mails ---------------------------------------------------------------- */

/* Starts the process that sends what page_mail has left. */
static void
start_job(struct page_way *way)
{
	const struct config *config = &way->server->config;
	char path[CONFIG_PATH_MAX];
	char *text;

	if (way->mails == NULL)
		return;
	text = json_dumps(way->mails, JSON_COMPACT);
	if (text == NULL)
		(void)no_memory();
	else if (config_data_path(config, "mail.log", path) == RC_OK)
		(void)cgi_job_start(text, strlen(text), path);
	if (text != NULL)
		secret_wipe(text, strlen(text));
	free(text);
}

/* Sends the mails that this process was started for. */
static enum rc
do_job(const char *text, size_t len)
{
	struct config config;
	char path[CONFIG_PATH_MAX];
	const char *to, *subject, *body;
	json_t *mails = json_loadb(text, len, 0, NULL), *mail;
	enum rc rc;
	size_t i;

	rc = config_find(path);
	if (rc == RC_OK)
		rc = config_load(path, &config);
	json_array_foreach(mails, i, mail)
	{
		/* One of no words is there for the time alone. */
		if (rc == RC_OK &&
		    json_unpack(mail, "{s:s, s:s, s:s}", "to", &to, "subject",
			&subject, "text", &body) == 0)
			(void)mail_send(&config, to, subject, body);
	}
	json_decref(mails);
	return rc;
}

/* --- calls ---------------------------------------------------------------- */

/* One call, from its beginning to the end of all that it has made. */
static enum rc
serve(struct page_way *way)
{
	struct server *server = way->server;
	enum rc rc, sent;

	way->call.way = way;
	way->call.model = json_object();
	set_headers(way);
	rc = way->call.model != NULL ? server_begin(server) : no_memory();
	way->call.config = &server->config;
	if (rc == RC_OK)
		rc = answer(way);
	sent = send(way, rc);
	/* Before the end, at which some web servers kill a CGI program. */
	if (rc == RC_OK)
		start_job(way);
	cgi_end(&server->cgi, &way->request);
	drop_output(way);
	json_decref(way->call.model);
	json_decref(way->errors);
	json_decref(way->mails);
	form_free(way->form);
	form_free(way->query);
	cgi_request_clear(&way->request);
	secret_wipe(&way->answer, sizeof(way->answer));
	server_end(server, rc);
	return sent;
}

static enum rc
open_people(struct server *server, void *arg)
{
	char path[CONFIG_PATH_MAX];

	if (config_data_path(&server->config, PEOPLE_NAME, path) != RC_OK)
		return RC_FAIL;
	server_watch(server, SERVER_PEOPLE, path);
	if (config_data_path(&server->config, SECRET_SEAL_KEY_NAME, path) !=
	    RC_OK)
		return RC_FAIL;
	server_watch(server, SERVER_SEAL_KEY, path);
	return people_open(&server->config, server->db, arg);
}

static void
close_people(void *arg)
{
	people_close(arg);
}

static int
people_is_outdated(const void *arg)
{
	const struct people *people = arg;

	return people->db != NULL && db_is_outdated(people->db);
}

int
page_main(const struct page *page, const struct template *template)
{
	static struct server server;
	static struct people people;
	static const struct server_extra extra = { open_people, close_people,
		people_is_outdated, &people };
	enum rc rc, sent = RC_OK;
	size_t len;
	char *job;

	rc = server_open(&server, page->name, &extra);
	if (cgi_job_read(&job, &len) == RC_OK) {
		rc = do_job(job, len);
		secret_wipe(job, len);
		free(job);
		return rc == RC_OK ? EXIT_SUCCESS : EXIT_FAILURE;
	}
	while (rc == RC_OK && (rc = cgi_next(&server.cgi)) == RC_OK) {
		struct page_way way = { .server = &server,
			.people = &people,
			.template = template,
			.call = { .page = page } };

		sent = serve(&way);
	}
	/* That a reader has gone is the failure of a program of one call. */
	if (server.cgi.fastcgi != NULL)
		sent = RC_OK;
	secret_wipe(&people.pepper, sizeof(people.pepper));
	secret_wipe(&people.seal_key, sizeof(people.seal_key));
	server_close(&server);
	return rc == RC_NOT_FOUND && sent == RC_OK ? EXIT_SUCCESS
						   : EXIT_FAILURE;
}
