/* SPDX-License-Identifier: ISC */
/*
 * Bodies of the three encodings and query strings: what they mean, every way
 * in which they are malformed, and that no cut, no changed byte and no size
 * does harm.  Bodies lie in memory of exactly their size, so that
 * AddressSanitizer sees a read past the end.
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "form.h"
#include "suite.h"

#define URL "application/x-www-form-urlencoded"
#define MULTI "multipart/form-data; boundary=XyZ"
#define JSON "application/json"

/* A part of a multipart body whose boundary is XyZ, and that body's end. */
#define PART(name, value)                                       \
	"--XyZ\r\nContent-Disposition: form-data; name=\"" name \
	"\"\r\n\r\n" value "\r\n"
#define LAST "--XyZ--"

/* A text of a constant and its length, which may have NULs inside. */
#define BYTES(text) (text), sizeof(text) - 1

struct parsed {
	struct form *form;
	enum rc rc;
	const char *what;
};

/* Parses a copy of the body that ends where its memory does. */
static struct parsed
parse(const char *type, const char *body, size_t len)
{
	struct parsed parsed = { NULL, RC_FAIL, NULL };
	char *copy = malloc(len > 0 ? len : 1);

	ck_assert_ptr_nonnull(copy);
	memcpy(copy, body, len);
	ck_assert_int_eq(form_new(&parsed.form), RC_OK);
	parsed.rc = form_parse(
	    parsed.form, type, len > 0 ? copy : copy + 1, len, &parsed.what);
	free(copy);
	return parsed;
}

/* The same, and it must be good. */
static struct form *
parse_good(const char *type, const char *body, size_t len)
{
	struct parsed parsed = parse(type, body, len);

	ck_assert_msg(parsed.rc == RC_OK, "%d (%s): %.60s", (int)parsed.rc,
	    parsed.rc == RC_INVALID ? parsed.what : "", body);
	return parsed.form;
}

/* The same, and it must be refused for that reason (NULL: for any). */
static void
parse_bad(const char *type, const char *body, size_t len, const char *what)
{
	struct parsed parsed = parse(type, body, len);

	ck_assert_msg(parsed.rc == RC_INVALID, "rc %d, wanted \"%s\": %.60s",
	    (int)parsed.rc, what != NULL ? what : "", body);
	ck_assert_ptr_nonnull(parsed.what);
	if (what != NULL)
		ck_assert_str_eq(parsed.what, what);
	form_free(parsed.form);
}

struct items {
	char text[1024];
	size_t len, calls;
};

static void
join(void *arg, const char *value, size_t len)
{
	struct items *items = arg;

	ck_assert_uint_lt(items->len + len + 2, sizeof(items->text));
	if (items->calls++ > 0)
		items->text[items->len++] = '|';
	memcpy(items->text + items->len, value, len);
	items->len += len;
	items->text[items->len] = '\0';
}

/* --- the type of a body ------------------------------------------------- */

static const struct {
	const char *header;
	int type; /* -1: none of ours */
} headers[] = {
	{ "application/x-www-form-urlencoded", FORM_URLENCODED },
	{ "application/x-www-form-urlencoded; charset=UTF-8", FORM_URLENCODED },
	{ "application/x-www-form-urlencoded;charset=utf-8", FORM_URLENCODED },
	{ "application/x-www-form-urlencoded ; charset=x", FORM_URLENCODED },
	{ "Application/X-WWW-Form-URLEncoded", FORM_URLENCODED },
	{ " \tapplication/x-www-form-urlencoded", FORM_URLENCODED },
	{ "multipart/form-data", FORM_MULTIPART },
	{ "multipart/form-data; boundary=x", FORM_MULTIPART },
	{ "MULTIPART/FORM-DATA;boundary=x", FORM_MULTIPART },
	{ "application/json", FORM_JSON },
	{ "application/json; charset=utf-8", FORM_JSON },
	{ "", -1 },
	{ " ", -1 },
	{ ";", -1 },
	{ "application/x-www-form-urlencode", -1 },
	{ "application/x-www-form-urlencodedd", -1 },
	{ "application/x-www-form-urlencoded, application/json", -1 },
	{ "application/jsonp", -1 },
	{ "application/json+x", -1 },
	{ "application/problem+json", -1 },
	{ "multipart/mixed; boundary=x", -1 },
	{ "text/plain", -1 },
	{ "text/html", -1 },
	{ "application/xml", -1 },
	{ "application", -1 },
	{ "*/*", -1 },
};

START_TEST(a_type_is_found_in_its_header)
{
	enum form_type type;
	enum rc rc = form_type(headers[_i].header, &type);

	if (headers[_i].type < 0) {
		ck_assert_int_eq(rc, RC_INVALID);
		parse_bad(headers[_i].header, BYTES("a=1"), NULL);
		return;
	}
	ck_assert_int_eq(rc, RC_OK);
	ck_assert_int_eq(type, headers[_i].type);
}
END_TEST

/* --- good bodies -------------------------------------------------------- */

