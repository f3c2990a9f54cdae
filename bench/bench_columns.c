/*
 * bench_columns.c - how small columns of samples get, and how fast.
 *
 * The kinds of data are those a server of machines and of statistics sees: whole gauges
 * that walk between 0 and 100, counters with whole increments that idle now and then,
 * loads of two and three decimals, figures of parks by month (levels, year to date, change
 * on the year before), and for comparison a gauge that stays, ratios that are full
 * doubles, and 32-bit floats. Each kind is packed and unpacked as columns of a given
 * length, compared bit for bit. Times of a kind are packed once for each length; figures
 * of decoding add times and values, as a reader needs both.
 *
 *	bench_columns [RUNS]
 */
#include "bench/bench.h"
#include "storage/columns.h"

#include <math.h>

enum { RUNS = 7, SAMPLES = 8192, SERIES = 24, MONTHS = 200, PARK_SERIES = 1920 };

static struct columns_scratch *scratch;

/* --- made data ----------------------------------------------------------------------- */

/* Near to normal, deviation 1, at most 3.5. */
static double bell(uint64_t *seed)
{
	double sum = 0;

	for (int i = 0; i < 4; i++)
		sum += (double)(random_next(seed) >> 40) / 16777216.0;
	return (sum - 2) * sqrt(3);
}

static double uniform(uint64_t *seed)
{
	return (double)(random_next(seed) >> 11) / 9007199254740992.0;
}

static void make_gauge(double *v, size_t n, uint64_t *seed)
{
	double at = (double)(random_next(seed) % 101);

	for (size_t i = 0; i < n; i++) {
		at += nearbyint(bell(seed));
		at = at < 0 ? 0 : at > 100 ? 100 : at;
		v[i] = at;
	}
}

static void make_counter(double *v, size_t n, uint64_t *seed)
{
	double at = floor(uniform(seed) * 1e9), usual = 1e3 * pow(10, 3 * uniform(seed));

	for (size_t i = 0; i < n; i++) {
		if (random_next(seed) % 1000000 == 7)
			at = 0;
		else if (random_next(seed) % 100 >= 15)
			at += floor(usual * (1 + 0.3 * bell(seed)) + 0.5);
		v[i] = at;
	}
}

static void make_decimal(double *v, size_t n, uint64_t *seed, double deviation, double divisor)
{
	double at = 400 + floor(uniform(seed) * 800);

	for (size_t i = 0; i < n; i++) {
		at = fabs(at + nearbyint(deviation * bell(seed)));
		v[i] = at / divisor;
	}
}

static void make_two(double *v, size_t n, uint64_t *seed)
{
	make_decimal(v, n, seed, 12, 100);
}

static void make_three(double *v, size_t n, uint64_t *seed)
{
	make_decimal(v, n, seed, 4, 1000);
}

/* Two decimals with a stale mark in one of a hundred. */
static void make_stale(double *v, size_t n, uint64_t *seed)
{
	uint64_t bits = UINT64_C(0x7ff0000000000002);

	make_two(v, n, seed);
	for (size_t i = 50; i < n; i += 100)
		memcpy(&v[i], &bits, sizeof(bits));
}

static void make_constant(double *v, size_t n, uint64_t *seed)
{
	double at = (double)(random_next(seed) % 1000) / 10;

	for (size_t i = 0; i < n; i++)
		v[i] = at;
}

/* Bytes in use: pages of 4 KiB. */
static void make_pages(double *v, size_t n, uint64_t *seed)
{
	double at = 2e6;

	for (size_t i = 0; i < n; i++) {
		at += nearbyint(300 * bell(seed));
		v[i] = at * 4096;
	}
}

static void make_ratio(double *v, size_t n, uint64_t *seed)
{
	double of = 1e6;

	for (size_t i = 0; i < n; i++) {
		of += floor(1000 * uniform(seed));
		v[i] = floor(of * (0.4 + 0.01 * bell(seed))) / of;
	}
}

static void make_float(double *v, size_t n, uint64_t *seed)
{
	for (size_t i = 0; i < n; i++)
		v[i] = (double)(float)(20 + bell(seed));
}

static void make_noise(double *v, size_t n, uint64_t *seed)
{
	for (size_t i = 0; i < n; i++) {
		uint64_t bits = random_next(seed);

		memcpy(&v[i], &bits, sizeof(bits));
	}
}

static double rounded(double v, int decimals)
{
	double p = pow(10, decimals);

	return nearbyint(v * p) / p + 0.0;
}

