/* SPDX-License-Identifier: ISC */
/*
 * The security history.  Rows are only added, and swept when they are old
 * enough.  A guesser adds no more than the delay between guesses allows.
 */
#include "audit.h"

#include "text.h"

/* In the words of pages; their order is that of enum audit_what. */
static const char *const words[AUDIT_WHATS] = {
	[AUDIT_LOGIN] = "Logged in",
	[AUDIT_LOGIN_FAILED] = "Log-in with a wrong password",
	[AUDIT_SECOND_FAILED] = "Log-in with a wrong second factor",
	[AUDIT_AGAIN_FAILED] =
	    "Change refused: wrong password or second factor",
	[AUDIT_RECOVERY_USED] = "Recovery code used",
	[AUDIT_LOGOUT] = "Logged out",
	[AUDIT_PASSWORD] = "Password changed",
	[AUDIT_PASSWORD_RESET] = "Password set anew by e-mail",
	[AUDIT_PASSWORD_SET] = "Password set by the operator",
	[AUDIT_SIGN_UP] = "Signed up",
	[AUDIT_EMAIL_ASKED] = "New e-mail address asked for",
	[AUDIT_EMAIL] = "E-mail address changed",
	[AUDIT_SECOND_ON] = "Second factor turned on",
	[AUDIT_SECOND_OFF] = "Second factor turned off",
	[AUDIT_RECOVERY_MADE] = "New recovery codes made",
	[AUDIT_SESSION_ENDED] = "Session ended from another",
	[AUDIT_SESSIONS_ENDED] = "All other sessions ended",
	[AUDIT_KEY_CREATED] = "API key created",
	[AUDIT_KEY_ROTATED] = "API key rotated",
	[AUDIT_KEY_REVOKED] = "API key revoked",
	[AUDIT_TRANSFER] = "Transfer to another account",
	[AUDIT_WITHDRAWAL] = "Withdrawal requested",
	[AUDIT_PROFILE] = "Account settings changed",
	[AUDIT_CLOSED] = "Account closed",
};

const char *
audit_words(int what)
{
	if (what <= 0 || what >= AUDIT_WHATS || words[what] == NULL)
		return "something";
	return words[what];
}

static const char SQL_ADD[] =
    "INSERT INTO audit (account_id, seq, happened_at, what, address, note)"
    " VALUES ($1, (SELECT COALESCE(MAX(seq), 0) + 1 FROM audit"
    " WHERE account_id = $1), $2, $3, $4, $5)";

enum rc
audit_add(struct db *people, const struct caller *caller, enum audit_what what,
    const char *address, const char *note, int64_t now)
{
	char text[AUDIT_NOTE_MAX + 1];

	text_clean(note != NULL ? note : "", AUDIT_NOTE_MAX, text);
	return db_run(people, SQL_ADD,
	    DB_ARGS(DB_INT(caller->account_id), DB_INT(now), DB_INT(what),
		DB_TEXT(address != NULL ? address : ""), DB_TEXT(text)));
}

static const char SQL_EACH[] =
    "SELECT seq, happened_at, what, address, note FROM audit"
    " WHERE account_id = $1 AND seq < $2 ORDER BY seq DESC LIMIT $3";

enum rc
audit_each(struct db *people, const struct caller *caller, int64_t before,
    enum rc (*each)(void *arg, const struct audit_row *row), void *arg)
{
	struct db_rows *rows = NULL;
	struct audit_row row;
	enum rc rc;

	rc = db_query(people, SQL_EACH,
	    DB_ARGS(DB_INT(caller->account_id),
		DB_INT(before > 0 ? before : INT64_MAX),
		DB_INT(AUDIT_LIST_MAX)),
	    &rows);
	while (db_more(rows, &rc)) {
		row.seq = db_int(rows, 0);
		row.happened_at = db_int(rows, 1);
		row.what = (enum audit_what)db_int(rows, 2);
		row.address = db_text(rows, 3);
		row.note = db_text(rows, 4);
		rc = each(arg, &row);
	}
	db_done(&rows);
	return rc;
}
