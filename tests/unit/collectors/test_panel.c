/*
 * test_panel.c - the edit of a figure and its peers: the numbers, how often it asks in vain and how
 * often it finds a slip, in panels of few and of many units, and which figures become questions.
 */
#include "base/counter.h"
#include "collectors/edits.h"
#include "tests/unit/collectors/documents.h"

#include <math.h>

enum { MANY = 1001, FIGURES = 20000 };

/* --- numbers -------------------------------------------------------------------------- */

/* Ten units; the distances were worked out by another program from the formulas of docs/methods.md.
 * Median ratio 1.055, quartiles of the effects -0.2714600604, 0.0101053886 and 0.1359875931, the
 * median weight 13.60: its fiftieth is 0.2720933042, less than the quartile below is away and more
 * than the one above, so usual is what lies between -2.4676705633 and 2.4045264655. */
static void hidiroglou_and_berthelots_edit_gives_known_numbers(void **state)
{
	const double now[] = { 105, 212, 330, 98, 520, 43, 250, 900, 61, 160 };
	const double before[] = { 100, 200, 300, 100, 500, 40, 240, 300, 60, 150 };
	double room[20], far[10], median;

	(void)state;
	assert_true(hb_edit(now, before, 10, &hb_defaults, room, far, &median));
	assert_near(median, 1.055, 1e-12);
	assert_near(room[2], 0.7748489057879815, 1e-12);
	assert_near(room[3], -0.765306122448981, 1e-12);
	assert_near(room[7], 55.3080568720379, 1e-10);
	assert_near(far[0], 0.02377147628949277, 1e-12);
	assert_near(far[2], 0.31938556025977605, 1e-12);
	assert_near(far[3], 0.31294658036456946, 1e-12);
	assert_near(far[7], 23.09449746205625, 1e-10);
	assert_false(hb_edit(now, before, 7, &hb_defaults, room, far, &median));
	assert_true(hb_edit(now, before, 8, &hb_defaults, room, far, &median));
}

/* Where they do, quartiles tell nothing; a change of 18 % and more is far among nine such. */
static void a_unit_that_leaves_a_panel_that_moves_as_one_is_far(void **state)
{
	double now[9], before[9], room[18], far[9], median;

	(void)state;
	for (int k = 0; k < 9; k++)
		now[k] = 2 * (before[k] = 10);
	now[8] = 2 * 10 * 1.16;
	assert_true(hb_edit(now, before, 9, &hb_defaults, room, far, &median));
	assert_true(far[8] < 1);
	now[8] = 2 * 10 * 1.25;
	assert_true(hb_edit(now, before, 9, &hb_defaults, room, far, &median));
	assert_true(far[8] > 1);
	for (int k = 0; k < 8; k++)
		assert_f64(far[k], 0);
}

static uint64_t seed;

static double uniform(void)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return ((double)(seed >> 11) + 0.5) / 9007199254740992.0;
}

static double normal(void)
{
	double radius = sqrt(-2 * log(uniform()));

	return radius * cos(2 * M_PI * uniform());
}

/* Units of very different size, each of which grows by 8 %, more or less. */
static void simulate(double *now, double *before, size_t n)
{
	for (size_t k = 0; k < n; k++) {
		before[k] = exp(18 + 0.8 * normal());
		now[k] = before[k] * 1.08 * exp(0.1 * normal());
	}
}

