/* SPDX-License-Identifier: ISC */
/*
 * Frames that follow each other are gathered until the one that ends a commit
 * (The SQLite database file format, section 4.1), until there is no room, or
 * until anything else is asked of the file.  SQLite tells others of frames
 * only after it has written the last one of a commit, so nobody looks for
 * those that are still here.  A process that is killed loses what was not
 * committed, and of what is rolled back the rest has to be forgotten: written
 * any later it would be in the place of what another one has committed.
 *
 * If a sync fails SQLite undoes the commit, but leaves its frames in the file,
 * where they are one to whoever has to read the log from its beginning, as
 * after a loss of power.  Who was told that nothing was done would find it
 * done, so the first of them is made unreadable.
 *
 * A process that stays reads the log again after every commit of another one,
 * some thirty pages for an order: from memory that it shares with the file.
 */
#include "wal_file.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file_map.h"

enum {
	ROOM = 64 * 1024,      /* for what is gathered */
	MAP_AFTER = 256,       /* reads: short processes have fewer */
	MAP_LEN = 8 << 20,     /* of a log that is longer the rest is read */
	FRAME_HEADER_LEN = 24, /* before the page of a frame ... */
	COMMIT_AT = 4, /* ... where it has a number if it ends a commit */
	COMMIT_LEN = 4
};

struct file {
	sqlite3_file base;
	sqlite3_file *below;
	unsigned char *gathered; /* owned; NULL: nothing yet */
	int len;
	sqlite3_int64 at;       /* where what is gathered belongs */
	sqlite3_int64 read_at;  /* what was read last; -1: nothing */
	int is_last;            /* the frame that is being written */
	sqlite3_int64 unsynced; /* where what is not begins; -1: all is */
	const char *name;       /* borrowed; SQLite keeps it */
	dev_t device;           /* which file has it ... */
	ino_t inode;            /* ... when opened; 0: not known */
	int nreads;             /* until it is mapped */
	struct file_map map;
};

static struct file *
file_of(sqlite3_file *base)
{
	return (struct file *)base;
}

static int
write_below(struct file *f, const void *bytes, int len, sqlite3_int64 at)
{
	if (f->unsynced < 0 || at < f->unsynced)
		f->unsynced = at;
	return f->below->pMethods->xWrite(f->below, bytes, len, at);
}

/*
 * Writes what is gathered.  It stays if that fails, and is tried again before
 * anything else: SQLite may have been told that some of it is written.  That
 * ends with the transaction.
 */
static int
give(struct file *f)
{
	int code = SQLITE_OK;

	if (f->len > 0)
		code = write_below(f, f->gathered, f->len, f->at);
	if (code == SQLITE_OK)
		f->len = 0;
	return code;
}

/* Writes what is gathered, and this behind it. */
static int
write_through(struct file *f, const void *bytes, int len, sqlite3_int64 at)
{
	int code = give(f);

	if (code != SQLITE_OK)
		return code;
	return write_below(f, bytes, len, at);
}

static int
file_write(sqlite3_file *base, const void *bytes, int len, sqlite3_int64 at)
{
	static const unsigned char none[COMMIT_LEN];
	struct file *f = file_of(base);
	int follows = f->len > 0 && at == f->at + f->len;
	/* One that was read before is there, and gets other checksums. */
	int begins = len == FRAME_HEADER_LEN && at != f->read_at;
	int code;

	if (len > ROOM || (!begins && !follows))
		return write_through(f, bytes, len, at);
	if (!follows || len > ROOM - f->len) {
		code = give(f);
		if (code != SQLITE_OK)
			return code;
		f->at = at;
	}
	if (f->gathered == NULL)
		f->gathered = sqlite3_malloc(ROOM);
	if (f->gathered == NULL)
		return write_through(f, bytes, len, at);
	memcpy(f->gathered + f->len, bytes, (size_t)len);
	f->len += len;
	if (begins)
		f->is_last = memcmp((const unsigned char *)bytes + COMMIT_AT,
				 none, COMMIT_LEN) != 0;
	else if (f->is_last)
		return give(f);
	return SQLITE_OK;
}

/*
 * A second descriptor does no harm: nobody locks the log itself.  By now the
 * name may be that of another one, if a database was put in the place of this.
 */
static void
map(struct file *f)
{
	int fd = open(f->name, O_RDWR | O_CLOEXEC);
	struct stat st;

	if (fd < 0)
		return;
	if (fstat(fd, &st) == 0 && st.st_dev == f->device &&
	    st.st_ino == f->inode)
		(void)file_map_open(&f->map, fd, MAP_LEN);
	(void)close(fd);
}

