/* SPDX-License-Identifier: ISC */
/*
 * latchkey init and migrate.  The configuration gets its name last: where it
 * stands, the site is whole, and an init that was interrupted is simply run
 * again.
 */
#include "cmd.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "log.h"
#include "migrate.h"
#include "number.h"
#include "people.h"

/* A site in the making. */
struct site {
	char dir[CONFIG_PATH_MAX];
	char conf[CONFIG_PATH_MAX];     /* dir/latchkey.conf */
	char conf_new[CONFIG_PATH_MAX]; /* its name until all is done */
	int for_owner;                  /* run by root for uid and gid */
	uid_t uid;
	gid_t gid;
};

/* Joins directory and name. */
static enum rc
join(const char *dir, const char *name, char path[CONFIG_PATH_MAX])
{
	int n = snprintf(path, CONFIG_PATH_MAX, "%s/%s", dir, name);

	if (n > 0 && n < CONFIG_PATH_MAX)
		return RC_OK;
	log_err("cannot make a site: the path of %s is too long", name);
	return RC_FAIL;
}

/* The directory above that of the program. */
static enum rc
default_dir(char dir[CONFIG_PATH_MAX])
{
	ssize_t n = readlink("/proc/self/exe", dir, CONFIG_PATH_MAX);
	char *slash;
	int up;

	if (n <= 0 || n >= CONFIG_PATH_MAX) {
		log_err("cannot find the path of this program");
		return RC_FAIL;
	}
	dir[n] = '\0';
	for (up = 0; up < 2; up++)
		if ((slash = strrchr(dir, '/')) != NULL)
			slash[slash == dir] = '\0';
	return RC_OK;
}

/*
 * Finds a user by name or number in /etc/passwd.  Not by getpwnam(3): a
 * static program would load what nsswitch.conf names.
 */
static enum cmd_exit
find_owner(struct site *site, const char *owner)
{
	FILE *f = fopen("/etc/passwd", "re");
	struct passwd *pw = NULL;
	int64_t uid = -1;

	if (f == NULL)
		return cmd_refuse(
		    "cannot read /etc/passwd: %s", strerror(errno));
	if (number_parse(owner, strlen(owner), 0, UINT32_MAX - 1, &uid) !=
	    RC_OK)
		uid = -1;
	while ((pw = fgetpwent(f)) != NULL)
		if (strcmp(pw->pw_name, owner) == 0 ||
		    (int64_t)pw->pw_uid == uid)
			break;
	if (pw != NULL) {
		site->for_owner = 1;
		site->uid = pw->pw_uid;
		site->gid = pw->pw_gid;
	}
	(void)fclose(f);
	return pw != NULL ? CMD_DONE
			  : cmd_refuse("cannot make a site for %s: no such "
				       "user in /etc/passwd",
				owner);
}

/* Real and effective ids to those of the owner, or back to root's. */
static enum rc
be_owner(const struct site *site, int owner)
{
	if (!site->for_owner)
		return RC_OK;
	/* Groups and gid change while the uid may still change them. */
	if (owner ? setgroups(0, NULL) == 0 &&
			setresgid(site->gid, site->gid, 0) == 0 &&
			setresuid(site->uid, site->uid, 0) == 0
		  : setresuid(0, 0, 0) == 0 && setresgid(0, 0, 0) == 0)
		return RC_OK;
	log_err("cannot change to the user %lld: %s",
	    owner ? (long long)site->uid : 0, strerror(errno));
	return RC_FAIL;
}

/* Makes a directory, which may be there; a new one is the owner's. */
static enum cmd_exit
make_dir(const struct site *site, const char *path, mode_t mode)
{
	mode_t mask = umask(~mode & 0777);
	int made = mkdir(path, mode) == 0, error = errno;

	(void)umask(mask);
	if (!made && error != EEXIST)
		return cmd_refuse(
		    "cannot make the directory %s: %s", path, strerror(error));
	if (made && site->for_owner && lchown(path, site->uid, site->gid) != 0)
		return cmd_refuse("cannot give away the directory %s: %s", path,
		    strerror(errno));
	return CMD_DONE;
}

