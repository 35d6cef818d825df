/* SPDX-License-Identifier: ISC */
/*
 * lib/account_settings: what an owner changes of the account, and of no
 * other one.
 */
#include "account_settings.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"
#include "suite.h"
#include "text.h"

static enum rc
set_name(const struct caller *caller, const char *name)
{
	fixture_begin();
	return db_end(fx.db, account_settings_set_name(fx.db, caller, name));
}

static enum rc
set_low(const struct caller *caller, int64_t low_nano)
{
	fixture_begin();
	return db_end(fx.db, account_settings_set_low(fx.db, caller, low_nano));
}

static int64_t
low(const struct caller *caller)
{
	int64_t low_nano = -1;

	ck_assert_int_eq(db_begin(fx.db, DB_READ), RC_OK);
	ck_assert_int_eq(account_settings_low(fx.db, caller, &low_nano), RC_OK);
	fixture_commit();
	return low_nano;
}

START_TEST(a_name_is_one_short_line)
{
	char longest[TEXT_NAME_MAX + 2];
	char *names;

	memset(longest, 'n', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	ck_assert_int_eq(set_name(&fx.one, longest), RC_INVALID);
	ck_assert_int_eq(set_name(&fx.one, ""), RC_INVALID);
	ck_assert_int_eq(set_name(&fx.one, "a\nb"), RC_INVALID);
	longest[TEXT_NAME_MAX] = '\0';
	ck_assert_int_eq(set_name(&fx.one, longest), RC_OK);
	ck_assert_int_eq(set_name(&fx.one, "Otters"), RC_OK);
	names =
	    fixture_text("SELECT group_concat(name = 'Otters') FROM account");
	ck_assert_str_eq(names, "1,0");
	free(names);
}
END_TEST

START_TEST(a_threshold_is_that_of_one_account)
{
	ck_assert_int_eq(low(&fx.one), 0);
	ck_assert_int_eq(set_low(&fx.one, 5), RC_OK);
	ck_assert_int_eq(low(&fx.one), 5);
	ck_assert_int_eq(low(&fx.two), 0);
	ck_assert_int_eq(set_low(&fx.one, 0), RC_OK);
	ck_assert_int_eq(low(&fx.one), 0);
}
END_TEST

START_TEST(what_is_not_there_or_closed_is_not_found)
{
	struct caller nobody = { .account_id = 4711 };
	int64_t low_nano;

	ck_assert_int_eq(set_name(&nobody, "x"), RC_NOT_FOUND);
	ck_assert_int_eq(set_low(&nobody, 1), RC_NOT_FOUND);
	fixture_sql("UPDATE account SET closed_at = 1, suspended_at = 1");
	ck_assert_int_eq(set_name(&fx.one, "x"), RC_NOT_FOUND);
	ck_assert_int_eq(set_low(&fx.one, 1), RC_NOT_FOUND);
	ck_assert_int_eq(db_begin(fx.db, DB_READ), RC_OK);
	ck_assert_int_eq(
	    account_settings_low(fx.db, &fx.one, &low_nano), RC_NOT_FOUND);
	fixture_commit();
}
END_TEST

static Suite *
make_suite(void)
{
	Suite *suite = suite_create("account_settings");
	TCase *tc = tcase_create("account_settings");

	tcase_add_checked_fixture(tc, fixture_setup, fixture_teardown);
	tcase_add_test(tc, a_name_is_one_short_line);
	tcase_add_test(tc, a_threshold_is_that_of_one_account);
	tcase_add_test(tc, what_is_not_there_or_closed_is_not_found);
	suite_add_tcase(suite, tc);
	return suite;
}

SUITE_MAIN(make_suite)
