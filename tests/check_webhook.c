/* SPDX-License-Identifier: ISC */
/*
 * lib/webhook: which URLs may be an endpoint's, five for a key, secrets that
 * only the sealing key opens, and endpoints changed, rotated and removed, by
 * their own account alone.
 */
#include "webhook.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "base64.h"
#include "fixture.h"
#include "scratch.h"
#include "suite.h"
#include "url.h"

#define URL "https://hooks.example.com/in"
#define X10 "xxxxxxxxxx"
#define X63 X10 X10 X10 X10 X10 X10 "xxx"

enum { HOUR = 3600, SOME = 1 << EVENT_ORDER_COMPLETED };

static struct seal_key key;

static void
setup(void)
{
	fixture_setup();
	ck_assert_int_eq(secret_random(&key, sizeof(key)), RC_OK);
	fx.one.key_id = 1;
	fx.two.key_id = 2;
}

/* --- URLs ----------------------------------------------------------------- */

enum verdict {
	GOOD,
	LOCAL,   /* good for development, otherwise not public */
	HTTP,    /* likewise, otherwise not https */
	INNER,   /* not public, whatever is allowed */
	INNER_2, /* the same by http: otherwise not https */
	NO_HTTPS,
	NO_URL
};

static const struct {
	const char *url;
	enum verdict verdict;
} urls[] = {
	{ URL, GOOD },
	{ "HTTPS://HOOKS.EXAMPLE.COM", GOOD },
	{ "https://example.com:8443/a?b=c", GOOD },
	{ "https://example.com./", GOOD },
	{ "https://xn--bcher-kva.example/", GOOD },
	{ "https://a.b", GOOD },
	{ "https://8.8.8.8/", GOOD },
	{ "https://134744072/", GOOD },
	{ "https://0x08.010.2056/", GOOD },
	{ "https://[2606:4700:4700::1111]/", GOOD },
	{ "https://[2606:4700:4700::1111]:8443", GOOD },
	/* Looks like an inner one, and is none. */
	{ "https://127.0.0.1.example.com/", GOOD },
	{ "https://localhost.example.com/", GOOD },
	{ "https://notlocalhost.com/", GOOD },
	{ "https://mylocal.com/", GOOD },
	{ "https://local.example/", GOOD },
	{ "https://lan.com/", GOOD },
	{ "https://plan.homes/", GOOD },
	{ "https://example.wlan/", GOOD },
	{ "https://example.notlocalhost/", GOOD },
	{ "https://example.homearpa.com/", GOOD },
	{ "https://11.0.0.1/", GOOD },
	{ "https://172.15.255.255/", GOOD },
	{ "https://172.32.0.1/", GOOD },
	{ "https://192.167.255.255/", GOOD },
	{ "https://[2000::]/", GOOD },
	/* this host, by name */
	{ "https://localhost", LOCAL },
	{ "https://LOCALHOST:8443/", LOCAL },
	{ "https://localhost./", LOCAL },
	{ "https://app.localhost/", LOCAL },
	{ "https://a.b.localhost./", LOCAL },
	/* this host, by address */
	{ "https://127.0.0.1", LOCAL },
	{ "https://127.0.0.1:8443/a", LOCAL },
	{ "https://127.1.2.3/", LOCAL },
	{ "https://127.255.255.255/", LOCAL },
	{ "https://127.1/", LOCAL },
	{ "https://127.0.1/", LOCAL },
	{ "https://2130706433/", LOCAL },
	{ "https://0x7f000001/", LOCAL },
	{ "https://0X7F.0.0.1/", LOCAL },
	{ "https://0177.0.0.1/", LOCAL },
	{ "https://017700000001/", LOCAL },
	{ "https://0x7f.1/", LOCAL },
	{ "https://127.0x1/", LOCAL },
	{ "https://[::1]/", LOCAL },
	{ "https://[0:0:0:0:0:0:0:1]:8443/", LOCAL },
	{ "https://[0000:0000:0000:0000:0000:0000:0000:0001]/", LOCAL },
	{ "https://[::0.0.0.1]/", LOCAL },
	/* http is for development */
	{ "http://hooks.example.com/in", HTTP },
	{ "HTTP://hooks.example.com/in", HTTP },
	{ "http://8.8.8.8/", HTTP },
	{ "http://localhost:8080/", HTTP },
	{ "http://127.0.0.1:8080/", HTTP },
	{ "http://[::1]:8080/", HTTP },
	{ "http://10.0.0.1/", INNER_2 },
	{ "http://printer.local/", INNER_2 },
	{ "http://intranet/", INNER_2 },
	/* addresses that are not public */
	{ "https://0.0.0.0/", INNER },
	{ "https://0/", INNER },
	{ "https://0x0/", INNER },
	{ "https://00.0/", INNER },
	{ "https://0.1.2.3/", INNER },
	{ "https://10.0.0.1/", INNER },
	{ "https://10.1/", INNER },
	{ "https://012.0.0.1/", INNER },
	{ "https://0xa.0x0.0x0.0x1/", INNER },
	{ "https://167772161/", INNER },
	{ "https://100.64.0.1/", INNER },
	{ "https://100.100.100.200/", INNER },
	{ "https://169.254.169.254/latest/meta-data/", INNER },
	{ "https://2852039166/", INNER },
	{ "https://0xa9fea9fe/", INNER },
	{ "https://0251.0376.0251.0376/", INNER },
	{ "https://169.254.43518/", INNER },
	{ "https://168.63.129.16/", INNER },
	{ "https://172.16.0.1/", INNER },
	{ "https://172.31.255.255/", INNER },
	{ "https://192.168.1.1/", INNER },
	{ "https://192.168.257/", INNER },
	{ "https://0xc0a80101/", INNER },
	{ "https://192.0.2.1/", INNER },
	{ "https://198.18.0.1/", INNER },
	{ "https://203.0.113.9/", INNER },
	{ "https://224.0.0.1/", INNER },
	{ "https://255.255.255.255/", INNER },
	{ "https://4294967295/", INNER },
	{ "https://[::]/", INNER },
	{ "https://[::127.0.0.1]/", INNER },
	{ "https://[::7f00:1]/", INNER },
	{ "https://[::ffff:127.0.0.1]/", INNER },
	{ "https://[::FFFF:7F00:1]/", INNER },
	{ "https://[0:0:0:0:0:ffff:127.0.0.1]/", INNER },
	{ "https://[::ffff:8.8.8.8]/", INNER },
	{ "https://[::ffff:169.254.169.254]/", INNER },
	{ "https://[::ffff:0:127.0.0.1]/", INNER },
	{ "https://[64:ff9b::127.0.0.1]/", INNER },
	{ "https://[64:ff9b::8.8.8.8]/", INNER },
	{ "https://[64:ff9b:1::a00:1]/", INNER },
	{ "https://[2002:7f00:1::]/", INNER },
	{ "https://[2002:808:808::1]/", INNER },
	{ "https://[2001:0:1::1]/", INNER },
	{ "https://[2001:db8::1]/", INNER },
	{ "https://[fe80::1]/", INNER },
	{ "https://[fec0::1]/", INNER },
	{ "https://[fc00::1]/", INNER },
	{ "https://[fd00:ec2::254]/", INNER },
	{ "https://[ff02::1]/", INNER },
	{ "https://[1::1]/", INNER },
	/* names that only a resolver inside can know */
	{ "https://intranet/", INNER },
	{ "https://x/", INNER },
	{ "https://x./", INNER },
	{ "https://com/", INNER },
	{ "https://local/", INNER },
	{ "https://printer.local/", INNER },
	{ "https://Printer.LOCAL./", INNER },
	{ "https://a.b.local/", INNER },
	{ "https://svc.cluster.local/", INNER },
	{ "https://metadata.google.internal/", INNER },
	{ "https://x.internal/", INNER },
	{ "https://router.home.arpa/", INNER },
	{ "https://home.arpa/", INNER },
	{ "https://router.lan/", INNER },
	{ "https://wiki.intranet/", INNER },
	{ "https://x.private/", INNER },
	{ "https://x.corp/", INNER },
	{ "https://x.home/", INNER },
	{ "https://localhost.localdomain/", INNER },
	{ "https://x.localdomain/", INNER },
	/* no https, nor http */
	{ "", NO_HTTPS },
	{ "x", NO_HTTPS },
	{ "hooks.example.com", NO_HTTPS },
	{ "//hooks.example.com", NO_HTTPS },
	{ "https:hooks.example.com", NO_HTTPS },
	{ "https:/hooks.example.com", NO_HTTPS },
	{ " " URL, NO_HTTPS },
	{ "ftp://hooks.example.com/", NO_HTTPS },
	{ "file:///etc/passwd", NO_HTTPS },
	{ "gopher://127.0.0.1:6379/", NO_HTTPS },
	{ "http://user@example.com/", NO_HTTPS },
	/* https, but no URL that is read by all in the same way */
	{ "https://", NO_URL },
	{ "https:///", NO_URL },
	{ "https://user@example.com/", NO_URL },
	{ "https://user:pw@example.com/", NO_URL },
	{ "https://example.com@127.0.0.1/", NO_URL },
	{ "https://example.com#@127.0.0.1/", NO_URL },
	{ "https://example.com\\@127.0.0.1/", NO_URL },
	{ URL "#x", NO_URL },
	{ URL " x", NO_URL },
	{ URL "\n", NO_URL },
	{ URL "\r\nX: y", NO_URL },
	{ "https://b\xc3\xbc"
	  "cher.example/",
	    NO_URL },
	{ "https://127.0.0.1./", NO_URL },
	{ "https://8.8.8.8./", NO_URL },
	{ "https://%6cocalhost/", NO_URL },
	{ "https://[fe80::1%25eth0]/", NO_URL },
	{ "https://[::1/", NO_URL },
	{ "https://::1/", NO_URL },
	{ "https://256.0.0.1/", NO_URL },
	{ "https://example.com:0/", NO_URL },
	{ "https://example.com:65536/", NO_URL },
	{ "https://example.com:/", NO_URL },
	{ "https://example..com/", NO_URL },
	{ "https://" X63 "x.com/", NO_URL },
};

