/* SPDX-License-Identifier: ISC */
/*
 * URLs: how a host can be written, each spelling of an address, every bound,
 * and what is refused because two programs could read it differently.
 */
#include "url.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "suite.h"

#define X10 "xxxxxxxxxx"
#define X50 X10 X10 X10 X10 X10
#define X63 X50 X10 "xxx"
/* The longest: three labels of 63 and one of 61, with their dots. */
#define X253 X63 "." X63 "." X63 "." X50 X10 "x"

/* --- hosts ---------------------------------------------------------------- */

static const struct {
	const char *url;
	int is_https;
	enum url_host kind;
	const char *host;
} good[] = {
	/* schemes */
	{ "https://example.com", 1, URL_NAME, "example.com" },
	{ "http://example.com", 0, URL_NAME, "example.com" },
	{ "HTTPS://EXAMPLE.COM/", 1, URL_NAME, "example.com" },
	{ "HttpS://Example.Com/Path", 1, URL_NAME, "example.com" },
	{ "HTTP://example.com/", 0, URL_NAME, "example.com" },
	/* what follows the host */
	{ "https://example.com/a/b;c=d?e=f&g=%20h", 1, URL_NAME,
	    "example.com" },
	{ "https://example.com?a", 1, URL_NAME, "example.com" },
	{ "https://example.com?@10.0.0.1/", 1, URL_NAME, "example.com" },
	{ "https://example.com/@10.0.0.1", 1, URL_NAME, "example.com" },
	{ "https://example.com/http://10.0.0.1/", 1, URL_NAME, "example.com" },
	{ "https://example.com//10.0.0.1/", 1, URL_NAME, "example.com" },
	{ "https://example.com/../..", 1, URL_NAME, "example.com" },
	{ "https://example.com/[x]?[y]", 1, URL_NAME, "example.com" },
	{ "https://example.com/!$&'()*+,;=:-._~", 1, URL_NAME, "example.com" },
	{ "https://example.com/%00%0d%0a%2f%zz%", 1, URL_NAME, "example.com" },
	/* ports */
	{ "https://example.com:1", 1, URL_NAME, "example.com" },
	{ "https://example.com:443/", 1, URL_NAME, "example.com" },
	{ "https://example.com:65535?x", 1, URL_NAME, "example.com" },
	{ "https://example.com:00443/", 1, URL_NAME, "example.com" },
	{ "https://example.com.:443/", 1, URL_NAME, "example.com" },
	/* names */
	{ "https://a", 1, URL_NAME, "a" },
	{ "https://localhost/", 1, URL_NAME, "localhost" },
	{ "https://example.com./", 1, URL_NAME, "example.com" },
	{ "https://localhost./", 1, URL_NAME, "localhost" },
	{ "https://a_b.example/", 1, URL_NAME, "a_b.example" },
	{ "https://a--b.example/", 1, URL_NAME, "a--b.example" },
	{ "https://xn--bcher-kva.example/", 1, URL_NAME,
	    "xn--bcher-kva.example" },
	{ "https://XN--BCHER-KVA.EXAMPLE/", 1, URL_NAME,
	    "xn--bcher-kva.example" },
	{ "https://1.example/", 1, URL_NAME, "1.example" },
	{ "https://127.0.0.1.example/", 1, URL_NAME, "127.0.0.1.example" },
	{ "https://0x7f.example/", 1, URL_NAME, "0x7f.example" },
	{ "https://1a/", 1, URL_NAME, "1a" },
	{ "https://a.0xg/", 1, URL_NAME, "a.0xg" },
	{ "https://ffff/", 1, URL_NAME, "ffff" },
	{ "https://" X63 "/", 1, URL_NAME, X63 },
	{ "https://" X253 "/", 1, URL_NAME, X253 },
	{ "https://" X253 "./", 1, URL_NAME, X253 },
	{ "https://" X253 ":65535/", 1, URL_NAME, X253 },
};

START_TEST(a_good_url_has_its_scheme_and_host)
{
	struct url url;

	memset(&url, 0x5a, sizeof(url));
	ck_assert_msg(url_parse(good[_i].url, &url) == RC_OK, "%s was refused",
	    good[_i].url);
	ck_assert_int_eq(url.is_https, good[_i].is_https);
	ck_assert_int_eq(url.kind, good[_i].kind);
	ck_assert_str_eq(url.host, good[_i].host);
}
END_TEST

