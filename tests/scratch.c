/* SPDX-License-Identifier: ISC */
/*
 * A directory and a log for one test.  Check forks for each test, so there
 * is one of both in a process.
 */
#include "scratch.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "suite.h"

static struct {
	char dir[SCRATCH_PATH_LEN];
	int stderr_was; /* where stderr went before; -1: it still does */
	char log[SCRATCH_PATH_LEN];
} scratch = { .stderr_was = -1 };

void
scratch_make(void)
{
	const char *top = getenv("TMPDIR");

	(void)snprintf(scratch.dir, sizeof(scratch.dir), "%s/scratch.XXXXXX",
	    top != NULL ? top : "/tmp");
	ck_assert_ptr_nonnull(mkdtemp(scratch.dir));
	scratch_path(".log", scratch.log);
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *where)
{
	(void)st, (void)type, (void)where;
	return remove(path);
}

void
scratch_remove(void)
{
	if (scratch.dir[0] == '\0')
		return;
	ck_assert_int_eq(
	    nftw(scratch.dir, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
	scratch.dir[0] = '\0';
}

void
scratch_path(const char *name, char path[SCRATCH_PATH_LEN])
{
	int n = snprintf(path, SCRATCH_PATH_LEN, "%s%s%s", scratch.dir,
	    name[0] != '\0' ? "/" : "", name);

	ck_assert_int_gt(n, 0);
	ck_assert_int_lt(n, SCRATCH_PATH_LEN);
}

void
scratch_write(const char *name, const void *bytes, size_t len, mode_t mode,
    char path[SCRATCH_PATH_LEN])
{
	int fd;

	scratch_path(name, path);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, bytes, len), (ssize_t)len);
	ck_assert_int_eq(fchmod(fd, mode), 0);
	ck_assert_int_eq(close(fd), 0);
}

void
scratch_mkdir(const char *name, mode_t mode, char path[SCRATCH_PATH_LEN])
{
	scratch_path(name, path);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	ck_assert_int_eq(chmod(path, mode), 0);
}

char *
scratch_read(const char *path, size_t *len)
{
	size_t size = 0, room = 4096, n;
	FILE *in = fopen(path, "re");
	char *text = malloc(room + 1);

	ck_assert_msg(in != NULL, "cannot open %s", path);
	ck_assert_ptr_nonnull(text);
	while ((n = fread(text + size, 1, room - size, in)) > 0) {
		size += n;
		if (size < room)
			continue;
		room *= 2;
		text = realloc(text, room + 1);
		ck_assert_ptr_nonnull(text);
	}
	ck_assert(!ferror(in));
	(void)fclose(in);
	text[size] = '\0';
	if (len != NULL)
		*len = size;
	return text;
}

long long
scratch_bytes_written(void)
{
	FILE *io = fopen("/proc/self/io", "re");
	char line[128];
	long long n = -1;

	while (io != NULL && fgets(line, sizeof(line), io) != NULL)
		if (strncmp(line, "wchar: ", 7) == 0)
			n = strtoll(line + 7, NULL, 10);
	if (io != NULL)
		(void)fclose(io);
	return n;
}

void
scratch_log_start(void)
{
	int fd = open(scratch.log,
	    O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_APPEND, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(scratch.stderr_was, -1);
	scratch.stderr_was = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 10);
	ck_assert_int_ge(scratch.stderr_was, 0);
	ck_assert_int_ge(dup2(fd, STDERR_FILENO), 0);
	ck_assert_int_eq(close(fd), 0);
}

char *
scratch_log_end(size_t *len)
{
	char *log;

	ck_assert_int_ge(dup2(scratch.stderr_was, STDERR_FILENO), 0);
	ck_assert_int_eq(close(scratch.stderr_was), 0);
	scratch.stderr_was = -1;
	log = scratch_read(scratch.log, len);
	ck_assert_int_eq(unlink(scratch.log), 0);
	return log;
}

void
scratch_log_must_be(const char *log, const char *words)
{
	const char *end = strchr(log, '\n');

	ck_assert_msg(
	    strstr(log, words) != NULL, "no \"%s\" in the log: %s", words, log);
	ck_assert_msg(
	    end != NULL && end[1] == '\0', "not one line of log: %s", log);
}