static void
must_be_checked(const char *url, int allow_local, enum error error)
{
	struct why why = { 0 };
	enum rc rc = webhook_check_url(url, allow_local, &why);

	ck_assert_msg(why.error == error, "%s, %d: %s", url, allow_local,
	    fixture_error(rc, &why));
	ck_assert_int_eq(rc, error == ERROR_NONE ? RC_OK : RC_INVALID);
	ck_assert_str_eq(why.arg, error == ERROR_PARAMETER ? "url" : "");
}

START_TEST(a_url_is_judged_by_its_text_alone)
{
	static const enum error errors[][2] = {
		[GOOD] = { ERROR_NONE, ERROR_NONE },
		[LOCAL] = { ERROR_WEBHOOK_PUBLIC, ERROR_NONE },
		[HTTP] = { ERROR_WEBHOOK_HTTPS, ERROR_NONE },
		[INNER] = { ERROR_WEBHOOK_PUBLIC, ERROR_WEBHOOK_PUBLIC },
		[INNER_2] = { ERROR_WEBHOOK_HTTPS, ERROR_WEBHOOK_PUBLIC },
		[NO_HTTPS] = { ERROR_WEBHOOK_HTTPS, ERROR_WEBHOOK_HTTPS },
		[NO_URL] = { ERROR_PARAMETER, ERROR_PARAMETER },
	};

	must_be_checked(urls[_i].url, 0, errors[urls[_i].verdict][0]);
	must_be_checked(urls[_i].url, 1, errors[urls[_i].verdict][1]);
}
END_TEST

START_TEST(a_url_has_at_most_2000_characters)
{
	char url[URL_MAX + 2];

	memset(url, 'x', sizeof(url));
	memcpy(url, URL, sizeof(URL) - 1);
	url[URL_MAX + 1] = '\0';
	must_be_checked(url, 0, ERROR_PARAMETER);
	url[URL_MAX] = '\0';
	must_be_checked(url, 0, ERROR_NONE);
}
END_TEST

