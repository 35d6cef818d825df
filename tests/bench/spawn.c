/* SPDX-License-Identifier: ISC */
/*
 * Runs CGI programs, from posix_spawn to exit, call by call in turn, so that
 * whatever else the machine does hits all of them alike.  They get this
 * program's environment and a file with the body; every answer must be a
 * good one.
 *
 * Usage: spawn [-m] CALLS {LABEL PROGRAM BODY REF BOUND}...
 *
 * BODY is a file, or "-" for a program that answers nothing.  REF is the
 * number of the row to compare with, or "-"; BOUND the highest ratio of
 * medians, or "-".  With -m only the peak of resident memory is told, and
 * BOUND is in KiB.  Linked statically and small, because the peak that the
 * kernel reports starts with that of the process that spawned.
 */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
	ROWS_MAX = 12,
	ROW_ARGS = 5,
	CALLS_MAX = 100000,
	WARM_UP = 20, /* calls that are not counted */
	HEAD_LEN = 4096
};

struct row {
	char *label, *program, *body, *ref, *bound; /* of argv */
	char length[40];                            /* "CONTENT_LENGTH=..." */
	int in;                                     /* descriptor of BODY */
	int64_t *ns;                                /* of each call */
	int64_t cpu_us, faults, peak_kib;
};

struct bench {
	struct row rows[ROWS_MAX];
	size_t nrows, ncalls;
	int out; /* file in memory that takes the answer */
	int memory;
	char **env; /* of the programs; the last but NULL is the length */
	size_t nenv;
};

extern char **environ;

static int
fail(const struct row *row, const char *what, const char *why)
{
	(void)fprintf(stderr, "spawn: %s: %s: %s\n", row->label, what, why);
	return -1;
}

