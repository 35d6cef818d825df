/* SPDX-License-Identifier: ISC */
/*
 * lib/api_key_admin: keys are made, rotated, revoked and listed.  What a key
 * may still do afterwards is asked of api_key_verify.
 */
#include "api_key_admin.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"
#include "suite.h"
#include "text.h"

/* Makes a key in a transaction of its own. */
static enum rc
create(const struct caller *caller, const char *label, struct api_key_text *key)
{
	enum rc rc;

	fixture_begin();
	rc = api_key_admin_create(
	    fx.db, &fx.pepper, caller, label, FIXTURE_NOW, key);
	return db_end(fx.db, rc);
}

/* The caller of a key: account and key by its public id. */
static struct caller
owner(const struct api_key_text *key)
{
	char public_id[API_KEY_ID_LEN + 1];
	struct caller caller;

	(void)snprintf(public_id, sizeof(public_id), "%.*s", API_KEY_ID_LEN,
	    key->s + API_KEY_PREFIX_LEN);
	ck_assert_int_eq(db_begin(fx.db, DB_READ), RC_OK);
	ck_assert_int_eq(api_key_admin_find(fx.db, public_id, &caller), RC_OK);
	fixture_commit();
	return caller;
}

static enum rc
rotate(const struct caller *caller, struct api_key_text *key)
{
	enum rc rc;

	fixture_begin();
	rc = api_key_admin_rotate(
	    fx.db, &fx.pepper, caller, FIXTURE_NOW + 9, key);
	return db_end(fx.db, rc);
}

static enum rc
revoke(const struct caller *caller, const char *why)
{
	enum rc rc;

	fixture_begin();
	rc = api_key_admin_revoke(fx.db, caller, why, FIXTURE_NOW + 7);
	return db_end(fx.db, rc);
}

static enum rc
verify(const struct api_key_text *key)
{
	struct caller caller;
	enum rc rc;
	int touch;

	ck_assert_int_eq(db_begin(fx.db, DB_READ), RC_OK);
	rc = api_key_verify(fx.db, &fx.pepper, key->s, strlen(key->s),
	    FIXTURE_NOW, NULL, &caller, &touch);
	fixture_commit();
	return rc;
}

START_TEST(a_new_key_works)
{
	struct api_key_text key;

	ck_assert_int_eq(create(&fx.one, "Shop", &key), RC_OK);
	ck_assert(api_key_well_formed(key.s, strlen(key.s)));
	ck_assert_int_eq(verify(&key), RC_OK);
	ck_assert_int_eq(owner(&key).account_id, fx.one.account_id);
	ck_assert_int_eq(
	    fixture_int("SELECT created_at FROM api_key"), FIXTURE_NOW);
	ck_assert_int_eq(
	    fixture_int("SELECT last_used_at IS NULL FROM api_key"), 1);
}
END_TEST

START_TEST(a_key_is_not_in_the_file)
{
	struct api_key_text key;
	char *bytes;
	size_t len;

	ck_assert_int_eq(create(&fx.one, "Shop", &key), RC_OK);
	bytes = fixture_read(fx.path, &len);
	ck_assert_ptr_nonnull(
	    memmem(bytes, len, key.s + API_KEY_PREFIX_LEN, API_KEY_ID_LEN));
	ck_assert_ptr_null(
	    memmem(bytes, len, key.s + API_KEY_PREFIX_LEN + API_KEY_ID_LEN, 8));
	free(bytes);
}
END_TEST

START_TEST(keys_differ_in_id_and_secret)
{
	struct api_key_text keys[API_KEY_ACTIVE_MAX];
	int i, j;

	for (i = 0; i < ROWS(keys); i++) {
		ck_assert_int_eq(create(&fx.one, "Shop", &keys[i]), RC_OK);
		for (j = 0; j < i; j++) {
			ck_assert_mem_ne(keys[i].s + 3, keys[j].s + 3, 8);
			ck_assert_mem_ne(keys[i].s + 11, keys[j].s + 11, 8);
		}
	}
}
END_TEST

