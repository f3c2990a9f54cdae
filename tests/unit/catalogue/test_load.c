/* test_load.c - catalogues from YAML: what is right is read, what is wrong is said, all at once. */
#include "tests/unit/catalogue/fixture.h"

#include "base/alloc.h"

#define COUNTY "units:\n- {id: c1, class: county, name: 甲县}\n"
#define PARK   COUNTY "- {id: p1, class: park, name: 甲园, county: c1}\n"
#define FLOW                                                                                       \
	"indicators:\n"                                                                            \
	"- {code: tax_yuan, name: 税收, measure: 亿元, freq: M, form: ytd, min: 0}\n"

/* --- what is right --------------------------------------------------------------- */

static void everything_about_an_indicator_is_read(void **state)
{
	struct fixture *f = *state;
	const struct indicator *i;

	load_good(f, "units:\n"
		     "- {id: land, class: department, name: 国土局}\n"
		     "releases:\n"
		     "- {id: quick, freq: Q, day: 12, time: '09:30', grace_working_days: 3}\n"
		     "- {id: slow, freq: Q, working_day: 20}\n"
		     "indicators:\n"
		     "- code: land_supplied_square_meters\n"
		     "  name: 供地面积\n"
		     "  name_en: Land supplied\n"
		     "  aliases: [土地供应, 供地]\n"
		     "  measure: 亩\n"
		     "  freq: Q\n"
		     "  form: ytd\n"
		     "  direction: up\n"
		     "  owner: land\n"
		     "  release: slow\n"
		     "  min: 3\n"
		     "  max: '30'\n"
		     "  preliminary: true\n"
		     "  reported_by: [park, county]\n"
		     "  from: 2012-01-01\n"
		     "- {code: idle_square_meters, name: 闲置, measure: 亩, freq: Q, form: level,\n"
		     "   unit_slip: false}\n");
	i = indicator_called(f, "land_supplied_square_meters");
	assert_string_equal(i->name, "供地面积");
	assert_string_equal(i->name_en, "Land supplied");
	assert_int_equal(i->naliases, 2);
	assert_string_equal(i->aliases[1], "供地");
	assert_string_equal(i->measure, "亩");
	assert_int_equal(i->freq, FREQ_QUARTER);
	assert_int_equal(i->form, FORM_YTD);
	assert_string_equal(i->basis, "ytd");
	assert_int_equal(i->direction, DIRECTION_UP);
	assert_string_equal(i->owner, "land");
	assert_string_equal(i->release->id, "slow");
	assert_int_equal(i->release->working_day, 20);
	assert_int_equal(i->release->due_minute, 17 * 60);
	assert_int_equal(i->release->grace_working_days, 10); /* a quarter's */
	assert_true(i->has_min && i->has_max && i->preliminary && i->unit_slip);
	assert_f64(i->min, 2000); /* 3 亩 */
	assert_f64(i->max, 20000);
	assert_true(indicator_reports(i, UNIT_COUNTY));
	assert_false(indicator_reports(i, UNIT_ZONE));
	assert_int_equal(i->valid.from.year, 2012);
	assert_int_equal(i->valid.to.year, 0);

	i = indicator_called(f, "idle_square_meters");
	assert_string_equal(i->release->id, "quick"); /* the first of the frequency */
	assert_int_equal(i->release->day, 12);
	assert_int_equal(i->release->working_day, 0);
	assert_int_equal(i->release->due_minute, 9 * 60 + 30);
	assert_string_equal(i->basis, "level");
	assert_false(i->unit_slip || i->has_min || i->has_max || i->preliminary);
	assert_null(i->owner);
	assert_true(indicator_reports(i, UNIT_PARK));
	assert_false(indicator_reports(i, UNIT_COUNTY));
}

static void the_scale_of_a_target_is_exact(void **state)
{
	struct fixture *f = *state;
	const struct date today = { 2026, 11, 1 };
	const struct target *t;

	load_good(f, PARK FLOW
		  "targets:\n"
		  "- {unit: p1, indicator: tax_yuan, year: 2026, value: 12.34,\n"
		  "   split: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12.34]}\n"
		  "- {unit: p1, indicator: tax_yuan, year: 2027, value: 0.1, linear: true}\n");
	t = catalogue_target(f->c, unit_called(f, "p1"), indicator_called(f, "tax_yuan"), 2026,
			     today);
	assert_non_null(t);
	assert_f64(t->value, 1234000000);
	assert_true(t->has_split);
	assert_false(t->linear);
	assert_f64(t->split[0], 1e8);
	assert_f64(t->split[11], 1234000000);
	t = catalogue_target(f->c, unit_called(f, "p1"), indicator_called(f, "tax_yuan"), 2027,
			     today);
	assert_f64(t->value, 10000000);
	assert_true(t->linear);
	assert_false(t->has_split);
	assert_null(catalogue_target(f->c, unit_called(f, "p1"), indicator_called(f, "tax_yuan"),
				     2025, today));
	assert_int_equal(catalogue_targets(f->c), 2);
}

static void a_later_target_replaces_the_earlier_from_its_day(void **state)
{
	struct fixture *f = *state;
	const struct unit *u;
	const struct indicator *i;

	load_good(f, PARK FLOW
		  "targets:\n"
		  "- {unit: p1, indicator: tax_yuan, year: 2026, value: 3, set_on: 2026-07-01}\n"
		  "- {unit: p1, indicator: tax_yuan, year: 2026, value: 5, set_on: 2026-02-01}\n");
	u = unit_called(f, "p1");
	i = indicator_called(f, "tax_yuan");
	assert_null(catalogue_target(f->c, u, i, 2026, (struct date){ 2026, 1, 31 }));
	assert_f64(catalogue_target(f->c, u, i, 2026, (struct date){ 2026, 2, 1 })->value, 5e8);
	assert_f64(catalogue_target(f->c, u, i, 2026, (struct date){ 2026, 6, 30 })->value, 5e8);
	assert_f64(catalogue_target(f->c, u, i, 2026, (struct date){ 2026, 7, 1 })->value, 3e8);
}

