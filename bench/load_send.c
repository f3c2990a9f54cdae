/*
 * load_send.c - see load_send.h.
 *
 *   load_send     starts a worker for each share of the groups, adds up what they say
 *   work          one worker: figures of its kind of set, then corrections
 *   add, flush    a message into the request; a full request packed, posted, counted
 */
#include "bench/load_send.h"

#include "base/alloc.h"
#include "bench/bench.h"
#include "bench/load_wire.h"

#include <math.h>
#include <pthread.h>
#include <stdatomic.h>

enum { AHEAD_MS = 10 * 60 * 1000, WAIT_NS = 200 * 1000, LABELS_KEPT_MAX = 400000 };

struct crew;

struct worker {
	struct crew *crew;
	pthread_t thread;
	uint32_t from, to; /* series */
	_Atomic uint32_t step;
	struct load_conn *conn;
	struct load_request request;
	uint8_t *labels; /* of each series, LOAD_LABEL_BYTES apart; NULL: made each time */
	uint16_t *label_bytes;
	struct load_walk *walks;
	double started;
	size_t latency_room;
	bool stopped;
	struct load_result r;
	struct err why; /* what is wrong with us, not with the server */
};

struct crew {
	const struct load_plan *plan;
	struct worker *workers;
	uint32_t n;
};

/* --- a request --------------------------------------------------------------------- */

static void note_error(struct load_result *r, int status, struct slice text)
{
	struct slice s = slice_cut(text, 160);

	if (r->first_error[0])
		return;
	while (s.n && (s.p[s.n - 1] == '\n' || s.p[s.n - 1] == '\r'))
		s.n--;
	snprintf(r->first_error, sizeof(r->first_error), "HTTP %d: %.*s", status, SLICE_FMT(s));
}

static int note_latency(struct worker *w, double s)
{
	if (w->r.latencies == w->latency_room) {
		size_t room = w->latency_room ? 2 * w->latency_room : 1024;
		double *more = mem_realloc(w->r.latency_s, room * sizeof(*more));

		if (!more)
			return err_set(&w->why, ERR_MEMORY, "no memory for latencies");
		w->r.latency_s = more;
		w->latency_room = room;
	}
	w->r.latency_s[w->r.latencies++] = s;
	return 0;
}

static void keep_to_rate(const struct worker *w)
{
	const struct load_plan *p = w->crew->plan;
	double early;

	if (p->rate <= 0)
		return;
	early = w->started + (double)w->r.sent / (p->rate / w->crew->n) - wall_now();
	if (early > 0)
		nanosleep(&(struct timespec){ (time_t)early, (long)(fmod(early, 1) * 1e9) }, NULL);
}

/* Nobody takes writes there: no need to send the rest. */
static bool is_hopeless(int status)
{
	return status == 404 || status == 405 || status == 415 || status == 501;
}

static void post(struct worker *w)
{
	struct load_request *q = &w->request;
	struct err e = { 0 };
	struct slice text;
	double began = wall_now();
	int status = load_post(w->conn, slice_of(q->packed, q->packed_bytes), &text, &e);

	if (note_latency(w, wall_now() - began) < 0)
		w->stopped = true;
	if (status < 0) {
		w->r.no_answer++;
		w->stopped = true;
		if (!w->r.first_error[0])
			snprintf(w->r.first_error, sizeof(w->r.first_error), "%s", e.text);
		return;
	}
	w->r.statuses[status]++;
	if (status / 100 == 2) {
		w->r.acked += q->samples;
		return;
	}
	note_error(&w->r, status, text);
	w->stopped = is_hopeless(status);
}

static void flush(struct worker *w)
{
	struct load_request *q = &w->request;

	if (!q->samples)
		return;
	load_request_pack(q);
	keep_to_rate(w);
	w->r.requests++;
	w->r.sent += q->samples;
	w->r.raw_bytes += q->raw_bytes;
	w->r.wire_bytes += q->packed_bytes;
	if (w->crew->plan->target)
		post(w);
	else
		w->r.acked += q->samples;
	load_request_clear(q);
}

static void add(struct worker *w, uint32_t series, const int64_t *t, const double *v, uint32_t n)
{
	uint8_t made[LOAD_LABEL_BYTES];
	const uint8_t *labels = made;
	struct load_labels l;
	size_t bytes;

	if (w->labels) {
		labels = w->labels + (size_t)(series - w->from) * LOAD_LABEL_BYTES;
		bytes = w->label_bytes[series - w->from];
	} else {
		load_labels(w->crew->plan->set, series, &l);
		bytes = load_request_labels(&l, made);
	}
	load_request_add(&w->request, labels, bytes, t, v, n);
	if (w->request.samples >= w->crew->plan->batch)
		flush(w);
}

