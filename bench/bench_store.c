/*
 * bench_store.c - how fast the store commits.
 *
 * Appends of 1, 100 and 10,000 observations (12,000 series of 200 parks, one
 * period after the other) in four ways: each waiting for the one before, and with
 * up to 64 waiting together, as many feeds at once give them; figures never seen,
 * the same again, and corrected ones. Plain samples likewise. Every figure
 * counts what is durable: the clock stops at the last `done`.
 *
 * A disk's own answer stands beside: 4 KiB written and synchronised, one by one.
 *
 *	bench_store
 */
#include "bench/bench.h"
#include "storage/store.h"

#include <fcntl.h>
#include <pthread.h>

enum {
	SERIES = 12000,
	PLAIN_SERIES = 10000,
	TOGETHER = 64,
	RUNS = 3,
	SYNCS = 200,
};

static const int64_t month_ms = (int64_t)30 * 86400 * 1000, first_ms = (int64_t)1577808000000,
		     received_ms = (int64_t)1735660800000;

enum content { FRESH, REPEATED, CORRECTED, PLAIN };

static const char *const content_names[] = { "fresh", "repeated", "corrected", "samples" };

/* Which batches are measured: how many appends of how many, how many waiting together. */
static const struct plan {
	enum content content;
	size_t size, appends, together;
} plans[] = {
	{ FRESH, 1, 400, 1 },
	{ FRESH, 1, 6400, TOGETHER },
	{ FRESH, 100, 640, TOGETHER },
	{ FRESH, 10000, 12, 4 },
	{ REPEATED, 1, 6400, TOGETHER },
	{ REPEATED, 100, 640, TOGETHER },
	{ REPEATED, 10000, 12, 4 },
	{ CORRECTED, 100, 640, TOGETHER },
	{ CORRECTED, 10000, 12, 4 },
	{ PLAIN, 1, 6400, TOGETHER },
	{ PLAIN, 100, 1000, TOGETHER },
	{ PLAIN, 10000, 48, 4 },
};

struct bench {
	struct labels *series[SERIES], *plain[PLAIN_SERIES];
	struct store *store;
	pthread_mutex_t lock;
	pthread_cond_t answered;
	size_t under_way;
	uint64_t fresh, revised, unchanged;
	struct err why;
};

struct one {
	struct append append; /* first */
	struct bench *b;
	struct observation *obs;
	struct plain_sample *samples;
	bool busy;
};

static void make_series(struct bench *b)
{
	char name[48], unit[16];
	struct err e;

	for (int i = 0; i < SERIES; i++) {
		snprintf(name, sizeof(name), "park_made_figure_%03d_yuan", i % 60);
		snprintf(unit, sizeof(unit), "p%03d", i / 60);
		b->series[i] =
			labels_make(&e, name, "park", unit, "freq", "M", "basis", "ytd", NULL);
		must(b->series[i] ? 0 : -1, &e);
	}
	for (int i = 0; i < PLAIN_SERIES; i++) {
		snprintf(name, sizeof(name), "node_thing_%d_bytes", i % 100);
		snprintf(unit, sizeof(unit), "10.0.0.%d:9100", i / 100);
		b->plain[i] = labels_make(&e, name, "job", "node", "instance", unit, NULL);
		must(b->plain[i] ? 0 : -1, &e);
	}
}

/* On the writer's thread. */
static void on_done(struct append *a)
{
	struct one *o = a->ctx;
	struct bench *b = o->b;

	pthread_mutex_lock(&b->lock);
	b->under_way--;
	b->fresh += a->fresh;
	b->revised += a->revised;
	b->unchanged += a->unchanged;
	if (a->err.code != ERR_NONE)
		b->why = a->err;
	o->busy = false;
	pthread_cond_signal(&b->answered);
	pthread_mutex_unlock(&b->lock);
}

static void fill(struct one *o, const struct plan *p, size_t first, int64_t now_ms)
{
	struct bench *b = o->b;

	for (size_t i = 0; i < p->size; i++) {
		size_t at = first + i;
		int64_t period = (int64_t)(at / SERIES);
		size_t turn = at / PLAIN_SERIES;

		if (p->content == PLAIN)
			o->samples[i] = (struct plain_sample){
				.labels = b->plain[at % PLAIN_SERIES],
				.t_ms = first_ms + (int64_t)turn * 15000,
				.value = (double)(at % 997 + turn),
			};
		else
			o->obs[i] = (struct observation){
				.labels = b->series[at % SERIES],
				.stamp_ms = first_ms + period * month_ms,
				.value = (double)at + (p->content == CORRECTED ? 0.5 : 0),
				.months = 1,
			};
	}
	o->append = (struct append){
		.submission = { .source = "bench",
				.owner = "统计局",
				.origin = "http://127.0.0.1/report.csv",
				.received_ms = now_ms,
				.released_ms = now_ms },
		.obs = o->obs,
		.nobs = p->content == PLAIN ? 0 : p->size,
		.samples = o->samples,
		.nsamples = p->content == PLAIN ? p->size : 0,
		.done = on_done,
		.ctx = o,
	};
}