/* --- helpers -------------------------------------------------------------- */

/* Each in a transaction of its own; a failure leaves nothing. */

static enum rc
add(const struct caller *caller, int64_t *id, struct webhook_secret *secret,
    struct why *why)
{
	enum rc rc;

	*why = (struct why){ 0 };
	memset(secret, 0x5a, sizeof(*secret));
	fixture_begin();
	rc = webhook_add(
	    fx.db, caller, &key, URL, SOME, FIXTURE_NOW, id, secret, why);
	return db_end(fx.db, rc);
}

static int64_t
add_one(const struct caller *caller)
{
	struct webhook_secret secret;
	struct why why;
	int64_t id = 0;

	ck_assert_int_eq(add(caller, &id, &secret, &why), RC_OK);
	ck_assert_int_gt(id, 0);
	return id;
}

static enum rc
update(const struct caller *caller, int64_t id, struct webhook_change change,
    struct why *why)
{
	*why = (struct why){ 0 };
	fixture_begin();
	return db_end(fx.db, webhook_update(fx.db, caller, id, &change, why));
}

static void
update_one(int64_t id, struct webhook_change change)
{
	struct why why;

	ck_assert_int_eq(update(&fx.one, id, change, &why), RC_OK);
}

static enum rc
take_away(const struct caller *caller, int64_t id, struct why *why)
{
	*why = (struct why){ 0 };
	fixture_begin();
	return db_end(fx.db, webhook_remove(fx.db, caller, id, why));
}

static enum rc
rotate(const struct caller *caller, int64_t id, int64_t overlap, int64_t now,
    struct webhook_secret *secret, struct why *why)
{
	*why = (struct why){ 0 };
	memset(secret, 0x5a, sizeof(*secret));
	fixture_begin();
	return db_end(fx.db,
	    webhook_rotate(fx.db, caller, &key, id, overlap, now, secret, why));
}

static enum rc
test(const struct caller *caller, int64_t id, char name[EVENT_NAME_LEN + 1],
    struct why *why)
{
	*why = (struct why){ 0 };
	fixture_begin();
	return db_end(
	    fx.db, webhook_test(fx.db, caller, id, FIXTURE_NOW, name, why));
}

static void
pause_of_key(const struct caller *caller)
{
	fixture_begin();
	ck_assert_int_eq(webhook_pause_of_key(fx.db, caller), RC_OK);
	fixture_commit();
}

/* Writes an endpoint as a line, and counts down to a failure. */
struct lines {
	char text[4096];
	int left;
	enum rc rc;
};

static enum rc
note(void *arg, const struct webhook *w)
{
	struct lines *lines = arg;
	size_t len = strlen(lines->text);

	(void)snprintf(lines->text + len, sizeof(lines->text) - len,
	    "%lld %s %lld %s %s %lld %lld %lld %lld;", (long long)w->id, w->url,
	    (long long)w->events, webhook_status_name(w->status),
	    w->reason != NULL ? w->reason : "-", (long long)w->created_at,
	    (long long)w->last_success_at, (long long)w->last_failure_at,
	    (long long)w->pending);
	ck_assert_uint_eq(strlen(w->hint), 4);
	return --lines->left == 0 ? lines->rc : RC_OK;
}

static enum rc
list(const struct caller *caller, int64_t id, struct lines *lines,
    struct why *why)
{
	enum rc rc;

	*why = (struct why){ 0 };
	lines->text[0] = '\0';
	ck_assert_int_eq(db_begin(fx.db, DB_READ), RC_OK);
	rc = webhook_each(fx.db, caller, id, note, lines, why);
	return db_end(fx.db, rc);
}

static void
must_list(const struct caller *caller, int64_t id, const char *expected)
{
	struct lines lines = { .left = 0 };
	struct why why;

	ck_assert_int_eq(list(caller, id, &lines, &why), RC_OK);
	ck_assert_str_eq(lines.text, expected);
}

/* All of a row, for comparison; to be freed. */
static char *
row_of(int64_t id)
{
	return fixture_text(
	    "SELECT concat FROM (SELECT id || ' ' || account_id || ' ' ||"
	    " api_key_id || ' ' || url || ' ' || events || ' ' || status ||"
	    " ' ' || COALESCE(reason, '-') || ' ' || hex(secret) || ' ' ||"
	    " hint || ' ' || COALESCE(hex(old_secret), '-') || ' ' ||"
	    " COALESCE(old_until, '-') || ' ' || created_at || ' ' ||"
	    " COALESCE(last_success_at, '-') || ' ' ||"
	    " COALESCE(last_failure_at, '-') || ' ' ||"
	    " COALESCE(failing_since, '-') || ' ' ||"
	    " COALESCE(blocked_since, '-') || ' ' || not_before || ' ' ||"
	    " notice AS concat FROM webhook WHERE id = %lld)",
	    (long long)id);
}

/* The bytes that a column of an endpoint holds; gives how many. */
static size_t
sealed_of(int64_t id, const char *column, unsigned char *sealed, size_t room)
{
	char *hex = fixture_text("SELECT hex(%s) FROM webhook WHERE id = %lld",
	    column, (long long)id);
	static const char digits[] = "0123456789ABCDEF";
	size_t len = strlen(hex) / 2, i;

	ck_assert_uint_le(len, room);
	for (i = 0; i < len; i++)
		sealed[i] =
		    (unsigned char)((strchr(digits, hex[2 * i]) - digits) << 4 |
				    (strchr(digits, hex[2 * i + 1]) - digits));
	free(hex);
	return len;
}

