/* SPDX-License-Identifier: ISC */
/*
 * latchkey.conf: found beside the program, read line by line into one
 * struct.  The table of names below is all there is to set.
 */
#include "config.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "log.h"
#include "number.h"
#include "text.h"
#include "url.h"

enum { FILE_MAX = 8192 }; /* bytes of a configuration file */

enum value_kind {
	VALUE_PATH,
	VALUE_DIRECTORY,
	VALUE_URL,
	VALUE_CURRENCY,
	VALUE_STATUS,
	VALUE_SIGN_UP,
	VALUE_PRICE_LIST,
	VALUE_JOURNAL,
	VALUE_SWITCH,
	VALUE_FILE,
	VALUE_ADDRESS,
	VALUE_TEXT,
	VALUE_PLACE,
	VALUE_COLOR,
	VALUE_NUMBER,
	VALUE_PROXIES
};

static const struct value {
	const char *name;
	enum value_kind kind;
	size_t offset; /* in struct config */
	int64_t min, max;
	const char *initial;
	const char *comment;
} values[] = {
	{ "data_dir", VALUE_PATH, offsetof(struct config, data_dir), 0, 0,
	    "data",
	    "# Database, pepper and counters; outside the document root, mode\n"
	    "# 0700.  Relative to this file.\n" },
	{ "url", VALUE_URL, offsetof(struct config, url), 0, 0,
	    "https://panel.example",
	    "# The panel's address, as users see it.\n" },
	{ "currency", VALUE_CURRENCY, offsetof(struct config, currency), 0, 0,
	    "USD", "# The one currency: three letters (ISO 4217).\n" },
	{ "http_status", VALUE_STATUS, offsetof(struct config, http_strict), 0,
	    0, "compat",
	    "# compat: errors of the API have HTTP status 200, as its clients\n"
	    "# expect.  strict: 400, 401, 403 and 404.\n" },
	{ "signup", VALUE_SIGN_UP, offsetof(struct config, sign_up), 0, 0,
	    "open",
	    "# open: whoever reads an e-mail address can make an account on\n"
	    "# the dashboard.  closed: only the operator makes them.\n" },
	{ "price_list", VALUE_PRICE_LIST,
	    offsetof(struct config, has_public_prices), 0, 0, "members",
	    "# public: everybody may see what is sold, and for how much.\n"
	    "# members: only who is logged in.\n" },
	{ "rate_ip", VALUE_NUMBER, offsetof(struct config, rate_ip), 1,
	    1000000000, "300", "# Calls a minute from one address.\n" },
	{ "rate_key", VALUE_NUMBER, offsetof(struct config, rate_key), 1,
	    1000000000, "100",
	    "# Calls a minute with one key.  (Tiers: latchkey tier.)\n" },
	{ "proxies", VALUE_PROXIES, offsetof(struct config, proxies), 0, 0, "",
	    "# Proxies whose X-Forwarded-For is believed: addresses, with\n"
	    "# commas between them.\n" },
	{ "refill_limit", VALUE_NUMBER, offsetof(struct config, refill_limit),
	    0, 1000, "3", "# Refills that one order may have.\n" },
	{ "busy_ms", VALUE_NUMBER, offsetof(struct config, busy_ms), 1, 60000,
	    "3000",
	    "# Longest wait for a lock of the database, in milliseconds; a\n"
	    "# call that waits longer is answered with 503.\n" },
	{ "journal", VALUE_JOURNAL, offsetof(struct config, has_log), 0, 0,
	    "truncate",
	    "# How orders are made durable.  truncate: for CGI.  wal: twice\n"
	    "# as many where FastCGI processes stay, on a local disk.\n"
	    "# latchkey migrate makes it so.\n" },
	{ "webhook_local", VALUE_SWITCH, offsetof(struct config, webhook_local),
	    0, 0, "no",
	    "# yes: webhooks may go to this host itself, and by http.  For\n"
	    "# development alone.\n" },
	{ "ca_file", VALUE_FILE, offsetof(struct config, ca_file), 0, 0,
	    "/etc/ssl/certs/ca-certificates.crt",
	    "# Certificate authorities that are trusted, in PEM.\n" },
	{ "sendmail", VALUE_FILE, offsetof(struct config, sendmail), 0, 0,
	    "/usr/sbin/sendmail",
	    "# Takes mail like sendmail(8); empty: no mail is sent.\n" },
	{ "mail_from", VALUE_ADDRESS, offsetof(struct config, mail_from), 0, 0,
	    "", "# Sender of mail; empty: as sendmail chooses.\n" },
	{ "brand_name", VALUE_TEXT, offsetof(struct config, brand_name), 1,
	    TEXT_NAME_MAX, "Latchkey",
	    "# What the panel is called, on the dashboard and in mail.\n" },
	{ "brand_logo", VALUE_PLACE, offsetof(struct config, brand_logo), 0, 0,
	    "",
	    "# A picture beside it, by its path on the site: /logo.svg, "
	    "say.\n" },
	{ "brand_color", VALUE_COLOR, offsetof(struct config, brand_color), 0,
	    0, "", "# Colour of links and buttons, such as #0b5fa5.\n" },
	{ "brand_dark_color", VALUE_COLOR,
	    offsetof(struct config, brand_dark_color), 0, 0, "",
	    "# The same on a dark ground; empty: a lighter one.\n" },
	{ "brand_footer", VALUE_TEXT, offsetof(struct config, brand_footer), 0,
	    CONFIG_TEXT_MAX - 1, "",
	    "# One line at the foot of each page; empty: the name.\n" },
	{ "deposit_text", VALUE_TEXT, offsetof(struct config, deposit_text), 0,
	    CONFIG_TEXT_MAX - 1, "",
	    "# One line on the page of deposits: where to pay in, and how.\n" },
	{ "brand_css", VALUE_PLACE, offsetof(struct config, brand_css), 0, 0,
	    "", "# A style sheet after ours, by its path on the site.\n" },
	{ "templates", VALUE_DIRECTORY, offsetof(struct config, templates), 0,
	    0, "",
	    "# Directory of templates that take the place of ours, made by\n"
	    "# latchkey templates export.  Relative to this file.\n" },
	{ "fastcgi_calls", VALUE_NUMBER, offsetof(struct config, fastcgi_calls),
	    0, 1000000000, "10000",
	    "# Where the web server speaks FastCGI: calls that a process\n"
	    "# answers before it starts its program anew.  0: no limit.\n" },
	{ "audit_days", VALUE_NUMBER, offsetof(struct config, audit_days), 0,
	    36500, "365",
	    "# Days that the security history of accounts is kept, which has\n"
	    "# addresses of the network.  0: for ever.\n" },
};

