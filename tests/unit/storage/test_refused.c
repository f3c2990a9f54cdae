/* test_refused.c - what is kept of figures that came and were refused. */
#include "base/alloc.h"
#include "storage/audit.h"
#include "storage/refused_records.h"
#include "storage/store_impl.h"
#include "tests/unit/storage/behind.h"
#include "tests/unit/storage/books.h"

#define DAY 86400000LL

/* A document of `nobs` figures of "east" and n refused ones. */
static struct append hand_over(struct fixture *f, const struct refused_cell *cells, size_t n,
			       size_t nobs, int64_t now)
{
	struct labels *ls = series_named("output", "east");
	struct observation o = { .labels = ls, .stamp_ms = DAY, .value = (double)now, .months = 1 };
	struct append a = { .submission = { .source = "east-feed",
					    .owner = "统计局",
					    .received_ms = now,
					    .released_ms = nobs ? now : 0,
					    .rejected = !nobs,
					    .reason = nobs ? "" : "none could be kept",
					    .refused = (uint32_t)n },
			    .obs = &o,
			    .nobs = nobs,
			    .cells = cells,
			    .ncells = n };
	char body[32];

	snprintf(body, sizeof(body), "%lld", (long long)now);
	a.submission.body = slice_str(body);
	assert_ok(append_now(f->s, &a, &f->e), &f->e);
	labels_unref(ls);
	return a;
}

static size_t refused_of(struct fixture *f, const struct labels *ls, int64_t from_ms, int64_t to_ms,
			 struct refused_figure **out)
{
	struct snapshot *v = must_snapshot(f->s);
	size_t n;

	assert_ok(snapshot_refused(v, ls, from_ms, to_ms, &f->arena, out, &n, &f->e), &f->e);
	snapshot_close(v);
	return n;
}

static void a_refused_figure_is_found_by_its_series_and_period(void **state)
{
	struct fixture *f = *state;
	struct labels *east = series_named("output", "east"),
		      *west = series_named("output", "west");
	const struct refused_cell cells[] = { { west, 3 * DAY, "range" },
					      { west, DAY, "value" },
					      { east, 2 * DAY, "conflict" } };
	struct append a = hand_over(f, cells, 3, 1, 1000);
	struct refused_figure *r;
	struct submission sub;
	struct snapshot *v;
	size_t n;

	assert_int_equal(a.submission.cells, 3);
	for (int again = 0; again < 2; again++) {
		assert_int_equal(refused_of(f, west, DAY, 3 * DAY, &r), 2);
		assert_int_equal(r[0].stamp_ms, DAY);
		assert_string_equal(r[0].reason, "value");
		assert_int_equal(r[1].stamp_ms, 3 * DAY);
		assert_string_equal(r[1].reason, "range");
		assert_int_equal(r[1].received_ms, 1000);
		assert_int_equal(r[1].submission, a.submission.sequence);
		assert_int_equal(refused_of(f, west, DAY + 1, 3 * DAY - 1, &r), 0);
		assert_int_equal(refused_of(f, west, 3 * DAY, INT64_MAX, &r), 1);
		assert_int_equal(refused_of(f, east, INT64_MIN, INT64_MAX, &r), 1);
		reopen(f);
	}
	v = must_snapshot(f->s);
	assert_ok(snapshot_submission(v, 1, &f->arena, &sub, &f->e), &f->e);
	assert_int_equal(sub.cells, 3);
	assert_ok(snapshot_all_refused(v, &f->arena, &r, &n, &f->e), &f->e);
	assert_int_equal(n, 3);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(labels_cmp(r[i].labels, r[i].stamp_ms == 2 * DAY ? east : west),
				 0);
	snapshot_close(v);
	labels_unref(east);
	labels_unref(west);
}

static void a_submission_refused_as_a_whole_may_carry_them(void **state)
{
	struct fixture *f = *state;
	struct labels *ls = series_named("output", "nobody");
	const struct refused_cell cell = { ls, DAY, "unit_slip" };
	struct refused_figure *r;

	assert_int_equal(hand_over(f, &cell, 1, 0, 1000).submission.cells, 1);
	/* The same bytes for the same reason add nothing. */
	hand_over(f, &cell, 1, 0, 1000);
	assert_int_equal(refused_of(f, ls, DAY, DAY, &r), 1);
	assert_int_equal(r[0].submission, 1);
	hand_over(f, &cell, 1, 0, 2000);
	assert_int_equal(refused_of(f, ls, DAY, DAY, &r), 2);
	assert_int_equal(r[1].submission, 2);
	labels_unref(ls);
}

