/*
 * Large documents: how they go to the store portion by portion, and what happens when that stops.
 */
#include "tests/lib/starve.h"
#include "tests/unit/collectors/in_folder.h"

#include <fcntl.h>
#include <sys/stat.h>

enum { YEARS = 8, MONTHS = 11, FIGURES = 2 * YEARS * MONTHS, PORTION = 50 };

static const char feed_yaml[] = "- name: drop\n"
				"  folder: in\n"
				"  format: csv\n"
				"  jitter: 0\n"
				"  layout:\n"
				"    unit: {column: 园区}\n"
				"    indicator: {is: output_yuan}\n"
				"    period: {column: 月份}\n"
				"    value: {column: 数值}\n";

static struct feeds_portions portions;

static int setup(void **state)
{
	struct feeds *f;

	memset(&portions, 0, sizeof(portions));
	f = feeds_open_with(false, &portions, PORTION);
	assert_int_equal(mkdir(tmp_path(f->dir, "in"), 0777), 0);
	feeds_apply(f, feed_yaml);
	feeds_poll(f, "drop");
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	feeds_close(*state);
	return 0;
}

/* 176 figures and, at the end, a unit nobody knows; last written long before now. */
static void put_document(struct feeds *f)
{
	static const char *const units[] = { "甲河", "乙山" };
	int64_t at = clock_wall(&f->clock) - 10000;
	struct timespec t[2] = { { .tv_sec = at / 1000 }, { .tv_sec = at / 1000 } };
	struct buf b;

	buf_init(&b, 1 << 20);
	buf_puts(&b, "园区,月份,数值\n");
	for (int u = 0; u < 2; u++)
		for (int y = 0; y < YEARS; y++)
			for (int m = 2; m <= 12; m++)
				buf_printf(&b, "%s,%d年%d月,%d\n", units[u], 2015 + y, m,
					   100 + 12 * y + m);
	buf_puts(&b, "丙川,2015年2月,1\n");
	tmp_write(in(f, "large.csv"), b.p, b.n);
	assert_int_equal(utimensat(AT_FDCWD, in(f, "large.csv"), t, 0), 0);
	buf_release(&b);
}

static void two_looks(struct feeds *f)
{
	feeds_tick(f, 5000);
	feeds_tick(f, 5000);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(((const struct stored *)a)->text, ((const struct stored *)b)->text);
}

static void assert_each_once(struct feeds *f)
{
	assert_int_equal(f->nstored, FIGURES);
	qsort(f->stored, f->nstored, sizeof(f->stored[0]), by_text);
	for (size_t i = 1; i < f->nstored; i++)
		assert_string_not_equal(f->stored[i - 1].text, f->stored[i].text);
}

static void each_portion_is_a_submission_and_the_last_has_the_bytes(void **state)
{
	struct feeds *f = *state;
	struct feed_status s;

	put_document(f);
	two_looks(f);
	assert_each_once(f);
	assert_int_equal(portions.stored, 3);
	assert_string_equal(portions.origins[0], "large.csv (part 1)");
	assert_string_equal(portions.origins[2], "large.csv (part 3)");
	assert_int_equal(f->emits, 1);
	assert_non_null(strstr(f->origin, "/large.csv (part 4, the last)"));
	assert_true(f->original_bytes > 0);
	assert_true(there(f, "accepted/large.csv"));
	s = feeds_status(f, "drop");
	assert_int_equal(s.document->kept, FIGURES);
	assert_int_equal(s.document->refused, 1);
	assert_int_equal(s.ncomplaints, 1);
	assert_int_equal(s.body_bytes, 0); /* nothing is being read */
}

static void a_document_of_one_portion_is_as_it_was(void **state)
{
	struct feeds *f = *state;
	static const char small[] = "园区,月份,数值\n甲河,2026年9月,12\n";
	int64_t at = clock_wall(&f->clock) - 10000;
	struct timespec t[2] = { { .tv_sec = at / 1000 }, { .tv_sec = at / 1000 } };

	tmp_write(in(f, "small.csv"), small, strlen(small));
	assert_int_equal(utimensat(AT_FDCWD, in(f, "small.csv"), t, 0), 0);
	two_looks(f);
	assert_int_equal(portions.asked, 0);
	assert_int_equal(f->nstored, 1);
	assert_null(strstr(f->origin, "part"));
}

