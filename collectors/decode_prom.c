/*
 * decode_prom.c - Prometheus text format 0.0.4 and OpenMetrics 1.0 to samples.
 *
 * Line by line, found with memchr(). A line is read where it stands: names and
 * values are slices of the body, only values with escapes are copied. A line that
 * cannot be read is complained about with its column and the next ones are still
 * taken, unlike Prometheus, which drops the whole scrape: what we poll is often
 * written by a script, and one bad line of it should not cost the others.
 *
 *     http_requests_total{method="post",code="200"} 1027 1395066363000
 *     {"http.requests",method="post","status.code"="200"} 1027
 *
 * Names that need it are quoted, as Prometheus 3 has them: a text without '=' among the
 * labels is the metric's name.
 *
 * A stamp is in milliseconds in the text format and in seconds in OpenMetrics,
 * where an exemplar may follow ("# {trace_id=…} 0.67"), which is not kept.
 */
#include "base/num.h"
#include "base/observation.h"
#include "collectors/body.h"
#include "collectors/decode.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>

enum {
	AHEAD_MAX_MS = 10 * 60 * 1000,
	EXTRA_MAX = 8,
};

struct reader {
	const struct prom_options *o;
	const struct prom_sink *sink;
	struct arena *arena;
	bool check_utf8; /* some line is not valid */
	size_t samples, faults;
	/* the line at hand */
	struct slice line_text;
	unsigned line;
	const char *p, *end;
	struct prom_sample sample;
	struct label labels[LABELS_MAX + EXTRA_MAX]; /* the first is the metric's name */
	size_t n;
};

static int fault(struct reader *r, const char *at, enum refusal why, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* Complains about the line at hand; -1, so that `return fault(...)` reads well. */
static int fault(struct reader *r, const char *at, enum refusal why, const char *fmt, ...)
{
	char text[300];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	r->faults++;
	r->sink->complain(r->sink->ctx, why, r->line,
			  text_column(r->line_text, (size_t)(at - r->line_text.p)), text);
	return -1;
}

/* --- names and labels --------------------------------------------------------------- */

static bool name_start(char c, bool colon)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (colon && c == ':');
}

static struct slice take_name(struct reader *r, bool colon)
{
	const char *from = r->p;

	if (r->p < r->end && name_start(*r->p, colon))
		while (r->p < r->end &&
		       (name_start(*r->p, colon) || (*r->p >= '0' && *r->p <= '9')))
			r->p++;
	return slice_of(from, (size_t)(r->p - from));
}

static void skip_blanks(struct reader *r)
{
	while (r->p < r->end && (*r->p == ' ' || *r->p == '\t'))
		r->p++;
}

static bool eat(struct reader *r, char c)
{
	if (r->p >= r->end || *r->p != c)
		return false;
	r->p++;
	return true;
}

/* \\, \" and \n; any other backslash stays, as Prometheus has it. */
static struct slice unescape(struct slice s, struct arena *a)
{
	char *out = arena_alloc(a, s.n);
	size_t n = 0;

	if (!out)
		return slice_of(NULL, 0);
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (c == '\\' && i + 1 < s.n) {
			char next = s.p[i + 1];

			if (next == 'n' || next == '\\' || next == '"') {
				c = next == 'n' ? '\n' : next;
				i++;
			}
		}
		out[n++] = c;
	}
	return slice_of(out, n);
}

/* From behind the opening quote to behind the closing one. */
static int take_value(struct reader *r, struct slice *out)
{
	const char *from = r->p;
	bool escaped = false;

	while (r->p < r->end && *r->p != '"') {
		if (*r->p == '\\') {
			escaped = true;
			r->p++;
			if (r->p == r->end)
				break;
		}
		r->p++;
	}
	if (r->p >= r->end)
		return fault(r, from - 1, REFUSED_LAYOUT, "the value that begins here has no end");
	*out = slice_of(from, (size_t)(r->p - from));
	r->p++;
	if (!escaped)
		return 0;
	*out = unescape(*out, r->arena);
	return out->p ? 0 : fault(r, from, REFUSED_LIMIT, "no room for this value");
}

