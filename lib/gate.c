/* SPDX-License-Identifier: ISC */
/*
 * flock(2) on two files, or on the database's own.  It has no time-out, so a
 * timer interrupts it; and it lets a reader in while a writer waits, so
 * everybody passes the queue first, one at a time.
 */
#include "gate.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "log.h"

enum {
	TICK_MS = 20,     /* how often a wait looks at its budget */
	REPLACED_MAX = 10 /* files that a path may have had meanwhile */
};

enum rc
gate_init(struct gate *gate, const char *path)
{
	int n, m;

	memset(gate, 0, offsetof(struct gate, path));
	gate->fd = gate->queue_fd = -1;
	gate->has_queue = 1;
	n = snprintf(gate->path, sizeof(gate->path), "%s.gate", path);
	m = snprintf(
	    gate->queue_path, sizeof(gate->queue_path), "%s.queue", path);
	if (n > 0 && (size_t)n < sizeof(gate->path) && m > 0 &&
	    (size_t)m < sizeof(gate->queue_path))
		return RC_OK;
	log_err("cannot use %s: the path is too long", path);
	return RC_FAIL;
}

enum rc
gate_init_file(struct gate *gate, const char *path)
{
	int n;

	memset(gate, 0, offsetof(struct gate, path));
	gate->fd = gate->queue_fd = -1;
	gate->is_file = 1;
	gate->queue_path[0] = '\0';
	n = snprintf(gate->path, sizeof(gate->path), "%s", path);
	if (n > 0 && (size_t)n < sizeof(gate->path))
		return RC_OK;
	log_err("cannot use %s: the path is too long", path);
	return RC_FAIL;
}

/* Opens a file, once; anew if it has been deleted and is nobody's any more. */
static enum rc
open_file(const char *path, int *fd)
{
	struct stat st;

	if (*fd >= 0 && fstat(*fd, &st) == 0 && st.st_nlink == 0) {
		(void)close(*fd);
		*fd = -1;
	}
	if (*fd < 0)
		*fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (*fd >= 0)
		return RC_OK;
	log_err("cannot open %s: %s", path, strerror(errno));
	return errno == ENOSPC || errno == EDQUOT ? RC_BUSY : RC_FAIL;
}

static int64_t
now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void
on_tick(int signal_number)
{
	(void)signal_number;
}

/*
 * Locks within the deadline; the result is flock's.  The timer ticks on,
 * because a first tick could come just before the call, and its signal may
 * have been blocked by whoever started the program.
 */
static int
lock_until(int fd, int operation, int64_t deadline)
{
	const struct timeval every = { 0, (suseconds_t)TICK_MS * 1000 };
	const struct itimerval tick = { every, every };
	const struct itimerval none = { { 0, 0 }, { 0, 0 } };
	struct sigaction action, before;
	sigset_t alarm_only, mask;
	int locked, error;

	memset(&action, 0, sizeof(action));
	action.sa_handler = on_tick;
	(void)sigemptyset(&alarm_only);
	(void)sigaddset(&alarm_only, SIGALRM);
	(void)sigaction(SIGALRM, &action, &before);
	(void)sigprocmask(SIG_UNBLOCK, &alarm_only, &mask);
	(void)setitimer(ITIMER_REAL, &tick, NULL);
	while ((locked = flock(fd, operation)) != 0 && errno == EINTR &&
	       now_ms() < deadline)
		;
	error = errno;
	(void)setitimer(ITIMER_REAL, &none, NULL);
	(void)sigprocmask(SIG_SETMASK, &mask, NULL);
	(void)sigaction(SIGALRM, &before, NULL);
	errno = error;
	return locked;
}

/* Locks at once if nobody else does, otherwise waits. */
static enum rc
lock(int fd, const char *path, int operation, int64_t deadline, int wait)
{
	if (flock(fd, operation | LOCK_NB) == 0)
		return RC_OK;
	if (errno == EWOULDBLOCK && !wait)
		return RC_BUSY;
	if (errno == EWOULDBLOCK && lock_until(fd, operation, deadline) == 0)
		return RC_OK;
	if (errno == EINTR) {
		log_err("cannot lock %s: busy for too long", path);
		return RC_BUSY;
	}
	log_err("cannot lock %s: %s", path, strerror(errno));
	return RC_FAIL;
}

