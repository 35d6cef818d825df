/* SPDX-License-Identifier: ISC */
/*
 * Which addresses are public, a second time: as the ranges between what is
 * refused, from their first to their last address, in ascending order.
 * Written by hand and not made from lib/guard.c, so that a slip in one is
 * not in the other; a change of the registries is made in both.
 */
#ifndef LATCHKEY_TESTS_GUARD_PUBLIC_H
#define LATCHKEY_TESTS_GUARD_PUBLIC_H

#include <arpa/inet.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct public_range {
	const char *first;
	const char *last;
};

static const struct public_range public_ipv4[] = {
	{ "1.0.0.0", "9.255.255.255" },
	{ "11.0.0.0", "100.63.255.255" },
	{ "100.128.0.0", "126.255.255.255" },
	{ "128.0.0.0", "168.63.129.15" },
	{ "168.63.129.17", "169.253.255.255" },
	{ "169.255.0.0", "172.15.255.255" },
	{ "172.32.0.0", "191.255.255.255" },
	{ "192.0.1.0", "192.0.1.255" },
	{ "192.0.3.0", "192.31.195.255" },
	{ "192.31.197.0", "192.52.192.255" },
	{ "192.52.194.0", "192.88.98.255" },
	{ "192.88.100.0", "192.167.255.255" },
	{ "192.169.0.0", "192.175.47.255" },
	{ "192.175.49.0", "198.17.255.255" },
	{ "198.20.0.0", "198.51.99.255" },
	{ "198.51.101.0", "203.0.112.255" },
	{ "203.0.114.0", "223.255.255.255" },
};

/* Less the ISATAP forms: see public_ipv6_has. */
static const struct public_range public_ipv6[] = {
	{ "2000::", "2000:ffff:ffff:ffff:ffff:ffff:ffff:ffff" },
	{ "2001:200::", "2001:db7:ffff:ffff:ffff:ffff:ffff:ffff" },
	{ "2001:db9::", "2001:ffff:ffff:ffff:ffff:ffff:ffff:ffff" },
	{ "2003::", "2620:4f:7fff:ffff:ffff:ffff:ffff:ffff" },
	{ "2620:4f:8001::", "3ffd:ffff:ffff:ffff:ffff:ffff:ffff:ffff" },
	{ "3fff:1000::", "3fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff" },
};

enum {
	PUBLIC_IPV4 = sizeof(public_ipv4) / sizeof(public_ipv4[0]),
	PUBLIC_IPV6 = sizeof(public_ipv6) / sizeof(public_ipv6[0])
};

/* Reads an address of a table, or ends the program. */
static inline uint32_t
public_ipv4_read(const char *text)
{
	struct in_addr in;

	if (inet_pton(AF_INET, text, &in) != 1)
		abort();
	return ntohl(in.s_addr);
}

/* Likewise. */
static inline void
public_ipv6_read(const char *text, unsigned char address[16])
{
	if (inet_pton(AF_INET6, text, address) != 1)
		abort();
}

/* True if an address (host byte order) is in one of the ranges. */
static inline int
public_ipv4_has(uint32_t address)
{
	static uint32_t first[PUBLIC_IPV4], last[PUBLIC_IPV4];
	static int is_read;
	int i;

	for (i = 0; !is_read && i < PUBLIC_IPV4; i++) {
		first[i] = public_ipv4_read(public_ipv4[i].first);
		last[i] = public_ipv4_read(public_ipv4[i].last);
	}
	is_read = 1;
	for (i = 0; i < PUBLIC_IPV4; i++)
		if (address >= first[i] && address <= last[i])
			return 1;
	return 0;
}

/*
 * The same for IPv6 (network byte order), and the address is none of ISATAP:
 * its second half does not begin with 00-00-5e-fe or 02-00-5e-fe.
 */
static inline int
public_ipv6_has(const unsigned char address[16])
{
	unsigned char first[16], last[16];
	int i;

	if (memcmp(address + 8, "\0\0\x5e\xfe", 4) == 0 ||
	    memcmp(address + 8, "\2\0\x5e\xfe", 4) == 0)
		return 0;
	for (i = 0; i < PUBLIC_IPV6; i++) {
		public_ipv6_read(public_ipv6[i].first, first);
		public_ipv6_read(public_ipv6[i].last, last);
		if (memcmp(address, first, 16) >= 0 &&
		    memcmp(address, last, 16) <= 0)
			return 1;
	}
	return 0;
}

#endif
