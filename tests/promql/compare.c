/*
 * compare.c - rows are found by their labels, values compared step by step.
 */
#include "tests/promql/compare.h"

#include "base/regex.h"

#include <ctype.h>
#include <float.h>
#include <math.h>
#include <stdio.h>

static const double epsilon = 1e-6;

static bool same(double a, double b)
{
	double sum, diff;

	if (is_absent(a) || is_absent(b))
		return is_absent(a) && is_absent(b);
	if ((isnan(a) && isnan(b)) || a == b)
		return true;
	sum = fabs(a) + fabs(b);
	diff = fabs(a - b);
	if (a == 0 || b == 0 || sum < DBL_MIN)
		return diff < epsilon * DBL_MIN;
	return diff / fmin(sum, DBL_MAX) < epsilon;
}

static bool differ(struct buf *why, const char *what, const struct labels *ls)
{
	buf_printf(why, "%s ", what);
	if (ls->n == 0)
		buf_puts(why, "{}");
	else
		labels_print(ls, why);
	return false;
}

/* --- values ------------------------------------------------------------------------------- */

static bool compare_scalar(const struct script_eval *v, double got, struct buf *why)
{
	if (!v->is_scalar) {
		buf_printf(why, "expected rows, got the scalar %.17g", got);
		return false;
	}
	if (!same(v->scalar, got)) {
		buf_printf(why, "expected the scalar %.17g, got %.17g", v->scalar, got);
		return false;
	}
	return true;
}

static const struct script_series *expected(const struct script_eval *v, const struct labels *ls,
					    size_t *at)
{
	for (size_t i = 0; i < v->rows.n; i++)
		if (labels_cmp(v->rows.s[i].labels, ls) == 0) {
			*at = i;
			return &v->rows.s[i];
		}
	return NULL;
}

/* The rows of one step, `n` of them seen before. */
static bool compare_row(const struct script_eval *v, const struct labels *ls, double got, size_t n,
			bool ordered, struct buf *why)
{
	size_t at = 0;
	const struct script_series *want = expected(v, ls, &at);

	if (!want) {
		differ(why, "did not expect", ls);
		buf_printf(why, " %.17g", got);
		return false;
	}
	if (ordered && at != n) {
		differ(why, "wrong place of", ls);
		buf_printf(why, ": %zu, not %zu", n + 1, at + 1);
		return false;
	}
	if (want->n != 1 || want->values[0].kind != SCRIPT_NUMBER ||
	    !same(want->values[0].v, got)) {
		differ(why, "value of", ls);
		buf_printf(why, ": expected %.17g, got %.17g", want->n ? want->values[0].v : NAN,
			   got);
		return false;
	}
	return true;
}

static bool twice(const struct vector *v, size_t i, struct buf *why)
{
	for (size_t j = 0; j < i; j++)
		if (labels_cmp(v->heads[j].labels, v->heads[i].labels) == 0)
			return !differ(why, "twice in the answer:", v->heads[i].labels);
	return false;
}

static bool compare_rows(const struct script_eval *v, const struct vector *got, size_t step,
			 bool ordered, struct buf *why)
{
	size_t n = 0;

	if (v->is_scalar || v->is_string) {
		buf_printf(why, "expected no rows, got %zu", got->n);
		return false;
	}
	for (size_t i = 0; i < got->n; i++) {
		double value = got->values[i * got->width + step];

		if (twice(got, i, why))
			return false;
		if (is_absent(value))
			continue;
		if (!compare_row(v, got->heads[i].labels, value, n, ordered, why))
			return false;
		n++;
	}
	if (n == v->rows.n)
		return true;
	for (size_t k = 0; k < v->rows.n; k++) {
		bool there = false;

		for (size_t i = 0; i < got->n; i++)
			there |= labels_cmp(v->rows.s[k].labels, got->heads[i].labels) == 0 &&
				 !is_absent(got->values[i * got->width + step]);
		if (!there)
			return differ(why, "no row", v->rows.s[k].labels);
	}
	buf_puts(why, "a row is expected twice");
	return false;
}

