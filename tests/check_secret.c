/* SPDX-License-Identifier: ISC */
/*
 * Hashes against published vectors (FIPS 180-4's examples, RFC 4231), random
 * characters, comparison and wiping, sealing against libgcrypt's own AES-GCM
 * and everything that must not unseal, and the rules for the key files.
 */
#include "secret.h"

#include <fcntl.h>
#include <gcrypt.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "scratch.h"
#include "suite.h"

static void
setup(void)
{
	scratch_make();
	ck_assert_int_eq(secret_init(), RC_OK);
}

static void
to_hex(const unsigned char hash[SECRET_HASH_LEN],
    char hex[2 * SECRET_HASH_LEN + 1])
{
	size_t i;

	for (i = 0; i < SECRET_HASH_LEN; i++)
		(void)snprintf(hex + 2 * i, 3, "%02x", hash[i]);
}

/* --- hashes -------------------------------------------------------------- */

/*
 * The first two: NIST's examples for FIPS 180-4, "SHA256.pdf"; the others:
 * NIST CAVP, SHA256ShortMsg.rsp.
 */
static const struct {
	const char *message;
	const char *hash;
} sha256[] = {
	{ "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f2001"
		 "5ad" },
	{ "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
	    "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c"
	    "1" },
	{ "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b85"
	      "5" },
	{ "\xd3", "28969cdfa74a12c82f3bad960b0b000aca2ac329deea5c2328ebc6f2ba98"
		  "02c1" },
	{ "\x11\xaf", "5ca7133fa735326081558ac312c620eeca9970d1e70a4b95533d956f"
		      "072d1f98" },
};

START_TEST(sha256_agrees_with_fips_180_4)
{
	unsigned char hash[SECRET_HASH_LEN];
	char hex[2 * SECRET_HASH_LEN + 1];

	ck_assert_int_eq(
	    secret_sha256(sha256[_i].message, strlen(sha256[_i].message), hash),
	    RC_OK);
	to_hex(hash, hex);
	ck_assert_str_eq(hex, sha256[_i].hash);
}
END_TEST

