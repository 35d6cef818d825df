/* SPDX-License-Identifier: ISC */
/*
 * The operator's command: finds the words in the table, reads options and
 * operands, opens what the command needs, and gives its exit status.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cmd.h"

/* The Makefile gives the version as it is, without quotes. */
#define TEXT(token) #token
#define TEXT_OF(macro) TEXT(macro)
#include "log.h"
#include "process.h"
#include "schema_version.h"

static void
print_exits(void)
{
	(void)fputs("\n"
		    "Exit status: 0 done; 1 refused or not found; 2 wrong "
		    "usage;\n"
		    "3 check found something wrong; 70 failed as told;\n"
		    "75 busy or the disk is full, try again later.\n",
	    stdout);
}

static void
print_help(void)
{
	const struct cmd *cmd;
	char usage[64];

	(void)fputs("usage: latchkey [-c FILE] COMMAND [OPTION ...] "
		    "[OPERAND ...]\n\n"
		    "  -c FILE    the configuration (default: latchkey.conf "
		    "near the program)\n"
		    "  --help     this, or after a command its own help\n"
		    "  --version  the version\n\n",
	    stdout);
	for (cmd = cmd_table; cmd->words != NULL; cmd++) {
		(void)snprintf(
		    usage, sizeof(usage), "%s %s", cmd->words, cmd->operands);
		(void)printf("  %-26s %s\n", usage, cmd->summary);
	}
	(void)fputs("\nAn ACCOUNT is an id or an e-mail address.\n", stdout);
	print_exits();
}

static void
print_command_help(const struct cmd *cmd)
{
	const struct cmd_option *o;
	char text[64];

	(void)printf("usage: latchkey [-c FILE] %s%s%s%s\n%s\n", cmd->words,
	    cmd->options != NULL ? " [OPTION ...]" : "",
	    cmd->operands[0] != '\0' ? " " : "", cmd->operands, cmd->summary);
	for (o = cmd->options; o != NULL && o->name != NULL; o++) {
		(void)snprintf(text, sizeof(text), "--%s%s%s%s", o->name,
		    o->value != NULL ? " " : "",
		    o->value != NULL ? o->value : "",
		    o->letter == 'd' ? ", -d DIR" : "");
		(void)printf("%s  %-22s %s\n", o == cmd->options ? "\n" : "",
		    text, o->help);
	}
	print_exits();
}

/* The command whose words the arguments begin with; *n of them. */
static const struct cmd *
find_command(char *const *argv, int argc, int *n)
{
	const struct cmd *cmd;
	char two[64] = "";

	if (argc >= 2)
		(void)snprintf(two, sizeof(two), "%s %s", argv[0], argv[1]);
	for (cmd = cmd_table; cmd->words != NULL; cmd++) {
		*n = 1 + (strchr(cmd->words, ' ') != NULL);
		if (strcmp(*n == 1 ? argv[0] : two, cmd->words) == 0)
			return cmd;
	}
	return NULL;
}

/*
 * Finds the option that an argument names: "--name", "--name=value" (*value
 * is set) or "-x".  Gives its place in the table or -1.
 */
static int
find_option(const struct cmd *cmd, const char *arg, const char **value)
{
	const struct cmd_option *o;
	size_t len;

	*value = NULL;
	for (o = cmd->options; o != NULL && o->name != NULL; o++) {
		len = strlen(o->name);
		if (o->letter != '\0' && arg[1] == o->letter && arg[2] == '\0')
			return (int)(o - cmd->options);
		if (arg[1] != '-' || strncmp(arg + 2, o->name, len) != 0)
			continue;
		if (arg[2 + len] == '=' && o->value != NULL)
			*value = arg + 2 + len + 1;
		else if (arg[2 + len] != '\0')
			continue;
		return (int)(o - cmd->options);
	}
	return -1;
}

/* "-5" and "-.5" are amounts, "-" is a file. */
static int
is_operand(const char *arg)
{
	return arg[0] != '-' || arg[1] == '\0' ||
	       (arg[1] >= '0' && arg[1] <= '9') || arg[1] == '.';
}

/* Reads the arguments after the words; *help is set when it is asked for. */
static enum cmd_exit
parse(struct cmd_call *call, char *const *argv, int argc, int *help)
{
	const struct cmd *cmd = call->cmd;
	int i, option, only_operands = 0;
	const char *value;

	for (i = 0; i < argc; i++) {
		if (!only_operands && strcmp(argv[i], "--help") == 0) {
			*help = 1;
			return CMD_DONE;
		}
		if (!only_operands && strcmp(argv[i], "--") == 0) {
			only_operands = 1;
			continue;
		}
		if (only_operands || is_operand(argv[i])) {
			if (call->noperands == cmd->max)
				return cmd_misused(
				    call, "cannot use %s: too much", argv[i]);
			call->operand[call->noperands++] = argv[i];
			continue;
		}
		option = find_option(cmd, argv[i], &value);
		if (option < 0)
			return cmd_misused(
			    call, "cannot use %s: no such option", argv[i]);
		if (cmd->options[option].value == NULL)
			value = "";
		else if (value == NULL && ++i == argc)
			return cmd_misused(call,
			    "cannot use %s: its value is missing", argv[i - 1]);
		else if (value == NULL)
			value = argv[i];
		call->value[option] = value;
	}
	if (call->noperands < cmd->min)
		return cmd_misused(call, "cannot %s: %s is missing", cmd->words,
		    cmd->operands);
	return CMD_DONE;
}

