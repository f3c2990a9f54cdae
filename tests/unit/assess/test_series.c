/* test_series.c - the derived quantities as families of series. */
#include "tests/unit/assess/city.h"

#include "base/log.h"

enum { SERIES_MAX = 400 };

struct seen {
	char line[SERIES_MAX][320]; /* family{labels} value */
	char family[SERIES_MAX][160];
	size_t n;
	size_t stop_at;
};

static int take(void *ctx, const char *family, const char *help, const struct label *l, size_t n,
		double v, struct err *e)
{
	struct seen *s = ctx;
	struct buf text;

	if (s->n == s->stop_at)
		return err_set(e, ERR_FULL, "enough");
	assert_true(s->n < SERIES_MAX && strlen(help) > 0);
	buf_init(&text, 4096);
	buf_puts(&text, family);
	for (size_t i = 0; i < n; i++) {
		buf_printf(&text, "%s%.*s=\"", i ? "," : "{", SLICE_FMT(l[i].name));
		label_escape(l[i].value, &text);
		buf_puts(&text, "\"");
		assert_true(l[i].value.n > 0);
	}
	buf_printf(&text, "} %.10g", v);
	snprintf(s->line[s->n], sizeof(s->line[0]), "%.*s", SLICE_FMT(buf_all(&text)));
	snprintf(s->family[s->n++], sizeof(s->family[0]), "%s", family);
	buf_release(&text);
	return 0;
}

static struct seen seen;

static bool has(const char *line)
{
	for (size_t i = 0; i < seen.n; i++)
		if (strcmp(seen.line[i], line) == 0)
			return true;
	return false;
}

static void assert_line(const char *line)
{
	if (has(line))
		return;
	for (size_t i = 0; i < seen.n; i++)
		print_message("%s\n", seen.line[i]);
	fail_msg("missing: %s", line);
}

static void emit(struct city *c)
{
	city_year(c, "jia", 2026, 10, 1000, "2026-11-09T10:00");
	city_year(c, "yi", 2026, 10, 800, "2026-11-09T10:00");
	seen = (struct seen){ .stop_at = SERIES_MAX };
	assert_ok(assessment_series(city_assess(c, "2026-11-16T09:00"), take, &seen, &c->e), &c->e);
}

static void every_quantity_has_its_family(void **state)
{
	emit(*state);
	assert_line("park_info{park=\"jia\",name=\"甲山产业集聚区\",county=\"north\","
		    "type=\"工业\",league=\"市区\"} 1");
	assert_line("park_growth_ratio{park=\"yi\",indicator=\"" ADDED "\",kind=\"yoy\"} -0.2");
	assert_line("park_growth_ratio{park=\"yi\",indicator=\"" ADDED "\",kind=\"ytd\"} -0.2");
	assert_line("park_period_" ADDED "{park=\"yi\"} 72");
	assert_line("park_target_" ADDED "{park=\"yi\"} 1000");
	assert_line("park_attainment_ratio{park=\"yi\",indicator=\"" ADDED "\"} 0.664");
	assert_line("park_schedule_ratio{park=\"yi\",indicator=\"" ADDED "\",source=\"own\"} 0.83");
	assert_line("park_pace_ratio{park=\"yi\",indicator=\"" ADDED "\"} 0.8");
	assert_line("park_light{park=\"yi\",indicator=\"" ADDED "\",light=\"red\"} 1");
	assert_line("park_light{park=\"jia\",indicator=\"" ADDED "\",light=\"green\"} 1");
	assert_line("park_report_state{park=\"yi\",indicator=\"" ADDED "\",state=\"not_due\"} 1");
	assert_line("park_report_state{park=\"ding\",indicator=\"" ADDED "\",state=\"late\"} 1");
	assert_line("park_report_late_seconds{park=\"yi\",indicator=\"" ADDED "\"} 0");
	/* Of this year's nine months and one of the restricted projects only October came in time;
	 * last year's three were due before the store was told anything. */
	assert_line("park_reports_on_time_ratio{park=\"yi\"} 0.1");
	assert_line("park_reports_on_time_ratio{park=\"ding\"} 0");
	/* Those of all four parks, without the projects, for which nobody answers. */
	assert_line("department_reports_on_time_ratio{department=\"office\"} 0.05555555556");
	assert_line("park_rank{park=\"yi\",indicator=\"" ADDED "\"} 2");
	assert_line("park_mean_pace_ratio{park=\"yi\"} 0.8");
	assert_line("park_pace_rank{park=\"yi\"} 2");
	assert_line("indicator_info{indicator=\"" ADDED "\",name=\"规上工业增加值\",measure=\"元\","
		    "owner=\"office\",freq=\"M\",form=\"ytd\"} 1");
}