enum { VALUES = sizeof(values) / sizeof(values[0]) };

enum rc
config_find(char path[CONFIG_PATH_MAX])
{
	static const char *const names[] = { "latchkey.conf",
		"latchkey/latchkey.conf" };
	char dir[CONFIG_PATH_MAX];
	char *slash;
	ssize_t n;
	size_t i;

	path[0] = '\0';
	n = readlink("/proc/self/exe", dir, sizeof(dir));
	if (n <= 0 || (size_t)n >= sizeof(dir)) {
		log_err("cannot find the path of this program");
		return RC_FAIL;
	}
	dir[n] = '\0';
	while ((slash = strrchr(dir, '/')) != NULL) {
		*slash = '\0';
		for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
			int len = snprintf(
			    path, CONFIG_PATH_MAX, "%s/%s", dir, names[i]);

			if (len > 0 && len < CONFIG_PATH_MAX &&
			    access(path, F_OK) == 0)
				return RC_OK;
		}
	}
	path[0] = '\0';
	return RC_NOT_FOUND;
}

/* Copies a value into a text of the struct. */
static enum rc
copy(char *to, size_t size, const char *value)
{
	size_t len = strlen(value);

	if (len >= size)
		return RC_INVALID;
	memcpy(to, value, len + 1);
	return RC_OK;
}

/* A path that starts at the directory of the file, unless it is absolute. */
static enum rc
set_path(
    const struct config *config, char to[CONFIG_PATH_MAX], const char *value)
{
	const char *slash = strrchr(config->path, '/');
	int n;

	if (value[0] == '/' || slash == NULL)
		return copy(to, CONFIG_PATH_MAX, value);
	n = snprintf(to, CONFIG_PATH_MAX, "%.*s/%s",
	    (int)(slash - config->path), config->path, value);
	return n > 0 && n < CONFIG_PATH_MAX ? RC_OK : RC_INVALID;
}

