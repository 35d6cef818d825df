/* SPDX-License-Identifier: ISC */
/*
 * Orders as models of pages: texts as people read them.
 */
#ifndef LATCHKEY_ORDER_MODEL_H
#define LATCHKEY_ORDER_MODEL_H

#include <jansson.h>

#include "order_list.h"
#include "rc.h"

/*
 * A new model of an order: id, service_id, service, category, status, tone
 * (the class of its tag), link, quantity, remains, delivered, percent,
 * start_count, price (of all pieces), charge (after refunds), created,
 * updated, cancel_requested, is_open, may_cancel, may_refill, on_sale and
 * details, a list of {name, value}.  What an order does not have is null;
 * times are page_json_time's.
 * NULL (logged) without memory.
 */
json_t *order_model(const struct order_item *order);

/* An each of order_list: appends the model to a list, which arg is. */
enum rc order_model_append(void *arg, const struct order_item *order);

/* Appends to a list and drops the reference; RC_FAIL (logged) for NULL. */
enum rc order_model_add(json_t *list, json_t *item);

#endif
