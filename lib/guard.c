/* SPDX-License-Identifier: ISC */
/*
 * One table a family: the blocks of the IANA IPv4 and IPv6 Special-Purpose
 * Address Registries (as of October 2025), multicast, and what clouds use.
 * A row refuses, none allows, so their order means nothing; what a registry
 * lists inside of a block is named in the comment above its row.
 */
#include "guard.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))
#define IPV4(a, b, c, d) \
	((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (uint32_t)(c) << 8 | (d))
#define BITS(n) (UINT32_MAX << (32 - (n)))

static const struct {
	uint32_t network;
	uint32_t mask;
	const char *what;
} ipv4_blocks[] = {
	/* 0.0.0.0 (RFC 1122): a connection there reaches the host itself. */
	{ IPV4(0, 0, 0, 0), BITS(8), "this network (RFC 791)" },
	{ IPV4(10, 0, 0, 0), BITS(8), "private use (RFC 1918)" },
	/* Has Alibaba's metadata, 100.100.100.200. */
	{ IPV4(100, 64, 0, 0), BITS(10), "shared by carriers (RFC 6598)" },
	{ IPV4(127, 0, 0, 0), BITS(8), "loopback (RFC 1122)" },
	/* In no registry, but what every host in Azure asks about itself. */
	{ IPV4(168, 63, 129, 16), BITS(32), "metadata of Azure" },
	/* Has the metadata of most clouds, 169.254.169.254. */
	{ IPV4(169, 254, 0, 0), BITS(16), "link-local (RFC 3927)" },
	{ IPV4(172, 16, 0, 0), BITS(12), "private use (RFC 1918)" },
	/*
	 * IPv4 over IPv6, .0/29 (RFC 7335); the dummy address, .8 (RFC 7600);
	 * anycast of the nearest translator, .9 (PCP, RFC 7723) and .10 (TURN,
	 * RFC 8155); discovery of NAT64, .170/31 (RFC 8880).  Has Oracle's
	 * older metadata, 192.0.0.192.
	 */
	{ IPV4(192, 0, 0, 0), BITS(24), "protocol assignments (RFC 6890)" },
	{ IPV4(192, 0, 2, 0), BITS(24), "documentation (RFC 5737)" },
	/* Globally reachable, as is 192.175.48.0: DNS that answers nothing. */
	{ IPV4(192, 31, 196, 0), BITS(24), "anycast of AS112 (RFC 7535)" },
	/* Globally reachable: whoever relays multicast nearby. */
	{ IPV4(192, 52, 193, 0), BITS(24), "anycast of AMT (RFC 7450)" },
	/* 6a44 relays, .2 (RFC 6751). */
	{ IPV4(192, 88, 99, 0), BITS(24), "anycast of 6to4 (RFC 7526)" },
	{ IPV4(192, 168, 0, 0), BITS(16), "private use (RFC 1918)" },
	{ IPV4(192, 175, 48, 0), BITS(24), "anycast of AS112 (RFC 7534)" },
	{ IPV4(198, 18, 0, 0), BITS(15), "benchmarking (RFC 2544)" },
	{ IPV4(198, 51, 100, 0), BITS(24), "documentation (RFC 5737)" },
	{ IPV4(203, 0, 113, 0), BITS(24), "documentation (RFC 5737)" },
	{ IPV4(224, 0, 0, 0), BITS(4), "multicast (RFC 5771)" },
	/* Broadcast, 255.255.255.255 (RFC 919). */
	{ IPV4(240, 0, 0, 0), BITS(4), "reserved (RFC 1112)" },
};

/* Outside of 2000::/3 all is refused: those rows are for their names. */
static const struct {
	uint16_t network[8];
	int bits;
	const char *what;
} ipv6_blocks[] = {
	/* The unspecified address, ::, and loopback, ::1. */
	{ { 0 }, 96, "loopback or IPv4-compatible (RFC 4291)" },
	{ { 0, 0, 0, 0, 0, 0xffff }, 96, "IPv4-mapped (RFC 4291)" },
	{ { 0, 0, 0, 0, 0xffff }, 96, "IPv4-translated (RFC 2765)" },
	{ { 0x64, 0xff9b }, 96, "NAT64 (RFC 6052)" },
	{ { 0x64, 0xff9b, 1 }, 48, "local NAT64 (RFC 8215)" },
	{ { 0x100 }, 64, "discard-only (RFC 6666)" },
	{ { 0x100, 0, 0, 1 }, 64, "dummy prefix (RFC 9780)" },
	/*
	 * Teredo, 2001::/32 (RFC 4380); anycast of PCP, TURN and DNS-SD
	 * registration, 2001:1::1 to ::3 (RFC 7723, 8155, 9665); benchmarking,
	 * 2001:2::/48 (RFC 5180); AMT, 2001:3::/32 (RFC 7450); AS112,
	 * 2001:4:112::/48 (RFC 7535); names in an address's form, which are
	 * not routed: ORCHID, 2001:10::/28 and 2001:20::/28 (RFC 4843, 7343),
	 * and drones, 2001:30::/28 (RFC 9374).
	 */
	{ { 0x2001 }, 23, "protocol assignments or Teredo (RFC 2928)" },
	{ { 0x2001, 0xdb8 }, 32, "documentation (RFC 3849)" },
	{ { 0x2002 }, 16, "6to4 (RFC 3056)" },
	{ { 0x2620, 0x4f, 0x8000 }, 48, "anycast of AS112 (RFC 7534)" },
	/* In no registry any more: given back in 2006. */
	{ { 0x3ffe }, 16, "6bone (RFC 3701)" },
	{ { 0x3fff }, 20, "documentation (RFC 9637)" },
	{ { 0x5f00 }, 16, "segment identifiers (RFC 9602)" },
	/* Has Amazon's metadata, fd00:ec2::254, and Google's, fd20:ce::254. */
	{ { 0xfc00 }, 7, "unique local (RFC 4193)" },
	{ { 0xfe80 }, 10, "link-local (RFC 4291)" },
	{ { 0xfec0 }, 10, "site-local (RFC 3879)" },
	{ { 0xff00 }, 8, "multicast (RFC 4291)" },
};

static const char *
ipv4_why(uint32_t address)
{
	size_t i;

	for (i = 0; i < ROWS(ipv4_blocks); i++)
		if ((address & ipv4_blocks[i].mask) == ipv4_blocks[i].network)
			return ipv4_blocks[i].what;
	return NULL;
}

/* True if an address, in groups of 16 bits, begins as a network does. */
static int
begins(const uint16_t address[8], const uint16_t network[8], int bits)
{
	int i;

	for (i = 0; bits >= 16; i++, bits -= 16)
		if (address[i] != network[i])
			return 0;
	return bits == 0 || (address[i] ^ network[i]) >> (16 - bits) == 0;
}

static const char *
ipv6_why(const unsigned char address[16])
{
	uint16_t group[8];
	size_t i;

	for (i = 0; i < 8; i++)
		group[i] = (uint16_t)(address[2 * i] << 8 | address[2 * i + 1]);
	for (i = 0; i < ROWS(ipv6_blocks); i++)
		if (begins(group, ipv6_blocks[i].network, ipv6_blocks[i].bits))
			return ipv6_blocks[i].what;
	if (group[0] >> 13 != 1)
		return "not global unicast (RFC 4291)";
	/* It stands at the end, whatever the prefix (section 6.1 there). */
	if ((group[4] & ~0x200) == 0 && group[5] == 0x5efe)
		return "ISATAP (RFC 5214)";
	return NULL;
}

/* The address is copied: a caller's buffer may be aligned to nothing. */
static const char *
why(const struct sockaddr *address, size_t len, int allow_loopback)
{
	struct sockaddr any = { 0 };
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
	uint32_t ipv4;

	if (address != NULL && len >= sizeof(any))
		memcpy(&any, address, sizeof(any));
	if (any.sa_family == AF_INET && len >= sizeof(in)) {
		memcpy(&in, address, sizeof(in));
		ipv4 = ntohl(in.sin_addr.s_addr);
		if (allow_loopback && ipv4 >> 24 == 127)
			return NULL;
		return ipv4_why(ipv4);
	}
	if (any.sa_family == AF_INET6 && len >= sizeof(in6)) {
		memcpy(&in6, address, sizeof(in6));
		/* A public address has none; it would choose an interface. */
		if (in6.sin6_scope_id != 0)
			return "an address with a scope (RFC 4007)";
		if (allow_loopback && IN6_IS_ADDR_LOOPBACK(&in6.sin6_addr))
			return NULL;
		return ipv6_why(in6.sin6_addr.s6_addr);
	}
	return "not an IP address";
}

int
guard_ipv4_is_public(uint32_t address)
{
	return ipv4_why(address) == NULL;
}

int
guard_ipv6_is_public(const unsigned char address[16])
{
	return ipv6_why(address) == NULL;
}

int
guard_admits(const struct sockaddr *address, size_t len, int allow_loopback)
{
	return why(address, len, allow_loopback) == NULL;
}

const char *
guard_why(const struct sockaddr *address, size_t len)
{
	return why(address, len, 0);
}
