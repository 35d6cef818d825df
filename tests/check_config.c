/* SPDX-License-Identifier: ISC */
/*
 * The configuration file: where it is found, every name and its bounds, what
 * is refused and with which line of log, and the rules for the data
 * directory.
 */
#include "config.h"

#include <fcntl.h>
#include <limits.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "scratch.h"
#include "suite.h"
#include "text.h"

#define CONF "latchkey.conf"

/* Writes a file of that text and loads it; a failure's log is one line. */
static enum rc
load(const char *text, size_t len, struct config *config, char **log)
{
	char path[SCRATCH_PATH_LEN];
	enum rc rc;

	scratch_write(CONF, text, len, 0600, path);
	scratch_log_start();
	rc = config_load(path, config);
	*log = scratch_log_end(NULL);
	return rc;
}

static void
load_good(const char *text, struct config *config)
{
	char *log;
	enum rc rc = load(text, strlen(text), config, &log);

	ck_assert_msg(rc == RC_OK && log[0] == '\0', "%s: %s", text, log);
	free(log);
}

static void
load_bad(const char *text, size_t len, const char *words)
{
	struct config config;
	char *log;
	enum rc rc = load(text, len, &config, &log);

	ck_assert_msg(rc == RC_FAIL, "%s: loaded", text);
	scratch_log_must_be(log, words);
	free(log);
}

/* --- values ------------------------------------------------------------- */

START_TEST(an_empty_file_means_the_defaults)
{
	char data[SCRATCH_PATH_LEN], path[SCRATCH_PATH_LEN];
	struct config config;

	memset(&config, 0x5a, sizeof(config));
	load_good("", &config);
	scratch_path(CONF, path);
	scratch_path("data", data);
	ck_assert_str_eq(config.path, path);
	ck_assert_str_eq(config.data_dir, data);
	ck_assert_str_eq(config.url, "https://panel.example");
	ck_assert_str_eq(config.currency, "USD");
	ck_assert_int_eq(config.http_strict, 0);
	ck_assert_int_eq(config.sign_up, 1);
	ck_assert_int_eq(config.busy_ms, 3000);
	ck_assert_int_eq(config.rate_ip, 300);
	ck_assert_int_eq(config.rate_key, 100);
	ck_assert_int_eq(config.refill_limit, 3);
	ck_assert_int_eq(config.fastcgi_calls, 10000);
	ck_assert_int_eq(config.audit_days, 365);
	ck_assert_uint_eq(config.nproxies, 0);
	ck_assert_int_eq(config.webhook_local, 0);
	ck_assert_str_eq(config.ca_file, "/etc/ssl/certs/ca-certificates.crt");
	ck_assert_str_eq(config.sendmail, "/usr/sbin/sendmail");
	ck_assert_str_eq(config.mail_from, "");
	ck_assert_str_eq(config.brand_name, "Latchkey");
	ck_assert_str_eq(config.brand_logo, "");
	ck_assert_str_eq(config.brand_color, "");
	ck_assert_str_eq(config.brand_dark_color, "");
	ck_assert_str_eq(config.brand_footer, "");
	ck_assert_str_eq(config.deposit_text, "");
	ck_assert_str_eq(config.brand_css, "");
	ck_assert_str_eq(config.templates, "");
}
END_TEST

#define FIELD(name) offsetof(struct config, name)

static const struct {
	const char *line;
	size_t offset;
	int64_t n;
} numbers[] = {
	{ "rate_ip = 1", FIELD(rate_ip), 1 },
	{ "rate_ip=1000000000", FIELD(rate_ip), 1000000000 },
	{ "rate_key = 1", FIELD(rate_key), 1 },
	{ "rate_key\t=\t1000000000\t", FIELD(rate_key), 1000000000 },
	{ "refill_limit = 0", FIELD(refill_limit), 0 },
	{ "  refill_limit  =  1000  ", FIELD(refill_limit), 1000 },
	{ "fastcgi_calls = 0", FIELD(fastcgi_calls), 0 },
	{ "fastcgi_calls = 1000000000", FIELD(fastcgi_calls), 1000000000 },
	{ "audit_days = 0", FIELD(audit_days), 0 },
	{ "audit_days = 36500", FIELD(audit_days), 36500 },
	{ "busy_ms = 1", FIELD(busy_ms), 1 },
	{ "busy_ms = 60000\r", FIELD(busy_ms), 60000 },
	{ "busy_ms = 007", FIELD(busy_ms), 7 },
	{ "busy_ms = 5\nbusy_ms = 6", FIELD(busy_ms), 6 },
	{ "# busy_ms = 5\n\n   # x\nbusy_ms = 7\n#busy_ms = 8", FIELD(busy_ms),
	    7 },
};

START_TEST(a_number_is_set_up_to_its_bounds)
{
	struct config config;

	load_good(numbers[_i].line, &config);
	ck_assert_int_eq(
	    *(const int64_t *)(const void *)((const char *)&config +
					     numbers[_i].offset),
	    numbers[_i].n);
}
END_TEST

