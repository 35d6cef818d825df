/* SPDX-License-Identifier: ISC */
/*
 * The way of a call.  Every step gives a result; the first that is not
 * RC_OK becomes the answer.  Nothing leaves before the work is done.
 */
#include "call.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "api_key.h"
#include "caller_file.h"
#include "cgi.h"
#include "log.h"
#include "rate.h"
#include "server.h"

enum { BUSY_RETRY_S = 2 }; /* Retry-After of a 503, seconds */

/* A call and what belongs to the way around it. */
struct way {
	struct server *server;
	const struct action *const *actions;
	size_t nactions;
	struct cgi_request request;
	struct cgi_answer answer;
	struct form *form;
	int key_in_query;
	const struct action *action; /* NULL: there is none of that name */
	int is_recalled; /* who calls was found by an earlier process */
	int is_found;    /* that is to be left for later ones */
	int touch;       /* the key's last use is due to be written */
	struct rate_count count[RATE_LAYERS];
	struct call call;
};

/* Reads the request and its fields. */
static enum rc
read_form(struct way *way)
{
	struct cgi_request *req = &way->request;
	struct why *why = &way->call.why;
	const char *what = NULL;
	enum form_type type;
	enum rc rc;

	if (strcmp(req->method, "POST") != 0) {
		cgi_header(&way->answer, "Allow", "POST");
		return error_set(why, ERROR_METHOD, NULL);
	}
	if (req->content_type[0] != '\0' &&
	    form_type(req->content_type, &type) != RC_OK)
		return error_set(why, ERROR_TYPE, NULL);
	rc = cgi_body_read(&way->server->cgi, req);
	if (rc == RC_LIMITED)
		return error_set(why, ERROR_SIZE, NULL);
	if (rc == RC_INVALID)
		return error_set(why, ERROR_BODY, "incomplete");
	if (rc == RC_OK)
		rc = form_new(&way->form);
	if (rc != RC_OK)
		return rc;
	way->call.form = way->form;
	if (req->content_type[0] == '\0' && req->body_len > 0)
		return error_set(why, ERROR_TYPE, NULL);
	if (req->body_len > 0)
		rc = form_parse(way->form, req->content_type, req->body,
		    req->body_len, &what);
	if (rc == RC_OK)
		rc = form_parse_query(way->form, req->query, strlen(req->query),
		    &way->key_in_query, &what);
	return rc == RC_INVALID ? error_set(why, ERROR_BODY, what) : rc;
}

/* The call's key; NULL and *error if there is not one where it belongs. */
static const char *
find_key(const struct way *way, enum error *error)
{
	*error = ERROR_KEY;
	if (way->key_in_query || way->request.key_elsewhere) {
		*error = ERROR_KEY_PLACE;
		return NULL;
	}
	if (form_count(way->form, "key") != 1)
		return NULL;
	return form_get(way->form, "key");
}

/*
 * True if an action that reads finds who calls in what earlier processes have
 * left.  One that writes would leave nothing that is still so.
 */
static int
recall_caller(struct way *way)
{
	struct server *server = way->server;
	enum error error;
	const char *key = find_key(way, &error);

	if (key == NULL || way->action == NULL || way->action->mode != DB_READ)
		return 0;
	return caller_file_recall(server->caller_path, server->db,
		   &server->pepper, key, strlen(key), way->call.now,
		   &way->call.caller, &way->touch) == RC_OK;
}

/* Leaves who calls for processes to come. */
static void
leave_caller(const struct way *way)
{
	const struct server *server = way->server;
	enum error error;
	const char *key;

	/* When the last use is written, this is old already. */
	if (!way->is_found || way->touch)
		return;
	key = find_key(way, &error);
	if (key != NULL)
		caller_file_leave(server->caller_path, server->db,
		    &server->pepper, key, strlen(key), &way->call.caller,
		    &server->known);
}

/*
 * Finds who calls.  An action that reads does so in the same transaction;
 * what is done in between waits for nobody who waits for it.
 */
static enum rc
verify_key(struct way *way, const char *key)
{
	struct server *server = way->server;
	const size_t len = strlen(key);
	struct call *call = &way->call;
	/* One that writes would remember what its own commit makes old. */
	int reads = way->action != NULL && way->action->mode == DB_READ;
	enum rc rc;

	rc = api_key_recall(server->db, &server->pepper, key, len, call->now,
	    &server->known, &call->caller, &way->touch);
	if (rc != RC_NOT_FOUND)
		return rc;
	rc = db_begin(server->db, DB_READ);
	if (rc != RC_OK)
		return rc;
	rc = api_key_verify(server->db, &server->pepper, key, len, call->now,
	    reads ? &server->known : NULL, &call->caller, &way->touch);
	way->is_found = rc == RC_OK && reads && server->cgi.is_last;
	if (rc == RC_OK)
		db_pause(server->db);
	else
		db_rollback(server->db);
	return rc;
}

