/*
 * test_edits.c - the edits of reported figures, each with its boundaries.
 *
 * What fails a hard edit is refused and what fails a soft one is kept and doubted, each with
 * its sentence in two languages; everything else is stored as it was sent. The edit of peers is in
 * test_panel.c.
 */
#include "collectors/edits.h"
#include "tests/lib/starve.h"
#include "tests/unit/collectors/documents.h"

#include <math.h>

#define EDITS_CATALOGUE                                                                                \
	"units:\n"                                                                                     \
	"  - {id: a, class: park, name: 甲河}\n"                                                     \
	"  - {id: b, class: park, name: 乙山}\n"                                                     \
	"  - {id: c, class: park, name: 丙水}\n"                                                     \
	"indicators:\n"                                                                                \
	"  - {code: invested_yuan, name: 投资, measure: 亿元, freq: M, form: ytd}\n"               \
	"  - {code: industry_yuan, name: 工业投资, measure: 亿元, freq: M, form: ytd,\n"         \
	"     part_of: invested_yuan}\n"                                                               \
	"  - {code: all_yuan, name: 三产合计, measure: 亿元, freq: M, form: ytd,\n"              \
	"     sum_of: [first_yuan, second_yuan, third_yuan]}\n"                                        \
	"  - {code: first_yuan, name: 一产, measure: 亿元, freq: M, form: ytd}\n"                  \
	"  - {code: second_yuan, name: 二产, measure: 亿元, freq: M, form: ytd}\n"                 \
	"  - {code: third_yuan, name: 三产, measure: 亿元, freq: M, form: ytd}\n"                  \
	"  - {code: staff_persons, name: 人员, measure: 人, freq: M, form: level,\n"                \
	"     level_change: 0.5, min: 0,\n"                                                            \
	"     breaks: [{from: 2020-01, reason: threshold},\n"                                          \
	"       {from: 2021-01, reason: threshold, factor: 2}]}\n"                                     \
	"  - {code: invested_growth_ratio, name: 投资增速, measure: '%', freq: M,\n"               \
	"     form: growth, basis: ytd, growth_of: invested_yuan}\n"                                   \
	"  - {code: month_growth_ratio, name: 当月增速, measure: '%', freq: M, form: growth,\n"    \
	"     basis: period, growth_of: invested_yuan}\n"                                              \
	"  - {code: doubted_yuan, name: 存疑项, measure: 亿元, freq: M, form: period, max: 10,\n" \
	"     edits: {range: soft, unit_slip: soft, total: soft}}\n"                                   \
	"  - {code: strict_yuan, name: 严格项, measure: 亿元, freq: M, form: ytd,\n"              \
	"     edits: {ytd_falls: hard, total: off, unit_slip: off}}\n"                                 \
	"  - {code: share_ratio, name: 占比, measure: '%', freq: M, form: level}\n"

#define HEAD "园区,指标,期间,数值\n"

static const struct layout long_layout = { .unit = COLUMN("园区"),
					   .indicator = COLUMN("指标"),
					   .period = COLUMN("期间"),
					   .value = COLUMN("数值") };

static const struct layout wide_layout = { .unit = COLUMN("园区"),
					   .period = FIXED("2026-10"),
					   .indicator = HEADER };

static int open_edits(void **state)
{
	*state = documents_open(EDITS_CATALOGUE, NULL);
	return 0;
}

static int close_edits(void **state)
{
	documents_close(*state);
	return 0;
}

static int no_history(void **state)
{
	struct documents *d = *state;

	d->nstored = 0;
	return 0;
}

static void take_as(struct documents *d, const struct layout *layout, const char *csv)
{
	struct document doc = { .format = FORMAT_CSV,
				.layout = layout,
				.class = UNIT_PARK,
				.body = slice_str(csv),
				.now_ms = NOW_MS };

	assert_ok(documents_decode(d, &doc), &d->e);
}

static void take(struct documents *d, const char *csv)
{
	take_as(d, &long_layout, csv);
}

/* All of it is stored without a word. */
static void passes(struct documents *d, const char *csv, size_t figures)
{
	take(d, csv);
	for (size_t i = 0; i < d->b->ncomplaints; i++)
		fail_msg("%s", d->b->complaints[i].text);
	assert_int_equal(d->b->nobs, figures);
	for (size_t i = 0; i < d->b->nobs; i++)
		assert_int_equal(d->b->obs[i].flags & FIGURE_SUSPECT, 0);
}

/* The first complaint is this; figures are kept and so many of them doubted. */
static void complains(struct documents *d, const char *csv, enum refusal why, size_t kept,
		      const char *text)
{
	size_t doubted = 0;

	take(d, csv);
	assert_true(d->b->ncomplaints > 0);
	assert_string_equal(d->b->complaints[0].text, text);
	assert_int_equal(d->b->complaints[0].why, why);
	assert_int_equal(d->b->nobs, kept);
	for (size_t i = 0; i < d->b->nobs; i++)
		doubted += (d->b->obs[i].flags & FIGURE_SUSPECT) != 0;
	assert_true(refusal_keeps(why) ? doubted > 0 : doubted == 0);
}

