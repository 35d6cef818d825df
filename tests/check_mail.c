/* SPDX-License-Identifier: ISC */
/*
 * Mail by a program that stands in for sendmail(8): the message byte by byte,
 * subjects and long lines read back as a mail reader does it, what would
 * change the header, and programs that are not there, fail or hang.
 */
#include "mail.h"

#include <errno.h>
#include <gpg-error.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "scratch.h"
#include "suite.h"
#include "text.h"

#define TO "one@example.test"
#define X10 "xxxxxxxxxx"
#define X50 X10 X10 X10 X10 X10
#define X200 X50 X50 X50 X50
/* As long as a subject may be. */
#define X300 X200 X50 X50

static const char MIME[] = "Auto-Submitted: auto-generated\n"
			   "MIME-Version: 1.0\n"
			   "Content-Type: text/plain; charset=utf-8\n";

/* What takes mail here keeps it beside itself. */
static const char KEEP[] = "for arg; do echo \"$arg\"; done >\"$dir/args\"\n"
			   "cat >\"$dir/message\"\n";

static struct config config;

/* --- time ----------------------------------------------------------------- */

/* This program is linked so that all naps are taken here. */
int __real_nanosleep(const struct timespec *wanted, struct timespec *left);
int __wrap_nanosleep(const struct timespec *wanted, struct timespec *left);

static struct {
	char until[SCRATCH_PATH_LEN]; /* "": naps take their time */
	int64_t ms;                   /* that were to be slept */
} naps;

/* True once a file has its first line. */
static int
is_written(const char *path)
{
	FILE *in = fopen(path, "re");
	char line[32] = "";

	if (in == NULL)
		return 0;
	if (fgets(line, sizeof(line), in) == NULL)
		line[0] = '\0';
	(void)fclose(in);
	return strchr(line, '\n') != NULL;
}

/* Sleeps only until the file is there: so the longest wait takes no time. */
int
__wrap_nanosleep(const struct timespec *wanted, struct timespec *left)
{
	static const struct timespec step = { 0, 1000000 };
	int i;

	naps.ms += wanted->tv_sec * 1000 + wanted->tv_nsec / 1000000;
	if (naps.until[0] == '\0')
		return __real_nanosleep(wanted, left);
	for (i = 0; i < 20000 && !is_written(naps.until); i++)
		(void)__real_nanosleep(&step, NULL);
	return 0;
}

/* --- sending -------------------------------------------------------------- */

/* Makes the program: a shell script of these commands, $dir being its own. */
static void
make_sendmail(const char *commands)
{
	char path[SCRATCH_PATH_LEN], text[1024];
	int n = snprintf(
	    text, sizeof(text), "#!/bin/sh\ndir=${0%%/*}\n%s\n", commands);

	ck_assert_int_lt(n, (int)sizeof(text));
	scratch_write("sendmail", text, (size_t)n, 0700, path);
	(void)snprintf(config.sendmail, sizeof(config.sendmail), "%s", path);
}

static void
setup(void)
{
	scratch_make();
	memset(&config, 0, sizeof(config));
	memset(&naps, 0, sizeof(naps));
	make_sendmail(KEEP);
}

/* Sends; whatever comes of it, no process is left. */
static enum rc
try_to_send(const char *to, const char *subject, const char *text, char **log)
{
	enum rc rc;

	scratch_log_start();
	rc = mail_send(&config, to, subject, text);
	*log = scratch_log_end(NULL);
	ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
	ck_assert_int_eq(errno, ECHILD);
	return rc;
}

static char *
read_back(const char *name)
{
	char path[SCRATCH_PATH_LEN];

	scratch_path(name, path);
	return scratch_read(path, NULL);
}

/* Sends with success; gives the message, to be freed. */
static char *
send_it(const char *to, const char *subject, const char *text)
{
	char *log;
	enum rc rc = try_to_send(to, subject, text, &log);

	ck_assert_msg(rc == RC_OK && log[0] == '\0', "%s", log);
	free(log);
	return read_back("message");
}