/*
 * Root must not work where somebody else could swap files under its hands:
 * in a directory of the owner's it becomes the owner for good, and otherwise
 * the directory must be root's alone.
 */
static enum cmd_exit
check_dir(struct site *site)
{
	struct stat st;

	if (!site->for_owner)
		return CMD_DONE;
	if (stat(site->dir, &st) != 0)
		return cmd_refuse("cannot find the directory %s: %s", site->dir,
		    strerror(errno));
	if (st.st_uid == 0 && (st.st_mode & 022) == 0)
		return CMD_DONE;
	if (st.st_uid != site->uid)
		return cmd_refuse("cannot make a site: %s belongs to another "
				  "user or others can write it",
		    site->dir);
	if (setgroups(0, NULL) != 0 || setgid(site->gid) != 0 ||
	    setuid(site->uid) != 0)
		return cmd_refuse("cannot become the user %lld: %s",
		    (long long)site->uid, strerror(errno));
	site->for_owner = 0;
	return CMD_DONE;
}

/* Ends a configuration that cannot be written. */
static enum cmd_exit
unwritten(const struct site *site, int error)
{
	(void)cmd_refuse(
	    "cannot write %s: %s", site->conf_new, strerror(error));
	(void)unlink(site->conf_new);
	return error == ENOSPC || error == EDQUOT ? CMD_TEMPFAIL : CMD_REFUSED;
}

/* Writes the new configuration and gives it to the owner. */
static enum cmd_exit
write_conf(const struct site *site, const char *url)
{
	enum cmd_exit status = CMD_DONE;
	FILE *f = NULL;
	int fd;

	(void)unlink(site->conf_new);
	fd = open(site->conf_new,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0 || (f = fdopen(fd, "w")) == NULL ||
	    config_write_default(f, url) != RC_OK || fflush(f) != 0 ||
	    (site->for_owner && fchown(fd, site->uid, site->gid) != 0) ||
	    fsync(fd) != 0)
		status = unwritten(site, errno);
	if (f != NULL)
		(void)fclose(f);
	else if (fd >= 0)
		(void)close(fd);
	return status;
}

/* True if there is a file of at least size bytes. */
static int
is_file(const char *path, off_t size)
{
	struct stat st;

	return lstat(path, &st) == 0 && st.st_size >= size;
}

/*
 * Makes the pepper where there is none.  A short one is what an init left
 * that was killed; but if a database stands beside a pepper that is gone,
 * its keys are lost, and a new pepper would hide that.
 */
static enum cmd_exit
make_pepper(const char *path, const char *database)
{
	struct pepper pepper;
	enum rc rc;

	if (!is_file(path, SECRET_PEPPER_LEN)) {
		if (is_file(database, 1))
			return cmd_refuse("cannot make a site: %s is there, "
					  "but its pepper %s is not",
			    database, path);
		(void)unlink(path);
	}
	if ((rc = secret_pepper_create(path)) == RC_INVALID)
		rc = secret_pepper_load(path, &pepper);
	secret_wipe(&pepper, sizeof(pepper));
	return cmd_end(rc, NULL, "make the pepper");
}

/*
 * Makes the sealing key where there is none.  Like the pepper it must not be
 * replaced where something is sealed with the one that is gone.
 */
static enum cmd_exit
make_seal_key(const char *path, int64_t sealed)
{
	struct seal_key key;
	enum rc rc;

	if (!is_file(path, SECRET_SEAL_KEY_LEN)) {
		if (sealed > 0)
			return cmd_refuse("cannot go on: sealed secrets "
					  "are there, but their key %s is not",
			    path);
		(void)unlink(path);
	}
	if ((rc = secret_seal_key_create(path)) == RC_INVALID)
		rc = secret_seal_key_load(path, &key);
	secret_wipe(&key, sizeof(key));
	return cmd_end(rc, NULL, "make the sealing key");
}

/* operator: any account; nothing is left of a removed endpoint's secret */
static const char SQL_SEALED[] =
    "SELECT COUNT(*) FROM webhook WHERE status <> 4";
static const char SQL_PEOPLE_SEALED[] = "SELECT COUNT(*) FROM second_factor";

