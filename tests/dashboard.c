/* SPDX-License-Identifier: ISC */
/*
 * A site with people on it.
 */
#include "dashboard.h"

#include <check.h>
#include <dirent.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "config.h"
#include "db.h"
#include "login.h"
#include "people.h"

enum { PATH_LEN = SITE_PATH_LEN + 64, MAILS_MAX = 64, STEP_MS = 20 };

/* A file for each mail, whole or not there, in the order of their names. */
static const char sendmail[] =
    "#!/bin/sh\n"
    "d=${0%/*}/mail\n"
    "f=$(mktemp \"$d/new.XXXXXX\") && cat >\"$f\" &&\n"
    "mv \"$f\" \"$d/$(date +%s%N).eml\"\n";

static void
make_sendmail(const struct site *site)
{
	char path[PATH_LEN];
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/mail", site->dir);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	(void)snprintf(path, sizeof(path), "%s/sendmail", site->dir);
	file = fopen(path, "w");
	ck_assert_ptr_nonnull(file);
	ck_assert_int_ge(fputs(sendmail, file), 0);
	ck_assert_int_eq(fclose(file), 0);
	ck_assert_int_eq(chmod(path, 0700), 0);
	(void)snprintf(path, sizeof(path), "%s/latchkey.conf", site->dir);
	file = fopen(path, "a");
	ck_assert_ptr_nonnull(file);
	(void)fprintf(
	    file, "sendmail = %s/sendmail\nrate_ip = 100000\n", site->dir);
	ck_assert_int_eq(fclose(file), 0);
}

/* Gives accounts the password, by the library. */
static void
set_passwords(struct dashboard *d)
{
	static struct config config;
	const int64_t ids[] = { d->one, d->two };
	struct people people = { 0 };
	struct db *db = NULL;
	const char *why = NULL;
	char path[PATH_LEN];
	size_t i;

	(void)snprintf(path, sizeof(path), "%s/latchkey.conf", d->site.dir);
	ck_assert_int_eq(config_load(path, &config), RC_OK);
	(void)snprintf(path, sizeof(path), "%s/data/%s", d->site.dir, DB_NAME);
	ck_assert_int_eq(db_open(path, 0, 5000, &db), RC_OK);
	ck_assert_int_eq(people_open(&config, db, &people), RC_OK);
	for (i = 0; i < 2; i++)
		ck_assert_int_eq(
		    login_admin_password(&people, ids[i], DASHBOARD_PASSWORD,
			strlen(DASHBOARD_PASSWORD), 0, (int64_t)time(NULL),
			&why),
		    RC_OK);
	people_close(&people);
	db_close(db);
}

void
dashboard_make(struct dashboard *d, const char *config_lines)
{
	memset(d, 0, sizeof(*d));
	site_make(&d->site, config_lines);
	make_sendmail(&d->site);
	d->one = site_account(&d->site, DASHBOARD_ONE);
	d->two = site_account(&d->site, DASHBOARD_TWO);
	site_key(&d->site, DASHBOARD_ONE, d->key_one);
	site_key(&d->site, DASHBOARD_TWO, d->key_two);
	set_passwords(d);
	site_start(&d->site);
}

void
dashboard_remove(struct dashboard *d)
{
	site_remove(&d->site);
}

void
dashboard_log_in(struct dashboard *d, struct browser *b, const char *email)
{
	browser_open(b, &d->site);
	browser_log_in(b, email, DASHBOARD_PASSWORD_SENT);
}

static sqlite3 *
open_people(struct dashboard *d)
{
	char path[PATH_LEN];
	sqlite3 *db = NULL;

	(void)snprintf(
	    path, sizeof(path), "%s/data/%s", d->site.dir, PEOPLE_NAME);
	ck_assert_int_eq(
	    sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
	(void)sqlite3_busy_timeout(db, 5000);
	return db;
}

void
dashboard_people_sql(struct dashboard *d, const char *sql)
{
	sqlite3 *db = open_people(d);

	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		ck_abort_msg("%s: %s", sql, sqlite3_errmsg(db));
	(void)sqlite3_close(db);
}

char *
dashboard_people_text(struct dashboard *d, const char *sql)
{
	sqlite3 *db = open_people(d);
	sqlite3_stmt *stmt = NULL;
	const unsigned char *column;
	char *text;

	if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) != SQLITE_OK ||
	    sqlite3_step(stmt) != SQLITE_ROW)
		ck_abort_msg("%s: %s", sql, sqlite3_errmsg(db));
	column = sqlite3_column_text(stmt, 0);
	text = strdup(column != NULL ? (const char *)column : "");
	(void)sqlite3_finalize(stmt);
	(void)sqlite3_close(db);
	return text;
}

int64_t
dashboard_people_int(struct dashboard *d, const char *sql)
{
	char *text = dashboard_people_text(d, sql), *end;
	int64_t n = strtoll(text, &end, 10);

	free(text);
	return n;
}

static int
is_mail(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name);

	return len > 4 && strcmp(entry->d_name + len - 4, ".eml") == 0;
}

static char *
read_mail(const char *path)
{
	FILE *file = fopen(path, "r");
	char *text = calloc(1, 65536);

	if (file == NULL || text == NULL)
		ck_abort_msg("cannot read %s", path);
	(void)!fread(text, 1, 65535, file);
	(void)fclose(file);
	return text;
}

/* The n-th mail to an address, if it is there. */
static char *
find_mail(struct dashboard *d, const char *to, int n)
{
	char dir[PATH_LEN], path[2 * PATH_LEN], wanted[300];
	struct dirent **entries = NULL;
	char *mail = NULL;
	int count, i;

	(void)snprintf(dir, sizeof(dir), "%s/mail", d->site.dir);
	(void)snprintf(wanted, sizeof(wanted), "To: <%s>\n", to);
	count = scandir(dir, &entries, is_mail, alphasort);
	for (i = 0; i < count; i++) {
		(void)snprintf(
		    path, sizeof(path), "%s/%s", dir, entries[i]->d_name);
		free(entries[i]);
		if (n == 0)
			continue;
		free(mail);
		mail = read_mail(path);
		if (strstr(mail, wanted) != NULL)
			n--;
	}
	free(entries);
	if (n == 0)
		return mail;
	free(mail);
	return NULL;
}

char *
dashboard_mail(struct dashboard *d, const char *to, int n)
{
	static const struct timespec step = { 0, STEP_MS * 1000000L };
	char *mail = NULL;
	int tries;

	for (tries = 0; tries < 20000 / STEP_MS; tries++) {
		if ((mail = find_mail(d, to, n)) != NULL)
			break;
		(void)nanosleep(&step, NULL);
	}
	return mail;
}

char *
dashboard_between(
    const struct browser *b, const char *before, const char *after)
{
	const char *start = strstr(b->answer.body, before), *end;

	if (start == NULL)
		ck_abort_msg("%s (%d): no %s in %s", b->page, b->answer.status,
		    before, b->answer.body);
	start += strlen(before);
	end = strstr(start, after);
	if (end == NULL)
		ck_abort_msg("%s: no %s", b->page, after);
	return strndup(start, (size_t)(end - start));
}
