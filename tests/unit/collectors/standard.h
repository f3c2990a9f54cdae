/*
 * standard.h - rows of the standard catalogue, in a CSV of the standard layout.
 */
#ifndef TESTS_UNIT_COLLECTORS_STANDARD_H
#define TESTS_UNIT_COLLECTORS_STANDARD_H

#include "tests/unit/collectors/documents.h"

/* 园区,指标,期间,数值 */
static const struct layout long_layout = { .unit = COLUMN("园区"),
					   .indicator = COLUMN("指标"),
					   .period = COLUMN("期间"),
					   .value = COLUMN("数值"),
					   .flag = COLUMN("状态") };

#define HEAD "园区,指标,期间,数值,状态\n"

static inline int no_history(void **state)
{
	struct documents *d = *state;

	d->nstored = 0;
	d->asked = 0;
	return 0;
}

static inline struct document standard(const char *text)
{
	return (struct document){ .format = FORMAT_CSV,
				  .layout = &long_layout,
				  .class = UNIT_CLASSES,
				  .body = slice_str(text),
				  .now_ms = NOW_MS };
}

/* Decodes rows under HEAD; the document as a whole must be usable. */
static inline void take(struct documents *d, const char *csv)
{
	struct document doc = standard(csv);

	assert_ok(documents_decode(d, &doc), &d->e);
}

/* One refused row between two good ones. */
static inline void refuses_row(struct documents *d, const char *row, enum refusal why,
			       unsigned column, const char *text)
{
	char csv[1024];

	snprintf(csv, sizeof(csv), HEAD "乙山,总产值,2026-09,1\n%s\n乙山,总产值,2026-10,2\n", row);
	take(d, csv);
	assert_int_equal(d->b->nobs, 2);
	assert_int_equal(d->b->refused, 1);
	assert_int_equal(d->b->count[why], 1);
	assert_int_equal(d->b->ncomplaints, 1);
	assert_complaint(d, 0, why, 3, column, text);
	assert_figure(d, "yishan", "output_yuan", "2026-10", 2e8);
}

#endif
