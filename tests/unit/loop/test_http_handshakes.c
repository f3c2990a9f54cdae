/*
 * test_http_handshakes.c - TLS handshakes of our server: that the loop signs nothing, how many
 * steps a turn takes, and who waits for whom.
 *
 * The clients are GnuTLS, on the test's own thread: they go on whenever the loop has turned.
 */
#include "base/counter.h"
#include "base/log.h"
#include "loop/http_server_private.h"
#include "tests/lib/assert.h"
#include "tests/lib/pem.h"
#include "tests/lib/raw_client.h"

#include <fcntl.h>
#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <netinet/tcp.h>

enum { CLIENTS = 60, STEPS_A_TURN = 4, HANDSHAKE_STEPS = 1 };

struct hand {
	int fd;
	gnutls_session_t session;
	bool over, shaken, drips;
	uint8_t saved[4096]; /* what a client that drips has still to send */
	size_t nsaved;
};

struct fixture {
	struct loop *l;
	struct http_server *s;
	struct http_tls *tls;
	gnutls_certificate_credentials_t nobody;
	struct hand hands[CLIENTS];
	size_t n;
	struct post post;
	uint64_t turns;
	char answer[1000];
	size_t n_answer;
	struct err e;
};

static void serve(struct exchange *x)
{
	buf_puts(&x->reply, "served\n");
}

static void open_server(struct fixture *f, int64_t idle_ms)
{
	const struct http_route routes[] = { { .path = "/", .serve = serve } };
	struct http_server_options o = { .host = "127.0.0.1",
					 .tls = f->tls,
					 .tls_cert = pem_cert_a,
					 .tls_key = pem_key_a,
					 .idle_ms = idle_ms };

	f->s = http_server_open(f->l, &o, routes, 1, &f->e);
	if (!f->s)
		fail_msg("%s", f->e.text);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct http_tls_options o = { .cert = slice_str(pem_cert_a),
				      .key = slice_str(pem_key_a),
				      .min = TLS_1_2,
				      .max = TLS_1_3 };

	assert_non_null(f);
	log_set_fd(-1);
	f->l = loop_new(NULL, &f->e);
	assert_non_null(f->l);
	f->tls = http_tls_new(&o, &f->e);
	assert_non_null(f->tls);
	assert_int_equal(gnutls_certificate_allocate_credentials(&f->nobody), 0);
	*state = f;
	return 0;
}

static void hang_up(struct hand *h)
{
	if (h->session)
		gnutls_deinit(h->session);
	if (h->fd >= 0)
		close(h->fd);
	*h = (struct hand){ .fd = -1, .over = true };
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < f->n; i++)
		hang_up(&f->hands[i]);
	http_server_close(f->s);
	loop_settle(f->l, NULL, NULL, 100);
	loop_free(f->l);
	http_tls_unref(f->tls);
	gnutls_certificate_free_credentials(f->nobody);
	log_set_fd(2);
	free(f);
	return 0;
}

/* --- clients ------------------------------------------------------------------------------ */

static ssize_t push(gnutls_transport_ptr_t ptr, const void *p, size_t n)
{
	struct hand *h = ptr;

	if (!h->drips)
		return send(h->fd, p, n, MSG_NOSIGNAL);
	assert_true(h->nsaved + n <= sizeof(h->saved));
	memcpy(h->saved + h->nsaved, p, n);
	h->nsaved += n;
	return (ssize_t)n;
}

static ssize_t pull(gnutls_transport_ptr_t ptr, void *p, size_t n)
{
	return recv(((struct hand *)ptr)->fd, p, n, 0);
}

static struct hand *dial(struct fixture *f)
{
	struct hand *h = &f->hands[f->n++];

	*h = (struct hand){ .fd = raw_dial(http_server_port(f->s)) };
	assert_int_equal(fcntl(h->fd, F_SETFL, O_NONBLOCK), 0);
	assert_int_equal(setsockopt(h->fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int)), 0);
	return h;
}

static struct hand *dial_with(struct fixture *f, const char *priorities, unsigned flags)
{
	struct hand *h = dial(f);

