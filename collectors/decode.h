/*
 * decode.h - one format each: bytes to facts.
 *
 * A fact is one cell of a report, still as text, with its place. Decoders know
 * nothing of the catalogue, do no I/O and keep no state: bytes in, calls of a
 * sink out. They run in decode jobs and under the fuzzer. Their arena is reset from
 * row to row: a sink takes its memory elsewhere.
 *
 * Each report says four things of a figure: which unit, which indicator, which
 * period, and the value. An axis says where one of them stands:
 *
 *     园区,2026年9月,2026年10月        unit: column 园区; indicator: fixed;
 *     甲河,12.3,13.1                   period: header
 *
 *     state,year,month,pop,emp         unit: column state; period: columns year,
 *     Alabama,2000,01,3370052,2024262  month; indicator: header, fips ignored
 *
 *     地区：上海市                      unit: title 地区; indicator: column 指标;
 *     指标,2019年12月,2019年11月        period: header
 */
#ifndef COLLECTORS_DECODE_H
#define COLLECTORS_DECODE_H

#include "base/arena.h"
#include "base/err.h"
#include "base/text.h"
#include "collectors/batch.h"

enum axis_where {
	AXIS_NONE,
	AXIS_FIXED,  /* the same for the whole document */
	AXIS_COLUMN, /* one or more columns (JSON: pointers within a row), joined */
	AXIS_HEADER, /* the header row's cells (JSON: the row's member names) */
	AXIS_TITLE,  /* a line above the header: "地区：上海市" (CSV only) */
};

struct axis {
	enum axis_where where;
	const char *text;           /* fixed value, or the title's label */
	const char *const *columns; /* names, or "#3" for the third column; JSON pointers */
	size_t ncolumns;
	const char *join; /* between columns; default "-" */
};

struct layout {
	struct axis unit, indicator, period, value, flag;
	const char *const *ignore; /* header cells (members) that are no figures */
	size_t nignore;
	char delimiter;   /* CSV; 0: comma, semicolon or tab, whichever the header has most of */
	const char *rows; /* JSON: pointer to the array of rows; "" is the document */
};

struct fact_place {
	unsigned line, column; /* from 1; line 0: the document has no such place */
};

struct fact {
	struct slice unit, indicator, period, value, flag; /* trimmed, valid during the call */
	unsigned line, column;                             /* of the value */
	struct fact_place unit_at, indicator_at, period_at, flag_at; /* where they are read */
};

/* For complaints: what the layout itself says stands nowhere, then the value's place has to do. */
static inline struct fact_place fact_place(const struct fact *f, struct fact_place at)
{
	return at.line ? at : (struct fact_place){ f->line, f->column };
}

struct fact_sink {
	/* -1 stops decoding with that error (a limit). */
	int (*fact)(void *ctx, const struct fact *f, struct err *e);
	/* A row or cell that cannot be placed (wrong number of fields, missing column). */
	void (*complain)(void *ctx, enum refusal why, unsigned line, unsigned column,
			 const char *text);
	/* Called once for each data row before its facts. */
	int (*row)(void *ctx, unsigned line, struct err *e);
	void *ctx;
};

/* `body` is UTF-8. Scratch memory comes from `a` and may be given back by the caller.
 * 0: read to the end. -1: the document as a whole is not what the layout says (HTML instead of CSV,
 * no header with these columns, broken JSON): e has the place and what was found. Facts given
 * before stay. */
int decode_csv(struct slice body, const struct layout *l, struct arena *a,
	       const struct fact_sink *sink, struct err *e);
int decode_json(struct slice body, const struct layout *l, struct arena *a,
		const struct fact_sink *sink, struct err *e);

/* Prometheus text 0.0.4 and OpenMetrics 1.0 (told apart by "# EOF" / content type). */
struct prom_options {
	bool open_metrics;
	int64_t now_ms;            /* stamp of samples without one */
	const struct label *extra; /* added to each sample; a sample's own label of that name
				    * becomes exported_NAME, as Prometheus does */
	size_t nextra;
	size_t samples_max;
};

struct prom_sink {
	/* Labels sorted or not, valid during the call; the name is among them. */
	int (*sample)(void *ctx, const struct label *l, size_t n, int64_t t_ms, double v,
		      unsigned line, struct err *e);
	void (*complain)(void *ctx, enum refusal why, unsigned line, unsigned column,
			 const char *text);
	void *ctx;
};

int decode_prom(struct slice body, const struct prom_options *o, struct arena *a,
		const struct prom_sink *sink, struct err *e);

#endif
