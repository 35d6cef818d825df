/* SPDX-License-Identifier: ISC */
/*
 * Forms about money.
 */
#include "money_form.h"

#include <stdio.h>
#include <string.h>

#include "money.h"

enum { SENTENCE_LEN = 160 };

enum rc
money_form_amount(struct page_call *call, int64_t *amount_nano)
{
	const char *text = page_field(call, "amount");

	*amount_nano = 0;
	if (text == NULL)
		return page_error(call, "amount", "Give an amount.");
	if (money_parse(text, strlen(text), amount_nano) != RC_OK ||
	    *amount_nano == 0) {
		*amount_nano = 0;
		return page_error(call, "amount",
		    "Give an amount like 25.00, more than zero.");
	}
	return RC_OK;
}

enum rc
money_form_refused(
    struct page_call *call, const char *field, enum rc rc, const char *what)
{
	char text[SENTENCE_LEN];

	if (rc == RC_OK || rc == RC_BUSY || rc == RC_FAIL || what[0] == '\0')
		return rc;
	(void)snprintf(text, sizeof(text), "%s.", what);
	if (text[0] >= 'a' && text[0] <= 'z')
		text[0] = (char)(text[0] - 'a' + 'A');
	return page_error(call, field, text);
}
