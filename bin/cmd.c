/* SPDX-License-Identifier: ISC */
/*
 * How commands answer: one line to stderr when they fail, a table or JSON
 * when they list.
 */
#include "cmd.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "account_admin.h"
#include "log.h"
#include "money.h"
#include "number.h"
#include "text.h"
#include "timestamp.h"

enum { COLUMNS_MAX = 16, CELL_LEN = 64 };

const char *
cmd_value(const struct cmd_call *call, const char *option)
{
	const struct cmd_option *options = call->cmd->options;
	size_t i;

	for (i = 0; options != NULL && options[i].name != NULL; i++)
		if (strcmp(options[i].name, option) == 0)
			return call->value[i];
	return NULL;
}

/* Writes s with what a terminal would obey replaced by '?'. */
static void
put_plain(FILE *out, const char *s)
{
	if (text_is_block(s, SIZE_MAX - 1) && strpbrk(s, "\n\t") == NULL) {
		(void)fputs(s, out);
		return;
	}
	for (; *s != '\0'; s++)
		(void)fputc(*s >= ' ' && *s <= '~' ? *s : '?', out);
}

static void
complain(const char *fmt, va_list ap)
{
	char line[1024];

	(void)vsnprintf(line, sizeof(line), fmt, ap);
	(void)fputs("latchkey: ", stderr);
	put_plain(stderr, line);
	(void)fputc('\n', stderr);
}

enum cmd_exit
cmd_refuse(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	complain(fmt, ap);
	va_end(ap);
	return CMD_REFUSED;
}

enum cmd_exit
cmd_misused(const struct cmd_call *call, const char *fmt, ...)
{
	const struct cmd *cmd = call->cmd;
	char what[512];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	(void)cmd_refuse("%s; see latchkey %s%s--help", what,
	    cmd != NULL ? cmd->words : "", cmd != NULL ? " " : "");
	return CMD_USAGE;
}

/* What each rc is to the one who called the program. */
static const struct {
	enum cmd_exit exit;
	const char *why;
} ends[] = {
	[RC_OK] = { CMD_DONE, "" },
	[RC_INVALID] = { CMD_REFUSED, "a value is not possible" },
	[RC_DENIED] = { CMD_REFUSED, "not allowed" },
	[RC_NOT_FOUND] = { CMD_REFUSED, "not found" },
	[RC_LIMITED] = { CMD_REFUSED, "over a limit" },
	[RC_BUSY] = { CMD_TEMPFAIL,
	    "the database is busy or the disk is full; try again later" },
	[RC_FAIL] = { CMD_OURS, "see the line above" },
};

enum cmd_exit
cmd_end(enum rc rc, const char *why, const char *fmt, ...)
{
	char what[512];
	va_list ap;

	if (rc == RC_OK)
		return CMD_DONE;
	va_start(ap, fmt);
	(void)vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	if (why == NULL || why[0] == '\0' || ends[rc].exit != CMD_REFUSED)
		why = ends[rc].why;
	(void)cmd_refuse("cannot %s: %s", what, why);
	return ends[rc].exit;
}

static enum cmd_exit
no_memory(void)
{
	log_err("cannot print: out of memory");
	return CMD_OURS;
}

/* True if that is what was asked for, and prints it. */
static int
print_json(const struct cmd_call *call, const json_t *model)
{
	if (cmd_value(call, "json") == NULL)
		return 0;
	(void)json_dumpf(model, stdout, JSON_INDENT(2));
	(void)fputc('\n', stdout);
	return 1;
}

/* A value as people read it; buf holds numbers. */
static const char *
cell(const json_t *value, char buf[CELL_LEN])
{
	switch (json_typeof(value)) {
	case JSON_STRING:
		return json_string_value(value);
	case JSON_INTEGER:
		(void)snprintf(buf, CELL_LEN, "%lld",
		    (long long)json_integer_value(value));
		return buf;
	case JSON_TRUE:
		return "yes";
	case JSON_FALSE:
		return "no";
	case JSON_NULL:
	case JSON_REAL:
	case JSON_OBJECT:
	case JSON_ARRAY:
	default:
		return "-";
	}
}

/* Characters, not bytes, of UTF-8. */
static size_t
width(const char *s)
{
	size_t n = 0;

	for (; *s != '\0'; s++)
		n += ((unsigned char)*s & 0xc0) != 0x80;
	return n;
}

static void
put_cell(const char *s, size_t wide, int right, int last)
{
	size_t pad = wide - width(s);

	if (right)
		(void)printf("%*s", (int)pad, "");
	put_plain(stdout, s);
	if (!right && !last)
		(void)printf("%*s", (int)pad, "");
	(void)fputs(last ? "\n" : "  ", stdout);
}

