/* SPDX-License-Identifier: ISC */
/*
 * Sites to test against.  Programs write their output to files in memory
 * and are then waited for, so that no pipe can fill up; every wait ends at a
 * condition, or at the time limit that Check sets for the test.
 */
#include "harness.h"

#include <arpa/inet.h>
#include <check.h>
#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <jansson.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "fcgi.h"

enum {
	ARGS_MAX = 24,
	ENV_MAX = 40,
	START_TRIES = 5,
	START_WAIT_MS = 20000,
	STOP_WAIT_MS = 20000,
	LOCK_WAIT_MS = 20000,
	TICK_MS = 5
};

extern char **environ;

/* --- small things ------------------------------------------------------ */

static void
tick(void)
{
	static const struct timespec pause = { 0, TICK_MS * 1000000L };

	(void)nanosleep(&pause, NULL);
}

/* A path in the site; for the length of a statement. */
struct path {
	char text[SITE_PATH_LEN + 128];
};

static struct path
path_in(const struct site *site, const char *name)
{
	struct path path;

	(void)snprintf(path.text, sizeof(path.text), "%s/%s", site->dir, name);
	return path;
}

/* A file in memory from there on, NUL at its end. */
static char *
read_from(int fd, off_t from, size_t *len)
{
	struct stat st;
	char *text;
	ssize_t n;

	*len = 0;
	if (fd < 0 || fstat(fd, &st) != 0 || st.st_size < from)
		return strdup("");
	text = malloc((size_t)(st.st_size - from) + 1);
	if (text == NULL)
		abort();
	n = pread(fd, text, (size_t)(st.st_size - from), from);
	*len = n > 0 ? (size_t)n : 0;
	text[*len] = '\0';
	return text;
}

/* The whole of it; closes it. */
static char *
read_all(int fd, size_t *len)
{
	char *text = read_from(fd, 0, len);

	if (fd >= 0)
		(void)close(fd);
	return text;
}

int
is_fastcgi(void)
{
	const char *value = getenv("FASTCGI");

	return value != NULL && strcmp(value, "1") == 0;
}

/* --- programs ---------------------------------------------------------- */

/* True while something written to fd waits to be read, by one that lives. */
static int
is_unread(int fd, pid_t pid)
{
	siginfo_t info;
	int unread;

	memset(&info, 0, sizeof(info));
	return ioctl(fd, FIONREAD, &unread) == 0 && unread > 0 &&
	       waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) ==
		   0 &&
	       info.si_pid == 0;
}

/*
 * Writes a body in pieces, each only when the one before has been read; a
 * reader that has gone is fine.
 */
static void
feed(int fd, pid_t pid, const char *body, size_t len, size_t piece)
{
	while (len > 0) {
		size_t n = piece == 0 || piece > len ? len : piece;
		ssize_t done = write(fd, body, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return;
		body += done;
		len -= (size_t)done;
		while (piece != 0 && is_unread(fd, pid))
			(void)sched_yield();
	}
}

/* Starts a program and gives it its input. */
static void
start(struct child *child, const char *path, char *const argv[],
    char *const envp[], const char *input, size_t len, size_t piece)
{
	struct sigaction ignore, before;
	int in[2] = { -1, -1 };

	*child = (struct child){ .pid = -1, .call = -1 };
	child->out = memfd_create("stdout", MFD_CLOEXEC);
	child->err = memfd_create("stderr", MFD_CLOEXEC);
	if (child->out < 0 || child->err < 0 || pipe2(in, O_CLOEXEC) != 0)
		return;
	child->pid = fork();
	if (child->pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		(void)signal(SIGPIPE, SIG_DFL);
		if (dup2(in[0], STDIN_FILENO) >= 0 &&
		    dup2(child->out, STDOUT_FILENO) >= 0 &&
		    dup2(child->err, STDERR_FILENO) >= 0)
			(void)execve(path, argv, envp);
		_exit(127);
	}
	(void)close(in[0]);
	memset(&ignore, 0, sizeof(ignore));
	ignore.sa_handler = SIG_IGN;
	(void)sigaction(SIGPIPE, &ignore, &before);
	if (child->pid > 0)
		feed(in[1], child->pid, input, len, piece);
	(void)close(in[1]);
}

/* Waits for the end; an exit status, or 128 + signal. */
static int
finish(struct child *child)
{
	int status;
	pid_t pid;

	if (child->pid <= 0)
		return -1;
	do
		pid = waitpid(child->pid, &status, 0);
	while (pid < 0 && errno == EINTR);
	child->pid = -1;
	if (pid < 0)
		return -1;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status)
				   : WEXITSTATUS(status);
}

static void
run(struct output *output, const char *path, char *const argv[])
{
	struct child child;

	start(&child, path, argv, environ, NULL, 0, 0);
	child_wait(&child, output);
}

