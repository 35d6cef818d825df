/* SPDX-License-Identifier: ISC */
/*
 * libcurl's corner.  The guard stands twice: where a socket is made, and
 * before a request goes over a connection that was kept, for which no socket
 * is made.  Proxies of the environment would go round both.
 */
#include "sender_http.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base64.h"
#include "guard.h"
#include "log.h"
#include "secret.h"
#include "sender.h"
#include "url.h"

enum {
	CONNECTIONS_MAX = 512, /* kept open */
	ASKING_MS = 5          /* between looks for a resolver's answer */
};

static int64_t
now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* --- lists ---------------------------------------------------------------- */

static void
put(struct transfer **list, struct transfer *t)
{
	t->previous = NULL;
	t->next = *list;
	if (*list != NULL)
		(*list)->previous = t;
	*list = t;
}

static void
pick(struct transfer **list, struct transfer *t)
{
	if (t->previous != NULL)
		t->previous->next = t->next;
	else
		*list = t->next;
	if (t->next != NULL)
		t->next->previous = t->previous;
}

/* --- the resolver --------------------------------------------------------- */

/*
 * libcurl says that a name was not found, not whether there is no such name
 * or nobody to ask.  Only the second is our fault, so a thread asks again.
 */
struct probe {
	char host[URL_HOST_MAX + 1];
	atomic_int answer; /* 0: none yet, 1: no such name, 2: nobody to ask */
	atomic_int users;  /* the thread and the transfer */
};

static void
leave_probe(struct probe *probe)
{
	if (probe != NULL && atomic_fetch_sub(&probe->users, 1) == 1)
		free(probe);
}

static void *
ask(void *arg)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct addrinfo *found = NULL;
	struct probe *probe = arg;
	int error = getaddrinfo(probe->host, NULL, &hints, &found);

	if (found != NULL)
		freeaddrinfo(found);
	/* Found now: whoever was asked before did not know. */
	atomic_store(
	    &probe->answer, error == EAI_NONAME || error == EAI_NODATA ? 1 : 2);
	leave_probe(probe);
	return NULL;
}

/* Asks about the host of a transfer; NULL if that cannot be done. */
static struct probe *
start_probe(const char *url)
{
	struct probe *probe = calloc(1, sizeof(*probe));
	struct url parts;
	pthread_attr_t attr;
	pthread_t thread;
	int failed;

	if (probe == NULL || url_parse(url, &parts) != RC_OK) {
		free(probe);
		return NULL;
	}
	(void)snprintf(probe->host, sizeof(probe->host), "%s", parts.host);
	atomic_init(&probe->users, 2);
	(void)pthread_attr_init(&attr);
	(void)pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	failed = pthread_create(&thread, &attr, ask, probe);
	(void)pthread_attr_destroy(&attr);
	if (failed) {
		free(probe);
		return NULL;
	}
	return probe;
}

/* --- what libcurl calls --------------------------------------------------- */

static curl_socket_t
open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct transfer *t = arg;

	if (purpose != CURLSOCKTYPE_IPCXN ||
	    !guard_admits(&address->addr, address->addrlen,
		t->http->config->webhook_local)) {
		t->refused++;
		return CURL_SOCKET_BAD;
	}
	t->admitted++;
	return socket(address->family, address->socktype | SOCK_CLOEXEC,
	    address->protocol);
}

/* Also for connections that were made for somebody else. */
static int
before_request(
    void *arg, char *remote, char *local, int remote_port, int local_port)
{
	struct transfer *t = arg;
	int local_too = t->http->config->webhook_local, admitted = 0;
	struct sockaddr_in v4 = { .sin_family = AF_INET };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };

	(void)local, (void)remote_port, (void)local_port;
	if (inet_pton(AF_INET, remote, &v4.sin_addr) == 1)
		admitted =
		    guard_admits((struct sockaddr *)&v4, sizeof(v4), local_too);
	else if (inet_pton(AF_INET6, remote, &v6.sin6_addr) == 1)
		admitted =
		    guard_admits((struct sockaddr *)&v6, sizeof(v6), local_too);
	if (admitted)
		return CURL_PREREQFUNC_OK;
	t->refused++;
	t->admitted = 0;
	return CURL_PREREQFUNC_ABORT;
}

