/* SPDX-License-Identifier: ISC */
/*
 * lib/login and lib/factor: logging in, asking once more, and changing
 * credentials.  Time is an argument, so that delays and codes pass without
 * waiting; a process is killed between two databases by holding it at the
 * gate of the second.
 */
#include "login.h"

#include <check.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "account_admin.h"
#include "audit.h"
#include "fixture.h"
#include "guess.h"
#include "password.h"
#include "phc.h"
#include "scratch.h"
#include "site.h"
#include "suite.h"

enum { T = FIXTURE_NOW };

static const char ONE[] = "one@example.test";
static const char TWO[] = "two@example.test";
static const char PASSWORD[] = "correct horse battery";
static const char OTHER[] = "seventeen green bottles";

static struct login_result result;

/* Where requests come from, at a time. */
static struct login_from *
at(int64_t now)
{
	static const unsigned char address[16] = {
		[10] = 0xff, [11] = 0xff, [12] = 192, [14] = 2, [15] = 1
	};
	static struct login_from from;

	from = (struct login_from){ address, "192.0.2.1", "Browser", now };
	return &from;
}

static void
set_password(const struct caller *caller, const char *password)
{
	const char *why = "";

	if (login_admin_password(&fx.people, caller->account_id, password,
		strlen(password), 0, T - 1000, &why) != RC_OK)
		ck_abort_msg("%s: %s", password, why);
}

static void
setup(void)
{
	scratch_make();
	fixture_people_setup();
	set_password(&fx.one, PASSWORD);
}

/* All that a test leaves is consistent. */
static void
note_fault(void *arg, const struct site_fault *fault)
{
	(void)arg;
	ck_abort_msg(
	    "%s %lld: %s", fault->check, (long long)fault->id, fault->what);
}

static void
teardown(void)
{
	int64_t n = 0;

	if (fx.people.db != NULL)
		ck_assert_int_eq(site_check_people(
				     fx.people.db, fx.db, note_fault, NULL, &n),
		    RC_OK);
	fixture_teardown();
	scratch_remove();
}

static enum rc
log_in(const char *email, const char *password, int64_t now)
{
	return login_password(
	    &fx.people, email, password, strlen(password), at(now), &result);
}

/* What a token that a browser holds stands for. */
static enum rc
find(const char *token, int64_t now, struct session *session)
{
	return session_find(fx.people.db, token, strlen(token), now, session);
}

static enum rc
again(const struct session *session, const char *password, const char *code,
    int64_t now)
{
	return login_again(&fx.people, session, password, strlen(password),
	    code, code != NULL ? strlen(code) : 0, at(now), &result);
}

/* A full session of the first account. */
static struct session
full_session(int64_t now)
{
	ck_assert_int_eq(log_in(ONE, PASSWORD, now), RC_OK);
	ck_assert_int_eq(result.session.stage, SESSION_FULL);
	return result.session;
}

/* What stands first in an account's history, as "what note". */
static const char *
history(const struct caller *caller)
{
	static char text[400];
	char *row = fixture_text("SELECT COALESCE((SELECT what || ' ' || note"
				 " FROM audit WHERE account_id = %lld"
				 " ORDER BY seq DESC LIMIT 1), '')",
	    (long long)caller->account_id);

	(void)snprintf(text, sizeof(text), "%s", row);
	free(row);
	return text;
}

static int64_t
count(const char *table)
{
	return fixture_int("SELECT COUNT(*) FROM %s", table);
}

/* The file's change counter: commits that have written. */
static int64_t
commits(void)
{
	unsigned char *file, *p;
	int64_t n;
	size_t len;

	file = (unsigned char *)fixture_read(fx.people_path, &len);
	p = file + 24;
	n = (int64_t)p[0] << 24 | p[1] << 16 | p[2] << 8 | p[3];
	free(file);
	return n;
}

/* --- logging in ----------------------------------------------------------- */

START_TEST(the_right_password_starts_a_session)
{
	struct session session;

	ck_assert_int_eq(log_in(ONE, PASSWORD, T), RC_OK);
	ck_assert_int_eq(result.account_id, fx.one.account_id);
	ck_assert_int_eq(result.needs_second, 0);
	ck_assert_int_eq(find(result.token.s, T, &session), RC_OK);
	ck_assert_int_eq(session.account_id, fx.one.account_id);
	ck_assert_int_eq(session.stage, SESSION_FULL);
	ck_assert_str_eq(history(&fx.one), "1 ");
	/* However the address is written. */
	ck_assert_int_eq(log_in("ONE@Example.TEST", PASSWORD, T), RC_OK);
	ck_assert_int_eq(count("guess"), 0);
}
END_TEST

START_TEST(whatever_is_wrong_is_denied)
{
	static const struct {
		const char *email, *password;
	} cases[] = {
		{ "one@example.test", "correct horse batterz" },
		{ "one@example.test", "" },
		{ "one@example.test", "correct horse battery " },
		{ "two@example.test", "correct horse battery" }, /* has none */
		{ "three@example.test", "correct horse battery" },
		{ "1", "correct horse battery" }, /* an id is no address */
		{ "", "correct horse battery" },
		{ "one@example.test'--", "correct horse battery" },
		{ "one@example.test\n", "correct horse battery" },
	};

	ck_assert_int_eq(
	    log_in(cases[_i].email, cases[_i].password, T), RC_DENIED);
	ck_assert_int_eq(result.account_id, 0);
	ck_assert_int_eq(result.session.id, 0);
	ck_assert_str_eq(result.token.s, "");
	ck_assert_int_eq(count("session"), 0);
}
END_TEST

START_TEST(known_and_unknown_addresses_are_treated_alike)
{
	static const char *const emails[] = { "one@example.test",
		"two@example.test", "nobody@example.test" };
	int64_t writes[3], failures[3];
	int i, j;

	for (i = 0; i < ROWS(emails); i++) {
		fixture_sql("DELETE FROM guess");
		writes[i] = -commits();
		for (j = 0; j < GUESS_FREE; j++)
			ck_assert_int_eq(
			    log_in(emails[i], "wrong password", T), RC_DENIED);
		writes[i] += commits();
		failures[i] = fixture_int("SELECT SUM(failures) FROM guess");
		/* And both are delayed. */
		ck_assert_int_eq(
		    log_in(emails[i], "wrong password", T), RC_LIMITED);
		ck_assert_int_eq(result.wait_s, 15);
	}
	/* Each log-in waits for the disk as often, or it would tell. */
	ck_assert_int_eq(writes[1], writes[0]);
	ck_assert_int_eq(writes[2], writes[0]);
	ck_assert_int_eq(failures[1], failures[0]);
	ck_assert_int_eq(failures[2], failures[0]);
	/* Nobody's history does not grow. */
	ck_assert_int_eq(
	    fixture_int("SELECT COUNT(*) FROM audit WHERE account_id = 0"), 1);
	ck_assert_str_eq(history(&fx.one), "2 ");
}
END_TEST

START_TEST(guessing_is_delayed_and_never_locks_out)
{
	struct session session;
	int64_t now = T, wait_s;
	int i;

	for (i = 0; i < GUESS_FREE; i++)
		ck_assert_int_eq(log_in(ONE, "wrong password", now), RC_DENIED);
	for (i = 0; i < 10; i++) {
		/* Not even the right one, and nothing is hashed for it. */
		ck_assert_int_eq(log_in(ONE, PASSWORD, now), RC_LIMITED);
		wait_s = result.wait_s;
		ck_assert_int_gt(wait_s, 0);
		ck_assert_int_le(wait_s, GUESS_DELAY_MAX);
		ck_assert_str_eq(result.token.s, "");
		now += wait_s;
		ck_assert_int_eq(log_in(ONE, "wrong password", now), RC_DENIED);
	}
	ck_assert_int_eq(log_in(ONE, PASSWORD, now), RC_LIMITED);
	ck_assert_int_eq(result.wait_s, GUESS_DELAY_MAX);
	now += GUESS_DELAY_MAX;
	ck_assert_int_eq(log_in(ONE, PASSWORD, now), RC_OK);
	ck_assert_int_eq(find(result.token.s, now, &session), RC_OK);
	/* And all is forgotten. */
	ck_assert_int_eq(log_in(ONE, "wrong password", now), RC_DENIED);
	ck_assert_int_eq(log_in(ONE, PASSWORD, now), RC_OK);
}
END_TEST

