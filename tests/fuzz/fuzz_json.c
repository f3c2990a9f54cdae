/*
 * fuzz_json.c - any bytes through the JSON decoder, with a long and a wide layout (facts.h): as a
 * tree of all, and by rows. What the tree takes comes out of both the same.
 */
#include "base/map.h"
#include "facts.h"

static const char *const ignored[] = { "id" };

static const struct layout layouts[] = {
	{ .unit = COLUMN("/unit"),
	  .period = COLUMN("/at/year", "/at/month"),
	  .indicator = FIXED("x"),
	  .value = COLUMN("/value"),
	  .flag = COLUMN("flag"),
	  .rows = "/data" },
	{ .unit = COLUMN("/unit"),
	  .period = HEADER,
	  .indicator = FIXED("x"),
	  .ignore = ignored,
	  .nignore = 1,
	  .rows = "" },
	{ .unit = COLUMN("unit"),
	  .period = COLUMN("/at"),
	  .indicator = FIXED("x"),
	  .value = COLUMN("/value"),
	  .rows = "/data/*/rows" },
	{ .unit = COLUMN("unit"),
	  .period = COLUMN("/at"),
	  .indicator = FIXED("x"),
	  .value = COLUMN("/value"),
	  .rows = "/1" },
};

struct seen {
	int rc;
	size_t facts, rows, complaints;
	uint64_t hash;
};

static int see_fact(void *ctx, const struct fact *f, struct err *e)
{
	struct seen *s = ctx;

	for (int i = 0; i < AXES; i++)
		s->hash =
			s->hash * 31 + (f->text[i].n ? hash_bytes(f->text[i].p, f->text[i].n) : 0);
	s->hash = s->hash * 31 + f->at[AXIS_VALUE].line * UINT64_C(4099) + f->at[AXIS_VALUE].column;
	s->facts++;
	return on_fact(ctx, f, e);
}

static int see_row(void *ctx, unsigned line, struct err *e)
{
	((struct seen *)ctx)->rows++;
	return on_row(ctx, line, e);
}

static void see_complaint(void *ctx, enum refusal why, unsigned line, unsigned column,
			  const char *text)
{
	((struct seen *)ctx)->complaints++;
	on_complaint(ctx, why, line, column, text);
}

static struct seen see(decoder_fn decoder, const uint8_t *data, size_t n)
{
	struct seen s = { 0 };
	struct fact_sink sink = { NULL, see_fact, see_complaint, see_row, &s, NULL };
	const struct layout *l = &layouts[data[0] % (sizeof(layouts) / sizeof(*layouts))];
	struct arena a;
	struct err e;

	arena_init(&a, 16 << 20);
	s.rc = decoder(slice_of((const char *)data + 1, n - 1), l, &a, &sink, &e);
	arena_release(&a);
	return s;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct seen whole, by_rows;

	if (n < 1)
		return 0;
	whole = see(decode_json, data, n);
	by_rows = see(decode_json_by_rows, data, n);
	if (whole.rc == 0)
		MUST(by_rows.rc == 0 && by_rows.facts == whole.facts &&
		     by_rows.rows == whole.rows && by_rows.complaints == whole.complaints &&
		     by_rows.hash == whole.hash);
	return 0;
}
