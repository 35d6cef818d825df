/* SPDX-License-Identifier: ISC */
/*
 * The contract of the API, through the real Apache: every row of contract.c
 * with either setting of http_status, what every answer has in common, and
 * the few facts that take more than one call to see.
 */
#include <ctype.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "api_key.h"
#include "base64.h"
#include "contract.h"
#include "fixture.h"
#include "harness.h"
#include "suite.h"
#include "timestamp.h"
#include "webhook.h"

enum { VARS_MAX = 96, FIELDS = 10000 };

/* The site under test and what rows call its things. */
static struct world {
	struct site site;
	int strict;
	size_t nvars;
	struct var {
		const char *name;
		char *value;
	} vars[VARS_MAX];
} world;

static const char UNLIMITED[] = "rate_ip = 1000000000\n"
				"rate_key = 1000000000\n"
				"http_status = ";

/* --- what rows call things --------------------------------------------- */

/* Gives a name to a value made like printf's; a later one replaces it. */
static void __attribute__((format(printf, 2, 3)))
name_it(const char *name, const char *format, ...)
{
	va_list ap;
	size_t i;

	for (i = 0; i < world.nvars; i++)
		if (strcmp(world.vars[i].name, name) == 0)
			break;
	ck_assert_uint_lt(i, VARS_MAX);
	if (i == world.nvars)
		world.nvars++;
	free(world.vars[i].value);
	world.vars[i].name = name;
	va_start(ap, format);
	ck_assert_int_ge(vasprintf(&world.vars[i].value, format, ap), 0);
	va_end(ap);
}

static const char *
value_of(const char *name, size_t len)
{
	size_t i;

	for (i = world.nvars; i-- > 0;)
		if (strlen(world.vars[i].name) == len &&
		    memcmp(world.vars[i].name, name, len) == 0)
			return world.vars[i].value;
	return NULL;
}

/* A copy of text with every $NAME that there is replaced; owned. */
static char *
expand(const char *text)
{
	const char *p, *value;
	char *out = NULL;
	size_t len, n;
	FILE *f = open_memstream(&out, &len);

	ck_assert_ptr_nonnull(f);
	for (p = text; *p != '\0'; p++) {
		n = 0;
		if (*p == '$')
			while (isupper((unsigned char)p[1 + n]) ||
			       isdigit((unsigned char)p[1 + n]) ||
			       p[1 + n] == '_')
				n++;
		value = n > 0 ? value_of(p + 1, n) : NULL;
		if (value != NULL) {
			(void)fputs(value, f);
			p += n;
		} else {
			(void)fputc(*p, f);
		}
	}
	ck_assert_int_eq(fclose(f), 0);
	return out;
}

/* The names that are new for every row, so that links never collide. */
static void
name_row(const char *table, int row)
{
	char padded[1001];

	name_it("ROW", "%s%d", table, row);
	name_it("LINK", "https://example.com/%s/%d", table, row);
	name_it("USER", "user-%s-%d", table, row);
	(void)snprintf(padded, sizeof(padded), "https://example.com/%s/%d/%s",
	    table, row, "");
	memset(padded + strlen(padded), 'x', 1000 - strlen(padded));
	padded[1000] = '\0';
	name_it("LINK1000", "%s", padded);
}

/* --- the site ---------------------------------------------------------- */

static int64_t
place(int service, const char *key, const char *link, int quantity)
{
	return api_number(&world.site, "order",
	    "key=%s&action=add&service=%d&link=%s&quantity=%d", key, service,
	    link, quantity);
}

/* Places an order that rows know by name. */
static int64_t
place_as(const char *name, int service, const char *key, int quantity)
{
	char link[128];
	int64_t id;

	(void)snprintf(link, sizeof(link), "https://example.com/%s", name);
	id = place(service, key, link, quantity);
	name_it(name, "%lld", (long long)id);
	return id;
}

static void
move(int64_t id, const char *status, const char *option, const char *value)
{
	char text[24];

	(void)snprintf(text, sizeof(text), "%lld", (long long)id);
	free(site_latchkey_ok(&world.site, "order", "set", text, "--status",
	    status, option, value, NULL));
}

/* An order that was completed 25 hours ago. */
static int64_t
place_completed(const char *name, int service, const char *key)
{
	int64_t id = place_as(name, service, key, 100);
	char sql[256];

	move(id, "Completed", "--start-count", "7");
	(void)snprintf(sql, sizeof(sql),
	    "UPDATE orders SET created_at = created_at - 90000,"
	    " updated_at = updated_at - 90000 WHERE id = %lld",
	    (long long)id);
	site_sql(&world.site, sql);
	return id;
}

/* Asks for a refill; with a status it is moved there, 25 hours ago. */
static int64_t
refill(int64_t order, const char *key, const char *status)
{
	int64_t id = api_number(&world.site, "refill",
	    "key=%s&action=refill&order=%lld", key, (long long)order);
	char text[256];

	if (status == NULL)
		return id;
	(void)snprintf(text, sizeof(text), "%lld", (long long)id);
	free(
	    site_latchkey_ok(&world.site, "refill", "set", text, status, NULL));
	(void)snprintf(text, sizeof(text),
	    "UPDATE refill SET created_at = created_at - 90000,"
	    " updated_at = updated_at - 90000 WHERE id = %lld",
	    (long long)id);
	site_sql(&world.site, text);
	return id;
}

static void
make_accounts(void)
{
	static const struct {
		const char *name, *email, *credit;
	} accounts[] = {
		{ "KEY", "one@example.com", "100000" },
		{ "KEY2", "two@example.com", "100000" },
		{ "RICH", "rich@example.com", "100.84292" },
		{ "POOR", "poor@example.com", NULL },
		{ "SUSPENDED", "suspended@example.com", "1" },
		{ "REVOKED", "one@example.com", NULL },
		{ "ROTATED", "one@example.com", NULL },
		{ "HOOKS", "hooks@example.com", NULL },
		{ "ADDER", "adder@example.com", NULL },
	};
	char key[KEY_TEXT_LEN], id[API_KEY_ID_LEN + 1];
	size_t i;

	free(site_latchkey_ok(
	    &world.site, "tier", "set", "Standard", "1000000", NULL));
	for (i = 0; i < sizeof(accounts) / sizeof(accounts[0]); i++) {
		if (strcmp(accounts[i].email, "one@example.com") != 0 || i == 0)
			(void)site_account(&world.site, accounts[i].email);
		if (accounts[i].credit != NULL)
			site_credit(
			    &world.site, accounts[i].email, accounts[i].credit);
		site_key(&world.site, accounts[i].email, key);
		name_it(accounts[i].name, "%s", key);
		memcpy(id, key + API_KEY_PREFIX_LEN, API_KEY_ID_LEN);
		id[API_KEY_ID_LEN] = '\0';
		if (strcmp(accounts[i].name, "REVOKED") == 0)
			free(site_latchkey_ok(&world.site, "key", "revoke", id,
			    "--why", "lost", NULL));
		if (strcmp(accounts[i].name, "ROTATED") == 0)
			free(site_latchkey_ok(
			    &world.site, "key", "rotate", id, NULL));
	}
	free(site_latchkey_ok(
	    &world.site, "account", "suspend", "suspended@example.com", NULL));
}

/* Keys that are well formed, and not ours. */
static void
make_false_keys(void)
{
	char key[KEY_TEXT_LEN];
	size_t body = API_KEY_LEN - API_KEY_CHECK_LEN;

	(void)snprintf(key, sizeof(key), "%s", value_of("KEY", 3));
	/* The same id, another secret, the right checksum. */
	key[API_KEY_PREFIX_LEN + API_KEY_ID_LEN] ^= 1;
	api_key_checksum(key, body, key + body);
	if (!api_key_well_formed(key, API_KEY_LEN)) {
		key[API_KEY_PREFIX_LEN + API_KEY_ID_LEN] = 'a';
		key[API_KEY_PREFIX_LEN + API_KEY_ID_LEN + 1] = 'b';
		api_key_checksum(key, body, key + body);
	}
	name_it("FORGED", "%s", key);
	memset(key + API_KEY_PREFIX_LEN, 'z', API_KEY_ID_LEN);
	api_key_checksum(key, body, key + body);
	name_it("UNKNOWN", "%s", key);
}

