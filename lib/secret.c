/* SPDX-License-Identifier: ISC */
/*
 * libgcrypt's corner.  FACTS on 1.10: the FIPS switch works only before
 * initialization, a MAC is compared here because gcry_mac_verify accepts a
 * truncated one, and random bytes come from getrandom(2).  Argon2's handle
 * keeps pointers to what it is given, and its parameters are not checked.
 */
#include "secret.h"

#include <errno.h>
#include <fcntl.h>
#include <gcrypt.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "log.h"

static const char BASE62[] =
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

enum rc
secret_init(void)
{
	if (gcry_control(GCRYCTL_INITIALIZATION_FINISHED_P))
		return RC_OK;
	if (gcry_check_version("1.10.0") == NULL) {
		log_err("cannot use libgcrypt %s: 1.10.0 is needed",
		    gcry_check_version(NULL));
		return RC_FAIL;
	}
	(void)gcry_control(GCRYCTL_NO_FIPS_MODE);
	(void)gcry_control(GCRYCTL_DISABLE_SECMEM);
	(void)gcry_control(GCRYCTL_INITIALIZATION_FINISHED);
	return RC_OK;
}

enum rc
secret_random(void *buf, size_t len)
{
	unsigned char *p = buf;

	while (len > 0) {
		ssize_t n = getrandom(p, len, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			log_err("cannot get random bytes: %s", strerror(errno));
			return RC_FAIL;
		}
		p += n;
		len -= (size_t)n;
	}
	return RC_OK;
}

enum rc
secret_random_base62(char *buf, size_t n)
{
	/* The largest multiple of 62 that fits a byte: no bias above it. */
	enum { FAIR = 248, CHUNK = 64 };
	unsigned char bytes[CHUNK];
	enum rc rc = RC_OK;
	size_t done = 0, i;

	while (done < n) {
		if ((rc = secret_random(bytes, sizeof(bytes))) != RC_OK)
			break;
		for (i = 0; i < sizeof(bytes) && done < n; i++)
			if (bytes[i] < FAIR)
				buf[done++] = BASE62[bytes[i] % 62];
	}
	secret_wipe(bytes, sizeof(bytes));
	if (rc != RC_OK)
		done = 0;
	buf[done] = '\0';
	return rc;
}

/* A hash that waits for its data, or an HMAC with a key; NULL (logged). */
static gcry_md_hd_t
open_md(int algorithm, const void *key, size_t key_len)
{
	gcry_md_hd_t md = NULL;
	gcry_error_t err;

	err = gcry_md_open(&md, algorithm, key != NULL ? GCRY_MD_FLAG_HMAC : 0);
	if (err == 0 && key != NULL)
		err = gcry_md_setkey(md, key, key_len);
	if (err == 0)
		return md;
	log_err("cannot hash: %s", gcry_strerror(err));
	gcry_md_close(md);
	return NULL;
}

/* Gives data to it; out takes all of the result. */
static void
finish(gcry_md_hd_t md, int algorithm, const void *data, size_t len,
    unsigned char *out)
{
	gcry_md_write(md, data, len);
	memcpy(
	    out, gcry_md_read(md, algorithm), gcry_md_get_algo_dlen(algorithm));
}

static enum rc
digest(int algorithm, const void *key, size_t key_len, const void *data,
    size_t len, unsigned char *out)
{
	gcry_md_hd_t md = open_md(algorithm, key, key_len);

	if (md == NULL)
		return RC_FAIL;
	finish(md, algorithm, data, len, out);
	gcry_md_close(md);
	return RC_OK;
}

enum rc
secret_sha256(const void *data, size_t len, unsigned char hash[SECRET_HASH_LEN])
{
	return digest(GCRY_MD_SHA256, NULL, 0, data, len, hash);
}

enum rc
secret_hmac(const struct pepper *pepper, const void *data, size_t len,
    unsigned char mac[SECRET_HASH_LEN])
{
	if (pepper->mac == NULL)
		return digest(GCRY_MD_SHA256, pepper->bytes,
		    sizeof(pepper->bytes), data, len, mac);
	finish(pepper->mac, GCRY_MD_SHA256, data, len, mac);
	/* Nothing of these data is left behind. */
	gcry_md_reset(pepper->mac);
	return RC_OK;
}

enum rc
secret_hmac_key(const void *key, size_t key_len, const void *data, size_t len,
    unsigned char mac[SECRET_HASH_LEN])
{
	return digest(GCRY_MD_SHA256, key, key_len, data, len, mac);
}

enum rc
secret_hmac_sha1(const void *key, size_t key_len, const void *data, size_t len,
    unsigned char mac[SECRET_SHA1_LEN])
{
	return digest(GCRY_MD_SHA1, key, key_len, data, len, mac);
}

