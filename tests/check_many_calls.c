/* SPDX-License-Identifier: ISC */
/*
 * 100,000 calls of many accounts through one process, each compared with
 * what CGI answers in the same state; meanwhile the process stays as large
 * as it was.
 *
 * Two sites have the same data: one is called by FastCGI, one process from
 * the first call to the last, the other, its twin, by CGI.  What changes
 * something is done to both.  What does not is asked of the twin once for
 * every state that its answer depends on.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "contract.h"
#include "fcgi.h"
#include "harness.h"
#include "suite.h"

enum {
#if defined(__SANITIZE_ADDRESS__)
	CALLS = 5000,
	SETTLED = 500, /* calls after which memory must not grow */
#else
	CALLS = 100000,
	SETTLED = 10000,
#endif
	CHANGES = 150, /* of the first SETTLED calls */
	ACCOUNTS = 12,
	GROWTH_KIB = 512,
	ORDERS_KNOWN = 64,
	OUT_MAX = 1 << 20
};

/* The bytes of a request. */
struct request {
	char *bytes;
	size_t len;
};

/* What is asked: $ is the key, # the newest of the account's orders. */
static const struct {
	int changes; /* the answer, with the account */
	const char *type, *method, *query, *body;
} asked[] = {
	{ 1, NULL, NULL, "", "key=$&action=balance" },
	{ 0, NULL, NULL, "", "key=$&action=services" },
	{ 1, NULL, NULL, "", "key=$&action=status&order=#" },
	{ 1, NULL, NULL, "", "key=$&action=status&orders=#,1,2,3,x,999999" },
	{ 1, NULL, NULL, "", "orders%5B%5D=#&orders[]=7&key=$&action=status" },
	{ 0, NULL, NULL, "", "key=$&action=refill_status&refills=1,2" },
	{ 0, NULL, NULL, "", "key=$&action=refill&order=999999" },
	{ 0, NULL, NULL, "", "key=$&action=cancel&orders=999998,999999" },
	{ 0, NULL, NULL, "", "key=$&action=add&service=1&quantity=49&link=x" },
	{ 0, NULL, NULL, "", "key=$&action=add&service=1&quantity=50" },
	{ 0, NULL, NULL, "",
	    "key=$&action=add&service=5&link=https://e.test/" },
	{ 0, NULL, NULL, "", "key=$&action=nonsense" },
	{ 1, NULL, NULL, "action=balance", "key=$" },
	{ 0, NULL, NULL, "key=$", "action=balance" },
	{ 0, NULL, NULL, "", "key=$0&action=balance" },
	{ 0, NULL, NULL, "", "key=$&key=$&action=balance" },
	{ 0, NULL, NULL, "", "key=$&action=balance&x=%zz" },
	{ 0, NULL, "GET", "", "key=$&action=balance" },
	{ 0, "text/plain", NULL, "", "key=$&action=balance" },
	{ 1, "application/json", NULL, "",
	    "{\"key\":\"$\",\"action\":\"status\",\"order\":#}" },
	{ 0, "application/json", NULL, "", "{\"key\":\"$\",\"action\":" },
	{ 1, "multipart/form-data; boundary=b", NULL, "",
	    "--b\r\nContent-Disposition: form-data; name=\"key\"\r\n\r\n$\r\n"
	    "--b\r\nContent-Disposition: form-data; name=\"action\"\r\n\r\n"
	    "balance\r\n--b--\r\n" },
};

enum { KINDS = ROWS(asked) };

/* An account, on both sites. */
struct account {
	char key[KEY_TEXT_LEN];
	int64_t orders[ORDERS_KNOWN];
	int norders;
	struct {
		char *body;             /* of the call */
		char *query;            /* likewise */
		struct request request; /* the same as bytes */
		char *expected;         /* NULL: not asked in this state */
	} asked[KINDS];
};

static struct world {
	struct site site, twin;
	struct account accounts[ACCOUNTS];
	char *out; /* OUT_MAX bytes */
	int nchanges, nasked;
} world;

static const char URLENCODED[] = "application/x-www-form-urlencoded";

