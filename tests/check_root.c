/* SPDX-License-Identifier: ISC */
/*
 * What programs do when root runs them, and what they refuse to take from
 * another user: only root can give a file away to see it.  All other tests
 * run as an unprivileged user.
 */
#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "config.h"
#include "db.h"
#include "harness.h"
#include "process.h"
#include "scratch.h"
#include "secret.h"
#include "suite.h"

enum { SOMEBODY = 4321, SOME_GROUP = 1234 };

static void
setup(void)
{
	char dir[SCRATCH_PATH_LEN];

	if (geteuid() != 0)
		ck_abort_msg("only root can run this");
	scratch_make();
	scratch_path("", dir);
	ck_assert_int_eq(chmod(dir, 0755), 0);
}

static void
give(const char *path, uid_t uid)
{
	ck_assert_int_eq(
	    lchown(path, uid, uid != 0 ? (gid_t)SOME_GROUP : 0), 0);
}

static void
make_dir(const char *name, uid_t uid, mode_t mode)
{
	char path[SCRATCH_PATH_LEN];

	scratch_mkdir(name, mode, path);
	give(path, uid);
}

static void
make_file(const char *name, uid_t uid)
{
	char path[SCRATCH_PATH_LEN];

	scratch_write(name, "", 0, 0600, path);
	give(path, uid);
}

/* --- becoming the owner --------------------------------------------------- */

/* What a process is after it became the owner of something. */
struct outcome {
	enum rc rc;
	uid_t uid[3]; /* real, effective, saved */
	gid_t gid[3];
	int groups;
	int root_again; /* it found a way back */
};

static void
become(struct outcome *outcome, const char *path)
{
	static const gid_t groups[] = { 0, 1 };

	if (setgroups(2, groups) != 0)
		_exit(1);
	outcome->rc = process_become_owner(path);
	if (getresuid(&outcome->uid[0], &outcome->uid[1], &outcome->uid[2]) !=
		0 ||
	    getresgid(&outcome->gid[0], &outcome->gid[1], &outcome->gid[2]) !=
		0)
		_exit(1);
	outcome->groups = getgroups(0, NULL);
	outcome->root_again = seteuid(0) == 0 || setuid(0) == 0;
	_exit(0);
}

/*
 * Becomes the owner of a path in a process of its own, since there is no way
 * back.  Where that fails the log is one line with the words, otherwise it
 * is empty.
 */
static struct outcome
try_to_become(const char *path, const char *words)
{
	struct outcome *shared, outcome;
	char *log;
	int status;
	pid_t pid;

	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert(shared != MAP_FAILED);
	scratch_log_start();
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0)
		become(shared, path);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	log = scratch_log_end(NULL);
	ck_assert_msg(status == 0, "ended with %d: %s", status, log);
	outcome = *shared;
	(void)munmap(shared, sizeof(*shared));
	if (outcome.rc == RC_OK)
		ck_assert_str_eq(log, "");
	else
		scratch_log_must_be(log, words);
	free(log);
	return outcome;
}

static void
must_be_root(const struct outcome *outcome)
{
	int i;

	for (i = 0; i < 3; i++) {
		ck_assert_uint_eq(outcome->uid[i], 0);
		ck_assert_uint_eq(outcome->gid[i], 0);
	}
	ck_assert_int_eq(outcome->groups, 2);
}

static void
must_be_somebody(const struct outcome *outcome)
{
	int i;

	for (i = 0; i < 3; i++) {
		ck_assert_uint_eq(outcome->uid[i], SOMEBODY);
		ck_assert_uint_eq(outcome->gid[i], SOME_GROUP);
	}
	ck_assert_int_eq(outcome->groups, 0);
	ck_assert(!outcome->root_again);
}

/* A file and a directory. */
static const char *const names[] = { "file", "data" };

START_TEST(root_becomes_the_owner_for_good)
{
	char path[SCRATCH_PATH_LEN];
	struct outcome outcome;

	make_file("file", SOMEBODY);
	make_dir("data", SOMEBODY, 0700);
	scratch_path(names[_i], path);
	outcome = try_to_become(path, "");
	ck_assert_int_eq(outcome.rc, RC_OK);
	must_be_somebody(&outcome);
}
END_TEST

START_TEST(root_stays_root_where_all_is_its_own)
{
	char path[SCRATCH_PATH_LEN];
	struct outcome outcome;

	make_file("file", 0);
	make_dir("data", 0, 0700);
	scratch_path(names[_i], path);
	outcome = try_to_become(path, "");
	ck_assert_int_eq(outcome.rc, RC_OK);
	must_be_root(&outcome);
}
END_TEST

