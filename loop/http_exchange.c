/*
 * http_exchange.c - a request from its header to a filled reply.
 *
 * Find the route; decode the parameters of the URL and of a form; let the handler
 * fill the reply; pack it when the client takes gzip. Everything but the first runs
 * where the handler runs, so a large form never holds up the loop.
 */
#include "base/inflate.h"
#include "base/log.h"
#include "loop/http_server_private.h"

#include <stdio.h>
#include <strings.h>

enum { PACK_MIN = 1024 };

const char *const kept_header_names[KEPT_HEADERS] = {
	[KEPT_ACCEPT] = "Accept",
	[KEPT_ACCEPT_ENCODING] = "Accept-Encoding",
	[KEPT_CONTENT_TYPE] = "Content-Type",
	[KEPT_CONTENT_ENCODING] = "Content-Encoding",
	[KEPT_AUTHORIZATION] = "Authorization",
	[KEPT_HOST] = "Host",
	[KEPT_IF_NONE_MATCH] = "If-None-Match",
	[KEPT_USER_AGENT] = "User-Agent",
	[KEPT_ORIGIN] = "Origin",
	[KEPT_WRITE_VERSION] = "X-Prometheus-Remote-Write-Version",
};

void request_refuse(struct request *r, unsigned status, const char *fmt, ...)
{
	va_list ap;

	if (r->refusal.status)
		return;
	r->refusal.status = status;
	va_start(ap, fmt);
	vsnprintf(r->refusal.text, sizeof(r->refusal.text), fmt, ap);
	va_end(ap);
}

/* --- routes ---------------------------------------------------------------- */

/* How well the route fits the path: 0 not at all, more for a longer text, most when exact. */
static size_t path_fits(const struct http_route *t, struct slice path)
{
	struct slice want = slice_str(t->path);

	if (slice_eq(want, path))
		return SIZE_MAX;
	if (!slice_ends(want, "/*"))
		return 0;
	want.n--;
	return path.n >= want.n && slice_eq(slice_of(path.p, want.n), want) ? want.n : 0;
}

static bool method_fits(const struct http_route *t, struct slice method)
{
	if (!t->method || slice_is(method, t->method))
		return true;
	return slice_is(method, "HEAD") && strcmp(t->method, "GET") == 0;
}

static const char *allowed_methods(struct request *r, const struct http_route *routes, size_t n,
				   size_t fit)
{
	const char *allow = "";

	for (size_t i = 0; i < n && allow; i++) {
		const char *m = routes[i].method;

		if (path_fits(&routes[i], r->x.path) != fit)
			continue;
		allow = arena_printf(&r->x.arena, "%s%s%s%s", allow, *allow ? ", " : "", m,
				     strcmp(m, "GET") == 0 ? ", HEAD" : "");
	}
	return allow;
}

const struct http_route *request_route(struct request *r, const struct http_route *routes, size_t n)
{
	size_t best = 0;

	for (size_t i = 0; i < n; i++) {
		size_t fit = path_fits(&routes[i], r->x.path);

		if (fit > best)
			best = fit;
	}
	for (size_t i = 0; best && i < n; i++) {
		if (path_fits(&routes[i], r->x.path) == best &&
		    method_fits(&routes[i], r->x.method))
			return &routes[i];
	}
	if (!best) {
		request_refuse(r, 404, "nothing is at %.*s",
			       r->x.path.n > 128 ? 128 : (int)r->x.path.n, r->x.path.p);
		return NULL;
	}
	r->allow = allowed_methods(r, routes, n, best);
	request_refuse(r, 405, "method %.*s is not allowed here",
		       r->x.method.n > 32 ? 32 : (int)r->x.method.n, r->x.method.p);
	return NULL;
}

/* --- serving --------------------------------------------------------------- */

static bool starts_nocase(struct slice s, const char *prefix)
{
	size_t n = strlen(prefix);

	return s.n >= n && strncasecmp(s.p, prefix, n) == 0;
}

