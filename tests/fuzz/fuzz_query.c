/*
 * fuzz_query.c - any text as a query that is evaluated, over a small store of every kind of series.
 *
 * An error is a sentence. An answer has no row without a value and no two rows with the same
 * labels; rows of a range are in order; the same query with and without workers has the same rows.
 */
#include "fuzz.h"

#include "query/query.h"
#include "tests/promql/source_memory.h"

/* The targets are linked with the rooms only. */
#include "tests/promql/source_memory.c" /* NOLINT(bugprone-suspicious-include) */

enum {
	ALL_FEATURES = ~(unsigned)FEATURE_DELAYED_NAME_REMOVAL & 0x7fffffff,
	TEXT_MAX_BYTES = 4096,
	POINTS = 60,
	STEP_MS = 15000,
};

static struct source_memory source;
static struct engine *alone, *helped;

static void add(const char *name, const char *label, const char *value, int kind)
{
	struct err e;
	struct labels *ls = labels_make(&e, name, "job", "j", label, value, NULL);

	MUST(ls);
	for (int i = 0; i < POINTS; i++) {
		double v = (double)((i * 7919 + kind * 31) % 97);

		if (kind % 5 == 1) /* a counter that falls now and then */
			v = (double)(i % 23) * 1e3 + kind;
		if (kind % 7 == 3 && i % 11 == 5)
			v = i % 2 ? NAN : -INFINITY;
		if (kind % 5 == 4 && i % 9 == 3)
			continue;
		if (kind % 6 == 5 && i == 40)
			v = ABSENT;
		MUST(source_memory_add(&source, ls, (int64_t)i * STEP_MS + kind * 13, v, &e) == 0);
	}
	labels_unref(ls);
}

static void fill(void)
{
	static const char *const bounds[] = { "0.1", "1", "10", "+Inf", "x" };
	static const char *const hosts[] = { "a", "b", "c", "", "d\n\"" };

	source_memory_init(&source);
	for (int i = 0; i < 5; i++) {
		add("x", "host", hosts[i], i);
		add("y_total", "host", hosts[i], i + 5);
		add("h_bucket", "le", bounds[i], i + 1);
	}
	add("target_info", "instance", "i", 0);
}

static struct engine *engine(unsigned workers)
{
	struct engine_options o = {
		.features = ALL_FEATURES,
		.memory_bytes = 64 << 20,
		.max_points = 200000,
		.workers = workers ? workers : (unsigned)ENGINE_NO_WORKERS,
	};
	struct err e;
	struct engine *en = engine_new(&o, &e);

	MUST(en);
	return en;
}

static void must_be_in_shape(const struct query *q)
{
	const struct vector *v = &q->value.vector;

	if (q->failure != QUERY_OK) {
		MUST(q->error && q->error[0]);
		return;
	}
	if (q->value.type != VALUE_VECTOR)
		return;
	for (size_t i = 0; i < v->n; i++) {
		bool any = false;

		for (size_t k = 0; k < v->width; k++)
			any |= !is_absent(v->values[i * v->width + k]);
		MUST(any);
		if (i > 0 && !v->ordered)
			MUST(labels_cmp(v->heads[i - 1].labels, v->heads[i].labels) < 0);
	}
}

static void run(struct engine *en, struct slice text, bool range, struct query *q)
{
	query_init(q, en);
	q->text = text;
	q->start_ms = range ? 30000 : 700000;
	q->end_ms = 900000;
	q->step_ms = range ? 41000 : 0;
	q->timeout_ms = 2000;
	q->source = &source.source;
	query_run(en, q);
	must_be_in_shape(q);
}

static void both_ways(struct slice text, bool range)
{
	struct query a, b;

	run(alone, text, range, &a);
	run(helped, text, range, &b);
	if (a.failure != QUERY_TIMEOUT && b.failure != QUERY_TIMEOUT) {
		MUST(a.failure == b.failure);
		if (a.failure == QUERY_OK && a.value.type == VALUE_VECTOR)
			MUST(a.value.vector.n == b.value.vector.n);
	}
	query_release(&b);
	query_release(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = slice_of((const char *)data, size);

	if (size > TEXT_MAX_BYTES)
		return 0;
	if (!alone) {
		fill();
		alone = engine(0);
		helped = engine(2);
	}
	both_ways(text, false);
	both_ways(text, true);
	return 0;
}
