/* SPDX-License-Identifier: ISC */
/*
 * /dashboard/overview: the balance, the last days' orders and spend, the
 * calls of the minute, and what needs attention.
 */
#include <stdio.h>
#include <string.h>

#include "api_key_admin.h"
#include "money.h"
#include "order.h"
#include "order_list.h"
#include "order_model.h"
#include "page.h"
#include "page_json.h"
#include "rate.h"
#include "spend.h"
#include "timestamp.h"

enum {
	ATTENTION_S = 7 * 86400, /* how long a refund is news */
	LATEST = 5,              /* orders */
	/* The chart, in units of its view box. */
	BAR_STEP = 24,
	BAR_WIDTH = 18,
	CHART_HEIGHT = 160
};

/* What the main database says, in one transaction. */
struct found {
	struct spend_attention attention;
	json_t *latest, *keys; /* owned */
	size_t nkeys;
	int64_t key_ids[API_KEY_ACTIVE_MAX];
};

static enum rc
add_key(void *arg, const struct api_key_row *row)
{
	struct found *found = arg;

	if (found->nkeys == API_KEY_ACTIVE_MAX)
		return RC_OK;
	found->key_ids[found->nkeys++] = row->id;
	return order_model_add(found->keys, json_string(row->label));
}

static enum rc
find(struct page_call *call, struct spend *spend, struct found *found)
{
	const struct order_list_filter filter = { .limit = LATEST };
	struct order_list_ends ends;
	enum rc rc;

	rc = db_begin(call->db, DB_READ);
	if (rc != RC_OK)
		return rc;
	rc = spend_count(call->db, &call->caller, spend);
	if (rc == RC_OK)
		rc = spend_attention(call->db, &call->caller,
		    call->now - ATTENTION_S, &found->attention);
	if (rc == RC_OK)
		rc = order_list(call->db, &call->caller, &filter,
		    order_model_append, found->latest, &ends);
	if (rc == RC_OK)
		rc = api_key_admin_active(
		    call->db, &call->caller, add_key, found);
	return db_end(call->db, rc);
}

/* --- days ----------------------------------------------------------------- */

static enum rc
load(struct page_call *call, struct spend *spend)
{
	struct db *people = call->people->db;
	enum rc rc;

	rc = db_begin(people, DB_READ);
	if (rc == RC_OK)
		rc = db_end(people,
		    spend_load(people, &call->caller, call->now, spend));
	return rc;
}

/* What cannot be kept now is counted once more the next time. */
static void
keep(struct page_call *call, const struct spend *spend)
{
	struct db *people = call->people->db;

	if (spend_is_new(spend) && db_begin(people, DB_WRITE) == RC_OK)
		(void)db_end(people, spend_save(people, &call->caller, spend));
}

/* The date of a day since 1970: a time's first ten characters. */
static void
date_of(int64_t day, char text[TIMESTAMP_LEN])
{
	(void)timestamp_format(day * SPEND_DAY_S, text);
	text[strcspn(text, "T")] = '\0';
}

static json_t *
day_model(const struct spend *spend, int i, int64_t most)
{
	const struct spend_day *day = &spend->days[i];
	char date[TIMESTAMP_LEN], charged[MONEY_TEXT_LEN];
	char refunded[MONEY_TEXT_LEN];
	int64_t height = most > 0 ? day->orders * CHART_HEIGHT / most : 0;

	/* Few beside many are still some. */
	if (height == 0 && day->orders > 0)
		height = 1;
	date_of(spend->today - SPEND_DAYS + 1 + i, date);
	return json_pack("{s:s, s:I, s:s, s:s, s:i, s:I, s:I, s:i}", "date",
	    date, "orders", (json_int_t)day->orders, "charged",
	    money_format(day->charged_nano, charged), "refunded",
	    money_format(day->refunded_nano, refunded), "x", i * BAR_STEP, "y",
	    (json_int_t)(CHART_HEIGHT - height), "height", (json_int_t)height,
	    "width", BAR_WIDTH);
}

static enum rc
set_days(struct page_call *call, const struct spend *spend)
{
	const struct spend_day *today = &spend->days[SPEND_DAYS - 1];
	char first[TIMESTAMP_LEN], last[TIMESTAMP_LEN];
	char spent[MONEY_TEXT_LEN], spent_today[MONEY_TEXT_LEN];
	int64_t most = 0, orders = 0, spent_nano = 0;
	json_t *days = json_array();
	enum rc rc = RC_OK;
	int i;

	for (i = 0; i < SPEND_DAYS; i++) {
		const struct spend_day *day = &spend->days[i];

		if (day->orders > most)
			most = day->orders;
		orders += day->orders;
		spent_nano += day->charged_nano - day->refunded_nano;
	}
	for (i = SPEND_DAYS - 1; rc == RC_OK && i >= 0; i--)
		rc = order_model_add(days, day_model(spend, i, most));
	date_of(spend->today - SPEND_DAYS + 1, first);
	date_of(spend->today, last);
	if (rc == RC_OK)
		rc = page_set(call, "chart",
		    json_pack("{s:O, s:b, s:I, s:i, s:s, s:s}", "days", days,
			"some", orders > 0, "most", (json_int_t)most, "width",
			SPEND_DAYS * BAR_STEP, "first", first, "last", last));
	json_decref(days);
	if (rc != RC_OK)
		return rc;
	return page_set(call, "spend",
	    json_pack("{s:I, s:s, s:I, s:s, s:o}", "orders", (json_int_t)orders,
		"spent", money_format(spent_nano, spent), "orders_today",
		(json_int_t)today->orders, "spent_today",
		money_format(
		    today->charged_nano - today->refunded_nano, spent_today),
		"counted_to",
		page_json_time(spend->is_behind ? spend->posted_at : 0)));
}

