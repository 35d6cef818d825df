/* SPDX-License-Identifier: ISC */
/*
 * /dashboard/webhook?id=7: one endpoint.  What it gets, its secret, what
 * became of deliveries, and sending again.
 */
#include <stdio.h>
#include <string.h>

#include "api_key_admin.h"
#include "attempt.h"
#include "number.h"
#include "page.h"
#include "page_json.h"
#include "webhook.h"
#include "webhook_fields.h"
#include "webhook_form.h"

enum { HOUR = 3600, NOTICE_LEN = 120 };

/* --- looking -------------------------------------------------------------- */

/* An endpoint on its way into the model. */
struct shown {
	json_t *list;
	int64_t events;
	int64_t key_id;
	int status;
};

static enum rc
show_webhook(void *arg, const struct webhook *webhook)
{
	struct shown *shown = arg;

	shown->events = webhook->events;
	shown->key_id = webhook->key_id;
	shown->status = webhook->status;
	return webhook_form_describe(shown->list, webhook);
}

static enum rc
show_key(void *arg, const struct api_key_row *row)
{
	struct page_call *call = arg;

	return page_set(call, "key",
	    json_pack("{s:s, s:s}", "label", row->label, "public_id",
		row->public_id));
}

static enum rc
add_attempt(void *arg, const struct attempt *a)
{
	json_t *list = arg;

	return page_json_append(list,
	    json_pack("{s:I, s:s*, s:s?, s:s, s:b, s:o, s:I, s:s*, s:s*, s:o,"
		      " s:I}",
		"seq", (json_int_t)a->seq, "event", a->event, "type",
		event_type_name(a->type), "outcome",
		attempt_outcome_name(a->outcome), "is_good",
		a->outcome == ATTEMPT_DELIVERED, "at",
		page_json_time(a->attempted_at), "ms",
		(json_int_t)a->duration_ms, "error", a->error, "answer",
		a->answer, "next", page_json_time(a->next_at), "code",
		(json_int_t)a->http_status));
}

/* The filter of the URL: "status" and "before"; 0 stands for all. */
static enum rc
read_filter(struct page_call *call, int *outcome, int64_t *before)
{
	const char *status = page_query(call, "status");
	int i;

	*outcome = 0;
	*before = 0;
	for (i = ATTEMPT_DELIVERED; status != NULL && i <= ATTEMPT_BLOCKED; i++)
		if (strcmp(status, attempt_outcome_name(i)) == 0)
			*outcome = i;
	if (status != NULL && *outcome == 0)
		return RC_NOT_FOUND;
	return page_query(call, "before") != NULL
		   ? page_query_id(call, "before", before)
		   : RC_OK;
}

/* The links that choose which attempts are shown. */
static json_t *
filters(int outcome)
{
	json_t *list = json_array();
	int i;

	for (i = ATTEMPT_DELIVERED; i <= ATTEMPT_BLOCKED; i++)
		if (json_array_append_new(
			list, json_pack("{s:s, s:b}", "status",
				  attempt_outcome_name(i), "current",
				  i == outcome)) != 0) {
			json_decref(list);
			return NULL;
		}
	return list;
}

static enum rc
set_attempts(struct page_call *call, int64_t id, int outcome, int64_t before)
{
	json_t *list = json_array();
	size_t n;
	enum rc rc;

	rc = list == NULL ? RC_FAIL
			  : attempt_each(call->db, &call->caller, id, outcome,
				before, add_attempt, list);
	n = json_array_size(list);
	if (rc == RC_OK && n == ATTEMPT_LIMIT)
		rc = page_set(call, "older",
		    json_incref(
			json_object_get(json_array_get(list, n - 1), "seq")));
	if (rc == RC_OK)
		rc = page_set(call, "has_attempts", json_boolean(n > 0));
	if (rc == RC_OK)
		rc = page_set(call, "attempts", json_incref(list));
	if (rc == RC_OK)
		rc = page_set(call, "filters", filters(outcome));
	if (rc == RC_OK && outcome != 0)
		rc = page_set(
		    call, "filter", json_string(attempt_outcome_name(outcome)));
	json_decref(list);
	return rc;
}

