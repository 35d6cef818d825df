/* SPDX-License-Identifier: ISC */
/*
 * Memory that runs out: every allocation of a call fails once, one after the
 * other, until the call succeeds, and again with all later ones failing too.
 * The linker wraps the library's allocator (tests/suites.mk); jansson is
 * given the same one.
 */
#include <jansson.h>
#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "action.h"
#include "csv.h"
#include "error.h"
#include "form.h"
#include "scratch.h"
#include "suite.h"
#include "template.h"

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t size);
void __real_free(void *p);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t size);
void __wrap_free(void *p);

static struct {
	int armed;
	int lasting;        /* all after the first fail too */
	long left;          /* allocations that succeed before it */
	long failed;        /* how many have failed */
	const char *hidden; /* must not be in memory that is freed */
	long found;         /* how often it was */
} memory;

/*
 * Check is a static library and its allocator is wrapped as well: a scenario
 * ends the failing before it looks at what it got.
 */
static void
disarm(void)
{
	memory.armed = 0;
}

/* True if this allocation is to fail. */
static int
fails(void)
{
	if (!memory.armed || memory.left-- > 0)
		return 0;
	if (memory.failed > 0 && !memory.lasting)
		return 0;
	memory.failed++;
	return 1;
}

void *
__wrap_malloc(size_t size)
{
	return fails() ? NULL : __real_malloc(size);
}

void *
__wrap_calloc(size_t n, size_t size)
{
	return fails() ? NULL : __real_calloc(n, size);
}

void *
__wrap_realloc(void *p, size_t size)
{
	return fails() ? NULL : __real_realloc(p, size);
}

void
__wrap_free(void *p)
{
	if (p != NULL && memory.hidden != NULL &&
	    memmem(p, malloc_usable_size(p), memory.hidden,
		strlen(memory.hidden)) != NULL)
		memory.found++;
	__real_free(p);
}

/* What may fail, written so that it may end anywhere. */
struct scenario {
	const char *name;
	enum rc (*run)(void);
	/*
	 * jansson does not always tell memory from syntax, so that what it
	 * parses may be refused as well.
	 */
	int may_refuse;
};

#define URL "application/x-www-form-urlencoded"
#define MULTI "multipart/form-data; boundary=XyZ"
#define PART(name, value)                                       \
	"--XyZ\r\nContent-Disposition: form-data; name=\"" name \
	"\"\r\n\r\n" value "\r\n"
#define TEN(s) s s s s s s s s s s

/* Parses a body whose list l has n items. */
static enum rc
parse(const char *type, const char *body, size_t n)
{
	struct form *form = NULL;
	const char *what = NULL;
	enum rc rc = form_new(&form);

	if (rc == RC_OK)
		rc = form_parse(form, type, body, strlen(body), &what);
	disarm();
	if (rc == RC_OK)
		ck_assert_uint_eq(form_list(form, "l", 0, NULL, NULL), n);
	form_free(form);
	return rc;
}

static enum rc
run_urlencoded(void)
{
	return parse(URL, TEN("l=1&") TEN("l[]=2&") TEN("l[0]=3,4&"), 40);
}

static enum rc
run_multipart(void)
{
	return parse(
	    MULTI, TEN(PART("l", "1")) TEN(PART("l[]", "2")) "--XyZ--", 20);
}

static enum rc
run_json(void)
{
	return parse("application/json",
	    "{\"l\":[" TEN("1,\"2\",") "3],\"a\":1.5,\"b\":\"\\u20ac\","
				       "\"c\":true,\"d\":null,\"e\":\"x\","
				       "\"f\":\"y\",\"g\":\"z\","
				       "\"h\":\"1\",\"i\":\"2\",\"j\":\"3\"}",
	    21);
}

