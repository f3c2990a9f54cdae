/*
 * test_mapping.c - documents to figures: names, periods, measures, checks, and bad input.
 *
 * Each bad input gives one sentence with its place, and the good rows around it
 * are kept.
 */
#include "base/alloc.h"
#include "tests/lib/starve.h"
#include "tests/unit/collectors/documents.h"

/* 园区,指标,期间,数值 */
static const struct layout long_layout = { .unit = COLUMN("园区"),
					   .indicator = COLUMN("指标"),
					   .period = COLUMN("期间"),
					   .value = COLUMN("数值"),
					   .flag = COLUMN("状态") };

#define HEAD "园区,指标,期间,数值,状态\n"

static int open_standard(void **state)
{
	*state = documents_open(STANDARD_CATALOGUE, NULL);
	return 0;
}

static int close_standard(void **state)
{
	documents_close(*state);
	return 0;
}

static int no_history(void **state)
{
	struct documents *d = *state;

	d->nstored = 0;
	d->asked = 0;
	return 0;
}

static struct document standard(const char *text)
{
	return (struct document){ .format = FORMAT_CSV,
				  .layout = &long_layout,
				  .class = UNIT_CLASSES,
				  .body = slice_str(text),
				  .now_ms = NOW_MS };
}

/* Decodes rows under HEAD; the document as a whole must be usable. */
static void take(struct documents *d, const char *csv)
{
	struct document doc = standard(csv);

	assert_ok(documents_decode(d, &doc), &d->e);
}

/* One refused row between two good ones. */
static void refuses_row(struct documents *d, const char *row, enum refusal why, unsigned column,
			const char *text)
{
	char csv[1024];

	snprintf(csv, sizeof(csv), HEAD "乙山,总产值,2026-09,1\n%s\n乙山,总产值,2026-10,2\n", row);
	take(d, csv);
	assert_int_equal(d->b->nobs, 2);
	assert_int_equal(d->b->refused, 1);
	assert_int_equal(d->b->count[why], 1);
	assert_int_equal(d->b->ncomplaints, 1);
	assert_complaint(d, 0, why, 3, column, text);
	assert_figure(d, "yishan", "output_yuan", "2026-10", 2e8);
}

/* --- what is taken -------------------------------------------------------------------- */

static void figures_are_scaled_exactly_and_stamped_on_the_last_day(void **state)
{
	struct documents *d = *state;
	const struct observation *o;

	take(d, HEAD "甲河,总产值,2026-10,12.34\n甲河产业集聚区,税收(亿元),2026年10月,0.07\n"
		     "jiahe,tax_yuan,2026M09,1234.5\n甲河,增速（%）,2026/10,5.2%\n"
		     "东县,总产值,2026-10,1\n");
	/* A county does not report it. */
	assert_int_equal(d->b->ncomplaints, 1);
	assert_complaint(d, 0, REFUSED_INDICATOR, 6, 4,
			 "output_yuan is not reported by a county such as dongxian");
	assert_figure(d, "jiahe", "output_yuan", "2026-10", 1234000000.0);
	assert_figure(d, "jiahe", "tax_yuan", "2026-10", 7000000.0);
	assert_figure(d, "jiahe", "tax_yuan", "2026-09", 12345000.0);
	assert_figure(d, "jiahe", "output_growth_ratio", "2026-10", 0.052);
	o = documents_figure(d, "jiahe", "output_yuan", "2026-10");
	/* 2026-10-31T00:00:00+08:00 */
	assert_int_equal(o->stamp_ms, 1793376000000);
	assert_int_equal(o->months, 1);
	assert_int_equal(o->flags, 0);
	assert_int_equal(o->known_from_ms, 0);
	assert_slice(labels_get(o->labels, slice_str("park")), "jiahe");
	assert_slice(labels_get(o->labels, slice_str("basis")), "ytd");
	assert_slice(labels_name(o->labels), "park_output_yuan");
}

static void thousands_are_parted_by_commas_in_groups_of_three(void **state)
{
	struct documents *d = *state;

	take(d, HEAD "甲河,税收,2026-09,\"1,234.5\"\n乙山,税收,2026-08,\"1,234,567\"\n");
	assert_int_equal(d->b->ncomplaints, 0);
	assert_figure(d, "jiahe", "tax_yuan", "2026-09", 12345000.0);
	assert_figure(d, "yishan", "tax_yuan", "2026-08", 12345670000.0);
	refuses_row(d, "甲河,税收,2026-09,\"1,23\"", REFUSED_VALUE, 15,
		    "'1,23': the commas do not part groups of three digits");
	refuses_row(d, "甲河,税收,2026-09,\"1234,567\"", REFUSED_VALUE, 15,
		    "'1234,567': the commas do not part groups of three digits");
}

static const struct layout multiplied = { .unit = COLUMN("u"),
					  .indicator = COLUMN("i"),
					  .period = FIXED("2026-09"),
					  .value = COLUMN("v"),
					  .measure = COLUMN("m"),
					  .multiplier = COLUMN("x") };

static void take_multiplied(struct documents *d, const char *csv)
{
	struct document doc = standard(csv);

	doc.layout = &multiplied;
	assert_ok(documents_decode(d, &doc), &d->e);
}

/* 亿元 and 10^8 say the same: taken twice they make 10^16. */
static void a_multiplier_counts_in_what_the_source_says(void **state)
{
	struct documents *d = *state;

	take_multiplied(d, "u,i,v,m,x\n甲河,总产值,5,元,8\n乙山,总产值,5,,0\n");
	assert_figure(d, "jiahe", "output_yuan", "2026-09", 5e8);
	assert_figure(d, "yishan", "output_yuan", "2026-09", 5e8);
	assert_int_equal(d->b->refused, 0);
	take_multiplied(d, "u,i,v,m,x\n甲河,总产值,5,,8\n乙山,总产值(亿元),5,,8\n");
	assert_int_equal(d->b->nobs, 0);
	assert_complaint(d, 0, REFUSED_MEASURE, 2, 8,
			 "the multiplier '8' of what its cell, its heading or the catalogue "
			 "scales already; 'measure' must say in what the source counts");
	assert_int_equal(d->b->count[REFUSED_MEASURE], 2);
}

static void a_zero_has_no_sign(void **state)
{
	struct documents *d = *state;

	take(d, HEAD "甲河,税收,2026-09,-0.0\n");
	assert_int_equal(d->b->nobs, 1);
	assert_f64(d->b->obs[0].value, 0.0);
	assert_true(d->b->obs[0].flags & FIGURE_ZERO);
}

static void full_width_digits_are_taken_and_counted(void **state)
{
	struct documents *d = *state;

	take(d, HEAD "甲河,税收,２０２６年１０月,－１２．５\n甲河,税收,2026-09,\u22123\n");
	assert_int_equal(d->b->nobs, 2);
	assert_int_equal(d->b->refused, 0);
	assert_int_equal(d->b->suspect, 1);
	assert_int_equal(d->b->count[SUSPECT_FULL_WIDTH], 1);
	assert_complaint(d, 0, SUSPECT_FULL_WIDTH, 2, 16,
			 "'－１２．５' has full-width characters; taken as -12.5");
	assert_figure(d, "jiahe", "tax_yuan", "2026-10", -125000.0);
	assert_figure(d, "jiahe", "tax_yuan", "2026-09", -30000.0);
	assert_int_equal(documents_figure(d, "jiahe", "tax_yuan", "2026-10")->flags, 0);
}

