/*
 * asking.c - the keys of a feed that say how its server is asked; see asking.h.
 *
 * Each map is read by its table; then the rules that join keys are checked.
 */
#include "collectors/asking.h"
#include "loop/http_client.h"

#include <string.h>
#include <strings.h>

struct reader {
	const struct yaml_node *entry;
	const char *base_dir;
	struct asking *q;
	const char **ca_file;
	struct arena *a;
	struct diags *d;
	bool no_memory;
};

/* The value's place when the key is there, else the map's. */
static const struct yaml_node *place(const struct yaml_node *map, const char *key)
{
	const struct yaml_node *at = yaml_get(map, key);

	return at ? at : map;
}

static bool has_control(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			return true;
	return false;
}

static const char *path(const char *text, struct reader *r)
{
	const char *out = text ? feed_path(text, r->base_dir, r->a) : NULL;

	if (text && !out)
		r->no_memory = true;
	return out;
}

/* As yaml_fill(), which would repeat a text that stands there instead: it may be the secret. */
static int fill(const struct yaml_node *map, const struct yaml_field *fields, void *out,
		struct reader *r)
{
	if (map->type == YAML_MAP)
		return yaml_fill(map, fields, out, r->a, r->d);
	yaml_complain(map, r->d, "this is a map with keys such as '%s'", fields[0].key);
	return -1;
}

#define AT(member) offsetof(struct asking, member)

/* One of two keys of the map, never repeated in what is said. */
static void read_secret(const struct yaml_node *map, const char *key, const char *file_key,
			struct secret *s, struct reader *r)
{
	if (s->text && s->file)
		yaml_complain(place(map, file_key), r->d, "either '%s' or '%s', not both", key,
			      file_key);
	else if (!s->text && !s->file)
		yaml_complain(map, r->d, "'%s' or '%s' is missing", file_key, key);
	if (s->text && (!*s->text || has_control(s->text)))
		yaml_complain(place(map, key), r->d, "'%s' is empty or has control characters",
			      key);
	if (s->file && !*s->file)
		yaml_complain(place(map, file_key), r->d, "'%s' is empty", file_key);
	s->file = path(s->file, r);
}

static void read_authorization(const struct yaml_node *map, struct reader *r)
{
	struct asking *q = r->q;
	static const struct yaml_field fields[] = {
		{ "credentials_file", YAML_STRING, AT(credentials.file),
		  .help = "file that holds the secret" },
		{ "credentials", YAML_STRING, AT(credentials.text), .help = "the secret itself" },
		{ "type", YAML_STRING, AT(type), .help = "of the credentials; Bearer" },
		{ NULL },
	};

	q->type = "Bearer";
	if (fill(map, fields, q, r) < 0)
		return;
	if (!strcasecmp(q->type, "basic"))
		yaml_complain(
			place(map, "type"), r->d,
			"type Basic is written 'basic_auth: {username: …, password_file: …}'");
	else if (!*q->type || q->type[strcspn(q->type, " \t,:;=\"")] || has_control(q->type))
		yaml_complain(place(map, "type"), r->d, "'type' is one word such as Bearer");
	read_secret(map, "credentials", "credentials_file", &q->credentials, r);
}

static void read_basic(const struct yaml_node *map, struct reader *r)
{
	struct asking *q = r->q;
	static const struct yaml_field fields[] = {
		{ "username", YAML_STRING, AT(username), .required = true, .help = "who asks" },
		{ "password", YAML_STRING, AT(password.text), .help = "the secret itself" },
		{ "password_file", YAML_STRING, AT(password.file), .help = "file that holds it" },
		{ NULL },
	};

	if (fill(map, fields, q, r) < 0)
		return;
	if (!*q->username || strchr(q->username, ':') || has_control(q->username))
		yaml_complain(place(map, "username"), r->d,
			      "a user's name has no ':' and no control characters, and is not "
			      "empty (RFC 7617)");
	read_secret(map, "password", "password_file", &q->password, r);
}

#undef AT

