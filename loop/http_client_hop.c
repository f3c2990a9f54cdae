/*
 * http_client_hop.c - one request of curl's: what it is told, what it tells us.
 *
 * The settings are the policy (no proxy unasked, no netrc, TLS 1.2, no following) and the
 * limits; the callbacks count and guard; afterwards curl's result becomes a
 * sentence. A callback that stops the hop leaves its reason in t->why.
 */
#include "loop/http_client_private.h"

#include "base/alloc.h"
#include "base/secret.h"

#include <errno.h>
#include <stdio.h>
#include <strings.h>

enum { HEADERS_MAX = 64 << 10 }; /* of one answer */

static int64_t now_ns(void)
{
	return (int64_t)uv_hrtime();
}

/* --- while a hop runs ------------------------------------------------------ */

/* The guard: asked for each address that curl is about to connect to. */
static curl_socket_t on_open_socket(void *cls, curlsocktype purpose, struct curl_sockaddr *at)
{
	struct http_transfer *t = cls;

	(void)purpose;
	if (address_check(&at->addr, t->configured, &t->why) < 0)
		return CURL_SOCKET_BAD;
	address_text(&at->addr, true, t->peer);
	return socket(at->family, at->socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, at->protocol);
}

static void forget_answer(struct http_transfer *t)
{
	struct http_fetch *f = t->f;

	f->content_type[0] = f->content_encoding[0] = '\0';
	f->new_etag[0] = f->new_last_modified[0] = '\0';
	mem_free(t->location);
	t->location = NULL;
	t->chunked = false;
}

/* The value when `line` is this header, without blanks around it. */
static bool header_value(struct slice line, const char *name, struct slice *value)
{
	size_t n = strlen(name);

	if (line.n <= n || strncasecmp(line.p, name, n) != 0 || line.p[n] != ':')
		return false;
	*value = slice_skip(line, n + 1);
	while (value->n && (*value->p == ' ' || *value->p == '\t'))
		*value = slice_skip(*value, 1);
	while (value->n && strchr(" \t\r\n", value->p[value->n - 1]))
		value->n--;
	return true;
}

/* A value that does not fit, or cannot be sent back, counts as absent. */
static void keep_value(char *out, size_t size, struct slice value)
{
	out[0] = '\0';
	if (value.n >= size)
		return;
	for (size_t i = 0; i < value.n; i++) {
		if ((unsigned char)value.p[i] < ' ' || value.p[i] == 0x7f)
			return;
	}
	memcpy(out, value.p, value.n);
	out[value.n] = '\0';
}

/* Several headers are one list. What does not fit is cut: it is none that we know, and as absent
 * the body would be taken as it is. */
static void keep_coding(char *out, size_t size, struct slice value)
{
	size_t n = strlen(out);

	snprintf(out + n, size - n, "%s%.*s", n ? ", " : "", (int)(value.n < size ? value.n : size),
		 value.p);
}

static void keep_header(struct http_transfer *t, struct slice line)
{
	struct http_fetch *f = t->f;
	struct slice v;

	if (header_value(line, "Content-Type", &v))
		keep_value(f->content_type, sizeof(f->content_type), v);
	else if (header_value(line, "Content-Encoding", &v))
		keep_coding(f->content_encoding, sizeof(f->content_encoding), v);
	else if (header_value(line, "ETag", &v))
		keep_value(f->new_etag, sizeof(f->new_etag), v);
	else if (header_value(line, "Last-Modified", &v))
		keep_value(f->new_last_modified, sizeof(f->new_last_modified), v);
	else if (header_value(line, "Transfer-Encoding", &v))
		end_note_coding(t, v);
	else if (header_value(line, "Location", &v) && !t->location)
		t->location = mem_strndup(v.p, v.n);
}

static size_t on_header(char *p, size_t one, size_t n, void *cls)
{
	struct http_transfer *t = cls;
	struct slice line = slice_of(p, n);

	(void)one;
	t->header_bytes += n;
	if (t->header_bytes > HEADERS_MAX) {
		err_set(&t->why, ERR_LIMIT, "headers are larger than %d bytes", HEADERS_MAX);
		return 0;
	}
	if (slice_starts(line, "HTTP/")) {
		forget_answer(t); /* of a 100 Continue */
		t->header_over = false;
	} else if (slice_is(line, "\r\n") || slice_is(line, "\n")) {
		t->header_over = true;
	} else if (!t->header_over) { /* else a trailer behind the chunks */
		keep_header(t, line);
	}
	return n;
}

