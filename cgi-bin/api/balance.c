/* SPDX-License-Identifier: ISC */
/*
 * balance: what the account has left, and in which currency.  It is read
 * with the key.
 */
#include "actions.h"
#include "json_out.h"
#include "money.h"

static enum rc
balance(struct call *call)
{
	char text[MONEY_TEXT_LEN];

	json_out_member(call->out, '{', "balance",
	    money_format(call->caller.balance_nano, text));
	json_out_member(call->out, ',', "currency", call->config->currency);
	(void)fputc('}', call->out);
	return RC_OK;
}

const struct action action_balance = { "balance", NULL, NULL, balance };