START_TEST(an_address_of_the_network_is_limited)
{
	char email[64];
	int i;

	for (i = 0; i < 30; i++) {
		(void)snprintf(email, sizeof(email), "a%d@example.test", i);
		ck_assert_int_eq(log_in(email, "wrong password", T), RC_DENIED);
	}
	ck_assert_int_eq(log_in(ONE, PASSWORD, T), RC_LIMITED);
	ck_assert_int_eq(log_in(ONE, PASSWORD, T + 15), RC_OK);
}
END_TEST

/* Holds all slots; they are given back when the test ends. */
static void
hold_slots(void)
{
	char name[32];
	int i, fd;

	for (i = 0; i < PASSWORD_AT_ONCE; i++) {
		(void)snprintf(name, sizeof(name), PASSWORD_SLOT_NAME "%d", i);
		fd = open(
		    fixture_path(name), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
		ck_assert_int_eq(flock(fd, LOCK_EX | LOCK_NB), 0);
	}
}

START_TEST(too_many_hashes_are_busy_and_no_failure)
{
	struct session session = full_session(T);
	struct mail_token_text text;

	ck_assert_int_eq(
	    login_forgot(&fx.people, ONE, at(T), &text, &result), RC_OK);
	fixture_sql("DELETE FROM guess");
	hold_slots();
	ck_assert_int_eq(log_in(ONE, PASSWORD, T), RC_BUSY);
	ck_assert_int_eq(result.wait_s, PASSWORD_RETRY_S);
	ck_assert_int_eq(log_in("nobody@example.test", PASSWORD, T), RC_BUSY);
	ck_assert_int_eq(again(&session, PASSWORD, NULL, T), RC_BUSY);
	ck_assert_int_eq(result.wait_s, PASSWORD_RETRY_S);
	ck_assert_int_eq(count("guess"), 0);
	ck_assert_int_eq(login_change_password(&fx.people, &session, OTHER,
			     strlen(OTHER), at(T), &result),
	    RC_BUSY);
	ck_assert_int_eq(result.wait_s, PASSWORD_RETRY_S);
	/* The token is still good afterwards. */
	ck_assert_int_eq(login_reset(&fx.people, text.s, MAIL_TOKEN_LEN, OTHER,
			     strlen(OTHER), at(T), &result),
	    RC_BUSY);
	ck_assert_int_eq(count("mail_token"), 1);
	ck_assert_int_eq(find(result.token.s, T, &session), RC_DENIED);
}
END_TEST

START_TEST(a_hash_of_old_parameters_is_made_anew)
{
	static const struct secret_argon2 cheap = { 64, 1, 1 };
	unsigned char mac[SECRET_HASH_LEN], buf[64] = "latchkey password";
	struct phc phc = { .cost = cheap, .salt_len = 8, .hash_len = 16 };
	char text[PHC_LEN], *kept;

	memcpy(buf + 18, PASSWORD, strlen(PASSWORD));
	ck_assert_int_eq(
	    secret_hmac(&fx.pepper, buf, 18 + strlen(PASSWORD), mac), RC_OK);
	ck_assert_int_eq(secret_argon2id(&cheap, mac, sizeof(mac), phc.salt, 8,
			     phc.hash, 16),
	    RC_OK);
	ck_assert_int_eq(phc_format(&phc, text, sizeof(text)), RC_OK);
	fixture_sql("UPDATE person SET password = '%s'", text);
	/* Not for a wrong one. */
	ck_assert_int_eq(log_in(ONE, "wrong password", T), RC_DENIED);
	kept = fixture_text("SELECT password FROM person");
	ck_assert_str_eq(kept, text);
	free(kept);
	ck_assert_int_eq(log_in(ONE, PASSWORD, T), RC_OK);
	kept = fixture_text("SELECT password FROM person");
	ck_assert_int_eq(
	    strncmp(kept, "$argon2id$v=19$m=19456,t=2,p=1$", 31), 0);
	free(kept);
	ck_assert_int_eq(log_in(ONE, PASSWORD, T), RC_OK);
}
END_TEST

/* It waits for a slot while the password is changed under its hands. */
START_TEST(a_password_changed_meanwhile_lets_nobody_in)
{
	const struct timespec nap = { 0, 100000000 };
	char *kept = fixture_text("SELECT password FROM person");
	struct people people;
	struct db *db;
	int status, fd[PASSWORD_AT_ONCE], i;
	char name[32];
	pid_t pid;

	for (i = 0; i < PASSWORD_AT_ONCE; i++) {
		(void)snprintf(name, sizeof(name), PASSWORD_SLOT_NAME "%d", i);
		fd[i] = open(fixture_path(name), O_RDWR | O_CREAT, 0600);
		ck_assert_int_eq(flock(fd[i], LOCK_EX | LOCK_NB), 0);
	}
	if ((pid = fork()) == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (db_open(fx.path, 0, 1000, &db) != RC_OK ||
		    people_open(&fx.config, db, &people) != RC_OK)
			_exit(100);
		_exit((int)login_password(
		    &people, ONE, PASSWORD, strlen(PASSWORD), at(T), &result));
	}
	ck_assert_int_gt(pid, 0);
	(void)nanosleep(&nap, NULL);
	/* Another salt: another hash, of the same password even. */
	kept[strlen("$argon2id$v=19$m=19456,t=2,p=1$")] ^= 1;
	fixture_sql("UPDATE person SET password = '%s'", kept);
	for (i = 0; i < PASSWORD_AT_ONCE; i++)
		ck_assert_int_eq(flock(fd[i], LOCK_UN), 0);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status));
	ck_assert_int_eq(WEXITSTATUS(status), RC_DENIED);
	ck_assert_int_eq(count("session"), 0);
	free(kept);
}
END_TEST

/* --- the second factor ---------------------------------------------------- */

static unsigned char secret[TOTP_SECRET_LEN];
static struct login_codes codes;

/* The code that an app shows. */
static const char *
code_at(int64_t now)
{
	static char code[TOTP_DIGITS + 1];

	ck_assert_int_eq(totp_code(secret, now / TOTP_STEP, code), RC_OK);
	return code;
}

static enum rc
turn_on(const struct session *session, const char *code, int64_t now)
{
	return login_second_on(
	    &fx.people, session, code, strlen(code), at(now), &codes, &result);
}

/* Turns it on for the first account, ten minutes before T. */
static void
have_second(void)
{
	struct session session = full_session(T - 600);

	ck_assert_int_eq(
	    login_second_start(&fx.people, &fx.one, T - 600, secret), RC_OK);
	ck_assert_int_eq(turn_on(&session, code_at(T - 600), T - 600), RC_OK);
}

static enum rc
second(const struct session *session, const char *code, int64_t now)
{
	return login_second(
	    &fx.people, session, code, strlen(code), at(now), &result);
}

/* The first half of a log-in. */
static struct session
half_session(int64_t now)
{
	ck_assert_int_eq(log_in(ONE, PASSWORD, now), RC_OK);
	ck_assert_int_eq(result.needs_second, 1);
	ck_assert_int_eq(result.session.stage, SESSION_PASSWORD);
	return result.session;
}