/* --- range and rules ------------------------------------------------------------------- */

static void a_bound_itself_is_allowed(void **state)
{
	passes(*state, HEAD "甲河,存疑项,2026-10,10\n甲河,人员,2026-10,0\n", 2);
}

static void a_soft_range_keeps_the_figure_and_doubts_it(void **state)
{
	struct documents *d = *state;

	complains(d, HEAD "甲河,存疑项,2026-10,10.01\n", SUSPECT_RANGE, 1,
		  "甲河, doubted_yuan 2026-10: 1001000000 is more than 1000000000 allowed; kept, "
		  "marked as suspect");
	assert_string_equal(
		d->b->complaints[0].text_zh,
		"甲河 存疑项 2026年10月：10.01亿元，高于允许的上限 10亿元。已保留并标记存疑，"
		"请核对或说明");
	assert_figure(d, "a", "doubted_yuan", "2026-10", 1001000000.0);
}

static void a_fall_may_be_made_a_reason_to_refuse(void **state)
{
	complains(*state, HEAD "甲河,严格项,2026-09,10\n甲河,严格项,2026-10,9\n", REFUSED_YTD_FALLS,
		  1,
		  "甲河, strict_yuan 2026-10: 900000000 is cumulative, but less than 1000000000 "
		  "of 2026-09");
}

static void every_refusal_has_its_sentence_for_the_reporter(void **state)
{
	struct documents *d = *state;

	for (int r = 0; r < REFUSALS; r++)
		assert_true(strlen(refusal_zh((enum refusal)r)) > 0);
	take(d, HEAD "丁木,投资,2026-10,1\n丁木,投资,2026-09,1\n甲河,投资,2026-10,abc\n");
	assert_string_equal(d->b->complaints[0].text_zh,
			    "单位名称不在目录中，或不由本来源报送：'丁木'（另有 1 个数据相同）");
	assert_string_equal(d->b->complaints[1].text_zh, "不是可用的数值：'abc'");
}

/* --- slips of the unit -------------------------------------------------------------------- */

static void remember_level(struct documents *d, const char *code, double value)
{
	static const char *const months[] = { "2026-06", "2026-07", "2026-08", "2026-09" };

	for (size_t i = 0; i < 4; i++)
		documents_store(d, "a", code, months[i], value);
}

static void a_slip_is_measured_by_the_median_of_the_last_figures(void **state)
{
	struct documents *d = *state;

	/* The last one alone would not be far off. */
	documents_store(d, "a", "doubted_yuan", "2026-06", 1e8);
	documents_store(d, "a", "doubted_yuan", "2026-07", 1.2e8);
	documents_store(d, "a", "doubted_yuan", "2026-08", 1.1e8);
	documents_store(d, "a", "doubted_yuan", "2026-09", 1e8 / 1024);
	complains(d, HEAD "甲河,存疑项,2026-10,0.0001\n", SUSPECT_UNIT_SLIP, 1,
		  "甲河, doubted_yuan 2026-10: 10000 is 9.5238e-05 times the median 105000000 of "
		  "its last 4 figures; is it in another measure than the header says?; kept, "
		  "marked as suspect");
}

static void a_factor_of_ten_is_doubted_only(void **state)
{
	struct documents *d = *state;

	remember_level(d, "staff_persons", 0);
	d->nstored = 0;
	remember_level(d, "doubted_yuan", 1e8);
	complains(d, HEAD "甲河,存疑项,2026-10,0.1\n", SUSPECT_UNIT_SLIP, 1,
		  "甲河, doubted_yuan 2026-10: 10000000 is 0.1 times the median 100000000 of its "
		  "last 4 figures; is it in another measure than the header says?; kept, marked "
		  "as suspect");
	/* 8 and 12.5 are the ends of what is called ten. */
	passes(d, HEAD "甲河,存疑项,2026-10,7.99\n", 1);
	complains(d, HEAD "甲河,存疑项,2026-10,8\n", SUSPECT_UNIT_SLIP, 1,
		  "甲河, doubted_yuan 2026-10: 800000000 is 8 times the median 100000000 of its "
		  "last 4 figures; is it in another measure than the header says?; kept, marked "
		  "as suspect");
	passes(d, HEAD "甲河,存疑项,2026-10,0.079\n", 1);
}

