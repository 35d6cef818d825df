/* SPDX-License-Identifier: ISC */
/*
 * Telling owners.  Mails have no links that do something: whoever reads one
 * goes to the panel and logs in.
 */
#include "owner_mail.h"

#include <stdio.h>
#include <stdlib.h>

#include "log.h"
#include "timestamp.h"

/* Subjects by what has happened; all that is not here is not mailed. */
static const char *const subjects[AUDIT_WHATS] = {
	[AUDIT_PASSWORD] = "Your password was changed",
	[AUDIT_EMAIL_ASKED] = "A change of your e-mail address was asked for",
	[AUDIT_EMAIL] = "Your e-mail address was changed",
	[AUDIT_SECOND_ON] = "The second factor was turned on",
	[AUDIT_SECOND_OFF] = "The second factor was turned off",
	[AUDIT_RECOVERY_MADE] = "New recovery codes were made",
	[AUDIT_KEY_CREATED] = "An API key was created",
	[AUDIT_KEY_ROTATED] = "An API key was rotated",
	[AUDIT_KEY_REVOKED] = "An API key was revoked",
	[AUDIT_CLOSED] = "Your account was closed",
};

static void
put_text(FILE *out, const struct page_call *call, const char *subject,
    const char *note)
{
	const char *url = call->config->url;
	char when[TIMESTAMP_LEN];

	(void)fprintf(out, "%s, at %s\n\n", subject, url);
	if (note != NULL)
		(void)fprintf(out, "  What:   %s\n", note);
	(void)fprintf(out,
	    "  When:   %s\n"
	    "  From:   %s\n\n"
	    "If this was you, there is nothing to do.  If it was not, choose "
	    "another\n"
	    "password at once and look at the sessions and keys of your "
	    "account:\n\n"
	    "  %s/dashboard/security\n"
	    "  %s/dashboard/api\n",
	    timestamp_format(call->now, when), call->from.address_text, url,
	    url);
}

enum rc
owner_mail(struct page_call *call, const char *to, enum audit_what what,
    const char *note)
{
	const char *subject =
	    what > 0 && what < AUDIT_WHATS ? subjects[what] : NULL;
	char *text = NULL;
	size_t len = 0;
	FILE *out = NULL;
	enum rc rc = RC_FAIL;

	if (subject == NULL) {
		log_err("cannot mail about %d: it has no subject", (int)what);
		goto out;
	}
	if ((out = open_memstream(&text, &len)) == NULL) {
		log_err("cannot write a mail: out of memory");
		goto out;
	}
	put_text(out, call, subject, note);
	if (fclose(out) != 0)
		log_err("cannot write a mail: out of memory");
	else
		rc = page_mail(call, to, subject, text);
out:
	free(text);
	return rc;
}

/*
 * A process killed between the change and this leaves no row: a history that
 * tells of what never happened would be worse.
 */
void
owner_tell(struct page_call *call, enum audit_what what, const char *note)
{
	struct db *people = call->people->db;

	if (db_begin(people, DB_WRITE) == RC_OK)
		(void)db_end(
		    people, audit_add(people, &call->caller, what,
				call->from.address_text, note, call->now));
	(void)owner_mail(call, call->account.email, what, note);
}
