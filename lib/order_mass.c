/* SPDX-License-Identifier: ISC */
/*
 * Lines of a text as forms of orders.
 */
#include "order_mass.h"

#include <stdio.h>
#include <string.h>

#include "form.h"
#include "log.h"

/* One line on its way: cut in place. */
struct cut {
	char text[ORDER_MASS_LINE_MAX + 1];
	char *service, *link, *quantity; /* NULL: there is none */
};

static int
is_blank(const char *s, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (strchr(" \t\r", s[i]) == NULL)
			return 0;
	return 1;
}

/*
 * Goes to the next line that is not empty; *number counts them all.  0 at
 * the end.
 */
static int
next_line(const char **text, const char **line, size_t *len, int *number)
{
	while (**text != '\0') {
		*line = *text;
		*len = strcspn(*text, "\n");
		*text += *len + ((*text)[*len] != '\0');
		(*number)++;
		if (!is_blank(*line, *len))
			return 1;
	}
	return 0;
}

static enum rc
check_size(const char *text)
{
	const char *line;
	int n = 0, number = 0;
	size_t len;

	while (n <= ORDER_MASS_MAX && next_line(&text, &line, &len, &number))
		n++;
	if (n > ORDER_MASS_MAX)
		return RC_LIMITED;
	return n > 0 ? RC_OK : RC_INVALID;
}

/*
 * Cuts a line at the first and the last of its separators: what stands
 * between them is the link, which may have commas itself.
 */
static void
cut_line(struct cut *cut)
{
	static const char separators[] = "|\t;,";
	char *first = NULL, *last;
	const char *s;

	for (s = separators; first == NULL && *s != '\0'; s++)
		first = strchr(cut->text, *s);
	cut->service = cut->text;
	cut->link = cut->quantity = NULL;
	if (first == NULL)
		return;
	last = strrchr(first, *first);
	*first = '\0';
	cut->link = first + 1;
	if (last == first)
		return;
	*last = '\0';
	cut->quantity = last + 1;
}

/* Makes a line's form; the form trims what stands between separators. */
static enum rc
make_form(
    const struct cut *cut, const char *name, int number, struct form **form)
{
	char request_id[ORDER_MASS_ID_MAX + 24];
	enum rc rc;
	int n;

	rc = form_new(form);
	if (rc == RC_OK)
		rc = form_add(*form, "service", cut->service);
	if (rc == RC_OK && cut->link != NULL)
		rc = form_add(*form, "link", cut->link);
	if (rc == RC_OK && cut->quantity != NULL)
		rc = form_add(*form, "quantity", cut->quantity);
	if (rc != RC_OK || name == NULL)
		return rc;
	n = snprintf(request_id, sizeof(request_id), "%s:%d", name, number);
	if (n < 0 || (size_t)n >= sizeof(request_id)) {
		log_err("cannot place orders: the name of the text is too "
			"long");
		return RC_FAIL;
	}
	return form_add(*form, "request_id", request_id);
}

/* A text on its way. */
struct mass {
	struct db *db;
	const struct caller *caller;
	const char *name; /* NULL: only price it */
	int64_t now;
	/* What lines before have priced: one of each can be placed. */
	size_t nseen;
	struct {
		int64_t service_id, link_hash;
	} seen[ORDER_MASS_MAX];
};

/* Prices a line that could be placed after those before it. */
static enum rc
quote(struct mass *mass, const struct form *form, struct order_mass_line *line)
{
	const char *link = form_get(form, "link");
	int64_t link_hash = 0;
	enum rc rc;
	size_t i;

	rc =
	    order_quote(mass->db, mass->caller, form, &line->quote, &line->why);
	if (rc != RC_OK || link == NULL)
		return rc;
	rc = order_link_hash(link, &link_hash);
	if (rc != RC_OK)
		return rc;
	for (i = 0; i < mass->nseen; i++)
		if (mass->seen[i].service_id == line->quote.service_id &&
		    mass->seen[i].link_hash == link_hash)
			return error_set(&line->why, ERROR_LINK_ACTIVE, NULL);
	mass->seen[mass->nseen].service_id = line->quote.service_id;
	mass->seen[mass->nseen++].link_hash = link_hash;
	return RC_OK;
}

/* Prices or places a line of len bytes, and says in it what came of it. */
static enum rc
run_line(struct mass *mass, const char *text, size_t len,
    struct order_mass_line *line)
{
	struct form *form = NULL;
	struct cut cut;
	enum rc rc;

	if (len >= sizeof(cut.text)) {
		line->rc = error_set(&line->why, ERROR_LINK, NULL);
		return RC_OK;
	}
	memcpy(cut.text, text, len);
	cut.text[len] = '\0';
	cut_line(&cut);
	rc = make_form(&cut, mass->name, line->number, &form);
	if (rc != RC_OK)
		goto out;
	if (mass->name == NULL)
		rc = quote(mass, form, line);
	else
		rc = order_place(mass->db, mass->caller, form, mass->now,
		    &line->id, &line->why);
	line->rc = rc;
	if (rc == RC_INVALID || rc == RC_NOT_FOUND)
		rc = RC_OK;
out:
	form_free(form);
	return rc;
}

static enum rc
run(struct mass *mass, const char *text,
    enum rc (*each)(void *arg, const struct order_mass_line *line), void *arg)
{
	const char *at;
	int number = 0;
	size_t len;
	enum rc rc;

	rc = check_size(text);
	while (rc == RC_OK && next_line(&text, &at, &len, &number)) {
		struct order_mass_line line = {
			.number = number, .text = at, .len = len
		};

		rc = run_line(mass, at, len, &line);
		if (rc == RC_OK)
			rc = each(arg, &line);
	}
	return rc;
}

enum rc
order_mass_quote(struct db *db, const struct caller *caller, const char *text,
    enum rc (*each)(void *arg, const struct order_mass_line *line), void *arg)
{
	struct mass mass = { .db = db, .caller = caller };
	enum rc rc;

	rc = db_begin(db, DB_READ);
	return rc == RC_OK ? db_end(db, run(&mass, text, each, arg)) : rc;
}

enum rc
order_mass_place(struct db *db, const struct caller *caller, const char *text,
    const char *name, int64_t now,
    enum rc (*each)(void *arg, const struct order_mass_line *line), void *arg)
{
	struct mass mass = {
		.db = db, .caller = caller, .name = name, .now = now
	};

	return run(&mass, text, each, arg);
}
