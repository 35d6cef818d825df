/* SPDX-License-Identifier: ISC */
/*
 * A program of one page; the Makefile says which, and whether it has a
 * template.
 */
#include "page.h"
#include "templates.h"

#define PASTE(a, b) a##b
#define PAGE_OF(name) PASTE(page_, name)
#define TEMPLATE_OF(name) PASTE(template_dashboard_, name)

extern const struct page PAGE_OF(PAGE);

int
main(void)
{
#ifdef NO_TEMPLATE
	return page_main(&PAGE_OF(PAGE), NULL);
#else
	return page_main(&PAGE_OF(PAGE), &TEMPLATE_OF(PAGE));
#endif
}
