/*
 * fn_histogram.c - functions of histograms. Of the two kinds there are only classic ones yet: a
 * series for each bucket, told apart by the label le.
 *
 * Rows are grouped once by all labels but le, in the order of their bounds. A result's row fetches
 * those of its group and goes from step to step.
 */
#include "query/functions_impl.h"

#include "base/num.h"
#include "query/key.h"
#include "query/stats/buckets.h"

#include <stdlib.h>

static const struct slice le = { "le", 2 };

struct bucket_row {
	double bound;
	uint32_t row;
};

struct histogram {
	struct bucket_row *buckets; /* by bound */
	size_t n;
};

struct histograms {
	struct vector rows;
	struct histogram *list;
	size_t n;
	struct eval *ev;
	const struct node *call;
	const double *a, *b; /* φ, or lower and upper */
	bool fraction;
	size_t most; /* buckets of one */
	struct head *heads;
};

/* --- which rows are a histogram
 * --------------------------------------------------------------------- */

static int by_bound(const void *a, const void *b)
{
	const struct bucket_row *x = a, *y = b;

	if (x->bound != y->bound)
		return x->bound < y->bound ? -1 : 1;
	return x->row < y->row ? -1 : x->row > y->row;
}

/* As Go reads floats: ".5" and "5." are numbers, too. */
static bool read_float(struct slice text, double *v)
{
	char plain[64];
	size_t n = 0, i = 0;

	if (2 * text.n + 2 > sizeof(plain))
		return num_parse_prom(text, v, NULL) == 0;
	if (text.n && (text.p[0] == '-' || text.p[0] == '+'))
		plain[n++] = text.p[i++];
	if (i + 1 < text.n && text.p[i] == '.' && text.p[i + 1] >= '0' && text.p[i + 1] <= '9')
		plain[n++] = '0';
	for (; i < text.n; i++) {
		bool ends = i + 1 == text.n || text.p[i + 1] == 'e' || text.p[i + 1] == 'E';

		plain[n++] = text.p[i];
		if (text.p[i] == '.' && ends && i > 0)
			plain[n++] = '0';
	}
	return num_parse_prom(slice_of(plain, n), v, NULL) == 0;
}

static bool read_bound(struct histograms *h, const struct node *arg, const struct head *head,
		       double *bound)
{
	struct slice text = head_label(h->ev, head, le);
	struct slice name = slice_cut(head_name(head), 200);

	if (read_float(text, bound) && !isnan(*bound))
		return true;
	eval_warn(h->ev, arg,
		  "bucket label \"le\" is missing or has a malformed value of \"%.*s\" for metric "
		  "name "
		  "\"%.*s\"",
		  SLICE_FMT(slice_cut(text, 200)), SLICE_FMT(name));
	return false;
}

/* Without le; a name that is still seen tells histograms apart. */
static int head_without_le(struct histograms *h, const struct head *from, struct head *out,
			   struct err *e)
{
	const struct labels *seen = head_labels(h->ev, from, h->ev->arena);
	struct label l[LABELS_MAX];
	size_t n = 0;

	if (!seen)
		return eval_full(h->ev, e);
	for (uint32_t i = 0; i < seen->n; i++)
		if (!slice_eq(seen->l[i].name, le))
			l[n++] = seen->l[i];
	*out = (struct head){ labels_in_arena(h->ev->arena, l, n), from->drop_name };
	return out->labels ? 0 : eval_full(h->ev, e);
}

static int find_histograms(struct histograms *h, const struct node *arg, struct err *e)
{
	struct eval *ev = h->ev;
	const struct vector *v = &h->rows;
	struct key_spec spec = { .names = &le, .n = 1, .with_name = true };
	struct bucket_row *rows = eval_alloc(ev, v->n, sizeof(*rows), e);
	struct by_key by;
	struct keys keys;

	if (!rows || keys_init(ev, &spec, v->n, &keys, e) < 0 ||
	    keys_sort(ev, &keys, v->heads, v->n, &by, e) < 0)
		return -1;
	h->list = eval_alloc(ev, keys.n, sizeof(*h->list), e);
	h->heads = eval_alloc(ev, keys.n, sizeof(*h->heads), e);
	if (!h->list || !h->heads)
		return -1;
	for (size_t i = 0; i < keys.n; i++) {
		struct histogram *one = &h->list[h->n];

		*one = (struct histogram){ .buckets = rows + by.start[i] };
		for (uint32_t j = by.start[i]; j < by.start[i + 1]; j++) {
			struct bucket_row *b = &one->buckets[one->n];

			b->row = by.row[j];
			one->n += read_bound(h, arg, &v->heads[b->row], &b->bound);
		}
		if (one->n == 0)
			continue;
		qsort(one->buckets, one->n, sizeof(*one->buckets), by_bound);
		if (head_without_le(h, &v->heads[one->buckets[0].row], &h->heads[h->n], e) < 0)
			return -1;
		if (one->n > h->most)
			h->most = one->n;
		h->n++;
	}
	return 0;
}