/* What a column unseals to is the secret that was shown. */
static void
must_unseal(int64_t id, const char *column, const struct webhook_secret *shown)
{
	unsigned char sealed[WEBHOOK_SEALED_LEN], secret[WEBHOOK_SECRET_LEN];
	char text[BASE64_LEN(WEBHOOK_SECRET_LEN)];
	size_t len = sealed_of(id, column, sealed, sizeof(sealed));

	ck_assert_uint_eq(len, WEBHOOK_SEALED_LEN);
	ck_assert_int_eq(webhook_unseal(&key, id, sealed, len, secret), RC_OK);
	base64_encode(secret, sizeof(secret), text);
	ck_assert_mem_eq(shown->s, "whsec_", 6);
	ck_assert_str_eq(shown->s + 6, text);
}

static void
must_be_wiped(const struct webhook_secret *secret)
{
	size_t i;

	for (i = 0; i < sizeof(secret->s); i++)
		ck_assert_int_eq(secret->s[i], 0);
}

/* --- adding --------------------------------------------------------------- */

START_TEST(a_new_endpoint_is_active_and_shows_its_secret_once)
{
	struct webhook_secret secret;
	struct why why;
	char *hint, expected[256];
	int64_t id;

	ck_assert_int_eq(add(&fx.one, &id, &secret, &why), RC_OK);
	(void)snprintf(expected, sizeof(expected),
	    "%lld " URL " %d active - %d 0 0 0;", (long long)id, SOME,
	    FIXTURE_NOW);
	must_list(&fx.one, id, expected);
	must_list(&fx.one, 0, expected);
	must_unseal(id, "secret", &secret);
	ck_assert_uint_eq(strlen(secret.s), WEBHOOK_SECRET_TEXT_LEN);
	hint = fixture_text("SELECT hint FROM webhook");
	ck_assert_str_eq(hint, secret.s + WEBHOOK_SECRET_TEXT_LEN - 4);
	free(hint);
	ck_assert_int_eq(fixture_int("SELECT account_id = %lld AND"
				     " api_key_id = 1 AND old_secret IS NULL"
				     " AND not_before = 0 AND notice = 0"
				     " FROM webhook",
			     (long long)fx.one.account_id),
	    1);
}
END_TEST

START_TEST(no_two_secrets_are_alike)
{
	struct webhook_secret a, b, c;
	struct why why;
	int64_t id, other;

	ck_assert_int_eq(add(&fx.one, &id, &a, &why), RC_OK);
	ck_assert_int_eq(add(&fx.one, &other, &b, &why), RC_OK);
	ck_assert_int_eq(rotate(&fx.one, id, 24, FIXTURE_NOW, &c, &why), RC_OK);
	ck_assert_int_ne(id, other);
	ck_assert_str_ne(a.s, b.s);
	ck_assert_str_ne(a.s, c.s);
	ck_assert_str_ne(b.s, c.s);
}
END_TEST

START_TEST(a_key_has_five_endpoints)
{
	struct caller second = fx.one, other = fx.two;
	struct webhook_secret secret;
	int64_t ids[WEBHOOK_OF_KEY_MAX], id;
	struct why why;
	int i;

	second.key_id = 77;
	other.key_id = fx.one.key_id;
	for (i = 0; i < WEBHOOK_OF_KEY_MAX; i++)
		ids[i] = add_one(&fx.one);
	for (i = 0; i < 2; i++) {
		id = -1;
		ck_assert_int_eq(add(&fx.one, &id, &secret, &why), RC_INVALID);
		ck_assert_int_eq(why.error, ERROR_WEBHOOK_LIMIT);
		ck_assert_int_eq(id, 0);
		must_be_wiped(&secret);
		/* Those that are not active count, too. */
		update_one(ids[0],
		    (struct webhook_change){ .status = WEBHOOK_PAUSED });
		fixture_sql("UPDATE webhook SET status = 3 WHERE id = %lld",
		    (long long)ids[1]);
	}
	ck_assert_int_eq(fixture_int("SELECT COUNT(*) FROM webhook"), 5);
	/* Another key of the account has its own, so has another account. */
	for (i = 0; i < WEBHOOK_OF_KEY_MAX; i++) {
		(void)add_one(&second);
		(void)add_one(&other);
	}
	ck_assert_int_eq(add(&second, &id, &secret, &why), RC_INVALID);
	ck_assert_int_eq(add(&other, &id, &secret, &why), RC_INVALID);
	/* What was removed does not count. */
	ck_assert_int_eq(take_away(&fx.one, ids[2], &why), RC_OK);
	(void)add_one(&fx.one);
	ck_assert_int_eq(add(&fx.one, &id, &secret, &why), RC_INVALID);
	ck_assert_int_eq(why.error, ERROR_WEBHOOK_LIMIT);
}
END_TEST

/* --- secrets -------------------------------------------------------------- */

/* True if some file of the fixture's directory has the bytes. */
static int
is_anywhere(const void *bytes, size_t len)
{
	DIR *dir = opendir(fx.dir);
	struct dirent *entry;
	size_t size;
	int found = 0;

	ck_assert_ptr_nonnull(dir);
	while ((entry = readdir(dir)) != NULL) {
		char *text;

		if (entry->d_name[0] == '.')
			continue;
		text = fixture_read(fixture_path(entry->d_name), &size);
		found += memmem(text, size, bytes, len) != NULL;
		free(text);
	}
	(void)closedir(dir);
	return found;
}

START_TEST(no_secret_lies_in_the_database)
{
	unsigned char bytes[WEBHOOK_SECRET_LEN], sealed[WEBHOOK_SEALED_LEN];
	struct webhook_secret first, second;
	struct why why;
	int64_t id;
	size_t len;

	ck_assert_int_eq(add(&fx.one, &id, &first, &why), RC_OK);
	len = sealed_of(id, "secret", sealed, sizeof(sealed));
	ck_assert_int_eq(webhook_unseal(&key, id, sealed, len, bytes), RC_OK);
	ck_assert_int_eq(
	    rotate(&fx.one, id, 24, FIXTURE_NOW, &second, &why), RC_OK);
	/* The search finds what is there. */
	ck_assert_int_eq(is_anywhere(URL, sizeof(URL) - 1), 1);
	ck_assert_int_eq(is_anywhere(sealed, sizeof(sealed)), 1);
	ck_assert_int_eq(is_anywhere(bytes, sizeof(bytes)), 0);
	ck_assert_int_eq(is_anywhere(bytes, 8), 0);
	ck_assert_int_eq(is_anywhere(first.s, strlen(first.s)), 0);
	ck_assert_int_eq(is_anywhere(first.s + 6, 12), 0);
	ck_assert_int_eq(is_anywhere(second.s + 6, 12), 0);
	ck_assert_int_eq(is_anywhere("whsec_", 6), 0);
	ck_assert_int_eq(is_anywhere(&key, sizeof(key)), 0);
}
END_TEST