START_TEST(it_is_on_once_the_app_has_shown_a_code)
{
	struct session session = full_session(T), other, found;
	unsigned char once_more[TOTP_SECRET_LEN];
	struct session_token old = result.token, new_token;
	struct login_state state;

	other = full_session(T);
	ck_assert_int_eq(
	    login_second_secret(&fx.people, &fx.one, secret), RC_NOT_FOUND);
	ck_assert_int_eq(turn_on(&session, "123456", T), RC_INVALID);
	ck_assert_int_eq(
	    login_second_start(&fx.people, &fx.one, T, secret), RC_OK);
	ck_assert_int_eq(
	    login_second_secret(&fx.people, &fx.one, once_more), RC_OK);
	ck_assert_mem_eq(secret, once_more, sizeof(secret));
	/* Until then it is off, and the log-in asks for none. */
	(void)full_session(T);
	/* A wrong code leaves all as it is. */
	ck_assert_int_eq(turn_on(&session, code_at(T + 60), T), RC_DENIED);
	ck_assert_str_eq(codes.code[0], "");
	ck_assert_str_eq(result.token.s, "");
	ck_assert_int_eq(find(old.s, T, &found), RC_OK);
	ck_assert_int_eq(turn_on(&session, code_at(T), T), RC_OK);
	new_token = result.token;
	ck_assert_int_eq(find(old.s, T, &found), RC_DENIED);
	ck_assert_int_eq(find(new_token.s, T, &found), RC_OK);
	ck_assert_int_eq(found.id, session.id);
	ck_assert_int_eq(count("session"), 1);
	ck_assert_int_ne(other.id, session.id);
	ck_assert_str_eq(history(&fx.one), "13 ");
	ck_assert_int_eq(login_state(&fx.people, &fx.one, &state), RC_OK);
	ck_assert_int_eq(state.second_on, 1);
	ck_assert_int_eq(state.second_at, T);
	ck_assert_int_eq(state.codes_left, LOGIN_CODES);
	ck_assert_int_eq(state.has_password, 1);
	/* There is none to be confirmed any more, nor another to be begun. */
	ck_assert_int_eq(
	    login_second_secret(&fx.people, &fx.one, once_more), RC_NOT_FOUND);
	ck_assert_int_eq(
	    login_second_start(&fx.people, &fx.one, T, once_more), RC_INVALID);
}
END_TEST

START_TEST(both_are_asked_for)
{
	struct session half, found;
	struct session_token half_token;

	have_second();
	half = half_session(T);
	half_token = result.token;
	ck_assert_int_eq(second(&half, code_at(T + 120), T), RC_DENIED);
	ck_assert_str_eq(result.token.s, "");
	ck_assert_str_eq(history(&fx.one), "3 ");
	ck_assert_int_eq(second(&half, "", T), RC_DENIED);
	ck_assert_int_eq(second(&half, code_at(T), T), RC_OK);
	ck_assert_int_eq(result.account_id, fx.one.account_id);
	/* Another token for more rights. */
	ck_assert_int_eq(find(half_token.s, T, &found), RC_DENIED);
	ck_assert_int_eq(find(result.token.s, T, &found), RC_OK);
	ck_assert_int_eq(found.id, half.id);
	ck_assert_int_eq(found.stage, SESSION_FULL);
	ck_assert_str_eq(history(&fx.one), "1 ");
	/* A full session has nothing to complete. */
	ck_assert_int_eq(second(&found, code_at(T + 30), T + 30), RC_DENIED);
	/* And half a one can do nothing. */
	half = half_session(T + 60);
	ck_assert_int_eq(
	    again(&half, PASSWORD, code_at(T + 60), T + 60), RC_DENIED);
	ck_assert_int_eq(login_change_password(&fx.people, &half, OTHER,
			     strlen(OTHER), at(T + 60), &result),
	    RC_DENIED);
	ck_assert_int_eq(
	    login_second_off(&fx.people, &half, at(T + 60), &result),
	    RC_DENIED);
	ck_assert_int_eq(
	    login_codes_new(&fx.people, &half, at(T + 60), &codes, &result),
	    RC_DENIED);
	ck_assert_int_eq(log_in(ONE, PASSWORD, T + 60), RC_OK);
}
END_TEST

START_TEST(no_code_is_good_twice)
{
	struct session half;

	have_second();
	/* Not the one that turned it on. */
	half = half_session(T - 590);
	ck_assert_int_eq(second(&half, code_at(T - 600), T - 590), RC_DENIED);
	half = half_session(T);
	ck_assert_int_eq(second(&half, code_at(T), T), RC_OK);
	half = half_session(T);
	ck_assert_int_eq(second(&half, code_at(T), T), RC_DENIED);
	ck_assert_int_eq(second(&half, code_at(T - 30), T), RC_DENIED);
	/* Nor to confirm something with it. */
	ck_assert_int_eq(second(&half, code_at(T + 30), T + 30), RC_OK);
	half = result.session;
	ck_assert_int_eq(
	    again(&half, PASSWORD, code_at(T + 30), T + 40), RC_DENIED);
	ck_assert_int_eq(
	    again(&half, PASSWORD, code_at(T + 60), T + 60), RC_OK);
}
END_TEST

START_TEST(of_many_at_once_one_gets_in_by_a_code)
{
	enum { CHILDREN = 4 };
	struct session half[CHILDREN];
	struct people people;
	int i, status, won = 0;
	char code[TOTP_DIGITS + 1];
	const char *text;
	pid_t pid;

	have_second();
	for (i = 0; i < CHILDREN; i++)
		half[i] = half_session(T);
	(void)snprintf(code, sizeof(code), "%s", code_at(T));
	text = _i == 0 ? code : codes.code[3];
	for (i = 0; i < CHILDREN; i++) {
		if ((pid = fork()) != 0) {
			ck_assert_int_gt(pid, 0);
			continue;
		}
		if (people_open(&fx.config, NULL, &people) != RC_OK)
			_exit(2);
		_exit(login_second(&people, &half[i], text, strlen(text), at(T),
			  &result) == RC_OK);
	}
	for (i = 0; i < CHILDREN; i++) {
		ck_assert_int_gt(wait(&status), 0);
		ck_assert(WIFEXITED(status) && WEXITSTATUS(status) < 2);
		won += WEXITSTATUS(status);
	}
	ck_assert_int_eq(won, 1);
}
END_TEST

START_TEST(a_recovery_code_is_good_once)
{
	struct login_state state;
	struct session half;
	char text[32];
	int i;

	have_second();
	for (i = 0; i < LOGIN_CODES; i++) {
		half = half_session(T);
		if (i % 2 == 0) { /* as people write it */
			(void)snprintf(text, sizeof(text), " %.5s %s",
			    codes.code[i], codes.code[i] + 6);
			text[1] = (char)(text[1] >= 'a' ? text[1] - 'a' + 'A'
							: text[1]);
		} else
			(void)snprintf(text, sizeof(text), "%s", codes.code[i]);
		ck_assert_int_eq(second(&half, text, T), RC_OK);
		ck_assert_int_eq(fixture_int("SELECT what FROM audit ORDER BY"
					     " account_id, seq DESC"
					     " LIMIT 1 OFFSET 1"),
		    AUDIT_RECOVERY_USED);
		half = half_session(T);
		ck_assert_int_eq(second(&half, text, T), RC_DENIED);
		fixture_sql("DELETE FROM guess");
		ck_assert_int_eq(
		    login_state(&fx.people, &fx.one, &state), RC_OK);
		ck_assert_int_eq(state.codes_left, LOGIN_CODES - 1 - i);
	}
	/* An app still works. */
	ck_assert_int_eq(second(&half, code_at(T), T), RC_OK);
}
END_TEST

