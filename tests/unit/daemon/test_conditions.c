/* test_conditions.c - what alerts are raised for when a year's holidays are not in the catalogue.
 */
#include "daemon/watch.h"
#include "tests/unit/assess/city.h"

#define CALENDAR                                                                                   \
	"units:\n- {id: jia, class: park, name: 甲山}\n"                                         \
	"holidays:\n- {year: 2026, off: [2026-10-01/2026-10-07]}\n"

static void make(struct city *c, const char *as_of, struct conditions *out)
{
	static const struct config config = { .lagging = { .light = LIGHT_YELLOW } };

	*out = (struct conditions){ .arena = &c->arena };
	city_assess(c, as_of);
	assert_ok(conditions_make(&config, c->a, NULL, 0, out, &c->e), &c->e);
}

static size_t missing_on(struct city *c, const char *as_of)
{
	struct conditions out;
	size_t n;

	make(c, as_of, &out);
	n = out.ncalendar;
	conditions_release(&out);
	return n;
}

static void the_next_year_is_missed_from_the_first_of_december(void **state)
{
	struct city *c = city_open(CALENDAR);
	struct conditions out;
	void *held = c;

	(void)state;
	assert_int_equal(missing_on(c, "2026-11-30T23:59"), 0);
	make(c, "2026-12-01T00:00", &out);
	assert_int_equal(out.ncalendar, 1);
	assert_string_equal(out.calendar[0].summary,
			    "目录缺少 2027 年节假日安排，工作日只按周末推算");
	assert_string_equal(
		out.calendar[0].description,
		"the catalogue has no official holidays of 2027: due times and lateness "
		"of that year count weekends only; add the State Council's arrangement "
		"under 'holidays:'");
	assert_int_equal(out.calendar[0].labels->n, 1);
	assert_true(slice_is(out.calendar[0].labels->l[0].name, "year"));
	assert_true(slice_is(out.calendar[0].labels->l[0].value, "2027"));
	conditions_release(&out);
	assert_int_equal(missing_on(c, "2027-06-01T12:00"), 1);
	assert_int_equal(missing_on(c, "2027-12-01T12:00"), 2);
	city_teardown(&held);
}

static void a_provisional_year_is_missed_and_said_to_be_one(void **state)
{
	struct city *c = city_open(CALENDAR "- {year: 2027, provisional: true}\n");
	struct conditions out;
	void *held = c;

	(void)state;
	make(c, "2026-12-31T12:00", &out);
	assert_int_equal(out.ncalendar, 1);
	assert_string_equal(out.calendar[0].summary,
			    "目录缺少 2027 年节假日安排，目前只按法定节假日推算，未计调休");
	conditions_release(&out);
	city_teardown(&held);
}

static void a_catalogue_without_holidays_misses_none(void **state)
{
	struct city *c = city_open(city_yaml);
	void *held = c;

	(void)state;
	assert_int_equal(missing_on(c, "2026-12-31T12:00"), 0);
	city_teardown(&held);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_next_year_is_missed_from_the_first_of_december),
		cmocka_unit_test(a_provisional_year_is_missed_and_said_to_be_one),
		cmocka_unit_test(a_catalogue_without_holidays_misses_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
