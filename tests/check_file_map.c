/* SPDX-License-Identifier: ISC */
/*
 * lib/file_map: what one has written is what others read, by a mapping or
 * not, and a file that is cut off under a mapping is a failure, not the end
 * of the process.
 */
#include "file_map.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "scratch.h"
#include "suite.h"

enum { PAGE = 4096, LEN = 4 * PAGE };

static struct file_map map;
static int fd;

static void
setup(void)
{
	char path[SCRATCH_PATH_LEN];

	scratch_make();
	scratch_path("file", path);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(ftruncate(fd, LEN), 0);
	ck_assert_int_eq(file_map_open(&map, fd, LEN), RC_OK);
}

static void
teardown(void)
{
	file_map_close(&map);
	(void)close(fd);
	scratch_remove();
}

START_TEST(a_mapping_and_the_file_are_the_same)
{
	char buf[8];

	ck_assert_int_eq(file_map_write(&map, PAGE - 4, "12345678", 8), RC_OK);
	ck_assert_int_eq(pread(fd, buf, 8, PAGE - 4), 8);
	ck_assert_mem_eq(buf, "12345678", 8);
	ck_assert_int_eq(pwrite(fd, "abcdefgh", 8, PAGE - 2), 8);
	ck_assert_int_eq(file_map_read(&map, PAGE - 4, buf, 8), RC_OK);
	ck_assert_mem_eq(buf, "12abcdef", 8);
}
END_TEST

START_TEST(another_process_sees_it_at_once)
{
	char buf[6] = "";
	int status;
	pid_t pid;

	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0)
		_exit(file_map_write(&map, 100, "hello", 6) != RC_OK);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	ck_assert_int_eq(file_map_read(&map, 100, buf, 6), RC_OK);
	ck_assert_str_eq(buf, "hello");
}
END_TEST

/* Again and again; and the mapping is good once the file has its bytes. */
START_TEST(what_is_cut_off_fails)
{
	char buf[8] = "";
	int i;

	for (i = 0; i < 3; i++) {
		ck_assert_int_eq(ftruncate(fd, PAGE), 0);
		ck_assert_int_eq(file_map_read(&map, PAGE, buf, 8), RC_FAIL);
		ck_assert_int_eq(
		    file_map_write(&map, LEN - 8, "12345678", 8), RC_FAIL);
		/* Half of it is there. */
		ck_assert_int_eq(
		    file_map_write(&map, PAGE - 4, "12345678", 8), RC_FAIL);
		ck_assert_int_eq(
		    file_map_write(&map, PAGE - 8, "12345678", 8), RC_OK);
		ck_assert_int_eq(ftruncate(fd, LEN), 0);
		ck_assert_int_eq(
		    file_map_write(&map, LEN - 8, "12345678", 8), RC_OK);
		ck_assert_int_eq(file_map_read(&map, LEN - 8, buf, 8), RC_OK);
		ck_assert_mem_eq(buf, "12345678", 8);
	}
}
END_TEST

START_TEST(more_may_be_mapped_than_there_is)
{
	struct file_map more;
	char buf[8];

	ck_assert_int_eq(file_map_open(&more, fd, 2 * LEN), RC_OK);
	ck_assert_int_eq(file_map_read(&more, LEN, buf, 8), RC_FAIL);
	ck_assert_int_eq(pwrite(fd, "12345678", 8, LEN), 8);
	ck_assert_int_eq(file_map_read(&more, LEN, buf, 8), RC_OK);
	ck_assert_mem_eq(buf, "12345678", 8);
	file_map_close(&more);
	ck_assert_ptr_null(more.bytes);
	file_map_close(&more);
}
END_TEST

START_TEST(what_cannot_be_mapped_fails)
{
	struct file_map none = { .len = 1 };

	ck_assert_int_eq(file_map_open(&none, -1, LEN), RC_FAIL);
	ck_assert_ptr_null(none.bytes);
	ck_assert_uint_eq(none.len, 0);
	file_map_close(&none);
}
END_TEST

/* Outside of a copy it ends the process, as it did before; sent, too. */
START_TEST(any_other_bus_error_is_deadly)
{
	const struct rlimit none = { 0, 0 };
	char buf[8];
	int status;
	pid_t pid;

	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		(void)setrlimit(RLIMIT_CORE, &none);
		if (ftruncate(fd, 0) != 0 ||
		    file_map_read(&map, 0, buf, 8) != RC_FAIL)
			_exit(1);
		if (_i == 0)
			*(volatile unsigned char *)map.bytes = 1;
		else
			(void)kill(getpid(), SIGBUS);
		_exit(2);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFSIGNALED(status));
	ck_assert_int_eq(WTERMSIG(status), SIGBUS);
}
END_TEST

static Suite *
make_suite(void)
{
	Suite *s = suite_create("file_map");
	TCase *tc = tcase_create("file_map");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_mapping_and_the_file_are_the_same);
	tcase_add_test(tc, another_process_sees_it_at_once);
	tcase_add_test(tc, what_is_cut_off_fails);
	tcase_add_test(tc, more_may_be_mapped_than_there_is);
	tcase_add_test(tc, what_cannot_be_mapped_fails);
	tcase_add_loop_test(tc, any_other_bus_error_is_deadly, 0, 2);
	suite_add_tcase(s, tc);
	return s;
}

SUITE_MAIN(make_suite)
