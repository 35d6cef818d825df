/* SPDX-License-Identifier: ISC */
/*
 * SQLite behind a small door.  A database has one of two journals.  With the
 * rollback journal (truncated, not deleted) a program that opens, reads and
 * exits is a tenth faster, and a commit waits for four syncs: journal twice,
 * database, journal's end.  With the write-ahead log a commit waits for one,
 * but whoever leaves last has the log to copy back, and a process that is
 * killed leaves it to the next one to read: it is for processes that stay.
 *
 * Readers hold the gate shared and writers alone, so that SQLite's own polling
 * locks are never waited for; with a log, readers need no gate.
 */
#include "db.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <time.h>
#include <unistd.h>

#include "gate.h"
#include "log.h"
#include "scratch_row.h"
#include "scratch_vfs.h"
#include "wal_file.h"

/* Of statfs(2). */
#define EXT4_SUPER_MAGIC 0xef53ul /* and those before it */
#define XFS_SUPER_MAGIC 0x58465342ul
#define BTRFS_SUPER_MAGIC 0x9123683eul
#define F2FS_SUPER_MAGIC 0xf2f52010ul
#define TMPFS_MAGIC 0x01021994ul
#define OVERLAYFS_SUPER_MAGIC 0x794c7630ul
#define ZFS_SUPER_MAGIC 0x2fc12fc1ul

enum {
	PATH_LEN = 1100,
	COPY_BYTES = 1 << 20, /* of a step of a copy */
	LOG_PAGES = 4000, /* from one copy of the log to the file to the next */
	UNDO_BYTES = 16 << 10, /* of a statement, before it takes a file */
	STATEMENTS = 64,       /* kept prepared */
	SHORT_LIFE = 4         /* transactions, of a process of one call */
};

/* A kept statement; found by the address of its constant text. */
struct db_rows {
	struct db *db;
	const char *sql;
	sqlite3_stmt *stmt;
	int in_use;
};

struct db {
	sqlite3 *handle;
	struct gate gate;
	int flags;    /* as db_open was called */
	dev_t device; /* of a scratch database: the file that is open */
	ino_t inode;
	int64_t busy_ms;
	int nentered;    /* transactions of a scratch database, the first few */
	int is_inside;   /* the gate, for the transaction to come */
	int64_t root;    /* page of the table that was learnt; 0: none */
	int has_journal; /* the connection's settings for writing are made */
	int has_looked_at_log;
	int has_log;     /* the database has one, when last looked at */
	int log_is_open; /* this connection has read it */
	int has_looked;  /* at the file's system ... */
	int is_local;    /* ... which is this machine's own */
	int in_transaction;
	int is_paused;          /* one is open that the next may go on in */
	struct db_state before; /* the transaction at hand, where known */
	int64_t expected;       /* version of the schema; 0: any */
	int outdated;           /* the last one found was another */
	int last;               /* SQLite's last result */
	char path[PATH_LEN];
	struct db_rows statements[STATEMENTS];
};

struct db_value
db_text_value(const char *s)
{
	if (s == NULL)
		return DB_NULL;
	return (struct db_value){
		.type = DB_TYPE_TEXT, .bytes = s, .len = strlen(s)
	};
}

/* True for an errno of a disk, a quota or a file that is full. */
static int
is_full(int error)
{
	return error == ENOSPC || error == EDQUOT || error == EFBIG;
}

/* Notes and logs a failure of SQLite; gives what it is to the caller. */
static enum rc
failed(struct db *db, const char *what, int code)
{
	db->last = code;
	log_err("cannot %s: %s (%d)", what, sqlite3_errmsg(db->handle), code);
	switch (code) {
	case SQLITE_IOERR_WRITE:
	case SQLITE_IOERR_TRUNCATE:
	case SQLITE_IOERR_FSYNC:
	case SQLITE_IOERR_DIR_FSYNC:
	case SQLITE_IOERR_SHMSIZE:
		/* All that SQLite tells of a full quota. */
		return RC_BUSY;
	default:
		break;
	}
	switch (code & 0xff) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
	case SQLITE_FULL:
		return RC_BUSY;
	case SQLITE_CANTOPEN:
		return is_full(sqlite3_system_errno(db->handle)) ? RC_BUSY
								 : RC_FAIL;
	default:
		return RC_FAIL;
	}
}

/* Settings that no statement may change; constant calls, no parsing. */
static int
configure(struct db *db)
{
	static const struct {
		int option, value;
	} settings[] = {
		{ SQLITE_DBCONFIG_ENABLE_FKEY, 1 },
		{ SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0 },
		{ SQLITE_DBCONFIG_DEFENSIVE, 1 },
		{ SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0 },
	};
	size_t i;
	int code;

	for (i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
		code = sqlite3_db_config(
		    db->handle, settings[i].option, settings[i].value, NULL);
		if (code != SQLITE_OK)
			return code;
	}
	(void)sqlite3_extended_result_codes(db->handle, 1);
	(void)sqlite3_wal_autocheckpoint(db->handle, LOG_PAGES);
	return sqlite3_busy_timeout(db->handle, (int)db->busy_ms);
}

static sqlite3_vfs *system_vfs;

/*
 * Opens an existing journal without the flag that would create it: with the
 * flag SQLite syncs the whole directory before a process's first commit,
 * which is a fifth of what a commit waits for.  A new journal's entry is
 * made durable as ever.
 */
