/*
 * eval_match.c - arithmetic and comparisons between two vectors.
 *
 * Partners are found once, by the labels of the heads: the side that may have several rows for a
 * key ("many", the left one of one-to-one) and the side that may not ("one"). Each pair is a
 * row of the result, worked out when asked. Rules that hold for each step (no two rows of the
 * one side at the same time, no two results with the same labels) need looking at values only
 * where several rows have the same key; that is rare, and those are worked out at once.
 *
 * With fill() there are further rows: of a row that has no partner at a step, with the value to be
 * filled in.
 */
#include "query/eval_binary.h"
#include "query/key.h"

#include <stdlib.h>

struct pair {
	uint32_t many, one; /* rows; KEY_NONE: filled in */
	uint32_t key;
};

struct match {
	struct eval *ev;
	const struct node_binary *b;
	struct binary_how how;
	struct vector *many, *one;
	bool many_left; /* the many side is written left */
	struct key_spec spec;
	struct keys keys;
	struct by_key by_one;  /* rows of the one side by key */
	size_t nkeys_one;      /* keys that the one side has; they are the first */
	uint32_t *key_of_many; /* KEY_NONE: no partner */
	struct pair *pairs;
	size_t n, room;
	uint32_t **owners; /* by key that several rows of the one side have: at which step which
			    * of them, row + 1 */
	uint32_t *paired;  /* by row of the one side: the last many row it is a pair with, + 1 */
	uint8_t *there_one, *there_many; /* [key][step], with fill only */
	double fill_many, fill_one;
	bool has_fill_many, has_fill_one;
};

/* --- texts ----------------------------------------------------------------------------------- */

static int tell_duplicate(struct match *m, const struct head *a, const struct head *b,
			  const char *side, struct err *e)
{
	struct eval *ev = m->ev;
	const struct labels *group = key_labels(ev, &m->spec, a, e);
	const struct labels *x = head_labels(ev, a, ev->arena), *y = head_labels(ev, b, ev->arena);
	struct buf text;
	int r;

	if (!group || !x || !y)
		return eval_full(ev, e);
	buf_init(&text, 64 << 10);
	label_set_print(group, &text);
	buf_printf(&text, " on the %s hand-side of the operation: [", side);
	label_set_print(y, &text);
	buf_puts(&text, ", ");
	label_set_print(x, &text);
	buf_putc(&text, ']');
	r = eval_fail(ev, e,
		      "found duplicate series for the match group %.*s;many-to-many matching not "
		      "allowed: matching labels must be unique on one side",
		      (int)text.n, text.p ? text.p : "");
	buf_release(&text);
	return r;
}

/* --- pairs -------------------------------------------------------------------------------- */

static int add_pair(struct match *m, uint32_t many, uint32_t one, uint32_t key, struct err *e)
{
	if (m->n == m->room) {
		struct pair *more =
			arena_grow(m->ev->arena, m->pairs, m->n, &m->room, m->n + 1, sizeof(*more));

		if (!more)
			return eval_full(m->ev, e);
		m->pairs = more;
	}
	m->pairs[m->n++] = (struct pair){ many, one, key };
	return 0;
}

static int find_keys(struct match *m, struct err *e)
{
	size_t rows = m->many->n + m->one->n;

	if (keys_init(m->ev, &m->spec, rows, &m->keys, e) < 0 ||
	    keys_sort(m->ev, &m->keys, m->one->heads, m->one->n, &m->by_one, e) < 0)
		return -1;
	m->nkeys_one = m->keys.n;
	return 0;
}

/* No two rows have a step where anybody looks: check_one_side(). */
static int find_owners(struct match *m, uint32_t key, struct err *e)
{
	const struct vector *one = m->one;
	uint32_t *owner = eval_alloc(m->ev, one->width, sizeof(*owner), e);

	if (!owner)
		return -1;
	for (uint32_t j = m->by_one.start[key]; j < m->by_one.start[key + 1]; j++) {
		uint32_t row = m->by_one.row[j];

		for (size_t k = 0; k < one->width; k++)
			if (!is_absent(one->values[row * one->width + k]))
				owner[k] = row + 1;
	}
	m->owners[key] = owner;
	return 0;
}