static enum rc
run_query(void)
{
	static const char query[] = TEN("l=1&") TEN("l=2&") "key=x";
	struct form *form = NULL;
	const char *what = NULL;
	enum rc rc = form_new(&form);
	int has_key = 0;

	if (rc == RC_OK)
		rc = form_parse_query(
		    form, query, sizeof(query) - 1, &has_key, &what);
	disarm();
	if (rc == RC_OK) {
		ck_assert_int_eq(has_key, 1);
		ck_assert_uint_eq(form_count(form, "l"), 20);
	}
	form_free(form);
	return rc;
}

static enum rc
run_add(void)
{
	struct form *form = NULL;
	enum rc rc = form_new(&form);
	int i;

	for (i = 0; rc == RC_OK && i < 40; i++)
		rc = form_add(form, "l", "1");
	disarm();
	if (rc == RC_OK)
		ck_assert_uint_eq(form_count(form, "l"), 40);
	form_free(form);
	return rc;
}

static enum rc
run_csv(void)
{
	static char text[] = "a,b\n1,2\n";
	FILE *in = fmemopen(text, sizeof(text) - 1, "r");
	struct csv *csv = NULL;
	enum rc rc;

	rc = csv_new(in, &csv);
	disarm();
	ck_assert_ptr_nonnull(in);
	if (rc == RC_OK) {
		ck_assert_int_eq(csv_next(csv), RC_OK);
		ck_assert_str_eq(csv_field(csv, 1), "b");
	}
	csv_free(csv);
	(void)fclose(in);
	return rc;
}

/* Writes a model as an answer; drops it even where it fails. */
static enum rc
run_answer(void)
{
	char *text = NULL;
	size_t len = 0;
	struct call call = { .out = open_memstream(&text, &len) };
	json_t *model = json_array();
	struct why why;
	enum rc rc;

	if (call.out == NULL)
		return RC_BUSY; /* no answer that is expected */
	(void)error_set(&why, ERROR_MISSING, "link");
	if (model != NULL && (json_array_append_new(
				  model, action_error(RC_INVALID, &why)) != 0 ||
				 json_array_append_new(model,
				     action_error(RC_FAIL, NULL)) != 0)) {
		json_decref(model);
		model = NULL;
	}
	rc = action_answer(&call, model);
	disarm();
	(void)fclose(call.out);
	if (rc == RC_OK)
		ck_assert_str_eq(text,
		    "[{\"error\":\"Missing required parameter: link\"},"
		    "{\"error\":\"Internal error\"}]");
	free(text);
	return rc;
}

static enum rc
run_ids(void)
{
	static const struct action action = { "cancel", "order", "orders", NULL,
		DB_WRITE };
	struct call *call = calloc(1, sizeof(*call));
	struct form *form = NULL;
	json_t *ids = NULL;
	enum rc rc = RC_FAIL;
	char *text = NULL;
	size_t i;

	if (call == NULL || form_new(&form) != RC_OK ||
	    (ids = json_array()) == NULL)
		goto out;
	rc = form_add(form, "orders", "7, x7 ,-1,2147483648,1e3");
	if (rc != RC_OK)
		goto out;
	call->form = form;
	rc = action_ids(&action, call);
	for (i = 0; rc == RC_OK && i < call->nids; i++)
		if (json_array_append_new(ids, action_id_json(&call->ids[i])) !=
		    0)
			rc = RC_FAIL;
	if (rc != RC_OK)
		goto out;
	text = json_dumps(ids, JSON_COMPACT);
	disarm();
	if (text != NULL)
		ck_assert_str_eq(text, "[7,\"x7\",\"-1\",2147483648,\"1e3\"]");
	else
		rc = RC_FAIL;
out:
	free(text);
	json_decref(ids);
	form_free(form);
	free(call);
	return rc;
}

