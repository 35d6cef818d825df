/* SPDX-License-Identifier: ISC */
/*
 * balance: what the account has left, and in which currency.  It is read
 * with the key.
 */
#include "actions.h"
#include "money.h"

static enum rc
balance(struct call *call)
{
	char text[MONEY_TEXT_LEN];

	return action_answer(
	    call, json_pack("{s:s, s:s}", "balance",
		      money_format(call->caller.balance_nano, text), "currency",
		      call->config->currency));
}

const struct action action_balance = { "balance", NULL, NULL, balance };
