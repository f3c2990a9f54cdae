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

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

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
	const struct node *arg; /* that of the buckets, for messages */
	const double *a, *b;    /* φ, or lower and upper */
	bool fraction;
	const double *only; /* no result where φ is another one; NULL: all */
	struct head *heads;
};

/* --- which rows are a histogram -------------------------------------------------------------- */

static int by_bound(const void *a, const void *b)
{
	const struct bucket_row *x = a, *y = b;

	if (x->bound != y->bound)
		return x->bound < y->bound ? -1 : 1;
	return x->row < y->row ? -1 : x->row > y->row;
}

static bool read_infinity(struct slice text, double *v)
{
	bool minus = text.n && text.p[0] == '-';

	if (text.n && (minus || text.p[0] == '+'))
		text = slice_skip(text, 1);
	*v = minus ? -INFINITY : INFINITY;
	return text.n == 8 && strncasecmp(text.p, "infinity", 8) == 0;
}

/* As Go reads floats: ".5", "5." and "Infinity" are numbers, too. */
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
	return num_parse_prom(slice_of(plain, n), v, NULL) == 0 || read_infinity(text, v);
}

/* " for metric name …" behind a message. Only names that stay until the end are told. */
static const char *of_metric(const struct histograms *h, const struct head *head, char out[240])
{
	struct slice name = head_name(head);

	*out = '\0';
	if (name.n && (h->ev->features & FEATURE_DELAYED_NAME_REMOVAL))
		snprintf(out, 240, " for metric name \"%.*s\"", SLICE_FMT(slice_cut(name, 200)));
	return out;
}

static int any_value(const struct vector *v, size_t row, struct worker *w, bool *any, struct err *e)
{
	struct arena_mark mark = arena_mark(&w->scratch);
	const double *values = vector_row(v, row, w, e);

	*any = false;
	for (size_t k = 0; values && k < v->width && !*any; k++)
		*any = !is_absent(values[k]);
	arena_reset(&w->scratch, mark);
	return values ? 0 : -1;
}

/* *bound is NaN when there is none. It is said of rows with values only. */
static int read_bound(struct histograms *h, uint32_t row, double *bound, struct err *e)
{
	const struct head *head = &h->rows.heads[row];
	struct slice text = head_label(h->ev, head, le);
	char metric[240];
	bool any;

	if (read_float(text, bound) && !isnan(*bound))
		return 0;
	*bound = NAN;
	if (any_value(&h->rows, row, &h->ev->workers[0], &any, e) < 0)
		return -1;
	if (any)
		eval_warn(h->ev, h->arg,
			  "bucket label \"le\" is missing or has a malformed value of \"%.*s\"%s",
			  SLICE_FMT(slice_cut(text, 200)), of_metric(h, head, metric));
	return 0;
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

/* Rows of one key, in the order of their bounds. */
static int read_bounds(struct histograms *h, struct histogram *one, const uint32_t *rows, size_t n,
		       struct err *e)
{
	for (size_t i = 0; i < n; i++) {
		struct bucket_row *b = &one->buckets[one->n];

		b->row = rows[i];
		if (read_bound(h, b->row, &b->bound, e) < 0)
			return -1;
		one->n += !isnan(b->bound);
	}
	qsort(one->buckets, one->n, sizeof(*one->buckets), by_bound);
	return 0;
}

static int find_histograms(struct histograms *h, struct err *e)
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
		if (read_bounds(h, one, by.row + by.start[i], by.start[i + 1] - by.start[i], e) < 0)
			return -1;
		if (one->n == 0)
			continue;
		if (head_without_le(h, &v->heads[one->buckets[0].row], &h->heads[h->n], e) < 0)
			return -1;
		h->n++;
	}
	return 0;
}

/* --- a row of the result --------------------------------------------------------------------- */

static void tell_of_force(const struct histograms *h, const struct head *head)
{
	char metric[240];

	eval_info(h->ev, h->arg,
		  "input to histogram_quantile needed to be fixed for monotonicity (see "
		  "https://prometheus.io/docs/prometheus/latest/querying/functions/"
		  "#histogram_quantile)%s",
		  of_metric(h, head, metric));
}

static bool same_number(double a, double b)
{
	return a == b || (isnan(a) && isnan(b));
}

static double at_step(const struct histograms *h, const struct histogram *one,
		      const double *const *rows, struct bucket *b, size_t k, bool *forced)
{
	size_t n = 0;

	if (h->only && !same_number(*h->only, h->a[k]))
		return ABSENT;
	for (size_t i = 0; i < one->n; i++)
		if (!is_absent(rows[i][k]))
			b[n++] = (struct bucket){ one->buckets[i].bound, rows[i][k] };
	if (n == 0)
		return ABSENT;
	n = buckets_join(b, n);
	if (h->fraction)
		return buckets_fraction(b, n, h->a[k], h->b[k]);
	/* where the answer is not looked for among the buckets, they are not looked at */
	if (h->a[k] >= 0 && h->a[k] <= 1 && b[n - 1].bound == INFINITY)
		*forced |= buckets_force(b, n);
	return buckets_quantile(b, n, h->a[k]);
}

