/*
 * http_request.c - a request while it comes in.
 *
 * First its URI, then each header, then the body in pieces. What is wrong with it
 * becomes a refusal, the first one counting; the answer is sent when the library
 * allows one: after the header or after the whole body.
 */
#include "base/alloc.h"
#include "base/authorization.h"
#include "base/inflate.h"
#include "base/secret.h"
#include "base/spool.h"
#include "loop/http_server_private.h"

#include <stdlib.h>
#include <strings.h>

enum {
	HEADER_MAX = 32 << 10,
	/* Taken at once for a body of known length; a longer one grows as it comes, so that an
	 * announced length alone costs little. */
	BODY_AT_ONCE = 1 << 20,
};

struct request *request_new(struct http_server *s, struct connection *conn)
{
	struct request *r = mem_zalloc(sizeof(*r));

	if (!r)
		return NULL;
	arena_init(&r->x.arena, s->o.arena_limit);
	buf_init(&r->x.reply, s->o.reply_limit);
	r->body_limit = s->o.body_limit;
	buf_init(&r->packed, 0);
	r->x.status = 200;
	r->x.content_type = "text/plain; charset=utf-8";
	r->x.private = r;
	r->server = s;
	r->conn = conn;
	r->refs = 1;
	r->begun_ns = (int64_t)uv_hrtime();
	r->next = s->requests;
	if (s->requests)
		s->requests->prev = r;
	s->requests = r;
	return r;
}

static void wipe(struct slice *s)
{
	if (s->n)
		secret_wipe((void *)s->p, s->n);
	*s = slice_of("", 0);
}

/* Who asked showed a secret here, in the header or, by mistake, in the address; malloc() may
 * keep the memory as it is for long. */
void request_release_arena(struct request *r)
{
	wipe(&r->headers[KEPT_AUTHORIZATION]);
	wipe(&r->query);
	for (size_t i = 0; i < r->x.nparams; i++)
		secret_wipe((void *)r->x.params[i].value.p, r->x.params[i].value.n);
	r->x.nparams = 0;
	arena_release(&r->x.arena);
}

void request_unref(struct request *r)
{
	struct http_server *s = r->server;

	if (--r->refs || (r->x.more && pieces_drop(r)))
		return;
	if (r->prev)
		r->prev->next = r->next;
	else
		s->requests = r->next;
	if (r->next)
		r->next->prev = r->prev;
	request_uncharge(r);
	s->in_files -= r->in_files;
	buf_release(&r->body);
	buf_release(&r->piece);
	buf_release(&r->packed);
	packer_free(r->packer);
	buf_release(&r->x.reply);
	request_release_arena(r);
	mem_free(r);
	if (s->closing && !s->handles && !s->requests)
		server_free(s);
}

bool request_charge(struct request *r, size_t n)
{
	struct http_server *s = r->server;

	if (n > s->in_flight_max - s->in_flight)
		return false;
	s->in_flight += n;
	r->in_flight += n;
	return true;
}

/* Nobody has looked yet whether the sender may hand in anything. */
static bool charge_file(struct request *r, size_t n)
{
	struct http_server *s = r->server;

	if (n > s->in_files_max - s->in_files)
		return false;
	s->in_files += n;
	r->in_files += n;
	return true;
}

void request_uncharge(struct request *r)
{
	r->server->in_flight -= r->in_flight;
	r->in_flight = 0;
}

/* --- the header ------------------------------------------------------------ */

void request_read_uri(struct request *r, const char *uri)
{
	struct slice all = slice_str(uri);
	const char *mark;
	struct err e;

	r->header_bytes = all.n;
	if (all.n > HEADER_MAX) {
		request_refuse(r, 414, "the URL is longer than %d bytes", HEADER_MAX);
		r->refusal.close = true;
		return;
	}
	all = arena_slice(&r->x.arena, all);
	mark = all.p ? memchr(all.p, '?', all.n) : NULL;
	if (!all.p) {
		request_refuse(r, 503, "no memory for this request");
		return;
	}
	if (mark) {
		r->query = slice_skip(all, (size_t)(mark - all.p) + 1);
		all.n = (size_t)(mark - all.p);
	}
	if (!slice_starts(all, "/"))
		request_refuse(r, 400, "the path does not begin with /");
	else if (http_path_decode(all, &r->x.arena, &r->x.path, &e) < 0)
		request_refuse(r, 400, "%s", e.text);
}

/* The library's own limit is larger: its room is for bodies too. */
static bool header_fits(struct request *r, const char *name, const char *value)
{
	r->header_bytes += strlen(name) + strlen(value);
	if (r->header_bytes <= HEADER_MAX)
		return true;
	request_refuse(r, 431, "the header is larger than %d bytes", HEADER_MAX);
	r->refusal.close = true;
	return false;
}

