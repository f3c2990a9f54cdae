/*
 * fuzz_document.c - a whole document: encoding, decoder, mapping, checks.
 *
 * The first byte picks format, encoding and layout. The catalogue is a small one,
 * written to a file and loaded once. Every figure that comes out must be finite,
 * of a period that has ended, and counted rightly; with the bounds of a token, within them.
 */
#include "collectors/mapping.h"
#include "tests/lib/axes.h"

#include "small_catalogue.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static const struct layout csv_periods = { .unit = COLUMN("园区"),
					   .indicator = FIXED("总产值"),
					   .period = HEADER };
static const struct layout csv_title = { .unit = TITLE("地区"),
					 .indicator = COLUMN("指标"),
					 .period = HEADER };
static const struct layout json_rows = { .unit = COLUMN("/unit"),
					 .indicator = FIXED("tax_yuan"),
					 .period = COLUMN("/period"),
					 .value = COLUMN("/value"),
					 .rows = "" };

static int open_history(void *ctx, void **at, struct err *e)
{
	(void)ctx;
	(void)e;
	*at = (void *)small_catalogue_text;
	return 0;
}

static int past(void *at, const struct labels *labels, int64_t from_ms, int64_t to_ms,
		struct arena *a, struct past **out, size_t *n, struct err *e)
{
	static const struct past all[] = {
		{ 1784995200000, 8e8 },  /* 2026-07-26, of no month */
		{ 1788105600000, 9e8 },  /* 2026-08-31 */
		{ 1790697600000, 10e8 }, /* 2026-09-30 */
	};

	(void)at;
	(void)labels;
	*n = 0;
	*out = arena_array(a, 3, sizeof(**out));
	if (!*out)
		return err_set(e, ERR_LIMIT, "no room");
	for (size_t k = 0; k < 3; k++)
		if (all[k].stamp_ms >= from_ms && all[k].stamp_ms <= to_ms)
			(*out)[(*n)++] = all[k];
	return 0;
}

static void close_history(void *at)
{
	(void)at;
}

static const char *const own_units[] = { "jiahe" }, *const own_codes[] = { "output_yuan" };
static const struct token_rights rights = { own_units, own_codes, 1, 1 };

static void check_rights(const struct labels *ls)
{
	for (uint32_t i = 0; i < ls->n; i++) {
		if (slice_is(ls->l[i].name, "park") && !slice_is(ls->l[i].value, "jiahe"))
			abort();
		if (slice_is(ls->l[i].name, LABEL_NAME) &&
		    !slice_is(ls->l[i].value, "park_output_yuan"))
			abort();
	}
}

static void check(const struct batch *b, int64_t now_ms)
{
	size_t refused = 0, suspect = 0;

	for (size_t i = 0; i < b->nobs; i++)
		if (!isfinite(b->obs[i].value) || b->obs[i].stamp_ms > now_ms)
			abort();
	for (size_t i = 0; i < b->ncomplaints; i++)
		if (!b->complaints[i].text || !b->complaints[i].text_zh ||
		    utf8_bad_at(slice_str(b->complaints[i].text_zh)) >= 0)
			abort();
	for (int k = 0; k < REFUSALS; k++) {
		if (refusal_keeps((enum refusal)k))
			suspect += b->count[k];
		else
			refused += b->count[k];
	}
	if (refused != b->refused || suspect != b->suspect)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static struct catalogue *cat;
	struct history history = { open_history, past, close_history, NULL };
	struct document d = { .class = UNIT_PARK,
			      .content_type = { "", 0 },
			      .feed = "fuzz",
			      .instance = "127.0.0.1:1",
			      .rows_limit = 5000,
			      .now_ms = 1795406400000 };
	struct batch *b;
	struct err e;

	if (n < 1)
		return 0;
	if (!cat)
		cat = small_catalogue();
	d.format = data[0] % 4 < 2    ? FORMAT_CSV
		   : data[0] % 4 == 2 ? FORMAT_JSON
				      : FORMAT_PROMETHEUS;
	d.encoding = (enum text_encoding)(data[0] / 4 % 3);
	d.layout = data[0] % 4 == 0 ? &csv_periods : data[0] % 4 == 1 ? &csv_title : &json_rows;
	d.rights = data[0] / 12 % 2 ? &rights : NULL;
	d.body = slice_of((const char *)data + 1, n - 1);
	b = batch_new(16 << 20, &e);
	if (!b)
		return 0;
	if (document_decode(&d, cat, &history, b, &e) < 0 && b->ncomplaints == 0)
		abort();
	check(b, d.now_ms);
	for (size_t i = 0; d.rights && i < b->nobs; i++)
		check_rights(b->obs[i].labels);
	batch_free(b);
	return 0;
}