static int add_label(struct reader *r, struct slice name, struct slice value)
{
	char shown[TEXT_SHOWN];

	if (slice_is(name, LABEL_NAME))
		return fault(r, name.p, REFUSED_LAYOUT, "__name__ cannot be given as a label");
	for (size_t i = 1; i < r->n; i++)
		if (slice_eq(r->labels[i].name, name))
			return fault(r, name.p, REFUSED_LAYOUT, "label %s is given twice",
				     text_shown(name, shown));
	if (r->n == LABELS_MAX)
		return fault(r, name.p, REFUSED_LIMIT, "more than %d labels", LABELS_MAX - 1);
	if (name.n > LABEL_NAME_MAX_BYTES || value.n > LABEL_VALUE_MAX_BYTES)
		return fault(r, name.p, REFUSED_LIMIT,
			     "label %s or its value is too long (%d and %d bytes at most)",
			     text_shown(name, shown), LABEL_NAME_MAX_BYTES, LABEL_VALUE_MAX_BYTES);
	r->labels[r->n++] = (struct label){ name, value };
	return 0;
}

static int take_label_value(struct reader *r, struct slice name)
{
	struct slice value = slice_of("", 0);

	skip_blanks(r);
	if (!eat(r, '"'))
		return fault(r, r->p, REFUSED_LAYOUT, "a quote was expected here");
	return take_value(r, &value) < 0 ? -1 : add_label(r, name, value);
}

static int set_name(struct reader *r, const char *at, struct slice name)
{
	if (r->labels[0].value.n)
		return fault(r, at, REFUSED_LAYOUT, "the metric has a name already");
	if (!name.n)
		return fault(r, at, REFUSED_LAYOUT, "a metric name was expected here");
	if (name.n > LABEL_VALUE_MAX_BYTES)
		return fault(r, at, REFUSED_LIMIT, "a metric name has %zu bytes, more than %d",
			     name.n, LABEL_VALUE_MAX_BYTES);
	r->labels[0].value = name;
	return 0;
}

/* NAME="value", "name"="value", or the metric's "name". */
static int take_label(struct reader *r)
{
	const char *at = r->p;
	struct slice name = slice_of("", 0);
	bool quoted = eat(r, '"');

	if (quoted && take_value(r, &name) < 0)
		return -1;
	if (!quoted)
		name = take_name(r, false);
	if (!quoted && !name.n)
		return fault(r, at, REFUSED_LAYOUT, "a label name was expected here");
	skip_blanks(r);
	if (eat(r, '='))
		return name.n ? take_label_value(r, name)
			      : fault(r, at, REFUSED_LAYOUT, "a label name was expected here");
	if (!quoted)
		return fault(r, r->p, REFUSED_LAYOUT, "'=' was expected here");
	return set_name(r, at, name);
}

/* Behind the opening brace. */
static int take_labels(struct reader *r)
{
	for (;;) {
		skip_blanks(r);
		if (eat(r, '}'))
			return 0;
		if (take_label(r) < 0)
			return -1;
		skip_blanks(r);
		if (eat(r, '}'))
			return 0;
		if (!eat(r, ','))
			return fault(r, r->p, REFUSED_LAYOUT, "',' or '}' was expected here");
	}
}

static bool has_label(const struct reader *r, struct slice name)
{
	for (size_t i = 1; i < r->n; i++)
		if (slice_eq(r->labels[i].name, name))
			return true;
	return false;
}

/* Adds job and instance; the sample's own labels of these names become exported_NAME. Or they
 * are honored, also empty ones: a gateway says so that its samples have no instance. */
static int add_extra(struct reader *r)
{
	size_t own = r->n;

	for (size_t k = 0; k < r->o->nextra && k < EXTRA_MAX; k++) {
		const struct label *x = &r->o->extra[k];

		if (r->o->honor_labels && has_label(r, x->name))
			continue;
		for (size_t i = 1; i < own; i++) {
			struct slice name = r->labels[i].name;

			if (!slice_eq(name, x->name))
				continue;
			do {
				char *longer =
					arena_printf(r->arena, "exported_%.*s", SLICE_FMT(name));

				if (!longer)
					return fault(r, r->p, REFUSED_LIMIT, "no room for labels");
				name = slice_str(longer);
			} while (has_label(r, name));
			r->labels[i].name = name;
		}
		if (r->n == LABELS_MAX)
			return fault(r, r->p, REFUSED_LIMIT, "more than %d labels", LABELS_MAX);
		r->labels[r->n++] = *x;
	}
	return 0;
}

