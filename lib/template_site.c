/* SPDX-License-Identifier: ISC */
/*
 * Overrides are checked by the functions that pages read them with, and then
 * by making a page of nothing, so that what passes here is not passed over
 * there.
 */
#include "template_site.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "log.h"
#include "template_file.h"
#include "template_parse.h"
#include "templates.h"

enum { FILE_NAME_MAX = TEMPLATE_NAME_MAX + 16, PATH_LEN = 1280 };

/* The directories that templates are in. */
static const char *const places[] = { "layout", "dashboard" };

enum { PLACES = sizeof(places) / sizeof(places[0]) };

/* Who is told, and of what. */
struct check {
	const char *dir; /* NULL: of those that are built in */
	int fd;
	void (*found)(void *arg, const struct template_site_fault *fault);
	void *arg;
	const char *name; /* of the template at hand */
	int is_tried;     /* a page of it, and that was not good */
	size_t ntokens;   /* partials that put a form's token there */
};

static void
tell(const struct check *check, int line, const char *why)
{
	const struct template_site_fault fault = { check->name, line, why };

	check->found(check->arg, &fault);
}

static const struct template *
find_builtin(const char *name)
{
	size_t i;

	for (i = 0; template_all[i] != NULL; i++)
		if (strcmp(template_all[i]->name, name) == 0)
			return template_all[i];
	return NULL;
}

/* A partial must be there; whether it is in order is another question. */
static enum rc
check_partial(void *arg, const char *name, int line)
{
	struct check *check = arg;
	char path[FILE_NAME_MAX], why[2 * TEMPLATE_WHY_LEN];

	check->ntokens += strcmp(name, "form") == 0;
	(void)snprintf(path, sizeof(path), "layout/%s", name);
	if (find_builtin(path) != NULL)
		return RC_OK;
	(void)snprintf(path, sizeof(path), "layout/%s.html", name);
	if (check->dir != NULL && faccessat(check->fd, path, F_OK, 0) == 0)
		return RC_OK;
	(void)snprintf(why, sizeof(why), "there is no %s", path);
	tell(check, line, why);
	return RC_OK;
}

/* The first line of log about the template at hand: what it says of it. */
static int
take_line(void *arg, const char *line, size_t len)
{
	struct check *check = arg;
	char why[2 * TEMPLATE_WHY_LEN];
	const char *text;

	text = memmem(line, len - 1, check->name, strlen(check->name));
	if (text != NULL)
		text = memmem(text, (size_t)(line + len - text), ": ", 2);
	if (text == NULL || check->is_tried)
		return 1;
	check->is_tried = 1;
	(void)snprintf(why, sizeof(why), "%.*s",
	    (int)(line + len - 1 - text - 2), text + 2);
	tell(check, 0, why);
	return 1;
}

/* Makes a page of nothing, which tells of what goes on without end. */
static void
try_page(struct check *check, const struct template *template)
{
	const struct templates templates = { template_layout, check->dir };
	FILE *out = fopen("/dev/null", "we");
	json_t *model = json_object();

	if (out != NULL && model != NULL) {
		log_to(take_line, check);
		(void)template_render(&templates, template, model, out);
		log_to(NULL, NULL);
	}
	json_decref(model);
	if (out != NULL)
		(void)fclose(out);
}

/* How many forms of a template are posted. */
static size_t
count_posts(const struct template *template)
{
	static const char post[] = "method=\"post\"";
	size_t n = 0, i;

	for (i = 0; i + sizeof(post) - 1 <= template->len; i++)
		n += strncasecmp(template->text + i, post, sizeof(post) - 1) ==
		     0;
	return n;
}

/* Looks at a template that could be read. */
static enum rc
check_text(struct check *check, const struct template *template)
{
	struct template_fault fault = { 0 };
	enum rc rc = template_check(template, &fault);

	if (rc == RC_INVALID)
		tell(check, fault.line, fault.why);
	if (rc == RC_OK)
		rc = template_partials(template, check_partial, check);
	if (rc == RC_OK && count_posts(template) > check->ntokens)
		tell(check, 0, "a form without {{> form}}, which is refused");
	return rc == RC_INVALID ? RC_OK : rc;
}

/* How many faults there were, and then to whom they belong. */
struct counter {
	const struct check *check;
	size_t n;
};

static void
count(void *arg, const struct template_site_fault *fault)
{
	struct counter *counter = arg;

	counter->n++;
	counter->check->found(counter->check->arg, fault);
}

/* Looks at a file of the site. */
static enum rc
check_file(const struct check *check, const char *name)
{
	struct counter counter = { check, 0 };
	struct check own = { check->dir, check->fd, count, &counter, name, 0,
		0 };
	const struct template *builtin = find_builtin(name);
	struct template template = { name, NULL, 0 };
	struct template_fault fault = { 0 };
	char *text = NULL;
	enum rc rc;

	rc = template_file_read(check->fd, name, &text, &fault);
	if (rc == RC_INVALID || rc == RC_NOT_FOUND) {
		tell(&own, 0, fault.why);
		return RC_OK;
	}
	if (rc != RC_OK)
		return rc;
	template.text = text;
	template.len = strlen(text);
	if (builtin == NULL && strncmp(name, "layout/", 7) != 0)
		tell(&own, 0, "there is no such page");
	rc = check_text(&own, &template);
	/* Found by its name, it is what the built-in one includes. */
	if (rc == RC_OK && counter.n == 0)
		try_page(&own, builtin != NULL ? builtin : &template);
	free(text);
	return rc;
}