/* From the fields to the caller. */
static enum rc
authenticate(struct way *way)
{
	struct why *why = &way->call.why;
	enum error error;
	const char *key = find_key(way, &error);
	enum rc rc = RC_OK;

	if (key == NULL)
		return error_set(why, error, NULL);
	if (!way->is_recalled)
		rc = verify_key(way, key);
	if (rc == RC_DENIED)
		return error_set(why, ERROR_KEY, NULL);
	way->call.caller.currency = way->server->config.currency;
	if (rc == RC_OK && way->call.caller.suspended)
		return error_set(why, ERROR_SUSPENDED, NULL);
	return rc;
}

/* The headers of a call that has been counted, or denied by a layer. */
static void
rate_headers(struct way *way, size_t n, const struct rate_count *denied)
{
	static const char *const names[] = { "ip", "key", "tier" };
	struct cgi_answer *answer = &way->answer;
	const struct rate_count *least = &way->count[0];
	size_t i;

	for (i = 1; i < n; i++)
		if (way->count[i].remaining < least->remaining)
			least = &way->count[i];
	if (denied != NULL)
		least = denied;
	cgi_header_int(answer, "X-RateLimit-Limit", least->limit);
	cgi_header_int(answer, "X-RateLimit-Remaining", least->remaining);
	cgi_header_int(answer, "X-RateLimit-Reset", least->reset);
	if (n == RATE_LAYERS)
		cgi_header_int(answer, "X-RateLimit-Tier-Remaining",
		    way->count[RATE_TIER].remaining);
	if (denied == NULL)
		return;
	cgi_header(answer, "X-RateLimit-DeniedBy", names[denied->layer]);
	cgi_header_int(answer, "Retry-After",
	    denied->reset > way->call.now ? denied->reset - way->call.now : 1);
}

/*
 * Counts the call in the first n layers.  A call that was not authenticated
 * touches the address's alone.
 */
static enum rc
count(struct way *way, size_t n)
{
	const struct caller *caller = &way->call.caller;
	size_t denied;
	enum rc rc;

	rate_count_id(&way->count[RATE_KEY], RATE_KEY, caller->key_id,
	    way->server->config.rate_key);
	rate_count_id(&way->count[RATE_TIER], RATE_TIER, caller->account_id,
	    caller->tier_limit);
	rc = rate_admit(
	    way->server->rate, way->count, n, way->call.now, &denied);
	if (rc == RC_LIMITED)
		rate_headers(way, n, &way->count[denied]);
	else if (rc == RC_OK && n == RATE_LAYERS)
		rate_headers(way, n, NULL);
	return rc;
}

/* Ends the call if its address has run out. */
static enum rc
look_at_address(struct way *way)
{
	struct rate_count *address = &way->count[RATE_IP];
	enum rc rc;

	rc = rate_peek(way->server->rate, address, way->call.now);
	if (rc == RC_LIMITED)
		rate_headers(way, 1, address);
	return rc;
}

/*
 * Address, key, limits: from here on the call is one of an account.
 *
 * An address that has run out is told so whatever its key, and its key is not
 * looked at: nothing can be guessed, and little be spent, beyond the limit.
 * That look takes a transaction.  A call whose caller an earlier process has
 * left saves it, and is counted in all layers at once, the address first: the
 * answer is the same, and to recall a caller tells and costs next to nothing.
 * So does a process that has everything open.  What that costs is that the
 * first key beyond the limit is looked at, one a process and window; after
 * that it knows the address (one of several, if that many come at once) and
 * looks at it first again.
 */
static enum rc
admit(struct way *way)
{
	struct server *server = way->server;
	struct rate_count *address = &way->count[RATE_IP];
	enum rc rc = RC_OK, counted;
	int look_first;

	rate_count_ip(address, way->request.address, server->config.rate_ip);
	if (server->has_worked) {
		look_first =
		    rate_has_denied(server->rate, address, way->call.now);
	} else {
		way->is_recalled = recall_caller(way);
		look_first = !way->is_recalled;
	}
	if (look_first)
		rc = look_at_address(way);
	if (rc != RC_OK)
		return rc;
	rc = authenticate(way);
	if (rc == RC_OK || rc == RC_DENIED) {
		counted = count(way, rc == RC_OK ? RATE_LAYERS : 1);
		return counted != RC_OK ? counted : rc;
	}
	/* It is not counted, but may be over all the same. */
	if (!look_first && look_at_address(way) == RC_LIMITED)
		return RC_LIMITED;
	return rc;
}

