/* SPDX-License-Identifier: ISC */
/*
 * The colours of the configuration as a style sheet.  Pages name it with a
 * version that changes with them, so that browsers may keep it; those that
 * are files cannot, so that it is not for long.
 */
#include "brand.h"
#include "page.h"

static enum rc
get(struct page_call *call)
{
	FILE *out = page_output(call, "text/css; charset=utf-8", NULL);

	if (out == NULL)
		return RC_FAIL;
	brand_css(call->config, out);
	page_cache(call, "public, max-age=3600");
	return RC_OK;
}

const struct page page_colors = {
	.name = "colors",
	.title = "Colours",
	.access = PAGE_CONSTANT,
	.get = get,
};
