/* SPDX-License-Identifier: ISC */
/*
 * The model of a page: what it has made itself, and what every page has.
 */
#include "page_way.h"

#include <string.h>

#include "brand.h"
#include "money.h"
#include "page_json.h"

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
			return page_no_memory();
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
			return page_no_memory();
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

enum rc
page_set_frame(struct page_way *way, const char *title)
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
			return page_no_memory();
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

enum rc
page_make_model(struct page_way *way)
{
	struct page_call *call = &way->call;
	enum rc rc = RC_OK;

	/* Before get, which may look at it. */
	call->form = way->sent != NULL ? way->form : NULL;
	if (call->page->get != NULL) {
		rc = call->page->get(call);
		page_close_transactions(call);
	}
	if (rc != RC_OK || way->out != NULL)
		return rc;
	rc = set_times(way);
	if (rc == RC_OK)
		rc = page_set_frame(way, call->page->title);
	if (rc == RC_OK)
		rc = set_forms(way);
	if (rc == RC_OK && way->errors != NULL && way->sent != NULL)
		rc = set_refused(way);
	return rc;
}
