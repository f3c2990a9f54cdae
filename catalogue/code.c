/*
 * code.c - which codes an indicator may have.
 *
 * A code never changes, becomes part of a metric's name (park_<code>) and is scraped
 * by Prometheus. So it is checked where it is written, against two things:
 *
 *   - the families that are worked out of figures (docs/methods.md, "Series") or will be:
 *     one name cannot be both. period_ and target_ stand before every code there;
 *   - what promtool and OpenMetrics refuse on a gauge. The rules are those of
 *     promlint: reserved ends, base units only, no abbreviated units, no type in the name.
 */
#include "catalogue/private.h"

#include "base/text.h"

static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789_";

bool code_is_good(const char *code)
{
	size_t n = strspn(code, letters);

	return n > 0 && n <= CODE_MAX_BYTES && code[n] == '\0' && code[0] >= 'a' && code[0] <= 'z';
}

/* --- families worked out of figures ------------------------------------------------- */

static const char *const derived[] = {
	"growth_ratio",
	"implied_revision",
	"attainment_ratio",
	"schedule_ratio",
	"pace_ratio",
	"mean_pace_ratio",
	"light",
	"report_state",
	"report_late_seconds",
	"report_due_timestamp_seconds",
	"reports_on_time_ratio",
	"rank",
	"pace_rank",
	"score",
	"period_end_timestamp_seconds",
	"received_timestamp_seconds",
	"info",
};

static const char *const derived_starts[] = { "period_", "target_", "trend_", "forecast_",
					      "item_" };

/* --- promtool and OpenMetrics --------------------------------------------------------- */

static const char *const ends[] = { "total",   "count", "sum",    "bucket",
				    "created", "info",  "gcount", "gsum" };

static const char *const types[] = { "counter", "gauge", "summary", "histogram", "gaugehistogram" };

static const char *const abbreviations[] = { "s",  "ms", "us", "ns", "sec", "b", "kb",
					     "mb", "gb", "tb", "pb", "m",   "h", "d" };

static const struct {
	const char *unit, *base;
} units[] = {
	{ "minutes", "seconds" }, { "hours", "seconds" },   { "days", "seconds" },
	{ "weeks", "seconds" },   { "kelvins", "kelvin" },  { "fahrenheit", "celsius" },
	{ "rankine", "celsius" }, { "inches", "meters" },   { "yards", "meters" },
	{ "miles", "meters" },    { "bits", "bytes" },      { "calories", "joules" },
	{ "pounds", "grams" },    { "ounces", "grams" },    { "amperes", "amperes" },
	{ "bytes", "bytes" },     { "celsius", "celsius" }, { "grams", "grams" },
	{ "joules", "joules" },   { "kelvin", "kelvin" },   { "meters", "meters" },
	{ "metres", "metres" },   { "ratio", "ratio" },     { "seconds", "seconds" },
	{ "volts", "volts" },
};

static const char *const prefixes[] = { "pico", "nano",  "micro", "milli", "centi", "deci",
					"deca", "hecto", "kilo",  "kibi",  "mega",  "mibi",
					"giga", "gibi",  "tera",  "tebi",  "peta",  "pebi" };

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static bool is_one_of(struct slice s, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (slice_is(s, list[i]))
			return true;
	return false;
}

/* The base unit that `part` should be, NULL when it is no unit or a base unit already. */
static const char *base_instead(struct slice part)
{
	for (size_t u = 0; u < COUNT(units); u++) {
		if (slice_is(part, units[u].unit))
			return slice_is(part, units[u].base) ? NULL : units[u].base;
		for (size_t p = 0; p < COUNT(prefixes); p++)
			if (slice_starts(part, prefixes[p]) &&
			    slice_is(slice_skip(part, strlen(prefixes[p])), units[u].unit))
				return units[u].base;
	}
	return NULL;
}

/* One word of the code, between underscores. */
static bool part_is_reserved(const char *code, struct slice part, bool last, char *why, size_t room)
{
	const char *base = base_instead(part);

	if (base)
		snprintf(why, room,
			 "the code '%s' has '%.*s', which Prometheus does not take as a unit; the "
			 "base unit '%s' or another word would be right",
			 code, SLICE_FMT(part), base);
	else if (last && is_one_of(part, ends, COUNT(ends)))
		snprintf(why, room,
			 "the code '%s' ends in '_%.*s', which Prometheus keeps for other kinds of "
			 "metrics; another word at its end would be right",
			 code, SLICE_FMT(part));
	else if (is_one_of(part, types, COUNT(types)))
		snprintf(why, room,
			 "the code '%s' has '%.*s', which is a type of metric to Prometheus; "
			 "another word would be right",
			 code, SLICE_FMT(part));
	else if (is_one_of(part, abbreviations, COUNT(abbreviations)))
		snprintf(why, room,
			 "the code '%s' has '%.*s', which Prometheus takes for an abbreviated "
			 "unit; written out it would be right",
			 code, SLICE_FMT(part));
	else
		return false;
	return true;
}

static bool is_derived(const char *code, char *why, size_t room)
{
	struct slice s = slice_str(code);

	if (is_one_of(s, derived, COUNT(derived))) {
		snprintf(why, room,
			 "the code '%s' is the name of what is worked out of figures "
			 "(park_%s); one that says what is reported would be right",
			 code, code);
		return true;
	}
	for (size_t i = 0; i < COUNT(derived_starts); i++) {
		if (!slice_starts(s, derived_starts[i]))
			continue;
		snprintf(why, room,
			 "the code '%s' begins with '%s', as what is worked out of figures does; "
			 "one that begins otherwise would be right",
			 code, derived_starts[i]);
		return true;
	}
	return false;
}

bool code_is_reserved(const char *code, char *why, size_t room)
{
	struct slice rest = slice_str(code);

	if (is_derived(code, why, room))
		return true;
	while (rest.n) {
		const char *end = memchr(rest.p, '_', rest.n);
		struct slice part = slice_of(rest.p, end ? (size_t)(end - rest.p) : rest.n);

		if (part_is_reserved(code, part, !end, why, room))
			return true;
		rest = slice_skip(rest, part.n + (end ? 1 : 0));
	}
	return false;
}