	assert_int_equal(gnutls_init(&h->session, GNUTLS_CLIENT | GNUTLS_NONBLOCK | flags), 0);
	assert_int_equal(gnutls_priority_set_direct(h->session, priorities, NULL), 0);
	assert_int_equal(gnutls_credentials_set(h->session, GNUTLS_CRD_CERTIFICATE, f->nobody), 0);
	gnutls_transport_set_ptr(h->session, h);
	gnutls_transport_set_push_function(h->session, push);
	gnutls_transport_set_pull_function(h->session, pull);
	return h;
}

static struct hand *dial_tls(struct fixture *f, const char *priorities)
{
	return dial_with(f, priorities, 0);
}

static void drip(struct hand *h)
{
	if (!h->nsaved || send(h->fd, h->saved, 1, MSG_NOSIGNAL) != 1)
		return;
	h->nsaved--;
	memmove(h->saved, h->saved + 1, h->nsaved);
}

/* As far as it goes without waiting. A client without TLS is over when the server has hung up. */
static void go_on(struct hand *h)
{
	char byte;
	int rc;

	if (h->over)
		return;
	drip(h);
	if (!h->session) {
		h->over = recv(h->fd, &byte, 1, 0) == 0;
		return;
	}
	rc = h->shaken ? 0 : gnutls_handshake(h->session);
	h->shaken |= rc == 0;
	h->over = (h->shaken && !h->nsaved) || (rc < 0 && gnutls_error_is_fatal(rc));
}

static bool all_over(void *ctx)
{
	struct fixture *f = ctx;
	bool over = true;

	for (size_t i = 0; i < f->n; i++) {
		go_on(&f->hands[i]);
		over &= f->hands[i].over;
	}
	return over;
}

static bool last_over(void *ctx)
{
	struct fixture *f = ctx;

	go_on(&f->hands[f->n - 1]);
	return f->hands[f->n - 1].over;
}

static bool server_is_done(void *ctx)
{
	return ((struct fixture *)ctx)->s->shaking == 0;
}

static bool only_silent_ones_are_left(void *ctx)
{
	return ((struct fixture *)ctx)->s->shaking == CLIENTS - 1;
}

static bool server_has_them(void *ctx)
{
	struct fixture *f = ctx;

	return f->s->nconnections == f->n;
}

static bool server_has_nobody(void *ctx)
{
	return ((struct fixture *)ctx)->s->nconnections == 0;
}

static void wait_for(struct fixture *f, bool (*what)(void *))
{
	if (!loop_settle(f->l, what, f, PATIENCE_MS))
		fail_msg("it does not come to an end");
}

static double counted(const char *result)
{
	return counter_get_for(C_TLS_HANDSHAKES, slice_str(result));
}

/* --- who waits for whom -------------------------------------------------------------------------
 */

static void count_turn(struct post *p)
{
	struct fixture *f = (struct fixture *)(void *)((char *)p - offsetof(struct fixture, post));

	f->turns++;
	if (f->s->shaking)
		loop_post(f->l, p);
}

static void hellos_at_one_moment_are_answered_a_few_a_turn(void **state)
{
	struct fixture *f = *state;
	double before = counted("done");

	open_server(f, 0);
	for (int i = 0; i < CLIENTS; i++)
		dial_tls(f, i % 2 ? "NORMAL" : "NORMAL:-VERS-ALL:+VERS-TLS1.2");
	wait_for(f, server_has_them);
	assert_int_equal(f->s->shaking, CLIENTS);
	for (int i = 0; i < CLIENTS; i++)
		go_on(&f->hands[i]);
	f->post.call = count_turn;
	loop_post(f->l, &f->post);
	wait_for(f, all_over);
	wait_for(f, server_is_done);
	for (int i = 0; i < CLIENTS; i++)
		assert_true(f->hands[i].shaken);
	/* A worker has answered each, and the loop only read what came back. */
	assert_in_range(f->s->answers, CLIENTS, UINT32_MAX);
	assert_in_range(f->s->steps, HANDSHAKE_STEPS * CLIENTS, UINT32_MAX);
	assert_in_range(f->s->steps_max, 1, STEPS_A_TURN);
	/* Somebody else had a turn after each of these. */
	assert_in_range(f->turns, f->s->steps / STEPS_A_TURN, UINT32_MAX);
	assert_f64(counted("done") - before, CLIENTS);
	assert_f64(counter_get(C_TLS_UNDER_WAY), 0);
}

