/* SPDX-License-Identifier: ISC */
/*
 * What actions share: their ids and the JSON of their answers.
 */
#include "action.h"

#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "number.h"

void
action_kept_clear(struct action_kept *kept)
{
	free(kept->text);
	memset(kept, 0, sizeof(*kept));
}

enum rc
action_no_memory(void)
{
	log_err("cannot write an answer: out of memory");
	return RC_FAIL;
}

enum rc
action_answer(struct call *call, json_t *model)
{
	enum rc rc = RC_FAIL;

	if (model != NULL && json_dumpf(model, call->out, JSON_COMPACT) == 0)
		rc = RC_OK;
	else
		log_err("cannot write an answer: out of memory");
	json_decref(model);
	return rc;
}

json_t *
action_error(enum rc rc, const struct why *why)
{
	char text[ERROR_TEXT_LEN];

	error_text(error_of(rc, why), why != NULL ? why->arg : NULL, text);
	return json_pack("{s:s}", "error", text);
}

int
action_is_item_error(enum rc rc)
{
	return rc == RC_INVALID || rc == RC_NOT_FOUND;
}

json_t *
action_id_json(const struct action_id *id)
{
	return id->id != 0 ? json_integer(id->id)
			   : json_stringn(id->text, id->len);
}

static void
add_id(void *arg, const char *text, size_t len)
{
	struct call *call = arg;
	struct action_id *id = &call->ids[call->nids++];

	id->text = text;
	id->len = len;
	if (number_parse(text, len, 1, INT64_MAX, &id->id) != RC_OK)
		id->id = 0;
}

/* The field's old name, which clients still send. */
static const char *
old_name(const char *name)
{
	return strcmp(name, "order") == 0 ? "id" : NULL;
}

enum rc
action_ids(const struct action *action, struct call *call)
{
	const char *name = action->many, *one;
	size_t n;

	call->is_list = 1;
	n = form_list(call->form, name, ACTION_IDS_MAX, add_id, call);
	if (n == 0) {
		name = action->one;
		one = form_get(call->form, name);
		if (one == NULL && old_name(name) != NULL &&
		    form_get(call->form, old_name(name)) != NULL) {
			name = old_name(name);
			one = form_get(call->form, name);
		}
		if (one != NULL && strchr(one, ',') == NULL) {
			/* Sent twice, the last one wins. */
			call->is_list = 0;
			add_id(call, one, strlen(one));
			return RC_OK;
		}
		n = form_list(call->form, name, ACTION_IDS_MAX, add_id, call);
	}
	if (n == 0)
		return error_set(&call->why, ERROR_REQUEST, NULL);
	if (n > ACTION_IDS_MAX)
		return error_set(&call->why, ERROR_TOO_MANY, NULL);
	return RC_OK;
}

/* Does the work for all ids of a list and adds an item for each. */
static enum rc
fill_list(struct call *call, const struct action_items *items, json_t *list)
{
	struct why why;
	json_t *value;
	enum rc rc;
	size_t i;

	for (i = 0; i < call->nids; i++) {
		why = (struct why){ 0 };
		value = NULL;
		rc = items->each(call, call->ids[i].id, &value, &why);
		if (rc != RC_OK && !action_is_item_error(rc))
			return rc;
		if (rc != RC_OK)
			value = action_error(rc, &why);
		if (json_array_append_new(
			list, json_pack("{s:o, s:o}", items->id_name,
				  action_id_json(&call->ids[i]),
				  items->value_name, value)) != 0) {
			log_err("cannot write an answer: out of memory");
			return RC_FAIL;
		}
	}
	return RC_OK;
}

enum rc
action_for_ids(struct call *call, const struct action_items *items)
{
	json_t *model = NULL, *value = NULL;
	int64_t id = call->ids[0].id;
	enum rc rc;

	rc = db_begin(call->db, items->mode);
	if (rc != RC_OK)
		return rc;
	if (call->is_list) {
		model = json_array();
		rc = fill_list(call, items, model);
	} else {
		rc = items->each(call, id, &value, &call->why);
		if (rc == RC_OK)
			model = items->one(id, value);
	}
	rc = db_end(call->db, rc);
	if (rc == RC_OK)
		return action_answer(call, model);
	json_decref(model);
	return rc;
}
