/* SPDX-License-Identifier: ISC */
/*
 * What a program does to itself before anything else, and a process of many
 * calls before each.
 */
#include "process.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <link.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "log.h"
#include "number.h"

enum { CPU_SECONDS = 10 }; /* of a call */

/*
 * What no call comes near: a whole catalogue of 5,000 services takes
 * milliseconds and less than 8 MiB.  The file size bounds the database.
 */
static const struct {
	int resource;
	rlim_t limit;
} web_limits[] = {
	{ RLIMIT_CPU, CPU_SECONDS },        /* seconds */
	{ RLIMIT_AS, (rlim_t)256 << 20 },   /* bytes */
	{ RLIMIT_FSIZE, (rlim_t)64 << 30 }, /* bytes */
};

/* What a limit is named by: in glibc an enumeration. */
#if defined(__GLIBC__)
#define RESOURCE __rlimit_resource_t
#else
#define RESOURCE int
#endif

/* Lowers a limit; one that is lower already stays. */
static void
limit(int resource, rlim_t value)
{
	struct rlimit now;

	if (getrlimit((RESOURCE)resource, &now) != 0)
		return;
	if (now.rlim_max != RLIM_INFINITY && now.rlim_max < value)
		value = now.rlim_max;
	if (now.rlim_cur != RLIM_INFINITY && now.rlim_cur <= value)
		return;
	now.rlim_cur = value;
	(void)setrlimit((RESOURCE)resource, &now);
}

/*
 * Makes read-only what need not be written after the start: tables of
 * pointers.  glibc's start does so itself, musl's not in a static program.
 */
static int
protect_tables(struct dl_phdr_info *info, size_t size, void *data)
{
	uintptr_t mask = (uintptr_t)sysconf(_SC_PAGESIZE) - 1, begin, end;
	size_t i;

	(void)size, (void)data;
	for (i = 0; i < info->dlpi_phnum; i++) {
		if (info->dlpi_phdr[i].p_type != PT_GNU_RELRO)
			continue;
		begin = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;
		end = (begin + info->dlpi_phdr[i].p_memsz) & ~mask;
		begin &= ~mask;
		if (mprotect((void *)begin, end - begin, PROT_READ) != 0)
			return -1;
	}
	return 0;
}

/*
 * Processor time that this process has used, rounded down: some, where it
 * has answered calls before it started itself anew.
 */
static rlim_t
used_seconds(void)
{
	struct timespec used;

	if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used) != 0)
		return 0;
	return (rlim_t)used.tv_sec;
}

enum rc
process_harden(int web)
{
	int fd;
	size_t i;

#if defined(__GLIBC__)
	(void)protect_tables;
#else
	if (dl_iterate_phdr(protect_tables, NULL) != 0)
		return RC_FAIL;
#endif
	/* open() takes the lowest descriptor: a closed one among 0-2. */
	do {
		fd = open("/dev/null", O_RDWR);
		if (fd < 0)
			return RC_FAIL;
	} while (fd <= STDERR_FILENO);
	(void)close(fd);
	(void)umask(077);
	(void)prctl(PR_SET_DUMPABLE, 0);
	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGXFSZ, SIG_IGN);
#if !defined(__SANITIZE_ADDRESS__)
	for (i = 0; web && i < sizeof(web_limits) / sizeof(web_limits[0]); i++)
		limit(web_limits[i].resource,
		    web_limits[i].limit + (web_limits[i].resource == RLIMIT_CPU
						  ? used_seconds()
						  : 0));
#else
	/* AddressSanitizer reserves terabytes of address space. */
	(void)web, (void)i, (void)limit, (void)web_limits, (void)used_seconds;
#endif
	return RC_OK;
}

int
process_renew(void)
{
#if !defined(__SANITIZE_ADDRESS__)
	struct rlimit cpu;
	rlim_t wanted = used_seconds() + 1 + CPU_SECONDS;

	if (getrlimit(RLIMIT_CPU, &cpu) != 0)
		return 0;
	if (cpu.rlim_max != RLIM_INFINITY && wanted > cpu.rlim_max)
		return 0;
	if (cpu.rlim_cur != wanted) {
		cpu.rlim_cur = wanted;
		(void)setrlimit(RLIMIT_CPU, &cpu);
	}
#endif
	return 1;
}

int
process_has_grown(void)
{
#if !defined(__SANITIZE_ADDRESS__)
	/* In pages: all, resident, ...  The peak would stay over a restart. */
	const int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
	char text[256];
	const char *begin;
	int64_t pages = 0;
	ssize_t n;

	if (fd < 0)
		return 0;
	n = read(fd, text, sizeof(text) - 1);
	(void)close(fd);
	text[n > 0 ? n : 0] = '\0';
	begin = text + strcspn(text, " ");
	begin += *begin == ' ';
	return number_parse(begin, strcspn(begin, " "), 0, INT64_MAX, &pages) ==
		   RC_OK &&
	       pages > PROCESS_MEMORY_MAX / (sysconf(_SC_PAGESIZE) / 1024);
#else
	return 0;
#endif
}

void
process_restart(const char *path)
{
	char *const argv[] = { (char *)(uintptr_t)path, NULL };

	(void)execv(path, argv);
	log_err("cannot start %s anew: %s", path, strerror(errno));
}

/* True if all names of a path are root's to move; takes them off its end. */
static int
is_kept_by_root(char *path)
{
	char *end = path + strlen(path);
	struct stat st;

	/* In a sticky directory only the owner moves a name. */
	do {
		*end = '\0';
		if (lstat(*path != '\0' ? path : "/", &st) != 0 ||
		    st.st_uid != 0 ||
		    (S_ISDIR(st.st_mode) && (st.st_mode & 022) != 0 &&
			(st.st_mode & S_ISVTX) == 0))
			return 0;
	} while ((end = strrchr(path, '/')) != NULL);
	return 1;
}

/*
 * True if nobody but root can change what the path leads to: neither its
 * links nor what is at their end.
 */
static int
is_roots_alone(const char *path)
{
	char given[PATH_MAX], real[PATH_MAX];
	size_t len = strlen(path);

	if (len >= sizeof(given) || realpath(path, real) == NULL)
		return 0;
	memcpy(given, path, len + 1);
	return is_kept_by_root(given) && is_kept_by_root(real);
}

enum rc
process_become_owner(const char *path)
{
	struct stat st;

	if (geteuid() != 0)
		return RC_OK;
	if (lstat(path, &st) != 0) {
		log_err("cannot find %s: %s", path, strerror(errno));
		return RC_FAIL;
	}
	if (st.st_uid == 0) {
		if (is_roots_alone(path))
			return RC_OK;
		log_err("refuse to work as root on %s: others can replace it",
		    path);
		return RC_FAIL;
	}
	if (setgroups(0, NULL) != 0 || setgid(st.st_gid) != 0 ||
	    setuid(st.st_uid) != 0) {
		log_err(
		    "cannot become the owner of %s: %s", path, strerror(errno));
		return RC_FAIL;
	}
	return RC_OK;
}
