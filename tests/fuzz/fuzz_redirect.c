/*
 * fuzz_redirect.c - any bytes as a configured URL and as the Location of a redirect.
 *
 * The first line is the URL, the second the Location. What passes is http or https with
 * a host and without user info; the URL it makes passes by itself, with the same origin.
 */
#include "loop/http_client_private.h"
#include "tests/fuzz/fuzz.h"

#include <strings.h>

static void must_lack(CURLU *u, CURLUPart part)
{
	char *text = NULL;

	MUST(curl_url_get(u, part, &text, 0) != CURLUE_OK || !text || !*text);
	curl_free(text);
}

static void check_url(CURLU *u, const struct origin *o)
{
	struct origin again;
	char *text = NULL;
	struct err e;
	CURLU *v;

	MUST(strcasecmp(o->scheme, "http") == 0 || strcasecmp(o->scheme, "https") == 0);
	MUST(*o->host && *o->port && origin_same(o, o));
	must_lack(u, CURLUPART_USER);
	must_lack(u, CURLUPART_PASSWORD);
	MUST(curl_url_get(u, CURLUPART_URL, &text, 0) == CURLUE_OK);
	v = http_url_parse(text, NULL, &again, &e);
	MUST(v || e.code == ERR_LIMIT);
	MUST(!v || origin_same(o, &again));
	curl_url_cleanup(v);
	curl_free(text);
}

static CURLU *parse(const char *text, CURLU *base, struct origin *o)
{
	struct err e;
	CURLU *u = http_url_parse(text, base, o, &e);

	if (u)
		check_url(u, o);
	else
		must_say_why(&e);
	return u;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	char *copy = strndup((const char *)data, n), *location;
	CURLU *url, *next = NULL;
	struct origin o;
	struct err e;

	MUST(copy);
	location = strchr(copy, '\n');
	if (location)
		*location++ = '\0';
	url = parse(copy, NULL, &o);
	MUST((http_url_check(copy, &e) == 0) == (url != NULL));
	if (url && location)
		next = parse(location, url, &o);
	curl_url_cleanup(next);
	curl_url_cleanup(url);
	free(copy);
	return 0;
}
