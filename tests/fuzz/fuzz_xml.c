/*
 * fuzz_xml.c - any bytes as XML, in pieces of three sizes.
 *
 * Names, values and texts are UTF-8; elements are closed in order; where a document is cut does not
 * change what is told.
 */
#include "base/xml.h"
#include "tests/fuzz/fuzz.h"

struct told {
	struct xml_reader *r;
	uint64_t hash;
	unsigned depth;
};

static void add(struct told *t, struct slice s)
{
	MUST(utf8_bad_at(s) < 0);
	for (size_t i = 0; i < s.n; i++)
		t->hash = (t->hash ^ (unsigned char)s.p[i]) * UINT64_C(1099511628211);
}

static int on_start(void *ctx, struct xml_name name, const struct xml_attrs *attrs, struct err *e)
{
	struct told *t = ctx;
	unsigned line, column;
	struct slice value;

	(void)e;
	MUST(++t->depth <= XML_DEPTH_MAX);
	xml_place(t->r, &line, &column);
	MUST(line > 0 && column > 0);
	add(t, name.local);
	add(t, name.ns);
	for (size_t i = 0; xml_attr_next(attrs, &i, &name, &value);) {
		add(t, name.local);
		add(t, value);
	}
	return 0;
}

static int on_end(void *ctx, struct xml_name name, struct err *e)
{
	struct told *t = ctx;

	(void)e;
	MUST(t->depth-- > 0);
	add(t, name.local);
	return 0;
}

static int on_text(void *ctx, struct slice piece, struct err *e)
{
	(void)e;
	add(ctx, piece);
	return 0;
}

static int parse(struct slice s, size_t step, struct told *t)
{
	const struct xml_handler h = { on_start, on_end, on_text, t };
	struct err e;
	int result = 0;

	*t = (struct told){ .hash = UINT64_C(14695981039346656037) };
	t->r = xml_reader_new(&h, &e);
	MUST(t->r);
	for (; result == 0 && s.n > step; s = slice_skip(s, step))
		result = xml_parse(t->r, slice_of(s.p, step), false, &e);
	if (result == 0)
		result = xml_parse(t->r, s, true, &e);
	xml_reader_free(t->r);
	if (result < 0)
		must_say_why(&e);
	return result;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct slice body = slice_of((const char *)data, n);
	struct told whole, cut;
	int result = parse(body, SIZE_MAX, &whole);

	for (size_t step = 1; step < 40; step += 12) {
		MUST(parse(body, step, &cut) == result);
		MUST(result < 0 || cut.hash == whole.hash);
	}
	return 0;
}
