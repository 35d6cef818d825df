/* SPDX-License-Identifier: ISC */
/*
 * Everything that changes the database, with the disk, the quota, the memory
 * or the process failing at the first, the second, the third, ... step until
 * there is none left.  Each time the caller is told, or gone, and what is
 * stored is whole: all of the change, or nothing.
 *
 * Steps are counted by a layer between SQLite and its own file system layer,
 * and by allocators in front of those of SQLite, jansson and the C library.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "api_key_admin.h"
#include "catalog_admin.h"
#include "fixture.h"
#include "funds.h"
#include "ledger.h"
#include "login.h"
#include "migrate.h"
#include "money_request.h"
#include "money_request_admin.h"
#include "order.h"
#include "order_admin.h"
#include "rate.h"
#include "refill.h"
#include "refill_admin.h"
#include "site.h"
#include "suite.h"
#include "transfer.h"
#include "webhook.h"

enum { STEPS_MAX = 20000, DAY = 86400, CRASHED = 77, CRASHED_LATE = 78 };

/* --- what fails ----------------------------------------------------------- */

/* Which steps count. */
enum kind { CHANGES, READS, ALLOCATIONS };

static const struct mode {
	const char *name;
	enum kind kind;
	int full;   /* writes give SQLITE_FULL */
	int error;  /* errno otherwise */
	int sticky; /* all later steps fail, too */
	int crash;  /* the process ends instead, in the middle of a write... */
	int whole;  /* ...or before it */
	enum rc rc; /* what the caller gets; RC_OK: RC_BUSY or RC_FAIL */
} modes[] = {
	{ "full disk", CHANGES, 1, ENOSPC, 1, 0, 0, RC_BUSY },
	{ "full for a moment", CHANGES, 1, ENOSPC, 0, 0, 0, RC_BUSY },
	{ "over quota", CHANGES, 0, EDQUOT, 1, 0, 0, RC_BUSY },
	{ "over quota for a moment", CHANGES, 0, EDQUOT, 0, 0, 0, RC_BUSY },
	{ "broken disk", CHANGES, 0, EIO, 1, 0, 0, RC_OK },
	{ "broken for a moment", CHANGES, 0, EIO, 0, 0, 0, RC_OK },
	{ "unreadable disk", READS, 0, EIO, 1, 0, 0, RC_FAIL },
	{ "unreadable for a moment", READS, 0, EIO, 0, 0, 0, RC_OK },
	{ "no memory", ALLOCATIONS, 0, 0, 1, 0, 0, RC_FAIL },
	{ "no memory for a moment", ALLOCATIONS, 0, 0, 0, 0, 0, RC_OK },
	{ "killed", CHANGES, 0, 0, 0, 1, 0, RC_OK },
};

/* The one fault that is armed. */
static struct {
	const struct mode *mode; /* NULL: none */
	int left;                /* steps until it strikes */
	int struck;
	int wrote; /* it was a write that failed first */
	int cut;   /* the journal was, or the log is whole: it is done */
} fault;

/* True if this step is to fail. */
static int
strikes(enum kind kind)
{
	if (fault.mode == NULL || fault.mode->kind != kind)
		return 0;
	if (fault.struck)
		return fault.mode->sticky;
	if (--fault.left > 0)
		return 0;
	fault.struck = 1;
	return 1;
}

/* --- the file system layer ------------------------------------------------ */

struct shim {
	sqlite3_file base;
	sqlite3_file *real; /* right behind this struct */
	int last_errno;     /* of the step that failed; 0: none */
	int is_log;
};

static sqlite3_file *
real_of(sqlite3_file *file)
{
	return ((struct shim *)file)->real;
}

/* What a step that fails gives. */
static int
io_error(sqlite3_file *file, int code)
{
	struct shim *shim = (struct shim *)file;

	errno = shim->last_errno = fault.mode->error;
	if (fault.struck++ == 1)
		fault.wrote = code == SQLITE_IOERR_WRITE;
	return fault.mode->full && code == SQLITE_IOERR_WRITE ? SQLITE_FULL
							      : code;
}

static int
shim_close(sqlite3_file *file)
{
	sqlite3_file *real = real_of(file);

	return real->pMethods != NULL ? real->pMethods->xClose(real)
				      : SQLITE_OK;
}

static int
shim_read(sqlite3_file *file, void *buf, int len, sqlite3_int64 at)
{
	sqlite3_file *real = real_of(file);

	if (strikes(READS))
		return io_error(file, SQLITE_IOERR_READ);
	return real->pMethods->xRead(real, buf, len, at);
}

/* Ends the process; tells whether the change was done. */
static _Noreturn void
crash(void)
{
	_exit(fault.cut ? CRASHED_LATE : CRASHED);
}

/* In a log a commit's last page has the database's size in its header. */
static int
is_commit(sqlite3_file *file, const unsigned char *buf, int len)
{
	enum { PAGE = 1024, HEADER = 24, SIZE_AT = 4 };
	const unsigned char *size = buf + len - PAGE - HEADER + SIZE_AT;

	return ((const struct shim *)file)->is_log && len >= PAGE + HEADER &&
	       (size[0] | size[1] | size[2] | size[3]) != 0;
}

static int
shim_write(sqlite3_file *file, const void *buf, int len, sqlite3_int64 at)
{
	sqlite3_file *real = real_of(file);

	if (!strikes(CHANGES)) {
		if (!fault.struck && is_commit(file, buf, len))
			fault.cut = 1;
		return real->pMethods->xWrite(real, buf, len, at);
	}
	if (!fault.mode->crash)
		return io_error(file, SQLITE_IOERR_WRITE);
	if (!fault.mode->whole)
		(void)real->pMethods->xWrite(real, buf, len / 2, at);
	crash();
}

static int
shim_truncate(sqlite3_file *file, sqlite3_int64 size)
{
	sqlite3_file *real = real_of(file);

	if (strikes(CHANGES)) {
		if (fault.mode->crash)
			crash();
		return io_error(file, SQLITE_IOERR_TRUNCATE);
	}
	if (!fault.struck && size == 0)
		fault.cut = 1;
	return real->pMethods->xTruncate(real, size);
}

static int
shim_sync(sqlite3_file *file, int flags)
{
	(void)flags;
	if (strikes(CHANGES)) {
		if (fault.mode->crash)
			crash();
		return io_error(file, SQLITE_IOERR_FSYNC);
	}
	/* Processes end here, not machines: the disk need not be waited for. */
	return SQLITE_OK;
}

