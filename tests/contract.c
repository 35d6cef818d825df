/* SPDX-License-Identifier: ISC */
/*
 * The contract of the API as tables.  Rows run in their order on one site;
 * each that changes something has an order of its own to change.
 */
#include "contract.h"

const char contract_catalog[] =
    "id,name,type,category,rate,min,max,refill,cancel,dripfeed,desc,active\n"
    "1,Flyers,Default,A,0.90,50,10000,1,1,0,By the piece.,1\n"
    "2,Stickers,Default,B,0.33,10,50000,0,1,1,,1\n"
    "3,Cards,Package,B,14.90,1,1,0,1,0,,1\n"
    "4,Badges,Custom Comments,B,2.5,2,5,0,1,0,,1\n"
    "5,Engraving,Custom Comments Package,B,39,1,1,0,1,0,,1\n"
    "6,Type 6,Mentions,C,1,1,1000,0,1,0,,1\n"
    "7,Type 7,Mentions Custom List,C,1000,2,5,0,1,0,,1\n"
    "8,Type 8,Mentions Hashtag,C,1,1,1000,0,1,0,,1\n"
    "9,Type 9,Mentions with Hashtags,C,1,1,1000,0,1,0,,1\n"
    "10,Type 10,Mentions User Followers,C,1,1,1000,0,1,0,,1\n"
    "11,Type 11,Mentions Media Likers,C,1,1,1000,0,1,0,,1\n"
    "12,Type 12,Comment Likes,C,1,1,1000,0,1,0,,1\n"
    "13,Type 13,Comment Replies,C,1,1,1000,0,1,0,,1\n"
    "14,Type 14,Poll,C,1,1,1000,0,1,0,,1\n"
    "15,Type 15,SEO,C,1,1,1000,0,1,0,,1\n"
    "16,Type 16,Invites from Groups,C,1,1,1000,0,1,0,,1\n"
    "17,Type 17,Web Traffic,C,1,1,1000,0,1,0,,1\n"
    "18,Episodes,Subscriptions,D,1.6,5,120,0,1,0,,1\n"
    "19,\"Say \"\"cheese\"\", <b> & \xc3\xa4\",Default,E,1,1,1000,0,0,0,,1\n"
    "20,Not sold,Default,E,1,1,1000,0,1,0,,0\n"
    "21,Gold,Default,E,1000000,1,1000000,0,1,0,,1\n"
    "22,Free,Default,E,0,1,1000,0,1,0,,1\n"
    "23,Dust,Default,E,0.000001,1,1000,0,1,0,,1\n"
    "24,Golden episodes,Subscriptions,E,1000000,1,1000000,0,1,0,,1\n";

const struct contract_type contract_types[] = {
	{ "Default", 2, "link=$LINK&quantity=1000", "runs=3&interval=60",
	    "0.99", "3000" },
	{ "Package", 3, "link=$LINK", NULL, "14.90", "1" },
	{ "Custom Comments", 4, "link=$LINK&comments=a%0d%0a%0d%0ab%0ac", NULL,
	    "0.0075", "3" },
	{ "Custom Comments Package", 5, "link=$LINK&comments=a%0ab%0ac", NULL,
	    "39.00", "1" },
	{ "Mentions", 6, "link=$LINK&usernames=a%0ab&quantity=10", NULL, "0.01",
	    "10" },
	{ "Mentions Custom List", 7, "link=$LINK&usernames=a%0ab%0a", NULL,
	    "2.00", "2" },
	{ "Mentions Hashtag", 8, "link=$LINK&hashtag=a&quantity=10", NULL,
	    "0.01", "10" },
	{ "Mentions with Hashtags", 9,
	    "link=$LINK&usernames=a&hashtags=b%0ac&quantity=10", NULL, "0.01",
	    "10" },
	{ "Mentions User Followers", 10, "link=$LINK&username=a&quantity=10",
	    NULL, "0.01", "10" },
	{ "Mentions Media Likers", 11,
	    "link=$LINK&media=https%3a%2f%2fexample.com%2fm&quantity=10", NULL,
	    "0.01", "10" },
	{ "Comment Likes", 12, "link=$LINK&username=a&quantity=10", NULL,
	    "0.01", "10" },
	{ "Comment Replies", 13, "link=$LINK&username=a&comments=a%0ab", NULL,
	    "0.002", "2" },
	{ "Poll", 14, "link=$LINK&quantity=10&answer_number=2", NULL, "0.01",
	    "10" },
	{ "SEO", 15, "link=$LINK&quantity=10&keywords=a%0ab", NULL, "0.01",
	    "10" },
	{ "Invites from Groups", 16, "link=$LINK&quantity=10&groups=a%0ab",
	    NULL, "0.01", "10" },
	{ "Web Traffic", 17,
	    "link=$LINK&quantity=10&country=WW&device=1&type_of_traffic=1&"
	    "google_keyword=a",
	    NULL, "0.01", "10" },
	{ "Web Traffic", 17,
	    "link=$LINK&quantity=10&country=WW&device=1&type_of_traffic=2&"
	    "referring_url=https%3a%2f%2fexample.com",
	    NULL, "0.01", "10" },
	{ "Web Traffic", 17,
	    "link=$LINK&quantity=10&country=WW&device=1&type_of_traffic=3",
	    NULL, "0.01", "10" },
	{ "Subscriptions", 18, "username=$USER&min=5&max=100",
	    "posts=10&old_posts=0&delay=30&expiry=31/12/2099", "1.60", "1000" },
	{ NULL, 0, NULL, NULL, NULL, NULL },
};

#define K "key=$KEY&action="
#define ADD "key=$KEY&action=add&"

/* A call that succeeds, and one that fails, with its strict status. */
#define OK(fact, sent, received)                                     \
	{                                                            \
		.name = (fact), .body = (sent), .answer = (received) \
	}
#define ERR(fact, sent, status, text)                               \
	{                                                           \
		.name = (fact), .body = (sent), .strict = (status), \
		.answer = "{\"error\":\"" text "\"}"                \
	}
/* An order that is placed, and what status then says of it. */
#define PLACED(fact, sent, price, rest)                                        \
	{                                                                      \
		.name = (fact), .body = ADD sent, .answer = "{\"order\":$ID}", \
		.then = K "status&order=$LAST",                                \
		.then_answer =                                                 \
		    "{\"charge\":\"" price "\",\"start_count\":\"0\","         \
		    "\"status\":\"Pending\",\"remains\":\"" rest               \
		    "\",\"currency\":\"USD\"}"                                 \
	}
/* One that every row below the method and the type would pass. */
#define BALANCE K "balance"

#define JSON_TYPE "application/json"
#define MULTIPART_TYPE "multipart/form-data; boundary=xYz"
#define PART(name, value)                                       \
	"--xYz\r\nContent-Disposition: form-data; name=\"" name \
	"\"\r\n\r\n" value "\r\n"
#define PARTS_END "--xYz--\r\n"

#define PENDING                                       \
	"{\"charge\":\"0.09\",\"start_count\":\"0\"," \
	"\"status\":\"Pending\",\"remains\":\"100\",\"currency\":\"USD\"}"
#define PARTIAL                                             \
	"{\"charge\":\"0.27819\",\"start_count\":\"3572\"," \
	"\"status\":\"Partial\",\"remains\":\"157\",\"currency\":\"USD\"}"
#define NO_ORDER "{\"error\":\"Incorrect order ID\"}"
#define BAD_KEY "{\"error\":\"Invalid API key\"}"
#define KEY_PLACE                                                       \
	"{\"error\":\"The API key belongs in the request body, in the " \
	"field key\"}"
#define MALFORMED "{\"error\":\"Malformed request body: *\"}"

/* Webhooks: of an account with five of them, and of one that adds its own. */
#define H "key=$HOOKS&action=webhook."
#define A "key=$ADDER&action=webhook."
#define HOOK_URL "https://example.com/$ROW"
#define ALL_EVENTS                                                     \
	"\"order.created\",\"order.in_progress\",\"order.completed\"," \
	"\"order.partial\",\"order.canceled\",\"order.failed\","       \
	"\"order.refunded\",\"refill.completed\",\"refill.rejected\"," \
	"\"balance.low\",\"webhook.test\""
#define TWO_EVENTS "\"order.created\",\"order.partial\""
#define HOOK(names)                                                    \
	"{\"webhook\":$ID,\"url\":\"" HOOK_URL "\",\"events\":[" names \
	"],\"secret\":\"whsec_*=\",\"status\":\"active\"}"
#define HOOK_GOES                         \
	.then = A "remove&webhook=$LAST", \
	.then_answer = "{\"webhook\":$LAST,\"removed\":1}"
/* A webhook that is added, and removed again; one that cannot be. */
#define ADDED(fact, sent, names)                                    \
	{                                                           \
		.name = (fact), .body = A "add&url=" HOOK_URL sent, \
		.answer = HOOK(names), HOOK_GOES                    \
	}
#define NO_URL(fact, sent, text) ERR(fact, A "add&url=" sent, 400, text)
#define NO_HTTPS "Webhook URL must be https"
#define NOT_PUBLIC "Webhook URL must be public"
#define BAD_URL "Incorrect parameter: url"
#define TEN(s) s s s s s s s s s s

