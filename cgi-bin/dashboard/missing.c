/* SPDX-License-Identifier: ISC */
/*
 * What answers for pages that do not exist: htdocs/.htaccess leads here, and
 * the ErrorDocument of this directory.
 */
#include "page.h"

static enum rc
get(struct page_call *call)
{
	(void)call;
	return RC_NOT_FOUND;
}

const struct page page_missing = {
	.name = "missing",
	.title = "Not found",
	.access = PAGE_ANYBODY,
	.get = get,
};
