/* SPDX-License-Identifier: ISC */
/*
 * The programs behind every web server that INSTALL has lines for, set up by
 * those lines: they are read from INSTALL, and only paths, ports and users
 * are put into the place of its examples.
 */
#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "harness.h"
#include "suite.h"

enum { THREADS = 16, CALLS = 20, LOG_TRIES = 2000, PATH_LEN = 1024 };

static struct site site;
static char key[KEY_TEXT_LEN];

static char *
read_text(const char *path)
{
	FILE *in = fopen(path, "re"), *out;
	char *text, buf[4096];
	size_t len, n;

	ck_assert_msg(in != NULL, "%s: %s", path, strerror(errno));
	out = open_memstream(&text, &len);
	ck_assert_ptr_nonnull(out);
	while ((n = fread(buf, 1, sizeof(buf), in)) > 0)
		(void)fwrite(buf, 1, n, out);
	(void)fclose(in);
	ck_assert_int_eq(fclose(out), 0);
	return text;
}

/* A path in the site; borrowed until the fourth call from now. */
static const char *
in_site(const char *name)
{
	static char paths[4][PATH_LEN];
	static int n;
	char *path = paths[n++ % 4];

	(void)snprintf(path, sizeof(paths[0]), "%s/%s", site.dir, name);
	return path;
}

static void
write_text(const char *path, const char *text)
{
	FILE *out;

	/* It may be a link to what all sites share. */
	(void)unlink(path);
	out = fopen(path, "we");
	ck_assert_msg(out != NULL, "%s: %s", path, strerror(errno));
	(void)fputs(text, out);
	ck_assert_int_eq(fclose(out), 0);
}

/* --- INSTALL -------------------------------------------------------------- */

/* Prints text with every example replaced. */
static void
put_replaced(FILE *out, const char *text)
{
	const struct {
		const char *example, *here;
	} rows[] = {
		{ "/home/you/public_html", in_site("public_html") },
		{ "/run/lighttpd/latchkey.sock", in_site("logs/l.sock") },
		{ "/run/latchkey.sock", in_site("logs/l.sock") },
	};
	size_t len;
	int i;

	while (*text != '\0') {
		len = 0;
		for (i = 0; i < ROWS(rows) && len == 0; i++)
			if (strncmp(text, rows[i].example,
				strlen(rows[i].example)) == 0) {
				(void)fputs(rows[i].here, out);
				len = strlen(rows[i].example);
			}
		if (len == 0) {
			(void)fputc(*text, out);
			len = 1;
		}
		text += len;
	}
}

/*
 * The indented lines that follow, in step 13, a paragraph with these words,
 * as they would be here; to be freed.
 */
static char *
lines_of_install(const char *words)
{
	char *install, *text, *line, *rest;
	const char *source = getenv("SITE");
	char path[PATH_LEN];
	int found = 0, lines = 0;
	size_t len;
	FILE *out;

	(void)snprintf(path, sizeof(path), "%s/INSTALL", source);
	install = read_text(path);
	out = open_memstream(&text, &len);
	ck_assert_ptr_nonnull(out);
	rest = strstr(install, "\n13. FASTCGI\n");
	ck_assert_ptr_nonnull(rest);
	while ((line = strsep(&rest, "\n")) != NULL) {
		if (strncmp(line, "    ", 4) == 0) {
			if (found) {
				put_replaced(out, line + 4);
				(void)fputc('\n', out);
				lines++;
			}
		} else if (lines > 0) {
			break;
		}
		if (strstr(line, words) != NULL)
			found = 1;
	}
	ck_assert_int_eq(fclose(out), 0);
	ck_assert_msg(lines > 0, "INSTALL has no lines for \"%s\"", words);
	free(install);
	return text;
}

/* --- servers -------------------------------------------------------------- */

static void
configure_nginx(const struct site *s)
{
	char *upstream = lines_of_install("nginx needs"), *conf;
	char *lines = lines_of_install("whose root is the document root");

	ck_assert_int_ge(
	    asprintf(&conf,
		"daemon off;\npid %s/logs/nginx.pid;\n"
		"error_log %s/logs/error.log;\nevents { }\nhttp {\n"
		"access_log off;\nclient_body_temp_path %s/logs/b;\n"
		"fastcgi_temp_path %s/logs/f;\nproxy_temp_path %s/logs/p;\n"
		"scgi_temp_path %s/logs/s;\nuwsgi_temp_path %s/logs/u;\n"
		"%sserver {\nlisten 127.0.0.1:%d;\nroot %s/public_html;\n"
		"%s}\n}\n",
		s->dir, s->dir, s->dir, s->dir, s->dir, s->dir, s->dir,
		upstream, s->port, s->dir, lines),
	    0);
	write_text(in_site("nginx.conf"), conf);
	free(conf);
	free(lines);
	free(upstream);
}

