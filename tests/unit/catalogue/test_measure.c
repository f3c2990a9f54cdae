/* test_measure.c - the measures offices write, and that their factors are exact. */
#include "catalogue/private.h"
#include "tests/lib/assert.h"

/* `number` of `measure` is `want` of `base`. */
static void assert_measure(const char *measure, const char *number, double want, const char *base)
{
	struct num_scale scale;
	const char *found = NULL;
	struct err e;
	double v = 0;

	assert_ok(measure_find(slice_str(measure), &scale, &found, &e), &e);
	assert_ok(num_parse_scaled(slice_str(number), scale, &v, &e), &e);
	assert_f64(v, want);
	assert_string_equal(found, base);
}

static void money_is_scaled_in_its_text(void **state)
{
	(void)state;
	assert_measure("亿元", "12.34", 1234000000, "yuan");
	assert_measure("亿元", "0.1", 10000000, "yuan");
	assert_measure("万元", "1234.5678", 12345678, "yuan");
	assert_measure("千元", "1.5", 1500, "yuan");
	assert_measure("元", "0.01", 0.01, "yuan");
	assert_measure("万美元", "3000", 30000000, "usd");
	assert_measure("亿美元", "0.3", 30000000, "usd");
}

static void parts_become_ratios(void **state)
{
	(void)state;
	assert_measure("%", "7.1", 0.071, "ratio");
	assert_measure("％", "-3", -0.03, "ratio");
	assert_measure("‰", "7.1", 0.0071, "ratio");
	assert_measure("百分点", "0.5", 0.005, "ratio");
	assert_measure("个百分点", "0.5", 0.005, "ratio");
}

static void counts_and_people_stay_apart(void **state)
{
	static const char *const counts[] = { "个", "家", "户", "次", "件", "起", "项" };

	(void)state;
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
		assert_measure(counts[i], "44", 44, "");
	assert_measure("人", "16700", 16700, "persons");
	assert_measure("万人", "1.67", 16700, "persons");
}

static void areas_lengths_and_masses(void **state)
{
	(void)state;
	assert_measure("亩", "3", 2000, "square_meters");
	assert_measure("亩", "1", 2000.0 / 3, "square_meters");
	assert_measure("公顷", "2", 20000, "square_meters");
	assert_measure("㎡", "5", 5, "square_meters");
	assert_measure("万㎡", "60", 600000, "square_meters");
	assert_measure("万平方米", "60.5", 605000, "square_meters");
	assert_measure("km²", "8.25", 8250000, "square_meters");
	assert_measure("平方公里", "8.25", 8250000, "square_meters");
	assert_measure("公里", "10.5", 10500, "meters");
	assert_measure("KM", "10.5", 10500, "meters");
	assert_measure("米", "3.5", 3.5, "meters");
	assert_measure("万吨", "0.35", 3500, "tonnes");
	assert_measure("t", "200", 200, "tonnes");
	assert_measure("吨/日", "300", 300, "tonnes_per_day");
	assert_measure("m³", "7", 7, "cubic_meters");
	assert_measure("天", "20", 1728000, "seconds");
}

static void energy_and_what_is_per_something(void **state)
{
	(void)state;
	assert_measure("万吨标准煤", "20", 200000, "tce");
	assert_measure("万吨标煤", "20", 200000, "tce");
	assert_measure("万千瓦时", "5000", 1.8e14, "joules");
	assert_measure("亿千瓦时", "0.5", 1.8e14, "joules");
	assert_measure("万kWh", "5000", 1.8e14, "joules");
	assert_measure("万千伏安", "30", 300000000, "volt_amperes");
	assert_measure("kVA", "315", 315000, "volt_amperes");
	assert_measure("元/kWh", "0.61", 0.61, "yuan_per_kilowatt_hour");
	assert_measure("万元/人", "25", 250000, "yuan_per_person");
	assert_measure("m³/万元", "30", 0.003, "cubic_meters_per_yuan");
	/* 200 万元/亩 is 2,000,000 yuan on 2000/3 m². */
	assert_measure("万元/亩", "200", 3000, "yuan_per_square_meter");
	assert_measure("万元／亩", "8", 120, "yuan_per_square_meter");
}

static void an_unknown_measure_is_answered_with_what_is_near(void **state)
{
	struct err e;

	(void)state;
	assert_fails(measure_find(slice_str("万平方来"), NULL, NULL, &e), &e, ERR_NOT_FOUND,
		     "'万平方来' is no measure known here, did you mean '万平方米'?");
	assert_fails(measure_find(slice_str("斤"), NULL, NULL, &e), &e, ERR_NOT_FOUND,
		     "'斤' is no measure known here; known are 万元");
	assert_fails(measure_find(slice_str(" "), NULL, NULL, &e), &e, ERR_NOT_FOUND,
		     "the measure is empty");
	assert_fails(measure_find(slice_str("亿元亿元亿元亿元亿元亿元亿元亿元亿元亿元亿元亿元"),
				  NULL, NULL, &e),
		     &e, ERR_NOT_FOUND, "a text of 72 bytes is no measure");
}

static void the_longest_suffix_of_a_code_is_its_unit(void **state)
{
	(void)state;
	assert_string_equal(measure_suffix("built_up_area_square_meters"), "square_meters");
	assert_string_equal(measure_suffix("road_length_meters"), "meters");
	assert_string_equal(measure_suffix("labour_productivity_yuan_per_person"),
			    "yuan_per_person");
	assert_string_equal(measure_suffix("growth_ratio"), "ratio");
	assert_null(measure_suffix("above_scale_enterprises"));
	assert_null(measure_suffix("yuan"));
	assert_null(measure_suffix("milliyuan"));
}

static void the_nearest_is_found_by_edits_of_characters(void **state)
{
	struct nearest m;

	(void)state;
	nearest_init(&m, slice_str("固定资产投入"));
	nearest_offer(&m, slice_str("房地产投资"), "far");
	nearest_offer(&m, slice_str("固定资产投资完成额"), "further");
	assert_null(m.text);
	nearest_offer(&m, slice_str("固定资产资投"), "swapped and not"); /* two edits */
	assert_string_equal(m.text, "swapped and not");
	nearest_offer(&m, slice_str("固定资产投资"), "one");
	assert_string_equal(m.text, "one");
	nearest_offer(&m, slice_str("固定资产投人"), "one too"); /* the first stays */
	assert_string_equal(m.text, "one");
	nearest_init(&m, slice_str("ab"));
	nearest_offer(&m, slice_str("ac"), "half of it");
	assert_null(m.text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(money_is_scaled_in_its_text),
		cmocka_unit_test(parts_become_ratios),
		cmocka_unit_test(counts_and_people_stay_apart),
		cmocka_unit_test(areas_lengths_and_masses),
		cmocka_unit_test(energy_and_what_is_per_something),
		cmocka_unit_test(an_unknown_measure_is_answered_with_what_is_near),
		cmocka_unit_test(the_longest_suffix_of_a_code_is_its_unit),
		cmocka_unit_test(the_nearest_is_found_by_edits_of_characters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
