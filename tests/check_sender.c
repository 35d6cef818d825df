/* SPDX-License-Identifier: ISC */
/*
 * bin/deliver-webhooks against a receiver on loopback that does all that a
 * receiver can do wrong.  Time passes by moving what the database says.
 */
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base64.h"
#include "harness.h"
#include "receiver.h"
#include "secret.h"
#include "suite.h"

enum { DAY = 86400, HOUR = 3600 };

static struct site site;
static struct receiver receiver;
static char key[KEY_TEXT_LEN];

/* Receiver and site of a test; more lines of the configuration. */
static void
set_up(const char *more)
{
	char lines[2048];

	receiver_start(&receiver);
	(void)snprintf(lines, sizeof(lines),
	    "webhook_local = yes\nca_file = %s\nrate_ip = 1000000\n"
	    "rate_key = 1000000\nbusy_ms = 300\nsendmail =\n%s",
	    receiver.ca, more);
	site_make(&site, lines);
	site_sql(&site, "UPDATE tier SET calls_per_minute = 1000000");
	(void)site_account(&site, "one@example.test");
	site_credit(&site, "one@example.test", "1000");
	site_key(&site, "one@example.test", key);
	free(site_latchkey_ok(&site, "service", "add", "--name", "Flyers",
	    "--type", "Default", "--category", "Printing", "--rate", "1",
	    "--min", "1", "--max", "1000", "--refill", "--cancel", NULL));
}

static void
set_up_plain(void)
{
	set_up("");
}

static void
tear_down(void)
{
	site_remove(&site);
	receiver_stop(&receiver);
}

/* Adds an endpoint at a port and path of the receiver; gives its id. */
static int64_t
add(enum receiver_port port, const char *path)
{
	char url[RECEIVER_URL_LEN];

	return api_number(&site, "webhook", "key=%s&action=webhook.add&url=%s",
	    key, receiver_url(&receiver, port, path, url));
}

/* Queues a test event for an endpoint. */
static void
queue(int64_t webhook)
{
	(void)api_number(&site, "webhook",
	    "key=%s&action=webhook.test&webhook=%lld", key, (long long)webhook);
}

/* Runs the sender, which must end well; gives what it says, to be freed. */
static char *
deliver(void)
{
	struct output output;
	struct child child;

	site_sender_start(&site, &child, "-v", NULL);
	child_wait(&child, &output);
	if (output.code != 0 || output.err[0] != '\0')
		ck_abort_msg("ended with %d: %s", output.code, output.err);
	free(output.err);
	return output.out;
}

/* The same, and its last line must be this summary. */
static void
deliver_and_say(const char *summary)
{
	char *said = deliver();
	size_t len = strlen(said), want = strlen(summary);

	if (len < want + 1 ||
	    strncmp(said + len - want - 1, summary, want) != 0)
		ck_abort_msg("\"%s\" does not end in \"%s\"", said, summary);
	free(said);
}

static int64_t
count(const char *sql)
{
	return site_sql_int(&site, sql);
}

/* The one attempt at an endpoint has this outcome, HTTP status, and words. */
static void
attempt_must_be(int64_t outcome, int64_t http_status, const char *error)
{
	char sql[512];

	(void)snprintf(sql, sizeof(sql),
	    "SELECT COUNT(*) FROM attempt WHERE outcome = %lld"
	    " AND COALESCE(http_status, 0) = %lld"
	    " AND COALESCE(error, '') LIKE '%s'",
	    (long long)outcome, (long long)http_status, error);
	if (count(sql) != 1 || count("SELECT COUNT(*) FROM attempt") != 1) {
		struct answer answer;

		api_call(&site, &answer,
		    "key=%s&action=webhook.deliveries&webhook=1", key);
		ck_abort_msg("not %lld %lld \"%s\": %s", (long long)outcome,
		    (long long)http_status, error, answer.body);
	}
}

static const char *
text_of(const json_t *record, const char *name)
{
	const char *text = json_string_value(json_object_get(record, name));

	if (text == NULL)
		ck_abort_msg("a record without %s", name);
	return text;
}

/* --- what arrives --------------------------------------------------------- */

/* The bytes of a secret as text; a small reader of base64 for tests. */
static void
read_secret(const char *text, unsigned char bytes[32])
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				       "abcdefghijklmnopqrstuvwxyz0123456789+/";
	unsigned int bits = 0;
	int nbits = 0;
	size_t n = 0;

	ck_assert_int_eq(strncmp(text, "whsec_", 6), 0);
	for (text += 6; *text != '\0' && *text != '='; text++) {
		bits = bits << 6 |
		       (unsigned int)(strchr(alphabet, *text) - alphabet);
		nbits += 6;
		if (nbits < 8)
			continue;
		nbits -= 8;
		ck_assert_uint_lt(n, 32);
		bytes[n++] = (unsigned char)(bits >> nbits);
	}
	ck_assert_uint_eq(n, 32);
}

/* The signature that a record must have for a secret. */
static void
sign(const json_t *record, const char *secret, char signature[64])
{
	unsigned char bytes[32], mac[SECRET_HASH_LEN];
	char text[4096];
	int len;

	read_secret(secret, bytes);
	len = snprintf(text, sizeof(text), "%s.%s.%s",
	    text_of(record, "webhook-id"), text_of(record, "webhook-timestamp"),
	    text_of(record, "body"));
	ck_assert_int_eq(secret_init(), RC_OK);
	ck_assert_int_eq(
	    secret_hmac_key(bytes, sizeof(bytes), text, (size_t)len, mac),
	    RC_OK);
	memcpy(signature, "v1,", 3);
	base64_encode(mac, sizeof(mac), signature + 3);
}

/*
 * Writes a delivery down where $DELIVERIES says, for the examples of the
 * documentation: they must accept it.
 */