/* One park's indicator; which of the twelve sorts changes from call to call. */
static void make_park(double *v, size_t n, uint64_t *seed)
{
	static unsigned sort;
	double level[MONTHS], size = pow(10, 2 + 4 * uniform(seed));
	double growth = 1.02 + 0.1 * uniform(seed), phase = uniform(seed);
	unsigned what = sort % 4, form = sort / 4 % 3;
	int decimals = what == 1 ? 2 : what == 3 ? 1 : 0;
	double wobble = 0, sum = 0;

	sort++;
	for (size_t m = 0; m < n; m++) {
		double grown = pow(growth, (double)m / 12);
		double season = 1 + 0.18 * sin(6.283185307 * ((double)(m % 12) / 12 + phase));

		if (m % 3 == 0)
			wobble = bell(seed);
		level[m] = what < 2    ? size * grown * season * (1 + 0.04 * bell(seed))
			   : what == 2 ? (20 + size / 100) * grown * (1 + 0.01 * wobble)
				       : 35 + 60 * phase + 2 * bell(seed);
		level[m] = rounded(level[m], decimals);
		sum = m % 12 ? sum + level[m] : level[m];
		if (form == 2)
			v[m] = m < 12 ? 0 : rounded((level[m] / level[m - 12] - 1) * 100, 1);
		else
			v[m] = form == 1 && what < 2 ? rounded(sum, decimals) : level[m];
	}
}

/* --- times --------------------------------------------------------------------------- */

static void regular_times(int64_t *t, size_t n)
{
	for (size_t i = 0; i < n; i++)
		t[i] = INT64_C(1795000000000) + (int64_t)i * 10000;
}

static void jitter_times(int64_t *t, size_t n)
{
	uint64_t seed = 5;

	for (size_t i = 0; i < n; i++)
		t[i] = INT64_C(1795000000000) + (int64_t)i * 15000 +
		       (int64_t)(random_next(&seed) % 41) - 20;
}

/* Regular, but of a hundred one is missing. */
static void gap_times(int64_t *t, size_t n)
{
	uint64_t seed = 6;
	int64_t at = INT64_C(1795000000000);

	for (size_t i = 0; i < n; i++) {
		at += random_next(&seed) % 100 ? 15000 : 30000;
		t[i] = at;
	}
}

/* Midnights in China on the last days of months, from 2010 on. */
static void month_times(int64_t *t, size_t n)
{
	static const int days[12] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	int64_t day = 14610;

	for (size_t i = 0; i < n; i++) {
		day += days[i % 12] + (i % 12 == 1 && i / 12 % 4 == 2);
		t[i] = (day - 1) * INT64_C(86400000) - 8 * 3600000;
	}
}

/* --- measuring ----------------------------------------------------------------------- */

struct kind {
	const char *name;
	void (*make)(double *v, size_t n, uint64_t *seed);
};

static const struct kind kinds[] = {
	{ "gauge", make_gauge },       { "counter", make_counter },
	{ "two_decimals", make_two },  { "three_decimals", make_three },
	{ "stale_marks", make_stale }, { "constant", make_constant },
	{ "pages", make_pages },       { "ratio", make_ratio },
	{ "float32", make_float },     { "noise", make_noise },
};

static const struct {
	const char *name;
	void (*make)(int64_t *t, size_t n);
	size_t n;
} times[] = {
	{ "regular", regular_times, 1024 },
	{ "jitter", jitter_times, 1024 },
	{ "gaps", gap_times, 1024 },
	{ "month_ends", month_times, MONTHS },
};

static int64_t t[SAMPLES + COLUMN_SLACK], t_back[SAMPLES + COLUMN_SLACK];
static double v_back[SAMPLES + COLUMN_SLACK];

/* The columns of one kind, cut into lengths of `n`. */
struct packed {
	const double *v;
	size_t n, columns;
	uint8_t *bytes; /* values_bound() each */
	size_t *used;
	enum value_encoding *encoding;
	uint8_t *times;
	size_t times_used;
};

/* Seconds of CPU of this thread: others on the machine do not count. */
static double cpu_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

struct measured {
	double bytes, encode_ns, decode_ns; /* a sample */
};

static void pack_all(struct packed *p)
{
	for (size_t i = 0; i < p->columns; i++)
		p->used[i] = values_pack(p->v + i * p->n, p->n, p->bytes + i * values_bound(p->n),
					 &p->encoding[i], scratch);
}

static void unpack_all(const struct packed *p, bool compare)
{
	struct err e = { 0 };

	for (size_t i = 0; i < p->columns; i++) {
		struct slice in =
			slice_of((const char *)p->bytes + i * values_bound(p->n), p->used[i]);

		must(times_unpack(slice_of((const char *)p->times, p->times_used), p->n, t_back,
				  scratch, &e),
		     &e);
		must(values_unpack(p->encoding[i], in, p->n, v_back, scratch, &e), &e);
		if (compare && (memcmp(v_back, p->v + i * p->n, p->n * sizeof(*v_back)) != 0 ||
				memcmp(t_back, t, p->n * sizeof(*t)) != 0))
			die("a column came back changed");
	}
}

