/* test_lookup.c - finding units, indicators and series by what people write. */
#include "base/alloc.h"
#include "tests/unit/catalogue/fixture.h"

#include <pthread.h>

static const char text[] =
	"units:\n"
	"- {id: jiahe, class: county, name: 甲河县, aliases: [甲河]}\n"
	"- {id: xingang, class: zone, name: 辛港区}\n"
	"- id: east\n"
	"  class: park\n"
	"  names: [{text: 东城产业集聚区}, {text: 东城(高新)园区, from: 2020-01-01}]\n"
	"  counties: [{text: jiahe, from: 2010-01-01}, {text: xingang, from: 2022-07-01}]\n"
	"  types: [{text: 综合型}, {text: 专业型, from: 2021-01-01}]\n"
	"  league: 县区\n"
	"  aliases: [ABC Park]\n"
	"- {id: west, class: park, names: [{text: 西城园区},\n"
	"   {text: 东城产业集聚区, from: 2021-01-01}]}\n"
	"- {id: twin, class: pro_park, name: 西城园区}\n"
	"- {id: gone, class: park, name: 南城园区, from: 2009-01-01, to: 2018-12-31}\n"
	"- {id: heir, class: park, name: 北城园区, succeeds: [gone]}\n"
	"indicators:\n"
	"- {code: fixed_asset_investment_yuan, name: 固定资产投资完成额, aliases: [固定资产投资],\n"
	"   measure: 亿元, freq: M, form: ytd}\n"
	"- {code: value_added_growth_ratio, name: 增加值增速(可比价), measure: '%', freq: M,\n"
	"   form: growth, basis: period}\n"
	"- {code: loans_yuan, name: 贷款余额, measure: 亿元, freq: Q, form: level,\n"
	"   reported_by: [county]}\n";

static const struct date today = { 2026, 11, 1 };

static int setup(void **state)
{
	if (fixture_setup(state) < 0)
		return -1;
	load_good(*state, text);
	return 0;
}

static const char *found(struct fixture *f, const char *name, enum unit_class class, struct date on)
{
	const struct unit *u = catalogue_find_unit(f->c, slice_str(name), class, on, &f->e);

	return u ? u->id : "(none)";
}

static int find_fails(struct fixture *f, const char *name, enum unit_class class, struct date on)
{
	return catalogue_find_unit(f->c, slice_str(name), class, on, &f->e) ? 0 : -1;
}

static void a_unit_is_found_by_id_name_old_name_and_alias(void **state)
{
	struct fixture *f = *state;

	assert_string_equal(found(f, "east", UNIT_PARK, today), "east");
	assert_string_equal(found(f, "东城(高新)园区", UNIT_PARK, today), "east");
	assert_string_equal(found(f, "甲河", UNIT_CLASSES, today), "jiahe");
	assert_string_equal(found(f, "西城园区", UNIT_PARK, today), "west");
	assert_string_equal(found(f, "南城园区", UNIT_PARK, today), "gone");
}

static void blanks_width_and_case_make_no_difference(void **state)
{
	struct fixture *f = *state;

	assert_string_equal(found(f, "　东城（高新）园区 ", UNIT_PARK, today), "east");
	assert_string_equal(found(f, "东 城 (高新) 园 区", UNIT_PARK, today), "east");
	assert_string_equal(found(f, "ａｂｃ　park", UNIT_PARK, today), "east");
	assert_string_equal(found(f, " EAST", UNIT_PARK, today), "east");
}

static void a_name_borne_in_turn_is_his_who_bears_it_on_the_day(void **state)
{
	struct fixture *f = *state;

	assert_string_equal(found(f, "东城产业集聚区", UNIT_PARK, (struct date){ 2019, 12, 31 }),
			    "east");
	assert_string_equal(found(f, "东城产业集聚区", UNIT_PARK, (struct date){ 2021, 1, 1 }),
			    "west");
	assert_fails(
		find_fails(f, "东城产业集聚区", UNIT_PARK, (struct date){ 2020, 6, 1 }), &f->e,
		ERR_INVALID,
		"'东城产业集聚区' was both east and west, and on 2020-06-01 the name of neither");
}

