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
	SECRET_PEPPER_LEN = 32
};

/* The pepper's file in the data directory. */
#define SECRET_PEPPER_NAME "pepper"

/* The installation's pepper, read from its file. */
struct pepper {
	unsigned char bytes[SECRET_PEPPER_LEN];
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

/* HMAC-SHA-256 (RFC 2104) of len bytes under the pepper. */
enum rc secret_hmac(const struct pepper *pepper, const void *data, size_t len,
    unsigned char mac[SECRET_HASH_LEN]);

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
 * Makes the pepper's file, mode 0600, durably; never overwrites one
 * (RC_INVALID if the file exists).
 */
enum rc secret_pepper_create(const char *path);

#endif