static void they_are_bounded_by_submission_and_by_figure(void **state)
{
	struct fixture *f = *state;
	struct labels *ls = series_named("output", "east");
	struct refused_cell *cells = calloc(REFUSED_OF_APPEND_MAX + 5, sizeof(*cells));
	struct refused_figure *r;

	for (int i = 0; i < REFUSED_OF_APPEND_MAX + 5; i++)
		cells[i] = (struct refused_cell){ ls, i * DAY, "range" };
	assert_int_equal(hand_over(f, cells, REFUSED_OF_APPEND_MAX + 5, 1, 1000).submission.cells,
			 REFUSED_OF_APPEND_MAX);
	assert_int_equal(refused_of(f, ls, INT64_MIN, INT64_MAX, &r), REFUSED_OF_APPEND_MAX);
	for (int i = 2; i <= REFUSED_OF_CELL_MAX + 3; i++)
		assert_int_equal(hand_over(f, cells, 1, 1, 1000 * i).submission.cells,
				 i <= REFUSED_OF_CELL_MAX);
	assert_int_equal(refused_of(f, ls, 0, 0, &r), REFUSED_OF_CELL_MAX);
	free(cells);
	labels_unref(ls);
}

static void one_without_labels_or_reason_is_no_append(void **state)
{
	struct fixture *f = *state;
	struct labels *ls = series_named("output", "east");
	struct observation o = { .labels = ls, .value = 1 };
	struct refused_cell wrong[] = { { NULL, 0, "x" }, { ls, 0, NULL }, { ls, 0, "" } };

	for (size_t i = 0; i < 3; i++) {
		struct append a = { .obs = &o, .nobs = 1, .cells = &wrong[i], .ncells = 1 };

		assert_fails(append_now(f->s, &a, &f->e), &f->e, ERR_INVALID,
			     "refused figure 0 has no labels, or no short reason");
	}
	labels_unref(ls);
}

/* Of the one refused figure of `ls` there is. */
static void key_of(const struct labels *ls, uint8_t key[KEY_REFUSED_BYTES])
{
	struct buf text;
	struct err e;

	buf_init(&text, 10000);
	assert_ok(refused_labels(ls, &text, &e), &e);
	refused_key(key, buf_all(&text), DAY, 1, 0);
	buf_release(&text);
}

static void keep_record(const char *dir, const uint8_t *key, struct buf *out)
{
	struct behind b;
	struct slice value;

	behind_open(&b, dir);
	assert_int_equal(db_get(b.t, DB_REFUSED, key_slice(key, KEY_REFUSED_BYTES), &value, &b.e),
			 1);
	buf_init(out, 10000);
	buf_slice(out, value);
	behind_close(&b);
}

static void put_record(const char *dir, const uint8_t *key, struct buf *value)
{
	struct behind b;

	behind_open(&b, dir);
	assert_ok(db_put(b.t, DB_REFUSED, key_slice(key, KEY_REFUSED_BYTES), buf_all(value), &b.e),
		  &b.e);
	behind_close(&b);
	buf_release(value);
}

static void expect_faults(struct fixture *f, const char *of_check, const char *of_audit)
{
	struct err e = { 0 };
	long n;
	char *text = check_text(f->dir, &n, &e);

	assert_has(text, of_check);
	free(text);
	text = audit_text(f->dir, NULL, &n);
	assert_has(text, of_audit);
	free(text);
}

static void one_that_is_damaged_or_missing_is_noticed(void **state)
{
	struct fixture *f = *state;
	struct labels *ls = series_named("output", "west");
	const struct refused_cell cell = { ls, DAY, "range" };
	uint8_t key[KEY_REFUSED_BYTES];
	struct refused_figure *r;
	struct snapshot *v;
	struct buf kept;
	size_t n;

	hand_over(f, &cell, 1, 1, 1000);
	store_close(f->s);
	key_of(ls, key);
	damage_record(f->dir, DB_REFUSED, key, sizeof(key), 3);
	expect_faults(f, "a refused figure is damaged: the checksum is wrong",
		      "a refused figure is damaged: the checksum is wrong");
	f->s = must_open(f->dir);
	v = must_snapshot(f->s);
	assert_fails(snapshot_refused(v, ls, DAY, DAY, &f->arena, &r, &n, &f->e), &f->e,
		     ERR_CORRUPT, "refused");
	snapshot_close(v);
	store_close(f->s);
	/* The same byte once more makes it right again. */
	damage_record(f->dir, DB_REFUSED, key, sizeof(key), 3);
	assert_sound(f->dir);
	keep_record(f->dir, key, &kept);
	remove_record(f->dir, DB_REFUSED, key, sizeof(key));
	expect_faults(f, "submission 1 names 1 refused figures, 0 are there",
		      "submission 1 names 1 refused figures, 0 are there");
	put_record(f->dir, key, &kept);
	f->s = must_open(f->dir);
	labels_unref(ls);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(a_refused_figure_is_found_by_its_series_and_period),
		STORE_TEST(a_submission_refused_as_a_whole_may_carry_them),
		STORE_TEST(they_are_bounded_by_submission_and_by_figure),
		STORE_TEST(one_without_labels_or_reason_is_no_append),
		STORE_TEST(one_that_is_damaged_or_missing_is_noticed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
