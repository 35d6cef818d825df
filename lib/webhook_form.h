/* SPDX-License-Identifier: ISC */
/*
 * What the pages about webhooks share: the fields of their forms.
 */
#ifndef LATCHKEY_WEBHOOK_FORM_H
#define LATCHKEY_WEBHOOK_FORM_H

#include <stdint.h>

#include "page.h"
#include "rc.h"

struct webhook;

/*
 * The field "url", borrowed from the form.  RC_INVALID (noted for it) if it
 * may not be an endpoint's.
 */
enum rc webhook_form_url(struct page_call *call, const char **url);

/*
 * The checked boxes "events" as a sum of bits; that of a test is always in
 * it.  RC_INVALID (noted for them) if none is, or one is unknown.
 */
enum rc webhook_form_events(struct page_call *call, int64_t *events);

/*
 * Puts "events" into the model: a list of {name, checked}, checked by what
 * was sent with the form of that name, if it was, or else by the sum of bits.
 */
enum rc webhook_form_set_events(
    struct page_call *call, const char *form, int64_t events);

/* As webhook_field_describe, with times as pages have them. */
enum rc webhook_form_describe(void *list, const struct webhook *webhook);

#endif
