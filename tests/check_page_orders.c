/* SPDX-License-Identifier: ISC */
/*
 * The pages about orders through the real Apache: placing one and many,
 * lists, one order and what can be done with it, the file, the catalogue and
 * the overview; and that nothing of another account is ever there.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "browser.h"
#include "harness.h"
#include "migrate.h"
#include "people.h"
#include "session.h"
#include "suite.h"

/* What no page may ever show as it is, urlencoded and as it must look. */
#define STRANGE "%3Cscript%3Ealert(1)%3C%2Fscript%3E%22%27%26amp%3B"
#define STRANGE_SHOWN \
	"&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&amp;amp;"

/* Services of the tests: 11 the usual, 12 comments, 13 a package in words
 * that are markup and a formula, 14 in runs, 15 not on sale, 16 neither to
 * be canceled nor refilled. */
static const char SERVICES[] =
    "DELETE FROM service;"
    "INSERT INTO service (id, name, type, category, description, rate_micro,"
    " min, max, refill, cancel, dripfeed, active) VALUES"
    " (11, 'Flyers', 'Default', 'Print', 'By the piece.', 9000123, 10, 1000,"
    "  1, 1, 0, 1),"
    " (12, 'Badges', 'Custom Comments', 'Print', '', 850000000, 1, 50,"
    "  0, 1, 0, 1),"
    " (13, '=1+<b>\"Cards\"</b>', 'Package', 'Other & more', '<i>x</i>',"
    "  14900000, 1, 1, 0, 1, 0, 1),"
    " (14, 'Stickers', 'Default', 'Print', '', 120000000, 10, 500,"
    "  0, 1, 1, 1),"
    " (15, 'Gone', 'Default', 'Print', '', 1, 1, 10, 0, 0, 0, 0),"
    " (16, 'Plain', 'Default', 'Other & more', '', 1000000, 1, 10,"
    "  0, 0, 0, 1)";

static struct site site;
static struct browser one, two;
static int64_t account_one, account_two;

/* --- helpers -------------------------------------------------------------- */

static void
log_in(struct browser *b, int64_t account_id)
{
	char path[SITE_PATH_LEN + 64];
	struct session_token token;
	struct session session;
	int64_t from, to;
	struct db *people;

	(void)snprintf(path, sizeof(path), "%s/data/" PEOPLE_NAME, site.dir);
	ck_assert_int_eq(db_open(path, DB_CREATE, 10000, &people), RC_OK);
	ck_assert_int_eq(migrate(people, people_migrations, &from, &to), RC_OK);
	ck_assert_int_eq(db_begin(people, DB_WRITE), RC_OK);
	ck_assert_int_eq(
	    db_end(people,
		session_start(people, account_id, SESSION_FULL, "127.0.0.1", "",
		    (int64_t)time(NULL), &session, &token)),
	    RC_OK);
	db_close(people);
	browser_open(b, &site);
	browser_set_cookie(b, "latchkey_session", token.s);
}

static void
setup(void)
{
	site_make(&site, NULL);
	account_one = site_account(&site, "one@customer.example");
	account_two = site_account(&site, "two@customer.example");
	site_credit(&site, "one@customer.example", "100");
	site_credit(&site, "two@customer.example", "5");
	site_sql(&site, SERVICES);
	site_start(&site);
	log_in(&one, account_one);
	log_in(&two, account_two);
}

static void
teardown(void)
{
	browser_close(&one);
	browser_close(&two);
	site_must_check(&site);
	site_remove(&site);
}

static void
must_see(const struct browser *b, const char *text)
{
	ck_assert_msg(browser_sees(b, text),
	    "%s (%d) has no \"%s\":"
	    " %.3000s",
	    b->page, b->answer.status, text, b->answer.body);
}

static void
must_not_see(const struct browser *b, const char *text)
{
	ck_assert_msg(!browser_sees(b, text),
	    "%s (%d) has \"%s\":"
	    " %.3000s",
	    b->page, b->answer.status, text, b->answer.body);
}

static void
must_be(const struct browser *b, int status)
{
	ck_assert_msg(b->answer.status == status, "%s: %d: %s", b->page,
	    b->answer.status, b->answer.body);
}

static void
get(struct browser *b, const char *page)
{
	browser_get(b, page);
	must_be(b, 200);
}

static int64_t
count(const char *sql)
{
	return site_sql_int(&site, sql);
}