static int
shim_size(sqlite3_file *file, sqlite3_int64 *size)
{
	sqlite3_file *real = real_of(file);

	return real->pMethods->xFileSize(real, size);
}

static int
shim_lock(sqlite3_file *file, int lock)
{
	sqlite3_file *real = real_of(file);

	return real->pMethods->xLock(real, lock);
}

static int
shim_unlock(sqlite3_file *file, int lock)
{
	sqlite3_file *real = real_of(file);

	return real->pMethods->xUnlock(real, lock);
}

static int
shim_check_lock(sqlite3_file *file, int *held)
{
	sqlite3_file *real = real_of(file);

	return real->pMethods->xCheckReservedLock(real, held);
}

static int
shim_control(sqlite3_file *file, int op, void *arg)
{
	const struct shim *shim = (struct shim *)file;
	sqlite3_file *real = real_of(file);

	if (op == SQLITE_FCNTL_LAST_ERRNO && shim->last_errno != 0) {
		*(int *)arg = shim->last_errno;
		return SQLITE_OK;
	}
	return real->pMethods->xFileControl(real, op, arg);
}

static int
shim_sector_size(sqlite3_file *file)
{
	sqlite3_file *real = real_of(file);

	return real->pMethods->xSectorSize(real);
}

static int
shim_characteristics(sqlite3_file *file)
{
	sqlite3_file *real = real_of(file);

	return real->pMethods->xDeviceCharacteristics(real);
}

static int
shim_map(sqlite3_file *file, int region, int size, int extend,
    void volatile **memory)
{
	sqlite3_file *real = real_of(file);

	return real->pMethods->xShmMap(real, region, size, extend, memory);
}

static int
shim_lock_map(sqlite3_file *file, int first, int n, int flags)
{
	sqlite3_file *real = real_of(file);

	return real->pMethods->xShmLock(real, first, n, flags);
}

static void
shim_barrier(sqlite3_file *file)
{
	sqlite3_file *real = real_of(file);

	real->pMethods->xShmBarrier(real);
}

static int
shim_unmap(sqlite3_file *file, int remove)
{
	sqlite3_file *real = real_of(file);

	return real->pMethods->xShmUnmap(real, remove);
}

static int
shim_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags,
    int *out_flags)
{
	static const sqlite3_io_methods methods = {
		.iVersion = 2,
		.xClose = shim_close,
		.xRead = shim_read,
		.xWrite = shim_write,
		.xTruncate = shim_truncate,
		.xSync = shim_sync,
		.xFileSize = shim_size,
		.xLock = shim_lock,
		.xUnlock = shim_unlock,
		.xCheckReservedLock = shim_check_lock,
		.xFileControl = shim_control,
		.xSectorSize = shim_sector_size,
		.xDeviceCharacteristics = shim_characteristics,
		.xShmMap = shim_map,
		.xShmLock = shim_lock_map,
		.xShmBarrier = shim_barrier,
		.xShmUnmap = shim_unmap,
	};
	struct shim *shim = (struct shim *)file;
	sqlite3_vfs *unix_vfs = vfs->pAppData;
	int code;

	shim->base.pMethods = NULL;
	shim->last_errno = 0;
	shim->is_log = (flags & SQLITE_OPEN_WAL) != 0;
	shim->real = (sqlite3_file *)(shim + 1);
	code = unix_vfs->xOpen(unix_vfs, name, shim->real, flags, out_flags);
	if (code == SQLITE_OK)
		shim->base.pMethods = &methods;
	return code;
}

/* SQLite's own layer with our files; all else is the unix one's. */
static void
register_shim(void)
{
	static sqlite3_vfs shim;
	sqlite3_vfs *unix_vfs = sqlite3_vfs_find("unix");

	ck_assert_ptr_nonnull(unix_vfs);
	shim = *unix_vfs;
	shim.zName = "shim";
	shim.szOsFile = (int)sizeof(struct shim) + unix_vfs->szOsFile;
	shim.pAppData = unix_vfs;
	shim.xOpen = shim_open;
	ck_assert_int_eq(sqlite3_vfs_register(&shim, 1), SQLITE_OK);
}

/* --- the allocators ------------------------------------------------------- */

/* The linker sends the library's calls here: see the Makefile. */
void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t size);
FILE *__real_open_memstream(char **text, size_t *len);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t size);
FILE *__wrap_open_memstream(char **text, size_t *len);

static int
no_memory(void)
{
	if (!strikes(ALLOCATIONS))
		return 0;
	errno = ENOMEM;
	return 1;
}

void *
__wrap_malloc(size_t size)
{
	return no_memory() ? NULL : __real_malloc(size);
}

void *
__wrap_calloc(size_t n, size_t size)
{
	return no_memory() ? NULL : __real_calloc(n, size);
}

void *
__wrap_realloc(void *p, size_t size)
{
	return no_memory() ? NULL : __real_realloc(p, size);
}

FILE *
__wrap_open_memstream(char **text, size_t *len)
{
	return no_memory() ? NULL : __real_open_memstream(text, len);
}

static sqlite3_mem_methods plain;

static void *
sqlite_malloc(int size)
{
	return no_memory() ? NULL : plain.xMalloc(size);
}

static void *
sqlite_realloc(void *p, int size)
{
	return no_memory() ? NULL : plain.xRealloc(p, size);
}