void
output_clear(struct output *output)
{
	if (output == NULL)
		return;
	free(output->out);
	free(output->err);
	memset(output, 0, sizeof(*output));
}

/* Arguments up to NULL, behind the program's own name. */
static void
read_args(char *argv[ARGS_MAX + 1], char *program, va_list ap)
{
	size_t n = 0;

	argv[n++] = program;
	while (n < ARGS_MAX && (argv[n] = va_arg(ap, char *)) != NULL)
		n++;
	argv[n] = NULL;
}

static void
start_latchkey(struct site *site, struct child *child, va_list ap)
{
	struct path program = path_in(site, "bin/latchkey");
	char *argv[ARGS_MAX + 1];

	read_args(argv, program.text, ap);
	start(child, program.text, argv, environ, NULL, 0, 0);
}

static void
run_latchkey(struct site *site, struct output *output, va_list ap)
{
	struct child child;

	start_latchkey(site, &child, ap);
	child_wait(&child, output);
}

void
site_latchkey_start(struct site *site, struct child *child, ...)
{
	va_list ap;

	va_start(ap, child);
	start_latchkey(site, child, ap);
	va_end(ap);
}

void
site_latchkey_finish(struct child *child, struct output *output)
{
	child_wait(child, output);
}

void
site_sender_start(struct site *site, struct child *child, ...)
{
	struct path program = path_in(site, "bin/deliver-webhooks");
	char *argv[ARGS_MAX + 1];
	va_list ap;

	va_start(ap, child);
	read_args(argv, program.text, ap);
	va_end(ap);
	start(child, program.text, argv, environ, NULL, 0, 0);
}

void
child_wait(struct child *child, struct output *output)
{
	size_t len;

	output->code = finish(child);
	output->out = read_all(child->out, &output->out_len);
	output->err = read_all(child->err, &len);
}

void
site_latchkey(struct site *site, struct output *output, ...)
{
	va_list ap;

	va_start(ap, output);
	run_latchkey(site, output, ap);
	va_end(ap);
}

char *
site_latchkey_ok(struct site *site, ...)
{
	struct output output;
	const char *command, *verb;
	va_list ap;

	va_start(ap, site);
	run_latchkey(site, &output, ap);
	va_end(ap);
	va_start(ap, site);
	command = va_arg(ap, const char *);
	verb = command != NULL ? va_arg(ap, const char *) : NULL;
	va_end(ap);
	if (output.code != 0)
		ck_abort_msg("latchkey %s %s: exit status %d: %s%s", command,
		    verb != NULL ? verb : "", output.code, output.out,
		    output.err);
	free(output.err);
	return output.out;
}

/* --- sites ------------------------------------------------------------- */

static void
run_ok(const char *path, const char *const argv[])
{
	struct output output;
	char *args[ARGS_MAX + 1];
	size_t i;

	for (i = 0; i < ARGS_MAX && argv[i] != NULL; i++)
		args[i] = (char *)(uintptr_t)argv[i];
	args[i] = NULL;
	run(&output, path, args);
	if (output.code != 0)
		ck_abort_msg("%s: exit status %d: %s%s", path, output.code,
		    output.out, output.err);
	output_clear(&output);
}

void
site_make(struct site *site, const char *config_lines)
{
	const char *template = getenv("SITE");
	const char *tmp = getenv("TMPDIR");
	const char *const parts[] = { "bin", "public_html", "apache.conf.in" };
	FILE *config;
	size_t i;

	memset(site, 0, sizeof(*site));
	if (template == NULL)
		ck_abort_msg("SITE is not set; use tests/run");
	(void)snprintf(site->dir, sizeof(site->dir), "%s/siteXXXXXX",
	    tmp != NULL ? tmp : "/tmp");
	if (mkdtemp(site->dir) == NULL)
		ck_abort_msg("cannot make %s: %s", site->dir, strerror(errno));
	for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		struct path from;

		(void)snprintf(
		    from.text, sizeof(from.text), "%s/%s", template, parts[i]);
		run_ok("/bin/cp", (const char *const[]){ "cp", "-al", from.text,
				      site->dir, NULL });
	}
	ck_assert_int_eq(mkdir(path_in(site, "logs").text, 0755), 0);
	free(site_latchkey_ok(site, "init", "--dir", site->dir, "--url",
	    "http://127.0.0.1", NULL));
	config = fopen(path_in(site, "latchkey.conf").text, "a");
	ck_assert_ptr_nonnull(config);
	(void)fprintf(
	    config, "\n%s\n", config_lines != NULL ? config_lines : "");
	ck_assert_int_eq(fclose(config), 0);
	/* As INSTALL says. */
	if (is_fastcgi() &&
	    (config_lines == NULL || strstr(config_lines, "journal") == NULL))
		site_use_log(site);
}

void
site_use_log(struct site *site)
{
	run_ok("/bin/sed", (const char *const[]){ "sed", "-i",
			       "s/^journal = .*/journal = wal/",
			       path_in(site, "latchkey.conf").text, NULL });
	free(site_latchkey_ok(site, "migrate", NULL));
}