static void
keep(const json_t *record, const char *secret)
{
	const char *path = getenv("DELIVERIES");
	json_t *line = json_deep_copy(record);
	FILE *out;

	if (path != NULL) {
		out = fopen(path, "ae");
		ck_assert_ptr_nonnull(out);
		ck_assert_int_eq(
		    json_object_set_new(line, "secret", json_string(secret)),
		    0);
		ck_assert_int_eq(json_dumpf(line, out, JSON_COMPACT), 0);
		(void)fputc('\n', out);
		ck_assert_int_eq(fclose(out), 0);
	}
	json_decref(line);
}

/* A call that is answered with an object that has a "secret"; to be freed. */
static char *
secret_of(const char *fields)
{
	struct answer answer;
	json_t *object;
	char *secret;

	api_call(&site, &answer, "key=%s&%s", key, fields);
	object = json_loads(answer.body, 0, NULL);
	secret = strdup(text_of(object, "secret"));
	json_decref(object);
	answer_clear(&answer);
	return secret;
}

START_TEST(an_order_is_told_signed_and_as_it_was_queued)
{
	char url[RECEIVER_URL_LEN], fields[RECEIVER_URL_LEN + 64];
	char signature[64], expected[512];
	const json_t *record;
	char *secret;
	int64_t id;

	(void)snprintf(fields, sizeof(fields), "action=webhook.add&url=%s",
	    receiver_url(&receiver, RECEIVER_HTTPS, "/ok", url));
	secret = secret_of(fields);
	id = api_number(&site, "order",
	    "key=%s&action=add&service=1&quantity=500&link=https://a.example/1",
	    key);
	deliver_and_say("delivered 1, failed 0, blocked 0, left 0");
	record = json_array_get(receiver_wait(&receiver, 1), 0);
	(void)snprintf(expected, sizeof(expected),
	    "\"data\":{\"order\":%lld,\"status\":\"Pending\","
	    "\"charge\":\"0.50\",\"start_count\":\"0\",\"remains\":\"500\","
	    "\"currency\":\"USD\",\"seq\":1}}",
	    (long long)id);
	ck_assert_ptr_nonnull(strstr(text_of(record, "body"), expected));
	ck_assert_ptr_eq(strstr(text_of(record, "body"),
			     "{\"type\":\"order.created\",\"timestamp\":\""),
	    text_of(record, "body"));
	ck_assert_str_eq(text_of(record, "method"), "POST");
	ck_assert_str_eq(text_of(record, "content-type"), "application/json");
	sign(record, secret, signature);
	ck_assert_str_eq(text_of(record, "webhook-signature"), signature);
	ck_assert_int_le(llabs(atoll(text_of(record, "webhook-timestamp")) -
			       (long long)time(NULL)),
	    60);
	attempt_must_be(1, 200, "");
	keep(record, secret);
	free(secret);
}
END_TEST

START_TEST(both_secrets_sign_while_they_overlap)
{
	char url[RECEIVER_URL_LEN], fields[RECEIVER_URL_LEN + 64];
	char first[64], second[64], both[130];
	const json_t *record;
	char *old, *new;

	(void)snprintf(fields, sizeof(fields), "action=webhook.add&url=%s",
	    receiver_url(&receiver, RECEIVER_HTTP, "/ok", url));
	old = secret_of(fields);
	new = secret_of("action=webhook.rotate&webhook=1&overlap=1");
	queue(1);
	free(deliver());
	record = json_array_get(receiver_wait(&receiver, 1), 0);
	sign(record, new, first);
	sign(record, old, second);
	(void)snprintf(both, sizeof(both), "%s %s", first, second);
	ck_assert_str_eq(text_of(record, "webhook-signature"), both);
	keep(record, new);
	keep(record, old);
	/* An hour later the old one is out. */
	site_sql(&site, "UPDATE webhook SET old_until = old_until - 3601");
	queue(1);
	free(deliver());
	record = json_array_get(receiver_wait(&receiver, 2), 1);
	sign(record, new, first);
	ck_assert_str_eq(text_of(record, "webhook-signature"), first);
	keep(record, new);
	free(old);
	free(new);
}
END_TEST

START_TEST(a_retry_has_the_same_id_and_a_signature_of_its_own)
{
	const json_t *a, *b;

	(void)add(RECEIVER_HTTP, "/flaky/1");
	queue(1);
	deliver_and_say("delivered 0, failed 1, blocked 0, left 1");
	site_sql(&site, "UPDATE delivery SET next_at = 0");
	site_sql(&site, "UPDATE event SET created_at = created_at - 600");
	deliver_and_say("delivered 1, failed 0, blocked 0, left 0");
	a = json_array_get(receiver_wait(&receiver, 2), 0);
	b = json_array_get(receiver_wait(&receiver, 2), 1);
	ck_assert_str_eq(text_of(a, "webhook-id"), text_of(b, "webhook-id"));
	ck_assert_str_eq(text_of(a, "body"), text_of(b, "body"));
}
END_TEST

/* --- what comes of an attempt --------------------------------------------- */

