/* eval_aggregate.c - aggregation: rows into groups, then what is done with a group. */
#include "query/eval_aggregate.h"

#include "base/num.h"
#include "base/text.h"
#include "query/lex.h"

/* Whether a name, or what goes with it, is part of a group's labels. */
static bool groups_by_name(const struct grouping *g)
{
	for (size_t i = 0; g->spec.listed && i < g->spec.n; i++)
		if (slice_is(g->spec.names[i], LABEL_NAME) ||
		    slice_is(g->spec.names[i], "__type__") ||
		    slice_is(g->spec.names[i], "__unit__"))
			return true;
	return false;
}

static bool has_value(const struct vector *v, size_t row)
{
	for (size_t k = 0; k < v->width; k++)
		if (!is_absent(v->values[row * v->width + k]))
			return true;
	return false;
}

/* With delayed removal a group has names that go and names that stay: all go when one does. Rows
 * without any value have no say. */
static int drop_if_any(const struct grouping *g, struct head *out, struct err *e)
{
	struct vector *v = g->rows;
	bool all = true, none = true;

	for (size_t i = 0; i < v->n; i++) {
		all &= v->heads[i].drop_name;
		none &= !v->heads[i].drop_name;
	}
	if (!all && !none && vector_materialize(g->ev, v, false, e) < 0)
		return -1;
	for (size_t i = 0; i < v->n; i++)
		if (v->heads[i].drop_name && (all || has_value(v, i)))
			out[g->by.key[i]].drop_name = true;
	return 0;
}

int group_heads(const struct grouping *g, struct head *out, struct err *e)
{
	for (size_t i = 0; i < g->keys.n; i++) {
		out[i].labels = key_labels(g->ev, &g->spec, g->keys.key[i].head, e);
		out[i].drop_name = false;
		if (!out[i].labels)
			return -1;
	}
	return groups_by_name(g) ? drop_if_any(g, out, e) : 0;
}

static int eval_value_label(struct grouping *g, struct vector *out, struct err *e)
{
	const struct node *param = node_inner(g->node->aggregate.param);

	if (param->string.n == 0 || utf8_bad_at(param->string) >= 0) {
		char text[300];

		quote(slice_cut(param->string, 60), text, sizeof(text));
		return eval_fail(g->ev, e, "invalid label name %s", text);
	}
	return aggregate_values(g, param->string, out, e);
}

/* The labels to group by. count_values() writes its label over one that a row has, before rows are
 * put into groups: that one is no part of the key. */
static int make_spec(struct eval *ev, const struct node_aggregate *a, struct key_spec *out,
		     struct err *e)
{
	struct slice *names, label;
	size_t n = 0;

	if (a->op != AGG_COUNT_VALUES || !a->param)
		return key_spec_init(ev, a->labels, a->nlabels, !a->without, out, e);
	label = node_inner(a->param)->string;
	names = eval_alloc(ev, a->nlabels + 1, sizeof(*names), e);
	if (!names)
		return -1;
	for (size_t i = 0; i < a->nlabels; i++)
		if (!slice_eq(a->labels[i], label))
			names[n++] = a->labels[i];
	if (a->without)
		names[n++] = label;
	return key_spec_init(ev, names, n, !a->without, out, e);
}

/* What all steps' values of a parameter are: the largest and smallest as Go's math.Max and
 * math.Min find them, where NaN wins over numbers and an infinity over NaN. */
struct extent {
	double min, max;
	bool any_nan;
};

static struct extent extent_of(const double *p, size_t n)
{
	struct extent x = { .min = n ? p[0] : 0, .max = n ? p[0] : 0 };

	for (size_t k = 0; k < n; k++) {
		x.any_nan |= isnan(p[k]);
		if (!(p[k] < x.max) && !(isnan(x.max) && p[k] != INFINITY) && x.max != INFINITY)
			x.max = p[k];
		if (!(p[k] > x.min) && !(isnan(x.min) && p[k] != -INFINITY) && x.min != -INFINITY)
			x.min = p[k];
	}
	return x;
}

static void warn_of_quantile(const struct grouping *g, double q)
{
	char text[NUM_TEXT];

	num_print_g(q, text);
	eval_warn(g->ev, g->node->aggregate.param,
		  "quantile value should be between 0 and 1, got %s", text);
}

