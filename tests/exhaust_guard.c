/* SPDX-License-Identifier: ISC */
/*
 * All 2^32 IPv4 addresses: guard_ipv4_is_public against the table of public
 * ranges.  Says how many there were and how many of them are public, and
 * ends with 1 if one is judged otherwise than the table has it.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "guard.h"
#include "guard_public.h"

enum { SHOWN = 10 }; /* wrong addresses that are written out */

struct tally {
	uint64_t addresses;
	uint64_t public;
	uint64_t wrong;
};

static void
show(uint32_t address, int public)
{
	printf("%u.%u.%u.%u is %spublic\n", address >> 24, address >> 16 & 255,
	    address >> 8 & 255, address & 255, public ? "" : "not ");
}

/* From first up to, not including, end. */
static void
walk(uint64_t first, uint64_t end, int expected, struct tally *tally)
{
	uint64_t address;

	for (address = first; address < end; address++) {
		int public = guard_ipv4_is_public((uint32_t)address);

		tally->public += (uint64_t) public;
		if (public != expected && tally->wrong++ < SHOWN)
			show((uint32_t)address, public);
	}
	tally->addresses += end - first;
}

int
main(void)
{
	struct tally tally = { 0, 0, 0 };
	uint64_t at = 0;
	int i;

	for (i = 0; i < PUBLIC_IPV4; i++) {
		uint64_t first = public_ipv4_read(public_ipv4[i].first);
		uint64_t last = public_ipv4_read(public_ipv4[i].last);

		if (first <= at || last < first) {
			printf("%s is out of order\n", public_ipv4[i].first);
			return EXIT_FAILURE;
		}
		walk(at, first, 0, &tally);
		walk(first, last + 1, 1, &tally);
		at = last + 1;
	}
	walk(at, (uint64_t)UINT32_MAX + 1, 0, &tally);
	printf("%ju IPv4 addresses, %ju public, %ju wrong\n",
	    (uintmax_t)tally.addresses, (uintmax_t)tally.public,
	    (uintmax_t)tally.wrong);
	return tally.addresses == (uint64_t)UINT32_MAX + 1 && tally.wrong == 0
		   ? EXIT_SUCCESS
		   : EXIT_FAILURE;
}