/* An empty value is an absent label. */
static void drop_empty(struct reader *r)
{
	size_t n = 0;

	for (size_t i = 0; i < r->n; i++)
		if (r->labels[i].value.n)
			r->labels[n++] = r->labels[i];
	r->n = n;
}

/* --- value and stamp ---------------------------------------------------------------- */

static struct slice take_word(struct reader *r)
{
	const char *from = r->p;

	while (r->p < r->end && *r->p != ' ' && *r->p != '\t')
		r->p++;
	return slice_of(from, (size_t)(r->p - from));
}

static int refuse_stamp(struct reader *r, struct slice word, bool early)
{
	char shown[TEXT_SHOWN];

	return fault(r, word.p, REFUSED_PERIOD, "time stamp %s is %s", text_shown(word, shown),
		     early ? "before the year 0" : "past the year 9999");
}

static int take_stamp(struct reader *r, int64_t *t_ms)
{
	struct slice word = take_word(r);
	char shown[TEXT_SHOWN];
	double seconds;
	struct err why;

	if (!r->o->open_metrics) {
		if (num_parse_i64(word, t_ms, &why) < 0)
			return fault(r, word.p, REFUSED_PERIOD, "time stamp: %s", why.text);
	} else {
		if (num_parse(word, &seconds, &why) < 0)
			return fault(r, word.p, REFUSED_PERIOD, "time stamp: %s", why.text);
		/* In either direction: behind that it need not fit. */
		if (fabs(seconds) > (double)STAMP_LATEST_MS / 1000)
			return refuse_stamp(r, word, seconds < 0);
		*t_ms = llround(seconds * 1000);
	}
	if (r->o->ignore_timestamps) {
		*t_ms = r->o->now_ms;
		return 0;
	}
	r->sample.stamped = true;
	if (*t_ms > STAMP_LATEST_MS || *t_ms < STAMP_EARLIEST_MS)
		return refuse_stamp(r, word, *t_ms < 0);
	if (*t_ms - r->o->now_ms > AHEAD_MAX_MS)
		return fault(r, word.p, REFUSED_PERIOD,
			     "time stamp %s lies %lld s ahead of the clock here, more than %d s",
			     text_shown(word, shown), (long long)(*t_ms - r->o->now_ms) / 1000,
			     AHEAD_MAX_MS / 1000);
	return 0;
}

/* Name and labels of a text not seen before. */
static int take_series(struct reader *r)
{
	struct slice name;

	r->labels[0] = (struct label){ slice_str(LABEL_NAME), slice_of("", 0) };
	r->n = 1;
	if (r->p < r->end && *r->p != '{') {
		name = take_name(r, true);
		if (set_name(r, name.p, name) < 0)
			return -1;
	}
	r->sample.text.n = (size_t)(r->p - r->sample.text.p);
	skip_blanks(r);
	if (!eat(r, '{'))
		return 0;
	if (take_labels(r) < 0)
		return -1;
	r->sample.text.n = (size_t)(r->p - r->sample.text.p);
	return r->labels[0].value.n
		       ? 0
		       : fault(r, r->sample.text.p, REFUSED_LAYOUT, "the metric has no name");
}

/* Behind the series. */
static int take_point(struct reader *r)
{
	struct slice word;
	struct err why;

	skip_blanks(r);
	word = take_word(r);
	if (!word.n)
		return fault(r, r->p, REFUSED_LAYOUT, "the sample has no value");
	if (num_parse_prom(word, &r->sample.v, &why) < 0)
		return fault(r, word.p, REFUSED_VALUE, "%s", why.text);
	skip_blanks(r);
	r->sample.t_ms = r->o->now_ms;
	if (r->p < r->end && *r->p != '#' && take_stamp(r, &r->sample.t_ms) < 0)
		return -1;
	skip_blanks(r);
	if (r->p < r->end && !(r->o->open_metrics && *r->p == '#'))
		return fault(r, r->p, REFUSED_LAYOUT, "text stands behind the sample");
	return 0;
}

