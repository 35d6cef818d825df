/* SPDX-License-Identifier: ISC */
/*
 * Values of models that many pages have.
 */
#ifndef LATCHKEY_PAGE_JSON_H
#define LATCHKEY_PAGE_JSON_H

#include <stdint.h>

#include <jansson.h>

#include "rc.h"

/* A time as pages show it; null for 0, which has not come. */
json_t *page_json_time(int64_t seconds);

/*
 * Appends an item to a list and drops the reference.  RC_FAIL (logged) if
 * either is NULL or memory has run out.
 */
enum rc page_json_append(json_t *list, json_t *item);

#endif