/* --- devops -------------------------------------------------------------------------- */

static uint32_t slowest(const struct crew *c)
{
	uint32_t step = UINT32_MAX, s;

	for (uint32_t i = 0; i < c->n; i++) {
		s = atomic_load_explicit(&c->workers[i].step, memory_order_relaxed);
		step = s < step ? s : step;
	}
	return step;
}

/* The slowest itself never waits, so this ends. */
static void wait_for_others(struct worker *w, uint32_t step)
{
	uint32_t ahead = (uint32_t)(AHEAD_MS / w->crew->plan->set->interval_ms);

	atomic_store_explicit(&w->step, step, memory_order_relaxed);
	while (step > slowest(w->crew) + ahead)
		nanosleep(&(struct timespec){ .tv_nsec = WAIT_NS }, NULL);
}

static void send_devops(struct worker *w)
{
	const struct load_set *set = w->crew->plan->set;
	int64_t t[LOAD_MESSAGE_SAMPLES];
	double v[LOAD_MESSAGE_SAMPLES];
	uint32_t n;

	for (uint32_t s = w->from; s < w->to; s++)
		load_walk_start(set, s, &w->walks[s - w->from]);
	for (uint32_t step = 0; step < set->steps && !w->stopped; step += n) {
		n = set->steps - step < set->per_message ? set->steps - step : set->per_message;
		wait_for_others(w, step);
		for (uint32_t i = 0; i < n; i++)
			t[i] = load_time(set, step + i);
		for (uint32_t s = w->from; s < w->to && !w->stopped; s++) {
			for (uint32_t i = 0; i < n; i++)
				v[i] = load_walk_next(&w->walks[s - w->from], step + i);
			add(w, s, t, v, n);
		}
	}
}

/* --- parks --------------------------------------------------------------------------- */

static void send_year(struct worker *w, uint32_t park, uint32_t year)
{
	const struct load_set *set = w->crew->plan->set;
	uint32_t first = year * LOAD_MONTHS_A_YEAR, n = set->steps - first;
	int64_t t[LOAD_MONTHS_A_YEAR];
	double v[LOAD_MONTHS_A_YEAR];

	n = n < LOAD_MONTHS_A_YEAR ? n : LOAD_MONTHS_A_YEAR;
	for (uint32_t i = 0; i < n; i++)
		t[i] = load_time(set, first + i);
	for (uint32_t s = park * set->group; s < (park + 1) * set->group && !w->stopped; s++) {
		for (uint32_t i = 0; i < n; i++)
			v[i] = load_value(set, s, first + i);
		add(w, s, t, v, n);
	}
}

static void send_parks(struct worker *w)
{
	const struct load_set *set = w->crew->plan->set;
	uint32_t order[LOAD_MESSAGE_SAMPLES], years = load_years(set);

	for (uint32_t park = w->from / set->group; park < w->to / set->group; park++) {
		load_year_order(set, park, order);
		for (uint32_t i = 0; i < years && !w->stopped; i++)
			send_year(w, park, order[i]);
	}
}

/* Corrections come one by one. */
static void send_corrections(struct worker *w)
{
	const struct load_set *set = w->crew->plan->set;
	int64_t t;
	double v;

	for (uint32_t s = w->from; s < w->to; s++) {
		for (uint32_t step = 0; step < set->steps && !w->stopped; step++) {
			if (!load_corrected(set, s, step, &v))
				continue;
			t = load_time(set, step);
			add(w, s, &t, &v, 1);
		}
	}
}

/* --- workers -------------------------------------------------------------------------- */

static void *work(void *arg)
{
	struct worker *w = arg;
	const struct load_plan *p = w->crew->plan;

	w->started = wall_now();
	if (p->phase & LOAD_FIGURES) {
		if (p->set->kind == LOAD_DEVOPS)
			send_devops(w);
		else
			send_parks(w);
		if (!w->stopped)
			flush(w);
	}
	if (p->phase & LOAD_CORRECTIONS && p->set->kind == LOAD_PARKS)
		send_corrections(w);
	if (!w->stopped)
		flush(w);
	atomic_store(&w->step, UINT32_MAX);
	w->r.complete = !w->stopped;
	return NULL;
}

