/* SPDX-License-Identifier: ISC */
/*
 * What a program does to itself first.  Each test runs in a process of its
 * own, which ends with it, because none of it can be undone.
 */
#include "process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "suite.h"

/* The line of a check that failed in the process; 0: none did. */
static int *failed_line;

#define MUST(condition)                          \
	do {                                     \
		if (!(condition)) {              \
			*failed_line = __LINE__; \
			_exit(1);                \
		}                                \
	} while (0)

/* Runs a function in a process of its own. */
static void
apart(void (*run)(int), int arg)
{
	int status;
	pid_t pid;

	failed_line = mmap(NULL, sizeof(*failed_line), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert(failed_line != MAP_FAILED);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		run(arg);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_msg(
	    status == 0, "line %d failed (status %d)", *failed_line, status);
	(void)munmap(failed_line, sizeof(*failed_line));
}

static void
look_at_files(int web)
{
	(void)umask(0);
	MUST(process_harden(web) == RC_OK);
	MUST(umask(077) == 077);
}

START_TEST(files_are_for_their_owner)
{
	apart(look_at_files, _i);
}
END_TEST

static void
look_at_dumps(int web)
{
	MUST(prctl(PR_SET_DUMPABLE, 1) == 0);
	MUST(process_harden(web) == RC_OK);
	MUST(prctl(PR_GET_DUMPABLE) == 0);
}

START_TEST(memory_is_not_dumped)
{
	apart(look_at_dumps, _i);
}
END_TEST

/* A file that grows past its limit and a pipe without a reader. */
static void
look_at_signals(int web)
{
	const struct rlimit small = { 10, 10 };
	char text[20] = { 0 };
	FILE *file;
	int fds[2];

	MUST(process_harden(web) == RC_OK);
	MUST(pipe(fds) == 0 && close(fds[0]) == 0);
	MUST(write(fds[1], text, 1) == -1 && errno == EPIPE);
	file = tmpfile();
	MUST(file != NULL);
	MUST(setrlimit(RLIMIT_FSIZE, &small) == 0);
	MUST(write(fileno(file), text, sizeof(text)) == 10);
	MUST(write(fileno(file), text, sizeof(text)) == -1 && errno == EFBIG);
}

START_TEST(a_full_file_or_a_lost_reader_is_an_error_and_no_signal)
{
	apart(look_at_signals, _i);
}
END_TEST

/* --- limits -------------------------------------------------------------- */

static const struct {
	int resource;
	rlim_t value;
} limits[] = {
	{ RLIMIT_CPU, 10 },
	{ RLIMIT_AS, (rlim_t)256 << 20 },
	{ RLIMIT_FSIZE, (rlim_t)64 << 30 },
};

static rlim_t
now(int i)
{
	struct rlimit limit;

	MUST(getrlimit((__rlimit_resource_t)limits[i].resource, &limit) == 0);
	return limit.rlim_cur;
}

static void
set(int i, rlim_t soft, rlim_t hard)
{
	const struct rlimit limit = { soft, hard };

	MUST(setrlimit((__rlimit_resource_t)limits[i].resource, &limit) == 0);
}

static rlim_t
hard_now(int i)
{
	struct rlimit limit;

	MUST(getrlimit((__rlimit_resource_t)limits[i].resource, &limit) == 0);
	return limit.rlim_max;
}

static void
look_at_limits(int i)
{
	rlim_t hard = hard_now(i), wanted = limits[i].value;

	set(i, hard, hard);
	if (hard < wanted)
		wanted = hard;
#if defined(__SANITIZE_ADDRESS__)
	wanted = hard; /* it needs terabytes of addresses */
#endif
	MUST(process_harden(0) == RC_OK);
	MUST(now(i) == hard);
	MUST(process_harden(1) == RC_OK);
	MUST(now(i) == wanted);
	MUST(hard_now(i) == hard);
}

START_TEST(a_program_of_the_web_server_is_bounded)
{
	apart(look_at_limits, _i);
}
END_TEST

#if !defined(__SANITIZE_ADDRESS__)
static void
look_at_a_lower_limit(int i)
{
	rlim_t lower = limits[i].value - 1;

	if (hard_now(i) < lower)
		return;
	set(i, lower, hard_now(i));
	MUST(process_harden(1) == RC_OK);
	MUST(now(i) == lower);
	set(i, lower, lower);
	MUST(process_harden(1) == RC_OK);
	MUST(now(i) == lower);
}

START_TEST(a_lower_limit_stays)
{
	apart(look_at_a_lower_limit, _i);
}
END_TEST
#endif

/* --- many calls ----------------------------------------------------------- */

#if !defined(__SANITIZE_ADDRESS__)
/* Works for more than that many seconds of processor time. */
static void
work(time_t seconds)
{
	struct timespec used;

	do
		MUST(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used) == 0);
	while (used.tv_sec < seconds);
}

static void
look_at_renewal(int unused)
{
	(void)unused;
	MUST(process_harden(1) == RC_OK);
	MUST(process_renew() == 1);
	MUST(now(0) == 11);
	work(2);
	/* What was used does not count against the next call. */
	MUST(process_renew() == 1);
	MUST(now(0) == 13);
	/* Nor against a program that starts in this one's place. */
	MUST(process_harden(1) == RC_OK);
	MUST(now(0) == 12);
}