static void a_name_of_two_classes_needs_the_class(void **state)
{
	struct fixture *f = *state;

	assert_string_equal(found(f, "西城园区", UNIT_PRO_PARK, today), "twin");
	assert_fails(find_fails(f, "西城园区", UNIT_CLASSES, (struct date){ 2020, 1, 1 }), &f->e,
		     ERR_INVALID, "on 2020-01-01 the name of both");
	assert_fails(find_fails(f, "甲河县", UNIT_PARK, today), &f->e, ERR_NOT_FOUND,
		     "'甲河县' is the county jiahe, not a park");
	assert_fails(find_fails(f, "jiahe", UNIT_PARK, today), &f->e, ERR_NOT_FOUND,
		     "'jiahe' is the county jiahe, not a park");
}

static void an_unknown_name_is_answered_with_the_nearest(void **state)
{
	struct fixture *f = *state;

	assert_fails(find_fails(f, "东城产业聚集区", UNIT_PARK, today), &f->e, ERR_NOT_FOUND,
		     "no unit is called '东城产业聚集区', did you mean '东城产业集聚区'?");
	assert_fails(find_fails(f, "某某开发区管委会", UNIT_PARK, today), &f->e, ERR_NOT_FOUND,
		     "no unit is called '某某开发区管委会'");
	assert_null(strstr(f->e.text, "mean"));
	assert_fails(find_fails(f, " 　", UNIT_PARK, today), &f->e, ERR_NOT_FOUND,
		     "a name of 0 bytes");
	assert_fails(find_fails(f, "\xff\xfe", UNIT_PARK, today), &f->e, ERR_INVALID, "not UTF-8");
}

static void a_plain_look_up_compares_with_no_other_name(void **state)
{
	struct fixture *f = *state;

	assert_null(catalogue_find_unit_plainly(f->c, slice_str("东城产业聚集区"), UNIT_PARK, today,
						&f->e));
	assert_int_equal(f->e.code, ERR_NOT_FOUND);
	assert_string_equal(f->e.text, "no unit is called '东城产业聚集区'");
	assert_null(catalogue_find_indicator_plainly(f->c, slice_str("固定资产投次"), NULL, &f->e));
	assert_int_equal(f->e.code, ERR_NOT_FOUND);
	assert_string_equal(f->e.text, "no indicator is called '固定资产投次'");
	assert_null(catalogue_find_indicator(f->c, slice_str("固定资产投次"), NULL, &f->e));
	assert_non_null(strstr(f->e.text, "did you mean"));
	assert_non_null(catalogue_find_unit_plainly(f->c, slice_str("东城产业集聚区"), UNIT_PARK,
						    today, &f->e));
}

static void dated_texts_hold_from_their_day(void **state)
{
	struct fixture *f = *state;
	const struct unit *u = unit_called(f, "east");

	assert_string_equal(unit_name(u, (struct date){ 2019, 12, 31 }), "东城产业集聚区");
	assert_string_equal(unit_name(u, (struct date){ 2020, 1, 1 }), "东城(高新)园区");
	assert_string_equal(unit_county(u, (struct date){ 2009, 12, 31 }), "");
	assert_string_equal(unit_county(u, (struct date){ 2022, 6, 30 }), "jiahe");
	assert_string_equal(unit_county(u, today), "xingang");
	assert_string_equal(unit_type(u, (struct date){ 2020, 12, 31 }), "综合型");
	assert_string_equal(unit_type(u, today), "专业型");
	assert_string_equal(unit_league(u, today), "县区");
	assert_string_equal(unit_league(unit_called(f, "jiahe"), today), "");
	u = unit_called(f, "gone");
	assert_true(validity_holds(u->valid, (struct date){ 2018, 12, 31 }));
	assert_false(validity_holds(u->valid, (struct date){ 2019, 1, 1 }));
	assert_false(validity_holds(u->valid, (struct date){ 2008, 12, 31 }));
	assert_string_equal(unit_called(f, "heir")->succeeds[0], "gone");
	assert_string_equal(unit_class_name(UNIT_PRO_PARK), "pro_park");
}

