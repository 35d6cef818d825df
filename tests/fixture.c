/* SPDX-License-Identifier: ISC */
/*
 * A fresh database for every test of a module.  Its contents are made
 * through the library, so that the site checks hold; what SQL does here goes
 * through a connection of its own.
 */
#include "fixture.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "account_admin.h"
#include "funds.h"
#include "harness.h"
#include "ledger.h"
#include "migrate.h"
#include "order.h"
#include "site.h"

struct fixture fx;

/* --- making it ------------------------------------------------------------ */

static void
add_account(struct caller *caller, const char *email, int64_t balance)
{
	int64_t after;
	const char *what;

	memset(caller, 0, sizeof(*caller));
	caller->currency = FIXTURE_CURRENCY;
	ck_assert_int_eq(
	    account_admin_create(fx.db, email, email, ACCOUNT_ADMIN_TIER,
		FIXTURE_NOW, &caller->account_id, &what),
	    RC_OK);
	ck_assert_int_eq(funds_credit(fx.db, caller, LEDGER_DEPOSIT, balance,
			     NULL, FIXTURE_NOW, &after, &what),
	    RC_OK);
	caller->tier_limit = 200;
}

static const char SQL_SERVICE[] =
    "INSERT INTO service (id, name, type, category, rate_micro, min, max,"
    " refill, cancel, dripfeed, active)"
    " VALUES ($1, $2, $2, 'Test', $3, $4, $5, $6, $6, $7, $8)";

static void
add_service(int64_t id, const char *type, int64_t rate_micro, int64_t max,
    int plain, int drip, int active)
{
	int package = service_type_find(type)->quantity == QUANTITY_PACKAGE;

	ck_assert_int_eq(
	    db_run(fx.db, SQL_SERVICE,
		DB_ARGS(DB_INT(id), DB_TEXT(type), DB_INT(rate_micro),
		    DB_INT(package ? 1 : FIXTURE_MIN),
		    DB_INT(package ? 1 : max), DB_INT(!plain), DB_INT(drip),
		    DB_INT(active))),
	    RC_OK);
}

static void
add_services(void)
{
	const struct service_type *type;

	for (type = service_types; type->name != NULL; type++)
		add_service(1 + (type - service_types), type->name,
		    FIXTURE_RATE, FIXTURE_MAX, 0, 0, 1);
	add_service(
	    SERVICE_DRIP, "Default", FIXTURE_RATE, FIXTURE_MAX, 0, 1, 1);
	add_service(
	    SERVICE_PLAIN, "Default", FIXTURE_RATE, FIXTURE_MAX, 1, 0, 1);
	add_service(SERVICE_FREE, "Default", 0, FIXTURE_MAX, 0, 0, 1);
	add_service(SERVICE_OFF, "Default", FIXTURE_RATE, FIXTURE_MAX, 0, 0, 0);
	add_service(SERVICE_DEAR, "Default", INT64_C(1000000000000000),
	    1000000000, 0, 1, 1);
	add_service(
	    SERVICE_DEAREST, "Package", INT64_C(9000000000000000), 1, 0, 0, 1);
}

void
fixture_setup(void)
{
	const char *tmp = getenv("TMPDIR");
	int64_t from, to;

	memset(&fx, 0, sizeof(fx));
	(void)umask(077);
	(void)snprintf(fx.dir, sizeof(fx.dir), "%s/fixtureXXXXXX",
	    tmp != NULL ? tmp : "/tmp");
	if (mkdtemp(fx.dir) == NULL)
		ck_abort_msg("cannot make %s: %s", fx.dir, strerror(errno));
	(void)snprintf(fx.path, sizeof(fx.path), "%s/" DB_NAME, fx.dir);
	fx.sql_path = fx.path;
	memset(fx.pepper.bytes, 0x5a, sizeof(fx.pepper.bytes));
	ck_assert_int_eq(secret_init(), RC_OK);
	ck_assert_int_eq(
	    db_open(fx.path, DB_CREATE, FIXTURE_BUSY_MS, &fx.db), RC_OK);
	ck_assert_int_eq(migrate(fx.db, migrations, &from, &to), RC_OK);
	fixture_begin();
	add_account(&fx.one, "one@example.test", FIXTURE_BALANCE);
	add_account(&fx.two, "two@example.test", FIXTURE_BALANCE_2);
	add_services();
	fixture_commit();
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *where)
{
	(void)type, (void)where;
	if (S_ISDIR(st->st_mode))
		(void)chmod(path, 0700);
	return remove(path);
}