static void
make_orders(void)
{
	const char *key = value_of("KEY", 3), *key2 = value_of("KEY2", 4);
	int64_t id;
	int i;

	(void)place_as("PENDING", 1, key, 100);
	name_it("PENDING_LINK", "https://example.com/PENDING");
	id = place_as("PARTIAL", 2, key, 1000);
	move(id, "In progress", "--start-count", "3572");
	move(id, "Partial", "--remains", "157");
	move(
	    place_as("RUNNING", 1, key, 100), "In progress", "--remains", "40");
	move(place_as("PROCESSING", 1, key, 100), "Processing", "--remains",
	    "40");
	move(place_as("COMPLETED", 1, key, 100), "Completed", "--start-count",
	    "7");
	name_it("COMPLETED_LINK", "https://example.com/COMPLETED");
	move(place_as("CANCELED", 1, key, 100), "Canceled", "--note", "no");
	(void)place_as("CANCEL1", 1, key, 100);
	(void)place_as("CANCEL2", 1, key, 100);
	(void)place_as("NO_CANCEL", 19, key, 100);
	(void)place_completed("REFILLABLE1", 1, key);
	(void)place_completed("REFILLABLE2", 1, key);
	id = place_completed("REFILL_ORDER", 1, key);
	name_it("REFILLED", "%lld", (long long)refill(id, key, "Completed"));
	id = place_completed("REFILLING", 1, key);
	(void)refill(id, key, NULL);
	id = place_completed("REFILLED_OUT", 1, key);
	for (i = 0; i < 3; i++)
		(void)refill(id, key, "Completed");
	(void)place_as("OTHERS", 1, key2, 100);
	id = place_completed("OTHERS_COMPLETED", 1, key2);
	name_it(
	    "OTHERS_REFILL", "%lld", (long long)refill(id, key2, "Completed"));
}

/* Adds a webhook that rows know by name. */
static void
hook_as(const char *name, const char *key, const char *fields)
{
	int64_t id = api_number(&world.site, "webhook",
	    "key=%s&action=webhook.add&url=https://example.com/%s", key,
	    fields);

	name_it(name, "%lld", (long long)id);
}

/*
 * Webhooks in every state, with times, hints, events and attempts that rows
 * can tell to the byte.
 */
static void
make_webhooks(void)
{
	static const char *const events[] = { "ON_ITS_WAY", "GIVEN_UP1",
		"GIVEN_UP2", "ARRIVED", "SOMES", "OTHERS_EVENT" };
	static const char sql[] =
	    "UPDATE webhook SET created_at = 1700000000;"
	    "UPDATE webhook SET hint = '9Qk=', last_success_at = 1700000060,"
	    " last_failure_at = 1704067199 WHERE id = $HOOK;"
	    "UPDATE webhook SET hint = 'sOm4' WHERE id = $SOME;"
	    "UPDATE webhook SET hint = 'p4us', status = 2,"
	    " last_success_at = 1700000001 WHERE id = $PAUSED;"
	    "UPDATE webhook SET hint = 'd1s4', status = 3,"
	    " reason = 'it answered 410 Gone', last_failure_at = 1700000002,"
	    " failing_since = 1700000002 WHERE id = $DISABLED;"
	    "INSERT INTO event (id, account_id, name, subject, type, body,"
	    " created_at) SELECT 900, account_id, '$ON_ITS_WAY', 'a', 0, '{}',"
	    "  1700000000 FROM webhook WHERE id = $HOOK"
	    " UNION ALL SELECT 901, account_id, '$GIVEN_UP1', 'b', 0, '{}',"
	    "  1700000000 FROM webhook WHERE id = $HOOK"
	    " UNION ALL SELECT 902, account_id, '$GIVEN_UP2', 'c', 5, '{}',"
	    "  1700000000 FROM webhook WHERE id = $HOOK"
	    " UNION ALL SELECT 903, account_id, '$ARRIVED', 'd', 2, '{}',"
	    "  1700000000 FROM webhook WHERE id = $HOOK"
	    " UNION ALL SELECT 904, account_id, '$SOMES', 'e', 2, '{}',"
	    "  1700000000 FROM webhook WHERE id = $SOME"
	    " UNION ALL SELECT 905, account_id, '$OTHERS_EVENT', 'f', 2, '{}',"
	    "  1700000000 FROM webhook WHERE id = $OTHERS_HOOK;"
	    "INSERT INTO delivery (event_id, webhook_id, status, next_at,"
	    " attempts, done_at) VALUES"
	    " (900, $HOOK, 1, 1700000000, 0, NULL),"
	    " (901, $HOOK, 3, 1700000000, 10, 1700000100),"
	    " (902, $HOOK, 3, 1700000000, 10, 1700000200),"
	    " (903, $HOOK, 2, 1700000000, 0, 1700000300),"
	    " (904, $SOME, 3, 1700000000, 10, 1700000400),"
	    " (905, $OTHERS_HOOK, 3, 1700000000, 10, 1700000400);"
	    "INSERT INTO attempt (webhook_id, seq, event_id, outcome,"
	    " attempted_at, duration_ms, http_status, error, answer, next_at)"
	    " VALUES"
	    " ($HOOK, 1, 901, 2, 1700000000, 123, 500, 'HTTP 500',"
	    "  '<b>\"oops\" \xc3\xa4', 1700000300),"
	    " ($HOOK, 2, 901, 2, 1700000060, 0, NULL, 'connection refused',"
	    "  NULL, NULL),"
	    " ($HOOK, 3, 903, 1, 1700000120, 45, 204, NULL, NULL, NULL),"
	    " ($HOOK, 4, 902, 3, 1700000180, 3, NULL,"
	    "  '10.0.0.1 is not public', NULL, 1700003780),"
	    " ($HOOK, 5, 999, 2, 1700000240, 15000, NULL, 'time-out', NULL,"
	    "  NULL);";
	char *key = strdup(value_of("HOOKS", 5)), *text;
	int i;

	hook_as("HOOK", key, "hook?a=%25C3%25A4");
	hook_as("SOME", key, "some&events=order.completed,order.failed");
	hook_as("PAUSED", key, "paused&events=balance.low");
	hook_as("DISABLED", key, "disabled");
	hook_as("GONE", key, "gone");
	free(site_latchkey_ok(&world.site, "check", NULL));
	text = expand("key=$HOOKS&action=webhook.remove&webhook=$GONE");
	ck_assert_int_eq(api_number(&world.site, "removed", "%s", text), 1);
	free(text);
	hook_as("OTHERS_HOOK", value_of("KEY2", 4), "others");
	hook_as("MINE", value_of("KEY", 3), "mine&events=webhook.test");
	for (i = 0; i < ROWS(events); i++)
		name_it(events[i], "evt_%022d", i + 1);
	text = expand(sql);
	site_sql(&world.site, text);
	free(text);
	free(key);
}

/* Texts that are too long to be written out in a table. */
static void
make_long_texts(void)
{
	char *text;
	size_t len;
	FILE *f;
	int i, n;

	for (n = 100; n <= 101; n++) {
		f = open_memstream(&text, &len);
		ck_assert_ptr_nonnull(f);
		for (i = 1; i <= n; i++)
			(void)fprintf(f, "%s%d", i > 1 ? "," : "", 1000000 + i);
		ck_assert_int_eq(fclose(f), 0);
		name_it(n == 100 ? "IDS100" : "IDS101", "%s", text);
		free(text);
	}
	f = open_memstream(&text, &len);
	ck_assert_ptr_nonnull(f);
	for (i = 0; i < FIELDS; i++)
		(void)fputs("&a=1", f);
	ck_assert_int_eq(fclose(f), 0);
	name_it("FIELDS", "%s", text);
	free(text);
	text = malloc(2001);
	ck_assert_ptr_nonnull(text);
	memset(text, 'x', 2000);
	memcpy(text, "https://example.com/", 20);
	text[2000] = '\0';
	name_it("URL2000", "%s", text);
	free(text);
	name_it("ID128", "%0128d", 1);
	name_it("ID129", "%0129d", 1);
}

static void
make_world(int strict)
{
	char config[256], path[SITE_PATH_LEN + 16];
	FILE *f;

	memset(&world, 0, sizeof(world));
	world.strict = strict;
	(void)snprintf(config, sizeof(config), "%s%s", UNLIMITED,
	    strict ? "strict" : "compat");
	site_make(&world.site, config);
	(void)snprintf(path, sizeof(path), "%s/c.csv", world.site.dir);
	f = fopen(path, "w");
	ck_assert_ptr_nonnull(f);
	(void)fputs(contract_catalog, f);
	ck_assert_int_eq(fclose(f), 0);
	free(site_latchkey_ok(&world.site, "service", "import", path, NULL));
	make_accounts();
	make_false_keys();
	make_orders();
	make_webhooks();
	make_long_texts();
	site_start(&world.site);
}

static void
make_compatible(void)
{
	make_world(0);
}

static void
make_strict(void)
{
	make_world(1);
}

static void
end_world(void)
{
	size_t i;

	site_remove(&world.site);
	for (i = 0; i < world.nvars; i++)
		free(world.vars[i].value);
	world.nvars = 0;
}

/* --- answers ----------------------------------------------------------- */

