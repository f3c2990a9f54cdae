/*
 * fuzz_remote_write.c - any bytes as a remote write request, under small limits.
 *
 * A walk of its own, field by field without short cuts, must find the same samples and
 * label bytes, and refuse exactly what the reader refuses. Labels point into the request
 * and, with the samples, come back when written and read again.
 */
#include "base/num.h"
#include "base/protobuf.h"
#include "base/remote_write.h"
#include "tests/fuzz/fuzz.h"

static const struct remote_write_limits limits = { .raw_bytes = 64 << 10,
						   .series = 50,
						   .samples = 200 };

static struct rw_reader *reader, *again;

/* What the plain walk found; compared as it goes. */
struct seen {
	const struct rw_request *r;
	size_t series, samples;
	uint64_t exemplars, histograms;
};

static void check_sample(struct seen *x, struct slice raw, struct slice message)
{
	const uint8_t *p = pb_start(message), *end = p + message.n;
	struct rw_sample s = { 0 };
	struct pb_field f;

	while (p < end) {
		p = pb_read(pb_start(raw), p, end, &f, NULL);
		MUST(p != NULL);
		if (f.number == 1)
			s.value = pb_double(f.value);
		if (f.number == 2)
			s.t_ms = (int64_t)f.value;
	}
	MUST(x->samples < x->r->nsamples);
	MUST(x->r->samples[x->samples].t_ms == s.t_ms);
	MUST(num_same(x->r->samples[x->samples].value, s.value));
	x->samples++;
}

static void check_series(struct seen *x, struct slice raw, struct slice message)
{
	const uint8_t *p = pb_start(message), *end = p + message.n;
	const struct rw_series *s = &x->r->series[x->series];
	size_t first = x->samples, labels = 0;
	struct pb_field f;

	MUST(x->series < x->r->nseries);
	while (p < end) {
		const uint8_t *at = p;

		p = pb_read(pb_start(raw), p, end, &f, NULL);
		MUST(p != NULL);
		if (f.number == 1) {
			MUST(labels + (size_t)(p - at) <= s->labels.n);
			MUST(memcmp(s->labels.p + labels, at, (size_t)(p - at)) == 0);
			labels += (size_t)(p - at);
		}
		if (f.number == 2)
			check_sample(x, raw, f.s);
		x->exemplars += f.number == 3;
		x->histograms += f.number == 4;
	}
	MUST(s->labels.n == labels && s->first == first && s->n == x->samples - first);
	x->series++;
}

static void check_request(const struct rw_request *r, struct slice raw)
{
	const uint8_t *p = pb_start(raw), *end = p + raw.n;
	struct seen x = { .r = r };
	size_t metadata = 0;
	struct pb_field f;

	while (p < end) {
		p = pb_read(pb_start(raw), p, end, &f, NULL);
		MUST(p != NULL);
		if (f.number == 1)
			check_series(&x, raw, f.s);
		metadata += f.number == 3;
	}
	MUST(x.series == r->nseries && x.samples == r->nsamples && metadata == r->nmetadata);
	MUST(x.exemplars == r->exemplars && x.histograms == r->histograms);
	MUST(r->nseries <= limits.series && r->nsamples <= limits.samples);
}

static void write_and_read(const struct rw_request *r, const struct rw_series *s)
{
	struct label l[LABELS_MAX], l2[LABELS_MAX];
	struct rw_request r2;
	struct buf out;
	struct err e;
	size_t n, n2;

	if (rw_labels(s->labels, l, &n, &e) < 0) {
		must_say_why(&e);
		return;
	}
	MUST(n > 0 && n <= LABELS_MAX);
	for (size_t i = 0; i < n; i++) {
		MUST(lies_within(l[i].name, s->labels) && lies_within(l[i].value, s->labels));
		MUST(l[i].value.n > 0 && utf8_bad_at(l[i].value) < 0);
		MUST(i == 0 || slice_cmp(l[i - 1].name, l[i].name) < 0);
	}
	buf_init(&out, 1 << 20);
	rw_put_series(&out, l, n, r->samples + s->first, s->n);
	MUST(rw_read(again, buf_all(&out), &remote_write_defaults, &r2, &e) == 0);
	MUST(r2.nseries == 1 && r2.nsamples == s->n);
	MUST(rw_labels(r2.series[0].labels, l2, &n2, &e) == 0 && n2 == n);
	for (size_t i = 0; i < n; i++)
		MUST(slice_eq(l[i].name, l2[i].name) && slice_eq(l[i].value, l2[i].value));
	for (size_t i = 0; i < s->n; i++) {
		MUST(r2.samples[i].t_ms == r->samples[s->first + i].t_ms);
		MUST(num_same(r2.samples[i].value, r->samples[s->first + i].value));
	}
	buf_release(&out);
}

static void check_metadata(const struct rw_metadata *m)
{
	struct rw_request r;
	struct buf out;
	struct err e;

	buf_init(&out, 1 << 20);
	rw_put_metadata(&out, m);
	MUST(rw_read(again, buf_all(&out), &remote_write_defaults, &r, &e) == 0);
	MUST(r.nmetadata == 1 && r.metadata[0].type == m->type);
	MUST(slice_eq(r.metadata[0].family, m->family));
	MUST(slice_eq(r.metadata[0].help, m->help) && slice_eq(r.metadata[0].unit, m->unit));
	buf_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct slice raw = slice_of((const char *)data, n);
	struct rw_request r;
	struct err e;

	if (!reader) {
		reader = rw_reader_new(&e);
		again = rw_reader_new(&e);
	}
	MUST(reader && again);
	if (rw_read(reader, raw, &limits, &r, &e) < 0) {
		must_say_why(&e);
		return 0;
	}
	check_request(&r, raw);
	for (size_t i = 0; i < r.nseries; i++)
		write_and_read(&r, &r.series[i]);
	for (size_t i = 0; i < r.nmetadata; i++)
		check_metadata(&r.metadata[i]);
	return 0;
}
