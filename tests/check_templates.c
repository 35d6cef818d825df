/* SPDX-License-Identifier: ISC */
/*
 * The operator's own templates, end to end: written by latchkey templates
 * export, judged by latchkey templates check, and used by pages.
 */
#include <check.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fixture.h"
#include "harness.h"
#include "suite.h"
#include "templates.h"

enum { DONE = 0, REFUSED = 1, WRONG = 3 };

static struct site site;

static void
setup(void)
{
	(void)umask(077);
	site_make(&site, "templates = own\nbrand_name = Mine & Yours");
}

static void
teardown(void)
{
	site_remove(&site);
}

/* A path in the site; borrowed until the fourth call from now. */
static const char *
in_site(const char *name)
{
	static char paths[4][SITE_PATH_LEN + 256];
	static int n;
	char *path = paths[n++ % 4];

	(void)snprintf(path, sizeof(paths[0]), "%s/%s", site.dir, name);
	return path;
}

static void
must_export(const char *name, const char *said)
{
	struct output output;

	site_latchkey(
	    &site, &output, "templates", "export", in_site("own"), name, NULL);
	ck_assert_msg(output.code == DONE, "%s", output.err);
	ck_assert_str_eq(output.out, said);
	output_clear(&output);
}

/* What templates check finds, as a list; to be dropped. */
static json_t *
faults(int code)
{
	struct output output;
	json_t *list;

	site_latchkey(&site, &output, "templates", "check", "--json", NULL);
	ck_assert_msg(output.code == code, "%d: %s%s", output.code, output.out,
	    output.err);
	list = json_loads(output.out, 0, NULL);
	ck_assert(json_is_array(list));
	output_clear(&output);
	return list;
}

static const char *
text_of(const json_t *fault, const char *key)
{
	const char *text = json_string_value(json_object_get(fault, key));

	return text != NULL ? text : "";
}

/* There is one fault, that one. */
static void
must_find(const char *file, int line, const char *what)
{
	json_t *list = faults(WRONG), *fault = json_array_get(list, 0);
	char *text = json_dumps(list, JSON_INDENT(1));

	ck_assert_msg(
	    json_array_size(list) == 1 &&
		strcmp(text_of(fault, "file"), file) == 0 &&
		json_integer_value(json_object_get(fault, "line")) == line &&
		strstr(text_of(fault, "what"), what) != NULL,
	    "%s line %d %s: %s", file, line, what, text);
	free(text);
	json_decref(list);
}

static void
put(const char *name, const char *text, mode_t mode)
{
	(void)unlink(in_site(name));
	fixture_write(in_site(name), text, strlen(text));
	ck_assert_int_eq(chmod(in_site(name), mode), 0);
}

static void
make_own(void)
{
	ck_assert_int_eq(mkdir(in_site("own"), 0755), 0);
	ck_assert_int_eq(mkdir(in_site("own/layout"), 0755), 0);
	ck_assert_int_eq(mkdir(in_site("own/dashboard"), 0755), 0);
}

/* --- export --------------------------------------------------------------- */

START_TEST(an_export_has_all_that_is_built_in_and_is_in_order)
{
	char said[64], path[256];
	struct stat st;
	size_t n, len;
	char *text;

	for (n = 0; template_all[n] != NULL;)
		n++;
	(void)snprintf(said, sizeof(said), "%zu written\n", n);
	must_export(NULL, said);
	for (n = 0; template_all[n] != NULL; n++) {
		(void)snprintf(
		    path, sizeof(path), "own/%s.html", template_all[n]->name);
		text = fixture_read(in_site(path), &len);
		ck_assert_uint_eq(len, template_all[n]->len);
		ck_assert_mem_eq(text, template_all[n]->text, len);
		free(text);
		ck_assert_int_eq(stat(in_site(path), &st), 0);
		ck_assert_int_eq(st.st_mode & 0777, 0644);
	}
	json_decref(faults(DONE));
	/* The same once more changes nothing. */
	must_export(NULL, "0 written\n");
}
END_TEST

START_TEST(an_export_leaves_what_is_there)
{
	size_t len;
	char *text;

	must_export("layout/foot", "1 written\n");
	put("own/layout/foot.html", "mine", 0644);
	must_export("layout/foot", "0 written, 1 that differ left as they "
				   "are\n");
	text = fixture_read(in_site("own/layout/foot.html"), &len);
	ck_assert_str_eq(text, "mine");
	free(text);
	ck_assert_int_ne(access(in_site("own/layout/head.html"), F_OK), 0);
}
END_TEST

