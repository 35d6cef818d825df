/* SPDX-License-Identifier: ISC */
/*
 * What a program of the web server keeps between its calls: the
 * configuration, the pepper and the databases.  A CGI program has one call
 * and makes all of it for that; a process of many calls makes it once, and
 * anew when something of it has changed on disk.
 */
#ifndef LATCHKEY_SERVER_H
#define LATCHKEY_SERVER_H

#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <time.h>

#include "action.h"
#include "api_key.h"
#include "cgi.h"
#include "config.h"
#include "db.h"
#include "rate.h"
#include "rc.h"
#include "secret.h"
#include "watch.h"

struct server;

/*
 * What a process of many calls looks at, before the next one after something
 * has happened to them and once a second.
 */
enum server_file {
	SERVER_PROGRAM,
	SERVER_CONFIG,
	SERVER_DATA_DIR,
	SERVER_PEPPER,
	SERVER_DB,
	SERVER_PEOPLE,
	SERVER_SEAL_KEY,
	SERVER_FILES
};

/* What a program keeps beside that; pages do, the API does not link it. */
struct server_extra {
	/* Opens it with the data: config, pepper and db are there. */
	enum rc (*open)(struct server *server, void *arg);
	/* Closes it; may be called twice. */
	void (*close)(void *arg);
	/* True if its schema is of another version, as db_is_outdated. */
	int (*is_outdated)(const void *arg);
	void *arg;
};

struct server {
	struct cgi cgi;
	int broken;                       /* the process could not be set up */
	const struct server_extra *extra; /* NULL: nothing */

	int has_config;
	struct config config;
	int has_data;
	struct pepper pepper;
	struct db *db;
	struct rate *rate;
	char caller_path[CONFIG_PATH_MAX]; /* of the file of callers */

	/* Of a process of many calls. */
	struct api_key_known known;
	struct action_kept kept;
	int64_t ncalls;
	int is_stale;   /* it is to start anew after the call at hand */
	int has_worked; /* with the database as it is */
	char document_root[CONFIG_PATH_MAX]; /* has none of our data in it */
	time_t looked;                       /* CLOCK_MONOTONIC */
	struct watch watch;
	struct {
		char path[CONFIG_PATH_MAX]; /* "": not looked at */
		struct stat st;             /* when it was opened */
	} files[SERVER_FILES];
};

/*
 * Sets the process up and finds out who started it; extra (may be NULL) is
 * borrowed.  RC_FAIL (logged) if there is nobody to be answered; whatever
 * else fails, callers are told.
 */
enum rc server_open(struct server *server, const char *program,
    const struct server_extra *extra);

/*
 * Wipes what is secret, and closes a database that has a log; the end of the
 * process closes all other files.
 */
void server_close(struct server *server);

/*
 * Begins a call: reads the configuration, unless it has been read and
 * nothing has changed since on disk.  RC_FAIL (logged).
 */
enum rc server_begin(struct server *server);

/*
 * Opens what lies in the data directory, unless it is open, for a call that
 * came through the document root (may be NULL).  RC_BUSY, RC_FAIL (logged).
 */
enum rc server_open_data(struct server *server, const char *document_root);

/* Looks at a file of an extra before each call; before it is opened. */
void server_watch(
    struct server *server, enum server_file file, const char *path);

/*
 * Ends a call that has come to rc and been answered: of one that we have
 * failed nothing is kept.  A process that has had its number of calls or too
 * much memory, or has seen something change, starts its program anew: with
 * the same socket, so that the web server never meets a closed door.
 */
void server_end(struct server *server, enum rc rc);

#endif
