/* SPDX-License-Identifier: ISC */
/*
 * lib/catalog_admin and lib/catalog: what is sold, changed by words and by
 * files, and read back.  A file is taken whole or not at all.
 */
#include "catalog_admin.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "catalog.h"
#include "fixture.h"
#include "suite.h"
#include "text.h"

static const struct catalog_words good = {
	.column = {
		[CATALOG_NAME] = "Flyers",
		[CATALOG_TYPE] = "Default",
		[CATALOG_CATEGORY] = "Printing",
		[CATALOG_RATE] = "1.25",
		[CATALOG_MIN] = "10",
		[CATALOG_MAX] = "500",
	},
};

static enum rc
add(const struct catalog_words *words, int64_t *id, struct catalog_fault *fault)
{
	enum rc rc;

	*fault = (struct catalog_fault){ -1, NULL, "" };
	fixture_begin();
	rc = catalog_admin_add(fx.db, words, id, fault);
	return db_end(fx.db, rc);
}

static enum rc
edit(int64_t id, enum catalog_column column, const char *value)
{
	struct catalog_words words = { { NULL } };
	struct catalog_fault fault;
	enum rc rc;

	words.column[column] = value;
	fixture_begin();
	rc = catalog_admin_edit(fx.db, id, &words, &fault);
	return db_end(fx.db, rc);
}

static enum rc
import(const char *csv, int64_t *added, int64_t *changed,
    struct catalog_fault *fault)
{
	FILE *in = fmemopen((void *)(uintptr_t)csv, strlen(csv), "r");
	enum rc rc;

	ck_assert_ptr_nonnull(in);
	fixture_begin();
	rc = catalog_admin_import(fx.db, in, added, changed, fault);
	rc = db_end(fx.db, rc);
	(void)fclose(in);
	return rc;
}

/* A service as one line. */
static char *
describe(int64_t id)
{
	return fixture_text("SELECT name || '|' || type || '|' || category"
			    " || '|' || description || '|' || rate_micro"
			    " || '|' || min || '|' || max || '|' || refill"
			    " || cancel || dripfeed || active FROM service"
			    " WHERE id = %lld",
	    (long long)id);
}

static void
must_be(int64_t id, const char *text)
{
	char *service = describe(id);

	ck_assert_str_eq(service, text);
	free(service);
}

/* --- adding --------------------------------------------------------------- */

START_TEST(what_is_not_said_is_off_but_on_sale)
{
	struct catalog_fault fault;
	int64_t id;

	ck_assert_int_eq(add(&good, &id, &fault), RC_OK);
	must_be(id, "Flyers|Default|Printing||1250000|10|500|0001");
}
END_TEST

START_TEST(all_that_is_said_is_taken)
{
	struct catalog_words words = good;
	struct catalog_fault fault;
	int64_t id;

	words.column[CATALOG_ID] = "2147483647";
	words.column[CATALOG_DESC] = "Two\nlines";
	words.column[CATALOG_REFILL] = "yes";
	words.column[CATALOG_CANCEL] = "TRUE";
	words.column[CATALOG_DRIPFEED] = "1";
	words.column[CATALOG_ACTIVE] = "no";
	ck_assert_int_eq(add(&words, &id, &fault), RC_OK);
	ck_assert_int_eq(id, 2147483647);
	must_be(id, "Flyers|Default|Printing|Two\nlines|1250000|10|500|1110");
	ck_assert_int_eq(add(&words, &id, &fault), RC_LIMITED);
}
END_TEST

START_TEST(a_package_is_one)
{
	struct catalog_words words = good;
	struct catalog_fault fault;
	int64_t id;

	words.column[CATALOG_TYPE] = "Package";
	words.column[CATALOG_MIN] = words.column[CATALOG_MAX] = NULL;
	ck_assert_int_eq(add(&words, &id, &fault), RC_OK);
	must_be(id, "Flyers|Package|Printing||1250000|1|1|0001");
	words.column[CATALOG_MAX] = "2";
	ck_assert_int_eq(add(&words, &id, &fault), RC_INVALID);
	ck_assert_str_eq(fault.column, "max");
}
END_TEST