static int
open_file(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags,
    int *out_flags)
{
	(void)vfs;
	if ((flags & SQLITE_OPEN_WAL) != 0)
		return wal_file_open(system_vfs, name, file, flags, out_flags);
	if ((flags & SQLITE_OPEN_MAIN_JOURNAL) != 0 && name != NULL &&
	    access(name, F_OK) == 0)
		flags &= ~SQLITE_OPEN_CREATE;
	return system_vfs->xOpen(system_vfs, name, file, flags, out_flags);
}

/*
 * Makes no more of a path than it is, unless it ends in a link: SQLite looks
 * at each directory on the way, to find the one name by which all call the
 * journal.  That lies beside the file, whatever the directory is called.
 */
static int
full_path(sqlite3_vfs *vfs, const char *name, int size, char *path)
{
	const size_t len = strlen(name);
	struct stat st;

	(void)vfs;
	if (name[0] != '/' || (size_t)size <= len ||
	    (lstat(name, &st) == 0 && S_ISLNK(st.st_mode)))
		return system_vfs->xFullPathname(system_vfs, name, size, path);
	memcpy(path, name, len + 1);
	return SQLITE_OK;
}

/* SQLite's own way to random bytes is to open, read and close a device. */
static int
randomness(sqlite3_vfs *vfs, int size, char *bytes)
{
	ssize_t n = getrandom(bytes, (size_t)size, 0);

	(void)vfs;
	return n > 0 ? (int)n : 0;
}