/* FIPS 180-2, appendix B.3. */
START_TEST(sha256_of_a_million_letters_is_known)
{
	enum { MILLION = 1000000 };
	unsigned char hash[SECRET_HASH_LEN];
	char hex[2 * SECRET_HASH_LEN + 1];
	char *message = malloc(MILLION);

	ck_assert_ptr_nonnull(message);
	memset(message, 'a', MILLION);
	ck_assert_int_eq(secret_sha256(message, MILLION, hash), RC_OK);
	to_hex(hash, hex);
	ck_assert_str_eq(hex,
	    "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
	free(message);
}
END_TEST

#define AA16 "\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa"
#define AA20 AA16 "\xaa\xaa\xaa\xaa"
#define AA131 AA16 AA16 AA16 AA16 AA16 AA16 AA16 AA16 "\xaa\xaa\xaa"
#define B10(b) b b b b b b b b b b
#define DD50 B10("\xdd") B10("\xdd") B10("\xdd") B10("\xdd") B10("\xdd")
#define CD50 B10("\xcd") B10("\xcd") B10("\xcd") B10("\xcd") B10("\xcd")

/*
 * RFC 4231, section 4, all seven cases; of case 5 the RFC shows 16 bytes.
 * HMAC fills a key up with zeros to 64 bytes, and hashes one that is longer
 * (RFC 2104, section 2): so each of its keys has a pepper of 32 bytes.
 */
static const struct {
	const char *key;
	const char *data;
	const char *mac;
} rfc4231[] = {
	{ B10("\x0b") B10("\x0b"), "Hi There",
	    "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff"
	    "7" },
	{ "Jefe", "what do ya want for nothing?",
	    "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec384"
	    "3" },
	{ AA20, DD50,
	    "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565f"
	    "e" },
	{ "\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10\x11"
	  "\x12\x13\x14\x15\x16\x17\x18\x19",
	    CD50,
	    "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665"
	    "b" },
	{ B10("\x0c") B10("\x0c"), "Test With Truncation",
	    "a3b6167473100ee06e0c796c2955552b" },
	{ AA131, "Test Using Larger Than Block-Size Key - Hash Key First",
	    "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f5"
	    "4" },
	{ AA131,
	    "This is a test using a larger than block-size key and a larger "
	    "than block-size data. The key needs to be hashed before being "
	    "used by the HMAC algorithm.",
	    "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e"
	    "2" },
};

START_TEST(hmac_agrees_with_rfc_4231)
{
	size_t key_len = strlen(rfc4231[_i].key);
	struct pepper pepper = { .bytes = { 0 } };
	unsigned char mac[SECRET_HASH_LEN];
	char hex[2 * SECRET_HASH_LEN + 1];

	if (key_len > SECRET_PEPPER_LEN)
		ck_assert_int_eq(
		    secret_sha256(rfc4231[_i].key, key_len, pepper.bytes),
		    RC_OK);
	else
		memcpy(pepper.bytes, rfc4231[_i].key, key_len);
	ck_assert_int_eq(secret_hmac(&pepper, rfc4231[_i].data,
			     strlen(rfc4231[_i].data), mac),
	    RC_OK);
	to_hex(mac, hex);
	hex[strlen(rfc4231[_i].mac)] = '\0';
	ck_assert_str_eq(hex, rfc4231[_i].mac);
}
END_TEST

/* Whatever was hashed before. */
START_TEST(hmac_that_is_prepared_is_the_same)
{
	unsigned char plain[SECRET_HASH_LEN], mac[SECRET_HASH_LEN];
	struct pepper pepper = { .bytes = { 1, 2, 3 } };
	struct pepper prepared = pepper;
	size_t i, len;

	ck_assert_int_eq(secret_pepper_prepare(&prepared), RC_OK);
	for (i = 0; i < 2 * ROWS(rfc4231); i++) {
		const char *data = rfc4231[i % ROWS(rfc4231)].data;

		len = strlen(data);
		ck_assert_int_eq(secret_hmac(&pepper, data, len, plain), RC_OK);
		ck_assert_int_eq(secret_hmac(&prepared, data, len, mac), RC_OK);
		ck_assert_mem_eq(mac, plain, sizeof(mac));
	}
	secret_pepper_clear(&prepared);
}
END_TEST

START_TEST(a_pepper_that_is_cleared_is_no_more)
{
	static const struct pepper nothing;
	struct pepper pepper = { .bytes = { 1, 2, 3 } };

	ck_assert_int_eq(secret_pepper_prepare(&pepper), RC_OK);
	secret_pepper_clear(&pepper);
	ck_assert_mem_eq(pepper.bytes, nothing.bytes, sizeof(pepper.bytes));
	ck_assert_ptr_null(pepper.mac);
	secret_pepper_clear(&pepper);
	ck_assert_ptr_null(pepper.mac);
}
END_TEST

/* Here a key has any length; none is one, too. */
START_TEST(hmac_under_a_key_agrees_with_rfc_4231)
{
	unsigned char mac[SECRET_HASH_LEN];
	char hex[2 * SECRET_HASH_LEN + 1];

	ck_assert_int_eq(
	    secret_hmac_key(rfc4231[_i].key, strlen(rfc4231[_i].key),
		rfc4231[_i].data, strlen(rfc4231[_i].data), mac),
	    RC_OK);
	to_hex(mac, hex);
	hex[strlen(rfc4231[_i].mac)] = '\0';
	ck_assert_str_eq(hex, rfc4231[_i].mac);
}
END_TEST

/* RFC 2202, section 3, cases 1, 2 and 6. */
START_TEST(hmac_sha_1_agrees_with_rfc_2202)
{
	static const struct {
		const char *key, *data, *mac;
	} cases[] = {
		{ "\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b"
		  "\x0b\x0b\x0b\x0b\x0b\x0b",
		    "Hi There", "b617318655057264e28bc0b6fb378c8ef146be00" },
		{ "Jefe", "what do ya want for nothing?",
		    "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79" },
		{ NULL,
		    "Test Using Larger Than Block-Size Key - Hash Key First",
		    "aa4ae5e15272d00e95705637ce8a3b55ed402112" },
	};
	unsigned char mac[SECRET_SHA1_LEN];
	char hex[2 * SECRET_SHA1_LEN + 1], eighty[81];
	const char *key;
	size_t i;
	int n;

	memset(eighty, 0xaa, 80);
	eighty[80] = '\0';
	for (n = 0; n < ROWS(cases); n++) {
		key = cases[n].key != NULL ? cases[n].key : eighty;
		ck_assert_int_eq(secret_hmac_sha1(key, strlen(key),
				     cases[n].data, strlen(cases[n].data), mac),
		    RC_OK);
		for (i = 0; i < sizeof(mac); i++)
			(void)snprintf(hex + 2 * i, 3, "%02x", mac[i]);
		ck_assert_str_eq(hex, cases[n].mac);
	}
}
END_TEST

/* From test.c of phc-winner-argon2, the reference implementation. */
static const struct {
	struct secret_argon2 cost;
	const char *password, *salt, *hash;
} argon2[] = {
	{ { 65536, 2, 1 }, "password", "somesalt",
	    "09316115d5cf24ed5a15a31a3ba326e5cf32edc24702987c02b6566f61913cf"
	    "7" },
	{ { 256, 2, 1 }, "password", "somesalt",
	    "9dfeb910e80bad0311fee20f9c0e2b12c17987b4cac90c2ef54d5b3021c68bf"
	    "e" },
	{ { 256, 2, 2 }, "password", "somesalt",
	    "6d093c501fd5999645e0ea3bf620d7b8be7fd2db59c20d9fff9539da2bf5703"
	    "7" },
	{ { 65536, 1, 1 }, "password", "somesalt",
	    "f6a5adc1ba723dddef9b5ac1d464e180fcd9dffc9d1cbf76cca2fed795d9ca9"
	    "8" },
	{ { 65536, 2, 1 }, "differentpassword", "somesalt",
	    "0b84d652cf6b0c4beaef0dfe278ba6a80df6696281d7e0d2891b817d8c458fd"
	    "e" },
	{ { 65536, 2, 1 }, "password", "diffsalt",
	    "bdf32b05ccc42eb15d58fd19b1f856b113da1e9a5874fdcc544308565aa8141"
	    "c" },
};

START_TEST(argon2id_agrees_with_the_reference)
{
	unsigned char hash[SECRET_HASH_LEN];
	char hex[2 * SECRET_HASH_LEN + 1];

	ck_assert_int_eq(secret_argon2id(&argon2[_i].cost, argon2[_i].password,
			     strlen(argon2[_i].password),
			     (const unsigned char *)argon2[_i].salt,
			     strlen(argon2[_i].salt), hash, sizeof(hash)),
	    RC_OK);
	to_hex(hash, hex);
	ck_assert_str_eq(hex, argon2[_i].hash);
}
END_TEST

/* Zero passes are silently one in libgcrypt, and much memory a crash. */
START_TEST(impossible_parameters_are_refused)
{
	static const struct {
		struct secret_argon2 cost;
		size_t salt_len, hash_len;
		int possible;
	} cases[] = {
		{ { 8, 1, 1 }, 8, 16, 1 },
		{ { 65536, 16, 4 }, 64, 64, 1 },
		{ { 7, 1, 1 }, 8, 16, 0 },
		{ { 31, 1, 4 }, 8, 16, 0 },
		{ { 32, 1, 4 }, 8, 16, 1 },
		{ { 65537, 1, 1 }, 8, 16, 0 },
		{ { 4194305, 1, 1 }, 8, 16, 0 },
		{ { INT64_MAX, 1, 1 }, 8, 16, 0 },
		{ { INT64_MIN, 1, 1 }, 8, 16, 0 },
		{ { 8, 0, 1 }, 8, 16, 0 },
		{ { 8, -1, 1 }, 8, 16, 0 },
		{ { 8, 17, 1 }, 8, 16, 0 },
		{ { 64, 1, 0 }, 8, 16, 0 },
		{ { 64, 1, -1 }, 8, 16, 0 },
		{ { 64, 1, 5 }, 8, 16, 0 },
		{ { INT64_MAX, 1, INT64_MAX }, 8, 16, 0 },
		{ { 8, 1, 1 }, 7, 16, 0 },
		{ { 8, 1, 1 }, 65, 16, 0 },
		{ { 8, 1, 1 }, 8, 15, 0 },
		{ { 8, 1, 1 }, 8, 65, 0 },
	};
	static const unsigned char salt[128];
	unsigned char hash[128];
	char *log;
	int i;

	for (i = 0; i < ROWS(cases); i++) {
		ck_assert_msg(
		    secret_argon2_is_possible(&cases[i].cost, cases[i].salt_len,
			cases[i].hash_len) == cases[i].possible,
		    "case %d", i);
		if (cases[i].possible)
			continue;
		scratch_log_start();
		ck_assert_int_eq(
		    secret_argon2id(&cases[i].cost, "x", 1, salt,
			cases[i].salt_len, hash, cases[i].hash_len),
		    RC_FAIL);
		log = scratch_log_end(NULL);
		scratch_log_must_be(log, "parameters are impossible");
		free(log);
	}
}
END_TEST

/*
 * By RFC 2104 from SHA-256 itself: keys around the block of 64 bytes, zeros
 * in them, and none at all, where a hash without a key would be a forgery
 * that anybody can make.
 */
START_TEST(hmac_is_rfc_2104_for_keys_of_any_length)
{
	static const char data[] = "evt_1.1767225600.{}";
	unsigned char key[200], inner[64 + sizeof(data)], outer[64 + 32];
	unsigned char mac[SECRET_HASH_LEN], again[SECRET_HASH_LEN];
	size_t len, i;

	for (len = 0; len <= sizeof(key); len++) {
		memset(inner, 0, sizeof(inner));
		for (i = 0; i < len; i++)
			key[i] = (unsigned char)(i * 7 % 5 * 51);
		if (len > 64)
			ck_assert_int_eq(secret_sha256(key, len, inner), RC_OK);
		else
			memcpy(inner, key, len);
		memcpy(outer, inner, 64);
		for (i = 0; i < 64; i++) {
			inner[i] ^= 0x36;
			outer[i] ^= 0x5c;
		}
		memcpy(inner + 64, data, sizeof(data));
		ck_assert_int_eq(
		    secret_sha256(inner, sizeof(inner), outer + 64), RC_OK);
		ck_assert_int_eq(
		    secret_sha256(outer, sizeof(outer), again), RC_OK);
		ck_assert_int_eq(
		    secret_hmac_key(key, len, data, sizeof(data), mac), RC_OK);
		ck_assert_mem_eq(mac, again, sizeof(mac));
	}
}
END_TEST

START_TEST(starting_twice_does_no_harm)
{
	ck_assert_int_eq(secret_init(), RC_OK);
	ck_assert_int_eq(secret_init(), RC_OK);
}
END_TEST

/* --- random -------------------------------------------------------------- */

static const char ALPHABET[] =
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

START_TEST(random_text_is_base62_of_the_length_asked_for)
{
	static const size_t lengths[] = { 0, 1, 2, 8, 32, 63, 64, 65, 1000 };
	char buf[1002];

	memset(buf, '#', sizeof(buf));
	ck_assert_int_eq(secret_random_base62(buf, lengths[_i]), RC_OK);
	ck_assert_uint_eq(strlen(buf), lengths[_i]);
	ck_assert_uint_eq(strspn(buf, ALPHABET), lengths[_i]);
	ck_assert_int_eq(buf[lengths[_i] + 1], '#');
}
END_TEST

/*
 * Pearson's chi-square with 61 degrees of freedom.  A fair source exceeds
 * 200 less than once in 10^15 runs; bytes taken modulo 62 would give 800.
 */
START_TEST(each_of_the_62_is_about_as_likely)
{
	enum { EACH = 2000, DRAWN = 62 * EACH };
	char *buf = malloc(DRAWN + 1);
	int64_t counts[62] = { 0 }, sum = 0;
	size_t i;

	ck_assert_ptr_nonnull(buf);
	ck_assert_int_eq(secret_random_base62(buf, DRAWN), RC_OK);
	for (i = 0; i < DRAWN; i++)
		counts[strchr(ALPHABET, buf[i]) - ALPHABET]++;
	for (i = 0; i < 62; i++)
		sum += (counts[i] - EACH) * (counts[i] - EACH);
	ck_assert_int_lt(sum / EACH, 200);
	free(buf);
}
END_TEST

START_TEST(random_bytes_fill_all_of_it_and_differ)
{
	enum { LEN = 100000, TAIL = 32 };
	unsigned char *a = calloc(1, LEN), *b = calloc(1, LEN);
	static const unsigned char zeros[TAIL];

	ck_assert_ptr_nonnull(a);
	ck_assert_ptr_nonnull(b);
	ck_assert_int_eq(secret_random(a, 0), RC_OK);
	ck_assert_mem_eq(a, zeros, TAIL);
	ck_assert_int_eq(secret_random(a, LEN), RC_OK);
	ck_assert_int_eq(secret_random(b, LEN), RC_OK);
	ck_assert_mem_ne(a, b, TAIL);
	ck_assert_mem_ne(a + LEN - TAIL, zeros, TAIL);
	free(a);
	free(b);
}
END_TEST

/* --- comparing and wiping ------------------------------------------------ */

START_TEST(one_bit_makes_a_difference)
{
	unsigned char a[32], b[32];
	int bit;

	ck_assert_int_eq(secret_random(a, sizeof(a)), RC_OK);
	memcpy(b, a, sizeof(a));
	ck_assert_int_eq(secret_equal(a, b, sizeof(a)), 1);
	for (bit = 0; bit < 256; bit++) {
		b[bit / 8] ^= (unsigned char)(1 << bit % 8);
		ck_assert_int_eq(secret_equal(a, b, sizeof(a)), 0);
		/* What stands before the difference is the same. */
		ck_assert_int_eq(secret_equal(a, b, (size_t)bit / 8), 1);
		b[bit / 8] ^= (unsigned char)(1 << bit % 8);
	}
	ck_assert_int_eq(secret_equal(a, b, 0), 1);
}
END_TEST

START_TEST(wiping_leaves_zeros_and_no_more)
{
	unsigned char buf[40];
	size_t i;

	memset(buf, 0xa5, sizeof(buf));
	secret_wipe(buf + 4, 32);
	for (i = 0; i < sizeof(buf); i++)
		ck_assert_uint_eq(buf[i], i >= 4 && i < 36 ? 0 : 0xa5);
	secret_wipe(buf, 0);
	ck_assert_uint_eq(buf[0], 0xa5);
}
END_TEST

/* --- sealing ------------------------------------------------------------- */

enum { SEAL_MAX = 100 };

static const char PLACE[] = "webhook:7";

static struct seal_key
draw_key(void)
{
	struct seal_key key;

	ck_assert_int_eq(secret_random(&key, sizeof(key)), RC_OK);
	return key;
}

/* What must not unseal says so without a word, and leaves nothing. */
static void
must_be_denied(const struct seal_key *key, const char *where,
    const unsigned char *sealed, size_t sealed_len)
{
	unsigned char data[SEAL_MAX + 1];
	size_t len, i;
	enum rc rc;
	char *log;

	len =
	    sealed_len < SECRET_SEAL_EXTRA ? 0 : sealed_len - SECRET_SEAL_EXTRA;
	memset(data, 0xa5, sizeof(data));
	scratch_log_start();
	rc = secret_unseal(key, where, sealed, sealed_len, data);
	log = scratch_log_end(NULL);
	ck_assert_int_eq(rc, RC_DENIED);
	ck_assert_str_eq(log, "");
	for (i = 0; i < sizeof(data); i++)
		if (data[i] != (i < len ? 0 : 0xa5))
			ck_abort_msg(
			    "byte %zu of %zu is %02x", i, len, data[i]);
	free(log);
}

START_TEST(what_was_sealed_is_unsealed)
{
	const struct seal_key key = draw_key();
	unsigned char data[SEAL_MAX], sealed[SEAL_MAX + SECRET_SEAL_EXTRA + 1];
	unsigned char again[SEAL_MAX + 1];
	size_t len;

	for (len = 0; len <= SEAL_MAX; len++) {
		ck_assert_int_eq(secret_random(data, len), RC_OK);
		memset(sealed, 0xa5, sizeof(sealed));
		memset(again, 0xa5, sizeof(again));
		ck_assert_int_eq(
		    secret_seal(&key, PLACE, data, len, sealed), RC_OK);
		ck_assert_uint_eq(sealed[len + SECRET_SEAL_EXTRA], 0xa5);
		ck_assert_int_eq(secret_unseal(&key, PLACE, sealed,
				     len + SECRET_SEAL_EXTRA, again),
		    RC_OK);
		ck_assert_int_eq(memcmp(data, again, len), 0);
		ck_assert_uint_eq(again[len], 0xa5);
		ck_assert_uint_eq(sealed[0], 1);
	}
}
END_TEST

/* 1, nonce, AES-256-GCM of the text with the place beside it, tag. */
START_TEST(a_seal_is_aes_256_gcm)
{
	static const char text[] = "the text that is sealed";
	enum { LEN = sizeof(text) };
	const struct seal_key key = draw_key();
	unsigned char sealed[LEN + SECRET_SEAL_EXTRA], again[LEN];
	gcry_cipher_hd_t cipher;

	ck_assert_int_eq(secret_seal(&key, PLACE, text, LEN, sealed), RC_OK);
	ck_assert_uint_eq(gcry_cipher_open(&cipher, GCRY_CIPHER_AES256,
			      GCRY_CIPHER_MODE_GCM, 0),
	    0);
	ck_assert_uint_eq(
	    gcry_cipher_setkey(cipher, key.bytes, sizeof(key.bytes)), 0);
	ck_assert_uint_eq(gcry_cipher_setiv(cipher, sealed + 1, 12), 0);
	ck_assert_uint_eq(
	    gcry_cipher_authenticate(cipher, PLACE, strlen(PLACE)), 0);
	ck_assert_uint_eq(
	    gcry_cipher_decrypt(cipher, again, LEN, sealed + 13, LEN), 0);
	ck_assert_uint_eq(
	    gcry_cipher_checktag(cipher, sealed + 13 + LEN, 16), 0);
	gcry_cipher_close(cipher);
	ck_assert_mem_eq(again, text, LEN);
}
END_TEST

START_TEST(one_bit_changed_is_noticed)
{
	static const size_t lengths[] = { 0, 1, 16, 32, 50 };
	const size_t len = lengths[_i], sealed_len = len + SECRET_SEAL_EXTRA;
	const struct seal_key key = draw_key();
	unsigned char data[SEAL_MAX], sealed[SEAL_MAX + SECRET_SEAL_EXTRA];
	size_t bit;

	ck_assert_int_eq(secret_random(data, len), RC_OK);
	ck_assert_int_eq(secret_seal(&key, PLACE, data, len, sealed), RC_OK);
	for (bit = 0; bit < 8 * sealed_len; bit++) {
		sealed[bit / 8] ^= (unsigned char)(1 << bit % 8);
		must_be_denied(&key, PLACE, sealed, sealed_len);
		sealed[bit / 8] ^= (unsigned char)(1 << bit % 8);
	}
	ck_assert_int_eq(
	    secret_unseal(&key, PLACE, sealed, sealed_len, data), RC_OK);
}
END_TEST

START_TEST(a_seal_holds_in_its_place_alone)
{
	static const char *const places[] = { "", "webhook:", "webhook:8",
		"webhook:70", "webhook:07", "webhook:7 ", " webhook:7",
		"Webhook:7", "ebhook:7", "totp:7" };
	const struct seal_key key = draw_key();
	unsigned char sealed[3 + SECRET_SEAL_EXTRA];
	int i;

	ck_assert_int_eq(secret_seal(&key, PLACE, "abc", 3, sealed), RC_OK);
	for (i = 0; i < ROWS(places); i++)
		must_be_denied(&key, places[i], sealed, sizeof(sealed));
}
END_TEST

START_TEST(another_key_does_not_unseal)
{
	struct seal_key key = draw_key();
	unsigned char sealed[32 + SECRET_SEAL_EXTRA], data[32] = { 0 };
	size_t bit;

	ck_assert_int_eq(
	    secret_seal(&key, PLACE, data, sizeof(data), sealed), RC_OK);
	for (bit = 0; bit < 8 * sizeof(key.bytes); bit++) {
		key.bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
		must_be_denied(&key, PLACE, sealed, sizeof(sealed));
		key.bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
	}
	key = draw_key();
	must_be_denied(&key, PLACE, sealed, sizeof(sealed));
}
END_TEST

START_TEST(what_was_cut_or_lengthened_does_not_unseal)
{
	const struct seal_key key = draw_key();
	unsigned char sealed[32 + SECRET_SEAL_EXTRA + 1] = { 0 };
	unsigned char data[32] = { 0 };
	size_t len;

	ck_assert_int_eq(
	    secret_seal(&key, PLACE, data, sizeof(data), sealed), RC_OK);
	for (len = 0; len <= sizeof(sealed); len++)
		if (len != sizeof(sealed) - 1)
			must_be_denied(&key, PLACE, sealed, len);
	/* Its beginning is missing. */
	for (len = 1; len < sizeof(sealed); len++)
		must_be_denied(
		    &key, PLACE, sealed + len, sizeof(sealed) - 1 - len);
}
END_TEST

START_TEST(another_version_does_not_unseal)
{
	const struct seal_key key = draw_key();
	unsigned char sealed[32 + SECRET_SEAL_EXTRA], data[32] = { 0 };
	int version;

	ck_assert_int_eq(
	    secret_seal(&key, PLACE, data, sizeof(data), sealed), RC_OK);
	for (version = 0; version < 256; version++) {
		if (version == 1)
			continue;
		sealed[0] = (unsigned char)version;
		must_be_denied(&key, PLACE, sealed, sizeof(sealed));
	}
}
END_TEST

/* No nonce comes twice: with two of the same, GCM gives both texts away. */
START_TEST(no_two_seals_are_alike)
{
	enum { SEALS = 1000, LEN = 8 + SECRET_SEAL_EXTRA };
	static unsigned char sealed[SEALS][LEN];
	const struct seal_key key = draw_key();
	int i, j;

	for (i = 0; i < SEALS; i++)
		ck_assert_int_eq(
		    secret_seal(&key, PLACE, "the same", 8, sealed[i]), RC_OK);
	for (i = 0; i < SEALS; i++)
		for (j = 0; j < i; j++)
			if (memcmp(sealed[i] + 1, sealed[j] + 1, 12) == 0 ||
			    memcmp(sealed[i] + 13, sealed[j] + 13, 8) == 0)
				ck_abort_msg("%d and %d are alike", i, j);
}
END_TEST

/* --- key files ----------------------------------------------------------- */

static enum rc
load_pepper(const char *path, unsigned char bytes[32])
{
	struct pepper pepper;
	enum rc rc;

	memset(&pepper, 0xa5, sizeof(pepper));
	rc = secret_pepper_load(path, &pepper);
	memcpy(bytes, pepper.bytes, sizeof(pepper.bytes));
	return rc;
}

static enum rc
load_seal_key(const char *path, unsigned char bytes[32])
{
	struct seal_key key;
	enum rc rc;

	memset(&key, 0xa5, sizeof(key));
	rc = secret_seal_key_load(path, &key);
	memcpy(bytes, key.bytes, sizeof(key.bytes));
	return rc;
}

/* The same rules for both. */
static const struct kind {
	const char *name, *what;
	enum rc (*load)(const char *path, unsigned char bytes[32]);
	enum rc (*create)(const char *path);
} kinds[] = {
	{ SECRET_PEPPER_NAME, "pepper", load_pepper, secret_pepper_create },
	{ SECRET_SEAL_KEY_NAME, "sealing key", load_seal_key,
	    secret_seal_key_create },
};

enum { KINDS = sizeof(kinds) / sizeof(kinds[0]), KEY_LEN = 32 };

/* A failure's log names the kind and the path, and has the words. */
static enum rc
load(const struct kind *kind, const char *path, unsigned char bytes[KEY_LEN],
    const char *words)
{
	char start[SCRATCH_PATH_LEN + 64];
	enum rc rc;
	char *log;

	scratch_log_start();
	rc = kind->load(path, bytes);
	log = scratch_log_end(NULL);
	(void)snprintf(start, sizeof(start), "the %s %s", kind->what, path);
	if (rc == RC_OK) {
		ck_assert_str_eq(log, "");
	} else {
		scratch_log_must_be(log, words);
		scratch_log_must_be(log, start);
	}
	free(log);
	return rc;
}

START_TEST(a_key_file_is_made_once_and_for_its_owner)
{
	static const mode_t masks[] = { 0, 022, 077 };
	const struct kind *kind = &kinds[_i % KINDS];
	unsigned char first[KEY_LEN], again[KEY_LEN];
	char path[SCRATCH_PATH_LEN], *bytes;
	mode_t was = umask(masks[_i / KINDS]);
	struct stat st;
	size_t len;

	scratch_path(kind->name, path);
	ck_assert_int_eq(kind->create(path), RC_OK);
	(void)umask(was);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0600);
	ck_assert_int_eq(st.st_size, KEY_LEN);
	ck_assert_int_eq(load(kind, path, first, ""), RC_OK);
	bytes = scratch_read(path, &len);
	ck_assert_mem_eq(first, bytes, KEY_LEN);
	free(bytes);

	ck_assert_int_eq(kind->create(path), RC_INVALID);
	ck_assert_int_eq(load(kind, path, again, ""), RC_OK);
	ck_assert_mem_eq(first, again, KEY_LEN);
}
END_TEST

