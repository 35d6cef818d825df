/* SPDX-License-Identifier: ISC */
/*
 * The outbox.  The body is made once, here; what is delivered are these
 * bytes.
 */
#include "event.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "secret.h"
#include "timestamp.h"

static const char *const names[EVENT_TYPES] = {
	[EVENT_ORDER_CREATED] = "order.created",
	[EVENT_ORDER_IN_PROGRESS] = "order.in_progress",
	[EVENT_ORDER_COMPLETED] = "order.completed",
	[EVENT_ORDER_PARTIAL] = "order.partial",
	[EVENT_ORDER_CANCELED] = "order.canceled",
	[EVENT_ORDER_FAILED] = "order.failed",
	[EVENT_ORDER_REFUNDED] = "order.refunded",
	[EVENT_REFILL_COMPLETED] = "refill.completed",
	[EVENT_REFILL_REJECTED] = "refill.rejected",
	[EVENT_BALANCE_LOW] = "balance.low",
	[EVENT_WEBHOOK_TEST] = "webhook.test",
};

const char *
event_type_name(int type)
{
	return type >= 0 && type < EVENT_TYPES ? names[type] : NULL;
}

enum event_type
event_type_find(const char *name, size_t len)
{
	int type;

	for (type = 0; type < EVENT_TYPES; type++)
		if (strlen(names[type]) == len &&
		    memcmp(names[type], name, len) == 0)
			break;
	return (enum event_type)type;
}

static const char SQL_WANTED[] =
    "SELECT 1 FROM webhook"
    " WHERE account_id = $1 AND status = 1 AND events & $2 LIMIT 1";

enum rc
event_is_wanted(struct db *db, const struct caller *caller,
    enum event_type type, int *is_wanted)
{
	int64_t one;
	enum rc rc;

	rc = db_one(db, SQL_WANTED,
	    DB_ARGS(DB_INT(caller->account_id), DB_INT(1 << type)), &one);
	*is_wanted = rc == RC_OK;
	return rc == RC_NOT_FOUND ? RC_OK : rc;
}

/* The bytes to be delivered; takes over data.  NULL (logged). */
static char *
make_body(enum event_type type, json_t *data, int64_t now)
{
	char when[TIMESTAMP_LEN];
	char *body = NULL;
	json_t *model;

	model = json_pack("{s:s, s:s, s:o}", "type", names[type], "timestamp",
	    timestamp_format(now, when), "data", data);
	if (model != NULL)
		body = json_dumps(model, JSON_COMPACT);
	json_decref(model);
	if (body == NULL)
		log_err("cannot queue an event: out of memory");
	else if (strlen(body) > EVENT_BODY_MAX) {
		log_err("cannot queue an event: over %d bytes", EVENT_BODY_MAX);
		free(body);
		body = NULL;
	}
	return body;
}

static const char SQL_EVENT[] =
    "INSERT INTO event (account_id, name, subject, type, body, created_at)"
    " VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (subject) DO NOTHING";
static const char SQL_FAN_OUT[] =
    "INSERT INTO delivery (event_id, webhook_id, order_id, status, next_at)"
    " SELECT $1, id, $2, 1, $3 FROM webhook WHERE account_id = $4"
    " AND status = 1 AND (CASE WHEN $5 = 0 THEN events & $6 ELSE id = $5 END)";

enum rc
event_queue(struct db *db, const struct caller *caller,
    const struct event *event, json_t *data, int64_t now,
    char out[EVENT_NAME_LEN + 1])
{
	char name[EVENT_NAME_LEN + 1] = "evt_";
	char *body = make_body(event->type, data, now);
	enum rc rc = RC_FAIL;

	if (out != NULL)
		out[0] = '\0';
	if (body == NULL ||
	    secret_random_base62(name + 4, EVENT_NAME_LEN - 4) != RC_OK)
		goto out;
	rc = db_run(db, SQL_EVENT,
	    DB_ARGS(DB_INT(caller->account_id), DB_TEXT(name),
		DB_TEXT(event->subject), DB_INT(event->type), DB_TEXT(body),
		DB_INT(now)));
	if (rc != RC_OK || db_changes(db) == 0)
		goto out;
	rc = db_run(db, SQL_FAN_OUT,
	    DB_ARGS(DB_INT(db_last_id(db)),
		event->order_id != 0 ? DB_INT(event->order_id) : DB_NULL,
		DB_INT(now), DB_INT(caller->account_id),
		DB_INT(event->webhook_id), DB_INT(1 << event->type)));
	if (rc == RC_OK && out != NULL)
		memcpy(out, name, sizeof(name));
out:
	free(body);
	return rc;
}