static int keep_labels(struct worker *w)
{
	const struct load_set *set = w->crew->plan->set;
	size_t n = w->to - w->from;
	struct load_labels l;

	if (set->steps == 1 || set->series > LABELS_KEPT_MAX)
		return 0;
	w->labels = mem_alloc(n * LOAD_LABEL_BYTES);
	w->label_bytes = mem_alloc(n * sizeof(*w->label_bytes));
	if (!w->labels || !w->label_bytes)
		return -1;
	for (size_t i = 0; i < n; i++) {
		load_labels(set, w->from + (uint32_t)i, &l);
		w->label_bytes[i] =
			(uint16_t)load_request_labels(&l, w->labels + i * LOAD_LABEL_BYTES);
	}
	return 0;
}

static int worker_init(struct worker *w, struct crew *c, uint32_t i, struct err *e)
{
	const struct load_set *set = c->plan->set;
	uint64_t groups = set->series / set->group;

	w->crew = c;
	w->from = (uint32_t)(groups * i / c->n) * set->group;
	w->to = (uint32_t)(groups * (i + 1) / c->n) * set->group;
	w->conn = mem_alloc(sizeof(*w->conn));
	w->walks = mem_alloc((w->to - w->from) * sizeof(*w->walks));
	if (!w->conn || !w->walks || keep_labels(w) < 0)
		return err_set(e, ERR_MEMORY, "no memory for %u series", w->to - w->from);
	load_conn_init(w->conn, c->plan->target);
	return load_request_init(&w->request, c->plan->batch, e);
}

static void worker_release(struct worker *w)
{
	if (w->conn)
		load_conn_release(w->conn);
	mem_free(w->conn);
	mem_free(w->walks);
	mem_free(w->labels);
	mem_free(w->label_bytes);
	mem_free(w->r.latency_s);
	load_request_release(&w->request);
}

static int add_up(struct load_result *r, const struct worker *w, struct err *e)
{
	double *all = mem_realloc(r->latency_s, (r->latencies + w->r.latencies + 1) * sizeof(*all));

	if (!all)
		return err_set(e, ERR_MEMORY, "no memory for latencies");
	r->latency_s = all;
	if (w->r.latencies)
		memcpy(all + r->latencies, w->r.latency_s, w->r.latencies * sizeof(*all));
	r->latencies += w->r.latencies;
	r->complete = r->complete && w->r.complete;
	r->sent += w->r.sent;
	r->acked += w->r.acked;
	r->requests += w->r.requests;
	r->raw_bytes += w->r.raw_bytes;
	r->wire_bytes += w->r.wire_bytes;
	r->no_answer += w->r.no_answer;
	for (int i = 0; i < LOAD_STATUS_MAX; i++)
		r->statuses[i] += w->r.statuses[i];
	if (!r->first_error[0])
		memcpy(r->first_error, w->r.first_error, sizeof(r->first_error));
	if (w->why.code != ERR_NONE) {
		*e = w->why;
		return -1;
	}
	return 0;
}

static int run_crew(struct crew *c, struct load_result *r, struct err *e)
{
	double began = wall_now();
	uint32_t started = 0;
	int rc = 0, failed = 0;

	while (started < c->n && !failed) {
		failed = pthread_create(&c->workers[started].thread, NULL, work,
					&c->workers[started]);
		if (!failed)
			started++;
	}
	/* those that did not start hold nobody up */
	for (uint32_t i = started; i < c->n; i++)
		atomic_store(&c->workers[i].step, UINT32_MAX);
	r->complete = true;
	for (uint32_t i = 0; i < started; i++) {
		pthread_join(c->workers[i].thread, NULL);
		if (add_up(r, &c->workers[i], e) < 0)
			rc = -1;
	}
	r->wall_s = wall_now() - began;
	return failed ? err_sys(e, failed, "a thread") : rc;
}

int load_send(const struct load_plan *plan, struct load_result *r, struct err *e)
{
	uint32_t groups = plan->set->series / plan->set->group;
	struct crew c = { .plan = plan };
	int rc = 0;

	memset(r, 0, sizeof(*r));
	c.n = plan->connections < groups ? plan->connections : groups;
	c.workers = mem_zalloc(c.n * sizeof(*c.workers));
	if (!c.workers)
		return err_set(e, ERR_MEMORY, "no memory for %u connections", c.n);
	for (uint32_t i = 0; i < c.n && rc == 0; i++)
		rc = worker_init(&c.workers[i], &c, i, e);
	if (rc == 0)
		rc = run_crew(&c, r, e);
	for (uint32_t i = 0; i < c.n; i++)
		worker_release(&c.workers[i]);
	mem_free(c.workers);
	if (r->latencies)
		qsort(r->latency_s, r->latencies, sizeof(*r->latency_s), by_value);
	return rc;
}

void load_result_release(struct load_result *r)
{
	mem_free(r->latency_s);
	r->latency_s = NULL;
}