static int prepare_owners(struct match *m, struct err *e)
{
	if (m->owners)
		return 0;
	m->owners = eval_alloc(m->ev, m->nkeys_one, sizeof(*m->owners), e);
	m->paired = eval_alloc(m->ev, m->one->n, sizeof(*m->paired), e);
	if (!m->owners || !m->paired)
		return -1;
	return vector_materialize(m->ev, m->many, false, e);
}

/* A pair with each row of the key that has a value at a step of this one. Rows that take turns on
 * both sides would be n × n pairs, mostly of rows that never meet. */
static int add_meeting(struct match *m, uint32_t i, uint32_t key, struct err *e)
{
	const double *many;

	if (prepare_owners(m, e) < 0 || (!m->owners[key] && find_owners(m, key, e) < 0))
		return -1;
	many = m->many->values + i * m->many->width;
	for (size_t k = 0; k < m->many->width; k++) {
		uint32_t row = m->owners[key][k];

		if (row == 0 || is_absent(many[k]) || m->paired[row - 1] == i + 1)
			continue;
		m->paired[row - 1] = i + 1;
		if (add_pair(m, i, row - 1, key, e) < 0)
			return -1;
	}
	return 0;
}

static int add_partners(struct match *m, uint32_t i, uint32_t key, struct err *e)
{
	uint32_t first = m->by_one.start[key], n = m->by_one.start[key + 1] - first;

	if (n > 1)
		return add_meeting(m, i, key, e);
	return n ? add_pair(m, i, m->by_one.row[first], key, e) : 0;
}

/* With a fill a row without partner has results, too, so its key counts. */
static int find_pairs(struct match *m, struct err *e)
{
	struct eval *ev = m->ev;

	m->key_of_many = eval_alloc(ev, m->many->n, sizeof(*m->key_of_many), e);
	if (!m->key_of_many)
		return -1;
	for (uint32_t i = 0; i < m->many->n; i++) {
		const struct head *h = &m->many->heads[i];
		uint32_t key =
			m->has_fill_one ? keys_add(ev, &m->keys, h) : keys_find(ev, &m->keys, h);

		m->key_of_many[i] = key;
		if (key == KEY_NONE || key >= m->nkeys_one)
			continue;
		if (eval_alive(ev, e) < 0)
			return -1;
		if (add_partners(m, i, key, e) < 0)
			return -1;
	}
	return 0;
}

/* --- rules of each step ------------------------------------------------------------------- */

static bool any_at(const struct vector *v, size_t k)
{
	for (size_t i = 0; i < v->n; i++)
		if (!is_absent(v->values[i * v->width + k]))
			return true;
	return false;
}

/* Of several rows of the one side with one key at most one may have a value. */
static int check_key(struct match *m, const uint32_t *rows, size_t n, size_t k, struct err *e)
{
	const struct vector *v = m->one;
	uint32_t seen = KEY_NONE;

	for (size_t i = 0; i < n; i++) {
		if (is_absent(v->values[rows[i] * v->width + k]))
			continue;
		if (seen == KEY_NONE) {
			seen = rows[i];
			continue;
		}
		if (vector_materialize(m->ev, m->many, false, e) < 0)
			return -1;
		/* with nothing on the other side nobody looks at this one */
		if (!m->has_fill_many && !any_at(m->many, k))
			return 0;
		return tell_duplicate(m, &v->heads[seen], &v->heads[rows[i]],
				      m->many_left ? "right" : "left", e);
	}
	return 0;
}

/* Before pairs are made, which relies on it. */
static int check_one_side(struct match *m, struct err *e)
{
	const struct by_key *by = &m->by_one;

	for (size_t key = 0; key < m->nkeys_one; key++) {
		size_t n = by->start[key + 1] - by->start[key];

		if (n < 2)
			continue;
		if (vector_materialize(m->ev, m->one, false, e) < 0)
			return -1;
		for (size_t k = 0; k < m->one->width; k++)
			if (eval_alive(m->ev, e) < 0 ||
			    check_key(m, by->row + by->start[key], n, k, e) < 0)
				return -1;
	}
	return 0;
}

/* --- labels of results -------------------------------------------------------------------- */

static bool drops_name(const struct node_binary *b)
{
	return b->bool_modifier || !op_is_comparison(b->op);
}

