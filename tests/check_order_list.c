/* SPDX-License-Identifier: ISC */
/*
 * lib/order_list: pages of an account's orders, compared with what a plain
 * query finds; one order with its history; and that those of another account
 * are unknown.
 */
#include "order_list.h"

#include <check.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"
#include "order.h"
#include "refill.h"
#include "suite.h"

enum { MANY = 1500, LIST_LEN = 16384 };

/* Ids as "5 4 3", newest first. */
struct list {
	char text[LIST_LEN];
	size_t len;
	int n, stop_at;
};

static enum rc
add_id(void *arg, const struct order_item *order)
{
	struct list *list = arg;

	list->len += (size_t)snprintf(list->text + list->len,
	    sizeof(list->text) - list->len, "%s%lld", list->len > 0 ? " " : "",
	    (long long)order->id);
	return ++list->n == list->stop_at ? RC_LIMITED : RC_OK;
}

static struct order_list_ends
get(const struct caller *caller, const struct order_list_filter *filter,
    struct list *list)
{
	struct order_list_ends ends;

	*list = (struct list){ 0 };
	ck_assert_int_eq(db_begin(fx.db, DB_READ), RC_OK);
	ck_assert_int_eq(
	    order_list(fx.db, caller, filter, add_id, list, &ends), RC_OK);
	fixture_commit();
	return ends;
}

/* Orders of both accounts in turn, of three services and every status. */
static void
fill(int n)
{
	int64_t hash[2];

	ck_assert_int_eq(order_link_hash("https://a.test/", &hash[0]), RC_OK);
	ck_assert_int_eq(order_link_hash("https://b.test/", &hash[1]), RC_OK);
	fixture_sql(
	    "WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL"
	    " SELECT i + 1 FROM n WHERE i < %d)"
	    " INSERT OR IGNORE INTO orders (id, account_id, service_id, status,"
	    " link, link_hash, quantity, remains, price_micro,"
	    " charge_nano, created_at, updated_at)"
	    " SELECT i, 1 + i %% 2, 1 + i / 7 %% 3,"
	    " 1 + i * i / 11 %% 6, CASE i %% 5 WHEN 0 THEN NULL"
	    " WHEN 1 THEN 'https://b.test/' ELSE 'https://a.test/' END,"
	    " CASE i %% 5 WHEN 0 THEN NULL WHEN 1 THEN %lld ELSE %lld"
	    " END, 1, 1, 1, 1, %d + i, %d + i FROM n",
	    n, (long long)hash[1], (long long)hash[0], FIXTURE_NOW,
	    FIXTURE_NOW);
}

/* What a query without any index finds for a page. */
static char *
expected(int64_t account_id, const struct order_list_filter *f)
{
	return fixture_text(
	    "SELECT group_concat(id, ' ') FROM (SELECT id FROM (SELECT +id AS"
	    " id FROM orders NOT INDEXED WHERE account_id = %lld"
	    " AND %d IN (0, status) AND %lld IN (0, service_id)"
	    " AND (%d OR link = '%s') AND id < %lld AND id > %lld"
	    " ORDER BY id %s LIMIT %zu) ORDER BY id DESC)",
	    (long long)account_id, f->status, (long long)f->service_id,
	    f->link == NULL, f->link != NULL ? f->link : "",
	    f->after == 0 && f->before != 0 ? (long long)f->before : 9999999LL,
	    (long long)f->after, f->after != 0 ? "ASC" : "DESC", f->limit);
}

static const struct order_list_filter filters[] = {
	{ 0 },
	{ .status = ORDER_PENDING },
	{ .status = ORDER_CANCELED },
	{ .service_id = 2 },
	{ .service_id = 2, .status = ORDER_PARTIAL },
	{ .link = "https://a.test/" },
	{ .link = "https://b.test/", .status = ORDER_COMPLETED },
	{ .link = "https://b.test/", .service_id = 3 },
	{ .link = "https://b.test/", .service_id = 1, .status = 2 },
	{ .link = "https://none.test/" },
	{ .service_id = 4 },
	{ .status = 7 },
};

