/*
 * run.c - commands of a script in turn; every eval is tried several ways, which must all agree:
 * with and without workers, an instant query also as a step of a range query, and with "@ t" behind
 * its selectors at five other times.
 */
#include "tests/promql/run.h"

#include "query/features.h"
#include "tests/promql/compare.h"
#include "tests/promql/pin.h"
#include "tests/promql/source_memory.h"

#include <stdlib.h>

enum { MINUTE_MS = 60 * 1000, WORKERS = 3 };

/* A series that is not, or not wholly, loaded. */
struct unsent {
	const struct labels *labels;
	const char *reason;
};

struct runner {
	struct engine *engines[2]; /* without workers, with them */
	struct source_memory source;
	struct arena arena; /* of the script that runs */
	struct unsent *unsent;
	size_t nunsent, unsent_room;
	const char *name; /* of the script */
	struct script_run *to;
};

static const char native[] = "native histogram";

/* --- load ------------------------------------------------------------------------------------- */

static void leave_out(struct runner *r, const struct labels *ls, const char *reason)
{
	r->unsent = arena_grow(&r->arena, r->unsent, r->nunsent, &r->unsent_room, r->nunsent + 1,
			       sizeof(*r->unsent));
	if (!r->unsent)
		abort();
	r->unsent[r->nunsent++] = (struct unsent){ ls, reason };
}

static int load_series(struct runner *r, const struct script_load *l, const struct script_series *s,
		       struct err *e)
{
	bool whole = true;

	for (size_t i = 0; i < s->n; i++) {
		const struct script_value *v = &s->values[i];

		whole &= v->kind != SCRIPT_HISTOGRAM;
		if (v->kind == SCRIPT_NUMBER &&
		    source_memory_add(&r->source, s->labels, (int64_t)i * l->step_ms, v->v, e) < 0)
			return -1;
	}
	if (!whole)
		leave_out(r, s->labels, native);
	if (s->starts)
		leave_out(r, s->labels, "start timestamp");
	return 0;
}

/* load_with_nhcb makes name{} of name_bucket{le=…}, name_count{} and name_sum{} besides. */
static void leave_out_custom(struct runner *r, const struct labels *ls)
{
	static const char *const endings[] = { "_bucket", "_count", "_sum" };
	struct label l[LABELS_MAX];
	size_t n = 0;
	bool is_part = false;

	for (size_t i = 0; i < ls->n; i++) {
		if (slice_is(ls->l[i].name, "le"))
			continue;
		l[n] = ls->l[i];
		for (int k = 0; slice_is(l[n].name, LABEL_NAME) && k < 3 && !is_part; k++)
			if (slice_ends(l[n].value, endings[k])) {
				l[n].value.n -= strlen(endings[k]);
				is_part = true;
			}
		n++;
	}
	if (is_part)
		leave_out(r, labels_in_arena(&r->arena, l, n), native);
}

static int load(struct runner *r, const struct script_load *l, struct err *e)
{
	for (size_t i = 0; i < l->series.n; i++) {
		const struct script_series *s = &l->series.s[i];

		if (load_series(r, l, s, e) < 0)
			return -1;
		if (l->custom_buckets)
			leave_out_custom(r, s->labels);
	}
	return 0;
}

static void clear(struct runner *r)
{
	source_memory_release(&r->source);
	r->nunsent = 0;
}

/* --- what cannot be tried ----------------------------------------------------------- */

static const char *touched(const struct runner *r, const struct node *n);

static const char *selects(const struct runner *r, const struct node *n)
{
	for (size_t i = 0; i < r->nunsent; i++)
		if (matchers_hold(n->selector.m, n->selector.nm, r->unsent[i].labels))
			return r->unsent[i].reason;
	return NULL;
}

static const char *touched_either(const struct runner *r, const struct node *a,
				  const struct node *b)
{
	const char *why = a ? touched(r, a) : NULL;

	return why || !b ? why : touched(r, b);
}