/* A port that was free a moment ago. */
static int
free_port(void)
{
	struct sockaddr_in address;
	socklen_t len = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), port = 0;

	memset(&address, 0, sizeof(address));
	address.sin_family = AF_INET;
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd >= 0 &&
	    bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0 &&
	    getsockname(fd, (struct sockaddr *)&address, &len) == 0)
		port = ntohs(address.sin_port);
	if (fd >= 0)
		(void)close(fd);
	return port;
}

static int
answers(int port)
{
	struct sockaddr_in address;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), ok;

	memset(&address, 0, sizeof(address));
	address.sin_family = AF_INET;
	address.sin_port = htons((uint16_t)port);
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ok = fd >= 0 &&
	     connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0;
	if (fd >= 0)
		(void)close(fd);
	return ok;
}

/* apache.conf: where and on which port, then what all sites share. */
static void
write_apache_conf(const struct site *site)
{
	FILE *in = fopen(path_in(site, "apache.conf.in").text, "r");
	FILE *out = fopen(path_in(site, "apache.conf").text, "w");
	int c;

	ck_assert_ptr_nonnull(in);
	ck_assert_ptr_nonnull(out);
	(void)fprintf(out, "Define SITE \"%s\"\nDefine PORT %d\n%s", site->dir,
	    site->port, is_fastcgi() ? "Define FASTCGI\n" : "");
	while ((c = getc(in)) != EOF)
		(void)putc(c, out);
	ck_assert_int_eq(fclose(out), 0);
	(void)fclose(in);
}

/* True once the server answers on its port; false if it has ended. */
static int
wait_for_server(struct site *site)
{
	int waited, status;

	for (waited = 0; waited < START_WAIT_MS; waited += TICK_MS) {
		if (waitpid(site->apache, &status, WNOHANG) == site->apache) {
			site->apache = 0;
			return 0;
		}
		if (answers(site->port))
			return 1;
		tick();
	}
	site_stop(site);
	return 0;
}

/*
 * True once Apache, and no other program on that port, answers: it writes
 * its pid after it has got the port, and goes away if it does not get it.
 */
static int
wait_for_apache(struct site *site)
{
	struct path pid_file = path_in(site, "logs/apache.pid");
	int waited, status;

	for (waited = 0; waited < START_WAIT_MS; waited += TICK_MS) {
		if (waitpid(site->apache, &status, WNOHANG) == site->apache) {
			site->apache = 0;
			return 0;
		}
		if (access(pid_file.text, F_OK) == 0)
			return wait_for_server(site);
		tick();
	}
	site_stop(site);
	return 0;
}

static void
start_server(struct site *site, void (*configure)(const struct site *site),
    char *const argv[], int (*wait_for)(struct site *site))
{
	struct path log = path_in(site, "logs/error.log");
	int tries;

	for (tries = 0; tries < START_TRIES; tries++) {
		site->port = free_port();
		configure(site);
		site->apache = fork();
		if (site->apache == 0) {
			int fd =
			    open(log.text, O_WRONLY | O_CREAT | O_APPEND, 0600);

			/* SIGTERM, so that it ends its own children. */
			(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
			if (fd >= 0) {
				(void)dup2(fd, STDOUT_FILENO);
				(void)dup2(fd, STDERR_FILENO);
			}
			(void)execv(argv[0], argv);
			_exit(127);
		}
		ck_assert_int_gt(site->apache, 0);
		if (wait_for(site))
			return;
	}
	ck_abort_msg("%s does not start; see %s", argv[0], log.text);
}

void
site_start_other(struct site *site, void (*configure)(const struct site *site),
    char *const argv[])
{
	start_server(site, configure, argv, wait_for_server);
}

void
site_start(struct site *site)
{
	struct path conf = path_in(site, "apache.conf");
	char *argv[] = { (char[]){ "/usr/sbin/apache2" }, (char[]){ "-f" },
		conf.text, (char[]){ "-D" }, (char[]){ "FOREGROUND" }, NULL };

	start_server(site, write_apache_conf, argv, wait_for_apache);
}

void
site_stop(struct site *site)
{
	int waited, status;

	if (site->apache <= 0)
		return;
	(void)kill(site->apache, SIGTERM);
	for (waited = 0; waited < STOP_WAIT_MS; waited += TICK_MS) {
		if (waitpid(site->apache, &status, WNOHANG) != 0)
			break;
		tick();
	}
	if (waited >= STOP_WAIT_MS) {
		(void)kill(site->apache, SIGKILL);
		(void)waitpid(site->apache, &status, 0);
	}
	site->apache = 0;
	(void)unlink(path_in(site, "logs/apache.pid").text);
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *where)
{
	(void)st, (void)type, (void)where;
	return remove(path);
}

void
site_remove(struct site *site)
{
	site_stop(site);
	site_end_programs(site);
	if (site->dir[0] != '\0')
		(void)nftw(site->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	memset(site, 0, sizeof(*site));
}

int64_t
site_account(struct site *site, const char *email)
{
	char *id = site_latchkey_ok(site, "account", "add", email, NULL);
	int64_t n = strtoll(id, NULL, 10);

	ck_assert_int_gt(n, 0);
	free(id);
	return n;
}

void
site_key(struct site *site, const char *email, char key[KEY_TEXT_LEN])
{
	char *out = site_latchkey_ok(site, "key", "create", email, NULL);
	const char *begin = strstr(out, "lk_");

	ck_assert_ptr_nonnull(begin);
	(void)snprintf(
	    key, KEY_TEXT_LEN, "%.*s", (int)strcspn(begin, " \r\n"), begin);
	free(out);
}

void
site_credit(struct site *site, const char *email, const char *amount)
{
	free(site_latchkey_ok(site, "credit", email, amount, NULL));
}

void
site_must_check(struct site *site)
{
	free(site_latchkey_ok(site, "check", NULL));
}

static sqlite3 *
open_database(struct site *site)
{
	sqlite3 *db;

	ck_assert_int_eq(sqlite3_open_v2(path_in(site, "data/latchkey.db").text,
			     &db, SQLITE_OPEN_READWRITE, NULL),
	    SQLITE_OK);
	(void)sqlite3_busy_timeout(db, 10000);
	return db;
}

void
site_sql(struct site *site, const char *sql)
{
	sqlite3 *db = open_database(site);

	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		ck_abort_msg("%s: %s", sql, sqlite3_errmsg(db));
	(void)sqlite3_close(db);
}

/* The first row of a query; ends the test without one. */
static sqlite3_stmt *
first_row(sqlite3 *db, const char *sql)
{
	sqlite3_stmt *stmt = NULL;

	if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) != SQLITE_OK ||
	    sqlite3_step(stmt) != SQLITE_ROW)
		ck_abort_msg("%s: %s", sql, sqlite3_errmsg(db));
	return stmt;
}