static void a_hello_that_comes_with_its_connection_is_a_workers_too(void **state)
{
	struct fixture *f = *state;

	open_server(f, 0);
	for (int i = 0; i < CLIENTS; i++) {
		dial_tls(f, i % 2 ? "NORMAL" : "NORMAL:-VERS-ALL:+VERS-TLS1.2");
		go_on(&f->hands[i]);
	}
	wait_for(f, all_over);
	wait_for(f, server_is_done);
	for (int i = 0; i < CLIENTS; i++)
		assert_true(f->hands[i].shaken);
	assert_in_range(f->s->answers, CLIENTS, UINT32_MAX);
}

static void a_hello_that_comes_as_another_leaves_is_a_workers_too(void **state)
{
	struct fixture *f = *state;

	open_server(f, 0);
	dial_tls(f, "NORMAL");
	wait_for(f, all_over);
	wait_for(f, server_is_done);
	for (int i = 1; i < 10; i++) {
		dial_tls(f, "NORMAL");
		go_on(&f->hands[i]);
	}
	hang_up(&f->hands[0]); /* the library works twice in this turn */
	wait_for(f, all_over);
	wait_for(f, server_is_done);
	for (int i = 1; i < 10; i++)
		assert_true(f->hands[i].shaken);
	assert_in_range(f->s->answers, f->n, UINT32_MAX);
}

static void who_says_nothing_is_in_nobodys_way(void **state)
{
	struct fixture *f = *state;

	open_server(f, 0);
	for (int i = 0; i < CLIENTS - 1; i++)
		dial(f);
	wait_for(f, server_has_them);
	dial_tls(f, "NORMAL");
	wait_for(f, last_over);
	assert_true(f->hands[f->n - 1].shaken);
	wait_for(f, only_silent_ones_are_left);
	assert_in_range(f->s->steps, HANDSHAKE_STEPS, HANDSHAKE_STEPS + 1);
	assert_int_equal(f->s->nconnections, CLIENTS);
}

static void a_hello_that_drips_is_put_together_beside_others(void **state)
{
	struct fixture *f = *state;

	open_server(f, 0);
	dial_tls(f, "NORMAL")->drips = true;
	for (int i = 1; i < 10; i++)
		dial_tls(f, "NORMAL");
	wait_for(f, all_over);
	for (size_t i = 0; i < f->n; i++)
		assert_true(f->hands[i].shaken);
	wait_for(f, server_is_done);
	assert_in_range(f->s->steps_max, 1, STEPS_A_TURN);
	assert_in_range(f->s->answers, 100, UINT32_MAX); /* a hello has more bytes than that */
}

static void a_hello_without_a_group_of_ours_is_asked_for_again(void **state)
{
	static const char groups[] = "NORMAL:-GROUP-ALL:+GROUP-FFDHE2048:+GROUP-SECP256R1";
	struct fixture *f = *state;

	open_server(f, 0);
	dial_with(f, groups, GNUTLS_KEY_SHARE_TOP);
	dial_with(f, groups, GNUTLS_KEY_SHARE_TOP)->drips = true;
	wait_for(f, all_over);
	wait_for(f, server_is_done);
	for (size_t i = 0; i < f->n; i++)
		assert_true(f->hands[i].shaken);
	assert_in_range(f->s->answers, 2 * f->n, UINT32_MAX); /* two hellos each */
}

static bool answered(void *ctx)
{
	struct fixture *f = ctx;
	ssize_t n = gnutls_record_recv(f->hands[0].session, f->answer + f->n_answer,
				       sizeof(f->answer) - 1 - f->n_answer);

	if (n == GNUTLS_E_AGAIN)
		return false;
	assert_in_range(n, 1, sizeof(f->answer));
	f->n_answer += (size_t)n;
	f->answer[f->n_answer] = '\0';
	return strstr(f->answer, "served\n") != NULL;
}

