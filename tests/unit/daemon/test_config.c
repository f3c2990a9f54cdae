/* test_config.c - the configuration file: defaults, mistakes with places, what may be listened on.
 */
#include "daemon/config.h"
#include "tests/lib/assert.h"
#include "tests/lib/pem.h"
#include "tests/lib/tmp.h"

#define HASH "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"

struct fixture {
	char *dir;
	struct arena arena;
	struct diags diags;
	struct err e;
};

static int setup(void **state)
{
	static struct fixture f;

	memset(&f, 0, sizeof(f));
	f.dir = tmp_make();
	arena_init(&f.arena, 4 << 20);
	diags_init(&f.diags, &f.arena, 100);
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	arena_release(&f->arena);
	tmp_remove(f->dir);
	return 0;
}

static struct config *load(struct fixture *f, const char *text)
{
	const char *path = tmp_path(f->dir, "parkwatch.yaml");

	tmp_write(path, text, strlen(text));
	return config_load(path, NULL, &f->diags, &f->e);
}

static bool complained(const struct fixture *f, unsigned line, unsigned column, const char *part)
{
	for (size_t i = 0; i < f->diags.n; i++)
		if (f->diags.list[i].line == line && f->diags.list[i].column == column &&
		    strstr(f->diags.list[i].text, part))
			return true;
	for (size_t i = 0; i < f->diags.n; i++)
		print_message("%u:%u: %s\n", f->diags.list[i].line, f->diags.list[i].column,
			      f->diags.list[i].text);
	return false;
}

static void without_a_file_everything_has_a_default(void **state)
{
	struct fixture *f = *state;
	struct config *c = config_load(NULL, NULL, &f->diags, &f->e);

	assert_non_null(c);
	assert_string_equal(c->host, "127.0.0.1");
	assert_int_equal(c->port, 9290);
	assert_string_equal(c->timezone, "Asia/Shanghai");
	assert_int_equal(c->nfeeds, 0);
	assert_f64(c->assess.yellow, 0.85);
	assert_false(c->admin_api);
	config_unref(c);
	c = load(f, "enable_admin_api: true\n");
	assert_non_null(c);
	assert_true(c->admin_api);
	config_unref(c);
}

static void remote_write_is_on_unless_told_otherwise(void **state)
{
	struct fixture *f = *state;
	struct config *c = config_load(NULL, NULL, &f->diags, &f->e);

	assert_non_null(c);
	assert_true(c->remote_write.enabled);
	assert_int_equal(c->remote_write.body_limit, 16 << 20);
	assert_int_equal(c->remote_write.series_limit, 2000000);
	assert_int_equal(c->remote_write.statistics.n, 0);
	assert_string_equal(c->remote_write.source, "remote_write");
	config_unref(c);
	c = load(f,
		 "remote_write:\n  enabled: false\n  body_limit: 1MiB\n  series_limit: 7\n"
		 "  statistics: [park_*, county_output_yuan, 'a:*_ratio']\n  source: old-tsdb\n");
	assert_non_null(c);
	assert_false(c->remote_write.enabled);
	assert_int_equal(c->remote_write.body_limit, 1 << 20);
	assert_int_equal(c->remote_write.series_limit, 7);
	assert_int_equal(c->remote_write.statistics.n, 3);
	assert_string_equal(c->remote_write.statistics.list[2], "a:*_ratio");
	assert_string_equal(c->remote_write.source, "old-tsdb");
	config_unref(c);
	c = load(f, "remote_write: {statistics: park_*}\n");
	assert_non_null(c);
	assert_true(c->remote_write.enabled);
	assert_int_equal(c->remote_write.statistics.n, 1);
	config_unref(c);
}

static void mistakes_of_remote_write_have_their_place(void **state)
{
	struct fixture *f = *state;

	assert_null(load(f, "remote_write:\n  statistics:\n    - park_ok\n    - park-x\n    - ''\n"
			    "    - 9x\n  source: a b\n"));
	assert_true(complained(f, 4, 7,
			       "'park-x' is not a metric name such as park_output_yuan or park_*"));
	assert_true(complained(f, 5, 7, "'' is not a metric name"));
	assert_true(complained(f, 6, 7, "'9x' is not a metric name"));
	assert_true(complained(f, 7, 11, "source 'a b': 1 to 64 letters, digits"));
	assert_null(load(f, "remote_write: {body_limit: 1GiB, on: true, statistics: {}}\n"));
	assert_true(complained(f, 1, 28, "body_limit"));
	assert_true(complained(f, 1, 34, "on"));
}