static void
must_not_unseal(const struct seal_key *with, int64_t id,
    const unsigned char *sealed, size_t len)
{
	unsigned char secret[WEBHOOK_SECRET_LEN];
	enum rc rc;
	char *log;
	size_t i;

	memset(secret, 0x5a, sizeof(secret));
	scratch_log_start();
	rc = webhook_unseal(with, id, sealed, len, secret);
	log = scratch_log_end(NULL);
	ck_assert_int_eq(rc, RC_FAIL);
	scratch_log_must_be(log, "cannot unseal the secret of webhook ");
	for (i = 0; i < sizeof(secret); i++)
		ck_assert_uint_eq(secret[i], 0);
	free(log);
}

START_TEST(a_secret_opens_with_its_key_and_in_its_place)
{
	unsigned char sealed[WEBHOOK_SEALED_LEN + 1] = { 0 };
	struct seal_key other = key;
	int64_t id = add_one(&fx.one);
	size_t len;

	scratch_make();
	len = sealed_of(id, "secret", sealed, sizeof(sealed));
	other.bytes[31] ^= 1;
	must_not_unseal(&other, id, sealed, len);
	/* Moved to another endpoint, say one of the mover's own. */
	must_not_unseal(&key, id + 1, sealed, len);
	must_not_unseal(&key, -id, sealed, len);
	must_not_unseal(&key, id, sealed, 0);
	must_not_unseal(&key, id, sealed, len - 1);
	must_not_unseal(&key, id, sealed, len + 1);
	sealed[20] ^= 1;
	must_not_unseal(&key, id, sealed, len);
	scratch_remove();
}
END_TEST

/* --- rotating ------------------------------------------------------------- */

START_TEST(a_rotated_secret_signs_on_for_the_overlap)
{
	static const int64_t overlaps[] = { 1, 24, WEBHOOK_OVERLAP_MAX };
	const int64_t now = FIXTURE_NOW + 1000, overlap = overlaps[_i];
	struct webhook_secret first, second, third;
	struct why why;
	char *hint;
	int64_t id;

	ck_assert_int_eq(add(&fx.one, &id, &first, &why), RC_OK);
	ck_assert_int_eq(
	    rotate(&fx.one, id, overlap, now, &second, &why), RC_OK);
	must_unseal(id, "secret", &second);
	must_unseal(id, "old_secret", &first);
	ck_assert_int_eq(
	    fixture_int("SELECT old_until FROM webhook"), now + overlap * HOUR);
	hint = fixture_text("SELECT hint FROM webhook");
	ck_assert_str_eq(hint, second.s + WEBHOOK_SECRET_TEXT_LEN - 4);
	free(hint);
	/* Again, while two are good: the oldest goes. */
	ck_assert_int_eq(
	    rotate(&fx.one, id, 24, now + 60, &third, &why), RC_OK);
	must_unseal(id, "secret", &third);
	must_unseal(id, "old_secret", &second);
	ck_assert_int_eq(
	    fixture_int("SELECT old_until FROM webhook"), now + 60 + 24 * HOUR);
}
END_TEST

START_TEST(without_an_overlap_the_old_secret_is_gone)
{
	struct webhook_secret first, second, third;
	struct why why;
	int64_t id;

	ck_assert_int_eq(add(&fx.one, &id, &first, &why), RC_OK);
	ck_assert_int_eq(
	    rotate(&fx.one, id, 0, FIXTURE_NOW, &second, &why), RC_OK);
	must_unseal(id, "secret", &second);
	ck_assert_int_eq(fixture_int("SELECT old_secret IS NULL AND"
				     " old_until IS NULL FROM webhook"),
	    1);
	/* Nor does one stay that was good for longer. */
	ck_assert_int_eq(
	    rotate(&fx.one, id, 168, FIXTURE_NOW, &third, &why), RC_OK);
	must_unseal(id, "old_secret", &second);
	ck_assert_int_eq(
	    rotate(&fx.one, id, 0, FIXTURE_NOW, &first, &why), RC_OK);
	must_unseal(id, "secret", &first);
	ck_assert_int_eq(fixture_int("SELECT old_secret IS NULL AND"
				     " old_until IS NULL FROM webhook"),
	    1);
}
END_TEST

/* --- listing and changing ------------------------------------------------- */

START_TEST(endpoints_are_listed_by_id_with_what_is_on_its_way)
{
	int64_t a = add_one(&fx.one), b = add_one(&fx.one);
	int64_t c = add_one(&fx.two);
	char text[512];

	fixture_sql(
	    "INSERT INTO event VALUES (1, 1, 'evt_1', 'x:1', 2, '{}', 0),"
	    " (2, 1, 'evt_2', 'x:2', 2, '{}', 0),"
	    " (3, 1, 'evt_3', 'x:3', 2, '{}', 0)");
	/* Two are pending, one is delivered, one is given up. */
	fixture_sql(
	    "INSERT INTO delivery (event_id, webhook_id, status, next_at)"
	    " VALUES (1, %lld, 1, 0), (2, %lld, 1, 99), (3, %lld, 2, 0),"
	    " (1, %lld, 3, 0), (2, %lld, 1, 0)",
	    (long long)a, (long long)a, (long long)a, (long long)b,
	    (long long)c);
	fixture_sql("UPDATE webhook SET status = 3, reason = 'it is gone',"
		    " last_success_at = 5, last_failure_at = 6 WHERE id = %lld",
	    (long long)b);
	(void)snprintf(text, sizeof(text),
	    "%lld " URL " %d active - %d 0 0 2;"
	    "%lld " URL " %d disabled it is gone %d 5 6 0;",
	    (long long)a, SOME, FIXTURE_NOW, (long long)b, SOME, FIXTURE_NOW);
	must_list(&fx.one, 0, text);
	must_list(&fx.one, b, strchr(text, ';') + 1);
	(void)snprintf(text, sizeof(text), "%lld " URL " %d active - %d 0 0 1;",
	    (long long)c, SOME, FIXTURE_NOW);
	must_list(&fx.two, 0, text);
}
END_TEST