/* Each is the address of its row, in every spelling that inet_aton takes. */
static const struct {
	const char *host, *address;
} ipv4[] = {
	{ "127.0.0.1", "127.0.0.1" },
	{ "127.1", "127.0.0.1" },
	{ "127.0.1", "127.0.0.1" },
	{ "127.0x000001", "127.0.0.1" },
	{ "2130706433", "127.0.0.1" },
	{ "0x7f000001", "127.0.0.1" },
	{ "0X7F000001", "127.0.0.1" },
	{ "0x7F.0X0.0x0.0x1", "127.0.0.1" },
	{ "0x7f.1", "127.0.0.1" },
	{ "017700000001", "127.0.0.1" },
	{ "0177.0.0.1", "127.0.0.1" },
	{ "0177.0.0x0.1", "127.0.0.1" },
	{ "00000177.00.000.0001", "127.0.0.1" },
	{ "000000000000000000000000000000000000177.1", "127.0.0.1" },
	{ "0x0000000000000000000000000000007f.1", "127.0.0.1" },
	{ "127.65535", "127.0.255.255" },
	{ "127.0.65535", "127.0.255.255" },
	{ "127.16777215", "127.255.255.255" },
	{ "0", "0.0.0.0" },
	{ "0.0", "0.0.0.0" },
	{ "0.0.0", "0.0.0.0" },
	{ "0.0.0.0", "0.0.0.0" },
	{ "00", "0.0.0.0" },
	{ "0x0", "0.0.0.0" },
	{ "10.0.0.1", "10.0.0.1" },
	{ "012.1", "10.0.0.1" },
	{ "0xa9fea9fe", "169.254.169.254" },
	{ "2852039166", "169.254.169.254" },
	{ "0251.0376.0251.0376", "169.254.169.254" },
	{ "169.254.43518", "169.254.169.254" },
	{ "169.16689662", "169.254.169.254" },
	{ "4294967295", "255.255.255.255" },
	{ "0xffffffff", "255.255.255.255" },
	{ "037777777777", "255.255.255.255" },
	{ "255.255.255.255", "255.255.255.255" },
	{ "8.8.8.8", "8.8.8.8" },
	{ "134744072", "8.8.8.8" },
};

START_TEST(an_ipv4_address_is_one_in_every_spelling)
{
	unsigned char address[4];
	char text[128];
	struct url url;

	ck_assert_int_eq(inet_pton(AF_INET, ipv4[_i].address, address), 1);
	(void)snprintf(text, sizeof(text), "https://%s/", ipv4[_i].host);
	ck_assert_msg(url_parse(text, &url) == RC_OK, "%s refused", text);
	ck_assert_int_eq(url.kind, URL_IPV4);
	ck_assert_mem_eq(url.address, address, 4);
	(void)snprintf(text, sizeof(text), "http://%s:8080?x", ipv4[_i].host);
	ck_assert_msg(url_parse(text, &url) == RC_OK, "%s refused", text);
	ck_assert_int_eq(url.kind, URL_IPV4);
	ck_assert_mem_eq(url.address, address, 4);
	/* To libcurl and inet_aton this is a name, to others the address. */
	(void)snprintf(text, sizeof(text), "https://%s./", ipv4[_i].host);
	ck_assert_msg(url_parse(text, &url) == RC_INVALID, "%s taken", text);
}
END_TEST

static const struct {
	const char *host, *address;
} ipv6[] = {
	{ "::", "::" },
	{ "::1", "::1" },
	{ "0:0:0:0:0:0:0:1", "::1" },
	{ "0000:0000:0000:0000:0000:0000:0000:0001", "::1" },
	{ "0::1", "::1" },
	{ "::0.0.0.1", "::1" },
	{ "::127.0.0.1", "::7f00:1" },
	{ "::ffff:127.0.0.1", "::ffff:7f00:1" },
	{ "::FFFF:127.0.0.1", "::ffff:7f00:1" },
	{ "::ffff:7f00:1", "::ffff:7f00:1" },
	{ "0:0:0:0:0:ffff:127.0.0.1", "::ffff:7f00:1" },
	{ "64:ff9b::10.0.0.1", "64:ff9b::a00:1" },
	{ "fe80::1", "fe80::1" },
	{ "FD00:EC2::254", "fd00:ec2::254" },
	{ "2001:DB8::A", "2001:db8::a" },
	{ "2606:4700:4700::1111", "2606:4700:4700::1111" },
	{ "1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0" },
	{ "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
	    "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff" },
	{ "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255",
	    "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff" },
};

