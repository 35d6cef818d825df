/* SPDX-License-Identifier: ISC */
/*
 * lib/api_key: who a key belongs to, and when its last use is written.  Keys
 * are made by api_key_admin, as an operator does; their form is the subject
 * of check_api_key.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "account_admin.h"
#include "api_key.h"
#include "api_key_admin.h"
#include "fixture.h"
#include "suite.h"

static struct api_key_text key;

static void
setup(void)
{
	fixture_setup();
	fixture_begin();
	ck_assert_int_eq(api_key_admin_create(fx.db, &fx.pepper, &fx.one,
			     "Shop", FIXTURE_NOW, &key),
	    RC_OK);
	fixture_commit();
}

static enum rc
verify_at(const char *s, int64_t now, struct caller *caller, int *touch)
{
	enum rc rc;

	ck_assert_int_eq(db_begin(fx.db, DB_READ), RC_OK);
	rc = api_key_verify(
	    fx.db, &fx.pepper, s, strlen(s), now, NULL, caller, touch);
	fixture_commit();
	return rc;
}

static enum rc
verify(const char *s)
{
	struct caller caller = { .account_id = 99 };
	int touch = 99;
	enum rc rc = verify_at(s, FIXTURE_NOW, &caller, &touch);

	/* Who was refused is nobody. */
	if (rc != RC_OK) {
		ck_assert_int_eq(caller.account_id, 0);
		ck_assert_int_eq(caller.key_id, 0);
		ck_assert_int_eq(touch, 0);
	}
	return rc;
}

/* Makes the checksum right again. */
static void
seal(struct api_key_text *k)
{
	size_t len = API_KEY_LEN - API_KEY_CHECK_LEN;

	api_key_checksum(k->s, len, k->s + len);
}

/* --- who ------------------------------------------------------------------ */

START_TEST(a_key_names_its_account_and_tier)
{
	struct caller caller;
	int touch;

	ck_assert_int_eq(verify_at(key.s, FIXTURE_NOW, &caller, &touch), RC_OK);
	ck_assert_int_eq(caller.account_id, fx.one.account_id);
	ck_assert_int_eq(caller.key_id, fixture_int("SELECT id FROM api_key"));
	ck_assert_int_eq(caller.tier_limit, 200);
	ck_assert_int_eq(caller.suspended, 0);
	fixture_begin();
	ck_assert_int_eq(
	    account_admin_set_tier(fx.db, fx.one.account_id, "Agency"), RC_OK);
	fixture_commit();
	ck_assert_int_eq(verify_at(key.s, FIXTURE_NOW, &caller, &touch), RC_OK);
	ck_assert_int_eq(caller.tier_limit, 3000);
}
END_TEST

START_TEST(a_wrong_secret_with_the_right_id_is_denied)
{
	size_t i = API_KEY_PREFIX_LEN + API_KEY_ID_LEN;
	struct api_key_text bad;

	for (; i < API_KEY_LEN - API_KEY_CHECK_LEN; i++) {
		bad = key;
		bad.s[i] = bad.s[i] == 'a' ? 'b' : 'a';
		seal(&bad);
		ck_assert(api_key_well_formed(bad.s, API_KEY_LEN));
		ck_assert_int_eq(verify(bad.s), RC_DENIED);
	}
	ck_assert_int_eq(verify(key.s), RC_OK);
}
END_TEST

START_TEST(an_unknown_id_is_denied)
{
	struct api_key_text bad = key;

	bad.s[API_KEY_PREFIX_LEN] =
	    bad.s[API_KEY_PREFIX_LEN] == 'a' ? 'b' : 'a';
	seal(&bad);
	ck_assert(api_key_well_formed(bad.s, API_KEY_LEN));
	ck_assert_int_eq(verify(bad.s), RC_DENIED);
	ck_assert_int_eq(verify(""), RC_DENIED);
	ck_assert_int_eq(verify("lk_"), RC_DENIED);
}
END_TEST

START_TEST(ids_are_told_apart_by_case)
{
	struct api_key_text bad = key;
	int i, changed = 0;

	for (i = API_KEY_PREFIX_LEN; i < API_KEY_PREFIX_LEN + API_KEY_ID_LEN;
	     i++) {
		if (bad.s[i] >= 'a') {
			bad.s[i] = (char)(bad.s[i] - 'a' + 'A');
			changed = 1;
		}
	}
	seal(&bad);
	ck_assert_int_eq(verify(bad.s), changed ? RC_DENIED : RC_OK);
}
END_TEST

START_TEST(another_pepper_denies)
{
	fx.pepper.bytes[31] ^= 1;
	ck_assert_int_eq(verify(key.s), RC_DENIED);
	fx.pepper.bytes[31] ^= 1;
	ck_assert_int_eq(verify(key.s), RC_OK);
}
END_TEST