static const struct outcome {
	enum receiver_port port;
	const char *path;
	int64_t outcome; /* enum attempt_outcome */
	int64_t http_status;
	const char *error; /* LIKE */
	int64_t hold;      /* seconds that nothing is sent; 0: none */
	int64_t status;    /* of the endpoint */
} outcomes[] = {
	{ RECEIVER_HTTP, "/ok", 1, 200, "", 0, 1 },
	{ RECEIVER_HTTP, "/204", 1, 204, "", 0, 1 },
	{ RECEIVER_HTTP, "/status/299", 1, 299, "", 0, 1 },
	{ RECEIVER_HTTP, "/chunked", 1, 200, "", 0, 1 },
	{ RECEIVER_HTTP, "/gigabyte", 1, 200, "", 0, 1 },
	{ RECEIVER_HTTP, "/truncated", 1, 200, "", 0, 1 },
	{ RECEIVER_HTTP, "/hang-up", 1, 200, "", 0, 1 },
	{ RECEIVER_HTTPS, "/ok", 1, 200, "", 0, 1 },
	{ RECEIVER_HTTP, "/status/400", 2, 400, "answered 400", 0, 1 },
	{ RECEIVER_HTTP, "/status/404", 2, 404, "answered 404", 0, 1 },
	{ RECEIVER_HTTP, "/status/500", 2, 500, "answered 500", 0, 1 },
	{ RECEIVER_HTTP, "/status/500/retry/9000", 2, 500, "%", 0, 1 },
	{ RECEIVER_HTTP, "/redirect?to=http://127.0.0.1:1/", 2, 301,
	    "%redirects are not followed", 0, 1 },
	{ RECEIVER_HTTP, "/redirect/307?to=http://10.0.0.1/", 2, 307,
	    "%redirects are not followed", 0, 1 },
	{ RECEIVER_HTTP, "/410", 2, 410, "answered 410", 0, 3 },
	{ RECEIVER_HTTP, "/status/429", 2, 429, "answered 429", 0, 1 },
	{ RECEIVER_HTTP, "/status/429/retry/900", 2, 429, "%", 900, 1 },
	{ RECEIVER_HTTP, "/status/503/retry/900", 2, 503, "%", 900, 1 },
	{ RECEIVER_HTTP, "/status/503/date/900", 2, 503, "%", 900, 1 },
	{ RECEIVER_HTTP, "/status/503/date/-900", 2, 503, "%", 0, 1 },
	{ RECEIVER_HTTP, "/status/429/retry/99999999", 2, 429, "%", DAY, 1 },
	{ RECEIVER_HTTP, "/status/429/retry/soon", 2, 429, "%", 0, 1 },
	{ RECEIVER_HTTP, "/close", 2, 0, "closed the connection%", 0, 1 },
	{ RECEIVER_HTTP, "/reset", 2, 0, "the connection broke", 0, 1 },
	{ RECEIVER_HTTP, "/garbage", 2, 0, "the answer is not HTTP%", 0, 1 },
	{ RECEIVER_HTTP, "/big-headers", 1, 200, "", 0, 1 },
	{ RECEIVER_HTTPS, "/reset", 2, 0, "the connection broke", 0, 1 },
	{ RECEIVER_SELF_SIGNED, "/ok", 2, 0, "%not trusted", 0, 1 },
	{ RECEIVER_EXPIRED, "/ok", 2, 0, "%not trusted", 0, 1 },
	{ RECEIVER_NOT_YET, "/ok", 2, 0, "%not trusted", 0, 1 },
	{ RECEIVER_WRONG_NAME, "/ok", 2, 0, "%not trusted", 0, 1 },
	{ RECEIVER_REFUSED, "/ok", 2, 0, "cannot connect: %refused", 0, 1 },
	{ RECEIVER_BLACKHOLE, "/ok", 2, 0, "took too long", 0, 1 },
	{ RECEIVER_HTTP, "/never", 2, 0, "took too long", 0, 1 },
	{ RECEIVER_HTTP, "/drip", 2, 0, "took too long", 0, 1 },
	{ RECEIVER_HTTP, "/drip-body", 1, 200, "", 0, 1 },
};

START_TEST(an_attempt_comes_to)
{
	const struct outcome *o = &outcomes[_i];
	int64_t wait, hold;

	(void)add(o->port, o->path);
	queue(1);
	free(deliver());
	attempt_must_be(o->outcome, o->http_status, o->error);
	ck_assert_int_eq(count("SELECT status FROM webhook"), o->status);
	wait = count("SELECT next_at - done_at FROM delivery");
	hold = count("SELECT MAX(0, not_before - last_failure_at)"
		     " FROM webhook WHERE last_failure_at IS NOT NULL"
		     " UNION ALL SELECT 0");
	if (o->outcome == 1) {
		ck_assert_int_eq(count("SELECT status FROM delivery"), 2);
		ck_assert_int_eq(
		    count("SELECT last_success_at > 0 FROM webhook"), 1);
		return;
	}
	ck_assert_int_eq(count("SELECT status FROM delivery"),
	    o->status == 3 ? 3 /* given up */ : 1);
	ck_assert_int_eq(count("SELECT attempts FROM delivery"), 1);
	if (o->hold == 0) {
		ck_assert_int_ge(wait, 60);
		ck_assert_int_le(wait, 72);
	} else {
		ck_assert_int_ge(wait, o->hold - 2);
		ck_assert_int_le(wait, o->hold);
	}
	ck_assert_int_ge(hold, o->hold - (o->hold > 0 ? 2 : 0));
	ck_assert_int_le(hold, o->hold);
}
END_TEST

START_TEST(retry_after_holds_the_endpoints_other_deliveries_too)
{
	int64_t id = add(RECEIVER_HTTP, "/status/429/retry/600");
	int i;

	for (i = 0; i < 20; i++)
		queue(id);
	free(deliver());
	/* What was under way with the first one has been answered, too. */
	ck_assert_int_le(count("SELECT COUNT(*) FROM attempt"), 8);
	ck_assert_int_eq(
	    count("SELECT COUNT(*) FROM delivery WHERE status = 1"), 20);
	ck_assert_int_eq(
	    count("SELECT COUNT(*) FROM delivery WHERE leased = 1"), 0);
	receiver_forget(&receiver);
	deliver_and_say("delivered 0, failed 0, blocked 0, left 20");
	ck_assert_uint_eq(json_array_size(receiver_records(&receiver)), 0);
}
END_TEST

START_TEST(the_schedule_ends_and_resend_begins_it_anew)
{
	static const int64_t waits[] = { 60, 300, 1800, 2 * HOUR, 5 * HOUR,
		10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR };
	int64_t id = add(RECEIVER_HTTP, "/flaky/10");
	size_t i;

	queue(id);
	for (i = 0; i < sizeof(waits) / sizeof(waits[0]); i++) {
		int64_t wait;

		deliver_and_say("delivered 0, failed 1, blocked 0, left 1");
		wait = count("SELECT next_at - done_at FROM delivery");
		ck_assert_int_ge(wait, waits[i]);
		ck_assert_int_le(wait, waits[i] + waits[i] / 5);
		/* Not a second before. */
		deliver_and_say("delivered 0, failed 0, blocked 0, left 1");
		site_sql(&site, "UPDATE delivery SET next_at = 0");
	}
	deliver_and_say("delivered 0, failed 1, blocked 0, left 0");
	ck_assert_int_eq(count("SELECT status FROM delivery"), 3);
	ck_assert_int_eq(
	    api_number(&site, "queued",
		"key=%s&action=webhook.resend&webhook=1&since=0", key),
	    1);
	deliver_and_say("delivered 1, failed 0, blocked 0, left 0");
	ck_assert_uint_eq(json_array_size(receiver_wait(&receiver, 11)), 11);
}
END_TEST

