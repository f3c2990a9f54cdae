/* test_script.c - the runner of tests/promql: what it reads, and that it notices what is wrong. */
#include "base/buf.h"
#include "query/source.h"
#include "tests/lib/assert.h"
#include "tests/promql/run.h"
#include "tests/promql/script.h"
#include "tests/promql/source_memory.h"

#include <stdlib.h>

static struct err e;

/* --- series ------------------------------------------------------------------------- */

static void a_series_is_read_with_all_its_notations(void **state)
{
	static const char line[] =
		"m{a=\"x y\", \"b c\"='d'} 1 2+3x2 _ _x2 4x1 stale NaN -1e3-.5x1 +Inf";
	static const double want[] = { 1, 2, 5, 8, 4, 4, 0, NAN, -1000, -1000.5, INFINITY };
	struct script_series s;
	struct arena a;
	size_t n = 0;

	(void)state;
	arena_init(&a, 1 << 20);
	assert_ok(script_read_series(slice_str(line), &a, &s, &e), &e);
	assert_slice(labels_name(s.labels), "m");
	assert_slice(labels_get(s.labels, slice_str("a")), "x y");
	assert_slice(labels_get(s.labels, slice_str("b c")), "d");
	assert_int_equal(s.n, 14);
	for (size_t i = 0; i < s.n; i++) {
		uint64_t bits;

		if (i >= 4 && i <= 6) {
			assert_int_equal(s.values[i].kind, SCRIPT_NONE);
			continue;
		}
		assert_int_equal(s.values[i].kind, SCRIPT_NUMBER);
		memcpy(&bits, &s.values[i].v, sizeof(bits));
		if (n == 6)
			assert_true(bits == STALE_BITS);
		else
			assert_f64(s.values[i].v, want[n]);
		n++;
	}
	labels_unref(s.labels);
	arena_release(&a);
}

static void histograms_and_start_times_are_read_over(void **state)
{
	struct script_series s;
	struct arena a;

	(void)state;
	arena_init(&a, 1 << 20);
	assert_ok(script_read_series(slice_str("h {{sum:1 count:2}} {{count:1}}+{{count:2}}x2 5"),
				     &a, &s, &e),
		  &e);
	assert_int_equal(s.n, 5);
	for (int i = 0; i < 4; i++)
		assert_int_equal(s.values[i].kind, SCRIPT_HISTOGRAM);
	assert_int_equal(s.values[4].kind, SCRIPT_NUMBER);
	labels_unref(s.labels);
	assert_ok(script_read_series(slice_str("h{a=\"b\"}@st 1s+2sx3"), &a, &s, &e), &e);
	assert_true(s.starts);
	assert_int_equal(s.n, 0);
	labels_unref(s.labels);
	arena_release(&a);
}

/* --- scripts ------------------------------------------------------------------------ */

static void mistakes_are_told_with_their_line(void **state)
{
	static const struct {
		const char *text, *part;
	} cases[] = {
		{ "load 1m\n  m 1 2 x\n", "line 2: cannot read the series at \"x\"" },
		{ "load 1m\n  m 1+2\n", "line 2: cannot read the series" },
		{ "load 1m\n  m{a=b} 1\n", "line 2: cannot read the series" },
		{ "load soon\n  m 1\n", "line 1: " },
		{ "\n# comment\nlook 5\n", "line 3: no command \"look\"" },
		{ "eval often 1\n", "line 1: eval instant or eval range" },
		{ "eval instant at 5m\n", "line 1: eval without an expression" },
		{ "eval range from 0s to 5s m\n",
		  "line 1: from TIME to TIME step TIME is missing" },
		{ "eval instant at 0s m\n  m 1 2\n",
		  "line 2: an instant query has one value a row" },
		{ "eval instant at 0s m\n  expect luck\n", "line 2: cannot expect \"luck\"" },
		{ "eval instant at 0s m\n  expect warn text: x\n",
		  "line 2: expect … msg: or regex:" },
		{ "features magic\n", "line 1: " },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct script s;

		assert_fails(script_read(slice_str(cases[i].text), &s, &e), &e, ERR_INVALID,
			     cases[i].part);
		script_release(&s);
	}
}

