/* SPDX-License-Identifier: ISC */
/*
 * The string format of the Password Hashing Competition, in which a hash
 * stands with all that it takes to make it again:
 * "$argon2id$v=19$m=19456,t=2,p=1$salt$hash".
 */
#ifndef LATCHKEY_PHC_H
#define LATCHKEY_PHC_H

#include <stddef.h>

#include "rc.h"
#include "secret.h"

enum { PHC_LEN = 256 }; /* of any that is taken, NUL included */

/* The parts of an Argon2id hash. */
struct phc {
	struct secret_argon2 cost;
	unsigned char salt[SECRET_ARGON2_SALT_MAX];
	size_t salt_len;
	unsigned char hash[SECRET_ARGON2_HASH_MAX];
	size_t hash_len;
};

/* Writes it to text, which takes len bytes.  RC_FAIL if it does not fit. */
enum rc phc_format(const struct phc *phc, char *text, size_t len);

/*
 * Reads one that phc_format could have written, and whose hash can be made
 * (secret_argon2_is_possible).  RC_INVALID: *phc is then undefined.
 */
enum rc phc_parse(const char *text, struct phc *phc);

#endif