static void requests_follow(void **state)
{
	static const char request[] = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
	const size_t n = sizeof(request) - 1;
	struct fixture *f = *state;

	open_server(f, 0);
	dial_tls(f, "NORMAL");
	wait_for(f, all_over);
	for (int i = 0; i < 20; i++) {
		assert_int_equal(gnutls_record_send(f->hands[0].session, request, n), n);
		f->n_answer = 0;
		wait_for(f, answered);
		assert_has(f->answer, "HTTP/1.1 200 OK");
	}
	assert_in_range(f->s->steps, HANDSHAKE_STEPS, HANDSHAKE_STEPS + 1);
}

/* --- what does not succeed ----------------------------------------------------------------------
 */

static void a_handshake_that_is_not_over_in_time_is_cut_off(void **state)
{
	struct fixture *f = *state;
	double before = counted("late");

	open_server(f, 50);
	dial(f);
	dial_tls(f, "NORMAL");
	f->hands[1].drips = true;
	go_on(&f->hands[1]);
	f->hands[1].nsaved = 1; /* sends no more than this */
	wait_for(f, all_over);
	assert_false(f->hands[1].shaken);
	wait_for(f, server_is_done);
	assert_f64(counted("late") - before, 2);
}

static void what_is_no_hello_fails_at_once(void **state)
{
	struct fixture *f = *state;
	double before = counted("failed");
	struct hand *h;

	open_server(f, 0);
	h = dial(f);
	assert_int_equal(send(h->fd, "GET / HTTP/1.1\r\n\r\n", 18, MSG_NOSIGNAL), 18);
	wait_for(f, server_has_them);
	wait_for(f, server_is_done);
	assert_f64(counted("failed") - before, 1);
}

/* The loop would have to sign it. */
static void a_hello_behind_one_that_failed_is_not_read(void **state)
{
	struct fixture *f = *state;
	double before = counted("failed");
	struct hand *h;

	open_server(f, 0);
	h = dial_tls(f, "NORMAL");
	h->drips = true;
	go_on(h); /* keeps its hello */
	assert_in_range(h->nsaved, 100, sizeof(h->saved));
	assert_int_equal(send(h->fd, "no hello at all, and no record", 30, MSG_NOSIGNAL), 30);
	assert_int_equal(send(h->fd, h->saved, h->nsaved, MSG_NOSIGNAL), h->nsaved);
	h->nsaved = 0;
	wait_for(f, all_over);
	assert_false(h->shaken);
	wait_for(f, server_is_done);
	assert_f64(counted("failed") - before, 1);
	assert_int_equal(f->s->steps, 0);
}

static void who_leaves_in_between_has_failed(void **state)
{
	struct fixture *f = *state;
	double before = counted("failed");

	open_server(f, 0);
	dial(f);
	dial_tls(f, "NORMAL");
	wait_for(f, server_has_them);
	go_on(&f->hands[1]); /* says hello */
	hang_up(&f->hands[0]);
	hang_up(&f->hands[1]);
	wait_for(f, server_has_nobody);
	assert_f64(counted("failed") - before, 2);
}

static void costly_exchanges_cannot_be_chosen(void **state)
{
	static const char *const costly[] = {
		"NORMAL:-GROUP-ALL:+GROUP-FFDHE8192",
		"NORMAL:-GROUP-ALL:+GROUP-FFDHE2048",
		"NORMAL:-VERS-ALL:+VERS-TLS1.2:-KX-ALL:+DHE-RSA",
		"NORMAL:-VERS-ALL:+VERS-TLS1.2:-KX-ALL:+RSA",
	};
	struct fixture *f = *state;

	open_server(f, 0);
	for (size_t i = 0; i < sizeof(costly) / sizeof(costly[0]); i++)
		dial_tls(f, costly[i]);
	dial_tls(f, "NORMAL:-GROUP-ALL:+GROUP-FFDHE2048:+GROUP-SECP256R1");
	wait_for(f, all_over);
	for (size_t i = 0; i < f->n; i++)
		assert_int_equal(f->hands[i].shaken, i == f->n - 1);
}

/* Of modulus and exponent: checking a signature would take 3 s. */
enum { COSTLY_BYTES = 4096 };