/*
 * True if text is what the pattern says; the digits of the first $ID are
 * copied to id, which holds 24 bytes.
 */
static int
matches(const char *pattern, const char *text, char id[24])
{
	size_t n;

	for (; *pattern != '\0'; pattern++, text++) {
		if (*pattern == '*') {
			for (; *text != '\0'; text++)
				if (matches(pattern + 1, text, id))
					return 1;
			return pattern[1] == '\0';
		}
		if (strncmp(pattern, "$ID", 3) == 0) {
			n = strspn(text, "0123456789");
			if (n == 0 || n > 10 || text[0] == '0')
				return 0;
			(void)snprintf(id, 24, "%.*s", (int)n, text);
			pattern += 2;
			text += n - 1;
			continue;
		}
		if (*pattern != *text)
			return 0;
	}
	return *text == '\0';
}

/* Errors that come before the key has been looked at, or instead. */
static int
is_before_authentication(const char *error)
{
	static const char *const texts[] = { "Invalid API key",
		"The API key belongs",
		"Malformed request body:", "Method not allowed",
		"Request body too large", "Unsupported content type" };
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (strncmp(error, texts[i], strlen(texts[i])) == 0)
			return 1;
	return 0;
}

/* What every answer has in common. */
static void
check_common(const char *name, const struct answer *answer, int head)
{
	static const char *const limits[] = { "X-RateLimit-Limit",
		"X-RateLimit-Remaining", "X-RateLimit-Reset",
		"X-RateLimit-Tier-Remaining" };
	const char *type = answer_header(answer, "Content-Type");
	const char *length = answer_header(answer, "Content-Length");
	const char *text = "";
	json_t *model, *error;
	size_t i;

	if (answer->status == 0)
		ck_abort_msg("%s: no answer: %s", name, answer->why);
	ck_assert_msg(type != NULL && strcmp(type, "application/json") == 0,
	    "%s: Content-Type: %s", name, type != NULL ? type : "(none)");
	ck_assert_msg(answer_count(answer, "Content-Type") == 1 &&
			  answer_count(answer, "Content-Length") == 1,
	    "%s: %zu Content-Type, %zu Content-Length, of %zu", name,
	    answer_count(answer, "Content-Type"),
	    answer_count(answer, "Content-Length"), answer->nheaders);
	ck_assert_msg(
	    answer_header(answer, "Location") == NULL, "%s: a redirect", name);
	if (head)
		return;
	ck_assert_msg(strtoul(length, NULL, 10) == answer->body_len,
	    "%s: %s bytes, not %zu", name, length, answer->body_len);
	model = json_loadb(answer->body, answer->body_len, 0, NULL);
	ck_assert_msg(model != NULL, "%s: no JSON: %s", name, answer->body);
	error = json_object_get(model, "error");
	if (error != NULL) {
		ck_assert_msg(
		    json_is_string(error) && json_object_size(model) == 1,
		    "%s: an error with more than a text: %s", name,
		    answer->body);
		text = json_string_value(error);
	}
	for (i = 0; strcmp(text, "Account suspended") != 0 &&
		    i < sizeof(limits) / sizeof(limits[0]);
	     i++)
		ck_assert_msg((answer_header(answer, limits[i]) == NULL) ==
				  is_before_authentication(text),
		    "%s: %s is %s", name, limits[i],
		    is_before_authentication(text) ? "there" : "missing");
	json_decref(model);
}

static void
check_status(
    const char *name, const struct answer *answer, int http, int strict)
{
	int wanted = http != 0 ? http : 200;

	if (world.strict && strict != 0)
		wanted = strict;
	ck_assert_msg(answer->status == wanted, "%s: status %d, not %d: %s",
	    name, answer->status, wanted, answer->body);
}

/* Makes a call, and its answer must match a pattern. */
static void
expect_answer(const char *name, const char *body, const char *pattern,
    int strict, char id[24])
{
	char *sent = expand(body), *wanted = expand(pattern);
	struct answer answer;

	api_call(&world.site, &answer, "%s", sent);
	check_common(name, &answer, 0);
	check_status(name, &answer, 0, strict);
	ck_assert_msg(matches(wanted, answer.body, id), "%s: %s: %s, not %s",
	    name, sent, answer.body, wanted);
	answer_clear(&answer);
	free(sent);
	free(wanted);
}

/* --- the tables -------------------------------------------------------- */

/* The body of a row: expanded, and made up to its length. */
static char *
row_body(const struct contract_row *row)
{
	char *body, *padded;
	size_t len;

	if (row->body == NULL)
		return NULL;
	body = expand(row->body);
	len = strlen(body);
	if (row->pad == 0)
		return body;
	padded = malloc(row->pad + 1);
	ck_assert_ptr_nonnull(padded);
	ck_assert_uint_gt(row->pad, len + 3);
	memset(padded, 'x', row->pad);
	memcpy(padded, body, len);
	memcpy(padded + len, "&x=", 3);
	padded[row->pad] = '\0';
	free(body);
	return padded;
}

START_TEST(row_is_kept)
{
	const struct contract_row *row = &contract_rows[_i];
	struct http_call call = { .method = row->method,
		.content_type = row->type,
		.chunked = row->chunked,
		.http10 = row->http10,
		.expect = row->expect };
	char *headers[CONTRACT_HEADERS + 1] = { NULL };
	char id[24] = "", name[128];
	char *wanted, *value;
	struct answer answer;
	int i, head = row->method != NULL && strcmp(row->method, "HEAD") == 0;

	(void)snprintf(name, sizeof(name), "%s%s", row->name,
	    world.strict ? " (strict)" : "");
	name_row("row", _i);
	for (i = 0; i < CONTRACT_HEADERS && row->headers[i] != NULL; i++)
		headers[i] = expand(row->headers[i]);
	call.headers = (const char *const *)headers;
	call.path = expand(row->path != NULL ? row->path : "/api/v2");
	call.body = row_body(row);
	wanted = expand(row->answer);

	http_run(&world.site, &call, &answer);
	check_common(name, &answer, head);
	check_status(name, &answer, row->http, row->strict);
	ck_assert_msg(matches(wanted, answer.body, id), "%s: %.300s, not %s",
	    name, answer.body, wanted);
	if (row->header != NULL) {
		value = strdup(row->header);
		value[strcspn(value, ":")] = '\0';
		ck_assert_msg(answer_header(&answer, value) != NULL &&
				  strcmp(answer_header(&answer, value),
				      value + strlen(value) + 2) == 0,
		    "%s: no header %s", name, row->header);
		free(value);
	}
	answer_clear(&answer);
	if (row->then != NULL) {
		name_it("LAST", "%s", id);
		expect_answer(name, row->then, row->then_answer, 0, id);
	}
	for (i = 0; headers[i] != NULL; i++)
		free(headers[i]);
	free((char *)(uintptr_t)call.path);
	free((char *)(uintptr_t)call.body);
	free(wanted);
}
END_TEST

START_TEST(type_is_ordered)
{
	const struct contract_type *type = &contract_types[_i];
	char body[2048], wanted[512], id[24];

	name_row("type", _i);
	(void)snprintf(body, sizeof(body),
	    "key=$KEY&action=add&service=%d&%s%s%s", type->service,
	    type->fields, type->optional != NULL ? "&" : "",
	    type->optional != NULL ? type->optional : "");
	expect_answer(type->type, body, "{\"order\":$ID}", 0, id);
	name_it("LAST", "%s", id);
	(void)snprintf(wanted, sizeof(wanted),
	    "{\"charge\":\"%s\",\"start_count\":\"0\",\"status\":\"Pending\","
	    "\"remains\":\"%s\",\"currency\":\"USD\"}",
	    type->charge, type->remains);
	expect_answer(
	    type->type, "key=$KEY&action=status&order=$LAST", wanted, 0, id);
}
END_TEST

/* Leaves out one field after the other. */
START_TEST(type_says_what_is_missing)
{
	const struct contract_type *type = &contract_types[_i];
	char body[2048], wanted[256], field[64], id[24];
	const char *begin, *end;
	size_t name_len;

	name_row("missing", _i);
	for (begin = type->fields; begin != NULL; begin = end) {
		end = strchr(begin, '&');
		if (end != NULL)
			end++;
		name_len = strcspn(begin, "=");
		(void)snprintf(
		    field, sizeof(field), "%.*s", (int)name_len, begin);
		(void)snprintf(body, sizeof(body),
		    "key=$KEY&action=add&service=%d&%.*s%s", type->service,
		    (int)(begin - type->fields), type->fields,
		    end != NULL ? end : "");
		if (strcmp(field, "link") == 0)
			(void)snprintf(
			    wanted, sizeof(wanted), "{\"error\":\"Bad link\"}");
		else
			(void)snprintf(wanted, sizeof(wanted),
			    "{\"error\":\"Missing required parameter: %s\"}",
			    field);
		expect_answer(type->type, body, wanted, 400, id);
		/* Empty is as good as missing. */
		(void)snprintf(body, sizeof(body),
		    "key=$KEY&action=add&service=%d&%.*s%s=&%s", type->service,
		    (int)(begin - type->fields), type->fields, field,
		    end != NULL ? end : "");
		expect_answer(type->type, body, wanted, 400, id);
	}
}
END_TEST

