/* SPDX-License-Identifier: ISC */
/*
 * What the webhook actions of the API share: their fields, and an endpoint
 * as JSON.
 */
#ifndef LATCHKEY_WEBHOOK_FIELDS_H
#define LATCHKEY_WEBHOOK_FIELDS_H

#include <stdint.h>

#include <jansson.h>

#include "action.h"
#include "rc.h"
#include "webhook.h"

/* The field "webhook".  RC_NOT_FOUND (why is set) if it is no id. */
enum rc webhook_field_id(struct call *call, int64_t *id);

/*
 * The field "url", borrowed from the form; NULL if there is none.  RC_INVALID
 * (why is set) if it may not be an endpoint's.
 */
enum rc webhook_field_url(struct call *call, const char **url);

/*
 * The list "events" as a sum of bits, 0 if there is none.  RC_INVALID (why
 * names it) for an unknown one.
 */
enum rc webhook_field_events(struct call *call, int64_t *events);

/* Loads the site's sealing key; whoever does wipes it.  RC_FAIL (logged). */
enum rc webhook_field_key(const struct call *call, struct seal_key *key);

/* The names of events as a new array; NULL without memory. */
json_t *webhook_field_names(int64_t events);

/*
 * Appends an item to a list and drops the reference.  RC_FAIL (logged) if
 * either is NULL or memory has run out.
 */
enum rc webhook_field_append(json_t *list, json_t *item);

/* Appends an endpoint as the API shows it to a list: for webhook_each. */
enum rc webhook_field_describe(void *list, const struct webhook *webhook);

#endif
