/* SPDX-License-Identifier: ISC */
/*
 * SQLite behind a small door: connections, statements, transactions, and
 * the gate, a lock file that makes processes queue instead of polling.
 *
 * Statements are constant text with $n parameters.  An argument list is
 * DB_ARGS(DB_INT(id), DB_TEXT(name)); none is DB_NO_ARGS.
 */
#ifndef LATCHKEY_DB_H
#define LATCHKEY_DB_H

#include <stddef.h>
#include <stdint.h>

#include "rc.h"

struct db;
struct db_rows;
struct scratch_number;

/* The main database and its gate, in the data directory. */
#define DB_NAME "latchkey.db"

/* What db_open does beyond opening. */
enum db_flag {
	DB_CREATE = 1,  /* make the file where there is none */
	DB_SCRATCH = 2, /* contents may be lost: see scratch_vfs.h */
	DB_READONLY = 4,
	DB_LATE = 8 /* the first transaction opens it, and tells of failures */
};

enum db_mode {
	DB_READ,     /* many at once */
	DB_WRITE,    /* one, and no reader unless there is a log */
	DB_WRITE_NOW /* the same, not waiting for anybody */
};

/* How a commit is made one, as SQLite's journal_mode. */
enum db_journal {
	DB_JOURNAL_TRUNCATE, /* for processes that come and go */
	DB_JOURNAL_WAL       /* for processes that stay, on a local disk */
};

enum db_type { DB_TYPE_NULL, DB_TYPE_INT, DB_TYPE_TEXT, DB_TYPE_BLOB };

/* One argument of a statement; text and blobs are borrowed for the call. */
struct db_value {
	enum db_type type;
	int64_t n;
	const void *bytes;
	size_t len;
};

#define DB_NULL ((struct db_value){ .type = DB_TYPE_NULL })
#define DB_INT(v) ((struct db_value){ .type = DB_TYPE_INT, .n = (v) })
#define DB_TEXT(s) db_text_value(s)
#define DB_BLOB(p, l) \
	((struct db_value){ .type = DB_TYPE_BLOB, .bytes = (p), .len = (l) })
#define DB_ARGS(...)                                           \
	(const struct db_value[]){ __VA_ARGS__ },              \
	    sizeof((const struct db_value[]){ __VA_ARGS__ }) / \
		sizeof(struct db_value)
#define DB_NO_ARGS NULL, (size_t)0

/* A text argument up to its NUL; SQL's NULL for NULL. */
struct db_value db_text_value(const char *s);

/*
 * Opens the database at path; no lock waits longer than busy_ms.  A program
 * that ends without db_close costs the next one the reading of the log, if
 * there is one.  The gate is the file "path.gate", that of a scratch database
 * its own file, which the first transaction opens.  flags is a sum of enum
 * db_flag.
 * RC_NOT_FOUND if there is no such file (not logged), RC_FAIL (logged)
 * otherwise.
 */
enum rc db_open(const char *path, int flags, int64_t busy_ms, struct db **db);

/* Ends what is open (rolled back) and closes; NULL is fine. */
void db_close(struct db *db);

/*
 * Begins a transaction behind the gate: shared for DB_READ, alone and
 * IMMEDIATE for DB_WRITE.  With a write-ahead log those who read wait for
 * nobody, once a connection's first transaction has seen that there is one.
 * RC_BUSY (logged) past the budget.  They do not nest.
 */
enum rc db_begin(struct db *db, enum db_mode mode);

/*
 * Commits and leaves the gate.  On failure (RC_BUSY for a full disk or a
 * lock, RC_FAIL) everything has been rolled back.  A commit that stands, but
 * that the disk did not confirm to the end, is RC_OK, and logged.
 */
enum rc db_commit(struct db *db);

/* Rolls back, if a transaction is open or paused, and leaves the gate. */
void db_rollback(struct db *db);

/*
 * Ends a DB_READ transaction as db_commit does, but so that the next one, if
 * it is a DB_READ too, goes on in it: it sees the same state, and costs no
 * system call.  Writers wait until then, or until db_rollback.  With a log one
 * that writes goes on in it, too, if nothing has been committed since and
 * nobody is at the gate.
 */
void db_pause(struct db *db);

/*
 * Ends a transaction by rc: commits on RC_OK, rolls back otherwise.  Gives
 * rc, or why the commit failed.
 */
enum rc db_end(struct db *db, enum rc rc);

/*
 * Runs a statement that gives no rows, inside a transaction.  RC_BUSY or
 * RC_FAIL, both logged.
 */
enum rc db_run(
    struct db *db, const char *sql, const struct db_value *args, size_t n);

/*
 * Goes behind the gate of a scratch database as for DB_WRITE, without a
 * transaction: for db_find_numbers and db_change_numbers.  Ended by db_leave,
 * or by a db_begin that goes on from there.  RC_BUSY, RC_FAIL (logged).
 */
enum rc db_enter(struct db *db);
void db_leave(struct db *db);

/*
 * Finds the numbers of a row without SQLite, see scratch_row.h; of the table
 * that db_learn_table was last told.  RC_NOT_FOUND where that is not possible:
 * a query tells more.
 */
enum rc db_find_numbers(struct db *db, const struct db_value *key,
    struct scratch_number *numbers, size_t n);

/*
 * Changes such numbers, in one commit.  RC_NOT_FOUND if that cannot be done:
 * then a statement does it, or tells why not.
 */
enum rc db_change_numbers(
    struct db *db, const struct scratch_number *numbers, size_t n);