static int
file_read(sqlite3_file *base, void *bytes, int len, sqlite3_int64 at)
{
	struct file *f = file_of(base);
	int code = give(f);

	f->read_at = at;
	if (code != SQLITE_OK)
		return code;
	if (f->nreads < MAP_AFTER && ++f->nreads == MAP_AFTER)
		map(f);
	/* What the file does not have is told by the layer below. */
	if (at + len <= (sqlite3_int64)f->map.len &&
	    file_map_read(&f->map, (size_t)at, bytes, (size_t)len) == RC_OK)
		return SQLITE_OK;
	return f->below->pMethods->xRead(f->below, bytes, len, at);
}

static int
file_truncate(sqlite3_file *base, sqlite3_int64 size)
{
	struct file *f = file_of(base);
	int code = give(f);

	if (code != SQLITE_OK)
		return code;
	return f->below->pMethods->xTruncate(f->below, size);
}

static int
file_sync(sqlite3_file *base, int flags)
{
	/* The log's own header is longer, and as unreadable without this. */
	static const unsigned char nothing[FRAME_HEADER_LEN];
	struct file *f = file_of(base);
	int code = give(f);

	if (code != SQLITE_OK)
		return code;
	code = f->below->pMethods->xSync(f->below, flags);
	if (code != SQLITE_OK && f->unsynced >= 0)
		(void)write_below(f, nothing, sizeof(nothing), f->unsynced);
	f->unsynced = -1;
	return code;
}

static int
file_size(sqlite3_file *base, sqlite3_int64 *size)
{
	struct file *f = file_of(base);
	int code = give(f);

	if (code != SQLITE_OK)
		return code;
	return f->below->pMethods->xFileSize(f->below, size);
}

static int
file_control(sqlite3_file *base, int what, void *arg)
{
	struct file *f = file_of(base);
	int code = give(f);

	if (code != SQLITE_OK)
		return code;
	return f->below->pMethods->xFileControl(f->below, what, arg);
}

/* What was never committed is left away. */
static int
file_close(sqlite3_file *base)
{
	struct file *f = file_of(base);

	file_map_close(&f->map);
	sqlite3_free(f->gathered);
	f->gathered = NULL;
	f->len = 0;
	return f->below->pMethods->xClose(f->below);
}

static int
file_lock(sqlite3_file *base, int level)
{
	struct file *f = file_of(base);

	return f->below->pMethods->xLock(f->below, level);
}

static int
file_unlock(sqlite3_file *base, int level)
{
	struct file *f = file_of(base);

	return f->below->pMethods->xUnlock(f->below, level);
}

static int
file_check(sqlite3_file *base, int *result)
{
	struct file *f = file_of(base);

	return f->below->pMethods->xCheckReservedLock(f->below, result);
}

static int
file_sector(sqlite3_file *base)
{
	struct file *f = file_of(base);

	return f->below->pMethods->xSectorSize(f->below);
}

static int
file_traits(sqlite3_file *base)
{
	struct file *f = file_of(base);

	return f->below->pMethods->xDeviceCharacteristics(f->below);
}

static const sqlite3_io_methods methods = {
	.iVersion = 1,
	.xClose = file_close,
	.xRead = file_read,
	.xWrite = file_write,
	.xTruncate = file_truncate,
	.xSync = file_sync,
	.xFileSize = file_size,
	.xLock = file_lock,
	.xUnlock = file_unlock,
	.xCheckReservedLock = file_check,
	.xFileControl = file_control,
	.xSectorSize = file_sector,
	.xDeviceCharacteristics = file_traits,
};

int
wal_file_size(const sqlite3_vfs *below)
{
	return (int)sizeof(struct file) + below->szOsFile;
}

int
wal_file_open(sqlite3_vfs *below, const char *name, sqlite3_file *file,
    int flags, int *out_flags)
{
	struct file *f = file_of(file);
	struct stat st;
	int code;

	memset(f, 0, sizeof(*f));
	f->read_at = f->unsynced = -1;
	f->name = name;
	f->below = (sqlite3_file *)(f + 1);
	f->below->pMethods = NULL;
	code = below->xOpen(below, name, f->below, flags, out_flags);
	/* One that has methods is closed, whatever came of it. */
	if (f->below->pMethods != NULL)
		f->base.pMethods = &methods;
	if (code == SQLITE_OK && stat(name, &st) == 0) {
		f->device = st.st_dev;
		f->inode = st.st_ino;
	}
	return code;
}

void
wal_file_forget(sqlite3_file *file)
{
	if (file->pMethods != &methods)
		return;
	file_of(file)->len = 0;
	file_of(file)->unsynced = -1;
}
