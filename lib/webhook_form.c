/* SPDX-License-Identifier: ISC */
/*
 * Fields of the forms about webhooks.  Texts of errors are those of the API,
 * which the documentation explains.
 */
#include "webhook_form.h"

#include <string.h>

#include "event.h"
#include "log.h"
#include "page_json.h"
#include "webhook.h"
#include "webhook_fields.h"

enum rc
webhook_form_url(struct page_call *call, const char **url)
{
	struct why why = { 0 };

	*url = page_field(call, "url");
	if (*url == NULL)
		return page_error(call, "url", "Give the endpoint's URL.");
	return page_why(call, "url",
	    webhook_check_url(*url, call->config->webhook_local, &why), &why);
}

/* Boxes that were checked. */
struct checked {
	int64_t events;
	int unknown;
};

static void
add_event(void *arg, const char *name, size_t len)
{
	struct checked *checked = arg;
	enum event_type type = event_type_find(name, len);

	if (type == EVENT_TYPES)
		checked->unknown = 1;
	else
		checked->events |= 1 << type;
}

enum rc
webhook_form_events(struct page_call *call, int64_t *events)
{
	struct checked checked = { 0, 0 };

	(void)form_list(
	    call->form, "events", FORM_FIELDS_MAX, add_event, &checked);
	*events = checked.events | 1 << EVENT_WEBHOOK_TEST;
	if (checked.unknown)
		return page_error(call, "events", "There is no such event.");
	if (checked.events == 0)
		return page_error(call, "events", "Choose at least one event.");
	return RC_OK;
}

enum rc
webhook_form_set_events(
    struct page_call *call, const char *form, int64_t events)
{
	const char *sent = call->form != NULL ? page_field(call, "form") : NULL;
	struct checked checked = { events, 0 };
	json_t *list = json_array();
	enum rc rc = RC_OK;
	int type;

	if (sent != NULL && strcmp(sent, form) == 0) {
		checked.events = 0;
		(void)form_list(
		    call->form, "events", FORM_FIELDS_MAX, add_event, &checked);
	}
	for (type = 0; type < EVENT_WEBHOOK_TEST && rc == RC_OK; type++)
		rc = page_json_append(
		    list, json_pack("{s:s, s:b}", "name", event_type_name(type),
			      "checked", (int)(checked.events >> type & 1)));
	if (rc == RC_OK)
		rc = page_set(call, "events", json_incref(list));
	json_decref(list);
	return rc;
}

enum rc
webhook_form_describe(void *list, const struct webhook *webhook)
{
	enum rc rc = webhook_field_describe(list, webhook);
	json_t *times, *item;

	if (rc != RC_OK)
		return rc;
	item = json_array_get(list, json_array_size(list) - 1);
	times = json_pack("{s:o, s:o, s:o}", "created",
	    page_json_time(webhook->created_at), "last_success",
	    page_json_time(webhook->last_success_at), "last_failure",
	    page_json_time(webhook->last_failure_at));
	if (json_object_update(item, times) != 0) {
		log_err("cannot make a page: out of memory");
		rc = RC_FAIL;
	}
	json_decref(times);
	return rc;
}
