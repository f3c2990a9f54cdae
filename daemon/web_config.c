/* web_config.c - see web_config.h. */
#include "daemon/web_config.h"

#include "base/bcrypt.h"
#include "base/map.h"
#include "base/text.h"
#include "base/yaml_read.h"

/* What Prometheus says and what it comes to here; -1: it is refused. */
enum { NOT_HERE = -1 };

static const struct yaml_choice client_types[] = {
	{ "NoClientCert", TLS_CLIENT_NONE },
	{ "VerifyClientCertIfGiven", TLS_CLIENT_IF_GIVEN },
	{ "RequireAndVerifyClientCert", TLS_CLIENT_REQUIRED },
	{ "RequestClientCert", NOT_HERE },
	{ "RequireAnyClientCert", NOT_HERE },
	{ NULL, 0 },
};

static const struct yaml_choice versions[] = {
	{ "TLS12", TLS_1_2 },  { "TLS13", TLS_1_3 }, { "TLS10", NOT_HERE },
	{ "TLS11", NOT_HERE }, { NULL, 0 },
};

struct raw_tls {
	const char *cert_file, *key_file, *client_ca_file;
	int client, min, max;
	const struct yaml_node *cert, *key, *client_ca, *sans, *ciphers, *curves, *prefer;
};

#define AT(member) offsetof(struct raw_tls, member)
static const struct yaml_field tls_fields[] = {
	{ "cert_file", YAML_STRING, AT(cert_file), .help = "PEM: certificate, then its issuers" },
	{ "key_file", YAML_STRING, AT(key_file), .help = "PEM: its key" },
	{ "client_ca_file", YAML_STRING, AT(client_ca_file), .help = "PEM: whose clients may" },
	{ "client_auth_type", YAML_ENUM, AT(client), .choices = client_types,
	  .help = "whether clients show a certificate" },
	{ "min_version", YAML_ENUM, AT(min), .choices = versions, .help = "of TLS" },
	{ "max_version", YAML_ENUM, AT(max), .choices = versions, .help = "of TLS" },
	{ "cert", YAML_NODE, AT(cert), .help = "refused: use cert_file" },
	{ "key", YAML_NODE, AT(key), .help = "refused: use key_file" },
	{ "client_ca", YAML_NODE, AT(client_ca), .help = "refused: use client_ca_file" },
	{ "client_allowed_sans", YAML_NODE, AT(sans), .help = "refused" },
	{ "cipher_suites", YAML_NODE, AT(ciphers), .help = "refused" },
	{ "curve_preferences", YAML_NODE, AT(curves), .help = "refused" },
	{ "prefer_server_cipher_suites", YAML_NODE, AT(prefer), .help = "refused" },
	{ NULL },
};
#undef AT

struct raw_http {
	bool http2;
	const struct yaml_node *headers;
};

static const struct yaml_field http_fields[] = {
	{ "http2", YAML_BOOL, offsetof(struct raw_http, http2), .help = "only false" },
	{ "headers", YAML_NODE, offsetof(struct raw_http, headers), .help = "refused" },
	{ NULL },
};

struct raw_web {
	const struct yaml_node *tls, *http, *users, *rate;
};

static const struct yaml_field web_fields[] = {
	{ "tls_server_config", YAML_NODE, offsetof(struct raw_web, tls), .help = "TLS" },
	{ "http_server_config", YAML_NODE, offsetof(struct raw_web, http), .help = "HTTP" },
	{ "basic_auth_users", YAML_NODE, offsetof(struct raw_web, users),
	  .help = "names and bcrypt hashes" },
	{ "rate_limit", YAML_NODE, offsetof(struct raw_web, rate), .help = "refused" },
	{ NULL },
};

struct reader {
	const char *path;
	struct arena *a;
	struct diags *d;
	struct web_config *out;
};

static void refuse(const struct reader *r, const struct yaml_node *at, const char *sentence)
{
	if (at)
		yaml_complain(at, r->d, "%s", sentence);
}

static const char *beside(const struct reader *r, const char *name)
{
	const char *slash = strrchr(r->path, '/');

	if (!name || *name == '/' || !slash)
		return name;
	return arena_printf(r->a, "%.*s/%s", (int)(slash - r->path), r->path, name);
}

/* --- TLS ------------------------------------------------------------------------------------- */

static void refuse_others(const struct reader *r, const struct raw_tls *t)
{
	static const char inline_text[] = "texts are not taken here: name a file with the key that "
					  "ends in _file";

	refuse(r, t->cert, inline_text);
	refuse(r, t->key, inline_text);
	refuse(r, t->client_ca, inline_text);
	refuse(r, t->sans,
	       "names of clients are not compared here: let client_ca_file hold an authority that "
	       "signs only those who may");
	refuse(r, t->ciphers,
	       "cipher suites are not chosen here: they are those GnuTLS holds safe");
	refuse(r, t->curves, "curves are not chosen here: they are those GnuTLS holds safe");
	refuse(r, t->prefer, "the order of cipher suites is not chosen here: Go ignores it, too");
}

