/* SPDX-License-Identifier: ISC */
/*
 * What in a page must not depend on values: its skeleton.  For tests that
 * fill a template with two values and compare.
 */
#ifndef LATCHKEY_TESTS_SKELETON_H
#define LATCHKEY_TESTS_SKELETON_H

/*
 * The tags of a page with the names of their attributes, and in full what
 * HTML would take for more than text: comments, scripts, styles, event
 * handlers, values without quotes, and of each URL the scheme and the host
 * (all of it, if the scheme may run code).  Text and other values are left
 * out.  Reads what browsers read, wrong or not: section 13.2.5 of the HTML
 * standard and section 4.4 of the URL standard.  To be freed; ends the
 * program if memory runs out.
 */
char *skeleton_of(const char *page);

#endif