static struct one *next_free(struct bench *b, struct one *list, size_t n)
{
	for (;;) {
		for (size_t i = 0; i < n; i++)
			if (!list[i].busy)
				return &list[i];
		pthread_cond_wait(&b->answered, &b->lock);
	}
}

/* All appends of the plan; returns when all are durable. */
static void play(struct bench *b, const struct plan *p, int64_t now_ms)
{
	struct one *list = must_have(calloc(p->together, sizeof(*list)));
	struct err e = { 0 };

	for (size_t i = 0; i < p->together; i++) {
		list[i].b = b;
		list[i].obs = must_have(calloc(p->size, sizeof(*list[i].obs)));
		list[i].samples = must_have(calloc(p->size, sizeof(*list[i].samples)));
	}
	b->fresh = b->revised = b->unchanged = 0;
	for (size_t i = 0; i < p->appends; i++) {
		struct one *o;

		pthread_mutex_lock(&b->lock);
		o = next_free(b, list, p->together);
		o->busy = true;
		b->under_way++;
		pthread_mutex_unlock(&b->lock);
		fill(o, p, i * p->size, now_ms);
		must(store_append(b->store, &o->append, &e), &e);
	}
	pthread_mutex_lock(&b->lock);
	while (b->under_way)
		pthread_cond_wait(&b->answered, &b->lock);
	pthread_mutex_unlock(&b->lock);
	must(b->why.code == ERR_NONE ? 0 : -1, &b->why);
	for (size_t i = 0; i < p->together; i++) {
		free(list[i].obs);
		free(list[i].samples);
	}
	free(list);
}

/* A figure of half a run, or of the wrong thing, is no figure. */
static void check(const struct bench *b, const struct plan *p)
{
	uint64_t all = p->size * p->appends;
	uint64_t got = p->content == FRESH       ? b->fresh
		       : p->content == REPEATED  ? b->unchanged
		       : p->content == CORRECTED ? b->revised
						 : all;

	if (got != all)
		die("%s: %llu of %llu, fresh %llu, revised %llu, unchanged %llu",
		    content_names[p->content], (unsigned long long)got, (unsigned long long)all,
		    (unsigned long long)b->fresh, (unsigned long long)b->revised,
		    (unsigned long long)b->unchanged);
}

/* In a store of its own, which has the figures already where they are sent again. */
static struct took run_once(struct bench *b, const struct plan *p, const char *dir)
{
	struct store_options o = { .dir = dir };
	struct plan before = { FRESH, 10000, (p->size * p->appends + 9999) / 10000, 4 };
	struct err e = { 0 };
	struct took from, took;

	b->store = store_open(&o, &e);
	must(b->store ? 0 : -1, &e);
	if (p->content == REPEATED || p->content == CORRECTED)
		play(b, &before, received_ms);
	from = took_now();
	play(b, p, received_ms + 1000);
	took = took_since(from);
	check(b, p);
	store_close(b->store);
	remove_tree(dir);
	return took;
}

static void measure(struct bench *b, const struct plan *p, const char *dir)
{
	struct runs wall = { .n = 0 }, cpu = { .n = 0 };
	double all = (double)(p->size * p->appends);
	const char *what = p->content == PLAIN ? "samples" : "observations";
	const char *name = name_of("store_%s_batch_%zu%s", content_names[p->content], p->size,
				   p->together == 1 ? "_one_at_a_time" : "");

	for (int i = 0; i < RUNS; i++) {
		struct took took = run_once(b, p, dir);

		runs_add(&wall, all / took.wall);
		runs_add(&cpu, all / took.cpu);
	}
	report_runs(name, &wall, name_of("%s/s", what));
	report_runs(name_of("%s_cpu", name), &cpu, name_of("%s/CPU-s", what));
}

static void measure_disk(const char *path)
{
	static const char page[4096];
	int fd = open(path, O_CREAT | O_RDWR, 0600);
	double from;

	if (fd < 0)
		die("cannot make %s: %s", path, strerror(errno));
	from = wall_now();
	for (int i = 0; i < SYNCS; i++)
		if (pwrite(fd, page, sizeof(page), (off_t)i * 4096) != sizeof(page) ||
		    fdatasync(fd) != 0)
			die("cannot write %s: %s", path, strerror(errno));
	report("disk_4k_synchronised", SYNCS / (wall_now() - from), "syncs/s");
	close(fd);
}

int main(void)
{
	static struct bench b = { .lock = PTHREAD_MUTEX_INITIALIZER,
				  .answered = PTHREAD_COND_INITIALIZER };
	const char *folder = folder_make(), *dir = name_of("%s/store", folder);
	char *kept = must_have(strdup(dir));

	measure_disk(name_of("%s/disk", folder));
	make_series(&b);
	for (size_t i = 0; i < sizeof(plans) / sizeof(plans[0]); i++)
		measure(&b, &plans[i], kept);
	for (int i = 0; i < SERIES; i++)
		labels_unref(b.series[i]);
	for (int i = 0; i < PLAIN_SERIES; i++)
		labels_unref(b.plain[i]);
	free(kept);
	return 0;
}
