/* test_figure.c - figures in chunks come back with all that is known of them. */
#include "base/alloc.h"
#include "base/num.h"
#include "base/observation.h"
#include "storage/figure.h"
#include "storage/keys.h"
#include "tests/lib/assert.h"

#include <stdlib.h>

static const int64_t day_ms = 86400000;

struct world {
	struct figure_packer *p;
	struct figure *in, *out; /* room for FIGURES_MAX */
	size_t n;
	struct chunk c;
	uint64_t seed;
	struct err e;
};

static int set_up(void **state)
{
	struct world *x = calloc(1, sizeof(*x));

	x->p = figure_packer_new(&x->e);
	x->in = calloc(FIGURES_MAX, sizeof(*x->in));
	x->out = calloc(FIGURES_MAX, sizeof(*x->out));
	x->seed = 88172645463325252u;
	*state = x;
	return x->p ? 0 : -1;
}

static int tear_down(void **state)
{
	struct world *x = *state;

	figure_packer_free(x->p);
	free(x->in);
	free(x->out);
	free(x);
	return 0;
}

static uint64_t some(struct world *x, uint64_t below)
{
	x->seed ^= x->seed << 13;
	x->seed ^= x->seed >> 7;
	x->seed ^= x->seed << 17;
	return x->seed % below;
}

static size_t chunk_bytes(const struct chunk *c)
{
	return c->times.n + c->values.n + c->attributes.n;
}

static void pack(struct world *x)
{
	figures_sort(x->in, x->n);
	assert_ok(figures_pack(x->p, 7, x->in, x->n, &x->c, &x->e), &x->e);
	assert_int_equal(x->c.series, 7);
	assert_int_equal(x->c.count, x->n);
	assert_true(x->c.first_ms == x->in[0].stamp_ms);
	assert_true(x->c.last_ms == x->in[x->n - 1].stamp_ms);
}

static void assert_figure(const struct figure *b, const struct figure *a)
{
	assert_true(a->stamp_ms == b->stamp_ms);
	assert_true(a->known_from_ms == b->known_from_ms);
	assert_true(a->sequence == b->sequence);
	assert_true(a->received_ms == b->received_ms);
	assert_true(a->released_ms == b->released_ms);
	assert_memory_equal(&a->value, &b->value, sizeof(a->value));
	assert_int_equal(a->months, b->months);
	assert_int_equal(a->flags, b->flags);
	assert_int_equal(a->known, b->known);
}

/* Any part of a chunk is what the whole has there. */
static void expect_parts(struct world *x)
{
	int64_t *t = malloc((x->n + COLUMN_SLACK) * sizeof(*t));
	struct figure *part = malloc(x->n * sizeof(*part));

	assert_ok(figures_unpack_times(x->p, &x->c, t, &x->e), &x->e);
	for (int k = 0; k < 5; k++) {
		uint32_t from = (uint32_t)some(x, x->n);
		uint32_t to = from + 1 + (uint32_t)some(x, x->n - from);

		assert_ok(figures_unpack_attributes(x->p, &x->c, from, to, &x->e), &x->e);
		assert_ok(figures_unpack_part(x->p, &x->c, t, from, to, part, &x->e), &x->e);
		for (uint32_t i = from; i < to; i++) {
			assert_figure(&part[i - from], &x->out[i]);
			assert_int_equal(part[i - from].row, i);
		}
	}
	free(part);
	free(t);
}

/* Rows number them as they lie; a release that submissions know is that of the submission. */
static void expect_same(struct world *x)
{
	assert_ok(figures_unpack(x->p, &x->c, x->out, &x->e), &x->e);
	for (size_t i = 0; i < x->n; i++) {
		assert_figure(&x->out[i], &x->in[i]);
		assert_int_equal(x->out[i].row, i);
	}
	expect_parts(x);
}

static void a_single_figure_comes_back(void **state)
{
	struct world *x = *state;

	x->n = 1;
	x->in[0] = (struct figure){ .stamp_ms = -5,
				    .known_from_ms = 7,
				    .sequence = UINT64_MAX,
				    .received_ms = 7,
				    .released_ms = 9,
				    .value = -1e-300,
				    .months = 255,
				    .flags = 255 };
	pack(x);
	expect_same(x);
	assert_true(chunk_bytes(&x->c) < 60);
}

