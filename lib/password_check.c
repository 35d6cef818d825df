/* SPDX-License-Identifier: ISC */
/*
 * Which passwords are taken.  A list of whole passwords is long and misses
 * "Sunshine2027!"; what is tried first is made of few pieces, each of them
 * common.  So a password is cut into the pieces that cost a guesser least:
 * words, walks on the keyboard, years, repetitions, and single characters
 * for the rest.
 */
#include <string.h>

#include "password.h"
#include "password_words.h"
#include "text.h"

enum {
	/*
	 * Costs.  Two words, or one and three characters that fit nothing,
	 * are tried first; ten characters that fit nothing cost ten.
	 */
	COST_CHARACTER = 1,
	COST_AGAIN = 1, /* what stood there before */
	COST_OWN = 1,   /* a word of the owner's own */
	COST_PIECE = 2,
	COST_MIN = 6,

	LOOKED_AT = 64, /* bytes: what is good that far, is good */
	PIECE_MIN = 3,  /* bytes */
	OWN_MAX = 32,   /* words of the owner's own */
	OWN_LEN = 64
};

/* What fingers and minds walk along, in both directions. */
static const char *const walks[] = {
	"1234567890",
	"abcdefghijklmnopqrstuvwxyz",
	"qwertyuiop[]",
	"asdfghjkl;'",
	"zxcvbnm,./",
	"qwertzuiop",
	"yxcvbnm",
	"azertyuiop",
	"qsdfghjklm",
	"wxcvbn",
	"!@#$%^&*()_+",
	"!\"$%^&*()",
	"1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik,9ol.0p;/",
	"qazwsxedcrfvtgbyhnujmikolp",
	"zaqxswcdevfrbgtnhymju",
	"zaq12wsxcde34rfvbgt56yhn",
	"1q2w3e4r5t6y7u8i9o0p",
	"q1w2e3r4t5y6u7i8o9p0",
	"a1b2c3d4e5f6g7h8i9j0",
	"1a2b3c4d5e6f7g8h9i0j",
	"11223344556677889900",
	"aabbccddeeffgghhii",
	"147258369",
	"789456123",
	"159357",
	"13579",
	"24680",
};

/* Words that belong to whoever chooses, in lower case. */
struct own {
	size_t n;
	char words[OWN_MAX][OWN_LEN];
};

static char
to_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* A character, or the one that it is written for: "p4ssw0rd". */
static char
plain(char c)
{
	static const char written[] = "0134578@$!+|";
	static const char meant[] = "oieastbasiti";
	const char *at;

	c = to_lower(c);
	at = c != '\0' ? strchr(written, c) : NULL;
	/* 'l' and 'i' are both written as '1'. */
	c = at != NULL ? meant[at - written] : c;
	return c == 'l' ? 'i' : c;
}

/* Notes that the first end characters can be had for that much. */
static void
reach(int cost[LOOKED_AT + 1], size_t end, int price)
{
	if (price < cost[end])
		cost[end] = price;
}

static void
try_word(int cost[LOOKED_AT + 1], const char *s, size_t len, size_t at,
    const char *word, int word_cost)
{
	size_t n;

	for (n = 0; word[n] != '\0'; n++)
		if (at + n == len || plain(s[at + n]) != plain(word[n]))
			return;
	reach(cost, at + n, cost[at] + word_cost);
}

/* Walks along from place i in a direction as far as the password does. */
static void
try_walk(int cost[LOOKED_AT + 1], const char *s, size_t len, size_t at,
    const char *walk, size_t i, int back)
{
	size_t n, walk_len = strlen(walk);

	for (n = 0; at + n < len && to_lower(s[at + n]) == walk[i]; n++) {
		if (n + 1 >= PIECE_MIN)
			reach(cost, at + n + 1, cost[at] + COST_PIECE);
		if (back ? i == 0 : i + 1 == walk_len)
			break;
		i = back ? i - 1 : i + 1;
	}
}

static void
try_walks(int cost[LOOKED_AT + 1], const char *s, size_t len, size_t at)
{
	size_t w, i;

	for (w = 0; w < sizeof(walks) / sizeof(walks[0]); w++)
		for (i = 0; walks[w][i] != '\0'; i++) {
			try_walk(cost, s, len, at, walks[w], i, 0);
			try_walk(cost, s, len, at, walks[w], i, 1);
		}
}