/* Places an order by the pages, as fields that are urlencoded; its id. */
static int64_t
place(struct browser *b, const char *service, const char *fields)
{
	char charge[64] = "", page[64];
	const char *p;
	int64_t before = count("SELECT COALESCE(MAX(id), 0) FROM orders");

	(void)snprintf(page, sizeof(page), "place?service=%s", service);
	get(b, page);
	browser_submit(b, "check", "service=%s&%s", service, fields);
	must_be(b, 200);
	p = strstr(b->answer.body, "name=\"charge\" value=\"");
	ck_assert_msg(p != NULL, "no price: %s", b->answer.body);
	p += strlen("name=\"charge\" value=\"");
	(void)snprintf(
	    charge, sizeof(charge), "%.*s", (int)strcspn(p, "\""), p);
	browser_submit(
	    b, "place", "service=%s&charge=%s&%s", service, charge, fields);
	must_be(b, 303);
	browser_follow(b);
	must_be(b, 200);
	must_see(b, "is placed.");
	ck_assert_int_eq(
	    count("SELECT COALESCE(MAX(id), 0) FROM orders"), before + 1);
	return before + 1;
}

static int64_t
place_usual(struct browser *b)
{
	char fields[128];
	static int n;

	(void)snprintf(fields, sizeof(fields),
	    "quantity=100&link=https%%3A%%2F%%2Fexample.test%%2F%d", ++n);
	return place(b, "11", fields);
}

/* The operator moves an order. */
static void
set_order(int64_t id, const char *option, const char *value)
{
	char text[24];

	(void)snprintf(text, sizeof(text), "%lld", (long long)id);
	free(
	    site_latchkey_ok(&site, "order", "set", text, option, value, NULL));
}

static void
get_order(struct browser *b, int64_t id)
{
	char page[40];

	(void)snprintf(page, sizeof(page), "order?id=%lld", (long long)id);
	browser_get(b, page);
}

/* --- placing one ---------------------------------------------------------- */

START_TEST(a_price_is_shown_and_then_charged_exactly_once)
{
	static const char fields[] =
	    "service=11&quantity=123&link=https%3A%2F%2Fexample.test%2F";
	char hidden[BROWSER_HIDDEN_LEN], body[512];

	get(&one, "place");
	must_see(&one, "<h1>New order</h1>");
	get(&one, "place?service=11");
	must_see(&one, "Flyers");
	must_see(&one, "9.000123 USD");
	browser_submit(&one, "check", "%s", fields);
	must_be(&one, 200);
	must_see(&one, "<strong>1.107015129 USD</strong>");
	must_see(&one, "98.892984871 USD");
	must_see(&one, "value=\"https://example.test/\"");
	ck_assert_int_eq(count("SELECT COUNT(*) FROM orders"), 0);
	ck_assert(browser_hidden(&one, "place", hidden));
	(void)snprintf(
	    body, sizeof(body), "%s&%s&charge=1.107015129", hidden, fields);
	browser_send(&one, "place", body);
	must_be(&one, 303);
	browser_follow(&one);
	must_see(&one, "<h1>Order 1</h1>");
	must_see(&one, "Order 1 is placed.");
	must_see(&one, "<dd>1.107015129 USD</dd>");
	ck_assert_int_eq(
	    count("SELECT COUNT(*) FROM orders WHERE quantity = 123"
		  " AND charge_nano = 1107015129"
		  " AND account_id ="
		  " (SELECT id FROM account WHERE"
		  " email = 'one@customer.example')"),
	    1);
	/* Once more: a double click, or going back. */
	browser_send(&one, "place", body);
	browser_follow(&one);
	must_see(&one, "has not been carried out again");
	ck_assert_int_eq(count("SELECT COUNT(*) FROM orders"), 1);
}
END_TEST

START_TEST(what_is_wrong_stands_beside_its_field)
{
	get(&one, "place?service=11");
	browser_submit(&one, "check", "service=11&quantity=9&link=%s", STRANGE);
	must_be(&one, 422);
	must_see(&one, "Give a link that begins with http:// or https://.");
	must_see(&one, "value=\"" STRANGE_SHOWN "\"");
	must_see(&one, "value=\"9\"");
	must_not_see(&one, "<script>alert");
	browser_submit(&one, "check",
	    "service=11&quantity=9&link=https%%3A%%2F%%2Fe.test%%2F");
	must_be(&one, 422);
	must_see(&one, "At least 10 pieces.");
	browser_submit(&one, "check",
	    "service=11&quantity=1001&link=https%%3A%%2F%%2Fe.test%%2F");
	must_see(&one, "At most 1000 pieces");
	browser_submit(
	    &one, "check", "service=11&link=https%%3A%%2F%%2Fe.test%%2F");
	must_see(&one, "This is needed.");
	get(&one, "place?service=12");
	browser_submit(&one, "check",
	    "service=12&comments=%s&link=https%%3A%%2F%%2Fe.test%%2F", STRANGE);
	must_be(&one, 200);
	must_see(&one, STRANGE_SHOWN "</textarea>");
	must_not_see(&one, "<script>alert");
	ck_assert_int_eq(count("SELECT COUNT(*) FROM orders"), 0);
}
END_TEST

