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

enum { ORDERS_MAX = 16, REFILLS_MAX = 8, WEBHOOKS_MAX = 8, UNKNOWN = 987654 };

static struct site site;
static char mine[KEY_TEXT_LEN], theirs[KEY_TEXT_LEN];
static char mine_too[KEY_TEXT_LEN]; /* another key of the same account */
static int64_t my_webhook;
static int64_t orders[ORDERS_MAX], refills[REFILLS_MAX], webhooks[WEBHOOKS_MAX];
static size_t norders, nrefills, nwebhooks;

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

static int64_t
add_webhook(const char *key)
{
	return api_number(&site, "webhook",
	    "key=%s&action=webhook.add&url=https://hooks.example.com", key);
}

/* Webhooks in every state, with events that were given up for each. */
static void
make_webhooks(void)
{
	int status;

	my_webhook = add_webhook(mine);
	for (status = 1; status <= 4; status++)
		webhooks[nwebhooks++] = add_webhook(theirs);
	site_sql(&site, "UPDATE webhook SET status = 2 WHERE id = 3;"
			"UPDATE webhook SET status = 3 WHERE id = 4;"
			"UPDATE webhook SET status = 4, url = '', secret = x''"
			" WHERE id = 5");
	(void)place(theirs, 50);
	site_sql(&site,
	    "INSERT INTO delivery (event_id, webhook_id, status, next_at)"
	    " SELECT event_id, 3, 3, 1 FROM delivery UNION ALL"
	    " SELECT event_id, 4, 3, 1 FROM delivery;"
	    "UPDATE delivery SET status = 3, done_at = 5;"
	    "INSERT INTO attempt (webhook_id, seq, event_id, outcome,"
	    " attempted_at, duration_ms) SELECT id, 1, 1, 2, 1, 1"
	    " FROM webhook WHERE id <> 1");
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
	site_key(&site, "mine@example.com", mine_too);
	site_key(&site, "theirs@example.com", theirs);
	(void)place(mine, 0);
	norders = nrefills = nwebhooks = 0;
	for (i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		orders[norders] = place(theirs, (int)i);
		if (states[i].status != NULL)
			move(orders[norders], states[i].status,
			    states[i].option, states[i].value);
		norders++;
	}
	make_refills();
	make_webhooks();
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
		"SELECT COUNT(*) FROM event",
		"SELECT COUNT(*) FROM attempt",
		"SELECT COUNT(*) FROM webhook",
	};
	/* All columns of the other account's. */
	static const char *const rows[] = {
		"SELECT group_concat(id || url || events || status ||"
		" COALESCE(reason, '') || hex(secret) || hint ||"
		" COALESCE(hex(old_secret), '') || COALESCE(old_until, 0) ||"
		" not_before || notice, '/') FROM webhook WHERE id <> 1",
		"SELECT group_concat(event_id || ':' || webhook_id || ':' ||"
		" status || ':' || attempts || ':' || next_at, '/')"
		" FROM delivery WHERE webhook_id <> 1",
	};
	struct answer answer;
	char *text = NULL;
	size_t len, i;
	FILE *f = open_memstream(&text, &len);

	ck_assert_ptr_nonnull(f);
	for (i = 0; i < sizeof(stored) / sizeof(stored[0]); i++)
		(void)fprintf(
		    f, "%lld\n", (long long)site_sql_int(&site, stored[i]));
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *row = site_sql_text(&site, rows[i]);

		(void)fprintf(f, "%s\n", row);
		free(row);
	}
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
			  strstr(a, "Refill not found") != NULL ||
			  strstr(a, "Webhook not found") != NULL,
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

enum ids { ORDERS, REFILLS, WEBHOOKS };

static const struct {
	const char *fields;
	enum ids ids; /* whose ids it is tried with */
} actions[] = {
	{ "action=status&order=", ORDERS },
	{ "action=status&id=", ORDERS },
	{ "action=status&orders=", ORDERS },
	{ "action=status&orders[]=", ORDERS },
	{ "action=refill&order=", ORDERS },
	{ "action=refill&orders=", ORDERS },
	{ "action=cancel&order=", ORDERS },
	{ "action=cancel&orders=", ORDERS },
	{ "action=refill_status&refill=", REFILLS },
	{ "action=refill_status&refills=", REFILLS },
	/* An order's id is no refill's, and the other way round. */
	{ "action=refill_status&refill=", ORDERS },
	{ "action=webhook.update&status=paused&webhook=", WEBHOOKS },
	{ "action=webhook.update&url=https://example.com&webhook=", WEBHOOKS },
	{ "action=webhook.remove&webhook=", WEBHOOKS },
	{ "action=webhook.rotate&webhook=", WEBHOOKS },
	{ "action=webhook.rotate&overlap=0&webhook=", WEBHOOKS },
	{ "action=webhook.test&webhook=", WEBHOOKS },
	{ "action=webhook.deliveries&webhook=", WEBHOOKS },
	{ "action=webhook.deliveries&status=failed&webhook=", WEBHOOKS },
	{ "action=webhook.resend&since=0&webhook=", WEBHOOKS },
	{ "action=webhook.resend&event=evt_0000000000000000000000&webhook=",
	    WEBHOOKS },
};

