/* SPDX-License-Identifier: ISC */
/*
 * add: places an order.
 */
#include "actions.h"
#include "json_out.h"
#include "order.h"

static enum rc
add(struct call *call)
{
	struct json_out out;
	int64_t id;
	enum rc rc;

	rc = order_place(
	    call->db, &call->caller, call->form, call->now, &id, &call->why);
	if (rc != RC_OK)
		return rc;
	json_out_begin(&out, call->out);
	json_out_int(&out, '{', "order", id);
	json_out_raw(&out, "}", 1);
	json_out_flush(&out);
	return RC_OK;
}

const struct action action_add = { "add", NULL, NULL, add, DB_WRITE };