/* --- facts that take more than one call -------------------------------- */

START_TEST(services_have_exact_types)
{
	static const struct {
		const char *name;
		json_type type;
	} fields[] = {
		{ "service", JSON_INTEGER },
		{ "name", JSON_STRING },
		{ "type", JSON_STRING },
		{ "category", JSON_STRING },
		{ "rate", JSON_STRING },
		{ "min", JSON_STRING },
		{ "max", JSON_STRING },
		{ "refill", JSON_TRUE },
		{ "cancel", JSON_TRUE },
		{ "dripfeed", JSON_TRUE },
		{ "desc", JSON_STRING },
	};
	char *body = expand("key=$KEY&action=services");
	struct answer answer;
	json_t *list, *service, *value;
	size_t i, f, found = 0;

	api_call(&world.site, &answer, "%s", body);
	list = json_loads(answer.body, 0, NULL);
	ck_assert_uint_eq(json_array_size(list), 23);
	json_array_foreach(list, i, service)
	{
		ck_assert_uint_eq(json_object_size(service), ROWS(fields));
		for (f = 0; f < sizeof(fields) / sizeof(fields[0]); f++) {
			value = json_object_get(service, fields[f].name);
			ck_assert_ptr_nonnull(value);
			if (fields[f].type == JSON_TRUE)
				ck_assert(json_is_boolean(value));
			else
				ck_assert_int_eq(
				    json_typeof(value), fields[f].type);
		}
		f = (size_t)json_integer_value(
		    json_object_get(service, "service"));
		ck_assert_uint_ne(f, 20);
		if (f != 19)
			continue;
		ck_assert_str_eq(
		    json_string_value(json_object_get(service, "name")),
		    "Say \"cheese\", <b> & \xc3\xa4");
		found++;
	}
	ck_assert_uint_eq(found, 1);
	json_decref(list);
	answer_clear(&answer);
	free(body);
}
END_TEST

/* The balance of $KEY in nano-units, from its exact text. */
static int64_t
balance(void)
{
	char *body = expand("key=$KEY&action=balance"), text[64];
	struct answer answer;
	json_t *model;
	int64_t nano;
	char *point;

	api_call(&world.site, &answer, "%s", body);
	model = json_loads(answer.body, 0, NULL);
	(void)snprintf(text, sizeof(text), "%s000000000",
	    json_string_value(json_object_get(model, "balance")));
	json_decref(model);
	answer_clear(&answer);
	free(body);
	point = strchr(text, '.');
	ck_assert_ptr_nonnull(point);
	point[10] = '\0';
	nano = strtoll(text, NULL, 10) * 1000000000;
	return nano + strtoll(point + 1, NULL, 10);
}

START_TEST(request_id_makes_one_order)
{
	char first[24], again[24];
	int64_t before = balance(), after;

	name_row("request", 0);
	expect_answer("first",
	    "key=$KEY&action=add&service=1&link=$LINK&quantity=100"
	    "&request_id=a+b%2b%c3%a4",
	    "{\"order\":$ID}", 0, first);
	after = balance();
	ck_assert_int_eq(before - after, 90000000);
	expect_answer("the same again",
	    "key=$KEY&action=add&service=1&link=$LINK&quantity=100"
	    "&request_id=a+b%2b%c3%a4",
	    "{\"order\":$ID}", 0, again);
	ck_assert_str_eq(first, again);
	expect_answer("in another order",
	    "request_id=a%20b%2B%C3%A4&quantity=100&link=$LINK&service=1"
	    "&action=add&key=$KEY",
	    "{\"order\":$ID}", 0, again);
	ck_assert_str_eq(first, again);
	ck_assert_int_eq(balance(), after);
	expect_answer("another quantity",
	    "key=$KEY&action=add&service=1&link=$LINK&quantity=101"
	    "&request_id=a+b%2b%c3%a4",
	    "{\"error\":\"request_id was used with other fields\"}", 400,
	    again);
	expect_answer("another service",
	    "key=$KEY&action=add&service=22&link=$LINK&quantity=100"
	    "&request_id=a+b%2b%c3%a4",
	    "{\"error\":\"request_id was used with other fields\"}", 400,
	    again);
	ck_assert_int_eq(balance(), after);
	/* Another account may use the same words. */
	expect_answer("another account",
	    "key=$KEY2&action=add&service=1&link=$LINK&quantity=100"
	    "&request_id=a+b%2b%c3%a4",
	    "{\"order\":$ID}", 0, again);
	ck_assert_str_ne(first, again);
	/* It answers the same after the order has ended. */
	move(strtoll(first, NULL, 10), "Canceled", "--note", "ended");
	after = balance();
	expect_answer("after the end",
	    "key=$KEY&action=add&service=1&link=$LINK&quantity=100"
	    "&request_id=a+b%2b%c3%a4",
	    "{\"order\":$ID}", 0, again);
	ck_assert_str_eq(first, again);
	ck_assert_int_eq(balance(), after);
}
END_TEST

START_TEST(refused_orders_cost_nothing)
{
	int64_t before = balance();
	char id[24];

	name_row("refused", 0);
	expect_answer("too many",
	    "key=$KEY&action=add&service=1&link=$LINK&quantity=10001",
	    "{\"error\":*}", 400, id);
	expect_answer("too dear",
	    "key=$KEY&action=add&service=21&link=$LINK&quantity=1000000",
	    "{\"error\":*}", 400, id);
	expect_answer("active link",
	    "key=$KEY&action=add&service=1&link=$PENDING_LINK&quantity=100",
	    "{\"error\":*}", 400, id);
	ck_assert_int_eq(balance(), before);
}
END_TEST

START_TEST(site_is_consistent)
{
	site_must_check(&world.site);
}
END_TEST

/* --- programs by hand -------------------------------------------------- */

static const struct {
	const char *program, *action, *fields, *answer;
} programs[] = {
	{ "services", "services", "", "[{\"service\":1,*]" },
	{ "add", "add", "service=22&link=https://e.test/$ROW&quantity=1",
	    "{\"order\":$ID}" },
	{ "status", "status", "order=$PARTIAL", "{\"charge\":*}" },
	{ "refill", "refill", "order=$PARTIAL",
	    "{\"error\":\"Refill is disabled for this service\"}" },
	{ "refill_status", "refill_status", "refill=$REFILLED",
	    "{\"status\":\"Completed\"}" },
	{ "cancel", "cancel", "order=$COMPLETED",
	    "{\"error\":\"Order cannot be canceled\"}" },
	{ "balance", "balance", "", "{\"balance\":*}" },
	{ "webhook_add", "webhook.add",
	    "url=https://e.test/$ROW&events=order.created",
	    "{\"webhook\":$ID,\"url\":\"https://e.test/$ROW\","
	    "\"events\":[\"order.created\"],\"secret\":\"whsec_*\","
	    "\"status\":\"active\"}" },
	{ "webhook_list", "webhook.list", "", "[{\"webhook\":$ID,*}]" },
	{ "webhook_update", "webhook.update", "webhook=$MINE&status=active",
	    "{\"webhook\":$MINE,*\"status\":\"active\",*}" },
	{ "webhook_rotate", "webhook.rotate", "webhook=$MINE&overlap=1",
	    "{\"webhook\":$MINE,\"secret\":\"whsec_*\","
	    "\"old_secret_until\":\"20*Z\"}" },
	{ "webhook_test", "webhook.test", "webhook=$MINE",
	    "{\"webhook\":$MINE,\"event\":\"evt_*\"}" },
	{ "webhook_deliveries", "webhook.deliveries", "webhook=$MINE", "[]" },
	{ "webhook_resend", "webhook.resend", "webhook=$MINE&since=0",
	    "{\"webhook\":$MINE,\"queued\":0}" },
	{ "webhook_remove", "webhook.remove", "webhook=$OTHERS_HOOK",
	    "{\"error\":\"Webhook not found\"}" },
};

