/* SPDX-License-Identifier: ISC */
/*
 * Pages: what is answered to a browser.  A page is a pair, NAME.c and
 * NAME.html in cgi-bin/dashboard, and becomes a program of its own that
 * answers /dashboard/NAME.  The C file makes a model, the template shows it;
 * no HTML is in C.  For example label.c:
 *
 *	static enum rc
 *	get(struct page_call *call)
 *	{
 *		return page_set(call, "label", json_string("old"));
 *	}
 *
 *	static enum rc
 *	change(struct page_call *call)
 *	{
 *		const char *label = page_field(call, "label");
 *		enum rc rc;
 *
 *		if (label == NULL || !text_is_line(label, TEXT_NAME_MAX))
 *			return page_error(call, "label", "Give it a name.");
 *		rc = db_begin(call->db, DB_WRITE);
 *		if (rc == RC_OK)
 *			rc = db_end(call->db, label_set(call->db,
 *			    &call->caller, label));
 *		return rc == RC_OK ? page_done(call, NULL, "It is changed.")
 *				   : rc;
 *	}
 *
 *	static const char *const keep[] = { "label", NULL };
 *	static const struct page_form forms[] = {
 *		{ .name = "change", .run = change, .keep = keep },
 *		{ .name = NULL },
 *	};
 *
 *	const struct page page_label = { .name = "label", .title = "Label",
 *		.get = get, .forms = forms };
 *
 * and label.html:
 *
 *	{{> head}}
 *	<h1>{{page.title}}</h1>
 *	<form method="post" action="label">
 *	{{#form.change}}{{> form}}{{/form.change}}
 *	<div class="field{{#error.label}} wrong{{/error.label}}">
 *	<label for="label">Label</label>
 *	<input id="label" name="label" value="{{value.label}}" required>
 *	{{#error.label}}<p class="why">{{error.label}}</p>{{/error.label}}
 *	</div>
 *	<p class="actions"><button>Change it</button></p>
 *	</form>
 *	{{> foot}}
 *
 * Times in a model are made by page_json_time, and read in templates as
 * <time datetime="{{made.utc}}">{{made.text}}</time>: the text is that of the
 * account's time zone.
 *
 * Links between pages are relative ("orders?status=1", "../style.css"), so
 * that a panel can live below any path.
 *
 * A form is taken if its hidden token is that of the browser's session, page
 * and form, and if the browser does not say that it comes from elsewhere:
 * Sec-Fetch-Site has to be "same-origin", Origin the panel's own or "null".
 * By https one of the two has to say so; browsers that cannot (those of
 * before 2023: Safari up to 16.3, Firefox 89, Chrome 75) are told why they are
 * refused.
 *
 * What every model has:
 *
 *	page.name, page.title
 *	brand.name, brand.logo, ...	see config.h
 *	account.id, .email, .name, .balance, .currency, .suspended
 *				only where somebody is logged in
 *	visitor			true where nobody is
 *	menu			list of {name, label, current}
 *	notice			what page_done of the page before has said
 *	form.NAME.name, .token, .once	of each form, for {{> form}}
 *	error.FIELD		texts of page_error; error.form for NULL
 *	wrong			true if there are any
 *	value.FIELD		what was sent, for fields that the form keeps
 *	logout			the form of log-out, for the head
 */
#ifndef LATCHKEY_PAGE_H
#define LATCHKEY_PAGE_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <jansson.h>

#include "account.h"
#include "config.h"
#include "db.h"
#include "error.h"
#include "form.h"
#include "login.h"
#include "mail_token.h"
#include "people.h"
#include "rc.h"
#include "session.h"

struct page_call;
struct page_way;
struct template;

/* Whom a page is for; the one to forget is the safe one. */
enum page_access {
	PAGE_ACCOUNT, /* logged in; others are sent to log in */
	PAGE_HALF,    /* the password was given, the second factor was not */
	PAGE_VISITOR, /* not logged in; others are sent to the overview */
	PAGE_ANYBODY, /* all of these */
	PAGE_CONSTANT /* the same for all: no database is even opened */
};

