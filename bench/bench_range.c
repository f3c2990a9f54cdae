/*
 * bench_range.c - functions over ranges, without selecting and decoding.
 *
 * A row of 5,760 points (a day, every 15 s) and windows of 5 min, once a minute and once every 15
 *s: CPU time by points of the row.
 *
 *	bench_range [RUNS]
 */
#include "bench/bench.h"
#include "query/functions_impl.h"

enum { POINTS = 5760, TURNS = 200 };

static int64_t t[POINTS];
static double v[POINTS], out[POINTS];

static void bench(const char *name, int (*fn)(const struct range_row *, double *, struct err *),
		  int64_t step_ms, int runs)
{
	struct worker w = { 0 };
	struct grid g = { 0, step_ms, (size_t)(POINTS * 15000 / step_ms) };
	struct matrix m = { .ends = g, .range_ms = 300000 };
	struct range_row r = { .w = &w, .m = &m, .grid = &g, .points = { POINTS, t, v } };
	struct runs cpu = { 0 };
	struct err e;

	arena_init(&w.scratch, 64 << 20);
	for (int i = 0; i < runs; i++) {
		struct took from = took_now();

		for (int k = 0; k < TURNS; k++)
			must(fn(&r, out, &e), &e);
		runs_add(&cpu, took_since(from).cpu / TURNS / POINTS * 1e9);
	}
	report_runs(name_of("range_%s_step_%d_s", name, (int)(step_ms / 1000)), &cpu, "ns/sample");
	arena_release(&w.scratch);
}

int main(int argc, char **argv)
{
	int runs = argc > 1 ? atoi(argv[1]) : 7;
	uint64_t seed = 42;

	for (int i = 0; i < POINTS; i++) {
		t[i] = (int64_t)i * 15000 + (int64_t)(random_next(&seed) % 20);
		v[i] = (i ? v[i - 1] : 0) + (double)(random_next(&seed) % 1000);
	}
	for (int64_t step = 60000; step >= 15000; step -= 45000) {
		bench("rate", range_rate, step, runs);
		bench("avg_over_time", range_avg_over_time, step, runs);
		bench("max_over_time", range_max_over_time, step, runs);
	}
	return 0;
}