/* The endpoint and its key, inside a transaction. */
static enum rc
set_webhook(struct page_call *call, int64_t id)
{
	struct caller caller = call->caller;
	struct shown shown = { .list = json_array() };
	json_t *webhook;
	enum rc rc;

	rc = shown.list == NULL ? RC_FAIL
				: webhook_each(call->db, &call->caller, id,
				      show_webhook, &shown, NULL);
	if (rc != RC_OK)
		goto out;
	webhook = json_array_get(shown.list, 0);
	(void)json_object_set_new(
	    webhook, "is_active", json_boolean(shown.status == WEBHOOK_ACTIVE));
	rc = page_set(call, "webhook", json_incref(webhook));
	if (rc == RC_OK)
		rc = webhook_form_set_events(call, "update", shown.events);
	caller.key_id = shown.key_id;
	if (rc == RC_OK)
		rc = api_key_admin_one(call->db, &caller, show_key, call);
	/* That its key was revoked is what the page then says. */
	if (rc == RC_NOT_FOUND)
		rc = RC_OK;
out:
	json_decref(shown.list);
	return rc;
}

static enum rc
get(struct page_call *call)
{
	int64_t id = 0, before;
	int outcome;
	enum rc rc;

	if ((rc = page_query_id(call, "id", &id)) != RC_OK ||
	    (rc = read_filter(call, &outcome, &before)) != RC_OK ||
	    (rc = db_begin(call->db, DB_READ)) != RC_OK)
		return rc;
	rc = set_webhook(call, id);
	if (rc == RC_OK)
		rc = set_attempts(call, id, outcome, before);
	return db_end(call->db, rc);
}

/* --- changing ------------------------------------------------------------- */

/* Goes back to the endpoint's page. */
static enum rc
done(struct page_call *call, int64_t id, const char *notice)
{
	char to[48];

	(void)snprintf(to, sizeof(to), "webhook?id=%lld", (long long)id);
	return page_done(call, to, notice);
}

static enum rc
change(struct page_call *call, int64_t id, const struct webhook_change *change)
{
	enum rc rc;

	if ((rc = db_begin(call->db, DB_WRITE)) == RC_OK)
		rc = db_end(call->db,
		    webhook_update(call->db, &call->caller, id, change, NULL));
	return rc;
}

static enum rc
update(struct page_call *call)
{
	struct webhook_change what = { NULL, 0, 0 };
	int64_t id = 0;
	enum rc rc;

	if ((rc = page_query_id(call, "id", &id)) != RC_OK ||
	    (rc = webhook_form_url(call, &what.url)) != RC_OK ||
	    (rc = webhook_form_events(call, &what.events)) != RC_OK ||
	    (rc = change(call, id, &what)) != RC_OK)
		return rc;
	return done(call, id, "The endpoint is changed.");
}

static enum rc
set_status(struct page_call *call, int status, const char *notice)
{
	struct webhook_change what = { .status = status };
	int64_t id = 0;
	enum rc rc;

	if ((rc = page_query_id(call, "id", &id)) != RC_OK ||
	    (rc = change(call, id, &what)) != RC_OK)
		return rc;
	return done(call, id, notice);
}

static enum rc
pause(struct page_call *call)
{
	return set_status(call, WEBHOOK_PAUSED,
	    "It is paused: events of this time are not kept for it.");
}

static enum rc
activate(struct page_call *call)
{
	return set_status(call, WEBHOOK_ACTIVE, "It gets events again.");
}

static enum rc
rotate(struct page_call *call)
{
	const char *hours = page_field(call, "overlap");
	struct webhook_secret secret = { "" };
	int64_t id = 0, overlap = 0;
	enum rc rc;

	if ((rc = page_query_id(call, "id", &id)) != RC_OK)
		return rc;
	if (hours == NULL || number_parse(hours, strlen(hours), 0,
				 WEBHOOK_OVERLAP_MAX, &overlap) != RC_OK)
		return page_error(
		    call, "overlap", "Give a number of hours, 0 to 168.");
	if ((rc = db_begin(call->db, DB_WRITE)) != RC_OK)
		return rc;
	rc = db_end(call->db,
	    webhook_rotate(call->db, &call->caller, &call->people->seal_key, id,
		overlap, call->now, &secret, NULL));
	if (rc == RC_OK)
		rc = page_set(call, "made",
		    json_pack("{s:s, s:o}", "secret", secret.s, "until",
			page_json_time(
			    overlap > 0 ? call->now + overlap * HOUR : 0)));
	/* It is there even if the commit failed. */
	secret_wipe(&secret, sizeof(secret));
	return rc == RC_OK ? page_show(call) : rc;
}