static void limits_of_queries_are_those_of_the_file(void **state)
{
	struct fixture *f = *state;
	struct config *c = config_load(NULL, NULL, &f->diags, &f->e);
	struct engine_options o;

	assert_non_null(c);
	o = config_engine(c, 0);
	assert_int_equal(o.lookback_ms, 5 * 60 * 1000);
	assert_int_equal(o.timeout_ms, 2 * 60 * 1000);
	assert_int_equal(o.max_points, 50 * 1000 * 1000);
	assert_int_equal(o.concurrent, 8);
	assert_int_equal(o.memory_bytes, 1 << 30);
	config_unref(c);
	c = load(f, "query: {lookback_delta: 90s, timeout: 10s, max_samples: 5000,\n"
		    "  max_concurrency: 3, max_memory: 64MiB}\n");
	assert_non_null(c);
	o = config_engine(c, 5);
	assert_int_equal(o.features, 5);
	assert_int_equal(o.lookback_ms, 90 * 1000);
	assert_int_equal(o.timeout_ms, 10 * 1000);
	assert_int_equal(o.max_points, 5000);
	assert_int_equal(o.concurrent, 3);
	assert_int_equal(o.memory_bytes, 64 << 20);
	config_unref(c);
}

static void mistakes_in_the_limits_of_queries_have_their_place(void **state)
{
	struct fixture *f = *state;

	assert_null(load(f, "query:\n  lookback_delta: 0s\n  timeout: soon\n  max_samples: 1\n"
			    "  max_concurrency: 65\n  max_memory: 1KiB\n  max_sample: 5000\n"));
	assert_true(complained(f, 2, 19, "lookback_delta"));
	assert_true(complained(f, 3, 12, "'timeout' wants a duration"));
	assert_true(complained(f, 4, 16, "max_samples"));
	assert_true(complained(f, 5, 20, "max_concurrency"));
	assert_true(complained(f, 6, 15, "max_memory"));
	assert_true(complained(f, 7, 3, "did you mean 'max_samples'"));
	assert_int_equal(f->diags.n, 6);
}

static void paths_are_relative_to_the_file(void **state)
{
	struct fixture *f = *state;
	struct config *c = load(f, "data_dir: store\ncatalogue: [a.yaml, /b.yaml]\n");
	char want[4200];

	assert_non_null(c);
	snprintf(want, sizeof(want), "%s/store", f->dir);
	assert_string_equal(c->data_dir, want);
	snprintf(want, sizeof(want), "%s/a.yaml", f->dir);
	assert_string_equal(c->catalogue.list[0], want);
	assert_string_equal(c->catalogue.list[1], "/b.yaml");
	config_unref(c);
}

static void all_mistakes_come_out_together(void **state)
{
	struct fixture *f = *state;
	struct config *c = load(f, "listen: 0.0.0.0:9290\n"
				   "working_hours: {start: '9', end: '17:00'}\n"
				   "lights: {green: 0.9, watch: 0.95}\n"
				   "assess_every: soon\n"
				   "alerts: {lagging: {light: purple}}\n"
				   "titel: x\n");

	assert_null(c);
	assert_int_equal(f->e.code, ERR_INVALID);
	assert_true(complained(f, 1, 9, "0.0.0.0 is not a loopback address"));
	assert_true(complained(f, 2, 24, "'9' is not a time of day"));
	assert_true(complained(f, 3, 9, "lights must fall"));
	assert_true(complained(f, 4, 15, "wants a duration"));
	assert_true(complained(f, 5, 27, "purple"));
	assert_true(complained(f, 6, 1, "did you mean 'title'"));
	assert_int_equal(f->diags.n, 6);
}

static void thresholds_and_patience_come_from_the_file(void **state)
{
	struct fixture *f = *state;
	struct config *c = load(f, "lights: {green: 1.1, watch: 1, yellow: 0.9, red_at_once: 0.6}\n"
				   "alerts:\n"
				   "  lagging: {light: red, for: 2d, severity: page}\n"
				   "  late_report: {hours: 8, keep_firing_for: 1h}\n"
				   "  feed_down: {enabled: false, failures: 4}\n");

	assert_non_null(c);
	assert_f64(c->assess.green, 1.1);
	assert_f64(c->assess.red_at_once, 0.6);
	assert_int_equal(c->lagging.light, LIGHT_RED);
	assert_int_equal(c->lagging.for_ms, 2 * 86400 * 1000);
	assert_string_equal(c->lagging.severity, "page");
	assert_f64(c->late.hours, 8);
	assert_int_equal(c->late.keep_firing_ms, 3600 * 1000);
	assert_false(c->feed_down.enabled);
	assert_int_equal(c->feed_down.failures, 4);
	config_unref(c);
}

static void feeds_need_a_catalogue(void **state)
{
	struct fixture *f = *state;

	assert_null(
		load(f, "feeds:\n"
			"  - {name: a, url: 'http://h/', format: csv, layout: {unit: {column: a},\n"
			"     indicator: {is: x}, period: {header: true}}}\n"));
	assert_true(complained(f, 1, 1, "feeds need a catalogue"));
}

