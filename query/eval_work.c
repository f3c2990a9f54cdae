/*
 * eval_work.c - what every kind of evaluation needs: memory, time, parts for the workers,
 * complaints.
 */
#include "query/eval.h"
#include "query/parse.h"
#include "query/workers.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>

/* Fewer rows than this are not worth waking anybody. */
enum { ROWS_FOR_HELP = 64, PARTS_PER_WORKER = 4 };

static int too_large(struct err *e, const struct arena *a)
{
	return err_set(e, ERR_LIMIT, "query needs more than %zu MiB of memory", a->limit >> 20);
}

int eval_full(struct eval *ev, struct err *e)
{
	return too_large(e, ev->arena);
}

void *eval_alloc(struct eval *ev, size_t n, size_t size, struct err *e)
{
	void *p = arena_array(ev->arena, n ? n : 1, size);

	if (!p)
		too_large(e, ev->arena);
	return p;
}

void *scratch_alloc(struct worker *w, size_t n, size_t size, struct err *e)
{
	size_t bytes;
	void *p = NULL;

	if (!__builtin_mul_overflow(n ? n : 1, size, &bytes))
		p = arena_alloc(&w->scratch, bytes);
	if (!p)
		too_large(e, &w->scratch);
	return p;
}

struct source_reader *worker_reader(struct worker *w, struct err *e)
{
	if (!w->reader)
		w->reader = w->ev->source->f->reader_open(w->ev->source, e);
	return w->reader;
}

int64_t eval_clock_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

static bool is_set(atomic_bool *flag)
{
	return flag && atomic_load_explicit(flag, memory_order_relaxed);
}

int eval_alive(struct eval *ev, struct err *e)
{
	struct timespec now;

	if (is_set(ev->cancelled) || is_set(ev->killed))
		return err_set(e, ERR_CANCELLED, "query was canceled in expression evaluation");
	if (ev->deadline_ns == 0)
		return 0;
	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	if (now.tv_sec * INT64_C(1000000000) + now.tv_nsec >= ev->deadline_ns)
		return err_set(e, ERR_TIMEOUT, "query timed out in expression evaluation");
	return 0;
}

/* --- parts --------------------------------------------------------------------------- */

struct spread {
	struct eval *ev;
	part_fn part;
	void *arg;
	size_t n, parts;
	atomic_bool failed;
};

size_t eval_parts(const struct eval *ev, size_t n)
{
	size_t parts = (size_t)PARTS_PER_WORKER * ev->nworkers;

	if (n < ROWS_FOR_HELP || ev->nworkers < 2)
		return 1;
	return n < parts ? n : parts;
}

static void one_part(void *arg, unsigned place, size_t i)
{
	struct spread *s = arg;
	struct worker *w = &s->ev->workers[place];

	if (atomic_load_explicit(&s->failed, memory_order_relaxed))
		return;
	if (s->part(s->arg, w, i, s->n * i / s->parts, s->n * (i + 1) / s->parts, &w->err) < 0)
		atomic_store(&s->failed, true);
	atomic_fetch_add_explicit(s->ev->points, w->points, memory_order_relaxed);
	w->points = 0;
}

int eval_spread(struct eval *ev, size_t n, part_fn part, void *arg, struct err *e)
{
	struct spread s = { .ev = ev, .part = part, .arg = arg, .n = n };

	s.parts = eval_parts(ev, n);
	for (unsigned i = 0; i < ev->nworkers; i++)
		ev->workers[i].err.code = ERR_NONE;
	workers_spread(ev->pool, s.parts, one_part, &s);
	if (!atomic_load(&s.failed))
		return 0;
	for (unsigned i = 0; i < ev->nworkers; i++)
		if (ev->workers[i].err.code != ERR_NONE) {
			*e = ev->workers[i].err;
			break;
		}
	return -1;
}

/* --- complaints ------------------------------------------------------------------------ */

int eval_fail(struct eval *ev, struct err *e, const char *fmt, ...)
{
	va_list args;
	char text[4096];

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	pthread_mutex_lock(&ev->notes->lock);
	if (ev->failure->n == 0)
		buf_put(ev->failure, text, strlen(text) + 1); /* a C string */
	pthread_mutex_unlock(&ev->notes->lock);
	return err_set(e, ERR_INVALID, "%s", text);
}

int eval_too_many(struct eval *ev, struct err *e)
{
	return eval_fail(ev, e,
			 "query processing would load too many samples into memory in query "
			 "execution");
}

static void add_note(struct eval *ev, struct note_list *to, const char *kind, const struct node *n,
		     const char *fmt, va_list args)
{
	char text[1024], whole[1100], place[32];
	unsigned line, column;

	vsnprintf(text, sizeof(text), fmt, args);
	place_of(ev->text, n->at.from, &line, &column);
	snprintf(whole, sizeof(whole), "PromQL %s: %s", kind, text);
	snprintf(place, sizeof(place), " (%u:%u)", line, column);
	notes_add(ev->notes, to, whole, place, n->at.from);
}

void eval_warn(struct eval *ev, const struct node *n, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	add_note(ev, &ev->notes->warnings, "warning", n, fmt, args);
	va_end(args);
}

void eval_info(struct eval *ev, const struct node *n, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	add_note(ev, &ev->notes->infos, "info", n, fmt, args);
	va_end(args);
}
