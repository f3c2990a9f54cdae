/*
 * metrics.c - /metrics: current figures, what they mean, alerts, the daemon itself.
 *
 * Figures go out without timestamps, since a scraper would refuse a stamp that is
 * weeks old: when the period ended and when it came in are gauges beside them.
 * A figure that has stopped being current is not shown as a figure any more; its
 * report state says that it is late.
 */
#include "exporters/handlers.h"
#include "base/counter.h"
#include "base/num.h"
#include "exporters/expose.h"

#include <dirent.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

static struct label label(const char *name, const char *value)
{
	return (struct label){ slice_str(name), slice_str(value ? value : "") };
}

/* --- the figures as reported -------------------------------------------------------- */

static void add_figure(struct expose *x, const struct figure *f, struct arena *a)
{
	struct slice name = labels_name(f->labels);
	const char *help =
		arena_printf(a, "%s (reported in %s), %s of the newest released period.",
			     f->indicator->name, f->indicator->measure, f->indicator->basis);
	struct label l[LABELS_MAX];
	size_t n = 0;

	for (uint32_t i = 0; i < f->labels->n; i++)
		if (!slice_is(f->labels->l[i].name, LABEL_NAME))
			l[n++] = f->labels->l[i];
	if (!help)
		x->failed = true;
	else
		expose_add(x, name.p, help, EXPOSE_GAUGE, "", l, n, f->value);
}

static int add_derived(void *ctx, const char *family, const char *help, const struct label *l,
		       size_t n, double v, struct err *e)
{
	struct expose *x = ctx;

	(void)e;
	expose_add(x, family, help, EXPOSE_GAUGE, "", l, n, v);
	return 0;
}

static int add_assessment(struct expose *x, const struct exporter_view *view, struct arena *a,
			  struct err *e)
{
	struct assessment *as = view->assessment(view->ctx);
	int rc;

	if (!as)
		return 0;
	for (size_t i = 0; i < as->nfigures; i++)
		if (as->figures[i].has_value && as->figures[i].current)
			add_figure(x, &as->figures[i], a);
	rc = assessment_series(as, add_derived, x, e);
	assessment_unref(as);
	return rc;
}

/* --- alerts --------------------------------------------------------------------------- */

static int add_alerts(struct expose *x, const struct exporter_view *view, struct arena *a,
		      struct err *e)
{
	struct alert *list;
	size_t n;

	if (alerts_list(view->alerts, false, a, &list, &n, e) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		struct label l[LABELS_MAX + 1];
		size_t k = 0;

		for (uint32_t j = 0; j < list[i].labels->n && k < LABELS_MAX; j++)
			l[k++] = list[i].labels->l[j];
		l[k++] = label("alertstate", alert_state_name(list[i].state));
		expose_add(x, "ALERTS", "Alerts that are pending or firing.", EXPOSE_GAUGE, "", l,
			   k, 1);
	}
	alerts_list_release(list, n);
	return 0;
}

/* --- the daemon about itself -------------------------------------------------------------- */

struct counter_walk {
	struct expose *x;
	const struct counter_info *info;
};

/* "1.0" and not "1": OpenMetrics' canonical form, and a bucket must not change its name with the
 * format that was asked for. */
static void print_bound(double bound, char out[NUM_TEXT])
{
	size_t n = num_print_g(bound, out);

	if (!strpbrk(out, ".e"))
		memcpy(out + n, ".0", sizeof(".0"));
}

static void add_histogram(const struct counter_walk *w, const struct counter_value *v)
{
	uint64_t below = 0;
	char bound[NUM_TEXT];
	struct label l;

	for (size_t i = 0; i <= COUNTER_BUCKETS; i++) {
		below += v->buckets[i];
		if (i < COUNTER_BUCKETS)
			print_bound(counter_bounds[i], bound);
		l = label("le", i < COUNTER_BUCKETS ? bound : "+Inf");
		expose_add(w->x, w->info->name, w->info->help, EXPOSE_HISTOGRAM, "_bucket", &l, 1,
			   (double)below);
	}
	expose_add(w->x, w->info->name, w->info->help, EXPOSE_HISTOGRAM, "_sum", NULL, 0, v->sum);
	expose_add(w->x, w->info->name, w->info->help, EXPOSE_HISTOGRAM, "_count", NULL, 0,
		   (double)below);
}

static void add_counter(void *ctx, const struct counter_value *v)
{
	const struct counter_walk *w = ctx;
	struct label l = { slice_str(w->info->label), v->label_value };

	if (w->info->type == COUNTER_HISTOGRAM)
		add_histogram(w, v);
	else
		expose_add(w->x, w->info->name, w->info->help,
			   w->info->type == COUNTER_SUM ? EXPOSE_COUNTER : EXPOSE_GAUGE, "", &l,
			   *w->info->label ? 1 : 0, v->value);
}