/* Rows of the list: $HOOK and $SOME, and what may follow. */
#define CREATED "\"created\":\"2023-11-14T22:13:20Z\""
#define HOOK_IS(status)                                                     \
	"{\"webhook\":$HOOK,\"url\":\"https://example.com/hook?a=%C3%A4\"," \
	"\"events\":[" ALL_EVENTS "],\"status\":\"" status "\","            \
	"\"secret_hint\":\"\xe2\x80\xa6"                                    \
	"9Qk=\"," CREATED ","                                               \
	"\"last_success\":\"2023-11-14T22:14:20Z\","                        \
	"\"last_failure\":\"2023-12-31T23:59:59Z\",\"pending\":1}"
#define SOME_IS(place, names, status)                                   \
	"{\"webhook\":$SOME,\"url\":\"https://example.com/" place "\"," \
	"\"events\":[" names "],\"status\":\"" status "\","             \
	"\"secret_hint\":\"\xe2\x80\xa6"                                \
	"sOm4\"," CREATED ",\"pending\":0}"
#define SOME_EVENTS "\"order.completed\",\"order.failed\""
#define UPDATED(fact, sent, place, names, status) \
	OK(fact, H "update&webhook=$SOME&" sent, SOME_IS(place, names, status))

/* Attempts at $HOOK, the newest first. */
#define TRIED(number, rest) "{\"attempt\":" #number "," rest "}"
#define TRY5                                                        \
	TRIED(5, "\"status\":\"failed\",\"attempted\":"             \
		 "\"2023-11-14T22:17:20Z\",\"ms\":15000,\"error\":" \
		 "\"time-out\"")
#define TRY4                                                           \
	TRIED(4, "\"event\":\"$GIVEN_UP2\",\"type\":\"order.failed\"," \
		 "\"status\":\"blocked\",\"attempted\":"               \
		 "\"2023-11-14T22:16:20Z\",\"ms\":3,\"error\":"        \
		 "\"10.0.0.1 is not public\",\"next\":"                \
		 "\"2023-11-14T23:16:20Z\"")
#define TRY3                                                            \
	TRIED(3, "\"event\":\"$ARRIVED\",\"type\":\"order.completed\"," \
		 "\"status\":\"delivered\",\"attempted\":"              \
		 "\"2023-11-14T22:15:20Z\",\"ms\":45,\"code\":204")
#define TRY2                                                            \
	TRIED(2, "\"event\":\"$GIVEN_UP1\",\"type\":\"order.created\"," \
		 "\"status\":\"failed\",\"attempted\":"                 \
		 "\"2023-11-14T22:14:20Z\",\"ms\":0,\"error\":"         \
		 "\"connection refused\"")
#define TRY1                                                                 \
	TRIED(1,                                                             \
	    "\"event\":\"$GIVEN_UP1\",\"type\":\"order.created\","           \
	    "\"status\":\"failed\",\"attempted\":"                           \
	    "\"2023-11-14T22:13:20Z\",\"ms\":123,\"error\":"                 \
	    "\"HTTP 500\",\"answer\":\"<b>\\\"oops\\\" \xc3\xa4\",\"next\":" \
	    "\"2023-11-14T22:18:20Z\",\"code\":500")
#define DELIVERIES H "deliveries&webhook=$HOOK"
#define RESEND H "resend&webhook=$HOOK"
#define SENT_AGAIN(n) "{\"webhook\":$HOOK,\"queued\":" #n "}"