START_TEST(an_export_that_fails_leaves_nothing_half_written)
{
	struct output output;

	make_own();
	/* Where the new file would be made is a directory. */
	ck_assert_int_eq(mkdir(in_site("own/layout/foot.html.new"), 0755), 0);
	site_latchkey(&site, &output, "templates", "export", in_site("own"),
	    "layout/foot", NULL);
	ck_assert_int_eq(output.code, REFUSED);
	ck_assert_ptr_nonnull(strstr(output.err, "layout/foot.html"));
	output_clear(&output);
	ck_assert_int_ne(access(in_site("own/layout/foot.html"), F_OK), 0);
	/* What a killed one left does not stand in the way. */
	ck_assert_int_eq(rmdir(in_site("own/layout/foot.html.new")), 0);
	put("own/layout/foot.html.new", "<p", 0600);
	must_export("layout/foot", "1 written\n");
	ck_assert_int_ne(access(in_site("own/layout/foot.html.new"), F_OK), 0);
	json_decref(faults(DONE));
}
END_TEST

/* --- check ---------------------------------------------------------------- */

static const struct {
	const char *name, *text;
	mode_t mode;
	int line;
	const char *what;
} broken[] = {
	{ "layout/foot.html", "\n{{#a}}", 0644, 2,
	    "the section a does not end" },
	{ "layout/foot.html", "a\n{{{b}}}", 0644, 2, "always escaped" },
	{ "layout/foot.html", "<a href=\"{{b}}\">", 0644, 1,
	    "a variable at the start of a URL" },
	{ "layout/foot.html", "\n\n{{> nothing}}", 0644, 3,
	    "there is no layout/nothing.html" },
	{ "layout/foot.html", "a", 0666, 0, "others can write it" },
	{ "layout/foot.html", "\xff", 0644, 0, "not UTF-8" },
	{ "layout/own.html", "a{{> own}}", 0644, 0, "too deep" },
	{ "layout/own.html", "{{^a}}{{> own}}{{/a}}", 0644, 0, "too deep" },
	{ "layout/own.html", "<form method=\"post\"></form>", 0644, 0,
	    "a form without {{> form}}" },
	{ "dashboard/nothing.html", "a", 0644, 0, "there is no such page" },
};

START_TEST(a_check_names_the_file_the_line_and_the_fault)
{
	char path[256];

	make_own();
	(void)snprintf(path, sizeof(path), "own/%s", broken[_i].name);
	put(path, broken[_i].text, broken[_i].mode);
	must_find(broken[_i].name, broken[_i].line, broken[_i].what);
}
END_TEST

START_TEST(what_is_in_order_is_not_complained_of)
{
	make_own();
	put("own/layout/head.html", "{{> own}}{{page.title}}", 0644);
	put("own/layout/own.html", "<p>{{#a}}{{> own}}{{/a}}</p>", 0400);
	put("own/layout/other.html",
	    "<form method=\"post\">{{#form.a}}{{> form}}{{/form.a}}</form>"
	    "<form action=\"?a\"></form>",
	    0644);
	/* No template: left by an editor. */
	put("own/layout/head.html~", "{{#a}}", 0644);
	put("own/README", "{{#a}}", 0644);
	json_decref(faults(DONE));
}
END_TEST

START_TEST(a_directory_is_named)
{
	must_find("(directory)", 0, "No such file or directory");
	make_own();
	json_decref(faults(DONE));
	ck_assert_int_eq(chmod(in_site("own"), 0777), 0);
	must_find("(directory)", 0, "others can write it");
}
END_TEST

START_TEST(a_link_is_not_followed)
{
	make_own();
	put("elsewhere", "a", 0644);
	ck_assert_int_eq(
	    symlink(in_site("elsewhere"), in_site("own/layout/foot.html")), 0);
	must_find("layout/foot.html", 0, "");
}
END_TEST

START_TEST(a_colour_is_readable)
{
	struct output output;
	FILE *conf;

	make_own();
	conf = fopen(in_site("latchkey.conf"), "ae");
	ck_assert_ptr_nonnull(conf);
	(void)fputs(
	    "brand_color = #767676\nbrand_dark_color = #8ab8ff\n", conf);
	(void)fflush(conf);
	json_decref(faults(DONE));
	(void)fputs("brand_color = #787878\n", conf);
	(void)fflush(conf);
	must_find("brand_color", 0, "a contrast of 4.4 to #ffffff");
	(void)fputs("brand_color =\nbrand_dark_color = #123456\n", conf);
	ck_assert_int_eq(fclose(conf), 0);
	must_find("brand_dark_color", 0, "text needs 4.5");
	site_latchkey(&site, &output, "templates", "check", NULL);
	ck_assert_int_eq(output.code, WRONG);
	ck_assert_ptr_nonnull(strstr(output.out, "WHAT IS WRONG"));
	ck_assert_ptr_nonnull(
	    strstr(output.err, "templates check found 1 thing wrong"));
	output_clear(&output);
}
END_TEST

