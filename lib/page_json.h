/* SPDX-License-Identifier: ISC */
/*
 * Values of models that many pages have.
 */
#ifndef LATCHKEY_PAGE_JSON_H
#define LATCHKEY_PAGE_JSON_H

#include <stdint.h>

#include <jansson.h>

#include "rc.h"
#include "zone.h"

/*
 * A time: {"utc": "2026-01-31T23:59:59Z"}, to which the framework adds "text"
 * before the page is shown, since who makes a model does not know where it
 * is read; null for 0, which has not come.
 */
json_t *page_json_time(int64_t seconds);

/* Adds "text" to all times of a model; RC_FAIL (logged) without memory. */
enum rc page_json_tell_times(json_t *model, const struct zone *zone);

/*
 * Appends an item to a list and drops the reference.  RC_FAIL (logged) if
 * either is NULL or memory has run out.
 */
enum rc page_json_append(json_t *list, json_t *item);

#endif