static const char *touched(const struct runner *r, const struct node *n)
{
	const char *why = NULL;

	switch (n->kind) {
	case NODE_SELECTOR:
		return selects(r, n);
	case NODE_MATRIX:
		return selects(r, n->matrix.selector);
	case NODE_SUBQUERY:
		return touched(r, n->subquery.expr);
	case NODE_CALL:
		for (size_t i = 0; i < n->call.nargs && !why; i++)
			why = touched(r, n->call.args[i]);
		return why;
	case NODE_AGGREGATE:
		return touched_either(r, n->aggregate.param, n->aggregate.expr);
	case NODE_UNARY:
		return touched(r, n->unary.expr);
	case NODE_BINARY:
		return touched_either(r, n->binary.lhs, n->binary.rhs);
	case NODE_PAREN:
		return touched(r, n->paren);
	case NODE_NUMBER:
	case NODE_STRING:
		break;
	}
	return NULL;
}

static const char *skip_reason(const struct runner *r, const struct script_eval *v,
			       const struct expr *x)
{
	for (size_t i = 0; i < v->rows.n; i++)
		for (size_t k = 0; k < v->rows.s[i].n; k++)
			if (v->rows.s[i].values[k].kind == SCRIPT_HISTOGRAM)
				return native;
	return x->root ? touched(r, x->root) : NULL;
}

/* --- eval --------------------------------------------------------------------------- */

struct trial {
	struct runner *r;
	struct engine *en;
	const struct script_eval *v;
	struct slice text;
	bool changed; /* not the script's own text */
	struct buf *why;
};

static int run(const struct trial *t, int64_t start_ms, int64_t end_ms, int64_t step_ms,
	       struct query *q)
{
	query_init(q, t->en);
	q->text = t->text;
	q->start_ms = start_ms;
	q->end_ms = end_ms;
	q->step_ms = step_ms;
	q->source = &t->r->source.source;
	return query_run(t->en, q);
}

static bool unexpected_success(const struct trial *t)
{
	buf_puts(t->why, "succeeded, a failure was expected");
	return false;
}

static bool try_range(const struct trial *t)
{
	const struct script_eval *v = t->v;
	struct query q;
	bool ok;

	if (run(t, v->start_ms, v->end_ms, v->step_ms, &q) < 0)
		ok = compare_failure(v, &q, t->why);
	else if (v->fails)
		ok = unexpected_success(t);
	else
		ok = compare_notes(v, &q, t->changed, t->why) && compare_range(v, &q, t->why);
	query_release(&q);
	return ok;
}

/* The same answer at the middle one of three steps. */
static bool try_step(const struct trial *t, int64_t at_ms)
{
	struct query q;
	bool ok;

	if (run(t, at_ms - MINUTE_MS, at_ms + MINUTE_MS, MINUTE_MS, &q) < 0) {
		buf_printf(t->why, "failed with \"%s\"", q.error);
		ok = false;
	} else {
		ok = t->v->ordered || compare_step(t->v, &q, 1, t->why);
	}
	if (!ok)
		buf_printf(t->why, " [as a step of a range]");
	query_release(&q);
	return ok;
}

static bool has_steps(const struct trial *t, const struct query *q)
{
	static const char *const asks[] = { "start()", "end()", "range()", "step()" };

	for (int i = 0; i < 4; i++)
		if (memmem(t->text.p, t->text.n, asks[i], strlen(asks[i])))
			return false;
	return q->value.type == VALUE_VECTOR || q->value.type == VALUE_SCALAR;
}

static bool try_instant(const struct trial *t, int64_t at_ms)
{
	const struct script_eval *v = t->v;
	struct query q;
	bool ok, steps = false;

	if (run(t, at_ms, at_ms, 0, &q) < 0)
		ok = compare_failure(v, &q, t->why);
	else if (v->fails)
		ok = unexpected_success(t);
	else {
		ok = compare_notes(v, &q, t->changed, t->why) && compare_instant(v, &q, t->why);
		steps = has_steps(t, &q);
	}
	query_release(&q);
	if (ok && steps)
		ok = try_step(t, at_ms);
	if (!ok && t->changed)
		buf_printf(t->why, " [as %.*s at %lld ms]", SLICE_FMT(t->text), (long long)at_ms);
	return ok;
}

