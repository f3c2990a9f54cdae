/*
 * fuzz_prom.c - any bytes through the exposition format decoder, both formats.
 *
 * Every sample must make a label set: the decoder promises names that are valid and
 * not given twice, and values within their limits. What is remembered of a page must not
 * change what it means: it is read once without a memory and twice with one.
 */
#include "collectors/decode.h"
#include "collectors/scrape_cache.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

enum { SAMPLES_MAX = 10000 };

struct page {
	struct scrape_cache *cache;
	uint64_t hash; /* of all samples in turn */
};

static struct labels *intern(const struct prom_sample *s)
{
	struct err why;
	struct labels *labels = labels_intern(s->labels, s->nlabels, &why);

	if (!labels)
		abort();
	return labels;
}

static struct labels *remembered(struct page *p, const struct prom_sample *s)
{
	struct scrape_text *t = s->known ? s->known : scrape_cache_find(p->cache, s->text);
	struct labels *labels;
	struct err e;

	if (!t) {
		labels = intern(s);
		t = scrape_cache_add(p->cache, s->text, labels, &e);
		labels_unref(labels);
		if (!t)
			abort();
	}
	scrape_cache_saw(p->cache, t, !s->stamped);
	return labels_ref(scrape_text_labels(t));
}

static int on_sample(void *ctx, const struct prom_sample *s, struct err *e)
{
	struct page *p = ctx;
	struct labels *labels = p->cache ? remembered(p, s) : intern(s);
	uint64_t value;

	(void)e;
	memcpy(&value, &s->v, sizeof(value));
	p->hash = (p->hash + labels_hash(labels) + value + (uint64_t)s->t_ms) * 31;
	labels_unref(labels);
	return 0;
}

static void *on_line(void *ctx, struct slice line, size_t *n)
{
	const struct page *p = ctx;
	struct scrape_text *t = scrape_cache_expect(p->cache, line);

	if (t)
		*n = scrape_text_bytes(t);
	return t;
}

static void on_complaint(void *ctx, enum refusal why, unsigned line, unsigned column,
			 const char *text)
{
	(void)ctx;
	(void)why;
	if (line == 0 || column == 0 || !*text)
		abort();
}

static uint64_t read_page(struct slice body, const struct prom_options *o,
			  struct scrape_cache *cache)
{
	struct page p = { .cache = cache };
	struct prom_sink sink = { .sample = on_sample,
				  .complain = on_complaint,
				  .recognise = cache ? on_line : NULL,
				  .ctx = &p };
	struct arena a;
	struct err e;

	arena_init(&a, 16 << 20);
	if (cache)
		scrape_cache_begin(cache, 1);
	if (decode_prom(body, o, &a, &sink, &e) == 0 && cache)
		scrape_cache_read(cache);
	arena_release(&a);
	return p.hash;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const struct label extra[] = {
		{ { "job", 3 }, { "node", 4 } },
		{ { "instance", 8 }, { "127.0.0.1:9100", 14 } },
	};
	struct prom_options o = {
		.now_ms = 1795406400000, .extra = extra, .nextra = 2, .samples_max = SAMPLES_MAX
	};
	struct scrape_cache *cache;
	struct slice body;
	uint64_t want;
	struct err e;

	if (n < 1)
		return 0;
	o.open_metrics = data[0] & 1;
	o.honor_labels = data[0] & 2;
	o.ignore_timestamps = data[0] & 4;
	body = slice_of((const char *)data + 1, n - 1);
	want = read_page(body, &o, NULL);
	cache = scrape_cache_new(&e);
	for (int i = 0; cache && i < 3; i++)
		if (read_page(body, &o, cache) != want)
			abort();
	scrape_cache_free(cache);
	return 0;
}
