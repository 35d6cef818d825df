/* SPDX-License-Identifier: ISC */
/*
 * Times as text: known moments, every day against a calendar of our own,
 * both ends of what can be read, and what is refused.
 */
#include "timestamp.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "suite.h"

static const int64_t DAY = 86400;
static const int64_t LATEST = 253402300799; /* 9999-12-31T23:59:59Z */

static const struct {
	int64_t seconds;
	const char *text;
} known[] = {
	{ 0, "1970-01-01T00:00:00Z" },
	{ 1, "1970-01-01T00:00:01Z" },
	{ 86399, "1970-01-01T23:59:59Z" },
	{ 86400, "1970-01-02T00:00:00Z" },
	{ 951782399, "2000-02-28T23:59:59Z" },
	{ 951782400, "2000-02-29T00:00:00Z" },
	{ 951868800, "2000-03-01T00:00:00Z" },
	{ 1000000000, "2001-09-09T01:46:40Z" },
	{ 1709164800, "2024-02-29T00:00:00Z" },
	{ 1767225600, "2026-01-01T00:00:00Z" },
	{ 2147483647, "2038-01-19T03:14:07Z" },
	{ 2147483648, "2038-01-19T03:14:08Z" },
	{ 4107542399, "2100-02-28T23:59:59Z" },
	{ 4107542400, "2100-03-01T00:00:00Z" },
	{ 4294967296, "2106-02-07T06:28:16Z" },
	{ 253402300799, "9999-12-31T23:59:59Z" },
};

START_TEST(a_known_moment_is_written_and_read)
{
	char buf[TIMESTAMP_LEN];
	int64_t seconds = -1;

	ck_assert_ptr_eq(timestamp_format(known[_i].seconds, buf), buf);
	ck_assert_str_eq(buf, known[_i].text);
	ck_assert_int_eq(timestamp_parse(known[_i].text, &seconds), RC_OK);
	ck_assert_int_eq(seconds, known[_i].seconds);
}
END_TEST

static int
is_leap(int year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int
month_days(int year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30,
		31 };

	return days[month - 1] + (month == 2 && is_leap(year));
}

static void
must_be_date(int64_t day, int year, int month, int mday)
{
	char text[64], buf[TIMESTAMP_LEN];
	int64_t time = day * DAY + day % DAY, seconds = -1;

	(void)snprintf(text, sizeof(text), "%04d-%02d-%02dT%02d:%02d:%02dZ",
	    year, month, mday, (int)(time % DAY / 3600),
	    (int)(time % 3600 / 60), (int)(time % 60));
	if (strcmp(timestamp_format(time, buf), text) != 0 ||
	    timestamp_parse(text, &seconds) != RC_OK || seconds != time)
		ck_abort_msg("%s: written as %s, read as %lld", text, buf,
		    (long long)seconds);
}

/* The day before the first and the one after the last of a month are none. */
static void
must_be_no_date(int year, int month, int mday)
{
	int64_t seconds = -1;
	char text[64];

	(void)snprintf(
	    text, sizeof(text), "%04d-%02d-%02dT12:00:00Z", year, month, mday);
	if (timestamp_parse(text, &seconds) != RC_INVALID || seconds != 0)
		ck_abort_msg("%s: read as %lld", text, (long long)seconds);
}

/* All of four centuries and a bit, then each month's last day to 9999. */
START_TEST(every_day_is_the_calendars)
{
	int year, month, mday, last;
	int64_t day = 0;

	for (year = 1970; year <= 9999; year++)
		for (month = 1; month <= 12; month++) {
			last = month_days(year, month);
			for (mday = 1; mday <= last; mday++, day++)
				if (year < 2405 || mday == last)
					must_be_date(day, year, month, mday);
			must_be_no_date(year, month, 0);
			must_be_no_date(year, month, last + 1);
		}
	ck_assert_int_eq(day * DAY - 1, LATEST);
}
END_TEST

/* Whatever zone the program runs in. */
START_TEST(the_zone_of_the_environment_means_nothing)
{
	static const char *const zones[] = { "Asia/Tokyo", "EST5EDT",
		"ABC-14:30" };
	char buf[TIMESTAMP_LEN];
	int64_t seconds = -1;

	ck_assert_int_eq(setenv("TZ", zones[_i], 1), 0);
	tzset();
	ck_assert_str_eq(
	    timestamp_format(1767225600, buf), "2026-01-01T00:00:00Z");
	ck_assert_int_eq(
	    timestamp_parse("2026-07-01T00:00:00Z", &seconds), RC_OK);
	ck_assert_int_eq(seconds, 1782864000);
}
END_TEST

static const struct {
	const char *text;
	int64_t seconds;
} digits[] = {
	{ "0", 0 },
	{ "00", 0 },
	{ "1", 1 },
	{ "0001767225600", 1767225600 },
	{ "1767225600", 1767225600 },
	{ "253402300799", 253402300799 },
};

START_TEST(digits_are_seconds)
{
	int64_t seconds = -1;

	ck_assert_int_eq(timestamp_parse(digits[_i].text, &seconds), RC_OK);
	ck_assert_int_eq(seconds, digits[_i].seconds);
}
END_TEST