static void zero_is_a_figure_and_missing_is_none(void **state)
{
	struct documents *d = *state;

	take(d, HEAD "甲河,税收,2026-10,0\n甲河,税收,2026-09,-\n甲河,税收,2026-08,\n"
		     "甲河,税收,2026-07,…\n");
	assert_int_equal(d->b->nobs, 1);
	assert_int_equal(d->b->ncomplaints, 0);
	assert_f64(d->b->obs[0].value, 0.0);
	assert_int_equal(d->b->obs[0].flags, FIGURE_ZERO);
}

static void flags_come_as_letters_or_words(void **state)
{
	struct documents *d = *state;

	take(d, HEAD "甲河,税收,2026-10,1,初步\n甲河,税收,2026-09,2,R\n甲河,税收,2026-08,3,p e\n"
		     "甲河,税收,2026-07,4,正式\n");
	assert_int_equal(d->b->ncomplaints, 0);
	assert_int_equal(documents_figure(d, "jiahe", "tax_yuan", "2026-10")->flags,
			 FIGURE_PROVISIONAL);
	assert_int_equal(documents_figure(d, "jiahe", "tax_yuan", "2026-09")->flags,
			 FIGURE_REVISED);
	assert_int_equal(documents_figure(d, "jiahe", "tax_yuan", "2026-08")->flags,
			 FIGURE_PROVISIONAL | FIGURE_ESTIMATED);
	assert_int_equal(documents_figure(d, "jiahe", "tax_yuan", "2026-07")->flags, 0);
	refuses_row(d, "甲河,税收,2026-10,1,作废", REFUSED_VALUE, 17,
		    "flag '作废' is not known; known are p (初步), r (修订), e (估计), c (保密)");
}

/* --- what is kept secret --------------------------------------------------------------- */

#define assert_secret(d, unit, indicator, period)                                                  \
	do {                                                                                       \
		const struct observation *o_ = documents_figure(d, unit, indicator, period);       \
		assert_non_null(o_);                                                               \
		assert_int_equal(o_->flags, FIGURE_SUPPRESSED);                                    \
		assert_true(num_same(o_->value, figure_no_value()));                               \
	} while (0)

static void a_mark_instead_of_a_number_is_a_figure_kept_secret(void **state)
{
	struct layout own = long_layout;
	struct document doc =
		standard(HEAD "甲河,税收,2026-10,c\n甲河,税收,2026-09,x\n甲河,税收,2026-08,\n"
			      "甲河,税收,2026-07,保密\n");
	struct documents *d = *state;

	take(d, HEAD "甲河,税收,2026-10,保密\n甲河,税收,2026-09,涉密\n甲河,税收,2026-08,x\n");
	assert_int_equal(d->b->ncomplaints, 0);
	assert_int_equal(d->b->nobs, 2);
	assert_int_equal(d->b->suppressed, 2);
	assert_secret(d, "jiahe", "tax_yuan", "2026-10");
	assert_secret(d, "jiahe", "tax_yuan", "2026-09");
	/* Letters mean it only where the layout says so: x is missing elsewhere. */
	refuses_row(d, "甲河,税收,2026-10,c", REFUSED_VALUE, 15, "'c' is not a number");
	own.suppressed = (const char *const[]){ "c", "x" };
	own.nsuppressed = 2;
	doc.layout = &own;
	assert_ok(documents_decode(d, &doc), &d->e);
	assert_int_equal(d->b->ncomplaints, 0);
	assert_int_equal(d->b->nobs, 3);
	assert_secret(d, "jiahe", "tax_yuan", "2026-10");
	assert_secret(d, "jiahe", "tax_yuan", "2026-09");
	assert_secret(d, "jiahe", "tax_yuan", "2026-07");
}

static void a_flag_keeps_a_figure_secret_with_or_without_a_number(void **state)
{
	struct documents *d = *state;

	take(d, HEAD "甲河,税收,2026-10,,c\n甲河,税收,2026-09,-,Q\n甲河,税收,2026-08,1234.5,保密\n"
		     "甲河,税收,2026-07,***,涉密\n甲河,税收,2026-06,,p\n甲河,税收,2026-05,7,p\n");
	assert_int_equal(d->b->ncomplaints, 0);
	assert_int_equal(d->b->nobs, 5);
	assert_int_equal(d->b->suppressed, 4);
	assert_secret(d, "jiahe", "tax_yuan", "2026-10");
	assert_secret(d, "jiahe", "tax_yuan", "2026-09");
	assert_secret(d, "jiahe", "tax_yuan", "2026-08");
	assert_secret(d, "jiahe", "tax_yuan", "2026-07");
	assert_figure(d, "jiahe", "tax_yuan", "2026-05", 7e4);
	/* Who it is of must be known all the same. */
	refuses_row(d, "丙水,税收,2026-10,,c", REFUSED_UNIT, 1, "no unit is called '丙水'");
}

static void a_confidentiality_is_free_or_keeps_the_figure_secret(void **state)
{
	struct layout own = long_layout;
	struct document doc = standard("园区,指标,期间,数值,密级\n甲河,税收,2026-10,1,F\n"
				       "甲河,税收,2026-09,2,公开\n甲河,税收,2026-08,3,\n"
				       "甲河,税收,2026-07,4,N\n甲河,税收,2026-06,,机密\n"
				       "甲河,税收,2026-05,,F\n甲河,税收,2026-04,5,z\n");
	struct documents *d = *state;

	own.flag = (struct axis){ 0 };
	own.confidentiality = (struct axis)COLUMN("密级");
	doc.layout = &own;
	assert_ok(documents_decode(d, &doc), &d->e);
	assert_int_equal(d->b->nobs, 5);
	assert_figure(d, "jiahe", "tax_yuan", "2026-10", 1e4);
	assert_figure(d, "jiahe", "tax_yuan", "2026-09", 2e4);
	assert_figure(d, "jiahe", "tax_yuan", "2026-08", 3e4);
	assert_secret(d, "jiahe", "tax_yuan", "2026-07");
	assert_secret(d, "jiahe", "tax_yuan", "2026-06");
	/* What a word means is not guessed. */
	assert_int_equal(d->b->ncomplaints, 1);
	assert_complaint(
		d, 0, REFUSED_VALUE, 8, 17,
		"confidentiality 'z' is not known; known are F (公开), and C, N, S and the other "
		"codes of SDMX, 内部, 秘密, 机密, 绝密, 保密, 涉密");
}

static void a_secret_and_a_number_disagree_and_no_number_is_shown(void **state)
{
	struct documents *d = *state;

	take(d, HEAD "甲河,税收,2026-10,保密\n甲河,税收,2026-10,4711\n"
		     "甲河,税收,2026-09,保密\n甲河,税收,2026-09,,c\n");
	assert_int_equal(d->b->nobs, 1);
	assert_secret(d, "jiahe", "tax_yuan", "2026-09");
	assert_int_equal(d->b->count[REFUSED_CONFLICT], 2);
	assert_complaint(d, 0, REFUSED_CONFLICT, 2, 15,
			 "甲河, tax_yuan 2026-10: suppressed here, but a value in line 3, column "
			 "15; neither is taken");
	assert_complaint(d, 1, REFUSED_CONFLICT, 3, 15,
			 "甲河, tax_yuan 2026-10: a value here, but suppressed in line 2, column "
			 "15; neither is taken");
	for (size_t i = 0; i < d->b->ncomplaints; i++) {
		assert_null(strstr(d->b->complaints[i].text, "4711"));
		assert_null(strstr(d->b->complaints[i].text_zh, "4711"));
	}
}

