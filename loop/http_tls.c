/*
 * http_tls.c - see http_tls.h.
 *
 * libmicrohttpd makes a session for each connection and tells of it before the
 * handshake; that is where the session gets our credentials instead of those the library was
 * started with. They must outlive the session, so a connection holds a reference.
 */
#include "loop/http_tls.h"

#include "base/alloc.h"
#include "loop/http_server_private.h"

#include <errno.h>
#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/socket.h>
#include <time.h>

/* Of the key that a client's own certificate has. */
enum { CLIENT_MODULUS_BYTES = 1024, CLIENT_EXPONENT_BYTES = 8 };

struct http_tls {
	atomic_uint refs;
	gnutls_certificate_credentials_t credentials;
	gnutls_priority_t versions;
	enum tls_client client;
	int64_t expiry_s;
};

static int say(struct err *e, const char *what, int rc)
{
	return err_set(e, ERR_INVALID, "%s: %s", what, gnutls_strerror(rc));
}

static gnutls_datum_t datum(struct slice s)
{
	return (gnutls_datum_t){ .data = (unsigned char *)s.p, .size = (unsigned)s.n };
}

static int load_own(struct http_tls *t, const struct http_tls_options *o, struct err *e)
{
	gnutls_datum_t cert = datum(o->cert), key = datum(o->key);
	int rc = gnutls_certificate_set_x509_key_mem2(t->credentials, &cert, &key,
						      GNUTLS_X509_FMT_PEM, NULL, 0);

	if (rc == GNUTLS_E_CERTIFICATE_KEY_MISMATCH)
		return err_set(e, ERR_INVALID, "the key is not that of the certificate");
	return rc < 0 ? say(e, "certificate and key cannot be read", rc) : 0;
}

static int load_clients(struct http_tls *t, const struct http_tls_options *o, struct err *e)
{
	gnutls_datum_t ca = datum(o->client_ca);
	int rc;

	if (o->client == TLS_CLIENT_NONE)
		return 0;
	rc = gnutls_certificate_set_x509_trust_mem(t->credentials, &ca, GNUTLS_X509_FMT_PEM);
	if (rc < 0)
		return say(e, "the certificates of the clients' authority cannot be read", rc);
	return rc ? 0 : err_set(e, ERR_INVALID, "no certificate of the clients' authority");
}

/* Keys are agreed on by elliptic curves only. A client may choose the group, and one handshake with
 * ffdhe8192 takes a third of a second; RSA's own exchange costs as much as a signature in a step
 * more, and what was recorded can be read by who gets the key later. */
static int load_versions(struct http_tls *t, const struct http_tls_options *o, struct err *e)
{
	char text[128];
	int rc;

	snprintf(text, sizeof(text), "NORMAL:-GROUP-DH-ALL:-DHE-RSA:-RSA:-VERS-ALL%s%s",
		 o->max >= TLS_1_3 ? ":+VERS-TLS1.3" : "",
		 o->min <= TLS_1_2 ? ":+VERS-TLS1.2" : "");
	rc = gnutls_priority_init(&t->versions, text, NULL);
	return rc < 0 ? say(e, "versions of TLS", rc) : 0;
}

static int read_expiry(struct http_tls *t, const struct http_tls_options *o, struct err *e)
{
	gnutls_datum_t text = datum(o->cert);
	gnutls_x509_crt_t crt;
	int rc = gnutls_x509_crt_init(&crt);

	if (rc < 0)
		return say(e, "certificate", rc);
	rc = gnutls_x509_crt_import(crt, &text, GNUTLS_X509_FMT_PEM);
	if (rc == 0)
		t->expiry_s = (int64_t)gnutls_x509_crt_get_expiration_time(crt);
	gnutls_x509_crt_deinit(crt);
	return rc < 0 ? say(e, "the certificate cannot be read", rc) : 0;
}

struct http_tls *http_tls_new(const struct http_tls_options *o, struct err *e)
{
	struct http_tls *t = mem_zalloc(sizeof(*t));

	if (!t) {
		err_set(e, ERR_MEMORY, "no memory for a certificate");
		return NULL;
	}
	atomic_init(&t->refs, 1);
	t->client = o->client;
	if (gnutls_certificate_allocate_credentials(&t->credentials) < 0) {
		t->credentials = NULL;
		err_set(e, ERR_MEMORY, "no memory for a certificate");
		goto fail;
	}
	/* The certificate first: GnuTLS 3.7.9 loses memory when its credentials cannot read one. */
	if (read_expiry(t, o, e) < 0 || load_own(t, o, e) < 0 || load_clients(t, o, e) < 0 ||
	    load_versions(t, o, e) < 0)
		goto fail;
	return t;
fail:
	http_tls_unref(t);
	return NULL;
}

struct http_tls *http_tls_ref(struct http_tls *t)
{
	atomic_fetch_add(&t->refs, 1);
	return t;
}

void http_tls_unref(struct http_tls *t)
{
	if (!t || atomic_fetch_sub(&t->refs, 1) != 1)
		return;
	if (t->versions)
		gnutls_priority_deinit(t->versions);
	if (t->credentials)
		gnutls_certificate_free_credentials(t->credentials);
	mem_free(t);
}