int64_t
site_sql_int(struct site *site, const char *sql)
{
	sqlite3 *db = open_database(site);
	sqlite3_stmt *stmt = first_row(db, sql);
	int64_t n = sqlite3_column_int64(stmt, 0);

	(void)sqlite3_finalize(stmt);
	(void)sqlite3_close(db);
	return n;
}

char *
site_sql_text(struct site *site, const char *sql)
{
	sqlite3 *db = open_database(site);
	sqlite3_stmt *stmt = first_row(db, sql);
	const unsigned char *column = sqlite3_column_text(stmt, 0);
	char *text = strdup(column != NULL ? (const char *)column : "");

	(void)sqlite3_finalize(stmt);
	(void)sqlite3_close(db);
	return text;
}

/* --- answers ----------------------------------------------------------- */

void
answer_clear(struct answer *answer)
{
	if (answer == NULL)
		return;
	free(answer->head);
	free(answer->body);
	free(answer->err);
	memset(answer, 0, sizeof(*answer));
}

/* Cuts the head into its lines. */
static void
split_head(struct answer *answer)
{
	char *line, *rest = answer->head;

	while ((line = strsep(&rest, "\n")) != NULL) {
		line[strcspn(line, "\r")] = '\0';
		if (strchr(line, ':') == NULL)
			continue;
		if (answer->nheaders < ANSWER_HEADERS)
			answer->headers[answer->nheaders++] = line;
	}
}

/* The value, if a header has the name. */
static const char *
header_value(const char *header, const char *name)
{
	size_t len = strlen(name);

	if (strncasecmp(header, name, len) != 0 || header[len] != ':')
		return NULL;
	header += len + 1;
	return header + strspn(header, " ");
}

const char *
answer_header(const struct answer *answer, const char *name)
{
	const char *value;
	size_t i;

	for (i = 0; i < answer->nheaders; i++) {
		value = header_value(answer->headers[i], name);
		if (value != NULL)
			return value;
	}
	return NULL;
}

size_t
answer_count(const struct answer *answer, const char *name)
{
	size_t i, n = 0;

	for (i = 0; i < answer->nheaders; i++)
		n += header_value(answer->headers[i], name) != NULL;
	return n;
}

/* --- CGI --------------------------------------------------------------- */

/* An environment as Apache makes it. */
struct environment {
	char text[8][SITE_PATH_LEN + 192];
	size_t ntext;
	char *vars[ENV_MAX + 1];
	size_t n;
};

static void
env_add(struct environment *env, const char *var)
{
	if (env->n < ENV_MAX)
		env->vars[env->n++] = (char *)(uintptr_t)var;
	env->vars[env->n] = NULL;
}

static void
env_set(struct environment *env, const char *name, const char *value)
{
	char *text = env->text[env->ntext++];

	(void)snprintf(text, sizeof(env->text[0]), "%s=%s", name, value);
	env_add(env, text);
}

