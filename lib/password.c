/* SPDX-License-Identifier: ISC */
/*
 * How passwords are kept.  The slots are lock files and not a counter: the
 * kernel gives a slot back when its holder dies, whatever killed it.
 */
#include "password.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "log.h"
#include "phc.h"

/* What is kept from now on: other hashes are read, and made anew. */
static const struct phc now = {
	.cost = { .memory_kib = 19456, .passes = 2, .lanes = 1 },
	.salt_len = 16,
	.hash_len = 32,
};

enum {
	/*
	 * How long one waits for a slot: a dozen hashes are done in that
	 * time, so that people who log in at once are not turned away, and a
	 * flood does not pile up.
	 */
	WAIT_MS = 300,
	NAP_MS = 10
};

/* --- slots ---------------------------------------------------------------- */

/* Takes one slot, if it is free: a descriptor that holds its lock, or -1. */
static enum rc
try_slot(const struct config *config, unsigned int i, int *slot)
{
	char name[sizeof(PASSWORD_SLOT_NAME) + 12];
	char path[CONFIG_PATH_MAX];
	int fd;

	(void)snprintf(name, sizeof(name), PASSWORD_SLOT_NAME "%u", i);
	if (config_data_path(config, name, path) != RC_OK)
		return RC_FAIL;
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0) {
		log_err("cannot open %s: %s", path, strerror(errno));
		return errno == ENOSPC || errno == EDQUOT ? RC_BUSY : RC_FAIL;
	}
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		*slot = fd;
	else
		(void)close(fd);
	return RC_OK;
}

/* Waits for a slot, not for long; *slot is to be closed.  RC_BUSY. */
static enum rc
take_slot(const struct config *config, int *slot)
{
	const struct timespec nap = { 0, NAP_MS * 1000000L };
	enum rc rc = RC_OK;
	unsigned int i;
	int waited;

	*slot = -1;
	for (waited = 0;; waited += NAP_MS) {
		for (i = 0; rc == RC_OK && *slot < 0 && i < PASSWORD_AT_ONCE;
		     i++)
			rc = try_slot(config, i, slot);
		if (rc != RC_OK || *slot >= 0)
			return rc;
		if (waited >= WAIT_MS)
			return RC_BUSY;
		(void)nanosleep(&nap, NULL);
	}
}

/* --- hashing -------------------------------------------------------------- */

/*
 * Argon2id of the password's HMAC.  The words in front keep this use of the
 * pepper apart from all others: no HMAC made elsewhere is ever one of these.
 */
static enum rc
hash_password(const struct config *config, const struct pepper *pepper,
    const char *password, size_t len, const struct phc *phc,
    unsigned char *hash)
{
	static const char use[] = "latchkey password";
	unsigned char text[sizeof(use) + PASSWORD_MAX], mac[SECRET_HASH_LEN];
	int slot = -1;
	enum rc rc;

	memcpy(text, use, sizeof(use));
	memcpy(text + sizeof(use), password, len);
	rc = secret_hmac(pepper, text, sizeof(use) + len, mac);
	secret_wipe(text, sizeof(text));
	if (rc == RC_OK)
		rc = take_slot(config, &slot);
	if (rc == RC_OK)
		rc = secret_argon2id(&phc->cost, mac, sizeof(mac), phc->salt,
		    phc->salt_len, hash, phc->hash_len);
	if (slot >= 0)
		(void)close(slot);
	secret_wipe(mac, sizeof(mac));
	return rc;
}

enum rc
password_hash(const struct config *config, const struct pepper *pepper,
    const char *password, size_t len, struct password_phc *kept)
{
	struct phc phc = now;
	enum rc rc;

	kept->s[0] = '\0';
	if (len > PASSWORD_MAX)
		return RC_INVALID;
	rc = secret_random(phc.salt, phc.salt_len);
	if (rc == RC_OK)
		rc = hash_password(
		    config, pepper, password, len, &phc, phc.hash);
	if (rc == RC_OK)
		rc = phc_format(&phc, kept->s, sizeof(kept->s));
	secret_wipe(&phc, sizeof(phc));
	return rc;
}

static int
is_outdated(const struct phc *phc)
{
	return phc->cost.memory_kib != now.cost.memory_kib ||
	       phc->cost.passes != now.cost.passes ||
	       phc->cost.lanes != now.cost.lanes ||
	       phc->salt_len != now.salt_len || phc->hash_len != now.hash_len;
}

enum rc
password_verify(const struct config *config, const struct pepper *pepper,
    const char *password, size_t len, const char *kept, int *outdated)
{
	unsigned char hash[SECRET_ARGON2_HASH_MAX] = { 0 };
	int is_kept = kept != NULL && kept[0] != '\0';
	/* Where nothing is kept, something is hashed all the same. */
	struct phc phc = now;
	enum rc rc;

	*outdated = 0;
	if (is_kept && phc_parse(kept, &phc) != RC_OK) {
		log_err("cannot use what is kept of a password: it is damaged");
		is_kept = 0;
		phc = now;
	}
	/* What is too long was never taken; its beginning is hashed. */
	if (len > PASSWORD_MAX) {
		is_kept = 0;
		len = PASSWORD_MAX;
	}
	rc = hash_password(config, pepper, password, len, &phc, hash);
	if (rc == RC_OK &&
	    !(secret_equal(hash, phc.hash, phc.hash_len) & is_kept))
		rc = RC_DENIED;
	if (rc == RC_OK)
		*outdated = is_outdated(&phc);
	secret_wipe(hash, sizeof(hash));
	secret_wipe(&phc, sizeof(phc));
	return rc;
}
