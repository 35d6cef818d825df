/* SPDX-License-Identifier: ISC */
/*
 * htdocs/developers/webhooks.html says what the tables of the code say:
 * events, states of an endpoint, outcomes of an attempt, the schedule.
 */
#include <stdio.h>
#include <string.h>

#include "attempt.h"
#include "delivery.h"
#include "event.h"
#include "scratch.h"
#include "suite.h"
#include "webhook.h"

static char *page;

/* tests/run installs a site; a run by hand is in the source's directory. */
static void
read_page(void)
{
	char path[SCRATCH_PATH_LEN] = "htdocs/developers/webhooks.html";
	const char *site = getenv("SITE");

	if (site != NULL)
		(void)snprintf(path, sizeof(path),
		    "%s/public_html/developers/webhooks.html", site);
	page = scratch_read(path, NULL);
}

static void
free_page(void)
{
	free(page);
	page = NULL;
}

/* Ends the page after the section of that id; gives where it begins. */
static const char *
section(const char *id)
{
	char tag[64];
	char *begin, *end;

	(void)snprintf(tag, sizeof(tag), "<section id=\"%s\">", id);
	begin = strstr(page, tag);
	ck_assert_msg(begin != NULL, "no section %s", id);
	end = strstr(begin, "</section>");
	ck_assert_ptr_nonnull(end);
	*end = '\0';
	return begin;
}

static int
times(const char *text, const char *words)
{
	size_t len = strlen(words);
	int n = 0;

	for (; (text = strstr(text, words)) != NULL; text += len)
		n++;
	return n;
}

static const char ROW[] = "<tr><th scope=\"row\"><code>";

/* How often a table of the text has a row of that name. */
static int
rows_of(const char *text, const char *name)
{
	char row[128];

	(void)snprintf(row, sizeof(row), "%s%s</code></th>", ROW, name);
	return times(text, row);
}

START_TEST(an_event_has_one_row)
{
	const char *name = event_type_name(_i);

	ck_assert_msg(
	    rows_of(section("events"), name) == 1, "no one row for %s", name);
}
END_TEST

START_TEST(no_other_event_has_one)
{
	ck_assert_int_eq(times(section("events"), ROW), EVENT_TYPES);
}
END_TEST

START_TEST(a_state_of_an_endpoint_has_one_row)
{
	const char *text = section("endpoints");

	ck_assert_int_eq(rows_of(text, webhook_status_name(_i)), 1);
	ck_assert_int_eq(times(text, ROW), WEBHOOK_DISABLED);
}
END_TEST

START_TEST(an_outcome_of_an_attempt_is_a_filter)
{
	char name[64];

	(void)snprintf(
	    name, sizeof(name), "<code>%s</code>", attempt_outcome_name(_i));
	/* Once as a filter and once in the answer. */
	ck_assert_int_eq(times(section("deliveries"), name), 2);
}
END_TEST

/* The seconds of "5 min" or "2 h". */
static int64_t
seconds_of(const char *text)
{
	char *end;
	int64_t n = strtol(text, &end, 10);

	if (strncmp(end, " min<", 5) == 0)
		return n * 60;
	ck_assert_msg(strncmp(end, " h<", 3) == 0, "a wait: %.20s", text);
	return n * 3600;
}

START_TEST(the_schedule_is_the_senders)
{
	static const char row[] = "<tr><td class=\"num\">";
	static const char next[] = "</td><td class=\"num\">";
	const char *p = section("retries");
	int64_t wait, delay;
	int attempt, i;

	ck_assert_int_eq(times(p, row), DELIVERY_ATTEMPTS);
	for (attempt = 1; (p = strstr(p, row)) != NULL; attempt++) {
		p += sizeof(row) - 1;
		ck_assert_int_eq(strtol(p, NULL, 10), attempt);
		p = strstr(p, next);
		ck_assert_ptr_nonnull(p);
		p += sizeof(next) - 1;
		if (attempt == 1)
			continue;
		wait = seconds_of(p);
		for (i = 0; i < 100; i++) {
			delay = delivery_delay(attempt - 1);
			ck_assert_int_ge(delay, wait);
			ck_assert_int_le(delay, wait + wait / 5);
		}
	}
}
END_TEST

static Suite *
webhook_page_suite(void)
{
	Suite *s = suite_create("webhook_page");
	TCase *tc = tcase_create("page");

	tcase_add_checked_fixture(tc, read_page, free_page);
	tcase_add_loop_test(tc, an_event_has_one_row, 0, EVENT_TYPES);
	tcase_add_test(tc, no_other_event_has_one);
	tcase_add_loop_test(tc, a_state_of_an_endpoint_has_one_row,
	    WEBHOOK_ACTIVE, WEBHOOK_DISABLED + 1);
	tcase_add_loop_test(tc, an_outcome_of_an_attempt_is_a_filter,
	    ATTEMPT_DELIVERED, ATTEMPT_BLOCKED + 1);
	tcase_add_test(tc, the_schedule_is_the_senders);
	suite_add_tcase(s, tc);
	return s;
}

SUITE_MAIN(webhook_page_suite)
