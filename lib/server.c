/* SPDX-License-Identifier: ISC */
/*
 * What a program keeps between its calls.  To see whether that is still what
 * is on disk takes a stat(2) a file, together a tenth of a short call; that
 * nothing has happened to them takes one system call to find out.
 */
#include "server.h"

#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "caller_file.h"
#include "log.h"
#include "process.h"
#include "schema_version.h"

enum { MEMORY_CALLS = 256 }; /* from one look at it to the next */

static int
has_many_calls(const struct server *server)
{
	return server->cgi.fastcgi != NULL;
}

/* --- what is on disk ------------------------------------------------------ */

/* What may be no link and has become one is something else. */
static int
look(enum server_file file, const char *path, struct stat *st)
{
	return file == SERVER_DATA_DIR || file == SERVER_PEPPER ||
		       file == SERVER_SEAL_KEY
		   ? lstat(path, st)
		   : stat(path, st);
}

void
server_watch(struct server *server, enum server_file file, const char *path)
{
	static const enum watch_what what[] = { [SERVER_PROGRAM] = WATCH_FILE,
		[SERVER_CONFIG] = WATCH_FILE,
		[SERVER_DATA_DIR] = WATCH_DIRECTORY,
		[SERVER_PEPPER] = WATCH_FILE,
		[SERVER_DB] = WATCH_DATABASE,
		[SERVER_PEOPLE] = WATCH_DATABASE,
		[SERVER_SEAL_KEY] = WATCH_FILE };
	size_t len = strlen(path);

	if (!has_many_calls(server))
		return;
	watch_add(&server->watch, what[file], path);
	server->files[file].path[0] = '\0';
	if (len < sizeof(server->files[file].path) &&
	    look(file, path, &server->files[file].st) == 0)
		memcpy(server->files[file].path, path, len + 1);
}

/* The file that runs, and not what has taken its name by now. */
static void
note_program(struct server *server)
{
	static const char self[] = "/proc/self/exe";
	char path[CONFIG_PATH_MAX];
	ssize_t n;

	if (!has_many_calls(server))
		return;
	n = readlink(self, path, sizeof(path));
	if (n <= 0 || (size_t)n >= sizeof(path))
		return;
	path[n] = '\0';
	server_watch(server, SERVER_PROGRAM, path);
	(void)stat(self, &server->files[SERVER_PROGRAM].st);
}

/*
 * True if it is another file, or has another owner or mode.  What we do not
 * write to ourselves must have the same contents too.
 */
static int
has_changed(const struct server *server, enum server_file file)
{
	const struct stat *before = &server->files[file].st;
	const char *path = server->files[file].path;
	struct stat st;

	if (path[0] == '\0')
		return 0;
	if (look(file, path, &st) != 0 || st.st_dev != before->st_dev ||
	    st.st_ino != before->st_ino || st.st_mode != before->st_mode ||
	    st.st_uid != before->st_uid)
		return 1;
	if (file == SERVER_DATA_DIR || file == SERVER_DB ||
	    file == SERVER_PEOPLE)
		return 0;
	return st.st_size != before->st_size ||
	       st.st_mtim.tv_sec != before->st_mtim.tv_sec ||
	       st.st_mtim.tv_nsec != before->st_mtim.tv_nsec;
}

/*
 * True if something may have changed, or a second has passed since this last
 * said so.
 */
static int
must_look(struct server *server)
{
	struct timespec now;
	int quiet = watch_is_quiet(&server->watch);

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	if (quiet && now.tv_sec == server->looked)
		return 0;
	server->looked = now.tv_sec;
	return 1;
}

/* Closes and forgets all that is kept. */
static void
forget(struct server *server)
{
	enum server_file file;

	watch_close(&server->watch);
	for (file = SERVER_CONFIG; file < SERVER_FILES; file++)
		server->files[file].path[0] = '\0';
	if (server->extra != NULL)
		server->extra->close(server->extra->arg);
	/* The program is the one file that stays. */
	if (server->files[SERVER_PROGRAM].path[0] != '\0')
		watch_add(&server->watch, WATCH_FILE,
		    server->files[SERVER_PROGRAM].path);
	db_close(server->db);
	server->db = NULL;
	rate_close(server->rate);
	server->rate = NULL;
	secret_pepper_clear(&server->pepper);
	memset(&server->known, 0, sizeof(server->known));
	action_kept_clear(&server->kept);
	memset(&server->config, 0, sizeof(server->config));
	server->document_root[0] = '\0';
	server->has_config = server->has_data = 0;
}

/* A log that is left open has to be read by the next process. */
static int
has_log(const struct server *server)
{
	return server->db != NULL && db_has_log(server->db);
}

/* --- the process ---------------------------------------------------------- */

enum rc
server_open(struct server *server, const char *program,
    const struct server_extra *extra)
{
	uint32_t seed = 0;
	enum rc rc;

	server->extra = extra;
	log_program(program);
	log_incident_new();
	rc = process_harden(1);
	/* The same seed for all of a process; otherwise it reads a file. */
	if (rc == RC_OK)
		rc = secret_random(&seed, sizeof(seed));
	json_object_seed(seed | 1);
	server->broken = rc != RC_OK;
	rc = cgi_open(&server->cgi);
	if (rc == RC_OK)
		note_program(server);
	return rc;
}

