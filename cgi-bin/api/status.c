/* SPDX-License-Identifier: ISC */
/*
 * status: where one order stands, or up to 100.
 */
#include <stdio.h>
#include <string.h>

#include "actions.h"
#include "json_out.h"
#include "money.h"
#include "number.h"
#include "order.h"

/* Writes the answer for one order. */
static void
describe(struct json_out *out, const struct call *call,
    const struct order_standing *order)
{
	char charge[MONEY_TEXT_LEN], number[NUMBER_TEXT_LEN];

	json_out_member(
	    out, '{', "charge", money_format(order->charge_nano, charge));
	json_out_member(
	    out, ',', "start_count", number_format(order->start_count, number));
	json_out_member(
	    out, ',', "status", order_status_name((int)order->status));
	json_out_member(
	    out, ',', "remains", number_format(order->remains, number));
	json_out_member(out, ',', "currency", call->config->currency);
	json_out_raw(out, "}", 1);
}

/* Garbage that would make a success look like a failed call is left out. */
static int
is_error_key(const struct action_id *id)
{
	static const char ERROR_KEY_NAME[] = "error";

	return id->len == sizeof(ERROR_KEY_NAME) - 1 &&
	       memcmp(id->text, ERROR_KEY_NAME, id->len) == 0;
}

/* True if an id of the list was sent before: an object has each name once. */
static int
is_repeated(const struct call *call, size_t i)
{
	const struct action_id *id = &call->ids[i], *other;

	for (other = call->ids; other < id; other++)
		if (other->id == id->id && other->len == id->len &&
		    memcmp(other->text, id->text, id->len) == 0)
			return 1;
	return 0;
}

/* Describes every id of the call, each under its text as it was sent. */
static void
describe_all(struct json_out *out, const struct call *call,
    const struct order_standing *orders)
{
	const struct action_id *ids = call->ids;
	const char *before = "{";
	char unknown[ERROR_TEXT_LEN];
	size_t i;

	error_text(ERROR_ORDER, NULL, unknown);
	for (i = 0; i < call->nids; i++) {
		if (is_error_key(&ids[i]) || is_repeated(call, i))
			continue;
		json_out_raw(out, before, 1);
		json_out_string(out, ids[i].text, ids[i].len);
		json_out_raw(out, ":", 1);
		before = ",";
		if (orders[i].id != 0) {
			describe(out, call, &orders[i]);
		} else {
			json_out_member(out, '{', "error", unknown);
			json_out_raw(out, "}", 1);
		}
	}
	if (before[0] == '{')
		json_out_raw(out, before, 1);
	json_out_raw(out, "}", 1);
}

static enum rc
status(struct call *call)
{
	struct order_standing orders[ACTION_IDS_MAX];
	int64_t ids[ACTION_IDS_MAX];
	struct json_out out;
	enum rc rc;
	size_t i;

	for (i = 0; i < call->nids; i++)
		ids[i] = call->ids[i].id;
	rc = db_begin(call->db, DB_READ);
	if (rc == RC_OK)
		rc = db_end(call->db, order_standings(call->db, &call->caller,
					  ids, call->nids, orders));
	if (rc != RC_OK)
		return rc;
	json_out_begin(&out, call->out);
	if (call->is_list)
		describe_all(&out, call, orders);
	else if (orders[0].id != 0)
		describe(&out, call, &orders[0]);
	else
		rc = error_set(&call->why, ERROR_ORDER, NULL);
	json_out_flush(&out);
	return rc;
}

const struct action action_status = { "status", "order", "orders", status,
	DB_READ };