static void a_level_target_is_the_level_at_the_years_end(void **state)
{
	struct fixture *f = *state;

	load_good(f, PARK "indicators:\n"
			  "- {code: firms, name: 企业, measure: 家, freq: M, form: level, min: 0}\n"
			  "targets:\n"
			  "- {unit: p1, indicator: firms, year: 2026, value: 44,\n"
			  "   split: [50, 49, 48, 47, 46, 45, 44, 44, 44, 44, 44, 44]}\n");
	assert_f64(catalogue_target_at(f->c, 0)->value, 44);
	assert_f64(catalogue_target_at(f->c, 0)->split[0], 50); /* a level may fall */
}

static void several_files_are_one_catalogue(void **state)
{
	struct fixture *f = *state;
	const char *paths[2] = { tmp_path(f->dir, "parks.yaml"), tmp_path(f->dir, "rest.yaml") };
	const char parks[] = "units:\n- {id: p1, class: park, name: 甲园, county: c1}\n";
	const char rest[] = COUNTY FLOW;

	tmp_write(paths[0], parks, sizeof(parks) - 1);
	tmp_write(paths[1], rest, sizeof(rest) - 1);
	assert_non_null(load_paths(f, paths, 2));
	assert_int_equal(catalogue_units(f->c), 2);
	assert_string_equal(catalogue_unit_at(f->c, 0)->id, "p1");
	assert_string_equal(catalogue_unit_at(f->c, 1)->file, paths[1]);
	assert_null(catalogue_unit_at(f->c, 2));
}

static void the_version_follows_what_is_said_and_not_how_it_is_laid_out(void **state)
{
	struct fixture *f = *state;
	uint64_t first, spaced, other;

	first = catalogue_version(load_good(f, PARK FLOW));
	spaced = catalogue_version(load_good(f, "# a comment\n" PARK "\n\n" FLOW));
	other = catalogue_version(load_good(f, PARK FLOW "  \n- {code: vat_yuan, name: 增值税, "
							 "measure: 亿元, freq: M, form: ytd}\n"));
	assert_true(first == spaced);
	assert_true(first != other);
}

static void a_profile_is_read_and_the_shipped_one_is_there(void **state)
{
	struct fixture *f = *state;
	const struct profile *p;

	load_good(f, "profiles:\n"
		     "- {id: even, source: 试验,\n"
		     "   shares: [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1]}\n");
	p = catalogue_profile(f->c, "even");
	assert_non_null(p);
	assert_f64(p->shares[10], 0.95);
	p = catalogue_profile(f->c, NULL);
	assert_f64(p->shares[1], 0.0803);
	assert_f64(p->shares[11], 1);
	assert_has(p->source, "国家统计局");
	assert_ptr_equal(p, catalogue_profile(f->c, "nbs-provinces"));
	assert_null(catalogue_profile(f->c, "odd"));
}

static void a_catalogue_of_nothing_is_one(void **state)
{
	struct fixture *f = *state;

	load_good(f, "");
	assert_int_equal(catalogue_units(f->c), 0);
	load_good(f, "units:\nindicators:\n");
	assert_non_null(load_paths(f, NULL, 0));
}

/* --- what is wrong --------------------------------------------------------------- */

/* One mistake in an otherwise good text. */
static void one_mistake(struct fixture *f, const char *text, const char *want)
{
	assert_null(load_text(f, text));
	if (f->d.n != 1 || strcmp(complaint(f, 0), want) != 0) {
		diags_print(&f->d, stderr);
		fail_msg("%zu complaints, the first \"%s\", not \"%s\"", f->d.n, complaint(f, 0),
			 want);
	}
}