static void nothing_is_held_against_a_secret(void **state)
{
	struct documents *d = *state;

	documents_store(d, "jiahe", "output_yuan", "2026-07", 5e8);
	/* 9 after 5 is no fall, and what is between is not looked at. */
	take(d, HEAD "甲河,总产值,2026-08,保密\n甲河,总产值,2026-09,9\n");
	assert_int_equal(d->b->ncomplaints, 0);
	assert_int_equal(d->b->nobs, 2);
	assert_secret(d, "jiahe", "output_yuan", "2026-08");
	/* The figure before the secret one is what a fall is measured by. */
	take(d, HEAD "甲河,总产值,2026-08,保密\n甲河,总产值,2026-09,4\n");
	assert_int_equal(d->b->count[SUSPECT_YTD_FALLS], 1);
	assert_int_equal(documents_figure(d, "jiahe", "output_yuan", "2026-08")->flags,
			 FIGURE_SUPPRESSED);
}

/* --- what is refused is known by its figure ----------------------------------------------------
 */

static void expect_cell(struct documents *d, size_t i, const char *unit, const char *period,
			const char *reason)
{
	struct labels *ls =
		catalogue_series(catalogue_unit(d->cat, slice_str(unit)),
				 catalogue_indicator(d->cat, slice_str("tax_yuan")), &d->e);
	struct period p;

	assert_true(i < d->b->ncells);
	assert_ok(period_parse(slice_str(period), &p, &d->e), &d->e);
	assert_ptr_equal(d->b->cells[i].labels, ls);
	assert_int_equal(d->b->cells[i].stamp_ms, period_stamp(p, d->zone));
	assert_string_equal(d->b->cells[i].reason, reason);
	labels_unref(ls);
}

static void a_refused_figure_leaves_its_cell_where_that_is_known(void **state)
{
	struct documents *d = *state;

	/* By a fault of the cell as it is read, then by edits, in the order of series and time. */
	take(d, HEAD "甲河,税收,2026-10,abc\n甲河,税收,2026-09,1亩\n甲河,税收,2026-08,1,作废\n"
		     "甲河,税收,2026-07,1\n甲河,税收,2026-07,2\n乙山,税收,2026-07,3\n"
		     "丙水,税收,2026-10,1\n甲河,没有,2026-10,1\n甲河,税收,2026-11,1\n");
	assert_int_equal(d->b->nobs, 1);
	assert_int_equal(d->b->ncells, 4);
	expect_cell(d, 0, "jiahe", "2026-10", "value");
	expect_cell(d, 1, "jiahe", "2026-09", "measure");
	expect_cell(d, 2, "jiahe", "2026-08", "value");
	expect_cell(d, 3, "jiahe", "2026-07", "conflict");
	/* A hard edit: ten thousand times the figures before. */
	documents_store(d, "jiahe", "tax_yuan", "2026-06", 1e4);
	documents_store(d, "jiahe", "tax_yuan", "2026-07", 1e4);
	documents_store(d, "jiahe", "tax_yuan", "2026-08", 1e4);
	take(d, HEAD "甲河,税收,2026-09,10000\n");
	assert_int_equal(d->b->nobs, 0);
	assert_int_equal(d->b->ncells, 1);
	expect_cell(d, 0, "jiahe", "2026-09", "unit_slip");
}

static void the_cells_of_refused_figures_are_limited(void **state)
{
	struct documents *d = *state;
	struct buf csv;

	buf_init(&csv, 1 << 20);
	buf_puts(&csv, HEAD);
	for (int i = 0; i < BATCH_CELLS_MAX + 10; i++)
		buf_printf(&csv, "甲河,税收,%d-%02d,x%d\n", 1920 + i / 11, i % 11 + 2, i);
	buf_putc(&csv, '\0');
	take(d, csv.p);
	assert_int_equal(d->b->ncells, BATCH_CELLS_MAX);
	buf_release(&csv);
}

static void a_run_from_january_is_the_cumulative_figure_of_its_last_month(void **state)
{
	struct documents *d = *state;
	const struct observation *o;

	take(d, HEAD "甲河,总产值,2026年1-10月,12\n甲河,税收,2026年1—2月,3\n甲河,税收,2026-03,4\n"
		     "甲河,到位资金,2026年前三季度,5\n甲河,到位资金,2026年上半年,4\n"
		     "甲河,从业人员,2026Q3,700\n甲河,税收,2025-02,9\n");
	assert_int_equal(d->b->ncomplaints, 0);
	o = documents_figure(d, "jiahe", "output_yuan", "2026-10");
	assert_f64(o->value, 12e8);
	assert_int_equal(o->months, 1);
	/* January is not collected: February is the figure of both months, however it is written.
	 */
	assert_int_equal(documents_figure(d, "jiahe", "tax_yuan", "2026-02")->months, 2);
	assert_int_equal(documents_figure(d, "jiahe", "tax_yuan", "2025-02")->months, 2);
	assert_int_equal(documents_figure(d, "jiahe", "tax_yuan", "2026-03")->months, 1);
	assert_figure(d, "jiahe", "funds_yuan", "2026Q3", 5e8);
	assert_figure(d, "jiahe", "funds_yuan", "2026Q2", 4e8);
	assert_int_equal(documents_figure(d, "jiahe", "staff_persons", "2026Q3")->months, 3);
}

static void the_sources_own_words_and_measures_are_understood(void **state)
{
	static const struct name_pair names[] = {
		{ "工业总产值", "output_yuan", "万元" },
		{ "入库税金", "tax_yuan", NULL },
		{ "坏", "no_such_code", NULL },
	};
	struct documents *d = *state;
	struct document doc = standard(HEAD "甲河,工业总产值,2026-10,123400\n"
					    "乙山,工业 总产值（亿元）,2026-10,1\n"
					    "甲河,入库税金,2026-10,5\n"
					    "甲河,坏,2026-10,5\n");

	doc.names = names;
	doc.nnames = 3;
	assert_ok(documents_decode(d, &doc), &d->e);
	assert_figure(d, "jiahe", "output_yuan", "2026-10", 1234000000.0);
	assert_figure(d, "yishan", "output_yuan", "2026-10", 1e8);
	assert_figure(d, "jiahe", "tax_yuan", "2026-10", 50000.0);
	assert_int_equal(d->b->ncomplaints, 1);
	assert_complaint(d, 0, REFUSED_INDICATOR, 5, 4, "no indicator has the code 'no_such_code'");
}

/* --- measures the layout does not name ------------------------------------------------- */

static const struct layout parks = { .unit = COLUMN("园区"),
				     .indicator = { .where = AXIS_HEADER },
				     .period = FIXED("2026-09") };

static void take_by(struct documents *d, const struct layout *l, const char *text)
{
	struct document doc = standard(text);

	doc.layout = l;
	assert_ok(documents_decode(d, &doc), &d->e);
}

static void a_line_above_says_the_measure(void **state)
{
	static const char *const lines[] = {
		"单位：万元\n",
		"2026年9月 计量单位: 万元、%\n",
		",主要指标（单位：万元）\n",
		"填报单位：亿元公司,单位：,万元\n",
		"制表单位：甲河\n,,单位:万元\n",
	};
	struct documents *d = *state;
	char csv[512];

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		snprintf(csv, sizeof(csv), "%s园区,总产值,税收（亿元）,用电量\n甲河,20000,3,40\n",
			 lines[i]);
		take_by(d, &parks, csv);
		assert_int_equal(d->b->ncomplaints, 0);
		assert_figure(d, "jiahe", "output_yuan", "2026-09", 2e8);
		assert_figure(d, "jiahe", "tax_yuan", "2026-09", 3e8);
		assert_figure(d, "jiahe", "power_joules", "2026-09", 144e6);
	}
}

static void a_line_between_parts_is_about_those_below(void **state)
{
	struct documents *d = *state;

	take_by(d, &parks,
		"单位：亿元\n园区,总产值,税收\n甲河,2,3\n,单位：万元\n园区,总产值,税收\n乙山,2,"
		"3\n");
	assert_int_equal(d->b->ncomplaints, 0);
	assert_figure(d, "jiahe", "tax_yuan", "2026-09", 3e8);
	assert_figure(d, "yishan", "output_yuan", "2026-09", 20000);
	assert_figure(d, "yishan", "tax_yuan", "2026-09", 30000);
}