/* --- whose turn it is ----------------------------------------------------- */

START_TEST(no_more_than_four_go_to_an_endpoint_at_once)
{
	int64_t id = add(RECEIVER_HTTP, "/wait/50");
	json_t *statistics;
	int i;

	for (i = 0; i < 30; i++)
		queue(id);
	deliver_and_say("delivered 30, failed 0, blocked 0, left 0");
	statistics = receiver_statistics(&receiver);
	ck_assert_int_eq(
	    json_integer_value(json_object_get(statistics, "max_in_flight")),
	    4);
	json_decref(statistics);
}
END_TEST

START_TEST(events_about_an_order_come_in_their_order)
{
	static const char *const states[] = { "In progress", "Processing",
		"In progress", "Processing", "In progress", "Completed" };
	int64_t id, seq = 0, orders[3];
	json_t *records, *record;
	char text[24];
	size_t i, j, at;

	(void)add(RECEIVER_HTTP, "/flaky/1");
	for (i = 0; i < 3; i++) {
		orders[i] = api_number(&site, "order",
		    "key=%s&action=add&service=1&quantity=9"
		    "&link=https://a.example/%zu",
		    key, i);
		(void)snprintf(
		    text, sizeof(text), "%lld", (long long)orders[i]);
		for (j = 0; j < sizeof(states) / sizeof(states[0]); j++)
			free(site_latchkey_ok(&site, "order", "set", text,
			    "--status", states[j], NULL));
	}
	/* The first attempt at each fails: what follows it must wait. */
	for (i = 0; i < 40 &&
		    count("SELECT COUNT(*) FROM delivery WHERE status = 1") > 0;
	     i++) {
		site_sql(&site, "UPDATE delivery SET next_at = 0");
		free(deliver());
	}
	ck_assert_int_eq(
	    count("SELECT COUNT(*) FROM delivery WHERE status = 2"), 15);
	records = receiver_records(&receiver);
	for (i = 0; i < 3; i++) {
		seq = 0;
		json_array_foreach(records, at, record)
		{
			json_t *body, *data;

			if (json_integer_value(
				json_object_get(record, "status")) != 200)
				continue;
			body = json_loads(text_of(record, "body"), 0, NULL);
			data = json_object_get(body, "data");
			id = json_integer_value(json_object_get(data, "order"));
			if (id == orders[i]) {
				ck_assert_int_eq(
				    json_integer_value(
					json_object_get(data, "seq")),
				    seq + 1);
				seq++;
			}
			json_decref(body);
		}
		ck_assert_int_eq(seq, 5);
	}
}
END_TEST

START_TEST(a_dead_endpoint_delays_nobody)
{
	int64_t dead = add(RECEIVER_HTTP, "/never"), id;
	struct output output;
	struct child child;
	json_t *records;
	int i;

	id = add(RECEIVER_HTTP, "/ok");
	for (i = 0; i < 50; i++) {
		queue(dead);
		queue(id);
	}
	site_sender_start(&site, &child, "-v", "--once", NULL);
	/* All 50, and the dead one's first four are still open. */
	records = receiver_wait(&receiver, 50);
	ck_assert_uint_ge(json_array_size(records), 50);
	ck_assert_int_eq(kill(child.pid, 0), 0);
	ck_assert_int_eq(kill(child.pid, SIGKILL), 0);
	child_wait(&child, &output);
	output_clear(&output);
}
END_TEST

/* --- the guard ------------------------------------------------------------ */

/* Hosts that could not have been added; the port is the receiver's. */
static const char *const inside[] = {
	"127.0.0.1",
	"2130706433",
	"0x7f000001",
	"0177.0.0.1",
	"127.1",
	"[::ffff:127.0.0.1]",
	"[::ffff:7f00:1]",
	"localhost",
	"0.0.0.0",
	"[::1]",
	"[::]",
	"169.254.169.254",
	"10.0.0.1",
	"100.100.100.200",
	"[fe80::1]",
	"[fd00:ec2::254]",
	"[64:ff9b::7f00:1]",
	"[2002:7f00:1::]",
};

/* Sends all to a host, past all checks. */
static void
set_host(const char *host)
{
	char url[512], sql[640];

	(void)snprintf(url, sizeof(url), "http://%s:%d/ok", host,
	    receiver.ports[RECEIVER_HTTP]);
	(void)snprintf(sql, sizeof(sql), "UPDATE webhook SET url = '%s'", url);
	site_sql(&site, sql);
}

/* http, so that the receiver would tell; but no address of this host. */
static void
set_config(const char *from, const char *to)
{
	char path[SITE_PATH_LEN + 32], command[2 * SITE_PATH_LEN];

	(void)snprintf(path, sizeof(path), "%s/latchkey.conf", site.dir);
	(void)snprintf(command, sizeof(command), "sed -i 's|^%s.*|%s|' '%s'",
	    from, to, path);
	ck_assert_int_eq(system(command), 0);
}

