/* SPDX-License-Identifier: ISC */
/*
 * A site with people on it, for tests of pages: Apache runs, two accounts
 * have passwords and a key each, and mails become files.
 */
#ifndef LATCHKEY_TESTS_DASHBOARD_H
#define LATCHKEY_TESTS_DASHBOARD_H

#include <stdint.h>

#include "browser.h"
#include "harness.h"

#define DASHBOARD_ONE "one@example.test"
#define DASHBOARD_TWO "two@example.test"
#define DASHBOARD_PASSWORD "three quiet otters"
#define DASHBOARD_PASSWORD_SENT "three+quiet+otters"

struct dashboard {
	struct site site;
	int64_t one, two;
	char key_one[KEY_TEXT_LEN], key_two[KEY_TEXT_LEN];
};

/* Makes it and starts Apache; config_lines as for site_make. */
void dashboard_make(struct dashboard *d, const char *config_lines);

/* Stops and removes it. */
void dashboard_remove(struct dashboard *d);

/* A browser that has logged in. */
void dashboard_log_in(
    struct dashboard *d, struct browser *b, const char *email);

/* As site_sql, site_sql_int and site_sql_text, on the people's database. */
void dashboard_people_sql(struct dashboard *d, const char *sql);
int64_t dashboard_people_int(struct dashboard *d, const char *sql);
char *dashboard_people_text(struct dashboard *d, const char *sql);

/*
 * Waits up to 20 s for the n-th mail (from 1) to an address; gives all of
 * it, to be freed.  NULL if it does not come.
 */
char *dashboard_mail(struct dashboard *d, const char *to, int n);

/*
 * Copies what stands in the page at hand between two texts, the first of
 * them; the test ends if it is not there.  To be freed.
 */
char *dashboard_between(
    const struct browser *b, const char *before, const char *after);

#endif