static void a_corner_says_the_measure(void **state)
{
	struct layout l = parks;
	struct documents *d = *state;

	l.unit = (struct axis)COLUMN("园区（单位：万元）");
	take_by(d, &l, "园区（单位：万元）,总产值\n甲河,2\n");
	assert_figure(d, "jiahe", "output_yuan", "2026-09", 20000);
}

static void a_column_of_measures_counts_row_by_row(void **state)
{
	const struct layout months = { .unit = COLUMN("园区"),
				       .indicator = COLUMN("指标"),
				       .period = { .where = AXIS_HEADER } };
	struct documents *d = *state;

	take_by(d, &months,
		"单位：亿元\n园区,指标,计量单位,2026年8月,2026年9月\n"
		"甲河,总产值,万元,1,2\n甲河,税收,,1,2\n乙山,总产值,见说明,1,2\n乙山,税收,人,1,2\n");
	assert_figure(d, "jiahe", "output_yuan", "2026-09", 20000);
	assert_figure(d, "jiahe", "tax_yuan", "2026-09", 2e8);
	assert_figure(d, "yishan", "output_yuan", "2026-09", 2e8);
	assert_int_equal(d->b->nobs, 6);
	assert_int_equal(d->b->count[REFUSED_MEASURE], 2);
	assert_complaint(d, 0, REFUSED_MEASURE, 6, 9,
			 "'人' is not in a measure of tax_yuan, which is in 万元");
}

static void what_is_configured_goes_before_a_customary_place(void **state)
{
	static const struct name_pair names[] = { { "总产值", "output_yuan", "亿元" } };
	static const char csv[] = "单位：万元\n园区,总产值,单位\n甲河,2,元\n";
	struct document doc = standard(csv);
	struct layout l = parks;
	struct documents *d = *state;

	doc.layout = &parks;
	doc.names = names;
	doc.nnames = 1;
	assert_ok(documents_decode(d, &doc), &d->e);
	assert_figure(d, "jiahe", "output_yuan", "2026-09", 2e8);
	l.measure = (struct axis)FIXED("亿元");
	l.ignore = (const char *const[]){ "单位" };
	l.nignore = 1;
	take_by(d, &l, csv);
	assert_figure(d, "jiahe", "output_yuan", "2026-09", 2e8);
}

static void a_column_of_the_layout_or_of_two_alike_is_not_one_of_measures(void **state)
{
	const struct layout by_unit = { .unit = COLUMN("单位"),
					.indicator = COLUMN("i"),
					.period = FIXED("2026-09"),
					.value = COLUMN("v") };
	const struct layout by_park = { .unit = COLUMN("u"),
					.indicator = COLUMN("i"),
					.period = FIXED("2026-09"),
					.value = COLUMN("v") };
	struct documents *d = *state;

	take_by(d, &by_unit, "单位,i,v\n甲河,总产值,2\n");
	assert_figure(d, "jiahe", "output_yuan", "2026-09", 2e8);
	take_by(d, &by_park, "u,i,v,单位,单位\n甲河,总产值,2,元,万元\n");
	assert_figure(d, "jiahe", "output_yuan", "2026-09", 2e8);
}

/* 元 and 10^4 of it. A unit that is no measure here says nothing, its power does. */
static void records_bring_the_measure_along(void **state)
{
	const struct layout cube = { .unit = COLUMN("u"),
				     .indicator = COLUMN("i"),
				     .period = COLUMN("t"),
				     .value = COLUMN("value") };
	struct documents *d = *state;
	struct document doc = standard(
		"{\"version\":\"2.0\",\"class\":\"dataset\",\"id\":[\"u\",\"i\",\"t\"],"
		"\"size\":[1,2,2],\"dimension\":{"
		"\"u\":{\"category\":{\"index\":[\"jiahe\"]}},"
		"\"i\":{\"category\":{\"index\":[\"output_yuan\",\"staff_persons\"],\"unit\":{"
		"\"output_yuan\":{\"base\":\"元\",\"multiplier\":4},"
		"\"staff_persons\":{\"base\":\"heads\",\"multiplier\":3}}}},"
		"\"t\":{\"category\":{\"index\":[\"2026-09\",\"2026-Q3\"]}}},"
		"\"value\":{\"0\":5,\"3\":7}}");

	doc.format = FORMAT_JSONSTAT;
	doc.layout = &cube;
	assert_ok(documents_decode(d, &doc), &d->e);
	assert_int_equal(d->b->ncomplaints, 0);
	assert_figure(d, "jiahe", "output_yuan", "2026-09", 50000);
	doc.names = (const struct name_pair[]){ { "output_yuan", "output_yuan", "万元" } };
	doc.nnames = 1;
	assert_ok(documents_decode(d, &doc), &d->e);
	assert_figure(d, "jiahe", "output_yuan", "2026-09", 50000);
	assert_figure(d, "jiahe", "staff_persons", "2026-Q3", 7000);
}

/* Millions of whatever the catalogue counts in: 5e6 persons, but nobody knows 10^6 of what is 亿元.
 */
static void the_multiplier_of_sdmx_is_never_passed_over(void **state)
{
	static const char csv[] = "DATAFLOW,AREA,INDICATOR,TIME_PERIOD,OBS_VALUE,UNIT_MULT\n"
				  "A:F(1.0),jiahe,staff_persons,2026-Q3,5,6\nA:F(1.0),jiahe,output_"
				  "yuan,2026-09,5,6\n";
	const struct layout l = { .unit = COLUMN("AREA"),
				  .indicator = COLUMN("INDICATOR"),
				  .period = COLUMN("TIME_PERIOD"),
				  .value = COLUMN("OBS_VALUE") };
	const struct name_pair names[] = { { "output_yuan", "output_yuan", "万元" } };
	struct document doc = standard(csv);
	struct documents *d = *state;

	doc.format = FORMAT_SDMX;
	doc.layout = &l;
	assert_ok(documents_decode(d, &doc), &d->e);
	assert_figure(d, "jiahe", "staff_persons", "2026-Q3", 5e6);
	assert_int_equal(d->b->nobs, 1);
	assert_int_equal(d->b->count[REFUSED_MEASURE], 1);
	doc.names = names;
	doc.nnames = 1;
	assert_ok(documents_decode(d, &doc), &d->e);
	assert_figure(d, "jiahe", "output_yuan", "2026-09", 50000);
}

static void a_figure_before_the_end_of_its_period_is_preliminary_or_refused(void **state)
{
	struct documents *d = *state;

	take(d, HEAD "甲河,用电量,2026-11,5\n");
	assert_int_equal(d->b->nobs, 1);
	assert_int_equal(d->b->obs[0].flags, FIGURE_PROVISIONAL);
	refuses_row(d, "甲河,总产值,2026-11,5", REFUSED_NOT_ENDED, 8,
		    "2026-11 has not ended yet, and output_yuan takes no preliminary figures");
}

static void the_same_row_twice_is_taken_once(void **state)
{
	struct documents *d = *state;

	take(d, HEAD "甲河,税收,2026-10,5\n乙山,税收,2026-10,5\n甲河,税收(万元),2026年10月,5.0\n");
	assert_int_equal(d->b->nobs, 2);
	assert_int_equal(d->b->ncomplaints, 0);
}

/* --- bad input -------------------------------------------------------------------------- */

