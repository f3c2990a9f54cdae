/*
 * web_config.h - Prometheus' file for TLS and passwords of the HTTP server.
 *
 * prometheus.io/docs/prometheus/latest/configuration/https, the file of --web.config.file.
 * What parkwatch does not do as Prometheus does is a mistake with a sentence, not left
 * out: a rule that somebody relies on must hold. Paths are relative to the file.
 */
#ifndef DAEMON_WEB_CONFIG_H
#define DAEMON_WEB_CONFIG_H

#include "base/arena.h"
#include "base/diag.h"
#include "loop/http_tls.h"

#include <stdbool.h>

enum { WEB_USERS_MAX = 1000, WEB_USER_BYTES = 128 };

struct web_user {
	const char *name, *hash; /* bcrypt's */
};

struct web_config {
	bool tls;
	const char *cert_file, *key_file,
		*client_ca_file; /* the last NULL without client certificates */
	enum tls_client client;
	enum tls_version min, max;
	struct web_user *users;
	size_t nusers;
};

/* Adds all mistakes to `d`; what is filled in lies in `a`. -1 when there were any. */
int web_config_read(const char *path, struct arena *a, struct diags *d, struct web_config *out);

#endif
