/* SPDX-License-Identifier: ISC */
/*
 * lib/account_admin and lib/account: making, finding, suspending, tiers, and
 * what a caller may ask of its own account.
 */
#include "account_admin.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"
#include "suite.h"
#include "text.h"

static enum rc
create(const char *email, const char *name, const char *tier, int64_t *id)
{
	const char *what = NULL;
	enum rc rc;

	fixture_begin();
	rc = account_admin_create(
	    fx.db, email, name, tier, FIXTURE_NOW, id, &what);
	ck_assert_ptr_nonnull(what);
	if (rc != RC_OK) {
		ck_assert_int_eq(*id, 0);
		ck_assert_str_ne(what, "");
	}
	return db_end(fx.db, rc);
}

START_TEST(a_new_account_is_empty_and_active)
{
	struct caller caller = { 0 };
	char *email;

	ck_assert_int_eq(create("New@Example.TEST", "A name", "Reseller",
			     &caller.account_id),
	    RC_OK);
	ck_assert_int_eq(fixture_balance(&caller), 0);
	email = fixture_text("SELECT email || ' ' || name || ' ' || tier_id"
			     " || ' ' || created_at FROM account"
			     " WHERE id = %lld AND suspended_at IS NULL",
	    (long long)caller.account_id);
	ck_assert_str_eq(email, "new@example.test A name 2 1700000000");
	free(email);
}
END_TEST

START_TEST(an_address_has_one_account_in_any_case)
{
	int64_t id;

	ck_assert_int_eq(
	    create("ONE@example.test", "x", "Standard", &id), RC_LIMITED);
	ck_assert_int_eq(
	    create("one@EXAMPLE.test", "x", "Standard", &id), RC_LIMITED);
	ck_assert_int_eq(fixture_int("SELECT COUNT(*) FROM account"), 2);
}
END_TEST

START_TEST(what_is_no_address_is_refused)
{
	static const char *const bad[] = { "", "x", "@", "x@", "@x", "a@b@c",
		"a b@c", "a@b c", " a@b", "a@b ", "a@.b", "a@b.", "a@-b",
		"a@b-", "a\n@b", "a@b\n", "\"a\"@b", "<a@b>", "a,b@c", "a@b,c",
		"a@[1.2.3.4]", "\xc3\xa9@b", "a@b\xc3\xa9", "a@b;c", "a@b/c" };
	char longest[TEXT_EMAIL_MAX + 2];
	int64_t id;
	int i;

	for (i = 0; i < ROWS(bad); i++)
		ck_assert_msg(
		    create(bad[i], "x", "Standard", &id) == RC_INVALID,
		    "%s was taken", bad[i]);
	memset(longest, 'x', sizeof(longest));
	longest[64] = '@';
	longest[sizeof(longest) - 1] = '\0';
	ck_assert_int_eq(create(longest, "x", "Standard", &id), RC_INVALID);
	longest[TEXT_EMAIL_MAX] = '\0';
	ck_assert_int_eq(create(longest, "x", "Standard", &id), RC_OK);
	ck_assert_int_eq(
	    create("o'neil+tag@b-c.example", "x", "Standard", &id), RC_OK);
}
END_TEST

START_TEST(a_name_is_one_short_line)
{
	char longest[TEXT_NAME_MAX + 2];
	int64_t id;

	memset(longest, 'x', sizeof(longest));
	longest[sizeof(longest) - 1] = '\0';
	ck_assert_int_eq(create("a@b", "", "Standard", &id), RC_INVALID);
	ck_assert_int_eq(create("a@b", "a\nb", "Standard", &id), RC_INVALID);
	ck_assert_int_eq(create("a@b", "\xff", "Standard", &id), RC_INVALID);
	ck_assert_int_eq(create("a@b", longest, "Standard", &id), RC_INVALID);
	longest[TEXT_NAME_MAX] = '\0';
	ck_assert_int_eq(create("a@b", longest, "Standard", &id), RC_OK);
}
END_TEST

START_TEST(an_unknown_tier_is_not_found)
{
	int64_t id;

	ck_assert_int_eq(create("a@b", "x", "Gold", &id), RC_NOT_FOUND);
	ck_assert_int_eq(create("a@b", "x", "standard", &id), RC_NOT_FOUND);
	ck_assert_int_eq(create("a@b", "x", "", &id), RC_NOT_FOUND);
}
END_TEST

