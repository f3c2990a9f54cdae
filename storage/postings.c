/*
 * postings.c - see postings.h.
 *
 * Two levels of hash tables, then a growing array. A label that lost its last
 * series (a transaction was taken back) goes away, since its text is about to.
 */
#include "storage/postings.h"

#include "base/alloc.h"

void postings_init(struct postings *p)
{
	map_init(&p->names);
}

static void free_value(struct posting_value *v)
{
	mem_free(v->list.ids);
	mem_free(v);
}

static void free_name(struct posting_name *name)
{
	const struct map_entry *m;

	for (size_t i = 0; (m = map_next(&name->values, &i));)
		free_value(m->value);
	map_release(&name->values);
	mem_free(name->list.ids);
	mem_free(name);
}

void postings_release(struct postings *p)
{
	const struct map_entry *m;

	for (size_t i = 0; (m = map_next(&p->names, &i));)
		free_name(m->value);
	map_release(&p->names);
}

static int push(struct id_list *l, uint32_t id, struct err *e)
{
	if (l->n == l->cap) {
		uint32_t cap = l->cap ? l->cap * 2 : 1;
		uint32_t *ids = mem_realloc(l->ids, cap * sizeof(*ids));

		if (!ids)
			return err_set(e, ERR_MEMORY, "no memory for the series index");
		l->ids = ids;
		l->cap = cap;
	}
	l->ids[l->n++] = id;
	return 0;
}

static void pop(struct id_list *l, uint32_t id)
{
	if (l->n > 0 && l->ids[l->n - 1] == id)
		l->n--;
}

static struct posting_name *name_of(struct postings *p, struct slice text, struct err *e)
{
	struct posting_name *name = map_get(&p->names, text);

	if (name)
		return name;
	name = mem_zalloc(sizeof(*name));
	if (!name) {
		err_set(e, ERR_MEMORY, "no memory for the series index");
		return NULL;
	}
	name->name = text;
	map_init(&name->values);
	if (map_put(&p->names, text, name, e) < 0) {
		mem_free(name);
		return NULL;
	}
	return name;
}

static struct posting_value *value_of(struct posting_name *name, struct slice text, struct err *e)
{
	struct posting_value *value = map_get(&name->values, text);

	if (value)
		return value;
	value = mem_zalloc(sizeof(*value));
	if (!value) {
		err_set(e, ERR_MEMORY, "no memory for the series index");
		return NULL;
	}
	value->value = text;
	if (map_put(&name->values, text, value, e) < 0) {
		mem_free(value);
		return NULL;
	}
	return value;
}

static int add_label(struct postings *p, uint32_t id, const struct label *l, struct err *e)
{
	struct posting_name *name = name_of(p, l->name, e);
	struct posting_value *value = name ? value_of(name, l->value, e) : NULL;

	if (!value || push(&name->list, id, e) < 0)
		return -1;
	return push(&value->list, id, e);
}

int postings_add(struct postings *p, uint32_t id, const struct labels *ls, struct err *e)
{
	for (uint32_t i = 0; i < ls->n; i++) {
		if (add_label(p, id, &ls->l[i], e) < 0) {
			postings_remove_last(p, id, ls);
			return -1;
		}
	}
	return 0;
}

static void remove_label(struct postings *p, uint32_t id, const struct label *l)
{
	struct posting_name *name = map_get(&p->names, l->name);
	struct posting_value *value;

	if (!name)
		return;
	value = map_get(&name->values, l->value);
	if (value) {
		pop(&value->list, id);
		if (value->list.n == 0) {
			map_remove(&name->values, l->value);
			free_value(value);
		}
	}
	pop(&name->list, id);
	if (name->list.n == 0) {
		map_remove(&p->names, l->name);
		free_name(name);
	}
}

void postings_remove_last(struct postings *p, uint32_t id, const struct labels *ls)
{
	for (uint32_t i = 0; i < ls->n; i++)
		remove_label(p, id, &ls->l[i]);
}

const struct posting_name *postings_name(const struct postings *p, struct slice name)
{
	return map_get(&p->names, name);
}

const struct id_list *postings_list(const struct postings *p, struct slice name, struct slice value)
{
	const struct posting_name *n = postings_name(p, name);
	const struct posting_value *v = n ? map_get(&n->values, value) : NULL;

	return v ? &v->list : NULL;
}

uint32_t id_list_upto(const struct id_list *l, uint32_t max)
{
	uint32_t lo = 0, hi = l->n;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (l->ids[mid] <= max)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}