/* 2026-10-31T00:00+08:00 is 1793376000, 2026-11-09T10:00+08:00 is 1794189600 (date -d … +%s). */
static void times_are_in_seconds(void **state)
{
	emit(*state);
	assert_line("park_period_end_timestamp_seconds{park=\"yi\",indicator=\"" ADDED
		    "\"} 1793376000");
	assert_line("park_received_timestamp_seconds{park=\"yi\",indicator=\"" ADDED
		    "\"} 1794189600");
	assert_line("park_report_due_timestamp_seconds{park=\"yi\",indicator=\"" ADDED
		    "\"} 1794387600");
}

static void what_has_no_answer_has_no_series(void **state)
{
	emit(*state);
	for (size_t i = 0; i < seen.n; i++) {
		if (strstr(seen.line[i], "\"ding\"")) {
			assert_null(strstr(seen.line[i], "park_pace_ratio"));
			assert_null(strstr(seen.line[i], "park_growth_ratio"));
			assert_null(strstr(seen.line[i], "park_rank"));
			assert_null(strstr(seen.line[i], "park_pace_rank"));
		}
		/* Units that report nothing have none at all. */
		assert_null(strstr(seen.line[i], "county_"));
		assert_true(!strstr(seen.line[i], "department_") ||
			    strstr(seen.line[i], "department_reports_on_time_ratio"));
	}
	assert_line("park_light{park=\"ding\",indicator=\"" ADDED "\",light=\"none\"} 1");
}

static void the_series_of_a_family_come_together_and_none_comes_twice(void **state)
{
	emit(*state);
	for (size_t i = 0; i < seen.n; i++) {
		bool left = false;

		for (size_t k = i + 1; k < seen.n; k++) {
			bool same = strcmp(seen.family[k], seen.family[i]) == 0;

			if (same && left)
				fail_msg("%s is not in one piece", seen.family[i]);
			left = left || !same;
			assert_string_not_equal(seen.line[i], seen.line[k]);
		}
	}
}

static void it_stops_where_each_does(void **state)
{
	struct city *c = *state;

	emit(c);
	seen = (struct seen){ .stop_at = 3 };
	assert_fails(assessment_series(c->a, take, &seen, &c->e), &c->e, ERR_FULL, "enough");
	assert_int_equal(seen.n, 3);
}

static void a_county_names_the_county_it_lies_in_by_another_label(void **state)
{
	struct city *c = *state;
	char yaml[sizeof(city_yaml) + 32];
	const char *at = strstr(city_yaml, "[park]}");

	/* Counties report value added too. */
	snprintf(yaml, sizeof(yaml), "%.*s[park, county]}%s", (int)(at - city_yaml), city_yaml,
		 at + strlen("[park]}"));
	city_load(c, yaml);
	emit(c);
	assert_line("county_info{county=\"north\",name=\"北县\"} 1");
	assert_line("county_report_state{county=\"north\",indicator=\"" ADDED
		    "\",state=\"late\"} 1");
}

static void names_are_stable(void **state)
{
	(void)state;
	assert_string_equal(light_name(LIGHT_NONE), "none");
	assert_string_equal(light_name(LIGHT_WATCH), "watch");
	assert_string_equal(light_name(LIGHT_YELLOW), "yellow");
	assert_string_equal(report_state_name(REPORT_NOT_COLLECTED), "not_collected");
	assert_string_equal(report_state_name(REPORT_RECEIVED), "received");
	assert_string_equal(schedule_source_name(SCHEDULE_PROVINCIAL), "provincial");
	assert_string_equal(schedule_source_name(SCHEDULE_LINEAR), "linear");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, city_setup, city_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_quantity_has_its_family),
		TEST(times_are_in_seconds),
		TEST(what_has_no_answer_has_no_series),
		TEST(the_series_of_a_family_come_together_and_none_comes_twice),
		TEST(it_stops_where_each_does),
		TEST(a_county_names_the_county_it_lies_in_by_another_label),
		cmocka_unit_test(names_are_stable),
	};

	log_set_fd(-1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
