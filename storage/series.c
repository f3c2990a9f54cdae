/*
 * series.c - see series.h.
 *
 * Selecting: of the matchers that want a certain, non-empty value the one with the
 * fewest series gives the candidates; each candidate is then held against all
 * matchers. A matcher that an absent label meets cannot narrow anything down.
 */
#include "storage/series.h"

#include "base/alloc.h"
#include "storage/keys.h"
#include "storage/walk.h"

#include <stdlib.h>

static struct slice key_of(const struct labels *const *ls)
{
	return slice_of((const char *)ls, sizeof(*ls));
}

int series_index_init(struct series_index *x, struct err *e)
{
	pthread_rwlockattr_t attr;
	int rc;

	memset(x, 0, sizeof(*x));
	pthread_rwlockattr_init(&attr);
	/* Readers come in an endless stream; the writer must get its turn. */
	pthread_rwlockattr_setkind_np(&attr, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
	rc = pthread_rwlock_init(&x->lock, &attr);
	pthread_rwlockattr_destroy(&attr);
	if (rc)
		return err_sys(e, rc, "cannot make a lock");
	map_init(&x->by_labels);
	postings_init(&x->postings);
	return 0;
}

void series_index_release(struct series_index *x)
{
	postings_release(&x->postings);
	map_release(&x->by_labels);
	for (uint32_t i = 0; i < x->n; i++) {
		labels_unref(x->list[i]->labels);
		mem_free(x->list[i]);
	}
	mem_free(x->list);
	pthread_rwlock_destroy(&x->lock);
}

/* --- adding ----------------------------------------------------------------------- */

static int make_room(struct series_index *x, struct err *e)
{
	uint32_t cap = x->cap ? x->cap * 2 : 64;
	struct series **list;

	if (x->n < x->cap)
		return 0;
	if (x->n >= UINT32_MAX / 2)
		return err_set(e, ERR_LIMIT, "the store holds as many series as it can");
	list = mem_realloc(x->list, cap * sizeof(struct series *));
	if (!list)
		return err_set(e, ERR_MEMORY, "no memory for the series index");
	x->list = list;
	x->cap = cap;
	return 0;
}

static int add_locked(struct series_index *x, struct labels *ls, bool statistic, uint32_t *id,
		      struct err *e)
{
	struct series *s;

	if (make_room(x, e) < 0)
		return -1;
	s = mem_zalloc(sizeof(*s));
	if (!s)
		return err_set(e, ERR_MEMORY, "no memory for the series index");
	s->labels = ls;
	s->id = x->n + 1;
	s->statistic = statistic;
	if (map_put(&x->by_labels, key_of((const struct labels *const *)&s->labels), s, e) < 0) {
		mem_free(s);
		return -1;
	}
	if (postings_add(&x->postings, s->id, ls, e) < 0) {
		map_remove(&x->by_labels, key_of((const struct labels *const *)&s->labels));
		mem_free(s);
		return -1;
	}
	labels_ref(ls);
	x->list[x->n++] = s;
	*id = s->id;
	return 0;
}

int series_index_add(struct series_index *x, struct labels *ls, bool statistic, uint32_t *id,
		     struct err *e)
{
	int rc;

	pthread_rwlock_wrlock(&x->lock);
	rc = add_locked(x, ls, statistic, id, e);
	pthread_rwlock_unlock(&x->lock);
	return rc;
}

void series_index_truncate(struct series_index *x, uint32_t n)
{
	pthread_rwlock_wrlock(&x->lock);
	while (x->n > n) {
		struct series *s = x->list[--x->n];

		map_remove(&x->by_labels, key_of((const struct labels *const *)&s->labels));
		postings_remove_last(&x->postings, s->id, s->labels);
		labels_unref(s->labels);
		mem_free(s);
	}
	pthread_rwlock_unlock(&x->lock);
}

static int load_locked(struct series_index *x, struct walk *w, uint32_t upto, struct err *e)
{
	uint8_t key[KEY_SERIES_BYTES];

	key_series(key, x->n + 1);
	if (walk_seek(w, key_slice(key, sizeof(key)), e) < 0)
		return -1;
	while (x->n < upto) {
		struct labels *ls;
		bool statistic = false;
		uint32_t id;
		int rc;

		if (!w->at.there || get_be32(w->at.key.p) != x->n + 1)
			return err_set(e, ERR_CORRUPT, "the record of series %u is missing",
				       x->n + 1);
		if (series_read(w->at.value, &ls, &statistic, e) < 0)
			return err_wrap(e, "series %u", x->n + 1);
		if (map_get(&x->by_labels, key_of((const struct labels *const *)&ls)))
			rc = err_set(e, ERR_CORRUPT, "series %u has the labels of another one",
				     x->n + 1);
		else
			rc = add_locked(x, ls, statistic, &id, e);
		labels_unref(ls);
		if (rc < 0 || walk_next(w, e) < 0)
			return -1;
	}
	return 0;
}

int series_index_load(struct series_index *x, struct db_txn *t, uint32_t upto, struct err *e)
{
	struct walk w;
	int rc;

	pthread_rwlock_wrlock(&x->lock);
	rc = x->n >= upto ? 0 : walk_open(&w, t, DB_SERIES, KEY_SERIES_BYTES, e);
	if (rc == 0 && x->n < upto) {
		rc = load_locked(x, &w, upto, e);
		walk_close(&w);
	}
	pthread_rwlock_unlock(&x->lock);
	return rc;
}

/* --- looking up ---------------------------------------------------------------------- */

uint32_t series_index_count(struct series_index *x)
{
	uint32_t n;

	pthread_rwlock_rdlock(&x->lock);
	n = x->n;
	pthread_rwlock_unlock(&x->lock);
	return n;
}

const struct series *series_by_labels(struct series_index *x, const struct labels *ls, uint32_t max)
{
	const struct series *s;

	pthread_rwlock_rdlock(&x->lock);
	s = map_get(&x->by_labels, key_of(&ls));
	if (s && s->id > max)
		s = NULL;
	pthread_rwlock_unlock(&x->lock);
	return s;
}

struct series *series_by_id(struct series_index *x, uint32_t id, uint32_t max)
{
	struct series *s = NULL;

	pthread_rwlock_rdlock(&x->lock);
	if (id >= 1 && id <= x->n && id <= max)
		s = x->list[id - 1];
	pthread_rwlock_unlock(&x->lock);
	return s;
}

/* The shortest list that must hold every match. False: no list narrows it down. */
static bool shortest_list(struct series_index *x, const struct matcher *m, size_t nm,
			  const struct id_list **best)
{
	bool any = false;

	*best = NULL;
	for (size_t i = 0; i < nm; i++) {
		const struct id_list *l;

		if (m[i].op != MATCH_EQ || m[i].value.n == 0)
			continue;
		l = postings_list(&x->postings, m[i].name, m[i].value);
		if (!l) {
			*best = NULL;
			return true;
		}
		if (!any || l->n < (*best)->n)
			*best = l;
		any = true;
	}
	return any;
}

static int by_labels(const void *a, const void *b)
{
	const struct series *x = *(const struct series *const *)a;
	const struct series *y = *(const struct series *const *)b;

	return labels_cmp(x->labels, y->labels);
}

static int too_much(const struct arena *a, struct err *e)
{
	return err_set(e, ERR_LIMIT, "selecting series needs more than %zu MiB", a->limit >> 20);
}

static int select_locked(struct series_index *x, uint32_t max, const struct matcher *m, size_t nm,
			 struct arena *a, const struct series ***out, size_t *n, struct err *e)
{
	const struct id_list *list;
	bool narrow = shortest_list(x, m, nm, &list);
	uint32_t all = max < x->n ? max : x->n;
	size_t candidates = narrow ? (list ? id_list_upto(list, max) : 0) : all;
	const struct series **found = NULL;
	size_t cap = 0;

	*n = 0;
	for (size_t i = 0; i < candidates; i++) {
		const struct series *s = x->list[(narrow ? list->ids[i] : (uint32_t)i + 1) - 1];

		if (!matchers_hold(m, nm, s->labels))
			continue;
		if (*n == cap) {
			found = arena_grow(a, found, *n, &cap, *n + 1,
					   sizeof(const struct series *));
			if (!found)
				return too_much(a, e);
		}
		found[(*n)++] = s;
	}
	*out = found;
	return 0;
}

int series_select(struct series_index *x, uint32_t max, const struct matcher *m, size_t nm,
		  struct arena *a, const struct series ***out, size_t *n, struct err *e)
{
	int rc;

	pthread_rwlock_rdlock(&x->lock);
	rc = select_locked(x, max, m, nm, a, out, n, e);
	pthread_rwlock_unlock(&x->lock);
	/* What was found stays where it is, so sorting needs no lock. */
	if (rc == 0 && *n > 1)
		qsort(*out, *n, sizeof(const struct series *), by_labels);
	return rc;
}

/* --- label names and values --------------------------------------------------------------- */

struct texts {
	struct arena *a;
	struct slice *list;
	size_t n, cap;
};

static int add_text(struct texts *t, struct slice s, struct err *e)
{
	if (t->n == t->cap) {
		t->list = arena_grow(t->a, t->list, t->n, &t->cap, t->n + 1, sizeof(*t->list));
		if (!t->list)
			return too_much(t->a, e);
	}
	t->list[t->n++] = s;
	return 0;
}

static int by_text(const void *a, const void *b)
{
	return slice_cmp(*(const struct slice *)a, *(const struct slice *)b);
}

/* Sorts, drops doubles, and copies what is left out of the index. */
static int finish_texts(struct texts *t, struct slice **out, size_t *n, struct err *e)
{
	size_t kept = 0;

	if (t->n > 1)
		qsort(t->list, t->n, sizeof(*t->list), by_text);
	for (size_t i = 0; i < t->n; i++) {
		if (kept > 0 && slice_eq(t->list[kept - 1], t->list[i]))
			continue;
		t->list[kept] = arena_slice(t->a, t->list[i]);
		if (!t->list[kept].p)
			return too_much(t->a, e);
		kept++;
	}
	*out = t->list;
	*n = kept;
	return 0;
}

static int names_of_all(struct series_index *x, uint32_t max, struct texts *t, struct err *e)
{
	const struct map_entry *m;

	for (size_t i = 0; (m = map_next(&x->postings.names, &i));) {
		const struct posting_name *name = m->value;

		if (id_list_upto(&name->list, max) > 0 && add_text(t, name->name, e) < 0)
			return -1;
	}
	return 0;
}

static int values_of_all(struct series_index *x, uint32_t max, struct slice name, struct texts *t,
			 struct err *e)
{
	const struct posting_name *p = postings_name(&x->postings, name);
	const struct map_entry *m;

	if (!p)
		return 0;
	for (size_t i = 0; (m = map_next(&p->values, &i));) {
		const struct posting_value *v = m->value;

		if (id_list_upto(&v->list, max) > 0 && add_text(t, v->value, e) < 0)
			return -1;
	}
	return 0;
}

static int names_of(const struct series *s, struct texts *t, struct err *e)
{
	for (uint32_t i = 0; i < s->labels->n; i++)
		if (add_text(t, s->labels->l[i].name, e) < 0)
			return -1;
	return 0;
}

static int of_selected(struct series_index *x, uint32_t max, struct slice name,
		       const struct matcher *m, size_t nm, struct texts *t, struct err *e)
{
	const struct series **found;
	size_t n;
	int rc = select_locked(x, max, m, nm, t->a, &found, &n, e);

	for (size_t i = 0; i < n && rc == 0; i++) {
		struct slice value = name.p ? labels_get(found[i]->labels, name) : name;

		if (!name.p)
			rc = names_of(found[i], t, e);
		else if (value.n > 0)
			rc = add_text(t, value, e);
	}
	return rc;
}

int series_label_names(struct series_index *x, uint32_t max, const struct matcher *m, size_t nm,
		       struct arena *a, struct slice **out, size_t *n, struct err *e)
{
	struct texts t = { .a = a };
	int rc;

	pthread_rwlock_rdlock(&x->lock);
	rc = nm ? of_selected(x, max, (struct slice){ 0 }, m, nm, &t, e)
		: names_of_all(x, max, &t, e);
	if (rc == 0)
		rc = finish_texts(&t, out, n, e);
	pthread_rwlock_unlock(&x->lock);
	return rc;
}

int series_label_values(struct series_index *x, uint32_t max, struct slice name,
			const struct matcher *m, size_t nm, struct arena *a, struct slice **out,
			size_t *n, struct err *e)
{
	struct texts t = { .a = a };
	int rc;

	if (!name.p)
		name = slice_str("");
	pthread_rwlock_rdlock(&x->lock);
	rc = nm ? of_selected(x, max, name, m, nm, &t, e) : values_of_all(x, max, name, &t, e);
	if (rc == 0)
		rc = finish_texts(&t, out, n, e);
	pthread_rwlock_unlock(&x->lock);
	return rc;
}

/* --- the record ----------------------------------------------------------------------------- */

enum { SERIES_HEAD_BYTES = 8 };

static size_t record_bytes(const struct labels *ls)
{
	size_t n = SERIES_HEAD_BYTES;

	for (uint32_t i = 0; i < ls->n; i++)
		n += 4 + ls->l[i].name.n + ls->l[i].value.n;
	return n;
}

static uint8_t *put_text(uint8_t *p, struct slice s)
{
	put_le16(p, (uint16_t)s.n);
	memcpy(p + 2, s.p, s.n);
	return p + 2 + s.n;
}

int series_put(struct db_txn *t, uint32_t id, const struct labels *ls, bool statistic,
	       struct err *e)
{
	size_t n = record_bytes(ls);
	uint8_t key[KEY_SERIES_BYTES], *value = mem_zalloc(n), *p;
	int rc;

	if (!value)
		return err_set(e, ERR_MEMORY, "no memory for a series record");
	value[4] = statistic;
	put_le16(value + 6, (uint16_t)ls->n);
	p = value + SERIES_HEAD_BYTES;
	for (uint32_t i = 0; i < ls->n; i++) {
		p = put_text(p, ls->l[i].name);
		p = put_text(p, ls->l[i].value);
	}
	key_series(key, id);
	rc = record_put(t, DB_SERIES, key_slice(key, sizeof(key)), value, n, e);
	mem_free(value);
	return rc;
}

static bool get_text(struct slice *in, struct slice *out)
{
	size_t n;

	if (in->n < 2)
		return false;
	n = get_le16(in->p);
	*in = slice_skip(*in, 2);
	if (n > in->n)
		return false;
	*out = slice_of(in->p, n);
	*in = slice_skip(*in, n);
	return true;
}

int series_read(struct slice value, struct labels **ls, bool *statistic, struct err *e)
{
	struct label l[LABELS_MAX];
	struct slice rest;
	size_t n;

	if (value.n < SERIES_HEAD_BYTES || (uint8_t)value.p[4] > 1)
		return record_bad(e, DB_SERIES, "it has the wrong form");
	*statistic = value.p[4] == 1;
	n = get_le16(value.p + 6);
	if (n > LABELS_MAX)
		return record_bad(e, DB_SERIES, "it has too many labels");
	rest = slice_skip(value, SERIES_HEAD_BYTES);
	for (size_t i = 0; i < n; i++)
		if (!get_text(&rest, &l[i].name) || !get_text(&rest, &l[i].value))
			return record_bad(e, DB_SERIES, "its labels have the wrong length");
	if (rest.n != 0)
		return record_bad(e, DB_SERIES, "its labels have the wrong length");
	*ls = labels_intern(l, n, e);
	return *ls ? 0 : -1;
}

char *series_text(const struct labels *ls, char out[SERIES_TEXT])
{
	struct buf b;

	buf_init(&b, 1 << 18);
	labels_print(ls, &b);
	if (buf_check(&b, NULL) == 0)
		snprintf(out, SERIES_TEXT, "%.*s", (int)b.n, b.p);
	else
		snprintf(out, SERIES_TEXT, "a series");
	buf_release(&b);
	return out;
}
