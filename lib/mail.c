/* SPDX-License-Identifier: ISC */
/*
 * A message is written to a file in memory first, so that the program that
 * takes it never waits for us, and we never for it.
 */
#include "mail.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base64.h"
#include "log.h"
#include "text.h"

enum {
	WAIT_MS = 10000, /* for sendmail to end */
	STEP_MS = 10,
	SUBJECT_MAX = TEXT_NAME_MAX + 100, /* bytes: words and a panel's name */
	SUBJECT_WORD = 39,  /* bytes of an encoded word: a line of 73 */
	QUOTED_MAX = 75,    /* characters before a soft break (RFC 2045, 6.7) */
	TEXT_LINE_MAX = 998 /* bytes that SMTP carries (RFC 5322, 2.1.1) */
};

extern char **environ;

/* True if a header can have it as it is: no reader would decode it. */
static int
is_plain(const char *s)
{
	if (strstr(s, "=?") != NULL)
		return 0;
	for (; *s != '\0'; s++)
		if ((unsigned char)*s > '~')
			return 0;
	return 1;
}

/* The subject, in encoded words (RFC 2047) if need be, one a line. */
static void
put_subject(FILE *out, const char *subject)
{
	char text[BASE64_LEN(SUBJECT_WORD)];
	size_t left = strlen(subject), n;

	(void)fputs("Subject:", out);
	if (is_plain(subject)) {
		(void)fprintf(out, " %s\n", subject);
		return;
	}
	for (; left > 0; subject += n, left -= n) {
		n = left < SUBJECT_WORD ? left : SUBJECT_WORD;
		/* No character may be divided between two words. */
		while (n < left && (subject[n] & 0xc0) == 0x80)
			n--;
		base64_encode(subject, n, text);
		(void)fprintf(out, " =?UTF-8?B?%s?=\n", text);
	}
}

static int
has_long_line(const char *text)
{
	size_t n;

	for (; (n = strcspn(text, "\n")) <= TEXT_LINE_MAX; text += n + 1)
		if (text[n] == '\0')
			return 0;
	return 1;
}

/* The text as quoted-printable, which has no long lines. */
static void
put_quoted(FILE *out, const char *text)
{
	size_t column = 0, width;

	for (; *text != '\0'; text++) {
		unsigned char c = (unsigned char)*text;
		int is_space = c == ' ' || c == '\t';
		int at_end = text[1] == '\n' || text[1] == '\0';

		if (c == '\n') {
			(void)fputc('\n', out);
			column = 0;
			continue;
		}
		width = is_space ? (at_end ? 3 : 1)
				 : (c > ' ' && c <= '~' && c != '=' ? 1 : 3);
		if (column + width > QUOTED_MAX) {
			(void)fputs("=\n", out);
			column = 0;
		}
		(void)fprintf(out, width == 1 ? "%c" : "=%02X", c);
		column += width;
	}
}

/* Writes the message to a file without a name; gives it, or -1. */
static int
make_message(const struct config *config, const char *to, const char *subject,
    const char *text)
{
	int fd = memfd_create("mail", MFD_CLOEXEC), copy = -1, bad;
	int is_quoted = has_long_line(text);
	FILE *out = NULL;

	if (fd >= 0)
		copy = dup(fd);
	if (copy >= 0)
		out = fdopen(copy, "w");
	if (out == NULL) {
		if (copy >= 0)
			(void)close(copy);
		goto out;
	}
	if (config->mail_from[0] != '\0')
		(void)fprintf(out, "From: <%s>\n", config->mail_from);
	(void)fprintf(out, "To: <%s>\n", to);
	put_subject(out, subject);
	/* RFC 3834: so that no machine answers. */
	(void)fprintf(out,
	    "Auto-Submitted: auto-generated\nMIME-Version: 1.0\n"
	    "Content-Type: text/plain; charset=utf-8\n"
	    "Content-Transfer-Encoding: %s\n\n",
	    is_quoted ? "quoted-printable" : "8bit");
	if (is_quoted)
		put_quoted(out, text);
	else
		(void)fputs(text, out);
	/* Of what could not be written before, fclose says nothing. */
	bad = ferror(out);
	if (fclose(out) == 0 && !bad && lseek(fd, 0, SEEK_SET) == 0)
		return fd;
out:
	log_err("cannot write a mail: %s", strerror(errno));
	if (fd >= 0)
		(void)close(fd);
	return -1;
}

/* Waits for a program's end; one that takes too long is ended. */
static enum rc
wait_for(pid_t pid)
{
	static const struct timespec step = { 0, STEP_MS * 1000000L };
	int waited, status = -1;
	pid_t ended = 0;

	for (waited = 0; waited < WAIT_MS; waited += STEP_MS) {
		ended = waitpid(pid, &status, WNOHANG);
		if (ended != 0 && !(ended < 0 && errno == EINTR))
			break;
		(void)nanosleep(&step, NULL);
	}
	if (ended == 0) {
		(void)kill(pid, SIGKILL);
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
	}
	if (ended == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return RC_OK;
	log_err("cannot send mail: sendmail %s",
	    ended == 0 ? "took too long" : "failed");
	return RC_BUSY;
}

enum rc
mail_send(const struct config *config, const char *to, const char *subject,
    const char *text)
{
	char program[] = "sendmail", no_dot[] = "-i", from_header[] = "-t";
	char *argv[] = { program, no_dot, from_header, NULL };
	posix_spawn_file_actions_t actions;
	char address[TEXT_EMAIL_MAX + 1];
	pid_t pid;
	int fd, error;

	if (config->sendmail[0] == '\0')
		return RC_NOT_FOUND;
	if (access(config->sendmail, X_OK) != 0) {
		log_err("cannot send mail: there is no %s", config->sendmail);
		return RC_NOT_FOUND;
	}
	if (!text_email(to, address) || !text_is_line(subject, SUBJECT_MAX)) {
		log_err("cannot send mail: its header is not possible");
		return RC_INVALID;
	}
	fd = make_message(config, address, subject, text);
	if (fd < 0)
		return RC_BUSY;
	(void)posix_spawn_file_actions_init(&actions);
	(void)posix_spawn_file_actions_adddup2(&actions, fd, 0);
	error =
	    posix_spawn(&pid, config->sendmail, &actions, NULL, argv, environ);
	(void)posix_spawn_file_actions_destroy(&actions);
	(void)close(fd);
	if (error != 0) {
		log_err("cannot start sendmail: %s", strerror(error));
		/* What is no program now will be none in a minute. */
		return error == EACCES || error == ENOENT || error == ENOEXEC
			   ? RC_NOT_FOUND
			   : RC_BUSY;
	}
	return wait_for(pid);
}