/* Down to the end, and up again. */
static void
walk(struct order_list_filter filter, const struct caller *caller)
{
	struct order_list_ends ends;
	struct list list;
	char *want;
	int down = 0, up = 0, pages;

	for (pages = 0; pages < MANY; pages++) {
		ends = get(caller, &filter, &list);
		want = expected(caller->account_id, &filter);
		ck_assert_str_eq(list.text, want);
		free(want);
		ck_assert_int_eq(ends.newer != 0, pages > 0);
		down += list.n;
		if (ends.older == 0)
			break;
		filter.before = ends.older;
	}
	up = list.n;
	while (ends.newer != 0 && pages-- > 0) {
		filter.after = ends.newer;
		ends = get(caller, &filter, &list);
		want = expected(caller->account_id, &filter);
		ck_assert_str_eq(list.text, want);
		free(want);
		ck_assert_int_ne(ends.older, 0);
		up += list.n;
	}
	ck_assert_int_eq(ends.newer, 0);
	ck_assert_int_eq(up, down);
}

START_TEST(pages_are_what_a_plain_query_finds)
{
	static const size_t limits[] = { 7, 50, ORDER_LIST_MAX };
	struct order_list_filter filter = filters[_i];
	size_t i;

	fill(MANY);
	for (i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		filter.limit = limits[i];
		walk(filter, &fx.one);
		walk(filter, &fx.two);
	}
}
END_TEST

START_TEST(a_page_has_a_size_and_a_greatest_one)
{
	struct order_list_filter filter = { 0 };
	struct list list;

	fill(MANY);
	(void)get(&fx.one, &filter, &list);
	ck_assert_int_eq(list.n, ORDER_LIST_PAGE);
	filter.limit = 100000;
	(void)get(&fx.one, &filter, &list);
	ck_assert_int_eq(list.n, ORDER_LIST_MAX);
}
END_TEST

START_TEST(an_account_without_orders_has_an_empty_page)
{
	struct order_list_filter filter = { 0 };
	struct order_list_ends ends;
	struct list list;

	(void)fixture_any_order();
	ends = get(&fx.two, &filter, &list);
	ck_assert_int_eq(list.n, 0);
	ck_assert_int_eq(ends.newer, 0);
	ck_assert_int_eq(ends.older, 0);
}
END_TEST

START_TEST(a_list_ends_where_its_reader_wants)
{
	struct order_list_filter filter = { 0 };
	struct list list = { .stop_at = 3 };
	struct order_list_ends ends;

	fill(MANY);
	ck_assert_int_eq(db_begin(fx.db, DB_READ), RC_OK);
	ck_assert_int_eq(
	    order_list(fx.db, &fx.one, &filter, add_id, &list, &ends),
	    RC_LIMITED);
	fixture_commit();
	ck_assert_int_eq(list.n, 3);
}
END_TEST

/* --- work ----------------------------------------------------------------- */

/* Steps of SQLite's machine that statements took. */
static int64_t nsteps;

static int
count_steps(unsigned event, void *arg, void *stmt, void *ns)
{
	(void)event, (void)arg, (void)ns;
	nsteps += sqlite3_stmt_status(stmt, SQLITE_STMTSTATUS_VM_STEP, 1);
	return 0;
}

/* Called by SQLite for every connection that is opened. */
static int
watch(sqlite3 *db, const char **what, const struct sqlite3_api_routines *api)
{
	(void)what, (void)api;
	return sqlite3_trace_v2(db, SQLITE_TRACE_PROFILE, count_steps, NULL);
}

/* What a page costs, the last one of the oldest orders. */
static int64_t
work(struct order_list_filter filter, struct list *list)
{
	int64_t all;

	filter.limit = 10;
	nsteps = 0;
	(void)get(&fx.one, &filter, list);
	all = nsteps;
	filter.before = MANY / 2;
	nsteps = 0;
	(void)get(&fx.one, &filter, list);
	return all + nsteps;
}

START_TEST(a_page_of_many_orders_is_no_more_work)
{
	int64_t few, many;
	struct list list;

	ck_assert_int_eq(
	    sqlite3_auto_extension((void (*)(void))watch), SQLITE_OK);
	db_close(fx.db);
	ck_assert_int_eq(db_open(fx.path, 0, FIXTURE_BUSY_MS, &fx.db), RC_OK);
	fill(MANY);
	few = work(filters[_i], &list);
	ck_assert_int_gt(few, 0);
	fixture_sql("DELETE FROM orders");
	fill(40 * MANY);
	many = work(filters[_i], &list);
	ck_assert_int_le(many, few + few / 4);
}
END_TEST