static void
must_fail(const char *to, const char *subject, enum rc rc, const char *words)
{
	char *log;

	ck_assert_int_eq(try_to_send(to, subject, "text\n", &log), rc);
	scratch_log_must_be(log, words);
	free(log);
}

static int
was_taken(void)
{
	char path[SCRATCH_PATH_LEN];

	scratch_path("message", path);
	return access(path, F_OK) == 0;
}

/* --- the message ---------------------------------------------------------- */

START_TEST(a_message_is_these_bytes)
{
	char expected[1024], *message;

	(void)snprintf(config.mail_from, sizeof(config.mail_from),
	    "Panel+bounce@example.test");
	message = send_it("One@Example.TEST", "A webhook was disabled",
	    "First line\n\n  https://example.com/\n");
	(void)snprintf(expected, sizeof(expected),
	    "From: <Panel+bounce@example.test>\nTo: <one@example.test>\n"
	    "Subject: A webhook was disabled\n%s"
	    "Content-Transfer-Encoding: 8bit\n\n"
	    "First line\n\n  https://example.com/\n",
	    MIME);
	ck_assert_str_eq(message, expected);
	free(message);
}
END_TEST

START_TEST(without_a_sender_there_is_no_from)
{
	char expected[1024], *message = send_it(TO, "x", "y");

	(void)snprintf(expected, sizeof(expected),
	    "To: <" TO ">\nSubject: x\n%s"
	    "Content-Transfer-Encoding: 8bit\n\ny",
	    MIME);
	ck_assert_str_eq(message, expected);
	free(message);
}
END_TEST

START_TEST(the_program_is_called_as_sendmail_is)
{
	char *args;

	free(send_it(TO, "x", "y"));
	args = read_back("args");
	ck_assert_str_eq(args, "-i\n-t\n");
	free(args);
}
END_TEST

/* Of ours it has the message alone, and stands at its beginning. */
START_TEST(the_program_has_no_other_file_of_ours)
{
	char *files, *at;
	int n = 0;

	make_sendmail("for fd in /proc/$$/fd/*; do readlink \"$fd\"; done"
		      " >\"$dir/files\"; cat >\"$dir/message\"");
	free(send_it(TO, "x", "y"));
	files = read_back("files");
	for (at = files; (at = strstr(at, "memfd:mail")) != NULL; at++)
		n++;
	ck_assert_msg(n == 1, "%s", files);
	free(files);
}
END_TEST

/* --- subjects ------------------------------------------------------------- */

/* Appends the encoded word at s of n bytes (RFC 2047), decoded, to out. */
static void
decode_word(const char *s, size_t n, char *out)
{
	static const char start[] = "=?UTF-8?B?";
	char bytes[128];
	gpgrt_b64state_t state;
	size_t len = n - sizeof(start) + 1 - 2;

	ck_assert_uint_le(n, 75);
	ck_assert_uint_gt(n, sizeof(start) + 1);
	ck_assert_mem_eq(s, start, sizeof(start) - 1);
	ck_assert_mem_eq(s + n - 2, "?=", 2);
	memcpy(bytes, s + sizeof(start) - 1, len);
	state = gpgrt_b64dec_start(NULL);
	ck_assert_ptr_nonnull(state);
	ck_assert_uint_eq(gpgrt_b64dec_proc(state, bytes, len, &len), 0);
	(void)gpgrt_b64dec_finish(state);
	bytes[len++] = '\0';
	/* No character is divided between two words (section 5, rule 3). */
	ck_assert_uint_gt(len, 1);
	ck_assert_int_eq(text_is_block(bytes, sizeof(bytes)), 1);
	ck_assert_uint_eq(strlen(bytes) + 1, len);
	memcpy(out + strlen(out), bytes, len);
}

