/*
 * test_heads.c - labels of series are read where a query looks at them, and only those it looks at.
 */
#include "query/query.h"
#include "tests/lib/assert.h"
#include "tests/promql/source_memory.h"

enum { GROUPS = 7, SERIES = 70, END_MS = 1200000 };

static struct source_memory source;
static struct source_vtable counting;
static const struct source_vtable *memory;
static size_t labels_read, names_asked;
static bool query_counts_steps;
static struct err e;

static int count_labels(struct source *s, const uint32_t *ids, size_t n, const struct slice *names,
			size_t nnames, struct arena *a, const struct labels **out, struct err *err)
{
	labels_read += n;
	names_asked = nnames;
	return memory->labels(s, ids, n, names, nnames, a, out, err);
}

static void add_series(struct labels *ls)
{
	for (int64_t t = END_MS - 600000; t <= END_MS; t += 15000)
		assert_ok(source_memory_add(&source, ls, t, (double)(t % 7), &e), &e);
	labels_unref(ls);
}

static int begin(void **state)
{
	char g[12], i[12];

	(void)state;
	source_memory_init(&source);
	for (int k = 0; k < SERIES; k++) {
		snprintf(g, sizeof(g), "%d", k % GROUPS);
		snprintf(i, sizeof(i), "%d", k);
		add_series(labels_make(&e, "m", "g", g, "i", i, NULL));
		add_series(labels_make(&e, "c_total", "g", g, "i", i, NULL));
	}
	for (int k = 0; k < GROUPS; k++) {
		snprintf(g, sizeof(g), "%d", k);
		add_series(labels_make(&e, "one", "g", g, NULL));
	}
	memory = source.source.f;
	counting = *memory;
	counting.labels = count_labels;
	source.source.f = &counting;
	return 0;
}

static int end(void **state)
{
	(void)state;
	source_memory_release(&source);
	return 0;
}

static int run(const char *text, struct query *q, struct engine **en)
{
	struct engine_options o = { .features = FEATURE_EXPERIMENTAL_FUNCTIONS,
				    .workers = ENGINE_NO_WORKERS };

	*en = engine_new(&o, &e);
	assert_non_null(*en);
	labels_read = names_asked = 0;
	query_init(q, *en);
	q->text = slice_str(text);
	q->start_ms = END_MS;
	q->source = &source.source;
	q->count_steps = query_counts_steps;
	return query_run(*en, q);
}

/* How many series' labels a query reads. */
static size_t labels_of(const char *text)
{
	struct engine *en;
	struct query q;

	if (run(text, &q, &en) < 0)
		fail_msg("%s: %s", text, q.error);
	query_release(&q);
	engine_free(en);
	return labels_read;
}

static void labels_are_read_where_they_are_looked_at(void **state)
{
	(void)state;
	assert_int_equal(labels_of("count({__name__=~\".+\"})"), 0);
	assert_int_equal(labels_of("sum(rate(c_total[5m]))"), 0);
	assert_int_equal(labels_of("quantile(0.5, -m) + absent(nothing)"), 0);
	assert_int_equal(labels_of("max(max_over_time((m * 2)[5m:1m]))"), 0);
	assert_int_equal(labels_of("topk(3, m)"), 3);
	assert_int_equal(labels_of("limitk(2, m)"), 2);
	assert_int_equal(labels_of("sum by (g) (m)"), SERIES);
	assert_int_equal(names_asked, 1);
	assert_int_equal(labels_of("sum(rate({__name__=~\"c_.*\"}[1m]))"), SERIES);
	assert_int_equal(names_asked, 1);
	/* Two names may meet once they are dropped. */
	assert_int_equal(labels_of("sum(rate({__name__=~\"c.*|one\"}[1m]))"),
			 2 * (SERIES + GROUPS));
	assert_int_equal(names_asked, 0);
	/* First for the groups, then of those that are left. */
	assert_int_equal(labels_of("topk by (g) (1, m)"), SERIES + GROUPS);
}

static void a_dropped_name_that_was_not_read_is_still_missed(void **state)
{
	struct engine *en;
	struct query q;

	(void)state;
	assert_int_equal(run("-topk by (g) (999, {__name__=~\"m|c_total\"})", &q, &en), -1);
	assert_string_equal(q.error, "vector cannot contain metrics with the same labelset");
	query_release(&q);
	engine_free(en);
}

static void samples_of_an_instant_are_counted_and_marks_are_not(void **state)
{
	struct labels *gone = labels_make(&e, "m", "g", "gone", NULL);
	struct engine *en;
	struct query q;

	(void)state;
	assert_ok(source_memory_add(&source, gone, END_MS, ABSENT, &e), &e);
	labels_unref(gone);
	query_counts_steps = true;
	assert_int_equal(run("count(m) + count(timestamp(one))", &q, &en), 0);
	query_counts_steps = false;
	assert_f64(q.value.vector.values[0], SERIES + GROUPS);
	assert_int_equal(q.stats.step_points[0], SERIES + GROUPS);
	query_release(&q);
	engine_free(en);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(labels_are_read_where_they_are_looked_at),
		cmocka_unit_test(a_dropped_name_that_was_not_read_is_still_missed),
		cmocka_unit_test(samples_of_an_instant_are_counted_and_marks_are_not),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
