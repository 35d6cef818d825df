/* SPDX-License-Identifier: ISC */
/*
 * lib/order: placing for every type of service, the table of moves with all
 * of its combinations, and cancelling.  What a type takes is read from
 * service_types, so that a new row is tested without a new test.
 */
#include "order.h"

#include <check.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"
#include "money.h"
#include "suite.h"

static void
teardown(void)
{
	/* Whatever was tried: all that is stored is consistent. */
	ck_assert_str_eq(fixture_faults(), "");
	fixture_teardown();
}

/* --- fields --------------------------------------------------------------- */

/* A good value of every field that any type takes. */
static const struct {
	const char *name, *value;
} good[] = {
	{ "link", NULL }, /* a new one each time */
	{ "quantity", "100" },
	{ "comments", "one\ntwo\r\n\n  \t\nthree" },
	{ "usernames", "ann\r\nbob\r\n\r\ncid" },
	{ "hashtags", "#a\n#b" },
	{ "keywords", "k1, k2" },
	{ "groups", "g" },
	{ "username", "ann" },
	{ "hashtag", "#cats" },
	{ "media", "https://media.example.test/1" },
	{ "answer_number", "2" },
	{ "country", "US" },
	{ "device", "1" },
	{ "type_of_traffic", "3" },
	{ "google_keyword", "shoes" },
	{ "referring_url", "https://r.example.test/" },
	{ "runs", "2" },
	{ "interval", "60" },
	{ "min", "5" },
	{ "max", "10" },
	{ "posts", "3" },
	{ "old_posts", "0" },
	{ "delay", "0" },
	{ "expiry", "29/2/2028" },
};

enum { LINES = 3, QUANTITY = 100, POSTS = 30 };

static const char *
good_value(const char *name)
{
	static char link[64];
	static int n;
	int i;

	for (i = 0; i < ROWS(good); i++) {
		if (strcmp(good[i].name, name) != 0)
			continue;
		if (good[i].value != NULL)
			return good[i].value;
		(void)snprintf(
		    link, sizeof(link), "https://example.test/%d", ++n);
		return link;
	}
	ck_abort_msg("no good value for %s", name);
	return NULL;
}

static enum field_kind
kind_of(const char *name)
{
	const struct service_field *field;

	for (field = service_fields; field->name != NULL; field++)
		if (strcmp(field->name, name) == 0)
			return field->kind;
	ck_abort_msg("%s is no field", name);
	return FIELD_WORD;
}

static int64_t
id_of(const struct service_type *type)
{
	return 1 + (type - service_types);
}

/*
 * Places an order of a type with all of its fields good, but the one of that
 * name with another value (NULL: left out).
 */
static enum rc
place(const struct service_type *type, const char *name, const char *value,
    int64_t *id, struct why *why)
{
	const struct service_type_field *field;
	struct form *form;
	char service[24];
	enum rc rc;

	ck_assert_int_eq(form_new(&form), RC_OK);
	(void)snprintf(
	    service, sizeof(service), "%lld", (long long)id_of(type));
	ck_assert_int_eq(form_add(form, "service", service), RC_OK);
	for (field = type->fields; field->name != NULL; field++) {
		if (name == NULL || strcmp(field->name, name) != 0)
			ck_assert_int_eq(form_add(form, field->name,
					     good_value(field->name)),
			    RC_OK);
		else if (value != NULL)
			ck_assert_int_eq(
			    form_add(form, field->name, value), RC_OK);
	}
	*why = (struct why){ 0 };
	rc = order_place(fx.db, &fx.one, form, FIXTURE_NOW, id, why);
	form_free(form);
	return rc;
}

/* The same, and how it is answered: "" for a new order. */
static const char *
answer(const struct service_type *type, const char *name, const char *value)
{
	int64_t before = fixture_int("SELECT COUNT(*) FROM orders"), id;
	struct why why;
	enum rc rc = place(type, name, value, &id, &why);

	ck_assert_int_eq(
	    fixture_int("SELECT COUNT(*) FROM orders"), before + (rc == RC_OK));
	return rc == RC_OK ? "" : fixture_error(rc, &why);
}

/* How a body is answered. */
static const char *
body_answer(const struct caller *caller, const char *body)
{
	struct why why;
	int64_t id;
	enum rc rc = fixture_place(caller, body, FIXTURE_NOW, &id, &why);

	return rc == RC_OK ? "" : fixture_error(rc, &why);
}

static int64_t
quantity_of(const struct service_type *type)
{
	switch (type->quantity) {
	case QUANTITY_FIELD:
		return QUANTITY;
	case QUANTITY_PACKAGE:
		return 1;
	case QUANTITY_LINES:
		return LINES;
	case QUANTITY_POSTS:
		return POSTS;
	}
	return 0;
}

/* How many types there are. */
enum { TYPES = 17 };

START_TEST(the_types_are_those_of_the_contract)
{
	static const char *const names[TYPES + 1] = { "Default", "Package",
		"Custom Comments", "Custom Comments Package", "Mentions",
		"Mentions Custom List", "Mentions Hashtag",
		"Mentions with Hashtags", "Mentions User Followers",
		"Mentions Media Likers", "Comment Likes", "Comment Replies",
		"Poll", "SEO", "Invites from Groups", "Web Traffic",
		"Subscriptions", NULL };
	int i;

	for (i = 0; i < TYPES; i++)
		ck_assert_str_eq(service_types[i].name, names[i]);
	ck_assert_ptr_null(service_types[TYPES].name);
}
END_TEST

START_TEST(an_order_of_every_type_is_placed_and_charged_exactly)
{
	const struct service_type *type = &service_types[_i];
	const struct service_type_field *field;
	int64_t before = fixture_balance(&fx.one), id, charge;
	json_t *details;
	struct why why;
	size_t n = 0;
	char *text;

	ck_assert_int_eq(place(type, NULL, NULL, &id, &why), RC_OK);
	charge = type->quantity == QUANTITY_PACKAGE
		     ? FIXTURE_RATE * INT64_C(1000)
		     : FIXTURE_RATE * quantity_of(type);
	ck_assert_int_eq(fixture_balance(&fx.one), before - charge);
	text = fixture_text("SELECT account_id || ' ' || service_id || ' ' ||"
			    " status || ' ' || quantity || ' ' || remains ||"
			    " ' ' || start_count || ' ' || charge_nano || ' '"
			    " || created_at || ' ' || updated_at FROM orders"
			    " WHERE id = %lld",
	    (long long)id);
	{
		char expected[160];

		(void)snprintf(expected, sizeof(expected),
		    "1 %lld 1 %lld %lld 0 %lld %d %d", (long long)id_of(type),
		    (long long)quantity_of(type), (long long)quantity_of(type),
		    (long long)charge, FIXTURE_NOW, FIXTURE_NOW);
		ck_assert_str_eq(text, expected);
	}
	free(text);
	/* What is left of the fields stands in the details, as sent. */
	text = fixture_text("SELECT COALESCE(details, '{}') FROM orders"
			    " WHERE id = %lld",
	    (long long)id);
	details = json_loads(text, 0, NULL);
	ck_assert_ptr_nonnull(details);
	for (field = type->fields; field->name != NULL; field++) {
		if (kind_of(field->name) == FIELD_LINK ||
		    strcmp(field->name, "quantity") == 0 ||
		    /* No drip-feed, no such traffic. */
		    strcmp(field->name, "runs") == 0 ||
		    strcmp(field->name, "interval") == 0 ||
		    field->needed_if.field != NULL)
			continue;
		ck_assert_str_eq(
		    json_string_value(json_object_get(details, field->name)),
		    good_value(field->name));
		n++;
	}
	ck_assert_uint_eq(json_object_size(details), n);
	json_decref(details);
	free(text);
	ck_assert_int_eq(fixture_int("SELECT COUNT(*) FROM order_move"), 0);
}
END_TEST