static void
start_nginx(void)
{
	static char conf[PATH_LEN], log[PATH_LEN];
	char *argv[] = { (char[]){ "/usr/sbin/nginx" }, (char[]){ "-e" }, log,
		(char[]){ "-c" }, conf, NULL };

	(void)snprintf(conf, sizeof(conf), "%s", in_site("nginx.conf"));
	(void)snprintf(log, sizeof(log), "%s", in_site("logs/error.log"));
	site_start_other(&site, configure_nginx, argv);
}

static void
configure_lighttpd(const struct site *s)
{
	char *lines = lines_of_install("lighttpd starts"), *conf;

	ck_assert_int_ge(asprintf(&conf,
			     "server.document-root = \"%s/public_html\"\n"
			     "server.bind = \"127.0.0.1\"\nserver.port = %d\n"
			     "server.errorlog = \"%s/logs/error.log\"\n"
			     "index-file.names = ( \"index.html\" )\n"
			     "mimetype.assign = ( \".html\" => \"text/html\" )"
			     "\n%s",
			     s->dir, s->port, s->dir, lines),
	    0);
	write_text(in_site("lighttpd.conf"), conf);
	free(conf);
	free(lines);
}

static void
start_lighttpd(void)
{
	static char conf[PATH_LEN];
	char *argv[] = { (char[]){ "/usr/sbin/lighttpd" }, (char[]){ "-D" },
		(char[]){ "-f" }, conf, NULL };

	(void)snprintf(conf, sizeof(conf), "%s", in_site("lighttpd.conf"));
	site_start_other(&site, configure_lighttpd, argv);
}

static void
start_proxy(void)
{
	char *lines = lines_of_install("mod_proxy_fcgi then needs"), *conf;
	char *common = read_text(in_site("apache.conf.in"));

	ck_assert_int_ge(
	    asprintf(&conf,
		"%s\nLoadModule proxy_module ${MODULES}/mod_proxy.so\n"
		"LoadModule proxy_fcgi_module ${MODULES}/mod_proxy_fcgi.so\n"
		"%s",
		common, lines),
	    0);
	write_text(in_site("apache.conf.in"), conf);
	free(conf);
	free(common);
	free(lines);
	site_start(&site);
}

/* The lines for mod_fcgid are what all tests with it have. */
static void
start_fcgid(void)
{
	char *lines = lines_of_install("Apache with mod_fcgid should have");
	char *common = read_text(in_site("apache.conf.in")), *line, *rest;

	for (rest = lines; (line = strsep(&rest, "\n")) != NULL;)
		ck_assert_msg(
		    strstr(common, line) != NULL, "apache.conf: %s", line);
	free(common);
	free(lines);
	ck_assert_int_eq(setenv("FASTCGI", "1", 1), 0);
	site_start(&site);
}

/* mod_fcgid is there, but not wanted. */
static void
start_without_fcgid(void)
{
	char path[PATH_LEN];
	char *rules;

	(void)snprintf(path, sizeof(path), "%s/htaccess.cgi", getenv("SITE"));
	rules = read_text(path);
	write_text(in_site("public_html/cgi-bin/.htaccess"), rules);
	free(rules);
	ck_assert_int_eq(setenv("FASTCGI", "1", 1), 0);
	site_start(&site);
}

static const struct server {
	const char *name;
	void (*start)(void);
	int spawn;   /* by spawn-fcgi */
	int fastcgi; /* 0: a process a call */
} servers[] = {
	{ "Apache, mod_fcgid", start_fcgid, 0, 1 },
	{ "Apache, mod_fcgid not wanted", start_without_fcgid, 0, 0 },
	{ "Apache, mod_proxy_fcgi", start_proxy, 1, 1 },
	{ "nginx", start_nginx, 1, 1 },
	{ "lighttpd", start_lighttpd, 0, 1 },
};

