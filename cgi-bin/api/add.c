/* SPDX-License-Identifier: ISC */
/*
 * add: places an order.
 */
#include "actions.h"
#include "order.h"

static enum rc
add(struct call *call)
{
	int64_t id;
	enum rc rc;

	rc = order_place(
	    call->db, &call->caller, call->form, call->now, &id, &call->why);
	if (rc != RC_OK)
		return rc;
	return action_answer(call, json_pack("{s:I}", "order", (json_int_t)id));
}

const struct action action_add = { "add", NULL, NULL, add, DB_WRITE };
