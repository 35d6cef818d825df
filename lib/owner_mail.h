/* SPDX-License-Identifier: ISC */
/*
 * What an account's owner is told of a change that matters to its security:
 * a row of the security history, which pages show, and a mail, which arrives
 * also if it was somebody else who made the change.
 */
#ifndef LATCHKEY_OWNER_MAIL_H
#define LATCHKEY_OWNER_MAIL_H

#include "audit.h"
#include "page.h"
#include "rc.h"

/*
 * Leaves a mail to an address (the account's, or the one before) that says
 * what was done, about what (note, one line; NULL: nothing to add), when and
 * from where, and what to do if it was somebody else.  RC_FAIL (logged)
 * without memory, or if nothing is to be mailed about what.
 */
enum rc owner_mail(struct page_call *call, const char *to, enum audit_what what,
    const char *note);

/*
 * Adds a row to the security history and leaves the mail to the account's
 * address, after a change of the main database was committed.  What fails
 * here is logged and never undoes or hides the change.
 */
void owner_tell(struct page_call *call, enum audit_what what, const char *note);

#endif
