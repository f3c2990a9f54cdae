/* figures.c - see figures.h.
 *
 * What is known lies in an array with a gap: behind the gap is what belongs behind the figure that
 * came last. Figures come by stamp and known-from, so the gap goes once through the array however
 * many come; where nothing lies behind it, it is only the room at the end.
 */
#include "storage/figures.h"

#include "storage/submission.h"
#include "storage/vintage.h"
#include "storage/walk.h"

int figure_writer_begin(struct figure_writer *fw, uint32_t series, int64_t from_ms, int64_t to_ms,
			struct err *e)
{
	struct figures_run r = { 0 };

	if (reader_figures(fw->reader, series, from_ms, to_ms, UINT64_MAX, fw->arena, &r, e) < 0)
		return -1;
	fw->known = (struct known_figures){ .list = r.list, .cap = r.cap, .before = r.n };
	return 0;
}

static int released(struct figure_writer *fw, const struct figure *f, int64_t *out, struct err *e)
{
	int rc;

	*out = f->released_ms;
	if (f->released_ms != 0)
		return 0;
	if (f->sequence == fw->sequence) {
		*out = fw->submission_released_ms;
		return 0;
	}
	rc = submission_released(fw->t, f->sequence, out, e);
	if (rc == 0)
		return record_bad(e, DB_SUBMISSIONS, "the one of a known figure is missing");
	return rc < 0 ? -1 : 0;
}

static size_t count(const struct known_figures *k)
{
	return k->before + k->behind;
}

/* The i-th of all. */
static const struct figure *known_at(const struct known_figures *k, size_t i)
{
	return &k->list[i < k->before ? i : i + (k->cap - count(k))];
}

/* Where `f` belongs: behind all that are not after it. */
static size_t place_of(const struct known_figures *k, const struct figure *f)
{
	size_t lo = 0, hi = count(k);

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (figure_cmp(known_at(k, mid), f) <= 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* Moves a known-from of our clock up to the last one it gave, which may lie before some that were
 * given from outside. `end` is behind the newest of the period. */
static void follow_clock(const struct known_figures *k, size_t end, struct figure *f)
{
	for (size_t i = end; i > 0; i--) {
		const struct figure *x = known_at(k, i - 1);

		if (x->stamp_ms != f->stamp_ms || x->known_from_ms <= f->known_from_ms)
			return;
		if (x->known != KNOWN_GIVEN) {
			f->known_from_ms = x->known_from_ms;
			f->known = KNOWN_MOVED;
			return;
		}
	}
}

static size_t end_of_period(const struct known_figures *k, int64_t stamp_ms)
{
	struct figure last = { .stamp_ms = stamp_ms,
			       .known_from_ms = INT64_MAX,
			       .sequence = UINT64_MAX,
			       .row = UINT32_MAX };

	return place_of(k, &last);
}

/* Brings the gap to `at`. */
static void move_gap(struct known_figures *k, size_t at)
{
	struct figure *behind = k->list + (k->cap - k->behind); /* the first of them */

	if (at < k->before) {
		size_t n = k->before - at;

		memmove(behind - n, k->list + at, n * sizeof(*k->list));
	} else {
		memmove(k->list + k->before, behind, (at - k->before) * sizeof(*k->list));
	}
	k->behind = count(k) - at;
	k->before = at;
}

/* Room for one more, with what lies behind the gap at the new end. */
static int widen_gap(struct figure_writer *fw, struct err *e)
{
	struct known_figures *k = &fw->known;
	struct figures_run r = { k->list, k->cap, k->cap };

	if (count(k) < k->cap)
		return 0;
	if (figures_room(fw->arena, &r, 1, e) < 0)
		return -1;
	memmove(r.list + (r.cap - k->behind), r.list + k->before, k->behind * sizeof(*k->list));
	k->list = r.list;
	k->cap = r.cap;
	return 0;
}

static int insert(struct figure_writer *fw, size_t at, const struct figure *f, struct err *e)
{
	struct known_figures *k = &fw->known;

	if (widen_gap(fw, e) < 0)
		return -1;
	move_gap(k, at);
	k->list[k->before++] = *f;
	return 0;
}

int figure_writer_add(struct figure_writer *fw, struct figure *f, enum figure_result *what,
		      struct err *e)
{
	struct known_figures *k = &fw->known;
	size_t end = end_of_period(k, f->stamp_ms), at;
	bool any = end > 0 && known_at(k, end - 1)->stamp_ms == f->stamp_ms;

	if (any && f->known != KNOWN_GIVEN)
		follow_clock(k, end, f);
	at = place_of(k, f);
	*what = any ? FIGURE_NEW_VINTAGE : FIGURE_FRESH;
	if (at > 0 && known_at(k, at - 1)->stamp_ms == f->stamp_ms) {
		const struct figure *before = known_at(k, at - 1);
		int64_t mine, theirs;

		if (released(fw, f, &mine, e) < 0 || released(fw, before, &theirs, e) < 0)
			return -1;
		if (vintage_repeats(f, mine, before, theirs)) {
			*what = FIGURE_UNCHANGED;
			return 0;
		}
	}
	return insert(fw, at, f, e);
}
