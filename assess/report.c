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

ssize_t report_window(ssize_t due)
{
	return due >= REPORT_WINDOW ? due - REPORT_WINDOW + 1 : 0;
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
	for (ssize_t i = report_window(r->due); i <= r->due; i++)
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
	if (r->in[newest] == IN_RELEASED)
		return REPORT_NOT_DUE;
	/* Due and yet not late: it ended before anybody had asked it for this. */
	return newest > r->due ? REPORT_DUE : REPORT_NOT_COLLECTED;
}

struct report_result report_judge(const struct reports *r)
{
	struct report_result out = { .missing = oldest_missing(r) };

	out.state = out.missing >= 0 ? REPORT_LATE : state_of_newest(r, newest_valid_ended(r));
	return out;
}