START_TEST(an_account_has_ten_active_keys_at_most)
{
	struct api_key_text key, first = { "" };
	struct caller caller;
	int i;

	for (i = 0; i < API_KEY_ACTIVE_MAX; i++) {
		ck_assert_int_eq(create(&fx.one, "Shop", &key), RC_OK);
		if (i == 0)
			first = key;
	}
	for (i = 0; i < 3; i++) {
		ck_assert_int_eq(create(&fx.one, "Shop", &key), RC_LIMITED);
		ck_assert_str_eq(key.s, "");
	}
	ck_assert_int_eq(fixture_int("SELECT COUNT(*) FROM api_key"), 10);
	/* Another account has ten of its own. */
	ck_assert_int_eq(create(&fx.two, "Shop", &key), RC_OK);
	/* A rotation is no eleventh; a revocation makes room for one. */
	caller = owner(&first);
	ck_assert_int_eq(rotate(&caller, &key), RC_OK);
	ck_assert_int_eq(create(&fx.one, "Shop", &key), RC_LIMITED);
	ck_assert_int_eq(revoke(&caller, "lost"), RC_OK);
	ck_assert_int_eq(create(&fx.one, "Shop", &key), RC_OK);
	ck_assert_int_eq(create(&fx.one, "Shop", &key), RC_LIMITED);
}
END_TEST

START_TEST(an_unknown_account_gets_no_key)
{
	const struct caller nobody = { .account_id = 99 };
	struct api_key_text key;

	ck_assert_int_eq(create(&nobody, "Shop", &key), RC_NOT_FOUND);
	ck_assert_str_eq(key.s, "");
	ck_assert_int_eq(fixture_int("SELECT COUNT(*) FROM api_key"), 0);
}
END_TEST

START_TEST(a_label_is_one_short_line)
{
	char longest[TEXT_NAME_MAX + 2];
	const char *const bad[] = { "", " x", "x ", "a\nb", "a\tb", "\x1b[m",
		"\xff", "\xc2\x80", longest };
	struct api_key_text key;
	int i;

	memset(longest, 'x', sizeof(longest));
	longest[sizeof(longest) - 1] = '\0';
	for (i = 0; i < ROWS(bad); i++) {
		ck_assert_int_eq(create(&fx.one, bad[i], &key), RC_INVALID);
		ck_assert_str_eq(key.s, "");
	}
	longest[TEXT_NAME_MAX] = '\0';
	ck_assert_int_eq(create(&fx.one, longest, &key), RC_OK);
	ck_assert_int_eq(create(&fx.one, "caf\xc3\xa9 ' \"", &key), RC_OK);
}
END_TEST

/* --- rotation ------------------------------------------------------------- */

START_TEST(a_rotation_kills_the_old_value_at_once_and_keeps_the_row)
{
	struct api_key_text old, new;
	struct caller caller;
	char *label;

	ck_assert_int_eq(create(&fx.one, "Shop", &old), RC_OK);
	fixture_sql("UPDATE api_key SET last_used_at = 5");
	caller = owner(&old);
	ck_assert_int_eq(rotate(&caller, &new), RC_OK);
	ck_assert_int_eq(verify(&old), RC_DENIED);
	ck_assert_int_eq(verify(&new), RC_OK);
	ck_assert_mem_ne(old.s + 3, new.s + 3, 8);
	ck_assert_int_eq(owner(&new).key_id, caller.key_id);
	ck_assert_int_eq(fixture_int("SELECT COUNT(*) FROM api_key"), 1);
	label = fixture_text("SELECT label FROM api_key");
	ck_assert_str_eq(label, "Shop");
	free(label);
	ck_assert_int_eq(
	    fixture_int("SELECT created_at FROM api_key"), FIXTURE_NOW + 9);
	ck_assert_int_eq(
	    fixture_int("SELECT last_used_at IS NULL FROM api_key"), 1);
}
END_TEST

START_TEST(a_rotation_rolled_back_changes_nothing)
{
	struct api_key_text old, new;
	struct caller caller;

	ck_assert_int_eq(create(&fx.one, "Shop", &old), RC_OK);
	caller = owner(&old);
	fixture_begin();
	ck_assert_int_eq(
	    api_key_admin_rotate(fx.db, &fx.pepper, &caller, 1, &new), RC_OK);
	db_rollback(fx.db);
	ck_assert_int_eq(verify(&old), RC_OK);
	ck_assert_int_eq(verify(&new), RC_DENIED);
}
END_TEST

START_TEST(what_is_not_ones_own_is_not_found)
{
	struct api_key_text key, new = { "x" };
	struct caller caller, wrong;

	ck_assert_int_eq(create(&fx.one, "Shop", &key), RC_OK);
	wrong = caller = owner(&key);
	wrong.account_id = fx.two.account_id;
	ck_assert_int_eq(rotate(&wrong, &new), RC_NOT_FOUND);
	ck_assert_str_eq(new.s, "");
	ck_assert_int_eq(revoke(&wrong, "mine"), RC_NOT_FOUND);
	wrong = caller;
	wrong.key_id += 1;
	ck_assert_int_eq(rotate(&wrong, &new), RC_NOT_FOUND);
	ck_assert_int_eq(revoke(&wrong, "mine"), RC_NOT_FOUND);
	ck_assert_int_eq(verify(&key), RC_OK);
}
END_TEST

