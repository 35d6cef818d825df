/* SPDX-License-Identifier: ISC */
/*
 * Times in zones: known moments on both sides of a change of the clocks,
 * names that lead out of the directory of zones, and that nothing of a zone
 * is left for who asks next.
 */
#include "zone.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "suite.h"
#include "timestamp.h"

static const struct {
	const char *zone;
	int64_t seconds;
	const char *text;
} known[] = {
	{ "UTC", 0, "1970-01-01 00:00:00 UTC" },
	{ "UTC", 1767225600, "2026-01-01 00:00:00 UTC" },
	{ "Europe/Vienna", 1767225600, "2026-01-01 01:00:00 CET" },
	{ "Europe/Vienna", 1774745999, "2026-03-29 01:59:59 CET" },
	{ "Europe/Vienna", 1774746000, "2026-03-29 03:00:00 CEST" },
	{ "America/New_York", 1767225600, "2025-12-31 19:00:00 EST" },
	{ "America/New_York", 1782864000, "2026-06-30 20:00:00 EDT" },
	{ "Asia/Kolkata", 1767225600, "2026-01-01 05:30:00 IST" },
	{ "Asia/Dubai", 1767225600, "2026-01-01 04:00:00 +04" },
	/* After the last change that a file of zones spells out. */
	{ "Europe/Vienna", 4102444800, "2100-01-01 01:00:00 CET" },
	{ "Europe/Vienna", 4118083200, "2100-07-01 02:00:00 CEST" },
	{ "Etc/GMT+5", 1767225600, "2025-12-31 19:00:00 -05" },
	{ "EST5EDT", 1767225600, "2025-12-31 19:00:00 EST" },
};

START_TEST(a_moment_is_told_in_the_zone)
{
	char buf[ZONE_TEXT_LEN];
	struct zone zone;

	ck_assert_int_eq(zone_find(known[_i].zone, &zone), RC_OK);
	ck_assert_ptr_eq(zone_format(&zone, known[_i].seconds, buf), buf);
	ck_assert_str_eq(buf, known[_i].text);
}
END_TEST

static const char *const unknown[] = {
	"",
	"utc!",
	"Europe/Nowhere",
	"Europe",
	"Europe/",
	"tzdata.zi",
	"zone.tab",
	"/etc/localtime",
	"/usr/share/zoneinfo/Europe/Vienna",
	"../zoneinfo/Europe/Vienna",
	"Europe/../Europe/Vienna",
	":Europe/Vienna",
	"Europe/Vienna ",
	"Europe/Vienna\n",
	"EST+5",
	"<X>-3",
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
};

START_TEST(what_is_no_zone_of_the_host_is_utc)
{
	char buf[ZONE_TEXT_LEN];
	struct zone zone;

	memset(&zone, 'x', sizeof(zone));
	ck_assert_int_eq(zone_find(unknown[_i], &zone), RC_NOT_FOUND);
	ck_assert_str_eq(
	    zone_format(&zone, 1767225600, buf), "2026-01-01 00:00:00 UTC");
}
END_TEST

START_TEST(one_zone_leaves_nothing_for_the_next)
{
	char buf[ZONE_TEXT_LEN];
	struct zone vienna, tokyo, utc;
	int64_t seconds;
	int i;

	ck_assert_int_eq(zone_find("Europe/Vienna", &vienna), RC_OK);
	ck_assert_int_eq(zone_find("Asia/Tokyo", &tokyo), RC_OK);
	ck_assert_int_eq(zone_find("UTC", &utc), RC_OK);
	for (i = 0; i < 3; i++) {
		ck_assert_str_eq(zone_format(&vienna, 1767225600, buf),
		    "2026-01-01 01:00:00 CET");
		ck_assert_ptr_null(getenv("TZ"));
		ck_assert_str_eq(zone_format(&utc, 1767225600, buf),
		    "2026-01-01 00:00:00 UTC");
		ck_assert_str_eq(
		    timestamp_format(1767225600, buf), "2026-01-01T00:00:00Z");
		ck_assert_int_eq(
		    timestamp_parse("2026-01-01T00:00:00Z", &seconds), RC_OK);
		ck_assert_int_eq(seconds, 1767225600);
		ck_assert_str_eq(zone_format(&tokyo, 1767225600, buf),
		    "2026-01-01 09:00:00 JST");
	}
}
END_TEST

START_TEST(any_number_can_be_written)
{
	static const int64_t far[] = { INT64_MIN, INT64_MIN / 2, -1,
		INT64_MAX / 2, INT64_MAX };
	char buf[ZONE_TEXT_LEN + 1];
	struct zone zone;
	size_t i;

	ck_assert_int_eq(zone_find("Europe/Vienna", &zone), RC_OK);
	buf[ZONE_TEXT_LEN] = '#';
	for (i = 0; i < ROWS(far); i++) {
		(void)zone_format(&zone, far[i], buf);
		ck_assert_uint_lt(strlen(buf), ZONE_TEXT_LEN);
		ck_assert_int_eq(buf[ZONE_TEXT_LEN], '#');
	}
}
END_TEST

static Suite *
zone_suite(void)
{
	Suite *s = suite_create("zone");
	TCase *tc = tcase_create("zone");

	tcase_add_loop_test(tc, a_moment_is_told_in_the_zone, 0, ROWS(known));
	tcase_add_loop_test(
	    tc, what_is_no_zone_of_the_host_is_utc, 0, ROWS(unknown));
	tcase_add_test(tc, one_zone_leaves_nothing_for_the_next);
	tcase_add_test(tc, any_number_can_be_written);
	suite_add_tcase(s, tc);
	return s;
}

SUITE_MAIN(zone_suite)
