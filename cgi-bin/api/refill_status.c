/* SPDX-License-Identifier: ISC */
/*
 * refill_status: where one refill stands, or up to 100.
 */
#include "actions.h"
#include "refill.h"

static enum rc
find_one(struct call *call, int64_t id, json_t **value, struct why *why)
{
	enum refill_status status;
	enum rc rc;

	rc = refill_find(call->db, &call->caller, id, &status, why);
	if (rc == RC_OK)
		*value = json_string(refill_status_name((int)status));
	return rc;
}

static json_t *
answer_one(int64_t id, json_t *value)
{
	(void)id;
	return json_pack("{s:o}", "status", value);
}

static enum rc
refill_status(struct call *call)
{
	static const struct action_items items = { DB_READ, "refill", "status",
		find_one, answer_one };

	return action_for_ids(call, &items);
}

const struct action action_refill_status = { "refill_status", "refill",
	"refills", refill_status, DB_READ };
