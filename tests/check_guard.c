/* SPDX-License-Identifier: ISC */
/*
 * Which addresses a webhook may go to: every block at its edges and by its
 * name, what clouds use, IPv4 inside of IPv6, every way to write an address,
 * and a sample against the table of public ranges, written a second time.
 */
#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "guard.h"
#include "guard_public.h"
#include "suite.h"

enum {
	STRIDE = 1021, /* a prime: 4.2 million IPv4 addresses */
	RANDOM_IPV6 = 200000
};

/*
 * A block, whether the address below it and the one above it are public, and
 * what names it in the log.
 */
struct block {
	const char *first, *last;
	int below, above;
	const char *why;
};

static const struct block ipv4[] = {
	{ "0.0.0.0", "0.255.255.255", 0, 1, "RFC 791" },
	{ "10.0.0.0", "10.255.255.255", 1, 1, "RFC 1918" },
	{ "100.64.0.0", "100.127.255.255", 1, 1, "RFC 6598" },
	{ "127.0.0.0", "127.255.255.255", 1, 1, "loopback" },
	{ "168.63.129.16", "168.63.129.16", 1, 1, "Azure" },
	{ "169.254.0.0", "169.254.255.255", 1, 1, "RFC 3927" },
	{ "172.16.0.0", "172.31.255.255", 1, 1, "RFC 1918" },
	{ "192.0.0.0", "192.0.0.255", 1, 1, "RFC 6890" },
	{ "192.0.0.0", "192.0.0.7", 1, 0, "RFC 6890" },
	{ "192.0.0.8", "192.0.0.8", 0, 0, "RFC 6890" },
	{ "192.0.0.9", "192.0.0.9", 0, 0, "RFC 6890" },
	{ "192.0.0.10", "192.0.0.10", 0, 0, "RFC 6890" },
	{ "192.0.0.170", "192.0.0.171", 0, 0, "RFC 6890" },
	{ "192.0.2.0", "192.0.2.255", 1, 1, "RFC 5737" },
	{ "192.31.196.0", "192.31.196.255", 1, 1, "RFC 7535" },
	{ "192.52.193.0", "192.52.193.255", 1, 1, "RFC 7450" },
	{ "192.88.99.0", "192.88.99.255", 1, 1, "RFC 7526" },
	{ "192.168.0.0", "192.168.255.255", 1, 1, "RFC 1918" },
	{ "192.175.48.0", "192.175.48.255", 1, 1, "RFC 7534" },
	{ "198.18.0.0", "198.19.255.255", 1, 1, "RFC 2544" },
	{ "198.51.100.0", "198.51.100.255", 1, 1, "RFC 5737" },
	{ "203.0.113.0", "203.0.113.255", 1, 1, "RFC 5737" },
	{ "224.0.0.0", "239.255.255.255", 1, 0, "RFC 5771" },
	{ "240.0.0.0", "255.255.255.255", 0, 0, "RFC 1112" },
	{ "255.255.255.255", "255.255.255.255", 0, 0, "RFC 1112" },
};