START_TEST(new_codes_replace_the_old_ones)
{
	struct session session, half;
	struct login_codes old;

	have_second();
	old = codes;
	half = half_session(T);
	ck_assert_int_eq(second(&half, code_at(T), T), RC_OK);
	session = result.session;
	(void)half_session(T);
	ck_assert_int_eq(
	    login_codes_new(&fx.people, &session, at(T), &codes, &result),
	    RC_OK);
	ck_assert_str_eq(history(&fx.one), "15 ");
	ck_assert_int_eq(count("session"), 1);
	ck_assert_str_ne(result.token.s, "");
	ck_assert_int_eq(count("recovery_code"), LOGIN_CODES);
	half = half_session(T);
	ck_assert_int_eq(second(&half, old.code[0], T), RC_DENIED);
	ck_assert_int_eq(second(&half, codes.code[0], T), RC_OK);
	session = result.session;
	/* Without a second factor there are none. */
	ck_assert_int_eq(
	    login_second_off(&fx.people, &session, at(T), &result), RC_OK);
	session = result.session;
	ck_assert_int_eq(count("recovery_code"), 0);
	ck_assert_int_eq(
	    login_codes_new(&fx.people, &session, at(T), &codes, &result),
	    RC_INVALID);
	ck_assert_str_eq(codes.code[0], "");
	ck_assert_int_eq(count("recovery_code"), 0);
}
END_TEST

START_TEST(turning_it_off_ends_the_others)
{
	struct session session, half, found;
	struct session_token old;

	have_second();
	half = half_session(T);
	ck_assert_int_eq(second(&half, code_at(T), T), RC_OK);
	session = result.session;
	old = result.token;
	half = half_session(T);
	ck_assert_int_eq(
	    login_second_off(&fx.people, &session, at(T), &result), RC_OK);
	ck_assert_str_eq(history(&fx.one), "14 ");
	ck_assert_int_eq(find(old.s, T, &found), RC_DENIED);
	ck_assert_int_eq(find(result.token.s, T, &found), RC_OK);
	ck_assert_int_eq(count("session"), 1);
	ck_assert_int_eq(count("second_factor"), 0);
	/* The half log-in is dead, and a new one needs no half. */
	ck_assert_int_eq(second(&half, code_at(T + 30), T + 30), RC_DENIED);
	(void)full_session(T + 30);
}
END_TEST

START_TEST(its_guesses_have_a_counter_that_a_password_does_not_clear)
{
	struct session half;
	int i;

	have_second();
	for (i = 0; i < GUESS_FREE; i++) {
		/* A good password before each. */
		half = half_session(T);
		ck_assert_int_eq(second(&half, "000000", T), RC_DENIED);
	}
	half = half_session(T);
	ck_assert_int_eq(second(&half, code_at(T), T), RC_LIMITED);
	ck_assert_int_eq(result.wait_s, 15);
	ck_assert_int_eq(second(&half, codes.code[0], T), RC_LIMITED);
	ck_assert_int_eq(second(&half, code_at(T + 15), T + 15), RC_OK);
	/* The right code does. */
	half = half_session(T + 30);
	ck_assert_int_eq(second(&half, "000000", T + 30), RC_DENIED);
	ck_assert_int_eq(second(&half, code_at(T + 60), T + 60), RC_OK);
}
END_TEST

START_TEST(codes_and_secrets_belong_to_one_account)
{
	unsigned char others[TOTP_SECRET_LEN];
	struct login_codes mine;
	struct session session;
	char code[TOTP_DIGITS + 1], *log;
	int was_recovery;

	have_second();
	mine = codes;
	set_password(&fx.two, OTHER);
	ck_assert_int_eq(log_in(TWO, OTHER, T), RC_OK);
	session = result.session;
	ck_assert_int_eq(
	    login_second_start(&fx.people, &fx.two, T, others), RC_OK);
	ck_assert_int_eq(totp_code(others, T / TOTP_STEP, code), RC_OK);
	ck_assert_int_eq(turn_on(&session, code, T), RC_OK);
	fixture_people_begin();
	/* One's recovery code and password are nothing to two. */
	ck_assert_int_eq(factor_verify(&fx.people, &fx.two, mine.code[0],
			     LOGIN_CODE_LEN, T, &was_recovery),
	    RC_DENIED);
	ck_assert_int_eq(factor_verify(&fx.people, &fx.two, code_at(T),
			     TOTP_DIGITS, T, &was_recovery),
	    RC_DENIED);
	ck_assert_int_eq(factor_verify(&fx.people, &fx.one, mine.code[0],
			     LOGIN_CODE_LEN, T, &was_recovery),
	    RC_OK);
	fixture_people_commit();
	/* Nor does it help to write them there. */
	fixture_sql(
	    "UPDATE second_factor SET secret ="
	    " (SELECT secret FROM second_factor WHERE account_id = %lld)"
	    " WHERE account_id = %lld",
	    (long long)fx.one.account_id, (long long)fx.two.account_id);
	fixture_sql("UPDATE OR IGNORE recovery_code SET account_id = %lld",
	    (long long)fx.two.account_id);
	fixture_people_begin();
	scratch_log_start();
	ck_assert_int_eq(factor_verify(&fx.people, &fx.two, code_at(T),
			     TOTP_DIGITS, T, &was_recovery),
	    RC_FAIL);
	log = scratch_log_end(NULL);
	scratch_log_must_be(log, "cannot unseal the second factor");
	free(log);
	ck_assert_int_eq(factor_verify(&fx.people, &fx.two, mine.code[1],
			     LOGIN_CODE_LEN, T, &was_recovery),
	    RC_DENIED);
	fixture_people_commit();
	fixture_sql("DELETE FROM recovery_code");
}
END_TEST

START_TEST(nothing_secret_is_in_the_file)
{
	char text[TOTP_BASE32_LEN + 1], *file, digits[16];
	size_t len;
	int i;

	have_second();
	file = fixture_read(fx.people_path, &len);
	ck_assert_ptr_null(memmem(file, len, secret, sizeof(secret)));
	totp_base32(secret, text);
	ck_assert_ptr_null(memmem(file, len, text, TOTP_BASE32_LEN));
	ck_assert_ptr_null(memmem(file, len, PASSWORD, strlen(PASSWORD)));
	for (i = 0; i < LOGIN_CODES; i++) {
		ck_assert_ptr_null(
		    memmem(file, len, codes.code[i], LOGIN_CODE_LEN));
		(void)snprintf(digits, sizeof(digits), "%.5s%s", codes.code[i],
		    codes.code[i] + 6);
		ck_assert_ptr_null(memmem(file, len, digits, 10));
	}
	free(file);
	login_codes_wipe(&codes);
	ck_assert_str_eq(codes.code[9], "");
}
END_TEST

/* --- once more ------------------------------------------------------------ */

START_TEST(the_password_is_asked_for_once_more)
{
	struct session session = full_session(T), gone;

	ck_assert_int_eq(again(&session, PASSWORD, NULL, T), RC_OK);
	ck_assert_int_eq(result.account_id, fx.one.account_id);
	/* A code that nobody asked for is no harm. */
	ck_assert_int_eq(again(&session, PASSWORD, "123456", T), RC_OK);
	ck_assert_int_eq(again(&session, "wrong password", NULL, T), RC_DENIED);
	ck_assert_int_eq(result.account_id, 0);
	ck_assert_str_eq(history(&fx.one), "4 ");
	ck_assert_int_eq(again(&session, "", NULL, T), RC_DENIED);
	/* A session that has ended asks for nothing. */
	gone = full_session(T);
	ck_assert_int_eq(login_out(&fx.people, &gone, at(T)), RC_OK);
	ck_assert_str_eq(history(&fx.one), "6 ");
	ck_assert_int_eq(again(&gone, PASSWORD, NULL, T), RC_DENIED);
	ck_assert_int_eq(login_out(&fx.people, &gone, at(T)), RC_NOT_FOUND);
}
END_TEST

