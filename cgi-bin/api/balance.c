/* SPDX-License-Identifier: ISC */
/*
 * balance: what the account has left, and in which currency.
 */
#include "actions.h"
#include "money.h"

static enum rc
balance(struct call *call)
{
	char text[MONEY_TEXT_LEN];
	int64_t balance_nano = 0;
	enum rc rc;

	rc = db_begin(call->db, DB_READ);
	if (rc != RC_OK)
		return rc;
	rc = account_balance(call->db, &call->caller, &balance_nano);
	rc = db_end(call->db, rc);
	if (rc != RC_OK)
		return rc;
	return action_answer(call,
	    json_pack("{s:s, s:s}", "balance", money_format(balance_nano, text),
		"currency", call->config->currency));
}

const struct action action_balance = { "balance", NULL, NULL, balance };