static void
take_allocators(void)
{
	sqlite3_mem_methods ours;

	/* As the library would, which comes too late for that now. */
	(void)sqlite3_config(SQLITE_CONFIG_SINGLETHREAD);
	(void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
	(void)sqlite3_config(SQLITE_CONFIG_PAGECACHE, NULL, 0, 0);
	ck_assert_int_eq(
	    sqlite3_config(SQLITE_CONFIG_GETMALLOC, &plain), SQLITE_OK);
	ours = plain;
	ours.xMalloc = sqlite_malloc;
	ours.xRealloc = sqlite_realloc;
	ck_assert_int_eq(
	    sqlite3_config(SQLITE_CONFIG_MALLOC, &ours), SQLITE_OK);
	json_set_alloc_funcs(__wrap_malloc, free);
}

/* --- what is done --------------------------------------------------------- */

/* What the step at work needs; made before the fault is armed. */
static struct {
	struct db *db;
	struct form *form;
	int64_t order, refill, request;
	struct caller key;
	struct why why;
	char csv[256];
	FILE *in;
	char code[TRANSFER_CODE_LEN + 1];
} at;

static enum rc
run_place(void)
{
	int64_t id;

	return order_place(at.db, &fx.one, at.form, FIXTURE_NOW, &id, &at.why);
}

/*
 * The same as the API does it: in the transaction that has found who calls,
 * which needs a connection that has written before.
 */
static enum rc
run_paused_place(void)
{
	int64_t n;
	enum rc rc;

	if ((rc = db_begin(at.db, DB_WRITE)) != RC_OK)
		return rc;
	db_rollback(at.db);
	if ((rc = db_begin(at.db, DB_READ)) != RC_OK)
		return rc;
	rc = db_version(at.db, &n);
	if (rc != RC_OK)
		return db_end(at.db, rc);
	db_pause(at.db);
	return run_place();
}

static void
prepare_place(int n)
{
	char body[256];

	(void)snprintf(body, sizeof(body),
	    "service=8&link=https://f.test/%d&usernames=a%%0Ab&hashtags=c"
	    "&quantity=100&request_id=request%d",
	    n, n);
	at.form = fixture_form(body);
}

static enum rc
run_cancel(void)
{
	enum rc rc;

	if ((rc = db_begin(at.db, DB_WRITE)) != RC_OK)
		return rc;
	return db_end(at.db,
	    order_cancel(at.db, &fx.one, at.order, FIXTURE_NOW, &at.why));
}

static void
prepare_cancel(int n)
{
	(void)n;
	at.order = fixture_any_order();
}

static enum rc
run_partial(void)
{
	struct order_change change = { .status = ORDER_PARTIAL,
		.start_count = 5,
		.remains = 40,
		.note = "forty" };
	const char *what;
	enum rc rc;

	if ((rc = db_begin(at.db, DB_WRITE)) != RC_OK)
		return rc;
	return db_end(at.db, order_admin_set(at.db, at.order, &change,
				 FIXTURE_CURRENCY, FIXTURE_NOW, &what));
}

static enum rc
run_refill(void)
{
	int64_t id;
	enum rc rc;

	if ((rc = db_begin(at.db, DB_WRITE)) != RC_OK)
		return rc;
	return db_end(at.db, refill_request(at.db, &fx.one, at.order, 3,
				 FIXTURE_NOW + DAY, &id, &at.why));
}

static void
prepare_refill(int n)
{
	struct order order;
	struct why why;

	prepare_cancel(n);
	fixture_begin();
	ck_assert_int_eq(
	    order_find(fx.db, &fx.one, at.order, &order, &why), RC_OK);
	ck_assert_int_eq(order_move(fx.db, &fx.one, &order, ORDER_COMPLETED,
			     ORDER_BY_OPERATOR, NULL, FIXTURE_NOW, &why),
	    RC_OK);
	fixture_commit();
}

static enum rc
run_credit(void)
{
	const char *what;
	int64_t balance;
	enum rc rc;

	if ((rc = db_begin(at.db, DB_WRITE)) != RC_OK)
		return rc;
	return db_end(at.db, funds_credit(at.db, &fx.two, LEDGER_DEPOSIT, 5,
				 "five", FIXTURE_NOW, &balance, &what));
}

static enum rc
run_rotate(void)
{
	struct api_key_text key;
	enum rc rc;

	if ((rc = db_begin(at.db, DB_WRITE)) != RC_OK)
		return rc;
	rc = db_end(at.db, api_key_admin_rotate(at.db, &fx.pepper, &at.key,
			       FIXTURE_NOW + 1, &key));
	api_key_admin_wipe(&key);
	return rc;
}

static void
prepare_rotate(int n)
{
	struct api_key_text key;
	char public_id[API_KEY_ID_LEN + 1];

	(void)n;
	fixture_sql("DELETE FROM api_key");
	fixture_begin();
	ck_assert_int_eq(api_key_admin_create(fx.db, &fx.pepper, &fx.one,
			     "Shop", FIXTURE_NOW, &key),
	    RC_OK);
	memcpy(public_id, key.s + API_KEY_PREFIX_LEN, API_KEY_ID_LEN);
	public_id[API_KEY_ID_LEN] = '\0';
	ck_assert_int_eq(api_key_admin_find(fx.db, public_id, &at.key), RC_OK);
	fixture_commit();
}

static enum rc
run_import(void)
{
	struct catalog_fault wrong;
	int64_t added, changed;
	enum rc rc;

	rewind(at.in);
	if ((rc = db_begin(at.db, DB_WRITE)) != RC_OK)
		return rc;
	return db_end(at.db,
	    catalog_admin_import(at.db, at.in, &added, &changed, &wrong));
}

static void
prepare_import(int n)
{
	(void)n;
	(void)snprintf(at.csv, sizeof(at.csv),
	    "name,type,category,rate,min,max\nA,Default,C,1,1,2\n"
	    "B,Default,C,1,1,2\nC,Default,C,1,1,2\n");
	if (at.in == NULL)
		at.in = fmemopen(at.csv, strlen(at.csv), "r");
	ck_assert_ptr_nonnull(at.in);
}

static void
prepare_nothing(int n)
{
	(void)n;
}

/* --- money of pages ------------------------------------------------------- */

static enum rc
run_transfer(void)
{
	struct transfer transfer = { .email = "two@example.test",
		.code = at.code,
		.amount_nano = 3,
		.note = "three" };
	const char *what;
	int64_t balance;
	enum rc rc;

	if ((rc = db_begin(at.db, DB_WRITE)) != RC_OK)
		return rc;
	return db_end(at.db, transfer_send(at.db, &fx.pepper, &fx.one,
				 &transfer, FIXTURE_NOW, &balance, &what));
}

static void
prepare_transfer(int n)
{
	(void)n;
	ck_assert_int_eq(transfer_code(&fx.pepper, &fx.two, at.code), RC_OK);
}

static enum rc
run_deposit(void)
{
	const char *what;
	int64_t id;
	enum rc rc;

	if ((rc = db_begin(at.db, DB_WRITE)) != RC_OK)
		return rc;
	return db_end(at.db, money_request_deposit(at.db, &fx.one, 2, "by hand",
				 FIXTURE_NOW, &id, &what));
}

static enum rc
run_withdraw(void)
{
	const char *what;
	int64_t id, balance;
	enum rc rc;

	if ((rc = db_begin(at.db, DB_WRITE)) != RC_OK)
		return rc;
	return db_end(
	    at.db, money_request_withdraw(at.db, &fx.one, 1, "to a bank",
		       FIXTURE_NOW, &id, &balance, &what));
}

/* Of the operator, who ends the request at hand. */
static enum rc
end_request(enum money_request_status to)
{
	const char *what;
	enum rc rc;

	if ((rc = db_begin(at.db, DB_WRITE)) != RC_OK)
		return rc;
	return db_end(
	    at.db, money_request_admin_end(at.db, at.request, to, "because",
		       FIXTURE_CURRENCY, FIXTURE_NOW, &what));
}

static enum rc
run_request_done(void)
{
	return end_request(MONEY_REQUEST_DONE);
}

static enum rc
run_request_rejected(void)
{
	return end_request(MONEY_REQUEST_REJECTED);
}

static enum rc
run_request_canceled(void)
{
	const char *what;
	enum rc rc;

	if ((rc = db_begin(at.db, DB_WRITE)) != RC_OK)
		return rc;
	return db_end(at.db, money_request_cancel(at.db, &fx.one, at.request,
				 FIXTURE_NOW, &what));
}

/* There is room for one more request: none is open, and all are of old. */
static void
prepare_request(int n)
{
	(void)n;
	at.db = fx.db;
	while (fixture_int("SELECT COUNT(*) FROM money_request"
			   " WHERE status = 1") > 0) {
		at.request = fixture_int("SELECT MIN(id) FROM money_request"
					 " WHERE status = 1");
		ck_assert_int_eq(run_request_rejected(), RC_OK);
	}
	at.db = NULL;
	fixture_sql("UPDATE money_request SET created_at = %lld",
	    (long long)FIXTURE_NOW - 2 * DAY);
}

/* One is open, made by that. */
static void prepare_open(enum rc (*ask)(void))
{
	prepare_request(0);
	at.db = fx.db;
	ck_assert_int_eq(ask(), RC_OK);
	at.db = NULL;
	at.request =
	    fixture_int("SELECT id FROM money_request WHERE status = 1");
}

static void
prepare_deposit(int n)
{
	(void)n;
	prepare_open(run_deposit);
}

static void
prepare_withdrawal(int n)
{
	(void)n;
	prepare_open(run_withdraw);
}

/* --- and told ------------------------------------------------------------- */

static enum rc
run_webhook_add(void)
{
	static const struct seal_key key = { { 7 } };
	struct webhook_secret secret;
	int64_t id;
	enum rc rc;

	if ((rc = db_begin(at.db, DB_WRITE)) != RC_OK)
		return rc;
	rc = webhook_add(at.db, &at.key, &key, "https://hooks.example.com/",
	    EVENT_ALL, FIXTURE_NOW, &id, &secret, &at.why);
	/* Who has not added one has no secret. */
	if ((rc == RC_OK) != (secret.s[0] != '\0'))
		rc = RC_INVALID;
	return db_end(at.db, rc);
}

/* Each with a key of its own, which has room. */
static void
prepare_webhook_add(int n)
{
	at.key = fx.one;
	at.key.key_id = n;
}

/* From the first step on somebody is told everything. */
static void
listen(void)
{
	if (fixture_int("SELECT COUNT(*) FROM webhook") > 0)
		return;
	prepare_webhook_add(1);
	at.db = fx.db;
	ck_assert_int_eq(run_webhook_add(), RC_OK);
	at.db = NULL;
}

/* An order that makes the balance low. */
static void
prepare_told_place(int n)
{
	listen();
	prepare_place(n);
	fixture_sql("UPDATE account SET low_balance_nano = balance_nano"
		    " WHERE id = 1");
}

static void
prepare_told_move(int n)
{
	listen();
	prepare_cancel(n);
}

static enum rc
run_refill_end(void)
{
	enum rc rc;

	if ((rc = db_begin(at.db, DB_WRITE)) != RC_OK)
		return rc;
	return db_end(at.db,
	    refill_admin_set(at.db, at.refill, REFILL_REJECTED, FIXTURE_NOW));
}

static void
prepare_refill_end(int n)
{
	struct why why;

	listen();
	prepare_refill(n);
	fixture_begin();
	ck_assert_int_eq(refill_request(fx.db, &fx.one, at.order, 3,
			     FIXTURE_NOW + DAY, &at.refill, &why),
	    RC_OK);
	fixture_commit();
}

/* What orders have been through is what is on its way, and nothing else. */
#define TOLD                                                                \
	"SELECT (SELECT COALESCE(SUM(event_seq), 0) FROM orders) ="         \
	" (SELECT COUNT(*) FROM event JOIN delivery ON event_id = event.id" \
	"  WHERE order_id IS NOT NULL)"                                     \
	" AND (SELECT COUNT(*) FROM event) = (SELECT COUNT(*) FROM delivery)"

/* No wallet has more or less than what came in and is not held or paid out. */
#define KEPT                                                                  \
	"SELECT (SELECT SUM(balance_nano) FROM account) ="                    \
	" 1000100000000 + COALESCE(SUM(CASE"                                  \
	"  WHEN kind = 1 AND status = 2 THEN amount_nano"                     \
	"  WHEN kind = 2 AND status IN (1, 2) THEN -amount_nano ELSE 0 END)," \
	"  0) FROM money_request"

static const struct work {
	const char *name;
	void (*prepare)(int n);
	enum rc (*run)(void);
	const char *count; /* a number that grows by step when it is done */
	int step;
	const char *whole; /* true all the time; may be NULL */
} works[] = {
	{ "placing an order", prepare_place, run_place,
	    "SELECT COUNT(*) FROM orders", 1, NULL },
	{ "cancelling an order", prepare_cancel, run_cancel,
	    "SELECT COUNT(*) FROM orders WHERE status = 6", 1, NULL },
	{ "delivering a part", prepare_cancel, run_partial,
	    "SELECT COUNT(*) FROM orders WHERE status = 5", 1, NULL },
	{ "asking for a refill", prepare_refill, run_refill,
	    "SELECT COUNT(*) FROM refill", 1, NULL },
	{ "a deposit", prepare_nothing, run_credit,
	    "SELECT balance_nano FROM account WHERE id = 2", 5, NULL },
	{ "rotating a key", prepare_rotate, run_rotate,
	    "SELECT SUM(created_at) FROM api_key", 1, NULL },
	{ "importing services", prepare_import, run_import,
	    "SELECT COUNT(*) FROM service WHERE category = 'C'", 3, NULL },
	{ "adding a webhook", prepare_webhook_add, run_webhook_add,
	    "SELECT COUNT(*) FROM webhook", 1, NULL },
	{ "placing an order and telling of it", prepare_told_place, run_place,
	    "SELECT COUNT(*) FROM orders", 1,
	    TOLD " AND (SELECT COUNT(*) FROM orders) ="
		 " (SELECT COUNT(*) FROM event WHERE type = 9)" },
	{ "delivering a part and telling of it", prepare_told_move, run_partial,
	    "SELECT COUNT(*) FROM orders WHERE status = 5", 1, TOLD },
	{ "ending a refill and telling of it", prepare_refill_end,
	    run_refill_end, "SELECT COUNT(*) FROM refill WHERE status = 4", 1,
	    TOLD },
	{ "a transfer", prepare_transfer, run_transfer,
	    "SELECT balance_nano FROM account WHERE id = 2", 3, KEPT },
	{ "asking for a deposit", prepare_request, run_deposit,
	    "SELECT COUNT(*) FROM money_request", 1, KEPT },
	{ "confirming a deposit", prepare_deposit, run_request_done,
	    "SELECT balance_nano FROM account WHERE id = 1", 2, KEPT },
	{ "taking a request back", prepare_deposit, run_request_canceled,
	    "SELECT COUNT(*) FROM money_request WHERE status = 4", 1, KEPT },
	{ "asking for a withdrawal", prepare_request, run_withdraw,
	    "SELECT COUNT(*) FROM money_request", 1, KEPT },
	{ "paying out a withdrawal", prepare_withdrawal, run_request_done,
	    "SELECT COUNT(*) FROM money_request WHERE status = 2", 1, KEPT },
	{ "rejecting a withdrawal", prepare_withdrawal, run_request_rejected,
	    "SELECT balance_nano FROM account WHERE id = 1", 1, KEPT },
};

enum { MODES = ROWS(modes), WORKS = ROWS(works) };

/* --- the walk ------------------------------------------------------------- */

static void
arm(const struct mode *mode, int n)
{
	fault.mode = mode;
	fault.left = n;
	fault.struck = 0;
	fault.wrote = 0;
	fault.cut = 0;
}

/* Has SQLite read the schema. */
static enum rc
read_schema(void)
{
	enum rc rc;
	int64_t n;

	if ((rc = db_begin(at.db, DB_READ)) != RC_OK)
		return rc;
	return db_end(
	    at.db, db_one(at.db, "SELECT COUNT(*) FROM tier", DB_NO_ARGS, &n));
}

/*
 * Opens, works and closes, as a program does, with the fault armed.  What
 * comes before the work, most of all steps, is the same for all works: the
 * first one alone goes through it.
 */
static enum rc
run_armed(const struct work *work, const struct mode *mode, int n)
{
	int is_first = work == works;
	enum rc rc;

	at.why = (struct why){ 0 };
	if (is_first)
		arm(mode, n);
	rc = db_open(fx.path, 0, FIXTURE_BUSY_MS, &at.db);
	if (rc == RC_OK && !is_first) {
		rc = read_schema();
		arm(mode, n);
	}
	if (rc == RC_OK)
		rc = work->run();
	db_close(at.db);
	at.db = NULL;
	fault.mode = NULL;
	return rc;
}

/* The same in a process of its own, which ends where the fault strikes. */
static enum rc
run_and_die(const struct work *work, const struct mode *mode, int n)
{
	int status;
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid == 0)
		_exit(run_armed(work, mode, n) == RC_OK ? 0 : 1);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status));
	fault.cut = WEXITSTATUS(status) == CRASHED_LATE;
	fault.struck = fault.cut || WEXITSTATUS(status) == CRASHED;
	ck_assert(fault.struck || WEXITSTATUS(status) == 0);
	return fault.struck ? RC_FAIL : RC_OK;
}

