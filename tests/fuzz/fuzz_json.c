/*
 * fuzz_json.c - any bytes through the JSON decoder, with a long and a wide layout.
 */
#include "collectors/cells.h"
#include "collectors/decode.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static const char *const unit[] = { "/unit" };
static const char *const year_month[] = { "/at/year", "/at/month" };
static const char *const value[] = { "/value" };
static const char *const flag[] = { "flag" };
static const char *const ignored[] = { "id" };

#define COLUMN(names)                                                                              \
	{                                                                                          \
		.where = AXIS_COLUMN, .columns = (names),                                          \
		.ncolumns = sizeof(names) / sizeof(*(names))                                       \
	}

static const struct layout layouts[] = {
	{ .unit = COLUMN(unit),
	  .period = COLUMN(year_month),
	  .indicator = { .where = AXIS_FIXED, .text = "x" },
	  .value = COLUMN(value),
	  .flag = COLUMN(flag),
	  .rows = "/data" },
	{ .unit = COLUMN(unit),
	  .period = { .where = AXIS_HEADER },
	  .indicator = { .where = AXIS_FIXED, .text = "x" },
	  .ignore = ignored,
	  .nignore = 1,
	  .rows = "" },
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
	(void)line;
	(void)e;
	return 0;
}

static void on_complaint(void *ctx, enum refusal why, unsigned line, unsigned column,
			 const char *text)
{
	(void)ctx;
	(void)why;
	if (line == 0 || column == 0)
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
	decode_json(slice_of((const char *)data + 1, n - 1), &layouts[data[0] % 2], &a, &sink, &e);
	arena_release(&a);
	return 0;
}