/* Runs an action's own program; its answer must match a pattern. */
static void
expect_alone(int row, const char *action, const char *pattern)
{
	char text[512], id[24];
	char *body, *wanted;
	struct answer answer;

	(void)snprintf(text, sizeof(text), "key=$KEY&%s%s%s",
	    programs[row].fields, action != NULL ? "&action=" : "",
	    action != NULL ? action : "");
	body = expand(text);
	wanted = expand(pattern);
	cgi_run(&world.site,
	    &(struct cgi_call){
		.program = programs[row].program, .body = body },
	    &answer);
	check_common(programs[row].program, &answer, 0);
	ck_assert_int_eq(answer.code, 0);
	ck_assert_str_eq(answer.err, "");
	ck_assert_msg(matches(wanted, answer.body, id), "%s: %s, not %s",
	    programs[row].program, answer.body, wanted);
	answer_clear(&answer);
	free(body);
	free(wanted);
}

/* Each action's own program needs no action, and takes its own alone. */
START_TEST(program_answers_alone)
{
	static const char *const other[] = { "balance", "services" };
	int is_other = strcmp(programs[_i].action, other[0]) == 0;

	name_row("alone", 2 * _i);
	expect_alone(_i, NULL, programs[_i].answer);
	name_row("alone", 2 * _i + 1);
	expect_alone(_i, programs[_i].action, programs[_i].answer);
	expect_alone(_i, other[is_other], "{\"error\":\"Incorrect request\"}");
}
END_TEST

static const struct {
	const char *fact;
	const char *length; /* as in struct cgi_call */
	size_t piece;
	const char *tail; /* after the call's body */
	const char *answer;
	int status;
} bodies[] = {
	{ "with its length", NULL, 0, "", "{\"balance\":*}", 200 },
	{ "without a length", "", 0, "", "{\"balance\":*}", 200 },
	{ "in pieces of one", NULL, 1, "", "{\"balance\":*}", 200 },
	{ "in pieces of two", NULL, 2, "", "{\"balance\":*}", 200 },
	{ "in pieces of three", "", 3, "", "{\"balance\":*}", 200 },
	{ "in pieces of four", "", 4, "", "{\"balance\":*}", 200 },
	{ "in pieces of five", NULL, 5, "", "{\"balance\":*}", 200 },
	{ "longer than it says", "68", 0, "&action=nonsense", "{\"balance\":*}",
	    200 },
	{ "shorter than it says", "1000", 0, "",
	    "{\"error\":\"Malformed request body: *\"}", 400 },
	{ "length -1", "-1", 0, "", "{\"error\":\"Malformed request body: *\"}",
	    400 },
	{ "length 1x", "1x", 0, "", "{\"error\":\"Malformed request body: *\"}",
	    400 },
	{ "length 0", "0", 0, "", "{\"error\":\"Invalid API key\"}", 401 },
	{ "length beyond the limit", "65537", 0, "",
	    "{\"error\":\"Request body too large\"}", 413 },
	{ "length beyond 64 bits", "99999999999999999999", 0, "",
	    "{\"error\":\"Request body too large\"}", 413 },
};

START_TEST(body_is_read)
{
	char *body = expand("key=$KEY&action=balance"), id[24];
	char sent[256];
	struct answer answer;

	/* "longer than it says" counts on it. */
	ck_assert_uint_eq(strlen(body), 4 + API_KEY_LEN + 15);
	(void)snprintf(sent, sizeof(sent), "%s%s", body, bodies[_i].tail);
	cgi_run(&world.site,
	    &(struct cgi_call){ .body = sent,
		.length = bodies[_i].length,
		.piece = bodies[_i].piece },
	    &answer);
	check_common(bodies[_i].fact, &answer, 0);
	ck_assert_msg(matches(bodies[_i].answer, answer.body, id), "%s: %s",
	    bodies[_i].fact, answer.body);
	check_status(bodies[_i].fact, &answer,
	    bodies[_i].status == 413 ? 413 : 0, bodies[_i].status);
	ck_assert_int_eq(answer.code, 0);
	answer_clear(&answer);
	free(body);
}
END_TEST

static const char *const elsewhere[] = { "HTTP_AUTHORIZATION=Bearer $KEY",
	"REDIRECT_HTTP_AUTHORIZATION=Bearer $KEY", "HTTP_X_API_KEY=$KEY",
	"HTTP_COOKIE=theme=dark; key=$KEY" };

/* Some web servers hand on what Apache does not. */
START_TEST(key_elsewhere_is_refused)
{
	char *variable = expand(elsewhere[_i]), id[24];
	const char *env[] = { variable, NULL };
	struct answer answer;

	cgi_run(&world.site,
	    &(struct cgi_call){ .body = "action=balance", .env = env },
	    &answer);
	check_common(elsewhere[_i], &answer, 0);
	check_status(elsewhere[_i], &answer, 0, 401);
	ck_assert_msg(matches("{\"error\":\"The API key belongs in the "
			      "request body, in the field key\"}",
			  answer.body, id),
	    "%s: %s", elsewhere[_i], answer.body);
	answer_clear(&answer);
	free(variable);
}
END_TEST

/* A web server that says nothing at all. */
START_TEST(empty_environment_is_answered)
{
	struct answer answer;

	cgi_run(&world.site,
	    &(struct cgi_call){
		.method = "", .content_type = "", .length = "" },
	    &answer);
	check_common("no environment", &answer, 0);
	ck_assert_int_eq(answer.status, 405);
	answer_clear(&answer);
}
END_TEST

/* --- webhooks ---------------------------------------------------------- */

/* Calls that take a webhook's id, and would do something to a good one. */
static const char *const id_takers[] = { "update&status=paused", "remove",
	"rotate", "test", "deliveries", "resend&since=0" };

static const char *const bad_ids[] = { "-1", "1e3", "0", "00", "x", "1x", "0x1",
	"1.0", "%2b1", "$HOOK,$PAUSED", "999999", "9223372036854775807",
	"9223372036854775808", "99999999999999999999", "1'--", "$OTHERS_HOOK",
	"$GONE" };

START_TEST(bad_webhook_ids_are_unknown)
{
	char body[256], id[24];
	int i;

	for (i = 0; i < ROWS(bad_ids); i++) {
		(void)snprintf(body, sizeof(body),
		    "key=$HOOKS&action=webhook.%s&webhook=%s", id_takers[_i],
		    bad_ids[i]);
		expect_answer(
		    body, body, "{\"error\":\"Webhook not found\"}", 404, id);
	}
	/* An id that is absent is another matter, and orders' old name none. */
	(void)snprintf(
	    body, sizeof(body), "key=$HOOKS&action=webhook.%s", id_takers[_i]);
	expect_answer(body, body,
	    "{\"error\":\"Missing required parameter: webhook\"}", 400, id);
	(void)snprintf(body, sizeof(body),
	    "key=$HOOKS&action=webhook.%s&webhook=undefined&id=$HOOK",
	    id_takers[_i]);
	expect_answer(body, body,
	    "{\"error\":\"Missing required parameter: webhook\"}", 400, id);
}
END_TEST

/* The answer to a call of an account of its own, as JSON; to be dropped. */
static json_t *
model_of(struct site *site, const char *key, const char *fields)
{
	struct answer answer;
	json_t *model;

	api_call(site, &answer, "key=%s&action=webhook.%s", key, fields);
	model = json_loads(answer.body, 0, NULL);
	ck_assert_msg(model != NULL && json_object_get(model, "error") == NULL,
	    "%s: %s", fields, answer.body);
	answer_clear(&answer);
	return model;
}

static const char *
text_in(json_t *model, const char *name)
{
	return json_string_value(json_object_get(model, name));
}

/* The secret in a column as text, unsealed with the site's own key. */
static void
unsealed(struct site *site, int64_t id, const char *column, char text[64])
{
	unsigned char sealed[WEBHOOK_SEALED_LEN], secret[WEBHOOK_SECRET_LEN];
	char sql[128], path[SITE_PATH_LEN + 32], *hex;
	struct seal_key key;
	unsigned byte;
	size_t i;

	(void)snprintf(sql, sizeof(sql),
	    "SELECT hex(%s) FROM webhook WHERE id = %lld", column,
	    (long long)id);
	hex = site_sql_text(site, sql);
	ck_assert_uint_eq(strlen(hex), 2 * sizeof(sealed));
	for (i = 0; i < sizeof(sealed); i++) {
		ck_assert_int_eq(sscanf(hex + 2 * i, "%2x", &byte), 1);
		sealed[i] = (unsigned char)byte;
	}
	free(hex);
	(void)snprintf(path, sizeof(path), "%s/data/seal.key", site->dir);
	ck_assert_int_eq(secret_init(), RC_OK);
	ck_assert_int_eq(secret_seal_key_load(path, &key), RC_OK);
	ck_assert_int_eq(
	    webhook_unseal(&key, id, sealed, sizeof(sealed), secret), RC_OK);
	(void)snprintf(text, 64, "whsec_");
	base64_encode(secret, sizeof(secret), text + 6);
	/* It is for this webhook alone. */
	ck_assert_int_eq(
	    webhook_unseal(&key, id + 1, sealed, sizeof(sealed), secret),
	    RC_FAIL);
}

