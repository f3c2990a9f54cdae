/*
 * read.c - figures from the snapshot to places on the axis. See work.h.
 *
 * A figure is read once, over the whole axis. When that fails because a record is damaged, the
 * places are read one by one, so that only the damaged one is missing. Of the periods whose reports
 * are looked at every vintage is read as well: when the first arrived, and what was given back.
 */
#include "assess/work.h"
#include "assess/report.h"
#include "base/log.h"

#include <math.h>

static ssize_t place_of(const struct work *w, struct period p)
{
	return axis_find(&w->axis, p);
}

static int64_t stamp_at(const struct work *w, size_t place)
{
	return period_stamp(w->axis.at[place], catalogue_zone(w->c));
}

/* The window of due periods and what has ended since. */
static int report_periods(struct work *w, struct err *e)
{
	const struct zone *z = catalogue_zone(w->c);

	w->window = (size_t)report_window(w->due, w->o->report_periods);
	w->nperiods = w->ended >= (ssize_t)w->window ? (size_t)w->ended - w->window + 1 : 0;
	w->periods = arena_array(w->keep, w->nperiods + 1, sizeof(*w->periods));
	w->stamps = arena_array(w->scratch, w->nperiods + 1, sizeof(*w->stamps));
	if (!w->periods || !w->stamps)
		return err_set(e, ERR_LIMIT, "%s: no memory for its due times", w->indicator->code);
	for (size_t k = 0; k < w->nperiods; k++) {
		struct period p = w->axis.at[w->window + k];

		w->stamps[k] = stamp_at(w, w->window + k);
		w->periods[k] = (struct report_period){
			.period = p,
			.end_ms = period_end(p, z),
			.due_ms = catalogue_due(w->c, w->indicator, p),
			.grace_ms = catalogue_grace_end(w->c, w->indicator, p),
		};
	}
	return 0;
}

int work_axis(struct work *w, struct err *e)
{
	const struct indicator *i = w->indicator;
	int per_year = freq_per_year(i->freq);
	/* Two years more than the profile needs: growth of the oldest, and the year under way. The
	 * window of lateness is longer than that for yearly figures. */
	int years = (int)w->o->history_years + 2, window = (int)w->o->report_periods / per_year + 1;
	struct date last = w->today;

	if (years < window)
		years = window;
	/* An indicator that was given up is judged by its last periods. */
	if (i->valid.to.year && date_cmp(i->valid.to, last) < 0)
		last = i->valid.to;
	if (axis_build(i, last.year - years, last, w->scratch, &w->axis, e) < 0)
		return -1;
	w->ended = place_of(w, catalogue_last_ended(w->c, i, w->as_of_ms));
	w->due = place_of(w, catalogue_last_due(w->c, i, w->as_of_ms));
	return report_periods(w, e);
}

static bool owes_at(const struct work *w, const struct unit *u, ssize_t place)
{
	return place >= 0 && unit_owes(u, w->indicator, w->axis.at[place]);
}

bool work_concerns(const struct work *w, const struct unit *u)
{
	if (!indicator_reports(w->indicator, u->class))
		return false;
	if (validity_holds(u->valid, w->today) && validity_holds(w->indicator->valid, w->today))
		return true;
	/* Gone since, but its last figures are still owed. */
	return owes_at(w, u, w->ended) || owes_at(w, u, w->due);
}

static void put_seen(struct work *w, struct subject *s, const struct vintage *v)
{
	const struct zone *z = catalogue_zone(w->c);
	ssize_t k = place_of(w, period_from_stamp(w->indicator->freq, v->stamp_ms, z));

	/* A January that is not collected, or a stamp that ends no period. */
	if (k < 0 || stamp_at(w, (size_t)k) != v->stamp_ms)
		return;
	s->seen[k] = v;
	s->in[k] = IN_RELEASED;
	/* No number where it is kept secret: as if it were missing, but in. */
	s->value[k] = v->flags & FIGURE_SUPPRESSED ? NAN : v->value;
	s->months[k] = v->months;
}

/* Place by place, without the damaged ones. */
static int read_singly(struct work *w, struct subject *s, struct err *e)
{
	size_t damaged = 0;
	struct err why = { 0 };

	for (size_t k = 0; k < w->axis.n; k++) {
		int64_t stamp = stamp_at(w, k);
		struct vintage *v;
		size_t n;

		if (snapshot_figures(w->v, s->series, stamp, stamp, w->view, w->scratch, &v, &n,
				     &why) == 0) {
			if (n)
				put_seen(w, s, v);
		} else if (why.code == ERR_CORRUPT) {
			damaged++;
		} else {
			if (e)
				*e = why;
			return -1;
		}
	}
	log_event(LOG_ERROR, "damaged figures left out of the assessment",
		  log_s("indicator", w->indicator->code), log_s("unit", s->f->unit->id),
		  log_i("figures", (int64_t)damaged));
	return 0;
}