/* --- pages ---------------------------------------------------------------- */

/* A page that shows no more than the layout: one that refuses. */
static void
get_refusal(struct answer *answer)
{
	static const struct cgi_call call = { .program = "dashboard/colors",
		.method = "PUT",
		.content_type = "" };

	cgi_run(&site, &call, answer);
	ck_assert_msg(answer->status == 405, "%d %s %s %s", answer->status,
	    answer->why, answer->head, answer->err);
}

START_TEST(a_page_takes_the_sites_template_at_once)
{
	struct answer answer;

	get_refusal(&answer);
	ck_assert_ptr_nonnull(strstr(answer.body, "Mine &amp; Yours"));
	ck_assert_ptr_null(strstr(answer.body, "my own foot"));
	answer_clear(&answer);
	make_own();
	put("own/layout/foot.html", "my own foot {{brand.name}}", 0644);
	get_refusal(&answer);
	ck_assert_ptr_nonnull(
	    strstr(answer.body, "my own foot Mine &amp; Yours"));
	answer_clear(&answer);
	/* A slip costs a line of log, not a page. */
	put("own/layout/foot.html", "my own foot {{brand.name}", 0644);
	get_refusal(&answer);
	ck_assert_ptr_null(strstr(answer.body, "my own foot"));
	ck_assert_ptr_nonnull(strstr(answer.body, "</html>"));
	ck_assert_ptr_nonnull(strstr(answer.err,
	    "pass over the template layout/foot.html of the site: line 1"));
	answer_clear(&answer);
}
END_TEST

START_TEST(colours_are_a_style_sheet)
{
	static const struct cgi_call call = { .program = "dashboard/colors",
		.method = "GET",
		.content_type = "" };
	struct answer answer;
	FILE *conf;

	conf = fopen(in_site("latchkey.conf"), "ae");
	ck_assert_ptr_nonnull(conf);
	(void)fputs("brand_color = #0b5fa5\nbrand_css = /my/own.css\n"
		    "brand_logo = /my/logo.svg\nbrand_footer = <Foot>\n"
		    "templates =\n",
	    conf);
	ck_assert_int_eq(fclose(conf), 0);
	cgi_run(&site, &call, &answer);
	ck_assert_msg(answer.status == 200, "%d %s %s %s", answer.status,
	    answer.why, answer.head, answer.err);
	ck_assert_str_eq(
	    answer_header(&answer, "Content-Type"), "text/css; charset=utf-8");
	ck_assert_ptr_nonnull(strstr(answer.body, "--accent: #0b5fa5;"));
	answer_clear(&answer);
	get_refusal(&answer);
	ck_assert_ptr_nonnull(strstr(answer.body, "\"colors?0b5fa5-\""));
	ck_assert_ptr_nonnull(strstr(answer.body, "\"../my/own.css\""));
	ck_assert_ptr_nonnull(strstr(answer.body, "\"../my/logo.svg\""));
	ck_assert_ptr_nonnull(strstr(answer.body, "&lt;Foot&gt;"));
	answer_clear(&answer);
}
END_TEST

static Suite *
templates_suite(void)
{
	Suite *s = suite_create("templates");
	TCase *tc = tcase_create("templates");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, an_export_has_all_that_is_built_in_and_is_in_order);
	tcase_add_test(tc, an_export_leaves_what_is_there);
	tcase_add_test(tc, an_export_that_fails_leaves_nothing_half_written);
	tcase_add_loop_test(
	    tc, a_check_names_the_file_the_line_and_the_fault, 0, ROWS(broken));
	tcase_add_test(tc, what_is_in_order_is_not_complained_of);
	tcase_add_test(tc, a_directory_is_named);
	tcase_add_test(tc, a_link_is_not_followed);
	tcase_add_test(tc, a_colour_is_readable);
	tcase_add_test(tc, a_page_takes_the_sites_template_at_once);
	tcase_add_test(tc, colours_are_a_style_sheet);
	suite_add_tcase(s, tc);
	return s;
}

SUITE_MAIN(templates_suite)