START_TEST(what_is_not_there_has_no_owner)
{
	char path[SCRATCH_PATH_LEN];
	struct outcome outcome;

	scratch_path("nothing", path);
	outcome = try_to_become(path, "nothing: No such file or directory");
	ck_assert_int_eq(outcome.rc, RC_FAIL);
	must_be_root(&outcome);
}
END_TEST

/* Two directories, and root's file and root's directory in the lower. */
static const struct {
	uid_t upper_uid;
	mode_t upper_mode;
	uid_t lower_uid;
	mode_t lower_mode;
	enum rc rc;
} reach[] = {
	{ 0, 0755, 0, 0755, RC_OK },
	{ 0, 0700, 0, 0500, RC_OK },
	/* In a sticky directory others move nothing of root's. */
	{ 0, 0755, 0, 01777, RC_OK },
	{ 0, 01777, 0, 0755, RC_OK },
	{ 0, 01775, 0, 01757, RC_OK },
	/* By the directory's owner, who can make it writable at any time. */
	{ 0, 0755, SOMEBODY, 0755, RC_FAIL },
	{ 0, 0755, SOMEBODY, 0500, RC_FAIL },
	{ 0, 0755, SOMEBODY, 01777, RC_FAIL },
	{ SOMEBODY, 0755, 0, 0755, RC_FAIL },
	{ SOMEBODY, 01777, 0, 0700, RC_FAIL },
	/* By its group, and by everybody. */
	{ 0, 0755, 0, 0775, RC_FAIL },
	{ 0, 0755, 0, 0757, RC_FAIL },
	{ 0, 0775, 0, 0755, RC_FAIL },
	{ 0, 0757, 0, 0700, RC_FAIL },
};

static void
must_reach(const char *path, enum rc rc)
{
	struct outcome outcome = try_to_become(path, "others can replace it");

	ck_assert_msg(outcome.rc == rc, "%s: %d", path, (int)outcome.rc);
	must_be_root(&outcome);
}

START_TEST(root_refuses_what_others_can_replace)
{
	char path[SCRATCH_PATH_LEN];
	int i;

	make_dir("upper", 0, 0755);
	make_dir("upper/lower", 0, 0755);
	make_file("upper/lower/file", 0);
	make_dir("upper/lower/data", 0, 0700);
	scratch_path("upper/lower", path);
	give(path, reach[_i].lower_uid);
	ck_assert_int_eq(chmod(path, reach[_i].lower_mode), 0);
	ck_assert_int_eq(chdir(path), 0);
	scratch_path("upper", path);
	give(path, reach[_i].upper_uid);
	ck_assert_int_eq(chmod(path, reach[_i].upper_mode), 0);
	for (i = 0; i < ROWS(names); i++) {
		char name[64];

		(void)snprintf(name, sizeof(name), "upper/lower/%s", names[i]);
		scratch_path(name, path);
		must_reach(path, reach[_i].rc);
		/* By a relative path as well. */
		must_reach(names[i], reach[_i].rc);
	}
}
END_TEST

/*
 * Where a link leads that others can change, in these directories: ours and
 * ours/file are root's, theirs and public (sticky) have a file of root's and
 * one of their owner's, "own".
 */
static const struct {
	const char *link;
	uid_t uid; /* whose the link is */
	const char *target, *path;
	enum rc rc;
	uid_t becomes;
} links[] = {
	/* Root's links to what is root's. */
	{ "ours/link", 0, "ours/file", "ours/link", RC_OK, 0 },
	{ "ours/link", 0, "ours", "ours/link", RC_OK, 0 },
	{ "link", 0, "ours", "link/file", RC_OK, 0 },
	{ "public/link", 0, "ours/file", "public/link", RC_OK, 0 },
	{ "ours/link", 0, "public/file", "ours/link", RC_OK, 0 },
	{ "ours/link", 0, "nothing", "ours/link", RC_FAIL, 0 },
	/* Somebody's links: who follows them does so as their owner. */
	{ "theirs/link", SOMEBODY, "ours/file", "theirs/link", RC_OK,
	    SOMEBODY },
	{ "public/link", SOMEBODY, "ours/file", "public/link", RC_OK,
	    SOMEBODY },
	{ "ours/link", SOMEBODY, "ours/file", "ours/link", RC_OK, SOMEBODY },
	{ "ours/link", SOMEBODY, "nothing", "ours/link", RC_OK, SOMEBODY },
	/* Root's links to what others can replace or own. */
	{ "ours/link", 0, "theirs/file", "ours/link", RC_FAIL, 0 },
	{ "link", 0, "theirs", "link/file", RC_FAIL, 0 },
	{ "ours/link", 0, "theirs/own", "ours/link", RC_FAIL, 0 },
	{ "ours/link", 0, "public/own", "ours/link", RC_FAIL, 0 },
	{ "ours/link", 0, "theirs", "ours/link", RC_FAIL, 0 },
	/* A link to what is root's, but others can replace the link. */
	{ "theirs/link", 0, "ours/file", "theirs/link", RC_FAIL, 0 },
	{ "theirs/link", 0, "ours", "theirs/link/file", RC_FAIL, 0 },
	{ "theirs/link", SOMEBODY, "ours", "theirs/link/file", RC_FAIL, 0 },
	{ "public/link", SOMEBODY, "ours", "public/link/file", RC_FAIL, 0 },
};

