/* query_print.c - see query_print.h. */
#include "daemon/query_print.h"

#include "base/json_read.h"
#include "base/num.h"
#include "base/zone.h"
#include "daemon/commands.h"

#include <math.h>
#include <stdlib.h>
#include <wchar.h>

enum { TREE_BYTES = 1 << 30, CHART_CELLS = 60 };

static const struct json_node *member(const struct json_node *n, const char *key)
{
	return n ? json_member(n, slice_str(key)) : NULL;
}

/* --- errors ---------------------------------------------------------------------------------- */

/* The text, and under it a mark where "LINE:COLUMN: " at the beginning of the sentence says. */
static void show_place(const char *expr, struct slice sentence)
{
	unsigned line, column;
	char head[64];
	const char *at;

	snprintf(head, sizeof(head), "%.*s", SLICE_FMT(slice_cut(sentence, 60)));
	at = strstr(head, "\": ");
	if (sscanf(at ? at + 3 : head, "%u:%u:", &line, &column) != 2 || line != 1)
		return;
	fprintf(stderr, "  %s\n  %*s^\n", expr, (int)(column - 1), "");
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

/* --- cells --------------------------------------------------------------------------------------
 */

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

	if (name)
		fprintf(to, "%.*s", SLICE_FMT(name->text));
	fputc('{', to);
	for (const struct json_node *l = metric ? metric->child : NULL; l; l = l->next) {
		if (slice_is(l->key, "__name__"))
			continue;
		fprintf(to, "%s%.*s=\"%.*s\"", first ? "" : ", ", SLICE_FMT(l->key),
			SLICE_FMT(l->text));
		first = false;
	}
	fputc('}', to);
}

static void put_csv(struct slice s, FILE *to)
{
	bool quoted = memchr(s.p, '"', s.n) || memchr(s.p, ',', s.n) || memchr(s.p, '\n', s.n);

	if (!quoted) {
		fprintf(to, "%.*s", SLICE_FMT(s));
		return;
	}
	fputc('"', to);
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '"')
			fputc('"', to);
		fputc(s.p[i], to);
	}
	fputc('"', to);
}

/* --- charts
 * ---------------------------------------------------------------------------------------- */

static double value_of(const struct json_node *point)
{
	double v;

	if (!point->child || !point->child->next ||
	    num_parse_prom(point->child->next->text, &v, NULL) < 0)
		return NAN;
	return v;
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
			cell[i * cells / n] += v;
			count[i * cells / n]++;
		}
	}
	for (i = 0; i < cells; i++) {
		cell[i] = count[i] ? cell[i] / count[i] : NAN;
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

/* --- tables
 * -------------------------------------------------------------------------------------------- */

static const struct json_node *last_child(const struct json_node *n)
{
	const struct json_node *c = n->child;

	while (c && c->next)
		c = c->next;
	return c;
}

static void table_row(const struct json_node *row, bool terminal, FILE *to)
{
	const struct json_node *value = member(row, "value"), *values = member(row, "values");
	char text[TIME_TEXT];

	if (value && value->n == 2) {
		fprintf(to, "%24.*s  ", SLICE_FMT(value->child->next->text));
		put_labels(member(row, "metric"), to);
		fputc('\n', to);
		return;
	}
	put_labels(member(row, "metric"), to);
	fputc('\n', to);
	if (!values)
		return;
	if (terminal && values->n > 1) {
		const struct json_node *last = last_child(values);

		fputs("  ", to);
		draw(values, to);
		fprintf(to, "  %.*s at %s\n", SLICE_FMT(last->child->next->text),
			time_text(last->child->text, text));
		return;
	}
	for (const struct json_node *p = values->child; p; p = p->next)
		fprintf(to, "  %s  %.*s\n", time_text(p->child->text, text),
			SLICE_FMT(p->child->next->text));
}

static void csv_point(const struct json_node *metric, const struct json_node *point, FILE *to)
{
	char text[TIME_TEXT];

	fprintf(to, "%s,%.*s,", time_text(point->child->text, text),
		SLICE_FMT(point->child->next->text));
	for (const struct json_node *l = metric ? metric->child : NULL; l; l = l->next) {
		char pair[64];

		snprintf(pair, sizeof(pair), "%.*s=", SLICE_FMT(slice_cut(l->key, 60)));
		fputs(l == metric->child ? "" : ";", to);
		fputs(pair, to);
		put_csv(l->text, to);
	}
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
		else
			fprintf(to, "%.*s\n", SLICE_FMT(result->child->next->text));
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
