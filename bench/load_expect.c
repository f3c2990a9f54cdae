/*
 * load_expect.c - see load_expect.h.
 */
#include "bench/load_expect.h"

#include "base/json_write.h"
#include "base/num.h"

#include <stdio.h>

enum { LINE_BYTES = 8 << 20, WANTED_MAX = LOAD_LABELS };

struct wanted {
	struct slice name, value;
};

struct query {
	const struct load_set *set;
	bool any_time, corrected, no_points;
	int64_t at_ms;
	struct wanted want[WANTED_MAX];
	size_t wants;
	uint64_t found; /* series */
};

/* --- what is asked for ------------------------------------------------------------------ */

/* name="value" or, after the comma, the next. Values have no escapes here. */
static int parse_matchers(struct query *q, const char *p, struct err *e)
{
	const char *eq, *end;

	while (*p && *p != '}') {
		p += strspn(p, ", ");
		eq = strstr(p, "=\"");
		end = eq ? strchr(eq + 2, '"') : NULL;
		if (!end || q->wants == WANTED_MAX)
			return err_set(e, ERR_INVALID, "'%.40s' is not like park=\"park-3\"", p);
		q->want[q->wants++] = (struct wanted){ slice_of(p, (size_t)(eq - p)),
						       slice_of(eq + 2, (size_t)(end - eq - 2)) };
		p = end + 1;
	}
	return 0;
}

static int parse_selector(struct query *q, const char *what, struct err *e)
{
	size_t name = strcspn(what, "{");

	if (name)
		q->want[q->wants++] =
			(struct wanted){ slice_str("__name__"), slice_of(what, name) };
	return what[name] ? parse_matchers(q, what + name + 1, e) : 0;
}

static bool is_wanted(const struct query *q, const struct load_labels *l)
{
	for (size_t w = 0; w < q->wants; w++) {
		size_t i = 0;

		while (i < l->n && !slice_is(q->want[w].name, l->label[i].name))
			i++;
		if (i == l->n || !slice_is(q->want[w].value, l->label[i].value))
			return false;
	}
	return true;
}

/* --- what there is ---------------------------------------------------------------------- */

static void print_labels(struct json_writer *j, uint32_t series, const struct load_labels *l)
{
	json_object(j);
	json_key(j, "series");
	json_i64(j, series);
	json_key(j, "name");
	json_cstr(j, l->label[0].value);
	json_key(j, "labels");
	json_object(j);
	for (size_t i = 1; i < l->n; i++) {
		json_key(j, l->label[i].name);
		json_cstr(j, l->label[i].value);
	}
	json_end(j);
}

static void print_point(struct json_writer *j, int64_t t, double v, const double *revised)
{
	json_array(j);
	json_i64(j, t);
	json_f64(j, v);
	if (revised)
		json_f64(j, *revised);
	else
		json_null(j);
	json_end(j);
}

static size_t print_points(const struct query *q, struct json_writer *j, uint32_t series)
{
	const struct load_set *set = q->set;
	bool walks = set->kind == LOAD_DEVOPS, corrected;
	double v = 0, revised = 0;
	struct load_walk walk;
	size_t n = 0;

	if (walks)
		load_walk_start(set, series, &walk);
	for (uint32_t step = 0; step < set->steps; step++) {
		int64_t t = load_time(set, step);

		if (walks)
			v = load_walk_next(&walk, step);
		if (!q->any_time && t != q->at_ms)
			continue;
		corrected = load_corrected(set, series, step, &revised);
		if (q->corrected && !corrected)
			continue;
		if (!walks)
			v = load_value(set, series, step);
		print_point(j, t, v, corrected ? &revised : NULL);
		n++;
	}
	return n;
}

static int expect_series(struct query *q, uint32_t series, struct buf *line, struct err *e)
{
	struct load_labels l;
	struct json_writer j;
	size_t n = 0;

	load_labels(q->set, series, &l);
	if (!is_wanted(q, &l))
		return 0;
	buf_clear(line);
	json_init(&j, line);
	print_labels(&j, series, &l);
	if (!q->no_points) {
		json_key(&j, "points");
		json_array(&j);
		n = print_points(q, &j, series);
		json_end(&j);
	}
	json_end(&j);
	if (buf_check(line, e) < 0)
		return -1;
	if (n == 0 && !q->no_points)
		return 0;
	q->found++;
	buf_putc(line, '\n');
	if (fwrite(line->p, 1, line->n, stdout) != line->n)
		return err_set(e, ERR_IO, "standard output is closed");
	return 0;
}

int load_expect(const struct load_set *set, const char *what, bool any_time, int64_t at_ms,
		struct err *e)
{
	struct query q = { .set = set, .any_time = any_time, .at_ms = at_ms };
	uint32_t from = 0, to = set->series;
	struct buf line;
	int64_t number;
	int rc = 0;

	q.corrected = strcmp(what, "corrected") == 0;
	q.no_points = strcmp(what, "series") == 0;
	if (num_parse_i64(slice_str(what), &number, NULL) == 0) {
		if (number < 0 || number >= set->series)
			return err_set(e, ERR_NOT_FOUND, "series %s: the set has %u", what,
				       set->series);
		from = (uint32_t)number;
		to = from + 1;
	} else if (!q.corrected && !q.no_points && parse_selector(&q, what, e) < 0) {
		return -1;
	}
	buf_init(&line, LINE_BYTES);
	for (uint32_t s = from; s < to && rc == 0; s++)
		rc = expect_series(&q, s, &line, e);
	buf_release(&line);
	if (rc == 0 && q.found == 0)
		return err_set(e, ERR_NOT_FOUND, "%s: no such sample in set %s", what, set->name);
	return rc;
}
