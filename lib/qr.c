/* SPDX-License-Identifier: ISC */
/*
 * QR codes.  Clauses and tables are those of ISO/IEC 18004:2015.  Written for
 * one short text at a time, not for speed: the field's products are computed
 * bit by bit, which also makes their time tell nothing of a secret.
 */
#include "qr.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "secret.h"

enum {
	VERSION_MAX = 13,
	SIDE_MAX = 17 + 4 * VERSION_MAX, /* modules */
	CODEWORDS_MAX = 532,
	CHECK_MAX = 30, /* codewords that correct errors, of one block */
	BLOCKS_MAX = 9,
	MASKS = 8
};

/* Table 9, level M, by version: all codewords, blocks, check codewords. */
static const struct {
	uint16_t codewords;
	uint8_t blocks;
	uint8_t check;
} versions[VERSION_MAX + 1] = {
	[1] = { 26, 1, 10 },
	[2] = { 44, 1, 16 },
	[3] = { 70, 1, 26 },
	[4] = { 100, 2, 18 },
	[5] = { 134, 2, 24 },
	[6] = { 172, 4, 16 },
	[7] = { 196, 4, 18 },
	[8] = { 242, 4, 22 },
	[9] = { 292, 5, 22 },
	[10] = { 346, 5, 26 },
	[11] = { 404, 5, 30 },
	[12] = { 466, 8, 22 },
	[13] = { 532, 9, 22 },
};

/* A code being made. */
struct code {
	int version;
	int side;
	uint8_t words[CODEWORDS_MAX];         /* data, then interleaved */
	uint8_t dark[SIDE_MAX][SIDE_MAX];     /* by y and x */
	uint8_t is_fixed[SIDE_MAX][SIDE_MAX]; /* no data there, no mask */
};

/* --- codewords ------------------------------------------------------------ */

static int
data_words(int version)
{
	return versions[version].codewords -
	       versions[version].blocks * versions[version].check;
}

/* Bits of a text's length (table 3). */
static int
length_bits(int version)
{
	return version < 10 ? 8 : 16;
}

/* The smallest version that holds len bytes; 0 if none does. */
static int
find_version(size_t len)
{
	int version;

	for (version = 1; version <= VERSION_MAX; version++)
		if (4 + (size_t)length_bits(version) + 8 * len <=
		    8 * (size_t)data_words(version))
			return version;
	return 0;
}

/* Appends the low n bits of value, the highest of them first. */
static void
put_bits(uint8_t *words, size_t *at, unsigned int value, int n)
{
	for (n--; n >= 0; n--, (*at)++)
		if ((value >> n & 1) != 0)
			words[*at / 8] |= (uint8_t)(0x80 >> *at % 8);
}

/* 7.4: the mode, the length, the bytes, an end, and what fills the rest. */
static void
put_text(struct code *code, const char *text, size_t len)
{
	enum { MODE_BYTES = 4 };
	size_t at = 0, end = (size_t)data_words(code->version), i;

	put_bits(code->words, &at, MODE_BYTES, 4);
	put_bits(
	    code->words, &at, (unsigned int)len, length_bits(code->version));
	for (i = 0; i < len; i++)
		put_bits(code->words, &at, (unsigned char)text[i], 8);
	/* Bytes leave four bits of the last word: the end's four zeros. */
	for (i = (at + 7) / 8; i < end; i++)
		code->words[i] = ((i - (at + 7) / 8) & 1) == 0 ? 0xec : 0x11;
}

/* The product in GF(2^8) modulo x^8 + x^4 + x^3 + x^2 + 1. */
static uint8_t
multiply(uint8_t a, uint8_t b)
{
	unsigned int product = 0;
	int i;

	for (i = 7; i >= 0; i--) {
		product = (product << 1) ^ ((product >> 7) * 0x11d);
		product ^= (unsigned int)(b >> i & 1) * a;
	}
	return (uint8_t)product;
}

/*
 * Annex A: the coefficients of (x - 1)(x - 2)(x - 4)..., n factors, from the
 * highest power, the first one of which is 1 and left out.
 */
