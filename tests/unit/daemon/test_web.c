/* test_web.c - the file of TLS and passwords: what it may say, who gets in, and how a change is
 * seen. */
#include "base/counter.h"
#include "base/log.h"
#include "daemon/web.h"
#include "tests/lib/assert.h"
#include "tests/lib/pem.h"
#include "tests/lib/tmp.h"

#include <stdlib.h>
#include <unistd.h>

/* crypt_blowfish's: U*U, U*U* */
#define HASH_1 "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"
#define HASH_2 "$2a$05$CCCCCCCCCCCCCCCCCCCCC.VGOzA784oUp/Z0DY336zx7pLYAy0lwK"

/* user:password in base64 */
#define ANNA_1 "Basic YW5uYTpVKlU="
#define ANNA_2 "Basic YW5uYTpVKlUq"
#define BOB_1  "Basic Ym9iOlUqVQ=="

struct fixture {
	char *dir;
	const char *path;
	struct arena arena;
	struct diags d;
	struct web_config c;
	struct clock clock;
	struct loop *loop;
	struct web_keeper keeper;
	struct err e;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct loop_options o = { .clock = &f->clock };

	f->dir = tmp_make();
	f->path = strdup(tmp_path(f->dir, "web.yml"));
	arena_init(&f->arena, 4 << 20);
	diags_init(&f->d, &f->arena, 100);
	clock_init_manual(&f->clock, 1790000000000);
	f->loop = loop_new(&o, &f->e);
	log_set_level(LOG_ERROR);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	web_keeper_stop(&f->keeper);
	loop_settle(f->loop, NULL, NULL, 60000);
	web_keeper_release(&f->keeper);
	loop_free(f->loop);
	arena_release(&f->arena);
	tmp_remove(f->dir);
	free((void *)f->path);
	free(f);
	return 0;
}

static void put(const struct fixture *f, const char *name, const char *text)
{
	tmp_write(tmp_path(f->dir, name), text, strlen(text));
}

static int read_text(struct fixture *f, const char *text)
{
	put(f, "web.yml", text);
	return web_config_read(f->path, &f->arena, &f->d, &f->c);
}

static void assert_said(const struct fixture *f, unsigned line, unsigned column, const char *part)
{
	for (size_t i = 0; i < f->d.n; i++)
		if (f->d.list[i].line == line && f->d.list[i].column == column &&
		    strstr(f->d.list[i].text, part))
			return;
	for (size_t i = 0; i < f->d.n; i++)
		print_error("%u:%u: %s\n", f->d.list[i].line, f->d.list[i].column,
			    f->d.list[i].text);
	fail_msg("nothing at %u:%u says \"%s\"", line, column, part);
}

static void prometheus_keys_are_understood(void **state)
{
	struct fixture *f = *state;

	assert_ok(read_text(f, "tls_server_config:\n"
			       "  cert_file: pki/cert.pem\n"
			       "  key_file: /etc/key.pem\n"
			       "  client_auth_type: RequireAndVerifyClientCert\n"
			       "  client_ca_file: ca.pem\n"
			       "  min_version: TLS13\n"
			       "http_server_config: {http2: false}\n"
			       "basic_auth_users:\n"
			       "  anna: " HASH_1 "\n"
			       "  张三: " HASH_2 "\n"),
		  &f->e);
	assert_true(f->c.tls);
	assert_string_equal(f->c.cert_file, tmp_path(f->dir, "pki/cert.pem"));
	assert_string_equal(f->c.key_file, "/etc/key.pem");
	assert_int_equal(f->c.client, TLS_CLIENT_REQUIRED);
	assert_int_equal(f->c.min, TLS_1_3);
	assert_int_equal(f->c.max, TLS_1_3);
	assert_int_equal(f->c.nusers, 2);
	assert_string_equal(f->c.users[1].name, "张三");
	assert_ok(read_text(f, ""), &f->e);
	assert_false(f->c.tls);
	assert_ok(read_text(f, "basic_auth_users:\n"), &f->e);
	assert_int_equal(f->c.nusers, 0);
}

