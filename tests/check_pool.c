/* SPDX-License-Identifier: ISC */
/*
 * The heap of musl's programs: blocks of all sizes, aligned and apart, their
 * contents, what is used again and what goes back to the kernel, memory that
 * runs out, and mistakes that must end the process.
 */
#include "pool.h"

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "suite.h"

enum { ALIGN = 16, PAGE = 4096, SIZES = 700, LARGE = 2 * POOL_SMALL_MAX };

/* Every size up to 513, then around every boundary of a class. */
static size_t
nth_size(int n)
{
	size_t power, part;

	if (n <= 513)
		return (size_t)n;
	n -= 514;
	power = (size_t)512 << (n / 24);
	part = power / 8 * (size_t)(n % 24 / 3 + 1);
	return power + part - 9 + (size_t)(n % 3);
}

static void
fill(unsigned char *block, size_t len, unsigned int seed)
{
	size_t i;

	for (i = 0; i < len; i++)
		block[i] = (unsigned char)(seed + i * 7);
}

static void
must_be_filled(const unsigned char *block, size_t len, unsigned int seed)
{
	size_t i, bad = 0;

	for (i = 0; i < len; i++)
		bad += block[i] != (unsigned char)(seed + i * 7);
	ck_assert_uint_eq(bad, 0);
}

/* Pages of address space: all that this process has ever mapped. */
static long
mapped(void)
{
	FILE *in = fopen("/proc/self/statm", "r");
	char line[200];

	ck_assert_ptr_nonnull(in);
	ck_assert_ptr_nonnull(fgets(line, sizeof(line), in));
	(void)fclose(in);
	return strtol(line, NULL, 10);
}

START_TEST(a_block_has_its_size_and_is_aligned)
{
	unsigned char *block;
	size_t size, had;
	int i;

	for (i = 0; i < SIZES; i++) {
		size = nth_size(i);
		block = pool_alloc(size);
		ck_assert_ptr_nonnull(block);
		ck_assert_uint_eq((uintptr_t)block % ALIGN, 0);
		had = pool_size(block);
		ck_assert_uint_ge(had, size);
		/* Besides the alignment an eighth is padding. */
		if (had > POOL_SMALL_MAX)
			ck_assert_uint_lt(had, size + PAGE);
		else
			ck_assert_uint_le(had, size + size / 8 + ALIGN);
		fill(block, had, 1);
		must_be_filled(block, had, 1);
		pool_free(block);
	}
}
END_TEST

START_TEST(blocks_do_not_overlap)
{
	static unsigned char *blocks[SIZES];
	int i, round;

	for (round = 0; round < 3; round++) {
		for (i = 0; i < SIZES; i++) {
			blocks[i] = pool_alloc(nth_size(i));
			ck_assert_ptr_nonnull(blocks[i]);
			fill(blocks[i], pool_size(blocks[i]), (unsigned int)i);
		}
		for (i = 0; i < SIZES; i++)
			must_be_filled(
			    blocks[i], pool_size(blocks[i]), (unsigned int)i);
		for (i = 0; i < SIZES; i++)
			pool_free(blocks[i * 3 % SIZES]);
	}
}
END_TEST

START_TEST(resizing_keeps_contents)
{
	size_t from, to, kept;
	unsigned char *block, *other;
	int i;

	for (i = 0; i < 40 * SIZES; i++) {
		from = nth_size(i % SIZES);
		to = nth_size(i * 13 % SIZES) * (1 + (size_t)(i % 2));
		block = pool_alloc(from);
		ck_assert_ptr_nonnull(block);
		other = pool_alloc(from);
		fill(block, from, 5);
		block = pool_resize(block, to);
		ck_assert_ptr_nonnull(block);
		ck_assert_uint_eq((uintptr_t)block % ALIGN, 0);
		ck_assert_uint_ge(pool_size(block), to);
		kept = from < to ? from : to;
		must_be_filled(block, kept, 5);
		fill(block, pool_size(block), 6);
		pool_free(other);
		pool_free(block);
	}
}
END_TEST

