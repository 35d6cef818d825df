/* SPDX-License-Identifier: ISC */
/*
 * What other tests cannot see, since they are linked with glibc and Debian's
 * libraries: a program linked as those of the panel are, with what they are
 * linked with.  It prints the last line of a Check program, which has no
 * static form with musl.
 */
#include <errno.h>
#include <gcrypt.h>
#include <jansson.h>
#include <malloc.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pool.h"
#include "process.h"
#include "secret.h"

enum { MILLION = 1000000 };

static int
is_hex(const unsigned char *bytes, const char *hex)
{
	char two[3];
	size_t i;

	for (i = 0; i < strlen(hex) / 2; i++) {
		(void)snprintf(two, sizeof(two), "%02x", bytes[i]);
		if (memcmp(two, hex + 2 * i, 2) != 0)
			return 0;
	}
	return 1;
}

/* --- start -------------------------------------------------------------- */

static int
nothing_else_is_loaded(void)
{
#if defined(__SANITIZE_ADDRESS__)
	return 1; /* the sanitizers have no static form */
#else
	return getauxval(AT_BASE) == 0;
#endif
}

static int (*const table[])(const char *) = { puts, remove };

static int
tables_of_pointers_are_read_only(void)
{
	volatile uintptr_t *first = (volatile uintptr_t *)(uintptr_t)table;
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		(void)process_harden(0);
		*first = *first;
		_exit(0);
	}
	/* A sanitizer ends the process its own way. */
	return pid > 0 && waitpid(pid, &status, 0) == pid && status != 0;
}

/* --- memory ------------------------------------------------------------- */

static int
memory_is_from_the_pool(void)
{
#if defined(__GLIBC__)
	return 1;
#else
	static const size_t sizes[] = { 1, 100, 5000, MILLION };
	size_t i;

	/* It would end the process at a block that is not its own. */
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		void *block = malloc(sizes[i]), *zeros = calloc(1, sizes[i]);

		if (block == NULL || zeros == NULL ||
		    pool_size(block) < sizes[i] || pool_size(zeros) < sizes[i])
			return 0;
		block = realloc(block, 2 * sizes[i]);
		if (block == NULL || pool_size(block) < 2 * sizes[i] ||
		    malloc_usable_size(block) != pool_size(block))
			return 0;
		free(block);
		free(zeros);
	}
	return malloc_usable_size(NULL) == 0;
#endif
}

static int
calloc_gives_zeros(void)
{
	unsigned char *block = malloc(1000);
	size_t i;

	if (block == NULL)
		return 0;
	memset(block, 0xff, 1000);
	free(block);
	block = calloc(10, 100);
	for (i = 0; block != NULL && i < 1000; i++)
		if (block[i] != 0)
			return 0;
	free(block);
	return i == 1000;
}

static int
calloc_refuses_products_that_overflow(void)
{
#if defined(__SANITIZE_ADDRESS__)
	return 1; /* the sanitizer ends the process */
#else
	volatile size_t half = SIZE_MAX / 2 + 1, two = 2;

	errno = 0;
	return calloc(half, two) == NULL && errno == ENOMEM;
#endif
}

static int
text_grows(void)
{
	char *text = NULL;
	size_t len = 0, i;
	FILE *out = open_memstream(&text, &len);
	int good;

	for (i = 0; out != NULL && i < MILLION / 10; i++)
		(void)fprintf(out, "%010zu", i);
	good = out != NULL && fclose(out) == 0 && len == MILLION &&
	       strncmp(text + 123450, "0000012345", 10) == 0 &&
	       strcmp(text + MILLION - 10, "0000099999") == 0;
	free(text);
	return good;
}

/* --- libraries ---------------------------------------------------------- */

/* Where SQLite knows no usleep, it waits for whole seconds. */
static int
sqlite_waits_for_milliseconds(void)
{
	return sqlite3_sleep(1) == 1;
}

static int
sqlite_overwrites_what_is_deleted(void)
{
	return sqlite3_compileoption_used("SECURE_DELETE");
}

static int
sqlite_loads_no_extensions(void)
{
#if defined(__GLIBC__)
	return 1; /* db.c forbids it to each connection */
#else
	return sqlite3_compileoption_used("OMIT_LOAD_EXTENSION");
#endif
}

static int
jansson_keeps_numbers(void)
{
	static const char text[] =
	    "[9223372036854775807,-0.5,1.2676506002282294e+30,\"\u20ac\"]";
	json_t *value = json_loads(text, 0, NULL);
	char *again = json_dumps(value, JSON_COMPACT);
	int good =
	    again != NULL &&
	    strcmp(again, "[9223372036854775807,-0.5,1.2676506002282294e30,"
			  "\"\u20ac\"]") == 0;

	free(again);
	json_decref(value);
	return good;
}