static int rising(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

/* Of so many that quartiles and median are values, not between two. */
static double of_rank(const double *x, size_t rank)
{
	static double sorted[MANY];

	memcpy(sorted, x, sizeof(sorted));
	qsort(sorted, MANY, sizeof(*sorted), rising);
	return sorted[rank];
}

static void a_large_panel_is_edited_as_by_plain_sorting(void **state)
{
	static double now[MANY], before[MANY], room[2 * MANY], far[MANY];
	static double ratio[MANY], size[MANY], effect[MANY];
	double median, low, middle, high, least, bound;
	size_t outside = 0;

	(void)state;
	seed = 20261126;
	simulate(now, before, MANY);
	assert_true(hb_edit(now, before, MANY, &hb_defaults, room, far, &median));
	for (size_t k = 0; k < MANY; k++)
		ratio[k] = now[k] / before[k];
	assert_f64(median, of_rank(ratio, MANY / 2));
	for (size_t k = 0; k < MANY; k++) {
		size[k] = pow(now[k] > before[k] ? now[k] : before[k], 0.5);
		effect[k] = ratio[k] < median ? (1 - median / ratio[k]) * size[k]
					      : (ratio[k] / median - 1) * size[k];
		assert_f64(room[k], effect[k]);
	}
	least = 0.02 * of_rank(size, MANY / 2);
	low = of_rank(effect, MANY / 4);
	middle = of_rank(effect, MANY / 2);
	high = of_rank(effect, MANY - 1 - MANY / 4);
	assert_true(middle - low > least && high - middle > least);
	for (size_t k = 0; k < MANY; k++) {
		bound = effect[k] < middle ? middle - low : high - middle;
		bound *= 4 * (1 + 12.0 / MANY);
		assert_f64(far[k], fabs(effect[k] - middle) / bound);
		outside += far[k] > 1;
	}
	assert_in_range(outside, 5, 50);
}

/* --- how often it asks in vain, and finds ------------------------------------------------- */

enum slip { NONE, UP_10, DOWN_10, UP_10000, DOWN_10000, SWAPPED, SLIPS };

struct rate {
	size_t hits, of;
};

/* Two units that are at least twice as large as the other stand in each other's rows. */
static bool swap(double *now, size_t n, size_t *a, size_t *b)
{
	for (size_t k = 1; k < n; k++)
		if (now[k] > 2 * now[0] || now[0] > 2 * now[k]) {
			double other = now[k];

			now[k] = now[0];
			now[0] = other;
			*a = 0;
			*b = k;
			return true;
		}
	return false;
}

static void spoil(enum slip slip, double *now, size_t n, size_t *a, size_t *b)
{
	static const double factors[SLIPS] = { 1, 10, 0.1, 1e4, 1e-4, 1 };

	*a = *b = (size_t)(uniform() * (double)n);
	if (slip == SWAPPED && !swap(now, n, a, b))
		*a = *b = n; /* none that differ so */
	else
		now[*a] *= factors[slip];
}

/* With one slip in each panel: how many slipped figures are found. Without: of all. */
static struct rate measure(size_t n, enum slip slip, const struct hb_options *o)
{
	static double now[1000], before[1000], room[2000], far[1000];
	size_t panels = slip == NONE ? FIGURES / n : 200, a, b;
	struct rate r = { 0 };
	double median;

	seed = 1986 + n;
	for (size_t p = 0; p < panels; p++) {
		bool edited;

		simulate(now, before, n);
		spoil(slip, now, n, &a, &b);
		edited = hb_edit(now, before, n, o, room, far, &median);
		for (size_t k = 0; k < n; k++) {
			if (slip != NONE && k != a && k != b)
				continue;
			r.of++;
			r.hits += edited && far[k] > 1;
		}
	}
	return r;
}

/* Without the width for few units ten of them would be asked in 8 of 100 cases, a thousand in 5. */
static void few_units_are_not_asked_more_often_than_many(void **state)
{
	static const struct {
		size_t units, asked_at_most;
	} panels[] = { { 5, 0 }, { 10, 300 }, { 20, 550 }, { 100, 850 }, { 1000, 1100 } };
	struct hb_options plain = hb_defaults;

	(void)state;
	plain.few = 0;
	for (size_t i = 0; i < 5; i++) {
		struct rate r = measure(panels[i].units, NONE, &hb_defaults);
		struct rate p = measure(panels[i].units, NONE, &plain);

		print_message("%zu units: %zu of %zu good figures are outliers, %zu by C alone\n",
			      panels[i].units, r.hits, r.of, p.hits);
		assert_int_equal(r.of, FIGURES);
		assert_in_range(r.hits, 0, panels[i].asked_at_most);
		assert_true(panels[i].units != 10 || p.hits > 1500);
		assert_true(panels[i].units != 1000 || p.hits < 1100);
	}
}

/* 200 panels each. Five units are too few for this edit: there the unit's own past has to do. */
static void slips_are_found_among_few_units_as_among_many(void **state)
{
	static const size_t units[] = { 10, 20, 100, 1000 };

	(void)state;
	for (size_t i = 0; i < 4; i++)
		for (enum slip s = UP_10; s < SLIPS; s++) {
			struct rate r = measure(units[i], s, &hb_defaults);

			if (s == SWAPPED)
				print_message("%zu units: %zu of %zu swapped are found\n", units[i],
					      r.hits, r.of);
			else
				assert_int_equal(r.hits, r.of);
			assert_true(r.of >= 200 && r.hits * 100 >= r.of * 97);
		}
	assert_int_equal(measure(5, UP_10, &hb_defaults).hits, 0);
}

/* --- questions ------------------------------------------------------------------------------ */

enum { UNITS = 10, INDICATORS = 25 };

static const struct layout layout = { .unit = COLUMN("单位"),
				      .indicator = COLUMN("指标"),
				      .period = COLUMN("期间"),
				      .value = COLUMN("数值") };

static struct documents *open_city(const char *rule)
{
	struct documents *d;
	struct buf b;

	buf_init(&b, 1 << 20);
	buf_puts(&b, "units:\n");
	for (int u = 0; u < UNITS; u++)
		buf_printf(&b, "  - {id: p%d, class: park, name: 园%d}\n", u, u);
	buf_puts(&b, "indicators:\n");
	for (int i = 0; i < INDICATORS; i++)
		buf_printf(&b,
			   "  - {code: c%02d, name: 指标%02d, measure: 家, freq: M, form: level, "
			   "edits: {panel: %s}}\n",
			   i, i, rule);
	buf_putc(&b, '\0');
	d = documents_open(b.p, NULL);
	buf_release(&b);
	return d;
}

/* Of each indicator, two months of ten units; the first unit of the i-th one grows i + 2 fold, all
 * others a little. */
static void put_rows(struct buf *b)
{
	buf_init(b, 1 << 20);
	buf_puts(b, "单位,指标,期间,数值\n");
	for (int i = 0; i < INDICATORS; i++)
		for (int u = 0; u < UNITS; u++)
			buf_printf(b, "园%d,c%02d,2026-09,1000\n园%d,c%02d,2026-10,%d\n", u, i, u,
				   i, u ? 1000 + u : 1000 * (i + 2));
}

static int stored;

static int forget(void *ctx, struct batch *b, struct err *e)
{
	(void)e;
	stored += (int)b->nobs;
	*(size_t *)ctx += b->ndoubts;
	return 0;
}

static void decode(struct documents *d, size_t questions, const struct portions *portions)
{
	struct document doc = { .format = FORMAT_CSV,
				.layout = &layout,
				.class = UNIT_PARK,
				.panel_questions = questions,
				.portions = portions,
				.now_ms = NOW_MS };
	struct buf b;

	put_rows(&b);
	doc.body = slice_of(b.p, b.n);
	assert_ok(documents_decode(d, &doc), &d->e);
	buf_release(&b);
}

static bool is_asked(const struct documents *d, const char *code)
{
	for (size_t k = 0; k < d->b->ndoubts; k++)
		if (strcmp(d->b->doubts[k].indicator, code) == 0)
			return true;
	return false;
}

static void the_heaviest_become_questions_and_the_rest_is_marked_and_said_once(void **state)
{
	struct documents *d = open_city("soft");
	double before = counter_get(C_FINDINGS_NOT_OPENED);
	size_t marked = 0;

	(void)state;
	decode(d, 3, NULL);
	assert_int_equal(d->b->nobs, 2 * UNITS * INDICATORS);
	for (size_t k = 0; k < d->b->nobs; k++)
		marked += (d->b->obs[k].flags & FIGURE_SUSPECT) != 0;
	assert_int_equal(marked, INDICATORS);
	assert_int_equal(d->b->count[SUSPECT_PANEL], INDICATORS);
	assert_int_equal(d->b->ndoubts, 3);
	assert_true(is_asked(d, "c24") && is_asked(d, "c23") && is_asked(d, "c22"));
	assert_int_equal(d->b->ncomplaints, 4);
	assert_complaint(d, 0, SUSPECT_PANEL, 0, 0,
			 "22 more figures changed unlike those of their peers; kept, marked as "
			 "suspect, and not asked about, as 3 of this document are");
	assert_string_equal(d->b->complaints[0].text_zh,
			    "另有 22 个数据的变动与同类单位相差过大。本文件已提出 3 个质疑，"
			    "其余仅保留并标记存疑");
	assert_complaint(d, 3, SUSPECT_PANEL, 483, 16,
			 "园0, c24 2026-10: 26 times the figure of 2026-09, where the median of 10 "
			 "units is 1.0055 times; kept, marked as suspect");
	assert_true(counter_get(C_FINDINGS_NOT_OPENED) == before + 22);
	documents_close(d);
}

static void twenty_are_asked_when_nothing_else_is_said(void **state)
{
	struct documents *d = open_city("soft");

	(void)state;
	decode(d, 0, NULL);
	assert_int_equal(d->b->ndoubts, PANEL_QUESTIONS);
	assert_false(is_asked(d, "c04"));
	assert_true(is_asked(d, "c05"));
	documents_close(d);
}

static void all_portions_of_a_document_ask_together(void **state)
{
	struct documents *d = open_city("soft");
	size_t asked = 0;
	const struct portions portions = { .figures = 2 * UNITS, .store = forget, .ctx = &asked };

	(void)state;
	stored = 0;
	decode(d, 3, &portions);
	assert_int_equal(stored + d->b->nobs, 2 * UNITS * INDICATORS);
	assert_int_equal(asked + d->b->ndoubts, 3);
	assert_int_equal(d->b->count[SUSPECT_PANEL], INDICATORS);
	documents_close(d);
}

static void a_hard_edit_refuses_all_and_says_each(void **state)
{
	struct documents *d = open_city("hard");

	(void)state;
	decode(d, 3, NULL);
	assert_int_equal(d->b->count[REFUSED_PANEL], INDICATORS);
	assert_int_equal(d->b->ncomplaints, INDICATORS);
	assert_int_equal(d->b->ndoubts, 0);
	assert_int_equal(d->b->nobs, (2 * UNITS - 1) * INDICATORS);
	documents_close(d);
}

/* Nine units stay as they are, so every change is far; 2 of 3 enterprises is 50 %, and one more. */
static void what_rounding_explains_is_no_question(void **state)
{
	static const struct {
		int before, now;
		size_t asked;
	} cases[] = { { 2, 3, 0 }, { 2, 4, 1 }, { 3, 2, 0 }, { 6, 4, 1 } };
	struct documents *d = open_city("soft");

	(void)state;
	for (size_t c = 0; c < 4; c++) {
		struct document doc = { .format = FORMAT_CSV,
					.layout = &layout,
					.class = UNIT_PARK,
					.now_ms = NOW_MS };
		struct buf b;

		buf_init(&b, 1 << 20);
		buf_puts(&b, "单位,指标,期间,数值\n");
		for (int u = 0; u < UNITS; u++)
			buf_printf(&b, "园%d,c00,2026-09,%d\n园%d,c00,2026-10,%d\n", u,
				   u ? 3 : cases[c].before, u, u ? 3 : cases[c].now);
		doc.body = slice_of(b.p, b.n);
		assert_ok(documents_decode(d, &doc), &d->e);
		assert_int_equal(d->b->ndoubts, cases[c].asked);
		buf_release(&b);
	}
	documents_close(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hidiroglou_and_berthelots_edit_gives_known_numbers),
		cmocka_unit_test(a_unit_that_leaves_a_panel_that_moves_as_one_is_far),
		cmocka_unit_test(a_large_panel_is_edited_as_by_plain_sorting),
		cmocka_unit_test(few_units_are_not_asked_more_often_than_many),
		cmocka_unit_test(slips_are_found_among_few_units_as_among_many),
		cmocka_unit_test(
			the_heaviest_become_questions_and_the_rest_is_marked_and_said_once),
		cmocka_unit_test(twenty_are_asked_when_nothing_else_is_said),
		cmocka_unit_test(all_portions_of_a_document_ask_together),
		cmocka_unit_test(a_hard_edit_refuses_all_and_says_each),
		cmocka_unit_test(what_rounding_explains_is_no_question),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