/* Nothing but the answer that made it ever has the secret. */
static void
must_be_hidden(struct site *site, const char *key, const char *secret)
{
	char wanted[16];
	char *listed, path[SITE_PATH_LEN + 32], *bytes;
	json_t *list = model_of(site, key, "list");
	size_t len;

	listed = json_dumps(list, 0);
	ck_assert_ptr_null(strstr(listed, secret + 6));
	(void)snprintf(wanted, sizeof(wanted), "\xe2\x80\xa6%s",
	    secret + strlen(secret) - 4);
	ck_assert_str_eq(
	    text_in(json_array_get(list, 0), "secret_hint"), wanted);
	free(listed);
	json_decref(list);
	(void)snprintf(path, sizeof(path), "%s/data/latchkey.db", site->dir);
	bytes = fixture_read(path, &len);
	ck_assert_ptr_null(memmem(bytes, len, secret + 6, 20));
	free(bytes);
}

/* A secret is new, of 32 bytes in base64. */
static void
must_be_secret(const char *secret, const char *before)
{
	ck_assert_uint_eq(strlen(secret), 50);
	ck_assert_int_eq(strncmp(secret, "whsec_", 6), 0);
	ck_assert_uint_eq(strspn(secret + 6, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
					     "abcdefghijklmnopqrstuvwxyz"
					     "0123456789+/"),
	    43);
	ck_assert_str_eq(secret + 49, "=");
	ck_assert_str_ne(secret, before);
}

static const struct {
	const char *fields;
	int hours;
} overlaps[] = {
	{ "", 24 },
	{ "&overlap=", 24 },
	{ "&overlap=1", 1 },
	{ "&overlap=168", 168 },
	{ "&overlap=0", 0 },
};

/* The old secret stays for as long as the answer says. */
START_TEST(secrets_are_shown_once_sealed_and_rotated)
{
	char key[KEY_TEXT_LEN], fields[128], secret[64], old[64], now[64];
	struct site site;
	json_t *model;
	int64_t id, at, until;
	int i;

	site_make(&site, NULL);
	(void)site_account(&site, "a@example.com");
	site_key(&site, "a@example.com", key);
	model = model_of(&site, key, "add&url=https://example.com");
	id = json_integer_value(json_object_get(model, "webhook"));
	(void)snprintf(secret, sizeof(secret), "%s", text_in(model, "secret"));
	json_decref(model);
	must_be_secret(secret, "");
	must_be_hidden(&site, key, secret);
	unsealed(&site, id, "secret", now);
	ck_assert_str_eq(now, secret);
	for (i = 0; i < ROWS(overlaps); i++) {
		(void)snprintf(old, sizeof(old), "%s", secret);
		at = time(NULL);
		(void)snprintf(fields, sizeof(fields), "rotate&webhook=%lld%s",
		    (long long)id, overlaps[i].fields);
		model = model_of(&site, key, fields);
		(void)snprintf(
		    secret, sizeof(secret), "%s", text_in(model, "secret"));
		must_be_secret(secret, old);
		must_be_hidden(&site, key, secret);
		unsealed(&site, id, "secret", now);
		ck_assert_str_eq(now, secret);
		until = 0;
		if (overlaps[i].hours > 0) {
			unsealed(&site, id, "old_secret", now);
			ck_assert_str_eq(now, old);
			ck_assert_int_eq(
			    timestamp_parse(
				text_in(model, "old_secret_until"), &until),
			    RC_OK);
			ck_assert_int_ge(until, at + overlaps[i].hours * 3600);
			ck_assert_int_le(until,
			    (int64_t)time(NULL) + overlaps[i].hours * 3600);
		}
		ck_assert_int_eq(
		    site_sql_int(
			&site, "SELECT COALESCE(old_until, 0) FROM webhook"),
		    until);
		ck_assert_int_eq(site_sql_int(&site,
				     "SELECT old_secret IS NULL FROM webhook"),
		    overlaps[i].hours == 0);
		json_decref(model);
	}
	site_must_check(&site);
	site_remove(&site);
}
END_TEST

/* Adds a webhook; its id, or 0 if the key has its five. */
static int64_t
try_to_add(struct site *site, const char *key)
{
	struct answer answer;
	long long id = 0;

	api_call(site, &answer,
	    "key=%s&action=webhook.add&url=https://example.com", key);
	if (sscanf(answer.body, "{\"webhook\":%lld,", &id) != 1)
		ck_assert_str_eq(
		    answer.body, "{\"error\":\"Webhook limit reached\"}");
	ck_assert_int_eq(answer.status, id != 0 ? 200 : 400);
	answer_clear(&answer);
	return id;
}

START_TEST(a_key_has_five_webhooks)
{
	char key[2][KEY_TEXT_LEN], fields[64];
	struct site site;
	json_t *list;
	int64_t id = 0;
	int i;

	site_make(&site, "http_status = strict");
	(void)site_account(&site, "a@example.com");
	site_key(&site, "a@example.com", key[0]);
	site_key(&site, "a@example.com", key[1]);
	for (i = 0; i < 5; i++) {
		id = try_to_add(&site, key[0]);
		ck_assert_int_gt(id, 0);
	}
	ck_assert_int_eq(try_to_add(&site, key[0]), 0);
	/* One that is paused or disabled counts, one that is removed not. */
	site_sql(&site, "UPDATE webhook SET status = id WHERE id IN (2, 3)");
	ck_assert_int_eq(try_to_add(&site, key[0]), 0);
	(void)snprintf(
	    fields, sizeof(fields), "remove&webhook=%lld", (long long)id);
	json_decref(model_of(&site, key[0], fields));
	ck_assert_int_gt(try_to_add(&site, key[0]), id);
	ck_assert_int_eq(try_to_add(&site, key[0]), 0);
	/* Another key has its own five; both see all. */
	for (i = 0; i < 5; i++)
		ck_assert_int_gt(try_to_add(&site, key[1]), 0);
	ck_assert_int_eq(try_to_add(&site, key[1]), 0);
	for (i = 0; i < 2; i++) {
		list = model_of(&site, key[i], "list");
		ck_assert_uint_eq(json_array_size(list), 10);
		json_decref(list);
	}
	site_must_check(&site);
	site_remove(&site);
}
END_TEST

START_TEST(deliveries_come_by_fifties)
{
	char key[KEY_TEXT_LEN], fields[96];
	struct site site;
	json_t *list;
	size_t i, n = 0;
	int64_t before = 121;

	site_make(&site, NULL);
	(void)site_account(&site, "a@example.com");
	site_key(&site, "a@example.com", key);
	ck_assert_int_eq(try_to_add(&site, key), 1);
	site_sql(&site, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL"
			" SELECT i + 1 FROM n WHERE i < 120)"
			"INSERT INTO attempt (webhook_id, seq, event_id,"
			" outcome, attempted_at, duration_ms)"
			" SELECT 1, i, i, 2, i, 1 FROM n");
	for (; before > 1; n++) {
		(void)snprintf(fields, sizeof(fields),
		    before > 120 ? "deliveries&webhook=1"
				 : "deliveries&webhook=1&before=%lld",
		    (long long)before);
		list = model_of(&site, key, fields);
		ck_assert_uint_eq(json_array_size(list), n < 2 ? 50 : 20);
		for (i = 0; i < json_array_size(list); i++)
			ck_assert_int_eq(
			    json_integer_value(json_object_get(
				json_array_get(list, i), "attempt")),
			    --before);
		json_decref(list);
	}
	ck_assert_uint_eq(n, 3);
	site_remove(&site);
}
END_TEST

static const struct {
	const char *url;
	const char *answer;
} local_urls[] = {
	{ "http://127.0.0.1:8080/hook", "{\"webhook\":$ID,*}" },
	{ "http://127.9.9.9/", "{\"webhook\":$ID,*}" },
	{ "https://127.0.0.1/", "{\"webhook\":$ID,*}" },
	{ "http://localhost:8080/", "{\"webhook\":$ID,*}" },
	{ "http://[::1]:8080/", "{\"webhook\":$ID,*}" },
	{ "http://example.com/", "{\"webhook\":$ID,*}" },
	{ "https://example.com/", "{\"webhook\":$ID,*}" },
	{ "http://10.0.0.1/", "{\"error\":\"Webhook URL must be public\"}" },
	{ "https://192.168.0.1/",
	    "{\"error\":\"Webhook URL must be public\"}" },
	{ "http://169.254.169.254/",
	    "{\"error\":\"Webhook URL must be public\"}" },
	{ "http://0.0.0.0/", "{\"error\":\"Webhook URL must be public\"}" },
	{ "http://intranet/", "{\"error\":\"Webhook URL must be public\"}" },
	{ "http://printer.local/",
	    "{\"error\":\"Webhook URL must be public\"}" },
	{ "ftp://127.0.0.1/", "{\"error\":\"Webhook URL must be https\"}" },
	{ "https://user@127.0.0.1/",
	    "{\"error\":\"Incorrect parameter: url\"}" },
};