/* Reads the subject as a mail reader does; the header is what it must be. */
static void
read_subject(const char *message, char *out)
{
	const char *line = strstr(message, "\nSubject: "), *end;
	int words = 0;

	ck_assert_ptr_nonnull(line);
	out[0] = '\0';
	for (line += 10;; line = end + 2) {
		end = strchr(line, '\n');
		ck_assert_ptr_nonnull(end);
		if (strncmp(line, "=?", 2) != 0)
			break;
		/* With "Subject: " or a space before it (section 2). */
		ck_assert_int_le(end - line + (words++ == 0 ? 9 : 1), 76);
		decode_word(line, (size_t)(end - line), out);
		if (end[1] != ' ')
			break;
	}
	if (words == 0) {
		memcpy(out, line, (size_t)(end - line));
		out[end - line] = '\0';
	}
	ck_assert_int_eq(strncmp(end, "\nAuto-Submitted: ", 17), 0);
}

static const char *const subjects[] = {
	"x",
	"plain ASCII, with all of it: !\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~",
	X300,
	/* of a panel whose name is as long as a name may be */
	"A new password at " X200,
	"\xc3\xbc",
	"Zu wenig Guthaben: 5 \xe2\x82\xac",
	"\xe3\x83\xa6\xe3\x83\xbc\xe3\x82\xb6\xe3\x83\xbc",
	"\xf0\x9f\x98\x80",
	/* what a reader would decode */
	"=?UTF-8?B?QmNjOiB4?=",
	"=?utf-8?q?x?=",
	"a =?ISO-8859-1?Q?=E9?= b",
	"=?",
	"x =? y",
};

START_TEST(a_subject_is_read_as_it_was_given)
{
	char subject[1024], *message = send_it(TO, subjects[_i], "text\n");

	read_subject(message, subject);
	ck_assert_str_eq(subject, subjects[_i]);
	free(message);
}
END_TEST

/* Every length, with characters of two, three and four bytes and shifted. */
START_TEST(a_subject_of_any_length_is_read_as_it_was_given)
{
	static const char *const characters[] = { "\xc3\xbc", "\xe2\x82\xac",
		"\xf0\x9f\x98\x80" };
	const char *c = characters[_i % 3];
	char given[256], subject[1024], *message;
	size_t len, n = strlen(c);

	for (len = (size_t)(_i / 3); len + n <= 200; len += n) {
		memset(given, 'a', (size_t)(_i / 3));
		memcpy(given + len, c, n);
		given[len + n] = '\0';
		message = send_it(TO, given, "text\n");
		read_subject(message, subject);
		ck_assert_str_eq(subject, given);
		free(message);
	}
}
END_TEST

/* --- what would change the header ----------------------------------------- */

static const struct {
	const char *to, *subject;
} refused[] = {
	{ "", "x" },
	{ "one", "x" },
	{ "a@b\nBcc: c@d", "x" },
	{ "a@b\r\nBcc: c@d", "x" },
	{ "a@b\rBcc: c@d", "x" },
	{ "a@b\n", "x" },
	{ "\na@b", "x" },
	{ "a@b, c@d", "x" },
	{ "a@b>, <c@d", "x" },
	{ "A <a@b>", "x" },
	{ "a@b c@d", "x" },
	{ "-oQ/tmp@b", "x" },
	{ TO, "" },
	{ TO, "x\nBcc: c@d" },
	{ TO, "x\r\nBcc: c@d" },
	{ TO, "x\rBcc: c@d" },
	{ TO, "x\n" },
	{ TO, "\nBcc: c@d" },
	{ TO, "x\n\ntext" },
	{ TO, "x\n y" },
	{ TO, "x\ty" },
	{ TO, " x" },
	{ TO, "x " },
	{ TO, "x\x7f" },
	{ TO, "x\xc2\x85y" },
	{ TO, "\xff" },
	{ TO, "\xc3" },
	{ TO, "\xc3\xbc\nBcc: c@d" },
	{ TO, X300 "x" },
};