START_TEST(an_address_inside_is_blocked)
{
	(void)add(RECEIVER_HTTP, "/ok");
	queue(1);
	set_host(inside[_i]);
	set_config("webhook_local", "webhook_local = no");
	/* Then only https is spoken, so this is what is asked for. */
	site_sql(&site, "UPDATE webhook SET url ="
			" 'https' || substr(url, 5)");
	deliver_and_say("delivered 0, failed 0, blocked 1, left 1");
	attempt_must_be(3, 0, "its address is not public");
	ck_assert_uint_eq(json_array_size(receiver_records(&receiver)), 0);
	ck_assert_int_eq(count("SELECT attempts FROM delivery"), 0);
	ck_assert_int_eq(count("SELECT next_at - done_at FROM delivery"), HOUR);
}
END_TEST

START_TEST(local_receivers_are_not_everything_inside)
{
	static const char *const other[] = { "10.0.0.1", "[::ffff:127.0.0.1]",
		"0.0.0.0", "169.254.169.254" };
	size_t i;

	(void)add(RECEIVER_HTTP, "/ok");
	for (i = 0; i < sizeof(other) / sizeof(other[0]); i++) {
		site_sql(&site, "DELETE FROM attempt");
		site_sql(&site, "DELETE FROM delivery");
		site_sql(&site, "UPDATE webhook SET not_before = 0");
		queue(1);
		set_host(other[i]);
		deliver_and_say("delivered 0, failed 0, blocked 1, left 1");
	}
	ck_assert_uint_eq(json_array_size(receiver_records(&receiver)), 0);
}
END_TEST

START_TEST(http_is_not_spoken_unless_allowed)
{
	(void)add(RECEIVER_HTTP, "/ok");
	queue(1);
	set_config("webhook_local", "webhook_local = no");
	deliver_and_say("delivered 0, failed 1, blocked 0, left 1");
	ck_assert_uint_eq(json_array_size(receiver_records(&receiver)), 0);
}
END_TEST

START_TEST(a_blocked_endpoint_is_disabled_after_a_day)
{
	int i;

	(void)add(RECEIVER_HTTPS, "/ok");
	queue(1);
	set_config("webhook_local", "webhook_local = no");
	for (i = 0; i < 24; i++) {
		deliver_and_say("delivered 0, failed 0, blocked 1, left 1");
		ck_assert_int_eq(count("SELECT status FROM webhook"), 1);
		site_sql(&site, "UPDATE webhook SET not_before = 0,"
				" blocked_since = blocked_since - 3600");
		site_sql(&site, "UPDATE delivery SET next_at = 0");
	}
	deliver_and_say("delivered 0, failed 0, blocked 1, left 1");
	ck_assert_int_eq(count("SELECT status FROM webhook"), 3);
}
END_TEST

START_TEST(no_proxy_of_the_environment_is_asked)
{
	char proxy[64];

	(void)snprintf(proxy, sizeof(proxy), "http://127.0.0.1:%d",
	    receiver.ports[RECEIVER_HTTP]);
	ck_assert_int_eq(setenv("http_proxy", proxy, 1), 0);
	ck_assert_int_eq(setenv("https_proxy", proxy, 1), 0);
	ck_assert_int_eq(setenv("ALL_PROXY", proxy, 1), 0);
	(void)add(RECEIVER_HTTP, "/ok");
	queue(1);
	set_host("127.0.0.2");
	free(deliver());
	/* A proxy would have been given the whole URL, and have answered. */
	ck_assert_uint_eq(json_array_size(receiver_records(&receiver)), 0);
	attempt_must_be(2, 0, "cannot connect%");
}
END_TEST

/* --- failures that go on -------------------------------------------------- */

/* A stand-in for sendmail that keeps what it is given. */
static void
set_mail(void)
{
	char path[SITE_PATH_LEN + 32], line[SITE_PATH_LEN + 64];
	FILE *out;

	(void)snprintf(path, sizeof(path), "%s/fake-sendmail", site.dir);
	out = fopen(path, "we");
	ck_assert_ptr_nonnull(out);
	(void)fprintf(out, "#!/bin/sh\ncat >>'%s/mails'\n", site.dir);
	ck_assert_int_eq(fclose(out), 0);
	ck_assert_int_eq(chmod(path, 0700), 0);
	(void)snprintf(line, sizeof(line), "sendmail = %s", path);
	set_config("sendmail", line);
}

/* How often the mails so far have a text. */
static int
mails_with(const char *text)
{
	char path[SITE_PATH_LEN + 32], mails[16384];
	const char *p = mails;
	FILE *in;
	size_t n;
	int found = 0;

	(void)snprintf(path, sizeof(path), "%s/mails", site.dir);
	in = fopen(path, "re");
	if (in == NULL)
		return 0;
	n = fread(mails, 1, sizeof(mails) - 1, in);
	mails[n] = '\0';
	(void)fclose(in);
	while ((p = strstr(p, text)) != NULL)
		found++, p++;
	return found;
}

START_TEST(five_days_of_failures_warn_and_then_disable)
{
	(void)add(RECEIVER_HTTP, "/status/500");
	set_mail();
	queue(1);
	free(deliver());
	ck_assert_int_eq(mails_with("To:"), 0);
	/* Three days later. */
	site_sql(&site, "UPDATE webhook SET failing_since ="
			" failing_since - 3 * 86400");
	site_sql(&site, "UPDATE delivery SET next_at = 0");
	free(deliver());
	ck_assert_int_eq(mails_with("To: <one@example.test>"), 1);
	ck_assert_int_eq(mails_with("Subject: A webhook is failing"), 1);
	ck_assert_int_eq(count("SELECT status FROM webhook"), 1);
	/* It is said once. */
	site_sql(&site, "UPDATE delivery SET next_at = 0");
	free(deliver());
	ck_assert_int_eq(mails_with("To:"), 1);
	site_sql(&site, "UPDATE webhook SET failing_since ="
			" failing_since - 2 * 86400");
	site_sql(&site, "UPDATE delivery SET next_at = 0");
	free(deliver());
	ck_assert_int_eq(count("SELECT status FROM webhook"), 3);
	ck_assert_int_eq(mails_with("Subject: A webhook was disabled"), 1);
	ck_assert_int_eq(mails_with("only failed for five days"), 1);
	free(deliver());
	ck_assert_int_eq(mails_with("To:"), 2);
}
END_TEST

