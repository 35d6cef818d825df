/* SPDX-License-Identifier: ISC */
/*
 * Starts the receiver that stands beside the test program.  It ends with the
 * pipe that is its input, so that it cannot outlive the test.
 */
#include "receiver.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "suite.h"

enum { WAIT_MS = 20000, TICK_MS = 5, LINE_LEN = 256 };

static const char *const names[RECEIVER_PORTS] = {
	[RECEIVER_HTTP] = "http",
	[RECEIVER_HTTPS] = "https",
	[RECEIVER_SELF_SIGNED] = "https-self-signed",
	[RECEIVER_EXPIRED] = "https-expired",
	[RECEIVER_NOT_YET] = "https-not-yet",
	[RECEIVER_WRONG_NAME] = "https-wrong-name",
	[RECEIVER_REFUSED] = "refused",
	[RECEIVER_STALLED] = "stalled",
	[RECEIVER_BLACKHOLE] = "blackhole",
};

static void
tick(void)
{
	static const struct timespec pause = { 0, TICK_MS * 1000000L };

	(void)nanosleep(&pause, NULL);
}

/* --- start and end -------------------------------------------------------- */

/* The program of that name in the directory of this one. */
static void
find_program(char path[RECEIVER_PATH_LEN])
{
	ssize_t n = readlink("/proc/self/exe", path, RECEIVER_PATH_LEN - 16);
	char *name;

	ck_assert_int_gt(n, 0);
	path[n] = '\0';
	name = strrchr(path, '/');
	ck_assert_ptr_nonnull(name);
	(void)snprintf(name, 16, "/receiver");
	if (access(path, X_OK) != 0)
		ck_abort_msg("no program %s; make builds it", path);
}

static void
start_program(struct receiver *receiver, const char *path)
{
	const char *const argv[] = { path, "--dir", receiver->dir, NULL };
	int in[2], out[2];

	ck_assert_int_eq(pipe2(in, O_CLOEXEC), 0);
	ck_assert_int_eq(pipe2(out, O_CLOEXEC), 0);
	receiver->pid = fork();
	if (receiver->pid == 0) {
		if (dup2(in[0], STDIN_FILENO) >= 0 &&
		    dup2(out[1], STDOUT_FILENO) >= 0)
			(void)execv(path, (char *const *)(uintptr_t)argv);
		_exit(127);
	}
	(void)close(in[0]);
	(void)close(out[1]);
	receiver->in = in[1];
	receiver->out = fdopen(out[0], "r");
	ck_assert_int_gt(receiver->pid, 0);
	ck_assert_ptr_nonnull(receiver->out);
}

static void
read_ports(struct receiver *receiver)
{
	char line[LINE_LEN];
	size_t len;
	int i;

	while (fgets(line, sizeof(line), receiver->out) != NULL &&
	       strcmp(line, "ready\n") != 0)
		for (i = 0; i < RECEIVER_PORTS; i++) {
			len = strlen(names[i]);
			if (strncmp(line, names[i], len) == 0 &&
			    line[len] == ' ')
				receiver->ports[i] =
				    (int)strtol(line + len, NULL, 10);
		}
	for (i = 0; i < RECEIVER_PORTS; i++)
		ck_assert_msg(
		    receiver->ports[i] > 0, "no port for %s", names[i]);
}

void
receiver_start(struct receiver *receiver)
{
	const char *tmp = getenv("TMPDIR");
	char path[RECEIVER_PATH_LEN];
	int n;

	memset(receiver, 0, sizeof(*receiver));
	find_program(path);
	n = snprintf(receiver->dir, sizeof(receiver->dir), "%s/receiver.XXXXXX",
	    tmp != NULL ? tmp : "/tmp");
	ck_assert_int_lt(n, (int)sizeof(receiver->dir) - 16);
	ck_assert_ptr_nonnull(mkdtemp(receiver->dir));
	(void)snprintf(receiver->ca, sizeof(receiver->ca), "%.*s/ca.pem", n,
	    receiver->dir);
	receiver->records = json_array();
	ck_assert_ptr_nonnull(receiver->records);
	start_program(receiver, path);
	read_ports(receiver);
}