/* Of a full disk or quota it is a write that SQLite tells for certain. */
static int
is_exact(const struct mode *mode)
{
	return mode->rc != RC_OK && (mode->rc != RC_BUSY || fault.wrote);
}

/* One step of the walk; 0 when there was no n-th step to fail. */
static int
walk(const struct work *work, const struct mode *mode, int n)
{
	int64_t before, after;
	const char *faults;
	enum rc rc;

	work->prepare(n);
	before = fixture_int("%s", work->count);
	/* Whoever looks afterwards comes anew, as the next call does. */
	db_close(fx.db);
	fx.db = NULL;
	rc =
	    mode->crash ? run_and_die(work, mode, n) : run_armed(work, mode, n);
	form_free(at.form);
	at.form = NULL;
	ck_assert_int_eq(db_open(fx.path, 0, FIXTURE_BUSY_MS, &fx.db), RC_OK);
	/* It was nobody's mistake. */
	ck_assert_int_eq((int)at.why.error, ERROR_NONE);
	faults = fixture_faults();
	ck_assert_msg(faults[0] == '\0', "%s, %s, step %d (%d): %s", work->name,
	    mode->name, n, (int)rc, faults);
	after = fixture_int("%s", work->count);
	ck_assert_msg(after == before || after == before + work->step,
	    "%s, %s, step %d: half-written", work->name, mode->name, n);
	if (work->whole != NULL)
		ck_assert_msg(fixture_int("%s", work->whole),
		    "%s, %s, step %d (%d): not told as it is", work->name,
		    mode->name, n, (int)rc);
	if (rc == RC_OK) {
		ck_assert_msg(after != before, "%s, %s, step %d: lost",
		    work->name, mode->name, n);
	} else {
		ck_assert_msg(fault.struck, "%s, %s, step %d: failed alone",
		    work->name, mode->name, n);
		ck_assert_msg(!is_exact(mode) ? rc == RC_BUSY || rc == RC_FAIL
					      : rc == mode->rc,
		    "%s, %s, step %d: result %d", work->name, mode->name, n,
		    (int)rc);
		/*
		 * Who is killed tells nobody.  Nor can what a disk has taken,
		 * and not synced, be taken back from one that takes no more.
		 */
		ck_assert_msg(
		    after == before ||
			(fault.cut && (mode->crash ||
					  (mode->sticky && db_has_log(fx.db)))),
		    "%s, %s, step %d: done nevertheless", work->name,
		    mode->name, n);
	}
	return fault.struck;
}

