/* SPDX-License-Identifier: ISC */
/*
 * Delivers queued webhooks; run by cron every minute.  A second one beside
 * the first ends at once.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "log.h"
#include "number.h"
#include "process.h"
#include "schema_version.h"
#include "sender.h"

#define TEXT(token) #token
#define TEXT_OF(macro) TEXT(macro)

static const char LOCK_NAME[] = "sender.lock";
static const char AGENT[] = "Latchkey/" TEXT_OF(LATCHKEY_VERSION);

/* How it ends; the numbers above 63 are those of sysexits.h. */
enum exit { DONE = 0, USAGE = 2, OURS = 70, TEMPFAIL = 75 };

struct options {
	const char *config_path;
	int verbose, once, dry_run;
	int64_t linger_s;
};

struct program {
	struct options options;
	struct config config;
	struct seal_key key;
	struct db *db;
	int lock;
};

static void
print_help(FILE *out)
{
	(void)fputs(
	    "usage: deliver-webhooks [-c FILE] [-v] [--once] [--dry-run]\n"
	    "                        [--linger SECONDS]\n"
	    "Delivers the webhooks that are due.\n\n"
	    "  -c FILE           the configuration (default: latchkey.conf\n"
	    "                    near the program)\n"
	    "  -v                say what is done, and at the end how much\n"
	    "  --once            only what is due now, each once\n"
	    "  --dry-run         say what would be sent; send nothing\n"
	    "  --linger SECONDS  look for new events so long, at most 50\n"
	    "  --help            this\n"
	    "  --version         the version\n\n"
	    "Exit status: 0 done, or another one is at work; 2 wrong usage;\n"
	    "70 failed as told; 75 busy or the disk is full, try again "
	    "later.\n",
	    out);
}

/* Reads the arguments; *end is set if there is nothing further to do. */
static enum exit
parse(struct options *o, char *const *argv, int argc, int *end)
{
	const char *value;
	int i;

	for (i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--help") == 0 ||
		    strcmp(argv[i], "--version") == 0) {
			if (argv[i][2] == 'h')
				print_help(stdout);
			else
				(void)puts("deliver-webhooks " TEXT_OF(
				    LATCHKEY_VERSION));
			*end = 1;
			return DONE;
		}
		value = i + 1 < argc ? argv[i + 1] : "";
		if (strcmp(argv[i], "-v") == 0) {
			o->verbose = 1;
		} else if (strcmp(argv[i], "--once") == 0) {
			o->once = 1;
		} else if (strcmp(argv[i], "--dry-run") == 0) {
			o->dry_run = 1;
		} else if (strcmp(argv[i], "-c") == 0 && value[0] != '\0') {
			o->config_path = value;
			i++;
		} else if (strcmp(argv[i], "--linger") == 0 &&
			   number_parse(value, strlen(value), 0, SENDER_TAKE_S,
			       &o->linger_s) == RC_OK) {
			i++;
		} else {
			(void)fprintf(stderr,
			    "deliver-webhooks: cannot use %s; see "
			    "deliver-webhooks --help\n",
			    argv[i]);
			return USAGE;
		}
	}
	return DONE;
}

/* Finds the configuration, as an absolute path. */
static enum rc
find_config(const struct options *o, char path[CONFIG_PATH_MAX])
{
	enum rc rc = RC_FAIL;
	char *real;
	int n;

	if (o->config_path == NULL) {
		rc = config_find(path);
		if (rc == RC_NOT_FOUND)
			log_err("cannot find latchkey.conf: say where with "
				"-c");
		return rc;
	}
	real = realpath(o->config_path, NULL);
	if (real == NULL) {
		log_err("cannot find the configuration %s: %s", o->config_path,
		    strerror(errno));
		return RC_FAIL;
	}
	n = snprintf(path, CONFIG_PATH_MAX, "%s", real);
	if (n >= 0 && n < CONFIG_PATH_MAX)
		rc = RC_OK;
	else
		log_err("cannot use the configuration: its path is too long");
	free(real);
	return rc;
}

static enum rc
open_data(struct program *p)
{
	char path[CONFIG_PATH_MAX];
	enum rc rc;

	if (find_config(&p->options, path) != RC_OK ||
	    process_become_owner(path) != RC_OK ||
	    config_load(path, &p->config) != RC_OK ||
	    process_become_owner(p->config.data_dir) != RC_OK ||
	    config_check_data(&p->config, NULL) != RC_OK ||
	    secret_init() != RC_OK ||
	    config_data_path(&p->config, SECRET_SEAL_KEY_NAME, path) != RC_OK ||
	    secret_seal_key_load(path, &p->key) != RC_OK ||
	    config_data_path(&p->config, DB_NAME, path) != RC_OK)
		return RC_FAIL;
	rc = db_open(path, 0, p->config.busy_ms, &p->db);
	if (rc == RC_NOT_FOUND)
		log_err("cannot find %s: run latchkey init", path);
	if (rc == RC_OK)
		db_expect(p->db, SCHEMA_VERSION);
	return rc;
}