static enum rc
find(const char *who, int64_t *id)
{
	enum rc rc;

	ck_assert_int_eq(db_begin(fx.db, DB_READ), RC_OK);
	rc = account_admin_find(fx.db, who, id);
	fixture_commit();
	return rc;
}

START_TEST(an_account_is_found_by_id_and_address)
{
	static const char *const unknown[] = { "", "0", "3", "-1", "+1", " 1",
		"1x", "99999999999999999999", "none@example.test",
		"1;DROP TABLE account", "one@example.test' OR '1'='1" };
	int64_t id;
	int i;

	ck_assert_int_eq(find("1", &id), RC_OK);
	ck_assert_int_eq(id, 1);
	ck_assert_int_eq(find("two@example.test", &id), RC_OK);
	ck_assert_int_eq(id, 2);
	ck_assert_int_eq(find("TWO@Example.Test", &id), RC_OK);
	ck_assert_int_eq(id, 2);
	for (i = 0; i < ROWS(unknown); i++) {
		ck_assert_msg(find(unknown[i], &id) == RC_NOT_FOUND,
		    "%s was found", unknown[i]);
		ck_assert_int_eq(id, 0);
	}
}
END_TEST

START_TEST(the_first_suspension_stays)
{
	fixture_begin();
	ck_assert_int_eq(account_admin_suspend(fx.db, 1, 100), RC_OK);
	ck_assert_int_eq(account_admin_suspend(fx.db, 1, 200), RC_OK);
	ck_assert_int_eq(account_admin_suspend(fx.db, 99, 200), RC_NOT_FOUND);
	ck_assert_int_eq(account_admin_unsuspend(fx.db, 99), RC_NOT_FOUND);
	fixture_commit();
	ck_assert_int_eq(
	    fixture_int("SELECT suspended_at FROM account WHERE id = 1"), 100);
	ck_assert_int_eq(fixture_int("SELECT suspended_at IS NULL FROM account"
				     " WHERE id = 2"),
	    1);
	fixture_begin();
	ck_assert_int_eq(account_admin_unsuspend(fx.db, 1), RC_OK);
	ck_assert_int_eq(account_admin_unsuspend(fx.db, 1), RC_OK);
	fixture_commit();
	ck_assert_int_eq(fixture_int("SELECT suspended_at IS NULL FROM account"
				     " WHERE id = 1"),
	    1);
}
END_TEST

START_TEST(a_tier_is_set_if_both_are_known)
{
	fixture_begin();
	ck_assert_int_eq(account_admin_set_tier(fx.db, 1, "Agency"), RC_OK);
	ck_assert_int_eq(
	    account_admin_set_tier(fx.db, 1, "Gold"), RC_NOT_FOUND);
	ck_assert_int_eq(
	    account_admin_set_tier(fx.db, 99, "Agency"), RC_NOT_FOUND);
	fixture_commit();
	ck_assert_int_eq(
	    fixture_int("SELECT tier_id FROM account WHERE id = 1"), 3);
}
END_TEST

START_TEST(calls_of_a_tier_have_bounds)
{
	static const struct {
		int64_t calls;
		enum rc rc;
	} rows[] = { { 1, RC_OK }, { ACCOUNT_ADMIN_CALLS_MAX, RC_OK },
		{ 0, RC_INVALID }, { -1, RC_INVALID },
		{ ACCOUNT_ADMIN_CALLS_MAX + 1, RC_INVALID },
		{ INT64_MAX, RC_INVALID }, { INT64_MIN, RC_INVALID } };
	int i;

	for (i = 0; i < ROWS(rows); i++) {
		fixture_begin();
		ck_assert_int_eq(
		    account_admin_set_calls(fx.db, "Reseller", rows[i].calls),
		    rows[i].rc);
		fixture_commit();
		if (rows[i].rc == RC_OK)
			ck_assert_int_eq(
			    fixture_int("SELECT calls_per_minute FROM tier"
					" WHERE name = 'Reseller'"),
			    rows[i].calls);
	}
	fixture_begin();
	ck_assert_int_eq(
	    account_admin_set_calls(fx.db, "Gold", 5), RC_NOT_FOUND);
	db_rollback(fx.db);
}
END_TEST