/* One word that is wrong, or missing for NULL. */
static const struct {
	enum catalog_column column;
	const char *value;
} bad[] = {
	{ CATALOG_NAME, NULL },
	{ CATALOG_NAME, "" },
	{ CATALOG_NAME, "a\nb" },
	{ CATALOG_NAME, "\xff" },
	{ CATALOG_TYPE, NULL },
	{ CATALOG_TYPE, "" },
	{ CATALOG_TYPE, "default" },
	{ CATALOG_TYPE, "Default " },
	{ CATALOG_CATEGORY, NULL },
	{ CATALOG_CATEGORY, "" },
	{ CATALOG_RATE, NULL },
	{ CATALOG_RATE, "" },
	{ CATALOG_RATE, "-1" },
	{ CATALOG_RATE, "1,25" },
	{ CATALOG_RATE, "1e3" },
	{ CATALOG_RATE, "0.0000001" },
	{ CATALOG_RATE, ".5" },
	{ CATALOG_RATE, "99999999999999999999" },
	{ CATALOG_MIN, NULL },
	{ CATALOG_MIN, "0" },
	{ CATALOG_MIN, "-1" },
	{ CATALOG_MIN, "1.5" },
	{ CATALOG_MIN, "501" },
	{ CATALOG_MAX, NULL },
	{ CATALOG_MAX, "9" },
	{ CATALOG_MAX, "1000000001" },
	{ CATALOG_MAX, "99999999999999999999" },
	{ CATALOG_REFILL, "maybe" },
	{ CATALOG_REFILL, "2" },
	{ CATALOG_CANCEL, "" },
	{ CATALOG_DRIPFEED, "on" },
	{ CATALOG_ACTIVE, "-1" },
	{ CATALOG_DESC, "a\x1b[31m" },
	{ CATALOG_ID, "0" },
	{ CATALOG_ID, "-1" },
	{ CATALOG_ID, "2147483648" },
	{ CATALOG_ID, "1x" },
};

START_TEST(a_wrong_word_is_refused_by_its_column)
{
	int64_t before = fixture_int("SELECT COUNT(*) FROM service"), id;
	struct catalog_words words = good;
	struct catalog_fault fault;

	words.column[bad[_i].column] = bad[_i].value;
	ck_assert_int_eq(add(&words, &id, &fault), RC_INVALID);
	ck_assert_ptr_nonnull(fault.column);
	/* Bounds that contradict each other are the maximum's fault. */
	if (bad[_i].value == NULL || strcmp(bad[_i].value, "501") != 0)
		ck_assert_str_eq(
		    fault.column, catalog_admin_column(bad[_i].column));
	else
		ck_assert_str_eq(fault.column, "max");
	ck_assert_str_ne(fault.what, "");
	ck_assert_int_eq(fault.line, 0);
	ck_assert_int_eq(id, 0);
	ck_assert_int_eq(fixture_int("SELECT COUNT(*) FROM service"), before);
}
END_TEST

START_TEST(a_price_that_cannot_be_counted_is_refused)
{
	struct catalog_words words = good;
	struct catalog_fault fault;
	int64_t id;

	/* A thousand million units at most for the largest order. */
	words.column[CATALOG_RATE] = "1000000000";
	words.column[CATALOG_MAX] = "1000";
	ck_assert_int_eq(add(&words, &id, &fault), RC_OK);
	words.column[CATALOG_MAX] = "1001";
	ck_assert_int_eq(add(&words, &id, &fault), RC_INVALID);
	ck_assert_str_eq(fault.column, "rate");
	words.column[CATALOG_TYPE] = "Package";
	words.column[CATALOG_MIN] = words.column[CATALOG_MAX] = NULL;
	ck_assert_int_eq(add(&words, &id, &fault), RC_OK);
	words.column[CATALOG_RATE] = "1000000000.000001";
	ck_assert_int_eq(add(&words, &id, &fault), RC_INVALID);
}
END_TEST

START_TEST(a_drip_feed_needs_a_type_that_has_one)
{
	struct catalog_words words = good;
	struct catalog_fault fault;
	int64_t id;

	words.column[CATALOG_TYPE] = "Poll";
	words.column[CATALOG_DRIPFEED] = "yes";
	ck_assert_int_eq(add(&words, &id, &fault), RC_INVALID);
	ck_assert_str_eq(fault.column, "dripfeed");
}
END_TEST

START_TEST(texts_have_the_length_that_is_told)
{
	static char name[TEXT_TITLE_MAX + 2], desc[TEXT_BLOCK_MAX + 2];
	struct catalog_words words = good;
	struct catalog_fault fault;
	int64_t id;

	memset(name, 'n', sizeof(name) - 1);
	memset(desc, 'd', sizeof(desc) - 1);
	words.column[CATALOG_NAME] = name;
	ck_assert_int_eq(add(&words, &id, &fault), RC_INVALID);
	name[TEXT_TITLE_MAX] = '\0';
	ck_assert_int_eq(add(&words, &id, &fault), RC_OK);
	words.column[CATALOG_DESC] = desc;
	ck_assert_int_eq(add(&words, &id, &fault), RC_INVALID);
	ck_assert_str_eq(fault.column, "desc");
	desc[TEXT_BLOCK_MAX] = '\0';
	ck_assert_int_eq(add(&words, &id, &fault), RC_OK);
}
END_TEST

