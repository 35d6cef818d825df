/* SPDX-License-Identifier: ISC */
/*
 * Time zones, for who reads times: what a moment is called where he is.
 * Zones and their rules are the host's, in its directory of zoneinfo; where
 * a zone is missing there it is UTC, which is always known.
 */
#ifndef LATCHKEY_ZONE_H
#define LATCHKEY_ZONE_H

#include <stdint.h>

#include "rc.h"

enum {
	ZONE_NAME_MAX = 64, /* bytes of a name */
	ZONE_TEXT_LEN = 64  /* any time as text, NUL included */
};

struct zone {
	char name[ZONE_NAME_MAX + 1]; /* "": UTC */
};

/*
 * True if it can be the name of a zone: letters, digits, "+-_/", not a "/"
 * first.  So it leads nowhere but to files below the host's zoneinfo.
 */
int zone_is_name(const char *name);

/*
 * Finds a zone by its IANA name ("Europe/Vienna").  RC_NOT_FOUND (not
 * logged) if the host does not know it, or it is no name: the zone is UTC
 * then, and good to use.
 */
enum rc zone_find(const char *name, struct zone *zone);

/*
 * Writes Unix seconds as "2026-01-31 23:59:59 CET", with the zone's own
 * abbreviation or, where it has none, its offset ("+04"); gives buf.
 */
char *zone_format(
    const struct zone *zone, int64_t seconds, char buf[ZONE_TEXT_LEN]);

#endif
