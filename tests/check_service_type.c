/* SPDX-License-Identifier: ISC */
/*
 * The table of service types: against the API's contract, written down here
 * a second time, and in itself (every field is known, every list ends).
 */
#include "service_type.h"

#include <stdio.h>
#include <string.h>

#include "suite.h"

/*
 * The contract's table.  Fields in the order of the table, [optional],
 * name(other=value) for one that is needed where another has a value.
 */
static const struct {
	const char *name;
	const char *fields;
	enum quantity_source quantity;
	const char *lines;
} contract[] = {
	{ "Default", "link quantity [runs] [interval]", QUANTITY_FIELD, NULL },
	{ "Package", "link", QUANTITY_PACKAGE, NULL },
	{ "Custom Comments", "link comments", QUANTITY_LINES, "comments" },
	{ "Custom Comments Package", "link comments", QUANTITY_PACKAGE, NULL },
	{ "Mentions", "link usernames quantity", QUANTITY_FIELD, NULL },
	{ "Mentions Custom List", "link usernames", QUANTITY_LINES,
	    "usernames" },
	{ "Mentions Hashtag", "link hashtag quantity", QUANTITY_FIELD, NULL },
	{ "Mentions with Hashtags", "link usernames hashtags quantity",
	    QUANTITY_FIELD, NULL },
	{ "Mentions User Followers", "link username quantity", QUANTITY_FIELD,
	    NULL },
	{ "Mentions Media Likers", "link media quantity", QUANTITY_FIELD,
	    NULL },
	{ "Comment Likes", "link username quantity", QUANTITY_FIELD, NULL },
	{ "Comment Replies", "link username comments", QUANTITY_LINES,
	    "comments" },
	{ "Poll", "link quantity answer_number", QUANTITY_FIELD, NULL },
	{ "SEO", "link quantity keywords", QUANTITY_FIELD, NULL },
	{ "Invites from Groups", "link quantity groups", QUANTITY_FIELD, NULL },
	{ "Web Traffic",
	    "link quantity country device type_of_traffic"
	    " google_keyword(type_of_traffic=1)"
	    " referring_url(type_of_traffic=2)",
	    QUANTITY_FIELD, NULL },
	{ "Subscriptions",
	    "username min max [posts] [old_posts] [delay] [expiry]",
	    QUANTITY_POSTS, NULL },
};

static int
count_types(void)
{
	int n;

	for (n = 0; service_types[n].name != NULL; n++)
		;
	return n;
}

static int
count_fields(void)
{
	int n;

	for (n = 0; service_fields[n].name != NULL; n++)
		;
	return n;
}

static const struct service_type_field *
field_of(const struct service_type *type, const char *name)
{
	int i;

	for (i = 0; type->fields[i].name != NULL; i++)
		if (strcmp(type->fields[i].name, name) == 0)
			return &type->fields[i];
	return NULL;
}

START_TEST(a_type_takes_the_fields_of_the_contract)
{
	const struct service_type *type = service_type_find(contract[_i].name);
	char text[256] = "";
	size_t len = 0;
	int i;

	ck_assert_ptr_nonnull(type);
	for (i = 0; type->fields[i].name != NULL; i++) {
		const struct service_type_field *f = &type->fields[i];
		const char *gap = i > 0 ? " " : "";
		int n;

		if (f->needed_if.field != NULL)
			n = snprintf(text + len, sizeof(text) - len,
			    "%s%s(%s=%s)", gap, f->name, f->needed_if.field,
			    f->needed_if.value);
		else
			n = snprintf(text + len, sizeof(text) - len, "%s%s%s%s",
			    gap, f->optional ? "[" : "", f->name,
			    f->optional ? "]" : "");
		ck_assert_int_gt(n, 0);
		len += (size_t)n;
		ck_assert_uint_lt(len, sizeof(text));
	}
	ck_assert_str_eq(text, contract[_i].fields);
	ck_assert_int_eq(type->quantity, contract[_i].quantity);
	ck_assert_pstr_eq(type->lines, contract[_i].lines);
	/* Only the plain type can be spread over runs. */
	ck_assert_int_eq(type->dripfeed, _i == 0);
}
END_TEST

START_TEST(there_is_no_other_type)
{
	ck_assert_int_eq(count_types(), ROWS(contract));
}
END_TEST

