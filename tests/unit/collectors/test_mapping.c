/*
 * test_mapping.c - documents to figures: names, periods, checks, and bad input.
 *
 * Each bad input gives one sentence with its place, and the good rows around it
 * are kept.
 */
#include "tests/unit/collectors/standard.h"

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

int main(void)
{
#define CASE(f) cmocka_unit_test_setup(f, no_history)
	const struct CMUnitTest tests[] = {
		CASE(figures_are_scaled_exactly_and_stamped_on_the_last_day),
		CASE(thousands_are_parted_by_commas_in_groups_of_three),
		CASE(full_width_digits_are_taken_and_counted),
		CASE(a_zero_has_no_sign),
		CASE(zero_is_a_figure_and_missing_is_none),
		CASE(flags_come_as_letters_or_words),
		CASE(a_refused_figure_leaves_its_cell_where_that_is_known),
		CASE(the_cells_of_refused_figures_are_limited),
		CASE(a_run_from_january_is_the_cumulative_figure_of_its_last_month),
		CASE(a_figure_before_the_end_of_its_period_is_preliminary_or_refused),
		CASE(the_same_row_twice_is_taken_once),
		CASE(unknown_names_are_refused),
		CASE(the_same_unknown_name_is_said_once_and_counted),
		CASE(a_feed_may_report_its_own_units_only),
		CASE(impossible_periods_are_refused),
		CASE(what_is_no_number_is_refused),
		CASE(what_is_wrong_has_the_place_where_it_stands),
		CASE(a_figure_out_of_range_is_refused),
		CASE(rows_that_disagree_are_all_refused),
		CASE(a_cumulative_figure_that_falls_is_kept_and_doubted),
		CASE(a_rate_since_new_year_may_fall),
		CASE(the_stored_figure_counts_as_the_one_before),
		CASE(a_value_ten_thousand_times_the_last_is_refused),
		CASE(a_new_years_first_figure_is_compared_with_the_same_month_a_year_before),
		CASE(a_store_that_cannot_be_read_fails_the_document),
	};

	return cmocka_run_group_tests(tests, open_standard, close_standard);
}
