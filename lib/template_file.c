/* SPDX-License-Identifier: ISC */
/*
 * The operator's templates, read with the same caution as his
 * configuration.
 */
#include "template_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "log.h"
#include "template_parse.h"
#include "text.h"

/* RC_INVALID unless it is of that type and nobody else can write it. */
static enum rc
check(int fd, mode_t type, struct stat *st, struct template_fault *fault)
{
	if (fstat(fd, st) != 0)
		return template_fault(fault, 0, "%s", strerror(errno));
	if ((st->st_mode & S_IFMT) != type)
		return template_fault(fault, 0, "it is not a %s",
		    type == S_IFDIR ? "directory" : "file");
	if ((st->st_mode & 022) != 0 ||
	    (st->st_uid != geteuid() && st->st_uid != 0))
		return template_fault(fault, 0,
		    "it belongs to another user or others can write it");
	return RC_OK;
}

/*
 * Opens something in a directory, or by its path; what is not a file does
 * not hold us up.
 */
static enum rc
open_at(
    int dir, const char *name, int flags, int *fd, struct template_fault *fault)
{
	*fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | flags);
	if (*fd >= 0)
		return RC_OK;
	(void)template_fault(fault, 0, "%s", strerror(errno));
	return errno == ENOENT ? RC_NOT_FOUND : RC_INVALID;
}

enum rc
template_file_open(const char *dir, int *fd, struct template_fault *fault)
{
	struct stat st;
	enum rc rc = open_at(AT_FDCWD, dir, O_DIRECTORY, fd, fault);

	if (rc == RC_OK)
		rc = check(*fd, S_IFDIR, &st, fault);
	if (rc != RC_OK && *fd >= 0) {
		(void)close(*fd);
		*fd = -1;
	}
	return rc;
}

/* Lines end with a line feed alone, whatever wrote the file. */
static void
end_lines(char *text)
{
	char *to = text;

	for (; *text != '\0'; text++)
		if (text[0] != '\r' || text[1] != '\n')
			*to++ = *text;
	*to = '\0';
}

/* Reads up to size bytes; -1 if that fails. */
static ssize_t
read_all(int fd, char *text, size_t size)
{
	size_t len = 0;
	ssize_t n;

	do {
		n = read(fd, text + len, size - len);
		if (n > 0)
			len += (size_t)n;
	} while (len < size && (n > 0 || (n < 0 && errno == EINTR)));
	return n < 0 ? -1 : (ssize_t)len;
}

/* The text of an open file, owned. */
static enum rc
read_text(int fd, size_t size, char **text, struct template_fault *fault)
{
	ssize_t n;

	if (size > TEMPLATE_SIZE_MAX)
		return template_fault(
		    fault, 0, "more than %d bytes", TEMPLATE_SIZE_MAX);
	*text = malloc(size + 1);
	if (*text == NULL) {
		log_err("cannot read a template: out of memory");
		return RC_FAIL;
	}
	n = read_all(fd, *text, size);
	if (n < 0)
		return template_fault(fault, 0, "%s", strerror(errno));
	(*text)[n] = '\0';
	if (strlen(*text) != (size_t)n)
		return template_fault(fault, 0, "a NUL byte");
	end_lines(*text);
	if (!text_is_block(*text, TEMPLATE_SIZE_MAX))
		return template_fault(
		    fault, 0, "it is not UTF-8, or has control characters");
	return RC_OK;
}

enum rc
template_file_read(
    int dir, const char *name, char **text, struct template_fault *fault)
{
	char path[2 * TEMPLATE_NAME_MAX], *slash;
	int sub = -1, fd = -1;
	struct stat st;
	enum rc rc;
	int n;

	*text = NULL;
	n = snprintf(path, sizeof(path), "%s.html", name);
	slash = strchr(path, '/');
	if (n < 0 || (size_t)n >= sizeof(path) || slash == NULL)
		return RC_NOT_FOUND;
	*slash = '\0';
	rc = open_at(dir, path, O_DIRECTORY | O_NOFOLLOW, &sub, fault);
	if (rc == RC_OK)
		rc = check(sub, S_IFDIR, &st, fault);
	if (rc == RC_OK)
		rc = open_at(sub, slash + 1, O_NOFOLLOW, &fd, fault);
	if (rc == RC_OK)
		rc = check(fd, S_IFREG, &st, fault);
	if (rc == RC_OK)
		rc = read_text(fd, (size_t)st.st_size, text, fault);
	if (rc != RC_OK) {
		free(*text);
		*text = NULL;
	}
	if (fd >= 0)
		(void)close(fd);
	if (sub >= 0)
		(void)close(sub);
	return rc;
}
