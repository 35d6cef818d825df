/* SPDX-License-Identifier: ISC */
/*
 * latchkey order and refill: what customers wait for.
 */
#include "cmd.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "money.h"
#include "order_admin.h"
#include "refill_admin.h"

enum { WORD_LEN = 32 };

/* A status as people type it: hyphens and underscores count as spaces. */
static void
to_status_word(const char *s, char word[WORD_LEN])
{
	size_t i;

	for (i = 0; i < WORD_LEN - 1 && s[i] != '\0'; i++)
		word[i] = s[i] == '-' || s[i] == '_' ? ' ' : s[i];
	word[i] = '\0';
}

/* Reads a status through one of the two tables. */
static enum cmd_exit
read_status(const char *s, int (*find)(const char *name), int *status)
{
	char word[WORD_LEN];

	if (s == NULL)
		return CMD_DONE;
	to_status_word(s, word);
	if ((*status = find(word)) != 0)
		return CMD_DONE;
	return cmd_refuse("cannot use the status %s: there is none", s);
}

static json_t *
order_json(const struct order_row *o)
{
	char price[MONEY_TEXT_LEN];

	return json_pack(
	    "{s:I, s:I, s:o, s:I, s:o, s:o, s:o, s:I, s:I, s:I, s:s, s:o,"
	    " s:o, s:o, s:o, s:o, s:o}",
	    "id", (json_int_t)o->id, "account", (json_int_t)o->account_id,
	    "email", cmd_json_text(o->email), "service",
	    (json_int_t)o->service_id, "service_name",
	    cmd_json_text(o->service), "status",
	    cmd_json_text(order_status_name(o->status)), "link",
	    cmd_json_text(o->link), "quantity", (json_int_t)o->quantity,
	    "remains", (json_int_t)o->remains, "start_count",
	    (json_int_t)o->start_count, "price",
	    money_format_rate(o->price_micro, price), "charge",
	    cmd_json_amount(o->charge_nano), "details",
	    cmd_json_text(o->details), "request_id",
	    cmd_json_text(o->request_id), "created_at",
	    cmd_json_time(o->created_at), "updated_at",
	    cmd_json_time(o->updated_at), "cancel_requested_at",
	    cmd_json_time(o->cancel_requested_at));
}

static enum rc
add_order(void *list, const struct order_row *row)
{
	return cmd_append(list, order_json(row));
}

static const struct cmd_column order_columns[] = {
	{ "id", "ID", 1 },
	{ "email", "ACCOUNT", 0 },
	{ "service", "SERVICE", 1 },
	{ "status", "STATUS", 0 },
	{ "quantity", "QUANTITY", 1 },
	{ "remains", "REMAINS", 1 },
	{ "charge", "CHARGE", 1 },
	{ "created_at", "CREATED", 0 },
	{ "cancel_requested_at", "CANCEL ASKED", 0 },
	{ "link", "LINK", 0 },
	{ NULL, NULL, 0 },
};

enum cmd_exit
cmd_order_list(struct cmd_call *call)
{
	const char *account = cmd_value(call, "account"), *why = NULL;
	struct order_filter filter = { 0 };
	enum cmd_exit status;
	json_t *list;
	enum rc rc;

	filter.cancel_requested = cmd_value(call, "cancel-requested") != NULL;
	if ((status = read_status(cmd_value(call, "status"), order_admin_status,
		 &filter.status)) != CMD_DONE ||
	    (status = cmd_option_number(call, "limit", 1, ORDER_ADMIN_LIMIT_MAX,
		 &filter.limit)) != CMD_DONE ||
	    (status = cmd_option_number(
		 call, "before", 1, INT64_MAX, &filter.before)) != CMD_DONE)
		return status;
	list = json_array();
	if ((rc = db_begin(call->db, DB_READ)) == RC_OK) {
		if (account != NULL)
			rc = cmd_account(
			    call, account, &filter.account_id, &why);
		if (rc == RC_OK)
			rc = order_admin_list(
			    call->db, &filter, add_order, list);
		rc = db_end(call->db, rc);
	}
	if (rc == RC_OK)
		return cmd_print_list(call, list, order_columns);
	json_decref(list);
	return cmd_end(rc, why, "list orders");
}

static enum rc
add_move(void *list, const struct order_move_row *m)
{
	return cmd_append(
	    list, json_pack("{s:o, s:o, s:o, s:s, s:o}", "at",
		      cmd_json_time(m->moved_at), "from",
		      cmd_json_text(order_status_name(m->from)), "to",
		      cmd_json_text(order_status_name(m->to)), "by",
		      m->actor == ORDER_BY_CUSTOMER ? "customer" : "operator",
		      "note", cmd_json_text(m->note)));
}

static enum rc
keep_order(void *arg, const struct order_row *row)
{
	json_t **order = arg;

	*order = order_json(row);
	return *order != NULL ? RC_OK : RC_FAIL;
}

/* The order and, in it, its history. */
static enum rc
read_order(struct db *db, int64_t id, json_t **order)
{
	json_t *history = json_array();
	enum rc rc;

	rc = order_admin_show(db, id, keep_order, order);
	if (rc == RC_OK)
		rc = order_admin_history(db, id, add_move, history);
	if (rc == RC_OK && json_object_set(*order, "history", history) != 0)
		rc = RC_FAIL;
	json_decref(history);
	return rc;
}

