/*
 * How a feed's server is asked: the keys and what contradicts what, and what a request carries,
 * against a scripted client.
 */
#include "tests/unit/collectors/fake_client.h"
#include "tests/unit/collectors/feeds.h"

#include "base/alloc.h"

static const char good[] = "园区,2026年9月,2026年10月\n甲河,12.3,13.1\n乙山,1,2\n";

/* Lines 1 to 6; what a test adds begins on line 7. */
#define FEED(scheme)                                                                               \
	"- name: land\n"                                                                           \
	"  url: " scheme "://land.example/x.csv\n"                                                 \
	"  format: csv\n"                                                                          \
	"  jitter: 0\n"                                                                            \
	"  layout: {unit: {column: 园区}, indicator: {is: output_yuan},\n"                       \
	"           period: {header: true}}\n"

static int setup(void **state)
{
	struct feeds *f = feeds_open(true);

	f->client->reply = (struct fake_reply){ .status = 200, .body = slice_str(good) };
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	feeds_close(*state);
	return 0;
}

static void apply(struct feeds *f, const char *more)
{
	char yaml[2048];

	snprintf(yaml, sizeof(yaml), "%s%s", FEED("https"), more);
	feeds_apply(f, yaml);
}

static void reply_status(struct feeds *f, long status)
{
	f->client->reply = (struct fake_reply){ .status = status, .body = slice_str("none") };
}

static void put(struct feeds *f, const char *name, const char *text)
{
	tmp_write(tmp_path(f->dir, name), text, strlen(text));
}

static const char *error_of(struct feeds *f)
{
	return feeds_status(f, "land").error;
}

/* --- keys ------------------------------------------------------------------------------ */

/* The first complaint about such a feed; NULL: there is none. */
static const char *mistake(struct feeds *f, const char *scheme, const char *more)
{
	static char said[1200];
	struct feed_config *list;
	struct yaml_node *root;
	struct arena a;
	struct diags d;
	char yaml[4096];
	size_t n;

	arena_init(&a, 8 << 20);
	diags_init(&d, &a, 20);
	snprintf(yaml, sizeof(yaml), "%s%s", strcmp(scheme, "http") ? FEED("https") : FEED("http"),
		 more);
	root = yaml_parse(slice_str(yaml), "city.yaml", &a, &d);
	assert_non_null(root);
	(void)feed_configs_read(root, f->dir, &a, &d, &list, &n);
	if (d.n)
		snprintf(said, sizeof(said), "%u:%u: %s", d.list[0].line, d.list[0].column,
			 d.list[0].text);
	arena_release(&a);
	return d.n ? said : NULL;
}