static void eight_hundred_times_the_median_is_a_slip_of_a_thousand(void **state)
{
	struct documents *d = *state;

	remember_level(d, "invested_yuan", 9e8);
	/* By the month: 9 / 6, 9 / 7, 9 / 8, 9 / 9; their median (9/7 + 9/8) / 2 = 1.205357… */
	passes(d, HEAD "甲河,投资,2026-10,9642\n", 1);
	complains(d, HEAD "甲河,投资,2026-10,9643\n", REFUSED_UNIT_SLIP, 0,
		  "甲河, invested_yuan 2026-10: 964300000000 is, by the month, 800.01 times the "
		  "median 120535714.28571428 of its last 4 figures; is it in another measure than "
		  "the header says?");
}

static void a_season_is_no_slip(void **state)
{
	/* Tibet's real-estate investment 2018 and February 2019: a hundred and eighty times less
	 * than in December. */
	passes(*state,
	       HEAD "甲河,投资,2018-02,0.11\n甲河,投资,2018-03,3.42\n甲河,投资,2018-12,92.6\n"
		    "甲河,投资,2019-02,0.5\n",
	       4);
}

static void zeros_and_negative_figures_have_no_slip_of_their_own(void **state)
{
	struct documents *d = *state;

	passes(d,
	       HEAD "甲河,存疑项,2026-07,0\n甲河,存疑项,2026-08,0\n甲河,存疑项,2026-09,0\n"
		    "甲河,存疑项,2026-10,5\n",
	       4);
	passes(d,
	       HEAD "甲河,存疑项,2026-07,-5\n甲河,存疑项,2026-08,4\n甲河,存疑项,2026-09,-6\n"
		    "甲河,存疑项,2026-10,5\n",
	       4);
	complains(d,
		  HEAD "甲河,存疑项,2026-07,-5\n甲河,存疑项,2026-08,5\n甲河,存疑项,2026-09,-5\n"
		       "甲河,存疑项,2026-10,-50000\n",
		  SUSPECT_UNIT_SLIP, 4,
		  "甲河, doubted_yuan 2026-10: -5000000000000 is 10000 times the median 500000000 "
		  "of its last 3 figures; is it in another measure than the header says?; kept, "
		  "marked as suspect");
}

/* --- levels ------------------------------------------------------------------------------- */

static void a_level_may_change_by_as_much_as_is_allowed_and_no_more(void **state)
{
	struct documents *d = *state;

	passes(d,
	       HEAD "甲河,人员,2026-09,200\n甲河,人员,2026-10,300\n乙山,人员,2026-09,200\n"
		    "乙山,人员,2026-10,100\n",
	       4);
	complains(d, HEAD "甲河,人员,2026-09,200\n甲河,人员,2026-10,301\n", SUSPECT_RATIO, 2,
		  "甲河, staff_persons 2026-10: 301 is +50.5 % against 200 of 2026-09; up to 50 % "
		  "is usual; kept, marked as suspect");
	passes(d, HEAD "甲河,人员,2026-09,0\n甲河,人员,2026-10,301\n", 2);
}

static void
a_level_is_not_held_against_one_before_a_break_but_linked_when_that_is_known(void **state)
{
	struct documents *d = *state;

	passes(d, HEAD "甲河,人员,2019-12,100\n甲河,人员,2020-01,900\n", 2);
	passes(d, HEAD "甲河,人员,2020-12,100\n甲河,人员,2021-01,300\n", 2);
	complains(d, HEAD "甲河,人员,2020-12,100\n甲河,人员,2021-01,99\n", SUSPECT_RATIO, 2,
		  "甲河, staff_persons 2021-01: 99 is -50.5 % against 200 of 2020-12; up to 50 % "
		  "is usual; kept, marked as suspect");
}

/* --- part and whole ------------------------------------------------------------------------- */

static void a_part_may_be_the_whole_within_rounding(void **state)
{
	struct documents *d = *state;

	passes(d, HEAD "甲河,工业投资,2026-10,12.3\n甲河,投资,2026-10,12.3\n", 2);
	/* 12.35 may be 12.345, and 12.3 up to 12.35. */
	passes(d, HEAD "甲河,工业投资,2026-10,12.35\n甲河,投资,2026-10,12.3\n", 2);
	complains(d, HEAD "甲河,工业投资,2026-10,12.36\n甲河,投资,2026-10,12.3\n", REFUSED_PART, 0,
		  "甲河, industry_yuan 2026-10: 1236000000 is a part of invested_yuan, but more "
		  "than its 1230000000");
	assert_int_equal(d->b->refused, 2);
	assert_string_equal(
		d->b->complaints[1].text,
		"甲河, invested_yuan 2026-10: 1230000000 is less than 1236000000 of its "
		"part industry_yuan");
	assert_string_equal(d->b->complaints[0].text_zh,
			    "甲河 工业投资 2026年10月：12.36亿元，是投资的其中项，却大于其 "
			    "12.3亿元。退回，请核对后重报");
}

static void a_part_without_its_whole_is_stored(void **state)
{
	passes(*state, HEAD "甲河,工业投资,2026-10,12.36\n乙山,投资,2026-10,1\n", 2);
}