/* One character again and again, a year, or what stood there before. */
static void
try_pattern(int cost[LOOKED_AT + 1], const char *s, size_t len, size_t at)
{
	size_t n, from;

	for (n = 1; at + n < len && s[at + n] == s[at]; n++)
		if (n + 1 >= PIECE_MIN)
			reach(cost, at + n + 1, cost[at] + COST_PIECE);
	if (len - at >= 4 &&
	    (strncmp(s + at, "19", 2) == 0 || strncmp(s + at, "20", 2) == 0) &&
	    strspn(s + at + 2, "0123456789") >= 2)
		reach(cost, at + 4, cost[at] + COST_PIECE);
	for (from = 0; from < at; from++)
		for (n = 0; from + n < at && at + n < len &&
			    to_lower(s[from + n]) == to_lower(s[at + n]);
		     n++)
			if (n + 1 >= PIECE_MIN)
				reach(cost, at + n + 1, cost[at] + COST_AGAIN);
}

/*
 * What the cheapest way through the password costs.  s ends in a NUL behind
 * len bytes.
 */
static int
price(const char *s, size_t len, const struct own *own)
{
	int cost[LOOKED_AT + 1], one;
	size_t at, i;

	cost[0] = 0;
	for (i = 1; i <= len; i++)
		cost[i] = LOOKED_AT + 1;
	for (at = 0; at < len; at++) {
		/* Of a character of UTF-8 the first byte is paid for. */
		one =
		    ((unsigned char)s[at] & 0xc0) == 0x80 ? 0 : COST_CHARACTER;
		reach(cost, at + 1, cost[at] + one);
		for (i = 0; password_words[i][0] != '\0'; i++)
			try_word(
			    cost, s, len, at, password_words[i], COST_PIECE);
		for (i = 0; i < own->n; i++)
			try_word(cost, s, len, at, own->words[i], COST_OWN);
		try_walks(cost, s, len, at);
		try_pattern(cost, s, len, at);
	}
	return cost[len];
}

static void
add_word(struct own *own, const char *s, size_t len)
{
	size_t i;

	if (len < PIECE_MIN || len >= OWN_LEN || own->n == OWN_MAX)
		return;
	for (i = 0; i < len; i++)
		own->words[own->n][i] = to_lower(s[i]);
	own->words[own->n++][len] = '\0';
}

/* Adds a text and each word in it; NULL is none. */
static void
add_words(struct own *own, const char *s)
{
	static const char between[] = " .,;:@_+-'\"/()&";
	size_t n;

	if (s == NULL)
		return;
	add_word(own, s, strlen(s));
	add_word(own, s, strcspn(s, "@"));
	for (; *s != '\0'; s += n) {
		s += strspn(s, between);
		n = strcspn(s, between);
		add_word(own, s, n);
	}
}

enum rc
password_check(const char *password, size_t len, const char *email,
    const char *name, const char *panel, const char **why)
{
	static const struct own nothing;
	size_t chars = 0, looked_at;
	char s[LOOKED_AT + 1];
	struct own own = { .n = 0 };
	enum rc rc = RC_INVALID;

	*why = "";
	if (len > PASSWORD_MAX) {
		*why = "the password is too long: it may have 1000 bytes";
		return RC_INVALID;
	}
	if (!text_count(password, len, &chars)) {
		*why = "the password is not text";
		return RC_INVALID;
	}
	/* Spaces around it stay in it, but are none of its strength. */
	for (; len > 0 && password[0] == ' '; len--, chars--)
		password++;
	for (; len > 0 && password[len - 1] == ' '; len--)
		chars--;
	if (chars < PASSWORD_MIN) {
		*why = "the password is too short: it must have at least 10 "
		       "characters";
		return RC_INVALID;
	}
	looked_at = len < LOOKED_AT ? len : LOOKED_AT;
	memcpy(s, password, looked_at);
	s[looked_at] = '\0';
	add_words(&own, email);
	add_words(&own, name);
	add_words(&own, panel);
	if (price(s, looked_at, &nothing) < COST_MIN)
		*why = "the password is one of those that are tried first: "
		       "it has too little that nobody would guess";
	else if (price(s, looked_at, &own) < COST_MIN)
		*why = "the password is hardly more than the e-mail address "
		       "or a name";
	else
		rc = RC_OK;
	secret_wipe(s, sizeof(s));
	return rc;
}
