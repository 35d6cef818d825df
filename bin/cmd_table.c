/* SPDX-License-Identifier: ISC */
/*
 * The commands of latchkey, and their options: one table that the parser
 * and --help read.  latchkey.1 says the same at length.
 */
#include "cmd.h"

#define JSON_OPTION                           \
	{                                     \
		"json", NULL, "print JSON", 0 \
	}
#define END                         \
	{                           \
		NULL, NULL, NULL, 0 \
	}

static const struct cmd_option json_only[] = { JSON_OPTION, END };

static const struct cmd_option init_options[] = {
	{ "dir", "DIR", "where to make the site", 'd' },
	{ "url", "URL", "the panel's address, as users see it", 0 },
	{ "owner", "USER", "run by root: whose the site will be", 0 },
	END,
};

static const struct cmd_option account_add_options[] = {
	{ "name", "NAME", "as operators see it (default: EMAIL)", 0 },
	{ "tier", "TIER", "its rate tier (default: Standard)", 0 },
	END,
};

static const struct cmd_option account_password_options[] = {
	{ "no-second-factor", NULL, "turn it off as well", 0 },
	END,
};

static const struct cmd_option sweep_options[] = {
	{ "verbose", NULL, "say how much was deleted", 'v' },
	END,
};

static const struct cmd_option key_create_options[] = {
	{ "label", "LABEL", "what it is for (default: API key)", 0 },
	END,
};

static const struct cmd_option key_revoke_options[] = {
	{ "why", "TEXT", "noted with the key", 0 },
	END,
};

static const struct cmd_option service_options[] = {
	{ "name", "TEXT", "what it is called", 0 },
	{ "type", "TYPE", "as clients know it: Default, Package, ...", 0 },
	{ "category", "TEXT", "under which it is listed", 0 },
	{ "rate", "AMOUNT", "price of 1000 pieces, or of one package", 0 },
	{ "min", "N", "smallest order", 0 },
	{ "max", "N", "largest order", 0 },
	{ "desc", "TEXT", "description", 0 },
	{ "refill", NULL, "refills may be asked for", 0 },
	{ "no-refill", NULL, "they may not", 0 },
	{ "cancel", NULL, "orders can be canceled", 0 },
	{ "no-cancel", NULL, "they cannot", 0 },
	{ "dripfeed", NULL, "orders may come in runs", 0 },
	{ "no-dripfeed", NULL, "they may not", 0 },
	{ "active", NULL, "it is on sale", 0 },
	{ "inactive", NULL, "it is not", 0 },
	END,
};

_Static_assert(
    sizeof(service_options) / sizeof(service_options[0]) <= CMD_OPTIONS_MAX + 1,
    "a call has room for the longest table");

static const struct cmd_option order_list_options[] = {
	{ "account", "ACCOUNT", "only of this account", 0 },
	{ "status", "STATUS", "only with this status", 0 },
	{ "cancel-requested", NULL, "only with a request to cancel", 0 },
	{ "limit", "N", "how many (default: 50)", 0 },
	{ "before", "ID", "only older than this one", 0 },
	JSON_OPTION,
	END,
};

static const struct cmd_option order_set_options[] = {
	{ "status", "STATUS", "move it; refunds what the status says", 0 },
	{ "start-count", "N", "the count before delivery", 0 },
	{ "remains", "N", "pieces still to be delivered", 0 },
	{ "note", "TEXT", "for the history of the move", 0 },
	{ "decline-cancel", NULL, "take the request to cancel away", 0 },
	END,
};

static const struct cmd_option refill_list_options[] = {
	{ "account", "ACCOUNT", "only of this account", 0 },
	{ "status", "STATUS", "only with this status", 0 },
	{ "limit", "N", "how many (default: 50)", 0 },
	{ "before", "ID", "only older than this one", 0 },
	JSON_OPTION,
	END,
};

static const struct cmd_option credit_options[] = {
	{ "note", "TEXT", "kept with the transaction", 0 },
	{ "adjust", NULL, "a correction, which may be negative", 0 },
	END,
};

static const struct cmd_option request_list_options[] = {
	{ "account", "ACCOUNT", "only of this account", 0 },
	{ "kind", "KIND", "only deposits, or withdrawals", 0 },
	{ "status", "STATUS", "only with this status", 0 },
	{ "limit", "N", "how many (default: 50)", 0 },
	{ "before", "ID", "only older than this one", 0 },
	JSON_OPTION,
	END,
};

static const struct cmd_option request_confirm_options[] = {
	{ "note", "TEXT", "for its owner", 0 },
	END,
};

static const struct cmd_option request_reject_options[] = {
	{ "note", "TEXT", "for its owner: why", 0 },
	END,
};