static const char thirty[] =
	/*  1 */
	"units:\n"
	/*  2 */ "- {id: c1, class: county, name: 甲县}\n"
	/*  3 */ "- {id: c1, class: county, name: 甲县}\n"
	/*  4 */ "- {id: p1, class: park, name: 甲园, county: c2}\n"
	/*  5 */ "- {id: p2, class: park, name: 乙园, county: p1}\n"
	/*  6 */ "- {id: 园区, class: park, name: 丙园}\n"
	/*  7 */ "- {id: p4, class: prak, name: 丁园}\n"
	/*  8 */ "- {id: p5, class: park}\n"
	/*  9 */ "- {id: p6, class: park, name: 甲 园}\n"
	/* 10 */ "- {id: p7, class: park, name: 己园, from: 2020-01-01, to: 2019-12-31}\n"
	/* 11 */ "- {id: p8, class: park, name: 庚园, contry: c1}\n"
	/* 12 */ "- {id: p9, class: park, names: [{text: 辛园}, {text: 壬园}]}\n"
	/* 13 */ "- {id: p10, class: park, names: [{text: 癸园, from: 2021-01-01},\n"
	/* 14 */ "   {text: 子园, from: 2020-01-01}]}\n"
	/* 15 */ "- {id: p11, class: park, name: 丑园, succeeds: [p12]}\n"
	/* 16 */ "- {id: p12, class: park, name: 寅园, succeeds: [p11], to: 2020-12-31}\n"
	/* 17 */ "- {id: c1, class: zone, name: 卯区}\n"
	/* 18 */ "releases:\n"
	/* 19 */ "- {id: r1, freq: Q, working_day: 10, january: false}\n"
	/* 20 */ "- {id: r2, freq: M, time: '25:00'}\n"
	/* 21 */ "indicators:\n"
	/* 22 */ "- {code: tax_yuan, name: 税收, measure: 万圆, freq: M, form: ytd}\n"
	/* 23 */ "- {code: firms_yuan, name: 企业, measure: 家, freq: M, form: level}\n"
	/* 24 */ "- {code: area, name: 面积, measure: 亩, freq: Q, form: level}\n"
	/* 25 */ "- {code: tax_growth_ratio, name: 税收增速, measure: '%', freq: M, form: growth}\n"
	/* 26 */ "- {code: jobs_persons, name: 税收, measure: 人, freq: M, form: ytd, owner: p1}\n"
	/* 27 */ "- {code: vat_yuan, name: 增值税, measure: 亿元, freq: M, form: ytd, release: "
	"r1,\n"
	/* 28 */ "   min: 5, max: 1e, reported_by: [parc]}\n"
	/* 29 */ "targets:\n"
	/* 30 */ "- {unit: p1, indicator: tax_growth_ratio, year: 2026, value: 10}\n"
	/* 31 */ "- {unit: 乙园, indicator: vat_yuan, year: 2026, value: 10}\n"
	/* 32 */ "- {unit: p1, indicator: vat_yaun, year: 2026, value: 10}\n"
	/* 33 */ "- {unit: p2, indicator: vat_yuan, year: 2026, value: ten}\n"
	/* 34 */ "- {unit: c1, indicator: vat_yuan, year: 2026, value: 10, split: [1, 2, 3]}\n"
	/* 35 */ "- {unit: p1, indicator: vat_yuan, year: 2026, value: 10,\n"
	/* 36 */ "   split: [1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 9.5]}\n"
	/* 37 */ "- {unit: p1, indicator: vat_yuan, year: 2026, value: 11}\n"
	/* 38 */ "holidays:\n"
	/* 39 */ "- {year: 2026, off: [2026-01-01/2026-01-03, 2025-12-31], worked: [2026-01-05]}\n"
	/* 40 */ "profiles:\n"
	/* 41 */ "- {id: flat, source: x, shares: [0.1, 0.2]}\n";

static void thirty_mistakes_are_reported_at_once_each_with_its_place(void **state)
{
	static const char *const want[] = {
		"3:8: the id 'c1' is taken (line 2)",
		"4:43: no unit has the id 'c2'",
		"5:43: 'p1' is a park, and would have to be a county or zone",
		"6:8: the id '园区': 1 to 64 of a-z, 0-9, '_' and '-' would be right",
		"7:19: 'class' cannot be 'prak', did you mean 'park'? one of: city, conference, "
		"county, department, park, pro_park, project, zone",
		"8:3: needs 'name', or 'names' with dates",
		"9:31: '甲 园' is what the park 'p1' is called too (line 4); dates or another name "
		"would tell them apart",
		"10:57: 'to' 2019-12-31 is before 'from' 2020-01-01",
		"11:35: unknown key 'contry', did you mean 'county'? one of: aliases, class, "
		"counties, county, from, id, league, leagues, name, names, succeeds, to, type, "
		"types",
		"12:45: needs 'from', the day on which it took the place of the entry before it",
		"14:21: 2020-01-01 is not after 2021-01-01 of the entry before; oldest first",
		"16:46: a unit cannot come after itself: 'p12' succeeds 'p11' succeeds 'p12'",
		"16:47: 'p11' became part of 'p12' but has no last day: give it 'to' (line 15)",
		"17:8: 'c1' is a county (line 2) and cannot be a zone too: an id is one unit of "
		"one class",
		"19:47: 'january' is for monthly rules (freq: M)",
		"20:3: needs 'working_day' (the n-th after the period), 'day' (of the month "
		"after), or a list: 'dates' or 'dates_file'",
		"20:27: '25:00' is not a time of the day such as 17:00",
		"22:39: '万圆' is no measure known here; known are 万元, 亿元, 万美元, %, 个, 人, "
		"亩, 公里, 万吨 and the like",
		"23:10: 'firms_yuan' ends in the unit '_yuan', but 家 is a plain count",
		"24:10: 'area' would have to end in its unit: 'area_square_meters' for 亩",
		"25:3: a growth rate needs 'basis': ytd (累计) or period (当期)",
		"26:30: '税收' is what 'tax_yuan' is called too (line 22); figures under that name "
		"could be either",
		"26:73: 'p1' is a park; a department, the conference or the city answers for an "
		"indicator",
		"27:73: the rule 'r1' is for freq Q, the indicator is M",
		"28:17: '1e' is not a number",
		"28:35: 'parc' is no class of units, did you mean 'park'?",
		"30:25: 'tax_growth_ratio' is a growth rate and cannot have a target; set it on "
		"the level, 'tax_yuan'",
		"31:10: '乙园' is a name; units are referred to by id: 'p2'",
		"32:25: no indicator has the code 'vat_yaun', did you mean 'vat_yuan'?",
		"33:54: 'ten' is not a number",
		"34:10: 'c1' is a county, and 'vat_yuan' is not reported by those (reported_by)",
		"34:65: expected 12 values, cumulative to the end of each month, not 3",
		"36:45: the split ends at 9.5, not at the year's value",
		"37:3: 'p1' has a target for 'vat_yuan' in 2026 already (line 35); 'set_on' would "
		"say which replaces which",
		"39:45: 2025-12-31 is not in 2026; each year has its own days",
		"39:67: 2026-01-05 is a Monday and worked anyway; 'worked' is for weekends",
		"41:33: expected 12 shares, one for the end of each month",
	};
	struct fixture *f = *state;

	assert_null(load_text(f, thirty));
	assert_int_equal(f->d.n, sizeof(want) / sizeof(want[0]));
	for (size_t i = 0; i < f->d.n; i++)
		assert_string_equal(complaint(f, i), want[i]);
	assert_has(f->d.list[0].file, "/c.yaml");
}

