/* SPDX-License-Identifier: ISC */
/*
 * Counters of calls.  A window belongs to its subject and starts with the
 * first call, so that a minute's limit is exact.  Counters are not worth a
 * sync: after a crash of the host they may be lost, and a damaged file is
 * thrown away.
 */
#include "rate.h"

#include <stdlib.h>
#include <string.h>

#include "db.h"
#include "log.h"
#include "scratch_row.h"

enum { DENIED_MAX = 16 };

struct rate {
	struct db *db;
	/* Counters that had run out, the oldest next to be replaced. */
	struct rate_count denied[DENIED_MAX];
	size_t ndenied;
};

/*
 * subject: a byte of enum rate_layer, then the address or id.
 * window_start: Unix seconds.  used: calls counted since.  noted: flag, calls
 * were refused since, which is written down in refusal: windows with
 * refusals, by day since 1970.
 */
static const char SQL_CREATE[] =
    "CREATE TABLE counter (subject BLOB PRIMARY KEY,"
    " window_start INTEGER NOT NULL, used INTEGER NOT NULL,"
    " noted INTEGER NOT NULL DEFAULT 0) STRICT, WITHOUT ROWID;"
    "CREATE INDEX counter_age ON counter (window_start);"
    "CREATE TABLE refusal (day INTEGER NOT NULL, subject BLOB NOT NULL,"
    " nwindows INTEGER NOT NULL, PRIMARY KEY (day, subject))"
    " STRICT, WITHOUT ROWID";

/* The numbers of a counter behind its subject. */
enum { COUNTER_START, COUNTER_USED, COUNTER_NOTED, COUNTER_NUMBERS };

enum rc
rate_open(const char *path, int64_t busy_ms, struct rate **out)
{
	struct rate *rate = calloc(1, sizeof(*rate));
	enum rc rc = RC_FAIL;

	*out = NULL;
	if (rate == NULL) {
		log_err("cannot open the counters: out of memory");
		return RC_FAIL;
	}
	rc = db_open(path, DB_CREATE | DB_SCRATCH, busy_ms, &rate->db);
	if (rc == RC_OK)
		*out = rate;
	else
		rate_close(rate);
	return rc;
}

void
rate_close(struct rate *rate)
{
	if (rate == NULL)
		return;
	db_close(rate->db);
	free(rate);
}

void
rate_count_ip(
    struct rate_count *c, const unsigned char address[16], int64_t limit)
{
	static const unsigned char mapped[12] = { [10] = 0xff, [11] = 0xff };

	memset(c, 0, sizeof(*c));
	c->layer = RATE_IP;
	c->limit = limit;
	if (memcmp(address, mapped, sizeof(mapped)) == 0) {
		c->subject_len = 4;
		memcpy(c->subject, address + sizeof(mapped), c->subject_len);
	} else {
		c->subject_len = 8;
		memcpy(c->subject, address, c->subject_len);
	}
}

void
rate_count_id(
    struct rate_count *c, enum rate_layer layer, int64_t id, int64_t limit)
{
	memset(c, 0, sizeof(*c));
	c->layer = layer;
	c->limit = limit;
	c->subject_len = sizeof(id);
	memcpy(c->subject, &id, sizeof(id));
}

static struct db_value
subject(const struct rate_count *c, unsigned char buf[17])
{
	buf[0] = (unsigned char)c->layer;
	memcpy(buf + 1, c->subject, c->subject_len);
	return DB_BLOB(buf, c->subject_len + 1);
}

static const char SQL_GET[] = "SELECT window_start, used, noted FROM counter"
			      " WHERE subject = $1";

/* The window of a counter. */
struct window {
	int64_t start;
	int is_noted; /* that calls were refused in it */
};

/* Tells where a counter stands before the call; a window may be over. */
static void
judge(struct rate_count *c, int64_t now, int64_t used, struct window *window)
{
	int64_t *start = &window->start;

	/* Over; or far ahead, since the clock was set back. */
	if (now - *start >= RATE_WINDOW || *start - now > RATE_WINDOW) {
		*start = now;
		used = 0;
		window->is_noted = 0;
	}
	c->remaining = used < c->limit ? c->limit - used : 0;
	c->reset = *start + RATE_WINDOW;
}

/* Reads a counter. */
static enum rc
get(struct db *db, struct rate_count *c, int64_t now, struct window *window)
{
	unsigned char buf[17];
	struct db_rows *rows = NULL;
	int64_t *start = &window->start, used = 0;
	enum rc rc;

	*start = now - RATE_WINDOW;
	window->is_noted = 0;
	rc = db_query(db, SQL_GET, DB_ARGS(subject(c, buf)), &rows);
	if (rc == RC_OK)
		rc = db_next(rows);
	if (rc == RC_OK) {
		*start = db_int(rows, 0);
		used = db_int(rows, 1);
		window->is_noted = db_int(rows, 2) != 0;
	}
	db_done(&rows);
	if (rc != RC_OK && rc != RC_NOT_FOUND)
		return rc;
	judge(c, now, used, window);
	return RC_OK;
}