START_TEST(what_would_change_the_header_is_refused)
{
	must_fail(refused[_i].to, refused[_i].subject, RC_INVALID,
	    "cannot send mail: its header is not possible");
	ck_assert_int_eq(was_taken(), 0);
}
END_TEST

/* --- texts ---------------------------------------------------------------- */

static const char *
body_of(const char *message)
{
	const char *end = strstr(message, "\n\n");

	ck_assert_ptr_nonnull(end);
	return end + 2;
}

static const char *const bodies[] = {
	"",
	"\n",
	"x",
	".",
	".\n",
	".\n.\nafter\n",
	"..\n",
	".hidden\n",
	"From the beginning\n",
	"Bcc: c@d\n\nSubject: y\n",
	"\n\n\n",
	"=3D =\n",
	"ends in space \nand tab\t\n",
	"\xc3\xbc \xe2\x82\xac \xf0\x9f\x98\x80\n",
};

START_TEST(a_text_arrives_as_it_is)
{
	char *message = send_it(TO, "x", bodies[_i]);

	ck_assert_str_eq(body_of(message), bodies[_i]);
	ck_assert_ptr_nonnull(
	    strstr(message, "\nContent-Transfer-Encoding: 8bit\n\n"));
	free(message);
}
END_TEST

START_TEST(a_large_text_arrives_whole)
{
	enum { LINES = 50000, LINE = 61 };
	char *text = malloc(LINES * LINE + 1), *message;
	size_t i;

	ck_assert_ptr_nonnull(text);
	for (i = 0; i < LINES; i++)
		(void)snprintf(text + i * LINE, LINE + 1, "%060zu\n", i);
	message = send_it(TO, "x", text);
	ck_assert_int_eq(strcmp(body_of(message), text), 0);
	free(message);
	/* A program that reads nothing of it has taken it, too. */
	make_sendmail("exit 0");
	free(send_it(TO, "x", text));
	free(text);
}
END_TEST

/* Decodes quoted-printable (RFC 2045, 6.7), strictly; to be freed. */
static char *
unquote(const char *s)
{
	char *text = malloc(strlen(s) + 1), *out = text;
	const char *line = s;

	ck_assert_ptr_nonnull(text);
	for (; *s != '\0'; s++) {
		static const char hex[] = "0123456789ABCDEF";

		if (*s == '\n') {
			ck_assert_int_le(s - line, 76);
			ck_assert(s == line || (s[-1] != ' ' && s[-1] != '\t'));
			*out++ = '\n';
			line = s + 1;
		} else if (*s == '=' && s[1] == '\n') {
			ck_assert_int_le(s + 1 - line, 76);
			line = ++s + 1;
		} else if (*s == '=') {
			ck_assert(s[1] != '\0' && strchr(hex, s[1]) != NULL);
			ck_assert(s[2] != '\0' && strchr(hex, s[2]) != NULL);
			*out++ = (char)((strchr(hex, s[1]) - hex) << 4 |
					(strchr(hex, s[2]) - hex));
			s += 2;
		} else {
			ck_assert((*s >= ' ' && *s <= '~') || *s == '\t');
			*out++ = *s;
		}
	}
	ck_assert_int_le(s - line, 76);
	*out = '\0';
	return text;
}

