/* SPDX-License-Identifier: ISC */
/*
 * signup: asks for an account.  The page says the same for every address;
 * the mail alone tells whether there is an account already, to whom it
 * belongs.  The password is chosen where the mail leads to.
 */
#include <stdio.h>

#include "page.h"

static enum rc
get(struct page_call *call)
{
	enum rc rc;

	rc = page_set(call, "open", json_boolean(call->config->sign_up));
	if (rc == RC_OK && page_query(call, "sent") != NULL)
		rc = page_set(call, "sent", json_true());
	return rc;
}

static enum rc
mail_confirm(struct page_call *call, const char *email, const char *token)
{
	const char *brand = page_brand(call);
	char url[PAGE_URL_LEN], to[PAGE_TO_LEN];

	(void)snprintf(to, sizeof(to), "confirm?token=%s", token);
	if (page_url(call, to, url) != RC_OK)
		return RC_FAIL;
	return page_mail_text(call, email, "Your account at ", brand,
	    "Somebody, probably you, has asked for an account at %s with\n"
	    "this address. To confirm it and to choose a password, open this\n"
	    "page within 24 hours:\n\n%s\n\n"
	    "If it was not you, do nothing: then no account is made.\n",
	    brand, url);
}

/* Nothing of the form goes into it: it would be somebody else's words. */
static enum rc
mail_known(struct page_call *call, const char *email)
{
	const char *brand = page_brand(call);
	char login[PAGE_URL_LEN], forgot[PAGE_URL_LEN];

	if (page_url(call, "login", login) != RC_OK ||
	    page_url(call, "forgot", forgot) != RC_OK)
		return RC_FAIL;
	return page_mail_text(call, email, "Your account at ", brand,
	    "Somebody, probably you, has asked for an account at %s with\n"
	    "this address, which has one already. Log in here:\n\n%s\n\n"
	    "If you do not know the password any more:\n\n%s\n\n"
	    "If it was not you, do nothing: nothing has changed.\n",
	    brand, login, forgot);
}

static enum rc
ask(struct page_call *call)
{
	const char *email = page_field(call, "email");
	const char *name = page_field(call, "name");
	struct mail_token_text token = { "" };
	struct login_result result = { 0 };
	enum rc rc;

	if (!call->config->sign_up)
		return RC_DENIED;
	if (email == NULL)
		return page_error(call, "email", "Give your e-mail address.");
	if (name == NULL)
		return page_error(call, "name", "Give your name.");
	rc = login_sign_up(
	    call->people, email, name, &call->from, &token, &result);
	call->retry_s = result.wait_s;
	if (rc == RC_INVALID)
		return page_error(call, NULL, result.why);
	if (rc == RC_OK)
		rc = token.s[0] != '\0' ? mail_confirm(call, email, token.s)
					: mail_known(call, email);
	mail_token_wipe(&token);
	return rc == RC_OK ? page_done(call, "signup?sent=1", NULL) : rc;
}

static const char *const keep[] = { "email", "name", NULL };
static const struct page_form forms[] = {
	{ .name = "ask", .run = ask, .keep = keep },
	{ .name = NULL },
};

const struct page page_signup = { .name = "signup",
	.title = "Sign up",
	.access = PAGE_VISITOR,
	.get = get,
	.forms = forms };