static void keys_that_contradict_each_other_are_mistakes(void **state)
{
	static const struct {
		const char *more, *said;
	} cases[] = {
		{ "  authorization: {credentials: geheim, credentials_file: f}\n",
		  "7:58: either 'credentials' or 'credentials_file', not both" },
		{ "  authorization: {type: Bearer}\n",
		  "7:18: 'credentials_file' or 'credentials' is missing" },
		{ "  authorization: geheim\n",
		  "7:18: this is a map with keys such as 'credentials_file'" },
		{ "  authorization: {type: Basic, credentials: geheim}\n",
		  "7:25: type Basic is written 'basic_auth: " },
		{ "  authorization: {type: 'a b', credentials: geheim}\n",
		  "7:25: 'type' is one word such as Bearer" },
		{ "  authorization: {credentials: \"geheim\\n\"}\n",
		  "7:32: 'credentials' is empty or has control characters" },
		{ "  authorization: {credential: geheim}\n",
		  "7:19: unknown key 'credential', did you mean 'credentials'?" },
		{ "  authorization: {credentials: geheim}\n"
		  "  basic_auth: {username: a, password: geheim}\n",
		  "8:15: either 'authorization' or 'basic_auth', not both" },
		{ "  authorization: {credentials: geheim}\n"
		  "  headers: ['authorization: x']\n",
		  "8:13: the header Authorization is already made by 'authorization'" },
		{ "  basic_auth: {username: a, password: geheim}\n"
		  "  http_headers: {Authorization: {files: [f]}}\n",
		  "8:18: the header Authorization is already made by 'basic_auth'" },
		{ "  basic_auth: {password: geheim}\n", "7:15: " },
		{ "  basic_auth: {username: 'a:b', password: geheim}\n",
		  "7:26: a user's name has no ':'" },
		{ "  http_headers: [geheim]\n", "7:17: 'http_headers' is a map" },
		{ "  http_headers: {X-Key: geheim}\n",
		  "7:25: this is a map with keys such as 'files'" },
		{ "  http_headers: {X-Key: {values: [geheim]}}\n", "7:26: unknown key 'values'" },
		{ "  http_headers: {Host: {files: [f]}}\n",
		  "7:18: this header is set by parkwatch itself" },
		{ "  http_headers: {'a b': {files: [f]}}\n",
		  "7:18: a header is written 'Name: value'" },
		{ "  headers: 'X-Key: a'\n  http_headers: {x-key: {files: [f]}}\n",
		  "8:18: this header is already given under 'headers'" },
		{ "  tls_config: {cert_file: c}\n",
		  "7:15: 'cert_file' and 'key_file' go together; 'key_file' is missing" },
		{ "  tls_config: {key_file: c}\n", "'cert_file' is missing" },
		{ "  ca_file: a\n  tls_config: {ca_file: b}\n",
		  "8:25: 'ca_file' is already given beside 'tls_config'" },
		{ "  tls_config: {server_name: 'a:443'}\n",
		  "7:29: 'server_name' is a host's name, without port" },
		{ "  tls_config: {insecure_skip_verify: true}\n",
		  "7:16: unknown key 'insecure_skip_verify'" },
		{ "  proxy_url: socks5://p:1\n", "7:14: " },
		{ "  updated_after: true\n", "7:18: 'updated_after' is only for format sdmx" },
		{ "  body: x\n", "7:9: 'body' needs 'method: POST'" },
		{ "  content_type: x\n", "7:17: 'content_type' needs 'method: POST'" },
		{ "  method: PUT\n", "7:11: " },
		{ "  method: POST\n  content_type: text/plain\n",
		  "7:11: method POST needs 'body'" },
		{ "  method: POST\n  body: x\n", "7:11: method POST needs 'content_type'" },
		{ "  method: POST\n  body: x\n  content_type: a/b\n  redirects: 1\n",
		  "10:14: a POST is never sent again" },
		{ "  method: POST\n  body: x\n  content_type: a/b\n"
		  "  headers: ['Content-Type: c/d']\n",
		  "9:17: the header Content-Type is made by 'content_type'" },
	};
	struct feeds *f = *state;
	size_t right = 0;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *said = mistake(f, "https", cases[i].more);

		if (!said || !strstr(said, cases[i].said))
			print_error("%s gives %s\n", cases[i].more, said ? said : "no mistake");
		else
			right++;
		assert_true(!said || !strstr(said, "geheim"));
	}
	assert_int_equal(right, sizeof(cases) / sizeof(cases[0]));
	assert_has(mistake(f, "http", "  tls_config: {server_name: a}\n"),
		   "7:15: 'tls_config' is for an https 'url'");
	assert_null(mistake(f, "https",
			    "  redirects: 0\n  method: POST\n  body: ''\n"
			    "  content_type: a/b\n"));
}

static void who_does_not_poll_does_not_ask(void **state)
{
	static const char *const keys[] = {
		"authorization: {credentials: x}", "basic_auth: {username: a, password: b}",
		"http_headers: {A: {files: [f]}}", "tls_config: {server_name: a}",
		"proxy_url: http://p:1",
	};
	struct feeds *f = *state;
	struct feed_config *list;
	struct arena a;
	struct diags d;
	char yaml[512];
	size_t n;

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		arena_init(&a, 8 << 20);
		diags_init(&d, &a, 20);
		snprintf(yaml, sizeof(yaml),
			 "- {name: land, folder: in, format: easyquery, layout: {unit: {is: x}, "
			 "indicator: {is: y}}, %s}",
			 keys[i]);
		assert_int_equal(feed_configs_read(yaml_parse(slice_str(yaml), "c", &a, &d), f->dir,
						   &a, &d, &list, &n),
				 -1);
		assert_int_equal(d.n, 1);
		assert_has(d.list[0].text, "is only for a feed with 'url'");
		arena_release(&a);
	}
}

static void every_key_counts_when_configurations_are_compared(void **state)
{
	static const char *const more[] = {
		"",
		"  authorization: {credentials: x}\n",
		"  authorization: {credentials: y}\n",
		"  authorization: {credentials_file: x}\n",
		"  authorization: {type: Token, credentials: x}\n",
		"  basic_auth: {username: a, password: x}\n",
		"  basic_auth: {username: b, password: x}\n",
		"  basic_auth: {username: a, password: y}\n",
		"  basic_auth: {username: a, password_file: x}\n",
		"  http_headers: {A: {files: [f]}}\n",
		"  http_headers: {B: {files: [f]}}\n",
		"  http_headers: {A: {files: [f, g]}}\n",
		"  tls_config: {ca_file: c}\n",
		"  tls_config: {cert_file: c, key_file: k}\n",
		"  tls_config: {cert_file: c, key_file: l}\n",
		"  tls_config: {server_name: a}\n",
		"  proxy_url: http://p:1\n",
		"  method: POST\n  body: x\n  content_type: a/b\n",
		"  method: POST\n  body: y\n  content_type: a/b\n",
		"  method: POST\n  body: y\n  content_type: a/c\n",
	};
	enum { N = sizeof(more) / sizeof(more[0]) };
	struct feeds *f = *state;
	struct feed_config copies[N];
	struct arena own;

	arena_init(&own, 8 << 20);
	for (size_t i = 0; i < N; i++) {
		apply(f, more[i]);
		assert_ok(feed_config_copy(&f->c->feeds[0]->config, &own, &copies[i], &f->e),
			  &f->e);
	}
	for (size_t i = 0; i < N; i++)
		for (size_t k = 0; k < N; k++)
			if (feed_config_same(&copies[i], &copies[k]) != (i == k))
				fail_msg("%s and %s", more[i], more[k]);
	arena_release(&own);
}

