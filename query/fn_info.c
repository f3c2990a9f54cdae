/*
 * fn_info.c - info(v, {selector}): labels of info series joined to the rows they are about
 * (prometheus.io/docs/prometheus/latest/querying/functions, "info()").
 *
 * An info series belongs to a row when instance and job are the same. Of those with one name the
 * point that is newest at a step counts, so which labels a row gets may change from step to step:
 * each different choice makes a row of the result.
 */
#include "query/functions_impl.h"

#include "base/regex.h"
#include "query/key.h"

#include <stdlib.h>

static const struct slice identifying[] = { { "instance", 8 }, { "job", 3 } };
static const struct slice target_info = { "target_info", 11 };

enum { IDENTIFYING = 2, CHOSEN_MAX = 64 };

struct infos {
	struct eval *ev;
	const struct node *call;
	const struct node_selector *asked; /* NULL: target_info, all labels */
	struct vector base;
	struct vector info, times; /* the same rows: values and when they are of */
	struct keys keys;
	struct by_key by; /* info rows by what they identify */
	size_t width;
	bool must_match;        /* a condition that no missing label meets */
	bool told[IDENTIFYING]; /* some row has that label: info series without it are not for us */

	struct head *heads; /* of the result */
	double *values;     /* rows of it, width each */
	size_t n, head_room, value_room;
};

/* --- the info series ------------------------------------------------------------------------- */

static bool is_name(const struct matcher *m)
{
	return slice_is(m->name, LABEL_NAME);
}

/* Where names are only excluded: what is left of those that look like info metrics. Made once and
 * kept, for it is the same for all. */
static struct regex *info_names;

static void make_info_names(void)
{
	info_names = regex_new(slice_str(".+_info"), NULL);
}

/* Adds the condition on the name that the written ones lack. */
static int complete(struct infos *s, struct matcher *m, size_t *n, struct err *e)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	bool named = false, positive = false;

	for (size_t i = 0; i < *n; i++) {
		named |= is_name(&m[i]);
		positive |= is_name(&m[i]) && !matcher_is_negative(&m[i]);
	}
	if (positive)
		return 0;
	m[*n] = (struct matcher){ .name = slice_str(LABEL_NAME), .value = target_info };
	if (named) {
		pthread_once(&once, make_info_names);
		if (!info_names)
			return eval_full(s->ev, e);
		m[*n].op = MATCH_RE;
		m[*n].re = info_names;
		m[*n].value = regex_pattern(info_names);
	}
	(*n)++;
	return 0;
}

static int find_infos(struct infos *s, const struct grid *g, struct err *e)
{
	struct node *n = arena_new(s->ev->arena, struct node);
	size_t asked = s->asked ? s->asked->nm : 0;
	struct matcher *m = eval_alloc(s->ev, asked + 1, sizeof(*m), e);

	if (!n || !m)
		return eval_full(s->ev, e);
	for (size_t i = 0; i < asked; i++) {
		m[i] = s->asked->m[i];
		s->must_match |= !is_name(&m[i]) && !matcher_holds(&m[i], slice_of("", 0));
	}
	if (complete(s, m, &asked, e) < 0)
		return -1;
	*n = (struct node){ .kind = NODE_SELECTOR, .type = VALUE_VECTOR, .at = s->call->at };
	n->selector = (struct node_selector){ .m = m, .nm = asked };
	if (eval_selector_see(s->ev, n, g, SEE_VALUE, &s->info, e) < 0 ||
	    heads_read(s->ev, s->info.heads, s->info.n, NULL, 0, e) < 0 ||
	    vector_materialize(s->ev, &s->info, false, e) < 0 ||
	    eval_selector_see(s->ev, n, g, SEE_TIME, &s->times, e) < 0)
		return -1;
	return vector_materialize(s->ev, &s->times, false, e);
}

/* An info series itself is not enriched: one that meets every condition on the name. Where only
 * data labels are asked for, none is taken for one. */
static bool is_info(const struct infos *s, const struct head *h)
{
	struct slice name = head_label(s->ev, h, slice_str(LABEL_NAME));
	bool any = false;

	for (size_t i = 0; s->asked && i < s->asked->nm; i++) {
		const struct matcher *m = &s->asked->m[i];

		if (!is_name(m))
			continue;
		if (!matcher_is_negative(m))
			any = true;
		if (!matcher_holds(m, name))
			return false;
	}
	return s->asked ? any : slice_eq(name, target_info);
}