static void
walk_all(const struct work *work, const struct mode *mode)
{
	int n, failed = 0;

	for (n = 1; n <= STEPS_MAX && walk(work, mode, n); n++)
		failed++;
	ck_assert_int_le(n, STEPS_MAX);
	ck_assert_int_gt(failed, 0);
	ck_assert_int_eq(fixture_int("SELECT COUNT(*) FROM account"
				     " WHERE balance_nano < 0"),
	    0);
}

START_TEST(a_fault_at_any_step_leaves_all_or_nothing)
{
	walk_all(&works[_i / MODES], &modes[_i % MODES]);
}
END_TEST

/* With a log it is the same layer for all works: the longest one will do. */
static struct work
longest_work(void)
{
	const struct work *work = works;

	while (work->whole == NULL)
		work++;
	return *work;
}

START_TEST(a_fault_at_any_step_with_a_log_leaves_all_or_nothing)
{
	const struct work work = longest_work();

	walk_all(&work, &modes[_i]);
}
END_TEST

START_TEST(a_fault_in_a_paused_transaction_leaves_all_or_nothing)
{
	struct work work = longest_work();

	work.run = run_paused_place;
	walk_all(&work, &modes[_i]);
}
END_TEST

/* --- a new database ------------------------------------------------------- */

START_TEST(a_fault_while_migrating_is_made_good_by_the_next_run)
{
	const struct mode *mode = &modes[_i];
	int64_t from, to;
	struct db *db;
	char path[512];
	int n;
	enum rc rc;

	if (mode->crash)
		return;
	for (n = 1; n <= STEPS_MAX; n++) {
		(void)snprintf(path, sizeof(path), "%s/new%d.db", fx.dir, n);
		fault.mode = mode;
		fault.left = n;
		fault.struck = 0;
		rc = db_open(path, DB_CREATE, FIXTURE_BUSY_MS, &db);
		if (rc == RC_OK)
			rc = migrate(db, migrations, &from, &to);
		db_close(db);
		fault.mode = NULL;
		ck_assert_msg(rc == RC_OK || rc == RC_BUSY || rc == RC_FAIL,
		    "%s, step %d: result %d", mode->name, n, (int)rc);
		ck_assert_int_eq(
		    db_open(path, DB_CREATE, FIXTURE_BUSY_MS, &db), RC_OK);
		ck_assert_msg(migrate(db, migrations, &from, &to) == RC_OK,
		    "%s, step %d", mode->name, n);
		ck_assert_msg(rc != RC_OK || from == to,
		    "%s, step %d: not done", mode->name, n);
		ck_assert_int_eq(db_begin(db, DB_READ), RC_OK);
		ck_assert_int_eq(
		    db_one(db, "SELECT COUNT(*) FROM tier", DB_NO_ARGS, &to),
		    RC_OK);
		ck_assert_int_eq(to, 3);
		db_close(db);
		(void)unlink(path);
		if (!fault.struck)
			break;
	}
	ck_assert_int_le(n, STEPS_MAX);
}
END_TEST

