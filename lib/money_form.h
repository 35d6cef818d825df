/* SPDX-License-Identifier: ISC */
/*
 * What forms about money have in common: reading the amount, and saying in a
 * sentence what funds, money_request or transfer has refused.
 */
#ifndef LATCHKEY_MONEY_FORM_H
#define LATCHKEY_MONEY_FORM_H

#include <stdint.h>

#include "page.h"
#include "rc.h"

/*
 * Reads the field "amount", more than zero.  RC_INVALID (noted for the field)
 * if it is none.
 */
enum rc money_form_amount(struct page_call *call, int64_t *amount_nano);

/*
 * What a refusal has come to: notes what, words without a full stop, as a
 * sentence for the field (NULL: the form) and gives RC_INVALID, unless rc is
 * about us or there is nothing to say; gives rc then.
 */
enum rc money_form_refused(
    struct page_call *call, const char *field, enum rc rc, const char *what);

#endif