/* --- which of them count at a step ----------------------------------------------------------- */

struct choice {
	uint32_t row[CHOSEN_MAX];
	size_t n;
};

static int two_alike(struct infos *s, uint32_t old, uint32_t row, double t, struct err *e)
{
	struct buf text;
	int r;

	buf_init(&text, 64 << 10);
	buf_puts(&text, "existing ");
	label_set_print(s->info.heads[old].labels, &text);
	buf_printf(&text, " @ %.0f, new ", t * 1000);
	label_set_print(s->info.heads[row].labels, &text);
	buf_printf(&text, " @ %.0f", t * 1000);
	r = eval_fail(s->ev, e, "found duplicate series for info metric: %.*s",
		      SLICE_FMT(buf_all(&text)));
	buf_release(&text);
	return r;
}

/* Puts `row` to the chosen ones, instead of an older one of the same name. */
static int consider(struct infos *s, struct choice *c, uint32_t row, size_t k, struct err *e)
{
	struct slice name = head_name(&s->info.heads[row]);
	double t = s->times.values[row * s->width + k];

	for (size_t i = 0; i < c->n; i++) {
		double other = s->times.values[c->row[i] * s->width + k];

		if (!slice_eq(name, head_name(&s->info.heads[c->row[i]])))
			continue;
		if (other == t)
			return two_alike(s, c->row[i], row, t, e);
		if (t > other)
			c->row[i] = row;
		return 0;
	}
	if (c->n == CHOSEN_MAX)
		return eval_fail(s->ev, e, "more than %d info metrics for one series", CHOSEN_MAX);
	c->row[c->n++] = row;
	return 0;
}

/* Prometheus looks for info series by the instances and jobs of all rows together, so that what
 * lacks a label that some row has is not found, also by rows without it. */
static bool is_for_us(const struct infos *s, const struct head *info)
{
	bool any = false;

	for (size_t i = 0; i < IDENTIFYING; i++) {
		if (s->told[i] && labels_get(info->labels, identifying[i]).n == 0)
			return false;
		any |= s->told[i];
	}
	return any;
}

static int choose(struct infos *s, uint32_t key, size_t k, struct choice *c, struct err *e)
{
	c->n = 0;
	if (key == KEY_NONE)
		return 0;
	for (uint32_t i = s->by.start[key]; i < s->by.start[key + 1]; i++) {
		uint32_t row = s->by.row[i];

		if (is_for_us(s, &s->info.heads[row]) &&
		    !is_absent(s->info.values[row * s->width + k]) && consider(s, c, row, k, e) < 0)
			return -1;
	}
	return 0;
}

/* --- labels ---------------------------------------------------------------------------------- */

static bool is_wanted(const struct infos *s, struct slice label)
{
	bool any = false;

	if (slice_is(label, LABEL_NAME))
		return false;
	for (size_t i = 0; i < IDENTIFYING; i++)
		if (slice_eq(label, identifying[i]))
			return false;
	for (size_t i = 0; s->asked && i < s->asked->nm; i++) {
		if (is_name(&s->asked->m[i]))
			continue;
		any = true;
		if (slice_eq(s->asked->m[i].name, label))
			return true;
	}
	return !any;
}

static int by_name(const void *a, const void *b)
{
	return slice_cmp(((const struct label *)a)->name, ((const struct label *)b)->name);
}

static int add_label(struct infos *s, struct label *l, size_t own, size_t *n,
		     const struct label *more, struct err *e)
{
	for (size_t i = 0; i < *n; i++) {
		if (!slice_eq(l[i].name, more->name))
			continue;
		if (i < own || slice_eq(l[i].value, more->value))
			return 0; /* the row's own label wins */
		return eval_fail(s->ev, e, "conflicting label: %.*s",
				 SLICE_FMT(slice_cut(more->name, 200)));
	}
	if (*n == LABELS_MAX)
		return eval_fail(s->ev, e, "more than %d labels", LABELS_MAX);
	l[(*n)++] = *more;
	return 0;
}

static int join_labels(struct infos *s, const struct head *base, const struct choice *c,
		       struct head *out, struct err *e)
{
	struct label l[LABELS_MAX];
	size_t own = base->labels->n, n = own;

