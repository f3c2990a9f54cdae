/* query_print.c - see query_print.h. */
#include "daemon/query_print.h"

#include "base/json_read.h"
#include "base/labels.h"
#include "base/num.h"
#include "base/text.h"
#include "base/zone.h"
#include "daemon/commands.h"
#include "daemon/series_csv.h"

#include <math.h>
#include <stdlib.h>

enum { TREE_BYTES = 1 << 30, CHART_CELLS = 60 };

static const struct json_node *member(const struct json_node *n, const char *key)
{
	return n ? json_member(n, slice_str(key)) : NULL;
}

/* --- errors ---------------------------------------------------------------------------------- */

static struct slice line_of(struct slice text, unsigned line)
{
	const char *end;

	while (line-- > 1 && (end = memchr(text.p, '\n', text.n)))
		text = slice_skip(text, (size_t)(end - text.p) + 1);
	end = memchr(text.p, '\n', text.n);
	return end ? slice_of(text.p, (size_t)(end - text.p)) : text;
}

/* The line of the text, and under it a mark where "LINE:COLUMN: " at the beginning of the sentence
 * says; columns count bytes. */
static void show_place(const char *expr, struct slice sentence)
{
	static const char front[] = "invalid parameter \"query\": ";
	unsigned line, column;
	struct slice text;
	char head[32];

	if (slice_starts(sentence, front))
		sentence = slice_skip(sentence, sizeof(front) - 1);
	snprintf(head, sizeof(head), "%.*s", SLICE_FMT(slice_cut(sentence, sizeof(head) - 1)));
	if (sscanf(head, "%u:%u:", &line, &column) != 2 || column == 0)
		return;
	text = line_of(slice_str(expr), line);
	fprintf(stderr, "  %.*s\n  %*s^\n", SLICE_FMT(text),
		(int)text_width(slice_cut(text, column - 1)), "");
}

static int show_error(const struct json_node *answer, const char *expr, const struct err *e)
{
	const struct json_node *text = member(answer, "error");

	if (!text)
		fprintf(stderr, "parkwatch query: the answer is none of Prometheus' API: %s\n",
			e->text);
	else
		fprintf(stderr, "parkwatch query: %.*s\n", SLICE_FMT(text->text));
	if (text)
		show_place(expr, text->text);
	return EXIT_FAILED;
}

static void show_notes(const struct json_node *answer, const char *key)
{
	const struct json_node *list = member(answer, key);

	for (const struct json_node *n = list ? list->child : NULL; n; n = n->next)
		fprintf(stderr, "%.*s\n", SLICE_FMT(n->text));
}

/* --- cells -------------------------------------------------------------------------- */

static const char *time_text(struct slice seconds, char out[TIME_TEXT])
{
	double s;

	if (num_parse(seconds, &s, NULL) < 0)
		return "";
	return time_print_utc((int64_t)round(s * 1000), out);
}

static void put_labels(const struct json_node *metric, FILE *to)
{
	const struct json_node *name = member(metric, "__name__");
	bool first = true;
	struct buf text;

	buf_init(&text, TREE_BYTES);
	if (name)
		buf_slice(&text, name->text);
	buf_putc(&text, '{');
	for (const struct json_node *l = metric ? metric->child : NULL; l; l = l->next) {
		if (slice_is(l->key, "__name__"))
			continue;
		buf_printf(&text, "%s%.*s=\"", first ? "" : ", ", SLICE_FMT(l->key));
		label_escape(l->text, &text);
		buf_putc(&text, '"');
		first = false;
	}
	buf_putc(&text, '}');
	fprintf(to, "%.*s", SLICE_FMT(buf_all(&text)));
	buf_release(&text);
}

static void put_csv(struct slice s, FILE *to)
{
	const char *mark = csv_is_formula(s) ? "'" : "";
	bool quoted = false;

	for (size_t i = 0; i < s.n; i++)
		quoted = quoted || strchr("\",\r\n", s.p[i]);
	if (!quoted) {
		fprintf(to, "%s%.*s", mark, SLICE_FMT(s));
		return;
	}
	fprintf(to, "\"%s", mark);
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '"')
			fputc('"', to);
		fputc(s.p[i], to);
	}
	fputc('"', to);
}

/* [time, value]; answers of others may have anything there. */
static bool is_point(const struct json_node *n)
{
	return n && n->type == JSON_ARRAY && n->n == 2;
}

static struct slice value_text(const struct json_node *point)
{
	return point->child->next->text;
}

/* --- charts ------------------------------------------------------------------------- */

static double value_of(const struct json_node *point)
{
	double v;

	return is_point(point) && num_parse_prom(value_text(point), &v, NULL) == 0 ? v : NAN;
}

/* Means of as many runs of points as there are cells, drawn in eighths between the least and the
 * largest. */