static bool try_pinned(struct trial t, const struct expr *x)
{
	int64_t at = t.v->at_ms;
	int64_t times[] = { -10 * at, 0, at / 5, at, 10 * at };

	if (!x->root || !pin(x, at, &t.r->arena, &t.text))
		return true;
	if (at == 0) {
		times[0] = -1000;
		times[4] = 1000;
	}
	t.changed = true;
	for (int i = 0; i < 5; i++)
		if (!try_instant(&t, times[i]))
			return false;
	return true;
}

static bool try_eval(struct runner *r, const struct script_eval *v, const struct expr *x,
		     struct buf *why)
{
	for (int i = 0; i < 2; i++) {
		struct trial t = { r, r->engines[i], v, v->text, false, why };
		bool ok =
			v->is_range ? try_range(&t) : try_instant(&t, v->at_ms) && try_pinned(t, x);

		if (!ok) {
			buf_printf(why, i ? " [with workers]" : "");
			return false;
		}
	}
	return true;
}

static void tell(struct runner *r, const struct script_command *c, const char *skipped,
		 const struct buf *why)
{
	struct script_run *to = r->to;
	bool ok = why->n == 0;

	to->number++;
	to->skipped += skipped != NULL;
	to->passed += ok && !skipped;
	to->failed += !ok;
	if (to->brief && ok)
		return;
	if (skipped)
		fprintf(to->out, "ok %u # SKIP %s, line %u\n", to->number, skipped, c->line);
	else
		fprintf(to->out, "%s %u - %s:%u %.*s\n", ok ? "ok" : "not ok", to->number, r->name,
			c->line, SLICE_FMT(c->eval.text));
	if (!ok)
		fprintf(to->out, "# %.*s\n", (int)why->n, why->p);
}

static void eval(struct runner *r, const struct script_command *c)
{
	struct expr x = { 0 };
	struct buf why;
	const char *skipped;

	buf_init(&why, 1 << 16);
	if (parse(c->eval.text, engine_options(r->engines[0])->features, &r->arena, &x, NULL) < 0)
		x.root = NULL;
	skipped = skip_reason(r, &c->eval, &x);
	if (!skipped && !try_eval(r, &c->eval, &x, &why) && why.n == 0)
		buf_puts(&why, "failed");
	tell(r, c, skipped, &why);
	if (x.root)
		expr_release(&x);
	buf_release(&why);
}

/* --- the script --------------------------------------------------------------------- */

static void engines_close(struct runner *r)
{
	engine_free(r->engines[0]);
	engine_free(r->engines[1]);
}

static int engines_open(struct runner *r, unsigned features, struct err *e)
{
	struct engine_options o = { .features = features };

	for (int i = 0; i < 2; i++) {
		o.workers = i ? WORKERS : ENGINE_NO_WORKERS;
		r->engines[i] = engine_new(&o, e);
		if (!r->engines[i])
			return -1;
	}
	return 0;
}

static int command(struct runner *r, const struct script_command *c, struct err *e)
{
	switch (c->kind) {
	case SCRIPT_CLEAR:
		clear(r);
		return 0;
	case SCRIPT_LOAD:
		return load(r, &c->load, e);
	case SCRIPT_EVAL:
		eval(r, c);
		break;
	case SCRIPT_FEATURES:
		engines_close(r);
		return engines_open(r, c->features, e);
	}
	return 0;
}

int script_run(struct script_run *to, const char *name, struct slice text, struct err *e)
{
	struct runner r = { .name = name, .to = to };
	struct script s;
	int result = script_read(text, &s, e);

	source_memory_init(&r.source);
	arena_init(&r.arena, (size_t)1 << 30);
	if (result == 0)
		result = engines_open(&r, ~0u, e);
	for (size_t i = 0; i < s.n && result == 0; i++)
		result = command(&r, &s.c[i], e);
	engines_close(&r);
	source_memory_release(&r.source);
	arena_release(&r.arena);
	script_release(&s);
	return result;
}
