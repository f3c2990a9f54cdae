/*
 * json_result.c - see json_result.h.
 *
 * Most of a large answer is points, so times are printed once for all rows, and values that are
 * decimals of few digits take a short way.
 */
#include "exporters/json_result.h"

#include "base/json_write.h"
#include "base/num.h"

#include <math.h>
#include <stdio.h>

/* --- numbers --------------------------------------------------------------------------- */

static size_t put_u64(uint64_t v, char *out)
{
	char text[20];
	size_t n = 0;

	do
		text[sizeof(text) - ++n] = (char)('0' + v % 10);
	while (v /= 10);
	memcpy(out, text + sizeof(text) - n, n);
	return n;
}

size_t json_time(int64_t ms, char out[JSON_TIME_TEXT])
{
	uint64_t u = ms < 0 ? -(uint64_t)ms : (uint64_t)ms;
	unsigned part = (unsigned)(u % 1000);
	size_t n = 0;

	if (ms < 0)
		out[n++] = '-';
	n += put_u64(u / 1000, out + n);
	if (part == 0)
		return n;
	out[n++] = '.';
	out[n++] = (char)('0' + part / 100);
	out[n++] = (char)('0' + part / 10 % 10);
	out[n++] = (char)('0' + part % 10);
	return n;
}

/* Whole numbers below 2^53 are exact, so their digits are the shortest. */
static size_t put_whole(double v, char *out)
{
	size_t n = 0;

	if (v < 0)
		out[n++] = '-';
	return n + put_u64((uint64_t)fabs(v), out + n);
}

size_t json_value(double v, char out[JSON_VALUE_TEXT])
{
	double size = fabs(v);

	if (size < 9007199254740992.0 && v == (double)(int64_t)v && (v != 0 || !signbit(v)))
		return put_whole(v, out);
	return size >= 1e21 || (size < 1e-6 && v != 0) ? num_print_g(v, out) : num_print(v, out);
}

/* --- parts -------------------------------------------------------------------------------- */

void json_labels(const struct labels *ls, struct buf *out)
{
	struct json_writer j;

	json_init(&j, out);
	json_object(&j);
	for (uint32_t i = 0; i < ls->n; i++) {
		json_key_slice(&j, ls->l[i].name);
		json_str(&j, ls->l[i].value);
	}
	json_end(&j);
}

static void put_value(double v, struct buf *out)
{
	char *p = buf_room(out, JSON_VALUE_TEXT + 2);
	size_t n;

	if (!p)
		return;
	p[0] = '"';
	n = 1 + json_value(v, p + 1);
	p[n++] = '"';
	buf_added(out, n);
}

static void put_point(int64_t ms, double v, struct buf *out)
{
	char *p = buf_room(out, JSON_TIME_TEXT + 2);

	if (!p)
		return;
	p[0] = '[';
	buf_added(out, 1 + json_time(ms, p + 1));
	buf_putc(out, ',');
	put_value(v, out);
	buf_putc(out, ']');
}

/* --- rows --------------------------------------------------------------------------------- */

enum {
	POINT_ROOM = 1 + sizeof(*((struct json_times *)0)->text) + JSON_VALUE_TEXT + 2,
	STEPS_TOGETHER = 32,
};

/* `[1700000000,"` of each step. */
static int print_times(struct query *q, struct json_times *t)
{
	t->text = arena_array(&q->arena, q->grid.n, sizeof(*t->text));
	t->n = arena_alloc(&q->arena, q->grid.n);
	if (!t->text || !t->n)
		return -1;
	for (size_t k = 0; k < q->grid.n; k++) {
		size_t n = 0;

		t->text[k][n++] = '[';
		n += json_time(grid_time(&q->grid, k), t->text[k] + n);
		t->text[k][n++] = ',';
		t->text[k][n++] = '"';
		t->n[k] = (uint8_t)n;
	}
	return 0;
}

/* Unless it was begun in the piece before. */
static void begin_row(struct json_result *r, const struct labels *ls, const char *then,
		      struct buf *out)
{
	if (r->in_row)
		return;
	r->in_row = true;
	buf_puts(out, r->i ? ",{\"metric\":" : "{\"metric\":");
	json_labels(ls, out);
	buf_puts(out, then);
	r->comma = false;
}

static void end_row(struct json_result *r, const char *text, struct buf *out)
{
	buf_puts(out, text);
	r->in_row = false;
	r->i++;
	r->k = 0;
}

/* One step of a row, with a comma in front of all but the first. */
static char *put_step(struct json_result *r, double v, char *at)
{
	if (r->comma)
		*at++ = ',';
	r->comma = true;
	memcpy(at, r->times.text[r->k], sizeof(*r->times.text));
	at += r->times.n[r->k];
	at += json_value(v, at);
	*at++ = '"';
	*at++ = ']';
	return at;
}

