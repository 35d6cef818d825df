/* SPDX-License-Identifier: ISC */
/*
 * The table of errors: every row is whole, keeps to the contract, and stands
 * in htdocs/developers/errors.html with the same text and both statuses,
 * and nothing else stands there.
 */
#include <stdio.h>
#include <string.h>

#include "error.h"
#include "scratch.h"
#include "suite.h"

/* The texts of the contract that has come down from other panels. */
static const struct {
	enum error error;
	enum rc rc;
	int http, strict;
	const char *arg;
	const char *text;
} contract[] = {
	{ ERROR_KEY, RC_DENIED, 200, 401, NULL, "Invalid API key" },
	{ ERROR_SUSPENDED, RC_DENIED, 200, 403, NULL, "Account suspended" },
	{ ERROR_REQUEST, RC_INVALID, 200, 400, NULL, "Incorrect request" },
	{ ERROR_MISSING, RC_INVALID, 200, 400, "username",
	    "Missing required parameter: username" },
	{ ERROR_SERVICE, RC_NOT_FOUND, 200, 404, NULL, "Incorrect service ID" },
	{ ERROR_LESS, RC_INVALID, 200, 400, "50",
	    "Quantity less than minimal 50" },
	{ ERROR_MORE, RC_INVALID, 200, 400, "10000",
	    "Quantity more than maximum 10000" },
	{ ERROR_QUANTITY, RC_INVALID, 200, 400, NULL, "Incorrect quantity" },
	{ ERROR_FUNDS, RC_INVALID, 200, 400, NULL,
	    "Not enough funds on balance" },
	{ ERROR_LINK, RC_INVALID, 200, 400, NULL, "Bad link" },
	{ ERROR_LINK_ACTIVE, RC_INVALID, 200, 400, NULL,
	    "You have active order with this link."
	    " Please wait until order being completed." },
	{ ERROR_ORDER, RC_NOT_FOUND, 200, 404, NULL, "Incorrect order ID" },
	{ ERROR_REFILL, RC_NOT_FOUND, 200, 404, NULL, "Refill not found" },
	{ ERROR_REFILL_OFF, RC_INVALID, 200, 400, NULL,
	    "Refill is disabled for this service" },
	{ ERROR_REFILL_SOON, RC_INVALID, 200, 400, NULL,
	    "The order was completed or refill was requested"
	    " less than 24 hours ago" },
	{ ERROR_REFILL_CAP, RC_INVALID, 200, 400, NULL,
	    "Refill limit reached for this order" },
	{ ERROR_CANCEL, RC_INVALID, 200, 400, NULL,
	    "Order cannot be canceled" },
	{ ERROR_TOO_MANY, RC_INVALID, 200, 400, NULL, "Maximum 100 orders" },
	{ ERROR_RATE, RC_LIMITED, 429, 429, NULL, "Rate limit exceeded" },
	{ ERROR_METHOD, RC_INVALID, 405, 405, NULL,
	    "Method not allowed, use POST" },
	{ ERROR_SIZE, RC_INVALID, 413, 413, NULL, "Request body too large" },
	{ ERROR_TYPE, RC_INVALID, 415, 415, NULL, "Unsupported content type" },
	{ ERROR_BUSY, RC_BUSY, 503, 503, NULL,
	    "Service temporarily unavailable" },
	{ ERROR_INTERNAL, RC_FAIL, 500, 500, NULL, "Internal error" },
};

START_TEST(a_text_is_what_clients_match)
{
	const struct error_row *row = error_row(contract[_i].error);
	char text[ERROR_TEXT_LEN];

	error_text(contract[_i].error, contract[_i].arg, text);
	ck_assert_str_eq(text, contract[_i].text);
	ck_assert_int_eq(row->rc, contract[_i].rc);
	ck_assert_int_eq(row->http, contract[_i].http);
	ck_assert_int_eq(row->strict, contract[_i].strict);
}
END_TEST

START_TEST(every_row_is_whole)
{
	const struct error_row *row = error_row((enum error)_i);
	size_t len;

	ck_assert_ptr_nonnull(row->text);
	len = strlen(row->text);
	ck_assert_uint_gt(len, 0);
	/* An argument of any length that struct why holds still fits. */
	ck_assert_uint_lt(
	    len + 1 + sizeof(((struct why *)NULL)->arg), ERROR_TEXT_LEN);
	ck_assert_ptr_null(strpbrk(row->text, "\"\\\n\t"));
	ck_assert_int_ne(row->rc, RC_OK);
	ck_assert_int_ge(row->strict, 400);
	ck_assert_int_le(row->strict, 599);
}
END_TEST