static const char * or (const char *value, const char *otherwise)
{
	return value != NULL ? value : otherwise;
}

static size_t
body_len(const char *body, size_t len)
{
	return len == 0 && body != NULL ? strlen(body) : len;
}

/* What a web server tells the program of a call. */
static void
make_environment(struct site *site, const struct cgi_call *call,
    const char *length, struct environment *env)
{
	const char *type =
	    or (call->content_type, "application/x-www-form-urlencoded");
	size_t i;

	env_add(env, "GATEWAY_INTERFACE=CGI/1.1");
	env_add(env, "SERVER_PROTOCOL=HTTP/1.1");
	env_add(env, "SCRIPT_NAME=/cgi-bin/v2");
	env_add(env, "REQUEST_URI=/api/v2");
	env_add(env, "REMOTE_ADDR=127.0.0.1");
	env_add(env, "PATH=/usr/bin:/bin");
	env_set(env, "DOCUMENT_ROOT", path_in(site, "public_html").text);
	env_set(env, "REQUEST_METHOD", or (call->method, "POST"));
	env_set(env, "QUERY_STRING", or (call->query, ""));
	if (type[0] != '\0')
		env_set(env, "CONTENT_TYPE", type);
	if (call->length == NULL || call->length[0] != '\0')
		env_set(env, "CONTENT_LENGTH", or (call->length, length));
	for (i = 0; call->env != NULL && call->env[i] != NULL; i++)
		env_add(env, call->env[i]);
}

/* What a sanitized build of the program wants to know. */
static void
add_options(struct environment *env)
{
	static const char *const keep[] = { "ASAN_OPTIONS", "UBSAN_OPTIONS",
		"LSAN_OPTIONS" };
	size_t i;

	for (i = 0; i < sizeof(keep) / sizeof(keep[0]); i++)
		if (getenv(keep[i]) != NULL)
			env_set(env, keep[i], getenv(keep[i]));
}

static struct path
program_path(const struct site *site, const char *name)
{
	struct path path = path_in(site, "public_html/cgi-bin/");

	(void)strncat(
	    path.text, name, sizeof(path.text) - strlen(path.text) - 1);
	return path;
}

/* --- FastCGI ----------------------------------------------------------- */

/* Puts a program behind a socket of its own. */
static int
start_resident(struct site *site, const char *name, struct resident *w)
{
	struct path program = program_path(site, name);
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct environment env = { .ntext = 0 };
	char *argv[] = { program.text, NULL };
	const char *slash = strchr(name, '/');
	int fd, n;

	memset(w, 0, sizeof(*w));
	w->pid = -1;
	w->parent = getpid();
	w->err = memfd_create("stderr", MFD_CLOEXEC);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	/* "dashboard/orders" has no directory there. */
	n = snprintf(w->path, sizeof(w->path), "%s/logs/%.*s.%s.%d", site->dir,
	    (int)strcspn(name, "/"), name, slash != NULL ? slash + 1 : "",
	    (int)getpid());
	if (w->err < 0 || fd < 0 || n < 0 || (size_t)n >= sizeof(w->path))
		return -1;
	memcpy(address.sun_path, w->path, sizeof(w->path));
	(void)unlink(w->path);
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0 ||
	    listen(fd, 64) != 0)
		return -1;
	env_add(&env, "PATH=/usr/bin:/bin");
	add_options(&env);
	w->pid = fork();
	if (w->pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		(void)signal(SIGPIPE, SIG_DFL);
		/* As a web server does: its log is stdout and stderr. */
		if (dup2(fd, STDIN_FILENO) >= 0 &&
		    dup2(w->err, STDOUT_FILENO) >= 0 &&
		    dup2(w->err, STDERR_FILENO) >= 0)
			(void)execve(program.text, argv, env.vars);
		_exit(127);
	}
	(void)close(fd);
	(void)snprintf(w->program, sizeof(w->program), "%s", name);
	return 0;
}

static void
forget_resident(struct resident *w)
{
	(void)close(w->err);
	w->program[0] = '\0';
}

/* Waits for the end of one that ends; its status as finish gives it. */
static int
reap_resident(struct resident *w)
{
	int code = -1;

	if (w->parent == getpid())
		code = finish(&(struct child){ .pid = w->pid });
	forget_resident(w);
	return code;
}

void
site_end_programs(struct site *site)
{
	struct resident *w;
	size_t len;
	char *err;
	int code;

	for (w = site->residents; w < site->residents + RESIDENTS_MAX; w++) {
		if (w->program[0] == '\0')
			continue;
		if (w->parent != getpid()) {
			forget_resident(w);
			continue;
		}
		(void)kill(w->pid, SIGTERM);
		code = finish(&(struct child){ .pid = w->pid });
		err = read_from(w->err, 0, &len);
		forget_resident(w);
		if (code != 0)
			ck_abort_msg(
			    "a FastCGI program ended with %d: %s", code, err);
		free(err);
	}
}

