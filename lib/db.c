/* SPDX-License-Identifier: ISC */
/*
 * SQLite behind a small door.  The journal is a rollback journal that is
 * truncated, not deleted: measured against WAL, a program that opens, reads
 * and exits is a tenth faster, and a commit waits for four syncs (journal
 * twice, database, journal's end).  Readers hold the gate shared and writers
 * alone, so that SQLite's own polling locks are never waited for.
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
#include <unistd.h>

#include "gate.h"
#include "log.h"
#include "scratch_vfs.h"

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
	STATEMENTS = 64       /* kept prepared */
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
	int has_journal; /* the journal's mode has been set */
	int has_looked;  /* at the file's system ... */
	int is_local;    /* ... which is this machine's own */
	int in_transaction;
	int is_paused;          /* one is open that the next may go on in */
	struct db_state before; /* of one that writes; unknown for others */
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
	system_vfs = sqlite3_vfs_find(NULL);
	if (system_vfs == NULL)
		return;
	vfs = *system_vfs;
	vfs.zName = "latchkey";
	vfs.xOpen = open_file;
	vfs.xFullPathname = full_path;
	vfs.xRandomness = randomness;
	(void)sqlite3_vfs_register(&vfs, 1);
	(void)scratch_vfs_register(&vfs);
}

/* Opens SQLite's side of a connection. */
static enum rc
open_handle(struct db *db)
{
	int mode = db->flags & DB_READONLY ? SQLITE_OPEN_READONLY
					   : SQLITE_OPEN_READWRITE;
	int code;

	if (db->flags & DB_CREATE)
		mode |= SQLITE_OPEN_CREATE;
	code =
	    sqlite3_open_v2(db->path, &db->handle, mode | SQLITE_OPEN_NOMUTEX,
		db->flags & DB_SCRATCH ? SCRATCH_VFS : NULL);
	if (code == SQLITE_OK)
		code = configure(db);
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
	if (!(flags & DB_SCRATCH))
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
	close_handle(db);
	gate_close(&db->gate);
	free(db);
}