/* --- changing ------------------------------------------------------------- */

START_TEST(only_what_is_said_changes)
{
	struct catalog_fault fault;
	int64_t id;

	ck_assert_int_eq(add(&good, &id, &fault), RC_OK);
	ck_assert_int_eq(edit(id, CATALOG_NAME, "Posters"), RC_OK);
	must_be(id, "Posters|Default|Printing||1250000|10|500|0001");
	ck_assert_int_eq(edit(id, CATALOG_RATE, "0"), RC_OK);
	ck_assert_int_eq(edit(id, CATALOG_MIN, "500"), RC_OK);
	ck_assert_int_eq(edit(id, CATALOG_ACTIVE, "0"), RC_OK);
	ck_assert_int_eq(edit(id, CATALOG_DESC, "New"), RC_OK);
	must_be(id, "Posters|Default|Printing|New|0|500|500|0000");
	ck_assert_int_eq(edit(id, CATALOG_DESC, ""), RC_OK);
	must_be(id, "Posters|Default|Printing||0|500|500|0000");
}
END_TEST

START_TEST(a_change_must_leave_a_possible_service)
{
	struct catalog_fault fault;
	int64_t id;

	ck_assert_int_eq(add(&good, &id, &fault), RC_OK);
	ck_assert_int_eq(edit(id, CATALOG_MIN, "501"), RC_INVALID);
	ck_assert_int_eq(edit(id, CATALOG_MAX, "9"), RC_INVALID);
	ck_assert_int_eq(edit(id, CATALOG_TYPE, "Package"), RC_INVALID);
	ck_assert_int_eq(edit(id, CATALOG_TYPE, "Nothing"), RC_INVALID);
	ck_assert_int_eq(edit(id, CATALOG_RATE, "x"), RC_INVALID);
	ck_assert_int_eq(edit(999, CATALOG_NAME, "x"), RC_NOT_FOUND);
	must_be(id, "Flyers|Default|Printing||1250000|10|500|0001");
}
END_TEST

START_TEST(orders_keep_their_price)
{
	int64_t id = fixture_any_order();
	int64_t charge = fixture_int(
	    "SELECT charge_nano FROM orders WHERE id = %lld", (long long)id);

	ck_assert_int_eq(edit(SERVICE_DEFAULT, CATALOG_RATE, "5"), RC_OK);
	ck_assert_int_eq(fixture_int("SELECT charge_nano FROM orders"
				     " WHERE id = %lld",
			     (long long)id),
	    charge);
	ck_assert_str_eq(fixture_faults(), "");
}
END_TEST

/* --- files ---------------------------------------------------------------- */

START_TEST(a_file_adds_and_changes)
{
	struct catalog_fault fault;
	int64_t added, changed;

	ck_assert_int_eq(
	    import("name,type,category,rate,min,max,id,desc,refill\r\n"
		   "\"A, \"\"b\"\"\",Default,Cat,0.5,1,9,,\"x\ny\",yes\r\n"
		   "Second,Package,Cat,2,,,700,,\r\n"
		   ",,,9.99,,,1,,\r\n",
		&added, &changed, &fault),
	    RC_OK);
	ck_assert_int_eq(added, 2);
	ck_assert_int_eq(changed, 1);
	must_be(700, "Second|Package|Cat||2000000|1|1|0001");
	must_be(1, "Default|Default|Test||9990000|2|1000|1101");
	ck_assert_int_eq(fixture_int("SELECT COUNT(*) FROM service"
				     " WHERE name = 'A, \"b\"'"
				     " AND description = 'x' || char(10) || 'y'"
				     " AND refill = 1"),
	    1);
}
END_TEST

#define HEAD "name,type,category,rate,min,max\n"
#define ROW "A,Default,C,1,1,2\n"

