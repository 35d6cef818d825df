/* SPDX-License-Identifier: ISC */
/*
 * Fuzzes tokens from outside against a database that has one session and one
 * mailed token: all but these two are denied.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mail_token.h"
#include "migrate.h"
#include "session.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { NOW = 1700000000 };

static struct db *people;
static struct session_token token;
static struct mail_token_text mailed;

static void
must(int condition)
{
	if (!condition)
		abort();
}

static char dir[256];

static void
clean(void)
{
	static const char *const names[] = { "people.db", "people.db-journal",
		"people.db.gate", "people.db.queue" };
	char path[300];
	size_t i;

	db_close(people);
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		(void)unlink(path);
	}
	(void)rmdir(dir);
}

/* The database lives as long as the process. */
int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	const char *tmp = getenv("TMPDIR");
	struct session session;
	int64_t from, to;
	char path[300];

	(void)argc, (void)argv;
	must(secret_init() == RC_OK);
	(void)snprintf(dir, sizeof(dir), "%s/fuzz_sessionXXXXXX",
	    tmp != NULL ? tmp : "/tmp");
	must(mkdtemp(dir) != NULL && atexit(clean) == 0);
	(void)snprintf(path, sizeof(path), "%s/people.db", dir);
	must(db_open(path, DB_CREATE, 1000, &people) == RC_OK);
	must(migrate(people, people_migrations, &from, &to) == RC_OK);
	must(db_begin(people, DB_WRITE) == RC_OK);
	must(session_start(people, 1, SESSION_FULL, "::1", "", NOW, &session,
		 &token) == RC_OK);
	must(mail_token_make(people, MAIL_TOKEN_RESET, 1, "a@b.example", NULL,
		 NOW, &mailed) == RC_OK);
	must(db_commit(people) == RC_OK);
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	struct mail_token found_token;
	struct session found;
	int good;

	good = size == SESSION_TOKEN_LEN &&
	       memcmp(data, token.s, SESSION_TOKEN_LEN) == 0;
	must(session_find(people, text, size, NOW, &found) ==
	     (good ? RC_OK : RC_DENIED));
	must((found.id != 0) == good);
	good = size == MAIL_TOKEN_LEN &&
	       memcmp(data, mailed.s, MAIL_TOKEN_LEN) == 0;
	must(db_begin(people, DB_READ) == RC_OK);
	must(mail_token_find(people, MAIL_TOKEN_RESET, text, size, NOW,
		 &found_token) == (good ? RC_OK : RC_DENIED));
	db_rollback(people);
	/* The right one is found, whatever came before. */
	must(session_find(people, token.s, SESSION_TOKEN_LEN, NOW, &found) ==
	     RC_OK);
	return 0;
}