/* Each row is one fact; value NULL: the field is absent. */
static const struct {
	const char *type;
	const char *body;
	size_t len;
	const char *name;
	const char *value;
	size_t count; /* of fields of that name */
} good[] = {
	/* urlencoded */
	{ URL, BYTES("a=1"), "a", "1", 1 },
	{ URL, BYTES("a=1&b=2&c=3"), "c", "3", 1 },
	{ URL, BYTES("a=1&b=2&key=k"), "key", "k", 1 },
	{ URL, BYTES(""), "a", NULL, 0 },
	{ URL, BYTES("&"), "a", NULL, 0 },
	{ URL, BYTES("&&a=1&&"), "a", "1", 1 },
	{ URL, BYTES("a"), "a", NULL, 1 },
	{ URL, BYTES("a="), "a", NULL, 1 },
	{ URL, BYTES("a&b=2"), "b", "2", 1 },
	{ URL, BYTES("=1"), "", "1", 1 },
	{ URL, BYTES("="), "", NULL, 1 },
	{ URL, BYTES("a=b=c"), "a", "b=c", 1 },
	{ URL, BYTES("a==="), "a", "==", 1 },
	{ URL, BYTES("a=x+y"), "a", "x y", 1 },
	{ URL, BYTES("a=x%20y"), "a", "x y", 1 },
	{ URL, BYTES("a=x%2By"), "a", "x+y", 1 },
	{ URL, BYTES("a=x%2by"), "a", "x+y", 1 },
	{ URL, BYTES("a=%26%3D%25"), "a", "&=%", 1 },
	{ URL, BYTES("a=%2525"), "a", "%25", 1 },
	{ URL, BYTES("%61=1"), "a", "1", 1 },
	{ URL, BYTES("a+b=1"), "a b", "1", 1 },
	{ URL, BYTES("a=%e2%82%ac"), "a", "\xe2\x82\xac", 1 },
	{ URL, BYTES("a=%E2%82%AC"), "a", "\xe2\x82\xac", 1 },
	{ URL, BYTES("a=\xe2\x82\xac"), "a", "\xe2\x82\xac", 1 },
	{ URL, BYTES("a=1%0D%0A2"), "a", "1\r\n2", 1 },
	{ URL, BYTES("a=%01%1f%7f"), "a", "\x01\x1f\x7f", 1 },
	{ URL, BYTES("a=1;b=2"), "a", "1;b=2", 1 },
	{ URL, BYTES("link=https://e.org/?x=1%26y=2"), "link",
	    "https://e.org/?x=1&y=2", 1 },
	/* white space around a value is not part of it */
	{ URL, BYTES("a=+1+"), "a", "1", 1 },
	{ URL, BYTES("a=%09%0d%0a1%20"), "a", "1", 1 },
	{ URL, BYTES("a=+++"), "a", NULL, 1 },
	{ URL, BYTES("a=1\r\n"), "a", "1", 1 },
	{ URL, BYTES("a=\xc2\xa0"), "a", "\xc2\xa0", 1 },
	/* names are exact */
	{ URL, BYTES("A=1"), "a", NULL, 0 },
	{ URL, BYTES("a[]=1"), "a", NULL, 0 },
	{ URL, BYTES("ab=1"), "a", NULL, 0 },
	{ URL, BYTES("+a=1"), "a", NULL, 0 },
	/* the last one wins, even if it is absent */
	{ URL, BYTES("a=1&a=2"), "a", "2", 2 },
	{ URL, BYTES("a=1&b=5&a=2&a=3"), "a", "3", 3 },
	{ URL, BYTES("a=1&a="), "a", NULL, 2 },
	{ URL, BYTES("a=1&a=null"), "a", NULL, 2 },
	{ URL, BYTES("key=1&%6bey=2"), "key", "2", 2 },

	/* multipart */
	{ MULTI, BYTES(PART("a", "1") LAST), "a", "1", 1 },
	{ MULTI, BYTES(PART("a", "1") LAST "\r\n"), "a", "1", 1 },
	{ MULTI, BYTES(PART("a", "1") PART("b", "2") LAST), "b", "2", 1 },
	{ MULTI, BYTES(PART("a", "1") PART("a", "2") LAST), "a", "2", 2 },
	{ MULTI, BYTES(PART("a", "") LAST), "a", NULL, 1 },
	{ MULTI, BYTES(PART("a", " 1 ") LAST), "a", "1", 1 },
	{ MULTI, BYTES(PART("a", "x+y%20z&b=1") LAST), "a", "x+y%20z&b=1", 1 },
	{ MULTI, BYTES(PART("a", "1\r\n2") LAST), "a", "1\r\n2", 1 },
	{ MULTI, BYTES(PART("a", "1\r\n\r\n2") LAST), "a", "1\r\n\r\n2", 1 },
	{ MULTI, BYTES(PART("a", "1\n--XyZ\n2") LAST), "a", "1\n--XyZ\n2", 1 },
	{ MULTI, BYTES(PART("a", "1 --XyZ-- 2") LAST), "a", "1 --XyZ-- 2", 1 },
	{ MULTI, BYTES(PART("a", "1\r\n--Xy") LAST), "a", "1\r\n--Xy", 1 },
	{ MULTI, BYTES(PART("orders[]", "1") LAST), "orders[]", "1", 1 },
	{ MULTI, BYTES(PART("\xc3\xa4", "\xe2\x82\xac") LAST), "\xc3\xa4",
	    "\xe2\x82\xac", 1 },
	{ MULTI, BYTES(LAST), "a", NULL, 0 },
	{ MULTI, BYTES(LAST "\r\n"), "a", NULL, 0 },
	{ MULTI, BYTES("a preamble\r\n" PART("a", "1") LAST), "a", "1", 1 },
	{ MULTI, BYTES("\r\n" PART("a", "1") LAST), "a", "1", 1 },
	{ MULTI, BYTES(PART("a", "1") LAST "\r\nan epilogue"), "a", "1", 1 },
	{ MULTI, BYTES(PART("a", "1") LAST PART("a", "2")), "a", "1", 1 },
	{ MULTI,
	    BYTES("--XyZ \t\r\nContent-Disposition: form-data; name=\"a\"\r\n"
		  "\r\n1\r\n--XyZ--"),
	    "a", "1", 1 },
	{ MULTI,
	    BYTES("--XyZ\r\ncontent-disposition:form-data;name=a\r\n"
		  "\r\n1\r\n--XyZ--"),
	    "a", "1", 1 },
	{ MULTI,
	    BYTES("--XyZ\r\nContent-Type: text/plain; charset=utf-8\r\n"
		  "CONTENT-DISPOSITION: form-data; NAME=\"a\"; x=y\r\n"
		  "Content-Length: 1\r\n\r\n1\r\n--XyZ--"),
	    "a", "1", 1 },
	{ "multipart/form-data; boundary=\"X y\"",
	    BYTES("--X y\r\nContent-Disposition: form-data; name=\"a\"\r\n"
		  "\r\n1\r\n--X y--"),
	    "a", "1", 1 },
	{ "multipart/form-data; charset=utf-8; Boundary=XyZ",
	    BYTES(PART("a", "1") LAST), "a", "1", 1 },
	{ "multipart/form-data;boundary=XyZ;charset=utf-8",
	    BYTES(PART("a", "1") LAST), "a", "1", 1 },
	{ "multipart/form-data; boundary="
	  "01234567890123456789012345678901234567890123456789012345678901234567"
	  "89",
	    BYTES("--01234567890123456789012345678901234567890123456789"
		  "01234567890123456789\r\n"
		  "Content-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n"
		  "--01234567890123456789012345678901234567890123456789"
		  "01234567890123456789--"),
	    "a", "1", 1 },

	/* JSON */
	{ JSON, BYTES("{}"), "a", NULL, 0 },
	{ JSON, BYTES(" \r\n\t{ } \n"), "a", NULL, 0 },
	{ JSON, BYTES("{\"a\":\"1\"}"), "a", "1", 1 },
	{ JSON, BYTES("{\"a\":1}"), "a", "1", 1 },
	{ JSON, BYTES("{\"a\":-1}"), "a", "-1", 1 },
	{ JSON, BYTES("{\"a\":0}"), "a", "0", 1 },
	{ JSON, BYTES("{\"a\":1.5}"), "a", "1.5", 1 },
	{ JSON, BYTES("{\"a\":1.0}"), "a", "1", 1 },
	{ JSON, BYTES("{\"a\":1e3}"), "a", "1000", 1 },
	{ JSON, BYTES("{\"a\":2147483648}"), "a", "2147483648", 1 },
	{ JSON, BYTES("{\"a\":999999999999999}"), "a", "999999999999999", 1 },
	{ JSON, BYTES("{\"a\":true}"), "a", "true", 1 },
	{ JSON, BYTES("{\"a\":false}"), "a", "false", 1 },
	{ JSON, BYTES("{\"a\":null}"), "a", NULL, 1 },
	{ JSON, BYTES("{\"a\":\"null\"}"), "a", NULL, 1 },
	{ JSON, BYTES("{\"a\":\"\"}"), "a", NULL, 1 },
	{ JSON, BYTES("{\"a\":\" 1\\n\"}"), "a", "1", 1 },
	{ JSON, BYTES("{\"a\":\"x+y%20z\"}"), "a", "x+y%20z", 1 },
	{ JSON, BYTES("{\"a\":\"\\u20ac\"}"), "a", "\xe2\x82\xac", 1 },
	{ JSON, BYTES("{\"a\":\"\\ud83d\\ude00\"}"), "a", "\xf0\x9f\x98\x80",
	    1 },
	{ JSON, BYTES("{\"a\":\"\\\"\\\\\\/\"}"), "a", "\"\\/", 1 },
	{ JSON, BYTES("{\"\\u0061\":1}"), "a", "1", 1 },
	{ JSON, BYTES("{\"a\":[]}"), "a", NULL, 0 },
	{ JSON, BYTES("{\"a\":[1,2]}"), "a[]", "2", 2 },
	{ JSON, BYTES("{\"a\":1700000000000001}"), "a", "1700000000000001", 1 },
	{ JSON, BYTES("{\"a\":9223372036854775807}"), "a",
	    "9223372036854775807", 1 },
	{ JSON, BYTES("{\"a\":1,\"b\":2}"), "b", "2", 1 },
};