/* Opens the file that the gate has locked, unless it is open. */
static enum rc
reopen(struct db *db)
{
	enum rc rc;

	if (db->handle != NULL && db->device == db->gate.device &&
	    db->inode == db->gate.inode)
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
static const char SQL_DURABLE[] = "PRAGMA journal_mode = TRUNCATE;"
				  "PRAGMA synchronous = FULL;"
				  "PRAGMA recursive_triggers = ON";

/* Sets up for writing; behind the gate, because it reads the schema. */
static enum rc
set_journal(struct db *db)
{
	enum rc rc = RC_OK;

	if (db->has_journal)
		return RC_OK;
	if ((db->flags & DB_SCRATCH) && db_is_empty(db))
		rc = db_script(db, SQL_PAGE_SIZE);
	if (rc != RC_OK)
		return rc;
	rc = db_script(db, db->flags & DB_SCRATCH ? SQL_SCRATCH : SQL_DURABLE);
	db->has_journal = rc == RC_OK;
	return rc;
}

/*
 * A commit writes page 1 before it is one: the journal is cut off after that.
 * So whoever reads the same count as before reads it before the next commit.
 * (The SQLite database file format, sections 1.3.3 to 1.3.9: the versions of
 * the format, the count of changes, the sizes of file and free list.)
 */
enum { STATE_AT = 18, ROLLBACK_JOURNAL = 1 };

static int
read_state(struct db *db, struct db_state *state)
{
	sqlite3_file *file = NULL;

	return sqlite3_file_control(db->handle, "main",
		   SQLITE_FCNTL_FILE_POINTER, &file) == SQLITE_OK &&
	       file != NULL && file->pMethods != NULL &&
	       file->pMethods->xRead(file, state->bytes, sizeof(state->bytes),
		   STATE_AT) == SQLITE_OK;
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

void
db_note_state(struct db *db, struct db_state *state)
{
	int64_t version;

	/*
	 * The first read of a transaction plays back what a killed writer left
	 * behind.  With a write-ahead log commits are not in the file at once.
	 */
	state->known = is_local(db) && db_version(db, &version) == RC_OK &&
		       read_state(db, state) &&
		       state->bytes[0] == ROLLBACK_JOURNAL &&
		       state->bytes[1] == ROLLBACK_JOURNAL;
}

int
db_is_as(struct db *db, const struct db_state *state)
{
	struct db_state now;

	return state->known && read_state(db, &now) &&
	       memcmp(now.bytes, state->bytes, sizeof(now.bytes)) == 0;
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
	return sqlite3_get_autocommit(db->handle);
}

/* A copy that nobody writes has no gate, nor a place for one. */
static enum rc
enter(struct db *db, enum db_mode mode)
{
	static const enum gate_mode modes[] = { [DB_READ] = GATE_SHARED,
		[DB_WRITE] = GATE_ALONE,
		[DB_WRITE_NOW] = GATE_ALONE_NOW };

	enum rc rc;

	if (db->flags & DB_READONLY)
		return RC_OK;
	rc = gate_enter(&db->gate, modes[mode], db->busy_ms);
	if (rc != RC_OK || !(db->flags & DB_SCRATCH))
		return rc;
	rc = reopen(db);
	if (rc != RC_OK)
		gate_leave(&db->gate);
	return rc;
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

enum rc
db_begin(struct db *db, enum db_mode mode)
{
	enum rc rc;

	db->last = SQLITE_OK;
	if (db->in_transaction) {
		log_err("cannot begin a transaction: one is open");
		return RC_FAIL;
	}
	if (db->is_paused && mode == DB_READ) {
		db->is_paused = 0;
		db->in_transaction = 1;
		return RC_OK;
	}
	db_rollback(db);
	rc = enter(db, mode);
	if (rc != RC_OK)
		return rc;
	if (!is_idle(db))
		rc = RC_FAIL;
	if (rc == RC_OK && mode != DB_READ)
		rc = set_journal(db);
	if (rc == RC_OK)
		rc = db_run(db,
		    mode == DB_READ ? SQL_BEGIN_READ : SQL_BEGIN_WRITE,
		    DB_NO_ARGS);
	if (rc != RC_OK) {
		gate_leave(&db->gate);
		return rc;
	}
	db->in_transaction = 1;
	db->before.known = mode != DB_READ && !(db->flags & DB_SCRATCH) &&
			   read_state(db, &db->before);
	rc = check_version(db);
	if (rc != RC_OK)
		db_rollback(db);
	return rc;
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

/* Copies all bytes of one file to another, on whatever file system. */
static int
copy_bytes(int from, int to)
{
	char *buf = malloc(COPY_BYTES);
	ssize_t n = -1;

	while (buf != NULL) {
		n = read(from, buf, COPY_BYTES);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0 || write_all(to, buf, (size_t)n) != 0)
			break;
	}
	free(buf);
	return n == 0 ? 0 : -1;
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

enum rc
db_copy(struct db *db, const char *path)
{
	enum rc rc = RC_FAIL;
	int64_t version;
	int from = -1, to = -1;

	to = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (to < 0) {
		log_err("cannot make the copy %s: %s", path, strerror(errno));
		return errno == EEXIST ? RC_INVALID : RC_FAIL;
	}
	rc = db_begin(db, DB_READ);
	/* The first read plays back what a killed writer left behind. */
	if (rc == RC_OK)
		rc = db_version(db, &version);
	if (rc != RC_OK)
		goto out;
	/* Between transactions the file alone is the whole database. */
	from =
	    open(sqlite3_db_filename(db->handle, "main"), O_RDONLY | O_CLOEXEC);
	if (from < 0 || copy_bytes(from, to) != 0) {
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
	/* Closing a second descriptor drops SQLite's locks: last of all. */
	if (from >= 0)
		(void)close(from);
	(void)close(to);
	if (rc != RC_OK)
		(void)unlink(path);
	return rc;
}