static void a_name_two_parks_bear_at_one_time_is_a_mistake(void **state)
{
	struct fixture *f = *state;

	one_mistake(
		f,
		"units:\n"
		"- {id: a, class: park, names: [{text: 东园}, {text: 西园, from: 2020-01-01}]}\n"
		"- {id: b, class: park, names: [{text: 南园}, {text: 东 园, from: 2019-07-01}]}\n",
		"3:51: '东 园' is what the park 'a' is called too (line 2), both from 2019-07-01; "
		"dates or another name would tell them apart");
	/* One after the other is none, nor is a county of the same name. */
	load_good(f,
		  "units:\n"
		  "- {id: a, class: park, names: [{text: 东园}, {text: 西园, from: 2020-01-01}]}\n"
		  "- {id: b, class: park, names: [{text: 南园}, {text: 东园, from: 2020-01-01}]}\n"
		  "- {id: c, class: county, name: 东园}\n");
}

static void a_circle_of_successors_is_shown_as_one(void **state)
{
	struct fixture *f = *state;

	one_mistake(f,
		    "units:\n"
		    "- {id: a, class: park, name: 甲, to: 2020-01-01, succeeds: [b]}\n"
		    "- {id: b, class: park, name: 乙, to: 2020-01-01, succeeds: [c]}\n"
		    "- {id: c, class: park, name: 丙, to: 2020-01-01, succeeds: [a]}\n"
		    "- {id: d, class: park, name: 丁, succeeds: [a]}\n",
		    "3:59: a unit cannot come after itself: 'b' succeeds 'c' succeeds 'a' succeeds "
		    "'b'");
	one_mistake(f, "units:\n- {id: a, class: park, name: 甲, to: 2020-01-01, succeeds: a}\n",
		    "2:59: a unit cannot come after itself: 'a' succeeds 'a'");
	one_mistake(f,
		    "units:\n"
		    "- {id: a, class: park, name: 甲}\n"
		    "- {id: b, class: park, name: 乙, succeeds: [a]}\n",
		    "3:44: 'a' became part of 'b' but has no last day: give it 'to' (line 2)");
}

static void a_code_that_does_not_fit_its_measure_is_a_mistake(void **state)
{
	struct fixture *f = *state;

	one_mistake(f,
		    "indicators:\n"
		    "- {code: tax_usd, name: 税, measure: 亿元, freq: M, form: ytd}\n",
		    "2:10: 'tax_usd' ends in '_usd', but 亿元 is counted in '_yuan'");
	one_mistake(f,
		    "indicators:\n"
		    "- {code: area_meters, name: 面积, measure: 亩, freq: M, form: level}\n",
		    "2:10: 'area_meters' ends in '_meters', but 亩 is counted in '_square_meters'");
	one_mistake(f,
		    "indicators:\n"
		    "- {code: growth_yuan, name: 增量, measure: 亿元, freq: M, form: growth,\n"
		    "   basis: ytd}\n",
		    "2:42: a growth rate is in % or 百分点, not in 亿元");
	load_good(f,
		  "indicators:\n"
		  "- {code: area_square_meters, name: 面积, measure: 亩, freq: M, form: level}\n");
}

#define COUNTED "indicators:\n- {name: 甲, measure: 个, freq: M, form: level, code: "
#define SECONDS "indicators:\n- {name: 甲, measure: 日, freq: M, form: level, code: "
#define RATIO   "indicators:\n- {name: 甲, measure: '%', freq: M, form: level, code: "
#define AT      "2:53: the code "

static void a_code_may_not_be_the_name_of_what_is_worked_out(void **state)
{
	static const char *const counted[] = { "light", "rank",  "report_state",
					       "info",  "score", "pace_rank" };
	static const char *const ratios[] = { "growth_ratio",    "attainment_ratio",
					      "schedule_ratio",  "pace_ratio",
					      "mean_pace_ratio", "reports_on_time_ratio" };
	static const char *const seconds[] = { "report_late_seconds",
					       "report_due_timestamp_seconds",
					       "received_timestamp_seconds" };
	struct fixture *f = *state;

	for (size_t i = 0; i < 6; i++) {
		assert_null(load_text(f, arena_printf(&f->arena, "%s%s}\n", COUNTED, counted[i])));
		assert_int_equal(f->d.n, 1);
		assert_has(complaint(f, 0), "is the name of what is worked out of figures");
	}
	for (size_t i = 0; i < 6; i++) {
		assert_null(load_text(f, arena_printf(&f->arena, "%s%s}\n", RATIO, ratios[i])));
		assert_int_equal(f->d.n, 1);
		assert_has(complaint(f, 0), ratios[i]);
	}
	for (size_t i = 0; i < 3; i++) {
		assert_null(load_text(f, arena_printf(&f->arena, "%s%s}\n", SECONDS, seconds[i])));
		assert_int_equal(f->d.n, 1);
		assert_has(complaint(f, 0), seconds[i]);
	}
	one_mistake(f, COUNTED "rank}\n",
		    AT "'rank' is the name of what is worked out of figures (park_rank); one that "
		       "says what is reported would be right");
	one_mistake(f, COUNTED "target_firms}\n",
		    AT "'target_firms' begins with 'target_', as what is worked out of figures "
		       "does; one that begins otherwise would be right");
	assert_null(load_text(f, SECONDS "period_end_timestamp_seconds}\n"));
	load_good(f, RATIO "output_growth_ratio}\n");
	load_good(f, COUNTED "highlight}\n");
}