START_TEST(the_open_orders_of_a_service_are_no_work_for_a_new_one)
{
	int64_t few, many, id;
	struct why why;

	ck_assert_int_eq(
	    sqlite3_auto_extension((void (*)(void))watch), SQLITE_OK);
	db_close(fx.db);
	ck_assert_int_eq(db_open(fx.path, 0, FIXTURE_BUSY_MS, &fx.db), RC_OK);
	nsteps = 0;
	ck_assert_int_eq(
	    fixture_place(&fx.one, "service=1&quantity=9&link=https://n.test/1",
		FIXTURE_NOW, &id, &why),
	    RC_OK);
	few = nsteps;
	fill(40 * MANY);
	nsteps = 0;
	ck_assert_int_eq(
	    fixture_place(&fx.one, "service=1&quantity=9&link=https://n.test/2",
		FIXTURE_NOW, &id, &why),
	    RC_OK);
	many = nsteps;
	ck_assert_int_gt(few, 0);
	ck_assert_int_le(many, few + 5);
}
END_TEST

/* --- one order ------------------------------------------------------------ */

/* What show was called with, as text. */
static enum rc
write_item(void *arg, const struct order_item *o)
{
	char *text = arg;

	(void)snprintf(text, LIST_LEN,
	    "%lld service %lld %s/%s status %d %s %lld of %lld from %lld"
	    " price %lld charge %lld %s at %lld/%lld cancel %lld can %d%d%d",
	    (long long)o->id, (long long)o->service_id, o->category, o->service,
	    o->status, o->link != NULL ? o->link : "-", (long long)o->remains,
	    (long long)o->quantity, (long long)o->start_count,
	    (long long)o->price_micro, (long long)o->charge_nano,
	    o->details != NULL ? o->details : "-", (long long)o->created_at,
	    (long long)o->updated_at, (long long)o->cancel_requested_at,
	    o->can_cancel, o->can_refill, o->on_sale);
	return RC_OK;
}

static enum rc
show(const struct caller *caller, int64_t id, char *text, struct why *why)
{
	enum rc rc;

	text[0] = '\0';
	ck_assert_int_eq(db_begin(fx.db, DB_READ), RC_OK);
	rc = order_list_show(fx.db, caller, id, write_item, text, why);
	return db_end(fx.db, rc);
}

static void
move(int64_t id, enum order_status to, int64_t remains, const char *note,
    int64_t at)
{
	struct order order;
	struct why why;

	fixture_begin();
	ck_assert_int_eq(order_find(fx.db, &fx.one, id, &order, &why), RC_OK);
	order.remains = remains;
	ck_assert_int_eq(order_move(fx.db, &fx.one, &order, to,
			     ORDER_BY_OPERATOR, note, at, &why),
	    RC_OK);
	fixture_commit();
}

START_TEST(all_of_an_order_is_shown)
{
	char text[LIST_LEN];
	struct why why;
	int64_t id = fixture_order("service=14&quantity=100&keywords=a%0Ab"
				   "&link=https://example.test/");

	move(id, ORDER_IN_PROGRESS, 40, NULL, FIXTURE_NOW + 60);
	fixture_sql("UPDATE orders SET start_count = 12,"
		    " cancel_requested_at = %d WHERE id = %lld",
	    FIXTURE_NOW + 70, (long long)id);
	fixture_sql("UPDATE service SET refill = 0, active = 0 WHERE id = 14");
	ck_assert_int_eq(show(&fx.one, id, text, &why), RC_OK);
	ck_assert_str_eq(text,
	    "1 service 14 Test/SEO status 2 https://example.test/ 40 of 100"
	    " from 12 price 277777 charge 27777700 {\"keywords\":\"a\\nb\"}"
	    " at 1700000000/1700000060 cancel 1700000070 can 100");
}
END_TEST

static enum rc
write_step(void *arg, const struct order_step *step)
{
	struct list *list = arg;

	list->n++;
	list->len += (size_t)snprintf(list->text + list->len,
	    sizeof(list->text) - list->len, "%lld %d-%d by %d %s; ",
	    (long long)step->moved_at, step->from, step->to, step->actor,
	    step->note != NULL ? step->note : "-");
	return RC_OK;
}

static enum rc
write_refill(void *arg, const struct order_refill *refill)
{
	struct list *list = arg;

	list->len += (size_t)snprintf(list->text + list->len,
	    sizeof(list->text) - list->len, "%lld %d %lld/%lld; ",
	    (long long)refill->id, refill->status,
	    (long long)refill->created_at, (long long)refill->updated_at);
	return RC_OK;
}