static void drafts_moved_and_given_ones_keep_their_kind(void **state)
{
	struct world *x = *state;

	x->n = 5;
	x->in[0] = (struct figure){ .stamp_ms = 1,
				    .known_from_ms = 50,
				    .sequence = 1,
				    .received_ms = 50,
				    .released_ms = 0,
				    .value = 1 };
	x->in[1] = (struct figure){ .stamp_ms = 1,
				    .known_from_ms = 50,
				    .sequence = 2,
				    .received_ms = 20,
				    .released_ms = 25,
				    .value = 2,
				    .known = KNOWN_MOVED };
	x->in[2] = (struct figure){ .stamp_ms = 2,
				    .known_from_ms = -900,
				    .sequence = 3,
				    .received_ms = 70,
				    .released_ms = -900,
				    .value = 3,
				    .known = KNOWN_GIVEN };
	/* Of the same submission, which is released. */
	x->in[3] = (struct figure){ .stamp_ms = 3,
				    .known_from_ms = 20,
				    .sequence = 2,
				    .received_ms = 20,
				    .released_ms = 25,
				    .value = 4 };
	x->in[4] = (struct figure){ .stamp_ms = 4,
				    .known_from_ms = INT64_MAX,
				    .sequence = 2,
				    .received_ms = 20,
				    .released_ms = INT64_MAX,
				    .value = 5,
				    .known = KNOWN_GIVEN };
	pack(x);
	expect_same(x);
}

static void figures_of_any_kind_come_back(void **state)
{
	struct world *x = *state;

	for (int round = 0; round < 60; round++) {
		struct figure subs[20];

		x->n = 1 + some(x, round % 10 ? 60 : FIGURES_MAX);
		for (int i = 0; i < 20; i++) {
			subs[i].sequence = 1 + (uint64_t)i * 1000 + some(x, 1 + (uint64_t)round);
			subs[i].received_ms = (int64_t)some(x, 1u << 30) - (1 << 29);
			subs[i].released_ms = some(x, 3) ? (int64_t)some(x, 1u << 30) + 1 : 0;
		}
		for (size_t i = 0; i < x->n; i++) {
			struct figure *f = &x->in[i];
			const struct figure *s = &subs[some(x, 20)];

			*f = (struct figure){
				.stamp_ms = ((int64_t)some(x, 400) - 200) * day_ms,
				.known_from_ms = s->received_ms,
				.sequence = s->sequence,
				.received_ms = s->received_ms,
				.released_ms = s->released_ms,
				.value = round % 2 ? (double)some(x, 1000) / 10 : (double)x->seed,
				.row = (uint32_t)i,
				.months = (uint8_t)some(x, 13),
				.flags = (uint8_t)some(x, 32),
				.known = (uint8_t)some(x, 3),
			};
			if (f->known != KNOWN_RECEIVED)
				f->known_from_ms += (int64_t)some(x, 5000) - 2500;
			if (f->known == KNOWN_GIVEN)
				f->released_ms = f->known_from_ms;
		}
		pack(x);
		expect_same(x);
	}
}

/* Like a series of which each month is published again for years, as the Federal Reserve's archive
 * has them: many vintages a period, most of them of submissions that revised a year at once. */
static void many_vintages_of_a_period_cost_little(void **state)
{
	enum { SUBMISSIONS = 120, BACK = 13 };
	struct world *x = *state;

	x->n = 0;
	for (int s = 0; s < SUBMISSIONS; s++)
		for (int b = 0; b < BACK && s - b >= 0; b++) {
			int64_t received = (14610 + s * INT64_C(30)) * day_ms + 45000000;

			x->in[x->n++] = (struct figure){
				.stamp_ms = (14600 + (s - b) * INT64_C(30)) * day_ms,
				.known_from_ms = received,
				.sequence = 1 + (uint64_t)s,
				.received_ms = received,
				.released_ms = received,
				.value = (double)(138000 + s * 150 - b * 13 + (s * b) % 7),
				.months = 1,
			};
		}
	pack(x);
	expect_same(x);
	print_message("%zu vintages: %zu bytes\n", x->n, chunk_bytes(&x->c));
	assert_true(chunk_bytes(&x->c) < x->n * 8);
}

static void a_chunk_takes_as_many_as_it_may(void **state)
{
	struct world *x = *state;

	x->n = FIGURES_MAX;
	for (size_t i = 0; i < x->n; i++)
		x->in[i] = (struct figure){ .stamp_ms = (int64_t)some(x, UINT64_C(1) << 62),
					    .known_from_ms = (int64_t)i,
					    .sequence = i + 1,
					    .received_ms = (int64_t)i,
					    .value = (double)x->seed / 3 };
	pack(x);
	expect_same(x);
	x->c.count++;
	assert_fails(figures_unpack(x->p, &x->c, x->out, &x->e), &x->e, ERR_CORRUPT,
		     "the attributes of a chunk of figures are damaged");
}