START_TEST(both_are_asked_for_once_more)
{
	struct session session;

	have_second();
	session = half_session(T);
	ck_assert_int_eq(second(&session, code_at(T), T), RC_OK);
	session = result.session;
	ck_assert_int_eq(again(&session, PASSWORD, NULL, T + 30), RC_DENIED);
	ck_assert_int_eq(again(&session, PASSWORD, "", T + 30), RC_DENIED);
	ck_assert_int_eq(
	    again(&session, PASSWORD, code_at(T + 300), T + 30), RC_DENIED);
	/* A wrong password uses no code up. */
	ck_assert_int_eq(
	    again(&session, "wrong password", code_at(T + 30), T + 30),
	    RC_DENIED);
	ck_assert_int_eq(
	    again(&session, PASSWORD, code_at(T + 30), T + 30), RC_OK);
	ck_assert_int_eq(
	    again(&session, PASSWORD, codes.code[0], T + 30), RC_OK);
	ck_assert_str_eq(history(&fx.one), "5 ");
	ck_assert_int_eq(
	    again(&session, PASSWORD, codes.code[0], T + 30), RC_DENIED);
}
END_TEST

START_TEST(its_failures_have_a_counter_of_their_own)
{
	struct session session = full_session(T);
	int i;

	for (i = 0; i < GUESS_FREE; i++)
		ck_assert_int_eq(
		    again(&session, "wrong password", NULL, T), RC_DENIED);
	ck_assert_int_eq(again(&session, PASSWORD, NULL, T), RC_LIMITED);
	ck_assert_int_eq(result.wait_s, 15);
	/* A good log-in does not clear it, and is not delayed by it. */
	session = full_session(T);
	ck_assert_int_eq(again(&session, PASSWORD, NULL, T), RC_LIMITED);
	ck_assert_int_eq(again(&session, PASSWORD, NULL, T + 15), RC_OK);
	for (i = 0; i < GUESS_FREE; i++)
		ck_assert_int_eq(
		    again(&session, "wrong password", NULL, T + 15), RC_DENIED);
	ck_assert_int_eq(again(&session, PASSWORD, NULL, T + 15), RC_LIMITED);
}
END_TEST

/* --- changing the password ------------------------------------------------ */

static enum rc
change(const struct session *session, const char *password, int64_t now)
{
	return login_change_password(
	    &fx.people, session, password, strlen(password), at(now), &result);
}

START_TEST(a_new_password_ends_all_other_sessions)
{
	struct session_token old, others, twos;
	struct mail_token_text text;
	struct session session, found;

	set_password(&fx.two, OTHER);
	ck_assert_int_eq(log_in(TWO, OTHER, T), RC_OK);
	twos = result.token;
	(void)full_session(T);
	others = result.token;
	session = full_session(T);
	old = result.token;
	ck_assert_int_eq(
	    login_forgot(&fx.people, ONE, at(T), &text, &result), RC_OK);
	ck_assert_int_eq(change(&session, OTHER, T), RC_OK);
	ck_assert_int_eq(find(old.s, T, &found), RC_DENIED);
	ck_assert_int_eq(find(others.s, T, &found), RC_DENIED);
	ck_assert_int_eq(find(twos.s, T, &found), RC_OK);
	ck_assert_int_eq(find(result.token.s, T, &found), RC_OK);
	ck_assert_int_eq(found.id, session.id);
	ck_assert_int_eq(found.stage, SESSION_FULL);
	ck_assert_str_eq(history(&fx.one), "7 ");
	ck_assert_int_eq(count("mail_token"), 0);
	ck_assert_int_eq(log_in(ONE, PASSWORD, T), RC_DENIED);
	ck_assert_int_eq(log_in(ONE, OTHER, T), RC_OK);
	ck_assert_int_eq(fixture_int("SELECT password_at FROM person"
				     " WHERE account_id = %lld",
			     (long long)fx.one.account_id),
	    T);
}
END_TEST

START_TEST(a_poor_password_changes_nothing)
{
	static const char *const poor[] = { "", "x7Kq9!mZ2", "password123",
		"one@example.test", "onetwothree" };
	struct session session = full_session(T), found;
	struct session_token token = result.token;

	ck_assert_int_eq(change(&session, poor[_i], T), RC_INVALID);
	ck_assert_str_ne(result.why, "");
	ck_assert_str_eq(result.token.s, "");
	ck_assert_int_eq(find(token.s, T, &found), RC_OK);
	ck_assert_int_eq(log_in(ONE, PASSWORD, T), RC_OK);
}
END_TEST

START_TEST(a_session_that_has_gone_changes_nothing)
{
	struct session session = full_session(T);

	ck_assert_int_eq(login_out(&fx.people, &session, at(T)), RC_OK);
	ck_assert_int_eq(change(&session, OTHER, T), RC_DENIED);
	ck_assert_int_eq(
	    login_second_off(&fx.people, &session, at(T), &result), RC_DENIED);
	ck_assert_int_eq(log_in(ONE, PASSWORD, T), RC_OK);
}
END_TEST

START_TEST(the_operator_sets_a_password)
{
	const char *why = NULL;
	int i;

	have_second();
	(void)half_session(T);
	for (i = 0; i < GUESS_FREE; i++)
		ck_assert_int_eq(log_in(ONE, "wrong password", T), RC_DENIED);
	ck_assert_int_eq(login_admin_password(&fx.people, fx.one.account_id,
			     "password123", 11, 0, T, &why),
	    RC_INVALID);
	ck_assert_str_ne(why, "");
	ck_assert_int_eq(login_admin_password(
			     &fx.people, 999, OTHER, strlen(OTHER), 0, T, &why),
	    RC_NOT_FOUND);
	ck_assert_int_eq(login_admin_password(&fx.people, fx.one.account_id,
			     OTHER, strlen(OTHER), 0, T, &why),
	    RC_OK);
	ck_assert_int_eq(count("session"), 0);
	ck_assert_str_eq(history(&fx.one), "9 ");
	/* Without a delay, and the second factor stays. */
	ck_assert_int_eq(log_in(ONE, OTHER, T), RC_OK);
	ck_assert_int_eq(result.needs_second, 1);
	ck_assert_int_eq(login_admin_password(&fx.people, fx.one.account_id,
			     OTHER, strlen(OTHER), 1, T, &why),
	    RC_OK);
	ck_assert_int_eq(log_in(ONE, OTHER, T), RC_OK);
	ck_assert_int_eq(result.needs_second, 0);
}
END_TEST

/* --- signing up ----------------------------------------------------------- */

static const char NEW[] = "new@example.test";

static struct mail_token_text text;

static enum rc
sign_up(const char *email, const char *name, int64_t now)
{
	return login_sign_up(&fx.people, email, name, at(now), &text, &result);
}

static enum rc
confirm(const char *token, const char *password, int64_t now)
{
	return login_confirm(&fx.people, token, strlen(token), password,
	    strlen(password), at(now), &result);
}

static int64_t
account_of(const char *email)
{
	int64_t id = 0;

	ck_assert_int_eq(db_begin(fx.db, DB_READ), RC_OK);
	(void)account_admin_find(fx.db, email, &id);
	db_rollback(fx.db);
	return id;
}

START_TEST(signing_up_takes_a_mail_and_a_password)
{
	struct session found;
	struct mail_token_text first;
	struct caller caller = { 0 };

	ck_assert_int_eq(sign_up("New@Example.test", "Jo New", T), RC_OK);
	first = text;
	ck_assert_int_eq(sign_up(NEW, "Jo New", T), RC_OK);
	ck_assert_uint_eq(strlen(text.s), MAIL_TOKEN_LEN);
	/* Until the mail was read there is no account. */
	ck_assert_int_eq(account_of(NEW), 0);
	ck_assert_int_eq(log_in(NEW, PASSWORD, T), RC_DENIED);
	/* A poor password can be made up for. */
	ck_assert_int_eq(confirm(text.s, "newnewnew1", T), RC_INVALID);
	ck_assert_str_ne(result.why, "");
	ck_assert_int_eq(account_of(NEW), 0);
	ck_assert_int_eq(confirm(text.s, PASSWORD, T), RC_OK);
	caller.account_id = account_of(NEW);
	ck_assert_int_gt(caller.account_id, 0);
	ck_assert_int_eq(result.account_id, caller.account_id);
	ck_assert_int_eq(find(result.token.s, T, &found), RC_OK);
	ck_assert_int_eq(found.account_id, caller.account_id);
	ck_assert_int_eq(found.stage, SESSION_FULL);
	/* Neither this token nor the other is good again. */
	ck_assert_int_eq(confirm(text.s, OTHER, T), RC_DENIED);
	ck_assert_int_eq(confirm(first.s, OTHER, T), RC_DENIED);
	ck_assert_int_eq(count("mail_token"), 0);
	ck_assert_int_eq(log_in(NEW, PASSWORD, T), RC_OK);
}
END_TEST

