/* key.c - see key.h. */
#include "query/key.h"

#include "base/map.h"

#include <stdlib.h>

static int by_text(const void *a, const void *b)
{
	return slice_cmp(*(const struct slice *)a, *(const struct slice *)b);
}

int key_spec_init(struct eval *ev, const struct slice *names, size_t n, bool listed,
		  struct key_spec *out, struct err *e)
{
	struct slice *sorted = eval_alloc(ev, n, sizeof(*sorted), e);
	size_t kept = 0;

	if (!sorted)
		return -1;
	if (n)
		memcpy(sorted, names, n * sizeof(*sorted));
	qsort(sorted, n, sizeof(*sorted), by_text);
	for (size_t i = 0; i < n; i++)
		if (kept == 0 || !slice_eq(sorted[kept - 1], sorted[i]))
			sorted[kept++] = sorted[i];
	*out = (struct key_spec){ .names = sorted, .n = kept, .listed = listed };
	return 0;
}

/* Whether a label that a row has is no part of its key; names rise from call to call, *at with
 * them. */
static bool is_left_out(const struct eval *ev, const struct key_spec *s, const struct head *h,
			struct slice name, size_t *at)
{
	while (*at < s->n && slice_cmp(s->names[*at], name) < 0)
		(*at)++;
	if (*at < s->n && slice_eq(s->names[*at], name))
		return true;
	if (s->with_name)
		return head_hides(ev, h, name);
	if (slice_is(name, LABEL_NAME))
		return true;
	return (ev->features & FEATURE_TYPE_AND_UNIT) &&
	       (slice_is(name, "__type__") || slice_is(name, "__unit__"));
}

static uint64_t mix(uint64_t h, struct slice s)
{
	return hash_seeded(s.p, s.n, h);
}

static uint64_t key_hash(const struct eval *ev, const struct key_spec *s, const struct head *h)
{
	uint64_t hash = hash_seed(); /* labels come from outside */
	size_t at = 0;

	if (s->listed) {
		for (size_t i = 0; i < s->n; i++)
			hash = mix(hash, head_label(ev, h, s->names[i]));
		return hash;
	}
	for (uint32_t i = 0; i < h->labels->n; i++) {
		const struct label *l = &h->labels->l[i];

		if (!is_left_out(ev, s, h, l->name, &at))
			hash = mix(mix(hash, l->name), l->value);
	}
	return hash;
}

static const struct label *next_kept(const struct eval *ev, const struct key_spec *s,
				     const struct head *h, uint32_t *i, size_t *at)
{
	while (*i < h->labels->n) {
		const struct label *l = &h->labels->l[(*i)++];

		if (!is_left_out(ev, s, h, l->name, at))
			return l;
	}
	return NULL;
}

static bool key_equal(const struct eval *ev, const struct key_spec *s, const struct head *a,
		      const struct head *b)
{
	uint32_t i = 0, j = 0;
	size_t at_a = 0, at_b = 0;

	if (s->listed) {
		for (size_t n = 0; n < s->n; n++)
			if (!slice_eq(head_label(ev, a, s->names[n]),
				      head_label(ev, b, s->names[n])))
				return false;
		return true;
	}
	for (;;) {
		const struct label *x = next_kept(ev, s, a, &i, &at_a);
		const struct label *y = next_kept(ev, s, b, &j, &at_b);

		if (!x || !y)
			return x == y;
		if (!slice_eq(x->name, y->name) || !slice_eq(x->value, y->value))
			return false;
	}
}

const struct labels *key_labels(struct eval *ev, const struct key_spec *s, const struct head *h,
				struct err *e)
{
	const struct labels *ls = h->labels, *out;
	struct label l[LABELS_MAX];
	size_t n = 0, at = 0;

	for (uint32_t i = 0; i < ls->n; i++) {
		struct slice name = ls->l[i].name;
		bool kept = !is_left_out(ev, s, h, name, &at);

		if (s->listed)
			kept = at < s->n && slice_eq(s->names[at], name) &&
			       !head_hides(ev, h, name);
		if (kept)
			l[n++] = ls->l[i];
	}
	out = labels_in_arena(ev->arena, l, n);
	if (!out)
		eval_full(ev, e);
	return out;
}

/* --- many rows ------------------------------------------------------------------------------ */

int keys_init(struct eval *ev, const struct key_spec *spec, size_t rows, struct keys *out,
	      struct err *e)
{
	size_t size = 16;

	/* Without a label to differ in all are one. */
	if (spec->listed && spec->n == 0 && rows > 1)
		rows = 1;
	while (size < 2 * rows)
		size *= 2;
	*out = (struct keys){ .spec = spec, .mask = size - 1, .room = rows };
	out->slots = eval_alloc(ev, size, sizeof(*out->slots), e);
	out->key = eval_alloc(ev, rows, sizeof(*out->key), e);
	return out->slots && out->key ? 0 : -1;
}

static uint32_t *slot_of(const struct eval *ev, const struct keys *k, const struct head *h,
			 uint64_t hash)
{
	size_t i = hash & k->mask;

	for (; k->slots[i]; i = (i + 1) & k->mask) {
		const struct key *key = &k->key[k->slots[i] - 1];

		if (key->hash == hash && key_equal(ev, k->spec, key->head, h))
			break;
	}
	return &k->slots[i];
}

uint32_t keys_find(const struct eval *ev, const struct keys *k, const struct head *h)
{
	uint32_t slot = *slot_of(ev, k, h, key_hash(ev, k->spec, h));

	return slot ? slot - 1 : KEY_NONE;
}

uint32_t keys_add(const struct eval *ev, struct keys *k, const struct head *h)
{
	uint64_t hash = key_hash(ev, k->spec, h);
	uint32_t *slot = slot_of(ev, k, h, hash);

	if (!*slot) {
		k->key[k->n++] = (struct key){ .hash = hash, .head = h };
		*slot = (uint32_t)k->n;
	}
	return *slot - 1;
}

/* Rows beside each other often have one label set; then no key is looked for. */
static bool have_one_set(const struct head *a, const struct head *b)
{
	return a->labels == b->labels && a->drop_name == b->drop_name;
}

int keys_sort(struct eval *ev, struct keys *k, const struct head *heads, size_t n,
	      struct by_key *out, struct err *e)
{
	uint32_t *at;

	out->key = eval_alloc(ev, n, sizeof(*out->key), e);
	out->row = eval_alloc(ev, n, sizeof(*out->row), e);
	if (!out->key || !out->row)
		return -1;
	for (size_t i = 0; i < n; i++)
		out->key[i] = i > 0 && have_one_set(&heads[i - 1], &heads[i])
				      ? out->key[i - 1]
				      : keys_add(ev, k, &heads[i]);
	out->start = eval_alloc(ev, k->n + 1, sizeof(*out->start), e);
	at = eval_alloc(ev, k->n + 1, sizeof(*at), e);
	if (!out->start || !at)
		return -1;
	for (size_t i = 0; i < n; i++)
		out->start[out->key[i] + 1]++;
	for (size_t i = 0; i < k->n; i++)
		out->start[i + 1] += out->start[i];
	memcpy(at, out->start, (k->n + 1) * sizeof(*at));
	for (size_t i = 0; i < n; i++)
		out->row[at[out->key[i]]++] = (uint32_t)i;
	return 0;
}
