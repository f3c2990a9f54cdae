/*
 * http_tls.h - who our server is to its clients, and whom it asks for a certificate.
 *
 * An identity is made from PEM texts by any thread and never changes; a server that is given
 * another one shows it to connections that begin from then on, while older ones go on
 * with theirs. GnuTLS does the work and appears in http_tls.c only.
 */
#ifndef LOOP_HTTP_TLS_H
#define LOOP_HTTP_TLS_H

#include "base/err.h"
#include "base/slice.h"

#include <stdint.h>

struct http_tls;

enum tls_client { TLS_CLIENT_NONE, TLS_CLIENT_IF_GIVEN, TLS_CLIENT_REQUIRED };
enum tls_version { TLS_1_2, TLS_1_3 };

struct http_tls_options {
	struct slice cert, key; /* PEM; the certificate first, then those that lead to its issuer */
	struct slice client_ca; /* PEM, of those whose clients are believed */
	enum tls_client client;
	enum tls_version min, max;
};

/* ERR_INVALID says which text cannot be read, or that key and certificate do not fit. */
struct http_tls *http_tls_new(const struct http_tls_options *o, struct err *e);
struct http_tls *http_tls_ref(struct http_tls *t);
void http_tls_unref(struct http_tls *t); /* NULL is nothing */
/* When the certificate ends, in seconds since 1970. */
int64_t http_tls_expiry_s(const struct http_tls *t);

#endif
