/* SPDX-License-Identifier: ISC */
/*
 * inotify(7).  Hosts bound how many of these a user may have; without one,
 * nothing is ever quiet.
 */
#include "watch.h"

#include <errno.h>
#include <sys/inotify.h>
#include <unistd.h>

/* A rename of or onto its name, its end, its owner or mode. */
#define SELF ((uint32_t)(IN_ATTRIB | IN_MOVE_SELF | IN_DELETE_SELF))

void
watch_add(struct watch *watch, enum watch_what what, const char *path)
{
	static const uint32_t masks[] = { [WATCH_FILE] = SELF | IN_MODIFY,
		[WATCH_DATABASE] = SELF,
		[WATCH_DIRECTORY] = SELF | IN_CREATE | IN_DELETE |
				    IN_MOVED_FROM | IN_MOVED_TO |
				    IN_DONT_FOLLOW };

	if (watch->fd == 0)
		watch->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (watch->fd < 0 ||
	    inotify_add_watch(watch->fd, path, masks[what]) >= 0)
		return;
	watch_close(watch);
	watch->fd = -1;
}

int
watch_is_quiet(struct watch *watch)
{
	/* Room for one event of the longest name, and usually for many. */
	char events[4096];
	ssize_t n;
	int quiet = 1;

	if (watch->fd <= 0)
		return 0;
	do {
		n = read(watch->fd, events, sizeof(events));
		quiet = quiet && n < 0 && errno == EAGAIN;
	} while (n > 0);
	return quiet;
}

void
watch_close(struct watch *watch)
{
	if (watch->fd > 0)
		(void)close(watch->fd);
	watch->fd = 0;
}