static void read_tls(const struct yaml_node *map, struct reader *r)
{
	struct tls {
		const char *ca, *cert, *key, *name;
	} t = { 0 };
	static const struct yaml_field fields[] = {
		{ "ca_file", YAML_STRING, offsetof(struct tls, ca),
		  .help = "certificates trusted for this feed" },
		{ "cert_file", YAML_STRING, offsetof(struct tls, cert),
		  .help = "certificate shown to the server" },
		{ "key_file", YAML_STRING, offsetof(struct tls, key), .help = "its key" },
		{ "server_name", YAML_STRING, offsetof(struct tls, name),
		  .help = "name in the server's certificate, when it is not the URL's host" },
		{ NULL },
	};

	if (fill(map, fields, &t, r) < 0)
		return;
	if (!t.cert != !t.key)
		yaml_complain(map, r->d, "'cert_file' and 'key_file' go together; '%s' is missing",
			      t.cert ? "key_file" : "cert_file");
	if (t.name && (!*t.name || has_control(t.name) || t.name[strcspn(t.name, " /:?#@[]")]))
		yaml_complain(place(map, "server_name"), r->d,
			      "'server_name' is a host's name, without port");
	if (t.ca && yaml_get(r->entry, "ca_file"))
		yaml_complain(place(map, "ca_file"), r->d,
			      "'ca_file' is already given beside 'tls_config'");
	if (t.ca)
		*r->ca_file = path(t.ca, r);
	r->q->cert_file = path(t.cert, r);
	r->q->key_file = path(t.key, r);
	r->q->server_name = t.name;
}

/* --- headers --------------------------------------------------------------------------- */

static bool header_named(struct slice line, const char *name)
{
	size_t n = strlen(name);

	return line.n > n && !strncasecmp(line.p, name, n) && line.p[n] == ':';
}

/* The place in `headers:` where one of this name stands, or NULL. */
static const struct yaml_node *open_header(const struct yaml_node *entry, const char *name)
{
	const struct yaml_node *list = yaml_get(entry, "headers"), *h;

	if (list && list->type == YAML_SCALAR)
		return header_named(list->text, name) ? list : NULL;
	for (h = list ? list->child : NULL; h; h = h->next)
		if (h->type == YAML_SCALAR && header_named(h->text, name))
			return h;
	return NULL;
}

static const struct yaml_node *secret_header(const struct yaml_node *entry, const char *name)
{
	const struct yaml_node *map = yaml_get(entry, "http_headers"), *h;

	for (h = map && map->type == YAML_MAP ? map->child : NULL; h; h = h->next)
		if (h->key->text.n == strlen(name) && !strcasecmp(h->key->text.p, name))
			return h->key;
	return NULL;
}

static void add_files(const char *name, const struct yaml_strings *files,
		      const struct yaml_node *at, struct reader *r)
{
	struct asking *q = r->q;

	for (size_t i = 0; i < files->n; i++) {
		if (q->nheaders == SECRET_HEADERS_MAX) {
			yaml_complain(at, r->d, "more than %d files of headers",
				      SECRET_HEADERS_MAX);
			return;
		}
		q->headers[q->nheaders++] = (struct secret_header){ name, path(files->list[i], r) };
	}
}

static void read_header(const struct yaml_node *h, struct reader *r)
{
	struct yaml_strings files = { 0 };
	static const struct yaml_field fields[] = {
		{ "files", YAML_STRINGS, 0, .required = true,
		  .help = "each holds the value of one header" },
		{ NULL },
	};
	const char *name = h->key->text.p;
	const char *line = arena_printf(r->a, "%s:", name), *fault;

	if (!line) {
		r->no_memory = true;
		return;
	}
	fault = feed_header_fault(slice_str(line));
	if (fault)
		yaml_complain(h->key, r->d, "%s", fault);
	if (open_header(r->entry, name))
		yaml_complain(h->key, r->d, "this header is already given under 'headers'");
	if (fill(h, fields, &files, r) == 0)
		add_files(name, &files, h, r);
}

