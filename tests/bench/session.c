/* SPDX-License-Identifier: ISC */
/*
 * Logs an account of a site in without a browser, so that pages can be
 * measured.  Prints the session's token, which is good for half an hour.
 *
 * Usage: session DATA_DIRECTORY ACCOUNT
 */
#include "session.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "people.h"

int
main(int argc, char *argv[])
{
	struct session_token token;
	struct session session;
	struct db *people = NULL;
	char path[1024];
	enum rc rc;

	if (argc != 3) {
		(void)fprintf(
		    stderr, "usage: session DATA_DIRECTORY ACCOUNT\n");
		return 2;
	}
	(void)snprintf(path, sizeof(path), "%s/" PEOPLE_NAME, argv[1]);
	rc = secret_init();
	if (rc == RC_OK)
		rc = db_open(path, 0, 10000, &people);
	if (rc == RC_OK)
		rc = db_begin(people, DB_WRITE);
	if (rc == RC_OK)
		rc = db_end(
		    people, session_start(people, strtoll(argv[2], NULL, 10),
				SESSION_FULL, "127.0.0.1", "bench",
				(int64_t)time(NULL), &session, &token));
	db_close(people);
	if (rc != RC_OK)
		return EXIT_FAILURE;
	return printf("%s\n", token.s) > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