const struct cmd cmd_table[] = {
	{ "init", "", 0, 0, CMD_NOTHING, init_options, cmd_init,
	    "make configuration, data directory and databases" },
	{ "migrate", "", 0, 0, CMD_DATA, NULL, cmd_migrate,
	    "bring the databases to this program's schema" },
	{ "account add", "EMAIL", 1, 1, CMD_DATABASE, account_add_options,
	    cmd_account_add, "make an account; prints its id" },
	{ "account list", "", 0, 0, CMD_DATABASE, json_only, cmd_account_list,
	    "list the accounts" },
	{ "account suspend", "ACCOUNT", 1, 1, CMD_DATABASE, NULL,
	    cmd_account_suspend, "refuse all calls of an account" },
	{ "account unsuspend", "ACCOUNT", 1, 1, CMD_DATABASE, NULL,
	    cmd_account_unsuspend, "accept them again" },
	{ "account tier", "ACCOUNT TIER", 2, 2, CMD_DATABASE, NULL,
	    cmd_account_tier, "put an account into a rate tier" },
	{ "account threshold", "ACCOUNT AMOUNT", 2, 2, CMD_DATABASE, NULL,
	    cmd_account_threshold, "tell its webhooks when it has less" },
	{ "account password", "ACCOUNT", 1, 1, CMD_DATABASE,
	    account_password_options, cmd_account_password,
	    "set a password, read from standard input" },
	{ "tier list", "", 0, 0, CMD_DATABASE, json_only, cmd_tier_list,
	    "list the rate tiers" },
	{ "tier set", "TIER CALLS", 2, 2, CMD_DATABASE, NULL, cmd_tier_set,
	    "set what a tier may call in a minute" },
	{ "key create", "ACCOUNT", 1, 1, CMD_DATABASE, key_create_options,
	    cmd_key_create, "make an API key; prints it, this once" },
	{ "key list", "[ACCOUNT]", 0, 1, CMD_DATABASE, json_only, cmd_key_list,
	    "list the keys" },
	{ "key rotate", "PUBLIC_ID", 1, 1, CMD_DATABASE, NULL, cmd_key_rotate,
	    "give a key a new value; prints it, this once" },
	{ "key revoke", "PUBLIC_ID", 1, 1, CMD_DATABASE, key_revoke_options,
	    cmd_key_revoke, "end a key for good" },
	{ "service add", "", 0, 0, CMD_DATABASE, service_options,
	    cmd_service_add, "add a service; prints its id" },
	{ "service edit", "ID", 1, 1, CMD_DATABASE, service_options,
	    cmd_service_edit, "change a service" },
	{ "service list", "", 0, 0, CMD_DATABASE, json_only, cmd_service_list,
	    "list the catalogue" },
	{ "service import", "FILE|-", 1, 1, CMD_DATABASE, NULL,
	    cmd_service_import, "add and change services from a CSV file" },
	{ "order list", "", 0, 0, CMD_DATABASE, order_list_options,
	    cmd_order_list, "list orders, newest first" },
	{ "order show", "ID", 1, 1, CMD_DATABASE, json_only, cmd_order_show,
	    "show an order with its history" },
	{ "order set", "ID", 1, 1, CMD_DATABASE, order_set_options,
	    cmd_order_set, "change an order" },
	{ "refill list", "", 0, 0, CMD_DATABASE, refill_list_options,
	    cmd_refill_list, "list refills, newest first" },
	{ "refill set", "ID STATUS", 2, 2, CMD_DATABASE, NULL, cmd_refill_set,
	    "move a refill" },
	{ "credit", "ACCOUNT AMOUNT", 2, 2, CMD_DATABASE, credit_options,
	    cmd_credit, "put money in; prints the balance" },
	{ "request list", "", 0, 0, CMD_DATABASE, request_list_options,
	    cmd_request_list, "list requests to pay in or out" },
	{ "request show", "ID", 1, 1, CMD_DATABASE, json_only, cmd_request_show,
	    "show a request" },
	{ "request confirm", "ID", 1, 1, CMD_DATABASE, request_confirm_options,
	    cmd_request_confirm, "say that the money came, or was paid out" },
	{ "request reject", "ID", 1, 1, CMD_DATABASE, request_reject_options,
	    cmd_request_reject, "refuse it; what was held goes back" },
	{ "check", "[FILE]", 0, 1, CMD_DATABASE, json_only, cmd_check,
	    "tell whether the data, or a backup, is consistent" },
	{ "backup", "FILE", 1, 1, CMD_DATABASE, NULL, cmd_backup,
	    "copy the databases to new files; verify the copies" },
	{ "sweep", "", 0, 0, CMD_DATABASE, sweep_options, cmd_sweep,
	    "delete sessions, tokens and counters that are over" },
	{ "templates check", "[DIR]", 0, 1, CMD_CONFIG, json_only,
	    cmd_templates_check,
	    "tell whether pages can be made of the site's own" },
	{ "templates export", "DIR [NAME]", 1, 2, CMD_CONFIG, NULL,
	    cmd_templates_export, "write those that are built in to files" },
	{ "demo", "", 0, 0, CMD_DATABASE, NULL, cmd_demo,
	    "fill a new site to look at; prints keys, a password" },
	{ NULL, NULL, 0, 0, CMD_NOTHING, NULL, NULL, NULL },
};