/* Steps of the present row of a range query. */
static void put_steps(struct json_result *r, size_t enough, struct buf *out)
{
	const struct vector *v = &r->q->value.vector;
	const double *row = v->values + r->i * v->width;

	begin_row(r, v->heads[r->i].labels, ",\"values\":[", out);
	while (r->k < v->width && out->n < enough) {
		char *p = buf_room(out, STEPS_TOGETHER * POINT_ROOM), *at = p;
		size_t most = r->k + STEPS_TOGETHER;

		if (!p)
			return;
		for (; r->k < v->width && r->k < most && (size_t)(at - p) < enough - out->n; r->k++)
			if (!is_absent(row[r->k]))
				at = put_step(r, row[r->k], at);
		buf_added(out, (size_t)(at - p));
	}
	if (r->k == v->width)
		end_row(r, "]}", out);
}

/* Points of the present row of a range selector. */
static void put_points(struct json_result *r, size_t enough, struct buf *out)
{
	const struct query_points *p = &r->q->rows[r->i];

	begin_row(r, p->labels, ",\"values\":[", out);
	for (; r->k < p->n && out->n < enough; r->k++) {
		if (r->comma)
			buf_putc(out, ',');
		r->comma = true;
		put_point(p->t_ms[r->k], p->v[r->k], out);
	}
	if (r->k == p->n)
		end_row(r, "]}", out);
}

static void put_sample(struct json_result *r, struct buf *out)
{
	const struct vector *v = &r->q->value.vector;

	begin_row(r, v->heads[r->i].labels, ",\"value\":", out);
	put_point(r->q->grid.start_ms, v->values[r->i], out);
	end_row(r, "}", out);
}

static void put_string(const struct query *q, struct buf *out)
{
	struct json_writer j;
	char text[JSON_TIME_TEXT];

	buf_putc(out, '[');
	buf_put(out, text, json_time(q->grid.start_ms, text));
	buf_putc(out, ',');
	json_init(&j, out);
	json_str(&j, q->value.string);
	buf_putc(out, ']');
}

/* --- the whole ---------------------------------------------------------------------- */

size_t json_result_series(const struct query *q)
{
	switch (q->value.type) {
	case VALUE_VECTOR:
		return q->value.vector.n;
	case VALUE_MATRIX:
		return q->nrows;
	default:
		return 0;
	}
}

void json_result_init(struct json_result *r, struct query *q, uint64_t limit)
{
	*r = (struct json_result){ .q = q, .n = json_result_series(q) };
	if (limit && r->n > limit)
		r->n = limit;
}

static bool has_steps(const struct query *q)
{
	return q->value.type == VALUE_VECTOR && q->step_ms != 0;
}

static void begin(struct json_result *r, struct buf *out)
{
	static const char *const kinds[] = { [VALUE_SCALAR] = "scalar",
					     [VALUE_STRING] = "string",
					     [VALUE_VECTOR] = "vector",
					     [VALUE_MATRIX] = "matrix" };
	const struct query *q = r->q;
	bool steps = has_steps(q);

	r->begun = true;
	buf_printf(out, "{\"resultType\":\"%s\",\"result\":",
		   kinds[steps ? VALUE_MATRIX : q->value.type]);
	if (q->value.type == VALUE_SCALAR)
		put_point(q->grid.start_ms, q->value.scalar[0], out);
	else if (q->value.type == VALUE_STRING)
		put_string(q, out);
	else
		buf_putc(out, '[');
	if (steps && print_times((struct query *)q, &r->times) < 0)
		out->failed = ERR_MEMORY;
}

bool json_result_next(struct json_result *r, size_t enough, struct buf *out)
{
	enum value_type type = r->q->value.type;

	if (!r->begun)
		begin(r, out);
	while (r->i < r->n && out->n < enough && !out->failed) {
		if (has_steps(r->q))
			put_steps(r, enough, out);
		else if (type == VALUE_MATRIX)
			put_points(r, enough, out);
		else
			put_sample(r, out);
	}
	if (r->i < r->n && !out->failed)
		return true;
	if (type == VALUE_VECTOR || type == VALUE_MATRIX)
		buf_putc(out, ']');
	return false;
}

static void put_notes(struct buf *out, const char *key, const struct note_list *notes,
		      const char *kind, bool truncated)
{
	struct json_writer j;

	if (notes->n == 0 && !truncated)
		return;
	buf_printf(out, ",\"%s\":", key);
	json_init(&j, out);
	json_array(&j);
	for (size_t i = 0; i < notes->n; i++)
		json_cstr(&j, notes->text[i]);
	if (notes->more) {
		char text[80];

		snprintf(text, sizeof(text), "%zu more %s annotations omitted", notes->more, kind);
		json_cstr(&j, text);
	}
	if (truncated)
		json_cstr(&j, "results truncated due to limit");
	json_end(&j);
}

void json_result_notes(const struct query *q, bool truncated, struct buf *out)
{
	put_notes(out, "warnings", &q->notes.warnings, "warning", truncated);
	put_notes(out, "infos", &q->notes.infos, "info", false);
}
