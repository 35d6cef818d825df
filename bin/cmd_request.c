/* SPDX-License-Identifier: ISC */
/*
 * latchkey request: what account holders have asked to pay in, or to be paid
 * out.
 */
#include "cmd.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mail.h"
#include "money.h"
#include "money_request_admin.h"
#include "text.h"

static json_t *
request_json(const struct money_request_row *row)
{
	const struct money_request *r = &row->request;

	return json_pack(
	    "{s:I, s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
	    "id", (json_int_t)r->id, "account", (json_int_t)row->account_id,
	    "email", cmd_json_text(row->email), "kind",
	    cmd_json_text(money_request_kind_name(r->kind)), "status",
	    cmd_json_text(money_request_status_name(r->kind, r->status)),
	    "amount", cmd_json_amount(r->amount_nano), "how",
	    cmd_json_text(r->how), "note", cmd_json_text(r->note),
	    "transaction",
	    row->txn_id != 0 ? json_integer(row->txn_id) : json_null(),
	    "end_transaction",
	    row->end_txn_id != 0 ? json_integer(row->end_txn_id) : json_null(),
	    "created_at", cmd_json_time(r->created_at), "updated_at",
	    cmd_json_time(r->updated_at));
}

static enum rc
add_request(void *list, const struct money_request_row *row)
{
	return cmd_append(list, request_json(row));
}

/* Reads what the list is to have, but for the account. */
static enum cmd_exit
read_filter(const struct cmd_call *call, struct money_request_filter *filter)
{
	const char *kind = cmd_value(call, "kind");
	const char *status = cmd_value(call, "status");
	enum cmd_exit bad;

	if (kind != NULL && (filter->kind = money_request_kind_find(kind)) == 0)
		return cmd_refuse(
		    "cannot use the kind %s: it is deposit or withdrawal",
		    kind);
	if (status != NULL &&
	    (filter->status = money_request_admin_status(status)) == 0)
		return cmd_refuse(
		    "cannot use the status %s: there is none", status);
	bad = cmd_option_number(
	    call, "limit", 1, MONEY_REQUEST_ADMIN_LIMIT_MAX, &filter->limit);
	return bad != CMD_DONE ? bad
			       : cmd_option_number(call, "before", 1, INT64_MAX,
				     &filter->before);
}

enum cmd_exit
cmd_request_list(struct cmd_call *call)
{
	static const struct cmd_column columns[] = {
		{ "id", "ID", 1 },
		{ "email", "ACCOUNT", 0 },
		{ "kind", "KIND", 0 },
		{ "status", "STATUS", 0 },
		{ "amount", "AMOUNT", 1 },
		{ "created_at", "CREATED", 0 },
		{ "updated_at", "UPDATED", 0 },
		{ "how", "HOW", 0 },
		{ NULL, NULL, 0 },
	};
	const char *account = cmd_value(call, "account"), *why = NULL;
	struct money_request_filter filter = { 0 };
	enum cmd_exit status;
	json_t *list;
	enum rc rc;

	if ((status = read_filter(call, &filter)) != CMD_DONE)
		return status;
	list = json_array();
	if ((rc = db_begin(call->db, DB_READ)) == RC_OK) {
		if (account != NULL)
			rc = cmd_account(
			    call, account, &filter.account_id, &why);
		if (rc == RC_OK)
			rc = money_request_admin_list(
			    call->db, &filter, add_request, list);
		rc = db_end(call->db, rc);
	}
	if (rc == RC_OK)
		return cmd_print_list(call, list, columns);
	json_decref(list);
	return cmd_end(rc, why, "list requests");
}

static enum rc
keep_request(void *arg, const struct money_request_row *row)
{
	json_t **request = arg;

	*request = request_json(row);
	return *request != NULL ? RC_OK : RC_FAIL;
}

