/* SPDX-License-Identifier: ISC */
/*
 * Mail by the host's sendmail(8) or what stands in for it.  Programs of the
 * API never link this.
 */
#ifndef LATCHKEY_MAIL_H
#define LATCHKEY_MAIL_H

#include "config.h"
#include "rc.h"

/*
 * Hands a message of plain text (UTF-8) to config->sendmail, as "sendmail -i
 * -t"; waits at most ten seconds for it.  to is one address that text_email
 * takes, subject one line.  RC_NOT_FOUND if no mail can ever be sent: none
 * is set (not logged), or there is no such program or it is none (logged);
 * RC_INVALID (logged) for an address or a subject that would change the
 * header; RC_BUSY (logged) if another try may succeed.
 */
enum rc mail_send(const struct config *config, const char *to,
    const char *subject, const char *text);

#endif
