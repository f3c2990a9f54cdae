/*
 * bench_query.c - aggregates and joins of whole queries, over series that lie in memory.
 *
 * The source hands out the same few points again and again, so that what is measured is the
 * query: selecting heads, finding groups and partners, and the values. CPU time by rows of the
 * input and steps, without workers.
 *
 *	bench_query [RUNS [PART OF A NAME]]
 */
#include "bench/bench.h"
#include "query/query.h"

enum { STEPS = 240, STEP_MS = 15000, KINDS = 97 };

static struct err e;
static int64_t times[STEPS];
static double values[KINDS][STEPS];

/* --- the source ------------------------------------------------------------------------------- */

struct made {
	struct source source;
	struct source_series *series; /* m{g, i}, and one{i} behind them */
	size_t rows, ones;
};

static int made_select(struct source *s, const struct selection *sel, struct arena *a,
		       struct source_series **out, size_t *n, struct err *err)
{
	const struct made *m = (struct made *)s;
	bool one = false;

	(void)a;
	(void)err;
	for (size_t i = 0; i < sel->nm; i++)
		one |= matcher_holds(&sel->m[i], slice_str("one"));
	*out = m->series + (one ? m->rows : 0);
	*n = one ? m->ones : m->rows;
	return 0;
}

static struct source_reader *made_open(struct source *s, struct err *err)
{
	(void)err;
	return (struct source_reader *)s;
}

static void made_close(struct source_reader *r)
{
	(void)r;
}

static int made_points(struct source_reader *r, const struct selection *sel,
		       const struct source_series *series, int64_t from_ms, int64_t to_ms,
		       struct arena *a, struct points *out, struct err *err)
{
	size_t n = to_ms < 0 ? 0 : (size_t)(to_ms / STEP_MS) + 1;

	(void)r;
	(void)sel;
	(void)from_ms;
	(void)a;
	(void)err;
	if (n > STEPS)
		n = STEPS;
	*out = (struct points){ .n = n, .t_ms = times, .v = values[series->id % KINDS] };
	return 0;
}

static const struct source_vtable made_source = { .select = made_select,
						  .reader_open = made_open,
						  .reader_close = made_close,
						  .points = made_points };

/* `rows` series m in 8 groups, and as many as `ones` series one with the same i. */
static void make(struct made *m, size_t rows, size_t ones)
{
	m->source.f = &made_source;
	m->rows = rows;
	m->ones = ones;
	m->series = must_have(calloc(rows + ones, sizeof(*m->series)));
	for (size_t i = 0; i < rows + ones; i++) {
		bool one = i >= rows;
		char g[24], id[24];

		snprintf(g, sizeof(g), "g%zu", i % 8);
		snprintf(id, sizeof(id), "%06zu", one ? i - rows : i);
		m->series[i].id = (uint32_t)i;
		m->series[i].labels =
			must_have(one ? labels_make(&e, "one", "i", id, NULL)
				      : labels_make(&e, "m", "g", g, "i", id, "job", "node", NULL));
	}
}

static void discard(struct made *m)
{
	for (size_t i = 0; i < m->rows + m->ones; i++)
		labels_unref((struct labels *)m->series[i].labels);
	free(m->series);
}

/* --- figures ------------------------------------------------------------------------ */

static struct engine *engine;

static void bench(const char *name, const char *text, size_t rows, size_t steps, size_t ones, int n)
{
	struct made m;
	struct runs cpu = { 0 };

	make(&m, rows, ones);
	for (int i = 0; i < n; i++) {
		struct query q;
		struct took from = took_now();

		query_init(&q, engine);
		q.text = slice_str(text);
		q.start_ms = steps == 1 ? times[STEPS - 1] : 0;
		q.end_ms = steps == 1 ? q.start_ms : times[steps - 1];
		q.step_ms = steps == 1 ? 0 : STEP_MS;
		q.source = &m.source;
		if (query_run(engine, &q) < 0)
			die("%s: %s", text, q.error);
		if (q.value.vector.n == 0)
			die("%s: nothing", text);
		query_release(&q);
		runs_add(&cpu, took_since(from).cpu / (double)(rows * steps) * 1e9);
	}
	report_runs(name, &cpu, "ns/row·step");
	discard(&m);
}

int main(int argc, char **argv)
{
	struct engine_options o = { .workers = ENGINE_NO_WORKERS, .memory_bytes = (size_t)4 << 30 };
	int runs = argc > 1 ? atoi(argv[1]) : 5;
	const char *only = argc > 2 ? argv[2] : "";
	uint64_t seed = 42;
	static const struct {
		const char *name, *text;
		size_t rows, steps, ones;
	} cases[] = {
		{ "query_select", "max(m)", 30000, 240, 0 },
		{ "query_sum_by", "sum by (g) (m)", 30000, 240, 0 },
		{ "query_avg_without", "avg without (i) (m)", 30000, 240, 0 },
		{ "query_group_left", "m * on (i) group_left one", 10000, 60, 10000 },
		{ "query_one_to_one", "m / ignoring (g, job) one", 10000, 60, 10000 },
		{ "query_topk", "topk(10, m)", 40000, 1, 0 },
		{ "query_topk_range", "topk(10, m)", 40000, 60, 0 },
		{ "query_quantile", "quantile(0.9, m)", 10000, 60, 0 },
		{ "query_count", "count(m)", 100000, 1, 0 },
		{ "query_count_values", "count_values(\"v\", round(m, 100))", 10000, 60, 0 },
		{ "query_and", "m and on (i) one", 10000, 60, 5000 },
	};

	for (size_t k = 0; k < STEPS; k++)
		times[k] = (int64_t)k * STEP_MS;
	for (size_t i = 0; i < KINDS; i++)
		for (size_t k = 0; k < STEPS; k++)
			values[i][k] = (double)(random_next(&seed) % 100000) / 64;
	engine = must_have(engine_new(&o, &e));
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		if (strstr(cases[i].name, only))
			bench(cases[i].name, cases[i].text, cases[i].rows, cases[i].steps,
			      cases[i].ones, runs);
	engine_free(engine);
	return 0;
}
