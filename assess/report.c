/*
 * report.c - see report.h.
 *
 * Expected is a period at whose end unit and indicator existed, and for which one of
 * these holds:
 *
 *   - the catalogue declares from when the indicator is collected (its `from`),
 *   - the unit had reported an earlier period of it,
 *   - it is the newest due one (or later).
 *
 * So connecting a new indicator asks for its newest period at once, and not for a year
 * of periods that nobody ever promised.
 */
#include "assess/report.h"

ssize_t report_window(ssize_t due, unsigned window)
{
	return due >= (ssize_t)window ? due - (ssize_t)window + 1 : 0;
}

static bool reported_before(const struct reports *r, ssize_t i)
{
	if (r->earlier)
		return true;
	for (ssize_t k = 0; k < i; k++)
		if (r->in[k] != IN_MISSING)
			return true;
	return false;
}

bool report_expected(const struct reports *r, ssize_t i)
{
	if (i < 0 || !r->valid[i])
		return false;
	return r->declared || i >= r->due || reported_before(r, i);
}

static ssize_t oldest_missing(const struct reports *r)
{
	for (ssize_t i = report_window(r->due, r->window); i <= r->due; i++)
		if (r->in[i] == IN_MISSING && report_expected(r, i))
			return i;
	return -1;
}

static ssize_t newest_valid_ended(const struct reports *r)
{
	ssize_t i = r->ended;

	while (i >= 0 && !r->valid[i])
		i--;
	return i;
}

/* No period is late. */
static enum report_state state_of_newest(const struct reports *r, ssize_t newest)
{
	if (newest < 0)
		return REPORT_NOT_COLLECTED;
	if (r->in[newest] == IN_UNRELEASED)
		return REPORT_RECEIVED;
	if (r->in[newest] == IN_RETURNED)
		return REPORT_RETURNED;
	if (r->in[newest] == IN_RELEASED)
		return REPORT_NOT_DUE;
	/* Due and yet not late: it ended before anybody had asked it for this. */
	return newest > r->due ? REPORT_DUE : REPORT_NOT_COLLECTED;
}

struct report_result report_judge(const struct reports *r)
{
	struct report_result out = { .missing = oldest_missing(r),
				     .newest = newest_valid_ended(r) };

	out.state = out.missing >= 0 ? REPORT_LATE : state_of_newest(r, out.newest);
	return out;
}

/* --- single periods ---------------------------------------------------------------------- */

enum report_state delivery_state(const struct report_period *p, const struct delivery *d,
				 int64_t at_ms)
{
	bool released = d->released_ms && d->released_ms <= at_ms;

	if (d->first_ms && d->first_ms <= at_ms) {
		if (d->marks & DELIVERY_SUPPRESSED)
			return REPORT_SUPPRESSED;
		if (released)
			return d->marks & DELIVERY_ZERO ? REPORT_CONFIRMED_ZERO : REPORT_RELEASED;
		if (d->marks & DELIVERY_REJECTED)
			return REPORT_REJECTED;
		return d->marks & DELIVERY_RETURNED ? REPORT_RETURNED : REPORT_RECEIVED;
	}
	if (d->marks & DELIVERY_REJECTED)
		return REPORT_REJECTED;
	if (!(d->marks & DELIVERY_EXPECTED))
		return REPORT_NOT_COLLECTED;
	if (at_ms < p->end_ms)
		return REPORT_NOT_DUE;
	return at_ms < p->due_ms ? REPORT_DUE : REPORT_LATE;
}

bool delivery_counts(const struct report_period *p, const struct delivery *d, int64_t at_ms)
{
	return (d->marks & (DELIVERY_EXPECTED | DELIVERY_BACKFILLED)) == DELIVERY_EXPECTED &&
	       p->due_ms <= at_ms;
}

bool delivery_on_time(const struct report_period *p, const struct delivery *d)
{
	return d->first_ms && d->first_ms <= p->due_ms;
}

static const char *const state_names[REPORT_STATES] = {
	"not_collected", "not_due",        "due",        "late",     "received", "returned",
	"rejected",      "confirmed_zero", "suppressed", "released",
};

const char *report_state_name(enum report_state s)
{
	return state_names[s];
}

enum report_state report_state_parse(struct slice name)
{
	int s = 0;

	while (s < REPORT_STATES && !slice_is(name, state_names[s]))
		s++;
	return s;
}