void
fixture_people_setup(void)
{
	static const unsigned char seal_key[SECRET_SEAL_KEY_LEN] = { 0x3c };
	struct db *db;
	int64_t from, to;

	fixture_setup();
	fixture_write(fixture_path(SECRET_PEPPER_NAME), fx.pepper.bytes,
	    sizeof(fx.pepper.bytes));
	fixture_write(
	    fixture_path(SECRET_SEAL_KEY_NAME), seal_key, sizeof(seal_key));
	(void)snprintf(
	    fx.config.data_dir, sizeof(fx.config.data_dir), "%s", fx.dir);
	fx.config.busy_ms = FIXTURE_BUSY_MS;
	(void)snprintf(
	    fx.people_path, sizeof(fx.people_path), "%s/" PEOPLE_NAME, fx.dir);
	ck_assert_int_eq(
	    db_open(fx.people_path, DB_CREATE, FIXTURE_BUSY_MS, &db), RC_OK);
	ck_assert_int_eq(migrate(db, people_migrations, &from, &to), RC_OK);
	db_close(db);
	ck_assert_int_eq(people_open(&fx.config, fx.db, &fx.people), RC_OK);
	fx.sql_path = fx.people_path;
}

void
fixture_teardown(void)
{
	people_close(&fx.people);
	db_close(fx.db);
	fx.db = NULL;
	if (fx.dir[0] != '\0')
		(void)nftw(fx.dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

const char *
fixture_path(const char *name)
{
	static char path[512];

	(void)snprintf(path, sizeof(path), "%s/%s", fx.dir, name);
	return path;
}

void
fixture_begin(void)
{
	ck_assert_int_eq(db_begin(fx.db, DB_WRITE), RC_OK);
}

void
fixture_commit(void)
{
	ck_assert_int_eq(db_commit(fx.db), RC_OK);
}

void
fixture_people_begin(void)
{
	ck_assert_int_eq(db_begin(fx.people.db, DB_WRITE), RC_OK);
}

void
fixture_people_commit(void)
{
	ck_assert_int_eq(db_commit(fx.people.db), RC_OK);
}

/* --- SQL past the rules --------------------------------------------------- */

static char *
format_sql(const char *format, va_list ap)
{
	char *sql;

	if (vasprintf(&sql, format, ap) < 0)
		abort();
	return sql;
}

static sqlite3 *
open_raw(void)
{
	sqlite3 *raw;

	ck_assert_int_eq(
	    sqlite3_open_v2(fx.sql_path, &raw, SQLITE_OPEN_READWRITE, NULL),
	    SQLITE_OK);
	(void)sqlite3_busy_timeout(raw, FIXTURE_BUSY_MS);
	return raw;
}

void
fixture_sql(const char *format, ...)
{
	sqlite3 *raw = open_raw();
	va_list ap;
	char *sql;

	va_start(ap, format);
	sql = format_sql(format, ap);
	va_end(ap);
	if (sqlite3_exec(raw, sql, NULL, NULL, NULL) != SQLITE_OK)
		ck_abort_msg("%s: %s", sql, sqlite3_errmsg(raw));
	(void)sqlite3_close(raw);
	free(sql);
}

/* The first row of a query; ends the test without one. */
static sqlite3_stmt *
first_row(sqlite3 *raw, const char *sql)
{
	sqlite3_stmt *stmt = NULL;

	if (sqlite3_prepare_v2(raw, sql, -1, &stmt, NULL) != SQLITE_OK ||
	    sqlite3_step(stmt) != SQLITE_ROW)
		ck_abort_msg("%s: %s", sql, sqlite3_errmsg(raw));
	return stmt;
}

int64_t
fixture_int(const char *format, ...)
{
	sqlite3 *raw = open_raw();
	sqlite3_stmt *stmt;
	va_list ap;
	int64_t n;
	char *sql;

	va_start(ap, format);
	sql = format_sql(format, ap);
	va_end(ap);
	stmt = first_row(raw, sql);
	n = sqlite3_column_int64(stmt, 0);
	(void)sqlite3_finalize(stmt);
	(void)sqlite3_close(raw);
	free(sql);
	return n;
}

char *
fixture_text(const char *format, ...)
{
	sqlite3 *raw = open_raw();
	const unsigned char *column;
	sqlite3_stmt *stmt;
	char *sql, *text;
	va_list ap;

	va_start(ap, format);
	sql = format_sql(format, ap);
	va_end(ap);
	stmt = first_row(raw, sql);
	column = sqlite3_column_text(stmt, 0);
	text = strdup(column != NULL ? (const char *)column : "");
	(void)sqlite3_finalize(stmt);
	(void)sqlite3_close(raw);
	free(sql);
	return text;
}

/* --- orders --------------------------------------------------------------- */

struct form *
fixture_form(const char *body)
{
	struct form *form;
	const char *what = "";

	ck_assert_int_eq(form_new(&form), RC_OK);
	if (form_parse(form, "application/x-www-form-urlencoded", body,
		strlen(body), &what) != RC_OK)
		ck_abort_msg("%s: %s", body, what);
	return form;
}

enum rc
fixture_place(const struct caller *caller, const char *body, int64_t now,
    int64_t *id, struct why *why)
{
	struct form *form = fixture_form(body);
	enum rc rc;

	*why = (struct why){ 0 };
	rc = order_place(fx.db, caller, form, now, id, why);
	form_free(form);
	return rc;
}

int64_t
fixture_order(const char *body)
{
	struct why why;
	int64_t id;
	enum rc rc = fixture_place(&fx.one, body, FIXTURE_NOW, &id, &why);

	if (rc != RC_OK)
		ck_abort_msg("%s: %s", body, fixture_error(rc, &why));
	ck_assert_int_gt(id, 0);
	return id;
}

int64_t
fixture_any_order(void)
{
	static int n;
	char body[128];

	(void)snprintf(body, sizeof(body),
	    "service=1&quantity=100&link=https://example.test/any/%d", ++n);
	return fixture_order(body);
}

const char *
fixture_error(enum rc rc, const struct why *why)
{
	static char text[ERROR_TEXT_LEN];
	enum error error = error_of(rc, why);

	error_text(error, error == why->error ? why->arg : NULL, text);
	return text;
}

int64_t
fixture_balance(const struct caller *caller)
{
	int64_t balance = -1;

	ck_assert_int_eq(db_begin(fx.db, DB_READ), RC_OK);
	ck_assert_int_eq(account_balance(fx.db, caller, &balance), RC_OK);
	fixture_commit();
	return balance;
}

static void
note_fault(void *arg, const struct site_fault *fault)
{
	char *text = arg;
	size_t len = strlen(text);

	(void)snprintf(text + len, 1024 - len, "%s%s:%lld", len > 0 ? " " : "",
	    fault->check, (long long)fault->id);
}

const char *
fixture_faults(void)
{
	static char text[1024];
	int64_t n = -1;

	text[0] = '\0';
	ck_assert_int_eq(site_check(fx.db, note_fault, text, &n), RC_OK);
	ck_assert_int_eq(n != 0, text[0] != '\0');
	return text;
}

/* --- other processes and files -------------------------------------------- */

void
fixture_hold(
    struct holder *holder, const char *path, int operation, int until_waited)
{
	int say[2], hear[2], fd;
	char c = 0;

	ck_assert_int_eq(pipe2(say, O_CLOEXEC), 0);
	ck_assert_int_eq(pipe2(hear, O_CLOEXEC), 0);
	holder->pid = fork();
	ck_assert_int_ge(holder->pid, 0);
	if (holder->pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		(void)close(say[1]);
		fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
		if (fd < 0 || flock(fd, operation) != 0 ||
		    write(hear[1], "x", 1) != 1)
			_exit(1);
		if (until_waited)
			_exit(lock_has_waiter(path) ? 0 : 1);
		while (read(say[0], &c, 1) > 0)
			;
		_exit(0);
	}
	(void)close(say[0]);
	(void)close(hear[1]);
	holder->say = say[1];
	ck_assert_int_eq(read(hear[0], &c, 1), 1);
	(void)close(hear[0]);
}

void
fixture_let_go(struct holder *holder)
{
	int status = -1;

	(void)close(holder->say);
	while (waitpid(holder->pid, &status, 0) < 0 && errno == EINTR)
		;
	ck_assert_int_eq(status, 0);
}

char *
fixture_read(const char *path, size_t *len)
{
	FILE *in = fopen(path, "re");
	struct stat st;
	char *text;

	if (in == NULL || fstat(fileno(in), &st) != 0)
		ck_abort_msg("cannot read %s: %s", path, strerror(errno));
	text = malloc((size_t)st.st_size + 1);
	ck_assert_ptr_nonnull(text);
	*len = fread(text, 1, (size_t)st.st_size, in);
	text[*len] = '\0';
	(void)fclose(in);
	return text;
}

void
fixture_write(const char *path, const void *bytes, size_t len)
{
	FILE *out = fopen(path, "we");

	if (out == NULL)
		ck_abort_msg("cannot write %s: %s", path, strerror(errno));
	ck_assert_uint_eq(fwrite(bytes, 1, len, out), len);
	ck_assert_int_eq(fclose(out), 0);
}

int
fixture_is_bound(void)
{
	return geteuid() != 0;
}