static void unknown_names_are_refused(void **state)
{
	struct documents *d = *state;

	refuses_row(d, "丙水,总产值,2026-10,1", REFUSED_UNIT, 1, "no unit is called '丙水'");
	refuses_row(d, "老园,总产值,2026-10,1", REFUSED_UNIT, 1,
		    "'老园' (oldpark) does not exist on 2026-10-31");
	refuses_row(d, "甲河,总产量值,2026-10,1", REFUSED_INDICATOR, 4,
		    "no indicator is called '总产量值', did you mean '总产值'?");
}

static void the_same_unknown_name_is_said_once_and_counted(void **state)
{
	struct documents *d = *state;

	take(d, HEAD "丙水,总产值,2026-08,1\n甲河,总产值,2026-08,1\n丙水,总产值,2026-08,2\n"
		     "丙水,税收,2026-08,2\n");
	assert_int_equal(d->b->nobs, 1);
	assert_int_equal(d->b->refused, 3);
	assert_int_equal(d->b->count[REFUSED_UNIT], 3);
	assert_int_equal(d->b->ncomplaints, 1);
	assert_complaint(d, 0, REFUSED_UNIT, 2, 1, "no unit is called '丙水' (and 2 more figures)");
}

static void a_feed_may_report_its_own_units_only(void **state)
{
	static const char *const units[] = { "yishan" };
	struct documents *d = *state;
	struct document doc = standard(HEAD "甲河,总产值,2026-10,1\n乙山,总产值,2026-10,2\n");

	doc.units = units;
	doc.nunits = 1;
	assert_ok(documents_decode(d, &doc), &d->e);
	assert_int_equal(d->b->nobs, 1);
	assert_complaint(d, 0, REFUSED_UNIT, 2, 1,
			 "'甲河' (jiahe) is not among the units of this feed");
}

static void impossible_periods_are_refused(void **state)
{
	struct documents *d = *state;

	refuses_row(d, "甲河,总产值,2026年13月,1", REFUSED_PERIOD, 8,
		    "period '2026年13月': month 13 does not exist");
	refuses_row(d, "甲河,总产值,去年,1", REFUSED_PERIOD, 8,
		    "'去年' is not a period such as 2026-10, 2026-Q3 or 2026年1-2月");
	refuses_row(d, "甲河,总产值,2026Q3,1", REFUSED_PERIOD, 8,
		    "2026-Q3 is a quarter, but output_yuan is reported by month");
	refuses_row(d, "甲河,从业人员,2026-09,1", REFUSED_PERIOD, 9,
		    "2026-09 is a month, but staff_persons is reported by quarter");
	refuses_row(
		d, "甲河,税收,2026年1-9月,1", REFUSED_PERIOD, 7,
		"2026-01/2026-09 is a run of months, but tax_yuan is a figure of the single month");
	refuses_row(
		d, "甲河,总产值,2026-01,1", REFUSED_PERIOD, 8,
		"2026-01: output_yuan is not collected for January by itself; February covers both "
		"months");
}

static void what_is_no_number_is_refused(void **state)
{
	static const struct {
		const char *cell, *text;
	} cases[] = {
		{ "1e999", "'1e999' is beyond the range of a number" },
		{ "NaN", "'NaN' is not a figure; a missing one is an empty cell" },
		{ "-inf", "'-inf' is infinite, which no figure is" },
		{ "0x1F", "'0x1F' is hexadecimal; figures are decimal" },
		{ "1 234", "'1 234' has blanks inside the number" },
		{ "(-12.3)", "'(-12.3)' is not a number" },
		{ "▲12.3", "'▲12.3' is not a number" },
		{ "#DIV/0!", "'#DIV/0!' is an error of a spreadsheet formula" },
		{ "1.2.3", "'1.2.3' is not a number" },
		{ "12abc", "'12abc' is not a number" },
		{ "约12", "'约12' is not a number" },
	};
	char row[256];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(row, sizeof(row), "甲河,税收,2026-10,%s", cases[i].cell);
		refuses_row(*state, row, REFUSED_VALUE, 15, cases[i].text);
	}
}

static void a_measure_that_does_not_fit_is_refused(void **state)
{
	refuses_row(*state, "甲河,总产值(亩),2026-10,1", REFUSED_MEASURE, 4,
		    "'亩' cannot be a measure of output_yuan, which is in 亿元");
	refuses_row(*state, "甲河,总产值,2026-10,5%", REFUSED_MEASURE, 16,
		    "'5%' is not in a measure of output_yuan, which is in 亿元");
}

/* One complaint at this place about a document with this layout. */
static void complains_at(struct documents *d, enum feed_format format, const struct layout *layout,
			 const char *text, unsigned line, unsigned column, const char *why)
{
	struct document doc = standard(text);

	doc.format = format;
	doc.layout = layout;
	assert_ok(documents_decode(d, &doc), &d->e);
	assert_int_equal(d->b->ncomplaints, 1);
	if (d->b->complaints[0].line != line || d->b->complaints[0].column != column)
		fail_msg("%u:%u %s", d->b->complaints[0].line, d->b->complaints[0].column,
			 d->b->complaints[0].text);
	assert_has(d->b->complaints[0].text, why);
}

static void what_is_wrong_has_the_place_where_it_stands(void **state)
{
	const struct layout wide = { .unit = COLUMN("园区"),
				     .indicator = FIXED("税收"),
				     .period = HEADER };
	const struct layout titled = { .unit = TITLE("园区"),
				       .indicator = COLUMN("指标"),
				       .period = HEADER };
	const struct layout two = { .unit = COLUMN("园区"),
				    .indicator = COLUMN("指标"),
				    .period = COLUMN("年", "月"),
				    .value = COLUMN("数值") };
	const struct layout rows = { .unit = COLUMN("/a"),
				     .indicator = COLUMN("/b"),
				     .period = COLUMN("/c"),
				     .value = COLUMN("/v"),
				     .rows = "" };
	const struct layout fixed = { .unit = FIXED("丙水"),
				      .indicator = COLUMN("指标"),
				      .period = COLUMN("期间"),
				      .value = COLUMN("数值") };
	struct documents *d = *state;

	complains_at(d, FORMAT_CSV, &wide, "园区,2026-09,2026年13月\n甲河,1,2\n乙山,1,2\n", 1, 12,
		     "month 13 does not exist (and 1 more figure)");
	complains_at(d, FORMAT_CSV, &titled, "园区：丙水,\n指标,2026-09,2026-10\n税收,1,2\n", 1, 1,
		     "no unit is called '丙水' (and 1 more figure)");
	complains_at(d, FORMAT_CSV, &titled, ",园区：,丙水\n指标,2026-09\n税收,1\n", 1, 6,
		     "no unit is called '丙水'");
	complains_at(d, FORMAT_CSV, &two, "园区,指标,年,月,数值\n甲河,税收,2026,13,1\n", 2, 7,
		     "period '2026-13'");
	complains_at(d, FORMAT_CSV, &fixed, "指标,期间,数值\n税收,2026-09,1\n", 2, 12,
		     "no unit is called '丙水'");
	complains_at(d, FORMAT_JSON, &rows,
		     "[{\"a\":\"甲河\",\"b\":\"税收\",\n\"c\":\"2026-13\",\"v\":1}]", 2, 5,
		     "period '2026-13'");
}

static void a_figure_out_of_range_is_refused(void **state)
{
	refuses_row(*state, "甲河,总产值,2026-10,-0.5", REFUSED_RANGE, 16,
		    "甲河, output_yuan 2026-10: -50000000 is less than 0 allowed");
	refuses_row(
		*state, "甲河,总产值,2026-10,100001", REFUSED_RANGE, 16,
		"甲河, output_yuan 2026-10: 10000100000000 is more than 10000000000000 allowed");
}