START_TEST(signing_up_tells_nothing_of_accounts)
{
	int64_t fresh = -commits(), taken;

	ck_assert_int_eq(sign_up(NEW, "Jo New", T), RC_OK);
	ck_assert_str_ne(text.s, "");
	fresh += commits();
	ck_assert_int_eq(count("mail_token"), 1);
	taken = -commits();
	ck_assert_int_eq(sign_up(ONE, "Jo One", T), RC_OK);
	ck_assert_str_eq(text.s, "");
	taken += commits();
	ck_assert_int_eq(count("mail_token"), 1);
	ck_assert_int_eq(taken, fresh);
	/* Nor does a forgotten password. */
	fresh = -commits();
	ck_assert_int_eq(login_forgot(&fx.people, "nobody@example.test", at(T),
			     &text, &result),
	    RC_OK);
	ck_assert_str_eq(text.s, "");
	fresh += commits();
	taken = -commits();
	ck_assert_int_eq(
	    login_forgot(&fx.people, ONE, at(T), &text, &result), RC_OK);
	ck_assert_str_ne(text.s, "");
	taken += commits();
	ck_assert_int_eq(taken, fresh);
	ck_assert_int_eq(count("mail_token"), 2);
}
END_TEST

START_TEST(what_can_be_no_account_is_refused)
{
	static const struct {
		const char *email, *name;
	} cases[] = {
		{ "", "Jo" },
		{ "new", "Jo" },
		{ "new@example.test\r\nBcc: x@y.example", "Jo" },
		{ "new@example.test", "" },
		{ "new@example.test", " " },
		{ "new@example.test", "Jo\r\nBcc: x@y.example" },
		{ "new@example.test", "\xc3" },
	};

	ck_assert_int_eq(
	    sign_up(cases[_i].email, cases[_i].name, T), RC_INVALID);
	ck_assert_str_ne(result.why, "");
	ck_assert_str_eq(text.s, "");
	ck_assert_int_eq(count("mail_token"), 0);
	ck_assert_int_eq(count("guess"), 0);
}
END_TEST

START_TEST(mails_are_limited_by_address_and_by_sender)
{
	char email[64];
	int i;

	for (i = 0; i < 3; i++)
		ck_assert_int_eq(sign_up(NEW, "Jo", T), RC_OK);
	ck_assert_int_eq(sign_up(NEW, "Jo", T), RC_LIMITED);
	ck_assert_int_eq(result.wait_s, 60);
	ck_assert_str_eq(text.s, "");
	ck_assert_int_eq(
	    login_forgot(&fx.people, NEW, at(T), &text, &result), RC_LIMITED);
	for (i = 3; i < 20; i++) {
		(void)snprintf(email, sizeof(email), "a%d@example.test", i);
		ck_assert_int_eq(sign_up(email, "Jo", T), RC_OK);
	}
	ck_assert_int_eq(sign_up("b@example.test", "Jo", T), RC_LIMITED);
	ck_assert_int_eq(result.wait_s, 15);
	/* Logging in is another matter. */
	ck_assert_int_eq(log_in(ONE, PASSWORD, T), RC_OK);
}
END_TEST

START_TEST(an_operators_account_without_a_password_is_taken)
{
	int64_t id;

	ck_assert_int_eq(sign_up("late@example.test", "Jo", T), RC_OK);
	fixture_begin();
	ck_assert_int_eq(
	    account_admin_create(fx.db, "late@example.test", "Operator's",
		ACCOUNT_ADMIN_TIER, T, &id, &result.why),
	    RC_OK);
	fixture_commit();
	ck_assert_int_eq(confirm(text.s, PASSWORD, T), RC_OK);
	ck_assert_int_eq(result.account_id, id);
	ck_assert_int_eq(log_in("late@example.test", PASSWORD, T), RC_OK);
}
END_TEST

START_TEST(an_account_with_a_password_is_not)
{
	int64_t id;
	const char *why;

	ck_assert_int_eq(sign_up("late@example.test", "Jo", T), RC_OK);
	fixture_begin();
	ck_assert_int_eq(account_admin_create(fx.db, "late@example.test",
			     "Operator's", ACCOUNT_ADMIN_TIER, T, &id, &why),
	    RC_OK);
	fixture_commit();
	ck_assert_int_eq(login_admin_password(
			     &fx.people, id, OTHER, strlen(OTHER), 0, T, &why),
	    RC_OK);
	ck_assert_int_eq(confirm(text.s, PASSWORD, T), RC_DENIED);
	ck_assert_int_eq(log_in("late@example.test", OTHER, T), RC_OK);
}
END_TEST

/* --- a forgotten password ------------------------------------------------- */

static enum rc
reset(const char *token, const char *password, int64_t now)
{
	return login_reset(&fx.people, token, strlen(token), password,
	    strlen(password), at(now), &result);
}

START_TEST(a_mail_sets_a_forgotten_password)
{
	struct mail_token_text other;
	int i;

	have_second();
	for (i = 0; i < GUESS_FREE; i++)
		ck_assert_int_eq(log_in(ONE, "wrong password", T), RC_DENIED);
	ck_assert_int_eq(
	    login_forgot(&fx.people, ONE, at(T), &text, &result), RC_OK);
	other = text;
	ck_assert_int_eq(
	    login_forgot(&fx.people, "ONE@example.test", at(T), &text, &result),
	    RC_OK);
	ck_assert_int_eq(reset(text.s, "password123", T), RC_INVALID);
	ck_assert_int_eq(reset(text.s, OTHER, T), RC_OK);
	ck_assert_int_eq(result.account_id, fx.one.account_id);
	ck_assert_str_eq(result.token.s, "");
	ck_assert_str_eq(history(&fx.one), "8 ");
	/* All sessions are over, all tokens used. */
	ck_assert_int_eq(count("session"), 0);
	ck_assert_int_eq(reset(text.s, PASSWORD, T), RC_DENIED);
	ck_assert_int_eq(reset(other.s, PASSWORD, T), RC_DENIED);
	/* The delay is over, the second factor is not. */
	ck_assert_int_eq(log_in(ONE, PASSWORD, T), RC_DENIED);
	ck_assert_int_eq(log_in(ONE, OTHER, T), RC_OK);
	ck_assert_int_eq(result.needs_second, 1);
}
END_TEST

START_TEST(a_mail_gives_a_first_password)
{
	ck_assert_int_eq(
	    login_forgot(&fx.people, TWO, at(T), &text, &result), RC_OK);
	ck_assert_int_eq(reset(text.s, OTHER, T + 3599), RC_OK);
	ck_assert_int_eq(log_in(TWO, OTHER, T), RC_OK);
}
END_TEST

START_TEST(a_mail_to_an_old_address_is_good_for_nothing)
{
	ck_assert_int_eq(
	    login_forgot(&fx.people, ONE, at(T), &text, &result), RC_OK);
	ck_assert_int_eq(reset(text.s, OTHER, T + 3600), RC_DENIED);
	fx.sql_path = fx.path;
	fixture_sql("UPDATE account SET email = 'moved@example.test'"
		    " WHERE email = 'one@example.test'");
	fx.sql_path = fx.people_path;
	ck_assert_int_eq(reset(text.s, OTHER, T), RC_DENIED);
	ck_assert_int_eq(log_in("moved@example.test", PASSWORD, T), RC_OK);
}
END_TEST