static const struct {
	const char *line;
	size_t offset;
	const char *value;
} texts[] = {
	{ "url = http://x", FIELD(url), "http://x" },
	{ "url = https://x/", FIELD(url), "https://x" },
	{ "url = https://x.example:8443/shop//", FIELD(url),
	    "https://x.example:8443/shop" },
	{ "url = https://x/a=b", FIELD(url), "https://x/a=b" },
	{ "currency = EUR", FIELD(currency), "EUR" },
	{ "currency=XXX", FIELD(currency), "XXX" },
	{ "data_dir = /var/lib/x", FIELD(data_dir), "/var/lib/x" },
	{ "data_dir = /with space", FIELD(data_dir), "/with space" },
	{ "ca_file = /etc/pki/tls/cert.pem", FIELD(ca_file),
	    "/etc/pki/tls/cert.pem" },
	{ "ca_file=/with space = and more", FIELD(ca_file),
	    "/with space = and more" },
	{ "ca_file =", FIELD(ca_file), "" },
	{ "sendmail = /usr/lib/sendmail", FIELD(sendmail),
	    "/usr/lib/sendmail" },
	{ "sendmail = /", FIELD(sendmail), "/" },
	{ "sendmail =", FIELD(sendmail), "" },
	{ "sendmail = \t ", FIELD(sendmail), "" },
	{ "sendmail = /a\nsendmail =", FIELD(sendmail), "" },
	{ "mail_from = panel@example.test", FIELD(mail_from),
	    "panel@example.test" },
	{ "mail_from = Panel+Bounce@Example.TEST\r", FIELD(mail_from),
	    "Panel+Bounce@Example.TEST" },
	{ "mail_from = a@b\nmail_from =", FIELD(mail_from), "" },
	{ "brand_name = X", FIELD(brand_name), "X" },
	{ "brand_name = M\xc3\xbcller & <S\xc3\xb6hne>", FIELD(brand_name),
	    "M\xc3\xbcller & <S\xc3\xb6hne>" },
	{ "brand_logo = /logo.svg", FIELD(brand_logo), "/logo.svg" },
	{ "brand_logo = /my/Logo-2_b~.png", FIELD(brand_logo),
	    "/my/Logo-2_b~.png" },
	{ "brand_logo = /a\nbrand_logo =", FIELD(brand_logo), "" },
	{ "brand_css = /brand/a.b.css", FIELD(brand_css), "/brand/a.b.css" },
	{ "brand_css =", FIELD(brand_css), "" },
	{ "brand_color = #0b5fa5", FIELD(brand_color), "#0b5fa5" },
	{ "brand_color = #ABCDEF", FIELD(brand_color), "#ABCDEF" },
	{ "brand_color =", FIELD(brand_color), "" },
	{ "brand_dark_color = #8ab8ff", FIELD(brand_dark_color), "#8ab8ff" },
	{ "brand_footer = \xc2\xa9 2026, a & b", FIELD(brand_footer),
	    "\xc2\xa9 2026, a & b" },
	{ "brand_footer =", FIELD(brand_footer), "" },
	{ "deposit_text = IBAN <1>, \"you\" & us", FIELD(deposit_text),
	    "IBAN <1>, \"you\" & us" },
	{ "deposit_text =", FIELD(deposit_text), "" },
	{ "templates = /srv/templates", FIELD(templates), "/srv/templates" },
	{ "templates = a\ntemplates =", FIELD(templates), "" },
};

START_TEST(a_word_is_set)
{
	struct config config;

	load_good(texts[_i].line, &config);
	ck_assert_str_eq(
	    (const char *)&config + texts[_i].offset, texts[_i].value);
}
END_TEST

START_TEST(a_relative_data_directory_is_beside_the_file)
{
	char expected[SCRATCH_PATH_LEN];
	struct config config;

	load_good("data_dir = ../there", &config);
	scratch_path("../there", expected);
	ck_assert_str_eq(config.data_dir, expected);
}
END_TEST

START_TEST(relative_templates_are_beside_the_file)
{
	char expected[SCRATCH_PATH_LEN];
	struct config config;

	load_good("templates = templates", &config);
	scratch_path("templates", expected);
	ck_assert_str_eq(config.templates, expected);
}
END_TEST

START_TEST(a_journal_is_truncated_or_a_log)
{
	struct config config;

	load_good("", &config);
	ck_assert(!config.has_log);
	load_good("journal = wal", &config);
	ck_assert(config.has_log);
	load_good("journal = wal\njournal = truncate", &config);
	ck_assert(!config.has_log);
}
END_TEST

START_TEST(a_status_is_compat_or_strict)
{
	struct config config;

	load_good("http_status = strict", &config);
	ck_assert_int_eq(config.http_strict, 1);
	load_good("http_status = compat", &config);
	ck_assert_int_eq(config.http_strict, 0);
	load_good("http_status = strict\nhttp_status = compat", &config);
	ck_assert_int_eq(config.http_strict, 0);
}
END_TEST

START_TEST(prices_are_for_members_or_public)
{
	struct config config;

	load_good("", &config);
	ck_assert_int_eq(config.has_public_prices, 0);
	load_good("price_list = public", &config);
	ck_assert_int_eq(config.has_public_prices, 1);
	load_good("price_list = public\nprice_list = members", &config);
	ck_assert_int_eq(config.has_public_prices, 0);
}
END_TEST

START_TEST(sign_up_is_open_or_closed)
{
	struct config config;

	load_good("signup = closed", &config);
	ck_assert_int_eq(config.sign_up, 0);
	load_good("signup = closed\nsignup = open", &config);
	ck_assert_int_eq(config.sign_up, 1);
}
END_TEST

START_TEST(a_switch_is_yes_or_no)
{
	struct config config;

	load_good("webhook_local = yes", &config);
	ck_assert_int_eq(config.webhook_local, 1);
	load_good("webhook_local = no", &config);
	ck_assert_int_eq(config.webhook_local, 0);
	load_good("webhook_local = yes\nwebhook_local = no", &config);
	ck_assert_int_eq(config.webhook_local, 0);
}
END_TEST

#define SEVEN "10.0.0.1,10.0.0.2,10.0.0.3,10.0.0.4,10.0.0.5,10.0.0.6,10.0.0.7"