START_TEST(an_account_without_endpoints_lists_none)
{
	must_list(&fx.one, 0, "");
	(void)add_one(&fx.one);
	must_list(&fx.two, 0, "");
}
END_TEST

/* What each gives is given, whatever it is. */
START_TEST(a_list_ends_when_it_is_told_to)
{
	static const enum rc rcs[] = { RC_FAIL, RC_BUSY, RC_INVALID,
		RC_NOT_FOUND };
	struct lines lines = { .left = 2, .rc = rcs[_i] };
	struct why why;
	int64_t id = 0;
	char *end;
	int i;

	for (i = 0; i < 3; i++)
		id = add_one(&fx.one);
	ck_assert_int_eq(list(&fx.one, 0, &lines, &why), rcs[_i]);
	ck_assert_int_eq(why.error, ERROR_NONE);
	end = strchr(lines.text, ';');
	ck_assert_ptr_nonnull(end);
	ck_assert_str_eq(strchr(end + 1, ';'), ";");
	lines.left = 1;
	ck_assert_int_eq(list(&fx.one, id, &lines, &why), rcs[_i]);
}
END_TEST

START_TEST(without_a_callee_an_endpoint_is_only_looked_for)
{
	int64_t id = add_one(&fx.one);
	struct why why = { 0 };

	ck_assert_int_eq(db_begin(fx.db, DB_READ), RC_OK);
	ck_assert_int_eq(
	    webhook_each(fx.db, &fx.one, id, NULL, NULL, &why), RC_OK);
	ck_assert_int_eq(
	    webhook_each(fx.db, &fx.one, 0, NULL, NULL, &why), RC_OK);
	ck_assert_int_eq(why.error, ERROR_NONE);
	ck_assert_int_eq(webhook_each(fx.db, &fx.one, id + 1, NULL, NULL, &why),
	    RC_NOT_FOUND);
	ck_assert_int_eq(why.error, ERROR_WEBHOOK);
	fixture_commit();
}
END_TEST

/* As the sender leaves one that has failed, was blocked and is disabled. */
static void
make_bad(int64_t id, int status)
{
	fixture_sql("UPDATE webhook SET status = %d, reason = 'why',"
		    " last_failure_at = 10, failing_since = 11,"
		    " blocked_since = 12, not_before = 13, notice = 2"
		    " WHERE id = %lld",
	    status, (long long)id);
}

static const struct {
	struct webhook_change change;
	/* url, events, status, reason and what the sender noted after it */
	const char *row;
} changes[] = {
	{ { NULL, 0, 0 }, "old 4 3 why 10 11 12 13 2" },
	{ { "new", 0, 0 }, "new 4 3 why 10 11 - 0 2" },
	{ { NULL, 1, 0 }, "old 1 3 why 10 11 12 13 2" },
	{ { NULL, EVENT_ALL, 0 }, "old 2047 3 why 10 11 12 13 2" },
	{ { NULL, 0, WEBHOOK_PAUSED }, "old 4 2 - 10 11 12 13 2" },
	{ { "new", 3, WEBHOOK_PAUSED }, "new 3 2 - 10 11 - 0 2" },
	/* It starts anew. */
	{ { NULL, 0, WEBHOOK_ACTIVE }, "old 4 1 - 10 - - 0 0" },
	{ { "new", 3, WEBHOOK_ACTIVE }, "new 3 1 - 10 - - 0 0" },
};

START_TEST(a_change_changes_that_and_no_more)
{
	int64_t id = add_one(&fx.one), other = add_one(&fx.one);
	char *was, *row, *secret, *secret_was;

	fixture_sql("UPDATE webhook SET url = 'old'");
	make_bad(id, WEBHOOK_DISABLED);
	make_bad(other, WEBHOOK_DISABLED);
	was = row_of(other);
	secret_was = fixture_text("SELECT hex(secret) || hint FROM webhook"
				  " WHERE id = %lld",
	    (long long)id);
	update_one(id, changes[_i].change);
	row = fixture_text(
	    "SELECT url || ' ' || events || ' ' || status || ' ' ||"
	    " COALESCE(reason, '-') || ' ' || last_failure_at || ' ' ||"
	    " COALESCE(failing_since, '-') || ' ' ||"
	    " COALESCE(blocked_since, '-') || ' ' || not_before || ' ' ||"
	    " notice FROM webhook WHERE id = %lld",
	    (long long)id);
	ck_assert_str_eq(row, changes[_i].row);
	secret = fixture_text("SELECT hex(secret) || hint FROM webhook"
			      " WHERE id = %lld",
	    (long long)id);
	ck_assert_str_eq(secret, secret_was);
	free(row);
	row = row_of(other);
	ck_assert_str_eq(row, was);
	free(row);
	free(was);
	free(secret);
	free(secret_was);
}
END_TEST

START_TEST(a_status_has_a_name_where_it_is_shown)
{
	ck_assert_str_eq(webhook_status_name(WEBHOOK_ACTIVE), "active");
	ck_assert_str_eq(webhook_status_name(WEBHOOK_PAUSED), "paused");
	ck_assert_str_eq(webhook_status_name(WEBHOOK_DISABLED), "disabled");
	ck_assert_ptr_null(webhook_status_name(WEBHOOK_REMOVED));
	ck_assert_ptr_null(webhook_status_name(0));
	ck_assert_ptr_null(webhook_status_name(-1));
	ck_assert_ptr_null(webhook_status_name(5));
}
END_TEST