START_TEST(a_good_body_has_its_fields)
{
	struct form *form =
	    parse_good(good[_i].type, good[_i].body, good[_i].len);
	const char *value = form_get(form, good[_i].name);

	if (good[_i].value == NULL)
		ck_assert_msg(value == NULL, "%s", value);
	else
		ck_assert_pstr_eq(value, good[_i].value);
	ck_assert_uint_eq(form_count(form, good[_i].name), good[_i].count);
	form_free(form);
}
END_TEST

/* --- malformed bodies --------------------------------------------------- */

#define ESCAPE "bad % escape"
#define NUL "NUL byte"
#define UTF8 "invalid UTF-8"
#define BOUNDARY "bad multipart boundary"
#define BAD_PART "bad multipart part"
#define A_FILE "a file where a field belongs"
#define BAD_JSON "bad JSON"
#define NESTED "JSON is not one flat object"

static const struct {
	const char *type;
	const char *body;
	size_t len;
	const char *what;
} bad[] = {
	{ URL, BYTES("a=%"), ESCAPE },
	{ URL, BYTES("a=%4"), ESCAPE },
	{ URL, BYTES("a=%4&b=1"), ESCAPE },
	{ URL, BYTES("a=%&b=41"), ESCAPE },
	{ URL, BYTES("a=%4g"), ESCAPE },
	{ URL, BYTES("a=%g4"), ESCAPE },
	{ URL, BYTES("a=%%41"), ESCAPE },
	{ URL, BYTES("a=%+1"), ESCAPE },
	{ URL, BYTES("a=% 1"), ESCAPE },
	{ URL, BYTES("a=%-1"), ESCAPE },
	{ URL, BYTES("a=%0x"), ESCAPE },
	{ URL, BYTES("a=%u20ac"), ESCAPE },
	{ URL, BYTES("a=%4\0"), ESCAPE },
	{ URL, BYTES("%=1"), ESCAPE },
	{ URL, BYTES("a%4=1"), ESCAPE },
	{ URL, BYTES("a%"), ESCAPE },
	{ URL, BYTES("a=1&b=2&%zz"), ESCAPE },
	{ URL, BYTES("a=%00"), NUL },
	{ URL, BYTES("a=1%002"), NUL },
	{ URL, BYTES("a=1\0"), NUL },
	{ URL, BYTES("\0"), NUL },
	{ URL, BYTES("a\0=1"), NUL },
	{ URL, BYTES("key%00x=1"), NUL },
	{ URL, BYTES("a=%ff"), UTF8 },
	{ URL, BYTES("a=\xff"), UTF8 },
	{ URL, BYTES("%ff=1"), UTF8 },
	{ URL, BYTES("a=%e2%82"), UTF8 },
	{ URL, BYTES("a=%e2%82&b=%ac"), UTF8 },
	{ URL, BYTES("a=%e4"), UTF8 }, /* ISO 8859-1 */

	{ "multipart/form-data", BYTES(PART("a", "1") LAST), BOUNDARY },
	{ "multipart/form-data; boundary=", BYTES(PART("a", "1") LAST),
	    BOUNDARY },
	{ "multipart/form-data; boundary=\"\"", BYTES("--\r\n\r\n\r\n----"),
	    BOUNDARY },
	{ "multipart/form-data; boundary=\"XyZ", BYTES(PART("a", "1") LAST),
	    BOUNDARY },
	{ "multipart/form-data; xboundary=XyZ", BYTES(PART("a", "1") LAST),
	    BOUNDARY },
	{ "multipart/form-data; boundary=xyz", BYTES(PART("a", "1") LAST),
	    BOUNDARY },
	{ "multipart/form-data; boundary="
	  "01234567890123456789012345678901234567890123456789"
	  "012345678901234567890",
	    BYTES("--01234567890123456789012345678901234567890123456789"
		  "012345678901234567890--"),
	    BOUNDARY },
	{ MULTI, BYTES(""), BOUNDARY },
	{ MULTI, BYTES("a=1"), BOUNDARY },
	{ MULTI, BYTES("--XyZ"), BOUNDARY },
	{ MULTI, BYTES("--XyZ-"), BOUNDARY },
	{ MULTI, BYTES("--XyZ\r\n"), BOUNDARY },
	{ MULTI, BYTES("--XyZ\n\n"), BOUNDARY },
	{ MULTI, BYTES("\n" LAST), BOUNDARY },
	{ MULTI, BYTES("x" LAST), BOUNDARY },
	{ MULTI, BYTES(PART("a", "1")), BOUNDARY },
	{ MULTI, BYTES(PART("a", "1") "--XyZ"), BOUNDARY },
	{ MULTI, BYTES(PART("a", "1") "--XyZ-"), BOUNDARY },
	{ MULTI, BYTES(PART("a", "1") "--XyZx--"), BOUNDARY },
	{ MULTI,
	    BYTES("--XyZ\nContent-Disposition: form-data; name=\"a\"\n"
		  "\n1\n--XyZ--"),
	    BOUNDARY },
	{ MULTI,
	    BYTES("--XyZContent-Disposition: form-data; name=\"a\"\r\n"
		  "\r\n1\r\n--XyZ--"),
	    BOUNDARY },
	{ MULTI, BYTES("--XyZ\r\n" LAST), BOUNDARY },
	{ MULTI, BYTES("--XyZ\r\n\r\n" LAST), BAD_PART },
	{ MULTI, BYTES("--XyZ\r\n\r\n1\r\n" LAST), BAD_PART },
	{ MULTI, BYTES("--XyZ\r\n\r\n\r\n\r\n1\r\n" LAST), BAD_PART },
	{ MULTI,
	    BYTES("--XyZ\r\nContent-Disposition: form-data; name=\"a\"\r\n"
		  "1\r\n--XyZ--"),
	    BAD_PART },
	{ MULTI,
	    BYTES("--XyZ\r\nContent-Disposition: form-data\r\n\r\n1\r\n" LAST),
	    BAD_PART },
	{ MULTI, BYTES("--XyZ\r\nX: y; name=\"a\"\r\n\r\n1\r\n" LAST),
	    BAD_PART },
	{ MULTI, BYTES(PART("", "1") LAST), BAD_PART },
	{ MULTI,
	    BYTES("--XyZ\r\nContent-Disposition: form-data; name=\"a\r\n"
		  "\r\n1\r\n" LAST),
	    BAD_PART },
	{ MULTI, BYTES(PART("a\\\"b", "1") LAST), BAD_PART },
	{ MULTI,
	    BYTES(PART("0123456789012345678901234567890123456789012345678901234"
		       "567890123"
		       "0123456789012345678901234567890123456789012345678901234"
		       "567890123",
		"1") LAST),
	    BAD_PART },
	{ MULTI, BYTES(PART("a\"; filename=\"x", "1") LAST), A_FILE },
	{ MULTI, BYTES(PART("a\"; filename=\"", "1") LAST), A_FILE },
	{ MULTI, BYTES(PART("a\"; FileName*=\"UTF-8''x", "1") LAST), A_FILE },
	{ MULTI, BYTES(PART("a", "1\0") LAST), NUL },
	{ MULTI, BYTES(PART("a", "\0") LAST), NUL },
	{ MULTI, BYTES(PART("a", "\xff") LAST), UTF8 },
	{ MULTI, BYTES(PART("\xff", "1") LAST), UTF8 },

	{ JSON, BYTES(""), BAD_JSON },
	{ JSON, BYTES(" "), BAD_JSON },
	{ JSON, BYTES("a=1"), BAD_JSON },
	{ JSON, BYTES("{"), BAD_JSON },
	{ JSON, BYTES("{\"a\""), BAD_JSON },
	{ JSON, BYTES("{\"a\":}"), BAD_JSON },
	{ JSON, BYTES("{\"a\":1,}"), BAD_JSON },
	{ JSON, BYTES("{a:1}"), BAD_JSON },
	{ JSON, BYTES("{'a':1}"), BAD_JSON },
	{ JSON, BYTES("{\"a\":01}"), BAD_JSON },
	{ JSON, BYTES("{\"a\":+1}"), BAD_JSON },
	{ JSON, BYTES("{\"a\":.5}"), BAD_JSON },
	{ JSON, BYTES("{\"a\":1.}"), BAD_JSON },
	{ JSON, BYTES("{\"a\":0x1}"), BAD_JSON },
	{ JSON, BYTES("{\"a\":NaN}"), BAD_JSON },
	{ JSON, BYTES("{\"a\":Infinity}"), BAD_JSON },
	{ JSON, BYTES("{\"a\":undefined}"), BAD_JSON },
	{ JSON, BYTES("{\"a\":True}"), BAD_JSON },
	{ JSON, BYTES("{\"a\":1}{}"), BAD_JSON },
	{ JSON, BYTES("{\"a\":1}x"), BAD_JSON },
	{ JSON, BYTES("{\"a\":1}\0"), BAD_JSON },
	{ JSON, BYTES("{\"a\":1} // x"), BAD_JSON },
	{ JSON, BYTES("\xef\xbb\xbf{\"a\":1}"), BAD_JSON },
	{ JSON, BYTES("{\"a\":\"\n\"}"), BAD_JSON },
	{ JSON, BYTES("{\"a\":\"\\x\"}"), BAD_JSON },
	{ JSON, BYTES("{\"a\":\"\\u12\"}"), BAD_JSON },
	{ JSON, BYTES("{\"a\":\"\\ud800\"}"), BAD_JSON },
	{ JSON, BYTES("{\"a\":\"\\udc00\\ud800\"}"), BAD_JSON },
	{ JSON, BYTES("{\"a\":\"\\u0000\"}"), BAD_JSON },
	{ JSON, BYTES("{\"a\\u0000\":1}"), BAD_JSON },
	{ JSON, BYTES("{\"a\":\"\0\"}"), BAD_JSON },
	{ JSON, BYTES("{\"a\":\"\xff\"}"), BAD_JSON },
	{ JSON, BYTES("{\"\xff\":1}"), BAD_JSON },
	{ JSON, BYTES("{\"a\":1e400}"), BAD_JSON },
	{ JSON, BYTES("{\"a\":-1e400}"), BAD_JSON },
	/* a second key would hide the first */
	{ JSON, BYTES("{\"key\":1,\"key\":2}"), BAD_JSON },
	{ JSON, BYTES("{\"key\":1,\"\\u006bey\":2}"), BAD_JSON },
	{ JSON, BYTES("[]"), NESTED },
	{ JSON, BYTES("[{\"a\":1}]"), NESTED },
	{ JSON, BYTES("{\"a\":{}}"), NESTED },
	{ JSON, BYTES("{\"a\":{\"b\":1}}"), NESTED },
};

