/* SPDX-License-Identifier: ISC */
/*
 * lib/migrate: the numbered files of schema/, built in.  What they make is
 * looked at from outside, through another connection.
 */
#include "migrate.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>

#include "fixture.h"
#include "schema_version.h"
#include "suite.h"

START_TEST(a_fresh_database_gets_the_newest_version)
{
	int64_t from = -1, to = -1;
	struct db *db;

	ck_assert_int_eq(
	    db_open(fixture_path("new.db"), DB_CREATE, 1000, &db), RC_OK);
	ck_assert_int_eq(migrate(db, migrations, &from, &to), RC_OK);
	ck_assert_int_eq(from, 0);
	ck_assert_int_eq(to, SCHEMA_VERSION);
	ck_assert_int_eq(db_begin(db, DB_READ), RC_OK);
	ck_assert_int_eq(db_version(db, &from), RC_OK);
	ck_assert_int_eq(from, SCHEMA_VERSION);
	db_close(db);
}
END_TEST

START_TEST(a_second_run_does_nothing)
{
	int64_t from = -1, to = -1;
	char *before, *after;
	size_t len, len_after;

	before = fixture_read(fx.path, &len);
	ck_assert_int_eq(migrate(fx.db, migrations, &from, &to), RC_OK);
	ck_assert_int_eq(from, SCHEMA_VERSION);
	ck_assert_int_eq(to, SCHEMA_VERSION);
	after = fixture_read(fx.path, &len_after);
	ck_assert_uint_eq(len, len_after);
	ck_assert_mem_eq(before, after, len);
	free(before);
	free(after);
}
END_TEST

START_TEST(a_newer_database_is_refused_and_left_alone)
{
	int64_t from, to;
	char *before, *after;
	size_t len, len_after;

	fixture_sql("PRAGMA user_version = %d", SCHEMA_VERSION + 1);
	before = fixture_read(fx.path, &len);
	ck_assert_int_eq(migrate(fx.db, migrations, &from, &to), RC_INVALID);
	after = fixture_read(fx.path, &len_after);
	ck_assert_uint_eq(len, len_after);
	ck_assert_mem_eq(before, after, len);
	free(before);
	free(after);
	/* And the gate is free again. */
	fixture_begin();
	db_rollback(fx.db);
}
END_TEST

START_TEST(a_migration_that_fails_leaves_the_old_version)
{
	struct db *db;
	int64_t from, to, n = -1;

	/* The first migration makes this table, too. */
	ck_assert_int_eq(
	    db_open(fixture_path("half.db"), DB_CREATE, 1000, &db), RC_OK);
	ck_assert_int_eq(db_script(db, "CREATE TABLE entry (x)"), RC_OK);
	ck_assert_int_eq(migrate(db, migrations, &from, &to), RC_FAIL);
	ck_assert_int_eq(db_begin(db, DB_READ), RC_OK);
	ck_assert_int_eq(db_version(db, &n), RC_OK);
	ck_assert_int_eq(n, 0);
	ck_assert_int_eq(
	    db_one(db, "SELECT COUNT(*) FROM sqlite_schema", DB_NO_ARGS, &n),
	    RC_OK);
	ck_assert_int_eq(n, 1);
	db_close(db);
}
END_TEST

START_TEST(a_busy_database_is_busy)
{
	struct holder holder;
	char path[512];
	struct db *db;
	int64_t from, to;

	ck_assert_int_eq(db_open(fx.path, 0, 50, &db), RC_OK);
	(void)snprintf(path, sizeof(path), "%s.gate", fx.path);
	fixture_hold(&holder, path, LOCK_EX, 0);
	ck_assert_int_eq(migrate(db, migrations, &from, &to), RC_BUSY);
	fixture_let_go(&holder);
	db_close(db);
}
END_TEST

START_TEST(the_pages_are_small)
{
	/* Each page that an order changes is written twice. */
	ck_assert_int_le(fixture_int("PRAGMA page_size"), 1024);
	ck_assert_int_eq(fixture_int("PRAGMA auto_vacuum"), 0);
}
END_TEST

START_TEST(every_table_is_strict_and_none_is_missing)
{
	static const char *const tables[] = { "tier", "account", "api_key",
		"service", "orders", "order_move", "refill", "txn", "entry" };
	int i;

	for (i = 0; i < ROWS(tables); i++)
		ck_assert_int_eq(
		    fixture_int("SELECT COUNT(*) FROM pragma_table_list"
				" WHERE name = '%s' AND strict = 1",
			tables[i]),
		    1);
	ck_assert_int_eq(
	    fixture_int("SELECT COUNT(*) FROM pragma_table_list"
			" WHERE strict = 0 AND name NOT LIKE 'sqlite_%%'"),
	    0);
}
END_TEST

START_TEST(the_tiers_are_there)
{
	char *tiers = fixture_text(
	    "SELECT group_concat(name || '=' || calls_per_minute) FROM tier");

	ck_assert_str_eq(tiers, "Standard=200,Reseller=600,Agency=3000");
	free(tiers);
}
END_TEST

START_TEST(versions_have_no_gaps)
{
	static const struct {
		const struct migration *set;
		int newest;
	} sets[] = {
		{ migrations, SCHEMA_VERSION },
		{ people_migrations, PEOPLE_SCHEMA_VERSION },
	};
	const struct migration *set = sets[_i].set;
	int i;

	for (i = 0; set[i].version != 0; i++) {
		ck_assert_int_eq(set[i].version, i + 1);
		ck_assert_int_eq((int)strtol(set[i].name, NULL, 10), i + 1);
	}
	ck_assert_int_eq(i, sets[_i].newest);
}
END_TEST