static void
print_table(const json_t *list, const struct cmd_column *columns)
{
	size_t wide[COLUMNS_MAX], n, i, c, len;
	char buf[CELL_LEN];

	for (n = 0; columns[n].key != NULL; n++)
		wide[n] = width(columns[n].head);
	for (i = 0; i < json_array_size(list); i++) {
		for (c = 0; c < n; c++) {
			len =
			    width(cell(json_object_get(json_array_get(list, i),
					   columns[c].key),
				buf));
			if (len > wide[c])
				wide[c] = len;
		}
	}
	for (c = 0; c < n; c++)
		put_cell(
		    columns[c].head, wide[c], columns[c].right, c + 1 == n);
	for (i = 0; i < json_array_size(list); i++)
		for (c = 0; c < n; c++)
			put_cell(cell(json_object_get(json_array_get(list, i),
					  columns[c].key),
				     buf),
			    wide[c], columns[c].right, c + 1 == n);
}

enum cmd_exit
cmd_print_list(
    struct cmd_call *call, json_t *list, const struct cmd_column *columns)
{
	if (list == NULL)
		return no_memory();
	if (!print_json(call, list))
		print_table(list, columns);
	json_decref(list);
	return CMD_DONE;
}

enum cmd_exit
cmd_print_one(struct cmd_call *call, json_t *object)
{
	char buf[CELL_LEN];
	const char *key;
	size_t wide = 0;
	json_t *value;

	if (object == NULL)
		return no_memory();
	if (!print_json(call, object)) {
		json_object_foreach(object, key, value) if (width(key) > wide)
		    wide = width(key);
		json_object_foreach(object, key, value)
		{
			if (json_is_array(value))
				continue;
			put_cell(key, wide, 0, 0);
			put_plain(stdout, cell(value, buf));
			(void)fputc('\n', stdout);
		}
	}
	json_decref(object);
	return CMD_DONE;
}

enum rc
cmd_append(json_t *list, json_t *item)
{
	if (json_array_append_new(list, item) == 0)
		return RC_OK;
	log_err("cannot list: out of memory");
	return RC_FAIL;
}

json_t *
cmd_json_text(const char *s)
{
	json_t *text;

	if (s == NULL)
		return json_null();
	text = json_string(s);
	/* What jansson refuses is not UTF-8: damaged, but no reason to stop. */
	return text != NULL ? text : json_string("?");
}

json_t *
cmd_json_time(int64_t seconds)
{
	char buf[TIMESTAMP_LEN];

	return seconds == 0 ? json_null()
			    : json_string(timestamp_format(seconds, buf));
}

json_t *
cmd_json_amount(int64_t amount_nano)
{
	char buf[MONEY_TEXT_LEN];

	return json_string(money_format(amount_nano, buf));
}

enum cmd_exit
cmd_number(
    const char *s, const char *what, int64_t min, int64_t max, int64_t *n)
{
	if (number_parse(s, strlen(s), min, max, n) == RC_OK)
		return CMD_DONE;
	return cmd_refuse("%s must be a whole number from %lld to %lld, not %s",
	    what, (long long)min, (long long)max, s);
}

enum cmd_exit
cmd_option_number(const struct cmd_call *call, const char *option, int64_t min,
    int64_t max, int64_t *n)
{
	const char *s = cmd_value(call, option);

	return s != NULL ? cmd_number(s, option, min, max, n) : CMD_DONE;
}

enum rc
cmd_account(
    struct cmd_call *call, const char *who, int64_t *id, const char **why)
{
	enum rc rc = account_admin_find(call->db, who, id);

	if (rc == RC_NOT_FOUND)
		*why = "no such account";
	return rc;
}

enum cmd_exit
cmd_people(struct cmd_call *call, struct people *people)
{
	enum rc rc;

	if (people_open(&call->config, call->db, people) != RC_OK)
		return CMD_OURS;
	rc = db_begin(people->db, DB_READ);
	if (rc == RC_OK)
		rc = db_end(people->db, RC_OK);
	if (rc == RC_OK)
		return CMD_DONE;
	if (db_is_outdated(people->db))
		rc = RC_FAIL;
	people_close(people);
	return cmd_end(rc, NULL, "read the people's database");
}

enum rc
cmd_pepper(const struct cmd_call *call, struct pepper *pepper)
{
	char path[CONFIG_PATH_MAX];

	if (config_data_path(&call->config, SECRET_PEPPER_NAME, path) != RC_OK)
		return RC_FAIL;
	return secret_pepper_load(path, pepper);
}