/* What a series has at grid step `i`: ABSENT for nothing. */
static double expected_at(const struct script_series *s, size_t i)
{
	return i < s->n && s->values[i].kind == SCRIPT_NUMBER ? s->values[i].v : ABSENT;
}

static bool compare_series(const struct script_eval *v, const struct labels *ls, const double *got,
			   size_t n, struct buf *why)
{
	size_t at;
	const struct script_series *want = expected(v, ls, &at);

	if (!want)
		return differ(why, "did not expect", ls);
	if (want->n > n)
		return differ(why, "more values than steps are expected of", ls);
	for (size_t i = 0; i < n; i++) {
		double w = expected_at(want, i);

		if (same(w, got[i]))
			continue;
		differ(why, "value of", ls);
		buf_printf(why, " at step %zu: expected ", i);
		buf_printf(why, is_absent(w) ? "none, got " : "%.17g, got ", w);
		buf_printf(why, is_absent(got[i]) ? "none" : "%.17g", got[i]);
		return false;
	}
	return true;
}

bool compare_range(const struct script_eval *v, const struct query *q, struct buf *why)
{
	const struct vector *got = &q->value.vector;

	for (size_t i = 0; i < got->n; i++) {
		const struct labels *ls = got->heads[i].labels;

		if (twice(got, i, why))
			return false;
		if (i > 0 && labels_cmp(got->heads[i - 1].labels, ls) > 0)
			return differ(why, "not sorted at", ls);
		if (!compare_series(v, ls, got->values + i * got->width, got->width, why))
			return false;
	}
	for (size_t k = 0; k < v->rows.n && got->n != v->rows.n; k++) {
		bool there = false;

		for (size_t i = 0; i < got->n; i++)
			there |= labels_cmp(v->rows.s[k].labels, got->heads[i].labels) == 0;
		if (!there)
			return differ(why, "no series", v->rows.s[k].labels);
	}
	return true;
}

bool compare_step(const struct script_eval *v, const struct query *q, size_t step, struct buf *why)
{
	const struct vector *got = &q->value.vector;

	if (v->is_scalar && got->n == 1 && got->heads[0].labels->n == 0)
		return compare_scalar(v, got->values[step], why);
	return compare_rows(v, got, step, false, why);
}

/* A range vector: points at the times of a grid. */
static bool compare_points(const struct script_eval *v, const struct query_points *row,
			   struct buf *why)
{
	size_t at, n = 0;
	const struct script_series *want = expected(v, row->labels, &at);

	if (!want)
		return differ(why, "did not expect", row->labels);
	for (size_t i = 0; i < want->n; i++) {
		int64_t t = v->start_ms + (int64_t)i * v->step_ms;
		double w = expected_at(want, i);

		if (is_absent(w))
			continue;
		if (n == row->n || row->t_ms[n] != t || !same(row->v[n], w)) {
			differ(why, "points of", row->labels);
			buf_printf(why, ": expected %.17g at %lld ms", w, (long long)t);
			if (n < row->n)
				buf_printf(why, ", got %.17g at %lld ms", row->v[n],
					   (long long)row->t_ms[n]);
			return false;
		}
		n++;
	}
	if (n == row->n)
		return true;
	differ(why, "points of", row->labels);
	buf_printf(why, ": expected %zu, got %zu", n, row->n);
	return false;
}

static bool compare_matrix(const struct script_eval *v, const struct query *q, struct buf *why)
{
	for (size_t i = 0; i < q->nrows; i++) {
		if (i > 0 && labels_cmp(q->rows[i - 1].labels, q->rows[i].labels) >= 0)
			return differ(why, "not sorted at", q->rows[i].labels);
		if (!compare_points(v, &q->rows[i], why))
			return false;
	}
	if (q->nrows == v->rows.n)
		return true;
	buf_printf(why, "expected %zu series, got %zu", v->rows.n, q->nrows);
	return false;
}