static void what_cannot_be_honoured_is_a_mistake_with_a_sentence(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(read_text(f, "tls_server_config:\n"
				      "  cert: inline\n"
				      "  key_file: k\n"
				      "  client_auth_type: RequireAnyClientCert\n"
				      "  min_version: TLS10\n"
				      "  cipher_suites: [TLS_AES_128_GCM_SHA256]\n"
				      "  curve_preferences: [X25519]\n"
				      "  client_allowed_sans: [a]\n"
				      "http_server_config: {http2: true, headers: {A: b}}\n"
				      "rate_limit: {interval: 1s}\n"
				      "tls_config: {}\n"),
			 -1);
	assert_said(f, 2, 9, "name a file");
	assert_said(f, 2, 3, "needs both cert_file and key_file");
	assert_said(f, 4, 21, "RequireAndVerifyClientCert or VerifyClientCertIfGiven");
	assert_said(f, 5, 16, "before 1.2 are not offered");
	assert_said(f, 6, 18, "cipher suites are not chosen here");
	assert_said(f, 7, 22, "curves are not chosen here");
	assert_said(f, 8, 24, "names of clients");
	assert_said(f, 9, 29, "HTTP/2 is not offered");
	assert_said(f, 9, 44, "headers are not set here");
	assert_said(f, 10, 13, "rates are not limited");
	assert_said(f, 11, 1, "unknown key 'tls_config'");
}

static void users_need_names_and_hashes(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(
		read_text(f, "basic_auth_users:\n"
			     "  anna: geheim\n"
			     "  'a:b': " HASH_1 "\n"
			     "  c: $2y$20$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW\n"),
		-1);
	assert_said(f, 2, 9, "it is no bcrypt hash");
	assert_said(f, 3, 3, "no ':'");
	assert_said(f, 4, 6, "cost 20");
	for (size_t i = 0; i < f->d.n; i++)
		assert_null(strstr(f->d.list[i].text, "geheim"));
}

/* --- the keeper ------------------------------------------------------------------------------ */

static void keep(struct fixture *f, const char *text)
{
	struct web *w;

	put(f, "web.yml", text);
	w = web_load(f->path, &f->d, &f->e);
	if (!w)
		fail_msg("%s", f->e.text);
	web_keeper_init(&f->keeper, f->loop, w, stderr);
	web_keeper_start(&f->keeper, NULL);
	web_unref(w);
}

static enum http_pass known(struct fixture *f, const char *header)
{
	return f->keeper.guard.known(&f->keeper, slice_str(header));
}

static bool checked(struct fixture *f, const char *header)
{
	return f->keeper.guard.check(&f->keeper, slice_str(header));
}

static double compared(void)
{
	return counter_get_for(C_PASSWORDS, slice_str("good")) +
	       counter_get_for(C_PASSWORDS, slice_str("bad"));
}

static void a_password_is_compared_once(void **state)
{
	struct fixture *f = *state;
	double before = compared();

	keep(f, "basic_auth_users: {anna: " HASH_1 "}\n");
	assert_int_equal(known(f, ""), PASS_REFUSED);
	assert_int_equal(known(f, "Bearer pw_x"), PASS_REFUSED);
	assert_int_equal(known(f, ANNA_1), PASS_UNKNOWN);
	assert_true(checked(f, ANNA_1));
	assert_int_equal(known(f, ANNA_1), PASS_ALLOWED);
	assert_true(checked(f, ANNA_1));
	assert_f64(compared() - before, 1);
	assert_false(checked(f, ANNA_2));
	assert_int_equal(known(f, ANNA_2), PASS_REFUSED);
	assert_false(checked(f, BOB_1));
	assert_int_equal(known(f, BOB_1), PASS_REFUSED);
	assert_f64(compared() - before, 3);
	assert_int_equal(known(f, ANNA_1), PASS_ALLOWED);
}