static const struct {
	const char *line;
	size_t n;
	const char *last;
} proxies[] = {
	{ "proxies =", 0, "" },
	{ "proxies = ,", 0, "" },
	{ "proxies = 10.0.0.1", 1, "10.0.0.1" },
	{ "proxies = 10.0.0.1,10.0.0.2", 2, "10.0.0.2" },
	{ "proxies = 10.0.0.1 ,\t10.0.0.2 , ", 2, "10.0.0.2" },
	{ "proxies = ::1, 2001:db8::1", 2, "2001:db8::1" },
	{ "proxies = ::ffff:10.0.0.1", 1, "::ffff:10.0.0.1" },
	{ "proxies = ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255", 1,
	    "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255" },
	{ "proxies = 10.0.0.1\nproxies = 10.0.0.2", 1, "10.0.0.2" },
	{ "proxies = " SEVEN "," SEVEN ",10.0.0.8,10.0.0.9", CONFIG_PROXIES_MAX,
	    "10.0.0.9" },
};

START_TEST(proxies_are_addresses_with_commas_between)
{
	struct config config;

	load_good(proxies[_i].line, &config);
	ck_assert_uint_eq(config.nproxies, proxies[_i].n);
	if (proxies[_i].n > 0)
		ck_assert_str_eq(
		    config.proxies[proxies[_i].n - 1], proxies[_i].last);
}
END_TEST

/* --- what is refused ---------------------------------------------------- */