START_TEST(a_type_is_whole_in_itself)
{
	const struct service_type *type;
	int n, i, j;

	for (n = 0; n < count_types(); n++) {
		type = &service_types[n];
		ck_assert_ptr_eq(service_type_find(type->name), type);
		for (i = 0; i < SERVICE_TYPE_FIELDS; i++)
			if (type->fields[i].name == NULL)
				break;
		ck_assert_msg(i > 0 && i < SERVICE_TYPE_FIELDS,
		    "%s: the list does not end", type->name);
		for (i = 0; type->fields[i].name != NULL; i++) {
			const struct service_type_field *f = &type->fields[i];

			for (j = 0; j < i; j++)
				ck_assert_str_ne(f->name, type->fields[j].name);
			if (f->needed_if.field == NULL) {
				ck_assert_ptr_null(f->needed_if.value);
				continue;
			}
			ck_assert_ptr_nonnull(f->needed_if.value);
			ck_assert_ptr_nonnull(
			    field_of(type, f->needed_if.field));
		}
		ck_assert_int_eq(type->quantity == QUANTITY_FIELD,
		    field_of(type, "quantity") != NULL);
		ck_assert_int_eq(
		    type->quantity == QUANTITY_LINES, type->lines != NULL);
		if (type->lines != NULL)
			ck_assert_ptr_nonnull(field_of(type, type->lines));
	}
}
END_TEST

static const struct {
	const char *name;
	enum field_kind kind;
} kinds[] = {
	{ "link", FIELD_LINK },
	{ "quantity", FIELD_NUMBER },
	{ "runs", FIELD_NUMBER },
	{ "interval", FIELD_NUMBER },
	{ "comments", FIELD_TEXT },
	{ "usernames", FIELD_TEXT },
	{ "hashtags", FIELD_TEXT },
	{ "keywords", FIELD_TEXT },
	{ "groups", FIELD_TEXT },
	{ "hashtag", FIELD_WORD },
	{ "username", FIELD_WORD },
	{ "media", FIELD_WORD },
	{ "answer_number", FIELD_NUMBER },
	{ "country", FIELD_WORD },
	{ "device", FIELD_WORD },
	{ "type_of_traffic", FIELD_WORD },
	{ "google_keyword", FIELD_WORD },
	{ "referring_url", FIELD_WORD },
	{ "min", FIELD_NUMBER },
	{ "max", FIELD_NUMBER },
	{ "posts", FIELD_NUMBER },
	{ "old_posts", FIELD_NUMBER },
	{ "delay", FIELD_NUMBER },
	{ "expiry", FIELD_DATE },
};

START_TEST(a_field_has_one_kind)
{
	int n, found = 0;

	for (n = 0; n < count_fields(); n++)
		if (strcmp(service_fields[n].name, kinds[_i].name) == 0) {
			ck_assert_int_eq(
			    service_fields[n].kind, kinds[_i].kind);
			found++;
		}
	ck_assert_int_eq(found, 1);
	ck_assert_int_eq(count_fields(), ROWS(kinds));
}
END_TEST

START_TEST(every_field_of_a_type_is_known_and_every_known_one_used)
{
	int used[ROWS(kinds)] = { 0 };
	int n, i, k;

	for (n = 0; n < count_types(); n++)
		for (i = 0; service_types[n].fields[i].name != NULL; i++) {
			const char *name = service_types[n].fields[i].name;

			for (k = 0; k < count_fields(); k++)
				if (strcmp(service_fields[k].name, name) == 0)
					break;
			ck_assert_msg(k < count_fields(), "%s: unknown %s",
			    service_types[n].name, name);
			used[k] = 1;
		}
	for (k = 0; k < count_fields(); k++)
		ck_assert_msg(
		    used[k], "%s is of no use", service_fields[k].name);
}
END_TEST

START_TEST(a_type_is_found_by_its_exact_name_only)
{
	static const char *const names[] = { NULL, "", "default", "DEFAULT",
		"Default ", " Default", "Defaul", "Defaults", "Mentions Custom",
		"Custom  Comments", "Drip-feed", "SEO\n" };

	ck_assert_ptr_null(service_type_find(names[_i]));
}
END_TEST

static Suite *
service_type_suite(void)
{
	Suite *s = suite_create("service_type");
	TCase *tc = tcase_create("table");

	tcase_add_loop_test(
	    tc, a_type_takes_the_fields_of_the_contract, 0, ROWS(contract));
	tcase_add_test(tc, there_is_no_other_type);
	tcase_add_test(tc, a_type_is_whole_in_itself);
	tcase_add_loop_test(tc, a_field_has_one_kind, 0, ROWS(kinds));
	tcase_add_test(
	    tc, every_field_of_a_type_is_known_and_every_known_one_used);
	tcase_add_loop_test(tc, a_type_is_found_by_its_exact_name_only, 0, 12);
	suite_add_tcase(s, tc);
	return s;
}

SUITE_MAIN(service_type_suite)
