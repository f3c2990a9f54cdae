/* digest.c - see digest.h. */
#include "storage/digest.h"

#include "base/alloc.h"

#include <stdlib.h>

enum { KEY_FROM = 4, VALUE_FROM = RECORD_CRC_BYTES };

void digest_init(struct digest *d)
{
	sha256_init(&d->sha);
	d->series = NULL;
}

/* Many small pieces on their way into the hash: it takes them together for less. */
struct gathered {
	struct sha256 *sha;
	uint8_t bytes[512];
	size_t n;
};

static void gather(struct gathered *g, const void *p, size_t n)
{
	if (n > sizeof(g->bytes) - g->n) {
		sha256_add(g->sha, g->bytes, g->n);
		g->n = 0;
	}
	if (n > sizeof(g->bytes)) {
		sha256_add(g->sha, p, n);
		return;
	}
	if (n)
		memcpy(g->bytes + g->n, p, n);
	g->n += n;
}

static void gather_text(struct gathered *g, struct slice s)
{
	uint8_t n[2];

	put_le16(n, (uint16_t)s.n);
	gather(g, n, sizeof(n));
	gather(g, s.p, s.n);
}

static void add_series(struct digest *d, const struct labels *ls)
{
	struct gathered g;
	uint8_t head[3] = { 'S' };

	g.sha = &d->sha;
	g.n = 0;
	put_le16(head + 1, (uint16_t)ls->n);
	gather(&g, head, sizeof(head));
	for (uint32_t i = 0; i < ls->n; i++) {
		gather_text(&g, ls->l[i].name);
		gather_text(&g, ls->l[i].value);
	}
	sha256_add(&d->sha, g.bytes, g.n);
	d->series = ls;
}

void digest_add(struct digest *d, const struct labels *ls, const uint8_t key[KEY_FIGURE_BYTES],
		const uint8_t value[FIGURE_BYTES])
{
	uint8_t bytes[1 + KEY_FIGURE_BYTES - KEY_FROM + FIGURE_BYTES - VALUE_FROM];

	if (ls != d->series)
		add_series(d, ls);
	bytes[0] = 'F';
	memcpy(bytes + 1, key + KEY_FROM, KEY_FIGURE_BYTES - KEY_FROM);
	memcpy(bytes + 1 + KEY_FIGURE_BYTES - KEY_FROM, value + VALUE_FROM,
	       FIGURE_BYTES - VALUE_FROM);
	sha256_add(&d->sha, bytes, sizeof(bytes));
}

void digest_end(struct digest *d, uint8_t out[SHA256_BYTES])
{
	sha256_end(&d->sha, out);
}

/* --- writing ------------------------------------------------------------------------- */

void digest_writer_init(struct digest_writer *w)
{
	*w = (struct digest_writer){ 0 };
	digest_init(&w->d);
}

void digest_writer_release(struct digest_writer *w)
{
	mem_free(w->period);
	*w = (struct digest_writer){ 0 };
}

static int by_key(const void *x, const void *y)
{
	const struct figure_key *a = &((const struct figure *)x)->key;
	const struct figure_key *b = &((const struct figure *)y)->key;

	if (a->known_from_ms != b->known_from_ms)
		return a->known_from_ms < b->known_from_ms ? -1 : 1;
	return a->row < b->row ? -1 : a->row > b->row;
}

static void flush(struct digest_writer *w)
{
	if (w->n > 1)
		qsort(w->period, w->n, sizeof(*w->period), by_key);
	for (size_t i = 0; i < w->n; i++) {
		uint8_t key[KEY_FIGURE_BYTES], value[FIGURE_BYTES];

		key_figure(key, &w->period[i].key);
		figure_write(&w->period[i], value);
		digest_add(&w->d, w->labels, key, value);
	}
	w->n = 0;
}

int digest_writer_add(struct digest_writer *w, const struct labels *ls, const struct figure *f,
		      struct err *e)
{
	if (w->n && (w->labels != ls || w->period->key.stamp_ms != f->key.stamp_ms))
		flush(w);
	if (w->n == w->cap) {
		size_t cap = w->cap ? w->cap * 2 : 8;
		struct figure *more = mem_realloc(w->period, cap * sizeof(*more));

		if (!more)
			return err_set(e, ERR_MEMORY, "no memory for a digest of figures");
		w->period = more;
		w->cap = cap;
	}
	w->labels = ls;
	w->period[w->n++] = *f;
	return 0;
}

void digest_writer_end(struct digest_writer *w, uint8_t out[SHA256_BYTES])
{
	flush(w);
	digest_end(&w->d, out);
}
