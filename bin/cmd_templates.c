/* SPDX-License-Identifier: ISC */
/*
 * latchkey templates check and export.
 */
#include "cmd.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "brand.h"
#include "template_site.h"

/* Against which ground of the style sheet a colour must be readable. */
#define GROUND "#ffffff"
#define GROUND_DARK "#15181b"

/* What text needs: WCAG 2.2, criterion 1.4.3. */
static const double CONTRAST = 4.5;

static void
add_fault(json_t *list, const char *file, int line, const char *why)
{
	/* Without memory the list stays short, which its user tells. */
	(void)cmd_append(
	    list, json_pack("{s:o, s:o, s:o}", "file", cmd_json_text(file),
		      "line", line > 0 ? json_integer(line) : json_null(),
		      "what", cmd_json_text(why)));
}

static void
add_site(void *list, const struct template_site_fault *fault)
{
	char file[128];

	(void)snprintf(file, sizeof(file), "%s%s", fault->name,
	    strchr(fault->name, '/') != NULL ? ".html" : "");
	add_fault(list, fault->name[0] != '\0' ? file : "(directory)",
	    fault->line, fault->why);
}

static void
add_builtin(void *list, const struct template_site_fault *fault)
{
	char file[128];

	(void)snprintf(file, sizeof(file), "%s.html (built in)", fault->name);
	add_fault(list, file, fault->line, fault->why);
}

static void
add_color(json_t *list, const char *name, const char *color, const char *ground)
{
	char why[128];
	double contrast;

	if (color[0] == '\0')
		return;
	contrast = brand_contrast(color, ground);
	if (contrast >= CONTRAST)
		return;
	(void)snprintf(why, sizeof(why),
	    "%s has a contrast of %.1f to %s; text needs %.1f", color, contrast,
	    ground, CONTRAST);
	add_fault(list, name, 0, why);
}

static enum cmd_exit
print_faults(struct cmd_call *call, json_t *list, const char *dir, size_t nsite,
    size_t nbuiltin)
{
	static const struct cmd_column columns[] = {
		{ "file", "FILE", 0 },
		{ "line", "LINE", 1 },
		{ "what", "WHAT IS WRONG", 0 },
		{ NULL, NULL, 0 },
	};
	size_t n = json_array_size(list);
	enum cmd_exit status;

	if (n == 0 && list != NULL && cmd_value(call, "json") == NULL) {
		json_decref(list);
		if (dir[0] == '\0')
			(void)printf(
			    "all is in order: %zu built in\n", nbuiltin);
		else
			(void)printf("all is in order: %zu in %s, "
				     "%zu built in\n",
			    nsite, dir, nbuiltin);
		return CMD_DONE;
	}
	status = cmd_print_list(call, list, columns);
	if (status != CMD_DONE || n == 0)
		return status;
	(void)cmd_refuse("templates check found %zu %s", n,
	    n == 1 ? "thing wrong" : "things wrong");
	return CMD_WRONG;
}

enum cmd_exit
cmd_templates_check(struct cmd_call *call)
{
	const struct config *config = &call->config;
	const char *dir =
	    call->noperands > 0 ? call->operand[0] : config->templates;
	size_t nsite = 0, nbuiltin = 0;
	json_t *list = json_array();
	enum rc rc;

	rc = template_site_check_builtin(add_builtin, list, &nbuiltin);
	if (rc == RC_OK && dir[0] != '\0')
		rc = template_site_check(dir, add_site, list, &nsite);
	if (rc != RC_OK) {
		json_decref(list);
		return cmd_end(rc, NULL, "check the templates");
	}
	add_color(list, "brand_color", config->brand_color, GROUND);
	add_color(
	    list, "brand_dark_color", config->brand_dark_color, GROUND_DARK);
	return print_faults(call, list, dir, nsite, nbuiltin);
}

enum cmd_exit
cmd_templates_export(struct cmd_call *call)
{
	char what[CONFIG_PATH_MAX];
	size_t nfiles = 0, nkept = 0;
	enum rc rc;

	rc = template_site_export(call->operand[0], call->operand[1], &nfiles,
	    &nkept, what, sizeof(what));
	if (rc == RC_INVALID)
		return cmd_refuse("cannot write %s: %s", what, strerror(errno));
	if (rc != RC_OK)
		return cmd_end(rc, "no template has that name", "export %s",
		    call->operand[1] != NULL ? call->operand[1] : "");
	(void)printf("%zu written", nfiles);
	if (nkept > 0)
		(void)printf(", %zu that differ left as they are", nkept);
	(void)putchar('\n');
	return CMD_DONE;
}