static void what_is_stored_is_held_against_and_stays(void **state)
{
	struct documents *d = *state;

	documents_store(d, "a", "invested_yuan", "2026-10", 12.3e8);
	complains(d, HEAD "甲河,工业投资,2026-10,13\n", REFUSED_PART, 0,
		  "甲河, industry_yuan 2026-10: 1300000000 is a part of invested_yuan, but more "
		  "than its 1230000000");
	d->nstored = 0;
	documents_store(d, "a", "industry_yuan", "2026-10", 13e8);
	complains(d, HEAD "甲河,投资,2026-10,12.3\n", REFUSED_PART, 0,
		  "甲河, invested_yuan 2026-10: 1230000000 is less than 1300000000 of its part "
		  "industry_yuan");
	/* The document's whole takes the stored one's place. */
	documents_store(d, "a", "invested_yuan", "2026-10", 12.3e8);
	passes(d, HEAD "甲河,工业投资,2026-10,14\n甲河,投资,2026-10,15\n", 2);
}

/* --- sums ------------------------------------------------------------------------------------- */

#define THIRDS(a, b, c, all)                                                                       \
	HEAD "甲河,一产,2026-10," a "\n甲河,二产,2026-10," b "\n甲河,三产,2026-10," c              \
	     "\n甲河,三产合计,2026-10," all "\n"

static void a_sum_holds_within_half_a_unit_of_each_last_decimal(void **state)
{
	struct documents *d = *state;

	/* Four figures with one decimal: 0.2 is the band's end. */
	passes(d, THIRDS("1.1", "2.2", "3.3", "6.6"), 4);
	passes(d, THIRDS("1.1", "2.2", "3.3", "6.8"), 4);
	passes(d, THIRDS("1.1", "2.2", "3.3", "6.4"), 4);
	complains(d, THIRDS("1.1", "2.2", "3.3", "6.9"), REFUSED_TOTAL, 0,
		  "甲河, first_yuan 2026-10: all_yuan is 690000000, but its 3 parts add up to "
		  "660000000");
	assert_int_equal(d->b->refused, 4);
	/* More decimals, a narrower band. */
	complains(d, THIRDS("1.10", "2.20", "3.30", "6.63"), REFUSED_TOTAL, 0,
		  "甲河, first_yuan 2026-10: all_yuan is 663000000, but its 3 parts add up to "
		  "660000000");
	passes(d, THIRDS("1.10", "2.20", "3.30", "6.62"), 4);
	/* Spreadsheets add in binary. */
	passes(d, THIRDS("0.1", "0.2", "0.30000000000000004", "0.6000000000000001"), 4);
}

static int keep_portion(void *ctx, struct batch *b, struct err *e)
{
	(void)ctx;
	(void)b;
	(void)e;
	return 0;
}

/* What is stored of the others may be what another portion of the document is going to revise. */
static void a_portion_is_never_refused_for_what_is_stored(void **state)
{
	static const char revised[] = THIRDS("20", "30", "40", "90");
	const struct portions two = { .figures = 2, .store = keep_portion };
	struct documents *d = *state;
	struct document doc = { .format = FORMAT_CSV,
				.layout = &long_layout,
				.class = UNIT_PARK,
				.portions = &two,
				.body = slice_str(revised),
				.now_ms = NOW_MS };

	documents_store(d, "a", "first_yuan", "2026-10", 1e8);
	documents_store(d, "a", "second_yuan", "2026-10", 2e8);
	documents_store(d, "a", "third_yuan", "2026-10", 3e8);
	documents_store(d, "a", "all_yuan", "2026-10", 6e8);
	passes(d, revised, 4);
	assert_ok(documents_decode(d, &doc), &d->e);
	assert_int_equal(d->b->stored + d->b->nobs, 4);
	assert_int_equal(d->b->refused, 0);
	assert_int_equal(d->b->count[SUSPECT_TOTAL], 4);
}

static void a_sum_with_a_part_missing_is_not_held(void **state)
{
	passes(*state, HEAD "甲河,一产,2026-10,1\n甲河,二产,2026-10,2\n甲河,三产合计,2026-10,9\n",
	       3);
}

static void a_sum_of_negative_parts_and_zeros_holds_too(void **state)
{
	struct documents *d = *state;

	passes(d, THIRDS("-1.5", "0", "1.5", "0.0"), 4);
	complains(d, THIRDS("-1.5", "0.0", "1.5", "0.3"), REFUSED_TOTAL, 0,
		  "甲河, first_yuan 2026-10: all_yuan is 30000000, but its 3 parts add up to 0");
}