START_TEST(every_call_has_its_own_processor_time)
{
	apart(look_at_renewal, 0);
}
END_TEST

static void
look_at_a_hard_limit(int unused)
{
	(void)unused;
	set(0, 12, 12);
	MUST(process_harden(1) == RC_OK);
	MUST(process_renew() == 1);
	MUST(now(0) == 11 && hard_now(0) == 12);
	work(2);
	/* The call at hand has less than ten seconds left, the next none. */
	MUST(process_renew() == 0);
	MUST(now(0) <= 12 && hard_now(0) == 12);
}

START_TEST(a_hard_limit_of_processor_time_ends_the_process_in_time)
{
	apart(look_at_a_hard_limit, 0);
}
END_TEST

static void
look_at_memory(int unused)
{
	const size_t len = (size_t)PROCESS_MEMORY_MAX << 10;
	char *memory;

	(void)unused;
	MUST(process_has_grown() == 0);
	memory = mmap(NULL, len, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	MUST(memory != MAP_FAILED);
	MUST(process_has_grown() == 1);
	/* What it gave back is nothing to start anew for. */
	MUST(munmap(memory, len) == 0);
	MUST(process_has_grown() == 0);
}

START_TEST(a_process_that_has_grown_is_told_so)
{
	apart(look_at_memory, 0);
}
END_TEST
#endif

/* --- descriptors ---------------------------------------------------------- */

/* Bit n of closed: descriptor n is closed before. */
static void
look_at_descriptors(int closed)
{
	struct stat before[3], after, null;
	int fd;

	MUST(stat("/dev/null", &null) == 0);
	for (fd = 3; fd < 256; fd++)
		(void)close(fd);
	for (fd = 0; fd < 3; fd++) {
		MUST(dup2(open("/", O_RDONLY | O_CLOEXEC), fd) == fd);
		MUST(fstat(fd, &before[fd]) == 0);
	}
	for (fd = 3; fd < 256; fd++)
		(void)close(fd);
	for (fd = 0; fd < 3; fd++)
		if ((closed & 1 << fd) != 0)
			MUST(close(fd) == 0);
	MUST(process_harden(0) == RC_OK);
	for (fd = 0; fd < 3; fd++) {
		MUST(fstat(fd, &after) == 0);
		if ((closed & 1 << fd) != 0)
			MUST(after.st_rdev == null.st_rdev &&
			     S_ISCHR(after.st_mode));
		else
			MUST(after.st_ino == before[fd].st_ino &&
			     after.st_dev == before[fd].st_dev);
	}
	for (fd = 3; fd < 256; fd++)
		MUST(fcntl(fd, F_GETFD) == -1 && errno == EBADF);
}

START_TEST(closed_descriptors_are_opened_and_open_ones_kept)
{
	apart(look_at_descriptors, _i);
}
END_TEST

static void
look_without_descriptors(int closed)
{
	const struct rlimit none = { (rlim_t)closed, (rlim_t)closed };

	MUST(close(closed) == 0);
	MUST(setrlimit(RLIMIT_NOFILE, &none) == 0);
	MUST(process_harden(0) == RC_FAIL);
}

START_TEST(without_descriptors_it_fails)
{
	apart(look_without_descriptors, _i);
}
END_TEST

/* --- the owner (of what root becomes, check_root tells) ------------------- */

static void
look_at_who_it_is(int unused)
{
	const uid_t uid = geteuid() != 0 ? geteuid() : 4321;

	(void)unused;
	MUST(geteuid() == uid || setuid(uid) == 0);
	/* Nothing to become, whosever it is and if it is there. */
	MUST(process_become_owner("/") == RC_OK);
	MUST(process_become_owner("/nothing") == RC_OK);
	MUST(getuid() == uid && geteuid() == uid);
}

START_TEST(who_is_not_root_stays_who_it_is)
{
	apart(look_at_who_it_is, 0);
}
END_TEST

static Suite *
process_suite(void)
{
	Suite *s = suite_create("process");
	TCase *tc = tcase_create("process");

	tcase_add_loop_test(tc, files_are_for_their_owner, 0, 2);
	tcase_add_loop_test(tc, memory_is_not_dumped, 0, 2);
	tcase_add_loop_test(
	    tc, a_full_file_or_a_lost_reader_is_an_error_and_no_signal, 0, 2);
	tcase_add_loop_test(
	    tc, a_program_of_the_web_server_is_bounded, 0, ROWS(limits));
#if !defined(__SANITIZE_ADDRESS__)
	tcase_add_loop_test(tc, a_lower_limit_stays, 0, ROWS(limits));
	tcase_add_test(tc, every_call_has_its_own_processor_time);
	tcase_add_test(
	    tc, a_hard_limit_of_processor_time_ends_the_process_in_time);
	tcase_add_test(tc, a_process_that_has_grown_is_told_so);
#endif
	tcase_add_loop_test(
	    tc, closed_descriptors_are_opened_and_open_ones_kept, 0, 8);
	tcase_add_loop_test(tc, without_descriptors_it_fails, 0, 3);
	tcase_add_test(tc, who_is_not_root_stays_who_it_is);
	suite_add_tcase(s, tc);
	return s;
}

SUITE_MAIN(process_suite)
