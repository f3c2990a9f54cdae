/* scene.c - see scene.h. */
#include "tests/scenario/scene.h"
#include "base/log.h"
#include "tests/lib/assert.h"
#include "tests/lib/tmp.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

int64_t scene_time(const char *text)
{
	int64_t ms;
	struct err e;

	assert_ok(time_parse(slice_str(text), &ms, &e), &e);
	return ms;
}

void scene_make(struct scene *s, const char *local_time)
{
	memset(s, 0, sizeof(*s));
	log_set_level(getenv("SCENE_LOG") ? LOG_DEBUG : LOG_ERROR);
	clock_init_manual(&s->clock, scene_time(local_time));
	s->dir = tmp_make();
}

void scene_write(struct scene *s, const char *name, const char *fmt, ...)
{
	char path[4096], *body, *slash;
	va_list ap;
	int n;

	snprintf(path, sizeof(path), "%s/%s", s->dir, name);
	for (slash = strchr(path + strlen(s->dir) + 1, '/'); slash;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(path, 0700);
		*slash = '/';
	}
	va_start(ap, fmt);
	n = vasprintf(&body, fmt, ap);
	va_end(ap);
	assert_true(n >= 0);
	tmp_write(path, body, (size_t)n);
	free(body);
}

void scene_open(struct scene *s)
{
	struct daemon_options o = { .config_path = s->config, .clock = &s->clock };

	snprintf(s->config, sizeof(s->config), "%s/parkwatch.yaml", s->dir);
	s->d = daemon_open(&o, &s->e);
	if (!s->d)
		fail_msg("the daemon does not open: %s", s->e.text);
}

void scene_close(struct scene *s)
{
	daemon_close(s->d);
	s->d = NULL;
}

void scene_end(struct scene *s)
{
	scene_close(s);
	tmp_remove(s->dir);
}

static bool never(void *ctx)
{
	(void)ctx;
	return false;
}

static bool at_work(struct scene *s)
{
	struct collector *c = daemon_collector(s->d);

	for (size_t i = 0; i < collector_feeds(c); i++) {
		struct feed_status f;

		collector_status(c, i, &f);
		if (strcmp(f.state, "waiting") != 0)
			return true;
	}
	return false;
}

void scene_until(struct scene *s, bool (*until)(struct scene *s, void *ctx), void *ctx, int64_t ms,
		 int64_t step_ms, const char *what)
{
	struct loop *l = daemon_loop(s->d);

	for (int64_t t = 0; t <= ms; t += step_ms) {
		/* Sockets, workers and the writer run in real time: while a feed is at work the
		 * clock stands, for 20 seconds at most. */
		for (int i = 0; i < 4000; i++) {
			loop_settle(l, NULL, NULL, 5);
			if (until(s, ctx))
				return;
			if (!at_work(s))
				break;
			loop_settle(l, never, NULL, 5);
		}
		loop_advance(l, step_ms);
	}
	fail_msg("waited in vain: %s", what);
}

bool scene_feeds_quiet(struct scene *s, void *ctx)
{
	struct collector *c = daemon_collector(s->d);

	(void)ctx;
	for (size_t i = 0; i < collector_feeds(c); i++) {
		struct feed_status f;

		collector_status(c, i, &f);
		if (f.health != FEED_OK || strcmp(f.state, "waiting") != 0)
			return false;
	}
	return true;
}

bool scene_assessed_since(struct scene *s, void *ctx)
{
	struct assessment *a = daemon_assessment(s->d);
	bool yes = a && a->as_of_ms >= *(int64_t *)ctx;

	if (a)
		assessment_unref(a);
	return yes;
}

double scene_figure(struct scene *s, const char *family, const char *unit, const char *basis,
		    const char *day)
{
	char stamp[64];
	struct snapshot *v = snapshot_open(daemon_store(s->d), 0, &s->e);
	struct labels *ls =
		labels_make(&s->e, family, "park", unit, "freq", "M", "basis", basis, NULL);
	struct series_ref ref;
	struct vintage last;
	bool found;
	int64_t t;

	snprintf(stamp, sizeof(stamp), "%sT00:00:00+08:00", day);
	t = scene_time(stamp);
	assert_non_null(v);
	assert_non_null(ls);
	assert_ok(snapshot_find(v, ls, &ref, &s->e), &s->e);
	assert_ok(snapshot_last_figure(v, ref.id, t, VIEW_LATEST, &last, &found, &s->e), &s->e);
	assert_true(found);
	assert_int_equal(last.stamp_ms, t);
	labels_unref(ls);
	snapshot_close(v);
	return last.value;
}

size_t scene_count_figures(struct scene *s)
{
	struct snapshot *v = snapshot_open(daemon_store(s->d), 0, &s->e);
	struct arena a;
	struct series_ref *list;
	size_t n, all = 0;

	arena_init(&a, 256 << 20);
	assert_non_null(v);
	assert_ok(snapshot_select(v, NULL, 0, &a, &list, &n, &s->e), &s->e);
	for (size_t i = 0; i < n; i++) {
		struct vintage *f;
		size_t nf;

		if (!list[i].statistic)
			continue;
		assert_ok(snapshot_figures(v, list[i].id, INT64_MIN, INT64_MAX, VIEW_LATEST, &a, &f,
					   &nf, &s->e),
			  &s->e);
		all += nf;
	}
	snapshot_close(v);
	arena_release(&a);
	return all;
}

int scene_alert(struct scene *s, const char *name, const char *label, const char *value)
{
	struct arena a;
	struct alert *list;
	size_t n;
	int state = -1;

	arena_init(&a, 16 << 20);
	assert_ok(alerts_list(daemon_alerts(s->d), false, &a, &list, &n, &s->e), &s->e);
	for (size_t i = 0; i < n && state < 0; i++)
		if (slice_is(labels_get(list[i].labels, slice_str("alertname")), name) &&
		    slice_is(labels_get(list[i].labels, slice_str(label)), value))
			state = (int)list[i].state;
	alerts_list_release(list, n);
	arena_release(&a);
	return state;
}

const char *shared_data(void)
{
	static char path[4096];
	const char *root = getenv("PARKWATCH_SHARED");

	snprintf(path, sizeof(path), "%s/data", root ? root : "../shared");
	return access(path, R_OK) == 0 ? path : NULL;
}

char *repo_file(const char *path)
{
	size_t n;
	char *text = tmp_read(path, &n);

	if (!text)
		fail_msg("%s is missing; tests run from the root of the repository", path);
	return text;
}