START_TEST(a_stored_hash_of_another_length_denies)
{
	static const char *const macs[] = { "x''", "substr(mac, 1, 31)",
		"substr(mac, 1, 1)", "zeroblob(32)", "mac || x'00'" };

	fixture_sql("UPDATE api_key SET mac = CAST(%s AS BLOB)", macs[_i]);
	ck_assert_int_eq(verify(key.s), RC_DENIED);
}
END_TEST

START_TEST(a_revoked_key_is_denied)
{
	fixture_sql("UPDATE api_key SET revoked_at = 1, revoked_why = 'x'");
	ck_assert_int_eq(verify(key.s), RC_DENIED);
}
END_TEST

START_TEST(a_suspended_account_is_found_and_said_so)
{
	struct caller caller;
	int touch;

	fixture_sql("UPDATE account SET suspended_at = 1 WHERE id = 1");
	ck_assert_int_eq(verify_at(key.s, FIXTURE_NOW, &caller, &touch), RC_OK);
	ck_assert_int_eq(caller.suspended, 1);
	ck_assert_int_eq(caller.account_id, 1);
}
END_TEST

/* --- last use ------------------------------------------------------------- */

static void
touch_at(int64_t now)
{
	struct caller caller;
	int touch;

	ck_assert_int_eq(verify_at(key.s, now, &caller, &touch), RC_OK);
	fixture_begin();
	ck_assert_int_eq(api_key_touch(fx.db, &caller, now), RC_OK);
	fixture_commit();
}

START_TEST(the_last_use_is_written_at_most_every_five_minutes)
{
	static const struct {
		int64_t after;
		int due;
	} rows[] = { { 0, 0 }, { 1, 0 }, { 299, 0 }, { 300, 1 }, { 301, 1 },
		{ 86400, 1 }, { -1, 1 }, { -86400, 1 } };
	struct caller caller;
	int touch = 0, i;

	/* Never used. */
	ck_assert_int_eq(verify_at(key.s, FIXTURE_NOW, &caller, &touch), RC_OK);
	ck_assert_int_eq(touch, 1);
	touch_at(FIXTURE_NOW);
	ck_assert_int_eq(
	    fixture_int("SELECT last_used_at FROM api_key"), FIXTURE_NOW);
	for (i = 0; i < ROWS(rows); i++) {
		ck_assert_int_eq(verify_at(key.s, FIXTURE_NOW + rows[i].after,
				     &caller, &touch),
		    RC_OK);
		ck_assert_msg(touch == rows[i].due, "after %lld s",
		    (long long)rows[i].after);
	}
}
END_TEST

START_TEST(a_touch_reaches_no_key_of_another_account)
{
	struct caller caller;
	int touch;

	ck_assert_int_eq(verify_at(key.s, FIXTURE_NOW, &caller, &touch), RC_OK);
	caller.account_id = fx.two.account_id;
	fixture_begin();
	ck_assert_int_eq(api_key_touch(fx.db, &caller, 5), RC_OK);
	fixture_commit();
	ck_assert_int_eq(
	    fixture_int("SELECT last_used_at IS NULL FROM api_key"), 1);
}
END_TEST

/* --- from memory ---------------------------------------------------------- */

static struct api_key_known known;

static void
forget(void)
{
	memset(&known, 0, sizeof(known));
}

static enum rc
learn(const char *s, struct caller *caller, int *touch)
{
	enum rc rc;

	ck_assert_int_eq(db_begin(fx.db, DB_READ), RC_OK);
	rc = api_key_verify(fx.db, &fx.pepper, s, strlen(s), FIXTURE_NOW,
	    &known, caller, touch);
	fixture_commit();
	return rc;
}

static enum rc
recall(const char *s, int64_t now, struct caller *caller, int *touch)
{
	return api_key_recall(
	    fx.db, &fx.pepper, s, strlen(s), now, &known, caller, touch);
}

START_TEST(a_key_is_recalled_as_it_was_found)
{
	struct caller found, recalled;
	int touch, due;

	forget();
	ck_assert_int_eq(
	    recall(key.s, FIXTURE_NOW, &recalled, &due), RC_NOT_FOUND);
	ck_assert_int_eq(learn(key.s, &found, &touch), RC_OK);
	ck_assert_int_eq(found.balance_nano, fixture_balance(&fx.one));
	ck_assert_int_eq(recall(key.s, FIXTURE_NOW, &recalled, &due), RC_OK);
	ck_assert_mem_eq(&recalled, &found, sizeof(found));
	ck_assert_int_eq(touch, 1);
	ck_assert_int_eq(due, 1);
}
END_TEST

START_TEST(the_last_use_is_due_from_memory_too)
{
	struct caller caller;
	int touch;

	forget();
	touch_at(FIXTURE_NOW);
	ck_assert_int_eq(learn(key.s, &caller, &touch), RC_OK);
	ck_assert_int_eq(touch, 0);
	ck_assert_int_eq(
	    recall(key.s, FIXTURE_NOW + API_KEY_TOUCH_S - 1, &caller, &touch),
	    RC_OK);
	ck_assert_int_eq(touch, 0);
	ck_assert_int_eq(
	    recall(key.s, FIXTURE_NOW + API_KEY_TOUCH_S, &caller, &touch),
	    RC_OK);
	ck_assert_int_eq(touch, 1);
}
END_TEST