static const struct server *server;

/* --- processes ------------------------------------------------------------ */

/* Runs INSTALL's line of the crontab; its processes' ids go to a file. */
static int
run_cron_line(void)
{
	static const char command[] = "spawn-fcgi ";
	char *line = lines_of_install("in root's crontab"), *shell;
	char *begin = strstr(line, command), *end;
	int status;

	ck_assert_ptr_nonnull(begin);
	begin += sizeof(command) - 1;
	end = strchr(begin, '\n');
	ck_assert_ptr_nonnull(end);
	*end = '\0';
	ck_assert_int_ge(asprintf(&shell, "spawn-fcgi -P '%s' %s",
			     in_site("logs/pids.new"), begin),
	    0);
	status = system(shell);
	free(shell);
	free(line);
	if (status == 0)
		ck_assert_int_eq(
		    rename(in_site("logs/pids.new"), in_site("logs/pids")), 0);
	return status;
}

/* Reads the processes' ids; gives how many there are. */
static int
read_pids(pid_t pids[16])
{
	FILE *in = fopen(in_site("logs/pids"), "re");
	int n = 0, pid;

	if (in == NULL)
		return 0;
	while (n < 16 && fscanf(in, "%d", &pid) == 1)
		pids[n++] = pid;
	(void)fclose(in);
	return n;
}

/* They are nobody's children any more, so that they cannot be waited for. */
static void
end_processes(void)
{
	static const struct timespec pause = { 0, 5000000 };
	pid_t pids[16];
	int n = read_pids(pids), tries;

	while (n-- > 0) {
		(void)kill(pids[n], SIGTERM);
		for (tries = 0; tries < LOG_TRIES && kill(pids[n], 0) == 0;
		     tries++)
			(void)nanosleep(&pause, NULL);
	}
	(void)unlink(in_site("logs/pids"));
}

static void
start(const struct server *s)
{
	server = s;
	ck_assert_int_eq(setenv("FASTCGI", "0", 1), 0);
	/* Few calls, so that processes start anew in all of this. */
	site_make(&site, "busy_ms = 20000\nrate_ip = 1000000000\n"
			 "rate_key = 1000000000\nfastcgi_calls = 7");
	free(site_latchkey_ok(
	    &site, "tier", "set", "Standard", "1000000", NULL));
	free(site_latchkey_ok(&site, "service", "add", "--name", "A", "--type",
	    "Default", "--category", "C", "--rate", "1", "--min", "1", "--max",
	    "1000", "--cancel", NULL));
	(void)site_account(&site, "a@example.com");
	site_credit(&site, "a@example.com", "1000");
	site_key(&site, "a@example.com", key);
	if (server->spawn)
		ck_assert_int_eq(run_cron_line(), 0);
	server->start();
}

static void
end(void)
{
	site_stop(&site);
	end_processes();
	site_remove(&site);
}

/* --- what every one of them does ------------------------------------------ */

static void
must_answer(const struct http_call *call, int status, const char *body)
{
	struct answer answer;
	const char *length;

	http_run(&site, call, &answer);
	ck_assert_msg(answer.status == status, "%s: %d %s%s", server->name,
	    answer.status, answer.body, answer.why);
	ck_assert_msg(strcmp(answer.body, body) == 0, "%s: %s", server->name,
	    answer.body);
	ck_assert_msg(answer_count(&answer, "Content-Type") == 1 &&
			  answer_count(&answer, "Content-Length") == 1,
	    "%s: headers", server->name);
	ck_assert_str_eq(
	    answer_header(&answer, "Content-Type"), "application/json");
	length = answer_header(&answer, "Content-Length");
	ck_assert_uint_eq(strtoul(length, NULL, 10), answer.body_len);
	if (status == 405)
		ck_assert_str_eq(answer_header(&answer, "Allow"), "POST");
	answer_clear(&answer);
}

#define BALANCE "{\"balance\":\"1000.00\",\"currency\":\"USD\"}"
#define BAD_KEY "{\"error\":\"Invalid API key\"}"
#define TOO_LARGE "{\"error\":\"Request body too large\"}"