static void rows_that_disagree_are_all_refused(void **state)
{
	struct documents *d = *state;

	take(d, HEAD "甲河,总产值,2026-10,12.3\n乙山,总产值,2026-10,1\n甲河,总产值,2026-10,13.1\n");
	assert_int_equal(d->b->nobs, 1);
	assert_int_equal(d->b->refused, 2);
	assert_int_equal(d->b->count[REFUSED_CONFLICT], 2);
	assert_complaint(
		d, 0, REFUSED_CONFLICT, 2, 16,
		"甲河, output_yuan 2026-10: 1230000000 here, but 1310000000 in line 4, column "
		"16; neither is taken");
	assert_complaint(
		d, 1, REFUSED_CONFLICT, 4, 16,
		"甲河, output_yuan 2026-10: 1310000000 here, but 1230000000 in line 2, column "
		"16; neither is taken");
	assert_figure(d, "yishan", "output_yuan", "2026-10", 1e8);
}

static void a_cumulative_figure_that_falls_is_kept_and_doubted(void **state)
{
	struct documents *d = *state;
	const struct observation *o;

	take(d, HEAD "甲河,总产值,2026-10,9\n甲河,总产值,2026-09,10\n甲河,总产值,2026-02,1\n"
		     "甲河,总产值,2025-12,12\n");
	assert_int_equal(d->b->nobs, 4);
	assert_int_equal(d->b->suspect, 1);
	assert_complaint(
		d, 0, SUSPECT_YTD_FALLS, 2, 16,
		"甲河, output_yuan 2026-10: 900000000 is cumulative, but less than 1000000000 "
		"of 2026-09; kept, marked as suspect");
	o = documents_figure(d, "jiahe", "output_yuan", "2026-10");
	assert_int_equal(o->flags, FIGURE_SUSPECT);
	assert_int_equal(documents_figure(d, "jiahe", "output_yuan", "2026-02")->flags, 0);
}

static void a_rate_since_new_year_may_fall(void **state)
{
	struct documents *d = *state;

	take(d, HEAD "甲河,利润率,2026-09,6.5\n甲河,利润率,2026-10,6.2\n"
		     "甲河,劳动生产率,2026-09,21\n甲河,劳动生产率,2026-10,20\n");
	assert_int_equal(d->b->nobs, 4);
	assert_int_equal(d->b->suspect, 0);
	assert_int_equal(d->b->ncomplaints, 0);
	assert_int_equal(documents_figure(d, "jiahe", "margin_ratio", "2026-10")->flags, 0);
}

static void the_stored_figure_counts_as_the_one_before(void **state)
{
	struct documents *d = *state;

	documents_store(d, NULL, NULL, "2026-09", 20e8);
	take(d, HEAD "甲河,总产值,2026-10,19\n甲河,税收,2026-10,5\n");
	assert_int_equal(d->b->nobs, 1);
	assert_complaint(
		d, 0, SUSPECT_YTD_FALLS, 2, 16,
		"甲河, output_yuan 2026-10: 1900000000 is cumulative, but less than 2000000000 "
		"of 2026-09; kept, marked as suspect");
	assert_complaint(
		d, 1, REFUSED_UNIT_SLIP, 3, 15,
		"甲河, tax_yuan 2026-10: 50000 is 2.5e-05 times 2000000000 of 2026-09; is it in "
		"another measure than the header says?");
	/* One look a series, not one a row: of those here, and of the other parks' for the panel.
	 */
	assert_int_equal(d->asked, 4);
}

static void a_value_ten_thousand_times_the_last_is_refused(void **state)
{
	struct documents *d = *state;

	take(d, HEAD "甲河,总产值,2026-08,1.2\n甲河,总产值,2026-09,13000\n甲河,总产值,2026-10,1.4\n"
		     "乙山,税收,2026-08,10\n乙山,税收,2026-09,0.001\n乙山,税收,2026-10,0\n");
	assert_int_equal(d->b->nobs, 4);
	assert_int_equal(d->b->count[REFUSED_UNIT_SLIP], 2);
	assert_complaint(
		d, 0, REFUSED_UNIT_SLIP, 3, 16,
		"甲河, output_yuan 2026-09: 1300000000000 is 10833 times 120000000 of 2026-08; "
		"is it in another measure than the header says?");
	assert_complaint(
		d, 1, REFUSED_UNIT_SLIP, 6, 15,
		"乙山, tax_yuan 2026-09: 10 is 0.0001 times 100000 of 2026-08; is it in another "
		"measure than the header says?");
	/* The refused figure is not what October is compared with. */
	assert_figure(d, "jiahe", "output_yuan", "2026-10", 140000000.0);
}

static void a_new_years_first_figure_is_compared_with_the_same_month_a_year_before(void **state)
{
	struct documents *d = *state;

	take(d, HEAD "甲河,总产值,2025-02,0.001\n甲河,总产值,2025-12,5\n甲河,总产值,2026-02,0.002\n"
		     "乙山,总产值,2025-02,1\n乙山,总产值,2026-02,20000\n");
	/* In 2025 the value grew by 5,000 within the year: that is refused, February's is not. */
	assert_int_equal(d->b->count[REFUSED_UNIT_SLIP], 2);
	assert_int_equal(d->b->complaints[0].line, 3);
	assert_figure(d, "jiahe", "output_yuan", "2026-02", 200000.0);
	assert_complaint(
		d, 1, REFUSED_UNIT_SLIP, 6, 16,
		"乙山, output_yuan 2026-02: 2000000000000 is 20000 times 100000000 of 2025-02; "
		"is it in another measure than the header says?");
}

static int failing_open(void *ctx, void **at, struct err *e)
{
	(void)ctx;
	(void)at;
	return err_set(e, ERR_BUSY, "all reader slots are taken");
}

static int failing_past(void *at, const struct labels *labels, int64_t from_ms, int64_t to_ms,
			struct arena *a, struct past **out, size_t *n, struct err *e)
{
	(void)at;
	(void)labels;
	(void)from_ms;
	(void)to_ms;
	(void)a;
	(void)out;
	(void)n;
	return err_set(e, ERR_CORRUPT, "checksum of record 3 is wrong");
}

static void a_store_that_cannot_be_read_fails_the_document(void **state)
{
	struct documents *d = *state;
	struct document doc = standard(HEAD "甲河,总产值,2026-10,1\n");

	d->history.figures = failing_past;
	assert_fails(documents_decode(d, &doc), &d->e, ERR_CORRUPT,
		     "looking up the figures before: checksum of record 3 is wrong");
	d->history.figures = documents_past;
	d->history.open = failing_open;
	assert_fails(documents_decode(d, &doc), &d->e, ERR_BUSY,
		     "looking up the figures before: all reader slots are taken");
	d->history.open = documents_open_history;
}

/* --- encodings and whole documents --------------------------------------------------------- */

static void a_broken_byte_in_gbk_costs_its_row(void **state)
{
	struct documents *d = *state;
	/* 园区,指标,期间,数值,状态 / 甲河,总产值,… / 乙 + a byte that is none / 乙山,… */
	struct document doc = standard("\xd4\xb0\xc7\xf8,\xd6\xb8\xb1\xea,\xc6\xda\xbc\xe4,"
				       "\xca\xfd\xd6\xb5,\xd7\xb4\xcc\xac\n"
				       "\xbc\xd7\xba\xd3,\xd7\xdc\xb2\xfa\xd6\xb5,2026-10,12.3\n"
				       "\xd2\xd2\xff,\xd7\xdc\xb2\xfa\xd6\xb5,2026-09,1\n"
				       "\xd2\xd2\xc9\xbd,\xd7\xdc\xb2\xfa\xd6\xb5,2026-10,2\n");

	for (int k = 0; k < 2; k++) {
		doc.encoding = k ? TEXT_GB18030 : TEXT_AUTO;
		assert_ok(documents_decode(d, &doc), &d->e);
		assert_int_equal(d->b->nobs, 2);
		assert_int_equal(d->b->refused, 1);
		assert_complaint(d, 0, REFUSED_ENCODING, 3, 3,
				 "line 3, byte 3: 0xff is not GB18030; the line is left out");
		assert_figure(d, "jiahe", "output_yuan", "2026-10", 1230000000.0);
		assert_figure(d, "yishan", "output_yuan", "2026-10", 2e8);
	}
}