/* CPU seconds are counted by the kernel: the counter is brought up to its figure. */
static void refresh_cpu(void)
{
	struct timespec t;

	if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t) == 0)
		counter_set(C_PROCESS_CPU, (double)t.tv_sec + (double)t.tv_nsec / 1e9);
}

static void refresh_memory(void)
{
	unsigned long resident;
	FILE *f = fopen("/proc/self/statm", "r");

	if (!f)
		return;
	if (fscanf(f, "%*u %lu", &resident) == 1)
		counter_set(C_PROCESS_RSS, (double)resident * (double)sysconf(_SC_PAGESIZE));
	fclose(f);
}

static void refresh_fds(void)
{
	DIR *d = opendir("/proc/self/fd");
	int n = -3; /* ".", ".." and this one */

	if (!d)
		return;
	while (readdir(d))
		n++;
	closedir(d);
	counter_set(C_PROCESS_FDS, n);
}

static void refresh_store(struct store *s)
{
	static const struct {
		const char *name;
		size_t held, bytes;
	} places[] = {
#define PLACE(name, held, bytes)                                                                   \
	{ name, offsetof(struct store_status, held), offsetof(struct store_status, bytes) }
		PLACE("log", head_samples, log_bytes),
		PLACE("runs", run_samples, run_bytes),
		PLACE("partitions", packed_samples, packed_bytes),
		PLACE("fresh_figures", fresh_figures, fresh_bytes),
		PLACE("packed_figures", packed_figures, figure_bytes),
		PLACE("index", series, index_bytes),
#undef PLACE
	};
	struct store_status st;

	store_status(s, &st);
	counter_set(C_STORE_SERIES, (double)st.series);
	counter_set(C_STORE_BYTES, (double)st.used_bytes);
	counter_set(C_STORE_READERS, st.snapshots);
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		const uint64_t *held = (const uint64_t *)((const char *)&st + places[i].held);
		const uint64_t *bytes = (const uint64_t *)((const char *)&st + places[i].bytes);

		counter_set_for(C_STORE_HELD, slice_str(places[i].name), (double)*held);
		counter_set_for(C_STORE_PLACE_BYTES, slice_str(places[i].name), (double)*bytes);
	}
	counter_set(C_STORE_WRITABLE, st.writable);
	counter_set(C_STORE_DAMAGED, (double)st.damaged);
}

/* The gauges that are read off when asked for. */
static void refresh_gauges(const struct exporter_view *view)
{
	size_t sets, strings;

	refresh_cpu();
	refresh_memory();
	refresh_fds();
	if (view->store)
		refresh_store(view->store);
	labels_count(&sets, &strings);
	counter_set(C_LABEL_SETS, (double)sets);
}

static void add_counters(struct expose *x, const struct exporter_view *view)
{
	refresh_gauges(view);
	for (int id = 0; id < COUNTER_IDS; id++) {
		struct counter_walk w = { x, &counter_infos[id] };

		counter_walk((enum counter_id)id, add_counter, &w);
	}
}

static void add_build(struct expose *x)
{
	struct label l = label("version", PARKWATCH_VERSION);

	expose_add(x, "parkwatch_build_info", "The version of this daemon; always 1.", EXPOSE_GAUGE,
		   "", &l, 1, 1);
}

static int write_all(struct expose *all, const struct exporter_view *view, bool open_metrics,
		     struct arena *a, struct buf *out, struct err *e)
{
	add_build(all);
	if (add_assessment(all, view, a, e) < 0 || add_alerts(all, view, a, e) < 0)
		return -1;
	add_counters(all, view);
	return expose_finish(all, open_metrics, out, e);
}

int metrics_write(const struct exporter_view *view, bool open_metrics, struct arena *a,
		  struct buf *out, struct err *e)
{
	struct expose all;
	int rc;

	expose_init(&all, a);
	rc = write_all(&all, view, open_metrics, a, out, e);
	expose_release(&all);
	return rc < 0 ? err_wrap(e, "metrics") : 0;
}

void serve_metrics(struct exchange *x)
{
	bool open = expose_wants_open_metrics(exchange_header(x, "Accept"));
	struct err e;

	if (metrics_write(x->ctx, open, &x->arena, &x->reply, &e) < 0)
		reply_error(x, 500, &e);
	else
		x->content_type = open ? EXPOSE_OPEN_METRICS_TYPE : EXPOSE_TEXT_TYPE;
}
