/*
 * http_client_url.c - which URLs are fetched at all.
 *
 * curl's parser is used, so that what is checked is what is dialled; the policy is
 * ours: http and https, a host, no user info, no control bytes.
 */
#include "loop/http_client_private.h"

#include "base/text.h"

#include <stdio.h>
#include <strings.h>

enum { URL_MAX = 8000 };

static int check_bytes(const char *url, bool blanks, struct err *e)
{
	size_t n = strlen(url);

	if (n > URL_MAX)
		return err_set(e, ERR_LIMIT, "the URL is longer than %d bytes", URL_MAX);
	for (size_t i = 0; i < n; i++) {
		unsigned char b = (unsigned char)url[i];

		if (b < ' ' || b == 0x7f)
			return err_set(e, ERR_INVALID,
				       "byte %zu of the URL is a control byte (0x%02x)", i + 1, b);
		if (b == ' ' && !blanks)
			return err_set(e, ERR_INVALID, "byte %zu of the URL is a blank, write %%20",
				       i + 1);
	}
	return 0;
}

static bool has_part(CURLU *u, CURLUPart part)
{
	char *text = NULL;
	bool has = curl_url_get(u, part, &text, 0) == CURLUE_OK && text && *text;

	curl_free(text);
	return has;
}

static int copy_part(CURLU *u, CURLUPart part, unsigned flags, char *out, size_t size)
{
	char *text = NULL;
	int r = -1;

	if (curl_url_get(u, part, &text, flags) == CURLUE_OK && text && strlen(text) < size) {
		strcpy(out, text);
		r = 0;
	}
	curl_free(text);
	return r;
}

static bool is_spoken(const char *scheme)
{
	return strcasecmp(scheme, "http") == 0 || strcasecmp(scheme, "https") == 0;
}

static int refuse_scheme(const char *scheme, struct err *e)
{
	return err_set(e, ERR_REFUSED, "scheme '%s' refused: only http and https are fetched",
		       scheme);
}

static int check_scheme(CURLU *u, struct err *e)
{
	char scheme[64];

	if (copy_part(u, CURLUPART_SCHEME, 0, scheme, sizeof(scheme)) < 0)
		return err_set(e, ERR_INVALID,
			       "the URL has no scheme: it begins with http:// or https://");
	return is_spoken(scheme) ? 0 : refuse_scheme(scheme, e);
}

/* What curl cannot take apart: of "data:text/csv,x", which has no host, and the like it is the
 * scheme that is wrong. */
static int say_no_url(const char *text, CURLUcode why, struct err *e)
{
	size_t n =
		strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-.");
	char shown[TEXT_SHOWN], scheme[64];

	if (n > 0 && n < sizeof(scheme) && text[n] == ':') {
		memcpy(scheme, text, n);
		scheme[n] = '\0';
		if (!is_spoken(scheme))
			return refuse_scheme(scheme, e);
	}
	return err_set(e, ERR_INVALID, "%s is no URL: %s", text_shown(slice_str(text), shown),
		       curl_url_strerror(why));
}

static int read_origin(CURLU *u, struct origin *o, struct err *e)
{
	if (check_scheme(u, e) < 0)
		return -1;
	if (has_part(u, CURLUPART_USER) || has_part(u, CURLUPART_PASSWORD))
		return err_set(e, ERR_INVALID,
			       "the URL holds a user name or password: send a header");
	memset(o, 0, sizeof(*o));
	if (copy_part(u, CURLUPART_SCHEME, 0, o->scheme, sizeof(o->scheme)) < 0 ||
	    copy_part(u, CURLUPART_HOST, 0, o->host, sizeof(o->host)) < 0 || !*o->host ||
	    copy_part(u, CURLUPART_PORT, CURLU_DEFAULT_PORT, o->port, sizeof(o->port)) < 0)
		return err_set(e, ERR_INVALID, "the URL has no usable host");
	return 0;
}

CURLU *http_url_parse(const char *text, CURLU *base, struct origin *o, struct err *e)
{
	unsigned flags = CURLU_NON_SUPPORT_SCHEME | CURLU_URLENCODE;
	CURLUcode r;
	CURLU *u;

	if (check_bytes(text, base != NULL, e) < 0)
		return NULL;
	u = base ? curl_url_dup(base) : curl_url();
	if (!u) {
		err_set(e, ERR_MEMORY, "no memory for a URL");
		return NULL;
	}
	r = curl_url_set(u, CURLUPART_URL, text, flags);
	if (r != CURLUE_OK)
		say_no_url(text, r, e);
	if (r == CURLUE_OK && read_origin(u, o, e) == 0)
		return u;
	curl_url_cleanup(u);
	return NULL;
}

int http_url_check(const char *url, struct err *e)
{
	struct origin o;
	CURLU *u = http_url_parse(url, NULL, &o, e);

	if (!u)
		return -1;
	curl_url_cleanup(u);
	return 0;
}

int http_proxy_check(const char *url, struct err *e)
{
	struct origin o;
	CURLU *u = http_url_parse(url, NULL, &o, e);

	if (!u)
		return -1;
	curl_url_cleanup(u);
	if (strcasecmp(o.scheme, "http") != 0)
		return err_set(e, ERR_REFUSED, "scheme '%s' refused: a proxy is asked over http",
			       o.scheme);
	return 0;
}

static int no_memory(struct err *e)
{
	return err_set(e, ERR_MEMORY, "no memory for a URL");
}

/* The URL's text in `a`. */
static int write_url(CURLU *u, struct arena *a, const char **out, struct err *e)
{
	char *text = NULL;

	if (curl_url_set(u, CURLUPART_FRAGMENT, NULL, 0) != CURLUE_OK ||
	    curl_url_get(u, CURLUPART_URL, &text, 0) != CURLUE_OK)
		return no_memory(e);
	*out = arena_strdup(a, text);
	curl_free(text);
	return *out ? 0 : no_memory(e);
}

/* For sentences: 'https://host:443'. */
static const char *origin_shown(const struct origin *o, char out[TEXT_SHOWN])
{
	char text[sizeof(o->scheme) + sizeof(o->host) + sizeof(o->port) + 8];

	snprintf(text, sizeof(text), "%s://%s:%s", o->scheme, o->host, o->port);
	return text_shown(slice_str(text), out);
}

int http_url_follow(const char *from, const char *link, struct arena *a, const char **out,
		    struct err *e)
{
	struct origin here, there;
	CURLU *base = http_url_parse(from, NULL, &here, e);
	CURLU *u = base ? http_url_parse(link, base, &there, e) : NULL;
	char a_shown[TEXT_SHOWN], b_shown[TEXT_SHOWN];
	int rc = -1;

	if (u && !origin_same(&here, &there))
		err_set(e, ERR_REFUSED, "the link leads from %s to %s",
			origin_shown(&here, a_shown), origin_shown(&there, b_shown));
	else if (u)
		rc = write_url(u, a, out, e);
	curl_url_cleanup(u);
	curl_url_cleanup(base);
	return rc;
}

bool origin_same_host(const struct origin *a, const struct origin *b)
{
	return strcasecmp(a->host, b->host) == 0 && strcmp(a->port, b->port) == 0;
}

bool origin_same(const struct origin *a, const struct origin *b)
{
	return origin_same_host(a, b) && strcasecmp(a->scheme, b->scheme) == 0;
}