/* --- another address ------------------------------------------------------ */

static enum rc
ask_email(const struct session *session, const char *email)
{
	return login_email_ask(
	    &fx.people, session, email, at(T), &text, &result);
}

static char old[TEXT_EMAIL_MAX + 1];

static enum rc
change_email(const char *token, int64_t keep_id)
{
	return login_email_change(
	    &fx.people, token, strlen(token), keep_id, at(T), old, &result);
}

START_TEST(an_address_changes_when_the_new_one_answers)
{
	struct session session, found;
	struct mail_token_text first;
	struct session_token keep, other;

	(void)full_session(T);
	other = result.token;
	session = full_session(T);
	keep = result.token;
	ck_assert_int_eq(ask_email(&session, "first@example.test"), RC_OK);
	first = text;
	ck_assert_int_eq(ask_email(&session, "New@Example.test"), RC_OK);
	ck_assert_str_eq(history(&fx.one), "11 new@example.test");
	ck_assert_int_eq(account_of(ONE), fx.one.account_id);
	ck_assert_int_eq(change_email(text.s, session.id), RC_OK);
	ck_assert_str_eq(old, ONE);
	ck_assert_int_eq(result.account_id, fx.one.account_id);
	ck_assert_int_eq(account_of(NEW), fx.one.account_id);
	ck_assert_int_eq(account_of(ONE), 0);
	ck_assert_str_eq(history(&fx.one), "12 new@example.test");
	ck_assert_int_eq(find(keep.s, T, &found), RC_OK);
	ck_assert_int_eq(find(other.s, T, &found), RC_DENIED);
	/* Once, and no other one either. */
	ck_assert_int_eq(change_email(text.s, session.id), RC_DENIED);
	ck_assert_str_eq(old, "");
	ck_assert_int_eq(change_email(first.s, session.id), RC_DENIED);
	ck_assert_int_eq(log_in(ONE, PASSWORD, T), RC_DENIED);
	ck_assert_int_eq(log_in(NEW, PASSWORD, T), RC_OK);
}
END_TEST

START_TEST(an_address_that_cannot_be_is_refused)
{
	struct session session = full_session(T), half = session;

	ck_assert_int_eq(ask_email(&session, "new"), RC_INVALID);
	ck_assert_str_ne(result.why, "");
	ck_assert_int_eq(ask_email(&session, "ONE@example.test"), RC_INVALID);
	ck_assert_str_ne(result.why, "");
	half.stage = SESSION_PASSWORD;
	ck_assert_int_eq(ask_email(&half, NEW), RC_DENIED);
	/* Another's is not told to be one. */
	ck_assert_int_eq(ask_email(&session, TWO), RC_OK);
	ck_assert_str_eq(text.s, "");
	ck_assert_int_eq(count("mail_token"), 0);
}
END_TEST

START_TEST(an_address_that_was_taken_meanwhile_is_denied)
{
	struct session session = full_session(T);

	ck_assert_int_eq(ask_email(&session, NEW), RC_OK);
	fx.sql_path = fx.path;
	fixture_sql("UPDATE account SET email = 'new@example.test'"
		    " WHERE email = 'two@example.test'");
	ck_assert_int_eq(change_email(text.s, 0), RC_DENIED);
	ck_assert_int_eq(account_of(ONE), fx.one.account_id);
	/* So is one where another change has come first. */
	fixture_sql("UPDATE account SET email = 'two@example.test'"
		    " WHERE email = 'new@example.test'");
	fixture_sql("UPDATE account SET email = 'x@example.test'"
		    " WHERE email = 'one@example.test'");
	ck_assert_int_eq(change_email(text.s, 0), RC_DENIED);
	ck_assert_int_eq(account_of("x@example.test"), fx.one.account_id);
	fx.sql_path = fx.people_path;
}
END_TEST

/* --- killed between the two databases ------------------------------------- */

enum step { STEP_CONFIRM, STEP_EMAIL };

/* What the child does; both write the main database first. */
static void
do_step(enum step step)
{
	struct people people;
	struct db *db;

	if (db_open(fx.path, 0, 20000, &db) != RC_OK ||
	    people_open(&fx.config, db, &people) != RC_OK)
		_exit(1);
	if (step == STEP_CONFIRM)
		(void)login_confirm(&people, text.s, MAIL_TOKEN_LEN, PASSWORD,
		    strlen(PASSWORD), at(T), &result);
	else
		(void)login_email_change(
		    &people, text.s, MAIL_TOKEN_LEN, 0, at(T), old, &result);
	_exit(0);
}

START_TEST(killed_between_the_databases_the_next_try_completes)
{
	const struct timespec nap = { 0, 5000000 };
	struct session session = full_session(T);
	struct holder holder;
	char gate[320];
	int i, status;
	pid_t pid;

	if (_i == STEP_CONFIRM)
		ck_assert_int_eq(sign_up(NEW, "Jo New", T), RC_OK);
	else
		ck_assert_int_eq(ask_email(&session, NEW), RC_OK);
	/* Readers of the people's database may in, writers wait. */
	(void)snprintf(gate, sizeof(gate), "%s.gate", fx.people_path);
	fixture_hold(&holder, gate, LOCK_SH, 0);
	if ((pid = fork()) == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		do_step((enum step)_i);
	}
	ck_assert_int_gt(pid, 0);
	for (i = 0; i < 4000 && account_of(NEW) == 0; i++)
		(void)nanosleep(&nap, NULL);
	ck_assert_int_gt(account_of(NEW), 0);
	ck_assert_int_eq(kill(pid, SIGKILL), 0);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFSIGNALED(status));
	fixture_let_go(&holder);
	/* Half is done: the token is still there, and nothing is wrong. */
	ck_assert_int_eq(count("mail_token"), 1);
	ck_assert_str_eq(fixture_faults(), "");
	if (_i == STEP_CONFIRM) {
		ck_assert_int_eq(log_in(NEW, PASSWORD, T), RC_DENIED);
		ck_assert_int_eq(confirm(text.s, PASSWORD, T), RC_OK);
	} else {
		ck_assert_int_eq(count("session"), 1);
		ck_assert_int_eq(change_email(text.s, 0), RC_OK);
		ck_assert_str_eq(old, ONE);
		ck_assert_int_eq(count("session"), 0);
	}
	ck_assert_int_eq(count("mail_token"), 0);
	ck_assert_int_eq(log_in(NEW, PASSWORD, T), RC_OK);
}
END_TEST