START_TEST(a_malformed_body_is_refused_with_its_reason)
{
	parse_bad(bad[_i].type, bad[_i].body, bad[_i].len, bad[_i].what);
}
END_TEST

/*
 * The header's NUL hides the file from the eye that looks for one: what has
 * a NUL anywhere is malformed.
 */
START_TEST(a_nul_in_a_parts_header_is_refused)
{
	static const char body[] =
	    "--XyZ\r\nContent-Disposition: form-data; name=\"a\"\0;"
	    " filename=\"x\"\r\n\r\n1\r\n--XyZ--";

	parse_bad(MULTI, BYTES(body), NULL);
}
END_TEST

START_TEST(a_scalar_is_no_body)
{
	static const char *const bodies[] = { "1", "\"a\"", "null", "true" };

	parse_bad(JSON, bodies[_i], strlen(bodies[_i]), NULL);
}
END_TEST

START_TEST(a_number_too_long_to_be_exact_is_no_whole_number)
{
	static const char *const bodies[] = { "{\"a\":99999999999999999999}",
		"{\"a\":1e20}", "{\"a\":-9223372036854775809}",
		"{\"a\":100000000000000000000000000000000000000000000}" };
	struct form *form = parse_good(JSON, bodies[_i], strlen(bodies[_i]));
	const char *value = form_get(form, "a");

	ck_assert_ptr_nonnull(value);
	ck_assert_ptr_nonnull(strchr(value, 'e'));
	form_free(form);
}
END_TEST

START_TEST(deep_nesting_is_refused)
{
	enum { DEPTH = 60000 };
	char *body = malloc(DEPTH + 6);

	ck_assert_ptr_nonnull(body);
	memcpy(body, "{\"a\":", 5);
	memset(body + 5, _i == 0 ? '[' : '{', DEPTH);
	parse_bad(JSON, body, DEPTH + 5, BAD_JSON);
	free(body);
}
END_TEST