int64_t http_tls_expiry_s(const struct http_tls *t)
{
	return t->expiry_s;
}

/* --- one handshake ------------------------------------------------------------------- */

/* Our answer has the only signature of ours, and nearly all of what a handshake costs. */
static bool is_signed(unsigned type)
{
	return type == GNUTLS_HANDSHAKE_CERTIFICATE_VERIFY || /* 1.3 */
	       type == GNUTLS_HANDSHAKE_SERVER_KEY_EXCHANGE;  /* 1.2 */
}

static bool is_cheap(gnutls_pubkey_t key)
{
	int kind = gnutls_pubkey_get_pk_algorithm(key, NULL);
	gnutls_datum_t modulus, exponent;
	bool cheap;

	if (kind == GNUTLS_PK_ECDSA || kind == GNUTLS_PK_EDDSA_ED25519 ||
	    kind == GNUTLS_PK_EDDSA_ED448)
		return true;
	if (gnutls_pubkey_export_rsa_raw2(key, &modulus, &exponent, GNUTLS_EXPORT_FLAG_NO_LZ) < 0)
		return false;
	cheap = modulus.size <= CLIENT_MODULUS_BYTES && exponent.size <= CLIENT_EXPONENT_BYTES;
	gnutls_free(modulus.data);
	gnutls_free(exponent.data);
	return cheap;
}

/* What a signature by a key of RSA costs to check is up to who made the key: 3 s, with 32,768 bits
 * of modulus and exponent each. TLS 1.3 checks it before anybody asks whose certificate it is. */
static bool may_be_checked(gnutls_session_t s)
{
	unsigned n = 0;
	const gnutls_datum_t *list = gnutls_certificate_get_peers(s, &n);
	gnutls_x509_crt_t crt = NULL;
	gnutls_pubkey_t key = NULL;
	bool ok = n > 0 && gnutls_x509_crt_init(&crt) == 0 && gnutls_pubkey_init(&key) == 0 &&
		  gnutls_x509_crt_import(crt, &list[0], GNUTLS_X509_FMT_DER) == 0 &&
		  gnutls_pubkey_import_x509(key, crt, 0) == 0 && is_cheap(key);

	gnutls_pubkey_deinit(key);
	gnutls_x509_crt_deinit(crt);
	return ok;
}

/* The library uses a session's pointer for keys agreed beforehand only, which we have none of. */
static int on_message(gnutls_session_t s, unsigned type, unsigned when, unsigned incoming,
		      const gnutls_datum_t *message)
{
	struct shaking_hands *h = gnutls_session_get_ptr(s);

	(void)when;
	(void)message;
	if (incoming && type == GNUTLS_HANDSHAKE_FINISHED)
		h->shaken = true;
	if (!incoming && is_signed(type))
		h->answered = true;
	if (incoming && type == GNUTLS_HANDSHAKE_CERTIFICATE_VERIFY && !may_be_checked(s))
		return GNUTLS_E_CERTIFICATE_ERROR;
	return 0;
}

/* Up to our answer only a worker reads: the library, let work twice in a turn, may come to a hello
 * before its connection is suspended. The rest a worker leaves to the library, which would begin
 * another handshake of TLS 1.2 where one is over. */
static ssize_t pull(gnutls_transport_ptr_t ptr, void *p, size_t n)
{
	const struct shaking_hands *h = ptr;

	if (h->failed)
		return 0;
	if (h->on_worker == h->answered) {
		errno = EAGAIN;
		return -1;
	}
	return recv(h->fd, p, n, 0);
}

int http_tls_apply(const struct http_tls *t, void *session, struct shaking_hands *hands)
{
	static gnutls_typed_vdata_st purpose = { GNUTLS_DT_KEY_PURPOSE_OID,
						 (unsigned char *)GNUTLS_KP_TLS_WWW_CLIENT, 0 };
	gnutls_session_t s = session;

	if (gnutls_priority_set(s, t->versions) < 0 ||
	    gnutls_credentials_set(s, GNUTLS_CRD_CERTIFICATE, t->credentials) < 0)
		return -1;
	gnutls_session_set_ptr(s, hands);
	gnutls_handshake_set_hook_function(s, GNUTLS_HANDSHAKE_ANY, GNUTLS_HOOK_POST, on_message);
	gnutls_transport_set_ptr2(s, hands, (gnutls_transport_ptr_t)(intptr_t)hands->fd);
	gnutls_transport_set_pull_function(s, pull);
	if (t->client == TLS_CLIENT_NONE)
		return 0;
	gnutls_certificate_server_set_request(s, t->client == TLS_CLIENT_REQUIRED
							 ? GNUTLS_CERT_REQUIRE
							 : GNUTLS_CERT_REQUEST);
	gnutls_session_set_verify_cert2(s, &purpose, 1, 0);
	return 0;
}

void http_tls_answer(void *session, struct shaking_hands *hands)
{
	int rc;

	hands->on_worker = true;
	do
		rc = gnutls_handshake(session);
	while (rc < 0 && rc != GNUTLS_E_AGAIN && !gnutls_error_is_fatal(rc));
	hands->on_worker = false;
	hands->failed = rc != GNUTLS_E_AGAIN;
}
