/*
 * metadata.c - see metadata.h.
 *
 * What was written is remembered as a hash for each family, so the usual request costs
 * one look-up an entry.
 */
#include "storage/metadata.h"

#include "base/alloc.h"
#include "base/log.h"
#include "base/map.h"
#include "storage/walk.h"

enum { HEAD_BYTES = 8 };

struct known {
	uint64_t hash; /* of type, unit and help */
	char family[];
};

struct entry {
	struct slice key;
	uint8_t *value;
	size_t n;
};

struct metadata_task {
	struct append a;
	size_t n;
	struct arena arena;
	struct entry *list;
};

static uint64_t hash_of(const struct rw_metadata *m)
{
	uint64_t h = hash_bytes(m->help.p, m->help.n) * 31 + hash_bytes(m->unit.p, m->unit.n);

	return h * 31 + (uint64_t)m->type;
}

/* Whether it is new; remembered then. Under the lock. */
static bool is_news(struct store *s, const struct rw_metadata *m)
{
	struct known *k = map_get(&s->metadata, m->family);
	uint64_t h = hash_of(m);

	if (k) {
		if (k->hash == h)
			return false;
		k->hash = h;
		return true;
	}
	if (s->metadata.n >= METADATA_FAMILIES_MAX)
		return false;
	k = mem_alloc(sizeof(*k) + m->family.n + 1);
	if (!k)
		return false;
	k->hash = h;
	memcpy(k->family, m->family.p, m->family.n);
	if (map_put(&s->metadata, slice_of(k->family, m->family.n), k, NULL) == 0)
		return true;
	mem_free(k);
	return false;
}

static int put_all(struct append *a, struct write_task *t, struct err *e)
{
	struct metadata_task *x = (struct metadata_task *)a;

	for (size_t i = 0; i < x->n; i++)
		if (record_put(t->t, DB_METADATA, x->list[i].key, x->list[i].value, x->list[i].n,
			       e) < 0)
			return -1;
	return 0;
}

static void put_done(struct append *a)
{
	struct metadata_task *x = (struct metadata_task *)a;

	if (a->err.code != ERR_NONE)
		log_event(LOG_WARN, "types and help of metrics are not kept", log_err(&a->err));
	arena_release(&x->arena);
	mem_free(x);
}

static bool make_entry(struct metadata_task *x, const struct rw_metadata *m)
{
	struct slice unit = slice_cut(m->unit, METADATA_TEXT_MAX);
	struct slice help = slice_cut(m->help, METADATA_TEXT_MAX);
	struct entry *k = &x->list[x->n];

	k->n = HEAD_BYTES + unit.n + help.n;
	k->key = arena_slice(&x->arena, m->family);
	k->value = arena_zalloc(&x->arena, k->n);
	if (!k->key.p || !k->value)
		return false;
	k->value[4] = (uint8_t)m->type;
	put_le16(k->value + 6, (uint16_t)unit.n);
	memcpy(k->value + HEAD_BYTES, unit.p, unit.n);
	memcpy(k->value + HEAD_BYTES + unit.n, help.p, help.n);
	x->n++;
	return true;
}

void metadata_note(struct store *s, const struct rw_metadata *list, size_t n)
{
	struct metadata_task *x = n ? mem_zalloc(sizeof(*x)) : NULL;
	struct err e;

	if (!x)
		return;
	arena_init(&x->arena, 64 << 20);
	x->list = arena_array(&x->arena, n, sizeof(*x->list));
	pthread_mutex_lock(&s->metadata_lock);
	for (size_t i = 0; x->list && i < n; i++)
		if (list[i].family.n > 0 && list[i].family.n <= LABEL_NAME_MAX_BYTES &&
		    is_news(s, &list[i]) && !make_entry(x, &list[i]))
			break;
	pthread_mutex_unlock(&s->metadata_lock);
	x->a.task = put_all;
	x->a.done = put_done;
	x->a.task_bytes = x->n * 256;
	if (x->n > 0 && writer_push(s, &x->a, &e) == 0)
		return;
	arena_release(&x->arena);
	mem_free(x);
}

void metadata_release(struct store *s)
{
	const struct map_entry *m;

	for (size_t i = 0; (m = map_next(&s->metadata, &i));)
		mem_free(m->value);
	map_release(&s->metadata);
	map_init(&s->metadata);
}

/* --- reading --------------------------------------------------------------------------- */

static int read_entry(const struct record *r, struct arena *a, struct family_metadata *out,
		      struct err *e)
{
	size_t unit;

	if (r->value.n < HEAD_BYTES || (unit = get_le16(r->value.p + 6)) > r->value.n - HEAD_BYTES)
		return record_bad(e, DB_METADATA, "it has the wrong form");
	out->type = (uint8_t)r->value.p[4];
	out->family = arena_slice(a, r->key);
	out->unit = arena_slice(a, slice_of(r->value.p + HEAD_BYTES, unit));
	out->help = arena_slice(a, slice_skip(r->value, HEAD_BYTES + unit));
	if (!out->family.p || !out->unit.p || !out->help.p)
		return err_set(e, ERR_LIMIT, "the metadata needs more than %zu MiB",
			       a->limit >> 20);
	return 0;
}

int metadata_read(struct db_txn *t, struct arena *a, struct family_metadata **out, size_t *n,
		  struct err *e)
{
	struct db_cursor *c;
	struct record r;
	size_t cap = 0;
	int rc;

	*out = NULL;
	*n = 0;
	if (db_cursor_open(t, DB_METADATA, &c, e) < 0)
		return -1;
	while ((rc = db_move(c, *n ? DB_NEXT : DB_FIRST, &r.key, &r.value, e)) == 1) {
		if (*n == cap)
			*out = arena_grow(a, *out, *n, &cap, *n + 1, sizeof(**out));
		if (!*out) {
			rc = err_set(e, ERR_LIMIT, "the metadata needs more than %zu MiB",
				     a->limit >> 20);
			break;
		}
		if (!record_good(r.key, r.value)) {
			rc = record_bad(e, DB_METADATA, "the checksum is wrong");
			break;
		}
		rc = read_entry(&r, a, &(*out)[*n], e);
		if (rc < 0)
			break;
		(*n)++;
	}
	db_cursor_close(c);
	return rc;
}