/* --- starting a hop -------------------------------------------------------- */

static int add_header(struct http_transfer *t, const char *text, struct err *e)
{
	struct curl_slist *longer;

	for (const char *p = text; *p; p++) {
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			return err_set(e, ERR_INVALID, "a request header holds a control byte");
	}
	longer = curl_slist_append(t->headers, text);
	if (!longer)
		return err_set(e, ERR_MEMORY, "no memory for request headers");
	t->headers = longer;
	return 0;
}

static int add_pair(struct http_transfer *t, const char *name, const char *value, struct err *e)
{
	char text[1024];

	if (!value || !*value)
		return 0;
	if (snprintf(text, sizeof(text), "%s: %s", name, value) >= (int)sizeof(text))
		return err_set(e, ERR_LIMIT, "request header %s is too long", name);
	return add_header(t, text, e);
}

/* Whether the hop shows who we are: only to the server that was configured. */
static bool shows_identity(const struct http_transfer *t)
{
	return origin_same(&t->first, &t->now);
}

/* To another origin go only headers that say what we can read. */
static int add_headers(struct http_transfer *t, struct err *e)
{
	const char *const *h = t->f->headers;
	bool own = shows_identity(t), encoding = false;

	for (; h && *h; h++) {
		if (!own && strncasecmp(*h, "Accept:", 7) != 0 &&
		    strncasecmp(*h, "Accept-Language:", 16) != 0)
			continue;
		encoding |= strncasecmp(*h, "Accept-Encoding:", 16) == 0;
		if (add_header(t, *h, e) < 0)
			return -1;
	}
	if (!encoding && add_header(t, "Accept-Encoding: gzip", e) < 0)
		return -1;
	if (!own)
		return 0;
	if (add_pair(t, "If-None-Match", t->f->etag, e) < 0)
		return -1;
	return add_pair(t, "If-Modified-Since", t->f->last_modified, e);
}

/* curl takes the name for TLS from the URL: there stands the wanted one, and the
 * connection and the Host header go where the real URL leads. */
static int set_server_name(struct http_transfer *t, struct err *e)
{
	const char *name = t->f->server_name;
	bool usual = !strcmp(t->now.port, strcasecmp(t->now.scheme, "https") ? "80" : "443");
	char text[sizeof(t->now.host) + sizeof(t->now.port) + 4];

	if (!name || !shows_identity(t))
		return 0;
	t->named = curl_url_dup(t->url);
	if (!t->named || curl_url_set(t->named, CURLUPART_HOST, name, 0) != CURLUE_OK)
		return err_set(e, ERR_INVALID, "'%.96s' cannot be a server's name", name);
	snprintf(text, sizeof(text), "::%s:%s", t->now.host, t->now.port);
	t->connect_to = curl_slist_append(NULL, text);
	if (!t->connect_to)
		return err_set(e, ERR_MEMORY, "no memory for a fetch");
	snprintf(text, sizeof(text), "%s%s%s", t->now.host, usual ? "" : ":",
		 usual ? "" : t->now.port);
	return add_pair(t, "Host", text, e);
}

static int set_identity(struct http_transfer *t)
{
	const struct http_fetch *f = t->f;
	int r = 0;

	if (!f->cert_file || !shows_identity(t))
		return 0;
	r |= curl_easy_setopt(t->easy, CURLOPT_SSLCERT, f->cert_file);
	r |= curl_easy_setopt(t->easy, CURLOPT_SSLKEY, f->key_file);
	/* Else OpenSSL asks the terminal for the password of a key that has one. */
	r |= curl_easy_setopt(t->easy, CURLOPT_KEYPASSWD, "");
	return r;
}