static void one_part_of_a_stored_sum_is_refused_alone(void **state)
{
	struct documents *d = *state;

	documents_store(d, "a", "first_yuan", "2026-10", 1.1e8);
	documents_store(d, "a", "second_yuan", "2026-10", 2.2e8);
	documents_store(d, "a", "all_yuan", "2026-10", 6.6e8);
	passes(d, HEAD "甲河,三产,2026-10,3.3\n", 1);
	complains(d, HEAD "甲河,三产,2026-10,4.3\n", REFUSED_TOTAL, 0,
		  "甲河, third_yuan 2026-10: all_yuan is 660000000, but its 3 parts add up to "
		  "760000000");
	assert_int_equal(d->b->refused, 1);
}

/* --- rows of totals ----------------------------------------------------------------- */

static void a_total_that_agrees_is_no_figure_and_no_complaint(void **state)
{
	struct documents *d = *state;

	take_as(d, &wide_layout,
		"园区,投资,占比\n甲河,1.1,30\n乙山,2.2,40\n小计,3.3,70\n丙水,3.3,30\n合计,6.6,"
		"99\n");
	assert_int_equal(d->b->ncomplaints, 0);
	assert_int_equal(d->b->refused, 0);
	assert_int_equal(d->b->nobs, 6);
}

static void a_total_that_disagrees_refuses_its_column_and_names_both_sums(void **state)
{
	struct documents *d = *state;

	take_as(d, &wide_layout,
		"园区,投资,存疑项\n甲河,1.1,1\n乙山,2.2,2\n丙水,3.3,3\n合计,7.6,6\n");
	assert_int_equal(d->b->nobs, 3);
	assert_int_equal(d->b->count[REFUSED_TOTAL], 3);
	assert_complaint(
		d, 0, REFUSED_TOTAL, 5, 4,
		"invested_yuan 2026-10: the total is 760000000, but the 3 figures above it "
		"add up to 660000000");
	assert_string_equal(d->b->complaints[0].text_zh,
			    "投资 2026年10月：合计为 7.6亿元，3 个分项之和为 "
			    "6.6亿元，两者不等，该列数据请一并核对。"
			    "退回，请核对后重报");
	assert_figure(d, "a", "doubted_yuan", "2026-10", 1e8);
}

static void a_soft_total_doubts_its_column(void **state)
{
	struct documents *d = *state;

	take_as(d, &wide_layout, "园区,存疑项\n甲河,1\n乙山,2\n合计,5\n");
	assert_int_equal(d->b->nobs, 2);
	assert_int_equal(d->b->count[SUSPECT_TOTAL], 2);
	assert_int_equal(d->b->obs[0].flags, FIGURE_SUSPECT);
	assert_int_equal(d->b->obs[1].flags, FIGURE_SUSPECT);
}

static void a_total_over_a_secret_is_not_held_against_what_is_left(void **state)
{
	struct documents *d = *state;

	take_as(d, &wide_layout, "园区,投资\n甲河,1.1\n乙山,保密\n丙水,3.3\n合计,6.6\n");
	assert_int_equal(d->b->ncomplaints, 0);
	assert_int_equal(d->b->nobs, 3);
	assert_int_equal(d->b->suppressed, 1);
	/* A total that is secret itself says nothing. */
	take_as(d, &wide_layout, "园区,投资\n甲河,1.1\n乙山,2.2\n丙水,3.3\n合计,保密\n");
	assert_int_equal(d->b->ncomplaints, 0);
	assert_int_equal(d->b->nobs, 3);
}

static void a_subtotal_is_of_those_since_the_one_before(void **state)
{
	struct documents *d = *state;

	take_as(d, &wide_layout,
		"园区,投资\n甲河,1.1\n小计,1.1\n乙山,2.2\n丙水,3.3\n小计,9.9\n合计,6.6\n");
	assert_int_equal(d->b->nobs, 1);
	assert_complaint(
		d, 0, REFUSED_TOTAL, 6, 4,
		"invested_yuan 2026-10: the subtotal is 990000000, but the 2 figures above "
		"it add up to 550000000");
}

static void a_total_above_its_parts_is_of_those_below(void **state)
{
	struct documents *d = *state;

	take_as(d, &wide_layout, "园区,投资\n全市合计,6.6\n甲河,1.1\n乙山,2.2\n丙水,3.3\n");
	assert_int_equal(d->b->ncomplaints, 0);
	assert_int_equal(d->b->nobs, 3);
	take_as(d, &wide_layout, "园区,投资\n全市合计,7.7\n甲河,1.1\n乙山,2.2\n丙水,3.3\n");
	assert_int_equal(d->b->nobs, 0);
	assert_complaint(
		d, 0, REFUSED_TOTAL, 2, 6,
		"invested_yuan 2026-10: the total is 770000000, but the 3 figures below it "
		"add up to 660000000");
}