/* --- a row of the result
 * -------------------------------------------------------------------------------- */

static void tell_of_force(const struct histograms *h, const struct head *head)
{
	eval_info(h->ev, h->call->call.args[h->call->call.nargs > 1 ? 1 : 0],
		  "input to histogram_quantile needed to be fixed for monotonicity (see "
		  "https://prometheus.io/docs/prometheus/latest/querying/functions/"
		  "#histogram_quantile) for metric name \"%.*s\"",
		  SLICE_FMT(slice_cut(head_name(head), 200)));
}

static double at_step(const struct histograms *h, const struct histogram *one,
		      const double *const *rows, struct bucket *b, size_t k)
{
	size_t n = 0;
	bool forced;

	for (size_t i = 0; i < one->n; i++)
		if (!is_absent(rows[i][k]))
			b[n++] = (struct bucket){ one->buckets[i].bound, rows[i][k] };
	if (n == 0)
		return ABSENT;
	n = buckets_tidy(b, n, &forced);
	if (h->fraction)
		return buckets_fraction(b, n, h->a[k], h->b[k]);
	if (forced && b[n - 1].bound == INFINITY)
		tell_of_force(h, &h->rows.heads[one->buckets[0].row]);
	return buckets_quantile(b, n, h->a[k]);
}

static int histogram_row(const struct vector *v, size_t i, struct worker *w, double *out,
			 struct err *e)
{
	const struct histograms *h = v->ctx;
	const struct histogram *one = &h->list[i];
	const double **rows = scratch_alloc(w, one->n, sizeof(*rows), e);
	struct bucket *b = scratch_alloc(w, one->n, sizeof(*b), e);

	if (!rows || !b)
		return -1;
	for (size_t j = 0; j < one->n; j++) {
		rows[j] = vector_row(&h->rows, one->buckets[j].row, w, e);
		if (!rows[j])
			return -1;
	}
	for (size_t k = 0; k < v->width; k++)
		out[k] = at_step(h, one, rows, b, k);
	return 0;
}

static struct histograms *new_histograms(struct eval *ev, const struct node *call,
					 const struct node *arg, const struct grid *g,
					 struct err *e)
{
	struct histograms *h = arena_new(ev->arena, struct histograms);

	if (!h) {
		eval_full(ev, e);
		return NULL;
	}
	h->ev = ev;
	h->call = call;
	if (eval_vector(ev, arg, g, &h->rows, e) < 0 || find_histograms(h, arg, e) < 0)
		return NULL;
	return h;
}

static void vector_of(const struct histograms *h, const struct grid *g, struct vector *out)
{
	*out = (struct vector){
		.n = h->n, .heads = h->heads, .width = g->n, .compute = histogram_row, .ctx = h
	};
}

static void warn_of_quantile(struct eval *ev, const struct node *arg, double q)
{
	char text[NUM_TEXT];

	if (q >= 0 && q <= 1)
		return;
	num_print_g(q, text);
	eval_warn(ev, arg, "quantile value should be between 0 and 1, got %s", text);
}

/* --- the functions
 * ------------------------------------------------------------------------------------------ */

int call_histogram_quantile(struct eval *ev, const struct node *call, const struct grid *g,
			    struct value *out, struct err *e)
{
	struct histograms *h = new_histograms(ev, call, call->call.args[1], g, e);

	if (!h || eval_scalar(ev, call->call.args[0], g, &h->a, e) < 0)
		return -1;
	for (size_t k = 0; k < g->n; k++)
		warn_of_quantile(ev, call->call.args[0], h->a[k]);
	vector_of(h, g, &out->vector);
	return vector_drop_names(ev, &out->vector, e);
}

int call_histogram_fraction(struct eval *ev, const struct node *call, const struct grid *g,
			    struct value *out, struct err *e)
{
	struct histograms *h = new_histograms(ev, call, call->call.args[2], g, e);