/* --- the counters --------------------------------------------------------- */

/* Counts a call of a caller of its own in all layers. */
static enum rc
count_one(struct rate *rate, int64_t caller, int64_t remaining[RATE_LAYERS])
{
	struct rate_count c[RATE_LAYERS];
	size_t denied, i;
	enum rc rc;

	for (i = 0; i < RATE_LAYERS; i++)
		rate_count_id(&c[i], (enum rate_layer)i, caller, 1000);
	rc = rate_admit(rate, c, RATE_LAYERS, FIXTURE_NOW, &denied);
	for (i = 0; i < RATE_LAYERS; i++)
		remaining[i] = c[i].remaining;
	return rc;
}

/* Counts in another process, killed before its nth write; true if it was. */
static int
count_and_die(const char *path, int n, int64_t first, int64_t last)
{
	static const struct mode killed = {
		.name = "killed", .kind = CHANGES, .crash = 1, .whole = 1
	};
	int64_t remaining[RATE_LAYERS];
	struct rate *rate;
	int status = -1;
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid != 0) {
		ck_assert_int_eq(waitpid(pid, &status, 0), pid);
		ck_assert(WIFEXITED(status));
		ck_assert(WEXITSTATUS(status) == CRASHED || status == 0);
		return status != 0;
	}
	fault.mode = &killed;
	fault.left = n;
	fault.struck = fault.cut = 0;
	if (rate_open(path, FIXTURE_BUSY_MS, &rate) != RC_OK)
		_exit(1);
	for (; first < last; first++)
		if (count_one(rate, first, remaining) != RC_OK)
			_exit(1);
	_exit(0);
}

/* True if a file is a sound database; otherwise it must be none at all. */
static int
is_sound(const char *path)
{
	sqlite3_stmt *stmt = NULL;
	sqlite3 *handle = NULL;
	int code;

	ck_assert_int_eq(
	    sqlite3_open_v2(path, &handle, SQLITE_OPEN_READONLY, "unix"),
	    SQLITE_OK);
	code = sqlite3_prepare_v2(
	    handle, "PRAGMA integrity_check", -1, &stmt, NULL);
	if (code == SQLITE_OK)
		code = sqlite3_step(stmt);
	if (code == SQLITE_ROW)
		ck_assert_str_eq(
		    (const char *)sqlite3_column_text(stmt, 0), "ok");
	else
		ck_assert_int_eq(code, SQLITE_NOTADB);
	(void)sqlite3_finalize(stmt);
	(void)sqlite3_close(handle);
	return code == SQLITE_ROW;
}

/* As many as fill a page but for a few, so that it is split on the way. */
enum { FULL = 10, MORE = 20, OLD = 3 };

