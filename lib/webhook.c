/* SPDX-License-Identifier: ISC */
/*
 * Endpoints.  A secret is sealed under the endpoint's id, so that nobody who
 * can write the database alone can move one.
 */
#include "webhook.h"

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "base64.h"
#include "guard.h"
#include "log.h"
#include "url.h"

static const char *const status_names[] = {
	[WEBHOOK_ACTIVE] = "active",
	[WEBHOOK_PAUSED] = "paused",
	[WEBHOOK_DISABLED] = "disabled",
};

const char *
webhook_status_name(int status)
{
	if (status < WEBHOOK_ACTIVE || status > WEBHOOK_DISABLED)
		return NULL;
	return status_names[status];
}

/* --- the URL -------------------------------------------------------------- */

/* Names that only a resolver inside can know (RFC 6761, 6762, 8375, ...). */
static const char *const inner_names[] = { "localhost", "localdomain", "local",
	"internal", "home.arpa", "lan", "intranet", "private", "corp", "home" };

/* True if name is suffix or ends in a dot and it. */
static int
is_under(const char *name, const char *suffix)
{
	size_t len = strlen(name), n = strlen(suffix);

	return len >= n && strcmp(name + len - n, suffix) == 0 &&
	       (len == n || name[len - n - 1] == '.');
}

static int
is_public_name(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(inner_names) / sizeof(inner_names[0]); i++)
		if (is_under(name, inner_names[i]))
			return 0;
	return strchr(name, '.') != NULL;
}

static int
is_admitted(const struct url *url, int allow_local)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };

	switch (url->kind) {
	case URL_NAME:
		return is_public_name(url->host) ||
		       (allow_local && is_under(url->host, "localhost"));
	case URL_IPV4:
		memcpy(&v4.sin_addr, url->address, sizeof(v4.sin_addr));
		return guard_admits(
		    (struct sockaddr *)&v4, sizeof(v4), allow_local);
	case URL_IPV6:
		memcpy(&v6.sin6_addr, url->address, sizeof(v6.sin6_addr));
		return guard_admits(
		    (struct sockaddr *)&v6, sizeof(v6), allow_local);
	}
	return 0;
}

enum rc
webhook_check_url(const char *s, int allow_local, struct why *why)
{
	struct url url;
	int is_read = url_parse(s, &url) == RC_OK;

	/* What is no URL at all has no scheme either. */
	if (!url.is_https && !(is_read && allow_local))
		return error_set(why, ERROR_WEBHOOK_HTTPS, NULL);
	if (!is_read)
		return error_set(why, ERROR_PARAMETER, "url");
	if (!is_admitted(&url, allow_local))
		return error_set(why, ERROR_WEBHOOK_PUBLIC, NULL);
	return RC_OK;
}

/* --- secrets -------------------------------------------------------------- */

enum { PLACE_LEN = 32, HINT_LEN = 4 };

static const char *
place(int64_t id, char buf[PLACE_LEN])
{
	(void)snprintf(buf, PLACE_LEN, "webhook:%lld", (long long)id);
	return buf;
}

/* Draws a secret for an endpoint: as text, and sealed. */
static enum rc
draw_secret(const struct seal_key *key, int64_t id,
    struct webhook_secret *secret, unsigned char sealed[WEBHOOK_SEALED_LEN])
{
	static const char prefix[] = "whsec_";
	unsigned char bytes[WEBHOOK_SECRET_LEN];
	char buf[PLACE_LEN];
	enum rc rc;

	memset(secret, 0, sizeof(*secret));
	rc = secret_random(bytes, sizeof(bytes));
	if (rc == RC_OK)
		rc = secret_seal(
		    key, place(id, buf), bytes, sizeof(bytes), sealed);
	if (rc == RC_OK) {
		memcpy(secret->s, prefix, sizeof(prefix) - 1);
		base64_encode(
		    bytes, sizeof(bytes), secret->s + sizeof(prefix) - 1);
	}
	secret_wipe(bytes, sizeof(bytes));
	return rc;
}

static const char *
hint_of(const struct webhook_secret *secret)
{
	/* The very last character of base64 is its padding. */
	return secret->s + WEBHOOK_SECRET_TEXT_LEN - HINT_LEN;
}

enum rc
webhook_unseal(const struct seal_key *key, int64_t id, const void *sealed,
    size_t len, unsigned char secret[WEBHOOK_SECRET_LEN])
{
	char buf[PLACE_LEN];
	enum rc rc = RC_DENIED;

	secret_wipe(secret, WEBHOOK_SECRET_LEN);
	if (len == WEBHOOK_SEALED_LEN)
		rc = secret_unseal(key, place(id, buf), sealed, len, secret);
	if (rc == RC_DENIED)
		log_err("cannot unseal the secret of webhook %lld: it was "
			"sealed with another key",
		    (long long)id);
	return rc == RC_OK ? RC_OK : RC_FAIL;
}