START_TEST(a_needed_field_that_is_missing_is_named)
{
	static const char *const absent[] = { NULL, "", "  ", "undefined",
		"null", "NaN" };
	const struct service_type *type = &service_types[_i];
	const struct service_type_field *field;
	char expected[ERROR_TEXT_LEN];
	int i;

	for (field = type->fields; field->name != NULL; field++) {
		for (i = 0; i < ROWS(absent); i++) {
			if (field->optional)
				expected[0] = '\0';
			else if (kind_of(field->name) == FIELD_LINK)
				(void)snprintf(
				    expected, sizeof(expected), "Bad link");
			else
				(void)snprintf(expected, sizeof(expected),
				    "Missing required parameter: %s",
				    field->name);
			ck_assert_str_eq(
			    answer(type, field->name, absent[i]), expected);
		}
	}
}
END_TEST

/* Values that no field of a kind takes. */
static const char *const bad_links[] = { "ftp://example.test/", "example.test",
	"http://", "https://", "http:///x", "http:/x", "https://?x", "http://#",
	"http://:80/", "http://@x/", "https://a b/", "x", "javascript:alert(1)",
	"http://a/\x01", "http://a/\tb", "//a/", "\xc2\xa0http://a/" };
static const char *const bad_numbers[] = { "-1", "+1", "1e3", "1.5", "0x10",
	"x", "1 2", "1,000", "1000000001", "99999999999999999999",
	"1;DROP TABLE orders", "\xd9\xa1" };
static const char *const bad_words[] = { "a\nb", "a\x01b", "a\x7f" };
static const char *const bad_dates[] = { "31/02/2030", "29/2/2027", "0/1/2030",
	"32/1/2030", "1/0/2030", "1/13/2030", "1/1/1969", "1/1/20300",
	"1-1-2030", "2030/1/1", "2030-01-01", "1/1/2030x", "1/1/", "/1/2030",
	"1//2030", "1/1/2030/1", "001/1/2030", "1/1/-030", "today" };

static void
must_refuse_all(const struct service_type *type, const char *name,
    const char *const values[], int n, const char *expected)
{
	int i;

	for (i = 0; i < n; i++)
		ck_assert_msg(
		    strcmp(answer(type, name, values[i]), expected) == 0,
		    "%s: %s=%s: %s", type->name, name, values[i],
		    answer(type, name, values[i]));
}

START_TEST(an_incorrect_field_is_named)
{
	const struct service_type *type = &service_types[_i];
	const struct service_type_field *field;
	char expected[ERROR_TEXT_LEN], longest[1002 + 8];
	const char *const too_long[] = { longest };

	for (field = type->fields; field->name != NULL; field++) {
		/* Fields that this service or these values cannot use. */
		if (strcmp(field->name, "quantity") == 0 ||
		    strcmp(field->name, "runs") == 0 ||
		    strcmp(field->name, "interval") == 0 ||
		    field->needed_if.field != NULL)
			continue;
		(void)snprintf(expected, sizeof(expected),
		    "Incorrect parameter: %s", field->name);
		memset(longest, 'x', sizeof(longest));
		switch (kind_of(field->name)) {
		case FIELD_LINK:
			must_refuse_all(type, field->name, bad_links,
			    ROWS(bad_links), "Bad link");
			memcpy(longest, "https://", 8);
			longest[1001] = '\0';
			must_refuse_all(
			    type, field->name, too_long, 1, "Bad link");
			longest[1000] = '\0';
			ck_assert_str_eq(
			    answer(type, field->name, longest), "");
			break;
		case FIELD_NUMBER:
			must_refuse_all(type, field->name, bad_numbers,
			    ROWS(bad_numbers), expected);
			break;
		case FIELD_WORD:
			must_refuse_all(type, field->name, bad_words,
			    ROWS(bad_words), expected);
			longest[501] = '\0';
			must_refuse_all(
			    type, field->name, too_long, 1, expected);
			longest[500] = '\0';
			ck_assert_str_eq(
			    answer(type, field->name, longest), "");
			break;
		case FIELD_DATE:
			must_refuse_all(type, field->name, bad_dates,
			    ROWS(bad_dates), expected);
			break;
		case FIELD_TEXT:
			break;
		}
	}
}
END_TEST

START_TEST(a_quantity_is_a_whole_number_within_the_bounds)
{
	static const struct {
		const char *value, *answer;
	} rows[] = {
		{ "2", "" },
		{ "1000", "" },
		{ "0100", "" },
		{ "1", "Quantity less than minimal 2" },
		{ "0", "Quantity less than minimal 2" },
		{ "1001", "Quantity more than maximum 1000" },
		{ "1000000000", "Quantity more than maximum 1000" },
		{ "1000000001", "Quantity more than maximum 1000" },
		{ "99999999999999999999", "Quantity more than maximum 1000" },
		{ "-1", "Incorrect quantity" },
		{ "+5", "Incorrect quantity" },
		{ "1.5", "Incorrect quantity" },
		{ "100.0", "Incorrect quantity" },
		{ "1e2", "Incorrect quantity" },
		{ "0x64", "Incorrect quantity" },
		{ "1,000", "Incorrect quantity" },
		{ "ten", "Incorrect quantity" },
		{ "5;DROP TABLE orders", "Incorrect quantity" },
	};
	const struct service_type *type = &service_types[_i];
	int i;

	if (type->quantity != QUANTITY_FIELD)
		return;
	for (i = 0; i < ROWS(rows); i++)
		ck_assert_str_eq(
		    answer(type, "quantity", rows[i].value), rows[i].answer);
}
END_TEST