static void a_total_of_what_is_not_all_known_is_not_held(void **state)
{
	struct documents *d = *state;

	/* A unit nobody knows, a cell that is no number, one that is empty. */
	take_as(d, &wide_layout, "园区,投资\n甲河,1\n丁木,5\n合计,6\n");
	assert_int_equal(d->b->count[REFUSED_TOTAL], 0);
	assert_int_equal(d->b->nobs, 1);
	take_as(d, &wide_layout, "园区,投资\n甲河,1\n乙山,保密\n合计,6\n");
	assert_int_equal(d->b->count[REFUSED_TOTAL], 0);
	take_as(d, &wide_layout, "园区,投资,存疑项\n甲河,1,1\n乙山,,1\n合计,6,2\n");
	assert_int_equal(d->b->count[REFUSED_TOTAL], 0);
	assert_int_equal(d->b->nobs, 3);
	/* Alone it is nothing. */
	take_as(d, &wide_layout, "园区,投资\n合计,6\n");
	assert_int_equal(d->b->nobs + d->b->refused, 0);
}

static void totals_of_a_long_table_are_held_by_indicator(void **state)
{
	struct documents *d = *state;

	take(d, HEAD "甲河,投资,2026-10,1\n乙山,投资,2026-10,2\n合计,投资,2026-10,3\n"
		     "甲河,存疑项,2026-10,1\n乙山,存疑项,2026-10,2\n合计,存疑项,2026-10,5\n");
	assert_int_equal(d->b->nobs, 4);
	assert_int_equal(d->b->count[REFUSED_TOTAL], 0);
	assert_int_equal(d->b->count[SUSPECT_TOTAL], 2);
}

static void an_indicator_may_be_left_out_of_the_totals(void **state)
{
	struct documents *d = *state;

	take_as(d, &wide_layout, "园区,严格项\n甲河,1\n乙山,2\n合计,9\n");
	assert_int_equal(d->b->ncomplaints, 0);
	assert_int_equal(d->b->nobs, 2);
}

/* --- published growth --------------------------------------------------------------- */

static void published_growth_may_differ_from_the_levels_by_their_rounding(void **state)
{
	struct documents *d = *state;

	/* 110.00 / 100.00: the band is 0.15 percentage points. */
	documents_store(d, "a", "invested_yuan", "2025-10", 100.01e8);
	passes(d, HEAD "甲河,投资,2026-10,110.01\n甲河,投资增速,2026-10,10.1\n", 2);
	complains(d, HEAD "甲河,投资,2026-10,110.01\n甲河,投资增速,2026-10,10.2\n", SUSPECT_GROWTH,
		  2,
		  "甲河, invested_growth_ratio 2026-10: growth is published as 10.2 %, but the "
		  "figures of invested_yuan give 9.999 %; kept, marked as suspect");
	assert_int_equal(documents_figure(d, "a", "invested_growth_ratio", "2026-10")->flags,
			 FIGURE_SUSPECT);
	assert_int_equal(documents_figure(d, "a", "invested_yuan", "2026-10")->flags, 0);
}

/* Tibet, February 2019: 0.11 → 0.50 is +354.5 %, published +341.4 %. Between 0.495 / 0.115 and
 * 0.505 / 0.105 anything from +330.4 % to +381.0 % is possible. */
static void growth_of_a_tiny_base_is_within_its_rounding(void **state)
{
	struct documents *d = *state;

	passes(d,
	       HEAD "甲河,投资,2018-02,0.11\n甲河,投资,2019-02,0.50\n甲河,投资增速,2019-02,341.4\n",
	       3);
	complains(d,
		  HEAD
		  "甲河,投资,2018-02,0.11\n甲河,投资,2019-02,0.50\n甲河,投资增速,2019-02,382\n",
		  SUSPECT_GROWTH, 3,
		  "甲河, invested_growth_ratio 2019-02: growth is published as 382 %, but the "
		  "figures of invested_yuan give 354.5 %; kept, marked as suspect");
}

static void growth_without_a_base_is_not_held(void **state)
{
	struct documents *d = *state;

	passes(d, HEAD "甲河,投资,2026-10,110\n甲河,投资增速,2026-10,500\n", 2);
	passes(d, HEAD "甲河,投资,2025-10,0\n甲河,投资,2026-10,110\n甲河,投资增速,2026-10,500\n",
	       3);
	passes(d, HEAD "甲河,投资,2025-10,-5\n甲河,投资,2026-10,110\n甲河,投资增速,2026-10,500\n",
	       3);
}

static void growth_of_a_month_has_the_band_of_what_it_is_derived_from(void **state)
{
	struct documents *d = *state;

	/* October alone: 12 against 10, +20 %; ±0.05 · 19 = 0.95 percentage points, and the
	 * levels' own rounding, [11.99, 12.01] / [9.99, 10.01], ±0.22. */
	documents_store(d, "a", "invested_yuan", "2025-09", 90.01e8);
	documents_store(d, "a", "invested_yuan", "2025-10", 100.01e8);
	documents_store(d, "a", "invested_yuan", "2026-09", 100.01e8);
	passes(d, HEAD "甲河,投资,2026-10,112.01\n甲河,当月增速,2026-10,20.9\n", 2);
	take(d, HEAD "甲河,投资,2026-10,112.01\n甲河,当月增速,2026-10,21.0\n");
	assert_int_equal(d->b->count[SUSPECT_GROWTH], 1);
}

