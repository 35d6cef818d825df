/* SPDX-License-Identifier: ISC */
/*
 * forgot: mails a link by which a new password can be set.  The page says
 * the same for every address, after the same steps.
 */
#include <stdio.h>

#include "page.h"

static enum rc
get(struct page_call *call)
{
	if (page_query(call, "sent") == NULL)
		return RC_OK;
	return page_set(call, "sent", json_true());
}

static enum rc
mail_reset(struct page_call *call, const char *email, const char *token)
{
	const char *brand = page_brand(call);
	char url[PAGE_URL_LEN], to[PAGE_TO_LEN];

	/* Nobody is there: the same is done for nobody. */
	if (token[0] == '\0')
		return page_mail(call, NULL, NULL, NULL);
	(void)snprintf(to, sizeof(to), "reset?token=%s", token);
	if (page_url(call, to, url) != RC_OK)
		return RC_FAIL;
	return page_mail_text(call, email, "A new password at ", brand,
	    "Somebody, probably you, has forgotten the password of your\n"
	    "account at %s. To set another one, open this page within the\n"
	    "hour:\n\n%s\n\n"
	    "If it was not you, do nothing: the password stays as it is.\n",
	    brand, url);
}

static enum rc
ask(struct page_call *call)
{
	const char *email = page_field(call, "email");
	struct mail_token_text token = { "" };
	struct login_result result = { 0 };
	enum rc rc;

	if (email == NULL)
		return page_error(call, "email", "Give your e-mail address.");
	rc = login_forgot(call->people, email, &call->from, &token, &result);
	call->retry_s = result.wait_s;
	if (rc == RC_INVALID)
		return page_error(call, "email", "This is no e-mail address.");
	if (rc == RC_OK)
		rc = mail_reset(call, email, token.s);
	mail_token_wipe(&token);
	return rc == RC_OK ? page_done(call, "forgot?sent=1", NULL) : rc;
}

static const char *const keep[] = { "email", NULL };
static const struct page_form forms[] = {
	{ .name = "ask", .run = ask, .keep = keep },
	{ .name = NULL },
};

const struct page page_forgot = { .name = "forgot",
	.title = "Forgotten password",
	.access = PAGE_VISITOR,
	.get = get,
	.forms = forms };
