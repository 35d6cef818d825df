/* SPDX-License-Identifier: ISC */
/*
 * Whose call it is: REMOTE_ADDR, or what our own proxies wrote at the right
 * end of X-Forwarded-For; and headers that an answer adds.  Bodies and answers
 * are tested by running the programs (check_bad_input, check_contract).
 */
#include "cgi.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "suite.h"

/* An address of 39 bytes, and digits that make an item too long with it. */
#define LONG "2001:0db8:0000:0000:0000:0000:0000:0001"
#define DIGITS_21 "000000000000000000001"
#define DIGITS_22 "0000000000000000000001"

static const struct config proxied = { .nproxies = 3,
	.proxies = { "10.0.0.1", "10.0.0.2", "2001:db8::53" } };

/* Who is taken for the caller, IPv4 in its own form. */
static const struct {
	const char *peer;      /* REMOTE_ADDR, NULL for none */
	const char *forwarded; /* X-Forwarded-For, NULL for none */
	const char *caller;
} calls[] = {
	/* Nobody forwarded it. */
	{ "192.0.2.1", NULL, "192.0.2.1" },
	{ "2001:db8::1", NULL, "2001:db8::1" },
	{ "10.0.0.1", NULL, "10.0.0.1" },
	{ "10.0.0.1", "", "10.0.0.1" },
	{ NULL, NULL, "::" },
	{ "", NULL, "::" },
	{ "192.0.2.1:80", NULL, "::" },
	/* Somebody who is no proxy of ours says so. */
	{ "192.0.2.1", "198.51.100.7", "192.0.2.1" },
	{ "192.0.2.1", "198.51.100.7, 10.0.0.1", "192.0.2.1" },
	{ "10.0.0.3", "198.51.100.7", "10.0.0.3" },
	{ "110.0.0.1", "198.51.100.7", "110.0.0.1" },
	{ "2001:db8::5", "198.51.100.7", "2001:db8::5" },
	{ NULL, "198.51.100.7", "::" },
	{ "nonsense", "198.51.100.7", "::" },
	/* A proxy's item, in every form. */
	{ "10.0.0.1", "198.51.100.7", "198.51.100.7" },
	{ "10.0.0.2", "198.51.100.7", "198.51.100.7" },
	{ "10.0.0.1", "198.51.100.7:5", "198.51.100.7" },
	{ "10.0.0.1", "198.51.100.7:65535", "198.51.100.7" },
	{ "10.0.0.1", "2001:db8::7", "2001:db8::7" },
	{ "10.0.0.1", "2001:db8::7:5", "2001:db8::7:5" },
	{ "10.0.0.1", "::1", "::1" },
	{ "10.0.0.1", LONG, "2001:db8::1" },
	{ "10.0.0.1", "[2001:db8::7]", "2001:db8::7" },
	{ "10.0.0.1", "[2001:db8::7]:5", "2001:db8::7" },
	{ "10.0.0.1", "[2001:db8::7:5]:65535", "2001:db8::7:5" },
	{ "10.0.0.1", "::ffff:198.51.100.7", "198.51.100.7" },
	{ "10.0.0.1", "[::ffff:198.51.100.7]:5", "198.51.100.7" },
	/* A proxy under another of its names. */
	{ "::ffff:10.0.0.1", "198.51.100.7", "198.51.100.7" },
	{ "2001:db8::53", "198.51.100.7", "198.51.100.7" },
	{ "2001:0db8:0::0:53", "198.51.100.7", "198.51.100.7" },
	/* White space around an item is none of it, within it is. */
	{ "10.0.0.1", " 198.51.100.7", "198.51.100.7" },
	{ "10.0.0.1", "198.51.100.7 ", "198.51.100.7" },
	{ "10.0.0.1", " \t 198.51.100.7:5 \t ", "198.51.100.7" },
	{ "10.0.0.1", "\t[2001:db8::7]:5\t", "2001:db8::7" },
	{ "10.0.0.1", "198.51.100.8 198.51.100.7", "10.0.0.1" },
	{ "10.0.0.1", " ", "10.0.0.1" },
	/* The right-most that is no proxy of ours; the rest is hearsay. */
	{ "10.0.0.1", "198.51.100.8, 198.51.100.7", "198.51.100.7" },
	{ "10.0.0.1", "198.51.100.8,198.51.100.7", "198.51.100.7" },
	{ "10.0.0.1", "nonsense, 198.51.100.7", "198.51.100.7" },
	{ "10.0.0.1", ",,198.51.100.7", "198.51.100.7" },
	{ "10.0.0.1", "10.0.0.2, 198.51.100.7", "198.51.100.7" },
	{ "10.0.0.1", "198.51.100.7, 10.0.0.2", "198.51.100.7" },
	{ "10.0.0.1", "198.51.100.7,10.0.0.2:5 ,[2001:db8::53]:5",
	    "198.51.100.7" },
	{ "10.0.0.1", "198.51.100.8, 198.51.100.7, 10.0.0.2, 10.0.0.1",
	    "198.51.100.7" },
	{ "10.0.0.1", "2001:db8::7 , ::ffff:10.0.0.2", "2001:db8::7" },
	/* All of them are ours: the one that is farthest away. */
	{ "10.0.0.1", "10.0.0.2", "10.0.0.2" },
	{ "10.0.0.1", "10.0.0.2, 10.0.0.1", "10.0.0.2" },
	/* Garbage ends the search at the proxy that passed it on. */
	{ "10.0.0.1", "nonsense", "10.0.0.1" },
	{ "10.0.0.1", "unknown", "10.0.0.1" },
	{ "10.0.0.1", "198.51.100.7, nonsense", "10.0.0.1" },
	{ "10.0.0.1", "198.51.100.7, nonsense, 10.0.0.2", "10.0.0.2" },
	{ "10.0.0.1", "198.51.100.7,", "10.0.0.1" },
	{ "10.0.0.1", "198.51.100.7,,10.0.0.2", "10.0.0.2" },
	{ "10.0.0.1", "198.51.100.7, ,10.0.0.2", "10.0.0.2" },
	{ "10.0.0.1", ",,,", "10.0.0.1" },
	{ "10.0.0.1", "[", "10.0.0.1" },
	{ "10.0.0.1", "[]", "10.0.0.1" },
	{ "10.0.0.1", "[]:5", "10.0.0.1" },
	{ "10.0.0.1", "]", "10.0.0.1" },
	{ "10.0.0.1", ":", "10.0.0.1" },
	{ "10.0.0.1", ":5", "10.0.0.1" },
	{ "10.0.0.1", "198.51.100", "10.0.0.1" },
	{ "10.0.0.1", "198.51.100.256", "10.0.0.1" },
	{ "10.0.0.1", "198.51.100.7:5:6", "10.0.0.1" },
	{ "10.0.0.1", "198.51.100.7;", "10.0.0.1" },
	{ "10.0.0.1", "0x7f000001", "10.0.0.1" },
	{ "10.0.0.1", "2001:db8::7::1", "10.0.0.1" },
	{ "10.0.0.1", "2001:db8::12345", "10.0.0.1" },
	{ "10.0.0.1", "fe80::1%eth0", "10.0.0.1" },
	{ "10.0.0.1", "\"[2001:db8::7]:5\"", "10.0.0.1" },
	{ "10.0.0.1", "for=198.51.100.7", "10.0.0.1" },
	{ "10.0.0.1", "198.51.100.7\n", "10.0.0.1" },
	/* An item has at most 63 bytes, the space around it not counted. */
	{ "10.0.0.1", "[" LONG "]:" DIGITS_21, "2001:db8::1" },
	{ "10.0.0.1", "      [" LONG "]:" DIGITS_21 "      ", "2001:db8::1" },
	{ "10.0.0.1", "[" LONG "]:" DIGITS_22, "10.0.0.1" },
	{ "10.0.0.1", "198.51.100.7, [" LONG "]:" DIGITS_22, "10.0.0.1" },
	{ "10.0.0.1", "[" LONG "]:" DIGITS_22 ", 198.51.100.7",
	    "198.51.100.7" },
};

