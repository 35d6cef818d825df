/* SPDX-License-Identifier: ISC */
/*
 * lib/password and lib/phc: which passwords are taken, how they are kept, and
 * how many are hashed at once.  PHP's password_verify(), of another's making,
 * must agree on what is kept.
 */
#include "password.h"

#include <check.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "fixture.h"
#include "phc.h"
#include "scratch.h"
#include "suite.h"

static const char PASSWORD[] = "correct horse battery";

static void
setup(void)
{
	scratch_make();
	fixture_people_setup();
}

static void
teardown(void)
{
	fixture_teardown();
	scratch_remove();
}

static void
keep(const char *password, struct password_phc *kept)
{
	ck_assert_int_eq(password_hash(&fx.config, &fx.pepper, password,
			     strlen(password), kept),
	    RC_OK);
}

static enum rc
verify(const char *password, const char *kept, int *outdated)
{
	return password_verify(
	    &fx.config, &fx.pepper, password, strlen(password), kept, outdated);
}

/* --- which are taken ------------------------------------------------------ */

static const char EMAIL[] = "grace.hopper@ships.example";
static const char NAME[] = "Grace Hopper";
static const char PANEL[] = "Blue Harbour";

/* A word of why it is refused; NULL: it is taken. */
static const struct {
	const char *password, *why;
} cases[] = {
	/* Length in characters, not in bytes. */
	{ "", "short" },
	{ "x7Kq9!mZ2", "short" },
	{ "x7Kq9!mZ2p", NULL },
	{ "\xc3\xa4\xc3\xb6\xc3\xbc\xc3\x9f\xe2\x82\xac", "short" },
	{ "\xc3\xa4q\xc3\xb6k\xc3\xbcz\xc3\x9f\xe2\x82\xacw", "short" },
	{ "\xc3\xa4q\xc3\xb6k\xc3\xbcz\xc3\x9f\xe2\x82\xacwv", NULL },
	/* Spaces around it count for nothing. */
	{ "          ", "short" },
	{ "   x7Kq9!mZ2  ", "short" },
	{ "   x7Kq9!mZ2p ", NULL },
	{ "  password123  ", "tried first" },
	{ " grace.hopper1 ", "e-mail address" },
	/* Text. */
	{ "x7Kq9!mZ2p\xff", "text" },
	{ "x7Kq9!mZ2p\xc3", "text" },
	/* What is tried first. */
	{ "password123", "tried first" },
	{ "Password!23", "tried first" },
	{ "PASSWORD1985", "tried first" },
	{ "p@$$w0rd2024", "tried first" },
	{ "passwordpassword", "tried first" },
	{ "Welcome2024!", "tried first" },
	{ "iloveyou12", "tried first" },
	{ "letmein1234", "tried first" },
	{ "Sunshine2027!", "tried first" },
	{ "dragonmonkey", "tried first" },
	{ "1dragon1monkey", NULL },
	{ "admin@1234", "tried first" },
	{ "latchkey2026", "tried first" },
	{ "Liverpool1", "tried first" },
	{ "changeme!!!", "tried first" },
	{ "motdepasse1", "tried first" },
	{ "\xd0\xbf\xd0\xb0\xd1\x80\xd0\xbe\xd0\xbb\xd1\x8c"
	  "12345",
	    "tried first" },
	{ "1234567890", "tried first" },
	{ "0987654321", "tried first" },
	{ "12345678901234567890", "tried first" },
	{ "qwertyuiop", "tried first" },
	{ "QWERTYUIOP123", "tried first" },
	{ "poiuytrewq", "tried first" },
	{ "qwertzuiop", "tried first" },
	{ "azertyuiop", "tried first" },
	{ "asdfghjkl;'", "tried first" },
	{ "1qaz2wsx3edc", "tried first" },
	{ "zaq12wsxcde3", "tried first" },
	{ "1q2w3e4r5t", "tried first" },
	{ "q1w2e3r4t5", "tried first" },
	{ "qazwsxedcrfv", "tried first" },
	{ "!@#$%^&*()", "tried first" },
	{ "abcdefghij", "tried first" },
	{ "zyxwvutsrq", "tried first" },
	{ "a1b2c3d4e5", "tried first" },
	{ "1122334455", "tried first" },
	{ "aaaaaaaaaa", "tried first" },
	{ "aaaaabbbbb", "tried first" },
	{ "xK9xK9xK9xK9", "tried first" },
	{ "asdfasdfasdf", "tried first" },
	{ "147258369147", "tried first" },
	/* The owner's own. */
	{ "grace.hopper1", "e-mail address" },
	{ "GraceHopper", "e-mail address" },
	{ "gracehopper1906", "e-mail address" },
	{ "hopper@ships", "e-mail address" },
	{ "grace.hopper@ships.example", "e-mail address" },
	{ "blueharbour", "e-mail address" },
	{ "Harbour2026", "e-mail address" },
	/* A little more than that is enough. */
	{ "correct horse battery", NULL },
	{ "correcthorsebatterystaple", NULL },
	{ "hopper x7Kq9!", NULL },
	{ "monkey-vase-tractor", NULL },
	{ "7319024586", NULL },
	{ "Tr0ub4dor&3", NULL },
	{ "Kq7mZ2Kq7mZ2", NULL },
	{ "three blind mice", NULL },
	{ "wHj3 ;:'\"<>&{{}}", NULL },
};

