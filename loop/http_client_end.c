/*
 * http_client_end.c - whether an answer over TLS ended where its server wanted it to.
 *
 * A body whose length is not announced ends with the connection, and whoever is in between can end
 * a TCP connection. So over TLS the server says when it has said all (close_notify, RFC 8446 6.1
 * and RFC 9112 9.8). libcurl 7.88 with OpenSSL 3.0, as Debian 12 has them, takes any end for a good
 * one. What it does tell is every TLS message that comes, if it is asked to be verbose: an alert is
 * the only one of two bytes, and close_notify is alert 0 (headers of records have five; the
 * byte that says what a record of TLS 1.3 holds stands alone).
 */
#include "loop/http_client_private.h"

#include <strings.h>

static bool says_close(const char *p, size_t n)
{
	return n == 2 && p[1] == 0;
}

static int on_trace(CURL *easy, curl_infotype kind, char *p, size_t n, void *cls)
{
	struct http_transfer *t = cls;

	(void)easy;
	if (kind == CURLINFO_SSL_DATA_IN) {
		t->tls_seen = true;
		t->tls_closed |= says_close(p, n);
	}
	return 0;
}

int end_watch(struct http_transfer *t)
{
	int r = 0;

	t->tls_seen = t->tls_closed = false;
	if (strcasecmp(t->now.scheme, "https") != 0)
		return 0;
	r |= curl_easy_setopt(t->easy, CURLOPT_DEBUGFUNCTION, on_trace);
	r |= curl_easy_setopt(t->easy, CURLOPT_DEBUGDATA, t);
	r |= curl_easy_setopt(t->easy, CURLOPT_VERBOSE, 1L);
	return r;
}

/* A list of codings; curl looks for this one anywhere in it. */
void end_note_coding(struct http_transfer *t, struct slice codings)
{
	while (codings.n) {
		const char *comma = memchr(codings.p, ',', codings.n);
		size_t n = comma ? (size_t)(comma - codings.p) : codings.n;
		struct slice one = slice_of(codings.p, n);

		while (one.n && (*one.p == ' ' || *one.p == '\t'))
			one = slice_skip(one, 1);
		while (one.n && (one.p[one.n - 1] == ' ' || one.p[one.n - 1] == '\t'))
			one.n--;
		t->chunked |= one.n == 7 && strncasecmp(one.p, "chunked", 7) == 0;
		codings = slice_skip(codings, comma ? n + 1 : n);
	}
}

/* Whether nothing but the end of the connection says where the body ends. */
static bool ends_with_connection(const struct http_transfer *t)
{
	curl_off_t announced = -1;

	if (t->chunked || t->f->status == 204 || t->f->status == 304)
		return false;
	curl_easy_getinfo(t->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &announced);
	return announced < 0;
}

int end_check(struct http_transfer *t, struct err *e)
{
	/* Without OpenSSL's messages: a library that notices by itself. */
	if (!t->tls_seen || t->tls_closed || !ends_with_connection(t))
		return 0;
	t->reason = "broken_off";
	return err_set(e, ERR_NET,
		       "the body broke off after %zu bytes: the connection ended without the "
		       "close_notify of TLS, and "
		       "no length was announced",
		       t->f->body.n);
}