/* Keeps the beginning; what goes on for too long is ended. */
static size_t
take_body(char *bytes, size_t size, size_t n, void *arg)
{
	struct transfer *t = arg;
	size_t len = size * n, room = DELIVERY_ANSWER_MAX - t->answer_len;

	if (room > len)
		room = len;
	memcpy(t->answer + t->answer_len, bytes, room);
	t->answer_len += room;
	t->body_len += len;
	return t->body_len > SENDER_ANSWER_MAX ? 0 : len;
}

/* --- opening -------------------------------------------------------------- */

enum rc
http_open(struct http *http, const struct config *config, const char *agent)
{
	memset(http, 0, sizeof(*http));
	http->config = config;
	http->agent = agent;
	if (config_data_path(config, DB_NAME, http->watched_path) != RC_OK)
		return RC_FAIL;
	http->watched = http->watched_path;
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK ||
	    (http->multi = curl_multi_init()) == NULL ||
	    (http->share = curl_share_init()) == NULL) {
		log_err("cannot start libcurl");
		return RC_FAIL;
	}
	(void)curl_multi_setopt(
	    http->multi, CURLMOPT_MAXCONNECTS, (long)CONNECTIONS_MAX);
	(void)curl_share_setopt(
	    http->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
	return RC_OK;
}

/* All that is the same for every delivery. */
static int
set_up(const struct http *http, struct transfer *t)
{
	const struct config *config = http->config;
	const char *protocols = config->webhook_local ? "http,https" : "https";
	CURL *easy = t->easy;
	CURLcode code = CURLE_OK;

#define SET(option, value)                                                \
	do {                                                              \
		if (code == CURLE_OK)                                     \
			code = curl_easy_setopt(easy, (option), (value)); \
	} while (0)
	SET(CURLOPT_PROTOCOLS_STR, protocols);
	SET(CURLOPT_FOLLOWLOCATION, 0L);
	SET(CURLOPT_PROXY, "");
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	SET(CURLOPT_CONNECTTIMEOUT, (long)SENDER_CONNECT_S);
	SET(CURLOPT_TIMEOUT, (long)SENDER_TOTAL_S);
	SET(CURLOPT_BUFFERSIZE, (long)SENDER_ANSWER_MAX);
	SET(CURLOPT_OPENSOCKETFUNCTION, open_socket);
	SET(CURLOPT_OPENSOCKETDATA, t);
	SET(CURLOPT_PREREQFUNCTION, before_request);
	SET(CURLOPT_PREREQDATA, t);
	SET(CURLOPT_WRITEFUNCTION, take_body);
	SET(CURLOPT_WRITEDATA, t);
	SET(CURLOPT_PRIVATE, t);
	SET(CURLOPT_SHARE, http->share);
	SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	/* One file and no directory: libcurl then reads it once a run. */
	SET(CURLOPT_CAINFO, config->ca_file);
	SET(CURLOPT_CAPATH, NULL);
	SET(CURLOPT_USERAGENT, http->agent);
	SET(CURLOPT_POST, 1L);
#undef SET
	return code == CURLE_OK;
}

/* A place for a transfer; NULL (logged). */
static struct transfer *
find_place(struct http *http)
{
	struct transfer *t = http->idle;

	if (t != NULL) {
		pick(&http->idle, t);
		return t;
	}
	t = calloc(1, sizeof(*t));
	if (t != NULL) {
		t->http = http;
		t->easy = curl_easy_init();
		if (t->easy != NULL && set_up(http, t))
			return t;
		curl_easy_cleanup(t->easy);
		free(t);
	}
	log_err("cannot set up a delivery: out of memory, or libcurl is too "
		"old");
	return NULL;
}