static void
make_divisor(uint8_t divisor[CHECK_MAX], int n)
{
	uint8_t root = 1;
	int i, j;

	memset(divisor, 0, CHECK_MAX);
	divisor[n - 1] = 1;
	for (i = 0; i < n; i++) {
		for (j = 0; j < n; j++) {
			divisor[j] = multiply(divisor[j], root);
			if (j + 1 < n)
				divisor[j] ^= divisor[j + 1];
		}
		root = multiply(root, 2);
	}
}

/* 7.5.2: the n check codewords of len data codewords. */
static void
divide(const uint8_t *data, int len, const uint8_t *divisor, int n,
    uint8_t check[CHECK_MAX])
{
	uint8_t factor;
	int i, j;

	memset(check, 0, CHECK_MAX);
	for (i = 0; i < len; i++) {
		factor = data[i] ^ check[0];
		memmove(check, check + 1, (size_t)n - 1);
		check[n - 1] = 0;
		for (j = 0; j < n; j++)
			check[j] ^= multiply(divisor[j], factor);
	}
}

/*
 * 7.6: the blocks' data codewords in turn, then their check codewords.  The
 * last blocks have a data codeword more where it does not come out even.
 */
static void
interleave(struct code *code)
{
	int blocks = versions[code->version].blocks;
	int n = versions[code->version].check;
	int total = data_words(code->version);
	int len = total / blocks, longer = blocks - total % blocks;
	uint8_t check[BLOCKS_MAX][CHECK_MAX], divisor[CHECK_MAX];
	uint8_t out[CODEWORDS_MAX];
	int start[BLOCKS_MAX] = { 0 }, at = 0, b, i;

	make_divisor(divisor, n);
	for (b = 0; b < blocks; b++) {
		start[b] = at;
		at += len + (b >= longer);
		divide(code->words + start[b], len + (b >= longer), divisor, n,
		    check[b]);
	}
	at = 0;
	for (i = 0; i <= len; i++)
		for (b = i < len ? 0 : longer; b < blocks; b++)
			out[at++] = code->words[start[b] + i];
	for (i = 0; i < n; i++)
		for (b = 0; b < blocks; b++)
			out[at++] = check[b][i];
	memcpy(code->words, out, (size_t)at);
	secret_wipe(out, sizeof(out));
	secret_wipe(check, sizeof(check));
}

/* --- modules -------------------------------------------------------------- */

static void
fix(struct code *code, int x, int y, int is_dark)
{
	if (x < 0 || y < 0 || x >= code->side || y >= code->side)
		return;
	code->dark[y][x] = is_dark != 0;
	code->is_fixed[y][x] = 1;
}

/*
 * A square around a module: rings up to the radius, of which one is light.
 * Finder patterns (6.3.3) with their separators have a radius of 4, the last
 * ring light too; alignment patterns (6.3.6) have one of 2.
 */
static void
fix_square(struct code *code, int cx, int cy, int radius)
{
	int light = radius == 4 ? 2 : 1, x, y, ring;

	for (y = -radius; y <= radius; y++)
		for (x = -radius; x <= radius; x++) {
			ring = abs(x) > abs(y) ? abs(x) : abs(y);
			fix(code, cx + x, cy + y, ring != light && ring != 4);
		}
}

/* Annex E: where alignment patterns are, in both directions. */
static void
fix_alignment(struct code *code)
{
	int last = code->side - 7, n = code->version < 7 ? 2 : 3, i, j;
	int at[3] = { 6, n == 2 ? last : (6 + last) / 2, last };

	if (code->version == 1)
		return;
	for (i = 0; i < n; i++)
		for (j = 0; j < n; j++)
			/* Three corners have the finder patterns. */
			if (!(i == 0 && j == 0) && !(i == 0 && j == n - 1) &&
			    !(i == n - 1 && j == 0))
				fix_square(code, at[i], at[j], 2);
}