START_TEST(a_password_is_taken_or_refused_with_a_reason)
{
	const char *why = NULL, *wanted = cases[_i].why;
	enum rc rc;

	rc = password_check(cases[_i].password, strlen(cases[_i].password),
	    EMAIL, NAME, PANEL, &why);
	ck_assert_msg(rc == (wanted == NULL ? RC_OK : RC_INVALID), "%s: %s",
	    cases[_i].password, why);
	if (wanted == NULL)
		ck_assert_str_eq(why, "");
	else
		ck_assert_msg(strstr(why, wanted) != NULL, "%s: %s",
		    cases[_i].password, why);
}
END_TEST

START_TEST(without_an_owner_there_is_nothing_of_his_own)
{
	const char *why;

	ck_assert_int_eq(
	    password_check("grace.hopper1", 13, NULL, NULL, NULL, &why), RC_OK);
	ck_assert_int_eq(
	    password_check("password123", 11, NULL, NULL, NULL, &why),
	    RC_INVALID);
	ck_assert_int_eq(
	    password_check("x7Kq9!mZ2p", 10, "", "", "", &why), RC_OK);
}
END_TEST

START_TEST(a_thousand_bytes_are_the_most)
{
	char password[PASSWORD_MAX + 1];
	const char *why;
	int i;

	for (i = 0; i < ROWS(password); i++)
		password[i] = (char)('!' + (i * i + i / 7) % 90);
	ck_assert_int_eq(
	    password_check(password, PASSWORD_MAX, EMAIL, NAME, PANEL, &why),
	    RC_OK);
	ck_assert_int_eq(password_check(password, PASSWORD_MAX + 1, EMAIL, NAME,
			     PANEL, &why),
	    RC_INVALID);
	ck_assert_ptr_nonnull(strstr(why, "too long"));
	/* A NUL ends nothing. */
	password[20] = '\0';
	ck_assert_int_eq(
	    password_check(password, 40, EMAIL, NAME, PANEL, &why), RC_INVALID);
	ck_assert_ptr_nonnull(strstr(why, "not text"));
}
END_TEST

/* --- how they are kept ---------------------------------------------------- */

START_TEST(what_is_kept_knows_its_password)
{
	struct password_phc kept, again;
	struct phc phc;
	int outdated = -1;

	keep(PASSWORD, &kept);
	ck_assert_int_eq(
	    strncmp(kept.s, "$argon2id$v=19$m=19456,t=2,p=1$", 31), 0);
	ck_assert_int_eq(phc_parse(kept.s, &phc), RC_OK);
	ck_assert_uint_eq(phc.salt_len, 16);
	ck_assert_uint_eq(phc.hash_len, 32);
	ck_assert_int_eq(verify(PASSWORD, kept.s, &outdated), RC_OK);
	ck_assert_int_eq(outdated, 0);
	ck_assert_int_eq(
	    verify("correct horse batterz", kept.s, &outdated), RC_DENIED);
	ck_assert_int_eq(
	    verify("correct horse batter", kept.s, &outdated), RC_DENIED);
	ck_assert_int_eq(
	    verify("correct horse battery ", kept.s, &outdated), RC_DENIED);
	ck_assert_int_eq(verify("", kept.s, &outdated), RC_DENIED);
	/* Each time with another salt. */
	keep(PASSWORD, &again);
	ck_assert_str_ne(kept.s, again.s);
}
END_TEST