START_TEST(two_key_files_differ)
{
	const struct kind *kind = &kinds[_i];
	unsigned char a[KEY_LEN], b[KEY_LEN];
	char path[SCRATCH_PATH_LEN];

	scratch_path("a", path);
	ck_assert_int_eq(kind->create(path), RC_OK);
	ck_assert_int_eq(load(kind, path, a, ""), RC_OK);
	scratch_path("b", path);
	ck_assert_int_eq(kind->create(path), RC_OK);
	ck_assert_int_eq(load(kind, path, b, ""), RC_OK);
	ck_assert_mem_ne(a, b, KEY_LEN);
}
END_TEST

START_TEST(a_key_file_that_cannot_be_made_is_logged)
{
	const struct kind *kind = &kinds[_i];
	char path[SCRATCH_PATH_LEN], words[64], *log;

	scratch_path("no/such/place", path);
	scratch_log_start();
	ck_assert_int_eq(kind->create(path), RC_FAIL);
	log = scratch_log_end(NULL);
	(void)snprintf(words, sizeof(words), "cannot make the %s", kind->what);
	scratch_log_must_be(log, words);
	free(log);
}
END_TEST

/* A link that leads to nothing is not followed to make a file there. */
START_TEST(a_key_file_is_not_made_through_a_link)
{
	char path[SCRATCH_PATH_LEN], target[SCRATCH_PATH_LEN];

	scratch_path("link", path);
	scratch_path("target", target);
	ck_assert_int_eq(symlink(target, path), 0);
	ck_assert_int_eq(kinds[_i].create(path), RC_INVALID);
	ck_assert_int_ne(access(target, F_OK), 0);
}
END_TEST