/* Wherever it is killed, it has happened or can be done again. */
START_TEST(killed_anywhere_nothing_is_half_done)
{
	struct timespec wait = { 0, 0 };
	int i, status, done = 0;
	char email[64];
	pid_t pid;

	for (i = 0; i < 25; i++) {
		(void)snprintf(email, sizeof(email), "k%d@example.test", i);
		fixture_sql("DELETE FROM guess");
		ck_assert_int_eq(sign_up(email, "Jo New", T), RC_OK);
		if ((pid = fork()) == 0) {
			(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
			do_step(STEP_CONFIRM);
		}
		ck_assert_int_gt(pid, 0);
		wait.tv_nsec = (long)i * 4000000;
		(void)nanosleep(&wait, NULL);
		(void)kill(pid, SIGKILL);
		ck_assert_int_eq(waitpid(pid, &status, 0), pid);
		if (log_in(email, PASSWORD, T) == RC_OK) {
			done++;
			ck_assert_int_eq(
			    confirm(text.s, PASSWORD, T), RC_DENIED);
		} else
			ck_assert_int_eq(confirm(text.s, PASSWORD, T), RC_OK);
		ck_assert_int_eq(count("mail_token"), 0);
	}
	ck_assert_int_lt(done, 25);
}
END_TEST

/* --- closing, and the rest ------------------------------------------------ */

START_TEST(a_closed_account_has_no_credentials)
{
	struct session session;
	struct login_state state;

	have_second();
	session = half_session(T);
	ck_assert_int_eq(second(&session, code_at(T), T), RC_OK);
	session = result.session;
	ck_assert_int_eq(ask_email(&session, NEW), RC_OK);
	set_password(&fx.two, OTHER);
	ck_assert_int_eq(log_in(TWO, OTHER, T), RC_OK);
	ck_assert_int_eq(login_close(&fx.people, &fx.one, at(T)), RC_OK);
	ck_assert_int_eq(login_state(&fx.people, &fx.one, &state), RC_OK);
	ck_assert_int_eq(state.has_password, 0);
	ck_assert_int_eq(state.second_on, 0);
	ck_assert_int_eq(state.codes_left, 0);
	ck_assert_int_eq(count("mail_token"), 0);
	ck_assert_int_eq(count("session"), 1); /* two's */
	ck_assert_int_eq(log_in(ONE, PASSWORD, T), RC_DENIED);
	ck_assert_int_eq(log_in(TWO, OTHER, T), RC_OK);
	ck_assert_int_gt(fixture_int("SELECT COUNT(*) FROM audit WHERE"
				     " account_id = %lld AND what = %d",
			     (long long)fx.one.account_id, AUDIT_CLOSED),
	    0);
}
END_TEST

START_TEST(a_time_zone_is_a_name)
{
	static const struct {
		const char *zone;
		enum rc rc;
	} cases[] = {
		{ "UTC", RC_OK },
		{ "Europe/Vienna", RC_OK },
		{ "America/Argentina/Buenos_Aires", RC_OK },
		{ "Etc/GMT+12", RC_OK },
		{ "", RC_INVALID },
		{ "/etc/passwd", RC_INVALID },
		{ "../../etc/passwd", RC_INVALID },
		{ "Europe/Vienna\n", RC_INVALID },
		{ "<script>", RC_INVALID },
		{ "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		  "aaaa",
		    RC_OK },
		{ "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		  "aaaaa",
		    RC_INVALID },
	};
	struct login_state state;
	const char *kept = "UTC";
	int i;

	for (i = 0; i < ROWS(cases); i++) {
		ck_assert_msg(login_set_time_zone(&fx.people, &fx.two,
				  cases[i].zone) == cases[i].rc,
		    "%s", cases[i].zone);
		if (cases[i].rc == RC_OK)
			kept = cases[i].zone;
		ck_assert_int_eq(
		    login_state(&fx.people, &fx.two, &state), RC_OK);
		ck_assert_str_eq(state.time_zone, kept);
		ck_assert_int_eq(state.has_password, 0);
	}
	/* Of one alone, and his password is not touched. */
	ck_assert_int_eq(
	    login_set_time_zone(&fx.people, &fx.one, "Asia/Tokyo"), RC_OK);
	ck_assert_int_eq(login_state(&fx.people, &fx.two, &state), RC_OK);
	ck_assert_str_ne(state.time_zone, "Asia/Tokyo");
	ck_assert_int_eq(log_in(ONE, PASSWORD, T), RC_OK);
}
END_TEST

START_TEST(a_busy_database_is_busy)
{
	struct holder holder;
	struct people people;
	char gate[320], *log;

	fx.config.busy_ms = 30;
	ck_assert_int_eq(people_open(&fx.config, fx.db, &people), RC_OK);
	(void)snprintf(gate, sizeof(gate), "%s.gate", fx.people_path);
	fixture_hold(&holder, gate, LOCK_EX, 0);
	scratch_log_start();
	ck_assert_int_eq(login_password(&people, ONE, PASSWORD,
			     strlen(PASSWORD), at(T), &result),
	    RC_BUSY);
	log = scratch_log_end(NULL);
	ck_assert_int_eq(result.wait_s, PASSWORD_RETRY_S);
	scratch_log_must_be(log, "busy for too long");
	ck_assert_ptr_null(strstr(log, PASSWORD));
	free(log);
	fixture_let_go(&holder);
	people_close(&people);
}
END_TEST

static Suite *
make_suite(void)
{
	Suite *suite = suite_create("credentials");
	TCase *tc = tcase_create("password");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, the_right_password_starts_a_session);
	tcase_add_loop_test(tc, whatever_is_wrong_is_denied, 0, 9);
	tcase_add_test(tc, known_and_unknown_addresses_are_treated_alike);
	tcase_add_test(tc, guessing_is_delayed_and_never_locks_out);
	tcase_add_test(tc, an_address_of_the_network_is_limited);
	tcase_add_test(tc, too_many_hashes_are_busy_and_no_failure);
	tcase_add_test(tc, a_hash_of_old_parameters_is_made_anew);
	tcase_add_test(tc, a_password_changed_meanwhile_lets_nobody_in);
	tcase_add_test(tc, a_busy_database_is_busy);
	suite_add_tcase(suite, tc);

	tc = tcase_create("second factor");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, it_is_on_once_the_app_has_shown_a_code);
	tcase_add_test(tc, both_are_asked_for);
	tcase_add_test(tc, no_code_is_good_twice);
	tcase_add_loop_test(tc, of_many_at_once_one_gets_in_by_a_code, 0, 2);
	tcase_add_test(tc, a_recovery_code_is_good_once);
	tcase_add_test(tc, new_codes_replace_the_old_ones);
	tcase_add_test(tc, turning_it_off_ends_the_others);
	tcase_add_test(
	    tc, its_guesses_have_a_counter_that_a_password_does_not_clear);
	tcase_add_test(tc, codes_and_secrets_belong_to_one_account);
	tcase_add_test(tc, nothing_secret_is_in_the_file);
	suite_add_tcase(suite, tc);

	tc = tcase_create("once more");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, the_password_is_asked_for_once_more);
	tcase_add_test(tc, both_are_asked_for_once_more);
	tcase_add_test(tc, its_failures_have_a_counter_of_their_own);
	suite_add_tcase(suite, tc);

	tc = tcase_create("changes");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_new_password_ends_all_other_sessions);
	tcase_add_loop_test(tc, a_poor_password_changes_nothing, 0, 5);
	tcase_add_test(tc, a_session_that_has_gone_changes_nothing);
	tcase_add_test(tc, the_operator_sets_a_password);
	tcase_add_test(tc, a_closed_account_has_no_credentials);
	tcase_add_test(tc, a_time_zone_is_a_name);
	suite_add_tcase(suite, tc);

	tc = tcase_create("mail");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, signing_up_takes_a_mail_and_a_password);
	tcase_add_test(tc, signing_up_tells_nothing_of_accounts);
	tcase_add_loop_test(tc, what_can_be_no_account_is_refused, 0, 7);
	tcase_add_test(tc, mails_are_limited_by_address_and_by_sender);
	tcase_add_test(tc, an_operators_account_without_a_password_is_taken);
	tcase_add_test(tc, an_account_with_a_password_is_not);
	tcase_add_test(tc, a_mail_sets_a_forgotten_password);
	tcase_add_test(tc, a_mail_gives_a_first_password);
	tcase_add_test(tc, a_mail_to_an_old_address_is_good_for_nothing);
	tcase_add_test(tc, an_address_changes_when_the_new_one_answers);
	tcase_add_test(tc, an_address_that_cannot_be_is_refused);
	tcase_add_test(tc, an_address_that_was_taken_meanwhile_is_denied);
	tcase_add_loop_test(tc,
	    killed_between_the_databases_the_next_try_completes, STEP_CONFIRM,
	    STEP_EMAIL + 1);
	tcase_add_test(tc, killed_anywhere_nothing_is_half_done);
	suite_add_tcase(suite, tc);
	return suite;
}

SUITE_MAIN(make_suite)