static char *text(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

/* A text to be freed. */
static char *
text(const char *format, ...)
{
	va_list ap;
	char *s;

	va_start(ap, format);
	if (vasprintf(&s, format, ap) < 0)
		abort();
	va_end(ap);
	return s;
}

/* xorshift64 (Marsaglia 2003): the same calls in every run. */
static unsigned int
random_below(unsigned int n)
{
	static uint64_t state = UINT64_C(0x9e3779b97f4a7c15);

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (unsigned int)(state >> 33) % n;
}

/* Fills in a template; to be freed. */
static char *
fill_in(const struct account *a, const char *template)
{
	const char *p;
	char *out;
	size_t len;
	FILE *f = open_memstream(&out, &len);

	ck_assert_ptr_nonnull(f);
	for (p = template; *p != '\0'; p++) {
		if (*p == '$')
			(void)fputs(a->key, f);
		else if (*p == '#')
			(void)fprintf(
			    f, "%lld", (long long)a->orders[a->norders - 1]);
		else
			(void)fputc(*p, f);
	}
	ck_assert_int_eq(fclose(f), 0);
	return out;
}

/*
 * What must be the same in two answers: lines of the head, of limits and
 * incidents the names alone, and the body.  To be freed.
 */
static void
put_line(FILE *f, const char *line, size_t len)
{
	static const char *const own[] = { "X-RateLimit-", "X-Incident:" };
	size_t i;

	for (i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		if (strncmp(line, own[i], strlen(own[i])) == 0)
			len = strcspn(line, ":");
	(void)fprintf(f, "%.*s\n", (int)len, line);
}

static char *
essence_of_cgi(const struct answer *answer)
{
	char *out;
	size_t len, i;
	FILE *f = open_memstream(&out, &len);

	ck_assert_ptr_nonnull(f);
	for (i = 0; i < answer->nheaders; i++)
		put_line(f, answer->headers[i], strlen(answer->headers[i]));
	(void)fprintf(f, "\n%s", answer->body);
	ck_assert_int_eq(fclose(f), 0);
	return out;
}

/* The same of what a FastCGI program wrote. */
static char *
essence(const char *text_, size_t len)
{
	const char *end = memmem(text_, len, "\r\n\r\n", 4), *line, *next;
	char *out;
	size_t out_len;
	FILE *f = open_memstream(&out, &out_len);

	ck_assert_ptr_nonnull(f);
	ck_assert_ptr_nonnull(end);
	for (line = text_; line < end; line = next + 2) {
		next = memmem(line, (size_t)(end - line) + 2, "\r\n", 2);
		ck_assert_ptr_nonnull(next);
		put_line(f, line, (size_t)(next - line));
	}
	(void)fprintf(f, "\n%.*s", (int)(text_ + len - end - 4), end + 4);
	ck_assert_int_eq(fclose(f), 0);
	return out;
}

/* A call to the twin. */
static char *
ask_twin(
    const char *body, const char *query, const char *type, const char *method)
{
	struct answer answer;
	char *e;

	ck_assert_int_eq(setenv("FASTCGI", "0", 1), 0);
	cgi_run(&world.twin,
	    &(struct cgi_call){ .body = body,
		.query = query,
		.content_type = type,
		.method = method },
	    &answer);
	ck_assert_int_eq(setenv("FASTCGI", "1", 1), 0);
	ck_assert_msg(
	    answer.status != 0, "%s: %s%s", body, answer.why, answer.err);
	e = essence_of_cgi(&answer);
	answer_clear(&answer);
	return e;
}

/* A call by FastCGI, on a connection of its own. */
static char *
ask(const struct request *r)
{
	int fd = cgi_connect(&world.site, "v2", NULL);
	size_t len = 0, at, out_len = 0, n;
	unsigned char *b = (unsigned char *)world.out;
	int ended = 0;
	ssize_t got;
	char *e;

	ck_assert_int_eq(fcgi_write(fd, r->bytes, r->len), 0);
	while ((got = read(fd, world.out + len, OUT_MAX - len)) > 0)
		len += (size_t)got;
	(void)close(fd);
	/* Records are taken out in place: their contents move to the front. */
	for (at = 0; at + 8 <= len && !ended; at += 8 + n) {
		n = (size_t)(b[at + 4] << 8 | b[at + 5]);
		ended = b[at + 1] == FCGI_END;
		ck_assert_uint_le(at + 8 + n, len);
		ck_assert_int_ne(b[at + 1], FCGI_STDERR);
		if (b[at + 1] != FCGI_STDOUT)
			continue;
		memmove(world.out + out_len, world.out + at + 8, n);
		out_len += n;
	}
	ck_assert_msg(ended && at == len, "an answer is cut");
	e = essence(world.out, out_len);
	return e;
}

/* Forgets what it was told, all or what a change of its state changes. */
static void
forget_expected(struct account *a, int all)
{
	int k;

	for (k = 0; k < KINDS; k++) {
		if (!all && !asked[k].changes)
			continue;
		free(a->asked[k].expected);
		free(a->asked[k].body);
		free(a->asked[k].query);
		free(a->asked[k].request.bytes);
		memset(&a->asked[k], 0, sizeof(a->asked[k]));
	}
}

/* Makes the bytes of a request. */
static void
make_request(struct request *r, const char *method, const char *type,
    const char *query, const char *body)
{
	char *vars[5] = { text("REQUEST_METHOD=%s", method),
		text("CONTENT_TYPE=%s", type), text("QUERY_STRING=%s", query),
		text("CONTENT_LENGTH=%zu", strlen(body)) };
	FILE *f = open_memstream(&r->bytes, &r->len);
	int i;

	ck_assert_ptr_nonnull(f);
	fcgi_put_begin(f, 0);
	fcgi_put_params(f, (const char *const *)vars);
	fcgi_put_body(f, body, strlen(body));
	ck_assert_int_eq(fclose(f), 0);
	for (i = 0; vars[i] != NULL; i++)
		free(vars[i]);
}

/* Makes a request of a kind, and has its answer from the twin. */
static void
expect(struct account *a, int k)
{
	if (a->asked[k].expected != NULL)
		return;
	a->asked[k].body = fill_in(a, asked[k].body);
	a->asked[k].query = fill_in(a, asked[k].query);
	a->asked[k].expected = ask_twin(a->asked[k].body, a->asked[k].query,
	    asked[k].type, asked[k].method);
	world.nasked++;
	make_request(&a->asked[k].request,
	    asked[k].method != NULL ? asked[k].method : "POST",
	    asked[k].type != NULL ? asked[k].type : URLENCODED,
	    a->asked[k].query, a->asked[k].body);
}

static void
ask_one(struct account *a, int k)
{
	char *got;

	expect(a, k);
	got = ask(&a->asked[k].request);
	ck_assert_msg(strcmp(got, a->asked[k].expected) == 0,
	    "%s:\n%s\ninstead of\n%s", a->asked[k].body, got,
	    a->asked[k].expected);
	free(got);
}

/* Does the same to both sites: an order, its end, or a refill of it. */
static void
change(struct account *a)
{
	struct request request;
	char *body, *got, *expected;
	long long order;

	world.nchanges++;
	if (world.nchanges % 3 == 0 && a->norders > 1)
		body = text("key=%s&action=cancel&order=%lld", a->key,
		    (long long)
			a->orders[random_below((unsigned int)a->norders)]);
	else
		body = text("key=%s&action=add&service=%d&quantity=100"
			    "&link=https://example.com/%d&request_id=r%d",
		    a->key, 1 + world.nchanges % 2, world.nchanges,
		    world.nchanges);
	make_request(&request, "POST", URLENCODED, "", body);
	got = ask(&request);
	free(request.bytes);
	expected = ask_twin(body, "", NULL, NULL);
	ck_assert_msg(strcmp(got, expected) == 0, "%s:\n%s\ninstead of\n%s",
	    body, got, expected);
	if (sscanf(strstr(got, "\n\n"), "\n\n{\"order\":%lld}", &order) == 1 &&
	    a->norders < ORDERS_KNOWN)
		a->orders[a->norders++] = order;
	free(got);
	free(expected);
	free(body);
	forget_expected(a, 0);
}

static void
make_accounts(void)
{
	struct site *site = &world.site;
	char path[SITE_PATH_LEN + 16], email[64];
	FILE *f;
	int i;

	(void)snprintf(path, sizeof(path), "%s/c.csv", site->dir);
	f = fopen(path, "w");
	ck_assert_ptr_nonnull(f);
	(void)fputs(contract_catalog, f);
	ck_assert_int_eq(fclose(f), 0);
	free(site_latchkey_ok(site, "service", "import", path, NULL));
	free(
	    site_latchkey_ok(site, "tier", "set", "Standard", "1000000", NULL));
	for (i = 0; i < ACCOUNTS; i++) {
		struct account *a = &world.accounts[i];

		(void)snprintf(email, sizeof(email), "%d@example.com", i);
		(void)site_account(site, email);
		site_credit(site, email, i == 3 ? "0.5" : "1000");
		site_key(site, email, a->key);
		/* Until it has one, it asks for somebody else's. */
		a->orders[0] = i + 1;
		a->norders = 1;
	}
	free(site_latchkey_ok(
	    site, "account", "suspend", "5@example.com", NULL));
}

static void
make_twins(void)
{
	char *command;

	memset(&world, 0, sizeof(world));
	world.out = malloc(OUT_MAX);
	ck_assert_ptr_nonnull(world.out);
	site_make(&world.site, "busy_ms = 10000\nrate_ip = 1000000000\n"
			       "rate_key = 1000000000\nfastcgi_calls = 0");
	make_accounts();
	site_make(&world.twin, NULL);
	command = text("rm -r '%s/data' && cp -a '%s/data' '%s/latchkey.conf'"
		       " '%s'",
	    world.twin.dir, world.site.dir, world.site.dir, world.twin.dir);
	ck_assert_int_eq(system(command), 0);
	free(command);
}

static void
end_twins(void)
{
	int i;

	for (i = 0; i < ACCOUNTS; i++)
		forget_expected(&world.accounts[i], 1);
	free(world.out);
	site_remove(&world.site);
	site_remove(&world.twin);
}

/* A number that the kernel has about a process. */
static long
number_of(pid_t pid, const char *name)
{
	const size_t len = strlen(name);
	char path[64], line[256];
	long n = -1;
	FILE *f;

	(void)snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	f = fopen(path, "re");
	ck_assert_ptr_nonnull(f);
	while (fgets(line, sizeof(line), f) != NULL)
		if (strncmp(line, name, len) == 0)
			n = strtol(line + len, NULL, 10);
	(void)fclose(f);
	ck_assert_int_gt(n, 0);
	return n;
}

/* Resident memory, in KiB. */
static long
resident_kib(pid_t pid)
{
	return number_of(pid, "VmRSS:");
}

/* Room for open files, which grows with them and never shrinks. */
static long
room_for_files(pid_t pid)
{
	return number_of(pid, "FDSize:");
}

static pid_t
pid_of_v2(void)
{
	pid_t pid = 0;
	int fd = cgi_connect(&world.site, "v2", &pid);

	ck_assert_int_ge(fd, 0);
	(void)close(fd);
	return pid;
}

START_TEST(many_calls_of_many_accounts_are_answered_as_by_cgi)
{
	const pid_t pid = pid_of_v2();
	long settled = 0, at_end, files = 0;
	int i;

	for (i = 0; i < CALLS; i++) {
		struct account *a = &world.accounts[random_below(ACCOUNTS)];

		/* Most changes are early, so that the rest is quiet. */
		if (i < SETTLED ? random_below(SETTLED / CHANGES) == 0
				: random_below(2000) == 0)
			change(a);
		else
			ask_one(a, (int)random_below(KINDS));
		if (i == SETTLED) {
			settled = resident_kib(pid);
			files = room_for_files(pid);
		}
	}
	at_end = resident_kib(pid);
	(void)printf("%d calls, %d of them changes, %d questions to the twin;"
		     " %ld KiB after %d calls, %ld at the end\n",
	    CALLS, world.nchanges, world.nasked, settled, SETTLED, at_end);
	ck_assert_int_eq(pid_of_v2(), pid);
	ck_assert_int_gt(world.nchanges, CHANGES / 2);
	ck_assert_int_eq(room_for_files(pid), files);
#if !defined(__SANITIZE_ADDRESS__)
	ck_assert_int_le(at_end, settled + GROWTH_KIB);
#endif
	site_must_check(&world.site);
	site_must_check(&world.twin);
}
END_TEST

static Suite *
make_suite(void)
{
	Suite *suite = suite_create("many_calls");
	TCase *tc = tcase_create("many calls");

	(void)setenv("FASTCGI", "1", 1);
	tcase_add_checked_fixture(tc, make_twins, end_twins);
	tcase_add_test(tc, many_calls_of_many_accounts_are_answered_as_by_cgi);
	suite_add_tcase(suite, tc);
	return suite;
}

SUITE_MAIN(make_suite)