static const struct {
	mode_t mode;
	size_t len;
	const char *words; /* NULL: it is loaded */
} files[] = {
	{ 0600, 32, NULL },
	{ 0400, 32, NULL },
	{ 0700, 32, NULL },
	{ 0640, 32, "refuse the " },
	{ 0604, 32, "refuse the " },
	{ 0644, 32, "refuse the " },
	{ 0620, 32, "refuse the " },
	{ 0602, 32, "refuse the " },
	{ 0610, 32, "refuse the " },
	{ 0601, 32, "refuse the " },
	{ 0666, 32, "refuse the " },
	{ 0600, 0, "it must have 32 bytes" },
	{ 0600, 1, "it must have 32 bytes" },
	{ 0600, 31, "it must have 32 bytes" },
	{ 0600, 33, "it must have 32 bytes" },
	{ 0600, 64, "it must have 32 bytes" },
};

START_TEST(a_key_file_has_32_bytes_that_nobody_else_can_read)
{
	const struct kind *kind = &kinds[_i % KINDS];
	const int i = _i / KINDS;
	unsigned char loaded[KEY_LEN];
	char bytes[64], path[SCRATCH_PATH_LEN];

	memset(bytes, 'p', sizeof(bytes));
	scratch_write(kind->name, bytes, files[i].len, files[i].mode, path);
	ck_assert_int_eq(load(kind, path, loaded, files[i].words),
	    files[i].words == NULL ? RC_OK : RC_FAIL);
	ck_assert_int_eq(
	    memcmp(loaded, bytes, KEY_LEN) == 0, files[i].words == NULL);
}
END_TEST

