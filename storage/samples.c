/*
 * samples.c - see samples.h.
 *
 * For the first sample not yet written: find its chunk (the last one that begins
 * at or before it, else the first of the series), take along all samples before
 * the next chunk's beginning, join the two runs, write them back.
 *
 * A last chunk is filled to the brim, since time goes on behind it. One in the
 * middle that overflows is halved, so that the next late sample finds room.
 */
#include "storage/samples.h"

#include "base/alloc.h"
#include "base/num.h"
#include "storage/chunk.h"
#include "storage/keys.h"

struct target {
	bool there, last; /* last: no chunk follows */
	int64_t next_ms;  /* where the following chunk begins */
	uint32_t crc;     /* of the record to be replaced */
	struct chunk_info info;
	struct sample *run; /* its samples, unpacked */
};

static bool of_series(const struct record *r, uint32_t series)
{
	return r->there && get_be32(r->key.p) == series;
}

static int unpack(struct target *g, const struct record *r, struct err *e)
{
	if (chunk_info(r->key, r->value, &g->info, e) < 0)
		return -1;
	g->there = true;
	g->crc = record_crc(r->value);
	g->run = mem_alloc(g->info.count * sizeof(*g->run));
	if (!g->run)
		return err_set(e, ERR_MEMORY, "no memory to unpack a chunk");
	return chunk_unpack(&g->info, r->value, g->run, e);
}

static int find_target(struct walk *w, uint32_t series, int64_t t_ms, struct target *g,
		       struct err *e)
{
	uint8_t key[KEY_CHUNK_BYTES];
	const struct record *next = &w->at;

	*g = (struct target){ .last = true };
	key_chunk(key, series, t_ms);
	if (walk_seek(w, key_slice(key, sizeof(key)), e) < 0)
		return -1;
	if (of_series(&w->at, series) &&
	    (get_be_time(w->at.key.p + 4) == t_ms || !of_series(&w->before, series))) {
		if (unpack(g, &w->at, e) < 0 || walk_next(w, e) < 0)
			return -1;
	} else if (of_series(&w->before, series)) {
		if (unpack(g, &w->before, e) < 0)
			return -1;
	}
	if (of_series(next, series)) {
		g->last = false;
		g->next_ms = get_be_time(next->key.p + 4);
		if (g->there && g->info.last_ms >= g->next_ms)
			return record_bad(e, DB_SAMPLES, "two chunks overlap");
	}
	return 0;
}

/* Joins two rising runs; of two samples for one time the new one counts. */
static size_t join(const struct sample *old, size_t nold, const struct sample *new, size_t nnew,
		   struct sample *out)
{
	size_t i = 0, j = 0, n = 0;

	while (i < nold || j < nnew) {
		if (j == nnew || (i < nold && old[i].t_ms < new[j].t_ms)) {
			out[n++] = old[i++];
			continue;
		}
		if (i < nold && old[i].t_ms == new[j].t_ms)
			i++;
		out[n++] = new[j++];
	}
	return n;
}

static bool same_run(const struct sample *a, size_t na, const struct sample *b, size_t nb)
{
	if (na != nb)
		return false;
	for (size_t i = 0; i < na; i++)
		if (a[i].t_ms != b[i].t_ms || !num_same(a[i].value, b[i].value))
			return false;
	return true;
}

static int put_chunk(struct db_txn *t, uint32_t series, struct tally *y, const struct sample *s,
		     size_t n, uint8_t *value, size_t bytes, struct err *e)
{
	uint8_t key[KEY_CHUNK_BYTES];

	key_chunk(key, series, s[0].t_ms);
	if (record_put(t, DB_SAMPLES, key_slice(key, sizeof(key)), value, bytes, e) < 0)
		return -1;
	tally_reach(y, s[0].t_ms);
	y->records++;
	tally_reach(y, s[n - 1].t_ms);
	y->samples += n;
	y->digest ^= get_le32(value);
	return 0;
}

static int put_run(struct db_txn *t, uint32_t series, struct tally *y, const struct sample *s,
		   size_t n, bool last, struct err *e)
{
	uint8_t value[CHUNK_MAX_BYTES];
	size_t bytes, take;

	while (n > 0) {
		take = chunk_pack(s, n, value, &bytes);
		if (take < n && !last) {
			if (put_run(t, series, y, s, n / 2, false, e) < 0)
				return -1;
			s += n / 2;
			n -= n / 2;
			continue;
		}
		if (put_chunk(t, series, y, s, take, value, bytes, e) < 0)
			return -1;
		s += take;
		n -= take;
	}
	return 0;
}

static int drop_chunk(struct db_txn *t, uint32_t series, struct tally *y, const struct target *g,
		      int64_t new_first_ms, struct err *e)
{
	uint8_t key[KEY_CHUNK_BYTES];

	y->records--;
	y->samples -= g->info.count;
	y->digest ^= g->crc;
	if (new_first_ms == g->info.first_ms)
		return 0; /* overwritten in a moment */
	key_chunk(key, series, g->info.first_ms);
	return db_del(t, DB_SAMPLES, key_slice(key, sizeof(key)), e);
}

static int splice(struct db_txn *t, uint32_t series, struct tally *y, const struct target *g,
		  const struct sample *s, size_t n, struct err *e)
{
	size_t have = g->there ? g->info.count : 0, total;
	struct sample *all = mem_alloc((have + n) * sizeof(*all));
	int64_t first_ms = y->first_ms, last_ms = y->last_ms;
	bool some = y->records > 0;
	int rc = 0;

	if (!all)
		return err_set(e, ERR_MEMORY, "no memory to pack %zu samples", have + n);
	total = join(g->run, have, s, n, all);
	if (!same_run(g->run, have, all, total)) {
		if (g->there)
			rc = drop_chunk(t, series, y, g, all[0].t_ms, e);
		if (rc == 0)
			rc = put_run(t, series, y, all, total, g->last, e);
		/* Taking the only chunk out for a moment made the tally forget its reach. */
		if (some && first_ms < y->first_ms)
			y->first_ms = first_ms;
		if (some && last_ms > y->last_ms)
			y->last_ms = last_ms;
	}
	mem_free(all);
	return rc;
}

int samples_write(struct db_txn *t, struct walk *w, uint32_t series, struct tally *y,
		  const struct sample *s, size_t n, struct err *e)
{
	while (n > 0) {
		struct target g;
		size_t take = 0;
		int rc = find_target(w, series, s[0].t_ms, &g, e);

		if (rc == 0) {
			while (take < n && (g.last || s[take].t_ms < g.next_ms))
				take++;
			rc = splice(t, series, y, &g, s, take, e);
		}
		mem_free(g.run);
		if (rc < 0)
			return -1;
		s += take;
		n -= take;
	}
	return 0;
}