static char *run(const char *evals, struct script_run *r)
{
	static const char load[] = "load 1m\n"
				   "  m{n=\"1\"} 1+1x10\n"
				   "  m{n=\"2\"} 2+2x10\n"
				   "  hist 5 {{count:1}}\n"
				   "\n";
	struct buf text;
	char *out = NULL;
	size_t n = 0;

	*r = (struct script_run){ .out = open_memstream(&out, &n) };
	assert_non_null(r->out);
	buf_init(&text, 1 << 16);
	buf_puts(&text, load);
	buf_puts(&text, evals);
	assert_ok(script_run(r, "x.test", buf_all(&text), &e), &e);
	fclose(r->out);
	buf_release(&text);
	return out;
}

static void what_agrees_passes(void **state)
{
	static const char *const evals[] = {
		"eval instant at 1m m\n  m{n=\"1\"} 2\n  m{n=\"2\"} 4\n",
		"eval instant at 1m m\n  m{n=\"2\"} 4.000001\n  m{n=\"1\"} 2\n",
		"eval instant at 1m nothing\n",
		"eval instant at 1m 1 + 1\n  2\n",
		"eval instant at 1m \"a\"\n  expect string \"a\"\n",
		"eval range from 1m to 3m step 1m m{n=\"1\"} > 2\n  m{n=\"1\"} _ 3 4\n",
		"eval instant at 2m m{n=\"1\"}[2m]\n"
		"  expect range vector from 1m to 2m step 1m\n  m{n=\"1\"} 2 3\n",
		"eval instant at 1m sort_desc(m)\n  expect ordered\n"
		"  m{n=\"2\"} 4\n  m{n=\"1\"} 2\n",
		"eval instant at 1m m * on() m\n  expect fail regex: found duplicate series\n",
		"eval instant at 1m m +\n  expect fail msg: 1:4: parse error: unexpected end of "
		"input\n",
		"eval instant at 1m quantile(2, m)\n  expect warn regex: between 0 and 1\n  {} "
		"Inf\n",
		"eval_fail instant at 1m m * on() m\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(evals) / sizeof(*evals); i++) {
		struct script_run r;
		char *out = run(evals[i], &r);

		if (r.passed != 1 || r.failed || r.skipped)
			fail_msg("%s:\n%s", evals[i], out);
		free(out);
	}
}

