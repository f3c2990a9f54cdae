/*
 * format_store.c - a store with something of everything that docs/storage-format.md describes.
 *
 *     format_store DIR
 *
 * Series of all kinds of times and values, so that each way of packing a column is taken; samples
 * that come late, twice, or replaced, in partitions, runs and the log; requests of which something
 * is refused; samples of our own; figures that are drafts, released, returned, given and moved,
 * packed and not. What is in it is the same each time. For format.sh, which reads it by the
 * document.
 */
#include "base/date.h"
#include "base/remote_write.h"
#include "base/snappy.h"
#include "storage/store.h"

#include <glob.h>
#include <math.h>
#include <semaphore.h>
#include <stdlib.h>
#include <unistd.h>

enum {
	RAW_MAX = 16 << 20,
	SAMPLES = 20000, /* of the longest series: more than one chunk */
	SEAL = 12000,
	DAY_MS = 86400000,
	PACKINGS = 9, /* so many small partitions are merged */
};

#define START INT64_C(1700000000000)
#define NOW   INT64_C(2000000000000)
#define L(n, v)                                                                                    \
	{                                                                                          \
		{ (n), sizeof(n) - 1 },                                                            \
		{                                                                                  \
			(v), sizeof(v) - 1                                                         \
		}                                                                                  \
	}

static struct store *store;
static uint64_t seed = 0x9e3779b97f4a7c15;

static void __attribute__((noreturn)) give_up(const char *what, const struct err *e)
{
	fprintf(stderr, "format_store: %s: %s\n", what, e->text);
	exit(1);
}

static uint64_t draw(uint64_t below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (seed >> 11) % below;
}

static double double_of(uint64_t bits)
{
	double v;

	memcpy(&v, &bits, sizeof(v));
	return v;
}

/* --- times ----------------------------------------------------------------------------- */

enum times {
	REGULAR,
	SECONDS,
	LATE_BY_ITSELF, /* regular, each a little late */
	MONTHS,
	WILD,
	LONG_AGO,
	TIMES
};

static int64_t month_end(size_t i)
{
	struct date next = { .year = 1950 + (int)i / 12, .month = (int)i % 12 + 1, .day = 1 };
	bool summer = i % 12 > 4 && i % 12 < 10;

	return (date_to_days(next) - 1) * DAY_MS - (int64_t)(summer ? 9 : 8) * 3600000;
}

static void make_times(enum times how, int64_t *t, size_t n)
{
	int64_t at = how == LONG_AGO ? -START : START;

	for (size_t i = 0; i < n; i++) {
		switch (how) {
		case REGULAR:
			at += 15000;
			t[i] = at;
			break;
		case SECONDS:
			at += 1000 * (1 + (int64_t)draw(30));
			t[i] = at;
			break;
		case LATE_BY_ITSELF:
			at += 15000;
			t[i] = at + (int64_t)draw(200);
			break;
		case MONTHS:
			t[i] = month_end(i);
			break;
		case WILD:
			at += 1 + (int64_t)draw((uint64_t)1 << draw(24));
			t[i] = at;
			break;
		default:
			at += 1 + (int64_t)draw(DAY_MS);
			t[i] = at;
		}
	}
}

/* --- values ----------------------------------------------------------------------------- */

enum values {
	CONSTANT,
	COUNTER,
	MONEY,
	THIRDS,
	ANY_BITS,
	EXCEPTIONS,
	MOSTLY_STILL,
	SPIKES,
	YEARLY,
	HUGE_WHOLE,
	BINARY_STEPS,
	FLOATS,
	SUBNORMAL,
	CHANGING,
	FALLING,
	OFF_AND_ON,
	VALUES
};

static double odd_value(double v)
{
	static const uint64_t odd[] = {
		0x7ff0000000000002, /* a staleness mark */
		0x7ff8000000000001, 0xfff8dead0000beef, 0x7ff0000000000000,
		0xfff0000000000000, 0x8000000000000000,
	};

	return draw(9) ? v : double_of(odd[draw(sizeof(odd) / sizeof(odd[0]))]);
}