START_TEST(every_kind_of_service_can_be_ordered)
{
	(void)place(&one, "12",
	    "comments=Ada%0D%0A%0D%0AGrace&link=https%3A%2F%2Fe.test%2F");
	ck_assert_int_eq(
	    count("SELECT quantity FROM orders ORDER BY id DESC LIMIT 1"), 2);
	(void)place(&one, "13", "link=https%3A%2F%2Fe.test%2F");
	must_see(&one, "=1+&lt;b&gt;&quot;Cards&quot;&lt;/b&gt;");
	must_not_see(&one, "<b>\"Cards");
	(void)place(&one, "14",
	    "quantity=10&runs=3&interval=60&link=https%3A%2F%2Fe.test%2F");
	ck_assert_int_eq(
	    count("SELECT quantity FROM orders ORDER BY id DESC LIMIT 1"), 30);
}
END_TEST

/* As many services as are offered in one list, with the five on sale. */
static const char MANY[] =
    "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n"
    " WHERE i < 495) INSERT INTO service (id, name, type, category,"
    " description, rate_micro, min, max, refill, cancel, dripfeed, active)"
    " SELECT 1000 + i, 'One of many', 'Default', 'Print', '', 1, 1, 10,"
    " 0, 0, 0, 1 FROM n";

START_TEST(a_service_is_chosen_by_category)
{
	static const char list[] =
	    "<optgroup label=\"Other &amp; more\">\n"
	    "<option value=\"13\">13: =1+&lt;b&gt;&quot;Cards&quot;&lt;/b&gt;, "
	    "14.90 USD</option>\n"
	    "<option value=\"16\">16: Plain, 1.00 USD</option>\n"
	    "</optgroup>\n"
	    "<optgroup label=\"Print\">\n"
	    "<option value=\"11\">11: Flyers, ";

	get(&one, "place");
	must_see(&one, list);
	must_not_see(&one, "Gone");
	must_not_see(&one, "Number of the service");
	get(&one, "place?service=");
	must_see(&one, list);
	/* As many as one looks at; one more, and the number is asked for. */
	site_sql(&site, MANY);
	get(&one, "place");
	must_see(&one, "<option value=\"1495\">");
	site_sql(&site, "UPDATE service SET active = 1 WHERE id = 15");
	get(&one, "place");
	must_not_see(&one, "<option");
	must_see(&one, "Number of the service");
	site_sql(&site, "UPDATE service SET active = 0");
	get(&one, "place");
	must_not_see(&one, "<option");
	must_see(&one, "Number of the service");
}
END_TEST

START_TEST(a_service_that_is_not_on_sale_is_told_so)
{
	static const char *const pages[] = { "place?service=15",
		"place?service=99", "place?service=x",
		"place?service=9999999999999999999999" };
	size_t i;

	for (i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
		get(&one, pages[i]);
		must_see(&one, "There is no such service");
	}
	/* It goes while the form is being filled in. */
	get(&one, "place?service=11");
	site_sql(&site, "UPDATE service SET active = 0 WHERE id = 11");
	browser_submit(&one, "check",
	    "service=11&quantity=10&link=https%%3A%%2F%%2Fe.test%%2F");
	must_be(&one, 422);
	must_see(&one, "There is no such service");
}
END_TEST

START_TEST(a_price_that_has_changed_is_shown_again)
{
	get(&one, "place?service=11");
	browser_submit(&one, "check",
	    "service=11&quantity=10&link=https%%3A%%2F%%2Fe.test%%2F");
	must_see(&one, "<strong>0.09000123 USD</strong>");
	site_sql(&site, "UPDATE service SET rate_micro = 5 WHERE id = 11");
	browser_submit(&one, "place",
	    "service=11&quantity=10&charge=0.09000123"
	    "&link=https%%3A%%2F%%2Fe.test%%2F");
	must_be(&one, 422);
	must_see(&one, "The price has changed");
	must_see(&one, "<strong>0.00000005 USD</strong>");
	ck_assert_int_eq(count("SELECT COUNT(*) FROM orders"), 0);
	/* Nor does leaving it out help. */
	browser_submit(&one, "place",
	    "service=11&quantity=10&link=https%%3A%%2F%%2Fe.test%%2F");
	must_be(&one, 422);
	browser_submit(&one, "place",
	    "service=11&quantity=10&charge=0.00000005"
	    "&link=https%%3A%%2F%%2Fe.test%%2F");
	must_be(&one, 303);
	ck_assert_int_eq(count("SELECT COUNT(*) FROM orders"), 1);
}
END_TEST