static void a_code_prometheus_would_refuse_is_a_mistake(void **state)
{
	struct fixture *f = *state;

	one_mistake(f, COUNTED "firms_total}\n",
		    AT "'firms_total' ends in '_total', which Prometheus keeps for other kinds of "
		       "metrics; another word at its end would be right");
	one_mistake(f, COUNTED "firms_count}\n",
		    AT "'firms_count' ends in '_count', which Prometheus keeps for other kinds of "
		       "metrics; another word at its end would be right");
	one_mistake(f, COUNTED "working_hours_lost}\n",
		    AT
		    "'working_hours_lost' has 'hours', which Prometheus does not take as a unit; "
		    "the base unit 'seconds' or another word would be right");
	one_mistake(f, COUNTED "roads_kilometers}\n",
		    AT "'roads_kilometers' has 'kilometers', which Prometheus does not take as a "
		       "unit; the base unit 'meters' or another word would be right");
	one_mistake(f, COUNTED "workers_summary_form}\n",
		    AT "'workers_summary_form' has 'summary', which is a type of metric to "
		       "Prometheus; another word would be right");
	one_mistake(f, COUNTED "group_b_firms}\n",
		    AT "'group_b_firms' has 'b', which Prometheus takes for an abbreviated unit; "
		       "written out it would be right");
	one_mistake(f, COUNTED "Firms}\n",
		    AT "'Firms': up to 100 of a-z, 0-9 and '_', a letter first, would be right");
	load_good(f, COUNTED "total_firms}\n");
	load_good(f, "indicators:\n- {code: price_yuan_per_kilowatt_hour, name: 电价,\n"
		     "   measure: 元/千瓦时, freq: M, form: level}\n");
}

#undef COUNTED
#undef SECONDS
#undef RATIO
#undef AT

#define INVESTED(rest)                                                                             \
	"indicators:\n"                                                                            \
	"- {code: invested_yuan, name: 投资, measure: 亿元, freq: M, form: ytd}\n"             \
	"- {code: industry_yuan, name: 工业投资, measure: 万元, freq: M, form: ytd}\n"       \
	"- {code: staff_persons, name: 人员, measure: 人, freq: M, form: level}\n"              \
	"- {code: invested_growth_ratio, name: 增速, measure: '%', freq: M, form: growth,\n"     \
	"   basis: ytd}\n"                                                                         \
	"- {code: housing_yuan, name: 住宅, measure: 亿元, freq: M, form: ytd,\n   " rest "}\n"

static void what_figures_are_held_against_is_read(void **state)
{
	struct fixture *f = *state;
	const struct indicator *i;
	double factor;

	load_good(f, "indicators:\n"
		     "- {code: part_yuan, name: 甲, measure: 亿元, freq: M, form: ytd,\n"
		     "   part_of: whole_yuan}\n"
		     "- {code: rest_yuan, name: 乙, measure: 亿元, freq: M, form: ytd}\n"
		     "- {code: whole_yuan, name: 丙, measure: 亿元, freq: M, form: ytd,\n"
		     "   sum_of: [part_yuan, rest_yuan], edits: {panel: off, total: soft},\n"
		     "   breaks: [{from: 2018-01, reason: classification},\n"
		     "     {from: 2021-01, reason: threshold, factor: 1.23}]}\n"
		     "- {code: whole_growth_ratio, name: 丁, measure: '%', freq: M, form: growth,\n"
		     "   basis: ytd, growth_of: whole_yuan}\n"
		     "- {code: staff_persons, name: 戊, measure: 人, freq: M, form: level,\n"
		     "   level_change: 0.5}\n");
	i = indicator_called(f, "whole_yuan");
	assert_ptr_equal(indicator_called(f, "part_yuan")->part_of, i);
	assert_ptr_equal(indicator_called(f, "whole_growth_ratio")->growth_of, i);
	assert_f64(indicator_called(f, "staff_persons")->level_change, 0.5);
	assert_int_equal(i->nsum_of, 2);
	assert_string_equal(i->sum_of[1]->code, "rest_yuan");
	assert_int_equal(i->edits[EDIT_PANEL], EDIT_OFF);
	assert_int_equal(i->edits[EDIT_TOTAL], EDIT_SOFT);
	assert_int_equal(i->edits[EDIT_RANGE], EDIT_HARD);
	assert_int_equal(i->edits[EDIT_GROWTH], EDIT_SOFT);
	assert_int_equal(i->nbreaks, 2);
	assert_int_equal(i->breaks[1].reason, BREAK_THRESHOLD);
	/* The break's own month is of the new kind. */
	assert_false(breaks_linked(i->breaks, 2, period_month(2017, 12), period_month(2018, 1),
				   &factor));
	assert_true(breaks_linked(i->breaks, 2, period_month(2018, 1), period_month(2020, 12),
				  &factor));
	assert_f64(factor, 1.0);
	assert_true(breaks_linked(i->breaks, 2, period_month(2020, 12), period_month(2021, 1),
				  &factor));
	assert_f64(factor, 1.23);
	assert_false(breaks_linked(i->breaks, 2, period_month(2017, 12), period_month(2021, 1),
				   &factor));
}