static const char *found_indicator(struct fixture *f, const char *name, const char *measure)
{
	struct slice cut = slice_str("(untouched)");
	const struct indicator *i = catalogue_find_indicator(f->c, slice_str(name), &cut, &f->e);

	if (i)
		assert_slice(cut, measure);
	return i ? i->code : "(none)";
}

static void the_measure_is_cut_from_an_indicators_name(void **state)
{
	static const char code[] = "fixed_asset_investment_yuan";
	struct fixture *f = *state;

	assert_string_equal(found_indicator(f, "固定资产投资", ""), code);
	assert_string_equal(found_indicator(f, code, ""), code);
	assert_string_equal(found_indicator(f, "固定资产投资(万元)", "万元"), code);
	assert_string_equal(found_indicator(f, " 固定资产投资完成额 （ 亿元 ） ", "亿元"), code);
	assert_string_equal(found_indicator(f, "固定资产投资[单位：万元]", "万元"), code);
	assert_string_equal(found_indicator(f, "固定资产投资（单位: 万元)", "万元"), code);
	assert_string_equal(found_indicator(f, "fixed_asset_investment_yuan(元)", "元"), code);
}

static void a_name_with_brackets_of_its_own_stays_whole(void **state)
{
	static const char code[] = "value_added_growth_ratio";
	struct fixture *f = *state;

	assert_string_equal(found_indicator(f, "增加值增速(可比价)", ""), code);
	assert_string_equal(found_indicator(f, "增加值增速（可比价）", ""), code);
	assert_string_equal(found_indicator(f, "增加值增速(可比价)（%）", "%"), code);
}

static int find_indicator_fails(struct fixture *f, const char *name)
{
	return catalogue_find_indicator(f->c, slice_str(name), NULL, &f->e) ? 0 : -1;
}

static void brackets_that_are_no_measure_make_another_name(void **state)
{
	struct fixture *f = *state;

	assert_fails(find_indicator_fails(f, "固定资产投资(不含农户)"), &f->e, ERR_NOT_FOUND,
		     "no indicator is called '固定资产投资(不含农户)': without the brackets it is "
		     "fixed_asset_investment_yuan, but what is in them is no measure");
	assert_fails(find_indicator_fails(f, "固定资产投入"), &f->e, ERR_NOT_FOUND,
		     "no indicator is called '固定资产投入', did you mean '固定资产投资'?");
	assert_fails(find_indicator_fails(f, "(万元)"), &f->e, ERR_NOT_FOUND, "'(万元)'");
}

static void assert_labels(struct labels *ls, const char *want)
{
	struct buf b;

	assert_non_null(ls);
	buf_init(&b, 4096);
	labels_print(ls, &b);
	assert_slice(buf_all(&b), want);
	buf_release(&b);
	labels_unref(ls);
}

static void a_series_carries_class_frequency_and_basis(void **state)
{
	struct fixture *f = *state;

	assert_labels(catalogue_series(unit_called(f, "east"),
				       indicator_called(f, "fixed_asset_investment_yuan"), &f->e),
		      "park_fixed_asset_investment_yuan{basis=\"ytd\",freq=\"M\",park=\"east\"}");
	assert_labels(catalogue_series(unit_called(f, "twin"),
				       indicator_called(f, "value_added_growth_ratio"), &f->e),
		      "pro_park_value_added_growth_ratio{basis=\"period\",freq=\"M\","
		      "pro_park=\"twin\"}");
	assert_labels(catalogue_series(unit_called(f, "jiahe"), indicator_called(f, "loans_yuan"),
				       &f->e),
		      "county_loans_yuan{basis=\"level\",county=\"jiahe\",freq=\"Q\"}");
}

static void *look_up_and_let_go(void *arg)
{
	struct catalogue *c = arg;
	struct err e;

	for (int i = 0; i < 200; i++) {
		const struct unit *u =
			catalogue_find_unit(c, slice_str("东城（高新）园区"), UNIT_PARK, today, &e);

		if (!u || strcmp(u->id, "east") != 0)
			break;
		if (i == 199) {
			catalogue_unref(c);
			return arg;
		}
	}
	catalogue_unref(c);
	return NULL;
}

