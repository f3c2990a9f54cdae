/*
 * bench_figures.c - statistics read out of a store: 12,000 series of 200 months, 5 % corrected.
 *
 * The set "parks" of bench/load: years shuffled park by park, corrections afterwards, all through
 * the store's front door. Asked as the engine asks, without workers: CPU a query, and a series read
 * (growth reads each series twice, besides what it takes to know which period is the latest). The
 * catalogue knows nothing of these families.
 *
 *	bench_figures [RUNS [PART OF A NAME]]
 */
#include "bench/bench.h"
#include "bench/load_set.h"
#include "daemon/calendar.h"
#include "query/query.h"
#include "query/source_store.h"
#include "storage/store.h"

#include <pthread.h>

enum { BATCH = 2000 };

/* Everything was reported on 10 September 2026, and is asked five days later. */
static const int64_t received_ms = INT64_C(1788998400000), asked_ms = INT64_C(1789430400000);

#define PARKS  "__name__=~\"park_.+\""
#define LATEST "{" PARKS ",__period__=\"latest\"}"
#define BEFORE "{" PARKS ",__period__=\"latest-12\"}"
#define SUM(x) "sum by (park) (" x ")"

static struct err e;
static struct store *store;
static struct load_set set;
static struct labels **series;

/* --- filling ------------------------------------------------------------------------------- */

static struct {
	struct observation obs[BATCH];
	size_t n;
	pthread_mutex_t lock;
	pthread_cond_t answered;
	bool over;
} filling = { .lock = PTHREAD_MUTEX_INITIALIZER, .answered = PTHREAD_COND_INITIALIZER };

static void on_done(struct append *a)
{
	(void)a;
	pthread_mutex_lock(&filling.lock);
	filling.over = true;
	pthread_cond_signal(&filling.answered);
	pthread_mutex_unlock(&filling.lock);
}

static void hand_in(int64_t at_ms)
{
	struct append a = { .submission = { .source = "bench",
					    .owner = "office",
					    .origin = "",
					    .address = "",
					    .reason = "",
					    .received_ms = at_ms,
					    .released_ms = at_ms },
			    .obs = filling.obs,
			    .nobs = filling.n,
			    .done = on_done };

	if (filling.n == 0)
		return;
	filling.over = false;
	must(store_append(store, &a, &e), &e);
	pthread_mutex_lock(&filling.lock);
	while (!filling.over)
		pthread_cond_wait(&filling.answered, &filling.lock);
	pthread_mutex_unlock(&filling.lock);
	must(a.err.code == ERR_NONE ? 0 : -1, &a.err);
	filling.n = 0;
}

static void put(uint32_t s, uint32_t step, double v, int64_t at_ms)
{
	if (filling.n == BATCH)
		hand_in(at_ms);
	filling.obs[filling.n++] = (struct observation){
		.labels = series[s], .stamp_ms = load_time(&set, step), .value = v, .months = 1
	};
}

static void put_year(uint32_t park, uint32_t year)
{
	uint32_t from = year * LOAD_MONTHS_A_YEAR, to = from + LOAD_MONTHS_A_YEAR;

	for (uint32_t s = park * set.group; s < (park + 1) * set.group; s++)
		for (uint32_t step = from; step < to && step < set.steps; step++)
			put(s, step, load_value(&set, s, step), received_ms);
}

static void fill(void)
{
	uint32_t order[LOAD_MONTHS_A_YEAR * 2];
	double v;

	for (uint32_t park = 0; park < set.series / set.group; park++) {
		load_year_order(&set, park, order);
		for (uint32_t i = 0; i < load_years(&set); i++)
			put_year(park, order[i]);
	}
	hand_in(received_ms);
	for (uint32_t s = 0; s < set.series; s++)
		for (uint32_t step = 0; step < set.steps; step++)
			if (load_corrected(&set, s, step, &v))
				put(s, step, v, received_ms + 1000);
	hand_in(received_ms + 1000);
}

static void make_series(void)
{
	series = must_have(calloc(set.series, sizeof(struct labels *)));
	for (uint32_t s = 0; s < set.series; s++) {
		struct load_labels made;
		struct label l[LOAD_LABELS];

		load_labels(&set, s, &made);
		for (size_t i = 0; i < made.n; i++)
			l[i] = (struct label){ slice_str(made.label[i].name),
					       slice_str(made.label[i].value) };
		series[s] = labels_intern(l, made.n, &e);
		must(series[s] ? 0 : -1, &e);
	}
}

/* --- asking ---------------------------------------------------------------------------------- */

static struct engine *engine;
static const struct calendar *calendar;