static void what_figures_cannot_be_held_against_is_a_mistake(void **state)
{
	struct fixture *f = *state;

	one_mistake(f, INVESTED("part_of: investd_yuan"),
		    "8:13: no indicator has the code 'investd_yuan', did you mean "
		    "'invested_yuan'?");
	one_mistake(f, INVESTED("part_of: staff_persons"),
		    "8:13: 'staff_persons' has the form 'level', 'housing_yuan' 'ytd'; that cannot "
		    "be added");
	one_mistake(f, INVESTED("part_of: housing_yuan"),
		    "8:13: 'housing_yuan' cannot refer to itself");
	one_mistake(f, INVESTED("sum_of: [invested_yuan, invested_yuan]"),
		    "8:28: 'invested_yuan' stands here twice");
	one_mistake(f, INVESTED("sum_of: [invested_yuan]"),
		    "8:12: a sum has two parts or more; for a single one there is 'part_of'");
	one_mistake(f, INVESTED("growth_of: invested_yuan"),
		    "8:15: 'growth_of' is for the form 'growth'");
	one_mistake(f, INVESTED("level_change: 0.5"),
		    "8:18: 'level_change' is for the form 'level'; other figures have seasons");
	one_mistake(f, INVESTED("edits: hard"), "8:11: expected {range: hard, panel: off, ...}");
	one_mistake(f, INVESTED("breaks: [{from: 2018-13, reason: threshold}]"),
		    "8:20: month 13 does not exist");
	one_mistake(f,
		    INVESTED("breaks: [{from: 2018-02, reason: threshold},\n"
			     "    {from: 2018-01, reason: threshold}]"),
		    "9:12: 2018-01-01 is not after 2018-02-01 of the entry before; oldest first");
	assert_null(load_text(f, INVESTED("edits: {pannel: off}")));
	assert_has(complaint(f, 0), "panel");
	assert_null(load_text(f, INVESTED("edits: {panel: on}")));
	assert_has(complaint(f, 0), "8:19:");
	assert_null(load_text(f, INVESTED("breaks: [{from: 2018-01, reason: treshold}]")));
	assert_has(complaint(f, 0), "threshold");
}

static void a_part_of_its_own_part_is_a_mistake(void **state)
{
	one_mistake(
		*state,
		"indicators:\n"
		"- {code: x_yuan, name: 甲, measure: 元, freq: M, form: ytd, part_of: y_yuan}\n"
		"- {code: y_yuan, name: 乙, measure: 元, freq: M, form: ytd, part_of: x_yuan}\n",
		"3:68: 'x_yuan' is itself a part of 'y_yuan'");
}

#undef INVESTED

static void two_indicators_may_not_share_a_name(void **state)
{
	struct fixture *f = *state;

	one_mistake(f,
		    FLOW
		    "- {code: levy_yuan, name: 税费, aliases: [ 税 收 ], measure: 亿元, freq: M,\n"
		    "   form: ytd}\n",
		    "3:42: '税 收' is what 'tax_yuan' is called too (line 2); figures under that "
		    "name could be either");
}

static void targets_are_for_those_who_report_and_exist(void **state)
{
	struct fixture *f = *state;

	one_mistake(
		f,
		PARK FLOW "targets:\n"
			  "- {unit: c1, indicator: tax_yuan, year: 2026, value: 1}\n",
		"7:10: 'c1' is a county, and 'tax_yuan' is not reported by those (reported_by)");
	one_mistake(f,
		    "units:\n- {id: p1, class: park, name: 甲, to: 2022-12-31}\n" FLOW "targets:\n"
		    "- {unit: p1, indicator: tax_yuan, year: 2023, value: 1}\n",
		    "6:41: 'p1' does not exist in 2023");
	one_mistake(f,
		    PARK FLOW
		    "targets:\n"
		    "- {unit: p1, indicator: tax_yuan, year: 2026, value: 12, linear: true,\n"
		    "   split: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]}\n",
		    "8:11: both 'split' and 'linear': leave one out");
	one_mistake(f,
		    PARK FLOW "targets:\n"
			      "- {unit: p1, indicator: tax_yuan, year: 2026, value: 12,\n"
			      "   split: [1, 2, 3, 4, 5, 6, 7, 8, 0.9, 10, 11, 12]}\n",
		    "8:36: 0.9 is less than the value before; a split is cumulative");
}

static void a_target_for_growth_names_the_level(void **state)
{
	struct fixture *f = *state;

	one_mistake(f,
		    PARK FLOW
		    "- {code: tax_growth_ratio, name: 增速, measure: '%', freq: M, form: growth,\n"
		    "   basis: ytd}\n"
		    "targets:\n"
		    "- {unit: p1, indicator: tax_growth_ratio, year: 2026, value: 10}\n",
		    "9:25: 'tax_growth_ratio' is a growth rate and cannot have a target; set it on "
		    "the level, 'tax_yuan'");
}

static void holidays_that_cannot_be_are_mistakes(void **state)
{
	struct fixture *f = *state;

	one_mistake(f, "holidays:\n- {year: 2026, off: [2026-10-07/2026-10-01]}\n",
		    "2:22: 2026-10-07/2026-10-01 ends before it begins");
	one_mistake(f, "holidays:\n- {year: 2026, off: [2026-02-30]}\n",
		    "2:22: day 30 does not exist: 2026-02 has 28 days");
	one_mistake(f, "holidays:\n- {year: 2026, off: [2026-10-10], worked: [2026-10-10]}\n",
		    "2:44: 2026-10-10 is both off and worked");
	one_mistake(f, "holidays:\n- {year: 2026}\n- {year: 2026}\n",
		    "3:10: the holidays of 2026 are there already");
}

static void a_year_that_is_announced_takes_the_place_of_a_provisional_one(void **state)
{
	struct fixture *f = *state;
	const struct workdays *w;

	load_good(f, "holidays:\n- {year: 2027, off: [2027-02-05], worked: [2027-02-14]}\n"
		     "- {year: 2027, provisional: true, off: [2027-02-08]}\n"
		     "- {year: 2028, provisional: true, off: [2028-01-03]}\n");
	w = catalogue_workdays(f->c);
	assert_true(workdays_is_official(w, 2027));
	assert_true(workdays_is(w, (struct date){ 2027, 2, 14 }));
	assert_true(workdays_is(w, (struct date){ 2027, 2, 8 }));
	assert_false(workdays_is(w, (struct date){ 2027, 2, 5 }));
	assert_true(workdays_has_year(w, 2028));
	assert_false(workdays_is_official(w, 2028));
	one_mistake(f,
		    "holidays:\n- {year: 2027, provisional: true}\n"
		    "- {year: 2027, provisional: true}\n",
		    "3:10: the holidays of 2027 are there already");
}