START_TEST(a_list_with_a_long_name_is_refused)
{
	char body[300];
	int n = snprintf(body, sizeof(body), "{\"%0200d\":[1]}", 0);

	parse_bad(JSON, body, (size_t)n, NESTED);
}
END_TEST

/* --- UTF-8 -------------------------------------------------------------- */

/* RFC 3629, section 4: the grammar, a row for each alternative. */
static const struct {
	unsigned char lead[2], second[2];
	size_t len;
} grammar[] = {
	{ { 0x01, 0x7f }, { 0, 0 }, 1 },
	{ { 0xc2, 0xdf }, { 0x80, 0xbf }, 2 },
	{ { 0xe0, 0xe0 }, { 0xa0, 0xbf }, 3 },
	{ { 0xe1, 0xec }, { 0x80, 0xbf }, 3 },
	{ { 0xed, 0xed }, { 0x80, 0x9f }, 3 },
	{ { 0xee, 0xef }, { 0x80, 0xbf }, 3 },
	{ { 0xf0, 0xf0 }, { 0x90, 0xbf }, 4 },
	{ { 0xf1, 0xf3 }, { 0x80, 0xbf }, 4 },
	{ { 0xf4, 0xf4 }, { 0x80, 0x8f }, 4 },
};

/* The length of the sequence of the grammar at s, 0 if there is none. */
static size_t
sequence(const unsigned char *s, size_t len)
{
	size_t row, i, n;

	for (row = 0; row < sizeof(grammar) / sizeof(grammar[0]); row++) {
		n = grammar[row].len;
		if (n > len || s[0] < grammar[row].lead[0] ||
		    s[0] > grammar[row].lead[1])
			continue;
		if (n > 1 && (s[1] < grammar[row].second[0] ||
				 s[1] > grammar[row].second[1]))
			return 0;
		for (i = 2; i < n; i++)
			if (s[i] < 0x80 || s[i] > 0xbf)
				return 0;
		return n;
	}
	return 0;
}

static int
is_utf8(const unsigned char *s, size_t len)
{
	size_t n;

	for (; len > 0; s += n, len -= n)
		if ((n = sequence(s, len)) == 0)
			return 0;
	return 1;
}

/* Parses a=x<bytes>x in an encoding. */
static enum rc
parse_bytes(int encoding, const unsigned char *s, size_t len)
{
	static const char *const types[] = { URL, URL, MULTI, JSON };
	static const char *const heads[] = { "a=x", "a=x",
		"--XyZ\r\nContent-Disposition: form-data; name=a\r\n\r\nx",
		"{\"a\":\"x" };
	static const char *const tails[] = { "x", "x", "x\r\n--XyZ--", "x\"}" };
	struct parsed parsed;
	char body[128], *p = body;
	size_t i;

	p = stpcpy(p, heads[encoding]);
	for (i = 0; i < len; i++)
		if (encoding == 1)
			p += snprintf(p, 4, "%%%02x", s[i]);
		else
			*p++ = (char)s[i];
	p = stpcpy(p, tails[encoding]);
	parsed = parse(types[encoding], body, (size_t)(p - body));
	form_free(parsed.form);
	return parsed.rc;
}

/* _i is the first byte; the others are those where a rule begins or ends. */
START_TEST(only_utf8_is_text)
{
	static const unsigned char edges[] = { 0x7f, 0x80, 0x8f, 0x90, 0x9f,
		0xa0, 0xbf, 0xc0 };
	enum { EDGES = sizeof(edges) };
	unsigned char s[4] = { (unsigned char)_i, 0, 0, 0 };
	int encoding;
	size_t len, n, i;

	for (len = 1; len <= 4; len++) {
		for (n = 0; n < (size_t)1 << (3 * (len - 1)); n++) {
			enum rc rc, expected;

			for (i = 1; i < len; i++)
				s[i] = edges[n >> (3 * (i - 1)) & 7];
			expected = is_utf8(s, len) ? RC_OK : RC_INVALID;
			for (encoding = 0; encoding < 4; encoding++) {
				rc = parse_bytes(encoding, s, len);
				ck_assert_msg(rc == expected,
				    "%02x %02x %02x %02x (%d): %d", s[0], s[1],
				    s[2], s[3], encoding, (int)rc);
			}
		}
	}
}
END_TEST

/* Texts of RFC 3629, sections 3, 7 and 10. */
static const struct {
	const char *bytes;
	int good;
} utf8[] = {
	{ "A\xe2\x89\xa2\xce\x91.", 1 },
	{ "\xed\x95\x9c\xea\xb5\xad\xec\x96\xb4", 1 },
	{ "\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e", 1 },
	{ "\xef\xbb\xbf\xf0\xa3\x8e\xb4", 1 },
	{ "\xf4\x8f\xbf\xbf", 1 }, /* U+10FFFF */
	{ "\xef\xbf\xbf", 1 },     /* U+FFFF, a noncharacter */
	{ "\xc0\x80", 0 },         /* NUL, overlong */
	{ "\xc0\xae", 0 },         /* '.', overlong */
	{ "\xc1\xbf", 0 },
	{ "\xe0\x80\xaf", 0 },
	{ "\xe0\x9f\xbf", 0 },
	{ "\xf0\x80\x80\xaf", 0 },
	{ "\xf0\x8f\xbf\xbf", 0 },
	{ "\xed\xa0\x80", 0 },             /* a surrogate */
	{ "\xed\xbf\xbf", 0 },             /* the last one */
	{ "\xed\xa1\x8c\xed\xbe\xb4", 0 }, /* a pair: CESU-8 */
	{ "\xf4\x90\x80\x80", 0 },         /* U+110000 */
	{ "\xf5\x80\x80\x80", 0 },         /* U+140000 */
	{ "\xf8\x88\x80\x80\x80", 0 },     /* five bytes */
	{ "\xfc\x84\x80\x80\x80\x80", 0 }, /* six */
	{ "\xfe", 0 },
	{ "\xff", 0 },
	{ "\x80", 0 },
	{ "\xbf", 0 },
	{ "\xe2\x82", 0 },
	{ "\xe2\x82"
	  "a",
	    0 },
	{ "\xf0\x9f\x98", 0 },
	{ "\xe2\xe2\x82\xac", 0 },
	{ "\xac\xe2\x82\xac", 0 },
};

START_TEST(the_examples_of_rfc_3629_are_told_apart)
{
	int encoding;

	for (encoding = 0; encoding < 4; encoding++)
		ck_assert_int_eq(
		    parse_bytes(encoding, (const unsigned char *)utf8[_i].bytes,
			strlen(utf8[_i].bytes)),
		    utf8[_i].good ? RC_OK : RC_INVALID);
}
END_TEST

/* --- cuts, changes and sizes -------------------------------------------- */