/* What a form may be beside the usual; a sum. */
enum page_form_flag {
	/*
	 * Takes effect once: sent again (reloaded, double click), it is not
	 * run but answered by the page with a notice that says so.  It can be
	 * sent again after run has given anything but RC_OK; so run gives that
	 * as soon as something has taken effect, whatever may fail after it.
	 */
	PAGE_ONCE = 1,
	/* Open to suspended accounts too, which may look but not act. */
	PAGE_SUSPENDED = 2
};

struct page_form {
	const char *name; /* its hidden field "form"; NULL: end of the table */
	/*
	 * Does what the form asks for.  RC_OK: 303 to where page_done says,
	 * or to the page itself; or the page at once after page_show.
	 * RC_INVALID: the page again, with what page_error has noted (422).
	 * RC_DENIED 403, RC_NOT_FOUND 404, RC_LIMITED 429, RC_BUSY 503,
	 * RC_FAIL 500.  Transactions left open are rolled back.
	 */
	enum rc (*run)(struct page_call *call);
	int flags;
	/*
	 * Fields that are shown again if the form is refused; a secret is
	 * none of them.  NULL at the end; may be NULL.
	 */
	const char *const *keep;
};

struct page {
	const char *name;  /* as in its URL */
	const char *title; /* of the browser's window */
	const char *menu;  /* the page that is lit up in the menu; NULL: this */
	enum page_access access;
	/*
	 * Fills the model; called for GET, and after a form that was refused.
	 * RC_INVALID 400, others as for forms.  May be NULL.
	 */
	enum rc (*get)(struct page_call *call);
	const struct page_form *forms; /* may be NULL */
};

/* A call on its way through a page. */
struct page_call {
	const struct config *config;
	const struct page *page;
	struct db *db; /* latchkey.db */
	/* people.db and what logging in takes; never a transaction in both. */
	struct people *people;
	const struct form *query; /* of the URL; never NULL */
	const struct form *form;  /* that was sent; NULL: none was */
	struct caller caller;     /* account_id 0: nobody */
	struct account account;   /* all zero: nobody */
	struct session session;   /* id 0: none */
	struct login_from from;   /* the browser */
	int64_t now;              /* Unix seconds */
	json_t *model;            /* an object, owned by the framework */
	int64_t retry_s;          /* of a 429 or 503; 0: a default */
	struct page_way *way;     /* the framework's own */
};

/*
 * Puts a value into the model and drops the reference.  RC_FAIL (logged) if
 * it is NULL or memory has run out.
 */
enum rc page_set(struct page_call *call, const char *name, json_t *value);

/*
 * A field of the form that was sent, or of the URL: as form_get.  Borrowed.
 */
const char *page_field(const struct page_call *call, const char *name);
const char *page_query(const struct page_call *call, const char *name);

/*
 * A field of the form that was sent that is a password: every character of it
 * counts, spaces at its ends too.  NULL if there is none.  Borrowed.
 */
const char *page_password(const struct page_call *call, const char *name);

/*
 * A field of the form or of the URL as a whole number of at least 1.
 * RC_NOT_FOUND if it is none: an id that cannot be one is unknown.
 */
enum rc page_field_id(
    const struct page_call *call, const char *name, int64_t *id);
enum rc page_query_id(
    const struct page_call *call, const char *name, int64_t *id);

/*
 * Notes what is wrong with a field (NULL: with the form as a whole); the text
 * is copied, and becomes a sentence if it is none.  Gives RC_INVALID, or
 * RC_FAIL without memory.
 */
enum rc page_error(struct page_call *call, const char *field, const char *text);

/*
 * What a function that reports a struct why has come to: its text is noted
 * for the field if rc is about the caller's input; gives RC_INVALID then,
 * and rc as it is otherwise.
 */
enum rc page_why(struct page_call *call, const char *field, enum rc rc,
    const struct why *why);