static int sign_anyhow(gnutls_privkey_t key, gnutls_sign_algorithm_t how, void *ctx, unsigned flags,
		       const gnutls_datum_t *hash, gnutls_datum_t *out)
{
	(void)key;
	(void)how;
	(void)ctx;
	(void)flags;
	(void)hash;
	out->data = gnutls_calloc(1, COSTLY_BYTES);
	assert_non_null(out->data);
	out->size = COSTLY_BYTES;
	memset(out->data + 1, 7, COSTLY_BYTES - 1);
	return 0;
}

static int say_of_key(gnutls_privkey_t key, unsigned what, void *ctx)
{
	(void)key;
	(void)ctx;
	if (what & GNUTLS_PRIVKEY_INFO_HAVE_SIGN_ALGO)
		return 1;
	return what & GNUTLS_PRIVKEY_INFO_PK_ALGO_BITS ? 8 * COSTLY_BYTES : GNUTLS_PK_RSA;
}

static gnutls_datum_t datum_of(const char *text)
{
	return (gnutls_datum_t){ (unsigned char *)(uintptr_t)text, (unsigned)strlen(text) };
}

/* A certificate whose key is costly to use, and that somebody has signed. */
static void make_costly(gnutls_pcert_st *out)
{
	static unsigned char modulus[COSTLY_BYTES], exponent[COSTLY_BYTES];
	gnutls_datum_t m = { modulus, COSTLY_BYTES }, e = { exponent, COSTLY_BYTES };
	gnutls_datum_t key = datum_of(pem_key_a), cert = datum_of(pem_cert_a);
	gnutls_x509_privkey_t signer;
	gnutls_x509_crt_t issuer, crt;
	gnutls_pubkey_t public;

	memset(modulus, 0xd5, COSTLY_BYTES);
	memset(exponent, 0x5d, COSTLY_BYTES);
	assert_int_equal(gnutls_pubkey_init(&public), 0);
	assert_int_equal(gnutls_pubkey_import_rsa_raw(public, &m, &e), 0);
	assert_int_equal(gnutls_x509_privkey_init(&signer), 0);
	assert_int_equal(gnutls_x509_privkey_import(signer, &key, GNUTLS_X509_FMT_PEM), 0);
	assert_int_equal(gnutls_x509_crt_init(&issuer), 0);
	assert_int_equal(gnutls_x509_crt_import(issuer, &cert, GNUTLS_X509_FMT_PEM), 0);
	assert_int_equal(gnutls_x509_crt_init(&crt), 0);
	assert_int_equal(gnutls_x509_crt_set_pubkey(crt, public), 0);
	assert_int_equal(gnutls_x509_crt_set_version(crt, 3), 0);
	assert_int_equal(gnutls_x509_crt_set_serial(crt, "\1", 1), 0);
	assert_int_equal(gnutls_x509_crt_set_activation_time(crt, 0), 0);
	assert_int_equal(gnutls_x509_crt_set_expiration_time(crt, INT32_MAX), 0);
	assert_int_equal(gnutls_x509_crt_sign2(crt, issuer, signer, GNUTLS_DIG_SHA256, 0), 0);
	assert_int_equal(gnutls_pcert_import_x509(out, crt, 0), 0);
	gnutls_x509_crt_deinit(crt);
	gnutls_x509_crt_deinit(issuer);
	gnutls_x509_privkey_deinit(signer);
	gnutls_pubkey_deinit(public);
}

static gnutls_certificate_credentials_t costly_client(void)
{
	gnutls_certificate_credentials_t who;
	gnutls_privkey_t key;
	gnutls_pcert_st cert;

	make_costly(&cert);
	assert_int_equal(gnutls_privkey_init(&key), 0);
	assert_int_equal(gnutls_privkey_import_ext4(key, NULL, NULL, sign_anyhow, NULL, NULL,
						    say_of_key, 0),
			 0);
	assert_int_equal(gnutls_certificate_allocate_credentials(&who), 0);
	gnutls_certificate_set_flags(who, GNUTLS_CERTIFICATE_SKIP_KEY_CERT_MATCH);
	assert_int_equal(gnutls_certificate_set_key(who, NULL, 0, &cert, 1, key), 0);
	return who; /* has both */
}