START_TEST(a_quantity_that_was_sent_for_nothing_is_ignored)
{
	const struct service_type *type = &service_types[_i];
	char body[600];
	int64_t id;

	if (type->quantity != QUANTITY_PACKAGE &&
	    type->quantity != QUANTITY_LINES)
		return;
	(void)snprintf(body, sizeof(body),
	    "service=%lld&link=https://example.test/q&comments=a%%0Ab%%0Ac"
	    "&usernames=a%%0Ab%%0Ac&username=u&quantity=999999&runs=-7"
	    "&interval=x&expiry=never",
	    (long long)id_of(type));
	id = fixture_order(body);
	ck_assert_int_eq(fixture_int("SELECT quantity FROM orders"
				     " WHERE id = %lld",
			     (long long)id),
	    quantity_of(type));
	ck_assert_int_eq(
	    fixture_int("SELECT COALESCE(details, '') LIKE '%%runs%%'"
			" FROM orders WHERE id = %lld",
		(long long)id),
	    0);
}
END_TEST

START_TEST(lines_are_counted_within_the_bounds)
{
	static const struct {
		const char *value, *answer;
	} rows[] = {
		{ "a\nb", "" },
		{ "a\r\nb\r\n", "" },
		{ "a\n\n\nb\n\n", "" },
		{ "a", "Quantity less than minimal 2" },
		{ "a\n \n\t\n\r\n", "Quantity less than minimal 2" },
		{ "a\rb", "Quantity less than minimal 2" },
	};
	const struct service_type *type = &service_types[_i];
	char many[2 * 1001 + 1];
	int i;

	if (type->quantity != QUANTITY_LINES)
		return;
	for (i = 0; i < ROWS(rows); i++)
		ck_assert_str_eq(
		    answer(type, type->lines, rows[i].value), rows[i].answer);
	for (i = 0; i < 1001; i++)
		memcpy(many + (size_t)(2 * i), "x\n", 3);
	ck_assert_str_eq(
	    answer(type, type->lines, many), "Quantity more than maximum 1000");
	many[2 * 1000] = '\0';
	ck_assert_str_eq(answer(type, type->lines, many), "");
}
END_TEST

START_TEST(traffic_needs_what_its_kind_needs)
{
	static const struct {
		const char *more, *answer;
	} rows[] = {
		{ "type_of_traffic=3", "" },
		{ "type_of_traffic=1",
		    "Missing required parameter: google_keyword" },
		{ "type_of_traffic=1&google_keyword=shoes", "" },
		{ "type_of_traffic=2",
		    "Missing required parameter: referring_url" },
		{ "type_of_traffic=2&google_keyword=shoes",
		    "Missing required parameter: referring_url" },
		{ "type_of_traffic=2&referring_url=https://r.test", "" },
		{ "type_of_traffic=1&google_keyword=a%01b",
		    "Incorrect parameter: google_keyword" },
		/* What is not used is not looked at. */
		{ "type_of_traffic=3&google_keyword=a%01b", "" },
	};
	const struct service_type *type = service_type_find("Web Traffic");
	char body[256];
	int i;

	for (i = 0; i < ROWS(rows); i++) {
		(void)snprintf(body, sizeof(body),
		    "service=%lld&link=https://example.test/t%d&quantity=2"
		    "&country=US&device=1&%s",
		    (long long)id_of(type), i, rows[i].more);
		ck_assert_str_eq(body_answer(&fx.one, body), rows[i].answer);
	}
}
END_TEST

START_TEST(subscriptions_are_min_to_max_for_each_post)
{
	static const struct {
		const char *more, *answer;
		int64_t quantity;
	} rows[] = {
		{ "min=5&max=10", "", 10 },
		{ "min=2&max=1000", "", 1000 },
		{ "min=10&max=10&posts=3", "", 30 },
		{ "min=5&max=10&posts=1000", "", 10000 },
		{ "min=1&max=10", "Quantity less than minimal 2", 0 },
		{ "min=5&max=1001", "Quantity more than maximum 1000", 0 },
		{ "min=11&max=10", "Incorrect parameter: min", 0 },
		{ "min=0&max=10", "Incorrect parameter: min", 0 },
		{ "min=5&max=0", "Incorrect parameter: max", 0 },
		{ "min=5&max=10&posts=0", "Incorrect parameter: posts", 0 },
		{ "min=5&max=10&posts=0&old_posts=0",
		    "Incorrect parameter: posts", 0 },
		{ "min=5&max=10&posts=x&old_posts=3",
		    "Incorrect parameter: posts", 0 },
		/* New posts and old ones. */
		{ "min=5&max=10&posts=0&old_posts=3", "", 30 },
		{ "min=5&max=10&posts=2&old_posts=3", "", 50 },
		{ "min=5&max=10&posts=", "", 10 },
		{ "min=5&max=10&expiry=31/12/2030&delay=0&old_posts=9", "",
		    100 },
		/* A link is no part of one: never too many of them. */
		{ "min=5&max=10&link=https://example.test/s&quantity=7", "",
		    10 },
		{ "min=5&max=10&link=https://example.test/s", "", 10 },
	};
	const struct service_type *type = service_type_find("Subscriptions");
	char body[256];
	int i;

	for (i = 0; i < ROWS(rows); i++) {
		(void)snprintf(body, sizeof(body), "service=%lld&username=u&%s",
		    (long long)id_of(type), rows[i].more);
		ck_assert_str_eq(body_answer(&fx.one, body), rows[i].answer);
		if (rows[i].answer[0] == '\0')
			ck_assert_int_eq(
			    fixture_int("SELECT quantity FROM orders"
					" ORDER BY id DESC LIMIT 1"),
			    rows[i].quantity);
	}
	ck_assert_int_eq(
	    fixture_int("SELECT COUNT(*) FROM orders WHERE link IS NOT NULL"
			" OR link_hash IS NOT NULL"),
	    0);
}
END_TEST