static void figures_lie_by_period_known_submission_row(void **state)
{
	static const struct figure rising[] = {
		{ .stamp_ms = -5 },
		{ .stamp_ms = 7, .known_from_ms = -9, .sequence = 4 },
		{ .stamp_ms = 7, .known_from_ms = 3, .sequence = 1, .row = 9 },
		{ .stamp_ms = 7, .known_from_ms = 3, .sequence = 2 },
		{ .stamp_ms = 7, .known_from_ms = 3, .sequence = 2, .row = 1 },
		{ .stamp_ms = 8, .known_from_ms = INT64_MIN },
	};
	enum { N = sizeof(rising) / sizeof(rising[0]) };
	struct world *x = *state;

	for (int i = 0; i < N; i++)
		for (int j = 0; j < N; j++) {
			int c = figure_cmp(&rising[i], &rising[j]);

			assert_int_equal((c > 0) - (c < 0), (i > j) - (i < j));
		}
	for (int i = 0; i < N; i++)
		x->in[i] = rising[N - 1 - i];
	figures_sort(x->in, N);
	for (int i = 0; i < N; i++)
		assert_int_equal(figure_cmp(&x->in[i], &rising[i]), 0);
	figures_sort(NULL, 0);
}

/* --- bytes nobody has vouched for --------------------------------------------------- */

static void damaged_attributes_are_an_error_or_other_figures(void **state)
{
	struct world *x = *state;
	char *copy;
	size_t n;

	x->n = 40;
	for (size_t i = 0; i < x->n; i++)
		x->in[i] = (struct figure){ .stamp_ms = (int64_t)i / 2 * day_ms,
					    .known_from_ms = 100 + (int64_t)i,
					    .sequence = i % 4 + 1,
					    .received_ms = 100,
					    .released_ms = 200,
					    .value = (double)i,
					    .months = 1,
					    .known = i % 2 ? KNOWN_MOVED : KNOWN_RECEIVED };
	for (size_t i = 0; i < x->n; i += 2)
		x->in[i].known_from_ms = 100;
	pack(x);
	n = x->c.attributes.n;
	copy = malloc(n);
	memcpy(copy, x->c.attributes.p, n);
	for (size_t bit = 0; bit < n * 8; bit++) {
		struct chunk c = x->c;
		struct err e = { 0 };

		copy[bit / 8] ^= (char)(1 << bit % 8);
		c.attributes = slice_of(copy, n);
		if (figures_unpack(x->p, &c, x->out, &e) < 0)
			assert_int_equal(e.code, ERR_CORRUPT);
		copy[bit / 8] ^= (char)(1 << bit % 8);
	}
	for (size_t cut = 0; cut < n; cut++) {
		char *part = malloc(cut + 1);
		struct chunk c = x->c;
		struct err e = { 0 };

		memcpy(part, copy, cut);
		c.attributes = slice_of(part, cut);
		assert_fails(figures_unpack(x->p, &c, x->out, &e), &e, ERR_CORRUPT, "");
		free(part);
	}
	free(copy);
}

static void without_memory_no_half_chunk_is_given(void **state)
{
	struct world *x = *state;
	long errors = 0;

	x->n = 500;
	for (size_t i = 0; i < x->n; i++)
		x->in[i] = (struct figure){ .stamp_ms = (int64_t)i,
					    .known_from_ms = (int64_t)some(x, 1000),
					    .sequence = i + 1,
					    .received_ms = (int64_t)i,
					    .value = (double)some(x, 1 << 30),
					    .months = (uint8_t)some(x, 200),
					    .flags = (uint8_t)some(x, 200),
					    .known = KNOWN_MOVED };
	figures_sort(x->in, x->n);
	for (long k = 0; k < 40; k++) {
		struct err e = { 0 };
		struct figure_packer *p;
		struct chunk c;
		int rc = -1;

		mem_fail_after(k, 0);
		p = figure_packer_new(&e);
		if (p)
			rc = figures_pack(p, 1, x->in, x->n, &c, &e);
		mem_fail_after(-1, 0);
		if (rc < 0) {
			assert_int_equal(e.code, ERR_MEMORY);
			errors++;
		} else {
			x->c = c;
			expect_same(x);
		}
		figure_packer_free(p);
	}
	assert_true(errors > 5 && errors < 40);
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_single_figure_comes_back),
		TEST(drafts_moved_and_given_ones_keep_their_kind),
		TEST(figures_of_any_kind_come_back),
		TEST(many_vintages_of_a_period_cost_little),
		TEST(a_chunk_takes_as_many_as_it_may),
		TEST(figures_lie_by_period_known_submission_row),
		TEST(damaged_attributes_are_an_error_or_other_figures),
		TEST(without_memory_no_half_chunk_is_given),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
