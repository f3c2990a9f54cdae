/*
 * fuzz_csv.c - any bytes through the CSV decoder, with several layouts.
 *
 * The first byte picks the layout. What is checked besides memory: places start
 * at 1, texts lie within reach, and a value that is given is never a missing one.
 */
#include "collectors/cells.h"
#include "collectors/decode.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static const char *const park[] = { "园区" };
static const char *const year_month[] = { "year", "month" };
static const char *const indicator[] = { "指标" };
static const char *const value[] = { "value" };
static const char *const first[] = { "#1" };
static const char *const second[] = { "#2" };
static const char *const third[] = { "#3" };
static const char *const ignored[] = { "fips", "备注" };

#define COLUMN(names)                                                                              \
	{                                                                                          \
		.where = AXIS_COLUMN, .columns = (names),                                          \
		.ncolumns = sizeof(names) / sizeof(*(names))                                       \
	}
#define FIXED(what)                                                                                \
	{                                                                                          \
		.where = AXIS_FIXED, .text = (what)                                                \
	}
#define TITLE(label)                                                                               \
	{                                                                                          \
		.where = AXIS_TITLE, .text = (label)                                               \
	}
#define HEADER                                                                                     \
	{                                                                                          \
		.where = AXIS_HEADER                                                               \
	}

static const struct layout layouts[] = {
	{ .unit = COLUMN(park), .indicator = FIXED("x"), .period = HEADER },
	{ .unit = TITLE("地区"), .indicator = COLUMN(indicator), .period = HEADER },
	{ .unit = COLUMN(park),
	  .period = COLUMN(year_month),
	  .indicator = HEADER,
	  .ignore = ignored,
	  .nignore = 2 },
	{ .unit = COLUMN(first),
	  .period = COLUMN(second),
	  .indicator = FIXED("x"),
	  .value = COLUMN(third),
	  .delimiter = ';' },
	{ .unit = COLUMN(park),
	  .indicator = COLUMN(indicator),
	  .period = TITLE("时间"),
	  .value = COLUMN(value),
	  .flag = COLUMN(third) },
};

static size_t sum;

static void touch(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		sum += (unsigned char)s.p[i];
}

static int on_fact(void *ctx, const struct fact *f, struct err *e)
{
	(void)ctx;
	(void)e;
	touch(f->unit);
	touch(f->indicator);
	touch(f->period);
	touch(f->value);
	touch(f->flag);
	if (f->line == 0 || f->column == 0 || cell_missing(f->value))
		abort();
	return 0;
}

static int on_row(void *ctx, unsigned line, struct err *e)
{
	(void)ctx;
	(void)e;
	if (line == 0)
		abort();
	return 0;
}

static void on_complaint(void *ctx, enum refusal why, unsigned line, unsigned column,
			 const char *text)
{
	(void)ctx;
	(void)why;
	(void)column;
	if (line == 0)
		abort();
	touch(slice_str(text));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct fact_sink sink = { on_fact, on_complaint, on_row, NULL };
	struct arena a;
	struct err e;

	if (n < 1)
		return 0;
	arena_init(&a, 16 << 20);
	decode_csv(slice_of((const char *)data + 1, n - 1),
		   &layouts[data[0] % (sizeof(layouts) / sizeof(*layouts))], &a, &sink, &e);
	arena_release(&a);
	return 0;
}