struct buf exchange_take_body(struct exchange *x)
{
	struct request *r = x->private;
	struct buf body = r->body;

	r->body = (struct buf){ 0 };
	x->body = slice_of("", 0);
	return body;
}

static bool is_form(const struct request *r)
{
	static const char form[] = "application/x-www-form-urlencoded";
	struct slice type = r->headers[KEPT_CONTENT_TYPE];

	if (r->route->raw_body || !starts_nocase(type, form))
		return false;
	type = slice_skip(type, sizeof(form) - 1);
	return !type.n || type.p[0] == ';' || type.p[0] == ' ';
}

static int read_params(struct request *r, struct err *e)
{
	struct exchange *x = &r->x;
	struct http_param *params = NULL;
	size_t n = 0;

	if (!is_form(r))
		x->body = buf_all(&r->body);
	else if (http_params_parse(buf_all(&r->body), &x->arena, &params, &n, e) < 0)
		return err_wrap(e, "form");
	if (http_params_parse(r->query, &x->arena, &params, &n, e) < 0)
		return -1;
	x->params = params;
	x->nparams = n;
	return 0;
}

static struct slice without_blanks(struct slice s)
{
	while (s.n && (s.p[0] == ' ' || s.p[0] == '\t'))
		s = slice_skip(s, 1);
	while (s.n && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t'))
		s.n--;
	return s;
}

/* Takes what is before `end` off the front of *rest; all of it when there is none. */
static struct slice take_item(struct slice *rest, char end)
{
	const char *at = rest->n ? memchr(rest->p, end, rest->n) : NULL;
	struct slice item = slice_of(rest->p, at ? (size_t)(at - rest->p) : rest->n);

	*rest = slice_skip(*rest, item.n + (at ? 1 : 0));
	return without_blanks(item);
}

/* Of ";q=0.5" and the like. */
static bool weight_is_zero(struct slice params)
{
	const char *q = params.n ? memmem(params.p, params.n, "q=", 2) : NULL;

	if (!q)
		return false;
	for (q += 2; q < params.p + params.n; q++) {
		if (*q >= '1' && *q <= '9')
			return false;
	}
	return true;
}

/* "gzip, deflate;q=0.5": whether gzip (or *) is named and not with a weight of zero. */
static bool takes_gzip(struct slice accept)
{
	while (accept.n) {
		struct slice params = take_item(&accept, ',');
		struct slice name = take_item(&params, ';');

		if ((name.n == 4 && strncasecmp(name.p, "gzip", 4) == 0) || slice_is(name, "*"))
			return !weight_is_zero(params);
	}
	return false;
}

static bool packs_well(const struct exchange *x)
{
	static const char *const types[] = { "text/",
					     "application/json",
					     "application/openmetrics-text",
					     "application/javascript",
					     "application/xml",
					     "image/svg+xml" };
	struct slice type = slice_str(x->content_type); /* empty for NULL */

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (starts_nocase(type, types[i]))
			return true;
	}
	return false;
}

bool request_has_header(const struct exchange *x, const char *name)
{
	for (size_t i = 0; i < 8 && x->headers[i][0]; i++) {
		if (strcasecmp(x->headers[i][0], name) == 0)
			return true;
	}
	return false;
}

/* Packed already what there is of a piece, more of it is made as long as nothing comes out. */
static int pack_piece(struct request *r, struct err *e)
{
	struct exchange *x = &r->x;

	buf_clear(&r->packed);
	for (;;) {
		if (packer_add(r->packer, buf_all(&x->reply), !x->more, &r->packed, e) < 0)
			return -1;
		if (r->packed.n || !x->more)
			return 0;
		buf_clear(&x->reply);
		x->more(x);
		if (buf_check(&x->reply, e) < 0)
			return -1;
	}
}