START_TEST(each_database_has_its_own_set)
{
	int64_t from = -1, to = -1, n = -1;
	struct db *db;

	ck_assert_int_eq(
	    db_open(fixture_path("two.db"), DB_CREATE, 1000, &db), RC_OK);
	ck_assert_int_eq(migrate(db, people_migrations, &from, &to), RC_OK);
	ck_assert_int_eq(from, 0);
	ck_assert_int_eq(to, PEOPLE_SCHEMA_VERSION);
	ck_assert_int_eq(db_begin(db, DB_READ), RC_OK);
	ck_assert_int_eq(db_one(db,
			     "SELECT COUNT(*) FROM sqlite_schema"
			     " WHERE name IN ('person', 'session')",
			     DB_NO_ARGS, &n),
	    RC_OK);
	ck_assert_int_eq(n, 2);
	ck_assert_int_eq(db_one(db,
			     "SELECT COUNT(*) FROM sqlite_schema"
			     " WHERE name IN ('account', 'orders')",
			     DB_NO_ARGS, &n),
	    RC_OK);
	ck_assert_int_eq(n, 0);
	db_close(db);
}
END_TEST

START_TEST(comments_are_not_carried_into_the_database)
{
	ck_assert_int_eq(
	    fixture_int("SELECT COUNT(*) FROM sqlite_schema"
			" WHERE sql LIKE '%%--%%' OR sql LIKE '%%/*%%'"),
	    0);
}
END_TEST

START_TEST(the_ledger_is_fixed_by_triggers)
{
	static const char *const changes[] = {
		"UPDATE txn SET note = 'x'",
		"DELETE FROM txn",
		"UPDATE entry SET amount_nano = amount_nano + 1",
		"DELETE FROM entry",
	};
	int64_t txns = fixture_int("SELECT COUNT(*) FROM txn");
	int i;

	ck_assert_int_gt(txns, 0);
	for (i = 0; i < ROWS(changes); i++) {
		fixture_begin();
		ck_assert_int_eq(db_script(fx.db, changes[i]), RC_FAIL);
		fixture_commit();
	}
	ck_assert_int_eq(fixture_int("SELECT COUNT(*) FROM txn"), txns);
	ck_assert_str_eq(fixture_faults(), "");
}
END_TEST

START_TEST(a_row_of_the_ledger_is_never_replaced)
{
	static const char *const changes[] = {
		"INSERT OR REPLACE INTO entry (ledger_id, txn_id, amount_nano)"
		" SELECT ledger_id, txn_id, 5 FROM entry LIMIT 1",
		"REPLACE INTO txn (id, kind, posted_at)"
		" SELECT id, kind, 1 FROM txn LIMIT 1",
	};
	int i;

	/* REPLACE deletes without asking a trigger for DELETE. */
	for (i = 0; i < ROWS(changes); i++) {
		fixture_begin();
		ck_assert_msg(db_script(fx.db, changes[i]) != RC_OK,
		    "was taken: %s", changes[i]);
		db_rollback(fx.db);
	}
}
END_TEST

START_TEST(the_demo_catalogue_fits_the_schema)
{
	struct db *db;
	int64_t from, to, n;

	ck_assert_int_eq(
	    db_open(fixture_path("demo.db"), DB_CREATE, 1000, &db), RC_OK);
	ck_assert_int_eq(migrate(db, migrations, &from, &to), RC_OK);
	ck_assert_int_eq(db_begin(db, DB_WRITE), RC_OK);
	ck_assert_int_eq(db_script(db, migrate_demo_sql), RC_OK);
	ck_assert_int_eq(
	    db_one(db, "SELECT COUNT(*) FROM service", DB_NO_ARGS, &n), RC_OK);
	ck_assert_int_ge(n, 5);
	db_close(db);
}
END_TEST

static Suite *
make_suite(void)
{
	Suite *suite = suite_create("migrate");
	TCase *tc = tcase_create("migrate");

	tcase_add_checked_fixture(tc, fixture_setup, fixture_teardown);
	tcase_add_test(tc, a_fresh_database_gets_the_newest_version);
	tcase_add_test(tc, a_second_run_does_nothing);
	tcase_add_test(tc, a_newer_database_is_refused_and_left_alone);
	tcase_add_test(tc, a_migration_that_fails_leaves_the_old_version);
	tcase_add_test(tc, a_busy_database_is_busy);
	tcase_add_test(tc, the_pages_are_small);
	tcase_add_test(tc, every_table_is_strict_and_none_is_missing);
	tcase_add_test(tc, the_tiers_are_there);
	tcase_add_loop_test(tc, versions_have_no_gaps, 0, 2);
	tcase_add_test(tc, each_database_has_its_own_set);
	tcase_add_test(tc, comments_are_not_carried_into_the_database);
	tcase_add_test(tc, the_ledger_is_fixed_by_triggers);
	tcase_add_test(tc, a_row_of_the_ledger_is_never_replaced);
	tcase_add_test(tc, the_demo_catalogue_fits_the_schema);
	suite_add_tcase(suite, tc);
	return suite;
}

SUITE_MAIN(make_suite)