/* RC_LIMITED if another one is at work. */
static enum rc
lock(struct program *p)
{
	char path[CONFIG_PATH_MAX];

	if (config_data_path(&p->config, LOCK_NAME, path) != RC_OK)
		return RC_FAIL;
	p->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (p->lock >= 0 && flock(p->lock, LOCK_EX | LOCK_NB) == 0)
		return RC_OK;
	if (p->lock >= 0 && errno == EWOULDBLOCK)
		return RC_LIMITED;
	log_err("cannot lock %s: %s", path, strerror(errno));
	return errno == ENOSPC || errno == EDQUOT ? RC_BUSY : RC_FAIL;
}

static void
tell(void *arg, const char *event, const char *url,
    const struct delivery_result *r)
{
	static const char *const words[] = {
		[DELIVERY_DONE] = "delivered",
		[DELIVERY_FAILED] = "failed",
		[DELIVERY_GONE] = "failed",
		[DELIVERY_BLOCKED] = "blocked",
		[DELIVERY_OURS] = "postponed",
	};

	(void)arg;
	(void)printf("%s %s to webhook %lld %s in %lld ms%s%s\n", words[r->end],
	    event, (long long)r->webhook_id, url, (long long)r->duration_ms,
	    r->error[0] != '\0' ? ": " : "", r->error);
	(void)fflush(stdout);
}

static enum rc
summarise(const struct program *p, const struct sender *sender)
{
	int64_t left = 0;
	enum rc rc;

	if ((rc = db_begin(p->db, DB_READ)) == RC_OK)
		rc = db_end(p->db, delivery_left(p->db, &left));
	if (rc == RC_OK)
		(void)printf("delivered %lld, failed %lld, blocked %lld, "
			     "left %lld\n",
		    (long long)sender->delivered, (long long)sender->failed,
		    (long long)sender->blocked, (long long)left);
	return rc;
}

static enum rc
deliver(struct program *p)
{
	struct sender sender = { .config = &p->config,
		.db = p->db,
		.key = &p->key,
		.agent = AGENT,
		.once = p->options.once,
		.linger_s = p->options.once ? 0 : p->options.linger_s,
		.tell = p->options.verbose ? tell : NULL };
	enum rc rc = lock(p);

	if (rc == RC_LIMITED) {
		if (p->options.verbose)
			(void)puts("another one is at work");
		return RC_OK;
	}
	if (rc == RC_OK)
		rc = sender_run(&sender);
	if (rc == RC_OK && p->options.verbose)
		rc = summarise(p, &sender);
	return rc;
}

static void
show(void *arg, struct delivery *d)
{
	const struct delivery_endpoint *endpoint = arg;

	(void)printf("%s %s to webhook %lld %s, attempt %lld\n", d->name,
	    event_type_name(d->type), (long long)d->webhook_id, endpoint->url,
	    (long long)d->attempts + 1);
	free(d);
}

/* Claims what is due and takes that back. */
static enum rc
dry_run(struct program *p)
{
	int64_t now = (int64_t)time(NULL);
	struct delivery_endpoint endpoint;
	int64_t after = 0;
	enum rc rc;

	if ((rc = db_begin(p->db, DB_WRITE)) != RC_OK)
		return rc;
	while (rc == RC_OK && (rc = delivery_next_endpoint(p->db, &p->key,
				   after, now, &endpoint)) == RC_OK) {
		after = endpoint.id;
		rc = delivery_claim(
		    p->db, endpoint.id, SIZE_MAX, now, show, &endpoint);
	}
	secret_wipe(&endpoint, sizeof(endpoint));
	db_rollback(p->db);
	return rc == RC_NOT_FOUND ? RC_OK : rc;
}

static enum exit
exit_of(enum rc rc)
{
	return rc == RC_OK ? DONE : rc == RC_BUSY ? TEMPFAIL : OURS;
}

int
main(int argc, char **argv)
{
	struct program program = { .lock = -1 };
	enum exit status;
	enum rc rc;
	int end = 0;

	log_program("sender");
	if (process_harden(0) != RC_OK)
		return OURS;
	status = parse(&program.options, argv, argc, &end);
	if (status != DONE || end)
		return (int)status;
	rc = open_data(&program);
	if (rc == RC_OK)
		rc = program.options.dry_run ? dry_run(&program)
					     : deliver(&program);
	db_close(program.db);
	secret_wipe(&program.key, sizeof(program.key));
	if (fflush(stdout) != 0 && rc == RC_OK)
		rc = RC_FAIL;
	/* At once: libcurl's threads may still wait for a resolver. */
	_exit((int)exit_of(rc));
}