static void draw(const struct json_node *values, FILE *to)
{
	static const char *const blocks[] = { "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█" };
	double cell[CHART_CELLS], low = INFINITY, high = -INFINITY;
	size_t n = values->n, cells = n < CHART_CELLS ? n : CHART_CELLS, i = 0;
	unsigned count[CHART_CELLS] = { 0 };

	memset(cell, 0, sizeof(cell));
	for (const struct json_node *p = values->child; p; p = p->next, i++) {
		double v = value_of(p);

		if (isfinite(v)) {
			size_t at = i * cells / n;

			/* halves and shares, so that no sum or difference is too large */
			cell[at] += (v / 2 - cell[at]) / ++count[at];
		}
	}
	for (i = 0; i < cells; i++) {
		cell[i] = count[i] ? cell[i] : NAN;
		low = fmin(low, cell[i]);
		high = fmax(high, cell[i]);
	}
	for (i = 0; i < cells; i++) {
		if (isnan(cell[i]))
			fputc(' ', to);
		else
			fputs(blocks[high > low ? (int)((cell[i] - low) / (high - low) * 7.999)
						: 3],
			      to);
	}
}

/* --- tables ------------------------------------------------------------------------- */

static void draw_row(const struct json_node *values, FILE *to)
{
	const struct json_node *last = values->child;
	char text[TIME_TEXT];

	while (last->next)
		last = last->next;
	fputs("  ", to);
	draw(values, to);
	if (is_point(last))
		fprintf(to, "  %.*s at %s", SLICE_FMT(value_text(last)),
			time_text(last->child->text, text));
	fputc('\n', to);
}

static void table_row(const struct json_node *row, bool terminal, FILE *to)
{
	const struct json_node *value = member(row, "value"), *values = member(row, "values");
	char text[TIME_TEXT];

	if (is_point(value))
		fprintf(to, "%24.*s  ", SLICE_FMT(value_text(value)));
	put_labels(member(row, "metric"), to);
	fputc('\n', to);
	if (values && terminal && values->n > 1) {
		draw_row(values, to);
		return;
	}
	for (const struct json_node *p = values ? values->child : NULL; p; p = p->next)
		if (is_point(p))
			fprintf(to, "  %s  %.*s\n", time_text(p->child->text, text),
				SLICE_FMT(value_text(p)));
}

/* a=x;b=y in one cell. */
static void put_csv_labels(const struct json_node *metric, FILE *to)
{
	struct buf cell;

	buf_init(&cell, TREE_BYTES);
	for (const struct json_node *l = metric ? metric->child : NULL; l; l = l->next) {
		buf_puts(&cell, l == metric->child ? "" : ";");
		buf_slice(&cell, l->key);
		buf_putc(&cell, '=');
		buf_slice(&cell, l->text);
	}
	put_csv(buf_all(&cell), to);
	buf_release(&cell);
}

static void csv_point(const struct json_node *metric, const struct json_node *point, FILE *to)
{
	char text[TIME_TEXT];

	if (!is_point(point))
		return;
	fprintf(to, "%s,", time_text(point->child->text, text));
	put_csv(value_text(point), to);
	fputc(',', to);
	put_csv_labels(metric, to);
	fputc('\n', to);
}

static void csv_row(const struct json_node *row, FILE *to)
{
	const struct json_node *value = member(row, "value"), *values = member(row, "values");

	if (value)
		csv_point(member(row, "metric"), value, to);
	for (const struct json_node *p = values ? values->child : NULL; p; p = p->next)
		csv_point(member(row, "metric"), p, to);
}

static void show_result(const struct json_node *data, enum query_format format, bool terminal,
			FILE *to)
{
	const struct json_node *type = member(data, "resultType"), *result = member(data, "result");

	if (!type || !result)
		return;
	if (format == QUERY_CSV)
		fputs("time,value,labels\n", to);
	if (slice_is(type->text, "scalar") || slice_is(type->text, "string")) {
		if (format == QUERY_CSV)
			csv_point(NULL, result, to);
		else if (is_point(result))
			fprintf(to, "%.*s\n", SLICE_FMT(value_text(result)));
		return;
	}
	for (const struct json_node *row = result->child; row; row = row->next) {
		if (format == QUERY_CSV)
			csv_row(row, to);
		else
			table_row(row, terminal, to);
	}
}

int query_print(struct slice body, const char *expr, enum query_format format, bool terminal,
		FILE *to)
{
	const struct json_node *answer, *status;
	struct err e = { 0 };
	struct arena arena;
	int code = EXIT_DONE;

	arena_init(&arena, TREE_BYTES);
	answer = json_parse(body, &arena, &e);
	status = member(answer, "status");
	if (!status || !slice_is(status->text, "success")) {
		code = show_error(answer, expr, &e);
	} else {
		show_notes(answer, "warnings");
		show_notes(answer, "infos");
		if (format == QUERY_JSON)
			fprintf(to, "%.*s\n", SLICE_FMT(body));
		else
			show_result(member(answer, "data"), format, terminal, to);
	}
	arena_release(&arena);
	return code;
}