/* --- revocation ----------------------------------------------------------- */

START_TEST(a_revoked_key_stays_revoked)
{
	struct api_key_text key, new;
	struct caller caller;
	char *why;

	ck_assert_int_eq(create(&fx.one, "Shop", &key), RC_OK);
	caller = owner(&key);
	ck_assert_int_eq(revoke(&caller, "laptop lost"), RC_OK);
	ck_assert_int_eq(verify(&key), RC_DENIED);
	ck_assert_int_eq(revoke(&caller, "again"), RC_NOT_FOUND);
	ck_assert_int_eq(rotate(&caller, &new), RC_NOT_FOUND);
	why = fixture_text("SELECT revoked_why FROM api_key");
	ck_assert_str_eq(why, "laptop lost");
	free(why);
	ck_assert_int_eq(
	    fixture_int("SELECT revoked_at FROM api_key"), FIXTURE_NOW + 7);
	/* Nor is it found any more. */
	fixture_begin();
	ck_assert_int_eq(
	    api_key_admin_find(fx.db, "00000000", &caller), RC_NOT_FOUND);
	key.s[API_KEY_PREFIX_LEN + API_KEY_ID_LEN] = '\0';
	ck_assert_int_eq(
	    api_key_admin_find(fx.db, key.s + API_KEY_PREFIX_LEN, &caller),
	    RC_NOT_FOUND);
	ck_assert_int_eq(caller.account_id, 0);
	db_rollback(fx.db);
}
END_TEST

START_TEST(a_reason_is_one_short_line)
{
	char longest[TEXT_TITLE_MAX + 2];
	struct api_key_text key;
	struct caller caller;

	memset(longest, 'x', sizeof(longest));
	longest[sizeof(longest) - 1] = '\0';
	ck_assert_int_eq(create(&fx.one, "Shop", &key), RC_OK);
	caller = owner(&key);
	ck_assert_int_eq(revoke(&caller, ""), RC_INVALID);
	ck_assert_int_eq(revoke(&caller, "a\nb"), RC_INVALID);
	ck_assert_int_eq(revoke(&caller, longest), RC_INVALID);
	ck_assert_int_eq(verify(&key), RC_OK);
	longest[TEXT_TITLE_MAX] = '\0';
	ck_assert_int_eq(revoke(&caller, longest), RC_OK);
}
END_TEST

/* --- the list ------------------------------------------------------------- */

struct listing {
	char text[512];
	enum rc end;
};

static enum rc
note(void *arg, const struct api_key_row *row)
{
	struct listing *listing = arg;
	size_t len = strlen(listing->text);

	ck_assert_uint_eq(strlen(row->public_id), API_KEY_ID_LEN);
	(void)snprintf(listing->text + len, sizeof(listing->text) - len,
	    "%lld %s %s %s;", (long long)row->account_id, row->email,
	    row->label, row->revoked_at != 0 ? row->revoked_why : "active");
	return listing->end;
}

START_TEST(a_list_has_the_keys_of_one_account_or_of_all)
{
	struct listing listing = { "", RC_OK };
	struct api_key_text key;
	struct caller caller;

	ck_assert_int_eq(create(&fx.one, "A", &key), RC_OK);
	caller = owner(&key);
	ck_assert_int_eq(create(&fx.two, "B", &key), RC_OK);
	ck_assert_int_eq(create(&fx.one, "C", &key), RC_OK);
	ck_assert_int_eq(revoke(&caller, "lost"), RC_OK);
	ck_assert_int_eq(db_begin(fx.db, DB_READ), RC_OK);
	ck_assert_int_eq(api_key_admin_list(fx.db, 0, note, &listing), RC_OK);
	ck_assert_str_eq(listing.text,
	    "1 one@example.test A lost;2 two@example.test B active;"
	    "1 one@example.test C active;");
	listing.text[0] = '\0';
	ck_assert_int_eq(api_key_admin_list(fx.db, 2, note, &listing), RC_OK);
	ck_assert_str_eq(listing.text, "2 two@example.test B active;");
	listing.text[0] = '\0';
	listing.end = RC_LIMITED;
	ck_assert_int_eq(
	    api_key_admin_list(fx.db, 1, note, &listing), RC_LIMITED);
	ck_assert_str_eq(listing.text, "1 one@example.test A lost;");
	db_rollback(fx.db);
}
END_TEST

