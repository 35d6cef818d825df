/* SPDX-License-Identifier: ISC */
/*
 * The security history of an account, as its holder sees it: who logged in,
 * and what about credentials, keys and money going out was changed.
 *
 * Every function runs inside the caller's transaction of the people's
 * database, a write transaction where it changes something.  RC_BUSY and
 * RC_FAIL are logged.
 */
#ifndef LATCHKEY_AUDIT_H
#define LATCHKEY_AUDIT_H

#include <stdint.h>

#include "account.h"
#include "db.h"
#include "rc.h"

enum {
	AUDIT_LIST_MAX = 50, /* rows of one list */
	AUDIT_NOTE_MAX = 300 /* bytes; the rest is cut */
};

/* What happened.  The numbers stand in the database: add at the end. */
enum audit_what {
	AUDIT_LOGIN = 1,
	AUDIT_LOGIN_FAILED,  /* the password was wrong */
	AUDIT_SECOND_FAILED, /* the second factor was wrong */
	AUDIT_AGAIN_FAILED,  /* re-authentication failed */
	AUDIT_RECOVERY_USED, /* a recovery code in place of the factor */
	AUDIT_LOGOUT,
	AUDIT_PASSWORD,       /* changed by its owner */
	AUDIT_PASSWORD_RESET, /* set anew by mail */
	AUDIT_PASSWORD_SET,   /* set by the operator */
	AUDIT_SIGN_UP,
	AUDIT_EMAIL_ASKED, /* note: the new address */
	AUDIT_EMAIL,       /* note: the new address */
	AUDIT_SECOND_ON,
	AUDIT_SECOND_OFF,
	AUDIT_RECOVERY_MADE,  /* new recovery codes */
	AUDIT_SESSION_ENDED,  /* by its owner, from another */
	AUDIT_SESSIONS_ENDED, /* all others; note: how many */
	AUDIT_KEY_CREATED,    /* note: the key's public id, its label */
	AUDIT_KEY_ROTATED,
	AUDIT_KEY_REVOKED,
	AUDIT_TRANSFER,   /* note: amount, and to whom */
	AUDIT_WITHDRAWAL, /* note: amount */
	AUDIT_PROFILE,    /* name or time zone */
	AUDIT_CLOSED,     /* the account */
	AUDIT_WHATS
};

/* One row; texts are borrowed for the call. */
struct audit_row {
	int64_t seq;
	int64_t happened_at;
	enum audit_what what;
	const char *address; /* "": the operator */
	const char *note;    /* "": none */
};

/*
 * Adds a row.  address is the text form of where it came from, NULL for the
 * operator; note is cut and what is not printable taken out, NULL for none.
 */
enum rc audit_add(struct db *people, const struct caller *caller,
    enum audit_what what, const char *address, const char *note, int64_t now);

/*
 * Calls each for the caller's newest AUDIT_LIST_MAX rows before that seq (0:
 * from the newest) until it does not give RC_OK; gives that.
 */
enum rc audit_each(struct db *people, const struct caller *caller,
    int64_t before, enum rc (*each)(void *arg, const struct audit_row *row),
    void *arg);

/* What happened, in words for pages; "something" for another number. */
const char *audit_words(int what);

#endif
