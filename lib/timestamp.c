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
	enum rc rc;

	rc = number_parse(s, strlen(s), 0, LATEST, seconds);
	if (rc == RC_OK || rc == RC_LIMITED)
		return rc == RC_OK ? RC_OK : RC_INVALID;
	end = strptime(s, "%Y-%m-%dT%H:%M:%SZ", &tm);
	if (end == NULL || *end != '\0')
		return RC_INVALID;
	*seconds = (int64_t)timegm(&tm);
	if (*seconds < 0 || *seconds > LATEST ||
	    strcmp(timestamp_format(*seconds, again), s) != 0)
		return RC_INVALID;
	return RC_OK;
}
