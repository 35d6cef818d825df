/* SPDX-License-Identifier: ISC */
/*
 * Fields and answers of the webhook actions.
 */
#include "webhook_fields.h"

#include <stdio.h>
#include <string.h>

#include "log.h"
#include "number.h"
#include "text.h"
#include "timestamp.h"

enum rc
webhook_field_id(struct call *call, int64_t *id)
{
	const char *value = form_get(call->form, "webhook");

	if (value == NULL)
		return error_set(&call->why, ERROR_MISSING, "webhook");
	if (number_parse(value, strlen(value), 1, INT64_MAX, id) != RC_OK)
		return error_set(&call->why, ERROR_WEBHOOK, NULL);
	return RC_OK;
}

enum rc
webhook_field_url(struct call *call, const char **url)
{
	*url = form_get(call->form, "url");
	if (*url == NULL)
		return RC_OK;
	return webhook_check_url(*url, call->config->webhook_local, &call->why);
}

/* Names on their way into a sum of bits. */
struct names {
	struct call *call;
	int64_t events;
	enum rc rc;
};

static void
add_name(void *arg, const char *name, size_t len)
{
	struct names *names = arg;
	enum event_type type = event_type_find(name, len);
	char text[sizeof(names->call->why.arg)];

	if (names->rc != RC_OK)
		return;
	if (type != EVENT_TYPES) {
		names->events |= 1 << type;
		return;
	}
	len = text_cut(name, len, sizeof(text) - 1);
	(void)snprintf(text, sizeof(text), "%.*s", (int)len, name);
	names->rc = error_set(&names->call->why, ERROR_EVENT_TYPE, text);
}

enum rc
webhook_field_events(struct call *call, int64_t *events)
{
	struct names names = { call, 0, RC_OK };

	(void)form_list(
	    call->form, "events", FORM_FIELDS_MAX, add_name, &names);
	*events = names.events;
	return names.rc;
}

enum rc
webhook_field_key(const struct call *call, struct seal_key *key)
{
	char path[CONFIG_PATH_MAX];

	if (config_data_path(call->config, SECRET_SEAL_KEY_NAME, path) != RC_OK)
		return RC_FAIL;
	return secret_seal_key_load(path, key);
}

json_t *
webhook_field_names(int64_t events)
{
	json_t *names = json_array();
	int type;

	for (type = 0; type < EVENT_TYPES; type++)
		if ((events & 1 << type) != 0 &&
		    json_array_append_new(
			names, json_string(event_type_name(type))) != 0) {
			json_decref(names);
			return NULL;
		}
	return names;
}

enum rc
webhook_field_append(json_t *list, json_t *item)
{
	if (json_array_append_new(list, item) == 0)
		return RC_OK;
	log_err("cannot write an answer: out of memory");
	return RC_FAIL;
}

/* A time that has not come is left out. */
static const char *
time_text(int64_t seconds, char buf[TIMESTAMP_LEN])
{
	return seconds != 0 ? timestamp_format(seconds, buf) : NULL;
}

enum rc
webhook_field_describe(void *list, const struct webhook *w)
{
	char created[TIMESTAMP_LEN], success[TIMESTAMP_LEN];
	char failure[TIMESTAMP_LEN], hint[16];

	/* U+2026, an ellipsis, as the contract has it. */
	(void)snprintf(hint, sizeof(hint), "\xe2\x80\xa6%s", w->hint);
	return webhook_field_append(list,
	    json_pack("{s:I, s:s, s:o, s:s, s:s*, s:s, s:s, s:s*, s:s*, s:I}",
		"webhook", (json_int_t)w->id, "url", w->url, "events",
		webhook_field_names(w->events), "status",
		webhook_status_name(w->status), "reason", w->reason,
		"secret_hint", hint, "created",
		timestamp_format(w->created_at, created), "last_success",
		time_text(w->last_success_at, success), "last_failure",
		time_text(w->last_failure_at, failure), "pending",
		(json_int_t)w->pending));
}