#define LIST "releases:\n- {id: x, freq: M, "

static void release_lists_that_cannot_be_are_mistakes(void **state)
{
	struct fixture *f = *state;

	one_mistake(f, LIST "dates: {2026-13: 2026-10-18}}\n", "2:37: month 13 does not exist");
	one_mistake(f, LIST "dates: {2026-Q3: 2026-10-18}}\n",
		    "2:37: '2026-Q3' is not a period of freq M");
	one_mistake(f, LIST "dates: {2026-09: 2026-10-32}}\n",
		    "2:37: day 32 does not exist: 2026-10 has 31 days");
	one_mistake(f, LIST "dates: {2026-09: 2026-10-18T25:00}}\n",
		    "2:37: '25:00' is not a time of the day such as 17:00");
	one_mistake(f, LIST "dates: {2026-09: 2026-09-30}}\n",
		    "2:37: 2026-09 would be due before it has ended");
	one_mistake(f, LIST "dates: {2026-10: 2026-11-15, 2026-09: 2026-11-16}}\n",
		    "2:37: 2026-10 would be due before 2026-09 is");
	one_mistake(f, LIST "dates: {2026-09: 2026-10-16, 2026年9月: 2026-10-18}}\n",
		    "2:58: 2026-09 is in the list already, on line 2");
	one_mistake(f, LIST "january: false, dates: {2026-01: 2026-02-18}}\n",
		    "2:53: January is in the list, and 'january: false' says that it is not "
		    "collected");
	one_mistake(f, LIST "dates: [2026-09]}\n",
		    "2:27: expected periods with dates: {2026-09: 2026-10-18}");
	one_mistake(f, LIST "working_day: 8, roll: next}\n",
		    "2:42: 'roll' moves a 'day' of the month, which is not there");
}

static const char *dates_file(struct fixture *f, const char *body)
{
	const char *path = tmp_path(f->dir, "dates.csv");

	tmp_write(path, body, strlen(body));
	return LIST "dates_file: dates.csv}\n";
}

static void a_dates_file_is_read_beside_the_catalogue_and_its_mistakes_have_lines(void **state)
{
	struct fixture *f = *state;
	uint64_t version;

	load_good(f, dates_file(f, "\xef\xbb\xbfperiod,date,time\r\n# 统计局公布\r\n"
				   "2026-09, 2026-10-18\r\n\r\n2026-10,2026-11-15,10:00\r\n"));
	version = catalogue_version(f->c);
	load_good(f, dates_file(f, "2026-09,2026-10-18\n2026-10,2026-11-15,10:01"));
	assert_true(catalogue_version(f->c) != version);

	assert_null(load_text(f, dates_file(f, "period,date\n2026-09\n2026-10,15/11\n"
					       "2026-11,2026-12-18,9,5\n")));
	assert_int_equal(f->d.n, 3);
	assert_has(f->d.list[0].file, "dates.csv");
	assert_string_equal(complaint(f, 0), "2:1: expected period,date or period,date,time");
	assert_has(complaint(f, 1), "3:1: ");
	assert_string_equal(complaint(f, 2), "4:1: expected period,date or period,date,time");

	assert_null(load_text(f, dates_file(f, "2026-09,\xff\n")));
	assert_string_equal(complaint(f, 0), "0:0: it is not UTF-8");
	assert_null(load_text(f, LIST "dates_file: none.csv}\n"));
	assert_has(complaint(f, 0), "2:32: ");
	assert_has(complaint(f, 0), "none.csv: cannot be opened: No such file or directory");
}

static void a_file_that_is_not_there_is_said_and_the_rest_is_read(void **state)
{
	struct fixture *f = *state;
	const char *paths[3] = { tmp_path(f->dir, "none.yaml"), tmp_path(f->dir, "c.yaml"), NULL };

	tmp_write(paths[1], "units: 7\n", 9);
	paths[2] = paths[1];
	assert_null(load_paths(f, paths, 3));
	assert_int_equal(f->d.n, 3);
	assert_has(f->d.list[0].file, "none.yaml");
	assert_string_equal(f->d.list[1].text, "this file is listed twice");
	assert_string_equal(complaint(f, 2), "1:8: expected a list, each entry a unit");
}

static void complaints_beyond_the_limit_still_refuse_the_catalogue(void **state)
{
	struct fixture *f = *state;
	const char *path = tmp_path(f->dir, "c.yaml");

	diags_init(&f->d, &f->arena, 5);
	tmp_write(path, thirty, sizeof(thirty) - 1);
	assert_null(load_paths(f, &path, 1));
	assert_int_equal(f->d.n, 5);
	assert_true(f->d.left_out >= 25);
}

/* --- no memory ------------------------------------------------------------------- */

static void every_allocation_may_fail(void **state)
{
	static const char text[] =
		PARK FLOW "targets:\n- {unit: p1, indicator: tax_yuan, year: 2026, value: 1}\n"
			  "holidays:\n- {year: 2026, off: [2026-01-01]}\n"
			  "releases:\n- {id: x, freq: M, dates: {2026-09: 2026-10-18},\n"
			  "   dates_file: dates.csv}\n";
	struct fixture *f = *state;
	const char *path = tmp_path(f->dir, "c.yaml");
	struct catalogue *c = NULL;
	long k;

	tmp_write(path, text, sizeof(text) - 1);
	dates_file(f, "period,date\n2026-10,2026-11-16\n");
	for (k = 0; !c && k < 2000; k++) {
		struct catalogue_options o = { .zone = zone_open("Asia/Shanghai", &f->e) };
		struct arena arena;
		struct diags d;

		arena_init(&arena, 1 << 20);
		diags_init(&d, &arena, 50);
		mem_fail_after(k, 0);
		c = catalogue_load(&path, 1, &o, &d);
		mem_fail_after(-1, 0);
		if (!c)
			assert_true(d.n + d.left_out > 0);
		arena_release(&arena);
	}
	assert_non_null(c);
	assert_true(k > 3);
	assert_int_equal(catalogue_targets(c), 1);
	catalogue_unref(c);
}