static void when_one_is_not_taken_the_file_stays_and_is_read_again(void **state)
{
	struct feeds *f = *state;
	struct feed_status s;

	portions.fails = 3;
	err_set(&f->mood_err, ERR_FULL, "no space left");
	put_document(f);
	two_looks(f);
	assert_int_equal(f->nstored, 2 * PORTION);
	assert_int_equal(f->emits, 0);
	assert_true(there(f, "large.csv"));
	s = feeds_status(f, "drop");
	assert_non_null(strstr(s.error, "no space left"));
	portions.fails = 0;
	f->nstored = 0; /* what is known already would be unchanged */
	feeds_tick(f, 3600 * 1000);
	assert_each_once(f);
	assert_true(there(f, "accepted/large.csv"));
}

/* What a store says against figures is no fault of the file here: it stays. */
static void whatever_the_store_says_the_file_is_not_rejected(void **state)
{
	struct feeds *f = *state;

	portions.fails = 1;
	err_set(&f->mood_err, ERR_INVALID, "a plain series cannot take an observation");
	put_document(f);
	two_looks(f);
	assert_int_equal(f->nstored, 0);
	assert_int_equal(f->emits, 0);
	assert_true(there(f, "large.csv"));
}

static void a_busy_store_is_waited_for(void **state)
{
	struct feeds *f = *state;

	portions.busy = 3;
	put_document(f);
	two_looks(f);
	assert_each_once(f);
	assert_int_equal(portions.asked, 6);
}

static bool asked_often(void *ctx)
{
	(void)ctx;
	return atomic_load(&portions.asked) >= 3;
}

static void an_end_in_the_middle_leaves_the_file(void **state)
{
	struct feeds *f = *state;

	put_document(f);
	feeds_tick(f, 5000);
	portions.always_busy = true;
	loop_advance(f->loop, 5000);
	assert_true(loop_settle(f->loop, asked_often, NULL, FEEDS_PATIENCE_MS));
	feeds_shut(f);
	assert_true(loop_settle(f->loop, feeds_is_closed, &f->closed, FEEDS_PATIENCE_MS));
	assert_int_equal(f->nstored, 0);
	assert_int_equal(f->emits, 0);
	assert_true(there(f, "large.csv"));
}

static int keep_nothing(void *ctx, struct batch *b, struct err *e)
{
	(void)b;
	(void)e;
	++*(unsigned *)ctx;
	return 0;
}