/* The headers of the request are the server's, not the proxy's. */
static int set_proxy(struct http_transfer *t)
{
	int r = 0;

	r |= curl_easy_setopt(t->easy, CURLOPT_PROXY, t->f->proxy ? t->f->proxy : "");
	r |= curl_easy_setopt(t->easy, CURLOPT_NOPROXY, "");
	r |= curl_easy_setopt(t->easy, CURLOPT_HEADEROPT, (long)CURLHEADER_SEPARATE);
	r |= curl_easy_setopt(t->easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	return r;
}

static int set_limits(struct http_transfer *t)
{
	struct http_fetch *f = t->f;
	long left_ms = (long)((t->due_ns - now_ns()) / 1000000);
	int64_t low_ms = f->low_speed_ms > 0 ? f->low_speed_ms : 10000;
	int r = 0;

	r |= curl_easy_setopt(t->easy, CURLOPT_TIMEOUT_MS, left_ms > 1 ? left_ms : 1L);
	r |= curl_easy_setopt(t->easy, CURLOPT_LOW_SPEED_TIME, (long)((low_ms + 999) / 1000));
	r |= curl_easy_setopt(t->easy, CURLOPT_LOW_SPEED_LIMIT,
			      (long)(f->low_speed_bytes ? f->low_speed_bytes : 100));
	r |= curl_easy_setopt(t->easy, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)f->body.limit);
	return r;
}

static int set_callbacks(struct http_transfer *t)
{
	int r = 0;

	r |= curl_easy_setopt(t->easy, CURLOPT_PRIVATE, t);
	r |= curl_easy_setopt(t->easy, CURLOPT_ERRORBUFFER, t->words);
	r |= curl_easy_setopt(t->easy, CURLOPT_WRITEFUNCTION, body_take);
	r |= curl_easy_setopt(t->easy, CURLOPT_WRITEDATA, t);
	/* Up to a hundred such before anybody else has a turn: of a fast server's body curl took
	 * 1.6 MB at once, 4 ms, with its own 16 KiB. */
	r |= curl_easy_setopt(t->easy, CURLOPT_BUFFERSIZE, (long)RECEIVE_BYTES);
	r |= curl_easy_setopt(t->easy, CURLOPT_HEADERFUNCTION, on_header);
	r |= curl_easy_setopt(t->easy, CURLOPT_HEADERDATA, t);
	r |= curl_easy_setopt(t->easy, CURLOPT_OPENSOCKETFUNCTION, on_open_socket);
	r |= curl_easy_setopt(t->easy, CURLOPT_OPENSOCKETDATA, t);
	/* The connection may outlive the transfer. */
	r |= curl_easy_setopt(t->easy, CURLOPT_CLOSESOCKETFUNCTION, client_close_socket);
	r |= curl_easy_setopt(t->easy, CURLOPT_CLOSESOCKETDATA, t->c);
	return r;
}