enum cmd_exit
cmd_order_show(struct cmd_call *call)
{
	static const struct cmd_column columns[] = {
		{ "at", "MOVED", 0 },
		{ "from", "FROM", 0 },
		{ "to", "TO", 0 },
		{ "by", "BY", 0 },
		{ "note", "NOTE", 0 },
		{ NULL, NULL, 0 },
	};
	json_t *order = NULL, *history;
	enum cmd_exit status;
	int64_t id = 0;
	enum rc rc;

	status =
	    cmd_number(call->operand[0], "the order's id", 1, INT64_MAX, &id);
	if (status != CMD_DONE)
		return status;
	if ((rc = db_begin(call->db, DB_READ)) == RC_OK)
		rc = db_end(call->db, read_order(call->db, id, &order));
	if (rc != RC_OK) {
		json_decref(order);
		return cmd_end(
		    rc, "no such order", "show the order %s", call->operand[0]);
	}
	history = json_incref(json_object_get(order, "history"));
	status = cmd_print_one(call, order);
	if (cmd_value(call, "json") == NULL && json_array_size(history) > 0 &&
	    status == CMD_DONE) {
		(void)fputc('\n', stdout);
		return cmd_print_list(call, history, columns);
	}
	json_decref(history);
	return status;
}

enum cmd_exit
cmd_order_set(struct cmd_call *call)
{
	struct order_change change = { .start_count = -1, .remains = -1 };
	const char *why = NULL;
	enum cmd_exit status;
	int64_t id = 0;
	enum rc rc;

	change.note = cmd_value(call, "note");
	change.decline_cancel = cmd_value(call, "decline-cancel") != NULL;
	if ((status = cmd_number(call->operand[0], "the order's id", 1,
		 INT64_MAX, &id)) != CMD_DONE ||
	    (status = read_status(cmd_value(call, "status"), order_admin_status,
		 &change.status)) != CMD_DONE ||
	    (status = cmd_option_number(call, "start-count", 0,
		 ORDER_ADMIN_COUNT_MAX, &change.start_count)) != CMD_DONE ||
	    (status = cmd_option_number(
		 call, "remains", 0, INT64_MAX, &change.remains)) != CMD_DONE)
		return status;
	if (change.status == 0 && change.start_count < 0 &&
	    change.remains < 0 && !change.decline_cancel)
		return cmd_misused(
		    call, "cannot set the order: nothing to set");
	if ((rc = db_begin(call->db, DB_WRITE)) == RC_OK)
		rc = db_end(
		    call->db, order_admin_set(call->db, id, &change,
				  call->config.currency, call->now, &why));
	if (rc == RC_NOT_FOUND)
		why = "no such order";
	return cmd_end(rc, why, "set the order %s", call->operand[0]);
}

static enum rc
add_refill(void *list, const struct refill_row *r)
{
	return cmd_append(list,
	    json_pack("{s:I, s:I, s:I, s:o, s:o, s:o, s:o, s:o, s:o}", "id",
		(json_int_t)r->id, "order", (json_int_t)r->order_id, "account",
		(json_int_t)r->account_id, "email", cmd_json_text(r->email),
		"service_name", cmd_json_text(r->service), "status",
		cmd_json_text(refill_status_name(r->status)), "link",
		cmd_json_text(r->link), "created_at",
		cmd_json_time(r->created_at), "updated_at",
		cmd_json_time(r->updated_at)));
}

enum cmd_exit
cmd_refill_list(struct cmd_call *call)
{
	static const struct cmd_column columns[] = {
		{ "id", "ID", 1 },
		{ "order", "ORDER", 1 },
		{ "email", "ACCOUNT", 0 },
		{ "service_name", "SERVICE", 0 },
		{ "status", "STATUS", 0 },
		{ "created_at", "CREATED", 0 },
		{ "updated_at", "UPDATED", 0 },
		{ "link", "LINK", 0 },
		{ NULL, NULL, 0 },
	};
	const char *account = cmd_value(call, "account"), *why = NULL;
	struct refill_filter filter = { 0 };
	enum cmd_exit status;
	json_t *list;
	enum rc rc;

	if ((status = read_status(cmd_value(call, "status"),
		 refill_admin_status, &filter.status)) != CMD_DONE ||
	    (status = cmd_option_number(call, "limit", 1,
		 REFILL_ADMIN_LIMIT_MAX, &filter.limit)) != CMD_DONE ||
	    (status = cmd_option_number(
		 call, "before", 1, INT64_MAX, &filter.before)) != CMD_DONE)
		return status;
	list = json_array();
	if ((rc = db_begin(call->db, DB_READ)) == RC_OK) {
		if (account != NULL)
			rc = cmd_account(
			    call, account, &filter.account_id, &why);
		if (rc == RC_OK)
			rc = refill_admin_list(
			    call->db, &filter, add_refill, list);
		rc = db_end(call->db, rc);
	}
	if (rc == RC_OK)
		return cmd_print_list(call, list, columns);
	json_decref(list);
	return cmd_end(rc, why, "list refills");
}

enum cmd_exit
cmd_refill_set(struct cmd_call *call)
{
	enum cmd_exit status;
	const char *why = NULL;
	int64_t id = 0;
	int to = 0;
	enum rc rc;

	if ((status = cmd_number(call->operand[0], "the refill's id", 1,
		 INT64_MAX, &id)) != CMD_DONE ||
	    (status = read_status(
		 call->operand[1], refill_admin_status, &to)) != CMD_DONE)
		return status;
	if ((rc = db_begin(call->db, DB_WRITE)) == RC_OK)
		rc = db_end(call->db, refill_admin_set(call->db, id,
					  (enum refill_status)to, call->now));
	if (rc == RC_NOT_FOUND)
		why = "no such refill";
	if (rc == RC_INVALID)
		why = "its status may not change to this one";
	return cmd_end(rc, why, "set the refill %s", call->operand[0]);
}