	memcpy(l, base->labels->l, n * sizeof(*l));
	for (size_t i = 0; i < c->n; i++) {
		const struct labels *ls = s->info.heads[c->row[i]].labels;

		for (uint32_t j = 0; j < ls->n; j++)
			if (is_wanted(s, ls->l[j].name) &&
			    add_label(s, l, own, &n, &ls->l[j], e) < 0)
				return -1;
	}
	qsort(l, n, sizeof(*l), by_name);
	*out = (struct head){ labels_in_arena(s->ev->arena, l, n), base->drop_name };
	return out->labels ? 0 : eval_full(s->ev, e);
}

/* --- rows ------------------------------------------------------------------------------------ */

static double *new_row(struct infos *s, const struct head *h, struct err *e)
{
	size_t room = s->value_room;
	struct head *heads =
		arena_grow(s->ev->arena, s->heads, s->n, &s->head_room, s->n + 1, sizeof(*heads));
	double *values = arena_grow(s->ev->arena, s->values, s->n * s->width, &room,
				    (s->n + 1) * s->width, sizeof(*values)),
	       *row;

	if (!heads || !values) {
		eval_full(s->ev, e);
		return NULL;
	}
	s->heads = heads;
	s->values = values;
	s->value_room = room;
	s->heads[s->n] = *h;
	row = values + s->n++ * s->width;
	for (size_t k = 0; k < s->width; k++)
		row[k] = ABSENT;
	return row;
}

static bool same_choice(const struct choice *a, const struct choice *b)
{
	return a->n == b->n && memcmp(a->row, b->row, a->n * sizeof(*a->row)) == 0;
}

static int enrich(struct infos *s, const struct head *base, const double *row, struct err *e)
{
	uint32_t key = keys_find(s->ev, &s->keys, base);
	struct choice before = { .n = SIZE_MAX }, now;
	double *to = NULL;

	for (size_t k = 0; k < s->width; k++) {
		struct head h;

		if (is_absent(row[k]))
			continue;
		if (choose(s, key, k, &now, e) < 0)
			return -1;
		if (now.n == 0 && s->must_match)
			continue;
		if (!to || !same_choice(&before, &now)) {
			if (join_labels(s, base, &now, &h, e) < 0)
				return -1;
			to = new_row(s, &h, e);
			if (!to)
				return -1;
			before = now;
		}
		to[k] = row[k];
	}
	return 0;
}

static int join_rows(struct infos *s, struct err *e)
{
	for (size_t i = 0; i < s->base.n; i++)
		for (size_t k = 0; k < IDENTIFYING && !is_info(s, &s->base.heads[i]); k++)
			s->told[k] |= head_label(s->ev, &s->base.heads[i], identifying[k]).n > 0;
	for (size_t i = 0; i < s->base.n; i++) {
		const double *row = s->base.values + i * s->width;
		double *to;

		if (eval_alive(s->ev, e) < 0)
			return -1;
		if (!is_info(s, &s->base.heads[i])) {
			if (enrich(s, &s->base.heads[i], row, e) < 0)
				return -1;
			continue;
		}
		to = new_row(s, &s->base.heads[i], e);
		if (!to)
			return -1;
		memcpy(to, row, s->width * sizeof(*row));
	}
	return 0;
}

int call_info(struct eval *ev, const struct node *call, const struct grid *g, struct value *out,
	      struct err *e)
{
	struct infos *s = arena_new(ev->arena, struct infos);
	struct key_spec *spec = arena_new(ev->arena, struct key_spec);

	if (!s || !spec)
		return eval_full(ev, e);
	s->ev = ev;
	s->call = call;
	s->width = g->n;
	if (call->call.nargs > 1)
		s->asked = &call->call.args[1]->selector;
	if (eval_vector(ev, call->call.args[0], g, &s->base, e) < 0 ||
	    vector_materialize(ev, &s->base, true, e) < 0 || find_infos(s, g, e) < 0 ||
	    key_spec_init(ev, identifying, IDENTIFYING, true, spec, e) < 0 ||
	    keys_init(ev, spec, s->info.n, &s->keys, e) < 0 ||
	    keys_sort(ev, &s->keys, s->info.heads, s->info.n, &s->by, e) < 0 || join_rows(s, e) < 0)
		return -1;
	out->vector =
		(struct vector){ .n = s->n, .heads = s->heads, .width = g->n, .values = s->values };
	if (!s->heads) /* no row at all */
		return vector_new(ev, 0, g->n, &out->vector, &s->values, e);
	return vector_merge_equal(ev, &out->vector, e);
}
