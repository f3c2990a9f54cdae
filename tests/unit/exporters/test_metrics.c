/* /metrics: what goes out, and in which of the two formats. */
#include "base/counter.h"
#include "exporters/expose.h"
#include "tests/unit/exporters/face.h"

#include <unistd.h>

#define PROMETHEUS_ACCEPT                                                                          \
	"application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;"   \
	"q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"

static const char *get(struct face *f, const char *accept)
{
	return face_get(f, serve_metrics, accept, NULL, NULL);
}

/* A line of the page, whole. */
static bool has_line(const char *page, const char *line)
{
	size_t n = strlen(line);

	for (const char *at = page; (at = strstr(at, line)); at += n)
		if ((at == page || at[-1] == '\n') && at[n] == '\n')
			return true;
	return false;
}

#define assert_line(page, line)                                                                    \
	do {                                                                                       \
		if (!has_line(page, line))                                                         \
			fail_msg("no line \"%s\" in\n%s", line, page);                             \
	} while (0)

static double value_of(const char *page, const char *series)
{
	const char *at = strstr(page, series);
	double v = NAN;

	while (at && (at == page || at[-1] != '\n'))
		at = strstr(at + 1, series);
	if (!at)
		fail_msg("no %s", series);
	else if (sscanf(at + strlen(series), " %lf", &v) != 1)
		fail_msg("%s has no value", series);
	return v;
}

static void figures_go_out_in_the_base_unit_with_name_and_native_measure(void **state)
{
	struct face *f = *state;
	const char *page;

	face_fill_city(f);
	page = get(f, "");
	assert_line(page, "# HELP park_" ADDED " 规上工业增加值 (reported in 亿元), ytd of the "
			  "newest released period.");
	assert_line(page, "# TYPE park_" ADDED " gauge");
	assert_line(page, "park_" ADDED "{basis=\"ytd\",freq=\"M\",park=\"jia\"} 1.234e+09");
	assert_line(page, "park_pace_ratio{park=\"jia\",indicator=\"" ADDED "\"} 0.9");
	assert_line(page, "park_light{park=\"jia\",indicator=\"" ADDED "\",light=\"yellow\"} 1");
	assert_line(page, "park_info{park=\"jia\",name=\"<script>alert(1)</script>\","
			  "county=\"north\",type=\"工业\",league=\"市区\"} 1");
}

static void a_figure_that_is_over_is_late_and_not_shown_as_a_figure(void **state)
{
	struct face *f = *state;
	const char *page;

	face_fill_city(f);
	face_figure(f, "yi", ADDED)->current = false;
	page = get(f, "");
	assert_null(strstr(page, "park_" ADDED "{basis=\"ytd\",freq=\"M\",park=\"yi\"}"));
	assert_null(strstr(page, "park_" ADDED "{basis=\"ytd\",freq=\"M\",park=\"bing\"}"));
	assert_line(page,
		    "park_report_state{park=\"bing\",indicator=\"" ADDED "\",state=\"late\"} 1");
}

static void every_family_stands_together_once(void **state)
{
	struct face *f = *state;
	const char *page;

	face_fill_city(f);
	page = get(f, "");
	for (const char *at = page; (at = strstr(at, "# TYPE "));) {
		char line[256];
		size_t n = strcspn(at, "\n");

		assert_true(n < sizeof(line));
		memcpy(line, at, n);
		line[n] = '\0';
		at += n;
		if (strstr(at, line))
			fail_msg("twice: %s", line);
	}
}

static void alerts_are_series_with_their_state(void **state)
{
	struct face *f = *state;

	face_alert(f, "ParkLagging", "park", "jia", 0, "x");
	face_alert(f, "Slow", "park", "yi", 60000, "x");
	assert_line(get(f, ""), "ALERTS{alertname=\"ParkLagging\",indicator=\"" ADDED
				"\",park=\"jia\",severity=\"warning\",alertstate=\"firing\"} 1");
	assert_line(f->r.x.reply.p,
		    "ALERTS{alertname=\"Slow\",indicator=\"" ADDED
		    "\",park=\"yi\",severity=\"warning\",alertstate=\"pending\"} 1");
}