START_TEST(calls_are_answered)
{
	static const char *const paths[] = { "/api/v2", "/api/v2/" };
	char body[256], header[128];
	int i, chunked;

	(void)snprintf(body, sizeof(body), "key=%s&action=balance", key);
	for (i = 0; i < ROWS(paths); i++)
		for (chunked = 0; chunked < 2; chunked++)
			must_answer(&(struct http_call){ .path = paths[i],
					.body = body,
					.chunked = chunked },
			    200, BALANCE);
	must_answer(
	    &(struct http_call){ .body = body, .http10 = 1 }, 200, BALANCE);
	must_answer(
	    &(struct http_call){ .body = body, .expect = 1 }, 200, BALANCE);
	must_answer(
	    &(struct http_call){ .body = "action=balance" }, 200, BAD_KEY);
	(void)snprintf(body, sizeof(body), "key=%s", key);
	must_answer(&(struct http_call){ .path = "/api/v2?action=balance",
			.body = body },
	    200, BALANCE);
	must_answer(&(struct http_call){ .method = "GET" }, 405,
	    "{\"error\":\"Method not allowed, use POST\"}");
	must_answer(
	    &(struct http_call){ .content_type = "text/plain", .body = "x" },
	    415, "{\"error\":\"Unsupported content type\"}");
	(void)snprintf(header, sizeof(header), "X-Api-Key: %s", key);
	must_answer(&(struct http_call){ .body = "action=balance",
			.headers = (const char *const[]){ header, NULL } },
	    200,
	    "{\"error\":\"The API key belongs in the request body, in the "
	    "field key\"}");
}
END_TEST

START_TEST(large_bodies_are_read_or_refused_by_the_program)
{
	static const struct {
		size_t len;
		int status;
		const char *answer;
	} rows[] = {
		{ 65536, 200, BALANCE },
		{ 65537, 413, TOO_LARGE },
		{ 1 << 20, 413, TOO_LARGE },
	};
	char *body;
	int i, n, chunked;

	for (i = 0; i < ROWS(rows); i++) {
		body = malloc(rows[i].len + 1);
		ck_assert_ptr_nonnull(body);
		n = snprintf(
		    body, rows[i].len, "key=%s&action=balance&x=", key);
		memset(body + n, 'x', rows[i].len - (size_t)n);
		body[rows[i].len] = '\0';
		for (chunked = 0; chunked < 2; chunked++)
			must_answer(&(struct http_call){ .body = body,
					.chunked = chunked },
			    rows[i].status, rows[i].answer);
		free(body);
	}
}
END_TEST

START_TEST(pages_are_served_and_programs_are_not)
{
	static const struct {
		const char *path;
		int status; /* 0: anything but a success */
	} rows[] = {
		{ "/developers/", 200 },
		{ "/cgi-bin/v2", 0 },
		{ "/cgi-bin/.htaccess", 0 },
		{ "/.htaccess", 0 },
	};
	struct answer answer;
	int i;

	for (i = 0; i < ROWS(rows); i++) {
		http_run(&site,
		    &(struct http_call){
			.method = "GET", .path = rows[i].path },
		    &answer);
		ck_assert_msg(rows[i].status != 0
				  ? answer.status == rows[i].status
				  : answer.status >= 400,
		    "%s: %s: %d", server->name, rows[i].path, answer.status);
		answer_clear(&answer);
	}
}
END_TEST

/* The log of the server that an operator looks at. */
START_TEST(failures_are_in_the_log)
{
	static const struct timespec pause = { 0, 5000000 };
	char incident[32];
	struct answer answer;
	char *log = NULL;
	int tries;

	ck_assert_int_eq(
	    rename(in_site("latchkey.conf"), in_site("aside.conf")), 0);
	api_call(&site, &answer, "key=%s&action=balance", key);
	ck_assert_int_eq(answer.status, 500);
	ck_assert_str_eq(answer.body, "{\"error\":\"Internal error\"}");
	ck_assert_ptr_nonnull(answer_header(&answer, "X-Incident"));
	(void)snprintf(incident, sizeof(incident),
	    "v2[%s]: ", answer_header(&answer, "X-Incident"));
	answer_clear(&answer);
	for (tries = 0; tries < LOG_TRIES; tries++) {
		free(log);
		log = read_text(in_site("logs/error.log"));
		if (strstr(log, incident) != NULL)
			break;
		(void)nanosleep(&pause, NULL);
	}
	ck_assert_msg(strstr(log, incident) != NULL, "%s: no %s in: %s",
	    server->name, incident, log);
	free(log);
	ck_assert_int_eq(
	    rename(in_site("aside.conf"), in_site("latchkey.conf")), 0);
	api_call(&site, &answer, "key=%s&action=balance", key);
	ck_assert_str_eq(answer.body, BALANCE);
	answer_clear(&answer);
}
END_TEST