START_TEST(a_balance_that_does_not_cover_it_is_told_before)
{
	static const char fields[] =
	    "service=11&quantity=100&link=https%3A%2F%2Fe.test%2F";
	char hidden[BROWSER_HIDDEN_LEN], body[512];

	get(&two, "place?service=11");
	browser_submit(&two, "check",
	    "service=11&quantity=1000&link=https%%3A%%2F%%2Fe.test%%2F");
	must_be(&two, 200);
	must_see(&two, "9.000123 USD");
	must_see(&two, "Your balance does not cover it");
	ck_assert(!browser_hidden(&two, "place", hidden));
	/* It is spent between the two steps. */
	browser_submit(&two, "check", "%s", fields);
	ck_assert(browser_hidden(&two, "place", hidden));
	(void)snprintf(
	    body, sizeof(body), "%s&%s&charge=0.9000123", hidden, fields);
	(void)place(
	    &two, "11", "quantity=500&link=https%3A%2F%2Fe.test%2Fother");
	browser_send(&two, "place", body);
	must_be(&two, 422);
	must_see(&two, "The balance does not cover this order.");
	ck_assert_int_eq(count("SELECT COUNT(*) FROM orders"), 1);
}
END_TEST

START_TEST(an_order_again_has_what_the_first_one_had)
{
	int64_t id = place(&one, "14",
	    "quantity=10&runs=3&interval=60&link=https%3A%2F%2Fe.test%2F%3Fa");
	char page[40];

	(void)snprintf(page, sizeof(page), "place?again=%lld", (long long)id);
	get(&one, page);
	must_see(&one, "name=\"quantity\" value=\"10\"");
	must_see(&one, "name=\"runs\" value=\"3\"");
	must_see(&one, "name=\"interval\" value=\"60\"");
	must_see(&one, "name=\"link\" value=\"https://e.test/?a\"");
	browser_get(&two, page);
	must_be(&two, 404);
}
END_TEST

START_TEST(a_suspended_account_cannot_order)
{
	get(&one, "place?service=11");
	browser_submit(&one, "check",
	    "service=11&quantity=10&link=https%%3A%%2F%%2Fe.test%%2F");
	free(site_latchkey_ok(
	    &site, "account", "suspend", "one@customer.example", NULL));
	browser_submit(&one, "place",
	    "service=11&quantity=10&charge=0.09000123"
	    "&link=https%%3A%%2F%%2Fe.test%%2F");
	must_be(&one, 403);
	ck_assert_int_eq(count("SELECT COUNT(*) FROM orders"), 0);
	get(&one, "orders");
}
END_TEST

/* --- placing many --------------------------------------------------------- */

#define LINES                                               \
	"text=11|https%%3A%%2F%%2Fe.test%%2F1|100%%0D%%0A"  \
	"11|https%%3A%%2F%%2Fe.test%%2F2|1%%0D%%0A%%0D%%0A" \
	"13|https%%3A%%2F%%2Fe.test%%2F3%%0D%%0A"           \
	"11|https%%3A%%2F%%2Fe.test%%2F1|100%%0D%%0A"       \
	"%%3Cscript%%3Ealert(1)|%%22x|%%27"

START_TEST(many_are_priced_and_each_is_placed_once)
{
	char hidden[BROWSER_HIDDEN_LEN], body[1024];

	get(&one, "mass");
	browser_submit(&one, "check", LINES);
	must_be(&one, 200);
	/* 0.9000123 and 14.90 */
	must_see(&one, "<strong>15.8000123 USD</strong>");
	must_see(&one, "cannot be placed as they are: 3.");
	must_see(&one, "Quantity less than minimal 10");
	must_see(&one, "You have active order with this link");
	must_see(&one, "&lt;script&gt;alert(1)|&quot;x|&#39;");
	must_not_see(&one, "<script>alert");
	ck_assert_int_eq(count("SELECT COUNT(*) FROM orders"), 0);
	ck_assert(browser_hidden(&one, "place", hidden));
	(void)snprintf(body, sizeof(body), "%s&" LINES, hidden);
	/* The format's doubled signs are single ones in a body. */
	browser_submit(&one, "place", LINES);
	must_be(&one, 200);
	must_see(&one, "Placed: 2. Not placed: 3.");
	must_see(&one, "<a href=\"order?id=2\">Order 2</a>");
	ck_assert_int_eq(count("SELECT COUNT(*) FROM orders"), 2);
	ck_assert_int_eq(
	    count("SELECT SUM(charge_nano) FROM orders"), 15800012300);
}
END_TEST

START_TEST(many_sent_again_are_not_placed_again)
{
	static const char text[] =
	    "text=16%7Chttps%3A%2F%2Fe.test%2F1%7C5%0D%0A"
	    "16%7Chttps%3A%2F%2Fe.test%2F2%7C5";
	char hidden[BROWSER_HIDDEN_LEN], body[1024];

	get(&one, "mass");
	browser_submit(&one, "check", "%s", text);
	ck_assert(browser_hidden(&one, "place", hidden));
	(void)snprintf(body, sizeof(body), "%s&%s", hidden, text);
	browser_send(&one, "mass", body);
	must_see(&one, "Placed: 2.");
	browser_send(&one, "mass", body);
	must_be(&one, 303);
	browser_follow(&one);
	must_see(&one, "has not been carried out again");
	ck_assert_int_eq(count("SELECT COUNT(*) FROM orders"), 2);
}
END_TEST