/* --- adding and removing -------------------------------------------------- */

static const char SQL_COUNT[] =
    "SELECT COUNT(*) FROM webhook"
    " WHERE account_id = $1 AND api_key_id = $2 AND status <> 4";
static const char SQL_ADD[] =
    "INSERT INTO webhook (account_id, api_key_id, url, events, status, secret,"
    " hint, created_at) VALUES ($1, $2, $3, $4, 1, x'', '', $5)";
static const char SQL_SECRET[] = "UPDATE webhook SET secret = $1, hint = $2"
				 " WHERE account_id = $3 AND id = $4";

enum rc
webhook_add(struct db *db, const struct caller *caller,
    const struct seal_key *key, const char *url, int64_t events, int64_t now,
    int64_t *id, struct webhook_secret *secret, struct why *why)
{
	unsigned char sealed[WEBHOOK_SEALED_LEN];
	int64_t n = 0;
	enum rc rc;

	*id = 0;
	memset(secret, 0, sizeof(*secret));
	rc = db_one(db, SQL_COUNT,
	    DB_ARGS(DB_INT(caller->account_id), DB_INT(caller->key_id)), &n);
	if (rc != RC_OK)
		return rc;
	if (n >= WEBHOOK_OF_KEY_MAX)
		return error_set(why, ERROR_WEBHOOK_LIMIT, NULL);
	rc = db_run(db, SQL_ADD,
	    DB_ARGS(DB_INT(caller->account_id), DB_INT(caller->key_id),
		DB_TEXT(url), DB_INT(events), DB_INT(now)));
	if (rc != RC_OK)
		return rc;
	/* The secret is sealed under the id, which is known now. */
	*id = db_last_id(db);
	rc = draw_secret(key, *id, secret, sealed);
	if (rc == RC_OK)
		rc = db_run(db, SQL_SECRET,
		    DB_ARGS(DB_BLOB(sealed, sizeof(sealed)),
			DB_TEXT(hint_of(secret)), DB_INT(caller->account_id),
			DB_INT(*id)));
	if (rc != RC_OK)
		secret_wipe(secret, sizeof(*secret));
	return rc;
}

/* True if the last statement changed the one row; otherwise says so. */
static enum rc
one_changed(struct db *db, enum rc rc, struct why *why)
{
	if (rc == RC_OK && db_changes(db) == 0)
		return error_set(why, ERROR_WEBHOOK, NULL);
	return rc;
}

/* Its deliveries are swept by the sender: there may be many. */
static const char SQL_REMOVE[] =
    "UPDATE webhook SET status = 4, url = '', secret = x'', hint = '',"
    " old_secret = NULL, old_until = NULL, reason = NULL, notice = 0"
    " WHERE account_id = $1 AND id = $2 AND status <> 4";

enum rc
webhook_remove(
    struct db *db, const struct caller *caller, int64_t id, struct why *why)
{
	return one_changed(db,
	    db_run(db, SQL_REMOVE,
		DB_ARGS(DB_INT(caller->account_id), DB_INT(id))),
	    why);
}

/* --- looking and changing ------------------------------------------------- */

static const char SQL_EACH[] =
    "SELECT id, url, events, status, reason, hint, created_at,"
    " last_success_at, last_failure_at,"
    " (SELECT COUNT(*) FROM delivery"
    "  WHERE webhook_id = webhook.id AND delivery.status = 1), api_key_id"
    " FROM webhook WHERE account_id = $1 AND ($2 = 0 OR id = $2)"
    " AND status <> 4 ORDER BY id";

enum rc
webhook_each(struct db *db, const struct caller *caller, int64_t id,
    enum rc (*each)(void *arg, const struct webhook *webhook), void *arg,
    struct why *why)
{
	struct db_rows *rows = NULL;
	struct webhook w;
	size_t n = 0;
	enum rc rc;

	rc = db_query(db, SQL_EACH,
	    DB_ARGS(DB_INT(caller->account_id), DB_INT(id)), &rows);
	while (db_more(rows, &rc)) {
		w = (struct webhook){
			.id = db_int(rows, 0),
			.url = db_text(rows, 1),
			.events = db_int(rows, 2),
			.status = (int)db_int(rows, 3),
			.reason = db_text(rows, 4),
			.hint = db_text(rows, 5),
			.created_at = db_int(rows, 6),
			.last_success_at = db_int(rows, 7),
			.last_failure_at = db_int(rows, 8),
			.pending = db_int(rows, 9),
			.key_id = db_int(rows, 10),
		};
		n++;
		if (each != NULL)
			rc = each(arg, &w);
	}
	if (rc == RC_OK && n == 0 && id != 0)
		rc = error_set(why, ERROR_WEBHOOK, NULL);
	db_done(&rows);
	return rc;
}

