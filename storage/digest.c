/* digest.c - see digest.h. */
#include "storage/digest.h"

#include "storage/keys.h"

enum { FIGURE_BYTES = 28 };

void digest_init(struct digest *d)
{
	sha256_init(&d->sha);
	d->series = 0;
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
}

void digest_add(struct digest *d, uint32_t series, const struct labels *ls, const struct figure *f)
{
	uint8_t bytes[FIGURE_BYTES] = { 'F' };
	uint64_t bits;

	if (series != d->series)
		add_series(d, ls);
	d->series = series;
	memcpy(&bits, &f->value, sizeof(bits));
	put_le64(bytes + 1, (uint64_t)f->stamp_ms);
	put_le64(bytes + 9, (uint64_t)f->known_from_ms);
	put_le64(bytes + 17, bits);
	bytes[25] = f->months;
	bytes[26] = f->flags;
	bytes[27] = f->known;
	sha256_add(&d->sha, bytes, sizeof(bytes));
}

void digest_end(struct digest *d, uint8_t out[SHA256_BYTES])
{
	sha256_end(&d->sha, out);
}