/* The line's series, when the sink knows it. */
static bool recognised(struct reader *r)
{
	struct slice rest = slice_of(r->p, (size_t)(r->end - r->p));
	size_t n = 0;

	r->sample = (struct prom_sample){ .text = slice_of(r->p, 0), .line = r->line };
	if (r->sink->recognise)
		r->sample.known = r->sink->recognise(r->sink->ctx, rest, &n);
	r->sample.text.n = n;
	r->p += n;
	return r->sample.known;
}

static int take_new(struct reader *r)
{
	if (take_series(r) < 0 || take_point(r) < 0 || add_extra(r) < 0)
		return -1;
	drop_empty(r);
	r->sample.labels = r->labels;
	r->sample.nlabels = r->n;
	return 0;
}

static int sample_line(struct reader *r, struct err *e)
{
	struct arena_mark mark = arena_mark(r->arena);
	int rc = recognised(r) ? take_point(r) : take_new(r);

	if (rc == 0 && r->samples == r->o->samples_max)
		return err_set(e, ERR_LIMIT, "line %u: more than %zu samples", r->line,
			       r->o->samples_max);
	if (rc == 0) {
		r->samples++;
		rc = r->sink->sample(r->sink->ctx, &r->sample, e);
	} else {
		rc = 0; /* and was complained about */
	}
	arena_reset(r->arena, mark);
	return rc;
}

/* --- the document ------------------------------------------------------------------- */

/* 1: "# EOF" of OpenMetrics. */
static int take_line(struct reader *r, struct err *e)
{
	long bad;

	if (r->line_text.n && r->line_text.p[r->line_text.n - 1] == '\r')
		r->line_text.n--;
	r->p = r->line_text.p;
	r->end = r->p + r->line_text.n;
	if (r->o->open_metrics && slice_is(r->line_text, "# EOF"))
		return 1;
	skip_blanks(r);
	if (r->p == r->end || *r->p == '#')
		return 0;
	bad = r->check_utf8 ? utf8_bad_at(r->line_text) : -1;
	if (bad >= 0) {
		fault(r, r->line_text.p + bad, REFUSED_ENCODING, "byte %ld: 0x%02x is not UTF-8",
		      bad + 1, (unsigned char)r->line_text.p[bad]);
		return 0;
	}
	return sample_line(r, e);
}

static int read_lines(struct reader *r, struct slice body, bool *eof, struct err *e)
{
	const char *p = body.p, *end = body.p + body.n;

	while (p < end) {
		const char *stop = memchr(p, '\n', (size_t)(end - p));
		int rc;

		r->line++;
		r->line_text = slice_of(p, (size_t)((stop ? stop : end) - p));
		if (*eof) {
			fault(r, p, REFUSED_LAYOUT, "text stands behind '# EOF'; it is left out");
			return 0;
		}
		if (!stop && p[0] != '#') {
			fault(r, p, REFUSED_LAYOUT,
			      "the last line has no end and may be cut off; it is left out");
			return 0;
		}
		rc = take_line(r, e);
		if (rc < 0)
			return -1;
		*eof = rc == 1;
		p = stop ? stop + 1 : end;
	}
	return 0;
}

int decode_prom(struct slice body, const struct prom_options *o, struct arena *a,
		const struct prom_sink *sink, struct err *e)
{
	struct reader r = { .o = o, .sink = sink, .arena = a };
	bool eof = false;

	if (text_has_utf16_bom(body)) /* a table may be; metrics are UTF-8 */
		return err_set(e, ERR_INVALID, "this is UTF-16 text, not metrics");
	if (body_check(body, "metrics", e) < 0 || body_check_markup(body, "metrics", e) < 0)
		return -1;
	r.check_utf8 = utf8_bad_at(body) >= 0;
	if (read_lines(&r, body, &eof, e) < 0)
		return -1;
	if (o->open_metrics && !eof)
		return err_set(e, ERR_INVALID,
			       "the text ends without '# EOF' after line %u; it may be cut off",
			       r.line);
	if (r.faults && !r.samples)
		return err_set(e, ERR_INVALID, "none of its %u lines is a sample", r.line);
	return 0;
}