/* The remainder of value * 2^n by a polynomial of degree n. */
static unsigned int
remainder_of(unsigned int value, int n, unsigned int polynomial)
{
	int i;

	for (i = 0; i < n; i++)
		value = (value << 1) ^ ((value >> (n - 1) & 1) * polynomial);
	return value & ((1u << n) - 1);
}

/* 7.9: level M (0) and the mask, twice, and the one that is always dark. */
static void
fix_format(struct code *code, int mask)
{
	unsigned int format = (unsigned int)mask;
	int i, side = code->side, bit;

	format = (format << 10 | remainder_of(format, 10, 0x537)) ^ 0x5412;
	for (i = 0; i < 15; i++) {
		bit = (int)(format >> i & 1);
		/* Down column 8 and along row 8, past the timing lines. */
		if (i < 8)
			fix(code, 8, i < 6 ? i : i + 1, bit);
		else
			fix(code, i == 8 ? 7 : 14 - i, 8, bit);
		if (i < 8)
			fix(code, side - 1 - i, 8, bit);
		else
			fix(code, 8, side - 15 + i, bit);
	}
	fix(code, 8, side - 8, 1);
}

/* 7.10: the version, twice, from version 7 on. */
static void
fix_version(struct code *code)
{
	unsigned int bits = (unsigned int)code->version;
	int i, a, b;

	if (code->version < 7)
		return;
	bits = bits << 12 | remainder_of(bits, 12, 0x1f25);
	for (i = 0; i < 18; i++) {
		a = code->side - 11 + i % 3;
		b = i / 3;
		fix(code, a, b, (int)(bits >> i & 1));
		fix(code, b, a, (int)(bits >> i & 1));
	}
}

/* All that is there whatever the data. */
static void
fix_patterns(struct code *code)
{
	int i, last = code->side - 1;

	/* 6.3.5: the timing lines, over which the others go. */
	for (i = 0; i < code->side; i++) {
		fix(code, 6, i, i % 2 == 0);
		fix(code, i, 6, i % 2 == 0);
	}
	fix_square(code, 3, 3, 4);
	fix_square(code, last - 3, 3, 4);
	fix_square(code, 3, last - 3, 4);
	fix_alignment(code);
	fix_format(code, 0);
	fix_version(code);
}

/* 7.7.3: the codewords in pairs of columns, from the right, up and down. */
static void
place(struct code *code)
{
	int nbits = 8 * versions[code->version].codewords;
	int side = code->side, bit = 0, right, i, x, y, up = 1;

	for (right = side - 1; right > 0; right -= 2, up = !up) {
		/* The timing line has a column to itself. */
		if (right == 6)
			right = 5;
		for (i = 0; i < 2 * side; i++) {
			x = right - i % 2;
			y = up ? side - 1 - i / 2 : i / 2;
			if (code->is_fixed[y][x] || bit >= nbits)
				continue;
			code->dark[y][x] =
			    (code->words[bit / 8] >> (7 - bit % 8)) & 1;
			bit++;
		}
	}
}

/* Table 10. */
static int
is_masked(int mask, int x, int y)
{
	switch (mask) {
	case 0:
		return (x + y) % 2 == 0;
	case 1:
		return y % 2 == 0;
	case 2:
		return x % 3 == 0;
	case 3:
		return (x + y) % 3 == 0;
	case 4:
		return (x / 3 + y / 2) % 2 == 0;
	case 5:
		return x * y % 2 + x * y % 3 == 0;
	case 6:
		return (x * y % 2 + x * y % 3) % 2 == 0;
	default:
		return ((x + y) % 2 + x * y % 3) % 2 == 0;
	}
}

/* Puts a mask on, or takes it off. */
static void
apply_mask(struct code *code, int mask)
{
	int x, y;

	for (y = 0; y < code->side; y++)
		for (x = 0; x < code->side; x++)
			if (!code->is_fixed[y][x] && is_masked(mask, x, y))
				code->dark[y][x] ^= 1;
}

/* --- the choice of a mask ------------------------------------------------- */

/* A module of line i, a row or a column; all around is light. */
static int
is_dark(const struct code *code, int columns, int i, int at)
{
	if (at < 0 || at >= code->side)
		return 0;
	return columns ? code->dark[at][i] : code->dark[i][at];
}