static double whole_value(enum values how, size_t i, double before)
{
	double x = (double)i;

	switch (how) {
	case COUNTER:
		return 5 * x;
	case MOSTLY_STILL:
		return draw(20) ? before : before + (double)draw(1000000000);
	case SPIKES:
		return draw(40) ? 100 + (double)draw(8) : (double)draw(1 << 30);
	case YEARLY:
		return 1000 * (double)(i % 12 * (i % 12) + i % 5) + x / 12;
	case HUGE_WHOLE:
		return ldexp((double)draw(UINT64_C(1) << 53), (int)draw(11));
	case CHANGING:
		return i / 300 % 2 ? 7 * x + (double)draw(3) : (double)draw(100000);
	case FALLING:
		return 1e9 - 9.81 * 10 * x * x + (double)draw(4);
	default:
		return 3.25;
	}
}

static double next_value(enum values how, size_t i, double before)
{
	switch (how) {
	case MONEY:
		return round(before * 100 + (double)draw(2001) - 1000) / 100;
	case THIRDS:
		return ((double)draw(1000) + (double)i) / 3;
	case ANY_BITS:
		return double_of(draw(UINT64_C(1) << 53) << 11 ^ draw(1 << 11));
	case EXCEPTIONS:
		return odd_value((double)draw(1000) / 10);
	case BINARY_STEPS:
		return before + ((double)draw(64) - 32) / 1024;
	case FLOATS:
		return (double)((float)draw(1 << 20) / 7);
	case SUBNORMAL:
		return double_of(1000000 + i * 3 + draw(5));
	case OFF_AND_ON:
		return draw(30) ? before : (double)draw(1000) / 7;
	default:
		return whole_value(how, i, before);
	}
}

/* --- plain series ------------------------------------------------------------------------- */

static struct labels *series_of(enum times t, enum values v)
{
	char times[16], values[16];
	struct err e = { 0 };
	struct labels *ls;

	snprintf(times, sizeof(times), "%d", (int)t);
	snprintf(values, sizeof(values), "%d", (int)v);
	ls = labels_make(&e, "odd", "times", times, "values", values, "text", "a\"b\\c\nd", NULL);
	if (!ls)
		give_up("labels", &e);
	return ls;
}

static void wake(struct write *w)
{
	sem_post(w->ctx);
}

/* Sends it and waits; `refused`: something of it must be. */
static void send(struct buf *raw, uint64_t refused)
{
	struct err e = { 0 };
	struct buf body;
	struct write w = { .received_ms = NOW, .done = wake };
	sem_t done;

	sem_init(&done, 0, 0);
	w.ctx = &done;
	buf_init(&body, RAW_MAX);
	if (buf_check(raw, &e) < 0 || snappy_encode(buf_all(raw), &body, &e) < 0)
		give_up("packing a request", &e);
	w.body = buf_all(&body);
	if (store_write(store, &w, &e) < 0)
		give_up("a request", &e);
	while (sem_wait(&done) < 0)
		;
	if (w.refused != refused)
		give_up("another number of samples was refused", &w.err);
	buf_release(&body);
	buf_clear(raw);
}

static size_t length_of(enum times t, enum values v)
{
	static const size_t lengths[] = {
		1, 2, 3, 12, 13, 37, 127, 128, 129, 300, 600, 1000, 2000
	};

	if (t == REGULAR && v == MONEY)
		return SAMPLES;
	if (t == SECONDS || t == MONTHS)
		return v % 2 ? 700 : 900;
	return lengths[((size_t)t * VALUES + v) % (sizeof(lengths) / sizeof(lengths[0]))];
}

/* One in `of` samples of each series, the others left out. */
static void send_all(unsigned of)
{
	static int64_t t[SAMPLES];
	static struct rw_sample x[SAMPLES];
	struct buf raw;

	buf_init(&raw, RAW_MAX);
	for (int how = 0; how < TIMES; how++)
		for (int what = 0; what < VALUES; what++) {
			struct labels *ls = series_of((enum times)how, (enum values)what);
			size_t n = length_of((enum times)how, (enum values)what), kept = 0;
			double v = 100;

			make_times((enum times)how, t, n);
			for (size_t i = 0; i < n; i++) {
				v = next_value((enum values)what, i, v);
				if (of == 1 || draw(of) == 0)
					x[kept++] = (struct rw_sample){ t[i], v };
			}
			rw_put_series(&raw, ls->l, ls->n, x, kept);
			labels_unref(ls);
		}
	send(&raw, 0);
	buf_release(&raw);
}