/* Makes a page whose partial is the site's own; nothing or all is written. */
static enum rc
run_page(void)
{
	static const struct template page = { "dashboard/x",
		"{{#l}}{{> p}}{{/l}}", 19 };
	static const struct template partial = { "layout/p", "no", 2 };
	static const struct template *const layout[] = { &partial, NULL };
	static const char own[] = "<p>{{.}}</p>";
	char dir[SCRATCH_PATH_LEN], file[SCRATCH_PATH_LEN], text[64] = "";
	const struct templates templates = { layout, dir };
	json_t *model = NULL;
	FILE *out;
	enum rc rc;

	memory.armed = 0;
	scratch_path("layout", dir);
	if (access(dir, F_OK) != 0)
		scratch_mkdir("layout", 0755, dir);
	scratch_write("layout/p.html", own, sizeof(own) - 1, 0644, file);
	scratch_path("", dir);
	model = json_pack("{s:[s,s]}", "l", "a", "<");
	out = fmemopen(text, sizeof(text), "w");
	ck_assert(model != NULL && out != NULL);
	memory.armed = 1;
	rc = template_render(&templates, &page, model, out);
	disarm();
	(void)fclose(out);
	json_decref(model);
	ck_assert_str_eq(text, rc == RC_OK ? "<p>a</p><p>&lt;</p>" : "");
	return rc;
}

static enum rc
run_template_check(void)
{
	static const char text[] = "{{#a}}<p title=\"{{b}}\">{{/a}}";
	static const struct template template = { "dashboard/x", text,
		sizeof(text) - 1 };
	struct template_fault fault;

	return template_check(&template, &fault);
}

static const struct scenario scenarios[] = {
	{ "urlencoded", run_urlencoded, 0 },
	{ "multipart", run_multipart, 0 },
	{ "JSON", run_json, 1 },
	{ "query", run_query, 0 },
	{ "add", run_add, 0 },
	{ "CSV", run_csv, 0 },
	{ "answer", run_answer, 0 },
	{ "ids", run_ids, 0 },
	{ "page", run_page, 0 },
	{ "template", run_template_check, 0 },
};

static void
setup(void)
{
	scratch_make();
	json_set_alloc_funcs(__wrap_malloc, __wrap_free);
}

/* Runs a scenario whose n-th allocation fails; gives how many failed. */
static long
run_failing(const struct scenario *scenario, long n, int lasting, enum rc *rc)
{
	memory.armed = 1;
	memory.lasting = lasting;
	memory.left = n;
	memory.failed = 0;
	*rc = scenario->run();
	disarm();
	return memory.failed;
}

static void
walk(const struct scenario *scenario, int lasting)
{
	enum rc rc;
	char *log;
	long n, failed;

	for (n = 0;; n++) {
		ck_assert_int_lt(n, 100000);
		scratch_log_start();
		failed = run_failing(scenario, n, lasting, &rc);
		log = scratch_log_end(NULL);
		if (failed == 0)
			break;
		ck_assert_msg(
		    rc == RC_FAIL || (scenario->may_refuse && rc == RC_INVALID),
		    "%s, allocation %ld: %d", scenario->name, n, (int)rc);
		ck_assert_msg(
		    log[0] == '\0' || strstr(log, "out of memory") != NULL,
		    "%s, allocation %ld: %s", scenario->name, n, log);
		free(log);
	}
	free(log);
	ck_assert_int_eq(rc, RC_OK);
	ck_assert_msg(n > 0, "%s: nothing was allocated", scenario->name);
}

START_TEST(one_failed_allocation_is_a_clean_error)
{
	walk(&scenarios[_i], 0);
}
END_TEST

START_TEST(no_memory_from_a_moment_on_is_a_clean_error)
{
	walk(&scenarios[_i], 1);
}
END_TEST

/* The library logs what failed where it knows: one line, no more. */
START_TEST(a_form_without_memory_is_logged_once)
{
	const struct scenario *scenario = &scenarios[_i];
	enum rc rc;
	char *log;
	long n;

	for (n = 0;; n++) {
		scratch_log_start();
		if (run_failing(scenario, n, 0, &rc) == 0)
			break;
		log = scratch_log_end(NULL);
		scratch_log_must_be(log, "out of memory");
		free(log);
	}
	free(scratch_log_end(NULL));
}
END_TEST