START_TEST(who_is_gone_is_told_so)
{
	(void)add(RECEIVER_HTTP, "/410");
	set_mail();
	queue(1);
	free(deliver());
	ck_assert_int_eq(mails_with("Subject: A webhook was disabled"), 1);
	/* The URL, whose port may have the same digits, and why. */
	ck_assert_int_eq(mails_with("/410"), 1);
	ck_assert_int_eq(mails_with("it answered 410 Gone"), 1);
}
END_TEST

START_TEST(a_success_ends_the_count_of_days)
{
	(void)add(RECEIVER_HTTP, "/flaky/1");
	queue(1);
	free(deliver());
	site_sql(&site, "UPDATE webhook SET failing_since ="
			" failing_since - 4 * 86400");
	site_sql(&site, "UPDATE delivery SET next_at = 0");
	deliver_and_say("delivered 1, failed 0, blocked 0, left 0");
	ck_assert_int_eq(
	    count("SELECT COALESCE(failing_since, 0) FROM webhook"), 0);
}
END_TEST

/* --- faults of ours ------------------------------------------------------- */

START_TEST(a_second_one_ends_at_once_and_says_so)
{
	struct output first, second;
	struct child child;
	char *said;

	(void)add(RECEIVER_HTTP, "/wait/3000");
	queue(1);
	site_sender_start(&site, &child, "-v", NULL);
	for (;;) {
		json_t *statistics = receiver_statistics(&receiver);
		int64_t n = json_integer_value(
		    json_object_get(statistics, "in_flight"));

		json_decref(statistics);
		if (n > 0)
			break;
	}
	said = deliver();
	ck_assert_str_eq(said, "another one is at work\n");
	free(said);
	child_wait(&child, &first);
	ck_assert_int_eq(first.code, 0);
	output_clear(&first);
	site_sender_start(&site, &child, NULL);
	child_wait(&child, &second);
	ck_assert_str_eq(second.out, "");
	output_clear(&second);
	ck_assert_uint_eq(json_array_size(receiver_records(&receiver)), 1);
}
END_TEST

START_TEST(a_locked_database_loses_nothing)
{
	char gate[SITE_PATH_LEN + 64];
	struct output output;
	struct child child;
	int fd;

	(void)add(RECEIVER_HTTP, "/ok");
	queue(1);
	(void)snprintf(
	    gate, sizeof(gate), "%s/data/latchkey.db.gate", site.dir);
	fd = open(gate, O_RDWR | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(flock(fd, LOCK_EX), 0);
	site_sender_start(&site, &child, NULL);
	child_wait(&child, &output);
	ck_assert_int_eq(output.code, 75);
	ck_assert_ptr_nonnull(strstr(output.err, "busy for too long"));
	output_clear(&output);
	(void)close(fd);
	deliver_and_say("delivered 1, failed 0, blocked 0, left 0");
}
END_TEST

START_TEST(a_full_disk_loses_nothing)
{
	struct rlimit before, small;
	struct output output;
	struct child child;
	int i;

	(void)add(RECEIVER_HTTP, "/ok");
	for (i = 0; i < 20; i++)
		queue(1);
	/* No file may grow beyond what a sender writes first. */
	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &before), 0);
	small = before;
	small.rlim_cur = 2048;
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
	site_sender_start(&site, &child, NULL);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &before), 0);
	child_wait(&child, &output);
	ck_assert_int_eq(output.code, 75);
	output_clear(&output);
	site_must_check(&site);
	ck_assert_int_eq(
	    count("SELECT COUNT(*) FROM delivery WHERE status = 1"), 20);
	free(deliver());
	ck_assert_int_eq(
	    count("SELECT COUNT(*) FROM delivery WHERE status = 2"), 20);
}
END_TEST

START_TEST(a_clock_set_back_holds_nothing_up)
{
	(void)add(RECEIVER_HTTP, "/ok");
	queue(1);
	site_sql(&site, "UPDATE delivery SET next_at = next_at + 40 * 3600");
	site_sql(&site, "UPDATE webhook SET not_before = created_at + 144000");
	deliver_and_say("delivered 1, failed 0, blocked 0, left 0");
}
END_TEST

START_TEST(nobody_to_ask_for_a_name_is_no_attempt)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct addrinfo *found = NULL;
	int no_such_name;

	switch (getaddrinfo("no-such-host.example.", NULL, &hints, &found)) {
	case EAI_NONAME:
	case EAI_NODATA:
		no_such_name = 1;
		break;
	default:
		no_such_name = 0;
		break;
	}
	if (found != NULL)
		freeaddrinfo(found);
	(void)add(RECEIVER_HTTP, "/ok");
	queue(1);
	site_sql(&site, "UPDATE webhook SET"
			" url = 'https://no-such-host.example/hook'");
	if (no_such_name) {
		deliver_and_say("delivered 0, failed 1, blocked 0, left 1");
		attempt_must_be(2, 0, "no such host name");
		return;
	}
	deliver_and_say("delivered 0, failed 0, blocked 0, left 1");
	ck_assert_int_eq(count("SELECT COUNT(*) FROM attempt"), 0);
	ck_assert_int_eq(count("SELECT attempts FROM delivery"), 0);
	ck_assert_int_eq(count("SELECT leased FROM delivery"), 0);
}
END_TEST

START_TEST(no_authorities_are_our_own_fault)
{
	struct output output;
	struct child child;

	(void)add(RECEIVER_HTTPS, "/ok");
	queue(1);
	set_config("ca_file", "ca_file = /no/such/file.pem");
	site_sender_start(&site, &child, "-v", NULL);
	child_wait(&child, &output);
	ck_assert_int_eq(output.code, 0);
	ck_assert_ptr_nonnull(strstr(output.err, "cannot deliver evt_"));
	ck_assert_ptr_nonnull(
	    strstr(output.out, "failed 0, blocked 0, left 1"));
	output_clear(&output);
	ck_assert_int_eq(count("SELECT COUNT(*) FROM attempt"), 0);
}
END_TEST