static int
connect_to(const struct resident *w)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	memcpy(address.sun_path, w->path, sizeof(w->path));
	if (fd >= 0 &&
	    connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	if (fd >= 0)
		(void)close(fd);
	return -1;
}

/*
 * A connection to the program, which is started if it has not been or takes
 * no more calls; -1 if it does not start.
 */
static int
reach(struct site *site, const char *name, struct resident **found)
{
	struct resident *w, *empty = NULL;
	int fd;

	for (w = site->residents; w < site->residents + RESIDENTS_MAX; w++) {
		if (strcmp(w->program, name) == 0) {
			*found = w;
			if ((fd = connect_to(w)) >= 0)
				return fd;
			(void)reap_resident(w);
		}
		if (w->program[0] == '\0')
			empty = w;
	}
	if (empty == NULL)
		return -1;
	*found = empty;
	return start_resident(site, name, empty) == 0 ? connect_to(empty) : -1;
}

int
cgi_connect(struct site *site, const char *program, pid_t *pid)
{
	struct resident *w = NULL;
	int fd = reach(site, program, &w);

	if (fd >= 0 && pid != NULL)
		*pid = w->pid;
	return fd;
}

/* Writes the body in records, each only when the one before is taken. */
static void
feed_records(int fd, const char *body, size_t len, size_t piece)
{
	struct pollfd reader = { .fd = fd, .events = 0 };
	char *text;
	size_t size;
	int unread, gone = 0;
	FILE *f;

	for (;;) {
		piece = piece < len ? piece : len;
		f = open_memstream(&text, &size);
		if (f == NULL)
			abort();
		fcgi_put(f, FCGI_STDIN, body, piece);
		(void)fclose(f);
		gone = fcgi_write(fd, text, size) != 0;
		free(text);
		/* An empty one is the end. */
		if (gone || piece == 0)
			return;
		while (
		    !gone && ioctl(fd, SIOCOUTQ, &unread) == 0 && unread > 0) {
			gone = poll(&reader, 1, 0) > 0;
			(void)sched_yield();
		}
		body += piece;
		len -= piece;
	}
}

/* Sends a call to the program. */
static void
start_call(struct site *site, const struct cgi_call *call, size_t len,
    const struct environment *env, struct child *child)
{
	const char *body = or (call->body, "");
	struct stat st;
	char *text;
	size_t size;
	FILE *f;

	*child = (struct child){ .pid = -1, .out = -1, .err = -1 };
	child->call = reach(site, or (call->program, "v2"), &child->resident);
	if (child->call < 0)
		return;
	child->pid = child->resident->pid;
	child->err = child->resident->err;
	if (fstat(child->err, &st) == 0)
		child->err_before = st.st_size;
	f = open_memstream(&text, &size);
	if (f == NULL)
		abort();
	fcgi_put_begin(f, 0);
	fcgi_put_params(f, (const char *const *)env->vars);
	if (call->piece == 0)
		fcgi_put_body(f, body, len);
	(void)fclose(f);
	(void)fcgi_write(child->call, text, size);
	free(text);
	if (call->piece != 0)
		feed_records(child->call, body, len, call->piece);
}

/*
 * Waits until the program has done what it does after an answer: it tells
 * what it can only when it is free for the next call.
 */
static void
settle(const struct resident *w)
{
	char question[16], answer[16];
	FILE *f = fmemopen(question, sizeof(question), "w");
	int fd = connect_to(w);

	if (f == NULL)
		abort();
	fcgi_put(f, FCGI_GET_VALUES, "", 0);
	(void)fclose(f);
	if (fd < 0)
		return; /* it takes no more */
	if (fcgi_write(fd, question, 8) == 0)
		(void)!read(fd, answer, sizeof(answer));
	(void)close(fd);
}

/* Reads the answer to a call; *out is what the program wrote, owned. */
static void
finish_call(struct child *child, struct answer *answer, char **out, size_t *len)
{
	size_t n;
	FILE *out_file = open_memstream(out, len);
	FILE *err_file = open_memstream(&answer->err, &n);
	struct resident *w = child->resident;
	char *log;
	int died;

	if (out_file == NULL || err_file == NULL)
		abort();
	answer->code = -1;
	if (child->call >= 0) {
		if (fcgi_read(child->call, out_file, err_file, NULL) ==
		    FCGI_WHOLE)
			answer->code = 0;
		(void)close(child->call);
	}
	if (answer->code == 0)
		settle(w);
	/* Without an end of the call there is that of the program. */
	died = answer->code < 0 && w != NULL && w->parent == getpid();
	if (died)
		answer->code = finish(&(struct child){ .pid = w->pid });
	log = read_from(child->err, child->err_before, &n);
	(void)fputs(log, err_file);
	free(log);
	if (died)
		forget_resident(w);
	(void)fclose(out_file);
	(void)fclose(err_file);
}