static const struct {
	const char *type;
	const char *body;
	size_t len;
	int cuts_fail;
} whole[] = {
	{ URL,
	    BYTES("key=lk_0123456789&action=add&service=1"
		  "&link=https%3A%2F%2Fexample.org%2F%3Fa%3D1&quantity=100"
		  "&comments=one%0d%0atwo%E2%82%AC&orders[]=1&orders[1]=2&x"),
	    0 },
	{ MULTI,
	    BYTES("preamble\r\n" PART("key", "lk_0123456789")
		    PART("action", "add") PART("comments", "one\r\ntwo")
			PART("orders[]", "1") PART("empty", "") LAST),
	    1 },
	{ "multipart/form-data; boundary=\"XyZ\"",
	    BYTES(PART(
		"a", "\xe2\x82\xac") "--XyZ\r\nContent-Type: text/plain\r\n"
				     "Content-Disposition: form-data; "
				     "name=b\r\n\r\n2\r\n" LAST),
	    1 },
	{ JSON,
	    BYTES("{\"key\":\"lk_0123456789\",\"action\":\"add\","
		  "\"service\":1,\"quantity\":1e2,\"orders\":[1,\"2\",null],"
		  "\"comments\":\"one\\r\\ntwo\\u20ac\xe2\x82\xac\","
		  "\"a\":true,\"b\":false,\"c\":null,\"d\":-0.5}"),
	    1 },
};

START_TEST(a_body_cut_anywhere_is_no_whole_one)
{
	size_t len;

	form_free(parse_good(whole[_i].type, whole[_i].body, whole[_i].len));
	for (len = 0; len < whole[_i].len; len++) {
		struct parsed parsed =
		    parse(whole[_i].type, whole[_i].body, len);

		if (whole[_i].cuts_fail)
			ck_assert_msg(parsed.rc == RC_INVALID, "cut at %zu: %d",
			    len, (int)parsed.rc);
		else
			ck_assert(
			    parsed.rc == RC_OK || parsed.rc == RC_INVALID);
		if (parsed.rc == RC_INVALID)
			ck_assert_ptr_nonnull(parsed.what);
		form_free(parsed.form);
	}
}
END_TEST

START_TEST(a_changed_byte_does_no_harm)
{
	static const unsigned char bytes[] = { 0, '%', '"', '\\', '\r', '\n',
		'-', '=', '&', ';', '[', '{', '}', ',', '9', 0x80, 0xe2, 0xff };
	char *body = malloc(whole[_i].len);
	size_t at, b;

	ck_assert_ptr_nonnull(body);
	memcpy(body, whole[_i].body, whole[_i].len);
	for (at = 0; at < whole[_i].len; at++) {
		for (b = 0; b < sizeof(bytes); b++) {
			struct parsed parsed;

			body[at] = (char)bytes[b];
			parsed = parse(whole[_i].type, body, whole[_i].len);
			ck_assert(
			    parsed.rc == RC_OK || parsed.rc == RC_INVALID);
			(void)form_get(parsed.form, "comments");
			(void)form_list(parsed.form, "orders", 100, NULL, NULL);
			form_free(parsed.form);
		}
		body[at] = whole[_i].body[at];
	}
	free(body);
}
END_TEST

/* A body of n fields named a. */
static char *
many(int encoding, int n, size_t *len)
{
	static const char *const heads[] = { "", "", "{" };
	static const char *const fields[] = { "a=1&", PART("a", "1"), "" };
	static const char *const tails[] = { "", LAST, "}" };
	char *body = NULL;
	FILE *out = open_memstream(&body, len);
	int i;

	ck_assert_ptr_nonnull(out);
	(void)fputs(heads[encoding], out);
	for (i = 0; i < n; i++) {
		if (encoding == 2)
			(void)fprintf(out, "%s\"%d\":1", i > 0 ? "," : "", i);
		else
			(void)fputs(fields[encoding], out);
	}
	(void)fputs(tails[encoding], out);
	ck_assert_int_eq(fclose(out), 0);
	return body;
}

START_TEST(a_form_holds_1000_fields_and_not_one_more)
{
	static const char *const types[] = { URL, MULTI, JSON };
	static const int numbers[] = { FORM_FIELDS_MAX, FORM_FIELDS_MAX + 1,
		10000 };
	size_t i, len = 0;
	char *body;

	for (i = 0; i < 3; i++) {
		body = many(_i, numbers[i], &len);
		if (numbers[i] <= FORM_FIELDS_MAX)
			form_free(parse_good(types[_i], body, len));
		else
			parse_bad(types[_i], body, len, "too many fields");
		free(body);
	}
}
END_TEST

START_TEST(a_long_json_list_counts_as_many_fields)
{
	char *body = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&body, &len);
	int i;

	ck_assert_ptr_nonnull(out);
	(void)fputs("{\"orders\":[1", out);
	for (i = 1; i <= FORM_FIELDS_MAX; i++)
		(void)fputs(",1", out);
	(void)fputs("]}", out);
	ck_assert_int_eq(fclose(out), 0);
	parse_bad(JSON, body, len, "too many fields");
	free(body);
}
END_TEST

START_TEST(a_value_may_fill_the_body)
{
	enum { LEN = 65536 };
	char *body = malloc(LEN);
	struct form *form;

	ck_assert_ptr_nonnull(body);
	memset(body, 'x', LEN);
	memcpy(body, "a=", 2);
	form = parse_good(URL, body, LEN);
	ck_assert_uint_eq(strlen(form_get(form, "a")), LEN - 2);
	form_free(form);
	memset(body, '&', LEN);
	form_free(parse_good(URL, body, LEN));
	memset(body, '%', LEN);
	parse_bad(URL, body, LEN, ESCAPE);
	free(body);
}
END_TEST

/* --- absent values ------------------------------------------------------ */

static const struct {
	const char *value;
	int absent;
} literals[] = {
	{ "", 1 },
	{ "undefined", 1 },
	{ "null", 1 },
	{ "NaN", 1 },
	{ "+null+", 1 },
	{ "%09NaN%0a", 1 },
	{ "nul%6c", 1 },
	{ "NULL", 0 },
	{ "Null", 0 },
	{ "nan", 0 },
	{ "NAN", 0 },
	{ "Undefined", 0 },
	{ "undefine", 0 },
	{ "undefinedd", 0 },
	{ "nullnull", 0 },
	{ "\"null\"", 0 },
	{ "none", 0 },
	{ "0", 0 },
	{ "false", 0 },
	{ "-", 0 },
};

/* Of each body field "a" as it was sent, and as form_get gives it. */
static const struct {
	const char *type, *body, *sent, *value;
} kept[] = {
	{ URL, "a=+1+", " 1 ", "1" },
	{ URL, "a=%091%0d%0a&b=2", "\t1\r\n", "1" },
	{ URL, "a=+1", " 1", "1" },
	{ URL, "a=+++", "   ", NULL },
	{ URL, "a=", NULL, NULL },
	{ URL, "a", NULL, NULL },
	{ URL, "b=1", NULL, NULL },
	{ URL, "a=+1+&a=+2+", " 2 ", "2" },
	{ URL, "a=undefined", "undefined", NULL },
	{ MULTI, PART("a", " 1 ") PART("b", "2") LAST, " 1 ", "1" },
	{ JSON, "{\"a\":\" 1 \"}", " 1 ", "1" },
};