/* --- all together ------------------------------------------------------------------- */

/* Figures without a finding are stored exactly as they were sent, whatever stands beside them. */
static void figures_without_findings_are_stored_exactly_as_sent(void **state)
{
	static const char *const names[] = {
		"投资", "工业投资", "人员", "存疑项", "严格项", "占比"
	};
	static const char *const codes[] = { "invested_yuan", "industry_yuan", "staff_persons",
					     "doubted_yuan",  "strict_yuan",   "share_ratio" };
	static const int shift[] = { 8, 8, 0, 8, 8, -2 };
	struct documents *d = *state;
	uint64_t seed = 20261125;

	for (int round = 0; round < 300; round++) {
		char csv[2048], *to = stpcpy(csv, HEAD), text[36][32];
		size_t n = 0;

		for (size_t k = 0; k < 36; k++) {
			seed = seed * 6364136223846793005u + 1442695040888963407u;
			*text[k] = '\0';
			if (seed >> 61 == 0)
				continue;
			snprintf(text[k], sizeof(text[k]), "%s%d.%02d", seed >> 59 & 1 ? "" : "-",
				 (int)(seed >> 40 & 1023) >> (seed >> 50 & 7),
				 (int)(seed >> 33 & 127) % 100);
			to += sprintf(to, "%s,%s,2026-%02zu,%s\n", k & 1 ? "甲河" : "乙山",
				      names[k / 2 % 6], 8 + k / 12, text[k]);
			n++;
		}
		take(d, csv);
		assert_int_equal(d->b->nobs + d->b->refused, n);
		for (size_t k = 0; k < 36; k++) {
			const struct observation *o;
			char period[16], exact[48];

			snprintf(period, sizeof(period), "2026-%02zu", 8 + k / 12);
			o = documents_figure(d, k & 1 ? "a" : "b", codes[k / 2 % 6], period);
			if (!*text[k])
				assert_null(o);
			if (!o)
				continue;
			snprintf(exact, sizeof(exact), "%.31se%d", text[k], shift[k / 2 % 6]);
			assert_f64(o->value, strtod(exact, NULL) + 0.0); /* zero has no sign */
		}
	}
}

static void running_out_of_memory_in_an_edit_is_an_error_and_never_a_finding(void **state)
{
	struct documents *d = *state;
	struct document doc = { .format = FORMAT_CSV,
				.layout = &long_layout,
				.class = UNIT_PARK,
				.body = slice_str(HEAD "甲河,工业投资,2026-10,12.36\n"
						       "甲河,投资,2026-10,12.3\n"
						       "甲河,投资增速,2026-10,10\n"
						       "甲河,二产,2026-10,1\n乙山,投资,2026-10,5\n"
						       "合计,投资,2026-10,99\n"),
				.now_ms = NOW_MS };
	struct starve s = { 0 };

	documents_store(d, NULL, NULL, "2025-10", 10e8);
	while (starve_again(&s)) {
		bool done;

		batch_free(d->b);
		starve_begin(&s);
		d->b = batch_new(1 << 20, &d->e);
		done = d->b && document_decode(&doc, d->cat, &d->history, d->b, &d->e) == 0;
		starve_end(&s, done, &d->e);
		assert_int_equal(d->opened, 0);
	}
	assert_true(s.failed > 20);
	assert_int_equal(d->b->count[REFUSED_TOTAL], 2);
	assert_int_equal(d->b->count[REFUSED_PART], 1);
	assert_int_equal(d->b->nobs, 2);
}

/* --- doubts, for findings ---------------------------------------------------------------- */

static void a_soft_edit_raises_a_doubt_with_what_the_figure_was_held_against(void **state)
{
	struct documents *d = *state;
	const struct doubt *x;

	take(d, HEAD "乙山,存疑项,2026-10,9\n甲河,存疑项,2026-10,10.01\n");
	assert_int_equal(d->b->nobs, 2);
	assert_int_equal(d->b->ndoubts, 1);
	x = &d->b->doubts[0];
	assert_true(d->b->obs[x->row].value == 1001000000.0);
	assert_string_equal(x->reason, "range");
	assert_string_equal(x->unit, "a");
	assert_string_equal(x->indicator, "doubted_yuan");
	assert_string_equal(x->freq, "M");
	assert_string_equal(x->basis, "period");
	assert_string_equal(x->period, "2026-10");
	assert_true(x->against == 1000000000.0);
	assert_string_equal(x->text, d->b->complaints[0].text);
	assert_string_equal(x->text_zh, d->b->complaints[0].text_zh);
}