START_TEST(a_text_that_cannot_be_is_told_and_kept)
{
	char text[4096] = "";
	int i;

	get(&one, "mass");
	browser_submit(&one, "check", "text=%%0D%%0A++%%0D%%0A");
	must_be(&one, 422);
	must_see(&one, "Write at least one line.");
	for (i = 0; i < 101; i++)
		(void)snprintf(text + strlen(text), sizeof(text) - strlen(text),
		    "16%%7Cx%%7C%d%%0A", i);
	browser_submit(&one, "check", "text=%s", text);
	must_be(&one, 422);
	must_see(&one, "At most 100 lines at once.");
	must_see(&one, "16|x|100");
}
END_TEST

/* --- lists ---------------------------------------------------------------- */

/* Orders past all rules, paid for by nobody: lists alone look at them. */
static void
fill(int n)
{
	char sql[2048];

	(void)snprintf(sql, sizeof(sql),
	    "WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL"
	    " SELECT i + 1 FROM n WHERE i < %d)"
	    " INSERT INTO orders (id, account_id, service_id, status, link,"
	    " quantity, remains, price_micro, charge_nano, created_at,"
	    " updated_at) SELECT 1000 + i, %lld, 11 + i %% 2, 1 + i %% 6,"
	    " 'https://e.test/' || i, 100, 60, 0, 0, 1700000000 + i,"
	    " 1700000000 + i FROM n",
	    n, (long long)account_one);
	site_sql(&site, sql);
}

/* Takes them away, so that the site's check finds nothing. */
static void
clear(void)
{
	site_sql(&site, "DELETE FROM orders WHERE id > 1000");
}

START_TEST(a_list_goes_by_pages_there_and_back)
{
	fill(120);
	get(&one, "orders");
	must_see(&one, ">1120</a>");
	must_see(&one, ">1071</a>");
	must_not_see(&one, ">1070</a>");
	must_not_see(&one, "rel=\"prev\"");
	must_see(&one, "href=\"orders?before=1071\" rel=\"next\"");
	get(&one, "orders?before=1071");
	must_see(&one, ">1070</a>");
	must_see(&one, "href=\"orders?after=1070\" rel=\"prev\"");
	get(&one, "orders?before=1021");
	must_see(&one, ">1001</a>");
	must_not_see(&one, "rel=\"next\"");
	get(&one, "orders?after=1070");
	must_see(&one, ">1120</a>");
	must_see(&one, "<progress value=\"40\" max=\"100\"");
	get(&two, "orders");
	must_see(&two, "There are no orders yet.");
	clear();
}
END_TEST

START_TEST(a_list_is_narrowed)
{
	fill(30);
	get(&one, "orders?status=4&service=12");
	must_see(&one, ">1009</a>");
	must_not_see(&one, ">1008</a>");
	must_see(&one, "<option value=\"4\" selected>Completed</option>");
	get(&one, "orders?status=4&service=11");
	must_see(&one, "There are no such orders.");
	get(&one, "orders?q=1017");
	must_see(&one, ">1017</a>");
	must_not_see(&one, ">1018</a>");
	get(&one, "orders?q=" STRANGE);
	must_see(&one, "value=\"" STRANGE_SHOWN "\"");
	must_not_see(&one, "<script>alert");
	get(&two, "orders?q=1017");
	must_see(&two, "There are no such orders.");
	clear();
	(void)place(&one, "11", "quantity=10&link=https%3A%2F%2Fe.test%2Fx");
	get(&one, "orders?q=https%3A%2F%2Fe.test%2Fx");
	must_see(&one, "<a href=\"order?id=1\">1</a>");
	get(&one, "orders?q=https%3A%2F%2Fe.test%2F");
	must_see(&one, "There are no such orders.");
	get(&two, "orders?q=https%3A%2F%2Fe.test%2Fx");
	must_see(&two, "There are no such orders.");
}
END_TEST

START_TEST(a_search_that_no_form_sends_is_refused)
{
	static const char *const pages[] = { "orders?status=7",
		"orders?status=x", "orders?status=-1", "orders?before=1e3",
		"orders?after=99999999999999999999", "orders?service=%00",
		"orders_csv?status=7", "services?after=x" };
	size_t i;

	for (i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
		browser_get(&one, pages[i]);
		ck_assert_msg(one.answer.status == 400, "%s: %d", pages[i],
		    one.answer.status);
	}
	/* Zero and nothing are what an empty form sends. */
	get(&one, "orders?status=0&service=&q=&before=");
}
END_TEST