START_TEST(a_secret_that_cannot_be_unsealed_stops_that_endpoint_alone)
{
	int64_t other = add(RECEIVER_HTTP, "/ok/other"), id;
	struct output output;
	struct child child;

	id = add(RECEIVER_HTTP, "/ok");
	queue(other);
	queue(id);
	site_sql(&site, "UPDATE webhook SET secret ="
			" (SELECT secret FROM webhook WHERE id = 2)");
	site_sender_start(&site, &child, "-v", NULL);
	child_wait(&child, &output);
	ck_assert_int_eq(output.code, 0);
	ck_assert_ptr_nonnull(
	    strstr(output.err, "cannot unseal the secret of webhook 1"));
	ck_assert_ptr_nonnull(strstr(output.out, "delivered 1"));
	output_clear(&output);
}
END_TEST

/* --- the rest ------------------------------------------------------------- */

START_TEST(a_dry_run_tells_and_sends_nothing)
{
	struct output output;
	struct child child;

	(void)add(RECEIVER_HTTP, "/ok");
	queue(1);
	site_sender_start(&site, &child, "--dry-run", NULL);
	child_wait(&child, &output);
	ck_assert_int_eq(output.code, 0);
	ck_assert_ptr_nonnull(strstr(output.out, "webhook.test to webhook 1 "));
	output_clear(&output);
	ck_assert_uint_eq(json_array_size(receiver_records(&receiver)), 0);
	ck_assert_int_eq(
	    count("SELECT COUNT(*) FROM delivery WHERE leased = 0"), 1);
}
END_TEST

START_TEST(lingering_it_sees_what_comes)
{
	struct output output;
	struct child child;

	(void)add(RECEIVER_HTTP, "/ok");
	queue(1);
	site_sender_start(&site, &child, "--linger", "30", "-v", NULL);
	(void)receiver_wait(&receiver, 1);
	queue(1);
	(void)receiver_wait(&receiver, 2);
	ck_assert_int_eq(kill(child.pid, SIGKILL), 0);
	child_wait(&child, &output);
	output_clear(&output);
}
END_TEST

START_TEST(a_removed_or_paused_endpoint_gets_nothing)
{
	int64_t paused = add(RECEIVER_HTTP, "/ok/1"), removed;

	removed = add(RECEIVER_HTTP, "/ok/2");
	queue(paused);
	queue(removed);
	(void)api_number(&site, "webhook",
	    "key=%s&action=webhook.update&webhook=%lld&status=paused", key,
	    (long long)paused);
	(void)api_number(&site, "removed",
	    "key=%s&action=webhook.remove&webhook=%lld", key,
	    (long long)removed);
	deliver_and_say("delivered 0, failed 0, blocked 0, left 1");
	ck_assert_uint_eq(json_array_size(receiver_records(&receiver)), 0);
	(void)api_number(&site, "webhook",
	    "key=%s&action=webhook.update&webhook=%lld&status=active", key,
	    (long long)paused);
	deliver_and_say("delivered 1, failed 0, blocked 0, left 0");
}
END_TEST

START_TEST(what_is_old_is_swept)
{
	(void)add(RECEIVER_HTTP, "/ok");
	queue(1);
	queue(1);
	free(deliver());
	ck_assert_int_eq(count("SELECT COUNT(*) FROM attempt"), 2);
	site_sql(&site, "UPDATE attempt SET attempted_at = attempted_at"
			" - 14 * 86400 - 1 WHERE seq = 1");
	free(deliver());
	ck_assert_int_eq(count("SELECT COUNT(*) FROM attempt"), 1);
	ck_assert_int_eq(count("SELECT COUNT(*) FROM event"), 2);
	site_sql(&site, "UPDATE event SET created_at = created_at"
			" - 30 * 86400 - 60 WHERE id = 1");
	free(deliver());
	ck_assert_int_eq(count("SELECT COUNT(*) FROM event"), 1);
	ck_assert_int_eq(count("SELECT COUNT(*) FROM delivery"), 1);
	site_must_check(&site);
}
END_TEST

START_TEST(wrong_usage_is_told)
{
	static const char *const wrong[] = { "--linger", "-x", "now",
		"--linger=5" };
	struct output output;
	struct child child;

	site_sender_start(&site, &child, wrong[_i], NULL);
	child_wait(&child, &output);
	ck_assert_int_eq(output.code, 2);
	ck_assert_ptr_nonnull(strstr(output.err, wrong[_i]));
	output_clear(&output);
}
END_TEST

/* --- killed --------------------------------------------------------------- */

enum { KILLS = 200, EVENTS = 20000, KILL_ENDPOINTS = 4 };

/* Queues events for all endpoints in turn, past all rules. */
static void
fill(void)
{
	site_sql(&site,
	    "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n"
	    " WHERE i < 20000)"
	    "INSERT INTO event (id, account_id, name, subject, type, body,"
	    " created_at) SELECT i, 1, printf('evt_%022d', i), 'fill:' || i, 0,"
	    " printf('{\"n\":%d}', i), unixepoch() FROM n");
	site_sql(&site, "INSERT INTO delivery (event_id, webhook_id, status,"
			" next_at) SELECT id, 1 + id % 4, 1, created_at"
			" FROM event WHERE subject LIKE 'fill:%'");
}

static void
pause_us(unsigned int us)
{
	const struct timespec wait = { 0, (long)us * 1000 };

	(void)nanosleep(&wait, NULL);
}

