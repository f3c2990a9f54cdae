/*
 * submit.c - see submit.h.
 *
 *     serve (worker): token, parameters, the body
 *       └ post ─▶ begin (loop) ─▶ hand_in_start ─▶ … ─▶ tell: the reply ─▶ ended: it is sent
 *
 * Everything of one request lives in the exchange's arena, except the body, which the
 * intake owns, and the reference to the tokens that its rights are a part of.
 */
#include "collectors/submit.h"

#include "base/authorization.h"
#include "base/counter.h"
#include "base/log.h"
#include "base/text.h"
#include "collectors/feed_private.h"
#include "collectors/submit_report.h"

#include <stdio.h>
#include <strings.h>

enum {
	AT_ONCE_MAX = 16, /* each may hold a body and what is decoded of it */
	FILENAME_MAX_BYTES = 200,
	DEADLINE_MS = 120 * 1000,
};

struct submitting {
	struct hand_in h; /* first */
	struct post post;
	struct exchange *x;
	struct submissions *s;
	struct tokens *tokens; /* a reference */
	const struct token *token;
	const char *feed, *filename; /* "": none */
};

/* --- answers ------------------------------------------------------------------------------ */

static const char *type_of(unsigned status)
{
	switch (status) {
	case 401:
		return "unauthorized";
	case 403:
		return "forbidden";
	case 404:
		return "not_found";
	case 413:
		return "too_large";
	case 500:
		return "internal";
	case 503:
	case 507:
		return "unavailable";
	default:
		return "bad_data";
	}
}

static void count(const char *result)
{
	counter_add_for(C_SUBMISSIONS, slice_str(result), 1);
}

static void set_status(struct exchange *x, unsigned status)
{
	x->status = status;
	x->content_type = "application/json";
	if (status == 503)
		exchange_set_header(x, "Retry-After", "1");
}

static void refuse(struct exchange *x, unsigned status, const char *result, const char *text)
{
	set_status(x, status);
	submit_error(type_of(status), text, &x->reply);
	count(result);
}

/* One sentence for a token that never was, was revoked, or is over. */
static void refuse_unknown(struct exchange *x, bool shown)
{
	counter_add(C_SUBMIT_REFUSED_AUTH, 1);
	exchange_set_header(x, "WWW-Authenticate",
			    shown ? "Bearer realm=\"parkwatch\", error=\"invalid_token\""
				  : "Bearer realm=\"parkwatch\"");
	refuse(x, 401, "unauthorized",
	       shown ? "this token is not known, or not any more"
		     : "a token is wanted: Authorization: Bearer TOKEN");
}

static unsigned status_of(const struct err *e)
{
	switch (e->code) {
	case ERR_NOT_FOUND:
		return 404;
	case ERR_REFUSED:
		return 403;
	case ERR_LIMIT:
		return 413;
	case ERR_FULL:
		return 507;
	case ERR_IO:
	case ERR_CORRUPT:
		return 500;
	default: /* busy, no memory, ending */
		return 503;
	}
}

/* --- on the loop ---------------------------------------------------------------------------- */

static void release(struct submitting *r)
{
	tokens_unref(r->tokens);
	atomic_fetch_sub(&r->s->under_way, 1);
}

static void finish(struct submitting *r)
{
	struct exchange *x = r->x;

	release(r);
	exchange_finish(x); /* and r with it */
}

/* Whether all that was refused was good but for the token. */
static bool only_the_token(const struct batch *b)
{
	return b && b->refused &&
	       b->refused == b->count[REFUSED_TOKEN_UNIT] + b->count[REFUSED_TOKEN_INDICATOR];
}

static void tell_refused(struct submitting *r)
{
	const struct intake *in = &r->h.intake;
	bool forbidden = only_the_token(in->batch);
	unsigned status = forbidden                                        ? 403
			  : in->unpack_failed && in->err.code == ERR_LIMIT ? 413
									   : 400;

	set_status(r->x, status);
	submit_report(in, r->feed, false, type_of(status), in->err.text, &r->x->reply);
	count(in->dry_run ? "dry_run" : forbidden ? "forbidden" : "refused");
}