const struct contract_row contract_rows[] = {
	/* The examples of the contract, to the byte. */
	OK("balance", "key=$RICH&action=balance",
	    "{\"balance\":\"100.84292\",\"currency\":\"USD\"}"),
	OK("balance_of_nothing", "key=$POOR&action=balance",
	    "{\"balance\":\"0.00\",\"currency\":\"USD\"}"),
	OK("services_begin_as_specified", K "services",
	    "[{\"service\":1,\"name\":\"Flyers\",\"type\":\"Default\","
	    "\"category\":\"A\",\"rate\":\"0.90\",\"min\":\"50\","
	    "\"max\":\"10000\",\"refill\":true,\"cancel\":true,"
	    "\"dripfeed\":false,\"desc\":\"By the piece.\"},*]"),
	OK("status_of_a_partial_order", K "status&order=$PARTIAL", PARTIAL),
	OK("status_of_a_pending_order", K "status&order=$PENDING", PENDING),
	OK("status_of_an_order_in_progress", K "status&order=$RUNNING",
	    "{*\"status\":\"In progress\"*}"),
	OK("status_of_an_order_being_processed", K "status&order=$PROCESSING",
	    "{*\"status\":\"Processing\"*}"),
	OK("status_of_a_completed_order", K "status&order=$COMPLETED",
	    "{\"charge\":\"0.09\",\"start_count\":\"7\","
	    "\"status\":\"Completed\",\"remains\":\"0\",\"currency\":"
	    "\"USD\"}"),
	OK("status_of_a_canceled_order", K "status&order=$CANCELED",
	    "{\"charge\":\"0.00\",\"start_count\":\"0\",\"status\":"
	    "\"Canceled\",\"remains\":\"100\",\"currency\":\"USD\"}"),
	OK("status_of_two", K "status&orders=$PENDING,999999",
	    "{\"$PENDING\":" PENDING ",\"999999\":" NO_ORDER "}"),
	OK("refill_of_one_is_a_string", K "refill&order=$REFILLABLE1",
	    "{\"refill\":\"$ID\"}"),
	OK("refill_of_two_are_numbers", K "refill&orders=$REFILLABLE2,999999",
	    "[{\"order\":$REFILLABLE2,\"refill\":$ID},"
	    "{\"order\":999999,\"refill\":" NO_ORDER "}]"),
	OK("refill_status", K "refill_status&refill=$REFILLED",
	    "{\"status\":\"Completed\"}"),
	OK("refill_status_of_two", K "refill_status&refills=$REFILLED,999999",
	    "[{\"refill\":$REFILLED,\"status\":\"Completed\"},"
	    "{\"refill\":999999,\"status\":{\"error\":\"Refill not "
	    "found\"}}]"),
	OK("cancel_of_two", K "cancel&orders=999999,$CANCEL1",
	    "[{\"order\":999999,\"cancel\":" NO_ORDER "},"
	    "{\"order\":$CANCEL1,\"cancel\":1}]"),
	OK("cancel_of_one", K "cancel&order=$CANCEL2",
	    "{\"order\":$CANCEL2,\"cancel\":1}"),
	{ .name = "cancel_gives_the_charge_back",
	    .body = K "status&order=$CANCEL2",
	    .answer = "{\"charge\":\"0.00\",\"start_count\":\"0\","
		      "\"status\":\"Canceled\",\"remains\":\"100\","
		      "\"currency\":\"USD\"}" },
	{ .name = "cancel_of_a_running_order_is_a_request",
	    .body = K "cancel&order=$RUNNING",
	    .answer = "{\"order\":$RUNNING,\"cancel\":1}",
	    .then = K "status&order=$RUNNING",
	    .then_answer = "{*\"status\":\"In progress\"*}" },
	OK("cancel_again_is_the_same_request", K "cancel&order=$RUNNING",
	    "{\"order\":$RUNNING,\"cancel\":1}"),

	/* Encodings. */
	{ .name = "charset_is_passed_over",
	    .body = BALANCE,
	    .type = "application/x-www-form-urlencoded; charset=UTF-8",
	    .answer = "{\"balance\":*}" },
	{ .name = "type_in_upper_case",
	    .body = BALANCE,
	    .type = "Application/X-WWW-Form-URLencoded;charset=utf-8",
	    .answer = "{\"balance\":*}" },
	{ .name = "multipart",
	    .type = MULTIPART_TYPE,
	    .body = PART("action", "status") PART("order", "$PARTIAL")
		PART("key", "$KEY") PARTS_END,
	    .answer = PARTIAL },
	{ .name = "multipart_with_a_quoted_boundary",
	    .type = "multipart/form-data; charset=utf-8; boundary=\"xYz\"",
	    .body = PART("key", "$KEY") PART("action", "balance") PARTS_END,
	    .answer = "{\"balance\":*}" },
	{ .name = "multipart_add",
	    .type = MULTIPART_TYPE,
	    .body = PART("key", "$KEY") PART("action", "add") PART("service",
		"4") PART("link", "$LINK") PART("comments", "a\r\nb") PARTS_END,
	    .answer = "{\"order\":$ID}" },
	{ .name = "multipart_list",
	    .type = MULTIPART_TYPE,
	    .body = PART("key", "$KEY") PART("action", "status")
		PART("orders[]", "$PARTIAL") PART("orders[]", "7x") PARTS_END,
	    .answer = "{\"$PARTIAL\":" PARTIAL ",\"7x\":" NO_ORDER "}" },
	{ .name = "multipart_without_a_boundary",
	    .type = "multipart/form-data",
	    .body = PART("key", "$KEY") PARTS_END,
	    .strict = 400,
	    .answer = MALFORMED },
	{ .name = "multipart_that_breaks_off",
	    .type = MULTIPART_TYPE,
	    .body = PART("key", "$KEY") PART("action", "balance"),
	    .strict = 400,
	    .answer = MALFORMED },
	{ .name = "multipart_with_a_file",
	    .type = MULTIPART_TYPE,
	    .body = PART("key",
		"$KEY") "--xYz\r\nContent-Disposition: form-data; "
			"name=\"action\"; "
			"filename=\"a.txt\"\r\n\r\nbalance\r\n" PARTS_END,
	    .strict = 400,
	    .answer = MALFORMED },
	{ .name = "json",
	    .type = JSON_TYPE,
	    .body = "{\"key\":\"$KEY\",\"action\":\"status\",\"order\":"
		    "$PARTIAL}",
	    .answer = PARTIAL },
	{ .name = "json_numbers_as_strings",
	    .type = "application/json; charset=utf-8",
	    .body = "{\"key\":\"$KEY\",\"action\":\"status\",\"order\":"
		    "\"$PARTIAL\"}",
	    .answer = PARTIAL },
	{ .name = "json_array",
	    .type = JSON_TYPE,
	    .body = "{\"key\":\"$KEY\",\"action\":\"status\",\"orders\":"
		    "[$PARTIAL,\"999999\"]}",
	    .answer = "{\"$PARTIAL\":" PARTIAL ",\"999999\":" NO_ORDER "}" },
	{ .name = "json_csv",
	    .type = JSON_TYPE,
	    .body = "{\"key\":\"$KEY\",\"action\":\"status\",\"orders\":"
		    "\"$PARTIAL,999999\"}",
	    .answer = "{\"$PARTIAL\":" PARTIAL ",\"999999\":" NO_ORDER "}" },
	{ .name = "json_add_with_nulls",
	    .type = JSON_TYPE,
	    .body = "{\"key\":\"$KEY\",\"action\":\"add\",\"service\":2,"
		    "\"link\":\"$LINK\",\"quantity\":10,\"runs\":null,"
		    "\"interval\":null,\"comments\":\"\"}",
	    .answer = "{\"order\":$ID}" },
	{ .name = "json_that_breaks_off",
	    .type = JSON_TYPE,
	    .body = "{\"key\":\"$KEY\",\"action\":\"bal",
	    .strict = 400,
	    .answer = MALFORMED },
	{ .name = "json_with_something_after",
	    .type = JSON_TYPE,
	    .body = "{\"key\":\"$KEY\",\"action\":\"balance\"} x",
	    .strict = 400,
	    .answer = MALFORMED },
	{ .name = "json_that_is_an_array",
	    .type = JSON_TYPE,
	    .body = "[\"$KEY\"]",
	    .strict = 400,
	    .answer = MALFORMED },
	{ .name = "json_that_is_nested",
	    .type = JSON_TYPE,
	    .body = "{\"key\":\"$KEY\",\"action\":{\"a\":1}}",
	    .strict = 400,
	    .answer = MALFORMED },
	{ .name = "json_with_a_nul",
	    .type = JSON_TYPE,
	    .body = "{\"key\":\"$KEY\",\"action\":\"balance\\u0000\"}",
	    .strict = 400,
	    .answer = MALFORMED },
	{ .name = "json_with_a_doubled_key",
	    .type = JSON_TYPE,
	    .body = "{\"key\":\"$KEY\",\"key\":\"$KEY\",\"action\":"
		    "\"balance\"}",
	    .strict = 400,
	    .answer = MALFORMED },
	{ .name = "text_plain",
	    .type = "text/plain",
	    .body = BALANCE,
	    .http = 415,
	    .answer = "{\"error\":\"Unsupported content type\"}" },
	{ .name = "no_content_type",
	    .type = "",
	    .body = BALANCE,
	    .http = 415,
	    .answer = "{\"error\":\"Unsupported content type\"}" },
	{ .name = "a_type_that_only_begins_like_ours",
	    .type = "application/jsonx",
	    .body = BALANCE,
	    .http = 415,
	    .answer = "{\"error\":\"Unsupported content type\"}" },

	/* Decoding. */
	OK("encoded_names_and_values", "k%65y=$KEY&a%63tion=bal%61nce",
	    "{\"balance\":*}"),
	OK("lower_case_hex", K "status&order%73=$PENDING%2c999999",
	    "{\"$PENDING\":*,\"999999\":*}"),
	OK("spaces_around_values", "key=+$KEY%20&action=+balance+",
	    "{\"balance\":*}"),
	OK("empty_pairs", "&&key=$KEY&&action=balance&", "{\"balance\":*}"),
	ERR("bad_escape", BALANCE "&x=%zz", 400, "Malformed request body: *"),
	ERR("escape_that_breaks_off", BALANCE "&x=%4", 400,
	    "Malformed request body: *"),
	ERR("nul_byte", BALANCE "&x=a%00b", 400, "Malformed request body: *"),
	ERR("invalid_utf8", BALANCE "&x=%c3%28", 400,
	    "Malformed request body: *"),
	ERR("overlong_utf8", BALANCE "&x=%c0%af", 400,
	    "Malformed request body: *"),
	ERR("surrogate_in_utf8", BALANCE "&x=%ed%a0%80", 400,
	    "Malformed request body: *"),
	ERR("ten_thousand_fields", BALANCE "$FIELDS", 400,
	    "Malformed request body: *"),
	ERR("empty_body", "", 401, "Invalid API key"),
	ERR("only_ampersands", "&&&", 401, "Invalid API key"),

	/* Order of fields and where they come from. */
	OK("key_last", "action=status&order=$PARTIAL&key=$KEY", PARTIAL),
	OK("key_between", "order=$PARTIAL&key=$KEY&action=status", PARTIAL),
	{ .name = "action_in_the_query_string",
	    .path = "/api/v2?action=balance",
	    .body = "key=$KEY",
	    .answer = "{\"balance\":*}" },
	{ .name = "other_fields_in_the_query_string",
	    .path = "/api/v2?action=status&order=$PARTIAL",
	    .body = "key=$KEY",
	    .answer = PARTIAL },
	{ .name = "the_body_wins_over_the_query_string",
	    .path = "/api/v2?action=services&order=1",
	    .body = K "status&order=$PARTIAL",
	    .answer = PARTIAL },
	{ .name = "bad_query_string",
	    .path = "/api/v2?x=%zz",
	    .body = BALANCE,
	    .strict = 400,
	    .answer = MALFORMED },
	{ .name = "slash_at_the_end",
	    .path = "/api/v2/",
	    .body = BALANCE,
	    .answer = "{\"balance\":*}" },
	{ .name = "slash_and_query_string",
	    .path = "/api/v2/?action=balance",
	    .body = "key=$KEY",
	    .answer = "{\"balance\":*}" },
	OK("repeated_field_last_wins",
	    K "services&order=999999&action=status&order=$PARTIAL", PARTIAL),
	ERR("repeated_field_last_wins_even_if_wrong",
	    K "status&order=$PARTIAL&order=999999", 404, "Incorrect order ID"),

	/* The key. */
	ERR("no_key", "action=balance", 401, "Invalid API key"),
	ERR("empty_key", "key=&action=balance", 401, "Invalid API key"),
	ERR("short_key", "key=lk_1&action=balance", 401, "Invalid API key"),
	ERR("key_of_another_panel",
	    "key=0123456789abcdef0123456789abcdef&action=balance", 401,
	    "Invalid API key"),
	ERR("key_with_something_after",
	    "key=$KEY"
	    "x&action=balance",
	    401, "Invalid API key"),
	ERR("unknown_key", "key=$UNKNOWN&action=balance", 401,
	    "Invalid API key"),
	ERR("id_of_a_key_with_another_secret", "key=$FORGED&action=balance",
	    401, "Invalid API key"),
	ERR("revoked_key", "key=$REVOKED&action=balance", 401,
	    "Invalid API key"),
	ERR("rotated_key", "key=$ROTATED&action=balance", 401,
	    "Invalid API key"),
	ERR("key_twice", "key=$KEY&key=$KEY&action=balance", 401,
	    "Invalid API key"),
	ERR("key_twice_once_empty", "key=&key=$KEY&action=balance", 401,
	    "Invalid API key"),
	ERR("name_of_the_key_in_upper_case", "KEY=$KEY&action=balance", 401,
	    "Invalid API key"),
	ERR("suspended_account", "key=$SUSPENDED&action=balance", 403,
	    "Account suspended"),
	{ .name = "key_in_the_query_string",
	    .path = "/api/v2?key=$KEY&action=balance",
	    .body = "x=1",
	    .strict = 401,
	    .answer = KEY_PLACE },
	{ .name = "key_in_the_query_string_too",
	    .path = "/api/v2?key=$KEY",
	    .body = BALANCE,
	    .strict = 401,
	    .answer = KEY_PLACE },
	{ .name = "encoded_key_in_the_query_string",
	    .path = "/api/v2?%6bey=$KEY",
	    .body = "action=balance",
	    .strict = 401,
	    .answer = KEY_PLACE },
	{ .name = "key_in_a_header",
	    .headers = { "X-API-Key: $KEY" },
	    .body = "action=balance",
	    .strict = 401,
	    .answer = KEY_PLACE },
	{ .name = "key_in_a_cookie",
	    .headers = { "Cookie: a=b; key=$KEY" },
	    .body = "action=balance",
	    .strict = 401,
	    .answer = KEY_PLACE },
	{ .name = "other_cookies_do_no_harm",
	    .headers = { "Cookie: talk_session=1; session=2" },
	    .body = BALANCE,
	    .answer = "{\"balance\":*}" },

	{ .name = "an_absent_action_in_the_body_is_looked_for_in_the_query",
	    .path = "/api/v2?action=balance",
	    .body = "key=$KEY&action=undefined",
	    .answer = "{\"balance\":*}" },

	/* The action. */
	ERR("no_action", "key=$KEY", 400, "Incorrect request"),
	ERR("empty_action", "key=$KEY&action=", 400, "Incorrect request"),
	ERR("unknown_action", K "steal", 400, "Incorrect request"),
	ERR("action_in_upper_case", K "BALANCE", 400, "Incorrect request"),
	ERR("status_of_nothing", K "status", 400, "Incorrect request"),
	ERR("status_of_an_empty_order", K "status&order=", 400,
	    "Incorrect request"),
	ERR("status_of_undefined", K "status&order=undefined", 400,
	    "Incorrect request"),
	ERR("status_of_an_empty_list", K "status&orders=", 400,
	    "Incorrect request"),
	ERR("status_of_commas", K "status&orders=,+,", 400,
	    "Incorrect request"),
	ERR("refill_of_nothing", K "refill", 400, "Incorrect request"),
	ERR("refill_status_of_nothing", K "refill_status", 400,
	    "Incorrect request"),
	ERR("cancel_of_nothing", K "cancel", 400, "Incorrect request"),

	/* Ids. */
	OK("id_is_an_old_name_of_order", K "status&id=$PARTIAL", PARTIAL),
	ERR("unknown_order", K "status&order=999999", 404,
	    "Incorrect order ID"),
	ERR("another_accounts_order", K "status&order=$OTHERS", 404,
	    "Incorrect order ID"),
	ERR("order_0", K "status&order=0", 404, "Incorrect order ID"),
	ERR("order_minus_1", K "status&order=-1", 404, "Incorrect order ID"),
	ERR("order_1e3", K "status&order=1e3", 404, "Incorrect order ID"),
	ERR("order_beyond_64_bits", K "status&order=99999999999999999999", 404,
	    "Incorrect order ID"),
	ERR("order_with_sql", K "status&order=1;DROP", 404,
	    "Incorrect order ID"),
	ERR("order_with_a_quote", K "status&order=1'--", 404,
	    "Incorrect order ID"),
	ERR("order_in_hex", K "status&order=0x1", 404, "Incorrect order ID"),
	ERR("unknown_refill", K "refill_status&refill=999999", 404,
	    "Refill not found"),
	ERR("another_accounts_refill", K "refill_status&refill=$OTHERS_REFILL",
	    404, "Refill not found"),
	ERR("refill_minus_1", K "refill_status&refill=-1", 404,
	    "Refill not found"),
	ERR("refill_of_an_unknown_order", K "refill&order=999999", 404,
	    "Incorrect order ID"),
	ERR("refill_of_another_accounts_order", K "refill&order=$OTHERS", 404,
	    "Incorrect order ID"),
	ERR("cancel_of_an_unknown_order", K "cancel&order=999999", 404,
	    "Incorrect order ID"),
	ERR("cancel_of_another_accounts_order", K "cancel&order=$OTHERS", 404,
	    "Incorrect order ID"),

	/* Lists. */
	OK("list_of_one", K "status&orders=$PARTIAL",
	    "{\"$PARTIAL\":" PARTIAL "}"),
	OK("encoded_comma", K "status&orders=$PARTIAL%2C999999",
	    "{\"$PARTIAL\":" PARTIAL ",\"999999\":" NO_ORDER "}"),
	OK("spaces_around_commas", K "status&orders=+$PARTIAL+,%20999999+",
	    "{\"$PARTIAL\":" PARTIAL ",\"999999\":" NO_ORDER "}"),
	OK("brackets", K "status&orders[]=$PARTIAL&orders[]=999999",
	    "{\"$PARTIAL\":" PARTIAL ",\"999999\":" NO_ORDER "}"),
	OK("encoded_brackets",
	    K "status&orders%5B%5D=$PARTIAL&orders%5b%5d=999999",
	    "{\"$PARTIAL\":" PARTIAL ",\"999999\":" NO_ORDER "}"),
	OK("numbered_brackets", K "status&orders[0]=$PARTIAL&orders[1]=999999",
	    "{\"$PARTIAL\":" PARTIAL ",\"999999\":" NO_ORDER "}"),
	OK("commas_in_order", K "status&order=$PARTIAL,999999",
	    "{\"$PARTIAL\":" PARTIAL ",\"999999\":" NO_ORDER "}"),
	OK("empty_items", K "status&orders=,$PARTIAL,,999999,",
	    "{\"$PARTIAL\":" PARTIAL ",\"999999\":" NO_ORDER "}"),
	OK("garbage_in_a_list",
	    K "status&orders=abc,-1,1e3,99999999999999999999,1;DROP,$PARTIAL",
	    "{\"abc\":" NO_ORDER ",\"-1\":" NO_ORDER ",\"1e3\":" NO_ORDER
	    ",\"99999999999999999999\":" NO_ORDER ",\"1;DROP\":" NO_ORDER
	    ",\"$PARTIAL\":" PARTIAL "}"),
	OK("another_accounts_order_in_a_list", K "status&orders=$OTHERS",
	    "{\"$OTHERS\":" NO_ORDER "}"),
	OK("error_is_no_name_of_a_success", K "status&orders=error,1x", "{*}"),
	OK("garbage_in_a_list_of_refills", K "refill&orders=abc,$CANCELED",
	    "[{\"order\":\"abc\",\"refill\":" NO_ORDER "},"
	    "{\"order\":$CANCELED,\"refill\":{\"error\":\"Order cannot be "
	    "refilled\"}}]"),
	OK("garbage_in_a_list_of_cancels", K "cancel&orders=abc,$COMPLETED",
	    "[{\"order\":\"abc\",\"cancel\":" NO_ORDER "},"
	    "{\"order\":$COMPLETED,\"cancel\":{\"error\":\"Order cannot be "
	    "canceled\"}}]"),
	OK("garbage_in_a_list_of_refill_ids",
	    K "refill_status&refills=abc,$REFILLED",
	    "[{\"refill\":\"abc\",\"status\":{\"error\":\"Refill not "
	    "found\"}},{\"refill\":$REFILLED,\"status\":\"Completed\"}]"),
	OK("refills_in_brackets", K "refill_status&refills[]=$REFILLED",
	    "[{\"refill\":$REFILLED,\"status\":\"Completed\"}]"),
	OK("a_hundred_ids", K "status&orders=$IDS100",
	    "{\"1000001\":" NO_ORDER ",*,\"1000100\":" NO_ORDER "}"),
	ERR("a_hundred_and_one_ids", K "status&orders=$IDS101", 400,
	    "Maximum 100 orders"),
	ERR("a_hundred_and_one_refills", K "refill&orders=$IDS101", 400,
	    "Maximum 100 orders"),
	ERR("a_hundred_and_one_cancels", K "cancel&orders=$IDS101", 400,
	    "Maximum 100 orders"),
	ERR("a_hundred_and_one_refill_ids", K "refill_status&refills=$IDS101",
	    400, "Maximum 100 orders"),

	/* add: quantities. */
	PLACED("smallest_quantity", "service=1&link=$LINK&quantity=50", "0.045",
	    "50"),
	PLACED("largest_quantity", "service=1&link=$LINK&quantity=10000",
	    "9.00", "10000"),
	PLACED("quantity_with_zeros_before",
	    "service=1&link=$LINK&quantity=0050", "0.045", "50"),
	ERR("below_the_minimum", ADD "service=1&link=$LINK&quantity=49", 400,
	    "Quantity less than minimal 50"),
	ERR("quantity_0", ADD "service=1&link=$LINK&quantity=0", 400,
	    "Quantity less than minimal 50"),
	ERR("above_the_maximum", ADD "service=1&link=$LINK&quantity=10001", 400,
	    "Quantity more than maximum 10000"),
	ERR("quantity_beyond_64_bits",
	    ADD "service=1&link=$LINK&quantity=99999999999999999999", 400,
	    "Quantity more than maximum 10000"),
	ERR("quantity_minus_1", ADD "service=1&link=$LINK&quantity=-1", 400,
	    "Incorrect quantity"),
	ERR("quantity_1e3", ADD "service=1&link=$LINK&quantity=1e3", 400,
	    "Incorrect quantity"),
	ERR("quantity_with_a_point", ADD "service=1&link=$LINK&quantity=100.0",
	    400, "Incorrect quantity"),
	ERR("quantity_with_sql", ADD "service=1&link=$LINK&quantity=1;DROP",
	    400, "Incorrect quantity"),
	ERR("quantity_in_words", ADD "service=1&link=$LINK&quantity=many", 400,
	    "Incorrect quantity"),
	ERR("no_quantity", ADD "service=1&link=$LINK", 400,
	    "Missing required parameter: quantity"),
	ERR("empty_quantity", ADD "service=1&link=$LINK&quantity=", 400,
	    "Missing required parameter: quantity"),
	ERR("undefined_quantity", ADD "service=1&link=$LINK&quantity=undefined",
	    400, "Missing required parameter: quantity"),
	ERR("quantity_that_is_no_number_at_all",
	    ADD "service=1&link=$LINK&quantity=NaN", 400,
	    "Missing required parameter: quantity"),

	/* add: services. */
	ERR("no_service", ADD "link=$LINK&quantity=100", 400,
	    "Missing required parameter: service"),
	ERR("unknown_service", ADD "service=999&link=$LINK&quantity=100", 404,
	    "Incorrect service ID"),
	ERR("service_off_sale", ADD "service=20&link=$LINK&quantity=100", 404,
	    "Incorrect service ID"),
	ERR("service_minus_1", ADD "service=-1&link=$LINK&quantity=100", 404,
	    "Incorrect service ID"),
	ERR("service_1e0", ADD "service=1e0&link=$LINK&quantity=100", 404,
	    "Incorrect service ID"),
	ERR("service_with_sql", ADD "service=1;DROP&link=$LINK&quantity=100",
	    404, "Incorrect service ID"),
	ERR("service_beyond_64_bits",
	    ADD "service=99999999999999999999&link=$LINK&quantity=100", 404,
	    "Incorrect service ID"),

	/* add: links. */
	ERR("no_link", ADD "service=1&quantity=100", 400, "Bad link"),
	ERR("empty_link", ADD "service=1&link=&quantity=100", 400, "Bad link"),
	ERR("link_without_a_scheme",
	    ADD "service=1&link=example.com&quantity=100", 400, "Bad link"),
	ERR("link_of_another_scheme",
	    ADD "service=1&link=ftp://example.com&quantity=100", 400,
	    "Bad link"),
	ERR("javascript_link",
	    ADD "service=1&link=javascript:alert(1)&quantity=100", 400,
	    "Bad link"),
	ERR("link_with_a_line_end",
	    ADD "service=1&link=https://example.com/%0ax&quantity=100", 400,
	    "Bad link"),
	PLACED("link_of_1000_bytes", "service=1&link=$LINK1000&quantity=100",
	    "0.09", "100"),
	ERR("link_of_1001_bytes",
	    ADD "service=1&link=$LINK1000"
		"x&quantity=100",
	    400, "Bad link"),
	PLACED("link_in_http",
	    "service=1&link=http://example.com/$ROW"
	    "&quantity=100",
	    "0.09", "100"),
	ERR("link_with_an_unfinished_order",
	    ADD "service=1&link=$PENDING_LINK&quantity=100", 400,
	    "You have active order with this link. "
	    "Please wait until order being completed."),
	PLACED("that_link_for_another_service",
	    "service=22&link=$PENDING_LINK&quantity=100", "0.00", "100"),
	PLACED("link_of_a_finished_order",
	    "service=1&link=$COMPLETED_LINK&quantity=100", "0.09", "100"),

	/* add: what is not asked for. */
	PLACED("fields_of_other_types_are_ignored",
	    "service=1&link=$LINK&quantity=100&comments=a&posts=x&min=-1",
	    "0.09", "100"),
	PLACED("quantity_of_a_package_is_ignored",
	    "service=3&link=$LINK&quantity=5000", "14.90", "1"),
	PLACED("quantity_of_comments_is_ignored",
	    "service=4&link=$LINK&quantity=5000&comments=a%0ab", "0.005", "2"),
	ERR("too_few_comments", ADD "service=4&link=$LINK&comments=a", 400,
	    "Quantity less than minimal 2"),
	ERR("too_many_comments",
	    ADD "service=4&link=$LINK&comments=a%0ab%0ac%0ad%0ae%0af", 400,
	    "Quantity more than maximum 5"),
	ERR("comments_that_are_empty_lines",
	    ADD "service=4&link=$LINK&comments=%0a%0d%0a", 400,
	    "Missing required parameter: comments"),
	PLACED("absent_literals",
	    "service=2&link=$LINK&quantity=10&runs=undefined&interval=null"
	    "&request_id=NaN",
	    "0.0033", "10"),

	/* add: drip-feed. */
	PLACED("runs", "service=2&link=$LINK&quantity=10&runs=5&interval=60",
	    "0.0165", "50"),
	PLACED("runs_are_ignored_without_dripfeed",
	    "service=1&link=$LINK&quantity=100&runs=5&interval=60", "0.09",
	    "100"),
	ERR("a_run_below_the_minimum",
	    ADD "service=2&link=$LINK&quantity=9&runs=5&interval=60", 400,
	    "Quantity less than minimal 10"),
	ERR("runs_above_the_maximum",
	    ADD "service=2&link=$LINK&quantity=10001&runs=5&interval=60", 400,
	    "Quantity more than maximum 50000"),
	ERR("runs_that_overflow",
	    ADD
	    "service=2&link=$LINK&quantity=50000&runs=1000000000&interval=60",
	    400, "Quantity more than maximum 50000"),
	ERR("runs_that_are_no_number",
	    ADD "service=2&link=$LINK&quantity=10&runs=x&interval=60", 400,
	    "Incorrect parameter: runs"),
	ERR("interval_that_is_no_number",
	    ADD "service=2&link=$LINK&quantity=10&runs=2&interval=-1", 400,
	    "Incorrect parameter: interval"),

	/* add: subscriptions. */
	PLACED("subscription_of_one_post",
	    "service=18&username=$USER&min=5"
	    "&max=100",
	    "0.16", "100"),
	ERR("subscription_without_a_user", ADD "service=18&min=5&max=100", 400,
	    "Missing required parameter: username"),
	ERR("subscription_without_a_minimum",
	    ADD "service=18&username=$USER&max=100", 400,
	    "Missing required parameter: min"),
	ERR("subscription_without_a_maximum",
	    ADD "service=18&username=$USER&min=5", 400,
	    "Missing required parameter: max"),
	ERR("subscription_below_the_minimum",
	    ADD "service=18&username=$USER&min=4&max=100", 400,
	    "Quantity less than minimal 5"),
	ERR("subscription_above_the_maximum",
	    ADD "service=18&username=$USER&min=5&max=121", 400,
	    "Quantity more than maximum 120"),
	ERR("subscription_with_a_day_that_does_not_exist",
	    ADD "service=18&username=$USER&min=5&max=100&expiry=31/02/2099",
	    400, "Incorrect parameter: expiry"),
	ERR("subscription_with_a_date_the_other_way",
	    ADD "service=18&username=$USER&min=5&max=100&expiry=2099-12-31",
	    400, "Incorrect parameter: expiry"),
	ERR("posts_that_are_no_number",
	    ADD "service=18&username=$USER&min=5&max=100&posts=x", 400,
	    "Incorrect parameter: posts"),
	ERR("answer_that_is_no_number",
	    ADD "service=14&link=$LINK&quantity=10&answer_number=x", 400,
	    "Incorrect parameter: answer_number"),

	/* add: money. */
	PLACED("a_price_of_nothing", "service=22&link=$LINK&quantity=1", "0.00",
	    "1"),
	PLACED("the_smallest_price", "service=23&link=$LINK&quantity=1",
	    "0.000000001", "1"),
	ERR("not_enough_funds",
	    "key=$POOR&action=add&service=1&link=$LINK&quantity=100", 400,
	    "Not enough funds on balance"),
	ERR("far_from_enough_funds",
	    ADD "service=21&link=$LINK&quantity=1000000", 400,
	    "Not enough funds on balance"),
	ERR("a_charge_beyond_all_amounts",
	    ADD "service=24&username=$USER&min=1&max=1000000&posts=1000000000",
	    400, "Incorrect quantity"),

	/* add: request_id. */
	ERR("request_id_of_129_characters",
	    ADD "service=1&link=$LINK&quantity=100&request_id=$ID129", 400,
	    "Incorrect parameter: request_id"),
	PLACED("request_id_of_128_characters",
	    "service=1&link=$LINK&quantity=100&request_id=$ID128", "0.09",
	    "100"),
	ERR("request_id_with_other_fields",
	    ADD "service=1&link=$LINK&quantity=101&request_id=$ID128", 400,
	    "request_id was used with other fields"),

	/* refill and cancel: rules. */
	ERR("service_without_refill", K "refill&order=$PARTIAL", 400,
	    "Refill is disabled for this service"),
	ERR("refill_too_soon", K "refill&order=$COMPLETED", 400,
	    "The order was completed or refill was requested "
	    "less than 24 hours ago"),
	ERR("refill_of_a_pending_order", K "refill&order=$PENDING", 400,
	    "The order was completed or refill was requested "
	    "less than 24 hours ago"),
	ERR("refill_in_flight", K "refill&order=$REFILLING", 400,
	    "The order was completed or refill was requested "
	    "less than 24 hours ago"),
	ERR("refill_limit", K "refill&order=$REFILLED_OUT", 400,
	    "Refill limit reached for this order"),
	ERR("refill_of_a_canceled_order", K "refill&order=$CANCELED", 400,
	    "Order cannot be refilled"),
	ERR("cancel_of_a_completed_order", K "cancel&order=$COMPLETED", 400,
	    "Order cannot be canceled"),
	ERR("cancel_of_a_partial_order", K "cancel&order=$PARTIAL", 400,
	    "Order cannot be canceled"),
	ERR("cancel_of_a_canceled_order", K "cancel&order=$CANCELED", 400,
	    "Order cannot be canceled"),
	ERR("service_without_cancel", K "cancel&order=$NO_CANCEL", 400,
	    "Order cannot be canceled"),

	/* Webhooks: looking. */
	OK("webhooks_of_nobody", "key=$POOR&action=webhook.list", "[]"),
	OK("webhooks", H "list",
	    "[" HOOK_IS("active") "," SOME_IS("some", SOME_EVENTS,
		"active") ",{\"webhook\":$PAUSED,\"url\":\"https://example.com/"
			  "paused\","
			  "\"events\":[\"balance.low\"],\"status\":\"paused\","
			  "\"secret_hint\":\"\xe2\x80\xa6"
			  "p4us\"," CREATED ",\"last_success\":\"2023-11-14T22:"
			  "13:21Z\",\"pending\":0},"
			  "{\"webhook\":$DISABLED,\"url\":\"https://"
			  "example.com/disabled\","
			  "\"events\":[" ALL_EVENTS "],\"status\":\"disabled\","
			  "\"reason\":\"it answered 410 Gone\","
			  "\"secret_hint\":\"\xe2\x80\xa6"
			  "d1s4\"," CREATED ",\"last_failure\":\"2023-11-14T22:"
			  "13:22Z\",\"pending\":0}]"),
	OK("deliveries", DELIVERIES,
	    "[" TRY5 "," TRY4 "," TRY3 "," TRY2 "," TRY1 "]"),
	OK("deliveries_to_nowhere_yet", H "deliveries&webhook=$SOME", "[]"),
	OK("deliveries_that_failed", DELIVERIES "&status=failed",
	    "[" TRY5 "," TRY2 "," TRY1 "]"),
	OK("deliveries_that_arrived", DELIVERIES "&status=delivered",
	    "[" TRY3 "]"),
	OK("deliveries_that_were_blocked", DELIVERIES "&status=blocked",
	    "[" TRY4 "]"),
	OK("deliveries_of_any_status", DELIVERIES "&status=",
	    "[" TRY5 "," TRY4 "," TRY3 "," TRY2 "," TRY1 "]"),
	ERR("deliveries_of_an_unknown_status", DELIVERIES "&status=exhausted",
	    400, "Incorrect parameter: status"),
	ERR("deliveries_of_a_status_in_upper_case", DELIVERIES "&status=Failed",
	    400, "Incorrect parameter: status"),
	OK("deliveries_before", DELIVERIES "&before=3", "[" TRY2 "," TRY1 "]"),
	OK("deliveries_that_failed_before",
	    DELIVERIES "&before=5&status=failed", "[" TRY2 "," TRY1 "]"),
	OK("deliveries_before_the_first", DELIVERIES "&before=1", "[]"),
	OK("deliveries_before_what_is_to_come",
	    DELIVERIES "&before=9223372036854775807&status=delivered",
	    "[" TRY3 "]"),
	ERR("deliveries_before_0", DELIVERIES "&before=0", 400,
	    "Incorrect parameter: before"),
	ERR("deliveries_before_minus_1", DELIVERIES "&before=-1", 400,
	    "Incorrect parameter: before"),
	ERR("deliveries_before_1e3", DELIVERIES "&before=1e3", 400,
	    "Incorrect parameter: before"),
	ERR("deliveries_before_an_event", DELIVERIES "&before=$ARRIVED", 400,
	    "Incorrect parameter: before"),
	ERR("deliveries_before_what_never_comes",
	    DELIVERIES "&before=9223372036854775808", 400,
	    "Incorrect parameter: before"),

	/* Webhooks: adding. */
	ADDED("webhook", "", ALL_EVENTS),
	ADDED("webhook_of_one_event", "&events=order.completed",
	    "\"order.completed\""),
	ADDED("webhook_of_a_csv", "&events=order.created,order.partial",
	    TWO_EVENTS),
	ADDED("webhook_of_an_encoded_csv",
	    "&events=+order.partial+%2C%20order.created+", TWO_EVENTS),
	ADDED("webhook_of_repeated_events",
	    "&events=order.partial&events=order.created", TWO_EVENTS),
	ADDED("webhook_of_events_in_brackets",
	    "&events[]=order.partial&events%5B%5D=order.created", TWO_EVENTS),
	ADDED("webhook_of_events_in_numbered_brackets",
	    "&events[0]=order.partial&events[1]=order.created", TWO_EVENTS),
	ADDED("webhook_of_an_event_twice",
	    "&events=order.partial,order.created,order.partial", TWO_EVENTS),
	ADDED("webhook_of_no_events", "&events=", ALL_EVENTS),
	ADDED("webhook_of_undefined_events", "&events=undefined", ALL_EVENTS),
	ADDED("webhook_of_empty_items",
	    "&events=,order.partial,,order.created,", TWO_EVENTS),
	ADDED("webhook_of_all_events",
	    "&events=webhook.test,balance.low,refill.rejected,"
	    "refill.completed,order.refunded,order.failed,order.canceled,"
	    "order.partial,order.completed,order.in_progress,order.created",
	    ALL_EVENTS),
	{ .name = "webhook_in_multipart",
	    .type = MULTIPART_TYPE,
	    .body = PART("key", "$ADDER") PART("action", "webhook.add")
		PART("url", HOOK_URL) PART("events", "order.created")
		    PART("events", "order.partial") PARTS_END,
	    .answer = HOOK(TWO_EVENTS),
	    HOOK_GOES },
	{ .name = "webhook_in_multipart_with_brackets",
	    .type = MULTIPART_TYPE,
	    .body = PART("events[]", "order.created")
		PART("events[]", "order.partial") PART("url", HOOK_URL) PART(
		    "action", "webhook.add") PART("key", "$ADDER") PARTS_END,
	    .answer = HOOK(TWO_EVENTS),
	    HOOK_GOES },
	{ .name = "webhook_in_json",
	    .type = JSON_TYPE,
	    .body = "{\"key\":\"$ADDER\",\"action\":\"webhook.add\","
		    "\"url\":\"" HOOK_URL "\",\"events\":[" TWO_EVENTS "]}",
	    .answer = HOOK(TWO_EVENTS),
	    HOOK_GOES },
	{ .name = "webhook_in_json_with_a_csv",
	    .type = JSON_TYPE,
	    .body = "{\"key\":\"$ADDER\",\"action\":\"webhook.add\","
		    "\"url\":\"https:\\/\\/example.com\\/$ROW\","
		    "\"events\":\"order.created,order.partial\"}",
	    .answer = HOOK(TWO_EVENTS),
	    HOOK_GOES },
	{ .name = "webhook_in_json_with_null",
	    .type = JSON_TYPE,
	    .body = "{\"key\":\"$ADDER\",\"action\":\"webhook.add\","
		    "\"url\":\"" HOOK_URL "\",\"events\":null}",
	    .answer = HOOK(ALL_EVENTS),
	    HOOK_GOES },
	{ .name = "webhook_in_json_with_an_empty_array",
	    .type = JSON_TYPE,
	    .body = "{\"key\":\"$ADDER\",\"action\":\"webhook.add\","
		    "\"url\":\"" HOOK_URL "\",\"events\":[]}",
	    .answer = HOOK(ALL_EVENTS),
	    HOOK_GOES },
	{ .name = "webhook_in_json_with_an_unknown_event",
	    .type = JSON_TYPE,
	    .body = "{\"key\":\"$ADDER\",\"action\":\"webhook.add\","
		    "\"url\":\"" HOOK_URL "\",\"events\":"
		    "[\"order.created\",7]}",
	    .strict = 400,
	    .answer = "{\"error\":\"Unknown event: 7\"}" },

	/* Webhooks: events that there are not. */
	NO_URL("unknown_event", HOOK_URL "&events=x", "Unknown event: x"),
	NO_URL("unknown_event_among_others",
	    HOOK_URL "&events=order.created,order.shipped,y",
	    "Unknown event: order.shipped"),
	NO_URL("event_in_upper_case", HOOK_URL "&events=Order.created",
	    "Unknown event: Order.created"),
	NO_URL("event_cut_short", HOOK_URL "&events=order.complete",
	    "Unknown event: order.complete"),
	NO_URL("event_with_something_after",
	    HOOK_URL "&events=order.completedx",
	    "Unknown event: order.completedx"),
	NO_URL(
	    "all_events_by_a_star", HOOK_URL "&events=%2a", "Unknown event: *"),
	NO_URL("event_with_a_quote", HOOK_URL "&events=%22%5c%0a%3cb%3e",
	    "Unknown event: \\\"\\\\\\n<b>"),
	NO_URL("event_of_64_bytes", HOOK_URL "&events=" TEN("abcdef") "abcd",
	    "Unknown event: " TEN("abcdef") "abc"),
	/* Texts are cut between characters. */
	NO_URL("event_of_characters_of_two_bytes",
	    HOOK_URL "&events=" TEN("%c3%a4%c3%a4%c3%a4%c3%a4"),
	    "Unknown event: " TEN("\xc3\xa4\xc3\xa4\xc3\xa4") "\xc3\xa4"),
	NO_URL("event_of_characters_of_four_bytes",
	    HOOK_URL "&events=a" TEN("%f0%9f%94%91%f0%9f%94%91"),
	    "Unknown event: a" TEN(
		"\xf0\x9f\x94\x91") "\xf0\x9f\x94\x91\xf0\x9f\x94\x91\xf0\x9f"
				    "\x94\x91"
				    "\xf0\x9f\x94\x91\xf0\x9f\x94\x91"),
	NO_URL("event_of_characters_of_three_bytes",
	    HOOK_URL "&events=ab" TEN("%e2%82%ac%e2%82%ac%e2%82%ac"),
	    "Unknown event: ab" TEN("\xe2\x82\xac\xe2\x82\xac")),

	/* Webhooks: where they may go. */
	ERR("webhook_without_a_url", A "add", 400,
	    "Missing required parameter: url"),
	NO_URL(
	    "webhook_of_an_empty_url", "", "Missing required parameter: url"),
	NO_URL("webhook_of_an_undefined_url", "undefined&events=x",
	    "Missing required parameter: url"),
	{ .name = "webhook_of_2000_bytes",
	    .body = A "add&url=$URL2000",
	    .answer = "{\"webhook\":$ID,\"url\":\"$URL2000\",*}",
	    HOOK_GOES },
	NO_URL("webhook_of_2001_bytes",
	    "$URL2000"
	    "x",
	    BAD_URL),
	{ .name = "webhook_with_a_port_and_a_query",
	    .body = A "add&url=HTTPS://Example.COM:8443/a/../b?c=d%26e",
	    .answer = "{\"webhook\":$ID,"
		      "\"url\":\"HTTPS://Example.COM:8443/a/../b?c=d&e\",*}",
	    HOOK_GOES },
	{ .name = "webhook_at_a_public_address",
	    .body = A "add&url=https://[2606:4700::1111]/",
	    .answer = "{\"webhook\":$ID,"
		      "\"url\":\"https://[2606:4700::1111]/\",*}",
	    HOOK_GOES },
	NO_URL("webhook_by_http", "http://example.com/", NO_HTTPS),
	NO_URL("webhook_by_http_to_this_host", "http://127.0.0.1/", NO_HTTPS),
	NO_URL("webhook_by_ftp", "ftp://example.com/", NO_HTTPS),
	NO_URL("webhook_without_a_scheme", "example.com/hook", NO_HTTPS),
	NO_URL("webhook_in_javascript", "javascript:alert(1)", NO_HTTPS),
	NO_URL("webhook_to_a_file", "file:///etc/passwd", NO_HTTPS),
	NO_URL("webhook_that_only_begins_like_https", "https:example.com",
	    NO_HTTPS),
	NO_URL("webhook_without_a_host", "https:///hook", BAD_URL),
	NO_URL("webhook_with_a_user", "https://user@example.com/", BAD_URL),
	NO_URL(
	    "webhook_with_a_password", "https://user:pw@example.com/", BAD_URL),
	NO_URL("webhook_with_a_host_as_user", "https://example.com@127.0.0.1/",
	    BAD_URL),
	NO_URL("webhook_with_a_fragment", "https://example.com/%23a", BAD_URL),
	NO_URL("webhook_with_a_space", "https://example.com/a%20b", BAD_URL),
	NO_URL("webhook_with_a_line_end", "https://example.com/a%0d%0aHost:+x",
	    BAD_URL),
	NO_URL(
	    "webhook_with_a_backslash", "https://example.com%5c@x/", BAD_URL),
	NO_URL("webhook_beyond_ascii", "https://ex%c3%a4mple.com/", BAD_URL),
	NO_URL("webhook_at_port_0", "https://example.com:0/", BAD_URL),
	NO_URL("webhook_at_port_65536", "https://example.com:65536/", BAD_URL),
	NO_URL("webhook_at_no_port", "https://example.com:/", BAD_URL),
	NO_URL("webhook_to_this_host", "https://127.0.0.1/", NOT_PUBLIC),
	NO_URL(
	    "webhook_to_this_host_by_name", "https://LocalHost./", NOT_PUBLIC),
	NO_URL("webhook_to_this_host_in_ipv6", "https://[::1]/", NOT_PUBLIC),
	NO_URL("webhook_to_this_host_mapped", "https://[::ffff:127.0.0.1]/",
	    NOT_PUBLIC),
	NO_URL("webhook_to_this_host_as_a_number", "https://2130706433/",
	    NOT_PUBLIC),
	NO_URL("webhook_to_this_host_in_hex", "https://0x7f.1/", NOT_PUBLIC),
	NO_URL(
	    "webhook_to_this_host_in_octal", "https://0177.0.0.1/", NOT_PUBLIC),
	NO_URL("webhook_to_any_host", "https://0.0.0.0/", NOT_PUBLIC),
	NO_URL("webhook_to_a_private_network", "https://10.1.2.3:8443/hook",
	    NOT_PUBLIC),
	NO_URL("webhook_to_another_private_network", "https://192.168.0.1/",
	    NOT_PUBLIC),
	NO_URL("webhook_to_a_cloud_s_metadata", "https://169.254.169.254/",
	    NOT_PUBLIC),
	NO_URL(
	    "webhook_to_a_name_without_a_dot", "https://intranet/", NOT_PUBLIC),
	NO_URL("webhook_to_an_internal_name",
	    "https://metadata.google.internal/", NOT_PUBLIC),
	/* What is wrong with the URL comes before what is with the events. */
	NO_URL("webhook_with_two_faults", "https://10.0.0.1/&events=x",
	    NOT_PUBLIC),

	/* Webhooks: changing. */
	UPDATED("webhook_of_other_events", "events=balance.low,order.created",
	    "some", "\"order.created\",\"balance.low\"", "active"),
	UPDATED("webhook_at_another_url", "url=https://example.com/moved",
	    "moved", "\"order.created\",\"balance.low\"", "active"),
	UPDATED("webhook_that_is_paused", "status=paused", "moved",
	    "\"order.created\",\"balance.low\"", "paused"),
	ERR("test_of_a_paused_webhook", H "test&webhook=$SOME", 400,
	    "Webhook is not active"),
	UPDATED("webhook_that_is_set_all_at_once",
	    "status=active&url=https://example.com/some"
	    "&events=order.failed,order.completed",
	    "some", SOME_EVENTS, "active"),
	{ .name = "webhook_updated_in_json",
	    .type = JSON_TYPE,
	    .body = "{\"key\":\"$HOOKS\",\"action\":\"webhook.update\","
		    "\"webhook\":$SOME,\"events\":[\"order.completed\","
		    "\"order.failed\"],\"url\":null}",
	    .answer = SOME_IS("some", SOME_EVENTS, "active") },
	{ .name = "webhook_updated_in_multipart",
	    .type = MULTIPART_TYPE,
	    .body = PART("key", "$HOOKS") PART("action", "webhook.update")
		PART("webhook", "$SOME") PART("status", "active") PARTS_END,
	    .answer = SOME_IS("some", SOME_EVENTS, "active") },
	OK("webhook_that_is_active_already",
	    H "update&webhook=$HOOK&status=active", HOOK_IS("active")),
	ERR("update_of_nothing", H "update&webhook=$SOME", 400,
	    "Incorrect request"),
	ERR("update_of_absent_fields",
	    H "update&webhook=$SOME&url=&events=&status=undefined", 400,
	    "Incorrect request"),
	ERR("update_to_disabled", H "update&webhook=$SOME&status=disabled", 400,
	    "Incorrect parameter: status"),
	ERR("update_to_removed", H "update&webhook=$SOME&status=removed", 400,
	    "Incorrect parameter: status"),
	ERR("update_to_a_number", H "update&webhook=$SOME&status=1", 400,
	    "Incorrect parameter: status"),
	ERR("update_to_http", H "update&webhook=$SOME&url=http://example.com/",
	    400, NO_HTTPS),
	ERR("update_to_an_internal_url",
	    H "update&webhook=$SOME&url=https://10.0.0.1/", 400, NOT_PUBLIC),
	ERR("update_to_a_long_url",
	    H "update&webhook=$SOME&url=$URL2000"
	      "x",
	    400, BAD_URL),
	ERR("update_to_an_unknown_event",
	    H "update&webhook=$SOME&status=paused&events=x", 400,
	    "Unknown event: x"),
	UPDATED("updates_that_failed_changed_nothing", "status=active", "some",
	    SOME_EVENTS, "active"),
	{ .name = "webhook_that_was_disabled_is_set_active",
	    .body = H "update&webhook=$DISABLED&status=active",
	    .answer =
		"{\"webhook\":$DISABLED,\"url\":"
		"\"https://example.com/disabled\",\"events\":[" ALL_EVENTS
		"],\"status\":\"active\",\"secret_hint\":"
		"\"\xe2\x80\xa6"
		"d1s4\"," CREATED ",\"last_failure\":\"2023-11-14T22:13:22Z\","
		"\"pending\":0}" },

	/* Webhooks: rotating. */
	OK("rotation", H "rotate&webhook=$SOME",
	    "{\"webhook\":$SOME,\"secret\":\"whsec_*=\","
	    "\"old_secret_until\":\"20*Z\"}"),
	OK("rotation_without_overlap", H "rotate&webhook=$SOME&overlap=0",
	    "{\"webhook\":$SOME,\"secret\":\"whsec_*=\"}"),
	OK("rotation_with_the_longest_overlap",
	    H "rotate&webhook=$SOME&overlap=168",
	    "{\"webhook\":$SOME,\"secret\":\"whsec_*=\","
	    "\"old_secret_until\":\"20*Z\"}"),
	{ .name = "rotation_in_json",
	    .type = JSON_TYPE,
	    .body = "{\"key\":\"$HOOKS\",\"action\":\"webhook.rotate\","
		    "\"webhook\":\"$SOME\",\"overlap\":0}",
	    .answer = "{\"webhook\":$SOME,\"secret\":\"whsec_*=\"}" },
	OK("rotation_of_a_paused_webhook", H "rotate&webhook=$PAUSED",
	    "{\"webhook\":$PAUSED,\"secret\":\"whsec_*=\","
	    "\"old_secret_until\":\"20*Z\"}"),
	ERR("overlap_169", H "rotate&webhook=$SOME&overlap=169", 400,
	    "Incorrect parameter: overlap"),
	ERR("overlap_minus_1", H "rotate&webhook=$SOME&overlap=-1", 400,
	    "Incorrect parameter: overlap"),
	ERR("overlap_x", H "rotate&webhook=$SOME&overlap=x", 400,
	    "Incorrect parameter: overlap"),
	ERR("overlap_with_a_point", H "rotate&webhook=$SOME&overlap=1.5", 400,
	    "Incorrect parameter: overlap"),
	ERR("overlap_beyond_64_bits",
	    H "rotate&webhook=$SOME&overlap=99999999999999999999", 400,
	    "Incorrect parameter: overlap"),

	/* Webhooks: sending. */
	OK("test", H "test&webhook=$SOME",
	    "{\"webhook\":$SOME,\"event\":\"evt_*\"}"),
	{ .name = "test_in_multipart",
	    .type = MULTIPART_TYPE,
	    .body = PART("key", "$HOOKS") PART("action", "webhook.test")
		PART("webhook", "$SOME") PARTS_END,
	    .answer = "{\"webhook\":$SOME,\"event\":\"evt_*\"}" },
	ERR("resend_of_nothing", RESEND, 400,
	    "Missing required parameter: event"),
	ERR("resend_of_an_empty_event", RESEND "&event=", 400,
	    "Missing required parameter: event"),
	ERR("resend_of_an_unknown_event",
	    RESEND "&event=evt_0000000000000000000000", 404, "Event not found"),
	ERR("resend_of_what_is_no_event", RESEND "&event=1'--", 404,
	    "Event not found"),
	ERR("resend_of_another_webhooks_event", RESEND "&event=$SOMES", 404,
	    "Event not found"),
	ERR("resend_of_another_accounts_event", RESEND "&event=$OTHERS_EVENT",
	    404, "Event not found"),
	OK("resend_since_the_future", RESEND "&since=32503680000",
	    SENT_AGAIN(0)),
	OK("resend_since_a_second_after", RESEND "&since=1700000201",
	    SENT_AGAIN(0)),
	ERR("resend_since_x", RESEND "&since=x", 400,
	    "Incorrect parameter: since"),
	ERR("resend_since_minus_1", RESEND "&since=-1", 400,
	    "Incorrect parameter: since"),
	ERR("resend_since_1e9", RESEND "&since=1e9", 400,
	    "Incorrect parameter: since"),
	ERR("resend_since_beyond_the_calendar", RESEND "&since=253402300800",
	    400, "Incorrect parameter: since"),
	ERR("resend_since_a_day", RESEND "&since=2023-11-14", 400,
	    "Incorrect parameter: since"),
	ERR("resend_since_a_day_that_does_not_exist",
	    RESEND "&since=2023-02-29T00:00:00Z", 400,
	    "Incorrect parameter: since"),
	ERR("resend_since_another_zone",
	    RESEND "&since=2023-11-14T22:16:40%2b01:00", 400,
	    "Incorrect parameter: since"),
	ERR("resend_since_no_zone", RESEND "&since=2023-11-14T22:16:40", 400,
	    "Incorrect parameter: since"),
	OK("resend_since_the_second_of_one", RESEND "&since=1700000200",
	    SENT_AGAIN(1)),
	OK("what_was_sent_again_is_on_its_way",
	    RESEND "&since=2023-11-14T22:16:40Z", SENT_AGAIN(0)),
	OK("resend_since_an_iso_time", RESEND "&since=2023-11-14T22:15:00Z",
	    SENT_AGAIN(1)),
	OK("resend_since_ever", RESEND "&since=0", SENT_AGAIN(0)),
	OK("what_is_on_its_way_is_counted", H "list",
	    "[{\"webhook\":$HOOK,*\"pending\":3},*]"),
	OK("resend_of_what_was_given_up", H "resend&webhook=$SOME&event=$SOMES",
	    "{\"webhook\":$SOME,\"queued\":1}"),
	OK("resend_of_what_has_arrived", RESEND "&event=$ARRIVED",
	    SENT_AGAIN(1)),
	OK("resend_of_what_is_on_its_way", RESEND "&event=$ARRIVED",
	    SENT_AGAIN(1)),
	{ .name = "resend_in_json",
	    .type = JSON_TYPE,
	    .body = "{\"key\":\"$HOOKS\",\"action\":\"webhook.resend\","
		    "\"webhook\":$HOOK,\"since\":1700000000}",
	    .answer = SENT_AGAIN(0) },
	OK("an_event_goes_before_a_time", RESEND "&event=$ARRIVED&since=x",
	    SENT_AGAIN(1)),

	/* Webhooks: removing. */
	OK("removal", H "remove&webhook=$SOME",
	    "{\"webhook\":$SOME,\"removed\":1}"),
	ERR("removal_again", H "remove&webhook=$SOME", 404,
	    "Webhook not found"),
	{ .name = "removal_in_json",
	    .type = JSON_TYPE,
	    .body = "{\"key\":\"$HOOKS\",\"action\":\"webhook.remove\","
		    "\"webhook\":$DISABLED}",
	    .answer = "{\"webhook\":$DISABLED,\"removed\":1}" },
	OK("what_is_left", H "list",
	    "[{\"webhook\":$HOOK,*},{\"webhook\":$PAUSED,*}]"),

	/* HTTP. */
	{ .name = "get",
	    .method = "GET",
	    .http = 405,
	    .answer = "{\"error\":\"Method not allowed, use POST\"}",
	    .header = "Allow: POST" },
	{ .name = "get_with_everything_in_the_query_string",
	    .method = "GET",
	    .path = "/api/v2?key=$KEY&action=balance",
	    .http = 405,
	    .answer = "{\"error\":\"Method not allowed, use POST\"}",
	    .header = "Allow: POST" },
	{ .name = "put",
	    .method = "PUT",
	    .body = BALANCE,
	    .http = 405,
	    .answer = "{\"error\":\"Method not allowed, use POST\"}",
	    .header = "Allow: POST" },
	{ .name = "delete",
	    .method = "DELETE",
	    .http = 405,
	    .answer = "{\"error\":\"Method not allowed, use POST\"}",
	    .header = "Allow: POST" },
	{ .name = "options",
	    .method = "OPTIONS",
	    .http = 405,
	    .answer = "{\"error\":\"Method not allowed, use POST\"}",
	    .header = "Allow: POST" },
	{ .name = "head",
	    .method = "HEAD",
	    .http = 405,
	    .answer = "",
	    .header = "Allow: POST" },
	{ .name = "http_1_0",
	    .http10 = 1,
	    .body = BALANCE,
	    .answer = "{\"balance\":*}" },
	{ .name = "expect_100_continue",
	    .expect = 1,
	    .body = BALANCE,
	    .answer = "{\"balance\":*}" },
	{ .name = "chunked",
	    .chunked = 1,
	    .body = K "status&order=$PARTIAL",
	    .answer = PARTIAL },
	{ .name = "chunked_json",
	    .chunked = 1,
	    .type = JSON_TYPE,
	    .body = "{\"key\":\"$KEY\",\"action\":\"status\",\"order\":"
		    "$PARTIAL}",
	    .answer = PARTIAL },
	{ .name = "chunked_and_empty",
	    .chunked = 1,
	    .body = "",
	    .strict = 401,
	    .answer = BAD_KEY },
	{ .name = "64_kib",
	    .body = BALANCE,
	    .pad = 65536,
	    .answer = "{\"balance\":*}" },
	{ .name = "64_kib_chunked",
	    .body = BALANCE,
	    .pad = 65536,
	    .chunked = 1,
	    .answer = "{\"balance\":*}" },
	{ .name = "a_byte_more_than_64_kib",
	    .body = BALANCE,
	    .pad = 65537,
	    .http = 413,
	    .answer = "{\"error\":\"Request body too large\"}" },
	{ .name = "a_byte_more_than_64_kib_chunked",
	    .body = BALANCE,
	    .pad = 65537,
	    .chunked = 1,
	    .http = 413,
	    .answer = "{\"error\":\"Request body too large\"}" },
	{ .name = "a_megabyte",
	    .body = BALANCE,
	    .pad = 1048576,
	    .http = 413,
	    .answer = "{\"error\":\"Request body too large\"}" },
	{ .name = "a_megabyte_chunked",
	    .body = BALANCE,
	    .pad = 1048576,
	    .chunked = 1,
	    .http = 413,
	    .answer = "{\"error\":\"Request body too large\"}" },
	{ .name = "accept_header_does_not_matter",
	    .headers = { "Accept: text/html", "Accept-Encoding: gzip" },
	    .body = BALANCE,
	    .answer = "{\"balance\":*}" },
	{ .name = "another_accounts_key_sees_its_own",
	    .body = "key=$KEY2&action=status&order=$OTHERS",
	    .answer = "{*\"status\":\"Pending\"*}" },
	{ .name = NULL },
};