/*
 * A caller may go on with a form after an error.  The 17th field is the
 * first that needs more room: without the old room being kept, the field
 * after the failure would be written past its end.
 */
START_TEST(a_form_that_could_not_grow_is_still_whole)
{
	struct form *form;
	int i, failures = 0;

	ck_assert_int_eq(form_new(&form), RC_OK);
	for (i = 0; i < 200; i++) {
		enum rc rc;

		/* form_add: two copies, and then the room. */
		memory.lasting = 0;
		memory.left = 2;
		memory.failed = 0;
		memory.armed = 1;
		rc = form_add(form, "l", "1");
		disarm();
		if (rc != RC_OK) {
			failures++;
			ck_assert_int_eq(rc, RC_FAIL);
			ck_assert_int_eq(form_add(form, "l", "1"), RC_OK);
		}
		ck_assert_uint_eq(form_count(form, "l"), (size_t)i + 1);
	}
	ck_assert_int_gt(failures, 0);
	form_free(form);
}
END_TEST

/* --- what is left behind -------------------------------------------------- */

static const struct {
	const char *type;
	const char *body;
} bodies[] = {
	{ URL, "a=1&key=HIDDEN-VALUE&b=2" },
	{ URL, "a=1&key=HIDDEN%2dVALUE&b=%" },
	{ MULTI, PART("a", "1") PART("key", "HIDDEN-VALUE") "--XyZ--" },
	{ MULTI, PART("a", "1") PART("key", "HIDDEN-VALUE") },
};

START_TEST(no_value_of_a_form_is_left_in_memory)
{
	const char *what = NULL;
	struct form *form;
	int has_key;

	ck_assert_int_eq(form_new(&form), RC_OK);
	(void)form_parse(form, bodies[_i].type, bodies[_i].body,
	    strlen(bodies[_i].body), &what);
	ck_assert_int_eq(form_add(form, "key", "HIDDEN-VALUE"), RC_OK);
	ck_assert_int_eq(
	    form_parse_query(form, "x=HIDDEN-VALUE", 14, &has_key, &what),
	    RC_OK);
	memory.hidden = "HIDDEN-VALUE";
	memory.found = 0;
	form_free(form);
	memory.hidden = NULL;
	ck_assert_int_eq(memory.found, 0);
}
END_TEST

START_TEST(what_is_not_wiped_is_found)
{
	char *left = __wrap_malloc(64);

	ck_assert_ptr_nonnull(left);
	(void)snprintf(left, 64, "key=HIDDEN-%s", "VALUE");
	memory.hidden = "HIDDEN-VALUE";
	memory.found = 0;
	__wrap_free(left);
	memory.hidden = NULL;
	ck_assert_int_eq(memory.found, 1);
}
END_TEST

static Suite *
memory_suite(void)
{
	Suite *s = suite_create("memory");
	TCase *tc = tcase_create("failing");

	tcase_add_checked_fixture(tc, setup, scratch_remove);
	tcase_add_loop_test(
	    tc, one_failed_allocation_is_a_clean_error, 0, ROWS(scenarios));
	tcase_add_loop_test(tc, no_memory_from_a_moment_on_is_a_clean_error, 0,
	    ROWS(scenarios));
	/* urlencoded and multipart */
	tcase_add_loop_test(tc, a_form_without_memory_is_logged_once, 0, 2);
	tcase_add_test(tc, a_form_that_could_not_grow_is_still_whole);
	suite_add_tcase(s, tc);

	tc = tcase_create("wiping");
	tcase_add_loop_test(
	    tc, no_value_of_a_form_is_left_in_memory, 0, ROWS(bodies));
	tcase_add_test(tc, what_is_not_wiped_is_found);
	suite_add_tcase(s, tc);
	return s;
}

SUITE_MAIN(memory_suite)