static void guessing_does_not_push_out_who_may(void **state)
{
	struct fixture *f = *state;
	uint8_t key[SHA256_BYTES] = { 0 };

	keep(f, "basic_auth_users: {anna: " HASH_1 "}\n");
	assert_true(checked(f, ANNA_1));
	f->keeper.nbad = 1000000;
	memcpy(f->keeper.bad[5], key, sizeof(key));
	assert_int_equal(known(f, ANNA_1), PASS_ALLOWED);
}

static void a_change_is_seen_within_a_minute(void **state)
{
	struct fixture *f = *state;

	keep(f, "basic_auth_users: {anna: " HASH_1 "}\n");
	assert_true(checked(f, ANNA_1));
	put(f, "web.yml", "basic_auth_users: {anna: " HASH_2 "}\n");
	loop_advance(f->loop, 59000);
	assert_int_equal(known(f, ANNA_1), PASS_ALLOWED);
	loop_advance(f->loop, 2000);
	loop_settle(f->loop, NULL, NULL, 60000);
	assert_int_equal(known(f, ANNA_1), PASS_UNKNOWN);
	assert_false(checked(f, ANNA_1));
	assert_true(checked(f, ANNA_2));
	/* A mistake: it stays as it was. */
	put(f, "web.yml", "basic_auth_users: {anna: x}\n");
	f->keeper.complaints = fopen("/dev/null", "w");
	loop_advance(f->loop, 60000);
	loop_settle(f->loop, NULL, NULL, 60000);
	fclose(f->keeper.complaints);
	assert_int_equal(known(f, ANNA_2), PASS_ALLOWED);
}

static void a_renewed_certificate_is_taken(void **state)
{
	struct fixture *f = *state;
	struct http_tls *first;

	put(f, "cert.pem", pem_cert_a);
	put(f, "key.pem", pem_key_a);
	keep(f, "tls_server_config: {cert_file: cert.pem, key_file: key.pem}\n");
	first = f->keeper.now->tls;
	assert_non_null(first);
	assert_false(web_is_guarded(f->keeper.now));
	loop_advance(f->loop, 60000);
	loop_settle(f->loop, NULL, NULL, 60000);
	assert_ptr_equal(f->keeper.now->tls, first);
	/* Between the two files the key does not fit, and the old one stays. */
	put(f, "cert.pem", pem_cert_b);
	loop_advance(f->loop, 60000);
	loop_settle(f->loop, NULL, NULL, 60000);
	assert_ptr_equal(f->keeper.now->tls, first);
	put(f, "key.pem", pem_key_b);
	loop_advance(f->loop, 60000);
	loop_settle(f->loop, NULL, NULL, 60000);
	assert_ptr_not_equal(f->keeper.now->tls, first);
}

static void one_that_listens_to_others_stays_guarded(void **state)
{
	struct fixture *f = *state;

	put(f, "cert.pem", pem_cert_a);
	put(f, "key.pem", pem_key_a);
	keep(f, "tls_server_config: {cert_file: cert.pem, key_file: key.pem}\n"
		"basic_auth_users: {anna: " HASH_1 "}\n");
	f->keeper.open_to_others = true;
	assert_true(web_is_guarded(f->keeper.now));
	put(f, "web.yml", "tls_server_config: {cert_file: cert.pem, key_file: key.pem}\n");
	loop_advance(f->loop, 60000);
	loop_settle(f->loop, NULL, NULL, 60000);
	assert_int_equal(known(f, ""), PASS_REFUSED);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(prometheus_keys_are_understood),
		T(what_cannot_be_honoured_is_a_mistake_with_a_sentence),
		T(users_need_names_and_hashes),
		T(a_password_is_compared_once),
		T(guessing_does_not_push_out_who_may),
		T(a_change_is_seen_within_a_minute),
		T(a_renewed_certificate_is_taken),
		T(one_that_listens_to_others_stays_guarded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