static void progress_counts_bytes_as_they_came(void **state)
{
	struct documents *d = *state;
	struct progress progress = { 0 };
	struct document doc = standard("");
	struct buf b;

	buf_init(&b, 1 << 20);
	buf_puts(&b, "\xd4\xb0\xc7\xf8,\xd6\xb8\xb1\xea,\xc6\xda\xbc\xe4,"
		     "\xca\xfd\xd6\xb5,\xd7\xb4\xcc\xac\n");
	for (int i = 0; i < 100; i++) /* 乙山,总产值 */
		buf_puts(&b, "\xd2\xd2\xc9\xbd,\xd7\xdc\xb2\xfa\xd6\xb5,2026-10,1\n");
	doc.body = buf_all(&b);
	doc.progress = &progress;
	assert_ok(documents_decode(d, &doc), &d->e);
	assert_int_equal(d->b->nobs, 1);
	assert_true(atomic_load(&progress.read_bytes) > b.n - 30);
	assert_true(atomic_load(&progress.read_bytes) <= b.n);
	buf_release(&b);
}

static void a_broken_byte_in_utf8_costs_its_row_and_does_not_make_it_gbk(void **state)
{
	struct documents *d = *state;
	struct document doc = standard(HEAD "甲河,总产值,2026-10,12.3\n"
					    "乙山\xe5,总产值,2026-09,1\n"
					    "乙山,总产值,2026-10,2\n");

	for (int k = 0; k < 2; k++) {
		doc.encoding = k ? TEXT_UTF8 : TEXT_AUTO;
		assert_ok(documents_decode(d, &doc), &d->e);
		assert_int_equal(d->b->nobs, 2);
		assert_int_equal(d->b->refused, 1);
		assert_complaint(d, 0, REFUSED_ENCODING, 3, 7,
				 "line 3, byte 7: 0xe5 is not UTF-8; the line is left out");
	}
}

static void refuses_document(struct documents *d, enum feed_format format, struct slice body,
			     enum refusal why, const char *text)
{
	struct document doc = standard("");

	doc.format = format;
	doc.body = body;
	doc.feed = "f";
	doc.instance = "h:1";
	assert_fails(documents_decode(d, &doc), &d->e, ERR_INVALID, text);
	assert_int_equal(d->b->nobs, 0);
	assert_int_equal(d->b->ncomplaints, 1);
	assert_complaint(d, 0, why, 0, 0, text);
}

static void a_document_that_is_something_else_is_refused_as_a_whole(void **state)
{
	struct documents *d = *state;

	refuses_document(d, FORMAT_CSV, slice_str(""), REFUSED_LAYOUT, "the document is empty");
	refuses_document(d, FORMAT_JSON, slice_str(" "), REFUSED_LAYOUT, "the document is empty");
	refuses_document(d, FORMAT_CSV,
			 slice_str("<!DOCTYPE HTML><html><head><TITLE>\xb5\xc7\xc2\xbc</TITLE>"),
			 REFUSED_LAYOUT, "this is an HTML page, not CSV: '登录'");
	refuses_document(d, FORMAT_CSV, slice_of("a,\0\n", 4), REFUSED_LAYOUT,
			 "this is not text: a NUL byte at byte 3, line 1");
	refuses_document(d, FORMAT_PROMETHEUS, slice_str("<html>"), REFUSED_LAYOUT,
			 "this is an HTML page, not metrics");
	refuses_document(d, FORMAT_JSON, slice_str("[\"\xff\xff\"]"), REFUSED_ENCODING,
			 "line 1, byte 3: 0xff is not GB18030");
	refuses_document(d, FORMAT_CSV, slice_str("园区,期间,数值\n"), REFUSED_LAYOUT,
			 "line 1: looks like the header, but column '状态' is not in it");
}

static void more_rows_than_allowed_end_the_document_and_keep_what_came_before(void **state)
{
	struct documents *d = *state;
	struct document doc = standard(HEAD "甲河,税收,2026-08,1\n甲河,税收,2026-09,2\n"
					    "甲河,税收,2026-10,3\n");

	doc.rows_limit = 2;
	assert_fails(documents_decode(d, &doc), &d->e, ERR_LIMIT, "line 4: more than 2 rows");
	assert_int_equal(d->b->nobs, 2);
	assert_complaint(d, 0, REFUSED_LIMIT, 0, 0, "line 4: more than 2 rows");
}

static void a_batch_that_is_too_small_is_a_limit(void **state)
{
	struct documents *d = *state;
	struct document doc = standard("");
	char *csv = malloc(1 << 20), *to = stpcpy(csv, HEAD);

	for (int year = 1950; year < 2020; year++)
		for (int month = 2; month <= 12; month++)
			for (int k = 0; k < 8; k++)
				to += sprintf(to, "甲河,税收,%d-%02d,%d\n", year, month, 5);
	doc.body = slice_str(csv);
	batch_free(d->b);
	d->b = batch_new(64 << 10, &d->e);
	assert_fails(document_decode(&doc, d->cat, &d->history, d->b, &d->e), &d->e, ERR_LIMIT,
		     "more memory than it may have");
	free(csv);
}

static void a_document_has_half_a_gibibyte_at_most(void **state)
{
	(void)state;
	assert_int_equal(batch_room(0), 64 << 20);
	assert_int_equal(batch_room(4 << 20), 128 << 20);
	assert_int_equal(batch_room(28 << 20), 512 << 20);
	assert_int_equal(batch_room((28 << 20) + 1), 512 << 20);
	assert_int_equal(batch_room(UINT64_MAX), 512 << 20);
}

static void complaints_are_limited_but_counted(void **state)
{
	struct documents *d = *state;
	char *csv = malloc(1 << 20), *to = stpcpy(csv, HEAD);

	for (int i = 0; i < 3000; i++)
		to += sprintf(to, "甲河,税收,2026-10,x%d\n", i);
	take(d, csv);
	assert_int_equal(d->b->ncomplaints, BATCH_COMPLAINTS_MAX);
	assert_int_equal(d->b->count[REFUSED_VALUE], 3000);
	assert_int_equal(d->b->refused, 3000);
	assert_int_equal(d->b->rows, 3000);
	free(csv);
}

static void running_out_of_memory_anywhere_is_an_error_and_leaks_nothing(void **state)
{
	struct documents *d = *state;
	struct document doc = standard(HEAD "甲河,总产值(亿元),2026-09,\"1,200\"\n"
					    "甲河,总产值,2026-10,１３\n丙水,税收,2026-10,1\n");
	struct starve s = { 0 };
	long held = 0;

	batch_free(d->b);
	d->b = NULL;
	while (starve_again(&s)) {
		int rc = -1;

		mem_count(1);
		starve_begin(&s);
		d->b = batch_new(1 << 20, &d->e);
		if (d->b)
			rc = document_decode(&doc, d->cat, &d->history, d->b, &d->e);
		/* A name that could not be looked up is not an unknown one: no row is refused for
		 * want of memory, the document fails as a whole. */
		starve_end(&s, rc == 0, &d->e);
		if (rc == 0)
			break;
		batch_free(d->b);
		d->b = NULL;
		/* Arenas keep blocks for reuse, the first time round. */
		if (s.failed > 51)
			assert_true(mem_held() <= held);
		held = mem_held() > held ? mem_held() : held;
	}
	mem_count(0);
	assert_non_null(d->b);
	assert_int_equal(d->b->nobs, 2);
	assert_int_equal(d->b->refused, 1);
}