static size_t find_label(const struct label *l, size_t n, struct slice name)
{
	size_t i = 0;

	while (i < n && !slice_eq(l[i].name, name))
		i++;
	return i;
}

/* The labels of group_left and group_right come from the one side, or go. */
static int include(struct match *m, const struct head *one, struct label *l, size_t *count,
		   struct err *e)
{
	const struct matching *how = &m->b->matching;
	size_t n = *count;

	for (size_t i = 0; i < how->ninclude; i++) {
		struct slice name = how->include[i];
		struct slice value = one ? head_label(m->ev, one, name) : slice_of("", 0);
		size_t at = find_label(l, n, name);

		if (value.n) {
			if (at == LABELS_MAX)
				return eval_fail(m->ev, e, "more than %d labels", LABELS_MAX);
			l[at] = (struct label){ name, value };
			n += at == n;
		} else if (at < n) {
			memmove(&l[at], &l[at + 1], (n - at - 1) * sizeof(*l));
			n--;
		}
	}
	*count = n;
	return 0;
}

static int by_name(const void *a, const void *b)
{
	return slice_cmp(((const struct label *)a)->name, ((const struct label *)b)->name);
}

/* Labels of the many row; `many` is a key's alone when it is filled in. */
static int result_head(struct match *m, const struct head *many, const struct head *one,
		       struct head *out, struct err *e)
{
	const struct matching *how = &m->b->matching;
	struct eval *ev = m->ev;
	struct label l[LABELS_MAX];
	const struct labels *seen;
	size_t n = 0, at;

	out->drop_name = many->drop_name || drops_name(m->b);
	if (how->card == ONE_TO_ONE && how->on) {
		out->labels = key_labels(ev, &m->spec, many, e);
		return out->labels ? 0 : -1;
	}
	if (how->card != ONE_TO_ONE && how->ninclude == 0) {
		out->labels = many->labels;
		return 0;
	}
	seen = head_labels(ev, many, ev->arena);
	if (!seen)
		return eval_full(ev, e);
	for (uint32_t i = 0; i < seen->n; i++) {
		bool ignored = false;

		for (at = 0; how->card == ONE_TO_ONE && at < how->nlabels; at++)
			ignored |= slice_eq(how->labels[at], seen->l[i].name);
		if (!ignored)
			l[n++] = seen->l[i];
	}
	if (how->card != ONE_TO_ONE) {
		if (include(m, one, l, &n, e) < 0)
			return -1;
		qsort(l, n, sizeof(*l), by_name);
	}
	out->labels = labels_in_arena(ev->arena, l, n);
	return out->labels ? 0 : eval_full(ev, e);
}

/* --- values ------------------------------------------------------------------------------- */

static void pair_values(const struct match *m, const double *many, const double *one, size_t n,
			double *out)
{
	if (m->many_left)
		binary_rows(&m->how, many, one, n, out);
	else
		binary_rows(&m->how, one, many, n, out);
}

/* A row of one side where the other has none, with a value filled in. */
static void filled_values(const struct match *m, const struct pair *p, const double *row,
			  size_t width, double *out)
{
	bool is_many = p->one == KEY_NONE;
	const uint8_t *there = is_many ? m->there_one : m->there_many;
	double fill = is_many ? m->fill_one : m->fill_many;

	for (size_t k = 0; k < width; k++) {
		bool partner = p->key != KEY_NONE && there[(size_t)p->key * width + k];

		out[k] = ABSENT;
		if (!partner && !is_absent(row[k]))
			pair_values(m, is_many ? &row[k] : &fill, is_many ? &fill : &row[k], 1,
				    &out[k]);
	}
}

static int match_row(const struct vector *v, size_t i, struct worker *w, double *out, struct err *e)
{
	const struct match *m = v->ctx;
	const struct pair *p = &m->pairs[i];
	const double *many = NULL, *one = NULL;

	if (p->many != KEY_NONE) {
		many = vector_row(m->many, p->many, w, e);
		if (!many)
			return -1;
	}
	if (p->one != KEY_NONE) {
		one = vector_row(m->one, p->one, w, e);
		if (!one)
			return -1;
	}
	if (many && one)
		pair_values(m, many, one, v->width, out);
	else if (many || one)
		filled_values(m, p, many ? many : one, v->width, out);
	return 0;
}

/* --- fill --------------------------------------------------------------------------------- */