/* For development: this host and http, and nothing else more. */
START_TEST(webhook_local_admits_this_host)
{
	char key[KEY_TEXT_LEN], id[24];
	struct site site;
	struct answer answer;
	int i;

	site_make(&site, "webhook_local = yes");
	(void)site_account(&site, "a@example.com");
	site_key(&site, "a@example.com", key);
	for (i = 0; i < ROWS(local_urls); i++) {
		api_call(&site, &answer, "key=%s&action=webhook.add&url=%s",
		    key, local_urls[i].url);
		ck_assert_msg(matches(local_urls[i].answer, answer.body, id),
		    "%s: %s", local_urls[i].url, answer.body);
		answer_clear(&answer);
		site_sql(&site, "DELETE FROM webhook");
	}
	site_remove(&site);
}
END_TEST

/* Without the sealing key no secret is made, and nothing is told. */
START_TEST(a_lost_sealing_key_is_an_internal_error)
{
	static const char *const calls[] = { "add&url=https://example.com",
		"rotate&webhook=1" };
	char key[KEY_TEXT_LEN], path[SITE_PATH_LEN + 32];
	struct site site;
	struct answer answer;
	int i;

	site_make(&site, NULL);
	(void)site_account(&site, "a@example.com");
	site_key(&site, "a@example.com", key);
	ck_assert_int_eq(try_to_add(&site, key), 1);
	(void)snprintf(path, sizeof(path), "%s/data/seal.key", site.dir);
	ck_assert_int_eq(unlink(path), 0);
	for (i = 0; i < ROWS(calls); i++) {
		api_call(
		    &site, &answer, "key=%s&action=webhook.%s", key, calls[i]);
		ck_assert_int_eq(answer.status, 500);
		ck_assert_str_eq(answer.body, "{\"error\":\"Internal error\"}");
		ck_assert_ptr_nonnull(strstr(answer.err, "seal.key"));
		answer_clear(&answer);
	}
	ck_assert_int_eq(
	    site_sql_int(&site, "SELECT COUNT(*) FROM webhook"), 1);
	/* What needs none goes on. */
	json_decref(model_of(&site, key, "list"));
	json_decref(model_of(&site, key, "test&webhook=1"));
	json_decref(model_of(&site, key, "remove&webhook=1"));
	site_must_check(&site);
	site_remove(&site);
}
END_TEST

/* --- limits ------------------------------------------------------------ */

static const struct limit {
	const char *config;
	const char *tier;
	const char *layer;
	int calls;
	const char *limit;
} limits[] = {
	{ "rate_ip = 3", "1000", "ip", 3, "3" },
	{ "rate_key = 2", "1000", "key", 2, "2" },
	{ "", "4", "tier", 4, "4" },
};

/* The text of a header as a number; -1 without it. */
static long
header_number(const struct answer *answer, const char *name)
{
	const char *value = answer_header(answer, name);
	char *end;
	long n;

	if (value == NULL)
		return -1;
	n = strtol(value, &end, 10);
	return *end == '\0' ? n : -1;
}

START_TEST(limit_is_kept)
{
	const struct limit *limit = &limits[_i];
	char key[KEY_TEXT_LEN];
	struct site site;
	struct answer answer;
	long reset;
	int i;

	site_make(&site, limit->config);
	free(site_latchkey_ok(
	    &site, "tier", "set", "Standard", limit->tier, NULL));
	(void)site_account(&site, "a@example.com");
	site_key(&site, "a@example.com", key);
	site_start(&site);
	for (i = 1; i <= limit->calls; i++) {
		api_call(&site, &answer, "key=%s&action=balance", key);
		ck_assert_int_eq(answer.status, 200);
		ck_assert_str_eq(
		    answer_header(&answer, "X-RateLimit-Limit"), limit->limit);
		ck_assert_int_eq(
		    header_number(&answer, "X-RateLimit-Remaining"),
		    limit->calls - i);
		ck_assert_int_eq(
		    header_number(&answer, "X-RateLimit-Tier-Remaining"),
		    strtol(limit->tier, NULL, 10) - i);
		reset = header_number(&answer, "X-RateLimit-Reset");
		ck_assert_int_ge(reset, 1700000000);
		ck_assert_ptr_null(
		    answer_header(&answer, "X-RateLimit-DeniedBy"));
		answer_clear(&answer);
	}
	api_call(&site, &answer, "key=%s&action=balance", key);
	ck_assert_int_eq(answer.status, 429);
	ck_assert_str_eq(answer.body, "{\"error\":\"Rate limit exceeded\"}");
	ck_assert_str_eq(
	    answer_header(&answer, "Content-Type"), "application/json");
	ck_assert_str_eq(
	    answer_header(&answer, "X-RateLimit-DeniedBy"), limit->layer);
	ck_assert_int_ge(header_number(&answer, "Retry-After"), 1);
	ck_assert_int_le(header_number(&answer, "Retry-After"), 60);
	answer_clear(&answer);
	site_remove(&site);
}
END_TEST

/* A failed authentication is counted for the address alone. */
START_TEST(bad_keys_use_up_the_address_alone)
{
	char key[KEY_TEXT_LEN];
	struct site site;
	struct answer answer;
	int i;

	site_make(&site, "rate_ip = 6\nrate_key = 3");
	(void)site_account(&site, "a@example.com");
	site_key(&site, "a@example.com", key);
	for (i = 0; i < 3; i++) {
		api_call(&site, &answer, "key=lk_%d&action=balance", i);
		ck_assert_str_eq(
		    answer.body, "{\"error\":\"Invalid API key\"}");
		answer_clear(&answer);
	}
	for (i = 0; i < 3; i++) {
		api_call(&site, &answer, "key=%s&action=balance", key);
		ck_assert_int_eq(answer.status, 200);
		answer_clear(&answer);
	}
	api_call(&site, &answer, "key=lk_x&action=balance");
	ck_assert_int_eq(answer.status, 429);
	ck_assert_str_eq(answer_header(&answer, "X-RateLimit-DeniedBy"), "ip");
	answer_clear(&answer);
	site_remove(&site);
}
END_TEST

/* Whichever way a key is wrong, and in the first call past it too. */
START_TEST(an_address_past_its_limit_is_told_so_whatever_its_key)
{
	static const char *const ways[] = { "key=lk_x", "x=1",
		"key=lk_x&key=lk_y", "", "action=nothing" };
	char key[KEY_TEXT_LEN];
	struct site site;
	struct answer answer;
	int i;

	site_make(&site, "rate_ip = 2");
	(void)site_account(&site, "a@example.com");
	site_key(&site, "a@example.com", key);
	for (i = 0; i < 5; i++) {
		if (i < 2)
			api_call(&site, &answer, "key=%s&action=balance", key);
		else
			api_call(&site, &answer, "%s%s&action=balance",
			    ways[_i][0] != '\0' ? "" : "key=",
			    ways[_i][0] != '\0' ? ways[_i] : key);
		ck_assert_int_eq(answer.status, i < 2 ? 200 : 429);
		ck_assert_str_eq(
		    answer_header(&answer, "X-RateLimit-Remaining"),
		    i == 0 ? "1" : "0");
		if (i >= 2)
			ck_assert_str_eq(
			    answer_header(&answer, "X-RateLimit-DeniedBy"),
			    "ip");
		answer_clear(&answer);
	}
	site_remove(&site);
}
END_TEST

static void
must_say(
    struct site *site, const char *key, const char *action, const char *body)
{
	struct answer answer;
	int i;

	/* The second time it may be remembered. */
	for (i = 0; i < 2; i++) {
		api_call(site, &answer, "key=%s&action=%s", key, action);
		ck_assert_str_eq(answer.body, body);
		answer_clear(&answer);
	}
}

#define SERVICE(rate)                                                          \
	"[{\"service\":1,\"name\":\"A \\\\ B\",\"type\":\"Default\","          \
	"\"category\":\"\\\"C\\\"\",\"rate\":\"" rate "\",\"min\":\"1\","      \
	"\"max\":\"20\",\"refill\":false,\"cancel\":false,\"dripfeed\":false," \
	"\"desc\":\"\"}]"