void
cgi_start(struct site *site, const struct cgi_call *call, struct child *child)
{
	struct path program = program_path(site, or (call->program, "v2"));
	struct environment env = { .ntext = 0 };
	char *argv[] = { program.text, NULL };
	size_t len = body_len(call->body, call->body_len);
	char number[32];

	(void)snprintf(number, sizeof(number), "%zu", len);
	make_environment(site, call, number, &env);
	if (is_fastcgi()) {
		start_call(site, call, len, &env, child);
		return;
	}
	add_options(&env);
	start(
	    child, program.text, argv, env.vars, call->body, len, call->piece);
}

void
cgi_kill(struct child *child)
{
	siginfo_t info;

	if (child->pid <= 0)
		return;
	(void)kill(child->pid, SIGKILL);
	/* Its end is left for whoever waits for it. */
	while (waitid(P_PID, (id_t)child->pid, &info, WEXITED | WNOWAIT) != 0 &&
	       errno == EINTR)
		;
}

/* Parts what a program wrote into status, headers and body. */
static void
parse_cgi(struct answer *answer, char *out, size_t len)
{
	const char *status;
	char *end = strstr(out, "\r\n\r\n");
	size_t gap = 4;

	if (end == NULL) {
		end = strstr(out, "\n\n");
		gap = 2;
	}
	if (end == NULL) {
		(void)snprintf(answer->why, sizeof(answer->why),
		    "no end of the headers after %zu bytes", len);
		free(out);
		return;
	}
	answer->body_len = len - (size_t)(end - out) - gap;
	answer->body = malloc(answer->body_len + 1);
	if (answer->body == NULL)
		abort();
	memcpy(answer->body, end + gap, answer->body_len);
	answer->body[answer->body_len] = '\0';
	*end = '\0';
	answer->head = out;
	split_head(answer);
	status = answer_header(answer, "Status");
	answer->status = status != NULL ? (int)strtol(status, NULL, 10) : 200;
}

void
cgi_finish(struct child *child, struct answer *answer)
{
	size_t len, err_len;
	char *out;

	memset(answer, 0, sizeof(*answer));
	if (is_fastcgi()) {
		finish_call(child, answer, &out, &len);
	} else {
		answer->code = finish(child);
		out = read_all(child->out, &len);
		answer->err = read_all(child->err, &err_len);
	}
	parse_cgi(answer, out, len);
	if (answer->body == NULL)
		answer->body = strdup("");
}

void
cgi_run(struct site *site, const struct cgi_call *call, struct answer *answer)
{
	struct child child;

	cgi_start(site, call, &child);
	cgi_finish(&child, answer);
}

/* --- HTTP -------------------------------------------------------------- */

/* Text that grows. */
struct text {
	char *bytes;
	size_t len;
};

static size_t
append(const char *data, size_t size, size_t n, void *arg)
{
	struct text *text = arg;
	char *bytes = realloc(text->bytes, text->len + size * n + 1);

	if (bytes == NULL)
		return 0;
	memcpy(bytes + text->len, data, size * n);
	text->bytes = bytes;
	text->len += size * n;
	bytes[text->len] = '\0';
	return size * n;
}

static size_t
append_head(char *data, size_t size, size_t n, void *arg)
{
	struct text *text = arg;

	/* After 100 Continue the real one follows. */
	if (size * n >= 5 && memcmp(data, "HTTP/", 5) == 0)
		text->len = 0;
	return append(data, size, n, arg);
}

static size_t
append_body(char *data, size_t size, size_t n, void *arg)
{
	return append(data, size, n, arg);
}

/* What is still to be sent. */
struct upload {
	const char *next;
	size_t left;
};

static size_t
send_more(char *data, size_t size, size_t n, void *arg)
{
	struct upload *upload = arg;
	size_t len = size * n < upload->left ? size * n : upload->left;

	if (len > 0)
		memcpy(data, upload->next, len);
	upload->next += len;
	upload->left -= len;
	return len;
}

static struct curl_slist *
add_header(struct curl_slist *list, const char *header)
{
	struct curl_slist *longer = curl_slist_append(list, header);

	return longer != NULL ? longer : list;
}

static struct curl_slist *
request_headers(const struct http_call *call)
{
	struct curl_slist *list = NULL;
	char type[512];
	size_t i;

	(void)snprintf(type, sizeof(type), "Content-Type:%s%s",
	    call->content_type != NULL && call->content_type[0] == '\0' ? ""
									: " ",
	    or (call->content_type, "application/x-www-form-urlencoded"));
	list = add_header(list, type);
	list =
	    add_header(list, call->expect ? "Expect: 100-continue" : "Expect:");
	if (call->chunked)
		list = add_header(list, "Transfer-Encoding: chunked");
	for (i = 0; call->headers != NULL && call->headers[i] != NULL; i++)
		list = add_header(list, call->headers[i]);
	return list;
}

