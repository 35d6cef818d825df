/* SPDX-License-Identifier: ISC */
/*
 * To open the database, parse its schema and ask it costs a program of one
 * call more than half of all its time.  What is in the database changes with
 * commits alone, and that there was none since is seen from its first bytes.
 *
 * A place of the file has what was found, sealed by an HMAC of that and of
 * the key: nobody gets what was found for another key, what is torn (readers
 * and writers do not lock) or damaged is nothing, and of keys the file tells
 * nothing.
 */
#include "caller_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include "log.h"
#include "schema_version.h"

/*
 * Of two keys that share a place the one that called last has it: of some
 * hundred keys few do.  A prime, since not all bits of an id are random.
 */
enum { PLACES = 1021, FORMAT = 1 };

/* No padding, and all of it is set, since all of it is hashed. */
struct record {
	int64_t format; /* this one and the schema's: programs change */
	int64_t key_id, account_id, tier_limit, suspended, balance_nano;
	int64_t last_used_at;
	struct db_mark mark; /* of the state that has it so */
};

struct place {
	unsigned char seal[SECRET_HASH_LEN];
	struct record record;
};

/* What is sealed: no other use of the pepper begins with this word. */
struct sealed {
	char what[7];
	char key[API_KEY_LEN];
	struct record record;
};

static const int64_t format = FORMAT * 1000000 + SCHEMA_VERSION;

static enum rc
seal(const struct pepper *pepper, const char *key, const struct record *record,
    unsigned char mac[SECRET_HASH_LEN])
{
	struct sealed sealed = { .what = "caller:" };
	enum rc rc;

	memcpy(sealed.key, key, sizeof(sealed.key));
	sealed.record = *record;
	rc = secret_hmac(pepper, &sealed, sizeof(sealed), mac);
	secret_wipe(&sealed, sizeof(sealed));
	return rc;
}

/* Where a key's place begins; its public id tells nothing of the rest. */
static off_t
place_of(const char *key)
{
	uint64_t id;

	_Static_assert(sizeof(id) == API_KEY_ID_LEN, "one number");
	memcpy(&id, key + API_KEY_PREFIX_LEN, sizeof(id));
	return (off_t)(id % PLACES * sizeof(struct place));
}

static int
read_place(const char *path, const char *key, struct place *place)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), done;

	if (fd < 0)
		return 0;
	done = pread(fd, place, sizeof(*place), place_of(key)) ==
	       (ssize_t)sizeof(*place);
	(void)close(fd);
	return done && place->record.format == format;
}

enum rc
caller_file_recall(const char *path, struct db *db, const struct pepper *pepper,
    const char *key, size_t len, int64_t now, struct caller *caller, int *touch)
{
	struct api_key_found found = { 0 };
	unsigned char mac[SECRET_HASH_LEN];
	struct db_mark mark;
	struct place place;
	enum rc rc;

	memset(caller, 0, sizeof(*caller));
	*touch = 0;
	if (!api_key_well_formed(key, len) || !read_place(path, key, &place))
		return RC_NOT_FOUND;
	rc = seal(pepper, key, &place.record, mac);
	if (rc != RC_OK)
		return rc;
	if (!secret_equal(mac, place.seal, sizeof(mac)) ||
	    db_read_mark(db, &mark) != RC_OK ||
	    memcmp(&mark, &place.record.mark, sizeof(mark)) != 0)
		return RC_NOT_FOUND;
	found.caller.key_id = place.record.key_id;
	found.caller.account_id = place.record.account_id;
	found.caller.tier_limit = place.record.tier_limit;
	found.caller.suspended = place.record.suspended != 0;
	found.caller.balance_nano = place.record.balance_nano;
	found.last_used_at = place.record.last_used_at;
	api_key_give(&found, now, caller, touch);
	return RC_OK;
}

static void
write_place(const char *path, const char *key, const struct place *place)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0 || pwrite(fd, place, sizeof(*place), place_of(key)) !=
			  (ssize_t)sizeof(*place))
		log_err("cannot write %s: %s", path, strerror(errno));
	if (fd >= 0)
		(void)close(fd);
}

/* What was found for the caller's key; NULL if it is not known any more. */
static const struct api_key_found *
find(const struct api_key_known *known, const struct caller *caller)
{
	size_t i;

	for (i = 0; i < API_KEY_KNOWN; i++)
		if (known->rows[i].is_used &&
		    known->rows[i].caller.key_id == caller->key_id)
			return &known->rows[i];
	return NULL;
}

void
caller_file_leave(const char *path, struct db *db, const struct pepper *pepper,
    const char *key, size_t len, const struct caller *caller,
    const struct api_key_known *known)
{
	const struct api_key_found *found = find(known, caller);
	struct place place = { .record.format = format };
	struct record *record = &place.record;

	if (found == NULL || len != API_KEY_LEN ||
	    db_read_mark(db, &record->mark) != RC_OK ||
	    !db_mark_is_of(&record->mark, &known->state))
		return;
	record->key_id = found->caller.key_id;
	record->account_id = found->caller.account_id;
	record->tier_limit = found->caller.tier_limit;
	record->suspended = found->caller.suspended;
	record->balance_nano = found->caller.balance_nano;
	record->last_used_at = found->last_used_at;
	if (seal(pepper, key, record, place.seal) == RC_OK)
		write_place(path, key, &place);
}