/* True if min <= n <= max. */
static int
is_within(int64_t n, int64_t min, int64_t max)
{
	return n >= min && n <= max;
}

int
secret_argon2_is_possible(
    const struct secret_argon2 *cost, size_t salt_len, size_t hash_len)
{
	return is_within(cost->lanes, 1, SECRET_ARGON2_LANES_MAX) &&
	       is_within(
		   cost->memory_kib, 8 * cost->lanes, SECRET_ARGON2_KIB_MAX) &&
	       is_within(cost->passes, 1, SECRET_ARGON2_PASSES_MAX) &&
	       salt_len >= SECRET_ARGON2_SALT_MIN &&
	       salt_len <= SECRET_ARGON2_SALT_MAX &&
	       hash_len >= SECRET_ARGON2_HASH_MIN &&
	       hash_len <= SECRET_ARGON2_HASH_MAX;
}

enum rc
secret_argon2id(const struct secret_argon2 *cost, const void *data, size_t len,
    const unsigned char *salt, size_t salt_len, unsigned char *hash,
    size_t hash_len)
{
	unsigned long params[4];
	gcry_kdf_hd_t kdf = NULL;
	gcry_error_t err;

	if (!secret_argon2_is_possible(cost, salt_len, hash_len)) {
		log_err("cannot hash a password: its parameters are "
			"impossible");
		return RC_FAIL;
	}
	params[0] = hash_len;
	params[1] = (unsigned long)cost->passes;
	params[2] = (unsigned long)cost->memory_kib;
	params[3] = (unsigned long)cost->lanes;
	err = gcry_kdf_open(&kdf, GCRY_KDF_ARGON2, GCRY_KDF_ARGON2ID, params, 4,
	    data, len, salt, salt_len, NULL, 0, NULL, 0);
	if (err == 0)
		err = gcry_kdf_compute(kdf, NULL);
	if (err == 0)
		err = gcry_kdf_final(kdf, hash_len, hash);
	if (kdf != NULL)
		gcry_kdf_close(kdf);
	if (err == 0)
		return RC_OK;
	log_err("cannot hash a password: %s", gcry_strerror(err));
	secret_wipe(hash, hash_len);
	return RC_FAIL;
}

int
secret_equal(const void *a, const void *b, size_t len)
{
	const volatile unsigned char *x = a, *y = b;
	unsigned int differ = 0;
	size_t i;

	for (i = 0; i < len; i++)
		differ |= (unsigned int)(x[i] ^ y[i]);
	return differ == 0;
}

void
secret_wipe(void *buf, size_t len)
{
	explicit_bzero(buf, len);
}

/* Reads a key file: exactly len bytes that nobody else can read. */
static enum rc
load_file(const char *path, const char *what, unsigned char *bytes, size_t len)
{
	enum rc rc = RC_FAIL;
	struct stat st;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 || fstat(fd, &st) != 0) {
		log_err(
		    "cannot open the %s %s: %s", what, path, strerror(errno));
		goto out;
	}
	if (st.st_uid != geteuid() || (st.st_mode & 077) != 0) {
		log_err("refuse the %s %s: its mode must be 0600 and its "
			"owner the user of this program",
		    what, path);
		goto out;
	}
	if (st.st_size != (off_t)len || read(fd, bytes, len) != (ssize_t)len) {
		log_err("cannot read the %s %s: it must have %zu bytes", what,
		    path, len);
		secret_wipe(bytes, len);
		goto out;
	}
	rc = RC_OK;
out:
	if (fd >= 0)
		(void)close(fd);
	return rc;
}

/* Makes a key file of len random bytes; RC_INVALID if there is one. */
static enum rc
create_file(const char *path, const char *what, size_t len)
{
	unsigned char bytes[64];
	enum rc rc = RC_FAIL;
	int fd = -1;

	if (len > sizeof(bytes) || secret_random(bytes, len) != RC_OK)
		return RC_FAIL;
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0 && errno == EEXIST) {
		rc = RC_INVALID;
		goto out;
	}
	if (fd < 0 || write(fd, bytes, len) != (ssize_t)len || fsync(fd) != 0) {
		log_err(
		    "cannot make the %s %s: %s", what, path, strerror(errno));
		if (fd >= 0)
			(void)unlink(path);
		goto out;
	}
	rc = RC_OK;
out:
	secret_wipe(bytes, sizeof(bytes));
	if (fd >= 0)
		(void)close(fd);
	return rc;
}

static const char PEPPER[] = "pepper";
static const char SEAL_KEY[] = "sealing key";