static const char *const bad[] = {
	"",
	" ",
	"x",
	"now",
	"-1",
	"+1",
	" 1",
	"1 ",
	"1.5",
	"1e9",
	"0x10",
	"253402300800",
	"9223372036854775807",
	"9223372036854775808",
	"99999999999999999999999999",
	"2026-01-01",
	"2026-01-01T00:00",
	"2026-01-01T00:00:00",
	"2026-01-01 00:00:00Z",
	"2026-01-01t00:00:00Z",
	"2026-01-01T00:00:00z",
	"2026-01-01T00:00:00ZZ",
	"2026-01-01T00:00:00Z ",
	" 2026-01-01T00:00:00Z",
	"2026-01-01T00:00:00Z\n",
	"2026-01-01T00:00:00 Z",
	"2026- 1-01T00:00:00Z",
	"2026-01- 1T00:00:00Z",
	"2026-01-01T 0:00:00Z",
	"2026-01-01T00: 0:00Z",
	"2026-01-01T00:00: 0Z",
	"2026-1-01T00:00:00Z",
	"2026-01-1T00:00:00Z",
	"2026-01-01T0:00:00Z",
	"2026-01-01T00:0:00Z",
	"2026-01-01T00:00:0Z",
	"2026-001-01T00:00:00Z",
	"02026-01-01T00:00:00Z",
	"26-01-01T00:00:00Z",
	"+2026-01-01T00:00:00Z",
	"-2026-01-01T00:00:00Z",
	"2026-01-01T00:00:00+00:00",
	"2026-01-01T00:00:00-00:00",
	"2026-01-01T00:00:00+01:00",
	"2026-01-01T00:00:00.5Z",
	"2026-01-01T00:00:00.000Z",
	"2026-01-01T00:00:00,0Z",
	"2026-01-01T00:00:00Z+00:00",
	"20260101T000000Z",
	"2026-W01-1T00:00:00Z",
	"2026-001T00:00:00Z",
	"2026-00-01T00:00:00Z",
	"2026-13-01T00:00:00Z",
	"2026-01-00T00:00:00Z",
	"2026-01-32T00:00:00Z",
	"2026-02-29T00:00:00Z",
	"2024-02-30T00:00:00Z",
	"2100-02-29T00:00:00Z",
	"2026-04-31T00:00:00Z",
	"2026-01-01T24:00:00Z",
	"2026-01-01T23:60:00Z",
	"2026-01-01T23:59:60Z",
	"2016-12-31T23:59:60Z",
	"2026-01-01T23:59:61Z",
	"1969-12-31T23:59:59Z",
	"1900-01-01T00:00:00Z",
	"0001-01-01T00:00:00Z",
	"0000-01-01T00:00:00Z",
	"10000-01-01T00:00:00Z",
	"99999-01-01T00:00:00Z",
	"2026/01/01T00:00:00Z",
	"2026-01-01T00.00.00Z",
	"\xef\xbc\x92"
	"026-01-01T00:00:00Z",
	"2026-01-01T00:00:00Z\xc2\xa0",
	"%Y-%m-%dT%H:%M:%SZ",
};

START_TEST(what_is_no_time_is_refused)
{
	int64_t seconds = -1;

	ck_assert_msg(timestamp_parse(bad[_i], &seconds) == RC_INVALID,
	    "%s was taken", bad[_i]);
	ck_assert_int_eq(seconds, 0);
}
END_TEST

/* One byte that is another makes another time or none. */
START_TEST(no_other_byte_is_as_good)
{
	static const char good[] = "2026-01-01T00:00:00Z";
	char text[sizeof(good)], buf[TIMESTAMP_LEN];
	int64_t seconds;
	size_t at;
	int c;

	for (at = 0; at < sizeof(good) - 1; at++)
		for (c = 1; c < 256; c++) {
			memcpy(text, good, sizeof(good));
			text[at] = (char)c;
			if (timestamp_parse(text, &seconds) != RC_OK)
				continue;
			if (strcmp(timestamp_format(seconds, buf), text) != 0)
				ck_abort_msg("%s is not %s", text, buf);
		}
}
END_TEST

/* Far times: something that fits, or nothing. */
START_TEST(any_number_can_be_written)
{
	static const int64_t far[] = { INT64_MIN, INT64_MIN + 1, -1,
		253402300800, INT64_MAX / 2, INT64_MAX };
	char buf[TIMESTAMP_LEN + 1];
	int i;

	for (i = 0; i < ROWS(far); i++) {
		memset(buf, '#', sizeof(buf));
		(void)timestamp_format(far[i], buf);
		ck_assert_uint_lt(strlen(buf), TIMESTAMP_LEN);
		ck_assert_int_eq(buf[TIMESTAMP_LEN], '#');
	}
	ck_assert_str_eq(timestamp_format(INT64_MAX, buf), "");
	ck_assert_str_eq(timestamp_format(INT64_MIN, buf), "");
	ck_assert_str_eq(timestamp_format(-1, buf), "1969-12-31T23:59:59Z");
}
END_TEST

static Suite *
timestamp_suite(void)
{
	Suite *s = suite_create("timestamp");
	TCase *tc = tcase_create("timestamp");

	tcase_add_loop_test(
	    tc, a_known_moment_is_written_and_read, 0, ROWS(known));
	tcase_add_test(tc, every_day_is_the_calendars);
	tcase_add_loop_test(
	    tc, the_zone_of_the_environment_means_nothing, 0, 3);
	tcase_add_loop_test(tc, digits_are_seconds, 0, ROWS(digits));
	tcase_add_loop_test(tc, what_is_no_time_is_refused, 0, ROWS(bad));
	tcase_add_test(tc, no_other_byte_is_as_good);
	tcase_add_test(tc, any_number_can_be_written);
	suite_add_tcase(s, tc);
	return s;
}

SUITE_MAIN(timestamp_suite)
