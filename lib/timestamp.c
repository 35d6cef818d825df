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

char *
timestamp_format(int64_t seconds, char buf[TIMESTAMP_LEN])
{
	time_t t = (time_t)seconds;
	struct tm tm;

	if (gmtime_r(&t, &tm) == NULL ||
	    strftime(buf, TIMESTAMP_LEN, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		buf[0] = '\0';
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