START_TEST(a_drip_feed_is_quantity_times_runs)
{
	static const struct {
		int service;
		const char *more, *answer;
		int64_t quantity;
	} rows[] = {
		{ SERVICE_DRIP, "quantity=100&runs=5&interval=60", "", 500 },
		{ SERVICE_DRIP, "quantity=100&runs=10&interval=60", "", 1000 },
		{ SERVICE_DRIP, "quantity=100&runs=1&interval=1", "", 100 },
		{ SERVICE_DRIP, "quantity=100", "", 100 },
		{ SERVICE_DRIP, "quantity=100&interval=60", "", 100 },
		{ SERVICE_DRIP, "quantity=100&runs=&interval=", "", 100 },
		{ SERVICE_DRIP, "quantity=100&runs=11&interval=60",
		    "Quantity more than maximum 1000", 0 },
		{ SERVICE_DRIP, "quantity=1&runs=5&interval=60",
		    "Quantity less than minimal 2", 0 },
		{ SERVICE_DRIP,
		    "quantity=1000000000&runs=1000000000"
		    "&interval=60",
		    "Quantity more than maximum 1000", 0 },
		{ SERVICE_DRIP, "quantity=100&runs=5",
		    "Missing required parameter: interval", 0 },
		/* What some clients send for no drip-feed. */
		{ SERVICE_DRIP, "quantity=100&runs=0&interval=60", "", 100 },
		{ SERVICE_DRIP, "quantity=100&runs=0&interval=0", "", 100 },
		{ SERVICE_DRIP, "quantity=100&runs=1", "", 100 },
		{ SERVICE_DRIP, "quantity=100&runs=-1&interval=60",
		    "Incorrect parameter: runs", 0 },
		{ SERVICE_DRIP, "quantity=100&runs=x&interval=60",
		    "Incorrect parameter: runs", 0 },
		{ SERVICE_DRIP, "quantity=100&runs=5&interval=0",
		    "Incorrect parameter: interval", 0 },
		{ SERVICE_DRIP, "quantity=100&runs=5&interval=x",
		    "Incorrect parameter: interval", 0 },
		/* Where there is none, its fields are ignored. */
		{ SERVICE_DEFAULT, "quantity=100&runs=5", "", 100 },
		{ SERVICE_DEFAULT, "quantity=100&runs=x&interval=-1", "", 100 },
	};
	const char *text;
	char body[256];
	int i;

	for (i = 0; i < ROWS(rows); i++) {
		(void)snprintf(body, sizeof(body),
		    "service=%d&link=https://example.test/d%d&%s",
		    rows[i].service, i, rows[i].more);
		text = body_answer(&fx.one, body);
		ck_assert_msg(
		    strcmp(text, rows[i].answer) == 0, "%s: %s", body, text);
		if (rows[i].answer[0] != '\0')
			continue;
		ck_assert_int_eq(fixture_int("SELECT quantity FROM orders"
					     " ORDER BY id DESC LIMIT 1"),
		    rows[i].quantity);
		ck_assert_int_eq(fixture_int("SELECT charge_nano FROM orders"
					     " ORDER BY id DESC LIMIT 1"),
		    rows[i].quantity * FIXTURE_RATE);
	}
}
END_TEST

START_TEST(an_unknown_service_is_told_so)
{
	static const char *const rows[] = { "service=999", "service=0",
		"service=-1", "service=1e3", "service=1.0", "service=1%20",
		"service=+1", "service=99999999999999999999", "service=x",
		"service=1;DROP TABLE orders", "service=104" };
	char body[256];
	int i;

	ck_assert_str_eq(body_answer(&fx.one, "quantity=5"),
	    "Missing required parameter: service");
	for (i = 0; i < ROWS(rows); i++) {
		(void)snprintf(body, sizeof(body),
		    "%s&link=https://example.test/u%d&quantity=5", rows[i], i);
		/* White space around a value does not count. */
		ck_assert_str_eq(body_answer(&fx.one, body),
		    strcmp(rows[i], "service=1%20") == 0 ||
			    strcmp(rows[i], "service=+1") == 0
			? ""
			: "Incorrect service ID");
	}
}
END_TEST

START_TEST(a_charge_past_all_counting_is_an_incorrect_quantity)
{
	static const struct {
		const char *body, *answer;
	} rows[] = {
		{ "service=105&quantity=1001&link=http://o.test/1",
		    "Incorrect quantity" },
		{ "service=105&quantity=1000000000&link=http://o.test/2",
		    "Incorrect quantity" },
		{ "service=105&quantity=2&runs=500000000&interval=1"
		  "&link=http://o.test/3",
		    "Incorrect quantity" },
		{ "service=106&link=http://o.test/4", "Incorrect quantity" },
		/* Countable, but nobody has it. */
		{ "service=105&quantity=1000&link=http://o.test/5",
		    "Not enough funds on balance" },
	};
	int i;

	for (i = 0; i < ROWS(rows); i++)
		ck_assert_str_eq(
		    body_answer(&fx.one, rows[i].body), rows[i].answer);
	ck_assert_int_eq(fixture_balance(&fx.one), FIXTURE_BALANCE);
}
END_TEST

START_TEST(a_balance_pays_for_exactly_what_it_covers)
{
	char body[128];
	int64_t pieces = FIXTURE_BALANCE_2 / FIXTURE_RATE;

	(void)snprintf(body, sizeof(body),
	    "service=1&quantity=%lld&link=http://f.test/1",
	    (long long)pieces + 1);
	ck_assert_str_eq(
	    body_answer(&fx.two, body), "Not enough funds on balance");
	ck_assert_int_eq(fixture_int("SELECT COUNT(*) FROM orders"), 0);
	(void)snprintf(body, sizeof(body),
	    "service=1&quantity=%lld&link=http://f.test/1", (long long)pieces);
	ck_assert_str_eq(body_answer(&fx.two, body), "");
	ck_assert_int_eq(fixture_balance(&fx.two),
	    FIXTURE_BALANCE_2 - pieces * FIXTURE_RATE);
	ck_assert_str_eq(
	    body_answer(&fx.two, "service=1&quantity=2&link=http://f.test/2"),
	    "Not enough funds on balance");
	/* What costs nothing can always be had. */
	fixture_sql("UPDATE account SET balance_nano = 0 WHERE id = 9");
	ck_assert_str_eq(
	    body_answer(&fx.two, "service=103&quantity=9&link=http://f.test/3"),
	    "");
}
END_TEST

/* --- one order for a link ------------------------------------------------- */

static void
set_status(int64_t id, enum order_status status)
{
	struct order order;
	struct why why;

	fixture_begin();
	ck_assert_int_eq(order_find(fx.db, &fx.one, id, &order, &why), RC_OK);
	ck_assert_int_eq(order_move(fx.db, &fx.one, &order, status,
			     ORDER_BY_OPERATOR, NULL, FIXTURE_NOW, &why),
	    RC_OK);
	fixture_commit();
}

#define ACTIVE                                   \
	"You have active order with this link. " \
	"Please wait until order being completed."

START_TEST(an_unfinished_order_keeps_its_link)
{
	static const char body[] =
	    "service=1&quantity=5&link=https://example.test/one";
	int64_t id = fixture_order(body);

	ck_assert_str_eq(body_answer(&fx.one, body), ACTIVE);
	set_status(id, ORDER_IN_PROGRESS);
	ck_assert_str_eq(body_answer(&fx.one, body), ACTIVE);
	set_status(id, ORDER_PROCESSING);
	ck_assert_str_eq(body_answer(&fx.one, body), ACTIVE);
	set_status(id, ORDER_COMPLETED);
	id = fixture_order(body);
	ck_assert_str_eq(body_answer(&fx.one, body), ACTIVE);
	set_status(id, ORDER_CANCELED);
	id = fixture_order(body);
	set_status(id, ORDER_PARTIAL);
	(void)fixture_order(body);
	ck_assert_str_eq(body_answer(&fx.one, body), ACTIVE);
}
END_TEST