/* Each stands on line 2. */
static const struct {
	const char *line;
	const char *words;
} bad_lines[] = {
	{ "rate_ip = 0", "line 2: bad value for rate_ip" },
	{ "rate_ip = 1000000001", "line 2: bad value for rate_ip" },
	{ "rate_ip = 99999999999999999999", "line 2: bad value for rate_ip" },
	{ "rate_ip = -1", "line 2: bad value for rate_ip" },
	{ "rate_ip = 1e3", "line 2: bad value for rate_ip" },
	{ "rate_ip = 10 # ten", "line 2: bad value for rate_ip" },
	{ "rate_ip = 1 0", "line 2: bad value for rate_ip" },
	{ "rate_ip =", "line 2: bad value for rate_ip" },
	{ "rate_key = 0", "line 2: bad value for rate_key" },
	{ "rate_key = many", "line 2: bad value for rate_key" },
	{ "refill_limit = 1001", "line 2: bad value for refill_limit" },
	{ "fastcgi_calls = -1", "line 2: bad value for fastcgi_calls" },
	{ "audit_days = 36501", "line 2: bad value for audit_days" },
	{ "refill_limit = -1", "line 2: bad value for refill_limit" },
	{ "busy_ms = 0", "line 2: bad value for busy_ms" },
	{ "busy_ms = 60001", "line 2: bad value for busy_ms" },
	{ "busy_ms = 3s", "line 2: bad value for busy_ms" },
	{ "currency = usd", "line 2: bad value for currency" },
	{ "currency = US", "line 2: bad value for currency" },
	{ "currency = USDT", "line 2: bad value for currency" },
	{ "currency = U D", "line 2: bad value for currency" },
	{ "currency = \"USD\"", "line 2: bad value for currency" },
	{ "currency =", "line 2: bad value for currency" },
	{ "http_status = Strict", "line 2: bad value for http_status" },
	{ "http_status = 200", "line 2: bad value for http_status" },
	{ "journal = WAL", "line 2: bad value for journal" },
	{ "journal = delete", "line 2: bad value for journal" },
	{ "journal =", "line 2: bad value for journal" },
	{ "http_status =", "line 2: bad value for http_status" },
	{ "signup = yes", "line 2: bad value for signup" },
	{ "signup =", "line 2: bad value for signup" },
	{ "price_list = yes", "line 2: bad value for price_list" },
	{ "price_list =", "line 2: bad value for price_list" },
	{ "brand_name =", "line 2: bad value for brand_name" },
	{ "brand_name = a\tb", "line 2: bad value for brand_name" },
	{ "brand_name = \xff", "line 2: bad value for brand_name" },
	{ "brand_logo = logo.svg", "line 2: bad value for brand_logo" },
	{ "brand_logo = /", "line 2: bad value for brand_logo" },
	{ "brand_logo = //evil.example", "line 2: bad value for brand_logo" },
	{ "brand_logo = /\\evil", "line 2: bad value for brand_logo" },
	{ "brand_logo = /a//b", "line 2: bad value for brand_logo" },
	{ "brand_logo = /../b", "line 2: bad value for brand_logo" },
	{ "brand_logo = /a/.b", "line 2: bad value for brand_logo" },
	{ "brand_logo = /a b", "line 2: bad value for brand_logo" },
	{ "brand_logo = /a?b", "line 2: bad value for brand_logo" },
	{ "brand_logo = https://a/b", "line 2: bad value for brand_logo" },
	{ "brand_css = a.css", "line 2: bad value for brand_css" },
	{ "brand_color = red", "line 2: bad value for brand_color" },
	{ "brand_color = #fff", "line 2: bad value for brand_color" },
	{ "brand_color = #fffffg", "line 2: bad value for brand_color" },
	{ "brand_color = #fffffff", "line 2: bad value for brand_color" },
	{ "brand_color = ffffff", "line 2: bad value for brand_color" },
	{ "brand_dark_color = #12345;", "bad value for brand_dark_color" },
	{ "brand_footer = a\x01", "line 2: bad value for brand_footer" },
	{ "deposit_text = a\x01", "line 2: bad value for deposit_text" },
	{ "url = panel.example", "line 2: bad value for url" },
	{ "url = ftp://panel.example", "line 2: bad value for url" },
	{ "url = //panel.example", "line 2: bad value for url" },
	{ "url = https:/", "line 2: bad value for url" },
	{ "url = https://", "line 2: bad value for url" },
	{ "url = http:////", "line 2: bad value for url" },
	{ "url =", "line 2: bad value for url" },
	{ "url = https://a b", "line 2: bad value for url" },
	{ "url = https://a/b c", "line 2: bad value for url" },
	{ "url = https://a\tb", "line 2: bad value for url" },
	{ "url = https://a/\"", "line 2: bad value for url" },
	{ "url = \"https://a\"", "line 2: bad value for url" },
	{ "url = https://a/'", "line 2: bad value for url" },
	{ "url = https://a/<b>", "line 2: bad value for url" },
	{ "url = https://a/b\\", "line 2: bad value for url" },
	{ "url = https://a/`b`", "line 2: bad value for url" },
	{ "url = https://a/#b", "line 2: bad value for url" },
	{ "url = https://a/?b=c", "line 2: bad value for url" },
	{ "url = https://me@a", "line 2: bad value for url" },
	{ "url = https://a:0", "line 2: bad value for url" },
	{ "url = https://a:b", "line 2: bad value for url" },
	{ "url = https://a..b", "line 2: bad value for url" },
	{ "url = https://\xc3\xa4.example", "line 2: bad value for url" },
	{ "data_dir =", "line 2: bad value for data_dir" },
	{ "proxies = localhost", "line 2: bad value for proxies" },
	{ "proxies = 10.0.0.0/8", "line 2: bad value for proxies" },
	{ "proxies = 10.0.0", "line 2: bad value for proxies" },
	{ "proxies = 10.0.0.256", "line 2: bad value for proxies" },
	{ "proxies = 10.0.0.1;10.0.0.2", "line 2: bad value for proxies" },
	{ "proxies = [::1]", "line 2: bad value for proxies" },
	{ "proxies = fe80::1%eth0", "line 2: bad value for proxies" },
	{ "proxies = " SEVEN "," SEVEN ",10.0.0.8,10.0.0.9,10.0.0.10",
	    "line 2: bad value for proxies" },
	{ "webhook_local = Yes", "line 2: bad value for webhook_local" },
	{ "webhook_local = 1", "line 2: bad value for webhook_local" },
	{ "webhook_local = true", "line 2: bad value for webhook_local" },
	{ "webhook_local = on", "line 2: bad value for webhook_local" },
	{ "webhook_local = yes no", "line 2: bad value for webhook_local" },
	{ "webhook_local = yes # here", "line 2: bad value for webhook_local" },
	{ "webhook_local =", "line 2: bad value for webhook_local" },
	{ "ca_file = cert.pem", "line 2: bad value for ca_file" },
	{ "ca_file = ./cert.pem", "line 2: bad value for ca_file" },
	{ "ca_file = ~/cert.pem", "line 2: bad value for ca_file" },
	{ "ca_file = \"/cert.pem\"", "line 2: bad value for ca_file" },
	{ "sendmail = sendmail", "line 2: bad value for sendmail" },
	{ "sendmail = ../sendmail", "line 2: bad value for sendmail" },
	{ "sendmail = |/usr/sbin/sendmail", "line 2: bad value for sendmail" },
	{ "sendmail = none", "line 2: bad value for sendmail" },
	{ "mail_from = panel", "line 2: bad value for mail_from" },
	{ "mail_from = @", "line 2: bad value for mail_from" },
	{ "mail_from = panel@", "line 2: bad value for mail_from" },
	{ "mail_from = a@b, c@d", "line 2: bad value for mail_from" },
	{ "mail_from = Panel <panel@example.test>",
	    "line 2: bad value for mail_from" },
	{ "mail_from = <panel@example.test>",
	    "line 2: bad value for mail_from" },
	{ "mail_from = a@b\rBcc: c@d", "line 2: bad value for mail_from" },
	{ "mail_from = -f@example.test", "line 2: bad value for mail_from" },
	{ "mail_from = \xc3\xa9@example.test",
	    "line 2: bad value for mail_from" },
	{ "unknown = 1", "line 2: unknown name unknown" },
	{ "Rate_ip = 1", "line 2: unknown name Rate_ip" },
	{ "rate-ip = 1", "line 2: unknown name rate-ip" },
	{ "rate_ipx = 1", "line 2: unknown name rate_ipx" },
	{ "rate_i = 1", "line 2: unknown name rate_i" },
	{ "= 1", "line 2: unknown name " },
	{ "=", "line 2: unknown name " },
	{ "http_strict = 1", "line 2: unknown name http_strict" },
	{ "path = x", "line 2: unknown name path" },
	{ "rate_ip", "line 2: no '='" },
	{ "rate_ip 5", "line 2: no '='" },
	{ "[section]", "line 2: no '='" },
	{ "\xef\xbb\xbf# a mark", "line 2: no '='" },
};

START_TEST(a_bad_line_is_named)
{
	char text[1024];
	int n = snprintf(text, sizeof(text), "# first\n%s\nbusy_ms = 1\n",
	    bad_lines[_i].line);

	load_bad(text, (size_t)n, bad_lines[_i].words);
}
END_TEST

/* Half of a list that is believed is worse than none. */
START_TEST(proxies_with_spaces_between_are_refused)
{
	static const char *const lines[] = { "proxies = 10.0.0.1 10.0.0.2",
		"proxies = 10.0.0.1 # the balancer",
		"proxies = ::1, 10.0.0.1 x, 10.0.0.2" };

	load_bad(lines[_i], strlen(lines[_i]), "bad value for proxies");
}
END_TEST