/* Files with one fault, and the line that has it. */
static const struct {
	const char *csv;
	int line;
	const char *column;
} bad_files[] = {
	{ HEAD ROW ROW "B,Default,C,1,0,2\n", 4, "min" },
	{ HEAD ROW "B,Nothing,C,1,1,2\n" ROW, 3, "type" },
	{ HEAD ROW "B,Default,C,1,1\n", 3, NULL },
	{ HEAD ROW "B,Default,C,1,1,2,3\n", 3, NULL },
	{ HEAD ROW "\"B,Default,C,1,1,2\n", 3, NULL },
	{ HEAD ROW "B\"x,Default,C,1,1,2\n", 3, NULL },
	{ HEAD ROW "\n" ROW, 3, NULL },
	{ HEAD "\"A\nB\",Default,C,1,1,2\n", 2, "name" },
	{ HEAD ROW "\xff,Default,C,1,1,2\n", 3, "name" },
	{ "name,type,category,rate,min,max,colour\n", 1, NULL },
	{ "name,type,category,rate,min,max,name\n" ROW, 1, "name" },
	{ "Name,type,category,rate,min,max\n" ROW, 1, NULL },
	{ "name,type\nA,Default\n", 2, "category" },
	{ "id," HEAD "0," ROW, 2, "id" },
	{ "id," HEAD "1x," ROW, 2, "id" },
	{ "id," HEAD "800," ROW "-1," ROW, 3, "id" },
};

START_TEST(one_bad_row_spoils_the_file)
{
	int64_t before = fixture_int("SELECT COUNT(*) FROM service");
	int64_t added, changed;
	struct catalog_fault fault;

	ck_assert_int_eq(
	    import(bad_files[_i].csv, &added, &changed, &fault), RC_INVALID);
	ck_assert_int_eq(fault.line, bad_files[_i].line);
	ck_assert_str_ne(fault.what, "");
	if (bad_files[_i].column != NULL)
		ck_assert_str_eq(fault.column, bad_files[_i].column);
	ck_assert_int_eq(fixture_int("SELECT COUNT(*) FROM service"), before);
}
END_TEST

START_TEST(a_header_alone_changes_nothing)
{
	struct catalog_fault fault;
	int64_t added = 9, changed = 9;

	ck_assert_int_eq(import(HEAD, &added, &changed, &fault), RC_OK);
	ck_assert_int_eq(added, 0);
	ck_assert_int_eq(changed, 0);
	ck_assert_int_eq(
	    import("\xef\xbb\xbf" HEAD ROW, &added, &changed, &fault), RC_OK);
	ck_assert_int_eq(added, 1);
}
END_TEST

START_TEST(a_file_taken_twice_by_id_changes_nothing_more)
{
	static const char csv[] = "id," HEAD "900," ROW "901," ROW;
	struct catalog_fault fault;
	int64_t added, changed, before;

	ck_assert_int_eq(import(csv, &added, &changed, &fault), RC_OK);
	ck_assert_int_eq(added, 2);
	before = fixture_int("SELECT COUNT(*) FROM service");
	ck_assert_int_eq(import(csv, &added, &changed, &fault), RC_OK);
	ck_assert_int_eq(added, 0);
	ck_assert_int_eq(changed, 2);
	ck_assert_int_eq(fixture_int("SELECT COUNT(*) FROM service"), before);
}
END_TEST

START_TEST(many_rows_are_one_transaction)
{
	enum { MANY = 2000 };
	struct catalog_fault fault;
	int64_t added, changed;
	char *csv = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&csv, &len);
	int i;

	ck_assert_ptr_nonnull(out);
	(void)fputs(HEAD, out);
	for (i = 0; i < MANY; i++)
		(void)fputs(ROW, out);
	(void)fputs("last,Default,C,x,1,2\n", out);
	ck_assert_int_eq(fclose(out), 0);
	ck_assert_int_eq(import(csv, &added, &changed, &fault), RC_INVALID);
	ck_assert_int_eq(fault.line, MANY + 2);
	ck_assert_int_eq(
	    fixture_int("SELECT COUNT(*) FROM service WHERE name = 'A'"), 0);
	csv[len - strlen("last,Default,C,x,1,2\n")] = '\0';
	ck_assert_int_eq(import(csv, &added, &changed, &fault), RC_OK);
	ck_assert_int_eq(added, MANY);
	free(csv);
}
END_TEST

/* --- reading -------------------------------------------------------------- */