static void note_presence(const struct vector *v, size_t row, uint32_t key, uint8_t *there)
{
	const double *values = v->values + row * v->width;

	for (size_t k = 0; k < v->width; k++)
		there[(size_t)key * v->width + k] |= !is_absent(values[k]);
}

static int add_filled(struct match *m, struct err *e)
{
	struct eval *ev = m->ev;
	size_t width = m->many->width;

	if (vector_materialize(ev, m->many, false, e) < 0 ||
	    vector_materialize(ev, m->one, false, e) < 0)
		return -1;
	m->there_one = eval_alloc(ev, m->keys.n * width, 1, e);
	m->there_many = eval_alloc(ev, m->keys.n * width, 1, e);
	if (!m->there_one || !m->there_many)
		return -1;
	for (uint32_t i = 0; i < m->many->n; i++) {
		if (m->key_of_many[i] != KEY_NONE)
			note_presence(m->many, i, m->key_of_many[i], m->there_many);
		if (m->has_fill_one && add_pair(m, i, KEY_NONE, m->key_of_many[i], e) < 0)
			return -1;
	}
	for (uint32_t j = 0; j < m->one->n; j++) {
		note_presence(m->one, j, m->by_one.key[j], m->there_one);
		if (m->has_fill_many && add_pair(m, KEY_NONE, j, m->by_one.key[j], e) < 0)
			return -1;
	}
	return 0;
}

/* What a missing side's labels would be: the key's. */
static int key_head(struct match *m, const struct head *of, struct head *out, struct err *e)
{
	*out = (struct head){ .labels = key_labels(m->ev, &m->spec, of, e) };
	return out->labels ? 0 : -1;
}

static int make_heads(struct match *m, struct head *heads, struct err *e)
{
	for (size_t i = 0; i < m->n; i++) {
		const struct pair *p = &m->pairs[i];
		struct head missing = { 0 };
		const struct head *many, *one;

		if (eval_alive(m->ev, e) < 0)
			return -1;
		many = p->many == KEY_NONE ? &missing : &m->many->heads[p->many];
		one = p->one == KEY_NONE ? &missing : &m->one->heads[p->one];
		if (many == &missing && key_head(m, one, &missing, e) < 0)
			return -1;
		if (one == &missing && key_head(m, many, &missing, e) < 0)
			return -1;
		if (result_head(m, many, one, &heads[i], e) < 0)
			return -1;
	}
	return 0;
}

/* --- results of one step ------------------------------------------------------------------ */

/* Pairs whose results may not meet: of one key with one-to-one, of the same labels else; by those
 * in turn. *groups says how many there are. */
static int group_pairs(struct match *m, const struct head *heads, struct by_key *out,
		       size_t *groups, struct err *e)
{
	static const struct key_spec seen = { .with_name = true };
	struct keys same;
	uint32_t *at;

	if (m->b->matching.card != ONE_TO_ONE) {
		if (keys_init(m->ev, &seen, m->n, &same, e) < 0 ||
		    keys_sort(m->ev, &same, heads, m->n, out, e) < 0)
			return -1;
		*groups = same.n;
		return 0;
	}
	*groups = m->keys.n;
	out->row = eval_alloc(m->ev, m->n, sizeof(*out->row), e);
	out->start = eval_alloc(m->ev, m->keys.n + 1, sizeof(*out->start), e);
	at = eval_alloc(m->ev, m->keys.n + 1, sizeof(*at), e);
	if (!out->row || !out->start || !at)
		return -1;
	for (size_t i = 0; i < m->n; i++)
		out->start[m->pairs[i].key + 1]++;
	for (size_t i = 0; i < m->keys.n; i++)
		out->start[i + 1] += out->start[i];
	memcpy(at, out->start, (m->keys.n + 1) * sizeof(*at));
	for (uint32_t i = 0; i < m->n; i++)
		out->row[at[m->pairs[i].key]++] = i;
	return 0;
}

static int tell_of_matches(struct match *m, struct err *e)
{
	return m->b->matching.card == ONE_TO_ONE
		       ? eval_fail(m->ev, e,
				   "multiple matches for labels: many-to-one matching must be "
				   "explicit (group_left/group_right)")
		       : eval_fail(m->ev, e,
				   "multiple matches for labels: grouping labels must ensure "
				   "unique matches");
}

