/* SPDX-License-Identifier: ISC */
/*
 * Which addresses are public: where a webhook may go.  A customer names the
 * receiver and a resolver of his choice the address, so this is what keeps
 * the sender from the host itself, its network and its cloud's metadata.
 *
 * It judges the address that is about to be connected to, at that moment;
 * what a name resolved to earlier proves nothing.  What no table can know
 * stays open: public addresses that are the host's own or that a network
 * uses inside, and translators under a prefix of the network's own
 * (RFC 6052, section 2.2; RFC 5969).
 */
#ifndef LATCHKEY_GUARD_H
#define LATCHKEY_GUARD_H

#include <stddef.h>
#include <stdint.h>

struct sockaddr;

/*
 * True if a webhook may go to an IPv4 address (host byte order): a unicast
 * address outside of every special-purpose block.  Those that IANA calls
 * globally reachable are refused as well: they are anycast for DNS sinks and
 * relays, and the nearest one may be the network's own.
 */
int guard_ipv4_is_public(uint32_t address);

/*
 * The same for IPv6 (network byte order): in 2000::/3, outside of every
 * special-purpose block.  An address with an IPv4 address inside is refused
 * whatever that is (IPv4-mapped, IPv4-compatible, IPv4-translated, NAT64,
 * 6to4, Teredo, ISATAP): somebody else decides where it ends, and a receiver
 * that can be reached by IPv4 has an address that says so.
 */
int guard_ipv6_is_public(const unsigned char address[16]);

/*
 * True if a connection may be made to len bytes of address: a public address
 * of AF_INET or AF_INET6; no other family, none cut short, none with a scope.
 * allow_loopback (for development) lets 127.0.0.0/8 and ::1 through as well,
 * nothing else.
 */
int guard_admits(
    const struct sockaddr *address, size_t len, int allow_loopback);

/*
 * Why guard_admits (without loopback) refuses an address, for the log: a few
 * words, static, such as "private use (RFC 1918)"; NULL if it does not.
 */
const char *guard_why(const struct sockaddr *address, size_t len);

#endif