/* Looks at the files of a directory in that of the site. */
static enum rc
check_place(struct check *check, const char *place, size_t *nfiles)
{
	int fd = openat(
	    check->fd, place, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	const struct dirent *entry;
	char name[FILE_NAME_MAX];
	enum rc rc = RC_OK;
	size_t len;

	if (dir == NULL) {
		check->name = place;
		if (errno != ENOENT)
			tell(check, 0, strerror(errno));
		if (fd >= 0)
			(void)close(fd);
		return RC_OK;
	}
	while (rc == RC_OK && (entry = readdir(dir)) != NULL) {
		len = strlen(entry->d_name);
		if (len < 6 || strcmp(entry->d_name + len - 5, ".html") != 0)
			continue;
		++*nfiles;
		check->name = entry->d_name;
		if (len - 5 > TEMPLATE_NAME_MAX) {
			tell(check, 0, "its name is too long");
			continue;
		}
		(void)snprintf(name, sizeof(name), "%s/%.*s", place,
		    (int)len - 5, entry->d_name);
		rc = check_file(check, name);
	}
	(void)closedir(dir);
	return rc;
}

enum rc
template_site_check(const char *dir,
    void (*found)(void *arg, const struct template_site_fault *fault),
    void *arg, size_t *nfiles)
{
	struct check check = { dir, -1, found, arg, "", 0, 0 };
	struct template_fault fault = { 0 };
	enum rc rc = RC_OK;
	size_t i;

	*nfiles = 0;
	if (template_file_open(dir, &check.fd, &fault) != RC_OK) {
		tell(&check, 0, fault.why);
		return RC_OK;
	}
	for (i = 0; rc == RC_OK && i < PLACES; i++)
		rc = check_place(&check, places[i], nfiles);
	(void)close(check.fd);
	return rc;
}

enum rc
template_site_check_builtin(
    void (*found)(void *arg, const struct template_site_fault *fault),
    void *arg, size_t *nfiles)
{
	struct check check = { NULL, -1, found, arg, "", 0, 0 };
	enum rc rc = RC_OK;

	for (*nfiles = 0; rc == RC_OK && template_all[*nfiles] != NULL;
	     ++*nfiles) {
		check.name = template_all[*nfiles]->name;
		check.ntokens = 0;
		rc = check_text(&check, template_all[*nfiles]);
	}
	return rc;
}

/* --- writing -------------------------------------------------------------- */

/* Makes a directory that may be there; others may read it. */
static enum rc
make_dir(const char *path)
{
	if (mkdir(path, 0700) == 0)
		return chmod(path, 0755) == 0 ? RC_OK : RC_INVALID;
	return errno == EEXIST ? RC_OK : RC_INVALID;
}

/* True if the file is there and has that text. */
static int
is_same(const char *path, const struct template *template)
{
	FILE *f = fopen(path, "re");
	char *text = f != NULL ? malloc(template->len + 1) : NULL;
	int same = 0;

	if (text != NULL)
		same = fread(text, 1, template->len + 1, f) == template->len &&
		       memcmp(text, template->text, template->len) == 0;
	free(text);
	if (f != NULL)
		(void)fclose(f);
	return same;
}

/* Writes a text to a new file that others may read. */
static enum rc
write_new(const char *path, const struct template *template)
{
	FILE *f;
	int ok;

	(void)unlink(path);
	f = fopen(path, "wxe");
	if (f == NULL)
		return RC_INVALID;
	ok = fwrite(template->text, 1, template->len, f) == template->len &&
	     fchmod(fileno(f), 0644) == 0 && fflush(f) == 0;
	if (fclose(f) != 0 || !ok) {
		(void)unlink(path);
		return RC_INVALID;
	}
	return RC_OK;
}

/* Writes a template under another name, and gives it its own by a link. */
static enum rc
export_one(const char *path, const struct template *template, size_t *nfiles,
    size_t *nkept)
{
	char other[PATH_LEN + 8];
	enum rc rc = RC_INVALID;
	int error;

	if (access(path, F_OK) == 0) {
		*nkept += !is_same(path, template);
		return RC_OK;
	}
	(void)snprintf(other, sizeof(other), "%s.new", path);
	if (write_new(other, template) == RC_OK && link(other, path) == 0) {
		++*nfiles;
		rc = RC_OK;
	}
	error = errno;
	(void)unlink(other);
	errno = error;
	return rc;
}

enum rc
template_site_export(const char *dir, const char *name, size_t *nfiles,
    size_t *nkept, char *what, size_t size)
{
	char path[PATH_LEN];
	enum rc rc;
	size_t i;

	*nfiles = *nkept = 0;
	(void)snprintf(what, size, "%s", dir);
	if (strlen(dir) >= PATH_LEN - FILE_NAME_MAX) {
		errno = ENAMETOOLONG;
		return RC_INVALID;
	}
	if (name != NULL && find_builtin(name) == NULL)
		return RC_NOT_FOUND;
	rc = make_dir(dir);
	for (i = 0; rc == RC_OK && i < PLACES; i++) {
		(void)snprintf(what, size, "%s/%s", dir, places[i]);
		rc = make_dir(what);
	}
	for (i = 0; rc == RC_OK && template_all[i] != NULL; i++) {
		if (name != NULL && strcmp(template_all[i]->name, name) != 0)
			continue;
		(void)snprintf(path, sizeof(path), "%s/%s.html", dir,
		    template_all[i]->name);
		(void)snprintf(what, size, "%s", path);
		rc = export_one(path, template_all[i], nfiles, nkept);
	}
	return rc;
}
