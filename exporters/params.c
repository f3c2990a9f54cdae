/* params.c - see params.h. */
#include "exporters/params.h"

#include "base/duration.h"
#include "base/num.h"
#include "base/zone.h"
#include "query/lex.h"

#include <math.h>

enum { POINTS_MAX = 11000 };

static const double LAST_MS = 9.2e18; /* below 2^63 */

int param_invalid(const char *name, struct err *e)
{
	return err_wrap(e, "invalid parameter \"%s\"", name);
}

enum { SHOWN_BYTES = 100, QUOTED_BYTES = 4 * SHOWN_BYTES + 3 };

/* The beginning of what a client sent, in quotes. */
static const char *quoted(struct slice text, char out[QUOTED_BYTES])
{
	quote(slice_cut(text, SHOWN_BYTES), out, QUOTED_BYTES);
	return out;
}

static int cannot_parse(const char *name, struct slice text, const char *what, struct err *e)
{
	char shown[QUOTED_BYTES];

	err_set(e, ERR_INVALID, "cannot parse %s to a valid %s", quoted(text, shown), what);
	return param_invalid(name, e);
}

/* Prometheus' names for its first and last moment, which its clients send for "any time". */
static bool limits_of_time(struct slice text, int64_t *ms)
{
	bool first = slice_is(text, "-292273086-05-16T16:47:06Z");

	if (!first && !slice_is(text, "292277025-08-18T07:12:54.999999999Z"))
		return false;
	*ms = first ? INT64_MIN : INT64_MAX;
	return true;
}

static int read_time(struct slice text, int64_t *ms, struct err *e)
{
	char shown[QUOTED_BYTES];
	double s;

	if (num_parse_prom(text, &s, NULL) == 0) {
		if (fabs(s * 1000) < LAST_MS) {
			*ms = (int64_t)round(s * 1000);
			return 0;
		}
	} else if (time_parse(text, ms, NULL) == 0 || limits_of_time(text, ms)) {
		return 0;
	}
	return err_set(e, ERR_INVALID, "cannot parse %s to a valid timestamp", quoted(text, shown));
}

int param_time(const struct exchange *x, const char *name, int64_t *ms, bool *there, struct err *e)
{
	struct slice text = exchange_param(x, name);

	*there = text.n > 0;
	if (!*there || read_time(text, ms, e) == 0)
		return 0;
	err_wrap(e, "Invalid time value for '%s'", name);
	return param_invalid(name, e);
}

int param_duration(const struct exchange *x, const char *name, int64_t *ms, bool *there,
		   struct err *e)
{
	struct slice text = exchange_param(x, name);
	double s;

	*there = text.n > 0;
	if (!*there)
		return 0;
	if (num_parse_prom(text, &s, NULL) == 0) {
		if (!(fabs(s) < 9.2e9))
			return cannot_parse(name, text, "duration. It overflows int64", e);
		*ms = (int64_t)round(s * 1000);
		return 0;
	}
	if (duration_parse(text, ms, NULL) == 0)
		return 0;
	return cannot_parse(name, text, "duration", e);
}

int param_limit(const struct exchange *x, const char *name, uint64_t *limit, struct err *e)
{
	struct slice text = exchange_param(x, name);
	char shown[QUOTED_BYTES];
	struct err why = { 0 };
	int64_t v;

	*limit = 0;
	if (text.n == 0)
		return 0;
	if (num_parse_i64(text, &v, &why) < 0) {
		err_set(e, ERR_INVALID, "strconv.Atoi: parsing %s: %s", quoted(text, shown),
			why.code == ERR_LIMIT ? "value out of range" : "invalid syntax");
		return param_invalid(name, e);
	}
	if (v < 0) {
		err_set(e, ERR_INVALID, "limit must be non-negative");
		return param_invalid(name, e);
	}
	*limit = (uint64_t)v;
	return 0;
}

/* Without it the empty text is what cannot be parsed, and the sentence is shorter. */
static int needed_time(const struct exchange *x, const char *name, int64_t *ms, struct err *e)
{
	struct slice text = exchange_param(x, name);

	if (!text.p)
		text = slice_str("");
	return read_time(text, ms, e) == 0 ? 0 : param_invalid(name, e);
}

int param_range(const struct exchange *x, struct param_range *out, struct err *e)
{
	bool there;

	if (needed_time(x, "start", &out->start_ms, e) < 0 ||
	    needed_time(x, "end", &out->end_ms, e) < 0)
		return -1;
	if (out->end_ms < out->start_ms) {
		err_set(e, ERR_INVALID, "end timestamp must not be before start time");
		return param_invalid("end", e);
	}
	if (param_duration(x, "step", &out->step_ms, &there, e) < 0)
		return -1;
	if (!there)
		return cannot_parse("step", slice_of("", 0), "duration", e);
	if (out->step_ms <= 0) {
		err_set(e, ERR_INVALID,
			"zero or negative query resolution step widths are not accepted. Try a "
			"positive integer");
		return param_invalid("step", e);
	}
	if (((uint64_t)out->end_ms - (uint64_t)out->start_ms) / (uint64_t)out->step_ms > POINTS_MAX)
		return err_set(e, ERR_INVALID,
			       "exceeded maximum resolution of 11,000 points per timeseries. Try "
			       "decreasing the query resolution (?step=XX)");
	return 0;
}