/* Samples backwards, some of them twice; and times as far apart as can be. */
static void send_late(void)
{
	struct labels *ls = series_of(REGULAR, VALUES);
	static const struct rw_sample far[] = { { STAMP_EARLIEST_MS, 1 },
						{ STAMP_EARLIEST_MS + 7, 2 },
						{ -1, 3 },
						{ NOW - 1, 4 },
						{ NOW, 5 } };
	struct rw_sample x[200];
	struct buf raw;

	for (size_t i = 0; i < 200; i++)
		x[i] = (struct rw_sample){ START + 15000 * (200 - (int64_t)i) / 3 * 3,
					   (double)draw(100) };
	buf_init(&raw, RAW_MAX);
	rw_put_series(&raw, ls->l, ls->n, x, 200);
	rw_put_series(&raw, ls->l, ls->n, x + 50, 100);
	rw_put_series(&raw, &(struct label)L("__name__", "far"), 1, far, 5);
	send(&raw, 0);
	buf_release(&raw);
	labels_unref(ls);
}

#define L(n, v)                                                                                    \
	{                                                                                          \
		{ (n), sizeof(n) - 1 },                                                            \
		{                                                                                  \
			(v), sizeof(v) - 1                                                         \
		}                                                                                  \
	}

static void send_refused(void)
{
	static const struct label good[] = { L("z", "1"), L("empty", ""), L("__name__", "unsorted"),
					     L("a.b", "区") },
				  nameless[] = { L("a", "1") },
				  broken[] = { L("__name__", "m"), L("a", "\xff") },
				  twice[] = { L("__name__", "m"), L("a", "1"), L("a", "2") },
				  same[] = { L("__name__", "unsorted"), L("a.b", "区"),
					     L("z", "1") },
				  statistic[] = { L("__name__", "output"), L("freq.kind", "M"),
						  L("park", "east") };
	const struct rw_sample x[] = {
		{ START, 1 }, { NOW + 600000, 2 }, { NOW + 600001, 3 }, { INT64_MIN, 4 }, { 0, 0 }
	};
	struct buf raw;

	buf_init(&raw, RAW_MAX);
	rw_put_series(&raw, nameless, 1, x, 1);
	rw_put_series(&raw, good, 4, x, 5);
	rw_put_series(&raw, broken, 2, x, 2);
	rw_put_series(&raw, twice, 3, x, 1);
	rw_put_series(&raw, same, 3, x + 3, 2);
	rw_put_series(&raw, statistic, 3, x, 1);
	rw_put_series(&raw, same, 3, x, 0);
	send(&raw, 1 + 2 + 2 + 1 + 1 + 1);
	buf_release(&raw);
}

static void wake_append(struct append *a);

/* Samples of our own: two times with the same series and one more, values of all bits, backwards in
 * time, one of the future. The first series is known already. */
static void send_own(void)
{
	struct plain_sample x[40];
	struct err e = { 0 };
	sem_t done;

	sem_init(&done, 0, 0);
	for (size_t i = 0; i < 40; i++) {
		char k[24];

		snprintf(k, sizeof(k), "%zu", i % 19);
		x[i].labels = i % 19 ? labels_make(&e, "own", "k", k, NULL)
				     : labels_make(&e, "unsorted", "a.b", "区", "z", "1", NULL);
		x[i].t_ms = START - (int64_t)draw(100000) * (i % 3 ? 1 : 100000);
		x[i].value = odd_value((double)draw(1000000) / 8);
	}
	x[7].t_ms = NOW + 600001;
	for (size_t from = 0; from < 40; from += 20) {
		struct append a = { .submission = { .received_ms = NOW },
				    .samples = x + from,
				    .nsamples = 20,
				    .done = wake_append,
				    .ctx = &done };

		if (store_append(store, &a, &e) < 0)
			give_up("samples of our own", &e);
		while (sem_wait(&done) < 0)
			;
		if (a.err.code != (from ? ERR_NONE : ERR_INVALID))
			give_up("samples of our own", &a.err);
	}
	for (size_t i = 0; i < 40; i++)
		labels_unref(x[i].labels);
}

static void delete_some(void)
{
	struct matcher m = { .op = MATCH_EQ, .name = slice_str("values"), .value = slice_str("1") };
	uint64_t samples;
	struct err e = { 0 };

	if (store_delete(store, &m, 1, INT64_MIN, INT64_MAX, &samples, &e) < 0)
		give_up("deleting", &e);
	m.value = slice_str("2");
	if (store_delete(store, &m, 1, START + 100000, START + 10000000, &samples, &e) < 0)
		give_up("deleting", &e);
}

/* --- statistics ------------------------------------------------------------------------------- */

static void wake_append(struct append *a)
{
	sem_post(a->ctx);
}