START_TEST(every_byte_of_a_long_password_counts)
{
	char password[PASSWORD_MAX + 1];
	struct password_phc kept;
	int outdated;

	memset(password, 'x', sizeof(password));
	ck_assert_int_eq(password_hash(&fx.config, &fx.pepper, password,
			     PASSWORD_MAX, &kept),
	    RC_OK);
	ck_assert_int_eq(password_verify(&fx.config, &fx.pepper, password,
			     PASSWORD_MAX, kept.s, &outdated),
	    RC_OK);
	/* One more is none that was taken, though its beginning fits. */
	ck_assert_int_eq(password_verify(&fx.config, &fx.pepper, password,
			     PASSWORD_MAX + 1, kept.s, &outdated),
	    RC_DENIED);
	password[PASSWORD_MAX - 1] = 'y';
	ck_assert_int_eq(password_verify(&fx.config, &fx.pepper, password,
			     PASSWORD_MAX, kept.s, &outdated),
	    RC_DENIED);
	ck_assert_int_eq(password_hash(&fx.config, &fx.pepper, password,
			     PASSWORD_MAX + 1, &kept),
	    RC_INVALID);
	ck_assert_str_eq(kept.s, "");
}
END_TEST

START_TEST(without_the_pepper_it_is_worth_nothing)
{
	struct password_phc kept;
	int outdated;

	keep(PASSWORD, &kept);
	fx.pepper.bytes[31] ^= 1;
	ck_assert_int_eq(verify(PASSWORD, kept.s, &outdated), RC_DENIED);
}
END_TEST

/* Argon2id of the password's HMAC, of any cost. */
static void
keep_at(const struct secret_argon2 *cost, size_t salt_len, size_t hash_len,
    char text[PHC_LEN])
{
	unsigned char mac[SECRET_HASH_LEN], buf[256] = "latchkey password";
	struct phc phc = {
		.cost = *cost, .salt_len = salt_len, .hash_len = hash_len
	};

	memcpy(buf + 18, PASSWORD, strlen(PASSWORD));
	ck_assert_int_eq(
	    secret_hmac(&fx.pepper, buf, 18 + strlen(PASSWORD), mac), RC_OK);
	ck_assert_int_eq(secret_argon2id(cost, mac, sizeof(mac), phc.salt,
			     salt_len, phc.hash, hash_len),
	    RC_OK);
	ck_assert_int_eq(phc_format(&phc, text, PHC_LEN), RC_OK);
}

START_TEST(other_parameters_are_right_and_outdated)
{
	static const struct {
		struct secret_argon2 cost;
		size_t salt_len, hash_len;
		int outdated;
	} kinds[] = {
		{ { 19456, 2, 1 }, 16, 32, 0 },
		{ { 19455, 2, 1 }, 16, 32, 1 },
		{ { 19456, 1, 1 }, 16, 32, 1 },
		{ { 19456, 2, 2 }, 16, 32, 1 },
		{ { 19456, 2, 1 }, 8, 32, 1 },
		{ { 19456, 2, 1 }, 16, 16, 1 },
		{ { 65536, 3, 4 }, 64, 64, 1 },
	};
	char text[PHC_LEN];
	int outdated = -1;

	keep_at(&kinds[_i].cost, kinds[_i].salt_len, kinds[_i].hash_len, text);
	ck_assert_int_eq(verify(PASSWORD, text, &outdated), RC_OK);
	ck_assert_int_eq(outdated, kinds[_i].outdated);
	ck_assert_int_eq(
	    verify("correct horse batterz", text, &outdated), RC_DENIED);
	ck_assert_int_eq(outdated, 0);
}
END_TEST

/* Nothing that somebody wrote into the database takes memory or time. */
static const char *const damaged[] = {
	"x",
	"$argon2id$",
	"$argon2i$v=19$m=64,t=1,p=1$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAA",
	"$argon2id$v=16$m=64,t=1,p=1$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAA",
	"$argon2id$m=64,t=1,p=1$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAA",
	"$argon2id$v=19$m=4194305,t=1,p=1$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAA",
	"$argon2id$v=19$m=65537,t=1,p=1$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAA",
	"$argon2id$v=19$m=7,t=1,p=1$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAA",
	"$argon2id$v=19$m=64,t=0,p=1$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAA",
	"$argon2id$v=19$m=64,t=17,p=1$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAA",
	"$argon2id$v=19$m=64,t=1,p=0$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAA",
	"$argon2id$v=19$m=64,t=1,p=5$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAA",
	"$argon2id$v=19$m=-64,t=1,p=1$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAA",
	"$argon2id$v=19$m=064,t=1,p=1$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAA",
	"$argon2id$v=19$m=99999999999999999999,t=1,p=1$c29tZXNhbHQ$AAAAAAAAAAA",
	"$argon2id$v=19$m=,t=1,p=1$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAA",
	"$argon2id$v=19$t=1,m=64,p=1$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAA",
	"$argon2id$v=19$m=64,t=1,p=1,x=1$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAA",
	"$argon2id$v=19$m=64,t=1,p=1$c29tZQ$AAAAAAAAAAAAAAAAAAAAAA",
	"$argon2id$v=19$m=64,t=1,p=1$$AAAAAAAAAAAAAAAAAAAAAA",
	"$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ$",
	"$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ$AAAA",
	"$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ",
	"$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ=$AAAAAAAAAAAAAAAAAAAAAA",
	"$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAA==",
	"$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAB",
	"$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAA$",
	"$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAA ",
	" $argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAA",
};