static void ask(const char *text, int64_t span_ms, size_t rows)
{
	struct query q;

	query_init(&q, engine);
	q.text = slice_str(text);
	q.start_ms = asked_ms - span_ms;
	q.end_ms = asked_ms;
	q.step_ms = span_ms ? INT64_C(86400000) : 0;
	q.source = source_store_open(store, calendar, 60000, &e);
	must(q.source ? 0 : -1, &e);
	if (query_run(engine, &q) < 0)
		die("%s: %s", text, q.error);
	if (q.value.vector.n != rows)
		die("%s: %zu rows, not %zu", text, q.value.vector.n, rows);
	source_store_close(q.source);
	query_release(&q);
}

static const struct {
	const char *name, *text;
	int days;
	size_t rows, reads; /* reads of a series in it */
	bool first;         /* nothing is remembered of closings, as after each submission */
} cases[] = {
	{ "latest", LATEST, 0, 12000, 1 },
	{ "release_first", SUM("{" PARKS ",__release__=\"first\"}"), 0, 200, 1 },
	{ "growth", SUM(LATEST) " / " SUM(BEFORE) " - 1", 0, 200, 2 },
	{ "growth_first", SUM(LATEST) " / " SUM(BEFORE) " - 1", 0, 200, 2, true },
	{ "growth_30_steps", SUM(LATEST) " / " SUM(BEFORE) " - 1", 29, 200, 2 },
	{ "growth_peers_form",
	  SUM("last_over_time({" PARKS "}[40d])") " / " SUM("last_over_time({" PARKS
							    "}[40d] offset 365d)") " - 1",
	  0, 200, 2 },
	{ "held_365_steps", SUM("{" PARKS "}") " / " SUM("{" PARKS "} offset 365d") " - 1", 364,
	  200, 2 },
	{ "peers_form_365_steps",
	  SUM("last_over_time({" PARKS "}[40d])") " / " SUM("last_over_time({" PARKS
							    "}[40d] offset 365d)") " - 1",
	  364, 200, 2 },
	{ "all_months", SUM("last_over_time({" PARKS "}[18y])"), 0, 200, 1 },
};

static struct catalogue *catalogue; /* knows nothing */

static void new_calendar(void)
{
	calendar_unref(calendar);
	calendar = calendar_new(catalogue, &e);
	must(calendar ? 0 : -1, &e);
}

static void measure(const char *where, int nruns, const char *only)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const char *name = name_of("figures_%s_%s", cases[i].name, where);
		struct runs cpu = { .n = 0 }, each = { .n = 0 };

		for (int k = 0; strstr(name, only) && k <= nruns; k++) {
			struct took from, took;

			if (cases[i].first)
				new_calendar();
			from = took_now();
			ask(cases[i].text, cases[i].days * INT64_C(86400000), cases[i].rows);
			took = took_since(from);
			if (k == 0)
				continue;
			runs_add(&cpu, took.cpu * 1e3);
			runs_add(&each, took.cpu / (double)(set.series * cases[i].reads) * 1e9);
		}
		if (cpu.n == 0)
			continue;
		report_runs(name, &cpu, "CPU-ms");
		report_runs(name_of("%s_each", name), &each, "ns/series");
	}
}

static struct catalogue *no_catalogue(void)
{
	struct catalogue_options o = { .zone = zone_open("Asia/Shanghai", &e) };
	struct arena arena;
	struct diags d;
	struct catalogue *c;

	must(o.zone ? 0 : -1, &e);
	arena_init(&arena, 16 << 20);
	diags_init(&d, &arena, 20);
	c = must_have(catalogue_load(NULL, 0, &o, &d));
	arena_release(&arena);
	return c;
}

int main(int argc, char **argv)
{
	struct engine_options none = { .workers = ENGINE_NO_WORKERS };
	struct store_options o = { .dir = name_of("%s/store", folder_make()) };
	int nruns = argc > 1 ? atoi(argv[1]) : 9;
	const char *only = argc > 2 ? argv[2] : "";

	catalogue = no_catalogue();
	must(load_set_find("parks", &set, &e), &e);
	store = store_open(&o, &e);
	must(store ? 0 : -1, &e);
	new_calendar();
	engine = engine_new(&none, &e);
	must(engine ? 0 : -1, &e);
	make_series();
	fill();
	measure("as_written", nruns, only);
	must(store_flush(store, &e), &e);
	measure("packed", nruns, only);
	engine_free(engine);
	calendar_unref(calendar);
	store_close(store);
	for (uint32_t s = 0; s < set.series; s++)
		labels_unref(series[s]);
	free(series);
	catalogue_unref(catalogue);
	return 0;
}
