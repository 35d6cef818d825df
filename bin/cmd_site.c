/* SPDX-License-Identifier: ISC */
/*
 * latchkey check, backup and sweep.
 */
#include "cmd.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "site.h"
#include "sweep.h"

static void
add_fault(void *list, const struct site_fault *fault)
{
	/* Without memory the count still tells. */
	(void)cmd_append(list,
	    json_pack("{s:s, s:I, s:o}", "check", fault->check, "id",
		(json_int_t)fault->id, "what", cmd_json_text(fault->what)));
}

/* Both databases, as they are. */
static enum rc
check_site(struct cmd_call *call, json_t *list, int64_t *n)
{
	static const struct site_fault missing = { "people", 0,
		"the people's database is not there; run latchkey migrate" };
	char path[CONFIG_PATH_MAX];
	struct db *people = NULL;
	enum rc rc;

	rc = site_check(call->db, add_fault, list, n);
	if (rc == RC_OK)
		rc = config_data_path(&call->config, PEOPLE_NAME, path);
	if (rc != RC_OK)
		return rc;
	rc = db_open(path, 0, call->config.busy_ms, &people);
	if (rc == RC_OK)
		rc = site_check_people(people, call->db, add_fault, list, n);
	if (rc == RC_NOT_FOUND) {
		add_fault(list, &missing);
		++*n;
		rc = RC_OK;
	}
	db_close(people);
	return rc;
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
		 ? check_site(call, list, &n)
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

/* Refuses a file that is there, which no copy ever overwrites. */
static enum cmd_exit
check_absent(const char *path)
{
	if (access(path, F_OK) != 0)
		return CMD_DONE;
	return cmd_refuse(
	    "cannot back up to %s: the file is there already", path);
}

enum cmd_exit
cmd_backup(struct cmd_call *call)
{
	char beside[SITE_COPY_PATH_LEN], path[CONFIG_PATH_MAX];
	const char *file = call->operand[0];
	struct db *people = NULL;
	enum cmd_exit status;
	enum rc rc;

	if (site_people_path(file, beside) != RC_OK ||
	    config_data_path(&call->config, PEOPLE_NAME, path) != RC_OK)
		return CMD_REFUSED;
	if ((status = check_absent(file)) != CMD_DONE ||
	    (status = check_absent(beside)) != CMD_DONE)
		return status;
	rc = db_open(path, 0, call->config.busy_ms, &people);
	if (rc == RC_OK)
		rc = site_backup_both(
		    call->db, people, file, call->config.busy_ms);
	db_close(people);
	if (rc == RC_NOT_FOUND)
		return cmd_refuse("cannot back up: the people's database is "
				  "not there; run latchkey migrate");
	return cmd_end(rc, "the file is there already", "back up to %s", file);
}

enum cmd_exit
cmd_sweep(struct cmd_call *call)
{
	struct people people;
	enum cmd_exit status;
	struct swept swept;
	enum rc rc;

	if ((status = cmd_people(call, &people)) != CMD_DONE)
		return status;
	rc =
	    sweep_people(people.db, call->config.audit_days, call->now, &swept);
	people_close(&people);
	if (cmd_value(call, "verbose") != NULL)
		(void)printf("sessions %" PRId64 ", mailed tokens %" PRId64
			     ", counters %" PRId64 ", forms %" PRId64
			     ", second factors %" PRId64 ", history %" PRId64
			     "\n",
		    swept.sessions, swept.mail_tokens, swept.guesses,
		    swept.forms, swept.second_factors, swept.audits);
	return cmd_end(rc, NULL, "sweep");
}