/* Takes white space off both ends, in place. */
static char *
trim(char *s)
{
	size_t len;

	s += strspn(s, " \t\r");
	for (len = strlen(s); len > 0 && strchr(" \t\r", s[len - 1]) != NULL;)
		s[--len] = '\0';
	return s;
}

static enum rc
set_proxies(struct config *config, char *value)
{
	unsigned char address[16];
	char *item, *rest = value;

	config->nproxies = 0;
	while ((item = strsep(&rest, ",")) != NULL) {
		item = trim(item);
		if (item[0] == '\0')
			continue;
		if (inet_pton(AF_INET, item, address) != 1 &&
		    inet_pton(AF_INET6, item, address) != 1)
			return RC_INVALID;
		if (config->nproxies == CONFIG_PROXIES_MAX ||
		    copy(config->proxies[config->nproxies],
			sizeof(config->proxies[0]), item) != RC_OK)
			return RC_INVALID;
		config->nproxies++;
	}
	return RC_OK;
}

/* Nothing, or an absolute path. */
static enum rc
set_file(char to[CONFIG_PATH_MAX], const char *value)
{
	if (value[0] != '\0' && value[0] != '/')
		return RC_INVALID;
	return copy(to, CONFIG_PATH_MAX, value);
}

/* Nothing, or an address that is safe in a header and as an argument. */
static enum rc
set_address(char to[CONFIG_TEXT_MAX], const char *value)
{
	char address[TEXT_EMAIL_MAX + 1];

	if (value[0] != '\0' && !text_email(value, address))
		return RC_INVALID;
	return copy(to, CONFIG_TEXT_MAX, value);
}

/* A line of min to max bytes; none is one of no bytes. */
static enum rc
set_text(const struct value *v, char to[CONFIG_TEXT_MAX], const char *value)
{
	if (!text_is_line(value, (size_t)v->max) &&
	    (v->min > 0 || value[0] != '\0'))
		return RC_INVALID;
	return copy(to, CONFIG_TEXT_MAX, value);
}

/*
 * Nothing, or the path of a file on the site.  Pages have it behind "../",
 * and no more of it could lead to another place.
 */
static enum rc
set_place(char to[CONFIG_TEXT_MAX], const char *value)
{
	static const char characters[] = "abcdefghijklmnopqrstuvwxyz"
					 "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
					 "0123456789-._~/";

	if (value[0] != '\0' &&
	    (value[0] != '/' || value[1] == '\0' ||
		value[strspn(value, characters)] != '\0' ||
		strstr(value, "//") != NULL || strstr(value, "/.") != NULL))
		return RC_INVALID;
	return copy(to, CONFIG_TEXT_MAX, value);
}

/* Nothing, or #rrggbb. */
static enum rc
set_color(char to[8], const char *value)
{
	if (value[0] != '\0' &&
	    (value[0] != '#' || strlen(value) != 7 ||
		strspn(value + 1, "0123456789abcdefABCDEF") != 6))
		return RC_INVALID;
	return copy(to, 8, value);
}

/* One of two words; *field is true for the first. */
static enum rc
set_choice(int *field, const char *value, const char *yes, const char *no)
{
	*field = strcmp(value, yes) == 0;
	return *field || strcmp(value, no) == 0 ? RC_OK : RC_INVALID;
}

/*
 * The panel's address: paths are put behind it, and pages show it in quotes
 * of shells and of languages.
 */
static enum rc
set_url(char to[CONFIG_TEXT_MAX], char *value)
{
	size_t len = strlen(value);
	struct url url;

	while (len > 0 && value[len - 1] == '/')
		value[--len] = '\0';
	if ((strncmp(value, "https://", 8) != 0 &&
		strncmp(value, "http://", 7) != 0) ||
	    strpbrk(value, "?'") != NULL || url_parse(value, &url) != RC_OK)
		return RC_INVALID;
	return copy(to, CONFIG_TEXT_MAX, value);
}