static void
set(const char *name, const char *value)
{
	ck_assert_int_eq(
	    value != NULL ? setenv(name, value, 1) : unsetenv(name), 0);
}

/* Whose call it is, as text; borrowed until the next call. */
static const char *
caller(const struct config *config, const char *peer, const char *forwarded)
{
	static const unsigned char mapped[12] = { [10] = 0xff, [11] = 0xff };
	static char text[INET6_ADDRSTRLEN];
	const struct cgi cgi = { 0 }; /* of the environment */
	struct cgi_request req;
	int is_ipv4;

	set("REMOTE_ADDR", peer);
	set("HTTP_X_FORWARDED_FOR", forwarded);
	cgi_request_read(&cgi, config, &req);
	is_ipv4 = memcmp(req.address, mapped, sizeof(mapped)) == 0;
	ck_assert_ptr_nonnull(inet_ntop(is_ipv4 ? AF_INET : AF_INET6,
	    req.address + (is_ipv4 ? sizeof(mapped) : 0), text, sizeof(text)));
	return text;
}

START_TEST(the_caller_is_whom_our_proxies_name)
{
	ck_assert_str_eq(caller(&proxied, calls[_i].peer, calls[_i].forwarded),
	    calls[_i].caller);
}
END_TEST

START_TEST(without_proxies_the_peer_is_the_caller)
{
	struct config direct = proxied;

	direct.nproxies = 0;
	ck_assert_str_eq(
	    caller(&direct, "10.0.0.1", "198.51.100.7"), "10.0.0.1");
	direct.nproxies = 1;
	ck_assert_str_eq(
	    caller(&direct, "10.0.0.2", "198.51.100.7"), "10.0.0.2");
}
END_TEST

