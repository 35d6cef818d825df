/* SPDX-License-Identifier: ISC */
/*
 * A fresh database for every test of a module: newest schema, two accounts,
 * a service of every type and some that are special.  Helpers place orders,
 * look past all rules, and hold locks from a second process.  Functions end
 * the test when what they need fails.
 */
#ifndef LATCHKEY_TESTS_FIXTURE_H
#define LATCHKEY_TESTS_FIXTURE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "account.h"
#include "config.h"
#include "db.h"
#include "error.h"
#include "form.h"
#include "people.h"
#include "rc.h"
#include "secret.h"
#include "service_type.h"

enum {
	FIXTURE_NOW = 1700000000,
	FIXTURE_BUSY_MS = 20000,
	FIXTURE_RATE = 277777, /* micro-units: no round amounts */
	FIXTURE_MIN = 2,
	FIXTURE_MAX = 1000,
	/* Services 1, 2, ... are the types of service_types; then these. */
	SERVICE_DEFAULT = 1,
	SERVICE_DRIP = 101,   /* Default, takes runs */
	SERVICE_PLAIN = 102,  /* Default, no cancel, no refill */
	SERVICE_FREE = 103,   /* Default, costs nothing */
	SERVICE_OFF = 104,    /* Default, not on sale */
	SERVICE_DEAR = 105,   /* Default, a million units each piece */
	SERVICE_DEAREST = 106 /* Package, a price that overflows */
};

/* What the first account has; the second has a tenth of a unit. */
#define FIXTURE_BALANCE (1000 * INT64_C(1000000000))
#define FIXTURE_BALANCE_2 INT64_C(100000000)
#define FIXTURE_CURRENCY "USD"

struct fixture {
	char dir[256];
	char path[288];       /* of the database */
	const char *sql_path; /* of the one that fixture_sql & co. look at */
	struct db *db;
	struct pepper pepper;
	struct caller one, two;
	/* With fixture_people_setup alone. */
	char people_path[288];
	struct config config;
	struct people people;
};

/* The test's own. */
extern struct fixture fx;

/* For tcase_add_checked_fixture. */
void fixture_setup(void);
void fixture_teardown(void);

/*
 * The same beside a people's database with nobody in it, which fixture_sql,
 * fixture_int and fixture_text then look at.
 */
void fixture_people_setup(void);

/* Begins a write transaction there, and ends one that must succeed. */
void fixture_people_begin(void);
void fixture_people_commit(void);

/* Another path in the fixture's directory; borrowed until the next call. */
const char *fixture_path(const char *name);

/* Begins a write transaction, and ends one that must succeed. */
void fixture_begin(void);
void fixture_commit(void);

/* Runs SQL made from a printf format past all rules, triggers excepted. */
void fixture_sql(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The first number that a query gives. */
int64_t fixture_int(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

/* The first text that a query gives, "" for NULL; to be freed. */
char *fixture_text(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

/* A form from an urlencoded body; to be freed by form_free. */
struct form *fixture_form(const char *body);

/* order_place of an urlencoded body. */
enum rc fixture_place(const struct caller *caller, const char *body,
    int64_t now, int64_t *id, struct why *why);

/* The same for account one, now; it must succeed.  Gives the id. */
int64_t fixture_order(const char *body);

/* A default order with a link of its own. */
int64_t fixture_any_order(void);

/* The wire's text of a failure; borrowed until the next call. */
const char *fixture_error(enum rc rc, const struct why *why);

/* account_balance of one, in nano-units. */
int64_t fixture_balance(const struct caller *caller);

/*
 * What site_check finds, as "check:id check:id", "" for nothing; borrowed
 * until the next call.
 */
const char *fixture_faults(void);

/* A second process that holds a lock. */
struct holder {
	pid_t pid;
	int say; /* closed: let go */
};

/*
 * Starts one that has flock(2)'s operation on path when this returns.  With
 * until_waited it lets go by itself as soon as somebody waits there.
 */
void fixture_hold(
    struct holder *holder, const char *path, int operation, int until_waited);

/* Lets go and waits for its end. */
void fixture_let_go(struct holder *holder);

/* All of a file, NUL at its end; to be freed. */
char *fixture_read(const char *path, size_t *len);

/* Makes a file of these bytes, or replaces its contents. */
void fixture_write(const char *path, const void *bytes, size_t len);

/* True where permissions stop us: not for root. */
int fixture_is_bound(void);

#endif