/* Notes which file is open. */
static int
note_file(struct gate *gate)
{
	struct stat st;

	if (fstat(gate->fd, &st) != 0)
		return 0;
	gate->device = st.st_dev;
	gate->inode = st.st_ino;
	gate->size = st.st_size;
	gate->looked = -1;
	return 1;
}

int
gate_look(struct gate *gate)
{
	if (gate->fd < 0)
		gate->fd = open(gate->path, O_RDWR | O_CLOEXEC);
	if (gate->fd >= 0 && note_file(gate))
		return 1;
	gate_close(gate);
	return 0;
}

/*
 * True if the locked file is the one that has the path.  One that has been
 * deleted has no name any more, which takes a fifth of the time to see; one
 * that has been moved is found out within a second.
 */
static int
is_current(struct gate *gate, int64_t second)
{
	struct stat st;

	if (fstat(gate->fd, &st) != 0 || st.st_nlink == 0)
		return 0;
	gate->size = st.st_size;
	if (second == gate->looked)
		return 1;
	gate->looked = second;
	return stat(gate->path, &st) == 0 && st.st_ino == gate->inode &&
	       st.st_dev == gate->device;
}

/*
 * Locks the file that has the path.  It may be replaced while this waits for
 * the one before, but not after, except by somebody who does not lock.
 */
static enum rc
enter_file(struct gate *gate, int64_t now, int64_t wait_ms, int wait)
{
	enum rc rc;
	int i;

	for (i = 0; i < REPLACED_MAX; i++) {
		if (gate->fd < 0) {
			rc = open_file(gate->path, &gate->fd);
			if (rc != RC_OK)
				return rc;
			if (!note_file(gate))
				break;
		}
		rc = lock(gate->fd, gate->path, LOCK_EX, now + wait_ms, wait);
		if (rc != RC_OK)
			return rc;
		if (is_current(gate, now / 1000)) {
			gate->is_held = 1;
			return RC_OK;
		}
		gate_close(gate);
	}
	log_err("cannot lock %s: it is replaced all the time", gate->path);
	gate_close(gate);
	return RC_FAIL;
}

/* Waits until nobody is waiting at the gate any more. */
static enum rc
queue(struct gate *gate, int64_t deadline, int wait)
{
	enum rc rc = open_file(gate->queue_path, &gate->queue_fd);

	if (rc != RC_OK)
		return rc;
	return lock(gate->queue_fd, gate->queue_path, LOCK_EX, deadline, wait);
}

enum rc
gate_enter(struct gate *gate, enum gate_mode mode, int64_t wait_ms)
{
	int64_t now = now_ms(), deadline = now + wait_ms;
	int wait = mode != GATE_ALONE_NOW;
	enum rc rc;

	if (gate->is_file)
		return enter_file(gate, now, wait_ms, wait);
	rc = open_file(gate->path, &gate->fd);
	if (rc == RC_OK && gate->has_queue)
		rc = queue(gate, deadline, wait);
	if (rc != RC_OK)
		return rc;
	rc = lock(gate->fd, gate->path, mode == GATE_SHARED ? LOCK_SH : LOCK_EX,
	    deadline, wait);
	if (gate->has_queue)
		(void)flock(gate->queue_fd, LOCK_UN);
	gate->is_held = rc == RC_OK;
	return rc;
}

void
gate_leave(struct gate *gate)
{
	if (gate->is_held)
		(void)flock(gate->fd, LOCK_UN);
	gate->is_held = 0;
}

void
gate_close(struct gate *gate)
{
	gate->is_held = 0;
	if (gate->fd >= 0)
		(void)close(gate->fd);
	if (gate->queue_fd >= 0)
		(void)close(gate->queue_fd);
	gate->fd = gate->queue_fd = -1;
}