static int histogram_row(const struct vector *v, size_t i, struct worker *w, double *out,
			 struct err *e)
{
	const struct histograms *h = v->ctx;
	const struct histogram *one = &h->list[i];
	const double **rows = scratch_alloc(w, one->n, sizeof(*rows), e);
	struct bucket *b = scratch_alloc(w, one->n, sizeof(*b), e);
	bool forced = false;

	if (!rows || !b)
		return -1;
	for (size_t j = 0; j < one->n; j++) {
		rows[j] = vector_row(&h->rows, one->buckets[j].row, w, e);
		if (!rows[j])
			return -1;
	}
	for (size_t k = 0; k < v->width; k++)
		out[k] = at_step(h, one, rows, b, k, &forced);
	if (forced)
		tell_of_force(h, &h->rows.heads[one->buckets[0].row]);
	return 0;
}

static struct histograms *new_histograms(struct eval *ev, const struct node *arg,
					 const struct grid *g, struct err *e)
{
	struct histograms *h = arena_new(ev->arena, struct histograms);

	if (!h) {
		eval_full(ev, e);
		return NULL;
	}
	h->ev = ev;
	h->arg = arg;
	if (eval_vector(ev, arg, g, &h->rows, e) < 0 || find_histograms(h, e) < 0)
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

/* --- the functions --------------------------------------------------------------------------- */

int call_histogram_quantile(struct eval *ev, const struct node *call, const struct grid *g,
			    struct value *out, struct err *e)
{
	struct histograms *h = new_histograms(ev, call->call.args[1], g, e);

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
	struct histograms *h = new_histograms(ev, call->call.args[2], g, e);

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

/* A value of φ and where it stands: an argument may have another one at each step, and each is a
 * label of its own. */
struct phi {
	const double *steps;
	double value;
};

struct phis {
	struct phi *list;
	size_t n, room;
};

static bool seen_before(const double *v, size_t k)
{
	size_t i = 0;

	while (!same_number(v[i], v[k]))
		i++;
	return i < k;
}

static int add_phis(struct eval *ev, const struct grid *g, const struct node *arg, struct phis *all,
		    struct err *e)
{
	const double *v;

	if (eval_scalar(ev, arg, g, &v, e) < 0)
		return -1;
	for (size_t k = 0; k < g->n; k++) {
		struct phi *list;

		if (seen_before(v, k))
			continue;
		warn_of_quantile(ev, arg, v[k]);
		list = arena_grow(ev->arena, all->list, all->n, &all->room, all->n + 1,
				  sizeof(*list));
		if (!list)
			return eval_full(ev, e);
		all->list = list;
		list[all->n++] = (struct phi){ v, v[k] };
	}
	return 0;
}

/* One row for each histogram, with φ as a label. */
static int quantiles_of(struct eval *ev, const struct histograms *h, const struct phi *phi,
			struct slice name, const struct grid *g, struct vector *out, struct err *e)
{
	struct histograms *one = arena_new(ev->arena, struct histograms);
	struct slice value = quantile_label(ev, phi->value, e);

	if (!one || !value.p) {
		eval_full(ev, e);
		return -1;
	}
	*one = *h;
	one->a = phi->steps;
	one->only = &phi->value;
	one->heads = eval_alloc(ev, h->n, sizeof(*h->heads), e);
	if (!one->heads)
		return -1;
	for (size_t i = 0; i < h->n; i++) {
		one->heads[i] = (struct head){ h->heads[i].labels, true };
		if (head_set_label(ev, &one->heads[i], name, value, e) < 0)
			return -1;
	}
	vector_of(one, g, out);
	return vector_materialize(ev, out, false, e);
}

int call_histogram_quantiles(struct eval *ev, const struct node *call, const struct grid *g,
			     struct value *out, struct err *e)
{
	struct histograms *h = new_histograms(ev, call->call.args[0], g, e);
	struct slice name = node_inner(call->call.args[1])->string;
	struct phis phis = { 0 };
	double *values;

	if (!h || vector_materialize(ev, &h->rows, false, e) < 0)
		return -1;
	for (size_t i = 2; i < call->call.nargs; i++)
		if (add_phis(ev, g, call->call.args[i], &phis, e) < 0)
			return -1;
	if (vector_new(ev, h->n * phis.n, g->n, &out->vector, &values, e) < 0)
		return -1;
	for (size_t i = 0; i < phis.n && h->n; i++) {
		struct vector v;

		if (quantiles_of(ev, h, &phis.list[i], name, g, &v, e) < 0)
			return -1;
		memcpy(out->vector.heads + i * h->n, v.heads, h->n * sizeof(*v.heads));
		memcpy(values + i * h->n * g->n, v.values, h->n * g->n * sizeof(*values));
	}
	return vector_merge_equal(ev, &out->vector, e);
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
