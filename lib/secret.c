/* SPDX-License-Identifier: ISC */
/*
 * libgcrypt's corner.  FACTS on 1.10: the FIPS switch works only before
 * initialization, a MAC is compared here because gcry_mac_verify accepts a
 * truncated one, and random bytes come from getrandom(2).
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

/* SHA-256, or HMAC-SHA-256 where there is a key. */
static enum rc
digest(const struct pepper *key, const void *data, size_t len,
    unsigned char out[SECRET_HASH_LEN])
{
	gcry_md_hd_t md = NULL;
	enum rc rc = RC_FAIL;
	gcry_error_t err;

	err = gcry_md_open(
	    &md, GCRY_MD_SHA256, key != NULL ? GCRY_MD_FLAG_HMAC : 0);
	if (err == 0 && key != NULL)
		err = gcry_md_setkey(md, key->bytes, sizeof(key->bytes));
	if (err != 0) {
		log_err("cannot hash: %s", gcry_strerror(err));
		goto out;
	}
	gcry_md_write(md, data, len);
	memcpy(out, gcry_md_read(md, GCRY_MD_SHA256), SECRET_HASH_LEN);
	rc = RC_OK;
out:
	gcry_md_close(md);
	return rc;
}

enum rc
secret_sha256(const void *data, size_t len, unsigned char hash[SECRET_HASH_LEN])
{
	return digest(NULL, data, len, hash);
}

enum rc
secret_hmac(const struct pepper *pepper, const void *data, size_t len,
    unsigned char mac[SECRET_HASH_LEN])
{
	return digest(pepper, data, len, mac);
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

enum rc
secret_pepper_load(const char *path, struct pepper *pepper)
{
	unsigned char bytes[SECRET_PEPPER_LEN + 1];
	enum rc rc = RC_FAIL;
	struct stat st;
	ssize_t n;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 || fstat(fd, &st) != 0) {
		log_err("cannot open the pepper %s: %s", path, strerror(errno));
		goto out;
	}
	if (st.st_uid != geteuid() || (st.st_mode & 077) != 0) {
		log_err("refuse the pepper %s: its mode must be 0600 and its "
			"owner the user of this program",
		    path);
		goto out;
	}
	n = read(fd, bytes, sizeof(bytes));
	if (n != SECRET_PEPPER_LEN) {
		log_err("cannot read the pepper %s: it must have %d bytes",
		    path, SECRET_PEPPER_LEN);
		goto out;
	}
	memcpy(pepper->bytes, bytes, sizeof(pepper->bytes));
	rc = RC_OK;
out:
	secret_wipe(bytes, sizeof(bytes));
	if (fd >= 0)
		(void)close(fd);
	return rc;
}

enum rc
secret_pepper_create(const char *path)
{
	unsigned char bytes[SECRET_PEPPER_LEN];
	enum rc rc = RC_FAIL;
	int fd = -1;

	if (secret_random(bytes, sizeof(bytes)) != RC_OK)
		return RC_FAIL;
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0 && errno == EEXIST) {
		rc = RC_INVALID;
		goto out;
	}
	if (fd < 0 || write(fd, bytes, sizeof(bytes)) != sizeof(bytes) ||
	    fsync(fd) != 0) {
		log_err("cannot make the pepper %s: %s", path, strerror(errno));
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
