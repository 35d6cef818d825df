/* SPDX-License-Identifier: ISC */
/*
 * The way out of a copy that raises SIGBUS is a jump out of its handler: the
 * signal comes of the copy itself, so nothing else is interrupted.
 */
#include "file_map.h"

#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>

static sigjmp_buf way_out;
static volatile sig_atomic_t is_copying;

static void
on_bus_error(int signal_number)
{
	if (is_copying)
		siglongjmp(way_out, 1);
	/* Whoever has raised it, be it another process: this time it ends. */
	(void)signal(signal_number, SIG_DFL);
	(void)raise(signal_number);
}

/* The mask need not be saved, for the handler does not change it. */
static int
handle_bus_errors(void)
{
	struct sigaction action = { .sa_handler = on_bus_error,
		.sa_flags = SA_NODEFER };

	(void)sigemptyset(&action.sa_mask);
	return sigaction(SIGBUS, &action, NULL);
}

static enum rc
copy(void *to, const void *from, size_t len)
{
	if (sigsetjmp(way_out, 0) != 0) {
		is_copying = 0;
		return RC_FAIL;
	}
	is_copying = 1;
	memcpy(to, from, len);
	/* None of the copy is left for later, nor begun before. */
	__asm__ volatile("" ::: "memory");
	is_copying = 0;
	return RC_OK;
}

enum rc
file_map_open(struct file_map *map, int fd, size_t len)
{
	void *bytes;

	*map = (struct file_map){ NULL, 0 };
	if (handle_bus_errors() != 0)
		return RC_FAIL;
	bytes = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (bytes == MAP_FAILED)
		return RC_FAIL;
	*map = (struct file_map){ bytes, len };
	return RC_OK;
}

void
file_map_close(struct file_map *map)
{
	if (map->bytes != NULL)
		(void)munmap(map->bytes, map->len);
	*map = (struct file_map){ NULL, 0 };
}

enum rc
file_map_read(const struct file_map *map, size_t at, void *buf, size_t len)
{
	return copy(buf, map->bytes + at, len);
}

enum rc
file_map_write(
    const struct file_map *map, size_t at, const void *buf, size_t len)
{
	return copy(map->bytes + at, buf, len);
}