/* SMTP carries 998 bytes a line (RFC 5322, 2.1.1); a URL alone has 2,000. */
START_TEST(a_line_that_smtp_cannot_carry_is_broken_softly)
{
	static const struct {
		size_t len;
		int is_quoted;
	} lines[] = { { 997, 0 }, { 998, 0 }, { 999, 1 }, { 2000, 1 },
		{ 20000, 1 } };
	static const char *const fills[] = { "x", "=", " ", "\t", ".",
		"\xc3\xbc", "\xe2\x82\xac", "https://example.com/?a=b " };
	const char *fill = fills[_i / ROWS(lines)];
	const size_t len = lines[_i % ROWS(lines)].len;
	const char *encoding = lines[_i % ROWS(lines)].is_quoted
				   ? "\nContent-Transfer-Encoding: "
				     "quoted-printable\n\n"
				   : "\nContent-Transfer-Encoding: 8bit\n\n";
	static const char start[] = "Hello,\n\n", end[] = "\n\nBye = \n";
	const size_t n = sizeof(start) - 1;
	char *text = malloc(n + len + sizeof(end)), *message, *again;
	size_t i;

	ck_assert_ptr_nonnull(text);
	memcpy(text, start, n);
	for (i = 0; i < len; i++)
		text[n + i] = fill[i % strlen(fill)];
	memcpy(text + n + len, end, sizeof(end));
	message = send_it(TO, "x", text);
	ck_assert_int_eq(strstr(message, encoding) != NULL, 1);
	if (lines[_i % ROWS(lines)].is_quoted)
		again = unquote(body_of(message));
	else
		again = strdup(body_of(message));
	ck_assert_int_eq(strcmp(again, text), 0);
	free(again);
	free(message);
	free(text);
}
END_TEST

/* Part of a message must not look like all of it. */
START_TEST(a_message_that_could_not_be_written_is_not_sent)
{
	enum { LIMIT = 5000 };
	static char text[4 * LIMIT];
	struct rlimit was, small;
	size_t len, i;
	enum rc rc;
	char *log;

	ck_assert(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &was), 0);
	small = was;
	small.rlim_cur = LIMIT;
	for (len = LIMIT; len < sizeof(text); len += 997) {
		for (i = 0; i < len; i++)
			text[i] = i % 61 == 60 ? '\n' : 'x';
		text[len] = '\0';
		scratch_log_start();
		(void)setrlimit(RLIMIT_FSIZE, &small);
		rc = mail_send(&config, TO, "x", text);
		(void)setrlimit(RLIMIT_FSIZE, &was);
		log = scratch_log_end(NULL);
		ck_assert_msg(rc == RC_BUSY, "%zu bytes were sent", len);
		scratch_log_must_be(log, "cannot write a mail: ");
		free(log);
		ck_assert_int_eq(was_taken(), 0);
	}
}
END_TEST

/* --- programs that do not take it ----------------------------------------- */

START_TEST(without_a_program_no_mail_can_be_sent)
{
	char path[SCRATCH_PATH_LEN], words[SCRATCH_PATH_LEN + 64];

	scratch_path("nothing", path);
	(void)snprintf(config.sendmail, sizeof(config.sendmail), "%s", path);
	(void)snprintf(
	    words, sizeof(words), "cannot send mail: there is no %s", path);
	must_fail(TO, "x", RC_NOT_FOUND, words);
	/* Nothing else is looked at then. */
	must_fail("", "", RC_NOT_FOUND, words);
	scratch_write("unset", KEEP, sizeof(KEEP) - 1, 0600, path);
	(void)snprintf(config.sendmail, sizeof(config.sendmail), "%s", path);
	(void)snprintf(
	    words, sizeof(words), "cannot send mail: there is no %s", path);
	must_fail(TO, "x", RC_NOT_FOUND, words);
}
END_TEST

/* It was switched off: that is no news. */
START_TEST(where_none_is_set_nothing_is_said)
{
	char *log;

	config.sendmail[0] = '\0';
	ck_assert_int_eq(try_to_send(TO, "x", "y", &log), RC_NOT_FOUND);
	ck_assert_str_eq(log, "");
	free(log);
}
END_TEST

/* It is there, and yet it can never be run. */
START_TEST(what_is_no_program_cannot_send)
{
	static const char interpreter[] = "#!/no/such/interpreter\n";
	static const char words[] = "cannot start sendmail";
	char path[SCRATCH_PATH_LEN];

	scratch_mkdir("folder", 0700, path);
	(void)snprintf(config.sendmail, sizeof(config.sendmail), "%s", path);
	must_fail(TO, "x", RC_NOT_FOUND, words);
	scratch_write("data", "\0\1\2\3", 4, 0700, path);
	(void)snprintf(config.sendmail, sizeof(config.sendmail), "%s", path);
	must_fail(TO, "x", RC_NOT_FOUND, words);
	scratch_write(
	    "other", interpreter, sizeof(interpreter) - 1, 0700, path);
	(void)snprintf(config.sendmail, sizeof(config.sendmail), "%s", path);
	must_fail(TO, "x", RC_NOT_FOUND, words);
}
END_TEST