/* What stands behind a NUL would be passed over in silence. */
START_TEST(a_nul_in_the_file_is_refused)
{
	static const char text[] = "busy_ms = 5\n\0rate_ip = 1\n";

	load_bad(text, sizeof(text) - 1, "cannot read");
}
END_TEST

START_TEST(a_value_that_does_not_fit_is_refused)
{
	static const struct {
		const char *name, *start;
		int fits;
	} values[] = {
		{ "url", "https://x/", CONFIG_TEXT_MAX - 1 },
		{ "data_dir", "/", CONFIG_PATH_MAX - 1 },
		{ "ca_file", "/", CONFIG_PATH_MAX - 1 },
		{ "sendmail", "/", CONFIG_PATH_MAX - 1 },
		{ "mail_from", "a@", TEXT_EMAIL_MAX },
		{ "brand_name", "", TEXT_NAME_MAX },
		{ "brand_logo", "/", CONFIG_TEXT_MAX - 1 },
		{ "brand_css", "/", CONFIG_TEXT_MAX - 1 },
		{ "brand_footer", "", CONFIG_TEXT_MAX - 1 },
		{ "deposit_text", "", CONFIG_TEXT_MAX - 1 },
		{ "templates", "/", CONFIG_PATH_MAX - 1 },
	};
	int len = values[_i].fits - (int)strlen(values[_i].start);
	struct config config;
	char text[2048];

	(void)snprintf(text, sizeof(text), "%s = %s%0*d", values[_i].name,
	    values[_i].start, len, 0);
	load_good(text, &config);
	len = snprintf(text, sizeof(text), "%s = %s%0*d", values[_i].name,
	    values[_i].start, len + 1, 0);
	load_bad(text, (size_t)len, "bad value for ");
	/* Relative: the file's own directory comes before it. */
	len = snprintf(
	    text, sizeof(text), "data_dir = %0*d", CONFIG_PATH_MAX - 2, 0);
	load_bad(text, (size_t)len, "bad value for data_dir");
}
END_TEST

START_TEST(a_file_has_at_most_8_kibibytes)
{
	enum { MAX = 8192 };
	char *text = malloc(MAX + 1);
	struct config config;
	char *log;

	ck_assert_ptr_nonnull(text);
	memset(text, '#', MAX + 1);
	memcpy(text + MAX - 13, "\nbusy_ms = 77", 13);
	ck_assert_int_eq(load(text, MAX, &config, &log), RC_OK);
	ck_assert_int_eq(config.busy_ms, 77);
	free(log);
	load_bad(text, MAX + 1, "over 8192 bytes");
	free(text);
}
END_TEST

static const struct {
	mode_t mode;
	enum rc rc;
} modes[] = {
	{ 0600, RC_OK },
	{ 0400, RC_OK },
	{ 0640, RC_OK },
	{ 0644, RC_OK },
	{ 0444, RC_OK },
	{ 0620, RC_FAIL },
	{ 0602, RC_FAIL },
	{ 0660, RC_FAIL },
	{ 0664, RC_FAIL },
	{ 0666, RC_FAIL },
	{ 0777, RC_FAIL },
};

START_TEST(a_file_that_others_can_write_is_refused)
{
	char path[SCRATCH_PATH_LEN];
	struct config config;
	char *log;

	scratch_write(CONF, "", 0, modes[_i].mode, path);
	scratch_log_start();
	ck_assert_int_eq(config_load(path, &config), modes[_i].rc);
	log = scratch_log_end(NULL);
	if (modes[_i].rc != RC_OK)
		scratch_log_must_be(log, "refuse the configuration");
	free(log);
}
END_TEST

START_TEST(what_is_no_file_is_refused)
{
	char path[SCRATCH_PATH_LEN], longer[2 * CONFIG_PATH_MAX];
	struct config config;
	char *log;

	scratch_path("nothing", path);
	scratch_log_start();
	ck_assert_int_eq(config_load(path, &config), RC_FAIL);
	log = scratch_log_end(NULL);
	scratch_log_must_be(log, "No such file or directory");
	free(log);

	scratch_mkdir("folder", 0700, path);
	scratch_log_start();
	ck_assert_int_eq(config_load(path, &config), RC_FAIL);
	log = scratch_log_end(NULL);
	scratch_log_must_be(log, "refuse the configuration");
	free(log);

	memset(longer, '/', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	scratch_log_start();
	ck_assert_int_eq(config_load(longer, &config), RC_FAIL);
	log = scratch_log_end(NULL);
	scratch_log_must_be(log, "its path is too long");
	free(log);
}
END_TEST

START_TEST(a_file_that_cannot_be_read_is_refused)
{
	char path[SCRATCH_PATH_LEN];
	struct config config;
	char *log;

	if (geteuid() == 0)
		return; /* root reads everything */
	scratch_write(CONF, "", 0, 0, path);
	scratch_log_start();
	ck_assert_int_eq(config_load(path, &config), RC_FAIL);
	log = scratch_log_end(NULL);
	scratch_log_must_be(log, "Permission denied");
	free(log);
}
END_TEST

/* --- the file that init writes ------------------------------------------- */

static void
write_default(const char *url, char path[SCRATCH_PATH_LEN])
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	ck_assert_ptr_nonnull(out);
	ck_assert_int_eq(config_write_default(out, url), RC_OK);
	ck_assert_int_eq(fclose(out), 0);
	scratch_write(CONF, text, len, 0600, path);
	free(text);
}