START_TEST(another_accounts_id_is_an_unknown_id)
{
	const int64_t *const ids[] = { orders, refills, webhooks };
	const size_t n[] = { norders, nrefills, nwebhooks };
	char *before = snapshot(), *after;
	size_t i;

	for (i = 0; i < n[actions[_i].ids]; i++)
		try_id(actions[_i].fields, ids[actions[_i].ids][i]);
	after = snapshot();
	ck_assert_str_eq(before, after);
	free(before);
	free(after);
}
END_TEST

/* An event of the other account, for each webhook of either account. */
START_TEST(another_accounts_event_is_an_unknown_event)
{
	static const char unknown[] = "evt_0000000000000000000000";
	char *name = site_sql_text(&site, "SELECT name FROM event"
					  " WHERE account_id <> 1 LIMIT 1");
	char *before = snapshot(), *after;
	const char *events[] = { name, unknown };
	struct answer answer;
	size_t i, e;

	ck_assert_uint_eq(strlen(name), strlen(unknown));
	for (i = 0; i <= nwebhooks; i++)
		for (e = 0; e < 2; e++) {
			int64_t id = i < nwebhooks ? webhooks[i] : my_webhook;

			api_call(&site, &answer,
			    "key=%s&action=webhook.resend&webhook=%lld"
			    "&event=%s",
			    mine, (long long)id, events[e]);
			ck_assert_int_eq(answer.status, 404);
			ck_assert_str_eq(answer.body,
			    i < nwebhooks ? "{\"error\":\"Webhook not found\"}"
					  : "{\"error\":\"Event not found\"}");
			answer_clear(&answer);
		}
	after = snapshot();
	ck_assert_str_eq(before, after);
	free(before);
	free(after);
	free(name);
}
END_TEST

/* The list of webhooks is an account's, whichever of its keys asks. */
START_TEST(keys_of_an_account_share_its_webhooks)
{
	struct answer first, second;

	api_call(&site, &first, "key=%s&action=webhook.list", mine);
	api_call(&site, &second, "key=%s&action=webhook.list", mine_too);
	ck_assert_int_eq(strncmp(first.body, "[{\"webhook\":1,", 14), 0);
	ck_assert_ptr_null(strstr(first.body + 1, "{\"webhook\":2"));
	ck_assert_str_eq(first.body, second.body);
	answer_clear(&first);
	answer_clear(&second);
	/* And so is what is done with them. */
	ck_assert_int_eq(
	    api_number(&site, "webhook",
		"key=%s&action=webhook.update&webhook=1&status=paused",
		mine_too),
	    1);
	api_call(&site, &first, "key=%s&action=webhook.list", mine);
	ck_assert_ptr_nonnull(strstr(first.body, "\"status\":\"paused\""));
	answer_clear(&first);
	ck_assert_int_eq(
	    api_number(&site, "removed",
		"key=%s&action=webhook.remove&webhook=1", mine_too),
	    1);
	api_call(&site, &first, "key=%s&action=webhook.list", mine);
	ck_assert_str_eq(first.body, "[]");
	answer_clear(&first);
	/* The other account's are all there. */
	api_call(&site, &first, "key=%s&action=webhook.list", theirs);
	ck_assert_ptr_nonnull(strstr(first.body, "{\"webhook\":2,"));
	ck_assert_ptr_nonnull(strstr(first.body, "{\"webhook\":4,"));
	ck_assert_ptr_null(strstr(first.body, "{\"webhook\":1,"));
	answer_clear(&first);
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
	tcase_add_test(tcase, another_accounts_event_is_an_unknown_event);
	tcase_add_test(tcase, lists_do_not_mix_accounts);
	tcase_add_test(tcase, orders_do_not_meet);
	tcase_add_test(tcase, account_is_the_keys);
	tcase_add_test(tcase, keys_of_an_account_share_its_webhooks);
	tcase_add_test(tcase, site_is_consistent);
	suite_add_tcase(suite, tcase);
	return suite;
}

SUITE_MAIN(make_suite)
