/* SPDX-License-Identifier: ISC */
/*
 * Fuzzes the guard: any bytes as the address of a socket, of any length and
 * alignment, and as an IPv4 and an IPv6 address, against the table of public
 * ranges.
 */
#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "guard.h"
#include "guard_public.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Where a sockaddr has what. */
enum {
	IPV4_AT = offsetof(struct sockaddr_in, sin_addr),
	IPV6_AT = offsetof(struct sockaddr_in6, sin6_addr),
	SCOPE_AT = offsetof(struct sockaddr_in6, sin6_scope_id)
};

static void
must(int condition)
{
	if (!condition)
		abort();
}

static uint32_t
big_endian(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	       (uint32_t)p[2] << 8 | p[3];
}

static int
begins(const uint8_t *p, const char *bytes, size_t len)
{
	return memcmp(p, bytes, len) == 0;
}

/* What a sockaddr should be: *loopback if only as loopback. */
static int
expected(const uint8_t *data, size_t size, int *loopback)
{
	static const char LOOPBACK[] = "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1";
	sa_family_t family;

	*loopback = 0;
	if (size < sizeof(family))
		return 0;
	memcpy(&family, data, sizeof(family));
	if (family == AF_INET && size >= sizeof(struct sockaddr_in)) {
		*loopback = data[IPV4_AT] == 127;
		return public_ipv4_has(big_endian(data + IPV4_AT));
	}
	if (family == AF_INET6 && size >= sizeof(struct sockaddr_in6)) {
		if (!begins(data + SCOPE_AT, "\0\0\0\0", 4))
			return 0;
		*loopback = begins(data + IPV6_AT, LOOPBACK, 16);
		return public_ipv6_has(data + IPV6_AT);
	}
	return 0;
}

static void
look_at_sockaddr(const uint8_t *data, size_t size)
{
	const struct sockaddr *address = (const void *)data;
	int loopback, public = expected(data, size, &loopback);

	must(guard_admits(address, size, 0) == public);
	must(guard_admits(address, size, 1) == (public || loopback));
	must((guard_why(address, size) == NULL) == public);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t bytes[sizeof(struct sockaddr_in6)] = { 0 };
	const sa_family_t inet = AF_INET, inet6 = AF_INET6;
	size_t i;

	look_at_sockaddr(data, size);
	for (i = 0; i + 4 <= size; i += 4) {
		uint32_t address = big_endian(data + i);

		must(guard_ipv4_is_public(address) == public_ipv4_has(address));
		memcpy(bytes, &inet, sizeof(inet));
		memcpy(bytes + IPV4_AT, data + i, 4);
		look_at_sockaddr(bytes, sizeof(struct sockaddr_in));
	}
	for (i = 0; i + 16 <= size; i += 4) {
		must(guard_ipv6_is_public(data + i) ==
		     public_ipv6_has(data + i));
		memset(bytes, 0, sizeof(bytes));
		memcpy(bytes, &inet6, sizeof(inet6));
		memcpy(bytes + IPV6_AT, data + i, 16);
		look_at_sockaddr(bytes, sizeof(bytes));
	}
	return 0;
}