START_TEST(what_is_no_file_is_no_key_file)
{
	const struct kind *kind = &kinds[_i];
	char path[SCRATCH_PATH_LEN], target[SCRATCH_PATH_LEN];
	unsigned char bytes[KEY_LEN] = { 0 };

	scratch_path("nothing", path);
	ck_assert_int_eq(
	    load(kind, path, bytes, "No such file or directory"), RC_FAIL);
	scratch_mkdir("folder", 0700, path);
	ck_assert_int_eq(load(kind, path, bytes, "it must have"), RC_FAIL);
	scratch_write("target", bytes, sizeof(bytes), 0600, target);
	scratch_path("link", path);
	ck_assert_int_eq(symlink(target, path), 0);
	ck_assert_int_eq(load(kind, path, bytes, "cannot open the"), RC_FAIL);
}
END_TEST

static Suite *
secret_suite(void)
{
	Suite *s = suite_create("secret");
	TCase *tc = tcase_create("hashes");

	tcase_add_checked_fixture(tc, setup, scratch_remove);
	tcase_add_loop_test(tc, sha256_agrees_with_fips_180_4, 0, ROWS(sha256));
	tcase_add_test(tc, sha256_of_a_million_letters_is_known);
	tcase_add_loop_test(tc, hmac_agrees_with_rfc_4231, 0, ROWS(rfc4231));
	tcase_add_test(tc, hmac_that_is_prepared_is_the_same);
	tcase_add_test(tc, a_pepper_that_is_cleared_is_no_more);
	tcase_add_loop_test(
	    tc, hmac_under_a_key_agrees_with_rfc_4231, 0, ROWS(rfc4231));
	tcase_add_test(tc, hmac_sha_1_agrees_with_rfc_2202);
	tcase_add_loop_test(
	    tc, argon2id_agrees_with_the_reference, 0, ROWS(argon2));
	tcase_add_test(tc, impossible_parameters_are_refused);
	tcase_add_test(tc, hmac_is_rfc_2104_for_keys_of_any_length);
	tcase_add_test(tc, starting_twice_does_no_harm);
	suite_add_tcase(s, tc);

	tc = tcase_create("random");
	tcase_add_checked_fixture(tc, setup, scratch_remove);
	tcase_add_loop_test(
	    tc, random_text_is_base62_of_the_length_asked_for, 0, 9);
	tcase_add_test(tc, each_of_the_62_is_about_as_likely);
	tcase_add_test(tc, random_bytes_fill_all_of_it_and_differ);
	tcase_add_test(tc, one_bit_makes_a_difference);
	tcase_add_test(tc, wiping_leaves_zeros_and_no_more);
	suite_add_tcase(s, tc);

	tc = tcase_create("sealing");
	tcase_add_checked_fixture(tc, setup, scratch_remove);
	tcase_add_test(tc, what_was_sealed_is_unsealed);
	tcase_add_test(tc, a_seal_is_aes_256_gcm);
	tcase_add_loop_test(tc, one_bit_changed_is_noticed, 0, 5);
	tcase_add_test(tc, a_seal_holds_in_its_place_alone);
	tcase_add_test(tc, another_key_does_not_unseal);
	tcase_add_test(tc, what_was_cut_or_lengthened_does_not_unseal);
	tcase_add_test(tc, another_version_does_not_unseal);
	tcase_add_test(tc, no_two_seals_are_alike);
	suite_add_tcase(s, tc);

	tc = tcase_create("key files");
	tcase_add_checked_fixture(tc, setup, scratch_remove);
	tcase_add_loop_test(
	    tc, a_key_file_is_made_once_and_for_its_owner, 0, 3 * KINDS);
	tcase_add_loop_test(tc, two_key_files_differ, 0, KINDS);
	tcase_add_loop_test(
	    tc, a_key_file_that_cannot_be_made_is_logged, 0, KINDS);
	tcase_add_loop_test(
	    tc, a_key_file_is_not_made_through_a_link, 0, KINDS);
	tcase_add_loop_test(tc,
	    a_key_file_has_32_bytes_that_nobody_else_can_read, 0,
	    ROWS(files) * KINDS);
	tcase_add_loop_test(tc, what_is_no_file_is_no_key_file, 0, KINDS);
	suite_add_tcase(s, tc);
	return s;
}

SUITE_MAIN(secret_suite)