START_TEST(what_is_damaged_lets_nobody_in)
{
	struct phc phc;
	int outdated;
	char *log;

	ck_assert_int_eq(phc_parse(damaged[_i], &phc), RC_INVALID);
	scratch_log_start();
	ck_assert_int_eq(verify(PASSWORD, damaged[_i], &outdated), RC_DENIED);
	log = scratch_log_end(NULL);
	scratch_log_must_be(log, "cannot use what is kept of a password");
	ck_assert_ptr_null(strstr(log, PASSWORD));
	ck_assert_ptr_null(strstr(log, "argon2"));
	free(log);
}
END_TEST

START_TEST(there_is_one_string_for_one_hash)
{
	static const char text[] =
	    "$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAA";
	char again[PHC_LEN];
	struct phc phc;

	ck_assert_int_eq(phc_parse(text, &phc), RC_OK);
	ck_assert_mem_eq(phc.salt, "somesalt", 8);
	ck_assert_int_eq(phc_format(&phc, again, sizeof(again)), RC_OK);
	ck_assert_str_eq(again, text);
	ck_assert_int_eq(phc_format(&phc, again, sizeof(text)), RC_OK);
	ck_assert_int_eq(phc_format(&phc, again, sizeof(text) - 1), RC_FAIL);
}
END_TEST

/* Processor time of one verification, microseconds. */
static int64_t
cost_of(const char *password, size_t len, const char *kept)
{
	struct timespec before, after;
	int outdated;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &before);
	(void)password_verify(
	    &fx.config, &fx.pepper, password, len, kept, &outdated);
	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after);
	return (after.tv_sec - before.tv_sec) * 1000000 +
	       (after.tv_nsec - before.tv_nsec) / 1000;
}

/* In turns, and the least of some: others use this machine, too. */
START_TEST(nobodys_password_takes_as_long)
{
	static char too_long[PASSWORD_MAX + 1000];
	struct password_phc kept;
	const struct {
		const char *password;
		size_t len;
		const char *kept;
	} kinds[] = {
		{ PASSWORD, strlen(PASSWORD), kept.s },
		{ PASSWORD, strlen(PASSWORD), NULL },
		{ PASSWORD, strlen(PASSWORD), "" },
		{ "", 0, kept.s },
		{ too_long, sizeof(too_long), kept.s },
	};
	int64_t least[ROWS(kinds)], us;
	int round, i;

	keep(PASSWORD, &kept);
	for (i = 0; i < ROWS(kinds); i++)
		least[i] = INT64_MAX;
	for (round = 0; round < 9; round++)
		for (i = 0; i < ROWS(kinds); i++) {
			us = cost_of(
			    kinds[i].password, kinds[i].len, kinds[i].kept);
			least[i] = us < least[i] ? us : least[i];
		}
	for (i = 1; i < ROWS(kinds); i++) {
		ck_assert_int_gt(least[i] * 2, least[0]);
		ck_assert_int_lt(least[i], least[0] * 2);
	}
}
END_TEST

/* --- PHP ------------------------------------------------------------------ */

/* Runs PHP with two arguments; what it prints, cut at 256 bytes. */
static void
php(const char *code, const char *first, const char *second, char out[256])
{
	ssize_t n;
	size_t len = 0;
	int to[2], status;
	pid_t pid;

	ck_assert_int_eq(pipe(to), 0);
	if ((pid = fork()) == 0) {
		(void)dup2(to[1], STDOUT_FILENO);
		(void)execlp(
		    "php", "php", "-r", code, first, second, (char *)NULL);
		_exit(127);
	}
	ck_assert_int_gt(pid, 0);
	(void)close(to[1]);
	while ((n = read(to[0], out + len, 255 - len)) > 0)
		len += (size_t)n;
	out[len] = '\0';
	(void)close(to[0]);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
}

