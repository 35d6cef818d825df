/* SPDX-License-Identifier: ISC */
/*
 * The form of an API key: its checksum against published CRC-32 values, and
 * that no key with one character changed, two swapped or some missing is
 * taken for one.  What the database says of a key is tested elsewhere.
 */
#include "api_key.h"

#include <stdio.h>
#include <string.h>

#include "suite.h"

static const char ALPHABET[] =
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/*
 * "123456789" is the check value of Ross Williams' "A painless guide to CRC
 * error detection algorithms" and of the CRC RevEng catalogue
 * (CRC-32/ISO-HDLC); the others are zlib's crc32(), and ffffffff is the
 * largest there is.
 */
static const struct {
	const char *text;
	size_t len;
	uint32_t crc;
	const char *digits;
} crcs[] = {
	{ "123456789", 9, 0xcbf43926, "3jZRME" },
	{ "", 0, 0x00000000, "000000" },
	{ "a", 1, 0xe8b7be43, "4GEHKN" },
	{ "abc", 3, 0x352441c2, "0yKviM" },
	{ "The quick brown fox jumps over the lazy dog", 43, 0x414fa339,
	    "1C9bYH" },
	{ "\xff\xff\xff\xff", 4, 0xffffffff, "4gfFC3" },
	{ "\0", 1, 0xd202ef8d, "3qRrJN" },
};

START_TEST(a_checksum_is_crc_32_in_base62)
{
	char check[API_KEY_CHECK_LEN], *buf;
	uint64_t value = 0;
	size_t i;

	/* In memory of its size, so that a read past its end is seen. */
	buf = malloc(crcs[_i].len + 1);
	ck_assert_ptr_nonnull(buf);
	memcpy(buf + 1, crcs[_i].text, crcs[_i].len);
	api_key_checksum(buf + 1, crcs[_i].len, check);
	free(buf);
	ck_assert_mem_eq(check, crcs[_i].digits, sizeof(check));
	for (i = 0; i < sizeof(check); i++)
		value = value * 62 +
			(uint64_t)(strchr(ALPHABET, check[i]) - ALPHABET);
	ck_assert_uint_eq(value, crcs[_i].crc);
}
END_TEST

/* Keys with their checksum made here; the rest is any text. */
static void
make_key(int number, char key[API_KEY_LEN + 1])
{
	static const char *const bodies[] = {
		"0000000000000000000000000000000000000000",
		"zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz",
		"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcd",
		"ghijklmnopqrstuvwxyz0123456789ABCDEFGHIJ",
		"Zk3Qm9XbT7rW2pLc8vNy5sHd1fGj4aKe6uBi0oRt",
	};

	(void)snprintf(
	    key, API_KEY_LEN + 1, "%s%s", API_KEY_PREFIX, bodies[number]);
	api_key_checksum(key, API_KEY_LEN - API_KEY_CHECK_LEN,
	    key + API_KEY_LEN - API_KEY_CHECK_LEN);
	key[API_KEY_LEN] = '\0';
}

enum { KEYS = 5 };

START_TEST(the_lengths_add_up)
{
	ck_assert_int_eq(API_KEY_PREFIX_LEN + API_KEY_ID_LEN +
			     API_KEY_SECRET_LEN + API_KEY_CHECK_LEN,
	    API_KEY_LEN);
	ck_assert_uint_eq(strlen(API_KEY_PREFIX), API_KEY_PREFIX_LEN);
}
END_TEST

START_TEST(a_key_with_its_checksum_is_well_formed)
{
	char key[API_KEY_LEN + 1];

	make_key(_i, key);
	ck_assert_int_eq(api_key_well_formed(key, API_KEY_LEN), 1);
}
END_TEST

START_TEST(one_changed_character_makes_it_malformed)
{
	char key[API_KEY_LEN + 1];
	int at, c;

	make_key(_i, key);
	for (at = 0; at < API_KEY_LEN; at++) {
		char was = key[at];

		for (c = 0; c < 256; c++) {
			key[at] = (char)c;
			ck_assert_msg((api_key_well_formed(key, API_KEY_LEN) !=
					  0) == (key[at] == was),
			    "byte %02x at %d", (unsigned int)c, at);
		}
		key[at] = was;
	}
}
END_TEST