void
http_run(struct site *site, const struct http_call *call, struct answer *answer)
{
	CURL *curl = curl_easy_init();
	struct curl_slist *headers = request_headers(call);
	struct upload upload = { or (call->body, ""),
		body_len(call->body, call->body_len) };
	struct text head = { NULL, 0 }, body = { NULL, 0 };
	const char *method = or (call->method, "POST");
	char url[2048], error[CURL_ERROR_SIZE] = "no memory";
	CURLcode code = CURLE_OUT_OF_MEMORY;
	long status = 0;

	memset(answer, 0, sizeof(*answer));
	(void)snprintf(url, sizeof(url), "http://127.0.0.1:%d%s", site->port,
	    or (call->path, "/api/v2"));
	if (curl == NULL)
		goto out;
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT, 60L);
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, error);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, append_head);
	curl_easy_setopt(curl, CURLOPT_HEADERDATA, &head);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, append_body);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, &body);
	curl_easy_setopt(curl, CURLOPT_HTTP_VERSION,
	    call->http10 ? (long)CURL_HTTP_VERSION_1_0
			 : (long)CURL_HTTP_VERSION_1_1);
	if (strcmp(method, "HEAD") == 0) {
		curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
	} else if (call->body != NULL || strcmp(method, "POST") == 0) {
		curl_easy_setopt(curl, CURLOPT_POST, 1L);
		if (call->chunked) {
			curl_easy_setopt(curl, CURLOPT_READFUNCTION, send_more);
			curl_easy_setopt(curl, CURLOPT_READDATA, &upload);
		} else {
			curl_easy_setopt(curl, CURLOPT_POSTFIELDS, upload.next);
			curl_easy_setopt(
			    curl, CURLOPT_POSTFIELDSIZE, (long)upload.left);
		}
	}
	curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
	code = curl_easy_perform(curl);
	/* Whoever answers early may close while we still send. */
	if (code == CURLE_SEND_ERROR && head.len > 0)
		code = CURLE_OK;
	(void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
out:
	if (code == CURLE_OK)
		answer->status = (int)status;
	else
		(void)snprintf(answer->why, sizeof(answer->why), "%s (%d)",
		    error[0] != '\0' ? error : curl_easy_strerror(code),
		    (int)code);
	answer->head = head.bytes != NULL ? head.bytes : strdup("");
	answer->body = body.bytes != NULL ? body.bytes : strdup("");
	answer->body_len = body.len;
	split_head(answer);
	curl_slist_free_all(headers);
	curl_easy_cleanup(curl);
}

/* --- the API ----------------------------------------------------------- */

static void
call_api(
    struct site *site, struct answer *answer, const char *format, va_list ap)
{
	char *body;

	if (vasprintf(&body, format, ap) < 0)
		abort();
	if (site->apache > 0)
		http_run(site, &(struct http_call){ .body = body }, answer);
	else
		cgi_run(site, &(struct cgi_call){ .body = body }, answer);
	free(body);
}

void
api_call(struct site *site, struct answer *answer, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	call_api(site, answer, format, ap);
	va_end(ap);
}

int64_t
api_number(struct site *site, const char *name, const char *format, ...)
{
	struct answer answer;
	json_t *model, *value;
	int64_t n = 0;
	va_list ap;

	va_start(ap, format);
	call_api(site, &answer, format, ap);
	va_end(ap);
	model = json_loads(answer.body, 0, NULL);
	value = json_object_get(model, name);
	if (json_is_integer(value))
		n = json_integer_value(value);
	else if (json_is_string(value))
		n = strtoll(json_string_value(value), NULL, 10);
	else
		ck_abort_msg("no %s in the answer to %s: %d %s%s", name, format,
		    answer.status, answer.body, answer.why);
	json_decref(model);
	answer_clear(&answer);
	return n;
}

/* How many lines of /proc/locks tell of a process waiting for an inode. */
static int
count_waiters(const char *inode)
{
	char line[256];
	FILE *locks = fopen("/proc/locks", "r");
	int n = 0;

	if (locks == NULL)
		return 0;
	while (fgets(line, sizeof(line), locks) != NULL)
		n += strstr(line, "-> FLOCK") != NULL &&
		     strstr(line, inode) != NULL;
	(void)fclose(locks);
	return n;
}

int
lock_has_waiters(const char *path, int n)
{
	char inode[64];
	struct stat st;
	int waited;

	if (stat(path, &st) != 0)
		return 0;
	(void)snprintf(
	    inode, sizeof(inode), ":%llu ", (unsigned long long)st.st_ino);
	for (waited = 0; waited < LOCK_WAIT_MS; waited += TICK_MS) {
		if (count_waiters(inode) >= n)
			return 1;
		tick();
	}
	return 0;
}

int
lock_has_waiter(const char *path)
{
	return lock_has_waiters(path, 1);
}