/* Whether a pair has a result at a step, be it one that a comparison then takes away. */
static bool meet_at(const struct match *m, const struct pair *p, size_t k)
{
	size_t width = m->many->width;
	bool many = p->many != KEY_NONE && !is_absent(m->many->values[p->many * width + k]);
	bool one = p->one != KEY_NONE && !is_absent(m->one->values[p->one * width + k]);

	if (p->one == KEY_NONE)
		return many && !m->there_one[p->key * width + k];
	if (p->many == KEY_NONE)
		return one && !m->there_many[p->key * width + k];
	return many && one;
}

/* Of the n pairs of a group one may have a result at a step. `owner` has room for a row. Labels
 * that meet though keys differ are an error of another kind, which vector_merge_equal() finds. */
static int check_group(struct match *m, const uint32_t *pairs, size_t n, uint32_t *owner,
		       struct err *e)
{
	size_t width = m->many->width;

	memset(owner, 0, width * sizeof(*owner));
	for (size_t i = 0; i < n; i++) {
		const struct pair *p = &m->pairs[pairs[i]];

		if (eval_alive(m->ev, e) < 0)
			return -1;
		for (size_t k = 0; k < width; k++) {
			if (!meet_at(m, p, k))
				continue;
			if (owner[k] && m->pairs[owner[k] - 1].key == p->key)
				return tell_of_matches(m, e);
			owner[k] = pairs[i] + 1;
		}
	}
	return 0;
}

static int check_results(struct match *m, const struct vector *v, struct err *e)
{
	struct by_key by;
	size_t groups;
	uint32_t *owner = eval_alloc(m->ev, v->width, sizeof(*owner), e);

	if (!owner || group_pairs(m, v->heads, &by, &groups, e) < 0)
		return -1;
	for (size_t i = 0; i < groups; i++) {
		size_t n = by.start[i + 1] - by.start[i];

		if (n < 2)
			continue;
		if (vector_materialize(m->ev, m->many, false, e) < 0 ||
		    vector_materialize(m->ev, m->one, false, e) < 0 ||
		    check_group(m, by.row + by.start[i], n, owner, e) < 0)
			return -1;
	}
	return 0;
}

/* --- the whole ---------------------------------------------------------------------------- */

static int match_init(struct eval *ev, const struct node *n, struct vector *lhs, struct vector *rhs,
		      struct match *m, struct err *e)
{
	const struct matching *how = &n->binary.matching;

	m->ev = ev;
	m->b = &n->binary;
	m->how = (struct binary_how){ n->binary.op, n->binary.bool_modifier, false };
	m->many_left = how->card != ONE_TO_MANY;
	m->many = m->many_left ? lhs : rhs;
	m->one = m->many_left ? rhs : lhs;
	/* With group_right Prometheus turns the sides round but not their fills: "left" is the side
	 * of many always. */
	m->has_fill_many = how->has_fill_left;
	m->has_fill_one = how->has_fill_right;
	m->fill_many = how->fill_left;
	m->fill_one = how->fill_right;
	return key_spec_init(ev, how->labels, how->nlabels, how->on, &m->spec, e);
}

int eval_match(struct eval *ev, const struct node *n, struct vector *lhs, struct vector *rhs,
	       struct vector *out, struct err *e)
{
	struct match *m = arena_new(ev->arena, struct match);

	if (!m)
		return eval_full(ev, e);
	if (match_init(ev, n, lhs, rhs, m, e) < 0 || find_keys(m, e) < 0 ||
	    check_one_side(m, e) < 0 || find_pairs(m, e) < 0)
		return -1;
	/* rows that several pairs share are worked out once */
	if (m->n > m->one->n && vector_materialize(ev, m->one, false, e) < 0)
		return -1;
	if ((m->has_fill_many || m->has_fill_one) && add_filled(m, e) < 0)
		return -1;
	*out = (struct vector){
		.n = m->n, .width = m->many->width, .compute = match_row, .ctx = m
	};
	out->heads = eval_alloc(ev, m->n, sizeof(*out->heads), e);
	if (!out->heads || make_heads(m, out->heads, e) < 0 || check_results(m, out, e) < 0)
		return -1;
	return vector_merge_equal(ev, out, e);
}