static void warn_of_ratio(const struct grouping *g, double r, int cap)
{
	char text[NUM_TEXT];

	num_print_g(r, text);
	eval_warn(g->ev, g->node->aggregate.param,
		  "ratio value should be between -1 and 1, got %s, capping to %d", text, cap);
}

static void check_quantile(const struct grouping *g, struct extent x)
{
	if (x.any_nan)
		warn_of_quantile(g, NAN);
	if (x.max > 1)
		warn_of_quantile(g, x.max);
	if (x.min < 0)
		warn_of_quantile(g, x.min);
}

static int check_ratio(const struct grouping *g, struct extent x, struct err *e)
{
	if (x.any_nan)
		return eval_fail(g->ev, e, "Ratio value is NaN");
	if (x.max > 1)
		warn_of_ratio(g, x.max, 1);
	if (x.min < -1)
		warn_of_ratio(g, x.min, -1);
	return 0;
}

/* Where no step wants a row the rest is not looked at. */
static int check_count(const struct grouping *g, struct extent x, struct err *e)
{
	char text[NUM_TEXT];

	if (x.max < 1)
		return 0;
	if (x.any_nan)
		return eval_fail(g->ev, e, "Parameter value is NaN");
	if (x.min <= -0x1p63) {
		num_print_g(x.min, text);
		return eval_fail(g->ev, e, "Scalar value %s underflows int64", text);
	}
	if (x.max >= 0x1p63) {
		num_print_g(x.max, text);
		return eval_fail(g->ev, e, "Scalar value %s overflows int64", text);
	}
	return 0;
}

static int check_param(const struct grouping *g, struct err *e)
{
	struct extent x = extent_of(g->param, g->rows->width);

	switch (g->node->aggregate.op) {
	case AGG_QUANTILE:
		check_quantile(g, x);
		return 0;
	case AGG_LIMIT_RATIO:
		return check_ratio(g, x, e);
	default:
		return check_count(g, x, e);
	}
}

static int eval_grouped(struct grouping *g, struct vector *out, struct err *e)
{
	switch (g->node->aggregate.op) {
	case AGG_QUANTILE:
		return aggregate_quantile(g, out, e);
	case AGG_TOPK:
	case AGG_BOTTOMK:
	case AGG_LIMITK:
	case AGG_LIMIT_RATIO:
		return aggregate_pick(g, out, e);
	case AGG_COUNT_VALUES:
		return eval_value_label(g, out, e);
	default:
		return aggregate_fold(g, out, e);
	}
}

/* The labels that groups, or the places of a sample, are made of. */
static int read_heads(const struct grouping *g, struct err *e)
{
	const struct key_spec *by = &g->spec;
	bool all = !by->listed || g->node->aggregate.op == AGG_LIMIT_RATIO;

	if (!all && by->n == 0)
		return 0;
	return heads_read(g->ev, g->rows->heads, g->rows->n, all ? NULL : by->names,
			  all ? 0 : by->n, e);
}

int eval_aggregate(struct eval *ev, const struct node *n, const struct grid *g, struct vector *out,
		   struct err *e)
{
	const struct node_aggregate *a = &n->aggregate;
	struct grouping *group = arena_new(ev->arena, struct grouping);

	if (!group)
		return eval_full(ev, e);
	group->ev = ev;
	group->node = n;
	group->rows = arena_new(ev->arena, struct vector);
	if (!group->rows)
		return eval_full(ev, e);
	if (eval_rows(ev, a->expr, g, group->rows, e) < 0)
		return -1;
	if (a->param && a->op != AGG_COUNT_VALUES &&
	    (eval_scalar(ev, a->param, g, &group->param, e) < 0 || check_param(group, e) < 0))
		return -1;
	if (make_spec(ev, a, &group->spec, e) < 0 || read_heads(group, e) < 0 ||
	    keys_init(ev, &group->spec, group->rows->n, &group->keys, e) < 0 ||
	    keys_sort(ev, &group->keys, group->rows->heads, group->rows->n, &group->by, e) < 0)
		return -1;
	return eval_grouped(group, out, e);
}