START_TEST(links_are_looked_through)
{
	char link[SCRATCH_PATH_LEN], path[SCRATCH_PATH_LEN];
	struct outcome outcome;

	make_dir("ours", 0, 0755);
	make_dir("theirs", SOMEBODY, 0755);
	make_dir("public", 0, 01777);
	make_file("ours/file", 0);
	make_file("theirs/file", 0);
	make_file("theirs/own", SOMEBODY);
	make_file("public/file", 0);
	make_file("public/own", SOMEBODY);
	scratch_path(links[_i].link, link);
	scratch_path(links[_i].target, path);
	ck_assert_int_eq(symlink(path, link), 0);
	give(link, links[_i].uid);
	scratch_path(links[_i].path, path);
	outcome = try_to_become(path, path);
	ck_assert_int_eq(outcome.rc, links[_i].rc);
	if (links[_i].becomes == 0)
		must_be_root(&outcome);
	else
		must_be_somebody(&outcome);
}
END_TEST

/* --- files of another user ------------------------------------------------ */

START_TEST(anothers_configuration_is_refused)
{
	char path[SCRATCH_PATH_LEN];
	struct config config;
	char *log;

	scratch_write("latchkey.conf", "", 0, 0600, path);
	ck_assert_int_eq(config_load(path, &config), RC_OK);
	give(path, SOMEBODY);
	scratch_log_start();
	ck_assert_int_eq(config_load(path, &config), RC_FAIL);
	log = scratch_log_end(NULL);
	scratch_log_must_be(log, "it belongs to another user");
	free(log);
}
END_TEST

START_TEST(anothers_data_directory_is_refused)
{
	struct config config;
	char *log;

	memset(&config, 0, sizeof(config));
	scratch_mkdir("data", 0700, config.data_dir);
	ck_assert_int_eq(config_check_data(&config, NULL), RC_OK);
	give(config.data_dir, SOMEBODY);
	scratch_log_start();
	ck_assert_int_eq(config_check_data(&config, NULL), RC_FAIL);
	log = scratch_log_end(NULL);
	scratch_log_must_be(log, "must belong to the user");
	free(log);
}
END_TEST

START_TEST(anothers_pepper_is_refused)
{
	char path[SCRATCH_PATH_LEN], bytes[SECRET_PEPPER_LEN] = { 0 };
	struct pepper pepper;
	char *log;

	scratch_write("pepper", bytes, sizeof(bytes), 0600, path);
	ck_assert_int_eq(secret_pepper_load(path, &pepper), RC_OK);
	give(path, SOMEBODY);
	scratch_log_start();
	ck_assert_int_eq(secret_pepper_load(path, &pepper), RC_FAIL);
	log = scratch_log_end(NULL);
	scratch_log_must_be(log, "refuse the pepper");
	free(log);
}
END_TEST

/* --- the operator's command ----------------------------------------------- */

enum { DONE = 0, REFUSED = 1, OURS = 70, NOBODY = 65534 };

static struct site site;

static void
setup_site(void)
{
	if (geteuid() != 0)
		ck_abort_msg("only root can run this");
	site_make(&site, NULL);
	/* The owner must get there. */
	ck_assert_int_eq(chmod(site.dir, 0755), 0);
}

static void
teardown_site(void)
{
	site_remove(&site);
}

/* A path in the site; borrowed until the next call. */
static const char *
in_site(const char *name)
{
	static char path[SITE_PATH_LEN + 64];

	(void)snprintf(path, sizeof(path), "%s/%s", site.dir, name);
	return path;
}

/* Lists the accounts of a site; that must end so, and say these words. */
static void
list_must_end(const char *conf, int code, const char *words)
{
	struct output output;

	site_latchkey(&site, &output, "-c", conf, "account", "list", NULL);
	ck_assert_msg(output.code == code && strstr(output.err, words) != NULL,
	    "%d: %s%s", output.code, output.out, output.err);
	output_clear(&output);
}

