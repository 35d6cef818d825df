/* SPDX-License-Identifier: ISC */
/*
 * Colours cannot stand in pages, which have no styles of their own, so that
 * they are a small style sheet that browsers keep.
 */
#include "brand.h"

#include <math.h>
#include <string.h>

enum { COLOR_LEN = 8, VERSION_LEN = 2 * COLOR_LEN };

/* The brand's parts per hundred in the colours that are made of it. */
enum { STRONG = 75, DARK = 55, SOFT = 12, SOFT_DARK = 22 };

/* What they are mixed with: the style sheet's grounds, and the extremes. */
static const char WHITE[] = "#ffffff";
static const char BLACK[] = "#000000";
static const char GROUND_DARK[] = "#15181b";

static int
digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *found = strchr(digits, c >= 'A' && c <= 'F' ? c + 32 : c);

	return found != NULL ? (int)(found - digits) : 0;
}

/* Red, green or blue (0, 1, 2) of a colour, from 0 to 255. */
static int
part(const char *color, int i)
{
	return digit(color[1 + 2 * i]) * 16 + digit(color[2 + 2 * i]);
}

/* Mixes percent of a colour with another. */
static void
mix(const char *color, int percent, const char *other, char mixed[COLOR_LEN])
{
	int rgb[3], i;

	for (i = 0; i < 3; i++)
		rgb[i] = (part(color, i) * percent +
			     part(other, i) * (100 - percent) + 50) /
			 100;
	(void)snprintf(mixed, COLOR_LEN, "#%02x%02x%02x", rgb[0] & 0xff,
	    rgb[1] & 0xff, rgb[2] & 0xff);
}

json_t *
brand_model(const struct config *config)
{
	char version[VERSION_LEN];
	int has_colors = config->brand_color[0] != '\0' ||
			 config->brand_dark_color[0] != '\0';

	/* The digits, without the signs that a URL cannot have. */
	(void)snprintf(version, sizeof(version), "%s-%s",
	    config->brand_color + (config->brand_color[0] == '#'),
	    config->brand_dark_color + (config->brand_dark_color[0] == '#'));
	return json_pack("{s:s, s:s, s:s, s:s, s:b, s:s}", "name",
	    config->brand_name, "footer", config->brand_footer, "logo",
	    config->brand_logo + (config->brand_logo[0] == '/'), "css",
	    config->brand_css + (config->brand_css[0] == '/'), "colors",
	    has_colors, "version", version);
}

/* The properties of a colour, on a light or a dark ground. */
static void
put_colors(const char *color, int is_dark, FILE *out)
{
	char strong[COLOR_LEN], soft[COLOR_LEN];

	mix(color, STRONG, is_dark ? WHITE : BLACK, strong);
	mix(color, is_dark ? SOFT_DARK : SOFT, is_dark ? GROUND_DARK : WHITE,
	    soft);
	(void)fprintf(out,
	    ":root { --accent: %s; --accent-strong: %s; --accent-soft: %s; "
	    "--on-accent: %s; }\n",
	    color, strong, soft,
	    brand_contrast(color, WHITE) >= brand_contrast(color, BLACK)
		? WHITE
		: BLACK);
}

void
brand_css(const struct config *config, FILE *out)
{
	char dark[COLOR_LEN];

	if (config->brand_color[0] != '\0')
		put_colors(config->brand_color, 0, out);
	if (config->brand_dark_color[0] != '\0')
		(void)snprintf(
		    dark, sizeof(dark), "%s", config->brand_dark_color);
	else if (config->brand_color[0] != '\0')
		mix(config->brand_color, DARK, WHITE, dark);
	else
		return;
	(void)fputs("@media (prefers-color-scheme: dark) {\n", out);
	put_colors(dark, 1, out);
	(void)fputs("}\n", out);
}

/* Relative luminance, from 0 to 1: WCAG 2.2, definitions. */
static double
luminance(const char *color)
{
	static const double weight[] = { 0.2126, 0.7152, 0.0722 };
	double sum = 0, value;
	int i;

	for (i = 0; i < 3; i++) {
		value = part(color, i) / 255.0;
		value = value <= 0.04045 ? value / 12.92
					 : pow((value + 0.055) / 1.055, 2.4);
		sum += weight[i] * value;
	}
	return sum;
}

double
brand_contrast(const char *color, const char *other)
{
	double a = luminance(color), b = luminance(other);

	return a > b ? (a + 0.05) / (b + 0.05) : (b + 0.05) / (a + 0.05);
}