/* Each allocation fails in turn: an error or all of it, never a leak. */
static void each_allocation_may_fail(void **state)
{
	static const char text[] = "园区,月份,数值\n甲河,2015年2月,1\n甲河,2015年3月,2\n"
				   "甲河,2015年4月,3\n乙山,2015年2月,4\n乙山,2015年3月,5\n";
	static const char *const columns[] = { "园区", "月份", "数值" };
	const struct layout l = {
		.unit = { .where = AXIS_COLUMN, .columns = &columns[0], .ncolumns = 1 },
		.period = { .where = AXIS_COLUMN, .columns = &columns[1], .ncolumns = 1 },
		.value = { .where = AXIS_COLUMN, .columns = &columns[2], .ncolumns = 1 },
		.indicator = { .where = AXIS_FIXED, .text = "output_yuan" },
	};
	struct feeds *f = *state;
	unsigned calls = 0;
	const struct portions p = { .figures = 2, .store = keep_nothing, .ctx = &calls };
	struct document d = { .format = FORMAT_CSV,
			      .encoding = TEXT_UTF8,
			      .layout = &l,
			      .class = UNIT_PARK,
			      .portions = &p,
			      .body = slice_str(text),
			      .feed = "test",
			      .now_ms = NOW_MS };
	struct starve s = { 0 };

	while (starve_again(&s)) {
		struct err e = { 0 };
		struct batch *b;
		int rc = -1;

		calls = 0;
		starve_begin(&s);
		b = batch_new(64 << 20, &e);
		if (b)
			rc = document_decode(&d, f->docs->cat, NULL, b, &e);
		starve_end(&s, rc == 0, &e);
		if (rc == 0) {
			assert_int_equal(calls, 2);
			assert_int_equal(b->stored, 4);
			assert_int_equal(b->nobs, 1);
		}
		batch_free(b);
	}
	assert_true(s.failed > 0);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

/* Decodes a table of a figure a row, 合计 among its units, in portions of so many figures. */
static struct batch *in_portions(struct documents *docs, const char *text, size_t figures)
{
	static const char *const columns[] = { "园区", "月份", "数值" };
	const struct layout l = {
		.unit = { .where = AXIS_COLUMN, .columns = &columns[0], .ncolumns = 1 },
		.period = { .where = AXIS_COLUMN, .columns = &columns[1], .ncolumns = 1 },
		.value = { .where = AXIS_COLUMN, .columns = &columns[2], .ncolumns = 1 },
		.indicator = { .where = AXIS_FIXED, .text = "output_yuan" },
	};
	unsigned calls = 0;
	const struct portions p = { .figures = figures, .store = keep_nothing, .ctx = &calls };
	struct document d = { .format = FORMAT_CSV,
			      .layout = &l,
			      .class = UNIT_PARK,
			      .portions = &p,
			      .body = slice_str(text),
			      .feed = "test",
			      .now_ms = NOW_MS };
	struct err e;
	struct batch *b = batch_new(64 << 20, &e);

	assert_non_null(b);
	assert_ok(document_decode(&d, docs->cat, NULL, b, &e), &e);
	return b;
}

static void assert_kept(struct documents *docs, const char *text, size_t figures, size_t kept,
			size_t refused)
{
	struct batch *b = in_portions(docs, text, figures);

	assert_int_equal(b->stored + b->nobs, kept);
	assert_int_equal(b->count[REFUSED_TOTAL], refused);
	batch_free(b);
}

static void a_total_is_held_against_whole_columns_only(void **state)
{
	static const char behind[] = "园区,月份,数值\n甲河,2015年2月,10\n乙山,2015年2月,5\n"
				     "老园,2015年2月,5\n合计,2015年2月,20\n甲河,2015年3月,11\n";
	static const char before[] = "园区,月份,数值\n合计,2015年2月,20\n甲河,2015年2月,10\n"
				     "乙山,2015年2月,5\n老园,2015年2月,5\n甲河,2015年3月,11\n";
	static const char wrong[] = "园区,月份,数值\n甲河,2015年2月,10\n乙山,2015年2月,5\n"
				    "老园,2015年2月,5\n合计,2015年2月,40\n甲河,2015年3月,11\n";
	static const char sections[] = "园区,月份,数值\n甲河,2015年2月,10\n小计,2015年2月,10\n"
				       "乙山,2015年2月,5\n老园,2015年2月,5\n小计,2015年2月,10\n"
				       "合计,2015年2月,20\n甲河,2015年3月,11\n";
	struct documents *docs = documents_open(STANDARD_CATALOGUE, NULL);

	(void)state;
	for (size_t n = 1; n < 7; n++) {
		assert_kept(docs, behind, n, 4, 0);
		assert_kept(docs, before, n, 4, 0);
		assert_kept(docs, sections, n, 4, 0);
	}
	assert_kept(docs, wrong, 2, 4, 0);
	assert_kept(docs, wrong, 6, 1, 3);
	documents_close(docs);
}

static void doubts_go_with_the_figures_of_their_portion(void **state)
{
	struct doubt doubt = { .reason = "panel" };
	struct observation o = { .months = 1 };
	struct err e;
	struct batch *b = batch_new(1 << 20, &e);

	(void)state;
	assert_non_null(b);
	o.labels = labels_make(&e, "park_x", "park", "p1", NULL);
	assert_ok(batch_observe(b, o, &e), &e);
	assert_ok(batch_doubt(b, &doubt, &e), &e);
	batch_portion_stored(b);
	assert_int_equal(b->nobs, 0);
	assert_int_equal(b->ndoubts, 0);
	assert_int_equal(b->doubts_stored, 1);
	batch_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(each_portion_is_a_submission_and_the_last_has_the_bytes),
		T(a_document_of_one_portion_is_as_it_was),
		T(when_one_is_not_taken_the_file_stays_and_is_read_again),
		T(whatever_the_store_says_the_file_is_not_rejected),
		T(a_busy_store_is_waited_for),
		T(an_end_in_the_middle_leaves_the_file),
		T(each_allocation_may_fail),
		cmocka_unit_test(a_total_is_held_against_whole_columns_only),
		T(doubts_go_with_the_figures_of_their_portion),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
