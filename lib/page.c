/* SPDX-License-Identifier: ISC */
/*
 * The way of a page: request, session, account, form, model, template.  As
 * for a call of the API the first step that is not RC_OK becomes the answer,
 * and nothing leaves before the work is done.
 */
#include "page.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "page_way.h"

/* From the request to the model; way->to or way->out may be set instead. */
static enum rc
answer(struct page_way *way)
{
	struct server *server = way->server;
	struct page_call *call = &way->call;
	enum rc rc;

	cgi_request_read(&server->cgi, &server->config, &way->request);
	cgi_address_text(way->request.address, way->address);
	rc = page_read_request(way);
	/* Not before: a body may take its time. */
	call->now = (int64_t)time(NULL);
	call->config = &server->config;
	call->from = (struct login_from){ .address = way->request.address,
		.address_text = way->address,
		.agent = cgi_variable(&server->cgi, "HTTP_USER_AGENT"),
		.now = call->now };
	if (rc != RC_OK)
		return rc;
	if (call->page->access != PAGE_CONSTANT) {
		rc = server_open_data(server, way->request.document_root);
		if (rc != RC_OK)
			return rc;
		call->db = server->db;
		call->people = way->people;
		rc = page_find_session(way);
		if (rc == RC_OK)
			rc = page_check_access(way);
		if (rc != RC_OK || way->to[0] != '\0')
			return rc;
		rc = page_bind_forms(way);
	}
	if (rc == RC_OK && page_is_post(way))
		rc = page_run_form(way);
	if (rc != RC_OK || way->to[0] != '\0')
		return rc;
	if (way->template != NULL)
		page_take_notice(way);
	rc = page_make_model(way);
	if (rc == RC_OK && way->out == NULL && way->template != NULL)
		rc = page_render(way, way->template);
	return rc;
}

/* One call, from its beginning to the end of all that it has made. */
static enum rc
serve(struct page_way *way)
{
	struct server *server = way->server;
	enum rc rc, sent;

	way->call.way = way;
	way->call.model = json_object();
	page_set_headers(way);
	rc = way->call.model != NULL ? server_begin(server) : page_no_memory();
	way->call.config = &server->config;
	if (rc == RC_OK)
		rc = answer(way);
	sent = page_send(way, rc);
	/* Before the end, at which some web servers kill a CGI program. */
	if (rc == RC_OK)
		page_start_mails(way);
	cgi_end(&server->cgi, &way->request);
	page_drop_output(way);
	json_decref(way->call.model);
	json_decref(way->errors);
	json_decref(way->mails);
	form_free(way->form);
	form_free(way->query);
	cgi_request_clear(&way->request);
	secret_wipe(&way->answer, sizeof(way->answer));
	server_end(server, rc);
	return sent;
}

static enum rc
open_people(struct server *server, void *arg)
{
	char path[CONFIG_PATH_MAX];

	if (config_data_path(&server->config, PEOPLE_NAME, path) != RC_OK)
		return RC_FAIL;
	server_watch(server, SERVER_PEOPLE, path);
	if (config_data_path(&server->config, SECRET_SEAL_KEY_NAME, path) !=
	    RC_OK)
		return RC_FAIL;
	server_watch(server, SERVER_SEAL_KEY, path);
	return people_open(&server->config, server->db, arg);
}

static void
close_people(void *arg)
{
	people_close(arg);
}

static int
people_is_outdated(const void *arg)
{
	const struct people *people = arg;

	return people->db != NULL && db_is_outdated(people->db);
}

int
page_main(const struct page *page, const struct template *template)
{
	static struct server server;
	static struct people people;
	static const struct server_extra extra = { open_people, close_people,
		people_is_outdated, &people };
	enum rc rc, sent = RC_OK;
	size_t len;
	char *job;

	rc = server_open(&server, page->name, &extra);
	if (cgi_job_read(&job, &len) == RC_OK) {
		rc = page_send_mails(job, len);
		secret_wipe(job, len);
		free(job);
		return rc == RC_OK ? EXIT_SUCCESS : EXIT_FAILURE;
	}
	while (rc == RC_OK && (rc = cgi_next(&server.cgi)) == RC_OK) {
		struct page_way way = { .server = &server,
			.people = &people,
			.template = template,
			.call = { .page = page } };

		sent = serve(&way);
	}
	/* That a reader has gone is the failure of a program of one call. */
	if (server.cgi.fastcgi != NULL)
		sent = RC_OK;
	secret_wipe(&people.pepper, sizeof(people.pepper));
	secret_wipe(&people.seal_key, sizeof(people.seal_key));
	server_close(&server);
	return rc == RC_NOT_FOUND && sent == RC_OK ? EXIT_SUCCESS
						   : EXIT_FAILURE;
}
