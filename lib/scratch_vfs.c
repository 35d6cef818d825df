/* SPDX-License-Identifier: ISC */
/*
 * A commit of SQLite is a page 1, which counts commits, and other pages.
 * With one other page any order does: a tree changes within that page, so
 * either state of it is sound.  From two on the file would be torn between
 * them, so the header, which makes the file a database, is overwritten first,
 * and page 1 is written last.  Kept connections see that as well, since the
 * count of commits they compare is in the header.
 *
 * A page that is written to a mapped file may be torn itself.  There the
 * header is overwritten before anything else, and what makes it one again is
 * written behind all of page 1.
 */
#include "scratch_vfs.h"

#include <sqlite3.h>
#include <string.h>

#include "file_map.h"

enum {
	PAGE_MAX = 1024, /* longer ones are written as they come */
	MAP_LEN = 1 << 20,
	HEADER_LEN = 100,
	MAGIC_LEN = 16, /* without which it is none */
	COUNT_AT = 24,  /* of commits ... */
	COUNT_LEN = 4,
	SIZE_OF_AT = 92, /* the count when the size was written */
	SECTOR_LEN = 512 /* the least that SQLite knows */
};

/* A page that is written a little later. */
struct page {
	int len; /* 0: none */
	sqlite3_int64 at;
	unsigned char bytes[PAGE_MAX];
};

/*
 * SQLite reserves the size of this and of the file below, right behind it,
 * and that again for each journal it may open: pages have their own place.
 */
struct file {
	sqlite3_file base;
	sqlite3_file *below;
	struct file_map map; /* what is beyond it, is read and written below */
	sqlite3_int64 size;  /* of the file; -1: not known */
	int torn;            /* the header is overwritten */
	struct pages {
		struct page first, other;
	} * pages; /* owned */
};

static sqlite3_vfs *vfs_below;

static struct file *
file_of(sqlite3_file *base)
{
	return (struct file *)base;
}

static int
is_mapped(const struct file *f, int len, sqlite3_int64 at)
{
	return f->map.bytes != NULL && at + len <= f->size &&
	       at + len <= (sqlite3_int64)f->map.len;
}

/* Writes what is in the file's place. */
static int
write_bytes(struct file *f, const void *bytes, int len, sqlite3_int64 at)
{
	int code;

	if (is_mapped(f, len, at))
		return file_map_write(
			   &f->map, (size_t)at, bytes, (size_t)len) == RC_OK
			   ? SQLITE_OK
			   : SQLITE_IOERR_WRITE;
	code = f->below->pMethods->xWrite(f->below, bytes, len, at);
	if (code == SQLITE_OK && f->size >= 0 && f->size < at + len)
		f->size = at + len;
	return code;
}

static int
write_page(struct file *f, struct page *page)
{
	int code = SQLITE_OK;

	if (page->len > 0)
		code = write_bytes(f, page->bytes, page->len, page->at);
	page->len = 0;
	return code;
}

/* Makes the file no database until page 1 is written. */
static int
tear(struct file *f)
{
	static const unsigned char nothing[HEADER_LEN];
	int code = SQLITE_OK;

	if (!f->torn)
		code = write_bytes(f, nothing, sizeof(nothing), 0);
	f->torn = 1;
	return code;
}

/* Writes page 1, and with its last bytes makes the file a database. */
static int
write_first(struct file *f)
{
	struct page *first = &f->pages->first;
	int code;

	if (first->len <= MAGIC_LEN || f->map.bytes == NULL)
		return write_page(f, first);
	code = tear(f);
	if (code == SQLITE_OK)
		code = write_bytes(f, first->bytes + MAGIC_LEN,
		    first->len - MAGIC_LEN, MAGIC_LEN);
	if (code == SQLITE_OK)
		code = write_bytes(f, first->bytes, MAGIC_LEN, 0);
	first->len = 0;
	return code;
}

/* Ends a commit. */
static int
flush(struct file *f)
{
	int code = write_page(f, &f->pages->other);

	if (code == SQLITE_OK)
		code = write_first(f);
	if (code == SQLITE_OK)
		f->torn = 0;
	return code;
}

static int
hold(struct page *page, const void *bytes, int len, sqlite3_int64 at)
{
	memcpy(page->bytes, bytes, (size_t)len);
	page->len = len;
	page->at = at;
	return SQLITE_OK;
}