	if (!h || eval_scalar(ev, call->call.args[0], g, &h->a, e) < 0 ||
	    eval_scalar(ev, call->call.args[1], g, &h->b, e) < 0)
		return -1;
	h->fraction = true;
	vector_of(h, g, &out->vector);
	return vector_drop_names(ev, &out->vector, e);
}

/* φ as a label: as OpenMetrics writes it, "0.5", "1.0". */
static struct slice quantile_label(struct eval *ev, double q, struct err *e)
{
	char text[NUM_TEXT + 2];
	struct slice s;

	num_print_g(q, text);
	if (isfinite(q) && !strpbrk(text, ".e"))
		strcat(text, ".0");
	s = arena_slice(ev->arena, slice_str(text));
	if (!s.p)
		eval_full(ev, e);
	return s;
}

static int label_heads(struct eval *ev, struct vector *v, struct slice name, double q,
		       struct err *e)
{
	struct slice value = quantile_label(ev, q, e);

	if (!value.p)
		return -1;
	for (size_t i = 0; i < v->n; i++) {
		const struct labels *ls = head_labels(ev, &v->heads[i], ev->arena);
		struct label l[LABELS_MAX + 1];
		size_t n = 0, at;

		if (!ls)
			return eval_full(ev, e);
		for (at = 0; at < ls->n && slice_cmp(ls->l[at].name, name) < 0; at++)
			l[n++] = ls->l[at];
		l[n++] = (struct label){ name, value };
		if (at < ls->n && slice_eq(ls->l[at].name, name))
			return eval_fail(ev, e, "label \"%.*s\" already exists in the input vector",
					 SLICE_FMT(slice_cut(name, 200)));
		for (; at < ls->n; at++)
			l[n++] = ls->l[at];
		if (n > LABELS_MAX)
			return eval_fail(ev, e, "more than %d labels", LABELS_MAX);
		v->heads[i].labels = labels_in_arena(ev->arena, l, n);
		if (!v->heads[i].labels)
			return eval_full(ev, e);
	}
	return 0;
}

static int copy_histograms(struct eval *ev, struct histograms *h, const double *phi,
			   struct histograms **out, struct err *e)
{
	struct histograms *copy = arena_new(ev->arena, struct histograms);

	if (!copy) {
		eval_full(ev, e);
		return -1;
	}
	*copy = *h;
	copy->a = phi;
	copy->heads = eval_alloc(ev, h->n, sizeof(*h->heads), e);
	if (!copy->heads)
		return -1;
	if (h->n)
		memcpy(copy->heads, h->heads, h->n * sizeof(*h->heads));
	*out = copy;
	return 0;
}

int call_histogram_quantiles(struct eval *ev, const struct node *call, const struct grid *g,
			     struct value *out, struct err *e)
{
	struct histograms *h = new_histograms(ev, call, call->call.args[0], g, e);
	struct slice name = node_inner(call->call.args[1])->string;
	size_t n = call->call.nargs - 2;
	double *values;

	if (!h || vector_materialize(ev, &h->rows, false, e) < 0 ||
	    vector_new(ev, h->n * n, g->n, &out->vector, &values, e) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		struct histograms *one = NULL;
		struct vector v;
		const double *phi;

		if (eval_scalar(ev, call->call.args[i + 2], g, &phi, e) < 0 ||
		    copy_histograms(ev, h, phi, &one, e) < 0)
			return -1;
		for (size_t k = 0; k < g->n; k++)
			warn_of_quantile(ev, call->call.args[i + 2], phi[k]);
		vector_of(one, g, &v);
		if (label_heads(ev, &v, name, phi[0], e) < 0 ||
		    vector_materialize(ev, &v, false, e) < 0)
			return -1;
		if (v.n == 0)
			continue;
		memcpy(out->vector.heads + i * h->n, v.heads, v.n * sizeof(*v.heads));
		memcpy(values + i * h->n * g->n, v.values, v.n * g->n * sizeof(*values));
	}
	return vector_drop_names(ev, &out->vector, e);
}

/* histogram_avg() and its kin: of floats there is nothing to say. */
int call_histogram_floats(struct eval *ev, const struct node *call, const struct grid *g,
			  struct value *out, struct err *e)
{
	struct vector v;
	double *values;

	if (eval_vector(ev, call->call.args[0], g, &v, e) < 0)
		return -1;
	return vector_new(ev, 0, g->n, &out->vector, &values, e);
}