static void rows_of_doubts_rise_and_fit_their_figures(void **state)
{
	struct documents *d = *state;

	take(d, HEAD
	     "乙山,投资,2026-10,8\n乙山,投资,2026-09,9\n甲河,投资,2026-10,6\n甲河,投资,2026-09,"
	     "7\n");
	assert_int_equal(d->b->nobs, 4);
	assert_int_equal(d->b->ndoubts, 2);
	assert_true(d->b->doubts[0].row < d->b->doubts[1].row);
	for (size_t i = 0; i < 2; i++) {
		const struct doubt *x = &d->b->doubts[i];

		assert_string_equal(x->reason, "ytd_falls");
		assert_true(d->b->obs[x->row].flags & FIGURE_SUSPECT);
		assert_true(x->against == d->b->obs[x->row].value + 100000000.0);
	}
}

static void a_refused_figure_leaves_no_doubt(void **state)
{
	struct documents *d = *state;

	take(d, HEAD "甲河,严格项,2026-10,8\n甲河,严格项,2026-09,9\n");
	assert_int_equal(d->b->nobs, 1);
	assert_int_equal(d->b->ndoubts, 0);
}

static void doubts_of_one_document_are_limited_and_the_figures_are_kept(void **state)
{
	enum { YEARS = BATCH_DOUBTS_MAX / 12 + 2, ROWS = YEARS * 12 };
	struct documents *d = *state;
	double before = counter_get(C_FINDINGS_NOT_OPENED);
	struct buf csv;

	buf_init(&csv, 1 << 20);
	buf_puts(&csv, HEAD);
	for (int i = 0; i < ROWS; i++)
		buf_printf(&csv, "甲河,存疑项,%d-%02d,11\n", 1925 + i / 12, 1 + i % 12);
	buf_putc(&csv, '\0');
	take(d, csv.p);
	assert_int_equal(d->b->nobs, ROWS);
	assert_int_equal(d->b->ndoubts, BATCH_DOUBTS_MAX);
	assert_true(counter_get(C_FINDINGS_NOT_OPENED) == before + ROWS - BATCH_DOUBTS_MAX);
	buf_release(&csv);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup(name, no_history)
	const struct CMUnitTest tests[] = {
		T(a_soft_edit_raises_a_doubt_with_what_the_figure_was_held_against),
		T(rows_of_doubts_rise_and_fit_their_figures),
		T(a_refused_figure_leaves_no_doubt),
		T(doubts_of_one_document_are_limited_and_the_figures_are_kept),
		T(a_bound_itself_is_allowed),
		T(a_soft_range_keeps_the_figure_and_doubts_it),
		T(a_fall_may_be_made_a_reason_to_refuse),
		T(every_refusal_has_its_sentence_for_the_reporter),
		T(a_slip_is_measured_by_the_median_of_the_last_figures),
		T(a_factor_of_ten_is_doubted_only),
		T(eight_hundred_times_the_median_is_a_slip_of_a_thousand),
		T(a_season_is_no_slip),
		T(zeros_and_negative_figures_have_no_slip_of_their_own),
		T(a_level_may_change_by_as_much_as_is_allowed_and_no_more),
		T(a_level_is_not_held_against_one_before_a_break_but_linked_when_that_is_known),
		T(a_part_may_be_the_whole_within_rounding),
		T(a_part_without_its_whole_is_stored),
		T(what_is_stored_is_held_against_and_stays),
		T(a_sum_holds_within_half_a_unit_of_each_last_decimal),
		T(a_portion_is_never_refused_for_what_is_stored),
		T(a_sum_with_a_part_missing_is_not_held),
		T(a_sum_of_negative_parts_and_zeros_holds_too),
		T(one_part_of_a_stored_sum_is_refused_alone),
		T(a_total_that_agrees_is_no_figure_and_no_complaint),
		T(a_total_that_disagrees_refuses_its_column_and_names_both_sums),
		T(a_soft_total_doubts_its_column),
		T(a_total_over_a_secret_is_not_held_against_what_is_left),
		T(a_subtotal_is_of_those_since_the_one_before),
		T(a_total_above_its_parts_is_of_those_below),
		T(a_total_of_what_is_not_all_known_is_not_held),
		T(totals_of_a_long_table_are_held_by_indicator),
		T(an_indicator_may_be_left_out_of_the_totals),
		T(published_growth_may_differ_from_the_levels_by_their_rounding),
		T(growth_of_a_tiny_base_is_within_its_rounding),
		T(growth_without_a_base_is_not_held),
		T(growth_of_a_month_has_the_band_of_what_it_is_derived_from),
		T(figures_without_findings_are_stored_exactly_as_sent),
		T(running_out_of_memory_in_an_edit_is_an_error_and_never_a_finding),
	};

	return cmocka_run_group_tests(tests, open_edits, close_edits);
}