START_TEST(killed_at_any_instant_it_loses_nothing)
{
	static unsigned char seen[EVENTS + 1];
	unsigned int chance = 12345;
	size_t at, repeats = 0, kills = 0, lost = 0;
	siginfo_t ended = { .si_pid = 0 };
	json_t *records, *record;
	struct output output;
	struct child child;
	int i;

	for (i = 0; i < KILL_ENDPOINTS; i++)
		(void)add(RECEIVER_HTTP, "/ok");
	fill();
	for (i = 0; i < KILLS; i++) {
		size_t before = json_array_size(receiver_records(&receiver));

		site_sender_start(&site, &child, NULL);
		/* Half of them while it sends, half whenever. */
		chance = chance * 1103515245u + 12345u;
		pause_us(i % 2 ? 0 : (chance >> 8) % 60000);
		while (i % 2 &&
		       waitid(P_PID, (id_t)child.pid, &ended,
			   WEXITED | WNOHANG | WNOWAIT) == 0 &&
		       ended.si_pid == 0 &&
		       json_array_size(receiver_records(&receiver)) == before)
			pause_us(200);
		pause_us(i % 2 ? (chance >> 8) % 10000 : 0);
		(void)kill(child.pid, SIGKILL);
		child_wait(&child, &output);
		kills += output.code == 128 + SIGKILL;
		output_clear(&output);
	}
	ck_assert_uint_ge(kills, KILLS / 2);
	for (i = 0; i < 5 &&
		    count("SELECT COUNT(*) FROM delivery WHERE status = 1") > 0;
	     i++)
		free(deliver());
	site_must_check(&site);
	records = receiver_wait(&receiver, EVENTS);
	json_array_foreach(records, at, record)
	{
		const char *id = text_of(record, "webhook-id");
		int n = atoi(id + 4);
		char body[32];

		ck_assert_int_ge(n, 1);
		ck_assert_int_le(n, EVENTS);
		(void)snprintf(body, sizeof(body), "{\"n\":%d}", n);
		ck_assert_str_eq(text_of(record, "body"), body);
		repeats += seen[n] != 0;
		seen[n] = 1;
	}
	for (i = 1; i <= EVENTS; i++)
		lost += seen[i] == 0;
	ck_assert_uint_eq(lost, 0);
	/* Sent, but not yet written down: no more than these a kill. */
	ck_assert_uint_gt(repeats, 0);
	ck_assert_uint_le(repeats, kills * 256);
	ck_assert_int_eq(
	    count("SELECT COUNT(*) FROM delivery WHERE status <> 2"), 0);
	(void)printf("%zu kills, %zu repeats\n", kills, repeats);
}
END_TEST

static Suite *
make_suite(void)
{
	Suite *suite = suite_create("sender");
	TCase *tc;

	tc = tcase_create("arrives");
	tcase_add_checked_fixture(tc, set_up_plain, tear_down);
	tcase_add_test(tc, an_order_is_told_signed_and_as_it_was_queued);
	tcase_add_test(tc, both_secrets_sign_while_they_overlap);
	tcase_add_test(tc, a_retry_has_the_same_id_and_a_signature_of_its_own);
	suite_add_tcase(suite, tc);

	tc = tcase_create("outcomes");
	tcase_add_checked_fixture(tc, set_up_plain, tear_down);
	tcase_add_loop_test(tc, an_attempt_comes_to, 0, ROWS(outcomes));
	tcase_add_test(
	    tc, retry_after_holds_the_endpoints_other_deliveries_too);
	tcase_add_test(tc, the_schedule_ends_and_resend_begins_it_anew);
	suite_add_tcase(suite, tc);

	tc = tcase_create("turns");
	tcase_add_checked_fixture(tc, set_up_plain, tear_down);
	tcase_add_test(tc, no_more_than_four_go_to_an_endpoint_at_once);
	tcase_add_test(tc, events_about_an_order_come_in_their_order);
	tcase_add_test(tc, a_dead_endpoint_delays_nobody);
	suite_add_tcase(suite, tc);

	tc = tcase_create("guard");
	tcase_add_checked_fixture(tc, set_up_plain, tear_down);
	tcase_add_loop_test(tc, an_address_inside_is_blocked, 0, ROWS(inside));
	tcase_add_test(tc, local_receivers_are_not_everything_inside);
	tcase_add_test(tc, http_is_not_spoken_unless_allowed);
	tcase_add_test(tc, a_blocked_endpoint_is_disabled_after_a_day);
	tcase_add_test(tc, no_proxy_of_the_environment_is_asked);
	suite_add_tcase(suite, tc);

	tc = tcase_create("days");
	tcase_add_checked_fixture(tc, set_up_plain, tear_down);
	tcase_add_test(tc, five_days_of_failures_warn_and_then_disable);
	tcase_add_test(tc, who_is_gone_is_told_so);
	tcase_add_test(tc, a_success_ends_the_count_of_days);
	suite_add_tcase(suite, tc);

	tc = tcase_create("ours");
	tcase_add_checked_fixture(tc, set_up_plain, tear_down);
	tcase_add_test(tc, a_second_one_ends_at_once_and_says_so);
	tcase_add_test(tc, a_locked_database_loses_nothing);
	tcase_add_test(tc, a_full_disk_loses_nothing);
	tcase_add_test(tc, a_clock_set_back_holds_nothing_up);
	tcase_add_test(tc, nobody_to_ask_for_a_name_is_no_attempt);
	tcase_add_test(tc, no_authorities_are_our_own_fault);
	tcase_add_test(
	    tc, a_secret_that_cannot_be_unsealed_stops_that_endpoint_alone);
	suite_add_tcase(suite, tc);

	tc = tcase_create("rest");
	tcase_add_checked_fixture(tc, set_up_plain, tear_down);
	tcase_add_test(tc, a_dry_run_tells_and_sends_nothing);
	tcase_add_test(tc, lingering_it_sees_what_comes);
	tcase_add_test(tc, a_removed_or_paused_endpoint_gets_nothing);
	tcase_add_test(tc, what_is_old_is_swept);
	tcase_add_loop_test(tc, wrong_usage_is_told, 0, 4);
	suite_add_tcase(suite, tc);

	tc = tcase_create("killed");
	tcase_set_timeout(tc, 300);
	tcase_add_checked_fixture(tc, set_up_plain, tear_down);
	tcase_add_test(tc, killed_at_any_instant_it_loses_nothing);
	suite_add_tcase(suite, tc);
	return suite;
}

SUITE_MAIN(make_suite)