/* --- starting ------------------------------------------------------------- */

/*
 * Signs as the Standard Webhooks specification says, with each of the
 * endpoint's secrets: "v1,<base64> v1,<base64>".
 */
static enum rc
sign(struct http *http, const struct delivery_endpoint *to,
    const struct delivery *d, int64_t now, char *header, size_t size)
{
	unsigned char mac[SECRET_HASH_LEN];
	char text[BASE64_LEN(SECRET_HASH_LEN)];
	int len, n;
	size_t i, used;

	len = snprintf(http->text, sizeof(http->text), "%s.%lld.%s", d->name,
	    (long long)now, d->body);
	if (len < 0 || (size_t)len >= sizeof(http->text))
		return RC_FAIL;
	n = snprintf(header, size, "webhook-signature:");
	for (i = 0; i < to->nsecrets; i++) {
		if (n < 0 || (size_t)n >= size ||
		    secret_hmac_key(to->secrets[i], sizeof(to->secrets[i]),
			http->text, (size_t)len, mac) != RC_OK)
			return RC_FAIL;
		used = (size_t)n;
		base64_encode(mac, sizeof(mac), text);
		n += snprintf(header + used, size - used, " v1,%s", text);
	}
	return n >= 0 && (size_t)n < size ? RC_OK : RC_FAIL;
}

/* Appends a header; on failure the list is freed and NULL. */
static void
add_header(struct curl_slist **list, const char *header)
{
	struct curl_slist *longer = curl_slist_append(*list, header);

	if (longer == NULL)
		curl_slist_free_all(*list);
	*list = longer;
}

static struct curl_slist *
make_header(struct http *http, const struct delivery_endpoint *to,
    const struct delivery *d, int64_t now)
{
	char id[64], timestamp[64], signature[256];
	struct curl_slist *list = NULL;

	(void)snprintf(id, sizeof(id), "webhook-id: %s", d->name);
	(void)snprintf(timestamp, sizeof(timestamp), "webhook-timestamp: %lld",
	    (long long)now);
	if (sign(http, to, d, now, signature, sizeof(signature)) != RC_OK)
		return NULL;
	add_header(&list, "Content-Type: application/json");
	if (list != NULL)
		add_header(&list, id);
	if (list != NULL)
		add_header(&list, timestamp);
	if (list != NULL)
		add_header(&list, signature);
	/* No wait for "100 Continue". */
	if (list != NULL)
		add_header(&list, "Expect:");
	return list;
}

enum rc
http_start(struct http *http, const struct delivery_endpoint *to,
    void *endpoint, struct delivery *d)
{
	struct transfer *t = find_place(http);
	CURL *easy;

	if (t == NULL)
		return RC_FAIL;
	easy = t->easy;
	t->endpoint = endpoint;
	t->delivery = d;
	t->begun_ms = now_ms();
	/* Signed now, so that a late one passes a receiver's window. */
	t->begun = (int64_t)time(NULL);
	t->result = CURLE_OK;
	t->refused = t->admitted = 0;
	t->body_len = t->answer_len = 0;
	t->header = make_header(http, to, d, t->begun);
	if (t->header == NULL ||
	    curl_easy_setopt(easy, CURLOPT_URL, to->url) != CURLE_OK ||
	    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, t->header) != CURLE_OK ||
	    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, (long)d->len) !=
		CURLE_OK ||
	    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, &d->body[0]) !=
		CURLE_OK ||
	    curl_multi_add_handle(http->multi, easy) != CURLM_OK) {
		log_err("cannot start a delivery: out of memory");
		curl_slist_free_all(t->header);
		t->header = NULL;
		put(&http->idle, t);
		return RC_FAIL;
	}
	put(&http->running, t);
	http->nrunning++;
	return RC_OK;
}

