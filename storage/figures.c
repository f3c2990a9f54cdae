/* figures.c - see figures.h. */
#include "storage/figures.h"

#include "storage/submission.h"
#include "storage/vintage.h"
#include "storage/walk.h"

int figure_writer_begin(struct figure_writer *fw, uint32_t series, int64_t from_ms, int64_t to_ms,
			struct err *e)
{
	fw->known = (struct figures_run){ 0 };
	return reader_figures(fw->reader, series, from_ms, to_ms, UINT64_MAX, fw->arena, &fw->known,
			      e);
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

/* Where `f` belongs: behind all that are not after it. */
static size_t place_of(const struct figures_run *r, const struct figure *f)
{
	size_t lo = 0, hi = r->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (figure_cmp(&r->list[mid], f) <= 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* Moves a known-from of our clock up to the last one it gave, which may lie before some that were
 * given from outside. `end` is behind the newest of the period. */
static void follow_clock(const struct figures_run *r, size_t end, struct figure *f)
{
	for (size_t i = end; i > 0; i--) {
		const struct figure *x = &r->list[i - 1];

		if (x->stamp_ms != f->stamp_ms || x->known_from_ms <= f->known_from_ms)
			return;
		if (x->known != KNOWN_GIVEN) {
			f->known_from_ms = x->known_from_ms;
			f->known = KNOWN_MOVED;
			return;
		}
	}
}

static size_t end_of_period(const struct figures_run *r, int64_t stamp_ms)
{
	struct figure last = { .stamp_ms = stamp_ms,
			       .known_from_ms = INT64_MAX,
			       .sequence = UINT64_MAX,
			       .row = UINT32_MAX };

	return place_of(r, &last);
}

static int insert(struct figure_writer *fw, size_t at, const struct figure *f, struct err *e)
{
	struct figures_run *r = &fw->known;

	if (figures_room(fw->arena, r, 1, e) < 0)
		return -1;
	memmove(&r->list[at + 1], &r->list[at], (r->n - at) * sizeof(*r->list));
	r->list[at] = *f;
	r->n++;
	return 0;
}

int figure_writer_add(struct figure_writer *fw, struct figure *f, enum figure_result *what,
		      struct err *e)
{
	struct figures_run *r = &fw->known;
	size_t end = end_of_period(r, f->stamp_ms), at;
	bool any = end > 0 && r->list[end - 1].stamp_ms == f->stamp_ms;

	if (any && f->known != KNOWN_GIVEN)
		follow_clock(r, end, f);
	at = place_of(r, f);
	*what = any ? FIGURE_NEW_VINTAGE : FIGURE_FRESH;
	if (at > 0 && r->list[at - 1].stamp_ms == f->stamp_ms) {
		const struct figure *before = &r->list[at - 1];
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
