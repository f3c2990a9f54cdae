/* remote_read.c - see remote_read.h. */
#include "base/remote_read.h"

#include "base/protobuf.h"
#include "base/text.h"

struct reading {
	struct slice raw; /* the outermost message, for places */
	struct arena *a;
	struct err *e;
};

static int no_room(const struct reading *r)
{
	return err_set(r->e, ERR_LIMIT, "the request needs more than %zu MiB", r->a->limit >> 20);
}

/* Calls each() for every field of a message. */
static int walk(struct reading *r, struct slice message,
		int (*each)(struct reading *r, const uint8_t *at, const struct pb_field *f,
			    void *ctx),
		void *ctx)
{
	const uint8_t *p = pb_start(message), *end = p + message.n;

	while (p < end) {
		const uint8_t *at = p;
		struct pb_field f;

		p = pb_read(pb_start(r->raw), p, end, &f, r->e);
		if (!p || each(r, at, &f, ctx) < 0)
			return -1;
	}
	return 0;
}

/* --- matchers ------------------------------------------------------------------------------ */

static int matcher_field(struct reading *r, const uint8_t *at, const struct pb_field *f, void *ctx)
{
	static const enum matcher_op ops[] = { MATCH_EQ, MATCH_NE, MATCH_RE, MATCH_NRE };
	struct matcher *m = ctx;

	if (f->number < 1 || f->number > 3)
		return 0;
	if (pb_want(pb_start(r->raw), at, f, f->number == 1 ? PB_VARINT : PB_BYTES, r->e) < 0)
		return -1;
	if (f->number == 1) {
		if (f->value >= sizeof(ops) / sizeof(ops[0]))
			return err_set(r->e, ERR_INVALID, "there is no type of matcher %llu",
				       (unsigned long long)f->value);
		m->op = ops[f->value];
		return 0;
	}
	if (utf8_bad_at(f->s) >= 0)
		return err_set(r->e, ERR_INVALID, "a text is not UTF-8");
	*(f->number == 2 ? &m->name : &m->value) = f->s;
	return 0;
}

/* --- queries ------------------------------------------------------------------------------- */

struct query_reading {
	struct read_query *q;
	size_t cap;
};

static int add_matcher(struct reading *r, struct query_reading *to, struct slice message)
{
	struct read_query *q = to->q;

	if (q->nm == READ_MATCHERS_MAX)
		return err_set(r->e, ERR_LIMIT, "more than %d matchers", READ_MATCHERS_MAX);
	q->m = arena_grow(r->a, q->m, q->nm, &to->cap, q->nm + 1, sizeof(*q->m));
	if (!q->m)
		return no_room(r);
	q->m[q->nm] = (struct matcher){ .op = MATCH_EQ,
					.name = slice_of("", 0),
					.value = slice_of("", 0) };
	if (walk(r, message, matcher_field, &q->m[q->nm]) < 0)
		return err_wrap(r->e, "matcher %zu", q->nm + 1);
	q->nm++;
	return 0;
}

static int query_field(struct reading *r, const uint8_t *at, const struct pb_field *f, void *ctx)
{
	struct query_reading *to = ctx;

	if (f->number < 1 || f->number > 3)
		return 0;
	if (pb_want(pb_start(r->raw), at, f, f->number == 3 ? PB_BYTES : PB_VARINT, r->e) < 0)
		return -1;
	if (f->number == 3)
		return add_matcher(r, to, f->s);
	*(f->number == 1 ? &to->q->from_ms : &to->q->to_ms) = (int64_t)f->value;
	return 0;
}

/* --- the request ----------------------------------------------------------------------------- */

struct request_reading {
	struct read_request *to;
	size_t cap;
	bool any; /* response types were named */
};

static int add_query(struct reading *r, struct request_reading *x, struct slice message)
{
	struct read_request *to = x->to;
	struct query_reading q = { 0 };

	if (to->n == READ_QUERIES_MAX)
		return err_set(r->e, ERR_LIMIT, "more than %d queries", READ_QUERIES_MAX);
	to->queries =
		arena_grow(r->a, to->queries, to->n, &x->cap, to->n + 1, sizeof(*to->queries));
	if (!to->queries)
		return no_room(r);
	q.q = &to->queries[to->n];
	*q.q = (struct read_query){ 0 };
	if (walk(r, message, query_field, &q) < 0)
		return err_wrap(r->e, "query %zu", to->n + 1);
	to->n++;
	return 0;
}

static void add_type(struct request_reading *x, uint64_t type)
{
	if (!x->any)
		x->to->response = READ_RESPONSE_NONE;
	x->any = true;
	if (x->to->response == READ_RESPONSE_NONE && type < READ_RESPONSE_NONE)
		x->to->response = (enum read_response)type;
}

/* One number, or several packed into a field. */
static int add_types(struct reading *r, const uint8_t *at, struct request_reading *x,
		     const struct pb_field *f)
{
	const uint8_t *p, *end;

	if (f->wire == PB_VARINT) {
		add_type(x, f->value);
		return 0;
	}
	if (pb_want(pb_start(r->raw), at, f, PB_BYTES, r->e) < 0)
		return -1;
	p = pb_start(f->s);
	end = p + f->s.n;
	while (p < end) {
		uint64_t v;

		if (!varint_read(&p, end, &v))
			return err_set(r->e, ERR_INVALID, "a list of response types is cut off");
		add_type(x, v);
	}
	return 0;
}

static int request_field(struct reading *r, const uint8_t *at, const struct pb_field *f, void *ctx)
{
	struct request_reading *x = ctx;

	if (f->number == 2)
		return add_types(r, at, x, f);
	if (f->number != 1)
		return 0;
	if (pb_want(pb_start(r->raw), at, f, PB_BYTES, r->e) < 0)
		return -1;
	return add_query(r, x, f->s);
}

int read_request_parse(struct slice raw, struct arena *a, struct read_request *out, struct err *e)
{
	struct reading r = { raw, a, e };
	struct request_reading x = { .to = out };

	*out = (struct read_request){ .response = READ_SAMPLES };
	return walk(&r, raw, request_field, &x);
}