/*
 * Learns, inside a transaction, where a table's rows are, if there is one of
 * that name; once is enough, and where it would be of no use nothing is done.
 * RC_BUSY, RC_FAIL (logged).
 */
enum rc db_learn_table(struct db *db, const char *name);

/* Rows that the last db_run changed. */
int64_t db_changes(const struct db *db);

/* The rowid that the last db_run inserted. */
int64_t db_last_id(const struct db *db);

/*
 * Starts a query, inside a transaction; the rows are then read by db_next
 * and given back by db_done.  On failure *rows is NULL.
 */
enum rc db_query(struct db *db, const char *sql, const struct db_value *args,
    size_t n, struct db_rows **rows);

/* Goes to the next row.  RC_NOT_FOUND past the last (not logged). */
enum rc db_next(struct db_rows *rows);

/* Ends a query; *rows becomes NULL.  May be called twice. */
void db_done(struct db_rows **rows);

/* Column i, from 0, of the row; NULL columns are 0 and NULL. */
int64_t db_int(struct db_rows *rows, int i);
int db_is_null(struct db_rows *rows, int i);
/* Borrowed until the next db_next or db_done; text ends in NUL. */
const char *db_text(struct db_rows *rows, int i);
const void *db_blob(struct db_rows *rows, int i, size_t *len);

/*
 * A query of one row and one number, inside a transaction.  RC_NOT_FOUND
 * without a row.
 */
enum rc db_one(struct db *db, const char *sql, const struct db_value *args,
    size_t n, int64_t *value);

/*
 * For a loop over rows: goes to the next one if rc is RC_OK, as a query and
 * the row before have left it.  False past the last row, when rc stays RC_OK,
 * and once rc is something else, be it for what db_next has given.
 *
 *	rc = db_query(db, SQL_LIST, DB_ARGS(DB_INT(id)), &rows);
 *	while (db_more(rows, &rc))
 *		rc = each(arg, db_text(rows, 0));
 *	db_done(&rows);
 *	return rc;
 */
int db_more(struct db_rows *rows, enum rc *rc);

/*
 * Runs a script of several statements without arguments: migrations and
 * connection settings.  RC_FAIL or RC_BUSY, logged.
 */
enum rc db_script(struct db *db, const char *sql);

/*
 * From now on every transaction begins with a look at the schema's version;
 * another than this one is RC_BUSY (logged): a migration is under way or has
 * yet to be run.
 */
void db_expect(struct db *db, int64_t version);

/* True if the last transaction found another version than that. */
int db_is_outdated(const struct db *db);

/*
 * What a committed state of the database is told by: what SQLite itself looks
 * at to see if the pages that it has are still good.
 */
struct db_state {
	int known;
	int is_log; /* of a write-ahead log, not of the file's header */
	unsigned char bytes[48];
};

/*
 * Notes the state that a transaction reads.  It is not known if that fails,
 * nor where another machine may commit: on a network's file system.  With a
 * log it is not known either if somebody has committed meanwhile, nor in a
 * connection's first transaction.
 */
void db_note_state(struct db *db, struct db_state *state);

/*
 * True if nothing has been committed since that state was noted, so that what
 * was read then is what would be read now.  No lock, and one system call or,
 * with a log, none: whoever is about to commit has not done so yet.
 */
int db_is_as(struct db *db, const struct db_state *state);

/*
 * The same for processes that come later: a state and the file that has it,
 * of which the time of its last change tells what was put in its place with
 * the same count of changes.  No padding, and what is not used is zero.
 */
struct db_mark {
	int64_t device, inode, changed_s, changed_ns;
	unsigned char bytes[24]; /* a state's, then zeros */
};

/*
 * Reads the mark of the file as it is, outside of a transaction and without a
 * lock.  One that equals that of a committed state is its, so that what was
 * read then is what would be read now; of another one nothing is known, for
 * a commit may be under way.  RC_NOT_FOUND (not logged) with a log, on a
 * network's file system, or if the connection is open on another file.
 */
enum rc db_read_mark(struct db *db, struct db_mark *mark);

/* True if a mark has that state. */
int db_mark_is_of(const struct db_mark *mark, const struct db_state *state);

/* The version that the schema has (PRAGMA user_version), in a transaction. */
enum rc db_version(struct db *db, int64_t *version);

/*
 * True if nothing was ever committed to the file: one system call where a
 * query would read the schema.  Inside a transaction, so that nobody else is
 * about to fill it.
 */
int db_is_empty(const struct db *db);

/*
 * True if the last failure said that the file is damaged, no database, or
 * one of another schema.
 */
int db_is_damaged(const struct db *db);

/*
 * Throws the file away, unless somebody else has done so; for DB_SCRATCH.
 * The next transaction opens a new, empty one.  RC_BUSY, RC_FAIL.
 */
enum rc db_renew(struct db *db);

/*
 * Copies the whole database, online, to a new file at path (mode 0600) that
 * is complete and durable when this returns RC_OK, and has no log.  Writers
 * wait behind the gate while the bytes are copied, not while the disk takes
 * them.  RC_INVALID if path exists.
 */
enum rc db_copy(struct db *db, const char *path);

/* True if it had a write-ahead log when a transaction last began. */
int db_has_log(const struct db *db);

/*
 * Gives the file another journal, which it keeps, unless it has that one
 * already; outside a transaction.  Connections that are open go on with it.
 * RC_INVALID (logged) for a log on a file system that may be another
 * machine's; RC_BUSY (logged) if a log is to end that others have open.
 */
enum rc db_set_journal(struct db *db, enum db_journal journal, int *changed);

#endif