static int
write_file(sqlite3_file *base, const void *bytes, int len, sqlite3_int64 at)
{
	struct file *f = file_of(base);
	int code = SQLITE_OK;

	if (at == 0 && len <= PAGE_MAX)
		return hold(&f->pages->first, bytes, len, at);
	if (!f->torn && f->map.bytes == NULL && f->pages->other.len == 0 &&
	    len <= PAGE_MAX)
		return hold(&f->pages->other, bytes, len, at);
	if ((code = tear(f)) == SQLITE_OK)
		code = write_page(f, &f->pages->other);
	if (code == SQLITE_OK)
		code = write_bytes(f, bytes, len, at);
	return code;
}

static int
read_file(sqlite3_file *base, void *buf, int len, sqlite3_int64 at)
{
	struct file *f = file_of(base);

	if (!is_mapped(f, len, at))
		return f->below->pMethods->xRead(f->below, buf, len, at);
	if (file_map_read(&f->map, (size_t)at, buf, (size_t)len) == RC_OK)
		return SQLITE_OK;
	/* Somebody has cut it off: what is not there reads as zeros. */
	memset(buf, 0, (size_t)len);
	return SQLITE_IOERR_SHORT_READ;
}

static int
close_file(sqlite3_file *base)
{
	struct file *f = file_of(base);

	file_map_close(&f->map);
	sqlite3_free(f->pages);
	return f->below->pMethods->xClose(f->below);
}

static int
truncate_file(sqlite3_file *base, sqlite3_int64 size)
{
	struct file *f = file_of(base);
	int code = f->below->pMethods->xTruncate(f->below, size);

	if (code == SQLITE_OK && f->size >= 0)
		f->size = size;
	return code;
}

static int
sync_file(sqlite3_file *base, int flags)
{
	(void)flags;
	return flush(file_of(base));
}

static int
size_of_file(sqlite3_file *base, sqlite3_int64 *size)
{
	struct file *f = file_of(base);

	if (f->size < 0)
		return f->below->pMethods->xFileSize(f->below, size);
	*size = f->size;
	return SQLITE_OK;
}

/* A transaction begins with what the file is, not what was to be written. */
static int
lock_file(sqlite3_file *base, int lock)
{
	struct file *f = file_of(base);

	if (lock == SQLITE_LOCK_SHARED)
		f->pages->first.len = f->pages->other.len = f->torn = 0;
	return SQLITE_OK;
}

static int
unlock_file(sqlite3_file *base, int lock)
{
	(void)base, (void)lock;
	return SQLITE_OK;
}

static int
is_reserved(sqlite3_file *base, int *reserved)
{
	(void)base;
	*reserved = 0;
	return SQLITE_OK;
}

/* Of SQLite's numbers those from 100 on are free. */
enum { ENTER = 1000 };

struct entry {
	sqlite3_int64 size;
	int fd;
};

static int
enter(struct file *f, const struct entry *entry)
{
	f->size = entry->size;
	/* Without a map all is as before. */
	if (entry->fd >= 0 && f->map.bytes == NULL)
		(void)file_map_open(&f->map, entry->fd, MAP_LEN);
	return SQLITE_OK;
}

static int
control_file(sqlite3_file *base, int op, void *arg)
{
	struct file *f = file_of(base);

	switch (op) {
	case ENTER:
		return enter(f, arg);
	case SQLITE_FCNTL_SYNC:
		/* SQLite has written all of a commit, or of its undoing. */
		return flush(f);
	case SQLITE_FCNTL_HAS_MOVED:
		/* The gate has looked. */
		*(int *)arg = 0;
		return SQLITE_OK;
	default:
		return f->below->pMethods->xFileControl(f->below, op, arg);
	}
}

/*
 * A write touches no bytes beside its own, so that SQLite need not write the
 * pages beside a changed one with it.
 */
static int
sector_size(sqlite3_file *base)
{
	(void)base;
	return SECTOR_LEN;
}

/* What is true of sectors is not of what is held back here. */
static int
characteristics(sqlite3_file *base)
{
	(void)base;
	return 0;
}

static const sqlite3_io_methods methods = {
	.iVersion = 1,
	.xClose = close_file,
	.xRead = read_file,
	.xWrite = write_file,
	.xTruncate = truncate_file,
	.xSync = sync_file,
	.xFileSize = size_of_file,
	.xLock = lock_file,
	.xUnlock = unlock_file,
	.xCheckReservedLock = is_reserved,
	.xFileControl = control_file,
	.xSectorSize = sector_size,
	.xDeviceCharacteristics = characteristics,
};

