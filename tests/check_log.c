/* SPDX-License-Identifier: ISC */
/*
 * A line of log: what stands before it, that nothing in it makes a second
 * one, where it is cut, and that it leaves in one piece.
 */
#include "log.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "suite.h"

enum { LINE_LEN = 1000, ROOM = 8192 };

/* A socket that keeps writes apart takes stderr's place. */
static struct {
	int was, in;
} lines;

static void
setup(void)
{
	int fds[2];

	ck_assert_int_eq(
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), 0);
	lines.was = dup(STDERR_FILENO);
	ck_assert_int_ge(lines.was, 0);
	ck_assert_int_ge(dup2(fds[1], STDERR_FILENO), 0);
	(void)close(fds[1]);
	lines.in = fds[0];
	log_program("test");
}

static void
teardown(void)
{
	(void)dup2(lines.was, STDERR_FILENO);
	(void)close(lines.was);
	(void)close(lines.in);
}

/* What the next write was; gives its length, 0 if there was none. */
static size_t
next(char buf[ROOM])
{
	ssize_t n = recv(lines.in, buf, ROOM - 1, MSG_DONTWAIT);

	if (n < 0)
		n = 0;
	buf[n] = '\0';
	return (size_t)n;
}

START_TEST(a_line_names_the_program_and_the_incident)
{
	char buf[ROOM];

	log_err("cannot do %d things: %s", 3, "no time");
	ck_assert_uint_gt(next(buf), 0);
	ck_assert_str_eq(
	    buf, "latchkey test[-]: cannot do 3 things: no time\n");
	log_program("other");
	log_err("x");
	ck_assert_uint_gt(next(buf), 0);
	ck_assert_str_eq(buf, "latchkey other[-]: x\n");
	ck_assert_uint_eq(next(buf), 0);
}
END_TEST

START_TEST(an_incident_has_16_hex_digits)
{
	char first[LOG_INCIDENT_LEN], buf[ROOM], expected[ROOM];
	int i;

	ck_assert_str_eq(log_incident(), "-");
	log_incident_new();
	ck_assert_uint_eq(strlen(log_incident()), LOG_INCIDENT_LEN - 1);
	ck_assert_uint_eq(
	    strspn(log_incident(), "0123456789abcdef"), LOG_INCIDENT_LEN - 1);
	(void)snprintf(first, sizeof(first), "%s", log_incident());
	log_err("x");
	ck_assert_uint_gt(next(buf), 0);
	(void)snprintf(
	    expected, sizeof(expected), "latchkey test[%s]: x\n", first);
	ck_assert_str_eq(buf, expected);
	/* It stays until a new one is drawn. */
	ck_assert_str_eq(log_incident(), first);
	for (i = 0; i < 100; i++) {
		log_incident_new();
		ck_assert_str_ne(log_incident(), first);
	}
}
END_TEST

/* _i is the byte; NUL ends a string. */
START_TEST(a_control_byte_becomes_a_question_mark)
{
	int control = _i < 0x20 || _i == 0x7f;
	char text[4] = { 'a', (char)_i, 'b', '\0' };
	char expected[64], buf[ROOM];

	log_err("%s", text);
	ck_assert_uint_gt(next(buf), 0);
	(void)snprintf(expected, sizeof(expected), "latchkey test[-]: a%cb\n",
	    control ? '?' : _i);
	ck_assert_str_eq(buf, expected);
}
END_TEST

START_TEST(a_value_cannot_make_a_line_of_its_own)
{
	char buf[ROOM];

	log_err("cannot find %s", "x\nlatchkey test[-]: all is well\r\n");
	ck_assert_uint_gt(next(buf), 0);
	ck_assert_str_eq(buf, "latchkey test[-]: cannot find x?latchkey "
			      "test[-]: all is well??\n");
	ck_assert_uint_eq(next(buf), 0);
}
END_TEST

/* One write is one line, whatever its length. */
START_TEST(a_line_is_cut_at_1000_bytes)
{
	static const size_t lengths[] = { 0, 1, 900, LINE_LEN - 1, LINE_LEN,
		LINE_LEN + 1, 5000 };
	const size_t head = strlen("latchkey test[-]: ");
	size_t len = lengths[_i] > head ? lengths[_i] - head : 0, all;
	char text[5001], buf[ROOM];

	memset(text, 'x', len);
	text[len] = '\0';
	log_err("%s", text);
	all = head + len < LINE_LEN ? head + len : LINE_LEN;
	ck_assert_uint_eq(next(buf), all + 1);
	ck_assert_uint_eq(strcspn(buf, "\n"), all);
	ck_assert_uint_eq(next(buf), 0);
}
END_TEST

START_TEST(a_long_name_of_a_program_is_cut_too)
{
	static char name[2000];
	char buf[ROOM];
	size_t len;

	memset(name, 'p', sizeof(name) - 1);
	log_program(name);
	log_err("x");
	len = next(buf);
	ck_assert_uint_gt(len, 1);
	ck_assert_uint_le(len, LINE_LEN + 1);
	ck_assert_uint_eq(strcspn(buf, "\n"), len - 1);
	log_program("test");
}
END_TEST

START_TEST(errno_is_kept)
{
	char buf[ROOM];

	errno = ENOSPC;
	log_err("x");
	ck_assert_int_eq(errno, ENOSPC);
	ck_assert_uint_gt(next(buf), 0);
	(void)close(STDERR_FILENO);
	errno = EINTR;
	log_err("nobody hears it");
	ck_assert_int_eq(errno, EINTR);
}
END_TEST

/* Takes one line and refuses the others. */
static int
take_one(void *arg, const char *line, size_t len)
{
	char *taken = arg;

	if (taken[0] != '\0')
		return 0;
	(void)snprintf(taken, ROOM, "%.*s", (int)len, line);
	return 1;
}

START_TEST(a_line_goes_to_who_keeps_the_log_or_to_stderr)
{
	char taken[ROOM] = "", buf[ROOM];

	log_to(take_one, taken);
	log_err("cannot %s", "this");
	ck_assert_uint_eq(next(buf), 0);
	ck_assert_ptr_nonnull(strstr(taken, "cannot this\n"));
	log_err("cannot %s", "that");
	ck_assert_uint_gt(next(buf), 0);
	ck_assert_ptr_nonnull(strstr(buf, "cannot that\n"));
	log_to(NULL, NULL);
	taken[0] = '\0';
	log_err("x");
	ck_assert_uint_gt(next(buf), 0);
	ck_assert_str_eq(taken, "");
}
END_TEST

static Suite *
log_suite(void)
{
	Suite *s = suite_create("log");
	TCase *tc = tcase_create("line");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_line_names_the_program_and_the_incident);
	tcase_add_test(tc, an_incident_has_16_hex_digits);
	tcase_add_loop_test(tc, a_control_byte_becomes_a_question_mark, 1, 256);
	tcase_add_test(tc, a_value_cannot_make_a_line_of_its_own);
	tcase_add_loop_test(tc, a_line_is_cut_at_1000_bytes, 0, 7);
	tcase_add_test(tc, a_long_name_of_a_program_is_cut_too);
	tcase_add_test(tc, errno_is_kept);
	tcase_add_test(tc, a_line_goes_to_who_keeps_the_log_or_to_stderr);
	suite_add_tcase(s, tc);
	return s;
}

SUITE_MAIN(log_suite)