static const char *const failures[] = { "exit 1", "exit 75", "exit 255",
	"cat >/dev/null; exit 1", "kill -KILL $$", "kill -TERM $$",
	"no_such_command 2>/dev/null" };

START_TEST(after_a_failure_another_try_may_succeed)
{
	make_sendmail(failures[_i]);
	must_fail(TO, "x", RC_BUSY, "cannot send mail: sendmail failed");
	make_sendmail(KEEP);
	free(send_it(TO, "x", "y"));
}
END_TEST

/* It would keep the sender from its work; what it has begun is given up. */
START_TEST(a_program_that_hangs_is_ended_after_ten_seconds)
{
	char *text;
	long pid;

	make_sendmail("echo $$ >\"$dir/pid\"\ntrap '' TERM\nexec sleep 600");
	scratch_path("pid", naps.until);
	must_fail(TO, "x", RC_BUSY, "cannot send mail: sendmail took too long");
	ck_assert_int_eq(naps.ms, 10000);
	text = read_back("pid");
	pid = strtol(text, NULL, 10);
	ck_assert_int_gt(pid, 0);
	ck_assert_int_eq(kill((pid_t)pid, 0), -1);
	ck_assert_int_eq(errno, ESRCH);
	free(text);
}
END_TEST

START_TEST(a_program_that_is_slow_is_waited_for)
{
	char *message;

	make_sendmail("sleep 0.3; cat >\"$dir/message\"");
	message = send_it(TO, "x", "y");
	ck_assert_str_eq(body_of(message), "y");
	ck_assert_int_gt(naps.ms, 0);
	free(message);
}
END_TEST

static Suite *
mail_suite(void)
{
	Suite *s = suite_create("mail");
	TCase *tc = tcase_create("message");

	tcase_add_checked_fixture(tc, setup, scratch_remove);
	tcase_add_test(tc, a_message_is_these_bytes);
	tcase_add_test(tc, without_a_sender_there_is_no_from);
	tcase_add_test(tc, the_program_is_called_as_sendmail_is);
	tcase_add_test(tc, the_program_has_no_other_file_of_ours);
	tcase_add_loop_test(
	    tc, a_subject_is_read_as_it_was_given, 0, ROWS(subjects));
	tcase_add_loop_test(
	    tc, a_subject_of_any_length_is_read_as_it_was_given, 0, 3 * 4);
	tcase_add_loop_test(
	    tc, what_would_change_the_header_is_refused, 0, ROWS(refused));
	tcase_add_loop_test(tc, a_text_arrives_as_it_is, 0, ROWS(bodies));
	tcase_add_test(tc, a_large_text_arrives_whole);
	tcase_add_loop_test(
	    tc, a_line_that_smtp_cannot_carry_is_broken_softly, 0, 8 * 5);
	tcase_add_test(tc, a_message_that_could_not_be_written_is_not_sent);
	suite_add_tcase(s, tc);

	tc = tcase_create("program");
	tcase_add_checked_fixture(tc, setup, scratch_remove);
	tcase_add_test(tc, without_a_program_no_mail_can_be_sent);
	tcase_add_test(tc, where_none_is_set_nothing_is_said);
	tcase_add_test(tc, what_is_no_program_cannot_send);
	tcase_add_loop_test(
	    tc, after_a_failure_another_try_may_succeed, 0, ROWS(failures));
	tcase_add_test(tc, a_program_that_hangs_is_ended_after_ten_seconds);
	tcase_add_test(tc, a_program_that_is_slow_is_waited_for);
	suite_add_tcase(s, tc);
	return s;
}

SUITE_MAIN(mail_suite)