static int
open_file(sqlite3_vfs *vfs, const char *name, sqlite3_file *base, int flags,
    int *out_flags)
{
	struct file *f = file_of(base);
	int code;

	(void)vfs;
	/* Journals are in memory; what else there may be is temporary. */
	if ((flags & SQLITE_OPEN_MAIN_DB) == 0)
		return vfs_below->xOpen(
		    vfs_below, name, base, flags, out_flags);
	*f = (struct file){ .below = (sqlite3_file *)(f + 1), .size = -1 };
	f->pages = sqlite3_malloc((int)sizeof(*f->pages));
	if (f->pages == NULL)
		return SQLITE_NOMEM;
	f->pages->first.len = f->pages->other.len = 0;
	code = vfs_below->xOpen(vfs_below, name, f->below, flags, out_flags);
	if (code == SQLITE_OK)
		f->base.pMethods = &methods;
	else
		sqlite3_free(f->pages);
	return code;
}

/* There is no journal, and what is left of an old one means nothing. */
static int
access_file(sqlite3_vfs *vfs, const char *name, int flags, int *result)
{
	(void)vfs, (void)name, (void)flags;
	*result = 0;
	return SQLITE_OK;
}

int
scratch_vfs_register(sqlite3_vfs *below)
{
	static sqlite3_vfs vfs;

	vfs_below = below;
	vfs = *below;
	vfs.zName = SCRATCH_VFS;
	vfs.szOsFile = (int)sizeof(struct file) + below->szOsFile;
	vfs.xOpen = open_file;
	vfs.xAccess = access_file;
	return sqlite3_vfs_register(&vfs, 0);
}

void
scratch_vfs_enter(sqlite3 *handle, int64_t size, int fd)
{
	struct entry entry = { size, fd };

	(void)sqlite3_file_control(handle, "main", ENTER, &entry);
}

/* --- without SQLite ------------------------------------------------------- */

/* The file of a connection, if it is mapped; otherwise NULL. */
static struct file *
mapped_file(sqlite3 *handle)
{
	sqlite3_file *file = NULL;

	if (sqlite3_file_control(handle, "main", SQLITE_FCNTL_FILE_POINTER,
		&file) != SQLITE_OK ||
	    file == NULL || file->pMethods != &methods ||
	    file_of(file)->map.bytes == NULL)
		return NULL;
	return file_of(file);
}

enum rc
scratch_vfs_read(sqlite3 *handle, int64_t at, void *buf, size_t len)
{
	struct file *f = mapped_file(handle);

	if (f == NULL || !is_mapped(f, (int)len, at) ||
	    file_map_read(&f->map, (size_t)at, buf, len) != RC_OK)
		return RC_NOT_FOUND;
	return RC_OK;
}

/* Counts a commit in a header, which also says what its size is of. */
static void
count_commit(unsigned char header[HEADER_LEN])
{
	int i = COUNT_AT + COUNT_LEN;

	while (i-- > COUNT_AT && ++header[i] == 0)
		;
	memcpy(header + SIZE_OF_AT, header + COUNT_AT, COUNT_LEN);
}

/* Writes edits and then the header, whose magic comes last. */
static int
write_edits(struct file *f, unsigned char header[HEADER_LEN],
    const struct scratch_edit *edits, size_t n)
{
	int code = tear(f);
	size_t i;

	for (i = 0; code == SQLITE_OK && i < n; i++)
		code =
		    write_bytes(f, edits[i].bytes, edits[i].len, edits[i].at);
	count_commit(header);
	if (code == SQLITE_OK)
		code = write_bytes(
		    f, header + MAGIC_LEN, HEADER_LEN - MAGIC_LEN, MAGIC_LEN);
	if (code == SQLITE_OK)
		code = write_bytes(f, header, MAGIC_LEN, 0);
	f->torn = 0;
	return code;
}

enum rc
scratch_vfs_commit(sqlite3 *handle, const struct scratch_edit *edits, size_t n)
{
	/* Pages of 1,024 bytes, and no log. */
	static const char begin[] = "SQLite format 3\0\4\0\1\1";
	struct file *f = mapped_file(handle);
	unsigned char header[HEADER_LEN];
	size_t i;

	/* What a killed writer has left is SQLite's to tell. */
	if (f == NULL || !is_mapped(f, HEADER_LEN, 0) ||
	    file_map_read(&f->map, 0, header, HEADER_LEN) != RC_OK ||
	    memcmp(header, begin, sizeof(begin) - 1) != 0)
		return RC_NOT_FOUND;
	for (i = 0; i < n; i++)
		if (edits[i].at < HEADER_LEN ||
		    !is_mapped(f, edits[i].len, edits[i].at))
			return RC_NOT_FOUND;
	return write_edits(f, header, edits, n) == SQLITE_OK ? RC_OK
							     : RC_NOT_FOUND;
}