/*
 * Table 11: of a line, runs of five and more, and what looks like a finder
 * pattern with four light modules on a side.
 */
static int
line_penalty(const struct code *code, int columns, int i)
{
	static const uint8_t finder[] = { 1, 0, 1, 1, 1, 0, 1 };
	int penalty = 0, run = 0, at, j, before, after;

	for (at = 0; at < code->side; at++) {
		run = at > 0 && is_dark(code, columns, i, at) ==
				    is_dark(code, columns, i, at - 1)
			  ? run + 1
			  : 1;
		penalty += run == 5 ? 3 : (run > 5 ? 1 : 0);
		for (j = 0; j < 7; j++)
			if (is_dark(code, columns, i, at + j) != finder[j])
				break;
		if (j < 7)
			continue;
		before = after = 0;
		for (j = 1; j <= 4; j++) {
			before += is_dark(code, columns, i, at - j);
			after += is_dark(code, columns, i, at + 6 + j);
		}
		penalty += (before == 0 || after == 0) ? 40 : 0;
	}
	return penalty;
}

/* How hard a code would be to read. */
static int
penalty_of(const struct code *code)
{
	int side = code->side, area = side * side;
	int penalty = 0, dark = 0, x, y, sum;

	for (y = 0; y < side; y++) {
		penalty += line_penalty(code, 0, y) + line_penalty(code, 1, y);
		for (x = 0; x < side; x++) {
			dark += code->dark[y][x];
			if (x + 1 == side || y + 1 == side)
				continue;
			sum = code->dark[y][x] + code->dark[y][x + 1] +
			      code->dark[y + 1][x] + code->dark[y + 1][x + 1];
			penalty += sum == 0 || sum == 4 ? 3 : 0;
		}
	}
	/* Ten for each 5 % of dark modules away from half. */
	return penalty + 10 * (abs(20 * dark - 10 * area) / area);
}

static void
choose_mask(struct code *code)
{
	int best = 0, least = 0, penalty, mask;

	for (mask = 0; mask < MASKS; mask++) {
		apply_mask(code, mask);
		fix_format(code, mask);
		penalty = penalty_of(code);
		if (mask == 0 || penalty < least) {
			best = mask;
			least = penalty;
		}
		apply_mask(code, mask);
	}
	apply_mask(code, best);
	fix_format(code, best);
}

/* --- drawing -------------------------------------------------------------- */

/* Writes a rectangle for each run of dark modules in a row. */
static void
draw(FILE *out, const struct code *code)
{
	int x, y, n;

	for (y = 0; y < code->side; y++)
		for (x = 0; x<code->side; x += n> 0 ? n : 1) {
			for (n = 0;
			     x + n < code->side && code->dark[y][x + n] != 0;
			     n++)
				;
			if (n > 0)
				(void)fprintf(out, "M%d %dh%dv1h-%dz",
				    x + QR_QUIET, y + QR_QUIET, n, n);
		}
}

enum rc
qr_path(const char *text, char **path, int *size)
{
	struct code code = { 0 };
	size_t text_len = strlen(text), len = 0;
	FILE *out = NULL;
	enum rc rc = RC_FAIL;

	*path = NULL;
	*size = 0;
	code.version = find_version(text_len);
	if (text_len == 0 || code.version == 0)
		return RC_INVALID;
	code.side = 17 + 4 * code.version;
	put_text(&code, text, text_len);
	interleave(&code);
	fix_patterns(&code);
	place(&code);
	choose_mask(&code);
	if ((out = open_memstream(path, &len)) != NULL) {
		draw(out, &code);
		if (fclose(out) == 0)
			rc = RC_OK;
	}
	if (rc == RC_OK) {
		*size = code.side + 2 * QR_QUIET;
	} else {
		log_err("cannot draw a QR code: out of memory");
		free(*path);
		*path = NULL;
	}
	/* The text may be a secret. */
	secret_wipe(&code, sizeof(code));
	return rc;
}