START_TEST(a_link_is_kept_for_its_service_and_account_alone)
{
	(void)fixture_order("service=1&quantity=5&link=https://e.test/x");
	ck_assert_str_eq(body_answer(&fx.one,
			     "service=101&quantity=5&link=https://e.test/x"),
	    "");
	ck_assert_str_eq(
	    body_answer(&fx.two, "service=1&quantity=5&link=https://e.test/x"),
	    "");
	ck_assert_str_eq(
	    body_answer(&fx.one, "service=1&quantity=5&link=https://e.test/X"),
	    "");
	ck_assert_str_eq(
	    body_answer(&fx.one, "service=1&quantity=5&link=https://e.test/x/"),
	    "");
	/* The same hash is not the same link. */
	fixture_sql("UPDATE orders SET link = 'https://e.test/other'"
		    " WHERE id = 1");
	ck_assert_str_eq(
	    body_answer(&fx.one, "service=1&quantity=5&link=https://e.test/x"),
	    "");
}
END_TEST

/* --- request_id ----------------------------------------------------------- */

#define REQUEST "service=1&quantity=5&link=https://r.test/1&request_id=abc"

START_TEST(a_request_seen_before_is_the_first_order)
{
	int64_t id = fixture_order(REQUEST), balance;
	struct why why;
	int64_t again;

	balance = fixture_balance(&fx.one);
	ck_assert_int_eq(fixture_order(REQUEST), id);
	ck_assert_int_eq(fixture_order("request_id=abc&link=https://r.test/1"
				       "&quantity=5&service=1&key=other"),
	    id);
	/* For good, whatever became of order and service. */
	set_status(id, ORDER_COMPLETED);
	fixture_sql("UPDATE service SET active = 0, rate_micro = 5");
	ck_assert_int_eq(fixture_place(&fx.one, REQUEST,
			     FIXTURE_NOW + 72 * 3600, &again, &why),
	    RC_OK);
	ck_assert_int_eq(again, id);
	ck_assert_int_eq(fixture_balance(&fx.one), balance);
	ck_assert_int_eq(fixture_int("SELECT COUNT(*) FROM orders"), 1);
}
END_TEST

START_TEST(a_request_with_other_fields_is_refused)
{
	static const char *const others[] = {
		"service=1&quantity=6&link=https://r.test/1&request_id=abc",
		"service=1&quantity=5&link=https://r.test/2&request_id=abc",
		"service=101&quantity=5&link=https://r.test/1&request_id=abc",
		"service=1&quantity=5&link=https://r.test/1&request_id=abc"
		"&comments=x",
		"service=999&request_id=abc",
		"request_id=abc",
	};
	int i;

	(void)fixture_order(REQUEST);
	for (i = 0; i < ROWS(others); i++)
		ck_assert_str_eq(body_answer(&fx.one, others[i]),
		    "request_id was used with other fields");
	ck_assert_int_eq(fixture_int("SELECT COUNT(*) FROM orders"), 1);
}
END_TEST

START_TEST(fields_do_not_run_into_each_other)
{
	(void)fixture_order("service=9&quantity=5&link=https://r.test/1"
			    "&username=ab&request_id=n");
	ck_assert_str_eq(
	    body_answer(&fx.one, "service=9&quantity=5&link=https://r.test/1"
				 "&username=a&hashtag=b&request_id=n"),
	    "request_id was used with other fields");
}
END_TEST

START_TEST(request_ids_belong_to_their_account)
{
	struct why why;
	int64_t id = fixture_order(REQUEST), other;

	ck_assert_int_eq(
	    fixture_place(&fx.two, REQUEST, FIXTURE_NOW, &other, &why), RC_OK);
	ck_assert_int_ne(other, id);
	ck_assert_int_eq(fixture_int("SELECT account_id FROM orders"
				     " WHERE id = %lld",
			     (long long)other),
	    2);
}
END_TEST

START_TEST(a_request_that_failed_may_be_tried_again)
{
	ck_assert_str_eq(
	    body_answer(&fx.one, "service=1&quantity=1&link=https://r.test/1"
				 "&request_id=abc"),
	    "Quantity less than minimal 2");
	(void)fixture_order(REQUEST);
}
END_TEST

START_TEST(a_request_id_has_at_most_128_characters)
{
	char body[1024];
	int i;

	(void)snprintf(body, sizeof(body),
	    "service=1&quantity=5&link=https://r.test/1&request_id=");
	for (i = 0; i < 128; i++)
		(void)strcat(body, "%C3%A9");
	(void)fixture_order(body);
	(void)strcat(body, "x");
	ck_assert_str_eq(
	    body_answer(&fx.one, body), "Incorrect parameter: request_id");
	/* An absent one is none. */
	(void)fixture_order("service=1&quantity=5&link=https://r.test/2"
			    "&request_id=undefined");
	(void)fixture_order("service=1&quantity=5&link=https://r.test/3"
			    "&request_id=undefined");
}
END_TEST

/* --- moves ---------------------------------------------------------------- */

static const struct {
	enum order_status status;
	const char *name;
} statuses[] = {
	{ ORDER_PENDING, "Pending" },
	{ ORDER_IN_PROGRESS, "In progress" },
	{ ORDER_PROCESSING, "Processing" },
	{ ORDER_COMPLETED, "Completed" },
	{ ORDER_PARTIAL, "Partial" },
	{ ORDER_CANCELED, "Canceled" },
};

START_TEST(statuses_are_spelled_as_on_the_wire)
{
	int i;

	for (i = 0; i < ROWS(statuses); i++)
		ck_assert_str_eq(order_status_name((int)statuses[i].status),
		    statuses[i].name);
	ck_assert_ptr_null(order_status_name(0));
	ck_assert_ptr_null(order_status_name(7));
	ck_assert_ptr_null(order_status_name(-1));
}
END_TEST

/* The rule in words: final is final, nothing becomes pending again. */
static int
may_move(int from, int to, int actor)
{
	if (from >= ORDER_COMPLETED || to == from || to == ORDER_PENDING)
		return 0;
	if (actor == ORDER_BY_CUSTOMER)
		return from == ORDER_PENDING && to == ORDER_CANCELED;
	return 1;
}

/* A new order that stands in that status, with 30 of 100 to come. */
static struct order
order_in(int status)
{
	struct order order;
	struct why why;
	int64_t id = fixture_any_order();

	/* Partial and Canceled get their refund on the way. */
	if (status != ORDER_PENDING) {
		fixture_begin();
		ck_assert_int_eq(
		    order_find(fx.db, &fx.one, id, &order, &why), RC_OK);
		order.remains = 30;
		ck_assert_int_eq(
		    order_move(fx.db, &fx.one, &order,
			(enum order_status)status, ORDER_BY_OPERATOR, NULL,
			FIXTURE_NOW, &why),
		    RC_OK);
		fixture_commit();
	}
	fixture_begin();
	ck_assert_int_eq(order_find(fx.db, &fx.one, id, &order, &why), RC_OK);
	fixture_commit();
	ck_assert_int_eq((int)order.status, status);
	return order;
}