START_TEST(an_ipv6_address_is_one_in_every_spelling)
{
	static const char *const tails[] = { "", "/", ":443", ":8443/x", "?x" };
	unsigned char address[16];
	char text[128];
	struct url url;
	int i;

	ck_assert_int_eq(inet_pton(AF_INET6, ipv6[_i].address, address), 1);
	for (i = 0; i < ROWS(tails); i++) {
		(void)snprintf(text, sizeof(text), "https://[%s]%s",
		    ipv6[_i].host, tails[i]);
		ck_assert_msg(
		    url_parse(text, &url) == RC_OK, "%s refused", text);
		ck_assert_int_eq(url.kind, URL_IPV6);
		ck_assert_mem_eq(url.address, address, 16);
	}
	(void)snprintf(text, sizeof(text), "https://[%s].", ipv6[_i].host);
	ck_assert_msg(url_parse(text, &url) == RC_INVALID, "%s taken", text);
}
END_TEST

/* --- what is refused ------------------------------------------------------ */

static const char *const bad[] = {
	/* no scheme, or none of ours */
	"",
	"x",
	"example.com",
	"example.com/https://",
	"//example.com",
	"://example.com",
	"https",
	"https:",
	"https:/",
	"https://",
	"https:///",
	"https:///example.com",
	"https:////example.com",
	"https:example.com",
	"https:/example.com",
	"https//example.com",
	"https :// example.com",
	" https://example.com",
	"\thttps://example.com",
	"\nhttps://example.com",
	"https:\n//example.com",
	"\xef\xbb\xbfhttps://example.com",
	"httpss://example.com",
	"shttps://example.com",
	"ftp://example.com",
	"file:///etc/passwd",
	"gopher://example.com",
	"javascript://example.com",
	"wss://example.com",
	"https+x://example.com",
	"view-source:https://example.com",
	"http\xc5\xbf://example.com",
	/* user names */
	"https://user@example.com",
	"https://user:pw@example.com",
	"https://@example.com",
	"https://:@example.com",
	"https://:80@example.com",
	"https://user:80@example.com",
	"https://example.com@10.0.0.1",
	"https://example.com:443@10.0.0.1",
	"https://example.com:@10.0.0.1",
	"https://a@b@c",
	"https://user@[::1]",
	"https://[::1]@example.com",
	"https://user%40@example.com",
	"https://example.com%40example.net",
	/* no host */
	"https://?x",
	"https://:443",
	"https://:443/",
	"https://.",
	"https://./",
	"https://..",
	"https://[]",
	"https://[]:443",
	"https://[",
	"https://]",
	/* dots and labels */
	"https://.example.com",
	"https://example..com",
	"https://example.com..",
	"https://example.com...",
	"https://..example.com",
	"https://" X63 "x/",
	"https://a." X63 "x.b/",
	"https://" X253 "x/",
	"https://" X253 "../",
	"https://x." X253,
	/* bytes that no name has */
	"https://exa mple.com",
	"https://example.com /",
	"https://example.com\t/",
	"https://example.com\r\nHost: x",
	"https://exa%6dple.com",
	"https://%65xample.com",
	"https://example.com%2f.example.net",
	"https://example.com%00.example.net",
	"https://127.0.0.1%2f.example.net",
	"https://127%2e0.0.1",
	"https://%31%32%37.0.0.1",
	"https://example!.com",
	"https://ex*mple.com",
	"https://ex$mple.com",
	"https://ex&mple.com",
	"https://ex'mple.com",
	"https://(example).com",
	"https://example,com",
	"https://example;com",
	"https://ex+mple.com",
	"https://ex=mple.com",
	"https://ex~mple.com",
	"https://b\xc3\xbc"
	"cher.example",
	"https://b\xfc"
	"cher.example",
	"https://example\xe3\x80\x82"
	"com",
	"https://\xe2\x91\xa0\xe2\x91\xa1\xe2\x91\xa6.0.0.1",
	"https://127.0.0.1\xe3\x80\x82",
	"https://ex\xc2\xad"
	"ample.com",
	"https://example.com\xe2\x81\x84"
	"x",
	"https://\xef\xbd\x85xample.com",
	/* backslashes, fragments, and more that is read differently */
	"https:\\\\example.com",
	"https:/\\example.com",
	"https://\\example.com",
	"https://example.com\\@10.0.0.1",
	"https://example.com\\.example.net",
	"https://example.com/\\",
	"https://example.com/?\\",
	"https://example.com#",
	"https://example.com#@10.0.0.1",
	"https://example.com/#x",
	"https://example.com/?x#",
	"https://example.com#.example.net",
	"https://example.com/a b",
	"https://example.com/a\tb",
	"https://example.com/a\nb",
	"https://example.com/a\r\nb",
	"https://example.com/\x01",
	"https://example.com/\x1b[0m",
	"https://example.com/\x7f",
	"https://example.com/\"",
	"https://example.com/<",
	"https://example.com/>",
	"https://example.com/^",
	"https://example.com/`",
	"https://example.com/{x}",
	"https://example.com/|",
	"https://example.com/\xc3\xbc",
	"https://example.com/?\xff",
	/* ports */
	"https://example.com:",
	"https://example.com:/",
	"https://example.com:?x",
	"https://example.com:0",
	"https://example.com:65536",
	"https://example.com:99999999999999999999",
	"https://example.com:-1",
	"https://example.com:+443",
	"https://example.com: 443",
	"https://example.com:443 ",
	"https://example.com:443x",
	"https://example.com:x443",
	"https://example.com:0x1bb",
	"https://example.com:44.3",
	"https://example.com:443:443",
	"https://example.com:443.",
	"https://example.com::443",
	"https://example.com:%34%34%33",
	/* what is nearly an IPv4 address */
	"https://256.0.0.1",
	"https://127.0.0.256",
	"https://127.0.0.1.1",
	"https://1.2.3.4.5",
	"https://127.0.0.1..",
	"https://127..0.1",
	"https://.127.0.0.1",
	"https://127.0.65536",
	"https://127.16777216",
	"https://4294967296",
	"https://99999999999999999999",
	"https://0x100000000",
	"https://0xfffffffffffffffff",
	"https://040000000000",
	"https://08",
	"https://127.0.0.08",
	"https://09.1",
	"https://0x",
	"https://127.0x",
	"https://0xg.1",
	"https://1e3.1",
	"https://example.com.1",
	"https://example.0x1",
	"https://example.017",
	"https://a.1.2.3.4",
	"https://1_0.0.0.1",
	"https://-127.0.0.1",
	"https://127.0.0.1-2.3",
	/* what is nearly an IPv6 address */
	"https://::1",
	"https://::1/",
	"https://2001:db8::1/",
	"https://[::1",
	"https://[::1/",
	"https://::1]",
	"https://[::1]x",
	"https://[::1].",
	"https://[::1]443",
	"https://[::1]:",
	"https://[::1]:0",
	"https://[::1]:65536",
	"https://[::1]:x",
	"https://[::1]::443",
	"https://[::1]]",
	"https://[[::1]]",
	"https://x[::1]",
	"https://[::1%25eth0]",
	"https://[fe80::1%25eth0]",
	"https://[fe80::1%eth0]",
	"https://[fe80::1%1]",
	"https://[::1.]",
	"https://[ ::1]",
	"https://[::g]",
	"https://[::12345]",
	"https://[1::2::3]",
	"https://[1:2:3:4:5:6:7]",
	"https://[1:2:3:4:5:6:7:8:9]",
	"https://[1:2:3:4:5:6:7:8::]",
	"https://[:1]",
	"https://[1:]",
	"https://[:::1]",
	"https://[::127.0.0.256]",
	"https://[::127.1]",
	"https://[::0x7f.0.0.1]",
	"https://[127.0.0.1]",
	"https://[example.com]",
	"https://[v1.x]",
	"https://[::/64]",
};