START_TEST(the_written_file_has_every_default)
{
	char path[SCRATCH_PATH_LEN];
	struct config empty, written;

	load_good("", &empty);
	write_default(NULL, path);
	ck_assert_int_eq(config_load(path, &written), RC_OK);
	ck_assert_mem_eq(&empty, &written, sizeof(empty));
	write_default("https://mine.example/shop", path);
	ck_assert_int_eq(config_load(path, &written), RC_OK);
	ck_assert_str_eq(written.url, "https://mine.example/shop");
}
END_TEST

/* So that whoever edits it sees what there is, with a comment above each. */
START_TEST(the_written_file_names_every_value)
{
	static const char *const lines[] = { "data_dir = data",
		"url = https://panel.example", "currency = USD",
		"http_status = compat", "signup = open", "price_list = members",
		"rate_ip = 300", "rate_key = 100",
		"proxies = ", "refill_limit = 3", "busy_ms = 3000",
		"journal = truncate", "webhook_local = no",
		"ca_file = /etc/ssl/certs/ca-certificates.crt",
		"sendmail = /usr/sbin/sendmail",
		"mail_from = ", "brand_name = Latchkey",
		"brand_logo = ", "brand_color = ", "brand_dark_color = ",
		"brand_footer = ", "deposit_text = ", "brand_css = ",
		"templates = ", "fastcgi_calls = 10000", "audit_days = 365" };
	char path[SCRATCH_PATH_LEN], *text, *line, *rest;
	const char *above = "";
	int n = 0;

	write_default(NULL, path);
	text = scratch_read(path, NULL);
	for (rest = text; (line = strsep(&rest, "\n")) != NULL; above = line) {
		if (line[0] == '#' || line[0] == '\0')
			continue;
		ck_assert_int_lt(n, ROWS(lines));
		ck_assert_str_eq(line, lines[n++]);
		ck_assert_int_eq(above[0], '#');
	}
	ck_assert_int_eq(n, ROWS(lines));
	free(text);
}
END_TEST

START_TEST(a_full_disk_is_noticed)
{
	FILE *out = fopen("/dev/full", "we");

	ck_assert_ptr_nonnull(out);
	(void)setvbuf(out, NULL, _IONBF, 0);
	ck_assert_int_eq(config_write_default(out, NULL), RC_FAIL);
	(void)fclose(out);
}
END_TEST

/* Every line "name = value" of the file has its ".It ... name" there. */
START_TEST(the_manual_has_every_name)
{
	char path[SCRATCH_PATH_LEN], *text, *manual, *line, *rest, item[64];
	const char *site = getenv("SITE");
	int n = 0;

	write_default(NULL, path);
	text = scratch_read(path, NULL);
	(void)snprintf(path, sizeof(path), "%s%s", site != NULL ? site : "bin",
	    site != NULL ? "/share/man/man5/latchkey.conf.5"
			 : "/latchkey.conf.5");
	manual = scratch_read(path, NULL);
	for (rest = text; (line = strsep(&rest, "\n")) != NULL;) {
		size_t len = strcspn(line, " ");

		if (line[0] == '#' || line[0] == '\0')
			continue;
		(void)snprintf(
		    item, sizeof(item), "\n.It Ic %.*s", (int)len, line);
		ck_assert_msg(strstr(manual, item) != NULL, "%s", item + 1);
		n++;
	}
	ck_assert_int_gt(n, 0);
	free(manual);
	free(text);
}
END_TEST

/* --- where it is found --------------------------------------------------- */

/* What a copy of this program in another place does, instead of testing. */
static void __attribute__((constructor)) find_and_say(void)
{
	char path[CONFIG_PATH_MAX];
	enum rc rc;

	if (getenv("CHECK_CONFIG_FIND") == NULL)
		return;
	rc = config_find(path);
	(void)printf("%d %s", (int)rc, path);
	(void)fflush(stdout);
	_exit(0);
}

/* Runs the program at path; what config_find said there. */
static enum rc
find_at(const char *program, char found[CONFIG_PATH_MAX])
{
	int pipe_fds[2], status;
	char text[CONFIG_PATH_MAX];
	size_t len = 0;
	ssize_t n;
	pid_t pid;

	ck_assert_int_eq(pipe(pipe_fds), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		char name[] = "latchkey", variable[] = "CHECK_CONFIG_FIND=1";
		char lie[] = "LATCHKEY_CONF=/nowhere/latchkey.conf";
		char *argv[] = { name, NULL };
		char *env[] = { variable, lie, NULL };

		(void)dup2(pipe_fds[1], STDOUT_FILENO);
		if (chdir("/") == 0)
			(void)execve(program, argv, env);
		_exit(127);
	}
	(void)close(pipe_fds[1]);
	while ((n = read(pipe_fds[0], text + len, sizeof(text) - 1 - len)) > 0)
		len += (size_t)n;
	text[len] = '\0';
	(void)close(pipe_fds[0]);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	ck_assert_uint_gt(len, 1);
	(void)snprintf(found, CONFIG_PATH_MAX, "%s", text + 2);
	return (enum rc)(text[0] - '0');
}

/* Copies this program to dir/program. */
static void
copy_program(const char *name, char path[SCRATCH_PATH_LEN])
{
	size_t len = 0;
	char *program = scratch_read("/proc/self/exe", &len);

	scratch_write(name, program, len, 0700, path);
	free(program);
}

/* Files from far to near: each, once there, hides those before it. */
static const char *const places[] = {
	"latchkey/latchkey.conf",
	"latchkey.conf",
	"a/latchkey/latchkey.conf",
	"a/latchkey.conf",
	"a/b/latchkey/latchkey.conf",
	"a/b/latchkey.conf",
};