/* The HMAC that is hashed, in hexadecimal. */
static void
hashed(const char *password, char hex[2 * SECRET_HASH_LEN + 1])
{
	unsigned char mac[SECRET_HASH_LEN], buf[256] = "latchkey password";
	size_t i;

	memcpy(buf + 18, password, strlen(password));
	ck_assert_int_eq(
	    secret_hmac(&fx.pepper, buf, 18 + strlen(password), mac), RC_OK);
	for (i = 0; i < sizeof(mac); i++)
		(void)snprintf(hex + 2 * i, 3, "%02x", mac[i]);
}

START_TEST(php_agrees_with_what_is_kept)
{
	static const char code[] =
	    "echo password_verify(hex2bin($argv[1]), $argv[2]) ? 'yes' : 'no',"
	    " password_needs_rehash($argv[2], PASSWORD_ARGON2ID,"
	    " ['memory_cost' => 19456, 'time_cost' => 2, 'threads' => 1])"
	    " ? ' old' : ' new';";
	char hex[2 * SECRET_HASH_LEN + 1], out[256];
	struct password_phc kept;

	keep(PASSWORD, &kept);
	hashed(PASSWORD, hex);
	php(code, hex, kept.s, out);
	ck_assert_str_eq(out, "yes new");
	hashed("another", hex);
	php(code, hex, kept.s, out);
	ck_assert_str_eq(out, "no new");
}
END_TEST

START_TEST(what_php_keeps_is_right)
{
	static const char code[] =
	    "echo password_hash(hex2bin($argv[1]), PASSWORD_ARGON2ID,"
	    " ['memory_cost' => 19456, 'time_cost' => 2, 'threads' => 1]);";
	char hex[2 * SECRET_HASH_LEN + 1], out[256];
	int outdated;

	hashed(PASSWORD, hex);
	php(code, hex, "", out);
	ck_assert_int_eq(verify(PASSWORD, out, &outdated), RC_OK);
	ck_assert_int_eq(outdated, 0);
	ck_assert_int_eq(verify("another", out, &outdated), RC_DENIED);
}
END_TEST

/* --- how many at once ----------------------------------------------------- */

static const char *
slot(int i)
{
	char name[32];

	(void)snprintf(name, sizeof(name), PASSWORD_SLOT_NAME "%d", i);
	return fixture_path(name);
}