static int set_policy(struct http_transfer *t)
{
	const char *ca = t->f->ca_file ? t->f->ca_file : t->c->ca_file;
	int r = 0;

	r |= curl_easy_setopt(t->easy, CURLOPT_CURLU, t->named ? t->named : t->url);
	r |= curl_easy_setopt(t->easy, CURLOPT_CONNECT_TO, t->connect_to);
	r |= curl_easy_setopt(t->easy, CURLOPT_HTTPHEADER, t->headers);
	r |= curl_easy_setopt(t->easy, CURLOPT_USERAGENT, t->c->user_agent);
	r |= curl_easy_setopt(t->easy, CURLOPT_PROTOCOLS_STR, "http,https");
	r |= curl_easy_setopt(t->easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	r |= curl_easy_setopt(t->easy, CURLOPT_FOLLOWLOCATION, 0L);
	r |= curl_easy_setopt(t->easy, CURLOPT_HTTP_CONTENT_DECODING, 0L);
	r |= curl_easy_setopt(t->easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	r |= curl_easy_setopt(t->easy, CURLOPT_NOSIGNAL, 1L);
	r |= curl_easy_setopt(t->easy, CURLOPT_QUICK_EXIT, 1L);
	r |= curl_easy_setopt(t->easy, CURLOPT_FRESH_CONNECT, t->configured ? 0L : 1L);
	r |= curl_easy_setopt(t->easy, CURLOPT_FORBID_REUSE, t->configured ? 0L : 1L);
	r |= curl_easy_setopt(t->easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	r |= curl_easy_setopt(t->easy, CURLOPT_SSL_VERIFYPEER, 1L);
	r |= curl_easy_setopt(t->easy, CURLOPT_SSL_VERIFYHOST, 2L);
	if (t->f->posts) {
		r |= curl_easy_setopt(t->easy, CURLOPT_POST, 1L);
		r |= curl_easy_setopt(t->easy, CURLOPT_POSTFIELDS,
				      t->f->post.p ? t->f->post.p : "");
		r |= curl_easy_setopt(t->easy, CURLOPT_POSTFIELDSIZE_LARGE,
				      (curl_off_t)t->f->post.n);
	}
	if (ca) {
		r |= curl_easy_setopt(t->easy, CURLOPT_CAPATH, NULL);
		r |= curl_easy_setopt(t->easy, CURLOPT_CAINFO, ca);
	}
	return r;
}

void hop_end(struct http_transfer *t)
{
	if (t->easy) {
		curl_multi_remove_handle(t->c->multi, t->easy);
		curl_easy_cleanup(t->easy);
	}
	for (struct curl_slist *h = t->headers; h; h = h->next)
		secret_wipe(h->data, strlen(h->data));
	curl_slist_free_all(t->headers);
	curl_slist_free_all(t->connect_to);
	curl_url_cleanup(t->named);
	t->easy = NULL;
	t->headers = t->connect_to = NULL;
	t->named = NULL;
}

int hop_start(struct http_transfer *t, struct err *e)
{
	t->configured = origin_same_host(&t->first, &t->now);
	t->words[0] = t->peer[0] = '\0';
	t->why.code = ERR_NONE;
	t->reason = NULL;
	t->header_bytes = 0;
	t->header_over = false;
	t->over = t->write_failed = false;
	buf_clear(&t->piece);
	buf_clear(&t->f->body);
	forget_answer(t);
	if (add_headers(t, e) < 0 || set_server_name(t, e) < 0)
		return -1;
	t->easy = curl_easy_init();
	if (!t->easy)
		return err_set(e, ERR_MEMORY, "no memory for a fetch");
	if (set_policy(t) || set_identity(t) || set_proxy(t) || set_callbacks(t) || end_watch(t) ||
	    set_limits(t))
		return err_set(e, ERR_MEMORY, "curl does not take its settings");
	if (curl_multi_add_handle(t->c->multi, t->easy) != CURLM_OK)
		return err_set(e, ERR_MEMORY, "curl does not take another fetch");
	return 0;
}

/* --- the end of a hop ------------------------------------------------------ */

void hop_read_answer(struct http_transfer *t)
{
	struct http_fetch *f = t->f;
	curl_off_t after = 0;
	char *ip = NULL;
	long port = 0;

	curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &f->status);
	curl_easy_getinfo(t->easy, CURLINFO_RETRY_AFTER, &after);
	curl_easy_getinfo(t->easy, CURLINFO_PRIMARY_IP, &ip);
	curl_easy_getinfo(t->easy, CURLINFO_PRIMARY_PORT, &port);
	if (after > 0)
		f->retry_after_ms = (after < 366 * 86400 ? (int64_t)after : 366 * 86400) * 1000;
	if (ip && *ip)
		snprintf(f->address, sizeof(f->address), strchr(ip, ':') ? "[%s]:%ld" : "%s:%ld",
			 ip, port);
	else
		snprintf(f->address, sizeof(f->address), "%s", t->peer);
}

void hop_say_timed_out(const struct http_transfer *t, struct err *e)
{
	const struct http_fetch *f = t->f;

	err_set(e, ERR_TIMEOUT, "timed out after %lld ms with %zu bytes received",
		(long long)f->timeout_ms, f->body.n);
}

static void say_not_connected(const struct http_transfer *t, struct err *e)
{
	long number = 0;

	curl_easy_getinfo(t->easy, CURLINFO_OS_ERRNO, &number);
	if (number == ECONNREFUSED)
		err_set(e, ERR_NET, "connection refused by %s", t->peer);
	else if (number)
		err_set(e, ERR_NET, "cannot connect to %s: %s", t->peer, strerror((int)number));
	else
		err_set(e, ERR_NET, "cannot connect to %s: %s", t->now.host, t->words);
}

/* Without the words that curl puts before what OpenSSL says. */
static const char *certificate_fault(const char *words)
{
	const char *colon = strstr(words, "problem: ");

	return colon ? colon + strlen("problem: ") : words;
}

/* A proxy that was asked to let us through and did not; false: it is not that. */
static bool say_proxy_refused(const struct http_transfer *t, struct err *e)
{
	long status = 0;

	curl_easy_getinfo(t->easy, CURLINFO_HTTP_CONNECTCODE, &status);
	if (!t->f->proxy || !status || status / 100 == 2)
		return false;
	err_set(e, ERR_NET, "the proxy answered HTTP status %ld to a connection to %.96s", status,
		t->now.host);
	return true;
}

static const char *reason_of(CURLcode result)
{
	switch (result) {
	case CURLE_COULDNT_CONNECT:
		return "connect";
	case CURLE_COULDNT_RESOLVE_HOST:
		return "resolve";
	case CURLE_COULDNT_RESOLVE_PROXY:
		return "proxy";
	case CURLE_PEER_FAILED_VERIFICATION:
		return "certificate";
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_SSL_CIPHER:
		return "tls";
	case CURLE_OK:
	case CURLE_GOT_NOTHING:
	case CURLE_PARTIAL_FILE:
	case CURLE_RECV_ERROR:
	case CURLE_SEND_ERROR:
		return "broken_off";
	case CURLE_UNSUPPORTED_PROTOCOL:
	case CURLE_WEIRD_SERVER_REPLY:
		return "not_http";
	default:
		return NULL;
	}
}

void hop_say(struct http_transfer *t, CURLcode result, struct err *e)
{
	const struct http_fetch *f = t->f;
	const char *words = *t->words ? t->words : curl_easy_strerror(result);

	if (say_proxy_refused(t, e)) {
		t->reason = "proxy";
		return;
	}
	t->reason = reason_of(result);
	switch (result) {
	case CURLE_OK: /* curl takes an end of stream for the end of the header */
		err_set(e, ERR_NET, "the header of the answer broke off");
		break;
	case CURLE_OPERATION_TIMEDOUT:
		if (!strstr(words, "too slow")) {
			hop_say_timed_out(t, e);
			break;
		}
		err_set(e, ERR_TIMEOUT,
			"slower than %u bytes a second for %lld ms, with %zu bytes received",
			f->low_speed_bytes ? f->low_speed_bytes : 100,
			(long long)(f->low_speed_ms > 0 ? f->low_speed_ms : 10000), f->body.n);
		break;
	case CURLE_COULDNT_CONNECT:
		say_not_connected(t, e);
		break;
	case CURLE_COULDNT_RESOLVE_HOST:
		err_set(e, ERR_NET, "host '%.128s' cannot be resolved", t->now.host);
		break;
	case CURLE_COULDNT_RESOLVE_PROXY:
		err_set(e, ERR_NET, "the proxy of '%.128s' cannot be resolved", f->proxy);
		break;
	case CURLE_PEER_FAILED_VERIFICATION:
		err_set(e, ERR_NET, "the certificate of %.96s is refused: %s", t->now.host,
			certificate_fault(words));
		break;
	case CURLE_SSL_CERTPROBLEM:
		err_set(e, ERR_NET, "the certificate %.64s with key %.64s cannot be shown: %.80s",
			f->cert_file ? f->cert_file : "?", f->key_file ? f->key_file : "?", words);
		break;
	case CURLE_FILESIZE_EXCEEDED:
		err_set(e, ERR_LIMIT, "body is larger than %zu bytes", f->body.limit);
		break;
	case CURLE_GOT_NOTHING:
		err_set(e, ERR_NET, "%s closed the connection without an answer", t->peer);
		break;
	case CURLE_UNSUPPORTED_PROTOCOL:
	case CURLE_WEIRD_SERVER_REPLY:
		err_set(e, ERR_NET, "what %.96s answers is not HTTP", t->now.host);
		break;
	case CURLE_PARTIAL_FILE:
	case CURLE_RECV_ERROR:
		err_set(e, ERR_NET, "the body broke off after %zu bytes: %s", f->body.n, words);
		break;
	case CURLE_OUT_OF_MEMORY:
		err_set(e, ERR_MEMORY, "no memory for a fetch");
		break;
	default:
		err_set(e, ERR_NET, "%s", words);
	}
}