START_TEST(the_nearest_file_above_the_program_is_found)
{
	char path[SCRATCH_PATH_LEN], real[PATH_MAX], found[CONFIG_PATH_MAX];
	char program[SCRATCH_PATH_LEN], other[SCRATCH_PATH_LEN];
	int i;

	scratch_mkdir("latchkey", 0700, path);
	scratch_mkdir("a", 0700, path);
	scratch_mkdir("a/latchkey", 0700, path);
	scratch_mkdir("a/b", 0700, path);
	scratch_mkdir("a/b/latchkey", 0700, path);
	scratch_mkdir("c", 0700, path);
	copy_program("a/b/program", program);
	ck_assert_int_eq(find_at(program, found), RC_NOT_FOUND);
	ck_assert_str_eq(found, "");
	for (i = 0; i < ROWS(places); i++) {
		scratch_write(places[i], "", 0, 0600, path);
		ck_assert_ptr_nonnull(realpath(path, real));
		ck_assert_int_eq(find_at(program, found), RC_OK);
		ck_assert_str_eq(found, real);
	}
	/* A link does not move the program. */
	scratch_write("c/latchkey.conf", "", 0, 0600, path);
	scratch_path("c/link", other);
	ck_assert_int_eq(symlink(program, other), 0);
	ck_assert_int_eq(find_at(other, found), RC_OK);
	ck_assert_str_eq(found, real);
}
END_TEST

/* --- the data directory -------------------------------------------------- */

/* A directory "site" with a data directory of that mode and a web root. */
static void
make_site(mode_t mode, struct config *config)
{
	char path[SCRATCH_PATH_LEN];

	memset(config, 0, sizeof(*config));
	scratch_mkdir("site", 0755, path);
	scratch_mkdir("site/web", 0755, path);
	scratch_mkdir("site/data", mode, config->data_dir);
	scratch_write("site/" CONF, "", 0, 0600, config->path);
}

static enum rc
check_data(const struct config *config, const char *root, const char *words)
{
	enum rc rc;
	char *log;

	scratch_log_start();
	rc = config_check_data(config, root);
	log = scratch_log_end(NULL);
	if (rc == RC_OK)
		ck_assert_str_eq(log, "");
	else
		scratch_log_must_be(log, words);
	free(log);
	return rc;
}

static const struct {
	mode_t mode;
	enum rc rc;
} data_modes[] = {
	{ 0700, RC_OK },
	{ 0500, RC_OK },
	{ 0755, RC_FAIL },
	{ 0750, RC_FAIL },
	{ 0701, RC_FAIL },
	{ 0704, RC_FAIL },
	{ 0710, RC_FAIL },
	{ 0770, RC_FAIL },
	{ 0777, RC_FAIL },
};

START_TEST(a_data_directory_is_closed_to_others)
{
	struct config config;

	make_site(data_modes[_i].mode, &config);
	ck_assert_int_eq(
	    check_data(&config, NULL, "with mode 0700"), data_modes[_i].rc);
	ck_assert_int_eq(chmod(config.data_dir, 0700), 0);
}
END_TEST

START_TEST(a_data_directory_is_there_and_is_one)
{
	struct config config;

	make_site(0700, &config);
	ck_assert_int_eq(rmdir(config.data_dir), 0);
	ck_assert_int_eq(
	    check_data(&config, NULL, "cannot find the data directory"),
	    RC_FAIL);
	scratch_write("site/data", "", 0, 0600, config.data_dir);
	ck_assert_int_eq(check_data(&config, NULL, "with mode 0700"), RC_FAIL);
}
END_TEST

/* What stands where, as links of the scratch directory; NULL: none. */
static const struct {
	const char *link, *target; /* made first */
	const char *data, *conf, *root;
	enum rc rc;
} sites[] = {
	{ NULL, NULL, "site/data", "site/" CONF, "site/web", RC_OK },
	{ NULL, NULL, "site/data", "site/" CONF, "site/web/", RC_OK },
	{ NULL, NULL, "site/data", "site/" CONF, "site/web/../web", RC_OK },
	{ NULL, NULL, "site/data", "site/" CONF, "site/nothing", RC_OK },
	{ NULL, NULL, "site/data", "site/" CONF, "site/dat", RC_OK },
	{ NULL, NULL, "site/data", "site/" CONF, "site", RC_FAIL },
	{ NULL, NULL, "site/data", "site/" CONF, "site/", RC_FAIL },
	{ NULL, NULL, "site/data", "site/" CONF, "site/data", RC_FAIL },
	{ NULL, NULL, "site/data", "site/" CONF, "site/web/..", RC_FAIL },
	{ NULL, NULL, "site/web/../data", "site/" CONF, "site/web", RC_OK },
	{ NULL, NULL, "site/data/../web/in", "site/" CONF, "site/web",
	    RC_FAIL },
	/* the data directory is a link into the root */
	{ "site/link", "web/in", "site/link", "site/" CONF, "site/web",
	    RC_FAIL },
	/* a link in the root leads out of it: what is served is inside */
	{ "site/web/out", "../data", "site/web/out", "site/" CONF, "site/web",
	    RC_OK },
	/* the root is a link to what has the data */
	{ "root", "site", "site/data", "site/" CONF, "root", RC_FAIL },
	{ "root", "site/web", "site/data", "site/" CONF, "root", RC_OK },
	/* the configuration is in the root, the data is not */
	{ NULL, NULL, "site/data", "site/web/" CONF, "site/web", RC_FAIL },
	{ "site/conf", "web/" CONF, "site/data", "site/conf", "site/web",
	    RC_FAIL },
};

