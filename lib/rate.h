/* SPDX-License-Identifier: ISC */
/*
 * Calls a minute, in three layers: an address, a key, a tier.  The counters
 * are a SQLite database of their own behind its own gate, so that
 * concurrent calls are counted exactly.  A window starts with its subject's
 * first call and lasts RATE_WINDOW seconds.
 */
#ifndef LATCHKEY_RATE_H
#define LATCHKEY_RATE_H

#include <stddef.h>
#include <stdint.h>

#include "rc.h"

struct rate;

/* The counters' file in the data directory. */
#define RATE_NAME "rate.db"

enum {
	RATE_WINDOW = 60, /* seconds */
	RATE_REFUSAL_DAYS = 7
};

enum rate_layer { RATE_IP, RATE_KEY, RATE_TIER, RATE_LAYERS };

/* One counter: who is counted, and where it stands after the call. */
struct rate_count {
	enum rate_layer layer;
	unsigned char subject[16]; /* address, or id */
	size_t subject_len;
	int64_t limit;     /* calls in a window */
	int64_t remaining; /* set by rate_admit and rate_peek */
	int64_t reset;     /* Unix seconds; set likewise */
};

/*
 * Opens the counters in the data directory.  A file that is missing is made;
 * one that turns out to be damaged is made anew (logged) by the functions
 * below.  RC_BUSY, RC_FAIL.
 */
enum rc rate_open(const char *path, int64_t busy_ms, struct rate **rate);

/* NULL is fine. */
void rate_close(struct rate *rate);

/* Fills c for an address: all of an IPv4 one, the /64 of an IPv6 one. */
void rate_count_ip(
    struct rate_count *c, const unsigned char address[16], int64_t limit);

/* Fills c for a key or a tier's account by its id. */
void rate_count_id(
    struct rate_count *c, enum rate_layer layer, int64_t id, int64_t limit);

/* RC_LIMITED if the counter has run out.  Counts nothing. */
enum rc rate_peek(struct rate *rate, struct rate_count *c, int64_t now);

/*
 * True if this connection has seen the counter run out in a window that still
 * lasts: a hint, of the last few, that costs nothing to ask for.
 */
int rate_has_denied(
    const struct rate *rate, const struct rate_count *c, int64_t now);

/*
 * Counts one call in all n counters, or in none: RC_LIMITED and *denied, the
 * index of the first that had run out.  A clock that is set back
 * by more than a window starts all windows anew, by less it lengthens them.
 */
enum rc rate_admit(struct rate *rate, struct rate_count *c, size_t n,
    int64_t now, size_t *denied);

/*
 * In how many windows of the last RATE_REFUSAL_DAYS days (by UTC, today's
 * with them) calls were refused at the counter of a key or of an account.
 * Only the first refusal of a window is written down, so that a flood of
 * calls that are refused is none of writes.
 */
enum rc rate_refusals(struct rate *rate, const struct rate_count *c,
    int64_t now, int64_t *nwindows);

#endif