static const char SQL_COUNT[] = "UPDATE counter SET used = $1"
				" WHERE subject = $2";
static const char SQL_START[] =
    "INSERT OR REPLACE INTO counter (subject, window_start, used)"
    " VALUES ($1, $2, 1)";

/* Two for each new one: the table stays as small as a minute's callers. */
static const char SQL_PRUNE[] =
    "DELETE FROM counter WHERE subject IN (SELECT subject FROM counter"
    " WHERE window_start <= $1 ORDER BY window_start LIMIT 2)";

static enum rc
put(struct db *db, struct rate_count *c, int64_t now, int64_t start)
{
	int64_t used = c->limit - c->remaining + 1;
	unsigned char buf[17];
	enum rc rc;

	c->remaining--;
	if (used > 1)
		return db_run(
		    db, SQL_COUNT, DB_ARGS(DB_INT(used), subject(c, buf)));
	rc = db_run(db, SQL_START, DB_ARGS(subject(c, buf), DB_INT(start)));
	if (rc == RC_OK)
		rc = db_run(db, SQL_PRUNE, DB_ARGS(DB_INT(now - RATE_WINDOW)));
	return rc;
}

enum { DAY_S = 86400 };

static const char SQL_NOTED[] = "UPDATE counter SET noted = 1"
				" WHERE subject = $1";
static const char SQL_NOTE[] =
    "INSERT INTO refusal (day, subject, nwindows) VALUES ($1, $2, 1)"
    " ON CONFLICT DO UPDATE SET nwindows = nwindows + 1";

/* Two for each new one here, too. */
static const char SQL_FORGET[] =
    "DELETE FROM refusal WHERE (day, subject) IN (SELECT day, subject"
    " FROM refusal WHERE day <= $1 ORDER BY day LIMIT 2)";

/*
 * Writes down that calls are refused in this window.  Of an address nobody
 * could be told, and anybody can have one refused.
 */
static enum rc
note(struct db *db, const struct rate_count *c, int64_t now)
{
	unsigned char buf[17];
	enum rc rc;

	rc = db_run(db, SQL_NOTED, DB_ARGS(subject(c, buf)));
	if (rc == RC_OK)
		rc = db_run(db, SQL_NOTE,
		    DB_ARGS(DB_INT(now / DAY_S), subject(c, buf)));
	if (rc == RC_OK)
		rc = db_run(db, SQL_FORGET,
		    DB_ARGS(DB_INT(now / DAY_S - RATE_REFUSAL_DAYS)));
	return rc;
}

static const char SQL_REFUSALS[] =
    "SELECT nwindows FROM refusal WHERE day = $1 AND subject = $2";

static enum rc
refusals(struct db *db, const struct rate_count *c, int64_t now, int64_t *sum)
{
	int64_t day = now / DAY_S, n;
	unsigned char buf[17];
	enum rc rc;
	int i;

	*sum = 0;
	rc = db_begin(db, DB_READ);
	if (rc != RC_OK || db_is_empty(db))
		return db_end(db, rc);
	for (i = 0; rc == RC_OK && i < RATE_REFUSAL_DAYS; i++) {
		rc = db_one(db, SQL_REFUSALS,
		    DB_ARGS(DB_INT(day - i), subject(c, buf)), &n);
		if (rc == RC_OK)
			*sum += n;
		else if (rc == RC_NOT_FOUND)
			rc = RC_OK;
	}
	return db_end(db, rc);
}

enum rc
rate_refusals(struct rate *rate, const struct rate_count *c, int64_t now,
    int64_t *nwindows)
{
	enum rc rc = refusals(rate->db, c, now, nwindows);

	if (rc != RC_FAIL || !db_is_damaged(rate->db))
		return rc;
	rc = db_renew(rate->db);
	return rc == RC_OK ? refusals(rate->db, c, now, nwindows) : rc;
}

static enum rc
peek(struct db *db, struct rate_count *c, int64_t now)
{
	struct window window;
	enum rc rc;

	c->remaining = c->limit;
	c->reset = now + RATE_WINDOW;
	rc = db_begin(db, DB_READ);
	if (rc == RC_OK && !db_is_empty(db))
		rc = get(db, c, now, &window);
	rc = db_end(db, rc);
	if (rc == RC_OK && c->remaining == 0)
		return RC_LIMITED;
	return rc;
}