/* The databases of a site. */
static const struct database {
	const char *file;
	const char *name; /* for people */
	const struct migration *set;
	const char *sealed; /* counts what is sealed in it */
} databases[] = {
	{ DB_NAME, "database", migrations, SQL_SEALED },
	{ PEOPLE_NAME, "people's database", people_migrations,
	    SQL_PEOPLE_SEALED },
};

enum { DATABASES = sizeof(databases) / sizeof(databases[0]) };

/* Migrates a database and adds up how many secrets are sealed in it. */
static enum rc
bring_up(struct db *db, const struct database *database, int64_t *from,
    int64_t *to, int64_t *sealed)
{
	int64_t n = 0;
	enum rc rc;

	rc = migrate(db, database->set, from, to);
	if (rc == RC_OK)
		rc = db_begin(db, DB_READ);
	if (rc == RC_OK)
		rc = db_end(db, db_one(db, database->sealed, DB_NO_ARGS, &n));
	*sealed += n;
	return rc;
}

/* Makes what is not there, and brings it up. */
static enum rc
make_database(const struct config *config, const struct database *database,
    int64_t *from, int64_t *to, int64_t *sealed)
{
	char path[CONFIG_PATH_MAX];
	struct db *db = NULL;
	enum rc rc;

	rc = config_data_path(config, database->file, path);
	if (rc == RC_OK)
		rc = db_open(path, DB_CREATE, config->busy_ms, &db);
	if (rc == RC_OK)
		rc = bring_up(db, database, from, to, sealed);
	db_close(db);
	return rc;
}

static enum cmd_exit
make_databases(const struct config *config, int64_t *sealed)
{
	int64_t from = 0, to = 0;
	enum rc rc = RC_OK;
	size_t i;

	for (i = 0; rc == RC_OK && i < DATABASES; i++)
		rc = make_database(config, &databases[i], &from, &to, sealed);
	return cmd_end(
	    rc, "it is newer than this program", "make the database");
}

/* All that is in the data directory, as its owner. */
static enum cmd_exit
make_data(const struct config *config)
{
	char pepper[CONFIG_PATH_MAX], database[CONFIG_PATH_MAX];
	char seal_key[CONFIG_PATH_MAX];
	enum cmd_exit status;
	int64_t sealed = 0;

	if (config_check_data(config, NULL) != RC_OK ||
	    secret_init() != RC_OK ||
	    config_data_path(config, SECRET_PEPPER_NAME, pepper) != RC_OK ||
	    config_data_path(config, SECRET_SEAL_KEY_NAME, seal_key) != RC_OK ||
	    config_data_path(config, DB_NAME, database) != RC_OK)
		return CMD_OURS;
	status = make_pepper(pepper, database);
	if (status == CMD_DONE)
		status = make_databases(config, &sealed);
	if (status == CMD_DONE)
		status = make_seal_key(seal_key, sealed);
	return status;
}

/* Gives the configuration its name, durably; never overwrites one. */
static enum cmd_exit
name_conf(const struct site *site)
{
	int fd;

	if (link(site->conf_new, site->conf) != 0)
		return cmd_refuse(
		    "cannot make %s: %s", site->conf, strerror(errno));
	(void)unlink(site->conf_new);
	fd = open(site->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0) {
		(void)fsync(fd);
		(void)close(fd);
	}
	return CMD_DONE;
}

/* Finds out where and for whom. */
static enum cmd_exit
plan(struct cmd_call *call, struct site *site)
{
	const char *dir = cmd_value(call, "dir");
	const char *owner = cmd_value(call, "owner");
	enum cmd_exit status;
	char *real;
	int n;

	if (call->config_path != NULL)
		return cmd_misused(call, "cannot use -c: init has --dir");
	if (owner != NULL && geteuid() != 0)
		return cmd_refuse("cannot use --owner: only root can");
	if (owner != NULL && (status = find_owner(site, owner)) != CMD_DONE)
		return status;
	if (dir == NULL && default_dir(site->dir) != RC_OK)
		return CMD_OURS;
	if (dir == NULL)
		dir = site->dir;
	if ((status = make_dir(site, dir, 0755)) != CMD_DONE)
		return status;
	if ((real = realpath(dir, NULL)) == NULL)
		return cmd_refuse(
		    "cannot find the directory %s: %s", dir, strerror(errno));
	n = snprintf(site->dir, sizeof(site->dir), "%s", real);
	free(real);
	if (n < 0 || (size_t)n >= sizeof(site->dir) ||
	    join(site->dir, "latchkey.conf", site->conf) != RC_OK ||
	    join(site->dir, "latchkey.conf.new", site->conf_new) != RC_OK)
		return CMD_OURS;
	if (access(site->conf, F_OK) == 0)
		return cmd_refuse(
		    "cannot make a site: %s is there already", site->conf);
	return check_dir(site);
}

