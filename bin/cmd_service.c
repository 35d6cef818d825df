/* SPDX-License-Identifier: ISC */
/*
 * latchkey service: the catalogue.
 */
#include "cmd.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "catalog.h"
#include "catalog_admin.h"
#include "log.h"
#include "money.h"

enum { FILE_MAX = 16 << 20, TYPED_ID_MAX = 2147483647 };

/* Puts "1" or "0" into a flag's column if one of its options is given. */
static enum cmd_exit
read_flag(const struct cmd_call *call, const char *on, const char *off,
    const char **column)
{
	if (cmd_value(call, on) != NULL && cmd_value(call, off) != NULL)
		return cmd_misused(
		    call, "cannot use --%s and --%s together", on, off);
	if (cmd_value(call, on) != NULL)
		*column = "1";
	if (cmd_value(call, off) != NULL)
		*column = "0";
	return CMD_DONE;
}

static enum cmd_exit
read_words(const struct cmd_call *call, struct catalog_words *words)
{
	static const struct {
		enum catalog_column column;
		const char *on, *off;
	} flags[] = {
		{ CATALOG_REFILL, "refill", "no-refill" },
		{ CATALOG_CANCEL, "cancel", "no-cancel" },
		{ CATALOG_DRIPFEED, "dripfeed", "no-dripfeed" },
		{ CATALOG_ACTIVE, "active", "inactive" },
	};
	enum cmd_exit status = CMD_DONE;
	int c;
	size_t i;

	/* Options have the names of columns; flags come after and win. */
	for (c = CATALOG_NAME; c < CATALOG_COLUMNS; c++)
		words->column[c] = cmd_value(
		    call, catalog_admin_column((enum catalog_column)c));
	for (i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		status = read_flag(call, flags[i].on, flags[i].off,
		    &words->column[flags[i].column]);
		if (status != CMD_DONE)
			break;
	}
	return status;
}

/* True if nothing is said. */
static int
is_silent(const struct catalog_words *words)
{
	int c;

	for (c = 0; c < CATALOG_COLUMNS; c++)
		if (words->column[c] != NULL)
			return 0;
	return 1;
}

/* Ends with what is wrong in which column and line. */
static enum cmd_exit
end(enum rc rc, const struct catalog_fault *fault, const char *doing)
{
	char where[32] = "";

	if (rc != RC_INVALID)
		return cmd_end(rc, NULL, "%s", doing);
	if (fault->line != 0)
		(void)snprintf(
		    where, sizeof(where), "line %" PRId64 ": ", fault->line);
	return cmd_refuse("cannot %s: %s%s%s%s", doing, where,
	    fault->column != NULL ? fault->column : "",
	    fault->column != NULL ? " " : "", fault->what);
}

enum cmd_exit
cmd_service_add(struct cmd_call *call)
{
	struct catalog_words words = { { NULL } };
	struct catalog_fault fault = { 0, NULL, "" };
	enum cmd_exit status;
	int64_t id = 0;
	enum rc rc;

	if ((status = read_words(call, &words)) != CMD_DONE)
		return status;
	if ((rc = db_begin(call->db, DB_WRITE)) == RC_OK)
		rc = db_end(
		    call->db, catalog_admin_add(call->db, &words, &id, &fault));
	if (rc == RC_OK)
		(void)printf("%" PRId64 "\n", id);
	return end(rc, &fault, "add the service");
}

enum cmd_exit
cmd_service_edit(struct cmd_call *call)
{
	struct catalog_words words = { { NULL } };
	struct catalog_fault fault = { 0, NULL, "" };
	enum cmd_exit status;
	int64_t id = 0;
	enum rc rc;

	status = cmd_number(
	    call->operand[0], "the service's id", 1, TYPED_ID_MAX, &id);
	if (status != CMD_DONE ||
	    (status = read_words(call, &words)) != CMD_DONE)
		return status;
	if (is_silent(&words))
		return cmd_misused(
		    call, "cannot edit the service: nothing to change");
	if ((rc = db_begin(call->db, DB_WRITE)) == RC_OK)
		rc = db_end(
		    call->db, catalog_admin_edit(call->db, id, &words, &fault));
	return end(rc, &fault, "edit the service");
}