START_TEST(what_an_operator_changes_holds_from_the_next_call_on)
{
	char key[KEY_TEXT_LEN], other[KEY_TEXT_LEN], id[API_KEY_ID_LEN + 1];
	struct site site;

	site_make(&site, NULL);
	(void)site_account(&site, "a@example.com");
	site_key(&site, "a@example.com", key);
	site_key(&site, "a@example.com", other);
	must_say(&site, key, "balance",
	    "{\"balance\":\"0.00\",\"currency\":\"USD\"}");
	site_credit(&site, "a@example.com", "5");
	must_say(&site, key, "balance",
	    "{\"balance\":\"5.00\",\"currency\":\"USD\"}");
	must_say(&site, other, "balance",
	    "{\"balance\":\"5.00\",\"currency\":\"USD\"}");
	must_say(&site, key, "services", "[]");
	free(site_latchkey_ok(&site, "service", "add", "--name", "A \\ B",
	    "--type", "Default", "--category", "\"C\"", "--rate", "1.5",
	    "--min", "1", "--max", "20", NULL));
	must_say(&site, key, "services", SERVICE("1.50"));
	free(site_latchkey_ok(
	    &site, "service", "edit", "1", "--rate", "2.5", NULL));
	must_say(&site, other, "services", SERVICE("2.50"));
	memcpy(id, key + API_KEY_PREFIX_LEN, API_KEY_ID_LEN);
	id[API_KEY_ID_LEN] = '\0';
	free(site_latchkey_ok(
	    &site, "key", "revoke", id, "--why", "lost", NULL));
	must_say(&site, key, "balance", "{\"error\":\"Invalid API key\"}");
	must_say(&site, other, "balance",
	    "{\"balance\":\"5.00\",\"currency\":\"USD\"}");
	free(site_latchkey_ok(
	    &site, "account", "suspend", "a@example.com", NULL));
	must_say(&site, other, "balance", "{\"error\":\"Account suspended\"}");
	free(site_latchkey_ok(
	    &site, "account", "unsuspend", "a@example.com", NULL));
	must_say(&site, other, "balance",
	    "{\"balance\":\"5.00\",\"currency\":\"USD\"}");
	site_remove(&site);
}
END_TEST

/* Two keys of one account share its tier, but not their own limits. */
START_TEST(denied_calls_consume_nothing_elsewhere)
{
	char key[2][KEY_TEXT_LEN];
	struct site site;
	struct answer answer;
	int i;

	site_make(&site, "rate_key = 2");
	free(site_latchkey_ok(&site, "tier", "set", "Standard", "3", NULL));
	(void)site_account(&site, "a@example.com");
	site_key(&site, "a@example.com", key[0]);
	site_key(&site, "a@example.com", key[1]);
	for (i = 0; i < 5; i++) {
		api_call(&site, &answer, "key=%s&action=balance", key[0]);
		ck_assert_int_eq(answer.status, i < 2 ? 200 : 429);
		if (i >= 2)
			ck_assert_str_eq(
			    answer_header(&answer, "X-RateLimit-DeniedBy"),
			    "key");
		answer_clear(&answer);
	}
	for (i = 0; i < 3; i++) {
		api_call(&site, &answer, "key=%s&action=balance", key[1]);
		ck_assert_int_eq(answer.status, i < 1 ? 200 : 429);
		if (i >= 1)
			ck_assert_str_eq(
			    answer_header(&answer, "X-RateLimit-DeniedBy"),
			    "tier");
		answer_clear(&answer);
	}
	site_remove(&site);
}
END_TEST

static const struct {
	int proxied;           /* 127.0.0.1 and 10.0.0.9 are proxies */
	const char *forwarded; /* X-Forwarded-For, NULL for none */
	int status;
} callers[] = {
	{ 0, "1.1.1.1", 200 },
	{ 0, "2.2.2.2", 429 },
	{ 1, "1.1.1.1", 200 },
	{ 1, "1.1.1.1", 429 },
	{ 1, "9.9.9.9, 1.1.1.1", 429 },
	{ 1, "1.1.1.1, 2.2.2.2", 200 },
	{ 1, "1.1.1.1,3.3.3.3 , 10.0.0.9", 200 },
	{ 1, "3.3.3.3", 429 },
	{ 1, "2001:db8::1", 200 },
	{ 1, "2001:db8::ffff:0:0:2", 429 },
	{ 1, "2001:db8:0:1::1", 200 },
	{ 1, NULL, 200 },
	{ 1, NULL, 429 },
	{ 1, "nonsense", 429 },
};

/* One call a minute from an address tells who is taken for the caller. */
START_TEST(caller_is_found_behind_proxies)
{
	char key[KEY_TEXT_LEN], body[256], forwarded[128];
	const char *env[] = { forwarded, NULL };
	struct site site;
	struct answer answer;
	int i;

	site_make(&site,
	    _i ? "rate_ip = 1\nproxies = 127.0.0.1, 10.0.0.9" : "rate_ip = 1");
	(void)site_account(&site, "a@example.com");
	site_key(&site, "a@example.com", key);
	(void)snprintf(body, sizeof(body), "key=%s&action=balance", key);
	for (i = 0; i < ROWS(callers); i++) {
		if (callers[i].proxied != _i)
			continue;
		(void)snprintf(forwarded, sizeof(forwarded),
		    "HTTP_X_FORWARDED_FOR=%s",
		    callers[i].forwarded != NULL ? callers[i].forwarded : "");
		cgi_run(&site,
		    &(struct cgi_call){ .body = body,
			.env = callers[i].forwarded != NULL ? env : NULL },
		    &answer);
		ck_assert_msg(answer.status == callers[i].status,
		    "row %d: %d, not %d", i, answer.status, callers[i].status);
		answer_clear(&answer);
	}
	site_remove(&site);
}
END_TEST

START_TEST(empty_catalogue_is_an_empty_array)
{
	char key[KEY_TEXT_LEN];
	struct site site;
	struct answer answer;

	site_make(&site, NULL);
	(void)site_account(&site, "a@example.com");
	site_key(&site, "a@example.com", key);
	api_call(&site, &answer, "key=%s&action=services", key);
	ck_assert_str_eq(answer.body, "[]");
	answer_clear(&answer);
	site_remove(&site);
}
END_TEST

/* --- suite ------------------------------------------------------------- */

static void
add_world(Suite *suite, const char *name, void (*make)(void))
{
	TCase *tcase = tcase_create(name);
	int rows = 0, types = 0;

	while (contract_rows[rows].name != NULL)
		rows++;
	while (contract_types[types].type != NULL)
		types++;
	tcase_add_unchecked_fixture(tcase, make, end_world);
	tcase_add_loop_test(tcase, row_is_kept, 0, rows);
	tcase_add_loop_test(tcase, type_is_ordered, 0, types);
	tcase_add_loop_test(tcase, type_says_what_is_missing, 0, types);
	tcase_add_test(tcase, services_have_exact_types);
	tcase_add_test(tcase, request_id_makes_one_order);
	tcase_add_test(tcase, refused_orders_cost_nothing);
	tcase_add_loop_test(tcase, program_answers_alone, 0, ROWS(programs));
	tcase_add_loop_test(
	    tcase, bad_webhook_ids_are_unknown, 0, ROWS(id_takers));
	tcase_add_loop_test(tcase, body_is_read, 0, ROWS(bodies));
	tcase_add_loop_test(
	    tcase, key_elsewhere_is_refused, 0, ROWS(elsewhere));
	tcase_add_test(tcase, empty_environment_is_answered);
	tcase_add_test(tcase, site_is_consistent);
	suite_add_tcase(suite, tcase);
}

static Suite *
make_suite(void)
{
	Suite *suite = suite_create("contract");
	TCase *tcase = tcase_create("limits");

	add_world(suite, "compat", make_compatible);
	add_world(suite, "strict", make_strict);
	tcase_add_loop_test(tcase, limit_is_kept, 0, ROWS(limits));
	tcase_add_test(tcase, bad_keys_use_up_the_address_alone);
	tcase_add_loop_test(
	    tcase, an_address_past_its_limit_is_told_so_whatever_its_key, 0, 5);
	tcase_add_test(
	    tcase, what_an_operator_changes_holds_from_the_next_call_on);
	tcase_add_test(tcase, denied_calls_consume_nothing_elsewhere);
	tcase_add_loop_test(tcase, caller_is_found_behind_proxies, 0, 2);
	tcase_add_test(tcase, empty_catalogue_is_an_empty_array);
	suite_add_tcase(suite, tcase);
	tcase = tcase_create("webhooks");
	tcase_add_test(tcase, secrets_are_shown_once_sealed_and_rotated);
	tcase_add_test(tcase, a_key_has_five_webhooks);
	tcase_add_test(tcase, deliveries_come_by_fifties);
	tcase_add_test(tcase, webhook_local_admits_this_host);
	tcase_add_test(tcase, a_lost_sealing_key_is_an_internal_error);
	suite_add_tcase(suite, tcase);
	return suite;
}

SUITE_MAIN(make_suite)