static enum rc
remove_it(struct page_call *call)
{
	int64_t id = 0;
	enum rc rc;

	if ((rc = page_query_id(call, "id", &id)) != RC_OK ||
	    (rc = db_begin(call->db, DB_WRITE)) != RC_OK)
		return rc;
	rc =
	    db_end(call->db, webhook_remove(call->db, &call->caller, id, NULL));
	return rc == RC_OK
		   ? page_done(call, "webhooks", "The endpoint is removed.")
		   : rc;
}

static enum rc
test(struct page_call *call)
{
	char event[EVENT_NAME_LEN + 1], notice[NOTICE_LEN];
	struct why why = { 0 };
	int64_t id = 0;
	enum rc rc;

	if ((rc = page_query_id(call, "id", &id)) != RC_OK ||
	    (rc = db_begin(call->db, DB_WRITE)) != RC_OK)
		return rc;
	rc = db_end(call->db,
	    webhook_test(call->db, &call->caller, id, call->now, event, &why));
	if (rc == RC_INVALID)
		return page_why(call, NULL, rc, &why);
	if (rc != RC_OK)
		return rc;
	(void)snprintf(notice, sizeof(notice),
	    "A test event, %s, goes out within a minute or so.", event);
	return done(call, id, notice);
}

static enum rc
resend(struct page_call *call)
{
	const char *event = page_field(call, "event");
	struct why why = { 0 };
	int64_t id = 0;
	enum rc rc;

	if (event == NULL)
		return RC_NOT_FOUND;
	if ((rc = page_query_id(call, "id", &id)) != RC_OK ||
	    (rc = db_begin(call->db, DB_WRITE)) != RC_OK)
		return rc;
	rc = db_end(call->db, attempt_resend_event(call->db, &call->caller, id,
				  event, call->now, &why));
	return rc == RC_OK ? done(call, id, "The event is sent once more.")
			   : rc;
}

static enum rc
resend_failed(struct page_call *call)
{
	const char *text = page_field(call, "hours");
	char notice[NOTICE_LEN];
	int64_t id = 0, hours = 0, n = 0;
	enum rc rc;

	if ((rc = page_query_id(call, "id", &id)) != RC_OK)
		return rc;
	if (text == NULL ||
	    number_parse(text, strlen(text), 1, 24 * 366, &hours) != RC_OK)
		return page_error(call, "hours", "Give a number of hours.");
	if ((rc = db_begin(call->db, DB_WRITE)) != RC_OK)
		return rc;
	rc = webhook_each(call->db, &call->caller, id, NULL, NULL, NULL);
	if (rc == RC_OK)
		rc = attempt_resend_since(call->db, &call->caller, id,
		    call->now - hours * HOUR, call->now, &n);
	if ((rc = db_end(call->db, rc)) != RC_OK)
		return rc;
	(void)snprintf(notice, sizeof(notice),
	    n == 1 ? "%lld event is sent once more."
		   : "%lld events are sent once more.",
	    (long long)n);
	return done(call, id, notice);
}

static const char *const keep_url[] = { "url", NULL };
static const char *const keep_overlap[] = { "overlap", NULL };

static const struct page_form forms[] = {
	{ .name = "update", .run = update, .keep = keep_url },
	{ .name = "pause", .run = pause },
	{ .name = "activate", .run = activate },
	{ .name = "rotate",
	    .run = rotate,
	    .flags = PAGE_ONCE,
	    .keep = keep_overlap },
	{ .name = "remove", .run = remove_it },
	{ .name = "test", .run = test, .flags = PAGE_ONCE },
	{ .name = "resend", .run = resend },
	{ .name = "resend_failed", .run = resend_failed },
	{ .name = NULL },
};

const struct page page_webhook = {
	.name = "webhook",
	.title = "Webhook",
	.menu = "webhooks",
	.get = get,
	.forms = forms,
};