static void check_tls(const struct reader *r, const struct yaml_node *node, const struct raw_tls *t)
{
	if (!t->cert_file || !*t->cert_file || !t->key_file || !*t->key_file)
		yaml_complain(node, r->d, "TLS needs both cert_file and key_file");
	if (t->client == NOT_HERE)
		refuse(r, yaml_get(node, "client_auth_type"),
		       "a certificate that nobody verifies says nothing: "
		       "RequireAndVerifyClientCert or "
		       "VerifyClientCertIfGiven");
	if (t->client > TLS_CLIENT_NONE && !t->client_ca_file)
		yaml_complain(node, r->d, "client_auth_type needs client_ca_file");
	if (t->client == TLS_CLIENT_NONE && t->client_ca_file)
		yaml_complain(
			yaml_get(node, "client_ca_file"), r->d,
			"client_ca_file is for client_auth_type RequireAndVerifyClientCert or "
			"VerifyClientCertIfGiven");
	if (t->min == NOT_HERE || t->max == NOT_HERE)
		refuse(r, yaml_get(node, t->min == NOT_HERE ? "min_version" : "max_version"),
		       "versions of TLS before 1.2 are not offered: TLS12 or TLS13");
	else if (t->min > t->max)
		yaml_complain(yaml_get(node, "min_version"), r->d,
			      "min_version is above max_version");
}

static void read_tls(const struct reader *r, const struct yaml_node *node)
{
	struct raw_tls t = { .client = TLS_CLIENT_NONE, .min = TLS_1_2, .max = TLS_1_3 };
	struct web_config *c = r->out;

	yaml_fill(node, tls_fields, &t, r->a, r->d);
	refuse_others(r, &t);
	check_tls(r, node, &t);
	c->tls = true;
	c->cert_file = beside(r, t.cert_file);
	c->key_file = beside(r, t.key_file);
	c->client_ca_file = beside(r, t.client_ca_file);
	c->client = t.client == NOT_HERE ? TLS_CLIENT_REQUIRED : (enum tls_client)t.client;
	c->min = t.min == NOT_HERE ? TLS_1_2 : (enum tls_version)t.min;
	c->max = t.max == NOT_HERE ? TLS_1_3 : (enum tls_version)t.max;
}

/* --- users ------------------------------------------------------------------------------------ */

static void check_name(const struct reader *r, const struct yaml_node *m)
{
	struct slice name = m->key->text;
	bool bad = !name.n || name.n > WEB_USER_BYTES || memchr(name.p, ':', name.n);

	for (size_t i = 0; i < name.n; i++)
		bad |= (unsigned char)name.p[i] < ' ' || name.p[i] == 0x7f;
	if (bad)
		yaml_complain(m->key, r->d,
			      "a user's name has 1 to %d bytes, no ':' and no control character",
			      WEB_USER_BYTES);
	for (size_t i = 0; i < r->out->nusers; i++)
		if (slice_is(name, r->out->users[i].name))
			yaml_complain(m->key, r->d, "this user is there twice");
}

static void read_users(const struct reader *r, const struct yaml_node *node)
{
	struct web_config *c = r->out;
	const struct yaml_node *m;
	struct err e;

	if (node->type == YAML_SCALAR && !node->text.n)
		return; /* `basic_auth_users:` with nothing behind it */
	if (node->type != YAML_MAP || node->n > WEB_USERS_MAX) {
		yaml_complain(node, r->d,
			      "basic_auth_users is a map from at most %d names to bcrypt hashes",
			      WEB_USERS_MAX);
		return;
	}
	c->users = arena_array(r->a, node->n ? node->n : 1, sizeof(*c->users));
	if (!c->users) {
		yaml_complain(node, r->d, "not enough memory for the users");
		return;
	}
	for (m = node->child; m; m = m->next) {
		check_name(r, m);
		if (m->type != YAML_SCALAR)
			yaml_complain(m, r->d, "a user has a bcrypt hash");
		else if (bcrypt_check(m->text, &e) < 0)
			yaml_complain(m, r->d, "%s", e.text);
		else
			c->users[c->nusers++] = (struct web_user){ m->key->text.p, m->text.p };
	}
}

/* --- the file ----------------------------------------------------------------------- */

static void read_http(const struct reader *r, const struct yaml_node *node)
{
	struct raw_http h = { .http2 = false };

	yaml_fill(node, http_fields, &h, r->a, r->d);
	if (h.http2)
		refuse(r, yaml_get(node, "http2"), "HTTP/2 is not offered: false, or leave it out");
	refuse(r, h.headers,
	       "headers are not set here: X-Content-Type-Options, Content-Security-Policy and "
	       "Referrer-Policy are always sent; for others use a reverse proxy");
}

int web_config_read(const char *path, struct arena *a, struct diags *d, struct web_config *out)
{
	struct reader r = { path, a, d, out };
	size_t before = d->n + d->left_out;
	const struct yaml_node *root = yaml_load(path, a, d);
	struct raw_web w = { NULL };

	*out = (struct web_config){ .min = TLS_1_2, .max = TLS_1_3 };
	if (!root)
		return -1;
	yaml_fill(root, web_fields, &w, a, d);
	if (w.tls)
		read_tls(&r, w.tls);
	if (w.http)
		read_http(&r, w.http);
	if (w.users)
		read_users(&r, w.users);
	refuse(&r, w.rate,
	       "rates are not limited by this file: parkwatch has limits of its own "
	       "(docs/configuration.md, query)");
	return d->n + d->left_out == before ? 0 : -1;
}