START_TEST(only_what_is_on_sale_is_found)
{
	struct service service;

	ck_assert_int_eq(db_begin(fx.db, DB_READ), RC_OK);
	ck_assert_int_eq(catalog_find(fx.db, SERVICE_DEFAULT, &service), RC_OK);
	ck_assert_str_eq(service.type->name, "Default");
	ck_assert_int_eq(service.rate_micro, FIXTURE_RATE);
	ck_assert_int_eq(service.min, FIXTURE_MIN);
	ck_assert_int_eq(service.max, FIXTURE_MAX);
	ck_assert(service.refill && service.cancel && !service.dripfeed);
	ck_assert_int_eq(
	    catalog_find(fx.db, SERVICE_OFF, &service), RC_NOT_FOUND);
	ck_assert_int_eq(catalog_find(fx.db, 999, &service), RC_NOT_FOUND);
	db_rollback(fx.db);
}
END_TEST

struct listing {
	char text[256];
	enum rc end;
};

static enum rc
note(void *arg, const struct service *service)
{
	struct listing *listing = arg;
	size_t len = strlen(listing->text);

	if (strcmp(service->category, "Test") == 0)
		return RC_OK;
	(void)snprintf(listing->text + len, sizeof(listing->text) - len,
	    "%s/%s%s;", service->category, service->name,
	    service->active ? "" : "(off)");
	return listing->end;
}

START_TEST(the_list_goes_by_category_then_id)
{
	struct listing listing = { "", RC_OK };
	struct catalog_fault fault;
	int64_t added, changed;

	ck_assert_int_eq(
	    import("id,name,type,category,rate,min,max,active\n"
		   "903,a,Default,Zoo,1,1,1,1\n902,b,Default,Ape,1,1,1,0\n"
		   "901,c,Default,Zoo,1,1,1,1\n904,d,Default,Ape,1,1,1,1\n",
		&added, &changed, &fault),
	    RC_OK);
	ck_assert_int_eq(db_begin(fx.db, DB_READ), RC_OK);
	ck_assert_int_eq(catalog_each(fx.db, 0, note, &listing), RC_OK);
	ck_assert_str_eq(listing.text, "Ape/d;Zoo/c;Zoo/a;");
	listing.text[0] = '\0';
	ck_assert_int_eq(catalog_each(fx.db, 1, note, &listing), RC_OK);
	ck_assert_str_eq(listing.text, "Ape/b(off);Ape/d;Zoo/c;Zoo/a;");
	listing.text[0] = '\0';
	listing.end = RC_FAIL;
	ck_assert_int_eq(catalog_each(fx.db, 1, note, &listing), RC_FAIL);
	ck_assert_str_eq(listing.text, "Ape/b(off);");
	db_rollback(fx.db);
}
END_TEST

START_TEST(a_type_that_is_unknown_is_not_sold)
{
	struct service service;

	fixture_sql("UPDATE service SET type = 'Odd' WHERE id = 1");
	ck_assert_int_eq(db_begin(fx.db, DB_READ), RC_OK);
	ck_assert_int_eq(
	    catalog_find(fx.db, SERVICE_DEFAULT, &service), RC_FAIL);
	db_rollback(fx.db);
}
END_TEST

static Suite *
make_suite(void)
{
	Suite *suite = suite_create("catalog_admin");
	TCase *tc = tcase_create("catalog_admin");

	tcase_add_checked_fixture(tc, fixture_setup, fixture_teardown);
	tcase_add_test(tc, what_is_not_said_is_off_but_on_sale);
	tcase_add_test(tc, all_that_is_said_is_taken);
	tcase_add_test(tc, a_package_is_one);
	tcase_add_loop_test(
	    tc, a_wrong_word_is_refused_by_its_column, 0, ROWS(bad));
	tcase_add_test(tc, a_price_that_cannot_be_counted_is_refused);
	tcase_add_test(tc, a_drip_feed_needs_a_type_that_has_one);
	tcase_add_test(tc, texts_have_the_length_that_is_told);
	tcase_add_test(tc, only_what_is_said_changes);
	tcase_add_test(tc, a_change_must_leave_a_possible_service);
	tcase_add_test(tc, orders_keep_their_price);
	tcase_add_test(tc, a_file_adds_and_changes);
	tcase_add_loop_test(
	    tc, one_bad_row_spoils_the_file, 0, ROWS(bad_files));
	tcase_add_test(tc, a_header_alone_changes_nothing);
	tcase_add_test(tc, a_file_taken_twice_by_id_changes_nothing_more);
	tcase_add_test(tc, many_rows_are_one_transaction);
	tcase_add_test(tc, only_what_is_on_sale_is_found);
	tcase_add_test(tc, the_list_goes_by_category_then_id);
	tcase_add_test(tc, a_type_that_is_unknown_is_not_sold);
	suite_add_tcase(suite, tc);
	return suite;
}

SUITE_MAIN(make_suite)