/* --- under way ------------------------------------------------------------ */

enum rc
http_work(struct http *http, int wait_ms)
{
	int running = 0, ready;
	CURLMcode code;

	code = curl_multi_perform(http->multi, &running);
	/* Nothing wakes us when a thread has asked the resolver. */
	if (http->asking != NULL)
		wait_ms = ASKING_MS;
	/* What has ended is taken before anything is waited for. */
	if (code == CURLM_OK && (size_t)running == http->nrunning)
		code = curl_multi_poll(http->multi, NULL, 0, wait_ms, &ready);
	if (code == CURLM_OK)
		code = curl_multi_perform(http->multi, &running);
	if (code == CURLM_OK)
		return RC_OK;
	log_err("cannot deliver: %s", curl_multi_strerror(code));
	return RC_FAIL;
}

/* A transfer whose name nobody knew, and the resolver has answered since. */
static struct transfer *
answered(struct http *http)
{
	struct transfer *t;

	for (t = http->asking; t != NULL; t = t->next)
		if (atomic_load(&t->probe->answer) != 0) {
			pick(&http->asking, t);
			return t;
		}
	return NULL;
}

struct transfer *
http_ended(struct http *http)
{
	struct transfer *t = answered(http);
	CURLMsg *message;
	int left;

	if (t != NULL)
		return t;
	while ((message = curl_multi_info_read(http->multi, &left)) != NULL) {
		char *url = NULL, *private_data = NULL;
		CURL *easy = message->easy_handle;

		if (message->msg != CURLMSG_DONE)
			continue;
		(void)curl_easy_getinfo(easy, CURLINFO_PRIVATE, &private_data);
		t = (struct transfer *)(void *)private_data;
		t->result = (int)message->data.result;
		pick(&http->running, t);
		http->nrunning--;
		if (t->result != CURLE_COULDNT_RESOLVE_HOST)
			return t;
		(void)curl_easy_getinfo(easy, CURLINFO_EFFECTIVE_URL, &url);
		t->probe = url != NULL ? start_probe(url) : NULL;
		if (t->probe == NULL)
			return t;
		put(&http->asking, t);
	}
	return NULL;
}

struct transfer *
http_any(struct http *http)
{
	struct transfer **list =
	    http->running != NULL ? &http->running : &http->asking;
	struct transfer *t = *list;

	if (t == NULL)
		return NULL;
	pick(list, t);
	http->nrunning -= list == &http->running;
	return t;
}

/* --- the end -------------------------------------------------------------- */

/* Which failures are ours, and what to call those that are not. */
static const struct {
	CURLcode code;
	int is_ours;
	const char *words;
} failures[] = {
	{ CURLE_COULDNT_RESOLVE_HOST, 0, "no such host name" },
	{ CURLE_COULDNT_CONNECT, 0, "cannot connect" },
	{ CURLE_OPERATION_TIMEDOUT, 0, "took too long" },
	{ CURLE_SSL_CONNECT_ERROR, 0, "TLS failed" },
	{ CURLE_PEER_FAILED_VERIFICATION, 0, "its certificate is not trusted" },
	{ CURLE_GOT_NOTHING, 0, "closed the connection without an answer" },
	{ CURLE_SEND_ERROR, 0, "the connection broke" },
	{ CURLE_RECV_ERROR, 0, "the connection broke" },
	{ CURLE_PARTIAL_FILE, 0, "the answer broke off" },
	{ CURLE_WEIRD_SERVER_REPLY, 0, "the answer is not HTTP" },
	{ CURLE_UNSUPPORTED_PROTOCOL, 0, "the answer is not HTTP/1.1" },
	{ CURLE_FAILED_INIT, 1, NULL },
	{ CURLE_OUT_OF_MEMORY, 1, NULL },
	{ CURLE_SSL_CACERT_BADFILE, 1, NULL },
	{ CURLE_ABORTED_BY_CALLBACK, 1, NULL },
};

