/* SPDX-License-Identifier: ISC */
/*
 * An id of another account is an unknown id: every action is tried with
 * every id that the other account has, and with an id that nobody has.  The
 * two answers must be the same but for the id, and nothing of the other
 * account's may have changed.
 */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "harness.h"
#include "suite.h"

enum { ORDERS_MAX = 16, REFILLS_MAX = 8, UNKNOWN = 987654 };

static struct site site;
static char mine[KEY_TEXT_LEN], theirs[KEY_TEXT_LEN];
static int64_t orders[ORDERS_MAX], refills[REFILLS_MAX];
static size_t norders, nrefills;

static int64_t
place(const char *key, int n)
{
	return api_number(&site, "order",
	    "key=%s&action=add&service=1&quantity=100"
	    "&link=https://example.com/%d&request_id=r%d",
	    key, n, n);
}

static void
move(int64_t id, const char *status, const char *option, const char *value)
{
	char text[24];

	(void)snprintf(text, sizeof(text), "%lld", (long long)id);
	free(site_latchkey_ok(&site, "order", "set", text, "--status", status,
	    option, value, NULL));
}

/* Refills in every state that they can be in. */
static void
make_refills(void)
{
	static const char *const states[] = { NULL, "In progress", "Completed",
		"Rejected", "Error" };
	char text[24];
	size_t i;

	for (i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		int64_t order = place(theirs, 100 + (int)i);

		move(order, "Completed", NULL, NULL);
		site_sql(&site, "UPDATE orders SET updated_at = updated_at -"
				" 90000 WHERE status = 4");
		orders[norders++] = order;
		refills[nrefills++] = api_number(&site, "refill",
		    "key=%s&action=refill&order=%lld", theirs,
		    (long long)order);
		if (states[i] == NULL)
			continue;
		(void)snprintf(text, sizeof(text), "%lld",
		    (long long)refills[nrefills - 1]);
		free(site_latchkey_ok(
		    &site, "refill", "set", text, states[i], NULL));
	}
}

static void
make_world(void)
{
	static const struct {
		const char *status, *option, *value;
	} states[] = {
		{ NULL, NULL, NULL },
		{ "In progress", "--remains", "50" },
		{ "Processing", "--remains", "50" },
		{ "Partial", "--remains", "50" },
		{ "Canceled", NULL, NULL },
		{ "Completed", NULL, NULL },
	};
	size_t i;

	site_make(&site, "rate_ip = 1000000000\nrate_key = 1000000000\n"
			 "http_status = strict");
	free(site_latchkey_ok(
	    &site, "tier", "set", "Standard", "1000000", NULL));
	free(site_latchkey_ok(&site, "service", "add", "--name", "A", "--type",
	    "Default", "--category", "C", "--rate", "1", "--min", "1", "--max",
	    "1000", "--refill", "--cancel", NULL));
	(void)site_account(&site, "mine@example.com");
	(void)site_account(&site, "theirs@example.com");
	site_credit(&site, "mine@example.com", "10");
	site_credit(&site, "theirs@example.com", "10");
	site_key(&site, "mine@example.com", mine);
	site_key(&site, "theirs@example.com", theirs);
	(void)place(mine, 0);
	norders = nrefills = 0;
	for (i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		orders[norders] = place(theirs, (int)i);
		if (states[i].status != NULL)
			move(orders[norders], states[i].status,
			    states[i].option, states[i].value);
		norders++;
	}
	make_refills();
	site_start(&site);
}

static void
end_world(void)
{
	site_remove(&site);
}

/* All that the other account can see, and what is only stored. */
static char *
snapshot(void)
{
	static const char *const stored[] = {
		"SELECT COUNT(*) FROM order_move",
		"SELECT COUNT(*) FROM refill",
		"SELECT COUNT(*) FROM txn",
		"SELECT COUNT(*) FROM orders",
		"SELECT COALESCE(SUM(cancel_requested_at), 0) FROM orders",
		"SELECT SUM(updated_at) FROM orders",
	};
	struct answer answer;
	char *text = NULL;
	size_t len, i;
	FILE *f = open_memstream(&text, &len);

	ck_assert_ptr_nonnull(f);
	for (i = 0; i < sizeof(stored) / sizeof(stored[0]); i++)
		(void)fprintf(
		    f, "%lld\n", (long long)site_sql_int(&site, stored[i]));
	for (i = 0; i < norders; i++) {
		api_call(&site, &answer, "key=%s&action=status&order=%lld",
		    theirs, (long long)orders[i]);
		(void)fprintf(f, "%s\n", answer.body);
		answer_clear(&answer);
	}
	for (i = 0; i < nrefills; i++) {
		api_call(&site, &answer,
		    "key=%s&action=refill_status&refill=%lld", theirs,
		    (long long)refills[i]);
		(void)fprintf(f, "%s\n", answer.body);
		answer_clear(&answer);
	}
	api_call(&site, &answer, "key=%s&action=balance", theirs);
	(void)fprintf(f, "%s\n", answer.body);
	answer_clear(&answer);
	ck_assert_int_eq(fclose(f), 0);
	return text;
}

/* A copy of text with every "id" in it replaced by '#'. */
static char *
without_id(const char *text, int64_t id)
{
	char number[24], *copy = strdup(text), *to = copy;
	size_t len;

	(void)snprintf(number, sizeof(number), "%lld", (long long)id);
	len = strlen(number);
	while (*text != '\0') {
		if (strncmp(text, number, len) == 0 &&
		    strspn(text, "0123456789") == len) {
			*to++ = '#';
			text += len;
		} else if (*text >= '0' && *text <= '9') {
			while (*text >= '0' && *text <= '9')
				*to++ = *text++;
		} else {
			*to++ = *text++;
		}
	}
	*to = '\0';
	return copy;
}

