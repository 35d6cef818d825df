/* SPDX-License-Identifier: ISC */
/*
 * /dashboard/transfer: sends money to another account.  Password and second
 * factor are asked for again.  Who names a receiver that there is not has
 * made a guess, and has to wait longer and longer for the next ones.
 *
 * A process that is killed between the steps leaves either nothing, or the
 * transfer without its line in the security history: the statement has it.
 */
#include <stdio.h>
#include <string.h>

#include "audit.h"
#include "guess.h"
#include "money.h"
#include "money_form.h"
#include "page.h"
#include "text.h"
#include "transfer.h"

enum { NOTE_LEN = TEXT_EMAIL_MAX + 128 };

static enum rc
get(struct page_call *call)
{
	char code[TRANSFER_CODE_LEN + 1];
	enum rc rc;

	rc = transfer_code(&call->people->pepper, &call->caller, code);
	if (rc == RC_OK)
		rc = page_set(call, "code", json_string(code));
	return rc == RC_OK ? page_set_reauth(call) : rc;
}

/* Counts a guess at a receiver, before it is known to be none. */
static enum rc
admit(struct page_call *call, struct guess *guess)
{
	struct db *people = call->people->db;
	enum rc rc;

	guess_account(guess, GUESS_TRANSFER, &call->caller);
	if ((rc = db_begin(people, DB_WRITE)) == RC_OK)
		rc = db_end(people,
		    guess_admit(people, guess, 1, call->now, &call->retry_s));
	return rc;
}

/*
 * What became of the try: only a receiver that there is not was a guess.  The
 * others give their one try back and no more, or transfers between two
 * accounts of his own would give a guesser as many as he likes.
 */
static void
note(struct page_call *call, const struct transfer *transfer,
    struct guess *guess, enum rc sent)
{
	struct db *people = call->people->db;
	char amount[MONEY_TEXT_LEN], text[NOTE_LEN];
	enum rc rc;

	if (sent == RC_NOT_FOUND || db_begin(people, DB_WRITE) != RC_OK)
		return;
	rc = guess_undo(people, guess, 1);
	(void)snprintf(text, sizeof(text), "%s %s to %s",
	    money_format(transfer->amount_nano, amount), call->config->currency,
	    transfer->email);
	if (rc == RC_OK && sent == RC_OK)
		rc = audit_add(people, &call->caller, AUDIT_TRANSFER,
		    call->from.address_text, text, call->now);
	(void)db_end(people, rc);
}

/* The owner's mail: whoever else has got in cannot hide it. */
static enum rc
tell(struct page_call *call, const struct transfer *transfer)
{
	char amount[MONEY_TEXT_LEN], url[PAGE_URL_LEN];
	const char *brand = page_brand(call);

	if (page_url(call, "funds", url) != RC_OK)
		return RC_FAIL;
	return page_mail_text(call, call->account.email, "Transfer at ", brand,
	    "Somebody, probably you, has sent\n\n    %s %s\n    to %s\n\n"
	    "from your balance at %s and the network address %s.\n\n"
	    "If it was not you, tell the operator at once and change your\n"
	    "password.\n\n%s\n",
	    money_format(transfer->amount_nano, amount), call->config->currency,
	    transfer->email, brand, call->from.address_text, url);
}

/* The fields of the form, but for the password. */
static enum rc
read_transfer(struct page_call *call, struct transfer *transfer)
{
	enum rc rc;

	transfer->email = page_field(call, "email");
	transfer->code = page_field(call, "receiver_code");
	transfer->note = page_field(call, "note");
	if (transfer->email == NULL)
		return page_error(
		    call, "email", "Give the receiver's e-mail address.");
	if (transfer->code == NULL)
		return page_error(
		    call, "receiver_code", "Give the receiver's code.");
	rc = money_form_amount(call, &transfer->amount_nano);
	return rc;
}

static enum rc
send(struct page_call *call)
{
	struct transfer transfer = { 0 };
	const char *what = "";
	struct guess guess;
	int64_t balance = 0;
	enum rc rc;

	if ((rc = read_transfer(call, &transfer)) != RC_OK ||
	    (rc = page_reauthenticate(call)) != RC_OK ||
	    (rc = admit(call, &guess)) != RC_OK)
		return rc;
	if ((rc = db_begin(call->db, DB_WRITE)) == RC_OK)
		rc = db_end(call->db,
		    transfer_send(call->db, &call->people->pepper,
			&call->caller, &transfer, call->now, &balance, &what));
	note(call, &transfer, &guess, rc);
	if (rc != RC_OK)
		return money_form_refused(call, NULL, rc, what);
	/* A mail that cannot be made undoes nothing, and is in the log. */
	(void)tell(call, &transfer);
	return page_done(call, "funds", "The amount is sent.");
}

static const char *const keep[] = { "email", "receiver_code", "amount", "note",
	NULL };

static const struct page_form forms[] = {
	{ .name = "send", .run = send, .flags = PAGE_ONCE, .keep = keep },
	{ .name = NULL },
};

const struct page page_transfer = {
	.name = "transfer",
	.title = "Send money",
	.menu = "funds",
	.get = get,
	.forms = forms,
};
