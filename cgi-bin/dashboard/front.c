/* SPDX-License-Identifier: ISC */
/*
 * The front page: what is answered where the document root has no index.html
 * of the operator's own.  Its links begin there and not in dashboard/, which
 * is why its template has a head of its own.
 */
#include "page.h"

static enum rc
get(struct page_call *call)
{
	const struct config *config = call->config;

	return page_set(call, "front",
	    json_pack("{s:s, s:s, s:b, s:b}", "url", config->url, "currency",
		config->currency, "sign_up", config->sign_up, "prices",
		config->has_public_prices));
}

const struct page page_front = {
	.name = "front",
	.title = "Welcome",
	.access = PAGE_ANYBODY,
	.get = get,
};