static void read_headers(const struct yaml_node *map, struct reader *r)
{
	if (map->type != YAML_MAP) {
		yaml_complain(map, r->d,
			      "'http_headers' is a map: NAME: {files: [FILE]}, for values that are "
			      "secret");
		return;
	}
	r->q->headers = arena_array(r->a, SECRET_HEADERS_MAX, sizeof(*r->q->headers));
	if (!r->q->headers) {
		r->no_memory = true;
		return;
	}
	for (const struct yaml_node *h = map->child; h; h = h->next)
		read_header(h, r);
}

/* --- the rules that join keys ------------------------------------------------------------ */

static void check_who(const struct reader *r, const struct asking_keys *k)
{
	const struct yaml_node *twice = open_header(r->entry, "Authorization");

	if (!twice)
		twice = secret_header(r->entry, "Authorization");
	if (k->authorization && k->basic_auth)
		yaml_complain(k->basic_auth, r->d,
			      "either 'authorization' or 'basic_auth', not both");
	if (twice && (k->authorization || k->basic_auth))
		yaml_complain(twice, r->d, "the header Authorization is already made by '%s'",
			      k->authorization ? "authorization" : "basic_auth");
}

static void check_body(const struct reader *r, const struct asking_keys *k)
{
	const struct yaml_node *entry = r->entry, *redirects = yaml_get(entry, "redirects");

	if (k->method == ASK_GET) {
		if (k->body)
			yaml_complain(place(entry, "body"), r->d, "'body' needs 'method: POST'");
		if (k->content_type)
			yaml_complain(place(entry, "content_type"), r->d,
				      "'content_type' needs 'method: POST'");
		return;
	}
	if (!k->body)
		yaml_complain(place(entry, "method"), r->d, "method POST needs 'body'");
	else if (strlen(k->body) > ASKING_BODY_MAX)
		yaml_complain(place(entry, "body"), r->d, "'body' is longer than %d bytes",
			      ASKING_BODY_MAX);
	if (!k->content_type || !*k->content_type || has_control(k->content_type))
		yaml_complain(place(entry, k->content_type ? "content_type" : "method"), r->d,
			      "method POST needs 'content_type', such as application/json");
	if (open_header(entry, "Content-Type") || secret_header(entry, "Content-Type"))
		yaml_complain(place(entry, "content_type"), r->d,
			      "the header Content-Type is made by 'content_type'");
	if (redirects && !slice_is(redirects->text, "0"))
		yaml_complain(redirects, r->d,
			      "a POST is never sent again to where a redirect "
			      "leads: leave 'redirects' out");
}

static void check_proxy(const struct reader *r, const struct asking_keys *k)
{
	struct err e;

	if (k->proxy_url && http_proxy_check(k->proxy_url, &e) < 0)
		yaml_complain(place(r->entry, "proxy_url"), r->d, "%s", e.text);
}

static void check_tls(const struct reader *r, const struct asking_keys *k)
{
	const struct yaml_node *url = yaml_get(r->entry, "url");

	if (k->tls_config && url && url->type == YAML_SCALAR &&
	    !strncasecmp(url->text.p, "http:", 5))
		yaml_complain(k->tls_config, r->d, "'tls_config' is for an https 'url'");
}

int asking_read(const struct yaml_node *entry, const struct asking_keys *k, const char *base_dir,
		struct asking *out, const char **ca_file, struct arena *a, struct diags *d)
{
	struct reader r = { entry, base_dir, out, ca_file, a, d, false };

	*out = (struct asking){ .proxy = k->proxy_url };
	if (k->method == ASK_POST) {
		out->body = k->body;
		out->content_type = k->content_type;
	}
	if (k->authorization)
		read_authorization(k->authorization, &r);
	if (k->basic_auth)
		read_basic(k->basic_auth, &r);
	if (k->http_headers)
		read_headers(k->http_headers, &r);
	if (k->tls_config)
		read_tls(k->tls_config, &r);
	check_who(&r, k);
	check_body(&r, k);
	check_proxy(&r, k);
	check_tls(&r, k);
	return r.no_memory ? -1 : 0;
}