static enum rc
set(struct config *config, const struct value *v, char *value)
{
	void *field = (char *)config + v->offset;
	size_t len = strlen(value);
	enum rc rc;

	switch (v->kind) {
	case VALUE_PATH:
		return len > 0 ? set_path(config, field, value) : RC_INVALID;
	case VALUE_DIRECTORY:
		if (len > 0)
			return set_path(config, field, value);
		return copy(field, CONFIG_PATH_MAX, value);
	case VALUE_URL:
		return set_url(field, value);
	case VALUE_CURRENCY:
		if (len != 3 ||
		    strspn(value, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != 3)
			return RC_INVALID;
		return copy(config->currency, sizeof(config->currency), value);
	case VALUE_STATUS:
		return set_choice(field, value, "strict", "compat");
	case VALUE_SIGN_UP:
		return set_choice(field, value, "open", "closed");
	case VALUE_PRICE_LIST:
		return set_choice(field, value, "public", "members");
	case VALUE_JOURNAL:
		return set_choice(field, value, "wal", "truncate");
	case VALUE_SWITCH:
		return set_choice(field, value, "yes", "no");
	case VALUE_FILE:
		return set_file(field, value);
	case VALUE_ADDRESS:
		return set_address(field, value);
	case VALUE_TEXT:
		return set_text(v, field, value);
	case VALUE_PLACE:
		return set_place(field, value);
	case VALUE_COLOR:
		return set_color(field, value);
	case VALUE_NUMBER:
		rc = number_parse(value, len, v->min, v->max, field);
		return rc == RC_OK ? RC_OK : RC_INVALID;
	case VALUE_PROXIES:
		return set_proxies(config, value);
	}
	return RC_INVALID;
}

static enum rc
set_line(struct config *config, char *line, int number)
{
	char *equals, *name;
	size_t i;

	name = trim(line);
	if (name[0] == '\0' || name[0] == '#')
		return RC_OK;
	equals = strchr(name, '=');
	if (equals == NULL) {
		log_err("cannot read %s line %d: no '='", config->path, number);
		return RC_FAIL;
	}
	*equals = '\0';
	name = trim(name);
	for (i = 0; i < VALUES; i++) {
		if (strcmp(name, values[i].name) != 0)
			continue;
		if (set(config, &values[i], trim(equals + 1)) == RC_OK)
			return RC_OK;
		log_err("cannot read %s line %d: bad value for %s",
		    config->path, number, name);
		return RC_FAIL;
	}
	log_err("cannot read %s line %d: unknown name %s", config->path, number,
	    name);
	return RC_FAIL;
}

static enum rc
set_defaults(struct config *config, const char *path)
{
	char value[CONFIG_TEXT_MAX];
	size_t i;

	memset(config, 0, sizeof(*config));
	if (copy(config->path, sizeof(config->path), path) != RC_OK) {
		log_err("cannot use the configuration: its path is too long");
		return RC_FAIL;
	}
	for (i = 0; i < VALUES; i++)
		if (copy(value, sizeof(value), values[i].initial) != RC_OK ||
		    set(config, &values[i], value) != RC_OK)
			return RC_FAIL;
	return RC_OK;
}

/* Reads the file to text, with a NUL at its end. */
static enum rc
read_file(const char *path, char text[FILE_MAX + 1])
{
	enum rc rc = RC_FAIL;
	struct stat st;
	ssize_t n;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) != 0) {
		log_err("cannot open the configuration %s: %s", path,
		    strerror(errno));
		goto out;
	}
	if (!S_ISREG(st.st_mode) || (st.st_mode & 022) != 0 ||
	    (st.st_uid != geteuid() && st.st_uid != 0)) {
		log_err("refuse the configuration %s: it belongs to another "
			"user or others can write it",
		    path);
		goto out;
	}
	if (st.st_size > FILE_MAX) {
		log_err("cannot read the configuration %s: over %d bytes", path,
		    FILE_MAX);
		goto out;
	}
	n = read(fd, text, FILE_MAX);
	if (n < 0) {
		log_err("cannot read the configuration %s: %s", path,
		    strerror(errno));
		goto out;
	}
	text[n] = '\0';
	if (strlen(text) != (size_t)n) {
		log_err("cannot read the configuration %s: a NUL byte", path);
		goto out;
	}
	rc = RC_OK;
