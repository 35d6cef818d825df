/* SPDX-License-Identifier: ISC */
/*
 * What the commands of latchkey share: the table they stand in, what they
 * are called with, and how they answer.  A command makes a model (a jansson
 * value); it is printed as a table for people or as JSON.
 */
#ifndef LATCHKEY_CMD_H
#define LATCHKEY_CMD_H

#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "config.h"
#include "db.h"
#include "people.h"
#include "rc.h"
#include "secret.h"

/* How the program ends; the numbers above 63 are those of sysexits.h. */
enum cmd_exit {
	CMD_DONE = 0,
	CMD_REFUSED = 1,  /* a bad value, a limit, not found */
	CMD_USAGE = 2,    /* wrong words, options or operands */
	CMD_WRONG = 3,    /* check found something */
	CMD_OURS = 70,    /* our fault, already logged */
	CMD_TEMPFAIL = 75 /* busy or full */
};

enum { CMD_OPERANDS_MAX = 2, CMD_OPTIONS_MAX = 16 };

/* What must be there before a command runs. */
enum cmd_need {
	CMD_NOTHING,
	CMD_CONFIG,  /* the configuration */
	CMD_DATA,    /* configuration and database, of any version */
	CMD_DATABASE /* and the schema is this program's */
};

struct cmd_option {
	const char *name;  /* after "--"; NULL ends the list */
	const char *value; /* what follows, for --help; NULL: a flag */
	const char *help;
	char letter; /* also "-x"; 0: none */
};

struct cmd_call;

struct cmd {
	const char *words;    /* "account add" */
	const char *operands; /* for --help, "" for none */
	size_t min, max;      /* how many of them */
	enum cmd_need need;
	const struct cmd_option *options; /* NULL: none */
	enum cmd_exit (*run)(struct cmd_call *call);
	const char *summary;
};

/* One call of a command. */
struct cmd_call {
	const struct cmd *cmd;
	const char *config_path; /* of -c, or NULL */
	size_t noperands;
	const char *operand[CMD_OPERANDS_MAX]; /* NULL past the last */
	const char *value[CMD_OPTIONS_MAX];    /* in the table's order */
	struct config config;
	struct db *db;
	int64_t now; /* Unix seconds */
};

/* All commands; ends with words of NULL. */
extern const struct cmd cmd_table[];

/* The value of an option, "" for a flag that is set; NULL if not given. */
const char *cmd_value(const struct cmd_call *call, const char *option);

/* Writes "latchkey: " and the message as one line; gives CMD_REFUSED. */
enum cmd_exit cmd_refuse(const char *fmt, ...)
    __attribute__((format(printf, 1, 2)));

/* The same, and a hint at --help; gives CMD_USAGE. */
enum cmd_exit cmd_misused(const struct cmd_call *call, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * The exit status of rc.  Unless that is CMD_DONE writes the line
 * "latchkey: cannot <what>: <why>"; without a why (NULL or "") the general
 * one of rc.
 */
enum cmd_exit cmd_end(enum rc rc, const char *why, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* One column of a table for people: a name in the model, and its head. */
struct cmd_column {
	const char *key; /* NULL ends the list */
	const char *head;
	int right; /* numbers stand to the right */
};

/*
 * Print a list of objects, or one object, as JSON with --json, otherwise for
 * people, and drop the reference.  A NULL model is memory that ran out.
 */
enum cmd_exit cmd_print_list(
    struct cmd_call *call, json_t *list, const struct cmd_column *columns);
enum cmd_exit cmd_print_one(struct cmd_call *call, json_t *object);

/*
 * Appends an item to a list and drops the reference to it; for callbacks.
 * RC_FAIL (logged) if either is NULL or memory has run out.
 */
enum rc cmd_append(json_t *list, json_t *item);

/* New values of a model: null for NULL or 0. */
json_t *cmd_json_text(const char *s);
json_t *cmd_json_time(int64_t time);
json_t *cmd_json_amount(int64_t amount_nano);

/*
 * Reads an operand or an option as a whole number in range; otherwise says
 * that <what> is not one.
 */
enum cmd_exit cmd_number(
    const char *s, const char *what, int64_t min, int64_t max, int64_t *n);

/* The same of an option; *n stays as it is where that is not given. */
enum cmd_exit cmd_option_number(const struct cmd_call *call, const char *option,
    int64_t min, int64_t max, int64_t *n);

/*
 * Finds an account by id or address, inside a transaction.  RC_NOT_FOUND
 * with *why set.
 */
enum rc cmd_account(
    struct cmd_call *call, const char *who, int64_t *id, const char **why);

/*
 * Opens the people's database, of this program's version; whoever does
 * closes it (people_close).
 */
enum cmd_exit cmd_people(struct cmd_call *call, struct people *people);

/* Loads the pepper; whoever does wipes it.  RC_FAIL (logged). */
enum rc cmd_pepper(const struct cmd_call *call, struct pepper *pepper);

/* The commands, by file. */
enum cmd_exit cmd_init(struct cmd_call *call);
enum cmd_exit cmd_migrate(struct cmd_call *call);
enum cmd_exit cmd_account_add(struct cmd_call *call);
enum cmd_exit cmd_account_list(struct cmd_call *call);
enum cmd_exit cmd_account_suspend(struct cmd_call *call);
enum cmd_exit cmd_account_unsuspend(struct cmd_call *call);
enum cmd_exit cmd_account_tier(struct cmd_call *call);
enum cmd_exit cmd_account_threshold(struct cmd_call *call);
enum cmd_exit cmd_account_password(struct cmd_call *call);
enum cmd_exit cmd_tier_list(struct cmd_call *call);
enum cmd_exit cmd_tier_set(struct cmd_call *call);
enum cmd_exit cmd_key_create(struct cmd_call *call);
enum cmd_exit cmd_key_list(struct cmd_call *call);
enum cmd_exit cmd_key_rotate(struct cmd_call *call);
enum cmd_exit cmd_key_revoke(struct cmd_call *call);
enum cmd_exit cmd_service_add(struct cmd_call *call);
enum cmd_exit cmd_service_edit(struct cmd_call *call);
enum cmd_exit cmd_service_list(struct cmd_call *call);
enum cmd_exit cmd_service_import(struct cmd_call *call);
enum cmd_exit cmd_order_list(struct cmd_call *call);
enum cmd_exit cmd_order_show(struct cmd_call *call);
enum cmd_exit cmd_order_set(struct cmd_call *call);
enum cmd_exit cmd_refill_list(struct cmd_call *call);
enum cmd_exit cmd_refill_set(struct cmd_call *call);
enum cmd_exit cmd_credit(struct cmd_call *call);
enum cmd_exit cmd_request_list(struct cmd_call *call);
enum cmd_exit cmd_request_show(struct cmd_call *call);
enum cmd_exit cmd_request_confirm(struct cmd_call *call);
enum cmd_exit cmd_request_reject(struct cmd_call *call);
enum cmd_exit cmd_check(struct cmd_call *call);
enum cmd_exit cmd_backup(struct cmd_call *call);
enum cmd_exit cmd_sweep(struct cmd_call *call);
enum cmd_exit cmd_demo(struct cmd_call *call);
enum cmd_exit cmd_templates_check(struct cmd_call *call);
enum cmd_exit cmd_templates_export(struct cmd_call *call);

#endif