/* --- attention ------------------------------------------------------------ */

static enum rc
set_attention(struct page_call *call, const struct spend_attention *a)
{
	int is_low = a->low_nano > 0 && a->balance_nano < a->low_nano;
	char amount[MONEY_TEXT_LEN], low[MONEY_TEXT_LEN];
	json_t *refunds = json_array();
	enum rc rc = RC_OK;
	int i;

	for (i = 0; rc == RC_OK && i < a->nrefunds; i++)
		rc = order_model_add(refunds,
		    json_pack("{s:I, s:s, s:s, s:o}", "order",
			(json_int_t)a->refunds[i].order_id, "status",
			order_status_name(a->refunds[i].status), "amount",
			money_format(a->refunds[i].amount_nano, amount), "at",
			page_json_time(a->refunds[i].at)));
	if (rc == RC_OK)
		rc = page_set(call, "attention",
		    json_pack("{s:b, s:b, s:s, s:I, s:b, s:I, s:O}", "some",
			is_low || a->cancel_requests > 0 || a->webhooks > 0 ||
			    a->nrefunds > 0,
			"low", is_low, "threshold",
			money_format(a->low_nano, low), "cancel_requests",
			(json_int_t)a->cancel_requests, "more_cancel_requests",
			a->cancel_requests == SPEND_COUNT_MAX, "webhooks",
			(json_int_t)a->webhooks, "refunds", refunds));
	json_decref(refunds);
	return rc;
}

/* --- calls ---------------------------------------------------------------- */

/* A counter as it stands, for what is named. */
static enum rc
add_counter(struct page_call *call, struct rate *rate, struct rate_count *count,
    const char *layer, const char *name, json_t *list)
{
	int64_t used, nwindows = 0;
	enum rc rc;

	if (count->layer != RATE_IP) {
		rc = rate_refusals(rate, count, call->now, &nwindows);
		if (rc != RC_OK)
			return rc;
	}
	rc = rate_peek(rate, count, call->now);
	if (rc != RC_OK && rc != RC_LIMITED)
		return rc;
	used = count->limit - count->remaining;
	return order_model_add(list,
	    json_pack("{s:s, s:s, s:I, s:I, s:b, s:b, s:I, s:o}", "layer",
		layer, "name", name, "used", (json_int_t)used, "limit",
		(json_int_t)count->limit, "full", rc == RC_LIMITED, "noted",
		count->layer != RATE_IP, "refusals", (json_int_t)nwindows,
		"until", page_json_time(used > 0 ? count->reset : 0)));
}

static enum rc
add_counters(struct page_call *call, struct rate *rate,
    const struct found *found, json_t *list)
{
	const struct config *config = call->config;
	struct rate_count count;
	enum rc rc = RC_OK;
	size_t i;

	for (i = 0; rc == RC_OK && i < found->nkeys; i++) {
		rate_count_id(
		    &count, RATE_KEY, found->key_ids[i], config->rate_key);
		rc = add_counter(call, rate, &count, "Key",
		    json_string_value(json_array_get(found->keys, i)), list);
	}
	if (rc == RC_OK) {
		rate_count_id(&count, RATE_TIER, call->caller.account_id,
		    call->caller.tier_limit);
		rc = add_counter(
		    call, rate, &count, "Account", "all keys together", list);
	}
	if (rc == RC_OK) {
		rate_count_ip(&count, call->from.address, config->rate_ip);
		rc = add_counter(call, rate, &count, "Address",
		    call->from.address_text, list);
	}
	return rc;
}

/* Counters that cannot be read now are no reason to show nothing at all. */
static enum rc
set_calls(struct page_call *call, const struct found *found)
{
	json_t *list = json_array();
	char path[CONFIG_PATH_MAX];
	struct rate *rate = NULL;
	enum rc rc;

	rc = config_data_path(call->config, RATE_NAME, path);
	if (rc == RC_OK)
		rc = rate_open(path, call->config->busy_ms, &rate);
	if (rc == RC_OK)
		rc = add_counters(call, rate, found, list);
	rate_close(rate);
	if (rc != RC_OK)
		(void)json_array_clear(list);
	rc = page_set(
	    call, "has_calls", json_boolean(json_array_size(list) > 0));
	if (rc == RC_OK)
		rc = page_set(call, "calls", json_incref(list));
	json_decref(list);
	return rc;
}

static enum rc
get(struct page_call *call)
{
	struct found found = { .latest = json_array(), .keys = json_array() };
	struct spend spend;
	enum rc rc;

	rc = load(call, &spend);
	if (rc == RC_OK)
		rc = find(call, &spend, &found);
	if (rc == RC_OK) {
		keep(call, &spend);
		rc = set_days(call, &spend);
	}
	if (rc == RC_OK)
		rc = set_attention(call, &found.attention);
	if (rc == RC_OK)
		rc = set_calls(call, &found);
	if (rc == RC_OK)
		rc = page_set(call, "has_latest",
		    json_boolean(json_array_size(found.latest) > 0));
	if (rc == RC_OK)
		rc = page_set(call, "latest", json_incref(found.latest));
	json_decref(found.latest);
	json_decref(found.keys);
	return rc;
}

const struct page page_overview = {
	.name = "overview",
	.title = "Overview",
	.get = get,
};