static enum rc
add_service(void *list, const struct service *s)
{
	char rate[MONEY_TEXT_LEN];

	return cmd_append(list,
	    json_pack("{s:I, s:o, s:o, s:o, s:s, s:I, s:I, s:b, s:b, s:b, s:o,"
		      " s:b}",
		"id", (json_int_t)s->id, "name", cmd_json_text(s->name), "type",
		cmd_json_text(s->type != NULL ? s->type->name : NULL),
		"category", cmd_json_text(s->category), "rate",
		money_format_rate(s->rate_micro, rate), "min",
		(json_int_t)s->min, "max", (json_int_t)s->max, "refill",
		s->refill, "cancel", s->cancel, "dripfeed", s->dripfeed, "desc",
		cmd_json_text(s->description), "active", s->active));
}

enum cmd_exit
cmd_service_list(struct cmd_call *call)
{
	static const struct cmd_column columns[] = {
		{ "id", "ID", 1 },
		{ "category", "CATEGORY", 0 },
		{ "name", "NAME", 0 },
		{ "type", "TYPE", 0 },
		{ "rate", "RATE", 1 },
		{ "min", "MIN", 1 },
		{ "max", "MAX", 1 },
		{ "refill", "REFILL", 0 },
		{ "cancel", "CANCEL", 0 },
		{ "dripfeed", "DRIPFEED", 0 },
		{ "active", "ACTIVE", 0 },
		{ NULL, NULL, 0 },
	};
	json_t *list = json_array();
	enum rc rc;

	if ((rc = db_begin(call->db, DB_READ)) == RC_OK)
		rc = db_end(
		    call->db, catalog_each(call->db, 1, add_service, list));
	if (rc == RC_OK)
		return cmd_print_list(call, list, columns);
	json_decref(list);
	return cmd_end(rc, NULL, "list the catalogue");
}

/*
 * Reads a whole file or, for "-", stdin: nobody waits for a slow pipe behind
 * the transaction.  *text is the caller's to free.
 */
static enum cmd_exit
read_file(const char *path, char **text, size_t *len)
{
	int is_stdin = strcmp(path, "-") == 0;
	FILE *in = is_stdin ? stdin : fopen(path, "re");
	enum cmd_exit status = CMD_DONE;
	size_t n, total = 0;
	char buf[8192];
	FILE *out;

	if (in == NULL)
		return cmd_refuse("cannot read %s: %s", path, strerror(errno));
	out = open_memstream(text, len);
	while (out != NULL && total <= FILE_MAX &&
	       (n = fread(buf, 1, sizeof(buf), in)) > 0)
		total += fwrite(buf, 1, n, out);
	if (ferror(in))
		status =
		    cmd_refuse("cannot read %s: %s", path, strerror(errno));
	else if (total > FILE_MAX)
		status = cmd_refuse("cannot read %s: over 16 MiB", path);
	if (out == NULL || fclose(out) != 0) {
		log_err("cannot read %s: out of memory", path);
		status = CMD_OURS;
	}
	if (!is_stdin)
		(void)fclose(in);
	return status;
}

enum cmd_exit
cmd_service_import(struct cmd_call *call)
{
	struct catalog_fault fault = { 0, NULL, "" };
	int64_t added = 0, changed = 0;
	enum cmd_exit status;
	char *text = NULL;
	size_t len = 0;
	FILE *in = NULL;
	enum rc rc = RC_FAIL;

	status = read_file(call->operand[0], &text, &len);
	if (status != CMD_DONE)
		goto out;
	if (len == 0) {
		status = cmd_refuse("cannot import: the file is empty");
		goto out;
	}
	if ((in = fmemopen(text, len, "r")) == NULL)
		log_err("cannot import: out of memory");
	else if ((rc = db_begin(call->db, DB_WRITE)) == RC_OK)
		rc = db_end(call->db, catalog_admin_import(call->db, in, &added,
					  &changed, &fault));
	if (rc == RC_OK)
		(void)printf(
		    "%" PRId64 " added, %" PRId64 " changed\n", added, changed);
	status = end(rc, &fault, "import");
out:
	if (in != NULL)
		(void)fclose(in);
	free(text);
	return status;
}