static int64_t
now_ns(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int64_t
us(struct timeval t)
{
	return (int64_t)t.tv_sec * 1000000 + t.tv_usec;
}

/* A good answer has status 200 and, unless all is well, names an error. */
static int
check_answer(const struct bench *b, const struct row *row)
{
	char head[HEAD_LEN + 1];
	ssize_t n = pread(b->out, head, HEAD_LEN, 0);

	if (n < 0)
		return fail(row, "cannot read its answer", strerror(errno));
	head[n] = '\0';
	if (strcmp(row->body, "-") == 0)
		return n == 0 ? 0 : fail(row, "unwanted answer", head);
	if (strncmp(head, "Status: 200", 11) != 0)
		return fail(row, "bad answer", head);
	/* With -m an item of a list may be refused. */
	if (!b->memory && strstr(head, "\"error\"") != NULL)
		return fail(row, "bad answer", head);
	return 0;
}

/* One call; *ns is what it took. */
static int
call(struct bench *b, struct row *row, int64_t *ns, struct rusage *usage)
{
	char *argv[] = { row->program, NULL };
	posix_spawn_file_actions_t actions;
	int64_t begin;
	int error, status = -1;
	pid_t pid;

	b->env[b->nenv] = row->length;
	if (ftruncate(b->out, 0) != 0 || lseek(b->out, 0, SEEK_SET) != 0 ||
	    lseek(row->in, 0, SEEK_SET) != 0)
		return fail(row, "cannot rewind", strerror(errno));
	(void)posix_spawn_file_actions_init(&actions);
	(void)posix_spawn_file_actions_adddup2(&actions, row->in, 0);
	(void)posix_spawn_file_actions_adddup2(&actions, b->out, 1);
	begin = now_ns();
	error = posix_spawn(&pid, row->program, &actions, NULL, argv, b->env);
	if (error == 0 && wait4(pid, &status, 0, usage) != pid)
		error = errno;
	*ns = now_ns() - begin;
	(void)posix_spawn_file_actions_destroy(&actions);
	if (error != 0)
		return fail(row, row->program, strerror(error));
	if (status != 0)
		return fail(row, row->program, "ended with a failure");
	return check_answer(b, row);
}

static int
run(struct bench *b)
{
	size_t warm_up = b->memory ? 0 : WARM_UP, i, j;
	struct rusage usage;
	int64_t ns;

	for (i = 0; i < b->ncalls + warm_up; i++) {
		for (j = 0; j < b->nrows; j++) {
			struct row *row = &b->rows[j];

			if (call(b, row, &ns, &usage) != 0)
				return -1;
			if (i < warm_up)
				continue;
			row->ns[i - warm_up] = ns;
			row->cpu_us += us(usage.ru_utime) + us(usage.ru_stime);
			row->faults += usage.ru_minflt + usage.ru_majflt;
			if (row->peak_kib < usage.ru_maxrss)
				row->peak_kib = usage.ru_maxrss;
		}
	}
	return 0;
}

static int
compare(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* Writes a row of the table; bound may be "-". */
static void
print(const struct row *row, const struct row *ref, const char *what,
    double value, double base, const char *unit, const char *bound)
{
	double ratio = base > 0 ? value / base : 0;

	(void)printf("%s, %s\t%.0f %s\t", row->label, what, value, unit);
	if (ref == NULL || ref == row)
		(void)printf("-\t-\t-\t\n");
	else if (strcmp(bound, "-") == 0)
		(void)printf("%.0f %s\t%.2f\t-\t\n", base, unit, ratio);
	else
		(void)printf("%.0f %s\t%.2f\t<= %s\t%s\n", base, unit, ratio,
		    bound, ratio <= strtod(bound, NULL) ? "ok" : "MISSED");
}

static void
report_times(const struct bench *b)
{
	size_t n = b->ncalls, i;

	for (i = 0; i < b->nrows; i++) {
		const struct row *row = &b->rows[i], *ref = NULL;

		if (strcmp(row->ref, "-") != 0)
			ref = &b->rows[strtoul(row->ref, NULL, 10)];
		if (ref == NULL)
			ref = row;
		print(row, ref, "median", (double)row->ns[n / 2] / 1e3,
		    (double)ref->ns[n / 2] / 1e3, "us", row->bound);
		print(row, ref, "99th percentile",
		    (double)row->ns[n * 99 / 100] / 1e3,
		    (double)ref->ns[n * 99 / 100] / 1e3, "us", "-");
		print(row, ref, "user + system",
		    (double)row->cpu_us / (double)n,
		    (double)ref->cpu_us / (double)n, "us", "-");
		print(row, ref, "page faults", (double)row->faults / (double)n,
		    (double)ref->faults / (double)n, "", "-");
	}
}

/*
 * The peak of this program in KiB.  getrusage() would count what ran in this
 * process before it as well: a shell.
 */
static int64_t
own_peak(void)
{
	static const char name[] = "\nVmHWM:";
	char text[HEAD_LEN + 1];
	int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? read(fd, text, HEAD_LEN) : -1;
	const char *line;

	if (fd >= 0)
		(void)close(fd);
	text[n > 0 ? n : 0] = '\0';
	line = strstr(text, name);
	return line != NULL ? strtol(line + strlen(name), NULL, 10) : INT64_MAX;
}

static int
report_memory(const struct bench *b)
{
	int64_t own = own_peak();
	size_t i;

	for (i = 0; i < b->nrows; i++) {
		const struct row *row = &b->rows[i];
		long bound = strtol(row->bound, NULL, 10);

		/* Else the number would be this process's own. */
		if (row->peak_kib <= own)
			return fail(row, "cannot measure its memory",
			    "it is smaller than spawn");
		(void)printf("%s, peak memory\t%lld KiB\t-\t-\t<= %s KiB\t%s\n",
		    row->label, (long long)row->peak_kib, row->bound,
		    row->peak_kib <= bound ? "ok" : "MISSED");
	}
	return 0;
}

static int
open_row(struct bench *b, struct row *row, char *argv[])
{
	const char *path;
	struct stat st;

	*row = (struct row){ .label = argv[0],
		.program = argv[1],
		.body = argv[2],
		.ref = argv[3],
		.bound = argv[4] };
	path = strcmp(row->body, "-") == 0 ? "/dev/null" : row->body;
	row->in = open(path, O_RDWR | O_CLOEXEC);
	if (row->in < 0 || fstat(row->in, &st) != 0)
		return fail(row, path, strerror(errno));
	(void)snprintf(row->length, sizeof(row->length), "CONTENT_LENGTH=%lld",
	    (long long)st.st_size);
	if (strcmp(row->ref, "-") != 0 &&
	    strtoul(row->ref, NULL, 10) >= b->nrows)
		return fail(row, "cannot compare with", row->ref);
	row->ns = calloc(b->ncalls, sizeof(*row->ns));
	return row->ns != NULL ? 0 : fail(row, "cannot start", "no memory");
}

static int
open_all(struct bench *b, int argc, char *argv[])
{
	int i;

	b->out = memfd_create("answer", MFD_CLOEXEC);
	while (environ[b->nenv] != NULL)
		b->nenv++;
	b->env = calloc(b->nenv + 2, sizeof(*b->env));
	if (b->env == NULL || b->out < 0)
		return -1;
	memcpy(b->env, environ, b->nenv * sizeof(*b->env));
	b->nrows = (size_t)argc / ROW_ARGS;
	for (i = 0; i < argc / ROW_ARGS; i++)
		if (open_row(b, &b->rows[i], argv + i * ROW_ARGS) != 0)
			return -1;
	return 0;
}

static void
close_all(struct bench *b)
{
	size_t i;

	for (i = 0; i < b->nrows; i++)
		free(b->rows[i].ns);
	free(b->env);
}

int
main(int argc, char *argv[])
{
	struct bench b = { .out = -1 };
	int status = EXIT_FAILURE;
	size_t i;

	b.memory = argc > 1 && strcmp(argv[1], "-m") == 0;
	argv += 1 + b.memory;
	argc -= 1 + b.memory;
	b.ncalls = argc > 0 ? strtoul(argv[0], NULL, 10) : 0;
	if (b.ncalls == 0 || b.ncalls > CALLS_MAX || argc == 1 ||
	    (argc - 1) % ROW_ARGS != 0 || argc - 1 > ROWS_MAX * ROW_ARGS) {
		(void)fprintf(stderr, "usage: spawn [-m] CALLS "
				      "{LABEL PROGRAM BODY REF BOUND}...\n");
		return 2;
	}
	if (open_all(&b, argc - 1, argv + 1) != 0 || run(&b) != 0)
		goto out;
	for (i = 0; i < b.nrows; i++)
		qsort(b.rows[i].ns, b.ncalls, sizeof(int64_t), compare);
	if (!b.memory)
		report_times(&b);
	else if (report_memory(&b) != 0)
		goto out;
	status = EXIT_SUCCESS;
out:
	close_all(&b);
	return status;
}
