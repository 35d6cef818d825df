/* SPDX-License-Identifier: ISC */
/*
 * What a list of orders is asked for in the URL of its page and of its
 * export: status, service, q (an id or exactly a link), before and after.
 */
#ifndef LATCHKEY_ORDER_SEARCH_H
#define LATCHKEY_ORDER_SEARCH_H

#include <stdint.h>

#include "form.h"
#include "order_list.h"
#include "query.h"
#include "rc.h"

enum { ORDER_SEARCH_MAX = 1000 }; /* bytes of q */

struct order_search {
	struct order_list_filter filter; /* its link is borrowed */
	int64_t order_id;                /* that was asked for; 0: none */
	const char *q; /* as it was sent, borrowed; NULL: nothing was */
};

/*
 * Reads a search.  RC_INVALID if a field cannot be one, or q is too long:
 * whoever sends that has not come from a form of ours.
 */
enum rc order_search_read(
    const struct form *query, struct order_search *search);

/* Adds what a further page of the search has in its URL, its place apart. */
void order_search_query(const struct order_search *search, struct query *query);

#endif