/* Settings of the process, before the first connection. */
static void
start(void)
{
	static sqlite3_vfs vfs;

	if (system_vfs != NULL)
		return;
	(void)sqlite3_config(SQLITE_CONFIG_SINGLETHREAD);
	(void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
	/* No stock of pages in advance: touching it costs a short process. */
	(void)sqlite3_config(SQLITE_CONFIG_PAGECACHE, NULL, 0, 0);
	/* What a statement may have to undo: this much is got at once. */
	(void)sqlite3_config(SQLITE_CONFIG_STMTJRNL_SPILL, UNDO_BYTES);
	system_vfs = sqlite3_vfs_find(NULL);
	if (system_vfs == NULL)
		return;
	vfs = *system_vfs;
	vfs.zName = "latchkey";
	vfs.szOsFile = wal_file_size(system_vfs);
	vfs.xOpen = open_file;
	vfs.xFullPathname = full_path;
	vfs.xRandomness = randomness;
	(void)sqlite3_vfs_register(&vfs, 1);
	(void)scratch_vfs_register(&vfs);
}

/* Opens SQLite's side of a connection; gives SQLite's result. */
static int
connect_handle(struct db *db)
{
	int mode = db->flags & DB_READONLY ? SQLITE_OPEN_READONLY
					   : SQLITE_OPEN_READWRITE;
	int code;

	if (db->flags & DB_CREATE)
		mode |= SQLITE_OPEN_CREATE;
	code =
	    sqlite3_open_v2(db->path, &db->handle, mode | SQLITE_OPEN_NOMUTEX,
		db->flags & DB_SCRATCH ? SCRATCH_VFS : NULL);
	return code == SQLITE_OK ? configure(db) : code;
}

static enum rc
open_handle(struct db *db)
{
	int code = connect_handle(db);

	if (code != SQLITE_OK)
		return failed(db, "open the database", code);
	return RC_OK;
}

static void
close_handle(struct db *db)
{
	size_t i;

	for (i = 0; i < STATEMENTS; i++) {
		(void)sqlite3_finalize(db->statements[i].stmt);
		db->statements[i] = (struct db_rows){ .db = NULL };
	}
	(void)sqlite3_close(db->handle);
	db->handle = NULL;
	db->has_journal = 0;
	db->has_looked_at_log = db->has_log = db->log_is_open = 0;
	db->root = 0;
}

enum rc
db_open(const char *path, int flags, int64_t busy_ms, struct db **out)
{
	struct db *db = NULL;
	enum rc rc = RC_FAIL;

	*out = NULL;
	start();
	if (!(flags & DB_CREATE) && access(path, F_OK) != 0 && errno == ENOENT)
		return RC_NOT_FOUND;
	db = calloc(1, sizeof(*db));
	if (db == NULL) {
		log_err("cannot open %s: out of memory", path);
		return RC_FAIL;
	}
	db->flags = flags;
	db->busy_ms = busy_ms;
	rc = flags & DB_SCRATCH ? gate_init_file(&db->gate, path)
				: gate_init(&db->gate, path);
	if (rc != RC_OK)
		goto out;
	/* It fits, since the gate's does. */
	(void)snprintf(db->path, sizeof(db->path), "%s", path);
	/* What may be replaced is opened behind the gate. */
	if (!(flags & (DB_SCRATCH | DB_LATE)))
		rc = open_handle(db);
	if (rc != RC_OK)
		goto out;
	*out = db;
	db = NULL;
out:
	db_close(db);
	return rc;
}

void
db_close(struct db *db)
{
	if (db == NULL)
		return;
	db_rollback(db);
	db_leave(db);
	close_handle(db);
	gate_close(&db->gate);
	free(db);
}

/* Opens what the gate has locked, unless it is open. */
static enum rc
reopen(struct db *db)
{
	enum rc rc;

	if (db->handle != NULL &&
	    (!(db->flags & DB_SCRATCH) ||
		(db->device == db->gate.device && db->inode == db->gate.inode)))
		return RC_OK;
	close_handle(db);
	rc = open_handle(db);
	if (rc != RC_OK) {
		close_handle(db);
		return rc;
	}
	db->device = db->gate.device;
	db->inode = db->gate.inode;
	return RC_OK;
}

enum rc
db_renew(struct db *db)
{
	enum rc rc;

	db_rollback(db);
	db_leave(db);
	/* What has the path now, whenever that was looked at last. */
	gate_close(&db->gate);
	rc = gate_enter(&db->gate, GATE_ALONE, db->busy_ms);
	if (rc != RC_OK)
		return rc;
	/* Somebody else may have made it anew by now. */
	if (db->device == db->gate.device && db->inode == db->gate.inode) {
		log_err("make %s anew: it cannot be used", db->path);
		(void)unlink(db->path);
	}
	close_handle(db);
	gate_close(&db->gate);
	return RC_OK;
}

static const char SQL_BEGIN_READ[] = "BEGIN";
static const char SQL_BEGIN_WRITE[] = "BEGIN IMMEDIATE";
static const char SQL_COMMIT[] = "COMMIT";
static const char SQL_ROLLBACK[] = "ROLLBACK";

/* Scratch pages are small, for a call changes three rows. */
static const char SQL_PAGE_SIZE[] = "PRAGMA page_size = 1024";

/*
 * Settings of the connection; a REPLACE must not pass by the triggers.
 */
static const char SQL_SCRATCH[] = "PRAGMA journal_mode = MEMORY";
static const char SQL_ROLLBACK_JOURNAL[] = "PRAGMA journal_mode = TRUNCATE";
static const char SQL_LOG[] = "PRAGMA journal_mode = WAL";
static const char SQL_DURABLE[] = "PRAGMA synchronous = FULL;"
				  "PRAGMA recursive_triggers = ON";

/*
 * The SQLite database file format, 1.3.3 to 1.3.9: the versions of the format,
 * which tell the journal, the count of changes, the sizes of file and free
 * list.  Behind the end of an empty file there is nothing.
 */
enum { HEADER_AT = 18, HEADER_LEN = 22, HAS_ROLLBACK = 1, HAS_LOG = 2 };

static sqlite3_file *
file_of(struct db *db)
{
	sqlite3_file *file = NULL;

	if (db->handle == NULL ||
	    sqlite3_file_control(db->handle, "main", SQLITE_FCNTL_FILE_POINTER,
		&file) != SQLITE_OK ||
	    file == NULL || file->pMethods == NULL)
		return NULL;
	return file;
}

static int
read_header(struct db *db, unsigned char header[HEADER_LEN])
{
	sqlite3_file *file = file_of(db);

	return file != NULL && file->pMethods->xRead(file, header, HEADER_LEN,
				   HEADER_AT) == SQLITE_OK;
}

/* Learns which journal the database has. */
static void
look_at_journal(struct db *db)
{
	unsigned char header[HEADER_LEN];

	db->has_looked_at_log = 1;
	db->has_log = !(db->flags & (DB_SCRATCH | DB_READONLY)) &&
		      read_header(db, header) && header[0] == HAS_LOG;
	/* Who reads a log enters no gate. */
	db->gate.has_queue = !db->has_log;
}

/* Sets up for writing; behind the gate, because it reads the schema. */
static enum rc
set_journal(struct db *db)
{
	const int is_scratch = db->flags & DB_SCRATCH;
	enum rc rc = RC_OK;

	if (db->has_journal)
		return RC_OK;
	if (is_scratch && db_is_empty(db))
		rc = db_script(db, SQL_PAGE_SIZE);
	if (rc == RC_OK && is_scratch)
		rc = db_script(db, SQL_SCRATCH);
	/* A log is the file's, and stays; this would end it. */
	if (rc == RC_OK && !is_scratch && !db->has_log)
		rc = db_script(db, SQL_ROLLBACK_JOURNAL);
	if (rc == RC_OK && !is_scratch)
		rc = db_script(db, SQL_DURABLE);
	db->has_journal = rc == RC_OK;
	return rc;
}

/*
 * What a commit changes.  Without a log that is the header: page 1 is written
 * before a commit is one, since the journal is cut off after that; so whoever
 * reads the same count as before reads it before the next commit.
 */
static int
read_header_state(struct db *db, struct db_state *state)
{
	state->is_log = 0;
	memset(state->bytes, 0, sizeof(state->bytes));
	return read_header(db, state->bytes) &&
	       state->bytes[0] == HAS_ROLLBACK &&
	       state->bytes[1] == HAS_ROLLBACK;
}

/*
 * With a log it is the header of its index, in memory that all processes
 * share: a count of commits, the log's length and its sums.  There are two
 * copies, of which the second is written first, and no commit has returned
 * before both have been.  (SQLite's "WAL-mode File Format", 2.1.)
 */
enum {
	INDEX_LEN = 48,           /* of a copy ... */
	INDEX_WORDS = 6,          /* ... as numbers of eight bytes */
	INDEX_IS_MADE = 12,       /* offset of a flag */
	INDEX_REGION = 32 * 1024, /* of the index, as SQLite maps it */
};

static int
read_index_state(struct db *db, struct db_state *state)
{
	sqlite3_file *file = file_of(db);
	volatile void *region = NULL;
	const volatile uint64_t *index;
	uint64_t words[INDEX_WORDS];
	size_t i;

	_Static_assert(sizeof(words) == INDEX_LEN, "a copy");
	state->is_log = 1;
	/* Asked any earlier, SQLite would make an index. */
	if (!db->log_is_open || file == NULL ||
	    file->pMethods->xShmMap(file, 0, INDEX_REGION, 0, &region) !=
		SQLITE_OK ||
	    region == NULL)
		return 0;
	index = region;
	for (i = 0; i < INDEX_WORDS; i++)
		words[i] = index[i];
	file->pMethods->xShmBarrier(file);
	for (i = 0; i < INDEX_WORDS; i++)
		if (index[INDEX_WORDS + i] != words[i])
			return 0;
	memcpy(state->bytes, words, sizeof(words));
	return state->bytes[INDEX_IS_MADE] != 0;
}

static int
read_state(struct db *db, struct db_state *state)
{
	state->known = db->has_log ? read_index_state(db, state)
				   : read_header_state(db, state);
	return state->known;
}

static int
is_same_state(const struct db_state *a, const struct db_state *b)
{
	return a->known && b->known && a->is_log == b->is_log &&
	       memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

/*
 * True if no other machine has the file's system: one that does may have
 * committed long before this one's memory of the file is renewed, which on a
 * network's happens only with a lock.  What is not named here may be one.
 */
static int
is_local(struct db *db)
{
	static const unsigned long types[] = { EXT4_SUPER_MAGIC,
		XFS_SUPER_MAGIC, BTRFS_SUPER_MAGIC, F2FS_SUPER_MAGIC,
		TMPFS_MAGIC, OVERLAYFS_SUPER_MAGIC, ZFS_SUPER_MAGIC };
	struct statfs fs;
	size_t i;

	if (db->has_looked || statfs(db->path, &fs) != 0)
		return db->is_local;
	db->has_looked = 1;
	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		db->is_local |= (unsigned long)fs.f_type == types[i];
	return db->is_local;
}

/*
 * The first read of a transaction plays back what a killed writer left behind,
 * and without a log it keeps others from committing.  With a log they may have
 * committed since; what is read is the state from before then, if that still
 * stands.
 */
void
db_note_state(struct db *db, struct db_state *state)
{
	int64_t version;

	state->known = 0;
	if (!is_local(db) || db_version(db, &version) != RC_OK)
		return;
	look_at_journal(db);
	db->log_is_open = db->has_log;
	if (read_state(db, state) && db->has_log)
		state->known = is_same_state(state, &db->before);
}

int
db_is_as(struct db *db, const struct db_state *state)
{
	struct db_state now;

	return state->known && read_state(db, &now) &&
	       is_same_state(&now, state);
}

/* True if the connection is open, and not on what has the path now. */
static int
has_moved(struct db *db)
{
	int moved = 1;

	if (db->handle == NULL)
		return 0;
	return sqlite3_file_control(db->handle, "main", SQLITE_FCNTL_HAS_MOVED,
		   &moved) != SQLITE_OK ||
	       moved;
}

enum rc
db_read_mark(struct db *db, struct db_mark *mark)
{
	enum rc rc = RC_NOT_FOUND;
	struct stat st;
	int fd = -1;

	memset(mark, 0, sizeof(*mark));
	if (db->in_transaction || db->is_paused || !is_local(db))
		return RC_NOT_FOUND;
	/*
	 * To close a second descriptor drops the locks of the first, which has
	 * some where there is a log, be it a newer one than the connection.
	 */
	if (db->handle != NULL)
		look_at_journal(db);
	if (db->has_log)
		return RC_NOT_FOUND;
	fd = open(db->path, O_RDONLY | O_CLOEXEC);
	/* In this order: what is written in between changes the time again. */
	if (fd < 0 || fstat(fd, &st) != 0 ||
	    pread(fd, mark->bytes, HEADER_LEN, HEADER_AT) != HEADER_LEN ||
	    mark->bytes[0] != HAS_ROLLBACK || mark->bytes[1] != HAS_ROLLBACK ||
	    has_moved(db))
		goto out;
	mark->device = (int64_t)st.st_dev;
	mark->inode = (int64_t)st.st_ino;
	mark->changed_s = st.st_ctim.tv_sec;
	mark->changed_ns = st.st_ctim.tv_nsec;
	rc = RC_OK;
out:
	if (fd >= 0)
		(void)close(fd);
	if (rc != RC_OK)
		memset(mark, 0, sizeof(*mark));
	return rc;
}

int
db_mark_is_of(const struct db_mark *mark, const struct db_state *state)
{
	return state->known && !state->is_log &&
	       memcmp(mark->bytes, state->bytes, HEADER_LEN) == 0;
}

/* Nothing of a transaction that was rolled back comes into the log later. */
static void
forget_frames(struct db *db)
{
	sqlite3_file *log = NULL;

	if (sqlite3_file_control(db->handle, "main",
		SQLITE_FCNTL_JOURNAL_POINTER, &log) == SQLITE_OK &&
	    log != NULL)
		wal_file_forget(log);
}

/*
 * Ends what a rollback could not: one that ran out of memory.  False if it
 * still cannot.
 */
static int
is_idle(struct db *db)
{
	if (!sqlite3_get_autocommit(db->handle))
		(void)db_run(db, SQL_ROLLBACK, DB_NO_ARGS);
	if (!sqlite3_get_autocommit(db->handle))
		return 0;
	forget_frames(db);
	return 1;
}

/*
 * Opens a scratch database and reads its schema before the gate is entered:
 * of what a process does inside at first, that is half.  Whatever is being
 * written meanwhile, page 1 has that schema or no header; inside, SQLite looks
 * at its count of changes, and reopen at whether it is the same file.  What
 * fails here is done there.
 */
static void
read_ahead(struct db *db)
{
	if (db->handle != NULL || !gate_look(&db->gate) || db->gate.size == 0)
		return;
	if (connect_handle(db) != SQLITE_OK ||
	    sqlite3_exec(db->handle, SQL_SCRATCH, NULL, NULL, NULL) !=
		SQLITE_OK) {
		close_handle(db);
		return;
	}
	db->has_journal = 1;
	db->device = db->gate.device;
	db->inode = db->gate.inode;
}

/*
 * By which descriptor a scratch database may be mapped: by none where another
 * machine may write to it, and in a process that ends after a call.
 */
static int
map_of(struct db *db)
{
	if (db->nentered < SHORT_LIFE) {
		db->nentered++;
		return -1;
	}
	return is_local(db) ? db->gate.fd : -1;
}

/* Passes the gate, and opens what is behind it, unless it is open. */
static enum rc
pass_gate(struct db *db, enum gate_mode mode)
{
	enum rc rc;

	if (db->flags & DB_SCRATCH)
		read_ahead(db);
	rc = gate_enter(&db->gate, mode, db->busy_ms);
	if (rc != RC_OK)
		return rc;
	rc = reopen(db);
	if (rc != RC_OK) {
		gate_leave(&db->gate);
		return rc;
	}
	if (db->flags & DB_SCRATCH)
		scratch_vfs_enter(db->handle, db->gate.size, map_of(db));
	return RC_OK;
}

/*
 * A copy that nobody writes has no gate, nor a place for one; and with a log
 * those who read wait for nobody.
 */
static enum rc
enter(struct db *db, enum db_mode mode)
{
	static const enum gate_mode modes[] = { [DB_READ] = GATE_SHARED,
		[DB_WRITE] = GATE_ALONE,
		[DB_WRITE_NOW] = GATE_ALONE_NOW };

	if (db->flags & DB_READONLY || (mode == DB_READ && db->has_log))
		return RC_OK;
	return pass_gate(db, modes[mode]);
}

void
db_expect(struct db *db, int64_t version)
{
	db->expected = version;
}

int
db_is_outdated(const struct db *db)
{
	return db->outdated;
}

static enum rc
check_version(struct db *db)
{
	int64_t version;
	enum rc rc;

	if (db->expected == 0)
		return RC_OK;
	rc = db_version(db, &version);
	if (rc != RC_OK)
		return rc;
	db->outdated = version != db->expected;
	if (!db->outdated)
		return RC_OK;
	log_err("cannot use the database: its version is %lld, this program's "
		"is %lld; run latchkey migrate",
	    (long long)version, (long long)db->expected);
	return RC_BUSY;
}

/* Notes what the transaction will see; the first read makes that so. */
static enum rc
begin_reading(struct db *db)
{
	if (db->has_log)
		(void)read_state(db, &db->before);
	return db_run(db, SQL_BEGIN_READ, DB_NO_ARGS);
}

/* Nobody else writes from here on, nor turns one journal into the other. */
static enum rc
begin_writing(struct db *db)
{
	enum rc rc;

	look_at_journal(db);
	rc = set_journal(db);
	if (rc == RC_OK)
		rc = db_run(db, SQL_BEGIN_WRITE, DB_NO_ARGS);
	/* Who was killed while he made a log has left a journal without it. */
	if (rc == RC_OK && db->has_log) {
		look_at_journal(db);
		db->has_journal = db->has_log;
	}
	db->log_is_open = db->has_log && rc == RC_OK;
	if (rc == RC_OK && !(db->flags & DB_SCRATCH))
		(void)read_state(db, &db->before);
	return rc;
}

static enum rc
begin(struct db *db, enum db_mode mode)
{
	db->before.known = 0;
	if (!is_idle(db))
		return RC_FAIL;
	return mode == DB_READ ? begin_reading(db) : begin_writing(db);
}

/* Ends what was paused. */
static enum rc
end_last(struct db *db)
{
	db->last = SQLITE_OK;
	if (db->in_transaction) {
		log_err("cannot begin a transaction: one is open");
		return RC_FAIL;
	}
	db_rollback(db);
	return RC_OK;
}

/*
 * True if a transaction that reads writes from here on: nobody else does, and
 * nothing has been committed since its first read.  SQLite takes the lock of
 * those who write before it refuses a BEGIN inside of a transaction; what it
 * would not refuse is prepared anew each time, or names a table.  Not so is no
 * failure.
 */
static int
write_on(struct db *db)
{
	struct db_rows *rows;

	(void)db_query(db, SQL_BEGIN_WRITE, DB_NO_ARGS, &rows);
	if (rows == NULL)
		return 0;
	(void)sqlite3_step(rows->stmt);
	db_done(&rows);
	if (sqlite3_txn_state(db->handle, "main") != SQLITE_TXN_WRITE)
		return 0;
	/* Others may have committed before that first read. */
	(void)read_state(db, &db->before);
	return 1;
}

/*
 * Goes on in what is paused; to write only with a log, and if nobody is at the
 * gate: to wait there in a transaction would keep the log from being begun
 * anew.  Otherwise what is paused ends, and with it the gate is left.
 */
static int
go_on(struct db *db, enum db_mode mode)
{
	int goes_on = db->is_paused;

	if (goes_on && mode != DB_READ)
		goes_on = db->has_log && db->has_journal &&
			  gate_enter(&db->gate, GATE_ALONE_NOW, 0) == RC_OK &&
			  write_on(db);
	if (!goes_on)
		return 0;
	db->is_paused = 0;
	db->in_transaction = 1;
	return 1;
}

enum rc
db_begin(struct db *db, enum db_mode mode)
{
	enum rc rc;

	if (go_on(db, mode))
		return RC_OK;
	rc = end_last(db);
	if (rc != RC_OK)
		return rc;
	rc = db->is_inside ? RC_OK : enter(db, mode);
	db->is_inside = 0;
	if (rc != RC_OK)
		return rc;
	if (!db->has_looked_at_log)
		look_at_journal(db);
	rc = begin(db, mode);
	if (rc != RC_OK) {
		gate_leave(&db->gate);
		return rc;
	}
	db->in_transaction = 1;
	rc = check_version(db);
	if (rc != RC_OK)
		db_rollback(db);
	return rc;
}

enum rc
db_enter(struct db *db)
{
	enum rc rc;

	if (db->in_transaction || !(db->flags & DB_SCRATCH)) {
		log_err("cannot go behind the gate: a transaction is open, or "
			"needed");
		return RC_FAIL;
	}
	db_rollback(db);
	rc = enter(db, DB_WRITE);
	db->is_inside = rc == RC_OK;
	return rc;
}

void
db_leave(struct db *db)
{
	if (db->is_inside)
		gate_leave(&db->gate);
	db->is_inside = 0;
}

enum rc
db_find_numbers(struct db *db, const struct db_value *key,
    struct scratch_number *numbers, size_t n)
{
	/* A rollback that could not be done may still write to the file. */
	if (db->root == 0 || !sqlite3_get_autocommit(db->handle))
		return RC_NOT_FOUND;
	return scratch_row_find(
	    db->handle, db->root, key->bytes, key->len, numbers, n);
}

enum rc
db_change_numbers(struct db *db, const struct scratch_number *numbers, size_t n)
{
	return scratch_row_change(db->handle, numbers, n);
}

static const char SQL_ROOT[] =
    "SELECT rootpage FROM sqlite_schema WHERE name = $1";

enum rc
db_learn_table(struct db *db, const char *name)
{
	enum rc rc;

	if (db->root != 0 || db->nentered < SHORT_LIFE)
		return RC_OK;
	rc = db_one(db, SQL_ROOT, DB_ARGS(DB_TEXT(name)), &db->root);
	return rc == RC_NOT_FOUND ? RC_OK : rc;
}

/* Ends all that is open of a transaction; false if that cannot be done. */
static int
abandon(struct db *db)
{
	size_t i;

	for (i = 0; i < STATEMENTS; i++)
		if (db->statements[i].in_use)
			(void)sqlite3_reset(db->statements[i].stmt);
	/* Some failures have rolled back already. */
	return is_idle(db);
}

/*
 * True if a commit that has failed stands all the same: that the journal is
 * cut off makes it one, and SQLite waits for the disk once more after that.
 * Whoever is told that nothing was done does it again.
 */
static int
is_committed(struct db *db)
{
	struct db_state now;
	int64_t version;
	int done;

	if (!db->before.known || !abandon(db))
		return 0;
	/* The first read plays back what is left of the journal. */
	done = db_run(db, SQL_BEGIN_READ, DB_NO_ARGS) == RC_OK &&
	       db_version(db, &version) == RC_OK && read_state(db, &now) &&
	       memcmp(now.bytes, db->before.bytes, sizeof(now.bytes)) != 0;
	(void)is_idle(db);
	return done;
}

enum rc
db_commit(struct db *db)
{
	enum rc rc = db_run(db, SQL_COMMIT, DB_NO_ARGS);

	if (rc != RC_OK && !is_committed(db)) {
		db_rollback(db);
		return rc;
	}
	if (rc != RC_OK) {
		log_err("go on with what is committed: only a loss of power "
			"could undo it");
		db->last = SQLITE_OK;
	}
	db->in_transaction = 0;
	gate_leave(&db->gate);
	return RC_OK;
}

void
db_rollback(struct db *db)
{
	if (!db->in_transaction && !db->is_paused)
		return;
	(void)abandon(db);
	db->in_transaction = db->is_paused = 0;
	gate_leave(&db->gate);
}

void
db_pause(struct db *db)
{
	db->is_paused = db->in_transaction;
	db->in_transaction = 0;
}

enum rc
db_end(struct db *db, enum rc rc)
{
	if (rc == RC_OK)
		return db_commit(db);
	db_rollback(db);
	return rc;
}

/* A free place among the kept statements: an unused or the first idle one. */
static struct db_rows *
free_place(struct db *db)
{
	struct db_rows *idle = NULL;
	size_t i;

	for (i = 0; i < STATEMENTS; i++) {
		if (db->statements[i].stmt == NULL)
			return &db->statements[i];
		if (idle == NULL && !db->statements[i].in_use)
			idle = &db->statements[i];
	}
	if (idle != NULL) {
		(void)sqlite3_finalize(idle->stmt);
		idle->stmt = NULL;
	}
	return idle;
}

/* A kept or a new statement of that text; NULL and *rc on failure. */
static struct db_rows *
prepare(struct db *db, const char *sql, enum rc *rc)
{
	struct db_rows *rows;
	size_t i;
	int code;

	for (i = 0; i < STATEMENTS && db->statements[i].stmt != NULL; i++)
		if (db->statements[i].sql == sql && !db->statements[i].in_use)
			return &db->statements[i];
	rows = free_place(db);
	if (rows == NULL) {
		log_err(
		    "cannot prepare a statement: %d are in use", STATEMENTS);
		*rc = RC_FAIL;
		return NULL;
	}
	code = sqlite3_prepare_v3(
	    db->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &rows->stmt, NULL);
	if (code != SQLITE_OK) {
		*rc = failed(db, "prepare a statement", code);
		return NULL;
	}
	rows->db = db;
	rows->sql = sql;
	return rows;
}

static int
bind(sqlite3_stmt *stmt, const struct db_value *args, size_t n)
{
	int code = SQLITE_OK, i;

	for (i = 1; (size_t)i <= n && code == SQLITE_OK; i++, args++) {
		switch (args->type) {
		case DB_TYPE_NULL:
			code = sqlite3_bind_null(stmt, i);
			break;
		case DB_TYPE_INT:
			code = sqlite3_bind_int64(stmt, i, args->n);
			break;
		case DB_TYPE_TEXT:
			code = sqlite3_bind_text64(stmt, i, args->bytes,
			    args->len, SQLITE_TRANSIENT, SQLITE_UTF8);
			break;
		case DB_TYPE_BLOB:
			code = sqlite3_bind_blob64(
			    stmt, i, args->bytes, args->len, SQLITE_TRANSIENT);
			break;
		}
	}
	return code;
}

enum rc
db_query(struct db *db, const char *sql, const struct db_value *args, size_t n,
    struct db_rows **out)
{
	struct db_rows *rows;
	enum rc rc = RC_FAIL;
	int code;

	*out = NULL;
	rows = prepare(db, sql, &rc);
	if (rows == NULL)
		return rc;
	rows->in_use = 1;
	code = bind(rows->stmt, args, n);
	if (code != SQLITE_OK) {
		rc = failed(db, "bind to a statement", code);
		db_done(&rows);
		return rc;
	}
	*out = rows;
	return RC_OK;
}

enum rc
db_next(struct db_rows *rows)
{
	/* db_query never gives RC_OK and NULL. */
	int code = sqlite3_step(rows->stmt); /* NOLINT(*NullDereference) */

	if (code == SQLITE_ROW)
		return RC_OK;
	if (code == SQLITE_DONE)
		return RC_NOT_FOUND;
	return failed(rows->db, "run a statement", code);
}

void
db_done(struct db_rows **rows)
{
	if (*rows == NULL)
		return;
	(void)sqlite3_reset((*rows)->stmt);
	(void)sqlite3_clear_bindings((*rows)->stmt);
	(*rows)->in_use = 0;
	*rows = NULL;
}

enum rc
db_run(struct db *db, const char *sql, const struct db_value *args, size_t n)
{
	struct db_rows *rows;
	enum rc rc;

	rc = db_query(db, sql, args, n, &rows);
	if (rc != RC_OK)
		return rc;
	rc = db_next(rows);
	db_done(&rows);
	return rc == RC_NOT_FOUND ? RC_OK : rc;
}

int64_t
db_changes(const struct db *db)
{
	return sqlite3_changes64(db->handle);
}

int64_t
db_last_id(const struct db *db)
{
	return sqlite3_last_insert_rowid(db->handle);
}

int64_t
db_int(struct db_rows *rows, int i)
{
	return sqlite3_column_int64(rows->stmt, i);
}

int
db_is_null(struct db_rows *rows, int i)
{
	return sqlite3_column_type(rows->stmt, i) == SQLITE_NULL;
}

const char *
db_text(struct db_rows *rows, int i)
{
	return (const char *)sqlite3_column_text(rows->stmt, i);
}

const void *
db_blob(struct db_rows *rows, int i, size_t *len)
{
	const void *blob = sqlite3_column_blob(rows->stmt, i);

	*len = (size_t)sqlite3_column_bytes(rows->stmt, i);
	return blob;
}

enum rc
db_one(struct db *db, const char *sql, const struct db_value *args, size_t n,
    int64_t *value)
{
	struct db_rows *rows;
	enum rc rc;

	*value = 0;
	rc = db_query(db, sql, args, n, &rows);
	if (rc == RC_OK)
		rc = db_next(rows);
	if (rc == RC_OK)
		*value = db_int(rows, 0);
	db_done(&rows);
	return rc;
}

int
db_more(struct db_rows *rows, enum rc *rc)
{
	int is_there;

	if (*rc != RC_OK)
		return 0;
	*rc = db_next(rows);
	is_there = *rc == RC_OK;
	if (*rc == RC_NOT_FOUND)
		*rc = RC_OK;
	return is_there;
}

enum rc
db_script(struct db *db, const char *sql)
{
	int code = sqlite3_exec(db->handle, sql, NULL, NULL, NULL);

	return code == SQLITE_OK ? RC_OK : failed(db, "run a script", code);
}

static const char SQL_VERSION[] = "PRAGMA user_version";

enum rc
db_version(struct db *db, int64_t *version)
{
	return db_one(db, SQL_VERSION, DB_NO_ARGS, version);
}

int
db_is_empty(const struct db *db)
{
	struct stat st;

	if (db->flags & DB_SCRATCH)
		return db->gate.size == 0;
	return stat(db->path, &st) == 0 && st.st_size == 0;
}

int
db_is_damaged(const struct db *db)
{
	switch (db->last & 0xff) {
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
	case SQLITE_ERROR: /* a statement that does not fit the schema */
		return 1;
	case SQLITE_CANTOPEN:
		/* The gate could: it is SQLite that wants a log (WAL). */
		return (db->flags & DB_SCRATCH) != 0;
	default:
		break;
	}
	/* Somebody removed the file under the connection. */
	return db->last == SQLITE_READONLY_DBMOVED ||
	       db->last == SQLITE_IOERR_VNODE || db->last == SQLITE_IOERR_FSTAT;
}

static int
write_all(int to, const char *bytes, size_t len)
{
	while (len > 0) {
		ssize_t n = write(to, bytes, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		bytes += n;
		len -= (size_t)n;
	}
	return 0;
}

/*
 * Copies all bytes of a database to another file.  The copy has no log, and
 * must not look for one.
 */
static int
copy_bytes(sqlite3_file *from, int to)
{
	static const char rollback[] = { HAS_ROLLBACK, HAS_ROLLBACK };
	char *buf = malloc(COPY_BYTES);
	sqlite3_int64 size = 0, at;
	int code = SQLITE_NOMEM, len, done = 0;

	if (buf != NULL)
		code = from->pMethods->xFileSize(from, &size);
	for (at = 0; code == SQLITE_OK && done == 0 && at < size; at += len) {
		len = size - at < COPY_BYTES ? (int)(size - at) : COPY_BYTES;
		code = from->pMethods->xRead(from, buf, len, at);
		if (at == 0 && len >= HEADER_AT + (int)sizeof(rollback))
			memcpy(buf + HEADER_AT, rollback, sizeof(rollback));
		if (code == SQLITE_OK)
			done = write_all(to, buf, (size_t)len);
	}
	free(buf);
	if (code != SQLITE_OK)
		errno = EIO;
	return code == SQLITE_OK ? done : -1;
}

/* Makes the entry of a new file durable. */
static int
sync_directory(const char *path)
{
	char dir[PATH_LEN];
	int fd, done;

	if ((size_t)snprintf(dir, sizeof(dir), "%s", path) >= sizeof(dir))
		return -1;
	fd = open(dirname(dir), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	done = fsync(fd);
	(void)close(fd);
	return done;
}

static const char SQL_CHECKPOINT[] = "PRAGMA wal_checkpoint(PASSIVE)";

/*
 * Brings all that is in the log into the file, as far as readers let it:
 * *done tells whether that was all.
 */
static enum rc
checkpoint(struct db *db, int *done)
{
	struct db_rows *rows;
	enum rc rc = db_query(db, SQL_CHECKPOINT, DB_NO_ARGS, &rows);

	if (rc == RC_OK)
		rc = db_next(rows);
	/* Whether it is busy, the log's pages, those of them in the file. */
	if (rc == RC_OK)
		*done =
		    db_int(rows, 0) == 0 && db_int(rows, 1) == db_int(rows, 2);
	db_done(&rows);
	return rc;
}

/* Does that until it is all. */
static enum rc
empty_log(struct db *db)
{
	enum { PAUSE_MS = 5 };
	static const struct timespec pause = { .tv_nsec = PAUSE_MS * 1000000 };
	int64_t waited;
	int done = 0;
	enum rc rc = RC_OK;

	for (waited = 0; rc == RC_OK; waited += PAUSE_MS) {
		rc = checkpoint(db, &done);
		if (rc != RC_OK || done)
			return rc;
		if (waited >= db->busy_ms)
			break;
		(void)nanosleep(&pause, NULL);
	}
	log_err("cannot copy the database: somebody reads what it was");
	return RC_BUSY;
}

/*
 * Begins a transaction in which the file alone is the whole database, since
 * nobody writes while this one is behind the gate.
 */
static enum rc
begin_copy(struct db *db)
{
	int64_t version;
	enum rc rc;

	rc = end_last(db);
	if (rc == RC_OK)
		rc = pass_gate(db, GATE_SHARED);
	if (rc != RC_OK)
		return rc;
	look_at_journal(db);
	if (db->has_log)
		rc = empty_log(db);
	if (rc == RC_OK)
		rc = db_run(db, SQL_BEGIN_READ, DB_NO_ARGS);
	if (rc != RC_OK) {
		gate_leave(&db->gate);
		return rc;
	}
	db->in_transaction = 1;
	/* The first read plays back what a killed writer left behind. */
	return db_version(db, &version);
}

enum rc
db_copy(struct db *db, const char *path)
{
	enum rc rc = RC_FAIL;
	int to = -1;

	to = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (to < 0) {
		log_err("cannot make the copy %s: %s", path, strerror(errno));
		return errno == EEXIST ? RC_INVALID : RC_FAIL;
	}
	rc = begin_copy(db);
	if (rc != RC_OK)
		goto out;
	if (copy_bytes(file_of(db), to) != 0) {
		rc = is_full(errno) ? RC_BUSY : RC_FAIL;
		log_err("cannot copy to %s: %s", path, strerror(errno));
		goto out;
	}
	db_rollback(db);
	if (fsync(to) != 0 || sync_directory(path) != 0) {
		rc = is_full(errno) ? RC_BUSY : RC_FAIL;
		log_err("cannot write %s: %s", path, strerror(errno));
	}
out:
	db_rollback(db);
	(void)close(to);
	if (rc != RC_OK)
		(void)unlink(path);
	return rc;
}

/* The name that SQLite has for a journal is its answer, too. */
static enum rc
turn_journal(struct db *db, const char *sql, const char *name)
{
	struct db_rows *rows;
	enum rc rc = db_query(db, sql, DB_NO_ARGS, &rows);

	if (rc == RC_OK)
		rc = db_next(rows);
	if (rc == RC_OK && strcmp(db_text(rows, 0), name) != 0) {
		log_err("cannot change the journal to %s: it stays %s", name,
		    db_text(rows, 0));
		rc = RC_FAIL;
	}
	db_done(&rows);
	return rc;
}

int
db_has_log(const struct db *db)
{
	return db->has_log;
}

enum rc
db_set_journal(struct db *db, enum db_journal journal, int *changed)
{
	const int log = journal == DB_JOURNAL_WAL;
	enum rc rc;

	*changed = 0;
	if (log && !is_local(db)) {
		log_err("cannot keep a write-ahead log: the file system of %s "
			"may be another machine's",
		    db->path);
		return RC_INVALID;
	}
	rc = end_last(db);
	if (rc == RC_OK)
		rc = pass_gate(db, GATE_ALONE);
	if (rc != RC_OK)
		return rc;
	look_at_journal(db);
	*changed = db->has_log != log;
	if (*changed)
		rc = turn_journal(db, log ? SQL_LOG : SQL_ROLLBACK_JOURNAL,
		    log ? "wal" : "truncate");
	look_at_journal(db);
	gate_leave(&db->gate);
	return rc;
}