static int read_figures(struct work *w, struct subject *s, struct err *e)
{
	struct err why = { 0 };
	struct vintage *v;
	size_t n;

	if (w->axis.n == 0)
		return 0;
	if (snapshot_figures(w->v, s->series, stamp_at(w, 0), stamp_at(w, w->axis.n - 1), w->view,
			     w->scratch, &v, &n, &why) == 0) {
		for (size_t i = 0; i < n; i++)
			put_seen(w, s, &v[i]);
		return 0;
	}
	if (why.code == ERR_CORRUPT)
		return read_singly(w, s, e);
	if (e)
		*e = why;
	return -1;
}

/* Every vintage of a place, unreleased ones too; none when its record is damaged. */
static int read_vintages(struct work *w, const struct subject *s, size_t place,
			 struct vintage **out, size_t *n, struct err *e)
{
	struct err why = { 0 };

	*n = 0;
	if (!s->stored ||
	    snapshot_vintages(w->v, s->series, stamp_at(w, place), w->scratch, out, n, &why) == 0)
		return 0;
	*n = 0;
	if (why.code == ERR_CORRUPT || why.code == ERR_NOT_FOUND)
		return 0;
	if (e)
		*e = why;
	return -1;
}

static int64_t arrival_of(const struct vintage *v)
{
	return v->known_from_ms ? v->known_from_ms : v->received_ms;
}

int work_first_visible(struct work *w, const struct subject *s, size_t place, int64_t *ms,
		       struct err *e)
{
	const struct vintage *first = s->seen[place];
	struct view view = { .as_of_ms = w->as_of_ms, .release = 1, .suppressed = true };
	int64_t stamp = stamp_at(w, place);
	struct vintage *v;
	size_t n;

	if (first->count > 1) {
		if (snapshot_figures(w->v, s->series, stamp, stamp, view, w->scratch, &v, &n, e) <
		    0)
			return -1;
		if (n)
			first = v;
	}
	*ms = vintage_seen_ms(first);
	return 0;
}

/* Whether the submission of an unreleased vintage was given back by then. Neighbours mostly came
 * together. */
static int was_returned(struct work *w, const struct vintage *v, bool *returned, struct err *e)
{
	struct err why = { 0 };
	struct submission sub;

	if (w->returned.submission != v->submission) {
		if (snapshot_submission(w->v, v->submission, w->scratch, &sub, &why) < 0) {
			if (why.code != ERR_CORRUPT && why.code != ERR_NOT_FOUND) {
				if (e)
					*e = why;
				return -1;
			}
			sub.returned_ms = 0;
		}
		w->returned =
			(struct returned_memo){ v->submission,
						sub.returned_ms && sub.returned_ms <= w->as_of_ms };
	}
	*returned = w->returned.returned;
	return 0;
}

/* Vintages come in the order in which they became known, so the last unreleased one decides. */
static int note_vintage(struct work *w, struct delivery *d, const struct vintage *v, struct err *e)
{
	int64_t arrived = arrival_of(v), seen = vintage_seen_ms(v);
	bool returned;

	if (arrived > w->as_of_ms)
		return 0;
	if (!d->first_ms || arrived < d->first_ms)
		d->first_ms = arrived;
	if (arrived > d->last_ms)
		d->last_ms = arrived;
	if (v->released_ms && seen <= w->as_of_ms) {
		if (!d->released_ms || seen < d->released_ms)
			d->released_ms = seen;
		return 0;
	}
	if (was_returned(w, v, &returned, e) < 0)
		return -1;
	d->marks &= ~(unsigned)(DELIVERY_RETURNED | DELIVERY_SUPPRESSED);
	if (returned)
		d->marks |= DELIVERY_RETURNED;
	else if (v->flags & FIGURE_SUPPRESSED)
		d->marks |= DELIVERY_SUPPRESSED;
	return 0;
}

/* Both are in the order of stamps. */
static int note_all(struct work *w, struct subject *s, const struct vintage *v, size_t n,
		    struct err *e)
{
	size_t k = 0;

	for (size_t i = 0; i < n; i++) {
		while (k < w->nperiods && w->stamps[k] < v[i].stamp_ms)
			k++;
		if (k < w->nperiods && w->stamps[k] == v[i].stamp_ms &&
		    note_vintage(w, &s->deliveries[k], &v[i], e) < 0)
			return -1;
	}
	return 0;
}