/* Errors of connect(2) that say that this host has no network. */
static int
is_no_network(long error)
{
	return error == ENETUNREACH || error == ENETDOWN ||
	       error == EADDRNOTAVAIL || error == EMFILE || error == ENFILE ||
	       error == ENOBUFS || error == ENOMEM;
}

/* What comes of a transfer without a status. */
static enum delivery_end
judge_failure(struct transfer *t, struct delivery_result *r)
{
	const char *words = curl_easy_strerror((CURLcode)t->result);
	long error = 0;
	size_t i;

	if (t->refused > 0 && t->admitted == 0) {
		(void)snprintf(
		    r->error, sizeof(r->error), "its address is not public");
		return DELIVERY_BLOCKED;
	}
	(void)curl_easy_getinfo(t->easy, CURLINFO_OS_ERRNO, &error);
	if ((t->result == CURLE_COULDNT_CONNECT && is_no_network(error)) ||
	    (t->result == CURLE_COULDNT_RESOLVE_HOST &&
		(t->probe == NULL || atomic_load(&t->probe->answer) != 1)))
		return DELIVERY_OURS;
	for (i = 0; i < sizeof(failures) / sizeof(failures[0]); i++) {
		if ((int)failures[i].code != t->result)
			continue;
		if (failures[i].is_ours) {
			log_err(
			    "cannot deliver %s: %s", t->delivery->name, words);
			return DELIVERY_OURS;
		}
		words = failures[i].words;
	}
	if (t->result == CURLE_COULDNT_CONNECT && error != 0)
		(void)snprintf(r->error, sizeof(r->error), "%s: %s", words,
		    strerror((int)error));
	else
		(void)snprintf(r->error, sizeof(r->error), "%s", words);
	return DELIVERY_FAILED;
}

/* What comes of an answer. */
static enum delivery_end
judge_status(struct transfer *t, struct delivery_result *r)
{
	curl_off_t hold = 0;

	if (r->http_status >= 200 && r->http_status <= 299)
		return DELIVERY_DONE;
	(void)snprintf(r->error, sizeof(r->error), "answered %lld%s",
	    (long long)r->http_status,
	    r->http_status >= 300 && r->http_status <= 399
		? ": redirects are not followed"
		: "");
	if (r->http_status == 410)
		return DELIVERY_GONE;
	if (r->http_status == 429 || r->http_status == 503) {
		(void)curl_easy_getinfo(t->easy, CURLINFO_RETRY_AFTER, &hold);
		r->hold_s = hold > 0 ? (int64_t)hold : 0;
	}
	return DELIVERY_FAILED;
}

/* Keeps of an answer what can be shown anywhere. */
static void
keep_answer(const struct transfer *t, struct delivery_result *r)
{
	size_t i;

	for (i = 0; i < t->answer_len; i++)
		r->answer[i] = t->answer[i] >= ' ' && t->answer[i] <= '~'
				   ? t->answer[i]
				   : '?';
	r->answer[t->answer_len] = '\0';
}

void
http_finish(struct http *http, struct transfer *t, struct delivery_result *r)
{
	long status = 0;

	*r = (struct delivery_result){ .event_id = t->delivery->event_id,
		.webhook_id = t->delivery->webhook_id,
		.at = t->begun,
		.duration_ms = now_ms() - t->begun_ms };
	(void)curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
	/* The status counts, whatever came of the body. */
	if (status >= 200) {
		r->http_status = status;
		r->end = judge_status(t, r);
	} else {
		r->end = judge_failure(t, r);
	}
	if (r->end != DELIVERY_DONE)
		keep_answer(t, r);
	(void)curl_multi_remove_handle(http->multi, t->easy);
	curl_slist_free_all(t->header);
	t->header = NULL;
	leave_probe(t->probe);
	t->probe = NULL;
	put(&http->idle, t);
}
