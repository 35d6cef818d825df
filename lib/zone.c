/* SPDX-License-Identifier: ISC */
/*
 * The rules of zones stand in the C library alone, which takes the zone from
 * the environment.
 */
#include "zone.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "timestamp.h"

/* Where musl and glibc look, on hosts as they are. */
#define ZONE_DIR "/usr/share/zoneinfo/"

static const char MAGIC[] = "TZif"; /* RFC 8536, 3.1 */

int
zone_is_name(const char *name)
{
	static const char good[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				   "abcdefghijklmnopqrstuvwxyz0123456789+-_/";
	size_t len = strspn(name, good);

	return len > 0 && len <= ZONE_NAME_MAX && name[len] == '\0' &&
	       name[0] != '/';
}

/* True if the host has rules of that name. */
static int
is_known(const char *name)
{
	char path[sizeof(ZONE_DIR) + ZONE_NAME_MAX];
	char magic[sizeof(MAGIC) - 1];
	int fd, is_zone;

	(void)snprintf(path, sizeof(path), "%s%s", ZONE_DIR, name);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd == -1)
		return 0;
	is_zone = read(fd, magic, sizeof(magic)) == (ssize_t)sizeof(magic) &&
		  memcmp(magic, MAGIC, sizeof(magic)) == 0;
	(void)close(fd);
	return is_zone;
}

enum rc
zone_find(const char *name, struct zone *zone)
{
	zone->name[0] = '\0';
	if (strcmp(name, "UTC") == 0)
		return RC_OK;
	if (!zone_is_name(name) || !is_known(name))
		return RC_NOT_FOUND;
	(void)snprintf(zone->name, sizeof(zone->name), "%s", name);
	return RC_OK;
}

/*
 * TZ is set for this one question and gone after it: a process answers one
 * account after the other, and nothing else here asks for local time.  The
 * abbreviation belongs to it as well: musl looks it up when it is written.
 * The colon says that a file is meant (POSIX, 8.3), whatever its name looks
 * like.
 */
static int
format_local(const char *name, time_t t, char buf[ZONE_TEXT_LEN])
{
	char value[ZONE_NAME_MAX + 2];
	struct tm tm;
	int ok;

	(void)snprintf(value, sizeof(value), ":%s", name);
	if (setenv("TZ", value, 1) != 0)
		return 0;
	tzset();
	ok = localtime_r(&t, &tm) != NULL &&
	     strftime(buf, ZONE_TEXT_LEN, "%Y-%m-%d %H:%M:%S %Z", &tm) != 0;
	(void)unsetenv("TZ");
	return ok;
}

char *
zone_format(const struct zone *zone, int64_t seconds, char buf[ZONE_TEXT_LEN])
{
	char utc[TIMESTAMP_LEN], *clock;

	if (zone->name[0] != '\0' &&
	    format_local(zone->name, (time_t)seconds, buf))
		return buf;
	/* "2026-01-31T23:59:59Z" without its letters. */
	clock = strchr(timestamp_format(seconds, utc), 'T');
	buf[0] = '\0';
	if (clock == NULL)
		return buf;
	*clock++ = '\0';
	clock[strlen(clock) - 1] = '\0';
	(void)snprintf(buf, ZONE_TEXT_LEN, "%s %s UTC", utc, clock);
	return buf;
}