static void what_differs_fails_and_is_told(void **state)
{
	static const struct {
		const char *text, *part;
	} cases[] = {
		{ "eval instant at 1m m\n  m{n=\"1\"} 2\n  m{n=\"2\"} 4.00002\n",
		  "value of m{n=\"2\"}: expected 4.0000200000000001, got 4" },
		{ "eval instant at 1m m\n  m{n=\"1\"} 2\n", "did not expect m{n=\"2\"} 4" },
		{ "eval instant at 1m m\n  m{n=\"1\"} 2\n  m{n=\"2\"} 4\n  m{n=\"3\"} 4\n",
		  "no row m{n=\"3\"}" },
		{ "eval instant at 1m m{n=\"1\"}\n  {n=\"1\"} 2\n", "did not expect m{n=\"1\"} 2" },
		{ "eval instant at 1m 1 + 1\n  3\n", "expected the scalar 3, got 2" },
		{ "eval instant at 1m 1 + 1\n", "expected rows, got the scalar 2" },
		{ "eval instant at 1m m{n=\"1\"}\n  2\n", "expected no rows, got 1" },
		{ "eval instant at 1m \"a\"\n  expect string \"b\"\n", "got the string \"a\"" },
		{ "eval range from 1m to 3m step 1m m{n=\"1\"}\n  m{n=\"1\"} 2 3\n",
		  "value of m{n=\"1\"} at step 2: expected none, got 4" },
		{ "eval range from 1m to 3m step 1m m{n=\"1\"} > 2\n  m{n=\"1\"} 2 3 4\n",
		  "value of m{n=\"1\"} at step 0: expected 2, got none" },
		{ "eval range from 1m to 2m step 1m m{n=\"1\"}\n  m{n=\"1\"} 2 3 _\n",
		  "more values than steps are expected of m{n=\"1\"}" },
		{ "eval range from 1m to 2m step 1m m{n=\"1\"}\n  m{n=\"1\"} 2 3\n  x 1\n",
		  "no series x" },
		{ "eval instant at 2m m{n=\"1\"}[2m]\n"
		  "  expect range vector from 1m to 2m step 1m\n  m{n=\"1\"} 2 4\n",
		  "points of m{n=\"1\"}: expected 4 at 120000 ms, got 3 at 120000 ms" },
		{ "eval instant at 1m sort(m)\n  expect ordered\n"
		  "  m{n=\"2\"} 4\n  m{n=\"1\"} 2\n",
		  "wrong place of m{n=\"1\"}: 1, not 2" },
		{ "eval instant at 1m m\n  expect fail\n", "succeeded, a failure was expected" },
		{ "eval instant at 1m m * on() m\n  {} 1\n", "failed with \"found duplicate" },
		{ "eval instant at 1m m * on() m\n  expect fail msg: other\n",
		  "expected \"other\"" },
		{ "eval instant at 1m m +\n  expect fail\n", "failed with \"1:4: parse error" },
		{ "eval instant at 1m quantile(2, m)\n  expect no_warn\n  {} Inf\n",
		  "warnings: expected none, got 1" },
		{ "eval instant at 1m quantile(2, m)\n  expect warn msg: other\n  {} Inf\n",
		  "warnings: expected some \"other\", got 1" },
		{ "eval instant at 1m m{n=\"1\"}\n  expect info\n  m{n=\"1\"} 2\n",
		  "infos: expected some, got 0" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct script_run r;
		char *out = run(cases[i].text, &r);

		if (r.failed != 1 || r.passed || r.skipped)
			fail_msg("%s: did not fail\n%s", cases[i].text, out);
		assert_has(out, "not ok 1 - x.test:6 ");
		assert_has(out, cases[i].part);
		free(out);
	}
}

static void what_parkwatch_does_not_have_is_skipped(void **state)
{
	struct script_run r;
	char *out = run("eval instant at 1m hist\n  hist 5\n\n"
			"eval instant at 1m sum(m) + on() hist\n  {} 11\n\n"
			"eval instant at 1m m{n=\"1\"}\n  m{n=\"1\"} {{count:1}}\n\n"
			"eval instant at 1m sum(m)\n  {} 6\n",
			&r);

	(void)state;
	assert_int_equal(r.skipped, 3);
	assert_int_equal(r.passed, 1);
	assert_int_equal(r.failed, 0);
	assert_has(out, "ok 1 # SKIP native histogram, line 6\n");
	assert_has(out, "ok 4 - x.test:15 sum(m)\n");
	free(out);
}

/* --- the source --------------------------------------------------------------------- */

static void a_source_is_sorted_whatever_came_first(void **state)
{
	struct labels *b = labels_make(&e, "b", NULL), *a = labels_make(&e, "a", NULL);
	const struct labels *ls[2];
	struct source_memory s;
	struct source_series *found;
	uint32_t ids[2];
	struct source_reader *r;
	struct selection all = { .from_ms = 0, .to_ms = 100 };
	struct points p;
	struct arena arena;
	size_t n;

	(void)state;
	arena_init(&arena, 1 << 20);
	source_memory_init(&s);
	assert_ok(source_memory_add(&s, b, 30, 3, &e), &e);
	assert_ok(source_memory_add(&s, a, 10, 1, &e), &e);
	assert_ok(source_memory_add(&s, b, 10, 1, &e), &e);
	assert_ok(source_memory_add(&s, b, 20, 2, &e), &e);
	assert_ok(source_memory_add(&s, b, 20, 4, &e), &e);
	assert_ok(s.source.f->select(&s.source, &all, &arena, &found, &n, &e), &e);
	assert_int_equal(n, 2);
	ids[0] = found[0].id;
	ids[1] = found[1].id;
	assert_ok(s.source.f->labels(&s.source, ids, 2, NULL, 0, &arena, ls, &e), &e);
	assert_int_equal(labels_cmp(ls[0], a), 0);
	assert_int_equal(labels_cmp(ls[1], b), 0);
	r = s.source.f->reader_open(&s.source, &e);
	assert_ok(s.source.f->points(r, &all, &found[1], 15, 30, &arena, &p, &e), &e);
	assert_int_equal(p.n, 2);
	assert_int_equal(p.t_ms[0], 20);
	assert_f64(p.v[0], 4);
	assert_f64(p.v[1], 3);
	s.source.f->reader_close(r);
	source_memory_release(&s);
	labels_unref(a);
	labels_unref(b);
	arena_release(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_series_is_read_with_all_its_notations),
		cmocka_unit_test(histograms_and_start_times_are_read_over),
		cmocka_unit_test(mistakes_are_told_with_their_line),
		cmocka_unit_test(what_agrees_passes),
		cmocka_unit_test(what_differs_fails_and_is_told),
		cmocka_unit_test(what_parkwatch_does_not_have_is_skipped),
		cmocka_unit_test(a_source_is_sorted_whatever_came_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