out:
	if (fd >= 0)
		(void)close(fd);
	return rc;
}

enum rc
config_load(const char *path, struct config *config)
{
	char text[FILE_MAX + 1];
	char *line, *rest = text;
	int number = 0;

	if (set_defaults(config, path) != RC_OK ||
	    read_file(path, text) != RC_OK)
		return RC_FAIL;
	while ((line = strsep(&rest, "\n")) != NULL)
		if (set_line(config, line, ++number) != RC_OK)
			return RC_FAIL;
	return RC_OK;
}

/* True if path is dir or lies below it; both are real paths. */
static int
is_below(const char *path, const char *dir)
{
	size_t len = strlen(dir);

	while (len > 0 && dir[len - 1] == '/')
		len--;
	return strncmp(path, dir, len) == 0 &&
	       (path[len] == '/' || path[len] == '\0');
}

/*
 * Resolves all links of a path by asking the kernel for the name of what it
 * opened: three system calls, where realpath(3) makes one a directory.
 */
static enum rc
resolve(const char *path, char real[CONFIG_PATH_MAX])
{
	char link[32];
	ssize_t n = -1;
	int fd;

	fd = open(path, O_PATH | O_CLOEXEC);
	if (fd < 0)
		return RC_NOT_FOUND;
	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, real, CONFIG_PATH_MAX);
	(void)close(fd);
	/* Outside of a changed root the name does not begin with a slash. */
	if (n <= 0 || n >= CONFIG_PATH_MAX || real[0] != '/')
		return RC_FAIL;
	real[n] = '\0';
	return RC_OK;
}

/* Refuses a path inside the document root, which is a real path. */
static enum rc
check_outside(const char *what, const char *path, const char *root)
{
	char real[CONFIG_PATH_MAX];

	if (resolve(path, real) != RC_OK) {
		log_err("cannot resolve %s", path);
		return RC_FAIL;
	}
	if (is_below(real, root)) {
		log_err("refuse to start: the %s %s is inside the document "
			"root",
		    what, path);
		return RC_FAIL;
	}
	return RC_OK;
}

enum rc
config_check_data(const struct config *config, const char *document_root)
{
	char root[CONFIG_PATH_MAX];
	struct stat st;
	enum rc rc;

	if (stat(config->data_dir, &st) != 0) {
		log_err("cannot find the data directory %s: %s",
		    config->data_dir, strerror(errno));
		return RC_FAIL;
	}
	if (!S_ISDIR(st.st_mode) || st.st_uid != geteuid() ||
	    (st.st_mode & 077) != 0) {
		log_err("refuse to start: the data directory %s must belong "
			"to the user of this program, with mode 0700",
		    config->data_dir);
		return RC_FAIL;
	}
	if (document_root == NULL || document_root[0] == '\0')
		return RC_OK;
	rc = resolve(document_root, root);
	if (rc == RC_NOT_FOUND)
		return RC_OK; /* nothing is served from there */
	if (rc != RC_OK) {
		log_err("cannot resolve the document root %s", document_root);
		return RC_FAIL;
	}
	rc = check_outside("data directory", config->data_dir, root);
	if (rc == RC_OK)
		rc = check_outside("configuration", config->path, root);
	return rc;
}

enum rc
config_write_default(FILE *out, const char *url)
{
	size_t i;

	(void)fputs("# Latchkey: see latchkey.conf(5).\n", out);
	for (i = 0; i < VALUES; i++)
		(void)fprintf(out, "\n%s%s = %s\n", values[i].comment,
		    values[i].name,
		    values[i].kind == VALUE_URL && url != NULL
			? url
			: values[i].initial);
	return ferror(out) ? RC_FAIL : RC_OK;
}

enum rc
config_data_path(
    const struct config *config, const char *name, char path[CONFIG_PATH_MAX])
{
	int n =
	    snprintf(path, CONFIG_PATH_MAX, "%s/%s", config->data_dir, name);

	if (n > 0 && n < CONFIG_PATH_MAX)
		return RC_OK;
	log_err("cannot use the data directory: its path is too long");
	return RC_FAIL;
}
