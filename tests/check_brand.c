/* SPDX-License-Identifier: ISC */
/*
 * The operator's own look: what pages get of the configuration, the style
 * sheet of the colours, and contrasts.
 */
#include "brand.h"

#include <string.h>

#include "suite.h"

static void
must_be(const struct config *config, const char *expected)
{
	json_t *model = brand_model(config);
	char *text = json_dumps(model, JSON_COMPACT | JSON_SORT_KEYS);

	ck_assert_ptr_nonnull(text);
	ck_assert_str_eq(text, expected);
	free(text);
	json_decref(model);
}

static char *
css_of(const struct config *config)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	ck_assert_ptr_nonnull(out);
	brand_css(config, out);
	ck_assert_int_eq(fclose(out), 0);
	return text;
}

START_TEST(a_model_has_the_brand)
{
	struct config config = { .brand_name = "Latchkey" };

	must_be(&config, "{\"colors\":false,\"css\":\"\",\"footer\":\"\","
			 "\"logo\":\"\",\"name\":\"Latchkey\","
			 "\"version\":\"-\"}");
	(void)snprintf(config.brand_name, CONFIG_TEXT_MAX, "<A & \"B\">");
	(void)snprintf(config.brand_logo, CONFIG_TEXT_MAX, "/a/logo.svg");
	(void)snprintf(config.brand_css, CONFIG_TEXT_MAX, "/a.css");
	(void)snprintf(config.brand_footer, CONFIG_TEXT_MAX, "C");
	(void)snprintf(config.brand_color, 8, "#0b5fa5");
	(void)snprintf(config.brand_dark_color, 8, "#8ab8ff");
	must_be(&config, "{\"colors\":true,\"css\":\"a.css\",\"footer\":\"C\","
			 "\"logo\":\"a/logo.svg\","
			 "\"name\":\"<A & \\\"B\\\">\","
			 "\"version\":\"0b5fa5-8ab8ff\"}");
}
END_TEST

START_TEST(a_panel_without_colours_has_an_empty_style_sheet)
{
	const struct config config = { .brand_name = "Latchkey" };
	char *css = css_of(&config);

	ck_assert_str_eq(css, "");
	free(css);
}
END_TEST

START_TEST(colours_become_custom_properties)
{
	struct config config = { .brand_color = "#C80064" };
	char *css = css_of(&config);

	ck_assert_str_eq(css,
	    ":root { --accent: #C80064; --accent-strong: #96004b; "
	    "--accent-soft: #f8e0ec; --on-accent: #ffffff; }\n"
	    "@media (prefers-color-scheme: dark) {\n"
	    ":root { --accent: #e173aa; --accent-strong: #e996bf; "
	    "--accent-soft: #422c3a; --on-accent: #000000; }\n"
	    "}\n");
	free(css);
	(void)snprintf(config.brand_dark_color, 8, "#ff00ff");
	css = css_of(&config);
	ck_assert_ptr_nonnull(
	    strstr(css, "dark) {\n:root { --accent: #ff00ff;"));
	free(css);
	config.brand_color[0] = '\0';
	css = css_of(&config);
	ck_assert_ptr_eq(strstr(css, "@media"), css);
	free(css);
}
END_TEST

static const struct {
	const char *color, *other;
	double contrast; /* as other calculators say */
} contrasts[] = {
	{ "#000000", "#ffffff", 21 },
	{ "#ffffff", "#000000", 21 },
	{ "#777777", "#FFFFFF", 4.48 },
	{ "#767676", "#ffffff", 4.54 },
	{ "#0000ff", "#ffffff", 8.59 },
	{ "#ff0000", "#ffffff", 4.0 },
	{ "#123456", "#123456", 1 },
};

START_TEST(a_contrast_is_that_of_the_guidelines)
{
	ck_assert_double_eq_tol(
	    brand_contrast(contrasts[_i].color, contrasts[_i].other),
	    contrasts[_i].contrast, 0.005);
}
END_TEST

static Suite *
brand_suite(void)
{
	Suite *s = suite_create("brand");
	TCase *tc = tcase_create("brand");

	tcase_add_test(tc, a_model_has_the_brand);
	tcase_add_test(tc, a_panel_without_colours_has_an_empty_style_sheet);
	tcase_add_test(tc, colours_become_custom_properties);
	tcase_add_loop_test(
	    tc, a_contrast_is_that_of_the_guidelines, 0, ROWS(contrasts));
	suite_add_tcase(s, tc);
	return s;
}

SUITE_MAIN(brand_suite)
