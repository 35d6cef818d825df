/* SPDX-License-Identifier: ISC */
/*
 * The way of a page through the framework, for its own modules (page_*.c)
 * alone: page.c walks it from the request to the answer, each of the others
 * is one part of it.  What pages themselves use is in page.h.
 */
#ifndef LATCHKEY_PAGE_WAY_H
#define LATCHKEY_PAGE_WAY_H

#include <stddef.h>
#include <stdio.h>

#include <jansson.h>

#include "cgi.h"
#include "form_token.h"
#include "page.h"
#include "rc.h"
#include "server.h"
#include "template.h"

enum { PAGE_NOTICE_MAX = 200 }; /* bytes */

/* Names of cookies, by https; see page_get_cookie. */
#define PAGE_SESSION_COOKIE "__Host-latchkey_session"
#define PAGE_VISITOR_COOKIE "__Host-latchkey_visitor"

/* A call and what belongs to the way around it. */
struct page_way {
	struct server *server;
	struct people *people;
	const struct template *template;
	struct cgi_request request;
	struct cgi_answer answer;
	char address[CGI_ADDRESS_LEN];
	struct form *query, *form;
	const struct page_form *sent; /* the form that was sent; NULL: none */
	struct form_token token;      /* browser and page of all forms */
	char once[FORM_ONCE_LEN + 1]; /* of the form that was sent */
	char notice[PAGE_NOTICE_MAX + 1]; /* of the page before */
	int is_over;                      /* the browser's session is */
	int is_stable;        /* forms can be bound to the browser */
	int is_shown;         /* page_show */
	int status;           /* of the answer; 0: rc tells */
	const char *why;      /* of a refusal; NULL: the usual */
	char to[PAGE_TO_LEN]; /* of a 303; "": none */
	json_t *errors;       /* owned */
	json_t *mails;        /* owned */
	FILE *out;            /* of page_output; owned */
	char *body;           /* likewise */
	size_t body_len;
	const char *type;
	const char *filename;
	struct page_call call;
};

/* Logs that memory has run out; RC_FAIL. */
enum rc page_no_memory(void);

/* --- page_request.c ------------------------------------------------------- */

/*
 * Looks at method and origin and reads the fields of URL and body: all that
 * needs no database.  RC_INVALID (refused), or why it cannot be read.
 */
enum rc page_read_request(struct page_way *way);

/* True if a form was sent. */
int page_is_post(const struct page_way *way);

/* --- page_cookie.c -------------------------------------------------------- */

/* True if the panel's address is one of https. */
int page_is_https(const struct page_way *way);

/*
 * A cookie of the panel: set for age seconds (0: until the browser is closed,
 * -1: taken away), or found if it has min to max letters and digits, as
 * cookie_make and cookie_find do.
 */
void page_set_cookie(
    struct page_way *way, const char *name, const char *value, int age);
enum rc page_get_cookie(const struct page_way *way, const char *name,
    size_t min, size_t max, char *value);

/*
 * Sends way->notice along with a 303; takes the one of the page before from
 * the browser into way->notice, if it is ours.
 */
void page_send_notice(struct page_way *way);
void page_take_notice(struct page_way *way);

/* --- page_session.c ------------------------------------------------------- */

/*
 * Finds the session of the browser's cookie, and its account; RC_OK if there
 * is none, too.  RC_BUSY, RC_FAIL (logged).
 */
enum rc page_find_session(struct page_way *way);

/*
 * Sends whom the page is not for where he belongs: way->to is then set.  Who
 * wanted a page comes back to it after log-in.
 */
enum rc page_check_access(struct page_way *way);

/* --- page_form.c ---------------------------------------------------------- */

/*
 * Binds forms to the session, or before there is one to a cookie of the
 * visitor, which is made where it is missing.
 */
enum rc page_bind_forms(struct page_way *way);

/*
 * Does what the form that was sent asks for.  RC_OK: way->to leads on, or the
 * page is to be shown; the rest as for a form's run in page.h.
 */
enum rc page_run_form(struct page_way *way);

/* Rolls back what a page or a form has left open. */
void page_close_transactions(struct page_call *call);

/* --- page_model.c --------------------------------------------------------- */

/* Has the page fill its model, and adds what every page has. */
enum rc page_make_model(struct page_way *way);

/* What every page has, whoever is there; also the page of a refusal. */
enum rc page_set_frame(struct page_way *way, const char *title);

/* --- page_answer.c -------------------------------------------------------- */

/*
 * Notes a refusal that rc alone does not tell, with its status; why is static
 * text, NULL for the usual.  Gives RC_INVALID.
 */
enum rc page_refuse(struct page_way *way, int status, const char *why);

/* Fills the template with the model, as the answer. */
enum rc page_render(struct page_way *way, const struct template *template);

/* The headers that every answer has. */
void page_set_headers(struct page_way *way);

/*
 * Sends what there is: the page, where to go on, or, by rc, why there is
 * none.  RC_FAIL if the web server does not take it.
 */
enum rc page_send(struct page_way *way, enum rc rc);

/* Wipes and frees what was written for an answer; may be called twice. */
void page_drop_output(struct page_way *way);

/* --- page_mail.c ---------------------------------------------------------- */

/* Starts the process that sends what page_mail has left, if anything. */
void page_start_mails(struct page_way *way);

/* Sends the mails that this process was started for (cgi_job_read). */
enum rc page_send_mails(const char *text, size_t len);

#endif
