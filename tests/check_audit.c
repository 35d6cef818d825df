/* SPDX-License-Identifier: ISC */
/*
 * lib/audit: the security history of an account.
 */
#include "audit.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"
#include "suite.h"
#include "text.h"

enum { T = FIXTURE_NOW };

static void
add(const struct caller *caller, enum audit_what what, const char *address,
    const char *note, int64_t now)
{
	fixture_people_begin();
	ck_assert_int_eq(
	    audit_add(fx.people.db, caller, what, address, note, now), RC_OK);
	fixture_people_commit();
}

/* Writes down a list: "seq:what:address:note ". */
static enum rc
write_row(void *arg, const struct audit_row *row)
{
	char *list = arg;
	size_t len = strlen(list);

	(void)snprintf(list + len, 4096 - len, "%lld:%d:%s:%s ",
	    (long long)row->seq, (int)row->what, row->address, row->note);
	return RC_OK;
}

static const char *
list(const struct caller *caller, int64_t before)
{
	static char rows[4096];

	rows[0] = '\0';
	ck_assert_int_eq(db_begin(fx.people.db, DB_READ), RC_OK);
	ck_assert_int_eq(
	    audit_each(fx.people.db, caller, before, write_row, rows), RC_OK);
	db_rollback(fx.people.db);
	return rows;
}

START_TEST(the_newest_stands_first_and_each_account_has_its_own)
{
	add(&fx.one, AUDIT_LOGIN, "192.0.2.1", NULL, T);
	add(&fx.two, AUDIT_LOGIN, "192.0.2.2", NULL, T);
	add(&fx.one, AUDIT_KEY_CREATED, "192.0.2.1", "aB3dE6gH shop", T + 1);
	add(&fx.one, AUDIT_PASSWORD_SET, NULL, NULL, T - 5);
	ck_assert_str_eq(list(&fx.one, 0),
	    "3:9:: 2:18:192.0.2.1:aB3dE6gH shop 1:1:192.0.2.1: ");
	ck_assert_str_eq(list(&fx.two, 0), "1:1:192.0.2.2: ");
}
END_TEST

START_TEST(pages_go_on_where_the_last_one_ended)
{
	int i;

	for (i = 0; i < AUDIT_LIST_MAX + 2; i++)
		add(&fx.one, AUDIT_LOGIN, "x", NULL, T);
	ck_assert_int_eq(strncmp(list(&fx.one, 0), "52:1:x: 51:", 11), 0);
	ck_assert_str_eq(list(&fx.one, 3), "2:1:x: 1:1:x: ");
	ck_assert_str_eq(list(&fx.one, 1), "");
	/* As many as fit one page, and no more. */
	ck_assert_ptr_nonnull(strstr(list(&fx.one, 0), " 3:1:x: "));
	ck_assert_ptr_null(strstr(list(&fx.one, 0), " 2:1:x: "));
}
END_TEST

START_TEST(a_note_becomes_one_short_line)
{
	char note[1000], *kept;

	memset(note, 'n', sizeof(note) - 1);
	note[sizeof(note) - 1] = '\0';
	memcpy(note, "a\nb\x1b", 4);
	add(&fx.one, AUDIT_TRANSFER, "x", note, T);
	kept = fixture_text("SELECT note FROM audit");
	ck_assert_uint_eq(strlen(kept), AUDIT_NOTE_MAX);
	ck_assert(text_is_line(kept, AUDIT_NOTE_MAX));
	ck_assert_int_eq(strncmp(kept, "a?b?nn", 6), 0);
	free(kept);
}
END_TEST

START_TEST(everything_has_words_of_its_own)
{
	int i, j;

	for (i = 1; i < AUDIT_WHATS; i++) {
		ck_assert_str_ne(audit_words(i), "something");
		ck_assert(text_is_line(audit_words(i), 100));
		for (j = 1; j < i; j++)
			ck_assert_str_ne(audit_words(i), audit_words(j));
	}
	ck_assert_str_eq(audit_words(0), "something");
	ck_assert_str_eq(audit_words(-1), "something");
	ck_assert_str_eq(audit_words(AUDIT_WHATS), "something");
}
END_TEST

static Suite *
make_suite(void)
{
	Suite *suite = suite_create("audit");
	TCase *tc = tcase_create("audit");

	tcase_add_checked_fixture(tc, fixture_people_setup, fixture_teardown);
	tcase_add_test(
	    tc, the_newest_stands_first_and_each_account_has_its_own);
	tcase_add_test(tc, pages_go_on_where_the_last_one_ended);
	tcase_add_test(tc, a_note_becomes_one_short_line);
	tcase_add_test(tc, everything_has_words_of_its_own);
	suite_add_tcase(suite, tc);
	return suite;
}

SUITE_MAIN(make_suite)
