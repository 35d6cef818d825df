/* SPDX-License-Identifier: ISC */
/*
 * What the parts of login share, and nobody else uses.
 */
#ifndef LATCHKEY_LOGIN_PART_H
#define LATCHKEY_LOGIN_PART_H

#include <stdint.h>

#include "account.h"
#include "audit.h"
#include "guess.h"
#include "login.h"
#include "password.h"
#include "people.h"
#include "rc.h"
#include "text.h"

/* Clears a result; the first step of all functions that have one. */
void login_begin(struct login_result *result);

/*
 * Completes a result by how it ended, and gives that: whose it is, or no
 * session and when to come again.
 */
enum rc login_end(enum rc rc, int64_t account_id, struct login_result *result);

/* Finds the account of an address, in its own transaction; 0: none. */
enum rc login_find_account(
    struct people *people, const char *email, int64_t *id);

/*
 * What is kept of an account's password, "" for none; inside a transaction.
 */
enum rc login_read_kept(struct people *people, const struct caller *caller,
    struct password_phc *kept);

/* Counts a try, in its own transaction.  RC_LIMITED with result->wait_s. */
enum rc login_admit(struct people *people, struct guess *guesses, size_t n,
    const struct login_from *from, struct login_result *result);

/* Starts a session by whether the second factor is on; likewise. */
enum rc login_start_session(struct people *people, const struct caller *caller,
    const struct login_from *from, struct login_result *result);

/* Who holds an account, as the main database has it. */
struct login_holder {
	char email[TEXT_EMAIL_MAX + 1];
	char name[TEXT_NAME_MAX + 1];
};

/* Reads that, in its own transaction.  RC_NOT_FOUND. */
enum rc login_holder(struct people *people, const struct caller *caller,
    struct login_holder *holder);

/* Checks and hashes a new password.  RC_INVALID with *why, RC_BUSY. */
enum rc login_new_password(struct people *people,
    const struct login_holder *holder, const char *password, size_t len,
    struct password_phc *kept, const char **why);

/* Keeps it, and drops mailed tokens; inside a transaction. */
enum rc login_set_password(struct people *people, const struct caller *caller,
    const struct password_phc *kept, int64_t now);

/*
 * What every change of credentials does: a new token for the session, the end
 * of all others, a row of the history; inside a transaction.  RC_DENIED if
 * the session has gone or is none of a completed log-in.
 */
enum rc login_secure(struct people *people, const struct session *session,
    enum audit_what what, const char *note, const struct login_from *from,
    struct login_result *result);

#endif
