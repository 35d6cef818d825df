/* SPDX-License-Identifier: ISC */
/*
 * Fuzzes the heap of musl's programs: three bytes are one step, which
 * allocates, resizes or frees one of 64 blocks.  Every block is full of its
 * own number, and must be so whenever it is looked at.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "pool.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { BLOCKS = 64 };

static struct block {
	unsigned char *bytes;
	size_t len;
} blocks[BLOCKS];

static void
must(int condition)
{
	if (!condition)
		abort();
}

static void
must_be_full(const struct block *b, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		must(b->bytes[i] == (unsigned char)(b - blocks));
}

/* Half of the sizes are below 256, some are beyond what is small. */
static size_t
size_of(uint8_t shape, uint8_t n)
{
	return shape < 128 ? n : ((size_t)n + 1) << (shape % 10);
}

static void
set_size(struct block *b, size_t size)
{
	size_t kept = size < b->len ? size : b->len;

	b->bytes =
	    b->bytes == NULL ? pool_alloc(size) : pool_resize(b->bytes, size);
	must(b->bytes != NULL && (uintptr_t)b->bytes % 16 == 0);
	must(pool_size(b->bytes) >= size);
	must_be_full(b, kept);
	b->len = pool_size(b->bytes);
	memset(b->bytes, (int)(b - blocks), b->len);
}

static void
release(struct block *b)
{
	if (b->bytes != NULL)
		must_be_full(b, b->len);
	pool_free(b->bytes);
	*b = (struct block){ .bytes = NULL };
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t i;

	for (i = 0; i + 3 <= size; i += 3) {
		struct block *b = &blocks[data[i] % BLOCKS];

		if (data[i] / BLOCKS == 0)
			release(b);
		else
			set_size(b, size_of(data[i + 1], data[i + 2]));
	}
	for (i = 0; i < BLOCKS; i++)
		release(&blocks[i]);
	return 0;
}