static void a_rate_is_known_by_the_unit_in_its_code(void **state)
{
	struct fixture *f = *state;

	load_good(f, "indicators:\n"
		     "- {code: margin_ratio, name: 利润率, measure: '%', freq: M, form: ytd}\n"
		     "- {code: output_yuan_per_person, name: 劳均产值, measure: 元/人, freq: M,\n"
		     "   form: ytd}\n"
		     "- {code: rations, name: 配给, measure: 份, freq: M, form: ytd}\n"
		     "- {code: per_head_persons, name: 人员, measure: 人, freq: M, form: level}\n");
	assert_true(indicator_is_rate(indicator_called(f, "margin_ratio")));
	assert_true(indicator_is_rate(indicator_called(f, "output_yuan_per_person")));
	assert_false(indicator_is_rate(indicator_called(f, "rations")));
	assert_false(indicator_is_rate(indicator_called(f, "per_head_persons")));
}

/* Every look-up with the k-th allocation failing, until one has enough. */
static void a_name_that_could_not_be_looked_up_is_not_unknown(void **state)
{
	/* Not in ASCII and longer than what fits on the stack, so that the key needs memory twice.
	 */
	char name[600] = "固定资产投资";
	struct fixture *f = *state;
	struct num_scale scale;
	const char *base;
	bool enough = false;

	while (strlen(name) < 500)
		strcat(name, "项目");
	for (long k = 0; !enough; k++) {
		struct err unit, indicator, bracket, measure,
			*all[] = { &unit, &indicator, &bracket, &measure };

		mem_fail_after(k, 1);
		assert_null(catalogue_find_unit(f->c, slice_str(name), UNIT_PARK, today, &unit));
		mem_fail_after(k, 1);
		assert_null(catalogue_find_indicator(f->c, slice_str(name), NULL, &indicator));
		mem_fail_after(k, 1);
		(void)catalogue_find_indicator(f->c, slice_str("固定资产投资(万圆)"), NULL,
					       &bracket);
		mem_fail_after(k, 1);
		assert_int_equal(measure_find(slice_str("万圆"), &scale, &base, &measure), -1);
		mem_fail_after(-1, 0);
		enough = true;
		for (size_t i = 0; i < 4; i++) {
			enough = enough && all[i]->code == ERR_NOT_FOUND;
			assert_true(all[i]->code == ERR_NOT_FOUND || all[i]->code == ERR_MEMORY);
		}
		if (k == 0)
			assert_int_equal(unit.code, ERR_MEMORY);
		assert_true(k < 100);
	}
	assert_null(catalogue_find_unit(f->c, slice_str("\xff"), UNIT_PARK, today, &f->e));
	assert_int_equal(f->e.code, ERR_INVALID);
	assert_has(f->e.text, "is not UTF-8");
}

static void a_catalogue_lives_until_its_last_reader_is_done(void **state)
{
	struct fixture *f = *state;
	pthread_t threads[4];
	void *result;

	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, look_up_and_let_go,
						catalogue_ref(f->c)),
				 0);
	catalogue_unref(f->c); /* as a reload does while queries still read the old one */
	for (int i = 0; i < 4; i++) {
		assert_int_equal(pthread_join(threads[i], &result), 0);
		assert_ptr_equal(result, f->c);
	}
	f->c = NULL;
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		T(a_unit_is_found_by_id_name_old_name_and_alias),
		T(blanks_width_and_case_make_no_difference),
		T(a_name_borne_in_turn_is_his_who_bears_it_on_the_day),
		T(a_name_of_two_classes_needs_the_class),
		T(an_unknown_name_is_answered_with_the_nearest),
		T(a_plain_look_up_compares_with_no_other_name),
		T(dated_texts_hold_from_their_day),
		T(the_measure_is_cut_from_an_indicators_name),
		T(a_name_with_brackets_of_its_own_stays_whole),
		T(brackets_that_are_no_measure_make_another_name),
		T(a_series_carries_class_frequency_and_basis),
		T(a_rate_is_known_by_the_unit_in_its_code),
		T(a_name_that_could_not_be_looked_up_is_not_unknown),
		T(a_catalogue_lives_until_its_last_reader_is_done),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