static int note_singly(struct work *w, struct subject *s, struct err *e)
{
	for (size_t k = w->window; k < w->window + w->nperiods; k++) {
		struct vintage *v = NULL;
		size_t n = 0;

		if (read_vintages(w, s, k, &v, &n, e) < 0 || note_all(w, s, v, n, e) < 0)
			return -1;
	}
	return 0;
}

static int read_deliveries(struct work *w, struct subject *s, struct err *e)
{
	struct err why = { 0 };
	struct vintage *v;
	size_t n;

	if (w->nperiods == 0)
		return 0;
	if (snapshot_history(w->v, s->series, w->stamps[0], w->stamps[w->nperiods - 1], w->scratch,
			     &v, &n, &why) == 0)
		return note_all(w, s, v, n, e);
	if (why.code == ERR_CORRUPT || why.code == ERR_NOT_FOUND)
		return note_singly(w, s, e);
	if (e)
		*e = why;
	return -1;
}

/* What is visible decides, also over a correction that is not. */
static void put_seen_marks(struct delivery *d, unsigned flags)
{
	d->marks &= ~(unsigned)DELIVERY_SUPPRESSED;
	if (flags & FIGURE_SUPPRESSED)
		d->marks |= DELIVERY_SUPPRESSED;
	else if (flags & FIGURE_ZERO)
		d->marks |= DELIVERY_ZERO;
}

/* What was received but may not be seen yet is in all the same: its reporter is not late. */
static void put_deliveries(struct work *w, struct subject *s)
{
	for (size_t i = 0; i < w->nperiods; i++) {
		struct delivery *d = &s->deliveries[i];
		size_t k = w->window + i;

		if (s->seen[k])
			put_seen_marks(d, s->seen[k]->flags);
		if (s->in[k] == IN_MISSING && d->first_ms)
			s->in[k] = d->marks & DELIVERY_RETURNED ? IN_RETURNED : IN_UNRELEASED;
	}
}

