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
 *
 * Tables of any container (row.h) are read by the same layouts: see table.h.
 */
#ifndef COLLECTORS_DECODE_H
#define COLLECTORS_DECODE_H

#include "base/arena.h"
#include "base/err.h"
#include "base/text.h"
#include "collectors/formats/row.h"

enum axis_where {
	AXIS_NONE,
	AXIS_FIXED,  /* the same for the whole document */
	AXIS_COLUMN, /* one or more columns (JSON: pointers within a row), joined */
	AXIS_HEADER, /* the header row's cells (JSON: the row's member names) */
	AXIS_TITLE,  /* a line above the header: "地区：上海市" (tables only) */
	AXIS_IN_TITLE, /* within any line above the header: "2026年10月主要指标"; only a period */
	AXIS_TABLE, /* the name of the sheet or data set */
};

struct axis {
	enum axis_where where;
	const char *text;           /* fixed value, or the title's label */
	const char *const *columns; /* names, or "#3" for the third column; JSON pointers */
	size_t ncolumns;
	const char *join; /* between columns; default "-" */
	bool headed;      /* AXIS_COLUMN: joined with the heading of the value's column */
	bool optional;    /* AXIS_COLUMN: a table without the columns will do */
	unsigned row;     /* of a stacked header, from 1, only this row of it; 0: all, joined */
};

/* What is looked for in a row, in the order in which refusals are said. */
enum {
	AXIS_UNIT,
	AXIS_INDICATOR,
	AXIS_PERIOD,
	AXIS_VALUE,
	AXIS_FLAG,
	AXIS_MEASURE,    /* of the value: 亿元, % */
	AXIS_MULTIPLIER, /* the value counts in powers of ten: 6 is millions (SDMX: UNIT_MULT) */
	AXIS_CONFIDENTIALITY, /* whether the value is kept secret (SDMX: CONF_STATUS), 密级 */
	AXES
};

extern const char *const axis_names[AXES];

/* Rows in which a column says something else are left out. */
struct only {
	const char *column;
	const char *const *values;
	size_t nvalues;
};

struct layout {
	union {
		struct axis axes[AXES];
		struct {
			struct axis unit, indicator, period, value, flag, measure, multiplier,
				confidentiality;
		};
	};
	const struct only *only;
	size_t nonly;
	const char *const *ignore; /* header cells (members) that are no figures */
	size_t nignore;
	const char *const *suppressed; /* cells that say of their figure that it is kept secret */
	size_t nsuppressed;
	const char *const *sheets; /* of a workbook, names or "#2"; none: all that are not hidden */
	size_t nsheets;
	unsigned header_rows; /* rows the header is stacked of; 0 is 1 */
	char delimiter;   /* CSV; 0: comma, semicolon or tab, whichever the header has most of */
	const char *rows; /* JSON: pointer to the array of rows; "" is the document */
	const struct sdmx_structure *structure; /* SDMX: beside the message; NULL: none */
};

enum { HEADER_ROWS_MAX = 8 };

struct fact_place {
	unsigned line, column; /* from 1; line 0: the document has no such place */
};

struct fact {
	struct slice text[AXES];    /* trimmed, valid during the call */
	struct fact_place at[AXES]; /* where they are read */
	bool withheld;              /* the figure is kept secret, as its cell or its row says */
	bool above;   /* the measure is of a line above, which may be about other columns */
	bool offered; /* the layout does not name the multiplier: a configured measure goes first */
	bool single; /* a month whose heading stands beside one of all since New Year: 10月, 1-10月
		      */
};

/* For complaints: what the layout itself says stands nowhere, then the value's place has to do. */
static inline struct fact_place fact_place(const struct fact *f, int axis)
{
	return f->at[axis].line ? f->at[axis] : f->at[AXIS_VALUE];
}

struct fact_sink {
	/* The facts and complaints that follow are of this sheet or data set. NULL: not wanted. */
	int (*table)(void *ctx, struct slice name, struct err *e);
	/* -1 stops decoding with that error (a limit). */
	int (*fact)(void *ctx, const struct fact *f, struct err *e);
	/* A row or cell that cannot be placed (wrong number of fields, missing column). */
	void (*complain)(void *ctx, enum refusal why, unsigned line, unsigned column,
			 const char *text);
	/* Called once for each data row before its facts. */
	int (*row)(void *ctx, unsigned line, struct err *e);
	void *ctx;
	size_t *read_bytes; /* as in struct row_sink */
};

/* `body` is UTF-8. Scratch memory comes from `a` and may be given back by the caller.
 * 0: read to the end. -1: the document as a whole is not what the layout says (HTML instead of CSV,
 * no header with these columns, broken JSON): e has the place and what was found. Facts given
 * before stay. */
int decode_csv(struct slice body, const struct layout *l, struct arena *a,
	       const struct fact_sink *sink, struct err *e);
int decode_json(struct slice body, const struct layout *l, struct arena *a,
		const struct fact_sink *sink, struct err *e);
/* The way decode_json() takes with large documents: with bounded memory, twice through the text. */
int decode_json_by_rows(struct slice body, const struct layout *l, struct arena *a,
			const struct fact_sink *sink, struct err *e);

/* Any container of rows: `body` is what its reader wants. */
int decode_table(row_reader read, struct slice body, const struct layout *l, struct arena *a,
		 const struct fact_sink *sink, struct err *e);

/* Prometheus text 0.0.4 and OpenMetrics 1.0 (told apart by "# EOF" / content type). */
struct prom_options {
	bool open_metrics;
	bool honor_labels;         /* of two labels of a name the sample's own stays */
	bool ignore_timestamps;    /* all samples are stamped now_ms */
	int64_t now_ms;            /* stamp of samples without one */
	const struct label *extra; /* added to each sample; a sample's own label of that name
				    * becomes exported_NAME, as Prometheus does */
	size_t nextra;
	size_t samples_max;
};

struct prom_sample {
	/* What stands before the value, as it came; the same text has the same labels. */
	struct slice text;
	void *known; /* recognise() knew the text: there are no labels; else NULL */
	/* Not sorted, names of them not twice; the metric's is the first. */
	const struct label *labels;
	size_t nlabels;
	int64_t t_ms;
	bool stamped; /* by the source */
	double v;
	unsigned line;
};

/* Everything given is valid during the call; texts without escapes as long as the body. */
struct prom_sink {
	int (*sample)(void *ctx, const struct prom_sample *s, struct err *e);
	void (*complain)(void *ctx, enum refusal why, unsigned line, unsigned column,
			 const char *text);
	/* May be NULL. Whether a line begins with a text that sample() was given before: something
	 * for prom_sample.known, and the text's length in *n. Its labels are not read again. */
	void *(*recognise)(void *ctx, struct slice line, size_t *n);
	void *ctx;
};

int decode_prom(struct slice body, const struct prom_options *o, struct arena *a,
		const struct prom_sink *sink, struct err *e);

#endif