static uint64_t hand_in(struct append a)
{
	struct err e = { 0 };
	sem_t done;

	sem_init(&done, 0, 0);
	a.ctx = &done;
	a.done = wake_append;
	a.submission.source = "east-feed";
	a.submission.owner = "统计局\\\n";
	a.submission.origin = "http://east.example/2026.csv";
	a.submission.address = "10.1.2.3:443";
	if (store_append(store, &a, &e) < 0)
		give_up("a submission", &e);
	while (sem_wait(&done) < 0)
		;
	if (a.err.code != ERR_NONE)
		give_up("a submission", &a.err);
	return a.submission.sequence;
}

static struct labels *statistic(const char *name, const char *park)
{
	struct err e = { 0 };
	struct labels *ls = labels_make(&e, name, "park", park, "freq.kind", "M", NULL);

	if (!ls)
		give_up("labels", &e);
	return ls;
}

/* `n` figures of one series, its periods again and again when there are more than 240. */
static uint64_t hand_in_series(const char *name, const char *park, size_t n, int64_t received_ms,
			       int64_t released_ms, bool given)
{
	struct labels *ls = statistic(name, park);
	struct observation *o = calloc(n, sizeof(*o));
	struct append a = { .submission = { .received_ms = received_ms,
					    .released_ms = released_ms,
					    .trusted = given },
			    .nobs = n,
			    .obs = o };
	uint64_t sequence;

	for (size_t i = 0; i < n; i++) {
		o[i] = (struct observation){ .labels = ls,
					     .stamp_ms = month_end(i % 240 + 600),
					     .value = (double)draw(100000) / 100,
					     .months = (uint8_t)(i % 7 ? 1 : draw(13)),
					     .flags = (uint8_t)(draw(3) ? 0 : draw(32)) };
		if (i % 11 == 5) {
			o[i].value = figure_no_value();
			o[i].flags = FIGURE_SUPPRESSED | (draw(2) ? FIGURE_REVISED : 0);
		}
		if (given && i % 3)
			o[i].known_from_ms = received_ms - (int64_t)draw(1000000);
	}
	o[0].value = -0.0;
	o[n - 1].value = 5e-324;
	sequence = hand_in(a);
	labels_unref(ls);
	free(o);
	return sequence;
}

static void hand_in_original(size_t n, bool rejected)
{
	struct labels *ls = statistic("output", "north");
	struct observation o = { .labels = ls, .stamp_ms = month_end(700), .value = (double)n };
	struct append a = { .submission = { .received_ms = NOW, .released_ms = NOW },
			    .obs = &o,
			    .nobs = !rejected };
	char *body = malloc(n + 1);

	for (size_t i = 0; i < n; i++)
		body[i] = (char)draw(n < 100 ? 256 : n < 10000 ? 2 : 64);
	a.submission.body = slice_of(body, n);
	a.submission.rejected = rejected;
	a.submission.reason = rejected ? "this is an HTML page" : "";
	hand_in(a);
	free(body);
	labels_unref(ls);
}

/* A figure that is doubted, or, without a reason, one that corrects it. */
static void hand_in_doubted(double value, const char *reason, int64_t now)
{
	struct labels *ls = statistic("output", "doubted");
	struct observation o = {
		.labels = ls, .stamp_ms = month_end(700), .value = value, .months = 1
	};
	struct doubt d = { .reason = reason,
			   .unit = "doubted",
			   .indicator = "output",
			   .freq = "M",
			   .basis = "period",
			   .period = "2028-04",
			   .against = value < 2 ? NAN : 12.5,
			   .text = "it falls",
			   .text_zh = "小于上期" };
	struct append a = { .submission = { .source = "east-feed",
					    .owner = "统计局",
					    .received_ms = now,
					    .released_ms = now },
			    .obs = &o,
			    .nobs = 1,
			    .doubts = &d,
			    .ndoubts = reason != NULL };

	hand_in(a);
	labels_unref(ls);
}

static void decide(int rc, const struct err *e)
{
	if (rc < 0)
		give_up("a decision", e);
}

static void act(uint64_t finding, enum finding_state to, const char *by, const char *text)
{
	struct finding_act act = { finding, to, NOW + 200, by, text };
	struct err e = { 0 };

	decide(store_act_on_finding(store, &act, &e), &e);
}

