/* SPDX-License-Identifier: ISC */
/*
 * Pages that do not exist, through the real Apache: they are answered by a
 * page, wherever the programs are, and by Apache where that is missing.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dashboard.h"
#include "suite.h"

enum { PATH_LEN = SITE_PATH_LEN + 64 };

static struct dashboard d;
static struct browser b;

static void
setup(void)
{
	dashboard_make(&d, NULL);
	browser_open(&b, &d.site);
}

static void
teardown(void)
{
	browser_close(&b);
	dashboard_remove(&d);
}

static const char *
in_site(const char *name)
{
	static char paths[2][PATH_LEN];
	static int n;
	char *path = paths[n++ % 2];

	(void)snprintf(path, PATH_LEN, "%s/%s", d.site.dir, name);
	return path;
}

/* True if the answer is the panel's own page that says that there is none. */
static int
is_ours(void)
{
	return b.answer.status == 404 && browser_sees(&b, "<h1>Not found</h1>");
}

static const char *const unknown[] = { "nowhere", "missing", "front", "a_b",
	"Upper", "with-dash", "overview.html", "login~", "a.b?c=d", ".htaccess",
	"%20", "%3Cscript%3E" };

START_TEST(what_is_no_page_is_answered_by_one)
{
	size_t i;

	for (i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
		browser_ask(&b, unknown[i]);
		ck_assert_msg(is_ours() || (unknown[i][0] == '.' &&
					       b.answer.status == 403),
		    "%s: %d", unknown[i], b.answer.status);
		if (unknown[i][0] == '.')
			continue;
		ck_assert(browser_sees(&b, "To the log-in"));
		ck_assert(!browser_sees(&b, "<script>"));
		ck_assert_ptr_nonnull(
		    answer_header(&b.answer, "Content-Security-Policy"));
	}
	browser_get(&b, "login");
	ck_assert_int_eq(b.answer.status, 200);
}
END_TEST

START_TEST(who_is_logged_in_stays_so)
{
	dashboard_log_in(&d, &b, DASHBOARD_ONE);
	browser_ask(&b, "nowhere");
	ck_assert(is_ours());
	ck_assert(browser_sees(&b, "To the overview"));
	ck_assert(browser_sees(&b, "<a href=\"./orders\">"));
	browser_ask(&b, "overview");
	ck_assert_int_eq(b.answer.status, 200);
}
END_TEST

START_TEST(without_that_page_all_others_work)
{
	ck_assert_int_eq(
	    unlink(in_site("public_html/cgi-bin/dashboard/missing")), 0);
	browser_ask(&b, "nowhere");
	ck_assert_int_eq(b.answer.status, 404);
	ck_assert(!is_ours());
	browser_ask(&b, "front");
	ck_assert_int_eq(b.answer.status, 404);
	browser_close(&b);
	dashboard_log_in(&d, &b, DASHBOARD_ONE);
}
END_TEST

/* A configuration of the site's own: what is there is shared by all. */
static void
configure(const char *override)
{
	FILE *in = fopen(in_site("apache.conf.in"), "re"), *out;
	int c;

	ck_assert_ptr_nonnull(in);
	ck_assert_int_eq(unlink(in_site("apache.conf.in")), 0);
	out = fopen(in_site("apache.conf.in"), "we");
	ck_assert_ptr_nonnull(out);
	while ((c = fgetc(in)) != EOF)
		(void)fputc(c, out);
	(void)fclose(in);
	(void)fprintf(out,
	    "ScriptAlias \"/cgi-bin/\" \"${SITE}/programs/\"\n"
	    "<Directory \"${SITE}/programs\">\n"
	    "AllowOverride %s\nRequire all granted\n</Directory>\n",
	    override);
	ck_assert_int_eq(fclose(out), 0);
}

/* The programs move to where hosts have a cgi-bin of their own. */
static void
move_programs(const char *override)
{
	site_stop(&d.site);
	ck_assert_int_eq(
	    rename(in_site("public_html/cgi-bin"), in_site("programs")), 0);
	configure(override);
	site_start(&d.site);
	browser_get(&b, "login");
	ck_assert_int_eq(b.answer.status, 200);
}

START_TEST(programs_elsewhere_have_it_too)
{
	move_programs("All");
	browser_ask(&b, "nowhere");
	ck_assert_msg(is_ours(), "%d", b.answer.status);
	browser_ask(&b, "Upper");
	ck_assert(is_ours());
	browser_close(&b);
	dashboard_log_in(&d, &b, DASHBOARD_ONE);
	browser_ask(&b, "nowhere");
	ck_assert(is_ours());
	ck_assert(browser_sees(&b, "To the overview"));
}
END_TEST

START_TEST(programs_whose_rules_are_not_read_work)
{
	move_programs("None");
	browser_ask(&b, "nowhere");
	ck_assert_int_eq(b.answer.status, 404);
	browser_ask(&b, "Upper");
	ck_assert(is_ours());
	browser_close(&b);
	dashboard_log_in(&d, &b, DASHBOARD_ONE);
}
END_TEST

static Suite *
make_suite(void)
{
	Suite *suite = suite_create("page_missing");
	TCase *tc = tcase_create("page_missing");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, what_is_no_page_is_answered_by_one);
	tcase_add_test(tc, who_is_logged_in_stays_so);
	tcase_add_test(tc, without_that_page_all_others_work);
	tcase_add_test(tc, programs_elsewhere_have_it_too);
	tcase_add_test(tc, programs_whose_rules_are_not_read_work);
	suite_add_tcase(suite, tc);
	return suite;
}

SUITE_MAIN(make_suite)