/* Whatever is committed, and by whom: nothing stale is answered. */
START_TEST(nothing_is_recalled_after_a_commit)
{
	static const char *const commits[] = {
		"UPDATE api_key SET revoked_at = 1, revoked_why = 'x'",
		"UPDATE account SET suspended_at = 1",
		"UPDATE account SET balance_nano = balance_nano + 1",
		"UPDATE tier SET calls_per_minute = 1",
		"DELETE FROM api_key",
		"UPDATE tier SET name = name || 'x'",
		"PRAGMA user_version = 99",
	};
	struct caller caller;
	int touch;

	forget();
	ck_assert_int_eq(learn(key.s, &caller, &touch), RC_OK);
	ck_assert_int_eq(recall(key.s, FIXTURE_NOW, &caller, &touch), RC_OK);
	fixture_sql("%s", commits[_i]);
	ck_assert_int_eq(
	    recall(key.s, FIXTURE_NOW, &caller, &touch), RC_NOT_FOUND);
	ck_assert_int_eq(caller.account_id, 0);
	ck_assert_int_eq(touch, 0);
}
END_TEST

START_TEST(another_key_is_not_recalled)
{
	enum { KEYS = 9 }; /* with the first, as many as may be active */
	struct api_key_text keys[KEYS];
	struct caller caller;
	char wrong[API_KEY_LEN + 1];
	int touch, i;

	forget();
	fixture_begin();
	for (i = 0; i < KEYS; i++)
		ck_assert_int_eq(api_key_admin_create(fx.db, &fx.pepper,
				     &fx.one, "Shop", FIXTURE_NOW, &keys[i]),
		    RC_OK);
	fixture_commit();
	ck_assert_int_eq(learn(key.s, &caller, &touch), RC_OK);
	for (i = 0; i < KEYS; i++)
		ck_assert_int_eq(
		    recall(keys[i].s, FIXTURE_NOW, &caller, &touch),
		    RC_NOT_FOUND);
	/* The same place and another MAC. */
	for (i = 0; i < API_KEY_KNOWN; i++) {
		known.rows[i] = known.rows[i].is_used
				    ? known.rows[i]
				    : (struct api_key_found){ .is_used = 1 };
		known.rows[i].mac[SECRET_HASH_LEN - 1] ^= 1;
	}
	ck_assert_int_eq(
	    recall(key.s, FIXTURE_NOW, &caller, &touch), RC_NOT_FOUND);
	memcpy(wrong, key.s, sizeof(wrong));
	wrong[API_KEY_LEN - 1] = wrong[API_KEY_LEN - 1] == 'a' ? 'b' : 'a';
	ck_assert_int_eq(
	    recall(wrong, FIXTURE_NOW, &caller, &touch), RC_NOT_FOUND);
}
END_TEST

START_TEST(who_was_denied_is_not_remembered)
{
	struct caller caller;
	int touch;

	forget();
	fixture_sql("UPDATE api_key SET revoked_at = 1, revoked_why = 'x'");
	ck_assert_int_eq(learn(key.s, &caller, &touch), RC_DENIED);
	ck_assert_int_eq(
	    recall(key.s, FIXTURE_NOW, &caller, &touch), RC_NOT_FOUND);
}
END_TEST

static Suite *
make_suite(void)
{
	Suite *suite = suite_create("api_key_verify");
	TCase *tc = tcase_create("api_key_verify");

	tcase_add_checked_fixture(tc, setup, fixture_teardown);
	tcase_add_test(tc, a_key_names_its_account_and_tier);
	tcase_add_test(tc, a_wrong_secret_with_the_right_id_is_denied);
	tcase_add_test(tc, an_unknown_id_is_denied);
	tcase_add_test(tc, ids_are_told_apart_by_case);
	tcase_add_test(tc, another_pepper_denies);
	tcase_add_loop_test(tc, a_stored_hash_of_another_length_denies, 0, 5);
	tcase_add_test(tc, a_revoked_key_is_denied);
	tcase_add_test(tc, a_suspended_account_is_found_and_said_so);
	tcase_add_test(tc, the_last_use_is_written_at_most_every_five_minutes);
	tcase_add_test(tc, a_touch_reaches_no_key_of_another_account);
	tcase_add_test(tc, a_key_is_recalled_as_it_was_found);
	tcase_add_test(tc, the_last_use_is_due_from_memory_too);
	tcase_add_loop_test(tc, nothing_is_recalled_after_a_commit, 0, 7);
	tcase_add_test(tc, another_key_is_not_recalled);
	tcase_add_test(tc, who_was_denied_is_not_remembered);
	suite_add_tcase(suite, tc);
	return suite;
}

SUITE_MAIN(make_suite)