START_TEST(white_space_that_was_sent_is_kept_as_well)
{
	struct form *form =
	    parse_good(kept[_i].type, kept[_i].body, strlen(kept[_i].body));

	ck_assert_pstr_eq(form_get_sent(form, "a"), kept[_i].sent);
	ck_assert_pstr_eq(form_get(form, "a"), kept[_i].value);
	form_free(form);
}
END_TEST

START_TEST(three_literals_are_absent)
{
	struct form *form;
	char body[64];
	int n = snprintf(body, sizeof(body), "a=%s&l=%s,7", literals[_i].value,
	    literals[_i].value);

	form = parse_good(URL, body, (size_t)n);
	ck_assert_int_eq(form_get(form, "a") == NULL, literals[_i].absent);
	ck_assert_uint_eq(form_count(form, "a"), 1);
	ck_assert_uint_eq(
	    form_list(form, "a", 0, NULL, NULL), literals[_i].absent ? 0 : 1);
	ck_assert_uint_eq(
	    form_list(form, "l", 0, NULL, NULL), literals[_i].absent ? 1 : 2);
	form_free(form);
}
END_TEST

/* --- lists -------------------------------------------------------------- */

static const struct {
	const char *type;
	const char *body;
	size_t max;
	const char *items;
	size_t n;
} lists[] = {
	{ URL, "l=1,2", 9, "1|2", 2 },
	{ URL, "l=1%2C2", 9, "1|2", 2 },
	{ URL, "l=1%2c2", 9, "1|2", 2 },
	{ URL, "l=+1+,%202+", 9, "1|2", 2 },
	{ URL, "l=1%0a,%0d%0a2", 9, "1|2", 2 },
	{ URL, "l[]=1&l[]=2", 9, "1|2", 2 },
	{ URL, "l%5B%5D=1&l%5b%5d=2", 9, "1|2", 2 },
	{ URL, "l[0]=1&l[1]=2", 9, "1|2", 2 },
	{ URL, "l[7]=1&l[3]=2", 9, "1|2", 2 },
	{ URL, "l[10]=1&l[00]=2", 9, "1|2", 2 },
	{ URL, "l=1&l[]=2,3&l[5]=4", 9, "1|2|3|4", 4 },
	{ URL, "l=1&x=9&l=2", 9, "1|2", 2 },
	{ URL, "l=1", 9, "1", 1 },
	{ URL, "l=", 9, "", 0 },
	{ URL, "x=1", 9, "", 0 },
	{ URL, "l=,", 9, "", 0 },
	{ URL, "l=,,,", 9, "", 0 },
	{ URL, "l=+,+,+", 9, "", 0 },
	{ URL, "l=,1,,2,", 9, "1|2", 2 },
	{ URL, "l=1,1,1", 9, "1|1|1", 3 },
	{ URL, "l=null,1,undefined,NaN", 9, "1", 1 },
	{ URL, "l=a,-1,1e3,1+2,0x1", 9, "a|-1|1e3|1 2|0x1", 5 },
	{ URL, "l=1,2,3", 2, "1|2", 3 },
	{ URL, "l=1,2,3", 0, "", 3 },
	{ URL, "l[]=1&l[]=2&l[]=3", 2, "1|2", 3 },
	{ URL, "l[x]=1", 9, "", 0 },
	{ URL, "l[=1", 9, "", 0 },
	{ URL, "l]=1", 9, "", 0 },
	{ URL, "l[-1]=1", 9, "", 0 },
	{ URL, "l[0][0]=1", 9, "", 0 },
	{ URL, "l[]x=1", 9, "", 0 },
	{ URL, "l[+0]=1", 9, "", 0 },
	{ URL, "ll=1&L=2", 9, "", 0 },
	{ MULTI, PART("l", "1,2") LAST, 9, "1|2", 2 },
	{ MULTI, PART("l[]", "1") PART("l[]", "2") LAST, 9, "1|2", 2 },
	{ JSON, "{\"l\":[1,2]}", 9, "1|2", 2 },
	{ JSON, "{\"l\":[1,[2],{}]}", 9, "1|[]|[]", 3 },
	{ JSON, "{\"l\":[\"1\",\" 2 \"]}", 9, "1|2", 2 },
	{ JSON, "{\"l\":\"1, 2\"}", 9, "1|2", 2 },
	{ JSON, "{\"l\":[\"1,2\",3]}", 9, "1|2|3", 3 },
	{ JSON, "{\"l\":12}", 9, "12", 1 },
	{ JSON, "{\"l\":[]}", 9, "", 0 },
	{ JSON, "{\"l\":[null,\"\",1]}", 9, "1", 1 },
	{ JSON, "{\"l\":[true,1.5,-1]}", 9, "true|1.5|-1", 3 },
	{ JSON, "{\"l[]\":1,\"l[1]\":2}", 9, "1|2", 2 },
};

START_TEST(a_list_has_its_items_in_order)
{
	struct form *form =
	    parse_good(lists[_i].type, lists[_i].body, strlen(lists[_i].body));
	struct items items = { "", 0, 0 };

	ck_assert_uint_eq(
	    form_list(form, "l", lists[_i].max, join, &items), lists[_i].n);
	ck_assert_str_eq(items.text, lists[_i].items);
	ck_assert_uint_eq(
	    form_list(form, "l", lists[_i].max, NULL, NULL), lists[_i].n);
	form_free(form);
}
END_TEST

/* --- the query string --------------------------------------------------- */

static const struct {
	const char *body;
	const char *query;
	size_t len;
	enum rc rc;
	int has_key;
	const char *a; /* the value of a; NULL: absent */
} queries[] = {
	{ "", BYTES(""), RC_OK, 0, NULL },
	{ "", BYTES("a=1"), RC_OK, 0, "1" },
	{ "", BYTES("a=1&a=2"), RC_OK, 0, "2" },
	{ "a=1", BYTES("a=2"), RC_OK, 0, "1" },
	{ "a=1", BYTES("%61=2"), RC_OK, 0, "1" },
	{ "a=", BYTES("a=2"), RC_OK, 0, "2" },
	{ "a=undefined", BYTES("a=2"), RC_OK, 0, "2" },
	{ "b=1", BYTES("a=2&b=3"), RC_OK, 0, "2" },
	{ "", BYTES("key=1&a=2"), RC_OK, 1, "2" },
	{ "", BYTES("key="), RC_OK, 1, NULL },
	{ "", BYTES("key"), RC_OK, 1, NULL },
	{ "", BYTES("%6Bey=1"), RC_OK, 1, NULL },
	{ "key=1", BYTES("key=2"), RC_OK, 1, NULL },
	{ "key=1", BYTES("a=2"), RC_OK, 0, "2" },
	{ "", BYTES("KEY=1&keys=2&akey=3&+key=4"), RC_OK, 0, NULL },
	{ "", BYTES("&&&"), RC_OK, 0, NULL },
	{ "", BYTES("a"), RC_OK, 0, NULL },
	{ "", BYTES("a=%"), RC_INVALID, 0, NULL },
	{ "", BYTES("a=%00"), RC_INVALID, 0, NULL },
	{ "", BYTES("a=%ff"), RC_INVALID, 0, NULL },
	{ "", BYTES("a=%zz&key=1"), RC_INVALID, 0, NULL },
};