START_TEST(a_process_killed_while_it_counts_leaves_whole_counters_or_none)
{
	int64_t remaining[RATE_LAYERS], caller;
	struct rate *rate, *kept;
	int n, whole, kills[2] = { 0 };
	char path[512], *bytes;
	size_t len;

	(void)snprintf(path, sizeof(path), "%s/" RATE_NAME, fx.dir);
	ck_assert(!count_and_die(path, STEPS_MAX, 0, FULL));
	bytes = fixture_read(path, &len);
	for (n = 1;; n++) {
		ck_assert_int_le(n, STEPS_MAX);
		fixture_write(path, bytes, len);
		/* This one has the pages as they were. */
		ck_assert_int_eq(
		    rate_open(path, FIXTURE_BUSY_MS, &kept), RC_OK);
		ck_assert_int_eq(count_one(kept, OLD, remaining), RC_OK);
		if (!count_and_die(path, n, FULL, FULL + MORE))
			break;
		whole = is_sound(path);
		kills[whole]++;
		ck_assert_int_eq(count_one(kept, OLD, remaining), RC_OK);
		ck_assert_int_eq(remaining[0], whole ? 997 : 999);
		rate_close(kept);
		ck_assert_int_eq(
		    rate_open(path, FIXTURE_BUSY_MS, &rate), RC_OK);
		/* In all layers or in none, whoever it was. */
		for (caller = 0; caller < FULL + MORE; caller++) {
			ck_assert_int_eq(
			    count_one(rate, caller, remaining), RC_OK);
			ck_assert_int_eq(remaining[0], remaining[1]);
			ck_assert_int_eq(remaining[0], remaining[2]);
		}
		ck_assert(is_sound(path));
		rate_close(rate);
	}
	rate_close(kept);
	free(bytes);
	/* It did happen, both ways. */
	ck_assert_int_gt(kills[0], 0);
	ck_assert_int_gt(kills[1], 0);
}
END_TEST

START_TEST(a_fault_while_counting_is_over_with_the_next_call)
{
	const struct mode *mode = &modes[_i];
	struct rate_count c[RATE_LAYERS];
	struct rate *rate = NULL;
	size_t denied;
	char path[512];
	int n;
	enum rc rc;

	if (mode->crash)
		return;
	(void)snprintf(path, sizeof(path), "%s/" RATE_NAME, fx.dir);
	for (n = 1; n <= STEPS_MAX; n++) {
		rate_count_id(&c[0], RATE_IP, n, 1000);
		rate_count_id(&c[1], RATE_KEY, n, 1000);
		rate_count_id(&c[2], RATE_TIER, n, 1000);
		fault.mode = mode;
		fault.left = n;
		fault.struck = 0;
		rc = rate_open(path, FIXTURE_BUSY_MS, &rate);
		if (rc == RC_OK)
			rc = rate_peek(rate, &c[0], FIXTURE_NOW);
		if (rc == RC_OK)
			rc = rate_admit(
			    rate, c, RATE_LAYERS, FIXTURE_NOW, &denied);
		fault.mode = NULL;
		ck_assert_msg(rc == RC_OK || rc == RC_BUSY || rc == RC_FAIL,
		    "%s, step %d: result %d", mode->name, n, (int)rc);
		/* In the same process, if there was enough to open, ... */
		if (rate != NULL)
			ck_assert_msg(rate_admit(rate, c, RATE_LAYERS,
					  FIXTURE_NOW, &denied) == RC_OK,
			    "%s, step %d: stuck", mode->name, n);
		rate_close(rate);
		rate = NULL;
		/* ... and in the next. */
		ck_assert_int_eq(
		    rate_open(path, FIXTURE_BUSY_MS, &rate), RC_OK);
		ck_assert_int_eq(
		    rate_admit(rate, c, RATE_LAYERS, FIXTURE_NOW, &denied),
		    RC_OK);
		ck_assert_int_eq(c[0].remaining, c[1].remaining);
		ck_assert_int_eq(c[0].remaining, c[2].remaining);
		rate_close(rate);
		rate = NULL;
		if (!fault.struck)
			break;
	}
	ck_assert_int_le(n, STEPS_MAX);
}
END_TEST

/* --- people --------------------------------------------------------------- */

/* What the people's work is about. */
static struct {
	struct people people;
	struct session session;
	struct login_from from;
	struct login_result result;
	struct login_codes codes;
	struct mail_token_text text;
	unsigned char secret[TOTP_SECRET_LEN];
	char code[TOTP_DIGITS + 1];
	char email[64], old[TEXT_EMAIL_MAX + 1];
	struct session_token token;
} who;

/* A session of the first account, and a later time than before. */
static void
prepare_session(enum session_stage stage, int n)
{
	static const unsigned char address[16] = { [15] = 1 };

	who.from = (struct login_from){ address, "::1", "test",
		FIXTURE_NOW + (int64_t)n * 120 };
	fixture_sql("DELETE FROM guess");
	fixture_people_begin();
	ck_assert_int_eq(session_start(fx.people.db, fx.one.account_id, stage,
			     "::1", "", who.from.now, &who.session, &who.token),
	    RC_OK);
	fixture_people_commit();
}

static void
prepare_second_on(int n)
{
	prepare_session(SESSION_FULL, n);
	fixture_sql("DELETE FROM recovery_code");
	fixture_sql("DELETE FROM second_factor");
	ck_assert_int_eq(
	    login_second_start(&fx.people, &fx.one, who.from.now, who.secret),
	    RC_OK);
	ck_assert_int_eq(
	    totp_code(who.secret, who.from.now / TOTP_STEP, who.code), RC_OK);
}

static enum rc
run_second_on(void)
{
	return login_second_on(&who.people, &who.session, who.code, TOTP_DIGITS,
	    &who.from, &who.codes, &who.result);
}

static void
prepare_second(int n)
{
	prepare_second_on(n);
	ck_assert_int_eq(login_second_on(&fx.people, &who.session, who.code,
			     TOTP_DIGITS, &who.from, &who.codes, &who.result),
	    RC_OK);
	memset(&who.codes, 0, sizeof(who.codes));
	prepare_session(SESSION_PASSWORD, n);
	who.from.now += TOTP_STEP;
	ck_assert_int_eq(
	    totp_code(who.secret, who.from.now / TOTP_STEP, who.code), RC_OK);
}

static enum rc
run_second(void)
{
	return login_second(&who.people, &who.session, who.code, TOTP_DIGITS,
	    &who.from, &who.result);
}

static void
prepare_codes(int n)
{
	prepare_second(n);
	prepare_session(SESSION_FULL, n);
}

static enum rc
run_codes(void)
{
	return login_codes_new(
	    &who.people, &who.session, &who.from, &who.codes, &who.result);
}

static void
prepare_sign_up(int n)
{
	prepare_session(SESSION_FULL, n);
	(void)snprintf(who.email, sizeof(who.email), "n%d@example.test", n);
}

static enum rc
run_sign_up(void)
{
	return login_sign_up(
	    &who.people, who.email, "Jo", &who.from, &who.text, &who.result);
}

static void
prepare_email(int n)
{
	prepare_sign_up(n);
	ck_assert_int_eq(login_email_ask(&fx.people, &who.session, who.email,
			     &who.from, &who.text, &who.result),
	    RC_OK);
}