static const char SQL_UPDATE[] =
    "UPDATE webhook SET url = COALESCE($1, url),"
    " events = CASE WHEN $2 = 0 THEN events ELSE $2 END,"
    " status = CASE WHEN $3 = 0 THEN status ELSE $3 END,"
    " reason = CASE WHEN $3 = 0 THEN reason END,"
    " failing_since = CASE WHEN $3 = 1 THEN NULL ELSE failing_since END,"
    " blocked_since = CASE WHEN $3 = 1 OR $1 IS NOT NULL THEN NULL"
    "  ELSE blocked_since END,"
    " not_before = CASE WHEN $3 = 1 OR $1 IS NOT NULL THEN 0"
    "  ELSE not_before END,"
    " notice = CASE WHEN $3 = 1 THEN 0 ELSE notice END"
    " WHERE account_id = $4 AND id = $5 AND status <> 4";

enum rc
webhook_update(struct db *db, const struct caller *caller, int64_t id,
    const struct webhook_change *change, struct why *why)
{
	return one_changed(db,
	    db_run(db, SQL_UPDATE,
		DB_ARGS(DB_TEXT(change->url), DB_INT(change->events),
		    DB_INT(change->status), DB_INT(caller->account_id),
		    DB_INT(id))),
	    why);
}

static const char SQL_ROTATE[] =
    "UPDATE webhook SET old_secret = CASE WHEN $1 > 0 THEN secret END,"
    " old_until = CASE WHEN $1 > 0 THEN $2 END, secret = $3, hint = $4"
    " WHERE account_id = $5 AND id = $6 AND status <> 4";

enum rc
webhook_rotate(struct db *db, const struct caller *caller,
    const struct seal_key *key, int64_t id, int64_t overlap, int64_t now,
    struct webhook_secret *secret, struct why *why)
{
	unsigned char sealed[WEBHOOK_SEALED_LEN];
	enum rc rc;

	rc = draw_secret(key, id, secret, sealed);
	if (rc == RC_OK)
		rc = one_changed(db,
		    db_run(db, SQL_ROTATE,
			DB_ARGS(DB_INT(overlap), DB_INT(now + overlap * 3600),
			    DB_BLOB(sealed, sizeof(sealed)),
			    DB_TEXT(hint_of(secret)),
			    DB_INT(caller->account_id), DB_INT(id))),
		    why);
	if (rc != RC_OK)
		secret_wipe(secret, sizeof(*secret));
	return rc;
}

static const char SQL_STATUS[] =
    "SELECT status FROM webhook"
    " WHERE account_id = $1 AND id = $2 AND status <> 4";

enum rc
webhook_test(struct db *db, const struct caller *caller, int64_t id,
    int64_t now, char name[EVENT_NAME_LEN + 1], struct why *why)
{
	struct event event = { .type = EVENT_WEBHOOK_TEST, .webhook_id = id };
	char random[16 + 1];
	int64_t status = 0;
	enum rc rc;

	rc = db_one(db, SQL_STATUS,
	    DB_ARGS(DB_INT(caller->account_id), DB_INT(id)), &status);
	if (rc == RC_NOT_FOUND)
		return error_set(why, ERROR_WEBHOOK, NULL);
	if (rc == RC_OK && status != WEBHOOK_ACTIVE)
		return error_set(why, ERROR_WEBHOOK_INACTIVE, NULL);
	if (rc == RC_OK)
		rc = secret_random_base62(random, sizeof(random) - 1);
	if (rc != RC_OK)
		return rc;
	(void)snprintf(event.subject, sizeof(event.subject), "test:%s", random);
	return event_queue(db, caller, &event,
	    json_pack("{s:I}", "webhook", (json_int_t)id), now, name);
}

static const char SQL_PAUSE[] =
    "UPDATE webhook SET status = 2, reason = 'its key was revoked'"
    " WHERE account_id = $1 AND api_key_id = $2 AND status IN (1, 3)";

enum rc
webhook_pause_of_key(struct db *db, const struct caller *caller)
{
	return db_run(db, SQL_PAUSE,
	    DB_ARGS(DB_INT(caller->account_id), DB_INT(caller->key_id)));
}
