/* SPDX-License-Identifier: ISC */
/*
 * Base64: the vectors of RFC 4648, and every length against a decoder that
 * works bit by bit.
 */
#include "base64.h"

#include <stdint.h>
#include <string.h>

#include "secret.h"
#include "suite.h"

enum { LENGTHS = 300 };

/* RFC 4648, section 10. */
static const struct {
	const char *bytes, *text;
} vectors[] = {
	{ "", "" },
	{ "f", "Zg==" },
	{ "fo", "Zm8=" },
	{ "foo", "Zm9v" },
	{ "foob", "Zm9vYg==" },
	{ "fooba", "Zm9vYmE=" },
	{ "foobar", "Zm9vYmFy" },
};

START_TEST(a_vector_of_rfc_4648_is_met)
{
	char text[BASE64_LEN(6)];

	base64_encode(vectors[_i].bytes, strlen(vectors[_i].bytes), text);
	ck_assert_str_eq(text, vectors[_i].text);
}
END_TEST

/* Six bits after six bits, 0 to 63, are table 1 of RFC 4648. */
START_TEST(the_alphabet_is_in_order)
{
	unsigned char bytes[48] = { 0 };
	char text[BASE64_LEN(48)];
	unsigned int bit;

	for (bit = 0; bit < 8 * sizeof(bytes); bit++)
		if ((bit / 6) >> (5 - bit % 6) & 1)
			bytes[bit / 8] |= (unsigned char)(128 >> bit % 8);
	base64_encode(bytes, sizeof(bytes), text);
	ck_assert_str_eq(text,
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	    "+/");
}
END_TEST

/* 0 to 63; -1 for what is no digit. */
static int
digit(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return 26 + c - 'a';
	if (c >= '0' && c <= '9')
		return 52 + c - '0';
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/*
 * Decodes strictly: whole groups, padding only at the end, no bits lost.
 * Gives how many bytes, or more than room if the text is not strict.
 */
static size_t
decode(const char *text, unsigned char *bytes, size_t room)
{
	size_t len = strlen(text), digits = len, n, bit;

	while (digits > 0 && len - digits < 2 && text[digits - 1] == '=')
		digits--;
	n = digits * 6 / 8;
	if (len % 4 != 0 || n > room)
		return room + 1;
	memset(bytes, 0, room);
	for (bit = 0; bit < digits * 6; bit++) {
		int value = digit(text[bit / 6]);

		if (value < 0)
			return room + 1;
		if ((value >> (5 - bit % 6) & 1) == 0)
			continue;
		if (bit / 8 >= n)
			return room + 1;
		bytes[bit / 8] |= (unsigned char)(128 >> bit % 8);
	}
	return n;
}

START_TEST(every_length_is_read_again)
{
	unsigned char bytes[LENGTHS], again[LENGTHS];
	char text[BASE64_LEN(LENGTHS) + 1];
	size_t len, i;

	for (len = 0; len <= sizeof(bytes); len++) {
		ck_assert_int_eq(secret_random(bytes, len), RC_OK);
		memset(text, '#', sizeof(text));
		base64_encode(bytes, len, text);
		ck_assert_uint_eq(strlen(text) + 1, BASE64_LEN(len));
		for (i = BASE64_LEN(len); i < sizeof(text); i++)
			ck_assert_int_eq(text[i], '#');
		ck_assert_uint_eq(decode(text, again, sizeof(again)), len);
		ck_assert_int_eq(memcmp(bytes, again, len), 0);
	}
}
END_TEST

START_TEST(every_pair_of_bytes_has_a_text_of_its_own)
{
	unsigned char bytes[2], again[2];
	char text[BASE64_LEN(2)];
	unsigned int pair;

	for (pair = 0; pair < 65536; pair++) {
		bytes[0] = (unsigned char)(pair >> 8);
		bytes[1] = (unsigned char)pair;
		base64_encode(bytes, 2, text);
		if (decode(text, again, sizeof(again)) != 2 ||
		    memcmp(bytes, again, 2) != 0)
			ck_abort_msg(
			    "%02x %02x is %s", bytes[0], bytes[1], text);
	}
}
END_TEST

START_TEST(what_is_bare_is_read_again)
{
	unsigned char bytes[LENGTHS], again[LENGTHS];
	char text[BASE64_LEN(LENGTHS)];
	size_t len, n;

	ck_assert_int_eq(secret_random(bytes, sizeof(bytes)), RC_OK);
	for (len = 0; len < LENGTHS; len++) {
		base64_encode(bytes, len, text);
		ck_assert_int_eq(base64_decode_bare(text, strcspn(text, "="),
				     again, sizeof(again), &n),
		    RC_OK);
		ck_assert_uint_eq(n, len);
		ck_assert_int_eq(memcmp(bytes, again, len), 0);
		/* One byte less of room is too little. */
		if (len > 0)
			ck_assert_int_eq(
			    base64_decode_bare(
				text, strcspn(text, "="), again, len - 1, &n),
			    RC_INVALID);
	}
}
END_TEST

START_TEST(what_could_be_written_otherwise_is_refused)
{
	static const char *const texts[] = { "Zg==", "Zm8=", "Zh", "Zm9", "Z",
		"Zm9vY", "Zg\n", " Zg", "Z-_v", "Zm 9v", "Zm\xc3\xa4", "====" };
	unsigned char bytes[8];
	size_t n;
	int i;

	for (i = 0; i < ROWS(texts); i++) {
		n = 7;
		ck_assert_msg(base64_decode_bare(texts[i], strlen(texts[i]),
				  bytes, sizeof(bytes), &n) == RC_INVALID,
		    "%s", texts[i]);
		ck_assert_uint_eq(n, 0);
	}
	ck_assert_int_eq(
	    base64_decode_bare("Zm9v\0", 5, bytes, 8, &n), RC_INVALID);
}
END_TEST

/* Of all pairs of characters only those are read that are written. */
START_TEST(every_byte_is_read_from_one_text_alone)
{
	char text[3] = "", again[BASE64_LEN(1)];
	unsigned char byte;
	int a, b, taken = 0;
	size_t n;

	for (a = 0; a < 256; a++)
		for (b = 0; b < 256; b++) {
			text[0] = (char)a;
			text[1] = (char)b;
			if (base64_decode_bare(text, 2, &byte, 1, &n) != RC_OK)
				continue;
			taken++;
			base64_encode(&byte, n, again);
			ck_assert_int_eq(strncmp(again, text, 2), 0);
		}
	ck_assert_int_eq(taken, 256);
}
END_TEST

static Suite *
base64_suite(void)
{
	Suite *s = suite_create("base64");
	TCase *tc = tcase_create("base64");

	tcase_add_loop_test(tc, a_vector_of_rfc_4648_is_met, 0, ROWS(vectors));
	tcase_add_test(tc, the_alphabet_is_in_order);
	tcase_add_test(tc, every_length_is_read_again);
	tcase_add_test(tc, every_pair_of_bytes_has_a_text_of_its_own);
	tcase_add_test(tc, what_is_bare_is_read_again);
	tcase_add_test(tc, what_could_be_written_otherwise_is_refused);
	tcase_add_test(tc, every_byte_is_read_from_one_text_alone);
	suite_add_tcase(s, tc);
	return s;
}

SUITE_MAIN(base64_suite)