static void scrapes_need_none(void **state)
{
	struct fixture *f = *state;
	struct config *c = load(f, "feeds:\n  - {name: a, url: 'http://h/', format: prometheus}\n");

	assert_non_null(c);
	config_unref(c);
}

static void listen_addresses(void **state)
{
	struct fixture *f = *state;
	const char *host;
	int port;

	assert_ok(listen_parse(slice_str("127.0.0.2:0"), &f->arena, &host, &port, &f->e), &f->e);
	assert_string_equal(host, "127.0.0.2");
	assert_ok(listen_parse(slice_str("[::1]:9290"), &f->arena, &host, &port, &f->e), &f->e);
	assert_string_equal(host, "::1");
	assert_int_equal(port, 9290);
	assert_ok(listen_parse(slice_str("localhost:1"), &f->arena, &host, &port, &f->e), &f->e);
	assert_string_equal(host, "127.0.0.1");
	assert_fails(listen_parse(slice_str(":9290"), &f->arena, &host, &port, &f->e), &f->e,
		     ERR_INVALID, "say 127.0.0.1:9290");
	assert_fails(listen_parse(slice_str("127.0.0.1:70000"), &f->arena, &host, &port, &f->e),
		     &f->e, ERR_INVALID, "'70000' is not a port");
	assert_true(host_is_loopback("127.0.0.2"));
	assert_true(host_is_loopback("::1"));
	assert_false(host_is_loopback("192.168.1.1"));
	assert_false(host_is_loopback("::"));
	assert_fails(listen_parse(slice_str("somewhere:1"), &f->arena, &host, &port, &f->e), &f->e,
		     ERR_INVALID, "not a numeric address");
}

static void put(struct fixture *f, const char *name, const char *text)
{
	tmp_write(tmp_path(f->dir, name), text, strlen(text));
}

static void others_are_listened_to_with_tls_and_users_only(void **state)
{
	static const char web[] = "web_config_file: web.yml\nlisten: 0.0.0.0:1\n";
	struct config_overrides o = { .listen = "[::]:1" };
	struct fixture *f = *state;
	struct config *c;

	assert_null(config_load(NULL, &o, &f->diags, &f->e));
	assert_has(f->e.text, "--listen: :: is not a loopback address");
	put(f, "cert.pem", pem_cert_a);
	put(f, "key.pem", pem_key_a);
	put(f, "web.yml", "tls_server_config: {cert_file: cert.pem, key_file: key.pem}\n");
	assert_null(load(f, web));
	assert_true(complained(f, 2, 9, "0.0.0.0 is not a loopback address"));
	put(f, "web.yml", "basic_auth_users: {anna: " HASH "}\n");
	assert_null(load(f, web));
	put(f, "web.yml",
	    "tls_server_config: {cert_file: cert.pem, key_file: key.pem}\n"
	    "basic_auth_users: {anna: " HASH "}\n");
	f->diags.n = 0;
	c = load(f, web);
	if (!c)
		fail_msg("%s", f->e.text);
	assert_string_equal(c->host, "0.0.0.0");
	config_unref(c);
	/* Mistakes in it are those of the configuration. */
	put(f, "web.yml", "tls_config: {}\n");
	assert_null(load(f, web));
	assert_true(complained(f, 1, 1, "unknown key 'tls_config'"));
	put(f, "web.yml", "tls_server_config: {cert_file: nowhere.pem, key_file: key.pem}\n");
	f->diags.n = 0;
	assert_null(load(f, web));
	assert_true(complained(f, 1, 18, "nowhere.pem"));
}

static void the_file_of_tokens_lies_in_the_data_folder_unless_told_otherwise(void **state)
{
	struct fixture *f = *state;
	struct config *c =
		config_load(NULL, &(struct config_overrides){ .data_dir = "/x" }, &f->diags, &f->e);

	assert_string_equal(c->tokens, "/x/tokens");
	config_unref(c);
	c = load(f, "tokens: secret/tokens\n");
	assert_string_equal(c->tokens, tmp_path(f->dir, "secret/tokens"));
	config_unref(c);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(without_a_file_everything_has_a_default),
		T(remote_write_is_on_unless_told_otherwise),
		T(mistakes_of_remote_write_have_their_place),
		T(limits_of_queries_are_those_of_the_file),
		T(mistakes_in_the_limits_of_queries_have_their_place),
		T(paths_are_relative_to_the_file),
		T(all_mistakes_come_out_together),
		T(thresholds_and_patience_come_from_the_file),
		T(feeds_need_a_catalogue),
		T(scrapes_need_none),
		T(listen_addresses),
		T(others_are_listened_to_with_tls_and_users_only),
		T(the_file_of_tokens_lies_in_the_data_folder_unless_told_otherwise),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
