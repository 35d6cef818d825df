/* SPDX-License-Identifier: ISC */
/*
 * Random numbers, hashes and comparisons: all of libgcrypt is here.
 */
#ifndef LATCHKEY_SECRET_H
#define LATCHKEY_SECRET_H

#include <stddef.h>
#include <stdint.h>

#include "rc.h"

enum {
	SECRET_HASH_LEN = 32, /* SHA-256, FIPS 180-4 */
	SECRET_SHA1_LEN = 20, /* SHA-1, likewise */
	SECRET_PEPPER_LEN = 32,
	SECRET_SEAL_KEY_LEN = 32, /* AES-256 */
	/* Bytes that sealing adds: version, nonce, tag (NIST SP 800-38D). */
	SECRET_SEAL_VERSION_LEN = 1,
	SECRET_SEAL_NONCE_LEN = 12,
	SECRET_SEAL_TAG_LEN = 16,
	SECRET_SEAL_EXTRA = SECRET_SEAL_VERSION_LEN + SECRET_SEAL_NONCE_LEN +
			    SECRET_SEAL_TAG_LEN
};

/* Files in the data directory. */
#define SECRET_PEPPER_NAME "pepper"
#define SECRET_SEAL_KEY_NAME "seal.key"

struct gcry_md_handle;

/* The installation's pepper, read from its file. */
struct pepper {
	unsigned char bytes[SECRET_PEPPER_LEN];
	struct gcry_md_handle *mac; /* secret_pepper_prepare's; or NULL */
};

/* The key that seals what must be read again; from its file. */
struct seal_key {
	unsigned char bytes[SECRET_SEAL_KEY_LEN];
};

/*
 * Starts libgcrypt (without FIPS self-tests and locked memory); once a
 * process is enough, more does no harm.  RC_FAIL (logged) if it is too old.
 */
enum rc secret_init(void);

/* Fills buf from getrandom(2).  RC_FAIL (logged) if the kernel has none. */
enum rc secret_random(void *buf, size_t len);

/*
 * Writes n random characters of 0-9A-Za-z and a NUL to buf (n + 1 bytes),
 * each of the 62 equally likely.
 */
enum rc secret_random_base62(char *buf, size_t n);

/* SHA-256 of len bytes. */
enum rc secret_sha256(
    const void *data, size_t len, unsigned char hash[SECRET_HASH_LEN]);

/*
 * HMAC-SHA-256 (RFC 2104) of len bytes under the pepper.  What is hashed
 * begins with words that no other use of the pepper begins with ("lk_",
 * "recovery:", "caller:"), so that no HMAC can stand in for one of another
 * kind.
 */
enum rc secret_hmac(const struct pepper *pepper, const void *data, size_t len,
    unsigned char mac[SECRET_HASH_LEN]);

/* HMAC-SHA-256 under a key of any length. */
enum rc secret_hmac_key(const void *key, size_t key_len, const void *data,
    size_t len, unsigned char mac[SECRET_HASH_LEN]);

/* HMAC-SHA-1 under a key of any length: for one-time passwords alone. */
enum rc secret_hmac_sha1(const void *key, size_t key_len, const void *data,
    size_t len, unsigned char mac[SECRET_SHA1_LEN]);

/* What an Argon2 hash costs (RFC 9106). */
struct secret_argon2 {
	int64_t memory_kib;
	int64_t passes;
	int64_t lanes;
};

/* What is taken: libgcrypt crashes on more memory, and takes no passes. */
enum {
	SECRET_ARGON2_KIB_MAX = 65536,
	SECRET_ARGON2_PASSES_MAX = 16,
	SECRET_ARGON2_LANES_MAX = 4,
	SECRET_ARGON2_SALT_MIN = 8, /* bytes of salt and of the hash */
	SECRET_ARGON2_SALT_MAX = 64,
	SECRET_ARGON2_HASH_MIN = 16,
	SECRET_ARGON2_HASH_MAX = 64
};

/* True if a hash of this cost and these lengths is one that can be made. */
int secret_argon2_is_possible(
    const struct secret_argon2 *cost, size_t salt_len, size_t hash_len);

/*
 * Argon2id, version 19, of len bytes; allocates and wipes its memory.
 * RC_FAIL (logged), also if it is not possible.
 */
enum rc secret_argon2id(const struct secret_argon2 *cost, const void *data,
    size_t len, const unsigned char *salt, size_t salt_len, unsigned char *hash,
    size_t hash_len);

/* 1 if both are the same len bytes, in time that depends on len alone. */
int secret_equal(const void *a, const void *b, size_t len);

/* Overwrites len bytes; not optimised away. */
void secret_wipe(void *buf, size_t len);

/*
 * Reads the pepper from a file of exactly SECRET_PEPPER_LEN bytes that
 * belongs to the user and that nobody else can read.  RC_FAIL (logged).
 */
enum rc secret_pepper_load(const char *path, struct pepper *pepper);

/*
 * Prepares for many an HMAC under the pepper, which then take half the time.
 * RC_FAIL (logged).
 */
enum rc secret_pepper_prepare(struct pepper *pepper);

/*
 * Wipes the pepper and what was prepared.  It may be called twice, and of one
 * that was not prepared wiping the bytes does as well.
 */
void secret_pepper_clear(struct pepper *pepper);

/*
 * Makes the pepper's file, mode 0600, durably; never overwrites one
 * (RC_INVALID if the file exists).
 */
enum rc secret_pepper_create(const char *path);

/* The same for the sealing key. */
enum rc secret_seal_key_load(const char *path, struct seal_key *key);
enum rc secret_seal_key_create(const char *path);

/*
 * Seals len bytes with AES-256-GCM under a fresh nonce into sealed, which
 * takes len + SECRET_SEAL_EXTRA bytes.  Where names the place it is for
 * ("webhook:7"): elsewhere it cannot be unsealed.  RC_FAIL (logged).
 */
enum rc secret_seal(const struct seal_key *key, const char *where,
    const void *data, size_t len, unsigned char *sealed);

/*
 * Unseals what has sealed_len bytes into data, which takes sealed_len -
 * SECRET_SEAL_EXTRA bytes.  RC_DENIED (not logged) if it was changed, is for
 * another place or was sealed with another key, RC_FAIL (logged): data is
 * then wiped.
 */
enum rc secret_unseal(const struct seal_key *key, const char *where,
    const unsigned char *sealed, size_t sealed_len, void *data);

#endif
