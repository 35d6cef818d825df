/* SPDX-License-Identifier: ISC */
/*
 * Money from one account to another.  Who asks for an address without the
 * code that belongs to it learns nothing, from the answer or from its time.
 */
#include "transfer.h"

#include <stdio.h>
#include <string.h>

#include "funds.h"
#include "ledger.h"
#include "money.h"
#include "text.h"

enum {
	CODE_CHARS = 8, /* of five bits each */
	NOTE_MAX = 200, /* bytes of the sender's words */
	TYPED_MAX = 4 * CODE_CHARS
};

/* "from A to B: words" */
enum { STORED_LEN = 2 * TEXT_EMAIL_MAX + NOTE_MAX + 16 };

/*
 * The code without its hyphen, by Crockford's alphabet
 * (https://www.crockford.com/base32.html): no I, L, O or U.
 */
static enum rc
make_code(
    const struct pepper *pepper, int64_t account_id, char code[CODE_CHARS + 1])
{
	static const char digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
	unsigned char mac[SECRET_HASH_LEN];
	uint64_t bits = 0;
	char text[48];
	enum rc rc;
	int n, i;

	n = snprintf(
	    text, sizeof(text), "transfer code %lld", (long long)account_id);
	rc = secret_hmac(pepper, text, (size_t)n, mac);
	for (i = 0; i < 5; i++)
		bits = bits << 8 | mac[i];
	for (i = CODE_CHARS - 1; i >= 0; i--, bits >>= 5)
		code[i] = digits[bits & 31];
	code[CODE_CHARS] = '\0';
	secret_wipe(mac, sizeof(mac));
	return rc;
}

enum rc
transfer_code(const struct pepper *pepper, const struct caller *caller,
    char code[TRANSFER_CODE_LEN + 1])
{
	char plain[CODE_CHARS + 1];
	enum rc rc = make_code(pepper, caller->account_id, plain);

	if (rc == RC_OK)
		(void)snprintf(
		    code, TRANSFER_CODE_LEN + 1, "%.4s-%.4s", plain, plain + 4);
	else
		code[0] = '\0';
	return rc;
}

/* A code as it was typed, without what does not count. */
static void
read_code(const char *typed, char code[CODE_CHARS + 1])
{
	static const char alike[] = "IiLlOo", means[] = "111100";
	const char *p;
	size_t n = 0;

	memset(code, 0, CODE_CHARS + 1);
	if (strnlen(typed, TYPED_MAX + 1) > TYPED_MAX)
		return;
	for (; *typed != '\0'; typed++) {
		if (*typed == '-' || *typed == ' ')
			continue;
		if (n == CODE_CHARS) {
			/* Too long: no code is empty. */
			code[0] = '\0';
			return;
		}
		p = strchr(alike, *typed);
		if (p != NULL)
			code[n++] = means[p - alike];
		else if (*typed >= 'a' && *typed <= 'z')
			code[n++] = (char)(*typed - 'a' + 'A');
		else
			code[n++] = *typed;
	}
}

/* Anybody's: it is the receiver who is looked for, by address. */
static const char SQL_RECEIVER[] =
    "SELECT id FROM account WHERE email = $1 AND suspended_at IS NULL";

/*
 * Finds the account that has this address, which is written to address as it
 * is stored, and this code.  An address that has none is compared with a code
 * too, that of no account.
 */
static enum rc
find_receiver(struct db *db, const struct pepper *pepper,
    const struct transfer *transfer, char address[TEXT_EMAIL_MAX + 1],
    int64_t *id)
{
	char typed[CODE_CHARS + 1], code[CODE_CHARS + 1];
	enum rc rc, found;
	int is_address;

	*id = 0;
	is_address = text_email(transfer->email, address);
	found = db_one(
	    db, SQL_RECEIVER, DB_ARGS(DB_TEXT(is_address ? address : "")), id);
	if (found != RC_OK && found != RC_NOT_FOUND)
		return found;
	if ((rc = make_code(pepper, *id, code)) != RC_OK)
		return rc;
	read_code(transfer->code, typed);
	return secret_equal(typed, code, CODE_CHARS) ? found : RC_NOT_FOUND;
}

/*
 * RC_INVALID, RC_DENIED and *what for what nobody can send; reads who sends
 * otherwise.
 */
static enum rc
check(struct db *db, const struct caller *caller,
    const struct transfer *transfer, struct account *account, const char **what)
{
	struct caller sender = *caller;
	enum rc rc;

	if (transfer->amount_nano <= 0)
		*what = "the amount must be more than zero";
	else if (transfer->amount_nano > MONEY_MAX)
		*what = "the amount is too large";
	else if (transfer->note != NULL &&
		 !text_is_line(transfer->note, NOTE_MAX))
		*what = "the note must be one line of at most 200 bytes";
	if ((*what)[0] != '\0')
		return RC_INVALID;
	rc = account_find(db, &sender, account);
	if (rc == RC_OK && sender.suspended) {
		*what = "the account is suspended";
		rc = RC_DENIED;
	}
	return rc;
}

/* Debit, credit and both entries. */
static enum rc
move(struct db *db, const struct caller *from, const struct caller *to,
    int64_t amount_nano, const char *note, int64_t now, int64_t *balance_nano,
    const char **what)
{
	int64_t txn_id = 0;
	enum rc rc;

	rc = funds_post(db, from, LEDGER_TRANSFER, to->account_id, -amount_nano,
	    note, now, balance_nano, &txn_id);
	if (rc == RC_LIMITED)
		*what = "the amount is more than the balance";
	if (rc != RC_OK)
		return rc;
	rc = funds_receive(db, to, amount_nano);
	if (rc == RC_LIMITED)
		*what = "the other account cannot take so much";
	if (rc != RC_OK)
		*balance_nano = 0;
	return rc;
}

enum rc
transfer_send(struct db *db, const struct pepper *pepper,
    const struct caller *caller, const struct transfer *transfer, int64_t now,
    int64_t *balance_nano, const char **what)
{
	struct caller to = { .currency = caller->currency };
	char address[TEXT_EMAIL_MAX + 1] = "", note[STORED_LEN];
	struct account account;
	enum rc rc;

	*balance_nano = 0;
	*what = "";
	rc = check(db, caller, transfer, &account, what);
	if (rc != RC_OK)
		return rc;
	rc = find_receiver(db, pepper, transfer, address, &to.account_id);
	if (rc == RC_NOT_FOUND)
		*what = "no account has this address and this code";
	if (rc != RC_OK)
		return rc;
	if (to.account_id == caller->account_id) {
		*what = "this is the account it comes from";
		return RC_INVALID;
	}
	(void)snprintf(note, sizeof(note), "from %s to %s%s%s", account.email,
	    address, transfer->note != NULL ? ": " : "",
	    transfer->note != NULL ? transfer->note : "");
	return move(db, caller, &to, transfer->amount_nano, note, now,
	    balance_nano, what);
}