/* FIPS 180-4 and RFC 4231's second case. */
static int
hashes_are_right(void)
{
	static const struct {
		int algorithm;
		const char *hex; /* of "abc" */
	} hashes[] = {
		{ GCRY_MD_SHA1, "a9993e364706816aba3e25717850c26c9cd0d89d" },
		{ GCRY_MD_SHA256, "ba7816bf8f01cfea414140de5dae2223"
				  "b00361a396177a9cb410ff61f20015ad" },
		{ GCRY_MD_SHA512, "ddaf35a193617abacc417349ae204131"
				  "12e6fa4e89a97ea20a9eeee64b55d39a"
				  "2192992a274fc1a836ba3c23a3feebbd"
				  "454d4423643ce80e2a9ac94fa54ca49f" },
	};
	static const char message[] = "what do ya want for nothing?";
	unsigned char hash[64];
	size_t i;

	for (i = 0; i < sizeof(hashes) / sizeof(hashes[0]); i++) {
		gcry_md_hash_buffer(hashes[i].algorithm, hash, "abc", 3);
		if (!is_hex(hash, hashes[i].hex))
			return 0;
	}
	return secret_hmac_key("Jefe", 4, message, strlen(message), hash) ==
		   RC_OK &&
	       is_hex(hash, "5bdcc146bf60754e6a042426089575c7"
			    "5a003f089d2739839dec58b964ec3843");
}

/* McGrew and Viega, The Galois/Counter Mode, test case 14. */
static int
aes_gcm_is_right(void)
{
	static const unsigned char zeros[32];
	unsigned char text[16] = { 0 }, tag[16];
	gcry_cipher_hd_t aes = NULL;
	int good;

	good = gcry_cipher_open(
		   &aes, GCRY_CIPHER_AES256, GCRY_CIPHER_MODE_GCM, 0) == 0 &&
	       gcry_cipher_setkey(aes, zeros, 32) == 0 &&
	       gcry_cipher_setiv(aes, zeros, 12) == 0 &&
	       gcry_cipher_encrypt(aes, text, 16, NULL, 0) == 0 &&
	       gcry_cipher_gettag(aes, tag, 16) == 0 &&
	       is_hex(text, "cea7403d4d606b6e074ec5d3baf39d18") &&
	       is_hex(tag, "d0d1c8a799996bf0265b98b5d48ab919");
	gcry_cipher_close(aes);
	return good;
}

/* RFC 9106, section 5.3. */
static int
argon2id_is_right(void)
{
	static const unsigned long parameters[] = { 32, 3, 32, 4 };
	unsigned char password[32], salt[16], key[8], data[12], hash[32];
	gcry_kdf_hd_t kdf = NULL;
	int good;

	memset(password, 1, sizeof(password));
	memset(salt, 2, sizeof(salt));
	memset(key, 3, sizeof(key));
	memset(data, 4, sizeof(data));
	good = gcry_kdf_open(&kdf, GCRY_KDF_ARGON2, GCRY_KDF_ARGON2ID,
		   parameters, 4, password, sizeof(password), salt,
		   sizeof(salt), key, sizeof(key), data, sizeof(data)) == 0 &&
	       gcry_kdf_compute(kdf, NULL) == 0 &&
	       gcry_kdf_final(kdf, sizeof(hash), hash) == 0 &&
	       is_hex(hash, "0d640df58d78766c08c037a34a8b53c9"
			    "d01ef0452d75b65eb52520e96b01e659");
	gcry_kdf_close(kdf);
	return good;
}

/* --- all of them -------------------------------------------------------- */

#define FACT(name)          \
	{                   \
#name, name \
	}

static const struct {
	const char *name;
	int (*holds)(void);
} facts[] = {
	FACT(nothing_else_is_loaded),
	FACT(tables_of_pointers_are_read_only),
	FACT(memory_is_from_the_pool),
	FACT(calloc_gives_zeros),
	FACT(calloc_refuses_products_that_overflow),
	FACT(text_grows),
	FACT(sqlite_waits_for_milliseconds),
	FACT(sqlite_overwrites_what_is_deleted),
	FACT(sqlite_loads_no_extensions),
	FACT(jansson_keeps_numbers),
	FACT(hashes_are_right),
	FACT(aes_gcm_is_right),
	FACT(argon2id_is_right),
};

int
main(void)
{
	const int n = (int)(sizeof(facts) / sizeof(facts[0]));
	int i, failed = 0;

	if (secret_init() != RC_OK)
		return EXIT_FAILURE;
	for (i = 0; i < n; i++) {
		if (facts[i].holds())
			continue;
		(void)printf("failed: %s\n", facts[i].name);
		failed++;
	}
	(void)printf("%d%%: Checks: %d, Failures: %d, Errors: 0\n",
	    (n - failed) * 100 / n, n, failed);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