static enum rc
run_email(void)
{
	return login_email_change(&who.people, who.text.s, MAIL_TOKEN_LEN,
	    who.session.id, &who.from, who.old, &who.result);
}

static void
prepare_logout(int n)
{
	prepare_session(SESSION_FULL, n);
}

static enum rc
run_logout(void)
{
	return login_out(&who.people, &who.session, &who.from);
}

static enum rc
run_find(void)
{
	struct session found;
	enum rc rc;

	rc = session_find(who.people.db, who.token.s, SESSION_TOKEN_LEN,
	    who.from.now + SESSION_SEEN_EVERY, &found);
	/* Check itself allocates: this tells it without. */
	if (found.id != (rc == RC_OK ? who.session.id : 0))
		return RC_LIMITED;
	return rc;
}

static const struct {
	const char *name;
	void (*prepare)(int n);
	enum rc (*run)(void);
	int keeps_text; /* the token is what it was called with */
} people_works[] = {
	{ "turning the second factor on", prepare_second_on, run_second_on, 0 },
	{ "completing a log-in", prepare_second, run_second, 0 },
	{ "making recovery codes", prepare_codes, run_codes, 0 },
	{ "signing up", prepare_sign_up, run_sign_up, 0 },
	{ "changing an address", prepare_email, run_email, 1 },
	{ "logging out", prepare_logout, run_logout, 0 },
	{ "finding a session", prepare_logout, run_find, 0 },
};

enum { PEOPLE_WORKS = ROWS(people_works) };

/* Opens both databases, works and closes. */
static enum rc
run_people(int work)
{
	struct db *db = NULL;
	enum rc rc;

	memset(&who.result, 0, sizeof(who.result));
	memset(&who.people, 0, sizeof(who.people));
	rc = db_open(fx.path, 0, FIXTURE_BUSY_MS, &db);
	if (rc == RC_OK)
		rc = people_open(&fx.config, db, &who.people);
	if (rc == RC_OK)
		rc = people_works[work].run();
	people_close(&who.people);
	db_close(db);
	return rc;
}

static void
no_fault(void *arg, const struct site_fault *found)
{
	ck_abort_msg("%s: %s %lld: %s", (const char *)arg, found->check,
	    (long long)found->id, found->what);
}

/* Whatever fails, nobody gets anything by it, and nothing is half done. */
START_TEST(a_fault_gives_nobody_a_token)
{
	const struct mode *mode = &modes[_i % MODES];
	int n, work = _i / MODES;
	const char *name = people_works[work].name;
	int64_t nfaults = 0;
	enum rc rc;

	/* A disk that fails for good, memory that fails for a moment. */
	if (mode->crash || mode->sticky != (mode->kind != ALLOCATIONS))
		return;
	for (n = 1; n <= STEPS_MAX; n++) {
		memset(&who.codes, 0, sizeof(who.codes));
		people_works[work].prepare(n);
		fault.left = n;
		fault.struck = fault.cut = 0;
		fault.mode = mode;
		rc = run_people(work);
		fault.mode = NULL;
		ck_assert_msg(rc == RC_OK || rc == RC_BUSY || rc == RC_FAIL,
		    "%s, %s, step %d: result %d", name, mode->name, n, (int)rc);
		if (rc != RC_OK) {
			ck_assert_str_eq(who.result.token.s, "");
			ck_assert_str_eq(who.codes.code[0], "");
			ck_assert(people_works[work].keeps_text ||
				  who.text.s[0] == '\0');
		}
		ck_assert_int_eq(
		    site_check_people(fx.people.db, fx.db, no_fault,
			(void *)(uintptr_t)name, &nfaults),
		    RC_OK);
		/* Once more: it works, unless it was done after all. */
		if (rc != RC_OK) {
			rc = run_people(work);
			ck_assert_msg(
			    rc == RC_OK ||
				(fault.cut && rc != RC_BUSY && rc != RC_FAIL),
			    "%s, %s, step %d: then %d", name, mode->name, n,
			    (int)rc);
		}
		memset(&who.text, 0, sizeof(who.text));
		if (!fault.struck)
			break;
	}
	ck_assert_int_gt(n, 1);
	ck_assert_int_le(n, STEPS_MAX);
}
END_TEST

static void
setup_people(void)
{
	fault.mode = NULL;
	take_allocators();
	register_shim();
	fixture_people_setup();
}

static void
setup(void)
{
	fault.mode = NULL;
	take_allocators();
	register_shim();
	fixture_setup();
}

static void
setup_log(void)
{
	int changed;

	setup();
	ck_assert_int_eq(
	    db_set_journal(fx.db, DB_JOURNAL_WAL, &changed), RC_OK);
}

static Suite *
make_suite(void)
{
	Suite *suite = suite_create("faults");
	TCase *tc = tcase_create("faults");

	tcase_add_checked_fixture(tc, setup, fixture_teardown);
	tcase_add_loop_test(
	    tc, a_fault_at_any_step_leaves_all_or_nothing, 0, WORKS * MODES);
	tcase_add_loop_test(
	    tc, a_fault_while_migrating_is_made_good_by_the_next_run, 0, MODES);
	tcase_add_loop_test(
	    tc, a_fault_while_counting_is_over_with_the_next_call, 0, MODES);
	suite_add_tcase(suite, tc);

	tc = tcase_create("log");
	tcase_add_checked_fixture(tc, setup_log, fixture_teardown);
	tcase_add_loop_test(
	    tc, a_fault_at_any_step_with_a_log_leaves_all_or_nothing, 0, MODES);
	tcase_add_loop_test(tc,
	    a_fault_in_a_paused_transaction_leaves_all_or_nothing, 0, MODES);
	suite_add_tcase(suite, tc);

	tc = tcase_create("people");
	tcase_add_checked_fixture(tc, setup_people, fixture_teardown);
	tcase_add_loop_test(
	    tc, a_fault_gives_nobody_a_token, 0, PEOPLE_WORKS * MODES);
	suite_add_tcase(suite, tc);

	tc = tcase_create("counters");
	tcase_add_checked_fixture(tc, setup, fixture_teardown);
	tcase_add_test(
	    tc, a_process_killed_while_it_counts_leaves_whole_counters_or_none);
	suite_add_tcase(suite, tc);
	return suite;
}

SUITE_MAIN(make_suite)