/* All that can change about an order, as text; to be freed. */
static char *
image(int64_t id)
{
	return fixture_text("SELECT o.status || ' ' || remains || ' ' ||"
			    " charge_nano || ' ' || updated_at || ' ' ||"
			    " COALESCE(cancel_requested_at, '-') || ' ' ||"
			    " balance_nano || ' ' ||"
			    " (SELECT COUNT(*) FROM order_move) || ' ' ||"
			    " (SELECT COUNT(*) FROM txn)"
			    " FROM orders o JOIN account a"
			    " ON a.id = o.account_id WHERE o.id = %lld",
	    (long long)id);
}

START_TEST(an_order_moves_along_the_table_and_nowhere_else)
{
	int from = _i / 12 + 1, to = _i / 2 % 6 + 1, actor = _i % 2 + 1;
	struct order order = order_in(from);
	int64_t balance = fixture_balance(&fx.one), charge, refund = 0;
	int64_t id = order.id, moves;
	char *before = image(id), *after;
	struct why why = { 0 };
	enum rc rc;

	ck_assert_int_eq(
	    order_may_move((enum order_status)from, (enum order_status)to,
		(enum order_actor)actor) != 0,
	    may_move(from, to, actor));
	charge = order.charge_nano;
	moves = fixture_int("SELECT COUNT(*) FROM order_move");
	order.remains = 30;
	fixture_begin();
	rc = order_move(fx.db, &fx.one, &order, (enum order_status)to,
	    (enum order_actor)actor, "why", FIXTURE_NOW + 50, &why);
	ck_assert_int_eq(db_end(fx.db, rc), rc);
	after = image(id);
	if (!may_move(from, to, actor)) {
		ck_assert_int_eq(rc, RC_INVALID);
		ck_assert_int_eq(why.error, ERROR_CANCEL);
		ck_assert_str_eq(before, after);
	} else {
		ck_assert_int_eq(rc, RC_OK);
		if (to == ORDER_CANCELED)
			refund = charge;
		if (to == ORDER_PARTIAL)
			refund = INT64_C(30) * FIXTURE_RATE;
		ck_assert_int_eq(fixture_balance(&fx.one), balance + refund);
		ck_assert_int_eq(order.charge_nano, charge - refund);
		ck_assert_int_eq(fixture_int("SELECT charge_nano FROM orders"
					     " WHERE id = %lld",
				     (long long)id),
		    charge - refund);
		ck_assert_int_eq(fixture_int("SELECT remains FROM orders"
					     " WHERE id = %lld",
				     (long long)id),
		    to == ORDER_COMPLETED ? 0 : 30);
		ck_assert_int_eq(
		    fixture_int("SELECT COUNT(*) FROM order_move"), moves + 1);
		ck_assert_int_eq(
		    fixture_int("SELECT COUNT(*) FROM order_move"
				" WHERE order_id = %lld AND from_status = %d"
				" AND to_status = %d AND actor = %d"
				" AND moved_at = %d AND note = 'why'"
				" AND seq = %d",
			(long long)id, from, to, actor, FIXTURE_NOW + 50,
			from == ORDER_PENDING ? 1 : 2),
		    1);
	}
	free(before);
	free(after);
}
END_TEST

START_TEST(nonsense_is_no_move)
{
	int from, to, actor;

	for (from = -1; from <= 8; from++)
		for (to = -1; to <= 8; to++)
			for (actor = 0; actor <= 3; actor++)
				if (from < 1 || from > 6 || to < 1 || to > 6 ||
				    actor < 1 || actor > 2)
					ck_assert(!order_may_move(
					    (enum order_status)from,
					    (enum order_status)to,
					    (enum order_actor)actor));
}
END_TEST

START_TEST(a_partial_gives_back_the_price_of_what_remains)
{
	static const int64_t remains[] = { 0, 1, 49, 99, 100 };
	int64_t before = fixture_balance(&fx.one);
	struct order order = order_in(ORDER_IN_PROGRESS);
	struct why why = { 0 };
	int64_t left = remains[_i];

	order.remains = left;
	fixture_begin();
	ck_assert_int_eq(order_move(fx.db, &fx.one, &order, ORDER_PARTIAL,
			     ORDER_BY_OPERATOR, NULL, FIXTURE_NOW, &why),
	    RC_OK);
	fixture_commit();
	ck_assert_int_eq(order.charge_nano, (100 - left) * FIXTURE_RATE);
	ck_assert_int_eq(
	    fixture_balance(&fx.one), before - (100 - left) * FIXTURE_RATE);
	ck_assert_int_eq(
	    fixture_int("SELECT COUNT(*) FROM txn WHERE kind = 2"), left > 0);
}
END_TEST

START_TEST(a_free_order_is_canceled_without_a_refund)
{
	int64_t id = fixture_order("service=103&quantity=9&link=http://f.test");
	int64_t before = fixture_balance(&fx.one);

	set_status(id, ORDER_CANCELED);
	ck_assert_int_eq(fixture_balance(&fx.one), before);
	ck_assert_int_eq(
	    fixture_int("SELECT COUNT(*) FROM txn WHERE kind = 2"), 0);
}
END_TEST

/* --- finding and cancelling ----------------------------------------------- */

START_TEST(another_accounts_order_is_not_found)
{
	static const int64_t unknown[] = { 0, -1, 999, INT64_MAX, INT64_MIN };
	int64_t id = fixture_any_order();
	struct order order;
	struct why why;
	int i;

	fixture_begin();
	ck_assert_int_eq(
	    order_find(fx.db, &fx.two, id, &order, &why), RC_NOT_FOUND);
	ck_assert_int_eq(why.error, ERROR_ORDER);
	ck_assert_int_eq(order.account_id, 0);
	ck_assert_int_eq(
	    order_cancel(fx.db, &fx.two, id, FIXTURE_NOW, &why), RC_NOT_FOUND);
	for (i = 0; i < ROWS(unknown); i++) {
		ck_assert_int_eq(
		    order_find(fx.db, &fx.one, unknown[i], &order, &why),
		    RC_NOT_FOUND);
		ck_assert_int_eq(
		    order_cancel(fx.db, &fx.one, unknown[i], FIXTURE_NOW, &why),
		    RC_NOT_FOUND);
	}
	fixture_commit();
	ck_assert_int_eq(fixture_int("SELECT status FROM orders"), 1);
}
END_TEST

static enum rc
cancel(int64_t id, struct why *why)
{
	enum rc rc;

	*why = (struct why){ 0 };
	fixture_begin();
	rc = order_cancel(fx.db, &fx.one, id, FIXTURE_NOW + 60, why);
	return db_end(fx.db, rc);
}