enum cmd_exit
cmd_request_show(struct cmd_call *call)
{
	json_t *request = NULL;
	enum cmd_exit status;
	int64_t id = 0;
	enum rc rc;

	status =
	    cmd_number(call->operand[0], "the request's id", 1, INT64_MAX, &id);
	if (status != CMD_DONE)
		return status;
	if ((rc = db_begin(call->db, DB_READ)) == RC_OK)
		rc = db_end(call->db, money_request_admin_show(call->db, id,
					  keep_request, &request));
	if (rc == RC_OK)
		return cmd_print_one(call, request);
	json_decref(request);
	return cmd_end(
	    rc, "no such request", "show the request %s", call->operand[0]);
}

/* What the owner's mail needs of a request that has ended. */
struct told {
	int kind;
	int64_t amount_nano;
	char email[TEXT_EMAIL_MAX + 1];
};

static enum rc
keep_told(void *arg, const struct money_request_row *row)
{
	struct told *told = arg;

	told->kind = row->request.kind;
	told->amount_nano = row->request.amount_nano;
	(void)snprintf(told->email, sizeof(told->email), "%s", row->email);
	return RC_OK;
}

/* What has become of it, for its owner. */
static const char *
outcome(int kind, enum money_request_status to)
{
	if (kind == MONEY_REQUEST_DEPOSIT)
		return to == MONEY_REQUEST_DONE
			   ? "was confirmed: the amount is on your balance"
			   : "was rejected";
	return to == MONEY_REQUEST_DONE
		   ? "was paid"
		   : "was rejected: the amount is back on your balance";
}

/*
 * Tells the owner.  The request has ended whether or not that works, and a
 * mail that cannot be sent is in the log: the page of the owner has it too.
 */
static void
tell(const struct cmd_call *call, int64_t id, const struct told *told,
    enum money_request_status to, const char *note)
{
	char amount[MONEY_TEXT_LEN], subject[64];
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (out == NULL)
		return;
	(void)snprintf(
	    subject, sizeof(subject), "Your request %lld", (long long)id);
	(void)fprintf(out, "Your request %lld to pay %s %s %s\n%s.\n",
	    (long long)id, told->kind == MONEY_REQUEST_DEPOSIT ? "in" : "out",
	    money_format(told->amount_nano, amount), call->config.currency,
	    outcome(told->kind, to));
	if (note != NULL)
		(void)fprintf(out, "\nWith these words: %s\n", note);
	(void)fprintf(out, "\n%s/dashboard/funds\n", call->config.url);
	if (fclose(out) == 0)
		(void)mail_send(&call->config, told->email, subject, text);
	free(text);
}

/* Ends a request and tells its owner. */
static enum cmd_exit
end_request(struct cmd_call *call, enum money_request_status to)
{
	const char *note = cmd_value(call, "note"), *why = NULL;
	struct told told = { 0 };
	enum cmd_exit status;
	int64_t id = 0;
	enum rc rc;

	status =
	    cmd_number(call->operand[0], "the request's id", 1, INT64_MAX, &id);
	if (status != CMD_DONE)
		return status;
	if ((rc = db_begin(call->db, DB_WRITE)) == RC_OK) {
		rc = money_request_admin_show(call->db, id, keep_told, &told);
		if (rc == RC_OK)
			rc = money_request_admin_end(call->db, id, to, note,
			    call->config.currency, call->now, &why);
		rc = db_end(call->db, rc);
	}
	if (rc == RC_OK)
		tell(call, id, &told, to, note);
	if (rc == RC_NOT_FOUND)
		why = "no such request";
	return cmd_end(rc, why, "%s the request %s",
	    to == MONEY_REQUEST_DONE ? "confirm" : "reject", call->operand[0]);
}

enum cmd_exit
cmd_request_confirm(struct cmd_call *call)
{
	return end_request(call, MONEY_REQUEST_DONE);
}

enum cmd_exit
cmd_request_reject(struct cmd_call *call)
{
	if (cmd_value(call, "note") == NULL)
		return cmd_misused(
		    call, "cannot reject the request: --note is missing");
	return end_request(call, MONEY_REQUEST_REJECTED);
}
