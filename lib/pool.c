/* SPDX-License-Identifier: ISC */
/*
 * A heap for short processes.  Before each block stand its class and a seal,
 * which depends on its place, its class, whether it is in use, and random
 * bits of this process.
 */
#include "pool.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>

enum {
	ALIGN = 16,
	FINE_MAX = 512, /* up to here classes are multiples of ALIGN */
	FINE = FINE_MAX / ALIGN,
	FINE_BITS = 9,
	STEP_BITS = 3, /* then 8 from one power of two to the next */
	CLASSES = FINE + (6 << STEP_BITS),
	LARGE = CLASSES, /* a mapping of its own */
	CHUNK = 4 * POOL_SMALL_MAX
};

/* What stands before a block; the length only before a mapping's. */
struct head {
	size_t len; /* of the mapping */
	uint32_t class;
	uint32_t seal;
};

/* What a small block needs itself: a head without length. */
enum { OVERHEAD = sizeof(struct head) - sizeof(size_t) };

/* More than any address space has, and less than overflows. */
#define SIZE_LIMIT ((size_t)PTRDIFF_MAX / 2)

static struct {
	unsigned char *begin, *end; /* what is left of the last chunk */
	uintptr_t key;
	uintptr_t free[CLASSES]; /* blocks, by ^ key; each has the next */
} pool;

static struct head *
head_of(const void *block)
{
	return (struct head *)((uintptr_t)block - sizeof(struct head));
}

static uint32_t
seal_of(const struct head *head, int in_use)
{
	uint64_t n = ((uintptr_t)head ^ pool.key) * 0x9e3779b97f4a7c15;

	return (uint32_t)(n >> 32) + head->class * 2 + (uint32_t)in_use;
}

/* The head of a block, which must be in use, or must not. */
static struct head *
check(const void *block, int in_use)
{
	struct head *head = head_of(block);

	if ((uintptr_t)block % ALIGN != 0 ||
	    head->seal != seal_of(head, in_use))
		__builtin_trap();
	return head;
}

/* The class of small blocks for n bytes, and how many they have. */
static uint32_t
class_of(size_t n, size_t *size)
{
	uint32_t step;

	if (n <= FINE_MAX) {
		*size = (n + ALIGN - 1) / ALIGN * ALIGN;
		return (uint32_t)(*size / ALIGN - 1);
	}
	/* The highest bit of n - 1 and the next three tell the class. */
	step = 31 - STEP_BITS - (uint32_t)__builtin_clz((uint32_t)n - 1);
	*size = (((n - 1) >> step) + 1) << step;
	return FINE + ((step + STEP_BITS - FINE_BITS) << STEP_BITS) +
	       (uint32_t)((n - 1) >> step) - (1 << STEP_BITS);
}

static size_t
size_of(uint32_t class)
{
	if (class < FINE)
		return (class + 1) * (size_t)ALIGN;
	class -= FINE;
	return ((size_t)(class % (1 << STEP_BITS)) + (1 << STEP_BITS) + 1)
	       << ((class >> STEP_BITS) + FINE_BITS - STEP_BITS);
}

static void *
map(size_t len, int flags)
{
	void *p = mmap(NULL, len, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);

	return p != MAP_FAILED ? p : NULL;
}

/*
 * Begins a new chunk.  The first is in memory at once: that takes a third of
 * what touching its pages one by one does.
 */
static int
add_chunk(void)
{
	const unsigned char *random;
	unsigned char *chunk = map(CHUNK, pool.end == NULL ? MAP_POPULATE : 0);

	if (chunk == NULL)
		return -1;
	/* The first 8 of the kernel's 16 bytes are the stack protector's. */
	random = (const unsigned char *)getauxval(AT_RANDOM);
	if (pool.end == NULL && random != NULL)
		memcpy(&pool.key, random + 8, sizeof(pool.key));
	pool.begin = chunk + sizeof(size_t);
	pool.end = chunk + CHUNK;
	return 0;
}

/* The length of the mapping for a large block. */
static size_t
mapping(size_t size)
{
	return (size + sizeof(struct head) + 4095) / 4096 * 4096;
}

static void *
alloc_large(size_t size)
{
	struct head *head = map(mapping(size), 0);

	if (head == NULL)
		return NULL;
	head->len = mapping(size);
	head->class = LARGE;
	head->seal = seal_of(head, 1);
	return head + 1;
}

static void *
resize_large(struct head *head, size_t size)
{
	size_t len = mapping(size);

	head = mremap(head, head->len, len, MREMAP_MAYMOVE);
	if (head == MAP_FAILED) {
		errno = ENOMEM;
		return NULL;
	}
	head->len = len;
	head->seal = seal_of(head, 1);
	return head + 1;
}

void *
pool_alloc(size_t size)
{
	struct head *head;
	uint32_t class;
	uintptr_t *block;
	size_t n;

	if (size > SIZE_LIMIT) {
		errno = ENOMEM;
		return NULL;
	}
	if (pool.end == NULL && add_chunk() != 0)
		return NULL;
	if (size + OVERHEAD > POOL_SMALL_MAX)
		return alloc_large(size);
	class = class_of(size + OVERHEAD, &n);
	if (pool.free[class] != 0) {
		block = (uintptr_t *)(pool.free[class] ^ pool.key);
		head = check(block, 0);
		pool.free[class] = *block;
	} else {
		if ((size_t)(pool.end - pool.begin) < n && add_chunk() != 0)
			return NULL;
		block = (uintptr_t *)(pool.begin + OVERHEAD);
		pool.begin += n;
		head = head_of(block);
		head->class = class;
	}
	head->seal = seal_of(head, 1);
	return block;
}

void
pool_free(void *block)
{
	struct head *head;

	if (block == NULL)
		return;
	head = check(block, 1);
	if (head->class == LARGE) {
		(void)munmap(head, head->len);
		return;
	}
	head->seal = seal_of(head, 0);
	*(uintptr_t *)block = pool.free[head->class];
	pool.free[head->class] = (uintptr_t)block ^ pool.key;
}

size_t
pool_size(const void *block)
{
	const struct head *head = check(block, 1);

	return head->class == LARGE ? head->len - sizeof(*head)
				    : size_of(head->class) - OVERHEAD;
}

void *
pool_resize(void *block, size_t size)
{
	struct head *head;
	size_t had;
	void *p;

	if (block == NULL)
		return pool_alloc(size);
	had = pool_size(block);
	head = head_of(block);
	if (head->class == LARGE && size <= SIZE_LIMIT)
		return resize_large(head, size);
	if (size <= had)
		return block;
	p = pool_alloc(size);
	if (p != NULL) {
		memcpy(p, block, had);
		pool_free(block);
	}
	return p;
}