static void the_daemon_tells_about_itself(void **state)
{
	struct face *f = *state;
	const char *page;

	counter_observe(C_LOOP_LAG, 0.7);
	counter_observe(C_LOOP_LAG, 100);
	counter_add_for(C_FEED_POLLS, slice_str("ok"), 3);
	page = get(f, "");
	assert_line(page, "# TYPE parkwatch_feed_polls_total counter");
	assert_line(page, "parkwatch_feed_polls_total{result=\"ok\"} 3");
	assert_line(page, "parkwatch_loop_lag_seconds_bucket{le=\"0.5\"} 0");
	assert_line(page, "parkwatch_loop_lag_seconds_bucket{le=\"1.0\"} 1");
	assert_line(page, "parkwatch_loop_lag_seconds_bucket{le=\"30.0\"} 1");
	assert_line(page, "parkwatch_loop_lag_seconds_bucket{le=\"+Inf\"} 2");
	assert_line(page, "parkwatch_loop_lag_seconds_sum 100.7");
	assert_line(page, "parkwatch_loop_lag_seconds_count 2");
	assert_line(page, "parkwatch_store_writable 1");
	assert_line(page, "parkwatch_build_info{version=\"" PARKWATCH_VERSION "\"} 1");
	assert_true(value_of(page, "process_cpu_seconds_total") > 0);
	assert_true(value_of(page, "process_resident_memory_bytes") > 1e5);
	assert_true(value_of(page, "process_open_fds") >= 3);
}

static void open_files_are_counted_without_the_counting_itself(void **state)
{
	struct face *f = *state;
	double before = value_of(get(f, ""), "process_open_fds");
	int fd = dup(1);

	assert_f64(value_of(get(f, ""), "process_open_fds"), before + 1);
	close(fd);
	assert_f64(value_of(get(f, ""), "process_open_fds"), before);
}

static void without_an_assessment_there_is_still_a_page(void **state)
{
	struct face *f = *state;

	assessment_unref(f->a);
	f->a = NULL;
	assert_line(get(f, ""), "parkwatch_store_writable 1");
	assert_null(strstr(f->r.x.reply.p, "park_" ADDED));
}

static void prometheus_gets_open_metrics(void **state)
{
	struct face *f = *state;
	const char *page = get(f, PROMETHEUS_ACCEPT);

	assert_string_equal(f->r.x.content_type,
			    "application/openmetrics-text; version=1.0.0; charset=utf-8");
	assert_line(page, "# TYPE process_cpu_seconds counter");
	assert_line(page, "# TYPE parkwatch_store_corrupt_records counter");
	assert_string_equal(page + strlen(page) - 6, "# EOF\n");
}

static void others_get_text(void **state)
{
	struct face *f = *state;
	const char *page = get(f, "*/*");

	assert_string_equal(f->r.x.content_type, "text/plain; version=0.0.4; charset=utf-8");
	assert_line(page, "# TYPE process_cpu_seconds_total counter");
	assert_null(strstr(page, "# EOF"));
}

static void a_page_that_has_no_room_is_an_error_and_leaves_nothing_behind(void **state)
{
	struct face *f = *state;
	struct arena small;
	struct buf out;

	face_fill_city(f);
	face_alert(f, "ParkLagging", "park", "jia", 0, "x");
	arena_init(&small, 1);
	buf_init(&out, 1 << 20);
	mem_count(1);
	assert_fails(metrics_write(&f->view, false, &small, &out, &f->e), &f->e, ERR_LIMIT,
		     "metrics: ");
	assert_int_equal(mem_held(), 0);
	mem_count(0);
	buf_release(&out);
	arena_release(&small);
}

#define T(f) cmocka_unit_test_setup_teardown(f, face_setup, face_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(figures_go_out_in_the_base_unit_with_name_and_native_measure),
		T(a_figure_that_is_over_is_late_and_not_shown_as_a_figure),
		T(every_family_stands_together_once),
		T(alerts_are_series_with_their_state),
		T(the_daemon_tells_about_itself),
		T(open_files_are_counted_without_the_counting_itself),
		T(without_an_assessment_there_is_still_a_page),
		T(prometheus_gets_open_metrics),
		T(others_get_text),
		T(a_page_that_has_no_room_is_an_error_and_leaves_nothing_behind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