START_TEST(what_two_programs_could_read_differently_is_refused)
{
	struct url url, none = { 0 };

	memset(&url, 0x5a, sizeof(url));
	ck_assert_msg(
	    url_parse(bad[_i], &url) == RC_INVALID, "%s was taken", bad[_i]);
	/* Nothing is left but the scheme. */
	none.is_https = url.is_https;
	ck_assert_int_eq(url.kind, none.kind);
	ck_assert_str_eq(url.host, "");
	ck_assert_mem_eq(url.address, none.address, sizeof(url.address));
}
END_TEST

/* So that the answer can tell what was wrong. */
START_TEST(the_scheme_of_what_is_refused_is_told)
{
	static const struct {
		const char *url;
		int is_https;
	} refused[] = {
		{ "https://", 1 },
		{ "HTTPS://", 1 },
		{ "https://a b/", 1 },
		{ "https://a/#b", 1 },
		{ "https://a@b/", 1 },
		{ "http://a b/", 0 },
		{ "http://a@b/", 0 },
		{ "ftp://a/", 0 },
		{ "https:/", 0 },
		{ " https://a", 0 },
		{ "", 0 },
	};
	struct url url;
	int i;

	for (i = 0; i < ROWS(refused); i++) {
		ck_assert_int_eq(url_parse(refused[i].url, &url), RC_INVALID);
		ck_assert_msg(
		    url.is_https == refused[i].is_https, "%s", refused[i].url);
	}
}
END_TEST