static struct measured measure(const double *v, size_t total, size_t n, int nruns)
{
	struct packed p = { .v = v, .n = n, .columns = total / n };
	struct runs encode = { .n = 0 }, decode = { .n = 0 };
	double samples = (double)(p.columns * n);
	struct measured m = { 0 };

	p.bytes = must_have(malloc(p.columns * values_bound(n)));
	p.used = must_have(malloc(p.columns * sizeof(*p.used)));
	p.encoding = must_have(malloc(p.columns * sizeof(*p.encoding)));
	p.times = must_have(malloc(times_bound(n)));
	p.times_used = times_pack(t, n, p.times, scratch);
	pack_all(&p);
	unpack_all(&p, true);
	for (int r = 0; r < nruns; r++) {
		double from = cpu_now();

		pack_all(&p);
		runs_add(&encode, (cpu_now() - from) * 1e9 / samples);
		from = cpu_now();
		for (int k = 0; k < 5; k++)
			unpack_all(&p, false);
		runs_add(&decode, (cpu_now() - from) * 1e9 / samples / 5);
	}
	for (size_t i = 0; i < p.columns; i++)
		m.bytes += (double)p.used[i] / samples;
	m.encode_ns = runs_median(&encode);
	m.decode_ns = runs_median(&decode);
	free(p.bytes);
	free(p.used);
	free(p.encoding);
	free(p.times);
	return m;
}

static void say(const char *kind, size_t n, struct measured m)
{
	report(name_of("columns_%s_%zu", kind, n), m.bytes, "B/value");
	report(name_of("columns_%s_%zu_encode", kind, n), m.encode_ns, "ns/value");
	report(name_of("columns_%s_%zu_decode", kind, n), m.decode_ns, "ns/sample");
}

static void measure_kinds(size_t n, int nruns)
{
	static const double share[] = { 0.4, 0.3, 0.2, 0.1 }; /* of the first kinds */
	struct measured mix = { 0 };
	double *v = must_have(malloc(sizeof(*v) * SAMPLES * SERIES));

	regular_times(t, n);
	for (size_t k = 0; k < sizeof(kinds) / sizeof(*kinds); k++) {
		struct measured m;
		uint64_t seed = 42;

		for (size_t i = 0; i < SERIES; i++)
			kinds[k].make(v + i * SAMPLES, SAMPLES, &seed);
		m = measure(v, SERIES * SAMPLES, n, nruns);
		say(kinds[k].name, n, m);
		if (k < sizeof(share) / sizeof(*share)) {
			mix.bytes += share[k] * m.bytes;
			mix.encode_ns += share[k] * m.encode_ns;
			mix.decode_ns += share[k] * m.decode_ns;
		}
	}
	say("devops_mix", n, mix);
	report(name_of("columns_devops_mix_%zu_decode_rate", n), 1e3 / mix.decode_ns,
	       "M samples/s");
	free(v);
}

static void measure_parks(int nruns)
{
	double *v = must_have(malloc(sizeof(*v) * MONTHS * PARK_SERIES));
	uint64_t seed = 42;

	for (size_t i = 0; i < PARK_SERIES; i++)
		make_park(v + i * MONTHS, MONTHS, &seed);
	month_times(t, MONTHS);
	say("parks", MONTHS, measure(v, (size_t)MONTHS * PARK_SERIES, MONTHS, nruns));
	free(v);
}

static void measure_times(void)
{
	uint8_t *out = must_have(malloc(times_bound(SAMPLES)));

	for (size_t k = 0; k < sizeof(times) / sizeof(*times); k++) {
		size_t n = times[k].n, used = 0;
		double from, packing, unpacking;
		struct err e = { 0 };

		times[k].make(t, n);
		from = cpu_now();
		for (int r = 0; r < 200; r++)
			used = times_pack(t, n, out, scratch);
		packing = cpu_now() - from;
		from = cpu_now();
		for (int r = 0; r < 1000; r++)
			must(times_unpack(slice_of((char *)out, used), n, t_back, scratch, &e), &e);
		unpacking = cpu_now() - from;
		if (memcmp(t, t_back, n * sizeof(*t)) != 0)
			die("times came back changed");
		report(name_of("columns_times_%s_%zu", times[k].name, n), (double)used, "B");
		report(name_of("columns_times_%s_encode", times[k].name),
		       packing * 1e9 / 200 / (double)n, "ns/time");
		report(name_of("columns_times_%s_decode", times[k].name),
		       unpacking * 1e9 / 1000 / (double)n, "ns/time");
	}
	free(out);
}

int main(int argc, char **argv)
{
	int nruns = argc > 1 ? atoi(argv[1]) : RUNS;
	struct err e = { 0 };

	scratch = columns_scratch_new(&e);
	if (!scratch)
		die("%s", e.text);
	measure_kinds(120, nruns);
	measure_kinds(1024, nruns);
	measure_kinds(SAMPLES, nruns);
	measure_parks(nruns);
	measure_times();
	columns_scratch_free(scratch);
	return 0;
}
