/* SPDX-License-Identifier: ISC */
/*
 * status: where one order stands, or up to 100.
 */
#include <stdio.h>
#include <string.h>

#include "actions.h"
#include "json_out.h"
#include "money.h"
#include "order.h"

/* Writes the answer for one order. */
static void
describe(const struct call *call, const struct order *order)
{
	char charge[MONEY_TEXT_LEN];

	json_out_member(
	    call->out, '{', "charge", money_format(order->charge_nano, charge));
	(void)fprintf(call->out, ",\"start_count\":\"%lld\"",
	    (long long)order->start_count);
	json_out_member(
	    call->out, ',', "status", order_status_name(order->status));
	(void)fprintf(
	    call->out, ",\"remains\":\"%lld\"", (long long)order->remains);
	json_out_member(call->out, ',', "currency", call->config->currency);
	(void)fputc('}', call->out);
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
	const struct action_id *id = &call->ids[i];
	size_t k;

	for (k = 0; k < i; k++)
		if (call->ids[k].len == id->len &&
		    memcmp(call->ids[k].text, id->text, id->len) == 0)
			return 1;
	return 0;
}

/* Describes every id of the call, each under its text as it was sent. */
static enum rc
describe_all(struct call *call)
{
	const char *before = "{";
	struct order order;
	struct why why;
	enum rc rc;
	size_t i;

	for (i = 0; i < call->nids; i++) {
		why = (struct why){ 0 };
		if (is_error_key(&call->ids[i]) || is_repeated(call, i))
			continue;
		rc = order_find(
		    call->db, &call->caller, call->ids[i].id, &order, &why);
		if (rc != RC_OK && !action_is_item_error(rc))
			return rc;
		(void)fputs(before, call->out);
		json_out_string(call->out, call->ids[i].text, call->ids[i].len);
		(void)fputc(':', call->out);
		before = ",";
		if (rc == RC_OK)
			describe(call, &order);
		else if ((rc = action_answer(call, action_error(rc, &why))) !=
			 RC_OK)
			return rc;
	}
	(void)fputs(before[0] == ',' ? "}" : "{}", call->out);
	return RC_OK;
}

static enum rc
status(struct call *call)
{
	struct order order;
	enum rc rc;

	rc = db_begin(call->db, DB_READ);
	if (rc != RC_OK)
		return rc;
	if (call->is_list) {
		rc = describe_all(call);
	} else {
		rc = order_find(call->db, &call->caller, call->ids[0].id,
		    &order, &call->why);
		if (rc == RC_OK)
			describe(call, &order);
	}
	return db_end(call->db, rc);
}

const struct action action_status = { "status", "order", "orders", status };