void
server_close(struct server *server)
{
	/*
	 * Databases are not closed: no transaction is open, and the end of the
	 * process closes files faster than SQLite frees its memory.
	 */
	if (has_log(server))
		db_close(server->db);
	secret_pepper_clear(&server->pepper);
	cgi_close(&server->cgi);
}

static enum rc
read_config(struct server *server)
{
	char path[CONFIG_PATH_MAX];
	enum rc rc;

	rc = config_find(path);
	if (rc == RC_NOT_FOUND)
		log_err("cannot find latchkey.conf beside or above this "
			"program");
	if (rc != RC_OK)
		return RC_FAIL;
	server_watch(server, SERVER_CONFIG, path);
	rc = config_load(path, &server->config);
	server->has_config = rc == RC_OK;
	return rc;
}

static enum rc
open_data(struct server *server)
{
	const struct config *config = &server->config;
	char path[CONFIG_PATH_MAX];
	enum rc rc;

	if (secret_init() != RC_OK ||
	    config_data_path(config, SECRET_PEPPER_NAME, path) != RC_OK)
		return RC_FAIL;
	server_watch(server, SERVER_PEPPER, path);
	/* Of a call that came no further. */
	secret_pepper_clear(&server->pepper);
	if (secret_pepper_load(path, &server->pepper) != RC_OK ||
	    (has_many_calls(server) &&
		secret_pepper_prepare(&server->pepper) != RC_OK) ||
	    config_data_path(config, RATE_NAME, path) != RC_OK)
		return RC_FAIL;
	rc = rate_open(path, config->busy_ms, &server->rate);
	if (rc != RC_OK)
		return rc;
	if (config_data_path(config, CALLER_FILE_NAME, server->caller_path) !=
		RC_OK ||
	    config_data_path(config, DB_NAME, path) != RC_OK)
		return RC_FAIL;
	server_watch(server, SERVER_DB, path);
	rc = db_open(path, DB_LATE, config->busy_ms, &server->db);
	if (rc == RC_NOT_FOUND) {
		log_err("cannot find %s: run latchkey init", path);
		return RC_FAIL;
	}
	if (rc != RC_OK)
		return rc;
	db_expect(server->db, SCHEMA_VERSION);
	return server->extra != NULL
		   ? server->extra->open(server, server->extra->arg)
		   : RC_OK;
}

/* A migration has come by. */
static int
is_outdated(const struct server *server)
{
	const struct server_extra *extra = server->extra;

	return server->has_data &&
	       (db_is_outdated(server->db) ||
		   (extra != NULL && extra->is_outdated(extra->arg)));
}

/* --- calls ---------------------------------------------------------------- */

/*
 * Looks at everything.  As there is a second at most from one look to the
 * next, a call has that much less processor time than it is given.
 */
static void
look_at_all(struct server *server)
{
	enum server_file file;

	/* A new program would have no more processor time either. */
	if (!process_renew())
		cgi_stop(&server->cgi);
	for (file = SERVER_PROGRAM; file < SERVER_FILES; file++) {
		if (!has_changed(server, file))
			continue;
		/* The call gets what is there now. */
		server->is_stale = 1;
		forget(server);
	}
}

enum rc
server_begin(struct server *server)
{
	if (server->broken)
		return RC_FAIL;
	server->ncalls++;
	if (has_many_calls(server) && must_look(server))
		look_at_all(server);
	return server->has_config ? RC_OK : read_config(server);
}

enum rc
server_open_data(struct server *server, const char *document_root)
{
	const char *root = document_root != NULL ? document_root : "";
	enum rc rc;

	if (!server->has_data || strcmp(root, server->document_root) != 0) {
		server_watch(server, SERVER_DATA_DIR, server->config.data_dir);
		rc = config_check_data(&server->config, document_root);
		if (rc != RC_OK)
			return rc;
		server->document_root[0] = '\0';
		if (strlen(root) < sizeof(server->document_root))
			memcpy(server->document_root, root, strlen(root) + 1);
	}
	if (server->has_data)
		return RC_OK;
	rc = open_data(server);
	server->has_data = rc == RC_OK;
	return rc;
}

void
server_end(struct server *server, enum rc rc)
{
	const int64_t limit = server->config.fastcgi_calls;

	if (!has_many_calls(server))
		return;
	if (limit > 0 && server->ncalls >= limit)
		server->is_stale = 1;
	/*
	 * A program that never saw the right version of a schema goes on: anew
	 * it would be no better.
	 */
	if (is_outdated(server) && server->has_worked)
		server->is_stale = 1;
	if (rc == RC_OK)
		server->has_worked = 1;
	if (server->ncalls % MEMORY_CALLS == 0 && process_has_grown())
		server->is_stale = 1;
	if (rc == RC_FAIL)
		forget(server);
	/* One that cannot start while it is being written can later. */
	if (server->is_stale && !server->cgi.is_last) {
		if (has_log(server))
			forget(server);
		cgi_restart(&server->cgi, server->files[SERVER_PROGRAM].path);
	}
}
