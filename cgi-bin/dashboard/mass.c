/* SPDX-License-Identifier: ISC */
/*
 * /dashboard/mass: many orders at once, one a line.  First every line is
 * priced, then all that can be are placed; each ends as it would alone.
 */
#include "order_mass.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "money.h"
#include "order_model.h"
#include "page.h"

/* Lines on their way. */
struct lines {
	json_t *list;
	int64_t good, bad;
	int64_t charge_nano; /* of the good ones */
};

static enum rc
add_line(void *arg, const struct order_mass_line *line)
{
	char charge[MONEY_TEXT_LEN], why[ERROR_TEXT_LEN] = "";
	struct lines *lines = arg;
	enum error error = error_of(line->rc, &line->why);

	if (line->rc != RC_OK) {
		lines->bad++;
		error_text(error,
		    error == line->why.error ? line->why.arg : NULL, why);
	} else {
		lines->good++;
		/* A sum past all counting is none that a balance covers. */
		if (lines->charge_nano <= MONEY_MAX)
			lines->charge_nano += line->quote.charge_nano;
	}
	return order_model_add(lines->list,
	    json_pack("{s:i, s:s%, s:b, s:s, s:I, s:I, s:I, s:s}", "number",
		line->number, "text", line->text, line->len, "good",
		line->rc == RC_OK, "why", why, "id", (json_int_t)line->id,
		"service", (json_int_t)line->quote.service_id, "quantity",
		(json_int_t)line->quote.quantity, "charge",
		money_format(line->quote.charge_nano, charge)));
}

/* What the lines have come to, for the page. */
static enum rc
set_lines(struct page_call *call, const char *name, const struct lines *lines)
{
	const int64_t balance = call->account.balance_nano;
	char charge[MONEY_TEXT_LEN];

	return page_set(call, name,
	    json_pack("{s:O, s:I, s:I, s:s, s:b}", "lines", lines->list, "good",
		(json_int_t)lines->good, "bad", (json_int_t)lines->bad,
		"charge", money_format(lines->charge_nano, charge), "covered",
		lines->charge_nano <= balance));
}

/* What is wrong with the text as a whole. */
static enum rc
refuse(struct page_call *call, enum rc rc)
{
	char text[64];

	if (rc == RC_INVALID)
		return page_error(call, "text", "Write at least one line.");
	if (rc != RC_LIMITED)
		return rc;
	(void)snprintf(
	    text, sizeof(text), "At most %d lines at once.", ORDER_MASS_MAX);
	return page_error(call, "text", text);
}

static const char *
text_of(const struct page_call *call)
{
	const char *text = page_field(call, "text");

	return text != NULL ? text : "";
}

static enum rc
check(struct page_call *call)
{
	struct lines lines = { .list = json_array() };
	enum rc rc;

	rc = order_mass_quote(
	    call->db, &call->caller, text_of(call), add_line, &lines);
	rc = rc == RC_OK ? set_lines(call, "quote", &lines) : refuse(call, rc);
	if (rc == RC_OK)
		rc = page_set(call, "text", json_string(text_of(call)));
	json_decref(lines.list);
	return rc == RC_OK ? page_show(call) : rc;
}

static enum rc
place(struct page_call *call)
{
	struct lines lines = { .list = json_array() };
	enum rc rc;

	rc = order_mass_place(call->db, &call->caller, text_of(call),
	    page_once(call), call->now, add_line, &lines);
	rc = rc == RC_OK ? set_lines(call, "result", &lines) : refuse(call, rc);
	json_decref(lines.list);
	return rc == RC_OK ? page_show(call) : rc;
}

static const char *const keep[] = { "text", NULL };

static const struct page_form forms[] = {
	{ .name = "check", .run = check, .keep = keep },
	{ .name = "place", .run = place, .flags = PAGE_ONCE, .keep = keep },
	{ .name = NULL },
};

const struct page page_mass = {
	.name = "mass",
	.title = "Many orders",
	.menu = "place",
	.forms = forms,
};