/* --- whose it is ---------------------------------------------------------- */

/* For this caller there is no such endpoint, and nothing changes. */
static void
must_be_unknown(const struct caller *caller, int64_t id)
{
	struct webhook_change change = { "https://evil.example/", EVENT_ALL,
		WEBHOOK_ACTIVE };
	struct lines lines = { .left = 0 };
	struct webhook_secret secret;
	char name[EVENT_NAME_LEN + 1];
	struct why why;

	ck_assert_int_eq(list(caller, id, &lines, &why), RC_NOT_FOUND);
	ck_assert_int_eq(why.error, ERROR_WEBHOOK);
	ck_assert_str_eq(lines.text, "");
	ck_assert_int_eq(update(caller, id, change, &why), RC_NOT_FOUND);
	ck_assert_int_eq(why.error, ERROR_WEBHOOK);
	ck_assert_int_eq(take_away(caller, id, &why), RC_NOT_FOUND);
	ck_assert_int_eq(why.error, ERROR_WEBHOOK);
	ck_assert_int_eq(
	    rotate(caller, id, 24, FIXTURE_NOW, &secret, &why), RC_NOT_FOUND);
	ck_assert_int_eq(why.error, ERROR_WEBHOOK);
	must_be_wiped(&secret);
	ck_assert_int_eq(test(caller, id, name, &why), RC_NOT_FOUND);
	ck_assert_int_eq(why.error, ERROR_WEBHOOK);
}

START_TEST(another_accounts_endpoint_is_not_found)
{
	int64_t id = add_one(&fx.one);
	struct caller other = fx.two;
	char *was = row_of(id), *row;

	must_be_unknown(&fx.two, id);
	/* Not even with the number of the other account's key. */
	other.key_id = fx.one.key_id;
	must_be_unknown(&other, id);
	pause_of_key(&other);
	must_be_unknown(&fx.one, id + 1);
	must_be_unknown(&fx.one, -1);
	must_be_unknown(&fx.one, INT64_MAX);
	row = row_of(id);
	ck_assert_str_eq(row, was);
	ck_assert_int_eq(fixture_int("SELECT COUNT(*) FROM event"), 0);
	free(row);
	free(was);
}
END_TEST

/* Endpoints belong to the account: its other keys manage them as well. */
START_TEST(another_key_of_the_account_finds_it)
{
	struct webhook_change change = { .status = WEBHOOK_PAUSED };
	struct caller second = fx.one;
	struct webhook_secret secret;
	int64_t id = add_one(&fx.one);
	struct why why;

	second.key_id = 77;
	ck_assert_int_eq(update(&second, id, change, &why), RC_OK);
	ck_assert_int_eq(
	    rotate(&second, id, 1, FIXTURE_NOW, &secret, &why), RC_OK);
	ck_assert_int_eq(fixture_int("SELECT api_key_id FROM webhook"), 1);
	ck_assert_int_eq(take_away(&second, id, &why), RC_OK);
}
END_TEST

START_TEST(a_revoked_keys_endpoints_are_paused)
{
	struct caller second = fx.one, other = fx.two;
	int64_t active, paused, disabled, gone;
	struct why why;
	char *statuses;

	second.key_id = 77;
	other.key_id = fx.one.key_id;
	active = add_one(&fx.one);
	paused = add_one(&fx.one);
	disabled = add_one(&fx.one);
	gone = add_one(&fx.one);
	(void)add_one(&second);
	(void)add_one(&other);
	update_one(paused, (struct webhook_change){ .status = WEBHOOK_PAUSED });
	make_bad(disabled, WEBHOOK_DISABLED);
	ck_assert_int_eq(take_away(&fx.one, gone, &why), RC_OK);
	pause_of_key(&fx.one);
	statuses = fixture_text(
	    "SELECT group_concat(status || ' ' || COALESCE(reason, '-'), ';')"
	    " FROM (SELECT status, reason FROM webhook ORDER BY id)");
	ck_assert_str_eq(statuses,
	    "2 its key was revoked;2 -;2 its key was revoked;4 -;1 -;1 -");
	free(statuses);
	/* Under another key it can work again. */
	ck_assert_int_eq(
	    update(&second, active,
		(struct webhook_change){ .status = WEBHOOK_ACTIVE }, &why),
	    RC_OK);
	ck_assert_int_eq(fixture_int("SELECT status = 1 AND reason IS NULL"
				     " FROM webhook WHERE id = %lld",
			     (long long)active),
	    1);
}
END_TEST

/* --- testing -------------------------------------------------------------- */

START_TEST(a_test_goes_to_one_endpoint_whatever_it_wants)
{
	char name[EVENT_NAME_LEN + 1], again[EVENT_NAME_LEN + 1];
	int64_t id = add_one(&fx.one);
	char *body, expected[256];
	struct why why;

	(void)add_one(&fx.one);
	fixture_sql("UPDATE webhook SET events = %d WHERE id <> %lld",
	    EVENT_ALL, (long long)id);
	ck_assert_int_eq(test(&fx.one, id, name, &why), RC_OK);
	ck_assert_uint_eq(strlen(name), EVENT_NAME_LEN);
	ck_assert_mem_eq(name, "evt_", 4);
	ck_assert_int_eq(
	    fixture_int("SELECT COUNT(*) FROM event e JOIN delivery d"
			" ON d.event_id = e.id WHERE e.name = '%s'"
			" AND e.type = %d AND e.account_id = %lld"
			" AND d.webhook_id = %lld AND d.status = 1"
			" AND d.attempts = 0 AND d.next_at = %d"
			" AND d.leased = 0 AND d.order_id IS NULL",
		name, EVENT_WEBHOOK_TEST, (long long)fx.one.account_id,
		(long long)id, FIXTURE_NOW),
	    1);
	ck_assert_int_eq(fixture_int("SELECT COUNT(*) FROM delivery"), 1);
	body = fixture_text("SELECT body FROM event");
	(void)snprintf(expected, sizeof(expected),
	    "{\"type\":\"webhook.test\",\"timestamp\":\"2023-11-14T22:13:20Z\""
	    ",\"data\":{\"webhook\":%lld}}",
	    (long long)id);
	ck_assert_str_eq(body, expected);
	free(body);
	/* A second one is another one. */
	ck_assert_int_eq(test(&fx.one, id, again, &why), RC_OK);
	ck_assert_str_ne(name, again);
	ck_assert_int_eq(fixture_int("SELECT COUNT(*) FROM delivery"), 2);
}
END_TEST