static const struct block ipv6[] = {
	{ "::", "1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 0, 1, "RFC 4291" },
	{ "::", "::ffff:ffff", 0, 0, "loopback" },
	{ "::1", "::1", 0, 0, "loopback" },
	{ "::ffff:0:0", "::ffff:ffff:ffff", 0, 0, "IPv4-mapped" },
	{ "::ffff:0:0:0", "::ffff:0:ffff:ffff", 0, 0, "RFC 2765" },
	{ "::1:0:0", "::fffe:ffff:ffff", 0, 0, "not global unicast" },
	{ "::1:0:0:0", "::fffe:ffff:ffff:ffff", 0, 0, "not global unicast" },
	{ "::ffff:1:0:0", "::ffff:ffff:ffff:ffff", 0, 0, "not global unicast" },
	{ "64:ff9b::", "64:ff9b::ffff:ffff", 0, 0, "RFC 6052" },
	{ "64:ff9b::1:0:0", "64:ff9b:0:ffff:ffff:ffff:ffff:ffff", 0, 0,
	    "not global unicast" },
	{ "64:ff9b:1::", "64:ff9b:1:ffff:ffff:ffff:ffff:ffff", 0, 0,
	    "RFC 8215" },
	{ "100::", "100::ffff:ffff:ffff:ffff", 0, 0, "RFC 6666" },
	{ "100:0:0:1::", "100::1:ffff:ffff:ffff:ffff", 0, 0, "RFC 9780" },
	{ "2001::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff", 1, 1,
	    "RFC 2928" },
	{ "2001::", "2001:0:ffff:ffff:ffff:ffff:ffff:ffff", 1, 0, "Teredo" },
	{ "2001:1::1", "2001:1::3", 0, 0, "RFC 2928" },
	{ "2001:2::", "2001:2:0:ffff:ffff:ffff:ffff:ffff", 0, 0, "RFC 2928" },
	{ "2001:3::", "2001:3:ffff:ffff:ffff:ffff:ffff:ffff", 0, 0,
	    "RFC 2928" },
	{ "2001:4:112::", "2001:4:112:ffff:ffff:ffff:ffff:ffff", 0, 0,
	    "RFC 2928" },
	{ "2001:10::", "2001:1f:ffff:ffff:ffff:ffff:ffff:ffff", 0, 0,
	    "RFC 2928" },
	{ "2001:20::", "2001:2f:ffff:ffff:ffff:ffff:ffff:ffff", 0, 0,
	    "RFC 2928" },
	{ "2001:30::", "2001:3f:ffff:ffff:ffff:ffff:ffff:ffff", 0, 0,
	    "RFC 2928" },
	{ "2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", 1, 1,
	    "RFC 3849" },
	{ "2002::", "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 1, 1, "6to4" },
	{ "2620:4f:8000::", "2620:4f:8000:ffff:ffff:ffff:ffff:ffff", 1, 1,
	    "RFC 7534" },
	{ "3ffe::", "3ffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 1, 0,
	    "RFC 3701" },
	{ "3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff", 0, 1,
	    "RFC 9637" },
	{ "4000::", "5eff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 1, 0,
	    "not global unicast" },
	{ "5f00::", "5f00:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 0, 0,
	    "RFC 9602" },
	{ "5f01::", "fbff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 0, 0,
	    "not global unicast" },
	{ "fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 0, 0,
	    "RFC 4193" },
	{ "fe00::", "fe7f:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 0, 0,
	    "not global unicast" },
	{ "fe80::", "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 0, 0,
	    "link-local" },
	{ "fec0::", "feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 0, 0,
	    "RFC 3879" },
	{ "ff00::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 0, 0,
	    "multicast" },
};

/* A sockaddr of either family. */
struct target {
	struct sockaddr_storage address;
	size_t len;
};

static struct target
ipv4_target(uint32_t address)
{
	struct target target;
	struct sockaddr_in in;

	memset(&target, 0, sizeof(target));
	memset(&in, 0, sizeof(in));
	in.sin_family = AF_INET;
	in.sin_port = htons(443);
	in.sin_addr.s_addr = htonl(address);
	memcpy(&target.address, &in, sizeof(in));
	target.len = sizeof(in);
	return target;
}

static struct target
ipv6_target(const unsigned char address[16], uint32_t scope)
{
	struct target target;
	struct sockaddr_in6 in6;

	memset(&target, 0, sizeof(target));
	memset(&in6, 0, sizeof(in6));
	in6.sin6_family = AF_INET6;
	in6.sin6_port = htons(443);
	memcpy(&in6.sin6_addr, address, 16);
	in6.sin6_scope_id = scope;
	memcpy(&target.address, &in6, sizeof(in6));
	target.len = sizeof(in6);
	return target;
}

static struct target
target_of(const char *text)
{
	unsigned char address[16];

	if (strchr(text, ':') == NULL)
		return ipv4_target(public_ipv4_read(text));
	public_ipv6_read(text, address);
	return ipv6_target(address, 0);
}

static int
admits(const struct target *target, int allow_loopback)
{
	return guard_admits((const struct sockaddr *)&target->address,
	    target->len, allow_loopback);
}

static const char *
why(const struct target *target)
{
	return guard_why(
	    (const struct sockaddr *)&target->address, target->len);
}

/* All that can be asked about an address says the same. */
static void
must_be_ipv4(uint32_t address, int public)
{
	struct target target = ipv4_target(address);

	if (guard_ipv4_is_public(address) == public &&
	    admits(&target, 0) == public &&
	    admits(&target, 1) == (public || address >> 24 == 127) &&
	    (why(&target) == NULL) == public)
		return;
	ck_abort_msg("%u.%u.%u.%u should%s be public", address >> 24,
	    address >> 16 & 255, address >> 8 & 255, address & 255,
	    public ? "" : " not");
}

static void
must_be_ipv6(const unsigned char address[16], int public)
{
	static const unsigned char LOOPBACK[16] = { [15] = 1 };
	struct target target = ipv6_target(address, 0);
	int loopback = memcmp(address, LOOPBACK, 16) == 0;
	char text[INET6_ADDRSTRLEN];

	if (guard_ipv6_is_public(address) == public &&
	    admits(&target, 0) == public &&
	    admits(&target, 1) == (public || loopback) &&
	    (why(&target) == NULL) == public)
		return;
	inet_ntop(AF_INET6, address, text, sizeof(text));
	ck_abort_msg("%s should%s be public", text, public ? "" : " not");
}

static void
must_be(const char *text, int public)
{
	unsigned char address[16];

	if (strchr(text, ':') == NULL) {
		must_be_ipv4(public_ipv4_read(text), public);
		return;
	}
	public_ipv6_read(text, address);
	must_be_ipv6(address, public);
}

/* One further or one back, round the end. */
static void
step(unsigned char address[16], int by)
{
	int i;

	for (i = 15; i >= 0; i--) {
		address[i] = (unsigned char)(address[i] + by);
		if (address[i] != (by > 0 ? 0 : 255))
			return;
	}
}

START_TEST(an_ipv4_block_ends_at_its_edges)
{
	uint32_t first = public_ipv4_read(ipv4[_i].first);
	uint32_t last = public_ipv4_read(ipv4[_i].last);

	must_be_ipv4(first, 0);
	must_be_ipv4(first + (last - first) / 2, 0);
	must_be_ipv4(last, 0);
	must_be_ipv4(first - 1, ipv4[_i].below);
	must_be_ipv4(last + 1, ipv4[_i].above);
}
END_TEST

START_TEST(an_ipv6_block_ends_at_its_edges)
{
	unsigned char first[16], last[16];

	public_ipv6_read(ipv6[_i].first, first);
	public_ipv6_read(ipv6[_i].last, last);
	must_be_ipv6(first, 0);
	must_be_ipv6(last, 0);
	step(first, -1);
	must_be_ipv6(first, ipv6[_i].below);
	step(last, 1);
	must_be_ipv6(last, ipv6[_i].above);
}
END_TEST

static void
must_be_named(const struct block *block)
{
	struct target first = target_of(block->first);
	struct target last = target_of(block->last);
	const char *name = why(&last);

	ck_assert_ptr_nonnull(name);
	ck_assert_msg(strstr(name, block->why) != NULL, "%s is \"%s\", not %s",
	    block->last, name, block->why);
	name = why(&first);
	ck_assert_ptr_nonnull(name);
	ck_assert_msg(strstr(name, block->why) != NULL, "%s is \"%s\", not %s",
	    block->first, name, block->why);
}

START_TEST(an_ipv4_block_has_a_name)
{
	must_be_named(&ipv4[_i]);
}
END_TEST

START_TEST(an_ipv6_block_has_a_name)
{
	must_be_named(&ipv6[_i]);
}
END_TEST

/* --- what is asked for by name -------------------------------------------- */

static const char *const metadata[] = {
	"169.254.169.254",             /* most clouds */
	"169.254.170.2",               /* Amazon's containers */
	"169.254.170.23",              /* Amazon's pods */
	"169.254.0.23",                /* Tencent */
	"169.254.42.42",               /* Scaleway */
	"100.100.100.200",             /* Alibaba */
	"168.63.129.16",               /* Azure */
	"192.0.0.192",                 /* Oracle */
	"fd00:ec2::254",               /* Amazon */
	"fd00:ec2::23",                /* Amazon's pods */
	"fd20:ce::254",                /* Google */
	"fd00:42::42",                 /* Scaleway */
	"fd00:a9fe:a9fe::1",           /* Akamai */
	"fe80::a9fe:a9fe",             /* OpenStack */
	"::ffff:169.254.169.254",      /* a way round */
	"64:ff9b::169.254.169.254",    /* another */
	"2002:a9fe:a9fe::1",           /* another */
	"2600:1f00::5efe:a9fe:a9fe",   /* another */
	"2001:0:a9fe:a9fe::5601:5601", /* another */
};

START_TEST(metadata_of_clouds_is_not_public)
{
	must_be(metadata[_i], 0);
}
END_TEST

/* The IPv4 address is public in each: that does not help. */
static const struct {
	const char *text;
	const char *why;
} embedded[] = {
	{ "::8.8.8.8", "IPv4-compatible" },
	{ "::ffff:8.8.8.8", "IPv4-mapped" },
	{ "::ffff:0:8.8.8.8", "IPv4-translated" },
	{ "64:ff9b::8.8.8.8", "NAT64" },
	{ "64:ff9b:1::8.8.8.8", "local NAT64" },
	{ "64:ff9b:1:808:8:800::", "local NAT64" },
	{ "2002:808:808::1", "6to4" },
	{ "2001:0:808:808::f7f7:f7f7", "Teredo" },
	{ "2606:4700::5efe:8.8.8.8", "ISATAP" },
	{ "2606:4700::200:5efe:8.8.8.8", "ISATAP" },
	{ "fe80::5efe:8.8.8.8", "link-local" },
};

START_TEST(ipv4_inside_of_ipv6_is_not_public)
{
	struct target target = target_of(embedded[_i].text);

	must_be(embedded[_i].text, 0);
	ck_assert_ptr_nonnull(strstr(why(&target), embedded[_i].why));
}
END_TEST

/* Among them neighbours of what is refused for its second half. */
static const char *const receivers[] = {
	"1.1.1.1",
	"8.8.8.8",
	"93.184.215.14",
	"104.16.132.229",
	"151.101.1.69",
	"185.199.108.153",
	"2001:4860:4860::8888",
	"2606:4700:4700::1111",
	"2a00:1450:4001:830::200e",
	"2a01:4f8:c0c:123::1",
	"2400:cb00:2048:1::6810:84e5",
	"2606:4700::5eff:8.8.8.8",
	"2606:4700::5efd:8.8.8.8",
	"2606:4700::100:5efe:808:808",
	"2606:4700::300:5efe:808:808",
	"2606:4700::201:5efe:808:808",
	"2606:4700::5efe:0:808:808",
	"2606:4700::ffff:127.0.0.1",
};

START_TEST(a_receiver_is_public)
{
	must_be(receivers[_i], 1);
}
END_TEST

/* --- a sample ------------------------------------------------------------- */

START_TEST(ipv4_is_public_where_the_ranges_say_so)
{
	uint64_t address;
	int i;

	for (i = 0; i < PUBLIC_IPV4; i++) {
		uint32_t first = public_ipv4_read(public_ipv4[i].first);
		uint32_t last = public_ipv4_read(public_ipv4[i].last);

		must_be_ipv4(first - 1, 0);
		must_be_ipv4(first, 1);
		must_be_ipv4(last, 1);
		must_be_ipv4(last + 1, 0);
	}
	for (address = 0; address <= UINT32_MAX; address += STRIDE)
		must_be_ipv4(
		    (uint32_t)address, public_ipv4_has((uint32_t)address));
}
END_TEST

START_TEST(ipv6_is_public_where_the_ranges_say_so)
{
	unsigned char address[16];
	int i;

	for (i = 0; i < PUBLIC_IPV6; i++) {
		public_ipv6_read(public_ipv6[i].first, address);
		must_be_ipv6(address, 1);
		step(address, -1);
		must_be_ipv6(address, 0);
		public_ipv6_read(public_ipv6[i].last, address);
		must_be_ipv6(address, 1);
		step(address, 1);
		must_be_ipv6(address, 0);
	}
	/* Every /16, at its beginning and at its end. */
	for (i = 0; i <= UINT16_MAX; i++) {
		memset(address, 0, sizeof(address));
		address[0] = (unsigned char)(i >> 8);
		address[1] = (unsigned char)i;
		must_be_ipv6(address, public_ipv6_has(address));
		memset(address + 2, 255, sizeof(address) - 2);
		must_be_ipv6(address, public_ipv6_has(address));
	}
}
END_TEST

/* A fixed sequence (xorshift), so that a failure comes again. */
static uint64_t
next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/*
 * Edges of blocks with a few bits turned over: both neighbours of every
 * block, at every length of prefix.
 */
START_TEST(ipv6_near_a_block_is_what_the_ranges_say)
{
	uint64_t state = UINT64_C(0x9e3779b97f4a7c15);
	unsigned char address[16];
	int i, flips, public = 0;

	for (i = 0; i < RANDOM_IPV6; i++) {
		const struct block *block =
		    &ipv6[next_random(&state) % (uint64_t)ROWS(ipv6)];

		public_ipv6_read(
		    next_random(&state) & 1 ? block->first : block->last,
		    address);
		for (flips = (int)(next_random(&state) % 4); flips > 0;
		     flips--) {
			uint64_t bit = next_random(&state) % 128;

			address[bit / 8] ^= (unsigned char)(1 << bit % 8);
		}
		must_be_ipv6(address, public_ipv6_has(address));
		public += public_ipv6_has(address);
	}
	ck_assert_int_gt(public, RANDOM_IPV6 / 100);
	ck_assert_int_lt(public, RANDOM_IPV6 / 2);
}
END_TEST

/* --- how an address is written -------------------------------------------- */

/* What a resolver makes of text that is an address, without the network. */
static struct addrinfo *
resolve(const char *text)
{
	struct addrinfo hints, *list = NULL;

	memset(&hints, 0, sizeof(hints));
	hints.ai_family = AF_UNSPEC;
	hints.ai_socktype = SOCK_STREAM;
	hints.ai_flags = AI_NUMERICHOST;
	return getaddrinfo(text, "443", &hints, &list) == 0 ? list : NULL;
}

static const char *const internal_spellings[] = {
	"127.0.0.1",
	"127.1",
	"127.0.1",
	"2130706433",
	"017700000001",
	"0x7f000001",
	"0X7F000001",
	"0177.0.0.1",
	"0177.1",
	"0x7f.1",
	"0x7f.0.0.0x1",
	"00000177.000.0x00.01",
	"127.0x1",
	"127.65535",
	"0",
	"0.0.0.0",
	"0x0",
	"10.1",
	"012.1",
	"167772161",
	"0xa9fea9fe",
	"2852039166",
	"0251.0376.0251.0376",
	"169.254.43518",
	"192.168.257",
	"0xc0a80101",
	"::",
	"::1",
	"0:0:0:0:0:0:0:1",
	"0000:0000:0000:0000:0000:0000:0000:0001",
	"::0.0.0.1",
	"::127.0.0.1",
	"::7f00:1",
	"::ffff:127.0.0.1",
	"::ffff:7f00:1",
	"::FFFF:7F00:0001",
	"0:0:0:0:0:ffff:127.0.0.1",
	"::ffff:0:127.0.0.1",
	"64:ff9b::7f00:1",
	"64:ff9b::127.0.0.1",
	"64:ff9b:1::7f00:1",
	"2002:7f00:1::",
	"2002:7f00:0001:0:0:0:0:0",
	"2001:0:7f00:1::80ff:fffe",
	"2606:4700::5efe:127.0.0.1",
	"fe80::1",
	"fc00::1",
	"fd12:3456:789a::1",
	"fec0::1",
	"ff02::1",
};

START_TEST(no_spelling_makes_an_internal_address_public)
{
	struct addrinfo *list = resolve(internal_spellings[_i]);

	ck_assert_msg(list != NULL, "%s is no address", internal_spellings[_i]);
	ck_assert_int_eq(guard_admits(list->ai_addr, list->ai_addrlen, 0), 0);
	ck_assert_ptr_nonnull(guard_why(list->ai_addr, list->ai_addrlen));
	freeaddrinfo(list);
}
END_TEST

static const char *const public_spellings[] = {
	"8.8.8.8",
	"8.526344",
	"134744072",
	"0x08080808",
	"010.010.010.010",
	"0x8.8.2056",
	"2606:4700:4700::1111",
	"2606:4700:4700:0:0:0:0:1111",
	"2606:4700:4700::0.0.17.17",
};

START_TEST(a_public_address_may_be_written_in_any_way)
{
	struct addrinfo *list = resolve(public_spellings[_i]);

	ck_assert_msg(list != NULL, "%s is no address", public_spellings[_i]);
	ck_assert_int_eq(guard_admits(list->ai_addr, list->ai_addrlen, 0), 1);
	freeaddrinfo(list);
}
END_TEST

/* Whether a resolver takes them is its business. */
static const char *const odd_spellings[] = {
	"127.0.0.1.",
	"127.0.0.01",
	"127.0.0.1 ",
	" 127.0.0.1",
	"127.0.0.1%lo",
	"127.0.0.256",
	"4294967297",
	"18446744071562067969",
	"\xef\xbc\x91\xef\xbc\x92\xef\xbc\x97.0.0.1",
	"[::1]",
	"::1%lo",
	"::1%1",
	"fe80::1%lo",
	"fe80::1%1",
	"2606:4700:4700::1111%1",
	"::ffff:127.1",
	"::ffff:0x7f000001",
};

START_TEST(an_odd_spelling_is_refused_by_one_or_the_other)
{
	struct addrinfo *list = resolve(odd_spellings[_i]);

	if (list == NULL)
		return;
	ck_assert_int_eq(guard_admits(list->ai_addr, list->ai_addrlen, 0), 0);
	freeaddrinfo(list);
}
END_TEST

/* --- sockaddrs ------------------------------------------------------------ */

/* Whether it is loopback or not. */
static void
must_admit(const void *address, size_t len, int admitted)
{
	ck_assert_int_eq(guard_admits(address, len, 1), admitted);
	if (!admitted) {
		ck_assert_int_eq(guard_admits(address, len, 0), 0);
		ck_assert_ptr_nonnull(guard_why(address, len));
	}
}

START_TEST(an_address_that_is_cut_short_is_refused)
{
	static const char *const texts[] = { "8.8.8.8", "127.0.0.1",
		"2606:4700:4700::1111", "::1" };
	struct target target = target_of(texts[_i]);
	const size_t whole = target.len;
	unsigned char *cut;
	size_t len;

	for (len = 0; len <= sizeof(target.address); len++) {
		/* Of that size, so that a sanitizer sees what is behind. */
		cut = malloc(len + 1);
		ck_assert_ptr_nonnull(cut);
		memcpy(cut + 1, &target.address, len);
		must_admit(cut + 1, len, len >= whole);
		free(cut);
	}
	must_admit(&target.address, target.len, 1);
}
END_TEST

START_TEST(another_family_is_refused)
{
	struct target target = target_of("8.8.8.8");
	int family;

	for (family = 0; family < AF_MAX; family++) {
		target.address.ss_family = (sa_family_t)family;
		target.len = sizeof(struct sockaddr_in);
		ck_assert_int_eq(admits(&target, 0), family == AF_INET);
		ck_assert_int_eq(admits(&target, 1), family == AF_INET);
		/* As IPv6 it begins with zeros: 0:0:…, where the port was. */
		target.len = sizeof(target.address);
		ck_assert_int_eq(admits(&target, 1), family == AF_INET);
	}
	target.address.ss_family = AF_UNIX;
	target.len = sizeof(struct sockaddr_un);
	ck_assert_int_eq(admits(&target, 1), 0);
	ck_assert_str_eq(why(&target), "not an IP address");
}
END_TEST

START_TEST(no_address_is_refused)
{
	ck_assert_int_eq(guard_admits(NULL, 0, 1), 0);
	ck_assert_int_eq(guard_admits(NULL, sizeof(struct sockaddr_in6), 1), 0);
	ck_assert_ptr_nonnull(guard_why(NULL, 0));
}
END_TEST

START_TEST(an_address_with_a_scope_is_refused)
{
	static const char *const texts[] = { "2606:4700:4700::1111", "::1",
		"fe80::1" };
	unsigned char address[16];
	struct target target;
	int bit;

	public_ipv6_read(texts[_i], address);
	for (bit = 0; bit < 32; bit++) {
		target = ipv6_target(address, (uint32_t)1 << bit);
		ck_assert_int_eq(admits(&target, 0), 0);
		ck_assert_int_eq(admits(&target, 1), 0);
		ck_assert_str_eq(
		    why(&target), "an address with a scope (RFC 4007)");
	}
	target = ipv6_target(address, 0);
	ck_assert_int_eq(admits(&target, 1), _i < 2);
}
END_TEST

START_TEST(a_port_and_a_flow_change_nothing)
{
	struct sockaddr_in6 in6;
	struct sockaddr_in in;
	struct target target = target_of("::1");

	memcpy(&in6, &target.address, sizeof(in6));
	in6.sin6_port = 0xffff;
	in6.sin6_flowinfo = UINT32_MAX;
	ck_assert_int_eq(guard_admits((const void *)&in6, sizeof(in6), 0), 0);
	ck_assert_int_eq(guard_admits((const void *)&in6, sizeof(in6), 1), 1);
	target = target_of("8.8.8.8");
	memcpy(&in, &target.address, sizeof(in));
	in.sin_port = 0xffff;
	memset(in.sin_zero, 255, sizeof(in.sin_zero));
	ck_assert_int_eq(guard_admits((const void *)&in, sizeof(in), 0), 1);
}
END_TEST

/* --- loopback ------------------------------------------------------------- */

static const struct {
	const char *text;
	int admitted;
} loopback[] = {
	{ "127.0.0.0", 1 },
	{ "127.0.0.1", 1 },
	{ "127.1.2.3", 1 },
	{ "127.255.255.255", 1 },
	{ "::1", 1 },
	{ "0.0.0.0", 0 },
	{ "10.0.0.1", 0 },
	{ "169.254.169.254", 0 },
	{ "192.168.0.1", 0 },
	{ "::", 0 },
	{ "::2", 0 },
	{ "::127.0.0.1", 0 },
	{ "::ffff:127.0.0.1", 0 },
	{ "::ffff:0:127.0.0.1", 0 },
	{ "64:ff9b::127.0.0.1", 0 },
	{ "2002:7f00:1::", 0 },
	{ "2606:4700::5efe:127.0.0.1", 0 },
	{ "1::1", 0 },
	{ "8000::1", 0 },
	{ "fe80::1", 0 },
	{ "fc00::1", 0 },
};

/* That it opens nothing else is also looked at for each address above. */
START_TEST(loopback_is_admitted_where_it_is_allowed)
{
	struct target target = target_of(loopback[_i].text);

	ck_assert_int_eq(admits(&target, 0), 0);
	ck_assert_int_eq(admits(&target, 1), loopback[_i].admitted);
	ck_assert_int_eq(admits(&target, -1), loopback[_i].admitted);
	ck_assert_ptr_nonnull(why(&target));
}
END_TEST

static Suite *
guard_suite(void)
{
	Suite *s = suite_create("guard");
	TCase *tc = tcase_create("blocks");

	tcase_add_loop_test(tc, an_ipv4_block_ends_at_its_edges, 0, ROWS(ipv4));
	tcase_add_loop_test(tc, an_ipv6_block_ends_at_its_edges, 0, ROWS(ipv6));
	tcase_add_loop_test(tc, an_ipv4_block_has_a_name, 0, ROWS(ipv4));
	tcase_add_loop_test(tc, an_ipv6_block_has_a_name, 0, ROWS(ipv6));
	tcase_add_loop_test(
	    tc, metadata_of_clouds_is_not_public, 0, ROWS(metadata));
	tcase_add_loop_test(
	    tc, ipv4_inside_of_ipv6_is_not_public, 0, ROWS(embedded));
	tcase_add_loop_test(tc, a_receiver_is_public, 0, ROWS(receivers));
	suite_add_tcase(s, tc);

	tc = tcase_create("ranges");
	tcase_add_test(tc, ipv4_is_public_where_the_ranges_say_so);
	tcase_add_test(tc, ipv6_is_public_where_the_ranges_say_so);
	tcase_add_test(tc, ipv6_near_a_block_is_what_the_ranges_say);
	suite_add_tcase(s, tc);

	tc = tcase_create("spellings");
	tcase_add_loop_test(tc, no_spelling_makes_an_internal_address_public, 0,
	    ROWS(internal_spellings));
	tcase_add_loop_test(tc, a_public_address_may_be_written_in_any_way, 0,
	    ROWS(public_spellings));
	tcase_add_loop_test(tc, an_odd_spelling_is_refused_by_one_or_the_other,
	    0, ROWS(odd_spellings));
	suite_add_tcase(s, tc);

	tc = tcase_create("sockaddrs");
	tcase_add_loop_test(tc, an_address_that_is_cut_short_is_refused, 0, 4);
	tcase_add_test(tc, another_family_is_refused);
	tcase_add_test(tc, no_address_is_refused);
	tcase_add_loop_test(tc, an_address_with_a_scope_is_refused, 0, 3);
	tcase_add_test(tc, a_port_and_a_flow_change_nothing);
	tcase_add_loop_test(
	    tc, loopback_is_admitted_where_it_is_allowed, 0, ROWS(loopback));
	suite_add_tcase(s, tc);
	return s;
}

SUITE_MAIN(guard_suite)