START_TEST(a_status_is_200_or_the_same_in_both_modes)
{
	const struct error_row *row = error_row((enum error)_i);

	if (row->http == 200) {
		ck_assert_int_ge(row->strict, 400);
		ck_assert_int_le(row->strict, 404);
	} else {
		ck_assert_int_eq(row->http, row->strict);
	}
	/* An id that is not there is 404, whatever it is the id of. */
	ck_assert_int_eq(row->rc == RC_NOT_FOUND, row->strict == 404);
	ck_assert_int_eq(row->rc == RC_BUSY, row->strict == 503);
	ck_assert_int_eq(row->rc == RC_FAIL, row->strict == 500);
	ck_assert_int_eq(row->rc == RC_LIMITED, row->strict == 429);
}
END_TEST

START_TEST(no_two_rows_have_one_text)
{
	int other;

	for (other = ERROR_NONE + 1; other < ERROR_COUNT; other++)
		ck_assert(other == _i ||
			  strcmp(error_row((enum error)_i)->text,
			      error_row((enum error)other)->text) != 0);
}
END_TEST

START_TEST(a_value_out_of_range_is_an_internal_error)
{
	static const int values[] = { ERROR_NONE, ERROR_COUNT, ERROR_COUNT + 1,
		10000 };

	ck_assert_ptr_eq(
	    error_row((enum error)values[_i]), error_row(ERROR_INTERNAL));
}
END_TEST

START_TEST(a_noted_error_is_the_answer_to_its_own_result_only)
{
	static const enum rc rcs[] = { RC_OK, RC_INVALID, RC_DENIED,
		RC_NOT_FOUND, RC_LIMITED, RC_BUSY, RC_FAIL };
	const struct error_row *row = error_row((enum error)_i);
	struct why why = { ERROR_NONE, "" };
	size_t i;

	ck_assert_int_eq(error_set(&why, (enum error)_i, "x"), row->rc);
	ck_assert_int_eq(why.error, _i);
	ck_assert_str_eq(why.arg, "x");
	for (i = 0; i < sizeof(rcs) / sizeof(rcs[0]); i++) {
		enum error error = error_of(rcs[i], &why);

		if (rcs[i] == row->rc)
			ck_assert_int_eq(error, _i);
		else
			ck_assert_int_eq(error, error_of(rcs[i], NULL));
	}
}
END_TEST

static const struct {
	enum rc rc;
	enum error error;
} general[] = {
	{ RC_OK, ERROR_INTERNAL }, /* no error where one is asked for */
	{ RC_INVALID, ERROR_REQUEST },
	{ RC_DENIED, ERROR_INTERNAL },
	{ RC_NOT_FOUND, ERROR_INTERNAL },
	{ RC_LIMITED, ERROR_RATE },
	{ RC_BUSY, ERROR_BUSY },
	{ RC_FAIL, ERROR_INTERNAL },
};

START_TEST(a_result_without_a_reason_has_a_general_error)
{
	struct why none = { ERROR_NONE, "" };

	ck_assert_int_eq(error_of(general[_i].rc, NULL), general[_i].error);
	ck_assert_int_eq(error_of(general[_i].rc, &none), general[_i].error);
}
END_TEST

START_TEST(nobody_has_to_want_the_reason)
{
	ck_assert_int_eq(error_set(NULL, ERROR_FUNDS, "anything"), RC_INVALID);
}
END_TEST

START_TEST(an_argument_is_cut_to_fit)
{
	char arg[500], text[ERROR_TEXT_LEN];
	struct why why;

	memset(arg, 'a', sizeof(arg) - 1);
	arg[sizeof(arg) - 1] = '\0';
	(void)error_set(&why, ERROR_MISSING, arg);
	ck_assert_uint_eq(strlen(why.arg), sizeof(why.arg) - 1);
	error_text(ERROR_MISSING, arg, text);
	ck_assert_uint_eq(strlen(text), sizeof(text) - 1);
	(void)error_set(&why, ERROR_MISSING, NULL);
	ck_assert_str_eq(why.arg, "");
	error_text(ERROR_FUNDS, "", text);
	ck_assert_str_eq(text, "Not enough funds on balance");
	error_text(ERROR_FUNDS, NULL, text);
	ck_assert_str_eq(text, "Not enough funds on balance");
}
END_TEST