/* The oldest figure is looked at with all its vintages, as its newest may be a late correction. */
static int note_first(struct work *w, struct subject *s, struct err *e)
{
	size_t k = 0, n = 0;
	struct vintage *v = NULL;

	for (size_t i = 0; i < w->nperiods; i++) {
		int64_t at = s->deliveries[i].first_ms;

		if (at && (!s->first_ms || at < s->first_ms))
			s->first_ms = at;
	}
	while (k < w->window && k < w->axis.n && !s->seen[k])
		k++;
	if (k < w->window && k < w->axis.n && read_vintages(w, s, k, &v, &n, e) < 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		if (!s->first_ms || arrival_of(&v[i]) < s->first_ms)
			s->first_ms = arrival_of(&v[i]);
	return 0;
}

/* --- refused --------------------------------------------------------------------------------- */

static int copy_refused(struct work *w, struct delivery *d, const struct refused_figure *r,
			struct err *e)
{
	d->marks |= DELIVERY_REJECTED;
	d->refused_ms = r->received_ms;
	d->refused_submission = r->submission;
	d->refused_why = arena_strdup(w->keep, r->reason);
	return d->refused_why ? 0
			      : err_set(e, ERR_LIMIT, "%s: no memory for why a report was refused",
					w->indicator->code);
}

/* What is in stays in, whatever came after it. Only behind what was given back a refusal is the
 * newer word. */
static bool says_more(const struct work *w, const struct delivery *d,
		      const struct refused_figure *r)
{
	if (r->received_ms > w->as_of_ms || r->received_ms < d->refused_ms || d->released_ms)
		return false;
	return !d->first_ms || (d->marks & DELIVERY_RETURNED && r->received_ms > d->last_ms);
}

static int read_refused(struct work *w, struct subject *s, struct err *e)
{
	struct err why = { 0 };
	struct refused_figure *list;
	size_t n, k = 0;

	if (w->nperiods == 0)
		return 0;
	if (snapshot_refused(w->v, s->f->labels, w->stamps[0], w->stamps[w->nperiods - 1],
			     w->scratch, &list, &n, &why) < 0) {
		if (why.code == ERR_CORRUPT)
			return 0;
		if (e)
			*e = why;
		return -1;
	}
	for (size_t i = 0; i < n; i++) {
		while (k < w->nperiods && w->stamps[k] < list[i].stamp_ms)
			k++;
		if (k < w->nperiods && w->stamps[k] == list[i].stamp_ms &&
		    says_more(w, &s->deliveries[k], &list[i]) &&
		    copy_refused(w, &s->deliveries[k], &list[i], e) < 0)
			return -1;
	}
	return 0;
}

static void put_newest(struct subject *s, const struct work *w, const struct vintage *v)
{
	struct figure *f = s->f;
	struct period p = period_from_stamp(w->indicator->freq, v->stamp_ms, catalogue_zone(w->c));

	p = indicator_period(w->indicator, p);
	if (w->indicator->form == FORM_PERIOD && v->months > 0 && v->months <= p.last_month)
		p.first_month = p.last_month - v->months + 1;
	f->has_value = true;
	f->period = p;
	f->value = v->value;
	f->stamp_ms = v->stamp_ms;
	f->received_ms = v->received_ms;
	f->known_from_ms = v->known_from_ms;
	f->submission = v->submission;
	f->vintages = v->count;
	f->flags = v->flags;
	f->current = w->as_of_ms < catalogue_holds_until(w->c, w->indicator, p);
}

/* The newest figure of those before the axis; *found tells. One whose record is damaged is none. */
static int last_before(struct work *w, const struct subject *s, struct view view,
		       struct vintage *last, bool *found, struct err *e)
{
	struct err why = { 0 };

	*found = false;
	if (w->axis.n == 0 ||
	    snapshot_last_figure(w->v, s->series, stamp_at(w, 0) - 1, view, last, found, &why) == 0)
		return 0;
	*found = false;
	if (why.code == ERR_CORRUPT || why.code == ERR_NOT_FOUND)
		return 0;
	if (e)
		*e = why;
	return -1;
}

/* The newest figure with a value, also one older than the axis: a unit that fell silent years ago
 * still shows what it said last, as not current. */
static int read_newest(struct work *w, struct subject *s, struct err *e)
{
	struct view values = w->view;
	struct vintage last;
	size_t k = w->axis.n;
	bool found;

	values.suppressed = false;
	while (k > 0 && isnan(s->value[k - 1]))
		k--;
	if (k > 0)
		put_newest(s, w, s->seen[k - 1]);
	if (last_before(w, s, w->view, &last, &s->earlier, e) < 0)
		return -1;
	if (!s->earlier || k > 0)
		return 0;
	if (last_before(w, s, values, &last, &found, e) < 0)
		return -1;
	if (found)
		put_newest(s, w, &last);
	return 0;
}

static int subject_arrays(struct work *w, struct subject *s, struct err *e)
{
	size_t n = w->axis.n ? w->axis.n : 1;

	s->value = arena_array(w->scratch, n, sizeof(*s->value));
	s->months = arena_array(w->scratch, n, sizeof(*s->months));
	s->seen = arena_array(w->scratch, n, sizeof(const struct vintage *));
	s->valid = arena_array(w->scratch, n, sizeof(*s->valid));
	s->in = arena_array(w->scratch, n, sizeof(*s->in));
	s->deliveries = arena_array(w->keep, w->nperiods + 1, sizeof(*s->deliveries));
	if (!s->value || !s->months || !s->seen || !s->valid || !s->in || !s->deliveries)
		return err_set(e, ERR_LIMIT, "%s: its figures do not fit in the memory allowed",
			       w->indicator->code);
	for (size_t k = 0; k < w->axis.n; k++) {
		s->value[k] = NAN;
		s->valid[k] = owes_at(w, s->f->unit, (ssize_t)k);
	}
	s->run = (struct run){
		.axis = w->axis,
		.measure = measure_of(w->indicator),
		.value = s->value,
		.months = s->months,
	};
	return 0;
}

static int find_series(struct work *w, struct subject *s, struct err *e)
{
	struct err why = { 0 };
	struct series_ref ref;

	if (snapshot_find(w->v, s->f->labels, &ref, &why) == 0) {
		s->stored = ref.statistic;
		s->series = ref.id;
		return 0;
	}
	if (why.code == ERR_NOT_FOUND || why.code == ERR_CORRUPT)
		return 0;
	if (e)
		*e = why;
	return -1;
}

int work_read_run(struct work *w, struct subject *s, struct err *e)
{
	struct labels *labels = catalogue_series(s->f->unit, w->indicator, e);

	if (!labels)
		return -1;
	s->f->labels = labels;
	if (subject_arrays(w, s, e) < 0 || find_series(w, s, e) < 0)
		return -1;
	return s->stored ? read_figures(w, s, e) : 0;
}

int work_read(struct work *w, struct subject *s, struct err *e)
{
	if (work_read_run(w, s, e) < 0)
		return -1;
	/* Of what was only ever refused there is no series. */
	if (!s->stored)
		return read_refused(w, s, e);
	if (read_newest(w, s, e) < 0 || read_deliveries(w, s, e) < 0 || note_first(w, s, e) < 0 ||
	    read_refused(w, s, e) < 0)
		return -1;
	put_deliveries(w, s);
	return work_inherit(w, s, e);
}
