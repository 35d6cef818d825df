/* SPDX-License-Identifier: ISC */
/*
 * webhook.list: the account's endpoints.
 */
#include "actions.h"
#include "webhook_fields.h"

static enum rc
list(struct call *call)
{
	json_t *model = json_array();
	enum rc rc;

	if ((rc = db_begin(call->db, DB_READ)) == RC_OK)
		rc = db_end(
		    call->db, webhook_each(call->db, &call->caller, 0,
				  webhook_field_describe, model, &call->why));
	if (rc == RC_OK)
		return action_answer(call, model);
	json_decref(model);
	return rc;
}

const struct action action_webhook_list = { "webhook.list", NULL, NULL, list,
	DB_READ };
