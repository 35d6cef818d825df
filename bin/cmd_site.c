/* SPDX-License-Identifier: ISC */
/*
 * latchkey check and backup.
 */
#include "cmd.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "site.h"

static void
add_fault(void *list, const struct site_fault *fault)
{
	/* Without memory the count still tells. */
	(void)cmd_append(list,
	    json_pack("{s:s, s:I, s:o}", "check", fault->check, "id",
		(json_int_t)fault->id, "what", cmd_json_text(fault->what)));
}

enum cmd_exit
cmd_check(struct cmd_call *call)
{
	static const struct cmd_column columns[] = {
		{ "check", "CHECK", 0 },
		{ "id", "ID", 1 },
		{ "what", "WHAT IS WRONG", 0 },
		{ NULL, NULL, 0 },
	};
	json_t *list = json_array();
	enum cmd_exit status;
	int64_t n = 0;
	enum rc rc;

	rc = call->noperands == 0
		 ? site_check(call->db, add_fault, list, &n)
		 : site_check_copy(call->operand[0], call->config.busy_ms,
		       add_fault, list, &n);
	if (rc != RC_OK) {
		json_decref(list);
		return cmd_end(rc, NULL, "check the site");
	}
	if (n == 0 && cmd_value(call, "json") == NULL) {
		json_decref(list);
		(void)puts("all is consistent");
		return CMD_DONE;
	}
	status = cmd_print_list(call, list, columns);
	if (status != CMD_DONE || n == 0)
		return status;
	(void)cmd_refuse("check found %" PRId64 " %s", n,
	    n == 1 ? "thing wrong" : "things wrong");
	return CMD_WRONG;
}

enum cmd_exit
cmd_backup(struct cmd_call *call)
{
	enum rc rc;

	/* The copy itself never overwrites; this only says it better. */
	if (access(call->operand[0], F_OK) == 0)
		return cmd_refuse("cannot back up to %s: the file is there "
				  "already",
		    call->operand[0]);
	rc = site_backup(call->db, call->operand[0], call->config.busy_ms);
	return cmd_end(
	    rc, "the file is there already", "back up to %s", call->operand[0]);
}