/* --- bounds --------------------------------------------------------------- */

START_TEST(a_url_has_at_most_2000_bytes)
{
	static const char start[] = "https://example.com/";
	char text[URL_MAX + 100];
	struct url url;

	memset(text, 'x', sizeof(text));
	memcpy(text, start, sizeof(start) - 1);
	text[URL_MAX] = '\0';
	ck_assert_int_eq(url_parse(text, &url), RC_OK);
	ck_assert_str_eq(url.host, "example.com");
	text[URL_MAX] = 'x';
	text[URL_MAX + 1] = '\0';
	ck_assert_int_eq(url_parse(text, &url), RC_INVALID);
	ck_assert_int_eq(url.is_https, 1);
	text[URL_MAX + 1] = 'x';
	text[sizeof(text) - 1] = '\0';
	ck_assert_int_eq(url_parse(text, &url), RC_INVALID);
}
END_TEST

/* A host as long as may be, of one label, of many, and one byte more. */
START_TEST(a_host_has_at_most_253_bytes)
{
	char text[16 + URL_HOST_MAX + 2];
	struct url url;
	size_t n, i;

	for (n = 1; n <= URL_HOST_MAX + 1; n++) {
		memcpy(text, "https://", 8);
		for (i = 0; i < n; i++)
			text[8 + i] = i % 2 == 1 && i + 1 < n ? '.' : 'x';
		text[8 + n] = '\0';
		ck_assert_msg(
		    (url_parse(text, &url) == RC_OK) == (n <= URL_HOST_MAX),
		    "%zu", n);
		if (n <= URL_HOST_MAX)
			ck_assert_str_eq(url.host, text + 8);
	}
	for (n = 1; n <= URL_HOST_MAX; n++) {
		memset(text + 8, 'x', n);
		text[8 + n] = '\0';
		ck_assert_msg(
		    (url_parse(text, &url) == RC_OK) == (n <= 63), "%zu", n);
	}
}
END_TEST

/* Every byte in each place: what is taken is what the grammar has there. */
START_TEST(each_byte_is_plain_or_refused)
{
	static const char name[] = "abcdefghijklmnopqrstuvwxyz"
				   "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				   "0123456789-_";
	char text[] = "https://ab.example/cd?ef";
	struct url url;
	int c;

	for (c = 1; c < 256; c++) {
		int is_plain =
		    c > ' ' && c < 0x7f && strchr("\"<>\\^`{|}#", c) == NULL;

		text[9] = (char)c;
		ck_assert_msg(
		    (url_parse(text, &url) == RC_OK) ==
			(strchr(name, c) != NULL || c == '/' || c == '?'),
		    "%d in a host", c);
		text[9] = 'b';
		text[20] = (char)c;
		ck_assert_msg((url_parse(text, &url) == RC_OK) == is_plain,
		    "%d in a path", c);
		text[20] = 'd';
		text[23] = (char)c;
		ck_assert_msg((url_parse(text, &url) == RC_OK) == is_plain,
		    "%d in a query", c);
		text[23] = 'f';
	}
}
END_TEST

static Suite *
url_suite(void)
{
	Suite *s = suite_create("url");
	TCase *tc = tcase_create("hosts");

	tcase_add_loop_test(
	    tc, a_good_url_has_its_scheme_and_host, 0, ROWS(good));
	tcase_add_loop_test(
	    tc, an_ipv4_address_is_one_in_every_spelling, 0, ROWS(ipv4));
	tcase_add_loop_test(
	    tc, an_ipv6_address_is_one_in_every_spelling, 0, ROWS(ipv6));
	suite_add_tcase(s, tc);

	tc = tcase_create("refused");
	tcase_add_loop_test(tc,
	    what_two_programs_could_read_differently_is_refused, 0, ROWS(bad));
	tcase_add_test(tc, the_scheme_of_what_is_refused_is_told);
	suite_add_tcase(s, tc);

	tc = tcase_create("bounds");
	tcase_add_test(tc, a_url_has_at_most_2000_bytes);
	tcase_add_test(tc, a_host_has_at_most_253_bytes);
	tcase_add_test(tc, each_byte_is_plain_or_refused);
	suite_add_tcase(s, tc);
	return s;
}

SUITE_MAIN(url_suite)
