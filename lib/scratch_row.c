/* SPDX-License-Identifier: ISC */
/*
 * The format is SQLite's own, which is documented and stable ("Database File
 * Format", sections 1.6 for trees and 2.1 for records): a page of an index's
 * tree has cells in the order of their records, an inner one with a left child
 * each.  A table WITHOUT ROWID is such a tree.  All numbers that a page gives
 * are checked before they are used.
 */
#include "scratch_row.h"

#include <string.h>

#include "scratch_vfs.h"

enum {
	PAGE = 1024,
	INNER = 2, /* types of pages */
	LEAF = 10,
	INNER_HEAD = 12, /* bytes of their headers */
	LEAF_HEAD = 8,
	CHILD_LEN = 4,
	DEPTH_MAX = 16,
	SHORT_MAX = 0x7f, /* of a number that takes one byte */
	BLOB_TYPE = 12,   /* and twice the length */
	ZERO_TYPE = 8,    /* the numbers 0 and 1 have types of their own */
	ONE_TYPE = 9
};

/* A record, whose header has a byte for each column's type. */
struct record {
	size_t at; /* in the page */
	size_t key_at, key_len;
};

static size_t
read_short(const unsigned char *p)
{
	return (size_t)p[0] << 8 | p[1];
}

static int64_t
read_number(const unsigned char *p, int len)
{
	uint64_t value = len > 0 && (p[0] & 0x80) != 0 ? UINT64_MAX : 0;

	while (len-- > 0)
		value = value << 8 | *p++;
	return (int64_t)value;
}

/* Bytes of an integer by its type; -1 if it is none. */
static int
length_of(unsigned char type)
{
	static const signed char lengths[] = { -1, 1, 2, 3, 4, 6, 8, -1, 0, 0 };

	return type < sizeof(lengths) ? lengths[type] : -1;
}

/* Finds the record of a cell and its key; false if it is not as expected. */
static int
read_cell(const unsigned char page[PAGE], size_t cell, size_t ncolumns,
    struct record *record)
{
	size_t len, type;

	if (page[0] == INNER)
		cell += CHILD_LEN;
	if (cell + 1 + 1 + ncolumns > PAGE)
		return 0;
	len = page[cell];
	record->at = cell + 1;
	/* The whole of it in this page, and no type of two bytes. */
	if (len > SHORT_MAX || len > PAGE - record->at ||
	    page[record->at] != 1 + ncolumns || len < 1 + ncolumns)
		return 0;
	type = page[record->at + 1];
	if (type < BLOB_TYPE || type % 2 != 0 || type > SHORT_MAX)
		return 0;
	record->key_at = record->at + 1 + ncolumns;
	record->key_len = (type - BLOB_TYPE) / 2;
	return record->key_len <= len - 1 - ncolumns;
}

/* Reads the numbers behind the key. */
static int
read_numbers(const unsigned char page[PAGE], const struct record *record,
    struct scratch_number *numbers, size_t n)
{
	size_t at = record->key_at + record->key_len, i;
	unsigned char type;
	int len;

	for (i = 0; i < n; i++) {
		type = page[record->at + 2 + i];
		len = length_of(type);
		if (len < 0 || (size_t)len > PAGE - at)
			return 0;
		numbers[i].value = type == ONE_TYPE ? 1
				   : type == ZERO_TYPE
				       ? 0
				       : read_number(page + at, len);
		numbers[i].at = (int64_t)at;
		numbers[i].len = len;
		at += (size_t)len;
	}
	return 1;
}

/* As SQLite compares blobs. */
static int
compare(const unsigned char *a, size_t a_len, const void *b, size_t b_len)
{
	int order = memcmp(a, b, a_len < b_len ? a_len : b_len);

	return order != 0 ? order : (a_len > b_len) - (a_len < b_len);
}

/* Where the search of a page has come to. */
enum step { FOUND, BELOW, NOWHERE };

/* Looks for the key in a page; where it is not, in which child it would be. */
static enum step
search(const unsigned char page[PAGE], const void *key, size_t len,
    size_t ncolumns, struct record *record, int64_t *child)
{
	const size_t head = page[0] == INNER ? INNER_HEAD : LEAF_HEAD;
	size_t low = 0, high = read_short(page + 3), middle, cell;
	int order;

	if ((page[0] != INNER && page[0] != LEAF) || high > (PAGE - head) / 2)
		return NOWHERE;
	*child =
	    page[0] == INNER ? read_number(page + LEAF_HEAD, CHILD_LEN) : 0;
	while (low < high) {
		middle = (low + high) / 2;
		cell = read_short(page + head + 2 * middle);
		if (!read_cell(page, cell, ncolumns, record))
			return NOWHERE;
		order =
		    compare(page + record->key_at, record->key_len, key, len);
		if (order == 0)
			return FOUND;
		if (order < 0) {
			low = middle + 1;
			continue;
		}
		high = middle;
		if (page[0] == INNER)
			*child = read_number(page + cell, CHILD_LEN);
	}
	return page[0] == INNER ? BELOW : NOWHERE;
}

enum rc
scratch_row_find(struct sqlite3 *handle, int64_t root, const void *key,
    size_t len, struct scratch_number *numbers, size_t n)
{
	unsigned char page[PAGE];
	struct record record;
	int64_t at, child = root;
	enum step step = BELOW;
	int depth;
	size_t i;

	for (depth = 0; step == BELOW && depth < DEPTH_MAX; depth++) {
		if (child < 2)
			return RC_NOT_FOUND;
		at = (child - 1) * PAGE;
		if (scratch_vfs_read(handle, at, page, PAGE) != RC_OK)
			return RC_NOT_FOUND;
		step = search(page, key, len, 1 + n, &record, &child);
	}
	if (step != FOUND || !read_numbers(page, &record, numbers, n))
		return RC_NOT_FOUND;
	for (i = 0; i < n; i++)
		numbers[i].at += at;
	return RC_OK;
}

int
scratch_row_fits(const struct scratch_number *number, int64_t value)
{
	/* The least that each length is used for; 0 and 1 take no bytes. */
	static const int64_t above[] = { 1, INT64_C(0x7f), INT64_C(0x7fff),
		INT64_C(0x7fffff), INT64_C(0x7fffffff),
		INT64_C(0x7fffffffffff) };
	static const int lengths[] = { 0, 1, 2, 3, 4, 6, 8 };
	size_t i;

	for (i = 0; i < sizeof(above) / sizeof(above[0]); i++)
		if (value <= above[i])
			break;
	return value >= 0 && number->len > 0 && lengths[i] == number->len;
}

enum rc
scratch_row_change(
    struct sqlite3 *handle, const struct scratch_number *numbers, size_t n)
{
	struct scratch_edit edits[SCRATCH_EDITS];
	uint64_t value;
	size_t i;
	int b;

	if (n > SCRATCH_EDITS)
		return RC_NOT_FOUND;
	for (i = 0; i < n; i++) {
		value = (uint64_t)numbers[i].value;
		edits[i].at = numbers[i].at;
		edits[i].len = numbers[i].len;
		for (b = numbers[i].len; b-- > 0; value >>= 8)
			edits[i].bytes[b] = (unsigned char)value;
	}
	return scratch_vfs_commit(handle, edits, n);
}
