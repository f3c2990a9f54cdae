/*
 * series_text.c - a series as the scripts write it.
 *
 *     name{label="value", "quoted name"="value"} 1 2+3x4 _ _x5 stale NaN -Inf {{…}} {{…}}+{{…}}x2
 *
 * a+bxN are N + 1 values, axN as well, _xN are N steps without one.
 */
#include "tests/promql/script.h"

#include "base/num.h"
#include "query/lex.h"
#include "query/source.h"

#include <ctype.h>
#include <strings.h>

enum { REPEAT_MAX = 1000000 };

struct line {
	struct slice rest;
	struct arena *a;
	struct err *e;
};

static int complain(struct line *l)
{
	return err_set(l->e, ERR_INVALID, "cannot read the series at \"%.*s\"", SLICE_FMT(l->rest));
}

static void skip_blanks(struct line *l)
{
	while (l->rest.n && (l->rest.p[0] == ' ' || l->rest.p[0] == '\t'))
		l->rest = slice_skip(l->rest, 1);
}

static bool take(struct line *l, const char *text)
{
	if (!slice_starts(l->rest, text))
		return false;
	l->rest = slice_skip(l->rest, strlen(text));
	return true;
}

/* --- labels ----------------------------------------------------------------------------------- */

static struct slice take_word(struct line *l, bool colons)
{
	size_t n = 0;

	while (n < l->rest.n && (isalnum((unsigned char)l->rest.p[n]) || l->rest.p[n] == '_' ||
				 (colons && l->rest.p[n] == ':')))
		n++;
	struct slice word = slice_of(l->rest.p, n);

	l->rest = slice_skip(l->rest, n);
	return word;
}

static int take_string(struct line *l, struct slice *out)
{
	char quote = l->rest.n ? l->rest.p[0] : 0;
	size_t n = 1;

	if (quote != '"' && quote != '\'' && quote != '`')
		return complain(l);
	while (n < l->rest.n && l->rest.p[n] != quote)
		n += quote != '`' && l->rest.p[n] == '\\' ? 2 : 1;
	if (n >= l->rest.n)
		return complain(l);
	if (string_unquote(slice_of(l->rest.p, n + 1), l->a, out, l->e) < 0)
		return -1;
	l->rest = slice_skip(l->rest, n + 1);
	return 0;
}

/* name="value", "name"="value", or "metric name" alone. */
static int take_label(struct line *l, struct label *out)
{
	bool quoted = l->rest.n && strchr("\"'`", l->rest.p[0]);

	if (quoted && take_string(l, &out->name) < 0)
		return -1;
	if (!quoted)
		out->name = take_word(l, false);
	skip_blanks(l);
	if (take(l, "=")) {
		skip_blanks(l);
		return take_string(l, &out->value);
	}
	if (!quoted)
		return complain(l);
	*out = (struct label){ slice_str(LABEL_NAME), out->name };
	return 0;
}

static int take_labels(struct line *l, struct labels **out)
{
	struct label labels[LABELS_MAX];
	size_t n = 0;
	struct slice name = take_word(l, true);

	if (name.n)
		labels[n++] = (struct label){ slice_str(LABEL_NAME), name };
	else if (!slice_starts(l->rest, "{") || slice_starts(l->rest, "{{"))
		return complain(l);
	struct line after = *l;

	skip_blanks(&after);
	if (slice_starts(after.rest, "{") && !slice_starts(after.rest, "{{")) {
		*l = after;
		take(l, "{");
		skip_blanks(l);
		while (!take(l, "}")) {
			if (n == LABELS_MAX || take_label(l, &labels[n++]) < 0)
				return complain(l);
			skip_blanks(l);
			if (!take(l, ",") && !slice_starts(l->rest, "}"))
				return complain(l);
			skip_blanks(l);
		}
	}
	*out = labels_intern(labels, n, l->e);
	return *out ? 0 : -1;
}

/* --- values ----------------------------------------------------------------------------------- */

static size_t digits(struct slice s, size_t i)
{
	while (i < s.n && isdigit((unsigned char)s.p[i]))
		i++;
	return i;
}