static void want_clients_of(struct fixture *f, const char *authority)
{
	struct http_tls_options o = { .cert = slice_str(pem_cert_a),
				      .key = slice_str(pem_key_a),
				      .client = TLS_CLIENT_REQUIRED,
				      .client_ca = slice_str(authority),
				      .min = TLS_1_2,
				      .max = TLS_1_3 };

	http_tls_unref(f->tls);
	f->tls = http_tls_new(&o, &f->e);
	assert_non_null(f->tls);
}

static bool nobody_shakes(void *ctx)
{
	struct fixture *f = ctx;

	return all_over(f) && f->s->shaking == 0;
}

/* What all threads have used: others may hold the processor meanwhile. */
static int64_t processor_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void signatures_that_are_costly_to_check_are_not_checked(void **state)
{
	static const char *const versions[] = { "NORMAL", "NORMAL:-VERS-ALL:+VERS-TLS1.2" };
	struct fixture *f = *state;
	gnutls_certificate_credentials_t who = costly_client();
	double before = counted("failed");
	int64_t begun_ns;

	want_clients_of(f, pem_cert_a);
	open_server(f, 0);
	for (int i = 0; i < 2; i++) {
		struct hand *h = dial_with(f, versions[i], GNUTLS_FORCE_CLIENT_CERT);

		assert_int_equal(gnutls_credentials_set(h->session, GNUTLS_CRD_CERTIFICATE, who),
				 0);
	}
	begun_ns = processor_ns();
	wait_for(f, nobody_shakes);
	assert_in_range(processor_ns() - begun_ns, 0, 1000000000);
	assert_f64(counted("failed") - before, 2);
	for (size_t i = 0; i < f->n; i++)
		hang_up(&f->hands[i]);
	gnutls_certificate_free_credentials(who);
}

static void clients_show_certificates(void **state)
{
	static const char *const versions[] = { "NORMAL", "NORMAL:-VERS-ALL:+VERS-TLS1.2" };
	struct fixture *f = *state;
	gnutls_datum_t cert = datum_of(pem_cert_b), key = datum_of(pem_key_b);
	double before = counted("done");

	want_clients_of(f, pem_cert_b);
	open_server(f, 0);
	assert_int_equal(gnutls_certificate_set_x509_key_mem(f->nobody, &cert, &key,
							     GNUTLS_X509_FMT_PEM),
			 0);
	for (int i = 0; i < 2; i++)
		dial_with(f, versions[i], GNUTLS_FORCE_CLIENT_CERT);
	wait_for(f, nobody_shakes);
	assert_f64(counted("done") - before, 2);
}

static void closing_ends_those_under_way(void **state)
{
	struct fixture *f = *state;

	open_server(f, 0);
	for (int i = 0; i < 10; i++)
		dial(f);
	for (int i = 0; i < 10; i++)
		dial_tls(f, "NORMAL");
	wait_for(f, server_has_them);
	for (size_t i = 10; i < f->n; i++)
		go_on(&f->hands[i]);
	loop_settle(f->l, server_is_done, f, 0); /* some of them have taken a step */
	http_server_close(f->s);
	f->s = NULL;
	wait_for(f, all_over);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(hellos_at_one_moment_are_answered_a_few_a_turn),
		T(a_hello_that_comes_with_its_connection_is_a_workers_too),
		T(a_hello_that_comes_as_another_leaves_is_a_workers_too),
		T(who_says_nothing_is_in_nobodys_way),
		T(a_hello_that_drips_is_put_together_beside_others),
		T(a_hello_without_a_group_of_ours_is_asked_for_again),
		T(requests_follow),
		T(a_handshake_that_is_not_over_in_time_is_cut_off),
		T(what_is_no_hello_fails_at_once),
		T(a_hello_behind_one_that_failed_is_not_read),
		T(who_leaves_in_between_has_failed),
		T(costly_exchanges_cannot_be_chosen),
		T(clients_show_certificates),
		T(signatures_that_are_costly_to_check_are_not_checked),
		T(closing_ends_those_under_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
