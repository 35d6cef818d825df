/* SPDX-License-Identifier: ISC */
/*
 * lib/qr: codes are module by module what Debian's qrcodegen makes of the
 * same bytes, for texts of every length.  That a reader finds the text in
 * the picture on the page is seen by the browser's tests.
 */
#include "qr.h"

#include <check.h>
#include <qrcodegen/qrcodegen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "suite.h"

enum { SIDE_MAX = 80 };

/* Paints a path into a square; every part of it must be a row's run. */
static void
paint(const char *path, int size, char square[SIDE_MAX][SIDE_MAX])
{
	int x, y, n, back, used;

	memset(square, 0, SIDE_MAX * SIDE_MAX);
	for (; *path != '\0'; path += used) {
		used = 0;
		ck_assert_int_eq(sscanf(path, "M%d %dh%dv1h-%dz%n", &x, &y, &n,
				     &back, &used),
		    4);
		ck_assert_int_gt(used, 0);
		ck_assert_int_eq(n, back);
		ck_assert(
		    x >= 0 && y >= 0 && n > 0 && x + n <= size && y < size);
		memset(square[y] + x, 1, (size_t)n);
	}
}

/* True if the square, without its quiet zone, is the other's code. */
static int
is_same(char square[SIDE_MAX][SIDE_MAX], int size, const uint8_t *code)
{
	int x, y;

	if (size != qrcodegen_getSize(code) + 2 * QR_QUIET)
		return 0;
	for (y = 0; y < size; y++)
		for (x = 0; x < size; x++)
			if (square[y][x] != qrcodegen_getModule(code,
						x - QR_QUIET, y - QR_QUIET))
				return 0;
	return 1;
}

/* Compares the code of a text with qrcodegen's under each mask. */
static void
compare(const char *text, size_t len)
{
	uint8_t code[qrcodegen_BUFFER_LEN_FOR_VERSION(13)];
	uint8_t work[sizeof(code)];
	char square[SIDE_MAX][SIDE_MAX], *path = NULL;
	int size = 0, mask, same = 0;

	ck_assert_int_eq(qr_path(text, &path, &size), RC_OK);
	paint(path, size, square);
	free(path);
	for (mask = 0; mask < 8; mask++) {
		memcpy(work, text, len);
		ck_assert(qrcodegen_encodeBinary(work, len, code,
		    qrcodegen_Ecc_MEDIUM, 1, 13, (enum qrcodegen_Mask)mask,
		    false));
		same += is_same(square, size, code);
	}
	ck_assert_msg(same == 1, "the code of %zu bytes", len);
}

START_TEST(codes_are_those_of_another_encoder)
{
	char text[QR_TEXT_MAX + 1];
	size_t len, i;

	for (len = 1; len <= QR_TEXT_MAX; len++) {
		for (i = 0; i < len; i++)
			text[i] = (char)(1 + (i * 37 + len * 11) % 255);
		text[len] = '\0';
		compare(text, len);
	}
}
END_TEST

START_TEST(texts_of_one_character_are_no_exception)
{
	char text[QR_TEXT_MAX + 1];
	size_t len;

	for (len = 1; len <= QR_TEXT_MAX; len += 10) {
		memset(text, 'A', len);
		text[len] = '\0';
		compare(text, len);
	}
}
END_TEST

START_TEST(the_least_disturbing_mask_is_chosen)
{
	static const char text[] = "otpauth://totp/Latchkey:someone%40shop."
				   "example?secret=JBSWY3DPEHPK3PXP"
				   "JBSWY3DPEHPK3PXP&issuer=Latchkey";
	uint8_t code[qrcodegen_BUFFER_LEN_FOR_VERSION(13)];
	uint8_t work[sizeof(code)];
	char square[SIDE_MAX][SIDE_MAX], *path = NULL;
	int size = 0;

	ck_assert_int_eq(qr_path(text, &path, &size), RC_OK);
	paint(path, size, square);
	free(path);
	memcpy(work, text, sizeof(text) - 1);
	ck_assert(qrcodegen_encodeBinary(work, sizeof(text) - 1, code,
	    qrcodegen_Ecc_MEDIUM, 1, 13, qrcodegen_Mask_AUTO, false));
	ck_assert(is_same(square, size, code));
}
END_TEST

START_TEST(what_does_not_fit_is_refused)
{
	char text[QR_TEXT_MAX + 2], *path = text;
	int size = 1;

	ck_assert_int_eq(qr_path("", &path, &size), RC_INVALID);
	ck_assert_ptr_null(path);
	ck_assert_int_eq(size, 0);
	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	ck_assert_int_eq(qr_path(text, &path, &size), RC_INVALID);
	ck_assert_ptr_null(path);
}
END_TEST

static Suite *
make_suite(void)
{
	Suite *suite = suite_create("qr");
	TCase *tc = tcase_create("qr");

	tcase_add_test(tc, codes_are_those_of_another_encoder);
	tcase_add_test(tc, texts_of_one_character_are_no_exception);
	tcase_add_test(tc, the_least_disturbing_mask_is_chosen);
	tcase_add_test(tc, what_does_not_fit_is_refused);
	suite_add_tcase(suite, tc);
	return suite;
}

SUITE_MAIN(make_suite)
