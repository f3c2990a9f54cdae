/*
 * bench_remote_write.c - how fast a remote write request becomes samples, without a store.
 *
 * Requests as an agent of machines sends them: 5,000 series of 10 labels (about 205 plain
 * bytes each) with one sample, the same with 30 samples, and 100,000 series over 20
 * requests, so that neither labels nor output stay in the caches. Unpacking and walking
 * are timed apart and together; looking into the labels of each series, which a store
 * does for unknown ones only, by itself. Nanoseconds are of CPU, a sample or a series.
 *
 *	bench_remote_write [RUNS]
 */
#include "bench/bench.h"
#include "base/remote_write.h"
#include "base/snappy.h"

enum { SERIES = 5000, MANY = 100000, RUNS = 15, ROUNDS = 40 };

/* One packed request. */
struct packed {
	struct buf raw, wire;
	size_t samples;
};

static const char *const regions[] = { "us-east-1",      "us-west-1",      "us-west-2",
				       "eu-west-1",      "eu-central-1",   "ap-southeast-1",
				       "ap-northeast-1", "ap-southeast-2", "sa-east-1" };
static const char *const systems[] = { "Ubuntu16.10", "Ubuntu16.04LTS", "Ubuntu15.10" };
static const char *const teams[] = { "SF", "NYC", "LON", "CHI" };
static const char *const modes[] = { "user", "system", "idle", "iowait" };
static const char *const devices[] = { "eth0", "eth1", "eth2" };

struct set {
	struct label l[16];
	size_t n;
	char text[16][32];
};

__attribute__((format(printf, 3, 4))) static void add(struct set *s, const char *name,
						      const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(s->text[s->n], sizeof(s->text[0]), fmt, ap);
	va_end(ap);
	s->l[s->n].name = slice_str(name);
	s->l[s->n].value = slice_str(s->text[s->n]);
	s->n++;
}

/* Ten series a host, sorted labels. */
static void make_set(struct set *s, unsigned series)
{
	unsigned host = series / 10, k = series % 10;
	uint64_t seed = host * 2654435761u + 88172645463325252u, r;

	random_next(&seed);
	r = random_next(&seed) >> 8;
	s->n = 0;
	add(s, "__name__", "%s", k < 4 ? "cpu_usage" : k < 7 ? "net_bytes_total" : "load_avg");
	add(s, "arch", "%s", r & 1 ? "x64" : "x86");
	add(s, "datacenter", "%s%c", regions[r / 2 % 9], 'a' + (int)(r / 32 % 3));
	if (k >= 4 && k < 7)
		add(s, "device", "%s", devices[k - 4]);
	add(s, "hostname", "host_%u", host);
	if (k < 4)
		add(s, "mode", "%s", modes[k]);
	add(s, "os", "%s", systems[r / 128 % 3]);
	add(s, "rack", "%u", (unsigned)(r / 512 % 100));
	add(s, "region", "%s", regions[r / 2 % 9]);
	add(s, "service", "%u", (unsigned)(r / 65536 % 20));
	add(s, "team", "%s", teams[r / 4194304 % 4]);
	if (k >= 7)
		add(s, "window", "%um", 5 * (k - 6));
}

static void make_request(struct packed *p, unsigned first, unsigned each)
{
	struct rw_sample samples[64];
	uint64_t seed = first + 1;
	struct err e;

	*p = (struct packed){ .samples = (size_t)SERIES * each };
	buf_init(&p->raw, (size_t)1 << 30);
	buf_init(&p->wire, (size_t)1 << 30);
	for (unsigned i = 0; i < SERIES; i++) {
		struct set s;

		for (unsigned k = 0; k < each; k++) {
			samples[k].t_ms = 1790000000000 + 10000 * (int64_t)k;
			samples[k].value = (double)(random_next(&seed) % 10000) / 100;
		}
		make_set(&s, first + i);
		rw_put_series(&p->raw, s.l, s.n, samples, each);
	}
	must(buf_check(&p->raw, &e), &e);
	must(snappy_encode(buf_all(&p->raw), &p->wire, &e), &e);
}