/* --- requests ------------------------------------------------------------------------------ */

static void a_token_in_a_file_is_read_anew_for_each_attempt(void **state)
{
	struct feeds *f = *state;

	put(f, "token", "geheim-1\r\n\n");
	apply(f, "  authorization: {credentials_file: token}\n");
	feeds_poll(f, "land");
	assert_string_equal(error_of(f), "");
	assert_has(f->client->headers, "\nAuthorization: Bearer geheim-1\n");
	assert_null(f->c->feeds[0]->secrets);
	put(f, "token", "geheim-2");
	feeds_poll(f, "land");
	assert_has(f->client->headers, "\nAuthorization: Bearer geheim-2\n");
	assert_int_equal(feeds_logged(f, "geheim"), 0);
}

static void user_and_password_are_one_header(void **state)
{
	struct feeds *f = *state;

	/* The example of RFC 7617, section 2. */
	put(f, "password", "open sesame\n");
	apply(f, "  basic_auth: {username: Aladdin, password_file: password}\n");
	feeds_poll(f, "land");
	assert_has(f->client->headers, "\nAuthorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\n");
	apply(f, "  basic_auth: {username: Aladdin, password: open sesame}\n");
	feeds_poll(f, "land");
	assert_has(f->client->headers, "\nAuthorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\n");
}

static void secret_headers_stand_beside_the_open_ones(void **state)
{
	struct feeds *f = *state;

	put(f, "one", "1");
	put(f, "two", "zwei 2\n");
	apply(f, "  headers: ['X-Open: o']\n"
		 "  http_headers: {X-Key: {files: [one]}, X-More: {files: [two, one]}}\n");
	feeds_poll(f, "land");
	assert_string_equal(f->client->headers,
			    "X-Open: o\nAccept: text/csv,text/plain;q=0.9,*/*;q=0.5\n"
			    "Accept-Encoding: gzip\nX-Key: 1\nX-More: zwei 2\nX-More: 1\n");
}

static void a_file_that_is_no_secret_fails_the_attempt_and_is_named(void **state)
{
	static const struct {
		const char *text, *said;
	} cases[] = {
		{ "", "/token: is empty" },
		{ "\n\r\n", "/token: is empty" },
		{ "geheim\nX-Evil: 1\n", "/token: has a control byte (byte 7)" },
		{ "geheim\x7f", "/token: has a control byte (byte 7)" },
	};
	struct feeds *f = *state;
	char *much = malloc(SECRET_BYTES_MAX + 2);

	apply(f, "  authorization: {credentials_file: token}\n");
	feeds_poll(f, "land");
	assert_has(error_of(f), "/token: cannot be opened: No such file or directory");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		put(f, "token", cases[i].text);
		feeds_poll(f, "land");
		assert_has(error_of(f), cases[i].said);
		assert_null(strstr(error_of(f), "geheim"));
	}
	memset(much, 'a', SECRET_BYTES_MAX + 1);
	tmp_write(tmp_path(f->dir, "token"), much, SECRET_BYTES_MAX + 1);
	feeds_poll(f, "land");
	assert_has(error_of(f), "/token: is longer than 65536 bytes");
	assert_int_equal(f->client->asked, 0);
	assert_int_equal(feeds_logged(f, "geheim"), 0);
	tmp_write(tmp_path(f->dir, "token"), much, SECRET_BYTES_MAX);
	feeds_poll(f, "land");
	assert_string_equal(error_of(f), "");
	assert_int_equal(f->client->asked, 1);
	free(much);
}

static void a_post_has_its_body_and_no_conditions(void **state)
{
	struct feeds *f = *state;

	f->client->reply.etag = "\"v1\"";
	apply(f, "  method: POST\n  body: '{\"query\": []}'\n  content_type: application/json\n");
	for (int i = 0; i < 2; i++) {
		feeds_poll(f, "land");
		assert_string_equal(f->client->post, "{\"query\": []}");
		assert_has(f->client->headers, "\nContent-Type: application/json\n");
		assert_string_equal(f->client->etag, "");
	}
	assert_int_equal(f->client->asked, 2);
}

