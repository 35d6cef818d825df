/* SPDX-License-Identifier: ISC */
/*
 * Times as text.  What was read is written again and compared: so the
 * calendar's rules stand in the C library alone.
 */
#include "timestamp.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "number.h"

static const int64_t LATEST = 253402300799; /* the end of 9999 */

/* Writes a number in so many digits; gives what follows them. */
static char *
put(char *p, int n, int digits, char next)
{
	int i;

	for (i = digits; i-- > 0; n /= 10)
		p[i] = (char)('0' + n % 10);
	p[digits] = next;
	return p + digits + 1;
}

/* Lists have hundreds of times, and strftime takes thirty times as long. */
char *
timestamp_format(int64_t seconds, char buf[TIMESTAMP_LEN])
{
	time_t t = (time_t)seconds;
	struct tm tm;
	char *p = buf;

	if (gmtime_r(&t, &tm) == NULL) {
		buf[0] = '\0';
		return buf;
	}
	if (seconds < 0 || seconds > LATEST) {
		if (strftime(buf, TIMESTAMP_LEN, "%Y-%m-%dT%H:%M:%SZ", &tm) ==
		    0)
			buf[0] = '\0';
		return buf;
	}
	p = put(p, tm.tm_year + 1900, 4, '-');
	p = put(p, tm.tm_mon + 1, 2, '-');
	p = put(p, tm.tm_mday, 2, 'T');
	p = put(p, tm.tm_hour, 2, ':');
	p = put(p, tm.tm_min, 2, ':');
	p = put(p, tm.tm_sec, 2, 'Z');
	*p = '\0';
	return buf;
}

enum rc
timestamp_parse(const char *s, int64_t *seconds)
{
	char again[TIMESTAMP_LEN];
	struct tm tm = { 0 };
	const char *end;
	int64_t time;

	*seconds = 0;
	if (number_parse(s, strlen(s), 0, LATEST, &time) != RC_OK) {
		end = strptime(s, "%Y-%m-%dT%H:%M:%SZ", &tm);
		if (end == NULL || *end != '\0')
			return RC_INVALID;
		time = (int64_t)timegm(&tm);
		if (time < 0 || time > LATEST ||
		    strcmp(timestamp_format(time, again), s) != 0)
			return RC_INVALID;
	}
	*seconds = time;
	return RC_OK;
}