static void tell(struct hand_in *h, enum intake_end how)
{
	struct submitting *r = (struct submitting *)h;
	struct intake *in = &h->intake;

	switch (how) {
	case INTAKE_STORED:
		set_status(r->x, 200);
		submit_report(in, r->feed, !in->dry_run, NULL, NULL, &r->x->reply);
		count(in->dry_run ? "dry_run" : "stored");
		break;
	case INTAKE_REFUSED:
		tell_refused(r);
		break;
	case INTAKE_CANCELLED:
		refuse(r->x, 503, "failed", "the daemon is ending");
		break;
	case INTAKE_FAILED:
	case INTAKE_NOTHING: /* never: what is handed in without a figure is refused */
	case INTAKE_SAME:    /* never: nothing is known beforehand */
		refuse(r->x, in->err.code == ERR_LIMIT ? 503 : status_of(&in->err), "failed",
		       in->err.text);
		break;
	}
}

static void ended(struct hand_in *h)
{
	finish((struct submitting *)h);
}

static void begin(struct post *p)
{
	struct submitting *r = (struct submitting *)((char *)p - offsetof(struct submitting, post));
	struct err e = { 0 };

	if (r->s->closing)
		err_set(&e, ERR_BUSY, "the daemon is ending");
	else if (hand_in_start(r->s->collector, r->feed, &r->h, &e) == 0)
		return;
	intake_release(&r->h.intake);
	refuse(r->x, status_of(&e), e.code == ERR_REFUSED ? "forbidden" : "failed", e.text);
	finish(r);
}

/* --- on a worker ------------------------------------------------------------------------------ */

/* Whose token it is; the reply is written when nobody's. */
static bool identify(struct submitting *r)
{
	struct submissions *s = r->s;
	struct slice secret;
	bool shown = authorization_bearer(exchange_header(r->x, "Authorization"), &secret);
	struct err e;

	if (!shown) {
		refuse_unknown(r->x, exchange_header(r->x, "Authorization").n > 0);
		return false;
	}
	r->tokens = token_book_get(s->tokens, clock_mono(loop_clock(s->loop)), &e);
	if (!r->tokens) {
		/* Why stands in the log: it names files of ours. */
		refuse(r->x, 503, "failed", "the tokens cannot be read at the moment");
		return false;
	}
	r->token = tokens_find(r->tokens, secret, s->today(s->ctx));
	if (!r->token)
		refuse_unknown(r->x, true);
	return r->token != NULL;
}

static const char *filename_fault(struct slice name)
{
	if (name.n > FILENAME_MAX_BYTES)
		return "filename is longer than 200 bytes";
	if (utf8_bad_at(name) >= 0)
		return "filename is not UTF-8";
	for (size_t i = 0; i < name.n; i++)
		if ((unsigned char)name.p[i] < ' ' || name.p[i] == 0x7f)
			return "filename has a control character";
	return NULL;
}

/* NULL, or what is wrong with the parameters. */
static const char *read_params(struct submitting *r, bool *dry_run)
{
	struct exchange *x = r->x;
	struct slice feed = exchange_param(x, "feed"), dry = exchange_param(x, "dry_run");
	struct slice name = exchange_param(x, "filename");
	const char *fault = filename_fault(name);

	if (fault)
		return fault;
	if (!feed.n)
		return "feed=NAME is wanted";
	if (dry.n && !slice_is(dry, "1") && !slice_is(dry, "true") && !slice_is(dry, "0") &&
	    !slice_is(dry, "false"))
		return "dry_run is 1 or 0";
	*dry_run = slice_is(dry, "1") || slice_is(dry, "true");
	r->feed = arena_strndup(&x->arena, feed.p, feed.n);
	r->filename = name.n ? arena_strndup(&x->arena, name.p, name.n) : "";
	return NULL;
}