/* Finds the configuration, as an absolute path. */
static enum rc
find_config(const struct cmd_call *call, char path[CONFIG_PATH_MAX])
{
	char *real;
	enum rc rc;
	int n;

	if (call->config_path == NULL) {
		rc = config_find(path);
		if (rc == RC_NOT_FOUND)
			(void)cmd_refuse(
			    "cannot find latchkey.conf: run latchkey init, or "
			    "say where with -c");
		return rc;
	}
	real = realpath(call->config_path, NULL);
	if (real == NULL) {
		(void)cmd_refuse("cannot find the configuration %s: %s",
		    call->config_path, strerror(errno));
		return RC_NOT_FOUND;
	}
	n = snprintf(path, CONFIG_PATH_MAX, "%s", real);
	free(real);
	if (n >= 0 && n < CONFIG_PATH_MAX)
		return RC_OK;
	(void)cmd_refuse("cannot use the configuration: its path is too long");
	return RC_INVALID;
}

/* The schema must be this program's, unless the command is to make it so. */
static enum cmd_exit
check_version(struct cmd_call *call)
{
	int64_t version = 0;
	enum rc rc;

	if ((rc = db_begin(call->db, DB_READ)) == RC_OK)
		rc = db_end(call->db, db_version(call->db, &version));
	/* A damaged file is what check is there to tell. */
	if (rc == RC_FAIL && call->cmd->run == cmd_check &&
	    db_is_damaged(call->db))
		return CMD_DONE;
	if (rc != RC_OK)
		return cmd_end(rc, NULL, "read the database");
	if (call->cmd->need == CMD_DATA || version == SCHEMA_VERSION)
		return CMD_DONE;
	if (version > SCHEMA_VERSION)
		return cmd_refuse("cannot use the database: it has version "
				  "%lld and is newer than this program",
		    (long long)version);
	return cmd_refuse("cannot use the database: it has version %lld "
			  "instead of %d; run latchkey migrate",
	    (long long)version, SCHEMA_VERSION);
}

static enum cmd_exit
open_data(struct cmd_call *call)
{
	char path[CONFIG_PATH_MAX];
	enum rc rc;

	if ((rc = find_config(call, path)) != RC_OK)
		return rc == RC_FAIL ? CMD_OURS : CMD_REFUSED;
	/* Each says itself what is wrong. */
	if (process_become_owner(path) != RC_OK ||
	    config_load(path, &call->config) != RC_OK ||
	    process_become_owner(call->config.data_dir) != RC_OK)
		return CMD_OURS;
	if (call->cmd->need == CMD_CONFIG)
		return CMD_DONE;
	if (config_check_data(&call->config, NULL) != RC_OK ||
	    secret_init() != RC_OK ||
	    config_data_path(&call->config, DB_NAME, path) != RC_OK)
		return CMD_OURS;
	rc = db_open(path, 0, call->config.busy_ms, &call->db);
	if (rc != RC_OK)
		return cmd_end(rc, "there is none; run latchkey init",
		    "open the database %s", path);
	return check_version(call);
}

/* Runs the command that the arguments name. */
static enum cmd_exit
run(struct cmd_call *call, char *const *argv, int argc)
{
	enum cmd_exit status;
	int words = 0, help = 0;

	call->cmd = find_command(argv, argc, &words);
	if (call->cmd == NULL)
		return cmd_misused(call, "cannot %s%s%s: no such command",
		    argv[0], argc > 1 && argv[1][0] != '-' ? " " : "",
		    argc > 1 && argv[1][0] != '-' ? argv[1] : "");
	status = parse(call, argv + words, argc - words, &help);
	if (status != CMD_DONE)
		return status;
	if (help) {
		print_command_help(call->cmd);
		return CMD_DONE;
	}
	if (call->cmd->need != CMD_NOTHING)
		status = open_data(call);
	if (status == CMD_DONE)
		status = call->cmd->run(call);
	return status;
}

/* Reads what stands before the command, and goes on. */
static enum cmd_exit
start(struct cmd_call *call, char *const *argv, int argc)
{
	int i;

	for (i = 1; i < argc && argv[i][0] == '-'; i++) {
		if (strcmp(argv[i], "--help") == 0) {
			print_help();
			return CMD_DONE;
		}
		if (strcmp(argv[i], "--version") == 0) {
			(void)puts("latchkey " TEXT_OF(LATCHKEY_VERSION));
			return CMD_DONE;
		}
		if (strcmp(argv[i], "-c") != 0)
			return cmd_misused(
			    call, "cannot use %s: no such option", argv[i]);
		if (++i == argc)
			return cmd_misused(call, "cannot use -c: no file");
		call->config_path = argv[i];
	}
	if (i == argc)
		return cmd_misused(call, "cannot tell what to do: no command");
	return run(call, argv + i, argc - i);
}

int
main(int argc, char **argv)
{
	struct cmd_call call = { .now = (int64_t)time(NULL) };
	enum cmd_exit status = CMD_OURS;

	log_program("operator");
	if (process_harden(0) == RC_OK)
		status = start(&call, argv, argc);
	db_close(call.db);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		(void)cmd_refuse(
		    "cannot write the output: %s", strerror(errno));
		if (status == CMD_DONE)
			status = CMD_OURS;
	}
	return (int)status;
}