START_TEST(resizing_nothing_is_allocating)
{
	unsigned char *block = pool_resize(NULL, 100);

	ck_assert_ptr_nonnull(block);
	ck_assert_uint_ge(pool_size(block), 100);
	pool_free(block);
	pool_free(NULL);
}
END_TEST

START_TEST(a_block_that_is_large_enough_stays)
{
	unsigned char *block = pool_alloc(1000);

	ck_assert_ptr_eq(pool_resize(block, 10), block);
	ck_assert_ptr_eq(pool_resize(block, pool_size(block)), block);
	pool_free(block);
}
END_TEST

START_TEST(freed_blocks_are_used_again)
{
	unsigned char *blocks[50];
	long before = 0;
	int i, round;

	/* A process of many calls must not grow with each. */
	for (round = 0; round < 2000; round++) {
		for (i = 0; i < 50; i++) {
			blocks[i] = pool_alloc(nth_size((i * 17 + _i) % SIZES));
			ck_assert_ptr_nonnull(blocks[i]);
		}
		for (i = 0; i < 50; i++)
			pool_free(blocks[(i * 7) % 50]);
		if (round == 0)
			before = mapped();
	}
	ck_assert_int_eq(mapped(), before);
}
END_TEST

START_TEST(large_blocks_go_back_to_the_kernel)
{
	unsigned char *blocks[20];
	long before;
	int i;

	pool_free(pool_alloc(1));
	before = mapped();
	for (i = 0; i < 20; i++) {
		blocks[i] = pool_alloc(LARGE);
		ck_assert_ptr_nonnull(blocks[i]);
	}
	ck_assert_int_ge(mapped(), before + 20 * LARGE / PAGE);
	for (i = 0; i < 20; i++)
		pool_free(blocks[i]);
	ck_assert_int_eq(mapped(), before);
}
END_TEST

START_TEST(a_large_block_shrinks_and_grows)
{
	unsigned char *block = pool_alloc(LARGE);
	long before = mapped();

	fill(block, LARGE, 9);
	block = pool_resize(block, 100 * LARGE);
	ck_assert_ptr_nonnull(block);
	must_be_filled(block, LARGE, 9);
	fill(block, 100 * LARGE, 9);
	block = pool_resize(block, 100);
	ck_assert_ptr_nonnull(block);
	must_be_filled(block, 100, 9);
	ck_assert_int_lt(mapped(), before);
	pool_free(block);
}
END_TEST

static const size_t absurd[] = { SIZE_MAX, SIZE_MAX - 7, SIZE_MAX - 15,
	SIZE_MAX - 16, SIZE_MAX - PAGE, PTRDIFF_MAX, (size_t)PTRDIFF_MAX + 1,
	PTRDIFF_MAX / 2, PTRDIFF_MAX / 2 + 1 };

START_TEST(an_absurd_size_is_refused)
{
	unsigned char *small = pool_alloc(100), *large = pool_alloc(LARGE);

	errno = 0;
	ck_assert_ptr_null(pool_alloc(absurd[_i]));
	ck_assert_int_eq(errno, ENOMEM);
	fill(small, 100, 3);
	fill(large, LARGE, 4);
	errno = 0;
	ck_assert_ptr_null(pool_resize(small, absurd[_i]));
	ck_assert_int_eq(errno, ENOMEM);
	errno = 0;
	ck_assert_ptr_null(pool_resize(large, absurd[_i]));
	ck_assert_int_eq(errno, ENOMEM);
	must_be_filled(small, 100, 3);
	must_be_filled(large, LARGE, 4);
	pool_free(small);
	pool_free(large);
}
END_TEST