enum rc
secret_pepper_load(const char *path, struct pepper *pepper)
{
	pepper->mac = NULL;
	return load_file(path, PEPPER, pepper->bytes, sizeof(pepper->bytes));
}

enum rc
secret_pepper_prepare(struct pepper *pepper)
{
	pepper->mac =
	    open_md(GCRY_MD_SHA256, pepper->bytes, sizeof(pepper->bytes));
	return pepper->mac != NULL ? RC_OK : RC_FAIL;
}

void
secret_pepper_clear(struct pepper *pepper)
{
	/* libgcrypt wipes what it frees. */
	gcry_md_close(pepper->mac);
	secret_wipe(pepper, sizeof(*pepper));
}

enum rc
secret_pepper_create(const char *path)
{
	return create_file(path, PEPPER, SECRET_PEPPER_LEN);
}

enum rc
secret_seal_key_load(const char *path, struct seal_key *key)
{
	return load_file(path, SEAL_KEY, key->bytes, sizeof(key->bytes));
}

enum rc
secret_seal_key_create(const char *path)
{
	return create_file(path, SEAL_KEY, SECRET_SEAL_KEY_LEN);
}

enum { SEAL_VERSION = 1 }; /* first byte of what is sealed */

/* An AES-256-GCM context with key, nonce and place; NULL (logged). */
static gcry_cipher_hd_t
open_cipher(
    const struct seal_key *key, const char *where, const unsigned char *nonce)
{
	gcry_cipher_hd_t cipher = NULL;
	gcry_error_t err;

	err = gcry_cipher_open(
	    &cipher, GCRY_CIPHER_AES256, GCRY_CIPHER_MODE_GCM, 0);
	if (err == 0)
		err =
		    gcry_cipher_setkey(cipher, key->bytes, sizeof(key->bytes));
	if (err == 0)
		err = gcry_cipher_setiv(cipher, nonce, SECRET_SEAL_NONCE_LEN);
	if (err == 0)
		err = gcry_cipher_authenticate(cipher, where, strlen(where));
	if (err == 0)
		return cipher;
	log_err("cannot seal: %s", gcry_strerror(err));
	gcry_cipher_close(cipher);
	return NULL;
}

enum rc
secret_seal(const struct seal_key *key, const char *where, const void *data,
    size_t len, unsigned char *sealed)
{
	unsigned char *nonce = sealed + SECRET_SEAL_VERSION_LEN;
	unsigned char *text = nonce + SECRET_SEAL_NONCE_LEN;
	gcry_cipher_hd_t cipher = NULL;
	enum rc rc = RC_FAIL;
	gcry_error_t err;

	sealed[0] = SEAL_VERSION;
	if (secret_random(nonce, SECRET_SEAL_NONCE_LEN) != RC_OK ||
	    (cipher = open_cipher(key, where, nonce)) == NULL)
		goto out;
	err = gcry_cipher_encrypt(cipher, text, len, data, len);
	if (err == 0)
		err =
		    gcry_cipher_gettag(cipher, text + len, SECRET_SEAL_TAG_LEN);
	if (err != 0) {
		log_err("cannot seal: %s", gcry_strerror(err));
		goto out;
	}
	rc = RC_OK;
out:
	gcry_cipher_close(cipher);
	return rc;
}

enum rc
secret_unseal(const struct seal_key *key, const char *where,
    const unsigned char *sealed, size_t sealed_len, void *data)
{
	const unsigned char *nonce = sealed + SECRET_SEAL_VERSION_LEN;
	const unsigned char *text = nonce + SECRET_SEAL_NONCE_LEN;
	unsigned char tag[SECRET_SEAL_TAG_LEN];
	gcry_cipher_hd_t cipher = NULL;
	enum rc rc = RC_DENIED;
	gcry_error_t err;
	size_t len;

	if (sealed_len < SECRET_SEAL_EXTRA)
		return RC_DENIED;
	len = sealed_len - SECRET_SEAL_EXTRA;
	if (sealed[0] != SEAL_VERSION)
		goto out;
	rc = RC_FAIL;
	if ((cipher = open_cipher(key, where, nonce)) == NULL)
		goto out;
	err = gcry_cipher_decrypt(cipher, data, len, text, len);
	if (err == 0)
		err = gcry_cipher_gettag(cipher, tag, sizeof(tag));
	if (err != 0)
		log_err("cannot unseal: %s", gcry_strerror(err));
	else
		rc = secret_equal(tag, text + len, sizeof(tag)) ? RC_OK
								: RC_DENIED;
out:
	if (rc != RC_OK)
		secret_wipe(data, len);
	gcry_cipher_close(cipher);
	return rc;
}