/*
 * Counts a call where all of its counters are in memory and go on as they
 * are, which is what nearly every call of a process of many finds.
 * RC_NOT_FOUND if it has to be counted by statements; then nothing is done.
 */
static enum rc
admit_in_memory(struct db *db, struct rate_count *c, size_t n, int64_t now)
{
	struct scratch_number used[RATE_LAYERS];
	size_t i;

	for (i = 0; i < n; i++) {
		struct scratch_number row[COUNTER_NUMBERS];
		unsigned char buf[17];
		struct db_value key = subject(&c[i], buf);
		struct window window;

		if (db_find_numbers(db, &key, row, COUNTER_NUMBERS) != RC_OK)
			return RC_NOT_FOUND;
		used[i] = row[COUNTER_USED];
		window.start = row[COUNTER_START].value;
		judge(&c[i], now, used[i].value, &window);
		if (window.start != row[COUNTER_START].value ||
		    c[i].remaining == 0 ||
		    !scratch_row_fits(&used[i], used[i].value + 1))
			return RC_NOT_FOUND;
		used[i].value++;
	}
	for (i = 0; i < n; i++)
		c[i].remaining--;
	return db_change_numbers(db, used, n);
}

static enum rc
admit(
    struct db *db, struct rate_count *c, size_t n, int64_t now, size_t *denied)
{
	struct window window[RATE_LAYERS];
	size_t i, first = n; /* that has run out */
	enum rc rc;

	*denied = 0;
	rc = db_enter(db);
	if (rc != RC_OK)
		return rc;
	rc = admit_in_memory(db, c, n, now);
	if (rc != RC_NOT_FOUND) {
		db_leave(db);
		return rc;
	}
	rc = db_begin(db, DB_WRITE);
	if (rc != RC_OK)
		return rc;
	if (db_is_empty(db))
		rc = db_script(db, SQL_CREATE);
	if (rc == RC_OK)
		rc = db_learn_table(db, "counter");
	for (i = 0; rc == RC_OK && i < n; i++) {
		rc = get(db, &c[i], now, &window[i]);
		if (rc == RC_OK && c[i].remaining == 0 && first == n)
			first = i;
	}
	if (rc == RC_OK && first < n) {
		*denied = first;
		if (c[first].layer == RATE_IP || window[first].is_noted)
			return db_end(db, RC_LIMITED);
		rc = db_end(db, note(db, &c[first], now));
		return rc == RC_OK ? RC_LIMITED : rc;
	}
	for (i = 0; rc == RC_OK && i < n; i++)
		rc = put(db, &c[i], now, window[i].start);
	return db_end(db, rc);
}

static int
is_same(const struct rate_count *a, const struct rate_count *b)
{
	return a->layer == b->layer && a->subject_len == b->subject_len &&
	       memcmp(a->subject, b->subject, a->subject_len) == 0;
}

int
rate_has_denied(
    const struct rate *rate, const struct rate_count *c, int64_t now)
{
	size_t i;

	for (i = 0; i < DENIED_MAX; i++)
		if (is_same(&rate->denied[i], c) && rate->denied[i].reset > now)
			return 1;
	return 0;
}

/* Remembers a counter that has run out. */
static void
remember(struct rate *rate, const struct rate_count *c)
{
	size_t i;

	for (i = 0; i < DENIED_MAX; i++)
		if (is_same(&rate->denied[i], c))
			break;
	if (i == DENIED_MAX)
		i = rate->ndenied++ % DENIED_MAX;
	rate->denied[i] = *c;
}

enum rc
rate_peek(struct rate *rate, struct rate_count *c, int64_t now)
{
	enum rc rc = peek(rate->db, c, now);

	if (rc == RC_FAIL && db_is_damaged(rate->db)) {
		rc = db_renew(rate->db);
		if (rc == RC_OK)
			rc = peek(rate->db, c, now);
	}
	if (rc == RC_LIMITED)
		remember(rate, c);
	return rc;
}

enum rc
rate_admit(struct rate *rate, struct rate_count *c, size_t n, int64_t now,
    size_t *denied)
{
	enum rc rc;

	if (n > RATE_LAYERS) {
		log_err("cannot count a call in %zu layers", n);
		return RC_FAIL;
	}
	rc = admit(rate->db, c, n, now, denied);
	if (rc == RC_FAIL && db_is_damaged(rate->db)) {
		rc = db_renew(rate->db);
		if (rc == RC_OK)
			rc = admit(rate->db, c, n, now, denied);
	}
	if (rc == RC_LIMITED)
		remember(rate, &c[*denied]);
	return rc;
}
