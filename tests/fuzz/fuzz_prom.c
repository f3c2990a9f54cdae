/*
 * fuzz_prom.c - any bytes through the exposition format decoder, both formats.
 *
 * Every sample must make a label set: the decoder promises names that are valid and
 * not given twice, and values within their limits.
 */
#include "collectors/decode.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static int on_sample(void *ctx, const struct label *l, size_t n, int64_t t_ms, double v,
		     unsigned line, struct err *e)
{
	struct labels *labels;
	struct err why;

	(void)ctx;
	(void)t_ms;
	(void)v;
	(void)line;
	(void)e;
	labels = labels_intern(l, n, &why);
	if (!labels && why.code != ERR_MEMORY)
		abort();
	labels_unref(labels);
	return 0;
}

static void on_complaint(void *ctx, enum refusal why, unsigned line, unsigned column,
			 const char *text)
{
	(void)ctx;
	(void)why;
	if (line == 0 || column == 0 || !*text)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const struct label extra[] = {
		{ { "job", 3 }, { "node", 4 } },
		{ { "instance", 8 }, { "127.0.0.1:9100", 14 } },
	};
	struct prom_options o = {
		.now_ms = 1795406400000, .extra = extra, .nextra = 2, .samples_max = 10000
	};
	struct prom_sink sink = { on_sample, on_complaint, NULL };
	struct arena a;
	struct err e;

	if (n < 1)
		return 0;
	o.open_metrics = data[0] & 1;
	arena_init(&a, 16 << 20);
	decode_prom(slice_of((const char *)data + 1, n - 1), &o, &a, &sink, &e);
	arena_release(&a);
	return 0;
}
