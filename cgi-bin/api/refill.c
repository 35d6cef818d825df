/* SPDX-License-Identifier: ISC */
/*
 * refill: asks for a refill of an order, or of up to 100, in one
 * transaction.
 */
#include <stdio.h>

#include "actions.h"
#include "refill.h"

static enum rc
refill_one(struct call *call, int64_t id, json_t **value, struct why *why)
{
	int64_t refill_id;
	enum rc rc;

	rc = refill_request(call->db, &call->caller, id,
	    call->config->refill_limit, call->now, &refill_id, why);
	if (rc == RC_OK)
		*value = json_integer(refill_id);
	return rc;
}

/* A string here, a number in lists: as clients know it. */
static json_t *
answer_one(int64_t id, json_t *value)
{
	char text[24];

	(void)id;
	(void)snprintf(
	    text, sizeof(text), "%lld", (long long)json_integer_value(value));
	json_decref(value);
	return json_pack("{s:s}", "refill", text);
}

static enum rc
refill(struct call *call)
{
	static const struct action_items items = { DB_WRITE, "order", "refill",
		refill_one, answer_one };

	return action_for_ids(call, &items);
}

const struct action action_refill = { "refill", "order", "orders", refill,
	DB_WRITE };