static bool is_multipart(const struct exchange *x)
{
	struct slice type = exchange_header(x, "Content-Type");

	return type.n >= 10 && strncasecmp(type.p, "multipart/", 10) == 0;
}

/* Cut when it does not fit: as absent, a coding that we do not know would be none. */
static void copy_header(const struct exchange *x, const char *name, char *out, size_t size)
{
	struct slice v = exchange_header(x, name);

	snprintf(out, size, "%.*s", (int)(v.n < size ? v.n : size), v.n ? v.p : "");
}

/* What the ledger and the log say of where it came from. */
static const char *origin_of(const struct submitting *r)
{
	return arena_printf(&r->x->arena, "token %s%s%s", r->token->id, *r->filename ? ": " : "",
			    r->filename);
}

static int fill(struct submitting *r, bool dry_run, struct err *e)
{
	struct intake *in = &r->h.intake;
	struct exchange *x = r->x;

	in->dry_run = dry_run;
	in->rights = &r->token->rights;
	in->origin = r->feed && r->filename ? origin_of(r) : NULL;
	copy_header(x, "Content-Type", in->content_type, sizeof(in->content_type));
	copy_header(x, "Content-Encoding", in->encoding, sizeof(in->encoding));
	snprintf(in->address, sizeof(in->address), "%.*s", (int)x->client.n,
		 x->client.n ? x->client.p : "");
	in->body = exchange_take_body(x);
	r->h.owner = r->token->owner;
	r->h.tell = tell;
	r->h.ended = ended;
	if (!in->origin)
		return err_set(e, ERR_MEMORY, "no memory for this request");
	return buf_check(&in->body, e);
}

static void take(struct submitting *r)
{
	struct exchange *x = r->x;
	bool dry_run = false;
	const char *fault;
	struct err e;

	if (!identify(r))
		goto out;
	fault = read_params(r, &dry_run);
	if (fault) {
		refuse(x, 400, "invalid", fault);
		goto out;
	}
	if (is_multipart(x)) {
		refuse(x, 415, "invalid",
		       "the document itself is wanted as the body, not a form (curl --data-binary "
		       "@FILE)");
		goto out;
	}
	if (fill(r, dry_run, &e) < 0) {
		buf_release(&r->h.intake.body);
		refuse(x, 503, "failed", e.text);
		goto out;
	}
	/* Before the post: afterwards the exchange is the loop's. */
	x->deferred = true;
	r->post.call = begin;
	loop_post(r->s->loop, &r->post);
	return;
out:
	release(r);
}

static void serve(struct exchange *x)
{
	struct submissions *s = x->ctx;
	struct submitting *r;

	if (atomic_fetch_add(&s->under_way, 1) >= AT_ONCE_MAX) {
		atomic_fetch_sub(&s->under_way, 1);
		refuse(x, 503, "failed", "too many documents are handed in at once");
		return;
	}
	r = arena_new(&x->arena, struct submitting);
	if (!r) {
		atomic_fetch_sub(&s->under_way, 1);
		refuse(x, 503, "failed", "no memory for this request");
		return;
	}
	r->x = x;
	r->s = s;
	take(r);
}

struct http_route submit_route(struct submissions *s)
{
	return (struct http_route){
		.method = "POST",
		.path = SUBMIT_PATH,
		.where = HTTP_DEFERRED,
		.class = JOB_INGEST,
		.serve = serve,
		.ctx = s,
		.own_tokens = true,
		.raw_body = true,
		.large_body = true,
		.body_limit = s->body_limit,
		.deadline_ms = DEADLINE_MS,
		.refusals = s->refusals,
	};
}

void submissions_stop(struct submissions *s)
{
	s->closing = true;
}

bool submissions_ended(const struct submissions *s)
{
	return atomic_load(&s->under_way) == 0;
}
