/*
 * asking.h - how a feed's server is asked: who asks, and with which method, certificate and proxy.
 *
 * The keys are Prometheus' (its documentation, "HTTP client configuration"). A secret stands in the
 * configuration or in a file, which is read anew for each attempt, so that it can be
 * renewed at any time; what was read lives as long as the attempt and is then overwritten.
 * No secret is ever part of a sentence.
 */
#ifndef COLLECTORS_ASKING_H
#define COLLECTORS_ASKING_H

#include "base/yaml_read.h"

struct secret {
	const char *text; /* in the configuration, or */
	const char *file; /* absolute; neither: there is none */
};

struct secret_header {
	const char *name;
	const char *file;
};

struct asking {
	const char *type; /* of `authorization`, "Bearer" */
	struct secret credentials;
	const char *username; /* of `basic_auth`; NULL: none */
	struct secret password;
	struct secret_header *headers;
	size_t nheaders;
	const char *cert_file, *key_file, *server_name; /* NULL: none */
	const char *proxy;                              /* NULL: none */
	const char *body, *content_type;                /* POST with this body; NULL: GET */
};

/* The keys as the table of a feed's fields finds them. */
struct asking_keys {
	const struct yaml_node *authorization, *basic_auth, *http_headers, *tls_config;
	const char *proxy_url, *body, *content_type;
	int method; /* enum asking_method */
};

enum asking_method { ASK_GET, ASK_POST };
enum {
	SECRET_BYTES_MAX = 64 << 10,
	SECRET_HEADERS_MAX = 32,
	ASKING_BODY_MAX = 64 << 10,
};

/* `ca_file` is that of `tls_config`, in its place of the feed. Mistakes, also keys that contradict
 * each other, are added to `d`; -1 only when there is no memory. */
int asking_read(const struct yaml_node *entry, const struct asking_keys *k, const char *base_dir,
		struct asking *out, const char **ca_file, struct arena *a, struct diags *d);

/* Whether requests carry anything that is secret. */
static inline bool asking_has_secrets(const struct asking *q)
{
	return q->credentials.text || q->credentials.file || q->username || q->nheaders;
}

/* For all of a feed's configuration: a path as seen from `base_dir`, NULL without memory; what is
 * wrong with "Name: value", NULL when nothing is. */
const char *feed_path(const char *path, const char *base_dir, struct arena *a);
const char *feed_header_fault(struct slice header);

#endif
