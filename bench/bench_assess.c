/*
 * bench_assess.c - how long one assessment takes.
 *
 * 200 parks × 60 monthly indicators × 60 months of figures, half of the indicators
 * with a target each year, as of the day when the last month is complete. The
 * store is filled month by month as offices report; one figure in fifty is
 * corrected a month later. Then the same eleven months later, when nothing has come in
 * since and every figure is late. Opening the snapshot is part of it, publishing is not.
 *
 *	bench_assess [RUNS]
 */
#include "assess/assess.h"
#include "bench/made.h"

#include <pthread.h>

enum { PARKS = 200, INDICATORS = 60, MONTHS = 60, FIRST_YEAR = 2021, RUNS = 7 };

struct bench {
	struct catalogue *c;
	struct store *store;
	struct labels *series[PARKS * INDICATORS];
	struct observation *obs;
	uint64_t seed;
	pthread_mutex_t lock;
	pthread_cond_t answered;
	bool over;
};

static void on_done(struct append *a)
{
	struct bench *b = a->ctx;

	pthread_mutex_lock(&b->lock);
	b->over = true;
	pthread_cond_signal(&b->answered);
	pthread_mutex_unlock(&b->lock);
}

static void append_now(struct bench *b, size_t nobs, int64_t received_ms)
{
	struct append a = { .submission = { .source = "bench",
					    .owner = "office",
					    .origin = "bench.csv",
					    .received_ms = received_ms,
					    .released_ms = received_ms },
			    .obs = b->obs,
			    .nobs = nobs,
			    .done = on_done,
			    .ctx = b };
	struct err e = { 0 };

	b->over = false;
	must(store_append(b->store, &a, &e), &e);
	pthread_mutex_lock(&b->lock);
	while (!b->over)
		pthread_cond_wait(&b->answered, &b->lock);
	pthread_mutex_unlock(&b->lock);
	must(a.err.code == ERR_NONE ? 0 : -1, &a.err);
}

static void make_series(struct bench *b)
{
	char park[16], code[32];
	struct err e = { 0 };

	for (int p = 0; p < PARKS; p++)
		for (int i = 0; i < INDICATORS; i++) {
			struct labels **ls = &b->series[p * INDICATORS + i];

			snprintf(park, sizeof(park), "p%03d", p);
			made_code(i, code);
			*ls = catalogue_series(catalogue_unit(b->c, slice_str(park)),
					       catalogue_indicator(b->c, slice_str(code)), &e);
			must(*ls ? 0 : -1, &e);
		}
}

/* Every `step`-th figure of the month, `scale` times what it is. */
static void report_month(struct bench *b, int k, int64_t received_ms, int step, double scale)
{
	const struct zone *z = catalogue_zone(b->c);
	int year = FIRST_YEAR + k / 12, month = k % 12 + 1;
	int64_t stamp = period_stamp(period_month(year, month), z);
	size_t n = 0;

	for (int s = 0; s < PARKS * INDICATORS; s++) {
		double v = made_value(s / INDICATORS, s % INDICATORS, year, month, &b->seed);

		if (s % step == 0)
			b->obs[n++] = (struct observation){ .labels = b->series[s],
							    .stamp_ms = stamp,
							    .value = v * 1e4 * scale,
							    .months = 1 };
	}
	append_now(b, n, received_ms);
}

/* The 5th of the month after, noon. */
static int64_t reporting_day(const struct bench *b, int k)
{
	struct date d = { FIRST_YEAR + (k + 1) / 12, (k + 1) % 12 + 1, 5 };

	return zone_ms(catalogue_zone(b->c), d, 12 * 3600);
}

static void fill(struct bench *b)
{
	for (int k = 0; k < MONTHS; k++) {
		report_month(b, k, reporting_day(b, k), 1, 1);
		if (k > 0)
			report_month(b, k - 1, reporting_day(b, k) + 3600 * 1000, 50, 1.01);
	}
}

/* An assessment that answers less than it should is fast for the wrong reason. Of the indicators
 * with a target two in three are cumulative and have a pace. */
static void check_answers(const struct assessment *a)
{
	size_t paces = 0, growths = 0;

	for (size_t i = 0; i < a->nfigures; i++) {
		paces += a->figures[i].has_pace;
		growths += a->figures[i].has_growth_yoy;
	}
	if (a->nfigures != PARKS * INDICATORS || paces != PARKS * INDICATORS / 3 ||
	    growths < PARKS * INDICATORS * 9 / 10)
		die("%zu figures, %zu with a pace, %zu with growth", a->nfigures, paces, growths);
}

static void check_late(const struct assessment *a)
{
	size_t late = 0;

	for (size_t i = 0; i < a->nfigures; i++)
		late += a->figures[i].state == REPORT_LATE;
	if (late != PARKS * INDICATORS)
		die("%zu figures are late", late);
}

static struct took assess_once(struct bench *b, int64_t as_of_ms,
			       void (*check)(const struct assessment *))
{
	struct took from = took_now(), took;
	struct err e = { 0 };
	struct snapshot *v = snapshot_open(b->store, 60000, &e);
	struct assess_options o;
	struct assessment *a;

	must(v ? 0 : -1, &e);
	assess_options_init(&o);
	a = assess_run(v, b->c, as_of_ms, &o, &e);
	must(a ? 0 : -1, &e);
	snapshot_close(v);
	took = took_since(from);
	check(a);
	assessment_unref(a);
	return took;
}

static void measure(struct bench *b, const char *name, int nruns, int64_t as_of,
		    void (*check)(const struct assessment *))
{
	struct runs wall = { .n = 0 }, cpu = { .n = 0 };

	for (int i = 0; i < nruns; i++) {
		struct took took = assess_once(b, as_of, check);

		runs_add(&wall, took.wall * 1000);
		runs_add(&cpu, took.cpu * 1000);
	}
	report_runs(name, &wall, "ms");
	report_runs(name_of("%s_cpu", name), &cpu, "CPU-ms");
}

int main(int argc, char **argv)
{
	static struct bench b = { .seed = 7,
				  .lock = PTHREAD_MUTEX_INITIALIZER,
				  .answered = PTHREAD_COND_INITIALIZER };
	struct made m = { PARKS, INDICATORS, FIRST_YEAR, FIRST_YEAR + MONTHS / 12 - 1 };
	const char *folder = folder_make();
	struct store_options o = { .dir = name_of("%s/store", folder) };
	struct err e = { 0 };
	struct took load;
	int nruns = argc > 1 ? atoi(argv[1]) : RUNS;

	b.c = made_load(&m, folder, &load);
	report("catalogue_load_30000_targets", load.wall * 1000, "ms");
	b.obs = must_have(calloc(PARKS * INDICATORS, sizeof(*b.obs)));
	b.store = store_open(&o, &e);
	must(b.store ? 0 : -1, &e);
	make_series(&b);
	fill(&b);
	measure(&b, "assess_200_parks_60_indicators_60_months", nruns,
		reporting_day(&b, MONTHS - 1) + 86400 * 1000, check_answers);
	measure(&b, "assess_all_late", nruns, reporting_day(&b, MONTHS + 10), check_late);
	store_close(b.store);
	for (int s = 0; s < PARKS * INDICATORS; s++)
		labels_unref(b.series[s]);
	free(b.obs);
	catalogue_unref(b.c);
	return 0;
}