/* Waits for its end; its status, or -1 if it had to be killed. */
static int
wait_for_end(pid_t pid)
{
	int waited, status;

	for (waited = 0; waited < WAIT_MS; waited += TICK_MS) {
		if (waitpid(pid, &status, WNOHANG) == pid)
			return status;
		tick();
	}
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, &status, 0);
	return -1;
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *where)
{
	(void)st, (void)type, (void)where;
	return remove(path);
}

void
receiver_stop(struct receiver *receiver)
{
	int status;

	if (receiver->pid <= 0)
		return;
	(void)close(receiver->in);
	/* Nobody reads its last statistics; it must not mind. */
	(void)fclose(receiver->out);
	status = wait_for_end(receiver->pid);
	receiver->pid = 0;
	json_decref(receiver->records);
	receiver->records = NULL;
	ck_assert_int_eq(
	    nftw(receiver->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
	ck_assert_msg(status == 0, "the receiver ended with %d", status);
}

/* --- what it has received ------------------------------------------------- */

const char *
receiver_url(const struct receiver *receiver, enum receiver_port port,
    const char *path, char url[RECEIVER_URL_LEN])
{
	int tls = strncmp(names[port], "https", 5) == 0;
	int n = snprintf(url, RECEIVER_URL_LEN, "http%s://127.0.0.1:%d%s",
	    tls ? "s" : "", receiver->ports[port], path);

	ck_assert_int_lt(n, RECEIVER_URL_LEN);
	return url;
}

/* Appends the records of whole lines; gives how many bytes those are. */
static size_t
read_lines(struct receiver *receiver, const char *text, size_t len)
{
	const char *line = text, *end;
	json_error_t error;
	json_t *record;

	while (
	    (end = memchr(line, '\n', len - (size_t)(line - text))) != NULL) {
		record = json_loadb(
		    line, (size_t)(end - line), JSON_REJECT_DUPLICATES, &error);
		ck_assert_msg(record != NULL, "a bad record: %s: %.*s",
		    error.text, (int)(end - line), line);
		ck_assert_int_eq(
		    json_array_append_new(receiver->records, record), 0);
		line = end + 1;
	}
	return (size_t)(line - text);
}

json_t *
receiver_records(struct receiver *receiver)
{
	char path[RECEIVER_PATH_LEN + 16], *text;
	struct stat st;
	size_t len;
	int fd;

	(void)snprintf(path, sizeof(path), "%s/requests", receiver->dir);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(fstat(fd, &st), 0);
	len = (size_t)(st.st_size - receiver->read_to);
	text = malloc(len + 1);
	ck_assert_ptr_nonnull(text);
	ck_assert_int_eq(pread(fd, text, len, receiver->read_to), (ssize_t)len);
	(void)close(fd);
	receiver->read_to += (off_t)read_lines(receiver, text, len);
	free(text);
	return receiver->records;
}

json_t *
receiver_wait(struct receiver *receiver, size_t n)
{
	size_t have = json_array_size(receiver_records(receiver));
	int waited;

	for (waited = 0; have < n && waited < WAIT_MS; waited += TICK_MS) {
		tick();
		have = json_array_size(receiver_records(receiver));
	}
	ck_assert_msg(have >= n, "%zu requests, not %zu, in %d s", have, n,
	    WAIT_MS / 1000);
	return receiver->records;
}

void
receiver_forget(struct receiver *receiver)
{
	ck_assert_int_eq(json_array_clear(receiver_records(receiver)), 0);
}

json_t *
receiver_statistics(struct receiver *receiver)
{
	char *line = NULL;
	size_t size = 0;
	json_error_t error;
	json_t *statistics;

	ck_assert_int_eq(kill(receiver->pid, SIGUSR1), 0);
	ck_assert_int_gt(getline(&line, &size, receiver->out), 0);
	statistics = json_loads(line, JSON_REJECT_DUPLICATES, &error);
	ck_assert_msg(
	    statistics != NULL, "bad statistics: %s: %s", error.text, line);
	free(line);
	return statistics;
}