START_TEST(only_an_active_endpoint_is_tested)
{
	static const int statuses[] = { WEBHOOK_PAUSED, WEBHOOK_DISABLED };
	char name[EVENT_NAME_LEN + 1];
	int64_t id = add_one(&fx.one);
	struct why why;

	make_bad(id, statuses[_i]);
	ck_assert_int_eq(test(&fx.one, id, name, &why), RC_INVALID);
	ck_assert_int_eq(why.error, ERROR_WEBHOOK_INACTIVE);
	ck_assert_int_eq(fixture_int("SELECT COUNT(*) FROM event"), 0);
}
END_TEST

/* --- removing ------------------------------------------------------------- */

/* A row stays until the sender has swept what names it: nobody sees it. */
START_TEST(a_removed_endpoint_is_a_tombstone)
{
	int64_t id = add_one(&fx.one), kept = add_one(&fx.one), next;
	struct webhook_secret secret;
	char expected[128], *row, *was;
	struct why why;

	ck_assert_int_eq(
	    rotate(&fx.one, id, 24, FIXTURE_NOW, &secret, &why), RC_OK);
	make_bad(id, WEBHOOK_DISABLED);
	was = row_of(kept);
	ck_assert_int_eq(take_away(&fx.one, id, &why), RC_OK);
	must_be_unknown(&fx.one, id);
	must_be_unknown(&fx.two, id);
	(void)snprintf(expected, sizeof(expected),
	    "%lld " URL " %d active - %d 0 0 0;", (long long)kept, SOME,
	    FIXTURE_NOW);
	must_list(&fx.one, 0, expected);
	row = row_of(kept);
	ck_assert_str_eq(row, was);
	free(row);
	free(was);
	/* Nothing of value is left in it. */
	ck_assert_int_eq(
	    fixture_int("SELECT status = 4 AND url = '' AND length(secret) = 0"
			" AND hint = '' AND old_secret IS NULL"
			" AND old_until IS NULL AND reason IS NULL"
			" AND notice = 0 FROM webhook WHERE id = %lld",
		(long long)id),
	    1);
	/* Revoking its key does not bring it back, and nobody gets its id. */
	pause_of_key(&fx.one);
	must_be_unknown(&fx.one, id);
	next = add_one(&fx.one);
	ck_assert_int_ne(next, id);
	ck_assert_int_ne(next, kept);
}
END_TEST

START_TEST(a_removed_endpoint_gets_no_events)
{
	struct event event = { .type = EVENT_ORDER_COMPLETED,
		.subject = "order:1:1" };
	int64_t id = add_one(&fx.one);
	struct why why;
	int is_wanted = 1;

	ck_assert_int_eq(take_away(&fx.one, id, &why), RC_OK);
	fixture_begin();
	ck_assert_int_eq(
	    event_is_wanted(fx.db, &fx.one, event.type, &is_wanted), RC_OK);
	ck_assert_int_eq(is_wanted, 0);
	ck_assert_int_eq(event_queue(fx.db, &fx.one, &event, json_object(),
			     FIXTURE_NOW, NULL),
	    RC_OK);
	fixture_commit();
	ck_assert_int_eq(fixture_int("SELECT COUNT(*) FROM delivery"), 0);
}
END_TEST

static Suite *
webhook_suite(void)
{
	Suite *s = suite_create("webhook");
	TCase *tc = tcase_create("url");

	tcase_add_loop_test(
	    tc, a_url_is_judged_by_its_text_alone, 0, ROWS(urls));
	tcase_add_test(tc, a_url_has_at_most_2000_characters);
	suite_add_tcase(s, tc);

	tc = tcase_create("webhook");
	tcase_add_checked_fixture(tc, setup, fixture_teardown);
	tcase_add_test(tc, a_new_endpoint_is_active_and_shows_its_secret_once);
	tcase_add_test(tc, no_two_secrets_are_alike);
	tcase_add_test(tc, a_key_has_five_endpoints);
	tcase_add_test(tc, no_secret_lies_in_the_database);
	tcase_add_test(tc, a_secret_opens_with_its_key_and_in_its_place);
	tcase_add_loop_test(
	    tc, a_rotated_secret_signs_on_for_the_overlap, 0, 3);
	tcase_add_test(tc, without_an_overlap_the_old_secret_is_gone);
	tcase_add_test(tc, endpoints_are_listed_by_id_with_what_is_on_its_way);
	tcase_add_test(tc, an_account_without_endpoints_lists_none);
	tcase_add_loop_test(tc, a_list_ends_when_it_is_told_to, 0, 4);
	tcase_add_test(tc, without_a_callee_an_endpoint_is_only_looked_for);
	tcase_add_loop_test(
	    tc, a_change_changes_that_and_no_more, 0, ROWS(changes));
	tcase_add_test(tc, a_status_has_a_name_where_it_is_shown);
	tcase_add_test(tc, another_accounts_endpoint_is_not_found);
	tcase_add_test(tc, another_key_of_the_account_finds_it);
	tcase_add_test(tc, a_revoked_keys_endpoints_are_paused);
	tcase_add_test(tc, a_test_goes_to_one_endpoint_whatever_it_wants);
	tcase_add_loop_test(tc, only_an_active_endpoint_is_tested, 0, 2);
	tcase_add_test(tc, a_removed_endpoint_is_a_tombstone);
	tcase_add_test(tc, a_removed_endpoint_gets_no_events);
	suite_add_tcase(s, tc);
	return s;
}

SUITE_MAIN(webhook_suite)