#if !defined(__SANITIZE_ADDRESS__)
START_TEST(memory_may_run_out)
{
	struct rlimit limit;
	unsigned char *blocks[2000], *block;
	int n = 0;

	ck_assert_int_eq(getrlimit(RLIMIT_AS, &limit), 0);
	limit.rlim_cur = (rlim_t)(mapped() + 300) * PAGE;
	ck_assert_int_eq(setrlimit(RLIMIT_AS, &limit), 0);
	errno = 0;
	while (n < 2000 && (blocks[n] = pool_alloc((size_t)_i)) != NULL)
		fill(blocks[n++], (size_t)_i, 8);
	ck_assert_int_eq(errno, ENOMEM);
	ck_assert_int_gt(n, 1);
	ck_assert_int_lt(n, 2000);
	ck_assert_ptr_null(pool_resize(blocks[0], 4 * LARGE));
	must_be_filled(blocks[0], (size_t)_i, 8);
	/* What is freed can be had again. */
	pool_free(blocks[--n]);
	block = pool_alloc((size_t)_i);
	ck_assert_ptr_nonnull(block);
	pool_free(block);
	while (n > 0)
		pool_free(blocks[--n]);
}
END_TEST
#endif

START_TEST(freeing_keeps_errno)
{
	errno = EINTR;
	pool_free(pool_alloc(10));
	pool_free(pool_alloc(LARGE));
	ck_assert_int_eq(errno, EINTR);
}
END_TEST

static void
free_twice(void)
{
	unsigned char *block = pool_alloc(100);

	pool_free(block);
	pool_free(block);
}

static void
free_the_middle(void)
{
	unsigned char *block = pool_alloc(100);

	memset(block, 0, 100);
	pool_free(block + ALIGN);
}

static void
free_askew(void)
{
	pool_free((unsigned char *)pool_alloc(100) + 8);
}

static void
free_what_is_not_ours(void)
{
	static _Alignas(ALIGN) unsigned char foreign[256];

	pool_free(foreign + 64);
}

static void
resize_what_is_free(void)
{
	unsigned char *block = pool_alloc(100);

	pool_free(block);
	(void)pool_resize(block, 200);
}

static void
write_past_the_end(void)
{
	unsigned char *first = pool_alloc(100), *second = pool_alloc(100);

	memset(first, 0, pool_size(first) + 8);
	pool_free(second);
}

static void
write_past_the_end_into_a_free_one(void)
{
	unsigned char *first = pool_alloc(100), *second = pool_alloc(100);

	pool_free(second);
	memset(first, 0, pool_size(first) + 8);
	(void)pool_alloc(100);
}

static void
move_a_block(void)
{
	unsigned char *first = pool_alloc(100), *second = pool_alloc(100);

	/* A seal holds at its own place alone. */
	memcpy(second - 8, first - 8, 8);
	pool_free(second);
}

static void (*const mistakes[])(void) = { free_twice, free_the_middle,
	free_askew, free_what_is_not_ours, resize_what_is_free,
	write_past_the_end, write_past_the_end_into_a_free_one, move_a_block };

START_TEST(a_mistake_ends_the_process)
{
	mistakes[_i]();
}
END_TEST

static Suite *
pool_suite(void)
{
	Suite *s = suite_create("pool");
	TCase *tc = tcase_create("pool");

	tcase_add_test(tc, a_block_has_its_size_and_is_aligned);
	tcase_add_test(tc, blocks_do_not_overlap);
	tcase_add_test(tc, resizing_keeps_contents);
	tcase_add_test(tc, resizing_nothing_is_allocating);
	tcase_add_test(tc, a_block_that_is_large_enough_stays);
	tcase_add_loop_test(tc, freed_blocks_are_used_again, 0, 10);
	tcase_add_test(tc, large_blocks_go_back_to_the_kernel);
	tcase_add_test(tc, a_large_block_shrinks_and_grows);
	tcase_add_loop_test(tc, an_absurd_size_is_refused, 0, ROWS(absurd));
#if !defined(__SANITIZE_ADDRESS__)
	tcase_add_loop_test(tc, memory_may_run_out, 1000, 1001);
	tcase_add_loop_test(tc, memory_may_run_out, LARGE, LARGE + 1);
#endif
	tcase_add_test(tc, freeing_keeps_errno);
	tcase_add_loop_test_raise_signal(
	    tc, a_mistake_ends_the_process, SIGILL, 0, ROWS(mistakes));
	suite_add_tcase(s, tc);
	return s;
}

SUITE_MAIN(pool_suite)