/* Writes ids of the rows, newest last, as "1 2 3 ". */
static enum rc
note_id(void *arg, const struct api_key_row *row)
{
	char *ids = arg;
	size_t len = strlen(ids);

	ck_assert_ptr_null(row->email);
	ck_assert_int_eq(row->account_id, fx.one.account_id);
	(void)snprintf(ids + len, 256 - len, "%lld ", (long long)row->id);
	return RC_OK;
}

START_TEST(an_owner_sees_active_keys_and_pages_of_revoked_ones)
{
	char ids[256] = "";
	struct api_key_text key;
	struct caller caller = fx.one;
	int i;

	for (i = 1; i <= 25; i++) {
		ck_assert_int_eq(create(&fx.one, "Shop", &key), RC_OK);
		caller.key_id = i;
		if (i != 2 && i != 24)
			ck_assert_int_eq(revoke(&caller, "lost"), RC_OK);
	}
	ck_assert_int_eq(create(&fx.two, "Other", &key), RC_OK);

	ck_assert_int_eq(db_begin(fx.db, DB_READ), RC_OK);
	ck_assert_int_eq(
	    api_key_admin_active(fx.db, &fx.one, note_id, ids), RC_OK);
	ck_assert_str_eq(ids, "2 24 ");
	ids[0] = '\0';
	ck_assert_int_eq(
	    api_key_admin_revoked(fx.db, &fx.one, 0, note_id, ids), RC_OK);
	ck_assert_str_eq(ids, "25 23 22 21 20 19 18 17 16 15 14 13 12 11 10 9 "
			      "8 7 6 5 ");
	ids[0] = '\0';
	ck_assert_int_eq(
	    api_key_admin_revoked(fx.db, &fx.one, 5, note_id, ids), RC_OK);
	ck_assert_str_eq(ids, "4 3 1 ");
	ids[0] = '\0';
	ck_assert_int_eq(
	    api_key_admin_revoked(fx.db, &fx.two, 0, note_id, ids), RC_OK);
	ck_assert_str_eq(ids, "");

	caller.key_id = 24;
	ck_assert_int_eq(
	    api_key_admin_one(fx.db, &caller, note_id, ids), RC_OK);
	ck_assert_str_eq(ids, "24 ");
	for (i = 25; i <= 27; i++) {
		/* Revoked, another account's, unknown. */
		caller.key_id = i;
		ck_assert_int_eq(
		    api_key_admin_one(fx.db, &caller, note_id, ids),
		    RC_NOT_FOUND);
	}
	fixture_commit();
}
END_TEST

START_TEST(a_wiped_key_is_empty)
{
	struct api_key_text key, zero;

	memset(&zero, 0, sizeof(zero));
	ck_assert_int_eq(create(&fx.one, "Shop", &key), RC_OK);
	api_key_admin_wipe(&key);
	ck_assert_mem_eq(&key, &zero, sizeof(key));
}
END_TEST

static Suite *
make_suite(void)
{
	Suite *suite = suite_create("api_key_admin");
	TCase *tc = tcase_create("api_key_admin");

	tcase_add_checked_fixture(tc, fixture_setup, fixture_teardown);
	tcase_add_test(tc, a_new_key_works);
	tcase_add_test(tc, a_key_is_not_in_the_file);
	tcase_add_test(tc, keys_differ_in_id_and_secret);
	tcase_add_test(tc, an_account_has_ten_active_keys_at_most);
	tcase_add_test(tc, an_unknown_account_gets_no_key);
	tcase_add_test(tc, a_label_is_one_short_line);
	tcase_add_test(
	    tc, a_rotation_kills_the_old_value_at_once_and_keeps_the_row);
	tcase_add_test(tc, a_rotation_rolled_back_changes_nothing);
	tcase_add_test(tc, what_is_not_ones_own_is_not_found);
	tcase_add_test(tc, a_revoked_key_stays_revoked);
	tcase_add_test(tc, a_reason_is_one_short_line);
	tcase_add_test(tc, a_list_has_the_keys_of_one_account_or_of_all);
	tcase_add_test(tc, an_owner_sees_active_keys_and_pages_of_revoked_ones);
	tcase_add_test(tc, a_wiped_key_is_empty);
	suite_add_tcase(suite, tc);
	return suite;
}

SUITE_MAIN(make_suite)
