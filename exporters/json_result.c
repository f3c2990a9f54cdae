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
	char text[NUM_TEXT];
	double size = fabs(v);
	size_t n;

	if (size < 9007199254740992.0 && v == (double)(int64_t)v && (v != 0 || !signbit(v)))
		return put_whole(v, out);
	if (size >= 1e21 || (size < 1e-6 && v != 0))
		n = num_print_g(v, text);
	else
		n = num_print(v, text);
	memcpy(out, text, n);
	return n;
}

/* --- parts -------------------------------------------------------------------------------- */

static void put_labels(const struct labels *ls, struct buf *out)
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

/* --- kinds of results ------------------------------------------------------------------------ */

/* `[1700000000,"` of each step, as they stand before the values. */
struct times {
	char (*text)[JSON_TIME_TEXT + 4];
	uint8_t *n;
};

static int print_times(const struct query *q, struct times *t)
{
	t->text = arena_array((struct arena *)&q->arena, q->grid.n, sizeof(*t->text));
	t->n = arena_alloc((struct arena *)&q->arena, q->grid.n);
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

enum { POINT_ROOM = 1 + JSON_TIME_TEXT + 4 + JSON_VALUE_TEXT + 2 };

static void put_row(const struct vector *v, size_t i, const struct times *t, struct buf *out)
{
	const double *row = v->values + i * v->width;
	bool first = true;

	buf_puts(out, "{\"metric\":");
	put_labels(v->heads[i].labels, out);
	buf_puts(out, ",\"values\":[");
	for (size_t k = 0; k < v->width; k++) {
		char *p, *at;

		if (is_absent(row[k]))
			continue;
		p = at = buf_room(out, POINT_ROOM);
		if (!p)
			return;
		if (!first)
			*at++ = ',';
		first = false;
		memcpy(at, t->text[k], t->n[k]);
		at += t->n[k];
		at += json_value(row[k], at);
		*at++ = '"';
		*at++ = ']';
		buf_added(out, (size_t)(at - p));
	}
	buf_puts(out, "]}");
}

static void put_rows(const struct query *q, size_t n, struct buf *out)
{
	struct times t;

	if (print_times(q, &t) < 0) {
		out->failed = ERR_MEMORY;
		return;
	}
	for (size_t i = 0; i < n; i++) {
		buf_puts(out, i ? "," : "");
		put_row(&q->value.vector, i, &t, out);
	}
}

static void put_vector(const struct query *q, size_t n, struct buf *out)
{
	const struct vector *v = &q->value.vector;

	for (size_t i = 0; i < n; i++) {
		buf_puts(out, i ? ",{\"metric\":" : "{\"metric\":");
		put_labels(v->heads[i].labels, out);
		buf_puts(out, ",\"value\":");
		put_point(q->grid.start_ms, v->values[i], out);
		buf_putc(out, '}');
	}
}

static void put_matrix(const struct query *q, size_t n, struct buf *out)
{
	for (size_t i = 0; i < n; i++) {
		const struct query_points *r = &q->rows[i];

		buf_puts(out, i ? ",{\"metric\":" : "{\"metric\":");
		put_labels(r->labels, out);
		buf_puts(out, ",\"values\":[");
		for (size_t k = 0; k < r->n; k++) {
			buf_puts(out, k ? "," : "");
			put_point(r->t_ms[k], r->v[k], out);
		}
		buf_puts(out, "]}");
	}
}

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

void json_result(const struct query *q, uint64_t limit, struct buf *out)
{
	size_t n = json_result_series(q);
	bool range = q->step_ms != 0;

	if (limit && n > limit)
		n = limit;
	switch (q->value.type) {
	case VALUE_SCALAR:
		buf_puts(out, "{\"resultType\":\"scalar\",\"result\":");
		put_point(q->grid.start_ms, q->value.scalar[0], out);
		return;
	case VALUE_STRING:
		buf_puts(out, "{\"resultType\":\"string\",\"result\":");
		put_string(q, out);
		return;
	case VALUE_MATRIX:
		buf_puts(out, "{\"resultType\":\"matrix\",\"result\":[");
		put_matrix(q, n, out);
		break;
	default:
		buf_printf(out, "{\"resultType\":\"%s\",\"result\":[", range ? "matrix" : "vector");
		if (range)
			put_rows(q, n, out);
		else
			put_vector(q, n, out);
	}
	buf_puts(out, "]");
}