START_TEST(an_item_of_any_length_is_survived)
{
	enum { LONGEST = 300 };
	char item[LONGEST + 1], list[2 * LONGEST];
	size_t len;

	for (len = 1; len <= LONGEST; len++) {
		memset(item, '1', len);
		item[len] = '\0';
		ck_assert_str_eq(
		    caller(&proxied, "10.0.0.1", item), "10.0.0.1");
		(void)snprintf(list, sizeof(list), "%s,198.51.100.7", item);
		ck_assert_str_eq(
		    caller(&proxied, "10.0.0.1", list), "198.51.100.7");
	}
}
END_TEST

START_TEST(a_list_of_any_length_is_read_to_its_start)
{
	enum { PROXIES = 5000 };
	static const char proxy[] = ", 10.0.0.2:5";
	char *list = malloc(sizeof("198.51.100.7") + PROXIES * sizeof(proxy));
	char *end = list;
	int n;

	ck_assert_ptr_nonnull(list);
	end = stpcpy(end, "198.51.100.7");
	for (n = 0; n < PROXIES; n++)
		end = stpcpy(end, proxy);
	ck_assert_str_eq(caller(&proxied, "10.0.0.1", list), "198.51.100.7");
	free(list);
}
END_TEST

START_TEST(a_header_is_added_whole_or_not_at_all)
{
	static const char first[] = "X-Number: -42\r\n";
	enum { FIRST = sizeof(first) - 1, AROUND = sizeof("A: \r\n") - 1 };
	struct cgi_answer answer = { .status = 200 };
	char value[CGI_HEADERS_MAX + 1];
	size_t room = CGI_HEADERS_MAX - FIRST - AROUND;

	cgi_header_int(&answer, "X-Number", -42);
	ck_assert_uint_eq(answer.headers_len, FIRST);
	ck_assert_mem_eq(answer.headers, first, FIRST);
	memset(value, 'v', sizeof(value));
	value[room + 1] = '\0';
	cgi_header(&answer, "A", value);
	ck_assert_uint_eq(answer.headers_len, FIRST);
	value[room] = '\0';
	cgi_header(&answer, "A", value);
	ck_assert_uint_eq(answer.headers_len, CGI_HEADERS_MAX);
	ck_assert_mem_eq(answer.headers, first, FIRST);
	ck_assert_mem_eq(answer.headers + FIRST, "A: v", 4);
	ck_assert_mem_eq(answer.headers + CGI_HEADERS_MAX - 3, "v\r\n", 3);
	cgi_header(&answer, "B", "");
	ck_assert_uint_eq(answer.headers_len, CGI_HEADERS_MAX);
}
END_TEST

static Suite *
cgi_suite(void)
{
	Suite *s = suite_create("cgi");
	TCase *tc = tcase_create("address");

	tcase_add_loop_test(
	    tc, the_caller_is_whom_our_proxies_name, 0, ROWS(calls));
	tcase_add_test(tc, without_proxies_the_peer_is_the_caller);
	tcase_add_test(tc, an_item_of_any_length_is_survived);
	tcase_add_test(tc, a_list_of_any_length_is_read_to_its_start);
	suite_add_tcase(s, tc);
	tc = tcase_create("headers");
	tcase_add_test(tc, a_header_is_added_whole_or_not_at_all);
	suite_add_tcase(s, tc);
	return s;
}

SUITE_MAIN(cgi_suite)