static void a_row_that_does_not_fit_fails_the_document_and_not_the_row(void **state)
{
	enum { WIDE = 700000 };
	static const char *const joined[] = { "年", "月" };
	struct documents *d = *state;
	struct document doc = standard(NULL);
	struct layout l = *&long_layout;
	char *csv = malloc(2 * WIDE + 200), *to;

	l.period.columns = joined;
	l.period.ncolumns = 2;
	to = stpcpy(csv, "园区,指标,年,月,数值,状态\n甲河,税收,2026,10,5,\n乙山,税收,");
	memset(to, '1', 2 * WIDE);
	to[WIDE] = ',';
	strcpy(to + 2 * WIDE, ",5,\n");
	doc.layout = &l;
	doc.body = slice_str(csv);
	batch_free(d->b);
	d->b = batch_new(1 << 20, &d->e);
	assert_fails(document_decode(&doc, d->cat, &d->history, d->b, &d->e), &d->e, ERR_LIMIT,
		     "the document needs more memory than it may have (1 MiB for this document; in "
		     "smaller parts it can be taken)");
	/* What was read before stays. */
	assert_int_equal(d->b->nobs, 1);
	free(csv);
}

/* --- plain samples -------------------------------------------------------------------------- */

static void plain_samples_get_job_and_instance(void **state)
{
	struct documents *d = *state;
	struct document doc = { .format = FORMAT_PROMETHEUS,
				.body = slice_str(
					"# TYPE heat gauge\nheat 1\ntemp{job=\"x\"} 2.5 "
					"1795406399000\npark_output_yuan{park=\"jiahe\"} 3\n"
					"park_output_yuan{park=\"yishan\"} 4\nbad\n"),
				.feed = "node",
				.instance = "127.0.0.1:9100",
				.now_ms = NOW_MS };

	assert_ok(documents_decode(d, &doc), &d->e);
	assert_int_equal(d->b->nsamples, 2);
	assert_slice(labels_name(d->b->samples[0].labels), "heat");
	assert_slice(labels_get(d->b->samples[0].labels, slice_str("job")), "node");
	assert_slice(labels_get(d->b->samples[0].labels, slice_str("instance")), "127.0.0.1:9100");
	assert_f64(d->b->samples[0].value, 1.0);
	assert_int_equal(d->b->samples[0].t_ms, NOW_MS);
	assert_slice(labels_get(d->b->samples[1].labels, slice_str("exported_job")), "x");
	assert_int_equal(d->b->samples[1].t_ms, NOW_MS - 1000);
	assert_int_equal(d->b->refused, 3);
	assert_int_equal(d->b->count[REFUSED_CATALOGUED], 2);
	assert_complaint(
		d, 0, REFUSED_CATALOGUED, 4, 1,
		"'park_output_yuan' is a statistic of the catalogue and is not taken as a plain "
		"metric");
	assert_complaint(d, 1, REFUSED_LAYOUT, 6, 4, "the sample has no value");
}

static void open_metrics_is_known_by_its_type_or_its_end(void **state)
{
	struct documents *d = *state;
	struct document doc = { .format = FORMAT_PROMETHEUS,
				.body = slice_str("a 1 1795406399.5\n# EOF\n"),
				.feed = "f",
				.instance = "h:1",
				.now_ms = NOW_MS };

	assert_ok(documents_decode(d, &doc), &d->e);
	assert_int_equal(d->b->samples[0].t_ms, NOW_MS - 500);
	doc.content_type = slice_str("application/openmetrics-text; version=1.0.0");
	doc.body = slice_str("a 1\n");
	assert_fails(documents_decode(d, &doc), &d->e, ERR_INVALID,
		     "the text ends without '# EOF'");
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup(f, no_history)
	const struct CMUnitTest tests[] = {
		CASE(figures_are_scaled_exactly_and_stamped_on_the_last_day),
		CASE(thousands_are_parted_by_commas_in_groups_of_three),
		CASE(full_width_digits_are_taken_and_counted),
		CASE(a_zero_has_no_sign),
		CASE(a_multiplier_counts_in_what_the_source_says),
		CASE(zero_is_a_figure_and_missing_is_none),
		CASE(flags_come_as_letters_or_words),
		CASE(a_mark_instead_of_a_number_is_a_figure_kept_secret),
		CASE(a_flag_keeps_a_figure_secret_with_or_without_a_number),
		CASE(a_confidentiality_is_free_or_keeps_the_figure_secret),
		CASE(a_secret_and_a_number_disagree_and_no_number_is_shown),
		CASE(nothing_is_held_against_a_secret),
		CASE(a_refused_figure_leaves_its_cell_where_that_is_known),
		CASE(the_cells_of_refused_figures_are_limited),
		CASE(a_run_from_january_is_the_cumulative_figure_of_its_last_month),
		CASE(the_sources_own_words_and_measures_are_understood),
		CASE(a_line_above_says_the_measure),
		CASE(a_line_between_parts_is_about_those_below),
		CASE(a_corner_says_the_measure),
		CASE(a_column_of_measures_counts_row_by_row),
		CASE(what_is_configured_goes_before_a_customary_place),
		CASE(a_column_of_the_layout_or_of_two_alike_is_not_one_of_measures),
		CASE(records_bring_the_measure_along),
		CASE(the_multiplier_of_sdmx_is_never_passed_over),
		CASE(a_figure_before_the_end_of_its_period_is_preliminary_or_refused),
		CASE(the_same_row_twice_is_taken_once),
		CASE(unknown_names_are_refused),
		CASE(the_same_unknown_name_is_said_once_and_counted),
		CASE(a_feed_may_report_its_own_units_only),
		CASE(impossible_periods_are_refused),
		CASE(what_is_no_number_is_refused),
		CASE(a_measure_that_does_not_fit_is_refused),
		CASE(what_is_wrong_has_the_place_where_it_stands),
		CASE(a_figure_out_of_range_is_refused),
		CASE(rows_that_disagree_are_all_refused),
		CASE(a_cumulative_figure_that_falls_is_kept_and_doubted),
		CASE(a_rate_since_new_year_may_fall),
		CASE(the_stored_figure_counts_as_the_one_before),
		CASE(a_value_ten_thousand_times_the_last_is_refused),
		CASE(a_new_years_first_figure_is_compared_with_the_same_month_a_year_before),
		CASE(a_store_that_cannot_be_read_fails_the_document),
		CASE(a_broken_byte_in_gbk_costs_its_row),
		CASE(progress_counts_bytes_as_they_came),
		CASE(a_broken_byte_in_utf8_costs_its_row_and_does_not_make_it_gbk),
		CASE(a_document_that_is_something_else_is_refused_as_a_whole),
		CASE(more_rows_than_allowed_end_the_document_and_keep_what_came_before),
		CASE(a_batch_that_is_too_small_is_a_limit),
		CASE(a_document_has_half_a_gibibyte_at_most),
		CASE(complaints_are_limited_but_counted),
		CASE(running_out_of_memory_anywhere_is_an_error_and_leaks_nothing),
		CASE(a_row_that_does_not_fit_fails_the_document_and_not_the_row),
		CASE(plain_samples_get_job_and_instance),
		CASE(open_metrics_is_known_by_its_type_or_its_end),
	};

	return cmocka_run_group_tests(tests, open_standard, close_standard);
}