/* Takes a slot, as another process would; to be given back. */
static int
hold(int i)
{
	int fd = open(slot(i), O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(flock(fd, LOCK_EX | LOCK_NB), 0);
	return fd;
}

static void
give_back(int fd)
{
	ck_assert_int_eq(flock(fd, LOCK_UN), 0);
	(void)close(fd);
}

START_TEST(four_at_once_and_no_fifth)
{
	int held[PASSWORD_AT_ONCE], outdated, i;
	struct password_phc kept;

	for (i = 0; i < PASSWORD_AT_ONCE - 1; i++)
		held[i] = hold(i);
	keep(PASSWORD, &kept);
	held[i] = hold(i);
	ck_assert_int_eq(verify(PASSWORD, kept.s, &outdated), RC_BUSY);
	ck_assert_int_eq(verify(PASSWORD, NULL, &outdated), RC_BUSY);
	/* There is no other file to lock. */
	ck_assert_int_ne(access(slot(PASSWORD_AT_ONCE), F_OK), 0);
	/* Whichever is given back is taken. */
	for (i = 0; i < PASSWORD_AT_ONCE; i++) {
		give_back(held[i]);
		keep(PASSWORD, &kept);
		held[i] = hold(i);
	}
	ck_assert_int_eq(password_hash(&fx.config, &fx.pepper, PASSWORD,
			     strlen(PASSWORD), &kept),
	    RC_BUSY);
	ck_assert_str_eq(kept.s, "");
	for (i = 0; i < PASSWORD_AT_ONCE; i++)
		give_back(held[i]);
}
END_TEST

START_TEST(a_slot_is_waited_for_a_little)
{
	const struct timespec nap = { 0, 50000000 };
	int held[PASSWORD_AT_ONCE], status, i;
	struct password_phc kept;
	pid_t pid;

	for (i = 0; i < PASSWORD_AT_ONCE; i++)
		held[i] = hold(i);
	if ((pid = fork()) == 0) {
		(void)nanosleep(&nap, NULL);
		_exit(flock(held[2], LOCK_UN) == 0 ? 0 : 1);
	}
	ck_assert_int_gt(pid, 0);
	keep(PASSWORD, &kept);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
}
END_TEST

/* The kernel gives it back, whatever the process died of. */
START_TEST(a_killed_process_gives_its_slot_back)
{
	struct holder holder;
	struct password_phc kept;
	int i, status;

	for (i = 0; i < PASSWORD_AT_ONCE - 1; i++)
		(void)hold(i);
	fixture_hold(&holder, slot(i), LOCK_EX, 0);
	ck_assert_int_eq(password_hash(&fx.config, &fx.pepper, PASSWORD,
			     strlen(PASSWORD), &kept),
	    RC_BUSY);
	ck_assert_int_eq(kill(holder.pid, SIGKILL), 0);
	ck_assert_int_eq(waitpid(holder.pid, &status, 0), holder.pid);
	keep(PASSWORD, &kept);
}
END_TEST

START_TEST(many_at_once_are_right_or_busy)
{
	enum { CHILDREN = 12 };
	struct password_phc kept;
	int i, status, right = 0, outdated;
	struct stat st;
	enum rc rc;
	pid_t pid;

	keep(PASSWORD, &kept);
	for (i = 0; i < CHILDREN; i++) {
		if ((pid = fork()) == 0) {
			rc = verify(PASSWORD, kept.s, &outdated);
			_exit(rc == RC_OK ? 1 : rc == RC_BUSY ? 0 : 2);
		}
		ck_assert_int_gt(pid, 0);
	}
	for (i = 0; i < CHILDREN; i++) {
		ck_assert_int_gt(wait(&status), 0);
		ck_assert(WIFEXITED(status));
		ck_assert_int_lt(WEXITSTATUS(status), 2);
		right += WEXITSTATUS(status);
	}
	ck_assert_int_ge(right, PASSWORD_AT_ONCE);
	for (i = 0; i < PASSWORD_AT_ONCE; i++) {
		ck_assert_int_eq(stat(slot(i), &st), 0);
		ck_assert_int_eq(st.st_mode & 0777, 0600);
	}
}
END_TEST

START_TEST(a_slot_that_cannot_be_opened_is_logged)
{
	struct password_phc kept;
	char *log;

	(void)snprintf(
	    fx.config.data_dir, sizeof(fx.config.data_dir), "%s/none", fx.dir);
	scratch_log_start();
	ck_assert_int_eq(password_hash(&fx.config, &fx.pepper, PASSWORD,
			     strlen(PASSWORD), &kept),
	    RC_FAIL);
	log = scratch_log_end(NULL);
	scratch_log_must_be(log, PASSWORD_SLOT_NAME "0");
	free(log);
}
END_TEST

static Suite *
make_suite(void)
{
	Suite *suite = suite_create("password");
	TCase *tc = tcase_create("taken");

	tcase_add_loop_test(
	    tc, a_password_is_taken_or_refused_with_a_reason, 0, ROWS(cases));
	tcase_add_test(tc, without_an_owner_there_is_nothing_of_his_own);
	tcase_add_test(tc, a_thousand_bytes_are_the_most);
	suite_add_tcase(suite, tc);

	tc = tcase_create("kept");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, what_is_kept_knows_its_password);
	tcase_add_test(tc, every_byte_of_a_long_password_counts);
	tcase_add_test(tc, without_the_pepper_it_is_worth_nothing);
	tcase_add_loop_test(tc, other_parameters_are_right_and_outdated, 0, 7);
	tcase_add_loop_test(
	    tc, what_is_damaged_lets_nobody_in, 0, ROWS(damaged));
	tcase_add_test(tc, there_is_one_string_for_one_hash);
	tcase_add_test(tc, nobodys_password_takes_as_long);
	tcase_add_test(tc, php_agrees_with_what_is_kept);
	tcase_add_test(tc, what_php_keeps_is_right);
	suite_add_tcase(suite, tc);

	tc = tcase_create("at once");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, four_at_once_and_no_fifth);
	tcase_add_test(tc, a_slot_is_waited_for_a_little);
	tcase_add_test(tc, a_killed_process_gives_its_slot_back);
	tcase_add_test(tc, many_at_once_are_right_or_busy);
	tcase_add_test(tc, a_slot_that_cannot_be_opened_is_logged);
	suite_add_tcase(suite, tc);
	return suite;
}

SUITE_MAIN(make_suite)