/*
 * The form is done: a 303 to another page ("orders?status=1"; NULL: this
 * one), which shows the notice (one sentence of at most 200 bytes; NULL:
 * none) once.  Gives RC_OK.
 */
enum rc page_done(struct page_call *call, const char *to, const char *notice);

/*
 * The form is done and its answer is the page itself, of the model as it is
 * (get is called first unless the form has filled it): for what is shown
 * once and can never be fetched again.  Gives RC_OK.
 */
enum rc page_show(struct page_call *call);

/*
 * For answers that are no page: what is written to the file that this gives
 * is sent as that type instead of the model, to be saved as filename (NULL:
 * to be shown).  Both are kept, not copied.  Owned by the framework.
 */
FILE *page_output(
    struct page_call *call, const char *type, const char *filename);

/* How long browsers may keep it: a Cache-Control header; kept, not copied. */
void page_cache(struct page_call *call, const char *cache);

/* What leads to a page, and to one from elsewhere; NUL included. */
enum { PAGE_TO_LEN = 512, PAGE_URL_LEN = CONFIG_TEXT_MAX + PAGE_TO_LEN };

/* Adds /dashboard/ and what follows ("reset?token=...") to the panel's URL. */
enum rc page_url(
    const struct page_call *call, const char *to, char url[PAGE_URL_LEN]);

/*
 * Asks again for who is there, in a form of a page for accounts: the field
 * "password", and where the second factor is on "code".  RC_INVALID (noted)
 * if one is wrong, RC_LIMITED after too many tries, RC_BUSY if too many
 * passwords are being looked at.  To be called before any transaction, since
 * it takes its time.
 */
enum rc page_reauthenticate(struct page_call *call);

/*
 * For get of such a page: puts "reauth" into the model, with "second" true
 * where there is a second factor, for {{> reauth}} in the form.
 */
enum rc page_set_reauth(struct page_call *call);

/*
 * For pages that a mail leads to ("reset?token=..."): looks at the token
 * without using it and, if it is good for that, puts "link" and "email" into
 * the model; the form has the former in its field "link".  page_link gives
 * the token of the form or of the URL, "" if there is none.
 */
enum rc page_set_link(struct page_call *call, enum mail_token_kind kind);
const char *page_link(const struct page_call *call);

/*
 * The page that somebody wanted and had to log in for: field "to" of the form
 * or the URL, a name alone, which leads nowhere else; "overview" if none.
 */
const char *page_wanted(const struct page_call *call);

/*
 * A text that is the same for every time the form is sent, and for no other:
 * an idempotency key, of PAGE_ONCE forms alone.  Borrowed.
 */
const char *page_once(const struct page_call *call);

/*
 * Leaves a mail to be sent after the answer, if the form is done (RC_OK): by
 * a process of its own, so that nobody waits for it.  All texts are copied.
 * With to NULL the same is done and nothing sent: where there is a mail for
 * some and none for others, nobody can tell by the time.  RC_FAIL without
 * memory.
 */
enum rc page_mail(struct page_call *call, const char *to, const char *subject,
    const char *text);

/*
 * The same with a subject that ends with a name, and a text made from a
 * printf format.
 */
enum rc page_mail_text(struct page_call *call, const char *to,
    const char *subject, const char *name, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

/* The panel's name, for mails. */
const char *page_brand(const struct page_call *call);

/*
 * Gives the browser the token of another session in its cookie: after log-in
 * and every change of rights, which is whenever a function of login.h has
 * filled one in.  NULL or an empty one takes the cookie away.  It is copied.
 */
void page_set_session(
    struct page_call *call, const struct session_token *token);

/*
 * What main() of a page's program is: answers one call, or where a FastCGI
 * server has started it one after the other, and gives the exit status.
 * template NULL: the page has none, and all its answers are page_output's.
 * Whatever goes wrong, an answer leaves.
 */
int page_main(const struct page *page, const struct template *template);

#endif