static void begin_pieces(struct request *r, bool packs)
{
	struct err e;

	if (!packs)
		return;
	buf_init(&r->packed, r->server->o.reply_limit);
	r->packer = packer_new(&e);
	if (!r->packer || pack_piece(r, &e) < 0)
		request_refuse(r, 503, "%s", e.text);
}

static void pack(struct request *r, size_t pack_max)
{
	struct exchange *x = &r->x;
	bool packs = x->reply.n > PACK_MIN && packs_well(x) &&
		     !request_has_header(x, "Content-Encoding") &&
		     takes_gzip(r->headers[KEPT_ACCEPT_ENCODING]);
	struct err e;

	if (x->more) {
		begin_pieces(r, packs);
		return;
	}
	if (!packs || x->reply.n > pack_max)
		return;
	buf_init(&r->packed, x->reply.n - 1);
	if (deflate_body(buf_all(&x->reply), &r->packed, &e) < 0 || r->packed.failed) {
		buf_release(&r->packed); /* it does not shrink, or no memory: goes as it is */
		return;
	}
	buf_release(&x->reply);
}

static bool deferred(const struct request *r)
{
	return r->route->where == HTTP_DEFERRED && r->x.deferred;
}

void request_serve(struct request *r, size_t pack_max)
{
	struct exchange *x = &r->x;
	struct err e;

	if (read_params(r, &e) < 0) {
		request_refuse(r, e.code == ERR_LIMIT ? 413 : 400, "%s", e.text);
		return;
	}
	r->route->serve(x);
	if (!deferred(r))
		request_end_reply(r, pack_max);
}

void request_end_reply(struct request *r, size_t pack_max)
{
	struct exchange *x = &r->x;
	struct err e;

	if (buf_check(&x->reply, &e) < 0) {
		request_refuse(r, e.code == ERR_MEMORY ? 503 : 500, "the reply is too large: %s",
			       e.text);
		return;
	}
	pack(r, pack_max);
}

/* --- pieces ------------------------------------------------------------------------- */

struct buf *request_reply(struct request *r)
{
	return r->packer || r->packed.n ? &r->packed : &r->x.reply;
}

void request_next_piece(struct request *r)
{
	struct exchange *x = &r->x;
	struct err e;

	buf_clear(&x->reply);
	r->piece_sent = 0;
	x->more(x);
	if (buf_check(&x->reply, &e) < 0 || (r->packer && pack_piece(r, &e) < 0)) {
		log_event(LOG_WARN, "a reply ends early", log_sl("path", x->path),
			  log_s("error", e.text));
		r->broken = true;
	}
	r->bytes_made += request_reply(r)->n;
}

void request_drop_pieces(struct request *r)
{
	atomic_store(&r->x.cancelled, true);
	while (r->x.more) {
		buf_clear(&r->x.reply);
		r->x.more(&r->x);
	}
}

/* --- for handlers ---------------------------------------------------------- */

struct slice exchange_param(const struct exchange *x, const char *name)
{
	for (size_t i = 0; i < x->nparams; i++) {
		if (slice_is(x->params[i].name, name))
			return x->params[i].value;
	}
	return slice_of(NULL, 0);
}

struct slice exchange_header(const struct exchange *x, const char *name)
{
	const struct request *r = x->private;

	for (int i = 0; i < KEPT_HEADERS; i++) {
		if (strcasecmp(kept_header_names[i], name) == 0)
			return r->headers[i];
	}
	return slice_of("", 0);
}

void exchange_break(struct exchange *x)
{
	struct request *r = x->private;

	r->broken = true;
}

void exchange_set_header(struct exchange *x, const char *name, const char *value)
{
	char *n = arena_strdup(&x->arena, name), *v = arena_strdup(&x->arena, value);

	for (size_t i = 0; n && v && i < 8; i++) {
		if (x->headers[i][0] && strcasecmp(x->headers[i][0], name) != 0)
			continue;
		x->headers[i][0] = n;
		x->headers[i][1] = v;
		return;
	}
	log_event(LOG_WARN, "no room for a header of a reply", log_s("dropped", name));
}