/* The length of the number at the beginning of `s`, 0 when there is none. */
static size_t number_length(struct slice s)
{
	size_t i = s.n && (s.p[0] == '+' || s.p[0] == '-'), from;

	if (s.n >= i + 3 &&
	    (strncasecmp(s.p + i, "inf", 3) == 0 || strncasecmp(s.p + i, "nan", 3) == 0))
		return i + 3;
	from = i;
	i = digits(s, i);
	if (i < s.n && s.p[i] == '.')
		i = digits(s, i + 1);
	if (i == from)
		return 0;
	if (i < s.n && (s.p[i] == 'e' || s.p[i] == 'E')) {
		size_t j = i + 1 + (i + 1 < s.n && (s.p[i + 1] == '+' || s.p[i + 1] == '-'));

		if (digits(s, j) > j)
			i = digits(s, j);
	}
	return i;
}

static bool take_number(struct line *l, double *v)
{
	size_t n = number_length(l->rest);

	if (n == 0 || !script_read_number(slice_of(l->rest.p, n), v))
		return false;
	l->rest = slice_skip(l->rest, n);
	return true;
}

/* xN; 0 without. */
static int take_times(struct line *l, size_t *times, bool *written)
{
	size_t n;
	int64_t v;

	*times = 0;
	*written = take(l, "x");
	if (!*written)
		return 0;
	n = digits(l->rest, 0);
	if (num_parse_i64(slice_of(l->rest.p, n), &v, l->e) < 0 || v > REPEAT_MAX)
		return complain(l);
	*times = (size_t)v;
	l->rest = slice_skip(l->rest, n);
	return 0;
}

static int append(struct line *l, struct script_series *out, struct script_value v, double step,
		  size_t times)
{
	out->values = arena_grow(l->a, out->values, out->n, &out->room, out->n + times,
				 sizeof(*out->values));
	if (!out->values)
		return err_set(l->e, ERR_LIMIT, "a series of a script is too long");
	for (size_t i = 0; i < times; i++) {
		out->values[out->n++] = v;
		if (step != 0)
			v.v += step;
	}
	return 0;
}

static bool take_histogram(struct line *l)
{
	size_t n = 0;

	if (!slice_starts(l->rest, "{{"))
		return false;
	while (n + 1 < l->rest.n && !(l->rest.p[n] == '}' && l->rest.p[n + 1] == '}'))
		n++;
	l->rest = slice_skip(l->rest, n + 2 <= l->rest.n ? n + 2 : l->rest.n);
	return true;
}

static double stale(void)
{
	uint64_t bits = STALE_BITS;
	double v;

	memcpy(&v, &bits, sizeof(v));
	return v;
}

static int take_item(struct line *l, struct script_series *out)
{
	struct script_value v = { .kind = SCRIPT_NUMBER };
	double step = 0;
	size_t times;
	bool written;
	int more = 1;

	if (take(l, "_")) {
		v.kind = SCRIPT_NONE;
		more = 0;
	} else if (take(l, "stale")) {
		v.v = stale();
	} else if (take_histogram(l)) {
		v.kind = SCRIPT_HISTOGRAM;
		if ((take(l, "+") || take(l, "-")) && !take_histogram(l))
			return complain(l);
	} else if (!take_number(l, &v.v)) {
		return complain(l);
	} else if (slice_starts(l->rest, "+") || slice_starts(l->rest, "-")) {
		if (!take_number(l, &step))
			return complain(l);
	}
	if (take_times(l, &times, &written) < 0)
		return -1;
	if ((step != 0 && !written) || (l->rest.n && l->rest.p[0] != ' ' && l->rest.p[0] != '\t'))
		return complain(l);
	return append(l, out, v, step, written ? times + (size_t)more : 1);
}

int script_read_series(struct slice line, struct arena *a, struct script_series *out, struct err *e)
{
	struct line l = { line, a, e };

	memset(out, 0, sizeof(*out));
	if (take_labels(&l, &out->labels) < 0)
		return -1;
	out->starts = take(&l, "@st");
	if (out->starts)
		return 0;
	if (l.rest.n && l.rest.p[0] != ' ' && l.rest.p[0] != '\t')
		return complain(&l);
	for (skip_blanks(&l); l.rest.n; skip_blanks(&l))
		if (take_item(&l, out) < 0)
			return -1;
	return 0;
}

bool script_read_number(struct slice text, double *v)
{
	bool minus = text.n && text.p[0] == '-';

	if (text.n && (text.p[0] == '+' || minus))
		text = slice_skip(text, 1);
	if (text.n == 0 ||
	    !(isdigit((unsigned char)text.p[0]) || text.p[0] == '.' || strchr("iInN", text.p[0])))
		return false;
	if (number_parse(text, v, NULL) < 0)
		return false;
	if (minus)
		*v = -*v;
	return true;
}