struct listing {
	char text[512];
	enum rc end;
};

static enum rc
note_account(void *arg, const struct account_row *row)
{
	struct listing *listing = arg;
	size_t len = strlen(listing->text);

	(void)snprintf(listing->text + len, sizeof(listing->text) - len,
	    "%lld %s %s %lld %lld %lld %lld;", (long long)row->id, row->email,
	    row->tier, (long long)row->calls_per_minute,
	    (long long)row->balance_nano, (long long)row->active_keys,
	    (long long)row->suspended_at);
	return listing->end;
}

static enum rc
note_tier(void *arg, const struct tier_row *row)
{
	struct listing *listing = arg;
	size_t len = strlen(listing->text);

	(void)snprintf(listing->text + len, sizeof(listing->text) - len,
	    "%s %lld %lld;", row->name, (long long)row->calls_per_minute,
	    (long long)row->accounts);
	return listing->end;
}

START_TEST(lists_tell_all_until_told_to_stop)
{
	struct listing listing = { "", RC_OK };

	fixture_sql("UPDATE account SET suspended_at = 7 WHERE id = 2;"
		    "INSERT INTO api_key (account_id, public_id, mac, label,"
		    " created_at, revoked_at) VALUES (1, 'a', x'00', 'l', 1,"
		    " NULL), (1, 'b', x'00', 'l', 1, 2), (2, 'c', x'00', 'l',"
		    " 1, 2)");
	ck_assert_int_eq(db_begin(fx.db, DB_READ), RC_OK);
	ck_assert_int_eq(
	    account_admin_list(fx.db, note_account, &listing), RC_OK);
	ck_assert_str_eq(listing.text,
	    "1 one@example.test Standard 200 1000000000000 1 0;"
	    "2 two@example.test Standard 200 100000000 0 7;");
	listing.text[0] = '\0';
	ck_assert_int_eq(
	    account_admin_tiers(fx.db, note_tier, &listing), RC_OK);
	ck_assert_str_eq(
	    listing.text, "Standard 200 2;Reseller 600 0;Agency 3000 0;");
	listing.text[0] = '\0';
	listing.end = RC_BUSY;
	ck_assert_int_eq(
	    account_admin_tiers(fx.db, note_tier, &listing), RC_BUSY);
	ck_assert_str_eq(listing.text, "Standard 200 2;");
	listing.text[0] = '\0';
	ck_assert_int_eq(
	    account_admin_list(fx.db, note_account, &listing), RC_BUSY);
	db_rollback(fx.db);
}
END_TEST

START_TEST(a_balance_is_the_callers_own)
{
	const struct caller nobody = { .account_id = 99 };
	int64_t balance;

	ck_assert_int_eq(fixture_balance(&fx.one), FIXTURE_BALANCE);
	ck_assert_int_eq(fixture_balance(&fx.two), FIXTURE_BALANCE_2);
	ck_assert_int_eq(db_begin(fx.db, DB_READ), RC_OK);
	ck_assert_int_eq(
	    account_balance(fx.db, &nobody, &balance), RC_NOT_FOUND);
	db_rollback(fx.db);
}
END_TEST

static Suite *
make_suite(void)
{
	Suite *suite = suite_create("account_admin");
	TCase *tc = tcase_create("account_admin");

	tcase_add_checked_fixture(tc, fixture_setup, fixture_teardown);
	tcase_add_test(tc, a_new_account_is_empty_and_active);
	tcase_add_test(tc, an_address_has_one_account_in_any_case);
	tcase_add_test(tc, what_is_no_address_is_refused);
	tcase_add_test(tc, a_name_is_one_short_line);
	tcase_add_test(tc, an_unknown_tier_is_not_found);
	tcase_add_test(tc, an_account_is_found_by_id_and_address);
	tcase_add_test(tc, the_first_suspension_stays);
	tcase_add_test(tc, a_tier_is_set_if_both_are_known);
	tcase_add_test(tc, calls_of_a_tier_have_bounds);
	tcase_add_test(tc, lists_tell_all_until_told_to_stop);
	tcase_add_test(tc, a_balance_is_the_callers_own);
	suite_add_tcase(suite, tc);
	return suite;
}

SUITE_MAIN(make_suite)