static const struct action *
find_action(const struct way *way)
{
	const char *name = form_get(way->form, "action");
	size_t i;

	if (name == NULL)
		return way->nactions == 1 ? way->actions[0] : NULL;
	for (i = 0; i < way->nactions; i++)
		if (strcmp(way->actions[i]->name, name) == 0)
			return way->actions[i];
	return NULL;
}

static enum rc
run(struct way *way)
{
	struct call *call = &way->call;
	const struct action *action = way->action;
	enum rc rc = RC_OK;

	if (action == NULL)
		return error_set(&call->why, ERROR_REQUEST, NULL);
	if (action->one != NULL)
		rc = action_ids(action, call);
	return rc == RC_OK ? action->run(call) : rc;
}

/*
 * Writes the time of the key's last use, unless somebody is at the database:
 * then a later call will.
 */
static void
touch(struct way *way)
{
	struct db *db = way->server->db;

	if (!way->touch || db_begin(db, DB_WRITE_NOW) != RC_OK)
		return;
	(void)db_end(db, api_key_touch(db, &way->call.caller, way->call.now));
}

static enum rc
answer(struct way *way)
{
	struct server *server = way->server;
	enum rc rc;

	cgi_request_read(&server->cgi, &server->config, &way->request);
	rc = read_form(way);
	/* Not before: a body may take its time. */
	way->call.now = (int64_t)time(NULL);
	if (rc == RC_OK)
		rc = server_open_data(server, way->request.document_root);
	if (rc != RC_OK)
		return rc;
	way->call.config = &server->config;
	way->call.db = server->db;
	way->call.kept = server->cgi.is_last ? NULL : &server->kept;
	way->action = find_action(way);
	rc = admit(way);
	if (rc == RC_OK)
		rc = run(way);
	else
		way->touch = 0;
	/* Whoever failed half-way has nothing open. */
	db_rollback(server->db);
	return rc;
}

/* Sends the answer: the action's, or the error that rc stands for. */
static enum rc
send(struct way *way, enum rc rc, const char *body, size_t len)
{
	struct cgi_answer *a = &way->answer;
	const struct why *why = &way->call.why;
	char text[ERROR_TEXT_LEN];
	char *error = NULL;
	json_t *model;

	a->status = 200;
	if (rc != RC_OK) {
		enum error e = error_of(rc, why);
		const struct error_row *row = error_row(e);

		a->status =
		    way->server->config.http_strict ? row->strict : row->http;
		error_text(e, e == why->error ? why->arg : NULL, text);
		model = json_pack("{s:s}", "error", text);
		error = json_dumps(model, JSON_COMPACT);
		json_decref(model);
		body = error != NULL ? error : "{\"error\":\"Internal error\"}";
		len = strlen(body);
		if (e == ERROR_INTERNAL)
			cgi_header(a, "X-Incident", log_incident());
		if (e == ERROR_BUSY)
			cgi_header_int(a, "Retry-After", BUSY_RETRY_S);
	}
	rc = cgi_send(&way->server->cgi, a, "application/json", body, len);
	free(error);
	return rc;
}

/* One call, from its beginning to the end of all that it has made. */
static enum rc
serve(struct server *server, const struct action *const actions[], size_t n)
{
	struct way way = {
		.server = server, .actions = actions, .nactions = n
	};
	char *body = NULL;
	enum rc rc = RC_OK, sent;
	size_t len = 0;

	way.call.out = open_memstream(&body, &len);
	if (way.call.out == NULL) {
		log_err("cannot make an answer: out of memory");
		rc = RC_FAIL;
	}
	if (rc == RC_OK)
		rc = server_begin(server);
	if (rc == RC_OK)
		rc = answer(&way);
	if (way.call.out != NULL && fclose(way.call.out) != 0 && rc == RC_OK) {
		log_err("cannot make an answer: out of memory");
		rc = RC_FAIL;
	}
	sent = send(&way, rc, body, len);
	cgi_end(&server->cgi, &way.request);
	touch(&way);
	leave_caller(&way);
	free(body);
	form_free(way.form);
	cgi_request_clear(&way.request);
	server_end(server, rc);
	return sent;
}

int
call_main(const char *program, const struct action *const actions[], size_t n)
{
	static struct server server;
	enum rc rc, sent = RC_OK;

	rc = server_open(&server, program, NULL);
	while (rc == RC_OK && (rc = cgi_next(&server.cgi)) == RC_OK)
		sent = serve(&server, actions, n);
	/* That a reader has gone is the failure of a program of one call. */
	if (server.cgi.fastcgi != NULL)
		sent = RC_OK;
	server_close(&server);
	return rc == RC_NOT_FOUND && sent == RC_OK ? EXIT_SUCCESS
						   : EXIT_FAILURE;
}
