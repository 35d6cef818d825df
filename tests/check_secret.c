/* SPDX-License-Identifier: ISC */
/*
 * Hashes against published vectors (FIPS 180-4's examples, RFC 4231), random
 * characters, comparison and wiping, and the rules for the pepper's file.
 */
#include "secret.h"

#include <fcntl.h>
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
	struct pepper pepper = { { 0 } };
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

/* --- the pepper ---------------------------------------------------------- */

static enum rc
load(const char *path, struct pepper *pepper, const char *words)
{
	enum rc rc;
	char *log;

	scratch_log_start();
	rc = secret_pepper_load(path, pepper);
	log = scratch_log_end(NULL);
	if (rc == RC_OK)
		ck_assert_str_eq(log, "");
	else
		scratch_log_must_be(log, words);
	free(log);
	return rc;
}

START_TEST(a_pepper_is_made_once_and_for_its_owner)
{
	static const mode_t masks[] = { 0, 022, 077 };
	char path[SCRATCH_PATH_LEN], *bytes;
	struct pepper first, again;
	mode_t was = umask(masks[_i]);
	struct stat st;
	size_t len;

	scratch_path(SECRET_PEPPER_NAME, path);
	ck_assert_int_eq(secret_pepper_create(path), RC_OK);
	(void)umask(was);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0600);
	ck_assert_int_eq(st.st_size, SECRET_PEPPER_LEN);
	ck_assert_int_eq(load(path, &first, ""), RC_OK);
	bytes = scratch_read(path, &len);
	ck_assert_mem_eq(first.bytes, bytes, SECRET_PEPPER_LEN);
	free(bytes);

	ck_assert_int_eq(secret_pepper_create(path), RC_INVALID);
	ck_assert_int_eq(load(path, &again, ""), RC_OK);
	ck_assert_mem_eq(&first, &again, sizeof(first));
}
END_TEST

START_TEST(two_peppers_differ)
{
	char path[SCRATCH_PATH_LEN];
	struct pepper a, b;

	scratch_path("a", path);
	ck_assert_int_eq(secret_pepper_create(path), RC_OK);
	ck_assert_int_eq(load(path, &a, ""), RC_OK);
	scratch_path("b", path);
	ck_assert_int_eq(secret_pepper_create(path), RC_OK);
	ck_assert_int_eq(load(path, &b, ""), RC_OK);
	ck_assert_mem_ne(a.bytes, b.bytes, sizeof(a.bytes));
}
END_TEST

START_TEST(a_pepper_that_cannot_be_made_is_logged)
{
	char path[SCRATCH_PATH_LEN], *log;

	scratch_path("no/such/place", path);
	scratch_log_start();
	ck_assert_int_eq(secret_pepper_create(path), RC_FAIL);
	log = scratch_log_end(NULL);
	scratch_log_must_be(log, "cannot make the pepper");
	free(log);
}
END_TEST

/* A link that leads to nothing is not followed to make a file there. */
START_TEST(a_pepper_is_not_made_through_a_link)
{
	char path[SCRATCH_PATH_LEN], target[SCRATCH_PATH_LEN];

	scratch_path("link", path);
	scratch_path("target", target);
	ck_assert_int_eq(symlink(target, path), 0);
	ck_assert_int_eq(secret_pepper_create(path), RC_INVALID);
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
	{ 0640, 32, "refuse the pepper" },
	{ 0604, 32, "refuse the pepper" },
	{ 0644, 32, "refuse the pepper" },
	{ 0620, 32, "refuse the pepper" },
	{ 0602, 32, "refuse the pepper" },
	{ 0610, 32, "refuse the pepper" },
	{ 0601, 32, "refuse the pepper" },
	{ 0666, 32, "refuse the pepper" },
	{ 0600, 0, "it must have 32 bytes" },
	{ 0600, 1, "it must have 32 bytes" },
	{ 0600, 31, "it must have 32 bytes" },
	{ 0600, 33, "it must have 32 bytes" },
	{ 0600, 64, "it must have 32 bytes" },
};

START_TEST(a_pepper_has_32_bytes_that_nobody_else_can_read)
{
	char bytes[64], path[SCRATCH_PATH_LEN];
	struct pepper pepper;

	memset(bytes, 'p', sizeof(bytes));
	scratch_write("pepper", bytes, files[_i].len, files[_i].mode, path);
	ck_assert_int_eq(load(path, &pepper, files[_i].words),
	    files[_i].words == NULL ? RC_OK : RC_FAIL);
	if (files[_i].words == NULL)
		ck_assert_mem_eq(pepper.bytes, bytes, sizeof(pepper.bytes));
}
END_TEST

START_TEST(what_is_no_file_is_no_pepper)
{
	char path[SCRATCH_PATH_LEN], target[SCRATCH_PATH_LEN];
	char bytes[SECRET_PEPPER_LEN] = { 0 };
	struct pepper pepper;

	scratch_path("nothing", path);
	ck_assert_int_eq(
	    load(path, &pepper, "No such file or directory"), RC_FAIL);
	scratch_mkdir("folder", 0700, path);
	ck_assert_int_eq(load(path, &pepper, "it must have"), RC_FAIL);
	scratch_write("target", bytes, sizeof(bytes), 0600, target);
	scratch_path("link", path);
	ck_assert_int_eq(symlink(target, path), 0);
	ck_assert_int_eq(
	    load(path, &pepper, "cannot open the pepper"), RC_FAIL);
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

	tc = tcase_create("pepper");
	tcase_add_checked_fixture(tc, setup, scratch_remove);
	tcase_add_loop_test(tc, a_pepper_is_made_once_and_for_its_owner, 0, 3);
	tcase_add_test(tc, two_peppers_differ);
	tcase_add_test(tc, a_pepper_that_cannot_be_made_is_logged);
	tcase_add_test(tc, a_pepper_is_not_made_through_a_link);
	tcase_add_loop_test(tc, a_pepper_has_32_bytes_that_nobody_else_can_read,
	    0, ROWS(files));
	tcase_add_test(tc, what_is_no_file_is_no_pepper);
	suite_add_tcase(s, tc);
	return s;
}

SUITE_MAIN(secret_suite)
