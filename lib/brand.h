/* SPDX-License-Identifier: ISC */
/*
 * What makes a panel the operator's own: the name, the logo, the colours,
 * the foot and the style sheet of the configuration, as pages take them.
 */
#ifndef LATCHKEY_BRAND_H
#define LATCHKEY_BRAND_H

#include <stdio.h>

#include <jansson.h>

#include "config.h"
#include "rc.h"

/*
 * What pages have as "brand": name, footer, logo, css ("" for none; the last
 * two without the slash that they begin with, to stand behind "../"), colors
 * (true if there are any) and version, which changes with them.  NULL
 * without memory.
 */
json_t *brand_model(const struct config *config);

/*
 * Writes the style sheet of the colours, which comes after ours: for each
 * that is given the custom properties that have to do with it, and for the
 * dark look a lighter one where only the other is given.
 */
void brand_css(const struct config *config, FILE *out);

/*
 * The contrast of a colour ("#rrggbb") to another, from 1 to 21: WCAG 2.2,
 * where text needs 4.5 (criterion 1.4.3).
 */
double brand_contrast(const char *color, const char *other);

#endif