enum cmd_exit
cmd_init(struct cmd_call *call)
{
	struct site site = { .for_owner = 0 };
	struct config config;
	enum cmd_exit status;

	if ((status = plan(call, &site)) != CMD_DONE ||
	    (status = write_conf(&site, cmd_value(call, "url"))) != CMD_DONE)
		return status;
	/* Read back: it tells where the data goes, and refuses a bad url. */
	if (config_load(site.conf_new, &config) != RC_OK) {
		(void)unlink(site.conf_new);
		return cmd_refuse("cannot make a site: see above");
	}
	status = make_dir(&site, config.data_dir, 0700);
	if (status == CMD_DONE && be_owner(&site, 1) != RC_OK)
		status = CMD_OURS;
	if (status == CMD_DONE)
		status = make_data(&config);
	if (be_owner(&site, 0) != RC_OK)
		status = CMD_OURS;
	if (status == CMD_DONE)
		status = name_conf(&site);
	if (status != CMD_DONE) {
		(void)unlink(site.conf_new);
		return status;
	}
	(void)printf("made %s and %s\n", site.conf, config.data_dir);
	return CMD_DONE;
}

/* Says what was done with each database. */
static void
print_versions(const int64_t from[DATABASES], const int64_t to[DATABASES])
{
	size_t i;

	for (i = 0; i < DATABASES; i++)
		if (from[i] == 0)
			(void)printf("made the %s, version %lld\n",
			    databases[i].name, (long long)to[i]);
		else if (from[i] == to[i])
			(void)printf("nothing to do for the %s: version %lld\n",
			    databases[i].name, (long long)to[i]);
		else
			(void)printf("migrated the %s from version %lld to "
				     "%lld\n",
			    databases[i].name, (long long)from[i],
			    (long long)to[i]);
}

/* Gives orders the journal that the configuration names. */
static enum cmd_exit
bring_journal(struct cmd_call *call, int *changed)
{
	enum rc rc = db_set_journal(call->db,
	    call->config.has_log ? DB_JOURNAL_WAL : DB_JOURNAL_TRUNCATE,
	    changed);

	if (rc == RC_BUSY)
		return cmd_end(rc, NULL,
		    "change the journal while FastCGI processes are there");
	return cmd_end(
	    rc, "this journal does not work here", "change the journal");
}

enum cmd_exit
cmd_migrate(struct cmd_call *call)
{
	int64_t from[DATABASES] = { 0 }, to[DATABASES] = { 0 }, sealed = 0;
	char path[CONFIG_PATH_MAX];
	enum cmd_exit status;
	int changed = 0;
	enum rc rc;
	size_t i;

	/* Sites that are older than the dashboard have no people's one. */
	rc = bring_up(call->db, &databases[0], &from[0], &to[0], &sealed);
	for (i = 1; rc == RC_OK && i < DATABASES; i++)
		rc = make_database(
		    &call->config, &databases[i], &from[i], &to[i], &sealed);
	if (rc == RC_OK)
		rc =
		    config_data_path(&call->config, SECRET_SEAL_KEY_NAME, path);
	/* Sites that are older than webhooks have none. */
	if (rc == RC_OK) {
		status = make_seal_key(path, sealed);
		if (status == CMD_DONE)
			status = bring_journal(call, &changed);
		if (status != CMD_DONE)
			return status;
		print_versions(from, to);
		if (changed)
			(void)printf("the journal is %s now\n",
			    call->config.has_log ? "wal" : "truncate");
	}
	return cmd_end(rc, "the database is newer than this program",
	    "migrate the database");
}