void request_note_header(struct request *r, const char *name, const char *value)
{
	if (!header_fits(r, name, value))
		return;
	if (strcasecmp(name, "Host") == 0)
		r->hosts++;
	if (strcasecmp(name, "Content-Length") == 0) {
		r->lengths++;
		r->length = strtoull(value, NULL, 10); /* the library wants digits only */
	}
	if (strcasecmp(name, "Transfer-Encoding") == 0) {
		r->encodings++;
		r->chunked = strcasecmp(value, "chunked") == 0;
	}
	for (int i = 0; i < KEPT_HEADERS; i++) {
		struct slice *kept = &r->headers[i];

		if (kept->p || strcasecmp(name, kept_header_names[i]) != 0)
			continue;
		*kept = arena_slice(&r->x.arena, slice_str(value));
		r->header_lost |= !kept->p;
	}
}

/* What two programs could understand differently is refused and the connection ended. */
static void check_framing(struct request *r)
{
	if (r->lengths && r->encodings)
		request_refuse(r, 400, "both Content-Length and Transfer-Encoding");
	else if (r->lengths > 1)
		request_refuse(r, 400, "more than one Content-Length");
	else if (r->encodings > 1 || (r->encodings && !r->chunked))
		request_refuse(r, 400, "the only transfer encoding here is chunked");
	else if (r->hosts > 1)
		request_refuse(r, 400, "more than one Host");
	else
		return;
	r->refusal.close = true;
}

void request_challenge(struct request *r)
{
	request_refuse(r, 401, "user and password are wanted");
	r->challenged = r->refusal.status == 401;
}

enum http_pass request_pass(const struct request *r)
{
	const struct http_guard *g = r->server->o.guard;
	struct slice header = r->headers[KEPT_AUTHORIZATION];

	if (!g)
		return PASS_OPEN;
	if (r->route && r->route->own_tokens && header.n > 7 &&
	    strncasecmp(header.p, "Bearer ", 7) == 0)
		return PASS_OPEN;
	return g->known(g->ctx, header);
}

void request_name_user(struct request *r)
{
	struct basic_credentials c;

	if (authorization_basic(r->headers[KEPT_AUTHORIZATION], &c)) {
		r->x.user = arena_slice(&r->x.arena, c.user);
		if (!r->x.user.p)
			request_refuse(r, 503, "no memory for this request");
	}
	secret_wipe(&c, sizeof(c));
}

void request_end_header(struct request *r, const char *method)
{
	struct http_server *s = r->server;

	r->header_seen = true;
	r->x.method = arena_slice(&r->x.arena, slice_str(method));
	r->x.client = arena_slice(&r->x.arena, slice_str(r->conn->address));
	for (int i = 0; i < KEPT_HEADERS; i++) {
		if (!r->headers[i].p)
			r->headers[i] = slice_of("", 0);
	}
	check_framing(r);
	if (r->header_lost || !r->x.method.p || !r->x.client.p)
		request_refuse(r, 503, "no memory for this request");
	if (r->refusal.status)
		return;
	r->route = request_route(r, s->routes, s->nroutes);
	/* Who may not ask is not told either what there is. */
	if (request_pass(r) == PASS_REFUSED) {
		r->refusal.status = 0;
		request_challenge(r);
	}
	if (r->refusal.status)
		return;
	r->x.ctx = r->route->ctx;
	if (r->route->body_limit)
		r->body_limit = r->route->body_limit;
	buf_init(&r->body, r->body_limit);
	r->body.large = r->route->large_body;
	buf_init(&r->piece, SIZE_MAX);
	if (r->length > r->body_limit)
		request_refuse(r, 413, "the body is larger than %zu bytes", r->body_limit);
}

bool request_ends_early(const struct request *r)
{
	return r->refusal.status && (r->refusal.close || r->length || r->chunked);
}

/* --- the body -------------------------------------------------------------- */

static size_t first_room(const struct request *r, size_t n)
{
	size_t room = r->length < BODY_AT_ONCE ? (size_t)r->length : BODY_AT_ONCE;

	return room > n ? room : n;
}

/* In the middle of a body nothing can be answered (libmicrohttpd refuses it), so the rest of
 * a body that is refused is thrown away, up to a point. */
bool request_read_body(struct request *r, const char *p, size_t n)
{
	bool to_file = r->body.large && spool_wanted(r->body.n + r->piece.n + n);
	size_t limit = r->body_limit;

	r->body_seen += n;
	if (r->body_seen > limit)
		request_refuse(r, 413, "the body is larger than %zu bytes", limit);
	else if (!r->refusal.status && !(to_file ? charge_file(r, n) : request_charge(r, n)))
		request_refuse(r, 503, "too many requests are under way");
	if (r->refusal.status) {
		buf_release(&r->body);
		buf_release(&r->piece);
		return r->body_seen / 4 <= limit;
	}
	if (!r->body.p)
		buf_room(&r->body, first_room(r, n));
	if (to_file && !r->piece.p)
		buf_room(&r->piece, BODY_PIECE_ROOM);
	buf_put(to_file ? &r->piece : &r->body, p, n);
	if (r->body.failed || r->piece.failed)
		request_refuse(r, 503, "no memory for this request");
	return true;
}