START_TEST(a_file_is_safe_and_has_the_accounts_own)
{
	int64_t id = place(&one, "13", "link=https%3A%2F%2Fe.test%2F%22%2C%3D");
	const char *body, *end;

	(void)place(&two, "16", "quantity=2&link=https%3A%2F%2Fother.test%2F");
	get(&one, "orders_csv");
	ck_assert_str_eq(answer_header(&one.answer, "Content-Type"),
	    "text/csv; charset=utf-8");
	ck_assert_str_eq(answer_header(&one.answer, "Content-Disposition"),
	    "attachment; filename=\"orders.csv\"");
	body = strstr(one.answer.body, "\r\n");
	ck_assert_ptr_nonnull(body);
	end = strstr(body + 2, "\r\n");
	ck_assert_ptr_nonnull(end);
	ck_assert_str_eq(end, "\r\n");
	must_see(&one, "\r\n1,");
	must_see(&one, ",\"'=1+<b>\"\"Cards\"\"</b>\",");
	must_see(&one, ",\"https://e.test/\"\",=\",");
	must_not_see(&one, "other.test");
	ck_assert_int_eq(id, 1);
	get(&two, "orders_csv?q=1");
	must_not_see(&two, "Cards");
}
END_TEST

START_TEST(a_file_has_all_pages_of_a_list)
{
	const char *p;
	int n = 0;

	fill(1300);
	get(&one, "orders_csv?service=11");
	for (p = one.answer.body; (p = strstr(p, "\r\n")) != NULL; p += 2)
		n++;
	ck_assert_int_eq(n, 1 + 650);
	get(&one, "orders_csv?before=1003");
	must_see(&one, "\r\n1002,");
	must_not_see(&one, "\r\n1003,");
	clear();
}
END_TEST

/* --- one order ------------------------------------------------------------ */

START_TEST(a_pending_order_is_canceled_at_once)
{
	int64_t id = place_usual(&one);

	get_order(&one, id);
	browser_submit(&one, "cancel", "id=%lld", (long long)id);
	must_be(&one, 303);
	browser_follow(&one);
	must_see(&one, "The order is canceled");
	must_see(&one, ">Canceled</span>");
	must_see(&one, "Pending to <strong>Canceled</strong>, by you");
	must_see(&one, "<dd>0.00 USD</dd>");
	must_see(&one, "Balance: </span>100.00 USD");
	/* It cannot be once more; the page says so. */
	must_not_see(&one, "Cancel the order");
}
END_TEST

START_TEST(a_running_order_is_asked_to_be_canceled)
{
	int64_t id = place_usual(&one);

	set_order(id, "--status", "in-progress");
	get_order(&one, id);
	must_see(&one, "Pending to <strong>In progress</strong>");
	browser_submit(&one, "cancel", "id=%lld", (long long)id);
	browser_follow(&one);
	must_see(&one, "The operator is asked to cancel it.");
	must_see(&one, "The operator was asked to cancel it, on ");
	get(&one, "overview");
	must_see(&one, "has not answered yet: 1");
	get(&two, "overview");
	must_not_see(&two, "has not answered yet");
}
END_TEST

START_TEST(what_cannot_be_done_is_told)
{
	int64_t id = place_usual(&one);
	char hidden[BROWSER_HIDDEN_LEN], body[512];

	get_order(&one, id);
	ck_assert(browser_hidden(&one, "cancel", hidden));
	set_order(id, "--status", "completed");
	(void)snprintf(body, sizeof(body), "%s&id=%lld", hidden, (long long)id);
	browser_send(&one, "order", body);
	must_be(&one, 422);
	must_see(&one, "Order cannot be canceled");
	must_see(&one, "<h1>Order 1</h1>");
}
END_TEST

START_TEST(a_refill_is_asked_for_a_day_later)
{
	int64_t id = place_usual(&one);

	set_order(id, "--status", "completed");
	get_order(&one, id);
	browser_submit(&one, "refill", "id=%lld", (long long)id);
	must_be(&one, 422);
	must_see(&one, "less than 24 hours ago");
	site_sql(&site, "UPDATE orders SET updated_at = updated_at - 90000,"
			" created_at = created_at - 90000;"
			"UPDATE order_move SET moved_at = moved_at - 90000");
	get_order(&one, id);
	browser_submit(&one, "refill", "id=%lld", (long long)id);
	must_be(&one, 303);
	browser_follow(&one);
	must_see(&one, "The refill is asked for.");
	must_see(&one, "<h2 id=\"refills\">Refills</h2>");
}
END_TEST

