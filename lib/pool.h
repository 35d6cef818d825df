/* SPDX-License-Identifier: ISC */
/*
 * A heap for programs that end soon or answer one call after another, in one
 * thread.  Blocks are cut one behind the other from chunks, so that a short
 * process touches few pages, and go back to a list for each size.
 *
 * A freed block serves only blocks of its size class again: a process holds
 * at most the sum, over all 80 classes, of the most that each ever had in
 * use, an eighth of it padding, and a quarter of each chunk as waste.  Larger
 * blocks are mappings of their own and go back to the kernel.
 *
 * A block that is freed twice, was never allocated, or whose neighbour wrote
 * past its end, ends the process by a trap: nothing can be relied on then.
 */
#ifndef LATCHKEY_POOL_H
#define LATCHKEY_POOL_H

#include <stddef.h>

/* Bytes, with what a block needs itself. */
enum { POOL_SMALL_MAX = 32768 };

/*
 * A new block of at least that size, even of 0, aligned for every type; its
 * contents are undefined.  NULL and ENOMEM if there is no memory.
 */
void *pool_alloc(size_t size);

/*
 * The block with another size, maybe at another place; NULL gets a new one.
 * On failure NULL and ENOMEM, and the block is as it was.
 */
void *pool_resize(void *block, size_t size);

/* Gives a block back; NULL is fine.  errno stays. */
void pool_free(void *block);

/* How many bytes the block has: what was asked for, or some more. */
size_t pool_size(const void *block);

#endif