START_TEST(nothing_secret_is_inside_the_document_root)
{
	char path[SCRATCH_PATH_LEN], root[SCRATCH_PATH_LEN];
	struct config config;

	make_site(0700, &config);
	scratch_mkdir("site/web/in", 0700, path);
	scratch_mkdir("site/dat", 0700, path);
	scratch_write("site/web/" CONF, "", 0, 0600, path);
	if (sites[_i].link != NULL) {
		scratch_path(sites[_i].link, path);
		ck_assert_int_eq(symlink(sites[_i].target, path), 0);
	}
	scratch_path(sites[_i].data, config.data_dir);
	scratch_path(sites[_i].conf, config.path);
	scratch_path(sites[_i].root, root);
	ck_assert_int_eq(
	    check_data(&config, root, "is inside the document root"),
	    sites[_i].rc);
	/* Without a root, as for a program run by hand, all are fine. */
	ck_assert_int_eq(check_data(&config, NULL, ""), RC_OK);
	ck_assert_int_eq(check_data(&config, "", ""), RC_OK);
}
END_TEST

START_TEST(everything_is_inside_a_root_of_slash)
{
	struct config config;

	make_site(0700, &config);
	ck_assert_int_eq(
	    check_data(&config, "/", "is inside the document root"), RC_FAIL);
}
END_TEST

START_TEST(a_missing_configuration_cannot_be_outside)
{
	struct config config;
	char root[SCRATCH_PATH_LEN];

	make_site(0700, &config);
	scratch_path("site/web", root);
	ck_assert_int_eq(unlink(config.path), 0);
	ck_assert_int_eq(check_data(&config, root, "cannot resolve"), RC_FAIL);
}
END_TEST

START_TEST(a_path_of_the_data_directory_fits_or_fails)
{
	struct config config;
	char path[CONFIG_PATH_MAX], *log;

	memset(&config, 0, sizeof(config));
	memcpy(config.data_dir, "/data", 6);
	ck_assert_int_eq(config_data_path(&config, "pepper", path), RC_OK);
	ck_assert_str_eq(path, "/data/pepper");
	memset(config.data_dir, 'x', CONFIG_PATH_MAX - 8);
	ck_assert_int_eq(config_data_path(&config, "pepper", path), RC_OK);
	config.data_dir[CONFIG_PATH_MAX - 8] = 'x';
	scratch_log_start();
	ck_assert_int_eq(config_data_path(&config, "pepper", path), RC_FAIL);
	log = scratch_log_end(NULL);
	scratch_log_must_be(log, "its path is too long");
	free(log);
}
END_TEST

static Suite *
config_suite(void)
{
	Suite *s = suite_create("config");
	TCase *tc = tcase_create("values");

	tcase_add_checked_fixture(tc, scratch_make, scratch_remove);
	tcase_add_test(tc, an_empty_file_means_the_defaults);
	tcase_add_loop_test(
	    tc, a_number_is_set_up_to_its_bounds, 0, ROWS(numbers));
	tcase_add_loop_test(tc, a_word_is_set, 0, ROWS(texts));
	tcase_add_test(tc, a_relative_data_directory_is_beside_the_file);
	tcase_add_test(tc, relative_templates_are_beside_the_file);
	tcase_add_test(tc, a_journal_is_truncated_or_a_log);
	tcase_add_test(tc, a_status_is_compat_or_strict);
	tcase_add_test(tc, prices_are_for_members_or_public);
	tcase_add_test(tc, sign_up_is_open_or_closed);
	tcase_add_test(tc, a_switch_is_yes_or_no);
	tcase_add_loop_test(
	    tc, proxies_are_addresses_with_commas_between, 0, ROWS(proxies));
	tcase_add_test(tc, the_written_file_has_every_default);
	tcase_add_test(tc, the_written_file_names_every_value);
	tcase_add_test(tc, a_full_disk_is_noticed);
	tcase_add_test(tc, the_manual_has_every_name);
	suite_add_tcase(s, tc);

	tc = tcase_create("refused");
	tcase_add_checked_fixture(tc, scratch_make, scratch_remove);
	tcase_add_loop_test(tc, a_bad_line_is_named, 0, ROWS(bad_lines));
	tcase_add_loop_test(tc, proxies_with_spaces_between_are_refused, 0, 3);
	tcase_add_test(tc, a_nul_in_the_file_is_refused);
	tcase_add_loop_test(tc, a_value_that_does_not_fit_is_refused, 0, 10);
	tcase_add_test(tc, a_file_has_at_most_8_kibibytes);
	tcase_add_loop_test(
	    tc, a_file_that_others_can_write_is_refused, 0, ROWS(modes));
	tcase_add_test(tc, what_is_no_file_is_refused);
	tcase_add_test(tc, a_file_that_cannot_be_read_is_refused);
	suite_add_tcase(s, tc);

	tc = tcase_create("places");
	tcase_add_checked_fixture(tc, scratch_make, scratch_remove);
	tcase_add_test(tc, the_nearest_file_above_the_program_is_found);
	tcase_add_loop_test(
	    tc, a_data_directory_is_closed_to_others, 0, ROWS(data_modes));
	tcase_add_test(tc, a_data_directory_is_there_and_is_one);
	tcase_add_loop_test(
	    tc, nothing_secret_is_inside_the_document_root, 0, ROWS(sites));
	tcase_add_test(tc, everything_is_inside_a_root_of_slash);
	tcase_add_test(tc, a_missing_configuration_cannot_be_outside);
	tcase_add_test(tc, a_path_of_the_data_directory_fits_or_fails);
	suite_add_tcase(s, tc);
	return s;
}

SUITE_MAIN(config_suite)