/* Everything of another account is as unknown as what is not there. */
START_TEST(another_accounts_orders_are_unknown_everywhere)
{
	static const char *const forms[] = { "cancel", "refill" };
	static const char *const ids[] = { "1", "9999", "x", "-1", "" };
	char hidden[2][BROWSER_HIDDEN_LEN], body[1024], *unknown;
	int64_t id = place_usual(&one), own;
	size_t i, j;

	ck_assert_int_eq(id, 1);
	get_order(&two, 999);
	must_be(&two, 404);
	unknown = strdup(two.answer.body);
	get_order(&two, id);
	must_be(&two, 404);
	ck_assert_str_eq(two.answer.body, unknown);
	free(unknown);
	/* Forms of an order of its own, for that of the other. */
	own = place(&two, "11", "quantity=10&link=https%3A%2F%2Fe.test%2F");
	get_order(&two, own);
	ck_assert(browser_hidden(&two, "cancel", hidden[0]));
	set_order(own, "--status", "completed");
	get_order(&two, own);
	ck_assert(browser_hidden(&two, "refill", hidden[1]));
	for (i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		for (j = 0; j < sizeof(ids) / sizeof(ids[0]); j++) {
			(void)snprintf(
			    body, sizeof(body), "%s&id=%s", hidden[i], ids[j]);
			browser_send(&two, "order", body);
			ck_assert_msg(two.answer.status == 404, "%s %s: %d",
			    forms[i], ids[j], two.answer.status);
		}
	ck_assert_int_eq(
	    count("SELECT COUNT(*) FROM orders WHERE id = 1 AND status = 1"
		  " AND cancel_requested_at IS NULL"),
	    1);
	ck_assert_int_eq(count("SELECT COUNT(*) FROM refill"), 0);
}
END_TEST

/* --- the catalogue -------------------------------------------------------- */

START_TEST(the_catalogue_is_searched)
{
	get(&one, "services");
	must_see(&one, "Flyers");
	must_see(&one, "=1+&lt;b&gt;");
	must_not_see(&one, "<i>x</i>");
	must_not_see(&one, "Gone");
	get(&one, "services?q=FLY");
	must_see(&one, "Flyers");
	must_not_see(&one, "Badges");
	get(&one, "services?category=Other+%26+more");
	must_see(&one, "Plain");
	must_not_see(&one, "Flyers");
	must_see(&one, "value=\"Other &amp; more\" selected");
	get(&one, "services?q=" STRANGE);
	must_see(&one, "There are no such services.");
	must_not_see(&one, "<script>alert");
}
END_TEST

START_TEST(a_catalogue_of_thousands_goes_by_pages)
{
	site_sql(&site,
	    "WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL"
	    " SELECT i + 1 FROM n WHERE i < 5000)"
	    " INSERT INTO service (id, name, type, category, rate_micro, min,"
	    " max, refill, cancel, dripfeed) SELECT 100 + i, 'Job ' || i,"
	    " 'Default', 'Many ' || (i % 40), i, 1, 2, 0, 0, 0 FROM n");
	get(&one, "services?q=job&category=Many+3");
	must_see(&one, "Job 3\n");
	must_see(&one, "href=\"services?category=Many%203&amp;q=job&amp;"
		       "after=2063\" rel=\"next\"");
	get(&one, "services?category=Many%203&q=job&after=2063");
	must_see(&one, "Job 2003\n");
	must_see(&one, "rel=\"prev\"");
	ck_assert_uint_lt(one.answer.body_len, 100000);
}
END_TEST

START_TEST(favourites_are_an_accounts_own)
{
	get(&one, "services?favourites=1");
	must_see(&one, "There are no favourites yet");
	get(&one, "services?q=fly");
	browser_submit(&one, "keep", "service=11&q=fly");
	must_be(&one, 303);
	ck_assert_str_eq(
	    answer_header(&one.answer, "Location"), "services?q=fly");
	browser_follow(&one);
	must_see(&one, "It is one of your favourites now.");
	get(&one, "services?favourites=1");
	must_see(&one, "Flyers");
	must_not_see(&one, "Badges");
	get(&one, "place");
	must_see(&one, "place?service=11");
	get(&two, "place");
	must_not_see(&two, "place?service=11");
	get(&two, "services?favourites=1");
	must_not_see(&two, "Flyers");
	get(&one, "services");
	browser_submit(&one, "drop", "service=11");
	browser_follow(&one);
	get(&one, "services?favourites=1");
	must_not_see(&one, "Flyers");
}
END_TEST

/* --- the overview --------------------------------------------------------- */

START_TEST(the_overview_tells_of_days_and_of_what_needs_attention)
{
	int64_t id = place_usual(&one);

	(void)place_usual(&one);
	set_order(id, "--status", "in-progress");
	set_order(id, "--status", "canceled");
	get(&one, "overview");
	must_see(&one, "<dd>99.0999877 USD</dd>");
	must_see(&one, "<dt>Orders in 30 days</dt><dd>2</dd>");
	must_see(&one, "<dt>Spent in 30 days</dt><dd>0.9000123 USD</dd>");
	must_see(&one, "height=\"160\"");
	must_see(&one, "Order 1</a> is Canceled: 0.9000123 USD came back");
	get(&two, "overview");
	must_see(&two, "<dt>Orders in 30 days</dt><dd>0</dd>");
	must_not_see(&two, "Needs attention");
	site_sql(&site, "UPDATE account SET low_balance_nano = 6000000000"
			" WHERE email = 'two@customer.example'");
	get(&two, "overview");
	must_see(&two, "below your threshold of 6.00 USD");
}
END_TEST

START_TEST(the_overview_tells_of_calls_and_of_refusals)
{
	struct answer answer = { 0 };
	char key[KEY_TEXT_LEN];
	int i;

	free(site_latchkey_ok(&site, "tier", "set", "Standard", "3", NULL));
	site_key(&site, "one@customer.example", key);
	for (i = 0; i < 5; i++) {
		api_call(&site, &answer, "key=%s&action=balance", key);
		ck_assert_int_eq(answer.status, i < 3 ? 200 : 429);
		answer_clear(&answer);
	}
	get(&one, "overview");
	must_see(&one, "all keys together</th><td>3</td><td>3</td>"
		       "<td><span class=\"tag bad\">refused until ");
	must_see(&one, "</span></td><td>1</td></tr>");
	get(&two, "overview");
	must_see(&two, "all keys together</th><td>0</td><td>3</td>"
		       "<td>none</td><td>0</td></tr>");
	/* The address is that of both browsers. */
	must_see(&two, "127.0.0.1</th><td>3</td>");
}
END_TEST

/* --- who is there --------------------------------------------------------- */

START_TEST(who_is_not_logged_in_sees_nothing_and_does_nothing)
{
	static const char *const pages[] = { "overview", "orders", "order?id=1",
		"orders_csv", "place", "mass", "services" };
	struct browser nobody;
	char name[32];
	size_t i;

	(void)place_usual(&one);
	browser_open(&nobody, &site);
	for (i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
		browser_ask(&nobody, pages[i]);
		ck_assert_msg(nobody.answer.status == 303, "%s: %d", pages[i],
		    nobody.answer.status);
		ck_assert_str_eq(nobody.answer.body, "");
		(void)snprintf(name, sizeof(name), "%.*s",
		    (int)strcspn(pages[i], "?"), pages[i]);
		browser_send(&nobody, name, "form=cancel&id=1");
		ck_assert_int_ne(nobody.answer.status, 200);
	}
	ck_assert_int_eq(
	    count("SELECT COUNT(*) FROM orders WHERE status = 1"), 1);
	browser_close(&nobody);
}
END_TEST

static Suite *
make_suite(void)
{
	Suite *suite = suite_create("page_orders");
	TCase *tc = tcase_create("page_orders");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_price_is_shown_and_then_charged_exactly_once);
	tcase_add_test(tc, what_is_wrong_stands_beside_its_field);
	tcase_add_test(tc, every_kind_of_service_can_be_ordered);
	tcase_add_test(tc, a_service_is_chosen_by_category);
	tcase_add_test(tc, a_service_that_is_not_on_sale_is_told_so);
	tcase_add_test(tc, a_price_that_has_changed_is_shown_again);
	tcase_add_test(tc, a_balance_that_does_not_cover_it_is_told_before);
	tcase_add_test(tc, an_order_again_has_what_the_first_one_had);
	tcase_add_test(tc, a_suspended_account_cannot_order);
	tcase_add_test(tc, many_are_priced_and_each_is_placed_once);
	tcase_add_test(tc, many_sent_again_are_not_placed_again);
	tcase_add_test(tc, a_text_that_cannot_be_is_told_and_kept);
	tcase_add_test(tc, a_list_goes_by_pages_there_and_back);
	tcase_add_test(tc, a_list_is_narrowed);
	tcase_add_test(tc, a_search_that_no_form_sends_is_refused);
	tcase_add_test(tc, a_file_is_safe_and_has_the_accounts_own);
	tcase_add_test(tc, a_file_has_all_pages_of_a_list);
	tcase_add_test(tc, a_pending_order_is_canceled_at_once);
	tcase_add_test(tc, a_running_order_is_asked_to_be_canceled);
	tcase_add_test(tc, what_cannot_be_done_is_told);
	tcase_add_test(tc, a_refill_is_asked_for_a_day_later);
	tcase_add_test(tc, another_accounts_orders_are_unknown_everywhere);
	tcase_add_test(tc, the_catalogue_is_searched);
	tcase_add_test(tc, a_catalogue_of_thousands_goes_by_pages);
	tcase_add_test(tc, favourites_are_an_accounts_own);
	tcase_add_test(
	    tc, the_overview_tells_of_days_and_of_what_needs_attention);
	tcase_add_test(tc, the_overview_tells_of_calls_and_of_refusals);
	tcase_add_test(tc, who_is_not_logged_in_sees_nothing_and_does_nothing);
	suite_add_tcase(suite, tc);
	return suite;
}

SUITE_MAIN(make_suite)