/* Places orders of which no two stand alike. */
static void
place_standings(int64_t *ids, int n)
{
	static int nlinks;
	struct order order;
	struct why why;
	char body[128];
	int i;

	for (i = 0; i < n; i++) {
		(void)snprintf(body, sizeof(body),
		    "service=1&quantity=%d&link=https://s.example.test/%d",
		    100 + i, nlinks++);
		ids[i] = fixture_order(body);
		fixture_sql("UPDATE orders SET remains = %d, start_count = %d"
			    " WHERE id = %lld",
		    50 + i, 1000 + i, (long long)ids[i]);
		if (i % 4 + 1 == ORDER_PENDING)
			continue;
		fixture_begin();
		ck_assert_int_eq(
		    order_find(fx.db, &fx.one, ids[i], &order, &why), RC_OK);
		ck_assert_int_eq(
		    order_move(fx.db, &fx.one, &order,
			(enum order_status)(i % 4 + 1), ORDER_BY_OPERATOR, NULL,
			FIXTURE_NOW, &why),
		    RC_OK);
		fixture_commit();
	}
}

/* Fails unless standing is what order_find tells of the id. */
static void
must_stand(const struct caller *caller, int64_t id,
    const struct order_standing *standing)
{
	struct order order;
	struct why why;

	if (order_find(fx.db, caller, id, &order, &why) != RC_OK) {
		ck_assert_int_eq(standing->id, 0);
		ck_assert_int_eq(standing->charge_nano, 0);
		return;
	}
	ck_assert_int_eq(standing->id, id);
	ck_assert_int_eq(standing->status, order.status);
	ck_assert_int_eq(standing->remains, order.remains);
	ck_assert_int_eq(standing->start_count, order.start_count);
	ck_assert_int_eq(standing->charge_nano, order.charge_nano);
}

enum { STANDINGS_MAX = 40 };

/* As many as the test's number, of which some are there more than once. */
START_TEST(orders_are_found_in_any_number)
{
	struct order_standing standings[STANDINGS_MAX + 1];
	int64_t known[STANDINGS_MAX], ids[STANDINGS_MAX];
	int i;

	place_standings(known, STANDINGS_MAX);
	for (i = 0; i < _i; i++)
		ids[i] = i % 5 == 3 ? known[0] : known[_i - 1 - i];
	memset(standings, 0x55, sizeof(standings));
	fixture_begin();
	ck_assert_int_eq(
	    order_standings(fx.db, &fx.one, ids, (size_t)_i, standings), RC_OK);
	for (i = 0; i < _i; i++) {
		ck_assert_int_ne(standings[i].id, 0);
		must_stand(&fx.one, ids[i], &standings[i]);
	}
	/* What is behind the last one is nobody's. */
	ck_assert_int_eq(standings[_i].remains, INT64_C(0x5555555555555555));
	fixture_commit();
}
END_TEST

/* One that is not there, at each place among others, for both accounts. */
START_TEST(other_orders_of_a_list_are_not_found)
{
	static const int64_t unknown[] = { 0, -1, 999, INT64_MAX, INT64_MIN };
	struct order_standing standings[STANDINGS_MAX];
	int64_t ids[STANDINGS_MAX], another = 0;
	struct why why;
	int i, k;

	ck_assert_int_eq(fixture_place(&fx.two,
			     "service=103&link=https://e.example.test/"
			     "&quantity=100",
			     FIXTURE_NOW, &another, &why),
	    RC_OK);
	fixture_begin();
	must_stand(&fx.one, another, &(struct order_standing){ .id = 0 });
	fixture_commit();
	for (i = 0; i < 18; i++) {
		place_standings(ids, 18);
		ids[i] = another;
		ids[(i + 5) % 18] = unknown[i % ROWS(unknown)];
		fixture_begin();
		ck_assert_int_eq(
		    order_standings(fx.db, &fx.one, ids, 18, standings), RC_OK);
		for (k = 0; k < 18; k++)
			must_stand(&fx.one, ids[k], &standings[k]);
		ck_assert_int_eq(standings[i].id, 0);
		ck_assert_int_eq(
		    order_standings(fx.db, &fx.two, ids, 18, standings), RC_OK);
		for (k = 0; k < 18; k++)
			ck_assert_int_eq(standings[k].id, k == i ? another : 0);
		ck_assert_int_eq(
		    order_standings(fx.db, &fx.one, &another, 1, standings),
		    RC_OK);
		ck_assert_int_eq(standings[0].id, 0);
		fixture_commit();
	}
}
END_TEST

START_TEST(a_pending_order_is_canceled_at_once_and_once)
{
	int64_t before = fixture_balance(&fx.one), id = fixture_any_order();
	struct why why;

	ck_assert_int_lt(fixture_balance(&fx.one), before);
	ck_assert_int_eq(cancel(id, &why), RC_OK);
	ck_assert_int_eq(fixture_balance(&fx.one), before);
	ck_assert_int_eq(fixture_int("SELECT status FROM orders"), 6);
	ck_assert_int_eq(fixture_int("SELECT charge_nano FROM orders"), 0);
	ck_assert_int_eq(fixture_int("SELECT actor FROM order_move"), 1);
	ck_assert_int_eq(cancel(id, &why), RC_INVALID);
	ck_assert_int_eq(why.error, ERROR_CANCEL);
	ck_assert_int_eq(fixture_balance(&fx.one), before);
}
END_TEST

START_TEST(a_running_order_gets_a_request)
{
	struct order order = order_in(_i);
	int64_t before = fixture_balance(&fx.one);
	struct why why;

	ck_assert_int_eq(cancel(order.id, &why), RC_OK);
	ck_assert_int_eq(fixture_int("SELECT status FROM orders"), _i);
	ck_assert_int_eq(fixture_int("SELECT cancel_requested_at FROM orders"),
	    FIXTURE_NOW + 60);
	/* Asking again changes nothing. */
	fixture_begin();
	ck_assert_int_eq(
	    order_cancel(fx.db, &fx.one, order.id, FIXTURE_NOW + 999, &why),
	    RC_OK);
	fixture_commit();
	ck_assert_int_eq(fixture_int("SELECT cancel_requested_at FROM orders"),
	    FIXTURE_NOW + 60);
	ck_assert_int_eq(fixture_balance(&fx.one), before);
	/* The next move answers it. */
	set_status(order.id, ORDER_COMPLETED);
	ck_assert_int_eq(
	    fixture_int("SELECT cancel_requested_at IS NULL FROM orders"), 1);
}
END_TEST

START_TEST(a_finished_order_is_not_canceled)
{
	struct order order = order_in(_i);
	char *before = image(order.id), *after;
	struct why why;

	ck_assert_int_eq(cancel(order.id, &why), RC_INVALID);
	ck_assert_int_eq(why.error, ERROR_CANCEL);
	after = image(order.id);
	ck_assert_str_eq(before, after);
	free(before);
	free(after);
}
END_TEST