/* --- the shipped ones -------------------------------------------------------------- */

static void load_shipped(struct fixture *f, const char *const *paths, size_t n)
{
	if (!load_paths(f, paths, n))
		diags_print(&f->d, stderr);
	assert_non_null(f->c);
}

static size_t count_class(const struct fixture *f, enum unit_class class, struct date on)
{
	size_t n = 0;

	for (size_t i = 0; i < catalogue_units(f->c); i++) {
		const struct unit *u = catalogue_unit_at(f->c, i);

		n += u->class == class && validity_holds(u->valid, on);
	}
	return n;
}

static void the_example_city_loads(void **state)
{
	static const char *const paths[] = {
		"examples/city/catalogue/units.yaml",
		"examples/city/catalogue/indicators.yaml",
		"examples/city/catalogue/targets.yaml",
		"catalogue/data/holidays-cn.yaml",
	};
	const struct date on = { 2026, 11, 1 };
	struct fixture *f = *state;
	const struct indicator *i;
	struct slice measure;

	load_shipped(f, paths, 4);
	assert_int_equal(count_class(f, UNIT_PARK, on), 10);
	assert_int_equal(count_class(f, UNIT_PARK, (struct date){ 2022, 12, 31 }), 11);
	assert_int_equal(count_class(f, UNIT_COUNTY, on), 6);
	assert_int_equal(count_class(f, UNIT_ZONE, on), 3);
	assert_int_equal(count_class(f, UNIT_DEPARTMENT, on), 18);
	assert_true(catalogue_indicators(f->c) >= 36);
	assert_int_equal(catalogue_targets(f->c), 10 * 11 * 7 + 1);
	for (int y = 2010; y <= 2026; y++)
		assert_true(workdays_is_official(catalogue_workdays(f->c), y));
	assert_true(workdays_has_year(catalogue_workdays(f->c), 2027));

	/* A name that ends in brackets of its own is not cut. */
	i = catalogue_find_indicator(f->c, slice_str("5亿元（3000万美元）以上引进项目(个)"),
				     &measure, &f->e);
	assert_non_null(i);
	assert_string_equal(i->code, "large_projects_introduced");
	assert_slice(measure, "个");
	i = catalogue_find_indicator(f->c, slice_str("规上工业增加值增速（可比价）"), &measure,
				     &f->e);
	assert_non_null(i);
	assert_slice(measure, "");
}

static void the_example_provinces_load(void **state)
{
	static const char *const paths[] = { "examples/provinces/catalogue.yaml",
					     "catalogue/data/holidays-cn.yaml" };
	struct fixture *f = *state;
	const struct unit *u;
	const struct indicator *i;
	struct slice measure;

	load_shipped(f, paths, 2);
	assert_int_equal(catalogue_units(f->c), 31);
	assert_int_equal(catalogue_indicators(f->c), 4);
	u = catalogue_find_unit(f->c, slice_str("新疆维吾尔自治区"), UNIT_PARK,
				(struct date){ 2019, 12, 31 }, &f->e);
	assert_non_null(u);
	assert_string_equal(u->id, "xinjiang");
	i = catalogue_find_indicator(f->c, slice_str("房地产住宅投资累计值(亿元)"), &measure,
				     &f->e);
	assert_non_null(i);
	assert_string_equal(i->code, "residential_investment_yuan");
	assert_slice(measure, "亿元");
	i = catalogue_find_indicator(f->c, slice_str("房地产投资累计增长(%)"), &measure, &f->e);
	assert_non_null(i);
	assert_string_equal(i->code, "real_estate_investment_growth_ratio");
	assert_false(i->unit_slip);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		T(everything_about_an_indicator_is_read),
		T(the_scale_of_a_target_is_exact),
		T(a_later_target_replaces_the_earlier_from_its_day),
		T(a_level_target_is_the_level_at_the_years_end),
		T(several_files_are_one_catalogue),
		T(the_version_follows_what_is_said_and_not_how_it_is_laid_out),
		T(a_profile_is_read_and_the_shipped_one_is_there),
		T(a_catalogue_of_nothing_is_one),
		T(thirty_mistakes_are_reported_at_once_each_with_its_place),
		T(a_name_two_parks_bear_at_one_time_is_a_mistake),
		T(a_circle_of_successors_is_shown_as_one),
		T(a_code_that_does_not_fit_its_measure_is_a_mistake),
		T(a_code_may_not_be_the_name_of_what_is_worked_out),
		T(a_code_prometheus_would_refuse_is_a_mistake),
		T(what_figures_are_held_against_is_read),
		T(what_figures_cannot_be_held_against_is_a_mistake),
		T(a_part_of_its_own_part_is_a_mistake),
		T(two_indicators_may_not_share_a_name),
		T(targets_are_for_those_who_report_and_exist),
		T(a_target_for_growth_names_the_level),
		T(holidays_that_cannot_be_are_mistakes),
		T(a_year_that_is_announced_takes_the_place_of_a_provisional_one),
		T(release_lists_that_cannot_be_are_mistakes),
		T(a_dates_file_is_read_beside_the_catalogue_and_its_mistakes_have_lines),
		T(a_file_that_is_not_there_is_said_and_the_rest_is_read),
		T(complaints_beyond_the_limit_still_refuse_the_catalogue),
		T(every_allocation_may_fail),
		T(the_example_city_loads),
		T(the_example_provinces_load),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
