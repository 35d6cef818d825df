/* SPDX-License-Identifier: ISC */
/*
 * An action of the API: its name, the field rules that all actions share,
 * and a function from a parsed, authenticated call to an answer.
 */
#ifndef LATCHKEY_ACTION_H
#define LATCHKEY_ACTION_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <jansson.h>

#include "account.h"
#include "config.h"
#include "db.h"
#include "error.h"
#include "form.h"
#include "rc.h"

enum { ACTION_IDS_MAX = 100 };

/* One id of a call: as sent (no NUL), and as a number (0 if it is none). */
struct action_id {
	const char *text;
	size_t len;
	int64_t id;
};

/*
 * What a process of many calls keeps of an answer that is the same for all
 * callers: good as long as the database is as it was.
 */
struct action_kept {
	struct db_state state;
	char *text; /* owned */
	size_t len;
};

/* Frees it; may be called twice. */
void action_kept_clear(struct action_kept *kept);

/* A call on its way through an action. */
struct call {
	const struct config *config;
	const struct form *form;
	struct db *db;
	struct caller caller;
	int64_t now; /* Unix seconds */
	int is_list; /* ids came as a list */
	size_t nids;
	struct action_id ids[ACTION_IDS_MAX];
	FILE *out;                /* the answer's JSON */
	struct action_kept *kept; /* NULL where there is but one call */
	struct why why;           /* set when run fails */
};

struct action {
	const char *name; /* the field "action" */
	const char *one;  /* its id field, NULL if it takes no id */
	const char *many; /* its list of ids, may be NULL */
	/* Writes the answer to call->out; anything but RC_OK discards it. */
	enum rc (*run)(struct call *call);
	enum db_mode mode; /* DB_READ: it changes nothing */
};

/*
 * Writes a model to the answer and drops the reference.  RC_FAIL (logged)
 * if the model is NULL or memory has run out.
 */
enum rc action_answer(struct call *call, json_t *model);

/* Logs that an answer could not be written for want of memory: RC_FAIL. */
enum rc action_no_memory(void);

/*
 * A new {"error": text} for why, or for rc's general error: an item of a
 * list that failed.  NULL without memory.
 */
json_t *action_error(enum rc rc, const struct why *why);

/*
 * True if a failed item of a list is answered beside the others; false if
 * rc (busy, our own fault) fails the whole call.
 */
int action_is_item_error(enum rc rc);

/* The id of an item in a list's answer: a number, or as sent if it is none. */
json_t *action_id_json(const struct action_id *id);

/*
 * Finds the call's ids in its form by the action's field names: a single
 * one, or a list of at most ACTION_IDS_MAX.  RC_INVALID (why is set) if
 * there is none or there are more.
 */
enum rc action_ids(const struct action *action, struct call *call);

/* How an action answers for ids, one or a list, in one transaction. */
struct action_items {
	enum db_mode mode;
	const char *id_name;    /* of an item's id in the answer to a list */
	const char *value_name; /* of what came of it */
	/*
	 * Does the work for one id.  On RC_OK *value is new: what a list has
	 * under value_name.  Items that fail must have changed nothing.
	 */
	enum rc (*each)(
	    struct call *call, int64_t id, json_t **value, struct why *why);
	/* The answer for a single id; takes over the value. */
	json_t *(*one)(int64_t id, json_t *value);
};

/*
 * Answers the call for all of its ids: an item of a list that fails is
 * answered beside the others, but RC_BUSY and RC_FAIL undo the whole call.
 */
enum rc action_for_ids(struct call *call, const struct action_items *items);

#endif
