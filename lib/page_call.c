/* SPDX-License-Identifier: ISC */
/*
 * What a page asks of its call: fields, model, and how it is answered.
 */
#include "page_way.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "number.h"
#include "text.h"

enum { WANTED_MAX = 32 }; /* bytes of a page's name */

/* Of which names of pages are. */
static const char page_letters[] = "abcdefghijklmnopqrstuvwxyz_";

enum rc
page_no_memory(void)
{
	log_err("cannot make a page: out of memory");
	return RC_FAIL;
}

enum rc
page_set(struct page_call *call, const char *name, json_t *value)
{
	if (json_object_set_new(call->model, name, value) == 0)
		return RC_OK;
	return page_no_memory();
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
		return page_no_memory();
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
		    (int)text_cut(notice, strlen(notice), PAGE_NOTICE_MAX),
		    notice);
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
		(void)page_no_memory();
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

const char *
page_brand(const struct page_call *call)
{
	return call->config->brand_name;
}