/* One in each state. */
static void ask_and_answer(void)
{
	hand_in_doubted(1, "ytd_falls", NOW + 20);
	act(1, FINDING_ANSWERED, "token 1", "已核实\n见附件");
	act(1, FINDING_ANSWERED, "token 1", "a second time");
	act(1, FINDING_ACCEPTED, "王敏", "");
	hand_in_doubted(2, "panel", NOW + 21);
	hand_in_doubted(3, "panel", NOW + 22);
	act(3, FINDING_ANSWERED, "token 1", "so it is");
	hand_in_doubted(3, "ratio", NOW + 23);
}

/* Figures that came and were refused, with one that did not, or with none. */
static void hand_in_refused(unsigned n, bool rejected, int64_t now)
{
	struct labels *ls = statistic("output", "refused"), *other = statistic("output", "nowhere");
	struct observation o = {
		.labels = ls, .stamp_ms = month_end(700), .value = n, .months = 1
	};
	struct refused_cell cells[20];
	struct append a = { .submission = { .source = "west-feed",
					    .received_ms = now,
					    .released_ms = rejected ? 0 : now,
					    .refused = n,
					    .rejected = rejected,
					    .reason = rejected ? "none could be kept" : "" },
			    .obs = &o,
			    .nobs = !rejected,
			    .cells = cells,
			    .ncells = n };

	for (unsigned i = 0; i < n; i++)
		cells[i] = (struct refused_cell){ i % 3 ? ls : other, month_end(690 + i % 7),
						  i % 2 ? "range" : "unit_slip" };
	hand_in(a);
	labels_unref(ls);
	labels_unref(other);
}

static void hand_in_all(void)
{
	struct err e = { 0 };
	uint64_t draft;

	hand_in_series("output", "east", 240, NOW, NOW, false);
	hand_in_series("output", "east", 100, NOW - 5000, NOW,
		       false); /* a clock that was set back */
	hand_in_series("output", "west", 7000, NOW + 1, NOW + 1, false);
	hand_in_series("output", "west", 300, NOW + 2, NOW + 2, true);
	draft = hand_in_series("output", "south", 20, NOW + 3, 0, false);
	decide(store_release_by(store, draft, NOW + 100, "王敏", &e), &e);
	draft = hand_in_series("output", "south", 10, NOW + 4, 0, false);
	decide(store_return(store, draft, NOW + 100, "王敏", "wrong\tmonth", &e), &e);
	hand_in_series("output", "south", 21, NOW + 5, 0, false);
	hand_in_series("a.b:c", "draft", 3, NOW + 6, 0, false);
	hand_in_series("output", "east", 13, NOW + 7, NOW + 7, false);
	hand_in_refused(20, false, NOW + 8);
	hand_in_refused(3, true, NOW + 9);
	hand_in_original(3, false);
	hand_in_original(5000, false);
	hand_in_original(3000000, false);
	hand_in_original(90, true);
	/* The same figures once more: none is kept. */
	hand_in_original(3000000, false);
}

/* --- all of it ---------------------------------------------------------------------- */

static void flush(void)
{
	struct err e = { 0 };

	if (store_flush(store, &e) < 0)
		give_up("flushing", &e);
}

static void wait_for_runs(const char *dir, size_t wanted)
{
	char pattern[4096];
	size_t found = 0;

	snprintf(pattern, sizeof(pattern), "%s/runs/*.run", dir);
	for (int tries = 0; tries < 1000 && found < wanted; tries++) {
		glob_t g = { 0 };

		glob(pattern, 0, NULL, &g);
		found = g.gl_pathc;
		globfree(&g);
		usleep(10000);
	}
	if (found < wanted)
		give_up("runs", &(struct err){ .text = "there are none" });
}

static struct store *open_in(const char *dir)
{
	struct store_options o = { .dir = dir, .map_bytes = 1 << 30, .seal_samples = SEAL };
	struct err e = { 0 };
	struct store *s = store_open(&o, &e);

	if (!s)
		give_up("opening", &e);
	return s;
}

int main(int argc, char **argv)
{
	if (argc != 2) {
		fputs("usage: format_store DIR\n", stderr);
		return 2;
	}
	store = open_in(argv[1]);
	hand_in_all();
	send_all(1);
	delete_some();
	for (int i = 0; i < PACKINGS; i++) {
		send_late();
		send_all(20);
		hand_in_series("again", "east", 3, NOW + i, NOW + i, false);
		flush();
	}
	send_all(1);
	wait_for_runs(argv[1], 1);
	send_all(2);
	wait_for_runs(argv[1], 2);
	hand_in_all();
	ask_and_answer();
	send_late();
	send_all(30);
	send_refused();
	send_own();
	store_close(store);
	return 0;
}