/* --- the documentation -------------------------------------------------- */

static const char ROW[] = "<tr><th scope=\"row\"><code>";
static const char NUM[] = "<td class=\"num\">";

static char *page;

/* tests/run installs a site; a run by hand is in the source's directory. */
static void
read_page(void)
{
	char path[SCRATCH_PATH_LEN] = "htdocs/developers/errors.html";
	const char *site = getenv("SITE");

	if (site != NULL)
		(void)snprintf(path, sizeof(path),
		    "%s/public_html/developers/errors.html", site);
	page = scratch_read(path, NULL);
}

static void
free_page(void)
{
	free(page);
	page = NULL;
}

/* True if a row's text, up to its argument (" &lt;"), is that text. */
static int
is_text(const char *row, const char *text)
{
	size_t len = strlen(text);

	return strncmp(row, text, len) == 0 &&
	       (strncmp(row + len, "</code>", 7) == 0 ||
		   strncmp(row + len, " &lt;", 5) == 0);
}

START_TEST(the_documentation_has_the_row)
{
	const struct error_row *row = error_row((enum error)_i);
	int found = 0, http, strict;
	const char *p;

	for (p = page; (p = strstr(p, ROW)) != NULL;) {
		const char *end = strstr(p, "</tr>"), *num;

		p += sizeof(ROW) - 1;
		ck_assert_ptr_nonnull(end);
		if (!is_text(p, row->text))
			continue;
		found++;
		num = strstr(p, NUM);
		ck_assert(num != NULL && num < end);
		http = (int)strtol(num + sizeof(NUM) - 1, NULL, 10);
		num = strstr(num + 1, NUM);
		ck_assert(num != NULL && num < end);
		strict = (int)strtol(num + sizeof(NUM) - 1, NULL, 10);
		ck_assert_int_eq(http, row->http);
		ck_assert_int_eq(strict, row->strict);
	}
	ck_assert_msg(found == 1, "\"%s\" is there %d times", row->text, found);
}
END_TEST

START_TEST(the_documentation_has_no_other_row)
{
	const char *p;
	int n = 0;

	for (p = page; (p = strstr(p, ROW)) != NULL; n++) {
		int known = 0, error;

		p += sizeof(ROW) - 1;
		for (error = ERROR_NONE + 1; error < ERROR_COUNT; error++)
			known += is_text(p, error_row((enum error)error)->text);
		ck_assert_msg(known == 1, "unknown: %.60s", p);
	}
	ck_assert_int_eq(n, ERROR_COUNT - 1);
}
END_TEST

static Suite *
error_suite(void)
{
	Suite *s = suite_create("error");
	TCase *tc = tcase_create("table");

	tcase_add_loop_test(
	    tc, a_text_is_what_clients_match, 0, ROWS(contract));
	tcase_add_loop_test(
	    tc, every_row_is_whole, ERROR_NONE + 1, ERROR_COUNT);
	tcase_add_loop_test(tc, a_status_is_200_or_the_same_in_both_modes,
	    ERROR_NONE + 1, ERROR_COUNT);
	tcase_add_loop_test(
	    tc, no_two_rows_have_one_text, ERROR_NONE + 1, ERROR_COUNT);
	tcase_add_loop_test(
	    tc, a_value_out_of_range_is_an_internal_error, 0, 4);
	tcase_add_loop_test(tc,
	    a_noted_error_is_the_answer_to_its_own_result_only, ERROR_NONE + 1,
	    ERROR_COUNT);
	tcase_add_loop_test(tc, a_result_without_a_reason_has_a_general_error,
	    0, ROWS(general));
	tcase_add_test(tc, nobody_has_to_want_the_reason);
	tcase_add_test(tc, an_argument_is_cut_to_fit);
	suite_add_tcase(s, tc);

	tc = tcase_create("documentation");
	tcase_add_checked_fixture(tc, read_page, free_page);
	tcase_add_loop_test(
	    tc, the_documentation_has_the_row, ERROR_NONE + 1, ERROR_COUNT);
	tcase_add_test(tc, the_documentation_has_no_other_row);
	suite_add_tcase(s, tc);
	return s;
}

SUITE_MAIN(error_suite)