/* One of the answers that were no order. */
static char other[1024];
static pthread_mutex_t other_lock = PTHREAD_MUTEX_INITIALIZER;

static void *
place_orders(void *arg)
{
	struct answer answer;
	int i;

	for (i = 0; i < CALLS; i++) {
		api_call(&site, &answer,
		    "key=%s&action=add&service=1&quantity=1"
		    "&link=https://example.com/%d-%d",
		    key, *(int *)arg, i);
		if (answer.status != 200 ||
		    strncmp(answer.body, "{\"order\":", 9) != 0) {
			(void)pthread_mutex_lock(&other_lock);
			(void)snprintf(other, sizeof(other), "%d %.300s%s",
			    answer.status, answer.body, answer.why);
			(void)pthread_mutex_unlock(&other_lock);
		}
		answer_clear(&answer);
	}
	return NULL;
}

/* Processes start anew all the time, and no call is lost. */
START_TEST(many_at_once_lose_nothing)
{
	pthread_t threads[THREADS];
	int numbers[THREADS], i;

	for (i = 0; i < THREADS; i++) {
		numbers[i] = i;
		ck_assert_int_eq(pthread_create(&threads[i], NULL, place_orders,
				     &numbers[i]),
		    0);
	}
	for (i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
	ck_assert_msg(other[0] == '\0', "%s: %s", server->name, other);
	ck_assert_int_eq(site_sql_int(&site, "SELECT COUNT(*) FROM orders"),
	    THREADS * CALLS);
	site_must_check(&site);
}
END_TEST

static int
count_files(const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *entry;
	int n = 0;

	if (d == NULL)
		return 0;
	while ((entry = readdir(d)) != NULL)
		n += entry->d_name[0] != '.';
	(void)closedir(d);
	return n;
}

/* Where there is a socket, it is by that that the program was called. */
START_TEST(fastcgi_is_used_where_it_is_wanted)
{
	struct answer answer;
	pid_t pids[16];
	int n;

	api_call(&site, &answer, "key=%s&action=status&order=1", key);
	ck_assert_int_eq(answer.status, 200);
	answer_clear(&answer);
	if (server->start == start_fcgid ||
	    server->start == start_without_fcgid)
		ck_assert_int_eq(
		    count_files(in_site("logs/fcgid")) > 0, server->fastcgi);
	if (!server->spawn)
		return;
	/* A second set is not started while there is one. */
	n = read_pids(pids);
	ck_assert_int_eq(n, 3);
	ck_assert_int_ne(run_cron_line(), 0);
	while (n-- > 0)
		ck_assert_int_eq(kill(pids[n], 0), 0);
}
END_TEST

static void
start_0(void)
{
	start(&servers[0]);
}

static void
start_1(void)
{
	start(&servers[1]);
}

static void
start_2(void)
{
	start(&servers[2]);
}

static void
start_3(void)
{
	start(&servers[3]);
}

static void
start_4(void)
{
	start(&servers[4]);
}

static Suite *
make_suite(void)
{
	/* A fixture of Check has no argument. */
	static void (*const starts[])(
	    void) = { start_0, start_1, start_2, start_3, start_4 };
	Suite *suite = suite_create("servers");
	int i;

	for (i = 0; i < ROWS(servers); i++) {
		TCase *tc = tcase_create(servers[i].name);

		/* Once, and ended even where a test fails. */
		tcase_add_unchecked_fixture(tc, starts[i], end);
		tcase_add_test(tc, calls_are_answered);
		tcase_add_test(
		    tc, large_bodies_are_read_or_refused_by_the_program);
		tcase_add_test(tc, pages_are_served_and_programs_are_not);
		tcase_add_test(tc, failures_are_in_the_log);
		tcase_add_test(tc, many_at_once_lose_nothing);
		tcase_add_test(tc, fastcgi_is_used_where_it_is_wanted);
		suite_add_tcase(suite, tc);
	}
	return suite;
}

SUITE_MAIN(make_suite)
