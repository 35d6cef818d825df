/* SPDX-License-Identifier: ISC */
/*
 * Opening the people's database, and the keys without which nothing in it can
 * be checked.
 */
#include "people.h"

#include <string.h>

#include "log.h"
#include "schema_version.h"

/* Reads the two key files. */
static enum rc
load_keys(struct people *people)
{
	char pepper[CONFIG_PATH_MAX], seal_key[CONFIG_PATH_MAX];
	enum rc rc;

	if (config_data_path(people->config, SECRET_PEPPER_NAME, pepper) !=
		RC_OK ||
	    config_data_path(people->config, SECRET_SEAL_KEY_NAME, seal_key) !=
		RC_OK)
		return RC_FAIL;
	rc = secret_pepper_load(pepper, &people->pepper);
	if (rc == RC_OK)
		rc = secret_seal_key_load(seal_key, &people->seal_key);
	return rc;
}

enum rc
people_open(const struct config *config, struct db *main, struct people *people)
{
	char path[CONFIG_PATH_MAX];
	enum rc rc;

	memset(people, 0, sizeof(*people));
	people->config = config;
	people->main = main;
	rc = config_data_path(config, PEOPLE_NAME, path);
	if (rc == RC_OK)
		rc = load_keys(people);
	if (rc != RC_OK)
		goto out;
	rc = db_open(path, 0, config->busy_ms, &people->db);
	if (rc == RC_NOT_FOUND) {
		log_err("cannot find the people's database %s; run latchkey "
			"migrate",
		    path);
		rc = RC_FAIL;
	}
	if (rc == RC_OK)
		db_expect(people->db, PEOPLE_SCHEMA_VERSION);
out:
	if (rc != RC_OK)
		people_close(people);
	return rc;
}

void
people_close(struct people *people)
{
	db_close(people->db);
	secret_wipe(people, sizeof(*people));
}