START_TEST(a_query_adds_what_the_body_has_not)
{
	struct form *form =
	    parse_good(URL, queries[_i].body, strlen(queries[_i].body));
	const size_t keys = form_count(form, "key");
	const char *what = NULL, *a;
	int has_key = -1;

	ck_assert_int_eq(form_parse_query(form, queries[_i].query,
			     queries[_i].len, &has_key, &what),
	    queries[_i].rc);
	ck_assert_uint_eq(form_count(form, "key"), keys);
	if (queries[_i].rc == RC_OK) {
		ck_assert_int_eq(has_key, queries[_i].has_key);
		a = form_get(form, "a");
		if (queries[_i].a == NULL)
			ck_assert_ptr_null(a);
		else
			ck_assert_pstr_eq(a, queries[_i].a);
	} else {
		ck_assert_ptr_nonnull(what);
	}
	form_free(form);
}
END_TEST

START_TEST(a_query_of_many_fields_is_refused)
{
	size_t len = 0;
	char *query = many(0, 10000, &len);
	const char *what = NULL;
	struct form *form;
	int has_key;

	ck_assert_int_eq(form_new(&form), RC_OK);
	ck_assert_int_eq(
	    form_parse_query(form, query, len, &has_key, &what), RC_INVALID);
	ck_assert_str_eq(what, "too many fields");
	form_free(form);
	free(query);
}
END_TEST

/* --- a form made in pieces ---------------------------------------------- */

START_TEST(pieces_of_a_form_add_up)
{
	const char *what = NULL;
	struct items items = { "", 0, 0 };
	struct form *form;
	int has_key;

	ck_assert_int_eq(form_new(&form), RC_OK);
	ck_assert_int_eq(form_add(form, "l", "1"), RC_OK);
	ck_assert_int_eq(form_parse(form, URL, BYTES("l[]=2"), &what), RC_OK);
	ck_assert_int_eq(
	    form_parse(form, MULTI, BYTES(PART("l[]", "3") LAST), &what),
	    RC_OK);
	ck_assert_int_eq(
	    form_parse(form, JSON, BYTES("{\"l\":[4]}"), &what), RC_OK);
	ck_assert_int_eq(
	    form_parse_query(form, BYTES("l[0]=5&l[]=6"), &has_key, &what),
	    RC_OK);
	ck_assert_uint_eq(form_list(form, "l", 9, join, &items), 5);
	ck_assert_str_eq(items.text, "1|2|3|4|5");
	form_free(form);
}
END_TEST

START_TEST(an_added_field_is_copied_and_checked)
{
	char name[] = "a", value[] = " 1 ";
	struct form *form;
	int i;

	ck_assert_int_eq(form_new(&form), RC_OK);
	ck_assert_int_eq(form_add(form, name, value), RC_OK);
	memset(name, 'x', sizeof(name));
	memset(value, 'x', sizeof(value));
	ck_assert_pstr_eq(form_get(form, "a"), "1");
	ck_assert_int_eq(form_add(form, "a", "\xff"), RC_INVALID);
	ck_assert_int_eq(form_add(form, "\xff", "a"), RC_INVALID);
	ck_assert_pstr_eq(form_get(form, "a"), "1");
	for (i = 1; i < FORM_FIELDS_MAX; i++)
		ck_assert_int_eq(form_add(form, "b", "2"), RC_OK);
	ck_assert_int_eq(form_add(form, "b", "2"), RC_INVALID);
	ck_assert_uint_eq(form_count(form, "b"), FORM_FIELDS_MAX - 1);
	form_free(form);
}
END_TEST

START_TEST(no_form_is_freed_too)
{
	struct form *form;

	form_free(NULL);
	ck_assert_int_eq(form_new(&form), RC_OK);
	ck_assert_ptr_null(form_get(form, "a"));
	ck_assert_uint_eq(form_count(form, "a"), 0);
	ck_assert_uint_eq(form_list(form, "a", 1, NULL, NULL), 0);
	form_free(form);
}
END_TEST

static Suite *
form_suite(void)
{
	Suite *s = suite_create("form");
	TCase *tc = tcase_create("meaning");

	tcase_add_loop_test(
	    tc, a_type_is_found_in_its_header, 0, ROWS(headers));
	tcase_add_loop_test(tc, a_good_body_has_its_fields, 0, ROWS(good));
	tcase_add_loop_test(
	    tc, white_space_that_was_sent_is_kept_as_well, 0, ROWS(kept));
	tcase_add_loop_test(tc, three_literals_are_absent, 0, ROWS(literals));
	tcase_add_loop_test(tc, a_list_has_its_items_in_order, 0, ROWS(lists));
	tcase_add_loop_test(
	    tc, a_query_adds_what_the_body_has_not, 0, ROWS(queries));
	tcase_add_loop_test(
	    tc, a_number_too_long_to_be_exact_is_no_whole_number, 0, 4);
	tcase_add_test(tc, pieces_of_a_form_add_up);
	tcase_add_test(tc, an_added_field_is_copied_and_checked);
	tcase_add_test(tc, no_form_is_freed_too);
	suite_add_tcase(s, tc);

	tc = tcase_create("harm");
	tcase_add_loop_test(
	    tc, a_malformed_body_is_refused_with_its_reason, 0, ROWS(bad));
	tcase_add_test(tc, a_nul_in_a_parts_header_is_refused);
	tcase_add_loop_test(tc, a_scalar_is_no_body, 0, 4);
	tcase_add_loop_test(tc, deep_nesting_is_refused, 0, 2);
	tcase_add_test(tc, a_list_with_a_long_name_is_refused);
	tcase_add_loop_test(tc, only_utf8_is_text, 0x80, 0x100);
	tcase_add_loop_test(
	    tc, the_examples_of_rfc_3629_are_told_apart, 0, ROWS(utf8));
	tcase_add_loop_test(
	    tc, a_body_cut_anywhere_is_no_whole_one, 0, ROWS(whole));
	tcase_add_loop_test(tc, a_changed_byte_does_no_harm, 0, ROWS(whole));
	tcase_add_loop_test(
	    tc, a_form_holds_1000_fields_and_not_one_more, 0, 3);
	tcase_add_test(tc, a_long_json_list_counts_as_many_fields);
	tcase_add_test(tc, a_value_may_fill_the_body);
	tcase_add_test(tc, a_query_of_many_fields_is_refused);
	suite_add_tcase(s, tc);
	return s;
}

SUITE_MAIN(form_suite)