bool compare_instant(const struct script_eval *v, const struct query *q, struct buf *why)
{
	switch (q->value.type) {
	case VALUE_SCALAR:
		return compare_scalar(v, q->value.scalar[0], why);
	case VALUE_VECTOR:
		return compare_rows(v, &q->value.vector, 0, v->ordered, why);
	case VALUE_MATRIX:
		return compare_matrix(v, q, why);
	case VALUE_STRING:
		if (v->is_string && slice_eq(v->string, q->value.string))
			return true;
		buf_printf(why, "got the string \"%.*s\"", SLICE_FMT(q->value.string));
		return false;
	case VALUE_NONE:
		break;
	}
	buf_puts(why, "no answer");
	return false;
}

/* --- messages --------------------------------------------------------------------------------- */

/* Without " (3:14)" behind it. */
static struct slice without_place(struct slice s)
{
	size_t n = s.n;

	if (n == 0 || s.p[n - 1] != ')')
		return s;
	for (n--; n > 0 && (isdigit((unsigned char)s.p[n - 1]) || s.p[n - 1] == ':'); n--)
		;
	return n >= 2 && s.p[n - 1] == '(' && s.p[n - 2] == ' ' ? slice_of(s.p, n - 2) : s;
}

static bool found(struct slice pattern, struct slice text)
{
	char whole[REGEX_MAX_BYTES];
	struct regex *re;
	bool r;

	snprintf(whole, sizeof(whole), "(?s:.*)(?:%.*s)(?s:.*)", SLICE_FMT(pattern));
	re = regex_new(slice_str(whole), NULL);
	r = re && regex_match(re, text);
	regex_free(re);
	return r;
}

static bool says(const struct script_message *m, struct slice got, bool changed)
{
	struct slice want = changed ? without_place(m->text) : m->text;

	if (m->how == MESSAGE_MATCHES)
		return found(m->text, got);
	return slice_eq(want, got) || slice_eq(want, without_place(got));
}

static bool compare_list(const char *kind, const struct script_messages *want,
			 const struct note_list *got, bool changed, struct buf *why)
{
	bool ok = !(want->wanted && got->n == 0) && !(want->forbidden && got->n > 0);

	for (size_t i = 0; i < want->n && ok; i++) {
		ok = false;
		for (size_t k = 0; k < got->n; k++)
			ok |= says(&want->m[i], slice_str(got->text[k]), changed);
	}
	for (size_t k = 0; k < got->n && ok && want->n; k++) {
		ok = false;
		for (size_t i = 0; i < want->n; i++)
			ok |= says(&want->m[i], slice_str(got->text[k]), changed);
	}
	if (ok)
		return true;
	buf_printf(why, "%s: expected %s", kind, want->forbidden ? "none" : "some");
	for (size_t i = 0; i < want->n; i++)
		buf_printf(why, " \"%.*s\"", SLICE_FMT(want->m[i].text));
	buf_printf(why, ", got %zu", got->n);
	for (size_t k = 0; k < got->n; k++)
		buf_printf(why, " \"%s\"", got->text[k]);
	return false;
}

bool compare_notes(const struct script_eval *v, const struct query *q, bool changed,
		   struct buf *why)
{
	return compare_list("warnings", &v->warnings, &q->notes.warnings, changed, why) &&
	       compare_list("infos", &v->infos, &q->notes.infos, changed, why);
}

/* A text that cannot be read is the failure that is meant only where the script says so. */
static bool means_parse_error(const struct script_eval *v)
{
	for (size_t i = 0; i < v->errors.n; i++)
		if (memmem(v->errors.m[i].text.p, v->errors.m[i].text.n, "parse error", 11))
			return true;
	return false;
}

bool compare_failure(const struct script_eval *v, const struct query *q, struct buf *why)
{
	struct slice got = slice_str(q->error);
	bool ok = v->fails && (q->failure == QUERY_EXECUTION || q->failure == QUERY_BAD_DATA) &&
		  (!strstr(q->error, "parse error") || means_parse_error(v));

	for (size_t i = 0; i < v->errors.n && ok; i++)
		ok = says(&v->errors.m[i], got, false);
	if (ok)
		return true;
	buf_printf(why, "failed with \"%s\"", q->error);
	for (size_t i = 0; i < v->errors.n; i++)
		buf_printf(why, ", expected \"%.*s\"", SLICE_FMT(v->errors.m[i].text));
	return false;
}