START_TEST(an_order_of_a_service_without_cancel_stays)
{
	int64_t id = fixture_order("service=102&quantity=9&link=http://n.test");
	struct why why;

	ck_assert_int_eq(cancel(id, &why), RC_INVALID);
	ck_assert_int_eq(why.error, ERROR_CANCEL);
	set_status(id, ORDER_IN_PROGRESS);
	ck_assert_int_eq(cancel(id, &why), RC_INVALID);
	ck_assert_int_eq(
	    fixture_int("SELECT cancel_requested_at IS NULL FROM orders"), 1);
}
END_TEST

static enum rc
quote(const struct caller *caller, const char *body, struct order_quote *quote,
    struct why *why)
{
	struct form *form = fixture_form(body);
	enum rc rc;

	ck_assert_int_eq(db_begin(fx.db, DB_READ), RC_OK);
	rc = order_quote(fx.db, caller, form, quote, why);
	db_rollback(fx.db);
	form_free(form);
	return rc;
}

START_TEST(a_quote_is_what_the_order_then_costs)
{
	static const char *const bodies[] = {
		"service=1&quantity=333&link=https://example.test/",
		"service=2&link=https://example.test/",
		"service=3&comments=a%0A%0Ab%0Ac&link=https://example.test/",
		"service=17&username=u&min=10&max=20&posts=3",
		"service=101&quantity=10&runs=5&interval=60"
		"&link=https://example.test/",
	};
	int64_t id, before = fixture_balance(&fx.one);
	struct order_quote q;
	struct why why;

	ck_assert_int_eq(quote(&fx.one, bodies[_i], &q, &why), RC_OK);
	ck_assert_int_eq(fixture_int("SELECT COUNT(*) FROM orders"), 0);
	ck_assert_int_eq(fixture_balance(&fx.one), before);
	id = fixture_order(bodies[_i]);
	ck_assert_int_eq(
	    fixture_int("SELECT COUNT(*) FROM orders WHERE id = %lld AND"
			" service_id = %lld AND quantity = %lld AND"
			" price_micro = %lld AND charge_nano = %lld",
		(long long)id, (long long)q.service_id, (long long)q.quantity,
		(long long)q.price_micro, (long long)q.charge_nano),
	    1);
	ck_assert_int_eq(fixture_balance(&fx.one), before - q.charge_nano);
}
END_TEST

START_TEST(a_quote_is_refused_as_the_order_would_be)
{
	struct order_quote q;
	struct why why;

	ck_assert_int_eq(
	    quote(
		&fx.one, "service=1&quantity=1&link=https://e.test/", &q, &why),
	    RC_INVALID);
	ck_assert_int_eq(why.error, ERROR_LESS);
	ck_assert_int_eq(q.charge_nano, 0);
	ck_assert_int_eq(
	    quote(&fx.one, "service=104&quantity=9&link=https://e.test/", &q,
		&why),
	    RC_NOT_FOUND);
	ck_assert_int_eq(why.error, ERROR_SERVICE);
	(void)fixture_order("service=1&quantity=9&link=https://e.test/");
	ck_assert_int_eq(
	    quote(
		&fx.one, "service=1&quantity=9&link=https://e.test/", &q, &why),
	    RC_INVALID);
	ck_assert_int_eq(why.error, ERROR_LINK_ACTIVE);
	/* Those of another account are none of this one's business. */
	ck_assert_int_eq(
	    quote(
		&fx.two, "service=1&quantity=9&link=https://e.test/", &q, &why),
	    RC_OK);
}
END_TEST

static Suite *
make_suite(void)
{
	Suite *suite = suite_create("order");
	TCase *tc = tcase_create("order");

	tcase_add_checked_fixture(tc, fixture_setup, teardown);
	tcase_add_test(tc, the_types_are_those_of_the_contract);
	tcase_add_loop_test(
	    tc, an_order_of_every_type_is_placed_and_charged_exactly, 0, TYPES);
	tcase_add_loop_test(
	    tc, a_needed_field_that_is_missing_is_named, 0, TYPES);
	tcase_add_loop_test(tc, an_incorrect_field_is_named, 0, TYPES);
	tcase_add_loop_test(
	    tc, a_quantity_is_a_whole_number_within_the_bounds, 0, TYPES);
	tcase_add_loop_test(
	    tc, a_quantity_that_was_sent_for_nothing_is_ignored, 0, TYPES);
	tcase_add_loop_test(tc, lines_are_counted_within_the_bounds, 0, TYPES);
	tcase_add_test(tc, traffic_needs_what_its_kind_needs);
	tcase_add_test(tc, subscriptions_are_min_to_max_for_each_post);
	tcase_add_test(tc, a_drip_feed_is_quantity_times_runs);
	tcase_add_test(tc, an_unknown_service_is_told_so);
	tcase_add_test(tc, a_charge_past_all_counting_is_an_incorrect_quantity);
	tcase_add_test(tc, a_balance_pays_for_exactly_what_it_covers);
	tcase_add_loop_test(tc, a_quote_is_what_the_order_then_costs, 0, 5);
	tcase_add_test(tc, a_quote_is_refused_as_the_order_would_be);
	tcase_add_test(tc, an_unfinished_order_keeps_its_link);
	tcase_add_test(tc, a_link_is_kept_for_its_service_and_account_alone);
	tcase_add_test(tc, a_request_seen_before_is_the_first_order);
	tcase_add_test(tc, a_request_with_other_fields_is_refused);
	tcase_add_test(tc, fields_do_not_run_into_each_other);
	tcase_add_test(tc, request_ids_belong_to_their_account);
	tcase_add_test(tc, a_request_that_failed_may_be_tried_again);
	tcase_add_test(tc, a_request_id_has_at_most_128_characters);
	tcase_add_test(tc, statuses_are_spelled_as_on_the_wire);
	tcase_add_loop_test(
	    tc, an_order_moves_along_the_table_and_nowhere_else, 0, 72);
	tcase_add_test(tc, nonsense_is_no_move);
	tcase_add_loop_test(
	    tc, a_partial_gives_back_the_price_of_what_remains, 0, 5);
	tcase_add_test(tc, a_free_order_is_canceled_without_a_refund);
	tcase_add_test(tc, another_accounts_order_is_not_found);
	tcase_add_loop_test(
	    tc, orders_are_found_in_any_number, 0, STANDINGS_MAX + 1);
	tcase_add_test(tc, other_orders_of_a_list_are_not_found);
	tcase_add_test(tc, a_pending_order_is_canceled_at_once_and_once);
	tcase_add_loop_test(tc, a_running_order_gets_a_request,
	    ORDER_IN_PROGRESS, ORDER_PROCESSING + 1);
	tcase_add_loop_test(tc, a_finished_order_is_not_canceled,
	    ORDER_COMPLETED, ORDER_CANCELED + 1);
	tcase_add_test(tc, an_order_of_a_service_without_cancel_stays);
	suite_add_tcase(suite, tc);
	return suite;
}

SUITE_MAIN(make_suite)
