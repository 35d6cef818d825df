/* SPDX-License-Identifier: ISC */
/*
 * The one configuration file, latchkey.conf: lines of "name = value",
 * # comments.  INSTALL and latchkey.conf(5) document every name.
 */
#ifndef LATCHKEY_CONFIG_H
#define LATCHKEY_CONFIG_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "rc.h"

enum {
	CONFIG_PATH_MAX = 1024, /* bytes of a path, NUL included */
	CONFIG_TEXT_MAX = 256,  /* bytes of any other value, NUL included */
	CONFIG_PROXIES_MAX = 16
};

struct config {
	char path[CONFIG_PATH_MAX];     /* of the file itself */
	char data_dir[CONFIG_PATH_MAX]; /* absolute if path is */
	char url[CONFIG_TEXT_MAX];      /* of the panel, no slash at its end */
	char currency[8];               /* ISO 4217 code */
	int http_strict;                /* http_status = strict */
	int sign_up;                    /* signup = open */
	int has_public_prices;          /* price_list = public */
	int has_log;                    /* journal = wal */
	int64_t busy_ms;                /* longest wait for a lock */
	int64_t rate_ip;                /* calls a minute from one address */
	int64_t rate_key;               /* calls a minute with one key */
	int64_t refill_limit;           /* refills of one order */
	int webhook_local;              /* endpoints on this host, http */
	char ca_file[CONFIG_PATH_MAX];  /* authorities that are trusted */
	char sendmail[CONFIG_PATH_MAX]; /* "": no mail is sent */
	char mail_from[CONFIG_TEXT_MAX];
	char templates[CONFIG_PATH_MAX]; /* of the site; "": none */
	char brand_name[CONFIG_TEXT_MAX];
	char brand_logo[CONFIG_TEXT_MAX]; /* "/path" on the site, or "" */
	char brand_css[CONFIG_TEXT_MAX];  /* likewise */
	char brand_color[8];              /* "#rrggbb", or "" */
	char brand_dark_color[8];
	char brand_footer[CONFIG_TEXT_MAX]; /* one line, or "" */
	char deposit_text[CONFIG_TEXT_MAX]; /* likewise */
	int64_t fastcgi_calls;              /* of one process; 0: no end */
	int64_t audit_days; /* of security history kept; 0: all */
	size_t nproxies;
	char proxies[CONFIG_PROXIES_MAX][48]; /* trusted addresses */
};

/*
 * Finds the file from the program's own path (/proc/self/exe), never from
 * the environment: in the program's directory and then in each one above it,
 * the first latchkey.conf or latchkey/latchkey.conf.  RC_NOT_FOUND if there
 * is none (not logged), RC_FAIL if the path cannot be read.
 */
enum rc config_find(char path[CONFIG_PATH_MAX]);

/*
 * Reads and checks the file.  RC_FAIL (logged, with the line's number) if it
 * cannot be read, belongs to somebody else (neither the user nor root), can
 * be written by others, or has an unknown name or a bad value.
 */
enum rc config_load(const char *path, struct config *config);

/*
 * Checks that the data directory is one, belongs to the user, is closed to
 * others (0700) and, where document_root is not NULL, that neither it nor
 * the configuration lies inside.  RC_FAIL (logged) otherwise.
 */
enum rc config_check_data(
    const struct config *config, const char *document_root);

/* Writes a commented file with the defaults; url may be NULL. */
enum rc config_write_default(FILE *out, const char *url);

/*
 * Joins the data directory and a file name.  RC_FAIL (logged) if too long.
 */
enum rc config_data_path(
    const struct config *config, const char *name, char path[CONFIG_PATH_MAX]);

#endif
