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
	struct json_out out;

	json_out_begin(&out, call->out);
	json_out_member(&out, '{', "balance",
	    money_format(call->caller.balance_nano, text));
	json_out_member(&out, ',', "currency", call->config->currency);
	json_out_raw(&out, "}", 1);
	json_out_flush(&out);
	return RC_OK;
}

const struct action action_balance = { "balance", NULL, NULL, balance,
	DB_READ };