/* The configuration may be root's, the data may not. */
START_TEST(latchkey_leaves_all_files_the_owners)
{
	static const char *const files[] = { "new/data", "new/data/" DB_NAME,
		"new/data/pepper", "new/data/" DB_NAME ".gate",
		"new/data/" DB_NAME "-journal", "new/own", "new/own/layout",
		"new/own/layout/head.html" };
	char conf[SITE_PATH_LEN + 64];
	struct stat st;
	int i;

	free(site_latchkey_ok(
	    &site, "init", "--dir", in_site("new"), "--owner", "65534", NULL));
	(void)snprintf(conf, sizeof(conf), "%s", in_site("new/latchkey.conf"));
	ck_assert_int_eq(stat(conf, &st), 0);
	ck_assert_uint_eq(st.st_uid, NOBODY);
	if (_i == 1) {
		give(in_site("new"), 0);
		give(conf, 0);
	}
	free(site_latchkey_ok(
	    &site, "-c", conf, "account", "add", "one@example.test", NULL));
	free(site_latchkey_ok(&site, "-c", conf, "credit", "1", "5", NULL));
	if (_i == 0)
		free(site_latchkey_ok(&site, "-c", conf, "templates", "export",
		    in_site("new/own"), "layout/head", NULL));
	for (i = 0; i < ROWS(files); i++)
		if (stat(in_site(files[i]), &st) == 0)
			ck_assert_msg(st.st_uid == NOBODY, "%s is %d's",
			    files[i], (int)st.st_uid);
		else
			ck_assert_int_eq(errno, ENOENT);
}
END_TEST

START_TEST(latchkey_works_as_root_on_what_is_roots_alone)
{
	struct stat st;

	list_must_end(in_site("latchkey.conf"), DONE, "");
	ck_assert_int_eq(stat(in_site("data/" DB_NAME ".gate"), &st), 0);
	ck_assert_uint_eq(st.st_uid, 0);
}
END_TEST

/* First the directory of the configuration, then that of the data. */
START_TEST(latchkey_refuses_what_others_can_replace)
{
	char data[SITE_PATH_LEN + 64];
	FILE *conf;

	if (_i == 0) {
		ck_assert_int_eq(chmod(site.dir, 0777), 0);
		list_must_end(in_site("latchkey.conf"), OURS,
		    "latchkey.conf: others can replace it");
		return;
	}
	(void)snprintf(data, sizeof(data), "%s", in_site("data"));
	ck_assert_int_eq(mkdir(in_site("open"), 0700), 0);
	ck_assert_int_eq(rename(data, in_site("open/data")), 0);
	conf = fopen(in_site("latchkey.conf"), "ae");
	ck_assert_ptr_nonnull(conf);
	ck_assert_int_ge(fputs("data_dir = open/data\n", conf), 0);
	ck_assert_int_eq(fclose(conf), 0);
	list_must_end(in_site("latchkey.conf"), DONE, "");
	ck_assert_int_eq(chmod(in_site("open"), 0777), 0);
	list_must_end(
	    in_site("latchkey.conf"), OURS, "open/data: others can replace it");
}
END_TEST

START_TEST(a_site_is_for_a_user_that_is_there)
{
	struct output output;

	site_latchkey(&site, &output, "init", "--dir", in_site("new"),
	    "--owner", "nosuchuser", NULL);
	ck_assert_int_eq(output.code, REFUSED);
	output_clear(&output);
}
END_TEST

static Suite *
root_suite(void)
{
	Suite *s = suite_create("root");
	TCase *tc = tcase_create("owner");

	tcase_add_checked_fixture(tc, setup, scratch_remove);
	tcase_add_loop_test(
	    tc, root_becomes_the_owner_for_good, 0, ROWS(names));
	tcase_add_loop_test(
	    tc, root_stays_root_where_all_is_its_own, 0, ROWS(names));
	tcase_add_test(tc, what_is_not_there_has_no_owner);
	tcase_add_loop_test(
	    tc, root_refuses_what_others_can_replace, 0, ROWS(reach));
	tcase_add_loop_test(tc, links_are_looked_through, 0, ROWS(links));
	suite_add_tcase(s, tc);

	tc = tcase_create("files");
	tcase_add_checked_fixture(tc, setup, scratch_remove);
	tcase_add_test(tc, anothers_configuration_is_refused);
	tcase_add_test(tc, anothers_data_directory_is_refused);
	tcase_add_test(tc, anothers_pepper_is_refused);
	suite_add_tcase(s, tc);

	tc = tcase_create("latchkey");
	tcase_add_checked_fixture(tc, setup_site, teardown_site);
	tcase_add_loop_test(tc, latchkey_leaves_all_files_the_owners, 0, 2);
	tcase_add_test(tc, latchkey_works_as_root_on_what_is_roots_alone);
	tcase_add_loop_test(tc, latchkey_refuses_what_others_can_replace, 0, 2);
	tcase_add_test(tc, a_site_is_for_a_user_that_is_there);
	suite_add_tcase(s, tc);
	return s;
}

SUITE_MAIN(root_suite)
