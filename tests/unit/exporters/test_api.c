/* Health, and Prometheus' API in Prometheus' shape. */
#include "base/json_read.h"
#include "exporters/routes.h"
#include "query/query.h"
#include "tests/unit/exporters/face.h"

static const struct json_node *read_json(struct face *f, const char *page)
{
	struct json_node *root = json_parse(slice_str(page), &f->r.x.arena, &f->e);

	if (!root)
		fail_msg("%s in %s", f->e.text, page);
	assert_string_equal(f->r.x.content_type, "application/json");
	return root;
}

static const char *text_at(const struct json_node *root, const char *pointer)
{
	static char text[256];
	const struct json_node *n = json_pointer(root, slice_str(pointer));

	if (!n)
		fail_msg("nothing at %s", pointer);
	else
		snprintf(text, sizeof(text), "%.*s", SLICE_FMT(n->text));
	return text;
}

static void alerts_have_the_shape_of_prometheus(void **state)
{
	struct face *f = *state;
	const struct json_node *root, *labels;

	face_alert(f, "ParkLagging", "park", "jia", 0, "甲 \"滞后\"");
	face_alert(f, "Slow", "park", "yi", 60000, NULL);
	root = read_json(f, face_get(f, serve_alerts, "", NULL, NULL));
	assert_int_equal(f->r.x.status, 200);
	assert_string_equal(text_at(root, "/status"), "success");
	assert_int_equal(json_pointer(root, slice_str("/data/alerts"))->n, 2);
	labels = json_pointer(root, slice_str("/data/alerts/0/labels"));
	assert_int_equal(labels->n, 4);
	assert_string_equal(text_at(labels, "/alertname"), "ParkLagging");
	assert_string_equal(text_at(labels, "/park"), "jia");
	assert_string_equal(text_at(labels, "/severity"), "warning");
	assert_string_equal(text_at(root, "/data/alerts/0/annotations/summary"), "甲 \"滞后\"");
	assert_string_equal(text_at(root, "/data/alerts/0/annotations/description"),
			    "attainment \"low\"");
	assert_string_equal(text_at(root, "/data/alerts/0/state"), "firing");
	assert_string_equal(text_at(root, "/data/alerts/0/activeAt"), "2026-11-23T09:05:00.000Z");
	assert_string_equal(text_at(root, "/data/alerts/0/value"), "0.75");
	assert_int_equal(json_pointer(root, slice_str("/data/alerts/0/value"))->type, JSON_STRING);
	assert_string_equal(text_at(root, "/data/alerts/1/state"), "pending");
	assert_null(json_pointer(root, slice_str("/data/alerts/1/annotations/summary")));
}

static void no_alerts_are_an_empty_list(void **state)
{
	struct face *f = *state;

	assert_string_equal(face_get(f, serve_alerts, "", NULL, NULL),
			    "{\"status\":\"success\",\"data\":{\"alerts\":[]}}");
}

static void buildinfo_does_not_pass_for_mimir(void **state)
{
	struct face *f = *state;
	const struct json_node *root = read_json(f, face_get(f, serve_buildinfo, "", NULL, NULL));

	assert_string_equal(text_at(root, "/status"), "success");
	assert_string_equal(text_at(root, "/data/version"), PARKWATCH_VERSION);
	assert_string_equal(text_at(root, "/data/application"), "parkwatch");
	assert_null(json_pointer(root, slice_str("/data/features")));
}

static void readiness_gives_the_reason(void **state)
{
	struct face *f = *state;

	assert_string_equal(face_get(f, serve_ready, "", NULL, NULL), "parkwatch is ready.\n");
	assert_int_equal(f->r.x.status, 200);
	f->ready = false;
	assert_string_equal(face_get(f, serve_ready, "", NULL, NULL),
			    "not ready: the catalogue is being read\n");
	assert_int_equal(f->r.x.status, 503);
	assert_string_equal(face_get(f, serve_healthy, "", NULL, NULL), "parkwatch is healthy.\n");
	assert_int_equal(f->r.x.status, 200);
}

static void an_error_replaces_what_was_written(void **state)
{
	struct face *f = *state;
	struct err e = { ERR_LIMIT, "a \"limit\" was reached" };
	const struct json_node *root;

	face_get(f, serve_healthy, "", NULL, NULL);
	reply_api_error(&f->r.x, 422, "execution", &e);
	buf_putc(&f->r.x.reply, '\0');
	root = read_json(f, f->r.x.reply.p);
	assert_int_equal(f->r.x.status, 422);
	assert_string_equal(text_at(root, "/status"), "error");
	assert_string_equal(text_at(root, "/errorType"), "execution");
	assert_string_equal(text_at(root, "/error"), "a \"limit\" was reached");
	reply_error(&f->r.x, 500, &e);
	buf_putc(&f->r.x.reply, '\0');
	assert_string_equal(f->r.x.reply.p, "a \"limit\" was reached\n");
	assert_string_equal(f->r.x.content_type, "text/plain; charset=utf-8");
}

static void health_checks_need_no_worker(void **state)
{
	struct engine_options o = { .timeout_ms = 77000, .workers = ENGINE_NO_WORKERS };
	struct face *f = *state;
	struct arena a;
	size_t n, found = 0, options = 0;
	const struct http_route *routes;

	f->view.engine = engine_new(&o, &f->e);
	assert_non_null(f->view.engine);
	arena_init(&a, 1 << 16);
	routes = exporter_routes(&f->view, &a, &n, &f->e);
	assert_non_null(routes);
	for (size_t i = 0; i < n; i++) {
		bool health = strncmp(routes[i].path, "/-/", 3) == 0;

		assert_ptr_equal(routes[i].ctx, &f->view);
		if (strcmp(routes[i].method, "OPTIONS") == 0) {
			assert_int_equal(routes[i].where, HTTP_ON_LOOP);
			options++;
		}
		/* What changes something is not done by following a link. */
		if (strstr(routes[i].path, "/admin/"))
			assert_string_not_equal(routes[i].method, "GET");
		assert_int_equal(routes[i].class, strstr(routes[i].path, "/admin/") ||
								  strstr(routes[i].path, "/answer")
							  ? JOB_STORE
							  : JOB_QUERY);
		found += health;
		if (health)
			assert_int_equal(routes[i].where, HTTP_ON_LOOP);
		if (strcmp(routes[i].path, "/metrics") == 0)
			assert_int_equal(routes[i].where, HTTP_IN_JOB);
		/* The query ends by itself before the server gives it up. */
		if (strcmp(routes[i].path, "/api/v1/query_range") == 0)
			assert_true(routes[i].deadline_ms > o.timeout_ms);
	}
	assert_int_equal(found, 2);
	assert_in_range(options, 20, n);
	arena_release(&a);
	engine_free(f->view.engine);
}

#define T(f) cmocka_unit_test_setup_teardown(f, face_setup, face_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(alerts_have_the_shape_of_prometheus), T(no_alerts_are_an_empty_list),
		T(buildinfo_does_not_pass_for_mimir),   T(readiness_gives_the_reason),
		T(an_error_replaces_what_was_written),  T(health_checks_need_no_worker),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
