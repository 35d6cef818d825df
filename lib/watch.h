/* SPDX-License-Identifier: ISC */
/*
 * Tells a process that files may have changed, so that it need not look at
 * each of them again and again: inotify(7).  It knows nothing of what other
 * machines do on a network's file system, nor of directories further up that
 * are renamed; whoever relies on it looks from time to time all the same.
 */
#ifndef LATCHKEY_WATCH_H
#define LATCHKEY_WATCH_H

struct watch {
	int fd; /* 0: not begun; -1: it cannot tell */
};

/* What of a file or directory matters, besides its name, owner and mode. */
enum watch_what {
	WATCH_FILE,     /* its contents */
	WATCH_DATABASE, /* nothing else */
	WATCH_DIRECTORY /* names, owners and modes in it */
};

/*
 * Watches one more; links are followed only to files.  From then on whatever
 * happens to it is told, even if it happens before this returns.
 */
void watch_add(struct watch *watch, enum watch_what what, const char *path);

/*
 * True if nothing has happened since this was asked before: false is also
 * what one gives that has been asked nothing yet, or cannot tell.
 */
int watch_is_quiet(struct watch *watch);

/* Forgets all files; harmless where there are none. */
void watch_close(struct watch *watch);

#endif
