/* SPDX-License-Identifier: ISC */
/*
 * The front door, POST /api/v2: the one URL that clients know.  It picks an
 * action by the field of that name.
 */
#include "actions.h"
#include "call.h"

int
main(void)
{
	static const struct action *const actions[] = {
		&action_services,
		&action_add,
		&action_status,
		&action_refill,
		&action_refill_status,
		&action_cancel,
		&action_balance,
		&action_webhook_add,
		&action_webhook_list,
		&action_webhook_update,
		&action_webhook_remove,
		&action_webhook_rotate,
		&action_webhook_test,
		&action_webhook_deliveries,
		&action_webhook_resend,
	};

	return call_main("v2", actions, sizeof(actions) / sizeof(actions[0]));
}