/* A burst of up to 32 bits never escapes CRC-32. */
START_TEST(two_swapped_neighbours_make_it_malformed)
{
	char key[API_KEY_LEN + 1];
	int at;

	make_key(_i, key);
	for (at = 0; at + 1 < API_KEY_LEN; at++) {
		char was = key[at];

		if (key[at + 1] == was)
			continue;
		key[at] = key[at + 1];
		key[at + 1] = was;
		ck_assert_int_eq(api_key_well_formed(key, API_KEY_LEN), 0);
		key[at + 1] = key[at];
		key[at] = was;
	}
	ck_assert_int_eq(api_key_well_formed(key, API_KEY_LEN), 1);
}
END_TEST

START_TEST(a_cut_or_longer_key_is_malformed)
{
	char key[API_KEY_LEN + 2], *copy;
	size_t len;

	make_key(_i, key);
	key[API_KEY_LEN + 1] = '\0';
	for (len = 0; len <= API_KEY_LEN + 1; len++) {
		copy = malloc(len + 1);
		ck_assert_ptr_nonnull(copy);
		memcpy(copy + 1, key, len);
		ck_assert_int_eq(api_key_well_formed(copy + 1, len) != 0,
		    len == API_KEY_LEN);
		free(copy);
	}
}
END_TEST

START_TEST(what_only_looks_like_a_key_is_malformed)
{
	static const char *const texts[] = {
		"LK_0000000000000000000000000000000000000000000000",
		"lk-0000000000000000000000000000000000000000000000",
		"lk_00000000 0000000000000000000000000000000000000",
		"0000000000000000000000000000000000000000000000000",
		"lk_00000000'; DROP TABLE api_key; --0000000000000",
		"                                                 ",
	};

	ck_assert_uint_eq(strlen(texts[_i]), API_KEY_LEN);
	ck_assert_int_eq(api_key_well_formed(texts[_i], API_KEY_LEN), 0);
}
END_TEST

/* A right checksum does not make up for characters that no key has. */
START_TEST(a_right_checksum_is_not_enough)
{
	static const char odd[] = { ' ', '-', '_', '/', '+', '=', '@', '[', '`',
		'{', ':', '\0', '\n', '\x80', '\xff' };
	char key[API_KEY_LEN + 1];

	make_key(0, key);
	key[API_KEY_PREFIX_LEN + 3] = odd[_i];
	api_key_checksum(key, API_KEY_LEN - API_KEY_CHECK_LEN,
	    key + API_KEY_LEN - API_KEY_CHECK_LEN);
	ck_assert_int_eq(api_key_well_formed(key, API_KEY_LEN), 0);
	/* Nor for another prefix. */
	make_key(0, key);
	key[0] = 'x';
	api_key_checksum(key, API_KEY_LEN - API_KEY_CHECK_LEN,
	    key + API_KEY_LEN - API_KEY_CHECK_LEN);
	ck_assert_int_eq(api_key_well_formed(key, API_KEY_LEN), 0);
}
END_TEST

static Suite *
api_key_suite(void)
{
	Suite *s = suite_create("api_key");
	TCase *tc = tcase_create("form");

	tcase_add_loop_test(tc, a_checksum_is_crc_32_in_base62, 0, ROWS(crcs));
	tcase_add_test(tc, the_lengths_add_up);
	tcase_add_loop_test(
	    tc, a_key_with_its_checksum_is_well_formed, 0, KEYS);
	tcase_add_loop_test(
	    tc, one_changed_character_makes_it_malformed, 0, KEYS);
	tcase_add_loop_test(
	    tc, two_swapped_neighbours_make_it_malformed, 0, KEYS);
	tcase_add_loop_test(tc, a_cut_or_longer_key_is_malformed, 0, KEYS);
	tcase_add_loop_test(tc, what_only_looks_like_a_key_is_malformed, 0, 6);
	tcase_add_loop_test(tc, a_right_checksum_is_not_enough, 0, 15);
	suite_add_tcase(s, tc);
	return s;
}

SUITE_MAIN(api_key_suite)