static void release(struct packed *p)
{
	buf_release(&p->raw);
	buf_release(&p->wire);
}

/* --- measuring ------------------------------------------------------------------ */

struct reading {
	struct buf plain;
	struct rw_reader *reader;
	struct rw_request request;
};

static void unpack(struct reading *x, const struct packed *p)
{
	struct err e;

	buf_clear(&x->plain);
	must(snappy_decode(buf_all(&p->wire), remote_write_defaults.raw_bytes, &x->plain, &e), &e);
}

static void walk(struct reading *x, const struct packed *p)
{
	struct err e;

	must(rw_read(x->reader, buf_all(&p->raw), &remote_write_defaults, &x->request, &e), &e);
	if (x->request.nsamples != p->samples)
		die("%zu of %zu samples came out", x->request.nsamples, p->samples);
}

static void both(struct reading *x, const struct packed *p)
{
	struct err e;

	unpack(x, p);
	must(rw_read(x->reader, buf_all(&x->plain), &remote_write_defaults, &x->request, &e), &e);
	if (x->request.nsamples != p->samples)
		die("%zu of %zu samples came out", x->request.nsamples, p->samples);
}

static void look_into(struct reading *x, const struct packed *p)
{
	struct label l[LABELS_MAX];
	struct err e;
	size_t n;

	walk(x, p);
	for (size_t i = 0; i < x->request.nseries; i++)
		must(rw_labels(x->request.series[i].labels, l, &n, &e), &e);
}

static void pack(struct reading *x, const struct packed *p)
{
	struct err e;

	buf_clear(&x->plain);
	must(snappy_encode(buf_all(&p->raw), &x->plain, &e), &e);
}

static void measure(const char *name, void (*what)(struct reading *, const struct packed *),
		    struct packed *p, size_t n, size_t units, int nruns)
{
	struct reading x = { .reader = must_have(rw_reader_new(NULL)) };
	struct runs ns = { .n = 0 };

	buf_init(&x.plain, (size_t)1 << 30);
	for (size_t i = 0; i < n; i++)
		what(&x, &p[i]); /* memory, caches */
	for (int run = 0; run < nruns; run++) {
		struct took from = took_now();

		for (int i = 0; i < ROUNDS; i++)
			what(&x, &p[(size_t)i % n]);
		runs_add(&ns, took_since(from).cpu * 1e9 / (double)(ROUNDS * units));
	}
	report_runs(name_of("remote_write_%s", name), &ns, "ns");
	buf_release(&x.plain);
	rw_reader_free(x.reader);
}

static void measure_all(const char *name, struct packed *p, size_t n, int nruns)
{
	size_t samples = p->samples;

	report(name_of("remote_write_%s_plain", name), (double)p->raw.n / (double)samples,
	       "B/sample");
	report(name_of("remote_write_%s_wire", name), (double)p->wire.n / (double)samples,
	       "B/sample");
	measure(name_of("%s_unpack", name), unpack, p, n, samples, nruns);
	measure(name_of("%s_walk", name), walk, p, n, samples, nruns);
	measure(name_of("%s_both", name), both, p, n, samples, nruns);
}

int main(int argc, char **argv)
{
	static struct packed many[MANY / SERIES];
	int nruns = argc > 1 ? atoi(argv[1]) : RUNS;
	struct packed one, thirty;

	make_request(&one, 0, 1);
	make_request(&thirty, 0, 30);
	for (unsigned i = 0; i < MANY / SERIES; i++)
		make_request(&many[i], i * SERIES, 1);
	measure_all("5000x1", &one, 1, nruns);
	measure_all("5000x30", &thirty, 1, nruns);
	measure_all("100000x1", many, MANY / SERIES, nruns);
	measure("labels_looked_into_a_series", look_into, &one, 1, SERIES, nruns);
	measure("5000x1_pack", pack, &one, 1, SERIES, nruns);
	release(&one);
	release(&thirty);
	for (unsigned i = 0; i < MANY / SERIES; i++)
		release(&many[i]);
	return 0;
}