/* The names of an answer's headers must not tell either. */
static void
check_headers(const struct answer *a, const struct answer *b)
{
	size_t i;

	ck_assert_uint_eq(a->nheaders, b->nheaders);
	for (i = 0; i < a->nheaders; i++)
		ck_assert_uint_eq(
		    strcspn(a->headers[i], ":"), strcspn(b->headers[i], ":"));
}

/* One call with an id of the other account, one with an unknown one. */
static void
try_id(const char *fields, int64_t id)
{
	struct answer foreign, unknown;
	char *a, *b;

	api_call(&site, &foreign, "key=%s&%s%lld", mine, fields, (long long)id);
	api_call(&site, &unknown, "key=%s&%s%d", mine, fields, UNKNOWN);
	a = without_id(foreign.body, id);
	b = without_id(unknown.body, UNKNOWN);
	ck_assert_msg(strstr(a, "Incorrect order ID") != NULL ||
			  strstr(a, "Refill not found") != NULL,
	    "%s%lld: %s", fields, (long long)id, foreign.body);
	ck_assert_msg(strcmp(a, b) == 0, "%s%lld: %s, but %s", fields,
	    (long long)id, foreign.body, unknown.body);
	ck_assert_int_eq(foreign.status, unknown.status);
	check_headers(&foreign, &unknown);
	free(a);
	free(b);
	answer_clear(&foreign);
	answer_clear(&unknown);
}

static const struct {
	const char *fields;
	int refills; /* its ids are those of refills */
} actions[] = {
	{ "action=status&order=", 0 },
	{ "action=status&id=", 0 },
	{ "action=status&orders=", 0 },
	{ "action=status&orders[]=", 0 },
	{ "action=refill&order=", 0 },
	{ "action=refill&orders=", 0 },
	{ "action=cancel&order=", 0 },
	{ "action=cancel&orders=", 0 },
	{ "action=refill_status&refill=", 1 },
	{ "action=refill_status&refills=", 1 },
	/* An order's id is no refill's, and the other way round. */
	{ "action=refill_status&refill=", 0 },
};

START_TEST(another_accounts_id_is_an_unknown_id)
{
	char *before = snapshot(), *after;
	size_t i;

	for (i = 0; i < (actions[_i].refills ? nrefills : norders); i++)
		try_id(actions[_i].fields,
		    actions[_i].refills ? refills[i] : orders[i]);
	after = snapshot();
	ck_assert_str_eq(before, after);
	free(before);
	free(after);
}
END_TEST

/* Between ids of one's own it is no different. */
START_TEST(lists_do_not_mix_accounts)
{
	char *before = snapshot(), *after;
	struct answer answer;
	json_t *list, *item;
	size_t i;

	api_call(&site, &answer,
	    "key=%s&action=cancel&orders=%lld,%lld,%d,%lld", mine,
	    (long long)orders[0], (long long)orders[1], UNKNOWN,
	    (long long)orders[2]);
	list = json_loads(answer.body, 0, NULL);
	ck_assert_uint_eq(json_array_size(list), 4);
	json_array_foreach(list, i, item)
	{
		ck_assert_str_eq(json_string_value(json_object_get(
				     json_object_get(item, "cancel"), "error")),
		    "Incorrect order ID");
	}
	json_decref(list);
	answer_clear(&answer);
	after = snapshot();
	ck_assert_str_eq(before, after);
	free(before);
	free(after);
}
END_TEST

/* Links and request ids are an account's own. */
START_TEST(orders_do_not_meet)
{
	struct answer answer;

	api_call(&site, &answer,
	    "key=%s&action=add&service=1&quantity=200"
	    "&link=https://example.com/1&request_id=r1",
	    mine);
	ck_assert_int_eq(answer.status, 200);
	ck_assert_ptr_nonnull(strstr(answer.body, "{\"order\":"));
	answer_clear(&answer);
}
END_TEST

/* Nothing that a call sends moves it to another account. */
START_TEST(account_is_the_keys)
{
	static const char *const fields[] = { "account=2", "account_id=2",
		"user=2", "caller=2", "email=theirs@example.com", "key_id=2" };
	struct answer answer;
	size_t i;

	for (i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		api_call(&site, &answer, "key=%s&action=status&order=%lld&%s",
		    mine, (long long)orders[0], fields[i]);
		ck_assert_str_eq(
		    answer.body, "{\"error\":\"Incorrect order ID\"}");
		answer_clear(&answer);
	}
}
END_TEST

START_TEST(site_is_consistent)
{
	site_must_check(&site);
}
END_TEST

static Suite *
make_suite(void)
{
	Suite *suite = suite_create("isolation");
	TCase *tcase = tcase_create("ids");

	tcase_add_unchecked_fixture(tcase, make_world, end_world);
	tcase_add_loop_test(
	    tcase, another_accounts_id_is_an_unknown_id, 0, ROWS(actions));
	tcase_add_test(tcase, lists_do_not_mix_accounts);
	tcase_add_test(tcase, orders_do_not_meet);
	tcase_add_test(tcase, account_is_the_keys);
	tcase_add_test(tcase, site_is_consistent);
	suite_add_tcase(suite, tcase);
	return suite;
}

SUITE_MAIN(make_suite)