/* History and refills as one text. */
static const char *
past(const struct caller *caller, int64_t id)
{
	static struct list list;

	list = (struct list){ 0 };
	ck_assert_int_eq(db_begin(fx.db, DB_READ), RC_OK);
	ck_assert_int_eq(
	    order_list_history(fx.db, caller, id, write_step, &list), RC_OK);
	ck_assert_int_eq(
	    order_list_refills(fx.db, caller, id, write_refill, &list), RC_OK);
	fixture_commit();
	return list.text;
}

START_TEST(a_history_goes_back_in_time)
{
	int64_t id = fixture_any_order(), refill_id;
	struct why why;

	ck_assert_str_eq(past(&fx.one, id), "");
	move(id, ORDER_IN_PROGRESS, 100, NULL, FIXTURE_NOW + 1);
	move(id, ORDER_COMPLETED, 0, "all there", FIXTURE_NOW + 2);
	fixture_begin();
	ck_assert_int_eq(refill_request(fx.db, &fx.one, id, 3,
			     FIXTURE_NOW + 90000, &refill_id, &why),
	    RC_OK);
	fixture_commit();
	ck_assert_str_eq(past(&fx.one, id),
	    "1700000002 2-4 by 2 all there; 1700000001 1-2 by 2 -; "
	    "1 1 1700090000/1700090000; ");
}
END_TEST

START_TEST(a_history_has_an_end)
{
	int64_t id = fixture_any_order();
	struct list list = { 0 };
	int i;

	for (i = 0; i <= ORDER_LIST_STEPS; i++)
		move(id, i % 2 == 0 ? ORDER_IN_PROGRESS : ORDER_PROCESSING, 100,
		    NULL, FIXTURE_NOW + i);
	ck_assert_int_eq(db_begin(fx.db, DB_READ), RC_OK);
	ck_assert_int_eq(
	    order_list_history(fx.db, &fx.one, id, write_step, &list), RC_OK);
	fixture_commit();
	ck_assert_int_eq(list.n, ORDER_LIST_STEPS);
	ck_assert_ptr_eq(strstr(list.text, "1700000100 3-2 by 2"), list.text);
}
END_TEST

START_TEST(another_accounts_order_is_not_found)
{
	char text[LIST_LEN], unknown[LIST_LEN];
	int64_t id = fixture_any_order();
	struct why why = { 0 };

	move(id, ORDER_IN_PROGRESS, 100, NULL, FIXTURE_NOW + 1);
	ck_assert_int_eq(show(&fx.two, id, text, &why), RC_NOT_FOUND);
	ck_assert_int_eq(why.error, ERROR_ORDER);
	ck_assert_int_eq(show(&fx.one, id + 1, unknown, &why), RC_NOT_FOUND);
	ck_assert_str_eq(text, unknown);
	ck_assert_str_ne(past(&fx.one, id), "");
	ck_assert_str_eq(past(&fx.two, id), "");
}
END_TEST

static Suite *
make_suite(void)
{
	Suite *suite = suite_create("order_list");
	TCase *pages = tcase_create("pages"), *one = tcase_create("one");

	tcase_add_checked_fixture(pages, fixture_setup, fixture_teardown);
	tcase_add_loop_test(
	    pages, pages_are_what_a_plain_query_finds, 0, ROWS(filters));
	tcase_add_test(pages, a_page_has_a_size_and_a_greatest_one);
	tcase_add_test(pages, an_account_without_orders_has_an_empty_page);
	tcase_add_test(pages, a_list_ends_where_its_reader_wants);
	tcase_add_loop_test(
	    pages, a_page_of_many_orders_is_no_more_work, 0, ROWS(filters));
	tcase_add_test(
	    pages, the_open_orders_of_a_service_are_no_work_for_a_new_one);
	suite_add_tcase(suite, pages);
	tcase_add_checked_fixture(one, fixture_setup, fixture_teardown);
	tcase_add_test(one, all_of_an_order_is_shown);
	tcase_add_test(one, a_history_goes_back_in_time);
	tcase_add_test(one, a_history_has_an_end);
	tcase_add_test(one, another_accounts_order_is_not_found);
	suite_add_tcase(suite, one);
	return suite;
}

SUITE_MAIN(make_suite)