static void certificate_name_and_proxy_go_with_the_request(void **state)
{
	struct feeds *f = *state;

	apply(f, "  tls_config: {ca_file: a, cert_file: /c, key_file: /k, server_name: n}\n"
		 "  proxy_url: http://p:3128\n");
	feeds_poll(f, "land");
	assert_has(f->client->ways, "/a /c /k n http://p:3128");
	apply(f, "");
	feeds_poll(f, "land");
	assert_string_equal(f->client->ways, "- - - - -");
}

static void sdmx_may_be_asked_for_what_is_newer(void **state)
{
	static const char yaml[] =
		"- name: land\n"
		"  url: http://land.example/data?a=b\n"
		"  format: sdmx\n"
		"  every: 2h\n"
		"  jitter: 0\n"
		"  updated_after: true\n"
		"  layout: {unit: {column: AREA}, indicator: {is: output_yuan}}\n";
	struct feeds *f = *state;
	char first[64], when[TIME_TEXT];

	f->client->reply =
		(struct fake_reply){ .status = 200,
				     .content_type = "application/vnd.sdmx.data+csv",
				     .etag = "\"v1\"",
				     .body = slice_str("DATAFLOW,AREA,TIME_PERIOD,OBS_VALUE\n"
						       "X:Y(1.0),甲河,2026-09,12\n") };
	feeds_apply(f, yaml);
	feeds_poll(f, "land");
	assert_string_equal(error_of(f), "");
	assert_int_equal(f->emits, 1);
	assert_string_equal(f->client->url, "http://land.example/data?a=b");
	time_print_utc(feeds_status(f, "land").last_attempt_ms, when);
	snprintf(first, sizeof(first), "updatedAfter=%.13s%%3A%.2s%%3A%.2sZ", when, when + 14,
		 when + 17);
	/* A failure does not move the time; no condition goes with a part. */
	reply_status(f, 500);
	feeds_tick(f, 7200000);
	assert_has(f->client->url, first);
	assert_has(error_of(f), "HTTP status 500");
	assert_string_equal(f->client->etag, "");
	/* Nothing newer is no failure, but that the whole is gone is one. */
	reply_status(f, 404);
	feeds_poll(f, "land");
	assert_has(f->client->url, first);
	assert_string_equal(error_of(f), "");
	feeds_tick(f, 7200000);
	assert_has(f->client->url, "http://land.example/data?a=b&updatedAfter=2026-");
	assert_null(strstr(f->client->url, first));
	for (int i = 0; i < 12 && strchr(f->client->url, '&'); i++)
		feeds_tick(f, 7200000);
	assert_string_equal(f->client->url, "http://land.example/data?a=b");
	assert_has(error_of(f), "HTTP status 404");
}

static void closing_while_secrets_are_read_asks_nobody(void **state)
{
	struct feeds *f = *state;

	put(f, "token", "geheim");
	apply(f, "  authorization: {credentials_file: token}\n");
	assert_ok(collector_poll(f->c, "land", &f->e), &f->e);
	feeds_shut(f);
	assert_true(loop_settle(f->loop, feeds_is_closed, &f->closed, FEEDS_PATIENCE_MS));
	assert_int_equal(f->client->asked, 0);
}

static void without_memory_the_attempt_fails(void **state)
{
	struct feeds *f = *state;
	int failed = 0;

	put(f, "token", "geheim");
	apply(f, "  basic_auth: {username: a, password_file: token}\n");
	for (long ok = 0; ok < 20; ok++) {
		unsigned asked = f->client->asked;

		mem_fail_after(ok, 1);
		feeds_poll(f, "land");
		mem_fail_after(-1, 0);
		assert_null(f->c->feeds[0]->secrets);
		failed += f->client->asked == asked;
	}
	assert_true(failed > 3);
	feeds_poll(f, "land");
	assert_has(f->client->headers, "\nAuthorization: Basic ");
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(keys_that_contradict_each_other_are_mistakes),
		T(who_does_not_poll_does_not_ask),
		T(every_key_counts_when_configurations_are_compared),
		T(a_token_in_a_file_is_read_anew_for_each_attempt),
		T(user_and_password_are_one_header),
		T(secret_headers_stand_beside_the_open_ones),
		T(a_file_that_is_no_secret_fails_the_attempt_and_is_named),
		T(a_post_has_its_body_and_no_conditions),
		T(certificate_name_and_proxy_go_with_the_request),
		T(sdmx_may_be_asked_for_what_is_newer),
		T(closing_while_secrets_are_read_asks_nobody),
		T(without_memory_the_attempt_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
